//! Finds the exports in bundles: every file is recognised by its content, its place helps; what is not known is named and
//! left. Which of two exports of one thing counts is told in `capture`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use rayon::prelude::*;
use serde_json::Value;

use super::asked::{self, failures, listed, values_of};
use super::builder::{Builder, EVERY_ACCOUNT};
use super::catalogue::Part;
use super::document::account_in_path;
use super::read::{Content, File, Parsed, Text, batch_of, is_errors, list, read};
use super::{Capture, Document, Grants, InputFile, Known, Place, Source, cli, config, credential_report, gaad, iam_collect, trails};

/// Why grants could not be loaded at all.
#[derive(Debug, thiserror::Error)]
pub enum GrantsError {
    /// A given path is not there or cannot be listed.
    #[error("grants `{}`: {source}", path.display())]
    Path {
        /// The path.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
}

/// The folder whose manifest a file is.
fn root_of(name: &str) -> Option<&str> {
    name.strip_suffix("manifest.json").filter(|root| root.is_empty() || root.ends_with('/'))
}

/// Reads bundles: files or folders, in any order.
///
/// # Errors
/// [`GrantsError`] when a given path is not there; everything inside it that is bad is a problem, not an error.
pub fn load(paths: &[PathBuf]) -> Result<Grants, GrantsError> {
    let mut builder = Builder::default();
    // Manifests first: they date the files below them, whatever those are called.
    let (links, files): (Vec<File>, Vec<File>) = list(paths)?.into_iter().partition(|f| f.is_link);
    builder.grants.ignored.extend(links.into_iter().map(|link| (link.name, "a symbolic link, which is not followed".to_owned())));
    let (devices, files): (Vec<File>, Vec<File>) = files.into_iter().partition(|f| f.is_device);
    builder.grants.ignored.extend(devices.into_iter().map(|device| (device.name, "a pipe or a device, not a file".to_owned())));
    let (shut, files): (Vec<File>, Vec<File>) = files.into_iter().partition(|f| f.is_shut);
    for folder in &shut {
        builder.problem(&folder.name, "", "this folder cannot be read".to_owned());
        builder.breaks_off(account_in_path(&folder.name).unwrap_or(EVERY_ACCOUNT));
    }
    let (manifests, files): (Vec<File>, Vec<File>) = files.into_iter().partition(|f| root_of(&f.name).is_some());
    let mut bundles = BTreeMap::new();
    for file in &manifests {
        let Some(root) = root_of(&file.name) else { continue };
        match read(file) {
            Ok(text) => bundles.extend(manifest(&file.name, &text, &mut builder).map(|at| (root.to_owned(), at))),
            Err(why) => builder.problem(&file.name, "", why),
        }
    }
    // A bundle may hold the logs as well; they are read as logs.
    let roots: Vec<&str> = manifests.iter().filter_map(|f| root_of(&f.name)).collect();
    let (logs, files): (Vec<File>, Vec<File>) =
        files.into_iter().partition(|f| roots.iter().any(|root| f.name.strip_prefix(root).is_some_and(|rest| rest.starts_with("logs/"))));
    for root in &roots {
        let count = logs.iter().filter(|f| f.name.starts_with(&format!("{root}logs/"))).count();
        if count > 0 {
            builder.grants.ignored.push((format!("{root}logs/"), format!("{count} files of logs: give them with --logs")));
        }
    }
    let mut rest = files.as_slice();
    while !rest.is_empty() {
        let (batch, more) = rest.split_at(batch_of(rest));
        // Reading and parsing side by side; putting together one after the other, in order.
        let read: Vec<Result<Text, String>> = batch.par_iter().map(|file| read(file).map(|text| text.parse(&file.name, &bundles))).collect();
        for (file, text) in batch.iter().zip(read) {
            match text {
                Ok(text) => take(&file.name, text, &mut builder),
                Err(why) => unread(&file.name, &why, &mut builder),
            }
        }
        rest = more;
    }
    builder.grants.inputs.sort();
    asked::settle(&mut builder);
    // A store names no ARN of a permission set: those of the CLI come first.
    cli::settle(&mut builder);
    let store = std::mem::take(&mut builder.store);
    store.settle(&mut builder);
    let statuses = std::mem::take(&mut builder.statuses);
    trails::settle(statuses, &mut builder.grants);
    Ok(builder.finish())
}

/// A file that tells nothing: what its place asks is unknown, and if it may have told of users, roles and policies, so
/// are some of them: of the account in its path, or of any.
fn unread(name: &str, why: &str, builder: &mut Builder) {
    builder.problem(name, "", why);
    if iam_collect::is_in_store(name) {
        builder.store.broken(name);
        return;
    }
    let place = Place::of(name);
    if let Some(place) = &place {
        let capture = Capture { at_ms: None, source: Source::Cli, file: name.to_owned() };
        builder.answered(place, None, Known::Unknown(format!("the file: {why}")), &capture);
        if place.export.id != "authorization-details" {
            return;
        }
    }
    if !name.ends_with(".json") && !name.ends_with(".gz") {
        return;
    }
    match place.as_ref().and_then(Place::account).or_else(|| account_in_path(name)) {
        Some(account) => builder.breaks_off(account),
        None => builder.breaks_off(EVERY_ACCOUNT),
    }
}

fn input(name: &str, kind: &'static str, text: &Text, builder: &mut Builder) {
    builder.grants.inputs.push(InputFile { path: name.to_owned(), kind, bytes: text.bytes, sha256: text.sha256.clone() });
}

/// The time at which a bundle was made.
fn manifest(name: &str, text: &Text, builder: &mut Builder) -> Option<i64> {
    let value: Value = match serde_json::from_str(&text.text) {
        Ok(value) => value,
        Err(e) => {
            builder.problem(name, &format!("line {}", e.line()), format!("not JSON: {e}"));
            return None;
        }
    };
    input(name, "manifest", text, builder);
    match value.get("bundleVersion").and_then(Value::as_i64) {
        Some(1) => {}
        Some(other) => builder.problem(name, "/bundleVersion", format!("version {other} is newer than this program reads")),
        None => builder.problem(name, "/bundleVersion", "missing or not a number"),
    }
    let at = gaad::time_ms(value.get("createdAt"));
    if at.is_none() {
        builder.problem(name, "/createdAt", "missing or not a time");
    }
    at
}

fn take(name: &str, mut text: Text, builder: &mut Builder) {
    // What the export script remembers for its next run.
    if name == "sso/home-region" || name.ends_with("/sso/home-region") {
        return input(name, "region of Identity Center", &text, builder);
    }
    if credential_report::is_csv(&text.text) {
        input(name, "credential report", &text, builder);
        return credential_report::merge(name, &text.text, None, builder);
    }
    let Some(parsed) = text.json.take() else {
        builder.grants.ignored.push((name.to_owned(), "neither JSON nor a credential report".to_owned()));
        return;
    };
    if is_errors(name) {
        input(name, "errors", &text, builder);
        return failures(name, &text.text, &parsed.capture, builder);
    }
    if parsed.capture.source == Source::IamCollect {
        return of_store(name, &text, parsed, builder);
    }
    let Parsed { capture, place, documents, broken } = parsed;
    let mut recognised = None;
    let mut subject = None;
    let mut last_trail = None;
    let mut unused = 0_usize;
    let mut pages = Vec::new();
    for document in documents {
        match document {
            Content::Details(told) => {
                if let Some(place) = &place {
                    listed(place, builder, |field| if field == "Arn" { told.arns.iter().cloned().collect() } else { Vec::new() });
                }
                pages.push(*told);
                recognised = recognised.or(Some(gaad::KIND));
            }
            Content::Other(document) => {
                let kind = one(&document, &mut last_trail, builder);
                unused += usize::from(kind.is_none());
                recognised = recognised.or(kind);
                subject = subject.or(document.resource_arn);
            }
        }
    }
    if let Some(kind) = recognised {
        input(name, kind, &text, builder);
    }
    let mut wrong = broken.map(|broken| {
        builder.problem(name, &format!("line {}", broken.line), format!("not JSON: {}", broken.error));
        broken.accounts.iter().for_each(|id| builder.breaks_off(id));
        "the file is not whole"
    });
    gaad::follow(&mut pages);
    pages.into_iter().for_each(|told| gaad::add(told, &capture, builder));
    if unused > 0 && recognised.is_some() {
        builder.problem(name, "", format!("{unused} documents beside the others are no export that this version reads"));
        wrong = wrong.or(Some("the file holds something else as well"));
    }
    if let (Some(kind), Some(place)) = (recognised, &place)
        && is_elsewhere(kind, place.export.id.as_str())
    {
        builder.problem(name, "", format!("{kind}, not the output of `{}`", place.export.call()));
        wrong = wrong.or(Some("the file holds something else"));
    }
    match &place {
        Some(place) => {
            if recognised.is_none() && wrong.is_none() {
                builder.problem(name, "", format!("not the output of `{}`", place.export.call()));
                wrong = Some("the file holds something else");
            }
            if let Some(account) = place.account().filter(|_| wrong.is_some() && place.export.id == "authorization-details") {
                builder.breaks_off(account);
            }
            if wrong.is_none() {
                builder.read.insert(name.strip_suffix(".gz").unwrap_or(name).to_owned());
            }
            let answer = wrong.map_or(Known::Present(()), |why| Known::Unknown(why.to_owned()));
            builder.answered(place, subject.as_deref(), answer, &capture);
        }
        None if recognised.is_none() && wrong.is_none() => {
            builder.grants.ignored.push((name.to_owned(), "JSON, but no export this version reads".to_owned()));
        }
        None => {}
    }
}

/// Whether something that is known by its content alone stands in the place of something else, which it does not tell.
fn is_elsewhere(kind: &str, export: &str) -> bool {
    (kind == gaad::KIND && export != "authorization-details") || (kind == "credential report" && export != "credential-report") || kind.starts_with("AWS Config")
}

/// Takes a file that stands in a store of iam-collect: one value, of any kind.
fn of_store(name: &str, text: &Text, parsed: Parsed, builder: &mut Builder) {
    if let Some(broken) = parsed.broken {
        builder.store.broken(name);
        return builder.problem(name, &format!("line {}", broken.line), format!("not JSON: {}", broken.error));
    }
    for document in parsed.documents {
        if let Content::Other(document) = document
            && let Some(kind) = builder.store.take(&document)
        {
            input(name, kind, text, builder);
        }
    }
}

/// Takes one document by whatever loader knows it; gives what it was recognised as.
fn one(document: &Document, last_trail: &mut Option<String>, builder: &mut Builder) -> Option<&'static str> {
    if let Some(place) = &document.place {
        listed(place, builder, |field| {
            let mut found = Vec::new();
            values_of(&document.value, field, &mut found);
            found
        });
    }
    if let Some((csv, generated)) = credential_report::from_cli(&document.value) {
        credential_report::merge(document.file(), &csv, generated, builder);
        return Some("credential report");
    }
    if let Some(kind) = trails::kind(&document.value) {
        // A status does not name its trail, its wrapper does.
        if document.resource_arn.as_deref().is_some_and(|arn| arn.contains(":cloudtrail:")) {
            last_trail.clone_from(&document.resource_arn);
        }
        trails::merge(document.file(), &document.value, last_trail, &mut builder.statuses, &mut builder.grants);
        return Some(kind);
    }
    gaad::take(document, builder)
        .or_else(|| config::take(document, builder))
        .or_else(|| cli::take(document, builder))
        // A list that no loader asks is there for the check of what is missing.
        .or_else(|| document.place.as_ref().filter(|p| matches!(p.export.part, Part::Lists | Part::Kept) && !cli::resources::reads(&p.export.id) && document.value.is_object()).map(|_| "list"))
}

#[cfg(test)]
mod tests {
    use super::super::ListKey;
    use super::*;

    fn bundle(files: &[(&str, &str)]) -> Grants {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        load(&[folder.path().to_path_buf()]).unwrap()
    }

    const PAGE: &str = r#"{"UserDetailList": [{"Arn": "arn:aws:iam::111122223333:user/ann", "UserName": "ann", "UserId": "AIDA1"}, {"Arn": "x"}], "IsTruncated": false}"#;
    const NEXT: &str = r#"{"RoleDetailList": [{"Arn": "arn:aws:iam::111122223333:role/r", "RoleName": "r", "RoleId": "AROA1", "InstanceProfileList": [{"InstanceProfileName": "p", "Arn": "arn:p"}]}]}"#;

    #[test]
    fn the_manifest_dates_files_that_sort_before_it() {
        let grants = bundle(&[("manifest.json", r#"{"bundleVersion": 1, "createdAt": "2026-11-01T00:00:00Z"}"#), ("accounts/111122223333/iam/gaad.json", PAGE)]);
        assert_eq!(grants.accounts["111122223333"].captured_ms, Some(1_793_491_200_000));
        assert_eq!(grants.inputs.iter().map(|i| i.kind).collect::<Vec<_>>(), ["account authorization details", "manifest"]);
    }

    #[test]
    fn pages_may_stand_in_one_file() {
        let grants = bundle(&[("accounts/111122223333/iam/gaad.json", &format!("{PAGE}\n{NEXT}\n"))]);
        assert_eq!(grants.principals().map(|p| p.name.as_str()).collect::<Vec<_>>(), ["ann", "r"]);
        let problems: Vec<_> = grants.problems.iter().map(|p| format!("{} {}", p.pointer, p.reason)).collect();
        assert_eq!(problems, ["/UserDetailList/1 missing field `Name`"], "an item that cannot be read is named by its place in the file");
        let key = ListKey { export: "last-accessed", account: "111122223333".to_owned(), region: String::new() };
        let listed: Vec<_> = grants.listed[&key].iter().map(String::as_str).collect();
        assert_eq!(listed, ["arn:aws:iam::111122223333:role/r", "arn:aws:iam::111122223333:user/ann", "arn:p"]);
        assert!(!grants.accounts["111122223333"].complete, "a user that cannot be read may hold anything");
    }

    #[test]
    fn an_anonymous_principal_is_of_the_only_account_or_of_nobody_knows_which() {
        let page = |role: &str| format!(r#"{{"UserDetailList": [{{"Arn": "arn:aws:iam::aws:user/ann", "UserName": "ann", "UserId": "AIDA1"}}], "GroupDetailList": [], "RoleDetailList": [{role}], "Policies": []}}"#);
        let role = r#"{"Arn": "arn:aws:iam::111122223333:role/r", "RoleName": "r", "RoleId": "AROA1"}"#;
        let grants = bundle(&[("gaad.json", &page(role))]);
        let of: Vec<_> = grants.accounts.values().flat_map(|a| a.principals.iter().map(|p| (a.id.as_str(), p.name.as_str()))).collect();
        assert_eq!(of, [("111122223333", "ann"), ("111122223333", "r")]);
        assert!(grants.problems[0].reason.contains("taken for one of 111122223333"), "{:?}", grants.problems);
        assert!(grants.accounts["111122223333"].complete);
        let grants = bundle(&[("gaad.json", &page(""))]);
        assert_eq!((grants.principals().count(), grants.accounts.len()), (0, 0));
        assert!(grants.problems[0].reason.contains("not used"), "{:?}", grants.problems);
    }

    #[test]
    fn what_stands_before_a_break_counts() {
        let grants = bundle(&[("gaad.json", &format!("{PAGE}\n{{\"RoleDetailList\": [")), ("b.json", r#"{"RoleDetailList": 7}"#), ("c.json", r#"{"says": "RoleDetailList"}"#)]);
        assert_eq!(grants.principals().count(), 1);
        assert!(grants.problems.iter().any(|p| p.file == "gaad.json" && p.pointer == "line 2" && p.reason.starts_with("not JSON")), "{:?}", grants.problems);
        assert!(grants.problems.iter().any(|p| p.file == "b.json" && p.reason.starts_with("not account authorization details: invalid type")), "{:?}", grants.problems);
        assert_eq!(grants.ignored, [("c.json".to_owned(), "JSON, but no export this version reads".to_owned())]);
    }

    #[test]
    fn details_may_be_wrapped() {
        let grants = bundle(&[("accounts/111122223333/iam/gaad.json", &format!(r#"{{"call": "iam", "at": "2026-11-02T00:00:00Z", "output": {NEXT}}}"#))]);
        assert_eq!((grants.principals().count(), grants.accounts["111122223333"].captured_ms), (1, Some(1_793_577_600_000)));
    }

    #[test]
    fn real_exports_load() {
        let Some(corpora) = std::env::var_os("TRAILTRIM_CORPORA") else {
            println!("TRAILTRIM_CORPORA is not set: real exports not read");
            return;
        };
        let corpora = PathBuf::from(corpora);
        for folder in ["grants-gaad", "grants-credential-reports"] {
            for entry in std::fs::read_dir(corpora.join(folder)).unwrap() {
                let path = entry.unwrap().path();
                if path.extension().is_none_or(|e| e == "md") {
                    continue;
                }
                let grants = load(std::slice::from_ref(&path)).unwrap();
                let credentials: usize =
                    grants.accounts.values().filter_map(|a| a.credential_report.as_ref()).map(|r| r.credentials.len()).sum();
                println!(
                    "{}: {} accounts, {} principals, {} policies, {credentials} credentials, {} problems",
                    path.file_name().unwrap().to_string_lossy(),
                    grants.accounts.len(),
                    grants.principals().count(),
                    grants.policies.len(),
                    grants.problems.len()
                );
                assert!(!grants.inputs.is_empty(), "{}", path.display());
            }
        }
    }
}
