//! The hash that digests give: SHA-256 over the uncompressed bytes of the first gzip member, with nothing behind it.
//!
//! Bytes behind the first member are refused by name: other readers would go on and return records that no hash covers.
//! Files are read in pieces and never held, so that their size does not matter.

use std::io::{BufRead as _, BufReader, Read};

use sha2::{Digest as _, Sha256};

use crate::ingest::source::{Origin, why};

/// A file may have this many bytes at most when it is unpacked, as in `decode`.
const MAX_BYTES: u64 = 1 << 30;

/// A digest may have this many bytes at most when it is unpacked.
const MAX_DIGEST_BYTES: u64 = 64 << 20;

/// Why a file has no hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoHash {
    /// It is not what was delivered.
    Damaged(String),
    /// It could not be read, or is too large.
    Unread(String),
}

/// Bytes of a lower-case hexadecimal text, which is how AWS writes signatures and hashes.
#[must_use]
pub fn hex_bytes(text: &str) -> Option<Vec<u8>> {
    let digit = |b: &u8| match b {
        b'0'..=b'9' => Some(b - b'0'),
        b'a'..=b'f' => Some(b - b'a' + 10),
        _ => None,
    };
    let pair = |pair: &[u8]| match pair {
        [high, low] => Some(digit(high)? << 4 | digit(low)?),
        _ => None,
    };
    text.as_bytes().chunks(2).map(pair).collect()
}

/// Lower-case hexadecimal.
#[must_use]
pub fn hex_text(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// Hash of uncompressed bytes that are at hand.
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Hash of a log file.
///
/// # Errors
/// [`NoHash`].
pub fn of_file(file: &Origin) -> Result<[u8; 32], NoHash> {
    let mut hasher = Sha256::new();
    each_piece(file, MAX_BYTES, |piece| hasher.update(piece))?;
    Ok(hasher.finalize().into())
}

/// Uncompressed bytes of a digest.
///
/// # Errors
/// [`NoHash`].
pub fn digest_bytes(file: &Origin) -> Result<Vec<u8>, NoHash> {
    let mut bytes = Vec::new();
    each_piece(file, MAX_DIGEST_BYTES, |piece| bytes.extend_from_slice(piece))?;
    Ok(bytes)
}

fn unread(e: &std::io::Error) -> NoHash {
    NoHash::Unread(why(e))
}

fn each_piece(file: &Origin, max: u64, mut take: impl FnMut(&[u8])) -> Result<(), NoHash> {
    let mut reader = BufReader::with_capacity(1 << 16, file.open().map_err(|e| unread(&e))?);
    let packed = reader.fill_buf().map_err(|e| unread(&e))?.starts_with(&[0x1f, 0x8b]);
    if !packed {
        return pieces(&mut reader, max, &mut take);
    }
    let mut decoder = flate2::bufread::GzDecoder::new(reader);
    pieces(&mut decoder, max, &mut take)?;
    let mut rest = decoder.into_inner();
    if rest.fill_buf().map_err(|e| unread(&e))?.is_empty() {
        return Ok(());
    }
    Err(NoHash::Damaged("bytes behind the gzip stream, which no hash covers".to_owned()))
}

fn pieces(reader: &mut impl Read, max: u64, take: &mut impl FnMut(&[u8])) -> Result<(), NoHash> {
    let mut buffer = vec![0; 1 << 16];
    let mut total = 0;
    loop {
        let n = match reader.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(n) => n,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => return Err(NoHash::Damaged("truncated gzip".to_owned())),
            Err(e) if matches!(e.kind(), std::io::ErrorKind::InvalidInput | std::io::ErrorKind::InvalidData) => {
                return Err(NoHash::Damaged(format!("damaged gzip: {e}")));
            }
            Err(e) => return Err(unread(&e)),
        };
        total += u64::try_from(n).unwrap_or(u64::MAX);
        if total > max {
            return Err(NoHash::Unread(format!("more than {max} bytes when decompressed")));
        }
        take(buffer.get(..n).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lower_case_pairs_are_hexadecimal() {
        assert_eq!(hex_bytes("00ff7a"), Some(vec![0, 255, 122]));
        assert_eq!(hex_text(&[0, 255, 122]), "00ff7a");
        for bad in ["0", "0G", "FF", "0 ", "é"] {
            assert_eq!(hex_bytes(bad), None, "{bad}");
        }
    }
}
