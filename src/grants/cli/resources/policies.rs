//! Outputs that hold the policy of one resource.

use serde_json::Value;

use super::super::super::builder::{Builder, Failure};
use super::super::super::encoded::attached;
use super::super::super::{Document, Known};
use super::loose::{Named, Slot};
use super::subject;
use crate::aws::Arn;

/// One kind of output. Source: API reference of each service; botocore's models.
pub struct Row {
    /// Id in the table of exports.
    pub id: &'static str,
    /// Where the policy stands.
    policy: &'static str,
    /// Where the output names the resource; empty where it does not.
    arn: &'static str,
    /// Whether the command answers without a policy where there is none; the others fail then.
    may_lack: bool,
    slot: Slot,
}

const fn row(id: &'static str, policy: &'static str) -> Row {
    Row { id, policy, arn: "", may_lack: false, slot: Slot::Own }
}

const fn lacking(id: &'static str, policy: &'static str, arn: &'static str) -> Row {
    Row { id, policy, arn, may_lack: true, slot: Slot::Own }
}

const ROWS: &[Row] = &[
    row("bucket-policy", "/Policy"),
    row("access-point-policy", "/Policy"),
    lacking("multi-region-access-point-policy", "/Policy/Established/Policy", ""),
    row("kms-key-policy", "/Policy"),
    row("lambda-policy", "/Policy"),
    row("lambda-alias-policy", "/Policy"),
    row("lambda-layer-policy", "/Policy"),
    lacking("sqs-attributes", "/Attributes/Policy", "/Attributes/QueueArn"),
    lacking("sns-attributes", "/Attributes/Policy", "/Attributes/TopicArn"),
    row("ecr-repository-policy", "/policyText"),
    row("ecr-registry-policy", "/policyText"),
    lacking("secret-policy", "/ResourcePolicy", "/ARN"),
    lacking("glue-policy", "/PolicyInJson", ""),
    lacking("opensearch-domain", "/DomainStatus/AccessPolicies", "/DomainStatus/ARN"),
    Row { id: "backup-vault-policy", policy: "/Policy", arn: "/BackupVaultArn", may_lack: false, slot: Slot::Own },
    row("codebuild-project-policy", "/policy"),
    row("codebuild-report-group-policy", "/policy"),
    lacking("lattice-service-auth", "/policy", ""),
    lacking("lattice-network-auth", "/policy", ""),
    // Must be as RAM would write it (VPC Lattice API reference, PutResourcePolicy).
    Row { id: "lattice-service-policy", policy: "/policy", arn: "", may_lack: true, slot: Slot::Shared },
    Row { id: "lattice-network-policy", policy: "/policy", arn: "", may_lack: true, slot: Slot::Shared },
    Row { id: "contact-policy", policy: "/Policy", arn: "/ContactArn", may_lack: true, slot: Slot::Own },
    row("dynamodb-policy", "/Policy"),
    row("kinesis-policy", "/Policy"),
    row("file-system-policy", "/Policy"),
    row("private-ca-policy", "/Policy"),
    Row { id: "artifact-domain-policy", policy: "/policy/document", arn: "/policy/resourceArn", may_lack: false, slot: Slot::Own },
    row("glacier-vault-policy", "/policy/Policy"),
];

/// Where outputs of services without a row of their own have the policy.
const USUAL: &[&str] = &[
    "/Policy",
    "/policy",
    "/ResourcePolicy",
    "/resourcePolicy",
    "/PolicyDocument",
    "/policyDocument",
    "/policyText",
    "/PolicyText",
    "/AccessPolicies",
    "/accessPolicy",
    "/AuthPolicy",
    "/authPolicy",
    "/PolicyInJson",
    "/s3AccessPolicy",
    "/policy/document",
    "/policy/Policy",
    "/Policy/Established/Policy",
    "/policy/deliveryDestinationPolicy",
    "/DomainStatus/AccessPolicies",
    "/DomainConfig/AccessPolicies/Options",
    "/Attributes/Policy",
];

/// Where such outputs name the resource.
const OWN_NAMES: &[&str] = &[
    "/ResourceArn",
    "/resourceArn",
    "/ResourceARN",
    "/ARN",
    "/Arn",
    "/arn",
    "/policy/resourceArn",
    "/DomainStatus/ARN",
    "/BackupVaultArn",
    "/ContactArn",
    "/s3AccessPointArn",
];

/// Services whose documents are no resource policies, or stand elsewhere.
const NO_RESOURCES: &[&str] = &["iam", "sts", "sso", "organizations", "cloudformation", "access-analyzer"];

/// The row of an id.
fn of(id: &str) -> Option<&'static Row> {
    ROWS.iter().find(|r| r.id == id)
}

fn text_at<'v>(value: &'v Value, pointer: &str) -> Option<&'v str> {
    if pointer.is_empty() { None } else { value.pointer(pointer).and_then(Value::as_str).filter(|t| !t.is_empty()) }
}

/// The policy's own name, where the service gives it one.
fn name(value: &Value) -> &str {
    let named = text_at(value, "/PolicyName").unwrap_or("policy");
    // An auth policy does nothing while the service has no authentication (VPC Lattice API reference, GetAuthPolicy).
    if text_at(value, "/state") == Some("Inactive") { "policy (inactive)" } else { named }
}

/// Takes an output of this file; `Some(false)` for something else in its place.
pub fn take(id: &str, document: &Document, builder: &mut Builder) -> Option<bool> {
    let row = of(id)?;
    let value = &document.value;
    let found = value.pointer(row.policy);
    let own = text_at(value, row.arn);
    // Without a policy it must at least be about something.
    let is_about = if row.arn.is_empty() { is_empty_answer(value) } else { own.is_some() };
    let is_one = found.is_some() || (row.may_lack && is_about && !value.get("Error").is_some_and(Value::is_object));
    if !is_one {
        return Some(false);
    }
    let policy = found.map_or(Known::Absent, |found| attached(name(value), found));
    if id == "multi-region-access-point-policy" {
        if let Some((account, name)) = document.place.as_ref().and_then(|p| Some((p.account()?, p.item()?))) {
            let named = Named { capture: document.capture.clone(), account: account.to_owned(), name: name.to_owned(), policy };
            builder.loose.named.push(named);
        }
        return Some(true);
    }
    if id == "bucket-policy"
        && let Some(bucket) = document.place.as_ref().and_then(|p| p.part("bucket"))
    {
        builder.bucket(&document.capture, bucket, document.account().as_deref());
    }
    if let Some(arn) = subject::of(id, document, own, builder) {
        put(row.slot, document, &arn, policy, builder);
    }
    Some(true)
}

/// Whether an answer that has no policy and names nothing has no other fields than such an answer may have: anything else in
/// its place, an error most of all, tells nothing (VPC Lattice and S3 Control API references).
fn is_empty_answer(value: &Value) -> bool {
    const FIELDS: &[&str] = &["Policy", "policy", "state", "createdAt", "lastUpdatedAt", "ResponseMetadata"];
    value.as_object().is_some_and(|map| map.keys().all(|key| FIELDS.contains(&key.as_str())))
}

fn put(slot: Slot, document: &Document, arn: &str, policy: Known<Vec<super::super::super::AttachedDocument>>, builder: &mut Builder) {
    let account = document.account();
    match slot {
        Slot::Own => builder.resource_policy(&document.capture, arn, account.as_deref(), policy),
        Slot::Shared => builder.resource_shared(&document.capture, arn, account.as_deref(), policy),
    }
}

/// Takes the policy of any resource that the wrapper or the output names, of whatever service.
pub fn any(document: &Document, builder: &mut Builder) -> Option<&'static str> {
    if document.place.is_some() {
        return None;
    }
    let value = &document.value;
    let own = OWN_NAMES.iter().find_map(|p| text_at(value, p)).filter(|t| Arn::parse(t).is_some());
    let arn = own.or_else(|| document.resource_arn.as_deref().filter(|t| Arn::parse(t).is_some()))?.to_owned();
    let service = Arn::parse(&arn)?.service;
    if NO_RESOURCES.contains(&service) {
        return None;
    }
    let found = USUAL.iter().find_map(|p| value.pointer(p).filter(|v| is_document(v)))?;
    let policy = attached(name(value), found);
    subject::of("", document, own, builder);
    // What VPC Lattice answers without a state is the policy of a share.
    let slot = if service == "vpc-lattice" && value.get("state").is_none() { Slot::Shared } else { Slot::Own };
    if service == "s3"
        && let Some(bucket) = Arn::parse(&arn).filter(|a| a.account.is_empty()).map(|a| a.resource)
    {
        builder.bucket(&document.capture, bucket, document.account().as_deref());
    }
    put(slot, document, &arn, policy, builder);
    Some("resource policy")
}

/// Whether a value may be a document: a text, nothing, or an object that is not a wrapper of one.
fn is_document(value: &Value) -> bool {
    match value {
        Value::String(_) | Value::Null => true,
        Value::Object(map) => map.is_empty() || map.contains_key("Statement"),
        _ => false,
    }
}

/// What is known where the command failed.
pub fn failed(id: &str, failure: &Failure, builder: &mut Builder) {
    let Some(row) = of(id) else { return };
    let place = &failure.place;
    if id == "multi-region-access-point-policy" {
        if let (Some(account), Some(name)) = (place.account(), place.item()) {
            let named = Named { capture: failure.capture.clone(), account: account.to_owned(), name: name.to_owned(), policy: failure.answer() };
            builder.loose.named.push(named);
        }
        return;
    }
    if let Some(bucket) = place.part("bucket") {
        builder.bucket(&failure.capture, bucket, place.account());
    }
    let Some(arn) = subject::of_failure(id, failure) else {
        let what = format!("`{}` failed, and nothing names what it was about", place.export.call());
        return builder.problem(&failure.capture.file, place.item().unwrap_or_default(), what);
    };
    match row.slot {
        Slot::Own => builder.resource_policy(&failure.capture, &arn, place.account(), failure.answer()),
        Slot::Shared => builder.resource_shared(&failure.capture, &arn, place.account(), failure.answer()),
    }
}
