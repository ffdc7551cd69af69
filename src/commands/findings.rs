//! What users ask of findings and of a run's folder besides a run: suppressions, baseline, access review, metrics, verify.

use std::io::Write as _;
use std::path::Path;

use super::{Failure, PARTIAL, said, usage_error};
use crate::cli::{BaselineCommand, ReviewCommand, SuppressionsCommand, SuppressionsListArgs, VerifyArgs};
use crate::report::escape::{json_line, visible};
use crate::report::findings::fail_on::FailOn;
use crate::report::findings::suppressions::{Entry, Suppressions};
use crate::report::findings::files::put;
use crate::report::formats::metrics::{self, Process};
use crate::report::formats::{manifest, review_import};
use crate::report::model::day;
use crate::report::{ReportModel, Status};
use crate::run::{Outcome, set_baseline};

/// How many findings `--fail-on` counts; says so on standard error.
pub(super) fn counted(model: &ReportModel, fail_on: FailOn) -> usize {
    let count = fail_on.count(&model.findings);
    if count > 0 {
        eprintln!("findings: {count} of those that --fail-on counts");
    }
    count
}

/// How many findings there are, in one line. What was suppressed is always told.
pub(super) fn sentence(model: &ReportModel) -> String {
    let count = |status| model.findings.iter().filter(|f| f.status == status).count();
    format!("findings: {} of {} fail, {} suppressed", count(Status::Fail), model.findings.len(), count(Status::Suppressed))
}

fn now(given: Option<i64>) -> i64 {
    given.unwrap_or_else(|| jiff::Timestamp::now().as_millisecond())
}

fn state_of(entry: &Entry) -> String {
    match entry.days_left {
        left if left < 0 => "over".to_owned(),
        _ if !entry.is_active() => "too far ahead".to_owned(),
        left => format!("{left} days left"),
    }
}

pub(super) fn suppressions(command: SuppressionsCommand) -> Result<u8, Failure> {
    let SuppressionsCommand::List(SuppressionsListArgs { file, expiring, now: given, json }) = command;
    let read = Suppressions::load(&file, now(given)).map_err(usage_error)?;
    let shown: Vec<&Entry> = match expiring {
        Some(days) => read.expiring(days).collect(),
        None => read.entries.iter().collect(),
    };
    for entry in shown {
        let s = &entry.suppression;
        if json {
            let mut value = serde_json::to_value(s).map_err(|e| Failure { message: e.to_string(), code: 1 })?;
            if let Some(fields) = value.as_object_mut() {
                fields.insert("days_left".to_owned(), entry.days_left.into());
                fields.insert("active".to_owned(), entry.is_active().into());
            }
            said(writeln!(std::io::stdout(), "{}", json_line(&value.to_string())));
        } else {
            let line = format!("{}  {:>14}  {}  {}  {}  {}", s.expires, state_of(entry), s.rule, s.pattern, s.owner, s.reason);
            said(writeln!(std::io::stdout(), "{}", visible(&line)));
        }
    }
    read.problems.iter().for_each(|p| eprintln!("suppressions: {}", visible(p)));
    let is_whole = read.problems.is_empty() && read.entries.iter().all(Entry::is_active);
    Ok(if is_whole { 0 } else { PARTIAL })
}

pub(super) fn baseline(command: &BaselineCommand) -> Result<u8, Failure> {
    let BaselineCommand::Set { state } = command;
    let Some(baseline) = set_baseline(state)? else {
        return Err(usage_error(format!("`{}` remembers no run: there is nothing to freeze", state.display())));
    };
    said(writeln!(std::io::stdout(), "baseline: {} findings of {}", baseline.findings.len(), day(Some(baseline.as_of_ms))));
    Ok(0)
}

/// Writes the metrics with what only the process knows.
pub(super) fn write_metrics(path: &Path, outcome: &Outcome, exit_code: u8) -> Result<(), Failure> {
    let process = Process { exit_code, duration_ms: outcome.stages.iter().map(|s| s.ms).sum() };
    let text = metrics::render(&outcome.model, Some(process));
    // The collector is another user; what it reads has counts by account and rule, no names.
    put(path, text.as_bytes()).and_then(|()| readable(path)).map_err(|e| Failure { message: format!("cannot write `{}`: {e}", path.display()), code: 1 })
}

#[cfg(unix)]
fn readable(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable(_: &Path) -> std::io::Result<()> {
    Ok(())
}

pub(super) fn verify_folder(args: &VerifyArgs) -> Result<u8, Failure> {
    let verified = manifest::verify(&args.out, &args.inputs).map_err(usage_error)?;
    for (word, names) in [("changed", &verified.changed), ("missing", &verified.missing), ("added", &verified.added), ("not at hand", &verified.inputs_absent)] {
        names.iter().for_each(|name| said(writeln!(std::io::stdout(), "{word}: {}", visible(name))));
    }
    let inputs = if args.inputs.is_empty() { String::new() } else { format!(", {} inputs as they were", verified.inputs_same) };
    let (changed, missing, added) = (verified.changed.len(), verified.missing.len(), verified.added.len());
    said(writeln!(std::io::stdout(), "{} files as the run left them{inputs}; {changed} changed, {missing} missing, {added} added", verified.same));
    Ok(verified.exit_code())
}

pub(super) fn review(command: ReviewCommand) -> Result<u8, Failure> {
    let ReviewCommand::Import(args) = command;
    let read = review_import::import(&args.file, now(args.now), args.valid).map_err(usage_error)?;
    said(write!(std::io::stdout(), "{}", review_import::toml(&read.suppressions)));
    eprintln!("review: {} findings accepted; {} rows with another decision, {} without one", read.suppressions.len(), read.others, read.open);
    read.problems.iter().for_each(|p| eprintln!("review: {p}"));
    Ok(if read.problems.is_empty() { 0 } else { PARTIAL })
}
