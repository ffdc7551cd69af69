//! What `--logs` says: paths, patterns of paths, a list on standard input, places in S3.

use std::io::Read;
use std::path::{Component, Path, PathBuf};

use crate::ingest::IngestError;

/// How a place in S3 begins.
pub const S3: &str = "s3://";

/// A place that was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Root {
    /// A file or folder. Names of files are told from the base on.
    Path {
        /// The path.
        path: PathBuf,
        /// The folder from which on names are told.
        base: PathBuf,
        /// Whether a list or a pattern named it, so that it is no error of the command line when it is not there.
        listed: bool,
    },
    /// An object, or all whose keys begin with a folder.
    S3 {
        /// The bucket.
        bucket: String,
        /// The key; empty for all of the bucket.
        key: String,
        /// Whether a list named it.
        listed: bool,
    },
}

fn logs_error(path: &Path, problem: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> IngestError {
    IngestError::Logs { path: path.to_path_buf(), source: std::io::Error::other(problem) }
}

/// Reads what was given; `-` stands for the list that `list` has.
///
/// # Errors
/// [`IngestError::Logs`] when a path is not there, nothing fits a pattern, or the list cannot be read.
pub fn roots(given: &[PathBuf], list: &mut dyn Read) -> Result<Vec<Root>, IngestError> {
    let mut roots = Vec::new();
    let mut list = Some(list);
    for path in given {
        if path == Path::new("-") {
            let Some(list) = list.take() else { return Err(logs_error(path, "standard input is given twice")) };
            let mut bytes = Vec::new();
            list.read_to_end(&mut bytes).map_err(|source| IngestError::Logs { path: path.clone(), source })?;
            for line in lines(&bytes) {
                roots.push(match in_s3(line, true) {
                    Some(root) => root?,
                    None => marked(line),
                });
            }
        } else if let Some(root) = in_s3(path.as_os_str().as_encoded_bytes(), false) {
            roots.push(root?);
        } else {
            match std::fs::metadata(path) {
                Ok(meta) => {
                    let base = if meta.is_dir() { path.as_path() } else { path.parent().unwrap_or(Path::new("")) };
                    roots.push(Root::Path { path: path.clone(), base: base.to_path_buf(), listed: false });
                }
                Err(source) => match Pattern::read(path)? {
                    Some(pattern) => roots.extend(pattern.roots(path)?),
                    None => return Err(IngestError::Logs { path: path.clone(), source }),
                },
            }
        }
    }
    Ok(roots)
}

/// A path of a list. Behind `/./` its name begins: `/mnt/logs/./2026/a.json` is `2026/a.json`.
fn marked(line: &[u8]) -> Root {
    let mark = line.windows(3).rposition(|w| w == b"/./").filter(|at| at + 3 < line.len());
    let (base, rest) = mark.and_then(|at| Some((line.get(..=at)?, line.get(at + 3..)?))).unwrap_or((b"", line));
    let base = path_of(base);
    Root::Path { path: base.join(path_of(rest)), base, listed: true }
}

/// The lines of a list, or what stands between its NUL bytes.
fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let end = if bytes.contains(&0) { 0 } else { b'\n' };
    bytes.split(move |b| *b == end).map(move |line| if end == 0 { line } else { line.strip_suffix(b"\r").unwrap_or(line) }).filter(|line| !line.is_empty())
}

#[cfg(unix)]
fn path_of(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt as _;
    PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
}

#[cfg(not(unix))]
fn path_of(bytes: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
}

fn in_s3(text: &[u8], listed: bool) -> Option<Result<Root, IngestError>> {
    let rest = text.strip_prefix(S3.as_bytes())?;
    let Ok(rest) = std::str::from_utf8(rest) else { return Some(Err(logs_error(&path_of(text), "not UTF-8"))) };
    let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
    if bucket.is_empty() {
        return Some(Err(logs_error(&path_of(text), "no bucket is named: s3://bucket/prefix")));
    }
    Some(Ok(Root::S3 { bucket: bucket.to_owned(), key: key.to_owned(), listed }))
}

/// One part of a pattern.
enum Part {
    /// `**`: any number of folders.
    Folders,
    /// A name with wildcards, or without.
    Name(glob::Pattern),
}

/// A path with wildcards, behind the part that has none.
struct Pattern {
    base: PathBuf,
    parts: Vec<Part>,
}

/// Whether names fit the whole pattern.
fn fits(pattern: &[Part], names: &[String]) -> bool {
    match (pattern, names) {
        ([], []) => true,
        ([Part::Folders, rest @ ..], _) => fits(rest, names) || names.split_first().is_some_and(|(_, names)| fits(pattern, names)),
        ([Part::Name(part), rest @ ..], [name, names @ ..]) => part.matches(name) && fits(rest, names),
        _ => false,
    }
}

/// Whether something below a folder of these names may fit.
fn leads_on(pattern: &[Part], names: &[String]) -> bool {
    match (pattern, names) {
        ([], _) => false,
        ([Part::Folders, ..], _) | (_, []) => true,
        ([Part::Name(part), rest @ ..], [name, names @ ..]) => part.matches(name) && leads_on(rest, names),
    }
}

impl Pattern {
    /// Reads a pattern; `None` for a path without wildcards.
    fn read(path: &Path) -> Result<Option<Pattern>, IngestError> {
        let is_wild = |c: &Component<'_>| c.as_os_str().as_encoded_bytes().iter().any(|b| matches!(b, b'*' | b'?' | b'['));
        let mut base = PathBuf::new();
        let mut parts = Vec::new();
        for component in path.components() {
            if parts.is_empty() && !is_wild(&component) {
                base.push(component);
                continue;
            }
            let text = component.as_os_str().to_string_lossy();
            parts.push(if text == "**" { Part::Folders } else { Part::Name(glob::Pattern::new(&text).map_err(|e| logs_error(path, e))?) });
        }
        Ok((!parts.is_empty()).then_some(Pattern { base, parts }))
    }

    /// What fits: files, and folders as a whole. Links are not followed.
    fn roots(&self, given: &Path) -> Result<Vec<Root>, IngestError> {
        let start = if self.base.as_os_str().is_empty() { Path::new(".") } else { self.base.as_path() };
        let mut roots = Vec::new();
        let mut walk = walkdir::WalkDir::new(start).min_depth(1).follow_root_links(true).sort_by_file_name().into_iter();
        while let Some(entry) = walk.next() {
            let entry = match entry {
                Ok(entry) => entry,
                // Whoever takes this root in says that it cannot be read.
                Err(e) if e.depth() > 0 => {
                    roots.extend(e.path().map(|path| Root::Path { path: path.to_path_buf(), base: self.base.clone(), listed: true }));
                    continue;
                }
                Err(e) => return Err(logs_error(given, e)),
            };
            let below = entry.path().strip_prefix(start).unwrap_or(entry.path());
            let names: Vec<String> = below.components().map(|c| c.as_os_str().to_string_lossy().into_owned()).collect();
            let is_folder = entry.file_type().is_dir();
            let fit = fits(&self.parts, &names);
            if fit {
                roots.push(Root::Path { path: self.base.join(below), base: self.base.clone(), listed: true });
            }
            if is_folder && (fit || !leads_on(&self.parts, &names)) {
                walk.skip_current_dir();
            }
        }
        if roots.is_empty() { Err(logs_error(given, "nothing fits this pattern")) } else { Ok(roots) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(pattern: &str, files: &[&str]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        match roots(&[folder.path().join(pattern)], &mut std::io::empty()) {
            Ok(roots) => roots
                .into_iter()
                .map(|root| match root {
                    Root::Path { path, .. } => path.strip_prefix(folder.path()).unwrap().to_string_lossy().into_owned(),
                    Root::S3 { .. } => panic!("no path"),
                })
                .collect(),
            Err(e) => vec![e.to_string().rsplit(": ").next().unwrap().to_owned()],
        }
    }

    #[test]
    fn patterns_take_files_and_whole_folders() {
        let files = ["2026-09/a/1.gz", "2026-10/b/2.gz", "2026-10/b/3.json", "2026-10/4.gz", "x/5.gz"];
        assert_eq!(paths("2026-*/*/*.gz", &files), ["2026-09/a/1.gz", "2026-10/b/2.gz"]);
        assert_eq!(paths("2026-1?/**/*.gz", &files), ["2026-10/4.gz", "2026-10/b/2.gz"]);
        assert_eq!(paths("2026-*", &files), ["2026-09", "2026-10"]);
        assert_eq!(paths("**/*.gz", &files).len(), 4);
        assert_eq!(paths("[xy]/*", &files), ["x/5.gz"]);
        assert_eq!(paths("*.zip", &files), ["nothing fits this pattern"]);
        assert_eq!(paths("a[b]*/1.gz", &["a[b]*/1.gz", "ab/2.gz"]), ["a[b]*/1.gz"], "a name that is there is no pattern");
    }

    #[test]
    fn lists_have_lines_or_nul_bytes() {
        let all = |bytes: &'static [u8]| roots(&[PathBuf::from("-")], &mut &*bytes).unwrap();
        let path = |p: &str| Root::Path { path: p.into(), base: PathBuf::new(), listed: true };
        let object = Root::S3 { bucket: "b".into(), key: "k/x y".into(), listed: true };
        assert_eq!(all(b"a b\n\ns3://b/k/x y\r\n*.gz"), [path("a b"), object.clone(), path("*.gz")]);
        assert_eq!(all(b"a\nb\0s3://b/k/x y\0"), [path("a\nb"), object]);
        let from = |base: &str, path: &str| Root::Path { path: path.into(), base: base.into(), listed: true };
        assert_eq!(all(b"/m/l/./y/a\n/./a\n./a\n/a/./"), [from("/m/l/", "/m/l/y/a"), from("/", "/a"), path("./a"), path("/a/./")]);
        assert!(roots(&["-".into(), "-".into()], &mut std::io::empty()).is_err());
        assert!(roots(&["s3://".into()], &mut std::io::empty()).is_err());
        assert_eq!(roots(&["s3://b".into()], &mut std::io::empty()).unwrap(), [Root::S3 { bucket: "b".into(), key: String::new(), listed: false }]);
    }
}
