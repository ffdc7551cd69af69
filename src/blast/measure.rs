//! What one principal reaches: ways to more permissions, credentials, permissions, data, destruction.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock};

use super::scope::{Grade, Scope, context_of, scope};
use super::sets::{Reachable, Sets};
use crate::evaluate::{CompiledPolicies, RequestPrincipal};
use crate::policy::PolicyDocument;
use crate::reference::{ActionId, ActionIds, Reference};

/// Somebody with what it holds.
#[derive(Clone, Copy)]
pub struct Holder<'a> {
    /// Who.
    pub who: &'a RequestPrincipal,
    /// Its identity policies, its boundary and the service control policies over it, compiled.
    pub policies: &'a CompiledPolicies,
    /// Its identity policies, in the order of the compiled ones.
    pub documents: &'a [&'a PolicyDocument],
    /// The actions that it can have.
    pub reachable: &'a Reachable,
    /// Regions that conditions name: the caller chooses among them.
    pub regions: &'a [String],
    /// What others who hold the same documents may share; `None`: nothing.
    pub shared: Option<Shared<'a>>,
}

/// Scopes that do not depend on who asks, by what they depend on.
#[derive(Default)]
pub struct SharedScopes(RwLock<HashMap<ScopeKey, Scope>>);

/// What a scope depends on. Documents are told by their places in memory, where they stay while they are borrowed.
#[derive(PartialEq, Eq, Hash)]
struct ScopeKey {
    account: String,
    is_role: bool,
    is_bound_from_above: bool,
    boundary: Option<usize>,
    documents: Vec<usize>,
    action: ActionId,
    passed_to: Option<String>,
}

/// Where a holder's scopes are shared.
#[derive(Clone, Copy)]
pub struct Shared<'a> {
    /// The scopes.
    pub scopes: &'a SharedScopes,
    /// Those of documents that nobody else holds: they are of no use to others.
    pub own_scopes: &'a SharedScopes,
    /// Those documents, by their places in memory.
    pub own: &'a HashSet<usize>,
    /// The sets of the holder's documents, one by one.
    pub each: &'a [Arc<Sets>],
    /// Its boundary.
    pub boundary: Option<&'a PolicyDocument>,
    /// Whether service control policies bear on it.
    pub is_bound_from_above: bool,
}

impl Shared<'_> {
    fn key(&self, holder: &Holder<'_>, action: ActionId, passed_to: Option<&str>) -> ScopeKey {
        let place = |document: &PolicyDocument| std::ptr::from_ref(document).addr();
        let speaking = holder.documents.iter().zip(self.each).filter(|(_, sets)| sets.speaks_of(action));
        ScopeKey {
            account: holder.who.account().unwrap_or_default().to_owned(),
            is_role: holder.who.role_arn.is_some(),
            is_bound_from_above: self.is_bound_from_above,
            boundary: self.boundary.map(place),
            documents: speaking.map(|(document, _)| place(document)).collect(),
            action,
            passed_to: passed_to.map(str::to_owned),
        }
    }
}

/// A way to more permissions that is open.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Opened {
    /// Its place among the reference's ways.
    pub way: usize,
    /// How far.
    pub grade: Grade,
    /// How far without the passing of a role.
    pub without_role: Grade,
    /// What it is limited to: the resources of the action that is the least open.
    pub on: Arc<BTreeSet<String>>,
}

/// Actions of a category.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// On every resource without condition.
    pub open: usize,
    /// On some resources, or under conditions.
    pub bounded: usize,
}

impl Counts {
    fn of(reachable: &Reachable, category: &ActionIds) -> Counts {
        let open = reachable.open.common(category).len();
        Counts { open, bounded: reachable.any.common(category).len().saturating_sub(open) }
    }

    /// Both.
    #[must_use]
    pub fn all(self) -> usize {
        self.open + self.bounded
    }
}

/// How a store of data is reached.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reached {
    /// Its place among the reference's stores.
    pub store: usize,
    /// Whose content is read.
    pub read: Scope,
    /// Whose content is changed.
    pub write: Scope,
}

/// What a principal reaches.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Measured {
    /// Ways to more permissions, in the reference's order.
    pub ways: Vec<Opened>,
    /// Actions that hand out or change credentials.
    pub credentials: Counts,
    /// Actions that manage permissions.
    pub permissions: Counts,
    /// Actions that read data.
    pub data_read: Counts,
    /// Actions that change data.
    pub data_write: Counts,
    /// Actions after which something is gone.
    pub destruction: Counts,
    /// Stores whose content is read or changed.
    pub stores: Vec<Reached>,
}

/// Scopes of one holder's actions, each worked out once.
struct Scopes<'h> {
    holder: Holder<'h>,
    reference: &'h Reference,
    known: BTreeMap<(ActionId, Option<&'h str>), Scope>,
}

impl<'h> Scopes<'h> {
    /// The scope of an action; of the passing of a role, to a service.
    fn of(&mut self, id: ActionId, passed_to: Option<&'h str>) -> Scope {
        let name = self.reference.name(id);
        let passed_to = passed_to.filter(|_| name == "iam:PassRole");
        if !self.holder.reachable.any.contains(id) {
            return Scope::closed();
        }
        if self.holder.reachable.free.contains(id) {
            return Scope::open();
        }
        if let Some(known) = self.known.get(&(id, passed_to)) {
            return known.clone();
        }
        let shared = self.holder.shared.filter(|_| !self.holder.reachable.personal.contains(id));
        let key = shared.map(|s| {
            let key = s.key(&self.holder, id, passed_to);
            (if key.documents.iter().any(|place| s.own.contains(place)) { s.own_scopes } else { s.scopes }, key)
        });
        if let Some((scopes, key)) = &key
            && let Some(found) = scopes.0.read().unwrap_or_else(PoisonError::into_inner).get(key)
        {
            return found.clone();
        }
        let mut context = context_of(name, self.holder.who.role_arn.as_deref().or(self.holder.who.arn.as_deref()));
        if let Some(service) = passed_to {
            context.set("iam:PassedToService", vec![service.to_owned()]);
        }
        let found = scope(&self.holder, self.reference, id, &context);
        match key {
            Some((scopes, key)) => _ = scopes.0.write().unwrap_or_else(PoisonError::into_inner).insert(key, found.clone()),
            None => _ = self.known.insert((id, passed_to), found.clone()),
        }
        found
    }

    /// The widest of some actions' scopes, with the resources of all.
    fn of_any(&mut self, ids: impl Iterator<Item = ActionId>, passed_to: Option<&'h str>) -> Scope {
        let mut all = Scope::closed();
        for id in ids {
            all.add(&self.of(id, passed_to));
        }
        all
    }

    fn way(&mut self, at: usize) -> Option<Opened> {
        let way = self.reference.dangers().escalations.get(at)?;
        if !way.needs.iter().all(|list| list.iter().any(|id| self.holder.reachable.any.contains(*id))) {
            return None;
        }
        let passed_to = way.passed_to.as_deref();
        let (mut grade, mut without_role, mut on) = (Grade::Open, Grade::Open, Scope::open().patterns);
        for list in &way.needs {
            let one = self.of_any(list.iter().copied(), passed_to);
            if one.grade < grade {
                on = one.patterns;
            }
            grade = grade.min(one.grade);
            if list.iter().all(|id| self.reference.name(*id) != "iam:PassRole") {
                without_role = without_role.min(one.grade);
            }
        }
        (grade > Grade::Closed).then_some(Opened { way: at, grade, without_role, on })
    }
}

/// What a holder reaches.
#[must_use]
pub fn measure(holder: Holder<'_>, reference: &Reference) -> Measured {
    let dangers = reference.dangers();
    let mut scopes = Scopes { holder, reference, known: BTreeMap::new() };
    let ways = (0..dangers.escalations.len()).filter_map(|at| scopes.way(at)).collect();
    let mut stores = Vec::new();
    for (at, store) in dangers.stores.iter().enumerate() {
        let [read, write] = [&store.read, &store.write].map(|set| {
            let granted = holder.reachable.any.common(set);
            scopes.of_any(granted.iter(), None)
        });
        if read.grade.max(write.grade) > Grade::Closed {
            stores.push(Reached { store: at, read, write });
        }
    }
    let counts = |category| Counts::of(holder.reachable, category);
    Measured {
        ways,
        credentials: counts(&dangers.credentials),
        permissions: counts(&dangers.permissions),
        data_read: counts(&dangers.data_read),
        data_write: counts(&dangers.data_write),
        destruction: counts(&dangers.destruction),
        stores,
    }
}
