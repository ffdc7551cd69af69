//! Finds the exports in bundles: every file is recognised by its content, its place helps; what is not known is named and
//! left. Which of two exports of one thing counts is told in `capture`.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::builder::{Builder, EVERY_ACCOUNT, Failure};
use super::catalogue::{KNOWN_ABSENT, Part, exports};
use super::{Capture, Document, Grants, InputFile, Known, Place, Source, cli, config, credential_report, gaad, iam_collect, trails};
use crate::aws::is_account_id;

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

/// A file of a bundle.
struct File {
    /// Name relative to the given path; below the path's own name where several were given.
    name: String,
    path: PathBuf,
}

/// Reads bundles: files or folders, in any order.
///
/// # Errors
/// [`GrantsError`] when a given path is not there; everything inside it that is bad is a problem, not an error.
pub fn load(paths: &[PathBuf]) -> Result<Grants, GrantsError> {
    let mut files = Vec::new();
    for root in paths {
        list(root, paths.len() > 1, &mut files)?;
    }
    files.sort_by(|a, b| (&a.name, &a.path).cmp(&(&b.name, &b.path)));
    let mut builder = Builder::default();
    let mut bundles = BTreeMap::new();
    // Manifests first: they date the files below them, whatever those are called.
    let (manifests, files): (Vec<&File>, Vec<&File>) = files.iter().partition(|f| is_manifest(&f.name));
    for file in manifests {
        if let Some(text) = read(file, &mut builder)
            && let Some(at) = manifest(file, &text, &mut builder)
        {
            bundles.insert(file.name.strip_suffix("manifest.json").unwrap_or_default().to_owned(), at);
        }
    }
    for file in files {
        match read(file, &mut builder) {
            Some(text) => take(&file.name, &text, &bundles, &mut builder),
            None => builder.store.broken(&file.name),
        }
    }
    builder.grants.inputs.sort();
    // A store names no ARN of a permission set: those of the CLI come first.
    cli::settle(&mut builder);
    let store = std::mem::take(&mut builder.store);
    store.settle(&mut builder);
    let statuses = std::mem::take(&mut builder.statuses);
    trails::settle(statuses, &mut builder.grants);
    Ok(builder.finish())
}

fn list(root: &Path, with_root: bool, files: &mut Vec<File>) -> Result<(), GrantsError> {
    let fail = |source| GrantsError::Path { path: root.to_path_buf(), source };
    let meta = std::fs::metadata(root).map_err(fail)?;
    let base: &Path = if meta.is_dir() { root } else { root.parent().unwrap_or(Path::new("")) };
    let prefix = match root.file_name() {
        Some(name) if with_root && meta.is_dir() => format!("{}/", name.to_string_lossy()),
        _ => String::new(),
    };
    for entry in walkdir::WalkDir::new(root).follow_root_links(true) {
        let entry = entry.map_err(|e| fail(e.into_io_error().unwrap_or_else(|| std::io::Error::other("loop of links"))))?;
        if entry.file_type().is_file() {
            let name = entry.path().strip_prefix(base).unwrap_or(entry.path()).to_string_lossy().replace('\\', "/");
            files.push(File { name: format!("{prefix}{name}"), path: entry.path().to_path_buf() });
        }
    }
    Ok(())
}

/// A file's text; what it is, is noted later, when it is recognised.
struct Text {
    text: String,
    bytes: u64,
    sha256: String,
}

fn read(file: &File, builder: &mut Builder) -> Option<Text> {
    let bytes = match std::fs::read(&file.path) {
        Ok(bytes) => bytes,
        Err(e) => {
            unread(&file.name, &format!("cannot be read: {}", e.kind()), builder);
            return None;
        }
    };
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let sha256 = {
        use sha2::Digest as _;
        sha2::Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect::<String>()
    };
    let plain = if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut out = Vec::new();
        if let Err(e) = flate2::read::GzDecoder::new(bytes.as_slice()).take(1 << 30).read_to_end(&mut out) {
            unread(&file.name, &format!("damaged gzip: {e}"), builder);
            return None;
        }
        out
    } else {
        bytes
    };
    match String::from_utf8(plain) {
        Ok(text) => Some(Text { text, bytes: size, sha256 }),
        Err(_) => {
            unread(&file.name, "not UTF-8", builder);
            None
        }
    }
}

/// A file that tells nothing: what its place asks is unknown, and if it may have told of users, roles and policies, so
/// are some of them: of the account in its path, or of any.
fn unread(name: &str, why: &str, builder: &mut Builder) {
    builder.problem(name, "", why);
    let place = Place::of(name);
    if let Some(place) = &place {
        let capture = Capture { at_ms: None, source: Source::Cli, file: name.to_owned() };
        builder.answered(place, None, Known::Unknown(format!("the file is {why}")), &capture);
        if place.export.id != "authorization-details" {
            return;
        }
    }
    if !name.ends_with(".json") && !name.ends_with(".gz") {
        return;
    }
    match name.split('/').find(|part| is_account_id(part)) {
        Some(account) => builder.breaks_off(account),
        None => builder.breaks_off(EVERY_ACCOUNT),
    }
}

fn input(name: &str, kind: &'static str, text: &Text, builder: &mut Builder) {
    builder.grants.inputs.push(InputFile { path: name.to_owned(), kind, bytes: text.bytes, sha256: text.sha256.clone() });
}

/// Whether a file is the manifest of a bundle.
fn is_manifest(name: &str) -> bool {
    name.strip_suffix("manifest.json").is_some_and(|root| root.is_empty() || root.ends_with('/'))
}

/// The time at which a bundle was made.
fn manifest(file: &File, text: &Text, builder: &mut Builder) -> Option<i64> {
    let value: Value = match serde_json::from_str(&text.text) {
        Ok(value) => value,
        Err(e) => {
            builder.problem(&file.name, &format!("line {}", e.line()), format!("not JSON: {e}"));
            return None;
        }
    };
    input(&file.name, "manifest", text, builder);
    match value.get("bundleVersion").and_then(Value::as_i64) {
        Some(1) => {}
        Some(other) => builder.problem(&file.name, "/bundleVersion", format!("version {other} is newer than this program reads")),
        None => builder.problem(&file.name, "/bundleVersion", "missing or not a number"),
    }
    let at = gaad::time_ms(value.get("createdAt"));
    if at.is_none() {
        builder.problem(&file.name, "/createdAt", "missing or not a time");
    }
    at
}

/// The time of the bundle that a file belongs to: the nearest manifest above it.
fn bundle_time(name: &str, bundles: &BTreeMap<String, i64>) -> Option<i64> {
    bundles.iter().filter(|(root, _)| name.starts_with(root.as_str())).max_by_key(|(root, _)| root.len()).map(|(_, at)| *at)
}

fn take(name: &str, text: &Text, bundles: &BTreeMap<String, i64>, builder: &mut Builder) {
    let plain = &text.text;
    if iam_collect::is_in_store(name) {
        return of_store(name, text, bundles, builder);
    }
    if credential_report::is_csv(plain) {
        input(name, "credential report", text, builder);
        return credential_report::merge(name, plain, None, builder);
    }
    if !plain.trim_start().starts_with(['{', '[']) {
        builder.grants.ignored.push((name.to_owned(), "neither JSON nor a credential report".to_owned()));
        return;
    }
    let place = Place::of(name);
    let capture = Capture { at_ms: bundle_time(name, bundles), source: Source::Cli, file: name.to_owned() };
    if name == "errors.jsonl" || name.ends_with("/errors.jsonl") {
        input(name, "errors", text, builder);
        return failures(name, plain, &capture, builder);
    }
    let mut recognised = None;
    let mut subject = None;
    let mut broken = None;
    let mut last_trail = None;
    for value in serde_json::Deserializer::from_str(plain).into_iter::<Value>() {
        let value = match value {
            Ok(value) => value,
            Err(e) => {
                builder.problem(name, &format!("line {}", e.line()), format!("not JSON: {e}"));
                broken = Some("the file is not whole");
                gaad::accounts_in(plain).iter().for_each(|id| builder.breaks_off(id));
                break;
            }
        };
        let document = Document::new(capture.clone(), place.clone(), value);
        recognised = recognised.or(one(&document, &mut last_trail, builder));
        subject = subject.or(document.resource_arn);
    }
    if let Some(kind) = recognised {
        input(name, kind, text, builder);
    }
    match &place {
        Some(place) => {
            if recognised.is_none() && broken.is_none() {
                builder.problem(name, "", format!("not the output of `{}`", place.export.call()));
                broken = Some("the file holds something else");
            }
            if let Some(account) = place.account().filter(|_| broken.is_some() && place.export.id == "authorization-details") {
                builder.breaks_off(account);
            }
            let answer = broken.map_or(Known::Present(()), |why| Known::Unknown(why.to_owned()));
            builder.answered(place, subject.as_deref(), answer, &capture);
        }
        None if recognised.is_none() && broken.is_none() => {
            builder.grants.ignored.push((name.to_owned(), "JSON, but no export this version reads".to_owned()));
        }
        None => {}
    }
}

/// Takes a file that stands in a store of iam-collect: one value, of any kind.
fn of_store(name: &str, text: &Text, bundles: &BTreeMap<String, i64>, builder: &mut Builder) {
    let capture = Capture { at_ms: bundle_time(name, bundles), source: Source::IamCollect, file: name.to_owned() };
    match serde_json::from_str(&text.text) {
        Ok(value) => {
            if let Some(kind) = builder.store.take(&Document { capture, place: None, resource_arn: None, value }) {
                input(name, kind, text, builder);
            }
        }
        Err(e) => {
            builder.store.broken(name);
            builder.problem(name, &format!("line {}", e.line()), format!("not JSON: {e}"));
        }
    }
}

/// Takes one document by whatever loader knows it; gives what it was recognised as.
fn one(document: &Document, last_trail: &mut Option<String>, builder: &mut Builder) -> Option<&'static str> {
    if let Some(place) = &document.place {
        listed(place, &document.value, builder);
    }
    if let Some((csv, generated)) = credential_report::from_cli(&document.value) {
        credential_report::merge(document.file(), &csv, generated, builder);
        return Some("credential report");
    }
    if let Some(kind) = trails::kind(&document.value) {
        trails::merge(document.file(), &document.value, last_trail, &mut builder.statuses, &mut builder.grants);
        return Some(kind);
    }
    gaad::take(document, builder)
        .or_else(|| config::take(document, builder))
        .or_else(|| cli::take(document, builder))
        // A list that no loader asks is there for the check of what is missing.
        .or_else(|| document.place.as_ref().filter(|p| p.export.part == Part::Lists && document.value.is_object()).map(|_| "list"))
}

/// Notes the things that a list names, for every row of the table that tells of each of them.
fn listed(place: &Place, output: &Value, builder: &mut Builder) {
    for row in exports().unwrap_or_default() {
        if let Some(items) = row.items.as_ref().filter(|i| lists(&place.export.id, &i.list)) {
            let mut found = Vec::new();
            values_of(output, &items.field, &mut found);
            builder.grants.listed.entry(place.list_key(&row.id)).or_default().extend(found);
        }
    }
}

/// Whether an export names things as a list does: below a root stand further units, and policies are of two kinds.
fn lists(export: &str, list: &str) -> bool {
    export == list || matches!((export, list), ("ous", "roots") | ("rcps", "scps"))
}

/// All texts of a field, wherever it stands: its text, or the texts of its list.
fn values_of(value: &Value, field: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                match value {
                    Value::String(text) if key == field => found.push(text.clone()),
                    Value::Array(list) if key == field => found.extend(list.iter().filter_map(Value::as_str).map(str::to_owned)),
                    _ => values_of(value, field, found),
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|v| values_of(v, field, found)),
        _ => {}
    }
}

/// The lines of `errors.jsonl`: `{"file": …, "cmd": …, "exit": …, "code": …, "message": …, "at": …, "resourceArn": …}`.
fn failures(name: &str, text: &str, capture: &Capture, builder: &mut Builder) {
    for (at, line) in text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty()) {
        let pointer = format!("line {}", at + 1);
        let value: Value = match serde_json::from_str(line) {
            Ok(value) => value,
            Err(e) => {
                builder.problem(name, &pointer, format!("not JSON: {e}"));
                continue;
            }
        };
        let field = |key: &str| value.get(key).and_then(Value::as_str).filter(|t| !t.is_empty());
        let Some(file) = field("file") else {
            builder.problem(name, &pointer, "no `file`: which output is missing is not known");
            continue;
        };
        let root = name.strip_suffix("errors.jsonl").unwrap_or_default();
        let Some(place) = Place::of(&format!("{root}{file}")) else {
            builder.problem(name, &pointer, format!("`{file}` is no file of a bundle"));
            continue;
        };
        let code = field("code").unwrap_or_default();
        let why = (!KNOWN_ABSENT.contains(&code)).then(|| match (code, field("message")) {
            ("", None) => "the command failed".to_owned(),
            ("", Some(message)) => format!("the command failed: {message}"),
            (code, _) => format!("the command failed: {code}"),
        });
        let failure = Failure {
            place,
            resource_arn: field("resourceArn").map(str::to_owned),
            why,
            capture: Capture { at_ms: gaad::time_ms(value.get("at")).or(capture.at_ms), ..capture.clone() },
        };
        let line = Capture { file: format!("{name} {pointer}"), ..failure.capture.clone() };
        builder.answered(&failure.place, failure.resource_arn.as_deref(), failure.answer(), &line);
        cli::failed(&failure, builder);
    }
}


#[cfg(test)]
mod tests {
    use super::*;

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
