//! From the bytes of a file to its text: gzip and zstd by their first bytes, whatever the file is called.
//!
//! A whole gzip member is unpacked in one go; what cannot be (several members, a wrong or too large size at its end) is
//! read piece by piece, which finds the reason. Source: inputs-and-evaluation.md section 3.2, "Trap".

use std::io::Read;

use libdeflater::{Crc, Decompressor};

/// How much a file may hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Bytes of an unpacked file at most.
    pub max_bytes: u64,
    /// How many times its own size a file may unpack to, once it is larger than [`FREE_BYTES`].
    pub max_ratio: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { max_bytes: 1 << 30, max_ratio: 400 }
    }
}

/// Up to this size the ratio does not matter: a small file of one event over and over packs well.
pub const FREE_BYTES: u64 = 16 << 20;

/// A buffer that has grown over this many bytes is given back after each file.
const KEPT_BYTES: usize = 128 << 20;

impl Limits {
    /// Bytes that a file of this size may unpack to.
    #[must_use]
    pub fn of(self, packed: usize) -> u64 {
        let by_ratio = u64::try_from(packed).unwrap_or(u64::MAX).saturating_mul(self.max_ratio).max(FREE_BYTES);
        self.max_bytes.min(by_ratio)
    }
}

/// Unpacks file after file into one buffer.
pub struct Unpacker {
    gzip: Decompressor,
    buffer: Vec<u8>,
    limits: Limits,
}

impl Unpacker {
    /// With these limits.
    #[must_use]
    pub fn new(limits: Limits) -> Unpacker {
        Unpacker { gzip: Decompressor::new(), buffer: Vec::new(), limits }
    }

    /// The file's bytes, unpacked. These are what digests hash.
    ///
    /// # Errors
    /// The reason for the rejection of the whole file.
    pub fn plain<'u>(&'u mut self, bytes: &'u [u8]) -> Result<&'u [u8], String> {
        if self.buffer.capacity() > KEPT_BYTES {
            self.buffer = Vec::new();
        }
        let most = self.limits.of(bytes.len());
        if bytes.starts_with(&[0x1f, 0x8b]) {
            if let Some(size) = self.in_one_go(bytes, most) {
                return self.buffer.get(..size).ok_or_else(String::new);
            }
            let mut decoder = flate2::bufread::GzDecoder::new(bytes);
            pieces(&mut decoder, &mut self.buffer, most, "gzip")?;
            if !decoder.into_inner().is_empty() {
                return Err("bytes behind the gzip stream, which a digest would not cover".to_owned());
            }
            Ok(&self.buffer)
        } else if bytes.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
            let mut decoder = zstd::stream::read::Decoder::with_buffer(bytes).map_err(|e| format!("damaged zstd: {e}"))?;
            pieces(&mut decoder, &mut self.buffer, most, "zstd")?;
            Ok(&self.buffer)
        } else if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > self.limits.max_bytes {
            Err(format!("more than {} bytes", self.limits.max_bytes))
        } else {
            Ok(bytes)
        }
    }

    /// Unpacks the only member of a gzip file; its size and checksum stand at the end of the file. `None` where that is not so.
    fn in_one_go(&mut self, bytes: &[u8], most: u64) -> Option<usize> {
        let end = bytes.len().checked_sub(8)?;
        let word = |at: usize| bytes.get(at..at + 4).and_then(|b| b.try_into().ok()).map(u32::from_le_bytes);
        let (sum, size) = (word(end)?, word(end + 4)?);
        if u64::from(size) > most {
            return None;
        }
        let size = usize::try_from(size).ok()?;
        if self.buffer.len() < size {
            // Fresh and zeroed by the system, rather than moved and zeroed here; larger than asked for, as the next file may be.
            self.buffer = vec![0; size.saturating_add(size / 4)];
        }
        let room = self.buffer.get_mut(..size)?;
        let written = self.gzip.gzip_decompress(bytes, room).ok()?;
        // A member before the last one may have the last one's size.
        let mut own = Crc::new();
        own.update(room);
        (written == size && own.sum() == sum).then_some(size)
    }
}

fn pieces(from: &mut impl Read, buffer: &mut Vec<u8>, most: u64, what: &str) -> Result<(), String> {
    buffer.clear();
    match from.take(most + 1).read_to_end(buffer) {
        Ok(n) if u64::try_from(n).unwrap_or(u64::MAX) > most => Err(format!("more than {most} bytes when unpacked")),
        Ok(_) => Ok(()),
        Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => Err(format!("truncated {what}")),
        Err(e) => Err(format!("damaged {what}: {e}")),
    }
}

/// Unpacked bytes as text, without byte-order mark; `None` where they are not UTF-8.
#[must_use]
pub fn text(plain: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(plain).ok()?;
    Some(text.strip_prefix('\u{feff}').unwrap_or(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn unpacked(bytes: &[u8]) -> Result<Vec<u8>, String> {
        Unpacker::new(Limits { max_bytes: 1 << 24, max_ratio: 20 }).plain(bytes).map(<[u8]>::to_vec)
    }

    #[test]
    fn only_the_first_member_is_read_and_nothing_may_stand_behind_it() {
        let one = gzip(b"first");
        assert_eq!(unpacked(&one).unwrap(), b"first");
        assert_eq!(unpacked(b"plain").unwrap(), b"plain");
        for behind in [gzip(b"other"), gzip(b"longer than it"), b"x".to_vec(), vec![0; 64]] {
            let both = [one.clone(), behind].concat();
            assert!(unpacked(&both).unwrap_err().contains("behind the gzip stream"), "{both:?}");
        }
        assert!(unpacked(&one[..one.len() - 1]).unwrap_err().contains("truncated"));
        assert!(unpacked(&one[..9]).unwrap_err().contains("truncated"));
        let mut damaged = one.clone();
        damaged[12] ^= 0x55;
        assert!(unpacked(&damaged).is_err());
    }

    #[test]
    fn bombs_are_refused_by_ratio_and_by_size() {
        let free = usize::try_from(FREE_BYTES).unwrap();
        assert!(unpacked(&gzip(&vec![b'a'; free])).is_ok(), "small enough for any ratio");
        assert!(unpacked(&gzip(&vec![b'a'; free + 1])).unwrap_err().contains("more than"));
        assert!(unpacked(&vec![b'a'; (1 << 24) + 1]).unwrap_err().contains("more than"));
        let packed = zstd::encode_all(&vec![b'a'; free + 1][..], 3).unwrap();
        assert!(unpacked(&packed).unwrap_err().contains("more than"));
        assert_eq!(unpacked(&zstd::encode_all(&b"text"[..], 3).unwrap()).unwrap(), b"text");
        // The size at the end of the file is the sender's word.
        let mut lies = gzip(b"text");
        let end = lies.len() - 4;
        lies[end..].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(unpacked(&lies).is_err());
    }
}
