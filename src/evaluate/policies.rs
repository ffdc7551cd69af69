//! The policies that bear on a request, as they are given: by kind, present, absent or not known.

use super::PolicyType;
use crate::policy::PolicyDocument;
use crate::policy::beside::{AclGrant, BlockPublicAccess, KmsGrant, ObjectOwnership, VpcEndpointType};

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
