//! What every reduction must keep, on random organisations: soundness (what was used stays allowed), containment (nothing
//! else is allowed than before), idempotence (reducing twice changes nothing), monotonicity (more use never leaves less) and
//! determinism (the order of rows says nothing).
//!
//! The judges share no code with the reduction: the engine and the oracle on the documents as they would be held, and the proof
//! of containment. `PROPTEST_CASES=20000 cargo test --lib reduction_test` asks for new cases, and more of them.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::holders::{as_held, request_principal};
use super::packing;
use super::random_organisation_test::{Call, Caller, Owner, Source, World, context, resources_of, rows, window};
use super::small_reference_test::{ACTIONS, small};
use crate::evaluate::{Compiler, Context, Decision, NamedPolicy, Policies, Request, oracle};
use crate::grants::Grants;
use crate::prove::replay::context_of;
use crate::prove::{contained, is_lost};
use crate::reduce::{self, Covered, Proposal, Status};
use crate::usage::Outcome;

/// Requests of each user and role that are asked before and after.
const ASKED: usize = 40;

fn reduced(world: &World, grants: &Grants) -> Vec<Proposal> {
    let covered = Covered::new(&world.usage.coverage, &grants.trails, small(), &world.settings, window());
    let types = reduce::write::Types::new(small());
    let settle = |proposal: &mut Proposal| packing::settle(proposal, 0, &types, small());
    reduce::reduce(grants, &world.usage, &covered, small(), window(), &world.settings, &settle).0
}

/// Everybody with what they hold.
struct State(BTreeMap<String, Caller>);

impl State {
    fn new(world: &World, grants: &Grants) -> State {
        let mut compiler = Compiler::default();
        State(world.people().map(|owner| (owner.arn(), Caller::new(grants, &owner.arn(), &mut compiler))).collect())
    }

    fn decide(&self, ask: &Ask<'_>) -> Decision {
        self.0[ask.caller].decide(ask.action, ask.resource, ask.is_pattern, ask.context)
    }
}

/// A request of somebody.
#[derive(Clone, Debug)]
struct Ask<'a> {
    caller: &'a str,
    action: &'a str,
    resource: &'a str,
    is_pattern: bool,
    context: &'a Context,
}

impl<'a> Ask<'a> {
    fn of(call: &'a Call) -> Ask<'a> {
        Ask { caller: &call.caller, action: call.action, resource: &call.resource, is_pattern: false, context: &call.context }
    }
}

/// What the oracle says.
fn by_oracle(grants: &Grants, ask: &Ask<'_>) -> Decision {
    let principal = grants.principals().find(|p| p.arn == ask.caller).unwrap();
    let held = grants.held_by(principal);
    let boundary = held.boundary.map(|document| vec![NamedPolicy { name: "boundary", document }]);
    let given = Policies { identity: Some(as_held(&held)), boundary, ..Policies::default() };
    let caller = request_principal(principal);
    let request = Request {
        principal: &caller,
        action: ask.action,
        resource: ask.resource,
        resource_is_pattern: ask.is_pattern,
        resource_account: caller.account(),
        context: ask.context,
    };
    oracle::evaluate(&request, &given).decision
}

/// Requests of somebody among all there are: every service, both accounts, actions that the reference does not know too.
struct Question {
    caller: String,
    action: &'static str,
    resource: String,
    context: Context,
}

impl Question {
    fn ask(&self) -> Ask<'_> {
        Ask { caller: &self.caller, action: self.action, resource: &self.resource, is_pattern: false, context: &self.context }
    }
}

/// Bytes that follow from a number.
pub fn noise(seed: u64, count: usize) -> Vec<u8> {
    let mut state = seed | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 24).to_le_bytes()[0]
    };
    (0..count).map(|_| next()).collect()
}

fn questions(world: &World, seed: u64) -> Vec<Question> {
    let people: Vec<&Owner> = world.people().collect();
    let bytes = noise(seed, people.len() * ASKED * 16);
    let mut source = Source::new(&bytes);
    let mut out = Vec::new();
    for owner in people {
        for _ in 0..ASKED {
            let region = source.of(&["eu-west-1", "us-east-1"]);
            let account = if source.chance(6) { "444455556666" } else { owner.account };
            let (action, like) = match source.below(20) {
                0 => ("sqs:FutureThing", "sqs:SendMessage"),
                1 => ("madeup:DoThing", "s3:GetObject"),
                _ => {
                    let action = ACTIONS[source.below(ACTIONS.len())];
                    (action, action)
                }
            };
            let resources = resources_of(like, account, region);
            let resource = resources[source.below(resources.len())].clone();
            out.push(Question { caller: owner.arn(), action, resource, context: context(&mut source, owner, region) });
        }
    }
    out
}

/// What a case had, so that the tests can say that they saw something.
#[derive(Default, Debug)]
struct Figures(BTreeMap<String, usize>);

impl Figures {
    fn count(&mut self, what: impl Into<String>, n: usize) {
        *self.0.entry(what.into()).or_default() += n;
    }
}

/// The first promise that is broken on the organisation of these bytes, in words.
fn broken(bytes: &[u8], figures: &mut Figures) -> Option<String> {
    let world = World::random(&mut Source::new(bytes));
    let seed = bytes.iter().fold(11u64, |sum, b| sum.wrapping_mul(0x0100_0000_01b3).wrapping_add(u64::from(*b)));
    let grants = world.grants();
    let proposals = reduced(&world, &grants);
    for proposal in &proposals {
        figures.count(format!("{} {}", proposal.unit.placement.as_str(), format!("{:?}", proposal.status).split('(').next().unwrap_or("")), 1);
        proposal.verdicts.iter().for_each(|v| figures.count(v.verdict.as_str(), 1));
        proposal.groups.iter().for_each(|g| figures.count(g.verdict.as_str(), 1));
    }
    let after = world.with(&proposals);
    let new_grants = after.grants();
    let (old, new) = (State::new(&world, &grants), State::new(&after, &new_grants));
    sound(&world, &grants, &new_grants, &old, &new, figures)
        .or_else(|| open(&world, &old, &new, figures))
        .or_else(|| within(&world, &proposals, &old, &new, seed, figures))
        .or_else(|| settled(&after, &new_grants, &proposals))
        .or_else(|| orderless(&world, &grants, &proposals))
        .or_else(|| rising(&world, &grants, &new, seed, figures))
        .map(|why| format!("{why}\n{}", described(&world, &proposals)))
}

/// Documents and rows, to understand a failure.
fn described(world: &World, proposals: &[Proposal]) -> String {
    let mut out = String::new();
    for p in proposals.iter().filter(|p| p.status == Status::Proposed) {
        let current = p.current.as_deref().map(crate::policy::print::minified).unwrap_or_default();
        out += &format!("{:?}\n  now {current}\n", p.unit);
        p.proposed.iter().for_each(|d| out += &format!("  new {}\n", crate::policy::print::minified(d)));
    }
    for call in &world.calls {
        let r = &call.row;
        out += &format!("{:?} {} {} on {} told as {} ({}) {} by {}\n", r.outcome, r.first_seen_ms, call.action, call.resource, r.resource_arn, r.provenance, r.context_class, call.caller);
    }
    out += &format!("{:?}\n", world.settings);
    out
}

/// Soundness: what was allowed, as it was and as the log tells it, stays allowed; the engine and the oracle say so.
fn sound(world: &World, grants: &Grants, new_grants: &Grants, old: &State, new: &State, figures: &mut Figures) -> Option<String> {
    for call in world.calls.iter().filter(|c| c.row.outcome != Outcome::Denied) {
        let ask = Ask::of(call);
        if old.decide(&ask) == Decision::Allowed {
            figures.count("calls that were allowed", 1);
            let judges = [new.decide(&ask), by_oracle(new_grants, &ask)];
            if by_oracle(grants, &ask) == Decision::Allowed && judges != [Decision::Allowed; 2] {
                return Some(format!("soundness: {judges:?} {ask:?}"));
            }
        }
        let context = context_of(&call.row.context_class, call.row.region.as_deref());
        let told = Ask { resource: &call.row.resource_arn, is_pattern: call.row.is_pattern(), context: &context, ..ask };
        if call.row.outcome == Outcome::Allowed && is_lost(old.decide(&told), new.decide(&told)) {
            return Some(format!("soundness, as logged: {:?} became {:?} {told:?}", old.decide(&told), new.decide(&told)));
        }
    }
    None
}

/// What made a call whose action the reference does not know is still allowed: nobody can say what it was.
fn open(world: &World, old: &State, new: &State, figures: &mut Figures) -> Option<String> {
    let resources = resources_of("sqs:SendMessage", "111122223333", "eu-west-1");
    for call in &world.usage.unknown_calls {
        let caller = call.principal_arn.as_deref().unwrap();
        let context = Context::new(false);
        for resource in resources {
            let action = format!("sqs:{}", call.event_name);
            let ask = Ask { caller, action: &action, resource, is_pattern: false, context: &context };
            figures.count("calls of actions that are not known", 1);
            if is_lost(old.decide(&ask), new.decide(&ask)) {
                return Some(format!("soundness, not known: {:?} became {:?} {ask:?}", old.decide(&ask), new.decide(&ask)));
            }
        }
    }
    None
}

/// Containment: each proposal is proved, and no request is allowed that was not.
fn within(world: &World, proposals: &[Proposal], old: &State, new: &State, seed: u64, figures: &mut Figures) -> Option<String> {
    for p in proposals.iter().filter(|p| p.status == Status::Proposed) {
        let current = p.current.as_deref().unwrap();
        if let Some(why) = contained(&p.proposed.iter().collect::<Vec<_>>(), &[current]).why_not() {
            return Some(format!("containment: {:?}: {why}", p.unit));
        }
    }
    for question in questions(world, seed) {
        let ask = question.ask();
        let (before, now) = (old.decide(&ask), new.decide(&ask));
        figures.count(format!("{} then {}", before.as_str(), now.as_str()), 1);
        if now == Decision::Allowed && before != Decision::Allowed {
            return Some(format!("containment, by asking: {before:?} became {now:?} {ask:?}"));
        }
    }
    None
}

/// Idempotence: there is nothing to take away of what was proposed. Where a document was withheld, because all of its owner's
/// together do not fit, the next round may find room.
fn settled(after: &World, new_grants: &Grants, proposals: &[Proposal]) -> Option<String> {
    let again = reduced(after, new_grants);
    let withheld: BTreeSet<&str> = proposals.iter().filter(|p| matches!(p.status, Status::Withheld(_))).map(|p| p.unit.owner_arn.as_str()).collect();
    let changed = again.iter().find(|p| p.status == Status::Proposed && !withheld.contains(p.unit.owner_arn.as_str()))?;
    let now = changed.current.as_deref().map(crate::policy::print::minified).unwrap_or_default();
    let then: Vec<String> = changed.proposed.iter().map(crate::policy::print::minified).collect();
    Some(format!("idempotence: {:?}\n  again now {now}\n  again new {then:?}\n  {:?}", changed.unit, changed.verdicts))
}

/// Determinism: rows in another order give the same.
fn orderless(world: &World, grants: &Grants, proposals: &[Proposal]) -> Option<String> {
    let mut shuffled = world.clone();
    shuffled.usage.rows.reverse();
    let half = shuffled.usage.rows.len() / 3;
    shuffled.usage.rows.rotate_left(half);
    shuffled.usage.history.reverse();
    let again = reduced(&shuffled, grants);
    let (one, other) = (format!("{proposals:?}"), format!("{again:?}"));
    (one != other).then(|| format!("determinism: {one}\nand\n{other}"))
}

/// Monotonicity: with more allowed calls in the middle of the window (so that the logs cover no more than before), whatever
/// would have been allowed still is.
fn rising(world: &World, grants: &Grants, new: &State, seed: u64, figures: &mut Figures) -> Option<String> {
    let bytes = noise(seed ^ 0x5555, 400);
    let more: Vec<Call> = world.random_calls(&mut Source::new(&bytes), 6, &[(30, 20)]).into_iter().filter(|c| c.row.outcome == Outcome::Allowed).collect();
    figures.count("calls more", more.len());
    let mut used_more = world.clone();
    used_more.calls.extend(more);
    used_more.usage.rows = rows(&used_more.calls);
    let proposals = reduced(&used_more, grants);
    let after = used_more.with(&proposals);
    let more_state = State::new(&after, &after.grants());
    for question in questions(world, seed ^ 0x3333) {
        let ask = question.ask();
        // Of these, the parameters of other calls tell: where some use is told, what it was on is believed. And what the
        // reference does not know stays only as long as its statement is not rewritten.
        if ["iam:PassRole", "ec2:CreateTags"].contains(&ask.action) || small().find(ask.action).is_none() {
            continue;
        }
        if new.decide(&ask) == Decision::Allowed && more_state.decide(&ask) != Decision::Allowed {
            used_more.calls.drain(..world.calls.len());
            let added = described(&used_more, &proposals);
            return Some(format!("monotonicity: {ask:?}\nwith more use:\n{added}without:"));
        }
    }
    None
}

fn asked_cases() -> Option<u32> {
    std::env::var("PROPTEST_CASES").ok()?.parse().ok()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: asked_cases().unwrap_or(200),
        // The same cases on every run; who asks for a number of cases gets new ones.
        rng_seed: if asked_cases().is_some() { RngSeed::Random } else { RngSeed::Fixed(24) },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]
    #[test]
    // The fewer bytes, the simpler the organisation: all choices behind them are the first.
    fn reductions_keep_their_promises(seed in any::<u64>(), length in 0..3000usize) {
        if let Some(why) = broken(&noise(seed, length), &mut Figures::default()) {
            prop_assert!(false, "{}", why);
        }
    }
}

#[test]
fn random_organisations_meet_every_judgement() {
    let mut figures = Figures::default();
    for seed in 0..40 {
        assert_eq!(broken(&noise(seed * 2 + 1, 3000), &mut figures), None);
    }
    let seen = |what: &str| figures.0.get(what).copied().unwrap_or(0);
    for (what, least) in [
        ("inline Proposed", 30), ("customer-managed Proposed", 20), ("aws-managed Proposed", 10), ("keep-used", 60), ("keep-unobservable", 30), ("keep-young", 10),
        ("keep-dependent", 3), ("narrow", 30), ("drop", 200), ("allowed then allowed", 100), ("allowed then implicitDeny", 100), ("explicitDeny then explicitDeny", 100),
        ("calls that were allowed", 120), ("calls more", 60), ("calls of actions that are not known", 4),
    ] {
        assert!(seen(what) >= least, "{what}: {} of {figures:?}", seen(what));
    }
}
