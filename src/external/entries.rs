//! The principal entries of trust policies, each with its statement's conditions and what can be said of it without any log.

use std::collections::BTreeMap;

use super::accounts::{Accounts, Class};
use super::conditions::{asks_for_value, flags, is_on, normalised, requires, takes_anything};
use super::oidc::{Platform, Width, host, platform, takes_pull_requests, width};
use super::{deputy, oidc};
use crate::aws::principal::{is_permission_set_role, is_service_linked_role};
use crate::aws::{Arn, is_account_id};
use crate::grants::{Grants, OwnerKind, Principal};
use crate::policy::{BaseOperator, Condition, Effect, PolicyDocument, PrincipalElement, Statement};
use crate::reduce::trust::entries::{Kind, entries};

/// What the reduction and the proofs said, by role ARN.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Decided {
    /// How far the role reaches: `admin`, `privesc`, `data`, `read`.
    pub privilege: BTreeMap<String, &'static str>,
    /// The verdict on an entry and its reason, by role ARN, place of the statement and text of the entry.
    pub verdicts: BTreeMap<(String, usize, String), (&'static str, String)>,
    /// The smaller trust policy as JSON.
    pub proposals: BTreeMap<String, String>,
    /// What its replay said.
    pub replays: BTreeMap<String, String>,
}

/// A principal entry of an Allow statement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TrustEntry {
    /// Stable within a run: role, place of the statement, entry.
    pub entry_id: String,
    /// The role's account.
    pub account: String,
    /// The role.
    pub role_arn: String,
    /// Its name.
    pub role_name: String,
    /// When it was made, epoch ms.
    pub role_created_ms: Option<i64>,
    /// Whom its tags name as owner.
    pub owner: Option<String>,
    /// How far it reaches; `unknown` where that was not measured.
    pub privilege: &'static str,
    /// `Sid`, or `#place`; `None` where the trust policy is not told.
    pub statement: Option<String>,
    /// Place of the statement.
    pub at: usize,
    /// `account-root`, `role`, `user`, `session`, `service`, `saml`, `oidc`, `any`, `dangling-id`, `not-principal`, `other`, `untold`.
    pub entry_kind: &'static str,
    /// As written.
    pub entry: String,
    /// The account that it names.
    pub entry_account: Option<String>,
    /// Where whom it lets in comes from.
    pub entry_class: Class,
    /// Whose account that is, by a list or the configuration.
    pub vendor: Option<String>,
    /// Who says so.
    pub vendor_source: Option<String>,
    /// Conditions in one form.
    pub conditions: Option<String>,
    /// Those that never hold, do nothing, or are weak; and Deny statements beside.
    pub condition_flags: Vec<String>,
    /// Whether some condition never holds, so that nobody comes in by it.
    pub is_dead: bool,
    /// Whether it asks for an ExternalId.
    pub requires_external_id: bool,
    /// Whether it asks for MFA.
    pub requires_mfa: bool,
    /// Platform of a web identity provider.
    pub platform: Option<Platform>,
    /// The subjects that it lets in, as written.
    pub subjects_allowed: Vec<String>,
    /// The widest of them; `None`: it asks for no subject.
    pub width: Option<Width>,
    /// `no-sub`, `wide-sub`, `pull-request`, `no-aud`; of Cognito `no-amr`.
    pub federation_flags: Vec<&'static str>,
    /// Of services: `asked`, `advised`, `not-supported`.
    pub deputy: Option<&'static str>,
    /// The page that says that the service sends the keys.
    pub deputy_source: Option<&'static str>,
    /// A service owns the role.
    pub is_service_linked: bool,
    /// Identity Center owns the role.
    pub is_permission_set: bool,
    /// The reduction's verdict on the entry, and why.
    pub decided: Option<(&'static str, String)>,
    /// The smaller trust policy.
    pub proposal: Option<String>,
    /// What its replay said.
    pub replay: Option<String>,
    /// The condition that keeps out other organisations, where the role's is known.
    pub organisation_condition: Option<String>,
    /// The condition on the source of a service's call.
    pub deputy_condition: Option<String>,
}

fn owner(role: &Principal) -> Option<String> {
    let is_owner = |key: &str| ["owner", "team", "service-owner"].iter().any(|k| k.eq_ignore_ascii_case(key));
    role.tags.iter().find(|(k, v)| is_owner(k) && !v.is_empty()).map(|(_, v)| v.clone())
}

fn kind_and_account(kind: &Kind, text: &str) -> (&'static str, Option<String>) {
    let parsed = Arn::parse(text);
    let of_arn = || parsed.as_ref().map(|a| a.account.to_owned()).filter(|a| is_account_id(a));
    match kind {
        Kind::Everybody => ("any", None),
        Kind::Account(id) => ("account-root", Some(id.clone())),
        Kind::Named => (if parsed.as_ref().is_some_and(|a| a.resource.starts_with("user/")) { "user" } else { "role" }, of_arn()),
        Kind::Session => ("session", of_arn()),
        Kind::Deleted => ("dangling-id", None),
        Kind::Service => ("service", None),
        Kind::Saml => ("saml", of_arn()),
        Kind::Oidc => ("oidc", of_arn()),
        Kind::Other => ("other", of_arn()),
    }
}

/// The class of somebody who comes by a web identity provider.
#[must_use]
pub fn federated_class(platform: Platform) -> Class {
    match platform {
        Platform::Cognito | Platform::Consumer => Class::FederatedHuman,
        Platform::Other => Class::Federated,
        _ => Class::FederatedWorkload,
    }
}

fn is_pattern(condition: &Condition) -> bool {
    condition.operator.base == BaseOperator::StringLike
}

/// Conditions on the subject of a provider, or on what stands for it.
fn on_subject<'s>(statement: &'s Statement, host: &str) -> impl Iterator<Item = &'s Condition> {
    let key = format!("{host}:sub");
    statement.conditions.iter().filter(move |c| is_on(c, &key) && asks_for_value(c))
}

impl TrustEntry {
    fn federation(&mut self, statement: &Statement) {
        let provider = host(&self.entry);
        let platform = platform(&self.entry);
        self.platform = Some(platform);
        self.entry_class = federated_class(platform);
        let audience = format!("{provider}:aud");
        let asks_audience = requires(statement, &audience);
        if !asks_audience {
            self.federation_flags.push("no-aud");
        }
        let conditions: Vec<&Condition> = on_subject(statement, &provider).collect();
        self.subjects_allowed = conditions.iter().flat_map(|c| c.values.iter().cloned()).collect();
        // All conditions must hold: the narrowest counts, and within one the widest value.
        let of_condition = |c: &&Condition| c.values.iter().map(|v| width(platform, v, is_pattern(c))).max();
        self.width = conditions.iter().filter_map(of_condition).min();
        // Cognito tells identity pools apart by `aud`; each identity is a subject of its own.
        let is_pool = platform == Platform::Cognito && asks_audience;
        match self.width {
            None | Some(Width::Everything) if !is_pool => self.federation_flags.push("no-sub"),
            Some(Width::Across) => self.federation_flags.push("wide-sub"),
            _ => {}
        }
        // Without it identities that nobody signed in may come.
        if platform == Platform::Cognito && !requires(statement, "cognito-identity.amazonaws.com:amr") {
            self.federation_flags.push("no-amr");
        }
        let takes = |c: &&Condition| c.values.iter().any(|v| takes_pull_requests(platform, v, is_pattern(c)));
        if !conditions.is_empty() && conditions.iter().all(takes) {
            self.federation_flags.push("pull-request");
        }
        self.federation_flags.sort_unstable();
    }

    fn service(&mut self, statement: &Statement) {
        let keys = ["aws:SourceArn", "aws:SourceAccount", "aws:SourceOrgID", "aws:SourceOrgPaths"];
        let asked = statement.conditions.iter().any(|c| keys.iter().any(|k| is_on(c, k)) && asks_for_value(c) && !takes_anything(c));
        let row = deputy::of(&self.entry);
        self.deputy_source = row.map(|r| r.page.as_str());
        self.deputy = Some(match row {
            _ if asked => "asked",
            Some(_) => "advised",
            None => "not-supported",
        });
        if self.deputy == Some("advised") {
            self.deputy_condition = Some(format!(r#"{{"StringEquals":{{"aws:SourceAccount":"{}"}}}}"#, self.account));
        }
    }
}

/// Whether everybody is everybody of the role's own organisation.
fn of_own_organisation(statement: &Statement, accounts: &Accounts, account: &str) -> bool {
    let own = accounts.organisation(account);
    let is_own = |c: &&Condition| is_on(c, "aws:PrincipalOrgID") && asks_for_value(c) && !c.values.is_empty() && c.values.iter().all(|v| Some(v.as_str()) == own);
    statement.conditions.iter().any(|c| is_own(&c))
}

fn blank(role: &Principal, accounts: &Accounts, decided: &Decided) -> TrustEntry {
    TrustEntry {
        entry_id: role.arn.clone(),
        account: role.account.clone(),
        role_arn: role.arn.clone(),
        role_name: role.name.clone(),
        role_created_ms: role.created_ms,
        owner: owner(role),
        privilege: decided.privilege.get(&role.arn).copied().unwrap_or("unknown"),
        statement: None,
        at: 0,
        entry_kind: "untold",
        entry: "the trust policy is not told".to_owned(),
        entry_account: None,
        entry_class: Class::Unknown,
        vendor: None,
        vendor_source: None,
        conditions: None,
        condition_flags: Vec::new(),
        is_dead: false,
        requires_external_id: false,
        requires_mfa: false,
        platform: None,
        subjects_allowed: Vec::new(),
        width: None,
        federation_flags: Vec::new(),
        deputy: None,
        deputy_source: None,
        is_service_linked: is_service_linked_role(&role.arn),
        is_permission_set: is_permission_set_role(&role.arn),
        decided: None,
        proposal: decided.proposals.get(&role.arn).cloned(),
        replay: decided.replays.get(&role.arn).cloned(),
        organisation_condition: accounts.organisation(&role.account).map(|o| format!(r#"{{"StringEquals":{{"aws:PrincipalOrgID":"{o}"}}}}"#)),
        deputy_condition: None,
    }
}

fn of_statement(role: &Principal, document: &PolicyDocument, at: usize, statement: &Statement, accounts: &Accounts, decided: &Decided, as_of_ms: i64) -> Vec<TrustEntry> {
    let name = statement.sid.clone().unwrap_or_else(|| format!("#{at}"));
    let has_deny = document.statements.iter().any(|s| s.effect == Effect::Deny);
    let listed: Vec<(Option<Kind>, &str)> = match &statement.principal {
        Some(PrincipalElement::Principal(set)) => entries(set).into_iter().map(|e| (Some(e.kind), e.text)).collect(),
        _ => vec![(None, "NotPrincipal")],
    };
    let one = |(kind, text): (Option<Kind>, &str)| {
        let (entry_kind, entry_account) = kind.as_ref().map_or(("not-principal", None), |k| kind_and_account(k, text));
        let of_account = || entry_account.as_deref().map_or(Class::Unknown, |a| accounts.class(a, &role.account));
        let known = entry_account.as_deref().and_then(|a| accounts.known(a));
        let mut entry = TrustEntry {
            entry_id: format!("{}|{at}|{text}", role.arn),
            statement: Some(name.clone()),
            at,
            entry_kind,
            entry: text.to_owned(),
            entry_class: match entry_kind {
                "any" if of_own_organisation(statement, accounts, &role.account) => Class::SameOrganisation,
                "any" | "not-principal" => Class::Public,
                "service" => Class::AwsService,
                "saml" => Class::FederatedHuman,
                "dangling-id" => Class::Dangling,
                _ => of_account(),
            },
            vendor: known.map(|k| k.name.clone()),
            vendor_source: known.map(|k| k.source.clone()),
            conditions: normalised(statement),
            requires_external_id: requires(statement, "sts:ExternalId"),
            requires_mfa: requires(statement, "aws:MultiFactorAuthPresent"),
            decided: decided.verdicts.get(&(role.arn.clone(), at, text.to_owned())).cloned(),
            entry_account,
            ..blank(role, accounts, decided)
        };
        match entry_kind {
            "oidc" => entry.federation(statement),
            // Identity Center writes the trust of its own roles.
            "saml" if !entry.is_permission_set && !requires(statement, "SAML:aud") => entry.federation_flags.push("no-aud"),
            "service" => entry.service(statement),
            _ => {}
        }
        let provider = (entry_kind == "oidc").then(|| oidc::host(text));
        entry.condition_flags = flags(statement, entry_kind, provider.as_deref(), as_of_ms);
        entry.is_dead = entry.condition_flags.iter().any(|f| f.starts_with("never-holds"));
        if has_deny {
            entry.condition_flags.push("beside: a Deny statement".to_owned());
        }
        entry
    };
    listed.into_iter().map(one).collect()
}

/// Every entry of every Allow statement; a role whose trust policy is not told has one row that says so.
#[must_use]
pub fn trust_entries(grants: &Grants, accounts: &Accounts, decided: &Decided, as_of_ms: i64) -> Vec<TrustEntry> {
    let mut out = Vec::new();
    for role in grants.principals().filter(|p| p.kind == OwnerKind::Role) {
        match &role.trust {
            Some(Ok(document)) => {
                for (at, statement) in document.statements.iter().enumerate().filter(|(_, s)| s.effect == Effect::Allow) {
                    out.extend(of_statement(role, document, at, statement, accounts, decided, as_of_ms));
                }
            }
            _ => out.push(blank(role, accounts, decided)),
        }
    }
    out.sort_by(|a, b| (&a.account, &a.role_arn, a.at, &a.entry).cmp(&(&b.account, &b.role_arn, b.at, &b.entry)));
    out.dedup_by(|a, b| a.entry_id == b.entry_id);
    out
}
