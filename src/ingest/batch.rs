//! Some files, decoded one after the other into columns. A batch is one thread's work; which files it has depends on their
//! names and sizes only, never on the number of threads.

use std::collections::HashMap;
use std::ops::Range;

use super::columns::{Columns, Texts, Value, places, shared};
use super::digest::{self, Verdicts};
use super::fields::Fields;
use super::ledger::{FileEntry, Ledger};
use super::identity::Identity;
use super::record::{Rows, rows, rows_of};
use super::records::{Record, each_record};
use super::seen::number_of;
use super::callers::{self, Callers, Numbers};
use super::rooms::{Room, Rooms};
use super::unpack::{Unpacker, text};
use super::carriers::{NotTaken, carried};
use super::source;
use crate::event::{ActionRow, ChangeRow, EventRow};
use crate::reference::Reference;
use crate::reference::bundle::sha256_hex;
use crate::reference::mapping::Mapper;

/// What decoding needs.
#[derive(Clone, Copy)]
pub struct Tools<'a> {
    /// Event → action → resource.
    pub mapper: &'a Mapper,
    /// Names of actions.
    pub reference: &'a Reference,
    /// What was taken before.
    pub ledger: &'a Ledger,
    /// What digests say, where they are required.
    pub digests: Option<&'a Verdicts>,
    /// Room for batches.
    pub rooms: &'a Rooms,
}

/// The rows of some files.
pub struct Batch {
    /// The files that were taken, in order.
    pub files: Vec<FileEntry>,
    /// The files that the ledger had already.
    pub skipped: Vec<FileEntry>,
    /// Files that are no logs, with the reason.
    pub no_logs: Vec<(String, String)>,
    /// Texts of the rows.
    pub texts: Texts,
    /// Rows of events.
    pub events: Columns,
    /// Rows of actions, in the order of their events.
    pub actions: Columns,
    /// What events changed of the grants, by the event's row, in order.
    changes: Vec<(usize, ChangeRow)>,
    /// For each event where its actions end.
    action_ends: Vec<usize>,
    /// For each event the place of its file.
    file_of: Vec<usize>,
    /// For each event the number of its id.
    ids: Vec<u128>,
    /// Events that are not kept: copies of others.
    dropped: Vec<bool>,
    beside: Vec<Option<usize>>,
    callers: Callers,
    /// For each column of events its place in [`callers::COLUMNS`].
    of_callers: Vec<Option<usize>>,
}

/// An event by itself, with its actions.
pub struct Single {
    /// Number of its id.
    pub id: u128,
    /// Place of its file in the batch.
    pub file: usize,
    event: Vec<Value>,
    actions: Vec<Vec<Value>>,
    change: Option<ChangeRow>,
}

impl Default for Batch {
    fn default() -> Batch {
        Batch {
            files: Vec::new(),
            skipped: Vec::new(),
            no_logs: Vec::new(),
            texts: Texts::default(),
            events: Columns::of::<EventRow>(),
            actions: Columns::of::<ActionRow>(),
            changes: Vec::new(),
            action_ends: Vec::new(),
            file_of: Vec::new(),
            ids: Vec::new(),
            dropped: Vec::new(),
            beside: shared::<ActionRow, EventRow>(),
            callers: Callers::default(),
            of_callers: places::<EventRow>(&callers::COLUMNS),
        }
    }
}

impl Batch {
    /// Decodes files.
    #[must_use]
    pub fn decode(files: &[source::Found], tools: Tools<'_>) -> Batch {
        let Room { mut batch, mut unpacker, mut packed } = tools.rooms.take();
        for file in files {
            batch.file(file, &mut packed, &mut unpacker, tools);
        }
        tools.rooms.give_back_unpacker(unpacker, packed);
        batch.drop_copies();
        batch
    }

    /// Forgets everything but the room that it takes.
    pub fn clear(&mut self) {
        self.files.clear();
        self.skipped.clear();
        self.no_logs.clear();
        self.texts.clear();
        self.events.truncate(0);
        self.actions.truncate(0);
        self.changes.clear();
        self.action_ends.clear();
        self.file_of.clear();
        self.ids.clear();
        self.dropped.clear();
    }

    fn file(&mut self, file: &source::Found, bytes: &mut Vec<u8>, unpacker: &mut Unpacker, tools: Tools<'_>) {
        if let Some(taken) = tools.ledger.object(file) {
            self.skipped.push(taken);
            return;
        }
        let mut entry = FileEntry { path: file.name.clone(), bytes: file.bytes, etag: file.etag().map(str::to_owned), ..FileEntry::default() };
        match file.origin.read_into(bytes) {
            Err(e) => entry.reject_file(source::why(&e)),
            Ok(()) => {
                entry.bytes = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                entry.sha256 = sha256_hex(bytes);
                if let Some(taken) = tools.ledger.taken(&entry, file) {
                    self.skipped.push(taken);
                    return;
                }
                match self.content(&mut entry, bytes, unpacker, tools) {
                    Ok(()) => {}
                    Err(NotTaken::Damaged(reason)) => entry.reject_file(reason),
                    Err(NotTaken::NoLog(reason)) => {
                        self.no_logs.push((entry.path, reason));
                        return;
                    }
                }
            }
        }
        self.files.push(entry);
    }

    fn content(&mut self, entry: &mut FileEntry, bytes: &[u8], unpacker: &mut Unpacker, tools: Tools<'_>) -> Result<(), NotTaken> {
        let plain = unpacker.plain(bytes).map_err(NotTaken::Damaged)?;
        if let Some(verdicts) = tools.digests {
            // The hash is of the very bytes that are decoded below, not of a file that is read again.
            let admitted = digest::admit(verdicts, &entry.path, &digest::hash::sha256(plain));
            entry.admit(admitted).map_err(NotTaken::Damaged)?;
        }
        let (events, actions, changes) = (self.events.len(), self.actions.len(), self.changes.len());
        let name = entry.path.clone();
        let mut callers = std::mem::take(&mut self.callers);
        let quick = text(plain).is_some_and(|text| {
            each_record(text, &mut callers, |Record { raw, caller }, callers| {
                let index = entry.records_read;
                entry.records_read += 1;
                let Ok(known) = callers.of(raw.user_identity, caller) else { return false };
                let (caller, last, numbers) = known.parts();
                let fields = Fields::with(&raw, Identity::default());
                // A record without id is known by the hash of its text, which the quick way does not see.
                if fields.event_id.is_none() {
                    return false;
                }
                let rows = rows_of(fields, caller, Some(last), (&name, index), tools.mapper, tools.reference);
                rows.is_ok_and(|rows| {
                    self.push_if_young(&rows, Some(numbers), entry, tools.ledger);
                    true
                })
            })
        });
        self.callers = callers;
        if quick {
            return Ok(());
        }
        self.events.truncate(events);
        self.actions.truncate(actions);
        self.changes.truncate(changes);
        self.action_ends.truncate(events);
        self.file_of.truncate(events);
        self.ids.truncate(events);
        (entry.records_read, entry.too_old) = (0, 0);
        for found in carried(&name, plain)?.records {
            let index = entry.records_read;
            entry.records_read += 1;
            let taken = found.and_then(|json| {
                let fields = Fields::read(&json)?.known_by(&json);
                self.push_if_young(&rows(fields, &name, index, tools.mapper, tools.reference)?, None, entry, tools.ledger);
                Ok(())
            });
            if let Err((field, reason)) = taken {
                entry.reject(index, field, reason);
            }
        }
        Ok(())
    }

    /// Takes an event, or counts it as too old; `numbers` are those of its caller's texts, if the caller is remembered.
    fn push_if_young(&mut self, rows: &Rows<'_>, numbers: Option<&mut Numbers>, entry: &mut FileEntry, ledger: &Ledger) {
        if rows.event.date.as_deref().is_some_and(|day| ledger.is_too_old(day)) {
            entry.too_old += 1;
        } else {
            self.push(rows, numbers);
        }
    }

    fn push(&mut self, rows: &Rows<'_>, numbers: Option<&mut Numbers>) {
        match numbers {
            None => self.events.push(&rows.event, &mut self.texts),
            Some(numbers) => {
                let known = numbers.known(self.texts.age(), rows.context_serial);
                self.events.push_known(&rows.event, &mut self.texts, &self.of_callers, &known);
                if known.iter().any(Option::is_none) {
                    self.events.last_numbers(&self.of_callers, numbers.note(self.texts.age(), rows.context_serial));
                }
            }
        }
        for action in &rows.actions {
            self.actions.push_beside(action, &self.events, &self.beside, &mut self.texts);
        }
        if let Some(change) = &rows.change {
            self.changes.push((self.ids.len(), change.clone()));
        }
        self.close(number_of(rows.event.event_id.as_deref().unwrap_or("")), self.files.len());
    }

    fn close(&mut self, id: u128, file: usize) {
        self.action_ends.push(self.actions.len());
        self.ids.push(id);
        self.file_of.push(file);
    }

    /// Of the copies of one event keeps the one that names its caller, then the first.
    fn drop_copies(&mut self) {
        let kinds = self.events.numbers("principal_type");
        let is_other_side = |row: usize| kinds.get(row).and_then(|n| self.texts.get(*n)) == Some("AWSAccount");
        self.dropped = vec![false; self.ids.len()];
        let mut best: HashMap<u128, usize, foldhash::fast::RandomState> = HashMap::default();
        best.reserve(self.ids.len());
        for (row, id) in self.ids.iter().enumerate() {
            let loser = match best.entry(*id) {
                std::collections::hash_map::Entry::Vacant(free) => {
                    free.insert(row);
                    continue;
                }
                std::collections::hash_map::Entry::Occupied(mut held) => {
                    let before = *held.get();
                    if is_other_side(before) && !is_other_side(row) {
                        held.insert(row);
                        before
                    } else {
                        row
                    }
                }
            };
            if let Some(dropped) = self.dropped.get_mut(loser) {
                *dropped = true;
            }
        }
    }

    /// Rows of the events that are kept.
    pub fn kept(&self) -> impl Iterator<Item = usize> + '_ {
        self.dropped.iter().enumerate().filter(|(_, dropped)| !**dropped).map(|(row, _)| row)
    }

    /// What an event changed of the grants.
    #[must_use]
    pub fn change_of(&self, row: usize) -> Option<&ChangeRow> {
        let at = self.changes.binary_search_by_key(&row, |(of, _)| *of).ok()?;
        self.changes.get(at).map(|(_, change)| change)
    }

    /// Rows of an event's actions.
    #[must_use]
    pub fn actions_of(&self, row: usize) -> Range<usize> {
        let end = |row: usize| self.action_ends.get(row).copied().unwrap_or_default();
        row.checked_sub(1).map_or(0, end)..end(row)
    }

    /// The number of an event's id.
    #[must_use]
    pub fn id(&self, row: usize) -> u128 {
        self.ids.get(row).copied().unwrap_or_default()
    }

    /// The days of the events.
    pub fn days(&self) -> impl Iterator<Item = &str> {
        let mut numbers = self.events.numbers("date").to_vec();
        numbers.sort_unstable();
        numbers.dedup();
        numbers.into_iter().filter_map(|n| self.texts.get(n))
    }

    /// The place of an event's file.
    #[must_use]
    pub fn file_of(&self, row: usize) -> usize {
        self.file_of.get(row).copied().unwrap_or_default()
    }

    /// Keeps an event no longer.
    pub fn drop_event(&mut self, row: usize) {
        if let Some(dropped) = self.dropped.get_mut(row) {
            *dropped = true;
        }
    }

    /// Takes an event out, to be kept or dropped later.
    pub fn take_out(&mut self, row: usize) -> Single {
        self.drop_event(row);
        Single {
            id: self.id(row),
            file: self.file_of(row),
            event: self.events.row(row, &self.texts),
            actions: self.actions_of(row).map(|a| self.actions.row(a, &self.texts)).collect(),
            change: self.change_of(row).cloned(),
        }
    }

    /// Puts an event in that was taken out of another batch.
    pub fn put_in(&mut self, single: Single) {
        self.events.push_values(&single.event, &mut self.texts);
        for action in &single.actions {
            self.actions.push_values(action, &mut self.texts);
        }
        self.changes.extend(single.change.map(|change| (self.ids.len(), change)));
        self.close(single.id, single.file);
        self.dropped.push(false);
    }

    /// Counts kept events and copies for each file.
    pub fn count(&mut self) {
        for (file, dropped) in self.file_of.iter().zip(&self.dropped) {
            if let Some(entry) = self.files.get_mut(*file) {
                if *dropped {
                    entry.duplicate += 1;
                } else {
                    entry.kept += 1;
                }
            }
        }
    }
}
