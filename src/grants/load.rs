//! Finds the exports in bundles: every file is recognised by its content, its place helps; what is not known is named and
//! left. Which of two exports of one thing counts is told in `capture`.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde_json::Value;
use serde_json::value::RawValue;

use super::builder::{Builder, Failure};
use super::catalogue::{KNOWN_ABSENT, Part, exports};
use super::{Capture, Document, Grants, InputFile, Known, Place, Source, cli, config, credential_report, gaad, trails};

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
    bytes: u64,
}

/// As much of the files as is read side by side: their texts and what is parsed of them are in memory together.
const BATCH_BYTES: u64 = 64 << 20;

/// How many files make a batch: at least one.
fn batch_of(files: &[File]) -> usize {
    let sums = files.iter().scan(0, |sum: &mut u64, file| {
        *sum = sum.saturating_add(file.bytes);
        Some(*sum)
    });
    sums.take_while(|sum| *sum <= BATCH_BYTES).count().max(1)
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
    let mut files = Vec::new();
    for root in paths {
        list(root, paths.len() > 1, &mut files)?;
    }
    files.sort_by(|a, b| (&a.name, &a.path).cmp(&(&b.name, &b.path)));
    let mut builder = Builder::default();
    let (manifests, files): (Vec<File>, Vec<File>) = files.into_iter().partition(|f| root_of(&f.name).is_some());
    let mut bundles = BTreeMap::new();
    for file in &manifests {
        let Some(root) = root_of(&file.name) else { continue };
        match read(file) {
            Ok(text) => bundles.extend(manifest(file, &text, &mut builder).map(|at| (root.to_owned(), at))),
            Err(why) => builder.problem(&file.name, "", why),
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
                Err(why) => builder.problem(&file.name, "", why),
            }
        }
        rest = more;
    }
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
            let bytes = entry.metadata().map_or(0, |m| m.len());
            files.push(File { name: format!("{prefix}{name}"), path: entry.path().to_path_buf(), bytes });
        }
    }
    Ok(())
}

/// A file's text; what it is, is noted later, when it is recognised.
struct Text {
    text: String,
    bytes: u64,
    sha256: String,
    json: Option<Parsed>,
}

/// A file of JSON documents.
struct Parsed {
    capture: Capture,
    place: Option<Place>,
    documents: Vec<Content>,
    /// Line and error where the file breaks off.
    broken: Option<(usize, String)>,
}

/// One document of a file.
enum Content {
    /// Account authorization details, read.
    Details(Box<gaad::Told>),
    /// Anything else.
    Other(Box<Document>),
}

fn read(file: &File) -> Result<Text, String> {
    let bytes = std::fs::read(&file.path).map_err(|e| format!("cannot be read: {}", e.kind()))?;
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let sha256 = {
        use sha2::Digest as _;
        sha2::Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect::<String>()
    };
    let plain = if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut out = Vec::new();
        flate2::read::GzDecoder::new(bytes.as_slice()).take(1 << 30).read_to_end(&mut out).map_err(|e| format!("damaged gzip: {e}"))?;
        out
    } else {
        bytes
    };
    let text = String::from_utf8(plain).map_err(|_| "not UTF-8".to_owned())?;
    Ok(Text { text, bytes: size, sha256, json: None })
}

fn is_errors(name: &str) -> bool {
    name == "errors.jsonl" || name.ends_with("/errors.jsonl")
}

impl Text {
    fn is_json(&self) -> bool {
        self.text.trim_start().starts_with(['{', '['])
    }

    /// Parses the file where it is JSON and no list of errors; the text of JSON is not needed any more then.
    fn parse(mut self, name: &str, bundles: &BTreeMap<String, i64>) -> Text {
        let capture = Capture { at_ms: bundle_time(name, bundles), source: Source::Cli, file: name.to_owned() };
        let mut parsed = Parsed { capture, place: Place::of(name), documents: Vec::new(), broken: None };
        if !is_errors(name) {
            if !self.is_json() {
                return self;
            }
            let text = std::mem::take(&mut self.text);
            parsed.broken = parsed.documents(&text).err().map(|e| (e.line(), e.to_string()));
        }
        self.json = Some(parsed);
        self
    }
}

impl Parsed {
    fn documents(&mut self, text: &str) -> Result<(), serde_json::Error> {
        if gaad::may_be_one(text) && self.details(text) {
            return Ok(());
        }
        self.documents.clear();
        for value in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
            self.other(value?);
        }
        Ok(())
    }

    fn other(&mut self, value: Value) {
        let document = Document::new(self.capture.clone(), self.place.clone(), value);
        self.documents.push(Content::Other(Box::new(document)));
    }

    /// Reads a file of account authorization details; tells whether all of it could be read as such.
    fn details(&mut self, text: &str) -> bool {
        for page in serde_json::Deserializer::from_str(text).into_iter::<&RawValue>() {
            match page.and_then(|page| gaad::read(page.get())) {
                Ok(Some(told)) => self.documents.push(Content::Details(Box::new(told))),
                Ok(None) | Err(_) => return false,
            }
        }
        true
    }
}

fn input(name: &str, kind: &'static str, text: &Text, builder: &mut Builder) {
    builder.grants.inputs.push(InputFile { path: name.to_owned(), kind, bytes: text.bytes, sha256: text.sha256.clone() });
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

fn take(name: &str, mut text: Text, builder: &mut Builder) {
    if credential_report::is_csv(&text.text) {
        input(name, "credential report", &text, builder);
        return credential_report::merge(name, &text.text, None, builder);
    }
    let Some(Parsed { capture, place, documents, broken }) = text.json.take() else {
        builder.grants.ignored.push((name.to_owned(), "neither JSON nor a credential report".to_owned()));
        return;
    };
    if is_errors(name) {
        input(name, "errors", &text, builder);
        return failures(name, &text.text, &capture, builder);
    }
    let mut recognised = None;
    let mut subject = None;
    let mut last_trail = None;
    for document in documents {
        match document {
            Content::Details(told) => {
                if let Some(place) = &place {
                    listed(place, builder, |field| if field == "Arn" { told.arns.iter().cloned().collect() } else { Vec::new() });
                }
                gaad::add(*told, &capture, builder);
                recognised = recognised.or(Some(gaad::KIND));
            }
            Content::Other(document) => {
                recognised = recognised.or(one(&document, &mut last_trail, builder));
                subject = subject.or(document.resource_arn);
            }
        }
    }
    let mut broken = broken.map(|(line, e)| {
        builder.problem(name, &format!("line {line}"), format!("not JSON: {e}"));
        "the file is not whole"
    });
    if let Some(kind) = recognised {
        input(name, kind, &text, builder);
    }
    match &place {
        Some(place) => {
            if recognised.is_none() && broken.is_none() {
                builder.problem(name, "", format!("not the output of `{}`", place.export.call()));
                broken = Some("the file holds something else");
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

/// Takes one document by whatever loader knows it; gives what it was recognised as.
fn one(document: &Document, last_trail: &mut Option<String>, builder: &mut Builder) -> Option<&'static str> {
    let mut store = std::mem::take(&mut builder.store);
    let of_store = store.take(document);
    builder.store = store;
    if of_store.is_some() {
        return of_store;
    }
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
fn listed(place: &Place, builder: &mut Builder, values: impl Fn(&str) -> Vec<String>) {
    for row in exports().unwrap_or_default() {
        if let Some(items) = row.items.as_ref().filter(|i| i.list == place.export.id) {
            builder.grants.listed.entry(place.list_key(&row.id)).or_default().extend(values(&items.field));
        }
    }
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
        assert_eq!(grants.inputs.iter().map(|i| i.kind).collect::<Vec<_>>(), ["manifest", "account authorization details"]);
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
        assert!(grants.accounts["111122223333"].complete);
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
    fn batches_are_never_empty_and_hold_to_their_size() {
        let file = |bytes| File { name: String::new(), path: PathBuf::new(), bytes };
        let sizes = [BATCH_BYTES + 1, BATCH_BYTES / 2, BATCH_BYTES / 2, 1].map(file);
        assert_eq!([batch_of(&sizes), batch_of(&sizes[1..]), batch_of(&sizes[3..])], [1, 2, 1]);
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
