//! Session policies: passed when a role session or a federation token was made, or fixed by the task of an
//! `AssumeRoot` session. Inline and managed ones are one kind: each may allow, together they bound (rule 17).

use super::compiled::CompiledPolicies;
use super::layer::{Recorder, Verdict, bound};
use super::prepared::PreparedRequest;
use super::principal::Reach;
use super::{PolicyType, PrincipalType, Tri};

/// What session policies say. A federated user without any has no rights of its own; everybody else without any is
/// not bounded.
pub fn verdict<R: Recorder>(request: &PreparedRequest<'_>, policies: &CompiledPolicies, recorder: &mut R) -> Verdict {
    let principal = request.principal();
    if !principal.kind.has_account() {
        return Verdict::ABSENT;
    }
    let unknown = policies.is_unknown(PolicyType::Session);
    let mut verdict = bound(PolicyType::Session, policies.session.as_deref(), unknown, request, Reach::PLAIN, recorder);
    if principal.kind == PrincipalType::FederatedUser && policies.session.is_none() && !unknown {
        verdict.allow = Tri::No;
    }
    verdict
}
