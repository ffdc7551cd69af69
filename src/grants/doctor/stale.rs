//! Whether the exports are too old for the logs they are held against.

use std::collections::BTreeMap;

use super::{Gap, GapKind};
use crate::grants::Grants;
use crate::grants::catalogue::{Part, export};

/// A day in milliseconds.
const DAY_MS: i64 = 86_400_000;

/// What the logs tell of time.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LogWindow {
    /// End of the window, epoch ms.
    pub end_ms: i64,
    /// The last event that changed policies or principals, epoch ms, by account.
    pub last_change_ms: BTreeMap<String, i64>,
}

/// How old an export may be at the end of the window before that is worth saying.
const OLD_DAYS: i64 = 7;

/// Accounts whose authorization details are older than a change in the log, old at all, or of unknown age; credential reports;
/// and every other command whose answer bears on calls, the oldest of its answers in an account.
#[must_use]
pub fn gaps(grants: &Grants, logs: &LogWindow) -> Vec<Gap> {
    let mut out = Vec::new();
    let mut add = |id: &str, account: &str, why: String| {
        if let Some(row) = export(id) {
            out.push(Gap {
                system: row.system.clone(),
                export: row.id.clone(),
                account: account.to_owned(),
                region: String::new(),
                kind: GapKind::Stale,
                subject: String::new(),
                why,
                weakens: row.weakens.clone(),
                command: format!("aws {}", row.command),
            });
        }
    };
    let days = |from: i64, to: i64| to.saturating_sub(from) / DAY_MS;
    for (id, account) in &grants.accounts {
        if let Some(at) = account.captured_ms {
            match logs.last_change_ms.get(id) {
                Some(change) if *change > at => {
                    add("authorization-details", id, "the log has changes of users, roles or policies after the export".to_owned());
                }
                _ if days(at, logs.end_ms) > OLD_DAYS => {
                    add("authorization-details", id, format!("made {} days before the window ends", days(at, logs.end_ms)));
                }
                _ => {}
            }
        } else if account.has_authorization_details {
            add("authorization-details", id, "when it was made is not known: taken to be newer than the logs".to_owned());
        }
        if let Some(at) = account.credential_report.as_ref().and_then(|r| r.generated_ms)
            && days(at, logs.end_ms) > OLD_DAYS
        {
            add("credential-report", id, format!("made {} days before the window ends", days(at, logs.end_ms)));
        }
    }
    let mut oldest: BTreeMap<(&str, &str), i64> = BTreeMap::new();
    for (question, asked) in grants.asked.iter().filter(|(_, asked)| !asked.answer.is_unknown()) {
        let bears_on_calls = export(question.of.export).is_some_and(|row| row.part == Part::Evaluated && row.id != "authorization-details");
        if let Some(at) = asked.at_ms.filter(|_| bears_on_calls) {
            let slot = oldest.entry((question.of.export, &question.of.account)).or_insert(at);
            *slot = at.min(*slot);
        }
    }
    for ((row, account), at) in oldest {
        if days(at, logs.end_ms) > OLD_DAYS {
            add(row, account, format!("made {} days before the window ends", days(at, logs.end_ms)));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grants::{Account, Asked, Known, ListKey, Question};

    #[test]
    fn exports_grow_old() {
        let account = Account { id: "111122223333".to_owned(), captured_ms: Some(100 * DAY_MS), ..Account::default() };
        let mut grants = Grants { accounts: [(account.id.clone(), account)].into(), ..Grants::default() };
        let at = |end: i64, change: Option<i64>| {
            let last_change_ms = change.map(|c| ("111122223333".to_owned(), c * DAY_MS)).into_iter().collect();
            gaps(&grants, &LogWindow { end_ms: end * DAY_MS, last_change_ms }).into_iter().map(|g| g.why).collect::<Vec<_>>()
        };
        assert_eq!(at(107, Some(99)), Vec::<String>::new());
        assert_eq!(at(108, None), ["made 8 days before the window ends"]);
        assert_eq!(at(107, None), Vec::<String>::new());
        assert_eq!(at(101, Some(101)), ["the log has changes of users, roles or policies after the export"]);
        let old = |export, account: &str, at: i64| {
            let of = ListKey { export, account: account.to_owned(), region: String::new() };
            let asked = Asked { answer: Known::Absent, at_ms: Some(at * DAY_MS), file: "f".to_owned() };
            (Question { of, subject: format!("bucket {at}") }, asked)
        };
        grants.asked = [old("bucket-policy", "111122223333", 90), old("bucket-policy", "111122223333", 99), old("users", "111122223333", 1)].into();
        let account = grants.accounts.get_mut("111122223333").unwrap();
        (account.captured_ms, account.has_authorization_details) = (None, true);
        let found = gaps(&grants, &LogWindow { end_ms: 100 * DAY_MS, ..LogWindow::default() });
        let found: Vec<(&str, &str)> = found.iter().map(|g| (g.export.as_str(), g.why.as_str())).collect();
        assert_eq!(found, [("authorization-details", "when it was made is not known: taken to be newer than the logs"), ("bucket-policy", "made 10 days before the window ends")]);
    }
}
