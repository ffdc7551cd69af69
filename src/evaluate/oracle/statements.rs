//! Statements: whether each one of a policy applies to the request, and what would settle it (items 3 to 11).

use std::collections::BTreeSet;

use super::Case;
use super::principals::{self, Classes};
use super::{conditions, resources};
use crate::aws::glob_matches;
use crate::evaluate::decision::{DecidingStatement, PolicyType, Tri};
use crate::evaluate::policies::NamedPolicy;
use crate::policy::{ActionElement, Effect, Statement, Version};

/// What a statement (or a rule that works like one) has to say about the request.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    /// Where it stands.
    pub(super) place: DecidingStatement,
    /// Allow or Deny.
    pub(super) effect: Effect,
    /// By which class it applies to the caller; of statements without principal: direct.
    pub(super) classes: Classes,
    /// R2: keys that would settle it, if it may apply.
    pub(super) missing: BTreeSet<String>,
}

impl Finding {
    /// Whether it applies.
    pub(super) fn applies(&self) -> Tri {
        self.classes.any()
    }
}

/// Every statement of these policies.
pub(super) fn of_policies(case: &Case<'_>, kind: PolicyType, policies: &[NamedPolicy<'_>]) -> Vec<Finding> {
    let mut out = Vec::new();
    for policy in policies {
        for (index, statement) in policy.document.statements.iter().enumerate() {
            let (classes, missing) = applies(case, kind, statement, policy.document.version);
            let place = place(kind, policy.name, index, statement.sid.as_deref());
            out.push(Finding { place, effect: statement.effect, classes, missing });
        }
    }
    out
}

/// R1: a statement is shown by its Sid, or by its place if there is none or it is empty.
pub(super) fn place(kind: PolicyType, policy: &str, index: usize, sid: Option<&str>) -> DecidingStatement {
    let statement = match sid {
        Some(sid) if !sid.is_empty() => sid.to_owned(),
        _ => format!("#{index}"),
    };
    DecidingStatement { policy_type: kind, policy: policy.to_owned(), index, statement }
}

/// A statement applies when principal, action, resource and every condition do.
fn applies(case: &Case<'_>, kind: PolicyType, statement: &Statement, version: Version) -> (Classes, BTreeSet<String>) {
    let request = case.request;
    let who = principals::element(case, kind, statement.effect, statement.principal.as_ref());
    let action = Tri::from(action(request.action, &statement.action));
    let resource = resources::element(request, kind, statement.resource.as_ref(), version);
    let conditions = conditions::all_hold(request, &statement.conditions, version);
    let classes = who.and(action).and(resource).and(conditions);
    let mut missing = BTreeSet::new();
    if classes.any() == Tri::Unknown {
        missing.extend(conditions::missing(request, &statement.conditions, version));
        if resource == Tri::Unknown {
            missing.extend(resources::missing(request, kind, statement.resource.as_ref(), version));
        }
    }
    (classes, missing)
}

/// Item 3: actions compare without case, `*` and `?` anywhere; `NotAction` is "no entry matches".
fn action(action: &str, element: &ActionElement) -> bool {
    let action = action.to_ascii_lowercase();
    let matches = |pattern: &String| {
        let pattern = pattern.to_ascii_lowercase();
        pattern == "*" || pattern == "*:*" || glob_matches(&pattern, &action)
    };
    match element {
        ActionElement::Action(patterns) => patterns.iter().any(matches),
        ActionElement::NotAction(patterns) => !patterns.iter().any(matches),
    }
}

/// Whether some Allow applies.
pub(super) fn allows(findings: &[Finding]) -> Tri {
    findings.iter().filter(|f| f.effect == Effect::Allow).fold(Tri::No, |sum, f| sum.or(f.applies()))
}

/// Whether some Deny applies.
pub(super) fn denies(findings: &[Finding]) -> Tri {
    findings.iter().filter(|f| f.effect == Effect::Deny).fold(Tri::No, |sum, f| sum.or(f.applies()))
}
