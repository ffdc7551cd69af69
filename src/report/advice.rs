//! `advice.json`, and the advice on the page and in the summary: what the logs suggest beyond the proposals.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::escape::json_line;
use super::model::ReportModel;
use crate::policy::{PolicyDocument, print};
use crate::reduce::advice::Advice;

/// A document as indented JSON for people: hidden characters as its own escapes.
#[must_use]
pub fn shown(document: &PolicyDocument) -> String {
    print::pretty(document).lines().map(json_line).collect::<Vec<_>>().join("\n")
}

/// How many pieces there are of each kind.
#[must_use]
pub fn counts(model: &ReportModel) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for row in &model.advice {
        *counts.entry(row.kind.as_str()).or_default() += 1;
    }
    counts
}

/// The file's text.
#[must_use]
pub fn render(model: &ReportModel) -> String {
    let document = |row: &Advice| -> Value { row.document.as_ref().and_then(|d| serde_json::from_str(&print::minified(d)).ok()).unwrap_or(Value::Null) };
    let rows: Vec<Value> = model
        .advice
        .iter()
        .map(|row| {
            json!({"kind": row.kind.as_str(), "account": row.account, "subject": row.subject, "title": row.title, "text": row.text,
                   "evidence": row.evidence, "document": document(row), "confidence": row.confidence})
        })
        .collect();
    let mut text = serde_json::to_string_pretty(&json!({"advice": rows})).unwrap_or_default();
    text.push('\n');
    text
}

/// The summary's line; empty without advice.
#[must_use]
pub fn summary(model: &ReportModel) -> String {
    let counts = counts(model);
    if counts.is_empty() {
        return String::new();
    }
    let parts: Vec<String> = counts.iter().map(|(kind, n)| format!("{n} {kind}")).collect();
    format!("- advice, never applied by itself: {} (advice.json)\n", parts.join(", "))
}
