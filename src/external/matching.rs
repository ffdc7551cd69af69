//! By which entries somebody who took up a role may have come in.
//!
//! The log does not tell the statement that let a call in. An entry counts if it names the caller, its statement allows the
//! action, and no condition on what the log tells (subject, caller's ARN, ExternalId) speaks against it.

use std::collections::HashMap;

use super::conditions::{asks_for_value, is_on, takes_anything};
use super::oidc::host;
use crate::aws::{arn_matches, glob_matches};
use crate::policy::{BaseOperator, Condition, Statement};
use crate::reduce::trust::callers::Caller;
use crate::reduce::trust::entries::Entry;
use crate::usage::{Assumption, Outcome, UsageRow};

/// Somebody as the trust policies' judge knows callers.
struct Taker {
    row: UsageRow,
    arn: Option<String>,
}

fn row_of(assumption: &Assumption, key: &str, arn: Option<&str>) -> UsageRow {
    let kind = match assumption.source_kind {
        "service" => "AWSService",
        "saml" => "SAMLUser",
        "oidc" => "WebIdentityUser",
        "root" => "Root",
        "user" => "IAMUser",
        "role" => "AssumedRole",
        _ => "AWSAccount",
    };
    UsageRow {
        account: assumption.source_account.as_deref().unwrap_or("unknown").into(),
        principal_key: key.into(),
        principal_arn: arn.map(Into::into),
        principal_type: Some(kind.into()),
        action: assumption.action.as_str().into(),
        resource_arn: assumption.role_arn.as_str().into(),
        provenance: "logged".into(),
        region: None,
        context_class: "{}".into(),
        outcome: Outcome::Allowed,
        calls: assumption.calls,
        first_seen_ms: assumption.first_seen_ms,
        last_seen_ms: assumption.last_seen_ms,
        samples: Vec::new(),
    }
}

/// The ARN of whoever made the calls, from the log or by the exports' unique ids.
#[must_use]
pub fn arn_of<'a>(assumption: &'a Assumption, ids: &HashMap<&str, &'a str>) -> Option<&'a str> {
    if assumption.source.starts_with("arn:") && !matches!(assumption.source_kind, "saml" | "oidc" | "service") {
        return Some(&assumption.source);
    }
    std::iter::once(&assumption.source).chain(&assumption.details.keys).find_map(|key| ids.get(key.as_str()).copied())
}

fn takers(assumption: &Assumption, ids: &HashMap<&str, &str>) -> Vec<Taker> {
    let arn = arn_of(assumption, ids);
    // For services and providers the key is the source itself; for all others any id will do.
    let is_named = matches!(assumption.source_kind, "saml" | "oidc" | "service");
    let own = std::iter::once(assumption.source.as_str()).filter(|_| is_named || assumption.details.keys.is_empty());
    let keys: Vec<&str> = own.chain(assumption.details.keys.iter().map(String::as_str)).collect();
    keys.into_iter().map(|key| Taker { row: row_of(assumption, key, arn), arn: arn.map(str::to_owned) }).collect()
}

fn value_fits(condition: &Condition, value: &str) -> bool {
    let fits = |pattern: &String| match condition.operator.base {
        BaseOperator::StringEquals => pattern == value,
        BaseOperator::StringEqualsIgnoreCase => pattern.eq_ignore_ascii_case(value),
        BaseOperator::StringLike => pattern.contains("${") || glob_matches(pattern, value),
        BaseOperator::ArnLike | BaseOperator::ArnEquals => pattern.contains("${") || arn_matches(pattern, value),
        _ => true,
    };
    condition.values.iter().any(fits)
}

/// Whether no condition speaks against the calls, as far as the log tells.
fn conditions_fit(statement: &Statement, assumption: &Assumption, provider: &str, arn: Option<&str>) -> bool {
    let subject = format!("{provider}:sub");
    statement.conditions.iter().filter(|c| asks_for_value(c)).all(|condition| {
        if is_on(condition, &subject) {
            return assumption.subject.as_deref().is_none_or(|s| value_fits(condition, s));
        }
        if is_on(condition, "aws:PrincipalArn") {
            return arn.is_none_or(|a| value_fits(condition, a));
        }
        if is_on(condition, "sts:ExternalId") && !takes_anything(condition) {
            return assumption.external_id_calls > 0;
        }
        true
    })
}

/// Whether somebody may have come in by an entry of a statement.
#[must_use]
pub fn may_have_come_by(entry: &Entry<'_>, statement: &Statement, assumption: &Assumption, ids: &HashMap<&str, &str>) -> bool {
    let arn = arn_of(assumption, ids);
    statement.action.contains(&assumption.action)
        && conditions_fit(statement, assumption, &host(entry.text), arn)
        && takers(assumption, ids).iter().any(|t| entry.may_let_in(&Caller { row: &t.row, arn: t.arn.as_deref() }))
}
