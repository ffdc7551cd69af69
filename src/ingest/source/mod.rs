//! Where logs come from: files, folders, patterns, lists, and buckets of S3. What a file is, its content decides (`carriers`).
//!
//! A file has one name however it was given: from `AWSLogs/` on where its path or key has that folder of AWS, so that a bucket
//! and its copy on disk meet; else below the folder that was given, or the whole key. Files are in order of their names, so
//! that results do not depend on the file system or the server.

mod folders;
mod given;
mod key;
mod s3;

use std::collections::{BTreeMap, HashSet};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::{IngestError, Ledger};
pub use key::Keep;
use s3::{Object, S3};

/// Where the bytes of a file are.
#[derive(Debug, Clone)]
pub enum Origin {
    /// On disk.
    File(PathBuf),
    /// In S3.
    Object(Object),
    /// It is named, and cannot be opened for this reason.
    Closed(PathBuf, String),
}

impl Origin {
    /// All bytes.
    ///
    /// # Errors
    /// Why they cannot be read.
    pub fn read(&self) -> io::Result<Vec<u8>> {
        match self {
            Origin::File(path) => crate::files::read_whole(path),
            Origin::Object(object) => object.read(),
            Origin::Closed(_, why) => Err(io::Error::other(why.clone())),
        }
    }

    /// The same into a buffer, in the place of what it held.
    ///
    /// # Errors
    /// As [`Origin::read`]; the buffer holds anything then.
    pub fn read_into(&self, bytes: &mut Vec<u8>) -> io::Result<()> {
        match self {
            Origin::File(path) => crate::files::read_whole_into(path, bytes),
            other => other.read().map(|read| *bytes = read),
        }
    }

    /// Begins to read what is in S3.
    pub fn fetch(&self) {
        if let Origin::Object(object) = self {
            object.fetch();
        }
    }

    /// A reader: in pieces from disk, at once from S3.
    ///
    /// # Errors
    /// Why it cannot be opened.
    pub fn open(&self) -> io::Result<Box<dyn Read>> {
        match self {
            Origin::File(path) => Ok(Box::new(crate::files::open_plain(path)?)),
            other => Ok(Box::new(io::Cursor::new(other.read()?))),
        }
    }

    /// What S3 keeps with a file, as the JSON of `aws s3api head-object`: from S3, or from the file beside it whose name ends so.
    ///
    /// # Errors
    /// Why it cannot be read; `NotFound` when nothing is kept.
    pub fn metadata(&self, ending: &str) -> io::Result<Vec<u8>> {
        match self {
            Origin::Object(object) => object.metadata(),
            Origin::File(path) | Origin::Closed(path, _) => {
                let mut name = path.clone().into_os_string();
                name.push(ending);
                std::fs::read(PathBuf::from(name))
            }
        }
    }

    /// The path or URL, with `/`.
    #[must_use]
    pub fn place(&self) -> String {
        match self {
            Origin::File(path) | Origin::Closed(path, _) => slashes(path),
            Origin::Object(object) => object.url(),
        }
    }
}

/// Why something could not be read, the same every time.
#[must_use]
pub fn why(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::Other => format!("cannot be read: {error}"),
        kind => format!("cannot be read: {kind}"),
    }
}

/// A file to read.
#[derive(Debug, Clone)]
pub struct Found {
    /// Its name: what ledger and messages say.
    pub name: String,
    /// Its path below the folder that was given, or its key, where that is not the name: what ledgers of older versions say.
    pub below: Option<String>,
    /// Its size in bytes.
    pub bytes: u64,
    /// Where it is.
    pub origin: Origin,
}

impl Found {
    /// Its path below the folder that was given, or its key.
    #[must_use]
    pub fn relative(&self) -> &str {
        self.below.as_deref().unwrap_or(&self.name)
    }

    /// What S3 calls the bytes.
    #[must_use]
    pub fn etag(&self) -> Option<&str> {
        match &self.origin {
            Origin::Object(object) => object.etag(),
            _ => None,
        }
    }
}

/// What is there.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    /// Files, in order of name.
    pub files: Vec<Found>,
    /// What is no file, with the reason.
    pub ignored: Vec<(String, String)>,
    /// How many files that were seen are not wanted by their keys; `None` if all are.
    pub pruned: Option<u64>,
}

fn slashes(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

/// Lists what was given; `-` reads a list of paths and places from standard input. A socket is opened for `s3://` only.
///
/// # Errors
/// [`IngestError::Logs`] when a given path is not there or a bucket cannot be listed.
pub fn list(given: &[PathBuf], keep: &Keep) -> Result<Listing, IngestError> {
    list_with(given, keep, &mut io::stdin())
}

/// Lists what a list on standard input names.
#[cfg(test)]
pub(super) fn list_of(list: &[u8], keep: &Keep) -> Result<Listing, IngestError> {
    list_with(&["-".into()], keep, &mut &*list)
}

fn list_with(given: &[PathBuf], keep: &Keep, stdin: &mut dyn Read) -> Result<Listing, IngestError> {
    let mut all = Collector { keep, files: BTreeMap::new(), places: HashSet::new(), ignored: Vec::new(), pruned: 0 };
    let mut objects = Vec::new();
    for root in given::roots(given, stdin)? {
        match root {
            given::Root::Path { path, base, listed } => folders::walk(&path, &base, listed, &mut all)?,
            given::Root::S3 { bucket, key, listed } => objects.push((bucket, key, listed)),
        }
    }
    if !objects.is_empty() {
        S3::new()?.list(&objects, &mut all)?;
    }
    all.ignored.sort();
    all.ignored.dedup();
    Ok(Listing { files: all.files.into_values().collect(), ignored: all.ignored, pruned: (!keep.is_all()).then_some(all.pruned) })
}

/// Begins to fetch those of some files that are in S3 and not in the ledger.
pub fn fetch<'f>(files: impl Iterator<Item = &'f Found>, ledger: &Ledger) {
    for file in files {
        if ledger.object(file).is_none() {
            file.origin.fetch();
        }
    }
}

/// What was found so far.
struct Collector<'k> {
    keep: &'k Keep,
    files: BTreeMap<String, Found>,
    /// Where they are, so that what was given twice is taken once.
    places: HashSet<PathBuf>,
    ignored: Vec<(String, String)>,
    pruned: u64,
}

impl Collector<'_> {
    /// Takes a file. `relative` is its path below what was given; `place`, the only one of its kind, where it is.
    fn add(&mut self, relative: String, place: PathBuf, bytes: u64, origin: Origin) {
        if !self.places.insert(place.clone()) {
            return;
        }
        let whole = slashes(&place);
        if !self.keep.wants(&whole) {
            self.pruned += 1;
            return;
        }
        let standard = key::place(&whole).map(|place| place.name.to_owned());
        let in_bucket = whole.starts_with(given::S3);
        let mut name = standard.unwrap_or_else(|| if in_bucket { whole.clone() } else { relative.clone() });
        // Two places may hold the same name: what was given keeps them apart.
        for other in [origin.place(), whole] {
            if self.files.contains_key(&name) {
                name = other;
            }
        }
        while self.files.contains_key(&name) {
            name.push('+');
        }
        let below = (relative != name).then_some(relative);
        self.files.insert(name.clone(), Found { name, below, bytes, origin });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/10/05/a.json";

    fn put(folder: &Path, file: &str, text: &str) {
        let path = folder.join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn names(listing: &Listing) -> Vec<&str> {
        listing.files.iter().map(|f| f.name.as_str()).collect()
    }

    fn all(given: &[PathBuf]) -> Listing {
        list(given, &Keep::default()).unwrap()
    }

    #[test]
    fn a_file_has_one_name_however_it_is_given() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        put(root, &format!("mirror/{KEY}"), "{}");
        let inside = root.join("mirror/AWSLogs/111122223333/CloudTrail");
        for given in [root.to_path_buf(), root.join("mirror"), inside.clone(), root.join("mirror").join(KEY), root.join("m*/**/*.json")] {
            assert_eq!(names(&all(std::slice::from_ref(&given))), [KEY], "{given:?}");
        }
        let twice = all(&[root.to_path_buf(), inside, root.join("mirror").join(KEY)]);
        assert_eq!(names(&twice), [KEY], "what is given twice is taken once");
        assert_eq!(twice.files[0].relative(), format!("mirror/{KEY}"));
        let list = root.join("mirror").join(KEY).to_string_lossy().into_owned();
        let listed = list_with(&["-".into()], &Keep::default(), &mut list.as_bytes()).unwrap();
        assert_eq!(names(&listed), [KEY]);
    }

    #[test]
    fn two_files_of_one_name_are_kept_apart() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for one in ["a", "b"] {
            put(root, &format!("{one}/{KEY}"), one);
            put(root, &format!("{one}/x.json"), one);
        }
        let found = all(&[root.join("a"), root.join("b")]);
        let b = slashes(&root.join("b"));
        assert_eq!(names(&found), [&format!("{b}/{KEY}"), &format!("{b}/x.json"), KEY, "x.json"]);
    }

    #[test]
    fn what_is_not_wanted_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        for file in [KEY.to_owned(), KEY.replace("eu-west-1", "us-east-1"), "x.json".to_owned()] {
            put(folder.path(), &file, "{}");
        }
        let keep = Keep { regions: ["us-east-1".to_owned()].into(), ..Keep::default() };
        let found = list(&[folder.path().to_path_buf()], &keep).unwrap();
        assert_eq!(names(&found), [&KEY.replace("eu-west-1", "us-east-1"), "x.json"]);
        assert_eq!(found.pruned, Some(1));
        assert_eq!(all(&[folder.path().to_path_buf()]).pruned, None);
    }

    #[test]
    fn a_list_may_name_what_is_gone() {
        let found = list_with(&["-".into()], &Keep::default(), &mut &b"no/such/file.json\n"[..]).unwrap();
        assert_eq!(names(&found), ["no/such/file.json"]);
        assert_eq!(why(&found.files[0].origin.read().unwrap_err()), "cannot be read: entity not found");
        assert!(list(&["no/such/file.json".into()], &Keep::default()).is_err());
    }
}
