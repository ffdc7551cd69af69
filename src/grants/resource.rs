//! The resource side: policies on resources, and what bounds or grants beside them.
//!
//! Source: inputs-and-evaluation.md sections 1.1 to 1.3.

use std::collections::BTreeMap;

use super::{AttachedDocument, Known};
use crate::policy::beside::{AclGrant, BlockPublicAccess, KmsGrant, ObjectOwnership, VpcEndpointType};

/// A resource that carries policies.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Resource {
    /// ARN of the resource that the policy is put on: of a bucket, not of its objects. Policies of a whole account and
    /// region (CloudWatch Logs, the Glue catalogue, the ECR registry) stand under the ARN of their scope.
    pub arn: String,
    /// IAM prefix of the service.
    pub service: String,
    /// The owning account; empty where not even the file's place tells.
    pub account: String,
    /// Region; `None` for what has none.
    pub region: Option<String>,
    /// The resource's own policies, by name; there is more than one where the service allows that.
    pub policy: Known<Vec<AttachedDocument>>,
    /// Policies that RAM made for shares of it.
    pub shared: Known<Vec<AttachedDocument>>,
}

/// A bucket's or object's ACL.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Acl {
    /// Canonical user id of the owner.
    pub owner: Option<String>,
    /// Its grants.
    pub grants: Vec<AclGrant>,
}

/// What bears on a bucket beside its policy, which stands under its ARN among the resources.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Bucket {
    /// Name.
    pub name: String,
    /// The owning account.
    pub account: String,
    /// Region.
    pub region: Option<String>,
    /// ACL.
    pub acl: Known<Acl>,
    /// Block Public Access of the bucket itself. Absent: all four are off.
    pub block_public_access: Known<BlockPublicAccess>,
    /// Object Ownership. Absent: ACLs count, as with `ObjectWriter`.
    pub ownership: Known<ObjectOwnership>,
    /// Bucket that its server access logs go to.
    pub logs_to: Known<String>,
}

/// An S3 access point, of one region or of several.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AccessPoint {
    /// ARN.
    pub arn: String,
    /// The owning account.
    pub account: String,
    /// Buckets behind it.
    pub buckets: Vec<String>,
    /// Block Public Access of the access point.
    pub block_public_access: Known<BlockPublicAccess>,
    /// The only VPC that it serves.
    pub vpc: Option<String>,
}

/// A KMS key, beside its policy.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Key {
    /// ARN.
    pub arn: String,
    /// The owning account.
    pub account: String,
    /// `CUSTOMER` or `AWS`.
    pub manager: Known<String>,
    /// `Enabled`, `Disabled`, `PendingDeletion`, …
    pub state: Option<String>,
    /// Its grants. Absent: none.
    pub grants: Known<Vec<KmsGrant>>,
}

/// A VPC endpoint.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct VpcEndpoint {
    /// Id, `vpce-…`.
    pub id: String,
    /// The owning account.
    pub account: String,
    /// Region.
    pub region: Option<String>,
    /// Kind.
    pub kind: VpcEndpointType,
    /// Service, `com.amazonaws.eu-west-1.s3`.
    pub service_name: String,
    /// Its policy. Absent: the default, which allows everything.
    pub policy: Known<AttachedDocument>,
}

/// A RAM resource share.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Share {
    /// ARN.
    pub arn: String,
    /// Name.
    pub name: String,
    /// The account that shares.
    pub owner: String,
    /// Whether principals outside of the organisation may be added; `None` where not told.
    pub allows_external: Option<bool>,
    /// `ACTIVE`, `DELETED`, …
    pub status: String,
    /// ARNs of what is shared.
    pub resources: Vec<String>,
    /// Accounts, organisational units, roles and users that it is shared with; with whether RAM calls them external.
    pub principals: BTreeMap<String, Option<bool>>,
}

/// The whole resource side.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Resources {
    /// Resources with policies, by ARN.
    pub by_arn: BTreeMap<String, Resource>,
    /// Buckets by name.
    pub buckets: BTreeMap<String, Bucket>,
    /// Access points by ARN.
    pub access_points: BTreeMap<String, AccessPoint>,
    /// Keys by ARN.
    pub keys: BTreeMap<String, Key>,
    /// Key ARN by alias ARN.
    pub aliases: BTreeMap<String, String>,
    /// VPC endpoints by id.
    pub vpc_endpoints: BTreeMap<String, VpcEndpoint>,
    /// Resource shares by ARN.
    pub shares: BTreeMap<String, Share>,
}
