//! Identity policies: of the user and its groups, of the role, or of the user that asked for a federation token
//! (rule 18). The root user needs none (rule 14); services and strangers have none.

use super::compiled::CompiledPolicies;
use super::document::CompiledPolicy;
use super::layer::{Recorder, Verdict, of_policies};
use super::prepared::PreparedRequest;
use super::principal::Reach;
use super::{PolicyType, PrincipalType, Tri};

/// What identity policies say.
pub fn verdict<R: Recorder>(request: &PreparedRequest<'_>, policies: &CompiledPolicies, recorder: &mut R) -> Verdict {
    let list = policies.identity.as_deref().unwrap_or_default();
    verdict_of(request, list, policies.is_unknown(PolicyType::Identity), recorder)
}

/// What these identity policies say; `unknown`: there are others that are not known.
pub fn verdict_of<R: Recorder>(request: &PreparedRequest<'_>, list: &[CompiledPolicy], unknown: bool, recorder: &mut R) -> Verdict {
    match request.principal().kind {
        PrincipalType::Root => Verdict { allow: root_may(request), deny: Tri::No },
        PrincipalType::IAMUser | PrincipalType::AssumedRole | PrincipalType::FederatedUser => {
            let mut verdict = of_policies(PolicyType::Identity, list, request, Reach::PLAIN, recorder);
            if unknown {
                verdict = verdict.or_unknown();
            }
            if closed_to_federation_tokens(request) {
                verdict.allow = Tri::No;
            }
            verdict
        }
        _ => Verdict::NOTHING,
    }
}

/// Root may do everything but assume a role or another account's root. Source: STS API reference, AssumeRole; IAM
/// User Guide, "Perform a privileged task on a member account".
fn root_may(request: &PreparedRequest<'_>) -> Tri {
    (!closed_to_root(request)).into()
}

/// Whether root credentials cannot make the call, whoever grants it.
#[must_use]
pub fn closed_to_root(request: &PreparedRequest<'_>) -> bool {
    request.principal().kind == PrincipalType::Root && matches!(&*request.action.lower, "sts:assumerole" | "sts:assumeroot")
}

/// Rule 15: credentials of `GetFederationToken` reach no IAM operation and of STS only `GetCallerIdentity`.
#[must_use]
pub fn closed_to_federation_tokens(request: &PreparedRequest<'_>) -> bool {
    request.principal().kind == PrincipalType::FederatedUser
        && (request.service() == "iam" || (request.service() == "sts" && request.operation() != "getcalleridentity"))
}
