//! Table `resource_grants`: whom the policies of resources name, in the shape of `trusts`.

use std::collections::BTreeSet;

use polars::prelude::{DataFrame, PolarsResult};

use super::super::{Grants, Resource};
use super::documents::{Documents, PolicyType};
use super::entries::{Entry, conditions_text, entries, statement_name};
use super::{Columns, told};
use crate::policy::Statement;

struct Row<'g> {
    resource: &'g Resource,
    policy_type: PolicyType,
    policy: &'g str,
    document_id: Option<String>,
    name: String,
    statement: &'g Statement,
    entry: Entry,
}

/// Whether an entry lets somebody in from outside of our accounts; `None` where it cannot be told.
fn is_external(entry: &Entry, own: &BTreeSet<&str>) -> Option<bool> {
    match (entry.kind, &entry.account) {
        ("any", _) => Some(true),
        (_, Some(account)) => Some(!own.contains(account.as_str())),
        _ => None,
    }
}

/// Table `resource_grants`: one row per resource, policy, statement and principal entry. `own` are our accounts.
///
/// # Errors
/// When the engine refuses the columns.
pub fn resource_grants(grants: &Grants, documents: &Documents<'_>, own: &BTreeSet<&str>) -> PolarsResult<DataFrame> {
    let mut rows: Vec<Row<'_>> = Vec::new();
    for resource in grants.resources.by_arn.values() {
        for (policy_type, known) in [(PolicyType::Resource, &resource.policy), (PolicyType::Shared, &resource.shared)] {
            for policy in known.present().into_iter().flatten() {
                let Ok(document) = &policy.document else { continue };
                let id = documents.id(policy_type, &policy.document);
                for (at, statement) in document.statements.iter().enumerate() {
                    rows.extend(entries(statement).into_iter().map(|entry| Row {
                        resource,
                        policy_type,
                        policy: &policy.name,
                        document_id: id.as_deref().map(str::to_owned),
                        name: statement_name(at, statement),
                        statement,
                        entry,
                    }));
                }
            }
        }
    }
    Columns::of(&rows)
        .text("account", |r| told(&r.resource.account))
        .text("service", |r| told(&r.resource.service))
        .text("region", |r| r.resource.region.as_deref())
        .text("resource_arn", |r| Some(&r.resource.arn))
        .text("policy_type", |r| Some(r.policy_type.as_str()))
        .text("policy_name", |r| told(r.policy))
        .text("document_id", |r| r.document_id.as_deref())
        .text("statement", |r| Some(&r.name))
        .text("effect", |r| Some(r.statement.effect.as_str()))
        .text("entry_kind", |r| Some(r.entry.kind))
        .text("entry", |r| Some(&r.entry.text))
        .text("entry_account", |r| r.entry.account.as_deref())
        .bool("is_external", |r| is_external(&r.entry, own))
        .made("conditions", |r| conditions_text(r.statement))
        .table()
}
