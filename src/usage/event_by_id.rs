//! One event of the store, by its id, with its actions.

use std::path::PathBuf;

use super::engine::{Engine, UsageError, Window};

/// An action of an event on a resource.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EventAction {
    /// IAM action; `None` where the reference has none for the event.
    pub action: Option<String>,
    /// ARN, pattern or `*`.
    pub resource_arn: Option<String>,
    /// `allowed`, `denied` or `error`.
    pub outcome: Option<String>,
}

/// An event as the store has it. Several records may share an id; each is one of these.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredEvent {
    /// Its id.
    pub event_id: String,
    /// When, epoch ms.
    pub event_time_ms: i64,
    /// Whose log.
    pub account: Option<String>,
    /// Region.
    pub region: Option<String>,
    /// `eventSource`.
    pub event_source: String,
    /// `eventName`.
    pub event_name: String,
    /// `allowed`, `denied` or `error`.
    pub outcome: String,
    /// `errorCode`.
    pub error_code: Option<String>,
    /// `errorMessage`.
    pub error_message: Option<String>,
    /// The caller's unique id.
    pub principal_key: Option<String>,
    /// The caller's ARN; of a session its role's.
    pub principal_arn: Option<String>,
    /// `userIdentity.type`.
    pub principal_type: Option<String>,
    /// Address or service of the caller.
    pub source_ip: Option<String>,
    /// Log file.
    pub source_file: Option<String>,
    /// Place in it, from 0.
    pub record_index: Option<i64>,
    /// Its actions.
    pub actions: Vec<EventAction>,
}

/// Looks an event up.
///
/// # Errors
/// [`UsageError`] when a part file cannot be read or the query fails.
pub fn event_by_id(events: &[PathBuf], event_actions: &[PathBuf], event_id: &str) -> Result<Vec<StoredEvent>, UsageError> {
    let mut engine = Engine::open(events, event_actions, Window { start_ms: i64::MIN, end_ms: i64::MAX })?;
    engine.add_wanted(event_id)?;
    let table = engine.run("event_by_id", include_str!("../../queries/event_by_id.sql"))?;
    let mut out: Vec<StoredEvent> = Vec::new();
    for row in table.rows() {
        let action = EventAction { action: row.text("action")?, resource_arn: row.text("resource_arn")?, outcome: row.text("action_outcome")? };
        let has_action = action.outcome.is_some();
        let (source_file, record_index) = (row.text("source_file")?, row.int("record_index")?);
        if let Some(last) = out.last_mut().filter(|e| e.source_file == source_file && e.record_index == record_index) {
            last.actions.push(action);
            continue;
        }
        out.push(StoredEvent {
            event_id: row.need_text("event_id")?,
            event_time_ms: row.need_int("event_time_ms")?,
            account: row.text("account")?,
            region: row.text("region")?,
            event_source: row.need_text("event_source")?,
            event_name: row.need_text("event_name")?,
            outcome: row.need_text("outcome")?,
            error_code: row.text("error_code")?,
            error_message: row.text("error_message")?,
            principal_key: row.text("principal_key")?,
            principal_arn: row.text("principal_arn")?,
            principal_type: row.text("principal_type")?,
            source_ip: row.text("source_ip")?,
            source_file,
            record_index,
            actions: has_action.then_some(action).into_iter().collect(),
        });
    }
    Ok(out)
}
