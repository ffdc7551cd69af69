//! Names of digest files and log files, and whether a file on disk lies where S3 had it.
//!
//! A digest's name says whose chain it belongs to:
//! `[o-id/]<account>/CloudTrail-Digest/<region>/Y/M/D/<account>_CloudTrail-Digest_<region>_<trail>_<home region>_<end>[_backfill].json.gz`.
//! Source: CloudTrail User Guide, "CloudTrail digest file structure"; inputs-and-evaluation.md section 3.2.

use crate::ingest::times::parse_ms;

/// One series of digests, each of which names the one before it.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChainId {
    /// The account whose log files are listed.
    pub account: String,
    /// The region whose log files are listed.
    pub region: String,
    /// The trail's name.
    pub trail: String,
    /// The trail's home region.
    pub home_region: String,
    /// Whether these are backfill digests, which are a chain of their own.
    pub backfill: bool,
}

impl std::fmt::Display for ChainId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} {} ({})", self.account, self.region, self.trail, self.home_region)?;
        f.write_str(if self.backfill { ", backfill" } else { "" })
    }
}

/// What the name of a digest says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigestName {
    /// The chain.
    pub chain: ChainId,
    /// When the digest ends, epoch milliseconds UTC.
    pub end_ms: i64,
}

/// The last part of a path with `/`.
#[must_use]
pub fn last_part(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// A name without the `.gz` that an unpacked copy lacks.
#[must_use]
pub fn without_gz(path: &str) -> &str {
    path.strip_suffix(".gz").unwrap_or(path)
}

/// Whether a path is that of a digest: by its own name, or by its folder.
#[must_use]
pub fn is_digest_path(path: &str) -> bool {
    let name = last_part(path);
    let folder = path.strip_suffix(name).unwrap_or("");
    let json = [".json", ".json.gz"].iter().any(|e| name.ends_with(e)) && !is_sidecar(path);
    json && (name.contains("_CloudTrail-Digest_") || folder.split('/').any(|part| part == "CloudTrail-Digest"))
}

/// Whether a path is that of a digest's metadata, kept beside it.
#[must_use]
pub fn is_sidecar(path: &str) -> bool {
    path.ends_with(SIDECAR)
}

/// What is put behind a digest's name for the file with its S3 metadata, as `aws s3api head-object` prints it.
pub const SIDECAR: &str = ".metadata.json";

/// Reads a digest's path; `None` when its name is not that of a digest.
#[must_use]
pub fn digest_name(path: &str) -> Option<DigestName> {
    let stem = without_gz(last_part(path)).strip_suffix(".json")?;
    let (stem, backfill) = match stem.strip_suffix("_backfill") {
        Some(rest) => (rest, true),
        None => (stem, false),
    };
    let (account, rest) = stem.split_once("_CloudTrail-Digest_")?;
    let (region, rest) = rest.split_once('_')?;
    let (rest, end) = rest.rsplit_once('_')?;
    let (trail, home_region) = rest.rsplit_once('_')?;
    if [account, region, trail, home_region].iter().any(|part| part.is_empty()) {
        return None;
    }
    let chain = ChainId {
        account: account.to_owned(),
        region: region.to_owned(),
        trail: trail.to_owned(),
        home_region: home_region.to_owned(),
        backfill,
    };
    Some(DigestName { chain, end_ms: parse_ms(end)? })
}

/// When a log file was delivered, by its name (`…_YYYYMMDDTHHmmZ_….json.gz`), epoch milliseconds UTC.
#[must_use]
pub fn delivered_ms(path: &str) -> Option<i64> {
    let is_time = |part: &&str| part.len() == 14 && part.ends_with('Z') && part.as_bytes().get(8) == Some(&b'T');
    let part = last_part(path).split('_').find(is_time)?;
    // To the minute; `parse_ms` wants seconds.
    parse_ms(&format!("{}00Z", part.strip_suffix('Z')?))
}

/// Whether a file lies where S3 had it. `relative` is its path below the folder that was given: that folder may be any
/// one of the bucket's, or one above it, so that either path may end with the other.
#[must_use]
pub fn lies_at(relative: &str, key: &str) -> bool {
    let (relative, key) = (without_gz(relative), without_gz(key));
    ends_with_path(key, relative) || ends_with_path(relative, key)
}

fn ends_with_path(long: &str, short: &str) -> bool {
    long.strip_suffix(short).is_some_and(|before| before.is_empty() || before.ends_with('/')) && !short.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "pre/AWSLogs/o-a1/111122223333/CloudTrail-Digest/eu-west-1/2026/10/01/111122223333_CloudTrail-Digest_eu-west-1_my_trail_us-east-1_20261001T101112Z.json.gz";

    #[test]
    fn a_digests_name_says_its_chain() {
        let name = digest_name(KEY).unwrap();
        assert_eq!(name.chain.to_string(), "111122223333 eu-west-1 my_trail (us-east-1)");
        assert_eq!(name.end_ms, 1_790_849_472_000);
        let late = digest_name(&KEY.replace("Z.json", "Z_backfill.json")).unwrap();
        assert!(late.chain.backfill && late.end_ms == name.end_ms && late.chain.trail == "my_trail");
        for bad in ["a.json.gz", "1_CloudTrail-Digest_r_20261001T101112Z.json.gz", "1_CloudTrail-Digest_r_t_h_now.json.gz", "1_CloudTrail-Digest_r__h_20261001T101112Z.json"] {
            assert_eq!(digest_name(bad), None, "{bad}");
        }
    }

    #[test]
    fn digests_are_known_by_name_or_folder() {
        assert!(is_digest_path(KEY) && is_digest_path(last_part(KEY)) && is_digest_path("CloudTrail-Digest/x.json.gz"));
        assert!(!is_digest_path(&format!("{KEY}.metadata.json")) && is_sidecar(&format!("{KEY}.metadata.json")));
        assert!(!is_digest_path("CloudTrail/x.json.gz") && !is_digest_path("CloudTrail-Digest/x.txt"));
    }

    #[test]
    fn log_names_say_when_they_were_delivered() {
        assert_eq!(delivered_ms("a/1_CloudTrail_eu-west-1_20261001T1010Z_abcdef.json.gz"), Some(1_790_849_400_000));
        assert_eq!(delivered_ms("a/events.json.gz"), None);
    }

    #[test]
    fn a_tree_may_begin_at_any_folder() {
        let key = "p/AWSLogs/1/x.json.gz";
        for good in ["p/AWSLogs/1/x.json.gz", "AWSLogs/1/x.json.gz", "x.json.gz", "x.json", "mirror/bucket/p/AWSLogs/1/x.json.gz"] {
            assert!(lies_at(good, key), "{good}");
        }
        for bad in ["2/x.json.gz", "AWSLogs/x.json.gz", "AWSLogs/1/y.json.gz", "gs/1/x.json.gz", "q/AWSLogs/1/x.json.gz", ""] {
            assert!(!lies_at(bad, key), "{bad}");
        }
    }
}
