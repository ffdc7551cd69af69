//! What was granted when: takes the log's changes of grants back from the export, and sorts the calls of callers whose
//! grants changed by the time between two changes. `eras` judges them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::consistency::Row;
use super::{RunError, paths};
use crate::grants::{Change, Era, Grants, History, Limits, OwnerKind, Principal};
use crate::ingest::Ledger;
use crate::policy::PolicyDocument;
use crate::usage::{Calls, DenialRow, GrantChangeRow, OfCaller, Outcome, Usage, UsageRow, Window, self};

/// One span of time with the calls of one caller.
#[derive(Debug, Default)]
pub struct CallsOfEra {
    /// First millisecond.
    pub start_ms: i64,
    /// First millisecond after it.
    pub end_ms: i64,
    /// Authorised calls.
    pub used: Vec<UsageRow>,
    /// Refused calls.
    pub denied: Vec<DenialRow>,
}

impl CallsOfEra {
    /// All calls, each with its `userIdentity.type`.
    pub fn rows(&self) -> impl Iterator<Item = (Option<&str>, Row<'_>)> {
        let used = self.used.iter().map(|r| (r.principal_type.as_deref(), Row::of_use(r)));
        used.chain(self.denied.iter().map(|r| (r.principal_type.as_deref(), Row::of_denial(r))))
    }

    /// The authorised calls of one principal.
    pub fn used_by<'a>(&'a self, principal: &'a Principal) -> impl Iterator<Item = &'a UsageRow> {
        self.used.iter().filter(|r| is_of(*r, principal))
    }

    /// All calls of one principal.
    pub fn rows_of<'a>(&'a self, principal: &'a Principal) -> impl Iterator<Item = Row<'a>> {
        self.used_by(principal).map(Row::of_use).chain(self.denied.iter().filter(|r| is_of(*r, principal)).map(Row::of_denial))
    }
}

/// Whether a row is a principal's, as [`Calls::of`] has it.
fn is_of<T: OfCaller>(row: &T, principal: &Principal) -> bool {
    row.key() == principal.unique_id || row.arn() == Some(&principal.arn)
}

/// The history of the grants, with the calls that it bears on.
#[derive(Debug, Default)]
pub struct Past {
    history: History,
    missing_until: Option<String>,
    /// By principal key.
    calls: BTreeMap<String, Vec<CallsOfEra>>,
    /// Keys of the export's principals that have eras in the calls, by ARN.
    keys: BTreeMap<String, BTreeSet<String>>,
    /// Keys of callers without policies who take up roles whose trust policy changed.
    takers: BTreeSet<String>,
}

impl Past {
    /// The history itself.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// The last day of which changes may be missing.
    pub fn missing_until(&self) -> Option<&str> {
        self.missing_until.as_deref()
    }

    /// Whether a principal's calls are to be judged by era.
    pub fn has(&self, principal: &Principal) -> bool {
        self.keys.contains_key(&principal.arn)
    }

    /// The keys of such a principal in the log.
    pub fn keys(&self, principal: &Principal) -> impl Iterator<Item = &str> {
        self.keys.get(&principal.arn).into_iter().flatten().map(String::as_str)
    }

    /// Whether a caller without policies is to be judged by era.
    pub fn takes_up(&self, key: &str) -> bool {
        self.takers.contains(key)
    }

    /// Such callers.
    pub fn takers(&self) -> impl Iterator<Item = &str> {
        self.takers.iter().map(String::as_str)
    }

    /// The calls of a caller by era, in order.
    pub fn eras_of(&self, key: &str) -> &[CallsOfEra] {
        self.calls.get(key).map_or(&[][..], Vec::as_slice)
    }

    /// What a principal held at a moment; `None` where it never changed.
    pub fn era_at(&self, arn: &str, ms: i64) -> Option<&Era> {
        self.history.eras.get(arn)?.iter().find(|e| e.start_ms <= ms && ms < e.end_ms)
    }

    /// Whether a role's trust policy changed.
    pub fn has_trusts_of(&self, role: &str) -> bool {
        self.history.trusts.contains_key(role)
    }

    /// A role's trust policy at a moment: `None` where it never changed, `Some(None)` where it is not known.
    pub fn trust_at(&self, role: &str, ms: i64) -> Option<Option<&PolicyDocument>> {
        let eras = self.history.trusts.get(role)?;
        Some(eras.iter().find(|e| e.start_ms <= ms && ms < e.end_ms).and_then(|e| e.document.as_deref()))
    }
}

fn change(row: &GrantChangeRow) -> Change {
    Change {
        at_ms: row.event_time_ms,
        event_id: row.event_id.clone(),
        account: row.account.clone(),
        operation: row.event_name.clone(),
        target_kind: row.target_kind.clone(),
        target_name: row.target_name.clone(),
        target_arn: row.target_arn.clone(),
        target_id: row.target_id.clone(),
        policy_name: row.policy_name.clone(),
        policy_arn: row.policy_arn.clone(),
        document: row.document.clone(),
        version_id: row.version_id.clone(),
        set_as_default: row.set_as_default,
        group_name: row.group_name.clone(),
        new_name: row.new_name.clone(),
        is_told: row.is_told,
    }
}

/// First millisecond after a day.
fn end_of(day: &str) -> Option<i64> {
    let date: jiff::civil::Date = day.parse().ok()?;
    Some(jiff::tz::Offset::UTC.to_timestamp(date.tomorrow().ok()?.at(0, 0, 0, 0)).ok()?.as_millisecond())
}

/// Rebuilds the history, reads the calls that it bears on, and tells the grants their age.
pub fn replay(grants: &mut Grants, usage: &Usage, state: &Path, ledger: &Ledger, window: Window) -> Result<Past, RunError> {
    let parts = |table: &str| ledger.parts(table).iter().map(|p| state.join(p)).collect::<Vec<_>>();
    let changes: Vec<Change> = usage.grant_changes.iter().map(change).collect();
    let missing_until = ledger.changes_missing_until();
    let known_from_ms = missing_until.as_deref().map(|day| end_of(day).unwrap_or(i64::MAX));
    let limits = Limits { exported_ms: None, known_from_ms, wanted_from_ms: Some(window.start_ms) };
    let mut history = History::rebuild(grants, changes, limits);
    grants.since = std::mem::take(&mut history.since);
    let mut past = Past { history, missing_until, ..Past::default() };
    let spans = past.spans(grants, usage, window);
    let calls = usage::era_calls(&parts("events"), &parts("event_actions"), window, &spans)?;
    let mut fixed = Usage::default();
    let (eras_of_use, eras_of_denial): (Vec<i64>, Vec<i64>);
    (eras_of_use, fixed.rows) = calls.used.into_iter().unzip();
    (eras_of_denial, fixed.denials) = calls.denied.into_iter().unzip();
    paths::add(&mut fixed, grants);
    for (key, spans) in spans {
        let eras = spans.into_iter().map(|(start_ms, end_ms)| CallsOfEra { start_ms, end_ms, ..CallsOfEra::default() });
        past.calls.insert(key, eras.collect());
    }
    for (era, row) in eras_of_use.into_iter().zip(fixed.rows) {
        if let Some(slot) = past.slot(&row.principal_key, era) {
            slot.used.push(row);
        }
    }
    for (era, row) in eras_of_denial.into_iter().zip(fixed.denials) {
        if let Some(slot) = past.slot(&row.principal_key, era) {
            slot.denied.push(row);
        }
    }
    Ok(past)
}

impl Past {
    fn slot(&mut self, key: &str, era: i64) -> Option<&mut CallsOfEra> {
        self.calls.get_mut(key)?.get_mut(usize::try_from(era).ok()?)
    }

    /// The spans of every caller whose grants changed inside the window, or who takes up a role whose trust policy did.
    fn spans(&mut self, grants: &Grants, usage: &Usage, window: Window) -> usage::Spans {
        let mut cuts: BTreeMap<String, BTreeSet<i64>> = BTreeMap::new();
        let (used, denied, in_sessions) = (Calls::new(&usage.rows), Calls::new(&usage.denials), Calls::new(&usage.session_calls));
        let mut exported: BTreeSet<&str> = BTreeSet::new();
        for principal in grants.principals().filter(|p| p.kind != OwnerKind::Group) {
            let mut keys: BTreeSet<&str> = BTreeSet::new();
            let mut at: BTreeSet<i64> = BTreeSet::new();
            let eras = self.history.eras.get(&principal.arn);
            at.extend(eras.into_iter().flatten().map(|e| e.start_ms));
            let rows = used.of(&principal.unique_id, &principal.arn).into_iter().map(|r| (r.principal_key.as_str(), r.resource_arn.as_str()));
            let rows = rows.chain(denied.of(&principal.unique_id, &principal.arn).into_iter().map(|r| (r.principal_key.as_str(), r.resource_arn.as_str())));
            let rows = rows.chain(in_sessions.of(&principal.unique_id, &principal.arn).into_iter().map(|r| (r.principal_key.as_str(), r.resource_arn.as_str())));
            for (key, resource) in rows {
                keys.insert(key);
                at.extend(self.trust_cuts(resource));
            }
            exported.extend(&keys);
            let inside = at.iter().any(|cut| window.start_ms < *cut && *cut < window.end_ms);
            if inside || (eras.is_some() || !at.is_empty()) && !self.is_present_at(principal, window.start_ms) {
                for key in &keys {
                    cuts.entry((*key).to_owned()).or_default().extend(&at);
                }
                if !keys.is_empty() {
                    self.keys.insert(principal.arn.clone(), keys.into_iter().map(str::to_owned).collect());
                }
            }
        }
        let rows = usage.rows.iter().filter(|r| r.outcome == Outcome::Allowed).map(|r| (r.principal_key.as_str(), r.resource_arn.as_str()));
        for (key, resource) in rows.chain(usage.denials.iter().map(|r| (r.principal_key.as_str(), r.resource_arn.as_str()))) {
            if !exported.contains(key) && self.history.trusts.contains_key(resource) {
                self.takers.insert(key.to_owned());
                cuts.entry(key.to_owned()).or_default().extend(self.trust_cuts(resource));
            }
        }
        let inside = |cut: &i64| window.start_ms < *cut && *cut < window.end_ms;
        cuts.into_iter()
            .map(|(key, at)| {
                let at: Vec<i64> = at.into_iter().filter(inside).collect();
                let starts = [window.start_ms].into_iter().chain(at.iter().copied());
                let ends = at.iter().copied().chain([window.end_ms]);
                (key, starts.zip(ends).collect())
            })
            .collect()
    }

    /// Whether what held at a moment holds now, as the export has it. Trust policies that are not known are not.
    fn is_present_at(&self, principal: &Principal, ms: i64) -> bool {
        let is_last = |era: &Era| era.end_ms == i64::MAX && !era.is_open;
        self.era_at(&principal.arn, ms).is_none_or(is_last)
            && self.history.trusts.values().flatten().all(|e| e.document.is_some() || e.end_ms <= ms)
    }

    fn trust_cuts(&self, role: &str) -> impl Iterator<Item = i64> + use<'_> {
        self.history.trusts.get(role).into_iter().flatten().map(|e| e.start_ms)
    }
}
