//! The bundle of `testdata/grants/bundle`: a fixture or an error for every row; and small bundles made on the fly.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use super::super::catalogue::exports;
use super::super::{Grants, load};

/// Loads the fixtures.
pub fn bundle() -> Grants {
    load(&[Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/grants/bundle")]).unwrap()
}

/// Loads files of these names.
pub fn files(files: &[(&str, Value)]) -> Grants {
    let texts: Vec<(&str, String)> = files.iter().map(|(name, value)| (*name, value.to_string())).collect();
    texts_of(&texts)
}

/// Loads texts as files of these names.
pub fn texts_of(files: &[(&str, String)]) -> Grants {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    load(&[folder.path().to_path_buf()]).unwrap()
}

/// Rows of the organisation, of Identity Center and of accounts' evidence.
const OF_ACCOUNTS: &[&str] = &[
    "caller",
    "cloud9-environments",
    "cloud9-memberships",
    "stacks",
    "stack-policy",
    "default-host-management",
    "analyzers",
    "findings",
    "regions",
    "ec2-regions",
];

#[test]
fn every_row_has_a_fixture_or_an_error() {
    let grants = bundle();
    let asked: BTreeSet<&str> = grants.asked.keys().map(|q| q.of.export).collect();
    let rows = exports().unwrap().iter().filter(|e| {
        let file = e.file.as_str();
        file.starts_with("organization/") || file.starts_with("sso/") || file.starts_with("accounts/{account}/iam/") || OF_ACCOUNTS.contains(&e.id.as_str())
    });
    let missing: Vec<&str> = rows.map(|e| e.id.as_str()).filter(|id| !asked.contains(id)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn the_bundle_is_read_whole() {
    let grants = bundle();
    assert!(grants.ignored.is_empty(), "{:?}", grants.ignored);
    assert!(grants.conflicts.is_empty(), "{:?}", grants.conflicts);
    let ours: Vec<_> = grants.problems.iter().map(|p| (p.file.as_str(), p.reason.as_str())).collect();
    assert_eq!(ours, [("accounts/111122223333/iam/last-accessed/bob.json", "the job is not completed: IN_PROGRESS")]);
}
