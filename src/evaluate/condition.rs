//! Conditions (rules 9 and 10): operators and keys are all required, values are alternatives, a negated operator
//! holds when no value matches, and a key that is not known leaves the condition open.

use std::collections::BTreeSet;
use std::net::IpAddr;

use base64::Engine as _;

use super::variables::{Filled, fill, literal};
use super::{ContextValue, Facts, Tri};
use crate::aws::glob_matches;
use crate::policy::{BaseOperator, Condition, SetOperator, Version};

/// Whether all conditions hold; keys that would settle an Unknown are added to `missing`.
pub fn all_hold(conditions: &[Condition], version: Version, facts: &Facts<'_>, missing: &mut BTreeSet<String>) -> Tri {
    let mut result = Tri::Yes;
    let mut open = BTreeSet::new();
    for condition in conditions {
        result = result.and(holds(condition, version, facts, &mut open));
        if result == Tri::No {
            return Tri::No;
        }
    }
    missing.extend(open);
    result
}

fn holds(condition: &Condition, version: Version, facts: &Facts<'_>, missing: &mut BTreeSet<String>) -> Tri {
    let operator = condition.operator;
    let value = facts.get(&condition.key);
    if operator.base == BaseOperator::Null {
        return match value {
            ContextValue::Unknown => {
                missing.insert(condition.key.clone());
                Tri::Unknown
            }
            ContextValue::Present(_) => condition.values.iter().any(|v| v.eq_ignore_ascii_case("false")).into(),
            ContextValue::Absent => condition.values.iter().any(|v| v.eq_ignore_ascii_case("true")).into(),
        };
    }
    let values = match value {
        ContextValue::Unknown => {
            missing.insert(condition.key.clone());
            return Tri::Unknown;
        }
        ContextValue::Absent => {
            return match operator.set {
                SetOperator::ForAnyValue => Tri::No,
                SetOperator::ForAllValues => Tri::Yes,
                SetOperator::Single => (operator.if_exists || operator.base.is_negated()).into(),
            };
        }
        ContextValue::Present(values) => values,
    };
    let mut satisfied = |one: &String| {
        let any = condition.values.iter().fold(Tri::No, |found, wanted| {
            found.or(match fill(wanted, version, facts) {
                Filled::Pattern(pattern) => compare(operator.base, &pattern, one).into(),
                Filled::Valueless => Tri::No,
                Filled::Unknown(key) => {
                    missing.insert(key);
                    Tri::Unknown
                }
            })
        });
        if operator.base.is_negated() { any.negate() } else { any }
    };
    match (operator.set, values) {
        (SetOperator::Single, [one]) => satisfied(one),
        // A key with several values needs a set operator.
        (SetOperator::Single, _) => Tri::No,
        (SetOperator::ForAllValues, all) => all.iter().fold(Tri::Yes, |r, v| r.and(satisfied(v))),
        (SetOperator::ForAnyValue, all) => all.iter().fold(Tri::No, |r, v| r.or(satisfied(v))),
    }
}

/// The comparison behind an operator, negation left out. `wanted` may hold the author's wildcards.
fn compare(base: BaseOperator, wanted: &str, found: &str) -> bool {
    use BaseOperator as B;
    match base {
        B::StringEquals | B::StringNotEquals => literal(wanted) == literal(found),
        B::StringEqualsIgnoreCase | B::StringNotEqualsIgnoreCase => literal(wanted).to_lowercase() == literal(found).to_lowercase(),
        B::StringLike | B::StringNotLike => glob_matches(wanted, &literal(found)),
        B::ArnEquals | B::ArnNotEquals | B::ArnLike | B::ArnNotLike => arn_like(wanted, &literal(found)),
        B::Bool => match (boolean(wanted), boolean(found)) {
            (Some(a), Some(b)) => a == b,
            _ => false,
        },
        B::BinaryEquals => match (base64(wanted), base64(found)) {
            (Some(a), Some(b)) => a == b,
            _ => false,
        },
        B::IpAddress | B::NotIpAddress => in_range(wanted, found),
        B::NumericEquals | B::NumericNotEquals => ordered(number, wanted, found, |o| o.is_eq()),
        B::NumericLessThan => ordered(number, wanted, found, |o| o.is_lt()),
        B::NumericLessThanEquals => ordered(number, wanted, found, |o| o.is_le()),
        B::NumericGreaterThan => ordered(number, wanted, found, |o| o.is_gt()),
        B::NumericGreaterThanEquals => ordered(number, wanted, found, |o| o.is_ge()),
        B::DateEquals | B::DateNotEquals => ordered(date, wanted, found, |o| o.is_eq()),
        B::DateLessThan => ordered(date, wanted, found, |o| o.is_lt()),
        B::DateLessThanEquals => ordered(date, wanted, found, |o| o.is_le()),
        B::DateGreaterThan => ordered(date, wanted, found, |o| o.is_gt()),
        B::DateGreaterThanEquals => ordered(date, wanted, found, |o| o.is_ge()),
        B::Null => false,
    }
}

/// Whether `found` stands to `wanted` in the asked order; what cannot be read stands in none.
fn ordered<T: PartialOrd>(read: impl Fn(&str) -> Option<T>, wanted: &str, found: &str, is: impl Fn(std::cmp::Ordering) -> bool) -> bool {
    match (read(found), read(wanted)) {
        (Some(found), Some(wanted)) => found.partial_cmp(&wanted).is_some_and(is),
        _ => false,
    }
}

fn number(text: &str) -> Option<f64> {
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+' | b'e' | b'E'));
    plain.then(|| text.parse().ok()).flatten()
}

/// Seconds since 1970 with fraction, from epoch seconds or a W3C ISO 8601 date.
fn date(text: &str) -> Option<f64> {
    if let Some(seconds) = number(text).filter(|_| !(text.len() == 4 && text.starts_with(['1', '2']))) {
        return Some(seconds);
    }
    #[allow(clippy::cast_precision_loss, reason = "milliseconds of known dates fit a double")]
    let seconds = |at: jiff::Timestamp| at.as_millisecond() as f64 / 1000.0;
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Some(seconds(at));
    }
    let padded = match text.len() {
        4 => format!("{text}-01-01"),
        7 => format!("{text}-01"),
        _ => text.to_owned(),
    };
    // A minute precision time with zone, `YYYY-MM-DDThh:mmZ`.
    if let Some(minute) = padded.strip_suffix('Z').filter(|m| m.len() == 16) {
        return format!("{minute}:00Z").parse::<jiff::Timestamp>().ok().map(seconds);
    }
    let day: jiff::civil::DateTime = padded.parse().ok()?;
    jiff::tz::Offset::UTC.to_timestamp(day).ok().map(seconds)
}

fn boolean(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

fn base64(text: &str) -> Option<Vec<u8>> {
    base64::engine::general_purpose::STANDARD.decode(text).ok()
}

/// Whether an address lies in a range; an address without prefix is a range of one; families never mix.
fn in_range(range: &str, address: &str) -> bool {
    let (base, prefix) = match range.split_once('/') {
        Some((base, prefix)) => match prefix.parse::<u32>() {
            Ok(bits) => (base, Some(bits)),
            Err(_) => return false,
        },
        None => (range, None),
    };
    let mask = |bits: u32, width: u32| -> Option<u128> {
        let keep = prefix.unwrap_or(bits);
        (keep <= width).then(|| if keep == 0 { 0 } else { u128::MAX << (width - keep) })
    };
    match (base.parse::<IpAddr>(), address.parse::<IpAddr>()) {
        (Ok(IpAddr::V4(base)), Ok(IpAddr::V4(address))) => {
            mask(32, 32).is_some_and(|m| u128::from(u32::from(base)) & m == u128::from(u32::from(address)) & m)
        }
        (Ok(IpAddr::V6(base)), Ok(IpAddr::V6(address))) => {
            mask(128, 128).is_some_and(|m| u128::from(base) & m == u128::from(address) & m)
        }
        _ => false,
    }
}

/// `ArnEquals` and `ArnLike` are the same: six parts, each a pattern, with case.
fn arn_like(pattern: &str, arn: &str) -> bool {
    if pattern == "*" {
        return true;
    }
    let split = |text: &str| -> Vec<String> { text.splitn(6, ':').map(str::to_owned).collect() };
    let (pattern, arn) = (split(pattern), split(arn));
    pattern.len() == 6 && arn.len() == 6 && pattern.iter().zip(&arn).all(|(p, a)| glob_matches(p, a))
}
