//! Registers the tables that report queries read.

use std::collections::{BTreeMap, BTreeSet};

use super::{RunError, control_tables};
use crate::aws::is_account_id;
use crate::config::Config;
use crate::grants::frames::{self as held, AccountRow, ActionSets, Documents, Expanded};
use crate::grants::Grants;
use crate::reduce::Expander;
use crate::reference::Reference;
use crate::report::sql::{Params, SqlTables};
use crate::usage::{self, CoverageRow, LogTables, Usage, Window, frames};

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

/// The ids of our accounts; without grants or configuration those of the logs.
pub fn own_accounts(grants: &Grants, usage: &Usage, config: &Config) -> BTreeSet<String> {
    let own: BTreeSet<String> = accounts(grants, config).into_iter().filter(|a| a.owned).map(|a| a.account).collect();
    if own.is_empty() { usage.coverage.accounts.keys().cloned().collect() } else { own }
}

/// The tables of policies. Wildcards are expanded here because the room of the grants does not know the reference.
fn policies(tables: &mut SqlTables, grants: &Grants, own: &[AccountRow], reference: &Reference) -> Result<(), RunError> {
    let failed = |e: &dyn std::fmt::Display| RunError::Table(e.to_string());
    let documents = Documents::new(grants);
    let expander = Expander::new(reference);
    let sets = ActionSets::new(&documents, &|element| {
        let (ids, unknown) = expander.expand(element);
        Expanded { known: ids.iter().map(|id| reference.name(id)).collect(), unknown }
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
            ("key_second_idle_days", t.key_second_idle_days),
            ("root_use_days", t.root_use_days),
            ("password_min_length", t.password_min_length),
            ("password_reuse", t.password_reuse),
            ("password_max_age_days", t.password_max_age_days),
            ("secret_unused_days", t.secret_unused_days),
            ("secret_rotation_days", t.secret_rotation_days),
            ("certificate_warn_days", t.certificate_warn_days),
            ("session_chain_depth", t.session_chain_depth),
        ],
    })?;
    control_tables::of_config(&mut tables, &config.controls)?;
    control_tables::of_results(&mut tables, &[], &[])?;
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
    tables.register("password_policies", held::password_policies(grants, &rows).map_err(|e| failed(&e))?);
    tables.register("account_summary", held::account_summary(grants, &rows).map_err(|e| failed(&e))?);
    tables.register("mfa_devices", held::mfa_devices(grants).map_err(|e| failed(&e))?);
    tables.register("managed_policies", held::managed_policies(grants).map_err(|e| failed(&e))?);
    tables.register("trails", held::trails(grants).map_err(|e| failed(&e))?);
    tables.register("inventory", held::inventory(grants, &rows).map_err(|e| failed(&e))?);
    tables.register("last_accessed", held::last_accessed(grants).map_err(|e| failed(&e))?);
    policies(&mut tables, grants, &rows, reference)?;
    tables.register("denials", frames::denials(&usage.denials).map_err(|e| failed(&e))?);
    tables.register("session_calls", frames::session_calls(&usage.session_calls).map_err(|e| failed(&e))?);
    tables.register("grant_changes", frames::grant_changes(&usage.grant_changes).map_err(|e| failed(&e))?);
    tables.register("activity", frames::activity(&usage.activity).map_err(|e| failed(&e))?);
    tables.register("key_activity", frames::key_activity(&usage.keys).map_err(|e| failed(&e))?);
    tables.register("assumptions", frames::assumptions(&usage.assumptions).map_err(|e| failed(&e))?);
    tables.register("used_actions", usage::used_actions(&usage.rows).map_err(|e| failed(&e))?);
    let none;
    let of_logs = if usage.log_tables.is_empty() {
        none = LogTables::empty()?;
        &none
    } else {
        &usage.log_tables
    };
    for (name, frame) in of_logs.iter() {
        tables.register(name, frame.clone());
    }
    tables.register("coverage", frames::coverage(covered, &usage.coverage.window_days).map_err(|e| failed(&e))?);
    let summary = frames::coverage_summary(&usage.coverage, config.min_coverage_permille()).map_err(|e| failed(&e))?;
    tables.register("coverage_summary", summary);
    Ok(tables)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sql::Cell;

    fn one(tables: &mut SqlTables, sql: &str) -> i64 {
        match tables.run("test", sql).unwrap().rows[0][0] {
            Cell::Int(n) => n,
            ref other => panic!("{other:?}"),
        }
    }

    #[test]
    fn wildcards_are_expanded_through_the_reference() {
        let folder = tempfile::tempdir().unwrap();
        let admin = "arn:aws:iam::aws:policy/AdministratorAccess";
        let role = |name: &str, statement: &str| {
            format!(
                r#"{{"Arn": "arn:aws:iam::111122223333:role/{name}", "RoleName": "{name}", "RoleId": "AROA{name}", "Path": "/",
                    "AttachedManagedPolicies": [{{"PolicyArn": "{admin}", "PolicyName": "AdministratorAccess"}}],
                    "RolePolicyList": [{{"PolicyName": "own", "PolicyDocument": {{"Version": "2012-10-17", "Statement": [{statement}]}}}}]}}"#
            )
        };
        let roles = [
            role("a", r#"{"Effect": "Deny", "NotAction": ["iam:*", "s3:GetObject"], "Resource": "*"}"#),
            role("b", r#"{"Effect": "Allow", "Action": ["s3:getobject", "made:Up", "s3:Get*"], "Resource": "*"}"#),
        ];
        let export = format!(
            r#"{{"RoleDetailList": [{}], "Policies": [{{"Arn": "{admin}", "PolicyName": "AdministratorAccess", "DefaultVersionId": "v1", "PolicyVersionList": [
                {{"VersionId": "v1", "IsDefaultVersion": true, "Document": {{"Version": "2012-10-17", "Statement": {{"Effect": "Allow", "Action": "*", "Resource": "*"}}}}}}]}}]}}"#,
            roles.join(",")
        );
        std::fs::write(folder.path().join("gaad.json"), export).unwrap();
        let grants = crate::grants::load(&[folder.path().to_path_buf()]).unwrap();
        assert!(grants.problems.is_empty(), "{:?}", grants.problems);
        let reference = Reference::bundled().unwrap();
        let mut tables = SqlTables::new();
        policies(&mut tables, &grants, &[], reference).unwrap();

        let all = i64::try_from(reference.len()).unwrap();
        let held = "FROM attachments AS h JOIN granted_actions AS g ON h.document_id = g.document_id WHERE h.policy_name";
        let admins = format!("SELECT CAST(COUNT(*) AS BIGINT) AS n {held} = 'AdministratorAccess' AND h.holder_key = 'AROAa'");
        assert_eq!(one(&mut tables, &admins), all, "AdministratorAccess grants every action there is");
        assert_eq!(one(&mut tables, "SELECT CAST(COUNT(*) AS BIGINT) AS n FROM documents WHERE name = 'AdministratorAccess'"), 1, "once, whoever holds it");
        let iam = i64::try_from(reference.expand("iam:*").len()).unwrap();
        let denied = format!("SELECT CAST(COUNT(*) AS BIGINT) AS n {held} = 'own' AND g.effect = 'Deny'");
        assert_eq!(one(&mut tables, &denied), all - iam - 1, "NotAction takes in all but these");
        let inside = format!("{denied} AND (g.action = 's3:GetObject' OR g.action = 'iam:PassRole')");
        assert_eq!(one(&mut tables, &inside), 0);
        let gets = i64::try_from(reference.expand("s3:Get*").len()).unwrap();
        let allowed = format!("SELECT CAST(COUNT(*) AS BIGINT) AS n {held} = 'own' AND g.effect = 'Allow'");
        assert_eq!(one(&mut tables, &allowed), gets + 1, "each action once, and the one that nobody knows");
        assert_eq!(one(&mut tables, &format!("{allowed} AND NOT g.is_known AND g.action = 'made:Up'")), 1);
        assert_eq!(one(&mut tables, "SELECT CAST(SUM(action_count) AS BIGINT) AS n FROM statements"), all + (all - iam - 1) + gets + 1);
    }

    #[test]
    fn accounts_of_the_organisation_are_ours() {
        use crate::grants::organisation::{Node, Organisation};
        let mut grants = Grants::default();
        let node = |id: &str, name: &str| (id.to_owned(), Node { id: id.to_owned(), name: name.to_owned(), ..Node::default() });
        let nodes = [node("r-1", "Root"), node("111122223333", "one"), node("444455556666", "")].into();
        grants.organisations.insert("o-1".to_owned(), Organisation { id: "o-1".to_owned(), nodes, ..Organisation::default() });
        grants.accounts.entry("999900001111".to_owned()).or_default().has_authorization_details = true;
        let config = Config { accounts: [("111122223333".to_owned(), "ours".to_owned())].into(), ..Config::default() };
        let rows: Vec<_> = accounts(&grants, &config).into_iter().map(|a| (a.account, a.name, a.has_authorization_details)).collect();
        let row = |id: &str, name: Option<&str>, has| (id.to_owned(), name.map(str::to_owned), has);
        assert_eq!(rows, [row("111122223333", Some("ours"), false), row("444455556666", None, false), row("999900001111", None, true)]);
    }
}
