//! `run.json`: what was read, what is known, what was decided; its keys are a contract (design.md section 4).

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::proofs_text;
use super::model::{AgreementFacts, ConsistencyFacts, ExportFacts, HistoryFacts, ReportModel, TallyFacts, day};

fn counts(list: &[(String, i64)]) -> Vec<Value> {
    list.iter().map(|(what, calls)| json!({"what": what, "calls": calls})).collect()
}

fn agreement(a: &AgreementFacts) -> Map<String, Value> {
    let tally = |t: &TallyFacts| json!({"ok": t.ok, "unknown": t.unknown, "contradiction": t.contradiction});
    let layers = json!({"agree": a.layer_agrees, "differ": a.layer_differs, "not_at_hand": a.layer_not_at_hand, "not_named": a.layer_not_named});
    [("allowed", tally(&a.allowed)), ("denied", tally(&a.denied)), ("denied_layers", layers), ("settled_by", counts(&a.settled_by).into())]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
}

fn consistency(c: &ConsistencyFacts) -> Value {
    let mut sessions = agreement(&c.sessions);
    sessions.insert("not_known".to_owned(), counts(&c.sessions_not_known).into());
    sessions.insert("not_exported".to_owned(), c.sessions_not_exported.into());
    let contradictions = c.contradictions.iter().map(|r| {
        json!({"principal": r.principal, "action": r.action, "resource": r.resource, "logged": r.logged, "decided": r.decided,
               "calls": r.calls, "samples": r.samples})
    });
    let mut all = agreement(&c.calls);
    all.insert("sessions".to_owned(), sessions.into());
    all.insert("contradictions".to_owned(), contradictions.collect());
    all.into()
}

fn exports(e: &ExportFacts) -> Value {
    json!({
        "holdings": e.holdings.iter().map(|(what, n)| ((*what).to_owned(), (*n).into())).collect::<Map<String, Value>>(),
        "systems": e.systems.iter().map(|(system, [present, absent, unknown, not_exported])| json!({
            "system": system, "present": present, "absent": absent, "unknown": unknown, "not_exported": not_exported})).collect::<Vec<_>>(),
        "gaps": e.gaps.iter().map(|g| json!({"state": g.state, "system": g.system, "what": g.what, "why": g.why,
            "weakens": g.weakens, "command": g.command})).collect::<Vec<_>>(),
        "conflicts": e.conflicts.iter().map(|[what, kept, dropped]| json!({"what": what, "kept": kept, "dropped": dropped})).collect::<Vec<_>>(),
    })
}

fn history(h: &HistoryFacts) -> Value {
    json!({"changes": h.changes, "replayed": h.replayed, "principals": h.principals, "eras": h.eras, "unknown": h.unknown,
           "stale_hints": h.stale_hints, "not_told": h.not_told, "missing_until": h.missing_until})
}

/// Says in a file of JSON that it is redacted, and by which key; nothing where it is not.
pub fn note_redacted(model: &ReportModel, value: &mut Value) {
    if let (Some(key), Some(all)) = (&model.redacted, value.as_object_mut()) {
        all.insert("redacted".to_owned(), json!({"key_id": key}));
    }
}

/// The file's text.
#[must_use]
pub fn render(model: &ReportModel) -> String {
    let mut by_status: BTreeMap<&str, u64> = BTreeMap::new();
    let mut by_severity: BTreeMap<&str, u64> = BTreeMap::new();
    let mut by_change: BTreeMap<&str, u64> = BTreeMap::new();
    for finding in &model.findings {
        if !finding.change.is_empty() {
            *by_change.entry(finding.change).or_default() += 1;
        }
        *by_status.entry(finding.status.as_str()).or_default() += 1;
        if finding.status == super::Status::Fail {
            *by_severity.entry(&finding.severity).or_default() += 1;
        }
    }
    let count = |status: &str| model.proposals_with(status).count();
    let proved = model.proposals.iter().filter(|p| p.status == "written" && p.containment == "proved").count();
    let compared = model.proposals.iter().filter(|p| p.status == "written" && p.current.is_some()).count();
    let (before, after) = model.actions_before_after();
    let l = &model.ledger;
    let mut value = json!({
        "tool": {"name": "trailtrim", "version": model.version},
        "reference": {"date": model.reference.date, "sha256": model.reference.sha256, "actions": model.reference.actions,
                      "sources": model.reference.sources},
        "mode": model.mode,
        "window": {"start": day(Some(model.window_start_ms)), "end": day(Some(model.as_of_ms)), "days": model.window_days,
                   "as_of_ms": model.as_of_ms},
        "inputs": model.inputs.iter().map(|(p, k, h)| json!({"path": p, "kind": k, "sha256": h})).collect::<Vec<_>>(),
        "ledger": {"files": l.files, "records_read": l.records_read, "kept": l.kept, "duplicate": l.duplicate,
                   "rejected": l.rejected, "too_old": l.too_old, "kept_since": l.kept_since, "by_reason": l.by_reason},
        "mapping": super::mapping_text::json(&model.mapping),
        "coverage": model.coverage.iter().map(|a| json!({
            "account": a.account, "share": a.share_permille, "days": a.days.len(),
            "missing": a.days.iter().filter(|(_, s)| *s == "missing").map(|(d, _)| d).collect::<Vec<_>>(),
            "regions": a.regions.iter().map(|(region, classes)| json!({"region": region, "classes": classes.iter().map(|c| json!({
                "class": c.class, "share": c.share_permille, "partial": c.partial, "missing": c.missing})).collect::<Vec<_>>()})).collect::<Vec<_>>(),
            "trails": a.trails.iter().map(|(arn, why)| json!({"arn": arn, "counts": why.is_empty(), "why": why})).collect::<Vec<_>>()
            })).collect::<Vec<_>>(),
        "exports": exports(&model.exports),
        "consistency": consistency(&model.consistency),
        "denied": super::denied_text::counters(&model.denied),
        "history": history(&model.history),
        "proposals": {
            "owners": model.proposals.iter().map(|p| &p.owner_arn).collect::<std::collections::BTreeSet<_>>().len(),
            "documents": model.proposals.len(), "written": count("written"), "withheld": count("withheld"),
            "unchanged": count("unchanged"), "defect": count("defect"), "left_alone": model.skipped.len(),
            "replay": proofs_text::replay(&model.replay, &model.replay_lists),
            "would_now_be_denied": proofs_text::backtest(model.backtest.as_ref()),
            "containment": {"proved": proved, "not_proved": compared - proved},
            "over_limit": model.proposals.iter().filter(|p| p.status == "written" && p.sizes.1 > p.sizes.2).count(),
            "lint": super::lint_text::run(model),
            "granted_actions": {"before": before, "after": after}},
        "blast_radius": super::blast_text::counters(model.blast.as_ref()),
        "advice": super::advice::counts(model),
        "rejections": model.rejections,
        "findings": {"by_status": by_status, "by_severity": by_severity, "by_change": by_change, "suppressions": {
            "entries": model.suppressions.entries.len(), "active": model.suppressions.entries.iter().filter(|e| e.is_active()).count(),
            "unused": model.suppressions.entries.iter().filter(|e| e.is_active() && e.matched == 0).count(),
            "expiring": model.suppressions.expiring(30).count(), "unreadable": model.suppressions.problems.len()}},
        "unknown": model.unknown,
    });
    if let (Some(timings), Some(all)) = (&model.timings, value.as_object_mut()) {
        all.insert("timings".to_owned(), timings.stages.iter().map(|(name, ms)| ((*name).to_owned(), (*ms).into())).collect::<Map<String, Value>>().into());
        all.insert("peak_rss_bytes".to_owned(), timings.peak_rss_bytes.into());
    }
    note_redacted(model, &mut value);
    let mut text = serde_json::to_string_pretty(&value).unwrap_or_default();
    text.push('\n');
    text
}
