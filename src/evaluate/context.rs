//! The request context: condition keys that are present, known to be absent, or unknown.
//!
//! Names compare without case. A record tells only some keys; what it does not tell is Unknown, unless the context
//! is said to be complete. Source: inputs-and-evaluation.md sections 3.6 and 4.2, item 9.

use std::collections::{BTreeMap, BTreeSet};

/// Condition keys by lower-cased name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Context {
    complete: bool,
    values: BTreeMap<String, Vec<String>>,
    absent: BTreeSet<String>,
    ambiguous: BTreeSet<String>,
}

/// What is known of a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ContextValue<'a> {
    /// Its values; never an empty list.
    Present(&'a [String]),
    /// The request does not have it.
    Absent,
    /// Not known.
    Unknown,
}

impl Context {
    /// An empty context; when complete, every key that is not set is absent, else unknown.
    #[must_use]
    pub fn new(complete: bool) -> Context {
        Context { complete, values: BTreeMap::new(), absent: BTreeSet::new(), ambiguous: BTreeSet::new() }
    }

    /// Whether keys that are not set are absent.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// Sets a key's values; an empty list is an absent key. A key that is set twice with different values (two tags
    /// that differ by case) becomes unknown.
    pub fn set(&mut self, key: &str, values: Vec<String>) {
        let key = key.to_ascii_lowercase();
        if self.values.get(&key).is_some_and(|old| *old != values) {
            self.ambiguous.insert(key.clone());
        }
        self.values.insert(key, values);
    }

    /// Says that the request does not have a key.
    pub fn set_absent(&mut self, key: &str) {
        self.absent.insert(key.to_ascii_lowercase());
    }

    /// What is known of a key (any case).
    #[must_use]
    pub fn get(&self, key: &str) -> ContextValue<'_> {
        if key.bytes().any(|b| b.is_ascii_uppercase()) {
            self.get_lower(&key.to_ascii_lowercase())
        } else {
            self.get_lower(key)
        }
    }

    /// What is known of a key that is written in lower case.
    #[must_use]
    pub fn get_lower(&self, key: &str) -> ContextValue<'_> {
        match self.values.get(key) {
            Some(_) if !self.ambiguous.is_empty() && self.ambiguous.contains(key) => ContextValue::Unknown,
            Some(values) if !values.is_empty() => ContextValue::Present(values),
            Some(_) => ContextValue::Absent,
            None if self.complete || self.absent.contains(key) => ContextValue::Absent,
            None => ContextValue::Unknown,
        }
    }

    /// Whether a key (in lower case) was set, or said to be absent, rather than left out.
    #[must_use]
    pub fn is_given(&self, key: &str) -> bool {
        self.values.contains_key(key) || self.absent.contains(key)
    }

    /// The keys that have values, in lower case, in order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.values.iter().filter(|(_, v)| !v.is_empty()).map(|(k, _)| k.as_str())
    }
}
