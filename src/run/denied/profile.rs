//! How a caller behaves among its refusals: does it try whatever there is, once or day after day?
//!
//! Nothing here is proof: a count of services and actions on one day tells a hunt for permissions from a job that lacks one.

use std::collections::{BTreeMap, BTreeSet};

use crate::usage::DeniedCallRow;

/// From how many services on one day a caller tries whatever there is.
const SERVICES: usize = 6;

/// From how many actions on one day it does too, if most of them only look.
const ACTIONS: usize = 12;

/// On how many such days it is a tool that does so by habit.
const HABIT: usize = 3;

/// A caller's refusals.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// Days on which it tried whatever there is.
    pub busy_days: usize,
    /// The most services refused on one day.
    pub most_services: usize,
    /// The most actions refused on one day.
    pub most_actions: usize,
}

impl Profile {
    /// Whether it tries whatever there is.
    pub fn tries_everything(&self) -> bool {
        self.busy_days > 0
    }

    /// Whether it does so day after day, as inventories and scanners do.
    pub fn by_habit(&self) -> bool {
        self.busy_days >= HABIT
    }
}

/// Whether an action's name is one that looks around.
fn looks(action: &str) -> bool {
    let name = action.split(':').nth(1).unwrap_or("");
    ["List", "Describe", "Get", "Search", "Lookup"].iter().any(|word| name.starts_with(word))
}

/// The profile of every caller by the name that `group::who` gives.
pub fn profiles<'a>(rows: impl Iterator<Item = (&'a str, &'a DeniedCallRow)>) -> BTreeMap<&'a str, Profile> {
    let mut days: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for (who, row) in rows {
        days.entry((who, &row.date)).or_default().insert(&row.call.action);
    }
    let mut all: BTreeMap<&str, Profile> = BTreeMap::new();
    for ((who, _), actions) in days {
        let services: BTreeSet<&str> = actions.iter().map(|a| a.split(':').next().unwrap_or("")).collect();
        let looking = actions.iter().filter(|a| looks(a)).count();
        let profile = all.entry(who).or_default();
        profile.most_services = profile.most_services.max(services.len());
        profile.most_actions = profile.most_actions.max(actions.len());
        let mostly_looks = looking.saturating_mul(10) >= actions.len().saturating_mul(7);
        profile.busy_days += usize::from(services.len() >= SERVICES || (actions.len() >= ACTIONS && mostly_looks));
    }
    all
}
