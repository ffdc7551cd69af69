//! What an account's exports tell beside policies: credentials, settings, identity providers, last use.
//!
//! Source: inputs-and-evaluation.md section 1.4.

use std::collections::BTreeMap;

use super::{AttachedDocument, Known};
use crate::policy::beside::BlockPublicAccess;

/// An access key.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AccessKey {
    /// Key id.
    pub id: String,
    /// The user; `None` for a key known by its last use only.
    pub user: Option<String>,
    /// `Active`, `Inactive`, `Expired`.
    pub status: Option<String>,
    /// Creation, epoch ms. The credential report's "last rotated" also moves when a key is switched on again.
    pub created_ms: Option<i64>,
    /// Last use; absent: never, as far as AWS remembers.
    pub last_used: Known<KeyUse>,
}

/// The last use of an access key.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct KeyUse {
    /// When, epoch ms.
    pub at_ms: i64,
    /// Service.
    pub service: Option<String>,
    /// Region.
    pub region: Option<String>,
}

/// An MFA device.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct MfaDevice {
    /// Serial number: an ARN for virtual devices.
    pub serial: String,
    /// The user; `<root_account>` for the root user's, `None` for a device that nobody uses.
    pub user: Option<String>,
    /// Since when it is on, epoch ms.
    pub enabled_ms: Option<i64>,
}

/// A credential that no credential report shows.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct OtherCredential {
    /// The user.
    pub user: String,
    /// Id of the credential.
    pub id: String,
    /// Service it is for; `ssh` for SSH public keys.
    pub service: String,
    /// `Active`, `Inactive`, `Expired`.
    pub status: Option<String>,
    /// Creation, epoch ms.
    pub created_ms: Option<i64>,
    /// Expiry, epoch ms.
    pub expires_ms: Option<i64>,
}

/// An instance profile.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct InstanceProfile {
    /// ARN.
    pub arn: String,
    /// Name.
    pub name: String,
    /// Creation, epoch ms.
    pub created_ms: Option<i64>,
    /// ARNs of its roles: one or none.
    pub roles: Vec<String>,
}

/// An identity provider.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct IdentityProvider {
    /// ARN.
    pub arn: String,
    /// `oidc` or `saml`.
    pub kind: &'static str,
    /// Creation, epoch ms.
    pub created_ms: Option<i64>,
    /// Expiry of a SAML provider's metadata, epoch ms.
    pub valid_until_ms: Option<i64>,
    /// Of an OIDC provider: its clients (audiences).
    pub clients: Known<Vec<String>>,
}

/// What IAM remembers of one principal's use of one service. Denied attempts are in it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ServiceUse {
    /// IAM prefix of the service.
    pub service: String,
    /// Last attempt, epoch ms; `None`: none in the tracking period.
    pub last_ms: Option<i64>,
    /// Last attempts by action.
    pub actions: BTreeMap<String, Option<i64>>,
}

/// A principal's last accessed services.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LastAccessed {
    /// ARN of the user, role, group or policy.
    pub arn: String,
    /// When IAM made the report, epoch ms.
    pub generated_ms: Option<i64>,
    /// By service.
    pub services: Vec<ServiceUse>,
}

/// The password policy.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PasswordPolicy {
    /// Fields as the API has them: `MinimumPasswordLength`, `RequireSymbols`, …; numbers as text, flags `true`/`false`.
    pub fields: BTreeMap<String, String>,
}

/// A member of a Cloud9 environment: works with the owner's credentials.
#[derive(Clone, PartialEq, Eq, Debug, Default, PartialOrd, Ord)]
pub struct EnvironmentMember {
    /// Id of the environment.
    pub environment: String,
    /// Region.
    pub region: String,
    /// ARN of the member.
    pub member: String,
    /// `owner`, `read-write`, `read-only`.
    pub permissions: String,
}

/// A CloudFormation stack with its policy, which bounds stack updates and nothing else.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StackPolicy {
    /// ARN of the stack.
    pub stack: String,
    /// The policy. Its actions are `Update:*`, its resources logical ids.
    pub policy: Known<AttachedDocument>,
}

/// A finding of AWS's own Access Analyzer.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AnalyzerFinding {
    /// Id.
    pub id: String,
    /// `UnusedIAMRole`, `UnusedPermission`, `ExternalAccess`, …
    pub kind: String,
    /// ARN of what it is about.
    pub resource: String,
    /// The account that owns it.
    pub account: String,
    /// `ACTIVE`, `ARCHIVED`, `RESOLVED`.
    pub status: String,
    /// When it was last analysed, epoch ms.
    pub analyzed_ms: Option<i64>,
    /// Of an unused role, password or access key: its last use, epoch ms.
    pub last_used_ms: Option<i64>,
    /// Of an unused permission: service and action, or the service alone; of an unused access key: its id; with last use,
    /// epoch ms.
    pub unused: BTreeMap<String, Option<i64>>,
}

/// A server certificate that is kept in IAM (IAM API reference, `ServerCertificateMetadata`).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ServerCertificate {
    /// ARN.
    pub arn: String,
    /// Upload, epoch ms.
    pub uploaded_ms: Option<i64>,
    /// When it runs out, epoch ms.
    pub expires_ms: Option<i64>,
}

/// A user's X.509 signing certificate (IAM API reference, `SigningCertificate`).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SigningCertificate {
    /// Id.
    pub id: String,
    /// The user.
    pub user: String,
    /// `Active`, `Inactive`.
    pub status: Option<String>,
    /// Upload, epoch ms.
    pub uploaded_ms: Option<i64>,
}

/// An analyzer of Access Analyzer (Access Analyzer API reference, `AnalyzerSummary`).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Analyzer {
    /// ARN.
    pub arn: String,
    /// `ACCOUNT`, `ORGANIZATION`, `ACCOUNT_UNUSED_ACCESS`, …
    pub kind: String,
    /// `ACTIVE`, `CREATING`, `DISABLED`, `FAILED`.
    pub status: String,
    /// Creation, epoch ms.
    pub created_ms: Option<i64>,
}

/// A secret as its listing tells it, without its value (Secrets Manager API reference, `SecretListEntry`).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Secret {
    /// ARN.
    pub arn: String,
    /// Whether it is rotated by a schedule. AWS names no flag where it never was.
    pub is_rotated: bool,
    /// Creation, epoch ms.
    pub created_ms: Option<i64>,
    /// Last rotation that ended well, epoch ms; `None`: none.
    pub rotated_ms: Option<i64>,
    /// The day it was last read, epoch ms; `None`: never.
    pub accessed_ms: Option<i64>,
}

/// Everything of this file for one account.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Evidence {
    /// Canonical user id.
    pub canonical_user: Option<String>,
    /// Alias.
    pub alias: Option<String>,
    /// S3 Block Public Access of the account. Absent: all four are off.
    pub block_public_access: Known<BlockPublicAccess>,
    /// Password policy. Absent: AWS's default.
    pub password_policy: Known<PasswordPolicy>,
    /// `get-account-summary`: `AccountMFAEnabled`, `AccountAccessKeysPresent`, …
    pub summary: Known<BTreeMap<String, i64>>,
    /// Regions, and whether they are on.
    pub regions: Known<BTreeMap<String, bool>>,
    /// The role of SSM's default host management, by region. Absent: it is off.
    pub default_host_role: BTreeMap<String, Known<String>>,
    /// Access keys by id.
    pub access_keys: BTreeMap<String, AccessKey>,
    /// Users whose access keys are listed, so that a user without one has none.
    pub keys_listed: BTreeMap<String, Known<()>>,
    /// MFA devices by serial number.
    pub mfa_devices: BTreeMap<String, MfaDevice>,
    /// Users whose MFA devices are listed.
    pub mfa_listed: BTreeMap<String, Known<()>>,
    /// Service-specific credentials and SSH keys by id.
    pub other_credentials: BTreeMap<String, OtherCredential>,
    /// Server certificates by ARN.
    pub server_certificates: Known<BTreeMap<String, ServerCertificate>>,
    /// Signing certificates by id.
    pub signing_certificates: BTreeMap<String, SigningCertificate>,
    /// Users whose signing certificates are listed.
    pub signing_listed: BTreeMap<String, Known<()>>,
    /// Analyzers by ARN.
    pub analyzers: BTreeMap<String, Analyzer>,
    /// Regions whose analyzers are listed.
    pub analyzers_listed: BTreeMap<String, Known<()>>,
    /// Secrets by ARN.
    pub secrets: BTreeMap<String, Secret>,
    /// Regions whose secrets are listed.
    pub secrets_listed: BTreeMap<String, Known<()>>,
    /// Instance profiles by ARN.
    pub instance_profiles: Known<BTreeMap<String, InstanceProfile>>,
    /// Identity providers by ARN.
    pub providers: BTreeMap<String, IdentityProvider>,
    /// Whether providers of a kind (`oidc`, `saml`) are listed.
    pub providers_listed: BTreeMap<&'static str, Known<()>>,
    /// Access advisor by ARN.
    pub last_accessed: BTreeMap<String, Known<LastAccessed>>,
    /// Members of Cloud9 environments.
    pub environment_members: Vec<EnvironmentMember>,
    /// Stack policies by stack ARN.
    pub stacks: BTreeMap<String, StackPolicy>,
    /// Findings of Access Analyzer by id.
    pub analyzer_findings: BTreeMap<String, AnalyzerFinding>,
}
