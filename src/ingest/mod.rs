//! Log files → event rows → Parquet, each event exactly once.
//!
//! Files are taken in order of their path, in batches of bounded size; a batch becomes visible by one rename of
//! its ledger entry. What was taken is skipped next time, what a killed run left is swept, an event that was
//! delivered twice is kept once. Every record is kept, a duplicate or rejected with a reason, and the three add
//! up to what was read. Source: design.md section 2, inputs-and-evaluation.md section 3.

pub mod call;
pub mod carriers;
pub mod changes;
pub mod decode;
pub mod identity;
pub mod issued;
pub mod ledger;
pub mod outcome;
pub mod record;
pub mod store;
pub mod times;
pub mod walk;

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use crate::event::{ActionRow, ChangeRow, EventRow};
use crate::progress::Progress;
use crate::reference::Reference;
use crate::reference::bundle::sha256_hex;
use crate::reference::mapping::Mapper;

pub use ledger::{FileEntry, Ledger, Rejection, Totals};

/// Compressed bytes that one batch takes at most (one larger file is a batch of its own).
const BATCH_BYTES: u64 = 64 * 1024 * 1024;

/// Why ingest stopped.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// A path of `--logs` is not there or cannot be listed.
    #[error("logs `{}`: {source}", path.display())]
    Logs {
        /// The path.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The state folder cannot be written or read.
    #[error("state folder, `{}`: {problem}", path.display())]
    State {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// Another run holds the state folder.
    #[error("another run holds the state folder ({holder})")]
    LockHeld {
        /// Who, as its lock file says.
        holder: String,
    },
    /// The counts do not add up: a defect of ours.
    #[error("ledger does not balance: read {read}, kept {kept}, duplicate {duplicate}, rejected {rejected}")]
    Unbalanced {
        /// Records read.
        read: u64,
        /// Records kept.
        kept: u64,
        /// Duplicates.
        duplicate: u64,
        /// Records rejected.
        rejected: u64,
    },
}

/// What one run of ingest did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IngestSummary {
    /// Files taken now.
    pub files: u64,
    /// Files that the ledger already had.
    pub skipped: u64,
    /// Files that are no logs, with the reason.
    pub ignored: Vec<(String, String)>,
    /// What the files taken now gave.
    pub totals: Totals,
    /// What was rejected in the files taken now: file, rejection.
    pub rejections: Vec<(String, Rejection)>,
}

/// One decoded record with its actions.
struct Taken {
    event: EventRow,
    actions: Vec<ActionRow>,
    change: Option<ChangeRow>,
}

/// One decoded file.
struct FileResult {
    entry: FileEntry,
    taken: Vec<Taken>,
}

/// What became of a file.
enum Taking {
    /// The ledger has it already.
    Known,
    /// It is no log; the reason.
    NoLog(String),
    /// It was read, or rejected.
    Taken(FileResult),
}

/// Takes in log files.
///
/// # Errors
/// [`IngestError`]; a bad file or record is no error but a rejection in the ledger.
pub fn ingest(logs: &[PathBuf], state: &Path, mapper: &Mapper, reference: &Reference, progress: &Progress) -> Result<IngestSummary, IngestError> {
    let mut ledger = Ledger::open(state)?;
    store::sweep(state, &ledger)?;
    let found = walk::walk(logs)?;
    let mut summary = IngestSummary { ignored: found.ignored, ..IngestSummary::default() };
    progress.start("reading logs", found.files.iter().map(|f| f.bytes).sum());
    let events = AtomicU64::new(0);
    for batch in batches(&found.files) {
        let taken: Vec<Taking> = batch
            .par_iter()
            .map(|file| {
                let taking = take_file(file, &ledger, mapper, reference);
                let count = if let Taking::Taken(result) = &taking { result.entry.records_read } else { 0 };
                let so_far = events.fetch_add(count, Ordering::Relaxed) + count;
                progress.add(file.bytes, so_far);
                taking
            })
            .collect();
        let mut results: Vec<FileResult> = Vec::new();
        for (file, taking) in batch.iter().zip(taken) {
            match taking {
                Taking::Known => summary.skipped += 1,
                Taking::NoLog(reason) => summary.ignored.push((file.name.clone(), reason)),
                Taking::Taken(result) => results.push(result),
            }
        }
        if results.is_empty() {
            continue;
        }
        drop_duplicates(&mut results, state, &ledger)?;
        for result in &mut results {
            result.entry.kept = u64::try_from(result.taken.len()).unwrap_or(0);
            summary.totals.add(&result.entry);
            let rejected = result.entry.rejections.iter().map(|r| (result.entry.path.clone(), r.clone()));
            summary.rejections.extend(rejected);
        }
        let entries: Vec<FileEntry> = results.iter().map(|r| r.entry.clone()).collect();
        let id = ledger::batch_id(&entries);
        let (mut rows, mut actions, mut changes) = (Vec::new(), Vec::new(), Vec::new());
        for taken in results.into_iter().flat_map(|r| r.taken) {
            rows.push(taken.event);
            actions.extend(taken.actions);
            changes.extend(taken.change);
        }
        let mut parts = store::write(state, &id, rows)?;
        parts.extend(store::write(state, &id, actions)?);
        parts.extend(store::write(state, &id, changes)?);
        ledger.commit(state, &id, entries, parts)?;
    }
    summary.ignored.sort();
    summary.files = summary.totals.files;
    summary.totals.check()?;
    progress.finish(&summary.sentence());
    Ok(summary)
}

impl IngestSummary {
    /// The counts in one line.
    #[must_use]
    pub fn sentence(&self) -> String {
        let t = &self.totals;
        format!(
            "read {} records of {} files = kept {} + duplicate {} + rejected {} ({} files were known, {} are no logs)",
            t.records_read, self.files, t.kept, t.duplicate, t.rejected, self.skipped, self.ignored.len()
        )
    }
}

fn batches(files: &[walk::Found]) -> Vec<&[walk::Found]> {
    let mut out = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    for (at, file) in files.iter().enumerate() {
        if bytes > 0 && bytes + file.bytes > BATCH_BYTES {
            out.extend(files.get(start..at));
            (start, bytes) = (at, 0);
        }
        bytes += file.bytes;
    }
    out.extend(files.get(start..).filter(|rest| !rest.is_empty()));
    out
}

/// Reads one file.
fn take_file(file: &walk::Found, ledger: &Ledger, mapper: &Mapper, reference: &Reference) -> Taking {
    let mut entry = FileEntry { path: file.name.clone(), bytes: file.bytes, ..FileEntry::default() };
    let rejected = |mut entry: FileEntry, reason: String| {
        entry.reject_file(reason);
        Taking::Taken(FileResult { entry, taken: Vec::new() })
    };
    let bytes = match std::fs::read(&file.path) {
        Ok(bytes) => bytes,
        Err(e) => return rejected(entry, format!("cannot be read: {}", e.kind())),
    };
    entry.bytes = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    entry.sha256 = sha256_hex(&bytes);
    if ledger.knows(&entry) {
        return Taking::Known;
    }
    let plain = match decode::plain(bytes) {
        Ok(plain) => plain,
        Err(reason) => return rejected(entry, reason),
    };
    let carried = match carriers::carried(&file.name, &plain) {
        Ok(carried) => carried,
        Err(carriers::NotTaken::Damaged(reason)) => return rejected(entry, reason),
        Err(carriers::NotTaken::NoLog(reason)) => return Taking::NoLog(reason),
    };
    let mut taken = Vec::new();
    for (index, found) in carried.records.into_iter().enumerate() {
        entry.records_read += 1;
        let row = found.and_then(|raw| {
            let (event, actions) = record::rows(&raw, &file.name, index, mapper, reference)?;
            let change = changes::change(&event, &raw);
            Ok(Taken { event, actions, change })
        });
        match row {
            Ok(row) => taken.push(row),
            Err((field, reason)) => entry.reject(index, field, reason),
        }
    }
    Taking::Taken(FileResult { entry, taken })
}

/// Keeps one copy of each event: the one that names its caller, then the first by file and place. Copies that
/// the store already holds go too.
fn drop_duplicates(results: &mut [FileResult], state: &Path, ledger: &Ledger) -> Result<(), IngestError> {
    let dates: BTreeSet<String> = results.iter().flat_map(|r| &r.taken).filter_map(|t| t.event.date.clone()).collect();
    let stored = store::event_ids(state, ledger, &dates)?;
    let mut best: HashMap<String, (bool, usize, usize)> = HashMap::new();
    for (f, result) in results.iter().enumerate() {
        for (r, taken) in result.taken.iter().enumerate() {
            let Some(id) = taken.event.event_id.clone() else { continue };
            let key = (taken.event.principal_type.as_deref() == Some("AWSAccount"), f, r);
            best.entry(id).and_modify(|b| *b = key.min(*b)).or_insert(key);
        }
    }
    for (f, result) in results.iter_mut().enumerate() {
        let mut at = 0;
        let before = result.taken.len();
        result.taken.retain(|taken| {
            let here = at;
            at += 1;
            let Some(id) = &taken.event.event_id else { return true };
            !stored.contains(id) && best.get(id).is_some_and(|(_, bf, br)| (*bf, *br) == (f, here))
        });
        result.entry.duplicate += u64::try_from(before - result.taken.len()).unwrap_or(0);
    }
    Ok(())
}

