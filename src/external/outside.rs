//! One row per account that is not ours and is trusted by a role, or took one up: which roles it reaches, and how strong they
//! are, chains included.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::accounts::Accounts;
use super::entries::TrustEntry;
use super::uses::EntryUse;
use crate::usage::{Assumption, Outcome, Usage};

/// How many roles a cell lists.
const LISTED: usize = 50;

/// An outside account.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct OutsideAccount {
    /// Account id.
    pub account: String,
    /// The account of ours that is reached; one row each.
    pub into: String,
    /// `known-vendor`, `unknown-external`, `aws-owned`.
    pub class: &'static str,
    /// Whose it is.
    pub vendor: Option<String>,
    /// Who says so.
    pub vendor_source: Option<String>,
    /// Roles that trust it.
    pub trusted_by: BTreeSet<String>,
    /// Roles that it took up.
    pub used: BTreeSet<String>,
    /// Roles that its sessions took up from there.
    pub chained: BTreeSet<String>,
    /// Of all these, the ones that are or can become administrators.
    pub strong: BTreeSet<String>,
    /// Roles that trust it without an ExternalId.
    pub without_external_id: BTreeSet<String>,
    /// Calls in the window.
    pub calls: i64,
    /// First call that the store knows of, epoch ms.
    pub first_seen_ms: Option<i64>,
    /// Last call in the window, epoch ms.
    pub last_seen_ms: Option<i64>,
}

/// Role ARNs as one text.
#[must_use]
pub fn roles_text(roles: &BTreeSet<String>) -> Option<String> {
    super::network::some_of(roles, LISTED)
}

/// When each outside account first took up a role of an account of ours, over everything that the store holds.
fn first_ever<'u>(usage: &'u Usage, accounts: &Accounts) -> BTreeMap<(&'u str, String), i64> {
    let mut first = BTreeMap::new();
    let rows = usage.rows.iter().chain(&usage.history);
    for row in rows.filter(|r| r.action.starts_with("sts:AssumeRole") && r.outcome == Outcome::Allowed && !accounts.is_own(&r.account)) {
        let Some(role) = crate::aws::Arn::parse(&row.resource_arn) else { continue };
        let at = first.entry((row.account.as_str(), role.account.to_owned())).or_insert(row.first_seen_ms);
        *at = row.first_seen_ms.min(*at);
    }
    first
}

/// The rows, by account of ours and outside account.
#[must_use]
pub fn outside_accounts(entries: &[TrustEntry], uses: &[EntryUse], usage: &Usage, accounts: &Accounts) -> Vec<OutsideAccount> {
    let mut all: BTreeMap<(String, String), OutsideAccount> = BTreeMap::new();
    let mut row = |outside: &str, into: &str, change: &mut dyn FnMut(&mut OutsideAccount)| {
        if accounts.is_own(outside) || !crate::aws::is_account_id(outside) {
            return;
        }
        change(all.entry((into.to_owned(), outside.to_owned())).or_insert_with(|| OutsideAccount {
            account: outside.to_owned(),
            into: into.to_owned(),
            class: accounts.class(outside, into).as_str(),
            vendor: accounts.known(outside).map(|k| k.name.clone()),
            vendor_source: accounts.known(outside).map(|k| k.source.clone()),
            ..OutsideAccount::default()
        }));
    };
    for entry in entries.iter().filter(|e| !matches!(e.entry_kind, "saml" | "oidc") && !e.is_service_linked) {
        let Some(account) = &entry.entry_account else { continue };
        row(account, &entry.account, &mut |r| {
            r.trusted_by.insert(entry.role_arn.clone());
            if !entry.requires_external_id {
                r.without_external_id.insert(entry.role_arn.clone());
            }
        });
    }
    // A use may stand by several entries: it counts once.
    let mut seen: BTreeSet<(&str, &str, &str)> = BTreeSet::new();
    for one in uses.iter().filter(|u| !matches!(u.source_kind, "saml" | "oidc" | "service")) {
        let (Some(account), Some(into)) = (&one.source_account, &one.role_account) else { continue };
        let is_first = seen.insert((&one.role_arn, &one.source, account));
        row(account, into, &mut |r| {
            r.used.insert(one.role_arn.clone());
            r.calls += if is_first { one.calls } else { 0 };
            r.first_seen_ms = Some(r.first_seen_ms.map_or(one.first_seen_ms, |at| at.min(one.first_seen_ms)));
            r.last_seen_ms = r.last_seen_ms.max(Some(one.last_seen_ms));
        });
    }
    let chained = |a: &Assumption| a.details.chains.keys().filter(|c| c.roles.len() > 1).cloned().collect::<Vec<_>>();
    for assumption in &usage.assumptions {
        for chain in chained(assumption) {
            let (Some(from), Some(into)) = (&chain.first_account, &assumption.role_account) else { continue };
            if matches!(chain.first_kind, "saml" | "oidc" | "service") {
                continue;
            }
            row(from, into, &mut |r| _ = r.chained.insert(assumption.role_arn.clone()));
        }
    }
    let privilege: HashMap<&str, &str> = entries.iter().map(|e| (e.role_arn.as_str(), e.privilege)).collect();
    let first = first_ever(usage, accounts);
    for ((into, outside), r) in &mut all {
        let reached = r.trusted_by.iter().chain(&r.used).chain(&r.chained);
        r.strong = reached.filter(|role| matches!(privilege.get(role.as_str()), Some(&"admin" | &"privesc"))).cloned().collect();
        if let Some(at) = first.get(&(outside.as_str(), into.clone())) {
            r.first_seen_ms = Some(r.first_seen_ms.map_or(*at, |t| t.min(*at)));
        }
    }
    all.into_values().collect()
}
