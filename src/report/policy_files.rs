//! The folder of each owner: current and proposed documents, a diff for people, the evidence.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::escape::markdown;
use super::model::{EvidenceRow, ProposalRow, day};
use crate::reduce::learned::Suggestion;
use crate::reduce::write::Step;

/// A verdict as `evidence.json` has it. An owner with a wide policy has twenty thousand of them: they are printed from
/// where they are, without a tree of JSON values between.
#[derive(Serialize)]
struct Row<'a> {
    action: &'a str,
    calls: i64,
    confidence: &'a str,
    denied_calls: i64,
    first_seen: Option<String>,
    last_seen: Option<String>,
    reason: &'a str,
    resources: &'a [String],
    sample_event_ids: &'a [String],
    statement: String,
    verdict: &'a str,
    via: &'a [String],
}

impl<'a> Row<'a> {
    fn of(row: &'a EvidenceRow) -> Row<'a> {
        Row {
            action: &row.action,
            calls: row.calls,
            confidence: row.confidence,
            denied_calls: row.denied_calls,
            first_seen: row.first_seen_ms.map(|t| day(Some(t))),
            last_seen: row.last_seen_ms.map(|t| day(Some(t))),
            reason: &row.reason,
            resources: &row.resources,
            sample_event_ids: &row.samples,
            statement: row.statement.1.clone().unwrap_or_else(|| format!("#{}", row.statement.0)),
            verdict: row.verdict,
            via: &row.via,
        }
    }
}

fn rows<S: Serializer>(rows: &&[EvidenceRow], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(rows.iter().map(Row::of))
}

/// One policy of `evidence.json`, fields in the order of their names.
#[derive(Serialize)]
struct Policy<'a> {
    actions: Value,
    containment: Value,
    #[serde(serialize_with = "rows")]
    evidence: &'a [EvidenceRow],
    generalised: Value,
    members: &'a [String],
    packing: Value,
    placement: &'a str,
    policy: &'a str,
    replay: Value,
    size: Value,
    status: &'a str,
    suggestions: Value,
    why: &'a str,
}

/// A step of making a policy fit: what became shorter, and what a wider pattern takes in besides.
fn step(step: &Step) -> Value {
    match &step.pattern {
        Some(pattern) => json!({"step": step.kind.as_str(), "pattern": pattern, "in_place_of": step.in_place_of,
                                "known_resources_beyond": step.known_beyond, "characters": step.size}),
        None => json!({"step": step.kind.as_str(), "characters": step.size}),
    }
}

/// A suggested condition with its evidence; `actions` is left out where it would hold for all of the policy.
fn suggestion(s: &Suggestion) -> Value {
    let mut value = json!({"condition": {s.operator: {s.key: s.values}}, "confidence": s.confidence,
           "evidence": {"calls": s.calls, "first_seen": day(Some(s.first_seen_ms)), "last_seen": day(Some(s.last_seen_ms)), "distinct_uses": s.distinct}});
    if let (Some(fields), false) = (value.as_object_mut(), s.actions.is_empty()) {
        fields.insert("actions".to_owned(), json!(s.actions));
    }
    value
}

impl<'a> Policy<'a> {
    fn of(p: &'a ProposalRow) -> Policy<'a> {
        Policy {
            actions: json!({"before": p.actions_before, "after": p.actions_after}),
            containment: match p.containment.split_once(": ") {
                Some((_, why)) => json!({"verdict": "not proved", "why": why}),
                None => json!({"verdict": p.containment}),
            },
            evidence: &p.evidence,
            generalised: p
                .generalised
                .iter()
                .map(|g| json!({"pattern": g.pattern, "used": g.used, "known_resources_beyond": g.known_beyond}))
                .collect(),
            members: &p.members,
            packing: p.packing.iter().map(step).collect(),
            placement: &p.placement,
            policy: &p.policy,
            replay: json!({"requests": p.replay.requests, "calls": p.replay.calls, "newly_denied": p.replay.newly_denied,
                           "unknown": p.replay.unknown, "unexplained": p.replay.unexplained}),
            size: json!({"before": p.sizes.0, "after": p.sizes.1, "limit": p.sizes.2}),
            status: p.status,
            suggestions: p.suggestions.iter().map(suggestion).collect(),
            why: &p.why,
        }
    }
}

#[derive(Serialize)]
struct Owner<'a> {
    owner: &'a str,
    policies: Vec<Policy<'a>>,
}

/// `evidence.json` of an owner: a verdict for every granted action, and the two proofs.
#[must_use]
pub fn evidence(policies: &[&ProposalRow]) -> String {
    let owner = policies.first().map_or("", |p| p.owner_arn.as_str());
    let all = Owner { owner, policies: policies.iter().map(|p| Policy::of(p)).collect() };
    let mut text = serde_json::to_string_pretty(&all).unwrap_or_default();
    text.push('\n');
    text
}

/// `diff.md` of an owner: what goes, what is narrowed, what stays and why.
#[must_use]
pub fn diff(policies: &[&ProposalRow]) -> String {
    let mut out = String::new();
    if let Some(first) = policies.first() {
        out.push_str(&format!("# {} {}\n\n", first.kind, markdown(&first.owner_arn)));
    }
    for p in policies {
        out.push_str(&format!("## {} ({})\n\n", markdown(&p.policy), p.placement));
        out.push_str(&format!("{}{}\n\n", p.status, if p.why.is_empty() { String::new() } else { format!(": {}", markdown(&p.why)) }));
        out.push_str(&format!(
            "{} actions before, {} after. {} of {} characters. Replay: {} calls in {} requests, {} newly denied, {} unknown. Containment: {}.\n\n",
            p.actions_before, p.actions_after, p.sizes.1, p.sizes.2, p.replay.calls, p.replay.requests, p.replay.newly_denied,
            p.replay.unknown, markdown(&p.containment)
        ));
        let mut groups: BTreeMap<(&str, &str), Vec<&EvidenceRow>> = BTreeMap::new();
        for row in &p.evidence {
            groups.entry((row.verdict, row.reason.as_str())).or_default().push(row);
        }
        out.push_str("| verdict | actions | reason |\n|---|---|---|\n");
        for ((verdict, reason), rows) in groups {
            let names: Vec<String> = rows.iter().take(40).map(|r| markdown(&r.action)).collect();
            let more = rows.len().saturating_sub(40);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            out.push_str(&format!("| {verdict} | {}{more} | {} |\n", names.join(", "), markdown(reason)));
        }
        out.push('\n');
    }
    out
}
