//! An access log's entry, written as the CloudTrail record of the same call.
//!
//! What the entry does not tell stays away: the unique id of the caller (only its ARN is logged), MFA, the session, headers
//! that need permissions of their own. Source: inputs-and-evaluation.md section 3.4.

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use super::access_log::{EVENT_TYPE, Place};
use super::operations::{Operation, find};
use super::Reject;
use crate::aws::principal::{PrincipalKind, principal_kind};
use crate::aws::{Arn, is_account_id};
use crate::ingest::outcome::outcome;
use crate::reference::bundle::sha256_hex;

/// An entry; a dash is `None`.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'l> {
    /// Canonical id of the bucket's owner.
    pub owner: Option<&'l str>,
    /// Bucket.
    pub bucket: Option<&'l str>,
    /// Time as it is written.
    pub time: &'l str,
    /// Address of the caller.
    pub ip: Option<&'l str>,
    /// ARN or canonical id of the caller.
    pub requester: Option<&'l str>,
    /// Id of the request.
    pub request_id: Option<&'l str>,
    /// Operation.
    pub operation: &'l str,
    /// Key, percent-encoded, in places twice.
    pub key: Option<&'l str>,
    /// Request line.
    pub request: Option<&'l str>,
    /// HTTP status.
    pub status: Option<&'l str>,
    /// Error code.
    pub error: Option<&'l str>,
    /// User agent.
    pub agent: Option<&'l str>,
    /// Version that was asked for.
    pub version: Option<&'l str>,
    /// Cipher suite.
    pub cipher: Option<&'l str>,
    /// How the request was signed.
    pub auth: Option<&'l str>,
    /// Host of the request.
    pub host: Option<&'l str>,
    /// TLS version.
    pub tls: Option<&'l str>,
    /// ARN of the access point.
    pub access_point: Option<&'l str>,
}

/// The time as CloudTrail writes it.
fn event_time(text: &str) -> Option<String> {
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Some(at.to_string());
    }
    let broken = jiff::fmt::strtime::parse("%d/%b/%Y:%H:%M:%S %z", text).ok()?;
    Some(broken.to_timestamp().ok()?.to_string())
}

/// The region that the host of a request names.
fn region_of_host(host: &str) -> Option<&str> {
    let host = host.split(':').next()?;
    let host = host.strip_suffix(".amazonaws.com").or_else(|| host.strip_suffix(".amazonaws.com.cn"))?;
    let region = host.rsplit('.').next()?;
    let region = region.strip_prefix("s3-").unwrap_or(region);
    let is_region = region.split('-').count() >= 3 && region.ends_with(|c: char| c.is_ascii_digit()) && host != region;
    (is_region && region.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')).then_some(region)
}

/// The key as the object is named. It is percent-encoded once or twice; the request's own path, encoded once, tells which.
fn key_of(entry: &Entry<'_>) -> Option<String> {
    let written = entry.key?;
    let decode = |text: &str| percent_decode_str(text).decode_utf8().ok().map(std::borrow::Cow::into_owned);
    let once = decode(written)?;
    let target = entry.request.and_then(|r| r.split(' ').nth(1)).unwrap_or("");
    let path = decode(target.split('?').next().unwrap_or(target)).unwrap_or_default();
    let path = path.strip_prefix('/').unwrap_or(&path);
    let in_bucket = entry.bucket.and_then(|b| path.strip_prefix(b)).and_then(|p| p.strip_prefix('/'));
    let is_named = |key: &str| path == key || in_bucket == Some(key);
    let twice = decode(&once);
    let plus = |text: &str| decode(&text.replace('+', " "));
    let candidates = [Some(once.clone()), twice, plus(written), plus(&once)];
    Some(candidates.into_iter().flatten().find(|key| is_named(key)).unwrap_or(once))
}

/// `errorCode`. A refusal is told by its status; a code that says the caller was not even known stays. An answer without a
/// code (HEAD has no body) gets the one that S3 has for it, or none that counts as authorised.
fn error_code(entry: &Entry<'_>, has_key: bool) -> Option<String> {
    let status: u16 = entry.status.and_then(|s| s.parse().ok()).unwrap_or(0);
    match (status, entry.error) {
        (100..=399, _) => None,
        (401 | 403, Some(code)) if outcome(Some(code), None) != "allowed" => Some(code.to_owned()),
        (401 | 403, _) => Some("AccessDenied".to_owned()),
        (_, Some(code)) => Some(code.to_owned()),
        (404, None) => Some(if has_key { "NoSuchKey" } else { "NoSuchBucket" }.to_owned()),
        (0, None) => Some("HTTP status unknown".to_owned()),
        (status, None) => Some(format!("HTTP status {status}")),
    }
}

/// `userIdentity` of a caller. S3 itself is a service; nobody stands as CloudTrail has it.
fn identity(requester: Option<&str>, operation: &str) -> Value {
    let service = |name: &str| json!({"type": "AWSService", "invokedBy": name});
    if operation.starts_with("S3.") {
        return service("s3.amazonaws.com");
    }
    let Some(requester) = requester.filter(|r| !r.eq_ignore_ascii_case("anonymous")) else {
        return json!({"type": "AWSAccount", "principalId": "", "accountId": "ANONYMOUS_PRINCIPAL"});
    };
    if let Some(name) = requester.strip_prefix("svc:").or_else(|| Some(requester).filter(|r| r.ends_with(".amazonaws.com"))) {
        return service(name);
    }
    let kind = match principal_kind(requester) {
        Some(PrincipalKind::User) => "IAMUser",
        Some(PrincipalKind::Session) => "AssumedRole",
        Some(PrincipalKind::FederatedUser) => "FederatedUser",
        Some(PrincipalKind::Root) => "Root",
        // A canonical id names an account, and nobody in it.
        _ if requester.len() == 64 && requester.bytes().all(|b| b.is_ascii_hexdigit()) => {
            return json!({"type": "AWSAccount", "principalId": requester});
        }
        _ => return json!({"type": "Unknown", "principalId": requester.replace(':', "/")}),
    };
    let account = Arn::parse(requester).map(|a| a.account).filter(|a| is_account_id(a));
    let name = requester.rsplit('/').next().filter(|_| kind == "IAMUser");
    json!({"type": kind, "arn": requester, "accountId": account, "userName": name})
}

fn resources(entry: &Entry<'_>, bucket: &str, key: Option<&str>) -> Value {
    let partition = [entry.access_point, entry.requester].into_iter().flatten().find_map(|a| Arn::parse(a).map(|a| a.partition.to_owned()));
    let partition = partition.unwrap_or_else(|| "aws".to_owned());
    let object = key.map(|k| json!({"type": "AWS::S3::Object", "ARN": format!("arn:{partition}:s3:::{bucket}/{k}")}));
    let bucket = json!({"type": "AWS::S3::Bucket", "ARN": format!("arn:{partition}:s3:::{bucket}")});
    Value::Array(object.into_iter().chain([bucket]).collect())
}

/// The record of an entry.
///
/// # Errors
/// Field and reason, when it has no time or bucket.
pub fn synthesize(entry: &Entry<'_>, place: &Place) -> Result<String, Reject> {
    let time = event_time(entry.time).ok_or_else(|| ("time", "bad time of an access log's line".to_owned()))?;
    let bucket = entry.bucket.ok_or_else(|| ("bucket", "missing bucket".to_owned()))?;
    let key = key_of(entry);
    let known = find(entry.operation, key.is_some());
    let operation = known.unwrap_or(Operation { event: "", read_only: false, is_data: true, of_object: true });
    let has_key = key.is_some() && operation.of_object;
    let parts = [Some(bucket), entry.request_id, Some(entry.operation), entry.key, entry.version, entry.request_id.is_none().then_some(&*time)];
    let id = sha256_hex(parts.map(Option::unwrap_or_default).join("\n").as_bytes());
    let here = Some(place).filter(|p| p.bucket.as_deref() == Some(bucket));
    let mut request = Map::new();
    request.insert("bucketName".to_owned(), json!(entry.access_point.unwrap_or(bucket)));
    for (name, value) in [("key", key.as_deref()), ("versionId", entry.version), ("Host", entry.host)] {
        if let Some(value) = value {
            request.insert(name.to_owned(), json!(value));
        }
    }
    let tls = entry.tls.map(|tls| json!({"tlsVersion": tls, "cipherSuite": entry.cipher, "clientProvidedHostHeader": entry.host}));
    // Through an access point the permission is asked of the access point; its ARN stands in the parameters.
    let resources = entry.access_point.is_none().then(|| resources(entry, bucket, key.as_deref().filter(|_| has_key)));
    let record = json!({
        "eventVersion": "1.08",
        "eventID": format!("s3-access-log-{}", id.get(..32).unwrap_or(&id)),
        "eventTime": time,
        "eventSource": "s3.amazonaws.com",
        "eventName": if known.is_some() { operation.event } else { entry.operation },
        "eventType": EVENT_TYPE,
        "eventCategory": if operation.is_data { "Data" } else { "Management" },
        "awsRegion": entry.host.and_then(region_of_host).or_else(|| here.and_then(|p| p.region.as_deref())),
        "sourceIPAddress": entry.ip,
        "userAgent": entry.agent,
        "errorCode": error_code(entry, has_key),
        "requestID": entry.request_id,
        "requestParameters": request,
        "additionalEventData": {"AuthenticationMethod": entry.auth, "bucketOwner": entry.owner},
        "userIdentity": identity(entry.requester, entry.operation),
        "recipientAccountId": here.and_then(|p| p.account.as_deref()),
        "readOnly": known.map(|o| o.read_only),
        "resources": resources,
        "tlsDetails": tls,
    });
    Ok(record.to_string())
}
