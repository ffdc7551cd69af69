//! Events that may be copies of events in the store: looked up there, all of a group of batches in one go.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;

use super::batch::{Batch, Single};
use super::seen::number_of;
use super::{IngestError, Ledger, store};
use crate::event::{EventRow, Row};

/// An event that is not sure to be new, and the place of its file among the files of the group.
pub struct Suspect {
    /// The event.
    pub single: Single,
    /// Place of its file.
    pub file: usize,
}

/// Those of the suspects that are new, the first of each, as a batch; with the places of their files. `written` are part files
/// that the ledger does not have yet.
///
/// # Errors
/// [`IngestError::State`] naming the part file that cannot be read.
pub fn innocent(suspects: Vec<Suspect>, state: &Path, ledger: &Ledger, written: &[String]) -> Result<(Batch, Vec<usize>), IngestError> {
    let (mut batch, mut files) = (Batch::default(), Vec::new());
    if suspects.is_empty() {
        return Ok((batch, files));
    }
    let mut open: HashMap<u128, bool> = suspects.iter().map(|s| (s.single.id, false)).collect();
    let days: BTreeSet<&str> = suspects.iter().map(|s| s.single.day.as_str()).collect();
    let stored = ledger.parts(EventRow::<String>::TABLE);
    let start = format!("{}/", EventRow::<String>::TABLE);
    let fresh = written.iter().filter(|part| part.starts_with(&start));
    let parts = stored.iter().chain(fresh).filter(|part| days.contains(store::day_of(part)));
    store::event_ids(state, parts, |id| {
        if let Some(is_stored) = open.get_mut(&number_of(id)) {
            *is_stored = true;
        }
    })?;
    let mut taken = HashSet::new();
    for Suspect { single, file } in suspects {
        if open.get(&single.id) == Some(&false) && taken.insert(single.id) {
            files.push(file);
            batch.put_in(single);
        }
    }
    Ok((batch, files))
}
