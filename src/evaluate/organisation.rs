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
    reach: Reach,
    recorder: &mut R,
) -> Verdict {
    let given = match levels {
        None if unknown => return Verdict::UNKNOWN,
        None => return Verdict::ABSENT,
        Some([]) => Verdict::NOTHING,
        Some(levels) => levels.iter().fold(Verdict::ABSENT, |all, level| {
            let here = of_policies(kind, &level.policies, request, reach, recorder);
            Verdict { allow: all.allow.and(here.allow), deny: all.deny.or(here.deny) }
        }),
    };
    // A further level, or a further policy of a level, can only take away for sure.
    if unknown { Verdict { allow: given.allow.and(Tri::Unknown), deny: given.deny.or(Tri::Unknown) } } else { given }
}

/// Whether the caller is a session of a service-linked role, which no organisation policy bounds (rule 13).
#[must_use]
pub fn is_service_linked(request: &PreparedRequest<'_>) -> bool {
    let principal = request.principal();
    principal.kind == PrincipalType::AssumedRole && principal.role_arn.as_deref().is_some_and(is_service_linked_role)
}
