//! Policies in records, without ExternalIds: the store has their hashes, as it has those of the ExternalIds that were sent.

use std::borrow::Cow;

use serde_json::Value;

use crate::aws::secret::{is_external_id, masked};

/// The text of a policy as the store has it. `None` where it names an ExternalId and cannot be read: then it is not known.
#[must_use]
pub fn of_policy(text: String) -> Option<String> {
    let decoded: Cow<'_, str> = if text.trim_start().starts_with('%') {
        percent_encoding::percent_decode_str(text.trim_start()).decode_utf8().ok()?
    } else {
        Cow::Borrowed(&text)
    };
    // JSON may write any letter as an escape.
    let may_name = |t: &str| t.contains("\\u") || t.to_ascii_lowercase().contains("externalid");
    if !may_name(&decoded) {
        return Some(text);
    }
    let mut value: Value = serde_json::from_str(&decoded).ok()?;
    Some(if mask(&mut value) { value.to_string() } else { text })
}

/// Masks the values of every ExternalId below; whether there was one.
fn mask(value: &mut Value) -> bool {
    match value {
        Value::Object(map) => {
            let mut found = false;
            for (key, inner) in map {
                found |= if is_external_id(key) { all(inner) } else { mask(inner) };
            }
            found
        }
        Value::Array(items) => items.iter_mut().fold(false, |found, item| mask(item) | found),
        _ => false,
    }
}

/// Masks everything below.
fn all(value: &mut Value) -> bool {
    match value {
        Value::String(text) => *text = masked(text),
        Value::Array(items) => items.iter_mut().for_each(|item| {
            all(item);
        }),
        Value::Object(map) => map.values_mut().for_each(|inner| {
            all(inner);
        }),
        Value::Number(number) => *value = Value::String(masked(&number.to_string())),
        Value::Null | Value::Bool(_) => {}
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn external_ids_leave_their_hash() {
        let condition = |key: &str, value: &str| format!(r#"{{"Statement":[{{"Condition":{{"StringEquals":{{"{key}":{value}}}}}}}]}}"#);
        for text in [condition("sts:ExternalId", "\"hush\""), condition("STS:EXTERNALID", "[\"hush\",\"hush2\"]"), condition("sts:External\\u0049d", "\"hush\""), condition("sts:ExternalId", "\"\\u0068ush\"")] {
            let encoded = percent_encoding::utf8_percent_encode(&text, percent_encoding::NON_ALPHANUMERIC).to_string();
            for given in [text.clone(), encoded] {
                let kept = of_policy(given).unwrap();
                assert!(kept.contains("sha256:") && !kept.contains("hush") && !kept.contains("0068"), "{kept}");
            }
        }
        assert!(of_policy(condition("sts:ExternalId", "123456")).is_some_and(|t| !t.contains("123456")));
        assert_eq!(of_policy("{\"sts:ExternalId\": \"hush".to_owned()), None);
        for other in ["{ not JSON", "%7B%7D", "{}", r#"{"a":"caf\u00e9"}"#] {
            assert_eq!(of_policy(other.to_owned()).as_deref(), Some(other));
        }
    }
}
