//! Which events were met before, in little memory: a filter that never misses one, and now and then suspects a new one.
//! Suspects are looked up in the store before anything is said of them (`ingest/suspects.rs`).

use crate::reference::bundle::sha256_hex;

/// Bits for each event that is expected; with seven probes one in 300 new events is a suspect at the very end.
const BITS: u64 = 12;
const PROBES: u64 = 7;

/// The filter.
pub struct Seen {
    words: Vec<u64>,
}

impl Seen {
    /// A filter for about so many events.
    #[must_use]
    pub fn for_events(events: u64) -> Seen {
        let bits = events.saturating_mul(BITS).clamp(1 << 20, 1 << 33);
        Seen { words: vec![0; usize::try_from(bits / 64).unwrap_or(1 << 14)] }
    }

    /// Notes an event; whether it may have been noted before.
    #[allow(clippy::cast_possible_truncation, reason = "the halves of the id")]
    pub fn note(&mut self, id: u128) -> bool {
        // Some digits of a UUID are the same in all.
        let mixed = |half: u64| half.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(32);
        let (mut at, step) = (mixed((id >> 64) as u64), mixed(id as u64) | 1);
        let mut all = true;
        for _ in 0..PROBES {
            // The upper part of the product is spread over the words, the lowest bits choose the bit.
            let word = (u128::from(at) * self.words.len() as u128) >> 64;
            if let Some(word) = self.words.get_mut(word as usize) {
                all &= *word >> (at % 64) & 1 == 1;
                *word |= 1 << (at % 64);
            }
            at = at.wrapping_add(step);
        }
        all
    }
}

/// The id of an event as a number: the UUID's own, of other texts their hash.
#[must_use]
pub fn number_of(event_id: &str) -> u128 {
    uuid(event_id).unwrap_or_else(|| {
        let hash = sha256_hex(event_id.as_bytes());
        hash.get(..32).and_then(|h| u128::from_str_radix(h, 16).ok()).unwrap_or(0)
    })
}

/// A UUID in the form of RFC 9562, lower case as AWS writes it: two texts never have the same number.
fn uuid(text: &str) -> Option<u128> {
    let bytes: &[u8; 36] = text.as_bytes().try_into().ok()?;
    let (mut number, mut wrong) = (0u128, 0u8);
    let parts = bytes.split(|b| *b == b'-').zip([8, 4, 4, 4, 12]);
    for (part, length) in parts {
        wrong |= u8::from(part.len() != length);
        let mut own = 0u64;
        for byte in part {
            let digit = DIGITS.get(usize::from(*byte)).copied().unwrap_or(WRONG);
            wrong |= digit & WRONG;
            own = own << 4 | u64::from(digit);
        }
        number = number << (4 * length) | u128::from(own);
    }
    (wrong == 0).then_some(number)
}

/// What is no digit.
const WRONG: u8 = 0x80;

/// The value of each byte as a hexadecimal digit in lower case.
const DIGITS: [u8; 256] = {
    let mut digits = [WRONG; 256];
    let mut value = 0;
    while value < 16 {
        #[allow(clippy::indexing_slicing, reason = "worked out when it is compiled")]
        {
            digits[b"0123456789abcdef"[value as usize] as usize] = value;
        }
        value += 1;
    }
    digits
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_noted_is_never_missed_and_few_others_are_suspects() {
        let id = |n: u64| number_of(&format!("event {n}"));
        let mut seen = Seen::for_events(50_000);
        let suspects = (0..50_000).filter(|n| seen.note(id(*n))).count();
        assert!(suspects < 500, "{suspects}");
        assert!((0..50_000).all(|n| seen.note(id(n))));
    }

    #[test]
    fn texts_have_numbers_of_their_own() {
        assert_eq!(number_of("00000000-0000-0000-0000-0000000000ff"), 255);
        let texts = ["00000000-0000-0000-0000-0000000000FF", "00000000000000000000000000000000ff", "", "00000000-0000-0000-0000+0000000000ff"];
        let numbers: std::collections::BTreeSet<u128> = texts.iter().map(|t| number_of(t)).collect();
        assert_eq!(numbers.len(), texts.len());
        assert!(!numbers.contains(&255));
    }
}
