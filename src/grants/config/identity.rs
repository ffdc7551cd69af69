//! `AWS::IAM::User`, `Group`, `Role` and `Policy`: keys in lowerCamel, documents percent-encoded. Only customer managed
//! policies are recorded. Source: inputs-and-evaluation.md section 1.1.

use serde_json::Value;

use super::super::builder::{Builder, PrincipalTold};
use super::super::gaad::{name_problems, time_ms};
use super::super::json::{field, tags, text};
use super::super::{AttachedDocument, ManagedPolicy, OwnerKind};
use super::item::Item;
use crate::aws::Arn;
use crate::policy::{PolicyDocument, PolicyError, parse_document};

/// Whether items of a type are read here.
pub fn is_read(kind: &str) -> bool {
    matches!(kind, "AWS::IAM::User" | "AWS::IAM::Group" | "AWS::IAM::Role" | "AWS::IAM::Policy")
}

/// Takes an item that is there.
pub fn take(item: &Item, builder: &mut Builder) {
    let kind = match item.kind.as_str() {
        "AWS::IAM::User" => OwnerKind::User,
        "AWS::IAM::Group" => OwnerKind::Group,
        "AWS::IAM::Role" => OwnerKind::Role,
        _ => return policy(item, builder),
    };
    if item.configuration.is_null() {
        return item.problem("/configuration", "missing", builder);
    }
    let configuration = &item.configuration;
    let key = |suffix: &str| format!("{}{suffix}", kind.as_str());
    let name = text(configuration, &key("Name")).or(item.name.as_deref());
    let arn = item.arn();
    let (Some(arn), Some(name)) = (arn.as_deref().filter(|a| Arn::parse(a).is_some_and(|a| a.service == "iam")), name) else {
        return item.problem("/arn", "no ARN or no name: whom the item is about is not known", builder);
    };
    let account = Arn::parse(arn).map(|a| a.account.to_owned()).unwrap_or_default();
    let mut told = PrincipalTold {
        path: text(configuration, "path").map(str::to_owned),
        unique_id: text(configuration, &key("Id")).or(item.id.as_deref()).map(str::to_owned),
        created_ms: time_ms(field(configuration, "createDate")),
        inline: list(item, &key("PolicyList"), inline, builder),
        attached: list(item, "attachedManagedPolicies", |p| text(p, "policyArn").map(str::to_owned), builder),
        tags: [&item.tags, field(configuration, "tags").unwrap_or(&Value::Null)].into_iter().filter(|t| !t.is_null()).find_map(tags),
        ..PrincipalTold::named(kind, &account, name, arn)
    };
    match kind {
        OwnerKind::User => {
            told.groups = list(item, "groupList", |g| g.as_str().map(str::to_owned), builder);
            told.boundary = boundary(item, builder);
        }
        OwnerKind::Role => {
            told.boundary = boundary(item, builder);
            told.trust = field(configuration, "assumeRolePolicyDocument").filter(|d| !d.is_null()).map(parse_document);
            told.instance_profiles = list(item, "instanceProfileList", |p| text(p, "instanceProfileName").map(str::to_owned), builder);
        }
        OwnerKind::Group | OwnerKind::Policy | OwnerKind::PermissionSet => {}
    }
    let mut problems = Vec::new();
    name_problems(&told, &mut problems);
    problems.iter().for_each(|(arn, why)| builder.problem(&item.capture.file, arn, why.as_str()));
    builder.principal(&item.capture, told);
}

/// A list of the configuration. One that is null is empty; one that is not there, or of which an element cannot be read,
/// is not told.
fn list<T>(item: &Item, key: &str, read: impl Fn(&Value) -> Option<T>, builder: &mut Builder) -> Option<Vec<T>> {
    let pointer = format!("/configuration/{key}");
    match field(&item.configuration, key)? {
        Value::Null => Some(Vec::new()),
        Value::Array(list) => {
            let all: Option<Vec<T>> = list.iter().map(read).collect();
            if all.is_none() {
                item.problem(&pointer, "an element is not as AWS Config writes it", builder);
            }
            all
        }
        _ => {
            item.problem(&pointer, "not a list", builder);
            None
        }
    }
}

fn missing() -> Result<PolicyDocument, PolicyError> {
    Err(PolicyError::NotJson("the item has no document".to_owned()))
}

fn inline(value: &Value) -> Option<AttachedDocument> {
    let document = field(value, "policyDocument").filter(|d| !d.is_null()).map_or_else(missing, parse_document);
    Some(AttachedDocument { name: text(value, "policyName")?.to_owned(), document })
}

/// The boundary is told where the item has the field; items of users may lack it.
fn boundary(item: &Item, builder: &mut Builder) -> Option<Option<String>> {
    match field(&item.configuration, "permissionsBoundary")? {
        Value::Null => Some(None),
        value => {
            let arn = text(value, "permissionsBoundaryArn").map(str::to_owned);
            if arn.is_none() {
                item.problem("/configuration/permissionsBoundary", "no `permissionsBoundaryArn`", builder);
                return None;
            }
            Some(arn)
        }
    }
}

/// Takes a customer managed policy: the default version counts.
fn policy(item: &Item, builder: &mut Builder) {
    let configuration = &item.configuration;
    if configuration.is_null() {
        return item.problem("/configuration", "missing", builder);
    }
    let Some(arn) = item.arn() else { return item.problem("/arn", "missing: which policy the item is about is not known", builder) };
    let versions = field(configuration, "policyVersionList").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let default_id = text(configuration, "defaultVersionId");
    let default = versions
        .iter()
        .find(|v| field(v, "isDefaultVersion") == Some(&Value::Bool(true)))
        .or_else(|| versions.iter().find(|v| default_id.is_some() && text(v, "versionId") == default_id));
    let document = default.and_then(|v| field(v, "document")).filter(|d| !d.is_null()).map_or_else(missing, parse_document);
    if let Err(e) = &document {
        item.problem("/configuration/policyVersionList", &e.to_string(), builder);
    }
    let parsed = Arn::parse(&arn);
    let policy = ManagedPolicy {
        name: text(configuration, "policyName").or(item.name.as_deref()).or(parsed.map(|a| a.name())).unwrap_or_default().to_owned(),
        account: parsed.map(|a| a.account.to_owned()).filter(|a| a != "aws"),
        created_ms: time_ms(field(configuration, "createDate")),
        version_created_ms: default.and_then(|v| time_ms(field(v, "createDate"))),
        document,
        versions: Vec::new(),
        arn: arn.clone(),
    };
    builder.policy(&item.capture, policy);
}
