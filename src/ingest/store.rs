//! The event store: Parquet part files in Hive folders, written with arrow, one file per batch and day. An organisation
//! has hundreds of accounts: a folder for each would make tens of thousands of files of a few rows (docs/decisions/0012). Rows
//! are sorted by account, so that readers of one account skip the rest.
//!
//! Text is written as plain UTF-8, never as an Arrow dictionary (`docs/decisions/0002-parquet-handshake.md`).
//! Equal rows give equal bytes: rows are sorted and the files carry no time.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use arrow_array::types::UInt32Type;
use arrow_array::{Array as _, ArrayRef, BooleanArray, DictionaryArray, Int64Array, RecordBatch, StringArray, UInt32Array};
use arrow_schema::{ArrowError, DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use super::batch::Batch;
use super::columns::{Column, Columns, Texts, UNIQUE};
use super::integrity::{Part, Sum};
use super::{IngestError, Ledger};
use crate::event::{ActionRow, ChangeRow, EventRow, Kind, Row};

/// Columns by which readers skip what they do not need.
const SOUGHT: &[&str] = &["account", "event_time_ms"];

fn state_error(path: &Path, problem: impl std::fmt::Display) -> IngestError {
    IngestError::State { path: path.to_path_buf(), problem: problem.to_string() }
}

/// The columns as they are handed to the writer: texts as numbers of the batch's texts, which spares copying them. In the file they
/// are plain text: the Arrow schema, which would tell readers otherwise, is not written.
fn schema<R: Row>() -> Arc<Schema> {
    let fields: Vec<Field> = R::COLUMNS
        .iter()
        .map(|c| {
            let kind = match c.kind {
                Kind::Text => DataType::Dictionary(Box::new(DataType::UInt32), Box::new(DataType::Utf8)),
                Kind::BigInt => DataType::Int64,
                Kind::Boolean => DataType::Boolean,
            };
            Field::new(c.name, kind, true)
        })
        .collect();
    Arc::new(Schema::new(fields))
}

fn properties<R: Row>() -> Result<WriterProperties, parquet::errors::ParquetError> {
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .set_statistics_enabled(EnabledStatistics::None)
        .set_created_by("trailtrim".to_owned());
    for column in R::COLUMNS {
        let path = ColumnPath::from(column.name);
        if SOUGHT.contains(&column.name) {
            properties = properties.set_column_statistics_enabled(path.clone(), EnabledStatistics::Chunk);
        }
        if UNIQUE.contains(&column.name) || column.kind == Kind::BigInt {
            properties = properties.set_column_dictionary_enabled(path.clone(), false);
        }
        if column.kind == Kind::BigInt {
            properties = properties.set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
        }
    }
    Ok(properties.build())
}

/// Rank of the account, time, id and row of an event.
type Place<'t> = (usize, Option<i64>, &'t str, usize);

/// The rows of some events by day, those of a day in order of account, time and event.
fn by_day(table: &Columns, rows: impl Iterator<Item = usize>, texts: &Texts) -> BTreeMap<String, Vec<usize>> {
    let (dates, accounts) = (table.numbers("date"), table.numbers("account"));
    let (ids, times) = (table.numbers("event_id"), table.ints("event_time_ms"));
    let number = |numbers: &[u32], row: usize| numbers.get(row).copied().unwrap_or_default();
    let mut known: Vec<u32> = accounts.to_vec();
    known.sort_unstable();
    known.dedup();
    known.sort_by_key(|n| texts.get(*n));
    let rank: HashMap<u32, usize> = known.into_iter().enumerate().map(|(rank, n)| (n, rank)).collect();
    let mut days: HashMap<u32, Vec<Place<'_>>> = HashMap::new();
    for row in rows {
        let key = (rank.get(&number(accounts, row)).copied().unwrap_or_default(), times.get(row).copied().flatten(), texts.get(number(ids, row)).unwrap_or(""), row);
        days.entry(number(dates, row)).or_default().push(key);
    }
    let sorted = |(day, mut keys): (u32, Vec<Place<'_>>)| {
        keys.sort_unstable();
        (texts.get(day).unwrap_or("unknown").to_owned(), keys.into_iter().map(|(_, _, _, row)| row).collect())
    };
    days.into_iter().map(sorted).collect()
}

fn array(column: &Column, rows: &[usize], texts: &StringArray) -> Result<ArrayRef, ArrowError> {
    Ok(match column {
        Column::Texts(numbers) => {
            let keys: UInt32Array = rows.iter().map(|r| numbers.get(*r).and_then(|n| n.checked_sub(1))).collect();
            Arc::new(DictionaryArray::<UInt32Type>::try_new(keys, Arc::new(texts.clone()))?)
        }
        Column::Ints(ints) => Arc::new(rows.iter().map(|r| ints.get(*r).copied().flatten()).collect::<Int64Array>()),
        Column::Bools(bools) => Arc::new(rows.iter().map(|r| bools.get(*r).copied().flatten()).collect::<BooleanArray>()),
    })
}

fn write_table<R: Row>(state: &Path, id: &str, day: &str, table: &Columns, rows: &[usize], texts: &StringArray) -> Result<Part, IngestError> {
    let schema = schema::<R>();
    let folder = format!("{}/date={day}", R::TABLE);
    let part = format!("{folder}/part-{id}.parquet");
    let path = state.join(&part);
    let bytes = || -> Result<Vec<u8>, parquet::errors::ParquetError> {
        let options = ArrowWriterOptions::new().with_properties(properties::<R>()?).with_skip_arrow_metadata(true);
        let mut writer = ArrowWriter::try_new_with_options(Vec::new(), schema.clone(), options)?;
        let columns = table.columns().iter().map(|c| array(c, rows, texts)).collect::<Result<_, _>>()?;
        writer.write(&RecordBatch::try_new(schema.clone(), columns)?)?;
        writer.into_inner()
    };
    let bytes = bytes().map_err(|e| state_error(&path, e))?;
    super::ledger::write_atomically(&path, &bytes).map_err(|e| state_error(&path, e))?;
    Ok(Part { path: part, sum: Sum::of(&bytes) })
}

/// Writes the rows of a batch that are kept; gives the part files relative to the state folder. Actions and changes stand in the
/// order of their events.
///
/// # Errors
/// [`IngestError::State`] naming the file.
pub fn write(state: &Path, id: &str, batch: &Batch) -> Result<Vec<Part>, IngestError> {
    let mut parts = Vec::new();
    let all_texts = StringArray::from_iter_values(batch.texts.iter());
    for (day, events) in by_day(&batch.events, batch.kept(), &batch.texts) {
        parts.push(write_table::<EventRow>(state, id, &day, &batch.events, &events, &all_texts)?);
        let actions: Vec<usize> = events.iter().flat_map(|row| batch.actions_of(*row)).collect();
        if !actions.is_empty() {
            parts.push(write_table::<ActionRow>(state, id, &day, &batch.actions, &actions, &all_texts)?);
        }
        let (mut changes, mut texts) = (Columns::of::<ChangeRow>(), Texts::default());
        for change in events.iter().filter_map(|row| batch.change_of(*row)) {
            changes.push(change, &mut texts);
        }
        if !changes.is_empty() {
            let rows: Vec<usize> = (0..changes.len()).collect();
            parts.push(write_table::<ChangeRow>(state, id, &day, &changes, &rows, &StringArray::from_iter_values(texts.iter()))?);
        }
    }
    Ok(parts)
}

/// Hands out the ids of the events in some part files.
///
/// # Errors
/// [`IngestError::State`] naming the part file.
pub fn event_ids<'p>(state: &Path, parts: impl IntoIterator<Item = &'p String>, mut take: impl FnMut(&str)) -> Result<(), IngestError> {
    for part in parts {
        let path = state.join(part);
        let mut read = || -> Result<(), Box<dyn std::error::Error>> {
            let builder = ParquetRecordBatchReaderBuilder::try_new(std::fs::File::open(&path)?)?;
            let mask = ProjectionMask::columns(builder.parquet_schema(), ["event_id"]);
            for batch in builder.with_projection(mask).build()? {
                let batch = batch?;
                if let Some(column) = batch.columns().first().and_then(|c| c.as_any().downcast_ref::<StringArray>()) {
                    column.iter().flatten().for_each(&mut take);
                }
            }
            Ok(())
        };
        read().map_err(|e| state_error(&path, e))?;
    }
    Ok(())
}

/// The day of a part file.
#[must_use]
pub fn day_of(part: &str) -> &str {
    part.split('/').find_map(|p| p.strip_prefix("date=")).unwrap_or("")
}

/// Removes part files that no ledger entry names: what a killed run left.
///
/// # Errors
/// [`IngestError::State`] naming the file.
pub fn sweep(state: &Path, ledger: &Ledger) -> Result<(), IngestError> {
    for table in [EventRow::<String>::TABLE, ActionRow::<String>::TABLE, ChangeRow::<String>::TABLE] {
        let named: HashSet<String> = ledger.parts(table).into_iter().collect();
        let root = state.join(table);
        if !root.exists() {
            continue;
        }
        for entry in walkdir::WalkDir::new(&root) {
            let entry = entry.map_err(|e| state_error(&root, e))?;
            if !entry.file_type().is_file() {
                continue;
            }
            let name = entry.path().strip_prefix(state).unwrap_or(entry.path()).to_string_lossy().into_owned();
            if !named.contains(&name) {
                std::fs::remove_file(entry.path()).map_err(|e| state_error(entry.path(), e))?;
            }
        }
    }
    Ok(())
}
