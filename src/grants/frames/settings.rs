//! Tables `password_policies` and `account_summary`: settings of whole accounts, one row per account, whether they were
//! exported or not.

use std::collections::BTreeMap;

use polars::prelude::{DataFrame, PolarsResult};

use super::super::evidence::{Evidence, PasswordPolicy};
use super::super::{Grants, Known};
use super::{AccountRow, Columns};

/// What is known of one account.
struct Row<'g, T> {
    account: &'g str,
    known: Known<&'g T>,
}

impl<T> Row<'_, T> {
    fn state(&self) -> &'static str {
        match self.known {
            Known::Present(_) => "present",
            Known::Absent => "absent",
            Known::Unknown(_) => "unknown",
        }
    }
}

fn rows<'g, T>(grants: &'g Grants, list: &'g [AccountRow], of: impl Fn(&'g Evidence) -> &'g Known<T>) -> Vec<Row<'g, T>> {
    let known = |account: &str| grants.accounts.get(account).map_or_else(Known::default, |a| of(&a.evidence).as_ref());
    list.iter().map(|a| Row { account: &a.account, known: known(&a.account) }).collect()
}

/// A number of a password policy.
fn number(row: &Row<'_, PasswordPolicy>, field: &str) -> Option<i64> {
    row.known.present()?.fields.get(field)?.parse().ok()
}

/// A switch of a password policy.
fn switch(row: &Row<'_, PasswordPolicy>, field: &str) -> Option<bool> {
    row.known.present()?.fields.get(field)?.parse().ok()
}

/// Table `password_policies`: one row per account of the list. Absent: AWS's default, which is no policy of the account.
/// Source: IAM API reference, `PasswordPolicy`.
///
/// # Errors
/// When the engine refuses the columns.
pub fn password_policies(grants: &Grants, list: &[AccountRow]) -> PolarsResult<DataFrame> {
    let rows = rows(grants, list, |e| &e.password_policy);
    Columns::of(&rows)
        .text("account", |r| Some(r.account))
        .text("state", |r| Some(r.state()))
        .text("reason", |r| r.known.why())
        .int("minimum_length", |r| number(r, "MinimumPasswordLength"))
        .int("reuse_prevention", |r| number(r, "PasswordReusePrevention"))
        .int("max_age_days", |r| number(r, "MaxPasswordAge"))
        .bool("require_uppercase", |r| switch(r, "RequireUppercaseCharacters"))
        .bool("require_lowercase", |r| switch(r, "RequireLowercaseCharacters"))
        .bool("require_numbers", |r| switch(r, "RequireNumbers"))
        .bool("require_symbols", |r| switch(r, "RequireSymbols"))
        .bool("expire_passwords", |r| switch(r, "ExpirePasswords"))
        .bool("allow_users_to_change", |r| switch(r, "AllowUsersToChangePassword"))
        .bool("hard_expiry", |r| switch(r, "HardExpiry"))
        .table()
}

/// Table `account_summary`: one row per account of the list. Source: IAM API reference, `GetAccountSummary`.
///
/// # Errors
/// When the engine refuses the columns.
pub fn account_summary(grants: &Grants, list: &[AccountRow]) -> PolarsResult<DataFrame> {
    let rows = rows(grants, list, |e| &e.summary);
    let field = |r: &Row<'_, BTreeMap<String, i64>>, name: &str| r.known.present()?.get(name).copied();
    Columns::of(&rows)
        .text("account", |r| Some(r.account))
        .text("state", |r| Some(r.state()))
        .text("reason", |r| r.known.why())
        .bool("root_mfa_enabled", |r| field(r, "AccountMFAEnabled").map(|n| n > 0))
        .int("root_access_keys", |r| field(r, "AccountAccessKeysPresent"))
        .int("users", |r| field(r, "Users"))
        .int("mfa_devices", |r| field(r, "MFADevices"))
        .int("mfa_devices_in_use", |r| field(r, "MFADevicesInUse"))
        .table()
}
