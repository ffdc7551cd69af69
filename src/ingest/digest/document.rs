//! A digest file and the S3 metadata kept beside it.
//!
//! The fields that must be there are those that the string to sign and the walk along the chain need; a digest without
//! one of them is no digest. Texts stay as they are written: the signature is over them. Source: CloudTrail User Guide,
//! "CloudTrail digest file structure" and "Custom implementations of CloudTrail log file integrity validation".

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::ingest::times::parse_ms;

/// The only algorithm that digests are signed with.
pub const SIGNATURE_ALGORITHM: &str = "SHA256withRSA";

/// The only algorithm that hashes are made with.
pub const HASH_ALGORITHM: &str = "SHA-256";

/// A log file as a digest lists it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogRef {
    /// The object's key.
    pub s3_object: String,
    /// Hash of its uncompressed bytes, hexadecimal.
    pub hash_value: String,
    /// What made the hash.
    pub hash_algorithm: String,
}

/// What a digest says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Document {
    /// Start of the time it covers, as written.
    pub digest_start_time: String,
    /// End of the time it covers, as written.
    pub digest_end_time: String,
    /// Its bucket.
    pub digest_s3_bucket: String,
    /// Its key.
    pub digest_s3_object: String,
    /// Which public key fits its signature.
    pub digest_public_key_fingerprint: String,
    /// How it is signed; AWS's own validator takes digests without it.
    pub digest_signature_algorithm: Option<String>,
    /// Key of the digest before it; none at the start of a chain.
    pub previous_digest_s3_object: Option<String>,
    /// Hash of the digest before it, hexadecimal.
    pub previous_digest_hash_value: Option<String>,
    /// What made that hash.
    pub previous_digest_hash_algorithm: Option<String>,
    /// Signature of the digest before it, hexadecimal. The field has to be there, but may be null.
    #[serde(deserialize_with = "there")]
    pub previous_digest_signature: Option<String>,
    /// The log files delivered in its time.
    pub log_files: Vec<LogRef>,
}

/// A field that may be null but not missing.
fn there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Option::deserialize(deserializer)
}

impl Document {
    /// Reads a digest's uncompressed bytes.
    ///
    /// # Errors
    /// Why they are no digest.
    pub fn parse(bytes: &[u8]) -> Result<Document, String> {
        let document: Document = serde_json::from_slice(bytes).map_err(|e| format!("not a digest: {e}"))?;
        for (field, text) in [("digestStartTime", &document.digest_start_time), ("digestEndTime", &document.digest_end_time)] {
            if parse_ms(text).is_none() {
                return Err(format!("not a digest: {field} is no time"));
            }
        }
        Ok(document)
    }

    /// Start of its time, epoch milliseconds UTC.
    #[must_use]
    pub fn start_ms(&self) -> i64 {
        parse_ms(&self.digest_start_time).unwrap_or_default()
    }

    /// End of its time, epoch milliseconds UTC.
    #[must_use]
    pub fn end_ms(&self) -> i64 {
        parse_ms(&self.digest_end_time).unwrap_or_default()
    }

    /// The text that AWS signs: end, place, hash of the uncompressed digest, signature of the one before it or `null`.
    #[must_use]
    pub fn string_to_sign(&self, sha256_hex: &str) -> String {
        let previous = self.previous_digest_signature.as_deref().unwrap_or("null");
        format!("{}\n{}/{}\n{sha256_hex}\n{previous}", self.digest_end_time, self.digest_s3_bucket, self.digest_s3_object)
    }
}

/// S3 metadata of a digest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metadata {
    /// `signature`: the digest's signature, hexadecimal.
    pub signature: Option<String>,
    /// `signature-algorithm`.
    pub algorithm: Option<String>,
    /// `backfill-generation-timestamp`: when a backfill digest was made, epoch milliseconds UTC.
    pub backfill_ms: Option<i64>,
}

impl Metadata {
    /// Reads what `aws s3api head-object` printed: `Metadata.signature`, or the header's name `x-amz-meta-signature`.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub fn parse(bytes: &[u8]) -> Result<Metadata, String> {
        let object: Map<String, Value> = serde_json::from_slice(bytes).map_err(|e| format!("metadata cannot be read: {e}"))?;
        let mut metadata = Metadata::default();
        let inner = object.iter().filter(|(k, _)| k.eq_ignore_ascii_case("metadata")).filter_map(|(_, v)| v.as_object()).flatten();
        for (name, value) in object.iter().chain(inner) {
            let Some(text) = value.as_str() else { continue };
            let name = name.to_ascii_lowercase();
            match name.strip_prefix("x-amz-meta-").unwrap_or(&name) {
                "signature" => metadata.signature = Some(text.to_owned()),
                "signature-algorithm" => metadata.algorithm = Some(text.to_owned()),
                "backfill-generation-timestamp" => metadata.backfill_ms = parse_ms(text),
                _ => {}
            }
        }
        Ok(metadata)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest() -> Value {
        serde_json::json!({
            "awsAccountId": "1", "digestStartTime": "2026-10-01T00:00:00Z", "digestEndTime": "2026-10-01T01:00:00Z",
            "digestS3Bucket": "b", "digestS3Object": "k", "digestPublicKeyFingerprint": "f", "digestSignatureAlgorithm": "SHA256withRSA",
            "newestEventTime": null, "oldestEventTime": null, "previousDigestS3Bucket": null, "previousDigestS3Object": null,
            "previousDigestHashValue": null, "previousDigestHashAlgorithm": null, "previousDigestSignature": null, "logFiles": [],
        })
    }

    fn parsed(value: &Value) -> Result<Document, String> {
        Document::parse(value.to_string().as_bytes())
    }

    #[test]
    fn the_first_digest_is_signed_with_the_word_null() {
        let document = parsed(&digest()).unwrap();
        assert_eq!(document.string_to_sign("abc"), "2026-10-01T01:00:00Z\nb/k\nabc\nnull");
        let mut later = digest();
        later["previousDigestSignature"] = "00ff".into();
        assert_eq!(parsed(&later).unwrap().string_to_sign("abc"), "2026-10-01T01:00:00Z\nb/k\nabc\n00ff");
    }

    #[test]
    fn every_field_that_is_needed_has_to_be_there() {
        for field in ["digestStartTime", "digestEndTime", "digestS3Bucket", "digestS3Object", "digestPublicKeyFingerprint", "previousDigestSignature", "logFiles"] {
            let mut without = digest();
            without.as_object_mut().unwrap().remove(field);
            let error = parsed(&without).unwrap_err();
            assert!(error.contains(field), "{error}");
        }
        let mut late = digest();
        late["digestEndTime"] = "soon".into();
        assert!(parsed(&late).unwrap_err().contains("digestEndTime"));
        assert!(Document::parse(b"[]").is_err() && Document::parse(&[0xff]).is_err());
    }

    #[test]
    fn metadata_as_the_cli_prints_it() {
        let printed = br#"{"ContentType":"application/json","ETag":"\"x\"","Metadata":{"signature":"ab","signature-algorithm":"SHA256withRSA","backfill-generation-timestamp":"2026-10-02T00:00:00Z"}}"#;
        let metadata = Metadata::parse(printed).unwrap();
        assert_eq!((metadata.signature.as_deref(), metadata.algorithm.as_deref(), metadata.backfill_ms), (Some("ab"), Some(SIGNATURE_ALGORITHM), Some(1_790_899_200_000)));
        assert_eq!(Metadata::parse(br#"{"x-amz-meta-signature":"cd"}"#).unwrap().signature.as_deref(), Some("cd"));
        assert_eq!(Metadata::parse(b"{}").unwrap(), Metadata::default());
        assert!(Metadata::parse(b"{").is_err());
    }
}
