//! A document cut into numbered documents of a size. Every request is one action on one resource, so a statement may
//! be cut by its actions and by its resources; a Deny counts in whichever document it stands.

use crate::policy::{ActionElement, Effect, PolicyDocument, ResourceElement, Statement, Version, print};

use super::sids::make_unique;

/// Splits a document into numbered documents under the limit. Deny statements come first; a statement that is too
/// long alone is cut by its actions, then by its resources. `None` when even one action on one resource does not fit.
#[must_use]
pub fn split(document: &PolicyDocument, limit: usize) -> Option<Vec<PolicyDocument>> {
    let shell = |statements: Vec<Statement>| PolicyDocument { version: document.version, id: None, statements };
    let mut pieces: Vec<Statement> = Vec::new();
    let (denies, allows): (Vec<&Statement>, Vec<&Statement>) = document.statements.iter().partition(|s| s.effect == Effect::Deny);
    for statement in denies.into_iter().chain(allows) {
        pieces_of(statement, limit, document.version, &mut pieces)?;
    }
    // Sizes add up: a statement takes its own characters and a comma. An empty document still has its brackets.
    let empty = print::size(&shell(Vec::new()));
    let mut parts: Vec<(usize, Vec<Statement>)> = Vec::new();
    for piece in pieces {
        let size = print::size_of(document.version, &[&piece]).saturating_sub(empty) + 1;
        match parts.iter_mut().find(|(used, _)| used + size <= limit) {
            Some((used, part)) => {
                *used += size;
                part.push(piece);
            }
            None => parts.push((empty + size, vec![piece])),
        }
    }
    let documents = parts.into_iter().map(|(_, mut statements)| {
        make_unique(&mut statements);
        shell(statements)
    });
    let documents: Vec<PolicyDocument> = documents.collect();
    documents.iter().all(|d| print::size(d) <= limit).then_some(documents)
}

fn pieces_of(statement: &Statement, limit: usize, version: Version, out: &mut Vec<Statement>) -> Option<()> {
    // A few characters stay free: a Sid may need a number to be unique, and the pieces a comma.
    if print::size_of(version, &[statement]) + 8 <= limit {
        out.push(statement.clone());
        return Some(());
    }
    if statement.effect == Effect::Deny {
        if print::size_of(version, &[statement]) < limit {
            out.push(statement.clone());
            return Some(());
        }
        return None;
    }
    let halves: [Statement; 2] = match (&statement.action, &statement.resource) {
        (ActionElement::Action(list), _) if list.len() > 1 => {
            let (a, b) = list.split_at(list.len() / 2);
            [a, b].map(|half| Statement { action: ActionElement::Action(half.to_vec()), ..statement.clone() })
        }
        (_, Some(ResourceElement::Resource(list))) if list.len() > 1 => {
            let (a, b) = list.split_at(list.len() / 2);
            [a, b].map(|half| Statement { resource: Some(ResourceElement::Resource(half.to_vec())), ..statement.clone() })
        }
        _ => return None,
    };
    for half in &halves {
        pieces_of(half, limit, version, out)?;
    }
    Some(())
}
