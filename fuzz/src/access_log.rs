//! Lines of access logs: a field that the caller writes must not move the fields that S3 writes.

use serde_json::Value;

use crate::ingest::carriers::access_log::{Place, record};

fn parsed(line: &str) -> Option<Value> {
    let text = record(line, &Place::default()).ok()?;
    Some(serde_json::from_str(&text).unwrap_or_else(|e| panic!("a record that is no JSON, {e}: {text}")))
}

/// Reads the bytes as a line, and as the user agent and referrer of a good line. The line gives a record or a reason; the
/// good line stays what it is except for the user agent.
///
/// # Panics
/// When one of these does not hold.
pub fn access_log(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let line = text.lines().next().unwrap_or("");
    if let Some(record) = parsed(line) {
        for field in ["eventID", "eventTime", "eventSource", "eventName", "eventType"] {
            assert!(record[field].is_string(), "{field} of {line:?}");
        }
        assert!(record["userIdentity"].is_object() && record["requestParameters"]["bucketName"].is_string(), "{line:?}");
    }
    let whole = |agent: &str| {
        format!(
            "owner bucket [01/Oct/2026:00:30:00 +0000] 192.0.2.3 arn:aws:iam::111122223333:user/ann REQUEST REST.GET.OBJECT key \"GET /key HTTP/1.1\" \
             403 AccessDenied 113 - 7 - \"-\" \"{agent}\" version host SigV4 cipher AuthHeader b.s3.eu-west-1.amazonaws.com TLSv1.3 - -"
        )
    };
    let mut plain = parsed(&whole("agent")).unwrap_or_else(|| panic!("a good line is refused"));
    let mut with = parsed(&whole(line)).unwrap_or_else(|| panic!("refused for the agent {line:?}"));
    plain["userAgent"] = Value::Null;
    with["userAgent"] = Value::Null;
    assert_eq!(plain, with, "moved by the agent {line:?}");
}
