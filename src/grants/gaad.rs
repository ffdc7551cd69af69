//! `get-account-authorization-details`: as the CLI prints it (documents as objects) and as the API answers it
//! (percent-encoded texts); pages are merged. Source: inputs-and-evaluation.md sections 1.1 and 1.5.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::builder::{Builder, PrincipalTold};
use super::{AttachedDocument, Capture, Document, ManagedPolicy, OwnerKind};
use crate::aws::{Arn, is_account_id};
use crate::policy::{PolicyDocument, PolicyError, parse_document};

/// A page. Its items stay text until it is their turn: as one tree a large account would take ten times its size.
#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Page<'t> {
    #[serde(borrow)]
    user_detail_list: Option<Vec<&'t RawValue>>,
    #[serde(borrow)]
    group_detail_list: Option<Vec<&'t RawValue>>,
    #[serde(borrow)]
    role_detail_list: Option<Vec<&'t RawValue>>,
    #[serde(borrow)]
    policies: Option<Vec<&'t RawValue>>,
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
    #[serde(rename = "Arn")]
    arn: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Policy {
    arn: String,
    policy_name: Option<String>,
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
pub const KIND: &str = "account authorization details";

/// All four lists of such a file.
pub const ALL_LISTS: u8 = 0b1111;

/// Lists of such a file.
const LISTS: [&str; 3] = ["UserDetailList", "RoleDetailList", "GroupDetailList"];

/// What one page tells.
#[derive(Default)]
pub struct Told {
    principals: Vec<PrincipalTold>,
    policies: Vec<ManagedPolicy>,
    /// JSON pointer or ARN, and what is wrong there.
    problems: Vec<(String, String)>,
    /// ARNs of everything that the page is about.
    pub arns: BTreeSet<String>,
    truncated: bool,
    /// Which of the four lists the page has.
    lists: u8,
    /// Whether an item could not be read.
    broken: bool,
}

impl Told {
    /// The accounts that the page is about.
    fn accounts(&self) -> BTreeSet<String> {
        let of_policies = self.policies.iter().filter_map(|p| p.account.clone());
        self.principals.iter().map(|p| p.account.clone()).chain(of_policies).filter(|a| is_account_id(a)).collect()
    }
}

/// Whether a JSON value is one of these exports.
#[must_use]
pub fn is_one(value: &Value) -> bool {
    LISTS.iter().any(|k| value.get(k).is_some())
}

/// Whether a text may hold one of these exports.
#[must_use]
pub fn may_be_one(text: &str) -> bool {
    LISTS.iter().any(|k| text.contains(k))
}

/// Epoch milliseconds of a date as the CLI writes it (ISO 8601 or epoch seconds).
#[must_use]
pub fn time_ms(value: Option<&Value>) -> Option<i64> {
    match value? {
        Value::String(text) => text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_millisecond),
        #[allow(clippy::cast_possible_truncation, reason = "epoch milliseconds of any date we accept fit")]
        Value::Number(n) => {
            let ms = n.as_f64().map(|s| (s * 1000.0).round() as i64)?;
            jiff::Timestamp::from_millisecond(ms).ok().map(jiff::Timestamp::as_millisecond)
        }
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
        // A date that cannot be read is not the same as none.
        last_used_ms: detail.role_last_used.map(|l| (time_ms(l.date.as_ref()), l.date)).filter(|(at, date)| at.is_some() || date.is_none()).map(|(at, _)| at),
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
        name: policy.policy_name.or_else(|| Arn::parse(&policy.arn).map(|a| a.name().to_owned())).unwrap_or_default(),
        arn: policy.arn,
    }
}

/// Reads one page from its JSON text; nothing where it is something else. Needs nothing but the text, so that pages can be
/// read side by side.
///
/// # Errors
/// When the text is not JSON, or one of the lists is no list.
pub fn read(text: &str) -> Result<Option<Told>, serde_json::Error> {
    let page: Page<'_> = serde_json::from_str(text)?;
    if page.user_detail_list.is_none() && page.group_detail_list.is_none() && page.role_detail_list.is_none() {
        return Ok(None);
    }
    let said = |v: &Option<Value>| v.as_ref().is_some_and(|v| !matches!(v, Value::Null | Value::Bool(false)) && v != "false");
    let mut told = Told { truncated: said(&page.is_truncated) || said(&page.marker) || said(&page.next_token), ..Told::default() };
    let has = [page.user_detail_list.is_some(), page.group_detail_list.is_some(), page.role_detail_list.is_some(), page.policies.is_some()];
    told.lists = has.into_iter().fold(0, |all, one| all << 1 | u8::from(one));
    let mut strangers = Vec::new();
    let lists = [
        (OwnerKind::User, "/UserDetailList", page.user_detail_list),
        (OwnerKind::Group, "/GroupDetailList", page.group_detail_list),
        (OwnerKind::Role, "/RoleDetailList", page.role_detail_list),
    ];
    for (kind, pointer, list) in lists {
        for (at, item) in list.into_iter().flatten().enumerate() {
            match serde_json::from_str::<Detail>(item.get()) {
                Ok(detail) if !Arn::parse(&detail.arn).is_some_and(|a| is_account_id(a.account)) => {
                    strangers.push((format!("{pointer}/{at}"), principal(kind, detail)));
                }
                Ok(detail) => {
                    if detail.role_last_used.as_ref().and_then(|l| l.date.as_ref()).is_some_and(|date| time_ms(Some(date)).is_none()) {
                        told.problems.push((detail.arn.clone(), "RoleLastUsed: not a time".to_owned()));
                    }
                    told.arns.extend(detail.instance_profile_list.iter().filter_map(|p| p.arn.clone()));
                    let principal = principal(kind, detail);
                    name_problems(&principal, &mut told.problems);
                    told.arns.insert(principal.arn.clone());
                    told.principals.push(principal);
                }
                Err(e) => {
                    told.broken = true;
                    told.problems.push((format!("{pointer}/{at}"), of_item(&e)));
                }
            }
        }
    }
    for (at, item) in page.policies.into_iter().flatten().enumerate() {
        match serde_json::from_str::<Policy>(item.get()) {
            Ok(policy) => {
                let policy = managed(policy);
                if let Err(e) = &policy.document {
                    told.problems.push((policy.arn.clone(), e.to_string()));
                }
                told.arns.insert(policy.arn.clone());
                told.policies.push(policy);
            }
            Err(e) => {
                told.broken = true;
                told.problems.push((format!("/Policies/{at}"), of_item(&e)));
            }
        }
    }
    for (pointer, stranger) in strangers {
        told.stranger(&pointer, stranger);
    }
    Ok(Some(told))
}

impl Told {
    /// A user, group or role whose ARN names no account (exports that were made anonymous): one of the only account that the
    /// page names, or of nobody knows which.
    fn stranger(&mut self, pointer: &str, mut principal: PrincipalTold) {
        let accounts = self.accounts();
        match (Arn::parse(&principal.arn).is_some(), accounts.first()) {
            (true, Some(account)) if accounts.len() == 1 => {
                self.problems.push((pointer.to_owned(), format!("its ARN names no account: taken for one of {account}")));
                principal.account.clone_from(account);
                name_problems(&principal, &mut self.problems);
                self.arns.insert(principal.arn.clone());
                self.principals.push(principal);
            }
            _ => {
                self.broken = true;
                self.problems.push((pointer.to_owned(), "its ARN names no account: not used".to_owned()));
            }
        }
    }
}

/// What is wrong with an item, without its place in the item's own text.
fn of_item(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what).to_owned()
}

/// Pages that stand one after the other: one that breaks off is whole where the next one goes on with the same account.
pub fn follow(pages: &mut [Told]) {
    for at in 1..pages.len() {
        if let Ok([page, next]) = pages.get_disjoint_mut([at - 1, at]) {
            page.truncated &= page.accounts().is_empty() || page.accounts() != next.accounts();
        }
    }
}

/// Takes what a page tells.
pub fn add(told: Told, capture: &Capture, builder: &mut Builder) {
    let file = capture.file.as_str();
    let accounts = told.accounts();
    for (pointer, reason) in told.problems {
        builder.problem(file, &pointer, reason);
    }
    for principal in told.principals {
        builder.principal(capture, principal);
    }
    for policy in told.policies {
        builder.policy(capture, policy);
    }
    if accounts.len() > 1 {
        let names = accounts.iter().cloned().collect::<Vec<_>>().join(", ");
        builder.problem(file, "", format!("{} accounts in one file: {names}", accounts.len()));
    }
    if told.truncated {
        builder.problem(file, "/IsTruncated", "the export breaks off; what is missing is unknown");
    }
    for id in &accounts {
        let account = builder.account(id);
        account.has_authorization_details = true;
        account.captured_ms = account.captured_ms.max(capture.at_ms);
        if told.truncated || told.broken {
            builder.breaks_off(id);
        } else {
            builder.lists(id, capture, told.lists);
        }
    }
}

/// The accounts whose users, roles or policies a text names, whatever it is.
#[must_use]
pub fn accounts_in(text: &str) -> BTreeSet<String> {
    text.split(":iam::").skip(1).filter_map(|rest| rest.get(..12)).filter(|id| is_account_id(id)).map(str::to_owned).collect()
}

/// Whether a text is one of these exports but for a list that stands in it twice: of such lists a JSON reader keeps one.
#[must_use]
pub fn stands_twice(text: &str) -> bool {
    may_be_one(text) && read(text).is_err_and(|e| e.to_string().starts_with("duplicate field"))
}

/// Takes one export (one page).
pub fn take(document: &Document, builder: &mut Builder) -> Option<&'static str> {
    if !is_one(&document.value) {
        return None;
    }
    match read(&document.value.to_string()) {
        Ok(Some(told)) => add(told, &document.capture, builder),
        told => {
            let why = told.err().map_or_else(|| "no list of users, groups or roles".to_owned(), |e| of_item(&e));
            builder.problem(document.file(), "", format!("not account authorization details: {why}"));
            accounts_in(&document.value.to_string()).iter().for_each(|id| builder.breaks_off(id));
        }
    }
    Some(KIND)
}

/// Names the documents of a principal that cannot be read: its ARN, and what is wrong.
pub(super) fn name_problems(told: &PrincipalTold, problems: &mut Vec<(String, String)>) {
    for (name, error) in told.inline.iter().flatten().filter_map(|i| i.document.as_ref().err().map(|e| (&i.name, e))) {
        problems.push((told.arn.clone(), format!("inline policy `{name}`: {error}")));
    }
    if let Some(Err(e)) = &told.trust {
        problems.push((told.arn.clone(), format!("trust policy: {e}")));
    }
}
