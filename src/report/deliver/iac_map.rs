//! Which file of the reader's own Terraform or CloudFormation owns a policy (`--iac-map`).

use std::path::Path;

use serde::Deserialize;

use crate::aws::arn_matches;

/// The map's file.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct IacMap {
    /// `[[owner]]`, the first that fits counts.
    #[serde(default)]
    pub owner: Vec<IacOwner>,
}

/// Where the policies of some owners are written.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct IacOwner {
    /// Pattern of the ARN of the user, group, role, policy or permission set.
    pub arn: String,
    /// Name of the policy, if the entry is of one policy only.
    pub policy: Option<String>,
    /// The file.
    pub file: String,
    /// The resource in it, `aws_iam_role_policy.app`.
    pub address: Option<String>,
}

/// Why the map was refused.
#[derive(Debug, thiserror::Error)]
#[error("`{file}`: {problem}")]
pub struct IacMapError {
    file: String,
    problem: String,
}

impl IacMap {
    /// Reads a map.
    ///
    /// # Errors
    /// [`IacMapError`] naming the file and the key.
    pub fn load(path: &Path) -> Result<IacMap, IacMapError> {
        let fail = |problem: String| IacMapError { file: path.display().to_string(), problem };
        let text = std::fs::read_to_string(path).map_err(|e| fail(e.to_string()))?;
        toml::from_str(&text).map_err(|e| fail(e.to_string()))
    }

    /// The entry of an owner's policy.
    #[must_use]
    pub fn of(&self, owner_arn: &str, policy: &str) -> Option<&IacOwner> {
        self.owner.iter().find(|o| arn_matches(&o.arn, owner_arn) && o.policy.as_ref().is_none_or(|p| p == policy))
    }
}
