//! The calls of callers whose grants changed, split at the changes. Definition: `queries/era_calls.sql`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::coverage::days_of;
use super::engine::{Engine, UsageError, Window};
use crate::aws::{Text, Texts};
use super::{DenialRow, Outcome, UsageRow, denial_row, outcome};

/// Rows with the number of the era that they fall into.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct EraCalls {
    /// Authorised calls.
    pub used: Vec<(i64, UsageRow)>,
    /// Refused calls.
    pub denied: Vec<(i64, DenialRow)>,
}

/// Spans of time by principal key, in order; an era's number is its place.
pub type Spans = BTreeMap<String, Vec<(i64, i64)>>;

/// One row of the table `eras` for each day that an era touches inside the window.
fn by_day(spans: &Spans, window: Window) -> Vec<(String, String, i64, i64, i64)> {
    let mut rows = Vec::new();
    for (key, spans) in spans {
        for (era, (start, end)) in spans.iter().enumerate() {
            let (start_ms, end_ms) = (window.start_ms.max(*start), window.end_ms.min(*end));
            if start_ms >= end_ms {
                continue;
            }
            let days = days_of(Window { start_ms, end_ms });
            let era = i64::try_from(era).unwrap_or(i64::MAX);
            rows.extend(days.into_iter().map(|day| (key.clone(), day, era, start_ms, end_ms)));
        }
    }
    rows
}

/// Reads the calls in the window of the callers that have spans.
///
/// # Errors
/// [`UsageError`] when a part file cannot be read or the query fails.
pub fn era_calls(events: &[PathBuf], event_actions: &[PathBuf], window: Window, spans: &Spans) -> Result<EraCalls, UsageError> {
    let mut out = EraCalls::default();
    let eras = by_day(spans, window);
    if eras.is_empty() {
        return Ok(out);
    }
    let mut engine = Engine::open(events, event_actions, window)?;
    engine.add_eras(&eras)?;
    let table = engine.run("era_calls", include_str!("../../queries/era_calls.sql"))?;
    let mut texts = Texts::default();
    for row in table.rows() {
        let era = row.need_int("era")?;
        let denial = denial_row(&row, &mut texts)?;
        if outcome(row.text("outcome")?.as_deref()) == Outcome::Denied {
            out.denied.push((era, denial));
        } else {
            out.used.push((era, as_use(denial)));
        }
    }
    Ok(out)
}

/// A row of authorised calls in the form of `queries/usage.sql`.
fn as_use(row: DenialRow) -> UsageRow {
    let mut samples: Vec<Text> = row.sample_event_first.into_iter().chain(row.sample_event_last).collect();
    samples.dedup();
    UsageRow {
        account: row.account,
        principal_key: row.principal_key,
        principal_arn: row.principal_arn,
        principal_type: row.principal_type,
        action: row.action,
        resource_arn: row.resource_arn,
        provenance: row.arn_provenance,
        region: row.region,
        context_class: row.context_class,
        outcome: Outcome::Allowed,
        calls: row.calls,
        first_seen_ms: row.first_seen_ms,
        last_seen_ms: row.last_seen_ms,
        samples,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_era_has_a_row_for_every_day_that_it_touches() {
        let day = 86_400_000;
        let spans = Spans::from([("AROA".to_owned(), vec![(i64::MIN, day + 10), (day + 10, day + 20), (day + 20, i64::MAX)])]);
        let rows = by_day(&spans, Window { start_ms: day / 2, end_ms: 3 * day });
        let told: Vec<(&str, i64)> = rows.iter().map(|r| (r.1.as_str(), r.2)).collect();
        assert_eq!(told, [("1970-01-01", 0), ("1970-01-02", 0), ("1970-01-02", 1), ("1970-01-02", 2), ("1970-01-03", 2)]);
        assert_eq!((rows[0].3, rows[4].4), (day / 2, 3 * day));
    }
}
