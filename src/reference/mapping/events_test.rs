//! The events of `testdata/events`, one CloudTrail file a service, each against the answer beside it; and the table of
//! exceptions against them: no row without an event.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

use serde_json::Value;

use super::tests::mapper;
use super::*;

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/events"))
}

/// Every file's records, by file name without ending.
fn files() -> BTreeMap<String, Vec<Value>> {
    let mut out = BTreeMap::new();
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "json") {
            let file: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            out.insert(path.file_stem().unwrap().to_string_lossy().into_owned(), file["Records"].as_array().unwrap().clone());
        }
    }
    out
}

/// A record's text, as the reader of log files gives it.
fn text<'r>(record: &'r Value, pointer: &str) -> &'r str {
    record.pointer(pointer).and_then(Value::as_str).unwrap_or("")
}

fn with_call<T>(record: &Value, use_it: impl FnOnce(&CallFacts<'_>) -> T) -> T {
    let list = record["resources"].as_array().cloned().unwrap_or_default();
    let resources: Vec<LoggedResource<'_>> =
        list.iter().map(|r| LoggedResource { arn: r["ARN"].as_str().or(r["arn"].as_str()), account: r["accountId"].as_str() }).collect();
    let denial = crate::aws::denial::parse(text(record, "/errorMessage"));
    use_it(&CallFacts {
        event_source: text(record, "/eventSource"),
        event_name: text(record, "/eventName"),
        event_type: text(record, "/eventType"),
        region: text(record, "/awsRegion"),
        account: text(record, "/recipientAccountId"),
        principal_type: text(record, "/userIdentity/type"),
        principal_arn: record.pointer("/userIdentity/arn").and_then(Value::as_str),
        request: &record["requestParameters"].to_string(),
        response: &record["responseElements"].to_string(),
        resources: &resources,
        denied_resource: denial.as_ref().and_then(|d| d.resource.as_deref()),
    })
}

/// What a record asked for, as the file of answers writes it.
fn answer(mapper: &Mapper, record: &Value) -> String {
    let mut out = format!("{} {} {}\n", text(record, "/eventID"), text(record, "/eventSource"), text(record, "/eventName"));
    with_call(record, |call| match mapper.map(call) {
        Mapping::Actions(list) => {
            for m in list {
                let name = mapper.reference.name(m.action);
                let _ = write!(out, "    {name} {} {}", m.resource, m.provenance.as_str());
                let _ = write!(out, "{}", if m.derived { " derived" } else { "" });
                for (key, value) in &m.context {
                    let _ = write!(out, " {key}={value}");
                }
                out.push('\n');
            }
        }
        Mapping::NoPermission(why) => {
            let _ = writeln!(out, "    no permission: {why}");
        }
        Mapping::Unknown => out.push_str("    unknown\n"),
    });
    out
}

#[test]
fn every_event_has_its_answer() {
    let mapper = mapper();
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut wrong = Vec::new();
    for (name, records) in files() {
        let given: String = records.iter().map(|r| answer(&mapper, r)).collect();
        let path = folder().join(format!("{name}.expected"));
        if update {
            std::fs::write(&path, &given).unwrap();
        } else if std::fs::read_to_string(&path).unwrap_or_default() != given {
            wrong.push(name);
        }
    }
    assert!(wrong.is_empty(), "testdata/events: other answers than written for {wrong:?}; look at them with UPDATE_GOLDEN=1 and git diff");
}

#[test]
fn every_row_of_the_exceptions_has_an_event() {
    let mapper = mapper();
    let mut used = BTreeSet::new();
    let mut needs_without = BTreeSet::new();
    for need in all_needs(&mapper) {
        needs_without.insert(need);
    }
    for record in files().values().flatten() {
        let source = text(record, "/eventSource").trim_end_matches(".cn").trim_end_matches(".amazonaws.com").to_owned();
        used::take();
        let mapping = with_call(record, |call| match mapper.map(call) {
            Mapping::Actions(list) => list.iter().map(|m| m.action).collect(),
            _ => Vec::new(),
        });
        used.extend(used::take());
        used.extend(mapper.overrides.source_row(&source));
        for action in mapping {
            let event = text(record, "/eventName");
            let event = plan::without_api_date(event).unwrap_or(event);
            needs_without.remove(&(source.clone(), event.to_owned(), mapper.reference.name(action).to_owned()));
            if mapper.overrides.is_any_of(action) {
                let rows = mapper.overrides.rows().iter().enumerate();
                used.extend(rows.filter(|(_, r)| r.table == "any_of" && mapper.reference.expand(&r.what).contains(&action)).map(|(at, _)| at));
            }
        }
    }
    let unused: Vec<String> = mapper
        .overrides
        .rows()
        .iter()
        .enumerate()
        .filter(|(at, _)| !used.contains(at))
        .map(|(_, r)| format!("[[{}]] {} {}: {}", r.table, r.of, r.what, r.says))
        .chain(needs_without.iter().map(|(source, event, action)| format!("[[action]] {source} {event}: nothing needs {action}")))
        .collect();
    assert!(unused.is_empty(), "{} rows without an event in testdata/events:\n{}", unused.len(), unused.join("\n"));
}

/// Every action that a row can ask for, by source, event and action.
fn all_needs(mapper: &Mapper) -> Vec<(String, String, String)> {
    let sources: BTreeSet<&str> = mapper.overrides.sources().collect();
    let mut out = Vec::new();
    for source in sources {
        for (event, rule) in mapper.overrides.events(source).into_iter().flatten() {
            if let overrides::EventRule::Needs(needs) = &rule.rule {
                out.extend(needs.iter().map(|n| (source.to_owned(), event.clone(), mapper.reference.name(n.action).to_owned())));
            }
        }
    }
    out
}

#[test]
fn every_arn_is_of_its_type_and_every_record_is_whole() {
    const FIELDS: &[&str] = &["/eventVersion", "/eventTime", "/eventSource", "/eventName", "/awsRegion", "/eventID", "/eventType", "/recipientAccountId", "/userIdentity/type"];
    let mapper = mapper();
    let mut ids = BTreeSet::new();
    for record in files().values().flatten() {
        let id = text(record, "/eventID");
        assert!(ids.insert(id.to_owned()), "{id} is there twice");
        for field in FIELDS {
            assert!(!text(record, field).is_empty(), "{id} lacks {field}");
        }
        with_call(record, |call| {
            if let Mapping::Actions(list) = mapper.map(call) {
                for m in list.iter().filter(|m| !m.derived) {
                    let concrete = !matches!(m.provenance, Provenance::None | Provenance::TypeWildcard);
                    let has_form = m.kind.is_none_or(|kind| mapper.resolver.has_form(kind, &m.resource));
                    assert!(!concrete || has_form, "{id}: {} is no {:?}", m.resource, m.kind);
                }
            }
        });
    }
}

#[test]
fn every_exception_differs_from_the_rule() {
    let reference = Reference::bundled().unwrap();
    let mapper = mapper();
    let plain = Plans::new(reference, &Overrides::default());
    for source in mapper.overrides.sources().collect::<BTreeSet<_>>() {
        let first = mapper.overrides.prefixes(source).and_then(|p| p.first()).map_or(source, String::as_str);
        for (event, rule) in mapper.overrides.events(source).into_iter().flatten() {
            let overrides::EventRule::Needs(needs) = &rule.rule else { continue };
            let same = match (needs.as_slice(), plain.find(first, event)) {
                ([one], Some(Plan::Action(id))) => {
                    one.action == *id && one.arn.is_none() && one.when.is_none() && one.types.is_empty() && one.only.is_none()
                }
                _ => false,
            };
            assert!(!same, "{source} {event} is what the rule says anyway");
        }
    }
}
