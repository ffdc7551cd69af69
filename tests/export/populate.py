"""Fills the local server with an organisation of two accounts; says what it holds, and what must not be collected."""

import io
import json
import time
import zipfile

import boto3

MEMBER_ROLE = "OrganizationAccountAccessRole"
PLANTED = "planted-secret-"


def document(principal=None, action="*", resource="*"):
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    if principal:
        statement["Principal"] = principal
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


TRUST = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]})


class World:
    """What was made: things by the row that lists them, and secrets."""

    def __init__(self, endpoint, region):
        self.endpoint, self.region = endpoint, region
        self.keys = {}
        self.things = {}
        self.secrets = []

    def client(self, service, region=None):
        return boto3.client(service, endpoint_url=self.endpoint, region_name=region or self.region, **self.keys)

    def add(self, account, row, name):
        self.things.setdefault((account, row), []).append(name)

    def secret(self, what):
        text = PLANTED + what
        self.secrets.append(text)
        return text


def populate(endpoint, region):
    world = World(endpoint, region)
    organizations = world.client("organizations")
    organizations.create_organization(FeatureSet="ALL")
    root = organizations.list_roots()["Roots"][0]["Id"]
    for kind in ("SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"):
        try:
            organizations.enable_policy_type(RootId=root, PolicyType=kind)
        except Exception as error:
            print(f"  the server does not enable {kind}: {error}")
    top = organizations.create_organizational_unit(ParentId=root, Name="Workloads")["OrganizationalUnit"]["Id"]
    low = organizations.create_organizational_unit(ParentId=top, Name="Production")["OrganizationalUnit"]["Id"]
    member = organizations.create_account(Email="member@example.com", AccountName="member")["CreateAccountStatus"]["AccountId"]
    organizations.move_account(AccountId=member, SourceParentId=root, DestinationParentId=low)
    scp = organizations.create_policy(Name="no-regions", Description="x", Type="SERVICE_CONTROL_POLICY", Content=document())["Policy"]["PolicySummary"]["Id"]
    organizations.attach_policy(PolicyId=scp, TargetId=low)
    management = world.client("sts").get_caller_identity()["Account"]
    for row, name in (("roots", root), ("organization-accounts", member), ("ous", top), ("ous", low), ("scps", scp), ("ou-accounts", member)):
        world.add("organization", row, name)
    account(world, management, full=True)
    identity_center(world)
    taken = world.client("sts").assume_role(RoleArn=f"arn:aws:iam::{member}:role/{MEMBER_ROLE}", RoleSessionName="populate")["Credentials"]
    world.keys = dict(aws_access_key_id=taken["AccessKeyId"], aws_secret_access_key=taken["SecretAccessKey"], aws_session_token=taken["SessionToken"])
    account(world, member, full=False)
    world.keys = {}
    return world, management, member


def account(world, account, full):
    iam(world, account)
    s3(world, account, full)
    kms = world.client("kms")
    key = kms.create_key(Description="k")["KeyMetadata"]["Arn"]
    kms.create_alias(AliasName="alias/data", TargetKeyId=key)
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=document({"AWS": f"arn:aws:iam::{account}:root"}, "kms:*"))
    kms.create_grant(KeyId=key, GranteePrincipal=f"arn:aws:iam::{account}:role/app/worker", Operations=["Decrypt"])
    world.add(account, "kms-keys", key)
    world.add(account, "kms-aliases", "alias/data")
    if full:
        regional(world, account)


def iam(world, account):
    client = world.client("iam")
    boundary = client.create_policy(PolicyName="boundary", PolicyDocument=document())["Policy"]["Arn"]
    managed = client.create_policy(PolicyName="readers", Path="/team/", PolicyDocument=document(action="s3:Get*"))["Policy"]["Arn"]
    client.create_group(GroupName="readers")
    client.attach_group_policy(GroupName="readers", PolicyArn=managed)
    client.put_group_policy(GroupName="readers", PolicyName="inline", PolicyDocument=document(action="sqs:*"))
    for name in ("ann", "bob+test@example.com"):
        client.create_user(UserName=name)
        client.add_user_to_group(GroupName="readers", UserName=name)
        key = client.create_access_key(UserName=name)["AccessKey"]
        world.secrets.append(key["SecretAccessKey"])
        world.add(account, "users", name)
        world.add(account, "access-keys", key["AccessKeyId"])
    client.put_user_policy(UserName="ann", PolicyName="inline", PolicyDocument=document(action="sns:*"))
    client.create_login_profile(UserName="ann", Password=world.secret("password-A1!"))
    device = client.create_virtual_mfa_device(VirtualMFADeviceName="ann")["VirtualMFADevice"]
    world.secrets.append(device["Base32StringSeed"].decode() if isinstance(device["Base32StringSeed"], bytes) else device["Base32StringSeed"])
    # The server reads its clock twice for the one time that both lists tell: not across the turn of a second.
    time.sleep(1 - time.time() % 1)
    client.enable_mfa_device(UserName="ann", SerialNumber=device["SerialNumber"], AuthenticationCode1="123456", AuthenticationCode2="654321")
    world.add(account, "mfa-devices", device["SerialNumber"])
    client.create_role(RoleName="worker", Path="/app/", AssumeRolePolicyDocument=TRUST, PermissionsBoundary=boundary)
    client.put_role_policy(RoleName="worker", PolicyName="inline", PolicyDocument=document(action="dynamodb:*"))
    client.attach_role_policy(RoleName="worker", PolicyArn=managed)
    client.create_instance_profile(InstanceProfileName="worker")
    client.add_role_to_instance_profile(InstanceProfileName="worker", RoleName="worker")
    provider = client.create_open_id_connect_provider(Url="https://token.example.com", ClientIDList=["c"], ThumbprintList=["0" * 40])["OpenIDConnectProviderArn"]
    client.create_saml_provider(SAMLMetadataDocument="m" * 1100, Name="idp")
    client.update_account_password_policy(MinimumPasswordLength=14)
    client.create_account_alias(AccountAlias=f"alias-{account}")
    world.add(account, "authorization-details", managed)
    world.add(account, "authorization-details", boundary)
    world.add(account, "instance-profiles", "worker")
    world.add(account, "oidc-providers", provider)
    world.add(account, "saml-providers", "saml-provider/idp")
    world.add(account, "account-aliases", f"alias-{account}")


def s3(world, account, full):
    client = world.client("s3")
    where = {"CreateBucketConfiguration": {"LocationConstraint": world.region}}
    names = [f"shared-{account}", f"bare-{account}"]
    for name in names:
        client.create_bucket(Bucket=name, **where)
        world.add(account, "buckets", name)
    client.put_bucket_policy(Bucket=names[0], Policy=document("*", "s3:GetObject", f"arn:aws:s3:::{names[0]}/*"))
    client.put_public_access_block(Bucket=names[0], PublicAccessBlockConfiguration={"BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": False, "RestrictPublicBuckets": False})
    client.put_bucket_ownership_controls(Bucket=names[0], OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]})
    client.put_object(Bucket=names[0], Key="k", Body=world.secret("object").encode())
    if full:
        trail = world.client("cloudtrail").create_trail(Name="main", S3BucketName=names[0], IsMultiRegionTrail=True)["TrailARN"]
        world.client("cloudtrail").put_event_selectors(TrailName=trail, EventSelectors=[{"ReadWriteType": "All", "IncludeManagementEvents": True, "DataResources": []}])
        world.client("cloudtrail").start_logging(Name=trail)
        world.add(account, "trails", trail)


def archive():
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        file.writestr("main.py", "def handler(event, context):\n    return 1\n")
    return data.getvalue()


def regional(world, account):
    root = {"AWS": f"arn:aws:iam::{account}:root"}
    functions = world.client("lambda")
    made = functions.create_function(FunctionName="job", Runtime="python3.12", Role=f"arn:aws:iam::{account}:role/app/worker", Handler="main.handler", Code={"ZipFile": archive()}, Environment={"Variables": {"TOKEN": world.secret("lambda-environment")}}, Publish=True)
    functions.add_permission(FunctionName="job", StatementId="s", Action="lambda:InvokeFunction", Principal="events.amazonaws.com")
    functions.create_alias(FunctionName="job", Name="live", FunctionVersion="1")
    world.add(account, "lambda-functions", made["FunctionName"])
    world.add(account, "lambda-aliases", "live")
    layer = functions.publish_layer_version(LayerName="tools", Content={"ZipFile": archive()})
    world.add(account, "lambda-layer-versions", layer["LayerVersionArn"])
    queue = world.client("sqs").create_queue(QueueName="Work")["QueueUrl"]
    world.client("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"Policy": document(root, "sqs:*")})
    world.add(account, "sqs-queues", f"/{account}/Work")
    world.add(account, "sns-topics", world.client("sns").create_topic(Name="alarms")["TopicArn"])
    ecr = world.client("ecr")
    world.add(account, "ecr-repositories", ecr.create_repository(repositoryName="team/app")["repository"]["repositoryArn"])
    ecr.set_repository_policy(repositoryName="team/app", policyText=document(root, "ecr:*"))
    world.add(account, "ecr-repositories", ecr.create_repository(repositoryName="bare")["repository"]["repositoryArn"])
    secrets = world.client("secretsmanager")
    for name in ("db/password", "bare"):
        world.add(account, "secrets", secrets.create_secret(Name=name, SecretString=world.secret("value-" + name))["ARN"])
    secrets.put_resource_policy(SecretId="db/password", ResourcePolicy=document(root, "secretsmanager:*"))
    events = world.client("events")
    events.create_event_bus(Name="orders")
    events.put_permission(EventBusName="orders", Action="events:PutEvents", Principal=account, StatementId="s")
    world.add(account, "event-buses", "orders")
    world.client("dynamodb").create_table(TableName="Orders", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}], AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}], BillingMode="PAY_PER_REQUEST")
    world.client("dynamodb").put_resource_policy(ResourceArn=f"arn:aws:dynamodb:{world.region}:{account}:table/Orders", Policy=document(root, "dynamodb:*"))
    world.add(account, "dynamodb-tables", "Orders")
    world.client("kinesis").create_stream(StreamName="clicks", ShardCount=1)
    world.add(account, "kinesis-streams", "stream/clicks")
    files = world.client("efs").create_file_system(CreationToken="t")
    world.client("efs").put_file_system_policy(FileSystemId=files["FileSystemId"], Policy=document(root, "elasticfilesystem:*"))
    world.add(account, "file-systems", files["FileSystemArn"])
    ec2 = world.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    endpoint = ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=f"com.amazonaws.{world.region}.s3", PolicyDocument=document("*"))
    world.add(account, "vpc-endpoints", endpoint["VpcEndpoint"]["VpcEndpointId"])
    world.add(account, "rest-apis", world.client("apigateway").create_rest_api(name="api", policy=document("*", "execute-api:Invoke"))["id"])
    world.client("opensearch").create_domain(DomainName="search", AccessPolicies=document(root, "es:*"))
    world.add(account, "opensearch-domains", "search")
    world.client("backup").create_backup_vault(BackupVaultName="vault")
    world.add(account, "backup-vaults", "backup-vault:vault")
    world.client("glue").put_resource_policy(PolicyInJson=document(root, "glue:*"))
    world.client("glacier").create_vault(accountId="-", vaultName="cold")
    world.add(account, "glacier-vaults", "vaults/cold")
    world.client("logs").put_resource_policy(policyName="dns", policyDocument=document({"Service": "route53.amazonaws.com"}, "logs:*"))
    world.add(account, "logs-policies", "dns")
    template = json.dumps({"Parameters": {"P": {"Type": "String"}}, "Resources": {"T": {"Type": "AWS::SNS::Topic", "Properties": {}}}, "Outputs": {"O": {"Value": {"Ref": "P"}}}})
    stacks = world.client("cloudformation")
    stack = stacks.create_stack(StackName="base", TemplateBody=template, Parameters=[{"ParameterKey": "P", "ParameterValue": world.secret("stack-parameter")}])["StackId"]
    stacks.set_stack_policy(StackName="base", StackPolicyBody=json.dumps({"Statement": [{"Effect": "Deny", "Action": "Update:Delete", "Principal": "*", "Resource": "*"}]}))
    world.add(account, "stacks", stack)
    project = dict(name="build", source={"type": "S3", "location": f"shared-{account}/source.zip"}, artifacts={"type": "NO_ARTIFACTS"}, serviceRole=f"arn:aws:iam::{account}:role/app/worker")
    project["environment"] = {"type": "LINUX_CONTAINER", "image": "aws/codebuild/standard:7.0", "computeType": "BUILD_GENERAL1_SMALL", "environmentVariables": [{"name": "T", "value": world.secret("build-environment")}]}
    world.client("codebuild").create_project(**project)
    world.add(account, "codebuild-projects", "build")
    share = world.client("ram").create_resource_share(name="share", principals=["222233334444"], resourceArns=[])["resourceShare"]
    world.add(account, "ram-shares", share["resourceShareArn"])
    authority = world.client("acm-pca").create_certificate_authority(CertificateAuthorityConfiguration={"KeyAlgorithm": "RSA_2048", "SigningAlgorithm": "SHA256WITHRSA", "Subject": {"CommonName": "ca"}}, CertificateAuthorityType="ROOT")["CertificateAuthorityArn"]
    world.add(account, "private-cas", authority)
    world.client("ssm").put_parameter(Name="p", Value=world.secret("parameter"), Type="SecureString")


def identity_center(world):
    client = world.client("sso-admin")
    for instance in client.list_instances()["Instances"]:
        arn = instance["InstanceArn"]
        permission_set = client.create_permission_set(Name="Admins", InstanceArn=arn)["PermissionSet"]["PermissionSetArn"]
        client.put_inline_policy_to_permission_set(InstanceArn=arn, PermissionSetArn=permission_set, InlinePolicy=document())
        member = client.create_account_assignment(InstanceArn=arn, TargetId="111122223333", TargetType="AWS_ACCOUNT", PermissionSetArn=permission_set, PrincipalType="GROUP", PrincipalId="g")
        world.add("sso", "permission-sets", permission_set)
        del member
