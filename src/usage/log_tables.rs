//! Small tables that only reports read: each is the answer of one query over the store, kept as it is. What their columns mean:
//! `docs/tables.md`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use polars::prelude::{DataFrame, PolarsResult};

use super::engine::{Engine, UsageError, Window};
use super::frames::{ints, texts};
use super::{Outcome, UsageRow};

macro_rules! queries {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../queries/", $name, ".sql")))),*]
    };
}

/// Name of each table and its query.
const QUERIES: &[(&str, &str)] = queries!(
    "root_use", "human_hours", "sign_ins", "key_sources", "key_services", "key_changes", "role_sessions", "principal_mfa", "region_use", "monitored", "secret_use"
);

/// The tables by name.
#[derive(Clone, Debug, Default)]
pub struct LogTables(BTreeMap<&'static str, DataFrame>);

impl LogTables {
    /// Asks the queries; the engine has the store's tables, changes of grants among them.
    ///
    /// # Errors
    /// [`UsageError::Query`] with the query's name.
    pub fn ask(engine: &mut Engine) -> Result<LogTables, UsageError> {
        let each = QUERIES.iter().map(|(name, sql)| Ok((*name, engine.frame(name, sql)?)));
        each.collect::<Result<_, UsageError>>().map(LogTables)
    }

    /// The same tables without rows.
    ///
    /// # Errors
    /// [`UsageError::Query`] with the query's name.
    pub fn empty() -> Result<LogTables, UsageError> {
        let mut engine = Engine::open(&[], &[], Window { start_ms: 0, end_ms: 0 })?;
        engine.add_changes(&[] as &[PathBuf])?;
        LogTables::ask(&mut engine)
    }

    /// Name and content of each.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &DataFrame)> {
        self.0.iter().map(|(name, frame)| (*name, frame))
    }

    /// Whether nothing was asked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Table `used_actions`: what each principal used in the window, by action.
///
/// # Errors
/// When the engine refuses the columns.
pub fn used_actions(rows: &[UsageRow]) -> PolarsResult<DataFrame> {
    #[derive(Default)]
    struct Used<'r> {
        arn: Option<&'r str>,
        calls: i64,
        first_ms: Option<i64>,
        last_ms: Option<i64>,
    }
    let mut used: BTreeMap<(&str, &str, &str), Used<'_>> = BTreeMap::new();
    for row in rows.iter().filter(|r| r.outcome == Outcome::Allowed) {
        let of = used.entry((&row.account, &row.principal_key, &row.action)).or_default();
        of.arn = of.arn.max(row.principal_arn.as_deref());
        of.calls += row.calls;
        of.first_ms = Some(of.first_ms.map_or(row.first_seen_ms, |ms| ms.min(row.first_seen_ms)));
        of.last_ms = of.last_ms.max(Some(row.last_seen_ms));
    }
    DataFrame::new(
        used.len(),
        vec![
            texts("account", used.keys().map(|k| Some(k.0))),
            texts("principal_key", used.keys().map(|k| Some(k.1))),
            texts("principal_arn", used.values().map(|u| u.arn)),
            texts("action", used.keys().map(|k| Some(k.2))),
            ints("calls", used.values().map(|u| Some(u.calls))),
            ints("first_seen_ms", used.values().map(|u| u.first_ms)),
            ints("last_seen_ms", used.values().map(|u| u.last_ms)),
        ],
    )
}
