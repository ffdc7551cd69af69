//! Thirty nights with gaps, held against what a reader who was there every night would say.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::baseline::Baseline;
use super::fail_on::FailOn;
use super::files::DAY_MS;
use super::memory::{Gone, Inputs, Remembered, compare};
use super::suppressions::Suppressions;
use super::{Finding, Status, trend};

/// 2026-11-01T00:00:00Z
const FIRST: i64 = 1_793_491_200_000;

/// Whether the account's export is there.
struct Export(bool);

impl Inputs for Export {
    fn at_hand(&self, _report: &str, _account: &str) -> BTreeSet<String> {
        if self.0 { BTreeSet::from(["export".to_owned()]) } else { BTreeSet::new() }
    }

    fn gone(&self, past: &Remembered, _decided: bool) -> Gone {
        if past.report.as_deref() == Some("retired") {
            return Gone::Retired;
        }
        let missing: Vec<String> = past.inputs.difference(&self.at_hand("", "")).cloned().collect();
        if missing.is_empty() { Gone::Fixed } else { Gone::NotEvaluated(format!("no {}", missing.join(", "))) }
    }
}

fn finding(uid: &str, status: Status, reason: &str) -> Finding {
    Finding {
        uid: uid.to_owned(),
        report: if uid == "retired" { uid.to_owned() } else { "role-unused".to_owned() },
        status,
        severity: "HIGH".to_owned(),
        account: "111122223333".to_owned(),
        resource: format!("arn:aws:iam::111122223333:role/{uid}"),
        reason: reason.to_owned(),
        ..Finding::default()
    }
}

const SUPPRESSIONS: &str = "[[suppression]]\nrule = \"role-unused\"\nmatch = \"accepted\"\nowner = \"team\"\nreason = \"why\"\nexpires = \"2026-11-20\"\n";

/// The nights on which there was a run.
fn ran(night: i64) -> bool {
    !matches!(night, 3 | 11 | 12 | 13 | 21)
}

/// What the reports say on a night, and whether the export is there.
fn tells(night: i64) -> (Vec<Finding>, bool) {
    let mut all = vec![finding("always", Status::Fail, "old"), finding("fine", Status::Pass, "used"), finding("accepted", Status::Fail, "old")];
    if night < 9 {
        all.push(finding("deleted", Status::Fail, "old"));
    }
    if night < 5 {
        all.push(finding("retired", Status::Fail, "old"));
    }
    all.push(finding("comes-and-goes", if (7..15).contains(&night) { Status::Pass } else { Status::Fail }, "old"));
    all.push(finding("worded-anew", Status::Fail, if night < 17 { "old" } else { "new words" }));
    all.push(finding("unclear", if (14..18).contains(&night) { Status::Unknown } else { Status::Fail }, "old"));
    // For three nights the export does not come: nothing is told of.
    if (24..27).contains(&night) { (Vec::new(), false) } else { (all, true) }
}

fn run(state: &Path, night: i64) -> Vec<Finding> {
    let as_of_ms = FIRST + night * DAY_MS;
    let (mut findings, there) = tells(night);
    Suppressions::parse(SUPPRESSIONS, as_of_ms).apply(&mut findings);
    compare(state, as_of_ms, &mut findings, &Export(there)).unwrap();
    trend::note(state, as_of_ms, &findings).unwrap();
    findings
}

fn tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = walkdir::WalkDir::new(folder).into_iter().map(Result::unwrap).filter(|e| e.file_type().is_file());
    files.map(|e| (e.path().display().to_string(), std::fs::read(e.path()).unwrap())).collect()
}

/// `change, first night, last night` of a finding; `-` where it is not told of.
fn said(findings: &[Finding], uid: &str) -> String {
    let night = |at: Option<i64>| at.map_or_else(|| "-".to_owned(), |at| ((at - FIRST) / DAY_MS).to_string());
    let found = findings.iter().find(|f| f.uid == uid);
    found.map_or_else(|| "-".to_owned(), |f| format!("{} {} {} {}", f.status.as_str(), f.change, night(f.first_seen_ms), night(f.last_seen_ms)))
}

#[test]
fn thirty_nights_with_gaps() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path();
    let mut told: BTreeMap<i64, Vec<Finding>> = BTreeMap::new();
    for night in (0..30).filter(|n| ran(*n)) {
        let findings = run(state, night);
        let before = tree(state);
        assert_eq!(run(state, night), findings, "night {night} again");
        assert!(before == tree(state), "night {night} again changes no byte");
        told.insert(night, findings);
    }
    for (night, findings) in &told {
        // The export is away from night 24 to 26: what was open then is not evaluated, and nothing is fixed.
        let away = (24..27).contains(night);
        let last = if away { 23 } else { *night };
        let always = match night {
            0 => "FAIL new".to_owned(),
            _ if away => "UNKNOWN not evaluated".to_owned(),
            _ => "FAIL open".to_owned(),
        };
        assert_eq!(said(findings, "always"), format!("{always} 0 {last}"), "night {night}");
        assert_eq!(said(findings, "fine"), if away { "-" } else { "PASS  - -" }, "night {night}");

        // The entry's last day is 2026-11-20, night 19.
        let accepted = match night {
            0..=19 => format!("SUPPRESSED suppressed 0 {night}"),
            20 => "FAIL reopened 0 20".to_owned(),
            _ if away => "UNKNOWN not evaluated 0 23".to_owned(),
            _ => format!("FAIL open 0 {night}"),
        };
        assert_eq!(said(findings, "accepted"), accepted, "night {night}");

        let deleted = match night {
            0 => "FAIL new 0 0".to_owned(),
            1..9 => format!("FAIL open 0 {night}"),
            9 => "NOT-APPLICABLE fixed 0 8".to_owned(),
            _ => "-".to_owned(),
        };
        assert_eq!(said(findings, "deleted"), deleted, "night {night}");

        let retired = match night {
            0 => "FAIL new 0 0".to_owned(),
            1..5 => format!("FAIL open 0 {night}"),
            _ => "-".to_owned(),
        };
        assert_eq!(said(findings, "retired"), retired, "night {night}");

        let comes = match night {
            0 => "FAIL new 0 0".to_owned(),
            1..7 => format!("FAIL open 0 {night}"),
            7 => "PASS fixed 0 6".to_owned(),
            8..15 => "PASS  0 6".to_owned(),
            15 => "FAIL reopened 0 15".to_owned(),
            _ if away => "UNKNOWN not evaluated 0 23".to_owned(),
            _ => format!("FAIL open 0 {night}"),
        };
        assert_eq!(said(findings, "comes-and-goes"), comes, "night {night}");

        let worded = match night {
            0 => "FAIL new 0 0".to_owned(),
            17 => "FAIL changed 0 17".to_owned(),
            _ if away => "UNKNOWN not evaluated 0 23".to_owned(),
            _ => format!("FAIL open 0 {night}"),
        };
        assert_eq!(said(findings, "worded-anew"), worded, "night {night}");

        let unclear = match night {
            0 => "FAIL new 0 0".to_owned(),
            14..18 => "UNKNOWN not evaluated 0 10".to_owned(),
            _ if away => "UNKNOWN not evaluated 0 23".to_owned(),
            _ => format!("FAIL open 0 {night}"),
        };
        assert_eq!(said(findings, "unclear"), unclear, "night {night}");
        let fixed = findings.iter().filter(|f| f.change == "fixed").count();
        assert_eq!(fixed, usize::from(matches!(night, 7 | 9)), "night {night}");
    }
    let changes: Vec<usize> = told.values().map(|f| f.iter().filter(|f| f.is_change()).count()).collect();
    let nights: Vec<i64> = told.keys().copied().collect();
    let busy: Vec<(i64, usize)> = nights.into_iter().zip(changes).filter(|(_, n)| *n > 0).collect();
    assert_eq!(busy, [(0, 7), (7, 1), (9, 1), (14, 1), (15, 1), (17, 1), (20, 1), (24, 5)], "what is unchanged is no news");

    let rows = trend::note(state, FIRST + 29 * DAY_MS, &told[&29]).unwrap();
    let failing = |night: i64| -> u64 { rows.iter().filter(|r| r.as_of_ms == FIRST + night * DAY_MS).map(|r| r.count(Status::Fail)).sum() };
    assert_eq!([0, 8, 15, 25, 29].map(failing), [6, 4, 3, 0, 5]);
    assert_eq!(rows.iter().map(|r| r.as_of_ms).collect::<BTreeSet<_>>().len(), 25, "one for each night with a run");
}

#[test]
fn an_earlier_night_after_a_later_one_harms_neither() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path();
    run(state, 0);
    run(state, 20);
    let later = tree(state);
    assert_eq!(said(&run(state, 10), "always"), "FAIL open 0 10");
    assert!(later.iter().all(|(name, bytes)| tree(state).get(name) == Some(bytes)), "the later night is as it was");
    assert_eq!(said(&run(state, 22), "always"), "FAIL open 0 22");
    assert_eq!(said(&run(state, -5), "always"), "FAIL new -5 -5");
    assert_eq!(said(&run(state, 22), "always"), "FAIL open 0 22", "what was compared stays compared");
}

#[test]
fn files_of_the_first_version_are_read() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("findings");
    std::fs::create_dir_all(&folder).unwrap();
    let old = |status: &str, at: i64, failed: bool| format!(r#"{{"status":"{status}","reason":"old","first_seen_ms":{at},"ever_failed":{failed}}}"#);
    let at = FIRST - 9 * DAY_MS;
    let text = format!(
        r#"{{"findings":{{"always":{},"comes-and-goes":{},"fine":{},"nobody-knows":{}}}}}"#,
        old("FAIL", at, true), old("PASS", at, true), old("PASS", FIRST - DAY_MS, false), old("FAIL", at, true)
    );
    std::fs::write(folder.join(format!("{}.json", FIRST - DAY_MS)), text).unwrap();
    let findings = run(dir.path(), 1);
    assert_eq!(said(&findings, "always"), "FAIL open -9 1");
    assert_eq!(said(&findings, "comes-and-goes"), "FAIL reopened -9 1");
    assert_eq!(said(&findings, "fine"), "PASS  - -");
    assert_eq!(said(&findings, "nobody-knows"), "-", "the file does not say what it was about");
    assert_eq!(said(&run(dir.path(), 2), "always"), "FAIL open -9 2");
}

#[test]
fn what_is_new_is_new_against_the_baseline() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path();
    assert_eq!(Baseline::set(state).unwrap(), None, "nothing to freeze");
    let count = |findings: &[Finding]| ["new:high", "regression"].map(|w| FailOn::named(w).unwrap().count(findings));
    assert_eq!(count(&run(state, 7)), [4, 4], "without a baseline everything is new on the first night");
    let frozen = Baseline::set(state).unwrap().unwrap();
    assert_eq!((frozen.as_of_ms, frozen.findings.len()), (FIRST + 7 * DAY_MS, 4), "what is accepted is not in it: {frozen:?}");
    assert_eq!(Baseline::load(state).unwrap(), Some(frozen));
    assert_eq!(count(&run(state, 8)), [0, 0]);
    assert_eq!(count(&run(state, 15)), [1, 1], "reopened, and not in the baseline");
    assert_eq!(count(&run(state, 16)), [1, 1], "still not in it a night later");
    let mut worse = vec![Finding { severity: "CRITICAL".to_owned(), ..finding("always", Status::Fail, "old") }];
    compare(state, FIRST + 17 * DAY_MS, &mut worse, &Export(true)).unwrap();
    assert_eq!(count(&worse), [0, 1], "more severe than in the baseline");
}
