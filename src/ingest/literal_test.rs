//! The slow, literal reader that the quick one is held against: every record as a tree, every field looked up by its name.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::fields::{Fields, Text};
use super::identity::Identity;
use super::carriers::carried;
use super::unpack;

/// An object with its fields in order, those that stand twice too.
struct Object(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Object, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut fields = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    fields.push(entry);
                }
                Ok(Object(fields))
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

/// Names of the fields that are read; one of them twice is no record.
const READ: &[&str] = &[
    "eventID", "eventTime", "eventSource", "eventName", "eventType", "eventCategory", "awsRegion", "readOnly", "managementEvent", "errorCode",
    "errorMessage", "requestID", "sharedEventID", "recipientAccountId", "userIdentity", "sourceIPAddress", "userAgent", "vpcEndpointId", "tlsDetails",
    "requestParameters", "responseElements", "additionalEventData", "addendum", "resources",
];

const READ_OF_IDENTITY: &[&str] =
    &["type", "principalId", "arn", "accountId", "accessKeyId", "invokedBy", "userName", "identityProvider", "sourceIdentity", "sessionContext"];

fn once(object: &Object, names: &[&str]) -> bool {
    names.iter().all(|name| object.0.iter().filter(|(key, _)| key == name).count() <= 1)
}

fn get(object: &Object, name: &str) -> Value {
    let raw = object.0.iter().rev().find(|(key, _)| key == name);
    raw.and_then(|(_, raw)| serde_json::from_str(raw.get()).ok()).unwrap_or(Value::Null)
}

fn text(value: &Value) -> Option<Text<'static>> {
    match value {
        Value::String(s) if !s.is_empty() => Some(Cow::Owned(s.clone())),
        Value::Bool(b) => Some(Cow::Owned(b.to_string())),
        Value::Number(n) => Some(Cow::Owned(n.to_string())),
        _ => None,
    }
}

fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(b) => Some(*b),
        Value::String(s) if s.eq_ignore_ascii_case("true") => Some(true),
        Value::String(s) if s.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

fn json(object: &Object, name: &str) -> Text<'static> {
    let raw = object.0.iter().find(|(key, _)| key == name).map(|(_, raw)| raw.get()).filter(|json| *json != "null").unwrap_or("");
    if raw.starts_with('"') { Cow::Owned(serde_json::from_str(raw).unwrap_or_default()) } else { Cow::Owned(raw.to_owned()) }
}

fn identity(raw: Option<&str>) -> Option<Identity<'static>> {
    let Some(json) = raw.filter(|r| r.starts_with('{')) else { return Some(Identity::default()) };
    let object: Object = serde_json::from_str(json).unwrap();
    let part = |of: Option<&Object>, name: &str| -> Option<Object> {
        let (_, raw) = of?.0.iter().find(|(key, _)| key == name)?;
        raw.get().starts_with('{').then(|| serde_json::from_str(raw.get()).unwrap())
    };
    let session = part(Some(&object), "sessionContext");
    let [issuer, attributes, federation] = ["sessionIssuer", "attributes", "webIdFederationData"].map(|name| part(session.as_ref(), name));
    let parts = ["principalId", "arn", "mfaAuthenticated", "creationDate", "federatedProvider"];
    let ok = once(&object, READ_OF_IDENTITY)
        && session.as_ref().is_none_or(|s| once(s, &["sourceIdentity", "sessionIssuer", "attributes", "webIdFederationData", "assumedRoot"]))
        && [&issuer, &attributes, &federation].into_iter().flatten().all(|o| once(o, &parts));
    let own = |name: &str| text(&get(&object, name));
    let of = |part: &Option<Object>, name: &str| part.as_ref().map_or(Value::Null, |o| get(o, name));
    ok.then(|| Identity {
        kind: own("type"),
        principal_id: own("principalId"),
        arn: own("arn"),
        account: own("accountId"),
        access_key_id: own("accessKeyId"),
        invoked_by: own("invokedBy"),
        user_name: own("userName"),
        provider: own("identityProvider"),
        source_identity: text(&of(&session, "sourceIdentity")).or_else(|| own("sourceIdentity")),
        issuer_id: text(&of(&issuer, "principalId")),
        issuer_arn: text(&of(&issuer, "arn")),
        mfa: boolean(&of(&attributes, "mfaAuthenticated")),
        assumed_root: boolean(&of(&session, "assumedRoot")),
        issued: text(&of(&attributes, "creationDate")),
        federated_provider: text(&of(&federation, "federatedProvider")),
    })
}

/// Reads a record's text: its fields, or the field that is wrong and the first words of the reason.
pub fn read(json_text: &str) -> Result<Fields<'static>, (&'static str, &'static str)> {
    let Ok(record) = serde_json::from_str::<Object>(json_text) else { return Err(("", "not a record")) };
    if !once(&record, READ) {
        return Err(("", "not a record"));
    }
    let raw_identity = record.0.iter().find(|(key, _)| key == "userIdentity").map(|(_, raw)| raw.get());
    let identity = identity(raw_identity).ok_or(("userIdentity", "bad userIdentity"))?;
    let own = |name: &str| text(&get(&record, name));
    let raw = |name: &str| record.0.iter().find(|(key, _)| key == name).map_or("", |(_, raw)| raw.get());
    let tls = raw("tlsDetails");
    let of_tls: Option<Object> = tls.starts_with('{').then(|| serde_json::from_str(tls).unwrap()).filter(|o| once(o, &["tlsVersion"]));
    let version = of_tls.as_ref().map_or(Value::Null, |o| get(o, "tlsVersion"));
    // One entry that is none spoils the list.
    let entry = |raw: &RawValue| -> Option<(Option<Text<'static>>, Option<Text<'static>>)> {
        let object: Object = raw.get().starts_with('{').then(|| serde_json::from_str(raw.get()).unwrap())?;
        let arns: Vec<&str> = object.0.iter().map(|(key, _)| key.as_str()).filter(|key| matches!(*key, "ARN" | "arn")).collect();
        let is_one = arns.len() <= 1 && once(&object, &["accountId"]);
        is_one.then(|| (text(&get(&object, arns.first().unwrap_or(&""))), text(&get(&object, "accountId"))))
    };
    let list: Vec<Box<RawValue>> = serde_json::from_str(raw("resources")).unwrap_or_default();
    let resources = list.iter().map(|raw| entry(raw)).collect::<Option<Vec<_>>>().unwrap_or_default();
    let addendum = raw("addendum");
    let addendum: Option<Object> = addendum.starts_with('{').then(|| serde_json::from_str(addendum).unwrap()).filter(|o| once(o, &["reason", "originalEventID"]));
    let id = own("eventID").or_else(|| Some(Cow::Owned(format!("sha256:{}", crate::reference::bundle::sha256_hex(json_text.as_bytes())))));
    Ok(Fields {
        event_id: id,
        event_time: own("eventTime"),
        event_source: own("eventSource"),
        event_name: own("eventName"),
        event_type: own("eventType"),
        event_category: own("eventCategory"),
        region: own("awsRegion"),
        read_only: boolean(&get(&record, "readOnly")),
        management_event: boolean(&get(&record, "managementEvent")),
        error_code: own("errorCode"),
        error_message: own("errorMessage"),
        request_id: own("requestID"),
        shared_event_id: own("sharedEventID"),
        recipient_account: own("recipientAccountId"),
        source_ip: own("sourceIPAddress"),
        user_agent: own("userAgent"),
        vpc_endpoint_id: own("vpcEndpointId"),
        has_tls: tls.starts_with('{'),
        tls_version: Some(&version).filter(|v| v.is_string()).and_then(text),
        identity,
        request: json(&record, "requestParameters"),
        response: json(&record, "responseElements"),
        additional: json(&record, "additionalEventData"),
        replaces: addendum.and_then(|of| {
            let own = |name: &str| get(&of, name).as_str().filter(|s| !s.is_empty()).map(|s| Cow::Owned(s.to_owned()));
            own("reason").filter(|reason| reason == "UPDATED_DATA").and_then(|_| own("originalEventID"))
        }),
        resources,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::callers::Callers;
    use crate::ingest::identity;
    use crate::ingest::records::{Record, each_record};
    use proptest::prelude::*;

    /// Compares both readers on one record; whether it is one.
    fn agree(json: &str) -> bool {
        let quick = Fields::read(json).map(|f| f.known_by(json));
        let slow = read(json);
        match (&quick, &slow) {
            (Ok(quick), Ok(slow)) => assert_eq!(quick, slow, "{json}"),
            (Err((field, reason)), Err((slow_field, class))) => assert!(field == slow_field && reason.starts_with(class), "{json}: {field} {reason}, {slow_field} {class}"),
            _ => panic!("{json}: {quick:?} {slow:?}"),
        }
        quick.is_ok()
    }

    /// The records of a file by both ways: one pass where that goes, and a tree of each.
    fn agree_on_file(text: &str, callers: &mut Callers) -> usize {
        let mut one_pass: Vec<Result<String, crate::ingest::fields::Reject>> = Vec::new();
        let quick = each_record(text, callers, |Record { raw, caller }, callers| {
            let caller = callers.of(raw.user_identity, caller).map(|known| known.caller());
            assert_eq!(caller.map(|c| format!("{c:?}")), Identity::of(raw.user_identity).map(|told| format!("{:?}", identity::caller(&told))));
            one_pass.push(Fields::of(&raw).map(|f| format!("{f:?}")));
            true
        });
        let Ok(records) = carried("log.json", text.as_bytes()).map(|c| c.records) else {
            assert!(!quick, "one pass reads what is no log");
            return 0;
        };
        let mut count = 0;
        for (at, record) in records.iter().enumerate() {
            let Ok(json) = record else { continue };
            agree(json);
            count += 1;
            if quick {
                let told = Fields::read(json).map(|f| format!("{f:?}"));
                assert_eq!(one_pass[at], told, "{json}");
            }
        }
        assert!(!quick || one_pass.len() == records.len());
        count
    }

    fn files(root: &std::path::Path, what: &str) {
        // One memory for all files, as a batch has it.
        let mut callers = Callers::default();
        let (mut files, mut records) = (0, 0);
        for entry in walkdir::WalkDir::new(root).sort_by_file_name() {
            let entry = entry.unwrap();
            if !entry.file_type().is_file() {
                continue;
            }
            let bytes = std::fs::read(entry.path()).unwrap();
            let mut unpacker = unpack::Unpacker::new(unpack::Limits::default());
            let Ok(plain) = unpacker.plain(&bytes) else { continue };
            let Some(text) = unpack::text(plain) else { continue };
            files += 1;
            records += agree_on_file(text, &mut callers);
        }
        eprintln!("{what}: {files} files, {records} records, 0 differences");
        assert!(records > 0, "{what}");
    }

    #[test]
    fn both_readers_agree_on_every_file_at_hand() {
        let data = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
        files(&data.join("events"), "testdata/events");
        files(&data.join("organisation"), "testdata/organisation");
        match std::env::var("TRAILTRIM_CORPORA") {
            Ok(corpora) => files(std::path::Path::new(&corpora), "corpora"),
            Err(_) => eprintln!("TRAILTRIM_CORPORA is not set: the readers are not compared on real logs"),
        }
    }

    /// A value of any kind, as JSON text: also what no sane writer writes.
    fn value() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            Just("null".to_owned()), Just("true".to_owned()), Just("false".to_owned()), Just("\"true\"".to_owned()), Just("\"\"".to_owned()), Just("1e999".to_owned()),
            Just("12345678901234567890123".to_owned()), Just("-0.0".to_owned()), Just(r#""\ud800""#.to_owned()), Just(r#""a\u0000\n\"b""#.to_owned()),
            Just("\"AssumedRole\"".to_owned()), Just("\"AROA:s\"".to_owned()), Just("\"2026-01-01T00:00:00Z\"".to_owned()), Just("nope".to_owned()), Just("\"\u{202e}é\"".to_owned()),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            let key = proptest::sample::select([READ, READ_OF_IDENTITY, &["sessionIssuer", "attributes", "mfaAuthenticated", "ARN", "arn", "tlsVersion", "x"]].concat());
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(|list| format!("[{}]", list.join(","))),
                proptest::collection::vec((key, inner), 0..6).prop_map(|fields| object(&fields)),
            ]
        })
    }

    fn object(fields: &[(&str, String)]) -> String {
        let fields: Vec<String> = fields.iter().map(|(key, value)| format!("\"{key}\": {value}")).collect();
        format!("{{{}}}", fields.join(", "))
    }

    proptest! {
        #[test]
        fn both_readers_agree_on_made_up_records(fields in proptest::collection::vec((proptest::sample::select(READ), value()), 0..14)) {
            let json = object(&fields);
            if serde_json::from_str::<&RawValue>(&json).is_ok() {
                agree(&json);
            } else {
                prop_assert!(Fields::read(&json).is_err());
            }
            agree_on_file(&format!("{{\"Records\": [{json}, {{\"eventID\": \"e\"}}, {json}]}}"), &mut Callers::default());
        }
    }
}
