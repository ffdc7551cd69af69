//! Use of some days after others, added up: a row of each day's answer to `queries/usage.sql` is a row of the sum, or part of one.

use std::cmp::Ordering;
use std::hash::BuildHasher as _;

use hashbrown::HashTable;

use super::UsageRow;
use crate::aws::Text;

/// The sum so far.
#[derive(Default)]
pub(super) struct Added {
    rows: Vec<UsageRow>,
    /// Places of rows, by what they are about.
    places: HashTable<usize>,
    /// Drawn anew: names are the callers' own, who must not choose where they fall.
    hasher: foldhash::fast::RandomState,
}

/// What a row is about; rows that say the same are one. By this the query groups.
fn about(row: &UsageRow) -> [&str; 7] {
    let region = row.region.as_deref().unwrap_or_default();
    [&row.account, &row.principal_key, &row.action, &row.resource_arn, &row.provenance, region, &row.context_class]
}

fn is_same(one: &UsageRow, other: &UsageRow) -> bool {
    about(one) == about(other) && one.region.is_some() == other.region.is_some() && one.outcome == other.outcome
}

/// The query's order: what is not told comes last.
fn in_order(one: &UsageRow, other: &UsageRow) -> Ordering {
    let account = |row: &UsageRow| (row.account == *super::UNKNOWN_ACCOUNT, row.account.clone());
    account(one)
        .cmp(&account(other))
        .then_with(|| about(one).get(1..5).cmp(&about(other).get(1..5)))
        .then_with(|| (one.region.is_none(), &one.region).cmp(&(other.region.is_none(), &other.region)))
        .then_with(|| (&one.context_class, one.outcome).cmp(&(&other.context_class, other.outcome)))
}

impl UsageRow {
    /// Takes in a row about the same.
    fn add(&mut self, other: UsageRow) {
        self.principal_arn = self.principal_arn.take().max(other.principal_arn);
        self.principal_type = self.principal_type.take().max(other.principal_type);
        self.calls = self.calls.saturating_add(other.calls);
        self.first_seen_ms = self.first_seen_ms.min(other.first_seen_ms);
        self.last_seen_ms = self.last_seen_ms.max(other.last_seen_ms);
        let all: Vec<Text> = self.samples.drain(..).chain(other.samples).collect();
        let (first, last) = (all.iter().min().cloned(), all.iter().max().cloned());
        self.samples = first.into_iter().chain(last).collect();
        self.samples.dedup();
    }
}

impl Added {
    /// Adds a row.
    pub fn add(&mut self, row: UsageRow) {
        let hash = self.hasher.hash_one((about(&row), row.outcome));
        match self.places.find(hash, |at| self.rows.get(*at).is_some_and(|known| is_same(known, &row))) {
            Some(at) => {
                if let Some(known) = self.rows.get_mut(*at) {
                    known.add(row);
                }
            }
            None => {
                let (rows, hasher) = (&self.rows, &self.hasher);
                let hash_at = |at: &usize| rows.get(*at).map_or(0, |row| hasher.hash_one((about(row), row.outcome)));
                self.places.insert_unique(hash, rows.len(), hash_at);
                self.rows.push(row);
            }
        }
    }

    /// All rows, in the query's order.
    pub fn rows(self) -> Vec<UsageRow> {
        drop(self.places);
        let mut rows = self.rows;
        // Each day's rows are in order: what is left is to merge them.
        rows.sort_by(in_order);
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usage::Outcome;

    fn row(account: &str, action: &str, region: Option<&str>, outcome: Outcome, day: i64, samples: &[&str]) -> UsageRow {
        UsageRow {
            account: account.into(),
            principal_key: "AROAA".into(),
            principal_arn: (day > 1).then(|| format!("arn:aws:iam::{account}:role/r{day}").into()),
            principal_type: None,
            action: action.into(),
            resource_arn: "*".into(),
            provenance: "none".into(),
            region: region.map(Text::from),
            context_class: "{}".into(),
            outcome,
            calls: 10 * day,
            first_seen_ms: day,
            last_seen_ms: day + 5,
            samples: samples.iter().map(|s| Text::from(*s)).collect(),
        }
    }

    #[test]
    fn days_add_up() {
        let mut added = Added::default();
        let of = |day: i64, samples: &[&str]| row("1", "s3:GetObject", None, Outcome::Allowed, day, samples);
        added.add(of(2, &["m"]));
        added.add(of(1, &["b", "x"]));
        added.add(of(3, &["m", "n"]));
        let rows = added.rows();
        assert_eq!(rows.len(), 1);
        let sum = &rows[0];
        assert_eq!((sum.calls, sum.first_seen_ms, sum.last_seen_ms), (60, 1, 8));
        assert_eq!(sum.samples, ["b", "x"].map(Text::from));
        assert_eq!(sum.principal_arn.as_deref(), Some("arn:aws:iam::1:role/r3"));
    }

    #[test]
    fn what_differs_stays_apart_and_comes_in_the_querys_order() {
        let all = [
            row("1", "s3:GetObject", Some(""), Outcome::Allowed, 1, &["a"]),
            row("1", "s3:GetObject", Some("eu-west-1"), Outcome::Allowed, 1, &["a"]),
            row("1", "s3:GetObject", Some("eu-west-1"), Outcome::Error, 1, &["a"]),
            row("1", "s3:GetObject", None, Outcome::Allowed, 1, &["a"]),
            row("1", "s3:PutObject", None, Outcome::Denied, 1, &["a"]),
            row("zz", "s3:GetObject", None, Outcome::Allowed, 1, &["a"]),
            row("unknown", "s3:GetObject", None, Outcome::Allowed, 1, &["a"]),
        ];
        for from in 0..all.len() {
            let mut added = Added::default();
            for at in 0..all.len() * 2 {
                added.add(all[(from + at) % all.len()].clone());
            }
            let rows = added.rows();
            assert!(rows.iter().all(|r| r.calls == 20));
            let about = |rows: &[UsageRow]| rows.iter().map(|r| (r.account.clone(), r.action.clone(), r.region.clone(), r.outcome)).collect::<Vec<_>>();
            assert_eq!(about(&rows), about(&all));
        }
    }
}
