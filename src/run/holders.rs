//! What each principal of the export holds and did, in the form that evaluation takes.

use crate::evaluate::{CompiledPolicies, Compiler, NamedPolicy, Policies, PolicyType, PrincipalType, RequestPrincipal};
use crate::grants::{Held, OwnerKind, Principal};
use crate::policy::PolicyDocument;

/// The caller behind a principal of the export.
pub fn request_principal(principal: &Principal) -> RequestPrincipal {
    let is_role = principal.kind == OwnerKind::Role;
    RequestPrincipal {
        arn: (!is_role).then(|| principal.arn.clone()),
        role_arn: is_role.then(|| principal.arn.clone()),
        account: Some(principal.account.clone()),
        unique_id: Some(principal.unique_id.clone()),
        ..RequestPrincipal::of_kind(if is_role { PrincipalType::AssumedRole } else { PrincipalType::IAMUser })
    }
}

/// The policies of one caller: its identity policies and its boundary.
pub fn policies(compiler: &mut Compiler<'_>, identity: Vec<NamedPolicy<'_>>, boundary: Option<&PolicyDocument>) -> CompiledPolicies {
    let boundary = boundary.map(|document| vec![NamedPolicy { name: "boundary", document }]);
    compiler.policies(&Policies { identity: Some(identity), boundary, ..Policies::default() })
}

/// The identity policies that somebody holds, as they are.
pub fn as_held<'a>(held: &Held<'a>) -> Vec<NamedPolicy<'a>> {
    held.identity.iter().map(|h| NamedPolicy { name: h.name, document: h.document }).collect()
}

/// The kinds of a caller's own policies of which not all are at hand.
pub fn unseen(held: &Held<'_>) -> &'static [PolicyType] {
    if held.gaps.is_empty() { &[] } else { &[PolicyType::Identity, PolicyType::PermissionsBoundary] }
}
