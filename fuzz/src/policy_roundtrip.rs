//! Policy documents, read and written: a proposal is printed from what was parsed, so whatever gets lost between the
//! two is a permission changed in silence.

use crate::policy::print::{minified, pretty, size};
use crate::policy::{PolicyDocument, parse_text};

/// Reads the bytes as a policy. A document that is accepted must come back the same from each of its writings and
/// from each encoding that exports use, and its size must be that of its writing. A refusal must only be a refusal.
///
/// # Panics
/// When one of these does not hold.
pub fn policy_roundtrip(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(document) = parse_text(text) else { return };
    let (line, indented) = (minified(&document), pretty(&document));
    for writing in [&line, &indented, &json_text(&line), &percent_encoded(&line), &percent_encoded(&json_text(&line))] {
        let again = parse_text(writing).unwrap_or_else(|e| panic!("refuses its own writing: {e}\n{writing}"));
        assert_eq!(in_order(&again), in_order(&document), "reads its own writing as another document:\n{writing}");
        assert_eq!(minified(&again), line, "the second writing differs");
        assert_eq!(pretty(&again), indented, "the second indented writing differs");
        assert_eq!(size(&again), size(&document), "the size differs after reading {writing}");
    }
    assert_eq!(size(&document), without_space(&indented), "the size depends on the indentation:\n{indented}");
}

/// The document with the conditions of each statement in a fixed order: all of them must hold, so their order says
/// nothing.
fn in_order(document: &PolicyDocument) -> PolicyDocument {
    let mut document = document.clone();
    for statement in &mut document.statements {
        statement.conditions.sort();
    }
    document
}

fn json_text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn percent_encoded(text: &str) -> String {
    text.bytes().map(|b| format!("%{b:02X}")).collect()
}

/// Characters without JSON's white space: other spaces inside texts count.
fn without_space(text: &str) -> usize {
    text.chars().filter(|c| !matches!(c, ' ' | '\t' | '\n' | '\r')).count()
}
