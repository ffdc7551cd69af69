//! Permissions boundaries: bound users and roles, never root (rule 14); one that is there and allows nothing
//! leaves nothing.

use super::compiled::CompiledPolicies;
use super::layer::{Recorder, Verdict, bound};
use super::prepared::PreparedRequest;
use super::principal::Reach;
use super::{PolicyType, PrincipalType, Tri};

/// Whether a boundary bears on the caller.
#[must_use]
pub fn bears_on(request: &PreparedRequest<'_>) -> bool {
    matches!(request.principal().kind, PrincipalType::IAMUser | PrincipalType::AssumedRole | PrincipalType::FederatedUser)
}

/// How far policies with principals reach this caller: `NotPrincipal` asks whether it has a boundary (rule 8).
#[must_use]
pub fn reach(request: &PreparedRequest<'_>, policies: &CompiledPolicies) -> Reach {
    Reach { bounded: is_there(request, policies), ..Reach::PLAIN }
}

/// Whether the caller, a user or a role session, has a boundary.
fn is_there(request: &PreparedRequest<'_>, policies: &CompiledPolicies) -> Tri {
    if !matches!(request.principal().kind, PrincipalType::IAMUser | PrincipalType::AssumedRole) {
        Tri::No
    } else if policies.boundary.is_some() {
        Tri::Yes
    } else {
        Tri::from(policies.is_unknown(PolicyType::PermissionsBoundary)).and(Tri::Unknown)
    }
}

/// What the boundary says.
pub fn verdict<R: Recorder>(request: &PreparedRequest<'_>, policies: &CompiledPolicies, recorder: &mut R) -> Verdict {
    if !bears_on(request) {
        return Verdict::ABSENT;
    }
    let kind = PolicyType::PermissionsBoundary;
    bound(kind, policies.boundary.as_deref(), policies.is_unknown(kind), request, Reach::PLAIN, recorder)
}
