//! Whether a document grants a whole cell, one action pattern on one resource pattern: asked before a policy is
//! written shorter, so that nothing is written that was not granted. The proofs ask again by their own method.

use std::collections::BTreeMap;

use crate::aws::arn_covers;
use crate::policy::matching::action_pattern_covers;
use crate::policy::{ActionElement, Effect, PolicyDocument, ResourceElement, Statement, Version};

use super::super::compress::inside;
use super::piece::Piece;

/// Whether the document allows an action pattern on a resource pattern wherever `frame`'s conditions hold.
#[must_use]
pub fn grants(document: &PolicyDocument, frame: &Statement, action: &str, resource: &str) -> bool {
    document.statements.iter().any(|s| {
        s.effect == Effect::Allow
            && s.principal == frame.principal
            && s.conditions.iter().all(|c| frame.conditions.contains(c))
            && inside(&s.action, action)
            && matches!(&s.resource, Some(ResourceElement::Resource(list)) if list.iter().any(|wide| covers(wide, resource, document.version)))
    })
}

/// Pattern inclusion; policy variables are only ever the same as themselves.
fn covers(wide: &str, narrow: &str, version: Version) -> bool {
    if wide == narrow {
        return true;
    }
    let variables = version == Version::V2012 && (wide.contains("${") || narrow.contains("${"));
    !variables && arn_covers(wide, narrow)
}

/// What a document grants on some resources, prepared for many questions.
pub struct Granted<'d> {
    /// The statements that may apply: the action element, prepared, and which of the resources it covers.
    statements: Vec<(Actions<'d>, Vec<bool>)>,
    resources: usize,
}

enum Actions<'d> {
    Any(ByService<'d>),
    Other(&'d ActionElement),
}

impl<'d> Granted<'d> {
    /// Prepares the statements that apply wherever `frame`'s conditions hold.
    #[must_use]
    pub fn new(document: &'d PolicyDocument, frame: &Statement, resources: &[&str]) -> Granted<'d> {
        let fits = |s: &&Statement| s.effect == Effect::Allow && s.principal == frame.principal && s.conditions.iter().all(|c| frame.conditions.contains(c));
        let prepared = |s: &'d Statement| {
            let Some(ResourceElement::Resource(list)) = &s.resource else { return None };
            let covered: Vec<bool> = resources.iter().map(|r| list.iter().any(|wide| covers(wide, r, document.version))).collect();
            let actions = match &s.action {
                ActionElement::Action(list) => Actions::Any(ByService::of(list.iter())),
                other => Actions::Other(other),
            };
            covered.contains(&true).then_some((actions, covered))
        };
        Granted { statements: document.statements.iter().filter(fits).filter_map(prepared).collect(), resources: resources.len() }
    }

    /// Whether an action pattern is granted on all of the resources.
    #[must_use]
    pub fn all(&self, action: &str) -> bool {
        let granting: Vec<&Vec<bool>> = self
            .statements
            .iter()
            .filter(|(actions, _)| match actions {
                Actions::Any(list) => list.covers(action),
                Actions::Other(element) => inside(element, action),
            })
            .map(|(_, covered)| covered)
            .collect();
        (0..self.resources).all(|at| granting.iter().any(|covered| covered.get(at) == Some(&true)))
    }
}

/// Whether the document grants all of a piece.
#[must_use]
pub fn grants_piece(document: &PolicyDocument, piece: &Piece, names: &[String]) -> bool {
    let Some(resources) = piece.resources() else { return false };
    let granted = Granted::new(document, &piece.frame, &resources.into_iter().collect::<Vec<_>>());
    names.iter().all(|action| granted.all(action))
}

/// Action patterns by the service that they name, for long lists; those with a wildcard in it by themselves.
pub struct ByService<'p> {
    named: BTreeMap<String, Vec<&'p str>>,
    any: Vec<&'p str>,
}

impl<'p> ByService<'p> {
    /// Sorts some patterns.
    #[must_use]
    pub fn of(patterns: impl Iterator<Item = &'p String>) -> ByService<'p> {
        let mut by = ByService { named: BTreeMap::new(), any: Vec::new() };
        for pattern in patterns {
            match pattern.split_once(':') {
                Some((service, _)) if !service.contains(['*', '?']) => by.named.entry(service.to_ascii_lowercase()).or_default().push(pattern),
                _ => by.any.push(pattern),
            }
        }
        by
    }

    /// Whether one of the patterns takes in all that another does.
    #[must_use]
    pub fn covers(&self, narrow: &str) -> bool {
        let service = narrow.split_once(':').map_or("", |(s, _)| s).to_ascii_lowercase();
        let named = self.named.get(&service).map_or(&[][..], Vec::as_slice);
        named.iter().chain(&self.any).any(|wide| match wide.strip_suffix('*') {
            // A beginning: the usual case, without walking both as automata.
            Some(head) if !head.contains(['*', '?']) => narrow.get(..head.len()).is_some_and(|n| n.eq_ignore_ascii_case(head)),
            _ => action_pattern_covers(wide, narrow),
        })
    }
}
