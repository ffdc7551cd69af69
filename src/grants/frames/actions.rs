//! Tables `action_sets` and `granted_actions`: wildcards expanded, so that SQL only meets equal texts.
//!
//! Which actions there are is the reference's to tell, which this room does not know: whoever builds the tables hands the
//! expansion in.

use std::collections::BTreeMap;

use polars::prelude::{DataFrame, IntoLazy, JoinArgs, JoinType, LazyFrame, PolarsResult, col};

use super::documents::{Documents, PolicyType};
use super::{Columns, count};
use crate::policy::ActionElement;

/// What an action element takes in.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Expanded<'e> {
    /// Known actions.
    pub known: Vec<&'e str>,
    /// Patterns, as written, that match no known action.
    pub unknown: Vec<String>,
}

/// Every distinct action element of the documents, with a number and what it takes in.
pub struct ActionSets<'g, 'e> {
    sets: BTreeMap<&'g ActionElement, (i64, Expanded<'e>)>,
}

impl<'g, 'e> ActionSets<'g, 'e> {
    /// Expands every distinct action element of the documents once.
    pub fn new(documents: &Documents<'g>, expand: &dyn Fn(&ActionElement) -> Expanded<'e>) -> ActionSets<'g, 'e> {
        let mut sets: BTreeMap<&ActionElement, (i64, Expanded<'e>)> = BTreeMap::new();
        for (_, distinct) in documents.distinct().filter(|(_, d)| d.policy_type != PolicyType::Stack) {
            for statement in &distinct.document.statements {
                sets.entry(&statement.action).or_insert_with_key(|action| {
                    let mut expanded = expand(action);
                    expanded.known.sort_unstable();
                    expanded.known.dedup();
                    expanded.unknown.sort_unstable();
                    expanded.unknown.dedup();
                    (0, expanded)
                });
            }
        }
        for (number, set) in (0..).zip(sets.values_mut()) {
            set.0 = number;
        }
        ActionSets { sets }
    }

    /// Number and size of the set of an action element; `None` where actions are no actions of IAM.
    pub(super) fn of(&self, policy_type: PolicyType, action: &ActionElement) -> Option<(i64, i64)> {
        if policy_type == PolicyType::Stack {
            return None;
        }
        let (number, expanded) = self.sets.get(action)?;
        Some((*number, count(expanded.known.len() + expanded.unknown.len())?))
    }
}

struct Row<'s> {
    set: i64,
    action: &'s str,
    is_known: bool,
}

/// Table `action_sets`: one row per distinct action element and action.
///
/// # Errors
/// When the engine refuses the columns.
pub fn action_sets(sets: &ActionSets<'_, '_>) -> PolarsResult<DataFrame> {
    let mut rows = Vec::new();
    for (number, expanded) in sets.sets.values() {
        rows.extend(expanded.known.iter().map(|action| Row { set: *number, action, is_known: true }));
        rows.extend(expanded.unknown.iter().map(|action| Row { set: *number, action, is_known: false }));
    }
    Columns::of(&rows)
        .int("action_set", |r| Some(r.set))
        .text("action", |r| Some(r.action))
        .bool("is_known", |r| Some(r.is_known))
        .table()
}

/// Table `granted_actions`: one row per distinct document, statement and action; a view that is worked out as far as a
/// query asks.
pub fn granted_actions(statements: &DataFrame, action_sets: &DataFrame) -> LazyFrame {
    statements
        .clone()
        .lazy()
        .select([col("document_id"), col("statement"), col("effect"), col("action_set")])
        .join(action_sets.clone().lazy(), [col("action_set")], [col("action_set")], JoinArgs::new(JoinType::Inner))
        .select([col("document_id"), col("statement"), col("effect"), col("action"), col("is_known")])
}
