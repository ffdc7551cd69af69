//! A statement made ready for the proof: its elements as steps, its conditions as sets of values.

use std::collections::HashSet;

use super::condition::Sieve;
use super::steps::{ResourceSteps, Step, of_resource, of_text};
use crate::evaluate::PolicyType;
use crate::policy::{ActionElement, Effect, PolicyDocument, ResourceElement, Statement};

/// An action pattern.
#[derive(Debug)]
pub struct ActionPattern {
    /// As written.
    pub written: String,
    /// In lower case.
    pub lower: String,
    /// Steps of the lower case.
    pub steps: Vec<Step>,
    /// How many bytes come before the first wildcard.
    fixed: usize,
}

impl ActionPattern {
    fn new(written: &str) -> ActionPattern {
        let lower = written.to_ascii_lowercase();
        let fixed = lower.find(['*', '?']).unwrap_or(lower.len());
        ActionPattern { written: written.to_owned(), steps: of_text(&lower), fixed, lower }
    }

    /// Every action.
    #[must_use]
    pub fn every() -> ActionPattern {
        ActionPattern::new("*")
    }

    /// Whether it names one action.
    #[must_use]
    pub fn is_literal(&self) -> bool {
        self.fixed == self.lower.len()
    }

    fn is_everything(&self) -> bool {
        self.lower == "*" || self.lower == "*:*"
    }

    /// Whether a text begins as the pattern does.
    fn begins(&self, lower: &str) -> bool {
        self.lower.get(..self.fixed).is_some_and(|start| lower.starts_with(start))
    }

    /// Whether the pattern is a text and then `*`.
    fn is_prefix(&self) -> bool {
        self.lower.get(self.fixed..) == Some("*")
    }

    fn matches(&self, lower: &str) -> bool {
        self.begins(lower) && (self.is_prefix() || self.is_everything() || crate::aws::glob_matches(&self.lower, lower))
    }

    /// Whether it plainly takes in all of `narrow`; `false` says nothing.
    fn plainly_covers(&self, narrow: &ActionPattern) -> bool {
        self.is_everything() || self.lower == narrow.lower || (self.is_prefix() && self.begins(&narrow.lower))
    }
}

/// `Action` or `NotAction`.
#[derive(Debug)]
pub struct Actions {
    /// Whether the patterns are exceptions.
    pub negated: bool,
    /// The patterns.
    pub patterns: Vec<ActionPattern>,
    /// Of these, what names one action.
    literals: HashSet<String>,
}

impl Actions {
    fn new(list: &[String], negated: bool) -> Actions {
        let patterns: Vec<ActionPattern> = list.iter().map(|p| ActionPattern::new(p)).collect();
        let literals = patterns.iter().filter(|p| p.is_literal()).map(|p| p.lower.clone()).collect();
        Actions { negated, patterns, literals }
    }

    fn wild(&self) -> impl Iterator<Item = &ActionPattern> {
        self.patterns.iter().filter(|p| !p.is_literal())
    }

    /// Whether the element takes in an action that is written in lower case.
    #[must_use]
    pub fn contains(&self, lower: &str) -> bool {
        (self.literals.contains(lower) || self.wild().any(|p| p.matches(lower))) != self.negated
    }

    /// Whether the element plainly takes in all of a pattern with wildcards; `false` says nothing.
    #[must_use]
    pub fn plainly_covers(&self, narrow: &ActionPattern) -> bool {
        if self.negated { self.patterns.is_empty() } else { self.wild().any(|p| p.plainly_covers(narrow)) }
    }
}

/// `Resource` or `NotResource`.
#[derive(Debug)]
pub struct Resources {
    /// Whether the patterns are exceptions.
    pub negated: bool,
    /// Whether `*` alone is among the patterns. A statement without the element has it: it is about the resource
    /// that its policy is attached to.
    pub all: bool,
    /// The other patterns.
    pub patterns: Vec<Vec<Step>>,
}

/// A statement made ready.
#[derive(Debug)]
pub struct Side<'a> {
    /// The statement.
    pub statement: &'a Statement,
    /// Actions.
    pub actions: Actions,
    /// Resources.
    pub resources: Resources,
    /// Conditions.
    pub conditions: Vec<Sieve>,
    /// Place of its document.
    pub document: usize,
    /// Place in its document, from 0.
    pub index: usize,
}

impl<'a> Side<'a> {
    fn new(statement: &'a Statement, document: &PolicyDocument, at: (usize, usize), kind: PolicyType) -> Side<'a> {
        let (list, negated) = match &statement.action {
            ActionElement::Action(list) => (list, false),
            ActionElement::NotAction(list) => (list, true),
        };
        let actions = Actions::new(list, negated);
        let mut resources = Resources { negated: false, all: statement.resource.is_none(), patterns: Vec::new() };
        if let Some(element) = &statement.resource {
            resources.negated = matches!(element, ResourceElement::NotResource(_));
            for pattern in element.patterns() {
                match of_resource(pattern, document.version, kind) {
                    ResourceSteps::All => resources.all = true,
                    ResourceSteps::Parts(steps) => resources.patterns.push(steps),
                    ResourceSteps::Nothing => {}
                }
            }
        }
        Side {
            statement,
            actions,
            resources,
            conditions: statement.conditions.iter().map(|c| Sieve::new(c, document.version)).collect(),
            document: at.0,
            index: at.1,
        }
    }

    /// How people find the statement.
    #[must_use]
    pub fn label(&self) -> String {
        let place = if self.document == 0 { String::new() } else { format!(" of document {}", self.document + 1) };
        match self.statement.sid.as_deref().filter(|s| !s.is_empty()) {
            Some(sid) => format!("statement `{sid}`{place}"),
            None => format!("statement {}{place}", self.index),
        }
    }
}

/// The statements of some documents, allows and denies apart.
#[derive(Debug, Default)]
pub struct Sides<'a> {
    /// Allow statements.
    pub allows: Vec<Side<'a>>,
    /// Deny statements.
    pub denies: Vec<Side<'a>>,
}

impl<'a> Sides<'a> {
    /// Makes documents ready as a kind of policy reads them.
    #[must_use]
    pub fn new(documents: &[&'a PolicyDocument], kind: PolicyType) -> Sides<'a> {
        let mut sides = Sides::default();
        for (place, document) in documents.iter().enumerate() {
            for (index, statement) in document.statements.iter().enumerate() {
                let side = Side::new(statement, document, (place, index), kind);
                match statement.effect {
                    Effect::Allow => sides.allows.push(side),
                    Effect::Deny => sides.denies.push(side),
                }
            }
        }
        sides
    }

    /// Every statement.
    pub fn all(&self) -> impl Iterator<Item = &Side<'a>> {
        self.allows.iter().chain(&self.denies)
    }
}
