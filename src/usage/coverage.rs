//! What the events themselves tell of coverage: which days of which account and region the logs hold, and of
//! which class.
//!
//! "Not seen" means "not used" only where the logs could have shown it. A class of management events counts as
//! logged in an account when days of the window without any event are rare, and when the class itself appears near
//! both ends of the window (a trail that logs writes only never shows a read). A region counts as logged when its
//! management events appear near both ends; a region without events may be idle or may not be logged, and only
//! the trails' settings tell which (`reduce::declared`). Source: reference-data.md section 4.

use std::collections::{BTreeMap, BTreeSet};

use super::engine::{Table, UsageError, Window};
use crate::aws::Text;

const DAY_MS: i64 = 86_400_000;

/// A class of events that a trail logs or leaves out as one.
#[derive(Clone, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub enum Class {
    /// Management events that read.
    ManagementRead,
    /// Management events that write.
    ManagementWrite,
    /// Data events of a service, by the prefix of its actions.
    Data(String),
}

impl Class {
    /// The word in tables.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Class::ManagementRead => "management-read".to_owned(),
            Class::ManagementWrite => "management-write".to_owned(),
            Class::Data(service) => format!("data:{service}"),
        }
    }
}

/// How far the logs cover a class on one day.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub enum DayState {
    /// A call would have been seen.
    Complete,
    /// Some calls would have been seen.
    Partial,
    /// Nothing shows that any call would have been seen.
    Missing,
}

impl DayState {
    /// The word in tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            DayState::Complete => "complete",
            DayState::Partial => "partial",
            DayState::Missing => "missing",
        }
    }
}

/// One row of table `coverage`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CoverageRow {
    /// Account id.
    pub account: Text,
    /// Region; `*` is every region without events of the account.
    pub region: Text,
    /// Class of events, in its word.
    pub class: Text,
    /// How far each day of the window is covered, in their order.
    pub states: Vec<DayState>,
}

/// The events of one day.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct CoverageDay {
    /// Management events that read.
    pub management_reads: i64,
    /// Management events that write.
    pub management_writes: i64,
    /// Data events.
    pub data_events: i64,
}

impl CoverageDay {
    /// Management events of both kinds.
    #[must_use]
    pub fn management(&self) -> i64 {
        self.management_reads.saturating_add(self.management_writes)
    }

    fn add(&mut self, other: CoverageDay) {
        self.management_reads = self.management_reads.saturating_add(other.management_reads);
        self.management_writes = self.management_writes.saturating_add(other.management_writes);
        self.data_events = self.data_events.saturating_add(other.data_events);
    }
}

/// One region of one account.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RegionCoverage {
    /// Days of the window with at least one event, `YYYY-MM-DD`.
    pub days: BTreeMap<String, CoverageDay>,
    /// Whether management events of the region appear near both ends of the window. Of which class the account's events
    /// tell: where no trail is exported, a trail is taken to log all its regions alike.
    pub spans: bool,
    /// Whether its writing management events do.
    pub writes_span: bool,
    /// By service prefix, the days with data events.
    pub data: BTreeMap<String, BTreeSet<String>>,
}

/// What the logs cover of one account.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AccountCoverage {
    /// Days of the window with at least one event, `YYYY-MM-DD`, over all regions.
    pub days: BTreeMap<String, CoverageDay>,
    /// Share of the window's days that have a management event, in thousandths.
    pub share_permille: i64,
    /// Whether reading management events appear near both ends of the window.
    pub reads_visible: bool,
    /// Whether writing management events appear near both ends of the window.
    pub writes_visible: bool,
    /// By region.
    pub regions: BTreeMap<String, RegionCoverage>,
    /// Services, by prefix, whose data events appear near both ends of the window in some region.
    pub data_spans: BTreeSet<String>,
    /// Organisations in whose folder of the trail bucket (`AWSLogs/o-…/<account>/`) the account's files lay.
    pub organisations: BTreeSet<String>,
}

/// A change of a trail that the logs show.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TrailChange {
    /// The trail, or a pattern where the log does not tell which.
    pub trail: String,
    /// When, epoch ms.
    pub at_ms: i64,
}

/// Coverage of all accounts over one window.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Coverage {
    /// By account id.
    pub accounts: BTreeMap<String, AccountCoverage>,
    /// Every day of the window, `YYYY-MM-DD`.
    pub window_days: Vec<String>,
    /// Trails that were made, changed, started or stopped in the window.
    pub trail_changes: Vec<TrailChange>,
}

impl Coverage {
    /// Whether an account's days are covered to at least this share, in thousandths.
    #[must_use]
    pub fn is_complete(&self, account: &str, min_permille: i64) -> bool {
        self.accounts.get(account).is_some_and(|a| a.share_permille >= min_permille)
    }

    /// Takes the organisations of the accounts from the names of the log files
    /// (CloudTrail user guide, "Finding your CloudTrail log files": `AWSLogs/o-…/<account>/…` for organisation trails).
    pub fn place_in_organisations<'f>(&mut self, files: impl IntoIterator<Item = &'f str>) {
        for file in files {
            let parts: Vec<&str> = file.split(['/', '\\']).collect();
            for pair in parts.windows(2) {
                if let [organisation, account] = pair
                    && organisation.starts_with("o-")
                    && let Some(known) = self.accounts.get_mut(*account)
                    && !known.organisations.contains(*organisation)
                {
                    known.organisations.insert((*organisation).to_owned());
                }
            }
        }
    }
}

/// The day of a moment (epoch ms), UTC, `YYYY-MM-DD`; `None` beyond the calendar.
#[must_use]
pub fn day_of(ms: i64) -> Option<String> {
    let instant = jiff::Timestamp::from_millisecond(ms).ok()?;
    Some(jiff::tz::Offset::UTC.to_datetime(instant).date().to_string())
}

/// The days that a window touches.
#[must_use]
pub fn days_of(window: Window) -> Vec<String> {
    let mut days = Vec::new();
    let mut at = window.start_ms.div_euclid(DAY_MS) * DAY_MS;
    while at < window.end_ms {
        match day_of(at) {
            Some(day) => days.push(day),
            None => break,
        }
        at += DAY_MS;
    }
    days
}

/// Whether some day of the first and some day of the last tenth (at least one day) of the window fulfils `has`.
pub fn near_both_ends(window_days: &[String], has: impl Fn(&str) -> bool) -> bool {
    let tenth = (window_days.len() / 10).max(1);
    let any = |part: &[String]| part.iter().any(|d| has(d));
    let last = window_days.len().saturating_sub(tenth);
    match (window_days.get(..tenth), window_days.get(last..)) {
        (Some(first), Some(last)) => any(first) && any(last),
        _ => false,
    }
}

/// The service prefix that an event source's data events are of; only where a service logs data events under
/// another name than its prefix does this differ from the first label (reference-data.md section 2).
fn service_of(source: &str) -> &str {
    match source.split('.').next().unwrap_or(source) {
        "monitoring" => "cloudwatch",
        "rdsdata" | "rdsdataapi" => "rds-data",
        label => label,
    }
}

/// Builds the coverage from the answers of `queries/coverage_days.sql`, `coverage_data.sql` and `trail_changes.sql`.
///
/// # Errors
/// [`UsageError::Answer`] when an answer has another shape.
pub fn from_answers(days: &Table, data: &Table, changes: &Table, window: Window) -> Result<Coverage, UsageError> {
    let window_days = days_of(window);
    let mut accounts: BTreeMap<String, AccountCoverage> = BTreeMap::new();
    let unknown = || "unknown".to_owned();
    for row in days.rows() {
        let account = accounts.entry(row.text("account")?.unwrap_or_else(unknown)).or_default();
        let region = account.regions.entry(row.text("region")?.unwrap_or_else(unknown)).or_default();
        let date = row.need_text("date")?;
        let day = CoverageDay {
            management_reads: row.need_int("management_reads")?,
            management_writes: row.need_int("management_writes")?,
            data_events: row.need_int("data_events")?,
        };
        region.days.entry(date.clone()).or_default().add(day);
        account.days.entry(date).or_default().add(day);
    }
    for row in data.rows() {
        let account = accounts.entry(row.text("account")?.unwrap_or_else(unknown)).or_default();
        let region = account.regions.entry(row.text("region")?.unwrap_or_else(unknown)).or_default();
        let source = row.text("event_source")?.unwrap_or_else(unknown);
        region.data.entry(service_of(&source).to_owned()).or_default().insert(row.need_text("date")?);
    }
    for account in accounts.values_mut() {
        measure(account, &window_days);
    }
    let mut trail_changes = Vec::new();
    for row in changes.rows() {
        trail_changes.push(TrailChange { trail: row.text("resource_arn")?.unwrap_or_else(|| "*".into()), at_ms: row.need_int("last_ms")? });
    }
    Ok(Coverage { accounts, window_days, trail_changes })
}

/// Fills what follows from an account's days.
fn measure(account: &mut AccountCoverage, window_days: &[String]) {
    let spans = |days: &BTreeMap<String, CoverageDay>, has: fn(&CoverageDay) -> i64| {
        near_both_ends(window_days, |d| days.get(d).is_some_and(|c| has(c) > 0))
    };
    let seen = window_days.iter().filter(|d| account.days.get(*d).is_some_and(|c| c.management() > 0)).count();
    account.share_permille = i64::try_from(seen * 1000 / window_days.len().max(1)).unwrap_or(0);
    account.reads_visible = spans(&account.days, |d| d.management_reads);
    account.writes_visible = spans(&account.days, |d| d.management_writes);
    let mut data: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for region in account.regions.values_mut() {
        region.spans = spans(&region.days, CoverageDay::management);
        region.writes_span = spans(&region.days, |d| d.management_writes);
        for (service, days) in &region.data {
            data.entry(service.clone()).or_default().extend(days.iter().cloned());
        }
    }
    account.data_spans =
        data.into_iter().filter(|(_, days)| near_both_ends(window_days, |d| days.contains(d))).map(|(service, _)| service).collect();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_must_show_at_both_ends() {
        let days: Vec<String> = (1..=20).map(|d| format!("2026-10-{d:02}")).collect();
        let mut account = AccountCoverage::default();
        account.days.insert("2026-10-20".to_owned(), CoverageDay { management_reads: 1, ..CoverageDay::default() });
        measure(&mut account, &days);
        assert!(!account.reads_visible);
        account.days.insert("2026-10-02".to_owned(), CoverageDay { management_reads: 1, ..CoverageDay::default() });
        measure(&mut account, &days);
        assert!(account.reads_visible && !account.writes_visible);
        assert_eq!(account.share_permille, 100);
    }

    #[test]
    fn a_window_of_whole_days_has_that_many_days() {
        let window = Window { start_ms: 0, end_ms: 3 * DAY_MS };
        assert_eq!(days_of(window), ["1970-01-01", "1970-01-02", "1970-01-03"]);
        assert_eq!(window.days(), 3);
    }

    #[test]
    fn file_names_tell_the_organisation() {
        let mut coverage = Coverage::default();
        coverage.accounts.insert("111122223333".to_owned(), AccountCoverage::default());
        coverage.place_in_organisations(["AWSLogs/o-exampleorg/111122223333/CloudTrail/x.json.gz", "AWSLogs/444455556666/x.json.gz"]);
        assert!(coverage.accounts["111122223333"].organisations.contains("o-exampleorg"));
    }
}
