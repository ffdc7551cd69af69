//! The decision procedure (inputs-and-evaluation.md section 4.4): every kind of policy is asked, Deny wins over
//! Unknown wins over Allow, and the class of the resource's grant says whose consent is needed besides.

use super::compiled::CompiledPolicies;
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

fn run<R: Recorder>(request: &PreparedRequest<'_>, policies: &CompiledPolicies, recorder: &mut R) -> Outcome {
    let kind = request.principal().kind;
    if kind.has_account() && request.action.lower == "sts:getcalleridentity" {
        return (Decision::Allowed, None);
    }
    if owned::by_aws(request) {
        return (Decision::ImplicitDeny, Some(PolicyType::Identity));
    }
    let words = Words::of(request, policies, recorder);
    let deny = words.deny();
    if deny == Tri::Yes {
        return (Decision::ExplicitDeny, None);
    }
    // Rule 15: nobody needs a permission for it. Source: IAM User Guide, "Permissions for GetSessionToken".
    let free = request.action.lower == "sts:getsessiontoken" && matches!(kind, PrincipalType::IAMUser | PrincipalType::Root);
    let allow = if free {
        Tri::Yes
    } else {
        words.outer().iter().fold(words.inner(request, policies), |all, (allow, _)| all.and(*allow))
    };
    match allow {
        Tri::No => (Decision::ImplicitDeny, Some(words.first_failing(request))),
        Tri::Yes if deny == Tri::No => (Decision::Allowed, None),
        Tri::Yes | Tri::Unknown => (Decision::Unknown, first_unknown(request, policies)),
    }
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
