//! Would the replay notice? One needed action, or one needed resource, is taken out of a proposal: each of the sample
//! organisation's, and two hundred of a made-up one. Then the proposal must be taken back. What is needed is told by the
//! oracle, which shares no code with the replay's evaluation.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::holders::{as_held, request_principal};
use super::layers::Layers;
use super::replaced::Proposed;
use super::{RunOptions, history, made_up_test as made_up, paths, proofs, reference, roll_up, take_in};
use crate::aws::arn_matches;
use crate::config::Config;
use crate::evaluate::{Decision, NamedPolicy, Policies, Request, oracle};
use crate::grants::{self, Grants, OwnerKind, Principal};
use crate::ingest::Ledger;
use crate::policy::matching::action_pattern_matches;
use crate::policy::{ActionElement, Effect, PolicyDocument, ResourceElement};
use crate::prove::replay::context_of;
use crate::reduce::{self, Proposal, Status, Verdict};
use crate::reference::Reference;
use crate::usage::{Outcome, Usage, UsageRow, Window};

/// The sample organisation, taken in, with its proposals.
struct Sample {
    grants: Grants,
    usage: Usage,
    proposals: Vec<Proposal>,
    _state: Option<tempfile::TempDir>,
}

fn sample() -> Sample {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("testdata/organisation");
    let dir = tempfile::tempdir().unwrap();
    let now_ms = 1_793_491_200_000; // 2026-11-01
    let options = RunOptions {
        logs: vec![root.join("logs")],
        keep: crate::ingest::source::Keep::default(),
        digests: None,
        grants: vec![root.join("grants")],
        state: dir.path().join("state"),
        out: dir.path().join("out"),
        window_days: 90,
        keep_days: None,
        now_ms,
        config: None,
        from_usage: false,
        quiet: true,
        known_accounts: None,
        mmdb: Vec::new(),
        iac_map: None,
        suppressions: None,
        timings: false,
        html_max_mb: crate::report::html::MAX_MB,
        tickets: false,
        ticket_template: None,
        redact: false,
        redact_key: None,
    };
    let _lock = super::lock(&options.state).unwrap();
    take_in(&options, &Config::default()).unwrap();
    let config = Config::load(Some(&root.join("trailtrim.toml"))).unwrap();
    let ledger = Ledger::open(&options.state).unwrap();
    let window = Window::of_days(options.window_days, now_ms);
    let mut usage = roll_up(&options.state, &ledger, window).unwrap();
    let mut grants = grants::load(&options.grants).unwrap();
    paths::add(&mut usage, &grants);
    history::replay(&mut grants, &usage, &options.state, &ledger, window).unwrap();
    let settings = super::settings::of(&config, window);
    let reference = reference().unwrap();
    let covered = reduce::Covered::new(&usage.coverage, &grants.trails, reference, &settings, window);
    let (proposals, _) = reduce::reduce(&grants, &usage, &covered, reference, window, &settings, &|_| {});
    Sample { grants, usage, proposals, _state: Some(dir) }
}

/// What is taken out.
#[derive(Clone, PartialEq, Eq, Debug, PartialOrd, Ord)]
enum Taken {
    Action(String),
    Resource(String),
}

/// The document without an action, which a pattern may have named.
fn without_action(document: &mut PolicyDocument, action: &str, reference: &Reference) {
    for statement in document.statements.iter_mut().filter(|s| s.effect == Effect::Allow) {
        if let ActionElement::Action(list) = &mut statement.action {
            let of = |pattern: &String| -> Vec<String> {
                if !action_pattern_matches(pattern, action) {
                    return vec![pattern.clone()];
                }
                let ids = reference.expand(pattern);
                ids.into_iter().map(|id| reference.name(id).to_owned()).filter(|name| !name.eq_ignore_ascii_case(action)).collect()
            };
            *list = list.iter().flat_map(of).collect();
        }
    }
    document.statements.retain(|s| !matches!(&s.action, ActionElement::Action(list) if list.is_empty()));
}

/// The document without a resource pattern.
fn without_resource(document: &mut PolicyDocument, pattern: &str) {
    for statement in document.statements.iter_mut().filter(|s| s.effect == Effect::Allow) {
        if let Some(ResourceElement::Resource(list)) = &mut statement.resource {
            list.retain(|r| r != pattern);
        }
    }
    document.statements.retain(|s| !matches!(&s.resource, Some(ResourceElement::Resource(list)) if list.is_empty()));
}

fn perturbed(proposal: &Proposal, taken: &Taken, reference: &Reference) -> Proposal {
    let mut out = proposal.clone();
    for document in &mut out.proposed {
        match taken {
            Taken::Action(action) => without_action(document, action, reference),
            Taken::Resource(pattern) => without_resource(document, pattern),
        }
    }
    out.proposed.retain(|d| !d.statements.is_empty());
    out
}

/// Every used action of every proposal, and every resource pattern of it that stands for a used resource.
fn candidates(sample: &Sample) -> Vec<(usize, Taken)> {
    let mut all = BTreeSet::new();
    for (at, proposal) in sample.proposals.iter().enumerate().filter(|(_, p)| p.status == Status::Proposed) {
        let used = proposal.verdicts.iter().filter(|v| matches!(v.verdict, Verdict::KeepUsed | Verdict::Narrow));
        for verdict in used {
            all.insert((at, Taken::Action(verdict.action.to_string())));
            for statement in proposal.proposed.iter().flat_map(|d| &d.statements).filter(|s| s.effect == Effect::Allow) {
                if let Some(ResourceElement::Resource(list)) = &statement.resource {
                    let hit = |p: &&String| verdict.resources.iter().any(|r| arn_matches(p, r));
                    all.extend(list.iter().filter(hit).map(|p| (at, Taken::Resource(p.clone()))));
                }
            }
        }
    }
    all.into_iter().collect()
}

/// What the oracle says to one call under some proposals; identity policies and boundary alone.
fn oracle_says(sample: &Sample, principal: &Principal, row: &UsageRow, proposals: &[Proposal]) -> Decision {
    let held = sample.grants.held_by(principal);
    let identity = if proposals.is_empty() { as_held(&held) } else { Proposed::new(proposals).after(&held).identity };
    let boundary = held.boundary.map(|document| vec![NamedPolicy { name: "boundary", document }]);
    let policies = Policies { identity: Some(identity), boundary, ..Policies::default() };
    let caller = request_principal(principal);
    let context = context_of(&row.context_class, row.region.as_deref());
    let request = Request {
        principal: &caller,
        action: &row.action,
        resource: &row.resource_arn,
        resource_is_pattern: row.is_pattern(),
        resource_account: caller.account(),
        context: &context,
    };
    oracle::evaluate(&request, &policies).decision
}

/// Whether some call of a member is lost by the oracle's word.
fn is_needed(sample: &Sample, at: usize, proposals: &[Proposal]) -> bool {
    let people = sample.grants.principals().filter(|p| p.kind != OwnerKind::Group && sample.proposals[at].members.contains(&p.arn));
    people.into_iter().any(|person| {
        let is_own = |r: &&UsageRow| r.principal_key == person.unique_id || r.principal_arn.as_deref() == Some(&person.arn);
        sample.usage.rows.iter().filter(|r| r.outcome == Outcome::Allowed).filter(is_own).any(|row| {
            let (old, new) = (oracle_says(sample, person, row, &[]), oracle_says(sample, person, row, proposals));
            old == Decision::Allowed && new != Decision::Allowed || old == Decision::Unknown && new.is_denied()
        })
    })
}

/// A small generator of numbers (SplitMix64), the same on every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((x ^ (x >> 31)) % u64::try_from(n).unwrap()).unwrap()
    }
}

/// What became of one try.
#[derive(PartialEq, Eq, Debug)]
enum Try {
    Caught,
    /// Another policy grants it too, or another pattern of the proposal.
    NotNeeded,
    Missed,
}

/// Takes something out of a proposal and replays.
fn attempt(sample: &Sample, layers: &Layers<'_>, at: usize, taken: &Taken, reference: &Reference) -> Try {
    let mut proposals = sample.proposals.clone();
    proposals[at] = perturbed(&proposals[at], taken, reference);
    if !is_needed(sample, at, &proposals) {
        return Try::NotNeeded;
    }
    let proofs = proofs::of_grants(&mut proposals, layers, &sample.usage);
    assert_eq!(proofs.replay.newly_denied, 0, "what is left denies nothing");
    let is_caught = matches!(&proposals[at].status, Status::Defect(why) if why.starts_with("replay: ")) && !proofs.taken_back_for.is_empty();
    if is_caught { Try::Caught } else { Try::Missed }
}

#[test]
fn the_sample_loses_nothing_unseen() {
    let sample = sample();
    let reference = reference().unwrap();
    let layers = Layers::new(&sample.grants, &sample.usage);
    let unharmed = proofs::of_grants(&mut sample.proposals.clone(), &layers, &sample.usage);
    assert_eq!((unharmed.replay.newly_denied, unharmed.taken_back_for.len()), (0, 0));
    let candidates = candidates(&sample);
    let tried: Vec<(Try, &Taken)> = candidates.iter().map(|(at, taken)| (attempt(&sample, &layers, *at, taken, reference), taken)).collect();
    let of = |what: &Try| tried.iter().filter(|(t, _)| t == what).map(|(_, taken)| *taken).collect::<Vec<_>>();
    println!("{} of {} caught; not needed: {:?}", of(&Try::Caught).len(), tried.len(), of(&Try::NotNeeded));
    assert_eq!(of(&Try::Missed), Vec::<&Taken>::new());
    assert!(of(&Try::Caught).len() >= 40 && of(&Try::NotNeeded).len() <= 5, "the sample has become another one");
}

#[test]
fn two_hundred_random_proposals_that_lack_an_action_are_taken_back() {
    let roles = 240;
    let grants = made_up::grants(roles);
    let sample = Sample { usage: made_up::usage(roles, 11), proposals: made_up::proposals(&grants, roles), grants, _state: None };
    let reference = reference().unwrap();
    let layers = Layers::new(&sample.grants, &sample.usage);
    let unharmed = proofs::of_grants(&mut sample.proposals.clone(), &layers, &sample.usage);
    assert_eq!((unharmed.replay.newly_denied, unharmed.replay.requests, unharmed.taken_back_for.len()), (0, 2640, 0));
    let mut numbers = Numbers(20_261_101);
    let mut left: Vec<usize> = (0..sample.proposals.len()).collect();
    let (mut caught, mut missed, mut not_needed, mut by_resource) = (0, Vec::new(), 0, 0);
    while caught + missed.len() < 200 {
        let at = left.swap_remove(numbers.below(left.len()));
        let unit = &sample.proposals[at].unit;
        let used = if unit.owner_kind == OwnerKind::Policy { made_up::USED_SHARED } else { made_up::USED_OWN };
        let action = used[numbers.below(used.len())];
        // Where the queue's own policy names the role, the role's policy is not needed for it.
        if action == "sqs:SendMessage" && unit.owner_name.trim_start_matches("app-").parse::<usize>().unwrap() % made_up::NAMED_EVERY == 0 {
            let mut proposals = sample.proposals.clone();
            proposals[at] = perturbed(&proposals[at], &Taken::Action(action.to_owned()), reference);
            let proofs = proofs::of_grants(&mut proposals, &layers, &sample.usage);
            assert_eq!((proofs.replay.newly_denied, proofs.replay.allowed_by_resource_policy, &proposals[at].status), (0, 1, &Status::Proposed));
            by_resource += 1;
            continue;
        }
        match attempt(&sample, &layers, at, &Taken::Action(action.to_owned()), reference) {
            Try::Caught => caught += 1,
            Try::NotNeeded => not_needed += 1,
            Try::Missed => missed.push((unit.owner_arn.clone(), action)),
        }
    }
    println!("{caught} of 200 caught; {not_needed} picks discarded because another policy grants it, {by_resource} because the resource's policy does");
    assert_eq!((caught, missed), (200, Vec::new()));
    assert!(not_needed > 0 && by_resource > 0);
}
