//! Puts the two proofs to the proposals: containment of each document, the replay of everybody's calls; and turns a proposal that
//! fails into a defect that is not written.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::holders::{Calls, policies};
use super::replays::{Replayed, Replays, Tally, standing};
use crate::evaluate::{Compiler, NamedPolicy, PrincipalType, RequestPrincipal, decide};
use crate::grants::{Grants, OwnerKind};
use crate::prove::replay::with_request;
use crate::prove::{Change, Containment, ReplayCounts, contained, fate};
use crate::policy::PolicyDocument;
use crate::reduce::{Placement, Proposal, Status};
use crate::usage::{Outcome, Usage};

/// What the proofs gave.
#[derive(Default)]
pub struct Proofs {
    /// Replay of all principals.
    pub replay: ReplayCounts,
    /// Replay by principal ARN.
    pub by_principal: BTreeMap<String, ReplayCounts>,
    /// The replays themselves, by principal ARN.
    pub replayed: BTreeMap<String, Replayed>,
    /// Open requests of all principals, by what would settle them.
    pub open: BTreeMap<String, Tally>,
    /// Replay of those who took up a role whose trust policy changes, by the role's ARN.
    pub trusts: BTreeMap<String, ReplayCounts>,
    /// Containment by place of the proposal.
    pub containment: Vec<Option<Containment>>,
}

/// Proves that each proposal lies inside its original.
fn contain(proposals: &mut [Proposal]) -> Vec<Option<Containment>> {
    proposals
        .par_iter_mut()
        .map(|proposal| {
            let (Status::Proposed, Some(current)) = (&proposal.status, &proposal.current) else { return None };
            let old: Vec<&PolicyDocument> = std::iter::once(current).chain(proposal.detached.iter().map(|(_, document)| document)).map(|d| &**d).collect();
            let answer = contained(&proposal.proposed.iter().collect::<Vec<_>>(), &old);
            match &answer {
                Containment::Proved => {}
                Containment::NotProved(why) => proposal.status = Status::Defect(format!("containment is not proved: {why}")),
                Containment::Refuted(w) => proposal.status = Status::Defect(format!("containment is refuted: it would allow {} on {}", w.action, w.resource)),
            }
            Some(answer)
        })
        .collect()
}

/// Proves proposals made from grants.
pub fn of_grants(proposals: &mut [Proposal], grants: &Grants, usage: &Usage) -> Proofs {
    let mut proofs = Proofs { containment: contain(proposals), ..Proofs::default() };
    let replays = Replays::new(grants, usage);
    proofs.replayed = replays.run(&standing(proposals), None);
    // A proposal that denies a call is taken back; those it bears on are replayed again without it.
    loop {
        let defects: BTreeMap<&String, String> = proofs
            .replayed
            .iter()
            .filter_map(|(arn, r)| r.newly_denied.first().map(|first| (arn, format!("replay: {} on {} would be denied to {arn}", first.action, first.resource))))
            .collect();
        let mut again: BTreeSet<String> = BTreeSet::new();
        for proposal in proposals.iter_mut().filter(|p| p.status == Status::Proposed && p.unit.placement != Placement::Trust) {
            if let Some(why) = proposal.members.iter().find_map(|m| defects.get(m)) {
                proposal.status = Status::Defect(why.clone());
                again.extend(proposal.members.iter().cloned());
            }
        }
        if again.is_empty() {
            break;
        }
        let fresh = replays.run(&standing(proposals), Some(&again));
        proofs.replayed.extend(fresh);
    }
    for (arn, replayed) in &proofs.replayed {
        proofs.replay.add(replayed.counts);
        proofs.by_principal.insert(arn.clone(), replayed.counts);
        for (why, tally) in &replayed.open {
            proofs.open.entry(why.clone()).or_default().add(*tally);
        }
    }
    proofs
}

/// Proves policies made from use alone: each must allow every call that it was made from.
pub fn of_use(proposals: &mut [Proposal], usage: &Usage) -> Proofs {
    let mut proofs = Proofs { containment: vec![None; proposals.len()], ..Proofs::default() };
    let mut compiler = Compiler::default();
    let calls = Calls::new(&usage.rows);
    for proposal in proposals.iter_mut().filter(|p| p.status == Status::Proposed) {
        let arn = proposal.unit.owner_arn.clone();
        let is_role = proposal.unit.owner_kind == OwnerKind::Role;
        let caller = RequestPrincipal {
            arn: (!is_role).then(|| arn.clone()),
            role_arn: is_role.then(|| arn.clone()),
            ..RequestPrincipal::of_kind(if is_role { PrincipalType::AssumedRole } else { PrincipalType::IAMUser })
        };
        let named = proposal.proposed.iter().map(|document| NamedPolicy { name: "proposed", document }).collect();
        let new = policies(&mut compiler, named, None);
        let mut counts = ReplayCounts::default();
        for row in calls.of_arn(&arn).iter().filter(|r| r.outcome == Outcome::Allowed) {
            // Whatever it was, something allowed the call.
            let own = Change { old: crate::evaluate::Decision::Allowed, new: with_request(&caller, row, |request| decide(request, &new)) };
            counts.count(fate(own, own), row.calls);
            if own.is_loss() && proposal.status == Status::Proposed {
                proposal.status = Status::Defect(format!("replay: {} on {} would be denied", row.action, row.resource_arn));
            }
        }
        proofs.replay.add(counts);
        proofs.by_principal.insert(arn, counts);
    }
    proofs
}
