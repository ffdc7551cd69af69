//! Registers the tables that report queries read.

use std::collections::{BTreeMap, BTreeSet};

use super::RunError;
use crate::aws::is_account_id;
use crate::config::Config;
use crate::grants::frames::{self as held, AccountRow, ActionSets, Documents, Expanded};
use crate::grants::Grants;
use crate::reduce::verdict::expand;
use crate::reference::Reference;
use crate::report::sql::{Params, SqlTables};
use crate::usage::{CoverageRow, Usage, Window, frames};

/// Every account that grants, their organisation or the configuration make ours.
pub fn accounts(grants: &Grants, config: &Config) -> Vec<AccountRow> {
    let mut names: BTreeMap<&str, Option<&str>> = grants.accounts.keys().map(|id| (id.as_str(), None)).collect();
    for node in grants.organisations.values().flat_map(|o| o.nodes.values()).filter(|n| is_account_id(&n.id)) {
        names.insert(&node.id, Some(node.name.as_str()).filter(|n| !n.is_empty()));
    }
    names.extend(config.accounts.iter().map(|(id, name)| (id.as_str(), Some(name.as_str()))));
    let row = |(id, name): (&str, Option<&str>)| {
        let account = grants.accounts.get(id);
        AccountRow {
            account: id.to_owned(),
            name: name.map(str::to_owned),
            owned: true,
            has_authorization_details: account.is_some_and(|a| a.has_authorization_details),
            has_credential_report: account.is_some_and(|a| a.credential_report.is_some()),
        }
    };
    names.into_iter().map(row).collect()
}

/// The tables of policies. Wildcards are expanded here because the room of the grants does not know the reference.
fn policies(tables: &mut SqlTables, grants: &Grants, own: &[AccountRow], reference: &Reference) -> Result<(), RunError> {
    let failed = |e: &dyn std::fmt::Display| RunError::Table(e.to_string());
    let documents = Documents::new(grants);
    let sets = ActionSets::new(&documents, &|element| {
        let (ids, unknown) = expand(element, reference);
        Expanded { known: ids.into_iter().map(|id| reference.name(id)).collect(), unknown }
    });
    let own: BTreeSet<&str> = own.iter().filter(|a| a.owned).map(|a| a.account.as_str()).collect();
    let statements = held::statements(&documents, &sets).map_err(|e| failed(&e))?;
    let action_sets = held::action_sets(&sets).map_err(|e| failed(&e))?;
    tables.register_lazy("granted_actions", held::granted_actions(&statements, &action_sets));
    tables.register("documents", held::documents(&documents).map_err(|e| failed(&e))?);
    tables.register("statements", statements);
    tables.register("action_sets", action_sets);
    tables.register("attachments", held::attachments(grants, &documents).map_err(|e| failed(&e))?);
    tables.register("resource_grants", held::resource_grants(grants, &documents, &own).map_err(|e| failed(&e))?);
    Ok(())
}

/// A context with all tables.
pub fn register(grants: &Grants, usage: &Usage, covered: &[CoverageRow], config: &Config, reference: &Reference, window: Window) -> Result<SqlTables, RunError> {
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
    tables.register_known_accounts(&vendors)?;
    tables.register("accounts", held::accounts(grants, &rows).map_err(|e| failed(&e))?);
    tables.register("principals", held::principals(grants).map_err(|e| failed(&e))?);
    tables.register("credentials", held::credentials(grants).map_err(|e| failed(&e))?);
    tables.register("trusts", held::trusts(grants).map_err(|e| failed(&e))?);
    policies(&mut tables, grants, &rows, reference)?;
    tables.register("usage", frames::usage(&usage.rows).map_err(|e| failed(&e))?);
    tables.register("denials", frames::denials(&usage.denials).map_err(|e| failed(&e))?);
    tables.register("session_calls", frames::session_calls(&usage.session_calls).map_err(|e| failed(&e))?);
    tables.register("activity", frames::activity(&usage.activity).map_err(|e| failed(&e))?);
    tables.register("key_activity", frames::key_activity(&usage.keys).map_err(|e| failed(&e))?);
    tables.register("assumptions", frames::assumptions(&usage.assumptions).map_err(|e| failed(&e))?);
    tables.register("coverage", frames::coverage(covered).map_err(|e| failed(&e))?);
    let summary = frames::coverage_summary(&usage.coverage, config.min_coverage_permille()).map_err(|e| failed(&e))?;
    tables.register("coverage_summary", summary);
    Ok(tables)
}
