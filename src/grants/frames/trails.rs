//! Table `trails`: which trails there are, and whether they log.

use polars::prelude::{DataFrame, PolarsResult};

use super::super::{Grants, Take, Trail};
use super::{Columns, told};

/// A fact of a trail's description; NULL where only its selectors or its status were exported.
fn described<T>(trail: &Trail, of: impl Fn(&Trail) -> T) -> Option<T> {
    trail.has_kms_key.is_some().then(|| of(trail))
}

/// Whether a trail takes all writing or all reading management events. One that leaves some out (events of KMS, those that
/// an advanced selector does not match) does not.
fn takes_all(trail: &Trail, read: bool) -> Option<bool> {
    trail.selectors.as_ref().map(|s| s.management(read, None) == Take::Whole)
}

/// Table `trails`: one row per trail. Source: CloudTrail API reference, `Trail`, `GetTrailStatus`, `GetEventSelectors`.
///
/// # Errors
/// When the engine refuses the columns.
pub fn trails(grants: &Grants) -> PolarsResult<DataFrame> {
    let rows: Vec<&Trail> = grants.trails.values().collect();
    Columns::of(&rows)
        .text("account", |t| told(&t.account))
        .text("arn", |t| Some(&t.arn))
        .text("name", |t| told(&t.name))
        .text("home_region", |t| told(&t.home_region))
        .bool("is_multi_region", |t| described(t, |t| t.multi_region))
        .bool("is_organisation", |t| described(t, |t| t.organisation))
        .bool("has_global_services", |t| described(t, |t| t.global_services))
        .bool("log_file_validation", |t| t.log_file_validation)
        .bool("has_kms_key", |t| t.has_kms_key)
        .bool("is_logging", |t| t.status.as_ref().map(|s| s.is_logging))
        .int("started_ms", |t| t.status.as_ref()?.started_ms)
        .text("delivery_error", |t| t.status.as_ref()?.delivery_error.as_deref())
        .bool("logs_management_writes", |t| takes_all(t, false))
        .bool("logs_management_reads", |t| takes_all(t, true))
        .table()
}
