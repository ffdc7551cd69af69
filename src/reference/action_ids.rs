//! Sets of actions. A wide policy grants twenty thousand of them, and an organisation has thousands of such policies:
//! as compressed bitmaps they take a few kilobytes each.

use std::borrow::Cow;

use roaring::RoaringBitmap;

use super::{ActionId, Reference};

/// A set of actions of the reference.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ActionIds(RoaringBitmap);

impl ActionIds {
    /// The empty set.
    #[must_use]
    pub fn new() -> ActionIds {
        ActionIds::default()
    }

    /// Whether the action is in it.
    #[must_use]
    pub fn contains(&self, id: ActionId) -> bool {
        self.0.contains(id.0)
    }

    /// Puts an action in; whether it was not in it.
    pub fn insert(&mut self, id: ActionId) -> bool {
        self.0.insert(id.0)
    }

    /// Takes an action out; whether it was in it.
    pub fn remove(&mut self, id: ActionId) -> bool {
        self.0.remove(id.0)
    }

    /// Puts all actions of another set in.
    pub fn add(&mut self, other: &ActionIds) {
        self.0 |= &other.0;
    }

    /// Takes all actions of another set out.
    pub fn take_out(&mut self, other: &ActionIds) {
        self.0 -= &other.0;
    }

    /// The actions that are in both.
    #[must_use]
    pub fn common(&self, other: &ActionIds) -> ActionIds {
        ActionIds(&self.0 & &other.0)
    }

    /// Whether every action of the other set is in it.
    #[must_use]
    pub fn has_all(&self, other: &ActionIds) -> bool {
        other.0.is_subset(&self.0)
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        usize::try_from(self.0.len()).unwrap_or(usize::MAX)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// In order of the reference: services by prefix, actions by name.
    pub fn iter(&self) -> impl Iterator<Item = ActionId> + '_ {
        self.0.iter().map(ActionId)
    }

    /// Takes as little memory as it can.
    pub fn pack(&mut self) {
        self.0.optimize();
        // A copy has no room to spare.
        self.0 = self.0.clone();
    }

    /// Names in order; a service of which every action that the reference knows is in the set stands as `prefix:*`.
    pub fn names<'r>(&'r self, reference: &'r Reference) -> impl Iterator<Item = Cow<'r, str>> + 'r {
        let mut ids = self.0.iter().peekable();
        // Actions of the service at hand that are not named yet.
        let mut singly = 0u32;
        std::iter::from_fn(move || {
            let first = *ids.peek()?;
            let service = reference.service_of(ActionId(first))?;
            if singly == 0 {
                let end = service.first_action.saturating_add(service.action_count);
                singly = u32::try_from(self.0.range_cardinality(first..end)).unwrap_or(u32::MAX);
                if singly == service.action_count && singly > 1 {
                    while ids.next_if(|id| *id < end).is_some() {}
                    singly = 0;
                    return Some(Cow::Owned(format!("{}:*", service.prefix)));
                }
            }
            singly -= 1;
            ids.next().map(|id| Cow::Borrowed(reference.name(ActionId(id))))
        })
    }
}

impl FromIterator<ActionId> for ActionIds {
    fn from_iter<I: IntoIterator<Item = ActionId>>(ids: I) -> ActionIds {
        ActionIds(ids.into_iter().map(|id| id.0).collect())
    }
}

impl Extend<ActionId> for ActionIds {
    fn extend<I: IntoIterator<Item = ActionId>>(&mut self, ids: I) {
        self.0.extend(ids.into_iter().map(|id| id.0));
    }
}

impl Reference {
    /// The actions that an action pattern of a policy matches, as a set.
    #[must_use]
    pub fn set_of(&self, pattern: &str) -> ActionIds {
        self.expand(pattern).into_iter().collect()
    }

    /// All actions there are.
    #[must_use]
    pub fn all(&self) -> ActionIds {
        let mut all = RoaringBitmap::new();
        all.insert_range(0..u32::try_from(self.len()).unwrap_or(u32::MAX));
        ActionIds(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_service_has_one_name() {
        let reference = Reference::bundled().unwrap();
        let mut set = reference.set_of("sqs:*");
        set.extend(reference.expand("s3:GetObject"));
        assert_eq!(set.names(reference).collect::<Vec<_>>(), ["s3:GetObject", "sqs:*"]);
        set.remove(reference.find("sqs:SendMessage").unwrap());
        let names: Vec<_> = set.names(reference).collect();
        assert_eq!(names.len(), set.len());
        assert!(names.iter().all(|n| !n.ends_with('*')), "{names:?}");
        assert_eq!(reference.all().len(), reference.len());
    }
}
