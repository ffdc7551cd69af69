//! `trailtrim explain`: one event, one finding, or one action of somebody, for people and as JSON.
//!
//! The facts come from the store and from the files of a run as they are; hidden characters are shown here.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::catalogue::Report;
use super::escape::{json_line, visible};
use super::model::day;

/// A line of a verdict table: where the action is granted and what became of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GrantRow {
    /// ARN of the policy's owner.
    pub owner: String,
    /// The policy.
    pub policy: String,
    /// Where it lives.
    pub placement: String,
    /// `written`, `unchanged`, `withheld`, `defect`.
    pub status: String,
    /// Why it is withheld.
    pub why: String,
    /// The verdict as `evidence.json` has it.
    pub evidence: Value,
    /// The file.
    pub file: String,
}

/// Cells of a row of a table by column.
pub type Cells = Map<String, Value>;

/// An event of the store.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EventFacts {
    /// Its fields.
    pub fields: Cells,
    /// Its actions: action, resource, outcome.
    pub actions: Vec<[String; 3]>,
    /// The cluster of denied calls that it belongs to, as `denied_clusters` has it.
    pub cluster: Option<Cells>,
    /// Why there is none although it was denied; empty else.
    pub no_cluster: String,
    /// Where the actions that were allowed are granted, and what became of them.
    pub grants: Vec<GrantRow>,
}

/// An action of somebody.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ActionFacts {
    /// Who.
    pub arn: String,
    /// What.
    pub action: String,
    /// Where it is granted, and what became of it.
    pub grants: Vec<GrantRow>,
    /// Policies that were left alone: name and reason.
    pub left_alone: Vec<[String; 2]>,
    /// Its refusals, as `denied_clusters` has them.
    pub clusters: Vec<Cells>,
}

/// A finding with what its report means.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FindingFacts {
    /// The finding as `findings.json` has it.
    pub finding: Value,
    /// Its report.
    pub report: Option<Report>,
    /// Files with its evidence.
    pub files: Vec<String>,
}

/// What was asked, explained.
#[derive(Clone, Debug, PartialEq)]
pub enum Explained {
    /// An event id; several records may have it.
    Events(Vec<EventFacts>),
    /// An action of somebody.
    Action(ActionFacts),
    /// A finding's uid.
    Finding(Box<FindingFacts>),
}

fn grant_json(g: &GrantRow) -> Value {
    json!({"owner": g.owner, "policy": g.policy, "placement": g.placement, "status": g.status, "why": g.why, "evidence": g.evidence, "file": g.file})
}

/// As one line of JSON.
#[must_use]
pub fn json(explained: &Explained) -> String {
    let value = match explained {
        Explained::Events(events) => json!({"kind": "event", "events": events.iter().map(|e| json!({
            "event": e.fields, "actions": e.actions.iter().map(|[action, resource, outcome]| json!({"action": action, "resource": resource, "outcome": outcome})).collect::<Vec<_>>(),
            "denied": e.cluster, "not_known": e.no_cluster, "grants": e.grants.iter().map(grant_json).collect::<Vec<_>>()})).collect::<Vec<_>>()}),
        Explained::Action(a) => json!({"kind": "action", "arn": a.arn, "action": a.action, "grants": a.grants.iter().map(grant_json).collect::<Vec<_>>(),
            "left_alone": a.left_alone.iter().map(|[policy, why]| json!({"policy": policy, "why": why})).collect::<Vec<_>>(), "denied": a.clusters}),
        Explained::Finding(f) => json!({"kind": "finding", "finding": f.finding, "files": f.files, "report": f.report.as_ref().map(|r| json!({
            "id": r.id, "title": r.title, "question": r.question, "why": r.why, "fix": r.fix, "limits": r.limits}))}),
    };
    json_line(&value.to_string())
}

fn text_of(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(s)) => visible(s),
        Some(Value::Array(list)) => list.iter().map(|v| text_of(Some(v))).collect::<Vec<_>>().join(", "),
        Some(other) => visible(&other.to_string()),
    }
}

/// One line, if there is something to say.
fn line(out: &mut String, label: &str, text: &str) {
    if !text.is_empty() {
        let _ = writeln!(out, "  {label:<14} {text}");
    }
}

fn seen(cells: &Cells, column: &str) -> String {
    day(cells.get(column).and_then(Value::as_i64))
}

/// What a cluster says, in lines.
fn cluster(out: &mut String, c: &Cells) {
    let get = |column: &str| text_of(c.get(column));
    let layer = get("layer");
    let refused = match (get("effect").as_str(), layer.as_str(), get("policy").as_str()) {
        (_, "", _) => "layer not known".to_owned(),
        ("explicit", layer, "") => format!("an explicit deny in {layer}, the statement is not known"),
        ("explicit", layer, policy) => format!("an explicit deny in {layer}: {policy} {}", get("statement")).trim_end().to_owned(),
        ("implicit", layer, _) => format!("no {layer} policy allows it"),
        (_, layer, _) => format!("{layer}, whether explicit or not is not known"),
    };
    line(out, "refused by", &format!("{refused} (known by: {})", get("known_by")));
    line(out, "cannot tell", &get("not_known"));
    line(out, "root cause", &format!("{}: {} on {}", get("cluster_id"), get("action"), get("resource")));
    let share = c.get("share_permille").and_then(Value::as_i64).unwrap_or(0);
    line(
        out,
        "extent",
        &format!("{} calls ({}.{} % of all denied), {} callers, {} resources, {} to {} on {} days", get("calls"), share / 10, share % 10,
            get("principal_count"), get("resource_count"), seen(c, "first_seen_ms"), seen(c, "last_seen_ms"), get("day_count")),
    );
    line(out, "callers", &get("principals"));
    line(out, "allow it?", &format!("{}: {}", get("verdict"), get("verdict_reason")));
    line(out, "would take", &get("change_what"));
    line(out, "in", &get("change_belongs"));
    line(out, "statement", &get("change_statement"));
    line(out, "then", &get("change_then"));
    out.push_str("  What would allow a call is no advice to allow it.\n");
}

fn grant(out: &mut String, g: &GrantRow) {
    let get = |field: &str| text_of(g.evidence.get(field));
    let _ = writeln!(out, "  {}: {}", get("verdict"), get("reason"));
    line(out, "  policy", &visible(&format!("{} ({}) of {}, statement {}", g.policy, g.placement, g.owner, get("statement"))));
    let why = if g.why.is_empty() { String::new() } else { format!(": {}", g.why) };
    line(out, "  proposal", &visible(&format!("{}{why}", g.status)));
    let number = |field: &str| g.evidence.get(field).and_then(Value::as_i64).unwrap_or(0);
    let mut use_of = format!("{} calls, {} denied", number("calls"), number("denied_calls"));
    if !get("last_seen").is_empty() {
        let _ = write!(use_of, ", {} to {}", get("first_seen"), get("last_seen"));
    }
    line(out, "  use", &use_of);
    line(out, "  confidence", &get("confidence"));
    line(out, "  resources", &get("resources"));
    let patterns = g.evidence.get("resource_patterns").and_then(Value::as_array).into_iter().flatten();
    for p in patterns {
        let of = |field: &str| text_of(p.get(field));
        line(out, "  pattern", &format!("{}: {} ({} calls)", of("pattern"), of("verdict"), of("calls")));
    }
    line(out, "  events", &get("sample_event_ids"));
    line(out, "  evidence", &visible(&g.file));
}

fn event(out: &mut String, e: &EventFacts) {
    let get = |field: &str| text_of(e.fields.get(field));
    let _ = writeln!(out, "{} {} of {}: {}", get("time"), get("event_name"), get("event_source"), get("outcome"));
    line(out, "event", &format!("{} ({}, record {})", get("event_id"), get("source_file"), get("record_index")));
    line(out, "caller", &format!("{} {}", get("principal_type"), if get("principal_arn").is_empty() { get("principal_key") } else { get("principal_arn") }));
    line(out, "from", &[get("source_ip"), get("region")].into_iter().filter(|t| !t.is_empty()).collect::<Vec<_>>().join(", "));
    for [action, resource, outcome] in &e.actions {
        line(out, "needs", &visible(&format!("{action} on {resource}: {outcome}")));
    }
    line(out, "error", &get("error_code"));
    line(out, "AWS said", &get("error_message"));
    if let Some(c) = &e.cluster {
        cluster(out, c);
    }
    line(out, "cannot tell", &visible(&e.no_cluster));
    if !e.grants.is_empty() {
        out.push_str("What became of the grants that allow it:\n");
        e.grants.iter().for_each(|g| grant(out, g));
    }
}

/// For people.
#[must_use]
pub fn text(explained: &Explained) -> String {
    let mut out = String::new();
    match explained {
        Explained::Events(events) => {
            for (at, e) in events.iter().enumerate() {
                if at > 0 {
                    out.push('\n');
                }
                event(&mut out, e);
            }
        }
        Explained::Action(a) => {
            let _ = writeln!(out, "{} and {}", visible(&a.arn), visible(&a.action));
            if a.grants.is_empty() {
                out.push_str("  no policy of this run that was worked on grants it\n");
            }
            a.grants.iter().for_each(|g| grant(&mut out, g));
            for [policy, why] in &a.left_alone {
                line(&mut out, "left alone", &visible(&format!("{policy}: {why}")));
            }
            for c in &a.clusters {
                out.push_str("It was refused:\n");
                cluster(&mut out, c);
            }
        }
        Explained::Finding(f) => {
            let get = |field: &str| text_of(f.finding.get(field));
            let _ = writeln!(out, "{} {}: {}", get("status"), get("severity"), f.report.as_ref().map_or_else(|| get("report"), |r| visible(&r.title)));
            line(&mut out, "finding", &format!("{} ({}, since {})", get("uid"), if get("change").is_empty() { "as before".to_owned() } else { get("change") }, get("first_seen")));
            line(&mut out, "account", &get("account"));
            line(&mut out, "about", &get("resource"));
            line(&mut out, "reason", &get("reason"));
            if let Some(r) = &f.report {
                for (label, words) in [("question", &r.question), ("why", &r.why), ("fix", &r.fix), ("limits", &r.limits)] {
                    line(&mut out, label, &visible(words));
                }
            }
            for (name, value) in f.finding.get("details").and_then(Value::as_object).into_iter().flatten() {
                let told = if name.ends_with("_ms") { day(value.as_i64()) } else { text_of(Some(value)) };
                line(&mut out, &visible(name), &told);
            }
            for file in &f.files {
                line(&mut out, "evidence", &visible(file));
            }
        }
    }
    out
}
