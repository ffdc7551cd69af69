//! The table of all exports of a bundle (`data/exports.toml`): which command writes which file, and what its absence
//! weakens. The script that fills a bundle and the check of what a bundle lacks are both made from these rows.

use std::sync::LazyLock;

use serde::Deserialize;

/// What an export is good for.
#[derive(Copy, Clone, PartialEq, Eq, Debug, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// Policies and settings that decide requests.
    Evaluated,
    /// Facts that reports show.
    Reported,
    /// What the logs could have shown.
    Coverage,
    /// Only names what other rows are about.
    Lists,
    /// Nothing here: it is kept for whoever checks the log files themselves.
    Kept,
}

/// The things that a command runs once for each of.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Items {
    /// Id of the row that lists them.
    pub list: String,
    /// Field of its output: a text in each object, or a list of texts.
    pub field: String,
}

/// One row: one command and the file it writes.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Export {
    /// Name of the row.
    pub id: String,
    /// The system of permissions it belongs to.
    pub system: String,
    /// Where the output stands in a bundle, with `{…}` for parts of the path.
    pub file: String,
    /// What writes it, after `aws`.
    pub command: String,
    /// What is kept of the output (JMESPath), where the rest is too much or may be secret.
    #[serde(default)]
    pub keep: Option<String>,
    /// What it runs once for each of.
    #[serde(default)]
    pub items: Option<Items>,
    /// The ARN of a thing that is listed by name, with `{name}` for that and `{partition}`, `{account}`, `{region}`.
    #[serde(default)]
    pub arn: Option<String>,
    /// Whether the file is `{"resourceArn": …, "output": …}`.
    #[serde(default)]
    pub wrapped: bool,
    /// The only region that answers.
    #[serde(default)]
    pub region: Option<String>,
    /// What it is good for.
    pub part: Part,
    /// What is not known without it.
    pub weakens: String,
    /// What the collecting role must be allowed.
    pub actions: Vec<String>,
}

/// Error codes by which AWS says that there is no such thing: an answer, where any other code leaves it unknown.
pub const KNOWN_ABSENT: &[&str] = &[
    "AWSOrganizationsNotInUseException",
    "EntityNotFoundException",
    "NoSuchAccessPointPolicy",
    "NoSuchBucketPolicy",
    "NoSuchEntity",
    "NoSuchPublicAccessBlockConfiguration",
    // Of `iam list-organizations-features`, as AWS documents them and as its models name them: root access is not managed
    // centrally.
    "OrganizationNotFound",
    "OrganizationNotFoundException",
    "OrganizationNotInAllFeaturesMode",
    "OrganizationNotInAllFeaturesModeException",
    "OwnershipControlsNotFoundError",
    "PolicyNotFound",
    "PolicyNotFoundException",
    "RegistryPolicyNotFoundException",
    "RepositoryPolicyNotFoundException",
    "ResourceNotFoundException",
    "ResourcePolicyNotFoundException",
    "ServiceAccessNotEnabled",
    "ServiceAccessNotEnabledException",
];

impl Export {
    /// The service and the operation, in the command's words.
    #[must_use]
    pub fn call(&self) -> String {
        self.command.split(' ').take(2).collect::<Vec<_>>().join(" ")
    }

    /// The names between braces in the path of the file, in order.
    pub fn places(&self) -> impl Iterator<Item = &str> {
        self.file.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    export: Vec<Export>,
}

static EXPORTS: LazyLock<Result<Vec<Export>, String>> = LazyLock::new(|| {
    let text = include_str!("data/exports.toml");
    toml::from_str(text).map(|file: File| file.export).map_err(|e| format!("built-in table of exports: {e}"))
});

/// All rows, in the order of the table: a list stands before the rows that it names the things of.
///
/// # Errors
/// What is wrong with the built-in table; a test reads it, so this is a defect of the program.
pub fn exports() -> Result<&'static [Export], String> {
    EXPORTS.as_deref().map_err(Clone::clone)
}

/// The row of a name.
#[must_use]
pub fn export(id: &str) -> Option<&'static Export> {
    exports().ok()?.iter().find(|e| e.id == id)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_table_is_sound() {
        let rows = exports().unwrap();
        assert!(rows.len() > 100);
        let (mut ids, mut files) = (BTreeSet::new(), BTreeSet::new());
        for row in rows {
            if let Some(items) = &row.items {
                assert!(ids.contains(items.list.as_str()), "{}: its list `{}` stands nowhere above it", row.id, items.list);
            }
            assert!(ids.insert(row.id.as_str()), "two rows are named {}", row.id);
            assert!(files.insert(row.file.as_str()), "two rows write {}", row.file);
            assert!(row.file.ends_with(".json"), "{}", row.id);
            assert!(row.command.split(' ').count() >= 2 && !row.command.contains("  "), "{}", row.id);
            assert!(!row.weakens.is_empty() && !row.system.is_empty(), "{}", row.id);
            for action in &row.actions {
                assert!(action.split_once(':').is_some_and(|(service, name)| !service.is_empty() && !name.is_empty()), "{}", row.id);
            }
            // A file of its own for each thing, unless there is only one.
            let own = row.places().filter(|p| !matches!(*p, "account" | "region" | "instance")).count();
            let listed = row.items.is_some() && !row.file.ends_with("{instance}/permission-sets.json");
            assert_eq!(listed, own > 0 || row.file.ends_with("assignments/{account}.json"), "{}", row.id);
        }
    }

    #[test]
    fn a_row_tells_its_call_and_its_places() {
        let row = export("bucket-policy").unwrap();
        assert_eq!(row.call(), "s3api get-bucket-policy");
        assert_eq!(row.places().collect::<Vec<_>>(), ["account", "bucket"]);
        assert_eq!(row.part, Part::Evaluated);
        assert!(export("nothing").is_none());
    }
}
