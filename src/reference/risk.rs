//! Which actions are dangerous to leave lying around, from a reviewed list (reference-data.md section 6).

use std::collections::HashMap;

use serde::Deserialize;

use super::{AccessLevel, ActionId, Reference, ReferenceError};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Risks {
    privilege_escalation: Vec<String>,
    credential_exposure: Vec<String>,
    data_access: Vec<String>,
}

/// Categories by action. Every action that manages permissions counts as resource exposure.
pub(super) fn classify(reference: &mut Reference) -> Result<HashMap<ActionId, Vec<&'static str>>, ReferenceError> {
    let risks: Risks = toml::from_str(include_str!("data/risk.toml"))
        .map_err(|e| ReferenceError::DataFile { file: "risk.toml", problem: e.to_string() })?;
    let mut out: HashMap<ActionId, Vec<&'static str>> = HashMap::new();
    let lists = [
        ("privilege-escalation", &risks.privilege_escalation),
        ("credential-exposure", &risks.credential_exposure),
        ("data-access", &risks.data_access),
    ];
    for (category, patterns) in lists {
        for pattern in patterns {
            for id in reference.expand_row("risk.toml", pattern) {
                out.entry(id).or_default().push(category);
            }
        }
    }
    for id in reference.actions() {
        if reference.action(id).is_some_and(|a| a.level == AccessLevel::PermissionsManagement) {
            out.entry(id).or_default().push("resource-exposure");
        }
    }
    Ok(out)
}
