//! `trailtrim explain`: why an event was denied; why an action was kept, dropped or narrowed; what a finding means
//! (design.md section 3). Reads the store and the folder of a run; nothing is worked out anew.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::run_folder::{RunFolder, problem};
use super::{RunError, lock};
use crate::ingest::Ledger;
use crate::report::denied_text::to_json;
use crate::report::escape::visible;
use crate::report::explain_text::{ActionFacts, Cells, EventFacts, Explained, FindingFacts, GrantRow};
use crate::report::model::day;
use crate::report::reports;
use crate::usage::event_by_id::{StoredEvent, event_by_id};

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Event id, finding uid, or ARN.
    pub what: &'a str,
    /// With an ARN: the action.
    pub action: Option<&'a str>,
    /// State folder; needed for events.
    pub state: Option<&'a Path>,
    /// The folder that a run wrote.
    pub out: &'a Path,
}

/// Why nothing was explained.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// The store cannot be used.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A file of the folder is not as a run writes it, or what was asked makes no sense; safe for a terminal.
    #[error("{0}")]
    Asked(String),
    /// Nothing of this is known; safe for a terminal.
    #[error("{0}")]
    NotFound(String),
}

impl ExplainError {
    /// The exit code: 3 where nothing is known of what was asked.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            ExplainError::Run(e) => e.exit_code(),
            ExplainError::Asked(_) => 2,
            ExplainError::NotFound(_) => 3,
        }
    }
}

/// Whether a text has the form of a finding's uid.
fn is_uid(text: &str) -> bool {
    text.len() == 20 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Explains what was asked.
///
/// # Errors
/// [`ExplainError`].
pub fn explain(asked: &Asked<'_>) -> Result<Explained, ExplainError> {
    let run = RunFolder::open(asked.out).map_err(ExplainError::Asked)?;
    if asked.what.starts_with("arn:") {
        let Some(action) = asked.action else {
            return Err(ExplainError::Asked("name an action after the ARN: `trailtrim explain ARN s3:GetObject`".to_owned()));
        };
        return action_of(&run, asked.what, action);
    }
    if let Some(action) = asked.action {
        return Err(ExplainError::Asked(visible(&format!("`{action}` stands beside an ARN only, and `{}` is none", asked.what))));
    }
    if is_uid(asked.what)
        && let Some(finding) = finding(&run, asked.what)?
    {
        return Ok(Explained::Finding(Box::new(finding)));
    }
    let Some(state) = asked.state else {
        let what = format!("no finding of the run has the uid `{}`; for an event name the state folder with --state", asked.what);
        return Err(if is_uid(asked.what) { ExplainError::NotFound(visible(&what)) } else { ExplainError::Asked(visible(&what)) });
    };
    if run.is_redacted {
        // The events of the state folder are not.
        return Err(ExplainError::Asked(problem(asked.out, "this run is redacted; events are explained beside one that is not")));
    }
    events(&run, state, asked.what)
}

/// The row of the clusters' table with an id.
fn cluster(run: &RunFolder, id: &str) -> Result<Option<Cells>, ExplainError> {
    let (header, rows) = run.rows_with("denied_clusters", "cluster_id", id).map_err(ExplainError::Asked)?;
    Ok(rows.first().and_then(|row| to_json(&header, row).as_object().cloned()))
}

/// Where an action is granted to somebody, and what became of it.
fn grants(run: &RunFolder, arn: &str, action: &str) -> Result<Vec<GrantRow>, ExplainError> {
    let owners = run.owners().map_err(ExplainError::Asked)?;
    let others = run.held_from(arn, &owners).map_err(ExplainError::Asked)?;
    let mut found = Vec::new();
    for owner in others.iter().map(String::as_str).chain([arn]) {
        let Some(folder) = owners.get(owner) else { continue };
        let path = folder.join("evidence.json");
        let text = super::run_folder::read(&path).map_err(ExplainError::Asked)?;
        let all: Value = serde_json::from_str(&text).map_err(|e| ExplainError::Asked(problem(&path, e)))?;
        for policy in all.get("policies").and_then(Value::as_array).into_iter().flatten() {
            let text = |field: &str| policy.get(field).and_then(Value::as_str).unwrap_or("").to_owned();
            for row in policy.get("evidence").and_then(Value::as_array).into_iter().flatten().filter(|row| tells_of(row, action)) {
                let mut evidence = row.clone();
                // One of many of which the same is said.
                if let Some(fields) = evidence.as_object_mut() {
                    fields.remove("actions");
                }
                found.push(GrantRow {
                    owner: owner.to_owned(),
                    policy: text("policy"),
                    placement: text("placement"),
                    status: text("status"),
                    why: text("why"),
                    evidence,
                    file: path.display().to_string(),
                });
            }
        }
    }
    Ok(found)
}

/// Whether a row of evidence is about an action: by name, in its list, or as one of all of a service.
fn tells_of(row: &Value, action: &str) -> bool {
    let service = action.split(':').next().unwrap_or("");
    let is_it = |name: &Value| {
        let name = name.as_str().unwrap_or("");
        name.eq_ignore_ascii_case(action) || name.strip_suffix(":*").is_some_and(|all| all.eq_ignore_ascii_case(service))
    };
    row.get("action").is_some_and(is_it) || row.get("actions").and_then(Value::as_array).is_some_and(|list| list.iter().any(is_it))
}

fn action_of(run: &RunFolder, arn: &str, action: &str) -> Result<Explained, ExplainError> {
    let mut facts = ActionFacts { arn: arn.to_owned(), action: action.to_owned(), grants: grants(run, arn, action)?, ..ActionFacts::default() };
    let left = run.left_alone(arn).map_err(ExplainError::Asked)?;
    facts.left_alone = left.into_iter().map(|l| [l.policy, l.why]).collect();
    let (header, rows) = run.rows_with("denied_calls", "principal_arn", &visible(arn)).map_err(ExplainError::Asked)?;
    let place = |name: &str| header.iter().position(|h| h == name);
    let cell = |row: &[String], name: &str| place(name).and_then(|at| row.get(at)).cloned().unwrap_or_default();
    let mut ids: Vec<String> = rows.iter().filter(|r| cell(r, "action").eq_ignore_ascii_case(action)).map(|r| cell(r, "cluster_id")).collect();
    ids.sort();
    ids.dedup();
    for id in ids {
        facts.clusters.extend(cluster(run, &id)?);
    }
    if facts.grants.is_empty() && facts.left_alone.is_empty() && facts.clusters.is_empty() {
        let is_known = run.is_exported(arn).map_err(ExplainError::Asked)?;
        if !is_known {
            let owners = run.owners().map_err(ExplainError::Asked)?;
            return Err(ExplainError::NotFound(run.unknown(arn, &owners)));
        }
    }
    Ok(Explained::Action(facts))
}

fn finding(run: &RunFolder, uid: &str) -> Result<Option<FindingFacts>, ExplainError> {
    let all = run.json("findings.json").map_err(ExplainError::Asked)?;
    let list = all.get("findings").and_then(Value::as_array);
    let Some(found) = list.into_iter().flatten().find(|f| f.get("uid").and_then(Value::as_str) == Some(uid)) else { return Ok(None) };
    let text = |field: &str| found.get(field).and_then(Value::as_str).unwrap_or("");
    let report = reports().map_err(RunError::from)?.into_iter().find(|r| r.id == text("report"));
    let owners = run.owners().map_err(ExplainError::Asked)?;
    let files: Vec<PathBuf> = owners.get(text("resource")).map(|folder| folder.join("evidence.json")).into_iter().collect();
    Ok(Some(FindingFacts { finding: found.clone(), report, files: files.iter().map(|f| f.display().to_string()).collect() }))
}

fn fields(event: &StoredEvent) -> Cells {
    let text = |value: &Option<String>| value.clone().map_or(Value::Null, Value::from);
    let time = jiff::Timestamp::from_millisecond(event.event_time_ms).map(|t| t.to_string()).unwrap_or_default();
    let all: [(&str, Value); 15] = [
        ("event_id", event.event_id.clone().into()),
        ("time", time.into()),
        ("account", text(&event.account)),
        ("region", text(&event.region)),
        ("event_source", event.event_source.clone().into()),
        ("event_name", event.event_name.clone().into()),
        ("outcome", event.outcome.clone().into()),
        ("error_code", text(&event.error_code)),
        ("error_message", text(&event.error_message)),
        ("principal_key", text(&event.principal_key)),
        ("principal_arn", text(&event.principal_arn)),
        ("principal_type", text(&event.principal_type)),
        ("source_ip", text(&event.source_ip)),
        ("source_file", text(&event.source_file)),
        ("record_index", event.record_index.map_or(Value::Null, Value::from)),
    ];
    all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Map<String, Value>>()
}

/// The cluster of a denied event: the caller's row that has its action, its resource if possible, and its time.
fn cluster_of(run: &RunFolder, event: &StoredEvent) -> Result<Option<Cells>, ExplainError> {
    let by = match (&event.principal_arn, &event.principal_key) {
        (Some(arn), _) => [("principal_arn", arn.as_str()), ("principal_key", event.principal_key.as_deref().unwrap_or(""))],
        (None, Some(key)) => [("principal_key", key.as_str()), ("principal_arn", "")],
        (None, None) => [("principal_key", ""), ("principal_arn", "")],
    };
    let said = event.error_message.as_deref().and_then(crate::aws::denial::parse).unwrap_or_default();
    let service = event.event_source.split('.').next().unwrap_or("");
    let own = format!("{service}:{}", event.event_name);
    let named: Vec<(&str, Option<&str>)> = said
        .action
        .iter()
        .map(|a| (a.as_str(), said.resource.as_deref()))
        .chain(event.actions.iter().filter_map(|a| Some((a.action.as_deref()?, a.resource_arn.as_deref()))))
        .chain([(own.as_str(), None)])
        .collect();
    for (column, value) in by {
        let (header, rows) = run.rows_with("denied_calls", column, &visible(value)).map_err(ExplainError::Asked)?;
        let cell = |row: &'_ Vec<String>, name: &str| header.iter().position(|h| h == name).and_then(|at| row.get(at)).cloned().unwrap_or_default();
        let ms = |row: &Vec<String>, name: &str| cell(row, name).parse::<i64>().unwrap_or(0);
        let then: Vec<&Vec<String>> = rows.iter().filter(|r| ms(r, "first_seen_ms") <= event.event_time_ms && event.event_time_ms <= ms(r, "last_seen_ms")).collect();
        for (action, resource) in &named {
            let same: Vec<&&Vec<String>> = then.iter().filter(|r| cell(r, "action").eq_ignore_ascii_case(action)).collect();
            let layer = |r: &Vec<String>| said.policy_type.is_none_or(|t| cell(r, "layer") == t);
            let exact = same.iter().find(|r| layer(r) && resource.is_some_and(|res| cell(r, "resource") == visible(res)));
            if let Some(row) = exact.or_else(|| same.iter().find(|r| layer(r))).or(same.first()) {
                return cluster(run, &cell(row, "cluster_id"));
            }
        }
    }
    Ok(None)
}

fn events(run: &RunFolder, state: &Path, id: &str) -> Result<Explained, ExplainError> {
    if !state.is_dir() {
        return Err(ExplainError::Asked(problem(state, "no state folder: name that of `trailtrim run` with --state")));
    }
    let _lock = lock(state)?;
    let ledger = Ledger::open(state).map_err(RunError::from)?;
    let parts = |table: &str| ledger.parts(table).iter().map(|p| state.join(p)).collect::<Vec<_>>();
    let found = event_by_id(&parts("events"), &parts("event_actions"), id).map_err(RunError::from)?;
    if found.is_empty() {
        return Err(ExplainError::NotFound(visible(&format!("neither the state folder has an event nor the run a finding `{id}`"))));
    }
    let window_end = run.json("run.json").map_err(ExplainError::Asked)?;
    let as_of = window_end.pointer("/window/as_of_ms").and_then(Value::as_i64);
    let mut out = Vec::new();
    for event in found {
        let word = |text: &Option<String>, absent: &str| text.clone().unwrap_or_else(|| absent.to_owned());
        let mut facts = EventFacts {
            fields: fields(&event),
            actions: event.actions.iter().map(|a| [word(&a.action, "no known action"), word(&a.resource_arn, "*"), word(&a.outcome, "")]).collect(),
            ..EventFacts::default()
        };
        match event.outcome.as_str() {
            "denied" => {
                facts.cluster = cluster_of(run, &event)?;
                if facts.cluster.is_none() {
                    facts.no_cluster = format!("the run, as of {}, has no denied call like it: it is outside its window, or came later", day(as_of));
                }
            }
            "allowed" => {
                for action in event.actions.iter().filter_map(|a| a.action.as_deref()) {
                    if let Some(arn) = &event.principal_arn {
                        facts.grants.extend(grants(run, arn, action)?);
                    }
                }
            }
            _ => facts.no_cluster = "the call failed in a way that may come before any policy is asked: that is no denial".to_owned(),
        }
        out.push(facts);
    }
    Ok(Explained::Events(out))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_row_of_evidence_tells_of_an_action_by_name_list_or_service() {
        assert!(tells_of(&json!({"action": "s3:GetObject"}), "S3:getobject"));
        assert!(tells_of(&json!({"actions": ["ec2:*", "s3:ListBucket"]}), "ec2:RunInstances"));
        assert!(tells_of(&json!({"actions": ["ec2:*", "s3:ListBucket"]}), "s3:ListBucket"));
        for other in [json!({"action": "s3:GetObjectAcl"}), json!({"actions": ["ec2:*"]}), json!({})] {
            assert!(!tells_of(&other, "s3:GetObject"), "{other}");
        }
        assert!(!tells_of(&json!({"actions": ["ec2:*"]}), "ec2messages:GetMessages"));
    }

    #[test]
    fn uids_are_twenty_hexadecimal_digits() {
        assert!(is_uid("0123456789abcdef0123") && !is_uid("0123456789abcdef012") && !is_uid("7c5d6f2e-0000-1111-2222-333344445555"));
    }
}
