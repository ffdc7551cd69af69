//! AWS's size limits: a managed policy, the total of an owner's inline policies. What does not fit is first
//! spelled shorter, then (managed policies) split into numbered policies, then withheld with the reason.
//! Limits and their source: reference-data.md section 5.

use std::collections::BTreeMap;

use crate::grants::OwnerKind;
use crate::policy::{ActionElement, Effect, PolicyDocument, Statement, print};

use super::units::Placement;
use super::{Proposal, Status};

/// Characters of one managed policy.
pub const MANAGED_LIMIT: usize = 6144;
/// How many numbered policies a split may make: as many as a principal can have attached by default.
pub const SPLIT_LIMIT: usize = 10;

/// Characters of all inline policies of one owner together.
#[must_use]
pub fn inline_limit(kind: OwnerKind) -> usize {
    match kind {
        OwnerKind::User => 2048,
        OwnerKind::Group => 5120,
        OwnerKind::Role | OwnerKind::Policy | OwnerKind::PermissionSet => 10_240,
    }
}

fn sizes(documents: &[PolicyDocument]) -> usize {
    documents.iter().map(print::size).sum()
}

/// Fits the inline policies of each owner to the owner's total.
pub fn fit_inline_owners(proposals: &mut [Proposal]) {
    let mut owners: BTreeMap<(String, OwnerKind), Vec<usize>> = BTreeMap::new();
    for (at, p) in proposals.iter().enumerate().filter(|(_, p)| matches!(p.unit.placement, Placement::Inline | Placement::PermissionSet)) {
        owners.entry((p.unit.owner_arn.clone(), p.unit.owner_kind)).or_default().push(at);
    }
    for ((_, kind), members) in owners {
        let limit = inline_limit(kind);
        let total = |proposals: &[Proposal]| -> usize {
            members
                .iter()
                .filter_map(|at| proposals.get(*at))
                .map(|p| match (&p.status, &p.current) {
                    (Status::Proposed, _) => sizes(&p.proposed),
                    (_, Some(current)) => print::size(current),
                    _ => 0,
                })
                .sum()
        };
        if total(proposals) > limit {
            for at in &members {
                if let Some(p) = proposals.get_mut(*at) {
                    p.use_compressed();
                }
            }
        }
        let after = total(proposals);
        for at in &members {
            if let Some(p) = proposals.get_mut(*at) {
                p.limit = limit;
                if after > limit && p.status == Status::Proposed {
                    p.status = Status::Withheld(format!("does not fit: the owner's inline policies would take {after} of {limit} characters"));
                }
            }
        }
    }
}

/// Fits managed policies and replacements of AWS managed policies.
pub fn fit_managed(proposals: &mut [Proposal]) {
    for p in proposals.iter_mut().filter(|p| matches!(p.unit.placement, Placement::CustomerManaged | Placement::AwsManaged | Placement::FromUsage)) {
        p.limit = MANAGED_LIMIT;
        if p.status != Status::Proposed || sizes(&p.proposed) <= MANAGED_LIMIT {
            continue;
        }
        p.use_compressed();
        if sizes(&p.proposed) <= MANAGED_LIMIT {
            continue;
        }
        let Some(whole) = p.proposed.first() else { continue };
        match split(whole, MANAGED_LIMIT) {
            Some(parts) if parts.len() <= SPLIT_LIMIT => p.proposed = parts,
            Some(parts) => {
                p.status = Status::Withheld(format!(
                    "does not fit: {} policies of {MANAGED_LIMIT} characters would be needed, {SPLIT_LIMIT} can be attached",
                    parts.len()
                ));
            }
            None => {
                p.status = Status::Withheld(format!("does not fit: one statement alone passes {MANAGED_LIMIT} characters"));
            }
        }
    }
}

/// Splits a document into numbered documents under the limit. Deny statements come first, so that they stand
/// in the first documents; a statement that is too long alone is split by its actions, then by its resources.
/// `None` when even one action on one resource does not fit.
#[must_use]
pub fn split(document: &PolicyDocument, limit: usize) -> Option<Vec<PolicyDocument>> {
    let shell = |statements: Vec<Statement>| PolicyDocument { version: document.version, id: None, statements };
    let mut pieces: Vec<Statement> = Vec::new();
    let (denies, allows): (Vec<&Statement>, Vec<&Statement>) =
        document.statements.iter().partition(|s| s.effect == Effect::Deny);
    for statement in denies.into_iter().chain(allows) {
        pieces.extend(pieces_of(statement, limit, &shell)?);
    }
    let mut parts: Vec<Vec<Statement>> = Vec::new();
    for piece in pieces {
        match parts.last_mut() {
            Some(part) => {
                part.push(piece.clone());
                if print::size(&shell(part.clone())) > limit {
                    part.pop();
                    parts.push(vec![piece]);
                }
            }
            None => parts.push(vec![piece]),
        }
    }
    Some(parts.into_iter().map(shell).collect())
}

fn pieces_of(statement: &Statement, limit: usize, shell: &impl Fn(Vec<Statement>) -> PolicyDocument) -> Option<Vec<Statement>> {
    if print::size(&shell(vec![statement.clone()])) <= limit {
        return Some(vec![statement.clone()]);
    }
    if statement.effect == Effect::Deny {
        return None;
    }
    let halves: Vec<Statement> = match (&statement.action, &statement.resource) {
        (ActionElement::Action(list), _) if list.len() > 1 => {
            let (a, b) = list.split_at(list.len() / 2);
            [a, b].map(|half| Statement { action: ActionElement::Action(half.to_vec()), ..statement.clone() }).into()
        }
        (_, Some(crate::policy::ResourceElement::Resource(list))) if list.len() > 1 => {
            let (a, b) = list.split_at(list.len() / 2);
            let resource = |half: &[String]| Some(crate::policy::ResourceElement::Resource(half.to_vec()));
            [a, b].map(|half| Statement { resource: resource(half), ..statement.clone() }).into()
        }
        _ => return None,
    };
    let mut out = Vec::new();
    for (n, half) in halves.into_iter().enumerate() {
        let sid = half.sid.as_ref().map(|s| if n == 0 { s.clone() } else { format!("{s}b") });
        out.extend(pieces_of(&Statement { sid, ..half }, limit, shell)?);
    }
    Some(out)
}
