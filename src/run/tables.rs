//! Registers the tables that report queries read.

use super::RunError;
use crate::config::Config;
use crate::grants::{Grants, frame};
use crate::report::sql::{AccountRow, Params, SqlTables};
use crate::usage::{CoverageRow, Usage, Window, frames};

/// Every account that grants or configuration make ours.
pub fn accounts(grants: &Grants, config: &Config) -> Vec<AccountRow> {
    let mut rows: Vec<AccountRow> = grants
        .accounts
        .values()
        .map(|a| AccountRow {
            account: a.id.clone(),
            name: config.accounts.get(&a.id).cloned(),
            owned: true,
            has_authorization_details: a.has_authorization_details,
            has_credential_report: a.credential_report.is_some(),
        })
        .collect();
    rows.extend(config.accounts.iter().filter(|(id, _)| !grants.accounts.contains_key(*id)).map(|(id, name)| AccountRow {
        account: id.clone(),
        name: Some(name.clone()),
        owned: true,
        has_authorization_details: false,
        has_credential_report: false,
    }));
    rows.sort_by(|a, b| a.account.cmp(&b.account));
    rows
}

/// A context with all tables.
pub fn register(grants: &Grants, usage: &Usage, covered: &[CoverageRow], config: &Config, window: Window) -> Result<SqlTables, RunError> {
    let failed = |e: &dyn std::fmt::Display| RunError::Table(e.to_string());
    let mut tables = SqlTables::new();
    let t = &config.thresholds;
    tables.register_params(&Params {
        values: vec![
            ("as_of_ms", window.end_ms),
            ("window_start_ms", window.start_ms),
            ("window_days", window.days()),
            ("key_max_age_days", t.key_max_age_days),
            ("key_unused_days", t.key_unused_days),
            ("password_unused_days", t.password_unused_days),
            ("role_unused_days", t.role_unused_days),
            ("user_unused_days", t.user_unused_days),
        ],
    })?;
    let vendors: Vec<(String, String)> = config.vendors.iter().map(|(k, v)| (k.clone(), v.clone())).collect();
    let mut rows = accounts(grants, config);
    // Without grants the accounts of the logs are the ones that questions are about.
    if rows.is_empty() {
        rows = usage
            .coverage
            .accounts
            .keys()
            .map(|id| AccountRow {
                account: id.clone(),
                name: None,
                owned: true,
                has_authorization_details: false,
                has_credential_report: false,
            })
            .collect();
    }
    tables.register_accounts(&rows, &vendors)?;
    tables.register("principals", frame::principals(grants).map_err(|e| failed(&e))?);
    tables.register("credentials", frame::credentials(grants).map_err(|e| failed(&e))?);
    tables.register("trusts", frame::trusts(grants).map_err(|e| failed(&e))?);
    tables.register("usage", frames::usage(&usage.rows).map_err(|e| failed(&e))?);
    tables.register("denials", frames::denials(&usage.denials).map_err(|e| failed(&e))?);
    tables.register("session_calls", frames::session_calls(&usage.session_calls).map_err(|e| failed(&e))?);
    tables.register("grant_changes", frames::grant_changes(&usage.grant_changes).map_err(|e| failed(&e))?);
    tables.register("activity", frames::activity(&usage.activity).map_err(|e| failed(&e))?);
    tables.register("key_activity", frames::key_activity(&usage.keys).map_err(|e| failed(&e))?);
    tables.register("assumptions", frames::assumptions(&usage.assumptions).map_err(|e| failed(&e))?);
    tables.register("coverage", frames::coverage(covered).map_err(|e| failed(&e))?);
    let summary = frames::coverage_summary(&usage.coverage, config.min_coverage_permille()).map_err(|e| failed(&e))?;
    tables.register("coverage_summary", summary);
    Ok(tables)
}
