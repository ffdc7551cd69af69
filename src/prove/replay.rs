//! Replay: every call that was allowed in the window is evaluated under the policies as they are and as proposed, with
//! everything else that bears on it in place.
//!
//! Only the caller's own policies (and the trust policies of roles) are ever proposed; what bounds a call from outside is the
//! same before and after, and it let the call pass. So a loss is a loss of what the proposal touches:
//! - what the caller's own policies surely allowed must stay surely allowed, and what they may have allowed must not be denied.
//!   A call that the resource's policy alone surely allows goes through all the same; such calls are counted apart;
//! - what everything together surely allowed, or may have allowed, is held to the same rule;
//! - a call that no policy at hand explains, before or after, is no loss: it is *unexplained*;
//! - what the new policies may allow is *as before* where they allow it whenever the old ones do, whatever the record does not
//!   tell, because the statements that matter were carried over; else it is *unknown*, with what would settle it.
//!
//! Distinct requests are evaluated, calls are counted. Source: design.md section 6; inputs-and-evaluation.md section 4.4.

use super::consistency::settling;
use crate::evaluate::document::{CompiledPolicy, CompiledStatement};
use crate::evaluate::{self, Change, CompiledPolicies, Context, Decision, PolicyType, PreparedRequest, Request, RequestPrincipal, Tri};
use crate::policy::Effect;
use crate::usage::UsageRow;

/// What a replay counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ReplayCounts {
    /// Distinct requests.
    pub requests: i64,
    /// Calls they stand for.
    pub calls: i64,
    /// Requests that would be denied now.
    pub newly_denied: i64,
    /// Requests that the caller's own policies would no longer allow, and that the resource's policy surely allows by itself.
    pub allowed_by_resource_policy: i64,
    /// Requests that cannot be decided with what is known, and that the new policies allow whenever the old ones do.
    pub as_before: i64,
    /// Requests that cannot be decided under the new policies with what is known, and may be lost.
    pub unknown: i64,
    /// Requests that no policy at hand explains, old or new: another policy granted them, or the resource in the log was
    /// read wrongly.
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
        self.allowed_by_resource_policy += other.allowed_by_resource_policy;
        self.as_before += other.as_before;
        self.unknown += other.unknown;
        self.unexplained += other.unexplained;
        self.explained_by_history += other.explained_by_history;
    }

    /// Counts a request that stands for some calls.
    pub fn count(&mut self, judgement: &Judgement, calls: i64) {
        self.requests += 1;
        self.calls += calls;
        match judgement {
            Judgement::Kept => {}
            Judgement::ByResourcePolicy => self.allowed_by_resource_policy += 1,
            Judgement::NewlyDenied => self.newly_denied += 1,
            Judgement::AsBefore => self.as_before += 1,
            Judgement::Unknown(_) => self.unknown += 1,
            Judgement::Unexplained => self.unexplained += 1,
        }
    }
}

/// A request that would be denied under the proposal.
#[derive(Clone, PartialEq, Eq, Debug, PartialOrd, Ord)]
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

/// What becomes of one request that was allowed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Judgement {
    /// It stays allowed.
    Kept,
    /// The caller's own policies lose it; the resource's policy surely allows it by itself.
    ByResourcePolicy,
    /// It would be denied.
    NewlyDenied,
    /// What is known does not decide it; whatever it is, the new policies allow it if the old ones do.
    AsBefore,
    /// What is known does not decide it; with what would settle it, in order.
    Unknown(Vec<String>),
    /// No policy at hand explains it, before or after.
    Unexplained,
}

/// Whether a decision is lost: surely allowed and no longer so, or perhaps allowed and now surely denied.
#[must_use]
pub fn is_lost(old: Decision, new: Decision) -> bool {
    match old {
        Decision::Allowed => new != Decision::Allowed,
        Decision::Unknown => new.is_denied(),
        Decision::ExplicitDeny | Decision::ImplicitDeny => false,
    }
}

/// Kinds that can grant a call; of what bounds, the call itself is the witness that it let it pass.
fn granting(unseen: &[PolicyType]) -> Vec<PolicyType> {
    let grants = |k: &PolicyType| matches!(k, PolicyType::Identity | PolicyType::PermissionsBoundary | PolicyType::Resource);
    unseen.iter().copied().filter(grants).collect()
}

/// The state after a change.
fn changed(policies: &CompiledPolicies, change: &Change) -> CompiledPolicies {
    let mut new = policies.clone();
    if let Some(identity) = &change.identity {
        new.identity = Some(identity.clone());
    }
    if let Some(resource) = &change.resource {
        new.resource = Some(resource.clone());
    }
    new
}

/// Whether the new identity policies allow a request whenever the old ones do, whatever is not known of it: every old Allow
/// statement that may apply has a new one under the same conditions, and the new ones deny nothing else.
fn is_carried(request: &PreparedRequest<'_>, policies: &CompiledPolicies, change: &Change) -> bool {
    let Some(new) = change.identity.as_deref() else { return true };
    let old = policies.identity.as_deref().unwrap_or_default();
    let carries = |one: &CompiledStatement, other: &CompiledStatement| {
        other.effect == one.effect
            && other.conditions == one.conditions
            && other.action.contains(&request.action)
            && (other.resource == one.resource || other.resource.matches(request) == Tri::Yes)
    };
    let allows = |s: &CompiledStatement, how: Tri| s.effect == Effect::Allow && s.applies(request) >= how;
    let is_allowed = each(new).any(|n| allows(n, Tri::Yes))
        || each(old).filter(|s| allows(s, Tri::Unknown)).all(|s| each(new).any(|n| carries(s, n)));
    is_allowed
        && each(new).filter(|n| n.effect == Effect::Deny && n.applies(request) != Tri::No).all(|n| each(old).any(|s| carries(n, s)))
}

/// The statements of some policies.
fn each(list: &[CompiledPolicy]) -> impl Iterator<Item = &CompiledStatement> {
    list.iter().flat_map(|policy| &policy.document.statements)
}

/// Judges a request that was allowed. `policies` is all that bears on it now; `unseen` are kinds that may exist and are not
/// at hand.
#[must_use]
pub fn judge(request: &PreparedRequest<'_>, policies: &CompiledPolicies, unseen: &[PolicyType], change: &Change) -> Judgement {
    let [old, new] = evaluate::decide_both(request, policies, change);
    let open = || changed(policies, change).with_unknown(&granting(unseen));
    if is_lost(old.own, new.own) {
        // What is not at hand of the resource's side may deny.
        let surely = new.whole == Decision::Allowed && evaluate::decide(request, &open()) == Decision::Allowed;
        return if surely { Judgement::ByResourcePolicy } else { Judgement::NewlyDenied };
    }
    if is_lost(old.whole, new.whole) {
        return Judgement::NewlyDenied;
    }
    match new.whole {
        Decision::Allowed => return Judgement::Kept,
        Decision::ExplicitDeny => return Judgement::Unexplained,
        Decision::ImplicitDeny if evaluate::decide(request, &open()).is_denied() => return Judgement::Unexplained,
        Decision::ImplicitDeny | Decision::Unknown => {}
    }
    // What is not the caller's own has not changed, and let the call pass.
    if change.resource.is_none() {
        match new.own {
            Decision::Allowed => return Judgement::Kept,
            Decision::Unknown if is_carried(request, policies, change) => return Judgement::AsBefore,
            _ => {}
        }
    }
    let state = if new.whole == Decision::ImplicitDeny { open() } else { changed(policies, change) };
    let evaluation = evaluate::evaluate(request, &state);
    let mut settles = settling(request, &evaluation);
    if settles.is_empty() {
        settles.push("what the record does not tell".to_owned());
    }
    settles.sort();
    settles.dedup();
    Judgement::Unknown(settles)
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

#[cfg(test)]
#[path = "replay_test.rs"]
mod replay_test;
