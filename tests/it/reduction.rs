//! Whole runs on the sample organisation, on a generated one and on real logs, held against what a reduction promises: no
//! call newly denied, every written proposal proved, nothing over AWS's limits, nothing granted that was only ever
//! refused, and `*` only where the log names no resource. What is read here is what a user gets: the files of the run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use trailtrim::reference::Reference;

use super::common::{corpora, json, root, run_sample, trailtrim};

/// Real logs: folder below the corpora, and what of it is a log.
const CORPORA: &[(&str, &str)] = &[
    ("ct-awsdocs-2023", "events.ndjson"),
    ("ct-custodian", "events.ndjson"),
    ("ct-iamguide", "events.ndjson"),
    ("ct-invictus", "originals"),
    ("ct-panther", "events.ndjson"),
    ("ct-stratus", "events.ndjson"),
    ("ct-streamalert", "events.ndjson"),
    ("ct-watcher", "events.ndjson"),
];

/// A pattern of the policy language: `*` is any run of characters, `?` is one; no case. Written here once more, so that
/// no mistake of the program hides itself.
fn is_like(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => (0..=text.len()).any(|n| is_like(rest, &text[n..])),
        (Some((p, rest)), Some((t, tail))) => (*p == b'?' || p.eq_ignore_ascii_case(t)) && is_like(rest, tail),
        _ => false,
    }
}

fn list(value: &Value) -> Vec<String> {
    match value {
        Value::String(one) => vec![one.clone()],
        Value::Array(many) => many.iter().map(|v| v.as_str().unwrap().to_owned()).collect(),
        _ => Vec::new(),
    }
}

fn statements(document: &Value) -> Vec<Value> {
    match &document["Statement"] {
        Value::Array(many) => many.clone(),
        one => vec![one.clone()],
    }
}

/// An owner's folder: the evidence, and the statements of the documents in it.
struct Owner {
    evidence: Value,
    current: Vec<Value>,
    proposed: Vec<Value>,
}

fn owners(out: &Path) -> Vec<Owner> {
    let mut owners = Vec::new();
    if !out.join("policies").exists() {
        return owners;
    }
    for entry in walkdir::WalkDir::new(out.join("policies")).sort_by_file_name() {
        let path = entry.unwrap().into_path();
        if path.file_name().is_none_or(|n| n != "evidence.json") {
            continue;
        }
        let mut owner = Owner { evidence: json(&path), current: Vec::new(), proposed: Vec::new() };
        for file in std::fs::read_dir(path.parent().unwrap()).unwrap() {
            let file = file.unwrap().path();
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            if name.ends_with(".json") && name.starts_with("current-") {
                owner.current.extend(statements(&json(&file)));
            } else if name.ends_with(".json") && name.starts_with("proposed-") {
                owner.proposed.extend(statements(&json(&file)));
            }
        }
        owners.push(owner);
    }
    owners
}

/// What one user or role did with one action.
#[derive(Default)]
struct Done {
    allowed: u32,
    denied: u32,
    failed: u32,
    /// Allowed calls of which the log names no resource.
    vague: u32,
}

/// By ARN and action.
fn done(out: &Path) -> BTreeMap<(String, String), Done> {
    let mut all: BTreeMap<(String, String), Done> = BTreeMap::new();
    let mut table = csv::Reader::from_path(out.join("tables/usage.csv")).unwrap();
    for row in table.deserialize::<BTreeMap<String, String>>() {
        let row = row.unwrap();
        let done = all.entry((row["principal_arn"].clone(), row["action"].clone())).or_default();
        match row["outcome"].as_str() {
            "allowed" => {
                done.allowed += 1;
                let resource = &row["resource_arn"];
                done.vague += u32::from(resource.is_empty() || resource.contains('*') || row["arn_provenance"] == "type-wildcard");
            }
            "denied" => done.denied += 1,
            _ => done.failed += 1,
        }
    }
    all
}

/// The promises that `run.json` tells of.
fn promises(out: &Path, what: &str) {
    let proposals = json(&out.join("run.json"))["proposals"].clone();
    for (name, found) in [
        ("newly denied", &proposals["replay"]["newly_denied"]),
        ("not proved", &proposals["containment"]["not_proved"]),
        ("over the limit", &proposals["over_limit"]),
        ("defects", &proposals["defect"]),
    ] {
        assert_eq!(found, &0, "{what}: {name}: {proposals}");
    }
    let requests = proposals["replay"]["requests"].as_u64().unwrap();
    println!("{what}: {} documents, {} written, {} contained, {requests} requests replayed", proposals["documents"], proposals["written"], proposals["containment"]["proved"]);
}

fn median(mut numbers: Vec<u64>) -> u64 {
    numbers.sort_unstable();
    numbers.get(numbers.len() / 2).copied().unwrap_or(0)
}

/// Prints the actions granted before and after, and gives both totals over the written documents.
fn reduction(owners: &[Owner], what: &str) -> (u64, u64) {
    let written = owners.iter().flat_map(|o| o.evidence["policies"].as_array().unwrap()).filter(|p| p["status"] == "written");
    let (before, after): (Vec<u64>, Vec<u64>) = written.map(|p| (p["actions"]["before"].as_u64().unwrap(), p["actions"]["after"].as_u64().unwrap())).unzip();
    let totals = (before.iter().sum(), after.iter().sum());
    println!("{what}: granted actions of {} written documents: median {} -> {}, total {} -> {}", before.len(), median(before), median(after), totals.0, totals.1);
    totals
}

/// Actions that somebody was only ever refused, and whom their new policies allow them; only for policies from use alone,
/// since an export's policies may allow what another kind of policy refused.
fn refused_and_granted(owners: &[Owner], done: &BTreeMap<(String, String), Done>, what: &str) -> Vec<String> {
    let policies: BTreeMap<&str, &Owner> = owners.iter().map(|o| (o.evidence["owner"].as_str().unwrap(), o)).collect();
    let mut wrong = Vec::new();
    let mut count = 0;
    for ((who, action), _) in done.iter().filter(|(_, d)| d.denied > 0 && d.allowed == 0 && d.failed == 0) {
        let Some(owner) = policies.get(who.as_str()) else { continue };
        count += 1;
        let allowed = owner.proposed.iter().filter(|s| s["Effect"] == "Allow").flat_map(|s| list(&s["Action"]));
        wrong.extend(allowed.filter(|p| is_like(p.as_bytes(), action.as_bytes())).map(|p| format!("{who}: {action} by {p}")));
    }
    println!("{what}: {count} actions only ever refused, {} of them granted", wrong.len());
    wrong
}

/// Of the actions in statements that the program wrote and of which every allowed call names its resource: on how many
/// resources they stand, and how many on `*`.
fn stars(owners: &[Owner], done: &BTreeMap<(String, String), Done>, what: &str) -> (usize, usize) {
    let reference = Reference::bundled().unwrap();
    let (mut all, mut needless) = (0, BTreeSet::new());
    for owner in owners {
        let members: BTreeSet<String> = owner.evidence["policies"].as_array().unwrap().iter().flat_map(|p| list(&p["members"])).collect();
        let kept: BTreeSet<(String, String)> = owner.evidence["policies"].as_array().unwrap().iter().filter_map(|p| p["evidence"].as_array()).flatten()
            .filter(|e| e["reason"].as_str().unwrap_or("").contains("stay as granted"))
            .map(|e| (e["statement"].as_str().unwrap().to_owned(), e["action"].as_str().unwrap().to_owned()))
            .collect();
        for statement in owner.proposed.iter().filter(|s| s["Effect"] == "Allow" && !owner.current.contains(s)) {
            for id in list(&statement["Action"]).iter().flat_map(|p| reference.expand(p)).filter(|id| reference.scopable(*id)) {
                let name = reference.name(id);
                let told: Vec<&Done> = members.iter().filter_map(|m| done.get(&(m.clone(), name.to_owned()))).filter(|d| d.allowed > 0).collect();
                if told.is_empty() || told.iter().any(|d| d.vague > 0 || d.failed > 0) || kept.iter().any(|(_, action)| action == name) {
                    continue;
                }
                all += 1;
                if list(&statement["Resource"]).iter().any(|r| r == "*") {
                    needless.insert(format!("{}: {name}", owner.evidence["owner"]));
                }
            }
        }
    }
    println!("{what}: {} of {all} actions stand on `*` though the log names every resource: {:?}", needless.len(), needless.iter().take(5).collect::<Vec<_>>());
    (needless.len(), all)
}

/// A run from logs alone holds all promises.
fn from_use(logs: &Path, what: &str) {
    let dir = tempfile::tempdir().unwrap();
    let (state, out) = (dir.path().join("state"), dir.path().join("out"));
    let output = trailtrim([
        "run".as_ref(), "--quiet".as_ref(), "--from-usage".as_ref(), "--logs".as_ref(), logs.as_os_str(), "--state".as_ref(), state.as_os_str(),
        "--out".as_ref(), out.as_os_str(), "--window".as_ref(), "3650d".as_ref(), "--now".as_ref(), "2026-11-01T00:00:00Z".as_ref(),
    ]);
    assert!(matches!(output.status.code(), Some(0 | 4)), "{what}: {}", String::from_utf8_lossy(&output.stderr));
    promises(&out, what);
    let (owners, done) = (owners(&out), done(&out));
    reduction(&owners, what);
    assert_eq!(refused_and_granted(&owners, &done, what), Vec::<String>::new(), "{what}");
    let (needless, all) = stars(&owners, &done, what);
    assert!(needless * 10 <= all, "{what}: {needless} of {all}");
}

#[test]
fn real_logs_alone() {
    let Some(corpora) = corpora() else { return };
    for (set, logs) in CORPORA {
        from_use(&corpora.join(set).join(logs), set);
    }
}

#[test]
fn the_sample_alone_and_with_its_grants() {
    from_use(&root().join("testdata/organisation/logs"), "sample, from use");
    let dir = tempfile::tempdir().unwrap();
    let output = run_sample(dir.path(), &root().join("testdata/organisation/logs"), &[]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let out = dir.path().join("out");
    promises(&out, "sample");
    let (owners, done) = (owners(&out), done(&out));
    let (before, after) = reduction(&owners, "sample");
    assert!(after * 2 < before, "{before} -> {after}");
    let (needless, all) = stars(&owners, &done, "sample");
    assert!(all > 10 && needless * 10 <= all, "{needless} of {all}");
}

/// An organisation as the bench has it, of sixty roles.
#[test]
fn a_generated_organisation() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| -> PathBuf { dir.path().join(name) };
    let made = |script: &str, arguments: &[&std::ffi::OsStr]| Command::new("python3").arg(root().join(script)).args(arguments).output();
    let (bundle, logs, state, out) = (at("bundle"), at("logs"), at("state"), at("out"));
    let sizes = ["--accounts", "3", "--roles", "60", "--users", "12", "--policies", "9", "--groups", "6", "--buckets", "3", "--keys", "3"];
    let mut arguments = vec![bundle.as_os_str()];
    arguments.extend(sizes.iter().map(|s| std::ffi::OsStr::new(*s)));
    let Ok(first) = made("bench/grants/generate.py", &arguments) else {
        println!("there is no python3: nothing generated");
        return;
    };
    assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
    let second = made("bench/analyze/logs.py", &[bundle.as_os_str(), logs.as_os_str(), "--rows".as_ref(), "6000".as_ref()]).unwrap();
    assert!(second.status.success(), "{}", String::from_utf8_lossy(&second.stderr));
    let output = trailtrim([
        "run".as_ref(), "--quiet".as_ref(), "--grants".as_ref(), bundle.as_os_str(), "--logs".as_ref(), logs.as_os_str(), "--state".as_ref(), state.as_os_str(),
        "--out".as_ref(), out.as_os_str(), "--now".as_ref(), "2026-11-01T00:00:00Z".as_ref(),
    ]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    promises(&out, "generated");
    let run = json(&out.join("run.json"));
    assert_eq!(run["consistency"]["contradictions"], serde_json::json!([]), "the log agrees with the grants");
    let (owners, done) = (owners(&out), done(&out));
    assert!(done.len() > 1000, "{}", done.len());
    let (before, after) = reduction(&owners, "generated");
    assert!(after < before, "{before} -> {after}");
    let (needless, all) = stars(&owners, &done, "generated");
    assert!(all > 100 && needless * 10 <= all, "{needless} of {all}");
}
