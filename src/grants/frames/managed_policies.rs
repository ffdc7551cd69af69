//! Table `managed_policies`: managed policies, and how many hold them in the exports.

use std::collections::{BTreeMap, BTreeSet};

use polars::prelude::{DataFrame, PolarsResult};

use super::super::permission_set::{CustomerPolicy, SetBoundary};
use super::super::{Grants, Known, ManagedPolicy};
use super::{Columns, told};
use crate::aws::Arn;

/// How many hold each policy, by ARN.
#[derive(Default)]
struct Holders<'g> {
    attached: BTreeMap<&'g str, i64>,
    bounds: BTreeMap<&'g str, i64>,
    /// Accounts of which it is not known who holds what.
    open: BTreeSet<&'g str>,
}

/// Path of a policy, by its ARN: `policy/a/b/name` is `/a/b/`.
fn path(arn: &str) -> Option<String> {
    let resource = Arn::parse(arn)?.resource.strip_prefix("policy")?;
    resource.rsplit_once('/').map(|(path, _)| format!("{path}/"))
}

/// The account's own policies that a permission set names by path and name, in the accounts where it has a role.
fn of_sets<'g>(grants: &'g Grants, accounts: &Known<BTreeSet<String>>, named: &CustomerPolicy) -> Vec<&'g str> {
    let is_named = |p: &&ManagedPolicy| {
        let in_account = p.account.as_ref().is_some_and(|a| accounts.present().is_some_and(|list| list.contains(a)));
        in_account && p.name == named.name && path(&p.arn).as_deref() == Some(named.path.as_str())
    };
    grants.policies.values().filter(is_named).map(|p| p.arn.as_str()).collect()
}

impl<'g> Holders<'g> {
    fn of(grants: &'g Grants) -> Holders<'g> {
        let mut all = Holders::default();
        for account in grants.accounts.values() {
            let untold = |p: &super::super::Principal| p.untold.iter().any(|u| matches!(*u, "attached policies" | "permissions boundary"));
            if !account.complete || account.principals.iter().any(untold) {
                all.open.insert(&account.id);
            }
            for principal in &account.principals {
                for arn in &principal.attached {
                    *all.attached.entry(arn).or_default() += 1;
                }
                if let Some(arn) = &principal.boundary {
                    *all.bounds.entry(arn).or_default() += 1;
                }
            }
        }
        for set in grants.permission_sets.values() {
            let customer = set.customer.present().into_iter().flatten().flat_map(|named| of_sets(grants, &set.accounts, named));
            for arn in set.managed.present().into_iter().flatten().map(String::as_str).chain(customer) {
                *all.attached.entry(arn).or_default() += 1;
            }
            let bounds = match set.boundary.present() {
                Some(SetBoundary::Managed(arn)) => vec![arn.as_str()],
                Some(SetBoundary::Customer(named)) => of_sets(grants, &set.accounts, named),
                None => Vec::new(),
            };
            for arn in bounds {
                *all.bounds.entry(arn).or_default() += 1;
            }
        }
        all
    }

    /// A count; none of them is a number only where everybody who could hold the policy is known. Permission sets that are
    /// not known leave nothing open: in an account they hold through their roles.
    fn count(&self, counts: &BTreeMap<&str, i64>, policy: &ManagedPolicy) -> Option<i64> {
        let is_open = match &policy.account {
            Some(account) => self.open.contains(account.as_str()),
            None => !self.open.is_empty(),
        };
        counts.get(policy.arn.as_str()).copied().or((!is_open).then_some(0))
    }
}

/// The newest creation of a version that the export has: what AWS calls the policy's update.
fn updated_ms(policy: &ManagedPolicy) -> Option<i64> {
    policy.versions.iter().filter_map(|v| v.created_ms).chain(policy.version_created_ms).max()
}

/// Table `managed_policies`: one row per managed policy of the exports, AWS's own too, which are in no account.
///
/// # Errors
/// When the engine refuses the columns.
pub fn managed_policies(grants: &Grants) -> PolarsResult<DataFrame> {
    let rows: Vec<&ManagedPolicy> = grants.policies.values().collect();
    let holders = Holders::of(grants);
    Columns::of(&rows)
        .text("account", |p| p.account.as_deref())
        .text("policy_arn", |p| Some(&p.arn))
        .text("name", |p| told(&p.name))
        .made("path", |p| path(&p.arn))
        .bool("is_aws", |p| Some(p.account.is_none()))
        .int("attached_count", |p| holders.count(&holders.attached, p))
        .int("boundary_count", |p| holders.count(&holders.bounds, p))
        .int("created_ms", |p| p.created_ms)
        .int("updated_ms", |p| updated_ms(p))
        .table()
}
