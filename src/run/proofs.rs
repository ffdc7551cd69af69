//! Puts the two proofs to the proposals: checks containment, replays the calls of everybody under all proposals together
//! (`replay`), and turns a proposal that fails into a defect that is not written.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::holders::{policies};
use super::layers::Layers;
use super::replaced::Proposed;
use super::replay::{Contexts, Replayed, Unknowns, add_unknowns, of_person, people, to};
use crate::evaluate::{Compiler, NamedPolicy, PreparedRequest, PrincipalType, Request, RequestPrincipal};
use crate::grants::OwnerKind;
use crate::policy::{Effect, PolicyDocument};
use crate::prove::{Containment, NewlyDenied, ReplayCounts, contained, judge};
use crate::reduce::{Proposal, Status};
use crate::usage::{Calls, Outcome, Usage, UsageRow};

/// What the proofs gave.
#[derive(Default)]
pub struct Proofs<'u> {
    /// Replay of all principals.
    pub replay: ReplayCounts,
    /// Replay by principal ARN.
    pub by_principal: BTreeMap<String, ReplayCounts>,
    /// Replay of calls in sessions with session policies that the log tells, these in place.
    pub in_sessions: ReplayCounts,
    /// Calls in sessions whose policies the log does not tell.
    pub sessions_not_told: i64,
    /// Requests that are not decided, in groups.
    pub unknown: Unknowns<'u>,
    /// Requests that no policy at hand explains, by principal ARN.
    pub unexplained: BTreeMap<String, Vec<&'u UsageRow>>,
    /// What proposals would have denied that were taken back for it.
    pub taken_back_for: Vec<NewlyDenied>,
    /// Replay of those who took up a role whose trust policy changes, by the role's ARN.
    pub trusts: BTreeMap<String, ReplayCounts>,
    /// Containment by place of the proposal.
    pub containment: Vec<Option<Containment>>,
}

impl<'u> Proofs<'u> {
    fn add(&mut self, principal_arn: &str, replayed: Replayed<'u>) {
        self.replay.add(replayed.counts);
        self.in_sessions.add(replayed.in_sessions);
        self.sessions_not_told += replayed.sessions_not_told;
        add_unknowns(&mut self.unknown, &replayed.unknown);
        if !replayed.unexplained.is_empty() {
            self.unexplained.insert(principal_arn.to_owned(), replayed.unexplained);
        }
        self.by_principal.insert(principal_arn.to_owned(), replayed.counts);
    }
}

/// Checks that every proposal allows nothing that its original does not.
fn contain(proposals: &mut [Proposal]) -> Vec<Option<Containment>> {
    let of_one = |proposal: &mut Proposal| {
        let (Status::Proposed, Some(current)) = (&proposal.status, &proposal.current) else { return None };
        let old: Vec<&PolicyDocument> = std::iter::once(current).chain(proposal.detached.iter().map(|(_, document)| document)).map(|d| &**d).collect();
        let answer = contained(&proposal.proposed.iter().collect::<Vec<_>>(), &old);
        if let Some(why) = answer.why_not() {
            proposal.status = Status::Defect(format!("containment is {why}"));
        }
        Some(answer)
    };
    proposals.par_iter_mut().map(of_one).collect()
}

/// Whether a document's Allow statements name an action.
fn names(document: &PolicyDocument, action: &str) -> bool {
    document.statements.iter().any(|s| s.effect == Effect::Allow && s.action.contains(action))
}

/// The proposals, of those that touch a caller, that can have lost it an action: what they replace granted it. All of them,
/// should none have.
fn to_blame(touched: &[usize], proposals: &[Proposal], action: &str) -> Vec<usize> {
    let granted = |at: &usize| proposals.get(*at).is_some_and(|p| p.current.iter().chain(p.detached.iter().map(|(_, d)| d)).any(|d| names(d, action)));
    let found: Vec<usize> = touched.iter().copied().filter(granted).collect();
    if found.is_empty() { touched.to_vec() } else { found }
}

/// Proves proposals made from grants. A proposal that denies a call is taken back, and whom it touched is replayed again
/// without it.
pub fn of_grants<'u>(proposals: &mut [Proposal], layers: &Layers<'_>, usage: &'u Usage) -> Proofs<'u> {
    let mut proofs = Proofs { containment: contain(proposals), ..Proofs::default() };
    let people = people(layers.grants(), usage);
    let mut results: Vec<Replayed<'u>> = people.iter().map(|_| Replayed::default()).collect();
    let mut open: Vec<usize> = (0..people.len()).collect();
    while !open.is_empty() {
        let proposed = Proposed::new(proposals);
        let fresh: Vec<(usize, Replayed<'u>)> = open
            .par_iter()
            .filter_map(|at| people.get(*at).map(|person| (*at, person)))
            .map_init(Compiler::default, |compiler, (at, person)| (at, of_person(person, layers, &proposed, compiler)))
            .collect();
        let mut defects: BTreeMap<usize, String> = BTreeMap::new();
        for (at, replayed) in fresh {
            for lost in &replayed.newly_denied {
                let why = format!("replay: {} on {} would be denied to {}", lost.action, lost.resource, lost.principal_arn);
                for proposal in to_blame(&replayed.touched, proposals, &lost.action) {
                    defects.entry(proposal).or_insert_with(|| why.clone());
                }
            }
            proofs.taken_back_for.extend(replayed.newly_denied.iter().cloned());
            if let Some(slot) = results.get_mut(at) {
                *slot = replayed;
            }
        }
        for (at, why) in &defects {
            if let Some(proposal) = proposals.get_mut(*at) {
                proposal.status = Status::Defect(why.clone());
            }
        }
        let is_touched = |replayed: &Replayed<'_>| replayed.touched.iter().any(|p| defects.contains_key(p));
        open = results.iter().enumerate().filter(|(_, r)| is_touched(r)).map(|(at, _)| at).collect();
    }
    for (person, replayed) in people.iter().zip(results) {
        proofs.add(&person.principal.arn, replayed);
    }
    // A call in a session stands among the others too, and may be lost in both.
    proofs.taken_back_for = std::mem::take(&mut proofs.taken_back_for).into_iter().collect::<BTreeSet<_>>().into_iter().collect();
    proofs
}

/// Proves policies made from use alone: each must allow every call that it was made from.
pub fn of_use<'u>(proposals: &mut [Proposal], usage: &'u Usage) -> Proofs<'u> {
    let everything = PolicyDocument::allowing_everything();
    let mut proofs = Proofs { containment: vec![None; proposals.len()], ..Proofs::default() };
    let calls = Calls::new(&usage.rows);
    let replayed: Vec<Option<Replayed<'u>>> = proposals
        .par_iter()
        .map_init(Compiler::default, |compiler, proposal| (proposal.status == Status::Proposed).then(|| of_proposal(proposal, &everything, &calls, compiler)))
        .collect();
    for (proposal, replayed) in proposals.iter_mut().zip(replayed) {
        let Some(replayed) = replayed else { continue };
        if let Some(first) = replayed.newly_denied.first() {
            proposal.status = Status::Defect(format!("replay: {} on {} would be denied", first.action, first.resource));
        }
        proofs.taken_back_for.extend(replayed.newly_denied.iter().cloned());
        proofs.add(&proposal.unit.owner_arn, replayed);
    }
    proofs.taken_back_for.sort();
    proofs
}

/// Replays the calls that a policy was made from: before it, everything was allowed.
fn of_proposal<'u>(proposal: &Proposal, everything: &PolicyDocument, calls: &Calls<'u, UsageRow>, compiler: &mut Compiler<'_>) -> Replayed<'u> {
    let arn = &proposal.unit.owner_arn;
    let is_role = proposal.unit.owner_kind == OwnerKind::Role;
    let principal = RequestPrincipal {
        arn: (!is_role).then(|| arn.clone()),
        role_arn: is_role.then(|| arn.clone()),
        ..RequestPrincipal::of_kind(if is_role { PrincipalType::AssumedRole } else { PrincipalType::IAMUser })
    };
    let old = policies(compiler, vec![NamedPolicy { name: "everything", document: everything }], None);
    let change = to(compiler, proposal.proposed.iter().map(|document| NamedPolicy { name: "proposed", document }).collect());
    let mut out = Replayed::default();
    let mut contexts = Contexts::default();
    for row in calls.of_arn(arn).iter().filter(|r| r.outcome == Outcome::Allowed) {
        // A resource of another account needs that account's consent as well, which the call had.
        let request = PreparedRequest::new(Request {
            principal: &principal,
            action: &row.action,
            resource: &row.resource_arn,
            resource_is_pattern: row.is_pattern(),
            resource_account: principal.account(),
            context: contexts.of(&row.context_class, row.region.as_deref()),
        });
        let judgement = judge(&request, &old, &[], &change);
        out.take(arn, row, judgement);
    }
    out
}
