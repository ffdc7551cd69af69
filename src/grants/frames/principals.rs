//! Table `principals`: users, groups and roles.

use std::collections::BTreeMap;

use polars::prelude::{DataFrame, PolarsResult};

use super::super::permission_set::set_name_of_role;
use super::super::{Account, Grants, OwnerKind, Principal};
use super::{Columns, count, lines, told};
use crate::aws::principal::{is_permission_set_role, is_service_linked_role};

/// ARNs of permission sets by name; a name that several instances use tells nothing.
pub(super) fn sets_by_name(grants: &Grants) -> BTreeMap<&str, Option<&str>> {
    let mut by_name = BTreeMap::new();
    for set in grants.permission_sets.values() {
        if let Some(name) = &set.name {
            by_name.entry(name.as_str()).and_modify(|arn| *arn = None).or_insert(Some(set.arn.as_str()));
        }
    }
    by_name
}

/// Name of the permission set behind a role that Identity Center wrote.
pub(super) fn set_name(principal: &Principal) -> Option<&str> {
    is_permission_set_role(&principal.arn).then(|| set_name_of_role(&principal.name)).flatten()
}

/// How many users each group has, by account and name; without groups of accounts of which not all users, or not all
/// groups of a user, are told.
fn members(grants: &Grants) -> BTreeMap<(&str, &str), i64> {
    let mut all = BTreeMap::new();
    let is_told = |a: &&Account| a.complete && !a.principals.iter().any(|p| p.kind == OwnerKind::User && p.untold.contains(&"groups"));
    for account in grants.accounts.values().filter(is_told) {
        for group in account.principals.iter().filter(|p| p.kind == OwnerKind::Group) {
            all.entry((account.id.as_str(), group.name.as_str())).or_insert(0);
        }
        for name in account.principals.iter().filter(|p| p.kind == OwnerKind::User).flat_map(|u| &u.groups) {
            *all.entry((account.id.as_str(), name.as_str())).or_insert(0) += 1;
        }
    }
    all
}

/// Table `principals`: one row per user, group and role.
///
/// # Errors
/// When the engine refuses the columns.
pub fn principals(grants: &Grants) -> PolarsResult<DataFrame> {
    let all: Vec<&Principal> = grants.principals().collect();
    let sets = sets_by_name(grants);
    let members = members(grants);
    Columns::of(&all)
        .text("account", |p| Some(&p.account))
        .text("kind", |p| Some(p.kind.as_str()))
        .text("name", |p| Some(&p.name))
        .text("path", |p| Some(&p.path))
        .text("arn", |p| Some(&p.arn))
        .text("principal_key", |p| told(&p.unique_id))
        .int("created_ms", |p| p.created_ms)
        .int("last_used_ms", |p| p.last_used_ms)
        .bool("last_used_known", |p| Some(p.last_used_known))
        .bool("is_service_linked", |p| Some(is_service_linked_role(&p.arn)))
        .bool("is_permission_set", |p| Some(is_permission_set_role(&p.arn)))
        .int("attached_count", |p| count(p.attached.len()))
        .int("inline_count", |p| count(p.inline.len()))
        .text("boundary_arn", |p| p.boundary.as_deref())
        .text("permission_set", |p| set_name(p))
        .made("permission_set_arn", |p| sets.get(set_name(p)?).copied().flatten().map(str::to_owned))
        .int("group_count", |p| count(p.groups.len()))
        .int("members", |p| (p.kind == OwnerKind::Group).then(|| members.get(&(p.account.as_str(), p.name.as_str())).copied()).flatten())
        .int("tag_count", |p| count(p.tags.len()))
        .made("tag_keys", |p| lines(p.tags.keys().map(String::as_str)))
        .made("untold", |p| lines(p.untold.iter().copied()))
        .table()
}
