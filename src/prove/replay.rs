//! Replay: every call that was allowed in the window is evaluated under the old and under the proposed state.
//!
//! Two questions are asked of each call. Of the caller's own policies alone (identity policies and boundary): did they lose it? And of
//! the whole state, with all that bears on the call besides: is it still allowed? A call that the own policies lose is newly
//! denied unless the whole state surely allows it all the same, which a resource's policy may. A call that is open stays a
//! call that must not be refused. Distinct requests are evaluated, calls are counted.

use crate::evaluate::{Context, Decision, PreparedRequest, Request, RequestPrincipal};
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
    /// Requests that cannot be decided under the proposed state with what record and exports tell.
    pub unknown: i64,
    /// Requests that neither the old nor the proposed state explains: the grants were others then, or the resource in the log
    /// was read wrongly.
    pub unexplained: i64,
    /// Of these, requests that the policies of their time allowed; the run fills it in from the history of the grants.
    pub explained_by_history: i64,
    /// Requests that the caller's own policies no longer allow and the resource's policy does by itself.
    pub allowed_by_resource: i64,
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
        self.allowed_by_resource += other.allowed_by_resource;
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

/// A decision before and after.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Change {
    /// Under the state as it is.
    pub old: Decision,
    /// Under the proposed state.
    pub new: Decision,
}

impl Change {
    /// Whether something is lost: it was allowed and no longer surely is, or was open and now is denied.
    #[must_use]
    pub fn is_loss(self) -> bool {
        match self.old {
            Decision::Allowed => self.new != Decision::Allowed,
            Decision::Unknown => self.new.is_denied(),
            Decision::ExplicitDeny | Decision::ImplicitDeny => false,
        }
    }
}

/// What becomes of an allowed call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    /// It stays allowed.
    Kept,
    /// It cannot be decided, before or after.
    Open,
    /// Neither state explains it.
    Unexplained,
    /// The own policies lose it, and the resource's policy allows it by itself.
    KeptByResource,
    /// It would be denied.
    Lost,
}

/// Judges one call by its own policies and by the whole state.
#[must_use]
pub fn fate(own: Change, whole: Change) -> Fate {
    if own.is_loss() && !(whole.old == Decision::Allowed && whole.new == Decision::Allowed) || whole.is_loss() {
        Fate::Lost
    } else if own.is_loss() {
        Fate::KeptByResource
    } else if whole.new.is_denied() {
        Fate::Unexplained
    } else if whole.new == Decision::Unknown {
        Fate::Open
    } else {
        Fate::Kept
    }
}

impl ReplayCounts {
    /// Counts a call's fate.
    pub fn count(&mut self, fate: Fate, calls: i64) {
        self.requests += 1;
        self.calls += calls;
        match fate {
            Fate::Kept => {}
            Fate::Open => self.unknown += 1,
            Fate::Unexplained => self.unexplained += 1,
            Fate::KeptByResource => self.allowed_by_resource += 1,
            Fate::Lost => self.newly_denied += 1,
        }
    }
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

/// Makes a usage row ready as a request for the caller's own half of it. A resource of another account needs that account's consent
/// as well, which the call had; what is asked here is as if the caller owned the resource.
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
mod tests {
    use super::*;
    use Decision::{Allowed, ExplicitDeny, ImplicitDeny, Unknown};

    fn change(old: Decision, new: Decision) -> Change {
        Change { old, new }
    }

    #[test]
    fn a_loss_of_the_own_policies_is_a_loss() {
        let lost = change(Allowed, ImplicitDeny);
        assert_eq!(fate(lost, change(Allowed, ImplicitDeny)), Fate::Lost);
        // The layers are not known: the whole was open and stays open, and yet the permission is gone.
        assert_eq!(fate(lost, change(Unknown, Unknown)), Fate::Lost);
        // A stale export that says the call was impossible is no excuse.
        assert_eq!(fate(lost, change(ExplicitDeny, ExplicitDeny)), Fate::Lost);
        assert_eq!(fate(change(Unknown, ImplicitDeny), change(Unknown, ImplicitDeny)), Fate::Lost);
    }

    #[test]
    fn a_resource_policy_may_keep_it() {
        assert_eq!(fate(change(Allowed, ImplicitDeny), change(Allowed, Allowed)), Fate::KeptByResource);
        // What was never the own policies' to give is not theirs to lose.
        assert_eq!(fate(change(ImplicitDeny, ImplicitDeny), change(Allowed, Allowed)), Fate::Kept);
    }

    #[test]
    fn what_is_open_stays_open() {
        assert_eq!(fate(change(Allowed, Allowed), change(Unknown, Unknown)), Fate::Open);
        assert_eq!(fate(change(Unknown, Unknown), change(Unknown, Unknown)), Fate::Open);
        assert_eq!(fate(change(ImplicitDeny, ImplicitDeny), change(ImplicitDeny, ImplicitDeny)), Fate::Unexplained);
        assert_eq!(fate(change(Allowed, Allowed), change(Allowed, Allowed)), Fate::Kept);
        assert_eq!(fate(change(Allowed, Unknown), change(Unknown, Unknown)), Fate::Lost);
    }
}
