//! Use, indexed for questions: what did these principals do with this action, in the window and before it.

use std::collections::{BTreeMap, BTreeSet};

use crate::grants::Principal;
use crate::reference::mapping::prefixes_of;
use crate::reference::{ActionId, Reference};
use crate::usage::{Outcome, Usage, UsageRow};

/// Use by principal and action.
pub struct Evidence<'u> {
    window: Index<'u>,
    history: Index<'u>,
    unknown: BTreeMap<&'u str, BTreeSet<String>>,
}

#[derive(Default)]
struct Index<'u> {
    by_key: BTreeMap<&'u str, BTreeMap<ActionId, Vec<&'u UsageRow>>>,
    by_arn: BTreeMap<&'u str, BTreeMap<ActionId, Vec<&'u UsageRow>>>,
}

impl<'u> Index<'u> {
    fn new(rows: &'u [UsageRow], reference: &Reference) -> Index<'u> {
        let mut index = Index::default();
        for row in rows {
            let Some(id) = reference.find(&row.action) else { continue };
            index.by_key.entry(&row.principal_key).or_default().entry(id).or_default().push(row);
            if let Some(arn) = &row.principal_arn {
                index.by_arn.entry(arn).or_default().entry(id).or_default().push(row);
            }
        }
        index
    }

    /// Rows of one principal: by its unique id, and by its ARN for logs that lack the id.
    fn of(&self, principal: &Principal, id: ActionId) -> Vec<&'u UsageRow> {
        let mut rows: Vec<&'u UsageRow> = Vec::new();
        if let Some(found) = self.by_key.get(principal.unique_id.as_str()).and_then(|m| m.get(&id)) {
            rows.extend(found);
        }
        if let Some(found) = self.by_arn.get(principal.arn.as_str()).and_then(|m| m.get(&id)) {
            rows.extend(found.iter().filter(|r| r.principal_key != principal.unique_id));
        }
        rows
    }
}

/// What a set of principals did with one action.
#[derive(Default)]
pub struct Uses<'u> {
    /// Authorised in the window, with the principal who did it.
    pub allowed: Vec<(usize, &'u UsageRow)>,
    /// Failed in the window in a way that may precede authorisation.
    pub weak: Vec<&'u UsageRow>,
    /// Denied calls in the window.
    pub denied_calls: i64,
    /// Last authorised use before the window.
    pub last_before_ms: Option<i64>,
}

impl<'u> Evidence<'u> {
    /// Indexes the rows.
    #[must_use]
    pub fn new(usage: &'u Usage, reference: &Reference) -> Evidence<'u> {
        let mut unknown: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for call in &usage.unknown_calls {
            let prefixes = prefixes_of(&call.event_source);
            for who in [call.principal_key.as_deref(), call.principal_arn.as_deref()].into_iter().flatten() {
                unknown.entry(who).or_default().extend(prefixes.iter().cloned());
            }
        }
        Evidence { window: Index::new(&usage.rows, reference), history: Index::new(&usage.history, reference), unknown }
    }

    /// What these principals did with one action.
    #[must_use]
    pub fn uses(&self, members: &[&Principal], id: ActionId) -> Uses<'u> {
        let mut uses = Uses::default();
        for (at, member) in members.iter().enumerate() {
            for row in self.window.of(member, id) {
                match row.outcome {
                    Outcome::Allowed => uses.allowed.push((at, row)),
                    Outcome::Error => uses.weak.push(row),
                    Outcome::Denied => uses.denied_calls += row.calls,
                }
            }
            if uses.allowed.is_empty() {
                for row in self.history.of(member, id) {
                    if row.outcome == Outcome::Allowed {
                        uses.last_before_ms = uses.last_before_ms.max(Some(row.last_seen_ms));
                    }
                }
            }
        }
        uses
    }

    /// Every action that these principals were authorised for in the window.
    #[must_use]
    pub fn used_actions(&self, members: &[&Principal]) -> BTreeSet<ActionId> {
        let mut ids = BTreeSet::new();
        for member in members {
            for map in [self.window.by_key.get(member.unique_id.as_str()), self.window.by_arn.get(member.arn.as_str())]
                .into_iter()
                .flatten()
            {
                ids.extend(map.iter().filter(|(_, r)| r.iter().any(|r| r.outcome == Outcome::Allowed)).map(|(id, _)| *id));
            }
        }
        ids
    }

    /// Prefixes of the services of calls whose action is not known.
    #[must_use]
    pub fn unknown_services(&self, members: &[&Principal]) -> BTreeSet<&str> {
        members
            .iter()
            .flat_map(|m| [self.unknown.get(m.unique_id.as_str()), self.unknown.get(m.arn.as_str())])
            .flatten()
            .flatten()
            .map(String::as_str)
            .collect()
    }
}
