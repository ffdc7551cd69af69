//! A statement while it is being written: its actions as numbers of the reference, so that it can be asked what
//! they work on.

use std::collections::BTreeSet;

use crate::policy::{ActionElement, Effect, ResourceElement, Statement};
use crate::reference::{ActionId, Reference};

/// An Allow statement whose actions are listed one by one, as far as the reference knows them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Piece {
    /// The statement without its actions and resources, see [`Piece::frame_of`].
    pub frame: Statement,
    /// Actions.
    pub ids: BTreeSet<ActionId>,
    /// Action patterns that stay as they are: wildcards, and names that the reference does not know.
    pub patterns: BTreeSet<String>,
    /// Resources.
    pub resource: Option<ResourceElement>,
}

impl Piece {
    /// A statement as a piece; `None` for those that are copied word for word: Deny, and negative elements.
    #[must_use]
    pub fn of(statement: &Statement, reference: &Reference) -> Option<Piece> {
        let ActionElement::Action(list) = &statement.action else { return None };
        if statement.effect == Effect::Deny || matches!(statement.resource, Some(ResourceElement::NotResource(_))) {
            return None;
        }
        let mut piece = Piece { frame: Piece::frame_of(statement), ids: BTreeSet::new(), patterns: BTreeSet::new(), resource: statement.resource.clone() };
        for action in list {
            match reference.find(action) {
                Some(id) => piece.ids.insert(id),
                None => piece.patterns.insert(action.clone()),
            };
        }
        Some(piece)
    }

    /// A statement without its actions, which may be thousands, and its resources.
    #[must_use]
    pub fn frame_of(statement: &Statement) -> Statement {
        Statement {
            sid: statement.sid.clone(),
            effect: statement.effect,
            principal: statement.principal.clone(),
            action: ActionElement::Action(Vec::new()),
            resource: None,
            conditions: statement.conditions.clone(),
        }
    }

    /// The resource patterns, sorted; `None` where the statement has no `Resource` list.
    #[must_use]
    pub fn resources(&self) -> Option<BTreeSet<&str>> {
        match &self.resource {
            Some(ResourceElement::Resource(list)) => Some(list.iter().map(String::as_str).collect()),
            _ => None,
        }
    }

    /// Whether both stand under the same effect, principal and conditions, in whatever order.
    #[must_use]
    pub fn same_frame(&self, other: &Piece) -> bool {
        let sorted = |s: &Statement| {
            let mut conditions = s.conditions.clone();
            conditions.iter_mut().for_each(|c| c.values.sort());
            conditions.sort();
            conditions
        };
        self.frame.effect == other.frame.effect && self.frame.principal == other.frame.principal && sorted(&self.frame) == sorted(&other.frame)
    }

    /// The statement, with these spellings for its actions.
    #[must_use]
    pub fn statement(&self, actions: BTreeSet<String>) -> Statement {
        Statement { action: ActionElement::Action(actions.into_iter().collect()), resource: self.resource.clone(), ..self.frame.clone() }
    }

    /// The statement with every action by its name.
    #[must_use]
    pub fn by_name(&self, reference: &Reference) -> Statement {
        let names = self.ids.iter().map(|id| reference.name(*id).to_owned());
        self.statement(names.chain(self.patterns.iter().cloned()).collect())
    }

    /// Services of the actions.
    #[must_use]
    pub fn services<'r>(&self, reference: &'r Reference) -> BTreeSet<&'r str> {
        self.ids.iter().filter_map(|id| reference.name(*id).split_once(':')).map(|(s, _)| s).collect()
    }
}
