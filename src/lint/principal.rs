//! `Principal` and `NotPrincipal`: which kinds of policy have them, and how principals are named.

use serde_json::{Map, Value};

use super::document::Scope;
use super::{Code, PolicyType, Report, variable};
use super::action::is_pattern;
use crate::aws::arn::Arn;
use crate::aws::partition::is_account_id;

/// Checks the principals of a statement.
pub(super) fn check(scope: &Scope<'_>, report: &mut Report, object: &Map<String, Value>) {
    let yes = object.get("Principal").map(|v| ("Principal", v));
    let no = object.get("NotPrincipal").map(|v| ("NotPrincipal", v));
    let Some((element, value)) = yes.or(no) else {
        if matches!(scope.kind, PolicyType::Resource | PolicyType::Trust | PolicyType::ResourceControl) {
            report.add(Code::MissingPrincipal, "Principal", None, "a statement of this kind of policy names principals");
        }
        return;
    };
    match scope.kind {
        PolicyType::Identity | PolicyType::Boundary => {
            report.add(Code::UnsupportedPrincipal, element, None, "this kind of policy names no principals: it is whose it is attached to");
            return;
        }
        PolicyType::ServiceControl => {
            report.add(Code::ScpSyntaxErrorPrincipal, element, None, "service control policies name no principals");
            return;
        }
        PolicyType::ResourceControl if element == "NotPrincipal" => {
            report.add(Code::RcpSyntaxErrorNotPrincipal, element, None, "resource control policies have no NotPrincipal");
            return;
        }
        PolicyType::ResourceControl => {
            if value.as_str() != Some("*") {
                report.add(Code::RcpSyntaxErrorPrincipal, element, None, "the principal of a resource control policy is `*`; conditions say who is meant");
            }
            return;
        }
        PolicyType::Resource | PolicyType::Trust => {}
    }
    if scope.is_allow && element == "NotPrincipal" {
        report.add(Code::AllowWithNotPrincipal, element, None, "everybody else is allowed, even without credentials");
    }
    match value {
        Value::String(text) if text == "*" => {
            if scope.kind == PolicyType::Trust && element == "Principal" {
                report.add(Code::RoleTrustPolicyUnsupportedWildcardInPrincipal, element, Some(text), "a trust policy cannot have \"Principal\": \"*\"");
            }
        }
        Value::String(text) => {
            report.add(Code::InvalidPrincipalFormat, element, Some(text), "principals are given by kind: { \"AWS\": … }");
        }
        Value::Object(kinds) => {
            if kinds.is_empty() {
                report.add(Code::EmptyObjectPrincipal, element, None, "no principals, so the statement does nothing");
            }
            for (kind, value) in kinds {
                of_kind(report, element, kind, value);
            }
        }
        _ => report.add(Code::DataTypeMismatch, element, None, "principals are `*` or an object"),
    }
}

fn of_kind(report: &mut Report, element: &str, kind: &str, value: &Value) {
    let at = format!("{element}/{kind}");
    if !matches!(kind, "AWS" | "Service" | "Federated" | "CanonicalUser") {
        report.add(Code::InvalidPrincipalKey, &at, None, "the kinds of principals are AWS, Service, Federated and CanonicalUser");
        return;
    }
    for text in super::document::texts(report, &at, value, Code::EmptyArrayPrincipal) {
        variable::unsupported(report, &at, text);
        if text == "*" && kind == "AWS" || text.contains("${") {
            continue;
        }
        if is_pattern(text) {
            report.add(Code::UnsupportedWildcardInPrincipal, &at, Some(text), "a principal is named in full, or is `*` alone");
            continue;
        }
        match kind {
            "AWS" => aws(report, &at, text),
            "Service" if !is_service_principal(text) => {
                report.add(Code::InvalidServicePrincipal, &at, Some(text), "a service principal looks like `ec2.amazonaws.com`");
            }
            _ => {}
        }
    }
}

/// An account, an ARN, or the unique id that IAM puts in place of a deleted user or role.
fn aws(report: &mut Report, at: &str, text: &str) {
    if is_account_id(text) {
        return;
    }
    let is_id = |prefix: &str| text.starts_with(prefix) && text.len() >= 16 && text.bytes().all(|b| b.is_ascii_alphanumeric());
    if is_id("AROA") {
        report.add(Code::InvalidRoleReference, at, Some(text), "the unique id of a role: the role was deleted, or should be named by its ARN");
        return;
    }
    if is_id("AIDA") {
        report.add(Code::InvalidUserReference, at, Some(text), "the unique id of a user: the user was deleted, or should be named by its ARN");
        return;
    }
    match Arn::parse(text) {
        Some(arn) if matches!(arn.service, "iam" | "sts") => {
            // Origin access identities of CloudFront have a word there.
            if !is_account_id(arn.account) && arn.account != "cloudfront" {
                report.add(Code::InvalidArnAccount, at, Some(text), "the ARN of a principal has an account number of twelve digits");
            }
        }
        _ => report.add(Code::InvalidPrincipalFormat, at, Some(text), "no account number and no ARN of a user, a role or a session"),
    }
}

fn is_service_principal(text: &str) -> bool {
    let good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.' | b'_');
    // Each partition has an ending of its own.
    text.contains('.') && text.bytes().all(good)
}
