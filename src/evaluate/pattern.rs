//! Compiled texts of a policy: what is literal, what is a wildcard, what is a policy variable.
//!
//! A policy value is cut into pieces once. Matching walks the pieces over the text without building a string, so a
//! variable's value is text and never a pattern, whatever characters it holds (rule 11). If a value of the request
//! were read as a pattern, a caller could name a session `*` and match everything.

use super::Tri;
use super::prepared::{PreparedRequest, Value};
use crate::policy::Version;

/// One piece of a compiled text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Piece {
    /// These characters.
    Text(Box<str>),
    /// `?`: any one character.
    AnyOne,
    /// `*`: any run of characters.
    AnyRun,
    /// `${key}` or `${key, 'default'}`.
    Variable {
        /// The key in lower case.
        key: Box<str>,
        /// The key as written.
        written: Box<str>,
        /// The default, if there is one.
        default: Option<Box<str>>,
    },
}

/// A compiled text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Pattern {
    /// `*` alone.
    Any,
    /// No wildcard, no variable.
    Exact(Box<str>),
    /// A text and then `*`.
    Prefix(Box<str>),
    /// Wildcards elsewhere.
    Pieces(Box<[Piece]>),
    /// Variables, and perhaps wildcards.
    Template(Box<[Piece]>),
}

/// How a policy text is to be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reading {
    /// Whether `*` and `?` are wildcards.
    pub wildcards: bool,
    /// Whether `${…}` is a variable.
    pub variables: bool,
}

impl Reading {
    /// The reading of a document's version: variables from 2012-10-17 on.
    #[must_use]
    pub fn of(version: Version, wildcards: bool) -> Reading {
        Reading { wildcards, variables: version == Version::V2012 }
    }
}

/// Cuts a text into pieces. A `${` without `}` is plain text.
#[must_use]
pub fn pieces(text: &str, reading: Reading) -> Vec<Piece> {
    fn plain(text: &str, wildcards: bool, out: &mut Vec<Piece>) {
        let mut literal = String::new();
        for c in text.chars() {
            match c {
                '*' if wildcards => {
                    push_text(&mut literal, out);
                    if out.last() != Some(&Piece::AnyRun) {
                        out.push(Piece::AnyRun);
                    }
                }
                '?' if wildcards => {
                    push_text(&mut literal, out);
                    out.push(Piece::AnyOne);
                }
                c => literal.push(c),
            }
        }
        push_text(&mut literal, out);
    }
    fn push_text(literal: &mut String, out: &mut Vec<Piece>) {
        if literal.is_empty() {
            return;
        }
        if let Some(Piece::Text(last)) = out.last_mut() {
            let joined = format!("{last}{literal}");
            *last = joined.into_boxed_str();
        } else {
            out.push(Piece::Text(literal.as_str().into()));
        }
        literal.clear();
    }
    let mut out = Vec::new();
    let mut rest = text;
    while let Some((before, inner, tail)) = reading.variables.then_some(rest).and_then(next_variable) {
        plain(before, reading.wildcards, &mut out);
        match inner {
            "*" | "?" | "$" => push_text(&mut inner.to_owned(), &mut out),
            _ => out.push(variable(inner)),
        }
        rest = tail;
    }
    plain(rest, reading.wildcards, &mut out);
    out
}

/// What stands before the first `${…}`, in it and behind it.
fn next_variable(text: &str) -> Option<(&str, &str, &str)> {
    let (before, after) = text.split_once("${")?;
    let (inner, tail) = after.split_once('}')?;
    Some((before, inner, tail))
}

fn variable(inner: &str) -> Piece {
    let (key, default) = match inner.split_once(',') {
        Some((key, default)) => (key.trim(), default.trim().strip_prefix('\'').and_then(|d| d.strip_suffix('\''))),
        None => (inner.trim(), None),
    };
    Piece::Variable { key: key.to_ascii_lowercase().into(), written: key.into(), default: default.map(Into::into) }
}

impl Pattern {
    /// Compiles a text.
    #[must_use]
    pub fn compile(text: &str, reading: Reading) -> Pattern {
        Pattern::of_pieces(pieces(text, reading))
    }

    /// The best form for some pieces.
    #[must_use]
    pub fn of_pieces(list: Vec<Piece>) -> Pattern {
        if list.iter().any(|p| matches!(p, Piece::Variable { .. })) {
            return Pattern::Template(list.into());
        }
        match list.as_slice() {
            [] => Pattern::Exact("".into()),
            [Piece::AnyRun] => Pattern::Any,
            [Piece::Text(text)] => Pattern::Exact(text.clone()),
            [Piece::Text(text), Piece::AnyRun] => Pattern::Prefix(text.clone()),
            _ => Pattern::Pieces(list.into()),
        }
    }

    /// Whether the pattern matches a text; a variable whose value is not known leaves it open, one without value
    /// never matches.
    #[must_use]
    pub fn matches(&self, text: &str, request: &PreparedRequest<'_>) -> Tri {
        match self {
            Pattern::Template(list) => match known(list, request) {
                Tri::Yes => pieces_match(list, text, request).into(),
                Tri::Unknown => could_match(list, text, request),
                Tri::No => Tri::No,
            },
            plain => plain.matches_plain(text).into(),
        }
    }

    /// Whether a pattern without variables matches a text (one with variables does not).
    #[must_use]
    pub fn matches_plain(&self, text: &str) -> bool {
        match self {
            Pattern::Any => true,
            Pattern::Exact(exact) => **exact == *text,
            Pattern::Prefix(prefix) => text.starts_with(&**prefix),
            Pattern::Pieces(list) => walk(list, text, |piece| match piece {
                Piece::Text(text) => Some(text),
                _ => None,
            }),
            Pattern::Template(_) => false,
        }
    }

    /// The variables without a known value, as written.
    pub fn unknown_variables<'s>(&'s self, request: &'s PreparedRequest<'_>) -> impl Iterator<Item = &'s str> {
        let list: &[Piece] = match self {
            Pattern::Template(list) => list,
            _ => &[],
        };
        list.iter().filter_map(|piece| match piece {
            Piece::Variable { key, written, .. } if matches!(request.value(key), Value::Unknown) => Some(&**written),
            _ => None,
        })
    }
}

/// Whether the variables of some pieces have values: `Yes` all of them, `No` one surely has none, else `Unknown`.
#[must_use]
pub fn known(list: &[Piece], request: &PreparedRequest<'_>) -> Tri {
    let mut all = Tri::Yes;
    for piece in list {
        if let Piece::Variable { key, default, .. } = piece {
            match request.value(key) {
                Value::One(_) => {}
                Value::Absent if default.is_some() => {}
                Value::Absent | Value::Many(_) => return Tri::No,
                Value::Unknown => all = Tri::Unknown,
            }
        }
    }
    all
}

/// The text that a piece stands for; `None` for wildcards and for variables without value.
#[must_use]
pub fn resolved<'s>(piece: &'s Piece, request: &'s PreparedRequest<'_>) -> Option<&'s str> {
    match piece {
        Piece::Text(text) => Some(text),
        Piece::Variable { key, default, .. } => match request.value(key) {
            Value::One(value) => Some(value),
            Value::Absent => default.as_deref(),
            _ => None,
        },
        Piece::AnyOne | Piece::AnyRun => None,
    }
}

/// Whether pieces match all of a text. Only the last `*` is ever taken back, so the time is at most the product of
/// both lengths.
fn walk<'s>(list: &'s [Piece], text: &str, resolve: impl Fn(&'s Piece) -> Option<&'s str>) -> bool {
    let (mut at, mut from) = (0usize, 0usize);
    let mut star: Option<(usize, usize)> = None;
    loop {
        let rest = text.get(from..).unwrap_or("");
        let step = match list.get(at) {
            None if rest.is_empty() => return true,
            None => None,
            Some(Piece::AnyRun) => {
                if at + 1 == list.len() {
                    return true;
                }
                star = Some((at + 1, from));
                Some(0)
            }
            Some(Piece::AnyOne) => rest.chars().next().map(char::len_utf8),
            Some(piece) => resolve(piece).filter(|wanted| rest.starts_with(wanted)).map(str::len),
        };
        if let Some(length) = step {
            from += length;
            at += 1;
            continue;
        }
        let Some((after, tried)) = star else { return false };
        let Some(skipped) = text.get(tried..).and_then(|r| r.chars().next()) else { return false };
        let mut next = tried + skipped.len_utf8();
        // A text behind the star tells where to go on.
        if let Some(wanted) = list.get(after).and_then(&resolve) {
            match text.get(next..).and_then(|r| r.find(wanted)) {
                Some(found) => next += found,
                None => return false,
            }
        }
        star = Some((after, next));
        (at, from) = (after, next);
    }
}

/// Whether pieces without wildcards spell a text when case is ignored.
#[must_use]
pub fn spells_without_case(list: &[Piece], text: &str, request: &PreparedRequest<'_>) -> bool {
    let wanted = list.iter().filter_map(|p| resolved(p, request)).flat_map(str::chars).flat_map(char::to_lowercase);
    wanted.eq(text.chars().flat_map(char::to_lowercase))
}

/// Whether pieces with variables that are not known could match a text for some value of them: Unknown, or No.
#[must_use]
pub fn could_match(list: &[Piece], text: &str, request: &PreparedRequest<'_>) -> Tri {
    let open: Vec<Piece> = list
        .iter()
        .map(|piece| match piece {
            Piece::Variable { key, .. } if request.value(key) == Value::Unknown => Piece::AnyRun,
            other => other.clone(),
        })
        .collect();
    if pieces_match(&open, text, request) { Tri::Unknown } else { Tri::No }
}

/// Whether pieces match a text, variables resolved; only sensible when [`known`] says yes.
#[must_use]
pub fn pieces_match(list: &[Piece], text: &str, request: &PreparedRequest<'_>) -> bool {
    walk(list, text, |piece| resolved(piece, request))
}
