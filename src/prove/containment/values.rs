//! The values that a condition compares with, as a set of texts; whether one set lies inside another, and whether
//! two share anything.
//!
//! "Not shown" is always the answer `false`. Values are read by the evaluation's own readers (`evaluate::values`), so a
//! date or an address range is here what it is there.

use super::steps::{Step, cut_at_colons, of_pieces};
use super::walk::{Beside, Universe, Walked, walk};
use crate::evaluate::pattern::{Piece, Reading, pieces};
use crate::evaluate::values::{Range, boolean, bytes, date, number};
use crate::policy::{BaseOperator, Condition, Version};

/// States that a comparison of values may visit.
const BUDGET: usize = 20_000;

/// A set of texts.
#[derive(Clone, PartialEq, Debug)]
pub enum Values {
    /// Patterns over the whole text.
    Text(Vec<Vec<Step>>),
    /// Texts, case ignored.
    NoCase(Vec<Vec<Piece>>),
    /// Patterns over six parts each.
    Arn(Vec<ArnValue>),
    /// `true`, `false`; `open` says that a variable may add one.
    Bool { yes: bool, no: bool, open: bool },
    /// Numbers, as intervals.
    Number(Vec<Interval>),
    /// Times in seconds, as intervals.
    Date(Vec<Interval>),
    /// Bytes.
    Bytes(Vec<Vec<u8>>),
    /// Address ranges.
    Address(Vec<Range>),
}

/// A value of an ARN operator.
#[derive(Clone, PartialEq, Debug)]
pub enum ArnValue {
    /// `*` alone: every text.
    Any,
    /// Six parts.
    Parts(Vec<Step>),
    /// With variables, which may hold colons.
    Open(Vec<Piece>),
}

/// Numbers from one to another.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Interval {
    from: f64,
    from_itself: bool,
    to: f64,
    to_itself: bool,
}

impl Interval {
    fn is_inside(&self, other: &Interval) -> bool {
        let from = self.from > other.from || (self.from == other.from && (other.from_itself || !self.from_itself));
        let to = self.to < other.to || (self.to == other.to && (other.to_itself || !self.to_itself));
        from && to
    }

    fn is_apart_from(&self, other: &Interval) -> bool {
        let before = |a: &Interval, b: &Interval| a.to < b.from || (a.to == b.from && !(a.to_itself && b.from_itself));
        before(self, other) || before(other, self)
    }
}

fn intervals(base: BaseOperator, values: &[String], read: fn(&str) -> Option<f64>) -> Vec<Interval> {
    use BaseOperator as B;
    let all = Interval { from: f64::NEG_INFINITY, from_itself: true, to: f64::INFINITY, to_itself: true };
    let one = |v: f64| match base {
        B::NumericLessThan | B::DateLessThan => Interval { to: v, to_itself: false, ..all },
        B::NumericLessThanEquals | B::DateLessThanEquals => Interval { to: v, ..all },
        B::NumericGreaterThan | B::DateGreaterThan => Interval { from: v, from_itself: false, ..all },
        B::NumericGreaterThanEquals | B::DateGreaterThanEquals => Interval { from: v, ..all },
        _ => Interval { from: v, from_itself: true, to: v, to_itself: true },
    };
    values.iter().filter_map(|v| read(v)).map(one).collect()
}

/// Whether pieces hold a variable.
#[must_use]
pub fn has_variable(list: &[Piece]) -> bool {
    list.iter().any(|p| matches!(p, Piece::Variable { .. }))
}

fn has_open_step(steps: &[Step]) -> bool {
    steps.iter().any(|s| matches!(s, Step::Variable(_)))
}

fn lower(list: &[Piece]) -> Option<String> {
    let mut out = String::new();
    for piece in list {
        match piece {
            Piece::Text(text) => out.extend(text.chars().flat_map(char::to_lowercase)),
            _ => return None,
        }
    }
    Some(out)
}

fn arn_value(text: &str, reading: Reading) -> Option<ArnValue> {
    if text == "*" {
        return Some(ArnValue::Any);
    }
    let list = pieces(text, reading);
    if has_variable(&list) { Some(ArnValue::Open(list)) } else { cut_at_colons(&list).map(ArnValue::Parts) }
}

/// Whether each text of `narrow` is a text of one of `wide`.
fn texts_inside(universe: Universe, narrow: &[Step], wide: &[&[Step]]) -> bool {
    let beside: Vec<Beside<'_>> = wide.iter().map(|steps| Beside { steps, loose: false, ends: true }).collect();
    let mut all = true;
    let ended = walk(universe, narrow, &beside, &mut BUDGET.clone(), &mut |matched, _| {
        all &= !matched.is_empty();
        !all
    });
    all && ended == Walked::All
}

/// Whether two patterns without variables share no text.
fn texts_apart(left: &[Step], right: &[Step]) -> bool {
    let mut apart = true;
    let beside = [Beside { steps: right, loose: true, ends: false }];
    let ended = walk(Universe::Text, left, &beside, &mut BUDGET.clone(), &mut |matched, _| {
        apart &= matched.is_empty();
        !apart
    });
    apart && ended == Walked::All
}

impl Values {
    /// The values of a condition; `None` for `Null`, which compares with nothing.
    #[must_use]
    pub fn new(condition: &Condition, version: Version) -> Option<Values> {
        use BaseOperator as B;
        let values = &condition.values;
        let base = condition.operator.base;
        let texts = |wildcards| values.iter().map(move |v| pieces(v, Reading::of(version, wildcards)));
        Some(match base {
            B::Null => return None,
            B::StringEquals | B::StringNotEquals => Values::Text(texts(false).map(|p| of_pieces(&p)).collect()),
            B::StringLike | B::StringNotLike => Values::Text(texts(true).map(|p| of_pieces(&p)).collect()),
            B::StringEqualsIgnoreCase | B::StringNotEqualsIgnoreCase => Values::NoCase(texts(false).collect()),
            B::ArnEquals | B::ArnNotEquals | B::ArnLike | B::ArnNotLike => {
                Values::Arn(values.iter().filter_map(|v| arn_value(v, Reading::of(version, true))).collect())
            }
            B::Bool => {
                let read: Vec<Option<bool>> = texts(false).map(|p| lower(&p).as_deref().and_then(boolean)).collect();
                Values::Bool {
                    yes: read.contains(&Some(true)),
                    no: read.contains(&Some(false)),
                    open: texts(false).any(|p| has_variable(&p)),
                }
            }
            B::BinaryEquals => Values::Bytes(values.iter().filter_map(|v| bytes(v)).collect()),
            B::IpAddress | B::NotIpAddress => Values::Address(values.iter().filter_map(|v| Range::parse(v)).collect()),
            _ if base.as_str().starts_with("Date") => Values::Date(intervals(base, values, date)),
            _ => Values::Number(intervals(base, values, number)),
        })
    }

    /// Whether every text is one of these.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        match self {
            Values::Text(list) => list.iter().any(|s| matches!(s.as_slice(), [Step::AnyRun])),
            Values::Arn(list) => list.contains(&ArnValue::Any),
            _ => false,
        }
    }

    /// Whether each of these is one of `wide`.
    #[must_use]
    pub fn is_inside(&self, wide: &Values) -> bool {
        if wide.is_everything() {
            return true;
        }
        match (self, wide) {
            (Values::Text(narrow), Values::Text(wide)) => {
                let wide: Vec<&[Step]> = wide.iter().map(Vec::as_slice).collect();
                narrow.iter().all(|n| texts_inside(Universe::Text, n, &wide))
            }
            (Values::NoCase(narrow), Values::NoCase(wide)) => {
                narrow.iter().all(|n| wide.iter().any(|w| n == w || (lower(n).is_some() && lower(n) == lower(w))))
            }
            (Values::Arn(narrow), Values::Arn(wide)) => {
                let parts: Vec<&[Step]> = wide.iter().filter_map(|w| if let ArnValue::Parts(p) = w { Some(p.as_slice()) } else { None }).collect();
                narrow.iter().all(|n| match n {
                    ArnValue::Any => false,
                    ArnValue::Open(_) => wide.contains(n),
                    ArnValue::Parts(steps) => texts_inside(Universe::Arn, steps, &parts),
                })
            }
            // Read as a text, a pattern of six parts matches more.
            (Values::Arn(narrow), Values::Text(wide)) => {
                let wide: Vec<&[Step]> = wide.iter().map(Vec::as_slice).collect();
                narrow.iter().all(|n| match n {
                    ArnValue::Parts(steps) => {
                        let text: Vec<Step> =
                            steps.iter().map(|s| if *s == Step::Colon { Step::Literal(':') } else { s.clone() }).collect();
                        texts_inside(Universe::Text, &text, &wide)
                    }
                    ArnValue::Any | ArnValue::Open(_) => false,
                })
            }
            (Values::Bool { yes, no, open: false }, Values::Bool { yes: wide_yes, no: wide_no, .. }) => {
                (!yes || *wide_yes) && (!no || *wide_no)
            }
            (Values::Number(narrow), Values::Number(wide)) | (Values::Date(narrow), Values::Date(wide)) => {
                narrow.iter().all(|n| wide.iter().any(|w| n.is_inside(w)))
            }
            (Values::Bytes(narrow), Values::Bytes(wide)) => narrow.iter().all(|n| wide.contains(n)),
            (Values::Address(narrow), Values::Address(wide)) => narrow.iter().all(|n| wide.iter().any(|w| w.covers(n))),
            _ => false,
        }
    }

    /// Whether none of these is one of `other`.
    #[must_use]
    pub fn is_apart_from(&self, other: &Values) -> bool {
        match (self, other) {
            (Values::Text(left), Values::Text(right)) => {
                let plain = |list: &[Vec<Step>]| !list.iter().any(|s| has_open_step(s));
                plain(left) && plain(right) && left.iter().all(|l| right.iter().all(|r| texts_apart(l, r)))
            }
            (Values::NoCase(left), Values::NoCase(right)) => {
                left.iter().all(|l| right.iter().all(|r| lower(l).is_some() && lower(r).is_some() && lower(l) != lower(r)))
            }
            (Values::Bool { yes, no, open: false }, Values::Bool { yes: also, no: nor, open: false }) => !(*yes && *also || *no && *nor),
            (Values::Number(left), Values::Number(right)) | (Values::Date(left), Values::Date(right)) => {
                left.iter().all(|l| right.iter().all(|r| l.is_apart_from(r)))
            }
            (Values::Bytes(left), Values::Bytes(right)) => left.iter().all(|l| !right.contains(l)),
            (Values::Address(left), Values::Address(right)) => left.iter().all(|l| right.iter().all(|r| !l.covers(r) && !r.covers(l))),
            _ => false,
        }
    }
}
