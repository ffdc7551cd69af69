//! The query engine over the event store: polars scans the part files that the ledger names, a query file runs
//! unchanged, the answer comes back as plain rows.
//!
//! Parquet is the handshake with the ingest room (`docs/decisions/0002-parquet-handshake.md`): no frame crosses
//! the room's wall.

use std::collections::HashMap;
use std::path::PathBuf;

use polars::prelude::{AnyValue, Column, DataFrame, DataType, Expr, Field, IntoLazy, JoinArgs, JoinType, LazyFrame, NamedFrom, PlRefPath, ScanArgsParquet, Schema, Series, col};
use polars::sql::SQLContext;

use crate::aws::{Text, Texts};
use crate::event::{ActionRow, ChangeRow, EventRow, Kind, Row as _};

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
    actions: LazyFrame,
    /// Ids of events that later records replaced.
    replaced: Option<DataFrame>,
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

/// From how many part files on a table is read once for all queries: opening a file takes longer than reading it.
const FILES_AT_MOST: usize = 100;

/// How many part files are read at a time.
const FILES_AT_ONCE: usize = 24;

/// Columns that no query asks for; they are long.
const NOT_ASKED: &[&str] = &["request_id"];

/// A table as the queries see it.
fn table<R: crate::event::Row>(files: &[PathBuf]) -> Result<LazyFrame, UsageError> {
    if files.len() <= FILES_AT_MOST {
        return scan::<R>(files);
    }
    // Reading takes more memory than what was read; so not all is read at once.
    let mut all = read::<R>(scan::<R>(&[])?)?;
    for some in files.chunks(FILES_AT_ONCE) {
        let fresh = read::<R>(scan::<R>(some)?)?;
        all.vstack_mut(&fresh).map_err(|source| UsageError::Store { table: R::TABLE, source })?;
    }
    Ok(all.lazy())
}

/// A table's columns that queries ask for, read.
fn read<R: crate::event::Row>(frame: LazyFrame) -> Result<DataFrame, UsageError> {
    let asked: Vec<Expr> = columns::<R>().map(|(name, _)| name).filter(|name| !NOT_ASKED.contains(name)).map(col).collect();
    frame.select(asked).collect().map_err(|source| UsageError::Store { table: R::TABLE, source })
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
    /// Registers the store's tables and the parameters.
    ///
    /// # Errors
    /// [`UsageError::Store`] when a part file cannot be opened.
    pub fn open(events: &[PathBuf], event_actions: &[PathBuf], window: Window) -> Result<Engine, UsageError> {
        Engine::open_beside(events, events, event_actions, window)
    }

    /// The same with events that are registered later; those that their records replaced are left out from the beginning.
    ///
    /// # Errors
    /// [`UsageError::Store`] when a part file cannot be opened.
    pub fn open_beside(all_events: &[PathBuf], events: &[PathBuf], event_actions: &[PathBuf], window: Window) -> Result<Engine, UsageError> {
        let replaced = replaced(all_events)?;
        let actions = without(table::<ActionRow>(event_actions)?, replaced.as_ref());
        let mut engine = Engine { context: SQLContext::new(), actions: actions.clone(), replaced };
        engine.set_actions(actions);
        engine.add_events(events)?;
        engine.set_window(window)?;
        Ok(engine)
    }

    /// An engine over actions that are at hand.
    #[cfg(test)]
    pub(super) fn of_actions(actions: DataFrame, window: Window) -> Result<Engine, UsageError> {
        let actions = actions.lazy();
        let mut engine = Engine { context: SQLContext::new(), actions: actions.clone(), replaced: None };
        engine.set_actions(actions);
        engine.set_window(window)?;
        Ok(engine)
    }

    /// Registers the table of events, in place of the one that was opened with.
    ///
    /// # Errors
    /// [`UsageError::Store`] when a part file cannot be opened.
    pub fn add_events(&mut self, events: &[PathBuf]) -> Result<(), UsageError> {
        self.context.register("events", without(table::<EventRow>(events)?, self.replaced.as_ref()));
        Ok(())
    }

    /// Registers the table of events without holding it: each query reads what it asks for.
    ///
    /// # Errors
    /// [`UsageError::Store`] when a part file cannot be opened.
    pub fn scan_events(&mut self, events: &[PathBuf]) -> Result<(), UsageError> {
        self.context.register("events", without(scan::<EventRow>(events)?, self.replaced.as_ref()));
        Ok(())
    }

    /// The table of actions.
    pub(super) fn actions(&self) -> LazyFrame {
        self.actions.clone()
    }

    /// Reads the table of actions, so that it is not read anew by each query.
    pub(super) fn read_actions(&mut self) -> Result<(), UsageError> {
        self.actions = read::<ActionRow>(self.actions())?.lazy();
        Ok(())
    }

    /// Lets go of the actions that are held: from now on each query reads what it asks for.
    ///
    /// # Errors
    /// [`UsageError::Store`] when a part file cannot be opened.
    pub fn let_go_of_actions(&mut self, event_actions: &[PathBuf]) -> Result<(), UsageError> {
        self.actions = without(scan::<ActionRow>(event_actions)?, self.replaced.as_ref());
        self.set_actions(self.actions());
        Ok(())
    }

    /// Lets queries see some of the actions only, or all of them again.
    pub(super) fn set_actions(&mut self, actions: LazyFrame) {
        self.context.register("event_actions", actions);
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
        Ok(())
    }

    /// Runs one query file and keeps the answer as the engine has it.
    ///
    /// # Errors
    /// [`UsageError::Query`] with the query's name.
    pub fn frame(&mut self, query: &'static str, sql: &str) -> Result<DataFrame, UsageError> {
        self.context.execute(sql).and_then(LazyFrame::collect).map_err(|source| UsageError::Query { query, source })
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
