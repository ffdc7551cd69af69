//! `findings.csv` and the tables as CSV (RFC 4180), guarded against formulas.

use std::io::Write;

use super::escape;
use super::findings::trend::TrendRow;
use super::model::{ReportModel, day};
use super::sql::{Answer, Cell, Rows, SqlError};

pub(super) fn written(rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut bytes = Vec::new();
    // A write to memory fails only for rows of unequal length, which this module does not make.
    let _ = write(&mut bytes, rows);
    String::from_utf8(bytes).unwrap_or_default()
}

fn write(to: impl Write, rows: impl Iterator<Item = Vec<String>>) -> std::io::Result<()> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(to);
    for row in rows {
        writer.write_record(row.iter().map(|c| escape::csv(c)))?;
    }
    writer.flush()
}

/// Writes the findings, details as one text.
///
/// # Errors
/// Those of the writer.
pub fn findings(model: &ReportModel, to: impl Write) -> std::io::Result<()> {
    let header = ["uid", "report", "status", "severity", "account", "resource", "reason", "change", "first_seen", "last_seen", "accepted_by", "accepted_until", "details"];
    let rows = model.findings.iter().map(|f| {
        let details: Vec<String> =
            f.details.iter().filter(|(_, v)| **v != Cell::Null).map(|(k, v)| format!("{k}={}", v.text())).collect();
        vec![
            f.uid.clone(),
            f.report.clone(),
            f.status.as_str().to_owned(),
            f.severity.clone(),
            f.account.clone(),
            f.resource.clone(),
            f.reason.clone(),
            f.change.to_owned(),
            day(f.first_seen_ms),
            day(f.last_seen_ms),
            f.suppression.as_ref().map(|s| s.owner.clone()).unwrap_or_default(),
            f.suppression.as_ref().map(|s| s.expires.clone()).unwrap_or_default(),
            details.join("; "),
        ]
    });
    write(to, std::iter::once(header.map(str::to_owned).to_vec()).chain(rows))
}

/// `tables/trend.csv`.
#[must_use]
pub fn trend(rows: &[TrendRow]) -> String {
    written(std::iter::once(TrendRow::header()).chain(rows.iter().map(TrendRow::cells)))
}

/// How many rows of a table are turned into text at a time.
const PART: usize = 20_000;

/// Writes a table, or a part of one: the first part with the names of the columns. `change` has the rows before they are text.
///
/// # Errors
/// [`TableError`] when a value is no cell or the file cannot be written.
pub fn table(answer: &Answer, is_first: bool, change: impl Fn(&mut Rows), mut to: impl Write) -> Result<(), TableError> {
    write(&mut to, is_first.then(|| answer.columns.clone()).into_iter())?;
    for from in (0..answer.len()).step_by(PART) {
        let mut part = answer.rows(from, PART)?;
        change(&mut part);
        write(&mut to, part.rows.iter().map(|r| r.iter().map(Cell::text).collect()))?;
    }
    Ok(())
}

/// Why a table was not written.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// A value of a type that the tables do not have.
    #[error(transparent)]
    Sql(#[from] SqlError),
    /// The file.
    #[error(transparent)]
    Write(#[from] std::io::Error),
}
