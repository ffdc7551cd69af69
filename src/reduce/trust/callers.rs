//! Who took up each role: the rows of `sts:AssumeRole…` calls by role, each with its caller as far as it is known.
//!
//! A call of another account is logged on both sides; the role's side knows only the caller's id, which the exports may
//! resolve. Source: reports-and-controls.md section 2, inputs-and-evaluation.md section 3.

use std::collections::{BTreeSet, HashMap};

use crate::aws::Arn;
use crate::grants::Grants;
use crate::usage::{Outcome, Usage, UsageRow};

/// A call that took up a role, or may have.
#[derive(Clone, Copy, Debug)]
pub struct Caller<'u> {
    /// The row.
    pub row: &'u UsageRow,
    /// The user or role behind it (a role with its path); `None` where only an id is known.
    pub arn: Option<&'u str>,
}

/// All takers of all roles.
#[derive(Default)]
pub struct Callers<'u> {
    window: HashMap<&'u str, Vec<Caller<'u>>>,
    before: HashMap<&'u str, Vec<Caller<'u>>>,
    /// Accounts with calls that do not name their role; empty: not even the account.
    nameless: BTreeSet<&'u str>,
    /// Unique ids of the principals of the export.
    ids: HashMap<&'u str, &'u str>,
    /// Services that took up some role, by the role's account.
    services: BTreeSet<(&'u str, String)>,
}

/// The first word of a service principal, in lower case: some services sign with the region in their name.
#[must_use]
pub fn service_word(principal: &str) -> String {
    principal.split('.').next().unwrap_or(principal).to_ascii_lowercase()
}

/// Whether an action takes up a role. `AssumeRoot` takes up no role.
#[must_use]
pub fn takes_up(action: &str) -> bool {
    action.starts_with("sts:AssumeRole")
}

impl<'u> Callers<'u> {
    /// Sorts the calls by role. Denied calls tell of no use.
    #[must_use]
    pub fn new(usage: &'u Usage, grants: &'u Grants) -> Callers<'u> {
        let ids: HashMap<&str, &str> = grants.principals().map(|p| (p.unique_id.as_str(), p.arn.as_str())).collect();
        let caller = |row: &'u UsageRow| Caller { row, arn: row.principal_arn.as_deref().or_else(|| ids.get(row.principal_key.as_str()).copied()) };
        let mut callers = Callers { ids: ids.clone(), ..Callers::default() };
        for row in usage.rows.iter().filter(|r| takes_up(&r.action) && r.outcome != Outcome::Denied) {
            if row.is_pattern() || row.resource_arn == "*" {
                if row.outcome == Outcome::Allowed {
                    callers.nameless.insert(Arn::parse(&row.resource_arn).map_or("", |a| a.account.trim_matches('*')));
                }
                continue;
            }
            if row.principal_type.as_deref() == Some("AWSService") && let Some(role) = Arn::parse(&row.resource_arn) {
                callers.services.insert((role.account, service_word(&row.principal_key)));
            }
            callers.window.entry(&row.resource_arn).or_default().push(caller(row));
        }
        for row in usage.history.iter().filter(|r| takes_up(&r.action) && r.outcome == Outcome::Allowed) {
            callers.before.entry(&row.resource_arn).or_default().push(caller(row));
        }
        callers
    }

    /// Calls in the window that took up a role, or failed in a way that may precede authorisation.
    #[must_use]
    pub fn of(&self, role_arn: &str) -> &[Caller<'u>] {
        self.window.get(role_arn).map_or(&[], Vec::as_slice)
    }

    /// Calls before the window that took up a role.
    #[must_use]
    pub fn before(&self, role_arn: &str) -> &[Caller<'u>] {
        self.before.get(role_arn).map_or(&[], Vec::as_slice)
    }

    /// Whether a unique id is somebody's of the export.
    #[must_use]
    pub fn is_alive(&self, unique_id: &str) -> bool {
        self.ids.contains_key(unique_id)
    }

    /// Whether somebody took up a role of the account and the record does not tell which.
    #[must_use]
    pub fn is_nameless(&self, account: &str) -> bool {
        self.nameless.contains(account) || self.nameless.contains("")
    }

    /// Whether a service took up some role of the account in the window: then its assumptions are logged there.
    #[must_use]
    pub fn shows_service(&self, account: &str, principal: &str) -> bool {
        self.services.contains(&(account, service_word(principal)))
    }
}
