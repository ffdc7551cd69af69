//! Events that may be copies of events in the store: looked up there, many in one go.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;

use super::batch::Batch;
use super::integrity::Part;
use super::seen::number_of;
use super::{IngestError, Ledger, store};
use crate::event::{EventRow, Row};

/// Of the events that are held, drops those that are stored, and all but the first of each. `written` are part files that the
/// ledger does not have yet.
///
/// # Errors
/// [`IngestError::State`] naming the part file that cannot be read.
pub fn drop_stored(held: &mut Batch, state: &Path, ledger: &Ledger, written: &[Part]) -> Result<(), IngestError> {
    let rows: Vec<usize> = held.kept().collect();
    if rows.is_empty() {
        return Ok(());
    }
    let mut stored: HashMap<u128, bool, foldhash::fast::RandomState> = rows.iter().map(|row| (held.id(*row), false)).collect();
    let days: BTreeSet<&str> = held.days().collect();
    let known = ledger.parts(EventRow::<String>::TABLE);
    let start = format!("{}/", EventRow::<String>::TABLE);
    let fresh = written.iter().map(|part| &part.path).filter(|part| part.starts_with(&start));
    let parts = known.iter().chain(fresh).filter(|part| days.contains(store::day_of(part)));
    store::event_ids(state, parts, |id| {
        if let Some(is_stored) = stored.get_mut(&number_of(id)) {
            *is_stored = true;
        }
    })?;
    let mut first = HashSet::new();
    for row in rows {
        let id = held.id(row);
        if stored.get(&id) != Some(&false) || !first.insert(id) {
            held.drop_event(row);
        }
    }
    Ok(())
}
