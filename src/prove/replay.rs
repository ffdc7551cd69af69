//! Replay: every call that was allowed in the window is evaluated under the old and under the proposed policies.
//!
//! A call that the old policies allow (or may allow: the record carries only part of the context) and the new
//! ones deny is newly denied, and so is one that was surely allowed and no longer is. There must be none.
//! Distinct requests are evaluated, calls are counted.

use crate::evaluate::{self, CompiledPolicies, Context, Decision, PreparedRequest, Request, RequestPrincipal};
use crate::usage::{Outcome, UsageRow};

/// One principal with what it holds before and after.
pub struct State {
    /// Who calls.
    pub principal: RequestPrincipal,
    /// Policies as they are.
    pub old: CompiledPolicies,
    /// Policies as proposed.
    pub new: CompiledPolicies,
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
    /// Of these, requests that the policies of their time allowed; the run fills it in from the history of the grants.
    pub explained_by_history: i64,
}

impl ReplayCounts {
    /// Adds another count.
    pub fn add(&mut self, other: ReplayCounts) {
        self.requests += other.requests;
        self.calls += other.calls;
        self.newly_denied += other.newly_denied;
        self.unknown += other.unknown;
        self.unexplained += other.unexplained;
        self.explained_by_history += other.explained_by_history;
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

/// The request context that a row of the store tells: the keys of its context class and the region; every other key
/// is unknown.
#[must_use]
pub fn context_of(context_class: &str, region: Option<&str>) -> Context {
    let mut context = Context::new(false);
    let class: serde_json::Map<String, serde_json::Value> = serde_json::from_str(context_class).unwrap_or_default();
    for (key, value) in &class {
        match value {
            serde_json::Value::String(s) => context.set(key, vec![s.clone()]),
            serde_json::Value::Array(list) => {
                context.set(key, list.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect());
            }
            other => context.set(key, vec![other.to_string()]),
        }
    }
    if let Some(region) = region {
        context.set("aws:RequestedRegion", vec![region.to_owned()]);
    }
    context
}

/// Makes a usage row ready as a request. A resource of another account needs that account's consent as well, which
/// the call had; what is asked here is the caller's own half, as if it owned the resource.
pub fn with_request<T>(principal: &RequestPrincipal, row: &UsageRow, ask: impl FnOnce(&PreparedRequest<'_>) -> T) -> T {
    let context = context_of(&row.context_class, row.region.as_deref());
    ask(&PreparedRequest::new(Request {
        principal,
        action: &row.action,
        resource: &row.resource_arn,
        resource_is_pattern: row.is_pattern(),
        resource_account: principal.account(),
        context: &context,
    }))
}

/// Replays the allowed rows of one principal.
#[must_use]
pub fn replay(state: &State, rows: &[&UsageRow]) -> (ReplayCounts, Vec<NewlyDenied>) {
    let mut counts = ReplayCounts::default();
    let mut denied = Vec::new();
    for row in rows.iter().filter(|r| r.outcome == Outcome::Allowed) {
        counts.requests += 1;
        counts.calls += row.calls;
        let (old, new) = with_request(&state.principal, row, |request| {
            (evaluate::decide(request, &state.old), evaluate::decide(request, &state.new))
        });
        let lost = match old {
            Decision::Allowed => new != Decision::Allowed,
            Decision::Unknown => new.is_denied(),
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
        } else if old.is_denied() {
            counts.unexplained += 1;
        } else if new == Decision::Unknown {
            counts.unknown += 1;
        }
    }
    (counts, denied)
}
