//! The store's part files day by day: a query that groups the calls of many days holds most of them while it does, and a year of them is
//! more than a machine has. What is asked of some days after others holds those days and the answer.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::coverage;
use super::engine::Window;

/// Bytes of part files of actions that are asked about at a time; a day with more is asked about by itself.
pub(super) const BYTES_AT_ONCE: u64 = 16 << 20;

/// The part files of some days that follow one another.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Days {
    /// Of events.
    pub events: Vec<PathBuf>,
    /// Of actions.
    pub actions: Vec<PathBuf>,
    bytes: u64,
}

/// The day of a part file's folder, `date=2026-01-31`; empty where it has none.
fn day_of(path: &Path) -> &str {
    let folder = path.parent().and_then(Path::file_name).and_then(|name| name.to_str());
    folder.and_then(|name| name.strip_prefix("date=")).unwrap_or_default()
}

/// The part files that may have events of a window, days in order, together up to so many bytes of actions.
pub(super) fn apart(events: &[PathBuf], actions: &[PathBuf], window: Window, at_once: u64) -> Vec<Days> {
    let mut by_day: BTreeMap<&str, Days> = BTreeMap::new();
    for path in events {
        by_day.entry(day_of(path)).or_default().events.push(path.clone());
    }
    for path in actions {
        let day = by_day.entry(day_of(path)).or_default();
        day.bytes += std::fs::metadata(path).map_or(0, |m| m.len());
        day.actions.push(path.clone());
    }
    let (first, last) = (coverage::day_of(window.start_ms), coverage::day_of(window.end_ms.saturating_sub(1)));
    let is_outside = |day: &str| first.as_deref().is_some_and(|first| day < first) || last.as_deref().is_some_and(|last| day > last);
    let is_day = |name: &str| name.parse::<jiff::civil::Date>().is_ok();
    let mut out: Vec<Days> = Vec::new();
    for (_, day) in by_day.into_iter().filter(|(name, _)| !(is_day(name) && is_outside(name))) {
        match out.last_mut().filter(|last| last.bytes + day.bytes <= at_once) {
            Some(last) => {
                last.events.extend(day.events);
                last.actions.extend(day.actions);
                last.bytes += day.bytes;
            }
            None => out.push(day),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400_000;

    fn put(folder: &Path, table: &str, day: &str, bytes: u64) -> PathBuf {
        let path = folder.join(format!("{table}/{day}/part-1.parquet"));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::File::create(&path).unwrap().set_len(bytes).unwrap();
        path
    }

    #[test]
    fn small_days_are_together_and_days_outside_are_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let days = ["date=1970-01-01", "date=1970-01-02", "date=1970-01-03", "date=1970-01-04", "date=unknown"];
        let sizes = [1, BYTES_AT_ONCE - 1, 1, 2 * BYTES_AT_ONCE, 5];
        let actions: Vec<PathBuf> = days.iter().zip(sizes).map(|(day, bytes)| put(folder.path(), "event_actions", day, bytes)).collect();
        let events: Vec<PathBuf> = days.iter().map(|day| put(folder.path(), "events", day, 1)).collect();
        let asked = |start_ms: i64, end_ms: i64| -> Vec<usize> {
            let apart = apart(&events, &actions, Window { start_ms, end_ms }, BYTES_AT_ONCE);
            assert!(apart.iter().all(|days| days.events.len() == days.actions.len()));
            apart.iter().map(|days| days.actions.len()).collect()
        };
        assert_eq!(asked(i64::MIN, i64::MAX), [2, 1, 1, 1], "what has no day is always asked about");
        assert_eq!(asked(0, 4 * DAY), [2, 1, 1, 1]);
        assert_eq!(asked(DAY, 2 * DAY), [1, 1]);
        assert_eq!(asked(DAY - 1, DAY + 1), [2, 1]);
        assert_eq!(asked(9 * DAY, 10 * DAY), [1]);
        assert_eq!(apart(&[], &[], Window { start_ms: 0, end_ms: 1 }, BYTES_AT_ONCE), []);
    }
}
