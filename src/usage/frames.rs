//! The log-side tables that report queries read: activity, denials, calls in bounded sessions, changes of grants, keys, assumptions, coverage, usage itself.
//! Flat columns, absent is NULL, rows in the order of the query that made them.

use crate::aws::Text;
use polars::prelude::{Column, DataFrame, NamedFrom, PolarsResult, Series};

use super::{Activity, Assumption, Coverage, CoverageRow, DenialRow, GrantChangeRow, KeyActivity, Outcome, SessionCallRow, UsageRow};

pub(super) fn texts<'a, I: IntoIterator<Item = Option<&'a str>>>(name: &str, values: I) -> Column {
    Series::new(name.into(), values.into_iter().collect::<Vec<Option<&str>>>()).into()
}

pub(super) fn ints<I: IntoIterator<Item = Option<i64>>>(name: &str, values: I) -> Column {
    Series::new(name.into(), values.into_iter().collect::<Vec<Option<i64>>>()).into()
}

fn bools<I: IntoIterator<Item = bool>>(name: &str, values: I) -> Column {
    Series::new(name.into(), values.into_iter().collect::<Vec<bool>>()).into()
}

fn doubles<I: IntoIterator<Item = f64>>(name: &str, values: I) -> Column {
    Series::new(name.into(), values.into_iter().collect::<Vec<f64>>()).into()
}

fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Allowed => "allowed",
        Outcome::Denied => "denied",
        Outcome::Error => "error",
    }
}

/// Table `usage`.
///
/// # Errors
/// When the engine refuses the columns.
pub fn usage(rows: &[UsageRow]) -> PolarsResult<DataFrame> {
    DataFrame::new(
        rows.len(),
        vec![
            texts("account", rows.iter().map(|r| Some(r.account.as_str()))),
            texts("principal_key", rows.iter().map(|r| Some(r.principal_key.as_str()))),
            texts("principal_arn", rows.iter().map(|r| r.principal_arn.as_deref())),
            texts("principal_type", rows.iter().map(|r| r.principal_type.as_deref())),
            texts("action", rows.iter().map(|r| Some(r.action.as_str()))),
            texts("resource_arn", rows.iter().map(|r| Some(r.resource_arn.as_str()))),
            texts("arn_provenance", rows.iter().map(|r| Some(r.provenance.as_str()))),
            texts("region", rows.iter().map(|r| r.region.as_deref())),
            texts("context_class", rows.iter().map(|r| Some(r.context_class.as_str()))),
            texts("outcome", rows.iter().map(|r| Some(outcome(r.outcome)))),
            ints("calls", rows.iter().map(|r| Some(r.calls))),
            ints("first_seen_ms", rows.iter().map(|r| Some(r.first_seen_ms))),
            ints("last_seen_ms", rows.iter().map(|r| Some(r.last_seen_ms))),
            texts("sample_event_id", rows.iter().map(|r| r.samples.first().map(Text::as_str))),
        ],
    )
}

/// Table `denials`.
///
/// # Errors
/// When the engine refuses the columns.
pub fn denials(rows: &[DenialRow]) -> PolarsResult<DataFrame> {
    DataFrame::new(
        rows.len(),
        vec![
            texts("account", rows.iter().map(|r| Some(r.account.as_str()))),
            texts("principal_key", rows.iter().map(|r| Some(r.principal_key.as_str()))),
            texts("principal_arn", rows.iter().map(|r| r.principal_arn.as_deref())),
            texts("principal_type", rows.iter().map(|r| r.principal_type.as_deref())),
            texts("action", rows.iter().map(|r| Some(r.action.as_str()))),
            texts("resource_arn", rows.iter().map(|r| Some(r.resource_arn.as_str()))),
            texts("arn_provenance", rows.iter().map(|r| Some(r.arn_provenance.as_str()))),
            texts("region", rows.iter().map(|r| r.region.as_deref())),
            texts("context_class", rows.iter().map(|r| Some(r.context_class.as_str()))),
            texts("error_code", rows.iter().map(|r| r.error_code.as_deref())),
            texts("denied_effect", rows.iter().map(|r| r.denied_effect.as_deref())),
            texts("denied_policy_type", rows.iter().map(|r| r.denied_policy_type.as_deref())),
            texts("denied_policy_arn", rows.iter().map(|r| r.denied_policy_arn.as_deref())),
            ints("calls", rows.iter().map(|r| Some(r.calls))),
            ints("first_seen_ms", rows.iter().map(|r| Some(r.first_seen_ms))),
            ints("last_seen_ms", rows.iter().map(|r| Some(r.last_seen_ms))),
            texts("sample_event_first", rows.iter().map(|r| r.sample_event_first.as_deref())),
            texts("sample_event_last", rows.iter().map(|r| r.sample_event_last.as_deref())),
        ],
    )
}

/// Table `session_calls`.
///
/// # Errors
/// When the engine refuses the columns.
pub fn session_calls(rows: &[SessionCallRow]) -> PolarsResult<DataFrame> {
    DataFrame::new(
        rows.len(),
        vec![
            texts("account", rows.iter().map(|r| Some(r.account.as_str()))),
            texts("principal_key", rows.iter().map(|r| Some(r.principal_key.as_str()))),
            texts("principal_arn", rows.iter().map(|r| r.principal_arn.as_deref())),
            texts("principal_type", rows.iter().map(|r| r.principal_type.as_deref())),
            texts("federated_name", rows.iter().map(|r| r.federated_name.as_deref())),
            texts("session_policy", rows.iter().map(|r| r.session_policy.as_deref())),
            texts("session_policy_arns", rows.iter().map(|r| r.session_policy_arns.as_deref())),
            bools("is_told", rows.iter().map(|r| r.is_told)),
            texts("action", rows.iter().map(|r| Some(r.action.as_str()))),
            texts("resource_arn", rows.iter().map(|r| Some(r.resource_arn.as_str()))),
            texts("arn_provenance", rows.iter().map(|r| Some(r.arn_provenance.as_str()))),
            texts("region", rows.iter().map(|r| r.region.as_deref())),
            texts("context_class", rows.iter().map(|r| Some(r.context_class.as_str()))),
            texts("outcome", rows.iter().map(|r| Some(outcome(r.outcome)))),
            texts("error_code", rows.iter().map(|r| r.error_code.as_deref())),
            texts("denied_effect", rows.iter().map(|r| r.denied_effect.as_deref())),
            texts("denied_policy_type", rows.iter().map(|r| r.denied_policy_type.as_deref())),
            texts("denied_policy_arn", rows.iter().map(|r| r.denied_policy_arn.as_deref())),
            ints("calls", rows.iter().map(|r| Some(r.calls))),
            ints("first_seen_ms", rows.iter().map(|r| Some(r.first_seen_ms))),
            ints("last_seen_ms", rows.iter().map(|r| Some(r.last_seen_ms))),
            texts("sample_event_first", rows.iter().map(|r| r.samples.first().map(Text::as_str))),
            texts("sample_event_last", rows.iter().map(|r| r.samples.last().map(Text::as_str))),
        ],
    )
}

/// Table `grant_changes`; of documents the hash.
///
/// # Errors
/// When the engine refuses the columns.
pub fn grant_changes(rows: &[GrantChangeRow]) -> PolarsResult<DataFrame> {
    let defaults: Vec<Option<&str>> = rows.iter().map(|r| r.set_as_default.map(|d| if d { "true" } else { "false" })).collect();
    DataFrame::new(
        rows.len(),
        vec![
            texts("account", rows.iter().map(|r| r.account.as_deref())),
            ints("event_time_ms", rows.iter().map(|r| Some(r.event_time_ms))),
            texts("event_id", rows.iter().map(|r| Some(r.event_id.as_str()))),
            texts("event_name", rows.iter().map(|r| Some(r.event_name.as_str()))),
            texts("target_kind", rows.iter().map(|r| Some(r.target_kind.as_str()))),
            texts("target_name", rows.iter().map(|r| r.target_name.as_deref())),
            texts("target_arn", rows.iter().map(|r| r.target_arn.as_deref())),
            texts("target_id", rows.iter().map(|r| r.target_id.as_deref())),
            texts("policy_name", rows.iter().map(|r| r.policy_name.as_deref())),
            texts("policy_arn", rows.iter().map(|r| r.policy_arn.as_deref())),
            texts("document_sha256", rows.iter().map(|r| r.document_sha256.as_deref())),
            texts("version_id", rows.iter().map(|r| r.version_id.as_deref())),
            texts("set_as_default", defaults),
            texts("group_name", rows.iter().map(|r| r.group_name.as_deref())),
            texts("new_name", rows.iter().map(|r| r.new_name.as_deref())),
            bools("is_told", rows.iter().map(|r| r.is_told)),
        ],
    )
}

/// Table `activity`.
///
/// # Errors
/// When the engine refuses the columns.
pub fn activity(rows: &[Activity]) -> PolarsResult<DataFrame> {
    let calls = |at: usize| rows.iter().map(move |r| r.calls.get(at).copied());
    DataFrame::new(
        rows.len(),
        vec![
            texts("account", rows.iter().map(|r| r.account.as_deref())),
            texts("principal_key", rows.iter().map(|r| Some(r.principal_key.as_str()))),
            texts("principal_arn", rows.iter().map(|r| r.principal_arn.as_deref())),
            texts("principal_type", rows.iter().map(|r| r.principal_type.as_deref())),
            ints("allowed_calls", calls(0)),
            ints("denied_calls", calls(1)),
            ints("error_calls", calls(2)),
            ints("first_allowed_ms", rows.iter().map(|r| r.first_allowed_ms)),
            ints("last_allowed_ms", rows.iter().map(|r| r.last_allowed_ms)),
            ints("last_denied_ms", rows.iter().map(|r| r.last_denied_ms)),
        ],
    )
}

/// Table `key_activity`.
///
/// # Errors
/// When the engine refuses the columns.
pub fn key_activity(rows: &[KeyActivity]) -> PolarsResult<DataFrame> {
    DataFrame::new(
        rows.len(),
        vec![
            texts("account", rows.iter().map(|r| r.account.as_deref())),
            texts("principal_key", rows.iter().map(|r| r.principal_key.as_deref())),
            texts("principal_arn", rows.iter().map(|r| r.principal_arn.as_deref())),
            texts("access_key_id", rows.iter().map(|r| Some(r.access_key_id.as_str()))),
            ints("calls", rows.iter().map(|r| Some(r.calls))),
            ints("first_seen_ms", rows.iter().map(|r| Some(r.seen_ms.0))),
            ints("last_seen_ms", rows.iter().map(|r| Some(r.seen_ms.1))),
            ints("addresses", rows.iter().map(|r| Some(r.addresses))),
            ints("services", rows.iter().map(|r| Some(r.services))),
        ],
    )
}

/// Table `assumptions`.
///
/// # Errors
/// When the engine refuses the columns.
pub fn assumptions(rows: &[Assumption]) -> PolarsResult<DataFrame> {
    DataFrame::new(
        rows.len(),
        vec![
            texts("role_arn", rows.iter().map(|r| Some(r.role_arn.as_str()))),
            texts("role_account", rows.iter().map(|r| r.role_account.as_deref())),
            texts("action", rows.iter().map(|r| Some(r.action.as_str()))),
            texts("source_kind", rows.iter().map(|r| Some(r.source_kind))),
            texts("source", rows.iter().map(|r| Some(r.source.as_str()))),
            texts("source_account", rows.iter().map(|r| r.source_account.as_deref())),
            ints("calls", rows.iter().map(|r| Some(r.calls))),
            ints("first_seen_ms", rows.iter().map(|r| Some(r.first_seen_ms))),
            ints("last_seen_ms", rows.iter().map(|r| Some(r.last_seen_ms))),
            ints("external_id_calls", rows.iter().map(|r| Some(r.external_id_calls))),
            ints("distinct_external_ids", rows.iter().map(|r| Some(r.distinct_external_ids))),
            ints("mfa_calls", rows.iter().map(|r| Some(r.mfa_calls))),
            texts("subject", rows.iter().map(|r| r.subject.as_deref())),
            texts("sides", rows.iter().map(|r| Some(r.sides))),
        ],
    )
}

/// Table `coverage`: account × region × day × class. Region `*` is every region without events of the account.
///
/// # Errors
/// When the engine refuses the columns.
pub fn coverage(rows: &[CoverageRow], dates: &[String]) -> PolarsResult<DataFrame> {
    let days = || rows.iter().flat_map(|row| dates.iter().zip(&row.states).map(move |(date, state)| (row, date, state)));
    DataFrame::new(
        days().count(),
        vec![
            texts("account", days().map(|(row, _, _)| Some(row.account.as_str()))),
            texts("region", days().map(|(row, _, _)| Some(row.region.as_str()))),
            texts("date", days().map(|(_, date, _)| Some(date.as_str()))),
            texts("class", days().map(|(row, _, _)| Some(row.class.as_str()))),
            texts("state", days().map(|(_, _, state)| Some(state.as_str()))),
        ],
    )
}

/// Table `coverage_summary`: one row per account.
///
/// # Errors
/// When the engine refuses the columns.
pub fn coverage_summary(coverage: &Coverage, min_permille: i64) -> PolarsResult<DataFrame> {
    let all: Vec<_> = coverage.accounts.iter().collect();
    let count = |n: usize| Some(i64::try_from(n).unwrap_or(i64::MAX));
    DataFrame::new(
        all.len(),
        vec![
            texts("account", all.iter().map(|(id, _)| Some(id.as_str()))),
            ints("days_in_window", all.iter().map(|_| count(coverage.window_days.len()))),
            ints("days_with_events", all.iter().map(|(_, a)| count(a.days.len()))),
            texts("first_day", all.iter().map(|(_, a)| a.days.keys().next().map(String::as_str))),
            texts("last_day", all.iter().map(|(_, a)| a.days.keys().next_back().map(String::as_str))),
            #[allow(clippy::cast_precision_loss, reason = "thousandths of one fit a double exactly")]
            doubles("share", all.iter().map(|(_, a)| a.share_permille as f64 / 1000.0)),
            bools("complete", all.iter().map(|(_, a)| a.share_permille >= min_permille)),
        ],
    )
}
