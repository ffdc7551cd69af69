//! Lists that name resources: from them it is known that something exists, and, where the whole list is there, that what it
//! does not name did not.

use serde_json::Value;

use super::super::super::builder::{Builder, Failure};
use super::super::super::{Document, Known};
use super::subject;
use crate::aws::Arn;

/// One kind of list: row, list in the output, field of the ARN or name. Source: API reference of each service; botocore's
/// models.
const LISTS: &[(&str, &str, &str)] = &[
    ("lambda-functions", "/Functions", "FunctionArn"),
    ("lambda-aliases", "/Aliases", "AliasArn"),
    // The newest version of each; every version has a policy of its own.
    ("lambda-layers", "/Layers", "/LatestMatchingVersion/LayerVersionArn"),
    ("lambda-layer-versions", "/LayerVersions", "LayerVersionArn"),
    ("sns-topics", "/Topics", "TopicArn"),
    ("ecr-repositories", "/repositories", "repositoryArn"),
    ("secrets", "/SecretList", "ARN"),
    ("opensearch-domains", "/DomainNames", "DomainName"),
    ("backup-vaults", "/BackupVaultList", "BackupVaultArn"),
    ("lattice-services", "/items", "arn"),
    ("lattice-networks", "/items", "arn"),
    ("response-plans", "/responsePlanSummaries", "arn"),
    ("contacts", "/Contacts", "ContactArn"),
    ("kinesis-streams", "/StreamSummaries", "StreamARN"),
    ("file-systems", "/FileSystems", "FileSystemArn"),
    ("ses-identities", "/EmailIdentities", "IdentityName"),
    ("private-cas", "/CertificateAuthorities", "Arn"),
    ("artifact-domains", "/domains", "arn"),
    ("glacier-vaults", "/VaultList", "VaultARN"),
    // Lists of texts.
    ("sqs-queues", "/QueueUrls", ""),
    ("codebuild-projects", "/projects", ""),
    ("codebuild-report-groups", "/reportGroups", ""),
    ("dynamodb-tables", "/TableNames", ""),
    ("kinesis-streams", "/StreamNames", ""),
];

/// Lists of which one answer is not the whole: asked for once for each of something, or of newest versions only.
const OF_ITEMS: &[&str] = &["lambda-aliases", "lambda-layers", "lambda-layer-versions"];

/// Lists that other files of this folder read.
const ELSEWHERE: &[&str] = &[
    "buckets",
    "access-points",
    "multi-region-access-points",
    "kms-keys",
    "kms-aliases",
    "event-buses",
    "rest-apis",
    "logs-destinations",
    "vpc-endpoints",
    "ram-shares",
    "ram-resources",
];

/// The row whose list an output is, by its field and an ARN in it.
pub fn row_of(value: &Value) -> Option<&'static str> {
    LISTS.iter().filter(|(_, _, field)| !field.is_empty()).find_map(|(row, list, field)| {
        let first = value.pointer(list)?.as_array()?.first().and_then(|item| named(item, field))?;
        let arn = Arn::parse(first)?;
        let fits = match *row {
            "lattice-services" => arn.resource.starts_with("service/"),
            "lattice-networks" => arn.resource.starts_with("servicenetwork/"),
            "lambda-aliases" => arn.service == "lambda",
            _ => true,
        };
        fits.then_some(*row)
    })
}

/// The ARN or name of an item: itself, a field of it, or what a pointer leads to.
fn named<'v>(item: &'v Value, field: &str) -> Option<&'v str> {
    let value = match field {
        "" => Some(item),
        pointer if pointer.starts_with('/') => item.pointer(pointer),
        field => item.get(field),
    };
    value.and_then(Value::as_str).filter(|t| !t.is_empty())
}

/// Notes that a list was read, wholly or not. A list without a place may be a part of one.
pub fn read(document: &Document, builder: &mut Builder) {
    if let Some(place) = &document.place {
        let breaks_off = subject::breaks_off(&document.value);
        builder.loose.list(&document.capture, place.list_key(&place.export.id), breaks_off);
    } else if subject::breaks_off(&document.value) {
        builder.problem(document.file(), "", subject::BROKEN_OFF);
    }
}

/// Takes an empty answer in the place of a list: some commands print nothing where there is nothing, and that stands in a
/// bundle as an empty object.
pub fn nothing(row: &str, document: &Document, builder: &mut Builder) -> Option<bool> {
    let is_empty = document.place.is_some() && document.value.as_object().is_some_and(serde_json::Map::is_empty);
    if !is_empty || !is_list(row) {
        return None;
    }
    if !OF_ITEMS.contains(&row) {
        read(document, builder);
    }
    Some(true)
}

fn is_list(row: &str) -> bool {
    LISTS.iter().any(|(id, _, _)| *id == row) || ELSEWHERE.contains(&row)
}

/// Takes a list of this file; `Some(false)` for something else in its place.
pub fn take(row: &str, document: &Document, builder: &mut Builder) -> Option<bool> {
    let mut of_row = LISTS.iter().filter(|(id, _, _)| *id == row).peekable();
    of_row.peek()?;
    let found = of_row.find_map(|(_, list, field)| Some((list, field, document.value.pointer(list)?.as_array()?)));
    let Some((pointer, field, list)) = found else { return Some(false) };
    let (account, region) = (document.account(), document.region());
    let mut nameless = 0_usize;
    for item in list {
        let name = named(item, field);
        match name.and_then(|name| subject::arn_of_item(row, name, account.as_deref(), region.as_deref())) {
            Some(arn) => {
                subject::checked(document, &arn, builder);
                builder.resource(&arn, account.as_deref());
            }
            None => nameless += 1,
        }
    }
    if nameless > 0 {
        builder.problem(document.file(), pointer, format!("{nameless} items that nothing names: not used"));
    }
    if OF_ITEMS.contains(&row) {
        if subject::breaks_off(&document.value) {
            builder.problem(document.file(), "", subject::BROKEN_OFF);
        }
    } else {
        read(document, builder);
    }
    Some(true)
}

/// Notes that a list could not be had.
pub fn failed(row: &str, failure: &Failure, builder: &mut Builder) {
    if is_list(row) && !OF_ITEMS.contains(&row) {
        let key = failure.place.list_key(&failure.place.export.id);
        let what = format!("list {} of {} {}", key.export, key.account, key.region);
        // Where AWS says that there is no such thing, there is nothing to list.
        let answer = if failure.why.is_none() { Known::Present(()) } else { failure.answer() };
        builder.put_known(&what, &failure.capture, |g| g.resources.lists.entry(key).or_default(), answer);
    }
}
