//! One digest: uncompressed, hashed, read, held against its place.

use super::document::{Document, LogRef, Metadata, SIGNATURE_ALGORITHM};
use super::hash::{NoHash, digest_bytes, hex_text, sha256};
use super::name::{SIDECAR, lies_at};
use super::report::Verdict;
use super::tree::DigestFile;
use crate::ingest::source::why;

/// What a digest file holds.
#[derive(Debug)]
pub struct Content {
    /// What it says, without the log files: a chain of some years lists millions.
    pub document: Document,
    /// SHA-256 of its uncompressed bytes.
    pub sha256: [u8; 32],
}

impl Content {
    /// The hash as digests write it.
    #[must_use]
    pub fn sha256_hex(&self) -> String {
        hex_text(&self.sha256)
    }
}

/// A digest file as it was read.
#[derive(Debug)]
pub struct Loaded {
    /// Its content, or the verdict with its reason where that is clear already.
    pub content: Result<Content, (Verdict, String)>,
    /// Its S3 metadata, where they lie beside it.
    pub metadata: Metadata,
    /// What is wrong with the metadata.
    pub problem: Option<String>,
}

/// Reads a digest.
#[must_use]
pub fn load(file: &DigestFile) -> Loaded {
    let (metadata, problem) = match metadata(file) {
        Ok(metadata) => (metadata, None),
        Err(problem) => (Metadata::default(), Some(problem)),
    };
    Loaded { content: content(file), metadata, problem }
}

fn content(file: &DigestFile) -> Result<Content, (Verdict, String)> {
    let bytes = digest_bytes(&file.origin).map_err(|e| match e {
        NoHash::Damaged(reason) => (Verdict::Tampered, reason),
        NoHash::Unread(reason) => (Verdict::Unverifiable, reason),
    })?;
    let mut document = Document::parse(&bytes).map_err(|reason| (Verdict::Tampered, reason))?;
    document.log_files = Vec::new();
    if !lies_at(&file.relative, &document.digest_s3_object) {
        return Err((Verdict::Moved, format!("its own place for it is `{}`", document.digest_s3_object)));
    }
    Ok(Content { document, sha256: sha256(&bytes) })
}

/// The log files that a digest lists, read again; `None` when it is no longer the digest of this hash.
#[must_use]
pub fn listed(file: &DigestFile, hash: [u8; 32]) -> Option<Vec<LogRef>> {
    let bytes = digest_bytes(&file.origin).ok().filter(|bytes| sha256(bytes) == hash)?;
    Some(Document::parse(&bytes).ok()?.log_files)
}

fn metadata(file: &DigestFile) -> Result<Metadata, String> {
    let bytes = match file.origin.metadata(SIDECAR) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Metadata::default()),
        Err(e) => return Err(format!("metadata {}", why(&e))),
    };
    let metadata = Metadata::parse(&bytes)?;
    match metadata.algorithm.as_deref() {
        None | Some(SIGNATURE_ALGORITHM) => Ok(metadata),
        Some(other) => Err(format!("metadata name the signature algorithm `{other}`, which is not known")),
    }
}
