//! AWS Security Finding Format: files that `aws securityhub batch-import-findings --cli-input-json` takes, for each account and
//! region at most 100 findings and 240 KB. Source: Security Hub user guide, "AWS Security Finding Format (ASFF)" and
//! `BatchImportFindings`.
//!
//! What fails or ever failed is in: ACTIVE while it is open, ARCHIVED once it is fixed or accepted. `CreatedAt` is the first night
//! that failed it, `UpdatedAt` tonight. Workflow, notes and labels belong to the reader and are not touched.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Kind, clipped, framework_ids, kind, partition, time, title};
use crate::aws::is_account_id;
use crate::report::escape::{file_name, json_line};
use crate::report::model::ReportModel;
use crate::report::sql::Cell;
use crate::report::{Finding, Report, Status};

/// Findings of one call.
const FINDINGS_AT_MOST: usize = 100;

/// Bytes of one finding and, to be on the safe side, of one file.
const BYTES_AT_MOST: usize = 240_000;

/// Where findings on a global service are kept: the region that its trail events come from.
fn home_region(partition: &str) -> &'static str {
    match partition {
        "aws-cn" => "cn-north-1",
        "aws-us-gov" => "us-gov-west-1",
        _ => "us-east-1",
    }
}

fn region(f: &Finding) -> String {
    let own = f.details.get("region").map(Cell::text).unwrap_or_default();
    let is_region = own.contains('-') && own.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if is_region { own } else { home_region(partition(f)).to_owned() }
}

fn label(severity: &str) -> &str {
    match severity {
        "CRITICAL" | "HIGH" | "MEDIUM" | "LOW" => severity,
        _ => "INFORMATIONAL",
    }
}

fn resource(f: &Finding) -> Value {
    let (name, id) = match kind(f) {
        Kind::Role => ("AwsIamRole", f.resource.clone()),
        Kind::User => ("AwsIamUser", f.resource.clone()),
        Kind::Group => ("AwsIamGroup", f.resource.clone()),
        Kind::Policy => ("AwsIamPolicy", f.resource.clone()),
        Kind::Account => ("AwsAccount", format!("AWS::::Account:{}", f.account)),
        Kind::Other => ("Other", f.resource.clone()),
    };
    let id = if id.trim().is_empty() { f.account.clone() } else { id };
    json!({"Type": name, "Id": clipped(&id, 512), "Partition": partition(f)})
}

fn compliance(status: Status) -> &'static str {
    match status {
        Status::Fail | Status::Suppressed => "FAILED",
        Status::Pass => "PASSED",
        Status::Unknown => "WARNING",
        Status::NotApplicable => "NOT_AVAILABLE",
    }
}

/// A text that must not be blank.
fn filled(text: &str, most: usize) -> String {
    let text = clipped(text, most);
    if text.trim().is_empty() { "-".to_owned() } else { text }
}

fn finding(model: &ReportModel, f: &Finding, report: Option<&Report>, region: &str) -> Value {
    let first = f.first_seen_ms.unwrap_or(model.as_of_ms);
    let state = if matches!(f.status, Status::Fail | Status::Unknown) { "ACTIVE" } else { "ARCHIVED" };
    let mut fields: Map<String, Value> = Map::new();
    for (name, value) in f.details.iter().map(|(k, v)| (k, v.text())).filter(|(_, v)| !v.trim().is_empty()).take(40) {
        fields.insert(clipped(&format!("trailtrim/{name}"), 128), clipped(&value, 1024).into());
    }
    fields.insert("trailtrim/change".to_owned(), f.change.into());
    if let Some(s) = &f.suppression {
        fields.insert("trailtrim/accepted".to_owned(), filled(&format!("by {} until {}: {}", s.owner, s.expires, s.reason), 1024).into());
    }
    fields.retain(|_, v| v.as_str().is_some_and(|v| !v.trim().is_empty()));
    let mut compliance = json!({"Status": compliance(f.status)});
    let ids: Vec<String> = report.map(framework_ids).unwrap_or_default().into_iter().take(32).map(|id| filled(&id, 64)).collect();
    if let (false, Some(fields)) = (ids.is_empty(), compliance.as_object_mut()) {
        fields.insert("RelatedRequirements".to_owned(), ids.into());
    }
    let mut value = json!({
        "SchemaVersion": "2018-10-08",
        "Id": format!("trailtrim/{}", f.uid),
        "ProductArn": format!("arn:{}:securityhub:{region}:{account}:product/{account}/default", partition(f), account = f.account),
        "ProductName": "trailtrim",
        "CompanyName": "trailtrim",
        "Region": region,
        "GeneratorId": filled(&f.report, 512),
        "AwsAccountId": f.account,
        "Types": ["Software and Configuration Checks/AWS Security Best Practices"],
        "FirstObservedAt": time(first),
        "LastObservedAt": time(f.last_seen_ms.unwrap_or(first)),
        "CreatedAt": time(first),
        "UpdatedAt": time(model.as_of_ms),
        "Severity": {"Label": label(&f.severity)},
        "FindingProviderFields": {"Severity": {"Label": label(&f.severity), "Original": filled(&f.severity, 64)},
                                  "Types": ["Software and Configuration Checks/AWS Security Best Practices"]},
        "Title": filled(title(report, f), 256),
        "Description": filled(&f.reason, 1024),
        "ProductFields": fields,
        "Resources": [resource(f)],
        "Compliance": compliance,
        "RecordState": state,
    });
    if let (Some(report), Some(all)) = (report, value.as_object_mut()) {
        all.insert("Remediation".to_owned(), json!({"Recommendation": {"Text": filled(&report.fix, 512)}}));
    }
    value
}

/// The files below `asff/`: names and texts. Findings that name no account are in none of them.
#[must_use]
pub fn render(model: &ReportModel) -> Vec<(String, String)> {
    let reports: BTreeMap<&str, &Report> = model.reports.iter().map(|r| (r.id.as_str(), r)).collect();
    let mut places: BTreeMap<(&str, String), Vec<String>> = BTreeMap::new();
    // Of what was fixed on an earlier night Security Hub was told then.
    let is_told = |f: &&Finding| f.first_seen_ms.is_some() && !f.change.is_empty() && is_account_id(&f.account);
    for f in model.findings.iter().filter(is_told) {
        let region = region(f);
        let text = json_line(&finding(model, f, reports.get(f.report.as_str()).copied(), &region).to_string());
        places.entry((&f.account, region)).or_default().push(text);
    }
    let mut files = Vec::new();
    for ((account, region), findings) in places {
        let mut batches: Vec<(usize, Vec<String>)> = Vec::new();
        for text in findings {
            match batches.last_mut() {
                Some((bytes, batch)) if batch.len() < FINDINGS_AT_MOST && *bytes + text.len() + 2 <= BYTES_AT_MOST => {
                    *bytes += text.len() + 2;
                    batch.push(text);
                }
                _ => batches.push((text.len() + 32, vec![text])),
            }
        }
        for (n, (_, batch)) in batches.into_iter().enumerate() {
            let name = format!("asff/{}-{}-{}.json", file_name(account), file_name(&region), n + 1);
            files.push((name, format!("{{\"Findings\": [\n{}\n]}}\n", batch.join(",\n"))));
        }
    }
    files
}
