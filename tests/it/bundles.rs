//! Bundles of exports: what `doctor` says of them, and what bad ones do to the verdicts.

use std::path::Path;

use serde_json::{Value, json};

use super::common::{corpora, json as read_json, root, trailtrim};

const ACCOUNT: &str = "111122223333";

fn doctor(bundles: &[&Path]) -> (Value, Option<i32>) {
    let mut args = vec!["doctor".into(), "--json".into()];
    args.extend(bundles.iter().map(|b| b.as_os_str().to_owned()));
    let output = trailtrim(args);
    (serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {output:?}")), output.status.code())
}

fn write(folder: &Path, name: &str, bytes: &[u8]) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

fn reasons(answer: &Value, list: &str, keys: [&str; 2]) -> Vec<String> {
    answer[list].as_array().unwrap().iter().map(|p| keys.map(|k| p[k].as_str().unwrap_or_default()).join(" ")).collect()
}

fn system<'a>(answer: &'a Value, name: &str) -> &'a Value {
    answer["systems"].as_array().unwrap().iter().find(|s| s["system"] == name).unwrap_or_else(|| panic!("no system {name}"))
}

/// A role that uses one of two actions of a customer managed policy that it shares with another role.
fn details(roles: &[&str]) -> Value {
    let statement = |action: Value| json!({"Version": "2012-10-17", "Statement": [{"Sid": "A", "Effect": "Allow", "Action": action, "Resource": "*"}]});
    let shared = format!("arn:aws:iam::{ACCOUNT}:policy/shared");
    let role = |name: &&str| {
        json!({"Path": "/", "RoleName": name, "RoleId": format!("AROA{name}"), "Arn": format!("arn:aws:iam::{ACCOUNT}:role/{name}"), "CreateDate": "2020-01-01T00:00:00Z",
               "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]},
               "RolePolicyList": [], "AttachedManagedPolicies": [{"PolicyName": "shared", "PolicyArn": shared}], "Tags": [], "InstanceProfileList": []})
    };
    json!({"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": roles.iter().map(role).collect::<Vec<_>>(),
           "Policies": [{"Arn": shared, "PolicyName": "shared", "DefaultVersionId": "v1", "CreateDate": "2020-01-01T00:00:00Z",
                         "PolicyVersionList": [{"VersionId": "v1", "IsDefaultVersion": true, "CreateDate": "2020-01-01T00:00:00Z",
                                                "Document": statement(json!(["sqs:ListQueues", "sqs:CreateQueue"]))}]}]})
}

/// Ninety days on which the first role lists queues, and something writes.
fn logs(folder: &Path) {
    let mut records = Vec::new();
    for day in 0..90 {
        let time = format!("2026-{:02}-{:02}T10:00:00Z", 8 + day / 30, 1 + day % 30);
        for (n, source, name, read) in [(0, "sqs", "ListQueues", true), (1, "glue", "StartJobRun", false)] {
            records.push(json!({"eventVersion": "1.11", "eventTime": time, "eventSource": format!("{source}.amazonaws.com"), "eventName": name, "awsRegion": "eu-west-1",
                "eventID": format!("00000000-0000-0000-0000-{day:06}{n:06}"), "eventType": "AwsApiCall", "eventCategory": "Management", "managementEvent": true, "readOnly": read, "recipientAccountId": ACCOUNT, "requestParameters": {"jobName": "j"},
                "userIdentity": {"type": "AssumedRole", "principalId": "AROAone:s", "arn": format!("arn:aws:sts::{ACCOUNT}:assumed-role/one/s"), "accountId": ACCOUNT,
                    "sessionContext": {"sessionIssuer": {"type": "Role", "principalId": "AROAone", "arn": format!("arn:aws:iam::{ACCOUNT}:role/one"), "accountId": ACCOUNT, "userName": "one"}}}}));
        }
    }
    write(folder, "events.json", json!({"Records": records}).to_string().as_bytes());
}

fn run(dir: &Path, grants: &Path) -> Value {
    let out = dir.join("out");
    let output = trailtrim([
        "run", "--quiet", "--logs", dir.join("logs").to_str().unwrap(), "--grants", grants.to_str().unwrap(), "--now", "2026-10-30T12:00:00Z",
        "--state", dir.join("state").to_str().unwrap(), "--out", out.to_str().unwrap(),
    ]);
    assert!(output.status.code().is_some_and(|c| c == 0 || c == 4), "{output:?}");
    read_json(&out.join("run.json"))
}

#[test]
fn a_policy_is_reduced_only_where_all_its_holders_are_known() {
    let dir = tempfile::tempdir().unwrap();
    logs(&dir.path().join("logs"));
    let bundle = dir.path().join("grants");
    let gaad = format!("accounts/{ACCOUNT}/iam/gaad.json");
    let all = details(&["one", "two"]).to_string();
    write(&bundle, &gaad, all.as_bytes());
    let whole = run(dir.path(), &bundle);
    assert_eq!((&whole["proposals"]["written"], &whole["proposals"]["left_alone"]), (&json!(1), &json!(0)), "{}", whole["proposals"]);
    // Half a download, a page that breaks off, a role that cannot be read, a damaged file beside it: who else holds the
    // policy is not known, and it is left alone.
    let mut broken_role = details(&["one"]);
    broken_role["RoleDetailList"].as_array_mut().unwrap().push(json!({"RoleName": 7}));
    let mut page = details(&["one"]);
    page["IsTruncated"] = json!(true);
    let one = details(&["one"]).to_string();
    type Files = Vec<(String, Vec<u8>)>;
    let bad: [(&str, Files); 4] = [
        ("page", vec![(gaad.clone(), page.to_string().into_bytes())]),
        ("role", vec![(gaad.clone(), broken_role.to_string().into_bytes())]),
        ("half", vec![(gaad.clone(), one.clone().into_bytes()), (format!("accounts/{ACCOUNT}/iam/gaad-2.json"), all.as_bytes()[..all.len() / 2].to_vec())]),
        ("gzip", vec![(gaad.clone(), one.into_bytes()), ("more.json.gz".to_owned(), vec![0x1f, 0x8b, 8, 0, 1])]),
    ];
    for (name, files) in bad {
        let bundle = dir.path().join(format!("grants-{name}"));
        for (file, bytes) in &files {
            write(&bundle, file, bytes);
        }
        let run = run(dir.path(), &bundle);
        assert_eq!((&run["proposals"]["written"], &run["proposals"]["left_alone"]), (&json!(0), &json!(1)), "{name}: {}", run["proposals"]);
        assert!(!run["rejections"].as_array().unwrap().is_empty(), "{name}");
    }
}

#[test]
fn bad_files_are_named_and_the_rest_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let bundle = dir.path();
    let at = |rest: &str| format!("accounts/{ACCOUNT}/{rest}");
    write(bundle, &at("iam/gaad.json"), details(&["one"]).to_string().as_bytes());
    write(bundle, "manifest.json", br#"{"bundleVersion": 1, "createdAt": "2026-10-01T00:00:00Z"}"#);
    // A wrong file in a place, half a file, two accounts in one file, another partition, a policy that AWS would refuse.
    write(bundle, &at("s3/wrong/policy.json"), br#"{"Buckets": []}"#);
    write(bundle, &at("s3/half/policy.json"), br#"{"Policy": "{\"Version"#);
    write(bundle, &at("s3/refused/policy.json"), br#"{"Policy": "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Permit\",\"Action\":\"*\"}]}"}"#);
    write(bundle, &at("global/buckets.json"), br#"{"Buckets": [{"Name": "wrong"}, {"Name": "half"}, {"Name": "refused"}, {"Name": "quiet"}], "Owner": {"ID": "abc"}}"#);
    let two = details(&["one"]).to_string().replacen(&format!("{ACCOUNT}:role/one"), "444455556666:role/one", 1);
    write(bundle, "more/gaad.json", two.as_bytes());
    write(bundle, &at("cn-north-1/kms/key-policy/k.json"), br#"{"resourceArn": "arn:aws-cn:kms:cn-north-1:111122223333:key/k", "output": {"Policy": "{\"Statement\":[]}"}}"#);
    let (answer, code) = doctor(&[bundle]);
    assert_eq!(code, Some(4), "input that cannot be used is a partial result");
    let problems = reasons(&answer, "problems", ["file", "reason"]);
    for (file, reason) in [
        ("s3/wrong/policy.json", "not the output of"),
        ("s3/half/policy.json", "not JSON"),
        ("s3/refused/policy.json", "Effect"),
        ("more/gaad.json", "2 accounts in one file"),
    ] {
        assert!(problems.iter().any(|p| p.contains(file) && p.contains(reason)), "{file}: {problems:#?}");
    }
    let policies = system(&answer, "S3 bucket policy");
    // The list of buckets and the refused policy are there; two files tell nothing; nobody asked for the fourth bucket.
    let mut gaps: Vec<String> = answer["gaps"].as_array().unwrap().iter().filter(|g| g["export"] == "bucket-policy").map(|g| format!("{} {}", g["subject"].as_str().unwrap(), g["state"].as_str().unwrap())).collect();
    gaps.sort();
    assert_eq!(gaps, ["half unknown", "quiet not exported", "wrong unknown"], "{policies}");
    assert_eq!(answer["holdings"]["roles"], 2, "one in each account");
}

#[test]
fn the_fixture_of_every_system_is_present_and_nothing_is_left_alone() {
    let bundle = root().join("testdata/grants/bundle");
    let (answer, _) = doctor(&[&bundle]);
    for row in answer["systems"].as_array().unwrap() {
        let told = row["present"].as_u64().unwrap() + row["absent"].as_u64().unwrap();
        assert!(told > 0, "{row}");
    }
    assert_eq!(answer["holdings"]["trails"], 1);
    assert_eq!(answer["ignored"], json!([]));
    assert_eq!(answer["conflicts"], json!([]));
    for gap in answer["gaps"].as_array().unwrap() {
        assert!(gap["command"].as_str().unwrap().starts_with("aws ") && !gap["weakens"].as_str().unwrap().is_empty(), "{gap}");
    }
}

#[test]
fn several_exports_of_one_account_make_one_picture_in_any_order() {
    let folders = ["testdata/grants/bundle", "testdata/grants/iam-collect", "testdata/grants/config"].map(|f| root().join(f));
    let forth = doctor(&folders.each_ref().map(std::path::PathBuf::as_path)).0;
    let back = doctor(&[&folders[2], &folders[1], &folders[0]]).0;
    assert_eq!(forth, back);
    assert!(forth["holdings"]["roles"].as_u64().unwrap() > 0);
}

#[test]
fn real_grants_load() {
    let Some(corpora) = corpora() else { return };
    for folder in ["grants-gaad", "grants-credential-reports"] {
        let (answer, _) = doctor(&[&corpora.join(folder)]);
        println!("{folder}: {}", answer["holdings"]);
        println!("  gaps that dangle: {:?}", reasons(&answer, "gaps", ["state", "subject"]).iter().filter(|g| g.starts_with("dangling")).collect::<Vec<_>>());
        println!("  problems: {:?}", reasons(&answer, "problems", ["file", "reason"]));
        assert!(answer["holdings"]["accounts"].as_u64().unwrap() > 0);
    }
}

#[test]
fn the_guide_lists_every_command() {
    use std::fmt::Write as _;
    let mut table = String::from("| file | command, after `aws` | without it is not known |\n|---|---|---|\n");
    for row in trailtrim::grants::catalogue::exports().unwrap() {
        writeln!(table, "| `{}` | `{}` | {} |", row.file, row.command, row.weakens).unwrap();
    }
    let path = root().join("docs/bundle.md");
    let guide = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = guide.split_once("<!-- commands -->\n").unwrap();
    let (_, after) = rest.split_once("<!-- end -->").unwrap();
    let wanted = format!("{before}<!-- commands -->\n{table}<!-- end -->{after}");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &wanted).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), wanted, "docs/bundle.md is stale: run UPDATE_GOLDEN=1 cargo test");
}

#[test]
fn an_export_can_be_older_than_its_logs() {
    let dir = tempfile::tempdir().unwrap();
    let sample = root().join("testdata/organisation");
    let state = dir.path().join("state");
    let taken = trailtrim(["ingest", "--quiet", "--logs", sample.join("logs").to_str().unwrap(), "--state", state.to_str().unwrap()]);
    assert!(taken.status.success(), "{taken:?}");
    let bundle = dir.path().join("grants");
    let stale = |created: &str, now: &str| -> Vec<String> {
        let gaad = std::fs::read(sample.join(format!("grants/accounts/{ACCOUNT}/iam/gaad.json"))).unwrap();
        write(&bundle, &format!("accounts/{ACCOUNT}/iam/gaad.json"), &gaad);
        write(&bundle, "manifest.json", format!(r#"{{"bundleVersion": 1, "createdAt": "{created}"}}"#).as_bytes());
        let output = trailtrim(["doctor", "--json", bundle.to_str().unwrap(), "--state", state.to_str().unwrap(), "--now", now]);
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {output:?}"));
        let gaps = answer["gaps"].as_array().unwrap();
        gaps.iter().filter(|g| g["state"] == "stale").map(|g| g["why"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(stale("2026-10-31T22:00:00Z", "2026-11-01T00:00:00Z"), Vec::<String>::new());
    assert_eq!(stale("2026-10-20T22:00:00Z", "2026-11-01T00:00:00Z"), ["made 11 days before the window ends"]);
    // The log of the sample has a role policy put in September.
    assert_eq!(stale("2026-08-01T00:00:00Z", "2026-11-01T00:00:00Z"), ["the log has changes of users, roles or policies after the export"]);
}

#[test]
fn every_command_of_the_table_has_a_fixture() {
    let grants = trailtrim::grants::load(&[root().join("testdata/grants/bundle")]).unwrap();
    let asked: std::collections::BTreeSet<&str> = grants.asked.keys().map(|q| q.of.export).collect();
    let rows = trailtrim::grants::catalogue::exports().unwrap();
    let missing: Vec<&str> = rows.iter().map(|r| r.id.as_str()).filter(|id| !asked.contains(id)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
