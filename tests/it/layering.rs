//! Who may import whom, which package may be used where, and how large a file may grow: the table of
//! ARCHITECTURE.md, held against the source.

use std::path::{Path, PathBuf};

use super::common::root;

/// Room and the rooms it may import (`crate::…`).
const ROOMS: &[(&str, &[&str])] = &[
    ("aws", &[]),
    ("cli", &[]),
    ("config", &[]),
    ("files", &[]),
    ("params", &[]),
    ("scan", &[]),
    ("signals", &[]),
    ("progress", &[]),
    ("event", &["aws"]),
    ("policy", &["aws"]),
    ("reference", &["scan", "aws"]),
    ("ingest", &["files", "scan", "event", "reference", "aws", "progress"]),
    ("usage", &["params", "event", "aws"]),
    ("grants", &["files", "policy", "aws"]),
    ("evaluate", &["policy", "grants", "reference", "aws"]),
    ("redact", &["files", "aws"]),
    ("reduce", &["usage", "grants", "evaluate", "policy", "reference", "aws"]),
    ("blast", &["reduce", "evaluate", "policy", "reference", "aws"]),
    ("external", &["reduce", "usage", "grants", "policy", "aws"]),
    ("prove", &["evaluate", "policy", "usage", "aws"]),
    ("lint", &["policy", "reference", "aws"]),
    ("report", &["files", "ingest", "lint", "redact", "reduce", "prove", "usage", "grants", "policy", "reference", "aws"]),
    (
        "run",
        &["files", "ingest", "usage", "grants", "evaluate", "reduce", "blast", "external", "prove", "lint", "redact", "report", "reference", "policy", "config", "progress", "aws"],
    ),
    ("commands", &["cli", "signals", "run", "ingest", "grants", "evaluate", "lint", "policy", "prove", "reference", "report"]),
];

/// Package and the files (by the start of their path below `src/`) that may name it.
const FENCE: &[(&str, &[&str])] = &[
    ("clap", &["cli.rs", "cli/", "main.rs"]),
    ("clap_complete", &["cli/manual.rs"]),
    ("clap_mangen", &["cli/manual.rs"]),
    ("indicatif", &["progress.rs"]),
    ("arrow_array", &["ingest/store.rs", "ingest/carriers/security_lake.rs"]),
    ("arrow_schema", &["ingest/carriers/security_lake.rs"]),
    ("parquet", &["ingest/store.rs", "ingest/store/", "ingest/carriers/security_lake.rs"]),
    ("polars", &["usage/engine.rs", "usage/frames.rs", "usage/log_tables.rs", "usage/days_test.rs", "run/controls_test.rs", "run/portable_test.rs", "grants/frames/", "external/frames.rs", "report/sql.rs"]),
    ("maxminddb", &["external/origins.rs"]),
    ("ipnet", &["external/network.rs"]),
    ("serde_yaml_ng", &["external/known.rs", "report/deliver/"]),
    ("rustix", &["files.rs", "run/out_folder.rs"]),
    ("signal_hook", &["signals.rs"]),
    ("rsa", &["ingest/digest/keys.rs"]),
    ("minijinja", &["report/formats/outbox.rs"]),
    ("hmac", &["redact/key.rs"]),
    ("getrandom", &["redact/key.rs"]),
    ("object_store", &["ingest/source/s3.rs"]),
    ("tokio", &["ingest/source/s3.rs"]),
    ("futures_util", &["ingest/source/s3.rs"]),
    ("rayon", &["ingest/mod.rs", "ingest/group.rs", "ingest/integrity.rs", "ingest/digest/", "grants/load.rs", "reduce/mod.rs", "reduce/fit.rs", "reduce/permission_sets.rs", "reduce/advice/fork.rs", "evaluate/simulate.rs", "run/write.rs", "run/proofs.rs", "run/packing.rs", "run/validity.rs", "run/backtest.rs", "run/blast.rs", "run/blast_admins.rs", "blast/paths.rs", "report/formats/manifest.rs", "commands.rs"]),
    ("askama", &["report/html/"]),
    ("rust_xlsxwriter", &["report/formats/review.rs", "report/formats/review_test.rs"]),
    ("calamine", &["report/formats/review_import.rs", "report/formats/review_test.rs", "report/formats/hostile_test.rs"]),
];

fn sources() -> Vec<(String, String)> {
    let src = root().join("src");
    let mut files: Vec<PathBuf> = walkdir::WalkDir::new(&src)
        .into_iter()
        .map(|e| e.unwrap().into_path())
        .filter(|p| p.extension().is_some_and(|e| e == "rs"))
        .collect();
    files.sort();
    let name = |p: &Path| p.strip_prefix(&src).unwrap().to_string_lossy().into_owned();
    files.iter().map(|p| (name(p), std::fs::read_to_string(p).unwrap())).collect()
}

fn room_of(file: &str) -> &str {
    file.split(['/', '.']).next().unwrap()
}

#[test]
fn rooms_import_only_what_the_table_allows() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        let room = room_of(&file);
        if matches!(room, "lib" | "main") {
            continue;
        }
        let allowed = ROOMS.iter().find(|(r, _)| *r == room).unwrap_or_else(|| panic!("room `{room}` is not in the table")).1;
        for part in text.split("crate::").skip(1) {
            let used: String = part.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            if ROOMS.iter().any(|(r, _)| *r == used) && used != room && !allowed.contains(&used.as_str()) {
                wrong.push(format!("{file} imports {used}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn packages_stay_behind_their_fence() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        for (package, homes) in FENCE {
            let named = text.lines().filter(|l| !l.trim_start().starts_with("//")).any(|l| {
                l.contains(&format!("{package}::")) && !l.contains(&format!("_{package}::")) && !l.contains(&format!("crate::{package}"))
            });
            if named && !homes.iter().any(|home| file == *home || (home.ends_with('/') && file.starts_with(home))) {
                wrong.push(format!("{file} names {package}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn files_say_why_they_exist_and_stay_small() {
    for (file, text) in sources() {
        assert!(text.starts_with("//!"), "{file} has no opening words");
        assert!(text.lines().count() <= 600, "{file} has outgrown its walls");
    }
}

#[test]
fn no_panics_outside_tests() {
    for (file, text) in sources() {
        let product = text.split("\nmod tests {").next().unwrap();
        if file.ends_with("tests.rs") || file.ends_with("_test.rs") {
            continue;
        }
        for word in [".unwrap()", ".expect(", "todo!", "unimplemented!", "panic!("] {
            assert!(!product.contains(word), "{file} has {word}");
        }
    }
}
