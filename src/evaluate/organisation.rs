//! The levels of an organisation: root, organisational units, account. At each of them some attached policy must
//! allow, and a Deny anywhere wins (rule 21). Service control policies and resource control policies share this.

use super::compiled::CompiledLevel;
use super::layer::{Recorder, Verdict, of_policies};
use super::prepared::PreparedRequest;
use super::principal::Reach;
use super::{PolicyType, PrincipalType, Tri};
use crate::aws::principal::is_service_linked_role;

/// What policies on levels say: not there, not known, or every level's word. A list without levels allows nothing.
pub fn verdict<R: Recorder>(
    kind: PolicyType,
    levels: Option<&[CompiledLevel]>,
    unknown: bool,
    request: &PreparedRequest<'_>,
    recorder: &mut R,
) -> Verdict {
    match levels {
        None if unknown => Verdict::UNKNOWN,
        None => Verdict::ABSENT,
        Some([]) => Verdict::NOTHING,
        Some(levels) => levels.iter().fold(Verdict::ABSENT, |all, level| {
            let here = of_policies(kind, &level.policies, request, Reach::default(), recorder);
            Verdict { allow: all.allow.and(here.allow), deny: Tri::or(all.deny, here.deny) }
        }),
    }
}

/// Whether the caller is a session of a service-linked role, which no organisation policy bounds (rule 13).
#[must_use]
pub fn is_service_linked(request: &PreparedRequest<'_>) -> bool {
    let principal = request.principal();
    principal.kind == PrincipalType::AssumedRole && principal.role_arn.as_deref().is_some_and(is_service_linked_role)
}
