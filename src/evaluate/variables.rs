//! Policy variables (rule 11): `${key}`, `${key, 'default'}`, `${*}`, `${?}`, `${$}`.
//!
//! What a variable stands for is text, never a pattern: its `*` and `?` are exchanged for private characters,
//! and so are those of every text that is matched, so that only wildcards the author wrote are wildcards.

use super::{ContextValue, Facts};
use crate::policy::Version;

const STAR: char = '\u{F0000}';
const MARK: char = '\u{F0001}';

/// A text in which `*` and `?` are no wildcards.
#[must_use]
pub fn literal(text: &str) -> String {
    text.replace('*', "\u{F0000}").replace('?', "\u{F0001}")
}

/// A policy value after its variables are replaced.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Filled {
    /// A pattern; only the author's wildcards are left as `*` and `?`.
    Pattern(String),
    /// A variable has no value and no default: the value cannot match.
    Valueless,
    /// A variable's value is not known; the key.
    Unknown(String),
}

/// Replaces the variables of a policy value. In version 2008-10-17 there are none.
#[must_use]
pub fn fill(value: &str, version: Version, facts: &Facts<'_>) -> Filled {
    if version == Version::V2008 || !value.contains("${") {
        return Filled::Pattern(value.to_owned());
    }
    let mut out = String::new();
    let mut rest = value;
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        let Some((inner, tail)) = after.split_once('}') else {
            out.push_str("${");
            out.push_str(after);
            return Filled::Pattern(out);
        };
        rest = tail;
        match inner {
            "*" => out.push(STAR),
            "?" => out.push(MARK),
            "$" => out.push('$'),
            _ => {
                let (key, default) = match inner.split_once(',') {
                    Some((key, default)) => (key.trim(), default.trim().strip_prefix('\'').and_then(|d| d.strip_suffix('\''))),
                    None => (inner.trim(), None),
                };
                match (facts.get(key), default) {
                    (ContextValue::Present([one]), _) => out.push_str(&literal(one)),
                    (ContextValue::Absent, Some(default)) => out.push_str(&literal(default)),
                    (ContextValue::Present(_) | ContextValue::Absent, _) => return Filled::Valueless,
                    (ContextValue::Unknown, _) => return Filled::Unknown(key.to_owned()),
                }
            }
        }
    }
    out.push_str(rest);
    Filled::Pattern(out)
}
