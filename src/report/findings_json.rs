//! `findings.json`: every finding with its details, keys sorted.

use serde_json::{Map, Value, json};

use super::model::{ReportModel, day};

/// The file's text.
#[must_use]
pub fn render(model: &ReportModel) -> String {
    let findings: Vec<Value> = model
        .findings
        .iter()
        .map(|f| {
            let details: Map<String, Value> = f.details.iter().map(|(k, v)| (k.clone(), v.json())).collect();
            json!({
                "uid": f.uid, "report": f.report, "status": f.status.as_str(), "severity": f.severity, "account": f.account,
                "resource": f.resource, "reason": f.reason, "details": details, "change": f.change,
                "first_seen": day(Some(f.first_seen_ms)), "last_seen": day(Some(model.as_of_ms)),
            })
        })
        .collect();
    let mut text = serde_json::to_string_pretty(&json!({"schema": 1, "findings": findings})).unwrap_or_default();
    text.push('\n');
    text
}
