//! Conditions: does one imply another, and can two hold together?
//!
//! Both answers are one-sided: `true` is sure, `false` means not shown. Rules 9 and 10 of the evaluation are the base
//! (inputs-and-evaluation.md section 4.2): values are alternatives, a negated operator holds when no value matches, a key that is
//! absent fails a positive operator and passes a negated one and `IfExists`.

use crate::aws::{glob_covers, glob_intersects, glob_matches};
use crate::evaluate::values::{Range, boolean, date, number};
use crate::policy::{BaseOperator as B, Condition, SetOperator, Version};

/// A condition with the version of its document.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Versioned<'a> {
    /// The document's version: whether `${…}` is a variable.
    pub version: Version,
    /// The condition.
    pub condition: &'a Condition,
}

/// Whether every request that meets all of `given` meets all of `wanted`.
#[must_use]
pub fn all_implied(given: &[Versioned<'_>], wanted: &[Versioned<'_>]) -> bool {
    wanted.iter().all(|w| given.iter().any(|g| implies(g, w)))
}

/// Whether no request can meet all of both.
#[must_use]
pub fn disjoint(left: &[Versioned<'_>], right: &[Versioned<'_>]) -> bool {
    left.iter().any(|l| right.iter().any(|r| excludes(l, r) || excludes(r, l)))
}

fn same_key(a: &Versioned<'_>, b: &Versioned<'_>) -> bool {
    a.condition.key.eq_ignore_ascii_case(&b.condition.key)
}

fn has_variables(v: &Versioned<'_>) -> bool {
    v.version == Version::V2012 && v.condition.values.iter().any(|t| t.contains("${"))
}

/// The operator without its negation.
fn positive(base: B) -> B {
    match base {
        B::StringNotEquals => B::StringEquals,
        B::StringNotLike => B::StringLike,
        B::StringNotEqualsIgnoreCase => B::StringEqualsIgnoreCase,
        B::ArnNotEquals | B::ArnNotLike | B::ArnEquals => B::ArnLike,
        B::NotIpAddress => B::IpAddress,
        B::NumericNotEquals => B::NumericEquals,
        B::DateNotEquals => B::DateEquals,
        other => other,
    }
}

/// Whether every text that the narrow value takes in is taken in by the wide one; both without variables.
fn value_covers(wide_base: B, wide: &str, narrow_base: B, narrow: &str) -> bool {
    match (wide_base, narrow_base) {
        (B::StringEquals, B::StringEquals) => wide == narrow,
        (B::StringLike, B::StringEquals) => glob_matches(wide, narrow),
        (B::StringLike, B::StringLike) => glob_covers(wide, narrow),
        (B::StringEquals, B::StringLike) => !narrow.contains(['*', '?']) && wide == narrow,
        (B::StringEqualsIgnoreCase, B::StringEquals | B::StringEqualsIgnoreCase) => wide.to_lowercase() == narrow.to_lowercase(),
        (B::StringEqualsIgnoreCase, B::StringLike) => !narrow.contains(['*', '?']) && wide.to_lowercase() == narrow.to_lowercase(),
        (B::StringLike, B::StringEqualsIgnoreCase) => wide == "*",
        (B::ArnLike, B::ArnLike) => wide == "*" || (wide == narrow && narrow.splitn(6, ':').count() == 6) || arn_text_covers(wide, narrow),
        (B::Bool, B::Bool) => boolean(wide).is_some() && boolean(wide) == boolean(narrow),
        (B::IpAddress, B::IpAddress) => matches!((Range::parse(wide), Range::parse(narrow)), (Some(w), Some(n)) if w.covers(&n)),
        (B::NumericEquals, B::NumericEquals) => number(wide).is_some() && number(wide) == number(narrow),
        (B::DateEquals, B::DateEquals) => date(wide).is_some() && date(wide) == date(narrow),
        (a, b) => a == b && wide == narrow,
    }
}

/// An ARN operator compares part by part, with regard to case.
fn arn_text_covers(wide: &str, narrow: &str) -> bool {
    let (w, n): (Vec<&str>, Vec<&str>) = (wide.splitn(6, ':').collect(), narrow.splitn(6, ':').collect());
    w.len() == 6 && n.len() == 6 && w.iter().zip(n).all(|(w, n)| glob_covers(w, n))
}

/// Whether no text is taken in by both values.
fn values_disjoint(a_base: B, a: &str, b_base: B, b: &str) -> bool {
    match (a_base, b_base) {
        (B::StringEquals, B::StringEquals) => a != b,
        (B::StringLike, B::StringEquals) => !glob_matches(a, b),
        (B::StringEquals, B::StringLike) => !glob_matches(b, a),
        (B::StringLike, B::StringLike) => !glob_intersects(a, b),
        (B::StringEqualsIgnoreCase, B::StringEquals | B::StringEqualsIgnoreCase) | (B::StringEquals, B::StringEqualsIgnoreCase) => a.to_lowercase() != b.to_lowercase(),
        (B::Bool, B::Bool) => boolean(a).is_some() && boolean(b).is_some() && boolean(a) != boolean(b),
        (B::IpAddress, B::IpAddress) => match (Range::parse(a), Range::parse(b)) {
            (Some(a), Some(b)) => !a.covers(&b) && !b.covers(&a),
            _ => false,
        },
        (B::NumericEquals, B::NumericEquals) => matches!((number(a), number(b)), (Some(a), Some(b)) if (a - b).abs() > f64::EPSILON),
        _ => false,
    }
}

/// Whether what the given condition lets pass, the wanted one lets pass.
fn implies(given: &Versioned<'_>, wanted: &Versioned<'_>) -> bool {
    if !same_key(given, wanted) {
        return false;
    }
    let (g, w) = (given.condition, wanted.condition);
    let (go, wo) = (g.operator, w.operator);
    let variables = has_variables(given) || has_variables(wanted);
    if variables && given.version != wanted.version {
        return false;
    }
    if go.base == B::Null || wo.base == B::Null {
        return null_implies(given, wanted);
    }
    if go.set != wo.set {
        return false;
    }
    // An absent key: whoever passes it must pass it on both sides.
    let passes_absent = |o: crate::policy::ConditionOperator| match o.set {
        SetOperator::Single => o.if_exists || o.base.is_negated(),
        SetOperator::ForAllValues => true,
        SetOperator::ForAnyValue => false,
    };
    if passes_absent(go) && !passes_absent(wo) {
        return false;
    }
    if go == wo && g.values.iter().collect::<std::collections::BTreeSet<_>>() == w.values.iter().collect() {
        return true;
    }
    let covers = |wide: &str, wide_base, narrow: &str, narrow_base| {
        if variables { wide == narrow && wide_base == narrow_base } else { value_covers(wide_base, wide, narrow_base, narrow) }
    };
    let (gp, wp) = (positive(go.base), positive(wo.base));
    match (go.base.is_negated(), wo.base.is_negated()) {
        (false, false) if is_order(go.base) || is_order(wo.base) => !variables && order_implies(g, w),
        (false, false) => g.values.iter().all(|v| w.values.iter().any(|wide| covers(wide, wp, v, gp))),
        (true, true) => w.values.iter().all(|v| g.values.iter().any(|wide| covers(wide, gp, v, wp))),
        (false, true) => !variables && go.set != SetOperator::ForAllValues && g.values.iter().all(|v| w.values.iter().all(|x| values_disjoint(gp, v, wp, x))),
        (true, false) => false,
    }
}

/// `Null` against `Null`, and a condition that needs its key against `Null: false`.
fn null_implies(given: &Versioned<'_>, wanted: &Versioned<'_>) -> bool {
    let (g, w) = (given.condition, wanted.condition);
    let accepts = |c: &Condition, word: &str| c.values.iter().any(|v| v.eq_ignore_ascii_case(word));
    match (g.operator.base, w.operator.base) {
        (B::Null, B::Null) => ["true", "false"].iter().all(|word| !accepts(g, word) || accepts(w, word)),
        (_, B::Null) => needs_key(g) && accepts(w, "false"),
        // `Null: true` alone: the key is absent, which negated and IfExists operators pass.
        (B::Null, _) => {
            let absent_only = accepts(g, "true") && !accepts(g, "false");
            absent_only && w.operator.set == SetOperator::Single && (w.operator.if_exists || w.operator.base.is_negated())
        }
        _ => false,
    }
}

/// Whether the condition fails where its key is absent.
fn needs_key(c: &Condition) -> bool {
    match c.operator.set {
        SetOperator::Single => !c.operator.if_exists && !c.operator.base.is_negated() && c.operator.base != B::Null,
        SetOperator::ForAnyValue => true,
        SetOperator::ForAllValues => false,
    }
}

fn is_order(base: B) -> bool {
    matches!(
        base,
        B::NumericLessThan
            | B::NumericLessThanEquals
            | B::NumericGreaterThan
            | B::NumericGreaterThanEquals
            | B::DateLessThan
            | B::DateLessThanEquals
            | B::DateGreaterThan
            | B::DateGreaterThanEquals
    )
}

/// A half line or a point of numbers or dates.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Span {
    Point(f64),
    Below(f64, bool),
    Above(f64, bool),
}

fn spans(c: &Condition) -> Option<(bool, Vec<Span>)> {
    let (is_date, make): (bool, fn(f64) -> Span) = match c.operator.base {
        B::NumericEquals => (false, Span::Point),
        B::NumericLessThan => (false, |x| Span::Below(x, false)),
        B::NumericLessThanEquals => (false, |x| Span::Below(x, true)),
        B::NumericGreaterThan => (false, |x| Span::Above(x, false)),
        B::NumericGreaterThanEquals => (false, |x| Span::Above(x, true)),
        B::DateEquals => (true, Span::Point),
        B::DateLessThan => (true, |x| Span::Below(x, false)),
        B::DateLessThanEquals => (true, |x| Span::Below(x, true)),
        B::DateGreaterThan => (true, |x| Span::Above(x, false)),
        B::DateGreaterThanEquals => (true, |x| Span::Above(x, true)),
        _ => return None,
    };
    // A value that cannot be read matches nothing.
    let read = if is_date { date } else { number };
    Some((is_date, c.values.iter().filter_map(|v| read(v)).map(make).collect()))
}

fn span_covers(wide: Span, narrow: Span) -> bool {
    match (wide, narrow) {
        (Span::Point(w), Span::Point(n)) => w == n,
        (Span::Below(w, with), Span::Point(n)) => n < w || (with && n == w),
        (Span::Above(w, with), Span::Point(n)) => n > w || (with && n == w),
        (Span::Below(w, with), Span::Below(n, n_with)) => n < w || (n == w && (with || !n_with)),
        (Span::Above(w, with), Span::Above(n, n_with)) => n > w || (n == w && (with || !n_with)),
        _ => false,
    }
}

fn order_implies(given: &Condition, wanted: &Condition) -> bool {
    let (Some((g_date, narrow)), Some((w_date, wide))) = (spans(given), spans(wanted)) else { return false };
    g_date == w_date && narrow.iter().all(|n| wide.iter().any(|w| span_covers(*w, *n)))
}

/// Whether the first condition, which needs its key, makes the second fail.
fn excludes(first: &Versioned<'_>, second: &Versioned<'_>) -> bool {
    if !same_key(first, second) || has_variables(first) || has_variables(second) {
        return false;
    }
    let (f, s) = (first.condition, second.condition);
    if s.operator.base == B::Null {
        return needs_key(f) && !s.values.iter().any(|v| v.eq_ignore_ascii_case("false"));
    }
    if !needs_key(f) || f.operator.set != SetOperator::Single || s.operator.set != SetOperator::Single || f.operator.base.is_negated() || is_order(f.operator.base) || is_order(s.operator.base) {
        return false;
    }
    let (fp, sp) = (positive(f.operator.base), positive(s.operator.base));
    if s.operator.base.is_negated() {
        f.values.iter().all(|v| s.values.iter().any(|x| value_covers(sp, x, fp, v)))
    } else {
        f.values.iter().all(|v| s.values.iter().all(|x| values_disjoint(fp, v, sp, x)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::ConditionOperator;

    fn implied(given: (&str, &[&str]), wanted: (&str, &[&str])) -> bool {
        let condition = |(operator, values): (&str, &[&str])| Condition {
            operator: ConditionOperator::parse(operator).unwrap(),
            key: "aws:k".into(),
            values: values.iter().map(|v| (*v).to_owned()).collect(),
        };
        let (g, w) = (condition(given), condition(wanted));
        implies(&Versioned { version: Version::V2012, condition: &g }, &Versioned { version: Version::V2012, condition: &w })
    }

    #[test]
    fn fewer_values_imply_more_and_more_exclusions_imply_fewer() {
        assert!(implied(("StringEquals", &["a"]), ("StringEquals", &["a", "b"])));
        assert!(!implied(("StringEquals", &["a", "c"]), ("StringEquals", &["a", "b"])));
        assert!(implied(("StringNotEquals", &["a", "b"]), ("StringNotEquals", &["a"])));
        assert!(!implied(("StringNotEquals", &["a"]), ("StringNotEquals", &["a", "b"])));
        assert!(implied(("StringEquals", &["a"]), ("StringNotEquals", &["b", "c"])));
        assert!(implied(("StringEquals", &["ab"]), ("StringLike", &["a*"])));
        assert!(implied(("StringLike", &["ab*"]), ("StringLike", &["a*"])));
        assert!(!implied(("StringLike", &["a*"]), ("StringEquals", &["a*"])));
    }

    #[test]
    fn an_absent_key_counts() {
        assert!(implied(("StringEquals", &["a"]), ("StringEqualsIfExists", &["a"])));
        assert!(!implied(("StringEqualsIfExists", &["a"]), ("StringEquals", &["a"])));
        assert!(implied(("StringEquals", &["a"]), ("Null", &["false"])));
        assert!(!implied(("StringNotEquals", &["a"]), ("Null", &["false"])));
        assert!(implied(("Null", &["true"]), ("StringNotEquals", &["a"])));
        assert!(!implied(("ForAllValues:StringEquals", &["a"]), ("ForAnyValue:StringEquals", &["a"])));
        assert!(implied(("ForAllValues:StringEquals", &["a"]), ("ForAllValues:StringEquals", &["a", "b"])));
    }

    #[test]
    fn ranges_are_ordered() {
        assert!(implied(("NumericLessThan", &["5"]), ("NumericLessThanEquals", &["5"])));
        assert!(!implied(("NumericLessThanEquals", &["5"]), ("NumericLessThan", &["5"])));
        assert!(implied(("NumericEquals", &["3"]), ("NumericLessThan", &["5"])));
        assert!(implied(("DateGreaterThan", &["2026-02-01T00:00:00Z"]), ("DateGreaterThan", &["2026-01-01T00:00:00Z"])));
        assert!(implied(("IpAddress", &["203.0.113.0/25"]), ("IpAddress", &["203.0.113.0/24"])));
        assert!(!implied(("IpAddress", &["203.0.113.0/23"]), ("IpAddress", &["203.0.113.0/24"])));
        assert!(implied(("NotIpAddress", &["203.0.113.0/23"]), ("NotIpAddress", &["203.0.113.0/24"])));
        assert!(implied(("Bool", &["TRUE"]), ("Bool", &["true"])));
    }
}
