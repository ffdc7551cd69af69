//! The folder of each owner: current and proposed documents, a diff for people, the evidence.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::escape::markdown;
use super::model::{EvidenceRow, ProposalRow, day};

fn evidence_row(row: &EvidenceRow) -> Value {
    json!({
        "statement": row.statement.1.clone().unwrap_or_else(|| format!("#{}", row.statement.0)),
        "action": row.action, "verdict": row.verdict, "confidence": row.confidence, "reason": row.reason,
        "first_seen": row.first_seen_ms.map(|t| day(Some(t))), "last_seen": row.last_seen_ms.map(|t| day(Some(t))),
        "calls": row.calls, "denied_calls": row.denied_calls, "resources": row.resources, "sample_event_ids": row.samples, "via": row.via,
    })
}

/// `evidence.json` of an owner: a verdict for every granted action, and the two proofs.
#[must_use]
pub fn evidence(policies: &[&ProposalRow]) -> String {
    let list: Vec<Value> = policies
        .iter()
        .map(|p| {
            let containment = match p.containment.split_once(": ") {
                Some((_, why)) => json!({"verdict": "not proved", "why": why}),
                None => json!({"verdict": p.containment}),
            };
            json!({
                "policy": p.policy, "placement": p.placement, "status": p.status, "why": p.why, "members": p.members,
                "actions": {"before": p.actions_before, "after": p.actions_after},
                "size": {"before": p.sizes.0, "after": p.sizes.1, "limit": p.sizes.2},
                "replay": {"requests": p.replay.requests, "calls": p.replay.calls, "newly_denied": p.replay.newly_denied,
                           "unknown": p.replay.unknown, "unexplained": p.replay.unexplained},
                "containment": containment,
                "evidence": p.evidence.iter().map(evidence_row).collect::<Vec<_>>(),
            })
        })
        .collect();
    let owner = policies.first().map(|p| p.owner_arn.clone()).unwrap_or_default();
    let mut text = serde_json::to_string_pretty(&json!({"owner": owner, "policies": list})).unwrap_or_default();
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
