//! Since when what is granted now has been granted: a permission that was given, or freed of what stood in its way,
//! inside the window could not have been used all through it (design.md section 6, principle 3).

use std::collections::BTreeMap;

use super::eras::Composer;
use super::timeline::{Info, Timeline};
use super::{Doc, Since};
use crate::grants::{OwnerKind, PolicySource};
use crate::policy::{Effect, PolicyDocument};

fn later<K: Ord>(map: &mut BTreeMap<K, i64>, key: K, at: i64) {
    let entry = map.entry(key).or_insert(at);
    *entry = at.max(*entry);
}

fn denies(document: &PolicyDocument) -> bool {
    document.statements.iter().any(|s| s.effect == Effect::Deny)
}

/// Whether what a slot held may have denied something.
fn may_deny(what: &Info<Doc>) -> bool {
    match what {
        Info::Absent => false,
        Info::Present(Some(document)) => denies(document),
        Info::Any | Info::Present(None) => true,
    }
}

/// Reads the ages from the slots.
pub(super) fn fill(composer: &Composer<'_, '_>, since: &mut Since) {
    for (at, entity) in composer.people.all.iter().enumerate() {
        let (Some(principal), Some(slots)) = (entity.exported, composer.slots.get(at)) else { continue };
        let arn = &principal.arn;
        for moment in entity.unknown_before_ms.into_iter().chain(entity.doubtful_ms) {
            later(&mut since.by_holder, arn.clone(), moment);
        }
        for (name, line) in &slots.inline {
            for (moment, before, _) in line.changes() {
                later(&mut since.by_source, PolicySource::Inline { owner_arn: arn.clone(), name: name.clone() }, moment);
                if may_deny(before) {
                    later(&mut since.by_holder, arn.clone(), moment);
                }
            }
        }
        for (policy, line) in &slots.attached {
            let source = PolicySource::Managed { arn: composer.spelled(policy, Some(principal)), holder_arn: arn.clone() };
            for (moment, _, after) in line.changes() {
                later(&mut since.by_source, source.clone(), moment);
                let may_deny = composer.document(policy, i64::MAX).map_or(true, |d| denies(&d))
                    || composer.policies.get(policy).is_some_and(|p| p.contents().any(may_deny));
                if may_deny && !matches!(after, Info::Present(_)) {
                    later(&mut since.by_holder, arn.clone(), moment);
                }
            }
            for (moment, before, _) in composer.policies.get(policy).into_iter().flat_map(Timeline::changes) {
                later(&mut since.by_source, source.clone(), moment);
                if may_deny(before) {
                    later(&mut since.by_holder, arn.clone(), moment);
                }
            }
            let account = crate::aws::Arn::parse(policy).map(|a| a.account.to_owned()).unwrap_or_default();
            if let Some(moment) = composer.people.policies_unknown_before.get(&account) {
                later(&mut since.by_source, source, *moment);
            }
        }
        let bounds = slots.boundary.contents().filter_map(|b| if let Info::Present(Some(b)) = b { Some(super::who::small(b)) } else { None });
        let of_bounds = bounds.filter_map(|b| composer.policies.get(&b)).filter_map(Timeline::last_change_ms);
        let of_trust = slots.trust.last_change_ms().filter(|_| principal.kind == OwnerKind::Role);
        for moment in of_bounds.chain(slots.boundary.last_change_ms()).chain(of_trust) {
            later(&mut since.by_holder, arn.clone(), moment);
        }
        for (group, line) in &slots.groups {
            for (moment, _, after) in line.changes() {
                match (after, composer.people.all.get(*group).and_then(|g| g.exported)) {
                    (Info::Present(_), Some(group)) => later(&mut since.joined, group.arn.clone(), moment),
                    (_, group) => {
                        // Left, or not known: what the group denied is gone, what it grants may be new.
                        later(&mut since.by_holder, arn.clone(), moment);
                        if let Some(group) = group {
                            later(&mut since.joined, group.arn.clone(), moment);
                        }
                    }
                }
            }
        }
    }
    // What was lifted from a group was lifted from its members.
    for member in composer.grants.principals().filter(|p| p.kind == OwnerKind::User) {
        let Some(account) = composer.grants.accounts.get(&member.account) else { continue };
        let groups = account.principals.iter().filter(|g| g.kind == OwnerKind::Group && member.groups.contains(&g.name));
        let lifted = groups.filter_map(|g| since.by_holder.get(&g.arn).copied()).max();
        if let Some(moment) = lifted {
            later(&mut since.by_holder, member.arn.clone(), moment);
        }
    }
}
