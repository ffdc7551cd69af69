//! The quick way to flatten parameters: in one pass over their text. What is odd (an escape in a name, a number that is no plain
//! integer, deep nesting, a text that breaks off) goes the long way, with serde_json; both give the same.

use std::borrow::Cow;

use super::names::hash;
use super::params::{Aside, MAX_DEPTH, MAX_VALUES, Params, Walk, aside, is_container};
use crate::scan::{blank, past, string, value};

/// How deep lists and objects may stand in one another here.
const NESTED: u8 = 64;

/// A text being flattened.
struct Flatten<'p, 'a> {
    json: &'a str,
    params: &'p mut Params<'a>,
}

/// Where a value stands, as in [`Walk`].
#[derive(Clone, Copy)]
struct Level<'n, 'a> {
    name: &'n Cow<'a, str>,
    hash: u64,
    parent: u64,
    object: u32,
    depth: u8,
    aside: Aside,
    fresh: bool,
    nested: u8,
}

impl<'a> Params<'a> {
    /// Flattens a text; `None` where it must go the long way.
    pub(super) fn quick(json: &'a str) -> Option<Params<'a>> {
        if !json.starts_with(['{', '[']) {
            return Some(Params::default());
        }
        let mut params = Params::default();
        params.entries.reserve(16);
        let name = Cow::Borrowed("");
        let top = Level { name: &name, hash: hash(""), parent: 0, object: 0, depth: 0, aside: Aside::No, fresh: false, nested: 0 };
        Flatten { json, params: &mut params }.value(0, top)?;
        params.cut = params.entries.len() >= MAX_VALUES;
        params.leave_open();
        Some(params)
    }
}

impl<'a> Flatten<'_, 'a> {
    /// The place behind the value that begins here.
    fn value(&mut self, at: usize, level: Level<'_, 'a>) -> Option<usize> {
        let bytes = self.json.as_bytes();
        if level.depth > MAX_DEPTH || self.params.entries.len() >= MAX_VALUES {
            return value(bytes, at);
        }
        match bytes.get(at)? {
            b'{' => self.object(at, level),
            b'[' => self.list(at, level),
            b'"' => {
                let (end, has_escapes) = string(bytes, at)?;
                let text = if has_escapes { Cow::Owned(serde_json::from_str(self.json.get(at..end)?).ok()?) } else { Cow::Borrowed(self.json.get(at + 1..end - 1)?) };
                self.push(level, Some(text));
                Some(end)
            }
            _ => {
                let end = value(bytes, at)?;
                let word = self.json.get(at..end)?;
                match word {
                    "null" => {}
                    "true" | "false" => self.push(level, Some(Cow::Borrowed(word))),
                    // Integers are written as they are read; those that are too large for one are none.
                    digits if digits.bytes().all(|b| b.is_ascii_digit()) && digits.parse::<u64>().is_ok() => self.push(level, Some(Cow::Borrowed(digits))),
                    _ => return None,
                }
                Some(end)
            }
        }
    }

    fn push(&mut self, level: Level<'_, 'a>, text: Option<Cow<'a, str>>) {
        let Level { name, hash, parent, object, depth, aside, fresh, .. } = level;
        Walk { params: &mut *self.params, name, hash, parent, object, depth, aside, fresh }.push(text);
    }

    fn list(&mut self, at: usize, level: Level<'_, 'a>) -> Option<usize> {
        let bytes = self.json.as_bytes();
        let item = Level { fresh: false, nested: deeper(level.nested)?, ..level };
        let mut at = blank(bytes, at + 1);
        if bytes.get(at) == Some(&b']') {
            return Some(at + 1);
        }
        loop {
            let end = self.value(blank(bytes, at), item)?;
            match past(bytes, end, b',') {
                Some(next) => at = next,
                None => return past(bytes, end, b']'),
            }
        }
    }

    fn object(&mut self, at: usize, level: Level<'_, 'a>) -> Option<usize> {
        let bytes = self.json.as_bytes();
        let (nested, depth) = (deeper(level.nested)?, level.depth + 1);
        let object = self.params.open_object(level.name, level.hash, (level.parent, level.object), level.depth, level.aside);
        let mut at = blank(bytes, at + 1);
        if bytes.get(at) == Some(&b'}') {
            return Some(at + 1);
        }
        loop {
            let start = blank(bytes, at);
            let (end, has_escapes) = string(bytes, start)?;
            let key = self.json.get(start + 1..end - 1).filter(|_| !has_escapes)?;
            let from = blank(bytes, past(bytes, end, b':')?);
            let end = if is_container(key) && level.depth > 0 {
                self.value(from, Level { object, depth, fresh: false, nested, ..level })?
            } else {
                let fresh = level.aside == Aside::No;
                let aside = if fresh { aside(key) } else { level.aside };
                let name = Cow::Borrowed(key);
                self.value(from, Level { name: &name, hash: hash(key), parent: level.hash, object, depth, aside, fresh, nested })?
            };
            match past(bytes, end, b',') {
                Some(next) => at = next,
                None => return past(bytes, end, b'}'),
            }
        }
    }
}

fn deeper(nested: u8) -> Option<u8> {
    (nested < NESTED).then_some(nested + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn both_ways_give_the_same() {
        for json in [
            r#"{"a":"x","tags":[{"key":"k"}],"items":{"item":[1,-1,1.5,true,null]},"b":{"items":[{"a":"\u0041\n"},{"content":"*"}]}}"#,
            r#"{"n":18446744073709551615,"m":18446744073709551616,"o":-0,"p":0}"#,
            r#"{"\u0061":"x"}"#,
            r#"{"a":"\ud800"}"#,
            r#"{"a":1,}"#,
            r#"{"a":{"b":"x""#,
            r#"{"a":1e999,"b":"x"}"#,
            r#"[["x"],{"a":["y"]}] and more"#,
            " {}",
            "",
            "null",
        ] {
            assert_eq!(Params::of(json), Params::slow(json), "{json}");
        }
        for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
            for depth in [20, 24, 25, 26, 63, 64, 65, 127, 200] {
                let json = format!("{}\"x\"{}", open.repeat(depth), close.repeat(depth));
                assert_eq!(Params::of(&json), Params::slow(&json), "{json}");
            }
        }
        let many = format!("[{}]", vec![r#"{"a":"x"}"#; MAX_VALUES].join(","));
        assert_eq!(Params::of(&many), Params::slow(&many));
        assert!(Params::quick(r#"{"a":[{"b":"x"}]}"#).is_some(), "the usual goes the quick way");
    }

    fn json() -> impl Strategy<Value = String> {
        let leaf = proptest::sample::select(vec!["1", "-1", "1.5", "true", "null", "\"x\"", "\"*\"", "\"a\\u0042\"", "\"\\ud800\"", "12345678901234567890123", "nope"]);
        leaf.prop_map(str::to_owned).prop_recursive(4, 24, 4, |inner| {
            let key = proptest::sample::select(vec!["a", "name", "items", "item", "member", "content", "tagSet", "imageTag", "filters", "\\u0061"]);
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(|list| format!("[{}]", list.join(", "))),
                proptest::collection::vec((key, inner), 0..5).prop_map(|fields| {
                    let fields: Vec<String> = fields.iter().map(|(key, value)| format!("\"{key}\" : {value}")).collect();
                    format!("{{{}}}", fields.join(","))
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn both_ways_give_the_same_on_made_up_parameters(json in json()) {
            prop_assert_eq!(Params::of(&json), Params::slow(&json));
        }
    }
}
