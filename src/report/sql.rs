//! The one SQL context of the reports: tables are registered by name, query files run unchanged, answers are
//! plain cells. Constructs that the engine cannot run safely are refused before it sees them.

use polars::prelude::{AnyValue, Column, DataFrame, IntoLazy, LazyFrame, NamedFrom, ParquetCompression, ParquetWriter, Series};
use polars::sql::SQLContext;

/// Why a query was not answered.
#[derive(Debug, thiserror::Error)]
pub enum SqlError {
    /// The query has a construct that would take the process down.
    #[error("query `{query}`: {construct} is refused; write {instead}")]
    Refused {
        /// Name of the query.
        query: String,
        /// What is refused.
        construct: &'static str,
        /// What to write.
        instead: &'static str,
    },
    /// The engine said no.
    #[error("query `{query}`: {source}")]
    Engine {
        /// Name of the query or table.
        query: String,
        /// The cause.
        source: polars::error::PolarsError,
    },
    /// A value of a type that the tables do not have.
    #[error("query `{query}`: column `{column}` has a type outside the schema")]
    Type {
        /// Name of the query.
        query: String,
        /// The column.
        column: String,
    },
}

/// One value of an answer.
#[derive(Clone, PartialEq, Debug, PartialOrd)]
pub enum Cell {
    /// Absent.
    Null,
    /// Text.
    Text(String),
    /// Integer.
    Int(i64),
    /// Number.
    Float(f64),
    /// True or false.
    Bool(bool),
}

impl Cell {
    /// As JSON.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        match self {
            Cell::Null => serde_json::Value::Null,
            Cell::Text(s) => s.clone().into(),
            Cell::Int(i) => (*i).into(),
            Cell::Float(f) => (*f).into(),
            Cell::Bool(b) => (*b).into(),
        }
    }

    /// As plain text; absent is empty.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Cell::Null => String::new(),
            Cell::Text(s) => s.clone(),
            Cell::Int(i) => i.to_string(),
            Cell::Float(f) => f.to_string(),
            Cell::Bool(b) => b.to_string(),
        }
    }
}

/// A column's type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Text.
    Text,
    /// Integer.
    Int,
    /// True or false.
    Bool,
}

/// An answer.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Rows {
    /// Column names.
    pub columns: Vec<String>,
    /// Rows in the query's order.
    pub rows: Vec<Vec<Cell>>,
}

impl Rows {
    /// The place of a column.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|c| c == name)
    }
}

/// The thresholds and times of a run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Params {
    /// Column and value, in order.
    pub values: Vec<(&'static str, i64)>,
}

/// The values of a column of a table that the run itself made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ColumnOf {
    /// Texts; `None` is NULL.
    Text(Vec<Option<String>>),
    /// Integers; `None` is NULL.
    Int(Vec<Option<i64>>),
}

/// Registered tables.
pub struct SqlTables {
    context: SQLContext,
    params: Vec<(String, i64)>,
}

impl Default for SqlTables {
    fn default() -> SqlTables {
        SqlTables::new()
    }
}

fn engine(query: &str) -> impl FnOnce(polars::error::PolarsError) -> SqlError + '_ {
    move |source| SqlError::Engine { query: query.to_owned(), source }
}

impl SqlTables {
    /// An empty context.
    #[must_use]
    pub fn new() -> SqlTables {
        SqlTables { context: SQLContext::new(), params: Vec::new() }
    }

    /// Registers a table.
    pub fn register(&mut self, name: &str, frame: DataFrame) {
        self.context.register(name, frame.lazy());
    }

    /// Registers a table by its columns, which have one length.
    ///
    /// # Errors
    /// [`SqlError::Engine`] when the engine refuses the columns.
    pub fn register_columns(&mut self, name: &str, columns: Vec<(&'static str, ColumnOf)>) -> Result<(), SqlError> {
        let height = columns.first().map_or(0, |(_, c)| match c {
            ColumnOf::Text(list) => list.len(),
            ColumnOf::Int(list) => list.len(),
        });
        let column = |(name, values): (&'static str, ColumnOf)| -> Column {
            match values {
                ColumnOf::Text(list) => Series::new(name.into(), list).into(),
                ColumnOf::Int(list) => Series::new(name.into(), list).into(),
            }
        };
        self.register(name, DataFrame::new(height, columns.into_iter().map(column).collect()).map_err(engine(name))?);
        Ok(())
    }

    /// Registers `params`, and `nulls`: one row of typed NULLs, because engines differ on the type of a bare one.
    ///
    /// # Errors
    /// [`SqlError::Engine`] when the engine refuses the columns.
    pub fn register_params(&mut self, params: &Params) -> Result<(), SqlError> {
        self.params.clear();
        self.change_params(&params.values)?;
        let nulls: Vec<Column> = vec![
            Series::new("no_text".into(), vec![None::<&str>]).into(),
            Series::new("no_int".into(), vec![None::<i64>]).into(),
            Series::new("no_bool".into(), vec![None::<bool>]).into(),
        ];
        self.register("nulls", DataFrame::new(1, nulls).map_err(engine("nulls"))?);
        Ok(())
    }

    /// Registers a table of cells; a cell of another type than its column is NULL.
    ///
    /// # Errors
    /// [`SqlError::Engine`] when the engine refuses the columns.
    pub fn register_rows(&mut self, name: &str, columns: &[(&str, Kind)], rows: Vec<Vec<Cell>>) -> Result<(), SqlError> {
        let column = |(at, (column, kind)): (usize, &(&str, Kind))| -> Column {
            let cells = rows.iter().map(|row| row.get(at));
            match kind {
                Kind::Text => Series::new((*column).into(), cells.map(|c| if let Some(Cell::Text(t)) = c { Some(t.as_str()) } else { None }).collect::<Vec<_>>()).into(),
                Kind::Int => Series::new((*column).into(), cells.map(|c| if let Some(Cell::Int(n)) = c { Some(*n) } else { None }).collect::<Vec<_>>()).into(),
                Kind::Bool => Series::new((*column).into(), cells.map(|c| if let Some(Cell::Bool(b)) = c { Some(*b) } else { None }).collect::<Vec<_>>()).into(),
            }
        };
        let frame = DataFrame::new(rows.len(), columns.iter().enumerate().map(column).collect()).map_err(engine(name))?;
        self.register(name, frame);
        Ok(())
    }

    /// Gives parameters other values, or adds some.
    ///
    /// # Errors
    /// [`SqlError::Engine`] when the engine refuses the columns.
    pub fn change_params(&mut self, changed: &[(&str, i64)]) -> Result<(), SqlError> {
        for (name, value) in changed {
            match self.params.iter_mut().find(|(n, _)| n == name) {
                Some((_, old)) => *old = *value,
                None => self.params.push(((*name).to_owned(), *value)),
            }
        }
        let columns: Vec<Column> = self.params.iter().map(|(name, v)| Series::new(name.as_str().into(), vec![*v]).into()).collect();
        self.register("params", DataFrame::new(1, columns).map_err(engine("params"))?);
        Ok(())
    }

    /// The columns of every registered table with their types in the engine.
    ///
    /// # Errors
    /// [`SqlError::Engine`] when the engine cannot tell.
    pub fn schemas(&mut self) -> Result<std::collections::BTreeMap<String, Vec<(String, polars::prelude::DataType)>>, SqlError> {
        let mut all = std::collections::BTreeMap::new();
        for table in self.context.get_tables() {
            let mut frame = self.context.execute(&format!("SELECT * FROM {table}")).map_err(engine(&table))?;
            let schema = frame.collect_schema().map_err(engine(&table))?;
            all.insert(table.clone(), schema.iter().map(|(name, kind)| (name.to_string(), kind.clone())).collect());
        }
        Ok(all)
    }

    /// Registers a table that is worked out as far as a query asks.
    pub fn register_lazy(&mut self, name: &str, frame: LazyFrame) {
        self.context.register(name, frame);
    }

    /// Registers `known_accounts`: account id and label.
    ///
    /// # Errors
    /// [`SqlError::Engine`] when the engine refuses the columns.
    pub fn register_known_accounts(&mut self, known: &[(String, String)]) -> Result<(), SqlError> {
        let texts = |name: &str, v: Vec<&str>| -> Column { Series::new(name.into(), v).into() };
        let columns = vec![
            texts("account", known.iter().map(|k| k.0.as_str()).collect()),
            texts("label", known.iter().map(|k| k.1.as_str()).collect()),
        ];
        self.register("known_accounts", DataFrame::new(known.len(), columns).map_err(engine("known_accounts"))?);
        Ok(())
    }

    /// Runs a query.
    ///
    /// # Errors
    /// [`SqlError`] with the query's name.
    pub fn run(&mut self, name: &str, sql: &str) -> Result<Rows, SqlError> {
        let answer = self.ask(name, sql)?;
        answer.rows(0, answer.len())
    }

    /// Runs a query whose answer is too large for cells: it is read in parts.
    ///
    /// # Errors
    /// [`SqlError`] with the query's name.
    pub fn ask(&mut self, name: &str, sql: &str) -> Result<Answer, SqlError> {
        refuse(name, sql)?;
        let frame = deep(|| self.context.execute(sql).and_then(LazyFrame::collect)).map_err(engine(name))?;
        Ok(Answer::of(name, frame))
    }
}

/// Bytes of the stack on which a query is planned and answered: the engine walks its plans by recursion, and a plan of many joins is
/// deeper than the stack that a thread usually has.
const STACK: usize = 64 << 20;

/// Does something where there is room for deep recursion; where no such thread can be had, here.
fn deep<T: Send>(mut what: impl FnMut() -> T + Send) -> T {
    let there = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, &mut what);
        thread.ok().map(|t| t.join())
    });
    match there {
        Some(Ok(answer)) => answer,
        Some(Err(panic)) => std::panic::resume_unwind(panic),
        None => what(),
    }
}

/// An answer as the engine holds it.
pub struct Answer {
    name: String,
    /// Column names.
    pub columns: Vec<String>,
    frame: DataFrame,
}

impl Answer {
    /// What a table holds, by its name.
    #[must_use]
    pub fn of(name: &str, frame: DataFrame) -> Answer {
        let columns = frame.columns().iter().map(|c| c.name().to_string()).collect();
        Answer { name: name.to_owned(), columns, frame }
    }

    /// How many rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.frame.height()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Some rows from a place on.
    ///
    /// # Errors
    /// [`SqlError::Type`] for a value that is no cell.
    pub fn rows(&self, from: usize, count: usize) -> Result<Rows, SqlError> {
        let mut rows = Vec::with_capacity(count);
        for at in from..self.len().min(from.saturating_add(count)) {
            let mut row = Vec::with_capacity(self.columns.len());
            for column in self.frame.columns() {
                let value = column.get(at).map_err(engine(&self.name))?;
                row.push(cell(&value).ok_or_else(|| SqlError::Type { query: self.name.clone(), column: column.name().to_string() })?);
            }
            rows.push(row);
        }
        Ok(Rows { columns: self.columns.clone(), rows })
    }
}

fn cell(value: &AnyValue<'_>) -> Option<Cell> {
    Some(match value {
        AnyValue::Null => Cell::Null,
        AnyValue::String(s) => Cell::Text((*s).to_owned()),
        AnyValue::StringOwned(s) => Cell::Text(s.to_string()),
        AnyValue::Int64(i) => Cell::Int(*i),
        AnyValue::Int32(i) => Cell::Int(i64::from(*i)),
        AnyValue::UInt32(i) => Cell::Int(i64::from(*i)),
        AnyValue::Float64(f) => Cell::Float(*f),
        AnyValue::Boolean(b) => Cell::Bool(*b),
        _ => return None,
    })
}

/// The query without comments and with single blanks, in lower case.
#[must_use]
pub fn squeezed(sql: &str) -> String {
    let code: Vec<&str> = sql.lines().map(|l| l.split("--").next().unwrap_or("")).collect();
    code.join(" ").split_whitespace().collect::<Vec<_>>().join(" ").to_ascii_lowercase().replace("( ", "(")
}

fn refuse(name: &str, sql: &str) -> Result<(), SqlError> {
    if squeezed(sql).contains("in (select") {
        return Err(SqlError::Refused { query: name.to_owned(), construct: "IN (SELECT …)", instead: "EXISTS, or LEFT JOIN … IS NULL" });
    }
    Ok(())
}

/// A column of a table that is written.
pub enum Typed {
    /// Texts.
    Text(Vec<Option<String>>),
    /// Integers.
    Int(Vec<Option<i64>>),
}

/// A table as a Parquet file, zstd; equal columns give equal bytes.
///
/// # Errors
/// [`SqlError::Engine`] when the engine refuses the columns.
pub fn parquet(columns: Vec<(&str, Typed)>) -> Result<Vec<u8>, SqlError> {
    let height = columns.first().map_or(0, |(_, c)| match c {
        Typed::Text(values) => values.len(),
        Typed::Int(values) => values.len(),
    });
    let series = |(name, column): (&str, Typed)| -> Column {
        match column {
            Typed::Text(values) => Series::new(name.into(), values).into(),
            Typed::Int(values) => Series::new(name.into(), values).into(),
        }
    };
    let mut frame = DataFrame::new(height, columns.into_iter().map(series).collect()).map_err(engine("parquet"))?;
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes).with_compression(ParquetCompression::Zstd(None)).finish(&mut frame).map_err(engine("parquet"))?;
    Ok(bytes)
}
