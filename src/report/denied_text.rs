//! Where the refusals come from: clusters of denied calls by root cause, as plain data, and their part of each output.
//!
//! All texts of the facts are made visible by who builds them; each format escapes them once more in its own way.

use serde_json::{Value, json};

use super::escape::markdown;
use super::model::ReportModel;
use super::sql::ColumnOf;

/// How many clusters the summary lists.
const SHOWN: usize = 10;

/// What would have to change so that a cluster's calls are allowed; a description, never an instruction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangeFacts {
    /// What, in a sentence.
    pub what: String,
    /// Where it belongs: whose inline policy, which permission set, boundary, organisation's level, resource.
    pub belongs: String,
    /// The statement to add, or the one that denies, as JSON; empty where it is not known.
    pub statement: String,
    /// What the evaluation says of the call after the change: `allowed`, `explicitDeny`, `implicitDeny` or `unknown`; empty where
    /// it was not asked, because the policies are not at hand.
    pub after: &'static str,
    /// The same in words: who else would still refuse, what would settle it.
    pub then: String,
}

/// Refused calls with one root cause.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeniedCluster {
    /// Stable id: a hash of what the cluster's members share.
    pub id: String,
    /// What the finding is about: the policy that denies, the principal that probes, or the resource of the missing grant.
    pub subject: String,
    /// Account of most of its calls.
    pub account: String,
    /// Layer that refuses: `identity`, `boundary`, `session`, `resource`, `trust`, `scp`, `rcp`, `vpc_endpoint`; `None`: not known.
    pub layer: Option<&'static str>,
    /// How that is known: `message`, `network-activity`, `evaluation`, `not known`.
    pub known_by: &'static str,
    /// `explicit` or `implicit`, where it is known.
    pub effect: Option<&'static str>,
    /// The policy whose statement denies.
    pub policy: Option<String>,
    /// Sid, or `#n`, of that statement.
    pub statement: Option<String>,
    /// Why the layer, or the statement, is not known, and what would settle it; empty where both are.
    pub not_known: String,
    /// The action, or how many of which services.
    pub action: String,
    /// Number of distinct actions.
    pub action_count: usize,
    /// The first of them by calls.
    pub actions: Vec<(String, i64)>,
    /// The resource, or the pattern that takes in what was asked for.
    pub resource: String,
    /// Number of distinct resources.
    pub resource_count: usize,
    /// The first of them by calls.
    pub resources: Vec<(String, i64)>,
    /// Number of distinct callers.
    pub principal_count: usize,
    /// The first of them by calls: ARN, or id.
    pub principals: Vec<(String, i64)>,
    /// Error codes by calls.
    pub error_codes: Vec<(String, i64)>,
    /// Refused calls.
    pub calls: i64,
    /// Their share of all refused calls, in thousandths.
    pub share_permille: i64,
    /// Distinct addresses, services as callers among them.
    pub address_count: usize,
    /// Days with refusals.
    pub day_count: usize,
    /// First and last call, epoch ms.
    pub seen_ms: (i64, i64),
    /// Event ids to look up.
    pub samples: Vec<String>,
    /// `mistake`, `probing`, `guard`, `scanner`, `mended`, `cannot-tell`.
    pub verdict: &'static str,
    /// Should it be allowed? Why this verdict.
    pub reason: String,
    /// What would have to change.
    pub change: ChangeFacts,
}

/// Refused calls of one caller, action and resource with their cluster: the detail table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeniedMember {
    /// The cluster.
    pub cluster: String,
    /// The caller's account.
    pub account: String,
    /// The caller's unique id; `None` where the log does not tell.
    pub principal_key: Option<String>,
    /// The caller's ARN.
    pub principal_arn: Option<String>,
    /// The action.
    pub action: String,
    /// The resource.
    pub resource: String,
    /// Layer, as in [`DeniedCluster`].
    pub layer: Option<&'static str>,
    /// How it is known.
    pub known_by: &'static str,
    /// `explicit` or `implicit`.
    pub effect: Option<&'static str>,
    /// Calls.
    pub calls: i64,
    /// First and last call, epoch ms.
    pub seen_ms: (i64, i64),
}

/// All refused calls of the window.
#[derive(Clone, Debug, Default)]
pub struct DeniedFacts {
    /// Refused calls, each once, however many copies the log has.
    pub calls: i64,
    /// Of these, calls whose refusing layer is named, by what names it.
    pub layer_by_message: i64,
    /// See there: the event's category, or a code that only VPC endpoints give.
    pub layer_by_network_activity: i64,
    /// See there: the policies at hand refuse it.
    pub layer_by_evaluation: i64,
    /// Calls whose layer is named, and with it the statement that denies or the grant that is missing.
    pub explained: i64,
    /// Calls of which the message names a layer that is at hand and does not refuse here.
    pub contradictions: i64,
    /// Clusters, most calls first.
    pub clusters: Vec<DeniedCluster>,
    /// Their members.
    pub members: Vec<DeniedMember>,
}

impl DeniedFacts {
    /// Calls whose refusing layer is named.
    #[must_use]
    pub fn layer_named(&self) -> i64 {
        self.layer_by_message + self.layer_by_network_activity + self.layer_by_evaluation
    }

    /// The clusters with most calls.
    #[must_use]
    pub fn top(&self) -> &[DeniedCluster] {
        self.clusters.get(..SHOWN).unwrap_or(&self.clusters)
    }

    /// The columns of table `denied_clusters`.
    #[must_use]
    pub fn columns(&self) -> Vec<(&'static str, ColumnOf)> {
        let rows = &self.clusters;
        let text = |get: &dyn Fn(&DeniedCluster) -> Option<String>| ColumnOf::Text(rows.iter().map(|r| get(r).filter(|t| !t.is_empty())).collect());
        let int = |get: &dyn Fn(&DeniedCluster) -> i64| ColumnOf::Int(rows.iter().map(|r| Some(get(r))).collect());
        vec![
            ("cluster_id", text(&|r| Some(r.id.clone()))),
            ("account", text(&|r| Some(r.account.clone()))),
            ("subject", text(&|r| Some(r.subject.clone()))),
            ("layer", text(&|r| r.layer.map(str::to_owned))),
            ("known_by", text(&|r| Some(r.known_by.to_owned()))),
            ("effect", text(&|r| r.effect.map(str::to_owned))),
            ("policy", text(&|r| r.policy.clone())),
            ("statement", text(&|r| r.statement.clone())),
            ("not_known", text(&|r| Some(r.not_known.clone()))),
            ("action", text(&|r| Some(r.action.clone()))),
            ("actions", text(&|r| Some(listed(&r.actions)))),
            ("action_count", int(&|r| size(r.action_count))),
            ("resource", text(&|r| Some(r.resource.clone()))),
            ("resources", text(&|r| Some(listed(&r.resources)))),
            ("resource_count", int(&|r| size(r.resource_count))),
            ("principals", text(&|r| Some(listed(&r.principals)))),
            ("principal_count", int(&|r| size(r.principal_count))),
            ("error_codes", text(&|r| Some(listed(&r.error_codes)))),
            ("calls", int(&|r| r.calls)),
            ("share_permille", int(&|r| r.share_permille)),
            ("address_count", int(&|r| size(r.address_count))),
            ("day_count", int(&|r| size(r.day_count))),
            ("first_seen_ms", int(&|r| r.seen_ms.0)),
            ("last_seen_ms", int(&|r| r.seen_ms.1)),
            ("sample_event_ids", text(&|r| Some(r.samples.join("; ")))),
            ("verdict", text(&|r| Some(r.verdict.to_owned()))),
            ("verdict_reason", text(&|r| Some(r.reason.clone()))),
            ("change_what", text(&|r| Some(r.change.what.clone()))),
            ("change_belongs", text(&|r| Some(r.change.belongs.clone()))),
            ("change_statement", text(&|r| Some(r.change.statement.clone()))),
            ("change_after", text(&|r| Some(r.change.after.to_owned()))),
            ("change_then", text(&|r| Some(r.change.then.clone()))),
        ]
    }

    /// The columns of table `denied_calls`.
    #[must_use]
    pub fn member_columns(&self) -> Vec<(&'static str, ColumnOf)> {
        let rows = &self.members;
        let text = |get: &dyn Fn(&DeniedMember) -> Option<String>| ColumnOf::Text(rows.iter().map(get).collect());
        let int = |get: &dyn Fn(&DeniedMember) -> i64| ColumnOf::Int(rows.iter().map(|r| Some(get(r))).collect());
        vec![
            ("cluster_id", text(&|r| Some(r.cluster.clone()))),
            ("account", text(&|r| Some(r.account.clone()))),
            ("principal_key", text(&|r| r.principal_key.clone())),
            ("principal_arn", text(&|r| r.principal_arn.clone())),
            ("action", text(&|r| Some(r.action.clone()))),
            ("resource", text(&|r| Some(r.resource.clone()))),
            ("layer", text(&|r| r.layer.map(str::to_owned))),
            ("known_by", text(&|r| Some(r.known_by.to_owned()))),
            ("effect", text(&|r| r.effect.map(str::to_owned))),
            ("calls", int(&|r| r.calls)),
            ("first_seen_ms", int(&|r| r.seen_ms.0)),
            ("last_seen_ms", int(&|r| r.seen_ms.1)),
        ]
    }
}

fn size(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// Names with their calls, `; ` between them.
fn listed(list: &[(String, i64)]) -> String {
    list.iter().map(|(name, calls)| format!("{name} ({calls})")).collect::<Vec<_>>().join("; ")
}

/// A share in percent, with one digit.
fn percent(permille: i64) -> String {
    format!("{}.{} %", permille / 10, permille % 10)
}

/// What refused, in a few words: `explicit deny in scp p-1 / DenyRegions`, `no identity policy allows`.
#[must_use]
pub fn cause_text(c: &DeniedCluster) -> String {
    let layer = c.layer.map_or("layer not known", |l| l);
    match (c.effect, &c.policy) {
        (Some("explicit"), Some(policy)) => {
            let statement = c.statement.as_ref().map(|s| format!(" / {s}")).unwrap_or_default();
            format!("explicit deny in {layer}: {policy}{statement}")
        }
        (Some("explicit"), None) => format!("explicit deny in {layer}, statement not known"),
        (Some("implicit"), _) if c.layer.is_some() => format!("no {layer} policy allows"),
        _ if c.layer.is_some() => format!("refused by {layer}"),
        _ => layer.to_owned(),
    }
}

/// Who was refused, in a few words.
#[must_use]
pub fn who_text(c: &DeniedCluster) -> String {
    match (c.principals.first(), c.principal_count) {
        (Some((one, _)), 1) => one.clone(),
        (Some((one, _)), n) => format!("{one} and {} more", n - 1),
        (None, _) => "nobody named".to_owned(),
    }
}

/// `denied` of `run.json`.
#[must_use]
pub fn counters(facts: &DeniedFacts) -> Value {
    json!({
        "calls": facts.calls, "clusters": facts.clusters.len(), "layer_named": facts.layer_named(),
        "layer_by_message": facts.layer_by_message, "layer_by_network_activity": facts.layer_by_network_activity,
        "layer_by_evaluation": facts.layer_by_evaluation, "explained": facts.explained, "contradictions": facts.contradictions,
        "by_verdict": by_verdict(facts),
    })
}

fn by_verdict(facts: &DeniedFacts) -> Value {
    let mut all = serde_json::Map::new();
    for word in ["mistake", "probing", "guard", "scanner", "mended", "cannot-tell"] {
        let calls: i64 = facts.clusters.iter().filter(|c| c.verdict == word).map(|c| c.calls).sum();
        all.insert(word.to_owned(), calls.into());
    }
    all.into()
}

/// The summary's section; empty where nothing was refused.
#[must_use]
pub fn summary(model: &ReportModel) -> String {
    let facts = &model.denied;
    if facts.calls == 0 {
        return String::new();
    }
    let mut out = format!(
        "\n## Where do the 403s come from\n\n{} denied calls, {} root causes; the refusing layer is named for {}, the cause explained for {} (tables/denied\\_clusters.csv). What would allow a call is no advice to allow it.\n\n",
        facts.calls,
        facts.clusters.len(),
        percent(facts.layer_named().saturating_mul(1000) / facts.calls),
        percent(facts.explained.saturating_mul(1000) / facts.calls)
    );
    out.push_str("| share | calls | what | who | why refused | should it be allowed? |\n|---:|---:|---|---|---|---|\n");
    for c in facts.top() {
        out.push_str(&format!(
            "| {} | {} | {} on {} | {} | {} | {}: {} |\n",
            percent(c.share_permille),
            c.calls,
            markdown(&c.action),
            markdown(&c.resource),
            markdown(&who_text(c)),
            markdown(&cause_text(c)),
            c.verdict,
            markdown(&c.reason)
        ));
    }
    if facts.clusters.len() > SHOWN {
        out.push_str(&format!("\n{} more causes in tables/denied\\_clusters.csv.\n", facts.clusters.len() - SHOWN));
    }
    out
}

/// A cluster as JSON, for `explain`.
#[must_use]
pub fn to_json(columns: &[String], row: &[String]) -> Value {
    let is_list = |c: &str| matches!(c, "actions" | "resources" | "principals" | "error_codes" | "sample_event_ids");
    let is_number = |c: &str| matches!(c, "calls" | "share_permille") || c.ends_with("_count") || c.ends_with("_ms");
    let value = |c: &str, v: &str| match v {
        "" => Value::Null,
        v if is_list(c) => v.split("; ").collect(),
        v if is_number(c) => v.parse::<i64>().map_or(Value::Null, Value::from),
        v => v.into(),
    };
    columns.iter().zip(row).map(|(c, v)| (c.clone(), value(c, v))).collect::<serde_json::Map<String, Value>>().into()
}
