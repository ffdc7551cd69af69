//! Policies from use alone, against other tools' cases of which policy some records should give, where they are at hand:
//! every action that a case expects and that exists is granted, and nothing that the case's records do not name.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value, json};
use trailtrim::reference::Reference;

use super::common::{corpora, json, trailtrim};

/// Expectations that are not AWS's: the case, and why.
const WRONG: &[(&str, &str)] = &[
    ("leonidas", "sts:GetCallerIdentity"), // needs no permission (STS API reference)
];

/// A case with its records made whole: one user for each, so that one run answers all.
struct Case {
    id: String,
    records: Vec<Value>,
    expected: BTreeSet<String>,
    /// Whether nothing else may be granted.
    exact: bool,
}

fn lines(path: &Path) -> Vec<Value> {
    std::fs::read_to_string(path).unwrap().lines().map(|l| serde_json::from_str(l).unwrap()).collect()
}

fn list(value: &Value) -> Vec<String> {
    match value {
        Value::String(one) => vec![one.clone()],
        Value::Array(many) => many.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

fn actions(policy: &Value) -> BTreeSet<String> {
    let statements = match &policy["Statement"] {
        Value::Array(many) => many.clone(),
        Value::Null => vec![policy.clone()],
        one => vec![one.clone()],
    };
    statements.iter().flat_map(|s| list(&s["Action"])).collect()
}

fn cases(folder: &Path) -> Vec<Case> {
    let mut cases = Vec::new();
    for line in lines(&folder.join("trailscraper.ndjson")) {
        let kind = line["kind"].as_str().unwrap();
        if !matches!(kind, "records->policy" | "record->statement") {
            continue;
        }
        cases.push(Case {
            id: line["id"].as_str().unwrap().to_owned(),
            records: line["records"].as_array().unwrap().clone(),
            expected: actions(&line["expected"]),
            exact: true,
        });
    }
    for (n, line) in lines(&folder.join("leonidas.ndjson")).into_iter().enumerate() {
        let records: Vec<Value> = line["events"].as_array().unwrap().iter().filter(|e| e["eventSource"].as_str().is_some_and(|s| s != "None")).cloned().collect();
        let named: BTreeSet<String> = records
            .iter()
            .map(|e| {
                let source = e["eventSource"].as_str().unwrap().trim_start_matches("*.").trim_end_matches(".amazonaws.com").to_owned();
                format!("{source}:{}", e["eventName"].as_str().unwrap())
            })
            .collect();
        let expected = list(&line["permissions"]).into_iter().filter(|p| named.contains(p)).collect();
        cases.push(Case { id: format!("leonidas#{n} {}", line["name"].as_str().unwrap()), records, expected, exact: false });
    }
    cases
}

/// The record as the log of a user named after the case.
fn whole(record: &Value, case: usize, n: usize) -> Value {
    let mut whole = json!({
        "eventVersion": "1.08", "eventTime": "2026-10-01T12:00:00Z", "awsRegion": "eu-central-1", "sourceIPAddress": "203.0.113.7",
        "eventType": "AwsApiCall", "recipientAccountId": "111122223333", "requestParameters": null, "responseElements": null,
    });
    for (key, value) in record.as_object().unwrap() {
        whole[key] = value.clone();
    }
    let source = record["eventSource"].as_str().unwrap_or("").trim_start_matches("*.");
    whole["eventSource"] = json!(if source.contains('.') { source.to_owned() } else { format!("{source}.amazonaws.com") });
    whole["userIdentity"] = json!({"type": "IAMUser", "principalId": format!("AIDA{case:04}"), "arn": format!("arn:aws:iam::111122223333:user/case-{case}"),
                                   "accountId": "111122223333", "userName": format!("case-{case}")});
    whole["eventID"] = json!(format!("00000000-0000-4000-8000-{case:06}{n:06}"));
    whole
}

#[test]
fn records_give_the_policies_that_others_expect() {
    let Some(corpora) = corpora() else { return };
    let cases = cases(&corpora.join("generation"));
    let reference = Reference::bundled().unwrap();
    let records: Vec<Value> =
        cases.iter().enumerate().flat_map(|(at, c)| c.records.iter().enumerate().map(move |(n, r)| whole(r, at, n))).collect();
    let dir = tempfile::tempdir().unwrap();
    let (logs, state, out) = (dir.path().join("logs"), dir.path().join("state"), dir.path().join("out"));
    std::fs::create_dir_all(&logs).unwrap();
    std::fs::write(logs.join("all.json"), json!({"Records": records}).to_string()).unwrap();
    let output = trailtrim([
        "run".as_ref(), "--quiet".as_ref(), "--from-usage".as_ref(), "--logs".as_ref(), logs.as_os_str(), "--state".as_ref(), state.as_os_str(),
        "--out".as_ref(), out.as_os_str(), "--now".as_ref(), "2026-11-01T00:00:00Z".as_ref(),
    ]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut granted: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    for at in 0..cases.len() {
        let path = out.join(format!("policies/111122223333/user/case-{at}/proposed-from-usage.json"));
        if path.exists() {
            granted.insert(at, actions(&json(&path)));
        }
    }
    let mut wrong = Vec::new();
    let mut checked = 0;
    for (at, case) in cases.iter().enumerate() {
        let have = granted.get(&at).cloned().unwrap_or_default();
        let is_wrong = |action: &String| WRONG.iter().any(|(id, a)| case.id.starts_with(id) && a == action);
        let want: BTreeSet<String> = case.expected.iter().filter(|a| reference.find(a).is_some() && !is_wrong(a)).cloned().collect();
        checked += want.len();
        let missing: Vec<&String> = want.difference(&have).collect();
        let more: Vec<&String> = have.difference(&want).filter(|_| case.exact).collect();
        if !missing.is_empty() || !more.is_empty() {
            wrong.push(format!("{}: missing {missing:?}, more {more:?}", case.id));
        }
        assert!(have.iter().all(|a| reference.find(a).is_some()), "{have:?}: every action exists");
    }
    println!("{} cases, {checked} expected actions", cases.len());
    assert!(checked > 40);
    assert!(wrong.is_empty(), "{wrong:#?}");
}
