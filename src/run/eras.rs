//! Judges the calls of callers whose grants changed by what held at the time of each call, and tells which calls that
//! the present grants do not explain the grants of their time did.
//!
//! What cannot be rebuilt is a kind of policy that is not seen, or nothing known at all; neither makes a contradiction.

use std::collections::BTreeMap;

use super::layers::Layers;
use super::consistency::{Consistency, Holder, Row, contradiction, put};
use super::history::Past;
use super::holders::{as_held, policies, request_principal};
use super::proofs::Proofs;
use super::sessions;
use crate::evaluate::{self, CompiledPolicies, Compiler, Decision, NamedPolicy, Policies, PolicyType};
use crate::grants::{Era, Grants, OwnerKind, Principal};
use crate::prove::replay::with_request;
use crate::usage::{SessionCallRow, UsageRow};

/// The kinds of policy that gaps are of.
const OF_CALLER: &[PolicyType] = &[PolicyType::Identity, PolicyType::PermissionsBoundary];

/// A caller of whom nothing is known.
pub fn blank(principal: &Principal) -> Holder<'_> {
    Holder {
        arn: &principal.arn,
        caller: request_principal(principal),
        policies: CompiledPolicies::default().with_unknown(OF_CALLER),
        unseen: OF_CALLER.to_vec(),
    }
}

/// A caller with what it held at a moment.
pub fn holder_at<'g>(past: &Past, grants: &Grants, principal: &'g Principal, ms: i64, compiler: &mut Compiler<'_>) -> Holder<'g> {
    let era = past.era_at(&principal.arn, ms);
    if era.is_some_and(|e| e.is_blank) {
        return blank(principal);
    }
    let held = era.map_or_else(|| grants.held_by(principal), Era::held);
    Holder {
        arn: &principal.arn,
        caller: request_principal(principal),
        policies: policies(compiler, as_held(&held), held.boundary),
        unseen: if held.gaps.is_empty() { Vec::new() } else { OF_CALLER.to_vec() },
    }
}

/// The trust policies that held at a moment of the roles that rows name; a role whose trust is not known is not there.
pub fn trusts_at<'r>(
    past: &Past,
    ms: i64,
    rows: impl Iterator<Item = &'r Row<'r>>,
    now: &BTreeMap<&str, CompiledPolicies>,
    compiler: &mut Compiler<'_>,
) -> BTreeMap<&'r str, CompiledPolicies> {
    let mut then = BTreeMap::new();
    for row in rows.filter(|r| r.service() == "sts") {
        let found = match past.trust_at(row.resource, ms) {
            None => now.get(row.resource).cloned(),
            Some(None) => None,
            Some(Some(document)) => {
                let resource = Some(vec![NamedPolicy { name: "trust policy", document }]);
                Some(compiler.policies(&Policies { resource, ..Policies::default() }))
            }
        };
        if let Some(trust) = found {
            then.insert(row.resource, trust);
        }
    }
    then
}

/// Compares the calls of one principal, era by era.
pub fn compare(
    past: &Past,
    principal: &Principal,
    in_sessions: &[&SessionCallRow],
    trusts: &BTreeMap<&str, CompiledPolicies>,
    layers: &Layers<'_>,
    compiler: &mut Compiler<'_>,
    out: &mut Consistency,
) {
    let grants = layers.grants();
    for key in past.keys(principal) {
        let mut left: Vec<&SessionCallRow> = in_sessions.iter().copied().filter(|r| r.principal_key == key).collect();
        for era in past.eras_of(key) {
            // A row of sessions counts for an era that holds all its calls.
            let is_inside = |r: &&SessionCallRow| era.start_ms <= r.first_seen_ms && r.last_seen_ms < era.end_ms;
            let (inside, others): (Vec<_>, Vec<_>) = left.into_iter().partition(is_inside);
            left = others;
            let rows: Vec<Row<'_>> = era.rows_of(principal).collect();
            if rows.is_empty() && inside.is_empty() {
                continue;
            }
            let holder = holder_at(past, grants, principal, era.start_ms, compiler);
            let session_rows: Vec<Row<'_>> = inside.iter().map(|r| Row::of_session(r)).collect();
            let then = trusts_at(past, era.start_ms, rows.iter().chain(&session_rows), trusts, compiler);
            for row in &rows {
                let comparison = put(&holder, row, &then, layers);
                out.calls.add(row, &comparison);
                out.contradictions.extend(contradiction(&holder, row, &comparison));
            }
            sessions::compare(&holder, inside, grants, &then, layers, out);
        }
        // Calls on both sides of a change.
        sessions::compare(&blank(principal), left, grants, &BTreeMap::new(), layers, out);
    }
}

/// What makes two rows one request: action, resource and where it came from, region, context.
type Asked<'r> = (&'r str, &'r str, &'r str, Option<&'r str>, &'r str);

fn request(row: &UsageRow) -> Asked<'_> {
    (&row.action, &row.resource_arn, &row.provenance, row.region.as_deref(), &row.context_class)
}

/// Counts the requests that the present policies do not allow and the policies of their time did, each time.
pub fn explain<'u>(mut proofs: Proofs<'u>, past: &Past, grants: &Grants) -> Proofs<'u> {
    let mut compiler = Compiler::default();
    for principal in grants.principals().filter(|p| p.kind != OwnerKind::Group && past.has(p)) {
        let Some(counts) = proofs.by_principal.get_mut(&principal.arn).filter(|c| c.unexplained > 0) else { continue };
        let caller = request_principal(principal);
        let decide = |row: &UsageRow, policies: &CompiledPolicies| with_request(&caller, row, |request| evaluate::decide(request, policies));
        let mut explained: BTreeMap<(&str, Asked<'_>), bool> = BTreeMap::new();
        for key in past.keys(principal) {
            for era in past.eras_of(key).iter().filter(|e| e.used_by(principal).next().is_some()) {
                let then = holder_at(past, grants, principal, era.start_ms, &mut compiler);
                for row in era.used_by(principal) {
                    let is_allowed = decide(row, &then.policies) == Decision::Allowed;
                    *explained.entry((key, request(row))).or_insert(true) &= is_allowed;
                }
            }
        }
        let rows = proofs.unexplained.get(&principal.arn).into_iter().flatten();
        let found = rows.filter(|r| explained.get(&(r.principal_key.as_str(), request(r))) == Some(&true)).count();
        counts.explained_by_history = i64::try_from(found).unwrap_or(i64::MAX);
        proofs.replay.explained_by_history += counts.explained_by_history;
    }
    proofs
}
