//! Role trust policies: who may assume the role, and with which class of grant (rules 7, 8, 16, 19).

use std::collections::BTreeSet;

use super::layer::{Layer, named};
use super::statement::applies;
use super::{Facts, NamedPolicy, PolicyType, PrincipalType, Request, RequestPrincipal, Tri};
use crate::aws::{Arn, is_account_id};
use crate::policy::{Effect, PrincipalElement, PrincipalSet, Statement};

/// What the trust policy says, its allows by class.
pub struct Trust {
    /// Denies and deciding statements.
    pub layer: Layer,
    /// The caller itself, its session, or everybody is named.
    pub direct: Tri,
    /// The role of the caller's session is named.
    pub role: Tri,
    /// The caller's account is named: delegation to its identity policies.
    pub account: Tri,
}

impl Trust {
    /// Whether any class allows.
    #[must_use]
    pub fn any(&self) -> Tri {
        self.direct.or(self.role).or(self.account)
    }
}

/// How an entry names the caller.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Class {
    Direct,
    Role,
    Account,
}

/// Whether the trust policy is asked at all, and what it says.
#[must_use]
pub fn layer(request: &Request<'_>, facts: &Facts<'_>, policy: Option<&NamedPolicy<'_>>, bounded: bool) -> Option<Trust> {
    let policy = policy?;
    let mut trust = Trust { layer: Layer::silent(Tri::No), direct: Tri::No, role: Tri::No, account: Tri::No };
    for (index, statement) in policy.document.statements.iter().enumerate() {
        let mut missing = BTreeSet::new();
        let rest = applies(statement, request, policy.document.version, facts, &mut missing);
        if rest == Tri::No {
            continue;
        }
        let name = named(PolicyType::Resource, policy.name, statement, index);
        let mut applied = Tri::No;
        for (class, who) in principal_classes(statement, request.principal, bounded) {
            let both = who.and(rest);
            applied = applied.or(both);
            if statement.effect == Effect::Allow {
                let slot = match class {
                    Class::Direct => &mut trust.direct,
                    Class::Role => &mut trust.role,
                    Class::Account => &mut trust.account,
                };
                *slot = slot.or(both);
            }
        }
        if applied == Tri::Unknown {
            trust.layer.missing.extend(missing);
        }
        trust.layer.add(statement, applied, name);
    }
    Some(trust)
}

fn principal_classes(statement: &Statement, principal: &RequestPrincipal, bounded: bool) -> Vec<(Class, Tri)> {
    match &statement.principal {
        None => Vec::new(),
        Some(PrincipalElement::Principal(set)) => named_in(set, principal),
        Some(PrincipalElement::NotPrincipal(set)) => {
            let listed = named_in(set, principal);
            let excluded = match statement.effect {
                Effect::Allow => listed.iter().fold(Tri::No, |r, (_, t)| r.or(*t)),
                // Rule 8: the caller, its role and its account must all be listed to be surely left out, and a
                // caller with a permissions boundary never is.
                Effect::Deny if bounded => Tri::No,
                Effect::Deny => {
                    let has = |class: Class| listed.iter().any(|(c, t)| *c == class && *t == Tri::Yes);
                    let itself = has(Class::Direct);
                    let account = has(Class::Account);
                    let role = has(Class::Role) || principal.kind != PrincipalType::AssumedRole;
                    let unsigned = matches!(principal.kind, PrincipalType::Service | PrincipalType::WebIdentity | PrincipalType::SAML);
                    if itself && (unsigned || (account && role)) {
                        Tri::Yes
                    } else if listed.is_empty() {
                        Tri::No
                    } else {
                        Tri::Unknown
                    }
                }
            };
            vec![(Class::Direct, excluded.negate())]
        }
    }
}

/// The entries of a principal element that name the caller, by class.
fn named_in(set: &PrincipalSet, principal: &RequestPrincipal) -> Vec<(Class, Tri)> {
    let mut found = Vec::new();
    let provider_kinds = matches!(principal.kind, PrincipalType::WebIdentity | PrincipalType::SAML);
    for entry in &set.aws {
        if entry == "*" {
            found.push((Class::Direct, Tri::Yes));
        } else if !(provider_kinds || matches!(principal.kind, PrincipalType::Service | PrincipalType::Anonymous)) {
            found.extend(aws_entry(entry, principal));
        }
    }
    let same = |entry: &String, name: &Option<String>| name.as_ref().is_some_and(|n| n.eq_ignore_ascii_case(entry));
    if principal.kind == PrincipalType::Service {
        found.extend(set.service.iter().filter(|e| *e == "*" || same(e, &principal.service)).map(|_| (Class::Direct, Tri::Yes)));
    }
    if provider_kinds {
        let named = |e: &&String| *e == "*" || same(e, &principal.service) || same(e, &principal.arn);
        found.extend(set.federated.iter().filter(named).map(|_| (Class::Direct, Tri::Yes)));
    }
    found
}

fn aws_entry(entry: &str, principal: &RequestPrincipal) -> Option<(Class, Tri)> {
    let account = principal.account();
    if is_account_id(entry) {
        return (account == Some(entry)).then_some((Class::Account, Tri::Yes));
    }
    if let Some(id) = &principal.unique_id
        && entry == id
    {
        let class = if principal.kind == PrincipalType::AssumedRole { Class::Role } else { Class::Direct };
        return Some((class, Tri::Yes));
    }
    let arn = Arn::parse(entry)?;
    if arn.service == "iam" && arn.resource == "root" {
        if account != Some(arn.account) {
            return None;
        }
        let class = if principal.kind == PrincipalType::Root { Class::Direct } else { Class::Account };
        return Some((class, Tri::Yes));
    }
    if principal.arn.as_deref() == Some(entry) {
        return Some((Class::Direct, Tri::Yes));
    }
    if principal.role_arn.as_deref() == Some(entry) {
        return Some((Class::Role, Tri::Yes));
    }
    // A session of the same role, while our session's name is not known.
    let role = principal.role_arn.as_deref().and_then(Arn::parse)?;
    let session_of = arn.service == "sts"
        && arn.account == role.account
        && arn.resource.strip_prefix("assumed-role/").and_then(|r| r.split('/').next()) == Some(role.name());
    (session_of && principal.arn.is_none()).then_some((Class::Direct, Tri::Unknown))
}
