//! Permissions boundaries: bound users and roles, never root (rule 14); one that is there and allows nothing
//! leaves nothing.

use super::compiled::CompiledPolicies;
use super::layer::{Recorder, Verdict, bound};
use super::prepared::PreparedRequest;
use super::principal::Reach;
use super::{PolicyType, PrincipalType};

/// Whether a boundary bears on the caller.
#[must_use]
pub fn bears_on(request: &PreparedRequest<'_>) -> bool {
    matches!(request.principal().kind, PrincipalType::IAMUser | PrincipalType::AssumedRole | PrincipalType::FederatedUser)
}

/// What the boundary says.
pub fn verdict<R: Recorder>(request: &PreparedRequest<'_>, policies: &CompiledPolicies, recorder: &mut R) -> Verdict {
    if !bears_on(request) {
        return Verdict::ABSENT;
    }
    let kind = PolicyType::PermissionsBoundary;
    bound(kind, policies.boundary.as_deref(), policies.is_unknown(kind), request, Reach::default(), recorder)
}
