//! What AWS itself tells of use: last accessed services of a principal, findings of Access Analyzer.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::super::builder::Builder;
use super::super::super::evidence::{AnalyzerFinding, ServiceUse};
use super::super::super::gaad::time_ms;
use super::super::super::{Capture, Document, Grants, Known};
use super::super::pages::{list, more, owned, text};
use super::evidence;
use crate::aws::is_account_id;

/// `get-service-last-accessed-details`: what a finished job found. The report is as old as the job, not as the bundle.
pub fn last_accessed(account: &str, document: &Document, builder: &mut Builder) -> Option<&'static str> {
    const KIND: &str = "last accessed services";
    let value = &document.value;
    let status = text(value, "JobStatus")?;
    let Some(arn) = document.resource_arn.clone() else {
        builder.problem(document.file(), "", "of which principal it tells is not told");
        return Some(KIND);
    };
    let capture = Capture { at_ms: time_ms(value.get("JobCompletionDate")).or(document.capture.at_ms), ..document.capture.clone() };
    if status != "COMPLETED" {
        let why = value.get("Error").and_then(|e| text(e, "Message")).unwrap_or(status);
        builder.problem(document.file(), "/JobStatus", format!("the job is not completed: {why}"));
        let answer = Known::Unknown(format!("the job is not completed: {why}"));
        let what = format!("last accessed services of {arn}");
        builder.put_known(&what, &capture, |g| evidence(g, account).last_accessed.entry(arn).or_default(), answer);
        return Some(KIND);
    }
    let all = list(value, "ServicesLastAccessed")?;
    // One that cannot be read would count as one that was never used.
    if let Some(at) = all.iter().position(|s| service(s).is_none()) {
        builder.problem(document.file(), &format!("/ServicesLastAccessed/{at}"), "a service or action without a name, or a time that is none");
        let what = format!("last accessed services of {arn}");
        let answer = Known::Unknown("the export cannot be read".to_owned());
        builder.put_known(&what, &capture, |g| evidence(g, account).last_accessed.entry(arn).or_default(), answer);
        return Some(KIND);
    }
    builder.cli.account.advisor.add((account.to_owned(), arn), &capture, all.iter().filter_map(service).collect(), more(value));
    Some(KIND)
}

/// A time that may be missing; `None` for one that cannot be read.
fn time(value: Option<&Value>) -> Option<Option<i64>> {
    match value.filter(|v| !v.is_null()) {
        None => Some(None),
        given => time_ms(given).map(Some),
    }
}

fn service(value: &Value) -> Option<ServiceUse> {
    let actions = list(value, "TrackedActionsLastAccessed").unwrap_or_default();
    Some(ServiceUse {
        service: text(value, "ServiceNamespace")?.to_owned(),
        last_ms: time(value.get("LastAuthenticated"))?,
        actions: actions.iter().map(|a| Some((text(a, "ActionName")?.to_owned(), time(a.get("LastAccessedTime"))?))).collect::<Option<_>>()?,
    })
}

/// `list-findings-v2`, `get-finding-v2`, and the older `list-findings` and `get-finding`, which know external access only.
/// A finding belongs to the account that owns what it is about; an analyzer of an organisation has those of many.
pub fn take(document: &Document, builder: &mut Builder) -> Option<&'static str> {
    let value = &document.value;
    let one = [value.clone()];
    let (pointer, findings) = match (list(value, "findings"), value.get("finding")) {
        (Some(list), _) => ("/findings", list),
        (None, Some(finding)) => ("/finding", std::slice::from_ref(finding)),
        (None, None) if value.get("id").is_some() => ("", &one[..]),
        (None, None) => return None,
    };
    for (at, finding) in findings.iter().enumerate() {
        let account = text(finding, "resourceOwnerAccount").map(str::to_owned).or_else(|| document.account()).filter(|a| is_account_id(a));
        match (text(finding, "id"), account) {
            (Some(id), Some(account)) => put(id, &account, finding, &document.capture, builder),
            _ => builder.problem(document.file(), &format!("{pointer}/{at}"), "a finding without id or account"),
        }
    }
    if more(value) {
        builder.problem(document.file(), "/nextToken", "the list breaks off; what is missing is unknown");
    }
    Some("Access Analyzer findings")
}

fn put(id: &str, account: &str, finding: &Value, capture: &Capture, builder: &mut Builder) {
    // What has no `findingType` is of the older commands.
    let kind = text(finding, "findingType").unwrap_or("ExternalAccess").to_owned();
    let mut field = |name: &str, slot: fn(&mut AnalyzerFinding) -> &mut String, value: String| {
        builder.put(&format!("{name} of finding {id}"), capture, |g| slot(self::finding(g, account, id)), value);
    };
    field("kind", |f| &mut f.kind, kind);
    field("resource", |f| &mut f.resource, owned(finding, "resource"));
    field("status", |f| &mut f.status, owned(finding, "status"));
    let analyzed = time_ms(finding.get("analyzedAt"));
    builder.put(&format!("time of finding {id}"), capture, |g| &mut self::finding(g, account, id).analyzed_ms, analyzed);
    if let Some(details) = list(finding, "findingDetails") {
        let unused = details.iter().flat_map(unused).collect();
        builder.put(&format!("details of finding {id}"), capture, |g| &mut self::finding(g, account, id).unused, unused);
        let last = details.iter().filter_map(|d| {
            let of = ["unusedIamRoleDetails", "unusedIamUserPasswordDetails", "unusedIamUserAccessKeyDetails"];
            of.iter().find_map(|key| d.get(key)).and_then(|d| time_ms(d.get("lastAccessed")))
        });
        let last = last.max();
        builder.put(&format!("last use of finding {id}"), capture, |g| &mut self::finding(g, account, id).last_used_ms, last);
    }
}

fn finding<'g>(grants: &'g mut Grants, account: &str, id: &str) -> &'g mut AnalyzerFinding {
    let finding = evidence(grants, account).analyzer_findings.entry(id.to_owned()).or_default();
    id.clone_into(&mut finding.id);
    account.clone_into(&mut finding.account);
    finding
}

/// What a detail names as unused: actions of a service, the service where it names none, or an access key.
fn unused(detail: &Value) -> BTreeMap<String, Option<i64>> {
    if let Some(key) = detail.get("unusedIamUserAccessKeyDetails") {
        return text(key, "accessKeyId").map(|id| (id.to_owned(), time_ms(key.get("lastAccessed")))).into_iter().collect();
    }
    let Some(permission) = detail.get("unusedPermissionDetails") else { return BTreeMap::new() };
    let Some(service) = text(permission, "serviceNamespace") else { return BTreeMap::new() };
    let actions = list(permission, "actions").unwrap_or_default();
    if actions.is_empty() {
        return [(service.to_owned(), time_ms(permission.get("lastAccessed")))].into();
    }
    let name = |action: &str| if action.contains(':') { action.to_owned() } else { format!("{service}:{action}") };
    actions.iter().filter_map(|a| Some((name(text(a, "action")?), time_ms(a.get("lastAccessed"))))).collect()
}
