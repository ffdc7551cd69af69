//! The resource's side: its own policy, what RAM shares, ACLs and KMS grants add to it, and what S3 takes away.
//!
//! Its allows count by class of grant; whether the caller needs its own policies as well depends on the class
//! (section 4.4, steps 5 to 8).

use super::compiled::CompiledPolicies;
use super::layer::{Recorder, by_class};
use super::prepared::PreparedRequest;
use super::principal::Classes;
use super::{PolicyType, PrincipalType, Tri, boundary, kms, s3};

/// What the resource's side says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ResourceSide {
    /// Its allows by class.
    pub allow: Classes,
    /// Whether it denies.
    pub deny: Tri,
}

/// Asks every part of the resource's side.
pub fn verdict<R: Recorder>(request: &PreparedRequest<'_>, policies: &CompiledPolicies, recorder: &mut R) -> ResourceSide {
    let kind = PolicyType::Resource;
    let reach = boundary::reach(request, policies);
    let mut side = ResourceSide { allow: Classes::NONE, deny: Tri::No };
    let rescued = rescues_own_policy(request);
    if let Some(own) = &policies.resource {
        (side.allow, side.deny) = if rescued {
            by_class(kind, own, request, reach, &mut AllowsOnly(recorder))
        } else {
            by_class(kind, own, request, reach, recorder)
        };
    }
    if policies.is_unknown(kind) {
        side = ResourceSide { allow: side.allow.or(Classes::UNKNOWN), deny: side.deny.or(Tri::Unknown) };
    }
    if rescued {
        side.deny = Tri::No;
    }
    if !policies.ram.is_empty() {
        let (allow, deny) = by_class(kind, &policies.ram, request, reach, recorder);
        side = ResourceSide { allow: side.allow.or(allow), deny: side.deny.or(deny) };
    }
    side.allow = side.allow.or(kms::grants(request, &policies.settings.kms_grants, recorder));
    side.allow = side.allow.or(s3::acls(request, policies, recorder));
    side.deny = side.deny.or(s3::block_public_access(request, policies, recorder));
    side
}

/// Rule 14: the owning account's root user can always read, replace or delete its bucket's policy and replace its
/// queue's, whatever that policy denies. Sources: S3 User Guide, "Bucket policies", note on the root user; IAM User
/// Guide, "Tasks that require root user credentials".
#[must_use]
pub fn rescues_own_policy(request: &PreparedRequest<'_>) -> bool {
    request.principal().kind == PrincipalType::Root
        && !request.is_cross_account()
        && matches!(
            &*request.action.lower,
            "s3:getbucketpolicy" | "s3:putbucketpolicy" | "s3:deletebucketpolicy" | "sqs:setqueueattributes"
        )
}

/// Hears of Allow statements only.
struct AllowsOnly<'r, R>(&'r mut R);

impl<R: Recorder> Recorder for AllowsOnly<'_, R> {
    fn statement(
        &mut self,
        kind: PolicyType,
        policy: &super::document::CompiledPolicy,
        statement: &super::document::CompiledStatement,
        applies: Tri,
        request: &PreparedRequest<'_>,
    ) {
        if statement.effect == crate::policy::Effect::Allow {
            self.0.statement(kind, policy, statement, applies, request);
        }
    }

    fn grant(&mut self, policy: &str, index: usize, name: &str, effect: crate::policy::Effect, applies: Tri) {
        self.0.grant(policy, index, name, effect, applies);
    }

    fn missing(&mut self, key: &str) {
        self.0.missing(key);
    }
}
