//! Service control policies: bound the principals of member accounts, root users too; not the management account's,
//! not service-linked roles, not AWS services (rules 13, 21).

use super::compiled::CompiledPolicies;
use super::layer::{Recorder, Verdict};
use super::prepared::PreparedRequest;
use super::principal::Reach;
use super::{PolicyType, organisation};

/// Whether service control policies bear on the caller.
#[must_use]
pub fn bear_on(request: &PreparedRequest<'_>, policies: &CompiledPolicies) -> bool {
    let manager = policies.management_account.as_deref();
    request.principal().kind.has_account()
        && !(manager.is_some() && manager == request.account)
        && !organisation::is_service_linked(request)
}

/// What service control policies say.
pub fn verdict<R: Recorder>(request: &PreparedRequest<'_>, policies: &CompiledPolicies, recorder: &mut R) -> Verdict {
    if !bear_on(request, policies) {
        return Verdict::ABSENT;
    }
    let kind = PolicyType::ServiceControl;
    organisation::verdict(kind, policies.scp.as_deref(), policies.is_unknown(kind), request, Reach::PLAIN, recorder)
}
