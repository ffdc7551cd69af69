//! Lines of access logs: old and new, hostile ones, and the permissions that they stand for.

use serde_json::{Value, json};

use super::*;
use crate::ingest::carriers::{Carrier, carried, operations};
use crate::ingest::fields::Fields;
use crate::ingest::record::{Rows, rows};
use crate::reference::Reference;
use crate::reference::mapping::Mapper;

const OWNER: &str = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be";
const ANN: &str = "arn:aws:iam::111122223333:user/team/ann";
const TAIL: &str = "hostid= SigV4 TLS_AES_128_GCM_SHA256 AuthHeader b.s3.eu-west-1.amazonaws.com TLSv1.3 - - eu-west-1";

/// A line of all fields; what is usually asked about can be set.
fn line(requester: &str, operation: &str, key: &str, request: &str, status: &str, error: &str, version: &str) -> String {
    format!("{OWNER} b [06/Feb/2026:00:00:38 +0000] 192.0.2.3 {requester} 3E57427F3EXAMPLE {operation} {key} \"{request}\" {status} {error} 113 - 7 - \"-\" \"S3Console/0.4\" {version} {TAIL}")
}

fn get(requester: &str) -> String {
    line(requester, "REST.GET.OBJECT", "k", "GET /k HTTP/1.1", "200", "-", "-")
}

fn read(line: &str) -> Value {
    serde_json::from_str(&record(line, &Place::default()).unwrap()).unwrap()
}

#[test]
fn a_whole_line() {
    let found = read(&get(ANN));
    for (field, value) in [
        ("eventTime", json!("2026-02-06T00:00:38Z")),
        ("eventSource", json!("s3.amazonaws.com")),
        ("eventName", json!("GetObject")),
        ("eventType", json!(EVENT_TYPE)),
        ("eventCategory", json!("Data")),
        ("readOnly", json!(true)),
        ("awsRegion", json!("eu-west-1")),
        ("sourceIPAddress", json!("192.0.2.3")),
        ("userAgent", json!("S3Console/0.4")),
        ("errorCode", Value::Null),
        ("requestID", json!("3E57427F3EXAMPLE")),
        ("recipientAccountId", Value::Null),
    ] {
        assert_eq!(found[field], value, "{field}");
    }
    assert_eq!(found["userIdentity"], json!({"type": "IAMUser", "arn": ANN, "accountId": "111122223333", "userName": "ann"}));
    assert_eq!((&found["requestParameters"]["bucketName"], &found["requestParameters"]["key"]), (&json!("b"), &json!("k")));
    assert_eq!(found["tlsDetails"]["tlsVersion"], "TLSv1.3");
    assert_eq!(found["resources"][0]["ARN"], "arn:aws:s3:::b/k");
    assert_eq!(found["requestParameters"].get("versionId"), None);
}

#[test]
fn lines_of_all_lengths() {
    let whole = get(ANN);
    let fields = whole.split(' ').count();
    // Time, request and so on hold blanks; cut at the end only, down to the user agent.
    for drop in 0..=10 {
        let cut: Vec<&str> = whole.split(' ').take(fields - drop).collect();
        let found = read(&cut.join(" "));
        assert_eq!(found["userAgent"], "S3Console/0.4", "{drop} fields less");
    }
    assert_eq!(read(&format!("{whole} one more"))["eventName"], "GetObject");
    for cut in ["", "a", "a b [06/Feb/2026:00:00:38 +0000]"] {
        assert!(record(cut, &Place::default()).is_err(), "{cut:?}");
    }
    for end in [60, 100, 150, 200] {
        let reason = record(&whole[..end], &Place::default()).unwrap_err();
        assert_eq!(reason, ("", "a line of an access log that breaks off".to_owned()), "{end}");
    }
}

#[test]
fn callers_write_what_they_like() {
    let evil = get(ANN).replace("S3Console/0.4", r#"x" - hostid SigV4 "y" 200 - "z"#);
    let found = read(&evil);
    assert_eq!(found["userAgent"], r#"x" - hostid SigV4 "y" 200 - "z"#);
    assert_eq!(found["tlsDetails"]["tlsVersion"], "TLSv1.3");
    let evil = get(ANN).replace("\"-\"", "\"http://x/\" \"200\"");
    assert_eq!((read(&evil)["userIdentity"]["arn"].as_str(), read(&evil)["errorCode"].as_str()), (Some(ANN), None));
    let request = r#"GET /k?x="200"y HTTP/1.1"#;
    assert_eq!(read(&line(ANN, "REST.GET.OBJECT", "k", request, "403", "AccessDenied", "-"))["errorCode"], "AccessDenied");
    // A dash in place of a quoted field.
    let bare = get(ANN).replace("\"GET /k HTTP/1.1\"", "-").replace("\"-\" \"S3Console/0.4\"", "- -");
    assert_eq!((&read(&bare)["userAgent"], &read(&bare)["tlsDetails"]["tlsVersion"]), (&Value::Null, &json!("TLSv1.3")));
}

#[test]
fn who_called() {
    let who = |requester: &str| read(&get(requester))["userIdentity"].clone();
    assert_eq!(who("-"), json!({"type": "AWSAccount", "principalId": "", "accountId": "ANONYMOUS_PRINCIPAL"}));
    assert_eq!(who("Anonymous"), who("-"));
    assert_eq!(who(OWNER), json!({"type": "AWSAccount", "principalId": OWNER}));
    let session = "arn:aws:sts::111122223333:assumed-role/app/s";
    assert_eq!(who(session), json!({"type": "AssumedRole", "arn": session, "accountId": "111122223333", "userName": null}));
    assert_eq!(who("arn:aws:iam::111122223333:root")["type"], "Root");
    assert_eq!(who("svc:logging.s3.amazonaws.com"), json!({"type": "AWSService", "invokedBy": "logging.s3.amazonaws.com"}));
    assert_eq!(who("odd:thing"), json!({"type": "Unknown", "principalId": "odd/thing"}));
    let expired = line("AmazonS3", "S3.EXPIRE.OBJECT", "k", "-", "-", "-", "-");
    assert_eq!(read(&expired)["userIdentity"], json!({"type": "AWSService", "invokedBy": "s3.amazonaws.com"}));
}

#[test]
fn keys_are_decoded_as_often_as_they_were_encoded() {
    let key = |key: &str, request: &str| read(&line(ANN, "REST.GET.OBJECT", key, request, "200", "-", "-"))["requestParameters"]["key"].clone();
    assert_eq!(key("a%20b", "GET /a%20b HTTP/1.1"), "a b");
    assert_eq!(key("a%2520b", "GET /a%20b?versionId=1 HTTP/1.1"), "a b");
    assert_eq!(key("a%2520b", "GET /b/a%20b HTTP/1.1"), "a b");
    assert_eq!(key("a%2520b", "GET /a%2520b HTTP/1.1"), "a%20b");
    assert_eq!(key("a+b", "GET /a%20b HTTP/1.1"), "a b");
    assert_eq!(key("a+b", "GET /a+b HTTP/1.1"), "a+b");
    assert_eq!(key("a%2520b", "-"), "a%20b", "nothing to tell by");
    assert_eq!(key("%ff", "GET /%ff HTTP/1.1"), Value::Null, "no text");
}

#[test]
fn how_it_ended() {
    let code = |status: &str, error: &str| read(&line(ANN, "REST.HEAD.OBJECT", "k", "HEAD /k HTTP/1.1", status, error, "-"))["errorCode"].clone();
    assert_eq!((code("200", "-"), code("304", "NotModified")), (Value::Null, Value::Null));
    assert_eq!(code("403", "-"), "AccessDenied");
    assert_eq!(code("403", "InvalidAccessKeyId"), "AccessDenied", "not a use");
    assert_eq!(code("403", "SignatureDoesNotMatch"), "SignatureDoesNotMatch");
    assert_eq!((code("404", "NoSuchKey"), code("404", "-")), (json!("NoSuchKey"), json!("NoSuchKey")));
    assert_eq!((code("500", "-"), code("-", "-")), (json!("HTTP status 500"), json!("HTTP status unknown")));
    for weak in ["HTTP status 500", "HTTP status unknown", "SignatureDoesNotMatch"] {
        assert_eq!(crate::ingest::outcome::outcome(Some(weak), None), "error");
    }
}

#[test]
fn ids_tell_calls_apart_and_copies_together() {
    let id = |line: &str| read(line)["eventID"].clone();
    let get = get(ANN);
    assert_eq!(id(&get), id(&get.replace("S3Console/0.4", "other")), "the same request");
    for other in [
        line(ANN, "REST.COPY.OBJECT_GET", "k", "PUT /x HTTP/1.1", "200", "-", "-"),
        line(ANN, "REST.GET.OBJECT", "k2", "GET /k2 HTTP/1.1", "200", "-", "-"),
        line(ANN, "REST.GET.OBJECT", "k", "GET /k HTTP/1.1", "200", "-", "v1"),
        get.replace("3E57427F3EXAMPLE", "4E57427F3EXAMPLE"),
    ] {
        assert_ne!(id(&get), id(&other), "{other}");
    }
    let without = get.replace("3E57427F3EXAMPLE", "-");
    assert_ne!(id(&without), id(&without.replace("00:00:38", "00:00:39")));
}

#[test]
fn times_and_buckets_are_needed() {
    for time in ["[yesterday]", "[06/Feb/2026]", "-", "[31/Feb/2026:00:00:38 +0000]"] {
        let line = get(ANN).replace("[06/Feb/2026:00:00:38 +0000]", time);
        assert_eq!(record(&line, &Place::default()).unwrap_err().0, "time", "{time}");
    }
    assert_eq!(record(&get(ANN).replacen(" b ", " - ", 1), &Place::default()).unwrap_err().0, "bucket");
}

#[test]
fn a_partitioned_key_tells_account_and_region() {
    let place = Place::of("logs/111122223333/eu-west-1/b/2026/02/06/2026-02-06-00-10-00-0123456789ABCDEF");
    assert_eq!(place.account.as_deref(), Some("111122223333"));
    let line = get(ANN).replace("b.s3.eu-west-1.amazonaws.com", "s3.amazonaws.com");
    let at = |place: &Place| -> Value { serde_json::from_str(&record(&line, place).unwrap()).unwrap() };
    assert_eq!((&at(&place)["recipientAccountId"], &at(&place)["awsRegion"]), (&json!("111122223333"), &json!("eu-west-1")));
    let other = Place { bucket: Some("c".to_owned()), ..place };
    assert_eq!((&at(&other)["recipientAccountId"], &at(&other)["awsRegion"]), (&Value::Null, &Value::Null), "of another bucket");
    assert_eq!(Place::of("2026-02-06-00-10-00-0123456789ABCDEF"), Place::default());
}

#[test]
fn what_cloudwatch_delivers() {
    let entry = json!({
        "schema_version_id": "V_1_0", "bucket_name": "b", "request_time": "2026-02-06T00:00:38.000Z", "bucket_owner_id": OWNER, "remote_ip": "192.0.2.3",
        "requester": ANN, "request_id": "3E57427F3EXAMPLE", "operation": "REST.GET.OBJECT", "key_name": "k", "request_uri": "GET /k HTTP/1.1",
        "http_status": 200, "error_code": null, "user_agent": "S3Console/0.4", "version_id": null, "tls_version": "TLSv1.3",
    });
    let text = entry.to_string();
    let carried = carried("x", text.as_bytes()).unwrap();
    assert_eq!(carried.carrier, Carrier::AccessLog);
    let made: Value = serde_json::from_str(carried.records[0].as_ref().unwrap()).unwrap();
    assert_eq!(made["eventID"], read(&get(ANN))["eventID"], "the same call by both ways");
    assert_eq!((&made["eventName"], &made["errorCode"]), (&json!("GetObject"), &Value::Null));
}

/// Each operation's permission, by the mapping that CloudTrail's events go through.
#[test]
fn every_operation_has_a_permission() {
    let reference = Reference::bundled().unwrap();
    let mapper = Mapper::new(reference).unwrap();
    let actions = |operation: &str, key: &str, version: &str| -> Vec<(String, String)> {
        let line = line(ANN, operation, key, &format!("X /{key} HTTP/1.1"), "200", "-", version);
        let json = record(&line, &Place::default()).unwrap();
        let Rows { event, actions, .. } = rows(Fields::read(&json).unwrap(), "f", 0, &mapper, reference).unwrap();
        assert_eq!((event.principal_key.as_deref(), event.event_type.as_deref()), (Some(ANN), Some(EVENT_TYPE)));
        assert!(actions.iter().all(|a| a.side.as_deref() == Some("owner") && a.call_key.as_deref() == Some("s3:3E57427F3EXAMPLE")));
        actions.into_iter().map(|a| (a.action.unwrap_or_default().into_owned(), a.resource_arn.unwrap_or_default().into_owned())).collect()
    };
    for (operation, event, with_key) in operations::all() {
        let found = actions(&operation, if with_key { "k" } else { "-" }, "-");
        assert!(!found.is_empty() && found.iter().all(|(action, _)| action.starts_with("s3:")), "{operation} as {event}: {found:?}");
    }
    let object = "arn:aws:s3:::b/k";
    for (operation, key, version, action, resource) in [
        ("REST.GET.OBJECT", "k", "-", "s3:GetObject", object),
        ("REST.GET.OBJECT", "k", "v1", "s3:GetObjectVersion", object),
        ("REST.COPY.OBJECT_GET", "k", "-", "s3:GetObject", object),
        ("WEBSITE.GET.OBJECT", "k", "-", "s3:GetObject", object),
        ("REST.COPY.OBJECT", "k", "-", "s3:PutObject", object),
        ("REST.PUT.PART", "k", "-", "s3:PutObject", object),
        ("REST.POST.UPLOAD", "k", "-", "s3:PutObject", object),
        ("BATCH.DELETE.OBJECT", "k", "-", "s3:DeleteObject", object),
        ("REST.DELETE.OBJECT", "k", "v1", "s3:DeleteObjectVersion", object),
        ("REST.DELETE.UPLOAD", "k", "-", "s3:AbortMultipartUpload", object),
        ("REST.GET.UPLOAD", "k", "-", "s3:ListMultipartUploadParts", object),
        ("REST.GET.UPLOADS", "-", "-", "s3:ListBucketMultipartUploads", "arn:aws:s3:::b"),
        ("REST.GET.BUCKET", "-", "-", "s3:ListBucket", "arn:aws:s3:::b"),
        ("REST.GET.BUCKETVERSIONS", "-", "-", "s3:ListBucketVersions", "arn:aws:s3:::b"),
        ("REST.GET.ACL", "-", "-", "s3:GetBucketAcl", "arn:aws:s3:::b"),
        ("REST.PUT.ACL", "k", "-", "s3:PutObjectAcl", object),
        ("REST.DELETE.LIFECYCLE", "-", "-", "s3:PutLifecycleConfiguration", "arn:aws:s3:::b"),
        ("REST.DELETE.BUCKETPOLICY", "-", "-", "s3:DeleteBucketPolicy", "arn:aws:s3:::b"),
        ("REST.GET.ENCRYPTION", "-", "-", "s3:GetEncryptionConfiguration", "arn:aws:s3:::b"),
    ] {
        assert_eq!(actions(operation, key, version), [(action.to_owned(), resource.to_owned())], "{operation}");
    }
    assert_eq!(actions("REST.OPTIONS.PREFLIGHT", "k", "-"), [(String::new(), String::new())], "not known, and told so");
}

#[test]
fn what_s3_does_by_itself_is_nobodys_use() {
    let reference = Reference::bundled().unwrap();
    let mapper = Mapper::new(reference).unwrap();
    let text = record(&line("AmazonS3", "S3.EXPIRE.OBJECT", "k", "-", "-", "-", "-"), &Place::default()).unwrap();
    let Rows { event, actions, .. } = rows(Fields::read(&text).unwrap(), "f", 0, &mapper, reference).unwrap();
    assert_eq!((event.mapping.as_deref(), actions.len()), (Some("no-permission"), 0));
}
