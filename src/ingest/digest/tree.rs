//! The files of a validation: digests by chain, what lies beside them, and log files, found again by the last part of
//! their name.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use super::name::{ChainId, DigestName, SIDECAR, digest_name, is_digest_path, last_part, lies_at, without_gz};
use crate::ingest::IngestError;
use crate::ingest::walk::{self, Found};

/// A digest on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigestFile {
    /// Where it lies.
    pub path: PathBuf,
    /// Its path below the folder that was given.
    pub relative: String,
    /// What reports call it: its path below the folder, behind the folder where two have the same.
    pub name: String,
    /// When it ends, by its name, epoch milliseconds UTC.
    pub end_ms: i64,
}

impl DigestFile {
    /// Where its metadata would lie.
    #[must_use]
    pub fn sidecar(&self) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(SIDECAR);
        name.into()
    }
}

/// The log files of a tree.
#[derive(Debug, Default)]
pub struct Logs {
    /// In order of name.
    pub files: Vec<Found>,
    relative: Vec<String>,
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
    fn new(files: Vec<Found>, bases: &[PathBuf]) -> Logs {
        let mut logs = Logs { files, ..Logs::default() };
        for (at, file) in logs.files.iter().enumerate() {
            // A name may have its root in front, so that two roots do not clash: the path below the root counts.
            let relative = bases.iter().find_map(|base| file.path.strip_prefix(base).ok()).map_or_else(|| file.name.clone(), slashes);
            logs.by_last_part.entry(without_gz(last_part(&relative)).to_owned()).or_default().push(at);
            logs.relative.push(relative);
        }
        logs
    }

    /// The files that a digest may mean by a key.
    #[must_use]
    pub fn locate(&self, key: &str) -> Located {
        let mut located = Located::default();
        for at in self.by_last_part.get(without_gz(last_part(key))).into_iter().flatten() {
            let here = self.relative.get(*at).is_some_and(|relative| lies_at(relative, key));
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

fn slashes(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

impl Tree {
    /// Finds digests and log files.
    ///
    /// # Errors
    /// [`IngestError::Logs`] when a given path is not there or a folder cannot be listed.
    pub fn find(roots: &[PathBuf]) -> Result<Tree, IngestError> {
        let mut tree = Tree::default();
        let mut bases = Vec::new();
        let mut names = BTreeSet::new();
        for root in roots {
            let meta = std::fs::metadata(root).map_err(|source| IngestError::Logs { path: root.clone(), source })?;
            let base = if meta.is_dir() { root.clone() } else { root.parent().unwrap_or(Path::new("")).to_path_buf() };
            for entry in walkdir::WalkDir::new(root).follow_root_links(true).sort_by_file_name() {
                let entry = entry.map_err(|e| IngestError::Logs {
                    path: e.path().map_or_else(|| root.clone(), Path::to_path_buf),
                    source: e.into_io_error().unwrap_or_else(|| std::io::Error::other("loop of links")),
                })?;
                let relative = slashes(entry.path().strip_prefix(&base).unwrap_or(entry.path()));
                let file = if entry.depth() == 0 { meta.is_file() } else { entry.file_type().is_file() };
                if file && is_digest_path(&slashes(entry.path())) {
                    let name = if names.contains(&relative) { format!("{}/{relative}", root.display()) } else { relative.clone() };
                    names.insert(name.clone());
                    match digest_name(&relative) {
                        Some(DigestName { chain, end_ms }) => {
                            tree.chains.entry(chain).or_default().push(DigestFile { path: entry.path().to_path_buf(), relative, name, end_ms });
                        }
                        None => tree.strangers.push(name),
                    }
                }
            }
            bases.push(base);
        }
        for digests in tree.chains.values_mut() {
            digests.sort_by(|a, b| (b.end_ms, &b.name, &b.path).cmp(&(a.end_ms, &a.name, &a.path)));
            digests.dedup_by(|a, b| a.path == b.path);
        }
        let mut logs = walk::walk(roots)?.files;
        logs.retain(|file| !is_digest_path(&slashes(&file.path)) && !super::name::is_sidecar(&file.name));
        tree.logs = Logs::new(logs, &bases);
        Ok(tree)
    }
}
