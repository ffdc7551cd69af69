//! The replay's lists and its other way round: what is not decided, what made a proposal be taken back, which past calls
//! would be refused now. Plain rows, as `run.json`, `evidence.json`, `diff.md` and `summary.md` print them. Texts in them are
//! visible already; Markdown escapes them once more.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::escape::markdown;
use super::model::{ReplayFacts, day};

/// How many rows of a list are printed; the counts beside it are of all.
pub const LISTED: usize = 50;

/// Lists beside the replay's counts.
#[derive(Clone, Debug, Default)]
pub struct ReplayLists {
    /// Calls in sessions with session policies that the log tells, these in place.
    pub in_sessions: ReplayFacts,
    /// Calls in sessions whose policies the log does not tell.
    pub sessions_not_told: i64,
    /// How many groups of undecided requests there are.
    pub unknown_groups: usize,
    /// The largest of them.
    pub unknown: Vec<UnknownRow>,
    /// How many requests made proposals be taken back.
    pub taken_back: usize,
    /// The first of them.
    pub taken_back_for: Vec<DeniedRow>,
}

/// Requests that the new policies do not decide, by action and by what would settle them.
#[derive(Clone, Debug, Default)]
pub struct UnknownRow {
    /// The action.
    pub action: String,
    /// What would settle them.
    pub settled_by: String,
    /// Distinct requests.
    pub requests: i64,
    /// Calls.
    pub calls: i64,
    /// Principals that make them.
    pub principals: i64,
    /// A principal that makes one.
    pub principal: String,
    /// Its resource.
    pub resource: String,
    /// Event ids of it.
    pub samples: Vec<String>,
}

/// A request that a proposal would have denied.
#[derive(Clone, Debug, Default)]
pub struct DeniedRow {
    /// Who.
    pub principal: String,
    /// The action.
    pub action: String,
    /// The resource.
    pub resource: String,
    /// Calls.
    pub calls: i64,
    /// Event ids.
    pub samples: Vec<String>,
}

/// Past calls that would be refused now, of one principal or of several.
#[derive(Clone, Debug, Default)]
pub struct RefusedFacts {
    /// `before_window`, `attempts`, `failed` with distinct requests and calls.
    pub counts: BTreeMap<&'static str, (i64, i64)>,
    /// The actions by the same words.
    pub actions: BTreeMap<&'static str, Vec<String>>,
    /// The most frequent of them.
    pub most: Vec<RefusedRow>,
}

/// A past call that would be refused now.
#[derive(Clone, Debug, Default)]
pub struct RefusedRow {
    /// `before_window`, `attempts`, `failed`.
    pub kind: &'static str,
    /// Who.
    pub principal: String,
    /// The action.
    pub action: String,
    /// The resource.
    pub resource: String,
    /// Calls.
    pub calls: i64,
    /// The last of them, epoch ms.
    pub last_seen_ms: i64,
    /// Of a denied one: the kind of policy that refused it then, where the record tells.
    pub refused_by: Option<String>,
    /// Event ids.
    pub samples: Vec<String>,
}

/// The replay the other way round.
#[derive(Clone, Debug, Default)]
pub struct BacktestFacts {
    /// All principals together.
    pub all: RefusedFacts,
    /// Each of them, by ARN as the export has it.
    pub by_principal: BTreeMap<String, RefusedFacts>,
}

/// The counts of a replay.
#[must_use]
pub fn counts(r: &ReplayFacts) -> Map<String, Value> {
    [
        ("requests", r.requests),
        ("calls", r.calls),
        ("newly_denied", r.newly_denied),
        ("allowed_by_resource_policy", r.allowed_by_resource_policy),
        ("as_before", r.as_before),
        ("unknown", r.unknown),
        ("unexplained", r.unexplained),
        ("explained_by_history", r.explained_by_history),
    ]
    .into_iter()
    .map(|(key, n)| (key.to_owned(), n.into()))
    .collect()
}

/// `proposals.replay` of `run.json`.
#[must_use]
pub fn replay(r: &ReplayFacts, lists: &ReplayLists) -> Value {
    let mut all = counts(r);
    let mut sessions = counts(&lists.in_sessions);
    sessions.remove("explained_by_history");
    sessions.insert("not_told_calls".to_owned(), lists.sessions_not_told.into());
    all.insert("in_sessions".to_owned(), sessions.into());
    let unknown = lists.unknown.iter().map(|u| {
        json!({"action": u.action, "settled_by": u.settled_by, "requests": u.requests, "calls": u.calls, "principals": u.principals,
               "example": {"principal": u.principal, "resource": u.resource, "samples": u.samples}})
    });
    all.insert("unknown_groups".to_owned(), json!({"groups": lists.unknown_groups, "most": unknown.collect::<Vec<_>>()}));
    let denied = lists.taken_back_for.iter().map(|d| {
        json!({"principal": d.principal, "action": d.action, "resource": d.resource, "calls": d.calls, "samples": d.samples})
    });
    all.insert("taken_back_for".to_owned(), json!({"requests": lists.taken_back, "first": denied.collect::<Vec<_>>()}));
    all.into()
}

fn refused_counts(facts: &RefusedFacts) -> Map<String, Value> {
    let entry = |kind: &&'static str| {
        let (requests, calls) = facts.counts.get(kind).copied().unwrap_or_default();
        ((*kind).to_owned(), json!({"requests": requests, "calls": calls}))
    };
    ["before_window", "attempts", "failed"].iter().map(entry).collect()
}

fn refused_row(row: &RefusedRow) -> Value {
    json!({"kind": row.kind, "principal": row.principal, "action": row.action, "resource": row.resource, "calls": row.calls,
           "last_seen": day(Some(row.last_seen_ms)), "refused_by": row.refused_by, "samples": row.samples})
}

/// `proposals.would_now_be_denied` of `run.json`; `null` where there are no grants to compare with.
#[must_use]
pub fn backtest(facts: Option<&BacktestFacts>) -> Value {
    let Some(facts) = facts else { return Value::Null };
    let mut all = refused_counts(&facts.all);
    let calls = |f: &RefusedFacts| f.counts.values().map(|(_, calls)| *calls).sum::<i64>();
    let mut principals: Vec<(&String, &RefusedFacts)> = facts.by_principal.iter().collect();
    principals.sort_by(|a, b| (calls(b.1), a.0).cmp(&(calls(a.1), b.0)));
    all.insert("principals".to_owned(), principals.len().into());
    let of_principal = |(arn, facts): &(&String, &RefusedFacts)| {
        let mut one = refused_counts(facts);
        one.insert("principal".to_owned(), super::escape::visible(arn).into());
        let first = |(kind, list): (&&'static str, &Vec<String>)| ((*kind).to_owned(), list.iter().take(LISTED).cloned().collect::<Value>());
        one.insert("actions".to_owned(), facts.actions.iter().map(first).collect::<Map<String, Value>>().into());
        Value::from(one)
    };
    all.insert("most_by_principal".to_owned(), principals.iter().take(LISTED).map(of_principal).collect());
    all.insert("most".to_owned(), facts.all.most.iter().take(LISTED).map(refused_row).collect());
    all.into()
}

/// What the backtest says of some principals together, the most frequent calls first.
fn together<'f>(facts: Option<&'f BacktestFacts>, members: &[&str]) -> Option<(RefusedFacts, Vec<&'f RefusedRow>)> {
    let facts = facts?;
    let mut all = RefusedFacts::default();
    let mut rows = Vec::new();
    for found in members.iter().filter_map(|m| facts.by_principal.get(*m)) {
        for (kind, (requests, calls)) in &found.counts {
            let sum = all.counts.entry(kind).or_default();
            *sum = (sum.0 + requests, sum.1 + calls);
        }
        rows.extend(&found.most);
    }
    rows.sort_by(|a, b| {
        (b.calls, a.kind, &a.principal, &a.action, &a.resource, a.last_seen_ms).cmp(&(a.calls, b.kind, &b.principal, &b.action, &b.resource, b.last_seen_ms))
    });
    rows.truncate(20);
    Some((all, rows))
}

/// `would_now_be_denied` of an owner's `evidence.json`: what its members called once and could not call now.
#[must_use]
pub fn of_members(facts: Option<&BacktestFacts>, members: &[&str]) -> Value {
    let Some((facts, rows)) = together(facts, members) else { return Value::Null };
    let mut all = refused_counts(&facts);
    all.insert("most".to_owned(), rows.into_iter().map(refused_row).collect());
    all.into()
}

/// The counts in a sentence; nothing where there is nothing.
#[must_use]
pub fn sentence(facts: &RefusedFacts) -> Option<String> {
    let part = |kind: &str, what: &str| {
        let (requests, calls) = facts.counts.get(kind).copied().unwrap_or_default();
        (requests > 0).then(|| format!("{calls} {what} ({requests} distinct requests)"))
    };
    let parts = [
        part("before_window", "calls of before the window that were not made again"),
        part("attempts", "denied attempts that so far only other policies refused"),
        part("failed", "calls that failed in a way that may come before authorisation"),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| format!("past calls that the callers' own policies would now refuse: {}", parts.join(", ")))
}

/// The part of `diff.md`.
#[must_use]
pub fn members_text(facts: Option<&BacktestFacts>, members: &[&str]) -> String {
    let Some((facts, rows)) = together(facts, members) else { return String::new() };
    let Some(words) = sentence(&facts) else { return String::new() };
    let mut out = format!("## Past calls\n\nThe {words}.\n\n| kind | action | resource | calls | last |\n|---|---|---|---|---|\n");
    for row in rows {
        let last = day(Some(row.last_seen_ms));
        out.push_str(&format!("| {} | {} | {} | {} | {last} |\n", row.kind.replace('_', " "), markdown(&row.action), markdown(&row.resource), row.calls));
    }
    out.push('\n');
    out
}
