//! The document and its statements: which elements there are and of what type, and what each kind of policy asks for.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::{Code, Linter, PolicyType, Report, action, condition, principal, resource, risky, tags};
use crate::policy::limits::{MANAGED_LIMIT, RCP_LIMIT, SCP_LIMIT, TRUST_LIMIT, TRUST_LIMIT_RAISED};
use crate::policy::print;

/// Elements of a statement.
const ELEMENTS: &[&str] = &["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"];

/// What the checks of one statement share.
pub(super) struct Scope<'s> {
    pub linter: &'s Linter<'s>,
    pub kind: PolicyType,
    /// Whether `${…}` is a variable.
    pub has_variables: bool,
    pub is_allow: bool,
    /// `Action` or `NotAction`, those that are texts.
    pub actions: Vec<&'s str>,
    pub not_action: bool,
    /// `Resource` or `NotResource`, those that are texts.
    pub resources: Vec<&'s str>,
    pub not_resource: bool,
}

/// Lints a document.
pub(super) fn document(linter: &Linter<'_>, report: &mut Report, value: &Value, kind: PolicyType) {
    let Value::Object(object) = value else {
        report.add(Code::DataTypeMismatch, "", None, "a policy document is a JSON object");
        return;
    };
    for key in object.keys().filter(|k| !matches!(k.as_str(), "Version" | "Id" | "Statement")) {
        report.add(Code::InvalidPolicyElement, key, None, format!("`{key}` is no element of a policy"));
    }
    let has_variables = version(report, object.get("Version"));
    if object.get("Id").is_some_and(|id| !id.is_string()) {
        report.add(Code::DataTypeMismatch, "Id", None, "Id is a text");
    }
    size(report, object, kind);
    let statements = match object.get("Statement") {
        Some(Value::Array(list)) => list.as_slice(),
        Some(one @ Value::Object(_)) => std::slice::from_ref(one),
        Some(_) => {
            report.add(Code::DataTypeMismatch, "Statement", None, "Statement is an object or a list of objects");
            return;
        }
        None => &[],
    };
    if statements.is_empty() {
        report.add(Code::MissingStatement, "Statement", None, "the policy has no statement");
    }
    let mut sids: HashMap<&str, usize> = HashMap::new();
    for (at, one) in statements.iter().enumerate() {
        report.statement = Some(at);
        report.sid = None;
        let Value::Object(object) = one else {
            report.add(Code::DataTypeMismatch, "", None, "a statement is a JSON object");
            continue;
        };
        sid(report, object, kind, at, &mut sids);
        statement(linter, report, object, kind, has_variables);
    }
    redundant(report, statements);
}

/// Whether variables work in it.
fn version(report: &mut Report, version: Option<&Value>) -> bool {
    match version {
        None => {
            report.add(Code::MissingVersion, "Version", None, "without Version the old version 2008-10-17 holds, which has no variables");
            false
        }
        Some(Value::String(v)) if v == "2012-10-17" => true,
        Some(Value::String(v)) if v == "2008-10-17" => false,
        Some(Value::String(v)) => {
            report.add(Code::InvalidVersion, "Version", Some(v), "the versions are 2012-10-17 and 2008-10-17");
            true
        }
        Some(_) => {
            report.add(Code::DataTypeMismatch, "Version", None, "Version is a text");
            true
        }
    }
}

/// IAM counts the characters of the document, white space left out.
fn size(report: &mut Report, object: &Map<String, Value>, kind: PolicyType) {
    let (limit, code) = match kind {
        PolicyType::Identity | PolicyType::Boundary => (MANAGED_LIMIT, Code::PolicySizeExceedsIdentityPolicyQuota),
        PolicyType::Trust => (TRUST_LIMIT, Code::TrustPolicySize),
        PolicyType::ServiceControl => (SCP_LIMIT, Code::PolicySizeExceedsScpQuota),
        PolicyType::ResourceControl => (RCP_LIMIT, Code::PolicySizeExceedsRcpQuota),
        // Each service has a limit of its own.
        PolicyType::Resource => return,
    };
    let taken = print::characters(object);
    if kind == PolicyType::Trust && taken > TRUST_LIMIT_RAISED {
        report.add(Code::TrustPolicySizeAtMost, "", None, format!("{taken} characters, {TRUST_LIMIT_RAISED} are the most that a trust policy can have"));
    } else if taken > limit {
        report.add(code, "", None, format!("{taken} characters, the quota is {limit}"));
    }
}

/// The `Sid`: its characters, and whether another statement has it.
fn sid<'v>(report: &mut Report, object: &'v Map<String, Value>, kind: PolicyType, at: usize, sids: &mut HashMap<&'v str, usize>) {
    let text = match object.get("Sid") {
        None => return,
        Some(Value::String(text)) => text,
        Some(_) => {
            report.add(Code::DataTypeMismatch, "Sid", None, "Sid is a text");
            return;
        }
    };
    if text.is_empty() {
        report.add(Code::EmptySidValue, "Sid", None, "an empty Sid says nothing");
        return;
    }
    report.sid = Some(text.clone());
    // Services other than IAM and Organizations take other characters too.
    if kind != PolicyType::Resource && !text.bytes().all(|b| b.is_ascii_alphanumeric()) {
        report.add(Code::UnsupportedSid, "Sid", Some(text), "a Sid has letters and digits only (a-z, A-Z, 0-9)");
    }
    let first = *sids.entry(text).or_insert(at);
    if first != at {
        let code = if kind == PolicyType::Resource { Code::UniqueSidsRecommended } else { Code::UniqueSidsRequired };
        report.add(code, "Sid", Some(text), format!("statement {first} has this Sid already"));
    }
}

fn statement(linter: &Linter<'_>, report: &mut Report, object: &Map<String, Value>, kind: PolicyType, has_variables: bool) {
    for key in object.keys().filter(|k| !ELEMENTS.contains(&k.as_str())) {
        report.add(Code::InvalidPolicyElement, key, None, format!("`{key}` is no element of a statement"));
    }
    for (yes, no) in [("Principal", "NotPrincipal"), ("Action", "NotAction"), ("Resource", "NotResource")] {
        if object.contains_key(yes) && object.contains_key(no) {
            report.add(Code::UnsupportedElementCombination, no, None, format!("{yes} and {no} cannot stand in one statement"));
        }
    }
    let is_allow = effect(report, object, kind);
    let (action_element, not_action) = one_of(object, "Action", "NotAction");
    let (resource_element, not_resource) = one_of(object, "Resource", "NotResource");
    let actions = match action_element {
        Some((name, value)) => texts(report, name, value, Code::EmptyArrayAction),
        None => {
            report.add(Code::MissingAction, "Action", None, "a statement has an Action or a NotAction");
            Vec::new()
        }
    };
    let resources = match resource_element {
        Some((name, _)) if kind == PolicyType::Trust => {
            report.add(Code::RoleTrustPolicySyntaxErrorResource, name, None, "a trust policy has no Resource: it is about its role");
            Vec::new()
        }
        Some((name, value)) => texts(report, name, value, Code::EmptyArrayResource),
        None => {
            // Policies of some resources go without.
            if !matches!(kind, PolicyType::Trust | PolicyType::Resource) {
                report.add(Code::MissingResource, "Resource", None, "a statement has a Resource or a NotResource");
            }
            Vec::new()
        }
    };
    if kind == PolicyType::ResourceControl && not_action {
        report.add(Code::RcpSyntaxErrorNotAction, "NotAction", None, "resource control policies have no NotAction");
    }
    let scope = Scope { linter, kind, has_variables, is_allow, actions, not_action, resources, not_resource };
    principal::check(&scope, report, object);
    action::check(&scope, report);
    resource::check(&scope, report);
    let conditions = condition::check(&scope, report, object.get("Condition"));
    tags::check(&scope, report, &conditions);
    if matches!(kind, PolicyType::Identity | PolicyType::Boundary) && is_allow {
        risky::check(&scope, report, &conditions);
    }
}

/// Checks the effect; whether it is Allow.
fn effect(report: &mut Report, object: &Map<String, Value>, kind: PolicyType) -> bool {
    match object.get("Effect") {
        Some(Value::String(word)) if word == "Allow" => {
            if kind == PolicyType::ResourceControl {
                report.add(Code::RcpSyntaxErrorAllow, "Effect", None, "resource control policies of your own can only deny");
            }
            true
        }
        Some(Value::String(word)) if word == "Deny" => false,
        Some(Value::String(word)) => {
            report.add(Code::InvalidEffect, "Effect", Some(word), "the effect is Allow or Deny, written so");
            false
        }
        Some(_) => {
            report.add(Code::DataTypeMismatch, "Effect", None, "Effect is a text");
            false
        }
        None => {
            report.add(Code::MissingEffect, "Effect", None, "a statement has an Effect, Allow or Deny");
            false
        }
    }
}

type Element<'v> = Option<(&'static str, &'v Value)>;

/// The one of two opposite elements that is there, and whether it is the negative one.
fn one_of<'v>(object: &'v Map<String, Value>, yes: &'static str, no: &'static str) -> (Element<'v>, bool) {
    match (object.get(yes), object.get(no)) {
        (Some(value), _) => (Some((yes, value)), false),
        (None, Some(value)) => (Some((no, value)), true),
        (None, None) => (None, false),
    }
}

/// The texts of an element that is a text or a list of texts.
pub(super) fn texts<'v>(report: &mut Report, element: &str, value: &'v Value, empty: Code) -> Vec<&'v str> {
    let list = match value {
        Value::String(text) => return vec![text.as_str()],
        Value::Array(list) => list,
        _ => {
            report.add(Code::DataTypeMismatch, element, None, format!("{element} is a text or a list of texts"));
            return Vec::new();
        }
    };
    if list.is_empty() {
        report.add(empty, element, None, format!("{element} is an empty list, so the statement does nothing"));
    }
    if list.iter().any(|v| !v.is_string()) {
        report.add(Code::DataTypeMismatch, element, None, format!("{element} has an entry that is not a text"));
    }
    list.iter().filter_map(Value::as_str).collect()
}

/// Statements that say what an earlier one says.
fn redundant(report: &mut Report, statements: &[Value]) {
    if statements.len() < 2 {
        return;
    }
    let mut seen: HashMap<String, usize> = HashMap::new();
    for (at, one) in statements.iter().enumerate() {
        let Value::Object(object) = one else { continue };
        let mut without = object.clone();
        without.remove("Sid");
        let first = *seen.entry(serde_json::to_string(&without).unwrap_or_default()).or_insert(at);
        if first != at {
            report.statement = Some(at);
            report.sid = object.get("Sid").and_then(Value::as_str).map(str::to_owned);
            report.add(Code::RedundantStatement, "", None, format!("statement {first} says the same"));
        }
    }
}
