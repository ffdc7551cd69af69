//! Policies of resources, keys and VPC endpoints. Source: inputs-and-evaluation.md sections 1.2 and 1.3; AWS Config
//! resource schemas (`AWS::<type>.properties.json`).

use serde_json::Value;

use super::super::builder::Builder;
use super::super::json::{field, only_policy, policy, text};
use super::super::entry::{self, ONLY_POLICY, label};
use super::super::{AttachedDocument, Known};
use super::item::Item;
use super::s3;
use crate::policy::beside::VpcEndpointType;

/// Which part of an item has the policy.
#[derive(Clone, Copy)]
enum In {
    Configuration,
    Supplementary,
}

/// Type of resource, part of the item, field.
const POLICIES: &[(&str, In, &str)] = &[
    ("AWS::Backup::BackupVault", In::Configuration, "AccessPolicy"),
    ("AWS::ECR::RegistryPolicy", In::Configuration, "PolicyText"),
    ("AWS::ECR::Repository", In::Configuration, "RepositoryPolicyText"),
    ("AWS::EFS::FileSystem", In::Configuration, "FileSystemPolicy"),
    ("AWS::Elasticsearch::Domain", In::Configuration, "accessPolicies"),
    ("AWS::Events::EventBus", In::Configuration, "Policy"),
    ("AWS::KMS::Key", In::Supplementary, "Policy"),
    ("AWS::Lambda::Function", In::Supplementary, "Policy"),
    ("AWS::OpenSearch::Domain", In::Configuration, "AccessPolicies"),
    ("AWS::S3::AccessPoint", In::Configuration, "Policy"),
    ("AWS::S3::Bucket", In::Supplementary, "BucketPolicy"),
    ("AWS::SNS::Topic", In::Configuration, "Policy"),
    ("AWS::SQS::Queue", In::Configuration, "Policy"),
];

fn row(kind: &str) -> Option<(In, &'static str)> {
    POLICIES.iter().find(|(k, ..)| *k == kind).map(|(_, part, field)| (*part, *field))
}

/// Whether items of a type are read here.
pub fn is_read(kind: &str) -> bool {
    row(kind).is_some() || matches!(kind, "AWS::EC2::VPCEndpoint" | "AWS::S3::AccountPublicAccessBlock")
}

/// Takes an item that is there.
pub fn take(item: &Item, builder: &mut Builder) {
    match item.kind.as_str() {
        "AWS::EC2::VPCEndpoint" => return vpc_endpoint(item, builder),
        "AWS::S3::AccountPublicAccessBlock" => return s3::of_account(item, builder),
        _ => {}
    }
    let Some((part, name)) = row(&item.kind) else { return };
    let Some(arn) = item.arn() else { return item.problem("/arn", "missing: which resource the item is about is not known", builder) };
    let region = item.region.as_deref();
    let (value, pointer) = match part {
        In::Configuration => (&item.configuration, "/configuration"),
        In::Supplementary => (&item.supplementary, "/supplementaryConfiguration"),
    };
    if let Some(value) = field(value, name) {
        let told = only_policy((item.kind == "AWS::KMS::Key").then_some("default"), value);
        for error in told.present().into_iter().flatten().filter_map(|p| p.document.as_ref().err()) {
            item.problem(&format!("{pointer}/{name}"), &error.to_string(), builder);
        }
        builder.put_known(&label::policy(&arn), &item.capture, |g| &mut entry::resource(g, &arn, &item.account, region).policy, told);
    } else {
        entry::resource(&mut builder.grants, &arn, &item.account, region);
    }
    match item.kind.as_str() {
        "AWS::KMS::Key" => key(item, &arn, builder),
        "AWS::S3::Bucket" => s3::bucket(item, &arn, builder),
        "AWS::S3::AccessPoint" => s3::access_point(item, &arn, builder),
        _ => {}
    }
}

/// The end of something that is a setting, not a thing: from then on it is known not to be there.
pub fn ended_setting(item: &Item, builder: &mut Builder) -> bool {
    match item.kind.as_str() {
        "AWS::S3::AccountPublicAccessBlock" => s3::put_of_account(item, Known::Absent, builder),
        "AWS::ECR::RegistryPolicy" => {
            let Some(arn) = item.arn() else { return false };
            let slot = &item.region;
            builder.put_known(&label::policy(&arn), &item.capture, |g| &mut entry::resource(g, &arn, &item.account, slot.as_deref()).policy, Known::Absent);
        }
        _ => return false,
    }
    true
}

fn key(item: &Item, arn: &str, builder: &mut Builder) {
    entry::key(&mut builder.grants, arn);
    if let Some(manager) = text(&item.configuration, "keyManager") {
        builder.put_known(&label::of(arn, "manager"), &item.capture, |g| &mut entry::key(g, arn).manager, Known::Present(manager.to_owned()));
    }
    if let Some(state) = text(&item.configuration, "keyState") {
        builder.put(&label::of(arn, "state"), &item.capture, |g| &mut entry::key(g, arn).state, Some(state.to_owned()));
    }
}

fn vpc_endpoint(item: &Item, builder: &mut Builder) {
    let configuration = &item.configuration;
    let Some(id) = text(configuration, "vpcEndpointId").or(item.id.as_deref()) else {
        return item.problem("/resourceId", "missing: which VPC endpoint the item is about is not known", builder);
    };
    let owner = text(configuration, "ownerId").unwrap_or(&item.account);
    let (region, service) = (item.region.as_deref(), text(configuration, "serviceName"));
    if let Some(kind) = text(configuration, "vpcEndpointType") {
        let kind = VpcEndpointType::parse(kind);
        builder.put(&label::of(id, "kind"), &item.capture, |g| &mut entry::vpc_endpoint(g, id, owner, region, service).kind, kind);
    }
    if let Some(value) = field(configuration, "policyDocument") {
        let told = document(value);
        if let Some(Err(error)) = told.present().map(|p| &p.document) {
            item.problem("/configuration/policyDocument", &error.to_string(), builder);
        }
        builder.put_known(&label::policy(id), &item.capture, |g| &mut entry::vpc_endpoint(g, id, owner, region, service).policy, told);
    }
}

fn document(value: &Value) -> Known<AttachedDocument> {
    policy(value).map_or(Known::Absent, |document| Known::Present(AttachedDocument { name: ONLY_POLICY.to_owned(), document }))
}
