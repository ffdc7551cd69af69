//! `trailtrim check`: are the policies of some files contained in those of others? (design.md section 3)

use std::path::{Path, PathBuf};

use crate::evaluate::case::check_document;
use crate::policy::{PolicyDocument, parse_text};
use crate::prove::{Containment, Question, Scope};
use crate::reference::Reference;
use crate::report::escape::visible;

/// A document with the file that it came from.
struct Given {
    path: PathBuf,
    document: PolicyDocument,
}

fn problem(path: &Path, what: impl std::fmt::Display) -> String {
    visible(&format!("`{}`: {what}", path.display()))
}

fn read(path: &Path) -> Result<Given, String> {
    let text = std::fs::read_to_string(path).map_err(|e| problem(path, format!("cannot be read: {e}")))?;
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(&text);
    let document = parse_text(text).map_err(|e| problem(path, e))?;
    Ok(Given { path: path.to_owned(), document })
}

/// Compares the policies of the files `new` with those of the files `existing`, each side as all that a principal
/// holds, or all that a resource has.
///
/// # Errors
/// A text that names the file and the field, when a file cannot be read or holds no document that AWS would accept.
pub fn check(existing: &[PathBuf], new: &[PathBuf]) -> Result<Containment, String> {
    let load = |paths: &[PathBuf]| paths.iter().map(|p| read(p)).collect::<Result<Vec<_>, _>>();
    let (existing, new) = (load(existing)?, load(new)?);
    // The first statement says which kind of policy all of them are.
    let first = existing.iter().chain(&new).find_map(|g| g.document.statements.first());
    let is_resource = first.is_some_and(|s| s.principal.is_some());
    let (kind, resource) = if is_resource { ("a resource's policy", None) } else { ("an identity policy", Some(true)) };
    for given in existing.iter().chain(&new) {
        check_document(&given.document, Some(is_resource), resource).map_err(|e| problem(&given.path, format!("as {kind}, {e}")))?;
    }
    let known_actions = |pattern: &str| -> Vec<String> {
        let Ok(reference) = Reference::bundled() else { return Vec::new() };
        reference.expand(pattern).into_iter().map(|id| reference.name(id).to_owned()).collect()
    };
    let documents = |side: &[Given]| side.iter().map(|g| g.document.clone()).collect::<Vec<_>>();
    let (existing, new) = (documents(&existing), documents(&new));
    let question = Question {
        new: &new.iter().collect::<Vec<_>>(),
        old: &existing.iter().collect::<Vec<_>>(),
        scope: Scope::Whole,
        known_actions: &known_actions,
    };
    Ok(question.answer())
}
