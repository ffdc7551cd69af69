//! Every query of `queries/` over the sample organisation and the corpora, by the engine that is built in. Where
//! `TRAILTRIM_QUERIES_TO` names a folder, the tables that were asked and the answers are left there as Parquet: `tests/spark/` asks
//! the same of Spark and compares the rows.
//!
//! `<case>/store/` is asked about the store (`<case>/state`), `<case>/reports/` about the tables of a run.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use polars::prelude::{Column, DataFrame, DataType, NamedFrom, ParquetCompression, ParquetWriter, Series};

use super::{RunOptions, Window};
use crate::ingest::Ledger;
use crate::report::catalogue;
use crate::report::sql::{Answer, Cell, SqlTables, squeezed};
use crate::usage::engine::Engine;
use crate::usage::large::{LARGE, VIEWS};

/// As-of time of all cases: 2026-11-01.
const NOW_MS: i64 = 1_793_491_200_000;

/// Queries over the store that are not among the large ones that an engine of many machines asks by itself.
const BESIDE: &[&str] = &["era_calls", "event_by_id", "grant_changes", "key_changes"];

thread_local! {
    static WANTED: RefCell<Option<PathBuf>> = const { RefCell::new(None) };
    static ASKED: RefCell<BTreeSet<String>> = const { RefCell::new(BTreeSet::new()) };
}

fn queries() -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("queries");
    let files = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
    files.map(|p| (p.file_stem().unwrap().to_string_lossy().into_owned(), std::fs::read_to_string(&p).unwrap())).collect()
}

fn column(name: &str, kind: Option<&DataType>, cells: &[&Cell]) -> Column {
    let kind = kind.cloned().unwrap_or_else(|| match cells.iter().find(|c| ***c != Cell::Null) {
        Some(Cell::Int(_)) => DataType::Int64,
        Some(Cell::Float(_)) => DataType::Float64,
        Some(Cell::Bool(_)) => DataType::Boolean,
        _ => DataType::String,
    });
    macro_rules! series {
        ($kind:ident) => {
            Series::new(name.into(), cells.iter().map(|c| if let Cell::$kind(v) = c { Some(v.clone()) } else { None }).collect::<Vec<_>>()).into()
        };
    }
    match kind {
        DataType::Int64 | DataType::Int32 | DataType::UInt32 => series!(Int),
        DataType::Float64 => series!(Float),
        DataType::Boolean => series!(Bool),
        _ => series!(Text),
    }
}

fn write(folder: &Path, name: &str, mut frame: DataFrame) {
    std::fs::create_dir_all(folder).unwrap();
    let file = std::fs::File::create(folder.join(format!("{name}.parquet"))).unwrap();
    ParquetWriter::new(file).with_compression(ParquetCompression::Zstd(None)).finish(&mut frame).unwrap();
}

fn write_answer(folder: &Path, name: &str, answer: &Answer, kinds: Option<&[(String, DataType)]>) {
    let rows = answer.rows(0, answer.len()).unwrap();
    let kind = |name: &str| kinds.and_then(|k| k.iter().find(|(n, _)| n == name)).map(|(_, kind)| kind);
    let columns = rows.columns.iter().enumerate().map(|(at, name)| column(name, kind(name), &rows.rows.iter().map(|r| &r[at]).collect::<Vec<_>>()));
    write(folder, name, DataFrame::new(rows.rows.len(), columns.collect()).unwrap());
}

/// Asks the queries of reports of a run's tables, and leaves both where the test of this thread wants them.
pub fn seen(tables: &mut SqlTables) {
    let Some(folder) = WANTED.take() else { return };
    let folder = folder.join("reports");
    let schemas = tables.schemas().unwrap();
    let all = queries();
    let mut read = BTreeSet::new();
    for file in catalogue::files() {
        let sql = &all[file];
        let answer = tables.ask(file, sql).unwrap();
        let header = sql.lines().find_map(|l| l.strip_prefix("-- columns: ")).unwrap();
        assert_eq!(answer.columns, header.split(", ").collect::<Vec<_>>(), "{file}");
        write_answer(&folder.join("answers"), file, &answer, None);
        let code = squeezed(sql);
        read.extend(schemas.keys().filter(|table| code.contains(&format!("from {table} ")) || code.contains(&format!("join {table} "))));
        ASKED.with_borrow_mut(|asked| asked.insert(file.to_owned()));
    }
    for table in read {
        let answer = tables.ask(table, &format!("SELECT * FROM {table}")).unwrap();
        write_answer(&folder.join("tables"), table, &answer, Some(&schemas[table]));
    }
}

/// A made-up history: every caller's time is cut in two in the middle of the window.
fn eras(engine: &mut Engine, window: Window) -> Vec<(String, String, i64, i64, i64)> {
    let days = engine.run("days", "SELECT principal_key, date FROM event_actions WHERE principal_key IS NOT NULL GROUP BY principal_key, date ORDER BY principal_key, date").unwrap();
    let middle = window.start_ms.midpoint(window.end_ms);
    let mut rows = Vec::new();
    for row in days.rows() {
        let (key, date) = (row.need_text("principal_key").unwrap(), row.need_text("date").unwrap());
        rows.push((key.clone(), date.clone(), 0, window.start_ms, middle));
        rows.push((key, date, 1, middle, window.end_ms));
    }
    rows
}

fn ask_store(folder: &Path, state: &Path, window: Window) {
    let ledger = Ledger::open(state).unwrap();
    let parts = |table: &str| ledger.parts(table).iter().map(|p| state.join(p)).collect::<Vec<_>>();
    let mut engine = Engine::open(&parts("events"), &parts("event_actions"), window).unwrap();
    engine.add_changes(&parts("grant_changes")).unwrap();
    let eras = eras(&mut engine, window);
    engine.add_eras(&eras).unwrap();
    let id = engine.run("id", "SELECT MAX(event_id) AS event_id FROM events").unwrap().rows().next().unwrap().need_text("event_id").unwrap();
    engine.add_wanted(&id).unwrap();
    let folder = folder.join("store");
    for table in ["params", "eras", "wanted"] {
        write(&folder.join("tables"), table, engine.frame("table", &format!("SELECT * FROM {table}")).unwrap());
    }
    let all = queries();
    let mut rows = 0;
    for name in LARGE.iter().chain(VIEWS).map(|(name, _)| *name).chain(BESIDE.iter().copied()) {
        let frame = engine.frame(name, &all[name]).unwrap();
        rows += frame.height();
        write(&folder.join("answers"), name, frame);
        ASKED.with_borrow_mut(|asked| asked.insert(name.to_owned()));
    }
    assert!(rows > 100, "{rows} rows");
}

fn ask(folder: &Path, logs: Vec<PathBuf>, grants: Vec<PathBuf>, config: Option<PathBuf>, window_days: i64) {
    let state = folder.join("state");
    let options = RunOptions {
        logs,
        keep: crate::ingest::source::Keep::default(),
        digests: None,
        grants,
        state: state.clone(),
        out: folder.join("out"),
        window_days,
        now_ms: NOW_MS,
        config,
        from_usage: false,
        quiet: true,
        known_accounts: None,
        mmdb: Vec::new(),
        iac_map: None,
        suppressions: None,
        timings: false,
        keep_days: None,
        html_max_mb: 15,
        tickets: false,
        ticket_template: None,
        redact: false,
        redact_key: None,
    };
    WANTED.set(Some(folder.to_owned()));
    super::run(&options).unwrap();
    assert!(WANTED.take().is_none(), "the tables were seen");
    ask_store(folder, &state, Window::of_days(window_days, NOW_MS));
}

#[test]
fn every_query_is_asked() {
    let temporary = tempfile::tempdir().unwrap();
    let wanted = std::env::var_os("TRAILTRIM_QUERIES_TO").map(PathBuf::from);
    let folder = wanted.as_deref().unwrap_or(temporary.path());
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/organisation");
    ask(&folder.join("sample"), vec![sample.join("logs")], vec![sample.join("grants")], Some(sample.join("trailtrim.toml")), 90);
    let asked = ASKED.take();
    let all: BTreeSet<String> = queries().into_keys().collect();
    assert_eq!(asked, all, "a query is in reports/, in usage/large, or in BESIDE");
    let (Some(_), Some(corpora)) = (&wanted, std::env::var_os("TRAILTRIM_CORPORA").map(PathBuf::from)) else {
        println!("TRAILTRIM_QUERIES_TO or TRAILTRIM_CORPORA is not set: nothing asked on real logs");
        return;
    };
    let mut given: Vec<PathBuf> = std::fs::read_dir(corpora).unwrap().map(|e| e.unwrap().path()).collect();
    given.sort();
    let named = |start: &str| given.iter().filter(|p| p.file_name().unwrap().to_string_lossy().starts_with(start)).cloned().collect::<Vec<_>>();
    ask(&folder.join("corpora"), named("ct-"), named("grants-"), None, 3650);
}
