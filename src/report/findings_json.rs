//! `findings.json`: every finding with its details, and what each report means; keys sorted, hidden characters as JSON's own
//! escapes. Its schema is `docs/findings.schema.json`.

use std::io::Write;

use serde::Serialize;
use serde_json::{Value, json};

use super::escape::JsonLines;
use super::formats::framework_ids;
use super::model::{ReportModel, day};
use super::{Finding, Report};

/// The version of the schema; readers refuse one that they do not know.
pub const SCHEMA: u32 = 2;

/// A day, or null.
fn day_or_null(ms: Option<i64>) -> Value {
    ms.map_or(Value::Null, |ms| day(Some(ms)).into())
}

/// One finding, as `changes.ndjson` has it too.
#[must_use]
pub fn finding(f: &Finding) -> Value {
    json!({
        "uid": f.uid, "report": f.report, "status": f.status.as_str(), "severity": f.severity, "account": f.account,
        "resource": f.resource, "reason": f.reason, "details": f.details.json(), "change": f.change,
        "first_seen": day_or_null(f.first_seen_ms), "last_seen": day_or_null(f.last_seen_ms),
        "suppression": f.suppression.as_ref().and_then(|s| serde_json::to_value(s).ok()),
    })
}

fn report(r: &Report) -> Value {
    json!({"id": r.id, "title": r.title, "question": r.question, "why": r.why, "fix": r.fix, "limits": r.limits,
           "inputs": r.inputs, "frameworks": framework_ids(r)})
}

/// Values that are made one after the other while they are written: all at once they take many times the room of their text.
struct Each<F>(F);

impl<F: Fn() -> I, I: Iterator<Item = Value>> Serialize for Each<F> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}

/// The file: fields by name, as everywhere.
#[derive(Serialize)]
struct File<T> {
    as_of: String,
    findings: T,
    reports: Vec<Value>,
    schema: u32,
    tool: Value,
}

/// Writes the file.
///
/// # Errors
/// Those of the writer.
pub fn write(model: &ReportModel, to: impl Write) -> std::io::Result<()> {
    let file = File {
        as_of: day(Some(model.as_of_ms)),
        findings: Each(|| model.findings.iter().map(finding)),
        reports: model.reports.iter().map(report).collect(),
        schema: SCHEMA,
        tool: json!({"name": "trailtrim", "version": model.version}),
    };
    let mut to = JsonLines::to(to);
    serde_json::to_writer_pretty(&mut to, &file)?;
    to.write_all(b"\n")
}
