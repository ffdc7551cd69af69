#!/usr/bin/env python3
"""Makes the sample organisation: logs, grants and the truth about them. Same bytes every time.

    python3 generate.py          writes logs/, grants/, truth.json and ../broken/ beside this file
    python3 generate.py --check  compares them with what it would write; exit 1 on a difference

Every statement has a Sid and every event is written by a line here, so that what is used, unused, unobservable,
young, denied or external is known by construction. Ids are from AWS's documentation ranges.
"""
import base64
import csv
import datetime as dt
import gzip
import hashlib
import io
import json
import pathlib
import random
import sys
import urllib.parse

sys.dont_write_bytecode = True  # nothing but what is made stands beside this file
import exports

HERE = pathlib.Path(__file__).resolve().parent
END = dt.datetime(2026, 11, 1, tzinfo=dt.timezone.utc)
DAYS = 120
START = END - dt.timedelta(days=DAYS)
PROD, DATA, SEC = "111122223333", "444455556666", "123456789012"
VENDOR, STRANGER = "555555555555", "999988887777"
ORG = "o-exampleorg"
GAP = {(SEC, 60), (SEC, 61), (SEC, 62)}  # days of the security account without any log

rng = random.Random(20261101)
events = []  # (account, region, time, record)


def iso(at):
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def uid(kind, name):
    return kind + hashlib.sha256(name.encode()).hexdigest()[:12].upper() + "EXAMPLE"


def event_id(*parts):
    h = hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()
    return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-8{h[17:20]}-{h[20:32]}"


def moment(day, hour=None):
    """A time on a day of the period; day 0 is the first, day 119 the last."""
    hour = rng.randrange(0, 24) if hour is None else hour
    return START + dt.timedelta(days=day, hours=hour, minutes=rng.randrange(60), seconds=rng.randrange(60))


ROLE_PATHS = {"ci-deploy": "/deploy/", "AWSServiceRoleForRDS": "/aws-service-role/rds.amazonaws.com/",
              "AWSReservedSSO_ReadOnly_0123456789abcdef": "/aws-reserved/sso.amazonaws.com/"}


def role_arn(account, name):
    return f"arn:aws:iam::{account}:role{ROLE_PATHS.get(name, '/')}{name}"


def user_arn(account, name):
    return f"arn:aws:iam::{account}:user/{name}"


def as_role(account, name, session="session", mfa="false", **extra):
    key = uid("AROA", account + name)
    return {"type": "AssumedRole", "principalId": f"{key}:{session}", "accountId": account,
            "arn": f"arn:aws:sts::{account}:assumed-role/{name}/{session}", "accessKeyId": "ASIAIOSFODNN7EXAMPLE",
            "sessionContext": {"sessionIssuer": {"type": "Role", "principalId": key, "arn": role_arn(account, name),
                                                 "accountId": account, "userName": name},
                               "attributes": {"creationDate": "2026-07-01T00:00:00Z", "mfaAuthenticated": mfa}}, **extra}


def as_user(account, name, console=False):
    who = {"type": "IAMUser", "principalId": uid("AIDA", account + name), "arn": user_arn(account, name),
           "accountId": account, "userName": name,
           "accessKeyId": "ASIAIOSFODNN7CONSOLE" if console else "AKIA" + hashlib.sha256(name.encode()).hexdigest()[:9].upper() + "EXAMPLE"}
    if console:
        who["sessionContext"] = {"attributes": {"creationDate": "2026-07-01T00:00:00Z", "mfaAuthenticated": "true"}}
    return who


def log(account, at, source, name, who, request=None, response=None, read=None, region="eu-west-1", error=None,
        message=None, resources=None, data=False, **extra):
    """Adds one event; returns the record so that copies of it can be made."""
    if (account, (at - START).days) in GAP:
        return None
    if read is None:
        read = name.startswith(("Get", "List", "Describe", "Head", "Lookup", "Assume", "Batch"))
    n = len(events)
    record = {"eventVersion": "1.11", "userIdentity": who, "eventTime": iso(at), "eventSource": f"{source}.amazonaws.com",
              "eventName": name, "awsRegion": region, "sourceIPAddress": f"203.0.113.{10 + n % 40}",
              "userAgent": "aws-sdk-go-v2/1.30.0 os/linux", "requestParameters": request, "responseElements": response,
              "requestID": event_id("request", n), "eventID": event_id("event", n), "readOnly": read,
              "eventType": "AwsApiCall", "managementEvent": not data, "recipientAccountId": account,
              "eventCategory": "Data" if data else "Management",
              "tlsDetails": {"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256",
                             "clientProvidedHostHeader": f"{source}.{region}.amazonaws.com"}}
    if error:
        record["errorCode"] = error
    if message:
        record["errorMessage"] = message
    if resources:
        record["resources"] = resources
    record.update(extra)
    events.append((account, region, at, record))
    return record


def denied(who, action, resource, why="no identity-based policy allows the"):
    tail = f"because {why} {action} action" if why.startswith("no ") else why
    return dict(error="AccessDenied", message=f"User: {who['arn']} is not authorized to perform: {action} on resource: {resource} {tail}")


def arn(service, account, resource, region="eu-west-1"):
    return f"arn:aws:{service}:{region}:{account}:{resource}"


KEY = arn("kms", PROD, "key/1234abcd-12ab-34cd-56ef-1234567890ab")


def every(step, first=0, last=DAYS):
    return range(first, last, step)


def make_logs():
    ci = lambda: as_role(PROD, "ci-deploy", "GitHubActions")
    web = lambda: as_role(PROD, "web-app", "i-0123456789abcdef0", ec2RoleDelivery="2.0")
    pipe = lambda: as_role(DATA, "data-pipeline", "nightly")
    audit = lambda: as_role(SEC, "auditor", "dana@example.com")
    ann, bob = as_user(PROD, "ann", console=True), as_user(PROD, "bob")
    for day in range(DAYS):
        # Routine of every account on every day: one read and one write at least.
        log(PROD, moment(day), "lambda", "UpdateFunctionCode20150331v2", ci(), {"functionName": "checkout" if day % 2 else "mailer"},
            {"functionName": "x"}, read=False)
        log(PROD, moment(day), "lambda", "GetFunction20150331v2", ci(), {"functionName": arn("lambda", PROD, "function:checkout")}, read=True)
        log(PROD, moment(day), "cloudformation", "DescribeStacks", ci(), {"stackName": "checkout"})
        log(PROD, moment(day), "secretsmanager", "GetSecretValue", web(), {"secretId": "prod/db"})
        log(PROD, moment(day), "kms", "Decrypt", {**web(), "invokedBy": "secretsmanager.amazonaws.com"}, None, read=True,
            resources=[{"accountId": PROD, "type": "AWS::KMS::Key", "ARN": KEY}])
        log(PROD, moment(day), "ssm", "GetParameters", web(), {"names": ["/web/url", "/web/flags"], "withDecryption": True})
        log(PROD, moment(day), "dynamodb", "DescribeTable", web(), {"tableName": "carts"})
        log(PROD, moment(day), "rds", "StopDBInstance", as_role(PROD, "night-shift", "cron"), {"dBInstanceIdentifier": "reporting"}, read=False)
        log(PROD, moment(day), "sts", "AssumeRole", {"type": "AWSService", "invokedBy": "ec2.amazonaws.com"},
            {"roleArn": role_arn(PROD, "web-app"), "roleSessionName": "i-0123456789abcdef0"},
            resources=[{"accountId": PROD, "type": "AWS::IAM::Role", "ARN": role_arn(PROD, "web-app")}])
        log(DATA, moment(day, 2), "glue", "StartJobRun", pipe(), {"jobName": "load-orders"}, {"jobRunId": "jr_1"}, read=False)
        log(DATA, moment(day, 3), "glue", "GetJobRun", pipe(), {"jobName": "load-orders", "runId": "jr_1"})
        for name, key, read in [("GetObject", f"in/{day}.csv", True), ("PutObject", f"out/{day}.parquet", False)]:
            log(DATA, moment(day, 2), "s3", name, pipe(), {"bucketName": "example-lake", "key": key, "Host": "example-lake.s3.amazonaws.com"},
                read=read, data=True, resources=[{"type": "AWS::S3::Object", "ARN": f"arn:aws:s3:::example-lake/{key}"},
                                                 {"accountId": DATA, "type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::example-lake"}])
        log(SEC, moment(day), "iam", "ListUsers", audit(), None, region="us-east-1")
        log(SEC, moment(day), "cloudtrail", "LookupEvents", audit(), {"maxResults": 50}, region="us-east-1")
        log(SEC, moment(day), "securityhub", "BatchUpdateFindings", as_role(SEC, "triage", "lambda"), {"findingIdentifiers": []}, read=False)
        log(SEC, moment(day), "cloudtrail", "PutEventSelectors", {"type": "AWSService", "invokedBy": "cloudtrail.amazonaws.com"}, None, read=False,
            eventType="AwsServiceEvent")
    for day in every(3):
        log(PROD, moment(day), "ec2", "StartInstances", ann, {"instancesSet": {"items": [{"instanceId": "i-0aaaaaaaaaaaaaaa1"}]}}, read=False)
        log(PROD, moment(day), "ec2", "StopInstances", bob, {"instancesSet": {"items": [{"instanceId": "i-0aaaaaaaaaaaaaaa2"}]}}, read=False)
        log(PROD, moment(day), "sts", "AssumeRoleWithWebIdentity",
            {"type": "WebIdentityUser", "principalId": "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com:sts.amazonaws.com:repo:example/checkout:ref:refs/heads/main",
             "userName": "repo:example/checkout:ref:refs/heads/main", "identityProvider": f"arn:aws:iam::{PROD}:oidc-provider/token.actions.githubusercontent.com"},
            {"roleArn": role_arn(PROD, "ci-deploy"), "roleSessionName": "GitHubActions"},
            resources=[{"accountId": PROD, "type": "AWS::IAM::Role", "ARN": role_arn(PROD, "ci-deploy")}])
        log(SEC, moment(day), "sts", "AssumeRoleWithSAML",
            {"type": "SAMLUser", "principalId": "abc:dana@example.com", "userName": "dana@example.com", "identityProvider": f"arn:aws:iam::{SEC}:saml-provider/ExampleIdP"},
            {"roleArn": role_arn(SEC, "auditor"), "principalArn": f"arn:aws:iam::{SEC}:saml-provider/ExampleIdP"},
            resources=[{"accountId": SEC, "type": "AWS::IAM::Role", "ARN": role_arn(SEC, "auditor")}])
        log(PROD, moment(day), "monitoring", "DescribeAlarms", as_role(PROD, "vendor-monitoring", "vendor"), {"maxRecords": 100})
        log(PROD, moment(day), "sts", "AssumeRole", {"type": "AWSAccount", "principalId": "AROAVENDOR1234EXAMPLE:collector", "accountId": VENDOR},
            {"roleArn": role_arn(PROD, "vendor-monitoring"), "roleSessionName": "vendor", "externalId": "example-external-id"},
            resources=[{"accountId": PROD, "type": "AWS::IAM::Role", "ARN": role_arn(PROD, "vendor-monitoring")}])
    for day in every(7):
        # Both sides of one cross-account assumption.
        at, shared = moment(day, 1), event_id("shared", day)
        request = {"roleArn": role_arn(DATA, "data-pipeline"), "roleSessionName": "nightly"}
        target = [{"accountId": DATA, "type": "AWS::IAM::Role", "ARN": role_arn(DATA, "data-pipeline")}]
        log(PROD, at, "sts", "AssumeRole", ci(), request, resources=target, sharedEventID=shared)
        log(DATA, at, "sts", "AssumeRole", {"type": "AWSAccount", "principalId": uid("AROA", PROD + "ci-deploy") + ":GitHubActions", "accountId": PROD},
            request, resources=target, sharedEventID=shared)
        log(PROD, moment(day), "lambda", "CreateFunction20150331", ci(), {"functionName": "preview", "role": role_arn(PROD, "checkout-exec")},
            {"functionArn": arn("lambda", PROD, "function:preview")}, read=False)
        log(PROD, moment(day), "iam", "ChangePassword", ann, None, region="us-east-1", read=False)
        log(DATA, moment(day), "athena", "StartQueryExecution", pipe(), {"workGroup": "primary"}, read=False, error="ThrottlingException", message="Rate exceeded")
        who = pipe()
        log(DATA, moment(day), "glue", "DeleteJob", who, {"jobName": "load-orders"}, read=False,
            **denied(who, "glue:DeleteJob", arn("glue", DATA, "job/load-orders"), "with an explicit deny in a service control policy"))
        log(PROD, moment(day), "ec2", "DescribeInstances", as_role(PROD, "vendor-monitoring", "vendor"), {})
    # Used only before the window of 90 days.
    for day in every(3, 0, 25):
        log(PROD, moment(day), "ec2", "RebootInstances", bob, {"instancesSet": {"items": [{"instanceId": "i-0aaaaaaaaaaaaaaa2"}]}}, read=False)
        log(PROD, moment(day), "sqs", "CreateQueue", as_role(PROD, "legacy-batch", "batch"), {"queueName": "old"}, read=False)
    # A role that is only ever denied, a root sign-in and call, an authorised error, an unmapped call.
    for day in every(5, 40):
        who = as_role(PROD, "broken-job", "job")
        log(PROD, moment(day), "ec2", "RunInstances", who, {"instanceType": "t3.micro"}, read=False, error="Client.UnauthorizedOperation",
            message="You are not authorized to perform this operation. Encoded authorization failure message: example")
    log(SEC, moment(100), "signin", "ConsoleLogin", {"type": "Root", "principalId": SEC, "arn": f"arn:aws:iam::{SEC}:root", "accountId": SEC},
        None, {"ConsoleLogin": "Success"}, read=False, eventType="AwsConsoleSignIn", additionalEventData={"MFAUsed": "No"})
    log(SEC, moment(100), "iam", "ListAccessKeys", {"type": "Root", "principalId": SEC, "arn": f"arn:aws:iam::{SEC}:root", "accountId": SEC}, None, region="us-east-1")
    log(PROD, moment(110), "lambda", "GetFunction20150331v2", ci(), {"functionName": "gone"}, read=True, error="ResourceNotFoundException")
    log(PROD, moment(111), "quantumledgerx", "EntangleThing", ci(), {"thing": "x"}, read=False)
    log(PROD, moment(80), "iam", "PutRolePolicy", as_user(PROD, "ann", console=True), {"roleName": "fresh-policy", "policyName": "inline"}, region="us-east-1", read=False)
    # Texts that an attacker would choose.
    hostile = ["<script>alert(1)</script>", "=HYPERLINK(\"http://example.com\",\"x\")", "\u001b[31mred\u001b[0m", "abc\u202edcba", "| a | [b](http://example.com) `c`"]
    for n, text in enumerate(hostile):
        log(PROD, moment(90 + n), "ec2", "DescribeRegions", as_role(PROD, "web-app", text), {}, userAgent=text)
    bounded_session(ci())
    people_and_root()


def root(account, **session):
    who = {"type": "Root", "principalId": account, "arn": f"arn:aws:iam::{account}:root", "accountId": account}
    return {**who, "accessKeyId": "ASIAIOSFODNN7ROOT", "sessionContext": session} if session else who


def people_and_root():
    """Signing in with and without MFA, failed attempts, a session of AssumeRoot, a key that suddenly shows up elsewhere."""
    def sign_in(day, hour, who, mfa, result="Success", **extra):
        failed = dict(message="Failed authentication") if result == "Failure" else {}
        log(PROD, moment(day, hour), "signin", "ConsoleLogin", who, None, {"ConsoleLogin": result}, read=False, region="us-east-1",
            eventType="AwsConsoleSignIn", userAgent="Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0",
            additionalEventData={"LoginTo": "https://console.aws.amazon.com/console/home", "MobileVersion": "No", "MFAUsed": mfa}, **failed, **extra)
    def person(name):
        return {k: v for k, v in as_user(PROD, name).items() if k != "accessKeyId"}
    for day in every(14, 6):
        sign_in(day, 7, person("ann"), "Yes")
    for day in (92, 118):
        sign_in(day, 8, person("bob"), "No", sourceIPAddress="198.51.100.23")
    for n in range(3):
        sign_in(117, 22, person("bob"), "No", "Failure", sourceIPAddress="192.0.2.77")
    task = dict(assumedRoot="true", attributes={"creationDate": "2026-10-25T09:00:00Z", "mfaAuthenticated": "false"})
    log(DATA, moment(112, 9), "iam", "GetAccountSummary", root(DATA, **task), None, region="us-east-1")
    # Ann's key is at home in one network; within a day it is used from two more, by another client.
    key = as_user(PROD, "ann")
    for day in every(3, 31):
        log(PROD, moment(day, 10), "sts", "GetCallerIdentity", key, None, sourceIPAddress="203.0.113.9", userAgent="aws-cli/2.31.12 md/awscrt#0.28.2 ua/2.1 os/linux#6.8")
    for hour, address in ((1, "192.0.2.200"), (5, "198.51.100.201")):
        log(PROD, moment(119, hour), "sts", "GetCallerIdentity", key, None, sourceIPAddress=address, userAgent="python-requests/2.32.0")


def bounded_session(caller):
    """One session of data-pipeline that a session policy bounds to reading; both accounts log how it was made."""
    policy = doc(allow("Input", "s3:GetObject", "arn:aws:s3:::example-lake/in/*"), allow("Status", "glue:GetJobRun", arn("glue", DATA, "job/*")))
    key, at, shared = "ASIAIOSFODNN7SESSION", moment(105, 4), event_id("shared", "bounded")
    who = {**as_role(DATA, "data-pipeline", "report"), "accessKeyId": key}
    request = {"roleArn": role_arn(DATA, "data-pipeline"), "roleSessionName": "report", "policy": json.dumps(policy), "durationSeconds": 3600}
    response = {"credentials": {"accessKeyId": key, "sessionToken": "EXAMPLE-TOKEN", "expiration": "Oct 17, 2026, 6:00:00 AM"},
                "assumedRoleUser": {"assumedRoleId": who["principalId"], "arn": who["arn"]}, "packedPolicySize": 9}
    target = [{"accountId": DATA, "type": "AWS::IAM::Role", "ARN": role_arn(DATA, "data-pipeline")}]
    log(PROD, at, "sts", "AssumeRole", caller, request, response, resources=target, sharedEventID=shared)
    log(DATA, at, "sts", "AssumeRole", {"type": "AWSAccount", "principalId": caller["principalId"], "accountId": PROD},
        request, response, resources=target, sharedEventID=shared)
    for n in range(3):
        at += dt.timedelta(minutes=5)
        log(DATA, at, "glue", "GetJobRun", who, {"jobName": "load-orders", "runId": "jr_1"})
        log(DATA, at, "s3", "GetObject", who, {"bucketName": "example-lake", "key": f"in/{n}.csv", "Host": "example-lake.s3.amazonaws.com"},
            data=True, resources=[{"type": "AWS::S3::Object", "ARN": f"arn:aws:s3:::example-lake/in/{n}.csv"},
                                  {"accountId": DATA, "type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::example-lake"}])
    log(DATA, at, "glue", "StartJobRun", who, {"jobName": "load-orders"}, read=False,
        **denied(who, "glue:StartJobRun", arn("glue", DATA, "job/load-orders"), "no session policy allows the"))


def doc(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(sid, action, resource, condition=None, effect="Allow"):
    s = {"Sid": sid, "Effect": effect, "Action": action, "Resource": resource}
    if condition:
        s["Condition"] = condition
    return s


def trust(principal, condition=None, action="sts:AssumeRole", sid="Trust"):
    s = {"Sid": sid, "Effect": "Allow", "Principal": principal, "Action": action}
    if condition:
        s["Condition"] = condition
    return s


def created(days_before_end):
    return (END - dt.timedelta(days=days_before_end)).strftime("%Y-%m-%dT%H:%M:%S+00:00")


def role(account, name, trust_doc, inline=None, attached=(), age=800, used=None, boundary=None, profile=False):
    out = {"Path": ROLE_PATHS.get(name, "/"), "RoleName": name, "RoleId": uid("AROA", account + name), "Arn": role_arn(account, name),
           "CreateDate": created(age), "AssumeRolePolicyDocument": trust_doc, "InstanceProfileList": [],
           "RolePolicyList": [{"PolicyName": n, "PolicyDocument": d} for n, d in (inline or {}).items()],
           "AttachedManagedPolicies": [{"PolicyName": a.rsplit("/", 1)[1], "PolicyArn": a} for a in attached], "Tags": [],
           "RoleLastUsed": {} if used is None else {"LastUsedDate": created(used), "Region": "eu-west-1"}}
    if boundary:
        out["PermissionsBoundary"] = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": boundary}
    if profile:
        out["InstanceProfileList"] = [{"InstanceProfileName": name, "Arn": f"arn:aws:iam::{account}:instance-profile/{name}"}]
    return out


def user(account, name, groups=(), age=900, inline=None):
    out = {"Path": "/", "UserName": name, "UserId": uid("AIDA", account + name), "Arn": user_arn(account, name),
           "CreateDate": created(age), "GroupList": list(groups), "AttachedManagedPolicies": [], "Tags": []}
    if inline:
        out["UserPolicyList"] = [{"PolicyName": n, "PolicyDocument": d} for n, d in inline.items()]
    return out


def group(account, name, inline, attached=()):
    return {"Path": "/", "GroupName": name, "GroupId": uid("AGPA", account + name), "Arn": f"arn:aws:iam::{account}:group/{name}",
            "CreateDate": created(900), "GroupPolicyList": [{"PolicyName": n, "PolicyDocument": d} for n, d in inline.items()],
            "AttachedManagedPolicies": [{"PolicyName": a.rsplit("/", 1)[1], "PolicyArn": a} for a in attached]}


def policy(a, document, age=700):
    return {"PolicyName": a.rsplit("/", 1)[1], "PolicyId": uid("ANPA", a), "Arn": a, "Path": "/", "DefaultVersionId": "v2", "AttachmentCount": 1,
            "PermissionsBoundaryUsageCount": 0, "IsAttachable": True, "CreateDate": created(age + 10), "UpdateDate": created(age),
            "PolicyVersionList": [{"Document": document, "VersionId": "v2", "IsDefaultVersion": True, "CreateDate": created(age)},
                                  {"Document": doc(allow("Old", "*", "*")), "VersionId": "v1", "IsDefaultVersion": False, "CreateDate": created(age + 10)}]}


def ec2_trust():
    return doc(trust({"Service": "ec2.amazonaws.com"}))


def account_trust(account, condition=None):
    return doc(trust({"AWS": f"arn:aws:iam::{account}:root"}, condition))


SHARED = f"arn:aws:iam::{PROD}:policy/app-shared"
YOUNG = f"arn:aws:iam::{SEC}:policy/triage-tools"
BOUND = f"arn:aws:iam::{DATA}:policy/data-boundary"
ADMIN_IAM = "arn:aws:iam::aws:policy/IAMFullAccess"


def make_grants():
    prod = {
        "UserDetailList": [user(PROD, "ann", ["ops"]), user(PROD, "bob", ["ops"]), user(PROD, "carol"),
                           user(PROD, "ci-legacy", inline={"push": doc(allow("Push", ["ecr:PutImage", "ecr:InitiateLayerUpload"], arn("ecr", PROD, "repository/*")))}),
                           user(PROD, "dave", age=10)],
        "GroupDetailList": [
            group(PROD, "ops", {"ops": doc(
                allow("Instances", ["ec2:StartInstances", "ec2:StopInstances", "ec2:RebootInstances", "ec2:TerminateInstances"], arn("ec2", PROD, "instance/*")),
                allow("Self", ["iam:ChangePassword", "iam:GetUser"], f"arn:aws:iam::{PROD}:user/${{aws:username}}"),
                allow("Home", ["s3:GetObject", "s3:PutObject"], "arn:aws:s3:::example-home/${aws:username}/*"),
                allow("OnlyOffice", "*", "*", {"NotIpAddress": {"aws:SourceIp": ["203.0.113.0/24", "198.51.100.0/24"]}, "Bool": {"aws:ViaAWSService": "false"}}, "Deny"))}, [SHARED]),
            group(PROD, "empty", {"nothing": doc(allow("Everything", "ec2:*", "*"))})],
        "RoleDetailList": [
            role(PROD, "ci-deploy", doc(trust({"Federated": f"arn:aws:iam::{PROD}:oidc-provider/token.actions.githubusercontent.com"},
                                              {"StringEquals": {"token.actions.githubusercontent.com:aud": "sts.amazonaws.com"},
                                               "StringLike": {"token.actions.githubusercontent.com:sub": "repo:example/checkout:*"}},
                                              "sts:AssumeRoleWithWebIdentity")),
                 {"deploy": doc(
                     allow("Code", ["lambda:UpdateFunctionCode", "lambda:GetFunction", "lambda:CreateFunction", "lambda:DeleteFunction"], arn("lambda", PROD, "function:*")),
                     allow("Pass", "iam:PassRole", f"arn:aws:iam::{PROD}:role/*"),
                     allow("Artifacts", ["s3:GetObject", "s3:PutObject"], "arn:aws:s3:::example-artifacts/*"),
                     allow("Stacks", ["cloudformation:Describe*", "cloudformation:DeleteStack"], "*"),
                     allow("Hop", "sts:AssumeRole", [role_arn(DATA, "data-pipeline"), f"arn:aws:iam::{SEC}:role/*"]))}, used=0),
            role(PROD, "web-app", ec2_trust(),
                 {"web": doc(
                     allow("Secrets", "secretsmanager:GetSecretValue", arn("secretsmanager", PROD, "secret:prod/*")),
                     allow("Keys", ["kms:Decrypt", "kms:Encrypt", "kms:DescribeKey"], arn("kms", PROD, "key/*")),
                     allow("Queue", ["sqs:SendMessage", "sqs:DeleteQueue"], arn("sqs", PROD, "orders")),
                     allow("Config", ["ssm:GetParameters", "ssm:PutParameter"], arn("ssm", PROD, "parameter/web/*")),
                     allow("Database", "rds-db:connect", arn("rds-db", PROD, "dbuser:*/web")),
                     allow("NoOldTls", "*", "*", {"NumericLessThan": {"s3:TlsVersion": "1.2"}}, "Deny"))}, [SHARED], used=0, profile=True),
            role(PROD, "night-shift", doc(trust({"Service": "scheduler.amazonaws.com"})),
                 {"shift": doc(allow("Databases", ["rds:StopDBInstance", "rds:StartDBInstance", "rds:CreateDBSnapshot", "rds:DeleteDBInstance"], arn("rds", PROD, "db:*")),
                               allow("Snapshots", ["rds:CreateDBSnapshot"], arn("rds", PROD, "snapshot:*")))}, used=0),
            role(PROD, "legacy-batch", account_trust(PROD),
                 {"batch": doc(allow("Queues", ["sqs:CreateQueue", "sqs:DeleteQueue", "sqs:ListQueues"], "*"))}, used=96),
            role(PROD, "break-glass", account_trust(PROD, {"Bool": {"aws:MultiFactorAuthPresent": "true"}}), None, [ADMIN_IAM], used=None),
            role(PROD, "vendor-monitoring", account_trust(VENDOR, {"StringEquals": {"sts:ExternalId": "example-external-id"}}),
                 {"watch": doc(allow("Alarms", ["cloudwatch:DescribeAlarms", "cloudwatch:DeleteAlarms", "cloudwatch:GetMetricData"], "*"),
                               allow("Inventory", ["ec2:DescribeInstances", "ec2:DescribeVolumes"], "*"))}, used=1),
            role(PROD, "old-partner", doc(trust({"AWS": f"arn:aws:iam::{STRANGER}:root"}), trust({"AWS": "AROADELETED1234EXAMPLE"}, sid="Ghost")),
                 {"partner": doc(allow("Lists", ["s3:ListAllMyBuckets", "s3:GetBucketPolicy"], "*"))}),
            role(PROD, "broken-job", doc(trust({"Service": "lambda.amazonaws.com"})), {"job": doc(allow("Tags", "ec2:DescribeTags", "*"))}),
            role(PROD, "new-role", doc(trust({"Service": "lambda.amazonaws.com"})), {"new": doc(allow("Tables", ["dynamodb:CreateTable", "dynamodb:DescribeTable"], arn("dynamodb", PROD, "table/*")))}, age=20),
            role(PROD, "fresh-policy", doc(trust({"Service": "lambda.amazonaws.com"})), {"inline": doc(allow("Topics", ["sns:CreateTopic", "sns:DeleteTopic"], arn("sns", PROD, "*")))}, used=200),
            role(PROD, "checkout-exec", doc(trust({"Service": "lambda.amazonaws.com"})), {"logs": doc(allow("Logs", ["logs:CreateLogStream", "logs:PutLogEvents"], arn("logs", PROD, "log-group:/aws/lambda/checkout:*")))}, used=0),
            role(PROD, "AWSServiceRoleForRDS", doc(trust({"Service": "rds.amazonaws.com"})), {"x": doc(allow("Rds", "ec2:Describe*", "*"))}, used=400),
            role(PROD, "AWSReservedSSO_ReadOnly_0123456789abcdef", doc(trust({"Federated": f"arn:aws:iam::{PROD}:saml-provider/AWSSSO_0123456789abcdef"}, None, ["sts:AssumeRoleWithSAML", "sts:TagSession"])),
                 {"AwsSSOInlinePolicy": doc(allow("Read", "ec2:Describe*", "*"))})],
        "Policies": [policy(SHARED, doc(
            allow("Tables", ["dynamodb:DescribeTable", "dynamodb:UpdateTable", "dynamodb:DeleteTable"], arn("dynamodb", PROD, "table/*")),
            allow("Events", ["events:ListRules", "events:DescribeRule"], "*"),
            allow("Describe", "ec2:DescribeRegions", "*"))),
            policy(ADMIN_IAM, doc(allow("Iam", ["iam:*", "organizations:DescribeAccount"], "*")))]}
    data = {
        "UserDetailList": [], "GroupDetailList": [],
        "RoleDetailList": [
            role(DATA, "data-pipeline", doc(trust({"AWS": role_arn(PROD, "ci-deploy")})),
                 {"lake": doc(
                     allow("Lake", ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], "arn:aws:s3:::example-lake/*"),
                     allow("Archive", "s3:GetObject", "arn:aws:s3:::example-archive/*"),
                     allow("Jobs", ["glue:StartJobRun", "glue:GetJobRun", "glue:DeleteJob"], arn("glue", DATA, "job/*")),
                     allow("Queries", "athena:StartQueryExecution", arn("athena", DATA, "workgroup/*")))}, used=0, boundary=BOUND)],
        "Policies": [policy(BOUND, doc(allow("Bound", ["s3:*", "glue:*", "athena:*"], "*")))]}
    sec = {
        "UserDetailList": [user(SEC, "scanner")], "GroupDetailList": [],
        "RoleDetailList": [
            role(SEC, "auditor", doc(trust({"Federated": f"arn:aws:iam::{SEC}:saml-provider/ExampleIdP"}, {"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}}, "sts:AssumeRoleWithSAML")),
                 {"audit": doc(allow("Read", ["iam:ListUsers", "iam:ListRoles", "cloudtrail:LookupEvents"], "*"))}, used=0),
            role(SEC, "triage", doc(trust({"Service": "lambda.amazonaws.com"})), None, [YOUNG], used=0),
            role(SEC, "cross-read", account_trust(PROD), {"read": doc(allow("Hub", "securityhub:GetFindings", "*"))}, used=None)],
        "Policies": [policy(YOUNG, doc(allow("Findings", ["securityhub:BatchUpdateFindings", "securityhub:GetFindings"], "*")), age=30)]}
    return prod, data, sec


def encoded(value):
    """The API's own form: documents as percent-encoded text."""
    if isinstance(value, dict):
        return {k: urllib.parse.quote(json.dumps(v), safe="") if k in ("PolicyDocument", "AssumeRolePolicyDocument", "Document") else encoded(v) for k, v in value.items()}
    return [encoded(v) for v in value] if isinstance(value, list) else value


COLUMNS = ("user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,mfa_active,"
           "access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,"
           "access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,"
           "cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated").split(",")


def report(account, rows):
    """rows: user, age, password (None or (used, changed)), key1, key2 (None or (active, age, used days ago or None))."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for name, age, password, *keys in rows:
        root = name == "<root_account>"
        row = [name, f"arn:aws:iam::{account}:root" if root else user_arn(account, name), created(age)]
        if root:
            row += ["not_supported", created(password) if password else "no_information", "not_supported", "not_supported", "true"]
        elif password:
            used, changed = password
            row += ["true", created(used) if used is not None else "no_information", created(changed), "N/A", "true"]
        else:
            row += ["false", "N/A", "N/A", "N/A", "false"]
        for key in keys:
            if key is None:
                row += ["false", "N/A", "N/A", "N/A", "N/A"]
            else:
                active, key_age, used = key
                row += [str(active).lower(), created(key_age)] + ([created(used), "eu-west-1", "ec2"] if used is not None else ["N/A", "N/A", "N/A"])
        writer.writerow(row + ["false", "N/A", "false", "N/A"])
    return out.getvalue().rstrip("\n")


REPORTS = {
    PROD: [("<root_account>", 1500, None, None, None), ("ann", 900, (1, 30), (True, 400, 2), None),
           ("bob", 900, None, (False, 500, 450), (True, 40, 2)), ("carol", 900, (200, 600), None, None),
           ("ci-legacy", 900, None, (True, 300, None), None), ("dave", 10, None, (True, 10, None), None)],
    DATA: [("<root_account>", 1500, 400, None, None)],
    SEC: [("<root_account>", 1500, 20, (True, 700, 500), None), ("scanner", 900, None, (True, 91, 1), None)],
}


def make_truth():
    def rows(account, kind, owner, policy_name, sid, verdicts):
        return [{"account": account, "owner_kind": kind, "owner_name": owner, "policy_name": policy_name, "sid": sid, "action": a, "verdict": v, "why": w}
                for a, v, w in verdicts]
    actions = []
    actions += rows(PROD, "role", "ci-deploy", "deploy", "Code", [
        ("lambda:UpdateFunctionCode", "narrow", "used on two of all functions"), ("lambda:GetFunction", "narrow", "used, one call with an authorised error"),
        ("lambda:CreateFunction", "narrow", "used on one function"), ("lambda:DeleteFunction", "drop", "never used")])
    actions += rows(PROD, "role", "ci-deploy", "deploy", "Pass", [("iam:PassRole", "narrow", "read from CreateFunction's role parameter")])
    actions += rows(PROD, "role", "ci-deploy", "deploy", "Artifacts", [("s3:GetObject", "keep-unobservable", "no data events of this bucket"), ("s3:PutObject", "keep-unobservable", "no data events of this bucket")])
    actions += rows(PROD, "role", "ci-deploy", "deploy", "Stacks", [("cloudformation:DescribeStacks", "narrow", "used on one stack"), ("cloudformation:DescribeType", "drop", "never used"), ("cloudformation:DeleteStack", "drop", "never used")])
    actions += rows(PROD, "role", "ci-deploy", "deploy", "Hop", [("sts:AssumeRole", "narrow", "used for one of two targets")])
    actions += rows(PROD, "role", "web-app", "web", "Secrets", [("secretsmanager:GetSecretValue", "narrow", "one secret")])
    actions += rows(PROD, "role", "web-app", "web", "Keys", [("kms:Decrypt", "narrow", "used through Secrets Manager with the role's own identity"), ("kms:Encrypt", "drop", "never used"), ("kms:DescribeKey", "drop", "never used")])
    actions += rows(PROD, "role", "web-app", "web", "Queue", [("sqs:SendMessage", "keep-unobservable", "a data event, not logged here"), ("sqs:DeleteQueue", "drop", "never used")])
    actions += rows(PROD, "role", "web-app", "web", "Config", [("ssm:GetParameters", "narrow", "two parameters"), ("ssm:PutParameter", "drop", "never used")])
    actions += rows(PROD, "role", "web-app", "web", "Database", [("rds-db:connect", "keep-unobservable", "no event at all")])
    actions += rows(PROD, "role", "night-shift", "shift", "Databases", [
        ("rds:StopDBInstance", "narrow", "one database"), ("rds:StartDBInstance", "drop", "never used"),
        ("rds:CreateDBSnapshot", "keep-dependent", "StopDBInstance may need it"), ("rds:DeleteDBInstance", "drop", "never used")])
    actions += rows(PROD, "role", "legacy-batch", "batch", "Queues", [("sqs:CreateQueue", "drop", "used before the window only"), ("sqs:ListQueues", "drop", "never used")])
    actions += rows(PROD, "role", "break-glass", "IAMFullAccess", "Iam", [("iam:CreateUser", "drop", "never used"), ("iam:PassRole", "keep-unobservable", "seen only through other calls")])
    actions += rows(PROD, "role", "vendor-monitoring", "watch", "Alarms", [("cloudwatch:DeleteAlarms", "drop", "never used"), ("cloudwatch:GetMetricData", "keep-unobservable", "a data event")])
    actions += rows(PROD, "role", "vendor-monitoring", "watch", "Inventory", [("ec2:DescribeInstances", "keep-used", "used, takes no resource"), ("ec2:DescribeVolumes", "drop", "never used")])
    actions += rows(PROD, "role", "new-role", "new", "Tables", [("dynamodb:CreateTable", "keep-young", "the role is 20 days old")])
    actions += rows(PROD, "role", "fresh-policy", "inline", "Topics", [("sns:CreateTopic", "keep-young", "the policy was written inside the window")])
    actions += rows(PROD, "role", "checkout-exec", "logs", "Logs", [("logs:PutLogEvents", "keep-unobservable", "never logged"), ("logs:CreateLogStream", "drop", "never used")])
    actions += rows(PROD, "group", "ops", "ops", "Instances", [
        ("ec2:StartInstances", "narrow", "ann, one instance"), ("ec2:StopInstances", "narrow", "bob, one instance"),
        ("ec2:RebootInstances", "drop", "bob, before the window only"), ("ec2:TerminateInstances", "drop", "never used")])
    actions += rows(PROD, "group", "ops", "ops", "Home", [("s3:GetObject", "keep-unobservable", "no data events of this bucket")])
    actions += rows(PROD, "user", "ci-legacy", "push", "Push", [("ecr:PutImage", "drop", "never used")])
    actions += rows(PROD, "policy", "app-shared", "app-shared", "Tables", [("dynamodb:DescribeTable", "narrow", "web-app, one table"), ("dynamodb:DeleteTable", "drop", "used by nobody it is attached to")])
    actions += rows(PROD, "policy", "app-shared", "app-shared", "Describe", [("ec2:DescribeRegions", "keep-used", "web-app")])
    actions += rows(DATA, "role", "data-pipeline", "lake", "Lake", [
        ("s3:GetObject", "narrow", "in/ only"), ("s3:PutObject", "narrow", "out/ only"), ("s3:DeleteObject", "drop", "data events are logged and it never happens")])
    actions += rows(DATA, "role", "data-pipeline", "lake", "Archive", [("s3:GetObject", "keep-unobservable", "no data events of this bucket")])
    actions += rows(DATA, "role", "data-pipeline", "lake", "Jobs", [("glue:StartJobRun", "narrow", "one job"), ("glue:DeleteJob", "drop", "only ever denied")])
    actions += rows(DATA, "role", "data-pipeline", "lake", "Queries", [("athena:StartQueryExecution", "keep-used", "throttled only: weak evidence, kept")])
    actions += rows(SEC, "role", "auditor", "audit", "Read", [("iam:ListUsers", "keep-used", "used"), ("iam:ListRoles", "drop", "never used")])
    actions += rows(SEC, "policy", "triage-tools", "triage-tools", "Findings", [("securityhub:GetFindings", "keep-young", "this version is 30 days old")])
    def f(rule, resource, status, **extra):
        return {"report": rule, "resource": resource, "status": status, **extra}
    findings = [
        f("key-age", user_arn(PROD, "ann"), "FAIL", slot="access_key_1"), f("key-age", user_arn(PROD, "bob"), "PASS", slot="access_key_1"),
        f("key-age", user_arn(PROD, "bob"), "PASS", slot="access_key_2"), f("key-age", user_arn(PROD, "ci-legacy"), "FAIL", slot="access_key_1"),
        f("key-age", user_arn(PROD, "dave"), "PASS", slot="access_key_1"), f("key-age", f"arn:aws:iam::{SEC}:root", "FAIL", slot="access_key_1"),
        f("key-age", user_arn(SEC, "scanner"), "FAIL", slot="access_key_1"),
        f("key-unused", user_arn(PROD, "ann"), "PASS", slot="access_key_1"), f("pwd-unused", user_arn(PROD, "carol"), "FAIL"),
        f("key-never", user_arn(PROD, "ci-legacy"), "FAIL", slot="access_key_1"), f("key-never", user_arn(PROD, "dave"), "UNKNOWN", slot="access_key_1"),
        f("role-unused", role_arn(PROD, "legacy-batch"), "FAIL"), f("role-unused", role_arn(PROD, "break-glass"), "FAIL"),
        f("role-unused", role_arn(PROD, "broken-job"), "FAIL"), f("role-unused", role_arn(PROD, "new-role"), "UNKNOWN"),
        f("role-unused", role_arn(PROD, "AWSServiceRoleForRDS"), "NOT-APPLICABLE"),
        f("user-unused", user_arn(PROD, "ann"), "PASS"), f("user-unused", user_arn(PROD, "carol"), "FAIL"), f("user-unused", user_arn(PROD, "dave"), "UNKNOWN"),
        f("user-unused", user_arn(SEC, "scanner"), "PASS"),
        f("external-access", role_arn(PROD, "vendor-monitoring"), "PASS", source_class="known-vendor"),
        f("external-access", role_arn(PROD, "old-partner"), "FAIL", source_class="unknown-external"),
        f("external-access", role_arn(PROD, "old-partner"), "FAIL", source_class="dangling"),
        f("external-access", role_arn(PROD, "ci-deploy"), "FAIL", source_class="federated-workload"), f("external-access", role_arn(SEC, "auditor"), "PASS", source_class="federated-human"),
        f("external-access", role_arn(DATA, "data-pipeline"), "PASS", source_class="same-organisation"),
        f("external-access", role_arn(SEC, "cross-read"), "FAIL", source_class="same-organisation"),
        f("external-access", role_arn(PROD, "break-glass"), "PASS", source_class="same-account"),
        f("external-access", role_arn(PROD, "web-app"), "PASS", source_class="aws-service"),
    ]
    return {"actions": actions, "findings": findings,
            "denied_only": [[role_arn(DATA, "data-pipeline"), "glue:DeleteJob"], [role_arn(PROD, "broken-job"), "ec2:RunInstances"]]}


def packed(data):
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", mtime=0, compresslevel=9, filename="") as f:
        f.write(data)
    return out.getvalue()


def files():
    make_logs()
    out = {}
    groups = {}
    for account, region, at, record in events:
        groups.setdefault((account, region, at.date()), []).append(record)
    # The same event delivered twice: the first of each tenth file stands in the next file too.
    keys = sorted(groups, key=lambda k: (k[0], k[1], k[2]))
    for n, key in enumerate(keys[:-1]):
        if n % 10 == 0:
            groups[keys[n + 1]].append(groups[key][0])
    for (account, region, date), records in groups.items():
        records.sort(key=lambda r: (r["eventTime"], r["eventID"]))
        name = hashlib.sha256(f"{account}{region}{date}".encode()).hexdigest()[:16]
        path = (f"logs/AWSLogs/{ORG}/{account}/CloudTrail/{region}/{date:%Y/%m/%d}/"
                f"{account}_CloudTrail_{region}_{date:%Y%m%d}T2355Z_{name}.json.gz")
        out[path] = packed(json.dumps({"Records": records}, separators=(",", ":")).encode())
    prod, data, sec = make_grants()
    pretty = lambda v: (json.dumps(v, indent=1) + "\n").encode()
    out[f"grants/accounts/{PROD}/iam/gaad.json"] = pretty(prod)
    out[f"grants/accounts/{DATA}/iam/gaad.json"] = pretty(encoded({**data, "IsTruncated": False}))
    out[f"grants/accounts/{SEC}/iam/gaad.json"] = pretty(sec)
    for account in (PROD, DATA):
        out[f"grants/accounts/{account}/iam/credential-report.csv"] = report(account, REPORTS[account]).encode()
    out[f"grants/accounts/{SEC}/iam/credential-report.json"] = pretty(
        {"Content": base64.b64encode(report(SEC, REPORTS[SEC]).encode()).decode(), "ReportFormat": "text/csv", "GeneratedTime": "2026-10-31T22:00:00+00:00"})
    out.update(exports.files(pretty))
    out["truth.json"] = pretty(make_truth())
    good = {"eventVersion": "1.11", "eventTime": "2026-10-01T00:00:00Z", "eventSource": "ec2.amazonaws.com", "eventName": "DescribeVpcs", "awsRegion": "eu-west-1",
            "eventID": event_id("broken"), "eventType": "AwsApiCall", "recipientAccountId": PROD, "userIdentity": as_user(PROD, "ann"), "requestParameters": None}
    without = {k: v for k, v in good.items() if k != "eventName"}
    records = [without, {**good, "eventTime": "the day before yesterday"}, good, "not an object"]
    out["../broken/records.json"] = json.dumps({"Records": records}).encode()
    out["../broken/truncated.json.gz"] = packed(json.dumps({"Records": [good] * 50}).encode())[:60]
    out["../broken/text.json"] = b"this is not JSON\n"
    out["../broken/expected.txt"] = b"read 6 = kept 1 + duplicate 0 + rejected 5: truncated gzip, not JSON, missing eventName, bad eventTime, not a record\n"
    return out


def main():
    made = files()
    if "--check" in sys.argv:
        have = {str(p.relative_to(HERE)): p for d in ("logs", "grants") for p in (HERE / d).rglob("*") if p.is_file()}
        wrong = [n for n, b in made.items() if not (HERE / n).is_file() or (HERE / n).read_bytes() != b]
        wrong += [n for n in have if n not in made]
        for name in sorted(wrong)[:20]:
            print(f"differs: {name}", file=sys.stderr)
        print(f"sample organisation: {len(made)} files, {len(wrong)} differ")
        return 1 if wrong else 0
    for name, data in made.items():
        path = HERE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    print(f"{len(events)} events, {len(made)} files")
    return 0


if __name__ == "__main__":
    sys.exit(main())
