//! `trailtrim check` from outside: exit codes, JSON, text, and files that are no policies.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use trailtrim::policy::{ActionElement, Effect, PolicyDocument};
use trailtrim::prove::{Containment, contained};

use super::common::{corpora, trailtrim};

const WIDE: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"Wide","Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::b/*"}]}"#;
const NARROW: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/in/*"}]}"#;

fn file(dir: &Path, name: &str, text: &str) -> PathBuf {
    let path = dir.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

/// Exit code, standard output and standard error of a comparison.
fn check(existing: &[&Path], new: &[&Path], more: &[&str]) -> (i32, String, String) {
    let mut args: Vec<std::ffi::OsString> = vec!["check".into()];
    for (name, paths) in [("--existing", existing), ("--new", new)] {
        for path in paths {
            args.extend([name.into(), path.as_os_str().to_owned()]);
        }
    }
    args.extend(more.iter().map(Into::into));
    let output = trailtrim(args);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

/// The decision of `simulate` on a request under one policy.
fn simulated(request: &Value, policy: &str) -> String {
    let policy: Value = serde_json::from_str(policy).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_trailtrim"))
        .arg("simulate")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let case = json!({"id": "w", "request": request, "policies": {"identity": [policy]}});
    writeln!(child.stdin.take().unwrap(), "{case}").unwrap();
    let output = child.wait_with_output().unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    answer["decision"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

#[test]
fn contained_is_0() {
    let dir = tempfile::tempdir().unwrap();
    let (wide, narrow) = (file(dir.path(), "wide.json", WIDE), file(dir.path(), "narrow.json", NARROW));
    let (code, out, err) = check(&[&wide], &[&narrow], &["--json"]);
    let answer: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &answer["verdict"], &answer["witness"], err.as_str()), (0, &json!("contained"), &Value::Null, ""));
    let (code, out, _) = check(&[&wide], &[&narrow], &[]);
    assert_eq!(code, 0);
    assert!(out.starts_with("contained:"), "{out}");
}

#[test]
fn not_contained_is_3_with_a_request_that_simulate_decides() {
    let dir = tempfile::tempdir().unwrap();
    let (wide, narrow) = (file(dir.path(), "wide.json", WIDE), file(dir.path(), "narrow.json", NARROW));
    let (code, out, _) = check(&[&narrow], &[&wide], &["--json"]);
    let answer: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &answer["verdict"]), (3, &json!("not_contained")));
    assert!(answer["reason"].as_str().unwrap().contains("`Wide`"), "{answer}");
    assert_eq!(simulated(&answer["witness"], WIDE), "allowed");
    assert_eq!(simulated(&answer["witness"], NARROW), "implicitDeny");
    // An action that there is, on a resource that could be.
    let action = answer["witness"]["action"].as_str().unwrap();
    assert!(action.starts_with("s3:") && action.len() > 8, "{action}");
    let (code, out, _) = check(&[&narrow], &[&wide], &[]);
    assert_eq!(code, 3);
    assert!(out.starts_with("not contained:") && out.contains(action), "{out}");
}

#[test]
fn not_proved_is_4_with_the_reason() {
    let dir = tempfile::tempdir().unwrap();
    // What both halves leave out together is nothing; conditions are not put together.
    let half = |word: &str| format!(r#"{{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{{"Null":{{"aws:SourceVpc":"{word}"}}}}}}"#);
    let halves = format!(r#"{{"Version":"2012-10-17","Statement":[{},{}]}}"#, half("true"), half("false"));
    let (halves, narrow) = (file(dir.path(), "halves.json", &halves), file(dir.path(), "narrow.json", NARROW));
    let (code, out, _) = check(&[&halves], &[&narrow], &["--json"]);
    let answer: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &answer["verdict"], &answer["witness"]), (4, &json!("not_proved"), &Value::Null));
    assert!(answer["reason"].as_str().unwrap().contains("s3:GetObject"), "{answer}");
    assert_eq!(check(&[&halves], &[&narrow], &[]).0, 4);
}

#[test]
fn several_files_are_one_side() {
    let dir = tempfile::tempdir().unwrap();
    let deny = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"s3:*","NotResource":"arn:aws:s3:::b/in/*"}}"#;
    let put = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","NotAction":"s3:Get*","Resource":"*"}}"#;
    let get = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::b/in/*"}}"#;
    let [wide, deny, put, get] = [("wide", WIDE), ("deny", deny), ("put", put), ("get", get)].map(|(n, t)| file(dir.path(), n, t));
    assert_eq!(check(&[&get], &[&wide, &deny, &put], &[]).0, 0);
    assert_eq!(check(&[&get], &[&wide, &deny], &[]).0, 3);
    assert_eq!(check(&[&wide, &deny], &[&get], &[]).0, 0);
}

#[test]
fn policies_of_resources() {
    let dir = tempfile::tempdir().unwrap();
    let trust = |aws: &str| {
        format!(r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{{"AWS":{aws}}}}}}}"#)
    };
    let root = file(dir.path(), "root.json", &trust(r#""arn:aws:iam::444455556666:root""#));
    let one = file(dir.path(), "one.json", &trust(r#""arn:aws:iam::444455556666:role/a""#));
    let two = file(dir.path(), "two.json", &trust(r#"["arn:aws:iam::444455556666:role/a","arn:aws:iam::444455556666:role/b"]"#));
    assert_eq!(check(&[&two], &[&one], &[]).0, 0);
    assert_eq!(check(&[&one], &[&two], &[]).0, 3);
    assert_ne!(check(&[&one], &[&root], &[]).0, 0);
}

#[test]
fn what_is_no_policy_is_2_and_named() {
    let dir = tempfile::tempdir().unwrap();
    let wide = file(dir.path(), "wide.json", WIDE);
    let rows = [
        ("text.json", "{", "not JSON"),
        ("effect.json", r#"{"Statement":[{"Effect":"Perhaps","Action":"s3:*","Resource":"*"}]}"#, "/Statement/0/Effect"),
        ("action.json", r#"{"Statement":[{"Effect":"Allow","Action":"s3","Resource":"*"}]}"#, "statement 0"),
        ("resource.json", r#"{"Statement":[{"Effect":"Allow","Action":"s3:*"}]}"#, "no Resource"),
        ("kind.json", r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}]}"#, "Principal"),
    ];
    for (name, text, wanted) in rows {
        let path = file(dir.path(), name, text);
        let (code, out, err) = check(&[&wide], &[&path], &["--json"]);
        assert_eq!((code, out.as_str()), (2, ""), "{name}");
        assert!(err.contains(name) && err.contains(wanted), "{name}: {err}");
    }
    let (code, _, err) = check(&[&wide], &[&dir.path().join("nowhere.json")], &[]);
    assert_eq!(code, 2);
    assert!(err.contains("nowhere.json"), "{err}");
    assert_eq!(trailtrim(["check", "--existing", "a.json"]).status.code(), Some(2));
}

/// The document as a proposal might have it: without every third action of its lists.
fn with_fewer_actions(document: &PolicyDocument) -> PolicyDocument {
    let mut fewer = document.clone();
    for statement in fewer.statements.iter_mut().filter(|s| s.effect == Effect::Allow) {
        if let ActionElement::Action(list) = &mut statement.action {
            let mut place = 0;
            list.retain(|_| {
                place += 1;
                place % 3 != 0
            });
        }
    }
    fewer
}

#[test]
fn real_policies_are_contained_in_themselves() {
    let Some(corpora) = corpora() else { return };
    let (mut documents, mut slowest) = (0, std::time::Duration::ZERO);
    let mut exports: Vec<PathBuf> = corpora.join("grants-gaad").read_dir().unwrap().map(|e| e.unwrap().path()).collect();
    exports.retain(|p| p.extension().is_some_and(|e| e == "json"));
    exports.sort();
    for export in exports {
        let grants = trailtrim::grants::load::load(&[export]).unwrap();
        let inline = grants.principals().flat_map(|p| p.inline.iter().map(|i| &i.document).chain(&p.trust));
        for document in inline.chain(grants.policies.values().map(|p| &p.document)).filter_map(|d| d.as_ref().ok()) {
            let fewer = with_fewer_actions(document);
            for new in [document, &fewer] {
                let began = std::time::Instant::now();
                assert_eq!(contained(&[new], &[document]), Containment::Contained, "{}", trailtrim::policy::print::minified(document));
                slowest = slowest.max(began.elapsed());
                documents += 1;
            }
        }
    }
    println!("{documents} comparisons, the slowest took {slowest:?}");
    assert!(documents > 100);
}
