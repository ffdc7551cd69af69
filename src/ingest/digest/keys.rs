//! Public keys of CloudTrail, as `aws cloudtrail list-public-keys` prints them, and the signature under one of them.
//!
//! A key is chosen by its fingerprint, and counts only if it was valid when the digest was made. Keys that lie beside the
//! logs prove little, because who can write the logs can write the keys: where pinned keys are given, only they count.
//! Source: CloudTrail API Reference, ListPublicKeys (Value: base64 of DER, PKCS #1); inputs-and-evaluation.md section 3.2.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rsa::pkcs1::DecodeRsaPublicKey as _;
use rsa::pkcs1v15::{Signature, VerifyingKey};
use rsa::sha2::Sha256;
use rsa::signature::Verifier as _;
use serde_json::Value;

use super::hash::hex_bytes;
use crate::ingest::IngestError;
use crate::ingest::times::parse_ms;

/// A file of keys may have this many bytes at most when it is unpacked.
const MAX_BYTES: u64 = 64 << 20;

/// Where the keys come from that count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeySource {
    /// Pinned by the user.
    Pinned,
    /// Given as part of an export.
    Export,
    /// None were given.
    #[default]
    Nowhere,
}

impl KeySource {
    /// The word in reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            KeySource::Pinned => "pinned",
            KeySource::Export => "export",
            KeySource::Nowhere => "none",
        }
    }
}

/// Files of keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyFiles {
    /// Taken from the export.
    pub export: Vec<PathBuf>,
    /// Kept by the user; if given, only its keys count.
    pub pinned: Option<PathBuf>,
}

/// One public key.
#[derive(Debug)]
pub struct PublicKey {
    /// What AWS calls it.
    pub fingerprint: String,
    /// From when it signs, epoch milliseconds UTC.
    pub from_ms: i64,
    /// Until when it signs, epoch milliseconds UTC.
    pub to_ms: i64,
    value: Vec<u8>,
    key: VerifyingKey<Sha256>,
}

impl PublicKey {
    /// Whether a signature, as lower-case hexadecimal, is this key's over a text.
    #[must_use]
    pub fn signed(&self, text: &str, signature: &str) -> bool {
        let signature = hex_bytes(signature).and_then(|bytes| Signature::try_from(bytes.as_slice()).ok());
        signature.is_some_and(|signature| self.key.verify(text.as_bytes(), &signature).is_ok())
    }
}

/// The keys that count.
#[derive(Debug, Default)]
pub struct PublicKeys {
    /// Where they come from.
    pub source: KeySource,
    /// What is wrong with what was given: file, problem.
    pub problems: Vec<(String, String)>,
    keys: BTreeMap<String, Vec<PublicKey>>,
    not_pinned: BTreeSet<String>,
}

impl PublicKeys {
    /// Reads files of keys.
    ///
    /// # Errors
    /// [`IngestError::Keys`] when a file cannot be read or holds no list of keys.
    pub fn load(files: &KeyFiles) -> Result<PublicKeys, IngestError> {
        let mut keys = PublicKeys::default();
        if let Some(pinned) = &files.pinned {
            keys.source = KeySource::Pinned;
            keys.add(pinned, true)?;
        } else if !files.export.is_empty() {
            keys.source = KeySource::Export;
        }
        for file in &files.export {
            keys.add(file, keys.source == KeySource::Export)?;
        }
        Ok(keys)
    }

    /// The keys that count, by fingerprint.
    pub fn iter(&self) -> impl Iterator<Item = &PublicKey> {
        self.keys.values().flatten()
    }

    fn add(&mut self, path: &Path, counts: bool) -> Result<(), IngestError> {
        let fail = |problem: String| IngestError::Keys { path: path.to_path_buf(), problem };
        let bytes = read(path).map_err(fail)?;
        let name = path.display().to_string();
        // Several outputs of the command may stand one behind the other.
        for document in serde_json::Deserializer::from_slice(&bytes).into_iter::<Value>() {
            let document = document.map_err(|e| fail(format!("not JSON: {e}")))?;
            let list = document.get("PublicKeyList").unwrap_or(&document).as_array().ok_or_else(|| fail("no PublicKeyList".to_owned()))?;
            for (index, item) in list.iter().enumerate() {
                match public_key(item) {
                    Ok(key) => self.insert(&name, key, counts),
                    Err(problem) => self.problems.push((name.clone(), format!("PublicKeyList[{index}]: {problem}"))),
                }
            }
        }
        Ok(())
    }

    fn insert(&mut self, file: &str, key: PublicKey, counts: bool) {
        let same = self.keys.entry(key.fingerprint.clone()).or_default();
        if same.iter().any(|k| k.value == key.value && (k.from_ms, k.to_ms) == (key.from_ms, key.to_ms)) {
            return;
        }
        if same.iter().any(|k| k.value != key.value) {
            let problem = if counts { "two keys have the fingerprint" } else { "another key than the pinned one has the fingerprint" };
            self.problems.push((file.to_owned(), format!("{problem} {}", key.fingerprint)));
            return;
        }
        if counts {
            same.push(key);
        } else if same.is_empty() {
            self.not_pinned.insert(key.fingerprint);
        }
    }

    /// The key of a fingerprint that was valid at some moment of a time, which is given in epoch milliseconds UTC.
    ///
    /// # Errors
    /// Why there is none.
    pub fn find(&self, fingerprint: &str, (from_ms, to_ms): (i64, i64)) -> Result<&PublicKey, String> {
        let same = self.keys.get(fingerprint).map(Vec::as_slice).unwrap_or_default();
        if let Some(key) = same.iter().find(|k| k.from_ms <= to_ms && from_ms <= k.to_ms) {
            return Ok(key);
        }
        Err(if !same.is_empty() {
            format!("the key {fingerprint} was not valid when the digest was made")
        } else if self.not_pinned.contains(fingerprint) {
            format!("the key {fingerprint} comes with the export and is not pinned")
        } else if self.source == KeySource::Nowhere {
            "no public keys were given".to_owned()
        } else {
            format!("no public key with the fingerprint {fingerprint} was given")
        })
    }
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let bytes = std::fs::read(path).map_err(|e| e.to_string())?;
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(bytes);
    }
    let mut plain = Vec::new();
    let read = flate2::read::MultiGzDecoder::new(bytes.as_slice()).take(MAX_BYTES + 1).read_to_end(&mut plain);
    match read {
        Ok(n) if u64::try_from(n).unwrap_or(u64::MAX) > MAX_BYTES => Err(format!("more than {MAX_BYTES} bytes when decompressed")),
        Ok(_) => Ok(plain),
        Err(e) => Err(format!("damaged gzip: {e}")),
    }
}

/// A time as the CLI prints it: text, or epoch seconds with a fraction.
fn time(value: Option<&Value>) -> Option<i64> {
    match value? {
        Value::String(text) => parse_ms(text),
        Value::Number(seconds) => parse_ms(&format!("{:.0}", seconds.as_f64()?)),
        _ => None,
    }
}

fn public_key(item: &Value) -> Result<PublicKey, String> {
    let text = |field: &str| item.get(field).and_then(Value::as_str).ok_or_else(|| format!("{field} is missing"));
    let when = |field: &str| time(item.get(field)).ok_or_else(|| format!("{field} is no time"));
    let fingerprint = text("Fingerprint")?.to_owned();
    let value = STANDARD.decode(text("Value")?).map_err(|e| format!("Value is not base64: {e}"))?;
    let key = rsa::PublicKey::from_pkcs1_der(&value).map_err(|e| format!("Value is no RSA key in PKCS #1 form: {e}"))?;
    Ok(PublicKey { fingerprint, from_ms: when("ValidityStartTime")?, to_ms: when("ValidityEndTime")?, value, key: VerifyingKey::new(key) })
}
