//! What a successful STS call handed out: the id of the new access key, and the session policies that bound it.
//!
//! Later calls of the session carry the same key id, so that what bounded them can be told. "No policy was passed" and
//! "the record does not tell" stay apart: the list of managed policies is `[]` for the first and absent for the second.
//! Source: inputs-and-evaluation.md sections 1.2 and 3.6; STS API reference, parameters of each operation; CloudTrail
//! User Guide, "CloudTrail record contents" (a field that is too large holds `omitted` instead of its content).

use serde_json::Value;

use super::secrets::of_policy;

/// Operations whose parameters can carry session policies.
const TAKE_POLICIES: &[&str] = &["AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "AssumeRoot", "GetFederationToken"];

/// Stands for a session policy that names an ExternalId and cannot be read.
const NOT_KEPT: &str = "not kept: it names an ExternalId and cannot be read";

/// What an STS call handed out.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Issued {
    /// Id of the access key, never the key.
    pub access_key_id: Option<String>,
    /// Text of the session policy as it was passed.
    pub policy: Option<String>,
    /// ARNs of the managed session policies, as a JSON list; `null` in it stands for one that cannot be read. `[]`:
    /// none was passed. `None`: the record does not tell what was passed.
    pub policy_arns: Option<String>,
}

/// Reads the parameters and the answer of an STS call that succeeded.
#[must_use]
pub fn issued(event_name: &str, request: &Value, response: &Value) -> Issued {
    let Some(key) = response.pointer("/credentials/accessKeyId").and_then(Value::as_str).filter(|k| !k.is_empty()) else {
        return Issued::default();
    };
    let access_key_id = Some(key.to_owned());
    match event_name {
        // Takes no policies; its parameters are absent where the caller gave none.
        "GetSessionToken" => Issued { access_key_id, policy: None, policy_arns: Some("[]".to_owned()) },
        _ if TAKE_POLICIES.contains(&event_name) && !is_omitted(request) => {
            Issued { access_key_id, policy: policy(request.get("policy")), policy_arns: Some(policy_arns(request)) }
        }
        _ => Issued { access_key_id, ..Issued::default() },
    }
}

/// A boolean that may be written as a text.
pub(super) fn boolean(value: Option<&Value>) -> Option<bool> {
    match value? {
        Value::Bool(b) => Some(*b),
        Value::String(s) if s.eq_ignore_ascii_case("true") => Some(true),
        Value::String(s) if s.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// Whether the parameters are not there, or cut for their size.
pub(super) fn is_omitted(request: &Value) -> bool {
    let says_so = |(key, value): (&String, &Value)| key.eq_ignore_ascii_case("omitted") && boolean(Some(value)) == Some(true);
    request.as_object().is_none_or(|map| map.iter().any(says_so))
}

/// The session policy: its text, or what stands in its place.
fn policy(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::Null => None,
        Value::String(text) if text.is_empty() => None,
        // One that cannot be kept was passed all the same.
        Value::String(text) => of_policy(text.clone()).or_else(|| Some(NOT_KEPT.to_owned())),
        other => of_policy(other.to_string()),
    }
}

/// The managed session policies; of `AssumeRoot` the task policy, which bounds its session in the same way.
fn policy_arns(request: &Value) -> String {
    let arn = |value: &Value| value.get("arn").filter(|a| a.is_string()).cloned().unwrap_or(Value::Null);
    let mut list = match request.get("policyArns") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(items)) => items.iter().map(arn).collect(),
        Some(_) => vec![Value::Null],
    };
    list.extend(request.get("taskPolicyArn").filter(|task| !task.is_null()).map(arn));
    Value::Array(list).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(name: &str, request: Value) -> (Option<String>, Option<String>) {
        let issued = issued(name, &request, &json!({"credentials": {"accessKeyId": "ASIAEXAMPLE", "sessionToken": "secret"}}));
        assert_eq!(issued.access_key_id.as_deref(), Some("ASIAEXAMPLE"));
        (issued.policy, issued.policy_arns)
    }

    fn some(policy: Option<&str>, arns: Option<&str>) -> (Option<String>, Option<String>) {
        (policy.map(str::to_owned), arns.map(str::to_owned))
    }

    #[test]
    fn policies_stand_as_they_were_passed() {
        let role = "arn:aws:iam::111122223333:role/app";
        assert_eq!(told("AssumeRole", json!({"roleArn": role, "policy": "{ not JSON"})), some(Some("{ not JSON"), Some("[]")));
        assert_eq!(told("AssumeRole", json!({"roleArn": role, "policy": "{ sts:ExternalId"})), some(Some(NOT_KEPT), Some("[]")));
        assert_eq!(told("AssumeRole", json!({"roleArn": role, "policy": {"Version": "2012-10-17"}})), some(Some(r#"{"Version":"2012-10-17"}"#), Some("[]")));
        let arns = json!({"name": "ann", "policyArns": [{"arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}, "bare", {"arn": 1}]});
        assert_eq!(told("GetFederationToken", arns), some(None, Some(r#"["arn:aws:iam::aws:policy/ReadOnlyAccess",null,null]"#)));
        assert_eq!(told("AssumeRoleWithSAML", json!({"policyArns": "many"})), some(None, Some("[null]")));
        let task = json!({"taskPolicyArn": {"arn": "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"}});
        assert_eq!(told("AssumeRoot", task), some(None, Some(r#"["arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"]"#)));
    }

    #[test]
    fn none_passed_is_not_the_same_as_not_told() {
        assert_eq!(told("AssumeRole", json!({"roleArn": "r", "policy": "", "policyArns": null})), some(None, Some("[]")));
        assert_eq!(told("AssumeRole", Value::Null), some(None, None));
        assert_eq!(told("AssumeRole", json!({"omitted": true, "originalSize": 200_000})), some(None, None));
        assert_eq!(told("GetSessionToken", Value::Null), some(None, Some("[]")));
        assert_eq!(told("GetSomethingNew", json!({"policy": "{}"})), some(None, None));
        let nothing = issued("AssumeRole", &json!({"policy": "{}"}), &Value::Null);
        assert_eq!(nothing, Issued::default());
    }
}
