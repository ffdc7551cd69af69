#!/usr/bin/env python3
"""Makes the cases of the evaluation benchmark, in the format of `simulate`. Same bytes every time.

    python3 generate.py DIR    writes DIR/full.ndjson and DIR/identity.ndjson

`full`: one role session under 10 identity policies of 5 statements, a permissions boundary and 4 SCPs over 3
levels. `identity`: the same session under one identity policy of 5 statements and nothing else. Each set has 2,000
distinct requests on the same policies. Ids are from AWS's documentation ranges.
"""
import json
import pathlib
import random
import sys

REQUESTS = 2000
ACCOUNT, OTHER = "111122223333", "444455556666"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/platform-deploy"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/platform-deploy/build-17"
REGIONS = ["eu-west-1"] * 10 + ["eu-central-1"] * 6 + ["us-east-1"] * 2 + ["ap-southeast-2"]
TEAMS = ["orders", "billing", "search"]


def statement(effect, sid, actions, resources, condition=None, not_action=False):
    made = {"Sid": sid, "Effect": effect, "NotAction" if not_action else "Action": actions, "Resource": resources}
    if condition:
        made["Condition"] = condition
    return made


def allow(sid, actions, resources, condition=None):
    return statement("Allow", sid, actions, resources, condition)


def deny(sid, actions, resources, condition=None):
    return statement("Deny", sid, actions, resources, condition)


def policy(name, *statements):
    return {"name": name, "document": {"Version": "2012-10-17", "Statement": list(statements)}}


def arn(service, resource, region="*", account=ACCOUNT):
    return f"arn:aws:{service}:{region}:{account}:{resource}"


IDENTITY = [
    policy(
        "storage",
        allow("ReadData", ["s3:GetObject*", "s3:ListBucket*", "s3:GetBucket*"], ["arn:aws:s3:::app-data-*", "arn:aws:s3:::app-data-*/*"]),
        allow("WriteIncoming", ["s3:PutObject", "s3:PutObjectTagging", "s3:AbortMultipartUpload", "s3:DeleteObject"], "arn:aws:s3:::app-data-*/incoming/*",
              {"StringEqualsIfExists": {"s3:x-amz-server-side-encryption": ["aws:kms", "AES256"]}}),
        allow("ListHome", "s3:ListBucket", "arn:aws:s3:::team-home", {"StringLike": {"s3:prefix": ["${aws:PrincipalTag/team}/*", "shared/*"]}}),
        allow("OwnHome", ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], "arn:aws:s3:::team-home/${aws:PrincipalTag/team}/*"),
        allow("ListBuckets", ["s3:ListAllMyBuckets", "s3:GetAccountPublicAccessBlock"], "*"),
    ),
    policy(
        "tables",
        allow("ReadTables", ["dynamodb:Get*", "dynamodb:BatchGet*", "dynamodb:Query", "dynamodb:Scan", "dynamodb:Describe*"],
              [arn("dynamodb", "table/orders*"), arn("dynamodb", "table/orders*/index/*"), arn("dynamodb", "table/catalogue")]),
        allow("WriteOrders", ["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:BatchWriteItem"], arn("dynamodb", "table/orders-*", "eu-*")),
        allow("DeleteOwnRows", "dynamodb:DeleteItem", arn("dynamodb", "table/orders-*"),
              {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["${aws:PrincipalTag/team}#*"]}}),
        allow("Streams", ["kinesis:PutRecord*", "kinesis:Get*", "kinesis:DescribeStream*"], arn("kinesis", "stream/clicks-*")),
        allow("Caches", ["elasticache:Describe*", "elasticache:ListTagsForResource"], "*"),
    ),
    policy(
        "messaging",
        allow("Queues", ["sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueue*", "sqs:ChangeMessageVisibility"],
              [arn("sqs", "work-*"), arn("sqs", "*-dead-letter")]),
        allow("PurgeInOffice", "sqs:PurgeQueue", arn("sqs", "work-*"), {"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "2001:db8::/32"]}}),
        allow("Topics", ["sns:Publish", "sns:Subscribe", "sns:Get*", "sns:List*"], arn("sns", "events-??-*")),
        allow("Events", ["events:PutEvents", "events:Describe*"], [arn("events", "event-bus/app"), arn("events", "event-bus/app-*")]),
        allow("Rules", ["events:PutRule", "events:DeleteRule", "events:EnableRule", "events:DisableRule"], arn("events", "rule/app/*")),
    ),
    policy(
        "compute",
        allow("See", ["ec2:Describe*", "autoscaling:Describe*", "elasticloadbalancing:Describe*"], "*"),
        allow("StartStop", ["ec2:StartInstances", "ec2:StopInstances", "ec2:RebootInstances"], arn("ec2", "instance/*"),
              {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}),
        allow("RunSmall", "ec2:RunInstances", arn("ec2", "instance/*", "eu-west-1"), {"StringLike": {"ec2:InstanceType": ["t3.*", "t4g.*", "m7?.large"]}}),
        allow("RunBeside", "ec2:RunInstances", [arn("ec2", "subnet/*"), arn("ec2", "security-group/*"), arn("ec2", "volume/*"), arn("ec2", "network-interface/*")]),
        allow("Tag", ["ec2:CreateTags", "ec2:DeleteTags"], arn("ec2", "*/*"), {"ForAllValues:StringEquals": {"aws:TagKeys": ["team", "stage", "cost-centre"]}}),
    ),
    policy(
        "functions",
        allow("Call", ["lambda:Invoke*", "lambda:Get*", "lambda:ListTags"], arn("lambda", "function:app-*")),
        allow("Ship", ["lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration", "lambda:PublishVersion"], [arn("lambda", "function:app-*"), arn("lambda", "function:job-*")]),
        allow("Remove", "lambda:DeleteFunction", arn("lambda", "function:*-preview")),
        allow("Machines", ["states:StartExecution", "states:Describe*", "states:StopExecution"], [arn("states", "stateMachine:app-*"), arn("states", "execution:app-*:*")]),
        allow("FunctionList", ["lambda:ListFunctions", "lambda:GetAccountSettings", "states:ListStateMachines"], "*"),
    ),
    policy(
        "observability",
        allow("Logs", ["logs:Get*", "logs:FilterLogEvents", "logs:Describe*", "logs:StartQuery"], [arn("logs", "log-group:/aws/lambda/app-*"), arn("logs", "log-group:/app/*:*")]),
        allow("WriteLogs", ["logs:CreateLogStream", "logs:PutLogEvents"], arn("logs", "log-group:/app/*:log-stream:*")),
        allow("Metrics", "cloudwatch:PutMetricData", "*", {"StringLike": {"cloudwatch:namespace": ["App/*", "Jobs"]}}),
        allow("SeeMetrics", ["cloudwatch:Get*", "cloudwatch:List*", "cloudwatch:Describe*"], "*"),
        allow("Traces", ["xray:Put*", "xray:Get*", "xray:BatchGet*"], "*"),
    ),
    policy(
        "secrets",
        allow("Read", ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"], [arn("secretsmanager", "secret:app/*"), arn("secretsmanager", "secret:prod/*")]),
        allow("Rotate", ["secretsmanager:PutSecretValue", "secretsmanager:RotateSecret"], arn("secretsmanager", "secret:app/*"),
              {"StringEquals": {"aws:ResourceTag/team": ["orders", "billing"]}}),
        allow("Parameters", ["ssm:GetParameter*", "ssm:DescribeParameters"], [arn("ssm", "parameter/app/*"), arn("ssm", "parameter/shared/*")]),
        allow("Decrypt", ["kms:Decrypt", "kms:GenerateDataKey*"], arn("kms", "key/*"), {"StringLike": {"kms:ViaService": ["s3.*.amazonaws.com", "secretsmanager.eu-west-1.amazonaws.com"]}}),
        deny("KeepProduction", ["secretsmanager:*Secret*", "ssm:*Parameter*"], [arn("secretsmanager", "secret:prod/*"), arn("ssm", "parameter/prod/*")],
             {"StringNotLike": {"aws:UserAgent": ["deployer/*"]}}),
    ),
    policy(
        "containers",
        allow("Login", "ecr:GetAuthorizationToken", "*"),
        allow("Pull", ["ecr:BatchGet*", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability", "ecr:Describe*"], arn("ecr", "repository/*")),
        allow("Push", ["ecr:PutImage", "ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload"], arn("ecr", "repository/app/*", "eu-west-1")),
        allow("Deploy", ["ecs:UpdateService", "ecs:DescribeServices", "ecs:DescribeTasks", "ecs:StopTask"], "*",
              {"ArnLike": {"ecs:cluster": [arn("ecs", "cluster/app-*"), arn("ecs", "cluster/jobs", "eu-west-1")]}}),
        allow("Register", ["ecs:RegisterTaskDefinition", "ecs:DescribeTaskDefinition"], "*"),
    ),
    policy(
        "access",
        allow("SeeRoles", ["iam:Get*", "iam:List*"], [f"arn:aws:iam::{ACCOUNT}:role/*", f"arn:aws:iam::{ACCOUNT}:policy/*"]),
        allow("Pass", "iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/app-*", {"StringEquals": {"iam:PassedToService": ["lambda.amazonaws.com", "ecs-tasks.amazonaws.com"]}}),
        allow("Hop", "sts:AssumeRole", [f"arn:aws:iam::{ACCOUNT}:role/deploy-*", f"arn:aws:iam::{OTHER}:role/deploy-*"]),
        allow("Roles", ["iam:CreateRole", "iam:TagRole", "iam:PutRolePolicy", "iam:DeleteRole"], f"arn:aws:iam::{ACCOUNT}:role/app-*"),
        deny("NoAdmins", ["iam:*User*", "iam:*AccessKey*", "iam:PutRolePolicy", "iam:AttachRolePolicy"],
             [f"arn:aws:iam::{ACCOUNT}:user/*", f"arn:aws:iam::{ACCOUNT}:role/app-admin*"]),
    ),
    policy(
        "data",
        allow("Query", ["athena:StartQueryExecution", "athena:Get*", "athena:BatchGet*"], arn("athena", "workgroup/analytics-*"),
              {"DateLessThan": {"aws:CurrentTime": "2027-01-01T00:00:00Z"}, "Bool": {"aws:SecureTransport": "true"}}),
        allow("Catalogue", ["glue:Get*", "glue:BatchGet*"], [arn("glue", "catalog"), arn("glue", "database/app_*"), arn("glue", "table/app_*/*")]),
        allow("Databases", ["rds:Describe*", "rds:StartDBInstance", "rds:StopDBInstance", "rds:CreateDBSnapshot"], [arn("rds", "db:app-*"), arn("rds", "snapshot:app-*")]),
        allow("Stacks", ["cloudformation:Describe*", "cloudformation:*ChangeSet", "cloudformation:UpdateStack"], arn("cloudformation", "stack/app-*/*"),
              {"StringNotEquals": {"aws:PrincipalTag/team": "search"}}),
        allow("PageOfKeys", "s3:ListBucket", "arn:aws:s3:::audit-*", {"NumericLessThanEquals": {"s3:max-keys": "100"}}),
    ),
]

BOUNDARY = [
    policy(
        "developer-boundary",
        allow("Services", ["s3:*", "dynamodb:*", "kinesis:*", "sqs:*", "sns:*", "events:*", "ec2:*", "lambda:*", "states:*", "logs:*", "cloudwatch:*", "xray:*",
                           "secretsmanager:*", "ssm:Get*", "kms:*", "ecr:*", "ecs:*", "athena:*", "glue:Get*", "cloudformation:*", "autoscaling:*"], "*"),
        allow("Access", ["iam:Get*", "iam:List*", "iam:PassRole", "iam:TagRole", "sts:*"], "*"),
        allow("BoundedRoles", ["iam:CreateRole", "iam:PutRolePolicy"], f"arn:aws:iam::{ACCOUNT}:role/app-*",
              {"StringEquals": {"iam:PermissionsBoundary": f"arn:aws:iam::{ACCOUNT}:policy/developer-boundary"}}),
        deny("KeepBackups", ["dynamodb:DeleteTable", "s3:DeleteBucket*", "rds:Delete*"], "*"),
    )
]

EVERYTHING = allow("Everything", "*", "*")
SCP = [
    {"level": "r-exam", "policies": [
        policy("full-access", EVERYTHING),
        policy("home-regions", statement(
            "Deny", "OutsideHome", ["iam:*", "sts:*", "s3:ListAllMyBuckets", "s3:GetAccountPublicAccessBlock", "cloudfront:*", "route53:*", "organizations:*"], "*",
            {"StringNotEquals": {"aws:RequestedRegion": ["eu-west-1", "eu-central-1"]}, "ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/break-glass-*"}}, not_action=True)),
    ]},
    {"level": "ou-exam-workloads", "policies": [
        policy("approved-services", EVERYTHING, statement(
            "Deny", "NotApproved", ["s3:*", "dynamodb:*", "kinesis:*", "sqs:*", "sns:*", "events:*", "ec2:*", "lambda:*", "states:*", "logs:*", "cloudwatch:*", "xray:*",
                                    "secretsmanager:*", "ssm:*", "kms:*", "ecr:*", "ecs:*", "athena:*", "glue:*", "rds:*", "cloudformation:*", "iam:*", "sts:*",
                                    "autoscaling:*", "elasticloadbalancing:*"], "*", not_action=True)),
    ]},
    {"level": ACCOUNT, "policies": [
        policy("account-guardrails", EVERYTHING,
               deny("OnlyTls", "*", "*", {"Bool": {"aws:SecureTransport": "false"}}),
               deny("NoPlainObjects", "s3:PutObject", "arn:aws:s3:::*/*", {"StringNotEqualsIfExists": {"s3:x-amz-server-side-encryption": "aws:kms"}}),
               deny("KeepTrail", ["logs:DeleteLogGroup", "ec2:DeleteFlowLogs", "kms:ScheduleKeyDeletion", "kms:DisableKey"], "*", {"ArnNotEquals": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/audit"}})),
    ]},
]

# The one policy of `identity`.
SINGLE = policy(
    "deployer",
    IDENTITY[0]["document"]["Statement"][0],
    IDENTITY[3]["document"]["Statement"][1],
    allow("Tables", ["dynamodb:*Item", "dynamodb:Query", "dynamodb:Describe*", "sqs:*Message", "sqs:Get*"], [arn("dynamodb", "table/orders*"), arn("sqs", "work-*")]),
    IDENTITY[0]["document"]["Statement"][3],
    deny("KeepRaw", ["s3:DeleteObject*", "s3:PutObject", "dynamodb:Delete*"], ["arn:aws:s3:::*/raw/*", arn("dynamodb", "table/orders-audit")]),
)


class Maker:
    """Draws requests. Every draw comes from one seeded source."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.region = "eu-west-1"

    def one(self, *of):
        return self.random.choice(of)

    def number(self):
        return self.random.randrange(100000)

    def here(self, service, resource):
        return arn(service, resource, self.region)

    # One method for each kind of resource: (action, resource, context of its own).

    def s3_object(self):
        bucket = self.one("app-data-orders", "app-data-search", "team-home", "team-home", "audit-2026", "billing-exports")
        folder = self.one("incoming", "raw", "orders", "billing", "out")
        action = self.one("s3:GetObject", "s3:GetObject", "s3:GetObjectTagging", "s3:PutObject", "s3:PutObject", "s3:DeleteObject", "s3:PutObjectTagging", "s3:AbortMultipartUpload")
        own = {}
        if action == "s3:PutObject" and self.random.random() < 0.8:
            own["s3:x-amz-server-side-encryption"] = self.one("aws:kms", "aws:kms", "aws:kms", "AES256")
        return action, f"arn:aws:s3:::{bucket}/{folder}/{self.number():05}.json", own

    def s3_bucket(self):
        bucket = self.one("app-data-orders", "app-data-search", "team-home", "audit-2026", "billing-exports")
        action = self.one("s3:ListBucket", "s3:ListBucket", "s3:GetBucketLocation", "s3:ListBucketVersions", "s3:DeleteBucket", "s3:GetBucketPolicy")
        own = {}
        if action == "s3:ListBucket":
            own = {"s3:prefix": f"{self.one('orders', 'billing', 'shared')}/{self.number()}", "s3:max-keys": self.one("50", "100", "1000")}
        return action, f"arn:aws:s3:::{bucket}", own

    def table(self):
        table = self.one("orders-2026", "orders-audit", "orders", "catalogue", "users")
        action = self.one("dynamodb:GetItem", "dynamodb:Query", "dynamodb:Query", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem",
                          "dynamodb:DescribeTable", "dynamodb:DeleteTable")
        own = {}
        if action in ("dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"):
            own = {"dynamodb:LeadingKeys": [f"{self.one('orders', 'orders', 'billing')}#{self.number()}" for _ in range(self.one(1, 1, 3))]}
        index = "/index/by-day" if action == "dynamodb:Query" and self.random.random() < 0.4 else ""
        return action, self.here("dynamodb", f"table/{table}{index}"), own

    def stream(self):
        return self.one("kinesis:PutRecord", "kinesis:PutRecords", "kinesis:GetRecords", "kinesis:DeleteStream"), self.here("kinesis", f"stream/{self.one('clicks-eu', 'clicks-us', 'audit')}"), {}

    def queue(self):
        action = self.one("sqs:SendMessage", "sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:PurgeQueue", "sqs:GetQueueAttributes", "sqs:DeleteQueue")
        return action, self.here("sqs", f"{self.one('work-a', 'work-b', 'work-a-dead-letter', 'mail', 'mail-dead-letter')}"), {}

    def topic(self):
        return self.one("sns:Publish", "sns:Publish", "sns:GetTopicAttributes", "sns:DeleteTopic"), self.here("sns", self.one("events-eu-orders", "events-eu-mail", "events-all", "alarms")), {}

    def bus(self):
        return self.one("events:PutEvents", "events:DescribeEventBus", "events:DeleteEventBus"), self.here("events", f"event-bus/{self.one('app', 'app-orders', 'default')}"), {}

    def instance(self):
        action = self.one("ec2:StartInstances", "ec2:StopInstances", "ec2:RebootInstances", "ec2:TerminateInstances")
        return action, self.here("ec2", f"instance/i-{self.number():017x}"), {"aws:ResourceTag/team": self.one(*TEAMS), "ec2:InstanceType": self.one("t3.micro", "m7i.large")}

    def run_instances(self):
        kind = self.one("instance", "instance", "subnet", "volume", "network-interface")
        resource = {"instance": "instance/*", "volume": "volume/*", "network-interface": "network-interface/*"}.get(kind, f"subnet/subnet-{self.number():08x}")
        own = {"ec2:InstanceType": self.one("t3.micro", "t4g.small", "m7i.large", "m7i.24xlarge", "p5.48xlarge")} if kind == "instance" else {}
        return "ec2:RunInstances", self.here("ec2", resource.replace("*", f"{kind[0]}-{self.number():017x}")), own

    def tags(self):
        keys = self.random.sample(["team", "stage", "cost-centre", "owner"], self.one(1, 2, 2, 3))
        return self.one("ec2:CreateTags", "ec2:DeleteTags"), self.here("ec2", f"{self.one('instance/i', 'volume/vol')}-{self.number():017x}"), {"aws:TagKeys": keys}

    def function(self):
        action = self.one("lambda:InvokeFunction", "lambda:InvokeFunction", "lambda:GetFunction", "lambda:UpdateFunctionCode", "lambda:DeleteFunction", "lambda:AddPermission")
        return action, self.here("lambda", f"function:{self.one('app-orders', 'app-search', 'job-nightly', 'app-preview', 'legacy')}"), {}

    def machine(self):
        return self.one("states:StartExecution", "states:DescribeStateMachine", "states:DeleteStateMachine"), self.here("states", f"stateMachine:{self.one('app-orders', 'etl')}"), {}

    def logs(self):
        action = self.one("logs:FilterLogEvents", "logs:StartQuery", "logs:DeleteLogGroup", "logs:DescribeLogStreams")
        return action, self.here("logs", f"log-group:{self.one('/aws/lambda/app-orders', '/app/web', '/app/jobs', '/audit/trail')}"), {}

    def log_stream(self):
        return self.one("logs:PutLogEvents", "logs:GetLogEvents"), self.here("logs", f"log-group:{self.one('/app/web', '/audit/trail')}:log-stream:{self.number():05}"), {}

    def metrics(self):
        return "cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": self.one("App/Orders", "App/Search", "Jobs", "AWS/Fake")}

    def secret(self):
        action = self.one("secretsmanager:GetSecretValue", "secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue", "secretsmanager:DeleteSecret")
        return action, self.here("secretsmanager", f"secret:{self.one('app', 'app', 'prod', 'ops')}/{self.one('db', 'mail', 'token')}-{self.number():06x}"), {"aws:ResourceTag/team": self.one(*TEAMS)}

    def parameter(self):
        return self.one("ssm:GetParameter", "ssm:GetParameters", "ssm:PutParameter"), self.here("ssm", f"parameter/{self.one('app', 'shared', 'prod', 'ops')}/{self.number():05}"), {}

    def key(self):
        own = {"kms:ViaService": self.one(f"s3.{self.region}.amazonaws.com", "secretsmanager.eu-west-1.amazonaws.com", f"ec2.{self.region}.amazonaws.com")}
        return self.one("kms:Decrypt", "kms:GenerateDataKey", "kms:ScheduleKeyDeletion"), self.here("kms", f"key/1234abcd-12ab-34cd-56ef-{self.number():012x}"), own

    def repository(self):
        return self.one("ecr:BatchGetImage", "ecr:DescribeImages", "ecr:PutImage", "ecr:DeleteRepository"), self.here("ecr", f"repository/{self.one('app/web', 'app/jobs', 'base/debian')}"), {}

    def service(self):
        cluster = self.one("app-web", "jobs", "ops")
        return self.one("ecs:UpdateService", "ecs:DescribeServices", "ecs:DeleteService"), self.here("ecs", f"service/{cluster}/web-{self.number():03}"), {"ecs:cluster": self.here("ecs", f"cluster/{cluster}")}

    def iam_role(self):
        role = self.one("app-web", "app-jobs", "app-admin", "deploy-prod", "audit")
        action = self.one("iam:GetRole", "iam:ListRolePolicies", "iam:PassRole", "iam:PassRole", "iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:DeleteRole", "iam:TagRole")
        own = {}
        if action == "iam:PassRole":
            own["iam:PassedToService"] = self.one("lambda.amazonaws.com", "ecs-tasks.amazonaws.com", "ec2.amazonaws.com")
        if action in ("iam:CreateRole", "iam:PutRolePolicy") and self.random.random() < 0.7:
            own["iam:PermissionsBoundary"] = f"arn:aws:iam::{ACCOUNT}:policy/developer-boundary"
        return action, f"arn:aws:iam::{ACCOUNT}:role/{role}", own

    def iam_user(self):
        return self.one("iam:CreateUser", "iam:CreateAccessKey", "iam:GetUser", "iam:DeleteUser"), f"arn:aws:iam::{ACCOUNT}:user/{self.one('kim', 'alex', 'sam')}", {}

    def assume(self):
        return "sts:AssumeRole", f"arn:aws:iam::{self.one(ACCOUNT, ACCOUNT, OTHER)}:role/{self.one('deploy-prod', 'deploy-test', 'audit')}", {"sts:RoleSessionName": "build-17"}

    def workgroup(self):
        return self.one("athena:StartQueryExecution", "athena:GetQueryExecution", "athena:DeleteWorkGroup"), self.here("athena", f"workgroup/{self.one('analytics-orders', 'primary')}"), {}

    def glue_table(self):
        return self.one("glue:GetTable", "glue:GetPartitions", "glue:DeleteTable"), self.here("glue", f"table/{self.one('app_orders', 'ops')}/{self.one('day', 'hour')}"), {}

    def database(self):
        return self.one("rds:StartDBInstance", "rds:StopDBInstance", "rds:DeleteDBInstance", "rds:DescribeDBInstances"), self.here("rds", f"db:{self.one('app-orders', 'app-mail', 'ledger')}"), {}

    def stack(self):
        action = self.one("cloudformation:DescribeStacks", "cloudformation:UpdateStack", "cloudformation:CreateChangeSet", "cloudformation:DeleteStack")
        return action, self.here("cloudformation", f"stack/{self.one('app-web', 'app-data', 'network')}/{self.number():08x}-0a1b-11f0-9c2d-0242ac120002"), {}

    def no_resource(self):
        action = self.one("ec2:DescribeInstances", "ec2:DescribeSubnets", "s3:ListAllMyBuckets", "ecr:GetAuthorizationToken", "cloudwatch:ListMetrics", "autoscaling:DescribeAutoScalingGroups",
                          "xray:PutTraceSegments", "lambda:ListFunctions", "ecs:RegisterTaskDefinition", "elasticloadbalancing:DescribeLoadBalancers", "ce:GetCostForecast", "guardduty:ListDetectors",
                          "sts:GetCallerIdentity")
        return action, "*", {}

    def context(self, own):
        made = {
            "aws:PrincipalArn": ROLE,
            "aws:PrincipalAccount": ACCOUNT,
            "aws:PrincipalType": "AssumedRole",
            "aws:PrincipalOrgID": "o-exampleorg",
            "aws:PrincipalTag/team": self.one("orders", "orders", "orders", "billing", "search"),
            "aws:userid": "AROAEXAMPLEEXAMPLE000:build-17",
            "aws:SourceIp": self.one("203.0.113.7", "203.0.113.180", "198.51.100.23", "2001:db8::17"),
            "aws:SecureTransport": "false" if self.random.random() < 0.03 else "true",
            "aws:RequestedRegion": self.region,
            "aws:CurrentTime": f"2026-11-{self.random.randrange(1, 25):02}T{self.random.randrange(24):02}:{self.random.randrange(60):02}:00Z",
            "aws:UserAgent": self.one("deployer/2.1", "aws-cli/2.31.0", "Boto3/1.40"),
        }
        made.update(own)
        return made

    def request(self, kinds):
        self.region = self.one(*REGIONS)
        action, resource, own = getattr(self, self.one(*kinds))()
        owner = OTHER if f":{OTHER}:" in resource or (resource.startswith("arn:aws:s3") and self.random.random() < 0.05) else ACCOUNT
        return {
            "principal": {"type": "AssumedRole", "arn": SESSION, "role_arn": ROLE, "account": ACCOUNT},
            "action": action,
            "resource": resource,
            "resource_account": owner,
            "context": self.context(own),
        }


ALL = (["s3_object"] * 8 + ["s3_bucket"] * 4 + ["table"] * 5 + ["queue"] * 3 + ["function"] * 3 + ["instance"] * 2 + ["no_resource"] * 4 + ["secret"] * 2 + ["parameter"] * 2
       + ["iam_role"] * 3 + ["logs"] * 2
       + ["stream", "topic", "bus", "run_instances", "tags", "machine", "log_stream", "metrics", "key", "repository", "service", "iam_user", "assume", "workgroup", "glue_table", "database", "stack"])
FEW = ["s3_object"] * 5 + ["s3_bucket"] * 4 + ["table"] * 7 + ["queue"] * 4 + ["instance"] * 3 + ["function", "no_resource", "secret", "iam_role"]
SETS = {
    "full": (20261125, ALL, {"identity": IDENTITY, "boundary": BOUNDARY, "scp": SCP}),
    "identity": (20261126, FEW, {"identity": [SINGLE]}),
}


def cases(name):
    """The lines of a set."""
    seed, kinds, policies = SETS[name]
    maker, seen = Maker(seed), set()
    policies = json.dumps(policies, separators=(",", ":"))
    while len(seen) < REQUESTS:
        request = json.dumps(maker.request(kinds), separators=(",", ":"))
        if request not in seen:
            seen.add(request)
            yield f'{{"id":"{name}-{len(seen):04}","request":{request},"policies":{policies}}}\n'


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name in SETS:
        with open(folder / f"{name}.ndjson", "w", encoding="utf-8", newline="\n") as out:
            out.writelines(cases(name))


if __name__ == "__main__":
    main()
