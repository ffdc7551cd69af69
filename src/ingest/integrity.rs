//! Whether the store's part files are still as they were written: by size and CRC-32, which the ledger keeps of each (a disk that
//! fails is what they tell, not somebody who writes both). A batch with a damaged part is taken in again where all of its log files
//! are given again; else the run ends and says which they are.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::Path;

use libdeflater::Crc;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::source::Found;
use super::{IngestError, Ledger};

/// Size and checksum of a part file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sum {
    /// Bytes.
    pub bytes: u64,
    /// CRC-32, as gzip has it.
    pub crc32: u32,
}

impl Sum {
    /// Of bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Sum {
        let mut crc = Crc::new();
        crc.update(bytes);
        Sum { bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX), crc32: crc.sum() }
    }
}

/// A part file with what is to be seen of it later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its path below the state folder.
    pub path: String,
    /// What was written.
    pub sum: Sum,
}

/// A part file that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Damage {
    /// The batch.
    pub batch: String,
    /// The part, below the state folder.
    pub part: String,
    /// What is wrong with it.
    pub what: String,
}

/// How much is read at a time.
const PIECE: usize = 1 << 18;

/// What is wrong with a part file; one of an older version, without checksum, is only looked at at both ends.
fn fault(path: &Path, sum: Option<Sum>) -> Option<String> {
    let read = || -> std::io::Result<Option<String>> {
        let mut file = std::fs::File::open(path)?;
        let bytes = file.metadata()?.len();
        if let Some(sum) = sum.filter(|sum| sum.bytes != bytes) {
            return Ok(Some(format!("has {bytes} bytes, {} were written", sum.bytes)));
        }
        let (mut crc, mut buffer, mut last) = (Crc::new(), vec![0; PIECE], Vec::new());
        loop {
            let n = file.read(&mut buffer)?;
            let Some(piece) = buffer.get(..n).filter(|p| !p.is_empty()) else { break };
            crc.update(piece);
            last.extend_from_slice(piece.get(n.saturating_sub(4)..).unwrap_or_default());
            last.drain(..last.len().saturating_sub(4));
        }
        Ok(match sum {
            Some(sum) if sum.crc32 != crc.sum() => Some("does not have the checksum that it was written with".to_owned()),
            None if last != b"PAR1" => Some("is cut off".to_owned()),
            _ => None,
        })
    };
    read().unwrap_or_else(|e| Some(format!("cannot be read: {}", e.kind())))
}

/// The part files that are not as they were written.
#[must_use]
pub fn damages(state: &Path, ledger: &Ledger) -> Vec<Damage> {
    let parts: Vec<(&str, &str, Option<Sum>)> = ledger.sums().collect();
    let damage = |(batch, part, sum): &(&str, &str, Option<Sum>)| {
        let what = fault(&state.join(part), *sum)?;
        Some(Damage { batch: (*batch).to_owned(), part: (*part).to_owned(), what })
    };
    let mut all: Vec<Damage> = parts.par_iter().filter_map(damage).collect();
    all.sort();
    all
}

/// How many of a batch's log files a message names.
const NAMED: usize = 5;

fn error(state: &Path, ledger: &Ledger, damage: &Damage, files: &[&str]) -> IngestError {
    let mut names: Vec<String> = files.iter().take(NAMED).map(|f| format!("`{f}`")).collect();
    if files.len() > NAMED {
        names.push(format!("{} more (in ledger/batch-{}.json)", files.len() - NAMED, damage.batch));
    }
    let all = ledger.files_of(&damage.batch).count();
    IngestError::State {
        path: state.join(&damage.part),
        problem: format!(
            "{}. It is made again from its log files: give them with --logs of `run` or `ingest`, all of the batch's {all}; still to be given: {}. \
             Where they are gone, take in what there is into a new state folder",
            damage.what,
            names.join(", ")
        ),
    }
}

/// Fails if a part file is damaged.
///
/// # Errors
/// [`IngestError::State`] that says which, and what helps.
pub fn check(state: &Path, ledger: &Ledger) -> Result<(), IngestError> {
    match damages(state, ledger).first() {
        Some(damage) => {
            let files: Vec<&str> = ledger.files_of(&damage.batch).collect();
            Err(error(state, ledger, damage, &files))
        }
        None => Ok(()),
    }
}

/// Forgets the batches with a damaged part, so that their log files are taken in again, if all of them are given; gives what was
/// damaged. Copies that another batch did not keep because this one had the event are in this one's files.
///
/// # Errors
/// [`IngestError::State`] that names what is not given; then nothing is forgotten.
pub fn repair(state: &Path, ledger: &mut Ledger, given: &[Found]) -> Result<Vec<Damage>, IngestError> {
    let damages = damages(state, ledger);
    if damages.is_empty() {
        return Ok(damages);
    }
    let names: BTreeSet<(&str, u64)> = given.iter().flat_map(|f| [Some(f.name.as_str()), f.below.as_deref()].into_iter().flatten().map(|n| (n, f.bytes))).collect();
    for damage in &damages {
        let absent: Vec<&str> = ledger.taken_by(&damage.batch).filter(|f| !names.contains(&(f.path.as_str(), f.bytes))).map(|f| f.path.as_str()).collect();
        if !absent.is_empty() {
            return Err(error(state, ledger, damage, &absent));
        }
    }
    let batches: BTreeSet<&str> = damages.iter().map(|d| d.batch.as_str()).collect();
    for batch in batches {
        ledger.forget(state, batch)?;
    }
    Ok(damages)
}
