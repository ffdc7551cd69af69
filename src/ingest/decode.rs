//! From a file's bytes to its content: gzip and zstd by their first bytes. What the content carries is `carriers`.
//!
//! A file is taken whole or not at all: a cut stream is one rejection, so that the complete file, when it comes, is not half
//! known already.

use std::io::Read;

/// A decompressed file may have this many bytes at most; more is a bomb.
const MAX_BYTES: u64 = 1 << 30;

/// Why a record or file is rejected: field, reason.
pub type Reject = (&'static str, String);

fn all_of(mut decoder: impl Read, kind: &str) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    match decoder.by_ref().take(MAX_BYTES + 1).read_to_end(&mut out) {
        Ok(_) if u64::try_from(out.len()).unwrap_or(u64::MAX) > MAX_BYTES => Err(format!("more than {MAX_BYTES} bytes when decompressed")),
        Ok(_) => Ok(out),
        Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => Err(format!("truncated {kind}")),
        Err(e) => Err(format!("damaged {kind}: {e}")),
    }
}

/// The file's content.
///
/// # Errors
/// The reason for the rejection of the whole file.
pub fn plain(bytes: Vec<u8>) -> Result<Vec<u8>, String> {
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut decoder = flate2::bufread::GzDecoder::new(bytes.as_slice());
        let out = all_of(&mut decoder, "gzip")?;
        if !decoder.into_inner().is_empty() {
            return Err("bytes behind the gzip stream, which a digest would not cover".to_owned());
        }
        return Ok(out);
    }
    if bytes.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        let decoder = zstd::stream::read::Decoder::with_buffer(bytes.as_slice()).map_err(|e| format!("damaged zstd: {e}"))?;
        return all_of(decoder, "zstd");
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn content_comes_out_whole_or_not_at_all() {
        let text = b"{\"Records\": []}".repeat(100);
        let (gz, zst) = (gzip(&text), zstd::encode_all(text.as_slice(), 1).unwrap());
        for packed in [&text, &gz, &zst] {
            assert_eq!(plain(packed.clone()).as_deref(), Ok(text.as_slice()));
        }
        assert_eq!(plain(gz[..gz.len() - 4].to_vec()), Err("truncated gzip".to_owned()));
        assert_eq!(plain(zst[..zst.len() - 4].to_vec()), Err("truncated zstd".to_owned()));
        assert!(plain([&gz[..], &gz[..]].concat()).unwrap_err().starts_with("bytes behind the gzip stream"));
        for (packed, kind) in [(gz, "damaged gzip"), (zst, "damaged zstd")] {
            let mut packed = packed;
            let middle = packed.len() / 2;
            packed.iter_mut().skip(middle).for_each(|b| *b = !*b);
            assert!(plain(packed).unwrap_err().starts_with(kind), "{kind}");
        }
    }
}
