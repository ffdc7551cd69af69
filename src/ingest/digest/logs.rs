//! Log files held against the digests that list them.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::document::{HASH_ALGORITHM, LogRef};
use super::hash::{NoHash, hex_text, of_file};
use super::load::listed;
use super::name::{delivered_ms, last_part};
use super::report::{FileKind, FileVerdict, Verdict};
use super::tree::{DigestFile, Logs};
use super::Period;

/// How many log files of one digest are fetched together.
const FETCHED: usize = 16;

/// How much a verdict weighs where several digests list a file: the heaviest counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    Elsewhere,
    Unproven,
    OtherThanUnproven,
    Proven,
    OtherThanProven,
}

#[derive(Debug, Clone)]
struct Outcome {
    weight: Weight,
    verdict: Verdict,
    reason: Cow<'static, str>,
    sha256: Option<[u8; 32]>,
}

/// A digest that was judged, to be read again for what it lists.
#[derive(Debug)]
pub struct Listing<'a> {
    /// The file.
    pub file: &'a DigestFile,
    /// Its hash when it was judged.
    pub sha256: [u8; 32],
    /// The verdict.
    pub verdict: Verdict,
}

/// What the files that a digest lists gave: place of the log file, outcome; keys of missing ones.
struct Listed {
    outcomes: Vec<(usize, Outcome)>,
    missing: Vec<String>,
}

/// Verdicts on the log files of a tree, as chain after chain is read.
#[derive(Debug)]
pub struct LogVerdicts<'a> {
    logs: &'a Logs,
    outcomes: Vec<Option<Outcome>>,
    missing: BTreeSet<String>,
    /// (account, region) → end of the newest digest that is here.
    newest: BTreeMap<(String, String), i64>,
}

impl<'a> LogVerdicts<'a> {
    /// No verdicts yet.
    #[must_use]
    pub fn new(logs: &'a Logs) -> LogVerdicts<'a> {
        LogVerdicts { logs, outcomes: vec![None; logs.files.len()], missing: BTreeSet::new(), newest: BTreeMap::new() }
    }

    /// Notes until when there are digests of an account and region, epoch milliseconds UTC.
    pub fn digests_until(&mut self, account: &str, region: &str, end_ms: i64) {
        let newest = self.newest.entry((account.to_owned(), region.to_owned())).or_insert(end_ms);
        *newest = end_ms.max(*newest);
    }

    /// Hashes what the digests of a chain list, digest by digest side by side; gives what went wrong, by digest.
    #[must_use]
    pub fn take(&mut self, digests: &[Listing<'_>]) -> Vec<(String, String)> {
        let logs = self.logs;
        let taken: Vec<Option<Listed>> = digests.par_iter().map(|digest| held_against(digest, logs)).collect();
        let mut problems = Vec::new();
        for (digest, taken) in digests.iter().zip(taken) {
            match taken {
                Some(Listed { outcomes, missing }) => {
                    outcomes.into_iter().for_each(|(at, outcome)| self.note(at, outcome));
                    self.missing.extend(missing);
                }
                None => problems.push((digest.file.name.clone(), "it changed while it was being read".to_owned())),
            }
        }
        problems
    }

    fn note(&mut self, at: usize, outcome: Outcome) {
        if let Some(place) = self.outcomes.get_mut(at)
            && place.as_ref().is_none_or(|old| old.weight < outcome.weight)
        {
            *place = Some(outcome);
        }
    }

    /// The verdicts; what no digest lists is not covered, if it was delivered in the time that was asked for.
    #[must_use]
    pub fn finish(self, period: Period) -> Vec<FileVerdict> {
        let LogVerdicts { logs, outcomes, missing, newest } = self;
        let log = |name: &str, verdict, reason, sha256| FileVerdict { kind: FileKind::Log, name: name.to_owned(), verdict, reason, sha256 };
        let mut files: Vec<FileVerdict> = Vec::new();
        for (file, outcome) in logs.files.iter().zip(outcomes) {
            match outcome {
                Some(Outcome { verdict, reason, sha256, .. }) => files.push(log(&file.name, verdict, reason, sha256)),
                None if delivered_ms(&file.name).is_none_or(|at| period.has(at)) => {
                    files.push(log(&file.name, Verdict::NotCovered, Cow::Borrowed(why_not_covered(&file.name, &newest)), None));
                }
                None => {}
            }
        }
        files.extend(missing.iter().map(|key| log(key, Verdict::Missing, Cow::Borrowed("a digest names it"), None)));
        files
    }
}

/// What became of the files that a digest lists; `None` when it is no longer the digest that was judged.
fn held_against(digest: &Listing<'_>, logs: &Logs) -> Option<Listed> {
    let refs = listed(digest.file, digest.sha256)?;
    let one = |log: &LogRef| {
        let located = logs.locate(&log.s3_object);
        let missing = located.here.is_empty() && located.elsewhere.is_empty() && digest.verdict != Verdict::Tampered;
        let moved = |at: usize| {
            let reason = format!("its place is `{}`", log.s3_object).into();
            (at, Outcome { weight: Weight::Elsewhere, verdict: Verdict::Moved, reason, sha256: None })
        };
        let hashed = located.here.into_iter().filter_map(|at| Some((at, outcome(log, digest.verdict, of_file(&logs.files.get(at)?.origin)))));
        let outcomes: Vec<(usize, Outcome)> = hashed.chain(located.elsewhere.into_iter().map(moved)).collect();
        (outcomes, missing.then(|| log.s3_object.clone()))
    };
    let mut each = Vec::new();
    for some in refs.chunks(FETCHED) {
        // What is in S3 comes in side by side, whatever the number of threads.
        let here = some.iter().flat_map(|log| logs.locate(&log.s3_object).here);
        here.filter_map(|at| logs.files.get(at)).for_each(|file| file.origin.fetch());
        each.par_extend(some.par_iter().map(one));
    }
    let (outcomes, missing): (Vec<_>, Vec<_>) = each.into_iter().unzip();
    Some(Listed { outcomes: outcomes.into_iter().flatten().collect(), missing: missing.into_iter().flatten().collect() })
}

fn outcome(log: &LogRef, digest: Verdict, hash: Result<[u8; 32], NoHash>) -> Outcome {
    let proven = digest == Verdict::Verified;
    let (weight, verdict, reason, sha256): (Weight, Verdict, Cow<'static, str>, _) = match hash {
        Err(NoHash::Unread(reason)) => (Weight::Unproven, Verdict::Unverifiable, reason.into(), None),
        Err(NoHash::Damaged(reason)) if proven => (Weight::OtherThanProven, Verdict::Tampered, reason.into(), None),
        Err(NoHash::Damaged(reason)) => (Weight::OtherThanUnproven, Verdict::Tampered, reason.into(), None),
        Ok(hash) => {
            let same = hex_text(&hash) == log.hash_value;
            let (weight, verdict, reason) = if digest == Verdict::Tampered {
                (Weight::Unproven, Verdict::Unverifiable, "its digest is tampered with")
            } else if log.hash_algorithm != HASH_ALGORITHM {
                (Weight::Unproven, Verdict::Unverifiable, "its digest hashes it with an algorithm that is not known")
            } else {
                match (proven, same) {
                    (true, true) => (Weight::Proven, Verdict::Verified, ""),
                    (true, false) => (Weight::OtherThanProven, Verdict::Tampered, "it has another hash than its digest gives"),
                    (false, true) => (Weight::Unproven, Verdict::Unverifiable, "its digest is not verified"),
                    (false, false) => {
                        (Weight::OtherThanUnproven, Verdict::Tampered, "it has another hash than its digest gives, which is not verified itself")
                    }
                }
            };
            (weight, verdict, Cow::Borrowed(reason), Some(hash))
        }
    };
    Outcome { weight, verdict, reason, sha256 }
}

fn why_not_covered(name: &str, newest: &BTreeMap<(String, String), i64>) -> &'static str {
    let mut parts = last_part(name).split('_');
    let (Some(account), Some(_), Some(region), Some(at)) = (parts.next(), parts.next(), parts.next(), delivered_ms(name)) else {
        return "no digest names it";
    };
    match newest.get(&(account.to_owned(), region.to_owned())) {
        None => "no digest of its account and region is here",
        Some(end) if at > *end => "it was delivered after the newest digest that is here",
        Some(_) => "no digest names it",
    }
}
