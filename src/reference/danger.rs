//! Which actions, together, open a way to more permissions than were given, and which reach data or destroy: reviewed lists
//! (reference-data.md section 6). What a principal can do of them is for the room `blast` to say.

use serde::Deserialize;

use super::{AccessLevel, ActionId, ActionIds, Reference, ReferenceError};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Methods {
    method: Vec<MethodRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MethodRow {
    id: String,
    needs: Vec<String>,
    passed_to: Option<String>,
    why: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reach {
    destruction: Vec<String>,
    store: Vec<StoreRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StoreRow {
    name: String,
    read: Vec<String>,
    write: Vec<String>,
}

/// A way to more permissions than were given.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Escalation {
    /// Its name in reports, `pass-role-lambda-invoke`.
    pub id: String,
    /// What it needs: of each list one action.
    pub needs: Vec<Vec<ActionId>>,
    /// The service that a role is passed to, where one is.
    pub passed_to: Option<String>,
    /// What it opens, in words.
    pub why: String,
}

/// A kind of store of data, with the actions that reach its content.
#[derive(Clone, PartialEq, Debug)]
pub struct Store {
    /// Its name in reports.
    pub name: String,
    /// Actions that read content.
    pub read: ActionIds,
    /// Actions that change content.
    pub write: ActionIds,
}

/// What of an action set is dangerous.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Dangers {
    /// Ways to more permissions.
    pub escalations: Vec<Escalation>,
    /// Actions that hand out or change credentials.
    pub credentials: ActionIds,
    /// Actions of level Permissions management.
    pub permissions: ActionIds,
    /// Stores of data.
    pub stores: Vec<Store>,
    /// Actions that read the content of a store.
    pub data_read: ActionIds,
    /// Actions that change the content of a store.
    pub data_write: ActionIds,
    /// Actions after which something is gone.
    pub destruction: ActionIds,
}

/// Reads the lists. A way of which the reference lacks an action is left out, and the action noted as skipped.
pub(super) fn classify(reference: &mut Reference) -> Result<Dangers, ReferenceError> {
    let wrong = |file: &'static str| move |e: toml::de::Error| ReferenceError::DataFile { file, problem: e.to_string() };
    let methods: Methods = toml::from_str(include_str!("data/escalations.toml")).map_err(wrong("escalations.toml"))?;
    let reach: Reach = toml::from_str(include_str!("data/reach.toml")).map_err(wrong("reach.toml"))?;
    let mut dangers = Dangers::default();
    for row in methods.method {
        let mut one_of = |words: &String| -> Vec<ActionId> { words.split('|').flat_map(|name| reference.expand_row("escalations.toml", name.trim())).collect() };
        let needs: Vec<Vec<ActionId>> = row.needs.iter().map(&mut one_of).collect();
        if needs.iter().all(|list| !list.is_empty()) {
            dangers.escalations.push(Escalation { id: row.id, needs, passed_to: row.passed_to, why: row.why });
        }
    }
    for row in reach.store {
        let mut set = |list: &[String]| -> ActionIds { list.iter().flat_map(|p| reference.expand_row("reach.toml", p)).collect() };
        let store = Store { read: set(&row.read), write: set(&row.write), name: row.name };
        dangers.data_read.add(&store.read);
        dangers.data_write.add(&store.write);
        if !(store.read.is_empty() && store.write.is_empty()) {
            dangers.stores.push(store);
        }
    }
    let destructive: Vec<ActionId> = reach.destruction.iter().flat_map(|p| reference.expand(p)).collect();
    let level_is = |id: ActionId, level| reference.action(id).is_some_and(|a| a.level == level);
    dangers.destruction = destructive.into_iter().filter(|id| level_is(*id, AccessLevel::Write)).collect();
    dangers.permissions = reference.actions().filter(|id| level_is(*id, AccessLevel::PermissionsManagement)).collect();
    dangers.credentials = reference.actions().filter(|id| reference.risk(*id).contains(&"credential-exposure")).collect();
    Ok(dangers)
}

impl Reference {
    /// Ways to more permissions, and the actions that reach credentials, permissions and data.
    #[must_use]
    pub fn dangers(&self) -> &Dangers {
        &self.dangers
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_lists_are_whole() {
        let reference = Reference::bundled().unwrap();
        let dangers = reference.dangers();
        let ids: BTreeSet<&str> = dangers.escalations.iter().map(|e| e.id.as_str()).collect();
        assert_eq!((ids.len(), dangers.escalations.len()), (55, 55), "each name once");
        for way in &dangers.escalations {
            let passes = way.needs.iter().any(|list| list.iter().any(|id| reference.name(*id) == "iam:PassRole"));
            assert_eq!(passes, way.passed_to.is_some(), "{}: a role is passed to a service", way.id);
            assert!(!way.why.is_empty() && way.why.len() < 120, "{}", way.id);
        }
        assert!(dangers.permissions.contains(reference.find("iam:PutRolePolicy").unwrap()));
        assert!(dangers.credentials.contains(reference.find("redshift:GetClusterCredentials").unwrap()));
        let gone = |name| dangers.destruction.contains(reference.find(name).unwrap());
        assert!(gone("s3:DeleteBucket") && gone("kms:ScheduleKeyDeletion") && gone("ec2:TerminateInstances"));
        assert!(!gone("iam:DeleteRolePolicy"), "manages permissions, counted there");
        assert!(!gone("s3:GetObject"));
    }
}
