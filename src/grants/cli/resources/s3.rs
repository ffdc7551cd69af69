//! S3: buckets, ACLs, Block Public Access, Object Ownership, access points.
//! Source: inputs-and-evaluation.md sections 1.1 and 1.2; S3 and S3 Control API references.

use serde_json::{Map, Value};

use super::super::super::builder::{Builder, Failure};
use super::super::super::entry::label;
use super::super::super::resource::Acl;
use super::super::super::resource_told::bucket_arn;
use super::super::super::{Capture, Document, Known};
use super::lists;
use super::subject::{self, objects, text};
use crate::aws::{Arn, partition_of_region};
use crate::policy::beside::{BlockPublicAccess, ObjectOwnership, acl_grant, block_public_access};

/// Takes an output of this file; `Some(false)` for something else in its place.
pub fn take(row: &str, document: &Document, builder: &mut Builder) -> Option<bool> {
    let taken = match row {
        "buckets" => buckets(document, builder),
        "account-block-public-access" => account_block(document, builder),
        "bucket-acl" => acl(document, builder),
        "bucket-block-public-access" => bucket_block(document, builder),
        "bucket-ownership" => ownership(document, builder),
        "bucket-location" => location(document, builder),
        "bucket-logging" => logging(document, builder),
        "access-points" => points(document, builder),
        "access-point" => point(document, builder),
        "multi-region-access-points" => multi_region_points(document, builder),
        _ => return None,
    };
    Some(taken.is_some())
}

/// The bucket that a document is about: of its place, or of the wrapper's ARN.
fn bucket_name(document: &Document) -> Option<String> {
    let of_place = document.place.as_ref().and_then(|p| p.part("bucket")).map(str::to_owned);
    of_place.or_else(|| document.resource_arn.as_deref().and_then(Arn::parse).filter(|a| a.service == "s3").map(|a| a.resource.to_owned()))
}

/// `list-buckets`: the account's buckets, and its canonical user id as their owner.
fn buckets(document: &Document, builder: &mut Builder) -> Option<()> {
    let list = objects(&document.value, "Buckets")?;
    subject::nameless(document, "/Buckets", "Name", builder);
    let account = document.account();
    for bucket in list {
        let Some(name) = text(bucket, "Name") else { continue };
        builder.bucket(&document.capture, name, account.as_deref());
        if let Some(region) = text(bucket, "BucketRegion") {
            put_region(name, region, &document.capture, builder);
        }
    }
    if let (Some(owner), Some(account)) = (document.value.pointer("/Owner/ID").and_then(Value::as_str), account) {
        builder.account(&account);
        builder.put(
            &format!("canonical user id of {account}"),
            &document.capture,
            |g| &mut g.accounts.entry(account.clone()).or_default().evidence.canonical_user,
            Some(owner.to_owned()),
        );
    }
    lists::read(document, builder);
    Some(())
}

/// Where a bucket is, and so its resource.
fn put_region(name: &str, region: &str, capture: &Capture, builder: &mut Builder) {
    let what = format!("{}: region", bucket_arn("aws", name));
    builder.put(&what, capture, |g| &mut g.resources.buckets.entry(name.to_owned()).or_default().region, Some(region.to_owned()));
    let region = builder.grants.resources.buckets.get(name).and_then(|b| b.region.clone());
    if let Some(resource) = builder.grants.resources.by_arn.get_mut(&bucket_arn("aws", name)) {
        resource.region = region;
    }
}

/// The four switches of an output; what is not understood is a problem and unknown.
fn block(document: &Document, value: Option<&Value>, pointer: &str, builder: &mut Builder) -> Known<BlockPublicAccess> {
    match value {
        None | Some(Value::Null) => Known::Absent,
        Some(Value::Object(map)) => unsound(document, pointer, block_public_access(map), builder),
        Some(_) => unsound(document, pointer, Err("not an object".to_owned()), builder),
    }
}

fn unsound<T>(document: &Document, pointer: &str, read: Result<T, String>, builder: &mut Builder) -> Known<T> {
    match read {
        Ok(value) => Known::Present(value),
        Err(e) => {
            builder.problem(document.file(), pointer, e.clone());
            Known::Unknown(format!("the export cannot be read: {e}"))
        }
    }
}

fn account_block(document: &Document, builder: &mut Builder) -> Option<()> {
    let value = document.value.get("PublicAccessBlockConfiguration")?;
    let account = document.account()?;
    let block = block(document, Some(value), "/PublicAccessBlockConfiguration", builder);
    put_account_block(&account, &document.capture, block, builder);
    Some(())
}

fn put_account_block(account: &str, capture: &Capture, block: Known<BlockPublicAccess>, builder: &mut Builder) {
    builder.account(account);
    builder.put_known(&label::account_block(account), capture, |g| &mut g.accounts.entry(account.to_owned()).or_default().evidence.block_public_access, block);
}

fn bucket_block(document: &Document, builder: &mut Builder) -> Option<()> {
    let value = document.value.get("PublicAccessBlockConfiguration")?;
    let name = bucket_name(document)?;
    let block = block(document, Some(value), "/PublicAccessBlockConfiguration", builder);
    builder.bucket_fact(&document.capture, &name, document.account().as_deref(), BLOCK, |b| &mut b.block_public_access, block);
    Some(())
}

/// The words for facts of a bucket; every loader that tells them uses the same.
pub const BLOCK: &str = "Block Public Access";
const ACL: &str = "ACL";
const OWNERSHIP: &str = "Object Ownership";
const LOGS: &str = "server access logs";

/// `get-bucket-acl`. A grant that is not understood leaves the whole ACL unknown.
fn acl(document: &Document, builder: &mut Builder) -> Option<()> {
    let grants = objects(&document.value, "Grants")?;
    let name = bucket_name(document)?;
    let read: Result<Vec<_>, String> = grants.into_iter().map(acl_grant).collect();
    let owner = document.value.pointer("/Owner/ID").and_then(Value::as_str).map(str::to_owned);
    let acl = unsound(document, "/Grants", read, builder).map(|grants| Acl { owner, grants });
    builder.bucket_fact(&document.capture, &name, document.account().as_deref(), ACL, |b| &mut b.acl, acl);
    Some(())
}

fn ownership(document: &Document, builder: &mut Builder) -> Option<()> {
    let rules = document.value.pointer("/OwnershipControls/Rules")?.as_array()?;
    let name = bucket_name(document)?;
    let word = rules.first().and_then(|r| r.get("ObjectOwnership")).and_then(Value::as_str);
    let ownership = match word {
        None => Known::Absent,
        Some(word) => {
            let read = ObjectOwnership::parse(word).ok_or_else(|| format!("`{word}` is no Object Ownership"));
            unsound(document, "/OwnershipControls/Rules/0", read, builder)
        }
    };
    builder.bucket_fact(&document.capture, &name, document.account().as_deref(), OWNERSHIP, |b| &mut b.ownership, ownership);
    Some(())
}

/// `get-bucket-location`: nothing for us-east-1, `EU` for eu-west-1 (S3 API reference, GetBucketLocation).
fn location(document: &Document, builder: &mut Builder) -> Option<()> {
    let value = document.value.get("LocationConstraint")?;
    let name = bucket_name(document)?;
    let region = match value.as_str() {
        None | Some("" | "null" | "None" | "US") => "us-east-1",
        Some("EU") => "eu-west-1",
        Some(region) => region,
    };
    builder.bucket(&document.capture, &name, document.account().as_deref());
    put_region(&name, region, &document.capture, builder);
    Some(())
}

/// `get-bucket-logging`: an empty answer where no logs are kept.
fn logging(document: &Document, builder: &mut Builder) -> Option<()> {
    let map = document.value.as_object()?;
    let name = bucket_name(document)?;
    let to = match map.get("LoggingEnabled") {
        Some(Value::Object(on)) => Known::Present(text(on, "TargetBucket")?.to_owned()),
        Some(Value::Null) => Known::Absent,
        None if map.is_empty() => Known::Absent,
        _ => return None,
    };
    builder.bucket_fact(&document.capture, &name, document.account().as_deref(), LOGS, |b| &mut b.logs_to, to);
    Some(())
}

/// The ARN of an access point: told, or made from its name and where it was asked for.
fn point_arn(document: &Document, map: &Map<String, Value>) -> Option<String> {
    if let Some(arn) = text(map, "AccessPointArn") {
        return Some(arn.to_owned());
    }
    let (account, region) = (document.account(), document.region());
    subject::arn_of_item("access-point", text(map, "Name")?, account.as_deref(), region.as_deref())
}

fn note_point(document: &Document, map: &Map<String, Value>, builder: &mut Builder) -> Option<String> {
    let arn = point_arn(document, map)?;
    subject::checked(document, &arn, builder);
    builder.access_point(&arn, text(map, "Name").unwrap_or_default());
    if let Some(bucket) = text(map, "Bucket") {
        put_buckets(&arn, vec![bucket.to_owned()], &document.capture, builder);
    }
    let point = builder.access_point(&arn, text(map, "Name").unwrap_or_default());
    if let Some(alias) = text(map, "Alias") {
        point.alias = Some(alias.to_owned());
    }
    if let Some(vpc) = map.get("VpcConfiguration").and_then(Value::as_object).and_then(|v| text(v, "VpcId")) {
        point.vpc = Some(vpc.to_owned());
    }
    Some(arn)
}

fn put_buckets(arn: &str, buckets: Vec<String>, capture: &Capture, builder: &mut Builder) {
    let what = format!("{arn}: buckets");
    builder.put(&what, capture, |g| &mut g.resources.access_points.entry(arn.to_owned()).or_default().buckets, buckets);
}

fn points(document: &Document, builder: &mut Builder) -> Option<()> {
    let list = objects(&document.value, "AccessPointList")?;
    subject::nameless(document, "/AccessPointList", "Name", builder);
    for map in list {
        note_point(document, map, builder);
    }
    lists::read(document, builder);
    Some(())
}

fn point(document: &Document, builder: &mut Builder) -> Option<()> {
    let map = document.value.as_object()?;
    text(map, "Bucket")?;
    let arn = note_point(document, map, builder)?;
    let block = block(document, map.get("PublicAccessBlockConfiguration"), "/PublicAccessBlockConfiguration", builder);
    put_point_block(&arn, &document.capture, block, builder);
    Some(())
}

fn put_point_block(arn: &str, capture: &Capture, block: Known<BlockPublicAccess>, builder: &mut Builder) {
    let what = format!("{arn}: {BLOCK}");
    builder.put_known(&what, capture, |g| &mut g.resources.access_points.entry(arn.to_owned()).or_default().block_public_access, block);
}

/// `list-multi-region-access-points`. The ARN has the alias and no region: `arn:aws:s3::ACCOUNT:accesspoint/ALIAS`.
fn multi_region_points(document: &Document, builder: &mut Builder) -> Option<()> {
    let list = objects(&document.value, "AccessPoints")?;
    subject::nameless(document, "/AccessPoints", "Alias", builder);
    let account = document.account()?;
    for map in list {
        let Some(alias) = text(map, "Alias") else { continue };
        let buckets: Vec<String> = map
            .get("Regions")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|r| r.get("Bucket").and_then(Value::as_str).map(str::to_owned))
            .collect();
        let region = map.get("Regions").and_then(|r| r.pointer("/0/Region")).and_then(Value::as_str).unwrap_or_default();
        let arn = format!("arn:{}:s3::{account}:accesspoint/{alias}", partition_of_region(region));
        builder.access_point(&arn, text(map, "Name").unwrap_or_default()).alias = Some(alias.to_owned());
        put_buckets(&arn, buckets, &document.capture, builder);
        let block = block(document, map.get("PublicAccessBlock"), "/AccessPoints", builder);
        put_point_block(&arn, &document.capture, block, builder);
    }
    lists::read(document, builder);
    Some(())
}

/// What is known where the command failed.
pub fn failed(row: &str, failure: &Failure, builder: &mut Builder) {
    let (place, capture) = (&failure.place, &failure.capture);
    if row == "account-block-public-access"
        && let Some(account) = place.account()
    {
        return put_account_block(account, capture, failure.answer(), builder);
    }
    if row == "access-point"
        && let Some(arn) = subject::of_failure(row, failure)
    {
        builder.access_point(&arn, place.item().unwrap_or_default());
        return put_point_block(&arn, capture, failure.answer(), builder);
    }
    let Some(bucket) = place.part("bucket") else { return };
    let account = place.account();
    match row {
        "bucket-acl" => builder.bucket_fact(capture, bucket, account, ACL, |b| &mut b.acl, failure.answer()),
        "bucket-block-public-access" => {
            builder.bucket_fact(capture, bucket, account, BLOCK, |b| &mut b.block_public_access, failure.answer());
        }
        "bucket-ownership" => builder.bucket_fact(capture, bucket, account, OWNERSHIP, |b| &mut b.ownership, failure.answer()),
        "bucket-logging" => builder.bucket_fact(capture, bucket, account, LOGS, |b| &mut b.logs_to, failure.answer()),
        _ => {}
    }
}
