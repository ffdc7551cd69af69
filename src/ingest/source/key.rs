//! What the key of a log file says before anything is opened, and which files are wanted by it.
//!
//! `[prefix/]AWSLogs/[o-id/]<account>/<kind>/<region>/YYYY/MM/DD/<file>`; the day is that of delivery. Source: CloudTrail User
//! Guide, "Finding your CloudTrail log files"; inputs-and-evaluation.md section 3.1.

use std::collections::BTreeSet;

use jiff::ToSpan as _;
use jiff::civil::Date;

/// The folder below which AWS services put what they log.
const ROOT: &str = "AWSLogs";

/// What a key says. A folder's says less than a file's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'k> {
    /// The key from `AWSLogs` on.
    pub name: &'k str,
    /// The account that the log is of.
    pub account: &'k str,
    /// `CloudTrail`, `CloudTrail-Digest` and others.
    pub kind: Option<&'k str>,
    /// The region.
    pub region: Option<&'k str>,
    /// The key up to the region, its `/` included.
    pub up_to_region: Option<&'k str>,
    /// The day of delivery.
    pub day: Option<Date>,
}

fn is_account(part: &str) -> bool {
    part.len() == 12 && part.bytes().all(|b| b.is_ascii_digit())
}

/// `eu-west-1`, `us-gov-east-1`
fn is_region(part: &str) -> bool {
    let word = |p: &str| !p.is_empty() && p.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    part.split('-').count() >= 3 && part.split('-').all(word) && part.ends_with(|c: char| c.is_ascii_digit())
}

/// Splits off what stands before the first `/`; `None` for the rest where there is no `/`.
fn step<'k>(rest: &mut Option<&'k str>) -> Option<&'k str> {
    let (part, left) = rest.as_ref()?.split_once('/')?;
    *rest = Some(left);
    Some(part)
}

/// Reads a key or a path with `/`; `None` when it is not one that AWS made. Folders end with `/`.
#[must_use]
pub fn place(key: &str) -> Option<Place<'_>> {
    let at = key.match_indices(ROOT).map(|(at, _)| at).filter(|at| {
        let before = key.get(..*at).is_some_and(|b| b.is_empty() || b.ends_with('/'));
        before && key.get(at + ROOT.len()..).is_some_and(|a| a.starts_with('/'))
    });
    let name = key.get(at.last()?..)?;
    let mut rest = name.strip_prefix(ROOT)?.strip_prefix('/');
    let mut account = step(&mut rest)?;
    if account.starts_with("o-") {
        account = step(&mut rest)?;
    }
    if !is_account(account) {
        return None;
    }
    let mut place = Place { name, account, kind: None, region: None, up_to_region: None, day: None };
    place.kind = step(&mut rest);
    place.region = step(&mut rest).filter(|part| is_region(part));
    if place.region.is_some() {
        place.up_to_region = rest.and_then(|rest| key.strip_suffix(rest));
        let mut number = || step(&mut rest).filter(|p| p.len() <= 4 && p.bytes().all(|b| b.is_ascii_digit()))?.parse::<i16>().ok();
        if let (Some(year), Some(month), Some(day)) = (number(), number(), number()) {
            place.day = i8::try_from(month).ok().zip(i8::try_from(day).ok()).and_then(|(month, day)| Date::new(year, month, day).ok());
        }
    }
    Some(place)
}

/// Which files are wanted. Nothing said: all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keep {
    /// Accounts.
    pub accounts: BTreeSet<String>,
    /// Regions.
    pub regions: BTreeSet<String>,
    /// Files delivered from this time on, epoch milliseconds UTC.
    pub since_ms: Option<i64>,
    /// Files delivered up to this time, epoch milliseconds UTC.
    pub until_ms: Option<i64>,
}

fn day_of(ms: i64) -> Option<Date> {
    Some(jiff::tz::Offset::UTC.to_datetime(jiff::Timestamp::from_millisecond(ms).ok()?).date())
}

impl Keep {
    /// Whether nothing is left out.
    #[must_use]
    pub fn is_all(&self) -> bool {
        *self == Keep::default()
    }

    /// The first day that is wanted: the day before that of `since`, as a file may come into a bucket after the day in its key.
    #[must_use]
    pub fn first_day(&self) -> Option<Date> {
        day_of(self.since_ms?)?.checked_sub(1.day()).ok()
    }

    /// The last day that is wanted: the day after that of `until`, as events are delivered after they happened.
    #[must_use]
    pub fn last_day(&self) -> Option<Date> {
        day_of(self.until_ms?)?.checked_add(1.day()).ok()
    }

    /// Whether a file, or some file in a folder, is wanted; one whose key does not tell is. Digests count by their account and
    /// region only: those around a day are what proves it.
    #[must_use]
    pub fn wants(&self, key: &str) -> bool {
        if self.is_all() {
            return true;
        }
        let Some(place) = place(key) else { return true };
        let among = |all: &BTreeSet<String>, one: Option<&str>| all.is_empty() || one.is_none_or(|one| all.contains(one));
        let in_time = |day: Date| self.first_day().is_none_or(|first| first <= day) && self.last_day().is_none_or(|last| day <= last);
        among(&self.accounts, Some(place.account))
            && among(&self.regions, place.region)
            && (is_digest(&place) || place.day.is_none_or(in_time))
    }
}

/// Whether a key is in a folder of digests.
#[must_use]
pub fn is_digest(place: &Place<'_>) -> bool {
    place.kind == Some("CloudTrail-Digest")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::times::parse_ms;

    const KEY: &str = "pre/AWSLogs/o-a1/111122223333/CloudTrail/eu-west-1/2026/10/05/111122223333_CloudTrail_eu-west-1_20261005T1010Z_abcdefghijklmnop.json.gz";

    #[test]
    fn a_key_says_account_region_and_day() {
        let place = place(KEY).unwrap();
        assert_eq!((place.account, place.kind, place.region), ("111122223333", Some("CloudTrail"), Some("eu-west-1")));
        assert_eq!(place.day, Some(jiff::civil::date(2026, 10, 5)));
        assert_eq!(place.up_to_region, Some("pre/AWSLogs/o-a1/111122223333/CloudTrail/eu-west-1/"));
        assert!(place.name.starts_with("AWSLogs/o-a1/1111"));
        assert_eq!(super::place("AWSLogs/1/AWSLogs/111122223333/x").unwrap().name, "AWSLogs/111122223333/x");
        assert_eq!(super::place("s3://b/AWSLogs/111122223333/Config/us-gov-east-1/2026/1/2/x").unwrap().day, Some(jiff::civil::date(2026, 1, 2)));
        for stranger in ["AWSLogs/x/y", "xAWSLogs/111122223333/x", "AWSLogs", "AWSLogs/", "AWSLogs/o-a1/", "AWSLogsX/111122223333/x", "a/b.json.gz", ""] {
            assert_eq!(super::place(stranger), None, "{stranger}");
        }
        let untold = super::place("AWSLogs/111122223333/CloudTrail/elsewhere/2026/10/05/x.json").unwrap();
        assert_eq!((untold.region, untold.day), (None, None));
        assert_eq!(super::place("AWSLogs/111122223333/CloudTrail/eu-west-1/2026/13/05/x").unwrap().day, None);
    }

    fn keep(since: Option<&str>, until: Option<&str>) -> Keep {
        Keep { since_ms: since.and_then(parse_ms), until_ms: until.and_then(parse_ms), ..Keep::default() }
    }

    #[test]
    fn a_day_on_either_side_is_kept() {
        for (since, wanted) in [("2026-10-05T00:00:00Z", true), ("2026-10-06T23:59:59Z", true), ("2026-10-07T00:00:00Z", false)] {
            assert_eq!(keep(Some(since), None).wants(KEY), wanted, "{since}");
        }
        for (until, wanted) in [("2026-10-05T00:00:00Z", true), ("2026-10-04T00:00:00Z", true), ("2026-10-03T23:59:59Z", false)] {
            assert_eq!(keep(None, Some(until)).wants(KEY), wanted, "{until}");
        }
        let late = keep(Some("2027-01-01T00:00:00Z"), None);
        assert!(late.wants("some/file.json") && late.wants("AWSLogs/111122223333/CloudTrail/eu-west-1/x.json"));
        assert!(late.wants(&KEY.replace("CloudTrail/", "CloudTrail-Digest/")));
    }

    #[test]
    fn accounts_and_regions_leave_out_what_tells_another() {
        let mut keep = Keep { accounts: BTreeSet::from(["444455556666".to_owned()]), ..Keep::default() };
        assert!(!keep.wants(KEY) && !keep.wants("AWSLogs/111122223333/") && keep.wants("AWSLogs/o-a1/") && keep.wants("x.json"));
        assert!(!keep.wants(&KEY.replace("CloudTrail/", "CloudTrail-Digest/")));
        keep.accounts.insert("111122223333".to_owned());
        assert!(keep.wants(KEY));
        keep.regions.insert("us-east-1".to_owned());
        assert!(!keep.wants(KEY) && keep.wants("AWSLogs/111122223333/CloudTrail/"));
        keep.regions.insert("eu-west-1".to_owned());
        assert!(keep.wants(KEY));
    }
}
