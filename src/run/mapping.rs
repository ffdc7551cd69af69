//! `rules mapping --measure`: how well the events of some logs are mapped. Same ingest, same queries and same figures as
//! the nightly run, over a state folder that lives as long as the command.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::{RunError, RunOptions, reference};
use crate::ingest::source::Keep;
use crate::ingest::{IngestSummary, Ledger};
use crate::reference::{Reference, SkippedRow};
use crate::reference::mapping::{Mapper, RowText};
use crate::report::escape::short;
use crate::report::model::MappingFacts;
use crate::usage::mapping::{EventAction, MappingFigures, events_of, figures_of};

/// How many unknown kinds of event and unresolved types are listed.
const LISTED: usize = 20;

/// What was measured.
pub struct Measured {
    /// What was read.
    pub ingested: IngestSummary,
    /// The figures.
    pub mapping: MappingFacts,
    /// Every event with its actions, one JSON object each, if asked for.
    pub events: Vec<Value>,
}

/// Measures the mapping of logs.
///
/// # Errors
/// [`RunError`] when the logs cannot be listed, hold no event, or no temporary folder can be made.
pub fn measure(logs: &[PathBuf], quiet: bool, each: bool) -> Result<Measured, RunError> {
    let temporary = std::env::temp_dir();
    let state = tempfile::tempdir().map_err(|source| RunError::Write { path: temporary, source })?;
    let options = RunOptions {
        logs: logs.to_vec(),
        keep: Keep::default(),
        digests: None,
        grants: Vec::new(),
        state: state.path().to_owned(),
        out: PathBuf::new(),
        window_days: 0,
        keep_days: None,
        now_ms: 0,
        config: None,
        from_usage: false,
        quiet,
        known_accounts: None,
        mmdb: Vec::new(),
        iac_map: None,
        suppressions: None,
        timings: false,
        html_max_mb: 0,
        tickets: false,
        ticket_template: None,
        redact: false,
        redact_key: None,
    };
    let ingested = super::ingest(&options)?;
    let ledger = Ledger::open(state.path())?;
    let parts = |table: &str| ledger.parts(table).iter().map(|p| state.path().join(p)).collect::<Vec<_>>();
    let (events, actions) = (parts("events"), parts("event_actions"));
    if events.is_empty() {
        return Err(RunError::NoEvents);
    }
    let mapping = facts(&figures_of(&events, &actions)?, reference()?);
    let events = if each { grouped(&events_of(&events, &actions)?) } else { Vec::new() };
    Ok(Measured { ingested, mapping, events })
}

/// The rows of the exceptions table, and those of them that the reference has no action or type for.
///
/// # Errors
/// [`RunError::Reference`] when the table is damaged.
pub fn rules() -> Result<(Vec<RowText>, Vec<SkippedRow>), RunError> {
    let mapper = Mapper::new(reference()?).map_err(|e| RunError::Reference(e.to_string()))?;
    Ok((mapper.rules().to_vec(), mapper.skipped_rows().to_vec()))
}

/// The figures as reports show them. A kind of event counts as mapped when any event of it was: the same call may come
/// from a user and, without need of a permission, from a service.
pub fn facts(figures: &MappingFigures, reference: &Reference) -> MappingFacts {
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let of = |holds: &dyn Fn(&(i64, i64, i64)) -> bool| count(figures.pairs.iter().filter(|p| holds(&(p.mapped, p.no_permission, p.not_known))).count());
    let mut unknown: Vec<(String, i64)> = figures
        .pairs
        .iter()
        .filter(|p| p.not_known > 0)
        .map(|p| (short(&format!("{} {}", p.source, p.name)), p.not_known))
        .collect();
    unknown.sort_by(|a, b| (b.1, &a.0).cmp(&(a.1, &b.0)));
    unknown.truncate(LISTED);
    let foreign = figures.pairs.iter().filter(|p| p.mapped == 0 && p.not_known > 0 && reference.is_foreign(&p.source, &p.name));
    let unresolved = figures.unresolved.iter().take(LISTED);
    let sum = |part: &dyn Fn(&crate::usage::mapping::PairFigures) -> i64| figures.pairs.iter().map(part).sum::<i64>();
    MappingFacts {
        pairs: count(figures.pairs.len()),
        pairs_mapped: of(&|(mapped, _, _)| *mapped > 0),
        pairs_no_permission: of(&|(mapped, none, unknown)| *mapped == 0 && *unknown == 0 && *none > 0),
        pairs_unknown: of(&|(mapped, _, unknown)| *mapped == 0 && *unknown > 0),
        pairs_foreign: count(foreign.count()),
        events: sum(&|p| p.mapped + p.no_permission + p.not_known),
        events_mapped: sum(&|p| p.mapped),
        events_no_permission: sum(&|p| p.no_permission),
        events_unknown: sum(&|p| p.not_known),
        events_with_resource: figures.events_with_resource,
        events_with_concrete_arn: figures.events_with_concrete_arn,
        provenance: figures.provenance.clone(),
        top_unknown: unknown,
        top_unresolved: unresolved
            .map(|(action, kind, rows)| (action.clone(), kind.clone().unwrap_or_else(|| "not told".to_owned()), *rows))
            .collect(),
    }
}

/// One object for each event, its actions in a list.
fn grouped(rows: &[EventAction]) -> Vec<Value> {
    rows.chunk_by(|a, b| a.event_id == b.event_id)
        .filter_map(|rows| {
            let first = rows.first()?;
            let actions: Vec<Value> = rows
                .iter()
                .filter(|r| r.action.is_some())
                .map(|r| {
                    json!({"action": r.action, "resource": r.resource, "resource_type": r.resource_type, "provenance": r.provenance,
                           "derived": r.derived})
                })
                .collect();
            Some(json!({"event_id": first.event_id, "event_source": first.source, "event_name": first.name, "mapping": first.mapping,
                        "actions": actions}))
        })
        .collect()
}
