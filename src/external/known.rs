//! Accounts that somebody published as theirs: a file in the format of fwd:cloudsec's `known_aws_accounts`
//! (`accounts.yaml`: a list of `name`, `source`, `accounts`, `type: aws`, `enabled`).
//!
//! A match is a hint for the reader. No finding goes away for it: who published an id may still not be whom you trust.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::aws::is_account_id;

/// Why the file was refused.
#[derive(Debug, thiserror::Error)]
pub enum KnownError {
    /// It cannot be read.
    #[error("cannot read known accounts `{}`: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// It is no list of known accounts.
    #[error("known accounts `{}`: {source}", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// The cause, with its line.
        source: serde_yaml_ng::Error,
    },
    /// An entry is not as it should be.
    #[error("known accounts `{}`: entry {entry} (`{name}`): {problem}", path.display())]
    Entry {
        /// The file.
        path: PathBuf,
        /// Its place, from 1.
        entry: usize,
        /// Its name.
        name: String,
        /// What is wrong.
        problem: String,
    },
}

/// What is known of an account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Known {
    /// Whose it is.
    pub name: String,
    /// Who says so: addresses of pages, or `configuration`.
    pub source: String,
    /// Whether AWS itself owns it.
    pub is_aws: bool,
}

/// Known accounts by id.
pub type KnownAccounts = BTreeMap<String, Known>;

#[derive(Deserialize)]
struct Entry {
    name: String,
    #[serde(default)]
    source: Vec<String>,
    accounts: Vec<serde_yaml_ng::Value>,
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(default = "yes")]
    enabled: bool,
}

fn yes() -> bool {
    true
}

/// Ids that YAML reads as numbers have lost their leading zeros.
fn id_of(value: &serde_yaml_ng::Value) -> Option<String> {
    let id = match value {
        serde_yaml_ng::Value::String(text) => text.clone(),
        serde_yaml_ng::Value::Number(number) => format!("{:012}", number.as_u64()?),
        _ => return None,
    };
    is_account_id(&id).then_some(id)
}

/// Reads a file; entries that are no longer enabled are left out.
///
/// # Errors
/// [`KnownError`] naming file and entry.
pub fn load(path: &Path) -> Result<KnownAccounts, KnownError> {
    let text = std::fs::read_to_string(path).map_err(|source| KnownError::Read { path: path.to_owned(), source })?;
    let entries: Vec<Entry> = serde_yaml_ng::from_str(&text).map_err(|source| KnownError::Parse { path: path.to_owned(), source })?;
    let mut known = KnownAccounts::new();
    for (at, entry) in entries.iter().enumerate() {
        for value in &entry.accounts {
            let Some(id) = id_of(value) else {
                let problem = format!("{value:?} is not an account id of twelve digits");
                return Err(KnownError::Entry { path: path.to_owned(), entry: at + 1, name: entry.name.clone(), problem });
            };
            if entry.enabled {
                let source = if entry.source.is_empty() { "known accounts file".to_owned() } else { entry.source.join(" ") };
                known.insert(id, Known { name: entry.name.clone(), source, is_aws: entry.kind.as_deref() == Some("aws") });
            }
        }
    }
    Ok(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<KnownAccounts, KnownError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("accounts.yaml");
        std::fs::write(&path, text).unwrap();
        load(&path)
    }

    #[test]
    fn entries_are_read_and_faulty_ones_named() {
        let known = read(
            "- name: 'Watcher'\n  source: ['https://watcher.example/docs']\n  accounts: ['777788889999', 012345678901]\n\
             - name: 'Amazon'\n  type: 'aws'\n  accounts: ['100000000001']\n\
             - name: 'Gone'\n  enabled: false\n  deprecated_date: '2024-01-01'\n  accounts: ['100000000002']\n",
        )
        .unwrap();
        let said: Vec<_> = known.iter().map(|(id, k)| (id.as_str(), k.name.as_str(), k.is_aws)).collect();
        assert_eq!(said, [("012345678901", "Watcher", false), ("100000000001", "Amazon", true), ("777788889999", "Watcher", false)]);
        assert_eq!(known["777788889999"].source, "https://watcher.example/docs");
        let wrong = read("- name: A\n  accounts: ['12']\n").unwrap_err().to_string();
        assert!(wrong.contains("entry 1 (`A`)") && wrong.contains("accounts.yaml"), "{wrong}");
        assert!(read("name: A").unwrap_err().to_string().contains("accounts.yaml"));
    }
}
