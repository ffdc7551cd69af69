//! What was granted when: the export and the changes that the log tells, replayed backwards.
//!
//! Every changed principal gets **eras**, each with what it held; what the log cannot rebuild is a gap, never "nothing".
//! The rules, by kind of change (IAM API Reference, "Errors" of each operation tells whether it needs the thing to be
//! there):
//!
//! | change | before it | after it |
//! |---|---|---|
//! | Put…Policy, Put…PermissionsBoundary, UpdateAssumeRolePolicy | not known (it overwrites) | the document or boundary |
//! | Delete…Policy, Delete…PermissionsBoundary | there, content not known | not there |
//! | Attach…Policy, AddUserToGroup | not known (doing it again is no error) | attached, member |
//! | Detach…Policy | attached (else `NoSuchEntity`) | not attached |
//! | RemoveUserFromGroup | not known (no error for a stranger is documented) | no member |
//! | CreateUser, CreateRole, CreateGroup, CreatePolicy | did not exist | as it was made, and nothing else |
//! | CreateServiceLinkedRole | did not exist | its trust; what its service put on it is not logged |
//! | CreatePolicyVersion as default, SetDefaultPolicyVersion | v2 was made: v1, else another version | that version |
//! | UpdateUser, UpdateGroup with a new name | the old name was its name | the new one is |
//!
//! An earlier change of the same slot tells the content before a later one. A principal that was deleted and made
//! again is another principal. The export is taken for younger than every change unless its time is given; where the
//! last change and the export disagree, nothing is known from that change on. Calls within two minutes of a change
//! are not decided by it (`timeline::SETTLE_MS`).

mod eras;
#[cfg(test)]
mod history_test;
#[cfg(test)]
mod random_test;
mod since;
mod slots;
pub mod timeline;
mod versions;
mod who;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Grants, Held, HeldPolicy, PolicySource};
use crate::policy::PolicyDocument;

/// A document that several eras share.
type Doc = Arc<PolicyDocument>;

/// One change of grants, as the log tells it.
#[derive(Clone, PartialEq, Eq, Debug, Default, PartialOrd, Ord)]
pub struct Change {
    /// When, epoch ms.
    pub at_ms: i64,
    /// The event.
    pub event_id: String,
    /// The account.
    pub account: Option<String>,
    /// The operation, `PutRolePolicy`.
    pub operation: String,
    /// `user`, `role`, `group` or `policy`.
    pub target_kind: String,
    /// Name of what was changed; `None` where the record does not tell.
    pub target_name: Option<String>,
    /// Its ARN, where told.
    pub target_arn: Option<String>,
    /// Unique id of what was made.
    pub target_id: Option<String>,
    /// Name of the inline policy.
    pub policy_name: Option<String>,
    /// ARN of the managed policy or boundary.
    pub policy_arn: Option<String>,
    /// The document's text.
    pub document: Option<String>,
    /// Version of the managed policy.
    pub version_id: Option<String>,
    /// Whether the new version became the default.
    pub set_as_default: Option<bool>,
    /// The group that was joined or left.
    pub group_name: Option<String>,
    /// The name after a renaming.
    pub new_name: Option<String>,
    /// Whether the record has its parameters.
    pub is_told: bool,
}

/// A policy that was held in an era.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EraPolicy {
    /// Where it came from.
    pub source: PolicySource,
    /// Its name.
    pub name: String,
    /// Its document.
    pub document: Doc,
}

/// What a principal held from one change to the next.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Era {
    /// First millisecond.
    pub start_ms: i64,
    /// First millisecond after it.
    pub end_ms: i64,
    /// Identity policies.
    pub identity: Vec<EraPolicy>,
    /// The boundary's document, where there was one and it is known.
    pub boundary: Option<Doc>,
    /// What is not known.
    pub gaps: Vec<String>,
    /// Whether one of the gaps is the log's: what held then cannot be rebuilt.
    pub is_open: bool,
    /// Whether nothing at all is known: before it was made, or where its name cannot be followed.
    pub is_blank: bool,
}

impl Era {
    /// The era in the form of the present.
    #[must_use]
    pub fn held(&self) -> Held<'_> {
        Held {
            identity: self.identity.iter().map(|p| HeldPolicy { source: p.source.clone(), name: &p.name, document: &p.document }).collect(),
            boundary: self.boundary.as_deref(),
            gaps: self.gaps.clone(),
        }
    }
}

/// A role's trust policy from one change to the next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TrustEra {
    /// First millisecond.
    pub start_ms: i64,
    /// First millisecond after it.
    pub end_ms: i64,
    /// The document; `None` where it is not known.
    pub document: Option<Doc>,
}

/// Since when what is granted now has been granted, as far as changes tell.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Since {
    /// Whether the changes of every stored event are known.
    pub is_complete: bool,
    /// When each held policy last changed or was last attached, epoch ms.
    pub by_source: BTreeMap<PolicySource, i64>,
    /// By the holder's ARN: when something that may have stood in the way of its grants was last lifted (a boundary, a
    /// Deny, a trust policy, a membership).
    pub by_holder: BTreeMap<String, i64>,
    /// By the group's ARN: when somebody last joined it.
    pub joined: BTreeMap<String, i64>,
}

impl Since {
    /// The latest change that bears on a policy of a holder.
    #[must_use]
    pub fn of(&self, source: &PolicySource) -> Option<i64> {
        self.by_source.get(source).copied()
    }

    /// The latest change that may have widened what a holder can do.
    #[must_use]
    pub fn of_holder(&self, arn: &str) -> Option<i64> {
        self.by_holder.get(arn).copied()
    }
}

/// What bounds a history in time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Limits {
    /// When the export was made; `None` takes it for younger than every change.
    pub exported_ms: Option<i64>,
    /// From when on every change is known; `None`: all of them are.
    pub known_from_ms: Option<i64>,
    /// From when on eras are asked for; `None`: from the beginning of time.
    pub wanted_from_ms: Option<i64>,
}

/// What was granted when.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// Changes that the log tells.
    pub changes: usize,
    /// Of these, changes of something that the export has, or of a policy or group that bears on it.
    pub replayed: usize,
    /// Eras of users and roles with more than one, by ARN.
    pub eras: BTreeMap<String, Vec<Era>>,
    /// Trust policies of roles with more than one, by ARN.
    pub trusts: BTreeMap<String, Vec<TrustEra>>,
    /// Age of what is granted now.
    pub since: Since,
    /// Where log and export contradict each other: the export may be older than the log.
    pub stale_hints: Vec<String>,
    /// What cannot be replayed, and why.
    pub unknown: Vec<String>,
}

impl History {
    /// All eras, and those of them that cannot be rebuilt.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        let all = self.eras.values().flatten();
        (all.clone().count(), all.filter(|e| e.is_open).count())
    }

    /// Replays changes backwards from an export.
    #[must_use]
    pub fn rebuild(grants: &Grants, mut changes: Vec<Change>, limits: Limits) -> History {
        changes.sort();
        changes.dedup();
        let people = who::People::attribute(grants, &changes);
        let mut history = eras::compose(grants, &people, limits);
        history.changes = changes.len();
        history.replayed = people.replayed;
        history.since.is_complete = limits.known_from_ms.is_none();
        history.stale_hints.extend(people.stale_hints);
        history.stale_hints.sort();
        history.stale_hints.dedup();
        history.unknown = people.unknown;
        history.unknown.sort();
        history.unknown.dedup();
        history
    }
}
