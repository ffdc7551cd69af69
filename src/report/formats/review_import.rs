//! A filled-in access review, read back: who decided to keep what becomes dated suppressions.

use std::io::Cursor;
use std::path::Path;

use calamine::{Data, Reader as _, Xlsx};
use serde::Serialize;

use super::review::{ABOUT, DECISIONS, REDACTED, SHEET};
use crate::report::escape::visible;
use crate::report::findings::suppressions::{DAYS_AT_MOST, Suppression};

/// What the review says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// What was accepted, in the sheet's order.
    pub suppressions: Vec<Suppression>,
    /// Rows with another decision.
    pub others: usize,
    /// Rows without one.
    pub open: usize,
    /// What is wrong, with its row.
    pub problems: Vec<String>,
}

/// The file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("`{file}`: {problem}")]
pub struct ReviewError {
    file: String,
    problem: String,
}

/// A cell as text; a date as its day.
fn text(cell: Option<&Data>) -> String {
    match cell {
        Some(Data::DateTime(at)) if at.is_datetime() => {
            let (year, month, day, ..) = at.to_ymd_hms_milli();
            format!("{year:04}-{month:02}-{day:02}")
        }
        Some(Data::DateTimeIso(at)) => at.chars().take(10).collect(),
        Some(cell) => cell.to_string().trim().to_owned(),
        None => String::new(),
    }
}

/// The findings of a row: report and uid, as the workbook has them.
fn findings(text: &str) -> Result<Vec<(&str, &str)>, String> {
    let good = |rule: &str, uid: &str| {
        let is_rule = !rule.is_empty() && rule.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        is_rule && uid.len() == 20 && uid.bytes().all(|b| b.is_ascii_hexdigit())
    };
    let split = |id: &'_ str| id.to_owned();
    text.split_whitespace().map(|id| id.split_once(':').filter(|(rule, uid)| good(rule, uid)).ok_or_else(|| format!("`{}` is no finding id", visible(&split(id))))).collect()
}

/// The names of the columns that are read.
const READ: [&str; 7] = ["principal", "owner", "decision", "reviewer", "date", "comment", "finding ids"];

fn row(cells: &[String; 7], now: jiff::civil::Date, valid_days: i64, into: &mut Imported) -> Result<(), String> {
    let [principal, owner, decision, reviewer, date, comment, ids] = cells;
    let decision = decision.to_ascii_lowercase();
    if decision.is_empty() {
        into.open += 1;
        return Ok(());
    }
    if !DECISIONS.contains(&decision.as_str()) {
        return Err(format!("`{}` is no decision: {}", visible(&decision), DECISIONS.join(", ")));
    }
    if !matches!(decision.as_str(), "keep" | "accept") {
        into.others += 1;
        return Ok(());
    }
    if reviewer.is_empty() {
        return Err("a decision without a reviewer".to_owned());
    }
    let decided: jiff::civil::Date = date.parse().map_err(|_| format!("`{}` is no date YYYY-MM-DD", visible(date)))?;
    if decided > now {
        return Err(format!("{date} is in the future"));
    }
    let days = jiff::Span::new().try_days(valid_days.min(DAYS_AT_MOST)).map_err(|e| e.to_string())?;
    let expires = decided.checked_add(days).map_err(|e| e.to_string())?;
    if expires < now {
        return Err(format!("decided on {date}, the acceptance is over since {expires}"));
    }
    for (rule, uid) in findings(ids)? {
        let said = if comment.is_empty() { String::new() } else { format!(": {}", visible(comment)) };
        into.suppressions.push(Suppression {
            rule: rule.to_owned(),
            pattern: uid.to_owned(),
            owner: visible(if owner.is_empty() { reviewer } else { owner }),
            reason: format!("access review of {}: {decision} on {decided}{said}", visible(principal)),
            expires: expires.to_string(),
            approved_by: Some(visible(reviewer)),
            ..Suppression::default()
        });
    }
    Ok(())
}

/// Reads a workbook; acceptances count for some days from their date on.
///
/// # Errors
/// [`ReviewError`] when the file is no workbook with the review's sheet and columns.
pub fn import(path: &Path, now_ms: i64, valid_days: i64) -> Result<Imported, ReviewError> {
    let fail = |problem: String| ReviewError { file: path.display().to_string(), problem };
    let bytes = std::fs::read(path).map_err(|e| fail(e.to_string()))?;
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(|e| fail(e.to_string()))?;
    let about = book.worksheet_range(ABOUT).ok();
    if about.iter().flat_map(|range| range.rows()).flatten().any(|cell| text(Some(cell)).starts_with(REDACTED)) {
        return Err(fail("a redacted review: its tokens are nobody's findings".to_owned()));
    }
    let range = book.worksheet_range(SHEET).map_err(|e| fail(e.to_string()))?;
    let mut rows = range.rows();
    let header: Vec<String> = rows.next().unwrap_or_default().iter().map(|c| text(Some(c)).to_ascii_lowercase()).collect();
    let mut places = [0; 7];
    for (place, name) in places.iter_mut().zip(READ) {
        *place = header.iter().position(|h| h == name).ok_or_else(|| fail(format!("the sheet has no column `{name}`")))?;
    }
    let at = jiff::Timestamp::from_millisecond(now_ms).map_err(|e| fail(e.to_string()))?;
    let now = jiff::tz::Offset::UTC.to_datetime(at).date();
    let mut read = Imported::default();
    for (n, cells) in (2..).zip(rows) {
        let cells = places.map(|place| text(cells.get(place)));
        if let Err(why) = row(&cells, now, valid_days, &mut read) {
            read.problems.push(format!("row {n}: {why}"));
        }
    }
    Ok(read)
}

#[derive(Serialize)]
struct File<'a> {
    suppression: &'a [Suppression],
}

/// The suppressions as TOML, to be added to `suppressions.toml`; empty where there are none.
#[must_use]
pub fn toml(suppressions: &[Suppression]) -> String {
    if suppressions.is_empty() { String::new() } else { toml::to_string(&File { suppression: suppressions }).unwrap_or_default() }
}
