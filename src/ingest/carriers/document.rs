//! JSON documents: records, and what wraps them.

use std::borrow::Cow;

use super::json::{Broken, Scanner, field, list, text};
use super::{Carrier, Found, NotTaken, access_log, lake, ocsf};

/// Lists may stand in lists this deep.
const MAX_DEPTH: u32 = 4;

fn no_log() -> NotTaken {
    NotTaken::NoLog("JSON, but not a CloudTrail log".to_owned())
}

fn broken(why: Broken) -> NotTaken {
    NotTaken::Damaged(why.reason())
}

/// One document, or several one behind the other, as subscriptions to CloudWatch Logs deliver them.
///
/// # Errors
/// [`NotTaken`] when a document breaks off, something else stands behind it, or none is anything that is known; nothing is
/// found then.
pub fn sequence<'f>(bytes: &'f [u8], found: &mut Found<'f>) -> Result<(), NotTaken> {
    let mut scanner = Scanner::new(bytes);
    let (before, carrier) = (found.records.len(), found.carrier);
    let (mut known, mut first_fault) = (false, None);
    let back = |found: &mut Found<'f>, why: NotTaken| {
        found.records.truncate(before);
        found.carrier = carrier;
        Err(why)
    };
    while let Some(next) = scanner.peek() {
        if !matches!(next, b'{' | b'[') {
            let what = if next == 0 { "NUL bytes" } else { "something else" };
            return back(found, NotTaken::Damaged(format!("not JSON: {what} behind the document, at byte {}", scanner.at())));
        }
        match value(&mut scanner, found, 0) {
            Ok(()) => known = true,
            Err(why @ NotTaken::Damaged(_)) => return back(found, why),
            Err(NotTaken::NoLog(why)) => {
                found.reject("", why.clone());
                first_fault.get_or_insert(why);
            }
        }
    }
    match first_fault {
        Some(why) if !known => back(found, NotTaken::NoLog(why)),
        _ => Ok(()),
    }
}

/// What an object has at its first level.
#[derive(Default)]
struct Object<'f> {
    /// Whether there was a list of `Records`; they are taken at once.
    records: bool,
    records_are_no_list: bool,
    events: Option<&'f [u8]>,
    log_events: Option<&'f [u8]>,
    filtered: Option<&'f [u8]>,
    message_type: Option<&'f [u8]>,
    rows: Option<&'f [u8]>,
    detail: Option<&'f [u8]>,
    detail_type: Option<&'f [u8]>,
    is_record: bool,
    may_be_record: bool,
    is_summary: bool,
    is_digest: bool,
    is_access_log: bool,
    is_ocsf: bool,
    is_signature: bool,
}

/// The value that begins here.
fn value<'f>(scanner: &mut Scanner<'f>, found: &mut Found<'f>, depth: u32) -> Result<(), NotTaken> {
    if scanner.peek() == Some(b'[') {
        return list_of(scanner, found, depth);
    }
    let start = scanner.at();
    let mut object = Object::default();
    scanner.fields(|name, at| field_of(name, at, &mut object, found)).map_err(broken)?;
    if object.records {
        return Ok(());
    }
    classify(scanner.since(start), &object, found)
}

fn field_of<'f>(name: &'f [u8], at: &mut Scanner<'f>, object: &mut Object<'f>, found: &mut Found<'f>) -> Result<(), Broken> {
    if name == b"Records" {
        if at.peek() == Some(b'[') {
            object.records = true;
            let before = found.records.len();
            at.items(|record| found.lend(record, Carrier::Records))?;
            if found.records.len() == before {
                found.seen(Carrier::Records);
            }
            return Ok(());
        }
        object.records_are_no_list = true;
    }
    let value = at.value()?;
    match name {
        b"Events" => object.events = Some(value),
        b"events" => object.filtered = Some(value),
        b"logEvents" => object.log_events = Some(value),
        b"messageType" => object.message_type = Some(value),
        b"QueryResultRows" => object.rows = Some(value),
        b"detail" => object.detail = Some(value),
        b"detail-type" => object.detail_type = Some(value),
        b"eventName" | b"eventSource" => object.is_record = true,
        b"eventTime" | b"userIdentity" => object.may_be_record = true,
        b"insightDetails" | b"timeWindow" => object.is_summary = true,
        b"digestStartTime" | b"digestPublicKeyFingerprint" => object.is_digest = true,
        b"schema_version_id" => object.is_access_log = true,
        b"class_uid" => object.is_ocsf = true,
        b"hashAlgorithm" | b"queryCompleteTime" => object.is_signature = true,
        _ => {}
    }
    Ok(())
}

fn classify<'f>(bytes: &'f [u8], object: &Object<'f>, found: &mut Found<'f>) -> Result<(), NotTaken> {
    if object.records_are_no_list {
        return Err(NotTaken::Damaged("Records is no list".to_owned()));
    }
    if object.is_digest {
        return Err(NotTaken::NoLog("digest file".to_owned()));
    }
    if let Some(events) = object.events.and_then(list) {
        return lookup_events(&events, found);
    }
    if let Some(kind) = object.message_type.and_then(text) {
        return subscription(&kind, object.log_events, found);
    }
    if let Some(rows) = object.rows {
        return lake::rows(rows, found);
    }
    if object.is_ocsf {
        found.give(ocsf::record_of_text(bytes), Carrier::SecurityLake);
        return Ok(());
    }
    if object.is_access_log {
        found.give(access_log::record_of_json(bytes), Carrier::AccessLog);
        return Ok(());
    }
    if object.is_record || object.is_summary {
        found.lend(bytes, Carrier::Record);
        return Ok(());
    }
    if let Some(detail) = object.detail {
        return event_bridge(detail, object.detail_type, found);
    }
    if object.may_be_record {
        found.lend(bytes, Carrier::Record);
        return Ok(());
    }
    if let Some(events) = object.filtered.and_then(list).filter(|l| l.iter().all(|e| field(e, "message").is_some())) {
        found.seen(Carrier::CloudWatchLogs);
        return messages(&events, found);
    }
    if object.is_signature {
        return Err(NotTaken::NoLog("signature file of query results".to_owned()));
    }
    Err(no_log())
}

/// A list: of records, envelopes, or lists of them. One without any of them is no log.
fn list_of<'f>(scanner: &mut Scanner<'f>, found: &mut Found<'f>, depth: u32) -> Result<(), NotTaken> {
    let mut items = Vec::new();
    scanner.items(|item| items.push(item)).map_err(broken)?;
    let before = (found.records.len(), found.carrier);
    let mut known = items.is_empty();
    let mut faults = Vec::new();
    for item in &items {
        let is_open = matches!(item.first(), Some(b'{' | b'['));
        let taken = match is_open {
            true if depth + 1 > MAX_DEPTH => Err(NotTaken::NoLog("lists in lists in lists".to_owned())),
            true => value(&mut Scanner::new(item), found, depth + 1),
            false => Err(no_log()),
        };
        match taken {
            Ok(()) => known = true,
            Err(NotTaken::NoLog(why) | NotTaken::Damaged(why)) => {
                faults.push(why.clone());
                found.reject("", why);
            }
        }
    }
    if known {
        return Ok(());
    }
    found.records.truncate(before.0);
    found.carrier = before.1;
    Err(faults.into_iter().next().map_or_else(no_log, NotTaken::NoLog))
}

/// `lookup-events`: each event holds its record as a text (CloudTrail API reference, "Event").
fn lookup_events<'f>(events: &[&'f [u8]], found: &mut Found<'f>) -> Result<(), NotTaken> {
    let texts: Vec<Option<&[u8]>> = events.iter().map(|e| field(e, "CloudTrailEvent")).collect();
    if !events.is_empty() && texts.iter().all(Option::is_none) {
        return Err(NotTaken::NoLog("JSON with Events, but not of CloudTrail".to_owned()));
    }
    found.inside(Carrier::LookupEvents, |found| {
        for record in texts {
            let made = match record {
                None => Err(("CloudTrailEvent", "missing".to_owned())),
                Some(written) => text(written).ok_or_else(|| ("CloudTrailEvent", "not a text, or a bad one".to_owned())),
            };
            found.give(made, Carrier::LookupEvents);
        }
    });
    Ok(())
}

/// An EventBridge event; only some are calls via CloudTrail (EventBridge user guide, "AWS service events delivered via
/// AWS CloudTrail").
fn event_bridge<'f>(detail: &'f [u8], kind: Option<&'f [u8]>, found: &mut Found<'f>) -> Result<(), NotTaken> {
    let kind = kind.and_then(text);
    let says_so = kind.as_ref().is_some_and(|k| k.ends_with("via CloudTrail"));
    let is_record = ["eventName", "eventSource", "eventID"].iter().all(|name| field(detail, name).is_some());
    if detail.first() != Some(&b'{') {
        return Err(no_log());
    }
    if says_so || is_record {
        found.lend(detail, Carrier::EventBridge);
        return Ok(());
    }
    if kind.is_none() {
        return Err(no_log());
    }
    found.seen(Carrier::EventBridge);
    found.reject("detail-type", "an EventBridge event that is no call via CloudTrail");
    Ok(())
}

/// What a subscription delivers; a control message only tests the way (CloudWatch Logs user guide, "Real-time processing
/// of log data with subscriptions").
fn subscription<'f>(kind: &str, events: Option<&'f [u8]>, found: &mut Found<'f>) -> Result<(), NotTaken> {
    match (kind, events.and_then(list)) {
        ("CONTROL_MESSAGE", _) => {
            found.seen(Carrier::CloudWatchLogs);
            Ok(())
        }
        ("DATA_MESSAGE", Some(events)) => {
            found.seen(Carrier::CloudWatchLogs);
            messages(&events, found)
        }
        ("DATA_MESSAGE", None) => Err(NotTaken::Damaged("logEvents is no list".to_owned())),
        _ => Err(no_log()),
    }
}

/// The messages of log events, each a text of its own.
fn messages<'f>(events: &[&'f [u8]], found: &mut Found<'f>) -> Result<(), NotTaken> {
    for event in events {
        let Some(message) = field(event, "message").and_then(text) else {
            found.reject("message", "missing, not a text, or a bad one");
            continue;
        };
        let made = of_message(&message, found.may_summarise);
        found.records.extend(made);
    }
    Ok(())
}

/// The records of one message.
fn of_message(message: &str, may_summarise: bool) -> Vec<Result<Cow<'static, str>, super::Reject>> {
    let trimmed = message.trim();
    if access_log::looks_like(trimmed.as_bytes()) {
        return vec![access_log::record(trimmed, &access_log::Place::default()).map(Cow::Owned)];
    }
    let mut inner = Found { may_summarise, ..Found::default() };
    let fault = match trimmed.starts_with('{') {
        true => sequence(trimmed.as_bytes(), &mut inner).err(),
        false => Some(no_log()),
    };
    let mut out: Vec<_> = inner.records.into_iter().map(|r| r.map(|text| Cow::Owned(text.into_owned()))).collect();
    if let Some(NotTaken::NoLog(_)) = fault {
        out.push(Err(("message", "not a CloudTrail record".to_owned())));
    } else if let Some(NotTaken::Damaged(why)) = fault {
        out.push(Err(("message", why)));
    }
    out
}
