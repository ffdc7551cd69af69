//! Who holds what, and what bounds it: exports of grants, read into principals, policies, resources, the organisation
//! and credentials.
//!
//! Three states are kept apart for everything ([`Known`]): present, known to be absent, unknown. A policy that is attached
//! but not in the export is a gap, never "no permissions". What a bundle may hold stands in one table
//! (`data/exports.toml`); loaders: one file per kind of export; which of two exports of one thing counts: `capture`.
//! Source: inputs-and-evaluation.md sections 1, 2 and 5.

pub mod asked;
pub mod builder;
pub mod capture;
pub mod catalogue;
pub mod cli;
pub mod config;
pub mod credential_report;
pub mod document;
pub mod doctor;
mod entry;
pub mod encoded;
pub mod evidence;
pub mod export_script;
pub mod frames;
pub mod gaad;
mod gone;
pub mod held;
pub mod history;
pub mod iam_collect;
pub mod identity;
pub mod index;
mod json;
mod key_slots;
pub mod known;
pub mod load;
pub mod organisation;
#[cfg(test)]
mod organisation_test;
pub mod owner_of_policy;
pub mod permission_set;
#[cfg(test)]
mod permission_set_test;
pub mod place;
pub mod read;
pub mod resource;
mod same;
pub mod resource_told;
#[cfg(test)]
mod hostile_test;
mod selector_fields;
#[cfg(test)]
mod selector_fields_test;
pub mod selectors;
pub mod trails;

use std::collections::{BTreeMap, BTreeSet};

pub use capture::{Capture, Conflict, Source};
pub use credential_report::{Credential, CredentialReport, CredentialSlot};
pub use document::Document;
pub use evidence::Evidence;
pub use held::{Held, HeldPolicy, PolicySource};
pub use history::{Change, Era, History, Limits, Since};
pub use identity::{AttachedDocument, ManagedPolicy, OwnerKind, PolicyVersion, Principal};
pub use index::Index;
pub use known::Known;
pub use load::{GrantsError, load};
pub use organisation::Organisation;
pub use permission_set::PermissionSet;
pub use place::Place;
pub use resource::{Resource, Resources};
pub use selectors::{Selectors, Take};
pub use trails::{Trail, TrailStatus};

/// One account's exports.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Account {
    /// Account id.
    pub id: String,
    /// Whether account authorization details were given.
    pub has_authorization_details: bool,
    /// Whether they are whole (no truncation marker).
    pub complete: bool,
    /// Principals by kind and name.
    pub principals: Vec<Principal>,
    /// When they were captured, epoch ms, where the export says.
    pub captured_ms: Option<i64>,
    /// The credential report.
    pub credential_report: Option<CredentialReport>,
    /// Everything beside policies.
    pub evidence: Evidence,
}

/// A file of the bundle.
#[derive(Clone, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub struct InputFile {
    /// Name relative to the bundle.
    pub path: String,
    /// What it was recognised as.
    pub kind: &'static str,
    /// Size.
    pub bytes: u64,
    /// Hash.
    pub sha256: String,
}

/// Something in an export that could not be used.
#[derive(Clone, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub struct Problem {
    /// The file.
    pub file: String,
    /// JSON pointer or line.
    pub pointer: String,
    /// What is wrong.
    pub reason: String,
}

/// A row of the table of exports, where.
#[derive(Clone, PartialEq, Eq, Debug, PartialOrd, Ord, Hash)]
pub struct ListKey {
    /// Id of the row.
    pub export: &'static str,
    /// Account id; empty for the organisation's and Identity Center's.
    pub account: String,
    /// Region; empty where there is none.
    pub region: String,
}

/// One question that a bundle answers: a row of the table, where, about what.
#[derive(Clone, PartialEq, Eq, Debug, PartialOrd, Ord, Hash)]
pub struct Question {
    /// Row, account and region.
    pub of: ListKey,
    /// The item: its ARN where the file names one, otherwise its part of the path; empty for a row without items.
    pub subject: String,
}

/// What a command answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Asked {
    /// Present: there is output. Absent: AWS says that there is no such thing. Unknown: it failed.
    pub answer: Known<()>,
    /// When, epoch ms.
    pub at_ms: Option<i64>,
    /// File of the output, or the line of `errors.jsonl`.
    pub file: String,
}

/// Everything that was granted, as far as it was exported.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Grants {
    /// Accounts by id.
    pub accounts: BTreeMap<String, Account>,
    /// Managed policies by ARN, AWS's too.
    pub policies: BTreeMap<String, ManagedPolicy>,
    /// Resources with their policies, and what bears on them beside.
    pub resources: Resources,
    /// Organisations by id; one, unless exports of several were given.
    pub organisations: BTreeMap<String, Organisation>,
    /// Accounts that are known to be in no organisation, so that no policy of one bounds them.
    pub no_organisation: BTreeSet<String>,
    /// Permission sets by ARN.
    pub permission_sets: BTreeMap<String, PermissionSet>,
    /// Trails by ARN.
    pub trails: BTreeMap<String, Trail>,
    /// What each command of the bundle answered.
    pub asked: BTreeMap<Question, Asked>,
    /// Things that lists of the bundle name, by the row of the table that is to tell of each.
    pub listed: BTreeMap<ListKey, BTreeSet<String>>,
    /// Exports of one thing that tell different things.
    pub conflicts: Vec<Conflict>,
    /// Since when the grants have been as they are, as far as changes in the log tell; filled by the run.
    pub since: Since,
    /// Files that were read.
    pub inputs: Vec<InputFile>,
    /// Files that were left alone, with the reason.
    pub ignored: Vec<(String, String)>,
    /// What could not be used.
    pub problems: Vec<Problem>,
}

impl Grants {
    /// All users, groups and roles.
    pub fn principals(&self) -> impl Iterator<Item = &Principal> {
        self.accounts.values().flat_map(|a| &a.principals)
    }

    /// Whether no user, group or role is known: nothing can be reduced.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.principals().next().is_none()
    }
}
