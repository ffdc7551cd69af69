//! The documents to reduce, each at the owner who can change it: inline policies of users, groups and roles,
//! customer managed policies (for the union of everybody they are attached to), and AWS managed policies (which
//! nobody can change, so each holder's attachment is replaced).

use std::collections::{BTreeMap, BTreeSet};

use crate::aws::Arn;
use crate::aws::principal::{is_permission_set_role, is_service_linked_role};
use crate::grants::{Grants, Index, OwnerKind, PolicySource, Principal};
use crate::policy::PolicyDocument;
use crate::usage::{Outcome, Usage, UsageRow};

/// Where a document lives, which decides its size limit and how it is replaced.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub enum Placement {
    /// Inline in a user, group or role.
    Inline,
    /// A customer managed policy.
    CustomerManaged,
    /// An AWS managed policy on one holder.
    AwsManaged,
    /// The inline policy of a permission set.
    PermissionSet,
    /// The trust policy of a role.
    Trust,
    /// No grant was given: a policy from use alone.
    FromUsage,
}

impl Placement {
    /// The word in reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Placement::Inline => "inline",
            Placement::CustomerManaged => "customer-managed",
            Placement::AwsManaged => "aws-managed",
            Placement::PermissionSet => "permission-set",
            Placement::Trust => "trust",
            Placement::FromUsage => "from-usage",
        }
    }
}

/// The name of a document: owner and policy. Sorts as reports do.
#[derive(Clone, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub struct UnitName {
    /// The owner's account.
    pub account: String,
    /// User, group, role, or policy for customer managed policies.
    pub owner_kind: OwnerKind,
    /// The owner's name.
    pub owner_name: String,
    /// The owner's ARN.
    pub owner_arn: String,
    /// The policy's name.
    pub policy_name: String,
    /// The policy's ARN, if it is managed.
    pub policy_arn: Option<String>,
    /// Where it lives.
    pub placement: Placement,
}

/// One document with the principals it applies to.
#[derive(Clone, Debug)]
pub struct PolicyUnit<'g> {
    /// Its name.
    pub name: UnitName,
    /// The document.
    pub document: &'g PolicyDocument,
    /// The latest moment at which this grant may have changed, epoch ms; `None` when nothing tells.
    pub granted_ms: Option<i64>,
    /// Users and roles whose calls it authorises.
    pub members: Vec<&'g Principal>,
}

/// A document that is not reduced, and why.
#[derive(Clone, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub struct Skipped {
    /// The owner's account.
    pub account: String,
    /// The owner's ARN.
    pub owner_arn: String,
    /// The policy's name or ARN.
    pub policy: String,
    /// Why.
    pub reason: String,
}

/// When a policy that an owner holds was last put, attached or changed, and when something that stood in its way was
/// last lifted from the people it is for: from the history of the grants (`grants::history`, `Since`).
pub(super) fn from_history(grants: &Grants, owner: &Principal, source: &PolicySource, people: &[&Principal]) -> Option<i64> {
    let since = &grants.since;
    let lifted = people.iter().map(|p| since.of_holder(&p.arn)).chain([since.of_holder(&owner.arn), since.joined.get(&owner.arn).copied()]);
    latest(lifted.chain([since.of(source)]))
}

/// When an owner's own grants last changed, by (account, kind of target, name): read from use of IAM's write actions.
/// This is all there is where part of the store was taken in without the changes themselves.
pub(super) struct Changes(BTreeMap<(String, &'static str, String), i64>, bool);

impl Changes {
    pub(super) fn read<'u>(rows: impl Iterator<Item = &'u UsageRow>, is_known_better: bool) -> Changes {
        let mut map = BTreeMap::new();
        for row in rows.filter(|r| r.outcome == Outcome::Allowed) {
            let kind = match row.action.as_str() {
                "iam:PutRolePolicy" | "iam:PutUserPolicy" | "iam:PutGroupPolicy" => "inline",
                "iam:AttachRolePolicy" | "iam:AttachUserPolicy" | "iam:AttachGroupPolicy" => "attached",
                "iam:SetDefaultPolicyVersion" | "iam:CreatePolicyVersion" => "version",
                "iam:AddUserToGroup" => "member",
                _ => continue,
            };
            let Some(arn) = Arn::parse(&row.resource_arn) else { continue };
            let at = map.entry((arn.account.to_owned(), kind, arn.name().to_owned())).or_insert(i64::MIN);
            *at = row.last_seen_ms.max(*at);
        }
        Changes(map, is_known_better)
    }

    pub(super) fn last(&self, account: &str, kind: &'static str, name: &str) -> Option<i64> {
        if self.1 {
            return None;
        }
        self.0.get(&(account.to_owned(), kind, name.to_owned())).copied()
    }
}

pub(super) fn latest(times: impl IntoIterator<Item = Option<i64>>) -> Option<i64> {
    times.into_iter().flatten().max()
}

fn managed_on(arn: &str, holder: &Principal) -> PolicySource {
    PolicySource::Managed { arn: arn.to_owned(), holder_arn: holder.arn.clone() }
}

/// The users and roles behind a holder: itself, or a group's members.
fn people<'g>(index: &Index<'g>, holder: &'g Principal) -> Vec<&'g Principal> {
    match holder.kind {
        OwnerKind::Group => index.members_of(holder).to_vec(),
        _ => vec![holder],
    }
}

/// Why an owner's documents cannot be reduced on the owner, if so.
fn not_ours(owner: &Principal) -> Option<&'static str> {
    if is_service_linked_role(&owner.arn) {
        Some("service-linked role: only its service can change it")
    } else if is_permission_set_role(&owner.arn) {
        Some("Identity Center writes this role: reduce its permission set instead")
    } else {
        None
    }
}

/// Why it is not known whom a group's or a managed policy's documents bear on, if so: somebody may hold them, use what
/// nobody else uses, and not be in the export.
fn hidden_holders(grants: &Grants, account: &str) -> Option<&'static str> {
    let Some(account) = grants.accounts.get(account) else { return Some("nothing of the account's users and roles is exported") };
    if !account.complete {
        return Some("the export does not tell of all users and roles of the account: somebody else may hold it");
    }
    let untold = |p: &Principal| p.untold.iter().any(|what| matches!(*what, "attached policies" | "groups" | "permissions boundary"));
    account.principals.iter().any(untold).then_some("the export does not tell what all users and roles of the account hold: somebody else may hold it")
}

/// ARNs of managed policies that were passed as session policies: they bound sessions of whoever takes up a role with them,
/// not only those they are attached to.
fn passed_to_sessions(usage: &Usage) -> BTreeSet<String> {
    let lists = usage.session_calls.iter().filter_map(|row| row.session_policy_arns.as_deref());
    lists.filter_map(|list| serde_json::from_str::<Vec<Option<String>>>(list).ok()).flatten().flatten().collect()
}

/// Every document to reduce, in report order, and every document that is left alone.
#[must_use]
pub fn units<'g>(grants: &'g Grants, usage: &Usage) -> (Vec<PolicyUnit<'g>>, Vec<Skipped>) {
    let changes = Changes::read(usage.history.iter().chain(&usage.rows), grants.since.is_complete);
    let passed = passed_to_sessions(usage);
    let index = Index::new(grants);
    let hidden: BTreeMap<&str, Option<&'static str>> = grants.accounts.keys().map(|id| (id.as_str(), hidden_holders(grants, id))).collect();
    let mut units = Vec::new();
    let mut skipped = Vec::new();
    for owner in grants.principals() {
        let mut skip = |policy: &str, reason: &str| {
            skipped.push(Skipped {
                account: owner.account.clone(),
                owner_arn: owner.arn.clone(),
                policy: policy.to_owned(),
                reason: reason.to_owned(),
            });
        };
        let members = people(&index, owner);
        let joined = (owner.kind == OwnerKind::Group).then(|| changes.last(&owner.account, "member", &owner.name)).flatten();
        let name = |policy: &str, arn: Option<&str>, placement| UnitName {
            account: owner.account.clone(),
            owner_kind: owner.kind,
            owner_name: owner.name.clone(),
            owner_arn: owner.arn.clone(),
            policy_name: policy.to_owned(),
            policy_arn: arn.map(str::to_owned),
            placement,
        };
        let left = not_ours(owner).or_else(|| hidden.get(owner.account.as_str()).copied().flatten().filter(|_| owner.kind == OwnerKind::Group));
        for inline in &owner.inline {
            match (&inline.document, left) {
                (_, Some(why)) => skip(&inline.name, why),
                (Err(e), None) => skip(&inline.name, &format!("document not readable: {e}")),
                (Ok(_), None) if members.is_empty() => skip(&inline.name, "the group has no members"),
                (Ok(document), None) => units.push(PolicyUnit {
                    name: name(&inline.name, None, Placement::Inline),
                    document,
                    granted_ms: latest([
                        owner.created_ms,
                        changes.last(&owner.account, "inline", &owner.name),
                        joined,
                        from_history(grants, owner, &PolicySource::Inline { owner_arn: owner.arn.clone(), name: inline.name.clone() }, &members),
                    ]),
                    members: members.clone(),
                }),
            }
        }
        for arn in &owner.attached {
            let Some(policy) = grants.policies.get(arn) else {
                skip(arn, "attached, but its document is not in the export");
                continue;
            };
            if policy.account.is_some() {
                continue;
            }
            match (&policy.document, left) {
                (_, Some(why)) => skip(arn, why),
                (Err(e), None) => skip(arn, &format!("document not readable: {e}")),
                (Ok(_), None) if members.is_empty() => skip(arn, "the group has no members"),
                (Ok(document), None) => units.push(PolicyUnit {
                    name: name(&policy.name, Some(arn), Placement::AwsManaged),
                    document,
                    granted_ms: latest([
                        owner.created_ms,
                        changes.last(&owner.account, "attached", &owner.name),
                        joined,
                        from_history(grants, owner, &managed_on(arn, owner), &members),
                    ]),
                    members: members.clone(),
                }),
            }
        }
    }
    for policy in grants.policies.values() {
        let Some(account) = &policy.account else { continue };
        let mut skip = |reason: String| {
            skipped.push(Skipped {
                account: account.clone(),
                owner_arn: policy.arn.clone(),
                policy: policy.name.clone(),
                reason,
            });
        };
        // Tightening a permissions boundary would bind everybody it bounds, not only those it is attached to.
        if index.is_boundary(&policy.arn) {
            skip("a permissions boundary: it bounds others and is not reduced".to_owned());
            continue;
        }
        if passed.contains(&policy.arn) {
            skip("passed as a session policy: it bounds sessions of others and is not reduced".to_owned());
            continue;
        }
        let holders = index.holders_of(&policy.arn);
        let mut members: BTreeMap<&str, &Principal> = BTreeMap::new();
        let mut attached = None;
        for holder in holders {
            attached = latest([attached, changes.last(account, "attached", &holder.name)]);
            if holder.kind == OwnerKind::Group {
                attached = latest([attached, changes.last(account, "member", &holder.name)]);
            }
            let people = people(&index, holder);
            attached = latest([attached, from_history(grants, holder, &managed_on(&policy.arn, holder), &people)]);
            for person in people {
                members.insert(&person.arn, person);
            }
        }
        let document = match &policy.document {
            Ok(document) => document,
            Err(e) => {
                skip(format!("document not readable: {e}"));
                continue;
            }
        };
        if let Some(why) = hidden.get(account.as_str()).copied().unwrap_or_else(|| hidden_holders(grants, account)) {
            skip(why.to_owned());
            continue;
        }
        if members.is_empty() {
            skip("attached to nobody: delete it rather than reduce it".to_owned());
            continue;
        }
        let newest_member = latest(members.values().map(|m| m.created_ms));
        units.push(PolicyUnit {
            name: UnitName {
                account: account.clone(),
                owner_kind: OwnerKind::Policy,
                owner_name: policy.name.clone(),
                owner_arn: policy.arn.clone(),
                policy_name: policy.name.clone(),
                policy_arn: Some(policy.arn.clone()),
                placement: Placement::CustomerManaged,
            },
            document,
            granted_ms: match policy.version_created_ms.or(policy.created_ms) {
                None => None,
                version => latest([version, attached, newest_member, changes.last(account, "version", &policy.name)]),
            },
            members: members.into_values().collect(),
        });
    }
    skipped.sort();
    (units, skipped)
}
