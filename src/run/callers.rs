//! Callers whose unique id the log does not tell, found by their ARN in the inventory.
//!
//! S3 access logs name a caller by its ARN alone, and a session's ARN lacks the path of its role. The inventory has both path
//! and id. A name can be given again after a delete: what was done before its holder was made is somebody else's, and stays
//! with the ARN. Source: inputs-and-evaluation.md sections 3.4 and 3.5.

use std::collections::BTreeMap;

use crate::grants::Grants;
use crate::usage::{Activity, Usage};

/// Somebody of the inventory.
struct Known<'g> {
    arn: &'g str,
    id: &'g str,
    created_ms: Option<i64>,
}

/// Everybody of the inventory, by ARN and by ARN without path.
pub struct Callers<'g> {
    known: BTreeMap<String, Known<'g>>,
}

impl<'g> Callers<'g> {
    /// Collects them.
    #[must_use]
    pub fn new(grants: &'g Grants) -> Callers<'g> {
        let mut known = BTreeMap::new();
        for principal in grants.principals() {
            let bare = principal.arn.split_once('/').and_then(|(head, rest)| Some(format!("{head}/{}", rest.rsplit_once('/')?.1)));
            for arn in [Some(principal.arn.clone()), bare].into_iter().flatten() {
                known.entry(arn).or_insert(Known { arn: &principal.arn, id: &principal.unique_id, created_ms: principal.created_ms });
            }
        }
        Callers { known }
    }

    /// Gives a caller that is only known by an ARN its id and its whole ARN; `since_ms`: its first call of the row.
    fn name<T: AsRef<str> + for<'t> From<&'t str>>(&self, key: &mut T, arn: &mut Option<T>, since_ms: Option<i64>) {
        if !key.as_ref().starts_with("arn:") {
            return;
        }
        let Some(known) = self.known.get(key.as_ref()) else { return };
        let is_later = known.created_ms.zip(since_ms).is_some_and(|(made, called)| called < made);
        if is_later {
            return;
        }
        *arn = Some(known.arn.into());
        *key = if known.id.is_empty() { known.arn.into() } else { known.id.into() };
    }

    /// Names them in everything that was rolled up.
    pub fn add(&self, usage: &mut Usage) {
        for row in usage.rows.iter_mut().chain(&mut usage.history) {
            self.name(&mut row.principal_key, &mut row.principal_arn, Some(row.first_seen_ms));
        }
        for row in &mut usage.denials {
            self.name(&mut row.principal_key, &mut row.principal_arn, Some(row.first_seen_ms));
        }
        for row in &mut usage.denied_calls {
            self.name(&mut row.call.principal_key, &mut row.call.principal_arn, Some(row.call.first_seen_ms));
        }
        for row in &mut usage.session_calls {
            self.name(&mut row.principal_key, &mut row.principal_arn, Some(row.first_seen_ms));
        }
        for row in &mut usage.use_days {
            let first = row.days.first().map(|day| day.saturating_mul(86_400_000));
            self.name(&mut row.principal_key, &mut row.principal_arn, first);
        }
        if usage.activity.iter().any(|a| a.principal_key.starts_with("arn:")) {
            for row in &mut usage.activity {
                let first = row.first_allowed_ms.or(row.last_denied_ms);
                self.name(&mut row.principal_key, &mut row.principal_arn, first);
            }
            usage.activity = merged(std::mem::take(&mut usage.activity));
        }
    }
}

/// One row for each caller again.
fn merged(rows: Vec<Activity>) -> Vec<Activity> {
    let mut by_key: BTreeMap<String, Activity> = BTreeMap::new();
    for row in rows {
        match by_key.get_mut(&row.principal_key) {
            None => {
                by_key.insert(row.principal_key.clone(), row);
            }
            Some(one) => {
                for (sum, more) in one.calls.iter_mut().zip(row.calls) {
                    *sum = sum.saturating_add(more);
                }
                one.first_allowed_ms = [one.first_allowed_ms, row.first_allowed_ms].into_iter().flatten().min();
                one.last_allowed_ms = one.last_allowed_ms.max(row.last_allowed_ms);
                one.last_denied_ms = one.last_denied_ms.max(row.last_denied_ms);
                one.account = one.account.take().or(row.account);
            }
        }
    }
    by_key.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(key: &str, calls: [i64; 3], first: Option<i64>, last: Option<i64>) -> Activity {
        Activity {
            account: None,
            principal_key: key.to_owned(),
            principal_arn: None,
            principal_type: None,
            calls,
            first_allowed_ms: first,
            last_allowed_ms: last,
            last_denied_ms: None,
        }
    }

    fn callers() -> Callers<'static> {
        let known = |arn, id, created_ms| Known { arn, id, created_ms };
        let role = "arn:aws:iam::111122223333:role/team/app";
        Callers {
            known: BTreeMap::from([
                ("arn:aws:iam::111122223333:role/app".to_owned(), known(role, "AROAAPP", Some(1000))),
                (role.to_owned(), known(role, "AROAAPP", Some(1000))),
            ]),
        }
    }

    #[test]
    fn an_arn_without_path_finds_its_role_unless_the_role_is_younger() {
        let named = |key: &str, since| {
            let (mut key, mut arn) = (key.to_owned(), Some(key.to_owned()));
            callers().name(&mut key, &mut arn, since);
            (key, arn.unwrap())
        };
        let role = ("AROAAPP".to_owned(), "arn:aws:iam::111122223333:role/team/app".to_owned());
        assert_eq!(named("arn:aws:iam::111122223333:role/app", Some(2000)), role);
        assert_eq!(named("arn:aws:iam::111122223333:role/team/app", None), role);
        let before = "arn:aws:iam::111122223333:role/app".to_owned();
        assert_eq!(named(&before, Some(999)), (before.clone(), before));
        let other = "AROAOTHER".to_owned();
        assert_eq!(named(&other, Some(2000)), (other.clone(), other));
    }

    #[test]
    fn somebody_known_twice_becomes_one() {
        let mut usage = Usage { activity: vec![row("AROAAPP", [2, 1, 0], Some(5000), Some(6000)), row("arn:aws:iam::111122223333:role/app", [3, 0, 1], Some(2000), Some(5500))], ..Usage::default() };
        callers().add(&mut usage);
        let [one] = usage.activity.as_slice() else { panic!("{:?}", usage.activity) };
        assert_eq!((one.calls, one.first_allowed_ms, one.last_allowed_ms), ([5, 1, 1], Some(2000), Some(6000)));
    }
}
