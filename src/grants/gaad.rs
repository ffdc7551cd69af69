//! `get-account-authorization-details`: as the CLI prints it (documents as objects) and as the API answers it
//! (percent-encoded texts); pages are merged. Source: inputs-and-evaluation.md sections 1.1 and 1.5.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

use super::builder::{Builder, PrincipalTold};
use super::{AttachedDocument, Document, ManagedPolicy, OwnerKind};
use crate::aws::{Arn, is_account_id};
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

/// What such a file is called.
const KIND: &str = "account authorization details";

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

fn principal(kind: OwnerKind, detail: Detail) -> PrincipalTold {
    let account = Arn::parse(&detail.arn).map(|a| a.account.to_owned()).unwrap_or_default();
    PrincipalTold {
        path: Some(detail.path.unwrap_or_else(|| "/".to_owned())),
        unique_id: Some(detail.id),
        created_ms: time_ms(detail.create_date.as_ref()),
        inline: Some(
            detail
                .inline
                .into_iter()
                .map(|i| AttachedDocument { name: i.policy_name, document: parse_document(&i.policy_document) })
                .collect(),
        ),
        attached: Some(detail.attached_managed_policies.into_iter().map(|a| a.arn).collect()),
        groups: Some(detail.group_list),
        boundary: Some(detail.permissions_boundary.and_then(|b| b.arn)),
        trust: detail.assume_role_policy_document.map(|d| parse_document(&d)),
        tags: Some(detail.tags.into_iter().map(|t| (t.key, t.value)).collect()),
        last_used_ms: detail.role_last_used.map(|l| time_ms(l.date.as_ref())),
        instance_profiles: Some(detail.instance_profile_list.into_iter().map(|p| p.name).collect()),
        ..PrincipalTold::named(kind, &account, &detail.name, &detail.arn)
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

/// The accounts whose users, roles or policies a text names, whatever it is.
#[must_use]
pub fn accounts_in(text: &str) -> BTreeSet<String> {
    text.split(":iam::").skip(1).filter_map(|rest| rest.get(..12)).filter(|id| is_account_id(id)).map(str::to_owned).collect()
}

/// Takes one export (one page).
pub fn take(document: &Document, builder: &mut Builder) -> Option<&'static str> {
    if !is_one(&document.value) {
        return None;
    }
    let file = document.file();
    let page: Page = match Page::deserialize(&document.value) {
        Ok(page) => page,
        Err(e) => {
            builder.problem(file, "", format!("not account authorization details: {e}"));
            accounts_in(&document.value.to_string()).iter().for_each(|id| builder.breaks_off(id));
            return Some(KIND);
        }
    };
    let said = |v: &Option<Value>| v.as_ref().is_some_and(|v| !matches!(v, Value::Null | Value::Bool(false)) && v != "false");
    let truncated = said(&page.is_truncated) || said(&page.marker) || said(&page.next_token);
    let mut accounts: BTreeSet<String> = BTreeSet::new();
    let mut whole = !truncated;
    let lists = [
        (OwnerKind::User, "/UserDetailList", page.user_detail_list),
        (OwnerKind::Group, "/GroupDetailList", page.group_detail_list),
        (OwnerKind::Role, "/RoleDetailList", page.role_detail_list),
    ];
    for (kind, pointer, list) in lists {
        for (at, item) in list.into_iter().enumerate() {
            match serde_json::from_value::<Detail>(item) {
                Ok(detail) => {
                    let told = principal(kind, detail);
                    name_problems(file, &told, builder);
                    accounts.insert(told.account.clone());
                    builder.principal(&document.capture, told);
                }
                Err(e) => {
                    whole = false;
                    builder.problem(file, &format!("{pointer}/{at}"), e.to_string());
                }
            }
        }
    }
    for (at, item) in page.policies.into_iter().enumerate() {
        match serde_json::from_value::<Policy>(item) {
            Ok(policy) => {
                let policy = managed(policy);
                if let Err(e) = &policy.document {
                    builder.problem(file, &policy.arn, e.to_string());
                }
                accounts.extend(policy.account.clone());
                builder.policy(&document.capture, policy);
            }
            Err(e) => {
                whole = false;
                builder.problem(file, &format!("/Policies/{at}"), e.to_string());
            }
        }
    }
    if accounts.len() > 1 {
        let names = accounts.iter().cloned().collect::<Vec<_>>().join(", ");
        builder.problem(file, "", format!("{} accounts in one file: {names}", accounts.len()));
    }
    if truncated {
        builder.problem(file, "/IsTruncated", "the export breaks off; what is missing is unknown");
    }
    for id in &accounts {
        let account = builder.account(id);
        account.has_authorization_details = true;
        account.captured_ms = account.captured_ms.max(document.capture.at_ms);
        if whole {
            builder.lists_all(id, &document.capture);
        } else {
            builder.breaks_off(id);
        }
    }
    Some(KIND)
}

/// Names the documents of a principal that cannot be read.
pub(super) fn name_problems(file: &str, told: &PrincipalTold, builder: &mut Builder) {
    for (name, error) in told.inline.iter().flatten().filter_map(|i| i.document.as_ref().err().map(|e| (&i.name, e))) {
        builder.problem(file, &told.arn, format!("inline policy `{name}`: {error}"));
    }
    if let Some(Err(e)) = &told.trust {
        builder.problem(file, &told.arn, format!("trust policy: {e}"));
    }
}
