//! Permission sets of Identity Center, reduced where they are written: for the union of what their roles did in all accounts.
//!
//! A set is left alone unless every account that it is provisioned in is in the export with its role, whole and as the set
//! says: whoever is not seen may need what nobody else uses. A set has one inline policy. What is left of an AWS managed
//! policy goes into it, if it fits, and the managed policy is detached; customer managed policies are reduced in each account,
//! where a copy of each stands. Source: peers.md section 3, item 12; IAM Identity Center API reference,
//! `PutInlinePolicyToPermissionSet`; IAM User Guide, "IAM and AWS STS quotas".

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use rayon::prelude::*;

use super::fit::inline_limit;
use super::judge::Judge;
use super::rewrite::rewrite;
use super::write::sids::fresh;
use super::units::{Changes, Placement, PolicyUnit, Skipped, UnitName, from_history, latest};
use super::{ActionVerdict, Proposal, Status};
use crate::aws::principal::is_permission_set_role;
use crate::grants::permission_set::set_name_of_role;
use crate::grants::{Grants, OwnerKind, PermissionSet, PolicySource, Principal};
use crate::policy::{PolicyDocument, Version, print};
use crate::usage::Usage;

/// The name under which a set's inline policy stands: no policy of IAM can have a space in its name.
pub const POLICY_NAME: &str = "inline policy";

/// Where a set stands in reports when no export tells the management account.
const NO_ACCOUNT: &str = "identity-center";

/// The roles of each set name.
fn roles_by_name(grants: &Grants) -> HashMap<&str, Vec<&Principal>> {
    let mut roles: HashMap<&str, Vec<&Principal>> = HashMap::new();
    for role in grants.principals().filter(|p| is_permission_set_role(&p.arn)) {
        if let Some(name) = set_name_of_role(&role.name) {
            roles.entry(name).or_default().push(role);
        }
    }
    roles
}

/// Why a set cannot be reduced, or its roles in all accounts.
fn members<'g>(grants: &'g Grants, set: &PermissionSet, roles: &HashMap<&str, Vec<&'g Principal>>) -> Result<Vec<&'g Principal>, String> {
    let Some(name) = &set.name else { return Err("its name is not exported".to_owned()) };
    if grants.permission_sets.values().filter(|s| s.name.as_ref() == Some(name)).count() > 1 {
        return Err("two permission sets have this name: which roles are whose is not known".to_owned());
    }
    let Some(accounts) = set.accounts.present() else {
        let why = set.accounts.why().map_or_else(|| "it is provisioned in no account".to_owned(), |w| format!("in which accounts it is provisioned is not known: {w}"));
        return Err(why);
    };
    let found = roles.get(name.as_str()).map_or(&[][..], Vec::as_slice);
    for account in accounts {
        if !grants.accounts.get(account).is_some_and(|a| a.complete) {
            return Err(format!("it is provisioned in account {account}, whose users and roles are not all exported"));
        }
        if !found.iter().any(|r| r.account == *account) {
            return Err(format!("it is provisioned in account {account}, and its role there is not in the export"));
        }
    }
    if found.is_empty() {
        return Err("it has no role".to_owned());
    }
    for (what, why) in [("inline policy", set.inline.why()), ("AWS managed policies", set.managed.why()), ("customer managed policies", set.customer.why())] {
        if let Some(why) = why {
            return Err(format!("its {what}: {why}"));
        }
    }
    for role in found {
        if let Some(what) = role.untold.first() {
            return Err(format!("{what} of {}: not exported", role.arn));
        }
        if let Some(difference) = grants.set_differences(role, set).first() {
            return Err(difference.gap());
        }
    }
    Ok(found.to_vec())
}

/// The document with Sids that no other document of the set has.
fn with_own_sids(document: &PolicyDocument, taken: &mut BTreeSet<String>) -> PolicyDocument {
    let mut own = document.clone();
    for statement in &mut own.statements {
        statement.sid = fresh(statement.sid.as_deref(), taken);
    }
    own
}

/// Since when all roles hold what a source names, epoch ms.
fn granted_ms(grants: &Grants, changes: &Changes, roles: &[&Principal], kind: &'static str, sources: &dyn Fn(&Principal) -> Vec<PolicySource>) -> Option<i64> {
    let of_role = |role: &Principal| {
        let history = sources(role).into_iter().map(|source| from_history(grants, role, &source, &[role])).collect::<Vec<_>>();
        latest(history.into_iter().chain([role.created_ms, changes.last(&role.account, kind, &role.name)]))
    };
    roles.iter().map(|role| of_role(role)).collect::<Option<Vec<i64>>>()?.into_iter().max()
}

fn inline_sources(role: &Principal) -> Vec<PolicySource> {
    role.inline.iter().map(|i| PolicySource::Inline { owner_arn: role.arn.clone(), name: i.name.clone() }).collect()
}

fn attached(arn: &str, role: &Principal) -> PolicySource {
    PolicySource::Managed { arn: arn.to_owned(), holder_arn: role.arn.clone() }
}

/// What stays of a document: its statements and their number of characters.
fn rest(proposal: &Proposal) -> (Vec<crate::policy::Statement>, usize) {
    let documents: Vec<&PolicyDocument> = match proposal.status {
        Status::Proposed => proposal.proposed.iter().collect(),
        _ => proposal.current.as_deref().into_iter().collect(),
    };
    let statements = documents.iter().flat_map(|d| d.statements.iter().cloned()).collect();
    (statements, documents.iter().map(|d| print::size(d)).sum())
}

/// Puts what is left of managed policies into the inline policy's proposal.
fn merge(inline: Proposal, managed: Vec<(String, Proposal)>, roles: &[&Principal]) -> Proposal {
    let mut replaces: Vec<PolicySource> = roles.iter().flat_map(|r| inline_sources(r)).collect();
    if managed.is_empty() {
        return Proposal { replaces, ..inline };
    }
    let mut all = inline;
    let (mut statements, _) = rest(&all);
    let before_packing = |p: &Proposal| p.unpacked.as_ref().map_or_else(|| rest(p).0, |u| u.statements.clone());
    let mut unpacked = before_packing(&all);
    let mut was_packed = all.unpacked.is_some();
    let mut offset = all.current.as_deref().map_or(0, |c| c.statements.len());
    let mut verdicts = all.verdicts.to_vec();
    for (arn, mut proposal) in managed {
        statements.extend(rest(&proposal).0);
        unpacked.extend(before_packing(&proposal));
        was_packed |= proposal.unpacked.is_some();
        all.suggestions.append(&mut proposal.suggestions);
        verdicts.extend(proposal.verdicts.iter().map(|v| ActionVerdict { statement: v.statement + offset, ..v }));
        proposal.groups.iter_mut().for_each(|g| g.statement += offset);
        all.groups.append(&mut proposal.groups);
        replaces.extend(roles.iter().map(|r| attached(&arn, r)));
        if let Some(document) = proposal.current {
            offset += document.statements.len();
            all.detached.push((arn, document));
        }
    }
    let document = |statements: Vec<crate::policy::Statement>| {
        let mut taken = BTreeSet::new();
        with_own_sids(&PolicyDocument { version: Version::V2012, id: None, statements }, &mut taken)
    };
    let nothing_left = statements.is_empty();
    Proposal {
        verdicts: verdicts.into(),
        proposed: if nothing_left { Vec::new() } else { vec![document(statements)] },
        unpacked: (was_packed && !nothing_left).then(|| document(unpacked)),
        status: Status::Proposed,
        replaces,
        ..all
    }
}

/// Reduces one set.
fn one(set: &PermissionSet, roles: &[&Principal], account: &str, changes: &Changes, judge: &Judge<'_>, skip: &mut dyn FnMut(&str, String)) -> Vec<Proposal> {
    let grants = judge.grants;
    let name = |policy: &str, arn: Option<&str>, placement| UnitName {
        account: account.to_owned(),
        owner_kind: OwnerKind::PermissionSet,
        owner_name: set.name.clone().unwrap_or_default(),
        owner_arn: set.arn.clone(),
        policy_name: policy.to_owned(),
        policy_arn: arn.map(str::to_owned),
        placement,
    };
    let reduced = |name: UnitName, document: PolicyDocument, granted_ms: Option<i64>| {
        let document = Arc::new(document);
        let unit = PolicyUnit { name, document: &document, granted_ms, members: roles.to_vec() };
        rewrite(&unit, Arc::clone(&document), judge.judge(&unit), judge.ground)
    };
    let mut taken = BTreeSet::new();
    let inline_name = name(POLICY_NAME, None, Placement::PermissionSet);
    let members = || roles.iter().map(|r| r.arn.clone()).collect();
    let inline = match set.inline.present().map(|i| &i.document) {
        None => Proposal { members: members(), ..Proposal::of(inline_name, Arc::new(PolicyDocument::new(Vec::new()))) },
        Some(Err(e)) => {
            skip(POLICY_NAME, format!("document not readable: {e}"));
            return Vec::new();
        }
        Some(Ok(document)) => {
            let since = granted_ms(grants, changes, roles, "inline", &inline_sources);
            reduced(inline_name, with_own_sids(document, &mut taken), since)
        }
    };
    let may_merge = inline.current.as_ref().is_none_or(|c| c.version == Version::V2012);
    let mut room = inline_limit(OwnerKind::PermissionSet).saturating_sub(rest(&inline).1);
    let mut managed: Vec<(usize, String, Proposal)> = Vec::new();
    for arn in set.managed.present().into_iter().flatten() {
        let policy = grants.policies.get(arn);
        match policy.map(|p| (&p.name, &p.document)) {
            None => skip(arn, "attached, but its document is not in the export".to_owned()),
            Some((_, Err(e))) => skip(arn, format!("document not readable: {e}")),
            Some((policy, Ok(document))) => {
                let since = granted_ms(grants, changes, roles, "attached", &|role| vec![attached(arn, role)]);
                let proposal = reduced(name(policy, Some(arn), Placement::AwsManaged), with_own_sids(document, &mut taken), since);
                let is_old = document.version != Version::V2012 || !may_merge;
                let size = if is_old { usize::MAX } else { rest(&proposal).1 };
                managed.push((size, arn.clone(), proposal));
            }
        }
    }
    managed.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    let (mut merged, mut out) = (Vec::new(), Vec::new());
    for (size, arn, mut proposal) in managed {
        if proposal.status != Status::Proposed {
            out.push(proposal);
        } else if size <= room {
            room -= size;
            merged.push((arn, proposal));
        } else {
            proposal.status = Status::Withheld(match size {
                usize::MAX => "it is written in an older version of the policy language, and would have to go into the set's inline policy".to_owned(),
                _ => format!("does not fit: a permission set has one inline policy, {room} characters of it are free, what is left would take {size}"),
            });
            out.push(proposal);
        }
    }
    for policy in set.customer.present().into_iter().flatten() {
        skip(&policy.name, "a customer managed policy of the set: it is reduced in each account, where a copy stands".to_owned());
    }
    if set.inline.present().is_some() || !merged.is_empty() {
        out.push(merge(inline, merged, roles));
    }
    out
}

/// Reduces every permission set.
#[must_use]
pub fn reduce(grants: &Grants, usage: &Usage, judge: &Judge<'_>) -> (Vec<Proposal>, Vec<Skipped>) {
    let roles = roles_by_name(grants);
    let changes = Changes::read(usage.history.iter().chain(&usage.rows), grants.since.is_complete);
    let mut management = grants.organisations.values().filter_map(|o| o.management_account.present());
    let account = match (management.next(), management.next()) {
        (Some(one), None) => one.as_str(),
        _ => NO_ACCOUNT,
    };
    let sets: Vec<&PermissionSet> = grants.permission_sets.values().collect();
    let answers: Vec<(Vec<Proposal>, Vec<Skipped>)> = sets
        .par_iter()
        .map(|set| {
            let mut skipped = Vec::new();
            let mut skip = |policy: &str, reason: String| {
                skipped.push(Skipped { account: account.to_owned(), owner_arn: set.arn.clone(), policy: policy.to_owned(), reason });
            };
            let proposals = match members(grants, set, &roles) {
                Err(why) => {
                    skip(set.name.as_deref().unwrap_or(POLICY_NAME), why);
                    Vec::new()
                }
                Ok(members) => match judge.ground.settings.left_alone(&members) {
                    Some(who) => {
                        skip(set.name.as_deref().unwrap_or(POLICY_NAME), format!("left alone by the configuration: it bears on {}", who.arn));
                        Vec::new()
                    }
                    None => one(set, &members, account, &changes, judge, &mut skip),
                },
            };
            (proposals, skipped)
        })
        .collect();
    let (proposals, skipped): (Vec<_>, Vec<_>) = answers.into_iter().unzip();
    (proposals.into_iter().flatten().collect(), skipped.into_iter().flatten().collect())
}
