//! AWS Config: snapshots and history files (`configurationItems`), and what the CLI answers: `get-resource-config-history`,
//! `batch-get-resource-config` (`baseConfigurationItems`), `select-resource-config` and `select-aggregate-resource-config`
//! (`Results`, each an item as JSON in a text).
//!
//! Every item has a time of its own. Of one thing that a file tells several times, the newest item counts: the others are
//! its history. Items never tell that a list is whole, and of AWS's own policies they tell nothing. What is not there in
//! an item is not told; what is there and empty is known to be absent. Source: inputs-and-evaluation.md sections 1.1 to
//! 1.3 and 1.5; AWS Config Developer Guide, "Supported resource types"; AWS Config API reference, `ConfigurationItem`.

mod identity;
mod item;
mod resources;
mod s3;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use item::{Item, Status};
use serde_json::Value;

use super::Document;
use super::builder::Builder;
use super::json::{decoded, field, is_nothing};

/// The items of a document and the name of their list; `None` if it is none of AWS Config's.
fn items(value: &Value) -> Option<(&'static str, &'static str, &Vec<Value>)> {
    let list = |name: &str| field(value, name).and_then(Value::as_array);
    if let Some(items) = list("configurationItems") {
        let kind = if field(value, "configSnapshotId").is_some() { "AWS Config snapshot" } else { "AWS Config history" };
        return Some((kind, "configurationItems", items));
    }
    if let Some(items) = list("baseConfigurationItems") {
        return Some(("AWS Config items", "baseConfigurationItems", items));
    }
    let results = list("Results")?;
    let is_query = field(value, "QueryInfo").is_some() || results.first().is_some_and(|r| r.is_string() && decoded(r).is_object());
    is_query.then_some(("AWS Config query", "Results", results))
}

/// Takes a document of AWS Config; gives what it was recognised as.
pub fn take(document: &Document, builder: &mut Builder) -> Option<&'static str> {
    let (kind, list, values) = items(&document.value)?;
    if field(&document.value, "nextToken").is_some_and(|t| !is_nothing(t)) {
        builder.problem(document.file(), "/nextToken", "the answer breaks off; what is missing is unknown");
    }
    let mut by_thing: BTreeMap<String, Vec<Item>> = BTreeMap::new();
    let mut unused = 0_usize;
    for (at, value) in values.iter().enumerate() {
        let pointer = format!("/{list}/{at}");
        match Item::read(value, pointer.clone(), &document.capture) {
            Ok(item) if !identity::is_read(&item.kind) && !resources::is_read(&item.kind) => unused += 1,
            Ok(item) => by_thing.entry(item.thing()).or_default().push(item),
            Err((field, why)) => builder.problem(document.file(), &format!("{pointer}{field}"), why),
        }
    }
    for items in by_thing.values() {
        // The item of a delete may name less than those before it.
        let arn = items.iter().find_map(Item::arn);
        let newest = items.iter().map(|i| i.capture.at_ms).max().flatten();
        let timeless = |i: &&Item| i.status == Status::Gone && i.capture.at_ms.is_none();
        for item in items.iter().filter(|i| i.capture.at_ms == newest || timeless(i)) {
            one(item, arn.as_deref(), builder);
        }
    }
    if unused > 0 {
        let why = format!("{unused} of {} items are of types without grants that this version reads; the others are read", values.len());
        builder.grants.ignored.push((document.file().to_owned(), why));
    }
    Some(kind)
}

/// Takes one item.
fn one(item: &Item, arn: Option<&str>, builder: &mut Builder) {
    match item.status {
        Status::Unrecorded => {}
        Status::Gone => end(item, arn, builder),
        Status::There if identity::is_read(&item.kind) => identity::take(item, builder),
        Status::There => resources::take(item, builder),
    }
}

/// Tells that a thing is gone since the time of an item.
fn end(item: &Item, arn: Option<&str>, builder: &mut Builder) {
    if item.capture.at_ms.is_none() {
        return item.problem("/configurationItemCaptureTime", "a thing was deleted, and not known when", builder);
    }
    if resources::ended_setting(item, builder) {
        return;
    }
    match arn {
        Some(arn) => builder.gone(arn, &item.capture),
        None => item.problem("/arn", "a thing was deleted, and not known which", builder),
    }
}
