//! One finding model for every report: a stable uid, a status, and what it was on earlier nights (`memory`).
//!
//! `suppressions` are what people accepted, with an owner and an end; `baseline` is what was there when they began to look;
//! `fail_on` turns findings into an exit code; `trend` counts them night by night. Source: reports-and-controls.md section 3.

pub mod baseline;
pub mod details;
pub mod fail_on;
pub mod files;
pub mod memory;
#[cfg(test)]
mod nights_test;
pub mod suppressions;
#[cfg(test)]
mod suppressions_test;
pub mod trend;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::Digest as _;

use super::catalogue::Report;
use super::sql::{Cell, Rows};
use details::Details;
use suppressions::Suppression;

/// The status of a finding.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING-KEBAB-CASE")]
pub enum Status {
    /// Not as it should be.
    Fail,
    /// Input is missing, or it is too early to tell.
    #[default]
    Unknown,
    /// As it should be.
    Pass,
    /// The question does not arise.
    NotApplicable,
    /// Not as it should be, and somebody accepted that for a time.
    Suppressed,
}

impl Status {
    /// All of them.
    pub const ALL: [Status; 5] = [Status::Fail, Status::Unknown, Status::Pass, Status::NotApplicable, Status::Suppressed];

    /// The word in reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Fail => "FAIL",
            Status::Unknown => "UNKNOWN",
            Status::Pass => "PASS",
            Status::NotApplicable => "NOT-APPLICABLE",
            Status::Suppressed => "SUPPRESSED",
        }
    }

    /// Whether it is not as it should be, accepted or not.
    #[must_use]
    pub fn is_failing(self) -> bool {
        matches!(self, Status::Fail | Status::Suppressed)
    }

    fn read(text: &str) -> Status {
        match text {
            "FAIL" => Status::Fail,
            "PASS" => Status::Pass,
            "NOT-APPLICABLE" => Status::NotApplicable,
            _ => Status::Unknown,
        }
    }
}

/// A finding.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Finding {
    /// Stable id: a hash of report, account, resource and what tells findings of one resource apart.
    pub uid: String,
    /// The report's id.
    pub report: String,
    /// Status.
    pub status: Status,
    /// CRITICAL, HIGH, MEDIUM, LOW or INFO.
    pub severity: String,
    /// Account id.
    pub account: String,
    /// What it is about.
    pub resource: String,
    /// Why this status.
    pub reason: String,
    /// The report's other columns.
    pub details: Details,
    /// As-of time of the run that first failed it, epoch ms; `None` for what never failed.
    pub first_seen_ms: Option<i64>,
    /// As-of time of the last run that failed it, epoch ms; `None` for what never failed.
    pub last_seen_ms: Option<i64>,
    /// `new`, `open`, `changed`, `fixed`, `reopened`, `suppressed`, `not evaluated`, or empty for what did not fail.
    pub change: &'static str,
    /// What it was on the last earlier night; `None` if it never failed until then.
    pub status_before: Option<Status>,
    /// Who accepted it.
    pub suppression: Option<Suppression>,
    /// Fails, and did not in the baseline or, where there is none, on the last earlier night.
    pub is_new: bool,
    /// New, or more severe than it was then.
    pub is_worse: bool,
}

impl Finding {
    /// Whether tonight differs from the night before: what goes into `changes.ndjson`.
    #[must_use]
    pub fn is_change(&self) -> bool {
        match self.change {
            "" | "open" => false,
            "suppressed" | "not evaluated" => self.status_before != Some(self.status),
            _ => true,
        }
    }
}

/// Place of a severity: 0 is CRITICAL, 4 is INFO and everything else.
#[must_use]
pub fn rank(severity: &str) -> u8 {
    match severity {
        "CRITICAL" => 0,
        "HIGH" => 1,
        "MEDIUM" => 2,
        "LOW" => 3,
        _ => 4,
    }
}

/// Findings of one report's answer.
#[must_use]
pub fn of_rows(report: &Report, rows: &Rows) -> Vec<Finding> {
    let text = |row: &[Cell], column: &str| rows.column(column).and_then(|i| row.get(i)).map(Cell::text).unwrap_or_default();
    let contract = ["account", "resource", "status", "severity", "reason"];
    let own: Vec<usize> = (0..).zip(&rows.columns).filter(|(_, c)| !contract.contains(&c.as_str())).map(|(at, _)| at).collect();
    let columns: Arc<[String]> = own.iter().filter_map(|at| rows.columns.get(*at).cloned()).collect();
    rows.rows
        .iter()
        .map(|row| {
            let mut hash = sha2::Sha256::new();
            for part in [report.id.clone(), text(row, "account"), text(row, "resource")]
                .into_iter()
                .chain(report.identity.iter().map(|c| text(row, c)))
            {
                hash.update(part.len().to_le_bytes());
                hash.update(part.as_bytes());
            }
            let uid: String = hash.finalize().iter().take(10).map(|b| format!("{b:02x}")).collect();
            Finding {
                uid,
                report: report.id.clone(),
                status: Status::read(&text(row, "status")),
                severity: text(row, "severity"),
                account: text(row, "account"),
                resource: text(row, "resource"),
                reason: text(row, "reason"),
                details: Details::new(&columns, own.iter().filter_map(|at| row.get(*at).cloned()).collect()),
                ..Finding::default()
            }
        })
        .collect()
}

/// Sorts as people read: what fails first, the worst first.
pub fn sort(findings: &mut [Finding]) {
    findings.sort_by(|a, b| {
        (a.status, rank(&a.severity), &a.report, &a.account, &a.resource, &a.uid)
            .cmp(&(b.status, rank(&b.severity), &b.report, &b.account, &b.resource, &b.uid))
    });
}
