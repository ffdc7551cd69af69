//! Files of bundles as texts and as JSON documents: found, unpacked, parsed. Many are read side by side; nothing here knows
//! what a document tells.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde_json::Value;
use serde_json::value::RawValue;

use super::{Capture, Document, GrantsError, Place, Source, gaad, iam_collect};

/// A file of a bundle.
pub struct File {
    /// Name relative to the given path; below the path's own name where several were given.
    pub name: String,
    /// Whether it is a symbolic link, which is not followed: it may lead out of the bundle, or to its own folder.
    pub is_link: bool,
    /// Whether it is neither file nor folder.
    pub is_device: bool,
    /// Whether it is a folder that cannot be read: what is in it is not known.
    pub is_shut: bool,
    path: PathBuf,
    bytes: u64,
}

/// As much of the files as is read side by side: their texts and what is parsed of them are in memory together.
const BATCH_BYTES: u64 = 64 << 20;

/// The longest text that a packed file may hold.
const MOST_BYTES: u64 = 1 << 30;

/// How many files make a batch: at least one.
#[must_use]
pub fn batch_of(files: &[File]) -> usize {
    let sums = files.iter().scan(0, |sum: &mut u64, file| {
        *sum = sum.saturating_add(file.bytes);
        Some(*sum)
    });
    sums.take_while(|sum| *sum <= BATCH_BYTES).count().max(1)
}

/// Finds the files of given paths, in the order of their names.
///
/// # Errors
/// [`GrantsError`] when a path is not there or cannot be listed.
pub fn list(paths: &[PathBuf]) -> Result<Vec<File>, GrantsError> {
    let mut files = Vec::new();
    for root in paths {
        let fail = |source| GrantsError::Path { path: root.clone(), source };
        let meta = std::fs::metadata(root).map_err(fail)?;
        let base: &Path = if meta.is_dir() { root } else { root.parent().unwrap_or(Path::new("")) };
        // Two of one name stay apart by their whole paths: files of one name would be taken for pages of one list.
        let is_shared = paths.iter().any(|other| other != root && other.file_name() == root.file_name());
        let prefix = match root.file_name() {
            _ if is_shared => format!("{}/", if meta.is_dir() { root } else { base }.to_string_lossy().replace('\\', "/").trim_end_matches('/')),
            Some(name) if paths.len() > 1 && meta.is_dir() => format!("{}/", name.to_string_lossy()),
            _ => String::new(),
        };
        for entry in walkdir::WalkDir::new(root).follow_root_links(true) {
            let name = |path: &Path| format!("{prefix}{}", path.strip_prefix(base).unwrap_or(path).to_string_lossy().replace('\\', "/"));
            let entry = match entry {
                Ok(entry) => entry,
                Err(e) if e.depth() > 0 && e.path().is_some() => {
                    let path = e.path().unwrap_or(root).to_path_buf();
                    files.push(File { name: name(&path), path, bytes: 0, is_link: false, is_device: false, is_shut: true });
                    continue;
                }
                Err(e) => return Err(fail(e.into_io_error().unwrap_or_else(|| std::io::Error::other("loop of links")))),
            };
            let kind = entry.file_type();
            if !kind.is_dir() {
                let bytes = entry.metadata().map_or(0, |m| m.len());
                let (is_link, is_device) = (kind.is_symlink(), !kind.is_symlink() && !kind.is_file());
                files.push(File { name: name(entry.path()), path: entry.path().to_path_buf(), bytes, is_link, is_device, is_shut: false });
            }
        }
    }
    files.sort_by(|a, b| (&a.name, &a.path).cmp(&(&b.name, &b.path)));
    Ok(files)
}

/// A file's text; what it is, is noted later, when it is recognised.
pub struct Text {
    /// The text; empty where it is parsed.
    pub text: String,
    /// Size of the file.
    pub bytes: u64,
    /// Hash of the file.
    pub sha256: String,
    /// Its documents, where it holds JSON.
    pub json: Option<Parsed>,
}

/// A file of JSON documents.
pub struct Parsed {
    /// File and time.
    pub capture: Capture,
    /// Its place in a bundle.
    pub place: Option<Place>,
    /// Its documents.
    pub documents: Vec<Content>,
    /// Where it breaks off.
    pub broken: Option<Broken>,
}

/// Where a file breaks off.
pub struct Broken {
    /// Line.
    pub line: usize,
    /// What is wrong there.
    pub error: String,
    /// Accounts whose users, roles or policies the file names.
    pub accounts: BTreeSet<String>,
}

/// One document of a file.
pub enum Content {
    /// Account authorization details, read.
    Details(Box<gaad::Told>),
    /// Anything else.
    Other(Box<Document>),
}

/// Reads a file.
///
/// # Errors
/// Why it has no text.
pub fn read(file: &File) -> Result<Text, String> {
    let bytes = crate::files::read_whole(&file.path).map_err(|e| match e.kind() {
        std::io::ErrorKind::Other => format!("cannot be read: {e}"),
        kind => format!("cannot be read: {kind}"),
    })?;
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let sha256 = {
        use sha2::Digest as _;
        sha2::Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect::<String>()
    };
    let plain = if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut out = Vec::new();
        flate2::read::GzDecoder::new(bytes.as_slice()).take(MOST_BYTES).read_to_end(&mut out).map_err(|e| format!("damaged gzip: {e}"))?;
        out
    } else {
        bytes
    };
    let mut text = String::from_utf8(plain).map_err(|_| "not UTF-8".to_owned())?;
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    Ok(Text { text, bytes: size, sha256, json: None })
}

/// Whether a file is a list of commands that failed.
#[must_use]
pub fn is_errors(name: &str) -> bool {
    name == "errors.jsonl" || name.ends_with("/errors.jsonl")
}

/// The time of the bundle that a file belongs to: the nearest manifest above it.
fn bundle_time(name: &str, bundles: &BTreeMap<String, i64>) -> Option<i64> {
    bundles.iter().filter(|(root, _)| name.starts_with(root.as_str())).max_by_key(|(root, _)| root.len()).map(|(_, at)| *at)
}

impl Text {
    /// Parses the file where it is JSON and no list of errors; the text of JSON is not needed any more then.
    #[must_use]
    pub fn parse(mut self, name: &str, bundles: &BTreeMap<String, i64>) -> Text {
        let is_stored = iam_collect::is_in_store(name);
        let source = if is_stored { Source::IamCollect } else { Source::Cli };
        let capture = Capture { at_ms: bundle_time(name, bundles), source, file: name.to_owned() };
        let place = if is_stored { None } else { Place::of(name) };
        let mut parsed = Parsed { capture, place, documents: Vec::new(), broken: None };
        if !is_errors(name) {
            if !is_stored && !self.text.trim_start().starts_with(['{', '[']) {
                return self;
            }
            let text = std::mem::take(&mut self.text);
            let done = parsed.documents(&text, is_stored);
            let error = match done {
                Ok(()) if !is_stored && !matches!(parsed.documents.first(), Some(Content::Details(_))) && gaad::stands_twice(&text) => Some((1, "a list stands twice in it".to_owned())),
                done => done.err().map(|e| (e.line(), e.to_string())),
            };
            parsed.broken = error.map(|(line, error)| Broken { line, error, accounts: gaad::accounts_in(&text) });
        }
        self.json = Some(parsed);
        self
    }
}

impl Parsed {
    fn documents(&mut self, text: &str, is_stored: bool) -> Result<(), serde_json::Error> {
        if !is_stored && gaad::may_be_one(text) && self.details(text) {
            return Ok(());
        }
        self.documents.clear();
        if is_stored {
            let document = Document { capture: self.capture.clone(), place: None, resource_arn: None, value: serde_json::from_str(text)? };
            self.documents.push(Content::Other(Box::new(document)));
            return Ok(());
        }
        for value in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
            let document = Document::new(self.capture.clone(), self.place.clone(), value?);
            self.documents.push(Content::Other(Box::new(document)));
        }
        Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_never_empty_and_hold_to_their_size() {
        let file = |bytes| File { name: String::new(), path: PathBuf::new(), bytes, is_link: false, is_device: false, is_shut: false };
        let sizes = [BATCH_BYTES + 1, BATCH_BYTES / 2, BATCH_BYTES / 2, 1].map(file);
        assert_eq!([batch_of(&sizes), batch_of(&sizes[1..]), batch_of(&sizes[3..])], [1, 2, 1]);
    }
}
