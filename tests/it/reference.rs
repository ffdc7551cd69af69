//! A reference made by the program itself, from the hand-written service reference.

use crate::common::{root, trailtrim};

#[test]
fn an_imported_reference_is_shown_and_a_bad_one_named() {
    let dir = tempfile::tempdir().unwrap();
    let bundle = dir.path().join("newer.zst");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let path = |p: &std::path::Path| p.to_str().unwrap().to_owned();

    let folder = root().join("testdata/reference/service-reference");
    let made = trailtrim(["reference", "import", "--date", "2026-11-25", "--out", &path(&bundle), &path(&folder)]);
    assert!(made.status.success(), "{}", text(made.stderr));
    assert!(text(made.stdout).contains("3 services, 20 actions, 7 resource types"));

    let shown = trailtrim(["reference", "show", "--reference", &path(&bundle)]);
    assert!(text(shown.stdout).starts_with("reference of 2026-11-25, 20 actions of 3 services"));
    assert!(text(shown.stderr).contains("rows of the reviewed data"), "the rows that it lacks are told");

    let other = root().join("README.md");
    for command in ["run", "ingest", "analyze"] {
        let dir = path(dir.path());
        let mut args = vec![command, "--state", &dir];
        if command != "ingest" {
            args.extend(["--out", &dir]);
        }
        if command != "analyze" {
            args.extend(["--logs", &dir]);
        }
        let other = path(&other);
        args.extend(["--reference", &other]);
        let refused = trailtrim(args);
        assert_eq!(refused.status.code(), Some(2));
        assert!(text(refused.stderr).contains("README.md"), "{command}");
    }
}
