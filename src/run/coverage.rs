//! Adds regions, classes and trails to the model's coverage, and what is not known of them.

use std::collections::BTreeMap;

use crate::reduce::Covered;
use crate::report::escape::visible;
use crate::report::model::{ClassDays, ReportModel};
use crate::usage::{CoverageRow, DayState};

/// Days of one class: in order, with their state.
type Days<'r> = Vec<(&'r str, DayState)>;

fn class_days(class: String, days: &Days<'_>) -> ClassDays {
    let count = |state| days.iter().filter(|(_, s)| *s == state).count();
    let mut runs: Vec<(&str, &str)> = Vec::new();
    let mut open = false;
    for (date, state) in days {
        let is_missing = *state == DayState::Missing;
        match runs.last_mut() {
            Some(run) if is_missing && open => run.1 = date,
            _ if is_missing => runs.push((date, date)),
            _ => {}
        }
        open = is_missing;
    }
    ClassDays {
        class,
        share_permille: i64::try_from(count(DayState::Complete) * 1000 / days.len().max(1)).unwrap_or(0),
        partial: count(DayState::Partial),
        missing: runs.into_iter().map(|(from, to)| if from == to { from.to_owned() } else { format!("{from}/{to}") }).collect(),
    }
}

/// Adds them.
pub fn add(model: &mut ReportModel, covered: &Covered<'_>, rows: &[CoverageRow], dates: &[String]) {
    let by_class: BTreeMap<(&str, &str, &str), &CoverageRow> = rows.iter().map(|row| ((&*row.account, &*row.region, &*row.class), row)).collect();
    let mut by_account: BTreeMap<&str, BTreeMap<&str, Vec<ClassDays>>> = BTreeMap::new();
    for ((account, region, class), row) in by_class {
        let days: Days<'_> = dates.iter().map(String::as_str).zip(row.states.iter().copied()).collect();
        by_account.entry(account).or_default().entry(region).or_default().push(class_days(class.to_owned(), &days));
    }
    for account in &mut model.coverage {
        let regions = by_account.remove(account.account.as_str()).unwrap_or_default();
        account.regions = regions.into_iter().map(|(region, classes)| (visible(region), classes)).collect();
        for applied in covered.declared.of(&account.account) {
            let why = visible(applied.problem.as_deref().unwrap_or_default());
            if !why.is_empty() {
                model.unknown.push(why.clone());
            }
            account.trails.push((visible(&applied.trail.arn), why));
        }
        for name in covered.declared.unplaced(&account.account) {
            model.unknown.push(visible(&format!("account {}: whether trail `{name}` logs it is not known", account.account)));
        }
    }
    model.unknown.sort();
    model.unknown.dedup();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_days_are_told_in_runs() {
        let days = [("d1", 'c'), ("d2", 'm'), ("d3", 'm'), ("d4", 'p'), ("d5", 'm')]
            .map(|(d, s)| (d, match s { 'c' => DayState::Complete, 'p' => DayState::Partial, _ => DayState::Missing }));
        let found = class_days("management-read".to_owned(), &days.to_vec());
        assert_eq!((found.share_permille, found.partial, found.missing), (200, 1, vec!["d2/d3".to_owned(), "d5".to_owned()]));
    }
}
