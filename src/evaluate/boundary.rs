//! Permissions boundaries: bound users and roles, never root (rule 14); one that is there and allows nothing
//! leaves nothing.

use super::layer::{Layer, of_policies};
use super::{Facts, NamedPolicy, PolicyType, PrincipalType, Request};

/// What the boundary says; `None` where there is none.
#[must_use]
pub fn layer(request: &Request<'_>, facts: &Facts<'_>, policies: Option<&[NamedPolicy<'_>]>) -> Option<Layer> {
    if request.principal.kind == PrincipalType::Root {
        return None;
    }
    policies.map(|list| of_policies(PolicyType::PermissionsBoundary, list, request, facts))
}
