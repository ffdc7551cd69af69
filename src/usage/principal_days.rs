//! On which days of the window each principal was authorised. Definition: `queries/principal_days.sql`.

use std::collections::BTreeMap;

use super::engine::{Table, UsageError};

/// Authorised calls by principal's unique id and day (`YYYY-MM-DD`); days without calls are left out.
pub type PrincipalDays = BTreeMap<String, Vec<(String, i64)>>;

/// Reads the answer of the query, whose rows are in order.
///
/// # Errors
/// [`UsageError`] when a column is missing.
pub fn principal_days_of(table: &Table) -> Result<PrincipalDays, UsageError> {
    let mut out = PrincipalDays::new();
    for row in table.rows() {
        let day = (row.need_text("date")?, row.need_int("calls")?);
        out.entry(row.need_text("principal_key")?).or_default().push(day);
    }
    Ok(out)
}
