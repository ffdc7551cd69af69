//! The evidence bundle: `manifest.json` names everything that a run read and wrote, with hashes, and what it lacked; `verify`
//! holds a folder against it. Whoever keeps the manifest's own hash elsewhere can show later that nothing was changed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::ingest::Ledger;
use crate::redact::Redactor;
use crate::reference::bundle::sha256_hex;
use crate::report::escape::file_text;
use crate::report::model::{ReportModel, day};
use crate::report::run_json::note_redacted;

/// The manifest's name in the output folder.
pub const NAME: &str = "manifest.json";

/// A file that the run was told to read besides logs and grants.
pub struct Setting {
    /// `configuration`, `suppressions`, `iac-map`, `ticket-template`.
    pub role: &'static str,
    /// Its path as given.
    pub path: PathBuf,
}

/// A file with its hash.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hashed {
    /// Path below the output folder, or name as the run was given it.
    pub path: String,
    /// Its size.
    pub bytes: Option<u64>,
    /// Its SHA-256.
    pub sha256: String,
}

/// What `verify` reads of a manifest.
#[derive(Deserialize)]
struct Read {
    inputs: ReadInputs,
    outputs: Vec<Hashed>,
}

#[derive(Deserialize)]
struct ReadInputs {
    logs: Vec<Hashed>,
    grants: Vec<Hashed>,
}

/// Every file below a folder, by its path with `/`.
fn files(folder: &Path) -> std::io::Result<BTreeMap<String, PathBuf>> {
    let mut found = BTreeMap::new();
    for entry in walkdir::WalkDir::new(folder) {
        let entry = entry.map_err(std::io::Error::other)?;
        if entry.file_type().is_dir() {
            continue;
        }
        let below = entry.path().strip_prefix(folder).unwrap_or(entry.path());
        let name: Vec<String> = below.components().map(|c| c.as_os_str().to_string_lossy().into_owned()).collect();
        found.insert(name.join("/"), entry.into_path());
    }
    Ok(found)
}

fn hashed(name: String, path: &Path) -> std::io::Result<Hashed> {
    let bytes = std::fs::read(path)?;
    Ok(Hashed { path: name, bytes: u64::try_from(bytes.len()).ok(), sha256: sha256_hex(&bytes) })
}

/// The manifest of a folder that is complete but for it. Of a redacted one the inputs have other names, and keyed hashes: a small
/// file could be guessed.
///
/// # Errors
/// Those of the file system.
pub fn render(model: &ReportModel, ledger: &Ledger, settings: &[Setting], redactor: Option<&Redactor>, folder: &Path) -> std::io::Result<String> {
    let words = |text: &str| redactor.map_or_else(|| text.to_owned(), |r| r.text(text).into_owned());
    let hash = |hash: &str| redactor.map_or_else(|| hash.to_owned(), |r| r.hash(hash));
    let logs: Vec<Value> = ledger.files().into_iter().map(|f| json!({
        "path": words(&f.path), "bytes": f.bytes, "sha256": hash(&f.sha256), "records_read": f.records_read, "kept": f.kept, "duplicate": f.duplicate,
        "rejected": f.rejections.len(), "too_old": f.too_old, "digest": f.digest.as_deref().map(words),
    })).collect();
    let mut own = Vec::new();
    for setting in settings {
        own.push(json!({"role": setting.role, "path": words(&setting.path.display().to_string()), "sha256": hash(&sha256_hex(&std::fs::read(&setting.path)?))}));
    }
    let written: Vec<(String, PathBuf)> = files(folder)?.into_iter().filter(|(name, _)| name != NAME).collect();
    let outputs = written.into_par_iter().map(|(name, path)| hashed(name, &path)).collect::<std::io::Result<Vec<Hashed>>>()?;
    let gaps: Vec<Value> = model.coverage.iter().map(|a| {
        let days = |status: &str| a.days.iter().filter(|(_, s)| *s == status).map(|(d, _)| d.as_str()).collect::<Vec<_>>();
        json!({"account": a.account, "missing": days("missing"), "partial": days("partial")})
    }).collect();
    let mut value = json!({
        "schema": 1,
        "tool": {"name": "trailtrim", "version": model.version},
        "as_of": day(Some(model.as_of_ms)), "as_of_ms": model.as_of_ms,
        "window": {"start": day(Some(model.window_start_ms)), "end": day(Some(model.as_of_ms)), "days": model.window_days},
        "reference": {"date": model.reference.date, "sha256": model.reference.sha256},
        "settings": own,
        "inputs": {"logs": logs, "grants": model.inputs.iter().map(|(p, k, h)| json!({"path": p, "kind": k, "sha256": h})).collect::<Vec<_>>()},
        "coverage_gaps": gaps,
        "not_known": model.unknown,
        "outputs": outputs,
    });
    note_redacted(model, &mut value);
    Ok(file_text(&serde_json::to_string_pretty(&value).unwrap_or_default(), true) + "\n")
}

/// What a folder is held against its manifest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Files that are as the manifest says.
    pub same: usize,
    /// Files with other bytes.
    pub changed: Vec<String>,
    /// Files that are not there.
    pub missing: Vec<String>,
    /// Files that the manifest does not name.
    pub added: Vec<String>,
    /// Inputs that are as the manifest says.
    pub inputs_same: usize,
    /// Inputs that are in none of the given folders.
    pub inputs_absent: Vec<String>,
}

impl Verified {
    /// 0 all as it was, 3 something is changed, missing or added, 4 an input was asked for and is not at hand.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match (self.changed.is_empty() && self.missing.is_empty() && self.added.is_empty(), self.inputs_absent.is_empty()) {
            (false, _) => 3,
            (true, false) => 4,
            (true, true) => 0,
        }
    }
}

/// The folder cannot be verified.
#[derive(Debug, thiserror::Error)]
#[error("`{}`: {problem}", path.display())]
pub struct VerifyError {
    path: PathBuf,
    problem: String,
}

/// Holds a folder against its manifest; with folders of inputs also the logs and grants in them.
///
/// # Errors
/// [`VerifyError`] when the folder has no manifest, or a file cannot be read.
pub fn verify(folder: &Path, inputs: &[PathBuf]) -> Result<Verified, VerifyError> {
    let path = folder.join(NAME);
    let fail = |path: &Path, problem: String| VerifyError { path: path.to_path_buf(), problem };
    let bytes = std::fs::read(&path).map_err(|e| fail(&path, e.to_string()))?;
    let read: Read = serde_json::from_slice(&bytes).map_err(|e| fail(&path, e.to_string()))?;
    let mut verified = Verified::default();
    let there = files(folder).map_err(|e| fail(folder, e.to_string()))?;
    let mut named: BTreeSet<&str> = BTreeSet::from([NAME]);
    for output in &read.outputs {
        named.insert(&output.path);
        match there.get(&output.path) {
            None => verified.missing.push(output.path.clone()),
            Some(path) => {
                let now = hashed(output.path.clone(), path).map_err(|e| fail(path, e.to_string()))?;
                if now == *output { verified.same += 1 } else { verified.changed.push(output.path.clone()) }
            }
        }
    }
    verified.added = there.keys().filter(|name| !named.contains(name.as_str())).cloned().collect();
    if inputs.is_empty() {
        return Ok(verified);
    }
    // A file whose bytes could never be read has no hash.
    for input in read.inputs.logs.iter().chain(&read.inputs.grants).filter(|i| !i.sha256.is_empty()) {
        let places = inputs.iter().flat_map(|i| [i.join(&input.path), i.clone()]);
        let found: Vec<PathBuf> = places.filter(|p| p.ends_with(&input.path) && p.is_file()).collect();
        let mut same = false;
        for path in &found {
            same |= hashed(String::new(), path).map_err(|e| fail(path, e.to_string()))?.sha256 == input.sha256;
        }
        match (found.is_empty(), same) {
            (true, _) => verified.inputs_absent.push(input.path.clone()),
            (_, true) => verified.inputs_same += 1,
            (_, false) => verified.changed.push(input.path.clone()),
        }
    }
    Ok(verified)
}
