//! Worked examples (reference-data.md section 3) and the rules of the override table.

use serde_json::{Value, json};

use super::*;

const ACCOUNT: &str = "111122223333";

pub fn mapper() -> Mapper {
    Mapper::new(Reference::bundled().unwrap()).unwrap()
}

/// A call in eu-west-1 of account 111122223333 that asks for nothing.
pub fn a_call() -> CallFacts<'static> {
    CallFacts {
        event_source: "",
        event_name: "",
        event_type: "AwsApiCall",
        region: "eu-west-1",
        account: ACCOUNT,
        principal_type: "AssumedRole",
        principal_arn: None,
        request: "",
        response: "",
        resources: &[],
        denied_resource: None,
    }
}

/// Maps one call and prints it as `action resource provenance` lines.
fn mapped(call: &CallFacts<'_>) -> Vec<String> {
    let mapper = mapper();
    match mapper.map(call) {
        Mapping::Actions(list) => list
            .iter()
            .map(|m| format!("{} {} {}", mapper.reference.name(m.action), m.resource, m.provenance.as_str()))
            .collect(),
        Mapping::NoPermission(why) => vec![format!("none: {why}")],
        Mapping::Unknown => vec!["unknown".to_owned()],
    }
}

fn lines(source: &str, event: &str, request: &Value, response: &Value, logged: &[&str]) -> Vec<String> {
    let resources: Vec<LoggedResource<'_>> = logged.iter().map(|a| LoggedResource { arn: Some(a), account: None }).collect();
    mapped(&CallFacts {
        event_source: &format!("{source}.amazonaws.com"),
        event_name: event,
        request: &request.to_string(),
        response: &response.to_string(),
        resources: &resources,
        ..a_call()
    })
}

fn request(source: &str, event: &str, request: Value) -> Vec<String> {
    lines(source, event, &request, &Value::Null, &[])
}

#[test]
fn s3_objects_and_copies() {
    assert_eq!(
        lines("s3", "GetObject", &json!({"bucketName": "b1", "key": "a/k.txt"}), &Value::Null, &["arn:aws:s3:::b1/a/k.txt", "arn:aws:s3:::b1"]),
        ["s3:GetObject arn:aws:s3:::b1/a/k.txt logged"]
    );
    assert_eq!(request("s3", "ListObjects", json!({"bucketName": "b1", "prefix": "a/"})), ["s3:ListBucket arn:aws:s3:::b1 override"]);
    assert_eq!(request("s3", "DeleteBucketLifecycle", json!({"bucketName": "b1"})), ["s3:PutLifecycleConfiguration arn:aws:s3:::b1 override"]);
    assert_eq!(
        request("s3", "CopyObject", json!({"bucketName": "b2", "key": "y", "x-amz-copy-source": "/b1/x"})),
        ["s3:GetObject arn:aws:s3:::b1/x override", "s3:PutObject arn:aws:s3:::b2/y override"]
    );
    assert_eq!(request("s3", "ListBuckets", Value::Null), ["s3:ListAllMyBuckets * none"]);
}

#[test]
fn dated_names_lose_their_date_and_roles_are_passed() {
    assert_eq!(
        request("lambda", "UpdateFunctionCode20150331v2", json!({"functionName": "fn1"})),
        ["lambda:UpdateFunctionCode arn:aws:lambda:eu-west-1:111122223333:function:fn1 override"]
    );
    assert_eq!(
        request("lambda", "CreateFunction20150331", json!({"functionName": "fn1", "role": "arn:aws:iam::111122223333:role/app"})),
        [
            "lambda:CreateFunction arn:aws:lambda:eu-west-1:111122223333:function:fn1 override",
            "iam:PassRole arn:aws:iam::111122223333:role/app parameter"
        ]
    );
}

#[test]
fn ec2_ids_and_calls_without_resource() {
    assert_eq!(
        request("ec2", "TerminateInstances", json!({"instancesSet": {"items": [{"instanceId": "i-0abc"}]}})),
        ["ec2:TerminateInstances arn:aws:ec2:eu-west-1:111122223333:instance/i-0abc parameter"]
    );
    assert_eq!(request("ec2", "DescribeInstances", json!({})), ["ec2:DescribeInstances * none"]);
}

#[test]
fn names_that_are_not_arns() {
    assert_eq!(
        request("secretsmanager", "GetSecretValue", json!({"secretId": "prod/db"})),
        ["secretsmanager:GetSecretValue arn:aws:secretsmanager:eu-west-1:111122223333:secret:prod/db-?????? override"]
    );
    assert_eq!(
        request("ssm", "GetParametersByPath", json!({"path": "/prod/"})),
        [
            "ssm:GetParametersByPath arn:aws:ssm:eu-west-1:111122223333:parameter/prod override",
            "ssm:GetParametersByPath arn:aws:ssm:eu-west-1:111122223333:parameter/prod/* override"
        ]
    );
    assert_eq!(
        request("sqs", "ReceiveMessage", json!({"queueUrl": "https://sqs.eu-west-1.amazonaws.com/111122223333/q1"})),
        ["sqs:ReceiveMessage arn:aws:sqs:eu-west-1:111122223333:q1 override"]
    );
    assert_eq!(
        request("monitoring", "PutMetricAlarm", json!({"alarmName": "cpu"})),
        ["cloudwatch:PutMetricAlarm arn:aws:cloudwatch:eu-west-1:111122223333:alarm:cpu override"]
    );
    assert_eq!(
        request("rds", "ModifyDBSnapshotAttribute", json!({"dBSnapshotIdentifier": "exf"})),
        ["rds:ModifyDBSnapshotAttribute arn:aws:rds:eu-west-1:111122223333:snapshot:exf override"]
    );
    assert_eq!(
        request("budgets", "CreateBudget", json!({"accountId": ACCOUNT, "budget": {"budgetName": "NAME"}})),
        ["budgets:ModifyBudget arn:aws:budgets::111122223333:budget/NAME override"]
    );
    assert_eq!(
        request("apigateway", "UpdateMethod", json!({"restApiId": "r1", "resourceId": "s1", "httpMethod": "GET"})),
        ["apigateway:PATCH arn:aws:apigateway:eu-west-1::/restapis/r1/resources/s1/methods/GET override"]
    );
}

#[test]
fn sessions_and_keys() {
    let role = "arn:aws:iam::111122223333:role/x";
    assert_eq!(
        request("sts", "AssumeRole", json!({"roleArn": role, "roleSessionName": "s", "tags": [{"key": "a", "value": "b"}], "sourceIdentity": "ann"})),
        [format!("sts:AssumeRole {role} parameter"), format!("sts:TagSession {role} parameter"), format!("sts:SetSourceIdentity {role} parameter")]
    );
    let key = "arn:aws:kms:eu-west-1:111122223333:key/k1";
    assert_eq!(lines("kms", "Decrypt", &Value::Null, &Value::Null, &[key]), [format!("kms:Decrypt {key} logged")]);
}

#[test]
fn no_permission_and_unknown() {
    assert_eq!(request("sts", "GetCallerIdentity", Value::Null), ["none: always allowed"]);
    assert_eq!(request("signin", "ConsoleLogin", Value::Null), ["none: signing in is no permission"]);
    assert_eq!(request("brandnew", "CreateThing", json!({"name": "x"})), ["unknown"]);
}

#[test]
fn what_is_no_call_of_an_iam_principal() {
    let call = |event_source, principal_type| CallFacts { event_source, event_name: "ListThingsOfThePortal", principal_type, ..a_call() };
    assert_eq!(mapped(&call("sso.amazonaws.com", "AssumedRole")), ["unknown"]);
    assert_eq!(mapped(&call("sso.amazonaws.com", "IdentityCenterUser")), ["none: the caller is no IAM principal"]);
    assert_eq!(mapped(&call("eventSource", "AssumedRole")), ["none: the event source is no service"]);
}

#[test]
fn a_wildcard_in_a_parameter_never_becomes_an_arn() {
    assert_eq!(
        request("dynamodb", "DescribeTable", json!({"tableName": "*"})),
        ["dynamodb:DescribeTable arn:aws:dynamodb:eu-west-1:111122223333:table/* type-wildcard"]
    );
}

#[test]
fn what_cannot_be_used_leaves_the_resource_open() {
    // One of two names cannot stand in an ARN: the other is not all of it.
    assert_eq!(
        request("ssm", "GetParameters", json!({"names": ["/a/b", "/x/$y"]})),
        ["ssm:GetParameters arn:aws:ssm:eu-west-1:111122223333:parameter/* type-wildcard"]
    );
    // The source of a copy cannot be told: its permission is not asked for on the target.
    assert_eq!(
        request("s3", "CopyObject", json!({"bucketName": "target", "key": "k", "x-amz-copy-source": "source/A$B.class"})),
        ["s3:GetObject * type-wildcard", "s3:PutObject arn:aws:s3:::target/k override"]
    );
    let logged = ["arn:aws:s3:::b/a.txt", "arn:aws:s3:::b/A$B.class"];
    assert_eq!(lines("s3", "DeleteObjects", &json!({"bucketName": "b"}), &Value::Null, &logged), ["s3:DeleteObject arn:aws:s3:::b/* type-wildcard"]);
    // More of a type than are listed: the type, whatever else is named.
    let ids: Vec<Value> = (0..60).map(|n| json!({"resourceId": format!("i-{n:017x}")})).chain([json!({"resourceId": "vol-1"})]).collect();
    let tagged = request("ec2", "CreateTags", json!({"resourcesSet": {"items": ids}}));
    assert_eq!(
        tagged,
        ["ec2:CreateTags arn:aws:ec2:eu-west-1:111122223333:instance/* type-wildcard", "ec2:CreateTags arn:aws:ec2:eu-west-1:111122223333:volume/vol-1 override"]
    );
}

#[test]
fn a_callers_words_are_no_arns_and_shift_none() {
    let key = "arn:aws:s3:::payroll/all.csv";
    assert_eq!(
        request("s3", "GetObject", json!({"bucketName": "uploads", "key": key})),
        [format!("s3:GetObject arn:aws:s3:::uploads/{key} override")]
    );
    assert_eq!(request("s3", "GetObject", json!({"key": key})), ["s3:GetObject arn:aws:s3:::*/* type-wildcard"]);
    let shifted = request("ec2", "CopyImage", json!({"sourceImageId": "ami-1", "sourceRegion": "us-east-1:999:x"}));
    assert!(shifted.iter().all(|l| !l.contains("999")), "{shifted:?}");
    // Another account's catalog in a connection's properties is not the call's account.
    let athena = request("athena", "CreateDataCatalog", json!({"name": "x", "type": "GLUE", "parameters": {"catalog-id": "444455556666"}}));
    assert!(athena.iter().all(|l| l.contains("111122223333")), "{athena:?}");
    // The group of a rule is a peer, not what is changed.
    let rules = json!({"groupName": "default", "ipPermissions": {"items": [{"groups": {"items": [{"groupId": "sg-2"}]}}]}});
    let ingress = request("ec2", "AuthorizeSecurityGroupIngress", rules);
    assert!(ingress.iter().all(|l| !l.contains("sg-2")), "{ingress:?}");
}

#[test]
fn a_role_is_passed_within_its_account() {
    let call = |role: &str| request("codebuild", "CreateProject", json!({"name": "p", "serviceRole": role}));
    assert!(call("arn:aws:iam::111122223333:role/build").iter().any(|l| l.starts_with("iam:PassRole")));
    assert!(call("arn:aws:iam::444455556666:role/build").iter().all(|l| !l.starts_with("iam:PassRole")));
}
