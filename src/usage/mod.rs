//! From events to use: who was authorised to do what, on what, how often and when.
//!
//! The definition of use is `queries/usage.sql`; this room runs it (and its small sisters) over the event
//! store. Only authorised calls are use: a denied call counted here would keep a permission that nobody has,
//! a missing call would take one away that somebody needs.

mod added;
pub mod assumption_details;
pub mod assumptions;
pub mod by_caller;
pub mod chains;
pub mod coverage;
mod days;
#[cfg(test)]
mod days_test;
pub mod denied_calls;
pub mod engine;
pub mod eras;
pub mod event_by_id;
pub mod frames;
pub mod grant_changes;
pub mod large;
pub mod log_tables;
pub mod mapping;
pub mod principal_days;
pub mod session_calls;
pub mod use_days;

use std::collections::BTreeMap;
use std::path::PathBuf;

pub use assumption_details::Details;
pub use assumptions::{Assumption, assumptions_of};
pub use by_caller::{Calls, OfCaller};
pub use chains::Chain;
pub use coverage::{AccountCoverage, Class, Coverage, CoverageDay, CoverageRow, DayState};
pub use denied_calls::DeniedCallRow;
pub use engine::{UsageError, Window};
pub use eras::{EraCalls, Spans, era_calls};
pub use log_tables::{LogTables, used_actions};
pub use grant_changes::GrantChangeRow;
pub use principal_days::{PrincipalDays, principal_days_of};
pub use session_calls::{SessionCallRow, session_calls_of};
pub use use_days::{UseDays, use_days_of};

use added::Added;
use crate::aws::{Text, Texts};
use engine::{Engine, Shared, Table};

/// The account of a caller whose account the log does not tell.
const UNKNOWN_ACCOUNT: &str = "unknown";

/// How a call ended, as the store writes it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Authorised: no error, or an error that comes after authorisation (`NoSuchKey`).
    Allowed,
    /// Refused by a policy.
    Denied,
    /// Failed in a way that may precede authorisation (throttling, validation): weak evidence of use.
    Error,
}

/// One row of `queries/usage.sql`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UsageRow {
    /// The caller's account.
    pub account: Text,
    /// The caller's unique id (`AROA…`, `AIDA…`, the account id for root).
    pub principal_key: Text,
    /// The caller's ARN; for a session the role's ARN. `None` where the log only told an id.
    pub principal_arn: Option<Text>,
    /// `userIdentity.type`.
    pub principal_type: Option<Text>,
    /// Canonical action, `s3:GetObject`.
    pub action: Text,
    /// ARN, type-level ARN pattern, or `*`.
    pub resource_arn: Text,
    /// Where the ARN came from (`logged`, `parameter`, `response`, `override`, `type-wildcard`, `none`).
    pub provenance: Text,
    /// Region of the call.
    pub region: Option<Text>,
    /// Canonical JSON object of the condition keys that a decision may turn on.
    pub context_class: Text,
    /// Allowed, denied or error.
    pub outcome: Outcome,
    /// Number of calls.
    pub calls: i64,
    /// First call, epoch ms.
    pub first_seen_ms: i64,
    /// Last call, epoch ms.
    pub last_seen_ms: i64,
    /// One or two event ids to look up.
    pub samples: Vec<Text>,
}

impl UsageRow {
    /// The service that made the calls for the caller, with the caller's permissions; `None` where the caller called.
    #[must_use]
    pub fn called_via(&self) -> Option<String> {
        if !self.context_class.contains("aws:CalledVia") {
            return None;
        }
        let keys: serde_json::Value = serde_json::from_str(&self.context_class).ok()?;
        keys.get("aws:CalledVia")?.as_str().map(str::to_owned)
    }

    /// Whether the resource is a pattern (the log did not tell which resource), not a name.
    #[must_use]
    pub fn is_pattern(&self) -> bool {
        self.provenance == "type-wildcard"
    }
}

/// One row of `queries/denials.sql`: calls that a policy refused.
///
/// The `denied_…` fields are AWS's own word on which policy refused (`aws::denial` has its limits) and empty where
/// the message does not say so of this action, or where the store's version did not keep it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DenialRow {
    /// The caller's account.
    pub account: Text,
    /// The caller's unique id (`AROA…`, `AIDA…`, the account id for root).
    pub principal_key: Text,
    /// The caller's ARN; for a session the role's ARN. `None` where the log only told an id.
    pub principal_arn: Option<Text>,
    /// `userIdentity.type`.
    pub principal_type: Option<Text>,
    /// Canonical action, `s3:GetObject`.
    pub action: Text,
    /// ARN, type-level ARN pattern, or `*`.
    pub resource_arn: Text,
    /// Where the ARN came from, as in [`UsageRow::provenance`].
    pub arn_provenance: Text,
    /// Region of the call.
    pub region: Option<Text>,
    /// Canonical JSON object of the condition keys that a decision may turn on.
    pub context_class: Text,
    /// `errorCode`.
    pub error_code: Option<Text>,
    /// `explicit` or `implicit`.
    pub denied_effect: Option<Text>,
    /// `identity`, `resource`, `trust`, `boundary`, `session`, `scp`, `rcp` or `vpc_endpoint`.
    pub denied_policy_type: Option<Text>,
    /// The policy that refused.
    pub denied_policy_arn: Option<Text>,
    /// Number of calls.
    pub calls: i64,
    /// First call, epoch ms.
    pub first_seen_ms: i64,
    /// Last call, epoch ms.
    pub last_seen_ms: i64,
    /// An event id to look up.
    pub sample_event_first: Option<Text>,
    /// Another one; the same where there was one call.
    pub sample_event_last: Option<Text>,
}

impl DenialRow {
    /// Whether the resource is a pattern, not a name.
    #[must_use]
    pub fn is_pattern(&self) -> bool {
        self.arn_provenance == "type-wildcard"
    }
}

/// A call whose action the reference does not know.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnknownCall {
    /// The caller's account.
    pub account: Option<String>,
    /// The caller's unique id.
    pub principal_key: Option<String>,
    /// The caller's ARN.
    pub principal_arn: Option<String>,
    /// `eventSource`.
    pub event_source: String,
    /// `eventName`.
    pub event_name: String,
    /// Number of calls.
    pub calls: i64,
}

/// What one principal did, over all days in the store.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Activity {
    /// The principal's account.
    pub account: Option<String>,
    /// The principal's unique id.
    pub principal_key: String,
    /// The principal's ARN.
    pub principal_arn: Option<String>,
    /// `userIdentity.type`.
    pub principal_type: Option<String>,
    /// Authorised, denied and failed calls.
    pub calls: [i64; 3],
    /// First authorised call.
    pub first_allowed_ms: Option<i64>,
    /// Last authorised call.
    pub last_allowed_ms: Option<i64>,
    /// Last denied call.
    pub last_denied_ms: Option<i64>,
}

/// What one long-lived access key did in the window.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyActivity {
    /// The owner's account.
    pub account: Option<String>,
    /// The owner's unique id.
    pub principal_key: Option<String>,
    /// The owner's ARN.
    pub principal_arn: Option<String>,
    /// The key's id.
    pub access_key_id: String,
    /// Authorised calls.
    pub calls: i64,
    /// First and last of them.
    pub seen_ms: (i64, i64),
    /// Distinct source addresses.
    pub addresses: i64,
    /// Distinct event sources.
    pub services: i64,
}

/// Everything later stages read from the logs.
#[derive(Clone, Debug, Default)]
pub struct Usage {
    /// Use inside the window.
    pub rows: Vec<UsageRow>,
    /// Use before the window (for "last used before the window").
    pub history: Vec<UsageRow>,
    /// Days of use before the window, of what was not used in it.
    pub use_days: Vec<UseDays>,
    /// Refused calls inside the window.
    pub denials: Vec<DenialRow>,
    /// Refused calls inside the window, each once, with those of unknown actions and callers.
    pub denied_calls: Vec<DeniedCallRow>,
    /// Calls in sessions that session policies bound, inside the window; they stand in `rows` and `denials` too.
    pub session_calls: Vec<SessionCallRow>,
    /// Calls without a known action, inside the window.
    pub unknown_calls: Vec<UnknownCall>,
    /// Per principal, all days.
    pub activity: Vec<Activity>,
    /// Per principal and day, inside the window.
    pub principal_days: PrincipalDays,
    /// Per access key, inside the window.
    pub keys: Vec<KeyActivity>,
    /// Role assumptions inside the window.
    pub assumptions: Vec<Assumption>,
    /// Changes of grants, all days.
    pub grant_changes: Vec<GrantChangeRow>,
    /// Which days of which account the logs cover.
    pub coverage: Coverage,
    /// Small tables that only reports read.
    pub log_tables: LogTables,
    /// How events were mapped, all days.
    pub mapping: mapping::MappingFigures,
}

/// Rolls the event store up.
///
/// # Errors
/// [`UsageError`] when a part file cannot be read or a query fails.
pub fn roll_up(events: &[PathBuf], event_actions: &[PathBuf], changes: &[PathBuf], window: Window) -> Result<Usage, UsageError> {
    let mut engine = Engine::open(events, event_actions, window)?;
    engine.add_changes(changes)?;
    let mut texts = Texts::default();
    let rows = usage_rows(&mut engine, &mut texts)?;
    engine.set_window(Window { start_ms: i64::MIN, end_ms: window.start_ms })?;
    let history = usage_rows(&mut engine, &mut texts)?;
    engine.set_window(window)?;
    let denials = denial_rows(&engine.run("denials", include_str!("../../queries/denials.sql"))?, &mut texts)?;
    let unknown_calls = unknown_rows(&engine.run("unknown_calls", include_str!("../../queries/unknown_calls.sql"))?)?;
    let use_days = use_days_of(&engine.run("use_days", include_str!("../../queries/use_days.sql"))?)?;
    let changes = engine.run("trail_changes", include_str!("../../queries/trail_changes.sql"))?;
    let mapping = mapping::of(&mut engine)?;
    let session_calls = session_calls_of(&engine.run("session_calls", include_str!("../../queries/session_calls.sql"))?, &mut texts)?;
    let denied_calls = denied_calls::denied_calls_of(&engine.run("denied_calls", include_str!("../../queries/denied_calls.sql"))?, &mut texts)?;
    let activity = activity_rows(&engine.run("activity", include_str!("../../queries/activity.sql"))?)?;
    let keys = key_rows(&engine.run("key_activity", include_str!("../../queries/key_activity.sql"))?)?;
    let principal_days = principal_days_of(&engine.run("principal_days", include_str!("../../queries/principal_days.sql"))?)?;
    let days = engine.run("coverage_days", include_str!("../../queries/coverage_days.sql"))?;
    let data = engine.run("coverage_data", include_str!("../../queries/coverage_data.sql"))?;
    let coverage = coverage::from_answers(&days, &data, &changes, window)?;
    let assumptions = assumptions_of(&engine.run("assumption_calls", include_str!("../../queries/assumption_calls.sql"))?)?;
    let log_tables = LogTables::ask(&mut engine)?;
    let grant_changes = grant_changes::of(&mut engine)?;
    Ok(Usage { rows, history, use_days, denials, denied_calls, session_calls, unknown_calls, activity, principal_days, keys, assumptions, grant_changes, coverage, log_tables, mapping })
}

fn outcome(text: Option<&str>) -> Outcome {
    match text {
        Some("allowed") => Outcome::Allowed,
        Some("denied") => Outcome::Denied,
        _ => Outcome::Error,
    }
}

/// Use inside the engine's window, in the query's order.
fn usage_rows(engine: &mut Engine, texts: &mut Texts) -> Result<Vec<UsageRow>, UsageError> {
    usage_rows_of(days::BYTES_AT_ONCE, engine, texts)
}

fn usage_rows_of(at_once: u64, engine: &mut Engine, texts: &mut Texts) -> Result<Vec<UsageRow>, UsageError> {
    let mut added = Added::default();
    engine.by_days_of(at_once, "usage", include_str!("../../queries/usage.sql"), |table| {
        for row in table.rows() {
            added.add(usage_row(row, texts)?);
        }
        Ok(())
    })?;
    Ok(added.rows())
}

fn usage_row(row: engine::Row<'_>, texts: &mut Texts) -> Result<UsageRow, UsageError> {
    // Ids of events do not repeat.
    let sample = |column| row.str(column).map(|id| id.map(Text::from));
    let (first, last) = (sample("sample_event_first")?, sample("sample_event_last")?);
    let last = last.filter(|id| Some(id) != first.as_ref());
    let mut shared = Shared::of(row, texts);
    Ok(UsageRow {
        account: shared.text_or("account", UNKNOWN_ACCOUNT)?,
        principal_key: shared.need("principal_key")?,
        principal_arn: shared.text("principal_arn")?,
        principal_type: shared.text("principal_type")?,
        action: shared.need("action")?,
        resource_arn: shared.text_or("resource_arn", "*")?,
        provenance: shared.text_or("arn_provenance", "none")?,
        region: shared.text("region")?,
        context_class: shared.text_or("context_class", "{}")?,
        outcome: outcome(row.str("outcome")?),
        calls: row.need_int("calls")?,
        first_seen_ms: row.need_int("first_seen_ms")?,
        last_seen_ms: row.need_int("last_seen_ms")?,
        samples: first.into_iter().chain(last).collect(),
    })
}

/// A row of refused calls, from any query that has its columns.
fn denial_row(row: &engine::Row<'_>, texts: &mut Texts) -> Result<DenialRow, UsageError> {
    let mut shared = Shared::of(*row, texts);
    Ok(DenialRow {
        account: shared.text_or("account", UNKNOWN_ACCOUNT)?,
        principal_key: shared.need("principal_key")?,
        principal_arn: shared.text("principal_arn")?,
        principal_type: shared.text("principal_type")?,
        action: shared.need("action")?,
        resource_arn: shared.text_or("resource_arn", "*")?,
        arn_provenance: shared.text_or("arn_provenance", "none")?,
        region: shared.text("region")?,
        context_class: shared.text_or("context_class", "{}")?,
        error_code: shared.text("error_code")?,
        denied_effect: shared.text("denied_effect")?,
        denied_policy_type: shared.text("denied_policy_type")?,
        denied_policy_arn: shared.text("denied_policy_arn")?,
        calls: row.need_int("calls")?,
        first_seen_ms: row.need_int("first_seen_ms")?,
        last_seen_ms: row.need_int("last_seen_ms")?,
        sample_event_first: row.str("sample_event_first")?.map(Text::from),
        sample_event_last: row.str("sample_event_last")?.map(Text::from),
    })
}

fn denial_rows(table: &Table, texts: &mut Texts) -> Result<Vec<DenialRow>, UsageError> {
    table.rows().map(|row| denial_row(&row, texts)).collect()
}

fn unknown_rows(table: &Table) -> Result<Vec<UnknownCall>, UsageError> {
    table
        .rows()
        .map(|row| {
            Ok(UnknownCall {
                account: row.text("account")?,
                principal_key: row.text("principal_key")?,
                principal_arn: row.text("principal_arn")?,
                event_source: row.need_text("event_source")?,
                event_name: row.need_text("event_name")?,
                calls: row.need_int("calls")?,
            })
        })
        .collect()
}

fn activity_rows(table: &Table) -> Result<Vec<Activity>, UsageError> {
    table
        .rows()
        .map(|row| {
            Ok(Activity {
                account: row.text("account")?,
                principal_key: row.need_text("principal_key")?,
                principal_arn: row.text("principal_arn")?,
                principal_type: row.text("principal_type")?,
                calls: [row.need_int("allowed_calls")?, row.need_int("denied_calls")?, row.need_int("error_calls")?],
                first_allowed_ms: row.int("first_allowed_ms")?,
                last_allowed_ms: row.int("last_allowed_ms")?,
                last_denied_ms: row.int("last_denied_ms")?,
            })
        })
        .collect()
}

fn key_rows(table: &Table) -> Result<Vec<KeyActivity>, UsageError> {
    table
        .rows()
        .map(|row| {
            Ok(KeyActivity {
                account: row.text("account")?,
                principal_key: row.text("principal_key")?,
                principal_arn: row.text("principal_arn")?,
                access_key_id: row.need_text("access_key_id")?,
                calls: row.need_int("calls")?,
                seen_ms: (row.need_int("first_seen_ms")?, row.need_int("last_seen_ms")?),
                addresses: row.need_int("addresses")?,
                services: row.need_int("services")?,
            })
        })
        .collect()
}

/// Usage rows by principal key, in row order.
#[must_use]
pub fn by_principal(rows: &[UsageRow]) -> BTreeMap<&str, Vec<&UsageRow>> {
    let mut map: BTreeMap<&str, Vec<&UsageRow>> = BTreeMap::new();
    for row in rows {
        map.entry(&row.principal_key).or_default().push(row);
    }
    map
}
