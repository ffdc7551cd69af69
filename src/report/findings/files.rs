//! Files of the state folder that are there as a whole or not at all, and those that are named after a night.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Milliseconds of a day.
pub const DAY_MS: i64 = 86_400_000;

/// Writes a file: beside its place first, then into it, so that a killed run leaves the old one or the new one.
///
/// # Errors
/// Those of the file system.
pub fn put(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    crate::files::put(path, bytes, ".new")
}

/// The files of a folder that are named `<as-of time, epoch ms>.<ending>`, by that time.
///
/// # Errors
/// Those of the file system; a folder that is not there has none.
pub fn nights(folder: &Path, ending: &str) -> std::io::Result<BTreeMap<i64, PathBuf>> {
    let mut found = BTreeMap::new();
    if !folder.exists() {
        return Ok(found);
    }
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let at = path.file_stem().and_then(|s| s.to_str()).and_then(|s| s.parse::<i64>().ok());
        if let Some(at) = at.filter(|_| path.extension().is_some_and(|e| e == ending)) {
            found.insert(at, path);
        }
    }
    Ok(found)
}

/// An error that names the file.
pub fn named(path: &Path) -> impl FnOnce(serde_json::Error) -> std::io::Error + use<> {
    let path = path.display().to_string();
    move |e| std::io::Error::other(format!("`{path}`: {e}"))
}
