//! Results of CloudTrail Lake queries: `get-query-results` as JSON, and the CSV files of a saved query.
//!
//! A column `eventjson` holds the record itself. Other columns are put together to a record, as far as they tell: structs
//! are texts of their own kind (`struct_text`), and what cannot be read of them in one way only is left out. Sources:
//! CloudTrail API reference, "GetQueryResults"; CloudTrail User Guide, "Find and download your saved query results";
//! inputs-and-evaluation.md section 3.3.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::json::{Scanner, list, text};
use super::struct_text::{IDENTITY, NOT_THERE, RESOURCE, TLS, plain_map, structure, structures};
use super::{Carrier, Found, NotTaken, Reject};

/// Columns with the fields that they become; the other ones are structs, or tell nothing of a call.
const PLAIN: &[(&str, &str)] = &[
    ("apiversion", "apiVersion"),
    ("awsregion", "awsRegion"),
    ("errorcode", "errorCode"),
    ("errormessage", "errorMessage"),
    ("eventcategory", "eventCategory"),
    ("eventid", "eventID"),
    ("eventname", "eventName"),
    ("eventsource", "eventSource"),
    ("eventtime", "eventTime"),
    ("eventtype", "eventType"),
    ("eventversion", "eventVersion"),
    ("managementevent", "managementEvent"),
    ("readonly", "readOnly"),
    ("recipientaccountid", "recipientAccountId"),
    ("requestid", "requestID"),
    ("sharedeventid", "sharedEventID"),
    ("sourceipaddress", "sourceIPAddress"),
    ("useragent", "userAgent"),
    ("vpcendpointaccountid", "vpcEndpointAccountId"),
    ("vpcendpointid", "vpcEndpointId"),
];

/// What a record needs at least.
const NEEDED: [&str; 3] = ["eventname", "eventsource", "eventtime"];

fn told(cell: &str) -> bool {
    !matches!(cell.trim(), "" | "null" | NOT_THERE)
}

/// A value that is JSON, or a struct's text; `None` when it is neither, or ambiguous.
fn read(cell: &str, struct_of: impl Fn(&str) -> Option<Value>) -> Option<Value> {
    let is_json = |v: &Value| v.is_object() || v.is_array();
    serde_json::from_str(cell).ok().filter(is_json).or_else(|| struct_of(cell))
}

/// The record of a row.
fn record(row: &BTreeMap<String, String>) -> Result<String, Reject> {
    if let Some(json) = row.get("eventjson") {
        return if told(json) { Ok(json.clone()) } else { Err(("eventjson", "missing".to_owned())) };
    }
    let mut out = Map::new();
    for (column, name) in PLAIN {
        if let Some(cell) = row.get(*column).filter(|c| told(c)) {
            out.insert((*name).to_owned(), Value::String(cell.clone()));
        }
    }
    // Who called must be read or known not to be there: a call without its caller looks like one of nobody.
    if let Some(cell) = row.get("useridentity").filter(|c| told(c)) {
        let read = read(cell, |c| structure(c, IDENTITY)).ok_or_else(|| ("useridentity", "a struct that cannot be read in one way only".to_owned()))?;
        out.insert("userIdentity".to_owned(), read);
    }
    for (column, name) in [("requestparameters", "requestParameters"), ("responseelements", "responseElements")] {
        if let Some(read) = row.get(column).filter(|c| told(c)).and_then(|c| read(c, plain_map)) {
            out.insert(name.to_owned(), read);
        }
    }
    if let Some(read) = row.get("resources").filter(|c| told(c)).and_then(|c| read(c, |c| structures(c, RESOURCE))) {
        out.insert("resources".to_owned(), read);
    }
    if let Some(read) = row.get("tlsdetails").filter(|c| told(c)).and_then(|c| read(c, |c| structure(c, TLS))) {
        out.insert("tlsDetails".to_owned(), read);
    }
    Ok(Value::Object(out).to_string())
}

/// The rows of `QueryResultRows`: lists of objects with one column each.
///
/// # Errors
/// [`NotTaken`] when they are no such lists, or their columns tell no events.
pub fn rows<'f>(value: &'f [u8], found: &mut Found<'f>) -> Result<(), NotTaken> {
    let Some(rows) = list(value) else { return Err(NotTaken::Damaged("QueryResultRows is no list".to_owned())) };
    let read: Vec<Option<BTreeMap<String, String>>> = rows.iter().map(|r| columns(r)).collect();
    let is_of_events = |row: &BTreeMap<String, String>| row.contains_key("eventjson") || NEEDED.iter().all(|c| row.contains_key(*c));
    if !rows.is_empty() && !read.iter().flatten().any(is_of_events) {
        return Err(NotTaken::NoLog("query results without events: ask for the column eventjson".to_owned()));
    }
    found.seen(Carrier::Lake);
    for row in read {
        match row {
            Some(row) => found.give(record(&row), Carrier::Lake),
            None => found.reject("QueryResultRows", "a row that is no list of columns"),
        }
    }
    Ok(())
}

fn columns(row: &[u8]) -> Option<BTreeMap<String, String>> {
    let mut out = BTreeMap::new();
    for part in list(row)? {
        Scanner::new(part)
            .fields(|name, scanner| {
                let value = scanner.value()?;
                // A cell of a wrong kind is not told; one that is told twice keeps its first value.
                if let (Ok(name), Some(cell)) = (std::str::from_utf8(name), text(value)) {
                    out.entry(name.to_ascii_lowercase()).or_insert(cell);
                }
                Ok(())
            })
            .ok()?;
    }
    Some(out)
}

/// A CSV file of query results; `None` when the first line names no columns of events.
pub fn csv<'f>(bytes: &'f [u8], found: &mut Found<'f>) -> Option<Result<(), NotTaken>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
    let mut header = csv::ByteRecord::new();
    let first = bytes.get(..16_384.min(bytes.len()))?;
    if !super::json::contains(&first.to_ascii_lowercase(), "event") || !reader.read_byte_record(&mut header).ok()? {
        return None;
    }
    let names: Vec<String> = header.iter().map(|c| String::from_utf8_lossy(c).trim().to_ascii_lowercase()).collect();
    let has = |name: &str| names.iter().any(|n| n == name);
    if !has("eventjson") && !NEEDED.iter().all(|n| has(n)) {
        return None;
    }
    found.seen(Carrier::LakeCsv);
    let mut cells = csv::ByteRecord::new();
    loop {
        match reader.read_byte_record(&mut cells) {
            Ok(false) => return Some(Ok(())),
            Ok(true) if cells.len() != names.len() => {
                found.reject("", format!("a row of {} cells under {} columns", cells.len(), names.len()));
            }
            Ok(true) => match cells.iter().map(std::str::from_utf8).collect::<Result<Vec<&str>, _>>() {
                Err(_) => found.reject("", "not UTF-8 in a row"),
                Ok(texts) => {
                    let row = names.iter().cloned().zip(texts.into_iter().map(str::to_owned)).collect();
                    found.give(record(&row), Carrier::LakeCsv);
                }
            },
            Err(e) => return Some(Err(NotTaken::Damaged(format!("damaged CSV: {e}")))),
        }
    }
}
