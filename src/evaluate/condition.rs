//! Compiled conditions (rules 9 and 10): operators and keys are all required, values are alternatives, a negated
//! operator holds when no value matches, and a key that is not known leaves the condition open.

use std::net::IpAddr;

use super::Tri;
use super::pattern::{Pattern, Piece, Reading, could_match, known, pieces, resolved, spells_without_case};
use super::prepared::{PreparedRequest, Value};
use super::values::{Range, boolean, bytes, date, number};
use crate::policy::{BaseOperator, Condition, SetOperator, Version};

/// A compiled condition.
#[derive(Clone, PartialEq, Debug)]
pub struct CompiledCondition {
    /// The condition key as written.
    pub written: Box<str>,
    key: Box<str>,
    set: SetOperator,
    if_exists: bool,
    negated: bool,
    test: Test,
}

#[derive(Clone, PartialEq, Debug)]
enum Test {
    /// Whether the condition holds for a key that is absent, and for one that is present.
    Null { absent: bool, present: bool },
    /// The value as written or as a pattern.
    Text(Box<[Pattern]>),
    /// The value, case ignored.
    WithoutCase(Box<[Box<[Piece]>]>),
    /// Six parts, each a pattern.
    Arn(Box<[ArnText]>),
    Bool(Box<[Pattern]>),
    Number(Box<[Option<f64>]>, Order),
    Date(Box<[Option<f64>]>, Order),
    Bytes(Box<[Option<Vec<u8>>]>),
    Address(Box<[Option<Range>]>),
}

/// How a number or date of the request stands to the one of the policy.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A value of an ARN operator.
#[derive(Clone, PartialEq, Debug)]
enum ArnText {
    /// `*` alone.
    Any,
    Parts(Box<[Pattern; 6]>),
    /// With variables: cut at the colons when they are filled in.
    Template(Box<[Piece]>),
    /// Fewer than six parts.
    Nothing,
}

impl ArnText {
    fn compile(text: &str, reading: Reading) -> ArnText {
        if text == "*" {
            return ArnText::Any;
        }
        let list = pieces(text, reading);
        if list.iter().any(|p| matches!(p, Piece::Variable { .. })) {
            return ArnText::Template(list.into());
        }
        ArnText::of_pieces(&list)
    }

    /// Cuts pieces at their first five colons. Wildcards hold no colon, so only texts are cut.
    fn of_pieces(list: &[Piece]) -> ArnText {
        let mut parts: Vec<Vec<Piece>> = vec![Vec::new()];
        for piece in list {
            let mut rest = match piece {
                Piece::Text(text) => &**text,
                other => {
                    if let Some(part) = parts.last_mut() {
                        part.push(other.clone());
                    }
                    continue;
                }
            };
            while parts.len() < 6
                && let Some((before, after)) = rest.split_once(':')
            {
                push(&mut parts, before);
                parts.push(Vec::new());
                rest = after;
            }
            push(&mut parts, rest);
        }
        let compiled: Vec<Pattern> = parts.into_iter().map(Pattern::of_pieces).collect();
        match <[Pattern; 6]>::try_from(compiled) {
            Ok(six) => ArnText::Parts(Box::new(six)),
            Err(_) => ArnText::Nothing,
        }
    }

    fn matches(&self, found: &str, request: &PreparedRequest<'_>) -> Tri {
        match self {
            ArnText::Any => Tri::Yes,
            ArnText::Nothing => Tri::No,
            ArnText::Parts(parts) => {
                let mut words = found.splitn(6, ':');
                (parts.iter().all(|p| words.next().is_some_and(|w| p.matches_plain(w)))).into()
            }
            ArnText::Template(list) => match known(list, request) {
                Tri::Yes => {
                    let filled: Vec<Piece> =
                        list.iter().map(|p| resolved(p, request).map_or_else(|| p.clone(), |t| Piece::Text(t.into()))).collect();
                    ArnText::of_pieces(&filled).matches(found, request)
                }
                // What is not known may hold colons too, so the whole text is asked at once.
                Tri::Unknown if found.splitn(6, ':').count() == 6 => could_match(list, found, request),
                Tri::Unknown | Tri::No => Tri::No,
            },
        }
    }
}

fn push(parts: &mut [Vec<Piece>], text: &str) {
    if let Some(part) = parts.last_mut()
        && !text.is_empty()
    {
        match part.last_mut() {
            Some(Piece::Text(last)) => *last = format!("{last}{text}").into(),
            _ => part.push(Piece::Text(text.into())),
        }
    }
}

/// The best of several answers; stops at the first sure one.
fn any(answers: impl Iterator<Item = Tri>) -> Tri {
    let mut best = Tri::No;
    for answer in answers {
        best = best.or(answer);
        if best == Tri::Yes {
            break;
        }
    }
    best
}

impl CompiledCondition {
    /// Compiles a condition of a document.
    #[must_use]
    pub fn compile(condition: &Condition, version: Version) -> CompiledCondition {
        use BaseOperator as B;
        let operator = condition.operator;
        let values = &condition.values;
        let numbers = |read: fn(&str) -> Option<f64>| values.iter().map(|v| read(v)).collect::<Box<[_]>>();
        let patterns = |wildcards| values.iter().map(|v| Pattern::compile(v, Reading::of(version, wildcards))).collect::<Box<[_]>>();
        let test = match operator.base {
            B::Null => Test::Null {
                absent: values.iter().any(|v| v.eq_ignore_ascii_case("true")),
                present: values.iter().any(|v| v.eq_ignore_ascii_case("false")),
            },
            B::StringEquals | B::StringNotEquals => Test::Text(patterns(false)),
            B::StringLike | B::StringNotLike => Test::Text(patterns(true)),
            B::StringEqualsIgnoreCase | B::StringNotEqualsIgnoreCase => {
                Test::WithoutCase(values.iter().map(|v| pieces(v, Reading::of(version, false)).into()).collect())
            }
            B::ArnEquals | B::ArnNotEquals | B::ArnLike | B::ArnNotLike => {
                Test::Arn(values.iter().map(|v| ArnText::compile(v, Reading::of(version, true))).collect())
            }
            B::Bool => Test::Bool(patterns(false)),
            B::BinaryEquals => Test::Bytes(values.iter().map(|v| bytes(v)).collect()),
            B::IpAddress | B::NotIpAddress => Test::Address(values.iter().map(|v| Range::parse(v)).collect()),
            B::NumericEquals | B::NumericNotEquals => Test::Number(numbers(number), Order::Equal),
            B::NumericLessThan => Test::Number(numbers(number), Order::Less),
            B::NumericLessThanEquals => Test::Number(numbers(number), Order::LessOrEqual),
            B::NumericGreaterThan => Test::Number(numbers(number), Order::Greater),
            B::NumericGreaterThanEquals => Test::Number(numbers(number), Order::GreaterOrEqual),
            B::DateEquals | B::DateNotEquals => Test::Date(numbers(date), Order::Equal),
            B::DateLessThan => Test::Date(numbers(date), Order::Less),
            B::DateLessThanEquals => Test::Date(numbers(date), Order::LessOrEqual),
            B::DateGreaterThan => Test::Date(numbers(date), Order::Greater),
            B::DateGreaterThanEquals => Test::Date(numbers(date), Order::GreaterOrEqual),
        };
        CompiledCondition {
            written: condition.key.as_str().into(),
            key: condition.key.to_ascii_lowercase().into(),
            set: operator.set,
            if_exists: operator.if_exists,
            negated: operator.base.is_negated(),
            test,
        }
    }

    /// Whether the condition holds.
    #[must_use]
    pub fn holds(&self, request: &PreparedRequest<'_>) -> Tri {
        let value = request.value(&self.key);
        if let Test::Null { absent, present } = self.test {
            return match value {
                Value::Unknown if absent != present => Tri::Unknown,
                Value::Unknown | Value::Absent => absent.into(),
                Value::One(_) | Value::Many(_) => present.into(),
            };
        }
        match (self.set, value) {
            (_, Value::Unknown) => Tri::Unknown,
            // An empty text is an empty set. Source: IAM User Guide, "Set operators for multivalued context keys".
            (SetOperator::ForAnyValue, Value::Absent | Value::One("")) => Tri::No,
            (SetOperator::ForAllValues, Value::Absent | Value::One("")) => Tri::Yes,
            (SetOperator::Single, Value::Absent) => (self.if_exists || self.negated).into(),
            (_, Value::One(one)) => self.satisfied(one, request),
            // A key with several values needs a set operator.
            (SetOperator::Single, Value::Many(_)) => Tri::No,
            (SetOperator::ForAllValues, Value::Many(all)) => all.iter().fold(Tri::Yes, |r, v| r.and(self.satisfied(v, request))),
            (SetOperator::ForAnyValue, Value::Many(all)) => any(all.iter().map(|v| self.satisfied(v, request))),
        }
    }

    fn satisfied(&self, found: &str, request: &PreparedRequest<'_>) -> Tri {
        let matched = self.any_value_matches(found, request);
        if self.negated { matched.negate() } else { matched }
    }

    fn any_value_matches(&self, found: &str, request: &PreparedRequest<'_>) -> Tri {
        match &self.test {
            Test::Null { .. } => Tri::No,
            Test::Text(values) => any(values.iter().map(|v| v.matches(found, request))),
            Test::WithoutCase(values) => any(values.iter().map(|v| match known(v, request) {
                Tri::Yes => spells_without_case(v, found, request).into(),
                Tri::Unknown => could_match(&lower_case(v), &found.to_lowercase(), request),
                Tri::No => Tri::No,
            })),
            Test::Arn(values) => any(values.iter().map(|v| v.matches(found, request))),
            Test::Bool(values) => match boolean(found) {
                None => Tri::No,
                Some(found) => any(values.iter().map(|v| bool_matches(v, found, request))),
            },
            Test::Number(values, order) => ordered(values, *order, number(found)),
            Test::Date(values, order) => ordered(values, *order, date(found)),
            Test::Bytes(values) => {
                let found = bytes(found);
                (found.is_some() && values.contains(&found)).into()
            }
            Test::Address(values) => match found.parse::<IpAddr>() {
                Ok(address) => values.iter().flatten().any(|r| r.contains(address)).into(),
                Err(_) => Tri::No,
            },
        }
    }

    /// Adds the keys whose values would settle a condition that is open: its own and the variables of its values.
    pub fn add_missing(&self, request: &PreparedRequest<'_>, missing: &mut std::collections::BTreeSet<String>) {
        if request.value(&self.key) == Value::Unknown {
            missing.insert(self.written.to_string());
        }
        let lists: Vec<&[Piece]> = match &self.test {
            Test::Text(values) | Test::Bool(values) => values
                .iter()
                .filter_map(|v| match v {
                    Pattern::Template(list) => Some(&**list),
                    _ => None,
                })
                .collect(),
            Test::WithoutCase(values) => values.iter().map(|v| &**v).collect(),
            Test::Arn(values) => values
                .iter()
                .filter_map(|v| match v {
                    ArnText::Template(list) => Some(&**list),
                    _ => None,
                })
                .collect(),
            _ => Vec::new(),
        };
        for piece in lists.into_iter().flatten() {
            if let Piece::Variable { key, written, .. } = piece
                && request.value(key) == Value::Unknown
            {
                missing.insert(written.to_string());
            }
        }
    }
}

/// Pieces with their texts in lower case.
fn lower_case(list: &[Piece]) -> Vec<Piece> {
    let lower = |piece: &Piece| match piece {
        Piece::Text(text) => Piece::Text(text.to_lowercase().into()),
        other => other.clone(),
    };
    list.iter().map(lower).collect()
}

fn bool_matches(value: &Pattern, found: bool, request: &PreparedRequest<'_>) -> Tri {
    let word = if found { "true" } else { "false" };
    match value {
        Pattern::Exact(text) => (boolean(text) == Some(found)).into(),
        Pattern::Template(list) => match known(list, request) {
            Tri::Yes => spells_without_case(list, word, request).into(),
            Tri::Unknown => could_match(&lower_case(list), word, request),
            Tri::No => Tri::No,
        },
        _ => Tri::No,
    }
}

/// Whether the request's value stands in the asked order to one of the policy's; what cannot be read stands in none.
fn ordered(values: &[Option<f64>], order: Order, found: Option<f64>) -> Tri {
    let Some(found) = found else { return Tri::No };
    values
        .iter()
        .flatten()
        .filter_map(|wanted| found.partial_cmp(wanted))
        .any(|o| match order {
            Order::Equal => o.is_eq(),
            Order::Less => o.is_lt(),
            Order::LessOrEqual => o.is_le(),
            Order::Greater => o.is_gt(),
            Order::GreaterOrEqual => o.is_ge(),
        })
        .into()
}
