//! Values of conditions: what an operator can compare, and what AWS never has to compare with.

use serde_json::Value;

use base64::Engine as _;

use super::action::is_pattern;
use super::condition::Family;
use super::document::Scope;
use super::ip::Range;
use super::{Code, Report, resource, variable};
use crate::policy::{BaseOperator, ConditionOperator, SetOperator};

/// Checks the values of a key.
pub(super) fn check(scope: &Scope<'_>, report: &mut Report, at: &str, lower: &str, operator: ConditionOperator, value: &Value) {
    let list = match value {
        Value::Array(list) => list.as_slice(),
        one => std::slice::from_ref(one),
    };
    if list.is_empty() {
        empty(report, at, operator);
        return;
    }
    if list.iter().any(|v| matches!(v, Value::Null | Value::Array(_) | Value::Object(_))) {
        report.add(Code::DataTypeMismatch, at, None, "a value is a text, a number, or true or false");
    } else if list.iter().any(|v| std::mem::discriminant(v) != std::mem::discriminant(list.first().unwrap_or(&Value::Null))) {
        report.add(Code::InvalidConditionDataType, at, None, "all values of a key are of one JSON type");
    }
    let texts: Vec<String> = list.iter().filter_map(text).collect();
    let family = Family::of(operator.base);
    if family == Family::Boolean && texts.len() > 1 {
        report.add(Code::InvalidConditionMultipleBoolean, at, None, "Bool takes one value");
    }
    for text in &texts {
        one(scope, report, at, family, operator.base, text);
        if lower == "aws:requestedregion" && family == Family::Text && !text.contains("${") && !is_pattern(text) && !resource::is_region(text) {
            report.add(Code::InvalidRegion, at, Some(text), "no region");
        }
    }
    if family == Family::Number {
        redundant_numbers(report, at, operator.base, &texts);
    }
    if lower == "aws:sourceip" && family == Family::Ip {
        private(report, at, operator.base, &texts);
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(b) => Some(b.to_string()),
        Value::Number(n) => Some(n.to_string()),
        _ => None,
    }
}

fn empty(report: &mut Report, at: &str, operator: ConditionOperator) {
    let (code, what) = match (operator.set, operator.if_exists) {
        (SetOperator::ForAnyValue, _) => (Code::EmptyArrayConditionForAnyValue, "without values ForAnyValue never holds"),
        (SetOperator::ForAllValues, _) => (Code::EmptyArrayConditionForAllValues, "without values this asks that the key is not there: use Null"),
        (SetOperator::Single, true) => (Code::EmptyArrayConditionIfExists, "without values this asks that the key is not there: use Null"),
        (SetOperator::Single, false) => (Code::EmptyArrayCondition, "a key without values"),
    };
    report.add(code, at, None, what);
}

/// One value.
fn one(scope: &Scope<'_>, report: &mut Report, at: &str, family: Family, base: BaseOperator, text: &str) {
    if text.contains("${") {
        if matches!(family, Family::Text | Family::Arn) {
            variable::check(report, at, text, scope.has_variables);
        } else {
            report.add(Code::InvalidVariableForOperator, at, Some(text), "variables work with String and ARN operators only");
        }
        return;
    }
    let is_boolean = |text: &str| text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false");
    match family {
        Family::Boolean | Family::Null if !is_boolean(text) => {
            report.add(Code::TypeMismatchBoolean, at, Some(text), "the value is true or false");
        }
        Family::Number if text.trim().parse::<f64>().is_err() => {
            report.add(Code::TypeMismatchNumber, at, Some(text), "the value is a number");
        }
        Family::Date => date(report, at, text),
        Family::Ip => match Range::parse(text) {
            None => report.add(Code::TypeMismatchIpRange, at, Some(text), "the value is an IP address, or a range such as 203.0.113.0/24"),
            Some(range) => {
                if let Some(better) = range.improved() {
                    report.add(Code::ImproveIpRange, at, Some(text), format!("the bits after the mask do not count: {better}"));
                }
            }
        },
        Family::Binary if base64::engine::general_purpose::STANDARD.decode(text).is_err() => {
            report.add(Code::TypeMismatchString, at, Some(text), "the value is not base64");
        }
        Family::Text if is_pattern(text) && !matches!(base, BaseOperator::StringLike | BaseOperator::StringNotLike) => {
            report.add(Code::WildcardWithoutLikeOperator, at, Some(text), "only StringLike and StringNotLike take * and ? as wildcards");
        }
        _ => {}
    }
}

fn date(report: &mut Report, at: &str, text: &str) {
    if text.len() > 4 && text.bytes().all(|b| b.is_ascii_digit()) {
        report.add(Code::InvalidDateValue, at, Some(text), "seconds since 1970: better a date such as 2026-11-01T00:00:00Z");
        return;
    }
    let is_month = |text: &str| text.len() == 7 && format!("{text}-01").parse::<jiff::civil::Date>().is_ok();
    let is_year = |text: &str| text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit());
    // A time without an offset is UTC.
    let is_time = text.parse::<jiff::Timestamp>().is_ok() || format!("{text}Z").parse::<jiff::Timestamp>().is_ok();
    if !is_year(text) && !is_month(text) && !is_time && text.parse::<jiff::civil::Date>().is_err() {
        report.add(Code::TypeMismatchDate, at, Some(text), "no date of ISO 8601, such as 2026-11-01 or 2026-11-01T00:00:00Z");
    }
}

/// Bounds of which only one counts, because values are alternatives.
fn redundant_numbers(report: &mut Report, at: &str, base: BaseOperator, texts: &[String]) {
    let bounds = matches!(
        base,
        BaseOperator::NumericLessThan | BaseOperator::NumericLessThanEquals | BaseOperator::NumericGreaterThan | BaseOperator::NumericGreaterThanEquals
    );
    if bounds && texts.len() > 1 {
        report.add(Code::RedundantConditionValueNum, at, None, "of several bounds only one counts");
    }
}

/// `aws:SourceIp` never is a private address.
fn private(report: &mut Report, at: &str, base: BaseOperator, texts: &[String]) {
    let private = texts.iter().filter(|t| Range::parse(t).is_some_and(Range::is_private)).count();
    let is_not = base == BaseOperator::NotIpAddress;
    let code = match (private, private == texts.len(), is_not) {
        (0, ..) => return,
        (_, true, false) => Code::PrivateIpAddress,
        (_, true, true) => Code::PrivateNotIpAddress,
        (_, false, false) => Code::PrivateIpAddressSubset,
        (_, false, true) => Code::PrivateNotIpAddressSubset,
    };
    report.add(code, at, None, "aws:SourceIp is never a private address: aws:VpcSourceIp is");
}
