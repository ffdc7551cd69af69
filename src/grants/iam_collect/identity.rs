//! Users, groups, roles and managed policies of a store.

use serde_json::Value;

use super::super::builder::{Builder, PrincipalTold};
use super::super::gaad::{name_problems, time_ms};
use super::super::json::{field, is_nothing, tags, text};
use super::super::{AttachedDocument, ManagedPolicy, OwnerKind};
use super::folder::{Folder, Part};
use crate::aws::Arn;
use crate::policy::{PolicyError, parse_document};

/// Takes a user, group or role: `iam/<kind>/<name>/`. Whether it tells of one; `None`: the folder is of something else.
pub fn principal(account: &str, kind: &str, folder: &Folder, builder: &mut Builder) -> Option<bool> {
    let kind = match kind {
        "user" => OwnerKind::User,
        "group" => OwnerKind::Group,
        "role" => OwnerKind::Role,
        _ => return None,
    };
    let Some((capture, metadata)) = folder.metadata(builder) else { return Some(false) };
    let Some((arn, name)) = text(metadata, "arn").zip(text(metadata, "name")) else {
        builder.problem(&capture.file, "", "no `arn` or no `name`: whom this folder is about is not known");
        return Some(false);
    };
    let of_arn = Arn::parse(arn).map(|a| a.account);
    if of_arn != Some(account) {
        builder.problem(&capture.file, "/arn", format!("`{arn}` is not of account {account}, whose folder it stands in"));
        return Some(false);
    }
    let mut told = PrincipalTold {
        path: text(metadata, "path").map(str::to_owned),
        unique_id: text(metadata, "id").map(str::to_owned),
        created_ms: time_ms(field(metadata, "created")),
        inline: inline(folder, builder),
        attached: folder.texts("managed-policies", builder),
        tags: match folder.part("tags") {
            Part::There(_, value) => tags(value),
            Part::Missing => tags(&Value::Null),
            Part::Broken => None,
        },
        ..PrincipalTold::named(kind, account, name, arn)
    };
    match kind {
        OwnerKind::User => {
            // ARNs of groups; a group's name is what follows its path.
            told.groups = folder.texts("groups", builder).map(|all| all.iter().map(|a| a.rsplit('/').next().unwrap_or(a).to_owned()).collect());
            told.boundary = boundary(&capture.file, metadata, builder);
        }
        OwnerKind::Role => {
            told.boundary = boundary(&capture.file, metadata, builder);
            // Every role has a trust policy: one that is not there is not told.
            if let Part::There(_, value) = folder.part("trust-policy") {
                told.trust = Some(parse_document(value));
            }
        }
        OwnerKind::Group | OwnerKind::Policy | OwnerKind::PermissionSet => {}
    }
    let mut problems = Vec::new();
    name_problems(&told, &mut problems);
    problems.iter().for_each(|(arn, why)| builder.problem(&capture.file, arn, why.as_str()));
    builder.principal(capture, told);
    Some(true)
}

fn boundary(file: &str, metadata: &Value, builder: &mut Builder) -> Option<Option<String>> {
    match field(metadata, "permissionBoundary") {
        None | Some(Value::Null) => Some(None),
        Some(Value::String(arn)) => Some(Some(arn.clone()).filter(|a| !a.is_empty())),
        Some(_) => {
            builder.problem(file, "/permissionBoundary", "not a text");
            None
        }
    }
}

/// `[{PolicyName, PolicyDocument}]`. A list that cannot be read in full is not told at all.
fn inline(folder: &Folder, builder: &mut Builder) -> Option<Vec<AttachedDocument>> {
    let (capture, value) = match folder.part("inline-policies") {
        Part::Missing => return Some(Vec::new()),
        Part::Broken => return None,
        Part::There(capture, value) => (capture, value),
    };
    if is_nothing(value) {
        return Some(Vec::new());
    }
    let Some(list) = value.as_array() else {
        builder.problem(&capture.file, "", "not a list of policies");
        return None;
    };
    let mut policies = Vec::new();
    for (at, item) in list.iter().enumerate() {
        let Some(name) = text(item, "PolicyName") else {
            builder.problem(&capture.file, &format!("/{at}/PolicyName"), "not a text");
            return None;
        };
        let missing = || Err(PolicyError::NotJson("the store has no document".to_owned()));
        policies.push(AttachedDocument { name: name.to_owned(), document: field(item, "PolicyDocument").map_or_else(missing, parse_document) });
    }
    Some(policies)
}

/// Takes a managed policy: `iam/policy/<name>/`, AWS's own `iam/aws/policy/<name>/`.
pub fn policy(folder: &Folder, builder: &mut Builder) -> bool {
    let Some((capture, metadata)) = folder.metadata(builder) else { return true };
    let Some(arn) = text(metadata, "arn") else {
        builder.problem(&capture.file, "/arn", "not a text: which policy this is, is not known");
        return true;
    };
    let Some(parsed) = Arn::parse(arn).filter(|a| a.resource.starts_with("policy/")) else {
        builder.problem(&capture.file, "/arn", format!("`{arn}` is not the ARN of a policy"));
        return true;
    };
    let document = match folder.part("current-policy") {
        Part::There(_, value) => parse_document(value),
        Part::Missing => Err(PolicyError::NotJson("the store has no current policy".to_owned())),
        Part::Broken => Err(PolicyError::NotJson("current-policy.json cannot be read".to_owned())),
    };
    if let Err(e) = &document {
        builder.problem(&capture.file, arn, e.to_string());
    }
    let policy = ManagedPolicy {
        arn: arn.to_owned(),
        name: text(metadata, "name").unwrap_or_else(|| parsed.name()).to_owned(),
        account: Some(parsed.account.to_owned()).filter(|a| a != "aws"),
        created_ms: time_ms(field(metadata, "created")),
        version_created_ms: None,
        document,
        versions: Vec::new(),
    };
    builder.policy(capture, policy);
    true
}
