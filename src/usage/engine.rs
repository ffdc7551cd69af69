//! The query engine over the event store: polars scans the part files that the ledger names, a query file runs
//! unchanged, the answer comes back as plain rows.
//!
//! Parquet is the handshake with the ingest room (`docs/decisions/0002-parquet-handshake.md`): no frame crosses
//! the room's wall.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;

use polars::prelude::{AnyValue, Column, DataFrame, DataType, Field, IntoLazy, JoinArgs, JoinType, LazyFrame, NamedFrom, PlRefPath, ScanArgsParquet, Schema, Series, col};
use polars::sql::SQLContext;

use crate::aws::{Text, Texts};
use crate::event::{ActionRow, ChangeRow, EventRow, Kind, Row as _};
use crate::params::bound;
use super::days::{self, Days};
use super::large::VIEWS;

/// Why use could not be rolled up.
#[derive(Debug, thiserror::Error)]
pub enum UsageError {
    /// A part file of the store could not be opened.
    #[error("event store `{table}`: {source}")]
    Store {
        /// `events` or `event_actions`.
        table: &'static str,
        /// What the engine said.
        source: polars::error::PolarsError,
    },
    /// A query failed.
    #[error("query `{query}`: {source}")]
    Query {
        /// Name of the query file.
        query: &'static str,
        /// What the engine said.
        source: polars::error::PolarsError,
    },
    /// The answer lacks a column, or a value is missing where the query promises one.
    #[error("query `{query}`: column `{column}`: {problem}")]
    Answer {
        /// Name of the query file.
        query: &'static str,
        /// The column.
        column: String,
        /// What is wrong.
        problem: &'static str,
    },
}

/// The time that a question is about: `start_ms <= t < end_ms`, epoch milliseconds UTC.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Window {
    /// First millisecond inside.
    pub start_ms: i64,
    /// First millisecond outside.
    pub end_ms: i64,
}

impl Window {
    /// The days before a moment.
    #[must_use]
    pub fn of_days(days: i64, end_ms: i64) -> Window {
        Window { start_ms: end_ms.saturating_sub(days.saturating_mul(86_400_000)), end_ms }
    }

    /// Length in whole days, rounded up.
    #[must_use]
    pub fn days(&self) -> i64 {
        self.end_ms.saturating_sub(self.start_ms).saturating_add(86_399_999) / 86_400_000
    }
}

/// An SQL context over the store.
pub struct Engine {
    context: SQLContext,
    window: Window,
    store: Store,
    /// The views that a query has asked for.
    views: BTreeSet<&'static str>,
}

/// Where the store's tables are.
struct Store {
    events: Vec<PathBuf>,
    actions: Vec<PathBuf>,
    /// Ids of events that later records replaced.
    replaced: Option<DataFrame>,
}

impl Store {
    fn events(&self, of: &[PathBuf]) -> Result<LazyFrame, UsageError> {
        Ok(without(scan::<EventRow>(of)?, self.replaced.as_ref()))
    }

    fn actions(&self, of: &[PathBuf]) -> Result<LazyFrame, UsageError> {
        Ok(without(scan::<ActionRow>(of)?, self.replaced.as_ref()))
    }
}

/// A table's columns with their types in the engine.
fn columns<R: crate::event::Row>() -> impl Iterator<Item = (&'static str, DataType)> {
    R::COLUMNS.iter().map(|c| {
        let kind = match c.kind {
            Kind::Text => DataType::String,
            Kind::BigInt => DataType::Int64,
            Kind::Boolean => DataType::Boolean,
        };
        (c.name, kind)
    })
}

/// A table's part files as one frame; without any, an empty frame of the table's columns. A column that a part
/// file of an older version lacks is NULL.
fn scan<R: crate::event::Row>(files: &[PathBuf]) -> Result<LazyFrame, UsageError> {
    let table = R::TABLE;
    if files.is_empty() {
        let empty = columns::<R>().map(|(name, kind)| Column::new_empty(name.into(), &kind)).collect();
        return DataFrame::new(0, empty).map(IntoLazy::lazy).map_err(|source| UsageError::Store { table, source });
    }
    let paths = files.iter().map(|p| PlRefPath::from(p.to_string_lossy().as_ref())).collect();
    let schema: Schema = columns::<R>().map(|(name, kind)| Field::new(name.into(), kind)).collect();
    let mut args = ScanArgsParquet { glob: false, schema: Some(schema.into()), allow_missing_columns: true, ..ScanArgsParquet::default() };
    args.hive_options.enabled = Some(false);
    LazyFrame::scan_parquet_files(paths, args).map_err(|source| UsageError::Store { table, source })
}

/// The events that later records replaced: an event told again with new data counts once, as it was told last. `None`: there are none.
fn replaced(events: &[PathBuf]) -> Result<Option<DataFrame>, UsageError> {
    let failed = |source| UsageError::Store { table: EventRow::<String>::TABLE, source };
    let replaced = scan::<EventRow>(events)?.select([col("replaces")]).filter(col("replaces").is_not_null()).collect().map_err(failed)?;
    Ok((replaced.height() > 0).then_some(replaced))
}

/// A table without them.
fn without(frame: LazyFrame, replaced: Option<&DataFrame>) -> LazyFrame {
    match replaced {
        Some(replaced) => frame.join(replaced.clone().lazy(), [col("event_id")], [col("replaces")], JoinArgs::new(JoinType::Anti)),
        None => frame,
    }
}

impl Engine {
    /// Registers the store's tables and the parameters. Nothing is read yet: each query reads the columns that it asks for.
    ///
    /// # Errors
    /// [`UsageError::Store`] when a part file cannot be opened.
    pub fn open(events: &[PathBuf], event_actions: &[PathBuf], window: Window) -> Result<Engine, UsageError> {
        let store = Store { events: events.to_vec(), actions: event_actions.to_vec(), replaced: replaced(events)? };
        let mut engine = Engine { context: SQLContext::new(), window, store, views: BTreeSet::new() };
        engine.see(None)?;
        engine.set_window(window)?;
        Ok(engine)
    }

    /// Lets queries see the events and actions of some part files only, or all of them.
    fn see(&mut self, some: Option<&Days>) -> Result<(), UsageError> {
        let (events, actions) = match some {
            Some(days) => (self.store.events(&days.events)?, self.store.actions(&days.actions)?),
            None => (self.store.events(&self.store.events)?, self.store.actions(&self.store.actions)?),
        };
        self.context.register("events", events);
        self.context.register("event_actions", actions);
        Ok(())
    }

    /// Works out the views that a query reads, and those that they read.
    fn add_views(&mut self, sql: &str) -> Result<(), UsageError> {
        let reads = |sql: &str, name: &str| sql.contains(&format!(" {name}\n")) || sql.contains(&format!(" {name} "));
        let mut wanted: Vec<(&'static str, &'static str)> = Vec::new();
        for (name, text) in VIEWS.iter().rev() {
            if reads(sql, name) || wanted.iter().any(|(_, of)| reads(of, name)) {
                wanted.push((name, text));
            }
        }
        for (name, text) in wanted.into_iter().rev() {
            if self.views.insert(name) {
                let answer = self.asked(name, text)?;
                self.context.register(name, answer.lazy());
            }
        }
        Ok(())
    }

    /// Registers the table of changes of grants.
    ///
    /// # Errors
    /// [`UsageError::Store`] when a part file cannot be opened.
    pub fn add_changes(&mut self, changes: &[PathBuf]) -> Result<(), UsageError> {
        self.context.register("grant_changes", scan::<ChangeRow>(changes)?);
        Ok(())
    }

    /// Registers the table `eras`: principal key, day, number of the era, its first millisecond and the first after it.
    ///
    /// # Errors
    /// [`UsageError::Store`] when the frame cannot be built.
    pub fn add_eras(&mut self, rows: &[(String, String, i64, i64, i64)]) -> Result<(), UsageError> {
        let text = |name: &str, get: fn(&(String, String, i64, i64, i64)) -> &str| -> Column {
            Series::new(name.into(), rows.iter().map(get).collect::<Vec<&str>>()).into()
        };
        let int = |name: &str, get: fn(&(String, String, i64, i64, i64)) -> i64| -> Column {
            Series::new(name.into(), rows.iter().map(get).collect::<Vec<i64>>()).into()
        };
        let columns =
            vec![text("principal_key", |r| &r.0), text("date", |r| &r.1), int("era", |r| r.2), int("start_ms", |r| r.3), int("end_ms", |r| r.4)];
        let frame = DataFrame::new(rows.len(), columns).map_err(|source| UsageError::Store { table: "eras", source })?;
        self.context.register("eras", frame.lazy());
        Ok(())
    }

    /// Registers the table `wanted`: the id of an event.
    ///
    /// # Errors
    /// [`UsageError::Store`] when the frame cannot be built.
    pub fn add_wanted(&mut self, event_id: &str) -> Result<(), UsageError> {
        let column: Column = Series::new("event_id".into(), vec![event_id]).into();
        let frame = DataFrame::new(1, vec![column]).map_err(|source| UsageError::Store { table: "wanted", source })?;
        self.context.register("wanted", frame.lazy());
        Ok(())
    }

    /// Changes the window that queries read from `params`.
    ///
    /// # Errors
    /// [`UsageError::Store`] when the parameter frame cannot be built.
    pub fn set_window(&mut self, window: Window) -> Result<(), UsageError> {
        let column = |name: &str, value: i64| -> Column { Series::new(name.into(), vec![value]).into() };
        let frame = DataFrame::new(1, vec![column("as_of_ms", window.end_ms), column("window_start_ms", window.start_ms)])
            .map_err(|source| UsageError::Store { table: "params", source })?;
        self.context.register("params", frame.lazy());
        self.window = window;
        Ok(())
    }

    /// Runs one query file and keeps the answer as the engine has it. The store is streamed: what is held at a time depends on the answer
    /// (docs/decisions/0021-streamed-queries.md).
    ///
    /// # Errors
    /// [`UsageError::Query`] with the query's name.
    pub fn frame(&mut self, query: &'static str, sql: &str) -> Result<DataFrame, UsageError> {
        self.add_views(sql)?;
        self.asked(query, sql)
    }

    fn asked(&mut self, query: &'static str, sql: &str) -> Result<DataFrame, UsageError> {
        let sql = bound(sql, &[("window_start_ms", self.window.start_ms), ("as_of_ms", self.window.end_ms)]);
        let answer = self.context.execute(&sql).and_then(|plan| plan.collect_with_engine(polars::prelude::Engine::Streaming));
        // A plan of one SELECT has one answer.
        answer.map(|answer| answer.unwrap_single()).map_err(|source| UsageError::Query { query, source })
    }

    /// Runs one query file for some days after others, in order. Its answer for all days must be what the answers add up to. Views are
    /// those of the whole store.
    ///
    /// # Errors
    /// [`UsageError`] as of [`Engine::frame`], and what `take` says.
    pub fn run_by_days(&mut self, query: &'static str, sql: &str, take: impl FnMut(&Table) -> Result<(), UsageError>) -> Result<(), UsageError> {
        self.by_days_of(days::BYTES_AT_ONCE, query, sql, take)
    }

    /// The same with days together up to so many bytes.
    pub(super) fn by_days_of(&mut self, at_once: u64, query: &'static str, sql: &str, mut take: impl FnMut(&Table) -> Result<(), UsageError>) -> Result<(), UsageError> {
        self.add_views(sql)?;
        let all = Window { start_ms: i64::MIN, end_ms: i64::MAX };
        // A query that does not ask for the window is about all days.
        let asked_of = if sql.contains(" params ") { self.window } else { all };
        for days in days::apart(&self.store.events, &self.store.actions, asked_of, at_once) {
            self.see(Some(&days))?;
            let answer = self.asked(query, sql)?;
            take(&Table::of(query, &answer))?;
        }
        self.see(None)
    }

    /// Runs one query file.
    ///
    /// # Errors
    /// [`UsageError::Query`] with the query's name.
    pub fn run(&mut self, query: &'static str, sql: &str) -> Result<Table, UsageError> {
        Ok(Table::of(query, &self.frame(query, sql)?))
    }
}

/// An answer: named columns, read row by row.
pub struct Table {
    query: &'static str,
    len: usize,
    series: Vec<Series>,
    columns: HashMap<String, usize>,
}

impl Table {
    /// An answer of the engine.
    pub(super) fn of(query: &'static str, frame: &DataFrame) -> Table {
        let columns = frame.columns().iter().enumerate().map(|(i, c)| (c.name().to_string(), i)).collect();
        // A column of one value is written out, so that texts can be read where they lie.
        let series = frame.columns().iter().map(|c| c.as_materialized_series().clone()).collect();
        Table { query, len: frame.height(), series, columns }
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The rows in the query's order.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        (0..self.len()).map(move |at| Row { table: self, at })
    }
}

/// One row of an answer.
#[derive(Clone, Copy)]
pub struct Row<'t> {
    table: &'t Table,
    at: usize,
}

impl<'t> Row<'t> {
    fn problem<T>(&self, column: &str, problem: &'static str) -> Result<T, UsageError> {
        Err(UsageError::Answer { query: self.table.query, column: column.to_owned(), problem })
    }

    fn value(&self, column: &str) -> Result<AnyValue<'t>, UsageError> {
        let series = self.table.columns.get(column).and_then(|i| self.table.series.get(*i));
        let cell = series.and_then(|s| s.get(self.at).ok());
        match cell {
            Some(value) => Ok(value),
            None => self.problem(column, "not in the answer"),
        }
    }

    /// A text where it lies, `None` for NULL.
    ///
    /// # Errors
    /// [`UsageError::Answer`] when the column is missing or holds something else.
    pub fn str(&self, column: &str) -> Result<Option<&'t str>, UsageError> {
        match self.value(column)? {
            AnyValue::Null => Ok(None),
            AnyValue::String(s) => Ok(Some(s)),
            _ => self.problem(column, "not a text"),
        }
    }

    /// A text, `None` for NULL.
    ///
    /// # Errors
    /// As [`Row::str`].
    pub fn text(&self, column: &str) -> Result<Option<String>, UsageError> {
        Ok(self.str(column)?.map(str::to_owned))
    }

    /// An integer, `None` for NULL.
    ///
    /// # Errors
    /// As [`Row::str`].
    pub fn int(&self, column: &str) -> Result<Option<i64>, UsageError> {
        match self.value(column)? {
            AnyValue::Null => Ok(None),
            AnyValue::Int64(i) => Ok(Some(i)),
            AnyValue::Int32(i) => Ok(Some(i.into())),
            AnyValue::UInt32(i) => Ok(Some(i.into())),
            _ => self.problem(column, "not an integer"),
        }
    }

    /// A boolean, `None` for NULL.
    ///
    /// # Errors
    /// As [`Row::str`].
    pub fn boolean(&self, column: &str) -> Result<Option<bool>, UsageError> {
        match self.value(column)? {
            AnyValue::Null => Ok(None),
            AnyValue::Boolean(b) => Ok(Some(b)),
            _ => self.problem(column, "not a boolean"),
        }
    }

    /// A text where it lies, that the query promises.
    ///
    /// # Errors
    /// As [`Row::str`], and for NULL.
    pub fn need_str(&self, column: &str) -> Result<&'t str, UsageError> {
        self.str(column)?.map_or_else(|| self.problem(column, "is NULL"), Ok)
    }

    /// A text that the query promises.
    ///
    /// # Errors
    /// As [`Row::need_str`].
    pub fn need_text(&self, column: &str) -> Result<String, UsageError> {
        self.need_str(column).map(str::to_owned)
    }

    /// An integer that the query promises.
    ///
    /// # Errors
    /// As [`Row::int`], and for NULL.
    pub fn need_int(&self, column: &str) -> Result<i64, UsageError> {
        self.int(column)?.map_or_else(|| self.problem(column, "is NULL"), Ok)
    }
}

/// Texts of a row, each shared with its equals in other rows.
pub struct Shared<'x, 't> {
    row: Row<'t>,
    texts: &'x mut Texts,
}

impl<'x, 't> Shared<'x, 't> {
    /// Of a row, with the texts that were met before.
    pub fn of(row: Row<'t>, texts: &'x mut Texts) -> Shared<'x, 't> {
        Shared { row, texts }
    }

    /// A text, `None` for NULL.
    ///
    /// # Errors
    /// As [`Row::str`].
    pub fn text(&mut self, column: &str) -> Result<Option<Text>, UsageError> {
        Ok(self.row.str(column)?.map(|text| self.texts.of(text)))
    }

    /// A text, another one for NULL.
    ///
    /// # Errors
    /// As [`Row::str`].
    pub fn text_or(&mut self, column: &str, absent: &str) -> Result<Text, UsageError> {
        Ok(self.texts.of(self.row.str(column)?.unwrap_or(absent)))
    }

    /// A text that the query promises.
    ///
    /// # Errors
    /// As [`Row::need_str`].
    pub fn need(&mut self, column: &str) -> Result<Text, UsageError> {
        Ok(self.texts.of(self.row.need_str(column)?))
    }
}
