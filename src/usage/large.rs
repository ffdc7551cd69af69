//! The queries that are marked `-- size: large` and read nothing but the store and `params`: those that an engine of many machines runs
//! where the store is too much for one (docs/spark.md).
//!
//! `era_calls` and `event_by_id` are large too and not among them: they ask about tables that one run makes, `eras` from the grants
//! and `wanted` from what the user asks for.

macro_rules! queries {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../queries/", $name, ".sql")))),*]
    };
}

/// Name and text, in order of name.
pub const LARGE: &[(&str, &str)] = queries!(
    "activity", "assumption_calls", "coverage_data", "coverage_days", "denials", "denied_calls", "human_hours", "key_activity", "key_services", "key_sources",
    "mapping_arns", "mapping_events", "mapping_pairs", "mapping_unresolved", "monitored", "principal_days", "principal_mfa", "region_use",
    "role_sessions", "root_use", "secret_use", "session_calls", "sign_ins", "trail_changes", "unknown_calls", "usage", "use_days",
);
