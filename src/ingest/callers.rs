//! Callers that were met before: a session writes the same `userIdentity` into every record, and it is read once.
//!
//! What is kept depends on the text of `userIdentity` alone; the context of the last call also on what [`LastContext`] says.

use hashbrown::HashTable;

use super::context::LastContext;
use super::fields::Reject;
use super::identity::{Caller, Identity, caller};
use super::raw::Json;

/// From how many on all are forgotten.
const MOST: usize = 1 << 14;

/// By so many bytes at its beginning a caller is looked for before it is known where it ends: its kind, id and part of its name.
const START: usize = 64;

/// How many callers with the same beginning are tried.
const RECENT: usize = 4;

/// The columns of an event that tell of its caller alone, and at the end the one of its context.
pub const COLUMNS: [&str; 9] = [
    "principal_key", "principal_arn", "principal_type", "principal_account", "session_name", "source_identity", "access_key_id", "invoked_by", "context_json",
];

/// A caller, and what its last call was like.
pub struct Known {
    text: String,
    caller: Caller<'static>,
    context: LastContext,
    numbers: Numbers,
}

/// The numbers of a caller's texts in [`COLUMNS`].
#[derive(Default)]
pub struct Numbers {
    /// The age of the texts that they are numbers of.
    age: u64,
    /// The number of the context whose text is the last of them.
    serial: Option<u64>,
    known: [Option<u32>; COLUMNS.len()],
}

impl Numbers {
    /// What is known of them among texts of an age, in a call with the context of this number.
    pub fn known(&self, age: u64, serial: Option<u64>) -> [Option<u32>; COLUMNS.len()] {
        if self.age != age {
            return Default::default();
        }
        let mut known = self.known;
        if let Some(context) = known.last_mut().filter(|_| serial.is_none() || serial != self.serial) {
            *context = None;
        }
        known
    }

    /// Where those of a call with such a context are to be noted.
    pub fn note(&mut self, age: u64, serial: Option<u64>) -> &mut [Option<u32>] {
        (self.age, self.serial) = (age, serial);
        &mut self.known
    }
}

/// The callers that were met last of those that begin alike.
struct Beginning {
    hash: u64,
    /// Their places, the last one first.
    recent: [u32; RECENT],
}

/// Callers by the text of their `userIdentity`.
#[derive(Default)]
pub struct Callers {
    known: Vec<Known>,
    by_text: HashTable<u32>,
    by_start: HashTable<Beginning>,
    /// Drawn anew: the texts are the callers' own, who must not choose where they fall.
    hasher: foldhash::fast::RandomState,
}

/// Stands for no place.
const NOBODY: u32 = u32::MAX;

impl Known {
    /// Who it is.
    #[must_use]
    pub fn caller(&self) -> Caller<'_> {
        self.caller.borrowed()
    }

    /// Who it is, the context of the last call, and the numbers of texts.
    pub fn parts(&mut self) -> (Caller<'_>, &mut LastContext, &mut Numbers) {
        (self.caller.borrowed(), &mut self.context, &mut self.numbers)
    }
}

impl Callers {
    /// The place of the caller whose text is at the beginning of this one, if it was met lately.
    fn recent(&self, rest: &str) -> Option<u32> {
        let hash = self.start(rest);
        let beginning = self.by_start.find(hash, |b| b.hash == hash)?;
        // Each is a whole object: if the text begins with it, the object that begins there is it.
        let is_it = |at: &&u32| self.known.get(**at as usize).is_some_and(|known| rest.as_bytes().starts_with(known.text.as_bytes()));
        beginning.recent.iter().find(is_it).copied()
    }

    fn start(&self, text: &str) -> u64 {
        use std::hash::BuildHasher as _;
        self.hasher.hash_one(text.as_bytes().get(..START).unwrap_or(text.as_bytes()))
    }

    /// The place of the caller with whose `userIdentity` a text begins, and that one's length, if it was met lately.
    #[must_use]
    pub fn at_start(&self, rest: &str) -> Option<(u32, usize)> {
        let at = self.recent(rest)?;
        self.known.get(at as usize).map(|known| (at, known.text.len()))
    }

    /// Who a `userIdentity` says that it is; `place` is what [`Callers::at_start`] said of it.
    ///
    /// # Errors
    /// As [`Identity::of`].
    pub fn of(&mut self, raw: Option<Json<'_>>, place: Option<u32>) -> Result<&mut Known, Reject> {
        let at = match place {
            Some(at) => at,
            None => self.find_or_read(raw, raw.map_or("", Json::get))?,
        };
        self.known.get_mut(at as usize).ok_or_else(|| ("userIdentity", String::new()))
    }

    fn find_or_read(&mut self, raw: Option<Json<'_>>, text: &str) -> Result<u32, Reject> {
        use std::hash::BuildHasher as _;
        if self.known.len() >= MOST {
            self.known.clear();
            self.by_text.clear();
            self.by_start.clear();
        }
        let hash = self.hasher.hash_one(text);
        let known = &self.known;
        let is_it = |at: &u32| known.get(*at as usize).is_some_and(|known| known.text == text);
        let at = match self.by_text.find(hash, is_it) {
            Some(at) => *at,
            None => {
                let caller = caller(&Identity::of(raw)?).owned();
                let at = u32::try_from(self.known.len()).unwrap_or(NOBODY);
                self.known.push(Known { text: text.to_owned(), caller, context: LastContext::default(), numbers: Numbers::default() });
                let (known, hasher) = (&self.known, &self.hasher);
                self.by_text.insert_unique(hash, at, |at| known.get(*at as usize).map_or(0, |known| hasher.hash_one(&*known.text)));
                at
            }
        };
        // Only a whole object ends where it ends, whatever follows.
        if text.starts_with('{') {
            let hash = self.start(text);
            let beginning = self.by_start.entry(hash, |b| b.hash == hash, |b| b.hash);
            let recent = &mut beginning.or_insert_with(|| Beginning { hash, recent: [NOBODY; RECENT] }).into_mut().recent;
            recent.rotate_right(1);
            if let Some(first) = recent.first_mut() {
                *first = at;
            }
        }
        Ok(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_is_read_once_and_stays_the_same() {
        let (one, two) = (r#"{"type": "IAMUser", "principalId": "AIDAEXAMPLE", "sessionContext": {"attributes": {"mfaAuthenticated": "true"}}}"#, r#"{"type": "Root"}"#);
        let raw = |json: &'static str| Some(serde_json::from_str::<Json<'_>>(json).unwrap());
        let mut callers = Callers::default();
        for json in [one, two, one] {
            assert_eq!(callers.of(raw(json), None).unwrap().caller(), caller(&Identity::of(raw(json)).unwrap()));
        }
        assert_eq!(callers.known.len(), 2);
        assert!(callers.of(raw(r#"{"arn": 1, "arn": 2}"#), None).is_err());
        assert_eq!(callers.of(None, None).unwrap().caller(), Caller::default());
        assert_eq!(callers.of(raw(r#""{\"type\": \"Root\"}""#), None).unwrap().caller(), Caller::default());
    }

    #[test]
    fn numbers_are_of_one_age_and_one_context() {
        let mut numbers = Numbers::default();
        numbers.note(0, Some(1)).fill(Some(7));
        assert_eq!(numbers.known(0, Some(1)), [Some(7); 9]);
        for other in [None, Some(2)] {
            assert_eq!(numbers.known(0, other)[..8], [Some(7); 8]);
            assert_eq!(numbers.known(0, other)[8], None);
        }
        assert_eq!(numbers.known(1, Some(1)), [None; 9]);
        numbers.note(0, None).fill(Some(8));
        assert_eq!((numbers.known(0, None)[8], numbers.known(0, Some(1))[8]), (None, None), "a context that is not remembered has no number");
    }

    #[test]
    fn only_a_caller_that_was_met_is_found_by_its_beginning() {
        let text = |key: usize| format!(r#"{{"type": "AssumedRole", "principalId": "AROAEXAMPLEEXAMPLE01:a-session", "accessKeyId": "ASIA{key}"}}"#);
        let mut callers = Callers::default();
        let texts: Vec<String> = (0..20).map(text).collect();
        for json in &texts {
            assert_eq!(callers.at_start(json), None);
            let key = callers.of(Some(Json::found(json)), None).unwrap().caller().access_key_id.unwrap().into_owned();
            assert!(json.contains(&format!("{key}\"")));
            let (place, length) = callers.at_start(&format!("{json}, \"eventTime\": 1")).unwrap();
            assert_eq!(length, json.len());
            assert_eq!(callers.of(Some(Json::found(json)), Some(place)).unwrap().caller().access_key_id.as_deref(), Some(&*key));
        }
        // Those that were met long ago are found by their whole text.
        assert_eq!(callers.at_start(&texts[0]), None);
        assert_eq!(callers.of(Some(Json::found(&texts[0])), None).unwrap().caller().access_key_id.as_deref(), Some("ASIA0"));
        assert_eq!(callers.known.len(), 20);
        assert_eq!(callers.at_start(&texts[0][..texts[0].len() - 1]), None);
    }
}
