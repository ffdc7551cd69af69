//! OCSF 1.8.0 (`findings.ocsf.json`): IAM Analysis Finding (2008) for access that is unused or that outsiders have, Compliance
//! Finding (2003) for everything else. A list, one event a line. Source: schema.ocsf.io, classes `iam_analysis_finding` and
//! `compliance_finding`, profile `cloud`.
//!
//! Of access only what ever failed or cannot be told is an event; of controls every answer is, as PASS is one too.

use std::collections::BTreeMap;
use std::io::Write;

use serde_json::{Map, Value, json};

use super::{Kind, framework_ids, frameworks, kind, partition, title};
use crate::report::escape::{JsonLines, visible};
use crate::report::model::ReportModel;
use crate::report::sql::Cell;
use crate::report::{Finding, Report, Status};

/// Whether a control asks what class 2008 is for: who gets in from outside, and what Access Analyzer has findings of too.
fn is_about_access(report: Option<&Report>) -> bool {
    report.is_some_and(|r| r.group == "external" || r.frameworks.contains_key("Access Analyzer"))
}

/// `severity_id` and its caption.
fn severity(word: &str) -> (u8, &'static str) {
    match word {
        "CRITICAL" => (5, "Critical"),
        "HIGH" => (4, "High"),
        "MEDIUM" => (3, "Medium"),
        "LOW" => (2, "Low"),
        _ => (1, "Informational"),
    }
}

/// `activity_id` and its caption: 1 is new, 2 has changed or is as it was, 3 is closed.
fn activity(change: &str) -> (u8, &'static str) {
    match change {
        "new" => (1, "Create"),
        "fixed" => (3, "Close"),
        _ => (2, "Update"),
    }
}

/// `status_id` of the finding and its caption.
fn status(f: &Finding) -> (u8, &'static str) {
    match (f.status, f.change) {
        (Status::Suppressed, _) => (3, "Suppressed"),
        (Status::Fail, "new" | "reopened") => (1, "New"),
        (Status::Fail, _) => (2, "In Progress"),
        (Status::Pass | Status::NotApplicable, _) => (4, "Resolved"),
        (Status::Unknown, _) => (0, "Unknown"),
    }
}

/// `status_id` of `compliance` and its caption; Warning is "did not yield a result due to missing information".
fn compliance_status(status: Status) -> (u8, &'static str) {
    match status {
        Status::Pass => (1, "Pass"),
        Status::Unknown => (2, "Warning"),
        Status::Fail | Status::Suppressed => (3, "Fail"),
        Status::NotApplicable => (99, "Not applicable"),
    }
}

fn resource_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Role => "AWS::IAM::Role",
        Kind::User => "AWS::IAM::User",
        Kind::Group => "AWS::IAM::Group",
        Kind::Policy => "AWS::IAM::ManagedPolicy",
        Kind::Account => "AWS::::Account",
        Kind::Other => "Other",
    }
}

fn text(f: &Finding, column: &str) -> Option<String> {
    f.details.get(column).map(|c| visible(&c.text()))
}

fn int(f: &Finding, column: &str) -> Option<i64> {
    match f.details.get(column) {
        Some(Cell::Int(n)) => Some(*n),
        _ => None,
    }
}

/// Who gets in through a trust entry.
fn accessors(f: &Finding) -> Option<Value> {
    let entry = text(f, "source").or_else(|| text(f, "entry"))?;
    let mut result = json!({"accessors": [{"uid": entry, "type_id": 99, "type": text(f, "source_class").unwrap_or_else(|| "principal".to_owned())}],
                            "access_level": "AssumeRole"});
    if let (Some(conditions), Some(fields)) = (text(f, "conditions"), result.as_object_mut()) {
        fields.insert("condition_keys".to_owned(), json!([{"name": "conditions", "value": conditions}]));
    }
    Some(result)
}

/// When somebody was there last.
fn metrics(f: &Finding) -> Option<Value> {
    let last = [int(f, "last_seen_ms"), int(f, "last_used_ms")].into_iter().flatten().max();
    let all = [("last_seen_time", last), ("first_seen_time", int(f, "created_ms").or_else(|| int(f, "last_changed_ms")))];
    let fields: Map<String, Value> = all.into_iter().filter_map(|(k, v)| Some((k.to_owned(), v?.into()))).collect();
    (!fields.is_empty()).then_some(Value::Object(fields))
}

/// What a resource's policies grant and its holders did not use.
fn permissions(model: &ReportModel) -> BTreeMap<&str, Vec<Value>> {
    let mut all: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for p in model.proposals.iter().filter(|p| p.placement != "trust") {
        let mut policy = json!({"name": visible(&p.policy), "type": p.placement});
        if let (Some(arn), Some(fields)) = (&p.policy_arn, policy.as_object_mut()) {
            fields.insert("uid".to_owned(), visible(arn).into());
        }
        let unused = p.verdicts.get("drop").copied().unwrap_or_default();
        all.entry(&p.owner_arn).or_default().push(json!({"policy": policy, "analyzed_privileges_count": p.actions_before, "unused_privileges_count": unused}));
    }
    all
}

fn compliance(f: &Finding, report: Option<&Report>) -> Value {
    let (id, caption) = compliance_status(f.status);
    let (standards, requirements) = report.map(|r| (frameworks(r), framework_ids(r))).unwrap_or_default();
    json!({"control": f.report, "standards": standards, "requirements": requirements, "status_id": id, "status": caption, "status_details": [visible(&f.reason)]})
}

fn event(model: &ReportModel, f: &Finding, report: Option<&Report>, granted: &BTreeMap<&str, Vec<Value>>) -> Value {
    let about_access = is_about_access(report);
    let (access, metrics, granted) = (accessors(f), metrics(f), granted.get(f.resource.as_str()));
    let is_analysis = about_access && (access.is_some() || metrics.is_some() || granted.is_some());
    let (class, class_name) = if is_analysis { (2008, "IAM Analysis Finding") } else { (2003, "Compliance Finding") };
    let ((activity_id, activity_name), (severity_id, severity)) = (activity(f.change), severity(&f.severity));
    let (status_id, status) = status(f);
    let seen = |ms: Option<i64>| ms.map_or(Value::Null, Value::from);
    let mut info = json!({"uid": f.uid, "title": visible(title(report, f)), "desc": visible(&f.reason), "types": [f.report], "modified_time": model.as_of_ms,
                          "created_time": seen(f.first_seen_ms), "first_seen_time": seen(f.first_seen_ms), "last_seen_time": seen(f.last_seen_ms)});
    let mut value = json!({
        "activity_id": activity_id, "activity_name": activity_name, "category_uid": 2, "category_name": "Findings",
        "class_uid": class, "class_name": class_name, "type_uid": class * 100 + i64::from(activity_id), "type_name": format!("{class_name}: {activity_name}"),
        "severity_id": severity_id, "severity": severity, "status_id": status_id, "status": status, "time": model.as_of_ms,
        "message": visible(&f.reason),
        "metadata": {"version": "1.8.0", "profiles": ["cloud"], "product": {"name": "trailtrim", "vendor_name": "trailtrim", "version": model.version}},
        "cloud": {"provider": "AWS", "account": {"uid": visible(&f.account), "type_id": 10, "type": "AWS Account"}, "cloud_partition": partition(f)},
        "resources": [{"uid": visible(&f.resource), "type": resource_type(kind(f)), "cloud_partition": partition(f)}],
        "unmapped": f.details.json(),
    });
    if f.account.is_empty()
        && let Some(cloud) = value.get_mut("cloud").and_then(Value::as_object_mut)
    {
        cloud.remove("account");
    }
    let Some(fields) = value.as_object_mut() else { return value };
    if let Some(info) = info.as_object_mut() {
        info.retain(|_, v| !v.is_null());
    }
    fields.insert("finding_info".to_owned(), info);
    if let Some(report) = report {
        fields.insert("remediation".to_owned(), json!({"desc": report.fix}));
    }
    if is_analysis {
        let parts = [("access_analysis_result", access), ("identity_activity_metrics", metrics), ("permission_analysis_results", granted.map(|g| json!(g)))];
        fields.extend(parts.into_iter().filter_map(|(k, v)| Some((k.to_owned(), v?))));
        if matches!(kind(f), Kind::User | Kind::Role) {
            fields.insert("user".to_owned(), json!({"uid": visible(&f.resource)}));
        }
    } else {
        fields.insert("compliance".to_owned(), compliance(f, report));
    }
    value
}

/// Writes the file.
///
/// # Errors
/// Those of the writer.
pub fn write(model: &ReportModel, to: impl Write) -> std::io::Result<()> {
    let mut to = JsonLines::to(to);
    let reports: BTreeMap<&str, &Report> = model.reports.iter().map(|r| (r.id.as_str(), r)).collect();
    let granted = permissions(model);
    let is_event = |f: &&Finding| !is_about_access(reports.get(f.report.as_str()).copied()) || f.first_seen_ms.is_some() || f.status == Status::Unknown;
    to.write_all(b"[\n")?;
    for (at, f) in model.findings.iter().filter(is_event).enumerate() {
        to.write_all(if at == 0 { b"" } else { b",\n" })?;
        serde_json::to_writer(&mut to, &event(model, f, reports.get(f.report.as_str()).copied(), &granted))?;
    }
    to.write_all(b"\n]\n")
}
