//! How long the store keeps events: whole days that are older than was asked for go, in all tables at once.
//!
//! The first day that is kept stands in a file of the ledger. That file appears by one rename, and from then on no reader sees an older
//! day; part files of older days are removed afterwards, now or, if the run is killed here, by the next. What of older days comes later
//! is counted as too old and not taken again. The day never moves back: what is gone is gone.

use std::path::Path;

use super::ledger::state_error;
use super::times::{date_of, parse_ms};
use super::{IngestError, Ledger, store};
use crate::event::{ActionRow, ChangeRow, EventRow, Row};

const DAY_MS: i64 = 86_400_000;

/// The tables that have a folder for each day.
const TABLES: [&str; 3] = [EventRow::<String>::TABLE, ActionRow::<String>::TABLE, ChangeRow::<String>::TABLE];

/// What one run dropped.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dropped {
    /// The first day that is kept, `YYYY-MM-DD`; `None` if all are.
    pub since: Option<String>,
    /// Days that were dropped now.
    pub days: usize,
}

/// Drops the days that end more than so many days before a time. A clock that is ahead must not empty the store: days are counted back
/// from the newest day that has events where that is before the time given.
///
/// # Errors
/// [`IngestError::State`] when the ledger cannot be written or a file cannot be removed.
pub fn keep(state: &Path, ledger: &mut Ledger, keep_days: Option<i64>, now_ms: i64) -> Result<Dropped, IngestError> {
    let parts = ledger.parts(EventRow::<String>::TABLE);
    let newest = parts.iter().filter_map(|part| parse_ms(&format!("{}T00:00:00Z", store::day_of(part)))).max();
    let first = newest.zip(keep_days).and_then(|(newest, days)| date_of(now_ms.min(newest).saturating_sub(days.saturating_mul(DAY_MS))));
    let mut dropped = Dropped::default();
    if let Some(first) = first.filter(|first| ledger.since().is_none_or(|since| since < first.as_str())) {
        let mut days: Vec<&str> = parts.iter().map(|part| store::day_of(part)).filter(|day| *day < first.as_str()).collect();
        days.dedup();
        dropped.days = days.len();
        if dropped.days > 0 {
            ledger.keep_since(state, first)?;
        }
    }
    dropped.since = ledger.since().map(str::to_owned);
    if let Some(since) = &dropped.since {
        remove(state, since)?;
    }
    Ok(dropped)
}

/// Removes the folders of days before the first that is kept.
fn remove(state: &Path, since: &str) -> Result<(), IngestError> {
    for table in TABLES {
        let root = state.join(table);
        if !root.exists() {
            continue;
        }
        for entry in std::fs::read_dir(&root).map_err(|e| state_error(&root, e))? {
            let path = entry.map_err(|e| state_error(&root, e))?.path();
            let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            if name.strip_prefix("date=").is_some_and(|day| day < since) {
                std::fs::remove_dir_all(&path).map_err(|e| state_error(&path, e))?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::ingest::{IngestSummary, Limits, ingest, source};
    use crate::progress::Progress;
    use crate::reference::Reference;
    use crate::reference::mapping::Mapper;

    fn ms(text: &str) -> i64 {
        parse_ms(text).unwrap()
    }

    /// A file with one event of each day.
    fn file(logs: &Path, name: &str, days: &[&str]) {
        let record = |day: &&str| {
            format!(
                r#"{{"eventID": "e-{day}-{name}", "eventTime": "{day}T12:00:00Z", "eventSource": "iam.amazonaws.com", "eventName": "PutRolePolicy", "recipientAccountId": "111122223333",
                "userIdentity": {{"type": "IAMUser", "principalId": "AIDA1"}}, "requestParameters": {{"roleName": "r", "policyName": "p", "policyDocument": "{{}}"}}}}"#
            )
        };
        let records: Vec<String> = days.iter().map(record).collect();
        std::fs::create_dir_all(logs).unwrap();
        std::fs::write(logs.join(name), format!("{{\"Records\": [{}]}}", records.join(","))).unwrap();
    }

    fn take_in(logs: &Path, state: &Path) -> IngestSummary {
        let reference = Reference::bundled().unwrap();
        let listing = source::list(&[logs.to_path_buf()], &source::Keep::default()).unwrap();
        ingest(listing, None, state, &Mapper::new(reference).unwrap(), reference, Limits::default(), &Progress::new(true)).unwrap()
    }

    /// Days by table that lie in the state folder, and days that readers see.
    fn days(state: &Path) -> (BTreeSet<(String, String)>, BTreeSet<(String, String)>) {
        let ledger = Ledger::open(state).unwrap();
        let mut lying = BTreeSet::new();
        let mut seen = BTreeSet::new();
        for table in TABLES {
            for entry in std::fs::read_dir(state.join(table)).unwrap() {
                lying.insert((table.to_owned(), entry.unwrap().file_name().to_string_lossy().replace("date=", "")));
            }
            seen.extend(ledger.parts(table).iter().map(|part| (table.to_owned(), store::day_of(part).to_owned())));
        }
        (lying, seen)
    }

    fn all_of(days: &[&str]) -> BTreeSet<(String, String)> {
        TABLES.iter().flat_map(|t| days.iter().map(move |d| ((*t).to_owned(), (*d).to_owned()))).collect()
    }

    const FOUR: [&str; 4] = ["2026-10-01", "2026-10-02", "2026-10-03", "2026-10-04"];

    #[test]
    fn whole_days_go_from_all_tables_and_do_not_come_back() {
        let dir = tempfile::tempdir().unwrap();
        let (logs, state) = (dir.path().join("logs"), dir.path().join("state"));
        file(&logs, "a.json", &FOUR);
        assert_eq!(take_in(&logs, &state).totals.kept, 4);
        let mut ledger = Ledger::open(&state).unwrap();
        // Two days before noon of the 4th is noon of the 2nd: that day stays.
        let dropped = keep(&state, &mut ledger, Some(2), ms("2026-10-04T12:00:00Z")).unwrap();
        assert_eq!(dropped, Dropped { since: Some("2026-10-02".to_owned()), days: 1 });
        let left = all_of(&FOUR[1..]);
        assert_eq!(days(&state), (left.clone(), left.clone()));
        // Files that are known stay known; late ones give their young events only, and are not read again either.
        assert_eq!(take_in(&logs, &state).skipped, 1);
        file(&logs, "late.json", &["2026-10-01", "2026-09-30", "2026-10-03"]);
        let late = take_in(&logs, &state);
        assert_eq!((late.totals.records_read, late.totals.kept, late.totals.too_old, late.totals.rejected), (3, 1, 2, 0));
        assert!(late.sentence().contains(" + too old 2 "), "{}", late.sentence());
        assert_eq!(take_in(&logs, &state).skipped, 2);
        assert_eq!(days(&state), (left.clone(), left));
        let totals = Ledger::open(&state).unwrap().totals();
        assert_eq!((totals.records_read, totals.kept, totals.too_old), (7, 5, 2));
        totals.check().unwrap();
    }

    #[test]
    fn the_slow_way_counts_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let (logs, state) = (dir.path().join("logs"), dir.path().join("state"));
        file(&logs, "a.json", &FOUR);
        take_in(&logs, &state);
        keep(&state, &mut Ledger::open(&state).unwrap(), Some(2), ms("2026-10-04T12:00:00Z")).unwrap();
        // A record that is none sends the whole file the slow way, after the first was counted.
        file(&logs, "late.json", &["2026-10-01", "2026-10-03"]);
        let text = std::fs::read_to_string(logs.join("late.json")).unwrap();
        std::fs::write(logs.join("late.json"), text.replace("}]}", "},{\"eventID\": 7}]}")).unwrap();
        let late = take_in(&logs, &state);
        assert_eq!((late.totals.records_read, late.totals.kept, late.totals.too_old, late.totals.rejected), (3, 1, 1, 1));
    }

    #[test]
    fn a_clock_that_is_ahead_does_not_empty_the_store() {
        let dir = tempfile::tempdir().unwrap();
        let (logs, state) = (dir.path().join("logs"), dir.path().join("state"));
        file(&logs, "a.json", &FOUR);
        take_in(&logs, &state);
        let mut ledger = Ledger::open(&state).unwrap();
        assert_eq!(keep(&state, &mut ledger, Some(2), ms("2126-10-04T12:00:00Z")).unwrap().since.as_deref(), Some("2026-10-02"));
        // Nor does an event that says it is of the far future.
        file(&logs, "forged.json", &["2199-01-01"]);
        take_in(&logs, &state);
        let mut ledger = Ledger::open(&state).unwrap();
        assert_eq!(keep(&state, &mut ledger, Some(2), ms("2026-10-05T12:00:00Z")).unwrap(), Dropped { since: Some("2026-10-03".to_owned()), days: 1 });
        assert_eq!(days(&state).1, all_of(&["2026-10-03", "2026-10-04", "2199-01-01"]));
    }

    #[test]
    fn the_first_day_never_moves_back_and_a_killed_run_is_finished() {
        let dir = tempfile::tempdir().unwrap();
        let (logs, state) = (dir.path().join("logs"), dir.path().join("state"));
        file(&logs, "a.json", &FOUR);
        take_in(&logs, &state);
        let now = ms("2026-10-04T12:00:00Z");
        // Killed between the rename and the removal: readers see nothing old, the folders still lie there.
        Ledger::open(&state).unwrap().keep_since(&state, "2026-10-03".to_owned()).unwrap();
        assert_eq!(days(&state), (all_of(&FOUR), all_of(&FOUR[2..])));
        let mut ledger = Ledger::open(&state).unwrap();
        let dropped = keep(&state, &mut ledger, Some(3), now).unwrap();
        assert_eq!(dropped, Dropped { since: Some("2026-10-03".to_owned()), days: 0 });
        assert_eq!(days(&state), (all_of(&FOUR[2..]), all_of(&FOUR[2..])));
        // Without the wish, what is gone is still gone, and nothing more goes.
        assert_eq!(keep(&state, &mut Ledger::open(&state).unwrap(), None, now).unwrap().since.as_deref(), Some("2026-10-03"));
        assert_eq!(days(&state).0, all_of(&FOUR[2..]));
    }

    #[test]
    fn nothing_old_nothing_written() {
        let dir = tempfile::tempdir().unwrap();
        let (logs, state) = (dir.path().join("logs"), dir.path().join("state"));
        file(&logs, "a.json", &FOUR);
        take_in(&logs, &state);
        let mut ledger = Ledger::open(&state).unwrap();
        assert_eq!(keep(&state, &mut ledger, Some(400), ms("2026-10-04T12:00:00Z")).unwrap(), Dropped::default());
        assert!(!state.join("ledger/kept-since.json").exists());
        let empty = dir.path().join("empty");
        assert_eq!(keep(&empty, &mut Ledger::open(&empty).unwrap(), Some(1), i64::MAX).unwrap(), Dropped::default());
    }

    #[test]
    fn a_first_day_that_is_none_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        Ledger::open(dir.path()).unwrap();
        for text in ["{}", "{\"since\": \"zebra\"}", "{\"since\": \"\"}", "half"] {
            std::fs::write(dir.path().join("ledger/kept-since.json"), text).unwrap();
            assert!(matches!(Ledger::open(dir.path()), Err(IngestError::State { .. })), "{text}");
        }
    }
}
