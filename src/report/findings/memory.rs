//! What findings were on earlier nights: `state/findings/<as-of time, epoch ms>.json`, one file a night.
//!
//! Tonight is compared with the last earlier night, whatever came later, so that running a night again changes no byte and
//! nights may be missed or come out of order. "Fixed" is said only where the input is at hand that would show the finding:
//! a finding that is not told of tonight because its export is not there stays open and is "not evaluated".

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::baseline::Baseline;
use super::files::{DAY_MS, named, nights, put};
use super::{Finding, Status, rank};
use crate::usage::coverage::day_of;

/// How many nights are kept to compare with: more than any run is repeated over.
const NIGHTS_KEPT: usize = 100;

/// How long a finding is remembered after it last failed, in days.
const DAYS_REMEMBERED: i64 = 800;

/// Version of the files.
const SCHEMA: u32 = 2;

/// One night.
#[derive(Serialize, Deserialize, Default)]
pub struct Night {
    #[serde(default)]
    schema: u32,
    /// What ever failed, by uid.
    pub findings: BTreeMap<String, Remembered>,
}

/// What is remembered of a finding that ever failed. Files of the first version have the first four fields, and also have
/// findings that never failed.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
pub struct Remembered {
    /// Its status on this night.
    pub status: Status,
    /// Why it failed when it last did.
    pub reason: String,
    /// The first night on which it failed.
    pub first_seen_ms: i64,
    /// Whether it ever failed.
    pub ever_failed: bool,
    /// Failing, accepted or not, when it was last evaluated.
    #[serde(default)]
    pub is_open: Option<bool>,
    /// The last night on which it failed.
    #[serde(default)]
    pub last_seen_ms: Option<i64>,
    /// How severe it was when it last failed.
    #[serde(default)]
    pub severity: Option<String>,
    /// The report's id.
    #[serde(default)]
    pub report: Option<String>,
    /// Account id.
    #[serde(default)]
    pub account: String,
    /// What it is about.
    #[serde(default)]
    pub resource: String,
    /// The report's inputs that were at hand when it last failed.
    #[serde(default)]
    pub inputs: BTreeSet<String>,
}

impl Remembered {
    /// Whether it was failing when it was last evaluated.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.is_open.unwrap_or(self.status.is_failing())
    }
}

/// Why a finding that failed is not told of tonight.
pub enum Gone {
    /// The input that would show it is at hand: it is not so any more.
    Fixed,
    /// That input is not there; in words.
    NotEvaluated(String),
    /// Its report is no longer in the catalogue.
    Retired,
}

/// What tonight's inputs tell.
pub trait Inputs {
    /// The inputs of a report that are at hand for an account, by their names in the catalogue.
    fn at_hand(&self, report: &str, account: &str) -> BTreeSet<String>;

    /// Why a finding is not told of; `decided` says whether its report decided anything in its account tonight.
    fn gone(&self, past: &Remembered, decided: bool) -> Gone;
}

fn read(path: &Path) -> std::io::Result<Night> {
    let mut night: Night = serde_json::from_slice(&std::fs::read(path)?).map_err(named(path))?;
    if night.schema > SCHEMA {
        return Err(std::io::Error::other(format!("`{}` was written by a newer version (schema {})", path.display(), night.schema)));
    }
    night.findings.retain(|_, r| r.ever_failed);
    Ok(night)
}

/// The last night before a time.
///
/// # Errors
/// Those of the file system, and of a file that is no night.
pub fn last_before(state: &Path, as_of_ms: i64) -> std::io::Result<Option<(i64, Night)>> {
    let found = nights(&state.join("findings"), "json")?;
    found.range(..as_of_ms).next_back().map(|(at, path)| Ok((*at, read(path)?))).transpose()
}

/// What the last night says of a finding of tonight.
fn judge(finding: &mut Finding, old: Option<&Remembered>, as_of_ms: i64) {
    let is_same = |o: &Remembered| o.reason == finding.reason && o.severity.as_ref().is_none_or(|s| *s == finding.severity);
    let was_open = old.is_some_and(Remembered::is_open);
    finding.change = match (finding.status, old) {
        (Status::Suppressed, _) => "suppressed",
        (Status::Fail, None) => "new",
        (Status::Fail, Some(o)) if !was_open || o.status == Status::Suppressed => "reopened",
        (Status::Fail, Some(o)) => if is_same(o) { "open" } else { "changed" },
        (Status::Unknown, _) if was_open => "not evaluated",
        (Status::Pass | Status::NotApplicable, _) if was_open => "fixed",
        _ => "",
    };
    finding.status_before = old.map(|o| o.status);
    let failing = finding.status.is_failing();
    finding.first_seen_ms = old.map(|o| o.first_seen_ms).or(failing.then_some(as_of_ms));
    finding.last_seen_ms = if failing { Some(as_of_ms) } else { old.and_then(|o| o.last_seen_ms) };
}

/// Marks what is new or worse than a baseline or, without one, than the last night.
fn weigh(finding: &mut Finding, old: Option<&Remembered>, baseline: Option<&Baseline>) {
    let before = match baseline {
        Some(baseline) => baseline.findings.get(&finding.uid).map(String::as_str),
        None => old.filter(|o| o.is_open() && o.status != Status::Suppressed).map(|o| o.severity.as_deref().unwrap_or(&finding.severity)),
    };
    let is_failing = finding.status == Status::Fail;
    finding.is_new = is_failing && before.is_none();
    finding.is_worse = is_failing && before.is_none_or(|severity| rank(&finding.severity) < rank(severity));
}

fn remembered(finding: &Finding, old: Option<&Remembered>, inputs: &dyn Inputs) -> Option<Remembered> {
    let failing = finding.status.is_failing();
    let last = old.filter(|_| !failing);
    Some(Remembered {
        status: finding.status,
        reason: last.map_or_else(|| finding.reason.clone(), |o| o.reason.clone()),
        first_seen_ms: finding.first_seen_ms?,
        ever_failed: true,
        is_open: Some(failing || finding.change == "not evaluated"),
        last_seen_ms: finding.last_seen_ms,
        severity: last.map_or_else(|| Some(finding.severity.clone()), |o| o.severity.clone()),
        report: Some(finding.report.clone()),
        account: finding.account.clone(),
        resource: finding.resource.clone(),
        inputs: last.map_or_else(|| inputs.at_hand(&finding.report, &finding.account), |o| o.inputs.clone()),
    })
}

/// A finding of the last night that no report tells of tonight; `None` where nothing is to be said of it.
fn gone(uid: &str, past: &Remembered, decided: &BTreeSet<(String, String)>, inputs: &dyn Inputs) -> Option<Finding> {
    let report = past.report.clone().filter(|_| past.is_open())?;
    let key = (report.clone(), past.account.clone());
    let (status, change, reason) = match inputs.gone(past, decided.contains(&key)) {
        Gone::Fixed => (Status::NotApplicable, "fixed", "no longer so: the exports and logs of tonight have nothing of it".to_owned()),
        Gone::NotEvaluated(why) => {
            let day = past.last_seen_ms.and_then(day_of).unwrap_or_default();
            (Status::Unknown, "not evaluated", format!("failed on {day}, not evaluated since: {why}"))
        }
        Gone::Retired => return None,
    };
    Some(Finding {
        uid: uid.to_owned(),
        report,
        status,
        severity: past.severity.clone().unwrap_or_default(),
        account: past.account.clone(),
        resource: past.resource.clone(),
        reason,
        first_seen_ms: Some(past.first_seen_ms),
        last_seen_ms: past.last_seen_ms,
        change,
        status_before: Some(past.status),
        ..Finding::default()
    })
}

/// Compares with the last earlier night, adds what is no longer told of, and remembers this night.
///
/// # Errors
/// Those of the file system, and of a file that is no night.
pub fn compare(state: &Path, as_of_ms: i64, findings: &mut Vec<Finding>, inputs: &dyn Inputs) -> std::io::Result<()> {
    let folder = state.join("findings");
    let before = last_before(state, as_of_ms)?.map(|(_, night)| night).unwrap_or_default();
    let baseline = Baseline::load(state)?;
    let mut tonight = Night { schema: SCHEMA, ..Night::default() };
    let is_decided = |f: &&Finding| f.status != Status::Unknown;
    let decided: BTreeSet<(String, String)> = findings.iter().filter(is_decided).map(|f| (f.report.clone(), f.account.clone())).collect();
    for finding in findings.iter_mut() {
        let old = before.findings.get(&finding.uid);
        judge(finding, old, as_of_ms);
        weigh(finding, old, baseline.as_ref());
        if let Some(entry) = remembered(finding, old, inputs) {
            tonight.findings.insert(finding.uid.clone(), entry);
        }
    }
    let told: BTreeSet<String> = findings.iter().map(|f| f.uid.clone()).collect();
    for (uid, old) in before.findings.iter().filter(|(uid, _)| !told.contains(*uid)) {
        if old.last_seen_ms.is_some_and(|at| as_of_ms - at > DAYS_REMEMBERED * DAY_MS) {
            continue;
        }
        let finding = gone(uid, old, &decided, inputs);
        let entry = finding.as_ref().and_then(|f| remembered(f, Some(old), inputs)).unwrap_or_else(|| old.clone());
        tonight.findings.insert(uid.clone(), entry);
        findings.extend(finding);
    }
    put(&folder.join(format!("{as_of_ms}.json")), &serde_json::to_vec(&tonight)?)?;
    let found = nights(&folder, "json")?;
    for (at, path) in found.iter().rev().skip(NIGHTS_KEPT) {
        if *at != as_of_ms {
            std::fs::remove_file(path)?;
        }
    }
    Ok(())
}
