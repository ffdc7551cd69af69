//! Use that is asked of some days after others is the use of all days; a copy of a call does not count, whichever day it is of.

use std::fs::File;
use std::path::{Path, PathBuf};

use polars::prelude::{Column, DataFrame, NamedFrom, ParquetWriter, Series};

use super::engine::{Engine, Window};
use super::{UsageRow, usage_row, usage_rows_of};
use crate::aws::Texts;
use crate::event::{ActionRow, Cell, EventRow, Row};

const DAY_MS: i64 = 86_400_000;

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn row(number: usize, key: Option<&str>, account: Option<&str>, side: Option<&str>, call_key: Option<&str>) -> ActionRow {
    ActionRow {
        event_time_ms: Some(i64::try_from(number).unwrap() * DAY_MS / 4),
        event_id: text(&format!("event-{number}")),
        date: super::coverage::day_of(i64::try_from(number).unwrap() * DAY_MS / 4),
        principal_key: key.map(str::to_owned),
        principal_account: account.map(str::to_owned),
        action: text(if number.is_multiple_of(3) { "s3:GetObject" } else { "sqs:SendMessage" }),
        resource_arn: text("*"),
        outcome: text(["allowed", "denied", "error"][number % 3]),
        side: side.map(str::to_owned),
        call_key: call_key.map(str::to_owned),
        ..ActionRow::default()
    }
}

fn frame<R: Row>(rows: &[R]) -> DataFrame {
    let column = |at: usize| -> Column {
        let (mut texts, mut numbers, mut words) = (Vec::new(), Vec::new(), Vec::new());
        for row in rows {
            row.cells(|place, cell| match cell {
                _ if place != at => {}
                Cell::Text(text) => texts.push(text.map(str::to_owned)),
                Cell::BigInt(number) => numbers.push(number),
                Cell::Boolean(word) => words.push(word),
            });
        }
        let name = R::COLUMNS[at].name.into();
        match (texts.is_empty(), numbers.is_empty()) {
            (false, _) => Series::new(name, texts).into(),
            (_, false) => Series::new(name, numbers).into(),
            _ => Series::new(name, words).into(),
        }
    };
    DataFrame::new(rows.len(), (0..R::COLUMNS.len()).map(column).collect()).unwrap()
}

/// Puts the rows of each day where the store has them.
fn put<R: Row>(state: &Path, rows: Vec<(String, R)>) -> Vec<PathBuf> {
    let mut days: std::collections::BTreeMap<String, Vec<R>> = std::collections::BTreeMap::new();
    for (day, row) in rows {
        days.entry(day).or_default().push(row);
    }
    let file = |(day, rows): (String, Vec<R>)| {
        let path = state.join(format!("{}/date={day}/part-1.parquet", R::TABLE));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        ParquetWriter::new(File::create(&path).unwrap()).finish(&mut frame(&rows)).unwrap();
        path
    };
    days.into_iter().map(file).collect()
}

fn rows() -> Vec<ActionRow> {
    let (caller, owner) = (Some("caller"), Some("owner"));
    let mut rows: Vec<ActionRow> = (0..40).map(|n| row(n, Some(["AIDAB", "AROAC", "AROAD", "1"][n % 4]), Some(["1", "2"][n % 2]), caller, Some(&format!("k{n}")))).collect();
    rows.extend([
        // The owner's copy names another caller, is of another day, and does not count; nor does one of the same caller.
        row(40, Some("AROAZ"), None, owner, Some("k1")),
        row(41, Some("1"), Some("1"), owner, Some("k3")),
        // Nobody else tells of these.
        row(42, Some("AROAZ"), None, owner, Some("k-other")),
        row(43, Some("AROAZ"), None, owner, None),
        row(44, Some("AROAY"), Some("1"), None, Some("k-none")),
        row(45, None, Some("1"), caller, Some("k-nobody")),
        row(46, Some("AROAY"), None, caller, None),
    ]);
    rows
}

fn whole(engine: &mut Engine) -> Vec<UsageRow> {
    let mut texts = Texts::default();
    engine.run("usage", include_str!("../../queries/usage.sql")).unwrap().rows().map(|row| usage_row(row, &mut texts).unwrap()).collect()
}

#[test]
fn days_add_up_to_the_whole() {
    let state = tempfile::tempdir().unwrap();
    let actions = put(state.path(), rows().into_iter().map(|row| (row.date.clone().unwrap(), row)).collect());
    assert_eq!(actions.len(), 12);
    for window in [Window { start_ms: 0, end_ms: 20 * DAY_MS }, Window { start_ms: 2 * DAY_MS + 7, end_ms: 9 * DAY_MS - 1 }, Window { start_ms: i64::MIN, end_ms: 3 * DAY_MS }] {
        let mut engine = Engine::open(&[], &actions, window).unwrap();
        let all = whole(&mut engine);
        assert!(all.len() > 4);
        for at_once in [0, 3_000, 1 << 20] {
            assert_eq!(usage_rows_of(at_once, &mut engine, &mut Texts::default()).unwrap(), all, "{at_once} bytes of {window:?}");
        }
        assert_eq!(whole(&mut engine), all, "afterwards the engine sees all days");
    }
    let mut engine = Engine::open(&[], &actions, Window { start_ms: 0, end_ms: 20 * DAY_MS }).unwrap();
    assert_eq!(whole(&mut engine).iter().map(|r| r.calls).sum::<i64>(), 44, "of 47 rows two are copies and one names nobody");
}

#[test]
fn what_a_later_record_replaced_counts_nowhere() {
    let state = tempfile::tempdir().unwrap();
    let actions = put(state.path(), rows().into_iter().map(|row| (row.date.clone().unwrap(), row)).collect());
    let later = EventRow { event_id: text("later"), replaces: text("event-9"), date: text("1970-01-12"), ..EventRow::default() };
    let events = put(state.path(), vec![("1970-01-12".to_owned(), later)]);
    let mut engine = Engine::open(&events, &actions, Window { start_ms: 0, end_ms: 20 * DAY_MS }).unwrap();
    let calls = |rows: &[UsageRow]| rows.iter().map(|r| r.calls).sum::<i64>();
    assert_eq!(calls(&whole(&mut engine)), 43);
    assert_eq!(calls(&usage_rows_of(0, &mut engine, &mut Texts::default()).unwrap()), 43);
    let spans = super::Spans::from([("AROAC".to_owned(), vec![(0, i64::MAX)])]);
    let calls_of = |events: &[PathBuf]| {
        let eras = super::era_calls(events, &actions, Window { start_ms: 0, end_ms: 20 * DAY_MS }, &spans).unwrap();
        eras.used.iter().map(|(_, r)| r.calls).sum::<i64>() + eras.denied.iter().map(|(_, r)| r.calls).sum::<i64>()
    };
    assert_eq!(calls_of(&[]) - calls_of(&events), 1, "of eras neither");
}
