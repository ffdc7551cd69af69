#!/usr/bin/env python3
"""Makes a synthetic organisation in the bundle layout, the same bytes every time.

    python3 generate.py DIR [--accounts 500] [--roles 10000] [--users 2000] [--policies 1500] [--groups 1000]
                            [--buckets 500] [--keys 500] [--admin] [--seed 1] [--log]

One `get-account-authorization-details` file per account, each with its own copy of the AWS managed policies that are
attached there, as AWS answers it; credential reports; organisation tree with service control policies on several levels;
bucket and key policies. `--admin` attaches AdministratorAccess to every role. `--log` writes a small CloudTrail file
beside the bundle (DIR-log), enough to start a run. What was made is told in DIR.json, for comparing counts.
"""
import argparse
import gzip
import json
import pathlib
import random

REGIONS = ["eu-west-1", "eu-central-1", "us-east-1"]
MADE = "2026-11-01T00:00:00Z"
DATE = "2025-03-04T05:06:07+00:00"
ORGANISATION = "o-benchbench"
# Prefixes whose reading actions AWS's ReadOnlyAccess lists.
READ = """access-analyzer account acm acm-pca airflow amplify aoss apigateway app-integrations appconfig appflow application-autoscaling
application-signals applicationinsights appmesh apprunner appstream appsync aps arc-zonal-shift artifact athena auditmanager
autoscaling aws-portal backup backup-gateway batch bedrock billing braket budgets cassandra ce chatbot cleanrooms cloud9
clouddirectory cloudformation cloudfront cloudhsm cloudsearch cloudtrail cloudwatch codeartifact codebuild codecatalyst codecommit
codedeploy codeguru-profiler codeguru-reviewer codepipeline codestar-connections codestar-notifications cognito-identity cognito-idp
cognito-sync comprehend compute-optimizer config connect controlcatalog controltower cost-optimization-hub cur databrew dataexchange
datapipeline datasync datazone dax deepcomposer detective devicefarm devops-guru directconnect discovery dlm dms docdb-elastic drs ds
dynamodb ec2 ecr ecr-public ecs eks elasticache elasticbeanstalk elasticfilesystem elasticloadbalancing elasticmapreduce
elastictranscoder elemental-appliances-software emr-containers emr-serverless es events evidently finspace firehose fis fms forecast
frauddetector fsx gamelift geo glacier globalaccelerator glue grafana greengrass groundstation guardduty health healthlake iam
identitystore imagebuilder inspector inspector2 internetmonitor invoicing iot iotanalytics iotevents iotfleetwise iotsitewise
iotwireless ivs ivschat kafka kafkaconnect kendra kinesis kinesisanalytics kinesisvideo kms lakeformation lambda launchwizard lex
license-manager lightsail logs lookoutequipment lookoutmetrics lookoutvision m2 machinelearning macie2 managedblockchain mediaconnect
mediaconvert medialive mediapackage mediapackage-vod mediastore mediatailor memorydb mgh mgn mobiletargeting monitron mq
neptune-graph network-firewall networkmanager nimble notifications oam omics opsworks organizations osis outposts
payment-cryptography personalize pi pipes polly pricing private-networks proton qbusiness qldb quicksight ram rbin rds redshift
redshift-serverless refactor-spaces rekognition resiliencehub resource-explorer-2 resource-groups robomaker rolesanywhere route53
route53-recovery-cluster route53domains route53resolver rum s3 s3-object-lambda s3-outposts s3express sagemaker scheduler schemas
sdb secretsmanager securityhub securitylake serverlessrepo servicecatalog servicediscovery servicequotas ses shield signer
simspaceweaver sms-voice snowball sns sqs ssm ssm-contacts ssm-incidents sso sso-directory states storagegateway sts support swf
synthetics tag timestream transcribe transfer translate trustedadvisor user-subscriptions verifiedpermissions vpc-lattice waf
waf-regional wafv2 wellarchitected wisdom workdocs worklink workmail workspaces workspaces-web xray""".split()
WORK = {
    "s3": ["GetObject", "PutObject", "DeleteObject", "ListBucket", "GetBucketLocation", "GetObjectTagging", "PutObjectTagging", "AbortMultipartUpload"],
    "dynamodb": ["GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "Scan", "BatchGetItem", "BatchWriteItem", "DescribeTable"],
    "sqs": ["SendMessage", "ReceiveMessage", "DeleteMessage", "GetQueueAttributes", "ChangeMessageVisibility"],
    "sns": ["Publish", "Subscribe", "GetTopicAttributes"],
    "logs": ["CreateLogGroup", "CreateLogStream", "PutLogEvents", "DescribeLogStreams", "FilterLogEvents"],
    "kms": ["Decrypt", "Encrypt", "GenerateDataKey*", "DescribeKey"],
    "secretsmanager": ["GetSecretValue", "DescribeSecret"],
    "ssm": ["GetParameter", "GetParameters", "GetParametersByPath", "PutParameter"],
    "lambda": ["InvokeFunction", "GetFunction", "UpdateFunctionCode", "PublishVersion"],
    "ecr": ["GetAuthorizationToken", "BatchGetImage", "GetDownloadUrlForLayer", "PutImage", "InitiateLayerUpload", "UploadLayerPart"],
    "ec2": ["Describe*", "RunInstances", "TerminateInstances", "CreateTags", "StartInstances", "StopInstances"],
    "ecs": ["RunTask", "UpdateService", "DescribeServices", "RegisterTaskDefinition", "List*"],
    "states": ["StartExecution", "DescribeExecution", "StopExecution"],
    "cloudwatch": ["PutMetricData", "GetMetricData", "ListMetrics", "DescribeAlarms"],
    "rds": ["Describe*", "CreateDBSnapshot", "ModifyDBInstance", "RebootDBInstance"],
    "events": ["PutEvents", "PutRule", "PutTargets", "DescribeRule"],
}
SERVICES = ["ec2", "lambda", "ecs-tasks", "states", "codebuild", "events", "glue", "sagemaker"]
NAMES = ["orders", "billing", "search", "catalogue", "identity", "shipping", "payments", "reports", "fraud", "media"]


def document(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(actions, resource="*", **more):
    return {"Effect": "Allow", "Action": actions, "Resource": resource, **more}


def read_only(verbs):
    return sorted(f"{prefix}:{verb}*" for prefix in READ for verb in verbs)


def aws_managed():
    full = lambda *prefixes: document(allow([f"{p}:*" for p in prefixes]))
    made = {
        "AdministratorAccess": document(allow("*")),
        "PowerUserAccess": document(
            {"Effect": "Allow", "NotAction": ["iam:*", "organizations:*", "account:*"], "Resource": "*"},
            allow(["account:GetAccountInformation", "iam:CreateServiceLinkedRole", "iam:ListRoles", "organizations:DescribeOrganization"])),
        "ReadOnlyAccess": document(allow(read_only(["Get", "List", "Describe", "BatchGet", "Search"]), Sid="ReadOnlyActions")),
        "job-function/ViewOnlyAccess": document(allow(read_only(["List", "Describe"]))),
        "SecurityAudit": document(allow(read_only(["List", "Describe", "GetResourcePolicy"]), Sid="BaseSecurityAuditStatement")),
        "AmazonS3FullAccess": full("s3", "s3-object-lambda"),
        "AmazonEC2FullAccess": full("ec2", "elasticloadbalancing", "cloudwatch", "autoscaling"),
        "AmazonDynamoDBFullAccess": full("dynamodb", "dax"),
        "AWSLambda_FullAccess": full("lambda", "logs", "states"),
        "IAMFullAccess": full("iam"),
        "AmazonSSMManagedInstanceCore": document(allow(["ssm:Describe*", "ssm:Get*", "ssm:UpdateInstanceInformation", "ssmmessages:*", "ec2messages:*"])),
        "service-role/AWSLambdaBasicExecutionRole": document(allow(["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"])),
        "CloudWatchAgentServerPolicy": document(allow(["cloudwatch:PutMetricData", "ec2:DescribeTags", "logs:*", "xray:Put*"])),
        "service-role/AmazonECSTaskExecutionRolePolicy": document(allow(["ecr:GetAuthorizationToken", "ecr:BatchGetImage", "logs:PutLogEvents"])),
    }
    return {f"arn:aws:iam::aws:policy/{path}": (path.rsplit("/", 1)[-1], doc) for path, doc in made.items()}


AWS_MANAGED = aws_managed()
COMMON = [a for a in AWS_MANAGED if not a.endswith(("/AdministratorAccess", "/IAMFullAccess"))]


class Maker:
    def __init__(self, options, root):
        self.options, self.root = options, root
        self.random = random.Random(options.seed)
        self.files = self.bytes = 0
        self.ids = 0
        self.deploy = f"arn:aws:iam::{account(0)}:role/platform-deploy"

    def write(self, path, text):
        path = self.root / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        self.files += 1
        self.bytes += len(text)

    def json(self, path, value):
        self.write(path, json.dumps(value, indent=1) + "\n")

    def unique(self, prefix):
        self.ids += 1
        return f"{prefix}{self.ids:013d}EXAMP"

    def arns(self, service, acct, name):
        region = self.random.choice(REGIONS)
        return {
            "s3": [f"arn:aws:s3:::{name}-{acct}", f"arn:aws:s3:::{name}-{acct}/*"],
            "dynamodb": [f"arn:aws:dynamodb:{region}:{acct}:table/{name}*"],
            "sqs": [f"arn:aws:sqs:{region}:{acct}:{name}-*"],
            "sns": [f"arn:aws:sns:{region}:{acct}:{name}-*"],
            "kms": [f"arn:aws:kms:{region}:{acct}:key/*"],
            "secretsmanager": [f"arn:aws:secretsmanager:{region}:{acct}:secret:{name}/*"],
            "ssm": [f"arn:aws:ssm:{region}:{acct}:parameter/{name}/*"],
            "lambda": [f"arn:aws:lambda:{region}:{acct}:function:{name}-*"],
        }.get(service, ["*"])

    def work(self, acct, name, statements):
        """A policy as teams write them: 1 to 4 kB for 6 to 16 statements."""
        made = []
        for service in self.random.sample(sorted(WORK), statements):
            actions = self.random.sample(WORK[service], self.random.randint(2, len(WORK[service])))
            statement = {"Sid": f"{name.title()}{service.title()}", "Effect": "Allow",
                         "Action": [f"{service}:{a}" for a in actions], "Resource": self.arns(service, acct, name)}
            roll = self.random.random()
            if roll < 0.15:
                statement["Condition"] = {"StringEquals": {"aws:RequestedRegion": REGIONS[:2]}}
            elif roll < 0.2:
                statement["Condition"] = {"Bool": {"aws:SecureTransport": "true"}, "StringLike": {"aws:PrincipalTag/team": [name, "platform*"]}}
            made.append(statement)
        if self.random.random() < 0.2:
            made.append({"Sid": "NoWayOut", "Effect": "Deny", "Action": ["iam:*", "organizations:*"], "Resource": "*"})
        return document(*made)

    def trust(self, acct, at):
        roll = self.random.random()
        if roll < 0.6:
            return document({"Effect": "Allow", "Principal": {"Service": self.random.choice(SERVICES) + ".amazonaws.com"}, "Action": "sts:AssumeRole"})
        if roll < 0.8:
            return document({"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account(at % self.options.accounts)}:root"}, "Action": "sts:AssumeRole"})
        if roll < 0.9:
            return document({"Effect": "Allow", "Principal": {"Federated": f"arn:aws:iam::{acct}:oidc-provider/token.actions.githubusercontent.com"},
                             "Action": "sts:AssumeRoleWithWebIdentity",
                             "Condition": {"StringLike": {"token.actions.githubusercontent.com:sub": f"repo:example/{self.random.choice(NAMES)}:*"}}})
        return document({"Effect": "Allow", "Principal": {"AWS": [self.deploy, "arn:aws:iam::999900001111:root"]}, "Action": "sts:AssumeRole",
                         "Condition": {"StringEquals": {"sts:ExternalId": f"ext-{at}"}}})

    def role(self, acct, at, customer):
        name = f"{NAMES[at % len(NAMES)]}-{at:05d}"
        attached = [self.random.choice(COMMON) for _ in range(self.random.randint(0, 2))]
        if customer and self.random.random() < 0.6:
            attached.append(self.random.choice(customer))
        if self.options.admin or self.random.random() < 0.05:
            attached.append("arn:aws:iam::aws:policy/AdministratorAccess")
        role = {
            "Path": "/", "RoleName": name, "RoleId": self.unique("AROA"), "Arn": f"arn:aws:iam::{acct}:role/{name}", "CreateDate": DATE,
            "AssumeRolePolicyDocument": self.trust(acct, at), "InstanceProfileList": [],
            "RolePolicyList": [{"PolicyName": f"work-{n}", "PolicyDocument": self.work(acct, NAMES[(at + n) % len(NAMES)], self.random.randint(6, 16))}
                               for n in range(self.random.randint(0, 2))],
            "AttachedManagedPolicies": attach(attached),
            "Tags": [{"Key": "team", "Value": NAMES[at % len(NAMES)]}, {"Key": "cost-centre", "Value": str(1000 + at % 40)}],
            "RoleLastUsed": {"LastUsedDate": "2026-10-11T12:13:14+00:00", "Region": REGIONS[0]} if self.random.random() < 0.6 else {},
        }
        if self.random.random() < 0.3:
            role["PermissionsBoundary"] = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": f"arn:aws:iam::{acct}:policy/team-boundary"}
        return role

    def user(self, acct, at, groups):
        name = f"user-{at:05d}"
        user = {"Path": "/", "UserName": name, "UserId": self.unique("AIDA"), "Arn": f"arn:aws:iam::{acct}:user/{name}", "CreateDate": DATE,
                "GroupList": sorted(self.random.sample(groups, min(len(groups), self.random.randint(0, 2)))),
                "AttachedManagedPolicies": attach([self.random.choice(COMMON)] if self.random.random() < 0.3 else []), "Tags": []}
        if self.random.random() < 0.2:
            user["UserPolicyList"] = [{"PolicyName": "own", "PolicyDocument": self.work(acct, self.random.choice(NAMES), 3)}]
        return user

    def account(self, number, roles, users, policies, groups):
        acct = account(number)
        customer = [f"arn:aws:iam::{acct}:policy/team-{at:05d}" for at in policies]
        group_names = [f"group-{at:05d}" for at in groups]
        made = [(a, name_of(a), self.work(acct, NAMES[n % len(NAMES)], self.random.randint(4, 12))) for n, a in zip(policies, customer)]
        boundary = document(allow([f"{s}:*" for s in sorted(WORK)]), {"Effect": "Deny", "NotAction": "s3:*", "Resource": "arn:aws:s3:::audit-*"})
        made.append((f"arn:aws:iam::{acct}:policy/team-boundary", "team-boundary", boundary))
        page = {
            "UserDetailList": [self.user(acct, at, group_names) for at in users],
            "GroupDetailList": [
                {"Path": "/", "GroupName": n, "GroupId": self.unique("AGPA"), "Arn": f"arn:aws:iam::{acct}:group/{n}", "CreateDate": DATE, "GroupPolicyList": [],
                 "AttachedManagedPolicies": attach([self.random.choice(COMMON)] + ([self.random.choice(customer)] if customer else []))} for n in group_names],
            "RoleDetailList": [self.role(acct, at, customer) for at in roles],
        }
        used = {p["PolicyArn"] for key in page for holder in page[key] for p in holder["AttachedManagedPolicies"]}
        made += [(arn, *AWS_MANAGED[arn]) for arn in sorted(used & set(AWS_MANAGED))]
        page["Policies"] = [
            {"PolicyName": name, "PolicyId": self.unique("ANPA"), "Arn": arn, "Path": "/", "DefaultVersionId": "v1", "AttachmentCount": 1, "IsAttachable": True,
             "CreateDate": DATE, "UpdateDate": DATE,
             "PolicyVersionList": [{"Document": doc, "VersionId": "v1", "IsDefaultVersion": True, "CreateDate": DATE}]} for arn, name, doc in made]
        page["IsTruncated"] = False
        self.json(f"accounts/{acct}/iam/gaad.json", page)
        self.write(f"accounts/{acct}/iam/credential-report.csv", report(acct, [u["UserName"] for u in page["UserDetailList"]]))
        return {"principals": sum(len(page[k]) for k in ("UserDetailList", "GroupDetailList", "RoleDetailList")),
                "policies": [p["Arn"] for p in page["Policies"]]}

    def bucket(self, at):
        acct, name = account(at % self.options.accounts), f"bench-bucket-{at:05d}"
        statements = [{"Sid": "TlsOnly", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"],
                       "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]
        if at % 5 == 0:
            statements.append({"Sid": "Partner", "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account((at + 7) % self.options.accounts)}:root"},
                               "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"]})
        self.json(f"accounts/{acct}/s3/{name}/policy.json", {"Policy": json.dumps(document(*statements))})

    def key(self, at):
        acct, region = account(at % self.options.accounts), REGIONS[at % len(REGIONS)]
        ident = f"00000000-0000-4000-8000-{at:012x}"
        arn = f"arn:aws:kms:{region}:{acct}:key/{ident}"
        doc = document({"Sid": "Root", "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{acct}:root"}, "Action": "kms:*", "Resource": "*"},
                       {"Sid": "Use", "Effect": "Allow", "Principal": {"AWS": self.deploy}, "Action": ["kms:Decrypt", "kms:GenerateDataKey*"], "Resource": "*"})
        self.json(f"accounts/{acct}/{region}/kms/key-policy/{ident}.json",
                  {"resourceArn": arn, "call": "kms:GetKeyPolicy", "at": MADE, "output": {"Policy": json.dumps(doc), "PolicyName": "default"}})

    def organisation(self):
        n = self.options.accounts
        management = account(0)
        units = [f"ou-bnch-{i:08d}" for i in range(1, 13)]
        parents = {units[i]: "r-bnch" if i < 4 else units[i % 4] for i in range(12)}
        home = {account(i): units[4 + i % 8] if i else "r-bnch" for i in range(n)}
        self.json("organization/organization.json", {"Organization": {
            "Id": ORGANISATION, "Arn": f"arn:aws:organizations::{management}:organization/{ORGANISATION}", "FeatureSet": "ALL", "MasterAccountId": management,
            "MasterAccountArn": f"arn:aws:organizations::{management}:account/{ORGANISATION}/{management}", "MasterAccountEmail": "root@example.com"}})
        self.json("organization/roots.json", {"Roots": [{"Id": "r-bnch", "Arn": f"arn:aws:organizations::{management}:root/{ORGANISATION}/r-bnch", "Name": "Root",
                                                         "PolicyTypes": [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}]}]})
        card = lambda a: {"Id": a, "Arn": f"arn:aws:organizations::{management}:account/{ORGANISATION}/{a}", "Email": f"{a}@example.com", "Name": f"account-{a}",
                          "Status": "ACTIVE", "JoinedMethod": "CREATED", "JoinedTimestamp": DATE}
        self.json("organization/accounts.json", {"Accounts": [card(account(i)) for i in range(n)]})
        for place in ["r-bnch", *units]:
            self.json(f"organization/ous/{place}.json", {"OrganizationalUnits": [
                {"Id": u, "Arn": f"arn:aws:organizations::{management}:ou/{ORGANISATION}/{u}", "Name": f"unit-{u[-2:]}"} for u in units if parents[u] == place]})
            self.json(f"organization/ou-accounts/{place}.json", {"Accounts": [card(a) for a, p in home.items() if p == place]})
        scps = {"p-FullAWSAccess": ("FullAWSAccess", True, document(allow("*")), ["r-bnch", *units, *home])}
        for at, place in enumerate(["r-bnch", *units]):
            scps[f"p-bnch{at:04d}"] = (f"guard-{at:02d}", False, document(
                {"Sid": "Regions", "Effect": "Deny", "NotAction": ["iam:*", "sts:*", "organizations:*", "cloudfront:*", "route53:*", "support:*"], "Resource": "*",
                 "Condition": {"StringNotEquals": {"aws:RequestedRegion": REGIONS}}},
                {"Sid": f"Keep{at}", "Effect": "Deny", "Action": ["cloudtrail:StopLogging", "cloudtrail:DeleteTrail", "guardduty:Delete*"], "Resource": "*"}), [place])
        summary = lambda ident: {"Id": ident, "Arn": f"arn:aws:organizations::{management}:policy/{ORGANISATION}/service_control_policy/{ident}",
                                 "Name": scps[ident][0], "Description": "", "Type": "SERVICE_CONTROL_POLICY", "AwsManaged": scps[ident][1]}
        self.json("organization/scps.json", {"Policies": [summary(i) for i in scps]})
        for ident, (_, _, doc, places) in scps.items():
            self.json(f"organization/policies/{ident}.json", {"Policy": {"PolicySummary": summary(ident), "Content": json.dumps(doc)}})
            kind = lambda p: "ROOT" if p.startswith("r-") else "ORGANIZATIONAL_UNIT" if p.startswith("ou-") else "ACCOUNT"
            self.json(f"organization/targets/{ident}.json", {"Targets": [{"TargetId": p, "Name": p, "Type": kind(p)} for p in places]})


def account(number):
    return f"{100_000 + number:012d}"


def name_of(arn):
    return arn.rsplit("/", 1)[-1]


def attach(arns):
    return [{"PolicyName": name_of(a), "PolicyArn": a} for a in sorted(set(arns))]


def report(acct, users):
    columns = ("user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,mfa_active,"
               "access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,"
               "access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,"
               "cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated")
    tail = "true,true,2025-05-05T00:00:00+00:00,2026-10-10T00:00:00+00:00,eu-west-1,s3,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A"
    rows = [f"<root_account>,arn:aws:iam::{acct}:root,{DATE},not_supported,no_information,not_supported,not_supported,true,false,N/A,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A"]
    rows += [f"{u},arn:aws:iam::{acct}:user/{u},{DATE},false,N/A,N/A,N/A,{tail}" for u in users]
    return "\n".join([columns, *rows]) + "\n"


def share(total, number, parts):
    """The numbers of the things that a part gets, so that all parts together have all."""
    return range(total * number // parts, total * (number + 1) // parts)


def log(root, role, acct):
    record = {"eventVersion": "1.11", "eventTime": "2026-10-31T10:00:00Z", "eventSource": "s3.amazonaws.com", "eventName": "ListBuckets", "awsRegion": REGIONS[0],
              "sourceIPAddress": "192.0.2.1", "userAgent": "aws-cli", "requestParameters": {}, "responseElements": None, "requestID": "R1",
              "eventID": "00000000-0000-4000-8000-000000000001", "readOnly": True, "eventType": "AwsApiCall", "managementEvent": True,
              "recipientAccountId": acct, "eventCategory": "Management",
              "userIdentity": {"type": "AssumedRole", "principalId": f"{role['RoleId']}:s", "arn": f"arn:aws:sts::{acct}:assumed-role/{role['RoleName']}/s",
                               "accountId": acct, "accessKeyId": "ASIAEXAMPLEEXAMPLE00",
                               "sessionContext": {"sessionIssuer": {"type": "Role", "principalId": role["RoleId"], "arn": role["Arn"], "accountId": acct, "userName": role["RoleName"]},
                                                  "attributes": {"creationDate": "2026-10-31T09:00:00Z", "mfaAuthenticated": "false"}}}}
    folder = pathlib.Path(f"{root}-log")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "log.json.gz").write_bytes(gzip.compress(json.dumps({"Records": [record]}).encode(), mtime=0))


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("dir")
    for name, default in [("accounts", 500), ("roles", 10_000), ("users", 2_000), ("policies", 1_500), ("groups", 1_000), ("buckets", 500), ("keys", 500), ("seed", 1)]:
        words.add_argument(f"--{name}", type=int, default=default)
    words.add_argument("--admin", action="store_true")
    words.add_argument("--log", action="store_true")
    options = words.parse_args()
    root = pathlib.Path(options.dir)
    if (root / "manifest.json").exists():
        raise SystemExit(f"{root} has a bundle already")
    made = Maker(options, root)
    made.json("manifest.json", {"bundleVersion": 1, "createdAt": MADE})
    principals, policies = 0, set()
    n = options.accounts
    for number in range(n):
        told = made.account(number, *(share(total, number, n) for total in (options.roles, options.users, options.policies, options.groups)))
        principals += told["principals"]
        policies.update(told["policies"])
    made.organisation()
    for at in range(options.buckets):
        made.bucket(at)
    for at in range(options.keys):
        made.key(at)
    if options.log:
        acct = account(0)
        details = json.loads((root / f"accounts/{acct}/iam/gaad.json").read_text())
        log(root, details["RoleDetailList"][0], acct)
    counts = {"principals": principals, "policies": len(policies), "accounts": n, "files": made.files, "bytes": made.bytes}
    pathlib.Path(f"{root}.json").write_text(json.dumps(counts) + "\n")
    print(json.dumps(counts))


main()
