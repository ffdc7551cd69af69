//! Callers that were met before: a session writes the same `userIdentity` into every record, and it is read once.

use hashbrown::HashMap;
use hashbrown::hash_map::EntryRef;
use serde_json::value::RawValue;

use super::fields::Reject;
use super::identity::Identity;

/// From how many on all are forgotten.
const MOST: usize = 1 << 14;

/// Callers by the text of their `userIdentity`.
#[derive(Default)]
pub struct Callers {
    known: HashMap<String, Identity<'static>, foldhash::fast::RandomState>,
}

impl Callers {
    /// What the text says.
    ///
    /// # Errors
    /// As [`Identity::of`].
    pub fn of(&mut self, raw: Option<&RawValue>) -> Result<Identity<'_>, Reject> {
        let Some(raw) = raw else { return Identity::of(None) };
        if self.known.len() >= MOST {
            self.known.clear();
        }
        let identity = match self.known.entry_ref(raw.get()) {
            EntryRef::Occupied(known) => known.into_mut(),
            EntryRef::Vacant(free) => {
                let identity = Identity::of(Some(raw))?.owned();
                free.insert_entry(identity).into_mut()
            }
        };
        Ok(identity.borrowed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_is_read_once_and_stays_the_same() {
        let (one, two) = (r#"{"type": "IAMUser", "principalId": "AIDAEXAMPLE", "sessionContext": {"attributes": {"mfaAuthenticated": "true"}}}"#, r#"{"type": "Root"}"#);
        let raw = |json: &'static str| Some(serde_json::from_str::<&RawValue>(json).unwrap());
        let mut callers = Callers::default();
        for json in [one, two, one] {
            assert_eq!(callers.of(raw(json)).unwrap(), Identity::of(raw(json)).unwrap());
        }
        assert_eq!(callers.known.len(), 2);
        assert!(callers.of(raw(r#"{"arn": 1, "arn": 2}"#)).is_err());
        assert_eq!(callers.of(None).unwrap(), Identity::default());
    }
}
