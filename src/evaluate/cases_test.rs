//! Runs every case under `testdata/evaluate/`, and the public examples of `TRAILTRIM_CORPORA` where that is set.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::simulate::answer;

fn case_files() -> Vec<PathBuf> {
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

#[test]
fn own_cases_answer_as_expected() {
    let mut count = 0;
    let mut wrong = Vec::new();
    for file in case_files() {
        for line in std::fs::read_to_string(&file).unwrap().lines().filter(|l| !l.trim().is_empty()) {
            let row: Value = serde_json::from_str(line).unwrap();
            assert!(row["source"].is_string(), "{}: a case without its source: {line}", file.display());
            let (got, failed) = answer(row["case"].to_string().as_bytes(), false);
            count += 1;
            let expected = &row["expected"];
            let decision_fits = if expected == "error" { failed } else { got["decision"] == expected["decision"] };
            let statements: Vec<String> = got["decided_by"]
                .as_array()
                .map(|l| l.iter().map(|d| format!("{}/{}", d["policy_type"].as_str().unwrap(), d["statement"].as_str().unwrap())).collect())
                .unwrap_or_default();
            let by_fits = expected["by"].is_null() || expected["by"] == json!(statements);
            if !(decision_fits && by_fits) {
                wrong.push(format!("{} {}: expected {expected}, got {got}", file.display(), row["case"]["id"]));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {count} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count >= 60, "only {count} cases found");
}

/// The public examples name principals by ARN and policies by the same words as our cases.
fn adapted(example: &Value) -> Option<Value> {
    let policies = example["policies"].as_object()?;
    let in_scope = |key: &str| matches!(key, "identity" | "permissions_boundary" | "resource");
    if policies.iter().any(|(k, v)| !in_scope(k) && !v.is_null()) {
        return None;
    }
    let named = |value: &Value| -> Value {
        value.as_array().map_or(Value::Null, |l| l.iter().map(|d| json!({"name": "p", "document": d})).collect())
    };
    let request = &example["request"];
    let arn = request["principal"].as_str()?;
    let principal = if arn.contains(":role/") {
        json!({"type": "AssumedRole", "role_arn": arn})
    } else if arn.contains(":user/") {
        json!({"type": "IAMUser", "arn": arn})
    } else {
        return None;
    };
    let mut out = json!({
        "id": example["id"],
        "request": {"principal": principal, "action": request["action"], "resource": request["resource"],
                    "resource_account": request["resource_account"], "context": request["context"]},
        "policies": {},
    });
    for (ours, theirs) in [("identity", "identity"), ("boundary", "permissions_boundary")] {
        if !policies.get(theirs).is_none_or(Value::is_null) {
            out["policies"][ours] = named(&policies[theirs]);
        }
    }
    if let Some(resource) = policies.get("resource").filter(|r| !r.is_null()) {
        let one = resource.as_array().and_then(|l| l.first()).unwrap_or(resource);
        out["policies"]["resource"] = json!({"name": "r", "document": one});
    }
    Some(out)
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
            *counts.entry("other policy types").or_default() += 1;
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
