//! Denials from the log to the table: which policy refused, each call once, and stores that know nothing of it.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use super::common::{root, run_sample, trailtrim, tree};

const ANN: &str = "arn:aws:iam::111122223333:user/ann";

/// A call of ann's; `more` is laid over it.
fn call(id: &str, service: &str, name: &str, request: Value, more: Value) -> Value {
    let mut record = json!({
        "eventVersion": "1.11", "eventID": id, "eventTime": "2026-10-05T10:00:00Z", "awsRegion": "us-east-1", "recipientAccountId": "111122223333",
        "eventSource": format!("{service}.amazonaws.com"), "eventName": name, "eventType": "AwsApiCall", "eventCategory": "Management",
        "readOnly": true, "requestParameters": request,
        "userIdentity": {"type": "IAMUser", "principalId": "AIDAEXAMPLE", "arn": ANN, "accountId": "111122223333"},
    });
    for (key, value) in more.as_object().unwrap() {
        record[key] = value.clone();
    }
    record
}

fn refused(rest: &str) -> Value {
    json!({"errorCode": "AccessDenied", "errorMessage": format!("User: {ANN} is not authorized to perform: {rest}")})
}

#[test]
fn each_refused_call_counts_once_under_its_layer() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    let role = "arn:aws:iam::444455556666:role/app";
    let assume = |id: &str, more: Value| {
        let mut all = refused(&format!("sts:AssumeRole on resource: {role} with an explicit deny in a resource control policy"));
        all["sharedEventID"] = "shared".into();
        for (key, value) in more.as_object().unwrap() {
            all[key] = value.clone();
        }
        call(id, "sts", "AssumeRole", json!({"roleArn": role, "roleSessionName": "s"}), all)
    };
    let policy = "arn:aws:iam::111122223333:policy/guard";
    let records = [
        assume("e1", json!({})),
        assume("e2", json!({"recipientAccountId": "444455556666", "userIdentity": {"type": "AWSAccount", "principalId": "AIDAEXAMPLE", "accountId": "111122223333"}})),
        call("e3", "iam", "ListUsers", Value::Null, refused("iam:ListUsers on resource: * because no identity-based policy allows the iam:ListUsers action")),
        call("e4", "iam", "ListUsers", Value::Null, refused(&format!("iam:ListUsers on resource: * with an explicit deny in a permissions boundary: {policy}"))),
        call("e5", "iam", "ListUsers", Value::Null, refused("iam:ListUsers on resource: * because no identity-based policy allows the iam:ListUsers action")),
        call("e6", "iam", "ListUsers", Value::Null, json!({})),
        call("e7", "iam", "ListUsers", Value::Null, json!({"errorCode": "AccessDenied", "errorMessage": "Access Denied"})),
        call("e8", "iam", "ListUsers", Value::Null, json!({"errorCode": "Throttling", "errorMessage": "Rate exceeded"})),
        call("e9", "secretsmanager", "GetSecretValue", json!({"secretId": "db"}), refused("kms:Decrypt on this resource with an explicit deny in a service control policy")),
        call("before", "iam", "ListRoles", Value::Null, json!({"eventTime": "2025-10-05T10:00:00Z", "errorCode": "AccessDenied"})),
    ];
    std::fs::create_dir_all(at.join("logs")).unwrap();
    std::fs::write(at.join("logs/one.json"), json!({"Records": records}).to_string()).unwrap();
    let output = trailtrim([
        "run".as_ref(), "--quiet".as_ref(), "--logs".as_ref(), at.join("logs").as_os_str(), "--state".as_ref(), at.join("state").as_os_str(),
        "--out".as_ref(), at.join("out").as_os_str(), "--now".as_ref(), "2026-11-01T00:00:00Z".as_ref(),
    ]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut reader = csv::Reader::from_path(at.join("out/tables/denials.csv")).unwrap();
    let found: Vec<String> = reader
        .deserialize::<BTreeMap<String, String>>()
        .map(|row| {
            let row = row.unwrap();
            ["principal_arn", "action", "denied_effect", "denied_policy_type", "denied_policy_arn", "calls", "sample_event_first", "sample_event_last"]
                .map(|c| row[c].as_str())
                .join(" ")
        })
        .collect();
    let expected = [
        format!("{ANN} iam:ListUsers explicit boundary {policy} 1 e4 e4"),
        format!("{ANN} iam:ListUsers implicit identity  2 e3 e5"),
        format!("{ANN} iam:ListUsers    1 e7 e7"),
        format!("{ANN} secretsmanager:GetSecretValue    1 e9 e9"),
        format!("{ANN} sts:AssumeRole explicit rcp  1 e1 e1"),
    ];
    assert_eq!(found, expected);
}

/// A copy of the sample's logs of some days.
fn copied(to: &Path, take: impl Fn(&str) -> bool) {
    for (name, bytes) in tree(&root().join("testdata/organisation/logs")).into_iter().filter(|(n, _)| take(n)) {
        let path = to.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}

/// Columns that came after version 1.
const LATER: &[&str] = &[
    "denied_effect", "denied_policy_type", "denied_policy_arn", "issued_access_key_id", "resource_type", "session_policy", "session_policy_arns",
];

/// Makes a part file what version 1 wrote.
fn as_version_1(part: &Path) {
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
    let reader = ParquetRecordBatchReaderBuilder::try_new(std::fs::File::open(part).unwrap()).unwrap().build().unwrap();
    let batches: Vec<_> = reader.map(Result::unwrap).collect();
    let fields = batches[0].schema();
    let places: Vec<usize> = (0..fields.fields().len()).filter(|at| !LATER.contains(&fields.field(*at).name().as_str())).collect();
    assert!(matches!(fields.fields().len() - places.len(), 3 | 4));
    let mut writer = None;
    for batch in batches {
        let old = batch.project(&places).unwrap();
        writer
            .get_or_insert_with(|| parquet::arrow::ArrowWriter::try_new(std::fs::File::create(part).unwrap(), old.schema(), None).unwrap())
            .write(&old)
            .unwrap();
    }
    writer.unwrap().close().unwrap();
}

/// Rows of `tables/denials.csv`, without and with what version 2 added.
fn denials(at: &Path) -> Vec<[Vec<String>; 2]> {
    let mut reader = csv::Reader::from_path(at.join("out/tables/denials.csv")).unwrap();
    let new: Vec<bool> = reader.headers().unwrap().iter().map(|h| h.starts_with("denied_")).collect();
    assert_eq!(new.iter().filter(|n| **n).count(), 3);
    reader
        .records()
        .map(|record| {
            let record = record.unwrap();
            [false, true].map(|wanted| record.iter().zip(&new).filter(|(_, n)| **n == wanted).map(|(v, _)| v.to_owned()).collect())
        })
        .collect()
}

#[test]
fn a_store_of_version_1_is_read_and_added_to() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    copied(&at.join("logs"), |n| n.contains("/2026/10/0"));
    assert!(run_sample(at, &at.join("logs"), &[]).status.success());
    let now = denials(at);
    let scp = |rows: &[[Vec<String>; 2]]| rows.iter().filter(|[_, new]| new[..2] == ["explicit", "scp"]).count();
    assert!(scp(&now) > 0, "{now:?}");
    let usage = std::fs::read(at.join("out/tables/usage.csv")).unwrap();

    let state = at.join("state");
    for (name, bytes) in tree(&state) {
        if name.starts_with("event_actions/") || name.starts_with("events/") {
            as_version_1(&state.join(&name));
        } else if name.starts_with("ledger/") {
            let mut entry: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
            assert_eq!(entry["schema"], trailtrim::event::SCHEMA_VERSION);
            entry["schema"] = 1.into();
            // Checksums came later.
            assert!(entry.as_object_mut().unwrap().remove("sums").is_some());
            std::fs::write(state.join(&name), entry.to_string()).unwrap();
        }
    }
    let output = run_sample(at, &at.join("logs"), &[]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let then = denials(at);
    assert!(then.iter().all(|[_, new]| new.iter().all(String::is_empty)), "what was not kept is NULL: {then:?}");
    let old_part = |rows: &[[Vec<String>; 2]]| rows.iter().map(|[old, _]| old.clone()).collect::<Vec<_>>();
    assert_eq!(old_part(&then), old_part(&now), "the rest is as it was");
    assert_eq!(usage, std::fs::read(at.join("out/tables/usage.csv")).unwrap());

    // New files come beside the old ones, before and after them in the order of names.
    copied(&at.join("logs"), |n| n.contains("/2026/09/2") || n.contains("/2026/10/1"));
    let output = run_sample(at, &at.join("logs"), &[]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mixed = denials(at);
    assert!(scp(&mixed) > 0 && mixed.iter().any(|[_, new]| new.iter().all(String::is_empty)), "{mixed:?}");
}
