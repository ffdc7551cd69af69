//! Shorter lists of actions that mean the same: a prefix wildcard stands for names only where every action that
//! the reference knows under that prefix is kept anyway, and only inside a pattern that was granted.

use std::collections::BTreeSet;

use crate::policy::ActionElement;
use crate::policy::matching::{action_pattern_covers, action_pattern_intersects};
use crate::reference::{ActionId, Reference};

/// Whether a pattern lies inside what an action element grants, for all actions there are or will be.
#[must_use]
pub fn inside(element: &ActionElement, pattern: &str) -> bool {
    match element {
        ActionElement::Action(list) => list.iter().any(|p| action_pattern_covers(p, pattern)),
        ActionElement::NotAction(list) => !list.iter().any(|p| action_pattern_intersects(p, pattern)),
    }
}

/// The kept actions as the patterns of the original element that they fill, and the names of the rest.
#[must_use]
pub fn as_written(kept: &BTreeSet<ActionId>, element: &ActionElement, reference: &Reference) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    let mut rest = kept.clone();
    if let ActionElement::Action(patterns) = element {
        for pattern in patterns {
            let ids = reference.expand(pattern);
            if !ids.is_empty() && ids.iter().all(|id| kept.contains(id)) {
                out.insert(pattern.clone());
                for id in ids {
                    rest.remove(&id);
                }
            }
        }
    }
    out.extend(rest.into_iter().map(|id| reference.name(id).to_owned()));
    out
}

/// The kept actions in as few patterns as this method finds: whole services, then shared prefixes, then names.
#[must_use]
pub fn compressed(kept: &BTreeSet<ActionId>, element: &ActionElement, reference: &Reference) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    for service in reference.services() {
        let all: Vec<ActionId> =
            (service.first_action..service.first_action.saturating_add(service.action_count)).map(ActionId).collect();
        if all.iter().any(|id| kept.contains(id)) {
            let names: Vec<(String, bool)> = all
                .iter()
                .map(|id| (reference.name(*id).split_once(':').map_or("", |(_, n)| n).to_owned(), kept.contains(id)))
                .collect();
            cover(&service.prefix, "", &names, element, &mut out);
        }
    }
    out
}

/// Covers the kept names that start with `prefix` (no case).
fn cover(service: &str, prefix: &str, names: &[(String, bool)], element: &ActionElement, out: &mut BTreeSet<String>) {
    let starts = |name: &str| name.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix));
    let here: Vec<&(String, bool)> = names.iter().filter(|(n, _)| starts(n)).collect();
    let kept = here.iter().filter(|(_, k)| *k).count();
    if kept == 0 {
        return;
    }
    let pattern = format!("{service}:{prefix}*");
    if kept == here.len() && kept > 1 && inside(element, &pattern) {
        out.insert(pattern);
        return;
    }
    if kept == 1 {
        out.extend(here.iter().filter(|(_, k)| *k).map(|(n, _)| format!("{service}:{n}")));
        return;
    }
    let mut next: BTreeSet<String> = BTreeSet::new();
    for (name, is_kept) in &here {
        match name.get(prefix.len()..).and_then(|rest| rest.chars().next()) {
            Some(c) => {
                next.insert(format!("{prefix}{}", c.to_ascii_uppercase()));
            }
            None if *is_kept => {
                out.insert(format!("{service}:{name}"));
            }
            None => {}
        }
    }
    let inner: Vec<(String, bool)> = here.into_iter().cloned().collect();
    for longer in next {
        // The spelling of the wildcard follows the names it stands for.
        let spelled = inner
            .iter()
            .find_map(|(n, _)| n.get(..longer.len()).filter(|head| head.eq_ignore_ascii_case(&longer)))
            .unwrap_or(&longer)
            .to_owned();
        cover(service, &spelled, &inner, element, out);
    }
}
