//! The linter: what AWS would refuse in a policy document, what in it does nothing, and what in it is dangerous, in the words
//! and codes of IAM Access Analyzer's policy checks.
//!
//! It reads the JSON as it is written, so that a document that `policy::parse` refuses is told apart finding by finding. What
//! the reference cannot tell (a service that it does not have, a condition key that no action of it names) is neither an error
//! nor nothing: it has the level `unknown`. Source: IAM User Guide, "IAM policy validation check reference"; docs/lint.md.

mod action;
mod code;
mod condition;
mod document;
mod ip;
mod keys;
mod principal;
mod resource;
mod risky;
mod tags;
mod values;
mod variable;
#[cfg(test)]
mod codes_test;
#[cfg(test)]
mod corpus_test;
#[cfg(test)]
mod speed_test;

use serde_json::Value;

use crate::policy::parse::read_text;
use crate::policy::{PolicyDocument, print};
use crate::reference::Reference;

pub use code::{Code, Level};
use keys::Keys;
use resource::Resources;

/// The kind of policy that a document is to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord, Hash)]
pub enum PolicyType {
    /// Of a user, group, role or permission set, inline or managed.
    Identity,
    /// A managed policy as a permissions boundary.
    Boundary,
    /// Of a resource, such as a bucket or a key.
    Resource,
    /// Who may take up a role.
    Trust,
    /// A service control policy.
    ServiceControl,
    /// A resource control policy.
    ResourceControl,
}

impl PolicyType {
    /// All of them.
    pub const ALL: &'static [PolicyType] = &[
        PolicyType::Identity,
        PolicyType::Boundary,
        PolicyType::Resource,
        PolicyType::Trust,
        PolicyType::ServiceControl,
        PolicyType::ResourceControl,
    ];

    /// The word on the command line and in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            PolicyType::Identity => "identity",
            PolicyType::Boundary => "boundary",
            PolicyType::Resource => "resource",
            PolicyType::Trust => "trust",
            PolicyType::ServiceControl => "scp",
            PolicyType::ResourceControl => "rcp",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn named(word: &str) -> Option<PolicyType> {
        PolicyType::ALL.iter().copied().find(|kind| kind.as_str() == word)
    }

    /// The kind that a document most likely is, from what its statements have: a trust policy is about taking up a role and names
    /// no resource, a policy of a resource names principals, all others are taken for policies of an identity.
    #[must_use]
    pub fn guess(value: &Value) -> PolicyType {
        let statements = match value.get("Statement") {
            Some(Value::Array(list)) => list.as_slice(),
            Some(one) => std::slice::from_ref(one),
            None => &[],
        };
        let has = |statement: &Value, names: [&str; 2]| names.iter().any(|n| statement.get(n).is_some());
        if !statements.iter().any(|s| has(s, ["Principal", "NotPrincipal"])) {
            return PolicyType::Identity;
        }
        let is_sts = |action: &Value| action.as_str().is_some_and(|a| a.to_ascii_lowercase().starts_with("sts:"));
        let takes_up = |statement: &Value| match statement.get("Action") {
            Some(Value::Array(list)) => list.iter().any(is_sts),
            Some(one) => is_sts(one),
            None => false,
        };
        if statements.iter().any(takes_up) && !statements.iter().any(|s| has(s, ["Resource", "NotResource"])) {
            PolicyType::Trust
        } else {
            PolicyType::Resource
        }
    }
}

/// Where in a document something was found. Sorts as it is read.
#[derive(Clone, PartialEq, Eq, Debug, PartialOrd, Ord, Hash, Default)]
pub struct Place {
    /// Number of the statement, from 0; none for the document as a whole.
    pub statement: Option<usize>,
    /// Its `Sid`, where it has one.
    pub sid: Option<String>,
    /// The element, such as `Action` or `Condition/StringEquals/aws:SourceIp`; empty for the whole statement or document.
    pub element: String,
    /// The value, where it is about one.
    pub value: Option<String>,
}

/// One thing that is to be said of a document. Sorts by place. Its texts are the document's own: to be escaped where printed.
#[derive(Clone, PartialEq, Eq, Debug, PartialOrd, Ord, Hash)]
pub struct Finding {
    /// Where.
    pub place: Place,
    /// Which check.
    pub code: Code,
    /// How bad.
    pub level: Level,
    /// What, in a sentence.
    pub message: String,
}

/// Findings as they are made.
#[derive(Default)]
struct Report {
    findings: Vec<Finding>,
    statement: Option<usize>,
    sid: Option<String>,
}

impl Report {
    fn put(&mut self, level: Level, code: Code, element: &str, value: Option<&str>, message: impl Into<String>) {
        let place = Place { statement: self.statement, sid: self.sid.clone(), element: element.to_owned(), value: value.map(str::to_owned) };
        self.findings.push(Finding { place, code, level, message: message.into() });
    }

    /// With the level that the check has.
    fn add(&mut self, code: Code, element: &str, value: Option<&str>, message: impl Into<String>) {
        self.put(code.level(), code, element, value, message);
    }

    /// Not decided: the reference does not know.
    fn unknown(&mut self, code: Code, element: &str, value: Option<&str>, message: impl Into<String>) {
        self.put(Level::Unknown, code, element, value, message);
    }
}

/// The linter over one reference. What can be worked out once is worked out here.
pub struct Linter<'r> {
    reference: &'r Reference,
    keys: Keys,
    resources: Resources,
}

impl<'r> Linter<'r> {
    /// A linter that knows what the reference knows.
    #[must_use]
    pub fn new(reference: &'r Reference) -> Linter<'r> {
        Linter { reference, keys: Keys::new(reference), resources: Resources::new(reference) }
    }

    fn done(report: Report) -> Vec<Finding> {
        let mut findings = report.findings;
        findings.sort();
        findings.dedup();
        findings
    }

    /// Lints a text: JSON, or percent-encoded JSON.
    #[must_use]
    pub fn lint_text(&self, text: &str, kind: PolicyType) -> Vec<Finding> {
        match read_text(text) {
            Ok(value) => self.lint_value(&value, kind),
            Err(why) => {
                let mut report = Report::default();
                report.add(Code::JsonSyntaxError, "", None, why.to_string());
                Self::done(report)
            }
        }
    }

    /// Lints a JSON value: a document, or a text that holds one.
    #[must_use]
    pub fn lint_value(&self, value: &Value, kind: PolicyType) -> Vec<Finding> {
        if let Value::String(text) = value {
            return self.lint_text(text, kind);
        }
        let mut report = Report::default();
        document::document(self, &mut report, value, kind);
        Self::done(report)
    }

    /// Lints a document that was read already.
    #[must_use]
    pub fn lint(&self, document: &PolicyDocument, kind: PolicyType) -> Vec<Finding> {
        self.lint_text(&print::minified(document), kind)
    }
}

/// The kind of policy that a text most likely holds; identity where it holds none.
#[must_use]
pub fn guess(text: &str) -> PolicyType {
    read_text(text).map_or(PolicyType::Identity, |value| PolicyType::guess(&value))
}

/// Lints one text. For many, a [`Linter`] is made once.
#[must_use]
pub fn lint(text: &str, kind: PolicyType, reference: &Reference) -> Vec<Finding> {
    Linter::new(reference).lint_text(text, kind)
}
