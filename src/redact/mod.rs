//! Tokens in the place of people, addresses and identifiers, for readers who may see the results and not whom they are about.
//!
//! A token is a keyed hash (HMAC-SHA-256): the same value has the same token in every format and on every night of one key, and who
//! has no key cannot try account ids or addresses until one fits. Nothing here decides anything: it is asked once the analysis is
//! done. What is redacted and what stays: docs/redact.md; why at this place: docs/decisions/0022-redaction.md.

mod arn;
pub mod key;
mod people;
mod scan;
mod token;

#[cfg(test)]
mod redact_test;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::RwLock;

pub use key::{Key, KeyError};
use people::People;
use scan::Patterns;

/// How many texts are remembered with what became of them: cells of tables repeat.
const REMEMBERED: usize = 1 << 17;

/// Longer texts do not repeat.
const LONGEST: usize = 400;

/// Replaces people, addresses and identifiers in texts.
pub struct Redactor {
    key: Key,
    people: People,
    patterns: Patterns,
    /// Texts that were met; `None`: nothing to replace in it.
    met: RwLock<HashMap<Box<str>, Option<Box<str>>>>,
}

impl Redactor {
    /// With a key, the names of people that may stand in any text (`*` and `?` make a pattern of names), and words that are no names
    /// in texts although somebody has them for one.
    ///
    /// # Errors
    /// [`KeyError::Pattern`], a defect of ours.
    pub fn new<'w>(key: Key, names: impl IntoIterator<Item = String>, words: impl IntoIterator<Item = &'w str>) -> Result<Redactor, KeyError> {
        let patterns = Patterns::new().map_err(|e| KeyError::Pattern(Box::new(e)))?;
        let tokens = names.into_iter().map(|name| {
            let token = scan::pieces(&key, &name);
            (name, token)
        });
        let people = People::of(tokens, words);
        Ok(Redactor { people, patterns, key, met: RwLock::default() })
    }

    /// Which key: two outputs that say the same were made with one.
    #[must_use]
    pub fn key_id(&self) -> String {
        self.key.hex("key id", "", 8)
    }

    /// A text of any kind: ARNs, ids, addresses, e-mail addresses and the known people in it are replaced.
    #[must_use]
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if text.is_empty() {
            return Cow::Borrowed(text);
        }
        if text.len() > LONGEST {
            return scan::text(self, text).map_or(Cow::Borrowed(text), Cow::Owned);
        }
        if let Some(known) = self.met.read().ok().and_then(|met| met.get(text).cloned()) {
            return known.map_or(Cow::Borrowed(text), |token| Cow::Owned(token.into()));
        }
        let new = scan::text(self, text);
        if let Ok(mut met) = self.met.write()
            && met.len() < REMEMBERED
        {
            met.insert(text.into(), new.as_deref().map(Into::into));
        }
        new.map_or(Cow::Borrowed(text), Cow::Owned)
    }

    /// The name of somebody, whatever it looks like; what stands for nobody (the root user, an AWS service) stays.
    #[must_use]
    pub fn person(&self, name: &str) -> String {
        if name.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("arn:")) { self.text(name).into_owned() } else { self.key.person(name) }
    }

    /// A pattern of names, or a name: wildcards and policy variables stay.
    #[must_use]
    pub fn names(&self, pattern: &str) -> String {
        scan::pieces(&self.key, pattern)
    }

    /// Patterns of names with numbers of calls behind them, `ann (3); i-* (2)`.
    #[must_use]
    pub fn listed_names(&self, list: &str) -> String {
        let one = |part: &str| match part.rsplit_once(" (").filter(|(_, n)| n.ends_with(')')) {
            Some((name, n)) => format!("{} ({n}", self.names(name)),
            None => self.names(part),
        };
        list.split("; ").map(one).collect::<Vec<_>>().join("; ")
    }

    /// A path of users, `/people/`.
    #[must_use]
    pub fn path(&self, path: &str) -> String {
        path.split('/').map(|part| scan::parts(part, |literal| self.key.word("path", literal))).collect::<Vec<_>>().join("/")
    }

    /// The id of an event or a request: a UUID, or what a carrier has in its place.
    #[must_use]
    pub fn event(&self, id: &str) -> String {
        id.split("; ").map(|one| if one.is_empty() { String::new() } else { self.key.uuid(one) }).collect::<Vec<_>>().join("; ")
    }

    /// The unique id of a caller, with its session's name where one stands behind it.
    #[must_use]
    pub fn principal(&self, id: &str) -> String {
        match self.text(id) {
            Cow::Owned(token) => token,
            Cow::Borrowed(_) if id.is_empty() || token::is_nobody(id) => id.to_owned(),
            Cow::Borrowed(_) => self.key.word("id", id),
        }
    }

    /// A hash or an id that was made from one: whoever guesses what it was made from must not be able to see that he is right.
    #[must_use]
    pub fn hash(&self, hash: &str) -> String {
        if hash.is_empty() { String::new() } else { self.key.hex("hash", hash, hash.len().clamp(8, 64)) }
    }
}
