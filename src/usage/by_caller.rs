//! Rows by who made the calls: by unique id, and by ARN for records that lack the id.

use std::collections::BTreeMap;

use super::{DenialRow, SessionCallRow, UsageRow};

/// A row of use or denial with its caller.
pub trait OfCaller {
    /// The caller's unique id.
    fn key(&self) -> &str;
    /// The caller's ARN.
    fn arn(&self) -> Option<&str>;
}

impl OfCaller for UsageRow {
    fn key(&self) -> &str {
        &self.principal_key
    }

    fn arn(&self) -> Option<&str> {
        self.principal_arn.as_deref()
    }
}

impl OfCaller for DenialRow {
    fn key(&self) -> &str {
        &self.principal_key
    }

    fn arn(&self) -> Option<&str> {
        self.principal_arn.as_deref()
    }
}

impl OfCaller for SessionCallRow {
    fn key(&self) -> &str {
        &self.principal_key
    }

    fn arn(&self) -> Option<&str> {
        self.principal_arn.as_deref()
    }
}

/// Rows by the caller's unique id and by its ARN.
pub struct Calls<'u, T> {
    by_key: BTreeMap<&'u str, Vec<&'u T>>,
    by_arn: BTreeMap<&'u str, Vec<&'u T>>,
}

impl<'u, T: OfCaller> Calls<'u, T> {
    /// Sorts rows by caller.
    #[must_use]
    pub fn new(rows: &'u [T]) -> Calls<'u, T> {
        let mut calls = Calls { by_key: BTreeMap::new(), by_arn: BTreeMap::new() };
        for row in rows {
            calls.by_key.entry(row.key()).or_default().push(row);
            if let Some(arn) = row.arn() {
                calls.by_arn.entry(arn).or_default().push(row);
            }
        }
        calls
    }

    /// A principal's rows: by its unique id (empty if not known), and by its ARN for records that lack the id.
    #[must_use]
    pub fn of(&self, unique_id: &str, arn: &str) -> Vec<&'u T> {
        let mut rows = self.by_key.get(unique_id).cloned().unwrap_or_default();
        rows.extend(self.of_arn(arn).iter().filter(|r| r.key() != unique_id));
        rows
    }

    /// The rows that name an ARN.
    #[must_use]
    pub fn of_arn(&self, arn: &str) -> &[&'u T] {
        self.by_arn.get(arn).map_or(&[][..], Vec::as_slice)
    }
}
