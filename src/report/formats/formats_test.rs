//! The formats on a made-up night: schemas, limits, what stays the same from night to night. `tests/formats` reads those of the
//! sample run with other people's readers.

use serde_json::Value;

use super::{asff, changes, findings_parquet, manifest, metrics, ocsf, sarif};
use crate::ingest::Ledger;
use crate::report::deliver::IacMap;
use crate::report::findings::suppressions::Suppression;
use crate::report::model::{AccountDays, ProposalRow, ReportModel};
use crate::report::sql::Cell;
use crate::report::{Finding, Status, findings_csv, findings_json, reports};

/// 2026-11-01T00:00:00Z
pub(super) const NOW: i64 = 1_793_491_200_000;
const DAY: i64 = 86_400_000;

/// What a format writes.
pub(super) fn written(write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> String {
    let mut bytes = Vec::new();
    write(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// A finding that failed for ten nights.
pub(super) fn finding(n: usize, status: Status, severity: &str, change: &'static str) -> Finding {
    Finding {
        uid: format!("{n:020x}"),
        report: ["role-unused", "key-age", "external-access"][n % 3].to_owned(),
        status,
        severity: severity.to_owned(),
        account: "111122223333".to_owned(),
        resource: format!("arn:aws:iam::111122223333:role/r{n}"),
        reason: "not used for longer than the limit".to_owned(),
        details: [("role_name".to_owned(), Cell::Text(format!("r{n}"))), ("created_ms".to_owned(), Cell::Int(NOW - 400 * DAY)), ("entry".to_owned(), Cell::Null)].into_iter().collect(),
        first_seen_ms: (!change.is_empty()).then_some(NOW - 10 * DAY),
        last_seen_ms: (!change.is_empty()).then_some(NOW),
        change,
        suppression: (status == Status::Suppressed).then(|| Suppression {
            rule: "role-unused".to_owned(),
            pattern: "x".to_owned(),
            owner: "team".to_owned(),
            reason: "why".to_owned(),
            expires: "2027-01-31".to_owned(),
            ..Suppression::default()
        }),
        ..Finding::default()
    }
}

pub(super) fn model(findings: Vec<Finding>) -> ReportModel {
    let text = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}"#;
    let current = std::sync::Arc::new(crate::policy::parse::parse_text(text).unwrap());
    let proposal = ProposalRow {
        account: "111122223333".to_owned(),
        owner_arn: "arn:aws:iam::111122223333:role/r0".to_owned(),
        policy: "work".to_owned(),
        placement: "inline".to_owned(),
        folder: "111122223333/role/r0".to_owned(),
        stem: "work".to_owned(),
        actions_before: 100,
        actions_after: 10,
        verdicts: [("drop", 90)].into(),
        current: Some(current),
        ..ProposalRow::default()
    };
    ReportModel {
        version: "0.0.0".to_owned(),
        as_of_ms: NOW,
        window_start_ms: NOW - 90 * DAY,
        window_days: 90,
        reports: reports().unwrap(),
        findings,
        proposals: vec![proposal],
        coverage: vec![AccountDays { account: "111122223333".to_owned(), days: vec![("2026-10-30".to_owned(), "missing"), ("2026-10-31".to_owned(), "complete")], ..AccountDays::default() }],
        ..ReportModel::default()
    }
}

/// One of each kind.
pub(super) fn mixed() -> Vec<Finding> {
    vec![
        finding(0, Status::Fail, "CRITICAL", "new"),
        finding(1, Status::Fail, "HIGH", "open"),
        finding(2, Status::Fail, "MEDIUM", "changed"),
        finding(3, Status::Fail, "LOW", "reopened"),
        finding(4, Status::Pass, "MEDIUM", "fixed"),
        finding(5, Status::Unknown, "MEDIUM", "not evaluated"),
        finding(6, Status::Unknown, "MEDIUM", ""),
        finding(7, Status::Pass, "MEDIUM", ""),
        finding(8, Status::NotApplicable, "INFO", ""),
        finding(9, Status::Suppressed, "HIGH", "suppressed"),
    ]
}

fn schema(file: &str) -> jsonschema::Validator {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    jsonschema::validator_for(&serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()).unwrap()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// What a schema has against a document.
fn errors(schema: &jsonschema::Validator, value: &Value) -> Vec<String> {
    schema.iter_errors(value).map(|e| format!("{}: {e}", e.instance_path())).collect()
}

#[test]
fn findings_json_is_as_its_schema_says() {
    let schema = schema("docs/findings.schema.json");
    let mut value = json(&written(|to| findings_json::write(&model(mixed()), to)));
    assert_eq!(errors(&schema, &value), Vec::<String>::new());
    assert_eq!(value["findings"].as_array().unwrap().len(), 10);
    for (pointer, wrong) in [("/findings/0/status", "OPEN"), ("/findings/0/uid", "x"), ("/findings/0/first_seen", "today"), ("/findings/0/change", ""), ("/findings/9/suppression", "no")] {
        let right = std::mem::replace(value.pointer_mut(pointer).unwrap(), wrong.into());
        assert!(!schema.is_valid(&value), "{pointer} {wrong}");
        *value.pointer_mut(pointer).unwrap() = right;
    }
}

#[test]
fn sarif_is_as_its_schema_says() {
    let schema = schema("tests/formats/sarif-2.1.0.schema.json");
    let all = model(mixed());
    let mut value = json(&sarif::render(&all, &IacMap::default()));
    assert_eq!(errors(&schema, &value), Vec::<String>::new());
    let results = value.pointer("/runs/0/results").unwrap().as_array().unwrap();
    let ids: Vec<&str> = results.iter().map(|r| r["partialFingerprints"]["trailtrim/uid/v1"].as_str().unwrap()).collect();
    assert_eq!(ids, [0, 1, 2, 3, 9].map(|n| all.findings[n].uid.as_str()), "what fails, and what was accepted");
    assert_eq!(results[0].pointer("/locations/0/physicalLocation/artifactLocation/uri").unwrap(), "policies/111122223333/role/r0/current-work.json");
    let at = results[1].pointer("/locations/0/physicalLocation").unwrap();
    assert_eq!(at["artifactLocation"]["uri"], "findings.csv");
    let line = usize::try_from(at["region"]["startLine"].as_u64().unwrap()).unwrap();
    assert!(written(|to| findings_csv::findings(&all, to)).lines().nth(line - 1).unwrap().starts_with(ids[1]), "the line of the finding");
    assert_eq!(results[4]["suppressions"][0]["status"], "accepted");
    assert!(results[0]["suppressions"].as_array().unwrap().is_empty());
    let rules = value.pointer("/runs/0/tool/driver/rules").unwrap().as_array().unwrap();
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
    }
    assert!(rules.iter().all(|r| r["properties"]["tags"].as_array().unwrap().len() <= 20));
    let worst = |id: &str| rules.iter().find(|r| r["id"] == id).unwrap()["properties"]["security-severity"].clone();
    assert_eq!((worst("role-unused"), worst("key-age")), ("9.5".into(), "8.0".into()), "of its findings the worst");
    value["runs"][0]["results"][0]["level"] = "fatal".into();
    assert!(!schema.is_valid(&value), "the schema can say no");

    let map = IacMap { owner: vec![crate::report::deliver::iac_map::IacOwner { arn: "arn:aws:iam::*:role/r1".to_owned(), policy: None, file: "iam/our app.tf".to_owned(), address: None }] };
    let value = json(&sarif::render(&all, &map));
    assert_eq!(value.pointer("/runs/0/results/1/locations/0/physicalLocation/artifactLocation/uri").unwrap(), "iam/our%20app.tf");
}

#[test]
fn sarif_says_what_it_leaves_out() {
    let many: Vec<Finding> = (0..6000).map(|n| finding(n, Status::Fail, if n < 5500 { "LOW" } else { "HIGH" }, "open")).collect();
    let value = json(&sarif::render(&model(many), &IacMap::default()));
    let results = value.pointer("/runs/0/results").unwrap().as_array().unwrap();
    assert_eq!((results.len(), results.iter().filter(|r| r["level"] == "error").count()), (5000, 500), "the most severe are in");
    let note = value.pointer("/runs/0/invocations/0/toolExecutionNotifications/0/message/text").unwrap();
    assert_eq!(note, "truncated: 5000 of 6000 findings, the most severe first; findings.json has all");
    assert!(json(&sarif::render(&model(mixed()), &IacMap::default())).pointer("/runs/0/invocations/0/toolExecutionNotifications/0").is_none());
}

#[test]
fn asff_keeps_its_limits() {
    let mut many: Vec<Finding> = (0..250).map(|n| finding(n, Status::Fail, "HIGH", "open")).collect();
    many.extend((250..260).map(|n| Finding { account: "444455556666".to_owned(), resource: format!("arn:aws-cn:iam::444455556666:user/{n}"), ..finding(n, Status::Fail, "HIGH", "open") }));
    many.push(Finding { account: String::new(), ..finding(300, Status::Fail, "HIGH", "open") });
    let files = asff::render(&model(many));
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["asff/111122223333-us-east-1-1.json", "asff/111122223333-us-east-1-2.json", "asff/111122223333-us-east-1-3.json", "asff/444455556666-cn-north-1-1.json"]);
    assert_eq!(files.iter().map(|(_, text)| json(text)["Findings"].as_array().unwrap().len()).collect::<Vec<_>>(), [100, 100, 50, 10]);

    let long = |n| Finding { details: (0..40).map(|d| (format!("column_{d}"), Cell::Text("y".repeat(3000)))).collect(), reason: "é".repeat(4000), ..finding(n, Status::Fail, "HIGH", "open") };
    let files = asff::render(&model((0..30).map(long).collect()));
    assert!(files.len() > 2 && files.iter().all(|(_, text)| text.len() <= 240_000), "{:?}", files.iter().map(|f| f.1.len()).collect::<Vec<_>>());
    let all: Vec<Value> = files.iter().flat_map(|(_, text)| json(text)["Findings"].as_array().unwrap().clone()).collect();
    assert_eq!(all.len(), 30);
    assert!(all.iter().all(|f| f["Description"].as_str().unwrap().chars().count() == 1024));
}

#[test]
fn asff_keeps_the_first_night_and_archives_what_is_fixed() {
    let of = |findings| json(&asff::render(&model(findings))[0].1)["Findings"].clone();
    let value = of(mixed());
    let states: Vec<(&str, &str)> = value.as_array().unwrap().iter().map(|f| (f["RecordState"].as_str().unwrap(), f["Compliance"]["Status"].as_str().unwrap())).collect();
    let (open, done) = (("ACTIVE", "FAILED"), ("ARCHIVED", "PASSED"));
    assert_eq!(states, [open, open, open, open, done, ("ACTIVE", "WARNING"), ("ARCHIVED", "FAILED")], "what never failed is not told");
    let mut updated = Vec::new();
    for night in 0..3 {
        let tonight = ReportModel { as_of_ms: NOW + night * DAY, ..model(vec![finding(0, Status::Fail, "HIGH", "open")]) };
        let value = json(&asff::render(&tonight)[0].1)["Findings"][0].clone();
        assert_eq!((&value["CreatedAt"], &value["FirstObservedAt"]), (&"2026-10-22T00:00:00.000Z".into(), &"2026-10-22T00:00:00.000Z".into()));
        assert_eq!(value["Id"], format!("trailtrim/{:020x}", 0));
        updated.push(value["UpdatedAt"].as_str().unwrap().to_owned());
    }
    assert!(updated.is_sorted_by(|a, b| a < b), "{updated:?}");
}

#[test]
fn ocsf_classes_and_activities() {
    let value = json(&written(|to| ocsf::write(&model(mixed()), to)));
    let all = value.as_array().unwrap();
    let row = |n: usize| all.iter().find(|e| e["finding_info"]["uid"] == format!("{n:020x}")).map(|e| (e["class_uid"].as_i64().unwrap(), e["activity_id"].as_i64().unwrap(), e["status_id"].as_i64().unwrap()));
    assert_eq!(row(0), Some((2008, 1, 1)));
    assert_eq!(row(1), Some((2003, 2, 2)));
    assert_eq!(row(4), Some((2003, 3, 4)));
    assert_eq!(row(9), Some((2008, 2, 3)), "suppressed");
    assert_eq!(row(7), Some((2003, 2, 4)), "a control that passes is an event");
    assert_eq!((row(6), row(8)), (Some((2008, 2, 0)), None), "access that never failed is none, unless it cannot be told");
    let granted = &all[0]["permission_analysis_results"][0];
    assert_eq!((&granted["unused_privileges_count"], &granted["policy"]["name"]), (&90.into(), &"work".into()));
    assert!(all.iter().all(|e| e["type_uid"] == e["class_uid"].as_i64().unwrap() * 100 + e["activity_id"].as_i64().unwrap()));
}

#[test]
fn metrics_are_prometheus_text() {
    let text = metrics::render(&model(mixed()), Some(metrics::Process { exit_code: 3, duration_ms: 61_005 }));
    assert!(text.ends_with('\n') && !text.contains("\n\n"));
    let sample = regex::Regex::new(r#"^trailtrim_[a-z_]+(\{[a-z]+="([^"\\]|\\.)*"(,[a-z]+="([^"\\]|\\.)*")*\})? [0-9]+(\.[0-9]+)?$"#).unwrap();
    for line in text.lines() {
        assert!(line.starts_with("# HELP ") || line.starts_with("# TYPE ") || sample.is_match(line), "{line}");
    }
    for line in ["trailtrim_exit_code 3", "trailtrim_last_run_duration_seconds 61.005", "trailtrim_last_success_timestamp_seconds 1793491200",
        r#"trailtrim_coverage_gap_hours{account="111122223333"} 24"#, r#"trailtrim_findings{rule="role-unused",severity="CRITICAL",status="FAIL"} 1"#,
        r#"trailtrim_unused_permissions{account="111122223333"} 90"#] {
        assert!(text.lines().any(|l| l == line), "{line}\n{text}");
    }
    assert!(!metrics::render(&model(mixed()), None).contains("duration"), "the output folder has no clock");
    assert!(!text.contains("arn:"), "labels are bounded");
}

#[test]
fn only_changes_are_in_the_outbox() {
    let mut all = mixed();
    all[9].status_before = Some(Status::Suppressed);
    let text = written(|to| changes::write(&model(all), to));
    let told: Vec<Value> = text.lines().map(json).collect();
    assert_eq!(told.iter().map(|f| f["change"].as_str().unwrap()).collect::<Vec<_>>(), ["new", "changed", "reopened", "fixed", "not evaluated"]);
}

#[test]
fn parquet_is_read_back() {
    let all = model(mixed());
    let bytes = findings_parquet::render(&all).unwrap();
    assert_eq!(bytes, findings_parquet::render(&all).unwrap());
    assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"));
    assert!(findings_parquet::render(&model(Vec::new())).unwrap().ends_with(b"PAR1"), "a night without findings");
}

#[test]
fn one_changed_byte_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let logs = dir.path().join("logs");
    std::fs::create_dir_all(out.join("tables")).unwrap();
    std::fs::create_dir_all(&logs).unwrap();
    let files = [("findings.json", "{}\n"), ("tables/trend.csv", "a\r\n1\r\n"), ("empty", "")];
    files.iter().for_each(|(name, text)| std::fs::write(out.join(name), text).unwrap());
    std::fs::write(logs.join("gaad.json"), "{}").unwrap();
    let hash = crate::reference::bundle::sha256_hex(b"{}");
    let model = ReportModel { inputs: vec![("gaad.json".to_owned(), "gaad".to_owned(), hash)], ..model(mixed()) };
    let text = manifest::render(&model, &Ledger::default(), &[], None, &out).unwrap();
    assert_eq!(json(&text)["coverage_gaps"][0]["missing"][0], "2026-10-30");
    std::fs::write(out.join(manifest::NAME), &text).unwrap();
    let verify = |inputs: &[std::path::PathBuf]| manifest::verify(&out, inputs).unwrap();
    assert_eq!((verify(&[]).same, verify(&[]).exit_code()), (3, 0));
    assert_eq!((verify(std::slice::from_ref(&logs)).inputs_same, verify(&[logs.join("gaad.json")]).inputs_same), (1, 1));
    for (name, text) in files {
        let mut bytes = text.as_bytes().to_vec();
        match bytes.last_mut() {
            Some(last) => *last ^= 1,
            None => bytes.push(0),
        }
        std::fs::write(out.join(name), bytes).unwrap();
        assert_eq!((verify(&[]).changed, verify(&[]).exit_code()), (vec![name.to_owned()], 3));
        std::fs::remove_file(out.join(name)).unwrap();
        assert_eq!((verify(&[]).missing, verify(&[]).exit_code()), (vec![name.to_owned()], 3));
        std::fs::write(out.join(name), text).unwrap();
    }
    std::fs::write(out.join("added"), "").unwrap();
    assert_eq!((verify(&[]).added, verify(&[]).exit_code()), (vec!["added".to_owned()], 3));
    std::fs::remove_file(out.join("added")).unwrap();
    assert_eq!(verify(&[dir.path().join("nowhere")]).exit_code(), 4);
    std::fs::write(logs.join("gaad.json"), "{ }").unwrap();
    assert_eq!((verify(std::slice::from_ref(&logs)).changed, verify(&[logs]).exit_code()), (vec!["gaad.json".to_owned()], 3));
}

/// What ten thousand findings cost; `--nocapture` prints it.
#[test]
fn ten_thousand_findings_stay_small() {
    let all = model((0..10_000).map(|n| finding(n, Status::Fail, if n % 2 == 0 { "HIGH" } else { "LOW" }, "open")).collect());
    let measure = |name: &str, most: usize, make: &dyn Fn() -> usize| {
        let start = std::time::Instant::now();
        let bytes = make();
        println!("{name}: {bytes} bytes in {} ms", start.elapsed().as_millis());
        assert!(bytes > 0 && bytes < most, "{name}: {bytes}");
    };
    measure("findings.json", 20 << 20, &|| written(|to| findings_json::write(&all, to)).len());
    measure("findings.csv", 10 << 20, &|| written(|to| findings_csv::findings(&all, to)).len());
    measure("findings.parquet", 4 << 20, &|| findings_parquet::render(&all).unwrap().len());
    measure("findings.sarif", 10 << 20, &|| sarif::render(&all, &IacMap::default()).len());
    measure("findings.ocsf.json", 30 << 20, &|| written(|to| ocsf::write(&all, to)).len());
    measure("asff", 40 << 20, &|| asff::render(&all).iter().map(|f| f.1.len()).sum());
    measure("metrics.prom", 64 << 10, &|| metrics::render(&all, None).len());
    let reviewed = ReportModel {
        review: (0..10_000).map(|n| super::review::ReviewRow { principal: format!("arn:aws:iam::111122223333:role/r{n}"), kind: "role", ..Default::default() }).collect(),
        ..all.clone()
    };
    measure("access_review.xlsx", 10 << 20, &|| super::review::render(&reviewed).unwrap().len());
    let dir = tempfile::tempdir().unwrap();
    measure("a night", 10 << 20, &|| {
        let mut findings = all.findings.clone();
        crate::report::findings::memory::compare(dir.path(), NOW, &mut findings, &Everything).unwrap();
        usize::try_from(std::fs::metadata(dir.path().join(format!("findings/{NOW}.json"))).unwrap().len()).unwrap()
    });
}

struct Everything;

impl crate::report::findings::memory::Inputs for Everything {
    fn at_hand(&self, _report: &str, _account: &str) -> std::collections::BTreeSet<String> {
        ["account authorization details".to_owned(), "logs".to_owned()].into()
    }

    fn gone(&self, _past: &crate::report::findings::memory::Remembered, _decided: bool) -> crate::report::findings::memory::Gone {
        crate::report::findings::memory::Gone::Fixed
    }
}
