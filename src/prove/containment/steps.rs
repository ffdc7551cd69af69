//! Patterns as lists of steps, and texts as lists of symbols: what the walk reads.
//!
//! A pattern is read by the evaluation's own parser (`evaluate::pattern`), so that a wildcard, a literal `${*}` or a
//! variable is here what it is there. The five colons that part an ARN are steps of their own: a wildcard never
//! reads one. Source: inputs-and-evaluation.md section 4.2, items 3, 4 and 11.

use crate::evaluate::PolicyType;
use crate::evaluate::arn_pattern::six_parts;
use crate::evaluate::pattern::{Piece, Reading, pieces};
use crate::policy::Version;

/// A policy variable; the same key in the same request is the same text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct Variable {
    /// The key in lower case.
    pub key: Box<str>,
    /// The default, if one is written.
    pub default: Option<Box<str>>,
}

impl Variable {
    /// Whether this variable has the text of `other` whenever `other` has one.
    #[must_use]
    pub fn follows(&self, other: &Variable) -> bool {
        self.key == other.key && (self.default == other.default || other.default.is_none())
    }
}

/// One step of a pattern.
#[derive(Clone, PartialEq, Eq, Debug, Hash)]
pub enum Step {
    /// This character.
    Literal(char),
    /// One of the five colons that part an ARN.
    Colon,
    /// `?`
    AnyOne,
    /// `*`
    AnyRun,
    /// The text of a variable.
    Variable(Variable),
}

/// One symbol of a text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum Symbol {
    /// A character.
    Char(char),
    /// One of the five colons that part an ARN.
    Colon,
    /// Whatever text a variable has.
    Variable(Variable),
}

fn push_text(text: &str, out: &mut Vec<Step>) {
    for c in text.chars() {
        match c {
            '*' if out.last() == Some(&Step::AnyRun) => {}
            '*' => out.push(Step::AnyRun),
            '?' => out.push(Step::AnyOne),
            c => out.push(Step::Literal(c)),
        }
    }
}

/// The steps of a pattern without variables: an action pattern, the first parts of an ARN.
#[must_use]
pub fn of_text(text: &str) -> Vec<Step> {
    let mut out = Vec::new();
    push_text(text, &mut out);
    out
}

/// The steps of pieces.
#[must_use]
pub fn of_pieces(list: &[Piece]) -> Vec<Step> {
    let mut out = Vec::new();
    for piece in list {
        match piece {
            Piece::Text(text) => out.extend(text.chars().map(Step::Literal)),
            Piece::AnyOne => out.push(Step::AnyOne),
            Piece::AnyRun => out.push(Step::AnyRun),
            Piece::Variable { key, default, .. } => {
                out.push(Step::Variable(Variable { key: key.clone(), default: default.clone() }));
            }
        }
    }
    out
}

/// A resource pattern.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ResourceSteps {
    /// `*` alone: every resource, and the requests that name none.
    All,
    /// Six parts with five colons between them.
    Parts(Vec<Step>),
    /// Nothing: too short for its kind of policy.
    Nothing,
}

/// The steps of a resource pattern of a kind of policy.
#[must_use]
pub fn of_resource(pattern: &str, version: Version, kind: PolicyType) -> ResourceSteps {
    if pattern == "*" {
        return ResourceSteps::All;
    }
    let Some(full) = six_parts(pattern, kind) else { return ResourceSteps::Nothing };
    let mut out = Vec::new();
    let mut parts = full.splitn(6, ':');
    for part in parts.by_ref().take(5) {
        out.extend(of_text(&part.to_ascii_lowercase()));
        out.push(Step::Colon);
    }
    out.extend(of_pieces(&pieces(parts.next().unwrap_or(""), Reading::of(version, true))));
    ResourceSteps::Parts(out)
}

/// Every ARN.
#[must_use]
pub fn every_arn() -> Vec<Step> {
    let mut out: Vec<Step> = "arn".chars().map(Step::Literal).collect();
    for _ in 0..5 {
        out.extend([Step::Colon, Step::AnyRun]);
    }
    out
}

/// The same pattern with `arn` for its first part; `None` where that part is never `arn`. No resource of a request
/// has another word there.
#[must_use]
pub fn starting_with_arn(steps: &[Step]) -> Option<Vec<Step>> {
    let first = steps.iter().position(|s| *s == Step::Colon)?;
    let head: String = steps.iter().take(first).map(|s| match s {
        Step::Literal(c) => *c,
        Step::AnyOne => '?',
        _ => '*',
    }).collect();
    crate::aws::glob_matches(&head, "arn").then(|| "arn".chars().map(Step::Literal).chain(steps.iter().skip(first).cloned()).collect())
}

/// Cuts the value of an ARN operator at its first five colons; `None` with fewer than six parts, which matches
/// nothing.
#[must_use]
pub fn cut_at_colons(list: &[Piece]) -> Option<Vec<Step>> {
    let mut colons = 0;
    let steps: Vec<Step> = of_pieces(list)
        .into_iter()
        .map(|step| match step {
            Step::Literal(':') if colons < 5 => {
                colons += 1;
                Step::Colon
            }
            other => other,
        })
        .collect();
    (colons == 5).then_some(steps)
}

/// Whether two patterns surely share no text, told by the literal characters that both begin with.
#[must_use]
pub fn surely_apart(left: &[Step], right: &[Step]) -> bool {
    for (a, b) in left.iter().zip(right) {
        match (a, b) {
            (Step::Literal(x), Step::Literal(y)) if x == y => {}
            (Step::Colon, Step::Colon) => {}
            (Step::Literal(_), Step::Literal(_) | Step::Colon) | (Step::Colon, Step::Literal(_)) => return true,
            _ => return false,
        }
    }
    false
}
