//! The tables as columns: `trust_entries`, `entry_uses`, `outside_accounts`, `last_run`. Absent is NULL.

use polars::prelude::{Column, DataFrame, NamedFrom, PolarsResult, Series};

use super::entries::TrustEntry;
use super::outside::{OutsideAccount, roles_text};
use super::uses::EntryUse;

struct Columns<'r, R> {
    rows: &'r [R],
    columns: Vec<Column>,
}

impl<'r, R> Columns<'r, R> {
    fn of(rows: &'r [R]) -> Columns<'r, R> {
        Columns { rows, columns: Vec::new() }
    }

    fn text(mut self, name: &str, of: impl Fn(&'r R) -> Option<&'r str>) -> Self {
        self.columns.push(Series::new(name.into(), self.rows.iter().map(of).collect::<Vec<_>>()).into());
        self
    }

    fn made(mut self, name: &str, of: impl Fn(&'r R) -> Option<String>) -> Self {
        self.columns.push(Series::new(name.into(), self.rows.iter().map(of).collect::<Vec<_>>()).into());
        self
    }

    fn int(mut self, name: &str, of: impl Fn(&'r R) -> Option<i64>) -> Self {
        self.columns.push(Series::new(name.into(), self.rows.iter().map(of).collect::<Vec<_>>()).into());
        self
    }

    fn bool(mut self, name: &str, of: impl Fn(&'r R) -> bool) -> Self {
        self.columns.push(Series::new(name.into(), self.rows.iter().map(of).collect::<Vec<_>>()).into());
        self
    }

    fn table(self) -> PolarsResult<DataFrame> {
        DataFrame::new(self.rows.len(), self.columns)
    }
}

/// Texts behind each other; NULL where there are none.
fn listed<'t>(texts: impl IntoIterator<Item = &'t str>) -> Option<String> {
    let texts: Vec<&str> = texts.into_iter().collect();
    (!texts.is_empty()).then(|| texts.join("; "))
}

/// Table `trust_entries`.
///
/// # Errors
/// When the engine refuses the columns.
pub fn trust_entries(rows: &[TrustEntry]) -> PolarsResult<DataFrame> {
    Columns::of(rows)
        .text("entry_id", |r| Some(&r.entry_id))
        .text("account", |r| Some(&r.account))
        .text("role_arn", |r| Some(&r.role_arn))
        .text("role_name", |r| Some(&r.role_name))
        .int("role_created_ms", |r| r.role_created_ms)
        .text("owner", |r| r.owner.as_deref())
        .text("privilege", |r| Some(r.privilege))
        .text("statement", |r| r.statement.as_deref())
        .text("entry_kind", |r| Some(r.entry_kind))
        .text("entry", |r| Some(&r.entry))
        .text("entry_account", |r| r.entry_account.as_deref())
        .text("entry_class", |r| Some(r.entry_class.as_str()))
        .text("vendor", |r| r.vendor.as_deref())
        .text("vendor_source", |r| r.vendor_source.as_deref())
        .text("conditions", |r| r.conditions.as_deref())
        .made("condition_flags", |r| listed(r.condition_flags.iter().map(String::as_str)))
        .bool("is_dead", |r| r.is_dead)
        .bool("requires_external_id", |r| r.requires_external_id)
        .bool("requires_mfa", |r| r.requires_mfa)
        .text("platform", |r| r.platform.map(super::oidc::Platform::as_str))
        .made("subjects_allowed", |r| listed(r.subjects_allowed.iter().map(String::as_str)))
        .text("subject_width", |r| r.width.map(super::oidc::Width::as_str))
        .made("federation_flags", |r| listed(r.federation_flags.iter().copied()))
        .bool("is_without_subject", |r| r.federation_flags.contains(&"no-sub"))
        .bool("is_wide_subject", |r| r.federation_flags.contains(&"wide-sub"))
        .bool("takes_pull_requests", |r| r.federation_flags.contains(&"pull-request"))
        .bool("is_without_audience", |r| r.federation_flags.contains(&"no-aud"))
        .text("deputy", |r| r.deputy)
        .text("deputy_source", |r| r.deputy_source)
        .text("deputy_condition", |r| r.deputy_condition.as_deref())
        .bool("is_service_linked", |r| r.is_service_linked)
        .bool("is_permission_set", |r| r.is_permission_set)
        .text("decided", |r| r.decided.as_ref().map(|d| d.0))
        .text("decided_reason", |r| r.decided.as_ref().map(|d| d.1.as_str()))
        .text("proposal", |r| r.proposal.as_deref())
        .text("replay", |r| r.replay.as_deref())
        .text("organisation_condition", |r| r.organisation_condition.as_deref())
        .table()
}

/// What would become of the calls of a use if its entry asked for an ExternalId.
fn external_id_replay(r: &EntryUse) -> Option<String> {
    (r.external_id_calls > 0).then(|| format!("{} of {} observed assumptions would be denied", r.calls - r.external_id_calls, r.calls))
}

/// Table `entry_uses`.
///
/// # Errors
/// When the engine refuses the columns.
pub fn entry_uses(rows: &[EntryUse]) -> PolarsResult<DataFrame> {
    Columns::of(rows)
        .text("entry_id", |r| r.entry_id.as_deref())
        .text("role_arn", |r| Some(&r.role_arn))
        .text("role_account", |r| r.role_account.as_deref())
        .bool("is_role_known", |r| r.is_role_known)
        .text("source_kind", |r| Some(r.source_kind))
        .text("source", |r| Some(&r.source))
        .text("source_account", |r| r.source_account.as_deref())
        .text("source_class", |r| Some(r.source_class.as_str()))
        .text("source_vendor", |r| r.vendor.as_deref())
        .text("sides", |r| Some(r.sides))
        .int("calls", |r| Some(r.calls))
        .int("first_seen_ms", |r| Some(r.first_seen_ms))
        .int("last_seen_ms", |r| Some(r.last_seen_ms))
        .int("active_days", |r| Some(r.active_days))
        .int("median_gap_days", |r| r.median_gap_days)
        .text("weeks", |r| Some(&r.weeks))
        .text("sessions", |r| r.sessions.as_deref())
        .int("distinct_sessions", |r| Some(r.distinct_sessions))
        .int("source_identity_calls", |r| Some(r.source_identity_calls))
        .text("mfa", |r| Some(r.mfa))
        .int("mfa_calls", |r| Some(r.mfa_calls))
        .int("session_policy_calls", |r| Some(r.session_policy_calls))
        .int("addresses", |r| Some(r.addresses))
        .text("networks", |r| r.networks.as_deref())
        .text("origins", |r| r.origins.as_deref())
        .text("internal", |r| r.internal.as_deref())
        .text("regions", |r| r.regions.as_deref())
        .text("endpoints", |r| r.endpoints.as_deref())
        .text("agents", |r| r.agents.as_deref())
        .int("external_id_calls", |r| Some(r.external_id_calls))
        .int("distinct_external_ids", |r| Some(r.distinct_external_ids))
        .text("external_ids", |r| r.external_ids.as_deref())
        .int("external_id_roles", |r| Some(r.external_id_roles))
        .made("external_id_replay", external_id_replay)
        .text("subjects", |r| r.subjects.as_deref())
        .int("distinct_subjects", |r| Some(r.distinct_subjects))
        .text("subject_condition", |r| r.subject_condition.as_deref())
        .made("subject_replay", |r| r.subject_condition.as_ref().map(|_| format!("0 of {} observed assumptions would be denied", r.calls)))
        .int("chain_depth", |r| Some(r.chain_depth))
        .bool("is_chain_whole", |r| r.is_chain_whole)
        .text("chain", |r| r.chain.as_deref())
        .text("chain_first", |r| r.chain_first.as_deref())
        .bool("is_chain_from_outside", |r| r.is_chain_from_outside)
        .table()
}

/// Table `outside_accounts`.
///
/// # Errors
/// When the engine refuses the columns.
pub fn outside_accounts(rows: &[OutsideAccount]) -> PolarsResult<DataFrame> {
    let n = |len: usize| i64::try_from(len).ok();
    Columns::of(rows)
        .text("account", |r| Some(&r.into))
        .text("outside_account", |r| Some(&r.account))
        .text("class", |r| Some(r.class))
        .text("vendor", |r| r.vendor.as_deref())
        .text("vendor_source", |r| r.vendor_source.as_deref())
        .int("trusting_roles", |r| n(r.trusted_by.len()))
        .int("used_roles", |r| n(r.used.len()))
        .int("chained_roles", |r| n(r.chained.len()))
        .int("strong_roles", |r| n(r.strong.len()))
        .int("roles_without_external_id", |r| n(r.without_external_id.len()))
        .made("trusted_by", |r| roles_text(&r.trusted_by))
        .made("used", |r| roles_text(&r.used))
        .made("chained", |r| roles_text(&r.chained))
        .made("strong", |r| roles_text(&r.strong))
        .int("calls", |r| Some(r.calls))
        .int("first_seen_ms", |r| r.first_seen_ms)
        .int("last_seen_ms", |r| r.last_seen_ms)
        .table()
}

/// Table `last_run`: one row, the as-of time of the last earlier run, NULL where there was none.
///
/// # Errors
/// When the engine refuses the columns.
pub fn last_run(as_of_ms: Option<i64>) -> PolarsResult<DataFrame> {
    DataFrame::new(1, vec![Series::new("last_run_ms".into(), vec![as_of_ms]).into()])
}

/// Table `roles_taken_up`: who took up which roles; one row per caller, the roles below each other.
///
/// # Errors
/// When the engine refuses the columns.
pub fn roles_taken_up(rows: &[(String, Vec<String>)]) -> PolarsResult<DataFrame> {
    Columns::of(rows)
        .text("holder_arn", |r| Some(&r.0))
        .int("role_count", |r| i64::try_from(r.1.len()).ok())
        .made("roles", |r| listed(r.1.iter().take(50).map(String::as_str)))
        .table()
}
