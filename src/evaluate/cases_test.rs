//! Runs every case under `testdata/evaluate/`, and the public examples of `TRAILTRIM_CORPORA` where that is set.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::simulate::answer;

/// Every file of cases.
pub fn case_files() -> Vec<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("testdata/evaluate");
    let mut files: Vec<PathBuf> = walkdir::WalkDir::new(root)
        .into_iter()
        .filter_map(Result::ok)
        .map(walkdir::DirEntry::into_path)
        .filter(|p| p.extension().is_some_and(|e| e == "ndjson"))
        .collect();
    files.sort();
    files
}

/// What differs between an answer and its expectation: the decision, the deciding statements as
/// `kind/policy/statement`, and what would settle or allow it.
fn differs(expected: &Value, got: &Value, failed: bool) -> bool {
    if expected == "error" || failed {
        return !(expected == "error" && failed);
    }
    let statements: Vec<String> = got["decided_by"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| ["policy_type", "policy", "statement"].map(|k| d[k].as_str().unwrap()).join("/"))
        .collect();
    let optional = |key: &str| expected.get(key).is_some_and(|wanted| *wanted != got[key]);
    expected["decision"] != got["decision"]
        || expected["by"] != json!(statements)
        || optional("missing_policy_type")
        || optional("missing_context")
}

#[test]
fn own_cases_answer_as_expected() {
    let mut count = 0;
    let mut ids = std::collections::BTreeSet::new();
    let mut wrong = Vec::new();
    for file in case_files() {
        for line in std::fs::read_to_string(&file).unwrap().lines().filter(|l| !l.trim().is_empty()) {
            let row: Value = serde_json::from_str(line).unwrap();
            assert!(row["source"].is_string(), "{}: a case without its source: {line}", file.display());
            assert!(ids.insert(row["case"]["id"].to_string()), "two cases are called {}", row["case"]["id"]);
            let (got, failed) = answer(row["case"].to_string().as_bytes(), false);
            count += 1;
            if differs(&row["expected"], &got, failed) {
                wrong.push(format!("{} {}: expected {}, got {got}", file.display(), row["case"]["id"], row["expected"]));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {count} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count >= 400, "only {count} cases found");
}

/// The public examples name principals by ARN and the boundary by its long name; the rest is our format.
fn adapted(example: &Value) -> Option<Value> {
    let request = &example["request"];
    let arn = request["principal"].as_str()?;
    let principal = if arn.contains(":role/") {
        json!({"type": "AssumedRole", "role_arn": arn})
    } else if arn.contains(":user/") {
        json!({"type": "IAMUser", "arn": arn})
    } else {
        return None;
    };
    let mut policies = example["policies"].clone();
    let map = policies.as_object_mut()?;
    if let Some(boundary) = map.remove("permissions_boundary") {
        map.insert("boundary".to_owned(), boundary);
    }
    Some(json!({
        "id": example["id"],
        "request": {"principal": principal, "action": request["action"], "resource": request["resource"],
                    "resource_account": request["resource_account"], "context": request["context"]},
        "policies": policies,
    }))
}

#[test]
fn public_examples_agree() {
    let Some(corpora) = std::env::var_os("TRAILTRIM_CORPORA") else {
        println!("TRAILTRIM_CORPORA is not set: public examples not run");
        return;
    };
    let text = std::fs::read_to_string(PathBuf::from(corpora).join("evaluation-examples/iamspy.ndjson")).unwrap();
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    let mut wrong = Vec::new();
    for line in text.lines() {
        let example: Value = serde_json::from_str(line).unwrap();
        let Some(case) = adapted(&example) else {
            *counts.entry("other callers").or_default() += 1;
            continue;
        };
        let (got, failed) = answer(case.to_string().as_bytes(), false);
        if failed {
            *counts.entry("refused").or_default() += 1;
            continue;
        }
        *counts.entry("decided").or_default() += 1;
        let allowed = got["decision"] == "allowed";
        if allowed != (example["expected"] == "Allowed") {
            wrong.push(format!("{}: expected {}, got {got}", example["id"], example["expected"]));
        }
    }
    println!("public examples: {counts:?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The names that a part of the format takes, from the reader's own complaint about one that it does not know.
fn accepted(part: &str) -> std::collections::BTreeSet<String> {
    let mut case = json!({
        "request": {"principal": {"type": "Anonymous"}, "action": "s3:GetObject", "resource": "*"},
        "policies": {}, "settings": {"s3_acl": {}},
    });
    case.pointer_mut(part).unwrap()["no such field"] = Value::Null;
    let (answer, failed) = answer(case.to_string().as_bytes(), false);
    assert!(failed, "{part} takes any field");
    let error = answer["error"].as_str().unwrap().split_once("expected").unwrap().1.to_owned();
    error.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn the_schema_names_every_field() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/simulate.schema.json");
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let parts = [
        ("", "/properties"),
        ("/request", "/$defs/request/properties"),
        ("/request/principal", "/$defs/principal/properties"),
        ("/policies", "/$defs/policies/properties"),
        ("/settings", "/$defs/settings/properties"),
        ("/settings/s3_acl", "/$defs/settings/properties/s3_acl/properties"),
    ];
    for (part, pointer) in parts {
        let described: std::collections::BTreeSet<String> = schema.pointer(pointer).unwrap().as_object().unwrap().keys().cloned().collect();
        assert_eq!(accepted(part), described, "{part}");
    }
}
