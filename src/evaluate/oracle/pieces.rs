//! Texts with policy variables, taken apart into pieces, so that what a variable stands for stays text: an
//! asterisk that came out of a variable is an asterisk, never a wildcard (item 11, R19).

use std::collections::BTreeSet;

use super::facts::{Known, known};
use crate::evaluate::decision::Tri;
use crate::evaluate::request::Request;
use crate::policy::Version;

/// What stands in a text of a policy.
enum Token {
    /// A character as written.
    Written(char),
    /// `${*}`, `${?}`, `${$}`: the character itself.
    Escaped(char),
    /// `${key}` or `${key, 'default'}`.
    Variable { key: String, default: Option<String> },
}

/// A piece of a text after its variables were looked up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Piece {
    /// A character that the policy's author wrote; `*` and `?` may be wildcards.
    Written(char),
    /// A character that a variable stands for; never a wildcard.
    Given(char),
    /// A variable whose value is not known: any text.
    Anything,
}

/// Item 11: only version 2012-10-17 has variables; elsewhere `${…}` is plain text.
fn tokens(text: &str, version: Version) -> Vec<Token> {
    let mut out = Vec::new();
    let mut rest = text;
    loop {
        if version == Version::V2012
            && let Some((inside, after)) = rest.strip_prefix("${").and_then(|open| open.split_once('}'))
        {
            out.push(variable(inside));
            rest = after;
            continue;
        }
        let mut chars = rest.chars();
        let Some(c) = chars.next() else { return out };
        out.push(Token::Written(c));
        rest = chars.as_str();
    }
}

/// Item 11: what stands between `${` and `}`.
fn variable(inside: &str) -> Token {
    match inside {
        "*" => return Token::Escaped('*'),
        "?" => return Token::Escaped('?'),
        "$" => return Token::Escaped('$'),
        _ => {}
    }
    let (key, default) = match inside.split_once(',') {
        Some((key, default)) => (key, default.trim().strip_prefix('\'').and_then(|text| text.strip_suffix('\''))),
        None => (inside, None),
    };
    Token::Variable { key: key.trim().to_owned(), default: default.map(str::to_owned) }
}

/// Item 11 / R19: a text with its variables replaced; `None` when one of them has no value and no default, or has
/// several values: such a text matches nothing.
pub(super) fn fill(request: &Request<'_>, text: &str, version: Version) -> Option<Vec<Piece>> {
    let mut out = Vec::new();
    for token in tokens(text, version) {
        match token {
            Token::Written(c) => out.push(Piece::Written(c)),
            Token::Escaped(c) => out.push(Piece::Given(c)),
            Token::Variable { key, default } => match known(request, &key) {
                Known::Unknown => out.push(Piece::Anything),
                Known::Absent => out.extend(default?.chars().map(Piece::Given)),
                Known::Values(values) => match values.as_slice() {
                    [one] => out.extend(one.chars().map(Piece::Given)),
                    _ => return None,
                },
            },
        }
    }
    Some(out)
}

/// R2: the variables of a text whose values are not known, as written.
pub(super) fn unknown_variables(request: &Request<'_>, text: &str, version: Version) -> Vec<String> {
    let mut out = Vec::new();
    for token in tokens(text, version) {
        if let Token::Variable { key, .. } = token
            && known(request, &key) == Known::Unknown
        {
            out.push(key);
        }
    }
    out
}

/// How written `*` and `?` are taken, and whether case counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Manner {
    /// Every character is itself.
    Exact,
    /// Every character is itself, in either case.
    IgnoreCase,
    /// `*` is any run of characters, `?` any one.
    Like,
}

/// Whether the pieces match a whole text: No or Yes, or Unknown where a variable that is not known decides.
pub(super) fn compare(pieces: &[Piece], text: &str, manner: Manner) -> Tri {
    if !reaches_end(pieces, text, manner) {
        Tri::No
    } else if pieces.contains(&Piece::Anything) {
        Tri::Unknown
    } else {
        Tri::Yes
    }
}

/// Walks the pieces with the set of places in the text where the walk may stand.
fn reaches_end(pieces: &[Piece], text: &str, manner: Manner) -> bool {
    let text: Vec<char> = text.chars().collect();
    let mut places: BTreeSet<usize> = BTreeSet::from([0]);
    for piece in pieces {
        let mut next = BTreeSet::new();
        for place in places {
            match piece {
                Piece::Anything => next.extend(place..=text.len()),
                Piece::Written('*') if manner == Manner::Like => next.extend(place..=text.len()),
                Piece::Written('?') if manner == Manner::Like => {
                    if place < text.len() {
                        next.insert(place + 1);
                    }
                }
                Piece::Written(c) | Piece::Given(c) => {
                    if text.get(place).is_some_and(|t| same(*c, *t, manner)) {
                        next.insert(place + 1);
                    }
                }
            }
        }
        places = next;
    }
    places.contains(&text.len())
}

fn same(left: char, right: char, manner: Manner) -> bool {
    left == right || (manner == Manner::IgnoreCase && left.to_lowercase().eq(right.to_lowercase()))
}
