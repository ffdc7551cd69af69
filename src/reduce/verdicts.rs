//! The verdicts of one policy, kept as bytes: an organisation has a million of them, with their evidence, from when a policy is
//! judged until its files are written, and nearly nobody asks for them in between.

use std::borrow::Cow;

use super::verdict::{ActionVerdict, PatternVerdict, Verdict};
use crate::aws::Text;

/// Every verdict, by the number that it is written as.
const VERDICTS: [Verdict; 8] = [
    Verdict::KeepUsed,
    Verdict::KeepUnobservable,
    Verdict::KeepYoung,
    Verdict::KeepDependent,
    Verdict::KeepCadence,
    Verdict::KeepListed,
    Verdict::Narrow,
    Verdict::Drop,
];

/// The words of confidence, likewise.
const CONFIDENCE: [&str; 3] = ["high", "medium", "low"];

/// How hard zstd tries: the fastest, which makes a tenth of them already.
const LEVEL: i32 = 1;

/// Verdicts with their evidence, in order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Verdicts {
    count: usize,
    /// How long the bytes are when they are unpacked; as long as `packed` where they are not packed.
    plain: usize,
    packed: Box<[u8]>,
}

impl Verdicts {
    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The verdicts.
    #[must_use]
    pub fn to_vec(&self) -> Vec<ActionVerdict> {
        self.iter().collect()
    }

    /// The verdicts, one after the other.
    pub fn iter(&self) -> impl Iterator<Item = ActionVerdict> + use<> {
        let is_plain = self.packed.len() == self.plain;
        let bytes = if is_plain { self.packed.to_vec() } else { zstd::bulk::decompress(&self.packed, self.plain).unwrap_or_default() };
        let mut at = 0;
        std::iter::from_fn(move || {
            let mut from = Left { bytes: bytes.get(at..)? };
            let verdict = from.verdict()?;
            at = bytes.len().saturating_sub(from.bytes.len());
            Some(verdict)
        })
    }
}

impl From<Vec<ActionVerdict>> for Verdicts {
    fn from(verdicts: Vec<ActionVerdict>) -> Verdicts {
        verdicts.iter().collect()
    }
}

impl<'v> FromIterator<&'v ActionVerdict> for Verdicts {
    fn from_iter<I: IntoIterator<Item = &'v ActionVerdict>>(verdicts: I) -> Verdicts {
        let (mut count, mut to) = (0, To::default());
        for verdict in verdicts {
            to.verdict(verdict);
            count += 1;
        }
        let plain = to.0.len();
        // What does not become shorter stays as it is.
        let packed = zstd::bulk::compress(&to.0, LEVEL).ok().filter(|packed| packed.len() < plain).unwrap_or(to.0);
        Verdicts { count, plain, packed: packed.into() }
    }
}

/// What is written.
#[derive(Default)]
struct To(Vec<u8>);

impl To {
    /// Seven bits a byte, the lowest first.
    fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(u8::try_from(number & 0x7f).unwrap_or_default() | 0x80);
            number >>= 7;
        }
        self.0.push(u8::try_from(number).unwrap_or_default());
    }

    fn length(&mut self, length: usize) {
        self.number(u64::try_from(length).unwrap_or(u64::MAX));
    }

    fn signed(&mut self, number: i64) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.length(text.len());
        self.0.extend_from_slice(text.as_bytes());
    }

    fn perhaps<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut To, T)) {
        self.0.push(u8::from(value.is_some()));
        if let Some(value) = value {
            write(self, value);
        }
    }

    fn list<T>(&mut self, list: &[T], mut write: impl FnMut(&mut To, &T)) {
        self.length(list.len());
        list.iter().for_each(|one| write(self, one));
    }

    /// One of a few words.
    fn word<T: PartialEq>(&mut self, word: &T, words: &[T]) {
        self.length(words.iter().position(|w| w == word).unwrap_or(words.len()));
    }

    fn verdict(&mut self, v: &ActionVerdict) {
        self.length(v.statement);
        self.perhaps(v.sid.as_ref(), |to, sid| to.text(sid));
        self.text(&v.action);
        self.perhaps(v.subject.as_ref(), |to, subject| to.text(subject));
        self.word(&v.verdict, &VERDICTS);
        self.perhaps(v.first_seen_ms, To::signed);
        self.perhaps(v.last_seen_ms, To::signed);
        self.signed(v.calls);
        self.signed(v.denied_calls);
        self.list(&v.resources, |to, text| to.text(text));
        self.list(&v.patterns, |to, pattern| {
            to.text(&pattern.pattern);
            to.word(&pattern.verdict, &VERDICTS);
            to.signed(pattern.calls);
        });
        self.list(&v.samples, |to, text| to.text(text));
        self.list(&v.via, |to, text| to.text(text));
        self.word(&v.confidence, &CONFIDENCE);
        self.text(&v.reason);
    }
}

/// What is left to read.
struct Left<'b> {
    bytes: &'b [u8],
}

impl<'b> Left<'b> {
    fn take(&mut self, count: usize) -> Option<&'b [u8]> {
        let (taken, left) = self.bytes.split_at_checked(count)?;
        self.bytes = left;
        Some(taken)
    }

    fn length(&mut self) -> Option<usize> {
        let (mut number, mut shift) = (0_u64, 0_u32);
        loop {
            let [byte] = self.take(1)? else { return None };
            number |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return usize::try_from(number).ok();
            }
            shift += 7;
        }
    }

    fn signed(&mut self) -> Option<i64> {
        Some(i64::from_le_bytes(self.take(8)?.try_into().ok()?))
    }

    fn text(&mut self) -> Option<&'b str> {
        let length = self.length()?;
        std::str::from_utf8(self.take(length)?).ok()
    }

    fn shared(&mut self) -> Option<Text> {
        self.text().map(Text::from)
    }

    fn perhaps<T>(&mut self, read: impl FnOnce(&mut Left<'b>) -> Option<T>) -> Option<Option<T>> {
        match self.take(1)? {
            [0] => Some(None),
            _ => read(self).map(Some),
        }
    }

    fn list<T>(&mut self, mut read: impl FnMut(&mut Left<'b>) -> Option<T>) -> Option<Vec<T>> {
        let count = self.length()?;
        (0..count).map(|_| read(self)).collect()
    }

    fn word<T: Copy>(&mut self, words: &[T]) -> Option<T> {
        let at = self.length()?;
        words.get(at).copied()
    }

    fn verdict(&mut self) -> Option<ActionVerdict> {
        Some(ActionVerdict {
            statement: self.length()?,
            sid: self.perhaps(Left::shared)?,
            action: self.shared()?,
            subject: self.perhaps(|from| from.text().map(str::to_owned))?,
            verdict: self.word(&VERDICTS)?,
            first_seen_ms: self.perhaps(Left::signed)?,
            last_seen_ms: self.perhaps(Left::signed)?,
            calls: self.signed()?,
            denied_calls: self.signed()?,
            resources: self.list(Left::shared)?,
            patterns: self.list(|from| Some(PatternVerdict { pattern: from.text()?.to_owned(), verdict: from.word(&VERDICTS)?, calls: from.signed()? }))?,
            samples: self.list(Left::shared)?,
            via: self.list(Left::shared)?,
            confidence: self.word(&CONFIDENCE)?,
            reason: Cow::Owned(self.text()?.to_owned()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text() -> impl Strategy<Value = Text> {
        ".{0,200}".prop_map(Text::from)
    }

    fn texts() -> impl Strategy<Value = Vec<Text>> {
        prop::collection::vec(text(), 0..4)
    }

    fn verdict() -> impl Strategy<Value = ActionVerdict> {
        let pattern = (".{0,9}", 0..VERDICTS.len(), any::<i64>()).prop_map(|(pattern, v, calls)| PatternVerdict { pattern, verdict: VERDICTS[v], calls });
        let what = (any::<usize>(), prop::option::of(text()), text(), prop::option::of(".{0,9}"), 0..VERDICTS.len());
        let seen = (any::<Option<i64>>(), any::<Option<i64>>(), any::<i64>(), any::<i64>());
        let told = (texts(), prop::collection::vec(pattern, 0..3), texts(), texts(), 0..CONFIDENCE.len(), ".{0,99}");
        (what, seen, told).prop_map(|(what, seen, told)| ActionVerdict {
            statement: what.0,
            sid: what.1,
            action: what.2,
            subject: what.3,
            verdict: VERDICTS[what.4],
            first_seen_ms: seen.0,
            last_seen_ms: seen.1,
            calls: seen.2,
            denied_calls: seen.3,
            resources: told.0,
            patterns: told.1,
            samples: told.2,
            via: told.3,
            confidence: CONFIDENCE[told.4],
            reason: told.5.into(),
        })
    }

    proptest! {
        #[test]
        fn what_is_packed_comes_out_as_it_was(verdicts in prop::collection::vec(verdict(), 0..20)) {
            let packed = Verdicts::from(verdicts.clone());
            prop_assert_eq!(packed.len(), verdicts.len());
            prop_assert_eq!(packed.is_empty(), verdicts.is_empty());
            prop_assert_eq!(packed.to_vec(), verdicts);
        }
    }

    #[test]
    fn every_verdict_has_a_number() {
        let number = |v: Verdict| match v {
            Verdict::KeepUsed => 0,
            Verdict::KeepUnobservable => 1,
            Verdict::KeepYoung => 2,
            Verdict::KeepDependent => 3,
            Verdict::KeepCadence => 4,
            Verdict::KeepListed => 5,
            Verdict::Narrow => 6,
            Verdict::Drop => 7,
        };
        assert!(VERDICTS.iter().enumerate().all(|(at, v)| number(*v) == at));
    }
}
