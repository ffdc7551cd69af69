#!/usr/bin/env python3
"""Makes a window of CloudTrail logs for the organisation of bench/grants/generate.py, the same bytes every time.

    python3 logs.py BUNDLE LOGS [--rows 1000000] [--days 90] [--seed 1]

Every role but one in twenty works: it makes calls that its policies allow, on names inside their resource patterns, so that rolled up
by principal, action, resource and context they come to about the wanted number of rows. One call in thirty is refused, and all of the
roles that hold nothing. What was made is told in LOGS.json.
"""
import argparse
import datetime
import gzip
import json
import pathlib
import random

END = datetime.datetime(2026, 11, 1, tzinfo=datetime.timezone.utc)
# Actions that are data events, by service.
DATA = {
    "s3": {"GetObject", "PutObject", "DeleteObject", "ListBucket", "GetObjectTagging", "PutObjectTagging", "AbortMultipartUpload"},
    "dynamodb": {"GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "Scan", "BatchGetItem", "BatchWriteItem"},
    "sqs": {"SendMessage", "ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility"},
    "sns": {"Publish"},
    "lambda": {"InvokeFunction"},
    "cloudwatch": {"PutMetricData", "GetMetricData", "ListMetrics"},
}
EVENTS = {"s3:ListBucket": "ListObjects", "lambda:InvokeFunction": "Invoke", "lambda:GetFunction": "GetFunction20150331v2",
          "lambda:UpdateFunctionCode": "UpdateFunctionCode20150331v2", "lambda:PublishVersion": "PublishVersion20150331"}
SOURCES = {"cloudwatch": "monitoring"}
# Actions of which no event is logged, or that no call is named after; and one that changes grants: a made-up event of it does not tell whose.
SILENT = {"logs:PutLogEvents", "ec2:CreateTags", "iam:CreateServiceLinkedRole"}
READS = ("Get", "List", "Describe", "Batch", "Query", "Scan", "Receive", "Filter", "Decrypt", "Encrypt")
WIDE = ["ec2:DescribeInstances", "ec2:DescribeVpcs", "ec2:DescribeSubnets", "ecs:ListClusters", "rds:DescribeDBInstances", "cloudwatch:DescribeAlarms"]
# Services of the permissions boundary of bench/grants/generate.py.
BOUNDED = set("cloudwatch dynamodb ec2 ecr ecs events kms lambda logs rds s3 secretsmanager sns sqs ssm states".split())
# Whose calls show that the logs cover the window: it is in no export, and nothing of it can be reduced.
WATCHER = "AWSServiceRoleForConfig"


def names(pattern, count, draw):
    """Resources inside a pattern."""
    if pattern == "*" or "*" not in pattern:
        return [pattern]
    return [pattern.replace("*", f"item{draw.randrange(10_000):04d}") for _ in range(count)]


def allowed(document, denied, bounded):
    """Actions with names and their resource patterns, of the Allow statements; those that another statement denies are left out, and
    those that the boundary does not let pass."""
    for s in document["Statement"]:
        if s["Effect"] != "Allow" or "Action" not in s or "Bool" in s.get("Condition", {}):
            continue
        actions = s["Action"] if isinstance(s["Action"], list) else [s["Action"]]
        resources = s["Resource"] if isinstance(s["Resource"], list) else [s["Resource"]]
        regions = s.get("Condition", {}).get("StringEquals", {}).get("aws:RequestedRegion")
        for action in actions:
            if "*" in action or action in SILENT or denied and action.startswith(("iam:", "organizations:")):
                continue
            if not bounded or action.split(":")[0] in BOUNDED:
                yield action, resources, regions


def fitting(action, resources):
    """Patterns of a bucket for actions on buckets, of objects for others."""
    if action.startswith("s3:"):
        of_objects = action not in ("s3:ListBucket", "s3:GetBucketLocation")
        return [r for r in resources if r.endswith("/*") == of_objects]
    return resources


class Maker:
    def __init__(self, options):
        self.options = options
        self.draw = random.Random(options.seed)
        self.count = self.bytes = 0

    def record(self, account, role, action, resource, region, moment, denied):
        service, name = action.split(":")
        event = EVENTS.get(action, name)
        self.count += 1
        data = name in DATA.get(service, ())
        record = {
            "eventVersion": "1.11",
            "userIdentity": {"type": "AssumedRole", "principalId": f"{role['RoleId']}:work", "arn": f"arn:aws:sts::{account}:assumed-role/{role['RoleName']}/work",
                             "accountId": account, "accessKeyId": "ASIAEXAMPLEEXAMPLE00",
                             "sessionContext": {"sessionIssuer": {"type": "Role", "principalId": role["RoleId"], "arn": role["Arn"], "accountId": account,
                                                                  "userName": role["RoleName"]},
                                                "attributes": {"creationDate": "2026-08-01T00:00:00Z", "mfaAuthenticated": "false"}}},
            "eventTime": moment.strftime("%Y-%m-%dT%H:%M:%SZ"), "eventSource": f"{SOURCES.get(service, service)}.amazonaws.com", "eventName": event,
            "awsRegion": region, "sourceIPAddress": "192.0.2.1", "userAgent": "aws-sdk", "requestParameters": None, "responseElements": None,
            "requestID": f"R{self.count}", "eventID": f"00000000-0000-4000-8000-{self.count:012x}", "readOnly": name.startswith(READS),
            "eventType": "AwsApiCall", "managementEvent": not data, "recipientAccountId": account, "eventCategory": "Data" if data else "Management"}
        if resource != "*":
            record["resources"] = [{"ARN": resource, "accountId": account}]
        if denied:
            record["errorCode"] = "AccessDenied"
            record["errorMessage"] = "is not authorized"
        return record

    def role(self, account, role, documents, rows, out):
        draw = self.draw
        denied = any(s["Effect"] == "Deny" for d in documents for s in d["Statement"])
        chosen = [made for d in documents for made in allowed(d, denied, "PermissionsBoundary" in role) if draw.random() < 0.5]
        refused = not chosen
        if refused:
            chosen = [(a, ["*"], None) for a in WIDE]
            rows = len(WIDE)
        each = max(1, rows // len(chosen))
        made = 0
        while made < rows:
            action, resources, regions = draw.choice(chosen)
            patterns = fitting(action, resources) or ["*"]
            for resource in names(draw.choice(patterns), min(each, 8), draw):
                region = resource.split(":")[3] if resource != "*" else ""
                region = region or draw.choice(regions or ["eu-west-1", "eu-central-1", "us-east-1"])
                moment = END - datetime.timedelta(seconds=draw.randrange(1, self.options.days * 86_400))
                out.append(self.record(account, role, action, resource, region, moment, refused or draw.random() < 0.03))
                made += 1

    def write(self, root, account, records):
        records.sort(key=lambda r: r["eventTime"])
        folder = root / f"AWSLogs/{account}/CloudTrail/eu-west-1/2026/10/31"
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"Records": records}, separators=(",", ":")).encode()
        self.bytes += len(text)
        (folder / f"{account}_CloudTrail_eu-west-1_20261031T2355Z_bench.json.gz").write_bytes(gzip.compress(text, 1, mtime=0))


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("bundle")
    words.add_argument("logs")
    for name, default in [("rows", 1_000_000), ("days", 90), ("seed", 1)]:
        words.add_argument(f"--{name}", type=int, default=default)
    options = words.parse_args()
    counts = make(Maker(options), pathlib.Path(options.bundle), pathlib.Path(options.logs))
    pathlib.Path(f"{options.logs}.json").write_text(json.dumps(counts) + "\n")
    print(json.dumps(counts))


def make(maker, bundle, root):
    """Lets every role work, account by account; gives the counts."""
    options = maker.options
    pages = sorted(bundle.glob("accounts/*/iam/gaad.json"))
    total = sum(len(json.loads(p.read_text())["RoleDetailList"]) for p in pages)
    rows = max(1, options.rows * 20 // 19 // total)
    for page in pages:
        account = page.parent.parent.name
        told = json.loads(page.read_text())
        policies = {p["Arn"]: p["PolicyVersionList"][0]["Document"] for p in told["Policies"]}
        records = []
        for at, role in enumerate(told["RoleDetailList"]):
            if at % 20 == 7:
                continue
            documents = [p["PolicyDocument"] for p in role["RolePolicyList"]]
            documents += [policies[p["PolicyArn"]] for p in role["AttachedManagedPolicies"]]
            maker.role(account, role, documents, rows, records)
        # A call of each class and region near both ends of every day, so that the logs cover the window.
        watcher = {"RoleId": f"AROAWATCH{account}", "RoleName": WATCHER, "Arn": f"arn:aws:iam::{account}:role/aws-service-role/config.amazonaws.com/{WATCHER}"}
        for day in range(options.days):
            for region in ["eu-west-1", "eu-central-1", "us-east-1"]:
                for action in ["sts:GetCallerIdentity", "ec2:StartInstances"]:
                    moment = END - datetime.timedelta(days=day, hours=1)
                    records.append(maker.record(account, watcher, action, "*", region, moment, False))
        maker.write(root, account, records)
    return {"records": maker.count, "bytes": maker.bytes, "accounts": len(pages), "roles": total}


if __name__ == "__main__":
    main()
