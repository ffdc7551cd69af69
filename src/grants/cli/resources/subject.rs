//! What a document or a failed command is about: the ARN, by what the output names, the wrapper, or the place and the
//! item's name.

use serde_json::Value;

use super::super::super::builder::{Builder, Failure};
use super::super::super::resource_told::{bucket_arn, scope_arn};
use super::super::super::Document;
use crate::aws::{Arn, is_account_id, partition_of_region};

/// Things that lists give by name: a word of the row's id, the service, and what stands before the name in the ARN.
const NAMED: &[(&str, &str, &str)] = &[
    ("codebuild-project", "codebuild", "project/"),
    ("dynamodb-", "dynamodb", "table/"),
    ("ses-identit", "ses", "identity/"),
    ("opensearch-domain", "es", "domain/"),
    ("kinesis-", "kinesis", "stream/"),
    ("file-system", "elasticfilesystem", "file-system/"),
    ("rest-apis", "execute-api", ""),
    ("access-point", "s3", "accesspoint/"),
];

/// The ARN of an item of a row: itself, or made from its name. Source: Service Authorization Reference, resource types.
pub fn arn_of_item(row: &str, item: &str, account: Option<&str>, region: Option<&str>) -> Option<String> {
    if Arn::parse(item).is_some() {
        return Some(item.to_owned());
    }
    if row.starts_with("bucket-") {
        return Some(bucket_arn("aws", item));
    }
    if row.starts_with("sqs-") {
        return queue_arn(item, region);
    }
    let (account, region) = (account?, region?);
    let scope = match row {
        "logs-policies" => Some("logs"),
        "glue-policy" | "glue-policies" => Some("glue"),
        "ecr-registry-policy" => Some("ecr"),
        _ => None,
    };
    if let Some(service) = scope {
        return scope_arn(service, account, region);
    }
    let (_, service, kind) = NAMED.iter().find(|(word, _, _)| row.starts_with(word))?;
    (!item.is_empty()).then(|| format!("arn:{}:{service}:{region}:{account}:{kind}{item}", partition_of_region(region)))
}

/// `https://sqs.REGION.amazonaws.com/ACCOUNT/NAME`, the older forms of the host, and endpoints of one's own.
fn queue_arn(url: &str, region: Option<&str>) -> Option<String> {
    let mut parts = url.split_once("://")?.1.split('/');
    let (host, account, name) = (parts.next()?, parts.next()?, parts.next()?);
    let of_host = host.split('.').find(|p| p.matches('-').count() >= 2);
    let region = region.or(of_host)?;
    (is_account_id(account) && !name.is_empty()).then(|| format!("arn:{}:sqs:{region}:{account}:{name}", partition_of_region(region)))
}

/// The ARN that a document is about. `own` is what the output itself names.
pub fn of(row: &str, document: &Document, own: Option<&str>, builder: &mut Builder) -> Option<String> {
    let account = document.account();
    let region = document.region();
    let make = |item: &str| arn_of_item(row, item, account.as_deref(), region.as_deref());
    let wrapper = document.resource_arn.as_deref().and_then(make);
    let own = own.and_then(make);
    if let (Some(own), Some(wrapper)) = (&own, &wrapper)
        && own != wrapper
    {
        builder.problem(document.file(), own, format!("the wrapper says that it is of {wrapper}"));
    }
    let of_place = || document.place.as_ref().filter(|p| !p.export.wrapped).and_then(|p| make(p.item().unwrap_or_default()));
    let arn = own.or(wrapper).or_else(of_place);
    match &arn {
        Some(arn) => checked(document, arn, builder),
        None if document.place.is_some() => {
            builder.problem(document.file(), "/resourceArn", "nothing names what it is of: not used");
        }
        None => {}
    }
    arn
}

/// The same for a command that failed.
pub fn of_failure(row: &str, failure: &Failure) -> Option<String> {
    let item = failure.resource_arn.as_deref().or_else(|| failure.place.item()).unwrap_or_default();
    arn_of_item(row, item, failure.place.account(), failure.place.region())
}

/// Names an ARN that does not fit where it was found; what it tells counts under the ARN all the same.
pub fn checked(document: &Document, arn: &str, builder: &mut Builder) {
    let Some(parsed) = Arn::parse(arn) else { return };
    builder.loose.seen(&document.capture, arn);
    if !parsed.region.is_empty() && partition_of_region(parsed.region) != parsed.partition {
        builder.problem(document.file(), arn, format!("region {} is not in partition {}", parsed.region, parsed.partition));
    }
    let Some(place) = &document.place else { return };
    // Lists of VPC Lattice name what other accounts share, too (API reference, ListServices).
    let foreign = is_account_id(parsed.account) && place.account().is_some_and(|a| a != parsed.account);
    if foreign && !place.export.id.starts_with("lattice-") {
        builder.problem(document.file(), arn, format!("of account {}, in the export of account {}", parsed.account, place.account().unwrap_or_default()));
    }
    let elsewhere = !parsed.region.is_empty() && place.region().is_some_and(|r| r != parsed.region);
    if elsewhere {
        builder.problem(document.file(), arn, format!("of region {}, in the export of region {}", parsed.region, place.region().unwrap_or_default()));
    }
}

/// The list of objects of a field.
pub fn objects<'v>(value: &'v Value, field: &str) -> Option<Vec<&'v serde_json::Map<String, Value>>> {
    value.get(field)?.as_array().map(|list| list.iter().filter_map(Value::as_object).collect())
}

/// The text of a field; an empty one is none.
pub fn text<'v>(map: &'v serde_json::Map<String, Value>, field: &str) -> Option<&'v str> {
    map.get(field).and_then(Value::as_str).filter(|t| !t.is_empty())
}

/// Names the items of a list that lack what must name them.
pub fn nameless(document: &Document, pointer: &str, field: &str, builder: &mut Builder) {
    let list = document.value.pointer(pointer).and_then(Value::as_array);
    for (at, _) in list.into_iter().flatten().enumerate().filter(|(_, v)| v.get(field).and_then(Value::as_str).is_none_or(str::is_empty)) {
        builder.problem(document.file(), &format!("{pointer}/{at}"), format!("no {field}: not used"));
    }
}

/// Whether an output breaks off. The API's markers of a further page, by every name that a row's service gives them.
pub fn breaks_off(value: &Value) -> bool {
    let token = |key: &str| value.get(key).is_some_and(|v| !matches!(v, Value::Null | Value::Bool(false)) && v != "");
    let flag = |key: &str| value.get(key).is_some_and(|v| v == true || v == "true");
    ["NextToken", "nextToken", "NextMarker", "ContinuationToken", "NextContinuationToken", "LastEvaluatedTableName", "position"].iter().any(|k| token(k))
        || ["IsTruncated", "Truncated", "HasMoreStreams"].iter().any(|k| flag(k))
        // `Marker` of EFS is where this page began; the page after it is `NextMarker`.
        || (token("Marker") && value.get("FileSystems").is_none())
}

/// What is said of a list that breaks off.
pub const BROKEN_OFF: &str = "the export breaks off; what is missing is unknown";

