//! Which days of which account the logs cover, and of which class.
//!
//! "Not seen" means "not used" only where the logs could have shown it. A class of events counts as covered in
//! an account when days of the window without any event are rare, and when the class itself appears near both
//! ends of the window (a trail that logs writes only never shows a read). Source: reference-data.md section 4.

use std::collections::BTreeMap;

use super::engine::{Table, UsageError, Window};

const DAY_MS: i64 = 86_400_000;

/// One account's events of one day.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CoverageDay {
    /// Management events that read.
    pub management_reads: i64,
    /// Management events that write.
    pub management_writes: i64,
    /// Data events.
    pub data_events: i64,
}

/// What the logs cover of one account.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AccountCoverage {
    /// Days of the window with at least one event, `YYYY-MM-DD`.
    pub days: BTreeMap<String, CoverageDay>,
    /// Share of the window's days that have an event, 0.0–1.0 in thousandths.
    pub share_permille: i64,
    /// Whether reading management events appear near both ends of the window.
    pub reads_visible: bool,
    /// Whether writing management events appear near both ends of the window.
    pub writes_visible: bool,
}

/// Coverage of all accounts over one window.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Coverage {
    /// By account id.
    pub accounts: BTreeMap<String, AccountCoverage>,
    /// Every day of the window, `YYYY-MM-DD`.
    pub window_days: Vec<String>,
}

impl Coverage {
    /// Whether an account's days are covered to at least this share, in thousandths.
    #[must_use]
    pub fn is_complete(&self, account: &str, min_permille: i64) -> bool {
        self.accounts.get(account).is_some_and(|a| a.share_permille >= min_permille)
    }
}

fn date_text(ms: i64) -> Option<String> {
    let instant = jiff::Timestamp::from_millisecond(ms).ok()?;
    Some(jiff::tz::Offset::UTC.to_datetime(instant).date().to_string())
}

/// The days that a window touches.
#[must_use]
pub fn days_of(window: Window) -> Vec<String> {
    let mut days = Vec::new();
    let mut at = window.start_ms.div_euclid(DAY_MS) * DAY_MS;
    while at < window.end_ms {
        match date_text(at) {
            Some(day) => days.push(day),
            None => break,
        }
        at += DAY_MS;
    }
    days
}

/// Whether days that fulfil `has` stand in the first and in the last tenth (at least one day) of the window.
fn near_both_ends(window_days: &[String], days: &BTreeMap<String, CoverageDay>, has: impl Fn(&CoverageDay) -> bool) -> bool {
    let tenth = (window_days.len() / 10).max(1);
    let any = |part: &[String]| part.iter().any(|d| days.get(d).is_some_and(&has));
    let last = window_days.len().saturating_sub(tenth);
    match (window_days.get(..tenth), window_days.get(last..)) {
        (Some(first), Some(last)) => any(first) && any(last),
        _ => false,
    }
}

/// Builds the coverage from the rows of `queries/coverage_days.sql`.
///
/// # Errors
/// [`UsageError::Answer`] when the answer has another shape.
pub fn from_days(table: &Table, window: Window) -> Result<Coverage, UsageError> {
    let window_days = days_of(window);
    let mut accounts: BTreeMap<String, AccountCoverage> = BTreeMap::new();
    for row in table.rows() {
        let account = row.text("account")?.unwrap_or_else(|| "unknown".into());
        let day = CoverageDay {
            management_reads: row.need_int("management_reads")?,
            management_writes: row.need_int("management_writes")?,
            data_events: row.need_int("data_events")?,
        };
        accounts.entry(account).or_default().days.insert(row.need_text("date")?, day);
    }
    for account in accounts.values_mut() {
        let seen = window_days
            .iter()
            .filter(|d| account.days.get(*d).is_some_and(|c| c.management_reads + c.management_writes > 0))
            .count();
        let of = window_days.len().max(1);
        account.share_permille = i64::try_from(seen * 1000 / of).unwrap_or(0);
        account.reads_visible = near_both_ends(&window_days, &account.days, |d| d.management_reads > 0);
        account.writes_visible = near_both_ends(&window_days, &account.days, |d| d.management_writes > 0);
    }
    Ok(Coverage { accounts, window_days })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_must_show_at_both_ends() {
        let days: Vec<String> = (1..=20).map(|d| format!("2026-10-{d:02}")).collect();
        let mut seen = BTreeMap::new();
        seen.insert("2026-10-20".to_owned(), CoverageDay { management_reads: 1, ..CoverageDay::default() });
        assert!(!near_both_ends(&days, &seen, |d| d.management_reads > 0));
        seen.insert("2026-10-02".to_owned(), CoverageDay { management_reads: 1, ..CoverageDay::default() });
        assert!(near_both_ends(&days, &seen, |d| d.management_reads > 0));
    }

    #[test]
    fn a_window_of_whole_days_has_that_many_days() {
        let window = Window { start_ms: 0, end_ms: 3 * DAY_MS };
        assert_eq!(days_of(window), ["1970-01-01", "1970-01-02", "1970-01-03"]);
        assert_eq!(window.days(), 3);
    }
}
