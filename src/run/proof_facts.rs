//! The replay's lists and the backtest in the report's words.

use std::collections::BTreeMap;

use super::backtest::{Backtest, OfPrincipal, Refused, Tally};
use super::facts::replay_facts;
use super::proofs::Proofs;
use crate::report::escape::visible;
use crate::report::model::ReportModel;
use crate::report::proofs_text::{BacktestFacts, DeniedRow, LISTED, RefusedFacts, RefusedRow, ReplayLists, UnknownRow};

fn texts(list: &[String]) -> Vec<String> {
    list.iter().map(|t| visible(t)).collect()
}

/// Adds the lists of the replay, and the backtest where there was one.
pub fn add(model: &mut ReportModel, proofs: &Proofs<'_>, backtest: Option<&Backtest>) {
    let mut groups: Vec<UnknownRow> = proofs
        .unknown
        .iter()
        .map(|((action, settled_by), group)| UnknownRow {
            action: visible(action),
            settled_by: visible(settled_by),
            requests: group.requests,
            calls: group.calls,
            principals: group.principals,
            principal: visible(&group.example.0),
            resource: visible(&group.example.1),
            samples: texts(&group.example.2),
        })
        .collect();
    groups.sort_by(|a, b| (b.calls, &a.action, &a.settled_by).cmp(&(a.calls, &b.action, &b.settled_by)));
    let unknown_groups = groups.len();
    groups.truncate(LISTED);
    model.replay_lists = ReplayLists {
        in_sessions: replay_facts(&proofs.in_sessions),
        sessions_not_told: proofs.sessions_not_told,
        unknown_groups,
        unknown: groups,
        taken_back: proofs.taken_back_for.len(),
        taken_back_for: proofs
            .taken_back_for
            .iter()
            .take(LISTED)
            .map(|d| DeniedRow {
                principal: visible(&d.principal_arn),
                action: visible(&d.action),
                resource: visible(&d.resource),
                calls: d.calls,
                samples: texts(&d.samples),
            })
            .collect(),
    };
    model.backtest = backtest.map(facts);
}

fn tallies(counts: &BTreeMap<super::backtest::Kind, Tally>) -> BTreeMap<&'static str, (i64, i64)> {
    counts.iter().map(|(kind, tally)| (kind.as_str(), (tally.requests, tally.calls))).collect()
}

fn row(principal: &str, refused: &Refused) -> RefusedRow {
    RefusedRow {
        kind: refused.kind.as_str(),
        principal: visible(principal),
        action: visible(&refused.action),
        resource: visible(&refused.resource),
        calls: refused.calls,
        last_seen_ms: refused.last_ms,
        refused_by: refused.refused_by.as_deref().map(visible),
        samples: texts(&refused.samples),
    }
}

fn of_principal(arn: &str, found: &OfPrincipal) -> RefusedFacts {
    RefusedFacts {
        counts: tallies(&found.counts),
        actions: found.actions.iter().map(|(kind, list)| (kind.as_str(), list.iter().map(|a| visible(a)).collect())).collect(),
        most: found.most.iter().map(|refused| row(arn, refused)).collect(),
    }
}

fn facts(backtest: &Backtest) -> BacktestFacts {
    let by_principal: BTreeMap<String, RefusedFacts> =
        backtest.by_principal.iter().map(|(arn, found)| (arn.clone(), of_principal(arn, found))).collect();
    let mut most: Vec<RefusedRow> = by_principal.values().flat_map(|f| f.most.iter().cloned()).collect();
    most.sort_by(|a, b| {
        (b.calls, a.kind, &a.principal, &a.action, &a.resource, a.last_seen_ms, &a.samples)
            .cmp(&(a.calls, b.kind, &b.principal, &b.action, &b.resource, b.last_seen_ms, &b.samples))
    });
    most.truncate(LISTED);
    BacktestFacts { all: RefusedFacts { counts: tallies(&backtest.counts), most, ..RefusedFacts::default() }, by_principal }
}
