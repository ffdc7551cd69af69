//! What a successful write of IAM changed: the target, and what was put, attached, joined or made.
//!
//! Only the fields that tell who holds what are read: names, ARNs, unique ids and policy documents. Of access
//! keys the id and the status, never the key; passwords and tokens of other operations never come here. What the record leaves out (parameters that were too large, a document
//! that was hidden) is absent, never guessed. Source: IAM API Reference, each operation's parameters and answer;
//! CloudTrail User Guide, "CloudTrail record contents" (`omitted`).

use serde_json::Value;

use super::issued::{boolean, is_omitted};
use super::raw;
use super::secrets::of_policy;
use crate::event::{ChangeRow, EventRow};
use crate::reference::bundle::sha256_hex;

/// The operations that change who holds what, and access keys, with what they change.
const OPERATIONS: &[(&str, &str)] = &[
    ("AddUserToGroup", "user"),
    ("AttachGroupPolicy", "group"),
    ("AttachRolePolicy", "role"),
    ("AttachUserPolicy", "user"),
    ("CreateAccessKey", "accessKey"),
    ("CreateGroup", "group"),
    ("CreatePolicy", "policy"),
    ("CreatePolicyVersion", "policy"),
    ("CreateRole", "role"),
    ("CreateServiceLinkedRole", "role"),
    ("CreateUser", "user"),
    ("DeleteAccessKey", "accessKey"),
    ("DeleteGroup", "group"),
    ("DeleteGroupPolicy", "group"),
    ("DeletePolicy", "policy"),
    ("DeletePolicyVersion", "policy"),
    ("DeleteRole", "role"),
    ("DeleteRolePermissionsBoundary", "role"),
    ("DeleteRolePolicy", "role"),
    ("DeleteServiceLinkedRole", "role"),
    ("DeleteUser", "user"),
    ("DeleteUserPermissionsBoundary", "user"),
    ("DeleteUserPolicy", "user"),
    ("DetachGroupPolicy", "group"),
    ("DetachRolePolicy", "role"),
    ("DetachUserPolicy", "user"),
    ("PutGroupPolicy", "group"),
    ("PutRolePermissionsBoundary", "role"),
    ("PutRolePolicy", "role"),
    ("PutUserPermissionsBoundary", "user"),
    ("PutUserPolicy", "user"),
    ("RemoveUserFromGroup", "user"),
    ("SetDefaultPolicyVersion", "policy"),
    ("UpdateAccessKey", "accessKey"),
    ("UpdateAssumeRolePolicy", "role"),
    ("UpdateGroup", "group"),
    ("UpdateUser", "user"),
];

/// The change that an event made, if it made one; `request` and `response` are JSON texts, empty where the record has none.
#[must_use]
pub fn change<T: AsRef<str>>(event: &EventRow<T>, request: &str, response: &str) -> Option<ChangeRow> {
    if event.event_source.as_ref().map(AsRef::as_ref) != Some("iam.amazonaws.com") || event.error_code.is_some() {
        return None;
    }
    let name = event.event_name.as_ref()?.as_ref();
    let (_, kind) = OPERATIONS.iter().find(|(operation, _)| *operation == name)?;
    let (request, response) = (object(request), object(response));
    if *kind == KEY {
        return Some(of_key(event, name, &request, &response));
    }
    let made = response.get(if name == "CreatePolicyVersion" { "policyVersion" } else { *kind }).unwrap_or(&Value::Null);
    let is_making = name.starts_with("Create") && name != "CreatePolicyVersion";
    let of_target = |what: &str| text(&request, &format!("{kind}{what}")).or_else(|| text(made, &format!("{kind}{what}")));
    let document = text(&request, "policyDocument")
        .or_else(|| text(&request, "assumeRolePolicyDocument"))
        .or_else(|| text(made, "assumeRolePolicyDocument"))
        .and_then(of_policy);
    let is_member = matches!(name, "AddUserToGroup" | "RemoveUserFromGroup");
    let is_policy = *kind == "policy";
    Some(ChangeRow {
        event_time_ms: event.event_time_ms,
        event_id: owned(&event.event_id),
        account: owned(&event.account),
        date: owned(&event.date),
        event_name: Some(name.to_owned()),
        target_kind: Some((*kind).to_owned()),
        target_name: of_target("Name"),
        target_arn: text(made, "arn").or_else(|| text(&request, "policyArn").filter(|_| is_policy)),
        target_id: if is_making { text(made, &format!("{kind}Id")) } else { None },
        policy_name: text(&request, "policyName").filter(|_| !is_policy),
        policy_arn: text(&request, "policyArn").filter(|_| !is_policy).or_else(|| text(&request, "permissionsBoundary")),
        document_sha256: document.as_ref().map(|d| sha256_hex(d.as_bytes())),
        document,
        version_id: text(&request, "versionId").or_else(|| text(made, "versionId")).or_else(|| text(made, "defaultVersionId")),
        set_as_default: boolean(request.get("setAsDefault")).or_else(|| boolean(made.get("isDefaultVersion"))),
        group_name: text(&request, "groupName").filter(|_| is_member),
        new_name: text(&request, "newUserName").or_else(|| text(&request, "newGroupName")),
        new_status: None,
        changed_by: None,
        is_told: Some(!is_omitted(&request)),
    })
}

/// The field of an access key in answers, and what the operations on keys stand under.
const KEY: &str = "accessKey";

/// A change of an access key: its id, never the key. Without a user name the caller's own key is meant.
fn of_key<T: AsRef<str>>(event: &EventRow<T>, name: &str, request: &Value, response: &Value) -> ChangeRow {
    let made = response.get(KEY).unwrap_or(&Value::Null);
    let user = text(request, "userName").or_else(|| text(made, "userName"));
    let own = || event.principal_arn.as_ref().map(AsRef::as_ref).filter(|arn| arn.contains(":user/")).and_then(|arn| arn.rsplit('/').next()).map(str::to_owned);
    ChangeRow {
        event_time_ms: event.event_time_ms,
        event_id: owned(&event.event_id),
        account: owned(&event.account),
        date: owned(&event.date),
        event_name: Some(name.to_owned()),
        target_kind: Some("access-key".to_owned()),
        target_name: user.or_else(own),
        target_id: text(request, "accessKeyId").or_else(|| text(made, "accessKeyId")),
        new_status: text(request, "status").or_else(|| text(made, "status")),
        changed_by: owned(&event.principal_arn),
        is_told: Some(!is_omitted(request)),
        ..ChangeRow::default()
    }
}

/// An object, which some exporters write as a text of its own.
fn object(json: &str) -> Value {
    match raw::read(json) {
        Value::String(text) => raw::read(&text),
        other => other,
    }
}

fn owned<T: AsRef<str>>(text: &Option<T>) -> Option<String> {
    text.as_ref().map(|t| t.as_ref().to_owned())
}

/// A text; an object in its place (a document that an exporter unpacked) as JSON. Empty is absent.
fn text(value: &Value, key: &str) -> Option<String> {
    match value.get(key)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        object @ Value::Object(_) => Some(object.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(name: &str, request: Value, response: Value) -> Option<ChangeRow> {
        let event = EventRow {
            event_source: Some("iam.amazonaws.com".to_owned()),
            event_name: Some(name.to_owned()),
            account: Some("111122223333".to_owned()),
            ..EventRow::default()
        };
        change(&event, &request.to_string(), &response.to_string())
    }

    fn texts(row: &ChangeRow) -> [Option<&str>; 6] {
        [&row.target_kind, &row.target_name, &row.target_arn, &row.policy_name, &row.policy_arn, &row.document].map(|t| t.as_deref())
    }

    #[test]
    fn what_each_kind_of_change_tells() {
        let arn = "arn:aws:iam::111122223333:policy/p";
        let put = told("PutRolePolicy", json!({"roleName": "app", "policyName": "own", "policyDocument": "%7B%7D"}), Value::Null).unwrap();
        assert_eq!(texts(&put), [Some("role"), Some("app"), None, Some("own"), None, Some("%7B%7D")]);
        assert_eq!(put.document_sha256.as_deref(), Some(sha256_hex(b"%7B%7D").as_str()));
        let attached = told("AttachUserPolicy", json!({"userName": "ann", "policyArn": arn}), Value::Null).unwrap();
        assert_eq!(texts(&attached), [Some("user"), Some("ann"), None, None, Some(arn), None]);
        let made = told(
            "CreateRole",
            json!({"roleName": "app", "assumeRolePolicyDocument": "{}", "permissionsBoundary": arn}),
            json!({"role": {"arn": "arn:aws:iam::111122223333:role/x/app", "roleId": "AROAEXAMPLE", "roleName": "app"}}),
        )
        .unwrap();
        assert_eq!(texts(&made), [Some("role"), Some("app"), Some("arn:aws:iam::111122223333:role/x/app"), None, Some(arn), Some("{}")]);
        assert_eq!(made.target_id.as_deref(), Some("AROAEXAMPLE"));
        let linked = told("CreateServiceLinkedRole", json!({"aWSServiceName": "x"}), json!({"role": {"roleName": "L", "roleId": "AROAL", "assumeRolePolicyDocument": "%7B"}})).unwrap();
        assert_eq!(texts(&linked), [Some("role"), Some("L"), None, None, None, Some("%7B")]);
        let version = told("CreatePolicyVersion", json!({"policyArn": arn, "policyDocument": {"Version": "2012-10-17"}, "setAsDefault": true}), json!({"policyVersion": {"versionId": "v3"}})).unwrap();
        assert_eq!(texts(&version), [Some("policy"), None, Some(arn), None, None, Some(r#"{"Version":"2012-10-17"}"#)]);
        assert_eq!((version.version_id.as_deref(), version.set_as_default), (Some("v3"), Some(true)));
        let policy = told("CreatePolicy", json!({"policyName": "p", "policyDocument": "{}"}), json!({"policy": {"arn": arn, "policyId": "ANPA", "defaultVersionId": "v1"}})).unwrap();
        assert_eq!(texts(&policy), [Some("policy"), Some("p"), Some(arn), None, None, Some("{}")]);
        let joined = told("AddUserToGroup", json!({"userName": "ann", "groupName": "admins"}), Value::Null).unwrap();
        assert_eq!((joined.target_name.as_deref(), joined.group_name.as_deref()), (Some("ann"), Some("admins")));
        let renamed = told("UpdateUser", json!({"userName": "ann", "newUserName": "anna"}), Value::Null).unwrap();
        assert_eq!(renamed.new_name.as_deref(), Some("anna"));
        let bounded = told("PutRolePermissionsBoundary", json!({"roleName": "app", "permissionsBoundary": arn}), Value::Null).unwrap();
        assert_eq!(bounded.policy_arn.as_deref(), Some(arn));
    }

    #[test]
    fn access_keys_by_their_id_only() {
        let answer = json!({"accessKey": {"accessKeyId": "AKIAEXAMPLE", "secretAccessKey": "secret", "status": "Active", "userName": "ann"}});
        let of = |row: &ChangeRow| [&row.target_kind, &row.target_name, &row.target_id, &row.new_status].map(Clone::clone);
        let some = |texts: [Option<&str>; 4]| texts.map(|t| t.map(str::to_owned));
        let made = told("CreateAccessKey", json!({"userName": "ann"}), answer).unwrap();
        assert_eq!(of(&made), some([Some("access-key"), Some("ann"), Some("AKIAEXAMPLE"), Some("Active")]));
        assert!(!format!("{made:?}").contains("secret"));
        let off = told("UpdateAccessKey", json!({"userName": "ann", "accessKeyId": "AKIAEXAMPLE", "status": "Inactive"}), Value::Null).unwrap();
        assert_eq!(of(&off), some([Some("access-key"), Some("ann"), Some("AKIAEXAMPLE"), Some("Inactive")]));
        let gone = told("DeleteAccessKey", json!({"accessKeyId": "AKIAEXAMPLE"}), Value::Null).unwrap();
        assert_eq!(of(&gone), some([Some("access-key"), None, Some("AKIAEXAMPLE"), None]));
    }

    #[test]
    fn what_is_left_out_is_absent() {
        for request in [Value::Null, json!({"omitted": true, "originalSize": 120_000})] {
            let row = told("PutRolePolicy", request, Value::Null).unwrap();
            assert_eq!((row.target_name, row.document, row.is_told), (None, None, Some(false)));
        }
        assert_eq!(told("UpdateLoginProfile", json!({"userName": "ann", "password": "secret"}), Value::Null), None);
        let failed = EventRow {
            event_source: Some("iam.amazonaws.com".to_owned()),
            event_name: Some("PutRolePolicy".to_owned()),
            error_code: Some("NoSuchEntityException".to_owned()),
            ..EventRow::default()
        };
        assert_eq!(change(&failed, "{}", "{}"), None);
        let quoted = told("AttachRolePolicy", json!(r#"{"roleName": "app", "policyArn": "arn"}"#), Value::Null).unwrap();
        assert_eq!((quoted.target_name.as_deref(), quoted.policy_arn.as_deref()), (Some("app"), Some("arn")));
    }
}
