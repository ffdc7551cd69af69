//! Replays the seeds and the kept findings of every target, without the fuzzer.

use std::path::Path;

fn replay(target: &str, check: fn(&[u8])) {
    let mut count = 0;
    for folder in ["seeds", "regressions"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).join(target);
        for entry in folder.read_dir().into_iter().flatten() {
            let path = entry.unwrap().path();
            // Shown only if the check fails.
            println!("{}", path.display());
            check(&std::fs::read(&path).unwrap());
            count += 1;
        }
    }
    assert!(count > 0, "{target} has no seeds");
}

#[test]
fn policy_roundtrip() {
    replay("policy_roundtrip", trailtrim_fuzz::policy_roundtrip);
}

#[test]
fn wildcard_vs_regex() {
    replay("wildcard_vs_regex", trailtrim_fuzz::wildcard_vs_regex);
}

#[test]
fn arn_parse() {
    replay("arn_parse", trailtrim_fuzz::arn_parse);
}

#[test]
fn evaluate_vs_oracle() {
    replay("evaluate_vs_oracle", trailtrim_fuzz::evaluate_vs_oracle);
}

#[test]
fn access_log() {
    replay("access_log", trailtrim_fuzz::access_log);
}

#[test]
fn envelope() {
    replay("envelope", trailtrim_fuzz::envelope);
}
