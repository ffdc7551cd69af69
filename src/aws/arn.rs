//! Amazon Resource Names and ARN patterns, split the way IAM splits them: six parts by the first five colons.
//!
//! The first five parts compare without case, the sixth with case; a `*` crosses `/`, and crosses `:` only in
//! the sixth part. Source: inputs-and-evaluation.md section 4.2, item 4.

use std::borrow::Cow;

use super::glob::{glob_covers, glob_intersects, glob_matches};

/// An ARN (or an ARN pattern) borrowed as its six parts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
pub struct Arn<'a> {
    /// `aws`, `aws-cn`, `aws-us-gov`, …
    pub partition: &'a str,
    /// Service prefix: `s3`, `iam`, …
    pub service: &'a str,
    /// Region, empty for global services.
    pub region: &'a str,
    /// Account id, empty where the ARN names none (S3 buckets).
    pub account: &'a str,
    /// The sixth part, with its colons and slashes.
    pub resource: &'a str,
}

impl<'a> Arn<'a> {
    /// Splits a text into an ARN; `None` when it does not start with `arn:` or has fewer than six parts.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Arn<'a>> {
        let mut colons = memchr::memchr_iter(b':', text.as_bytes());
        let mut start = 0;
        let mut part = || {
            let end = colons.next()?;
            let part = text.get(start..end)?;
            start = end + 1;
            Some(part)
        };
        if !part()?.eq_ignore_ascii_case("arn") {
            return None;
        }
        let [partition, service, region, account] = [part()?, part()?, part()?, part()?];
        Some(Arn { partition, service, region, account, resource: text.get(start..)? })
    }

    /// The last word of the resource: the part after the last `/`, or the whole of it.
    #[must_use]
    pub fn name(&self) -> &'a str {
        self.resource.rsplit('/').next().unwrap_or(self.resource)
    }

    fn head(&self) -> [String; 4] {
        [self.partition, self.service, self.region, self.account].map(str::to_ascii_lowercase)
    }
}

/// A resource pattern of an identity policy, a permissions boundary or a session policy in six parts: what is shorter is
/// filled up with `*` parts (docs/evaluation-rules.md, R17). `*` alone stays what it is.
#[must_use]
pub fn in_six_parts(pattern: &str) -> Cow<'_, str> {
    let colons = pattern.bytes().filter(|b| *b == b':').take(5).count();
    if colons == 5 || pattern == "*" { Cow::Borrowed(pattern) } else { Cow::Owned(format!("{pattern}{}", ":*".repeat(5 - colons))) }
}

fn each_part(left: &str, right: &str, holds: impl Fn(&str, &str) -> bool) -> Option<bool> {
    let (l, r) = (Arn::parse(left)?, Arn::parse(right)?);
    let heads = l.head().iter().zip(r.head().iter()).all(|(a, b)| holds(a, b));
    Some(heads && holds(l.resource, r.resource))
}

/// Whether an ARN pattern of a policy matches a resource name (an ARN, or `*` for "no resource").
/// A pattern `*` matches everything; a resource `*` is matched by `*` alone.
#[must_use]
pub fn arn_matches(pattern: &str, resource: &str) -> bool {
    if pattern == "*" {
        return true;
    }
    each_part(pattern, resource, glob_matches).unwrap_or(false)
}

/// Whether every resource that `narrow` matches is matched by `wide`.
#[must_use]
pub fn arn_covers(wide: &str, narrow: &str) -> bool {
    if wide == "*" || wide == narrow {
        return true;
    }
    each_part(wide, narrow, glob_covers).unwrap_or(false)
}

/// Whether some resource is matched by both patterns.
#[must_use]
pub fn arn_intersects(left: &str, right: &str) -> bool {
    if left == "*" || right == "*" {
        return true;
    }
    each_part(left, right, glob_intersects).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_at_the_first_five_colons() {
        let arn = Arn::parse("arn:aws:logs:eu-west-1:111122223333:log-group:/a/b:*").unwrap();
        assert_eq!(arn.resource, "log-group:/a/b:*");
        assert_eq!(Arn::parse("arn:aws:s3"), None);
    }

    #[test]
    fn short_patterns_are_filled_up() {
        assert_eq!(in_six_parts("arn:*"), "arn:*:*:*:*:*");
        assert_eq!(in_six_parts("arn:aws:kms:*"), "arn:aws:kms:*:*:*");
        assert_eq!(in_six_parts("arn:aws:s3:::b/a:b"), "arn:aws:s3:::b/a:b");
        assert_eq!(in_six_parts("*"), "*");
        assert!(arn_matches(&in_six_parts("arn:*"), "arn:aws:kms:eu-west-1:111122223333:key/k"));
    }

    #[test]
    fn a_star_stays_in_its_part() {
        assert!(!arn_matches("arn:aws:sqs:*:q", "arn:aws:sqs:eu-west-1:111122223333:q"));
        assert!(arn_matches("arn:aws:s3:::b/*", "arn:aws:s3:::b/x/y"));
        assert!(arn_covers("arn:aws:s3:::b*", "arn:aws:s3:::b/x/*"));
        assert!(!arn_covers("arn:aws:s3:::b/*", "arn:aws:s3:::b*"));
        assert!(arn_intersects("arn:aws:s3:::a*", "arn:aws:s3:::*b"));
    }
}
