//! The grant-side tables that report queries read. Flat columns, absent is NULL, rows sorted.

use polars::prelude::{Column, DataFrame, NamedFrom, PolarsResult, Series};

use super::{Credential, Grants, OwnerKind, Principal};
use crate::aws::principal::{PrincipalKind, is_permission_set_role, is_service_linked_role, principal_kind};
use crate::aws::{Arn, is_account_id};
use crate::policy::{Effect, PrincipalElement, Statement};

fn texts(name: &str, values: Vec<Option<String>>) -> Column {
    Series::new(name.into(), values).into()
}

fn ints(name: &str, values: Vec<Option<i64>>) -> Column {
    Series::new(name.into(), values).into()
}

fn bools(name: &str, values: Vec<Option<bool>>) -> Column {
    Series::new(name.into(), values).into()
}

/// Table `principals`.
///
/// # Errors
/// When the engine refuses the columns.
pub fn principals(grants: &Grants) -> PolarsResult<DataFrame> {
    let all: Vec<&Principal> = grants.principals().collect();
    let text = |f: &dyn Fn(&Principal) -> Option<String>| all.iter().map(|p| f(p)).collect::<Vec<_>>();
    let int = |f: &dyn Fn(&Principal) -> Option<i64>| all.iter().map(|p| f(p)).collect::<Vec<_>>();
    let boolean = |f: &dyn Fn(&Principal) -> bool| all.iter().map(|p| Some(f(p))).collect::<Vec<_>>();
    let count = |n: usize| i64::try_from(n).ok();
    DataFrame::new(
        all.len(),
        vec![
            texts("account", text(&|p| Some(p.account.clone()))),
            texts("kind", text(&|p| Some(p.kind.as_str().to_owned()))),
            texts("name", text(&|p| Some(p.name.clone()))),
            texts("path", text(&|p| Some(p.path.clone()))),
            texts("arn", text(&|p| Some(p.arn.clone()))),
            texts("principal_key", text(&|p| Some(p.unique_id.clone()))),
            ints("created_ms", int(&|p| p.created_ms)),
            ints("last_used_ms", int(&|p| p.last_used_ms)),
            bools("last_used_known", boolean(&|p| p.last_used_known)),
            bools("is_service_linked", boolean(&|p| is_service_linked_role(&p.arn))),
            bools("is_permission_set", boolean(&|p| is_permission_set_role(&p.arn))),
            ints("attached_count", int(&|p| count(p.attached.len()))),
            ints("inline_count", int(&|p| count(p.inline.len()))),
            texts("boundary_arn", text(&|p| p.boundary.clone())),
        ],
    )
}

/// Table `credentials`.
///
/// # Errors
/// When the engine refuses the columns.
pub fn credentials(grants: &Grants) -> PolarsResult<DataFrame> {
    let all: Vec<(&str, Option<i64>, &Credential)> = grants
        .accounts
        .values()
        .filter_map(|a| a.credential_report.as_ref())
        .flat_map(|r| r.credentials.iter().map(|c| (r.account.as_str(), r.generated_ms, c)))
        .collect();
    let text = |f: &dyn Fn(&Credential) -> Option<String>| all.iter().map(|(_, _, c)| f(c)).collect::<Vec<_>>();
    let int = |f: &dyn Fn(&Credential) -> Option<i64>| all.iter().map(|(_, _, c)| f(c)).collect::<Vec<_>>();
    let boolean = |f: &dyn Fn(&Credential) -> Option<bool>| all.iter().map(|(_, _, c)| f(c)).collect::<Vec<_>>();
    DataFrame::new(
        all.len(),
        vec![
            texts("account", all.iter().map(|(a, _, _)| Some((*a).to_owned())).collect()),
            texts("user_name", text(&|c| Some(c.user.clone()))),
            texts("user_arn", text(&|c| Some(c.user_arn.clone()))),
            texts("slot", text(&|c| Some(c.slot.as_str().to_owned()))),
            bools("present", boolean(&|c| Some(c.present))),
            bools("active", boolean(&|c| Some(c.active))),
            ints("last_changed_ms", int(&|c| c.last_changed_ms)),
            ints("last_used_ms", int(&|c| c.last_used_ms)),
            bools("last_used_known", boolean(&|c| Some(c.last_used_known))),
            texts("last_used_service", text(&|c| c.last_used_service.clone())),
            texts("last_used_region", text(&|c| c.last_used_region.clone())),
            bools("mfa_active", boolean(&|c| c.mfa_active)),
            ints("user_created_ms", int(&|c| c.user_created_ms)),
            ints("report_ms", all.iter().map(|(_, at, _)| *at).collect()),
        ],
    )
}

/// One principal entry of one trust statement.
struct Entry {
    kind: &'static str,
    text: String,
    account: Option<String>,
}

fn aws_entry(text: &str) -> Entry {
    let account = Arn::parse(text).map(|a| a.account.to_owned()).filter(|a| is_account_id(a));
    let kind = match principal_kind(text) {
        _ if text == "*" => "any",
        _ if is_account_id(text) => return Entry { kind: "account-root", text: text.to_owned(), account: Some(text.to_owned()) },
        Some(PrincipalKind::Root) => "account-root",
        Some(PrincipalKind::User) => "user",
        Some(PrincipalKind::Role) => "role",
        Some(PrincipalKind::Session | PrincipalKind::FederatedUser) => "session",
        _ if text.starts_with("AROA") || text.starts_with("AIDA") => "dangling-id",
        _ => "other",
    };
    Entry { kind, text: text.to_owned(), account }
}

fn entries(statement: &Statement) -> Vec<Entry> {
    let Some(PrincipalElement::Principal(set)) = &statement.principal else {
        return vec![Entry { kind: "other", text: "NotPrincipal".to_owned(), account: None }];
    };
    let plain = |kind: &'static str, text: &String| Entry {
        kind,
        text: text.clone(),
        account: Arn::parse(text).map(|a| a.account.to_owned()).filter(|a| is_account_id(a)),
    };
    let mut out: Vec<Entry> = set.aws.iter().map(|t| aws_entry(t)).collect();
    out.extend(set.service.iter().map(|t| plain("service", t)));
    out.extend(set.federated.iter().map(|t| plain(if t.contains(":saml-provider/") { "saml" } else { "oidc" }, t)));
    out.extend(set.canonical_user.iter().map(|t| plain("canonical", t)));
    out
}

/// The statement's conditions as one line. ExternalId values are shared secrets: only that they are set is said.
fn conditions_text(statement: &Statement) -> Option<String> {
    if statement.conditions.is_empty() {
        return None;
    }
    let one = |c: &crate::policy::Condition| {
        if c.key.eq_ignore_ascii_case("sts:ExternalId") {
            format!("{} {} (set)", c.operator, c.key)
        } else {
            format!("{} {} = {}", c.operator, c.key, c.values.join(" | "))
        }
    };
    Some(statement.conditions.iter().map(one).collect::<Vec<_>>().join("; "))
}

/// A role, the name of a statement of its trust policy, the statement, one of its entries.
type TrustRow<'g> = (&'g Principal, String, &'g Statement, Entry);

/// Table `trusts`: one row per role, statement and principal entry.
///
/// # Errors
/// When the engine refuses the columns.
pub fn trusts(grants: &Grants) -> PolarsResult<DataFrame> {
    let mut rows: Vec<TrustRow<'_>> = Vec::new();
    for role in grants.principals().filter(|p| p.kind == OwnerKind::Role) {
        let Some(Ok(document)) = &role.trust else { continue };
        for (at, statement) in document.statements.iter().enumerate() {
            let name = statement.sid.clone().unwrap_or_else(|| format!("#{at}"));
            rows.extend(entries(statement).into_iter().map(|e| (role, name.clone(), statement, e)));
        }
    }
    let has_key = |s: &Statement, key: &str| {
        s.conditions.iter().any(|c| c.key.eq_ignore_ascii_case(key) && !c.operator.base.is_negated() && !c.operator.if_exists)
    };
    let subjects = |s: &Statement| -> Option<String> {
        let list: Vec<String> =
            s.conditions.iter().filter(|c| c.key.to_ascii_lowercase().ends_with(":sub")).flat_map(|c| c.values.clone()).collect();
        (!list.is_empty()).then(|| list.join("\n"))
    };
    let text = |f: &dyn Fn(&TrustRow<'_>) -> Option<String>| rows.iter().map(f).collect::<Vec<_>>();
    let boolean = |f: &dyn Fn(&TrustRow<'_>) -> bool| rows.iter().map(|r| Some(f(r))).collect::<Vec<_>>();
    DataFrame::new(
        rows.len(),
        vec![
            texts("account", text(&|r| Some(r.0.account.clone()))),
            texts("role_name", text(&|r| Some(r.0.name.clone()))),
            texts("role_arn", text(&|r| Some(r.0.arn.clone()))),
            texts("role_key", text(&|r| Some(r.0.unique_id.clone()))),
            ints("role_created_ms", rows.iter().map(|r| r.0.created_ms).collect()),
            texts("statement", text(&|r| Some(r.1.clone()))),
            texts("effect", text(&|r| Some(if r.2.effect == Effect::Allow { "Allow" } else { "Deny" }.to_owned()))),
            texts("entry_kind", text(&|r| Some(r.3.kind.to_owned()))),
            texts("entry", text(&|r| Some(r.3.text.clone()))),
            texts("entry_account", text(&|r| r.3.account.clone())),
            bools("requires_external_id", boolean(&|r| has_key(r.2, "sts:ExternalId"))),
            bools("requires_mfa", boolean(&|r| has_key(r.2, "aws:MultiFactorAuthPresent"))),
            texts("conditions", text(&|r| conditions_text(r.2))),
            texts("oidc_subjects", text(&|r| subjects(r.2))),
            bools("is_service_linked", boolean(&|r| is_service_linked_role(&r.0.arn))),
            bools("is_permission_set", boolean(&|r| is_permission_set_role(&r.0.arn))),
        ],
    )
}
