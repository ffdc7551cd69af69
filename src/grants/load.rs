//! Finds the exports in a bundle: every file is recognised by its content; what is not known is named and left.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Grants, InputFile, Problem, credential_report, gaad, trails};
use crate::aws::Arn;

/// Why grants could not be loaded at all.
#[derive(Debug, thiserror::Error)]
pub enum GrantsError {
    /// A given path is not there or cannot be listed.
    #[error("grants `{}`: {source}", path.display())]
    Path {
        /// The path.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
}

/// Reads bundles: files or folders, in any order; later names win where two exports tell of the same thing.
///
/// # Errors
/// [`GrantsError`] when a given path is not there; everything inside it that is bad is a problem, not an error.
pub fn load(paths: &[PathBuf]) -> Result<Grants, GrantsError> {
    let mut files: Vec<(String, PathBuf)> = Vec::new();
    for root in paths {
        let fail = |source| GrantsError::Path { path: root.clone(), source };
        let meta = std::fs::metadata(root).map_err(fail)?;
        let base: &Path = if meta.is_dir() { root } else { root.parent().unwrap_or(Path::new("")) };
        for entry in walkdir::WalkDir::new(root).follow_root_links(true) {
            let entry = entry.map_err(|e| fail(e.into_io_error().unwrap_or_else(|| std::io::Error::other("loop of links"))))?;
            if entry.file_type().is_file() {
                let name = entry.path().strip_prefix(base).unwrap_or(entry.path()).to_string_lossy().into_owned();
                files.push((name, entry.path().to_path_buf()));
            }
        }
    }
    files.sort();
    let mut grants = Grants::default();
    let mut statuses = Vec::new();
    for (name, path) in files {
        take(&name, &path, &mut statuses, &mut grants);
    }
    trails::settle(statuses, &mut grants);
    for account in grants.accounts.values_mut() {
        account.principals.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
    }
    grants.problems.sort();
    Ok(grants)
}

fn take(name: &str, path: &Path, statuses: &mut Vec<trails::LooseStatus>, grants: &mut Grants) {
    let mut problem = |reason: String| {
        grants.problems.push(Problem { file: name.to_owned(), pointer: String::new(), reason });
    };
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(e) => return problem(format!("cannot be read: {}", e.kind())),
    };
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let sha256 = {
        use sha2::Digest as _;
        sha2::Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect::<String>()
    };
    let plain = if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut out = Vec::new();
        if let Err(e) = flate2::read::GzDecoder::new(bytes.as_slice()).take(1 << 30).read_to_end(&mut out) {
            return problem(format!("damaged gzip: {e}"));
        }
        out
    } else {
        bytes
    };
    let Ok(text) = String::from_utf8(plain) else { return problem("not UTF-8".to_owned()) };
    let input = |kind: &'static str, grants: &mut Grants| {
        grants.inputs.push(InputFile { path: name.to_owned(), kind, bytes: size, sha256: sha256.clone() });
    };
    if credential_report::is_csv(&text) {
        input("credential report", grants);
        return add_report(name, &text, None, grants);
    }
    if !text.trim_start().starts_with(['{', '[']) {
        grants.ignored.push((name.to_owned(), "neither JSON nor a credential report".to_owned()));
        return;
    }
    let mut recognised = false;
    let mut last_trail = None;
    for document in serde_json::Deserializer::from_str(&text).into_iter::<Value>() {
        let value = match document {
            Ok(value) => value,
            Err(e) => return grants.problems.push(Problem { file: name.to_owned(), pointer: format!("line {}", e.line()), reason: format!("not JSON: {e}") }),
        };
        if gaad::is_one(&value) {
            if !recognised {
                input("account authorization details", grants);
            }
            recognised = true;
            gaad::merge(name, value, grants);
        } else if let Some((csv, generated)) = credential_report::from_cli(&value) {
            input("credential report", grants);
            recognised = true;
            add_report(name, &csv, generated, grants);
        } else if let Some(kind) = trails::kind(&value) {
            if !recognised {
                input(kind, grants);
            }
            recognised = true;
            trails::merge(name, &value, &mut last_trail, statuses, grants);
        }
    }
    if !recognised {
        grants.ignored.push((name.to_owned(), "JSON, but no export this version reads".to_owned()));
    }
}

fn add_report(name: &str, csv: &str, generated: Option<i64>, grants: &mut Grants) {
    if let Some(report) = credential_report::read(name, csv, generated, &mut grants.problems)
        && Arn::parse(&format!("arn:aws:iam::{}:root", report.account)).is_some()
    {
        let account = grants.accounts.entry(report.account.clone()).or_default();
        account.id.clone_from(&report.account);
        account.credential_report = Some(report);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn real_exports_load() {
        let Some(corpora) = std::env::var_os("TRAILTRIM_CORPORA") else {
            println!("TRAILTRIM_CORPORA is not set: real exports not read");
            return;
        };
        let corpora = PathBuf::from(corpora);
        for folder in ["grants-gaad", "grants-credential-reports"] {
            for entry in std::fs::read_dir(corpora.join(folder)).unwrap() {
                let path = entry.unwrap().path();
                if path.extension().is_none_or(|e| e == "md") {
                    continue;
                }
                let grants = load(std::slice::from_ref(&path)).unwrap();
                let credentials: usize =
                    grants.accounts.values().filter_map(|a| a.credential_report.as_ref()).map(|r| r.credentials.len()).sum();
                println!(
                    "{}: {} accounts, {} principals, {} policies, {credentials} credentials, {} problems",
                    path.file_name().unwrap().to_string_lossy(),
                    grants.accounts.len(),
                    grants.principals().count(),
                    grants.policies.len(),
                    grants.problems.len()
                );
                assert!(!grants.inputs.is_empty(), "{}", path.display());
            }
        }
    }
}
