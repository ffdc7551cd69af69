//! Writes the document that remains: Deny statements and untouched statements word for word, rewritten
//! statements with the same conditions and fewer actions or resources.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::policy::{ActionElement, PolicyDocument, ResourceElement, Statement};

use super::compress::as_written;
use super::units::PolicyUnit;
use super::verdict::{Judged, Plan};
use super::write::Ground;
use super::write::merge::{Reach, merge};
use super::write::piece::Piece;
use super::write::sids::fresh;
use super::{Proposal, Status};

/// What remains of one statement, in parts by the resources that stay.
fn parts(statement: &Statement, plan: &Plan) -> Vec<Piece> {
    let Plan::Rewrite { as_granted, patterns, narrowed } = plan else { return Vec::new() };
    let mut parts = Vec::new();
    if !(as_granted.is_empty() && patterns.is_empty()) {
        parts.push(Piece { frame: Piece::frame_of(statement), ids: as_granted.clone(), patterns: patterns.clone(), resource: statement.resource.clone() });
    }
    for (resources, ids) in narrowed.iter().filter(|(_, ids)| !ids.is_empty()) {
        let resource = Some(ResourceElement::Resource(resources.clone()));
        parts.push(Piece { frame: Piece::frame_of(statement), ids: ids.clone(), patterns: BTreeSet::new(), resource });
    }
    parts
}

/// The document that remains under the plans. With `merging`, parts of one statement become one again where that adds
/// nothing; all of them lie inside that statement.
#[must_use]
pub fn document(current: &PolicyDocument, plans: &[Plan], ground: &Ground<'_>, merging: bool) -> PolicyDocument {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let copied = current.statements.iter().zip(plans).filter(|(_, plan)| **plan == Plan::Copy);
    taken.extend(copied.filter_map(|(s, _)| s.sid.clone()));
    let mut statements = Vec::new();
    for (statement, plan) in current.statements.iter().zip(plans) {
        if *plan == Plan::Copy {
            statements.push(statement.clone());
            continue;
        }
        let parts = parts(statement, plan);
        let parts = if merging { merge(parts, Reach::Service, ground, &|_| true) } else { parts };
        for part in parts {
            let mut actions = as_written(&part.ids, &statement.action, ground.reference);
            actions.extend(part.patterns.iter().cloned());
            statements.push(Statement { sid: fresh(statement.sid.as_deref(), &mut taken), action: in_order(actions, statement), ..part.statement(BTreeSet::new()) });
        }
    }
    PolicyDocument { version: current.version, id: current.id.clone(), statements }
}

/// What the original wrote in its order and spelling, then the rest by name: a reader compares line by line.
fn in_order(actions: BTreeSet<String>, original: &Statement) -> ActionElement {
    let mut list = Vec::new();
    let mut rest: BTreeMap<String, String> = actions.into_iter().map(|a| (a.to_ascii_lowercase(), a)).collect();
    if let ActionElement::Action(written) = &original.action {
        list.extend(written.iter().filter(|one| rest.remove(&one.to_ascii_lowercase()).is_some()).cloned());
    }
    list.extend(rest.into_values());
    ActionElement::Action(list)
}

fn exact<T>(mut list: Vec<T>) -> Vec<T> {
    list.shrink_to_fit();
    list
}

/// A unit's proposal before it is fitted to AWS's limits.
#[must_use]
pub fn rewrite(unit: &PolicyUnit<'_>, current: Arc<PolicyDocument>, judged: Judged, ground: &Ground<'_>) -> Proposal {
    let copied = judged.plans.iter().all(|p| *p == Plan::Copy);
    let written = document(unit.document, &judged.plans, ground, true);
    let unchanged = copied || written.same_as(unit.document);
    // Nothing is left: IAM has no policy without statements, so the proposal is to remove it.
    let nothing_left = written.statements.is_empty();
    let separate = (!unchanged && !nothing_left).then(|| document(unit.document, &judged.plans, ground, false));
    Proposal {
        unpacked: separate.filter(|s| *s != written),
        proposed: if unchanged || nothing_left { Vec::new() } else { vec![written] },
        verdicts: judged.verdicts.into(),
        groups: exact(judged.groups),
        status: if unchanged { Status::Unchanged } else { Status::Proposed },
        members: unit.members.iter().map(|m| m.arn.clone()).collect(),
        ..Proposal::of(unit.name.clone(), current)
    }
}
