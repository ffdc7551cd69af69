//! Trails as the CloudTrail commands of the CLI print them: `describe-trails`, `get-trail`, `get-event-selectors`,
//! `get-trail-status`. They tell which events the logs could have shown.
//!
//! A field that is missing or wrong never widens what a trail covers. The status names no trail: it belongs to the
//! trail that its file or folder is named after, or to the trail of the document before it in the same file, or to the
//! only trail there is. Source: CloudTrail API reference, `Trail`, `GetEventSelectors`, `GetTrailStatus`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::gaad::time_ms;
use super::selector_fields::{Fields, selectors};
use super::selectors::Selectors;
use super::{Grants, Problem};
use crate::aws::{Arn, is_account_id};

/// Whether and since when a trail logs.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TrailStatus {
    /// `IsLogging`.
    pub is_logging: bool,
    /// `StartLoggingTime`, epoch ms.
    pub started_ms: Option<i64>,
    /// `LatestDeliveryError`: files cannot be delivered.
    pub delivery_error: Option<String>,
}

/// A trail.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Trail {
    /// ARN.
    pub arn: String,
    /// Name.
    pub name: String,
    /// The account that owns it.
    pub account: String,
    /// The region it was made in.
    pub home_region: String,
    /// Whether it logs every region.
    pub multi_region: bool,
    /// Whether it logs the events of global services.
    pub global_services: bool,
    /// Whether it logs every account of the owner's organisation.
    pub organisation: bool,
    /// Whether CloudTrail signs digests of its files; `None` where the trail was not described.
    pub log_file_validation: Option<bool>,
    /// Whether its files are encrypted with a KMS key of its own; `None` where the trail was not described.
    pub has_kms_key: Option<bool>,
    /// Accounts in whose export (`…/<account>/…`) it was listed.
    pub listed_by: BTreeSet<String>,
    /// What it takes; `None` where that was not exported.
    pub selectors: Option<Selectors>,
    /// Whether and since when it logs; `None` where that was not exported.
    pub status: Option<TrailStatus>,
    /// Whether `describe-trails` says that it has selectors of its own.
    pub custom_selectors: Option<bool>,
}

/// A status whose trail is not known yet.
pub struct LooseStatus {
    file: String,
    /// The trail that the document before it in the same file was about.
    after: Option<String>,
    status: TrailStatus,
}

/// What a JSON value was recognised as; `None` if it is none of these exports.
#[must_use]
pub fn kind(value: &Value) -> Option<&'static str> {
    let has = |key: &str| value.get(key).is_some();
    if value.get("trailList").is_some_and(Value::is_array) {
        Some("trails")
    } else if value.get("Trail").is_some_and(Value::is_object) {
        Some("trail")
    } else if has("TrailARN") && (has("EventSelectors") || has("AdvancedEventSelectors")) {
        Some("event selectors")
    } else if has("IsLogging") {
        Some("trail status")
    } else {
        None
    }
}

/// Merges one document of a file. `last` is the trail that the file's documents were last about.
pub fn merge(file: &str, value: &Value, last: &mut Option<String>, loose: &mut Vec<LooseStatus>, grants: &mut Grants) {
    let mut fields = Fields::new(file);
    let Some(object) = value.as_object() else { return };
    if let Some(list) = object.get("trailList").and_then(Value::as_array) {
        for (at, item) in list.iter().enumerate() {
            *last = describe(file, item, &format!("/trailList/{at}"), &mut fields, &mut grants.trails).or(last.take());
        }
        if list.len() != 1 {
            *last = None;
        }
    } else if let Some(item) = object.get("Trail") {
        *last = describe(file, item, "/Trail", &mut fields, &mut grants.trails);
    } else if object.contains_key("TrailARN") {
        *last = entry(object, "", &mut fields, &mut grants.trails).map(|trail| {
            trail.selectors = Some(selectors(object, &mut fields));
            trail.arn.clone()
        });
    } else {
        loose.push(LooseStatus { file: file.to_owned(), after: last.clone(), status: status(object, &mut fields) });
    }
    grants.problems.append(&mut fields.problems);
}

/// The trail that `TrailARN` names.
fn entry<'t>(
    object: &Map<String, Value>,
    pointer: &str,
    fields: &mut Fields<'_>,
    trails: &'t mut BTreeMap<String, Trail>,
) -> Option<&'t mut Trail> {
    let arn = fields.text(object, "TrailARN", pointer)?;
    let parsed = Arn::parse(&arn).filter(|a| a.service == "cloudtrail" && !a.region.is_empty() && is_account_id(a.account));
    let Some((parsed, name)) = parsed.and_then(|a| Some((a, a.resource.strip_prefix("trail/")?))) else {
        fields.problem(pointer, "TrailARN", &format!("`{arn}` is not the ARN of a trail"));
        return None;
    };
    Some(trails.entry(arn.clone()).or_insert_with(|| Trail {
        name: name.to_owned(),
        account: parsed.account.to_owned(),
        home_region: parsed.region.to_owned(),
        arn: arn.clone(),
        ..Trail::default()
    }))
}

fn describe(
    file: &str,
    item: &Value,
    pointer: &str,
    fields: &mut Fields<'_>,
    trails: &mut BTreeMap<String, Trail>,
) -> Option<String> {
    let Some(object) = item.as_object() else {
        fields.problem(pointer, "", "not an object");
        return None;
    };
    let trail = entry(object, pointer, fields, trails)?;
    trail.multi_region = fields.flag(object, "IsMultiRegionTrail", pointer).unwrap_or(false);
    trail.global_services = fields.flag(object, "IncludeGlobalServiceEvents", pointer).unwrap_or(false);
    trail.organisation = fields.flag(object, "IsOrganizationTrail", pointer).unwrap_or(false);
    if object.contains_key("LogFileValidationEnabled") {
        trail.log_file_validation = fields.flag(object, "LogFileValidationEnabled", pointer);
    }
    // A trail without a key has no such field.
    trail.has_kms_key = Some(object.get("KmsKeyId").and_then(Value::as_str).is_some_and(|key| !key.is_empty()));
    if object.contains_key("HasCustomEventSelectors") {
        trail.custom_selectors = fields.flag(object, "HasCustomEventSelectors", pointer);
    }
    trail.listed_by.extend(file.split(['/', '\\']).filter(|p| is_account_id(p)).map(str::to_owned));
    Some(trail.arn.clone())
}

fn status(object: &Map<String, Value>, fields: &mut Fields<'_>) -> TrailStatus {
    let started = object.get("StartLoggingTime").filter(|v| !v.is_null());
    let started_ms = time_ms(started);
    if started.is_some() && started_ms.is_none() {
        fields.problem("", "StartLoggingTime", "not a time");
    }
    TrailStatus {
        is_logging: fields.flag(object, "IsLogging", "").unwrap_or(false),
        started_ms,
        delivery_error: object.get("LatestDeliveryError").and_then(Value::as_str).filter(|e| !e.is_empty()).map(str::to_owned),
    }
}

/// Gives each status to its trail, and trails without selectors of their own the standard ones, when all files are read.
pub fn settle(loose: Vec<LooseStatus>, grants: &mut Grants) {
    let alone = loose.len() == 1 && grants.trails.len() == 1;
    for LooseStatus { file, after, status } in loose {
        match after.or_else(|| named(&file, alone, &grants.trails)).and_then(|arn| grants.trails.get_mut(&arn)) {
            Some(trail) => {
                trail.status = Some(match trail.status.take() {
                    None => status,
                    // Two statuses of one trail: what is worse counts.
                    Some(other) => TrailStatus {
                        is_logging: other.is_logging && status.is_logging,
                        started_ms: other.started_ms.zip(status.started_ms).map(|(a, b)| a.max(b)),
                        delivery_error: other.delivery_error.or(status.delivery_error),
                    },
                });
            }
            None => grants.problems.push(Problem {
                file,
                pointer: "/IsLogging".to_owned(),
                reason: "a trail status that names no trail: name the file or its folder after the trail".to_owned(),
            }),
        }
    }
    for trail in grants.trails.values_mut() {
        if trail.selectors.is_none() && trail.custom_selectors == Some(false) {
            trail.selectors = Some(Selectors::standard());
        }
    }
}

/// The one trail that a file is named after: `<name>.json`, `<anything>-<name>.json`, `<name>-<anything>.json` with `-`,
/// `_` or `.` between, or a folder `<name>`; an account id in the path decides between trails of one name.
fn named(file: &str, alone: bool, trails: &BTreeMap<String, Trail>) -> Option<String> {
    let parts: Vec<&str> = file.split(['/', '\\']).collect();
    let accounts: Vec<&&str> = parts.iter().filter(|p| is_account_id(p)).collect();
    let (base, folders) = parts.split_last()?;
    let stem = base.strip_suffix(".gz").unwrap_or(base);
    let stem = stem.strip_suffix(".json").unwrap_or(stem);
    let between = ['-', '_', '.'];
    let fits = |name: &str| {
        stem == name
            || stem.strip_prefix(name).is_some_and(|rest| rest.starts_with(between))
            || stem.strip_suffix(name).is_some_and(|rest| rest.ends_with(between))
            || folders.contains(&name)
    };
    let mut found: Vec<&Trail> = trails.values().filter(|t| fits(&t.name)).collect();
    // `org` and `org-data` both fit `status-org-data`: the longest name is meant.
    let longest = found.iter().map(|t| t.name.len()).max().unwrap_or(0);
    found.retain(|t| t.name.len() == longest);
    if found.len() > 1 {
        found.retain(|t| accounts.iter().any(|a| **a == t.account));
    }
    match found.as_slice() {
        [one] => Some(one.arn.clone()),
        [] if alone => trails.keys().next().cloned(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::grants::selectors::Take;

    fn load(documents: &[(&str, Value)]) -> Grants {
        let mut grants = Grants::default();
        let mut loose = Vec::new();
        let (mut last, mut before) = (None, "");
        for (file, value) in documents {
            if *file != before {
                last = None;
            }
            before = file;
            assert!(kind(value).is_some(), "{value}");
            merge(file, value, &mut last, &mut loose, &mut grants);
        }
        settle(loose, &mut grants);
        grants
    }

    fn trail(name: &str) -> Value {
        json!({"Name": name, "S3BucketName": "b", "IncludeGlobalServiceEvents": true, "IsMultiRegionTrail": true, "HomeRegion": "eu-west-1",
               "TrailARN": format!("arn:aws:cloudtrail:eu-west-1:111122223333:trail/{name}"), "LogFileValidationEnabled": true,
               "HasCustomEventSelectors": false, "HasInsightSelectors": false, "IsOrganizationTrail": false})
    }

    #[test]
    fn statuses_find_their_trail() {
        let status = |at: &str| json!({"IsLogging": true, "StartLoggingTime": at});
        let grants = load(&[
            ("a/trails.json", json!({"trailList": [trail("org"), trail("org-data")]})),
            ("a/status-org-data.json", status("2026-01-01T00:00:00Z")),
            ("b/get-trail.json", json!({"Trail": trail("third")})),
            ("b/get-trail.json", json!({"IsLogging": true, "StartLoggingTime": 1_446_834_998.695})),
            ("c/unknown.json", status("2026-01-01T00:00:00Z")),
        ]);
        let of = |name: &str| grants.trails[&format!("arn:aws:cloudtrail:eu-west-1:111122223333:trail/{name}")].clone();
        assert!(of("org").status.is_none());
        assert!(of("org-data").status.unwrap().is_logging);
        assert_eq!(of("third").status.unwrap().started_ms, Some(1_446_834_998_695));
        assert_eq!(of("org").selectors.unwrap().management(true, None), Take::Whole);
        assert_eq!(grants.problems.len(), 1, "{:?}", grants.problems);
        assert_eq!((grants.problems[0].file.as_str(), grants.problems[0].pointer.as_str()), ("c/unknown.json", "/IsLogging"));
    }

    #[test]
    fn wrong_fields_are_named_and_narrow() {
        let mut wrong = trail("t");
        wrong["IsMultiRegionTrail"] = "yes".into();
        let grants = load(&[
            ("trails.json", json!({"trailList": [wrong, {"TrailARN": "arn:aws:s3:::b"}, 3]})),
            ("status.json", json!({"IsLogging": "true", "StartLoggingTime": "soon"})),
        ]);
        let named: Vec<String> = grants.problems.iter().map(|p| format!("{} {}", p.file, p.pointer)).collect();
        assert_eq!(named, ["trails.json /trailList/0/IsMultiRegionTrail", "trails.json /trailList/1/TrailARN", "trails.json /trailList/2", "status.json /StartLoggingTime", "status.json /IsLogging"]);
        let trail = grants.trails.values().next().unwrap();
        assert!(!trail.multi_region);
        assert_eq!(trail.status, Some(TrailStatus::default()), "one trail, one status");
    }
}
