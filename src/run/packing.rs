//! Proves that a policy says the same after its statements were merged and it was made to fit: everything that the
//! packed documents allow, the unpacked one allows, and the other way round.
//!
//! Two things are taken off before: an action on a resource of none of its types, which no request can ask for, and
//! the resources that a recorded step took in on purpose, within the budget. What is known of actions is what the
//! reference knows: a wildcard also takes in what AWS adds later, which only the proof against the granted policy bounds.
//! A policy that cannot be shown to say the same goes back to what it was, if that fits; else it is a defect.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use crate::aws::arn_covers;
use crate::policy::{ActionElement, Effect, PolicyDocument, ResourceElement, Statement, print};
use crate::prove::contained;
use crate::reduce::write::{StepKind, Types};
use crate::reduce::{Placement, Proposal, Status};
use crate::reference::{ActionId, Reference};

/// Checks every proposal that was packed and is not settled yet.
pub fn check(proposals: &mut [Proposal], types: &Types, reference: &Reference) {
    let mut totals: BTreeMap<String, usize> = BTreeMap::new();
    for p in proposals.iter().filter(|p| p.unit.placement == Placement::Inline) {
        *totals.entry(p.unit.owner_arn.clone()).or_default() += p.takes();
    }
    proposals.par_iter_mut().filter(|p| p.unpacked.is_some()).for_each(|p| {
        let others = totals.get(&p.unit.owner_arn).map_or(0, |all| all.saturating_sub(p.takes()));
        settle(p, if p.unit.placement == Placement::Inline { others } else { 0 }, types, reference);
    });
}

/// Checks one proposal, beside whose documents others take some characters of its limit. What it was before is let go.
pub fn settle(p: &mut Proposal, others: usize, types: &Types, reference: &Reference) {
    let Some(unpacked) = p.unpacked.take() else { return };
    if p.status != Status::Proposed {
        return;
    }
    let Err(why) = same(&unpacked, p, types, reference) else { return };
    if others + print::size(&unpacked) <= p.limit {
        p.proposed = vec![unpacked];
        p.packing.clear();
    } else {
        p.status = Status::Defect(format!("the packed policy is not shown to say the same: {why}"));
    }
}

fn same(unpacked: &PolicyDocument, p: &Proposal, types: &Types, reference: &Reference) -> Result<(), String> {
    let widened = widened(unpacked, p);
    let packed: Vec<&PolicyDocument> = p.proposed.iter().collect();
    let new: Vec<PolicyDocument> = packed.iter().map(|d| possible(&rest(d, &[&widened], reference), types, reference)).collect();
    if let Some(why) = contained(&new.iter().collect::<Vec<_>>(), &[&widened]).why_not() {
        return Err(format!("it allows more: {why}"));
    }
    let old = possible(&rest(unpacked, &packed, reference), types, reference);
    contained(&[&old], &packed).why_not().map_or(Ok(()), |why| Err(format!("it allows less: {why}")))
}

/// The unpacked document with the patterns that steps put in the place of others, recorded as such.
fn widened(unpacked: &PolicyDocument, p: &Proposal) -> PolicyDocument {
    let mut out = unpacked.clone();
    for step in p.packing.iter().filter(|s| s.kind == StepKind::Resources) {
        let Some(pattern) = &step.pattern else { continue };
        for statement in out.statements.iter_mut().filter(|s| s.effect == Effect::Allow) {
            if let Some(ResourceElement::Resource(list)) = &mut statement.resource
                && list.iter().any(|r| step.in_place_of.contains(r))
            {
                list.push(pattern.clone());
            }
        }
    }
    out
}

/// The resource patterns of a statement.
fn resources(statement: &Statement) -> Option<&[String]> {
    match &statement.resource {
        Some(ResourceElement::Resource(list)) => Some(list),
        _ => None,
    }
}

/// What of a document's Allow statements is left to prove: names of actions that a statement of `old` grants on all of
/// the same resources under the same conditions are done.
fn rest(document: &PolicyDocument, old: &[&PolicyDocument], reference: &Reference) -> PolicyDocument {
    let granting: Vec<(&Statement, BTreeSet<ActionId>)> = old
        .iter()
        .flat_map(|d| &d.statements)
        .filter(|s| s.effect == Effect::Allow)
        .filter_map(|s| match &s.action {
            ActionElement::Action(list) => Some((s, list.iter().flat_map(|a| reference.expand(a)).collect())),
            ActionElement::NotAction(_) => None,
        })
        .collect();
    let mut out = document.clone();
    for statement in out.statements.iter_mut().filter(|s| s.effect == Effect::Allow) {
        let (Some(own), ActionElement::Action(actions)) = (resources(statement), &statement.action) else { continue };
        let mut ids: BTreeSet<ActionId> = BTreeSet::new();
        let mut unknown: Vec<String> = Vec::new();
        for action in actions {
            match reference.expand(action) {
                found if found.is_empty() => unknown.push(action.clone()),
                found => ids.extend(found),
            }
        }
        for (by, granted) in &granting {
            let same_frame = by.conditions == statement.conditions && by.principal == statement.principal;
            let covers = |r: &String| resources(by).is_some_and(|list| list.iter().any(|w| w == r || (!r.contains("${") && !w.contains("${") && arn_covers(w, r))));
            if same_frame && own.iter().all(covers) {
                ids.retain(|id| !granted.contains(id));
            }
        }
        let left = ids.into_iter().map(|id| reference.name(id).to_owned()).chain(unknown);
        statement.action = ActionElement::Action(left.collect());
    }
    out.statements.retain(|s| s.effect == Effect::Deny || !matches!(&s.action, ActionElement::Action(list) if list.is_empty()));
    out
}

/// The document without actions on resources that no request of theirs can be about, one statement for each action.
fn possible(document: &PolicyDocument, types: &Types, reference: &Reference) -> PolicyDocument {
    let mut statements = Vec::new();
    for statement in &document.statements {
        let (Effect::Allow, Some(own), ActionElement::Action(actions)) = (statement.effect, resources(statement), &statement.action) else {
            statements.push(statement.clone());
            continue;
        };
        for action in actions {
            let may = |r: &&String| reference.find(action).is_none_or(|id| r.contains("${") || types.may_match(id, r, reference));
            let left: Vec<String> = own.iter().filter(may).cloned().collect();
            if !left.is_empty() {
                let action = ActionElement::Action(vec![action.clone()]);
                statements.push(Statement { action, resource: Some(ResourceElement::Resource(left)), ..statement.clone() });
            }
        }
    }
    PolicyDocument { version: document.version, id: None, statements }
}
