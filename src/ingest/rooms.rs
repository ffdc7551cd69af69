//! Memory for batches, kept from one to the next: the system would have to clear it again each time.

use std::sync::{Mutex, PoisonError};

use super::batch::Batch;
use super::unpack::{Limits, Unpacker};

/// What one batch works with.
pub struct Room {
    /// An empty batch.
    pub batch: Batch,
    /// Unpacks its files.
    pub unpacker: Unpacker,
}

/// Rooms that are free.
pub struct Rooms {
    batches: Mutex<Vec<Batch>>,
    unpackers: Mutex<Vec<Unpacker>>,
    limits: Limits,
}

impl Rooms {
    /// None yet; files may hold so much.
    #[must_use]
    pub fn new(limits: Limits) -> Rooms {
        Rooms { batches: Mutex::default(), unpackers: Mutex::default(), limits }
    }

    /// A room to use.
    #[must_use]
    pub fn take(&self) -> Room {
        let batch = self.batches.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
        let unpacker = self.unpackers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Room { batch, unpacker: unpacker.unwrap_or_else(|| Unpacker::new(self.limits)) }
    }

    /// Takes an unpacker back.
    pub fn give_back_unpacker(&self, unpacker: Unpacker) {
        self.unpackers.lock().unwrap_or_else(PoisonError::into_inner).push(unpacker);
    }

    /// Takes a batch back, and empties it.
    pub fn give_back(&self, mut batch: Batch) {
        batch.clear();
        self.batches.lock().unwrap_or_else(PoisonError::into_inner).push(batch);
    }
}
