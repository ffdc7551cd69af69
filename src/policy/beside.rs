//! What grants or bounds access beside policy documents: S3 Block Public Access, Object Ownership and ACLs, grants of KMS
//! keys, kinds of VPC endpoints; and how exports and cases write them.
//!
//! Source: inputs-and-evaluation.md sections 1.1 and 1.2; S3 API reference, `PublicAccessBlockConfiguration`,
//! `AccessControlPolicy`, `OwnershipControls`; KMS API reference, `GrantListEntry`.

use serde_json::{Map, Value};

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

/// Reads the four switches; keys in any case, as the API (`BlockPublicAcls`) and AWS Config (`blockPublicAcls`) write
/// them, flat or by level: over several levels the most restrictive counts.
///
/// # Errors
/// The field and what is wrong with it.
pub fn block_public_access(map: &Map<String, Value>) -> Result<BlockPublicAccess, String> {
    let mut block = BlockPublicAccess::default();
    for (key, value) in map {
        if let Value::Object(level) = value {
            block = block.with(block_public_access(level).map_err(|e| format!("{key}.{e}"))?);
            continue;
        }
        let Some(on) = value.as_bool() else { return Err(format!("{key}: not a boolean")) };
        match key.to_ascii_lowercase().as_str() {
            "blockpublicacls" => block.block_public_acls |= on,
            "ignorepublicacls" => block.ignore_public_acls |= on,
            "blockpublicpolicy" => block.block_public_policy |= on,
            "restrictpublicbuckets" => block.restrict_public_buckets |= on,
            _ => return Err(format!("{key}: unknown setting")),
        }
    }
    Ok(block)
}

impl BlockPublicAccess {
    /// The most restrictive of two levels.
    #[must_use]
    pub fn with(self, other: BlockPublicAccess) -> BlockPublicAccess {
        BlockPublicAccess {
            block_public_acls: self.block_public_acls || other.block_public_acls,
            ignore_public_acls: self.ignore_public_acls || other.ignore_public_acls,
            block_public_policy: self.block_public_policy || other.block_public_policy,
            restrict_public_buckets: self.restrict_public_buckets || other.restrict_public_buckets,
        }
    }
}

impl ObjectOwnership {
    /// The setting by AWS's word.
    #[must_use]
    pub fn parse(text: &str) -> Option<ObjectOwnership> {
        match text {
            "BucketOwnerEnforced" => Some(ObjectOwnership::BucketOwnerEnforced),
            "BucketOwnerPreferred" => Some(ObjectOwnership::BucketOwnerPreferred),
            "ObjectWriter" => Some(ObjectOwnership::ObjectWriter),
            _ => None,
        }
    }
}

impl VpcEndpointType {
    /// The kind by AWS's word. Gateway Load Balancer and resource endpoints take policies as interface endpoints do.
    #[must_use]
    pub fn parse(text: &str) -> VpcEndpointType {
        if text.eq_ignore_ascii_case("Gateway") { VpcEndpointType::Gateway } else { VpcEndpointType::Interface }
    }
}

/// The text of a field.
fn text<'v>(map: &'v Map<String, Value>, key: &str) -> Option<&'v str> {
    map.get(key).and_then(Value::as_str)
}

/// Reads one grant of an ACL: `{"Grantee": {"ID"|"URI": …}, "Permission": …}`.
///
/// # Errors
/// The field and what is wrong with it.
pub fn acl_grant(grant: &Map<String, Value>) -> Result<AclGrant, String> {
    let Some(Value::Object(who)) = grant.get("Grantee") else { return Err("Grantee: not an object".to_owned()) };
    let grantee = match (text(who, "URI"), text(who, "ID")) {
        (Some(uri), _) if uri.ends_with("/global/AllUsers") => AclGrantee::AllUsers,
        (Some(uri), _) if uri.ends_with("/global/AuthenticatedUsers") => AclGrantee::AuthenticatedUsers,
        // The log delivery group is a service's, and no caller is in it.
        (Some(uri), _) => AclGrantee::CanonicalUser(uri.to_owned()),
        (None, Some(id)) => AclGrantee::CanonicalUser(id.to_owned()),
        (None, None) => return Err("a grantee without ID or URI".to_owned()),
    };
    let permission = match text(grant, "Permission") {
        Some("READ") => AclPermission::Read,
        Some("WRITE") => AclPermission::Write,
        Some("READ_ACP") => AclPermission::ReadAcp,
        Some("WRITE_ACP") => AclPermission::WriteAcp,
        Some("FULL_CONTROL") => AclPermission::FullControl,
        Some(other) => return Err(format!("`{other}` is no ACL permission")),
        None => return Err("Permission: not a text".to_owned()),
    };
    Ok(AclGrant { grantee, permission })
}

/// Pairs of texts; `None` when the field is there and is something else.
fn pairs(map: &Map<String, Value>, key: &str) -> Result<Option<Vec<(String, String)>>, String> {
    match map.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(pairs)) => pairs
            .iter()
            .map(|(k, v)| v.as_str().map(|v| (k.clone(), v.to_owned())).ok_or_else(|| format!("{key}.{k}: not a text")))
            .collect::<Result<_, _>>()
            .map(Some),
        Some(_) => Err(format!("{key}: not an object")),
    }
}

/// Reads one grant of a KMS key, as `list-grants` prints it.
///
/// # Errors
/// The field and what is wrong with it.
pub fn kms_grant(grant: &Map<String, Value>) -> Result<KmsGrant, String> {
    let none = Map::new();
    let constraints = match grant.get("Constraints") {
        None | Some(Value::Null) => &none,
        Some(Value::Object(map)) => map,
        Some(_) => return Err("Constraints: not an object".to_owned()),
    };
    let operations = match grant.get("Operations") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(list)) => {
            list.iter().map(|o| o.as_str().map(str::to_owned).ok_or("Operations: not a list of texts")).collect::<Result<_, _>>()?
        }
        Some(_) => return Err("Operations: not a list of texts".to_owned()),
    };
    Ok(KmsGrant {
        grantee: text(grant, "GranteePrincipal")
            .or_else(|| text(grant, "GranteeServicePrincipal"))
            .ok_or_else(|| "a grant without GranteePrincipal".to_owned())?
            .to_owned(),
        retiring_principal: text(grant, "RetiringPrincipal").map(str::to_owned),
        operations,
        encryption_context_subset: pairs(constraints, "EncryptionContextSubset")?.unwrap_or_default(),
        encryption_context_equals: pairs(constraints, "EncryptionContextEquals")?,
        source_arn: text(constraints, "SourceArn").map(str::to_owned),
    })
}
