//! Where JSON values end, held to the whole grammar: what this takes for a value serde_json takes for one too, from the same byte to
//! the same byte. What it does not take may be one all the same (nested deeper than [`DEPTH`]); whoever asks has another way then.

/// How deep values may be nested here.
const DEPTH: u32 = 100;

/// The place behind white space.
#[inline]
#[must_use]
pub fn blank(bytes: &[u8], mut at: usize) -> usize {
    while matches!(bytes.get(at), Some(b' ' | b'\n' | b'\t' | b'\r')) {
        at += 1;
    }
    at
}

/// The place behind a byte and the white space before it.
#[inline]
#[must_use]
pub fn past(bytes: &[u8], at: usize, byte: u8) -> Option<usize> {
    let at = if bytes.get(at) == Some(&byte) { at } else { blank(bytes, at) };
    (bytes.get(at) == Some(&byte)).then_some(at + 1)
}

/// Whether a byte ends or breaks a string: a quote, a backslash or a control character.
#[inline]
fn is_special(byte: u8) -> bool {
    // Without a way out in the middle, so that many bytes are looked at together.
    (byte < 0x20) | (byte == b'"') | (byte == b'\\')
}

/// The next byte that ends or breaks a string.
#[inline]
fn special(bytes: &[u8], mut at: usize) -> Option<usize> {
    while let Some(chunk) = bytes.get(at..)?.first_chunk::<16>() {
        let marks = u128::from_le_bytes(chunk.map(|byte| 0u8.wrapping_sub(u8::from(is_special(byte)))));
        if marks != 0 {
            return Some(at + (marks.trailing_zeros() / 8) as usize);
        }
        at += 16;
    }
    bytes.get(at..)?.iter().position(|byte| is_special(*byte)).map(|n| at + n)
}

/// The place behind the string whose quote stands here; whether it has escapes.
#[inline]
#[must_use]
pub fn string(bytes: &[u8], at: usize) -> Option<(usize, bool)> {
    if bytes.get(at) != Some(&b'"') {
        return None;
    }
    let (mut at, mut escapes) = (at + 1, false);
    loop {
        at = special(bytes, at)?;
        match bytes.get(at)? {
            b'"' => return Some((at + 1, escapes)),
            b'\\' => {
                escapes = true;
                at = match bytes.get(at + 1)? {
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => at + 2,
                    b'u' if bytes.get(at + 2..at + 6)?.iter().all(u8::is_ascii_hexdigit) => at + 6,
                    _ => return None,
                };
            }
            _ => return None,
        }
    }
}

fn digits(bytes: &[u8], mut at: usize) -> Option<usize> {
    let start = at;
    while bytes.get(at).is_some_and(u8::is_ascii_digit) {
        at += 1;
    }
    (at > start).then_some(at)
}

fn number(bytes: &[u8], at: usize) -> Option<usize> {
    let at = at + usize::from(bytes.get(at) == Some(&b'-'));
    let mut end = digits(bytes, at)?;
    if bytes.get(at) == Some(&b'0') && end > at + 1 {
        return None;
    }
    if bytes.get(end) == Some(&b'.') {
        end = digits(bytes, end + 1)?;
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        end = digits(bytes, end + 1 + usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-'))))?;
    }
    Some(end)
}

fn word(bytes: &[u8], at: usize, word: &[u8]) -> Option<usize> {
    (bytes.get(at..at + word.len())? == word).then_some(at + word.len())
}

/// The place behind a name and its colon.
fn name(bytes: &[u8], at: usize) -> Option<usize> {
    past(bytes, string(bytes, at)?.0, b':')
}

/// The place behind the value that begins here.
#[must_use]
pub fn value(bytes: &[u8], mut at: usize) -> Option<usize> {
    // A bit for each level that is open, 1 for an object, below a first 1.
    let mut open: u128 = 1;
    loop {
        if matches!(bytes.get(at), Some(b' ' | b'\n' | b'\t' | b'\r')) {
            at = blank(bytes, at);
        }
        at = match bytes.get(at)? {
            b'"' => string(bytes, at)?.0,
            b'{' => {
                at = blank(bytes, at + 1);
                if bytes.get(at)? == &b'}' {
                    at + 1
                } else {
                    open = deeper(open)? | 1;
                    at = name(bytes, at)?;
                    continue;
                }
            }
            b'[' => {
                at = blank(bytes, at + 1);
                if bytes.get(at)? == &b']' {
                    at + 1
                } else {
                    open = deeper(open)?;
                    continue;
                }
            }
            b't' => word(bytes, at, b"true")?,
            b'f' => word(bytes, at, b"false")?,
            b'n' => word(bytes, at, b"null")?,
            _ => number(bytes, at)?,
        };
        loop {
            if open == 1 {
                return Some(at);
            }
            let in_object = open & 1 == 1;
            at = blank(bytes, at);
            match bytes.get(at)? {
                b',' if in_object => {
                    at = name(bytes, blank(bytes, at + 1))?;
                    break;
                }
                b',' => {
                    at += 1;
                    break;
                }
                b'}' if in_object => (at, open) = (at + 1, open >> 1),
                b']' if !in_object => (at, open) = (at + 1, open >> 1),
                _ => return None,
            }
        }
    }
}

fn deeper(open: u128) -> Option<u128> {
    (open >> DEPTH == 0).then_some(open << 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::value::RawValue;

    /// The first value of a text by serde_json, with what follows it.
    fn by_serde(text: &str) -> Option<usize> {
        let mut stream = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
        let first = stream.next()?.ok()?;
        Some(first.get().as_ptr() as usize - text.as_ptr() as usize + first.get().len())
    }

    fn agree(text: &str) {
        let own = value(text.as_bytes(), 0);
        // A word or number that runs into the next thing is for whoever reads on; serde_json's stream refuses it here.
        if let Some(end) = by_serde(text) {
            assert_eq!(own, Some(end), "{text:?}");
        } else if own == Some(text.len()) {
            panic!("{text:?}: taken for a value");
        }
    }

    #[test]
    fn every_byte_that_is_special_is_found_and_no_other() {
        for byte in 0..=255u8 {
            for place in 0..20 {
                let mut bytes = vec![b'a'; 40];
                bytes[place] = byte;
                bytes[30] = b'"';
                let is_special = byte < 0x20 || byte == b'"' || byte == b'\\';
                for from in 0..=place {
                    assert_eq!(special(&bytes, from), Some(if is_special { place } else { 30 }), "{byte:#x} at {place} from {from}");
                }
            }
        }
        assert_eq!((special(b"abc", 0), special(b"abc", 3), special(b"abc", 4)), (None, None, None));
    }

    #[test]
    fn what_is_a_value_and_what_is_none() {
        for text in [
            "0", "-0", "01", "-", "1.", "1.5", ".5", "1e5", "1E+5", "1e-", "1e", "12345678901234567890123", "true", "tru", "nul", "null", "\"\"", "\"a", "\"\\", "\"\\u00e9\"",
            "\"\\u00g9\"", "\"\\ud800\"", "\"\\x\"", "\"a\nb\"", "\"\u{7f}é\u{1f600}\"", "{}", "{ }", "{,}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{\"a\" : 1 , \"b\":[ ] }", "[1,]", "[,1]", "[1 2]",
            "[[],{},\"\"]", "[}", "{]", "[1}", "{\"a\":[1}", "", " ", "\u{feff}1", "[\"12345678\",\"1234567\\\"\"]", "\"1234567\u{1}\"", "\"1234567\u{80}\"", "\"!!!!!!!!!!!!!!!!\"",
        ] {
            agree(text);
        }
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(value(nested(100).as_bytes(), 0), Some(200));
        assert_eq!(value(nested(102).as_bytes(), 0), None, "too deep for this way");
    }

    proptest! {
        #[test]
        fn both_scanners_agree(parts in proptest::collection::vec(proptest::sample::select(vec![
            "{", "}", "[", "]", ",", ":", "\"", "\"a\":", "\"longer than eight\"", "\\", "\\u12", "\\n", " ", "\n", "\t", "\u{1}", "é", "1", "-", ".", "e", "0", "true", "null", "x",
        ]), 0..24)) {
            agree(&parts.concat());
        }

        #[test]
        fn both_scanners_agree_on_values_that_were_changed(
            json in proptest::collection::hash_map("[a-z\"\\\\\u{0}é]{0,12}", proptest::collection::vec(any::<Option<f64>>(), 0..3), 0..5), at in any::<proptest::sample::Index>(), byte in "[ -~\n]",
        ) {
            let json = serde_json::to_string(&json).unwrap();
            agree(&json);
            let places: Vec<usize> = json.char_indices().map(|(at, _)| at).collect();
            let at = places[at.index(places.len())];
            let mut changed = json;
            let _ = changed.remove(at);
            agree(&changed);
            changed.insert_str(at, &byte);
            agree(&changed);
        }
    }
}
