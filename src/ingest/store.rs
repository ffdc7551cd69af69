//! The event store: Parquet part files in Hive folders, one file per batch and day. An organisation
//! has hundreds of accounts: a folder for each would make tens of thousands of files of a few rows (docs/decisions/0012). Rows
//! are sorted by account, so that readers of one account skip the rest.
//!
//! Text is plain UTF-8 to readers, never an Arrow dictionary (`docs/decisions/0002-parquet-handshake.md`).
//! Equal rows give equal bytes: rows are sorted and the files carry no time.

mod column;
mod delta;
mod hybrid;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use arrow_array::{Array as _, StringArray};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{ConvertedType, LogicalType, Repetition, Type as PhysicalType};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;

use super::batch::Batch;
use super::columns::{Columns, Texts, UNIQUE};
use super::integrity::{Part, Sum};
use super::{IngestError, Ledger};
use crate::event::{ActionRow, ChangeRow, EventRow, Kind, Row};
use column::{ColumnWriter, Wanted};

/// Bytes of a packed row, about: more than one table needs.
const ROW_BYTES: usize = 96;

/// Columns by which readers skip what they do not need.
const SOUGHT: &[&str] = &["account", "event_time_ms"];

fn state_error(path: &Path, problem: impl std::fmt::Display) -> IngestError {
    IngestError::State { path: path.to_path_buf(), problem: problem.to_string() }
}

/// The columns in Parquet's words; every one may be NULL.
fn schema<R: Row>() -> Result<Arc<Type>, ParquetError> {
    let field = |(name, kind): (&str, Kind)| {
        let column = |of| Type::primitive_type_builder(name, of).with_repetition(Repetition::OPTIONAL);
        let column = match kind {
            Kind::Text => column(PhysicalType::BYTE_ARRAY).with_logical_type(Some(LogicalType::String)).with_converted_type(ConvertedType::UTF8),
            Kind::BigInt => column(PhysicalType::INT64),
            Kind::Boolean => column(PhysicalType::BOOLEAN),
        };
        column.build().map(Arc::new)
    };
    let fields = R::COLUMNS.iter().map(|c| field((c.name, c.kind))).collect::<Result<_, _>>()?;
    Ok(Arc::new(Type::group_type_builder(R::TABLE).with_fields(fields).build()?))
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

fn write_table<R: Row>(state: &Path, id: &str, day: &str, table: &Columns, rows: &[usize], columns: &mut ColumnWriter<'_>) -> Result<Part, IngestError> {
    let folder = format!("{}/date={day}", R::TABLE);
    let part = format!("{folder}/part-{id}.parquet");
    let path = state.join(&part);
    let mut bytes = || -> Result<Vec<u8>, ParquetError> {
        let properties = WriterProperties::builder().set_offset_index_disabled(true).set_created_by("trailtrim".to_owned()).build();
        let mut writer = SerializedFileWriter::new(Vec::with_capacity(rows.len() * ROW_BYTES), schema::<R>()?, Arc::new(properties))?;
        let descriptions = writer.schema_descr().columns().to_vec();
        let mut group = writer.next_row_group()?;
        for ((of, column), description) in R::COLUMNS.iter().zip(table.columns()).zip(&descriptions) {
            let wanted = Wanted { is_unique: UNIQUE.contains(&of.name), has_bounds: SOUGHT.contains(&of.name) };
            let (bytes, close) = columns.write(description, column, rows, wanted)?;
            group.append_column(&bytes, close)?;
        }
        group.close()?;
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
    let no_memory = |e: ParquetError| state_error(state, e);
    let mut all_texts = ColumnWriter::new(&batch.texts).map_err(no_memory)?;
    for (day, events) in by_day(&batch.events, batch.kept(), &batch.texts) {
        parts.push(write_table::<EventRow>(state, id, &day, &batch.events, &events, &mut all_texts)?);
        let actions: Vec<usize> = events.iter().flat_map(|row| batch.actions_of(*row)).collect();
        if !actions.is_empty() {
            parts.push(write_table::<ActionRow>(state, id, &day, &batch.actions, &actions, &mut all_texts)?);
        }
        let (mut changes, mut texts) = (Columns::of::<ChangeRow>(), Texts::default());
        for change in events.iter().filter_map(|row| batch.change_of(*row)) {
            changes.push(change, &mut texts);
        }
        if !changes.is_empty() {
            let rows: Vec<usize> = (0..changes.len()).collect();
            parts.push(write_table::<ChangeRow>(state, id, &day, &changes, &rows, &mut ColumnWriter::new(&texts).map_err(no_memory)?)?);
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

#[cfg(test)]
mod tests {
    use arrow_array::{BooleanArray, Int64Array};
    use proptest::prelude::*;

    use super::*;
    use crate::ingest::columns::Value;

    /// What a part file says, row by row.
    fn read(path: &Path) -> Vec<Vec<Value>> {
        let mut rows = Vec::new();
        for batch in ParquetRecordBatchReaderBuilder::try_new(std::fs::File::open(path).unwrap()).unwrap().build().unwrap() {
            let batch = batch.unwrap();
            let value = |column: &arrow_array::ArrayRef, row: usize| {
                if let Some(texts) = column.as_any().downcast_ref::<StringArray>() {
                    Value::Text(texts.is_valid(row).then(|| texts.value(row).to_owned()))
                } else if let Some(ints) = column.as_any().downcast_ref::<Int64Array>() {
                    Value::Int(ints.is_valid(row).then(|| ints.value(row)))
                } else {
                    let bools = column.as_any().downcast_ref::<BooleanArray>().unwrap();
                    Value::Bool(bools.is_valid(row).then(|| bools.value(row)))
                }
            };
            rows.extend((0..batch.num_rows()).map(|row| batch.columns().iter().map(|column| value(column, row)).collect::<Vec<_>>()));
        }
        rows
    }

    fn written(columns: &Columns, texts: &Texts, rows: &[usize]) -> Vec<Vec<Value>> {
        let folder = tempfile::tempdir().unwrap();
        let part = write_table::<EventRow>(folder.path(), "x", "2026-10-01", columns, rows, &mut ColumnWriter::new(texts).unwrap()).unwrap();
        read(&folder.path().join(part.path))
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.min(32), ..ProptestConfig::default() })]

        #[test]
        fn rows_are_read_as_they_were_written(
            kinds in proptest::collection::vec((any::<Option<i64>>(), 0u16..2000, any::<Option<bool>>(), proptest::option::of("[a-c\u{0}é]{0,3}")), 1..20),
            count in 0usize..600, step in 1usize..7,
        ) {
            let (mut columns, mut texts) = (Columns::of::<EventRow>(), Texts::default());
            for n in 0..count {
                let (int, small, bool, text) = &kinds[n * step % kinds.len()];
                columns.push(&EventRow {
                    event_time_ms: *int,
                    event_id: Some(format!("id {n}")),
                    account: text.clone(),
                    event_name: Some(format!("name {}", usize::from(*small) * n % 300)),
                    user_agent: text.clone().filter(|_| n % 3 == 0),
                    request_id: text.clone(),
                    read_only: *bool,
                    record_index: Some(i64::try_from(n).unwrap()),
                    ..EventRow::default()
                }, &mut texts);
            }
            let rows: Vec<usize> = (0..count).rev().filter(|n| n % step != 1).collect();
            let expected: Vec<Vec<Value>> = rows.iter().map(|row| columns.row(*row, &texts)).collect();
            prop_assert_eq!(written(&columns, &texts, &rows), expected);
        }
    }

    #[test]
    fn large_columns_have_several_pages() {
        let (mut columns, mut texts) = (Columns::of::<EventRow>(), Texts::default());
        let long = "x".repeat(3 << 20);
        for n in 0..150_000i64 {
            let text = (n % 50_000 == 7).then(|| format!("{long}{n}"));
            columns.push(&EventRow { event_time_ms: Some(n * n % 1_000_003), event_id: Some(format!("{n:036}")), error_message: text, read_only: Some(n % 7 == 0), ..EventRow::default() }, &mut texts);
        }
        let rows: Vec<usize> = (0..150_000).collect();
        for (row, read) in written(&columns, &texts, &rows).iter().enumerate() {
            assert_eq!(*read, columns.row(row, &texts), "{row}");
        }
    }
}
