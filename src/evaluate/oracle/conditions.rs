//! Conditions, read off the table of item 9 and the list of item 10, one function per row or operator family.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::net::IpAddr;

use super::facts::{Known, known};
use super::pieces::{Manner, Piece, compare, fill, unknown_variables};
use super::values::{range_holds, read_bytes, read_date, read_number, read_range};
use crate::evaluate::decision::Tri;
use crate::evaluate::request::Request;
use crate::policy::{BaseOperator, Condition, SetOperator, Version};

/// Item 9: operators and keys are joined by AND.
pub(super) fn all_hold(request: &Request<'_>, conditions: &[Condition], version: Version) -> Tri {
    conditions.iter().fold(Tri::Yes, |sum, condition| sum.and(holds(request, condition, version)))
}

/// Item 9 / R20: one condition.
pub(super) fn holds(request: &Request<'_>, condition: &Condition, version: Version) -> Tri {
    let known = known(request, &condition.key);
    if condition.operator.base == BaseOperator::Null {
        return null(&known, &condition.values);
    }
    match known {
        Known::Unknown => Tri::Unknown,
        Known::Absent => Tri::from(holds_without_key(condition)),
        // R35: an empty text is an empty set.
        Known::Values(values) if condition.operator.set != SetOperator::Single && values == [""] => {
            Tri::from(holds_without_key(condition))
        }
        Known::Values(values) => holds_with_key(request, condition, version, &values),
    }
}

/// R20: `Null` looks only at presence: "true" is "absent", "false" is "present".
fn null(known: &Known, values: &[String]) -> Tri {
    let asks = |word: &str| Tri::from(values.iter().any(|value| value.eq_ignore_ascii_case(word)));
    let (if_absent, if_present) = (asks("true"), asks("false"));
    match known {
        Known::Absent => if_absent,
        Known::Values(_) => if_present,
        Known::Unknown if if_absent == if_present => if_absent,
        Known::Unknown => Tri::Unknown,
    }
}

/// Item 9, row "key absent"; the set operator wins over `IfExists`.
fn holds_without_key(condition: &Condition) -> bool {
    match condition.operator.set {
        SetOperator::ForAllValues => true,
        SetOperator::ForAnyValue => false,
        SetOperator::Single => condition.operator.if_exists || condition.operator.base.is_negated(),
    }
}

/// Item 9, row "key present"; R20: several values without a set operator never hold.
fn holds_with_key(request: &Request<'_>, condition: &Condition, version: Version, values: &[String]) -> Tri {
    let base = |value: &String| base_holds(request, condition, version, value);
    match condition.operator.set {
        SetOperator::ForAllValues => values.iter().map(base).fold(Tri::Yes, Tri::and),
        SetOperator::ForAnyValue => values.iter().map(base).fold(Tri::No, Tri::or),
        SetOperator::Single => match values {
            [one] => base(one),
            _ => Tri::No,
        },
    }
}

/// Item 9: values of the policy are alternatives; a negated operator is NOT(any).
fn base_holds(request: &Request<'_>, condition: &Condition, version: Version, value: &str) -> Tri {
    let base = condition.operator.base;
    let any = condition.values.iter().fold(Tri::No, |sum, written| sum.or(matches(request, base, written, version, value)));
    if base.is_negated() { any.negate() } else { any }
}

/// Item 10: whether one value of the request matches one value of the policy, by the operator without its negation.
fn matches(request: &Request<'_>, base: BaseOperator, written: &str, version: Version, value: &str) -> Tri {
    use BaseOperator as Op;
    match base {
        Op::StringEquals | Op::StringNotEquals => text(request, written, version, value, Manner::Exact),
        Op::StringEqualsIgnoreCase | Op::StringNotEqualsIgnoreCase => {
            text(request, written, version, value, Manner::IgnoreCase)
        }
        Op::StringLike | Op::StringNotLike => text(request, written, version, value, Manner::Like),
        Op::Bool => boolean(request, written, version, value),
        Op::ArnEquals | Op::ArnLike | Op::ArnNotEquals | Op::ArnNotLike => arn(request, written, version, value),
        Op::NumericEquals | Op::NumericNotEquals => Tri::from(numbers(written, value, Ordering::is_eq)),
        Op::NumericLessThan => Tri::from(numbers(written, value, Ordering::is_lt)),
        Op::NumericLessThanEquals => Tri::from(numbers(written, value, Ordering::is_le)),
        Op::NumericGreaterThan => Tri::from(numbers(written, value, Ordering::is_gt)),
        Op::NumericGreaterThanEquals => Tri::from(numbers(written, value, Ordering::is_ge)),
        Op::DateEquals | Op::DateNotEquals => Tri::from(dates(written, value, Ordering::is_eq)),
        Op::DateLessThan => Tri::from(dates(written, value, Ordering::is_lt)),
        Op::DateLessThanEquals => Tri::from(dates(written, value, Ordering::is_le)),
        Op::DateGreaterThan => Tri::from(dates(written, value, Ordering::is_gt)),
        Op::DateGreaterThanEquals => Tri::from(dates(written, value, Ordering::is_ge)),
        Op::BinaryEquals => Tri::from(bytes(written, value)),
        Op::IpAddress | Op::NotIpAddress => Tri::from(address(written, value)),
        Op::Null => Tri::No,
    }
}

/// Item 10, `String…`. Item 11: a variable without a value makes the entry match nothing.
fn text(request: &Request<'_>, written: &str, version: Version, value: &str, manner: Manner) -> Tri {
    fill(request, written, version).map_or(Tri::No, |pieces| compare(&pieces, value, manner))
}

/// Item 10, `Bool`: true or false in any case. R19: variables are replaced.
fn boolean(request: &Request<'_>, written: &str, version: Version, value: &str) -> Tri {
    if !value.eq_ignore_ascii_case("true") && !value.eq_ignore_ascii_case("false") {
        return Tri::No;
    }
    text(request, written, version, value, Manner::IgnoreCase)
}

/// Item 10, `ArnEquals` and `ArnLike`: six parts by the first five colons, each a glob, case counts. Variables are
/// replaced before the split; while one is not known the parts cannot be told, and the whole is compared.
/// A `*` alone is every ARN.
fn arn(request: &Request<'_>, written: &str, version: Version, value: &str) -> Tri {
    if written == "*" {
        return Tri::Yes;
    }
    let Some(pieces) = fill(request, written, version) else { return Tri::No };
    let value_parts: Vec<&str> = value.splitn(6, ':').collect();
    if value_parts.len() < 6 {
        return Tri::No;
    }
    if pieces.contains(&Piece::Anything) {
        return compare(&pieces, value, Manner::Like);
    }
    let colon = |piece: &Piece| matches!(piece, Piece::Written(':') | Piece::Given(':'));
    let parts: Vec<&[Piece]> = pieces.splitn(6, colon).collect();
    if parts.len() < 6 {
        return Tri::No;
    }
    parts.iter().zip(value_parts).fold(Tri::Yes, |sum, (part, value)| sum.and(compare(part, value, Manner::Like)))
}

/// Item 10, `Numeric…`: "request value (less than) policy value"; R21.
fn numbers(written: &str, value: &str, test: fn(Ordering) -> bool) -> bool {
    match (read_number(value), read_number(written)) {
        (Some(value), Some(written)) => test(value.compare(&written)),
        _ => false,
    }
}

/// Item 10, `Date…`; R21.
fn dates(written: &str, value: &str, test: fn(Ordering) -> bool) -> bool {
    match (read_date(value), read_date(written)) {
        (Some(value), Some(written)) => test(value.cmp(&written)),
        _ => false,
    }
}

/// Item 10, `BinaryEquals`; R21.
fn bytes(written: &str, value: &str) -> bool {
    match (read_bytes(value), read_bytes(written)) {
        (Some(value), Some(written)) => value == written,
        _ => false,
    }
}

/// Item 10, `IpAddress`; R21.
fn address(written: &str, value: &str) -> bool {
    match (value.parse::<IpAddr>(), read_range(written)) {
        (Ok(value), Some(range)) => range_holds(range, value),
        _ => false,
    }
}

/// R19: operators in whose values variables are replaced.
fn takes_variables(base: BaseOperator) -> bool {
    let name = base.as_str();
    name.starts_with("String") || name.starts_with("Arn") || base == BaseOperator::Bool
}

/// R2: of every condition that is Unknown, its key if that is Unknown, and the unknown variables of its values.
pub(super) fn missing(request: &Request<'_>, conditions: &[Condition], version: Version) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    for condition in conditions {
        if holds(request, condition, version) != Tri::Unknown {
            continue;
        }
        if known(request, &condition.key) == Known::Unknown {
            out.insert(condition.key.clone());
        }
        if takes_variables(condition.operator.base) {
            out.extend(condition.values.iter().flat_map(|value| unknown_variables(request, value, version)));
        }
    }
    out
}
