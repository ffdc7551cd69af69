//! Writes the document that remains: Deny statements and untouched statements word for word, rewritten
//! statements with the same conditions and fewer actions or resources.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::policy::{ActionElement, PolicyDocument, ResourceElement, Statement};
use crate::reference::Reference;

use super::compress::{as_written, compressed};
use super::units::{Placement, PolicyUnit};
use super::verdict::{Judged, Plan};
use super::{Proposal, Status};

/// How the remaining actions of a statement are spelled.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Spelling {
    /// The original patterns where they are filled, names otherwise: what a reader expects.
    AsWritten,
    /// As few patterns as possible: for size limits.
    Compressed,
}

/// A Sid that no other statement of the document has.
fn fresh_sid(base: Option<&str>, taken: &mut BTreeSet<String>) -> Option<String> {
    let base = base?;
    let mut sid = base.to_owned();
    let mut n = 2;
    while !taken.insert(sid.clone()) {
        sid = format!("{base}{n}");
        n += 1;
    }
    Some(sid)
}

/// The document that remains under the plans.
#[must_use]
pub fn document(current: &PolicyDocument, plans: &[Plan], reference: &Reference, spelling: Spelling) -> PolicyDocument {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let copied = current.statements.iter().zip(plans).filter(|(_, plan)| **plan == Plan::Copy);
    taken.extend(copied.filter_map(|(s, _)| s.sid.clone()));
    let mut statements = Vec::new();
    for (statement, plan) in current.statements.iter().zip(plans) {
        match plan {
            Plan::Copy => statements.push(statement.clone()),
            Plan::Rewrite { as_granted, patterns, narrowed } => {
                let mut push = |actions: BTreeSet<String>, resource: Option<ResourceElement>| {
                    if actions.is_empty() {
                        return;
                    }
                    statements.push(Statement {
                        sid: fresh_sid(statement.sid.as_deref(), &mut taken),
                        action: ActionElement::Action(actions.into_iter().collect()),
                        resource,
                        ..statement.clone()
                    });
                };
                let mut actions = match spelling {
                    Spelling::AsWritten => as_written(as_granted, &statement.action, reference),
                    Spelling::Compressed => compressed(as_granted, &statement.action, reference),
                };
                actions.extend(patterns.iter().cloned());
                push(actions, statement.resource.clone());
                for (resources, ids) in narrowed {
                    let names = ids.iter().map(|id| reference.name(*id).to_owned()).collect();
                    push(names, Some(ResourceElement::Resource(resources.clone())));
                }
            }
        }
    }
    PolicyDocument { version: current.version, id: current.id.clone(), statements }
}

/// A unit's proposal before it is fitted to AWS's limits.
#[must_use]
pub fn rewrite(unit: &PolicyUnit<'_>, current: Arc<PolicyDocument>, judged: Judged, reference: &Reference) -> Proposal {
    let unchanged = judged.plans.iter().all(|p| *p == Plan::Copy);
    let spelling = if unit.name.placement == Placement::AwsManaged { Spelling::Compressed } else { Spelling::AsWritten };
    let as_written = document(unit.document, &judged.plans, reference, spelling);
    // Nothing is left: IAM has no policy without statements, so the proposal is to remove it.
    let nothing_left = as_written.statements.is_empty();
    Proposal {
        unit: unit.name.clone(),
        current: Some(current),
        proposed: if unchanged || nothing_left { Vec::new() } else { vec![as_written] },
        compressed: (!unchanged && !nothing_left).then(|| document(unit.document, &judged.plans, reference, Spelling::Compressed)),
        verdicts: judged.verdicts,
        groups: judged.groups,
        status: if unchanged { Status::Unchanged } else { Status::Proposed },
        limit: 0,
        members: unit.members.iter().map(|m| m.arn.clone()).collect(),
        detached: Vec::new(),
        replaces: Vec::new(),
    }
}
