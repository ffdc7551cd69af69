//! `trailtrim lint` from outside: exit codes, JSON, text, the documents of testdata/lint, and what a run says of its proposals.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::common::{json, root, trailtrim};

fn lint(args: &[&str], files: &[PathBuf]) -> (i32, String, String) {
    let mut all: Vec<std::ffi::OsString> = vec!["lint".into()];
    all.extend(args.iter().map(Into::into));
    all.extend(files.iter().map(|f| f.as_os_str().to_owned()));
    let output = trailtrim(all);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

fn documents(folder: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(root().join("testdata/lint").join(folder)).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    files
}

/// Name of the file and kind of policy that its name begins with.
fn named(path: &Path) -> (String, String) {
    let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
    let kind = stem.split('-').next().unwrap().to_owned();
    (stem, kind)
}

fn file(dir: &Path, name: &str, text: &str) -> PathBuf {
    let path = dir.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn valid_documents_are_clean_and_faulty_ones_have_their_faults() {
    let expected = json(&root().join("testdata/lint/expected.json"));
    let mut seen = 0;
    for path in documents("valid").into_iter().chain(documents("faulty")) {
        let (name, kind) = named(&path);
        let (code, out, err) = lint(&["--json", "--kind", &kind], &[path]);
        assert_eq!(err, "");
        let line: Value = serde_json::from_str(out.trim()).unwrap();
        assert_eq!(line["kind"], Value::from(kind));
        let mut codes: Vec<&str> = line["findings"].as_array().unwrap().iter().map(|f| f["code"].as_str().unwrap()).collect();
        codes.sort_unstable();
        codes.dedup();
        let wanted: Vec<&str> = expected[&name].as_array().map_or_else(Vec::new, |list| list.iter().map(|c| c.as_str().unwrap()).collect());
        assert_eq!(codes, wanted, "{name}");
        let has = |level: &str| line["counts"][level] != 0;
        let wanted = if has("error") || has("security-warning") { 3 } else if has("unknown") { 4 } else { 0 };
        assert_eq!(code, wanted, "{name}");
        seen += usize::from(!codes.is_empty());
    }
    assert_eq!(seen, expected.as_object().unwrap().len(), "a document that is expected is not there");
}

#[test]
fn the_kind_is_guessed_and_the_worst_file_decides() {
    let valid = root().join("testdata/lint/valid");
    let (code, out, _) = lint(&[], &[valid.join("trust-account.json"), valid.join("resource-bucket.json"), valid.join("identity-mfa.json")]);
    assert_eq!(code, 0);
    let kinds: Vec<&str> = out.lines().map(|l| l.rsplit_once('(').unwrap().1).collect();
    assert_eq!(kinds, ["trust): nothing found", "resource): nothing found", "identity): nothing found"]);
    let faulty = root().join("testdata/lint/faulty");
    assert_eq!(lint(&[], &[valid.join("identity-mfa.json"), faulty.join("identity-service-unknown.json")]).0, 4);
    let (code, out, _) = lint(&[], &[faulty.join("identity-service-unknown.json"), faulty.join("identity-pass-any-role.json"), valid.join("identity-mfa.json")]);
    assert_eq!(code, 3);
    assert!(out.contains("security-warning  PASS_ROLE_WITH_STAR_IN_RESOURCE  statement 0, Resource \"*\":"), "{out}");
    assert_eq!(lint(&[], &[faulty.join("identity-no-version.json")]).0, 0, "a warning is no failure");
}

#[test]
fn what_cannot_be_read_is_named_and_hidden_characters_are_shown() {
    let dir = tempfile::tempdir().unwrap();
    let (code, out, err) = lint(&[], &[dir.path().join("no\u{1b}where.json")]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("where.json") && err.contains("cannot be read") && !err.contains('\u{1b}'), "{err}");
    let hostile = file(dir.path(), "hostile.json", "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":\"a\u{202e}b\",\"Effect\":\"Allow\",\"Action\":\"s3:\\u001b[31m\",\"Resource\":\"*\"}]}");
    for args in [&[][..], &["--json"]] {
        let (code, out, _) = lint(args, std::slice::from_ref(&hostile));
        assert_eq!(code, 3);
        assert!(out.contains("INVALID_ACTION") && out.contains("UNSUPPORTED_SID"), "{out}");
        assert!(!out.contains('\u{1b}') && !out.contains('\u{202e}'), "{out:?}");
    }
    assert_eq!(lint(&["--kind", "bucket"], &[hostile]).0, 2);
}
