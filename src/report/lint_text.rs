//! What the linter found, for people, for programs and as an exit code; and its part of the reports.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::escape::{json_line, markdown, visible};
use super::model::ReportModel;
use crate::aws::Text;
use crate::lint::{Finding, Level, Place, PolicyType};

/// The worst of the levels that a file can have, as exit code: 3 errors or security warnings, 4 something that is not decided
/// and nothing worse, 0 neither.
#[must_use]
pub fn exit_code<'f>(findings: impl Iterator<Item = &'f Finding>) -> u8 {
    let mut code = 0;
    for finding in findings {
        match finding.level {
            Level::Error | Level::SecurityWarning => return 3,
            Level::Unknown => code = 4,
            Level::Warning | Level::Suggestion => {}
        }
    }
    code
}

/// A place in words: `statement 2 (Sid), Action "s3:Get"`.
#[must_use]
pub fn place_text(place: &Place) -> String {
    let mut words = Vec::new();
    if let Some(at) = place.statement {
        words.push(match &place.sid {
            Some(sid) => format!("statement {at} ({sid})"),
            None => format!("statement {at}"),
        });
    }
    match (&place.value, place.element.as_str()) {
        (Some(value), element) => words.push(format!("{element} {value:?}")),
        (None, "") if place.statement.is_none() => words.push("document".to_owned()),
        (None, "") => {}
        (None, element) => words.push(element.to_owned()),
    }
    words.join(", ")
}

fn plural(n: usize, level: Level) -> String {
    let word = level.as_str().replace('-', " ");
    match level {
        Level::Unknown => format!("{n} not decided"),
        _ if n == 1 => format!("1 {word}"),
        _ => format!("{n} {word}s"),
    }
}

/// The findings of a file in lines.
#[must_use]
pub fn text(path: &Path, kind: PolicyType, findings: &[Finding]) -> String {
    let counts: Vec<String> = Level::ALL
        .iter()
        .map(|level| (findings.iter().filter(|f| f.level == *level).count(), *level))
        .filter(|(n, _)| *n > 0)
        .map(|(n, level)| plural(n, level))
        .collect();
    let counts = if counts.is_empty() { "nothing found".to_owned() } else { counts.join(", ") };
    let mut out = String::new();
    let _ = writeln!(out, "{} ({}): {counts}", visible(&path.display().to_string()), kind.as_str());
    for f in findings {
        let _ = writeln!(out, "  {:<16}  {}  {}: {}", f.level.as_str(), f.code.as_str(), visible(&place_text(&f.place)), visible(&f.message));
    }
    out
}

/// The findings of a file as one line of JSON.
#[must_use]
pub fn json(path: &Path, kind: PolicyType, findings: &[Finding]) -> String {
    let counts: Map<String, Value> =
        Level::ALL.iter().map(|level| (level.as_str().to_owned(), findings.iter().filter(|f| f.level == *level).count().into())).collect();
    let list: Vec<Value> = findings
        .iter()
        .map(|f| {
            json!({"level": f.level.as_str(), "code": f.code.as_str(), "statement": f.place.statement, "sid": f.place.sid, "element": f.place.element,
                   "value": f.place.value, "message": f.message})
        })
        .collect();
    json_line(&json!({"file": path.display().to_string(), "kind": kind.as_str(), "counts": counts, "findings": list}).to_string())
}

/// One finding on a proposal. Its texts are visible already; Markdown escapes them once more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LintRow {
    /// How bad.
    pub level: Level,
    /// The check.
    pub code: &'static str,
    /// Whether what the proposal replaces does not have it.
    pub is_new: bool,
    /// Which of the proposed documents, from 1; of advice, which piece.
    pub document: usize,
    /// Where in it.
    pub place: Text,
    /// What.
    pub message: Text,
}

/// What was found on proposed documents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LintFacts {
    /// How many documents were read.
    pub documents: usize,
    /// Everything that was found.
    pub rows: Vec<LintRow>,
}

impl LintFacts {
    /// How many findings of a level there are, and how many of them are new.
    #[must_use]
    pub fn count(&self, level: Level) -> (usize, usize) {
        let of_level = || self.rows.iter().filter(move |r| r.level == level);
        (of_level().count(), of_level().filter(|r| r.is_new).count())
    }

    fn counts<'a>(all: impl Iterator<Item = &'a LintFacts> + Clone) -> Map<String, Value> {
        let mut out: Map<String, Value> = Level::ALL
            .iter()
            .map(|level| {
                let (n, new) = all.clone().map(|f| f.count(*level)).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
                (level.as_str().replace('-', "_"), json!({"all": n, "new": new}))
            })
            .collect();
        out.insert("documents".to_owned(), all.map(|f| f.documents).sum::<usize>().into());
        out
    }

    /// `lint` of a policy in `evidence.json`.
    #[must_use]
    pub fn evidence(&self) -> Value {
        let mut all = Self::counts(std::iter::once(self));
        let row = |r: &LintRow| {
            json!({"level": r.level.as_str(), "code": r.code, "new": r.is_new, "document": r.document, "place": r.place, "message": r.message})
        };
        all.insert("findings".to_owned(), self.rows.iter().map(row).collect());
        all.into()
    }

    /// Errors and security warnings in a few words, for a sentence about one proposal; empty where nothing was linted.
    #[must_use]
    pub fn words(&self) -> String {
        if self.documents == 0 {
            return "nothing proposed".to_owned();
        }
        let parts = [Level::Error, Level::SecurityWarning].map(|level| {
            let (n, new) = self.count(level);
            let count = plural(n, level);
            if n == new { count } else { format!("{count} ({new} new)") }
        });
        parts.join(", ")
    }

    /// What `diff.md` says beside the counts: everything that is new.
    #[must_use]
    pub fn new_rows_text(&self) -> String {
        let mut out = String::new();
        for r in self.rows.iter().filter(|r| r.is_new && matches!(r.level, Level::Error | Level::SecurityWarning)) {
            let _ = writeln!(out, "- {} {}: {}: {}", r.level.as_str(), r.code, markdown(&r.place), markdown(&r.message));
        }
        if !out.is_empty() {
            out.push('\n');
        }
        out
    }
}

/// The proposals that are written.
fn written(model: &ReportModel) -> impl Iterator<Item = &LintFacts> + Clone {
    model.proposals.iter().filter(|p| p.status == "written").map(|p| &p.lint)
}

/// `proposals.lint` of `run.json`: what is written, how many proposals were taken back for an error, and the advice.
#[must_use]
pub fn run(model: &ReportModel) -> Value {
    let mut all = LintFacts::counts(written(model));
    let taken_back = model.proposals.iter().filter(|p| p.status == "defect" && p.lint.count(Level::Error).1 > 0).count();
    all.insert("taken_back".to_owned(), taken_back.into());
    let mut advice = LintFacts::counts(std::iter::once(&model.advice_lint));
    let sums = advice.iter_mut().filter_map(|(_, value)| value.get("all").cloned().map(|n| (value, n)));
    sums.for_each(|(value, n)| *value = n);
    all.insert("advice".to_owned(), advice.into());
    all.into()
}

/// The summary's line.
#[must_use]
pub fn summary(model: &ReportModel) -> String {
    let mut all = LintFacts::default();
    for facts in written(model) {
        all.documents += facts.documents;
        all.rows.extend(facts.rows.iter().cloned());
    }
    if all.documents == 0 {
        return String::new();
    }
    format!("- lint: {} in {} proposed documents\n", all.words(), all.documents)
}
