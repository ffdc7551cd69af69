//! Security Lake's events in OCSF, written back as the CloudTrail records that they were made from.
//!
//! API Activity (6003), Authentication (3002) and Account Change (3001) are CloudTrail's; other classes are other logs. Two
//! editions are about: before 1.1 `actor.user.uid` is the unique id and `uuid` the ARN, since then `uid` is the ARN and
//! `uid_alt` the id. What OCSF has no place for stands in the map `unmapped` by its old name. Sources: the mappings of OCSF's
//! own examples (AWS CloudTrail, 1.0.0-rc.2 and 1.1.0); inputs-and-evaluation.md section 3.3.

use serde_json::{Map, Value, json};

use super::Reject;

/// Classes that CloudTrail events become.
const CLASSES: [i64; 3] = [3001, 3002, 6003];

fn at<'v>(event: &'v Value, path: &str) -> &'v Value {
    event.pointer(path).unwrap_or(&Value::Null)
}

/// The first of these that is told, as text.
fn text(event: &Value, paths: &[&str]) -> Option<String> {
    paths.iter().find_map(|path| match at(event, path) {
        Value::String(s) if !s.is_empty() && s != "null" => Some(s.clone()),
        Value::Bool(b) => Some(b.to_string()),
        Value::Number(n) => Some(n.to_string()),
        _ => None,
    })
}

/// Parameters: JSON in a text, or as it is.
fn parameters(value: &Value) -> Value {
    match value {
        Value::String(written) => serde_json::from_str(written).unwrap_or(Value::Null),
        other => other.clone(),
    }
}

/// What has no place in OCSF, by its name in CloudTrail: keys may be paths with dots, or objects.
fn unmapped(event: &Value, name: &str) -> Option<String> {
    let map = at(event, "/unmapped");
    text(map, &[&format!("/{}", name.replace('~', "~0").replace('/', "~1")), &format!("/{}", name.replace('.', "/"))])
}

fn identity(event: &Value) -> Value {
    let user = [at(event, "/actor/user"), at(event, "/user")].into_iter().find(|u| u.is_object()).unwrap_or(&Value::Null);
    let uid = text(user, &["/uid"]);
    let is_arn = |t: &String| t.starts_with("arn:");
    let arn = text(user, &["/uuid"]).or_else(|| uid.clone()).filter(is_arn);
    let id = text(user, &["/uid_alt"]).or(uid).filter(|t| !is_arn(t));
    let issuer = text(event, &["/actor/session/issuer"]);
    let mut out = Map::new();
    let mut set = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            out.insert(name.to_owned(), Value::String(value));
        }
    };
    set("type", text(user, &["/type"]));
    set("principalId", id.clone());
    set("arn", arn);
    set("accountId", text(user, &["/account/uid", "/account_uid"]));
    set("accessKeyId", text(user, &["/credential_uid"]));
    set("userName", text(user, &["/name"]));
    set("invokedBy", text(event, &["/actor/invoked_by"]));
    set("identityProvider", text(event, &["/actor/idp/name"]));
    let mfa = text(event, &["/actor/session/is_mfa", "/actor/session/mfa"]);
    let created = text(event, &["/actor/session/created_time_dt", "/actor/session/created_time"]);
    let source = unmapped(event, "userIdentity.sessionContext.sourceIdentity");
    if issuer.is_some() || mfa.is_some() || created.is_some() {
        let mut context = Map::new();
        context.insert("attributes".to_owned(), json!({"mfaAuthenticated": mfa, "creationDate": created}));
        if let Some(issuer) = issuer.filter(is_arn) {
            // The issuer's unique id is the part of the session's id before its name.
            let of_role = id.as_deref().and_then(|i| i.split_once(':')).map(|(id, _)| id);
            context.insert("sessionIssuer".to_owned(), json!({"arn": issuer, "principalId": of_role}));
        }
        context.insert("sourceIdentity".to_owned(), json!(source));
        out.insert("sessionContext".to_owned(), Value::Object(context));
    }
    Value::Object(out)
}

fn resources(event: &Value) -> Value {
    let one = |r: &Value| json!({"ARN": text(r, &["/uid"]), "type": text(r, &["/type"]), "accountId": text(r, &["/account/uid", "/account_uid", "/owner/account/uid", "/owner/account_uid"])});
    match at(event, "/resources") {
        Value::Array(list) if !list.is_empty() => list.iter().map(one).collect(),
        _ => Value::Null,
    }
}

/// `Management`, `Data`, …; old editions wrote all of them into one text.
fn category(event: &Value) -> Option<String> {
    let told = text(event, &["/metadata/product/feature/name"]).filter(|c| matches!(c.as_str(), "Management" | "Data" | "Insight" | "NetworkActivity"));
    told.or_else(|| unmapped(event, "eventCategory"))
}

/// The record of an event.
///
/// # Errors
/// Field and reason, when it is of another class or another product.
pub fn record(event: &Value) -> Result<String, Reject> {
    let class = at(event, "/class_uid").as_i64();
    if !class.is_some_and(|c| CLASSES.contains(&c)) {
        let class = class.map_or_else(|| "none".to_owned(), |c| c.to_string());
        return Err(("class_uid", format!("an OCSF class that is not of CloudTrail: {class}")));
    }
    if let Some(product) = text(event, &["/metadata/product/name"]).filter(|p| p != "CloudTrail") {
        return Err(("metadata.product.name", format!("not of CloudTrail: {product}")));
    }
    let tls = ["tlsVersion", "cipherSuite"].map(|n| unmapped(event, &format!("tlsDetails.{n}")));
    let [version, suite] = tls;
    let details = version.is_some().then(|| json!({"tlsVersion": version, "cipherSuite": suite}));
    Ok(json!({
        "eventVersion": text(event, &["/metadata/product/version"]),
        "eventID": text(event, &["/metadata/uid"]),
        "eventTime": text(event, &["/time_dt", "/time"]),
        "eventSource": text(event, &["/api/service/name"]),
        "eventName": text(event, &["/api/operation"]),
        "eventType": text(event, &["/metadata/event_code"]).or_else(|| unmapped(event, "eventType")),
        "eventCategory": category(event),
        "managementEvent": unmapped(event, "managementEvent"),
        "readOnly": unmapped(event, "readOnly"),
        "awsRegion": text(event, &["/cloud/region"]),
        "recipientAccountId": unmapped(event, "recipientAccountId").or_else(|| text(event, &["/cloud/account/uid", "/cloud/account_uid"])),
        "sharedEventID": unmapped(event, "sharedEventID"),
        "errorCode": text(event, &["/api/response/error"]),
        "errorMessage": text(event, &["/api/response/message"]),
        "requestID": text(event, &["/api/request/uid"]),
        "requestParameters": parameters(at(event, "/api/request/data")),
        "responseElements": parameters(at(event, "/api/response/data")),
        "sourceIPAddress": text(event, &["/src_endpoint/ip", "/src_endpoint/domain"]),
        "vpcEndpointId": text(event, &["/src_endpoint/uid"]),
        "userAgent": text(event, &["/http_request/user_agent"]),
        "userIdentity": identity(event),
        "resources": resources(event),
        "tlsDetails": details,
    })
    .to_string())
}

/// The record of an event that stands as JSON.
///
/// # Errors
/// As [`record`], and when it is no JSON.
pub fn record_of_text(bytes: &[u8]) -> Result<String, Reject> {
    let event: Value = serde_json::from_slice(bytes).map_err(|e| ("", format!("not JSON: {e}")))?;
    record(&event)
}
