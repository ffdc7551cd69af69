//! Identity policies: of the user and its groups, or of the role (rule 18). The root user needs none (rule 14);
//! a federated user has no rights without a session policy (rule 17); services and strangers have none.

use super::layer::{Layer, of_policies};
use super::{Facts, NamedPolicy, PolicyType, PrincipalType, Request, Tri};

/// What identity policies say.
#[must_use]
pub fn layer(request: &Request<'_>, facts: &Facts<'_>, policies: Option<&[NamedPolicy<'_>]>) -> Layer {
    let mut layer = of_policies(PolicyType::Identity, policies.unwrap_or_default(), request, facts);
    match request.principal.kind {
        PrincipalType::Root => layer.allow = Tri::Yes,
        PrincipalType::IAMUser | PrincipalType::AssumedRole => {}
        _ => {
            layer.allow = Tri::No;
            layer.allowing.clear();
        }
    }
    layer
}
