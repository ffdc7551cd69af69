//! One finding model for every report: a stable uid, a status, and what it was on earlier nights.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::Digest as _;

use super::catalogue::Report;
use super::sql::{Cell, Rows};

/// The status of a finding.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING-KEBAB-CASE")]
pub enum Status {
    /// Not as it should be.
    Fail,
    /// Input is missing, or it is too early to tell.
    Unknown,
    /// As it should be.
    Pass,
    /// The question does not arise.
    NotApplicable,
}

impl Status {
    /// The word in reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Fail => "FAIL",
            Status::Unknown => "UNKNOWN",
            Status::Pass => "PASS",
            Status::NotApplicable => "NOT-APPLICABLE",
        }
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
#[derive(Clone, PartialEq, Debug)]
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
    pub details: Vec<(String, Cell)>,
    /// As-of time of the run that first failed it, epoch ms.
    pub first_seen_ms: i64,
    /// `new`, `open`, `changed`, `fixed`, `reopened`, or empty for what never failed.
    pub change: &'static str,
}

fn rank(severity: &str) -> u8 {
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
pub fn of_rows(report: &Report, rows: &Rows, as_of_ms: i64) -> Vec<Finding> {
    let text = |row: &[Cell], column: &str| rows.column(column).and_then(|i| row.get(i)).map(Cell::text).unwrap_or_default();
    let contract = ["account", "resource", "status", "severity", "reason"];
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
                details: rows
                    .columns
                    .iter()
                    .zip(row)
                    .filter(|(c, _)| !contract.contains(&c.as_str()))
                    .map(|(c, v)| (c.clone(), v.clone()))
                    .collect(),
                first_seen_ms: as_of_ms,
                change: "",
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

#[derive(Serialize, Deserialize, Default)]
struct Night {
    findings: BTreeMap<String, Remembered>,
}

#[derive(Serialize, Deserialize, Clone, PartialEq, Eq)]
struct Remembered {
    status: Status,
    reason: String,
    first_seen_ms: i64,
    ever_failed: bool,
}

/// Compares with the last earlier night and remembers this one. A run with the same as-of time as an earlier
/// one compares with the same night, so that running again changes no byte.
///
/// # Errors
/// Those of the file system.
pub fn history(state: &Path, as_of_ms: i64, findings: &mut [Finding]) -> std::io::Result<()> {
    let folder = state.join("findings");
    std::fs::create_dir_all(&folder)?;
    let mut last: Option<(i64, std::path::PathBuf)> = None;
    for entry in std::fs::read_dir(&folder)? {
        let path = entry?.path();
        let Some(at) = path.file_stem().and_then(|s| s.to_str()).and_then(|s| s.parse::<i64>().ok()) else { continue };
        if at < as_of_ms && last.as_ref().is_none_or(|(l, _)| *l < at) {
            last = Some((at, path));
        }
    }
    let before: Night = match last {
        Some((_, path)) => serde_json::from_slice(&std::fs::read(path)?).map_err(std::io::Error::other)?,
        None => Night::default(),
    };
    let mut tonight = Night::default();
    for finding in findings.iter_mut() {
        let old = before.findings.get(&finding.uid);
        let failed = finding.status == Status::Fail;
        finding.change = match old {
            None if failed => "new",
            None => "",
            Some(o) if failed && o.status == Status::Fail && o.reason == finding.reason => "open",
            Some(o) if failed && o.status == Status::Fail => "changed",
            Some(o) if failed && o.ever_failed => "reopened",
            Some(_) if failed => "new",
            Some(o) if o.status == Status::Fail && finding.status == Status::Pass => "fixed",
            Some(_) => "",
        };
        if let Some(o) = old.filter(|o| o.ever_failed) {
            finding.first_seen_ms = o.first_seen_ms;
        }
        tonight.findings.insert(
            finding.uid.clone(),
            Remembered {
                status: finding.status,
                reason: finding.reason.clone(),
                first_seen_ms: finding.first_seen_ms,
                ever_failed: failed || old.is_some_and(|o| o.ever_failed),
            },
        );
    }
    let bytes = serde_json::to_vec(&tonight).map_err(std::io::Error::other)?;
    std::fs::write(folder.join(format!("{as_of_ms}.json")), bytes)
}
