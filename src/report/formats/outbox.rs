//! Tickets as files (`--tickets`): what is new, came back or was fixed tonight, one file for each owner, made by a template of the
//! reader's own. Sending them is the reader's job.
//!
//! Owners are those of the tags of users and roles; what has none is nobody's. Every text that a template prints is made harmless for
//! the format that the template's name says: HTML, JSON, Markdown, else plain text without hidden characters. Source:
//! reports-and-controls.md section 5.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, ErrorKind, Output, State, UndefinedBehavior, Value};
use serde::Serialize;

use crate::report::escape::{file_name, file_text, markdown, visible};
use crate::report::model::{ReportModel, day};
use crate::report::{Finding, Report};

/// The template where nobody brings one.
const BUILT_IN: &str = include_str!("../../../reports/templates/ticket.md");

/// Its name.
const BUILT_IN_NAME: &str = "ticket.md";

/// What a template of a folder is called that is nobody's own.
const DEFAULT: &str = "default";

/// What stands in place of the owner of what nobody answers for.
pub const NOBODY: &str = "nobody";

/// The changes that make a ticket.
const CHANGES: [&str; 3] = ["new", "reopened", "fixed"];

/// Instructions of a template at most: one that never ends must not keep the night.
const FUEL: u64 = 50_000_000;

/// Templates by the name of the owner that they are for, as files are named.
#[derive(Debug)]
pub struct Templates {
    by_owner: BTreeMap<String, (String, String)>,
    others: Option<(String, String)>,
}

/// Why there are no tickets.
#[derive(Debug, thiserror::Error)]
#[error("tickets, `{file}`: {problem}")]
pub struct TicketError {
    file: String,
    problem: String,
}

impl TicketError {
    fn of(file: &str, error: &minijinja::Error) -> TicketError {
        let line = error.line().map(|n| format!("line {n}: ")).unwrap_or_default();
        TicketError { file: visible(file), problem: visible(&format!("{line}{error}")) }
    }
}

/// A finding, for a template.
#[derive(Serialize)]
struct Ticket<'f> {
    uid: &'f str,
    report: &'f str,
    title: &'f str,
    question: &'f str,
    why: &'f str,
    fix: &'f str,
    status: &'f str,
    severity: &'f str,
    change: &'f str,
    account: &'f str,
    resource: &'f str,
    reason: &'f str,
    first_seen: String,
    last_seen: String,
    details: serde_json::Map<String, serde_json::Value>,
}

/// What a template is given.
#[derive(Serialize)]
struct Given<'f> {
    owner: &'f str,
    as_of: String,
    version: &'f str,
    findings: Vec<Ticket<'f>>,
}

fn format_of(name: &str) -> AutoEscape {
    let plain = name.strip_suffix(".j2").unwrap_or(name);
    match Path::new(plain).extension().and_then(|e| e.to_str()) {
        Some("html" | "htm" | "xml") => AutoEscape::Html,
        Some("json" | "ndjson") => AutoEscape::Json,
        Some("md") => AutoEscape::Custom("markdown".into()),
        _ => AutoEscape::None,
    }
}

/// Prints a value as its format has it.
fn print(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), minijinja::Error> {
    let written = |result: std::fmt::Result| result.map_err(|_| minijinja::Error::new(ErrorKind::WriteFailure, "cannot be written"));
    match (state.auto_escape(), value.as_str()) {
        // What the template itself made safe.
        (_, Some(text)) if value.is_safe() => written(out.write_str(text)),
        (AutoEscape::Custom(_), Some(text)) => written(out.write_str(&markdown(text))),
        (AutoEscape::Custom(_), None) => written(out.write_str(&markdown(&value.to_string()))),
        (AutoEscape::None, _) => written(out.write_str(&visible(&value.to_string()))),
        _ => minijinja::escape_formatter(out, state, value),
    }
}

fn environment<'t>() -> Environment<'t> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(format_of);
    environment.set_formatter(print);
    environment.set_fuel(Some(FUEL));
    environment
}

impl Templates {
    /// Of a file, or of a folder: `<owner>.<ending>` for each owner with one of its own, `default.<ending>` for all others (without it
    /// they get none). `None` is the built-in one.
    ///
    /// # Errors
    /// [`TicketError`] when a file cannot be read or is no template.
    pub fn load(path: Option<&Path>) -> Result<Templates, TicketError> {
        let mut templates = Templates { by_owner: BTreeMap::new(), others: None };
        let fail = |path: &Path, e: &dyn std::fmt::Display| TicketError { file: visible(&path.display().to_string()), problem: e.to_string() };
        let read = |path: &Path| std::fs::read_to_string(path).map_err(|e| fail(path, &e));
        let name = |path: &Path| path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        match path {
            None => templates.others = Some((BUILT_IN_NAME.to_owned(), BUILT_IN.to_owned())),
            Some(path) if path.is_dir() => {
                let mut files: Vec<PathBuf> = Vec::new();
                for entry in std::fs::read_dir(path).map_err(|e| fail(path, &e))? {
                    files.push(entry.map_err(|e| fail(path, &e))?.path());
                }
                files.sort();
                for file in files.into_iter().filter(|f| f.is_file() && !name(f).starts_with('.')) {
                    let (name, text) = (name(&file), read(&file)?);
                    let owner = stem(&name).to_owned();
                    let taken = if owner == DEFAULT { templates.others.replace((name, text)) } else { templates.by_owner.insert(owner, (name, text)) };
                    if taken.is_some() {
                        return Err(fail(&file, &"two templates for one owner"));
                    }
                }
                if templates.by_owner.is_empty() && templates.others.is_none() {
                    return Err(fail(path, &"no template in the folder"));
                }
            }
            Some(path) => templates.others = Some((name(path), read(path)?)),
        }
        // What is no template is said before the work.
        let environment = environment();
        for (name, text) in templates.by_owner.values().chain(&templates.others) {
            environment.template_from_named_str(name, text).map_err(|e| TicketError::of(name, &e))?;
        }
        Ok(templates)
    }

    fn of(&self, owner: &str) -> Option<&(String, String)> {
        self.by_owner.get(&file_name(owner)).or(self.others.as_ref())
    }
}

/// A file's name without its endings.
fn stem(name: &str) -> &str {
    let name = name.strip_suffix(".j2").unwrap_or(name);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// A template's ending: that of the tickets.
fn ending(name: &str) -> &str {
    let name = name.strip_suffix(".j2").unwrap_or(name);
    name.rsplit_once('.').map_or("txt", |(_, ending)| ending)
}

fn ticket<'f>(finding: &'f Finding, report: Option<&'f Report>) -> Ticket<'f> {
    let word = |of: fn(&Report) -> &String| report.map_or("", |r| of(r).as_str());
    Ticket {
        uid: &finding.uid,
        report: &finding.report,
        title: super::title(report, finding),
        question: word(|r| &r.question),
        why: word(|r| &r.why),
        fix: word(|r| &r.fix),
        status: finding.status.as_str(),
        severity: &finding.severity,
        change: finding.change,
        account: &finding.account,
        resource: &finding.resource,
        reason: &finding.reason,
        first_seen: day(finding.first_seen_ms),
        last_seen: day(finding.last_seen_ms),
        details: finding.details.json(),
    }
}

/// Who answers for what a finding is about.
fn owner<'m>(model: &'m ReportModel, finding: &Finding) -> &'m str {
    let of = model.page.principals.get(&finding.resource).and_then(|p| p.owner.as_deref());
    of.map(str::trim).filter(|owner| !owner.is_empty()).unwrap_or(NOBODY)
}

/// The tickets: name below the results' folder, and text. Owners without a template of theirs have none.
///
/// # Errors
/// [`TicketError`] when a template asks for what there is not.
pub fn render(model: &ReportModel, templates: &Templates) -> Result<Vec<(String, String)>, TicketError> {
    let reports: BTreeMap<&str, &Report> = model.reports.iter().map(|r| (r.id.as_str(), r)).collect();
    let mut by_owner: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in model.findings.iter().filter(|f| f.is_change() && CHANGES.contains(&f.change)) {
        by_owner.entry(owner(model, finding)).or_default().push(finding);
    }
    let environment = environment();
    let mut out = Vec::new();
    let mut taken = BTreeSet::new();
    for (owner, findings) in by_owner {
        let Some((name, text)) = templates.of(owner) else { continue };
        let findings = findings.into_iter().map(|f| ticket(f, reports.get(f.report.as_str()).copied())).collect();
        let given = Given { owner, as_of: day(Some(model.as_of_ms)), version: &model.version, findings };
        let fail = |e: minijinja::Error| TicketError::of(name, &e);
        let template = environment.template_from_named_str(name, text).map_err(fail)?;
        let ticket = template.render(Serde(&given)).map_err(fail)?;
        let is_json = matches!(format_of(name), AutoEscape::Json);
        // Names that differ by case only are one to some file systems; with a sign that is changed a name carries a hash.
        let plain = file_name(owner);
        let own = if taken.insert(plain.to_ascii_lowercase()) { plain } else { file_name(&format!("/{owner}")) };
        out.push((format!("outbox/{own}.{}", ending(name)), file_text(&ticket, is_json)));
    }
    Ok(out)
}
