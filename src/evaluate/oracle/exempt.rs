//! Who and what stands outside: kinds of policy that do not bear on a request, calls that need no grant, calls
//! that no grant permits (items 13 to 15b, R5 to R9, R27).

use super::Case;
use super::resources::is_of_sort;
use crate::aws::{Arn, glob_matches};
use crate::evaluate::decision::{PolicyType, Tri};
use crate::evaluate::rcp::SERVICES as RCP_SERVICES;
use crate::evaluate::request::{PrincipalType, Request};

/// R6: writes that AWS's own managed policies refuse.
const ON_AWS_POLICIES: &[&str] = &[
    "iam:CreatePolicyVersion", "iam:DeletePolicy", "iam:DeletePolicyVersion", "iam:SetDefaultPolicyVersion",
    "iam:TagPolicy", "iam:UntagPolicy",
];

/// R6: writes that service-linked roles and reserved roles refuse.
const ON_AWS_ROLES: &[&str] = &[
    "iam:AttachRolePolicy", "iam:DeleteRole", "iam:DeleteRolePermissionsBoundary", "iam:DeleteRolePolicy",
    "iam:DetachRolePolicy", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy",
];

/// R6: writes that only reserved roles refuse.
const ON_RESERVED_ROLES: &[&str] = &["iam:TagRole", "iam:UntagRole", "iam:UpdateRole", "iam:UpdateRoleDescription"];

/// R6: writes that AWS's own aliases refuse.
const ON_AWS_ALIASES: &[&str] = &["kms:CreateAlias", "kms:UpdateAlias", "kms:DeleteAlias"];

/// Whether the request's action is one of these; actions compare without case.
pub(super) fn is_one_of(action: &str, actions: &[&str]) -> bool {
    actions.iter().any(|known| known.eq_ignore_ascii_case(action))
}

/// The service prefix of an action, in lower case.
pub(super) fn prefix(action: &str) -> String {
    action.split(':').next().unwrap_or_default().to_ascii_lowercase()
}

/// Item 15b / R6: what AWS owns cannot be changed by anyone but the service's own session.
pub(super) fn is_owned_by_aws(request: &Request<'_>) -> bool {
    if is_service_linked(request) {
        return false;
    }
    let Some(arn) = Arn::parse(request.resource) else { return false };
    let refuses = |actions: &[&str]| is_one_of(request.action, actions);
    let reserved = arn.resource.starts_with("role/aws-reserved/");
    let service_linked = arn.resource.starts_with("role/aws-service-role/");
    arn.account.eq_ignore_ascii_case("aws") && refuses(ON_AWS_POLICIES)
        || (reserved || service_linked) && refuses(ON_AWS_ROLES)
        || reserved && refuses(ON_RESERVED_ROLES)
        || arn.resource.starts_with("alias/aws/") && refuses(ON_AWS_ALIASES)
}

/// R5: `sts:GetCallerIdentity` is allowed for every principal of an account.
pub(super) fn is_always_allowed(request: &Request<'_>) -> bool {
    request.principal.kind.has_account() && is_one_of(request.action, &["sts:GetCallerIdentity"])
}

/// R5: `sts:GetSessionToken` needs no grant.
pub(super) fn needs_no_grant(request: &Request<'_>) -> bool {
    let kind = request.principal.kind;
    matches!(kind, PrincipalType::IAMUser | PrincipalType::Root) && is_one_of(request.action, &["sts:GetSessionToken"])
}

/// R7: federated users call nothing of IAM and STS; R8, R29: root does not assume roles or other roots.
pub(super) fn is_never_allowed(request: &Request<'_>) -> bool {
    match request.principal.kind {
        PrincipalType::FederatedUser => matches!(prefix(request.action).as_str(), "iam" | "sts"),
        PrincipalType::Root => is_one_of(request.action, &["sts:AssumeRole", "sts:AssumeRoot"]),
        _ => false,
    }
}

/// R8, R9, R12, items 13 and 14: whether a kind of policy bears on the request at all.
pub(super) fn bears(case: &Case<'_>, kind: PolicyType) -> bool {
    let caller = case.request.principal.kind;
    match kind {
        PolicyType::Identity => caller.has_account() && caller != PrincipalType::Root,
        PolicyType::PermissionsBoundary => {
            matches!(caller, PrincipalType::IAMUser | PrincipalType::AssumedRole | PrincipalType::FederatedUser)
        }
        PolicyType::Session => caller.has_account(),
        PolicyType::Resource | PolicyType::VpcEndpoint => true,
        PolicyType::ServiceControl => scp_bears(case),
        PolicyType::ResourceControl => rcp_bears(case),
    }
}

/// Item 13 / R9: no SCP for the management account's principals, for service-linked roles, for callers of no account.
fn scp_bears(case: &Case<'_>) -> bool {
    let caller = case.request.principal;
    caller.kind.has_account() && !is_service_linked(case.request) && !is_management(case, caller.account())
}

/// Item 13 / R9, R27: no RCP for the management account's resources, for service-linked roles, for services that do
/// not support them, for `kms:RetireGrant`.
fn rcp_bears(case: &Case<'_>) -> bool {
    let action = case.request.action;
    RCP_SERVICES.contains(&prefix(action).as_str())
        && !is_one_of(action, &["kms:RetireGrant"])
        && !is_beyond_rcps(case.request)
        && !is_service_linked(case.request)
        && !is_management(case, case.request.owner())
}

/// R33: AWS's own keys, as far as an alias shows them, and services that take up their service-linked role.
fn is_beyond_rcps(request: &Request<'_>) -> bool {
    let Some(arn) = Arn::parse(request.resource) else { return false };
    match prefix(request.action).as_str() {
        "kms" => arn.resource.starts_with("alias/aws/"),
        "sts" => request.principal.kind == PrincipalType::Service && arn.resource.starts_with("role/aws-service-role/"),
        _ => false,
    }
}

fn is_management(case: &Case<'_>, account: Option<&str>) -> bool {
    account.is_some() && account == case.policies.settings.management_account.as_deref()
}

/// R9: a session of a role under `role/aws-service-role/`.
fn is_service_linked(request: &Request<'_>) -> bool {
    let role = request.principal.role_arn.as_deref().and_then(Arn::parse);
    request.principal.kind == PrincipalType::AssumedRole
        && role.is_some_and(|role| role.resource.starts_with("role/aws-service-role/"))
}

/// R11: whether the resource is one whose own policy must let the account's policies in: a KMS key, or a role whose
/// trust is asked.
pub(super) fn is_governed_by_its_policy(request: &Request<'_>) -> Tri {
    let action = request.action.to_ascii_lowercase();
    let trust = glob_matches("sts:assumerole*", &action)
        || is_one_of(&action, &["sts:TagSession", "sts:SetSourceIdentity", "sts:SetContext"]);
    let key = is_of_sort(request, "arn:*:kms:*:*:key/*").and(Tri::from(prefix(&action) == "kms"));
    let role = is_of_sort(request, "arn:*:iam:*:*:role/*").and(Tri::from(trust));
    key.or(role)
}

/// R36: a service whose own resource policy and the caller's policies must both allow, also in one account.
pub(super) fn is_asked_twice(request: &Request<'_>) -> bool {
    prefix(request.action) == "vpc-lattice-svcs"
}

/// R38: the root user of another account has no policy that would have to let the task in.
pub(super) fn needs_no_consent(request: &Request<'_>) -> bool {
    is_one_of(request.action, &["sts:AssumeRoot"])
}

/// R37: key operations that another account's callers never reach.
pub(super) fn stays_in_its_account(request: &Request<'_>) -> bool {
    is_one_of(request.action, &[
        "kms:CancelKeyDeletion", "kms:CreateAlias", "kms:DeleteAlias", "kms:DeleteImportedKeyMaterial", "kms:DisableKey",
        "kms:DisableKeyRotation", "kms:EnableKey", "kms:EnableKeyRotation", "kms:GetKeyPolicy", "kms:GetParametersForImport",
        "kms:ImportKeyMaterial", "kms:ListKeyPolicies", "kms:ListResourceTags", "kms:PutKeyPolicy", "kms:ReplicateKey",
        "kms:RotateKeyOnDemand", "kms:ScheduleKeyDeletion", "kms:SynchronizeMultiRegionKey", "kms:TagResource",
        "kms:UntagResource", "kms:UpdateAlias", "kms:UpdateKeyDescription", "kms:UpdatePrimaryRegion",
    ])
}

/// Item 14 / R23: root of the owning account and the calls that rescue a bucket or a queue from its own policy.
pub(super) fn is_rescue(request: &Request<'_>) -> bool {
    request.principal.kind == PrincipalType::Root
        && !request.is_cross_account()
        && is_one_of(request.action, &[
            "s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy", "sqs:SetQueueAttributes",
        ])
}
