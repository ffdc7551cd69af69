//! Table `trusts`: who may enter a role, by the role's trust policy.

use polars::prelude::{DataFrame, PolarsResult};

use super::super::{Grants, OwnerKind, Principal};
use super::entries::{Entry, conditions_text, entries, has_key, statement_name};
use super::{Columns, lines};
use crate::aws::principal::{is_permission_set_role, is_service_linked_role};
use crate::policy::Statement;

struct Row<'g> {
    role: &'g Principal,
    name: String,
    statement: &'g Statement,
    entry: Entry,
}

fn oidc_subjects(statement: &Statement) -> Option<String> {
    let subjects = statement.conditions.iter().filter(|c| c.key.to_ascii_lowercase().ends_with(":sub"));
    lines(subjects.flat_map(|c| c.values.iter().map(String::as_str)))
}

/// Table `trusts`: one row per role, statement and principal entry.
///
/// # Errors
/// When the engine refuses the columns.
pub fn trusts(grants: &Grants) -> PolarsResult<DataFrame> {
    let mut rows: Vec<Row<'_>> = Vec::new();
    for role in grants.principals().filter(|p| p.kind == OwnerKind::Role) {
        let Some(Ok(document)) = &role.trust else { continue };
        for (at, statement) in document.statements.iter().enumerate() {
            rows.extend(entries(statement).into_iter().map(|entry| Row { role, name: statement_name(at, statement), statement, entry }));
        }
    }
    Columns::of(&rows)
        .text("account", |r| Some(&r.role.account))
        .text("role_name", |r| Some(&r.role.name))
        .text("role_arn", |r| Some(&r.role.arn))
        .text("role_key", |r| Some(&r.role.unique_id))
        .int("role_created_ms", |r| r.role.created_ms)
        .text("statement", |r| Some(&r.name))
        .text("effect", |r| Some(r.statement.effect.as_str()))
        .text("entry_kind", |r| Some(r.entry.kind))
        .text("entry", |r| Some(&r.entry.text))
        .text("entry_account", |r| r.entry.account.as_deref())
        .bool("requires_external_id", |r| Some(has_key(r.statement, "sts:ExternalId")))
        .bool("requires_mfa", |r| Some(has_key(r.statement, "aws:MultiFactorAuthPresent")))
        .made("conditions", |r| conditions_text(r.statement))
        .made("oidc_subjects", |r| oidc_subjects(r.statement))
        .bool("is_service_linked", |r| Some(is_service_linked_role(&r.role.arn)))
        .bool("is_permission_set", |r| Some(is_permission_set_role(&r.role.arn)))
        .table()
}
