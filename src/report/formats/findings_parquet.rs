//! `findings.parquet`: a row a finding, details as one JSON text, times as epoch milliseconds, absent values null.

use serde_json::Value;

use crate::report::model::ReportModel;
use crate::report::sql::{SqlError, Typed, parquet};

/// The file.
///
/// # Errors
/// [`SqlError`] when the engine refuses to write it.
pub fn render(model: &ReportModel) -> Result<Vec<u8>, SqlError> {
    let all = &model.findings;
    let text = |of: &dyn Fn(&crate::report::Finding) -> Option<String>| Typed::Text(all.iter().map(of).collect());
    let time = |of: fn(&crate::report::Finding) -> Option<i64>| Typed::Int(all.iter().map(of).collect());
    let details = |f: &crate::report::Finding| -> Option<String> {
        Some(Value::from(f.details.json()).to_string())
    };
    parquet(vec![
        ("as_of_ms", Typed::Int(vec![Some(model.as_of_ms); all.len()])),
        ("uid", text(&|f| Some(f.uid.clone()))),
        ("report", text(&|f| Some(f.report.clone()))),
        ("status", text(&|f| Some(f.status.as_str().to_owned()))),
        ("severity", text(&|f| Some(f.severity.clone()).filter(|s| !s.is_empty()))),
        ("account", text(&|f| Some(f.account.clone()).filter(|s| !s.is_empty()))),
        ("resource", text(&|f| Some(f.resource.clone()))),
        ("reason", text(&|f| Some(f.reason.clone()))),
        ("change", text(&|f| Some(f.change.to_owned()).filter(|s| !s.is_empty()))),
        ("first_seen_ms", time(|f| f.first_seen_ms)),
        ("last_seen_ms", time(|f| f.last_seen_ms)),
        ("accepted_by", text(&|f| f.suppression.as_ref().map(|s| s.owner.clone()))),
        ("accepted_until", text(&|f| f.suppression.as_ref().map(|s| s.expires.clone()))),
        ("details_json", text(&details)),
    ])
}
