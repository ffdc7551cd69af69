//! The grant-side tables that SQL and CSV read. Flat columns, absent is NULL, rows sorted. What each column means:
//! `docs/tables.md`.
//!
//! Policies are kept once: `documents` names every place where a document stands, `statements` has each distinct document
//! once, `action_sets` each distinct action element once, with its wildcards expanded. `granted_actions` is the join of
//! the last two and is never built as a whole, so ten thousand policies that allow `*` cost one set of actions.

pub mod accounts;
pub mod actions;
pub mod attachments;
pub mod credentials;
pub mod documents;
mod entries;
#[cfg(test)]
mod facts_test;
pub mod inventory;
mod listings;
pub mod managed_policies;
pub mod mfa_devices;
pub mod principals;
pub mod resource_grants;
pub mod settings;
pub mod statements;
#[cfg(test)]
mod tests;
pub mod trails;
pub mod trusts;

use polars::prelude::{Column, DataFrame, NamedFrom, PolarsResult, Series};

pub use accounts::{AccountRow, accounts};
pub use actions::{ActionSets, Expanded, action_sets, granted_actions};
pub use attachments::attachments;
pub use credentials::credentials;
pub use documents::{Documents, PolicyType, documents};
pub use inventory::{inventory, last_accessed};
pub use managed_policies::managed_policies;
pub use mfa_devices::mfa_devices;
pub use principals::principals;
pub use resource_grants::resource_grants;
pub use settings::{account_summary, password_policies};
pub use statements::statements;
pub use trails::trails;
pub use trusts::trusts;

/// Columns of a table, made from a list of rows.
struct Columns<'r, R> {
    rows: &'r [R],
    columns: Vec<Column>,
}

impl<'r, R> Columns<'r, R> {
    fn of(rows: &'r [R]) -> Columns<'r, R> {
        Columns { rows, columns: Vec::new() }
    }

    /// A column of texts that the rows hold.
    fn text(mut self, name: &str, of: impl Fn(&'r R) -> Option<&'r str>) -> Self {
        self.columns.push(Series::new(name.into(), self.rows.iter().map(of).collect::<Vec<_>>()).into());
        self
    }

    /// A column of texts that are made for it.
    fn made(mut self, name: &str, of: impl Fn(&'r R) -> Option<String>) -> Self {
        self.columns.push(Series::new(name.into(), self.rows.iter().map(of).collect::<Vec<_>>()).into());
        self
    }

    /// A column of whole numbers.
    fn int(mut self, name: &str, of: impl Fn(&'r R) -> Option<i64>) -> Self {
        self.columns.push(Series::new(name.into(), self.rows.iter().map(of).collect::<Vec<_>>()).into());
        self
    }

    /// A column of truths.
    fn bool(mut self, name: &str, of: impl Fn(&'r R) -> Option<bool>) -> Self {
        self.columns.push(Series::new(name.into(), self.rows.iter().map(of).collect::<Vec<_>>()).into());
        self
    }

    fn table(self) -> PolarsResult<DataFrame> {
        DataFrame::new(self.rows.len(), self.columns)
    }
}

/// A length as a number of the tables.
fn count(n: usize) -> Option<i64> {
    i64::try_from(n).ok()
}

/// Texts below each other; NULL where there are none.
fn lines<'t>(texts: impl IntoIterator<Item = &'t str>) -> Option<String> {
    let texts: Vec<&str> = texts.into_iter().collect();
    (!texts.is_empty()).then(|| texts.join("\n"))
}

/// A text; NULL where it is empty.
fn told(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}
