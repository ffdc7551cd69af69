//! Compiled documents: parsed once, shared between everybody who holds the same document.
//!
//! A statement is asked in the order of what is cheapest and most often says no: action, resource, principal,
//! conditions.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::action_set::{ActionIndex, ActionSet};
use super::arn_pattern::ArnPattern;
use super::condition::CompiledCondition;
use super::prepared::PreparedRequest;
use super::principal::{Classes, CompiledPrincipal, Reach};
use super::{PolicyType, Tri};
use crate::policy::{Effect, PolicyDocument, ResourceElement, Statement, Version};

/// A compiled statement.
#[derive(Clone, PartialEq, Debug)]
pub struct CompiledStatement {
    /// Place in the document, from 0.
    pub index: usize,
    /// Sid, if it has one that is not empty.
    pub sid: Option<Box<str>>,
    /// Allow or Deny.
    pub effect: Effect,
    /// Whom it names; `None` where this kind of policy names nobody.
    pub principal: Option<CompiledPrincipal>,
    /// Which actions.
    pub action: ActionSet,
    /// On which resources.
    pub resource: CompiledResource,
    /// Under which conditions.
    pub conditions: Box<[CompiledCondition]>,
}

/// A compiled resource element.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CompiledResource {
    /// No element: the resource that the policy is attached to.
    Attached,
    /// `Resource`
    Any(Box<[ArnPattern]>),
    /// `NotResource`
    NoneOf(Box<[ArnPattern]>),
}

impl CompiledResource {
    /// Whether the element takes in the request's resource.
    #[must_use]
    pub fn matches(&self, request: &PreparedRequest<'_>) -> Tri {
        let any = |list: &[ArnPattern]| {
            let mut best = Tri::No;
            for pattern in list {
                best = best.or(pattern.matches(request));
                if best == Tri::Yes {
                    break;
                }
            }
            best
        };
        match self {
            CompiledResource::Attached => Tri::Yes,
            CompiledResource::Any(list) => any(list),
            CompiledResource::NoneOf(list) => any(list).negate(),
        }
    }

    fn patterns(&self) -> &[ArnPattern] {
        match self {
            CompiledResource::Attached => &[],
            CompiledResource::Any(list) | CompiledResource::NoneOf(list) => list,
        }
    }
}

impl CompiledStatement {
    fn compile(statement: &Statement, index: usize, version: Version, kind: PolicyType, actions: &ActionIndex) -> CompiledStatement {
        let patterns = |list: &[String]| list.iter().map(|p| ArnPattern::compile(p, version, kind)).collect();
        CompiledStatement {
            index,
            sid: statement.sid.as_deref().filter(|s| !s.is_empty()).map(Into::into),
            effect: statement.effect,
            principal: statement.principal.as_ref().map(CompiledPrincipal::compile),
            action: ActionSet::compile(&statement.action, actions),
            resource: match &statement.resource {
                None => CompiledResource::Attached,
                Some(ResourceElement::Resource(list)) => CompiledResource::Any(patterns(list)),
                Some(ResourceElement::NotResource(list)) => CompiledResource::NoneOf(patterns(list)),
            },
            conditions: statement.conditions.iter().map(|c| CompiledCondition::compile(c, version)).collect(),
        }
    }

    /// Whether action, resource and conditions apply to a request.
    #[must_use]
    pub fn applies(&self, request: &PreparedRequest<'_>) -> Tri {
        if !self.action.contains(&request.action) {
            return Tri::No;
        }
        let mut result = self.resource.matches(request);
        for condition in &self.conditions {
            if result == Tri::No {
                break;
            }
            result = result.and(condition.holds(request));
        }
        result
    }

    /// By which classes the statement names the caller, other elements left out. A statement without principal
    /// names everybody.
    #[must_use]
    pub fn classes(&self, request: &PreparedRequest<'_>, reach: Reach) -> Classes {
        self.principal.as_ref().map_or(Classes::DIRECT, |p| p.classes(self.effect, request, reach))
    }

    /// Adds the keys that would settle a statement that may apply.
    pub fn add_missing(&self, request: &PreparedRequest<'_>, missing: &mut BTreeSet<String>) {
        if self.resource.matches(request) == Tri::Unknown {
            missing.extend(self.resource.patterns().iter().flat_map(|p| p.unknown_variables(request)).map(str::to_owned));
        }
        for condition in self.conditions.iter().filter(|c| c.holds(request) == Tri::Unknown) {
            condition.add_missing(request, missing);
        }
    }

    /// Sid, or `#index`.
    #[must_use]
    pub fn label(&self) -> String {
        self.sid.as_ref().map_or_else(|| format!("#{}", self.index), ToString::to_string)
    }
}

/// A compiled document.
#[derive(Clone, PartialEq, Debug)]
pub struct CompiledDocument {
    /// Its statements in order.
    pub statements: Box<[CompiledStatement]>,
}

/// A compiled document under the name that decisions show.
#[derive(Clone, Debug)]
pub struct CompiledPolicy {
    /// Name.
    pub name: Box<str>,
    /// Document, shared.
    pub document: Arc<CompiledDocument>,
}

/// Compiles documents, each once per kind of policy.
pub struct Compiler<'i> {
    actions: &'i ActionIndex,
    seen: HashMap<PolicyDocument, BTreeMap<PolicyType, Arc<CompiledDocument>>>,
}

impl Default for Compiler<'static> {
    fn default() -> Self {
        Compiler::new(ActionIndex::bundled())
    }
}

impl<'i> Compiler<'i> {
    /// A compiler over an index of actions.
    #[must_use]
    pub fn new(actions: &'i ActionIndex) -> Compiler<'i> {
        Compiler { actions, seen: HashMap::new() }
    }

    /// The compiled form of a document as a kind of policy reads it.
    pub fn document(&mut self, kind: PolicyType, document: &PolicyDocument) -> Arc<CompiledDocument> {
        if let Some(known) = self.seen.get(document).and_then(|kinds| kinds.get(&kind)) {
            return Arc::clone(known);
        }
        let statements = document
            .statements
            .iter()
            .enumerate()
            .map(|(index, s)| CompiledStatement::compile(s, index, document.version, kind, self.actions))
            .collect();
        let compiled = Arc::new(CompiledDocument { statements });
        self.seen.entry(document.clone()).or_default().insert(kind, Arc::clone(&compiled));
        compiled
    }
}
