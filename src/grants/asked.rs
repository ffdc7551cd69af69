//! What was asked: the things that lists name, and the commands that gave no output.

use std::collections::BTreeMap;

use serde_json::Value;

use super::builder::{Builder, Failure};
use super::catalogue::{KNOWN_ABSENT, exports};
use super::{Capture, Place, cli, gaad};
use crate::aws::partition_of_region;

/// Notes the things that a list names, for every row of the table that tells of each of them.
pub fn listed(place: &Place, builder: &mut Builder, values: impl Fn(&str) -> Vec<String>) {
    for row in exports().unwrap_or_default() {
        if let Some(items) = row.items.as_ref().filter(|i| lists(&place.export.id, &i.list)) {
            let mut found = values(&items.field);
            if let Some(template) = &row.arn {
                found = found.iter().map(|name| arn_of(template, name, place)).collect();
            }
            builder.grants.listed.entry(place.list_key(&row.id)).or_default().extend(found.iter().map(|item| place.subject_of(item)));
        }
    }
}

/// The ARN of something that is listed by name.
fn arn_of(template: &str, name: &str, place: &Place) -> String {
    let (account, region) = (place.account().unwrap_or_default(), place.region().unwrap_or_default());
    let filled = template.replace("{partition}", partition_of_region(region)).replace("{account}", account).replace("{region}", region);
    filled.replace("{name}", name)
}

/// Whether an export names things as a list does: below a root stand further units, and policies are of two kinds.
fn lists(export: &str, list: &str) -> bool {
    export == list || matches!((export, list), ("ous", "roots") | ("rcps", "scps"))
}

/// All texts of a field, wherever it stands: its text, or the texts of its list.
pub fn values_of(value: &Value, field: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                match value {
                    Value::String(text) if key == field => found.push(text.clone()),
                    Value::Array(list) if key == field => found.extend(list.iter().filter_map(Value::as_str).map(str::to_owned)),
                    _ => values_of(value, field, found),
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|v| values_of(v, field, found)),
        _ => {}
    }
}

/// The lines of `errors.jsonl`: `{"file": …, "cmd": …, "exit": …, "code": …, "message": …, "at": …, "resourceArn": …}`.
pub fn failures(name: &str, text: &str, capture: &Capture, builder: &mut Builder) {
    for (at, line) in text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty()) {
        let pointer = format!("line {}", at + 1);
        let value: Value = match serde_json::from_str(line) {
            Ok(value) => value,
            Err(e) => {
                builder.problem(name, &pointer, format!("not JSON: {e}"));
                continue;
            }
        };
        let field = |key: &str| value.get(key).and_then(Value::as_str).filter(|t| !t.is_empty());
        let Some(file) = field("file") else {
            builder.problem(name, &pointer, "no `file`: which output is missing is not known");
            continue;
        };
        let root = name.strip_suffix("errors.jsonl").unwrap_or_default();
        let Some(place) = Place::of(&format!("{root}{file}")) else {
            builder.problem(name, &pointer, format!("`{file}` is no file of a bundle"));
            continue;
        };
        let code = field("code").unwrap_or_default();
        let why = (!KNOWN_ABSENT.contains(&code)).then(|| match (code, field("message")) {
            ("", None) => "the command failed".to_owned(),
            ("", Some(message)) => format!("the command failed: {message}"),
            (code, _) => format!("the command failed: {code}"),
        });
        let failure = Failure {
            place,
            resource_arn: field("resourceArn").map(str::to_owned),
            why,
            capture: Capture { at_ms: gaad::time_ms(value.get("at")).or(capture.at_ms), ..capture.clone() },
        };
        builder.failures.push(Failed { failure, output: format!("{root}{file}"), pointer });
    }
}

/// A command that gave no output, until all files are read.
pub struct Failed {
    failure: Failure,
    /// Where its output would stand.
    output: String,
    pointer: String,
}

/// Takes the failures when all files are read. A failure whose output is there was asked again: the output counts. Of
/// several lines on one output the last counts.
pub fn settle(builder: &mut Builder) {
    let mut last: BTreeMap<String, Failed> = BTreeMap::new();
    for failed in std::mem::take(&mut builder.failures) {
        last.insert(failed.output.clone(), failed);
    }
    for Failed { failure, output, pointer } in last.into_values() {
        let was_answered = builder.read.contains(output.as_str());
        if !was_answered {
            let line = Capture { file: format!("{} {pointer}", failure.capture.file), ..failure.capture.clone() };
            builder.answered(&failure.place, failure.resource_arn.as_deref(), failure.answer(), &line);
            cli::failed(&failure, builder);
        }
    }
}
