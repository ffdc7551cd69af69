//! Digest validation, offline: are the log files those that CloudTrail delivered, and are they all there?
//!
//! CloudTrail signs every hour, for each region of a trail, a digest that lists the log files with their hashes and names
//! the digest before it. Chains are walked from the newest digest to the oldest, then the log files are hashed, side by
//! side and in pieces; at any time the digests of one chain are held, without what they list, and no log file. Nothing is fetched: keys come from
//! files. Source: CloudTrail User Guide, "Validating CloudTrail log file integrity"; inputs-and-evaluation.md section 3.2.

pub mod chain;
pub mod document;
pub mod hash;
pub mod keys;
pub mod load;
pub mod logs;
pub mod name;
pub mod report;
pub mod tree;

use std::borrow::Cow;
use std::collections::BTreeMap;

use rayon::prelude::*;

pub use keys::{KeyFiles, KeySource, PublicKeys};
pub use report::{FileKind, FileVerdict, Report, Verdict, Verdicts, admit};

use super::IngestError;
use super::source::Listing;
use name::ChainId;
use report::{ChainReport, KeyUse};
use tree::{DigestFile, Tree};

const HOUR_MS: i64 = 3_600_000;

/// A time, epoch milliseconds UTC, both ends included; an end that is not given is open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Period {
    /// Its start.
    pub since_ms: Option<i64>,
    /// Its end.
    pub until_ms: Option<i64>,
}

impl Period {
    /// Whether a time is in it.
    #[must_use]
    pub fn has(self, at_ms: i64) -> bool {
        self.since_ms.is_none_or(|since| since <= at_ms) && self.until_ms.is_none_or(|until| at_ms <= until)
    }

    /// Whether a digest that ends at a time may list files delivered in this period.
    fn has_digest(self, end_ms: i64) -> bool {
        self.since_ms.is_none_or(|since| since <= end_ms) && self.until_ms.is_none_or(|until| end_ms - HOUR_MS <= until)
    }
}

/// What to validate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VerifyOptions {
    /// Public keys.
    pub keys: KeyFiles,
    /// Which digests and log files count, by when they were delivered.
    pub period: Period,
}

/// Validates digests among files and the log files that they list.
///
/// # Errors
/// [`IngestError::Keys`] when keys cannot be read.
pub fn verify(files: &Listing, options: &VerifyOptions) -> Result<Report, IngestError> {
    let keys = PublicKeys::load(&options.keys)?;
    let tree = Tree::of(files);
    let mut report = Report { key_source: keys.source, problems: keys.problems.clone(), ..Report::default() };
    report.problems.extend(tree.strangers.iter().map(|name| (name.clone(), "in a digest folder, without a digest's name".to_owned())));
    let mut logs = logs::LogVerdicts::new(&tree.logs);
    let mut used: BTreeMap<String, usize> = BTreeMap::new();
    for (id, files) in &tree.chains {
        take_chain(id, files, &keys, options.period, &mut report, &mut logs, &mut used);
    }
    report.keys = keys
        .iter()
        .filter_map(|k| Some(KeyUse { fingerprint: k.fingerprint.clone(), from_ms: k.from_ms, to_ms: k.to_ms, digests: *used.get(&k.fingerprint)? }))
        .collect();
    report.files.extend(logs.finish(options.period));
    report.files.sort();
    report.problems.sort();
    Ok(report)
}

fn take_chain(
    id: &ChainId,
    files: &[DigestFile],
    keys: &PublicKeys,
    period: Period,
    report: &mut Report,
    logs: &mut logs::LogVerdicts<'_>,
    used: &mut BTreeMap<String, usize>,
) {
    let asked = |file: &DigestFile| period.has_digest(file.end_ms);
    let (Some(first), Some(last)) = (files.iter().position(asked), files.iter().rposition(asked)) else { return };
    // The digest after the newest that is asked for has the signature of that one; it is not judged itself.
    let beyond = usize::from(first > 0);
    let files = files.get(first - beyond..=last).unwrap_or_default();
    let loaded: Vec<load::Loaded> = files.par_iter().map(load::load).collect();
    let mut judged = chain::judge(files, &loaded, keys, id.backfill);
    let reads = |at: usize| loaded.get(at).and_then(|l| l.content.as_ref().ok());
    let begins_in_time = |at: usize| period.since_ms.is_none_or(|since| reads(at).is_none_or(|c| c.document.start_ms() > since));
    judged.gaps.retain(|(at, _)| *at >= beyond && begins_in_time(*at));
    judged.missing.retain(|(at, _)| *at >= beyond && begins_in_time(*at));
    let mut documents = loaded.iter().skip(beyond).filter_map(|l| l.content.as_ref().ok()).map(|c| &c.document);
    let newest = documents.next();
    report.chains.push(ChainReport {
        id: id.clone(),
        digests: files.len() - beyond,
        to: newest.map(|d| d.digest_end_time.clone()),
        from: documents.next_back().or(newest).map(|d| d.digest_start_time.clone()),
        gaps: judged.gaps.into_iter().map(|(_, gap)| gap).collect(),
    });
    for ((file, loaded), (verdict, reason)) in files.iter().zip(&loaded).zip(&judged.digests).skip(beyond) {
        let sha256 = loaded.content.as_ref().ok().map(|c| c.sha256);
        if let (Ok(content), Verdict::Verified) = (&loaded.content, verdict) {
            *used.entry(content.document.digest_public_key_fingerprint.clone()).or_default() += 1;
        }
        report.files.push(FileVerdict { kind: FileKind::Digest, name: file.name.clone(), verdict: *verdict, reason: reason.clone(), sha256 });
        report.problems.extend(loaded.problem.iter().map(|problem| (file.name.clone(), problem.clone())));
    }
    report.files.extend(judged.missing.into_iter().map(|(_, name)| FileVerdict {
        kind: FileKind::Digest,
        name,
        verdict: Verdict::Missing,
        reason: Cow::Borrowed("the digest after it names it"),
        sha256: None,
    }));
    if let Some(end) = files.get(beyond).map(|f| f.end_ms) {
        logs.digests_until(&id.account, &id.region, end);
    }
    let digests = files.iter().zip(&loaded).zip(&judged.digests).skip(beyond);
    let listing: Vec<logs::Listing<'_>> = digests
        .filter_map(|((file, loaded), (verdict, _))| Some(logs::Listing { file, sha256: loaded.content.as_ref().ok()?.sha256, verdict: *verdict }))
        .collect();
    report.problems.extend(logs.take(&listing));
}
