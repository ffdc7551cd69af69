//! Findings over whole runs: what is fixed and what is only not evaluated, the baseline and exit code 3, files that are verified.

use std::path::Path;

use serde_json::Value;

use super::common::{json, root, tree, trailtrim};

/// A copy of the sample's grants, some files changed or left out.
fn grants(to: &Path, change: impl Fn(&str, Vec<u8>) -> Option<Vec<u8>>) {
    for (name, bytes) in tree(&root().join("testdata/organisation/grants")) {
        let Some(bytes) = change(&name, bytes) else { continue };
        let path = to.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}

/// A run on what the state folder holds, with logs on the first day.
fn night(dir: &Path, day: u32, grants: &Path, more: &[&str]) -> (Option<i32>, Vec<Value>) {
    let sample = root().join("testdata/organisation");
    let now = format!("2026-11-{day:02}T00:00:00Z");
    let mut args: Vec<std::ffi::OsString> = if day == 1 { vec!["run".into(), "--logs".into(), sample.join("logs").into()] } else { vec!["analyze".into()] };
    args.extend(["--quiet".into(), "--grants".into(), grants.into(), "--config".into(), sample.join("trailtrim.toml").into(), "--now".into(), now.into()]);
    args.extend(["--state".into(), dir.join("state").into(), "--out".into(), dir.join("out").into()]);
    args.extend(more.iter().map(Into::into));
    let output = trailtrim(args);
    assert!(matches!(output.status.code(), Some(0 | 3)), "{}", String::from_utf8_lossy(&output.stderr));
    (output.status.code(), json(&dir.join("out/findings.json"))["findings"].as_array().unwrap().clone())
}

fn of<'f>(findings: &'f [Value], report: &str, resource: &str) -> &'f Value {
    findings.iter().find(|f| f["report"] == report && f["resource"].as_str().unwrap().ends_with(resource)).unwrap_or_else(|| panic!("{report} {resource}"))
}

fn said(findings: &[Value], report: &str, resource: &str) -> [String; 3] {
    let f = of(findings, report, resource);
    ["status", "change", "first_seen"].map(|k| f[k].as_str().unwrap_or_default().to_owned())
}

fn row(status: &str, change: &str) -> [String; 3] {
    [status, change, "2026-11-01"].map(str::to_owned)
}

/// An export of an account without one of its roles.
fn without_role(name: &str, bytes: Vec<u8>) -> Vec<u8> {
    let Ok(mut value) = serde_json::from_slice::<Value>(&bytes) else { return bytes };
    if let Some(roles) = value.get_mut("RoleDetailList").and_then(Value::as_array_mut) {
        roles.retain(|r| r["RoleName"] != name);
    }
    serde_json::to_vec(&value).unwrap()
}

#[test]
fn fixed_is_said_only_where_the_input_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    let (whole, poor, gone) = (at.join("whole"), at.join("poor"), at.join("gone"));
    grants(&whole, |_, bytes| Some(bytes));
    let holds_home = |name: &str| name.contains("111122223333");
    grants(&poor, |name, bytes| (!holds_home(name)).then_some(bytes));
    grants(&gone, |_, bytes| Some(without_role("legacy-batch", bytes)));

    let (code, first) = night(at, 1, &whole, &["--fail-on", "none"]);
    assert_eq!(code, Some(0));
    assert_eq!(said(&first, "role-unused", "role/legacy-batch"), row("FAIL", "new"));

    // The account's exports do not come: its findings are neither fixed nor forgotten.
    let (_, second) = night(at, 2, &poor, &[]);
    let unclear = said(&second, "role-unused", "role/legacy-batch");
    assert_eq!(unclear, row("UNKNOWN", "not evaluated"));
    let reason = of(&second, "role-unused", "role/legacy-batch")["reason"].as_str().unwrap();
    assert!(reason.starts_with("failed on 2026-11-01, not evaluated since: tonight there is no account authorization details"), "{reason}");
    let home = |f: &&Value| f["account"] == "111122223333" && f["change"] == "fixed";
    assert_eq!(second.iter().filter(home).count(), 0);

    // They are back, but for a role that was deleted.
    let (code, third) = night(at, 3, &gone, &["--fail-on", "new:low"]);
    assert_eq!(said(&third, "role-unused", "role/legacy-batch"), row("NOT-APPLICABLE", "fixed"));
    assert_eq!(said(&third, "role-unused", "role/break-glass"), row("FAIL", "open"));
    assert_eq!(code, Some(0), "what was not evaluated for a night is not new");
    let (_, fourth) = night(at, 4, &gone, &[]);
    assert!(!fourth.iter().any(|f| f["resource"].as_str().unwrap().ends_with("role/legacy-batch")), "said once");

    // It is made again.
    let (code, fifth) = night(at, 5, &whole, &["--fail-on", "new:low"]);
    assert_eq!(said(&fifth, "role-unused", "role/legacy-batch"), row("FAIL", "reopened"));
    assert_eq!(code, Some(3));
    let state = at.join("state");
    assert_eq!(trailtrim(["baseline".as_ref(), "set".as_ref(), "--state".as_ref(), state.as_os_str()]).status.code(), Some(0));
    assert_eq!(night(at, 5, &whole, &["--fail-on", "new:low"]).0, Some(0), "it is in the baseline now");
    assert_eq!(night(at, 5, &whole, &["--fail-on", "critical"]).0, Some(3), "however old");
}
