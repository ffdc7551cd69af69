//! Principals: in which class a `Principal` or `NotPrincipal` element names the caller (items 7 and 8, R13 to R15).

use super::Case;
use super::facts::unique_id;
use crate::aws::{Arn, is_account_id};
use crate::evaluate::decision::{PolicyType, Tri};
use crate::policy::beside::VpcEndpointType;
use crate::evaluate::request::{PrincipalType, RequestPrincipal};
use crate::policy::{Effect, PrincipalElement, PrincipalSet};

/// Item 7: the ways in which an element may name the caller.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Classes {
    /// By itself, or as everybody.
    pub(super) direct: Tri,
    /// By the role of its session, or the user behind its federated session.
    pub(super) role: Tri,
    /// By its account.
    pub(super) account: Tri,
}

impl Classes {
    /// Not named.
    pub(super) const NONE: Classes = Classes { direct: Tri::No, role: Tri::No, account: Tri::No };

    /// Named by itself.
    pub(super) fn direct(direct: Tri) -> Classes {
        Classes { direct, ..Classes::NONE }
    }

    /// Named by its role.
    fn role() -> Classes {
        Classes { role: Tri::Yes, ..Classes::NONE }
    }

    /// Named by its account.
    pub(super) fn account(account: Tri) -> Classes {
        Classes { account, ..Classes::NONE }
    }

    /// Named in one list or another.
    pub(super) fn or(self, other: Classes) -> Classes {
        Classes {
            direct: self.direct.or(other.direct),
            role: self.role.or(other.role),
            account: self.account.or(other.account),
        }
    }

    /// Named, and something else holds as well.
    pub(super) fn and(self, holds: Tri) -> Classes {
        Classes { direct: self.direct.and(holds), role: self.role.and(holds), account: self.account.and(holds) }
    }

    /// Named in some class.
    pub(super) fn any(self) -> Tri {
        self.direct.or(self.role).or(self.account)
    }
}

/// R13 to R15: how a statement's principal element names the caller.
pub(super) fn element(case: &Case<'_>, kind: PolicyType, effect: Effect, element: Option<&PrincipalElement>) -> Classes {
    let gateway = kind == PolicyType::VpcEndpoint && case.policies.settings.vpc_endpoint_type == VpcEndpointType::Gateway;
    match (kind, element) {
        (
            PolicyType::Identity | PolicyType::PermissionsBoundary | PolicyType::Session | PolicyType::ServiceControl,
            _,
        )
        | (PolicyType::VpcEndpoint, None) => Classes::direct(Tri::Yes),
        (_, None) => Classes::NONE,
        (_, Some(PrincipalElement::Principal(set))) => named(case, set, gateway),
        (_, Some(PrincipalElement::NotPrincipal(set))) => match effect {
            Effect::Allow => Classes::direct(named(case, set, gateway).any().negate()),
            Effect::Deny => Classes::direct(not_principal_denies(case, set, gateway)),
        },
    }
}

/// R13: the caller's classes for a set of entries.
pub(super) fn named(case: &Case<'_>, set: &PrincipalSet, gateway: bool) -> Classes {
    let caller = case.request.principal;
    let aws = set.aws.iter().map(|entry| aws_entry(case, entry, gateway));
    let service = set.service.iter().map(|entry| service_entry(caller, entry));
    let federated = set.federated.iter().map(|entry| federated_entry(caller, entry));
    let canonical = set.canonical_user.iter().map(|entry| canonical_entry(case, entry));
    aws.chain(service).chain(federated).chain(canonical).fold(Classes::NONE, Classes::or)
}

/// R13: an entry of `AWS`.
fn aws_entry(case: &Case<'_>, entry: &str, gateway: bool) -> Classes {
    let caller = case.request.principal;
    if entry == "*" {
        return Classes::direct(Tri::Yes);
    }
    if !caller.kind.has_account() {
        return Classes::NONE;
    }
    if let Some(account) = account_of_entry(entry) {
        return account_entry(caller, account, gateway);
    }
    if caller.arn.as_deref() == Some(entry) {
        return Classes::direct(Tri::Yes);
    }
    let is_session = caller.kind == PrincipalType::AssumedRole;
    let has_issuer = is_session || caller.kind == PrincipalType::FederatedUser;
    if has_issuer && caller.role_arn.as_deref() == Some(entry) {
        return Classes::role();
    }
    if unique_id(case.request).as_deref() == Some(entry) {
        return match caller.kind {
            PrincipalType::IAMUser => Classes::direct(Tri::Yes),
            PrincipalType::AssumedRole => Classes::role(),
            _ => Classes::NONE,
        };
    }
    if is_session && may_be_our_session(caller, entry) {
        return Classes::direct(Tri::Unknown);
    }
    Classes::NONE
}

/// R13: twelve digits, or `arn:P:iam::A:root`.
fn account_of_entry(entry: &str) -> Option<&str> {
    if is_account_id(entry) {
        return Some(entry);
    }
    let arn = Arn::parse(entry)?;
    let is_root = arn.service.eq_ignore_ascii_case("iam") && arn.region.is_empty() && arn.resource == "root";
    (is_root && is_account_id(arn.account)).then_some(arn.account)
}

/// R13: the caller's account; R15: on a gateway endpoint an account is its root user only.
fn account_entry(caller: &RequestPrincipal, account: &str, gateway: bool) -> Classes {
    if caller.account() != Some(account) {
        Classes::NONE
    } else if caller.kind == PrincipalType::Root {
        Classes::direct(Tri::Yes)
    } else if gateway {
        Classes::NONE
    } else {
        Classes::account(Tri::Yes)
    }
}

/// R13: "a session ARN of the same role while our session name is unknown".
fn may_be_our_session(caller: &RequestPrincipal, entry: &str) -> bool {
    if caller.arn.is_some() || entry.contains(['*', '?']) {
        return false;
    }
    let (Some(role), Some(session)) = (caller.role_arn.as_deref().and_then(Arn::parse), Arn::parse(entry)) else {
        return false;
    };
    let name = session.resource.strip_prefix("assumed-role/").and_then(|rest| rest.split_once('/'));
    session.partition == role.partition
        && session.service == "sts"
        && session.account == role.account
        && name.is_some_and(|(role_name, session_name)| role_name == role.name() && !session_name.is_empty())
}

/// R13: an entry of `Service`, without case.
fn service_entry(caller: &RequestPrincipal, entry: &str) -> Classes {
    let same = caller.service.as_deref().is_some_and(|service| service.eq_ignore_ascii_case(entry));
    Classes::direct(Tri::from(caller.kind == PrincipalType::Service && same))
}

/// R13: an entry of `Federated`.
fn federated_entry(caller: &RequestPrincipal, entry: &str) -> Classes {
    if !matches!(caller.kind, PrincipalType::WebIdentity | PrincipalType::SAML) {
        return Classes::NONE;
    }
    let (service, arn) = (caller.service.as_deref(), caller.arn.as_deref());
    let exact = service == Some(entry) || arn == Some(entry);
    let host = Arn::parse(entry).and_then(|entry| entry.resource.strip_prefix("oidc-provider/"));
    let is_provider = arn.is_some_and(|arn| arn.contains(":oidc-provider/"));
    let by_host = !is_provider && host.is_some() && host == service;
    Classes::direct(Tri::from(exact || by_host))
}

/// R13: an entry of `CanonicalUser`.
pub(super) fn canonical_entry(case: &Case<'_>, entry: &str) -> Classes {
    Classes::account(match case.request.principal.canonical_user.as_deref() {
        _ if !case.request.principal.kind.has_account() => Tri::No,
        Some(id) => Tri::from(id == entry),
        None if case.request.context.is_complete() => Tri::No,
        None => Tri::Unknown,
    })
}

/// Item 8 / R14: whether a `Deny` with `NotPrincipal` denies the caller.
fn not_principal_denies(case: &Case<'_>, set: &PrincipalSet, gateway: bool) -> Tri {
    if set.aws.iter().any(|entry| entry == "*") {
        return Tri::No;
    }
    let kind = case.request.principal.kind;
    let boundable = matches!(kind, PrincipalType::IAMUser | PrincipalType::AssumedRole);
    if boundable && case.policies.boundary.is_some() {
        return Tri::Yes;
    }
    let listed = named(case, set, gateway);
    let fully = match kind {
        PrincipalType::IAMUser | PrincipalType::FederatedUser => listed.direct.and(listed.account),
        PrincipalType::AssumedRole => listed.direct.and(listed.role).and(listed.account),
        _ => listed.any(),
    };
    let denies = if listed.any() == Tri::No {
        Tri::Yes
    } else if fully == Tri::Yes {
        Tri::No
    } else {
        Tri::Unknown
    };
    let may_be_bounded = boundable && case.is_unknown(PolicyType::PermissionsBoundary);
    if may_be_bounded { denies.or(Tri::Unknown) } else { denies }
}
