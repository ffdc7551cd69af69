//! Table `statements`: each statement of each distinct document, as written.

use polars::prelude::{DataFrame, PolarsResult};

use super::actions::ActionSets;
use super::documents::{Documents, PolicyType};
use super::entries::conditions_text;
use super::{Columns, count, lines};
use crate::policy::{ActionElement, PrincipalElement, ResourceElement, Statement};

struct Row<'g> {
    id: &'g str,
    policy_type: PolicyType,
    at: usize,
    statement: &'g Statement,
    set: Option<(i64, i64)>,
}

/// The patterns of an action element, whichever of the two it is.
fn actions(statement: &Statement) -> &[String] {
    match &statement.action {
        ActionElement::Action(list) | ActionElement::NotAction(list) => list,
    }
}

/// Principals with their kinds, one a line.
fn principals(statement: &Statement) -> Option<String> {
    let (PrincipalElement::Principal(set) | PrincipalElement::NotPrincipal(set)) = statement.principal.as_ref()?;
    let kinds = [("AWS", &set.aws), ("Service", &set.service), ("Federated", &set.federated), ("CanonicalUser", &set.canonical_user)];
    let all: Vec<String> = kinds.into_iter().flat_map(|(kind, list)| list.iter().map(move |text| format!("{kind} {text}"))).collect();
    lines(all.iter().map(String::as_str))
}

/// Table `statements`: one row per distinct document and statement.
///
/// # Errors
/// When the engine refuses the columns.
pub fn statements(documents: &Documents<'_>, sets: &ActionSets<'_, '_>) -> PolarsResult<DataFrame> {
    let mut rows = Vec::new();
    for (id, distinct) in documents.distinct() {
        for (at, statement) in distinct.document.statements.iter().enumerate() {
            rows.push(Row { id, policy_type: distinct.policy_type, at, statement, set: sets.of(distinct.policy_type, &statement.action) });
        }
    }
    Columns::of(&rows)
        .text("document_id", |r| Some(r.id))
        .int("statement", |r| count(r.at))
        .text("sid", |r| r.statement.sid.as_deref())
        .text("effect", |r| Some(r.statement.effect.as_str()))
        .text("policy_type", |r| Some(r.policy_type.as_str()))
        .bool("is_not_action", |r| Some(matches!(r.statement.action, ActionElement::NotAction(_))))
        .made("actions", |r| lines(actions(r.statement).iter().map(String::as_str)))
        .bool("is_not_resource", |r| r.statement.resource.as_ref().map(|e| matches!(e, ResourceElement::NotResource(_))))
        .made("resources", |r| lines(r.statement.resource.as_ref()?.patterns().iter().map(String::as_str)))
        .bool("is_not_principal", |r| r.statement.principal.as_ref().map(|e| matches!(e, PrincipalElement::NotPrincipal(_))))
        .made("principals", |r| principals(r.statement))
        .made("conditions", |r| conditions_text(r.statement))
        .int("action_set", |r| r.set.map(|(number, _)| number))
        .int("action_count", |r| r.set.map(|(_, actions)| actions))
        .table()
}
