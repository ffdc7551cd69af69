//! `findings.csv` and the tables as CSV (RFC 4180), guarded against formulas.

use super::escape;
use super::model::{ReportModel, day};
use super::sql::{Cell, Rows};

fn written(rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    for row in rows {
        // A write to memory fails only for rows of unequal length, which this module does not make.
        let _ = writer.write_record(row.iter().map(|c| escape::csv(c)));
    }
    writer.into_inner().ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
}

/// The findings, details as one text.
#[must_use]
pub fn render(model: &ReportModel) -> String {
    let header = ["uid", "report", "status", "severity", "account", "resource", "reason", "change", "first_seen", "details"];
    let rows = model.findings.iter().map(|f| {
        let details: Vec<String> =
            f.details.iter().filter(|(_, v)| *v != Cell::Null).map(|(k, v)| format!("{k}={}", v.text())).collect();
        vec![
            f.uid.clone(),
            f.report.clone(),
            f.status.as_str().to_owned(),
            f.severity.clone(),
            f.account.clone(),
            f.resource.clone(),
            f.reason.clone(),
            f.change.to_owned(),
            day(Some(f.first_seen_ms)),
            details.join("; "),
        ]
    });
    written(std::iter::once(header.map(str::to_owned).to_vec()).chain(rows))
}

/// A table.
#[must_use]
pub fn table(rows: &Rows) -> String {
    written(std::iter::once(rows.columns.clone()).chain(rows.rows.iter().map(|r| r.iter().map(Cell::text).collect())))
}
