#!/usr/bin/env python3
"""Makes logs and an export of grants whose every text is an attack on whoever reads it.

    python3 generate.py FOLDER          writes FOLDER/logs and FOLDER/grants; same bytes every time
    python3 generate.py FOLDER --long   the same with one name of a megabyte, and no others

Nothing of it is kept in the repository: some names are a megabyte long. `tests/break` runs it through the whole product.
"""
import datetime as dt
import hashlib
import json
import pathlib
import sys

ACCOUNT, OTHER = "111122223333", "444455556666"
END = dt.datetime(2026, 11, 1, tzinfo=dt.timezone.utc)
DAYS = 7
MEGABYTE = 1 << 20

# What acts on a reader of some format. PWNED is what a shell would make.
ACTS = [
    "<script>alert(1)</script>", "</script><img src=x onerror=alert(1)>", "{{resolve:secretsmanager:prod}}", "\" onmouseover=\"alert(1)", "' autofocus onfocus='alert(1)", "<!--", "]]><svg/onload=alert(1)>",
    "=cmd|'/c calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1+1", "\r=1+1", "=HYPERLINK(\"http://x.invalid\")", "\n=1+1", " =1+1", "\uff1d1+1",
    "\u001b[31mred\u001b[0m", "\u001b]8;;http://x.invalid\u0007link\u001b]8;;\u0007", "\u001b[2J\u001b[1;1H", "\u009b31m", "\u0007\u0008\u007f",
    "abc\u202egpj.exe", "\u2066\u2067\u2068\u2069", "\u200b\u200c\u200d\ufeff\u2060", "tag\U000e0041\U000e0042", "\u3164\u115f", "a\u00adb", "\ufff9x\ufffay\ufffb",
    "line\none\r\ntwo", "a\rb", "nul\u0000byte", "\u2028\u2029\u0085", "a|b|c", "`code` ```fence```", "~~~\nfence\n~~~", "[x](javascript:alert(1))", "![x](http://x.invalid/y)", "<http://x.invalid>",
    "# heading", "- item\n- item", "\n\n---\n\n# heading", "&amp;&#x41;&lt;", "\"quoted\" 'single'", "\\", "\\\\\"", "a,b;c", "{{7*7}} ${7*7} {0} %s %n",
    "$(touch PWNED)", "`touch PWNED`", "'; touch PWNED; '", "\"; touch PWNED; \"", "; touch PWNED #", "| touch PWNED", "&& touch PWNED", "\ntouch PWNED\n", "EOF\ntouch PWNED\n", "-rf", "--profile=x",
    "!!", "*", "~", "${aws_iam_role.x.arn}", "%{ if true }x%{ endif }", "!Sub ${x}", "}\nfake_metric 1", "\"} 1\nfake_metric 1", "---\n- yaml: true", "!!python/object:x", "*/ /*", "'''", "\u00e9\u0301",
]
# What acts on a file system.
PATHS = [
    "../../x", "..", ".", "/etc/passwd", "..\\..\\x", "C:\\x", "a/b", "a\\b", "./x", "x/..", "%2e%2e%2fx", "..%2fx", "\u2025/x", "\uff0e\uff0e\uff0fx", "x\u0000.json",
    "CON", "con", "NUL", "nul.txt", "aux.json", "PRN", "COM1", "lpt9.x", "CONIN$", "trailing.", "trailing..", "trailing ", " leading", ".hidden", "-dash", "Deploy", "deploy", "DEPLOY", "dePloy",
    "evidence.json", "current", "main.tf", "caf\u00e9", "cafe\u0301", "x" * 300, "x" * 299 + "y", "\u00e4" * 200, "a:b", "a*b", "a?b", "a<b", "a|b", "a\"b",
]
LONG = ["<b>\u202eL" * (MEGABYTE // 8)]


names = list(dict.fromkeys(ACTS + PATHS))


def uid(kind, name):
    return kind + hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:16].upper()


def iso(at):
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


OLD = iso(END - dt.timedelta(days=400))


def arn(kind, name, account=ACCOUNT):
    return f"arn:aws:iam::{account}:{kind}/{name}"


def document(text, *, trust=False):
    statement = {"Sid": text, "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject", "dynamodb:GetItem", "iam:CreateUser", text],
                 "Resource": ["arn:aws:s3:::bucket/*", f"arn:aws:s3:::bucket/{text}", "*"], "Condition": {"StringNotEquals": {"aws:PrincipalTag/" + text: text}}}
    if trust:
        statement = {"Sid": text, "Effect": "Allow", "Principal": {"AWS": [arn("role", text), f"arn:aws:iam::{OTHER}:root", text], "Service": [text], "Federated": text},
                     "Action": "sts:AssumeRole", "Condition": {"StringEquals": {"sts:ExternalId": text, "aws:PrincipalOrgID": text}}}
    plain = {"Sid": "Plain", "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "dynamodb:GetItem", "iam:CreateUser"], "Resource": "*"}
    if trust:
        plain = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root", "Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [plain, statement]}


def plain(*, trust=False):
    return {"Version": "2012-10-17", "Statement": document("", trust=trust)["Statement"][:1]}


def tags(text):
    return [{"Key": text, "Value": text}, {"Key": "owner", "Value": text}]


def export():
    roles, users, groups, policies = [], [], [], []
    for at, text in enumerate(names):
        # Every second role has documents without the text, so that there is something to propose.
        body = document(text) if at % 2 else plain()
        role = {"RoleName": text, "RoleId": uid("AROA", text), "Arn": arn("role", text), "Path": "/", "CreateDate": OLD, "AssumeRolePolicyDocument": document(text, trust=True) if at % 4 == 1 else plain(trust=True),
                "RolePolicyList": [{"PolicyName": text, "PolicyDocument": body}], "AttachedManagedPolicies": [{"PolicyName": text, "PolicyArn": arn("policy", text)}],
                "InstanceProfileList": [], "Tags": tags(text), "Description": text}
        roles.append(role)
        users.append({"UserName": text, "UserId": uid("AIDA", text), "Arn": arn("user", text), "Path": f"/{text}/" if len(text) < 500 else "/", "CreateDate": OLD, "GroupList": [text], "Tags": tags(text),
                      "UserPolicyList": [{"PolicyName": text, "PolicyDocument": plain()}], "AttachedManagedPolicies": []})
        if at % 3 == 0:
            groups.append({"GroupName": text, "GroupId": uid("AGPA", text), "Arn": arn("group", text), "Path": "/", "CreateDate": OLD, "GroupPolicyList": [{"PolicyName": text, "PolicyDocument": plain()}], "AttachedManagedPolicies": []})
        policies.append({"PolicyName": text, "PolicyId": uid("ANPA", text), "Arn": arn("policy", text), "Path": "/", "DefaultVersionId": "v1", "AttachmentCount": 1, "CreateDate": OLD, "UpdateDate": OLD, "IsAttachable": True,
                         "PolicyVersionList": [{"VersionId": "v1", "IsDefaultVersion": True, "CreateDate": OLD, "Document": plain()}], "Description": text})
    return {"UserDetailList": users, "GroupDetailList": groups, "RoleDetailList": roles, "Policies": policies, "IsTruncated": False}


def identity(kind, text):
    if kind == "user":
        return {"type": "IAMUser", "principalId": uid("AIDA", text), "arn": arn("user", text), "accountId": ACCOUNT, "accessKeyId": "AKIAEXAMPLE0000000AA", "userName": text}
    return {"type": "AssumedRole", "principalId": f"{uid('AROA', text)}:{text}", "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{text}/{text}", "accountId": ACCOUNT, "accessKeyId": "ASIAEXAMPLE0000000AA",
            "sessionContext": {"sessionIssuer": {"type": "Role", "principalId": uid("AROA", text), "arn": arn("role", text), "accountId": ACCOUNT, "userName": text},
                               "attributes": {"mfaAuthenticated": "false", "creationDate": OLD}, "sourceIdentity": text}}


def record(number, at, who, source, name, request, text, **more):
    return {"eventVersion": "1.09", "eventID": f"00000000-0000-4000-8000-{number:012d}", "eventTime": iso(at), "eventSource": source, "eventName": name, "awsRegion": "eu-west-1",
            "sourceIPAddress": "198.51.100.7" if number % 2 else text, "userAgent": text, "requestID": text, "requestParameters": request, "responseElements": None, "eventType": "AwsApiCall", "managementEvent": source != "s3.amazonaws.com",
            "recipientAccountId": ACCOUNT, "userIdentity": who, "readOnly": True, **more}


def events():
    number, first = 0, END - dt.timedelta(days=DAYS)
    for day in range(DAYS):
        for place, text in enumerate(names):
            at = first + dt.timedelta(days=day, hours=1 + place % 20, seconds=place)
            role, user = identity("role", text), identity("user", text)
            if (day + place) % DAYS < 2 or place % 5 == day % 5:
                number += 1
                yield day, record(number, at, role, "s3.amazonaws.com", "GetObject", {"bucketName": "bucket", "key": text}, text,
                                  resources=[{"ARN": f"arn:aws:s3:::bucket/{text}", "type": "AWS::S3::Object"}, {"ARN": "arn:aws:s3:::bucket", "accountId": ACCOUNT, "type": "AWS::S3::Bucket"}])
            if day == place % DAYS:
                number += 1
                yield day, record(number, at, user, "dynamodb.amazonaws.com", "GetItem", {"tableName": text, "key": {text: text}}, text)
                if names is LONG:
                    continue
                number += 1
                message = f"User: {role['arn']} is not authorized to perform: iam:CreateUser on resource: {arn('user', text)} because no identity-based policy allows the iam:CreateUser action"
                yield day, record(number, at, role, "iam.amazonaws.com", "CreateUser", {"userName": text, "tags": tags(text)}, text, errorCode="AccessDenied", errorMessage=message)
                number += 1
                yield day, record(number, at, role, "iam.amazonaws.com", "CreateUser", {"userName": text}, text, errorCode="AccessDenied", errorMessage=text)
                number += 1
                outside = {"type": "AWSAccount", "principalId": f"AIDAOUTSIDE:{text}", "accountId": OTHER}
                yield day, record(number, at, outside, "sts.amazonaws.com", "AssumeRole", {"roleArn": arn("role", text), "roleSessionName": text, "externalId": text, "sourceIdentity": text}, text,
                                  sharedEventID=text, responseElements={"credentials": {"accessKeyId": "ASIAISSUED0000000001", "sessionToken": "x"}, "assumedRoleUser": {"arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{text}/{text}"}})
                number += 1
                yield day, record(number, at, user, "iam.amazonaws.com", "PutRolePolicy", {"roleName": text, "policyName": text, "policyDocument": json.dumps(document(text))}, text)
                number += 1
                yield day, record(number, at, user, "ec2.amazonaws.com", text or "X", {"x": text}, text, errorCode=text)
                number += 1
                # Names of service and event, and the id, are the sender's too.
                odd = record(number, at, role, f"{text}.amazonaws.com", "GetObject", {"bucketName": text}, text)
                yield day, {**odd, "eventID": f"{text}#{number}", "awsRegion": text, "eventType": text, "vpcEndpointId": text, "tlsDetails": {"tlsVersion": text}}


def main(folder):
    base = pathlib.Path(folder)
    by_day = {}
    for day, event in events():
        by_day.setdefault(day, []).append(event)
    for day, records in by_day.items():
        date = (END - dt.timedelta(days=DAYS - day)).strftime("%Y/%m/%d")
        path = base / "logs" / "AWSLogs" / ACCOUNT / "CloudTrail" / "eu-west-1" / date / f"{ACCOUNT}_CloudTrail_eu-west-1_{date.replace('/', '')}T0000Z_x.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"Records": records}))
    # File names too, as far as the file system takes them.
    for place, text in enumerate(names):
        if "/" in text or "\0" in text or text in (".", "..") or len(text.encode()) > 200:
            continue
        odd = base / "logs" / "odd" / f"{text}.json"
        odd.parent.mkdir(parents=True, exist_ok=True)
        event = record(900_000 + place, END - dt.timedelta(days=1), identity("role", text), "s3.amazonaws.com", "ListBuckets", None, text)
        odd.write_text(json.dumps({"Records": [event, {"eventName": text}]}))
    grants = base / "grants"
    grants.mkdir(parents=True, exist_ok=True)
    (grants / "gaad.json").write_text(json.dumps(export()))
    (grants / "note \u001b[31m<script>.json").write_text("{ not JSON")


if __name__ == "__main__":
    if "--long" in sys.argv:
        names = LONG
    main(sys.argv[1])
