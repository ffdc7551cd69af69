//! Puts the two proofs to the proposals: builds each principal's policies before and after, replays its calls,
//! checks containment, and turns a proposal that fails into a defect that is not written.

use std::collections::BTreeMap;

use super::holders::{Calls, as_held, policies, request_principal};
use crate::evaluate::{Compiler, NamedPolicy, PrincipalType, RequestPrincipal};
use crate::grants::{Grants, Held, OwnerKind, PolicySource, Principal};
use crate::policy::{ActionElement, Effect, PolicyDocument, ResourceElement, Statement};
use crate::prove::{Containment, ReplayCounts, State, contained, replay};
use crate::reduce::{Placement, Proposal, Status};
use crate::usage::{Usage, UsageRow};

/// What the proofs gave.
#[derive(Default)]
pub struct Proofs {
    /// Replay of all principals.
    pub replay: ReplayCounts,
    /// Replay by principal ARN.
    pub by_principal: BTreeMap<String, ReplayCounts>,
    /// Containment by place of the proposal.
    pub containment: Vec<Option<Containment>>,
}

/// What identifies the document that a proposal replaces, seen from a holder.
fn replaced_by(proposal: &Proposal) -> PolicySource {
    let unit = &proposal.unit;
    match (&unit.policy_arn, unit.placement) {
        (Some(arn), Placement::AwsManaged) => PolicySource::Managed { arn: arn.clone(), holder_arn: unit.owner_arn.clone() },
        (Some(arn), _) => PolicySource::Managed { arn: arn.clone(), holder_arn: String::new() },
        (None, _) => PolicySource::Inline { owner_arn: unit.owner_arn.clone(), name: unit.policy_name.clone() },
    }
}

/// The held policies with every proposed document in the place of its original.
fn after<'a>(held: &Held<'a>, proposed: &BTreeMap<PolicySource, &'a Proposal>) -> Vec<NamedPolicy<'a>> {
    let mut out = Vec::new();
    for policy in &held.identity {
        let anywhere = match &policy.source {
            PolicySource::Managed { arn, .. } => Some(PolicySource::Managed { arn: arn.clone(), holder_arn: String::new() }),
            PolicySource::Inline { .. } => None,
        };
        let found = proposed.get(&policy.source).or_else(|| anywhere.and_then(|a| proposed.get(&a)));
        match found {
            Some(p) => out.extend(p.proposed.iter().map(|document| NamedPolicy { name: policy.name, document })),
            None => out.push(NamedPolicy { name: policy.name, document: policy.document }),
        }
    }
    out
}

/// Proves proposals made from grants.
pub fn of_grants(proposals: &mut [Proposal], grants: &Grants, usage: &Usage) -> Proofs {
    let mut proofs = Proofs { containment: vec![None; proposals.len()], ..Proofs::default() };
    for (at, proposal) in proposals.iter_mut().enumerate() {
        let (Status::Proposed, Some(current)) = (&proposal.status, &proposal.current) else { continue };
        let answer = contained(&proposal.proposed.iter().collect::<Vec<_>>(), &[current]);
        if let Some(why) = answer.why_not() {
            proposal.status = Status::Defect(format!("containment is not proved: {why}"));
        }
        if let Some(slot) = proofs.containment.get_mut(at) {
            *slot = Some(answer);
        }
    }
    let mut compiler = Compiler::default();
    let calls = Calls::new(&usage.rows);
    let people: Vec<(&Principal, Vec<&UsageRow>)> = grants
        .principals()
        .filter(|p| p.kind != OwnerKind::Group)
        .map(|p| (p, calls.of(p)))
        .filter(|(_, rows)| !rows.is_empty())
        .collect();
    // A proposal that denies a call is taken back; the rest is replayed again without it.
    loop {
        let proposed: BTreeMap<PolicySource, &Proposal> =
            proposals.iter().filter(|p| p.status == Status::Proposed).map(|p| (replaced_by(p), p)).collect();
        proofs.replay = ReplayCounts::default();
        let mut defects: BTreeMap<String, String> = BTreeMap::new();
        for (person, rows) in &people {
            let held = grants.held_by(person);
            let state = State {
                principal: request_principal(person),
                old: policies(&mut compiler, as_held(&held), held.boundary),
                new: policies(&mut compiler, after(&held, &proposed), held.boundary),
            };
            let (counts, denied) = replay(&state, rows);
            proofs.replay.add(counts);
            proofs.by_principal.insert(person.arn.clone(), counts);
            if let Some(first) = denied.first() {
                defects.insert(person.arn.clone(), format!("replay: {} on {} would be denied to {}", first.action, first.resource, person.arn));
            }
        }
        if defects.is_empty() {
            return proofs;
        }
        for proposal in proposals.iter_mut().filter(|p| p.status == Status::Proposed) {
            if let Some(why) = proposal.members.iter().find_map(|m| defects.get(m)) {
                proposal.status = Status::Defect(why.clone());
            }
        }
    }
}

/// Proves policies made from use alone: each must allow every call that it was made from.
pub fn of_use(proposals: &mut [Proposal], usage: &Usage) -> Proofs {
    let everything = PolicyDocument::new(vec![Statement {
        sid: None,
        effect: Effect::Allow,
        principal: None,
        action: ActionElement::Action(vec!["*".to_owned()]),
        resource: Some(ResourceElement::Resource(vec!["*".to_owned()])),
        conditions: Vec::new(),
    }]);
    let mut proofs = Proofs { containment: vec![None; proposals.len()], ..Proofs::default() };
    let mut compiler = Compiler::default();
    let calls = Calls::new(&usage.rows);
    for proposal in proposals.iter_mut().filter(|p| p.status == Status::Proposed) {
        let arn = proposal.unit.owner_arn.clone();
        let rows = calls.of_arn(&arn);
        let is_role = proposal.unit.owner_kind == OwnerKind::Role;
        let state = State {
            principal: RequestPrincipal {
                arn: (!is_role).then(|| arn.clone()),
                role_arn: is_role.then(|| arn.clone()),
                ..RequestPrincipal::of_kind(if is_role { PrincipalType::AssumedRole } else { PrincipalType::IAMUser })
            },
            old: policies(&mut compiler, vec![NamedPolicy { name: "everything", document: &everything }], None),
            new: policies(
                &mut compiler,
                proposal.proposed.iter().map(|document| NamedPolicy { name: "proposed", document }).collect(),
                None,
            ),
        };
        let (counts, denied) = replay(&state, rows);
        proofs.replay.add(counts);
        proofs.by_principal.insert(arn, counts);
        if let Some(first) = denied.first() {
            proposal.status = Status::Defect(format!("replay: {} on {} would be denied", first.action, first.resource));
        }
    }
    proofs
}
