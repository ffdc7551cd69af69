//! `suppressions.toml`: findings that somebody accepted, by whom, why, and until when.
//!
//! An entry that cannot be read, is over, or reaches more than a year ahead suppresses nothing: the finding is back, and a
//! warning says why. Source: reports-and-controls.md section 3.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Finding, Status};
use crate::aws::glob_matches;

/// How far ahead an entry may reach, in days.
pub const DAYS_AT_MOST: i64 = 365;

/// An entry as it is written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    rule: String,
    #[serde(rename = "match")]
    pattern: String,
    owner: String,
    reason: String,
    expires: toml::Value,
    ticket: Option<String>,
    approved_by: Option<String>,
    #[serde(default)]
    allow_glob: bool,
}

/// An entry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Suppression {
    /// The report's id.
    pub rule: String,
    /// The resource or the finding's uid; with `allow_glob` a pattern of one of them.
    #[serde(rename = "match")]
    pub pattern: String,
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// The last day on which it counts, `YYYY-MM-DD`.
    pub expires: String,
    /// Ticket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// Who approved it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<String>,
    /// Whether `*` and `?` stand for other characters.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub allow_glob: bool,
}

/// An entry with what became of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// The entry.
    pub suppression: Suppression,
    /// Days until its last day; negative if it is over.
    pub days_left: i64,
    /// How many failing findings it matches.
    pub matched: usize,
}

impl Entry {
    /// Whether it still counts.
    #[must_use]
    pub fn is_active(&self) -> bool {
        (0..=DAYS_AT_MOST).contains(&self.days_left)
    }
}

/// A file's entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Suppressions {
    /// Those that can be read, in the file's order.
    pub entries: Vec<Entry>,
    /// What is wrong with the others, and with the file.
    pub problems: Vec<String>,
}

/// The file is not there.
#[derive(Debug, thiserror::Error)]
#[error("cannot read suppressions `{}`: {source}", path.display())]
pub struct SuppressionsError {
    path: PathBuf,
    source: std::io::Error,
}

fn date(text: &str) -> Option<jiff::civil::Date> {
    text.parse().ok()
}

/// The day of a time, UTC.
fn today(as_of_ms: i64) -> Option<jiff::civil::Date> {
    let at = jiff::Timestamp::from_millisecond(as_of_ms).ok()?;
    Some(jiff::tz::Offset::UTC.to_datetime(at).date())
}

fn entry(value: toml::Value, as_of_ms: i64) -> Result<Entry, String> {
    let written: Written = value.try_into().map_err(|e: toml::de::Error| e.message().to_owned())?;
    for (key, text) in [("rule", &written.rule), ("match", &written.pattern), ("owner", &written.owner), ("reason", &written.reason)] {
        if text.trim().is_empty() {
            return Err(format!("`{key}` is empty"));
        }
    }
    let expires = match &written.expires {
        toml::Value::String(text) => text.clone(),
        toml::Value::Datetime(at) => at.to_string(),
        _ => String::new(),
    };
    let (Some(last), Some(today)) = (date(&expires), today(as_of_ms)) else { return Err(format!("`expires` is no day YYYY-MM-DD: {expires}")) };
    let days_left = i64::from(today.until(last).map_err(|e| e.to_string())?.get_days());
    let Written { rule, pattern, owner, reason, ticket, approved_by, allow_glob, .. } = written;
    let suppression = Suppression { rule, pattern, owner, reason, expires, ticket, approved_by, allow_glob };
    Ok(Entry { suppression, days_left, matched: 0 })
}

impl Suppressions {
    /// Reads a file.
    ///
    /// # Errors
    /// [`SuppressionsError`] when it cannot be read; what is wrong in it is in `problems`.
    pub fn load(path: &Path, as_of_ms: i64) -> Result<Suppressions, SuppressionsError> {
        let text = std::fs::read_to_string(path).map_err(|source| SuppressionsError { path: path.to_path_buf(), source })?;
        Ok(Suppressions::parse(&text, as_of_ms))
    }

    /// Reads a file's text.
    #[must_use]
    pub fn parse(text: &str, as_of_ms: i64) -> Suppressions {
        let mut read = Suppressions::default();
        let table: toml::Table = match text.parse() {
            Ok(table) => table,
            Err(e) => {
                read.problems.push(format!("the file is no TOML, so nothing is suppressed: {}", e.message()));
                return read;
            }
        };
        for (key, value) in table {
            match value {
                toml::Value::Array(list) if key == "suppression" => {
                    for (at, value) in list.into_iter().enumerate() {
                        let name = ["rule", "match"].map(|k| value.get(k).and_then(toml::Value::as_str).unwrap_or("?").to_owned()).join(" ");
                        match entry(value, as_of_ms) {
                            Ok(entry) => read.entries.push(entry),
                            Err(why) => read.problems.push(format!("entry {} ({name}) suppresses nothing: {why}", at + 1)),
                        }
                    }
                }
                _ => read.problems.push(format!("`{key}` is not known here: write [[suppression]]")),
            }
        }
        read
    }

    /// Marks what is accepted. Only what fails can be.
    pub fn apply(&mut self, findings: &mut [Finding]) {
        for finding in findings.iter_mut().filter(|f| f.status == Status::Fail) {
            for entry in &mut self.entries {
                let s = &entry.suppression;
                let fits = |text: &str| if s.allow_glob { glob_matches(&s.pattern, text) } else { s.pattern == text };
                if s.rule != finding.report || !(fits(&finding.uid) || fits(&finding.resource)) {
                    continue;
                }
                entry.matched += 1;
                if entry.is_active() && finding.suppression.is_none() {
                    finding.status = Status::Suppressed;
                    finding.suppression = Some(s.clone());
                }
            }
        }
    }

    /// What the reader must hear: what is wrong, over, too far ahead, or of no use.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let mut out: Vec<String> = self.problems.iter().map(|p| format!("suppressions: {p}")).collect();
        for entry in &self.entries {
            let s = &entry.suppression;
            let name = format!("suppressions: {} {} (owner {})", s.rule, s.pattern, s.owner);
            if entry.days_left < 0 {
                out.push(format!("{name} ended on {}: {}", s.expires, back(entry.matched)));
            } else if !entry.is_active() {
                out.push(format!("{name} suppresses nothing: {} is more than {DAYS_AT_MOST} days ahead", s.expires));
            } else if entry.matched == 0 {
                let is_pattern = !s.allow_glob && s.pattern.contains(['*', '?']);
                let hint = if is_pattern { " (`*` is a plain character without allow_glob = true)" } else { "" };
                out.push(format!("{name} matches nothing that fails: remove it{hint}"));
            }
        }
        out
    }

    /// Active entries that end within some days.
    pub fn expiring(&self, days: i64) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |e| e.is_active() && e.days_left <= days)
    }
}

fn back(n: usize) -> String {
    if n == 1 { "1 finding is back".to_owned() } else { format!("{n} findings are back") }
}
