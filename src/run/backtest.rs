//! The replay the other way round: which past calls the proposals would refuse, beside those that must not be.
//!
//! - Calls of before the window that nobody made again since: somebody may make them again one day (a yearly task), or they
//!   were a mistake that is over. None of them counts as use.
//! - Attempts that were denied in the window although the caller's own policies allow them, or may: another policy stood in
//!   their way alone. Under the proposals the caller's own policies refuse them too.
//! - Calls in the window that failed in a way that may come before the permission is asked (throttling, validation).
//!
//! Only callers whose policies change are asked. Calls are decided as the replay decides them.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::asked::{Caller, Question, ask};
use super::layers::Layers;
use super::replaced::Proposed;
use super::replay::{BeforeAfter, Contexts};
use crate::aws::Text;
use crate::evaluate::{Compiler, decide_both};
use crate::grants::{OwnerKind, Principal};
use crate::prove::{Judgement, is_lost, judge};
use crate::reduce::Proposal;
use crate::usage::{Calls, DenialRow, Outcome, Usage, UsageRow, Window};

/// How many calls of one kind are listed by principal; the counts are of all.
const LISTED: usize = 20;

/// Why a past call is not among the calls that a proposal must allow.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub enum Kind {
    /// Its last authorised call was before the window.
    BeforeWindow,
    /// It was denied.
    Attempt,
    /// It failed in a way that may come before the permission is asked.
    Failed,
}

impl Kind {
    /// All of them, in the order of reports.
    pub const ALL: [Kind; 3] = [Kind::BeforeWindow, Kind::Attempt, Kind::Failed];

    /// The word in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::BeforeWindow => "before_window",
            Kind::Attempt => "attempts",
            Kind::Failed => "failed",
        }
    }
}

/// Distinct requests and the calls that they stand for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    /// Requests.
    pub requests: i64,
    /// Calls.
    pub calls: i64,
}

/// A past call that would be refused now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refused {
    /// Why it need not be allowed.
    pub kind: Kind,
    /// The action.
    pub action: String,
    /// The resource.
    pub resource: String,
    /// Calls.
    pub calls: i64,
    /// The last of them, epoch ms.
    pub last_ms: i64,
    /// Of a denied one: the kind of policy that refused it then, where the record tells.
    pub refused_by: Option<String>,
    /// Event ids.
    pub samples: Vec<String>,
}

/// The past calls of one principal that would be refused now.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct OfPrincipal {
    /// By why they need not be allowed.
    pub counts: BTreeMap<Kind, Tally>,
    /// The actions, likewise.
    pub actions: BTreeMap<Kind, BTreeSet<String>>,
    /// The most frequent of each kind.
    pub most: Vec<Refused>,
}

/// Past calls that would be refused now.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Backtest {
    /// By why they need not be allowed.
    pub counts: BTreeMap<Kind, Tally>,
    /// By principal ARN.
    pub by_principal: BTreeMap<String, OfPrincipal>,
}

/// A past call, whichever table it is from.
struct Row<'r> {
    kind: Kind,
    action: &'r str,
    resource: &'r str,
    is_pattern: bool,
    context_class: &'r str,
    region: Option<&'r str>,
    calls: i64,
    first_ms: i64,
    last_ms: i64,
    refused_by: Option<&'r str>,
    samples: Vec<&'r str>,
}

impl<'r> Row<'r> {
    fn of_use(kind: Kind, row: &'r UsageRow) -> Row<'r> {
        Row {
            kind,
            action: &row.action,
            resource: &row.resource_arn,
            is_pattern: row.is_pattern(),
            context_class: &row.context_class,
            region: row.region.as_deref(),
            calls: row.calls,
            first_ms: row.first_seen_ms,
            last_ms: row.last_seen_ms,
            refused_by: None,
            samples: row.samples.iter().map(Text::as_str).collect(),
        }
    }

    fn of_denial(row: &'r DenialRow) -> Row<'r> {
        let mut samples: Vec<&str> = row.sample_event_first.iter().chain(&row.sample_event_last).map(Text::as_str).collect();
        samples.dedup();
        Row {
            kind: Kind::Attempt,
            action: &row.action,
            resource: &row.resource_arn,
            is_pattern: row.is_pattern(),
            context_class: &row.context_class,
            region: row.region.as_deref(),
            calls: row.calls,
            first_ms: row.first_seen_ms,
            last_ms: row.last_seen_ms,
            refused_by: row.denied_policy_type.as_deref(),
            samples,
        }
    }

    fn question<'q>(&'q self, contexts: &'q mut Contexts<'r>) -> Question<'q> {
        let context = contexts.of(self.context_class, self.region);
        Question { action: self.action, resource: self.resource, is_pattern: self.is_pattern, context, first_ms: self.first_ms }
    }

    fn refused(&self) -> Refused {
        Refused {
            kind: self.kind,
            action: self.action.to_owned(),
            resource: self.resource.to_owned(),
            calls: self.calls,
            last_ms: self.last_ms,
            refused_by: self.refused_by.map(str::to_owned),
            samples: self.samples.iter().map(|s| (*s).to_owned()).collect(),
        }
    }
}

impl OfPrincipal {
    fn add(&mut self, row: &Row<'_>) {
        let tally = self.counts.entry(row.kind).or_default();
        tally.requests += 1;
        tally.calls += row.calls;
        self.actions.entry(row.kind).or_default().insert(row.action.to_owned());
        self.most.push(row.refused());
    }

    /// Keeps the most frequent of each kind, in a total order.
    fn shorten(&mut self) {
        self.most.sort_by(|a, b| {
            (a.kind, b.calls, &a.action, &a.resource, a.last_ms, &a.refused_by, &a.samples)
                .cmp(&(b.kind, a.calls, &b.action, &b.resource, b.last_ms, &b.refused_by, &b.samples))
        });
        let mut kept: BTreeMap<Kind, usize> = BTreeMap::new();
        self.most.retain(|row| {
            let count = kept.entry(row.kind).or_default();
            *count += 1;
            *count <= LISTED
        });
    }
}

/// The tables of past calls by caller.
struct Tables<'u> {
    history: Calls<'u, UsageRow>,
    rows: Calls<'u, UsageRow>,
    denials: Calls<'u, DenialRow>,
}

impl<'u> Tables<'u> {
    fn of<'a>(&'a self, principal: &'a Principal, window: Window) -> impl Iterator<Item = Row<'u>> + use<'a, 'u> {
        let before = move |r: &&UsageRow| r.outcome == Outcome::Allowed && r.last_seen_ms < window.start_ms;
        let history = self.history.of(&principal.unique_id, &principal.arn).into_iter().filter(before).map(|r| Row::of_use(Kind::BeforeWindow, r));
        let failed = self.rows.of(&principal.unique_id, &principal.arn).into_iter().filter(|r| r.outcome == Outcome::Error).map(|r| Row::of_use(Kind::Failed, r));
        history.chain(self.denials.of(&principal.unique_id, &principal.arn).into_iter().map(Row::of_denial)).chain(failed)
    }
}

fn of_principal(row_of: &Tables<'_>, window: Window, principal: &Principal, ba: &BeforeAfter<'_>, layers: &Layers<'_>) -> OfPrincipal {
    let mut out = OfPrincipal::default();
    let mut contexts = Contexts::default();
    let caller = Caller { who: &ba.holder.caller, policies: &ba.holder.policies, unseen: &ba.holder.unseen };
    for row in row_of.of(principal, window) {
        let question = row.question(&mut contexts);
        let is_refused = ask(caller, &question, layers.trusts(), layers, |request, policies, unseen| match row.kind {
            Kind::BeforeWindow => judge(request, policies, unseen, &ba.change) == Judgement::NewlyDenied,
            // Other policies refused it, or something else did; what counts is what the caller's own say.
            Kind::Attempt | Kind::Failed => {
                let [old, new] = decide_both(request, policies, &ba.change);
                is_lost(old.own, new.own) && new.own.is_denied()
            }
        });
        if is_refused {
            out.add(&row);
        }
    }
    out.shorten();
    out
}

/// Asks which past calls the proposals that stand would refuse.
pub fn of_grants(proposals: &[Proposal], layers: &Layers<'_>, usage: &Usage, window: Window) -> Backtest {
    let proposed = Proposed::new(proposals);
    let tables = Tables { history: Calls::new(&usage.history), rows: Calls::new(&usage.rows), denials: Calls::new(&usage.denials) };
    let people: Vec<&Principal> = layers.grants().principals().filter(|p| p.kind != OwnerKind::Group).collect();
    let found: Vec<OfPrincipal> = people
        .par_iter()
        .map_init(Compiler::default, |compiler, principal| {
            let has_past = tables.of(principal, window).next().is_some();
            if !has_past || !proposed.touches(&layers.grants().held_by(principal)) {
                return OfPrincipal::default();
            }
            of_principal(&tables, window, principal, &BeforeAfter::new(principal, layers.grants(), &proposed, compiler), layers)
        })
        .collect();
    let mut out = Backtest { counts: Kind::ALL.into_iter().map(|kind| (kind, Tally::default())).collect(), ..Backtest::default() };
    for (principal, found) in people.into_iter().zip(found).filter(|(_, f)| !f.counts.is_empty()) {
        for (kind, tally) in &found.counts {
            let all = out.counts.entry(*kind).or_default();
            all.requests += tally.requests;
            all.calls += tally.calls;
        }
        out.by_principal.insert(principal.arn.clone(), found);
    }
    out
}

#[cfg(test)]
#[path = "backtest_test.rs"]
mod backtest_test;
