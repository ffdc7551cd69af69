//! The resource side of a store: policies of resources, Block Public Access, keys, VPC endpoints, shares.

use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::super::builder::Builder;
use super::super::json::{field, only_policy, policy, text};
use super::super::resource::Share;
use super::super::entry::{self, ONLY_POLICY, label};
use super::super::{AttachedDocument, Known};
use super::folder::{Folder, Part};
use crate::aws::Arn;
use crate::policy::beside::{BlockPublicAccess, VpcEndpointType, block_public_access};

/// Services (folders of the store) whose resources the store holds with their policies: no policy file beside a
/// `metadata.json` means that there is no policy. A KMS key is not among them: every key has a policy.
const WHOLE: &[&str] = &["apigateway", "backup", "ecr", "es", "events", "glue", "lambda", "secretsmanager", "sns", "sqs"];

/// What a resource's policy file holds.
fn policies(folder: &Folder, is_whole: bool, name: Option<&str>, builder: &mut Builder) -> Known<Vec<AttachedDocument>> {
    // A policy under a name that this version does not know is not "no policy".
    let other = folder.files.keys().find(|kind| kind.contains("policy") && *kind != "policy");
    let missing = match (other, folder.part("metadata")) {
        (Some(other), _) => Known::Unknown(format!("the store has {other}.json, which this version does not read")),
        (None, Part::There(..)) if is_whole => Known::Absent,
        _ => Known::Unknown("not in the store".to_owned()),
    };
    folder.known("policy", missing, |value| Ok(only_policy(name, value)), builder)
}

fn name_errors(folder: &Folder, told: &Known<Vec<AttachedDocument>>, builder: &mut Builder) {
    if let (Some(list), Some(file)) = (told.present(), folder.files.get("policy")) {
        for error in list.iter().filter_map(|p| p.document.as_ref().err()) {
            builder.problem(&file.capture.file, "", error.to_string());
        }
    }
}

fn public_access(value: &Value) -> Result<Known<BlockPublicAccess>, String> {
    match value {
        Value::Object(map) => block_public_access(map).map(Known::Present),
        _ => Err("not the settings of Block Public Access".to_owned()),
    }
}

/// Takes the files of the account itself.
pub fn of_account(account: &str, folder: &Folder, builder: &mut Builder) -> bool {
    for (kind, file) in &folder.files {
        let capture = &file.capture;
        if kind == "s3-bpa" {
            let told = folder.known(kind, Known::default(), public_access, builder);
            builder.account(account);
            builder.put_known(
                &label::account_block(account),
                capture,
                |g| &mut g.accounts.entry(account.to_owned()).or_default().evidence.block_public_access,
                told,
            );
        } else if let Some(region) = kind.strip_prefix("ecr-registry-policy.") {
            let arn = format!("arn:{}:ecr:{region}:{account}:registry", folder.spot.partition);
            let told = folder.known(kind, Known::default(), |value| Ok(only_policy(None, value)), builder);
            builder.put_known(&label::policy(&arn), capture, |g| &mut entry::resource(g, &arn, account, Some(region)).policy, told);
        }
    }
    true
}

/// Takes a bucket: `s3/<bucket>/`. Names of buckets have no capitals, so the folder's name is the bucket's.
pub fn bucket(account: &str, name: &str, folder: &Folder, builder: &mut Builder) -> bool {
    let metadata = folder.part("metadata");
    let Some(capture) = folder.files.get("metadata").or_else(|| folder.files.values().next()).map(|f| f.capture.clone()) else { return false };
    let name = percent_decode_str(name).decode_utf8_lossy().into_owned();
    let arn = format!("arn:{}:s3:::{name}", folder.spot.partition);
    let region = match metadata {
        Part::There(_, value) => text(value, "region"),
        Part::Missing | Part::Broken => None,
    };
    let told = policies(folder, true, None, builder);
    name_errors(folder, &told, builder);
    builder.put_known(&label::policy(&arn), &capture, |g| &mut entry::resource(g, &arn, account, region).policy, told);
    let missing = if matches!(metadata, Part::There(..)) { Known::Absent } else { Known::Unknown("not in the store".to_owned()) };
    let told = folder.known("bpa", missing, public_access, builder);
    builder.put_known(&label::block(&arn), &capture, |g| &mut entry::bucket(g, &name, account, region).block_public_access, told);
    true
}

/// The ARN of a resource: told by its metadata, or made from its path where no name of the service has capitals.
fn arn_of(account: &str, service: &str, region: &str, of: &[&str], folder: &Folder) -> Option<String> {
    let partition = &folder.spot.partition;
    let id = of.last().map(|id| percent_decode_str(id).decode_utf8_lossy().into_owned())?;
    // The policy of a REST API is about calls of it, not about its administration.
    if let ("apigateway", ["restapis", _]) = (service, of) {
        return Some(format!("arn:{partition}:execute-api:{region}:{account}:{id}"));
    }
    if let Part::There(_, metadata) = folder.part("metadata")
        && let Some(arn) = text(metadata, "arn").filter(|a| Arn::parse(a).is_some())
    {
        return Some(arn.to_owned());
    }
    let resource = match (service, of) {
        ("glue", ["catalog"]) => id,
        ("kms", ["key", _]) => format!("key/{id}"),
        ("ecr", ["repository", _]) => format!("repository/{id}"),
        ("es", ["domain", _]) => format!("domain/{id}"),
        ("ec2", ["vpc-endpoint", _]) => format!("vpc-endpoint/{id}"),
        ("s3", ["accesspoint", _]) => format!("accesspoint/{id}"),
        _ => return None,
    };
    Some(format!("arn:{partition}:{service}:{region}:{account}:{resource}"))
}

/// Takes a resource: `<service>/<region>/[<type>]/<id>/`.
pub fn one(account: &str, service: &str, region: &str, of: &[&str], folder: &Folder, builder: &mut Builder) -> bool {
    let Some(capture) = folder.files.get("metadata").or_else(|| folder.files.values().next()).map(|f| f.capture.clone()) else { return false };
    if let ("ec2", ["vpc-endpoint", id]) = (service, of) {
        return vpc_endpoint(account, region, id, folder, builder);
    }
    // What has neither a policy nor a place among the resources is not read.
    if !folder.files.keys().any(|k| k.contains("policy")) && !WHOLE.contains(&service) && !matches!((service, of), ("kms", ["key", _]) | ("s3", ["accesspoint", _])) {
        return false;
    }
    let Some(arn) = arn_of(account, service, region, of, folder) else {
        builder.problem(&capture.file, "", "no metadata.json with an `arn`: which resource this folder is about is not known");
        return true;
    };
    if Arn::parse(&arn).is_some_and(|a| !a.account.is_empty() && a.account != account) {
        builder.problem(&capture.file, "/arn", format!("`{arn}` is not of account {account}, whose folder it stands in"));
        return true;
    }
    let is_access_point = matches!((service, of), ("s3", ["accesspoint", _]));
    let told = policies(folder, WHOLE.contains(&service) || is_access_point, (service == "kms").then_some("default"), builder);
    name_errors(folder, &told, builder);
    builder.put_known(&label::policy(&arn), &capture, |g| &mut entry::resource(g, &arn, account, Some(region)).policy, told);
    if service == "kms" {
        entry::key(&mut builder.grants, &arn);
    }
    if is_access_point {
        let point = entry::access_point(&mut builder.grants, &arn);
        if let Part::There(_, metadata) = folder.part("metadata")
            && let Some(bucket) = text(metadata, "bucket")
            && !point.buckets.iter().any(|b| b == bucket)
        {
            point.buckets.push(bucket.to_owned());
        }
        let told = folder.known("bpa", Known::Unknown("not in the store".to_owned()), public_access, builder);
        builder.put_known(&label::block(&arn), &capture, |g| &mut entry::access_point(g, &arn).block_public_access, told);
    }
    true
}

/// Takes a VPC endpoint: `ec2/<region>/vpc-endpoint/<id>/`. Ids have no capitals.
fn vpc_endpoint(account: &str, region: &str, id: &str, folder: &Folder, builder: &mut Builder) -> bool {
    let Some(capture) = folder.files.get("metadata").or_else(|| folder.files.values().next()).map(|f| f.capture.clone()) else { return false };
    let metadata = folder.part("metadata");
    let (service, kind, missing) = match metadata {
        Part::There(_, value) => (text(value, "serviceName").or_else(|| text(value, "service")), text(value, "vpcEndpointType").or_else(|| text(value, "type")), Known::Absent),
        Part::Missing | Part::Broken => (None, None, Known::Unknown("not in the store".to_owned())),
    };
    let told = folder.known("endpoint-policy", missing, |value| Ok(policy(value).map_or(Known::Absent, |document| Known::Present(AttachedDocument { name: ONLY_POLICY.to_owned(), document }))), builder);
    if let (Some(Err(error)), Some(file)) = (told.present().map(|p| &p.document), folder.files.get("endpoint-policy")) {
        builder.problem(&file.capture.file, "", error.to_string());
    }
    builder.put_known(&label::policy(id), &capture, |g| &mut entry::vpc_endpoint(g, id, account, Some(region), service).policy, told);
    if let Some(kind) = kind {
        let kind = VpcEndpointType::parse(kind);
        builder.put(&label::of(id, "kind"), &capture, |g| &mut entry::vpc_endpoint(g, id, account, Some(region), service).kind, kind);
    }
    true
}

/// Takes what RAM shares: `ram/<region|global>/<arn>.json`, `{arn, shares, policy}`.
pub fn shared(folder: &Folder, builder: &mut Builder) -> bool {
    for file in folder.files.values() {
        let (Some(value), capture) = (&file.value, &file.capture) else { continue };
        let Some(arn) = text(value, "arn").filter(|a| Arn::parse(a).is_some()) else {
            builder.problem(&capture.file, "/arn", "not an ARN");
            continue;
        };
        if let Some(told) = field(value, "policy") {
            let told = only_policy(None, told);
            for error in told.present().into_iter().flatten().filter_map(|p| p.document.as_ref().err()) {
                builder.problem(&capture.file, "/policy", error.to_string());
            }
            builder.put_known(&label::shared(arn), capture, |g| &mut entry::resource(g, arn, "", None).shared, told);
        }
        for share in field(value, "shares").and_then(Value::as_array).into_iter().flatten() {
            let Some(share) = share.as_str().or_else(|| text(share, "arn")).or_else(|| text(share, "resourceShareArn")) else { continue };
            let owner = Arn::parse(share).map(|a| a.account.to_owned()).unwrap_or_default();
            let shares = &mut builder.grants.resources.shares;
            let known = shares.entry(share.to_owned()).or_insert_with(|| Share { arn: share.to_owned(), owner, ..Share::default() });
            if !known.resources.iter().any(|r| r == arn) {
                known.resources.push(arn.to_owned());
            }
        }
    }
    true
}
