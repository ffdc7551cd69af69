//! Security Lake's Parquet files: rows of nested columns, read by name, each an OCSF event.
//!
//! Only the columns that a record is made of are decoded. Which of them there are, and as what type, differs between editions
//! and accounts; a column that is not there is not told. Source: Security Lake User Guide, "Open Cybersecurity Schema
//! Framework (OCSF)"; inputs-and-evaluation.md section 3.3.

use std::panic::{AssertUnwindSafe, catch_unwind};

use arrow_array::cast::AsArray as _;
use arrow_array::types::{Int8Type, Int16Type, Int32Type, Int64Type, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt32Type, UInt64Type};
use arrow_array::{Array, RecordBatch};
use arrow_schema::{DataType, TimeUnit};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Map, Value};

use super::{Carried, Carrier, Found, NotTaken, ocsf};

/// Columns that a record is made of.
const COLUMNS: &[&str] = &["time", "time_dt", "class_uid", "metadata", "api", "actor", "user", "src_endpoint", "cloud", "http_request", "resources", "unmapped"];

/// Structs may lie in structs this deep.
const MAX_DEPTH: u32 = 16;

fn damaged(why: impl std::fmt::Display) -> NotTaken {
    NotTaken::Damaged(format!("damaged Parquet: {why}"))
}

/// The records of a file.
///
/// # Errors
/// [`NotTaken`] when it cannot be read, or its columns are not OCSF's.
pub fn carried<'f>(bytes: &[u8]) -> Result<Carried<'f>, NotTaken> {
    // The decoders of Parquet and Arrow are known to panic on some damaged files; such a file must not end the run.
    let batches = catch_unwind(AssertUnwindSafe(|| batches(bytes))).unwrap_or_else(|_| Err(damaged("the decoder gave up")))?;
    let mut found = Found::default();
    for batch in batches {
        for row in 0..batch.num_rows() {
            found.give(ocsf::record(&event(&batch, row)), Carrier::SecurityLake);
        }
    }
    found.seen(Carrier::SecurityLake);
    Ok(found.finish())
}

fn batches(bytes: &[u8]) -> Result<Vec<RecordBatch>, NotTaken> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::copy_from_slice(bytes)).map_err(damaged)?;
    let names: Vec<String> = builder.schema().fields().iter().map(|f| f.name().clone()).collect();
    if !names.iter().any(|n| n == "class_uid") {
        return Err(NotTaken::NoLog("Parquet without class_uid: not of Security Lake".to_owned()));
    }
    let wanted = names.iter().enumerate().filter(|(_, n)| COLUMNS.contains(&n.as_str())).map(|(at, _)| at);
    let mask = ProjectionMask::roots(builder.parquet_schema(), wanted);
    builder.with_projection(mask).build().map_err(damaged)?.collect::<Result<_, _>>().map_err(damaged)
}

fn event(batch: &RecordBatch, row: usize) -> Value {
    let schema = batch.schema();
    let fields = schema.fields().iter().zip(batch.columns());
    let read: Map<String, Value> = fields.map(|(field, column)| (field.name().clone(), value(column.as_ref(), row, 0))).collect();
    Value::Object(read)
}

/// Epoch ms; a time of another unit is brought to it.
fn time(array: &dyn Array, row: usize, unit: TimeUnit) -> Value {
    let ms = match unit {
        TimeUnit::Second => array.as_primitive::<TimestampSecondType>().value(row).checked_mul(1000),
        TimeUnit::Millisecond => Some(array.as_primitive::<TimestampMillisecondType>().value(row)),
        TimeUnit::Microsecond => Some(array.as_primitive::<TimestampMicrosecondType>().value(row).div_euclid(1000)),
        TimeUnit::Nanosecond => Some(array.as_primitive::<TimestampNanosecondType>().value(row).div_euclid(1_000_000)),
    };
    ms.and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok()).map_or(Value::Null, |at| Value::String(at.to_string()))
}

fn list(items: &dyn Array, depth: u32) -> Value {
    (0..items.len()).map(|at| value(items, at, depth + 1)).collect()
}

/// A cell as JSON; types that no column of a record has are not told.
fn value(array: &dyn Array, row: usize, depth: u32) -> Value {
    if array.is_null(row) || depth > MAX_DEPTH {
        return Value::Null;
    }
    match array.data_type() {
        DataType::Utf8 => Value::from(array.as_string::<i32>().value(row)),
        DataType::LargeUtf8 => Value::from(array.as_string::<i64>().value(row)),
        DataType::Utf8View => Value::from(array.as_string_view().value(row)),
        DataType::Boolean => Value::from(array.as_boolean().value(row)),
        DataType::Int8 => Value::from(array.as_primitive::<Int8Type>().value(row)),
        DataType::Int16 => Value::from(array.as_primitive::<Int16Type>().value(row)),
        DataType::Int32 => Value::from(array.as_primitive::<Int32Type>().value(row)),
        DataType::Int64 => Value::from(array.as_primitive::<Int64Type>().value(row)),
        DataType::UInt32 => Value::from(array.as_primitive::<UInt32Type>().value(row)),
        DataType::UInt64 => Value::from(array.as_primitive::<UInt64Type>().value(row)),
        DataType::Timestamp(unit, _) => time(array, row, *unit),
        DataType::Struct(fields) => {
            let columns = fields.iter().zip(array.as_struct().columns());
            Value::Object(columns.map(|(field, column)| (field.name().clone(), value(column.as_ref(), row, depth + 1))).collect())
        }
        DataType::List(_) => list(array.as_list::<i32>().value(row).as_ref(), depth),
        DataType::LargeList(_) => list(array.as_list::<i64>().value(row).as_ref(), depth),
        DataType::Map(_, _) => {
            let entries = array.as_map().value(row);
            let [keys, values] = entries.columns() else { return Value::Null };
            let pair = |at| match value(keys.as_ref(), at, depth + 1) {
                Value::String(name) => Some((name, value(values.as_ref(), at, depth + 1))),
                _ => None,
            };
            Value::Object((0..entries.len()).filter_map(pair).collect())
        }
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::{ArrayRef, Int32Array, StringArray, StructArray, TimestampMicrosecondArray};
    use arrow_schema::{Field, Schema};
    use parquet::arrow::ArrowWriter;
    use parquet::basic::Compression;
    use parquet::file::properties::WriterProperties;
    use std::sync::Arc;

    fn structure(name: &str, inner: ArrayRef) -> ArrayRef {
        Arc::new(StructArray::from(vec![(Arc::new(Field::new(name, inner.data_type().clone(), true)), inner)]))
    }

    fn file(compression: Compression) -> Vec<u8> {
        let text = |t: &str| -> ArrayRef { Arc::new(StringArray::from(vec![Some(t), None])) };
        let api = StructArray::from(vec![
            (Arc::new(Field::new("operation", DataType::Utf8, true)), text("GetUser")),
            (Arc::new(Field::new("service", DataType::Struct(vec![Field::new("name", DataType::Utf8, true)].into()), true)), structure("name", text("iam.amazonaws.com"))),
        ]);
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("class_uid", Arc::new(Int32Array::from(vec![6003, 6003]))),
            ("time_dt", Arc::new(TimestampMicrosecondArray::from(vec![1_790_812_800_123_456, -1]))),
            ("api", Arc::new(api)),
            ("severity", text("x")),
        ];
        let fields: Vec<Field> = columns.iter().map(|(name, a)| Field::new(*name, a.data_type().clone(), true)).collect();
        let schema = Arc::new(Schema::new(fields));
        let batch = RecordBatch::try_new(schema.clone(), columns.into_iter().map(|(_, a)| a).collect()).unwrap();
        let properties = WriterProperties::builder().set_compression(compression).build();
        let mut writer = ArrowWriter::try_new(Vec::new(), schema, Some(properties)).unwrap();
        writer.write(&batch).unwrap();
        writer.into_inner().unwrap()
    }

    #[test]
    fn nested_columns_by_name_whatever_the_compression() {
        for compression in [Compression::UNCOMPRESSED, Compression::SNAPPY, Compression::GZIP(parquet::basic::GzipLevel::default()), Compression::ZSTD(parquet::basic::ZstdLevel::default())] {
            let bytes = file(compression);
            let taken = carried(&bytes).unwrap();
            let records: Vec<Value> = taken.records.iter().map(|r| serde_json::from_str(r.as_ref().unwrap()).unwrap()).collect();
            assert_eq!((taken.carrier, records.len()), (Carrier::SecurityLake, 2));
            assert_eq!((&records[0]["eventName"], &records[0]["eventSource"]), (&Value::from("GetUser"), &Value::from("iam.amazonaws.com")));
            assert_eq!(records[0]["eventTime"], "2026-10-01T00:00:00.123Z");
            assert_eq!((&records[1]["eventName"], &records[1]["eventTime"]), (&Value::Null, &Value::from("1969-12-31T23:59:59.999Z")));
        }
    }

    #[test]
    fn no_damage_ends_the_run() {
        let whole = file(Compression::SNAPPY);
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x55;
            // Taken or not: it comes back.
            let _ = carried(&bytes);
            let cut = carried(&whole[..at]).unwrap_err();
            assert!(matches!(cut, NotTaken::Damaged(_)), "cut at {at}: {cut:?}");
        }
    }
}
