//! Grants that changed while the log was written: each call is judged by what held at its time, so that what would be
//! contradictions with the export agrees; and what was granted inside the window is not taken away.

use std::path::Path;

use serde_json::{Value, json};

use super::common::{json, trailtrim};

const ACCOUNT: &str = "111122223333";
const NOW: &str = "2026-11-01T00:00:00Z";

fn policy(action: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]})
}

fn trust(service: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}]})
}

fn arn(what: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:{what}")
}

fn record(time: &str, service: &str, name: &str, identity: &Value, more: &Value) -> Value {
    let mut record = json!({
        "eventVersion": "1.11", "eventTime": time, "awsRegion": "eu-west-1", "recipientAccountId": ACCOUNT,
        "eventSource": format!("{service}.amazonaws.com"), "eventName": name, "eventType": "AwsApiCall", "eventCategory": "Management",
        "eventID": format!("{time} {name} {}", more["requestParameters"]), "userIdentity": identity,
    });
    for (key, value) in more.as_object().unwrap() {
        record[key] = value.clone();
    }
    record
}

/// A change of grants by an administrator.
fn change(time: &str, name: &str, request: Value) -> Value {
    let admin = json!({"type": "IAMUser", "principalId": "AIDAADMIN", "arn": arn("user/admin"), "accountId": ACCOUNT, "userName": "admin"});
    record(time, "iam", name, &admin, &json!({"requestParameters": request}))
}

/// A call of the role `app`; refused, if so, for want of an identity policy.
fn call(time: &str, name: &str, is_allowed: bool) -> Value {
    let role = json!({"type": "AssumedRole", "principalId": "AROAEXAMPLEAPP:s", "arn": format!("arn:aws:sts::{ACCOUNT}:assumed-role/app/s"), "accountId": ACCOUNT,
                      "sessionContext": {"sessionIssuer": {"type": "Role", "principalId": "AROAEXAMPLEAPP", "arn": arn("role/app")}}});
    let said = format!("User: x is not authorized to perform: ec2:{name} because no identity-based policy allows the ec2:{name} action");
    let error = if is_allowed { json!({}) } else { json!({"errorCode": "UnauthorizedOperation", "errorMessage": said}) };
    record(time, "ec2", name, &role, &error)
}

/// `app` is taken up by a service.
fn taken_up(time: &str, service: &str, is_allowed: bool) -> Value {
    let request = json!({"requestParameters": {"roleArn": arn("role/app"), "roleSessionName": "s"}});
    let mut record = record(time, "sts", "AssumeRole", &json!({"type": "AWSService", "invokedBy": service}), &request);
    if !is_allowed {
        record["errorCode"] = "AccessDenied".into();
        let said = "is not authorized to perform: sts:AssumeRole on resource";
        record["errorMessage"] = format!("User: {service} {said}: {} because no role trust policy allows the sts:AssumeRole action", arn("role/app")).into();
    }
    record
}

/// The export: `app` with its inline policies, its attached policies and its trust, and the policy `P`.
fn export(inline: &[(&str, &str)], attached: &[&str], service: &str) -> Value {
    let version = |id: &str, action: &str, is_default| json!({"VersionId": id, "IsDefaultVersion": is_default, "Document": policy(action), "CreateDate": "2025-01-01T00:00:00Z"});
    json!({
        "UserDetailList": [], "GroupDetailList": [],
        "RoleDetailList": [{"Path": "/", "RoleName": "app", "RoleId": "AROAEXAMPLEAPP", "Arn": arn("role/app"), "CreateDate": "2025-01-01T00:00:00Z",
            "AssumeRolePolicyDocument": trust(service),
            "RolePolicyList": inline.iter().map(|(name, action)| json!({"PolicyName": name, "PolicyDocument": policy(action)})).collect::<Vec<_>>(),
            "AttachedManagedPolicies": attached.iter().map(|name| json!({"PolicyArn": arn(&format!("policy/{name}")), "PolicyName": name})).collect::<Vec<_>>()}],
        "Policies": [{"Arn": arn("policy/P"), "PolicyName": "P", "DefaultVersionId": "v2", "CreateDate": "2025-01-01T00:00:00Z",
            "PolicyVersionList": [version("v1", "ec2:DescribeVpcs", false), version("v2", "ec2:DescribeTags", true)]}],
    })
}

/// Takes in records and runs.
fn run(at: &Path, export: &Value, records: &[Value]) -> Value {
    std::fs::create_dir_all(at.join("grants")).unwrap();
    std::fs::create_dir_all(at.join("logs")).unwrap();
    std::fs::write(at.join("grants/gaad.json"), export.to_string()).unwrap();
    std::fs::write(at.join("logs/one.json"), json!({"Records": records}).to_string()).unwrap();
    let output = trailtrim([
        "run".as_ref(), "--quiet".as_ref(), "--logs".as_ref(), at.join("logs").as_os_str(), "--grants".as_ref(), at.join("grants").as_os_str(),
        "--state".as_ref(), at.join("state").as_os_str(), "--out".as_ref(), at.join("out").as_os_str(), "--now".as_ref(), NOW.as_ref(),
    ]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    json(&at.join("out/run.json"))
}

fn run_once(export: &Value, records: &[Value]) -> Value {
    run(tempfile::tempdir().unwrap().path(), export, records)
}

/// `ok`, `unknown` and `contradiction` of allowed and of denied calls.
fn figures(run: &Value) -> [[i64; 3]; 2] {
    ["allowed", "denied"].map(|side| ["ok", "unknown", "contradiction"].map(|k| run["consistency"][side][k].as_i64().unwrap()))
}

fn is_change(record: &Value) -> bool {
    record["eventSource"] == "iam.amazonaws.com"
}

/// The same with the changes left out of the log.
fn without_history(export: &Value, records: &[Value]) -> [[i64; 3]; 2] {
    let calls: Vec<Value> = records.iter().filter(|r| !is_change(r)).cloned().collect();
    figures(&run_once(export, &calls))
}

#[test]
fn a_call_is_judged_by_the_policies_of_its_time() {
    let role = |extra: Value| {
        let mut request = json!({"roleName": "app"});
        request.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        request
    };
    let put = |time: &str, action: &str| change(time, "PutRolePolicy", role(json!({"policyName": "own", "policyDocument": policy(action).to_string()})));
    let by_arn = |time: &str, name: &str, policy: &str| change(time, name, role(json!({"policyArn": arn(&format!("policy/{policy}"))})));

    // Refused before the grant, allowed after it. What was there before the first Put of the log is not known.
    let granted = export(&[("own", "ec2:DescribeVpcs")], &[], "ec2.amazonaws.com");
    let records = [
        put("2026-10-01T00:00:00Z", "ec2:DescribeTags"),
        call("2026-10-02T00:00:00Z", "DescribeVpcs", false),
        put("2026-10-03T00:00:00Z", "ec2:DescribeVpcs"),
        call("2026-10-04T00:00:00Z", "DescribeVpcs", true),
    ];
    assert_eq!(without_history(&granted, &records), [[1, 0, 0], [0, 0, 1]]);
    let found = run_once(&granted, &records);
    assert_eq!(figures(&found), [[1, 0, 0], [1, 0, 0]], "{}", found["consistency"]["contradictions"]);
    assert_eq!(found["consistency"]["denied_layers"]["agree"], 1);
    assert_eq!(found["history"], json!({"changes": 2, "replayed": 2, "principals": 1, "eras": 4, "unknown": 2, "stale_hints": [], "not_told": [], "missing_until": null}));
    let early = [records[1].clone(), records[2].clone(), records[3].clone()];
    assert_eq!(figures(&run_once(&granted, &early)), [[1, 0, 0], [1, 0, 0]]);

    // Allowed before the policy was detached.
    let detached = export(&[], &[], "ec2.amazonaws.com");
    let records = [call("2026-10-02T00:00:00Z", "DescribeTags", true), by_arn("2026-10-03T00:00:00Z", "DetachRolePolicy", "P"), call("2026-10-04T00:00:00Z", "DescribeTags", false)];
    assert_eq!(without_history(&detached, &records), [[0, 0, 1], [1, 0, 0]]);
    let found = run_once(&detached, &records);
    assert_eq!(figures(&found), [[1, 0, 0], [1, 0, 0]]);
    let replay = &found["proposals"]["replay"];
    assert_eq!((&replay["unexplained"], &replay["explained_by_history"]), (&json!(1), &json!(1)));

    // Another version of the policy was in force.
    let attached = export(&[], &["P"], "ec2.amazonaws.com");
    let second = json!({"policyArn": arn("policy/P"), "policyDocument": policy("ec2:DescribeTags").to_string(), "setAsDefault": true});
    let mut version = change("2026-10-03T00:00:00Z", "CreatePolicyVersion", second);
    version["responseElements"] = json!({"policyVersion": {"versionId": "v2", "isDefaultVersion": true}});
    let records = [
        call("2026-10-02T00:00:00Z", "DescribeVpcs", true),
        call("2026-10-02T00:00:00Z", "DescribeTags", false),
        version,
        call("2026-10-04T00:00:00Z", "DescribeVpcs", false),
        call("2026-10-04T00:00:00Z", "DescribeTags", true),
    ];
    assert_eq!(without_history(&attached, &records), [[1, 0, 1], [1, 0, 1]]);
    assert_eq!(figures(&run_once(&attached, &records)), [[2, 0, 0], [2, 0, 0]]);

    // Another service could take the role up.
    let trusted = export(&[], &[], "lambda.amazonaws.com");
    let update = |time: &str, service: &str| change(time, "UpdateAssumeRolePolicy", role(json!({"policyDocument": trust(service).to_string()})));
    let records = [
        taken_up("2026-09-30T00:00:00Z", "ec2.amazonaws.com", true),
        update("2026-10-01T00:00:00Z", "ec2.amazonaws.com"),
        taken_up("2026-10-02T00:00:00Z", "ec2.amazonaws.com", true),
        taken_up("2026-10-02T00:00:01Z", "lambda.amazonaws.com", false),
        update("2026-10-03T00:00:00Z", "lambda.amazonaws.com"),
        taken_up("2026-10-04T00:00:00Z", "lambda.amazonaws.com", true),
        taken_up("2026-10-04T00:00:01Z", "ec2.amazonaws.com", false),
    ];
    assert_eq!(without_history(&trusted, &records), [[1, 0, 2], [1, 0, 1]]);
    assert_eq!(figures(&run_once(&trusted, &records)), [[2, 1, 0], [2, 0, 0]], "before the first change of the log it is not known");
}

#[test]
fn calls_near_a_change_and_exports_that_are_older_are_open() {
    let put = |time: &str, action: &str| change(time, "PutRolePolicy", json!({"roleName": "app", "policyName": "own", "policyDocument": policy(action).to_string()}));
    let now = export(&[("own", "ec2:DescribeVpcs")], &[], "ec2.amazonaws.com");
    let records = [put("2026-10-01T00:00:00Z", "ec2:DescribeTags"), put("2026-10-03T00:00:00Z", "ec2:DescribeVpcs"), call("2026-10-03T00:00:05Z", "DescribeTags", true)];
    assert_eq!(figures(&run_once(&now, &records)), [[0, 1, 0], [0, 0, 0]], "the old policy may still have acted");
    let records = [put("2026-10-01T00:00:00Z", "ec2:DescribeVpcs"), put("2026-10-03T00:00:00Z", "ec2:DescribeTags"), call("2026-10-04T00:00:00Z", "DescribeTags", true)];
    let found = run_once(&now, &records);
    assert_eq!(figures(&found), [[0, 1, 0], [0, 0, 0]]);
    let hint = format!("{}: inline policy `own` in the export is not as the log left it", arn("role/app"));
    assert_eq!(found["history"]["stale_hints"], json!([hint]));
    assert!(found["unknown"].to_string().contains("in 1 place the export is not as the log left it"));
}

#[test]
fn stores_of_an_older_version_say_that_changes_are_missing() {
    let dir = tempfile::tempdir().unwrap();
    let granted = export(&[("own", "ec2:DescribeVpcs")], &[], "ec2.amazonaws.com");
    let records = [call("2026-10-02T00:00:00Z", "DescribeVpcs", true)];
    let found = run(dir.path(), &granted, &records);
    assert_eq!(found["history"]["missing_until"], Value::Null);
    for entry in std::fs::read_dir(dir.path().join("state/ledger")).unwrap() {
        let path = entry.unwrap().path();
        let mut batch = json(&path);
        batch["schema"] = 4.into();
        std::fs::write(&path, batch.to_string()).unwrap();
    }
    let found = run(dir.path(), &granted, &records);
    assert_eq!(found["history"]["missing_until"], "2026-10-02");
    assert!(found["unknown"].to_string().contains("changes of grants up to 2026-10-02 may be missing"));
}

/// The verdicts on the actions of one policy of `app`.
fn verdicts(records: &[Value], grants: &Value, owner: &str, name: &str) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), grants, records);
    let evidence = json(&dir.path().join(format!("out/policies/{ACCOUNT}/{owner}/evidence.json")));
    let found = evidence["policies"].as_array().unwrap().iter().find(|p| p["policy"] == name).unwrap_or_else(|| panic!("{name}: {evidence}"));
    found["evidence"].as_array().unwrap().iter().map(|a| a["verdict"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_was_granted_inside_the_window_is_not_taken_away() {
    // Reads and writes on every day, so that the window is covered.
    let days: Vec<String> = (0..100)
        .map(|d| (jiff::civil::date(2026, 7, 25).saturating_add(jiff::Span::new().days(d))).to_string())
        .filter(|d| d.as_str() < "2026-11-01")
        .collect();
    let mut records = Vec::new();
    for day in &days {
        for (hour, name, read_only) in [("01", "DescribeVpcs", true), ("02", "CreateVpc", false)] {
            let mut call = call(&format!("{day}T{hour}:00:00Z"), name, true);
            call["readOnly"] = read_only.into();
            records.push(call);
        }
    }
    let inline = [("own", "ec2:DescribeTags"), ("used", "ec2:*Vpc*")];
    let granted = export(&inline, &["P"], "ec2.amazonaws.com");
    let role = "role/app".to_owned();
    assert_eq!(verdicts(&records, &granted, &role, "own"), ["drop"], "granted since long before the window");
    let with = |more: Value| [records.clone(), vec![more]].concat();
    let put = |name: &str| change("2026-10-20T00:00:00Z", "PutRolePolicy", json!({"roleName": "app", "policyName": name, "policyDocument": policy("ec2:DescribeTags").to_string()}));
    assert_eq!(verdicts(&with(put("own")), &granted, &role, "own"), ["keep-young"]);
    // Another policy of the role was attached: that one is young, this one is not.
    let attach = change("2026-10-20T00:00:00Z", "AttachRolePolicy", json!({"roleName": "app", "policyArn": arn("policy/P")}));
    assert_eq!(verdicts(&with(attach.clone()), &granted, &role, "own"), ["drop"]);
    assert_eq!(verdicts(&with(attach), &granted, "policy/P", "P"), ["keep-young"]);
    // A boundary that was lifted may have stood in the way.
    let lifted = change("2026-10-20T00:00:00Z", "DeleteRolePermissionsBoundary", json!({"roleName": "app"}));
    assert_eq!(verdicts(&with(lifted), &granted, &role, "own"), ["keep-young"]);
    let trusted = change("2026-10-20T00:00:00Z", "UpdateAssumeRolePolicy", json!({"roleName": "app", "policyDocument": trust("ec2.amazonaws.com").to_string()}));
    assert_eq!(verdicts(&with(trusted), &granted, &role, "own"), ["keep-young"]);
}
