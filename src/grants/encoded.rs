//! Policy documents in every encoding of exports: an object, a JSON text, a percent-encoded text, each of them encoded
//! once more, and a JSON text whose escapes were left in. Source: inputs-and-evaluation.md sections 1.3 and 1.5.

use serde_json::Value;

use super::{AttachedDocument, Known};
use crate::policy::{PolicyDocument, PolicyError, parse_document};

/// How often a document may be encoded. Exports do it twice at most.
const ROUNDS: usize = 4;

/// Reads a document. Absent: an empty text, `null`, or an empty object, by which services answer that there is none.
#[must_use]
pub fn policy_document(value: &Value) -> Known<Result<PolicyDocument, PolicyError>> {
    let mut value = value.clone();
    for _ in 0..ROUNDS {
        let text = match &value {
            Value::Null => return Known::Absent,
            Value::Object(map) if map.is_empty() => return Known::Absent,
            Value::String(text) => text.trim(),
            _ => break,
        };
        if text.is_empty() {
            return Known::Absent;
        }
        match decoded(text) {
            Ok(inner) => value = inner,
            Err(e) => return Known::Present(Err(e)),
        }
    }
    Known::Present(parse_document(&value))
}

/// One encoding off.
fn decoded(text: &str) -> Result<Value, PolicyError> {
    let error = match serde_json::from_str::<Value>(text) {
        Ok(value) => return Ok(value),
        Err(e) => PolicyError::NotJson(e.to_string()),
    };
    if text.starts_with('%') {
        // RFC 3986, not a form: `+` stays a plus sign.
        return percent_encoding::percent_decode_str(text)
            .decode_utf8()
            .map(|plain| Value::String(plain.into_owned()))
            .map_err(|_| PolicyError::NotJson("percent-encoding of something that is not UTF-8".to_owned()));
    }
    // API Gateway leaves `\"` and `\/` in: the inside of a JSON text.
    if text.starts_with("{\\") || text.contains("\\\"") {
        return serde_json::from_str::<String>(&format!("\"{text}\"")).map(Value::String).map_err(|_| error);
    }
    Err(error)
}

/// The same with a name, as a list of one.
#[must_use]
pub fn attached(name: &str, value: &Value) -> Known<Vec<AttachedDocument>> {
    policy_document(value).map(|document| vec![AttachedDocument { name: name.to_owned(), document }])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_encoding_reads_alike() {
        let plain = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "arn:aws:execute-api:eu-west-1:111122223333:a/*/GET/a+b"}]});
        let text = plain.to_string();
        let percent = |t: &str| t.bytes().map(|b| if b.is_ascii_alphanumeric() || b == b'+' { char::from(b).to_string() } else { format!("%{b:02X}") }).collect::<String>();
        let inside = Value::String(text.clone()).to_string();
        let inside = inside[1..inside.len() - 1].replace('/', "\\/");
        let expected = Known::Present(parse_document(&plain));
        assert!(matches!(expected, Known::Present(Ok(_))));
        for form in [
            plain.clone(),
            json!(text),
            json!(json!(text).to_string()),
            json!(percent(&text)),
            json!(percent(&percent(&text))),
            json!(format!("\n {text}")),
            json!(inside),
        ] {
            assert_eq!(policy_document(&form), expected, "{form}");
        }
    }

    #[test]
    fn nothing_and_nonsense_are_told_apart() {
        for nothing in [json!(null), json!(""), json!("  "), json!({}), json!("{}")] {
            assert_eq!(policy_document(&nothing), Known::Absent, "{nothing}");
        }
        for nonsense in [json!("%7"), json!("%FF"), json!("Statement"), json!(3), json!([]), json!("{\\\"Version"), json!({"Version": "2012-10-17"})] {
            assert!(matches!(policy_document(&nonsense), Known::Present(Err(_))), "{nonsense}");
        }
    }
}
