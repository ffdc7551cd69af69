//! The oracle: AWS's policy evaluation written down literally, one function for each numbered item of
//! inputs-and-evaluation.md section 4 and each rule of `docs/evaluation-rules.md` (R1 to R39). It exists to contradict
//! the fast engine: it shares with it the vocabulary (requests, policies, contexts, decisions), the parsed documents,
//! the glob and ARN texts of `aws` and AWS's list of services that RCPs reach, and prefers plain words to speed.

mod conditions;
mod exempt;
mod facts;
mod kinds;
mod kms;
mod pieces;
mod principals;
mod public;
mod resources;
mod s3;
mod statements;
#[cfg(test)]
mod tests;
mod values;

use std::collections::BTreeSet;

use self::kinds::Kind;
use self::statements::Finding;
use crate::evaluate::decision::{Decision, DecidingStatement, Evaluation, PolicyType, Tri};
use crate::evaluate::policies::Policies;
use crate::evaluate::request::{PrincipalType, Request};
use crate::policy::Effect;

/// A request and the policies that it is held against.
struct Case<'a> {
    request: &'a Request<'a>,
    policies: &'a Policies<'a>,
}

impl Case<'_> {
    /// R4: whether policies of a kind may exist that are not known.
    fn is_unknown(&self, kind: PolicyType) -> bool {
        self.policies.unknown.contains(&kind)
    }
}

/// What every kind of policy says of a request.
struct Kinds {
    rcp: Kind,
    scp: Kind,
    vpc_endpoint: Kind,
    identity: Kind,
    boundary: Kind,
    session: Kind,
    resource: Kind,
}

impl Kinds {
    /// R2: in the order in which a missing kind is named.
    fn in_order(&self) -> [&Kind; 7] {
        [
            &self.rcp, &self.scp, &self.vpc_endpoint, &self.identity, &self.boundary, &self.session, &self.resource,
        ]
    }

    fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.in_order().into_iter().flat_map(|kind| &kind.findings)
    }

    /// Section 4.4, step 1: some policy denies.
    fn deny(&self) -> Tri {
        self.in_order().into_iter().fold(Tri::No, |sum, kind| sum.or(kind.deny))
    }
}

/// Decides a request, literally: the steps of section 4.4 in three values, as R1 to R3 put them.
#[must_use]
pub fn evaluate(request: &Request<'_>, policies: &Policies<'_>) -> Evaluation {
    if exempt::is_owned_by_aws(request) {
        return Evaluation::plain(Decision::ImplicitDeny, Some(PolicyType::Identity));
    }
    if exempt::is_always_allowed(request) {
        return Evaluation::plain(Decision::Allowed, None);
    }
    let case = Case { request, policies };
    let kinds = Kinds {
        rcp: kinds::rcp(&case),
        scp: kinds::scp(&case),
        vpc_endpoint: kinds::vpc_endpoint(&case),
        identity: kinds::identity(&case),
        boundary: kinds::boundary(&case),
        session: kinds::session(&case),
        resource: kinds::resource(&case),
    };
    let decision = decision(kinds.deny(), allow(&case, &kinds));
    let missing_policy_type = match decision {
        Decision::ImplicitDeny => Some(kind_that_does_not_allow(request, &kinds)),
        Decision::Unknown => kind_that_is_not_known(&case, &kinds),
        Decision::Allowed | Decision::ExplicitDeny => None,
    };
    Evaluation {
        decision,
        decided_by: decided_by(decision, &kinds),
        missing_policy_type,
        missing_context: missing_context(decision, &kinds),
    }
}

/// R3: a sure Deny, then no Allow, then a sure Allow that no Deny may undo; else not to be told.
fn decision(deny: Tri, allow: Tri) -> Decision {
    match (deny, allow) {
        (Tri::Yes, _) => Decision::ExplicitDeny,
        (_, Tri::No) => Decision::ImplicitDeny,
        (Tri::No, Tri::Yes) => Decision::Allowed,
        _ => Decision::Unknown,
    }
}

/// Section 4.4, steps 2 to 8, R5, R7, R8: whether what must allow does.
fn allow(case: &Case<'_>, kinds: &Kinds) -> Tri {
    if exempt::is_never_allowed(case.request) {
        return Tri::No;
    }
    if exempt::needs_no_grant(case.request) {
        return Tri::Yes;
    }
    let granted = if !case.request.principal.kind.has_account() {
        without_account(kinds)
    } else if case.request.is_cross_account() && !exempt::needs_no_consent(case.request) {
        if exempt::stays_in_its_account(case.request) { Tri::No } else { cross_account(kinds) }
    } else if exempt::is_asked_twice(case.request) && resource_policy_exists(case) {
        cross_account(kinds)
    } else {
        same_account(case, kinds)
    };
    granted.and(kinds.scp.allow).and(kinds.rcp.allow).and(kinds.vpc_endpoint.allow)
}

/// Section 4.4, step 8 / R9: services, strangers and identities that are not sessions yet need the resource's side.
fn without_account(kinds: &Kinds) -> Tri {
    kinds.resource.allow
}

/// R11: identity policies, within boundary and session.
fn own_side(kinds: &Kinds) -> Tri {
    kinds.identity.allow.and(kinds.boundary.allow).and(kinds.session.allow)
}

/// Section 4.4, step 7 / R11: both sides.
fn cross_account(kinds: &Kinds) -> Tri {
    own_side(kinds).and(kinds.resource.allow)
}

/// Section 4.4, step 6 / R11: by itself, or by its role within boundary and session, or by its own policies where the
/// resource's policy lets them in. R34: a task of `AssumeRoot` bounds root whoever grants.
fn same_account(case: &Case<'_>, kinds: &Kinds) -> Tri {
    let mut classes = kinds.resource.classes;
    if case.request.principal.kind == PrincipalType::Root {
        classes = classes.and(kinds.session.allow);
    }
    let by_role = classes.role.and(kinds.boundary.allow).and(kinds.session.allow);
    classes.direct.or(by_role).or(own_side(kinds).and(lets_identity_in(case, kinds)))
}

/// R11, the key-policy rule: keys and role trusts whose policy is there, or may be, must name the account.
fn lets_identity_in(case: &Case<'_>, kinds: &Kinds) -> Tri {
    let governed = Tri::from(resource_policy_exists(case)).and(exempt::is_governed_by_its_policy(case.request));
    governed.negate().or(kinds.resource.classes.account)
}

/// Whether the resource has a policy, or may.
fn resource_policy_exists(case: &Case<'_>) -> bool {
    case.policies.resource.is_some() || case.is_unknown(PolicyType::Resource)
}

/// R2 for implicit denials; a call that no grant permits is one that the caller's own policies cannot allow.
fn kind_that_does_not_allow(request: &Request<'_>, kinds: &Kinds) -> PolicyType {
    let never = exempt::is_never_allowed(request);
    let fails = |kind: &Kind| kind.allow == Tri::No || (never && kind.policy_type == PolicyType::Identity);
    let first = kinds.in_order().into_iter().find(|kind| fails(kind));
    first.map_or(PolicyType::Resource, |kind| kind.policy_type)
}

/// R2 for unknown decisions.
fn kind_that_is_not_known(case: &Case<'_>, kinds: &Kinds) -> Option<PolicyType> {
    let order = kinds.in_order().map(|kind| kind.policy_type);
    order.into_iter().find(|kind| case.is_unknown(*kind) && exempt::bears(case, *kind))
}

/// R1: the statements that made the decision, sorted, each once.
fn decided_by(decision: Decision, kinds: &Kinds) -> Vec<DecidingStatement> {
    let decides = |finding: &Finding| match (decision, finding.effect) {
        (Decision::Allowed, Effect::Allow) | (Decision::ExplicitDeny, Effect::Deny) => finding.applies() == Tri::Yes,
        (Decision::Unknown, Effect::Allow) => finding.applies() != Tri::No,
        (Decision::Unknown, Effect::Deny) => finding.applies() == Tri::Unknown,
        _ => false,
    };
    let places: BTreeSet<&DecidingStatement> = kinds.findings().filter(|f| decides(f)).map(|f| &f.place).collect();
    places.into_iter().cloned().collect()
}

/// R2: of an unknown decision, the keys that would settle the statements that may apply.
fn missing_context(decision: Decision, kinds: &Kinds) -> BTreeSet<String> {
    if decision != Decision::Unknown {
        return BTreeSet::new();
    }
    kinds.findings().filter(|f| f.applies() == Tri::Unknown).flat_map(|f| f.missing.clone()).collect()
}
