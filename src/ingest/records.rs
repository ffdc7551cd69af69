//! The quick way through CloudTrail's own files: one pass over `{"Records": […]}`, each record handed out as it is met. Every
//! other carrier, and every file in which something is not as it should be, goes the long way (`carriers`): so this way need not take
//! all that is JSON, but whatever it takes it must read as serde_json does (`scan`, `literal_test`).

use super::callers::Callers;
use super::fields::Raw;
use super::raw::{Json, Place};
use crate::scan::{blank, past, string, value};

/// How far into a file the name of the list is looked for.
const HEAD: usize = 256;

/// Names of fields that are remembered at most.
const MOST_NAMES: usize = 64;

/// A record that was met.
#[derive(Default)]
pub struct Record<'t> {
    /// Where its fields stand.
    pub raw: Raw<'t>,
    /// Its caller among [`Callers`], if it was met lately.
    pub caller: Option<u32>,
}

/// Hands out the records of a text; `false`: this is no file of CloudTrail's own, or the taker wants the long way. What was handed
/// out by then is to be forgotten.
pub fn each_record<'t>(text: &'t str, callers: &mut Callers, take: impl FnMut(Record<'t>, &mut Callers) -> bool) -> bool {
    let head = text.as_bytes().get(..text.len().min(HEAD)).unwrap_or_default();
    if !text.starts_with('{') || !head.windows(9).any(|w| w == b"\"Records\"") {
        return false;
    }
    let mut document = Document { text, bytes: text.as_bytes(), names: Vec::new(), callers, take };
    document.read().is_some_and(|end| blank(text.as_bytes(), end) == text.len())
}

/// A name that was met.
struct Name<'t> {
    /// As it stands, with its quotes: so none is the beginning of another.
    text: &'t [u8],
    /// Its first bytes, and which of these are its own.
    start: u128,
    mask: u128,
    /// Where the value of a field of that name is kept.
    place: Option<Place<Raw<'t>, Json<'t>>>,
    is_caller: bool,
}

/// The name that was found, its number and the place behind it.
struct Met<'t> {
    place: Option<Place<Raw<'t>, Json<'t>>>,
    is_caller: bool,
    /// `None` where there is no room for more names.
    number: Option<usize>,
    end: usize,
}

struct Document<'t, 'c, F> {
    text: &'t str,
    bytes: &'t [u8],
    /// The names in the records so far, without escapes, in about the order in which they stand: one record is much like the last.
    names: Vec<Name<'t>>,
    callers: &'c mut Callers,
    take: F,
}

impl<'t, F: FnMut(Record<'t>, &mut Callers) -> bool> Document<'t, '_, F> {
    /// Reads the document; the place behind it.
    fn read(&mut self) -> Option<usize> {
        let mut at = blank(self.bytes, 1);
        let mut found = false;
        loop {
            let (end, has_escapes) = string(self.bytes, at)?;
            if has_escapes {
                return None;
            }
            let is_list = self.bytes.get(at..end) == Some(b"\"Records\"");
            at = past(self.bytes, end, b':')?;
            if is_list && found {
                return None;
            }
            at = if is_list { self.list(at)? } else { value(self.bytes, at)? };
            found |= is_list;
            at = blank(self.bytes, at);
            match self.bytes.get(at)? {
                b',' => at = blank(self.bytes, at + 1),
                b'}' => return found.then_some(at + 1),
                _ => return None,
            }
        }
    }

    /// Reads the list that begins here; the place behind it.
    fn list(&mut self, at: usize) -> Option<usize> {
        let mut at = past(self.bytes, at, b'[')?;
        if let Some(end) = past(self.bytes, at, b']') {
            return Some(end);
        }
        loop {
            let (record, end) = self.record(at)?;
            if !(self.take)(record, self.callers) {
                return None;
            }
            at = blank(self.bytes, end);
            match self.bytes.get(at)? {
                b',' => at += 1,
                b']' => return Some(at + 1),
                _ => return None,
            }
        }
    }

    /// The record that begins here, and the place behind it.
    fn record(&mut self, at: usize) -> Option<(Record<'t>, usize)> {
        let mut record = Record::default();
        // Which of the names were met in this record, and which comes next if it is like the last.
        let (mut met, mut next) = (0u64, 0);
        let mut at = past(self.bytes, at, b'{')?;
        if let Some(end) = past(self.bytes, at, b'}') {
            return Some((record, end));
        }
        loop {
            at = blank(self.bytes, at);
            let Met { place, is_caller, number, end } = self.name(at, next)?;
            at = blank(self.bytes, past(self.bytes, end, b':')?);
            if let Some(place) = place {
                // A field that stands twice, or that could not be remembered.
                let bit = 1u64.checked_shl(u32::try_from(number?).ok()?)?;
                if met & bit != 0 {
                    return None;
                }
                met |= bit;
                let known = if is_caller { self.caller(at) } else { None };
                let (json, end) = match known {
                    Some((caller, json)) => {
                        record.caller = Some(caller);
                        (json, at + json.get().len())
                    }
                    None => Json::at(self.text, at)?,
                };
                *place(&mut record.raw) = Some(json).filter(|json| json.get() != "null");
                at = end;
            } else {
                at = value(self.bytes, at)?;
            }
            next = number.map_or(next, |n| n + 1);
            at = if self.bytes.get(at) == Some(&b',') { at } else { blank(self.bytes, at) };
            match self.bytes.get(at)? {
                b',' => at += 1,
                b'}' => return Some((record, at + 1)),
                _ => return None,
            }
        }
    }

    /// The caller that begins here, if it was met before: then it is known where it ends.
    fn caller(&self, at: usize) -> Option<(u32, Json<'t>)> {
        let (caller, length) = self.callers.at_start(self.text.get(at..)?)?;
        Some((caller, Json::found(self.text.get(at..at + length)?)))
    }

    /// The field whose name stands here.
    fn name(&mut self, at: usize, next: usize) -> Option<Met<'t>> {
        let rest = self.bytes.get(at..)?;
        let start = first_bytes(rest);
        let is_here = |name: &Name<'t>| (start ^ name.start) & name.mask == 0 && (name.text.len() <= 16 || rest.starts_with(name.text));
        let ahead = self.names.get(next..)?.iter().position(is_here).map(|n| n + next);
        if let Some(number) = ahead.or_else(|| self.names.iter().take(next).position(is_here)) {
            let name = self.names.get(number)?;
            return Some(Met { place: name.place, is_caller: name.is_caller, number: Some(number), end: at + name.text.len() });
        }
        let (end, has_escapes) = string(self.bytes, at)?;
        if has_escapes {
            return None;
        }
        let own = self.text.get(at + 1..end - 1)?;
        let (place, is_caller) = (Raw::place(own), own == "userIdentity");
        let number = (self.names.len() < MOST_NAMES).then_some(self.names.len());
        if number.is_some() {
            // At the end, so that the numbers of the names before it stay.
            let text = self.bytes.get(at..end)?;
            let mask = u32::try_from(text.len()).ok().and_then(|length| 1u128.checked_shl(8 * length)).map_or(u128::MAX, |above| above - 1);
            self.names.push(Name { text, start, mask, place, is_caller });
        }
        Some(Met { place, is_caller, number, end })
    }
}

/// The first sixteen bytes; near the end of the text, zeros behind it.
fn first_bytes(rest: &[u8]) -> u128 {
    let near_end = || rest.iter().rev().fold(0, |all, byte| all << 8 | u128::from(*byte));
    rest.first_chunk::<16>().map_or_else(near_end, |bytes| u128::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::fields::Fields;

    fn names(text: &str) -> Option<Vec<String>> {
        let mut names = Vec::new();
        let done = each_record(text, &mut Callers::default(), |record, _| {
            let name = Fields::of(&record.raw).unwrap().event_name;
            names.extend(name.map(|n| n.into_owned()));
            true
        });
        done.then_some(names)
    }

    #[test]
    fn only_files_of_the_usual_form_go_the_quick_way() {
        let two = r#"{"Records": [{"eventName": "A", "requestParameters": {"Records": [1]}}, {"eventName": "B"}], "more": {"x": [null]}}"#;
        assert_eq!(names(two).unwrap(), ["A", "B"]);
        assert_eq!(names(r#"{"Records":[]}"#).unwrap(), [""; 0]);
        for long in [
            r#"[{"eventName": "A"}]"#,
            r#"{"Records": [{"eventName": "A"}, 1]}"#,
            r#"{"Records": [{"eventName": "A"}"#,
            r#"{"Records": [{"eventName": "A", "eventName": "B"}]}"#,
            r#"{"Records": [], "Records": []}"#,
            r#"{"Records": []} {"Records": []}"#,
            r#"{"Records": {}}"#,
            r#"{"eventName": "\"Records\""}"#,
        ] {
            assert_eq!(names(long), None, "{long}");
        }
    }
}
