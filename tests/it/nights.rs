//! Nights that go wrong or come twice: order, threads, re-runs, late files, killed batches, the lock.

use std::path::{Path, PathBuf};

use super::common::{assert_same_tree, corpora, json, root, run_sample, trailtrim, tree};

fn logs() -> PathBuf {
    root().join("testdata/organisation/logs")
}

/// A copy of a few days of the sample's logs, made in the given order.
fn copied(to: &Path, take: impl Fn(&str) -> bool, reverse: bool) {
    let mut files: Vec<(String, Vec<u8>)> = tree(&logs()).into_iter().filter(|(n, _)| take(n)).collect();
    if reverse {
        files.reverse();
    }
    for (name, bytes) in files {
        let path = to.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}

#[test]
fn order_and_threads_change_no_byte() {
    let dir = tempfile::tempdir().unwrap();
    let october = |name: &str| name.contains("/2026/10/");
    for (name, reverse, threads) in [("a", false, "1"), ("b", true, "2")] {
        copied(&dir.path().join(name).join("logs"), october, reverse);
        let at = dir.path().join(name);
        let output = run_sample(&at, &at.join("logs"), &["--threads", threads]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert_same_tree(&dir.path().join("a/out"), &dir.path().join("b/out"));
    assert_same_tree(&dir.path().join("a/state/events"), &dir.path().join("b/state/events"));
}

#[test]
fn a_second_run_changes_no_byte() {
    let dir = tempfile::tempdir().unwrap();
    copied(&dir.path().join("logs"), |n| n.contains("/2026/10/1"), false);
    let at = dir.path();
    assert!(run_sample(at, &at.join("logs"), &[]).status.success());
    let (first, state) = (tree(&at.join("out")), tree(&at.join("state")));
    let again = run_sample(at, &at.join("logs"), &[]);
    assert!(String::from_utf8_lossy(&again.stdout).contains("read 0 records of 0 files"), "known files are skipped");
    assert_eq!(first, tree(&at.join("out")));
    let differing: Vec<String> = tree(&at.join("state")).into_iter().filter(|(n, b)| n != "lock" && state.get(n) != Some(b)).map(|(n, _)| n).collect();
    assert!(differing.is_empty(), "{differing:?}");
}

#[test]
fn late_files_and_repeated_events_count_once() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    let fifth = |n: &str| n.contains("/2026/10/05/");
    copied(&at.join("first"), fifth, false);
    assert!(run_sample(at, &at.join("first"), &[]).status.success());
    let kept = |at: &Path| json(&at.join("out/run.json"))["ledger"]["kept"].as_u64().unwrap();
    let before = kept(at);
    // The same files under another name, as a second trail delivers them.
    for (name, bytes) in tree(&at.join("first")) {
        let path = at.join("second/other-trail").join(name.replace('/', "_"));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let output = run_sample(at, &at.join("second"), &[]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("kept 0 +"), "{}", String::from_utf8_lossy(&output.stdout));
    assert_eq!(kept(at), before);
}

#[test]
fn what_a_killed_run_left_is_swept() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    copied(&at.join("logs"), |n| n.contains("/2026/10/05/"), false);
    let orphan = at.join("state/events/date=2026-10-05/part-0000000000000000.parquet");
    std::fs::create_dir_all(orphan.parent().unwrap()).unwrap();
    std::fs::write(&orphan, b"half a file").unwrap();
    let output = run_sample(at, &at.join("logs"), &[]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!orphan.exists());
}

#[test]
fn a_held_state_folder_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("state");
    std::fs::create_dir_all(&state).unwrap();
    let lock = std::fs::File::create(state.join("lock")).unwrap();
    lock.try_lock().unwrap();
    let output = run_sample(dir.path(), &logs(), &[]);
    assert_eq!(output.status.code(), Some(5), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn foreign_folders_are_not_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    copied(&at.join("logs"), |n| n.contains("/2026/10/05/"), false);
    std::fs::create_dir_all(at.join("out")).unwrap();
    std::fs::write(at.join("out/thesis.txt"), "years of work").unwrap();
    let output = run_sample(at, &at.join("logs"), &[]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(std::fs::read_to_string(at.join("out/thesis.txt")).unwrap(), "years of work");
}

#[test]
fn days_that_are_too_old_go_and_stay_away() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    // Days of July to October; the sample's runs are as of 1 November.
    copied(&at.join("logs"), |n| n.contains("/2026/07/1") || n.contains("/2026/10/1"), false);
    copied(&at.join("young"), |n| n.contains("/2026/10/1"), false);
    let days = |at: &Path| -> Vec<String> {
        let mut days: Vec<String> = std::fs::read_dir(at.join("state/events")).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().replace("date=", "")).collect();
        days.sort();
        days
    };
    assert!(run_sample(at, &at.join("logs"), &[]).status.success());
    let all = days(at);
    assert!(all.first().is_some_and(|day| day.as_str() < "2026-07-20"), "{all:?}");
    let refused = run_sample(at, &at.join("logs"), &["--keep", "89d"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("`--keep`: 89 days are fewer than the 90 of the window"), "{}", String::from_utf8_lossy(&refused.stderr));
    assert_eq!(days(at), all);
    assert!(run_sample(at, &at.join("logs"), &["--keep", "90d"]).status.success());
    let kept = days(at);
    // Back from the newest day with events, which is before the time that the run judges from.
    assert!(kept.first().is_some_and(|day| day.as_str() > "2026-07-20") && kept.last() == all.last() && kept.len() < all.len(), "{kept:?}");
    let run = json(&at.join("out/run.json"));
    assert_eq!(run["ledger"]["too_old"], 0, "what was taken once is not counted again");
    let since = run["ledger"]["kept_since"].as_str().unwrap().to_owned();
    // The same old files under other names: too old, no rejection, and no event comes back.
    for (name, bytes) in tree(&at.join("logs")).into_iter().filter(|(n, _)| n.contains("/2026/07/")) {
        let path = at.join("late/other-trail").join(name.replace('/', "_"));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let late = run_sample(at, &at.join("late"), &[]);
    assert!(late.status.success(), "{}", String::from_utf8_lossy(&late.stderr));
    assert_eq!(days(at), kept);
    let ledger = &json(&at.join("out/run.json"))["ledger"];
    assert!(ledger["too_old"].as_u64().unwrap() > 0 && ledger["rejected"] == 0, "{ledger}");
    assert_eq!(ledger["kept_since"], since.as_str());
    let sum = |names: &[&str]| names.iter().map(|n| ledger[*n].as_u64().unwrap()).sum::<u64>();
    assert_eq!(sum(&["records_read"]), sum(&["kept", "duplicate", "rejected", "too_old"]));
    let summary = std::fs::read_to_string(at.join("out/summary.md")).unwrap();
    assert!(summary.contains(&format!("(days before {since} are dropped)")), "{summary}");
    // Within the window nothing is missing: use is what a store that never had the old days tells.
    let other = dir.path().join("other");
    std::fs::create_dir(&other).unwrap();
    assert!(run_sample(&other, &at.join("young"), &[]).status.success());
    assert!(run_sample(at, &at.join("young"), &[]).status.success());
    for table in ["usage.csv", "denials.csv"] {
        let read = |at: &Path| std::fs::read(at.join("out/tables").join(table)).unwrap();
        assert!(read(at) == read(&other), "{table}");
    }
}

#[test]
fn wrong_words_answer_usage() {
    for args in [vec!["run"], vec!["run", "--window", "soon"], vec!["nonsense"]] {
        assert_eq!(trailtrim(args).status.code(), Some(2));
    }
}

#[test]
fn real_logs_give_sound_policies() {
    let Some(corpora) = corpora() else { return };
    for set in ["ct-awsdocs-2023", "ct-custodian", "ct-iamguide", "ct-invictus", "ct-panther", "ct-stratus", "ct-streamalert", "ct-watcher"] {
        let dir = tempfile::tempdir().unwrap();
        let (state, out) = (dir.path().join("state"), dir.path().join("out"));
        let folder = corpora.join(set);
        let events = folder.join("events.ndjson");
        let logs = if events.exists() { events } else { folder };
        let output = trailtrim([
            "run".as_ref(), "--quiet".as_ref(), "--logs".as_ref(), logs.as_os_str(), "--state".as_ref(), state.as_os_str(),
            "--out".as_ref(), out.as_os_str(), "--window".as_ref(), "3650d".as_ref(), "--now".as_ref(), "2026-11-01T00:00:00Z".as_ref(),
        ]);
        assert!(matches!(output.status.code(), Some(0 | 4)), "{set}: {}", String::from_utf8_lossy(&output.stderr));
        let run = json(&out.join("run.json"));
        println!("{set}: {}", String::from_utf8_lossy(&output.stdout));
        assert_eq!(run["proposals"]["replay"]["newly_denied"], 0, "{set}");
        assert_eq!((&run["proposals"]["defect"], &run["proposals"]["over_limit"]), (&0.into(), &0.into()), "{set}");
    }
}
