//! Proposals are broken on purpose: one needed action is taken out of each of two hundred, and the replay and the comparison of
//! documents must both find it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::replays::{Replays, standing};
use super::{RunOptions, Window, proofs, roll_up, take_in};
use crate::evaluate::{Decision, NamedPolicy, Policies, oracle};
use crate::grants;
use crate::ingest::Ledger;
use crate::policy::{ActionElement, Effect, PolicyDocument};
use crate::prove::replay::with_request;
use crate::prove::{Containment, allows_no_more};
use crate::reduce::{Covered, Proposal, ReduceSettings, Status, reduce};
use crate::reference::Reference;
use crate::usage::{Outcome, UsageRow};

/// 2026-11-01T00:00:00Z, the time that the sample is judged from.
const NOW_MS: i64 = 1_793_491_200_000;

/// The documents without one action: a name goes, a wildcard becomes all the other names that it stands for.
fn without(documents: &[PolicyDocument], action: &str, reference: &Reference) -> Vec<PolicyDocument> {
    let mut out = documents.to_vec();
    for document in &mut out {
        for statement in document.statements.iter_mut().filter(|s| s.effect == Effect::Allow && s.action.contains(action)) {
            let ActionElement::Action(patterns) = &statement.action else { panic!("no NotAction is written") };
            let names = |p: &String| -> Vec<String> { reference.expand(p).into_iter().map(|id| reference.name(id).to_owned()).collect() };
            let rest = patterns.iter().flat_map(|p| if ActionElement::Action(vec![p.clone()]).contains(action) { names(p) } else { vec![p.clone()] });
            statement.action = ActionElement::Action(rest.filter(|p| !p.eq_ignore_ascii_case(action)).collect());
        }
        document.statements.retain(|s| !matches!(&s.action, ActionElement::Action(list) if list.is_empty()));
    }
    out
}

/// A generator of numbers, the same every time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }
}

#[test]
fn two_hundred_broken_proposals_are_found() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("testdata/organisation");
    let dir = tempfile::tempdir().unwrap();
    let options = RunOptions {
        logs: vec![root.join("logs")],
        grants: vec![root.join("grants")],
        state: dir.path().join("state"),
        out: dir.path().join("out"),
        window_days: 90,
        now_ms: NOW_MS,
        config: None,
        from_usage: false,
        quiet: true,
        iac_map: None,
        timings: false,
    };
    take_in(&options).unwrap();
    let window = Window::of_days(90, NOW_MS);
    let mut usage = roll_up(&options.state, &Ledger::open(&options.state).unwrap(), window).unwrap();
    let grants = grants::load(&options.grants).unwrap();
    super::paths::add(&mut usage, &grants);
    let reference = Reference::bundled().unwrap();
    let settings = ReduceSettings::default();
    let covered = Covered::new(&usage.coverage, &grants.trails, reference, &settings, window);
    let (mut proposals, _) = reduce(&grants, &usage, &covered, reference, window, &settings);
    proofs::of_grants(&mut proposals, &grants, &usage);
    let replays = Replays::new(&grants, &usage);
    let people: BTreeMap<&str, _> = grants.principals().map(|p| (p.arn.as_str(), p)).collect();

    // A proposal, one of its people, and a call that this person made.
    let mut picks: Vec<(usize, &str, &UsageRow)> = Vec::new();
    for (at, proposal) in proposals.iter().enumerate().filter(|(_, p)| p.status == Status::Proposed) {
        for member in &proposal.members {
            let person = people[member.as_str()];
            let own = usage.rows.iter().filter(|r| r.outcome == Outcome::Allowed && (r.principal_key == person.unique_id || r.principal_arn.as_deref() == Some(member)));
            picks.extend(own.filter(|r| proposal.proposed.iter().any(|d| d.statements.iter().any(|s| s.effect == Effect::Allow && s.action.contains(&r.action)))).map(|r| (at, member.as_str(), r)));
        }
    }
    assert!(picks.len() > 100, "{} calls to pick from", picks.len());

    let (mut numbers, mut broken, mut caught, mut differs, mut needless) = (Numbers(11), 0, 0, 0, 0);
    while broken < 200 {
        let (at, member, row) = picks[numbers.below(picks.len())];
        let original: &Proposal = &proposals[at];
        let mut perturbed = original.clone();
        perturbed.proposed = without(&original.proposed, &row.action, reference);
        // Whether the action is needed, by the slow evaluator: what the person holds may grant it twice.
        let mut state: Vec<Proposal> = proposals.clone();
        state[at] = perturbed.clone();
        let decided = |proposals: &[Proposal]| {
            let held = grants.held_by(people[member]);
            let proposed = standing(proposals);
            let identity: Vec<NamedPolicy<'_>> =
                super::replays::after(&held, &proposed).unwrap_or_else(|| super::holders::as_held(&held));
            let boundary = held.boundary.map(|document| vec![NamedPolicy { name: "boundary", document }]);
            let policies = Policies { identity: Some(identity), boundary, ..Policies::default() };
            with_request(&super::holders::request_principal(people[member]), row, |request| oracle::evaluate(&request.request, &policies).decision)
        };
        if !(decided(&proposals) == Decision::Allowed && decided(&state).is_denied()) {
            needless += 1;
            assert!(needless < 20_000, "hardly any action is needed");
            continue;
        }
        broken += 1;
        let replayed = replays.run(&standing(&state), Some(&[member.to_owned()].into()));
        let counts = replayed[member].counts;
        caught += usize::from(counts.newly_denied > 0 || counts.allowed_by_resource > 0);
        let (whole, less): (Vec<_>, Vec<_>) = (original.proposed.iter().collect(), perturbed.proposed.iter().collect());
        differs += usize::from(matches!(allows_no_more(&whole, &less), Containment::Refuted(_)));
    }
    assert_eq!((caught, differs), (200, 200), "caught by the replay, and by the comparison of documents; {needless} picks were not needed");
}
