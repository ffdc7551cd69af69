//! Suppressions: what counts, what is back, what the reader hears.

use super::suppressions::Suppressions;
use super::{Finding, Status};

/// 2026-11-01T00:00:00Z
const NOW: i64 = 1_793_491_200_000;

fn failing(rule: &str, resource: &str) -> Finding {
    Finding { uid: format!("{rule}-{resource}"), report: rule.to_owned(), resource: resource.to_owned(), status: Status::Fail, severity: "HIGH".to_owned(), ..Finding::default() }
}

fn entry(rule: &str, pattern: &str, expires: &str, more: &str) -> String {
    format!("[[suppression]]\nrule = \"{rule}\"\nmatch = \"{pattern}\"\nowner = \"team\"\nreason = \"why\"\nexpires = {expires}\n{more}\n")
}

/// What is suppressed, and the warnings.
fn judged(text: &str, resources: &[&str]) -> (Vec<String>, Vec<String>) {
    let mut findings: Vec<Finding> = resources.iter().map(|r| failing("role-unused", r)).collect();
    let mut read = Suppressions::parse(text, NOW);
    read.apply(&mut findings);
    let done = findings.iter().filter(|f| f.status == Status::Suppressed).map(|f| f.resource.clone()).collect();
    (done, read.warnings())
}

#[test]
fn the_name_is_taken_word_for_word_unless_a_pattern_is_allowed() {
    let resources = ["test", "test-2", "my-test"];
    assert_eq!(judged(&entry("role-unused", "test", "\"2027-01-31\"", ""), &resources), (vec!["test".to_owned()], vec![]));
    let (done, warnings) = judged(&entry("role-unused", "test*", "\"2027-01-31\"", ""), &resources);
    assert!(done.is_empty() && warnings.len() == 1 && warnings[0].contains("allow_glob"), "{warnings:?}");
    let (done, warnings) = judged(&entry("role-unused", "test*", "2027-01-31", "allow_glob = true"), &resources);
    assert_eq!((done, warnings), (vec!["test".to_owned(), "test-2".to_owned()], vec![]), "a TOML date is a date");
    let (done, _) = judged(&entry("role-unused", "role-unused-test", "\"2027-01-31\"", "ticket = \"T-1\"\napproved_by = \"ann\""), &resources);
    assert_eq!(done, ["test"], "by uid");
    let (done, warnings) = judged(&entry("other-rule", "test", "\"2027-01-31\"", ""), &resources);
    assert!(done.is_empty() && warnings[0].contains("matches nothing that fails"), "{warnings:?}");
}

#[test]
fn an_end_is_a_day_that_is_near() {
    let warned = |expires: &str| {
        let (done, warnings) = judged(&entry("role-unused", "test", expires, ""), &["test"]);
        assert_eq!(done.is_empty(), warnings.len() == 1, "{expires}: back and warned, or neither: {warnings:?}");
        warnings.into_iter().next().unwrap_or_default()
    };
    assert_eq!(warned("\"2026-11-01\""), "", "its last day counts");
    assert!(warned("\"2026-10-31\"").contains("ended on 2026-10-31: 1 finding is back"));
    assert_eq!(warned("\"2027-11-01\""), "", "365 days ahead");
    assert!(warned("\"2027-11-02\"").contains("more than 365 days"));
    for wrong in ["\"soon\"", "\"2027-02-30\"", "7", "true", "\"2027-13-01\""] {
        assert!(warned(wrong).contains("`expires` is no day"), "{wrong}");
    }
}

#[test]
fn what_is_not_understood_suppresses_nothing_and_harms_no_neighbour() {
    let good = entry("role-unused", "other", "\"2027-01-31\"", "");
    for bad in [
        entry("role-unused", "test", "\"2027-01-31\"", "alow_glob = true"),
        entry("role-unused", "test", "\"2027-01-31\"", "").replace("owner = \"team\"\n", ""),
        entry("role-unused", "test", "\"2027-01-31\"", "").replace("\"why\"", "\" \""),
    ] {
        let (done, warnings) = judged(&format!("{bad}{good}"), &["test", "other"]);
        assert_eq!(done, ["other"], "{bad}");
        assert!(warnings.len() == 1 && warnings[0].contains("entry 1 (role-unused test)"), "{warnings:?}");
    }
    let (done, warnings) = judged(&format!("[[supression]]\n{good}"), &["other"]);
    assert!(done == ["other"] && warnings[0].contains("`supression` is not known"), "{warnings:?}");
    let (done, warnings) = judged("not toml", &["test"]);
    assert!(done.is_empty() && warnings[0].contains("no TOML"), "{warnings:?}");
}

#[test]
fn what_ends_soon_is_listed() {
    let text = [entry("a", "x", "\"2026-11-20\"", ""), entry("a", "y", "\"2027-01-31\"", ""), entry("a", "z", "\"2026-10-20\"", "")].concat();
    let read = Suppressions::parse(&text, NOW);
    let names = |days| read.expiring(days).map(|e| e.suppression.pattern.as_str()).collect::<Vec<_>>();
    assert_eq!((names(10), names(30), names(100)), (vec![], vec!["x"], vec!["x", "y"]));
}

#[test]
fn only_what_fails_can_be_accepted() {
    let mut findings = [Finding { status: Status::Unknown, ..failing("role-unused", "test") }];
    let mut read = Suppressions::parse(&entry("role-unused", "test", "\"2027-01-31\"", ""), NOW);
    read.apply(&mut findings);
    assert_eq!((findings[0].status, read.warnings().len()), (Status::Unknown, 1));
}
