//! Condition operators, taken apart once: set operator, comparison, `IfExists`.
//!
//! Operator names compare without case (inputs-and-evaluation.md section 4.1, item 2); an operator that AWS
//! does not know makes the document an error rather than a condition that never holds.

/// One operator with one key and its values (values are alternatives).
#[derive(Clone, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
pub struct Condition {
    /// The operator.
    pub operator: ConditionOperator,
    /// The condition key as written; keys compare without case.
    pub key: String,
    /// The values as text.
    pub values: Vec<String>,
}

/// An operator in parts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
pub struct ConditionOperator {
    /// `ForAllValues:` or `ForAnyValue:`, if written.
    pub set: SetOperator,
    /// The comparison.
    pub base: BaseOperator,
    /// Whether `IfExists` was appended.
    pub if_exists: bool,
}

/// How an operator treats a key with several values.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
pub enum SetOperator {
    /// No prefix: the key must have one value.
    Single,
    /// `ForAllValues:`
    ForAllValues,
    /// `ForAnyValue:`
    ForAnyValue,
}

macro_rules! base_operators {
    ($($name:ident),* $(,)?) => {
        /// A comparison of IAM's condition language, by AWS's own name.
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
        pub enum BaseOperator {
            $(#[doc = concat!("`", stringify!($name), "`")] $name,)*
        }

        impl BaseOperator {
            /// Every comparison.
            pub const ALL: &'static [BaseOperator] = &[$(BaseOperator::$name),*];

            /// AWS's spelling.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(BaseOperator::$name => stringify!($name),)* }
            }
        }
    };
}

base_operators!(
    StringEquals, StringNotEquals, StringEqualsIgnoreCase, StringNotEqualsIgnoreCase, StringLike, StringNotLike,
    NumericEquals, NumericNotEquals, NumericLessThan, NumericLessThanEquals, NumericGreaterThan,
    NumericGreaterThanEquals, DateEquals, DateNotEquals, DateLessThan, DateLessThanEquals, DateGreaterThan,
    DateGreaterThanEquals, Bool, BinaryEquals, IpAddress, NotIpAddress, ArnEquals, ArnNotEquals, ArnLike, ArnNotLike,
    Null,
);

impl BaseOperator {
    /// Whether the comparison is a negation (`StringNotEquals`, `NotIpAddress`, …).
    #[must_use]
    pub fn is_negated(self) -> bool {
        self.as_str().contains("Not")
    }
}

impl ConditionOperator {
    /// Reads an operator name; `None` when AWS has no such operator.
    #[must_use]
    pub fn parse(text: &str) -> Option<ConditionOperator> {
        let (set, rest) = match text.split_once(':') {
            None => (SetOperator::Single, text),
            Some((head, rest)) if head.eq_ignore_ascii_case("ForAllValues") => (SetOperator::ForAllValues, rest),
            Some((head, rest)) if head.eq_ignore_ascii_case("ForAnyValue") => (SetOperator::ForAnyValue, rest),
            Some(_) => return None,
        };
        let lower = rest.to_ascii_lowercase();
        let (name, if_exists) = match lower.strip_suffix("ifexists") {
            Some(name) => (name, true),
            None => (lower.as_str(), false),
        };
        let base = BaseOperator::ALL.iter().copied().find(|b| b.as_str().eq_ignore_ascii_case(name))?;
        if base == BaseOperator::Null && if_exists {
            return None;
        }
        Some(ConditionOperator { set, base, if_exists })
    }
}

impl std::fmt::Display for ConditionOperator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.set {
            SetOperator::Single => "",
            SetOperator::ForAllValues => "ForAllValues:",
            SetOperator::ForAnyValue => "ForAnyValue:",
        })?;
        f.write_str(self.base.as_str())?;
        f.write_str(if self.if_exists { "IfExists" } else { "" })
    }
}
