//! Log files → event rows → Parquet, each event exactly once.
//!
//! Files are taken in order of their path, in batches of bounded size; a batch becomes visible by one rename of
//! its ledger entry. What was taken is skipped next time, what a killed run left is swept, an event that was
//! delivered twice is kept once. Every record is kept, a duplicate or rejected with a reason, and the three add
//! up to what was read. Source: design.md section 2, inputs-and-evaluation.md section 3.

pub mod batch;
#[cfg(test)]
mod batch_test;
pub mod call;
pub mod callers;
pub mod carriers;
pub mod changes;
pub mod columns;
pub mod context;
pub mod digest;
pub mod fields;
mod group;
pub mod identity;
pub mod integrity;
pub mod issued;
#[cfg(test)]
mod literal_test;
pub mod ledger;
pub mod outcome;
pub mod raw;
pub mod record;
pub mod records;
pub mod retention;
pub mod rooms;
pub mod secrets;
pub mod seen;
pub mod shares;
mod sign_in;
pub mod source;
pub mod store;
mod suspects;
pub mod times;
pub mod unpack;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use crate::progress::Progress;
use crate::reference::Reference;
use crate::reference::mapping::Mapper;
use batch::{Batch, Tools};
use group::{Group, Known};
use rooms::Rooms;
use source::Found;

pub use ledger::{FileEntry, Ledger, Rejection, Totals};
pub use unpack::Limits;

/// Compressed bytes that are decoded at one time, however many threads there are.
const WAVE_BYTES: u64 = 128 << 20;

/// How many groups of batches a run has at most: events that may be copies are looked up once a group, in all before it.
const MOST_GROUPS: u64 = 16;

/// Compressed bytes of an event, or less.
const EVENT_BYTES: u64 = 100;

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
    /// Public keys for digests cannot be read.
    #[error("public keys, `{}`: {problem}", path.display())]
    Keys {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// Another run holds the state folder or the output folder.
    #[error("another run holds the {what} folder ({holder})")]
    LockHeld {
        /// Which folder: `state` or `output`.
        what: &'static str,
        /// Who, as its lock file says.
        holder: String,
    },
    /// The counts do not add up: a defect of ours.
    #[error("ledger does not balance: read {read}, kept {kept}, duplicate {duplicate}, rejected {rejected}, too old {too_old}")]
    Unbalanced {
        /// Records read.
        read: u64,
        /// Records kept.
        kept: u64,
        /// Duplicates.
        duplicate: u64,
        /// Records rejected.
        rejected: u64,
        /// Records of days that are no longer kept.
        too_old: u64,
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
    /// Files that were seen and left out by their keys; `None` if all were wanted.
    pub pruned: Option<u64>,
    /// What the files taken now gave.
    pub totals: Totals,
    /// Part files of the store that were damaged; their log files are among those taken now.
    pub damaged: Vec<integrity::Damage>,
    /// What was rejected in the files taken now: file, rejection.
    pub rejections: Vec<(String, Rejection)>,
}

/// How work is cut up. The store's bytes depend on these, and on nothing else but the files.
#[derive(Clone, Copy, Debug)]
struct Sizes {
    /// Compressed bytes that one batch takes at most (one larger file is a batch of its own).
    batch_bytes: u64,
    /// Compressed bytes of batches that become visible together.
    group_bytes: u64,
    /// Events that may be copies, held at most before they are looked up.
    most_held: usize,
}

impl Default for Sizes {
    fn default() -> Sizes {
        Sizes { batch_bytes: 16 << 20, group_bytes: 512 << 20, most_held: 200_000 }
    }
}

/// Takes in log files; with the verdicts of digests, only files that one verified.
///
/// # Errors
/// [`IngestError`]; a bad file or record is no error but a rejection in the ledger.
pub fn ingest(
    logs: source::Listing,
    digests: Option<&digest::Verdicts>,
    state: &Path,
    mapper: &Mapper,
    reference: &Reference,
    limits: Limits,
    progress: &Progress,
) -> Result<IngestSummary, IngestError> {
    ingest_by(Sizes::default(), logs, digests, state, mapper, reference, limits, progress)
}

#[expect(clippy::too_many_arguments, reason = "what `ingest` has, and the sizes")]
fn ingest_by(
    sizes: Sizes,
    logs: source::Listing,
    digests: Option<&digest::Verdicts>,
    state: &Path,
    mapper: &Mapper,
    reference: &Reference,
    limits: Limits,
    progress: &Progress,
) -> Result<IngestSummary, IngestError> {
    let mut ledger = Ledger::open(state)?;
    let damaged = integrity::repair(state, &mut ledger, &logs.files)?;
    store::sweep(state, &ledger)?;
    let (set_aside, files): (Vec<Found>, Vec<Found>) = logs.files.into_iter().partition(|file| is_digest(&file.name));
    let all: u64 = files.iter().map(|f| f.bytes).sum();
    progress.start("reading logs", all);
    let mut summary = IngestSummary { ignored: logs.ignored, pruned: logs.pruned, damaged, ..IngestSummary::default() };
    summary.ignored.extend(set_aside.into_iter().map(|file| (file.name, "digest file".to_owned())));
    let mut known = Known::for_events(all / EVENT_BYTES);
    let events = AtomicU64::new(0);
    let rooms = Rooms::new(limits);
    let batches = split(&files, sizes.batch_bytes, |file| file.bytes);
    let size = |batch: &&[Found]| batch.iter().map(|f| f.bytes).sum::<u64>();
    let mut no_logs = Vec::new();
    for group in split(&batches, sizes.group_bytes.max(all / MOST_GROUPS), size) {
        let mut taking = Group::new(sizes.most_held);
        let threads = u64::try_from(rayon::current_num_threads()).unwrap_or(1);
        let waves = split(group, WAVE_BYTES.min(threads.saturating_mul(sizes.batch_bytes)), size);
        for (at, wave) in waves.iter().enumerate() {
            // What is in S3 comes in one wave ahead.
            source::fetch(waves.iter().skip(at).take(2).flat_map(|wave| wave.iter().copied().flatten()), &ledger);
            let tools = Tools { mapper, reference, ledger: &ledger, digests, rooms: &rooms };
            let decoded: Vec<Batch> = wave
                .par_iter()
                .map(|files| {
                    let batch = Batch::decode(files, tools);
                    let count = u64::try_from(batch.events.len()).unwrap_or(0);
                    progress.add(size(files), events.fetch_add(count, Ordering::Relaxed) + count);
                    batch
                })
                .collect();
            taking.take(decoded, &rooms, &mut known, state, &ledger)?;
        }
        no_logs.append(&mut taking.no_logs);
        taking.finish(state, &mut ledger, &mut summary)?;
    }
    summary.ignored.append(&mut no_logs);
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
        let too_old = if t.too_old == 0 { String::new() } else { format!(" + too old {}", t.too_old) };
        format!(
            "read {} records of {} files = kept {} + duplicate {} + rejected {}{too_old} ({} files were known, {} are no logs{})",
            t.records_read, self.files, t.kept, t.duplicate, t.rejected, self.skipped, self.ignored.len(),
            self.pruned.map_or_else(String::new, |n| format!(", {n} were not asked for"))
        )
    }
}

/// Whether a file is a digest, or lies beside one: these are in a folder of their own beside the logs.
fn is_digest(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    lower.contains("/cloudtrail-digest/") || lower.starts_with("cloudtrail-digest/") || lower.contains("_cloudtrail-digest_")
}

/// Splits a list where the sum of the sizes would be over a limit; one larger item stands by itself.
fn split<T>(items: &[T], limit: u64, size: impl Fn(&T) -> u64) -> Vec<&[T]> {
    let mut out = Vec::new();
    let (mut start, mut sum) = (0, 0);
    for (at, item) in items.iter().enumerate() {
        let own = size(item);
        if at > start && sum + own > limit {
            out.extend(items.get(start..at));
            (start, sum) = (at, 0);
        }
        sum += own;
    }
    out.extend(items.get(start..).filter(|rest| !rest.is_empty()));
    out
}
