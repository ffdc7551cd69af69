//! The decision procedure (inputs-and-evaluation.md section 4.4): every kind of policy is asked, Deny wins over
//! Unknown wins over Allow, and the class of the resource's grant says whose consent is needed besides.

use std::sync::Arc;

use super::compiled::CompiledPolicies;
use super::document::CompiledPolicy;
use super::layer::{Quiet, Reasons, Recorder, Verdict};
use super::prepared::PreparedRequest;
use super::resource::ResourceSide;
use super::{Decision, Evaluation, PolicyType, PrincipalType, Tri};
use super::{boundary, identity, kms, owned, rcp, resource, scp, session, trust, vpc_endpoint};
use crate::policy::Effect;

/// A decision and, for an implicit deny or an unknown, the kind of policy that is wanting.
type Outcome = (Decision, Option<PolicyType>);

/// The word of every kind.
struct Words {
    rcp: Verdict,
    scp: Verdict,
    vpc_endpoint: Verdict,
    identity: Verdict,
    boundary: Verdict,
    session: Verdict,
    resource: ResourceSide,
}

impl Words {
    fn of<R: Recorder>(request: &PreparedRequest<'_>, policies: &CompiledPolicies, recorder: &mut R) -> Words {
        Words {
            identity: identity::verdict(request, policies, recorder),
            boundary: boundary::verdict(request, policies, recorder),
            session: session::verdict(request, policies, recorder),
            resource: resource::verdict(request, policies, recorder),
            scp: scp::verdict(request, policies, recorder),
            rcp: rcp::verdict(request, policies, recorder),
            vpc_endpoint: vpc_endpoint::verdict(request, policies, recorder),
        }
    }

    /// The worst Deny.
    fn deny(&self) -> Tri {
        [&self.identity, &self.boundary, &self.session, &self.scp, &self.rcp, &self.vpc_endpoint]
            .into_iter()
            .fold(self.resource.deny, |worst, word| worst.or(word.deny))
    }

    /// What bounds from outside the two accounts' own policies (steps 2 to 4).
    fn outer(&self) -> [(Tri, PolicyType); 3] {
        [
            (self.rcp.allow, PolicyType::ResourceControl),
            (self.scp.allow, PolicyType::ServiceControl),
            (self.vpc_endpoint.allow, PolicyType::VpcEndpoint),
        ]
    }

    /// Steps 6 to 8: whether caller's and resource's policies together allow.
    fn inner(&self, request: &PreparedRequest<'_>, policies: &CompiledPolicies) -> Tri {
        let grants = self.resource.allow;
        if !request.principal().kind.has_account() {
            return grants.any();
        }
        let bounds = self.boundary.allow.and(self.session.allow);
        // A task of `AssumeRoot` bounds root whoever grants; no other caller's own grant is bounded by its session.
        let grants = match request.principal().kind {
            PrincipalType::Root => grants.and(self.session.allow),
            _ => grants,
        };
        let own = self.identity.allow.and(bounds);
        if asks_both_sides(request, policies) {
            return if kms::stays_in_its_account(request) { Tri::No } else { own.and(grants.any()) };
        }
        let delegated = asks_resource_first(request, policies).negate().or(grants.account);
        let reachable = Tri::from(!identity::closed_to_federation_tokens(request) && !identity::closed_to_root(request));
        reachable.and(grants.direct.or(grants.role.and(bounds)).or(own.and(delegated)))
    }

    /// The first kind that does not allow.
    fn first_failing(&self, request: &PreparedRequest<'_>) -> PolicyType {
        let inner: &[(Tri, PolicyType)] = if request.principal().kind.has_account() {
            &[
                (self.identity.allow, PolicyType::Identity),
                (self.boundary.allow, PolicyType::PermissionsBoundary),
                (self.session.allow, PolicyType::Session),
            ]
        } else {
            &[]
        };
        self.outer().iter().chain(inner).find(|(allow, _)| *allow == Tri::No).map_or(PolicyType::Resource, |(_, kind)| *kind)
    }
}

/// Whether caller's and resource's side must both allow: across accounts, and for VPC Lattice services that have an
/// auth policy. A member account's root user has no policy that could consent to `AssumeRoot`. Sources: section 4.4
/// step 7; VPC Lattice User Guide, "Control access to VPC Lattice services using auth policies"; IAM User Guide,
/// "Perform a privileged task on a member account".
fn asks_both_sides(request: &PreparedRequest<'_>, policies: &CompiledPolicies) -> bool {
    if request.is_cross_account() {
        return request.action.lower != "sts:assumeroot";
    }
    request.service() == "vpc-lattice-svcs" && policies.has_resource_policy()
}

/// Whether the caller's own policies count only when the resource's policy delegates to the account: a key policy
/// or a trust policy that is there, or exists and is not known (rules 19 and 20).
fn asks_resource_first(request: &PreparedRequest<'_>, policies: &CompiledPolicies) -> Tri {
    if !policies.has_resource_policy() {
        return Tri::No;
    }
    match request.service() {
        "kms" => kms::is_key_request(request),
        "sts" => trust::asks_trust(request),
        _ => Tri::No,
    }
}

/// The kinds that are not known and bear on the request, in the order in which they are asked.
fn first_unknown(request: &PreparedRequest<'_>, policies: &CompiledPolicies) -> Option<PolicyType> {
    use PolicyType as T;
    let own = request.principal().kind.has_account();
    [T::ResourceControl, T::ServiceControl, T::VpcEndpoint, T::Identity, T::PermissionsBoundary, T::Session, T::Resource]
        .into_iter()
        .filter(|kind| policies.is_unknown(*kind))
        .find(|kind| match kind {
            T::ResourceControl => rcp::bear_on(request, policies),
            T::ServiceControl => scp::bear_on(request, policies),
            T::Identity => own && request.principal().kind != PrincipalType::Root,
            T::PermissionsBoundary => boundary::bears_on(request),
            T::Session => own,
            T::Resource | T::VpcEndpoint => true,
        })
}

/// What no policy decides.
fn beforehand(request: &PreparedRequest<'_>) -> Option<Outcome> {
    if request.principal().kind.has_account() && request.action.lower == "sts:getcalleridentity" {
        return Some((Decision::Allowed, None));
    }
    owned::by_aws(request).then_some((Decision::ImplicitDeny, Some(PolicyType::Identity)))
}

/// Rule 15: nobody needs a permission for it. Source: IAM User Guide, "Permissions for GetSessionToken".
fn is_free(request: &PreparedRequest<'_>) -> bool {
    request.action.lower == "sts:getsessiontoken" && matches!(request.principal().kind, PrincipalType::IAMUser | PrincipalType::Root)
}

/// Deny before Unknown before Allow.
fn decision_of(allow: Tri, deny: Tri) -> Decision {
    match (allow, deny) {
        (_, Tri::Yes) => Decision::ExplicitDeny,
        (Tri::No, _) => Decision::ImplicitDeny,
        (Tri::Yes, Tri::No) => Decision::Allowed,
        _ => Decision::Unknown,
    }
}

impl Words {
    /// All words together.
    fn whole(&self, request: &PreparedRequest<'_>, policies: &CompiledPolicies) -> Decision {
        let allow = if is_free(request) {
            Tri::Yes
        } else {
            self.outer().iter().fold(self.inner(request, policies), |all, (allow, _)| all.and(*allow))
        };
        decision_of(allow, self.deny())
    }

    /// The caller's own policies alone.
    fn own(&self, request: &PreparedRequest<'_>) -> Decision {
        let own = [&self.identity, &self.boundary, &self.session];
        let allow = own.iter().fold(Tri::Yes, |all, word| all.and(word.allow)).or(is_free(request).into());
        decision_of(allow, own.iter().fold(Tri::No, |worst, word| worst.or(word.deny)))
    }

    fn halves(&self, request: &PreparedRequest<'_>, policies: &CompiledPolicies) -> Halves {
        Halves { own: self.own(request), whole: self.whole(request, policies) }
    }
}

fn run<R: Recorder>(request: &PreparedRequest<'_>, policies: &CompiledPolicies, recorder: &mut R) -> Outcome {
    if let Some(outcome) = beforehand(request) {
        return outcome;
    }
    let words = Words::of(request, policies, recorder);
    let decision = words.whole(request, policies);
    let wanting = match decision {
        Decision::Allowed | Decision::ExplicitDeny => None,
        Decision::ImplicitDeny => Some(words.first_failing(request)),
        Decision::Unknown => first_unknown(request, policies),
    };
    (decision, wanting)
}

/// What a caller's own policies (identity, boundary, session) say to a request, and what all policies together say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Halves {
    /// The caller's own policies alone, as if nobody else had to consent.
    pub own: Decision,
    /// Everything that bears on the request.
    pub whole: Decision,
}

/// Policies that take the place of others; `None`: what is there stays.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Identity policies.
    pub identity: Option<Arc<[CompiledPolicy]>>,
    /// The resource's policy; of a role its trust policy.
    pub resource: Option<Arc<[CompiledPolicy]>>,
}

impl Change {
    /// Whether everything stays.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.identity.is_none() && self.resource.is_none()
    }
}

/// Decides a request before and after a change. What the change leaves as it is, is asked once.
#[must_use]
pub fn decide_both(request: &PreparedRequest<'_>, policies: &CompiledPolicies, change: &Change) -> [Halves; 2] {
    if let Some((decision, _)) = beforehand(request) {
        return [Halves { own: decision, whole: decision }; 2];
    }
    let mut words = Words::of(request, policies, &mut Quiet);
    let old = words.halves(request, policies);
    if change.is_nothing() {
        return [old, old];
    }
    if let Some(identity) = &change.identity {
        words.identity = identity::verdict_of(request, identity, policies.is_unknown(PolicyType::Identity), &mut Quiet);
    }
    let new = match &change.resource {
        None => words.halves(request, policies),
        Some(own) => {
            let changed = policies.clone().with_resource(Some(Arc::clone(own)));
            words.resource = resource::verdict(request, &changed, &mut Quiet);
            words.halves(request, &changed)
        }
    };
    [old, new]
}

/// What one kind of policy says to a request; of the resource's side any class of grant counts.
#[must_use]
pub fn verdict_of(request: &PreparedRequest<'_>, policies: &CompiledPolicies, kind: PolicyType) -> Verdict {
    let recorder = &mut Quiet;
    match kind {
        PolicyType::Identity => identity::verdict(request, policies, recorder),
        PolicyType::PermissionsBoundary => boundary::verdict(request, policies, recorder),
        PolicyType::Session => session::verdict(request, policies, recorder),
        PolicyType::Resource => {
            let side = resource::verdict(request, policies, recorder);
            Verdict { allow: side.allow.any(), deny: side.deny }
        }
        PolicyType::ServiceControl => scp::verdict(request, policies, recorder),
        PolicyType::ResourceControl => rcp::verdict(request, policies, recorder),
        PolicyType::VpcEndpoint => vpc_endpoint::verdict(request, policies, recorder),
    }
}

/// Decides a request, without reasons and without allocation.
#[must_use]
pub fn decide(request: &PreparedRequest<'_>, policies: &CompiledPolicies) -> Decision {
    run(request, policies, &mut Quiet).0
}

/// Decides a request and tells why.
#[must_use]
pub fn evaluate(request: &PreparedRequest<'_>, policies: &CompiledPolicies) -> Evaluation {
    let mut reasons = Reasons::default();
    let (decision, missing_policy_type) = run(request, policies, &mut reasons);
    let wanted = |effect: Effect, applies: Tri| match decision {
        Decision::Allowed => effect == Effect::Allow && applies == Tri::Yes,
        Decision::ExplicitDeny => effect == Effect::Deny && applies == Tri::Yes,
        Decision::ImplicitDeny => false,
        Decision::Unknown => effect == Effect::Allow || applies == Tri::Unknown,
    };
    let mut decided_by: Vec<_> = reasons.heard.into_iter().filter(|(e, t, _)| wanted(*e, *t)).map(|(_, _, s)| s).collect();
    decided_by.sort();
    decided_by.dedup();
    let missing_context = if decision == Decision::Unknown { reasons.missing } else { Default::default() };
    Evaluation { decision, decided_by, missing_policy_type, missing_context }
}
