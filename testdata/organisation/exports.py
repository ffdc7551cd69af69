"""What the sample's bundle holds beside users, roles and credential reports: the organisation, Identity Center, and the
resources that the sample's calls are about. `generate.py` writes it."""
import json

PROD, DATA, SEC = "111122223333", "444455556666", "123456789012"
MANAGEMENT = "210987654321"
ORG, ROOT, WORKLOADS, SECURITY = "o-exampleorg", "r-ab12", "ou-ab12-workload", "ou-ab12-security"
ORG_ARN = f"arn:aws:organizations::{MANAGEMENT}"
SSO, SET = "ssoins-0123456789abcdef", "ps-0123456789abcdef"
AT = "2026-10-31T22:00:00Z"
KEY = f"arn:aws:kms:eu-west-1:{PROD}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
SECRET = f"arn:aws:secretsmanager:eu-west-1:{PROD}:secret:prod/db-AbCdEf"
QUEUE = f"arn:aws:sqs:eu-west-1:{PROD}:orders"


def statement(sid, effect, action, resource, **more):
    return {"Sid": sid, "Effect": effect, **more.pop("who", {}), "Action": action, "Resource": resource, **more}


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def wrapped(arn, call, output):
    return {"resourceArn": arn, "call": call, "at": AT, "output": output}


def organisation():
    kinds = {"SERVICE_CONTROL_POLICY": "scps", "RESOURCE_CONTROL_POLICY": "rcps"}
    policies = {
        "p-FullAWSAccess": ("FullAWSAccess", "SERVICE_CONTROL_POLICY", True, document(statement("All", "Allow", "*", "*")),
                            [ROOT, WORKLOADS, SECURITY, PROD, DATA, SEC]),
        "p-keepjobs1": ("KeepJobs", "SERVICE_CONTROL_POLICY", False,
                        document(statement("KeepJobs", "Deny", ["glue:DeleteJob", "organizations:LeaveOrganization"], "*")), [WORKLOADS]),
        "p-RCPFullAWSAccess": ("RCPFullAWSAccess", "RESOURCE_CONTROL_POLICY", True,
                               document(statement("All", "Allow", "*", "*", who={"Principal": "*"})), [ROOT, WORKLOADS, SECURITY, PROD, DATA, SEC]),
    }
    out = {
        "organization.json": {"Organization": {"Id": ORG, "Arn": f"{ORG_ARN}:organization/{ORG}", "FeatureSet": "ALL",
                                               "MasterAccountArn": f"{ORG_ARN}:account/{ORG}/{MANAGEMENT}", "MasterAccountId": MANAGEMENT}},
        "roots.json": {"Roots": [{"Id": ROOT, "Arn": f"{ORG_ARN}:root/{ORG}/{ROOT}", "Name": "Root",
                                  "PolicyTypes": [{"Type": k, "Status": "ENABLED"} for k in kinds]}]},
        f"ous/{ROOT}.json": {"OrganizationalUnits": [{"Id": i, "Arn": f"{ORG_ARN}:ou/{ORG}/{i}", "Name": n}
                                                     for i, n in [(WORKLOADS, "Workloads"), (SECURITY, "Security")]]},
        "delegated-administrators.json": {"DelegatedAdministrators": [{"Id": SEC, "Name": "security", "Status": "ACTIVE"}]},
        f"delegated-services/{SEC}.json": {"DelegatedServices": [{"ServicePrincipal": "securityhub.amazonaws.com"}]},
    }
    names = {MANAGEMENT: "management", PROD: "production", DATA: "data", SEC: "security"}
    account = lambda i: {"Id": i, "Arn": f"{ORG_ARN}:account/{ORG}/{i}", "Name": names[i], "Status": "ACTIVE"}
    out["accounts.json"] = {"Accounts": [account(i) for i in names]}
    for parent, children in [(ROOT, [MANAGEMENT]), (WORKLOADS, [PROD, DATA]), (SECURITY, [SEC])]:
        out[f"ou-accounts/{parent}.json"] = {"Accounts": [account(i) for i in children]}
        out.setdefault(f"ous/{parent}.json", {"OrganizationalUnits": []})
    for kind, name in kinds.items():
        out[f"{name}.json"] = {"Policies": [{"Id": i, "Name": p[0], "Type": kind, "AwsManaged": p[2]} for i, p in policies.items() if p[1] == kind]}
    for i, (name, kind, managed, content, targets) in policies.items():
        arn = f"arn:aws:organizations::aws:policy/{kind.lower()}/{i}" if managed else f"{ORG_ARN}:policy/{ORG}/{kind.lower()}/{i}"
        out[f"policies/{i}.json"] = {"Policy": {"PolicySummary": {"Id": i, "Arn": arn, "Name": name, "Type": kind, "AwsManaged": managed}, "Content": content}}
        out[f"targets/{i}.json"] = {"Targets": [{"TargetId": t, "Type": "ROOT" if t == ROOT else "ORGANIZATIONAL_UNIT" if t.startswith("ou-") else "ACCOUNT"} for t in targets]}
    return {f"organization/{k}": v for k, v in out.items()}


def identity_center():
    set_arn, instance = f"arn:aws:sso:::permissionSet/{SSO}/{SET}", f"arn:aws:sso:::instance/{SSO}"
    one = {
        "describe.json": {"PermissionSet": {"Name": "ReadOnly", "PermissionSetArn": set_arn, "SessionDuration": "PT4H"}},
        "inline.json": {"InlinePolicy": document(statement("Read", "Allow", "ec2:Describe*", "*"))},
        "managed.json": {"AttachedManagedPolicies": []},
        "customer.json": {"CustomerManagedPolicyReferences": []},
        "accounts.json": {"AccountIds": [PROD]},
        f"assignments/{PROD}.json": {"AccountAssignments": [{"AccountId": PROD, "PermissionSetArn": set_arn, "PrincipalType": "GROUP",
                                                            "PrincipalId": "c6a2b5d4-1234-4321-8765-1234567890ab"}]},
    }
    out = {"sso/instances.json": {"Instances": [{"InstanceArn": instance, "IdentityStoreId": "d-0123456789", "OwnerAccountId": MANAGEMENT}]},
           f"sso/{SSO}/permission-sets.json": {"PermissionSets": [set_arn]}}
    return {**out, **{f"sso/{SSO}/{SET}/{k}": v for k, v in one.items()}}


def production():
    key_policy = document(
        statement("Account", "Allow", "kms:*", "*", who={"Principal": {"AWS": f"arn:aws:iam::{PROD}:root"}}))
    regional = {
        "kms/keys.json": {"Keys": [{"KeyId": KEY.rsplit("/", 1)[1], "KeyArn": KEY}]},
        "kms/aliases.json": {"Aliases": [{"AliasName": "alias/web", "AliasArn": f"arn:aws:kms:eu-west-1:{PROD}:alias/web", "TargetKeyId": KEY.rsplit("/", 1)[1]}]},
        "kms/key/web.json": wrapped(KEY, "kms describe-key", {"KeyMetadata": {"AWSAccountId": PROD, "KeyId": KEY.rsplit("/", 1)[1], "Arn": KEY,
                                                                              "KeyManager": "CUSTOMER", "KeyState": "Enabled"}}),
        "kms/key-policy/web.json": wrapped(KEY, "kms get-key-policy", {"Policy": key_policy, "PolicyName": "default"}),
        "kms/grants/web.json": wrapped(KEY, "kms list-grants", {"Grants": []}),
        "secretsmanager/secrets.json": {"SecretList": [{"ARN": SECRET, "Name": "prod/db"}]},
        "secretsmanager/policy/db.json": wrapped(SECRET, "secretsmanager get-resource-policy", {"ARN": SECRET, "Name": "prod/db"}),
        "sqs/queues.json": {"QueueUrls": [f"https://sqs.eu-west-1.amazonaws.com/{PROD}/orders"]},
        "sqs/attributes/orders.json": {"Attributes": {"QueueArn": QUEUE, "Policy": document(
            statement("Bucket", "Allow", "sqs:SendMessage", QUEUE, who={"Principal": {"Service": "s3.amazonaws.com"}},
                      Condition={"StringEquals": {"aws:SourceAccount": PROD}}))}},
    }
    return {**{f"accounts/{PROD}/eu-west-1/{k}": v for k, v in regional.items()},
            f"accounts/{PROD}/iam/password-policy.json": {"PasswordPolicy": {
                "MinimumPasswordLength": 14, "RequireSymbols": True, "RequireNumbers": True, "RequireUppercaseCharacters": True,
                "RequireLowercaseCharacters": True, "AllowUsersToChangePassword": True, "ExpirePasswords": False, "PasswordReusePrevention": 24}}}


def data():
    bucket = f"accounts/{DATA}/s3/example-lake"
    policy = document(
        statement("NoPlainHttp", "Deny", "s3:*", ["arn:aws:s3:::example-lake", "arn:aws:s3:::example-lake/*"], who={"Principal": "*"},
                  Condition={"Bool": {"aws:SecureTransport": "false"}}))
    return {
        f"accounts/{DATA}/global/buckets.json": {"Owner": {"ID": "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"},
                                                 "Buckets": [{"Name": "example-lake", "CreationDate": "2024-03-01T00:00:00Z"}]},
        f"accounts/{DATA}/global/s3-bpa.json": {"PublicAccessBlockConfiguration": {
            "BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": True, "RestrictPublicBuckets": True}},
        f"{bucket}/policy.json": {"Policy": policy},
        f"{bucket}/acl.json": {"Owner": {"ID": "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"}, "Grants": []},
        f"{bucket}/ownership.json": {"OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}},
        f"{bucket}/location.json": {"LocationConstraint": "eu-west-1"},
    }


def errors():
    """Commands that gave no output: some because there is no such thing, one because it failed."""
    lines = [
        (f"accounts/{DATA}/s3/example-lake/bpa.json", "s3api get-public-access-block --bucket example-lake", "NoSuchPublicAccessBlockConfiguration"),
        (f"accounts/{DATA}/iam/password-policy.json", "iam get-account-password-policy", "NoSuchEntity"),
        (f"sso/{SSO}/{SET}/boundary.json", "sso-admin get-permissions-boundary-for-permission-set", "ResourceNotFoundException"),
        (f"accounts/{SEC}/iam/password-policy.json", "iam get-account-password-policy", "AccessDenied"),
    ]
    return "".join(json.dumps({"file": file, "cmd": cmd, "exit": 254, "code": code, "message": f"An error occurred ({code})", "at": AT}) + "\n"
                   for file, cmd, code in lines)


def files(pretty):
    manifest = {"bundleVersion": 1, "createdAt": AT, "tool": "aws-cli/2.31.0", "accounts": [PROD, SEC, DATA], "partition": "aws"}
    everything = {"manifest.json": manifest, **organisation(), **identity_center(), **production(), **data()}
    return {**{f"grants/{name}": pretty(value) for name, value in everything.items()}, "grants/errors.jsonl": errors().encode()}
