//! Finds log files: folders are walked. What a file is, its content decides (`carriers`); only digests, which lie in a
//! folder of their own beside the logs, are set aside by it.
//!
//! The order is that of the names, so that results do not depend on the file system. Symbolic links are not
//! followed (an input tree may be written by others) but named.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::IngestError;

/// A file to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Where it lies.
    pub path: PathBuf,
    /// Its name relative to the folder that was given: what ledger and messages say.
    pub name: String,
    /// Its size in bytes.
    pub bytes: u64,
}

/// What a walk found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Walk {
    /// Files to read, in order of name.
    pub files: Vec<Found>,
    /// Files that are left alone, with the reason.
    pub ignored: Vec<(String, String)>,
}

fn reason_to_ignore(name: &str) -> Option<&'static str> {
    let lower = name.to_ascii_lowercase();
    (lower.contains("/cloudtrail-digest/") || lower.starts_with("cloudtrail-digest/") || lower.contains("_cloudtrail-digest_")).then_some("digest file")
}

/// Walks files and folders.
///
/// # Errors
/// [`IngestError::Logs`] when a given path is not there or a folder cannot be listed.
pub fn walk(roots: &[PathBuf]) -> Result<Walk, IngestError> {
    let mut files: BTreeMap<String, Found> = BTreeMap::new();
    let mut ignored = Vec::new();
    for root in roots {
        let meta = std::fs::metadata(root).map_err(|source| IngestError::Logs { path: root.clone(), source })?;
        let base: &Path = if meta.is_dir() { root } else { root.parent().unwrap_or(Path::new("")) };
        for entry in walkdir::WalkDir::new(root).follow_root_links(true).sort_by_file_name() {
            let entry = entry.map_err(|e| IngestError::Logs {
                path: e.path().map_or_else(|| root.clone(), Path::to_path_buf),
                source: e.into_io_error().unwrap_or_else(|| std::io::Error::other("loop of links")),
            })?;
            if entry.file_type().is_dir() {
                continue;
            }
            let name = entry.path().strip_prefix(base).unwrap_or(entry.path()).to_string_lossy().replace('\\', "/");
            if entry.depth() > 0 && !entry.file_type().is_file() {
                ignored.push((name, "a link or a device, not a file".to_owned()));
            } else if let Some(reason) = reason_to_ignore(&name) {
                ignored.push((name, reason.to_owned()));
            } else {
                let bytes = entry.metadata().map_or(0, |m| m.len());
                // Two roots may hold the same relative name: the root's own place keeps them apart.
                let key = if files.contains_key(&name) { format!("{}/{name}", root.display()) } else { name };
                files.insert(key.clone(), Found { path: entry.path().to_path_buf(), name: key, bytes });
            }
        }
    }
    ignored.sort();
    Ok(Walk { files: files.into_values().collect(), ignored })
}
