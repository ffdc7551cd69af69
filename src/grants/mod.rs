//! Who holds what: exports of grants, read into principals, policies and credentials.
//!
//! Three states are kept apart for everything: present, known to be absent, unknown. A policy that is attached
//! but not in the export is a gap, never "no permissions". Loaders so far: account authorization details (CLI
//! form and API form), the credential report, and trails with their selectors and status (which tell what the logs
//! could have shown). Source: inputs-and-evaluation.md sections 1, 2 and 5.

pub mod catalogue;
pub mod credential_report;
pub mod export_script;
pub mod frame;
pub mod gaad;
pub mod held;
pub mod load;
mod selector_fields;
#[cfg(test)]
mod selector_fields_test;
pub mod selectors;
pub mod trails;

use std::collections::BTreeMap;

use crate::policy::{PolicyDocument, PolicyError};

pub use held::{Held, HeldPolicy, PolicySource};
pub use load::{GrantsError, load};
pub use selectors::{Selectors, Take};
pub use trails::{Trail, TrailStatus};

/// What owns policies.
#[derive(Copy, Clone, PartialEq, Eq, Debug, PartialOrd, Ord, Hash)]
pub enum OwnerKind {
    /// A user.
    User,
    /// A group.
    Group,
    /// A role.
    Role,
    /// A customer managed policy, its own owner.
    Policy,
}

impl OwnerKind {
    /// The word in reports and folder names.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            OwnerKind::User => "user",
            OwnerKind::Group => "group",
            OwnerKind::Role => "role",
            OwnerKind::Policy => "policy",
        }
    }
}

/// An inline policy.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AttachedDocument {
    /// Its name.
    pub name: String,
    /// Its document, or why it cannot be read.
    pub document: Result<PolicyDocument, PolicyError>,
}

/// A user, group or role.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Principal {
    /// Kind.
    pub kind: OwnerKind,
    /// Account id.
    pub account: String,
    /// Name.
    pub name: String,
    /// Path, `/` if none.
    pub path: String,
    /// ARN.
    pub arn: String,
    /// Unique id (`AIDA…`, `AROA…`, `AGPA…`).
    pub unique_id: String,
    /// Creation, epoch ms.
    pub created_ms: Option<i64>,
    /// Inline policies by name.
    pub inline: Vec<AttachedDocument>,
    /// ARNs of attached managed policies.
    pub attached: Vec<String>,
    /// Names of the user's groups.
    pub groups: Vec<String>,
    /// ARN of the permissions boundary.
    pub boundary: Option<String>,
    /// A role's trust policy.
    pub trust: Option<Result<PolicyDocument, PolicyError>>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// `RoleLastUsed.LastUsedDate`, epoch ms.
    pub last_used_ms: Option<i64>,
    /// Whether the export has `RoleLastUsed` at all (empty means: not in 400 days).
    pub last_used_known: bool,
    /// Instance profiles that carry the role.
    pub instance_profiles: Vec<String>,
}

/// A managed policy.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ManagedPolicy {
    /// ARN.
    pub arn: String,
    /// Name.
    pub name: String,
    /// The owning account; `None` for AWS's own.
    pub account: Option<String>,
    /// Creation of the policy, epoch ms.
    pub created_ms: Option<i64>,
    /// Creation of the default version, epoch ms.
    pub version_created_ms: Option<i64>,
    /// Document of the default version.
    pub document: Result<PolicyDocument, PolicyError>,
}

/// A credential of the report.
#[derive(Copy, Clone, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub enum CredentialSlot {
    /// Console password.
    Password,
    /// First access key.
    AccessKey1,
    /// Second access key.
    AccessKey2,
    /// First signing certificate.
    Certificate1,
    /// Second signing certificate.
    Certificate2,
}

impl CredentialSlot {
    /// The report's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            CredentialSlot::Password => "password",
            CredentialSlot::AccessKey1 => "access_key_1",
            CredentialSlot::AccessKey2 => "access_key_2",
            CredentialSlot::Certificate1 => "certificate_1",
            CredentialSlot::Certificate2 => "certificate_2",
        }
    }
}

/// One row and slot of the credential report.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Credential {
    /// User name, `<root_account>` for root.
    pub user: String,
    /// User ARN.
    pub user_arn: String,
    /// Slot.
    pub slot: CredentialSlot,
    /// Whether there is such a credential.
    pub present: bool,
    /// Whether it is active (a password: enabled).
    pub active: bool,
    /// When it was made or its status changed, epoch ms.
    pub last_changed_ms: Option<i64>,
    /// Last use, epoch ms.
    pub last_used_ms: Option<i64>,
    /// Whether the report knows about use.
    pub last_used_known: bool,
    /// Service of the last use.
    pub last_used_service: Option<String>,
    /// Region of the last use.
    pub last_used_region: Option<String>,
    /// MFA of the user.
    pub mfa_active: Option<bool>,
    /// Creation of the user, epoch ms.
    pub user_created_ms: Option<i64>,
}

/// A credential report.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CredentialReport {
    /// Account id.
    pub account: String,
    /// When AWS made it, epoch ms; `None` for a bare CSV.
    pub generated_ms: Option<i64>,
    /// Its credentials, by user and slot.
    pub credentials: Vec<Credential>,
}

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
    /// The credential report.
    pub credential_report: Option<CredentialReport>,
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

/// Everything that was granted, as far as it was exported.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Grants {
    /// Accounts by id.
    pub accounts: BTreeMap<String, Account>,
    /// Managed policies by ARN, AWS's too.
    pub policies: BTreeMap<String, ManagedPolicy>,
    /// Trails by ARN.
    pub trails: BTreeMap<String, Trail>,
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

    /// Whether any grants were given.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.accounts.is_empty()
    }

    /// The users, groups and roles that a managed policy is attached to.
    #[must_use]
    pub fn holders_of(&self, policy_arn: &str) -> Vec<&Principal> {
        self.principals().filter(|p| p.attached.iter().any(|a| a == policy_arn)).collect()
    }

    /// The users of a group.
    #[must_use]
    pub fn members_of(&self, group: &Principal) -> Vec<&Principal> {
        self.accounts
            .get(&group.account)
            .map(|a| a.principals.iter().filter(|p| p.groups.contains(&group.name)).collect())
            .unwrap_or_default()
    }
}
