//! Whom a change was about. Calls name users, roles and groups; a name may pass from one to another by deletion,
//! creation and renaming, so the names are followed backwards from the export, where their owners are known.
//!
//! Names are not told apart by case (IAM User Guide, "IAM identifiers"); the unique id tells who is who.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::timeline::{Info, SETTLE_MS, Step};
use super::{Change, Doc};
use crate::grants::{Grants, OwnerKind, Principal};
use crate::policy::parse_text;

/// Event times and creation dates are whole seconds, and a creation is dated a little after its call.
pub(super) const SAME_MS: i64 = 5_000;

/// A user, group or role, in the export or no more.
#[derive(Default)]
pub(super) struct Entity<'g> {
    pub exported: Option<&'g Principal>,
    /// What to call it, where it is gone.
    pub label: String,
    /// Whether any change was about it.
    pub is_touched: bool,
    pub life: Vec<Step<()>>,
    pub inline: BTreeMap<String, Vec<Step<Doc>>>,
    /// By ARN in small letters.
    pub attached: BTreeMap<String, Vec<Step<()>>>,
    /// By place of the group.
    pub groups: BTreeMap<usize, Vec<Step<()>>>,
    pub boundary: Vec<Step<String>>,
    pub trust: Vec<Step<Doc>>,
    /// When a service made it: what the service put on it is not logged.
    pub is_linked: bool,
    /// Nothing is known of it before this.
    pub unknown_before_ms: Option<i64>,
    /// Nothing is known of it at all, since a change of this time cannot be understood.
    pub doubtful_ms: Option<i64>,
}

/// Everything that changes were about.
pub(super) struct People<'g> {
    pub all: Vec<Entity<'g>>,
    /// By ARN in small letters: the default version's document.
    pub policies: BTreeMap<String, Vec<Step<Doc>>>,
    /// Spelling of ARNs that occur in the log.
    pub spelling: BTreeMap<String, String>,
    /// Nothing is known of an account's managed policies before this.
    pub policies_unknown_before: BTreeMap<String, i64>,
    pub replayed: usize,
    pub stale_hints: Vec<String>,
    pub unknown: Vec<String>,
    names: BTreeMap<Key, usize>,
}

/// Account, kind, name in small letters.
type Key = (String, OwnerKind, String);

pub(super) fn small(text: &str) -> String {
    text.to_ascii_lowercase()
}

pub(super) fn kind_of(word: &str) -> Option<OwnerKind> {
    [OwnerKind::User, OwnerKind::Group, OwnerKind::Role, OwnerKind::Policy].into_iter().find(|k| k.as_str() == word)
}

pub(super) fn step<T>(at_ms: i64, before: Info<T>, after: Info<T>) -> Step<T> {
    Step { at_ms, before, after, is_making: false }
}

/// The document of a change, with hashes for ExternalIds as in newer logs: there, and told unless it cannot be read.
pub(super) fn document(change: &Change) -> Info<Doc> {
    Info::Present(change.document.as_deref().and_then(|text| parse_text(text).ok()).map(|d| Arc::new(d.without_secrets())))
}

impl<'g> People<'g> {
    /// Follows the names backwards through changes that are in order of time.
    pub fn attribute(grants: &'g Grants, changes: &[Change]) -> People<'g> {
        let mut people = People {
            all: Vec::new(),
            policies: BTreeMap::new(),
            spelling: BTreeMap::new(),
            policies_unknown_before: BTreeMap::new(),
            replayed: 0,
            stale_hints: Vec::new(),
            unknown: Vec::new(),
            names: BTreeMap::new(),
        };
        for principal in grants.principals() {
            people.names.insert((principal.account.clone(), principal.kind, small(&principal.name)), people.all.len());
            people.all.push(Entity { exported: Some(principal), ..Entity::default() });
        }
        for moment in changes.chunk_by(|a, b| a.at_ms == b.at_ms).rev() {
            let mut moment: Vec<&Change> = moment.iter().collect();
            // In one moment a thing is made before it is filled, and emptied before it is deleted.
            moment.sort_by_key(|c| if is_making(c) { 0 } else { 1 + u8::from(is_ending(c)) });
            let ambiguous = ambiguous_names(&moment);
            let at_ms = moment.first().map_or(0, |c| c.at_ms);
            people.doubt_names(&ambiguous, at_ms);
            for change in moment.into_iter().rev() {
                people.take(grants, change);
            }
            people.doubt_names(&ambiguous, at_ms);
        }
        for entity in &mut people.all {
            entity.in_order_of_time();
        }
        people.policy_documents(grants, changes);
        people
    }

    /// Takes one change, the latest of those that are left.
    fn take(&mut self, grants: &'g Grants, change: &Change) {
        // Items of AWS Config tell of principals without a list of all of them.
        let is_exported = |a: &&str| grants.accounts.get(*a).is_some_and(|a| a.has_authorization_details || !a.principals.is_empty());
        let Some(kind) = kind_of(&change.target_kind) else { return };
        if change.account.is_none() {
            // It may have been any account.
            grants.accounts.keys().for_each(|account| self.lost(account, kind, change));
            return;
        }
        let Some(account) = change.account.as_deref().filter(is_exported) else { return };
        if kind == OwnerKind::Policy {
            // Their documents are followed forwards, by `policy_documents`.
            if change.target_arn.is_none() {
                self.lost(account, kind, change);
            } else {
                self.replayed += 1;
            }
            return;
        }
        let Some(name) = &change.target_name else { return self.lost(account, kind, change) };
        let Some(at) = self.target(account, kind, name, change) else { return };
        self.replayed += usize::from(self.all.get(at).is_some_and(|e| e.exported.is_some()));
        let group = change.group_name.as_ref().and_then(|g| self.find(account, OwnerKind::Group, g, change.at_ms));
        let Some(entity) = self.all.get_mut(at) else { return };
        entity.is_touched = true;
        if !entity.apply(change, group) {
            entity.unknown_before_ms = entity.unknown_before_ms.max(Some(change.at_ms.saturating_add(SETTLE_MS)));
            self.unknown.push(not_told(account, change));
        }
        if let Some(arn) = &change.policy_arn {
            self.spelling.entry(small(arn)).or_insert_with(|| arn.clone());
        }
    }

    /// Notes a change whose target or object the log does not tell: it may have been anything of its kind.
    fn lost(&mut self, account: &str, kind: OwnerKind, change: &Change) {
        let until = change.at_ms.saturating_add(SETTLE_MS);
        self.unknown.push(not_told(account, change));
        if kind == OwnerKind::Policy {
            let at = self.policies_unknown_before.entry(account.to_owned()).or_insert(until);
            *at = until.max(*at);
            return;
        }
        for entity in self.all.iter_mut().filter(|e| e.exported.is_some_and(|p| p.account == account && p.kind == kind)) {
            entity.unknown_before_ms = entity.unknown_before_ms.max(Some(until));
        }
    }

    /// Who bears a name at a time; somebody who is gone, if nobody of the export.
    fn find(&mut self, account: &str, kind: OwnerKind, name: &str, at_ms: i64) -> Option<usize> {
        let key = (account.to_owned(), kind, small(name));
        let found = self.names.get(&key).copied();
        let too_young = |at: usize| self.all.get(at).and_then(|e| e.exported?.created_ms).is_some_and(|made| made > at_ms.saturating_add(SAME_MS));
        if let Some(at) = found.filter(|at| !too_young(*at)) {
            return Some(at);
        }
        let label = format!("{} `{name}` of account {account}, which is gone", kind.as_str());
        self.names.insert(key, self.all.len());
        self.all.push(Entity { label, ..Entity::default() });
        Some(self.all.len() - 1)
    }

    /// The target of a change. Names are given back and taken up here.
    fn target(&mut self, account: &str, kind: OwnerKind, name: &str, change: &Change) -> Option<usize> {
        let key = (account.to_owned(), kind, small(name));
        if let Some(new_name) = &change.new_name {
            let at = self.find(account, kind, new_name, change.at_ms)?;
            self.names.remove(&(account.to_owned(), kind, small(new_name)));
            if let Some(other) = self.names.insert(key, at).filter(|other| *other != at) {
                // Both would have had the name: the log lacks a change.
                for doubtful in [at, other] {
                    self.doubt(doubtful, change, "two bore one name");
                }
            }
            return Some(at);
        }
        let at = self.find(account, kind, name, change.at_ms)?;
        if is_making(change) {
            self.names.remove(&key);
            let is_another = self.all.get(at).and_then(|e| e.exported).is_some_and(|p| {
                let id_differs = change.target_id.as_ref().is_some_and(|id| *id != p.unique_id);
                id_differs || p.created_ms.is_some_and(|made| made < change.at_ms.saturating_sub(SAME_MS))
            });
            if is_another {
                self.doubt(at, change, "it was made again");
                return None;
            }
        } else if is_ending(change) {
            let exported = self.all.get(at).and_then(|e| e.exported);
            if exported.is_some_and(|p| p.created_ms.is_none()) {
                self.doubt(at, change, "it was deleted");
            } else if exported.is_some() {
                self.hint(at, change, "it was deleted");
            }
        }
        Some(at)
    }

    fn hint(&mut self, at: usize, change: &Change, what: &str) {
        if let Some(principal) = self.all.get(at).and_then(|e| e.exported) {
            self.stale_hints.push(format!("{}: {what} by {} {}, and the export has it", principal.arn, change.operation, change.event_id));
        }
    }

    /// Gives up on an entity.
    fn doubt(&mut self, at: usize, change: &Change, what: &str) {
        self.hint(at, change, what);
        if let Some(entity) = self.all.get_mut(at) {
            entity.doubtful_ms = entity.doubtful_ms.max(Some(change.at_ms));
        }
    }

    /// Gives up on whoever bears these names now.
    fn doubt_names(&mut self, names: &[Key], at_ms: i64) {
        for key in names {
            if let Some(entity) = self.names.get(key).and_then(|at| self.all.get_mut(*at)) {
                entity.doubtful_ms = entity.doubtful_ms.max(Some(at_ms));
                self.unknown.push(format!("{} `{}` of account {}: several changes of its name in one second", key.1.as_str(), key.2, key.0));
            }
        }
    }
}

fn not_told(account: &str, change: &Change) -> String {
    format!("account {account}: the record of {} {} does not tell what was changed", change.operation, change.event_id)
}

pub(super) fn is_making(change: &Change) -> bool {
    matches!(change.operation.as_str(), "CreateUser" | "CreateRole" | "CreateGroup" | "CreateServiceLinkedRole" | "CreatePolicy")
}

pub(super) fn is_ending(change: &Change) -> bool {
    matches!(change.operation.as_str(), "DeleteUser" | "DeleteRole" | "DeleteGroup" | "DeleteServiceLinkedRole" | "DeletePolicy")
}

/// Names that pass from one to another in one moment, so that its other changes may be of either.
fn ambiguous_names(moment: &[&Change]) -> Vec<Key> {
    let passes = |c: &Change| is_making(c) || is_ending(c) || c.new_name.is_some();
    let key = |c: &Change, name: &str| Some((c.account.clone()?, kind_of(&c.target_kind)?, small(name)));
    let mut passing: BTreeMap<Key, (usize, bool)> = BTreeMap::new();
    for change in moment.iter().filter(|c| passes(c)) {
        for name in change.target_name.iter().chain(&change.new_name) {
            if let Some(key) = key(change, name) {
                let entry = passing.entry(key).or_default();
                entry.0 += 1;
                entry.1 |= change.new_name.is_some();
            }
        }
    }
    let uses = |wanted: &Key| {
        let names = |c: &Change| c.target_name.iter().any(|n| key(c, n).as_ref() == Some(wanted));
        let as_group = |c: &Change| c.group_name.as_ref().is_some_and(|g| c.account.as_ref() == Some(&wanted.0) && wanted.1 == OwnerKind::Group && small(g) == wanted.2);
        moment.iter().filter(|c| !passes(c)).any(|c| names(c) || as_group(c))
    };
    passing.into_iter().filter(|(key, (count, renames))| *count > 1 || (*renames && uses(key))).map(|(key, _)| key).collect()
}

impl Entity<'_> {
    /// Whether the log tells of its end: it was emptied before, so that all it held left a trace.
    pub fn is_ended(&self) -> bool {
        self.life.last().is_some_and(|s| s.after == Info::Absent)
    }

    /// Writes a change into its slot; false where the record does not tell which slot.
    fn apply(&mut self, change: &Change, group: Option<usize>) -> bool {
        let at = change.at_ms;
        let operation = change.operation.as_str();
        let arn = change.policy_arn.as_deref();
        if is_making(change) {
            self.is_linked = operation == "CreateServiceLinkedRole";
            self.life.push(Step { is_making: true, ..step(at, Info::Absent, Info::Present(Some(()))) });
            self.trust.push(Step { is_making: true, ..step(at, Info::Absent, document(change)) });
            let boundary = match arn {
                Some(arn) => Info::Present(Some(arn.to_owned())),
                None if change.is_told => Info::Absent,
                None => Info::Any,
            };
            self.boundary.push(Step { is_making: true, ..step(at, Info::Absent, boundary) });
            return true;
        }
        if is_ending(change) {
            self.life.push(step(at, Info::Present(Some(())), Info::Absent));
            return true;
        }
        let there = || Info::Present(Some(()));
        match operation {
            "UpdateUser" | "UpdateGroup" => return change.is_told,
            "UpdateAssumeRolePolicy" => self.trust.push(step(at, Info::Present(None), document(change))),
            "AddUserToGroup" | "RemoveUserFromGroup" => {
                let Some(group) = group else { return false };
                let after = if operation == "AddUserToGroup" { there() } else { Info::Absent };
                self.groups.entry(group).or_default().push(step(at, Info::Any, after));
            }
            "PutUserPermissionsBoundary" | "PutRolePermissionsBoundary" => {
                self.boundary.push(step(at, Info::Any, Info::Present(arn.map(str::to_owned))));
            }
            "DeleteUserPermissionsBoundary" | "DeleteRolePermissionsBoundary" => {
                // Whether there must have been one is not documented.
                self.boundary.push(step(at, Info::Any, Info::Absent));
            }
            _ if operation.starts_with("Put") || operation.starts_with("Delete") => {
                let Some(name) = &change.policy_name else { return false };
                let (before, after) = if operation.starts_with("Put") { (Info::Any, document(change)) } else { (Info::Present(None), Info::Absent) };
                self.inline.entry(name.clone()).or_default().push(step(at, before, after));
            }
            _ if operation.starts_with("Attach") || operation.starts_with("Detach") => {
                let Some(arn) = arn else { return false };
                let (before, after) = if operation.starts_with("Attach") { (Info::Any, there()) } else { (there(), Info::Absent) };
                self.attached.entry(small(arn)).or_default().push(step(at, before, after));
            }
            _ => {}
        }
        true
    }

    /// Changes were taken backwards.
    fn in_order_of_time(&mut self) {
        self.life.reverse();
        self.boundary.reverse();
        self.trust.reverse();
        self.inline.values_mut().for_each(|s| s.reverse());
        self.attached.values_mut().for_each(|s| s.reverse());
        self.groups.values_mut().for_each(|s| s.reverse());
    }
}
