//! The sample organisation: every verdict and finding against the truth that its generator wrote, and the
//! committed page against the program.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::common::{json, root, run_sample, trailtrim};

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("{key} in {value}"))
}

fn verdicts(out: &Path) -> BTreeMap<[String; 6], String> {
    let mut found = BTreeMap::new();
    for entry in walkdir::WalkDir::new(out.join("policies")) {
        let path = entry.unwrap().into_path();
        if path.file_name().is_none_or(|n| n != "evidence.json") {
            continue;
        }
        let names: Vec<String> = path.components().map(|c| c.as_os_str().to_string_lossy().into_owned()).collect();
        let [account, kind, owner, _] = &names[names.len() - 4..] else { panic!() };
        for policy in json(&path)["policies"].as_array().unwrap() {
            for e in policy["evidence"].as_array().unwrap() {
                // Many actions of which the same is to be said share a row.
                let names: Vec<&str> = e["actions"].as_array().map_or_else(|| vec![text(e, "action")], |list| list.iter().map(|a| a.as_str().unwrap()).collect());
                for action in names {
                    let key = [account, kind, owner, text(policy, "policy"), text(e, "statement"), action].map(str::to_owned);
                    found.insert(key, text(e, "verdict").to_owned());
                }
            }
        }
    }
    found
}

#[test]
fn verdicts_and_findings_are_the_truth() {
    let dir = tempfile::tempdir().unwrap();
    let output = run_sample(dir.path(), &root().join("testdata/organisation/logs"), &[]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let out = dir.path().join("out");
    let truth = json(&root().join("testdata/organisation/truth.json"));
    let found = verdicts(&out);
    let mut wrong = Vec::new();
    let mut kinds: BTreeMap<&str, u32> = BTreeMap::new();
    for row in truth["actions"].as_array().unwrap() {
        let key = ["account", "owner_kind", "owner_name", "policy_name", "sid", "action"].map(|k| text(row, k).to_owned());
        *kinds.entry(text(row, "verdict")).or_default() += 1;
        if found.get(&key).map(String::as_str) != Some(text(row, "verdict")) {
            wrong.push(format!("{row}: got {:?}", found.get(&key)));
        }
    }
    assert_eq!(kinds.len(), 6, "the truth has every verdict: {kinds:?}");
    let findings = json(&out.join("findings.json"));
    for row in truth["findings"].as_array().unwrap() {
        let matching: Vec<&Value> = findings["findings"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|f| f["report"] == row["report"] && f["resource"] == row["resource"])
            .filter(|f| ["slot", "source_class"].iter().all(|k| row[k].is_null() || f["details"][k] == row[k]))
            .collect();
        if matching.is_empty() || matching.iter().any(|f| f["status"] != row["status"]) {
            wrong.push(format!("{row}: got {matching:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));

    let run = json(&out.join("run.json"));
    let proposals = &run["proposals"];
    assert_eq!(proposals["replay"]["newly_denied"], 0);
    assert_eq!(proposals["containment"]["not_proved"], 0);
    assert_eq!((&proposals["defect"], &proposals["over_limit"]), (&0.into(), &0.into()));
    let lint = &proposals["lint"];
    assert_eq!((&lint["error"]["all"], &lint["security_warning"]["new"], &lint["advice"]["error"]), (&0.into(), &0.into(), &0.into()));
    assert!(lint["documents"].as_u64().unwrap() > 8);
    assert_eq!(run["consistency"]["allowed"]["contradiction"], 0);
    let ledger = &run["ledger"];
    let n = |k: &str| ledger[k].as_u64().unwrap();
    assert_eq!(n("records_read"), n("kept") + n("duplicate") + n("rejected"));

    let page = std::fs::read_to_string(out.join("report.html")).unwrap();
    assert_eq!(page.matches("<script").count(), 1, "no script of an attacker's, one of ours");
    assert!(!page.contains('\u{202e}') && !page.contains('\u{1b}'), "hidden characters are shown as escapes");
    golden(&out);
    tables(&out);
}

/// The tables of the grants are written, and lead to each other.
fn tables(out: &Path) {
    let table = |name: &str| -> Vec<BTreeMap<String, String>> {
        let mut reader = csv::Reader::from_path(out.join("tables").join(format!("{name}.csv"))).unwrap();
        reader.deserialize().map(|row| row.unwrap()).collect()
    };
    for name in ["accounts", "principals", "credentials", "attachments", "documents", "statements", "trusts"] {
        assert!(!table(name).is_empty(), "{name}");
    }
    let shared: Vec<String> = table("resource_grants").into_iter().map(|r| format!("{} {} {}", r["effect"], r["entry"], r["resource_arn"])).collect();
    assert!(shared.iter().any(|s| s == "Deny * arn:aws:s3:::example-lake"), "{shared:?}");
    let statements: std::collections::BTreeSet<String> = table("statements").into_iter().map(|s| s["document_id"].clone()).collect();
    let attachments = table("attachments");
    let ids = attachments.iter().map(|a| &a["document_id"]).filter(|id| !id.is_empty());
    assert!(ids.clone().count() > 0 && ids.clone().all(|id| statements.contains(id)), "every document at hand has statements");
    let ann: Vec<_> = attachments.iter().filter(|a| a["holder_arn"].ends_with(":user/ann")).collect();
    assert!(!ann.is_empty() && ann.iter().all(|a| a["source"] == "group" && a["via"].ends_with(":group/ops")), "{ann:?}");
    let granted = table("granted_actions");
    let counted: usize = table("statements").iter().map(|s| s["action_count"].parse::<usize>().unwrap()).sum();
    assert_eq!(granted.len(), counted);
}

/// The reports that the repository shows are what the program writes; `UPDATE_GOLDEN=1` writes them anew.
fn golden(out: &Path) {
    for name in ["summary.md", "run.json", "findings.csv"] {
        let home = root().join("reports/sample").join(name);
        let now = std::fs::read(out.join(name)).unwrap();
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::create_dir_all(home.parent().unwrap()).unwrap();
            std::fs::write(&home, &now).unwrap();
        }
        let then = std::fs::read(&home).unwrap_or_default();
        assert!(then == now, "reports/sample/{name} is stale: run UPDATE_GOLDEN=1 cargo test, then look at the difference");
    }
}

#[test]
fn bad_input_is_named_and_the_rest_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let logs = root().join("testdata/broken");
    let state = dir.path().join("state");
    let output = trailtrim(["ingest".as_ref(), "--quiet".as_ref(), "--logs".as_ref(), logs.as_os_str(), "--state".as_ref(), state.as_os_str()]);
    assert_eq!(output.status.code(), Some(4), "partial input has its own exit code");
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("read 6 records of 3 files = kept 1 + duplicate 0 + rejected 5"), "{said}");
    let mut reasons = Vec::new();
    for entry in std::fs::read_dir(state.join("ledger")).unwrap() {
        for file in json(&entry.unwrap().path())["files"].as_array().unwrap() {
            for r in file["rejections"].as_array().unwrap() {
                reasons.push(format!("{} {} {}", text(file, "path"), r["record"], text(r, "reason")));
            }
        }
    }
    reasons.sort();
    let expected = ["records.json 0 missing eventName", "records.json 1 bad eventTime", "records.json 3 not a record", "text.json null not JSON", "truncated.json.gz null truncated gzip"];
    for (reason, expected) in reasons.iter().zip(expected) {
        assert!(reason.starts_with(expected), "{reason} is not {expected}");
    }
    assert_eq!(reasons.len(), expected.len(), "{reasons:?}");
}

#[test]
fn logs_alone_give_policies_and_unknowns() {
    let dir = tempfile::tempdir().unwrap();
    let logs = root().join("testdata/organisation/logs");
    let (state, out) = (dir.path().join("state"), dir.path().join("out"));
    let output = trailtrim([
        "run".as_ref(), "--quiet".as_ref(), "--logs".as_ref(), logs.as_os_str(), "--state".as_ref(), state.as_os_str(),
        "--out".as_ref(), out.as_os_str(), "--now".as_ref(), "2026-11-01T00:00:00Z".as_ref(),
    ]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let run = json(&out.join("run.json"));
    assert_eq!(run["mode"], "from logs alone");
    assert_eq!(run["proposals"]["replay"]["newly_denied"], 0);
    // Only what the logs alone can settle passes.
    let inputs: BTreeMap<String, Vec<String>> = trailtrim::report::reports().unwrap().into_iter().map(|r| (r.id, r.inputs)).collect();
    let findings = json(&out.join("findings.json"))["findings"].clone();
    let passed = findings.as_array().unwrap().iter().filter(|f| f["status"] == "PASS").filter_map(|f| f["report"].as_str());
    for report in passed {
        let needed = &inputs[report];
        assert!(needed.iter().all(|input| matches!(input.as_str(), "logs" | "configuration")), "{report} passes without {needed:?}");
    }
    let denied_only = json(&root().join("testdata/organisation/truth.json"))["denied_only"].clone();
    for pair in denied_only.as_array().unwrap() {
        let (arn, action) = (pair[0].as_str().unwrap(), pair[1].as_str().unwrap());
        let name = arn.rsplit('/').next().unwrap();
        let account = arn.split(':').nth(4).unwrap();
        let folder = out.join("policies").join(account).join("role").join(name);
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.file_name().unwrap().to_string_lossy().starts_with("proposed") {
                assert!(!std::fs::read_to_string(&path).unwrap().contains(action), "{} grants {action}", path.display());
            }
        }
    }
}
