//! Replays everybody's calls under the state as it is and under the proposed state: all proposals of all owners together, with all
//! that bears on a call besides. And the other way round: what was refused, or was allowed before the window, and would be
//! refused by the caller's own policies now.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::changes::Changes;
use super::consistency::{Row, trust_policies, with_layers};
use super::holders::{Calls, as_held, policies, request_principal};
use super::layers::Layers;
use crate::evaluate::{self, CompiledPolicies, Compiler, Decision, NamedPolicy, PolicyType, RequestPrincipal};
use crate::grants::{Grants, Held, OwnerKind, PolicySource, Principal};
use crate::prove::replay::with_request;
use crate::prove::{Change, Fate, NewlyDenied, ReplayCounts, fate};
use crate::reduce::{Placement, Proposal, Status};
use crate::usage::{DenialRow, Outcome, Usage, UsageRow};

/// Requests and the calls that they stand for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    /// Distinct requests.
    pub requests: i64,
    /// Calls.
    pub calls: i64,
}

impl Tally {
    fn count(&mut self, calls: i64) {
        self.requests += 1;
        self.calls += calls;
    }

    /// Adds another.
    pub fn add(&mut self, other: Tally) {
        self.requests += other.requests;
        self.calls += other.calls;
    }
}

/// A past call that the proposed policies would refuse.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refused {
    /// The action.
    pub action: String,
    /// The resource.
    pub resource: String,
    /// Calls.
    pub calls: i64,
    /// The last, epoch ms.
    pub last_seen_ms: i64,
    /// Whether it was allowed then (before the window), or refused already.
    pub was_allowed: bool,
    /// Event ids.
    pub samples: Vec<String>,
}

/// What the replay of one principal gave.
#[derive(Clone, Debug, Default)]
pub struct Replayed {
    /// Counts.
    pub counts: ReplayCounts,
    /// Requests that would be denied.
    pub newly_denied: Vec<NewlyDenied>,
    /// Requests and calls that are open, by what would settle them.
    pub open: BTreeMap<String, Tally>,
    /// Calls before the window that would be refused now.
    pub before: Tally,
    /// Calls that were refused in the window for another reason, and would be refused by the caller's own policies now.
    pub attempts: Tally,
    /// The first of both, those before the window first.
    pub refused: Vec<Refused>,
}

/// How many refused requests of a principal are listed.
const REFUSED_AT_MOST: usize = 20;

/// What a proposal replaces, seen from a holder: the source, and for managed policies whoever holds them.
pub fn replaced_by(proposal: &Proposal) -> Vec<PolicySource> {
    if !proposal.replaces.is_empty() {
        return proposal.replaces.clone();
    }
    let unit = &proposal.unit;
    let one = match (&unit.policy_arn, unit.placement) {
        (Some(arn), Placement::AwsManaged) => PolicySource::Managed { arn: arn.clone(), holder_arn: unit.owner_arn.clone() },
        (Some(arn), _) => PolicySource::Managed { arn: arn.clone(), holder_arn: String::new() },
        (None, _) => PolicySource::Inline { owner_arn: unit.owner_arn.clone(), name: unit.policy_name.clone() },
    };
    vec![one]
}

/// Proposals by what they replace.
pub type Proposed<'p> = BTreeMap<PolicySource, &'p Proposal>;

/// The proposals that stand.
pub fn standing(proposals: &[Proposal]) -> Proposed<'_> {
    // Trust policies say who may take up a role, not what the role may do: they have a replay of their own.
    let stand = proposals.iter().filter(|p| p.status == Status::Proposed && p.unit.placement != Placement::Trust);
    stand.flat_map(|p| replaced_by(p).into_iter().map(move |source| (source, p))).collect()
}

/// The proposal that replaces a held policy, if one does.
fn found<'p>(source: &PolicySource, proposed: &Proposed<'p>) -> Option<&'p Proposal> {
    let anywhere = match source {
        PolicySource::Managed { arn, .. } => Some(PolicySource::Managed { arn: arn.clone(), holder_arn: String::new() }),
        PolicySource::Inline { .. } => None,
    };
    proposed.get(source).or_else(|| anywhere.and_then(|a| proposed.get(&a))).copied()
}

/// The held policies with every proposed document in the place of its original; `None` if nothing is replaced.
pub fn after<'a>(held: &Held<'a>, proposed: &Proposed<'a>) -> Option<Vec<NamedPolicy<'a>>> {
    let mut out = Vec::new();
    let mut changed = false;
    for policy in &held.identity {
        match found(&policy.source, proposed) {
            Some(p) => {
                changed = true;
                out.extend(p.proposed.iter().map(|document| NamedPolicy { name: policy.name, document }));
            }
            None => out.push(NamedPolicy { name: policy.name, document: policy.document }),
        }
    }
    changed.then_some(out)
}

/// One caller with what it holds before and after.
pub struct State {
    /// Who calls.
    pub caller: RequestPrincipal,
    /// As it is.
    pub old: CompiledPolicies,
    /// As proposed; `None` if it is the same.
    pub new: Option<CompiledPolicies>,
}

impl State {
    /// Compiles a principal's policies before and after.
    pub fn new(principal: &Principal, grants: &Grants, proposed: &Proposed<'_>, compiler: &mut Compiler<'_>) -> State {
        let held = grants.held_by(principal);
        State {
            caller: request_principal(principal),
            old: policies(compiler, as_held(&held), held.boundary),
            new: after(&held, proposed).map(|identity| policies(compiler, identity, held.boundary)),
        }
    }

    /// Decides by the caller's own policies.
    fn own(&self, row: &UsageRow) -> Change {
        with_request(&self.caller, row, |request| {
            let old = evaluate::decide(request, &self.old);
            Change { old, new: self.new.as_ref().map_or(old, |new| evaluate::decide(request, new)) }
        })
    }
}

/// What bears on all calls beside what callers hold.
pub struct Surroundings<'s> {
    trusts: &'s BTreeMap<&'s str, CompiledPolicies>,
    layers: Layers<'s>,
}

/// A decision by the whole state; if it is a denial, whether a kind of policy that is not at hand may have granted the call all
/// the same; and what would settle it where it is open.
fn whole(state: &State, policies: &CompiledPolicies, row: &UsageRow, around: &Surroundings<'_>, ask_why: bool) -> (Decision, Option<String>) {
    with_layers(&state.caller, policies, &Row::of_use(row), around.trusts, &around.layers, |request, policies, unseen| {
        let decision = evaluate::decide(request, policies);
        let granting: Vec<PolicyType> = unseen.into_iter().filter(|k| matches!(k, PolicyType::Identity | PolicyType::PermissionsBoundary | PolicyType::Resource)).collect();
        let open = || policies.clone().with_unknown(&granting);
        let decision = if decision == Decision::ImplicitDeny && !granting.is_empty() { evaluate::decide(request, &open()) } else { decision };
        let why = (ask_why && decision == Decision::Unknown).then(|| {
            let evaluation = evaluate::evaluate(request, &open());
            let mut wants: Vec<String> = evaluation.missing_context.iter().cloned().collect();
            wants.extend(evaluation.missing_policy_type.map(|k| format!("{} policies", k.as_str())));
            if wants.is_empty() { "more of the request".to_owned() } else { wants.join(", ") }
        });
        (decision, why)
    })
}

/// Replays one principal.
pub fn replay(state: &State, rows: &[&UsageRow], around: &Surroundings<'_>) -> Replayed {
    let mut out = Replayed::default();
    for row in rows.iter().filter(|r| r.outcome == Outcome::Allowed) {
        let own = state.own(row);
        let (old, why) = whole(state, &state.old, row, around, true);
        // Only the own policies differ: where they decide alike, the whole does.
        let new = match &state.new {
            Some(new) if own.old != own.new => whole(state, new, row, around, false).0,
            _ => old,
        };
        let fate = fate(own, Change { old, new });
        out.counts.count(fate, row.calls);
        match fate {
            Fate::Lost => out.newly_denied.push(NewlyDenied {
                principal_arn: row.principal_arn.clone().unwrap_or_else(|| row.principal_key.clone()),
                action: row.action.clone(),
                resource: row.resource_arn.clone(),
                calls: row.calls,
                samples: row.samples.clone(),
            }),
            Fate::Open => out.open.entry(why.unwrap_or_else(|| "more of the request".to_owned())).or_default().count(row.calls),
            _ => {}
        }
    }
    out
}

/// A refused call as a row of use.
fn as_use(row: &DenialRow) -> UsageRow {
    UsageRow {
        account: row.account.clone(),
        principal_key: row.principal_key.clone(),
        principal_arn: row.principal_arn.clone(),
        principal_type: row.principal_type.clone(),
        action: row.action.clone(),
        resource_arn: row.resource_arn.clone(),
        provenance: row.arn_provenance.clone(),
        region: row.region.clone(),
        context_class: row.context_class.clone(),
        outcome: Outcome::Denied,
        calls: row.calls,
        first_seen_ms: row.first_seen_ms,
        last_seen_ms: row.last_seen_ms,
        samples: row.sample_event_first.iter().chain(&row.sample_event_last).cloned().collect::<BTreeSet<_>>().into_iter().collect(),
    }
}

/// The other way round: past calls that the caller's own policies do not refuse now and would refuse then.
fn look_back(state: &State, before: &[&UsageRow], denied: &[&DenialRow], out: &mut Replayed) {
    if state.new.is_none() {
        return;
    }
    let tell = |row: &UsageRow, was_allowed: bool, tally: &mut Tally, list: &mut Vec<Refused>| {
        let own = state.own(row);
        if !own.old.is_denied() && own.new.is_denied() {
            tally.count(row.calls);
            list.push(Refused {
                action: row.action.clone(),
                resource: row.resource_arn.clone(),
                calls: row.calls,
                last_seen_ms: row.last_seen_ms,
                was_allowed,
                samples: row.samples.clone(),
            });
        }
    };
    let mut list = Vec::new();
    for row in before.iter().filter(|r| r.outcome == Outcome::Allowed) {
        tell(row, true, &mut out.before, &mut list);
    }
    for row in denied {
        tell(&as_use(row), false, &mut out.attempts, &mut list);
    }
    list.sort_by(|a, b| (b.was_allowed, b.last_seen_ms, &a.action, &a.resource).cmp(&(a.was_allowed, a.last_seen_ms, &b.action, &b.resource)));
    list.truncate(REFUSED_AT_MOST);
    out.refused = list;
}

/// Everybody's calls, and what bears on them.
pub struct Replays<'g> {
    grants: &'g Grants,
    changes: Changes,
    people: Vec<&'g Principal>,
    used: Calls<'g, UsageRow>,
    past: Calls<'g, UsageRow>,
    denied: Calls<'g, DenialRow>,
}

impl<'g> Replays<'g> {
    /// Sorts the calls by principal.
    pub fn new(grants: &'g Grants, usage: &'g Usage) -> Replays<'g> {
        Replays {
            grants,
            changes: Changes::read(grants, usage),
            people: grants.principals().filter(|p| p.kind != OwnerKind::Group).collect(),
            used: Calls::new(&usage.rows),
            past: Calls::new(&usage.history),
            denied: Calls::new(&usage.denials),
        }
    }

    /// Replays everybody, or those of a list, under some proposals; by ARN.
    pub fn run(&self, proposed: &Proposed<'_>, only: Option<&BTreeSet<String>>) -> BTreeMap<String, Replayed> {
        let people: Vec<&Principal> = self.people.iter().copied().filter(|p| only.is_none_or(|o| o.contains(&p.arn))).collect();
        let trusts = trust_policies(self.grants, &mut Compiler::default());
        let part = people.len().div_ceil(rayon::current_num_threads() * 4).max(1);
        let replayed: Vec<Vec<(String, Replayed)>> = people
            .par_chunks(part)
            .map(|people| {
                let around = Surroundings { trusts: &trusts, layers: Layers::new(self.grants, &self.changes) };
                let mut compiler = Compiler::default();
                people.iter().filter_map(|p| self.one(p, proposed, &around, &mut compiler)).collect()
            })
            .collect();
        replayed.into_iter().flatten().collect()
    }

    fn one(&self, principal: &Principal, proposed: &Proposed<'_>, around: &Surroundings<'_>, compiler: &mut Compiler<'_>) -> Option<(String, Replayed)> {
        let (rows, before, denied) = (self.used.of(principal), self.past.of(principal), self.denied.of(principal));
        if rows.is_empty() && before.is_empty() && denied.is_empty() {
            return None;
        }
        let state = State::new(principal, self.grants, proposed, compiler);
        let mut out = replay(&state, &rows, around);
        look_back(&state, &before, &denied, &mut out);
        Some((principal.arn.clone(), out))
    }
}
