//! Batches that become visible together, and what may be a copy in them.

use std::collections::BTreeSet;
use std::path::Path;

use rayon::prelude::*;

use super::batch::Batch;
use super::rooms::Rooms;
use super::seen::{Seen, number_of};
use super::integrity::Part;
use super::suspects::drop_stored;
use super::{FileEntry, IngestError, IngestSummary, Ledger, ledger, store};
use crate::event::{EventRow, Row};

/// The events that a run knows of.
pub struct Known {
    seen: Seen,
    /// The days whose stored events are in it.
    days: BTreeSet<String>,
}

impl Known {
    /// Nothing yet; about so many events are to come.
    pub fn for_events(events: u64) -> Known {
        Known { seen: Seen::for_events(events), days: BTreeSet::new() }
    }

    /// Notes the stored events of days that a batch has events of.
    fn load<'d>(&mut self, days: impl Iterator<Item = &'d str>, state: &Path, ledger: &Ledger) -> Result<(), IngestError> {
        let fresh: BTreeSet<&str> = days.filter(|day| !self.days.contains(*day)).collect();
        if fresh.is_empty() {
            return Ok(());
        }
        let stored = ledger.parts(EventRow::<String>::TABLE);
        let parts = stored.iter().filter(|part| fresh.contains(store::day_of(part)));
        let seen = &mut self.seen;
        store::event_ids(state, parts, |id| {
            seen.note(number_of(id));
        })?;
        self.days.extend(fresh.into_iter().map(str::to_owned));
        Ok(())
    }
}

/// Batches that become visible together.
pub struct Group {
    files: Vec<FileEntry>,
    skipped: usize,
    /// Files that are no logs, with the reason.
    pub no_logs: Vec<(String, String)>,
    parts: Vec<Part>,
    days: BTreeSet<String>,
    /// Events that may be copies, each with the place of its file in `files`.
    held: Batch,
    most_held: usize,
}

impl Group {
    /// Without batches; so many events are held before they are looked up.
    pub fn new(most_held: usize) -> Group {
        Group { files: Vec::new(), skipped: 0, no_logs: Vec::new(), parts: Vec::new(), days: BTreeSet::new(), held: Batch::default(), most_held }
    }

    /// Takes decoded batches in order: what may be a copy is put aside, the rest is written.
    ///
    /// # Errors
    /// [`IngestError::State`].
    pub fn take(&mut self, mut decoded: Vec<Batch>, rooms: &Rooms, known: &mut Known, state: &Path, ledger: &Ledger) -> Result<(), IngestError> {
        let mut first_file = self.files.len();
        let mut full = Vec::new();
        for batch in &mut decoded {
            // Also the days of files that were taken before: what is suspected must not depend on where a run was cut off.
            let of_skipped: BTreeSet<&str> = batch.skipped.iter().flat_map(|file| ledger.days(file)).collect();
            known.load(batch.days().chain(of_skipped), state, ledger)?;
            self.days.extend(batch.days().map(str::to_owned));
            let rows: Vec<usize> = batch.kept().collect();
            for row in rows {
                if known.seen.note(batch.id(row)) {
                    let mut single = batch.take_out(row);
                    single.file += first_file;
                    self.held.put_in(single);
                }
            }
            batch.count();
            first_file += batch.files.len();
            // Which events are looked up together depends on the batches, not on how many are decoded at one time.
            if self.held.events.len() >= self.most_held {
                full.push((ledger::batch_id(&batch.files), std::mem::take(&mut self.held)));
            }
        }
        let write = |batch: &Batch| if batch.files.is_empty() { Ok(Vec::new()) } else { store::write(state, &ledger::batch_id(&batch.files), batch) };
        let written: Vec<Vec<Part>> = decoded.par_iter().map(write).collect::<Result<_, _>>()?;
        self.parts.extend(written.into_iter().flatten());
        for mut batch in decoded {
            self.files.append(&mut batch.files);
            self.no_logs.append(&mut batch.no_logs);
            self.skipped += batch.skipped.len();
            rooms.give_back(batch);
        }
        full.into_iter().try_for_each(|(id, held)| self.settle(&id, held, state, ledger))
    }

    /// Looks up what was held; what is no copy is written. No copy of it was written after it was held: the filter knew it.
    fn settle(&mut self, id: &str, mut held: Batch, state: &Path, ledger: &Ledger) -> Result<(), IngestError> {
        drop_stored(&mut held, state, ledger, &self.parts)?;
        for row in held.kept() {
            if let Some(entry) = self.files.get_mut(held.file_of(row)) {
                entry.duplicate = entry.duplicate.saturating_sub(1);
                entry.kept += 1;
            }
        }
        self.parts.extend(store::write(state, &format!("{id}-late"), &held)?);
        Ok(())
    }

    /// Settles what is held and makes everything visible.
    ///
    /// # Errors
    /// [`IngestError::State`].
    pub fn finish(mut self, state: &Path, ledger: &mut Ledger, summary: &mut IngestSummary) -> Result<(), IngestError> {
        summary.skipped += u64::try_from(self.skipped).unwrap_or(0);
        if self.files.is_empty() {
            return Ok(());
        }
        let id = ledger::batch_id(&self.files);
        let held = std::mem::take(&mut self.held);
        self.settle(&id, held, state, ledger)?;
        for entry in &self.files {
            summary.totals.add(entry);
            summary.rejections.extend(entry.rejections.iter().map(|r| (entry.path.clone(), r.clone())));
        }
        ledger.commit(state, &id, self.files, self.parts, self.days)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use proptest::prelude::*;

    use crate::ingest::{IngestSummary, Limits, Sizes, ingest_by, source};
    use crate::progress::Progress;
    use crate::reference::Reference;
    use crate::reference::mapping::Mapper;

    /// Every file of a folder, but for the lock.
    fn tree(root: &Path) -> BTreeMap<String, Vec<u8>> {
        let files = walkdir::WalkDir::new(root).into_iter().map(Result::unwrap).filter(|e| e.file_type().is_file());
        files.map(|e| (e.path().strip_prefix(root).unwrap().to_string_lossy().into_owned(), std::fs::read(e.path()).unwrap())).collect()
    }

    fn record(id: u8) -> String {
        let day = 1 + id % 3;
        format!(
            r#"{{"eventID": "e-{id}", "eventTime": "2026-10-0{day}T00:00:00Z", "eventSource": "iam.amazonaws.com", "eventName": "PutRolePolicy", "recipientAccountId": "111122223333",
                "userIdentity": {{"type": "IAMUser", "principalId": "AIDA{id}"}}, "requestParameters": {{"roleName": "r", "policyName": "p", "policyDocument": "{{}}"}}}}"#
        )
    }

    fn take_in(logs: &Path, state: &Path, sizes: Sizes, mapper: &Mapper) -> IngestSummary {
        let listing = source::list(&[logs.to_path_buf()], &source::Keep::default()).unwrap();
        ingest_by(sizes, listing, None, state, mapper, Reference::bundled().unwrap(), Limits::default(), &Progress::new(true)).unwrap()
    }

    fn ids(state: &Path) -> Vec<String> {
        let ledger = crate::ingest::Ledger::open(state).unwrap();
        let mut ids = Vec::new();
        crate::ingest::store::event_ids(state, &ledger.parts("events"), |id| ids.push(id.to_owned())).unwrap();
        ids.sort();
        ids
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.min(32), ..ProptestConfig::default() })]

        /// However work is cut up: each event once, the counts right, and after a cut the bytes of the undisturbed run.
        #[test]
        fn each_event_is_stored_once_and_a_run_goes_on_where_it_was_cut_off(
            files in proptest::collection::vec(proptest::collection::vec(0u8..24, 1..6), 2..12),
            batch in 1u64..4, group in 1u64..6, most_held in 1usize..6, cut in 0usize..8, damage in any::<bool>(),
        ) {
            let mapper = Mapper::new(Reference::bundled().unwrap()).unwrap();
            let folder = tempfile::tempdir().unwrap();
            let logs = folder.path().join("logs");
            std::fs::create_dir(&logs).unwrap();
            for (at, list) in files.iter().enumerate() {
                let records: Vec<String> = list.iter().map(|id| record(*id)).collect();
                std::fs::write(logs.join(format!("f{at:02}.json")), format!("{{\"Records\": [{}]}}", records.join(","))).unwrap();
            }
            let sizes = Sizes { batch_bytes: batch * 1000, group_bytes: group * 2000, most_held };
            let state = folder.path().join("state");
            let summary = take_in(&logs, &state, sizes, &mapper);
            let mut expected: Vec<String> = files.iter().flatten().map(|id| format!("e-{id}")).collect();
            let read = expected.len() as u64;
            expected.sort();
            expected.dedup();
            prop_assert_eq!(ids(&state), expected.clone());
            let kept = expected.len() as u64;
            prop_assert_eq!((summary.totals.records_read, summary.totals.kept, summary.totals.duplicate), (read, kept, read - kept));

            // The same, cut off after some groups: their ledger entries stay, later ones were never written.
            let whole = tree(&state);
            let other = folder.path().join("other");
            let some = folder.path().join("some");
            std::fs::create_dir(&some).unwrap();
            let mut groups: Vec<(std::time::SystemTime, std::path::PathBuf)> = std::fs::read_dir(state.join("ledger")).unwrap()
                .map(|e| e.unwrap()).map(|e| (e.metadata().unwrap().modified().unwrap(), e.path())).collect();
            groups.sort();
            for path in whole.keys() {
                let target = other.join(path);
                std::fs::create_dir_all(target.parent().unwrap()).unwrap();
                std::fs::copy(state.join(path), &target).unwrap();
            }
            for (_, entry) in groups.iter().skip(cut) {
                std::fs::remove_file(other.join("ledger").join(entry.file_name().unwrap())).unwrap();
            }
            if damage {
                std::fs::write(other.join("events").join("half.parquet"), b"PAR1").unwrap();
            }
            take_in(&logs, &other, sizes, &mapper);
            prop_assert_eq!(tree(&other), whole);
        }
    }
}
