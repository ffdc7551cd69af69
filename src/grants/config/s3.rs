//! S3 beside policies: ACLs, Block Public Access, Object Ownership. Their JSON stands in texts, ACLs in texts in texts;
//! AWS Config writes them as the SDK for Java does. Source: inputs-and-evaluation.md sections 1.1 and 1.2.

use serde_json::{Map, Value, json};

use super::super::builder::Builder;
use super::super::json::{decoded, field, is_nothing, text};
use super::super::resource::Acl;
use super::super::Known;
use super::super::entry::{self, label};
use super::item::Item;
use crate::aws::is_account_id;
use crate::policy::beside::{AclGrant, BlockPublicAccess, ObjectOwnership, acl_grant, block_public_access};

/// What a bucket's item tells beside its policy.
pub fn bucket(item: &Item, arn: &str, builder: &mut Builder) {
    let Some(name) = arn.rsplit(':').next() else { return };
    let (account, region) = (item.account.as_str(), item.region.as_deref());
    entry::bucket(&mut builder.grants, name, account, region);
    let slot = |part: &str| field(&item.supplementary, part).map(decoded);
    if let Some(value) = slot("AccessControlList") {
        let told = read(item, "AccessControlList", &value, acl, builder);
        builder.put_known(&label::of(arn, "ACL"), &item.capture, |g| &mut entry::bucket(g, name, account, region).acl, told);
    }
    if let Some(value) = slot("PublicAccessBlockConfiguration") {
        let told = read(item, "PublicAccessBlockConfiguration", &value, public_access, builder);
        builder.put_known(&label::block(arn), &item.capture, |g| &mut entry::bucket(g, name, account, region).block_public_access, told);
    }
    if let Some((part, value)) = ["OwnershipControls", "BucketOwnershipControls"].iter().find_map(|p| Some((*p, slot(p)?))) {
        let told = read(item, part, &value, ownership, builder);
        builder.put_known(&label::of(arn, "Object Ownership"), &item.capture, |g| &mut entry::bucket(g, name, account, region).ownership, told);
    }
    if let Some(value) = slot("BucketLoggingConfiguration") {
        let told = text(&value, "destinationBucketName").map_or(Known::Absent, |b| Known::Present(b.to_owned()));
        builder.put_known(&label::of(arn, "server access logs"), &item.capture, |g| &mut entry::bucket(g, name, account, region).logs_to, told);
    }
}

/// A part of the supplementary configuration; a problem where it cannot be read.
fn read<T>(item: &Item, part: &str, value: &Value, read: impl Fn(&Value) -> Result<T, String>, builder: &mut Builder) -> Known<T> {
    if is_nothing(value) {
        return Known::Absent;
    }
    match read(value) {
        Ok(value) => Known::Present(value),
        Err(why) => {
            item.problem(&format!("/supplementaryConfiguration/{part}"), &why, builder);
            Known::Unknown(why)
        }
    }
}

/// What an access point's item tells beside its policy.
pub fn access_point(item: &Item, arn: &str, builder: &mut Builder) {
    let point = entry::access_point(&mut builder.grants, arn);
    if let Some(bucket) = text(&item.configuration, "Bucket")
        && !point.buckets.iter().any(|b| b == bucket)
    {
        point.buckets.push(bucket.to_owned());
    }
    if point.vpc.is_none() {
        point.vpc = field(&item.configuration, "VpcConfiguration").and_then(|v| text(v, "VpcId")).map(str::to_owned);
    }
    if let Some(value) = field(&item.configuration, "PublicAccessBlockConfiguration").map(decoded) {
        let told = if is_nothing(&value) { Ok(Known::Absent) } else { public_access(&value).map(Known::Present) };
        let told = told.unwrap_or_else(|why| {
            item.problem("/configuration/PublicAccessBlockConfiguration", &why, builder);
            Known::Unknown(why)
        });
        builder.put_known(&label::block(arn), &item.capture, |g| &mut entry::access_point(g, arn).block_public_access, told);
    }
}

/// Takes the account's own Block Public Access.
pub fn of_account(item: &Item, builder: &mut Builder) {
    match public_access(&item.configuration) {
        Ok(block) => put_of_account(item, Known::Present(block), builder),
        Err(why) => item.problem("/configuration", &why, builder),
    }
}

/// Puts what is known of the account's own Block Public Access.
pub fn put_of_account(item: &Item, told: Known<BlockPublicAccess>, builder: &mut Builder) {
    let account = if item.account.is_empty() { item.id.as_deref().unwrap_or_default() } else { &item.account };
    if !is_account_id(account) {
        return item.problem("/awsAccountId", "missing: whose setting this is, is not known", builder);
    }
    builder.account(account);
    builder.put_known(
        &label::account_block(account),
        &item.capture,
        |g| &mut g.accounts.entry(account.to_owned()).or_default().evidence.block_public_access,
        told,
    );
}

/// The four switches. Only they are read: AWS Config may write more beside them.
fn public_access(value: &Value) -> Result<BlockPublicAccess, String> {
    let names = ["blockPublicAcls", "ignorePublicAcls", "blockPublicPolicy", "restrictPublicBuckets"];
    let found: Map<String, Value> = names.iter().filter_map(|n| Some(((*n).to_owned(), field(value, n)?.clone()))).filter(|(_, v)| !v.is_null()).collect();
    if found.is_empty() {
        return Err("no setting of Block Public Access".to_owned());
    }
    block_public_access(&found)
}

/// `{"rules": [{"objectOwnership": …}]}`.
fn ownership(value: &Value) -> Result<ObjectOwnership, String> {
    let rule = field(value, "rules").and_then(Value::as_array).and_then(|r| r.first()).unwrap_or(value);
    let word = text(rule, "objectOwnership").or_else(|| text(rule, "ownership")).ok_or("no Object Ownership")?;
    ObjectOwnership::parse(word).ok_or_else(|| format!("`{word}` is no Object Ownership"))
}

/// `{"grantSet": null, "grantList": [{"grantee": {"id": …} | "AllUsers", "permission": "FullControl"}], "owner": {"id": …}}`.
fn acl(value: &Value) -> Result<Acl, String> {
    let mut grants: Vec<AclGrant> = Vec::new();
    let lists = ["grantList", "grantSet", "grants"].iter().filter_map(|name| field(value, name)).filter(|list| !list.is_null());
    let mut is_there = false;
    for list in lists {
        is_there = true;
        for grant in list.as_array().ok_or("grants: not a list")? {
            let read = grant_of(grant)?;
            if !grants.contains(&read) {
                grants.push(read);
            }
        }
    }
    if !is_there {
        return Err("no list of grants".to_owned());
    }
    Ok(Acl { owner: field(value, "owner").and_then(|o| text(o, "id")).map(str::to_owned), grants })
}

/// One grant, put as the S3 API has it.
fn grant_of(grant: &Value) -> Result<AclGrant, String> {
    let grantee = field(grant, "grantee").ok_or("a grant without grantee")?;
    let group = grantee.as_str().or_else(|| ["uri", "identifier", "groupUri"].iter().find_map(|k| text(grantee, k)));
    let grantee = match (group, text(grantee, "id")) {
        (Some(group), _) if group.contains("/global/") || group.contains("://") => json!({"URI": group}),
        (Some(group), _) => json!({"URI": format!("http://acs.amazonaws.com/groups/global/{group}")}),
        (None, Some(id)) => json!({"ID": id}),
        (None, None) => return Err("a grantee without id".to_owned()),
    };
    let permission = text(grant, "permission").ok_or("a grant without permission")?;
    let permission = match permission.to_ascii_lowercase().replace('_', "").as_str() {
        "read" => "READ",
        "write" => "WRITE",
        "readacp" => "READ_ACP",
        "writeacp" => "WRITE_ACP",
        "fullcontrol" => "FULL_CONTROL",
        _ => permission,
    }
    .to_owned();
    let grant: Map<String, Value> = [("Grantee".to_owned(), grantee), ("Permission".to_owned(), json!(permission))].into_iter().collect();
    acl_grant(&grant)
}
