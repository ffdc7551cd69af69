//! Session policies from the STS event to the comparison of the log with the grants: the sample's figures, and
//! records that tell less than they should.

use std::path::Path;

use serde_json::{Value, json};

use super::common::{json, root, run_sample, trailtrim, tree};

const ROLE: &str = "arn:aws:iam::111122223333:role/app";

/// `ok`, `unknown` and `contradiction` of allowed and of denied calls.
fn figures(agreement: &Value) -> [[i64; 3]; 2] {
    ["allowed", "denied"].map(|side| ["ok", "unknown", "contradiction"].map(|k| agreement[side][k].as_i64().unwrap()))
}

#[test]
fn the_sample_has_one_session_that_a_policy_bounds() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    let output = run_sample(at, &root().join("testdata/organisation/logs"), &[]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let consistency = json(&at.join("out/run.json"))["consistency"].clone();
    let sessions = &consistency["sessions"];
    assert_eq!(figures(sessions), [[6, 0, 0], [1, 0, 0]], "{sessions}");
    assert_eq!(sessions["denied_layers"]["agree"], 1, "AWS named the session policy, and it refuses here too");
    assert_eq!((&sessions["not_known"], &sessions["not_exported"]), (&json!([]), &json!(0)));
    // Without the session policy the denied call is open.
    assert_eq!(consistency["denied_layers"]["not_at_hand"]["session"], 1);
    assert_eq!(consistency["contradictions"], json!([]));
    let page = std::fs::read_to_string(at.join("out/report.html")).unwrap();
    assert!(page.contains("<tr><td>succeeded, in sessions with session policies<td class=n>6<td class=n>0<td class=n>0"));
    for (name, bytes) in tree(at) {
        assert!(!bytes.windows(13).any(|w| w == b"EXAMPLE-TOKEN"), "a session token in {name}");
    }
}

fn record(id: &str, time: &str, service: &str, name: &str, identity: Value, more: Value) -> Value {
    let mut record = json!({
        "eventVersion": "1.11", "eventID": id, "eventTime": time, "awsRegion": "eu-west-1", "recipientAccountId": "111122223333",
        "eventSource": format!("{service}.amazonaws.com"), "eventName": name, "eventType": "AwsApiCall", "eventCategory": "Management",
        "userIdentity": identity,
    });
    for (key, value) in more.as_object().unwrap() {
        record[key] = value.clone();
    }
    record
}

/// An STS call by a service that hands out a key.
fn issue(key: &str, name: &str, request: Value, more: Value) -> Value {
    let mut all = json!({"requestParameters": request, "responseElements": {"credentials": {"accessKeyId": key}}});
    for (field, value) in more.as_object().unwrap() {
        all[field] = value.clone();
    }
    record(&format!("issue {key} {more}"), "2026-10-05T10:00:00Z", "sts", name, json!({"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}), all)
}

/// A call of `ec2:DescribeVpcs` with a key: allowed, and one that a session policy refused.
fn calls(key: &str, identity: &Value) -> [Value; 2] {
    let mut identity = identity.clone();
    identity["accessKeyId"] = key.into();
    let said = "because no session policy allows the ec2:DescribeTags action";
    let refused = json!({"errorCode": "UnauthorizedOperation", "errorMessage": format!("User: x is not authorized to perform: ec2:DescribeTags {said}")});
    let make = |id: &str, name: &str, more: Value| record(&format!("{id} {key}"), "2026-10-05T11:00:00Z", "ec2", name, identity.clone(), more);
    [make("allowed", "DescribeVpcs", json!({})), make("denied", "DescribeTags", refused)]
}

fn role() -> Value {
    json!({"type": "AssumedRole", "principalId": "AROAEXAMPLEAPP:s", "arn": "arn:aws:sts::111122223333:assumed-role/app/s", "accountId": "111122223333",
           "sessionContext": {"sessionIssuer": {"type": "Role", "principalId": "AROAEXAMPLEAPP", "arn": ROLE}}})
}

fn federated(issuer: &str, id: &str) -> Value {
    json!({"type": "FederatedUser", "principalId": "111122223333:guest", "arn": "arn:aws:sts::111122223333:federated-user/guest", "accountId": "111122223333",
           "sessionContext": {"sessionIssuer": {"type": issuer, "principalId": id, "arn": "arn:aws:iam::111122223333:user/ann"}}})
}

fn policy(action: &str) -> String {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}).to_string()
}

fn grants(at: &Path) {
    let own = json!([{"PolicyName": "own", "PolicyDocument": serde_json::from_str::<Value>(&policy("ec2:*")).unwrap()}]);
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]});
    let viewer = json!({"Arn": "arn:aws:iam::aws:policy/Viewer", "PolicyName": "Viewer", "DefaultVersionId": "v1",
        "PolicyVersionList": [{"VersionId": "v1", "IsDefaultVersion": true, "Document": serde_json::from_str::<Value>(&policy("ec2:DescribeVpcs")).unwrap()}]});
    let gaad = json!({
        "UserDetailList": [{"Path": "/", "UserName": "ann", "UserId": "AIDAEXAMPLEANN", "Arn": "arn:aws:iam::111122223333:user/ann", "UserPolicyList": own}],
        "GroupDetailList": [], "Policies": [viewer],
        "RoleDetailList": [{"Path": "/", "RoleName": "app", "RoleId": "AROAEXAMPLEAPP", "Arn": ROLE, "AssumeRolePolicyDocument": trust, "RolePolicyList": own}],
    });
    std::fs::create_dir_all(at.join("grants")).unwrap();
    std::fs::write(at.join("grants/gaad.json"), gaad.to_string()).unwrap();
}

/// Runs on some records; the sessions' part of `run.json`.
fn sessions(records: &[Value]) -> Value {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    grants(at);
    std::fs::create_dir_all(at.join("logs")).unwrap();
    std::fs::write(at.join("logs/one.json"), json!({"Records": records}).to_string()).unwrap();
    let output = trailtrim([
        "run".as_ref(), "--quiet".as_ref(), "--logs".as_ref(), at.join("logs").as_os_str(), "--grants".as_ref(), at.join("grants").as_os_str(),
        "--state".as_ref(), at.join("state").as_os_str(), "--out".as_ref(), at.join("out").as_os_str(), "--now".as_ref(), "2026-11-01T00:00:00Z".as_ref(),
    ]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    json(&at.join("out/run.json"))["consistency"]["sessions"].clone()
}

/// One session, made by these STS events.
fn one_session(issuing: &[Value]) -> Value {
    let mut records = issuing.to_vec();
    records.extend(calls("ASIAONE", &role()));
    sessions(&records)
}

fn assume(request: Value) -> Value {
    issue("ASIAONE", "AssumeRole", request, json!({}))
}

const KNOWN: [[i64; 3]; 2] = [[1, 0, 0], [1, 0, 0]];
const OPEN: [[i64; 3]; 2] = [[0, 1, 0], [0, 1, 0]];
const NONE: [[i64; 3]; 2] = [[0, 0, 0], [0, 0, 0]];

#[test]
fn what_the_sts_event_tells_decides() {
    let vpcs = policy("ec2:DescribeVpcs");
    let viewer = json!([{"arn": "arn:aws:iam::aws:policy/Viewer"}]);
    for (request, expected) in [
        (json!({"roleArn": ROLE, "policy": vpcs}), KNOWN),
        (json!({"roleArn": ROLE, "policy": serde_json::from_str::<Value>(&vpcs).unwrap()}), KNOWN),
        (json!({"roleArn": ROLE, "policyArns": viewer}), KNOWN),
        (json!({"roleArn": ROLE, "policyArns": [{"arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}]}), OPEN),
        (json!({"roleArn": ROLE, "policy": "{\"Version\": \"2012-10-17\", \"Stat"}), OPEN),
        (json!({"omitted": true}), OPEN),
        (Value::Null, OPEN),
        (json!({"roleArn": ROLE, "policy": policy("ec2:DescribeTags")}), [[0, 0, 1], [0, 0, 1]]),
        (json!({"roleArn": ROLE}), NONE),
    ] {
        let found = one_session(&[assume(request.clone())]);
        assert_eq!(figures(&found), expected, "{request}: {found}");
    }
    assert_eq!(figures(&one_session(&[])), NONE, "without its STS event a session is not compared");
}

#[test]
fn copies_of_an_sts_event_must_agree() {
    let request = json!({"roleArn": ROLE, "policy": policy("ec2:DescribeVpcs")});
    let copy = |request: Value, account: &str| issue("ASIAONE", "AssumeRole", request, json!({"sharedEventID": "shared", "recipientAccountId": account}));
    let first = copy(request.clone(), "111122223333");
    assert_eq!(figures(&one_session(&[first.clone(), copy(request, "444455556666")])), KNOWN);
    assert_eq!(figures(&one_session(&[first.clone(), copy(Value::Null, "444455556666")])), KNOWN);
    assert_eq!(figures(&one_session(&[first.clone(), copy(json!({"roleArn": ROLE}), "444455556666")])), OPEN);
    let managed = json!({"roleArn": ROLE, "policyArns": [{"arn": "arn:aws:iam::aws:policy/Viewer"}]});
    assert_eq!(figures(&one_session(&[copy(managed, "111122223333"), copy(json!({"roleArn": ROLE}), "444455556666")])), OPEN);
    let found = one_session(&[first, copy(json!({"roleArn": ROLE, "policy": policy("ec2:*")}), "444455556666")]);
    assert_eq!(figures(&found), OPEN);
    assert_eq!(found["not_known"], json!([{"what": "the STS event does not tell", "calls": 2}]));
}

#[test]
fn a_session_is_known_by_its_key() {
    let request = json!({"roleArn": ROLE, "policy": policy("ec2:DescribeVpcs")});
    let early = issue("ASIAONE", "AssumeRole", request.clone(), json!({"eventTime": "2026-08-02T23:00:00Z"}));
    let failed = issue("ASIATWO", "AssumeRole", request.clone(), json!({"errorCode": "AccessDenied"}));
    let token = json!({"name": "guest", "policy": policy("ec2:DescribeVpcs")});
    let mut records = vec![early, failed, issue("ASIAANN", "GetFederationToken", token.clone(), json!({})), issue("ASIAROOT", "GetFederationToken", token, json!({}))];
    records.push(issue("ASIAMFA", "GetSessionToken", Value::Null, json!({})));
    records.extend(["ASIAONE", "ASIATWO", "ASIATHREE", "ASIAMFA"].iter().flat_map(|key| calls(key, &role())));
    records.extend(calls("ASIAANN", &federated("IAMUser", "AIDAEXAMPLEANN")));
    let mut root = federated("Root", "111122223333");
    root["sessionContext"]["sessionIssuer"]["arn"] = "arn:aws:iam::111122223333:root".into();
    records.extend(calls("ASIAROOT", &root));
    let found = sessions(&records);
    assert_eq!(figures(&found), [[2, 0, 0], [2, 0, 0]], "the role's session and ann's guest: {found}");
    assert_eq!(found["denied_layers"]["agree"], 2);
    assert_eq!(found["not_exported"], 2, "root's guest");
}
