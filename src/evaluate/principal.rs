//! Compiled `Principal` and `NotPrincipal` elements: whether they name the caller, and by which class of grant.
//!
//! The class decides what else must allow: a caller named itself needs no identity policy in its own account, a
//! caller whose role is named is still bounded, a caller whose account is named needs its own policies (rules 7, 8,
//! 16, 19). Taking a delegation for a grant would hand the resource to everybody in the account.

use super::prepared::PreparedRequest;
use super::{PrincipalType, Tri};
use crate::aws::{Arn, is_account_id};
use crate::policy::{Effect, PrincipalElement, PrincipalSet};

/// How surely each class of grant names the caller.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Classes {
    /// The caller itself, its session, or everybody.
    pub direct: Tri,
    /// The role of the caller's session, or the user behind a federated user.
    pub role: Tri,
    /// The caller's account.
    pub account: Tri,
}

impl Classes {
    /// Named by none.
    pub const NONE: Classes = Classes { direct: Tri::No, role: Tri::No, account: Tri::No };
    /// Perhaps named by each.
    pub const UNKNOWN: Classes = Classes { direct: Tri::Unknown, role: Tri::Unknown, account: Tri::Unknown };
    /// Named itself.
    pub const DIRECT: Classes = Classes { direct: Tri::Yes, role: Tri::No, account: Tri::No };

    /// Named by some class.
    #[must_use]
    pub fn any(self) -> Tri {
        self.direct.or(self.role).or(self.account)
    }

    /// The better of both, class by class.
    #[must_use]
    pub fn or(self, other: Classes) -> Classes {
        self.zip(other, Tri::or)
    }

    /// Both, class by class with one answer.
    #[must_use]
    pub fn and(self, rest: Tri) -> Classes {
        self.zip(Classes { direct: rest, role: rest, account: rest }, Tri::and)
    }

    fn zip(self, other: Classes, with: fn(Tri, Tri) -> Tri) -> Classes {
        Classes {
            direct: with(self.direct, other.direct),
            role: with(self.role, other.role),
            account: with(self.account, other.account),
        }
    }
}

/// What else decides whether a statement names the caller.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reach {
    /// An account means its root user only (gateway endpoints).
    pub accounts_are_root: bool,
    /// Whether the caller has a permissions boundary.
    pub bounded: Tri,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Entry {
    /// An account, by id or root ARN.
    Account(Box<str>),
    /// A session; its account and role name.
    Session { arn: Box<str>, partition: Box<str>, account: Box<str>, role: Box<str> },
    /// A user, role, federated user or unique id, compared as text.
    Text(Box<str>),
}

/// A compiled principal element.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CompiledPrincipal {
    negated: bool,
    everybody: bool,
    aws: Box<[Entry]>,
    service: Box<[Box<str>]>,
    federated: Box<[Box<str>]>,
    canonical_user: Box<[Box<str>]>,
}

fn entry(text: &str) -> Entry {
    if is_account_id(text) {
        return Entry::Account(text.into());
    }
    match Arn::parse(text) {
        Some(arn) if arn.service == "iam" && arn.resource == "root" => Entry::Account(arn.account.into()),
        Some(arn) if arn.service == "sts" => match arn.resource.strip_prefix("assumed-role/").and_then(|r| r.split_once('/')) {
            Some((role, name)) if !name.is_empty() && !text.contains(['*', '?']) => Entry::Session {
                arn: text.into(),
                partition: arn.partition.into(),
                account: arn.account.into(),
                role: role.into(),
            },
            _ => Entry::Text(text.into()),
        },
        _ => Entry::Text(text.into()),
    }
}

impl Reach {
    /// Accounts are their principals, and no boundary is there.
    pub const PLAIN: Reach = Reach { accounts_are_root: false, bounded: Tri::No };
}

impl CompiledPrincipal {
    /// Compiles an element.
    #[must_use]
    pub fn compile(element: &PrincipalElement) -> CompiledPrincipal {
        let (set, negated) = match element {
            PrincipalElement::Principal(set) => (set, false),
            PrincipalElement::NotPrincipal(set) => (set, true),
        };
        CompiledPrincipal { negated, ..CompiledPrincipal::of_set(set) }
    }

    /// Compiles a set of principals as a `Principal` element.
    #[must_use]
    pub fn of_set(set: &PrincipalSet) -> CompiledPrincipal {
        let texts = |list: &[String]| list.iter().map(|t| t.as_str().into()).collect();
        CompiledPrincipal {
            negated: false,
            everybody: set.aws.iter().any(|t| t == "*"),
            aws: set.aws.iter().filter(|t| *t != "*").map(|t| entry(t)).collect(),
            service: texts(&set.service),
            federated: texts(&set.federated),
            canonical_user: texts(&set.canonical_user),
        }
    }

    /// Whether the element is a `NotPrincipal` or holds `*`.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.negated || self.everybody
    }

    /// By which classes a statement of this effect names the caller.
    #[must_use]
    pub fn classes(&self, effect: Effect, request: &PreparedRequest<'_>, reach: Reach) -> Classes {
        let listed = self.listed(request, reach);
        if !self.negated {
            return listed;
        }
        let left_out = match effect {
            Effect::Allow => listed.any(),
            Effect::Deny if self.everybody => Tri::Yes,
            Effect::Deny => self.left_out(listed, request.principal().kind).and(reach.bounded.negate()),
        };
        Classes { direct: left_out.negate(), ..Classes::NONE }
    }

    /// Rule 8: a Deny with `NotPrincipal` spares a caller for sure only when itself, its role and its account are
    /// all listed, and never one with a permissions boundary.
    fn left_out(&self, listed: Classes, kind: PrincipalType) -> Tri {
        use PrincipalType as P;
        let all = match kind {
            P::IAMUser | P::FederatedUser => listed.direct.and(listed.account),
            P::AssumedRole => listed.direct.and(listed.role).and(listed.account),
            P::Root | P::Service | P::Anonymous | P::WebIdentity | P::SAML => return listed.any(),
        };
        match (all, listed.any()) {
            (Tri::Yes, _) => Tri::Yes,
            (_, Tri::No) => Tri::No,
            _ => Tri::Unknown,
        }
    }

    fn listed(&self, request: &PreparedRequest<'_>, reach: Reach) -> Classes {
        use PrincipalType as P;
        let principal = request.principal();
        if self.everybody {
            // The other entries may add classes, which matter to `NotPrincipal` alone.
            return Classes::DIRECT;
        }
        let yes = |holds: bool| Tri::from(holds);
        let mut found = Classes::NONE;
        match principal.kind {
            P::Anonymous => {}
            P::Service => {
                let name = principal.service.as_deref();
                found.direct = yes(name.is_some_and(|n| self.service.iter().any(|s| s.eq_ignore_ascii_case(n))));
            }
            P::WebIdentity | P::SAML => {
                let (arn, host) = (principal.arn.as_deref(), principal.service.as_deref());
                let is_provider = arn.is_some_and(|a| a.contains(":oidc-provider/"));
                found.direct = yes(self.federated.iter().any(|f| {
                    let f = &**f;
                    let by_host = || !is_provider && f.split_once(":oidc-provider/").map(|(_, h)| h) == host;
                    Some(f) == arn || Some(f) == host || (host.is_some() && by_host())
                }));
            }
            P::IAMUser | P::AssumedRole | P::FederatedUser | P::Root => {
                for entry in &self.aws {
                    found = found.or(entry.names(request, reach));
                }
                if !self.canonical_user.is_empty() {
                    found.account = found.account.or(match &principal.canonical_user {
                        Some(id) => yes(self.canonical_user.iter().any(|c| **c == **id)),
                        None if request.context().is_complete() => Tri::No,
                        None => Tri::Unknown,
                    });
                }
            }
        }
        found
    }
}

impl Entry {
    fn names(&self, request: &PreparedRequest<'_>, reach: Reach) -> Classes {
        use PrincipalType as P;
        let principal = request.principal();
        match self {
            Entry::Account(id) => {
                if request.account != Some(id) {
                    Classes::NONE
                } else if principal.kind == P::Root {
                    Classes::DIRECT
                } else if reach.accounts_are_root {
                    Classes::NONE
                } else {
                    Classes { account: Tri::Yes, ..Classes::NONE }
                }
            }
            Entry::Session { arn, partition, account, role } => {
                if principal.arn.as_deref() == Some(arn) {
                    return Classes::DIRECT;
                }
                // A session of the same role, while our session's name is not known.
                let ours = principal.role_arn.as_deref().and_then(Arn::parse);
                let perhaps = principal.kind == P::AssumedRole
                    && principal.arn.is_none()
                    && ours.is_some_and(|o| o.partition == &**partition && o.account == &**account && o.name() == &**role);
                Classes { direct: if perhaps { Tri::Unknown } else { Tri::No }, ..Classes::NONE }
            }
            Entry::Text(text) => {
                let text = Some(&**text);
                if principal.arn.as_deref() == text {
                    Classes::DIRECT
                } else if principal.role_arn.as_deref() == text && matches!(principal.kind, P::AssumedRole | P::FederatedUser) {
                    Classes { role: Tri::Yes, ..Classes::NONE }
                } else if request.unique_id == text {
                    match principal.kind {
                        P::IAMUser => Classes::DIRECT,
                        P::AssumedRole => Classes { role: Tri::Yes, ..Classes::NONE },
                        _ => Classes::NONE,
                    }
                } else {
                    Classes::NONE
                }
            }
        }
    }
}
