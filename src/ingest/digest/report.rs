//! What a validation found: a verdict for every file, and each chain with its gaps.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use super::keys::KeySource;
use super::name::ChainId;

/// What is known of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// It is what CloudTrail delivered.
    Verified,
    /// It is there, but nothing proves it.
    Unverifiable,
    /// It is not what CloudTrail delivered.
    Tampered,
    /// It lies elsewhere than CloudTrail put it.
    Moved,
    /// A digest names it and it is not there.
    Missing,
    /// It is there and no digest names it.
    NotCovered,
}

impl Verdict {
    /// All of them, in the order of reports.
    pub const ALL: [Verdict; 6] =
        [Verdict::Verified, Verdict::Unverifiable, Verdict::Tampered, Verdict::Moved, Verdict::Missing, Verdict::NotCovered];

    /// The word in reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Verified => "verified",
            Verdict::Unverifiable => "unverifiable",
            Verdict::Tampered => "tampered",
            Verdict::Moved => "moved",
            Verdict::Missing => "missing",
            Verdict::NotCovered => "not covered",
        }
    }
}

/// Which kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileKind {
    /// A digest.
    Digest,
    /// A log file.
    Log,
}

impl FileKind {
    /// The word in reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            FileKind::Digest => "digest",
            FileKind::Log => "log file",
        }
    }
}

/// The verdict on a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileVerdict {
    /// Which kind.
    pub kind: FileKind,
    /// Its name as the walk gives it; the key of a missing one.
    pub name: String,
    /// The verdict.
    pub verdict: Verdict,
    /// Why; empty when it is verified.
    pub reason: Cow<'static, str>,
    /// SHA-256 of the uncompressed bytes, where they were read to the end.
    pub sha256: Option<[u8; 32]>,
}

/// Why a chain has a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum GapKind {
    /// A digest is named by the one after it and is not there.
    MissingDigest,
    /// The chain starts again: validation, or the trail, was off.
    StartsAgain,
    /// A digest cannot be read, so that what it followed is not known.
    BrokenLink,
}

impl GapKind {
    /// The words in reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            GapKind::MissingDigest => "a digest is missing",
            GapKind::StartsAgain => "the chain starts again",
            GapKind::BrokenLink => "a digest does not say what it followed",
        }
    }
}

/// A time of a chain for which no digest is there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gap {
    /// Its start, as a digest writes it; `None` when nothing older is there.
    pub from: Option<String>,
    /// Its end, as a digest writes it, or as its name does.
    pub to: String,
    /// Why.
    pub kind: GapKind,
}

/// One chain of digests.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ChainReport {
    /// Which.
    pub id: ChainId,
    /// How many digests of it were judged.
    pub digests: usize,
    /// Start of the oldest that can be read, as written.
    pub from: Option<String>,
    /// End of the newest that can be read, as written.
    pub to: Option<String>,
    /// Its gaps, the newest first.
    pub gaps: Vec<Gap>,
}

/// A key that counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyUse {
    /// Its fingerprint.
    pub fingerprint: String,
    /// From when it is valid, epoch milliseconds UTC.
    pub from_ms: i64,
    /// Until when it is valid, epoch milliseconds UTC.
    pub to_ms: i64,
    /// How many digests it verified.
    pub digests: usize,
}

/// What a validation found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Where the keys come from that counted.
    pub key_source: KeySource,
    /// Keys that verified a digest.
    pub keys: Vec<KeyUse>,
    /// Chains, in order.
    pub chains: Vec<ChainReport>,
    /// Files, in order of kind and name.
    pub files: Vec<FileVerdict>,
    /// What else is wrong: file, problem.
    pub problems: Vec<(String, String)>,
}

impl Report {
    /// How many files of a kind have which verdict.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<(FileKind, Verdict), usize> {
        let mut counts = BTreeMap::new();
        for file in &self.files {
            *counts.entry((file.kind, file.verdict)).or_default() += 1;
        }
        counts
    }

    /// The exit code: 0 all files verified, 3 something is tampered with or moved, 4 otherwise.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        let counts = self.counts();
        let any = |wanted: &[Verdict]| counts.keys().any(|(_, verdict)| wanted.contains(verdict));
        if any(&[Verdict::Tampered, Verdict::Moved]) {
            3
        } else if self.files.is_empty() || !self.problems.is_empty() || any(&[Verdict::Unverifiable, Verdict::Missing, Verdict::NotCovered]) {
            4
        } else {
            0
        }
    }

    /// The verdicts on log files, to admit them by.
    #[must_use]
    pub fn verdicts(self) -> Verdicts {
        let logs = self.files.into_iter().filter(|f| f.kind == FileKind::Log);
        Verdicts(logs.map(|f| (f.name, (f.verdict, f.reason, f.sha256))).collect())
    }
}

type Known = (Verdict, Cow<'static, str>, Option<[u8; 32]>);

/// Verdicts on log files by the name that the walk gives them.
#[derive(Debug, Clone, Default)]
pub struct Verdicts(HashMap<String, Known>);

/// Whether a log file may be taken in: a digest verified it, and the bytes at hand (hashed as they are decoded) are those
/// that it verified.
///
/// # Errors
/// Why not: the reason for the rejection of the file.
pub fn admit(verdicts: &Verdicts, name: &str, uncompressed_sha256: &[u8; 32]) -> Result<(), String> {
    let why = match verdicts.0.get(name) {
        Some((Verdict::Verified, _, Some(hash))) if hash == uncompressed_sha256 => return Ok(()),
        Some((Verdict::Verified, ..)) => "it changed while it was being read".to_owned(),
        Some((verdict, reason, _)) => format!("{}, {reason}", verdict.as_str()),
        None => "it was not there when the digests were read".to_owned(),
    };
    Err(format!("not verified by a digest: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, verdict: Verdict, sha256: Option<[u8; 32]>) -> FileVerdict {
        FileVerdict { kind: FileKind::Log, name: name.to_owned(), verdict, reason: "because".into(), sha256 }
    }

    #[test]
    fn only_the_bytes_that_were_verified_are_admitted() {
        let files = vec![file("a", Verdict::Verified, Some([1; 32])), file("b", Verdict::Tampered, Some([1; 32])), file("c", Verdict::Verified, None)];
        let verdicts = Report { files, ..Report::default() }.verdicts();
        assert_eq!(admit(&verdicts, "a", &[1; 32]), Ok(()));
        for (name, hash, why) in [("a", 2, "it changed"), ("b", 1, "tampered, because"), ("c", 1, "it changed"), ("d", 1, "it was not there")] {
            let reason = admit(&verdicts, name, &[hash; 32]).unwrap_err();
            assert!(reason.starts_with("not verified by a digest: ") && reason.contains(why), "{name}: {reason}");
        }
    }

    #[test]
    fn the_worst_verdict_is_the_exit_code() {
        let code = |verdicts: &[Verdict]| {
            let files = verdicts.iter().map(|v| file("f", *v, None)).collect();
            Report { files, ..Report::default() }.exit_code()
        };
        assert_eq!(code(&[Verdict::Verified]), 0);
        assert_eq!(code(&[]), 4);
        for verdict in [Verdict::Unverifiable, Verdict::Missing, Verdict::NotCovered] {
            assert_eq!((code(&[Verdict::Verified, verdict]), code(&[verdict, Verdict::Tampered])), (4, 3));
        }
        assert_eq!(code(&[Verdict::Verified, Verdict::Moved]), 3);
        let problem = Report { files: vec![file("f", Verdict::Verified, None)], problems: vec![("k".to_owned(), "p".to_owned())], ..Report::default() };
        assert_eq!(problem.exit_code(), 4);
    }
}
