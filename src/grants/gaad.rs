//! `get-account-authorization-details`: as the CLI prints it (documents as objects) and as the API answers it
//! (percent-encoded texts); pages are merged. Source: inputs-and-evaluation.md sections 1.1 and 1.5.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{AttachedDocument, Grants, ManagedPolicy, OwnerKind, Principal, Problem};
use crate::aws::Arn;
use crate::policy::{PolicyDocument, PolicyError, parse_document};

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Page {
    user_detail_list: Vec<Value>,
    group_detail_list: Vec<Value>,
    role_detail_list: Vec<Value>,
    policies: Vec<Value>,
    is_truncated: Option<Value>,
    marker: Option<Value>,
    #[serde(rename = "NextToken")]
    next_token: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Detail {
    arn: String,
    path: Option<String>,
    create_date: Option<Value>,
    #[serde(alias = "UserName", alias = "GroupName", alias = "RoleName")]
    name: String,
    #[serde(alias = "UserId", alias = "GroupId", alias = "RoleId")]
    id: String,
    #[serde(default, alias = "UserPolicyList", alias = "GroupPolicyList", alias = "RolePolicyList")]
    inline: Vec<Inline>,
    #[serde(default)]
    attached_managed_policies: Vec<Attached>,
    #[serde(default)]
    group_list: Vec<String>,
    permissions_boundary: Option<Boundary>,
    assume_role_policy_document: Option<Value>,
    #[serde(default)]
    tags: Vec<Tag>,
    role_last_used: Option<LastUsed>,
    #[serde(default)]
    instance_profile_list: Vec<Profile>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Inline {
    policy_name: String,
    policy_document: Value,
}

#[derive(Deserialize)]
struct Attached {
    #[serde(rename = "PolicyArn")]
    arn: String,
}

#[derive(Deserialize)]
struct Boundary {
    #[serde(rename = "PermissionsBoundaryArn")]
    arn: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tag {
    key: String,
    value: String,
}

#[derive(Deserialize)]
struct LastUsed {
    #[serde(rename = "LastUsedDate")]
    date: Option<Value>,
}

#[derive(Deserialize)]
struct Profile {
    #[serde(rename = "InstanceProfileName")]
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Policy {
    arn: String,
    policy_name: String,
    default_version_id: Option<String>,
    create_date: Option<Value>,
    #[serde(default)]
    policy_version_list: Vec<PolicyVersion>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PolicyVersion {
    version_id: Option<String>,
    #[serde(default)]
    is_default_version: bool,
    document: Option<Value>,
    create_date: Option<Value>,
}

/// Whether a JSON value is one of these exports.
#[must_use]
pub fn is_one(value: &Value) -> bool {
    ["UserDetailList", "RoleDetailList", "GroupDetailList"].iter().any(|k| value.get(k).is_some())
}

/// Epoch milliseconds of a date as the CLI writes it (ISO 8601 or epoch seconds).
#[must_use]
pub fn time_ms(value: Option<&Value>) -> Option<i64> {
    match value? {
        Value::String(text) => text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_millisecond),
        #[allow(clippy::cast_possible_truncation, reason = "epoch milliseconds of any date we accept fit")]
        Value::Number(n) => n.as_f64().map(|s| (s * 1000.0).round() as i64),
        _ => None,
    }
}

fn principal(kind: OwnerKind, detail: Detail) -> Principal {
    let mut inline: Vec<AttachedDocument> = detail
        .inline
        .into_iter()
        .map(|i| AttachedDocument { name: i.policy_name, document: parse_document(&i.policy_document) })
        .collect();
    inline.sort_by(|a, b| a.name.cmp(&b.name));
    let mut attached: Vec<String> = detail.attached_managed_policies.into_iter().map(|a| a.arn).collect();
    attached.sort();
    attached.dedup();
    let mut groups = detail.group_list;
    groups.sort();
    let mut profiles: Vec<String> = detail.instance_profile_list.into_iter().map(|p| p.name).collect();
    profiles.sort();
    Principal {
        kind,
        account: Arn::parse(&detail.arn).map(|a| a.account.to_owned()).unwrap_or_default(),
        name: detail.name,
        path: detail.path.unwrap_or_else(|| "/".to_owned()),
        arn: detail.arn,
        unique_id: detail.id,
        created_ms: time_ms(detail.create_date.as_ref()),
        inline,
        attached,
        groups,
        boundary: detail.permissions_boundary.and_then(|b| b.arn),
        trust: detail.assume_role_policy_document.map(|d| parse_document(&d)),
        tags: detail.tags.into_iter().map(|t| (t.key, t.value)).collect(),
        last_used_ms: detail.role_last_used.as_ref().and_then(|l| time_ms(l.date.as_ref())),
        last_used_known: detail.role_last_used.is_some(),
        instance_profiles: profiles,
    }
}

fn version(version: &PolicyVersion) -> Option<super::PolicyVersion> {
    Some(super::PolicyVersion {
        id: version.version_id.clone()?,
        created_ms: time_ms(version.create_date.as_ref()),
        document: version.document.as_ref().and_then(|d| parse_document(d).ok()),
    })
}

fn managed(policy: Policy) -> ManagedPolicy {
    let default = policy
        .policy_version_list
        .iter()
        .find(|v| v.is_default_version)
        .or_else(|| policy.policy_version_list.iter().find(|v| v.version_id.is_some() && v.version_id == policy.default_version_id));
    let missing = || -> Result<PolicyDocument, PolicyError> { Err(PolicyError::NotJson("the export has no default version".to_owned())) };
    ManagedPolicy {
        account: Arn::parse(&policy.arn).map(|a| a.account.to_owned()).filter(|a| a != "aws"),
        created_ms: time_ms(policy.create_date.as_ref()),
        version_created_ms: default.and_then(|v| time_ms(v.create_date.as_ref())),
        document: default.and_then(|v| v.document.as_ref()).map_or_else(missing, parse_document),
        versions: policy.policy_version_list.iter().filter_map(version).collect(),
        arn: policy.arn,
        name: policy.policy_name,
    }
}

/// Merges one export (one page) into the grants.
pub fn merge(file: &str, value: Value, grants: &mut Grants) {
    let mut problem = |pointer: &str, reason: String| {
        grants.problems.push(Problem { file: file.to_owned(), pointer: pointer.to_owned(), reason });
    };
    let page: Page = match serde_json::from_value(value) {
        Ok(page) => page,
        Err(e) => {
            problem("", format!("not account authorization details: {e}"));
            return;
        }
    };
    let said = |v: &Option<Value>| v.as_ref().is_some_and(|v| !matches!(v, Value::Null | Value::Bool(false)) && v != "false");
    let truncated = said(&page.is_truncated) || said(&page.marker) || said(&page.next_token);
    let mut principals = Vec::new();
    let lists = [
        (OwnerKind::User, "/UserDetailList", page.user_detail_list),
        (OwnerKind::Group, "/GroupDetailList", page.group_detail_list),
        (OwnerKind::Role, "/RoleDetailList", page.role_detail_list),
    ];
    for (kind, pointer, list) in lists {
        for (at, item) in list.into_iter().enumerate() {
            match serde_json::from_value::<Detail>(item) {
                Ok(detail) => principals.push(principal(kind, detail)),
                Err(e) => problem(&format!("{pointer}/{at}"), e.to_string()),
            }
        }
    }
    let mut policies = Vec::new();
    for (at, item) in page.policies.into_iter().enumerate() {
        match serde_json::from_value::<Policy>(item) {
            Ok(policy) => policies.push(managed(policy)),
            Err(e) => problem(&format!("/Policies/{at}"), e.to_string()),
        }
    }
    for p in &principals {
        for document in p.inline.iter().filter_map(|i| i.document.as_ref().err().map(|e| (&i.name, e))) {
            problem(&p.arn, format!("inline policy `{}`: {}", document.0, document.1));
        }
        if let Some(Err(e)) = &p.trust {
            problem(&p.arn, format!("trust policy: {e}"));
        }
    }
    for p in &policies {
        if let Err(e) = &p.document {
            problem(&p.arn, e.to_string());
        }
    }
    let mut ids: BTreeMap<String, usize> = BTreeMap::new();
    for p in &principals {
        *ids.entry(p.account.clone()).or_default() += 1;
    }
    for p in &policies {
        if let Some(account) = &p.account {
            *ids.entry(account.clone()).or_default() += 1;
        }
    }
    if ids.len() > 1 {
        problem("", format!("{} accounts in one file: {}", ids.len(), ids.keys().cloned().collect::<Vec<_>>().join(", ")));
    }
    if truncated {
        problem("/IsTruncated", "the export breaks off; what is missing is unknown".to_owned());
    }
    for id in ids.keys() {
        let account = grants.accounts.entry(id.clone()).or_default();
        account.complete = (!account.has_authorization_details || account.complete) && !truncated;
        account.has_authorization_details = true;
        account.id.clone_from(id);
    }
    for p in principals {
        if let Some(account) = grants.accounts.get_mut(&p.account) {
            match account.principals.iter().position(|q| q.arn == p.arn) {
                Some(at) => {
                    if let Some(old) = account.principals.get_mut(at) {
                        *old = p;
                    }
                }
                None => account.principals.push(p),
            }
        }
    }
    for p in policies {
        grants.policies.insert(p.arn.clone(), p);
    }
}
