//! The ledger: every source file that was taken, what it gave, and which part files its batch wrote.
//!
//! A batch exists when its ledger file does; that file appears by one rename. Readers take part files from the
//! ledger only, so a half-written batch is invisible and swept by the next run.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::IngestError;
use super::integrity::{Part, Sum};
use super::source::Found;
use crate::event::{CHANGES_SINCE, SCHEMA_VERSION};
use crate::reference::bundle::sha256_hex;

/// A record or file that was not kept, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, PartialOrd, Ord)]
pub struct Rejection {
    /// Place of the record in the file; absent when the whole file was rejected.
    pub record: Option<u64>,
    /// The field.
    pub field: String,
    /// The reason.
    pub reason: String,
}

impl std::fmt::Display for Rejection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(record) = self.record {
            write!(f, "record {record}, ")?;
        }
        if !self.field.is_empty() {
            write!(f, "field {}, ", self.field)?;
        }
        f.write_str(&self.reason)
    }
}

/// One source file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Its name (`source`).
    pub path: String,
    /// Size.
    pub bytes: u64,
    /// Hash of the bytes as they lie.
    pub sha256: String,
    /// Records read; a file that could not be read at all counts as one.
    pub records_read: u64,
    /// Records kept.
    pub kept: u64,
    /// Copies of events that were there already.
    pub duplicate: u64,
    /// Rejections.
    pub rejections: Vec<Rejection>,
    /// Events of days that the store no longer keeps (`retention`).
    #[serde(default, skip_serializing_if = "is_zero")]
    pub too_old: u64,
    /// Where digests were required: `verified`, or why the file was refused for want of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// What S3 called the bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// What `FileEntry::digest` says of a file that a digest verified.
const VERIFIED: &str = "verified";

impl FileEntry {
    /// Rejects the whole file.
    pub fn reject_file(&mut self, reason: String) {
        self.records_read = 1;
        self.rejections = vec![Rejection { record: None, field: String::new(), reason }];
    }

    /// Notes what the digests say of the file.
    ///
    /// # Errors
    /// The reason that was given.
    pub fn admit(&mut self, admitted: Result<(), String>) -> Result<(), String> {
        self.digest = Some(match &admitted {
            Ok(()) => VERIFIED.to_owned(),
            Err(reason) => reason.clone(),
        });
        admitted
    }

    /// Whether the file was refused for want of a digest. It is looked at again next time: its digest may have come.
    #[must_use]
    pub fn refused(&self) -> bool {
        self.digest.as_deref().is_some_and(|d| d != VERIFIED)
    }

    /// Whether its bytes could not be read. It is looked at again next time.
    fn unread(&self) -> bool {
        self.sha256.is_empty()
    }

    fn key(&self) -> FileKey {
        (self.path.clone(), self.bytes, self.sha256.clone())
    }

    /// Rejects one record.
    pub fn reject(&mut self, record: u64, field: &str, reason: String) {
        self.rejections.push(Rejection { record: Some(record), field: field.to_owned(), reason });
    }
}

/// Sums over files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals {
    /// Files.
    pub files: u64,
    /// Records read.
    pub records_read: u64,
    /// Kept.
    pub kept: u64,
    /// Duplicates.
    pub duplicate: u64,
    /// Rejected.
    pub rejected: u64,
    /// Of days that the store no longer keeps.
    pub too_old: u64,
    /// Rejected, by the reason's first words.
    pub by_reason: BTreeMap<String, u64>,
}

/// The part of a reason that is the same for many records.
fn reason_class(reason: &str) -> String {
    reason.split(':').next().unwrap_or(reason).to_owned()
}

impl Totals {
    /// Adds a file.
    pub fn add(&mut self, entry: &FileEntry) {
        self.files += 1;
        self.records_read += entry.records_read;
        self.kept += entry.kept;
        self.duplicate += entry.duplicate;
        self.too_old += entry.too_old;
        for rejection in &entry.rejections {
            self.rejected += 1;
            *self.by_reason.entry(reason_class(&rejection.reason)).or_default() += 1;
        }
    }

    /// Whether every record read is accounted for.
    ///
    /// # Errors
    /// [`IngestError::Unbalanced`] when not.
    pub fn check(&self) -> Result<(), IngestError> {
        if self.records_read == self.kept + self.duplicate + self.rejected + self.too_old {
            return Ok(());
        }
        Err(IngestError::Unbalanced { read: self.records_read, kept: self.kept, duplicate: self.duplicate, rejected: self.rejected, too_old: self.too_old })
    }
}

/// The file that names the first day that is kept.
const KEPT_SINCE: &str = "kept-since.json";

/// Name, size and hash.
type FileKey = (String, u64, String);

#[derive(Debug, Clone, Serialize, Deserialize)]
struct BatchFile {
    schema: u32,
    files: Vec<FileEntry>,
    parts: Vec<String>,
    /// What was written of each part; of older versions nothing is known.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    sums: BTreeMap<String, Sum>,
    /// The days of the events in the files, kept or not.
    #[serde(default)]
    days: BTreeSet<String>,
}

/// All batches of a state folder.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    batches: BTreeMap<String, BatchFile>,
    /// The batch that took a file.
    known: HashMap<FileKey, String>,
    refused: HashMap<FileKey, BTreeSet<String>>,
    /// Name, size and etag of what was taken from S3 → hash.
    objects: HashMap<FileKey, String>,
    /// Names of files that could be read.
    read: BTreeSet<String>,
    /// The first day that is kept; all are if not told.
    since: Option<String>,
}

/// `kept-since.json`
#[derive(Debug, Serialize, Deserialize)]
struct KeptSince {
    since: String,
}

/// An error at a file of the state folder.
pub(super) fn state_error(path: &Path, problem: impl std::fmt::Display) -> IngestError {
    IngestError::State { path: path.to_path_buf(), problem: problem.to_string() }
}

/// The id of a batch: a hash of what it took.
#[must_use]
pub fn batch_id(files: &[FileEntry]) -> String {
    let mut text = String::new();
    for file in files {
        text.push_str(&format!("{}\n{}\n{}\n", file.path, file.bytes, file.sha256));
        if let Some(digest) = &file.digest {
            text.push_str(&format!("digest {digest}\n"));
        }
    }
    let hash = sha256_hex(text.as_bytes());
    hash.get(..16).unwrap_or(&hash).to_owned()
}

impl Ledger {
    fn folder(state: &Path) -> PathBuf {
        state.join("ledger")
    }

    /// Reads the ledger of a state folder, which is made if it is not there.
    ///
    /// # Errors
    /// [`IngestError::State`] when it cannot be read or comes from a newer program.
    pub fn open(state: &Path) -> Result<Ledger, IngestError> {
        let folder = Ledger::folder(state);
        crate::files::create_dir_all(&folder).map_err(|e| state_error(&folder, e))?;
        let mut ledger = Ledger::default();
        for entry in std::fs::read_dir(&folder).map_err(|e| state_error(&folder, e))? {
            let path = entry.map_err(|e| state_error(&folder, e))?.path();
            let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            let Some(id) = name.strip_prefix("batch-").and_then(|n| n.strip_suffix(".json")) else { continue };
            let text = std::fs::read(&path).map_err(|e| state_error(&path, e))?;
            let damaged = |e| format!("damaged: {e}. Without this file its log files are taken in again where --logs has them: move it away if it has all of them");
            let batch: BatchFile = serde_json::from_slice(&text).map_err(|e| state_error(&path, damaged(e)))?;
            if batch.schema > SCHEMA_VERSION {
                return Err(state_error(&path, format!("written by a newer version (schema {})", batch.schema)));
            }
            ledger.insert(id.to_owned(), batch);
        }
        let path = folder.join(KEPT_SINCE);
        if path.exists() {
            let text = std::fs::read(&path).map_err(|e| state_error(&path, e))?;
            let KeptSince { since } = serde_json::from_slice(&text).map_err(|e| state_error(&path, e))?;
            since.parse::<jiff::civil::Date>().map_err(|e| state_error(&path, e))?;
            ledger.since = Some(since);
        }
        Ok(ledger)
    }

    /// The first day that is kept, `YYYY-MM-DD`; `None` if all are.
    #[must_use]
    pub fn since(&self) -> Option<&str> {
        self.since.as_deref()
    }

    /// Whether events of a day are no longer kept.
    #[must_use]
    pub fn is_too_old(&self, day: &str) -> bool {
        self.since().is_some_and(|since| day < since)
    }

    /// Makes a day the first that is kept, for good: it is on disk when this returns.
    ///
    /// # Errors
    /// [`IngestError::State`] when it cannot be written.
    pub fn keep_since(&mut self, state: &Path, since: String) -> Result<(), IngestError> {
        let folder = Ledger::folder(state);
        let path = folder.join(KEPT_SINCE);
        let written = || -> std::io::Result<()> {
            let kept = KeptSince { since: since.clone() };
            write_atomically(&path, &serde_json::to_vec_pretty(&kept)?)?;
            std::fs::File::open(&folder)?.sync_all()
        };
        written().map_err(|e| state_error(&path, e))?;
        self.since = Some(since);
        Ok(())
    }

    fn insert(&mut self, id: String, batch: BatchFile) {
        for file in &batch.files {
            match &file.digest {
                Some(reason) if file.refused() => {
                    self.refused.entry(file.key()).or_default().insert(reason.clone());
                }
                _ => {
                    self.known.insert(file.key(), id.clone());
                    if let Some(etag) = file.etag.clone().filter(|_| !file.unread()) {
                        self.objects.insert((file.path.clone(), file.bytes, etag), file.sha256.clone());
                    }
                }
            }
            if !file.unread() {
                self.read.insert(file.path.clone());
            }
        }
        self.batches.insert(id, batch);
    }

    /// Whether a file was taken already.
    #[must_use]
    pub fn knows(&self, entry: &FileEntry) -> bool {
        self.known.contains_key(&entry.key())
    }

    /// The entry by which a file was taken already, under its name or the one that older versions gave it.
    #[must_use]
    pub fn taken(&self, entry: &FileEntry, file: &Found) -> Option<FileEntry> {
        let by = |name: &str| Some(FileEntry { path: name.to_owned(), ..entry.clone() }).filter(|entry| self.knows(entry));
        by(&file.name).or_else(|| by(file.below.as_ref()?))
    }

    /// The entry by which an object of S3 was taken already: same name, size and etag, so that its bytes need not be read.
    #[must_use]
    pub fn object(&self, file: &Found) -> Option<FileEntry> {
        let etag = file.etag()?;
        let sha256 = self.objects.get(&(file.name.clone(), file.bytes, etag.to_owned()))?.clone();
        Some(FileEntry { path: file.name.clone(), bytes: file.bytes, sha256, etag: Some(etag.to_owned()), ..FileEntry::default() })
    }

    /// The days of the events in the batch that took a file.
    pub fn days(&self, entry: &FileEntry) -> impl Iterator<Item = &str> {
        let batch = self.known.get(&entry.key()).and_then(|id| self.batches.get(id));
        batch.into_iter().flat_map(|b| b.days.iter().map(String::as_str).chain(b.parts.iter().map(|part| super::store::day_of(part))))
    }

    /// Why a file was refused, now or before.
    fn refusals(&self, file: &FileEntry) -> impl Iterator<Item = &String> {
        self.refused.get(&file.key()).into_iter().flatten()
    }

    /// Makes a batch visible. A file that was refused before, and is for the same reason, is not written again; nor is one that
    /// could not be read before.
    ///
    /// # Errors
    /// [`IngestError::State`] when the entry cannot be written.
    pub fn commit(&mut self, state: &Path, id: &str, mut files: Vec<FileEntry>, written: Vec<Part>, days: BTreeSet<String>) -> Result<(), IngestError> {
        files.retain(|file| !file.refused() || !self.refusals(file).any(|reason| Some(reason) == file.digest.as_ref()));
        files.retain(|file| !file.unread() || !self.knows(file));
        if files.is_empty() {
            return Ok(());
        }
        let sums: BTreeMap<String, Sum> = written.into_iter().map(|part| (part.path, part.sum)).collect();
        let batch = BatchFile { schema: SCHEMA_VERSION, files, parts: sums.keys().cloned().collect(), sums, days };
        let path = Ledger::folder(state).join(format!("batch-{id}.json"));
        let bytes = serde_json::to_vec_pretty(&batch).map_err(|e| state_error(&path, e))?;
        write_atomically(&path, &bytes).map_err(|e| state_error(&path, e))?;
        self.insert(id.to_owned(), batch);
        Ok(())
    }

    /// Part files of a table, relative to the state folder, in order; without days that are no longer kept.
    #[must_use]
    pub fn parts(&self, table: &str) -> Vec<String> {
        let start = format!("{table}/");
        let mut parts: Vec<String> =
            self.batches.values().flat_map(|b| &b.parts).filter(|p| p.starts_with(&start) && !self.is_too_old(super::store::day_of(p))).cloned().collect();
        parts.sort();
        parts
    }

    /// Every part file of days that are kept with its batch and, where it is known, what was written.
    pub fn sums(&self) -> impl Iterator<Item = (&str, &str, Option<Sum>)> {
        let kept = |p: &&String| !self.is_too_old(super::store::day_of(p));
        self.batches.iter().flat_map(move |(id, b)| b.parts.iter().filter(kept).map(|p| (id.as_str(), p.as_str(), b.sums.get(p).copied())))
    }

    /// The files that a batch took.
    pub fn taken_by(&self, batch: &str) -> impl Iterator<Item = &FileEntry> {
        self.batches.get(batch).into_iter().flat_map(|b| &b.files).filter(|f| !f.refused() && !f.unread())
    }

    /// Their names.
    pub fn files_of(&self, batch: &str) -> impl Iterator<Item = &str> {
        self.taken_by(batch).map(|f| f.path.as_str())
    }

    /// Forgets a batch: its part files are swept, its log files are taken in again.
    ///
    /// # Errors
    /// [`IngestError::State`] when its entry cannot be taken away, or those of the others not be read.
    pub fn forget(&mut self, state: &Path, batch: &str) -> Result<(), IngestError> {
        let path = Ledger::folder(state).join(format!("batch-{batch}.json"));
        std::fs::remove_file(&path).map_err(|e| state_error(&path, e))?;
        *self = Ledger::open(state)?;
        Ok(())
    }

    /// Until when changes of grants may be missing: the last day (`YYYY-MM-DD`) of which an older version took in events
    /// without keeping them. `None`: every batch has them.
    #[must_use]
    pub fn changes_missing_until(&self) -> Option<String> {
        let old = self.batches.values().filter(|b| b.schema < CHANGES_SINCE).flat_map(|b| &b.parts);
        old.filter_map(|p| p.split('/').find_map(|part| part.strip_prefix("date="))).max().map(str::to_owned)
    }

    /// Sums over every file ever taken.
    #[must_use]
    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for file in self.files() {
            totals.add(file);
        }
        totals
    }

    /// Whether files below a path could be read: then it is a folder that once could not.
    fn is_open(&self, path: &str) -> bool {
        let start = format!("{path}/");
        self.read.range(start.clone()..).next().is_some_and(|file| file.starts_with(&start))
    }

    /// Every file ever taken or refused, by path; one that was refused until its digest came, as it was taken, and one that
    /// could not be read at first, as it was read.
    #[must_use]
    pub fn files(&self) -> Vec<&FileEntry> {
        let counts = |file: &&FileEntry| !file.refused() || !self.knows(file) && self.refusals(file).next() == file.digest.as_ref();
        let is_read = |file: &&FileEntry| !file.unread() || !self.read.contains(&file.path) && !self.is_open(&file.path);
        let mut files: Vec<&FileEntry> = self.batches.values().flat_map(|b| &b.files).filter(counts).filter(is_read).collect();
        files.sort_by(|a, b| (&a.path, &a.sha256).cmp(&(&b.path, &b.sha256)));
        files
    }
}

/// Writes a file by way of a temporary one beside it, so that it is there whole or not at all.
///
/// # Errors
/// The file system's.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    crate::files::put(path, bytes, ".tmp")
}
