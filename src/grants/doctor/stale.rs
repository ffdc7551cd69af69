//! Whether the exports are too old for the logs they are held against.

use std::collections::BTreeMap;

use super::{Gap, GapKind};
use crate::grants::Grants;
use crate::grants::catalogue::export;

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

/// Accounts whose authorization details are older than a change in the log, or old at all; and credential reports.
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
        }
        if let Some(at) = account.credential_report.as_ref().and_then(|r| r.generated_ms)
            && days(at, logs.end_ms) > OLD_DAYS
        {
            add("credential-report", id, format!("made {} days before the window ends", days(at, logs.end_ms)));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grants::Account;

    #[test]
    fn exports_grow_old() {
        let account = Account { id: "111122223333".to_owned(), captured_ms: Some(100 * DAY_MS), ..Account::default() };
        let grants = Grants { accounts: [(account.id.clone(), account)].into(), ..Grants::default() };
        let at = |end: i64, change: Option<i64>| {
            let last_change_ms = change.map(|c| ("111122223333".to_owned(), c * DAY_MS)).into_iter().collect();
            gaps(&grants, &LogWindow { end_ms: end * DAY_MS, last_change_ms }).into_iter().map(|g| g.why).collect::<Vec<_>>()
        };
        assert_eq!(at(107, Some(99)), Vec::<String>::new());
        assert_eq!(at(108, None), ["made 8 days before the window ends"]);
        assert_eq!(at(101, Some(101)), ["the log has changes of users, roles or policies after the export"]);
    }
}
