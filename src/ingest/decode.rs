//! From a file's text to the texts of its records, whatever the carrier: CloudTrail's `Records`, a list, JSON
//! Lines, a single record, an EventBridge envelope, `lookup-events` output.
//!
//! A file is taken whole or not at all: a cut gzip stream or a document that breaks off is one rejection, so
//! that the complete file, when it comes, is not half known already.

use serde::Deserialize;
use serde_json::value::RawValue;

/// Why a record or file is rejected: field, reason.
pub type Reject = (&'static str, String);

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, rename = "Records")]
    records: Option<&'a RawValue>,
    #[serde(borrow, rename = "Events")]
    events: Option<&'a RawValue>,
    #[serde(borrow)]
    detail: Option<&'a RawValue>,
    #[serde(borrow, rename = "eventName")]
    event_name: Option<&'a RawValue>,
    #[serde(borrow, rename = "eventSource")]
    event_source: Option<&'a RawValue>,
    #[serde(borrow, rename = "eventTime")]
    event_time: Option<&'a RawValue>,
    #[serde(borrow, rename = "userIdentity")]
    user_identity: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct LookupEvent {
    #[serde(rename = "CloudTrailEvent")]
    event: Option<String>,
}

type Records = Vec<Result<String, Reject>>;

fn raw_list(raw: &RawValue) -> Result<Records, String> {
    let list: Vec<&RawValue> = serde_json::from_str(raw.get()).map_err(|e| format!("not a list of records: {e}"))?;
    Ok(list.into_iter().map(|r| Ok(r.get().to_owned())).collect())
}

/// The records of one JSON document; `None` when it is JSON but nothing we know.
fn of_document(json: &str) -> Result<Option<Records>, String> {
    let trimmed = json.trim_start();
    if trimmed.starts_with('[') {
        let list: Vec<&RawValue> = serde_json::from_str(json).map_err(|e| format!("not JSON: {e}"))?;
        let mut out = Vec::new();
        for item in list {
            match of_document(item.get())? {
                Some(records) => out.extend(records),
                None => out.push(Ok(item.get().to_owned())),
            }
        }
        return Ok(Some(out));
    }
    let envelope: Envelope<'_> = serde_json::from_str(json).map_err(|e| format!("not JSON: {e}"))?;
    if let Some(records) = envelope.records {
        return raw_list(records).map(Some);
    }
    if let Some(events) = envelope.events {
        let list: Vec<LookupEvent> = serde_json::from_str(events.get()).map_err(|e| format!("not lookup-events output: {e}"))?;
        return Ok(Some(
            list.into_iter().map(|e| e.event.ok_or(("CloudTrailEvent", "missing".to_owned()))).collect(),
        ));
    }
    let is_record = envelope.event_name.is_some() || envelope.event_source.is_some();
    match envelope.detail {
        Some(detail) if !is_record => Ok(Some(vec![Ok(detail.get().to_owned())])),
        _ if is_record || envelope.event_time.is_some() || envelope.user_identity.is_some() => Ok(Some(vec![Ok(json.to_owned())])),
        _ => Ok(None),
    }
}

/// The records of a file.
///
/// # Errors
/// The reason for the rejection of the whole file.
pub fn records(text: &str) -> Result<Records, String> {
    if text.trim().is_empty() {
        return Err("empty file".to_owned());
    }
    if serde_json::from_str::<&RawValue>(text).is_ok() {
        return match of_document(text) {
            Ok(Some(records)) => Ok(records),
            Ok(None) => Err("JSON, but not a CloudTrail log".to_owned()),
            Err(reason) => Err(reason),
        };
    }
    let lines: Vec<&str> = text.lines().filter(|l| !l.trim().is_empty()).collect();
    let first_is_json = lines.first().is_some_and(|l| l.trim_start().starts_with('{') && serde_json::from_str::<&RawValue>(l).is_ok());
    if !first_is_json {
        let error = serde_json::from_str::<&RawValue>(text).err().map(|e| e.to_string()).unwrap_or_default();
        return Err(format!("not JSON: {error}"));
    }
    let mut out: Records = Vec::new();
    for line in lines {
        match of_document(line) {
            Ok(Some(records)) => out.extend(records),
            Ok(None) => out.push(Err(("", "JSON, but not a CloudTrail record".to_owned()))),
            Err(reason) => out.push(Err(("", reason))),
        }
    }
    Ok(out)
}
