//! The policies that bear on a request, as they are given: by kind, present, absent or not known.

use super::PolicyType;
use crate::policy::PolicyDocument;

/// A document with the name that decisions show.
#[derive(Clone, Copy, Debug)]
pub struct NamedPolicy<'a> {
    /// Name.
    pub name: &'a str,
    /// Document.
    pub document: &'a PolicyDocument,
}

/// The policies attached to one level of an organisation: the root, an organisational unit, or the account.
#[derive(Clone, Debug)]
pub struct Level<'a> {
    /// Id of the level.
    pub name: &'a str,
    /// Policies attached there.
    pub policies: Vec<NamedPolicy<'a>>,
}

/// The policies that bear on a request. `None`: the kind puts no restriction and grants nothing; an empty list:
/// the kind is there and allows nothing (design.md section 5).
#[derive(Clone, Debug, Default)]
pub struct Policies<'a> {
    /// Identity policies of the user and its groups, or of the role; of a federated user: of the user that asked.
    pub identity: Option<Vec<NamedPolicy<'a>>>,
    /// The permissions boundary.
    pub boundary: Option<Vec<NamedPolicy<'a>>>,
    /// Session policies, inline and managed: together they are one kind that bounds.
    pub session: Option<Vec<NamedPolicy<'a>>>,
    /// The resource's policy; for requests to assume a role its trust policy, for keys the key policy.
    pub resource: Option<Vec<NamedPolicy<'a>>>,
    /// Resource policies that RAM made for shares of the resource; they grant as the resource's own policy does.
    pub ram: Vec<NamedPolicy<'a>>,
    /// Service control policies from the root down to the principal's account.
    pub scp: Option<Vec<Level<'a>>>,
    /// Resource control policies from the root down to the resource's account.
    pub rcp: Option<Vec<Level<'a>>>,
    /// The policy of the VPC endpoint that the request came through.
    pub vpc_endpoint: Option<Vec<NamedPolicy<'a>>>,
    /// Facts beside documents.
    pub settings: Settings,
    /// Kinds that exist or may, but are not known: not exported, or not readable.
    pub unknown: Vec<PolicyType>,
}

/// Facts that decide beside documents.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Settings {
    /// The organisation's management account: no SCP for its principals, no RCP for its resources.
    pub management_account: Option<String>,
    /// S3 Block Public Access, the most restrictive of its levels.
    pub block_public_access: BlockPublicAccess,
    /// S3 Object Ownership of the bucket.
    pub object_ownership: Option<ObjectOwnership>,
    /// ACL grants of the bucket.
    pub bucket_acl: Vec<AclGrant>,
    /// ACL grants of the object.
    pub object_acl: Vec<AclGrant>,
    /// Grants of the KMS key.
    pub kms_grants: Vec<KmsGrant>,
    /// Kind of the VPC endpoint.
    pub vpc_endpoint_type: VpcEndpointType,
}

/// The four settings of S3 Block Public Access.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "AWS's own four switches")]
pub struct BlockPublicAccess {
    /// Refuses calls that set a public ACL.
    pub block_public_acls: bool,
    /// Takes public ACLs as not there.
    pub ignore_public_acls: bool,
    /// Refuses calls that set a public policy; does nothing to policies that stand.
    pub block_public_policy: bool,
    /// A bucket with a public policy serves its own account and AWS services only.
    pub restrict_public_buckets: bool,
}

/// S3 Object Ownership.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ObjectOwnership {
    /// ACLs are off.
    BucketOwnerEnforced,
    /// ACLs are on.
    BucketOwnerPreferred,
    /// ACLs are on.
    ObjectWriter,
}

/// Who an ACL grant is for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AclGrantee {
    /// Everybody.
    AllUsers,
    /// Everybody who signs requests.
    AuthenticatedUsers,
    /// An account by its canonical user id.
    CanonicalUser(String),
}

/// What an ACL grant permits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AclPermission {
    /// Read.
    Read,
    /// Write.
    Write,
    /// Read the ACL.
    ReadAcp,
    /// Write the ACL.
    WriteAcp,
    /// All four.
    FullControl,
}

/// One grant of an S3 ACL.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AclGrant {
    /// For whom.
    pub grantee: AclGrantee,
    /// What.
    pub permission: AclPermission,
}

/// A KMS grant.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct KmsGrant {
    /// ARN, service name or account of the grantee.
    pub grantee: String,
    /// Who may retire it.
    pub retiring_principal: Option<String>,
    /// Operations, `Decrypt`, `GenerateDataKey`, …
    pub operations: Vec<String>,
    /// Pairs that the request's encryption context must contain.
    pub encryption_context_subset: Vec<(String, String)>,
    /// The encryption context that the request must have, no more and no less.
    pub encryption_context_equals: Option<Vec<(String, String)>>,
    /// The `aws:SourceArn` that the request must have (`*` and `?` are wildcards).
    pub source_arn: Option<String>,
}

/// Kind of a VPC endpoint.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum VpcEndpointType {
    /// An interface endpoint: `Principal` means what it means elsewhere.
    #[default]
    Interface,
    /// A gateway endpoint: an account as `Principal` is its root user only.
    Gateway,
}
