//! Small questions about request parameters, as a row of the exceptions table asks them in `when`.

use super::names::NameKey;
use super::params::Params;

/// One question.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Test {
    /// `exists:name`: the parameter is there.
    Exists(NameKey),
    /// `absent:name`: it is not.
    Absent(NameKey),
    /// `equals:name=text`: one of its texts is this one, without regard to case.
    Equals(NameKey, String),
    /// `not:name=text`: none of its texts is.
    Not(NameKey, String),
    /// `has:name=text`: one of its texts has this in it.
    Has(NameKey, String),
    /// `starts:name=text`: one of its texts starts so, blanks in front aside, without regard to case.
    Starts(NameKey, String),
}

/// Questions that must all hold, or what is left when no row before held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Predicate {
    /// All of them.
    All(Questions),
    /// `otherwise`: no conditional row before this one held.
    Otherwise,
}

/// Questions joined by `and`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Questions(Vec<Test>);

impl Predicate {
    /// Reads `question`, `question and question` or `otherwise`; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Predicate> {
        if text == "otherwise" {
            return Some(Predicate::Otherwise);
        }
        Some(Predicate::All(Questions(text.split(" and ").map(Test::parse).collect::<Option<Vec<_>>>()?)))
    }
}

impl Questions {
    /// Whether all hold.
    #[must_use]
    pub fn hold(&self, params: &Params<'_>) -> bool {
        self.0.iter().all(|test| test.holds(params))
    }
}

impl Test {
    fn parse(text: &str) -> Option<Test> {
        let (kind, rest) = text.trim().split_once(':')?;
        let pair = || rest.split_once('=').map(|(name, value)| (NameKey::of(name), value.to_owned()));
        match kind {
            "exists" => Some(Test::Exists(NameKey::of(rest))),
            "absent" => Some(Test::Absent(NameKey::of(rest))),
            "equals" => pair().map(|(n, v)| Test::Equals(n, v)),
            "not" => pair().map(|(n, v)| Test::Not(n, v)),
            "has" => pair().map(|(n, v)| Test::Has(n, v)),
            "starts" => pair().map(|(n, v)| Test::Starts(n, v)),
            _ => None,
        }
    }

    fn holds(&self, params: &Params<'_>) -> bool {
        let any = |name, holds: &dyn Fn(&str) -> bool| params.everywhere(name).any(holds);
        match self {
            Test::Exists(name) => params.has(name),
            Test::Absent(name) => !params.has(name),
            Test::Equals(name, text) => any(name, &|v| v.eq_ignore_ascii_case(text)),
            Test::Not(name, text) => !any(name, &|v| v.eq_ignore_ascii_case(text)),
            Test::Has(name, text) => any(name, &|v| v.contains(text.as_str())),
            Test::Starts(name, text) => any(name, &|v| {
                let start = v.trim_start().get(..text.len());
                start.is_some_and(|s| s.eq_ignore_ascii_case(text))
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(question: &str, json: &str) -> bool {
        match Predicate::parse(question).unwrap() {
            Predicate::All(questions) => questions.hold(&Params::of(json)),
            Predicate::Otherwise => false,
        }
    }

    #[test]
    fn questions() {
        let json = r#"{"operation":"Put","statement":" select * from \"t\"","x-amz-acl":["private"]}"#;
        assert!(holds("exists:x-amz-acl", json) && !holds("absent:X-Amz-Acl", json));
        assert!(holds("equals:operation=put and starts:statement=SELECT", json));
        assert!(!holds("equals:operation=put and starts:statement=INSERT", json));
        assert!(holds("has:statement=from", json) && !holds("has:statement=where", json));
        assert!(holds("not:operation=Delete", json) && !holds("not:operation=PUT", json));
        assert!(Predicate::parse("maybe:x").is_none() && Predicate::parse("equals:x").is_none());
    }
}
