//! SARIF 2.1.0 (OASIS), within the limits of GitHub code scanning ("SARIF support for code scanning": 5,000 results of a run
//! are kept, 20 tags a rule). What fails is a result, what was accepted a suppressed one.
//!
//! A result lies in the reader's own file (`--iac-map`), in the exported policy of its resource, or in its line of
//! `findings.csv`: always in a file that exists. Its fingerprint is the finding's uid, so that it is one alert over all nights.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::{Value, json};

use super::{framework_ids, title};
use crate::aws::arn_matches;
use crate::report::deliver::IacMap;
use crate::report::deliver::operations::current_file;
use crate::report::escape::{file_text, visible};
use crate::report::findings::rank;
use crate::report::model::ReportModel;
use crate::report::{Finding, Report, Status};

/// How many results of a run GitHub keeps.
const RESULTS_AT_MOST: usize = 5_000;

/// How many tags of a rule GitHub takes.
const TAGS_AT_MOST: usize = 20;

/// Characters that cannot stand in the path of a URI.
const IN_PATH: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'%').add(b'<').add(b'>').add(b'?').add(b'[').add(b'\\').add(b']').add(b'^').add(b'`').add(b'{').add(b'|').add(b'}').add(b':');

/// A text for a message: no hidden characters, and no link can begin (SARIF 2.1.0 section 3.11.6).
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in visible(text).chars() {
        if matches!(c, '\\' | '[' | ']') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn level(severity: &str) -> &'static str {
    match rank(severity) {
        0 | 1 => "error",
        2 => "warning",
        _ => "note",
    }
}

/// GitHub's number of a severity: above 9.0 is critical, from 7.0 high, from 4.0 medium.
fn security_severity(rank: u8) -> &'static str {
    match rank {
        0 => "9.5",
        1 => "8.0",
        2 => "5.5",
        3 => "2.0",
        _ => "0.1",
    }
}

/// Where findings lie.
struct Places<'a> {
    map: &'a IacMap,
    /// By owner: is it a trust policy, and the file.
    policies: BTreeMap<&'a str, Vec<(bool, String)>>,
}

impl<'a> Places<'a> {
    fn new(model: &'a ReportModel, map: &'a IacMap) -> Places<'a> {
        let mut policies: BTreeMap<&str, Vec<(bool, String)>> = BTreeMap::new();
        for row in model.proposals.iter().filter(|p| p.current.as_ref().is_some_and(|c| !c.statements.is_empty())) {
            let file = format!("policies/{}/{}", row.folder, current_file(row));
            policies.entry(&row.owner_arn).or_default().push((row.placement == "trust", file));
        }
        policies.values_mut().for_each(|files| files.sort());
        Places { map, policies }
    }

    /// The file and the line in it.
    fn of(&self, finding: &Finding, line_of_csv: usize) -> (String, usize) {
        let mut own = self.map.owner.iter().filter(|o| arn_matches(&o.arn, &finding.resource));
        if let Some(owner) = own.next() {
            return (owner.file.clone(), 1);
        }
        let about_trust = finding.details.iter().any(|(name, _)| name == "entry_kind");
        let files = self.policies.get(finding.resource.as_str()).map(Vec::as_slice).unwrap_or_default();
        let file = files.iter().find(|(is_trust, _)| *is_trust == about_trust).or(files.first());
        file.map_or_else(|| ("findings.csv".to_owned(), line_of_csv), |(_, file)| (file.clone(), 1))
    }
}

fn rule(report: &Report, worst: u8) -> Value {
    let mut tags = vec!["security".to_owned()];
    tags.extend(framework_ids(report).into_iter().take(TAGS_AT_MOST - 1));
    json!({
        "id": report.id,
        "name": report.title,
        "shortDescription": {"text": plain(&report.title)},
        "fullDescription": {"text": plain(&format!("{} {}", report.question, report.why))},
        "help": {"text": plain(&format!("{} {}", report.fix, report.limits))},
        "properties": {"tags": tags, "security-severity": security_severity(worst), "precision": "high"},
    })
}

fn baseline_state(change: &str) -> &'static str {
    match change {
        "new" | "reopened" => "new",
        "changed" => "updated",
        _ => "unchanged",
    }
}

fn result(finding: &Finding, index: Option<usize>, report: Option<&Report>, place: (String, usize)) -> Value {
    let suppressions: Vec<Value> = finding.suppression.iter().map(|s| {
        let words = format!("{} (owner {}, until {})", s.reason, s.owner, s.expires);
        json!({"kind": "external", "status": "accepted", "justification": visible(&words)})
    }).collect();
    let mut value = json!({
        "ruleId": finding.report,
        "kind": "fail",
        "level": level(&finding.severity),
        "message": {"text": plain(&format!("{}: {}: {}", title(report, finding), finding.resource, finding.reason))},
        "locations": [{
            "physicalLocation": {
                "artifactLocation": {"uri": utf8_percent_encode(&place.0, IN_PATH).to_string()},
                "region": {"startLine": place.1}},
            "logicalLocations": [{"fullyQualifiedName": visible(&finding.resource), "kind": "resource"}]}],
        "partialFingerprints": {"primaryLocationLineHash": format!("{}:1", finding.uid), "trailtrim/uid/v1": finding.uid},
        "baselineState": baseline_state(finding.change),
        "suppressions": suppressions,
        "properties": {"severity": finding.severity, "security-severity": security_severity(rank(&finding.severity)), "account": visible(&finding.account)},
    });
    if let (Some(index), Some(fields)) = (index, value.as_object_mut()) {
        fields.insert("ruleIndex".to_owned(), index.into());
    }
    value
}

/// The file's text.
#[must_use]
pub fn render(model: &ReportModel, map: &IacMap) -> String {
    let places = Places::new(model, map);
    // The line of a finding in `findings.csv`, whose first line has the names of its columns.
    let mut failing: Vec<(usize, &Finding)> = model.findings.iter().enumerate().map(|(at, f)| (at + 2, f)).filter(|(_, f)| f.status.is_failing()).collect();
    failing.sort_by_key(|(line, f)| (f.status != Status::Fail, rank(&f.severity), *line));
    let all = failing.len();
    failing.truncate(RESULTS_AT_MOST);
    let mut worst: BTreeMap<&str, u8> = BTreeMap::new();
    for (_, f) in &failing {
        let most = worst.entry(&f.report).or_insert(u8::MAX);
        *most = rank(&f.severity).min(*most);
    }
    let rules: Vec<&Report> = model.reports.iter().filter(|r| worst.contains_key(r.id.as_str())).collect();
    let results: Vec<Value> = failing
        .iter()
        .map(|(line, f)| {
            let index = rules.iter().position(|r| r.id == f.report);
            result(f, index, index.and_then(|i| rules.get(i)).copied(), places.of(f, *line))
        })
        .collect();
    let mut notes = Vec::new();
    if all > failing.len() {
        let words = format!("truncated: {} of {all} findings, the most severe first; findings.json has all", failing.len());
        notes.push(json!({"level": "warning", "message": {"text": words}}));
    }
    let value = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "trailtrim", "semanticVersion": model.version,
                                "rules": rules.iter().map(|r| rule(r, worst.get(r.id.as_str()).copied().unwrap_or(4))).collect::<Vec<_>>()}},
            "automationDetails": {"id": "trailtrim/"},
            "invocations": [{"executionSuccessful": true, "toolExecutionNotifications": notes}],
            "properties": {"truncated": all > failing.len(), "findings": all},
            "results": results,
        }],
    });
    file_text(&serde_json::to_string_pretty(&value).unwrap_or_default(), true) + "\n"
}
