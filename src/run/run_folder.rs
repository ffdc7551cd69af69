//! The folder that a run wrote, read back: whose policies it has, and why others have none.
//!
//! Owners are found by the ARN in their `evidence.json`, not by the names of folders: two owners may share a name, and a permission
//! set's ARN does not tell the account that it stands under.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::{Deserializer as _, IgnoredAny, MapAccess, Visitor};

use crate::report::escape::visible;
use crate::report::policy_files::LeftAlone;

/// How many near names an error lists.
const NEAR: usize = 5;

/// What of `run.json` is asked here.
#[derive(Deserialize)]
struct RunFacts {
    mode: String,
    redacted: Option<IgnoredAny>,
}

/// The folder of a run.
pub struct RunFolder {
    path: PathBuf,
    /// Whether its policies were made from use alone.
    pub is_from_usage: bool,
    /// Whether people, addresses and identifiers are tokens in it.
    pub is_redacted: bool,
}

/// A text that names a file and what is wrong with it.
pub fn problem(path: &Path, what: impl std::fmt::Display) -> String {
    visible(&format!("`{}`: {what}", path.display()))
}

/// A file's text.
///
/// # Errors
/// A text that names the file.
pub fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|e| problem(path, format!("cannot be read: {e}")))
}

/// Takes the owner out of an `evidence.json` and leaves the rest, which may be megabytes, unread: `owner` is its first field.
struct OwnerFirst<'a>(&'a mut Option<String>);

impl<'de> Visitor<'de> for OwnerFirst<'_> {
    type Value = ();

    fn expecting(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str("the evidence of an owner")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            if key == "owner" {
                *self.0 = Some(map.next_value()?);
                return Ok(());
            }
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

fn owner_of(evidence: impl Read) -> Result<String, String> {
    let mut owner = None;
    let answer = serde_json::Deserializer::from_reader(BufReader::with_capacity(1024, evidence)).deserialize_map(OwnerFirst(&mut owner));
    // Having stopped early is what the parser then complains of.
    match (owner, answer) {
        (Some(owner), _) => Ok(owner),
        (None, Err(e)) => Err(e.to_string()),
        (None, Ok(())) => Err("has no field `owner`".to_owned()),
    }
}

fn name(arn: &str) -> &str {
    arn.rsplit(['/', ':']).next().unwrap_or(arn)
}

/// The ARNs whose name is the nearest to that of another, best first.
fn near<'a>(arn: &str, owners: impl Iterator<Item = &'a String> + Clone) -> Vec<&'a str> {
    let names: Vec<&str> = owners.clone().map(|o| name(o)).collect::<BTreeSet<_>>().into_iter().collect();
    let close = similar::get_close_matches(name(arn), &names, NEAR, 0.6);
    close.into_iter().flat_map(|c| owners.clone().map(String::as_str).filter(move |o| name(o) == c)).take(NEAR).collect()
}

impl RunFolder {
    /// Looks at a folder.
    ///
    /// # Errors
    /// A text that names the folder, if no run finished in it.
    pub fn open(path: &Path) -> Result<RunFolder, String> {
        let mark = path.join("run.json");
        if !mark.exists() {
            return Err(problem(path, "not the folder of a run, it has no run.json: name that of `trailtrim run` or `analyze` with --out"));
        }
        let facts: RunFacts = serde_json::from_str(&read(&mark)?).map_err(|e| problem(&mark, e))?;
        Ok(RunFolder { path: path.to_path_buf(), is_from_usage: facts.mode == super::FROM_USAGE, is_redacted: facts.redacted.is_some() })
    }

    /// The folder of each owner, by ARN.
    ///
    /// # Errors
    /// A text that names the file that is not as a run writes it.
    pub fn owners(&self) -> Result<BTreeMap<String, PathBuf>, String> {
        let mut owners = BTreeMap::new();
        let policies = self.path.join("policies");
        if !policies.exists() {
            return Ok(owners);
        }
        for entry in walkdir::WalkDir::new(&policies).min_depth(3).max_depth(3).sort_by_file_name() {
            let entry = entry.map_err(|e| problem(&policies, e))?;
            let path = entry.path().join("evidence.json");
            match std::fs::File::open(&path) {
                Ok(file) => owners.insert(owner_of(file).map_err(|e| problem(&path, e))?, entry.into_path()),
                Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => continue,
                Err(e) => return Err(problem(&path, format!("cannot be read: {e}"))),
            };
        }
        Ok(owners)
    }

    /// The policies of an owner that the run left alone, each with the reason.
    ///
    /// # Errors
    /// A text that names the file.
    pub fn left_alone(&self, arn: &str) -> Result<Vec<LeftAlone>, String> {
        let path = self.path.join("policies/left_alone.json");
        if !path.exists() {
            return Ok(Vec::new());
        }
        let all: Vec<LeftAlone> = serde_json::from_str(&read(&path)?).map_err(|e| problem(&path, e))?;
        Ok(all.into_iter().filter(|l| l.owner == visible(arn)).collect())
    }

    /// Some columns of the rows of a table that have a value in a column; none if there is no such table.
    fn rows(&self, table: &str, column: &str, value: &str, wanted: &[&str]) -> Result<Vec<Vec<String>>, String> {
        let path = self.path.join(format!("tables/{table}.csv"));
        if !path.exists() {
            return Ok(Vec::new());
        }
        let mut reader = csv::Reader::from_path(&path).map_err(|e| problem(&path, e))?;
        let header = reader.headers().map_err(|e| problem(&path, e))?.clone();
        let place = |name: &str| header.iter().position(|h| h == name).ok_or_else(|| problem(&path, format!("has no column `{name}`")));
        let (key, places) = (place(column)?, wanted.iter().map(|w| place(w)).collect::<Result<Vec<_>, _>>()?);
        let mut found = Vec::new();
        for row in reader.records() {
            let row = row.map_err(|e| problem(&path, e))?;
            if row.get(key) == Some(value) {
                found.push(places.iter().map(|at| row.get(*at).unwrap_or("").to_owned()).collect());
            }
        }
        Ok(found)
    }

    /// The header of a table and its rows that have a value in a column, as their cells stand; none if there is no such table.
    ///
    /// # Errors
    /// A text that names the file.
    pub fn rows_with(&self, table: &str, column: &str, value: &str) -> Result<(Vec<String>, Vec<Vec<String>>), String> {
        let path = self.path.join(format!("tables/{table}.csv"));
        if !path.exists() {
            return Ok((Vec::new(), Vec::new()));
        }
        let mut reader = csv::Reader::from_path(&path).map_err(|e| problem(&path, e))?;
        let header: Vec<String> = reader.headers().map_err(|e| problem(&path, e))?.iter().map(str::to_owned).collect();
        let wanted: Vec<&str> = header.iter().map(String::as_str).collect();
        let rows = self.rows(table, column, value, &wanted)?;
        Ok((header, rows))
    }

    /// A file of the folder as JSON.
    ///
    /// # Errors
    /// A text that names the file.
    pub fn json(&self, name: &str) -> Result<serde_json::Value, String> {
        let path = self.path.join(name);
        serde_json::from_str(&read(&path)?).map_err(|e| problem(&path, e))
    }

    /// Other owners of policies that a user, group or role holds: managed policies, its groups, its permission set.
    ///
    /// # Errors
    /// A text that names the file.
    pub fn held_from(&self, arn: &str, owners: &BTreeMap<String, PathBuf>) -> Result<BTreeSet<String>, String> {
        let rows = self.rows("attachments", "holder_arn", &visible(arn), &["source", "via", "policy_arn"])?;
        let others = rows.into_iter().filter(|r| r.first().is_none_or(|source| source != "boundary")).flat_map(|r| r.into_iter().skip(1));
        Ok(others.filter(|o| o != arn && owners.contains_key(o)).collect())
    }

    /// The owners of policies that hold an AWS managed policy, which nobody but AWS can change.
    ///
    /// # Errors
    /// A text that names the file.
    pub fn holders_of(&self, arn: &str, owners: &BTreeMap<String, PathBuf>) -> Result<BTreeSet<String>, String> {
        if !arn.contains(":iam::aws:policy/") {
            return Ok(BTreeSet::new());
        }
        let rows = self.rows("attachments", "policy_arn", &visible(arn), &["holder_arn", "via"])?;
        Ok(rows.into_iter().flatten().filter(|o| owners.contains_key(o)).collect())
    }

    /// Whether the export of grants has this user, group or role.
    ///
    /// # Errors
    /// A text that names the file.
    pub fn is_exported(&self, arn: &str) -> Result<bool, String> {
        let arn = visible(arn);
        for (table, column) in [("principals", "arn"), ("attachments", "holder_arn")] {
            if !self.rows(table, column, &arn, &[])?.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// That an ARN is not in the run, with those that have nearly its name.
    #[must_use]
    pub fn unknown(&self, arn: &str, owners: &BTreeMap<String, PathBuf>) -> String {
        let near = near(arn, owners.keys());
        let hint = if near.is_empty() { String::new() } else { format!("; it has {}", near.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ")) };
        visible(&format!("the run in `{}` has no policies of `{arn}`{hint}", self.path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_head_of_the_evidence_is_read() {
        let owner = |text: &str| owner_of(text.as_bytes());
        assert_eq!(owner(r#"{"owner":"a\u001bb","policies":[ this is not read"#), Ok("a\u{1b}b".to_owned()));
        assert_eq!(owner(r#"{"policies":[{"owner":"inner"}],"owner":"outer"}"#), Ok("outer".to_owned()));
        for bad in ["{}", "[]", "", r#"{"owner":1}"#, r#"{"owner":"cut"#] {
            assert!(owner(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn near_names_are_those_of_the_same_name_elsewhere_first() {
        let owners: Vec<String> = ["role/deploy/ci-deploy", "role/ci-deploys", "role/app", "user/ci-deploy"].iter().map(|n| format!("arn:aws:iam::111122223333:{n}")).collect();
        let found: Vec<&str> = near("arn:aws:iam::111122223333:role/ci-deploy", owners.iter()).into_iter().map(|n| n.rsplit(':').next().unwrap_or("")).collect();
        assert_eq!(found, ["role/deploy/ci-deploy", "user/ci-deploy", "role/ci-deploys"]);
        assert!(near("arn:aws:iam::111122223333:role/zzzz", owners.iter()).is_empty());
    }
}
