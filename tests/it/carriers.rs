//! A folder of every carrier under names that do not tell: what is kept, counted twice, rejected, left alone, and who is
//! credited with what.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::builder::{ListBuilder, MapBuilder, StringBuilder, StructBuilder};
use arrow_array::{Array, ArrayRef, BooleanArray, Int32Array, Int64Array, RecordBatch, StringArray, StructArray};
use arrow_schema::{DataType, Field, Fields, Schema};
use parquet::arrow::ArrowWriter;
use trailtrim::ingest::source::{Keep, list};
use trailtrim::ingest::{IngestSummary, Limits, ingest};
use trailtrim::progress::Progress;
use trailtrim::reference::Reference;
use trailtrim::reference::mapping::Mapper;
use trailtrim::usage::{Usage, Window, roll_up};

use super::common::{json, root, tree};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut encoder, bytes).unwrap();
    encoder.finish().unwrap()
}

fn taken(logs: &Path, state: &Path) -> IngestSummary {
    let reference = Reference::bundled().unwrap();
    let mapper = Mapper::new(reference).unwrap();
    ingest(list(&[logs.to_path_buf()], &Keep::default()).unwrap(), None, state, &mapper, reference, Limits::default(), &Progress::new(true)).unwrap()
}

fn rolled_up(state: &Path) -> Usage {
    let parts = |table: &str| -> Vec<PathBuf> {
        let folder = state.join(table);
        if folder.exists() { tree(&folder).into_keys().map(|n| folder.join(n)).collect() } else { Vec::new() }
    };
    roll_up(&parts("events"), &parts("event_actions"), &parts("grant_changes"), Window { start_ms: 1_790_800_000_000, end_ms: 1_791_000_000_000 }).unwrap()
}

fn structure(fields: Vec<(&str, ArrayRef)>) -> ArrayRef {
    let columns: Vec<(Arc<Field>, ArrayRef)> = fields.into_iter().map(|(name, a)| (Arc::new(Field::new(name, a.data_type().clone(), true)), a)).collect();
    Arc::new(StructArray::from(columns))
}

fn texts(values: [Option<&str>; 2]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

fn same(value: &str) -> ArrayRef {
    texts([Some(value); 2])
}

/// A file as Security Lake writes it: a session's call, and a finding that is not CloudTrail's.
fn security_lake() -> Vec<u8> {
    let user = structure(vec![
        ("type", same("AssumedRole")),
        ("uid", same("arn:aws:sts::111122223333:assumed-role/app/i-1")),
        ("uid_alt", same("AROAEXAMPLEAPP:i-1")),
        ("account", structure(vec![("uid", same("111122223333"))])),
        ("credential_uid", same("ASIAEXAMPLE")),
    ]);
    let session = structure(vec![
        ("issuer", same("arn:aws:iam::111122223333:role/team/app")),
        ("is_mfa", Arc::new(BooleanArray::from(vec![false, false]))),
    ]);
    let api = structure(vec![
        ("operation", same("GetObjectTagging")),
        ("service", structure(vec![("name", same("s3.amazonaws.com"))])),
        ("request", structure(vec![("uid", same("REQUEST000000040")), ("data", same(r#"{"bucketName":"acme-data","key":"in/1.json"}"#))])),
        ("response", structure(vec![("error", texts([None, None]))])),
    ]);
    let metadata = structure(vec![
        ("uid", texts([Some("ocsf-1"), Some("ocsf-2")])),
        ("event_code", same("AwsApiCall")),
        ("product", structure(vec![("name", same("CloudTrail")), ("feature", structure(vec![("name", same("Data"))]))])),
    ]);
    let of_resource = Fields::from(vec![Field::new("uid", DataType::Utf8, true), Field::new("type", DataType::Utf8, true)]);
    let mut resources = ListBuilder::new(StructBuilder::from_fields(of_resource, 2));
    for _ in 0..2 {
        for (at, text) in ["arn:aws:s3:::acme-data/in/1.json", "AWS::S3::Object"].into_iter().enumerate() {
            resources.values().field_builder::<StringBuilder>(at).unwrap().append_value(text);
        }
        resources.values().append(true);
        resources.append(true);
    }
    let mut unmapped = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
    for _ in 0..2 {
        for (key, value) in [("recipientAccountId", "111122223333"), ("readOnly", "true"), ("managementEvent", "false")] {
            unmapped.keys().append_value(key);
            unmapped.values().append_value(value);
        }
        unmapped.append(true).unwrap();
    }
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("metadata", metadata),
        ("time", Arc::new(Int64Array::from(vec![1_790_812_800_000, 1_790_812_800_000]))),
        ("class_uid", Arc::new(Int32Array::from(vec![6003, 2004]))),
        ("api", api),
        ("actor", structure(vec![("user", user), ("session", session)])),
        ("cloud", structure(vec![("region", same("eu-west-1")), ("provider", same("AWS"))])),
        ("resources", Arc::new(resources.finish())),
        ("unmapped", Arc::new(unmapped.finish())),
        ("severity", same("Informational")),
    ];
    parquet_of(columns)
}

fn parquet_of(columns: Vec<(&str, ArrayRef)>) -> Vec<u8> {
    let fields: Fields = columns.iter().map(|(name, a)| Field::new(*name, a.data_type().clone(), true)).collect();
    let schema = Arc::new(Schema::new(fields));
    let batch = RecordBatch::try_new(schema.clone(), columns.into_iter().map(|(_, a)| a).collect()).unwrap();
    let mut writer = ArrowWriter::try_new(Vec::new(), schema, None).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

/// The mixed folder, some of it compressed under names that lie.
fn mixed(to: &Path) {
    for (at, (name, bytes)) in tree(&root().join("testdata/carriers/mixed")).into_iter().enumerate() {
        let path = to.join(&name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let bytes = match (name.as_str(), at % 3) {
            ("cut.json", _) => bytes,
            (_, 0) => gzip(&bytes),
            (_, 1) => zstd::encode_all(bytes.as_slice(), 1).unwrap(),
            _ => bytes,
        };
        std::fs::write(path, bytes).unwrap();
    }
    std::fs::write(to.join("lake.json.gz"), security_lake()).unwrap();
    std::fs::write(to.join("other.parquet"), parquet_of(vec![("a", same("x")), ("b", same("y")), ("c", same("z"))])).unwrap();
    std::fs::write(to.join("image.png"), b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR").unwrap();
}

#[test]
fn a_folder_of_every_carrier() {
    let dir = tempfile::tempdir().unwrap();
    let (logs, state) = (dir.path().join("logs"), dir.path().join("state"));
    mixed(&logs);
    let summary = taken(&logs, &state);
    let ignored: Vec<(&str, &str)> = summary.ignored.iter().map(|(n, w)| (n.as_str(), w.as_str())).collect();
    assert_eq!(
        ignored,
        [
            ("README.md", "text, no log that is known"),
            ("digest", "digest file"),
            ("image.png", "binary, no log that is known"),
            ("other.parquet", "Parquet without class_uid: not of Security Lake"),
            ("package.json", "JSON, but not a CloudTrail log"),
        ]
    );
    let rejected: Vec<String> = summary.rejections.iter().map(|(file, r)| format!("{file} {r}")).collect();
    assert_eq!(
        rejected,
        [
            "access/2026-10-01-01-00-00-0123456789ABCDEF record 7, a line of an access log that breaks off",
            "bus record 1, field detail-type, an EventBridge event that is no call via CloudTrail",
            "cut.json not JSON: it breaks off",
            "filtered.json record 1, field message, not a CloudTrail record",
            "lake.json.gz record 1, field class_uid, an OCSF class that is not of CloudTrail: 2004",
            "lines.txt record 1, not JSON: it breaks off",
        ]
    );
    let t = &summary.totals;
    assert_eq!((t.records_read, t.kept, t.duplicate, t.rejected), (33, 25, 2, 6), "{}", summary.sentence());

    let usage = rolled_up(&state);
    let mut rows: Vec<String> = usage
        .rows
        .iter()
        .map(|r| format!("{} {} {} {:?} {} {}", r.principal_key, r.action, r.resource_arn, r.outcome, r.calls, r.provenance))
        .collect();
    rows.sort();
    let by_session = "arn:aws:iam::111122223333:role/app";
    let by_arn = "arn:aws:iam::111122223333:user/ann";
    let bob = "arn:aws:iam::111122223333:user/bob";
    let of_ann = [
        "CreateUser", "DeleteUser", "GetLoginProfile", "GetUser", "ListAccessKeys", "ListGroupsForUser", "ListMFADevices", "ListSSHPublicKeys",
        "ListServiceSpecificCredentials", "ListSigningCertificates", "ListUserPolicies", "UpdateUser",
    ];
    let mut expected: Vec<String> = of_ann.iter().map(|a| format!("AIDAEXAMPLEANN iam:{a} {bob} Allowed 1 override")).collect();
    expected.extend([
        "AROAEXAMPLEAPP s3:GetBucketLocation arn:aws:s3:::acme-data Allowed 1 override".to_owned(),
        "AROAEXAMPLEAPP s3:GetObjectTagging arn:aws:s3:::acme-data/in/1.json Allowed 1 logged".to_owned(),
        // Both the trail and the access log have this call.
        "AROAEXAMPLEAPP s3:PutObject arn:aws:s3:::acme-data/in/1.json Allowed 1 logged".to_owned(),
        format!("{by_session} s3:DeleteObject arn:aws:s3:::acme-data/in/1.json Allowed 1 access-log"),
        format!("{by_session} s3:GetObject arn:aws:s3:::acme-data/out/a b.json Allowed 1 access-log"),
        format!("{by_session} s3:GetObject arn:aws:s3:::acme-data/secret Denied 1 access-log"),
        format!("{by_arn} s3:ListBucket arn:aws:s3:::acme-data Allowed 1 access-log"),
    ]);
    expected.sort();
    assert_eq!(rows, expected);
    // An access log shows use, never that a trail logs: only the trail's and Security Lake's data events do.
    let days: i64 = usage.coverage.accounts.values().flat_map(|a| a.days.values()).map(|d| d.data_events).sum();
    assert_eq!(days, 2);
    assert_eq!(usage.coverage.accounts.keys().collect::<Vec<_>>(), ["111122223333"]);
    assert!(usage.unknown_calls.is_empty(), "{:?}", usage.unknown_calls);

    // Another night adds nothing.
    let again = taken(&logs, &state);
    assert_eq!((again.totals.records_read, again.skipped, again.ignored.len()), (0, summary.files, 5));
}

/// The caller of an access log's line is found in the inventory, path and id and all.
#[test]
fn use_from_access_logs_is_credited() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    std::fs::create_dir_all(at.join("logs")).unwrap();
    std::fs::copy(root().join("testdata/carriers/mixed/access/2026-10-01-01-00-00-0123456789ABCDEF"), at.join("logs/x")).unwrap();
    let allow = |actions: serde_json::Value| serde_json::json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]});
    let trust = serde_json::json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}]});
    let gaad = serde_json::json!({"UserDetailList": [], "GroupDetailList": [], "Policies": [], "RoleDetailList": [{
        "Path": "/team/", "RoleName": "app", "RoleId": "AROAEXAMPLEAPP", "Arn": "arn:aws:iam::111122223333:role/team/app", "CreateDate": "2020-01-01T00:00:00Z",
        "AssumeRolePolicyDocument": trust, "InstanceProfileList": [], "AttachedManagedPolicies": [], "Tags": [],
        "RolePolicyList": [{"PolicyName": "p", "PolicyDocument": allow(serde_json::json!(["s3:GetObject", "s3:PutObject", "s3:ListBucket"]))}]}]});
    let grants = at.join("grants/aws/111122223333");
    std::fs::create_dir_all(&grants).unwrap();
    std::fs::write(grants.join("account-authorization-details.json"), gaad.to_string()).unwrap();
    let args: Vec<std::ffi::OsString> = vec![
        "run".into(), "--quiet".into(), "--logs".into(), at.join("logs").into(), "--grants".into(), at.join("grants").into(),
        "--now".into(), "2026-11-01T00:00:00Z".into(), "--state".into(), at.join("state").into(), "--out".into(), at.join("out").into(),
    ];
    let output = super::common::trailtrim(args);
    assert!(matches!(output.status.code(), Some(0 | 4)), "{}", String::from_utf8_lossy(&output.stderr));
    let evidence = json(&at.join("out/policies/111122223333/role/app/evidence.json"));
    let mut verdicts: BTreeMap<String, String> = BTreeMap::new();
    for policy in evidence["policies"].as_array().unwrap() {
        for e in policy["evidence"].as_array().unwrap() {
            let names = e["actions"].as_array().cloned().unwrap_or_else(|| vec![e["action"].clone()]);
            for action in names {
                verdicts.insert(action.as_str().unwrap().to_owned(), e["verdict"].as_str().unwrap().to_owned());
            }
        }
    }
    // The listing was somebody else's.
    assert_eq!(verdicts["s3:GetObject"], "keep-used", "{verdicts:?}");
    assert_eq!(verdicts["s3:PutObject"], "keep-used", "{verdicts:?}");
    assert_eq!(verdicts["s3:ListBucket"], "keep-unobservable", "an access log does not show that every use would be seen: {verdicts:?}");
}

#[test]
fn hostile_records_are_kept_or_rejected_each_for_its_reason() {
    let dir = tempfile::tempdir().unwrap();
    let folder = root().join("testdata/carriers/hostile");
    std::fs::create_dir_all(dir.path().join("logs")).unwrap();
    std::fs::copy(folder.join("records.json"), dir.path().join("logs/records.json")).unwrap();
    let summary = taken(&dir.path().join("logs"), &dir.path().join("state"));
    let reasons: BTreeMap<u64, String> = summary.rejections.iter().map(|(_, r)| (r.record.unwrap(), r.reason.clone())).collect();
    let expected = std::fs::read_to_string(folder.join("expected.txt")).unwrap();
    for (at, wanted) in expected.lines().enumerate() {
        let found = reasons.get(&u64::try_from(at).unwrap()).map_or("kept", String::as_str);
        assert!(found.contains(wanted), "record {at}: {found}, not {wanted}");
    }
    assert_eq!(summary.totals.records_read, u64::try_from(expected.lines().count()).unwrap());
    summary.totals.check().unwrap();
}

/// CloudTrail User Guide, record contents, `addendum`: a record told again with new data names the one it replaces.
#[test]
fn an_event_told_again_with_new_data_counts_once() {
    let folder = tempfile::tempdir().unwrap();
    let (logs, state) = (folder.path().join("logs"), folder.path().join("state"));
    std::fs::create_dir_all(&logs).unwrap();
    let record = |id: &str, key: &str, addendum: serde_json::Value| {
        let mut record = serde_json::json!({
            "eventVersion": "1.11", "eventTime": "2026-10-02T09:00:00Z", "eventSource": "s3.amazonaws.com", "eventName": "GetObject", "awsRegion": "eu-west-1",
            "userIdentity": {"type": "IAMUser", "principalId": "AIDAEXAMPLE", "arn": "arn:aws:iam::111122223333:user/ann", "accountId": "111122223333"},
            "requestParameters": {"bucketName": "b", "key": key}, "requestID": key, "eventID": id, "readOnly": true, "eventType": "AwsApiCall",
            "managementEvent": false, "eventCategory": "Data", "recipientAccountId": "111122223333",
        });
        record["addendum"] = addendum;
        record
    };
    let updated = serde_json::json!({"reason": "UPDATED_DATA", "updatedFields": "requestParameters", "originalEventID": "first"});
    let late = serde_json::json!({"reason": "DELIVERY_DELAY", "originalEventID": "other"});
    // The new record may come before the one that it replaces.
    for (night, records) in [[record("second", "new", updated), record("late", "late", late)], [record("first", "old", serde_json::Value::Null), record("other", "other", serde_json::Value::Null)]]
        .iter()
        .enumerate()
    {
        std::fs::write(logs.join(format!("{night}.json")), serde_json::json!({ "Records": records }).to_string()).unwrap();
        taken(&logs, &state);
    }
    let usage = rolled_up(&state);
    let mut used: Vec<(&str, i64)> = usage.rows.iter().map(|r| (r.resource_arn.as_str(), r.calls)).collect();
    used.sort_unstable();
    assert_eq!(used, [("arn:aws:s3:::b/late", 1), ("arn:aws:s3:::b/new", 1), ("arn:aws:s3:::b/other", 1)]);
    let activity: i64 = usage.activity.iter().map(|a| a.calls[0]).sum();
    assert_eq!(activity, 3, "in every question");
}
