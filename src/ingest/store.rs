//! The event store: Parquet part files in Hive folders, written with arrow, one file per batch and day. An organisation
//! has hundreds of accounts: a folder for each would make tens of thousands of files of a few rows (docs/decisions/0012). Rows
//! are sorted by account, so that readers of one account skip the rest.
//!
//! Text is written as plain UTF-8, never as an Arrow dictionary (`docs/decisions/0002-parquet-handshake.md`).
//! Equal rows give equal bytes: rows are sorted and the files carry no time.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;
use std::sync::Arc;

use arrow_array::{Array as _, ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use super::{IngestError, Ledger};
use crate::event::{ActionRow, Cell, ChangeRow, EventRow, Kind, Row};

fn state_error(path: &Path, problem: impl std::fmt::Display) -> IngestError {
    IngestError::State { path: path.to_path_buf(), problem: problem.to_string() }
}

fn schema<R: Row>() -> Arc<Schema> {
    let fields: Vec<Field> = R::COLUMNS
        .iter()
        .map(|c| {
            let kind = match c.kind {
                Kind::Text => DataType::Utf8,
                Kind::BigInt => DataType::Int64,
                Kind::Boolean => DataType::Boolean,
            };
            Field::new(c.name, kind, true)
        })
        .collect();
    Arc::new(Schema::new(fields))
}

fn columns<R: Row>(rows: &[R]) -> Vec<ArrayRef> {
    R::COLUMNS
        .iter()
        .enumerate()
        .map(|(at, column)| -> ArrayRef {
            match column.kind {
                Kind::Text => Arc::new(rows.iter().map(|r| if let Some(Cell::Text(t)) = r.cell(at) { t } else { None }).collect::<StringArray>()),
                Kind::BigInt => Arc::new(rows.iter().map(|r| if let Some(Cell::BigInt(i)) = r.cell(at) { i } else { None }).collect::<Int64Array>()),
                Kind::Boolean => Arc::new(rows.iter().map(|r| if let Some(Cell::Boolean(b)) = r.cell(at) { b } else { None }).collect::<BooleanArray>()),
            }
        })
        .collect()
}

fn text_of<'r, R: Row>(row: &'r R, name: &str) -> Option<&'r str> {
    let at = R::COLUMNS.iter().position(|c| c.name == name)?;
    match row.cell(at)? {
        Cell::Text(text) => text,
        _ => None,
    }
}

/// Writes the rows of a batch; gives the part files relative to the state folder.
///
/// # Errors
/// [`IngestError::State`] naming the file.
pub fn write<R: Row + Ord>(state: &Path, batch: &str, rows: Vec<R>) -> Result<Vec<String>, IngestError> {
    let mut folders: BTreeMap<String, Vec<R>> = BTreeMap::new();
    for row in rows {
        let folder = format!("{}/date={}", R::TABLE, text_of(&row, "date").unwrap_or("unknown"));
        folders.entry(folder).or_default().push(row);
    }
    let schema = schema::<R>();
    let mut parts = Vec::new();
    for (folder, mut rows) in folders {
        rows.sort_by(|a, b| text_of(a, "account").cmp(&text_of(b, "account")).then_with(|| a.cmp(b)));
        let part = format!("{folder}/part-{batch}.parquet");
        let path = state.join(&part);
        let bytes = parquet_bytes(&schema, &rows).map_err(|e| state_error(&path, e))?;
        std::fs::create_dir_all(state.join(&folder)).map_err(|e| state_error(&path, e))?;
        super::ledger::write_atomically(&path, &bytes).map_err(|e| state_error(&path, e))?;
        parts.push(part);
    }
    Ok(parts)
}

fn parquet_bytes<R: Row>(schema: &Arc<Schema>, rows: &[R]) -> Result<Vec<u8>, parquet::errors::ParquetError> {
    let batch = RecordBatch::try_new(schema.clone(), columns(rows))?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
        .set_created_by("trailtrim".to_owned())
        .build();
    let mut writer = ArrowWriter::try_new(Vec::new(), schema.clone(), Some(properties))?;
    writer.write(&batch)?;
    writer.into_inner()
}

/// The ids of stored events of some days.
///
/// # Errors
/// [`IngestError::State`] naming the part file.
pub fn event_ids(state: &Path, ledger: &Ledger, dates: &BTreeSet<String>) -> Result<HashSet<String>, IngestError> {
    let mut ids = HashSet::new();
    for part in ledger.parts(EventRow::TABLE) {
        let date = part.split('/').find_map(|p| p.strip_prefix("date=")).unwrap_or("");
        if !dates.contains(date) {
            continue;
        }
        let path = state.join(&part);
        let read = || -> Result<Vec<RecordBatch>, Box<dyn std::error::Error>> {
            let builder = ParquetRecordBatchReaderBuilder::try_new(std::fs::File::open(&path)?)?;
            let mask = ProjectionMask::columns(builder.parquet_schema(), ["event_id"]);
            Ok(builder.with_projection(mask).build()?.collect::<Result<Vec<_>, _>>()?)
        };
        for batch in read().map_err(|e| state_error(&path, e))? {
            if let Some(column) = batch.columns().first().and_then(|c| c.as_any().downcast_ref::<StringArray>()) {
                ids.extend(column.iter().flatten().map(str::to_owned));
            }
        }
    }
    Ok(ids)
}

/// Removes part files that no ledger entry names: what a killed run left.
///
/// # Errors
/// [`IngestError::State`] naming the file.
pub fn sweep(state: &Path, ledger: &Ledger) -> Result<(), IngestError> {
    for table in [EventRow::TABLE, ActionRow::TABLE, ChangeRow::TABLE] {
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
