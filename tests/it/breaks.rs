//! What must hold however a night goes wrong, of what needs no other processes (`tests/break` has those): modes, damage, versions.

#![cfg(unix)]

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Output;

use super::common::{assert_same_tree, json, root, run_sample, trailtrim, tree};

/// A few days of the sample's logs.
fn logs() -> PathBuf {
    root().join("testdata/organisation/logs/**/2026/10/0[56]/*")
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn ingest(state: &Path, logs: &Path) -> Output {
    trailtrim(["ingest".as_ref(), "--quiet".as_ref(), "--logs".as_ref(), logs.as_os_str(), "--state".as_ref(), state.as_os_str()])
}

#[test]
fn state_and_output_are_the_owners() {
    let dir = tempfile::tempdir().unwrap();
    assert!(run_sample(dir.path(), &logs(), &[]).status.success());
    for folder in ["state", "out"] {
        for entry in walkdir::WalkDir::new(dir.path().join(folder)) {
            let entry = entry.unwrap();
            let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, if entry.file_type().is_dir() { 0o700 } else { 0o600 }, "{}", entry.path().display());
        }
    }
    let names: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "nothing else is left: {names:?}");
}

#[test]
fn a_damaged_part_is_named_or_made_again() {
    let dir = tempfile::tempdir().unwrap();
    let (state, right) = (dir.path().join("state"), dir.path().join("right"));
    for folder in [&state, &right] {
        assert!(ingest(folder, &logs()).status.success());
    }
    let (name, bytes) = tree(&state).into_iter().find(|(n, _)| n.starts_with("events/")).unwrap();
    let mut flipped = bytes.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 0x10;
    for damaged in [Some(bytes[..bytes.len() - 3].to_vec()), Some(flipped), None] {
        match damaged {
            Some(damaged) => std::fs::write(state.join(&name), damaged).unwrap(),
            None => std::fs::remove_file(state.join(&name)).unwrap(),
        }
        let one = root().join("testdata/organisation/logs/**/2026/10/05/*");
        let output = ingest(&state, &one);
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        assert!(said(&output).contains(&name) && said(&output).contains("still to be given") && said(&output).contains("/2026/10/06/"), "{}", said(&output));
        let output = ingest(&state, &logs());
        assert!(output.status.success() && said(&output).contains("damaged and made again"), "{}", said(&output));
        assert_same_tree(&state.join("events"), &right.join("events"));
        assert_same_tree(&state.join("ledger"), &right.join("ledger"));
    }
}

#[test]
fn a_ledger_of_another_version_is_read_or_refused() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("state");
    assert!(ingest(&state, &logs()).status.success());
    let entry = std::fs::read_dir(state.join("ledger")).unwrap().next().unwrap().unwrap().path();
    let mut value = json(&entry);
    assert!(value["sums"].as_object().is_some_and(|sums| !sums.is_empty()));
    value.as_object_mut().unwrap().remove("sums");
    value["schema"] = 5.into();
    std::fs::write(&entry, value.to_string()).unwrap();
    let output = ingest(&state, &logs());
    assert!(output.status.success() && said(&output).contains("read 0 records"), "{}", said(&output));
    value["schema"] = 99.into();
    std::fs::write(&entry, value.to_string()).unwrap();
    let output = ingest(&state, &logs());
    assert!(output.status.code() == Some(1) && said(&output).contains("written by a newer version (schema 99)"), "{}", said(&output));
}
