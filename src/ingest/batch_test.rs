//! The quick way and the long way give the same rows: what is remembered of a caller's earlier calls must not show in later ones.

use std::path::Path;

use serde_json::{Value as Json, json};

use super::batch::{Batch, Tools};
use super::columns::Value;
use super::rooms::Rooms;
use super::{Ledger, Limits, source};
use crate::reference::Reference;
use crate::reference::mapping::Mapper;

fn caller(key: &str) -> Json {
    json!({"type": "AssumedRole", "principalId": "AROAEXAMPLEEXAMPLE01:a-session-of-many", "arn": "arn:aws:sts::111122223333:assumed-role/app/a-session-of-many",
        "accountId": "111122223333", "accessKeyId": key, "sessionContext": {"attributes": {"mfaAuthenticated": "false", "creationDate": "2026-10-01T00:00:00Z"}}})
}

/// Calls of few callers, each unlike the one before in one thing.
fn records() -> Vec<Json> {
    let mut records = Vec::new();
    let mut add = |key: &str, change: Json| {
        let mut record = json!({"eventID": format!("e-{}", records.len()), "eventTime": "2026-10-02T00:00:00Z", "eventSource": "s3.amazonaws.com", "eventName": "GetObject",
            "awsRegion": "eu-west-1", "sourceIPAddress": "192.0.2.1", "userAgent": "a", "tlsDetails": {"tlsVersion": "TLSv1.3"}, "userIdentity": caller(key),
            "recipientAccountId": "111122223333", "requestParameters": {"bucketName": "b", "key": "k"}, "responseElements": null,
            "resources": [{"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::b/k"}, {"accountId": "111122223333", "type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::b"}]});
        for (field, value) in change.as_object().unwrap() {
            record[field] = value.clone();
        }
        records.push(record);
    };
    for key in ["ASIA1", "ASIA2", "ASIA1", "ASIA3", "ASIA4", "ASIA5", "ASIA6", "ASIA1"] {
        add(key, json!({}));
        add(key, json!({"sourceIPAddress": "192.0.2.2"}));
        add(key, json!({"eventTime": "2026-09-01T00:00:00Z", "sourceIPAddress": "192.0.2.3"}));
        add(key, json!({"sourceIPAddress": "192.0.2.3"}));
        add(key, json!({"eventSource": "sts.amazonaws.com", "eventName": "AssumeRole", "requestParameters": {"roleArn": "arn:aws:iam::111122223333:role/r", "roleSessionName": "s"}}));
        add(key, json!({"sourceIPAddress": "192.0.2.3"}));
        add(key, json!({"awsRegion": "eu-west-2"}));
        add(key, json!({"vpcEndpointId": "vpce-1"}));
        add(key, json!({"tlsDetails": null}));
        add(key, json!({"recipientAccountId": "444455556666"}));
        add(key, json!({"userIdentity": {"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}}));
        add(key, json!({"eventName": "PutObject", "requestParameters": {"bucketName": "b", "key": "*"}}));
    }
    records
}

type Rows = Vec<(Vec<Value>, Vec<Vec<Value>>)>;

/// Each file is a batch, in the same room one after the other.
fn decoded(folder: &Path, files: &[(&str, String)]) -> Vec<Rows> {
    let state = folder.join("state");
    let mut ledger = Ledger::open(&state).unwrap();
    ledger.keep_since(&state, "2026-10-01".to_owned()).unwrap();
    let (reference, rooms) = (Reference::bundled().unwrap(), Rooms::new(Limits::default()));
    let mapper = Mapper::new(reference).unwrap();
    let mut batches = Vec::new();
    for (name, text) in files {
        let logs = folder.join(name);
        std::fs::create_dir(&logs).unwrap();
        std::fs::write(logs.join("log.json"), text).unwrap();
        let found = source::list(&[logs], &source::Keep::default()).unwrap().files;
        let batch = Batch::decode(&found, Tools { mapper: &mapper, reference, ledger: &ledger, digests: None, rooms: &rooms });
        assert!(batch.files.iter().all(|f| f.rejections.is_empty() && f.too_old == 8));
        let row = |row: usize| (batch.events.row(row, &batch.texts), batch.actions_of(row).map(|a| batch.actions.row(a, &batch.texts)).collect());
        batches.push((0..batch.events.len()).map(row).collect());
        rooms.give_back(batch);
    }
    batches
}

#[test]
fn what_is_remembered_of_callers_does_not_show() {
    let folder = tempfile::tempdir().unwrap();
    let list = serde_json::to_string(&records()).unwrap();
    let quick = format!("{{\"Records\": {list}}}");
    let rows = decoded(folder.path(), &[("quick", quick.clone()), ("again", quick), ("long", list)]);
    assert_eq!(rows[0].len(), 11 * 8);
    for (at, rows_of) in rows[0].iter().enumerate() {
        assert_eq!(*rows_of, rows[2][at], "{at}: by the long way");
        assert_eq!(*rows_of, rows[1][at], "{at}: with the memory of a batch before");
    }
}
