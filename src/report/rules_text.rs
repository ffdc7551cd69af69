//! The catalogue of controls, for `rules list` and `rules show`.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::catalogue::Report;

/// A control as JSON.
#[must_use]
pub fn json(report: &Report) -> Value {
    json!({
        "id": report.id, "group": report.group, "severity": report.severity, "title": report.title, "question": report.question, "why": report.why,
        "fix": report.fix, "limits": report.limits, "inputs": report.inputs, "thresholds": report.thresholds, "never": report.never,
        "columns": report.columns, "frameworks": report.frameworks,
    })
}

/// Whether a control speaks of a framework; without a name, any does.
#[must_use]
pub fn is_of(report: &Report, framework: Option<&str>) -> bool {
    framework.is_none_or(|wanted| report.frameworks.keys().any(|name| name.eq_ignore_ascii_case(wanted)))
}

/// One line a control.
#[must_use]
pub fn list(reports: &[&Report]) -> String {
    let width = reports.iter().map(|r| r.id.len()).max().unwrap_or(0);
    reports.iter().fold(String::new(), |mut text, r| {
        let _ = writeln!(text, "{:<width$}  {:<8}  {:<12}  {}", r.id, r.severity, r.group, r.title);
        text
    })
}

/// Everything about one control.
#[must_use]
pub fn show(report: &Report, with_sql: bool) -> String {
    let mut text = format!("{}: {}\n{}, {}\n\n{}\n\nWhy      {}\nFix      {}\nLimits   {}\n", report.id, report.title, report.group, report.severity, report.question, report.why, report.fix, report.limits);
    let _ = writeln!(text, "Inputs   {}", report.inputs.join(", "));
    if !report.thresholds.is_empty() {
        let _ = writeln!(text, "Settings {}", report.thresholds.join(", "));
    }
    if !report.never.is_empty() {
        let _ = writeln!(text, "Never    {}", report.never.join(", "));
    }
    for (framework, ids) in &report.frameworks {
        let _ = writeln!(text, "{framework}: {}", ids.join(", "));
    }
    if with_sql {
        let _ = write!(text, "\n{}", report.sql);
    }
    text
}
