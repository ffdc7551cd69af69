//! `trailtrim policy` from outside: what it prints is what the run wrote, and where there is nothing it says why.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::common::{json, root, run_sample, trailtrim};

/// Each form with the file of an owner's folder that has it; JSON has a file for each policy.
const FORMS: &[(&str, Option<&str>)] =
    &[("json", None), ("diff", Some("diff.md")), ("terraform", Some("main.tf")), ("cloudformation", Some("template.yaml")), ("cli", Some("apply.sh"))];

const WEB: &str = "arn:aws:iam::111122223333:role/web-app";

/// Exit code, standard output and standard error.
fn policy(out: &Path, arn: &str, more: &[&str]) -> (i32, String, String) {
    let mut args: Vec<std::ffi::OsString> = vec!["policy".into(), arn.into(), "--out".into(), out.into()];
    args.extend(more.iter().map(Into::into));
    let output = trailtrim(args);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// Every owner of a run with its folder and evidence.
fn owners(out: &Path) -> BTreeMap<String, (PathBuf, Value)> {
    let folders = walkdir::WalkDir::new(out.join("policies")).min_depth(3).max_depth(3).into_iter().map(|e| e.unwrap().into_path()).filter(|p| p.is_dir());
    let told = |folder: PathBuf| {
        let evidence = json(&folder.join("evidence.json"));
        (evidence["owner"].as_str().unwrap().to_owned(), (folder, evidence))
    };
    folders.map(told).collect()
}

/// The policies of an owner that are written, each with its files.
fn written(evidence: &Value) -> Vec<(&str, Vec<&str>)> {
    let policies = evidence["policies"].as_array().unwrap().iter();
    let files = |p: &'_ Value| -> usize { p["proposed"].as_array().unwrap().len() };
    policies
        .inspect(|p| assert!(p["status"] == "written" || files(p) == 0, "{p}"))
        .filter(|p| p["status"] == "written")
        .map(|p| (p["policy"].as_str().unwrap(), p["proposed"].as_array().unwrap().iter().map(|f| f.as_str().unwrap()).collect()))
        .collect()
}

/// Holds the command against the files of a run, for every owner and form; how many answers there were of each kind: one
/// document, a list, nothing proposed, not in this form.
fn held_against_files(out: &Path) -> [usize; 4] {
    let mut seen = [0; 4];
    for (arn, (folder, evidence)) in owners(out) {
        let written = written(&evidence);
        for (form, file) in FORMS {
            let (code, shown, notes) = policy(out, &arn, &["--format", form]);
            for p in evidence["policies"].as_array().unwrap() {
                assert!(notes.contains(&format!("policy `{}` ({}) {}", p["policy"].as_str().unwrap(), p["placement"].as_str().unwrap(), p["status"].as_str().unwrap())), "{notes}");
            }
            if written.is_empty() {
                assert_eq!((code, shown.as_str()), (3, ""), "{arn} {form}");
                seen[2] += 1;
                continue;
            }
            match (file, written.as_slice()) {
                (Some(file), _) if folder.join(file).exists() => {
                    assert_eq!((code, shown), (0, std::fs::read_to_string(folder.join(file)).unwrap()), "{arn} {form}");
                }
                (Some(file), _) => {
                    assert_eq!((code, shown.as_str()), (3, ""), "{arn} {form}");
                    assert!(notes.contains(file) && notes.contains("apply.sh"), "{notes}");
                    seen[3] += 1;
                }
                (None, [(_, files)]) if files.len() == 1 => {
                    assert_eq!((code, shown), (0, std::fs::read_to_string(folder.join(files[0])).unwrap()), "{arn}");
                    seen[0] += 1;
                }
                (None, all) => {
                    let list: Value = serde_json::from_str(&shown).unwrap();
                    assert_eq!((code, list.as_array().unwrap().len()), (0, all.len()), "{arn}");
                    for ((name, files), told) in all.iter().zip(list.as_array().unwrap()) {
                        let documents: Vec<Value> = files.iter().map(|f| json(&folder.join(f))).collect();
                        assert_eq!((told["policy"].as_str(), &told["documents"]), (Some(*name), &Value::from(documents)));
                    }
                    seen[1] += 1;
                }
            }
        }
    }
    seen
}

#[test]
fn every_owner_of_the_sample_is_printed_as_its_files_are() {
    let dir = tempfile::tempdir().unwrap();
    let run = run_sample(dir.path(), &root().join("testdata/organisation/logs"), &[]);
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let out = dir.path().join("out");
    let seen = held_against_files(&out);
    assert!(seen.iter().all(|n| *n > 0), "{seen:?}");

    // Beside the text: where the evidence and the way back are, and that its other policies are others'.
    let (code, _, notes) = policy(&out, WEB, &["--format", "cli"]);
    assert_eq!(code, 0);
    for part in ["web-app/evidence.json", "web-app/rollback.sh", "documents beside it", "`arn:aws:iam::111122223333:policy/app-shared`", "`trust policy` (trust) unchanged"] {
        assert!(notes.contains(part), "{part}: {notes}");
    }
    assert_eq!(policy(&out, WEB, &["--quiet"]).2, "");
    // One policy by its name.
    let (code, web, _) = policy(&out, WEB, &["--policy", "web"]);
    assert_eq!((code, web.as_str()), (0, policy(&out, WEB, &[]).1.as_str()));
    let (code, shown, notes) = policy(&out, WEB, &["--policy", "trust policy", "--quiet"]);
    assert_eq!((code, shown.as_str()), (3, ""));
    assert!(notes.contains("`trust policy` (trust) unchanged") && !notes.contains("`web`"), "{notes}");
    let (code, _, error) = policy(&out, WEB, &["--policy", "wob"]);
    assert!(code == 2 && error.contains("`web`") && error.contains("`trust policy`"), "{error}");
    assert_eq!(policy(&out, WEB, &["--policy", "web", "--format", "diff"]).0, 2);

    // Nothing is left of a policy: a list that says so, and no document that could be put by mistake.
    let (code, shown, notes) = policy(&out, "arn:aws:iam::111122223333:user/ci-legacy", &[]);
    assert_eq!((code, serde_json::from_str::<Value>(&shown).unwrap()), (0, json!([{"policy": "push", "placement": "inline", "documents": []}])));
    assert!(notes.contains("nothing is left"), "{notes}");

    // Nothing proposed: the reason is that of the evidence.
    let (code, shown, notes) = policy(&out, "arn:aws:iam::111122223333:role/break-glass", &["--policy", "trust policy"]);
    assert_eq!((code, shown.as_str()), (3, ""));
    assert!(notes.contains("withheld: nobody took up the role in the window"), "{notes}");
    // Left alone as a whole.
    let (code, shown, notes) = policy(&out, "arn:aws:iam::444455556666:policy/data-boundary", &[]);
    assert_eq!((code, shown.as_str()), (3, ""));
    assert!(notes.contains("left alone: a permissions boundary"), "{notes}");
    let reserved = "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_ReadOnly_0123456789abcdef";
    let (code, _, notes) = policy(&out, reserved, &[]);
    assert!(code == 3 && notes.contains("reduce its permission set") && notes.contains("ps-0123456789abcdef`"), "{notes}");
    // In the export, without policies of their own.
    let (code, _, notes) = policy(&out, "arn:aws:iam::111122223333:user/ann", &[]);
    assert!(code == 3 && notes.contains("no policies of its own") && notes.contains("`arn:aws:iam::111122223333:group/ops`"), "{notes}");
    let (code, _, notes) = policy(&out, "arn:aws:iam::111122223333:user/carol", &[]);
    assert!(code == 3 && notes.contains("no policies of its own") && !notes.contains("group"), "{notes}");

    // An AWS managed policy is replaced at its holders.
    let (code, _, notes) = policy(&out, "arn:aws:iam::aws:policy/IAMFullAccess", &[]);
    assert!(code == 3 && notes.contains("ask for `arn:aws:iam::111122223333:role/break-glass`"), "{notes}");

    // Unknown: near names, and nothing that acts on the terminal.
    let (code, shown, error) = policy(&out, "arn:aws:iam::111122223333:role/ci-deploy", &[]);
    assert_eq!((code, shown.as_str()), (2, ""));
    assert!(error.contains("`arn:aws:iam::111122223333:role/deploy/ci-deploy`") && !error.contains("web-app"), "{error}");
    let (code, _, error) = policy(&out, "arn:\u{1b}[31m\u{202e}", &[]);
    assert!(code == 2 && !error.contains('\u{1b}') && !error.contains('\u{202e}'), "{error:?}");
    let (code, _, error) = policy(&dir.path().join("state"), WEB, &[]);
    assert!(code == 2 && error.contains("run.json"), "{error}");
    let (code, _, error) = policy(&out, WEB, &["--from-usage"]);
    assert!(code == 2 && error.contains("compared use with grants"), "{error}");

    // `out` is where it looks by itself.
    let here = Command::new(env!("CARGO_BIN_EXE_trailtrim")).args(["policy", WEB]).current_dir(dir.path()).output().unwrap();
    assert_eq!((here.status.code(), String::from_utf8(here.stdout).unwrap()), (Some(0), web));
    // A file that the evidence names and that is no file of the folder is not read.
    let evidence = out.join("policies/111122223333/role/web-app/evidence.json");
    let text = std::fs::read_to_string(&evidence).unwrap();
    std::fs::write(&evidence, text.replace("\"proposed-web.json\"", "\"../web-app/proposed-web.json\"")).unwrap();
    let (code, shown, error) = policy(&out, WEB, &[]);
    assert!(code == 2 && shown.is_empty() && error.contains("no file of the folder"), "{error}");

    // From use alone, from the same state.
    let (state, used) = (dir.path().join("state"), dir.path().join("used"));
    let analyze = trailtrim(["analyze".as_ref(), "--quiet".as_ref(), "--from-usage".as_ref(), "--now".as_ref(), "2026-11-01T00:00:00Z".as_ref(),
        "--state".as_ref(), state.as_os_str(), "--out".as_ref(), used.as_os_str()]);
    assert!(analyze.status.success(), "{}", String::from_utf8_lossy(&analyze.stderr));
    assert!(held_against_files(&used)[0] > 0);
    for more in [&["--from-usage"][..], &[]] {
        let (code, shown, notes) = policy(&used, WEB, more);
        assert_eq!((code, shown), (0, std::fs::read_to_string(used.join("policies/111122223333/role/web-app/proposed-from-usage.json")).unwrap()));
        assert!(notes.contains("made from use alone"), "{notes}");
    }
    let (code, shown, notes) = policy(&used, "arn:aws:iam::111122223333:role/broken-job", &["--from-usage"]);
    assert!(code == 3 && shown.is_empty() && notes.contains("withheld: no authorised use"), "{notes}");
    assert_eq!(policy(&used, "arn:aws:iam::111122223333:user/carol", &[]).0, 2, "who did nothing is not in the logs");
}

/// A user whose inline policy has the name of an AWS managed policy that it holds too.
#[test]
fn policies_of_one_name_have_files_of_their_own() {
    let dir = tempfile::tempdir().unwrap();
    let (at, arn) = (dir.path(), "arn:aws:iam::111122223333:user/worker");
    for folder in ["logs", "grants"] {
        std::fs::create_dir_all(at.join(folder)).unwrap();
    }
    let mut records = Vec::new();
    for (month, days) in [(8, 31), (9, 30), (10, 31)] {
        for day in 1..=days {
            for (service, name, read, request) in [("ec2", "DescribeInstances", true, json!({})), ("sqs", "CreateQueue", false, json!({"queueName": "q"}))] {
                records.push(json!({
                    "eventVersion": "1.11", "eventID": format!("{service}{month}-{day}"), "eventTime": format!("2026-{month:02}-{day:02}T10:00:00Z"),
                    "awsRegion": "eu-west-1", "recipientAccountId": "111122223333", "eventSource": format!("{service}.amazonaws.com"), "eventName": name,
                    "eventType": "AwsApiCall", "eventCategory": "Management", "readOnly": read, "requestParameters": request,
                    "userIdentity": {"type": "IAMUser", "principalId": "AIDAWORKEREXAMPLE", "arn": arn, "accountId": "111122223333"},
                }));
            }
        }
    }
    std::fs::write(at.join("logs/all.json"), json!({"Records": records}).to_string()).unwrap();
    let document = |actions: Value, resource: &str| json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": resource}]});
    let details = json!({"UserDetailList": [{
        "Path": "/", "UserName": "worker", "UserId": "AIDAWORKEREXAMPLE", "Arn": arn, "CreateDate": "2025-01-01T00:00:00Z", "GroupList": [], "Tags": [],
        "AttachedManagedPolicies": [{"PolicyName": "Work", "PolicyArn": "arn:aws:iam::aws:policy/Work"}],
        "UserPolicyList": [{"PolicyName": "Work", "PolicyDocument": document(json!(["sqs:CreateQueue", "sqs:DeleteQueue"]), "arn:aws:sqs:eu-west-1:111122223333:q")}],
    }], "GroupDetailList": [], "RoleDetailList": [], "Policies": [{
        "PolicyName": "Work", "PolicyId": "ANPAWORKEXAMPLE", "Arn": "arn:aws:iam::aws:policy/Work", "Path": "/", "DefaultVersionId": "v1", "AttachmentCount": 1,
        "IsAttachable": true, "CreateDate": "2025-01-01T00:00:00Z", "UpdateDate": "2025-01-01T00:00:00Z", "PolicyVersionList": [{
            "VersionId": "v1", "IsDefaultVersion": true, "CreateDate": "2025-01-01T00:00:00Z", "Document": document(json!(["ec2:DescribeInstances", "ec2:TerminateInstances"]), "*")}],
    }]});
    std::fs::write(at.join("grants/gaad.json"), details.to_string()).unwrap();
    let run = trailtrim([
        "run".as_ref(), "--quiet".as_ref(), "--logs".as_ref(), at.join("logs").as_os_str(), "--grants".as_ref(), at.join("grants").as_os_str(),
        "--state".as_ref(), at.join("state").as_os_str(), "--out".as_ref(), at.join("out").as_os_str(), "--now".as_ref(), "2026-11-01T00:00:00Z".as_ref(),
    ]);
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let out = at.join("out");
    assert_eq!(held_against_files(&out), [0, 1, 0, 0]);
    let (code, shown, _) = policy(&out, arn, &["--policy", "Work"]);
    let list: Value = serde_json::from_str(&shown).unwrap();
    let told: BTreeMap<&str, String> =
        list.as_array().unwrap().iter().map(|p| (p["placement"].as_str().unwrap(), p["documents"][0]["Statement"][0]["Action"].to_string())).collect();
    assert_eq!((code, told), (0, BTreeMap::from([("aws-managed", "\"ec2:DescribeInstances\"".to_owned()), ("inline", "\"sqs:CreateQueue\"".to_owned())])), "{shown}");
    // The script puts each document where it belongs.
    let apply = policy(&out, arn, &["--format", "cli"]).1;
    for (file, step) in owners(&out)[arn].1["policies"].as_array().unwrap().iter().map(|p| p["proposed"][0].as_str().unwrap()).zip(["put_inline", "create_policy"]) {
        assert!(apply.lines().any(|l| l.starts_with(step) && l.contains(&format!("'{file}'"))), "{file}: {apply}");
    }
}
