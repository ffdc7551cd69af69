//! What policies say of all actions at once, as sets. Every document is worked out once, however many hold it.

use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::{Arc, PoisonError, RwLock};

use crate::aws::in_six_parts;
use crate::policy::{Effect, PolicyDocument, ResourceElement, Statement};
use crate::reduce::Expander;
use crate::reference::{ActionId, ActionIds, Reference};

/// The actions of some documents that speak together.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Sets {
    /// Allowed by some statement, on whatever resource, under whatever condition.
    pub any: ActionIds,
    /// Allowed on every resource without condition.
    pub open: ActionIds,
    /// Denied on every resource without condition.
    pub denied: ActionIds,
    /// Denied on some resources, or under a condition.
    pub limited: ActionIds,
    /// Of which some statement says something that depends on who asks: policy variables, keys of the principal.
    pub personal: ActionIds,
}

impl Sets {
    /// Whether some statement speaks of an action.
    #[must_use]
    pub fn speaks_of(&self, id: ActionId) -> bool {
        [&self.any, &self.denied, &self.limited].into_iter().any(|set| set.contains(id))
    }
}

/// The actions that somebody can have, identity policies and bounds together.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Reachable {
    /// On some resource, or under some condition: an upper bound.
    pub any: ActionIds,
    /// On every resource without condition, as far as Allow statements and Denies of everything tell.
    pub open: ActionIds,
    /// Those of the open ones of which no Deny statement speaks at all.
    pub free: ActionIds,
    /// Those on which the answer depends on who asks.
    pub personal: ActionIds,
}

impl Reachable {
    /// What identity policies allow and every bound (the boundary, each level of the organisation) leaves.
    #[must_use]
    pub fn of<'s>(identity: &Sets, bounds: impl IntoIterator<Item = &'s Sets>) -> Reachable {
        let mut reachable = Reachable { any: identity.any.clone(), open: identity.open.clone(), free: ActionIds::new(), personal: identity.personal.clone() };
        reachable.any.take_out(&identity.denied);
        reachable.open.take_out(&identity.denied);
        let mut limited = identity.limited.clone();
        for bound in bounds {
            limited.add(&bound.limited);
            reachable.personal.add(&bound.personal);
            reachable.any = reachable.any.common(&bound.any);
            reachable.open = reachable.open.common(&bound.open);
            reachable.any.take_out(&bound.denied);
            reachable.open.take_out(&bound.denied);
        }
        reachable.free = reachable.open.clone();
        reachable.free.take_out(&limited);
        reachable
    }
}

/// Whether a statement speaks of every resource, without condition.
fn speaks_of_all(statement: &Statement) -> bool {
    let all = match &statement.resource {
        None => true,
        Some(ResourceElement::Resource(list)) => list.iter().any(|p| p == "*" || in_six_parts(p) == "arn:*:*:*:*:*"),
        Some(ResourceElement::NotResource(_)) => false,
    };
    all && statement.conditions.is_empty()
}

/// Whether what a statement says depends on who asks.
fn is_personal(statement: &Statement) -> bool {
    let has_variable = |text: &String| text.contains("${");
    let of_caller = |key: &str| ["aws:principal", "aws:user"].iter().any(|start| key.to_ascii_lowercase().starts_with(start));
    statement.resource.iter().flat_map(ResourceElement::patterns).any(has_variable)
        || statement.conditions.iter().any(|c| of_caller(&c.key) || c.values.iter().any(has_variable))
}

/// The sets of documents. A document is known again by its place in memory, where it stays as long as it is borrowed.
pub struct DocumentSets<'d, 'r> {
    expander: Expander<'r>,
    known: RwLock<HashMap<usize, Arc<Sets>>>,
    borrowed: PhantomData<&'d PolicyDocument>,
}

impl<'d, 'r> DocumentSets<'d, 'r> {
    /// Without documents yet.
    #[must_use]
    pub fn new(reference: &'r Reference) -> DocumentSets<'d, 'r> {
        DocumentSets { expander: Expander::new(reference), known: RwLock::default(), borrowed: PhantomData }
    }

    /// The sets of one document.
    #[must_use]
    pub fn of(&self, document: &'d PolicyDocument) -> Arc<Sets> {
        let place = std::ptr::from_ref(document).addr();
        if let Some(found) = self.known.read().unwrap_or_else(PoisonError::into_inner).get(&place) {
            return Arc::clone(found);
        }
        let mut sets = Sets::default();
        for statement in &document.statements {
            let (ids, _) = self.expander.expand(&statement.action);
            let all = speaks_of_all(statement);
            if is_personal(statement) {
                sets.personal.add(&ids);
            }
            match statement.effect {
                Effect::Allow => {
                    if all {
                        sets.open.add(&ids);
                    }
                    sets.any.add(&ids);
                }
                Effect::Deny if all => sets.denied.add(&ids),
                Effect::Deny => sets.limited.add(&ids),
            }
        }
        for set in [&mut sets.any, &mut sets.open, &mut sets.denied, &mut sets.limited, &mut sets.personal] {
            set.pack();
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(known.entry(place).or_insert_with(|| Arc::new(sets)))
    }

    /// The sets of documents that speak together: one level of an organisation, all identity policies of somebody.
    #[must_use]
    pub fn together(&self, documents: impl IntoIterator<Item = &'d PolicyDocument>) -> Sets {
        let mut all = Sets::default();
        for document in documents {
            let sets = self.of(document);
            all.any.add(&sets.any);
            all.open.add(&sets.open);
            all.denied.add(&sets.denied);
            all.limited.add(&sets.limited);
            all.personal.add(&sets.personal);
        }
        all
    }
}
