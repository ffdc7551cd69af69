//! Which row of the table of exports a document is output of: by its place, else by a content that names itself.

use serde_json::{Map, Value};

use super::super::super::Document;
use super::{keys, lists, many, network};
use crate::aws::Arn;

/// The rows of this family.
pub const FAMILY: &[&str] = &[
    "buckets",
    "account-block-public-access",
    "bucket-policy",
    "bucket-acl",
    "bucket-block-public-access",
    "bucket-ownership",
    "bucket-location",
    "bucket-logging",
    "access-points",
    "access-point",
    "access-point-policy",
    "multi-region-access-points",
    "multi-region-access-point-policy",
    "kms-keys",
    "kms-aliases",
    "kms-key",
    "kms-key-policy",
    "kms-grants",
    "lambda-functions",
    "lambda-policy",
    "lambda-aliases",
    "lambda-alias-policy",
    "lambda-url",
    "lambda-layers",
    "lambda-layer-versions",
    "lambda-layer-policy",
    "sqs-queues",
    "sqs-attributes",
    "sns-topics",
    "sns-attributes",
    "ecr-repositories",
    "ecr-repository-policy",
    "ecr-registry-policy",
    "secrets",
    "secret-policy",
    "event-buses",
    "glue-policy",
    "glue-policies",
    "opensearch-domains",
    "opensearch-domain",
    "backup-vaults",
    "backup-vault-policy",
    "rest-apis",
    "codebuild-projects",
    "codebuild-project-policy",
    "codebuild-report-groups",
    "codebuild-report-group-policy",
    "lattice-services",
    "lattice-service-auth",
    "lattice-service-policy",
    "lattice-networks",
    "lattice-network-auth",
    "lattice-network-policy",
    "response-plans",
    "response-plan-policy",
    "contacts",
    "contact-policy",
    "dynamodb-tables",
    "dynamodb-policy",
    "kinesis-streams",
    "kinesis-policy",
    "file-systems",
    "file-system-policy",
    "logs-policies",
    "logs-destinations",
    "ses-identities",
    "ses-identity-policies",
    "private-cas",
    "private-ca-policy",
    "artifact-domains",
    "artifact-domain-policy",
    "glacier-vaults",
    "glacier-vault-policy",
    "vpc-endpoints",
    "ram-shares",
    "ram-resources",
    "ram-principals",
    "ram-associations",
    "ram-policies",
];

/// The row of a document; `None`: of no row of this family, though it may still name its resource and hold a policy.
pub fn row_of(document: &Document) -> Option<&'static str> {
    match &document.place {
        Some(place) => FAMILY.iter().find(|id| **id == place.export.id).copied(),
        None => by_content(document),
    }
}

/// Whether an object has no other fields than these.
fn only(map: &Map<String, Value>, fields: &[&str]) -> bool {
    map.keys().all(|k| fields.contains(&k.as_str()))
}

fn by_content(document: &Document) -> Option<&'static str> {
    let value = &document.value;
    let map = value.as_object()?;
    let at = |pointer: &str| value.pointer(pointer);
    let arn_at = |pointer: &str| at(pointer).and_then(Value::as_str).is_some_and(|t| Arn::parse(t).is_some());
    let wrapper = document.resource_arn.as_deref().and_then(Arn::parse);
    let of = |service: &str| wrapper.as_ref().is_some_and(|a| a.service == service);
    let is_bucket = wrapper.as_ref().is_some_and(|a| a.service == "s3" && a.account.is_empty());
    let simple = match () {
        () if at("/VpcEndpoints").is_some_and(Value::is_array) => Some("vpc-endpoints"),
        () if arn_at("/Attributes/QueueArn") => Some("sqs-attributes"),
        () if arn_at("/Attributes/TopicArn") => Some("sns-attributes"),
        () if arn_at("/DomainStatus/ARN") => Some("opensearch-domain"),
        () if at("/Buckets").is_some_and(Value::is_array) && at("/Owner/ID").is_some() => Some("buckets"),
        () if arn_at("/DomainStatusList/0/ARN") => Some(many::DOMAINS),
        () if arn_at("/EventBuses/0/Arn") => Some("event-buses"),
        () if arn_at("/Arn") && at("/Arn").and_then(Value::as_str).is_some_and(|a| a.contains(":event-bus/")) => Some("event-buses"),
        () if arn_at("/KeyMetadata/Arn") => Some("kms-key"),
        () if arn_at("/Grants/0/KeyId") || (of("kms") && at("/Grants").is_some_and(Value::is_array)) => Some("kms-grants"),
        () if arn_at("/Keys/0/KeyArn") => Some("kms-keys"),
        () if keys::is_aliases(value) => Some("kms-aliases"),
        () if arn_at("/FunctionArn") && at("/FunctionUrl").is_some() => Some("lambda-url"),
        () if arn_at("/AccessPointList/0/AccessPointArn") => Some("access-points"),
        () if arn_at("/AccessPointArn") && at("/PublicAccessBlockConfiguration").is_some() => Some("access-point"),
        () if arn_at("/AccessPoints/0/AccessPointArn") && at("/AccessPoints/0/FileSystemId").is_some() => Some(network::EFS),
        () if at("/AccessPoints/0/Regions").is_some() && document.account().is_some() => Some("multi-region-access-points"),
        () if arn_at("/ARN") && only(map, &["ARN", "Name", "ResourcePolicy", "PolicyName"]) && map.contains_key("Name") => Some("secret-policy"),
        () if arn_at("/destinations/0/arn") && at("/destinations/0/destinationName").is_some() => Some("logs-destinations"),
        () if arn_at("/resourceShares/0/resourceShareArn") => Some("ram-shares"),
        () if arn_at("/resources/0/resourceShareArn") => Some("ram-resources"),
        () if arn_at("/resourceShareAssociations/0/resourceShareArn") => Some("ram-principals"),
        () if is_bucket && at("/OwnershipControls").is_some() => Some("bucket-ownership"),
        () if is_bucket && at("/PublicAccessBlockConfiguration").is_some() => Some("bucket-block-public-access"),
        () if is_bucket && at("/Grants").is_some() => Some("bucket-acl"),
        () if is_bucket && at("/LocationConstraint").is_some() => Some("bucket-location"),
        () if is_bucket && at("/LoggingEnabled").is_some() => Some("bucket-logging"),
        () if of("ses") && at("/Policies").is_some_and(Value::is_object) => Some("ses-identity-policies"),
        () if of("logs") && at("/resourcePolicies").is_some() => Some("logs-policies"),
        () if of("glue") && at("/GetResourcePoliciesResponseList").is_some() => Some("glue-policies"),
        () if of("ssm-incidents") && at("/resourcePolicies").is_some() => Some("response-plan-policy"),
        () if wrapper.is_some() && only(map, &["policies", "nextToken"]) && at("/policies").is_some_and(Value::is_array) => Some("ram-policies"),
        () => None,
    };
    simple.or_else(|| lists::row_of(value))
}
