//! Replay: every call that was allowed in the window is evaluated under the old and under the proposed policies.
//!
//! A call that the old policies allow (or may allow: the record carries only part of the context) and the new
//! ones deny is newly denied, and so is one that was surely allowed and no longer is. There must be none.
//! Distinct requests are evaluated, calls are counted.

use crate::evaluate::{Context, Decision, Layers, Request, RequestPrincipal, evaluate};
use crate::usage::{Outcome, UsageRow};

/// One principal with what it holds before and after.
pub struct State<'a> {
    /// Who calls.
    pub principal: RequestPrincipal,
    /// Policies as they are.
    pub old: Layers<'a>,
    /// Policies as proposed.
    pub new: Layers<'a>,
}

/// What a replay counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ReplayCounts {
    /// Distinct requests.
    pub requests: i64,
    /// Calls they stand for.
    pub calls: i64,
    /// Requests that would be denied now.
    pub newly_denied: i64,
    /// Requests that cannot be decided under the new policies with what the record tells.
    pub unknown: i64,
    /// Requests that neither the old nor the new policies explain: another policy type granted them, or the
    /// resource in the log was read wrongly.
    pub unexplained: i64,
}

impl ReplayCounts {
    /// Adds another count.
    pub fn add(&mut self, other: ReplayCounts) {
        self.requests += other.requests;
        self.calls += other.calls;
        self.newly_denied += other.newly_denied;
        self.unknown += other.unknown;
        self.unexplained += other.unexplained;
    }
}

/// A request that would be denied under the proposal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewlyDenied {
    /// The caller.
    pub principal_arn: String,
    /// The action.
    pub action: String,
    /// The resource.
    pub resource: String,
    /// Calls in the window.
    pub calls: i64,
    /// Event ids.
    pub samples: Vec<String>,
}

/// The request context that a usage row tells: the keys of its context class and the region; every other key is
/// unknown.
#[must_use]
pub fn context_of(row: &UsageRow) -> Context {
    let mut context = Context::new(false);
    let class: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&row.context_class).unwrap_or_default();
    for (key, value) in &class {
        match value {
            serde_json::Value::String(s) => context.set(key, vec![s.clone()]),
            serde_json::Value::Array(list) => {
                context.set(key, list.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect());
            }
            other => context.set(key, vec![other.to_string()]),
        }
    }
    if let Some(region) = &row.region {
        context.set("aws:RequestedRegion", vec![region.clone()]);
    }
    context
}

/// The decision on a usage row under some layers. A resource of another account needs that account's consent as
/// well, which the call had; what is decided here is the caller's own half, as if it owned the resource.
#[must_use]
pub fn decide(principal: &RequestPrincipal, row: &UsageRow, layers: &Layers<'_>) -> Decision {
    let context = context_of(row);
    let request = Request {
        principal,
        action: &row.action,
        resource: &row.resource_arn,
        resource_is_pattern: row.is_pattern(),
        resource_account: principal.account(),
        context: &context,
    };
    evaluate(&request, layers).decision
}

fn is_denied(decision: Decision) -> bool {
    matches!(decision, Decision::ExplicitDeny | Decision::ImplicitDeny)
}

/// Replays the allowed rows of one principal.
#[must_use]
pub fn replay(state: &State<'_>, rows: &[&UsageRow]) -> (ReplayCounts, Vec<NewlyDenied>) {
    let mut counts = ReplayCounts::default();
    let mut denied = Vec::new();
    for row in rows.iter().filter(|r| r.outcome == Outcome::Allowed) {
        counts.requests += 1;
        counts.calls += row.calls;
        let (old, new) = (decide(&state.principal, row, &state.old), decide(&state.principal, row, &state.new));
        let lost = match old {
            Decision::Allowed => new != Decision::Allowed,
            Decision::Unknown => is_denied(new),
            Decision::ExplicitDeny | Decision::ImplicitDeny => false,
        };
        if lost {
            counts.newly_denied += 1;
            denied.push(NewlyDenied {
                principal_arn: state.principal.arn.clone().unwrap_or_default(),
                action: row.action.clone(),
                resource: row.resource_arn.clone(),
                calls: row.calls,
                samples: row.samples.clone(),
            });
        } else if is_denied(old) {
            counts.unexplained += 1;
        } else if new == Decision::Unknown {
            counts.unknown += 1;
        }
    }
    (counts, denied)
}
