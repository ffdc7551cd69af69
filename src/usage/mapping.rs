//! How the events of a store were mapped: the figures of `rules mapping --measure` and of `run.json`, from one set of
//! queries.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::engine::{Engine, UsageError, Window};

/// Events of one kind.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PairFigures {
    /// Event source, a host name.
    pub source: String,
    /// Event name.
    pub name: String,
    /// Events that were mapped to actions.
    pub mapped: i64,
    /// Events that need no permission of the caller.
    pub no_permission: i64,
    /// Events for which the reference has no action.
    pub not_known: i64,
}

/// How the events of the store were mapped, all days.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct MappingFigures {
    /// By kind of event.
    pub pairs: Vec<PairFigures>,
    /// Action rows by where their resource came from.
    pub provenance: BTreeMap<String, i64>,
    /// Events with an action that takes a resource.
    pub events_with_resource: i64,
    /// Of these, events whose every action names its resources.
    pub events_with_concrete_arn: i64,
    /// Action, resource type (if one is told) and action rows that are left with a pattern, most first.
    pub unresolved: Vec<(String, Option<String>, i64)>,
}

/// One action of one event; one row without an action for an event that has none.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct EventAction {
    /// The event's id.
    pub event_id: String,
    /// Event source, a host name.
    pub source: String,
    /// Event name.
    pub name: String,
    /// mapped, no-permission or unknown.
    pub mapping: String,
    /// The action.
    pub action: Option<String>,
    /// Its resource.
    pub resource: Option<String>,
    /// The resource's type.
    pub resource_type: Option<String>,
    /// Where the resource came from.
    pub provenance: Option<String>,
    /// Whether the action was read from parameters of another call.
    pub derived: bool,
}

/// The figures of a store.
///
/// # Errors
/// [`UsageError`] when a part file cannot be read or a query fails.
pub fn figures_of(events: &[PathBuf], event_actions: &[PathBuf]) -> Result<MappingFigures, UsageError> {
    let mut engine = Engine::open(events, event_actions, all_days())?;
    of(&mut engine)
}

/// Every event with its actions, in order of file and record.
///
/// # Errors
/// [`UsageError`] when a part file cannot be read or a query fails.
pub fn events_of(events: &[PathBuf], event_actions: &[PathBuf]) -> Result<Vec<EventAction>, UsageError> {
    let mut engine = Engine::open(events, event_actions, all_days())?;
    engine
        .run("mapping_events", include_str!("../../queries/mapping_events.sql"))?
        .rows()
        .map(|row| {
            Ok(EventAction {
                event_id: row.need_text("event_id")?,
                source: row.need_text("event_source")?,
                name: row.need_text("event_name")?,
                mapping: row.need_text("mapping")?,
                action: row.text("action")?,
                resource: row.text("resource_arn")?,
                resource_type: row.text("resource_type")?,
                provenance: row.text("arn_provenance")?,
                derived: row.boolean("derived")?.unwrap_or(false),
            })
        })
        .collect()
}

fn all_days() -> Window {
    Window { start_ms: i64::MIN, end_ms: i64::MAX }
}

/// The figures of the engine's store.
pub(super) fn of(engine: &mut Engine) -> Result<MappingFigures, UsageError> {
    let mut figures = MappingFigures::default();
    for row in engine.run("mapping_pairs", include_str!("../../queries/mapping_pairs.sql"))?.rows() {
        figures.pairs.push(PairFigures {
            source: row.need_text("event_source")?,
            name: row.need_text("event_name")?,
            mapped: row.need_int("mapped")?,
            no_permission: row.need_int("no_permission")?,
            not_known: row.need_int("not_known")?,
        });
    }
    // The actions of an event are all of its day.
    engine.run_by_days("mapping_arns", include_str!("../../queries/mapping_arns.sql"), |table| {
        for row in table.rows() {
            *figures.provenance.entry(row.need_text("arn_provenance")?).or_default() += row.need_int("action_rows")?;
        }
        // These stand in every row alike.
        if let Some(row) = table.rows().next() {
            figures.events_with_resource += row.need_int("events_with_resource")?;
            figures.events_with_concrete_arn += row.need_int("events_with_concrete_arn")?;
        }
        Ok(())
    })?;
    for row in engine.run("mapping_unresolved", include_str!("../../queries/mapping_unresolved.sql"))?.rows() {
        figures.unresolved.push((row.need_text("action")?, row.text("resource_type")?, row.need_int("action_rows")?));
    }
    Ok(figures)
}
