//! Reads fields of exports that differ in how they write keys and in how often they put JSON into texts.

use std::collections::BTreeMap;

use serde_json::Value;

use super::encoded::policy_document;
use super::entry::ONLY_POLICY;
use super::{AttachedDocument, Known};
use crate::policy::{PolicyDocument, PolicyError};

/// A field by its name, whatever the case of its letters (`policyText`, `PolicyText`).
pub fn field<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    let map = value.as_object()?;
    map.get(name).or_else(|| map.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

/// A text that is not empty.
pub fn text<'v>(value: &'v Value, name: &str) -> Option<&'v str> {
    field(value, name).and_then(Value::as_str).filter(|t| !t.is_empty())
}

/// Takes a value out of the texts that hold it as JSON, once or several times.
pub fn decoded(value: &Value) -> Value {
    let mut value = value.clone();
    for _ in 0..3 {
        let Value::String(text) = &value else { break };
        if !text.trim_start().starts_with(['{', '[', '"']) {
            break;
        }
        let Ok(inner) = serde_json::from_str(text) else { break };
        value = inner;
    }
    value
}

/// Whether a value says that there is nothing: null, an empty text, object or list.
pub fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// A policy document in any wrapping (`{"policyText": …}`, `{"policy": …}`); `None` where the value says that there is none.
pub fn policy(value: &Value) -> Option<Result<PolicyDocument, PolicyError>> {
    let mut value = decoded(value);
    for wrapper in ["policyText", "policy", "value", "options"] {
        if field(&value, "Statement").is_none()
            && let Some(inner) = field(&value, wrapper)
        {
            value = decoded(inner);
        }
    }
    if is_nothing(&value) {
        return None;
    }
    match policy_document(&value) {
        Known::Present(document) => Some(document),
        Known::Absent | Known::Unknown(_) => None,
    }
}

/// The only policy of a resource, as the model has it.
pub fn only_policy(name: Option<&str>, value: &Value) -> Known<Vec<AttachedDocument>> {
    match policy(value) {
        Some(document) => Known::Present(vec![AttachedDocument { name: name.unwrap_or(ONLY_POLICY).to_owned(), document }]),
        None => Known::Absent,
    }
}

/// Tags: an object of texts, or a list of `{key, value}`.
pub fn tags(value: &Value) -> Option<BTreeMap<String, String>> {
    match decoded(value) {
        Value::Null => Some(BTreeMap::new()),
        Value::Object(map) => map.into_iter().map(|(key, value)| Some((key, value.as_str()?.to_owned()))).collect(),
        Value::Array(list) => {
            list.iter().map(|tag| Some((text(tag, "key")?.to_owned(), field(tag, "value")?.as_str()?.to_owned()))).collect()
        }
        _ => None,
    }
}

/// A list of texts; `None` where it is something else.
pub fn texts(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::Null => Some(Vec::new()),
        Value::Array(list) => list.iter().map(|v| v.as_str().map(str::to_owned)).collect(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn policies_come_in_many_wrappings() {
        let document = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}});
        let text = document.to_string();
        let twice = json!(text).to_string();
        let escaped = text.replace('"', "\\\"").replace('*', "*\\/");
        let encoded: String = text.bytes().map(|b| format!("%{b:02X}")).collect();
        let parsed = crate::policy::parse_document(&document).unwrap();
        for value in [document.clone(), json!(text), json!(twice), json!({"policyText": text}), json!(json!({"policyText": text}).to_string()), json!(encoded)] {
            assert_eq!(policy(&value), Some(Ok(parsed.clone())), "{value}");
        }
        assert!(policy(&json!(escaped)).unwrap().is_ok());
        for nothing in [json!(null), json!(""), json!({"policyText": null}), json!("{\"policyText\":null}"), json!({}), json!("null")] {
            assert_eq!(policy(&nothing), None, "{nothing}");
        }
        assert!(policy(&json!("half a {")).unwrap().is_err());
    }
}
