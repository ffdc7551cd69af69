//! `trailtrim lint`: what is to be said of the policies in some files.

use std::path::{Path, PathBuf};

use crate::lint::{Finding, Linter, PolicyType, guess};
use crate::reference::Reference;
use crate::report::escape::visible;

/// The findings of one file.
pub struct Linted {
    /// The file.
    pub path: PathBuf,
    /// As which kind of policy it was read.
    pub kind: PolicyType,
    /// What was found, in order of place.
    pub findings: Vec<Finding>,
}

fn problem(path: &Path, what: impl std::fmt::Display) -> String {
    visible(&format!("`{}`: {what}", path.display()))
}

/// Lints files with one policy document each; where no kind is given, each as what it most likely is.
///
/// # Errors
/// A text that names the file, when it cannot be read.
pub fn lint_files(paths: &[PathBuf], kind: Option<PolicyType>, reference: &Reference) -> Result<Vec<Linted>, String> {
    let linter = Linter::new(reference);
    let mut all = Vec::with_capacity(paths.len());
    for path in paths {
        let text = std::fs::read_to_string(path).map_err(|e| problem(path, format!("cannot be read: {e}")))?;
        let kind = kind.unwrap_or_else(|| guess(&text));
        all.push(Linted { path: path.clone(), kind, findings: linter.lint_text(&text, kind) });
    }
    Ok(all)
}
