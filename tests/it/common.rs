//! What the tests share: running the program, temporary folders, comparing trees.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The package's folder.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Real logs and grants, where the environment says they are.
pub fn corpora() -> Option<PathBuf> {
    let found = std::env::var_os("TRAILTRIM_CORPORA").map(PathBuf::from);
    if found.is_none() {
        println!("TRAILTRIM_CORPORA is not set: nothing checked on real logs");
    }
    found
}

/// Runs the program.
pub fn trailtrim<I: IntoIterator<Item = S>, S: AsRef<std::ffi::OsStr>>(args: I) -> Output {
    Command::new(env!("CARGO_BIN_EXE_trailtrim")).args(args).output().expect("the program starts")
}

/// Runs the nightly job on the sample organisation into `dir/state` and `dir/out`.
pub fn run_sample(dir: &Path, logs: &Path, more: &[&str]) -> Output {
    let sample = root().join("testdata/organisation");
    let mut args: Vec<std::ffi::OsString> = vec!["run".into(), "--quiet".into(), "--logs".into(), logs.into()];
    args.extend(["--grants".into(), sample.join("grants").into()]);
    args.extend(["--config".into(), sample.join("trailtrim.toml").into()]);
    args.extend(["--now".into(), "2026-11-01T00:00:00Z".into()]);
    args.extend(["--state".into(), dir.join("state").into(), "--out".into(), dir.join("out").into()]);
    args.extend(more.iter().map(Into::into));
    trailtrim(args)
}

/// Every file below a folder, by relative name.
pub fn tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    walkdir::WalkDir::new(folder)
        .into_iter()
        .map(|e| e.unwrap())
        .filter(|e| e.file_type().is_file())
        .map(|e| (e.path().strip_prefix(folder).unwrap().to_string_lossy().into_owned(), std::fs::read(e.path()).unwrap()))
        .collect()
}

/// Fails with the names of the files that differ.
pub fn assert_same_tree(left: &Path, right: &Path) {
    let (left, right) = (tree(left), tree(right));
    let names: Vec<&String> = left.keys().chain(right.keys()).filter(|n| left.get(*n) != right.get(*n)).collect();
    assert!(names.is_empty(), "{} files differ: {:?}", names.len(), &names[..names.len().min(10)]);
    assert!(!left.is_empty());
}

/// A JSON file.
pub fn json(path: &Path) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))).unwrap()
}
