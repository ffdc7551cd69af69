//! The files of a validation: digests by chain, what lies beside them, and log files, found again by the last part of
//! their name.

use std::collections::{BTreeMap, HashMap};

use super::name::{ChainId, DigestName, digest_name, is_digest_path, is_sidecar, last_part, lies_at, without_gz};
use crate::ingest::source::{Found, Listing, Origin};

/// A digest.
#[derive(Debug, Clone)]
pub struct DigestFile {
    /// Where it is.
    pub origin: Origin,
    /// Its path below the folder that was given, or its key.
    pub relative: String,
    /// What reports call it.
    pub name: String,
    /// When it ends, by its name, epoch milliseconds UTC.
    pub end_ms: i64,
}

/// The log files of a tree.
#[derive(Debug, Default)]
pub struct Logs {
    /// In order of name.
    pub files: Vec<Found>,
    by_last_part: HashMap<String, Vec<usize>>,
}

/// Files that have the last part of a key: those that lie where S3 had them, and others.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Located {
    /// Where S3 had it.
    pub here: Vec<usize>,
    /// Elsewhere.
    pub elsewhere: Vec<usize>,
}

impl Logs {
    fn new(files: Vec<Found>) -> Logs {
        let mut by_last_part: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, file) in files.iter().enumerate() {
            by_last_part.entry(without_gz(last_part(file.relative())).to_owned()).or_default().push(at);
        }
        Logs { files, by_last_part }
    }

    /// The files that a digest may mean by a key.
    #[must_use]
    pub fn locate(&self, key: &str) -> Located {
        let mut located = Located::default();
        for at in self.by_last_part.get(without_gz(last_part(key))).into_iter().flatten() {
            let here = self.files.get(*at).is_some_and(|file| lies_at(file.relative(), key));
            if here { located.here.push(*at) } else { located.elsewhere.push(*at) }
        }
        located
    }
}

/// What a validation looks at.
#[derive(Debug, Default)]
pub struct Tree {
    /// Digests by chain, the newest first.
    pub chains: BTreeMap<ChainId, Vec<DigestFile>>,
    /// Log files.
    pub logs: Logs,
    /// Files in a digest folder that have no digest's name.
    pub strangers: Vec<String>,
}

impl Tree {
    /// Finds digests and log files among files.
    #[must_use]
    pub fn of(listing: &Listing) -> Tree {
        let mut tree = Tree::default();
        let mut logs = Vec::new();
        for file in &listing.files {
            if !is_digest_path(&file.origin.place()) {
                if !crate::ingest::is_digest(&file.name) && !is_sidecar(&file.name) {
                    logs.push(file.clone());
                }
                continue;
            }
            match digest_name(file.relative()) {
                Some(DigestName { chain, end_ms }) => {
                    let digest = DigestFile { origin: file.origin.clone(), relative: file.relative().to_owned(), name: file.name.clone(), end_ms };
                    tree.chains.entry(chain).or_default().push(digest);
                }
                None => tree.strangers.push(file.name.clone()),
            }
        }
        for digests in tree.chains.values_mut() {
            digests.sort_by(|a, b| (b.end_ms, &b.name).cmp(&(a.end_ms, &a.name)));
        }
        tree.logs = Logs::new(logs);
        tree
    }
}
