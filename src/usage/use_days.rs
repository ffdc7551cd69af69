//! On which days before the window somebody used what they have not used in it. Definition: `queries/use_days.sql`.

use super::engine::{Table, UsageError};

/// The days on which one principal used one action, all before the window.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UseDays {
    /// The caller's unique id.
    pub principal_key: String,
    /// The caller's ARN.
    pub principal_arn: Option<String>,
    /// Canonical action.
    pub action: String,
    /// Days since 1970-01-01 UTC, rising.
    pub days: Vec<i64>,
}

/// Days since 1970-01-01 of a date `YYYY-MM-DD`.
fn day_number(date: &str) -> Option<i64> {
    let date: jiff::civil::Date = date.parse().ok()?;
    let start = jiff::civil::date(1970, 1, 1);
    Some(i64::from(start.until(date).ok()?.get_days()))
}

/// Reads the answer of the query, whose rows are in order.
///
/// # Errors
/// [`UsageError`] when a column is missing.
pub fn use_days_of(table: &Table) -> Result<Vec<UseDays>, UsageError> {
    let mut out: Vec<UseDays> = Vec::new();
    for row in table.rows() {
        let (key, action) = (row.need_text("principal_key")?, row.need_text("action")?);
        let Some(day) = day_number(&row.need_text("date")?) else { continue };
        match out.last_mut() {
            Some(last) if last.principal_key == key && last.action == action => last.days.push(day),
            _ => out.push(UseDays { principal_key: key, principal_arn: row.text("principal_arn")?, action, days: vec![day] }),
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_from_1970() {
        assert_eq!(day_number("1970-01-01"), Some(0));
        assert_eq!(day_number("2026-11-26"), Some(20_783));
        assert_eq!(day_number("?"), None);
    }
}
