//! Compiled action elements: sets of places in one sorted list of all known actions.
//!
//! A pattern such as `s3:Get*` is one range of that list, so asking whether a statement takes in an action is a
//! search among a few ranges. An action that the reference does not know is matched by text, with the same answer
//! a known action would get. Source: inputs-and-evaluation.md section 4.2, item 3.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::pattern::{Pattern, Reading};
use crate::policy::ActionElement;
use crate::reference::Reference;

/// All known actions in lower case, sorted; a place in the list is an action's number here.
pub struct ActionIndex {
    names: Vec<String>,
    places: HashMap<String, u32>,
}

static BUNDLED: OnceLock<ActionIndex> = OnceLock::new();

impl ActionIndex {
    /// The index of some action names.
    pub fn new(names: impl IntoIterator<Item = String>) -> ActionIndex {
        let mut names: Vec<String> = names.into_iter().map(|n| n.to_ascii_lowercase()).collect();
        names.sort_unstable();
        names.dedup();
        let places = names.iter().cloned().zip(0u32..).collect();
        ActionIndex { names, places }
    }

    /// The index of the built-in reference, made once; empty (every action is matched by text) if the reference
    /// cannot be read, which the commands report on their own.
    #[must_use]
    pub fn bundled() -> &'static ActionIndex {
        BUNDLED.get_or_init(|| {
            let reference = Reference::bundled().ok();
            ActionIndex::new(reference.into_iter().flat_map(|r| r.actions().map(|id| r.name(id).to_owned())))
        })
    }

    /// The place of an action that is written in lower case.
    #[must_use]
    pub fn place(&self, lower: &str) -> Option<u32> {
        self.places.get(lower).copied()
    }

    /// The places that a pattern (in lower case) takes in, as ranges with open ends.
    fn ranges(&self, pattern: &str, compiled: &Pattern, out: &mut Vec<(u32, u32)>) {
        let literal = pattern.find(['*', '?']).and_then(|at| pattern.get(..at)).unwrap_or(pattern);
        let first = self.names.partition_point(|n| n.as_str() < literal);
        let behind = self.names.get(first..).unwrap_or_default();
        let count = behind.partition_point(|n| n.starts_with(literal));
        let at = |place: usize| u32::try_from(place).unwrap_or(u32::MAX);
        match compiled {
            Pattern::Any | Pattern::Prefix(_) => out.push((at(first), at(first + count))),
            Pattern::Exact(name) => out.extend(self.place(name).map(|p| (p, p + 1))),
            other => {
                for (offset, name) in behind.iter().take(count).enumerate() {
                    if other.matches_plain(name) {
                        out.push((at(first + offset), at(first + offset + 1)));
                    }
                }
            }
        }
    }
}

/// A compiled `Action` or `NotAction` element.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ActionSet {
    negated: bool,
    everything: bool,
    ranges: Box<[(u32, u32)]>,
    /// What may take in an action that is not in the index. Names of known actions do not.
    texts: Box<[Pattern]>,
}

/// The action of a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ActionName {
    /// In lower case.
    pub lower: String,
    /// Its place in the index.
    pub place: Option<u32>,
}

impl ActionSet {
    /// Compiles an element.
    #[must_use]
    pub fn compile(element: &ActionElement, index: &ActionIndex) -> ActionSet {
        let (list, negated) = match element {
            ActionElement::Action(list) => (list, false),
            ActionElement::NotAction(list) => (list, true),
        };
        let everything = list.iter().any(|p| p == "*" || p == "*:*");
        let mut ranges = Vec::new();
        let mut texts = Vec::new();
        for pattern in list {
            let lower = pattern.to_ascii_lowercase();
            let compiled = Pattern::compile(&lower, Reading { wildcards: true, variables: false });
            if everything {
                break;
            }
            index.ranges(&lower, &compiled, &mut ranges);
            if !matches!(&compiled, Pattern::Exact(name) if index.place(name).is_some()) {
                texts.push(compiled);
            }
        }
        ActionSet { negated, everything, ranges: merged(ranges).into(), texts: texts.into() }
    }

    /// Whether the element takes in an action.
    #[must_use]
    pub fn contains(&self, action: &ActionName) -> bool {
        let listed = self.everything
            || match (action.place, &*self.ranges) {
                (Some(place), [(from, to)]) => *from <= place && place < *to,
                (Some(place), ranges) => {
                    let at = ranges.partition_point(|(_, to)| *to <= place);
                    ranges.get(at).is_some_and(|(from, _)| *from <= place)
                }
                (None, _) => self.texts.iter().any(|p| p.matches_plain(&action.lower)),
            };
        listed != self.negated
    }
}

fn merged(mut ranges: Vec<(u32, u32)>) -> Vec<(u32, u32)> {
    ranges.retain(|(from, to)| from < to);
    ranges.sort_unstable();
    let mut out: Vec<(u32, u32)> = Vec::new();
    for (from, to) in ranges {
        match out.last_mut() {
            Some((_, end)) if from <= *end => *end = to.max(*end),
            _ => out.push((from, to)),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::matching::action_pattern_matches;
    use proptest::prelude::*;

    const NAMES: [&str; 8] =
        ["s3:GetObject", "s3:GetObjectAcl", "s3:PutObject", "s3-object-lambda:WriteGetObjectResponse", "sts:AssumeRole", "iam:GetRole", "ec2:RunInstances", "s3:ListBucket"];

    proptest! {
        #[test]
        fn sets_agree_with_texts(patterns in prop::collection::vec("(s3|sts|iam|\\*|s\\?)(:)?(Get|\\*|List|\\?)?(\\*|Object|Role)?", 1..4), negated: bool) {
            let index = ActionIndex::new(NAMES.iter().map(|n| (*n).to_owned()));
            let element = if negated { ActionElement::NotAction(patterns.clone()) } else { ActionElement::Action(patterns.clone()) };
            let set = ActionSet::compile(&element, &index);
            for name in NAMES.iter().copied().chain(["s3:GetNothing", "xyz:Get"]) {
                let lower = name.to_ascii_lowercase();
                let action = ActionName { place: index.place(&lower), lower };
                let by_text = patterns.iter().any(|p| p == "*:*" || action_pattern_matches(p, name)) != negated;
                prop_assert_eq!(set.contains(&action), by_text, "{} in {:?}", name, patterns);
            }
        }
    }
}
