//! One chain, from the newest digest to the oldest: which digests are proven, and where the chain has gaps.
//!
//! A signature proves the digest that it fits, wherever it was found: in the digest's S3 metadata, or in the digest after it.
//! One that does not fit condemns: the digest, where the signature comes from metadata or from a verified digest; the digest
//! after it, where the digest itself is proven by its metadata. RSA with PKCS #1 v1.5 has one signature for a text, so that
//! two genuine digests cannot disagree. Source: CloudTrail User Guide, "Custom implementations of CloudTrail log file
//! integrity validation"; inputs-and-evaluation.md section 3.2.

use std::borrow::Cow;
use std::collections::HashMap;

use rayon::prelude::*;

use super::document::{Document, HASH_ALGORITHM};
use super::keys::{PublicKey, PublicKeys};
use super::load::{Content, Loaded};
use super::name::{last_part, lies_at, without_gz};
use super::report::{Gap, GapKind, Verdict};
use super::tree::DigestFile;

const HOUR_MS: i64 = 3_600_000;

/// A verdict with its reason.
pub type Judgement = (Verdict, Cow<'static, str>);

/// What became of a chain. Digests by their place, the newest first.
#[derive(Debug, Default)]
pub struct Judged {
    /// One for each digest.
    pub digests: Vec<Judgement>,
    /// Digests that are named and not there: place of the digest that names it, key.
    pub missing: Vec<(usize, String)>,
    /// Place of the digest at the newer end, gap.
    pub gaps: Vec<(usize, Gap)>,
}

/// What the signatures say of one digest.
struct Checks<'a> {
    key: Result<&'a PublicKey, String>,
    metadata: Option<bool>,
    /// Place of a digest that names this one as the one before it; whether the signature in it fits, if it has one.
    next: Vec<(usize, Option<bool>)>,
}

/// Judges the digests of a chain.
#[must_use]
pub fn judge(files: &[DigestFile], loaded: &[Loaded], keys: &PublicKeys, backfill: bool) -> Judged {
    let (next, mut judged) = links(files, loaded);
    let checks: Vec<Option<Checks<'_>>> = loaded
        .par_iter()
        .zip(next)
        .map(|(digest, next)| Some(check(digest, digest.content.as_ref().ok()?, next, loaded, keys, backfill)))
        .collect();
    for (digest, checks) in loaded.iter().zip(&checks) {
        let judgement = match (&digest.content, checks) {
            (Ok(content), Some(checks)) => verdict(content, checks, loaded, &mut judged.digests),
            (Err((verdict, reason)), _) => (*verdict, reason.clone().into()),
            (Ok(_), None) => (Verdict::Unverifiable, "it was not checked".into()),
        };
        judged.digests.push(judgement);
    }
    judged
}

/// For each digest those that follow it; what is missing; gaps.
fn links(files: &[DigestFile], loaded: &[Loaded]) -> (Vec<Vec<usize>>, Judged) {
    let mut judged = Judged::default();
    let mut next = vec![Vec::new(); files.len()];
    let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, file) in files.iter().enumerate() {
        by_name.entry(without_gz(last_part(&file.relative))).or_default().push(at);
    }
    // Of the digests that are older: the end of the newest that can be read. Copies of a digest are not older than it.
    let (mut older_end, mut end, mut name, mut is_oldest): (Option<&str>, Option<&str>, Option<&str>, bool) = (None, None, None, true);
    for (at, (file, digest)) in files.iter().zip(loaded).enumerate().rev() {
        let its_name = without_gz(last_part(&file.relative));
        if name.is_some_and(|name| name != its_name) {
            (older_end, is_oldest) = (end, false);
        }
        name = Some(its_name);
        let gap = |to: &str, kind| Gap { from: older_end.map(str::to_owned), to: to.to_owned(), kind };
        let Ok(content) = &digest.content else {
            if !is_oldest {
                let end = jiff::Timestamp::from_millisecond(file.end_ms).map_or_else(|_| String::new(), |t| t.to_string());
                judged.gaps.push((at, gap(&end, GapKind::BrokenLink)));
            }
            continue;
        };
        let document = &content.document;
        match &document.previous_digest_s3_object {
            None if !is_oldest => judged.gaps.push((at, gap(&document.digest_start_time, GapKind::StartsAgain))),
            None => {}
            Some(key) => {
                let same: Vec<usize> = by_name.get(without_gz(last_part(key))).cloned().unwrap_or_default();
                let here = |other: &&usize| files.get(**other).is_some_and(|f| lies_at(&f.relative, key));
                let found: Vec<usize> = same.iter().filter(here).copied().collect();
                if found.is_empty() {
                    judged.gaps.push((at, gap(&document.digest_start_time, GapKind::MissingDigest)));
                    if same.is_empty() {
                        judged.missing.push((at, key.clone()));
                    }
                }
                for other in found {
                    if let Some(list) = next.get_mut(other) {
                        list.push(at);
                    }
                }
            }
        }
        end = Some(&document.digest_end_time);
    }
    judged.gaps.reverse();
    judged.missing.reverse();
    judged.gaps.dedup_by(|a, b| a.1 == b.1);
    judged.missing.dedup_by(|a, b| a.1 == b.1);
    (next, judged)
}

/// When a key has to be valid: around the digest's time; for a backfill digest, around the time it was made, which only its
/// metadata say.
fn key_time(document: &Document, digest: &Loaded, backfill: bool) -> Result<(i64, i64), String> {
    match digest.metadata.backfill_ms {
        Some(made) if backfill => Ok((made.saturating_sub(HOUR_MS), made.saturating_add(HOUR_MS))),
        None if backfill => Err("no metadata beside it say when this backfill digest was made, and so which keys were valid".to_owned()),
        _ => Ok((document.start_ms(), document.end_ms().saturating_add(2 * HOUR_MS))),
    }
}

fn check<'a>(digest: &Loaded, content: &Content, next: Vec<usize>, loaded: &[Loaded], keys: &'a PublicKeys, backfill: bool) -> Checks<'a> {
    let document = &content.document;
    let key = key_time(document, digest, backfill).and_then(|time| keys.find(&document.digest_public_key_fingerprint, time));
    let text = document.string_to_sign(&content.sha256_hex());
    let fits = |signature: &String| key.as_ref().ok().map(|key| key.signed(&text, signature));
    let metadata = digest.metadata.signature.as_ref().and_then(fits);
    let next = next
        .into_iter()
        .map(|at| (at, document_of(loaded, at).and_then(|d| d.previous_digest_signature.as_ref()).and_then(fits)))
        .collect();
    Checks { key, metadata, next }
}

fn document_of(loaded: &[Loaded], at: usize) -> Option<&Document> {
    Some(&loaded.get(at)?.content.as_ref().ok()?.document)
}

/// Whether a digest gives another hash of the one before it than that has.
fn other_hash(loaded: &[Loaded], at: usize, hash: &str) -> bool {
    document_of(loaded, at).is_some_and(|d| {
        d.previous_digest_hash_algorithm.as_deref() != Some(HASH_ALGORITHM) || d.previous_digest_hash_value.as_deref() != Some(hash)
    })
}

/// The verdict on a digest, whose followers are judged already; what it shows of them changes theirs.
fn verdict(content: &Content, checks: &Checks<'_>, loaded: &[Loaded], judged: &mut [Judgement]) -> Judgement {
    let hash = content.sha256_hex();
    let of = |judged: &[Judgement], at: usize| judged.get(at).map_or(Verdict::Unverifiable, |(verdict, _)| *verdict);
    let disagrees = |judged: &[Judgement], wanted: Verdict| checks.next.iter().any(|(at, _)| of(judged, *at) == wanted && other_hash(loaded, *at, &hash));
    let verified_next_disagrees = disagrees(judged, Verdict::Verified);
    let tampered = |reason: &'static str| (Verdict::Tampered, Cow::Borrowed(reason));
    if let Err(reason) = &checks.key {
        return if verified_next_disagrees {
            tampered("the digest after it gives another hash of it")
        } else if disagrees(judged, Verdict::Unverifiable) {
            tampered("the digest after it, which is not verified itself, gives another hash of it: one of the two was changed")
        } else {
            (Verdict::Unverifiable, reason.clone().into())
        };
    }
    let says = |wanted: Verdict, fits: bool| checks.next.iter().any(|(at, signed)| of(judged, *at) == wanted && *signed == Some(fits));
    let proven = match checks.metadata {
        Some(false) => return tampered("the signature in its metadata does not fit"),
        Some(true) => true,
        None if says(Verdict::Verified, false) => return tampered("the signature in the digest after it does not fit"),
        None if says(Verdict::Verified, true) => true,
        None if says(Verdict::Unverifiable, true) || says(Verdict::Tampered, true) => true,
        None if says(Verdict::Unverifiable, false) => {
            return tampered("the signature in the digest after it, which is not verified itself, does not fit: one of the two was changed");
        }
        None => false,
    };
    if verified_next_disagrees {
        return tampered("the digest after it gives another hash of it");
    }
    if proven {
        for (at, signed) in &checks.next {
            if let Some(next) = judged.get_mut(*at)
                && next.0 == Verdict::Unverifiable
                && (*signed != Some(true) || other_hash(loaded, *at, &hash))
            {
                *next = tampered("it gives another signature or hash of the digest before it, which is verified");
            }
        }
        return (Verdict::Verified, Cow::Borrowed(""));
    }
    let reason = if checks.next.is_empty() {
        "it has no signature: no metadata lie beside it, and no digest after it is here"
    } else {
        "it has no signature: no metadata lie beside it, and the digest after it is not to be trusted"
    };
    (Verdict::Unverifiable, Cow::Borrowed(reason))
}
