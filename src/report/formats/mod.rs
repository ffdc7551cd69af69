//! Findings in the formats of other tools, one file each, and what these share. Source: reports-and-controls.md section 3.
//!
//! All of them print the one finding model (`findings`); texts that people see have no hidden characters, the files none at all.

pub mod asff;
pub mod changes;
pub mod findings_parquet;
pub mod manifest;
pub mod metrics;
pub mod ocsf;
pub mod outbox;
#[cfg(test)]
mod outbox_test;
pub mod review;
pub mod review_import;
pub mod sarif;
#[cfg(test)]
mod formats_test;
#[cfg(test)]
mod hostile_test;
#[cfg(test)]
mod review_test;

use std::collections::BTreeSet;

use super::escape::visible;
use super::{Finding, Report};
use crate::aws::Arn;

/// A report's ids in frameworks, each with the framework's name in front: `NIST 800-53 r5 AC-2(3)`.
#[must_use]
pub fn framework_ids(report: &Report) -> Vec<String> {
    report.frameworks.iter().flat_map(|(name, ids)| ids.iter().map(move |id| format!("{name} {id}"))).collect()
}

/// The names of the frameworks in which a report has ids.
#[must_use]
pub fn frameworks(report: &Report) -> BTreeSet<String> {
    report.frameworks.keys().cloned().collect()
}

/// A time in RFC 3339, UTC, with milliseconds.
#[must_use]
pub fn time(ms: i64) -> String {
    let seconds = jiff::Timestamp::from_millisecond(ms - ms.rem_euclid(1000)).map(|t| t.to_string()).unwrap_or_default();
    seconds.replace('Z', &format!(".{:03}Z", ms.rem_euclid(1000)))
}

/// A text for people of at most so many characters; a longer one ends in an ellipsis.
#[must_use]
pub fn clipped(text: &str, most: usize) -> String {
    let shown = visible(text);
    if shown.chars().count() <= most {
        return shown;
    }
    shown.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

/// The partition of a finding's resource; `aws` where it is no ARN.
#[must_use]
pub fn partition(finding: &Finding) -> &str {
    Arn::parse(&finding.resource).map_or("aws", |arn| arn.partition)
}

/// What a resource is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A role.
    Role,
    /// A user.
    User,
    /// A group.
    Group,
    /// A managed policy.
    Policy,
    /// The account, or its root user.
    Account,
    /// Something else.
    Other,
}

/// What a finding's resource is.
#[must_use]
pub fn kind(finding: &Finding) -> Kind {
    let Some(arn) = Arn::parse(&finding.resource) else {
        return if finding.resource == finding.account { Kind::Account } else { Kind::Other };
    };
    match (arn.service, arn.resource.split('/').next().unwrap_or_default()) {
        ("iam", "role") => Kind::Role,
        ("iam", "user") => Kind::User,
        ("iam", "group") => Kind::Group,
        ("iam", "policy") => Kind::Policy,
        ("iam", "root") => Kind::Account,
        _ => Kind::Other,
    }
}

/// The title of a finding's report; its id where the catalogue no longer has it.
#[must_use]
pub fn title<'a>(report: Option<&'a Report>, finding: &'a Finding) -> &'a str {
    report.map_or(finding.report.as_str(), |r| r.title.as_str())
}
