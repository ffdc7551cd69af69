//! Reads a policy document from any encoding that exports use: a JSON object, a JSON string, or a
//! percent-encoded JSON string (inputs-and-evaluation.md sections 1.5 and 4.1).
//!
//! A document that AWS would refuse is an error with the JSON pointer of the offending field: a half-read
//! policy would make a wrong decision look right.

use serde_json::{Map, Value};

use super::condition::{Condition, ConditionOperator};
use super::document::{
    ActionElement, Effect, PolicyDocument, PrincipalElement, PrincipalSet, ResourceElement, Statement, Version,
};

/// Why a text is not a policy document.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
pub enum PolicyError {
    /// Not JSON at all.
    #[error("policy is not JSON: {0}")]
    NotJson(String),
    /// JSON, but a field is not as the language asks.
    #[error("policy field `{pointer}`: {problem}")]
    Field {
        /// JSON pointer of the field.
        pointer: String,
        /// What is wrong with it.
        problem: String,
    },
}

fn field<T>(pointer: impl Into<String>, problem: impl Into<String>) -> Result<T, PolicyError> {
    Err(PolicyError::Field { pointer: pointer.into(), problem: problem.into() })
}

/// Decodes `%XX`; `+` stays a plus sign (RFC 3986, not form encoding).
fn percent_decode(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(b) = bytes.next() {
        if b == b'%' {
            let hi = char::from(bytes.next()?).to_digit(16)?;
            let lo = char::from(bytes.next()?).to_digit(16)?;
            out.push(u8::try_from(hi * 16 + lo).ok()?);
        } else {
            out.push(b);
        }
    }
    String::from_utf8(out).ok()
}

/// Reads a document from text: JSON, or percent-encoded JSON.
///
/// # Errors
/// [`PolicyError`] when the text is neither, or the document is not one AWS would accept.
pub fn parse_text(text: &str) -> Result<PolicyDocument, PolicyError> {
    parse_document(&read_text(text)?)
}

/// The JSON of a text, which may be percent-encoded, whether or not it is a policy.
///
/// # Errors
/// [`PolicyError::NotJson`].
pub fn read_text(text: &str) -> Result<Value, PolicyError> {
    let trimmed = text.strip_prefix('\u{FEFF}').unwrap_or(text).trim_start();
    let decoded;
    let json = if trimmed.starts_with('%') {
        decoded = percent_decode(trimmed).ok_or_else(|| PolicyError::NotJson("bad percent-encoding".into()))?;
        decoded.as_str()
    } else {
        trimmed
    };
    serde_json::from_str(json).map_err(|e| PolicyError::NotJson(e.to_string()))
}

/// Reads a document from a JSON value: an object, or a string that holds one.
///
/// # Errors
/// [`PolicyError`] with the pointer of the first field that is wrong.
pub fn parse_document(value: &Value) -> Result<PolicyDocument, PolicyError> {
    let object = match value {
        Value::String(text) => return parse_text(text),
        Value::Object(object) => object,
        _ => return field("", "a policy document is a JSON object"),
    };
    for key in object.keys() {
        if !matches!(key.as_str(), "Version" | "Id" | "Statement") {
            return field(format!("/{key}"), "unknown element");
        }
    }
    let version = match object.get("Version") {
        None => Version::V2008,
        Some(Value::String(v)) if v == "2008-10-17" => Version::V2008,
        Some(Value::String(v)) if v == "2012-10-17" => Version::V2012,
        Some(_) => return field("/Version", "not a version of the policy language"),
    };
    let id = object.get("Id").and_then(Value::as_str).map(str::to_owned);
    let mut statements = Vec::new();
    match object.get("Statement") {
        Some(Value::Array(list)) => {
            for (i, item) in list.iter().enumerate() {
                statements.push(statement(item, &format!("/Statement/{i}"))?);
            }
        }
        Some(item @ Value::Object(_)) => statements.push(statement(item, "/Statement")?),
        Some(_) => return field("/Statement", "neither an object nor a list"),
        None => return field("/Statement", "missing"),
    }
    Ok(PolicyDocument { version, id, statements })
}

fn statement(value: &Value, at: &str) -> Result<Statement, PolicyError> {
    let Value::Object(object) = value else { return field(at, "a statement is a JSON object") };
    for key in object.keys() {
        if !matches!(
            key.as_str(),
            "Sid" | "Effect" | "Principal" | "NotPrincipal" | "Action" | "NotAction" | "Resource" | "NotResource" | "Condition"
        ) {
            return field(format!("{at}/{key}"), "unknown element");
        }
    }
    let sid = match object.get("Sid") {
        None | Some(Value::Null) => None,
        Some(Value::String(s)) => Some(s.clone()),
        Some(_) => return field(format!("{at}/Sid"), "not a text"),
    };
    let effect = match object.get("Effect").and_then(Value::as_str) {
        Some("Allow") => Effect::Allow,
        Some("Deny") => Effect::Deny,
        _ => return field(format!("{at}/Effect"), "neither Allow nor Deny"),
    };
    let action = match pair(object, "Action", "NotAction", at)? {
        Some((false, v)) => ActionElement::Action(texts(v, &format!("{at}/Action"))?),
        Some((true, v)) => ActionElement::NotAction(texts(v, &format!("{at}/NotAction"))?),
        None => return field(format!("{at}/Action"), "missing"),
    };
    let resource = match pair(object, "Resource", "NotResource", at)? {
        Some((false, v)) => Some(ResourceElement::Resource(texts(v, &format!("{at}/Resource"))?)),
        Some((true, v)) => Some(ResourceElement::NotResource(texts(v, &format!("{at}/NotResource"))?)),
        None => None,
    };
    let principal = match pair(object, "Principal", "NotPrincipal", at)? {
        Some((false, v)) => Some(PrincipalElement::Principal(principals(v, &format!("{at}/Principal"))?)),
        Some((true, v)) => Some(PrincipalElement::NotPrincipal(principals(v, &format!("{at}/NotPrincipal"))?)),
        None => None,
    };
    let conditions = match object.get("Condition") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Object(map)) => conditions(map, &format!("{at}/Condition"))?,
        Some(_) => return field(format!("{at}/Condition"), "not an object"),
    };
    Ok(Statement { sid, effect, principal, action, resource, conditions })
}

/// The one of two opposite elements that is present; `true` marks the negative one.
fn pair<'a>(object: &'a Map<String, Value>, yes: &str, no: &str, at: &str) -> Result<Option<(bool, &'a Value)>, PolicyError> {
    match (object.get(yes), object.get(no)) {
        (Some(_), Some(_)) => field(format!("{at}/{no}"), format!("stands beside {yes}")),
        (Some(v), None) => Ok(Some((false, v))),
        (None, Some(v)) => Ok(Some((true, v))),
        (None, None) => Ok(None),
    }
}

fn texts(value: &Value, at: &str) -> Result<Vec<String>, PolicyError> {
    match value {
        Value::String(s) => Ok(vec![s.clone()]),
        Value::Array(list) => list
            .iter()
            .enumerate()
            .map(|(i, v)| match v {
                Value::String(s) => Ok(s.clone()),
                _ => field(format!("{at}/{i}"), "not a text"),
            })
            .collect(),
        _ => field(at, "neither a text nor a list of texts"),
    }
}

fn principals(value: &Value, at: &str) -> Result<PrincipalSet, PolicyError> {
    match value {
        Value::String(s) if s == "*" => Ok(PrincipalSet { aws: vec!["*".into()], ..PrincipalSet::default() }),
        Value::Object(map) => {
            let mut set = PrincipalSet::default();
            for (kind, v) in map {
                let list = texts(v, &format!("{at}/{kind}"))?;
                match kind.as_str() {
                    "AWS" => set.aws = list,
                    "Service" => set.service = list,
                    "Federated" => set.federated = list,
                    "CanonicalUser" => set.canonical_user = list,
                    _ => return field(format!("{at}/{kind}"), "unknown kind of principal"),
                }
            }
            Ok(set)
        }
        _ => field(at, "neither \"*\" nor an object of principals"),
    }
}

fn conditions(map: &Map<String, Value>, at: &str) -> Result<Vec<Condition>, PolicyError> {
    let mut out: Vec<Condition> = Vec::new();
    for (name, keys) in map {
        let Some(operator) = ConditionOperator::parse(name) else {
            return field(format!("{at}/{name}"), "unknown condition operator");
        };
        let Value::Object(keys) = keys else { return field(format!("{at}/{name}"), "not an object") };
        for (key, value) in keys {
            let at = format!("{at}/{name}/{key}");
            // Both would have to hold, and no document could be written that says so.
            if out.iter().any(|c| c.operator == operator && c.key == *key) {
                return field(at, "the same operator has this key already, in another spelling of its name");
            }
            let values = match value {
                Value::Array(list) => list
                    .iter()
                    .enumerate()
                    .map(|(i, v)| scalar(v, &format!("{at}/{i}")))
                    .collect::<Result<Vec<_>, _>>()?,
                v => vec![scalar(v, &at)?],
            };
            out.push(Condition { operator, key: key.clone(), values });
        }
    }
    Ok(out)
}

fn scalar(value: &Value, at: &str) -> Result<String, PolicyError> {
    match value {
        Value::String(s) => Ok(s.clone()),
        Value::Bool(b) => Ok(b.to_string()),
        Value::Number(n) => Ok(n.to_string()),
        _ => field(at, "a condition value is a text, a number or a boolean"),
    }
}
