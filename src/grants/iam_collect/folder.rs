//! Where a file stands in a store, and the files of one folder.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::builder::Builder;
use super::super::{Capture, Known, json};
use crate::aws::is_account_id;

/// AWS's partitions. A folder of another name is no part of a store, and what is in it is no store's file.
const PARTITIONS: &[&str] = &["aws", "aws-cn", "aws-us-gov", "aws-eusc", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f"];

/// Whose part of the store it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Holder {
    /// An account's.
    Account(String),
    /// An organisation's.
    Organisation(String),
    /// AWS's own policies, outside of accounts.
    Aws,
}

/// Where a folder stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Spot {
    /// The path of the folder.
    pub folder: String,
    /// What stands before `aws/<partition>/`.
    pub store: String,
    /// Partition.
    pub partition: String,
    /// Whose.
    pub holder: Holder,
    /// The rest of the path, as it is written: lower-cased, percent-encoded.
    pub parts: Vec<String>,
}

impl Spot {
    /// The spot of a file, and the file's name without `.json`.
    #[must_use]
    pub fn of(path: &str) -> Option<(Spot, String)> {
        let path = path.replace('\\', "/");
        let path = path.strip_suffix(".gz").unwrap_or(&path);
        let (folder, file) = path.rsplit_once('/')?;
        let kind = file.strip_suffix(".json")?;
        let all: Vec<&str> = folder.split('/').collect();
        (0..all.len()).find_map(|at| {
            let ["aws", partition, rest @ ..] = all.get(at..)? else { return None };
            if !PARTITIONS.contains(partition) {
                return None;
            }
            let (holder, parts) = match rest {
                ["accounts", id, parts @ ..] if is_account_id(id) => (Holder::Account((*id).to_owned()), parts),
                ["organizations", id, parts @ ..] if id.starts_with("o-") => (Holder::Organisation((*id).to_owned()), parts),
                [.., "iam", "aws", "policy", _] => (Holder::Aws, rest.get(rest.len().checked_sub(4)?..)?),
                _ => return None,
            };
            let spot = Spot {
                folder: folder.to_owned(),
                store: all.get(..at)?.join("/"),
                partition: (*partition).to_owned(),
                holder,
                parts: parts.iter().map(|p| (*p).to_owned()).collect(),
            };
            Some((spot, kind.to_owned()))
        })
    }
}

/// A file; no value where it cannot be read.
pub struct File {
    /// The file.
    pub capture: Capture,
    /// What it holds.
    pub value: Option<Value>,
}

/// The files of a folder by name.
pub struct Folder {
    /// Where it stands.
    pub spot: Spot,
    /// The files.
    pub files: BTreeMap<String, File>,
}

/// One part of a thing: a file that is there, is not there, or cannot be read.
#[derive(Clone, Copy)]
pub enum Part<'f> {
    /// There.
    There(&'f Capture, &'f Value),
    /// Not there.
    Missing,
    /// Cannot be read.
    Broken,
}

impl Folder {
    /// An empty folder.
    pub fn new(spot: Spot) -> Folder {
        Folder { spot, files: BTreeMap::new() }
    }

    /// A part by the name of its file.
    pub fn part(&self, kind: &str) -> Part<'_> {
        match self.files.get(kind) {
            Some(File { capture, value: Some(value) }) => Part::There(capture, value),
            Some(File { value: None, .. }) => Part::Broken,
            None => Part::Missing,
        }
    }

    /// `metadata.json`, which names the thing; a problem where it cannot be used.
    pub fn metadata(&self, builder: &mut Builder) -> Option<(&Capture, &Value)> {
        match self.part("metadata") {
            Part::There(capture, value) if value.is_object() => Some((capture, value)),
            Part::There(capture, _) => {
                builder.problem(&capture.file, "", "not an object: what this folder is about is not known");
                None
            }
            part => {
                let why = if matches!(part, Part::Missing) { "missing" } else { "cannot be read" };
                builder.problem(&format!("{}/metadata.json", self.spot.folder), "", format!("{why}: what this folder is about is not known"));
                None
            }
        }
    }

    /// A list of texts; what is not there is `empty`, what cannot be used is a problem and not told.
    pub fn texts(&self, kind: &str, builder: &mut Builder) -> Option<Vec<String>> {
        match self.part(kind) {
            Part::Missing => Some(Vec::new()),
            Part::Broken => None,
            Part::There(capture, value) => {
                let texts = json::texts(value);
                if texts.is_none() {
                    builder.problem(&capture.file, "", "not a list of texts");
                }
                texts
            }
        }
    }

    /// A part as a fact of which a value is told or none; a missing file is `missing`.
    pub fn known<T>(&self, kind: &str, missing: Known<T>, read: impl FnOnce(&Value) -> Result<Known<T>, String>, builder: &mut Builder) -> Known<T> {
        match self.part(kind) {
            Part::Missing => missing,
            Part::Broken => Known::Unknown(format!("{kind}.json cannot be read")),
            Part::There(capture, value) => read(value).unwrap_or_else(|why| {
                builder.problem(&capture.file, "", why.clone());
                Known::Unknown(why)
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_tell_whose_and_what() {
        let of = |path: &str| Spot::of(path).map(|(s, kind)| (s.store, s.partition, s.holder, s.parts.join("/"), kind));
        assert_eq!(
            of("night/aws/aws/accounts/111122223333/iam/role/service-role%2fapp/trust-policy.json.gz"),
            Some(("night".into(), "aws".into(), Holder::Account("111122223333".into()), "iam/role/service-role%2fapp".into(), "trust-policy".into()))
        );
        assert_eq!(of("aws/aws-cn/organizations/o-1/scps/p-1/policy.json").unwrap().2, Holder::Organisation("o-1".into()));
        assert_eq!(of("aws/aws/aws/accounts/111122223333/s3-bpa.json").unwrap().3, "");
        assert_eq!(of("aws/aws/accounts/aws/iam/aws/policy/readonlyaccess/metadata.json").unwrap().3, "iam/aws/policy/readonlyaccess");
        for other in ["accounts/111122223333/s3/b/policy.json", "aws/gcp/accounts/111122223333/a.json", "aws/aws/accounts/1/a.json", "aws/aws/indexes/a.json", "aws/aws/accounts/111122223333/a.txt"] {
            assert!(of(other).is_none(), "{other}");
        }
    }
}
