//! `Condition`: operators, keys, and how both go together. Values are for `values`.

use serde_json::{Map, Value};

use super::document::Scope;
use super::keys::{GlobalKey, KeyType, Keys, Known};
use super::{Code, Report, values, variable};
use crate::policy::{BaseOperator, ConditionOperator, SetOperator};

/// A condition as other checks need it.
pub(super) struct Used<'v> {
    /// The key as written.
    pub key: &'v str,
    /// The key in small letters.
    pub lower: String,
    /// None where there is no such operator.
    pub operator: Option<ConditionOperator>,
}

/// What an operator compares.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Family {
    Text,
    Number,
    Date,
    Boolean,
    Binary,
    Ip,
    Arn,
    Null,
}

impl Family {
    pub(super) fn of(base: BaseOperator) -> Family {
        let name = base.as_str();
        match base {
            BaseOperator::Bool => Family::Boolean,
            BaseOperator::BinaryEquals => Family::Binary,
            BaseOperator::IpAddress | BaseOperator::NotIpAddress => Family::Ip,
            BaseOperator::Null => Family::Null,
            _ if name.starts_with("String") => Family::Text,
            _ if name.starts_with("Numeric") => Family::Number,
            _ if name.starts_with("Date") => Family::Date,
            _ => Family::Arn,
        }
    }

    /// Whether values of the type compare so. ARNs are texts too.
    fn suits(self, kind: KeyType) -> bool {
        match kind {
            _ if self == Family::Null => true,
            KeyType::Text => self == Family::Text,
            KeyType::Arn => matches!(self, Family::Arn | Family::Text),
            KeyType::Boolean => self == Family::Boolean,
            KeyType::Number => self == Family::Number,
            KeyType::Date => self == Family::Date,
            KeyType::DateOrNumber => matches!(self, Family::Date | Family::Number),
            KeyType::Ip => self == Family::Ip,
        }
    }
}

/// Checks the conditions of a statement.
pub(super) fn check<'v>(scope: &Scope<'_>, report: &mut Report, value: Option<&'v Value>) -> Vec<Used<'v>> {
    let map = match value {
        None => return Vec::new(),
        Some(Value::Object(map)) => map,
        Some(_) => {
            report.add(Code::DataTypeMismatch, "Condition", None, "Condition is an object");
            return Vec::new();
        }
    };
    if map.is_empty() {
        report.add(Code::EmptyObjectCondition, "Condition", None, "an empty condition always holds");
    }
    let mut used = Vec::new();
    for (name, keys) in map {
        let at = format!("Condition/{name}");
        let operator = operator(report, &at, name);
        let Value::Object(keys) = keys else {
            report.add(Code::DataTypeMismatch, &at, None, "an operator has an object of keys");
            continue;
        };
        if keys.is_empty() {
            report.add(Code::EmptyObjectCondition, &at, None, "an operator without keys always holds");
        }
        alike(report, &at, keys);
        for (key, value) in keys {
            let at = format!("{at}/{key}");
            let lower = key.to_ascii_lowercase();
            let global = known(scope, report, &at, key, &lower);
            if let Some(operator) = operator {
                together(report, &at, &lower, operator, global);
                values::check(scope, report, &at, &lower, operator, value);
            }
            used.push(Used { key, lower, operator });
        }
    }
    paired(scope, report, &used);
    of_actions(scope, report, &used);
    used
}

/// The operator of that name.
fn operator(report: &mut Report, at: &str, name: &str) -> Option<ConditionOperator> {
    let lower = name.to_ascii_lowercase();
    let bare = lower.rsplit(':').next().unwrap_or_default();
    if bare == "nullifexists" {
        report.add(Code::NullWithIfExists, at, None, "Null asks whether a key is there, so IfExists cannot be added");
        return None;
    }
    let operator = ConditionOperator::parse(name);
    match operator {
        None => report.add(Code::InvalidConditionOperator, at, None, format!("`{name}` is no condition operator")),
        Some(o) if o.base == BaseOperator::Null && o.set != SetOperator::Single => {
            report.add(Code::NullWithQualifier, at, None, "with a set operator Null is always true, or always false");
        }
        Some(_) => {}
    }
    operator
}

/// Keys of one operator that differ in capitals only.
fn alike(report: &mut Report, at: &str, keys: &Map<String, Value>) {
    if keys.len() < 2 {
        return;
    }
    let mut names: Vec<String> = keys.keys().map(|k| k.to_ascii_lowercase()).collect();
    names.sort_unstable();
    if let Some([twice, _]) = names.array_windows::<2>().find(|[a, b]| a == b) {
        report.add(Code::DuplicateKeysWithDifferentCase, at, Some(twice), "the key stands here twice; keys compare without regard to capitals");
    }
}

/// Whether there is such a key; what it is, where it is a global one.
fn known(scope: &Scope<'_>, report: &mut Report, at: &str, key: &str, lower: &str) -> Option<GlobalKey> {
    let keys = &scope.linter.keys;
    variable::unsupported(report, at, key);
    if !key.contains(':') {
        report.add(Code::InvalidConditionKeyFormat, at, Some(key), "a condition key has the form `service:key`");
        return None;
    }
    if lower == "aws:arn" {
        report.add(Code::UnsupportedGlobalConditionKey, at, Some(key), "this key is no longer supported: use aws:PrincipalArn or aws:SourceArn");
        return None;
    }
    if keys.lacks_tag(lower) {
        report.add(Code::MissingTagKeyInCondition, at, Some(key), "the key of a tag must follow: `key/tag-key`");
        return keys.global(lower.trim_end_matches('/'));
    }
    let date = &scope.linter.reference.header().date;
    match keys.known(lower) {
        Known::Global(global) => return Some(global),
        Known::OfService | Known::OfProvider => {}
        Known::NotGlobal => report.add(Code::InvalidGlobalConditionKey, at, Some(key), "there is no global condition key of this name"),
        // The reference has the keys that actions are documented with; a service may have others, for every action.
        Known::NotOfService => {
            report.unknown(Code::InvalidServiceConditionKey, at, Some(key), format!("no action in the reference of {date} has this key: misspelt, or newer"));
        }
        Known::NoService => {
            report.unknown(Code::InvalidService, at, Some(key), format!("the reference of {date} has no service of this name: misspelt, retired or newer"));
        }
    }
    None
}

/// Whether operator and key go together.
fn together(report: &mut Report, at: &str, lower: &str, operator: ConditionOperator, global: Option<GlobalKey>) {
    let Some(global) = global else { return };
    let family = Family::of(operator.base);
    if family != Family::Null {
        if global.many && operator.set == SetOperator::Single {
            report.add(Code::MissingQualifier, at, None, "a request can have several values of this key: ForAllValues or ForAnyValue has to say which must match");
        }
        if !global.many && operator.set == SetOperator::ForAllValues {
            report.add(Code::ForAllValuesWithSingleValuedKey, at, None, "a request has one value of this key, and ForAllValues holds where it has none");
        }
    }
    if !family.suits(global.kind) {
        report.add(Code::TypeMismatch, at, None, format!("`{}` does not compare values such as those of `{lower}`", operator.base.as_str()));
    }
}

/// Keys that say little without another one.
fn paired(scope: &Scope<'_>, report: &mut Report, used: &[Used<'_>]) {
    let has = |names: &[&str]| used.iter().any(|u| names.contains(&u.lower.as_str()));
    if scope.is_allow && has(&["aws:vpcsourceip"]) && !has(&["aws:sourcevpc", "aws:sourcevpcarn", "aws:sourcevpce"]) {
        report.add(Code::MissingPairedConditionKeys, "Condition", None, "addresses inside a VPC are many people's: aws:VpcSourceIp says little without aws:SourceVpc");
    }
}

/// Keys of services that no action of the statement has.
fn of_actions(scope: &Scope<'_>, report: &mut Report, used: &[Used<'_>]) {
    if scope.not_action || scope.actions.iter().any(|a| *a == "*" || *a == "*:*") {
        return;
    }
    let reference = scope.linter.reference;
    for one in used {
        if scope.linter.keys.known(&one.lower) != Known::OfService {
            continue;
        }
        let has = |action: &&str| {
            let ids = reference.expand(action);
            // Of an action that is not known nothing is.
            ids.is_empty() || ids.into_iter().any(|id| reference.action(id).is_none_or(|a| Keys::is_of(&a.condition_keys, &one.lower)))
        };
        if !scope.actions.is_empty() && !scope.actions.iter().any(has) {
            report.add(Code::ConditionKeyNotOfAction, "Condition", Some(one.key), "the reference has no action of the statement with this key");
        }
    }
}
