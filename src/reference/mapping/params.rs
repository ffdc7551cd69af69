//! Request parameters, flattened: every text in them with the name it stands under, whatever the nesting.
//!
//! Containers (`items`, `member`, `instancesSet`, `DeleteFlowLogsRequest`) are dropped from names, because each
//! service nests as it likes. Values are attacker-controlled: one that could act as a wildcard in an ARN is
//! never used in one.

use serde_json::Value;

/// How deep and how many values are looked at; a request that hides more in deeper nesting gets type-level ARNs.
const MAX_DEPTH: usize = 24;
const MAX_VALUES: usize = 4000;

/// Flattened parameters in document order.
#[derive(Debug, Default)]
pub struct Params<'a> {
    values: Vec<(String, &'a str)>,
    names: Vec<String>,
}

/// A name in comparable form: lower-case letters and digits.
#[must_use]
pub fn normal(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

fn is_container(name: &str) -> bool {
    matches!(name, "items" | "item" | "member" | "content")
}

impl<'a> Params<'a> {
    /// Flattens a value.
    #[must_use]
    pub fn of(value: &'a Value) -> Params<'a> {
        let mut params = Params::default();
        params.walk("", value, 0);
        params
    }

    fn walk(&mut self, name: &str, value: &'a Value, depth: usize) {
        if depth > MAX_DEPTH || self.values.len() > MAX_VALUES {
            return;
        }
        match value {
            Value::Object(map) => {
                for (key, inner) in map {
                    let key = if is_container(key) { name } else { key };
                    self.names.push(normal(key));
                    self.walk(key, inner, depth + 1);
                }
            }
            Value::Array(list) => {
                for inner in list {
                    self.walk(name, inner, depth + 1);
                }
            }
            Value::String(text) => self.values.push((normal(name), text)),
            _ => {}
        }
    }

    /// The texts under a name (in comparable form).
    pub fn get<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'a str> + 's {
        self.values.iter().filter(move |(n, _)| n == name).map(|(_, v)| *v)
    }

    /// Whether a parameter of this name is there, whatever its value.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.names.iter().any(|n| n == name)
    }

    /// Every name with its text.
    pub fn all(&self) -> impl Iterator<Item = (&str, &'a str)> {
        self.values.iter().map(|(n, v)| (n.as_str(), *v))
    }
}

/// Whether a value may stand in an ARN: not empty, no wildcard, no variable, no control character, not redacted.
#[must_use]
pub fn usable(value: &str) -> bool {
    !value.is_empty()
        && value.len() <= 1024
        && !value.contains(['*', '?', '$'])
        && !value.chars().any(char::is_control)
        && value != "HIDDEN_DUE_TO_SECURITY_REASONS"
        && value != "***"
}
