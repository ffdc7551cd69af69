//! The kinds of policy, one function each: what it allows, what it denies, and by which statements. Bounding kinds
//! that are absent or do not bear allow; granting kinds that are absent do not (design.md section 5, R4).

use super::Case;
use super::exempt::{bears, is_rescue};
use super::principals::Classes;
use super::statements::{Finding, allows, denies, of_policies};
use super::{kms, s3};
use crate::evaluate::decision::{PolicyType, Tri};
use crate::evaluate::policies::{Level, NamedPolicy};
use crate::evaluate::request::PrincipalType;
use crate::policy::Effect;

/// What one kind of policy says.
#[derive(Debug)]
pub(super) struct Kind {
    /// Which.
    pub(super) policy_type: PolicyType,
    /// Whether it allows; of the resource's side: in any class.
    pub(super) allow: Tri,
    /// Whether it denies.
    pub(super) deny: Tri,
    /// In which classes it grants; only of the resource's side.
    pub(super) classes: Classes,
    /// Its statements.
    pub(super) findings: Vec<Finding>,
}

impl Kind {
    /// A kind that stays out.
    fn silent(policy_type: PolicyType) -> Kind {
        Kind { policy_type, allow: Tri::Yes, deny: Tri::No, classes: Classes::NONE, findings: Vec::new() }
    }
}

/// R4: what is not known may deny.
fn unknown_deny(case: &Case<'_>, kind: PolicyType) -> Tri {
    if case.is_unknown(kind) { Tri::Unknown } else { Tri::No }
}

/// Item 18, R4, R8: identity policies grant. Root needs none.
pub(super) fn identity(case: &Case<'_>) -> Kind {
    let kind = PolicyType::Identity;
    if !bears(case, kind) {
        return Kind::silent(kind);
    }
    let findings = of_policies(case, kind, case.policies.identity.as_deref().unwrap_or_default());
    let unknown = unknown_deny(case, kind);
    let (allow, deny) = (allows(&findings).or(unknown), denies(&findings).or(unknown));
    Kind { policy_type: kind, allow, deny, classes: Classes::NONE, findings }
}

/// R4, R12, R28: a kind that bounds.
fn bounding(case: &Case<'_>, kind: PolicyType, given: Option<&[NamedPolicy<'_>]>) -> Kind {
    if !bears(case, kind) {
        return Kind::silent(kind);
    }
    let findings = of_policies(case, kind, given.unwrap_or_default());
    // R28: of a kind that is given in part, what is given may allow.
    let allow = match (given, case.is_unknown(kind)) {
        (None, true) => Tri::Unknown,
        (None, false) => Tri::Yes,
        (Some(_), true) => allows(&findings).or(Tri::Unknown),
        (Some(_), false) => allows(&findings),
    };
    let deny = denies(&findings).or(unknown_deny(case, kind));
    Kind { policy_type: kind, allow, deny, classes: Classes::NONE, findings }
}

/// R12: the permissions boundary.
pub(super) fn boundary(case: &Case<'_>) -> Kind {
    bounding(case, PolicyType::PermissionsBoundary, case.policies.boundary.as_deref())
}

/// Item 17, R7, R12: session policies; a federated user without any has no rights of its own.
pub(super) fn session(case: &Case<'_>) -> Kind {
    let given = case.policies.session.as_deref();
    let mut kind = bounding(case, PolicyType::Session, given);
    let federated = case.request.principal.kind == PrincipalType::FederatedUser;
    if federated && given.is_none_or(<[_]>::is_empty) && !case.is_unknown(PolicyType::Session) {
        kind.allow = Tri::No;
    }
    kind
}

/// R15: the VPC endpoint's policy.
pub(super) fn vpc_endpoint(case: &Case<'_>) -> Kind {
    bounding(case, PolicyType::VpcEndpoint, case.policies.vpc_endpoint.as_deref())
}

/// Item 21: every level must allow; an empty list of levels allows nothing.
fn levels(case: &Case<'_>, kind: PolicyType, given: Option<&[Level<'_>]>) -> Kind {
    if !bears(case, kind) {
        return Kind::silent(kind);
    }
    let mut every_level = if given.is_some_and(<[_]>::is_empty) { Tri::No } else { Tri::Yes };
    let mut findings = Vec::new();
    for level in given.unwrap_or_default() {
        let here = of_policies(case, kind, &level.policies);
        every_level = every_level.and(allows(&here));
        findings.extend(here);
    }
    // R28: a level may be missing, and can only take away for sure.
    let allow = if case.is_unknown(kind) { every_level.and(Tri::Unknown) } else { every_level };
    let deny = denies(&findings).or(unknown_deny(case, kind));
    Kind { policy_type: kind, allow, deny, classes: Classes::NONE, findings }
}

/// Item 21: service control policies.
pub(super) fn scp(case: &Case<'_>) -> Kind {
    levels(case, PolicyType::ServiceControl, case.policies.scp.as_deref())
}

/// Item 21: resource control policies.
pub(super) fn rcp(case: &Case<'_>) -> Kind {
    levels(case, PolicyType::ResourceControl, case.policies.rcp.as_deref())
}

/// Section 4.4, step 6 (`RBc`): the resource's policy, RAM shares, S3 ACLs and KMS grants, by class; R4: every class
/// may be granted by what is not known; R23: the rescue of a bucket or queue; R24: S3 Block Public Access.
pub(super) fn resource(case: &Case<'_>) -> Kind {
    let kind = PolicyType::Resource;
    let mut findings = of_policies(case, kind, case.policies.resource.as_deref().unwrap_or_default());
    let mut unknown_policy_denies = unknown_deny(case, kind);
    if is_rescue(case.request) {
        findings.retain(|finding| finding.effect == Effect::Allow);
        unknown_policy_denies = Tri::No;
    }
    findings.extend(of_policies(case, kind, &case.policies.ram));
    findings.extend(s3::acl_grants(case));
    findings.extend(s3::block_public_access(case));
    findings.extend(kms::grants(case));
    let unknown = if case.is_unknown(kind) { Tri::Unknown } else { Tri::No };
    let granted = findings.iter().filter(|finding| finding.effect == Effect::Allow);
    let classes = granted.fold(Classes { direct: unknown, role: unknown, account: unknown }, |sum, f| sum.or(f.classes));
    let deny = denies(&findings).or(unknown_policy_denies);
    Kind { policy_type: kind, allow: classes.any(), deny, classes, findings }
}
