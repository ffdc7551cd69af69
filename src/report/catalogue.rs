//! The catalogue: each report is one description in `reports/` and one query in `queries/`, bound here by one line.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A report's description.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Stable id, part of every finding's uid.
    pub id: String,
    /// What it is about: `root`, `credentials`, `access`, `roles`, `external`, `organisation`, `logging` or `secrets`.
    pub group: String,
    /// Its usual severity; a row may say another.
    pub severity: String,
    /// Title.
    pub title: String,
    /// The question it answers.
    pub question: String,
    /// Why it matters.
    pub why: String,
    /// What to do.
    pub fix: String,
    /// What it cannot see.
    pub limits: String,
    /// Inputs it needs.
    pub inputs: Vec<String>,
    /// Configuration keys it reads.
    pub thresholds: Vec<String>,
    /// Columns that tell two findings on one resource apart.
    pub identity: Vec<String>,
    /// Columns to show.
    pub columns: Vec<String>,
    /// Statuses that it never gives, because its input cannot settle them; `limits` says why.
    #[serde(default)]
    pub never: Vec<String>,
    /// Ids by framework: ids only, never a framework's own words.
    #[serde(default)]
    pub frameworks: BTreeMap<String, Vec<String>>,
    /// The query's text.
    #[serde(skip)]
    pub sql: &'static str,
}

/// Why the catalogue could not be read: a defect of the program, found by its tests.
#[derive(Debug, thiserror::Error)]
#[error("report description `{file}`: {source}")]
pub struct CatalogueError {
    file: &'static str,
    source: Box<toml::de::Error>,
}

macro_rules! sources {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../reports/", $name, ".toml")), include_str!(concat!("../../queries/", $name, ".sql")))),*]
    };
}

const SOURCES: &[(&str, &str, &str)] = sources!(
    "key_age", "key_unused", "key_never", "key_two", "key_long_lived", "key_service", "key_leak_clue", "key_rotated_not_cleaned",
    "key_still_used_after_disable", "pwd_unused", "pwd_policy", "user_mfa", "user_hwmfa", "admin_mfa", "user_direct", "user_unused",
    "root_used", "root_key", "root_mfa", "root_hwmfa", "root_central",
    "role_unused", "role_denied_only",
    "admin", "admin_unattached", "svc_full", "privesc", "unused_perm", "cloudshell", "support_role", "audit_role", "policy_unused",
    "boundary", "grant_changed_while_unused", "group_empty", "inline_policy", "federation_token", "mfa_claimed_not_seen", "breakglass_used",
    "session_name_opaque", "fed_central", "cert_expired", "instance_role", "denied",
    "external_access", "ext_trust", "ext_deputy", "assume_star", "role_one_caller", "trust_never_used", "trust_dangling", "oidc_no_sub",
    "oidc_wide_sub", "extid_missing", "extid_not_required_but_sent", "chain_depth", "new_external_account", "ext_resource",
    "owner_tag", "region_never_used", "mgmt_account_workload", "org_member", "org_policies", "org_delegated",
    "monitored_events", "trail_health", "log_gaps", "aa_on",
    "secret_unused", "secret_rotation",
);

/// The names of the files, in the order of [`reports`].
pub fn files() -> impl Iterator<Item = &'static str> {
    SOURCES.iter().map(|(file, _, _)| *file)
}

/// Every report, in the order of the page.
///
/// # Errors
/// [`CatalogueError`] naming the description.
pub fn reports() -> Result<Vec<Report>, CatalogueError> {
    SOURCES
        .iter()
        .map(|(file, text, sql)| {
            let report: Report = toml::from_str(text).map_err(|source| CatalogueError { file, source: Box::new(source) })?;
            Ok(Report { sql, ..report })
        })
        .collect()
}
