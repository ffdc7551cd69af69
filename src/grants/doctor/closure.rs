//! Whether everything that is named is there: attached policies, boundaries, groups, roles of instance profiles, policies
//! and places of the organisation, customer policies of permission sets, keys behind aliases, callers named by trust
//! policies. Each miss is a gap, never "no permissions". Source: inputs-and-evaluation.md section 2.3.

use std::collections::{BTreeMap, BTreeSet};

use super::command::{filled, quoted};
use super::{Gap, GapKind};
use crate::aws::Arn;
use crate::aws::principal::{PrincipalKind, is_permission_set_role, principal_kind};
use crate::grants::catalogue::export;
use crate::grants::permission_set::{SetBoundary, set_name_of_role};
use crate::grants::{Grants, ListKey, Organisation, OwnerKind, Principal};
use crate::policy::{Effect, PrincipalElement};

/// What a missing policy, group or role weakens.
const HOLDERS: &str = "verdicts on its holders: what it grants or bounds is not known";
/// What a hole in the organisation weakens.
const BOUNDED: &str = "what bounds the accounts below: denials there are not explained";

/// Gathers gaps of one kind.
struct Gaps(Vec<Gap>);

impl Gaps {
    fn add(&mut self, id: &str, account: &str, subject: &str, why: String, weakens: &str) {
        if let Some(row) = export(id) {
            self.0.push(Gap {
                system: row.system.clone(),
                export: row.id.clone(),
                account: account.to_owned(),
                region: String::new(),
                kind: GapKind::Dangling,
                subject: subject.to_owned(),
                why,
                weakens: weakens.to_owned(),
                command: filled(row, &ListKey { export: &row.id, account: account.to_owned(), region: String::new() }, subject),
            });
        }
    }

    /// A gap that another command closes.
    fn closed_by(&mut self, command: String) {
        if let Some(last) = self.0.last_mut() {
            last.command = command;
        }
    }
}

/// Every reference that leads nowhere.
#[must_use]
pub fn gaps(grants: &Grants) -> Vec<Gap> {
    let mut out = Gaps(Vec::new());
    policies(grants, &mut out);
    organisation(grants, &mut out);
    permission_sets(grants, &mut out);
    others(grants, &mut out);
    trusts(grants, &mut out);
    out.0
}

fn policies(grants: &Grants, out: &mut Gaps) {
    for account in grants.accounts.values() {
        let groups: BTreeSet<&str> = account.principals.iter().filter(|p| p.kind == OwnerKind::Group).map(|p| p.name.as_str()).collect();
        let mut missing: BTreeMap<&str, Vec<&Principal>> = BTreeMap::new();
        for principal in &account.principals {
            for arn in principal.attached.iter().chain(&principal.boundary).filter(|a| !grants.policies.contains_key(*a)) {
                missing.entry(arn).or_default().push(principal);
            }
            for group in principal.groups.iter().filter(|g| !groups.contains(g.as_str())) {
                out.add("authorization-details", &account.id, group, format!("group of {}, not in the export", principal.arn), HOLDERS);
            }
        }
        for (arn, holders) in missing {
            let first = holders.first().map(|p| p.arn.as_str()).unwrap_or_default();
            let more = if holders.len() > 1 { format!(" and {} more", holders.len() - 1) } else { String::new() };
            out.add("authorization-details", &account.id, arn, format!("held by {first}{more}, its document is not in the export"), HOLDERS);
            let arn = quoted(arn);
            out.closed_by(format!("aws iam get-policy-version --policy-arn {arn} --version-id $(aws iam get-policy --policy-arn {arn} --query Policy.DefaultVersionId --output text)"));
        }
    }
}

fn organisation(grants: &Grants, out: &mut Gaps) {
    // A policy that a list names is asked for by itself: what its command answered is told there.
    let listed = grants.listed.iter().filter(|(key, _)| key.export == "organization-policy").flat_map(|(_, ids)| ids).collect::<BTreeSet<_>>();
    let is_told = |organisation: &Organisation, id: &String| {
        organisation.policies.get(id).is_some_and(|policy| listed.contains(id) || !policy.document.is_unknown())
    };
    for organisation in grants.organisations.values() {
        for node in organisation.nodes.values() {
            if let Some(parent) = node.parent.present().filter(|p| !organisation.nodes.contains_key(*p)) {
                out.add("ous", "", parent, format!("`{}` hangs below it, and it is not in the export", node.id), BOUNDED);
            }
            for (kind, ids) in &node.attached {
                for id in ids.present().into_iter().flatten().filter(|id| !is_told(organisation, id)) {
                    out.add("organization-policy", "", id, format!("{} attached to `{}`, not in the export", kind.as_str(), node.id), BOUNDED);
                    out.closed_by(format!("aws organizations describe-policy --policy-id {}", quoted(id)));
                }
            }
        }
        for id in grants.accounts.keys().filter(|id| !organisation.has(id) && grants.organisations.len() == 1) {
            if !organisation.nodes.is_empty() {
                out.add("organization-accounts", id, "", format!("the account is not in the export of organisation `{}`", organisation.id), BOUNDED);
            }
        }
    }
}

fn permission_sets(grants: &Grants, out: &mut Gaps) {
    let names: BTreeSet<&str> = grants.permission_sets.values().filter_map(|s| s.name.as_deref()).collect();
    for role in grants.principals().filter(|p| p.kind == OwnerKind::Role && is_permission_set_role(&p.arn)) {
        if let Some(name) = set_name_of_role(&role.name).filter(|n| !names.contains(n)) {
            out.add("permission-set", &role.account, &role.arn, format!("the role's permission set `{name}` is not in the export"), "who owns the role: it is to be reduced in its permission set");
        }
    }
    // By account, path and name: each set is asked about in each of its accounts.
    let tails: BTreeSet<&str> = grants.policies.keys().filter_map(|arn| arn.split_once(":iam::").map(|(_, tail)| tail)).collect();
    for set in grants.permission_sets.values() {
        let boundary = match set.boundary.present() {
            Some(SetBoundary::Customer(policy)) => Some(policy),
            _ => None,
        };
        for account in set.assignments.keys().filter(|a| grants.accounts.get(*a).is_some_and(|a| a.has_authorization_details)) {
            for policy in set.customer.present().into_iter().flatten().chain(boundary) {
                if !tails.contains(format!("{account}:policy{}{}", policy.path, policy.name).as_str()) {
                    out.add("permission-set-customer", account, &set.arn, format!("names the policy `{}{}`, which the account does not have", policy.path, policy.name), HOLDERS);
                }
            }
        }
    }
}

fn others(grants: &Grants, out: &mut Gaps) {
    // AWS's own keys need not be listed: their aliases stand in every account.
    let own = |alias: &str| !alias.contains(":alias/aws/");
    for (alias, key) in grants.resources.aliases.iter().filter(|(alias, key)| own(alias) && !grants.resources.keys.contains_key(*key)) {
        let account = Arn::parse(alias).map(|a| a.account).unwrap_or_default();
        out.add("kms-key", account, key, format!("key behind `{alias}`, not in the export"), "calls that name the key by this alias");
        out.closed_by(format!("aws kms describe-key --key-id {}", quoted(key)));
    }
    for account in grants.accounts.values().filter(|a| a.has_authorization_details && a.complete) {
        let has = |arn: &str| account.principals.iter().any(|p| p.arn == arn);
        for profile in account.evidence.instance_profiles.present().into_iter().flat_map(|all| all.values()) {
            for role in profile.roles.iter().filter(|r| !has(r)) {
                out.add("authorization-details", &account.id, role, format!("role of instance profile `{}`, not in the export", profile.name), HOLDERS);
            }
        }
        for (region, role) in account.evidence.default_host_role.iter().filter_map(|(region, role)| Some((region, role.present()?))) {
            let name = role.rsplit('/').next().unwrap_or(role);
            if !account.principals.iter().any(|p| p.kind == OwnerKind::Role && p.name == name) {
                out.add("default-host-management", &account.id, role, format!("role of default host management in {region}, not in the export"), HOLDERS);
            }
        }
    }
}

/// Users and roles that trust policies name, of accounts whose whole list is in the export.
fn trusts(grants: &Grants, out: &mut Gaps) {
    let known: BTreeSet<&str> = grants.principals().map(|p| p.arn.as_str()).collect();
    let is_whole = |id: &str| grants.accounts.get(id).is_some_and(|a| a.has_authorization_details && a.complete);
    for role in grants.principals().filter(|p| p.kind == OwnerKind::Role) {
        let Some(Ok(document)) = &role.trust else { continue };
        for statement in document.statements.iter().filter(|s| s.effect == Effect::Allow) {
            let Some(PrincipalElement::Principal(set)) = &statement.principal else { continue };
            for named in &set.aws {
                let is_one = matches!(principal_kind(named), Some(PrincipalKind::User | PrincipalKind::Role));
                let gone = is_one && !known.contains(named.as_str()) && Arn::parse(named).is_some_and(|a| is_whole(a.account));
                let deleted = named.starts_with("AROA") || named.starts_with("AIDA");
                if gone || deleted {
                    let why = if deleted { "a deleted user or role" } else { "a user or role that its account does not have" };
                    out.add("authorization-details", &role.account, &role.arn, format!("the trust policy names {why}: `{named}`"), "nothing: the entry lets nobody in");
                    out.closed_by(format!("aws iam get-role --role-name {}", quoted(&role.name)));
                }
            }
        }
    }
}
