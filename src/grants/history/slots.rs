//! The slots of one user, group or role, each as a time line: from the export, from its changes, and from its making.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Doc;
use super::timeline::{Info, Step, Timeline};
use super::who::{Entity, People, small};
use crate::grants::{Grants, OwnerKind};

/// The slots of one user, group or role.
pub(super) struct Slots {
    pub life: Timeline<()>,
    pub inline: BTreeMap<String, Timeline<Doc>>,
    pub attached: BTreeMap<String, Timeline<()>>,
    pub groups: BTreeMap<usize, Timeline<()>>,
    pub boundary: Timeline<String>,
    pub trust: Timeline<Doc>,
}

/// The export's groups by account and name.
pub(super) type GroupsAt<'g> = BTreeMap<(&'g str, &'g str), usize>;

/// Builds the slots of an entity.
pub(super) fn slots_of(entity: &Entity<'_>, people: &People<'_>, grants: &Grants, groups_at: &GroupsAt<'_>, exported_ms: Option<i64>, known_from_ms: i64) -> Slots {
    let made = entity.life.iter().find(|s| s.is_making).map(|s| s.at_ms);
    let is_complete = entity.exported.is_none_or(|p| grants.accounts.get(&p.account).is_some_and(|a| a.complete));
    let principal = entity.exported;
    // A slot that nobody told of is empty in a whole export; of one that is not in the export nothing is seen.
    fn missing<T>(is_seen: bool) -> Info<T> {
        if is_seen { Info::Absent } else { Info::Any }
    }
    let is_seen = principal.is_some() && is_complete;
    let is_untold = |what: &str| principal.is_some_and(|p| p.untold.contains(&what));
    fn with_making<T: Clone>(made: Option<i64>, is_linked: bool, steps: Option<&Vec<Step<T>>>) -> Vec<Step<T>> {
        let after = if is_linked { Info::Any } else { Info::Absent };
        let first = made.map(|at_ms| Step { at_ms, before: Info::Absent, after, is_making: true });
        first.into_iter().chain(steps.into_iter().flatten().cloned()).collect()
    }
    let document = |result: &Result<crate::policy::PolicyDocument, _>| Info::Present(result.as_ref().ok().map(|d| Arc::new(d.without_secrets())));
    let mut inline = BTreeMap::new();
    let held = principal.map_or(&[][..], |p| p.inline.as_slice());
    for name in entity.inline.keys().map(String::as_str).chain(held.iter().map(|i| i.name.as_str())).collect::<BTreeSet<_>>() {
        let now = held.iter().find(|i| i.name == name).map_or(missing(is_seen && !is_untold("inline policies")), |i| document(&i.document));
        let steps = with_making(made, entity.is_linked, entity.inline.get(name));
        inline.insert(name.to_owned(), Timeline::new(&steps, &now, exported_ms, known_from_ms));
    }
    let mut attached = BTreeMap::new();
    let held: BTreeSet<String> = principal.map_or(&[][..], |p| p.attached.as_slice()).iter().map(|a| small(a)).collect();
    for arn in entity.attached.keys().chain(&held).collect::<BTreeSet<_>>() {
        let now = if held.contains(arn) { Info::Present(Some(())) } else { missing(is_seen && !is_untold("attached policies")) };
        let steps = with_making(made, entity.is_linked, entity.attached.get(arn));
        attached.insert(arn.clone(), Timeline::new(&steps, &now, exported_ms, known_from_ms));
    }
    let member = principal.filter(|p| p.kind == OwnerKind::User);
    let of_export: BTreeSet<usize> = member
        .map_or_else(BTreeSet::new, |p| p.groups.iter().filter_map(|g| groups_at.get(&(p.account.as_str(), g.as_str())).copied()).collect());
    let knows_all = member.is_some_and(|p| of_export.len() == p.groups.len());
    let mut groups = BTreeMap::new();
    for at in entity.groups.keys().chain(&of_export).copied().collect::<BTreeSet<_>>() {
        let is_exported = people.all.get(at).is_some_and(|g| g.exported.is_some());
        let now = if of_export.contains(&at) { Info::Present(Some(())) } else { missing(is_seen && !is_untold("groups") && (is_exported || knows_all)) };
        let steps = with_making(made, entity.is_linked, entity.groups.get(&at));
        groups.insert(at, Timeline::new(&steps, &now, exported_ms, known_from_ms));
    }
    let bounded = principal.and_then(|p| p.boundary.clone()).map_or(missing(principal.is_some() && !is_untold("permissions boundary")), |arn| Info::Present(Some(arn)));
    let trust = principal.and_then(|p| p.trust.as_ref()).map_or(Info::Any, document);
    let lives = if principal.is_some() { Info::Present(Some(())) } else { Info::Any };
    Slots {
        life: Timeline::new(&entity.life, &lives, exported_ms, known_from_ms),
        inline,
        attached,
        groups,
        boundary: Timeline::new(&entity.boundary, &bounded, exported_ms, known_from_ms),
        trust: Timeline::new(&entity.trust, &trust, exported_ms, known_from_ms),
    }
}
