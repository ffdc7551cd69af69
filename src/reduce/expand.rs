//! Which actions a policy's patterns take in. Policies of an organisation repeat the same few patterns many thousand times:
//! each is worked out once.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::policy::ActionElement;
use crate::reference::{ActionIds, Reference};

/// Answers by pattern, kept.
pub struct Expander<'r> {
    reference: &'r Reference,
    known: RwLock<HashMap<String, Arc<ActionIds>>>,
}

impl<'r> Expander<'r> {
    /// Without answers yet.
    #[must_use]
    pub fn new(reference: &'r Reference) -> Expander<'r> {
        Expander { reference, known: RwLock::default() }
    }

    fn pattern(&self, pattern: &str) -> Arc<ActionIds> {
        if let Some(found) = self.known.read().unwrap_or_else(PoisonError::into_inner).get(pattern) {
            return Arc::clone(found);
        }
        let set = Arc::new(self.reference.set_of(pattern));
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(known.entry(pattern.to_owned()).or_insert(set))
    }

    /// The actions that an element takes in, and the patterns that the reference cannot expand.
    #[must_use]
    pub fn expand(&self, element: &ActionElement) -> (ActionIds, Vec<String>) {
        let mut unknown = Vec::new();
        let ids = match element {
            ActionElement::Action(patterns) => {
                let mut ids = ActionIds::new();
                for pattern in patterns {
                    let found = self.pattern(pattern);
                    if found.is_empty() {
                        unknown.push(pattern.clone());
                    }
                    ids.add(&found);
                }
                ids
            }
            ActionElement::NotAction(patterns) => {
                let mut ids = self.reference.all();
                for pattern in patterns {
                    ids.take_out(&self.pattern(pattern));
                }
                ids
            }
        };
        (ids, unknown)
    }
}
