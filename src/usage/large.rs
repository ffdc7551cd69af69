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

/// The views that these and other queries read besides: name and text, each after those that it reads itself. They are answers that are
/// worked out once; of a query that joins what is small with the store, an engine that streams then holds the small side only.
pub const VIEWS: &[(&str, &str)] = queries!("other_sides", "told_twice", "bounded_sessions", "session_events", "assuming_actions");
