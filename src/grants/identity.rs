//! Users, groups, roles and managed policies.

use std::collections::BTreeMap;

use crate::policy::{PolicyDocument, PolicyError};

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
    /// A permission set of Identity Center, the owner of the roles made from it.
    PermissionSet,
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
            OwnerKind::PermissionSet => "permission-set",
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
    /// What no export tells of it, in words: `inline policies`, …; never taken for "nothing".
    pub untold: Vec<&'static str>,
}

/// A version of a managed policy, as far as the export has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PolicyVersion {
    /// Its id, `v1`; ids are not used again while the policy lives.
    pub id: String,
    /// Creation, epoch ms.
    pub created_ms: Option<i64>,
    /// Its document; `None` where it is absent or cannot be read.
    pub document: Option<PolicyDocument>,
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
    /// All versions that the export has, the default one too.
    pub versions: Vec<PolicyVersion>,
}
