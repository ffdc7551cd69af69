//! Where logs come from, on disk: patterns, lists, pruning, names, ledgers of older versions, files that cannot be read. Buckets
//! are tested by tests/source/run.sh, against a server.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use super::common::{assert_same_tree, json, root, trailtrim, tree};

fn logs() -> PathBuf {
    root().join("testdata/organisation/logs")
}

fn ingest(state: &Path, more: &[&str]) -> Output {
    trailtrim([&["ingest", "--quiet", "--state", state.to_str().unwrap()], more].concat())
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The entries of all files in a ledger.
fn entries(state: &Path) -> Vec<Value> {
    let batches = tree(&state.join("ledger"));
    batches.keys().flat_map(|name| json(&state.join("ledger").join(name))["files"].as_array().unwrap().clone()).collect()
}

fn with_list(state: &Path, list: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_trailtrim"))
        .args(["ingest", "--quiet", "--logs", "-", "--state", state.to_str().unwrap()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(list).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn patterns_and_lists_give_what_the_folder_gives() {
    let folder = tempfile::tempdir().unwrap();
    let state = |name: &str| folder.path().join(name);
    let whole = ingest(&state("whole"), &["--logs", logs().to_str().unwrap()]);
    let files: Vec<String> = tree(&logs()).into_keys().map(|name| logs().join(name).to_string_lossy().into_owned()).collect();
    let pattern = logs().join("AWS*/**/*.json*");
    let by_pattern = ingest(&state("pattern"), &["--logs", pattern.to_str().unwrap()]);
    let by_lines = with_list(&state("lines"), files.join("\n").as_bytes());
    let by_nul = with_list(&state("nul"), files.join("\0").as_bytes());
    for (name, output) in [("pattern", by_pattern), ("lines", by_lines), ("nul", by_nul)] {
        assert_eq!((output.status.code(), said(&output)), (whole.status.code(), said(&whole)), "{name}");
        assert_same_tree(&state("whole/ledger"), &state(name).join("ledger"));
        assert_same_tree(&state("whole/events"), &state(name).join("events"));
    }
    // Given in another way, everything is known.
    let again = ingest(&state("whole"), &["--logs", logs().join("AWSLogs/o-exampleorg").to_str().unwrap(), &files[0]]);
    assert!(said(&again).contains(&format!("({} files were known", files.len())), "{}", said(&again));
}

#[test]
fn accounts_regions_and_days_are_left_out_unopened() {
    let folder = tempfile::tempdir().unwrap();
    let files: Vec<String> = tree(&logs()).into_keys().collect();
    let of = |part: &str| files.iter().filter(|f| f.contains(part)).count();
    let account = "111122223333";
    let ours = of(&format!("/{account}/CloudTrail/"));
    assert!(ours > 0 && ours < files.len());
    let output = ingest(&folder.path().join("account"), &["--logs", logs().to_str().unwrap(), "--account", account]);
    assert!(said(&output).contains(&format!("{} were not asked for", files.len() - ours)), "{}", said(&output));
    assert!(entries(&folder.path().join("account")).iter().all(|e| e["path"].as_str().unwrap().contains(account)));
    let none = ingest(&folder.path().join("late"), &["--logs", logs().to_str().unwrap(), "--since", "2199-01-01"]);
    assert!(said(&none).starts_with("read 0 records of 0 files") && said(&none).contains(&format!("{} were not asked for", files.len())), "{}", said(&none));
    for wrong in [["--account", "12"], ["--since", "yesterday"]] {
        let output = ingest(&folder.path().join("wrong"), &[&["--logs", logs().to_str().unwrap()], wrong.as_slice()].concat());
        assert_eq!(output.status.code(), Some(2));
    }
}

#[test]
fn a_ledger_with_names_below_the_given_folder_is_still_known() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let below = logs().join("AWSLogs");
    let first = said(&ingest(&state, &["--logs", below.to_str().unwrap()]));
    // As older versions wrote it: names from the given folder on.
    for name in tree(&state.join("ledger")).into_keys() {
        let path = state.join("ledger").join(name);
        let text = std::fs::read_to_string(&path).unwrap().replace("\"AWSLogs/", "\"");
        std::fs::write(path, text).unwrap();
    }
    let kept = || tree(&state).into_iter().filter(|(name, _)| name != "lock").collect::<Vec<_>>();
    let before = kept();
    let again = said(&ingest(&state, &["--logs", below.to_str().unwrap()]));
    assert!(first.contains("(0 files were known") && again.starts_with("read 0 records of 0 files"), "{again}");
    assert!(before == kept(), "the state is as it was");
}

#[test]
fn what_cannot_be_read_is_counted_and_looked_at_again() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let late = folder.path().join("late.json");
    let list = format!("{}\n{}\n", late.display(), logs().display());
    for _ in 0..2 {
        let output = with_list(&state, list.as_bytes());
        assert_eq!(output.status.code(), Some(4));
        assert!(String::from_utf8_lossy(&output.stderr).contains("late.json: cannot be read: entity not found"));
        assert_eq!(entries(&state).iter().filter(|e| e["sha256"] == "").count(), 1, "it is noted once");
    }
    std::fs::write(&late, r#"{"Records":[]}"#).unwrap();
    let output = with_list(&state, list.as_bytes());
    assert!(said(&output).starts_with("read 0 records of 1 files = kept 0 + duplicate 0 + rejected 0"), "{}", said(&output));
    assert_eq!(trailtrim::ingest::Ledger::open(&state).unwrap().totals().by_reason.get("cannot be read"), None);
}

#[test]
fn what_is_not_there_is_an_error_of_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    for wrong in ["no/such/folder", "no/such/*.json", "s3://"] {
        let output = ingest(&folder.path().join("state"), &["--logs", wrong]);
        assert_eq!(output.status.code(), Some(2), "{wrong}: {}", String::from_utf8_lossy(&output.stderr));
    }
}
