//! How each action shows in the logs, from two reviewed data files and the facts of the bundle.
//!
//! "Not seen" may only become "not used" for actions that are logged; an action that stands in the wrong class
//! here would be taken away from people who use it. Source: reference-data.md section 4.

use std::collections::HashMap;

use serde::Deserialize;

use super::{ActionId, Observability, Reference, ReferenceError};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DataEvents {
    group: Vec<DataGroup>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DataGroup {
    /// Service prefix.
    service: String,
    /// `resources.type` values of selectors.
    types: Vec<String>,
    /// Action names that are logged as data events only; patterns allowed.
    actions: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Logged {
    /// Actions whose use is told by parameters of other events.
    derived: Vec<String>,
    /// Actions without any event.
    never: Vec<String>,
    /// Actions without an operation of their own name that a management event leads to all the same.
    renamed: Vec<String>,
}

fn parse<T: serde::de::DeserializeOwned>(file: &'static str, text: &str) -> Result<T, ReferenceError> {
    toml::from_str(text).map_err(|e| ReferenceError::DataFile { file, problem: e.to_string() })
}

/// Sets the class of every action; gives the selectors' resource types of data events.
pub(super) fn classify(reference: &mut Reference) -> Result<HashMap<ActionId, Vec<String>>, ReferenceError> {
    const DATA: &str = "data_events.toml";
    const LOGGED: &str = "logged.toml";
    let data: DataEvents = parse(DATA, include_str!("data/data_events.toml"))?;
    let logged: Logged = parse(LOGGED, include_str!("data/logged.toml"))?;
    let mut class: HashMap<ActionId, Observability> = HashMap::new();
    let mut types: HashMap<ActionId, Vec<String>> = HashMap::new();
    for id in reference.actions() {
        let Some(action) = reference.action(id) else { continue };
        let own = if action.permission_only {
            Observability::Never
        } else if action.has_operation {
            Observability::Management
        } else {
            Observability::Unknown
        };
        class.insert(id, own);
    }
    // A service none of whose actions has an operation has no public API: nothing of it is logged by name.
    for service in reference.services() {
        let ids = || (service.first_action..service.first_action.saturating_add(service.action_count)).map(ActionId);
        if !ids().any(|id| reference.action(id).is_some_and(|a| a.has_operation)) {
            class.extend(ids().map(|id| (id, Observability::Never)));
        }
    }
    for pattern in &logged.renamed {
        class.extend(reference.expand_row(LOGGED, pattern).into_iter().map(|id| (id, Observability::Management)));
    }
    for group in &data.group {
        for name in &group.actions {
            for id in reference.expand_row(DATA, &format!("{}:{name}", group.service)) {
                class.insert(id, Observability::Data);
                types.insert(id, group.types.clone());
            }
        }
    }
    for pattern in &logged.never {
        class.extend(reference.expand_row(LOGGED, pattern).into_iter().map(|id| (id, Observability::Never)));
    }
    for pattern in &logged.derived {
        class.extend(reference.expand_row(LOGGED, pattern).into_iter().map(|id| (id, Observability::Derived)));
    }
    for (id, observability) in class {
        if let Some(action) = reference.actions.get_mut(id.0 as usize) {
            action.observability = observability;
        }
    }
    Ok(types)
}
