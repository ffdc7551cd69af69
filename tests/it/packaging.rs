//! What is packaged beside the program is what the program prints: manual pages and completions.

use std::collections::BTreeMap;

use super::common::{root, tree, trailtrim};

fn fresh() -> BTreeMap<String, Vec<u8>> {
    let dir = tempfile::tempdir().unwrap();
    let man = dir.path().join("man");
    let output = trailtrim(["man".as_ref(), "--out".as_ref(), man.as_os_str()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut files: BTreeMap<String, Vec<u8>> = tree(&man).into_iter().map(|(name, bytes)| (format!("man/{name}"), bytes)).collect();
    for (shell, name) in [("bash", "trailtrim.bash"), ("zsh", "_trailtrim"), ("fish", "trailtrim.fish")] {
        let output = trailtrim(["completions", shell]);
        assert!(output.status.success());
        files.insert(format!("completions/{name}"), output.stdout);
    }
    files
}

/// `UPDATE_GOLDEN=1` writes them anew.
#[test]
fn manual_pages_and_completions_are_fresh() {
    let packaging = root().join("packaging");
    let fresh = fresh();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        for folder in ["man", "completions"] {
            let _ = std::fs::remove_dir_all(packaging.join(folder));
            std::fs::create_dir_all(packaging.join(folder)).unwrap();
        }
        for (name, bytes) in &fresh {
            std::fs::write(packaging.join(name), bytes).unwrap();
        }
    }
    let mut kept = BTreeMap::new();
    for folder in ["man", "completions"] {
        kept.extend(tree(&packaging.join(folder)).into_iter().map(|(name, bytes)| (format!("{folder}/{name}"), bytes)));
    }
    let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&fresh), names(&kept));
    let stale: Vec<&String> = fresh.iter().filter(|(name, bytes)| kept.get(*name) != Some(bytes)).map(|(name, _)| name).collect();
    assert!(stale.is_empty(), "stale, UPDATE_GOLDEN=1 cargo test packaging writes them anew: {stale:?}");
}

/// Every command has a page, and the pages of `run` and the root name what users look for.
#[test]
fn every_command_has_a_page() {
    let fresh = fresh();
    let help = String::from_utf8(trailtrim(["--help"]).stdout).unwrap();
    let commands: Vec<&str> = help.lines().skip_while(|l| *l != "Commands:").skip(1).take_while(|l| l.starts_with("  ")).filter_map(|l| l.strip_prefix("  ")?.split(' ').next()).collect();
    assert!(commands.len() > 15, "{help}");
    for command in commands.iter().filter(|c| !c.is_empty() && **c != "help") {
        assert!(fresh.contains_key(&format!("man/trailtrim-{command}.1")), "{command}");
    }
    let text = |name: &str| String::from_utf8_lossy(&fresh[name]).into_owned();
    assert!(text("man/trailtrim-run.1").contains("\\-\\-keep") && text("man/trailtrim.1").contains("Exit codes"));
    for (name, word) in [("trailtrim.bash", "--keep"), ("_trailtrim", "--keep"), ("trailtrim.fish", "keep")] {
        assert!(text(&format!("completions/{name}")).contains(word), "{name}");
    }
}
