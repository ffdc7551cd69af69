//! Whether some conditions, which all hold, force another one to hold, or rule it out (rules 9 and 10).
//!
//! Only conditions on the same key are compared. A key may be absent, have one value or several; a condition is
//! forced when it holds in every one of these states in which the given ones hold. What cannot be shown is `false`.

use super::values::{Values, has_variable};
use crate::evaluate::condition::CompiledCondition;
use crate::evaluate::pattern::{Reading, pieces};
use crate::evaluate::{Context, PreparedRequest, PrincipalType, Request, RequestPrincipal, Tri};
use crate::evaluate::action_set::ActionIndex;
use crate::policy::{BaseOperator, Condition, SetOperator, Version};

/// A condition made ready.
#[derive(Clone, PartialEq, Debug)]
pub struct Sieve {
    /// The condition.
    pub condition: Condition,
    /// The key in lower case.
    pub key: String,
    /// Whether a value of it is, or may be, a variable.
    pub has_variables: bool,
    version: Version,
    compiled: CompiledCondition,
    /// What it compares with; `None` for `Null`.
    values: Option<Values>,
}

/// What a request has for a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State<'a> {
    /// Nothing.
    Absent,
    /// These values.
    Present(&'a [String]),
}

impl Sieve {
    /// Makes a condition ready.
    #[must_use]
    pub fn new(condition: &Condition, version: Version) -> Sieve {
        Sieve {
            condition: condition.clone(),
            key: condition.key.to_ascii_lowercase(),
            has_variables: condition.values.iter().any(|v| has_variable(&pieces(v, Reading::of(version, false)))),
            version,
            compiled: CompiledCondition::compile(condition, version),
            values: Values::new(condition, version),
        }
    }

    fn set(&self) -> SetOperator {
        self.condition.operator.set
    }

    fn is_negated(&self) -> bool {
        self.condition.operator.base.is_negated()
    }

    fn null_has(&self, word: &str) -> bool {
        self.condition.values.iter().any(|v| v.eq_ignore_ascii_case(word))
    }

    /// Whether it holds where the key is absent.
    fn holds_absent(&self) -> bool {
        match (&self.values, self.set()) {
            (None, _) => self.null_has("true"),
            (_, SetOperator::ForAllValues) => true,
            (_, SetOperator::ForAnyValue) => false,
            (_, SetOperator::Single) => self.condition.operator.if_exists || self.is_negated(),
        }
    }

    /// Whether the condition surely holds for a state of its key, asked of the evaluation; conditions with variables
    /// have no answer here.
    #[must_use]
    pub fn holds(&self, state: State<'_>) -> Option<bool> {
        if self.has_variables {
            return None;
        }
        let mut context = Context::new(true);
        match state {
            State::Absent => context.set_absent(&self.key),
            State::Present(values) => context.set(&self.key, values.to_vec()),
        }
        let principal = RequestPrincipal::of_kind(PrincipalType::IAMUser);
        let request = Request {
            principal: &principal,
            action: "",
            resource: "*",
            resource_is_pattern: false,
            resource_account: None,
            context: &context,
        };
        Some(self.compiled.holds(&PreparedRequest::with_index(request, &ActionIndex::new([]))) == Tri::Yes)
    }

    /// The values that a present key can have, where the condition names them all.
    fn listed(&self) -> Option<&[String]> {
        let operator = self.condition.operator;
        let lists = operator.base == BaseOperator::StringEquals && operator.set == SetOperator::Single && !self.has_variables;
        // A literal `${*}` reads as another text than it is written.
        (lists && !self.condition.values.iter().any(|v| v.contains("${"))).then_some(self.condition.values.as_slice())
    }

    /// Whether the texts that satisfy this comparison all satisfy another one.
    fn is_narrower_than(&self, wide: &Sieve) -> bool {
        let (Some(own), Some(other)) = (&self.values, &wide.values) else { return false };
        match (self.is_negated(), wide.is_negated()) {
            (false, false) => own.is_inside(other),
            (true, true) => other.is_inside(own),
            (false, true) => own.is_apart_from(other),
            (true, false) => other.is_everything(),
        }
    }

    /// Whether this condition alone forces another on the same key; `present` says that the key is surely there.
    fn forces(&self, wanted: &Sieve, present: bool) -> bool {
        if self.condition.operator == wanted.condition.operator
            && self.condition.values == wanted.condition.values
            && (self.version == wanted.version || !(self.has_variables || wanted.has_variables || self.has_dollar() || wanted.has_dollar()))
        {
            return true;
        }
        let absent_fits = present || !self.holds_absent() || wanted.holds_absent();
        match (&self.values, &wanted.values) {
            (None, None) => absent_fits && (!self.null_has("false") || wanted.null_has("false")),
            (None, Some(_)) => !self.null_has("false") && absent_fits,
            (Some(_), None) => absent_fits && wanted.null_has("false"),
            (Some(_), Some(_)) => {
                let by_list = || {
                    let fits = |v: &String| wanted.holds(State::Present(std::slice::from_ref(v))) == Some(true);
                    self.listed().is_some_and(|list| list.iter().all(fits))
                };
                let single = || by_list() || self.is_narrower_than(wanted);
                absent_fits
                    && match (self.set(), wanted.set()) {
                        (SetOperator::Single, SetOperator::Single | SetOperator::ForAllValues) => single(),
                        // An empty text is no value to the set operator.
                        (SetOperator::Single, SetOperator::ForAnyValue) => {
                            by_list() || (self.holds(State::Present(&[String::new()])) == Some(false) && self.is_narrower_than(wanted))
                        }
                        (SetOperator::ForAllValues, SetOperator::ForAllValues) | (SetOperator::ForAnyValue, SetOperator::ForAnyValue) => {
                            self.is_narrower_than(wanted)
                        }
                        _ => false,
                    }
            }
        }
    }

    fn has_dollar(&self) -> bool {
        self.condition.values.iter().any(|v| v.contains("${"))
    }

    /// Whether no request satisfies this and another condition on the same key.
    fn excludes(&self, other: &Sieve, present: bool) -> bool {
        let absent_excluded = present || !(self.holds_absent() && other.holds_absent());
        if !absent_excluded {
            return false;
        }
        match (&self.values, &other.values) {
            (None, None) => !(self.null_has("false") && other.null_has("false")),
            (None, Some(_)) => !self.null_has("false"),
            (Some(_), None) => !other.null_has("false"),
            (Some(own), Some(values)) => {
                if (self.set(), other.set()) != (SetOperator::Single, SetOperator::Single) {
                    return false;
                }
                let none_of = |one: &Sieve, two: &Sieve| {
                    let fails = |v: &String| two.holds(State::Present(std::slice::from_ref(v))) == Some(false);
                    one.listed().is_some_and(|list| list.iter().all(fails))
                };
                none_of(self, other)
                    || none_of(other, self)
                    || match (self.is_negated(), other.is_negated()) {
                        (false, false) => own.is_apart_from(values),
                        (false, true) => own.is_inside(values),
                        (true, false) => values.is_inside(own),
                        (true, true) => false,
                    }
            }
        }
    }
}

/// Whether one of these conditions fails where the key is absent.
fn is_present(given: &[&Sieve], key: &str) -> bool {
    given.iter().any(|c| c.key == key && !c.holds_absent())
}

/// Whether all of `wanted` hold whenever all of `given` hold.
#[must_use]
pub fn implied(given: &[&Sieve], wanted: &[Sieve]) -> bool {
    wanted.iter().all(|w| {
        let present = is_present(given, &w.key);
        given.iter().any(|c| c.key == w.key && c.forces(w, present))
    })
}

/// Whether some two of these conditions never hold together.
#[must_use]
pub fn contradictory(given: &[&Sieve]) -> bool {
    given.iter().enumerate().any(|(at, one)| {
        given.iter().skip(at + 1).any(|two| one.key == two.key && one.excludes(two, is_present(given, &one.key)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::ConditionOperator;

    fn sieve(operator: &str, key: &str, values: &[&str]) -> Sieve {
        let condition = Condition {
            operator: ConditionOperator::parse(operator).unwrap(),
            key: key.to_owned(),
            values: values.iter().map(|v| (*v).to_owned()).collect(),
        };
        Sieve::new(&condition, Version::V2012)
    }

    fn forces(given: &[(&str, &[&str])], operator: &str, values: &[&str]) -> bool {
        let given: Vec<Sieve> = given.iter().map(|(o, v)| sieve(o, "k", v)).collect();
        implied(&given.iter().collect::<Vec<_>>(), &[sieve(operator, "K", values)])
    }

    #[test]
    fn strings() {
        assert!(forces(&[("StringEquals", &["a"])], "StringEquals", &["a", "b"]));
        assert!(!forces(&[("StringEquals", &["a", "c"])], "StringEquals", &["a", "b"]));
        assert!(forces(&[("StringEquals", &["abc"])], "StringLike", &["a*"]));
        assert!(forces(&[("StringEquals", &["ABC"])], "StringEqualsIgnoreCase", &["abc"]));
        assert!(!forces(&[("StringEqualsIgnoreCase", &["abc"])], "StringEquals", &["abc"]));
        assert!(forces(&[("StringLike", &["ab*"])], "StringLike", &["a?*"]));
        assert!(forces(&[("StringLike", &["a*"])], "StringLike", &["a", "a?*"]), "a union");
        assert!(!forces(&[("StringLike", &["a*"])], "StringLike", &["ab*"]));
        assert!(forces(&[("StringNotEquals", &["a", "b"])], "StringNotEquals", &["a"]));
        assert!(!forces(&[("StringNotEquals", &["a"])], "StringNotEquals", &["a", "b"]));
        assert!(forces(&[("StringLike", &["a*"])], "StringNotLike", &["b*"]));
        assert!(!forces(&[("StringLike", &["a*"])], "StringNotLike", &["*b"]));
        assert!(forces(&[("StringEquals", &["arn:aws:iam::1:role/a"])], "ArnLike", &["arn:aws:iam::*:role/*"]));
    }

    #[test]
    fn absence() {
        assert!(forces(&[("StringEquals", &["a"])], "StringEqualsIfExists", &["a"]));
        assert!(!forces(&[("StringEqualsIfExists", &["a"])], "StringEquals", &["a"]));
        assert!(forces(&[("StringEqualsIfExists", &["a"]), ("Null", &["false"])], "StringEquals", &["a"]));
        assert!(forces(&[("StringEquals", &["a"])], "Null", &["false"]));
        assert!(!forces(&[("StringNotEquals", &["a"])], "Null", &["false"]));
        assert!(forces(&[("Null", &["true"])], "StringNotEquals", &["a"]));
        assert!(!forces(&[("Null", &["true"])], "StringEquals", &["a"]));
    }

    #[test]
    fn numbers_dates_addresses_booleans() {
        assert!(forces(&[("NumericLessThan", &["5"])], "NumericLessThanEquals", &["5.0"]));
        assert!(!forces(&[("NumericLessThanEquals", &["5"])], "NumericLessThan", &["5"]));
        assert!(forces(&[("NumericEquals", &["1", "2"])], "NumericNotEquals", &["3"]));
        assert!(forces(&[("DateLessThan", &["2026-01-01T00:00:00Z"])], "DateLessThan", &["1767225601"]));
        assert!(forces(&[("IpAddress", &["203.0.113.7"])], "IpAddress", &["203.0.113.0/24"]));
        assert!(!forces(&[("IpAddress", &["203.0.0.0/16"])], "IpAddress", &["203.0.113.0/24"]));
        assert!(forces(&[("IpAddress", &["203.0.113.7"])], "NotIpAddress", &["10.0.0.0/8"]));
        assert!(forces(&[("NotIpAddress", &["10.0.0.0/8"])], "NotIpAddress", &["10.1.0.0/16"]));
        assert!(forces(&[("Bool", &["true"])], "BoolIfExists", &["TRUE"]));
        assert!(!forces(&[("BoolIfExists", &["true"])], "Bool", &["true"]));
    }

    #[test]
    fn sets_of_values() {
        assert!(forces(&[("ForAllValues:StringEquals", &["a"])], "ForAllValues:StringLike", &["a*"]));
        assert!(!forces(&[("ForAllValues:StringEquals", &["a"])], "ForAnyValue:StringEquals", &["a"]), "the empty set");
        assert!(!forces(&[("ForAnyValue:StringEquals", &["a"])], "ForAllValues:StringEquals", &["a"]));
        assert!(forces(&[("StringEquals", &["a"])], "ForAnyValue:StringEquals", &["a"]));
        assert!(!forces(&[("StringEquals", &["", "a"])], "ForAnyValue:StringLike", &["*"]), "an empty text is an empty set");
        assert!(!forces(&[("ForAnyValue:StringEquals", &["a"])], "StringEquals", &["a"]), "several values");
    }

    #[test]
    fn variables_are_the_same_text_and_no_other() {
        assert!(forces(&[("StringEquals", &["${aws:username}"])], "StringLike", &["${aws:username}*"]));
        assert!(forces(&[("StringEquals", &["${aws:username}"])], "StringEquals", &["${aws:USERNAME, 'x'}"]));
        assert!(!forces(&[("StringEquals", &["${aws:username, 'x'}"])], "StringEquals", &["${aws:username}"]));
        assert!(!forces(&[("StringEquals", &["ann"])], "StringEquals", &["${aws:username}"]));
        assert!(!forces(&[("StringNotEquals", &["x"])], "StringNotEquals", &["${aws:username}"]));
    }

    #[test]
    fn contradictions() {
        let never = |one: (&str, &[&str]), two: (&str, &[&str])| {
            let (one, two) = (sieve(one.0, "k", one.1), sieve(two.0, "k", two.1));
            contradictory(&[&one, &two])
        };
        assert!(never(("Bool", &["true"]), ("BoolIfExists", &["false"])));
        assert!(!never(("BoolIfExists", &["true"]), ("BoolIfExists", &["false"])), "both hold where the key is absent");
        assert!(never(("StringEquals", &["a"]), ("StringNotEquals", &["a", "b"])));
        assert!(!never(("StringEquals", &["c"]), ("StringNotEquals", &["a", "b"])));
        assert!(never(("Null", &["true"]), ("StringLike", &["*"])));
        assert!(!never(("ForAnyValue:StringEquals", &["a"]), ("ForAnyValue:StringEquals", &["b"])));
    }
}
