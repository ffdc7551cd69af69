//! Use, indexed for questions: what did these principals do with this action, in the window and before it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::grants::Principal;
use crate::reference::mapping::prefixes_of;
use crate::reference::{ActionId, Reference};
use crate::usage::{Outcome, Usage, UsageRow};

/// Use by principal and action.
pub struct Evidence<'u> {
    window: Index<'u, (ActionId, &'u UsageRow)>,
    history: Index<'u, (ActionId, &'u UsageRow)>,
    days: Index<'u, (ActionId, &'u [i64])>,
    unknown: BTreeMap<&'u str, BTreeSet<String>>,
}

/// Facts by a principal's unique id and by its ARN, the latter for records that lack the id.
struct Index<'u, T> {
    by_key: HashMap<&'u str, Vec<T>>,
    by_arn: HashMap<&'u str, Vec<(&'u str, T)>>,
}

impl<'u, T: Copy> Index<'u, T> {
    fn new(facts: impl Iterator<Item = (&'u str, Option<&'u str>, T)>) -> Index<'u, T> {
        let mut index = Index { by_key: HashMap::new(), by_arn: HashMap::new() };
        for (key, arn, fact) in facts {
            index.by_key.entry(key).or_default().push(fact);
            if let Some(arn) = arn {
                index.by_arn.entry(arn).or_default().push((key, fact));
            }
        }
        index
    }

    fn of(&self, principal: &Principal) -> impl Iterator<Item = T> + '_ {
        let id = principal.unique_id.clone();
        let own = self.by_key.get(principal.unique_id.as_str()).map_or(&[][..], Vec::as_slice);
        let named = self.by_arn.get(principal.arn.as_str()).map_or(&[][..], Vec::as_slice);
        own.iter().copied().chain(named.iter().filter(move |(key, _)| *key != id).map(|(_, fact)| *fact))
    }
}

/// What a set of principals did with one action.
#[derive(Default)]
pub struct Uses<'u> {
    /// Authorised in the window, with the principal who did it.
    pub allowed: Vec<(usize, &'u UsageRow)>,
    /// Failed in the window in a way that may precede authorisation.
    pub weak: Vec<&'u UsageRow>,
    /// Denied calls in the window.
    pub denied_calls: i64,
    /// Last authorised use before the window.
    pub last_before_ms: Option<i64>,
    /// Days of use before the window, of each principal that did not use it in the window.
    pub days: Vec<&'u [i64]>,
}

impl<'u> Evidence<'u> {
    /// Indexes the rows.
    #[must_use]
    pub fn new(usage: &'u Usage, reference: &Reference) -> Evidence<'u> {
        let mut unknown: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for call in &usage.unknown_calls {
            let prefixes = prefixes_of(&call.event_source);
            for who in [call.principal_key.as_deref(), call.principal_arn.as_deref()].into_iter().flatten() {
                unknown.entry(who).or_default().extend(prefixes.iter().cloned());
            }
        }
        // Names of actions repeat a million times: each is looked up once.
        let mut known: HashMap<&str, Option<ActionId>> = HashMap::new();
        let mut find = |name: &'u str| *known.entry(name).or_insert_with(|| reference.find(name));
        let window = Index::new(usage.rows.iter().filter_map(|r| Some((r.principal_key.as_str(), r.principal_arn.as_deref(), (find(&r.action)?, r)))));
        let past = usage.history.iter().filter(|r| r.outcome == Outcome::Allowed);
        let history = Index::new(past.filter_map(|r| Some((r.principal_key.as_str(), r.principal_arn.as_deref(), (find(&r.action)?, r)))));
        let days = usage.use_days.iter();
        let days = Index::new(days.filter_map(|d| Some((d.principal_key.as_str(), d.principal_arn.as_deref(), (find(&d.action)?, d.days.as_slice())))));
        Evidence { window, history, days, unknown }
    }

    /// What these principals did, by action; actions that no record names are left out.
    #[must_use]
    pub fn uses(&self, members: &[&Principal]) -> BTreeMap<ActionId, Uses<'u>> {
        let mut all: BTreeMap<ActionId, Uses<'u>> = BTreeMap::new();
        for (at, member) in members.iter().enumerate() {
            for (id, row) in self.window.of(member) {
                let uses = all.entry(id).or_default();
                match row.outcome {
                    Outcome::Allowed => uses.allowed.push((at, row)),
                    Outcome::Error => uses.weak.push(row),
                    Outcome::Denied => uses.denied_calls += row.calls,
                }
            }
            for (id, row) in self.history.of(member) {
                let uses = all.entry(id).or_default();
                uses.last_before_ms = uses.last_before_ms.max(Some(row.last_seen_ms));
            }
            for (id, days) in self.days.of(member) {
                all.entry(id).or_default().days.push(days);
            }
        }
        all
    }

    /// Prefixes of the services of calls whose action is not known.
    #[must_use]
    pub fn unknown_services(&self, members: &[&Principal]) -> BTreeSet<&str> {
        members
            .iter()
            .flat_map(|m| [self.unknown.get(m.unique_id.as_str()), self.unknown.get(m.arn.as_str())])
            .flatten()
            .flatten()
            .map(String::as_str)
            .collect()
    }
}
