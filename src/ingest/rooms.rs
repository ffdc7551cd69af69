//! Memory for batches, kept from one to the next: the system would have to clear it again each time.

use std::sync::{Mutex, PoisonError};

use super::batch::Batch;
use super::unpack::{Limits, Unpacker};

/// Room for packed files that is larger is given up.
const KEPT_BYTES: usize = 32 << 20;

/// What one batch works with.
pub struct Room {
    /// An empty batch.
    pub batch: Batch,
    /// Unpacks its files.
    pub unpacker: Unpacker,
    /// The file at hand, as it lies.
    pub packed: Vec<u8>,
}

/// Rooms that are free.
pub struct Rooms {
    batches: Mutex<Vec<Batch>>,
    unpackers: Mutex<Vec<(Unpacker, Vec<u8>)>>,
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
        let used = self.unpackers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let (unpacker, packed) = used.unwrap_or_else(|| (Unpacker::new(self.limits), Vec::new()));
        Room { batch, unpacker, packed }
    }

    /// Takes an unpacker and the room of the files that it unpacked back.
    pub fn give_back_unpacker(&self, unpacker: Unpacker, mut packed: Vec<u8>) {
        if packed.capacity() > KEPT_BYTES {
            packed = Vec::new();
        }
        self.unpackers.lock().unwrap_or_else(PoisonError::into_inner).push((unpacker, packed));
    }

    /// Takes a batch back, and empties it.
    pub fn give_back(&self, mut batch: Batch) {
        batch.clear();
        self.batches.lock().unwrap_or_else(PoisonError::into_inner).push(batch);
    }
}
