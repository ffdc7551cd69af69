//! How many findings of each status there were, night by night: `state/findings/trend/<as-of time, epoch ms>.json`, one small
//! file a night, so that nothing is ever rewritten. Kept for 800 days.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::files::{DAY_MS, named, nights, put};
use super::{Finding, Status};
use crate::usage::coverage::day_of;

/// How long nights are kept, in days.
const DAYS_KEPT: i64 = 800;

/// One report's findings of one severity in one account on one night.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
pub struct TrendRow {
    /// The night, epoch ms; the file's name has it.
    #[serde(skip)]
    pub as_of_ms: i64,
    /// The report's id.
    pub rule: String,
    /// Account id.
    pub account: String,
    /// Severity.
    pub severity: String,
    /// How many of each status, `FAIL` and so on.
    pub counts: BTreeMap<Status, u64>,
}

impl TrendRow {
    /// How many of a status.
    #[must_use]
    pub fn count(&self, status: Status) -> u64 {
        self.counts.get(&status).copied().unwrap_or_default()
    }

    /// The names of the columns of `tables/trend.csv`.
    #[must_use]
    pub fn header() -> Vec<String> {
        ["night", "as_of_ms", "rule", "account", "severity", "fail", "unknown", "pass", "not_applicable", "suppressed"].map(str::to_owned).to_vec()
    }

    /// The row of `tables/trend.csv`.
    #[must_use]
    pub fn cells(&self) -> Vec<String> {
        let mut cells = vec![day_of(self.as_of_ms).unwrap_or_default(), self.as_of_ms.to_string(), self.rule.clone(), self.account.clone(), self.severity.clone()];
        cells.extend(Status::ALL.map(|s| self.count(s).to_string()));
        cells
    }
}

/// Notes tonight's counts, and gives those of all nights up to tonight, in order.
///
/// # Errors
/// Those of the file system, and of a file that is no night.
pub fn note(state: &Path, as_of_ms: i64, findings: &[Finding]) -> std::io::Result<Vec<TrendRow>> {
    let mut groups: BTreeMap<(&str, &str, &str), BTreeMap<Status, u64>> = BTreeMap::new();
    for f in findings {
        *groups.entry((&f.report, &f.account, &f.severity)).or_default().entry(f.status).or_default() += 1;
    }
    let row = |((rule, account, severity), counts): ((&str, &str, &str), BTreeMap<Status, u64>)| TrendRow {
        as_of_ms,
        rule: rule.to_owned(),
        account: account.to_owned(),
        severity: severity.to_owned(),
        counts,
    };
    let tonight: Vec<TrendRow> = groups.into_iter().map(row).collect();
    let folder = state.join("findings").join("trend");
    put(&folder.join(format!("{as_of_ms}.json")), &serde_json::to_vec(&tonight)?)?;
    let mut all = Vec::new();
    for (at, path) in nights(&folder, "json")?.range(..=as_of_ms) {
        if as_of_ms - at > DAYS_KEPT * DAY_MS {
            std::fs::remove_file(path)?;
            continue;
        }
        let rows: Vec<TrendRow> = serde_json::from_slice(&std::fs::read(path)?).map_err(named(path))?;
        all.extend(rows.into_iter().map(|r| TrendRow { as_of_ms: *at, ..r }));
    }
    Ok(all)
}
