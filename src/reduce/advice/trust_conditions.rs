//! Conditions that every use of a trust policy would have met: the subjects of a web identity provider, MFA, an ExternalId.
//! They are suggested, never applied: a condition that holds today may not hold tomorrow. Source: reports-and-controls.md
//! section 2, items 6, 8 and 9; design.md section 6, principle 5.

use std::collections::{BTreeMap, BTreeSet};

use super::{Advice, AdviceKind, day};
use crate::aws::principal::{is_permission_set_role, is_service_linked_role};
use crate::grants::{Grants, OwnerKind, Principal};
use crate::policy::{BaseOperator, Condition, ConditionOperator, Effect, PolicyDocument, PrincipalElement, SetOperator, Statement};
use crate::reduce::covered::Covered;
use crate::reduce::settings::{Mode, ReduceSettings};
use crate::reduce::trust::entries::{Entry, Kind, entries};
use crate::usage::{Assumption, Usage, Window};

/// From how many calls on a value is called stable.
const CALLS_AT_LEAST: i64 = 5;
/// How many subjects a list may have.
const SUBJECTS_AT_MOST: usize = 20;

/// Whether uses span the window and nothing of them is new in its last third.
fn is_stable(uses: &[&Assumption], window: Window) -> bool {
    let third = (window.end_ms - window.start_ms) / 3;
    let calls: i64 = uses.iter().map(|a| a.calls).sum();
    let early = uses.iter().all(|a| a.first_seen_ms < window.end_ms - third);
    let from_start = uses.iter().map(|a| a.first_seen_ms).min().is_some_and(|t| t < window.start_ms + third);
    let to_end = uses.iter().map(|a| a.last_seen_ms).max().is_some_and(|t| t >= window.end_ms - third);
    calls >= CALLS_AT_LEAST && early && from_start && to_end
}

/// Provider as in the condition keys: its host and path.
fn host(provider: &str) -> &str {
    provider.split_once(":oidc-provider/").map_or(provider, |(_, host)| host)
}

fn plain(operator: BaseOperator) -> ConditionOperator {
    ConditionOperator { set: SetOperator::Single, base: operator, if_exists: false }
}

fn with_statement(document: &PolicyDocument, at: usize, change: impl FnOnce(&mut Statement)) -> PolicyDocument {
    let mut document = document.clone();
    if let Some(statement) = document.statements.get_mut(at) {
        change(statement);
    }
    document
}

struct Case<'c> {
    role: &'c Principal,
    document: &'c PolicyDocument,
    at: usize,
    statement: &'c Statement,
    window: Window,
}

impl Case<'_> {
    fn advice(&self, title: String, text: String, uses: &[&Assumption], document: Option<PolicyDocument>) -> Advice {
        let evidence = uses.iter().map(|a| {
            let subject = a.subject.as_ref().map(|s| format!(", subject {s}")).unwrap_or_default();
            format!("{}{subject}: {} calls, {} to {}", a.source, a.calls, day(a.first_seen_ms), day(a.last_seen_ms))
        });
        Advice {
            kind: AdviceKind::TrustCondition,
            account: self.role.account.clone(),
            subject: self.role.arn.clone(),
            title,
            text,
            evidence: evidence.take(SUBJECTS_AT_MOST).collect(),
            document,
            confidence: "medium",
        }
    }

    fn has(&self, key: &str) -> bool {
        self.statement.conditions.iter().any(|c| c.key.eq_ignore_ascii_case(key))
    }

    /// The subjects of a web identity or SAML provider, where a wildcard or nothing stands now.
    fn subjects(&self, entry: &Entry<'_>, uses: &[&Assumption]) -> Option<Advice> {
        let key = match entry.kind {
            Kind::Oidc => format!("{}:sub", host(entry.text)),
            _ => "SAML:sub".to_owned(),
        };
        let ours: Vec<&Assumption> = uses.iter().copied().filter(|a| host(&a.source).eq_ignore_ascii_case(host(entry.text))).collect();
        let subjects: Option<BTreeSet<String>> = ours.iter().map(|a| a.subject.clone()).collect();
        let subjects = subjects.filter(|s| !s.is_empty() && s.len() <= SUBJECTS_AT_MOST)?;
        let own = |c: &&Condition| c.key.eq_ignore_ascii_case(&key);
        let now: Vec<&Condition> = self.statement.conditions.iter().filter(own).collect();
        let is_wide = |c: &&Condition| matches!(c.operator.base, BaseOperator::StringLike) && c.values.iter().any(|v| v.contains(['*', '?']));
        if !is_stable(&ours, self.window) || !(now.is_empty() || now.iter().any(is_wide)) || has_wildcard(&subjects) {
            return None;
        }
        // With several providers in one statement the condition would shut the others out.
        if entries_of(self.statement).len() != 1 {
            return None;
        }
        let wanted = Condition { operator: plain(BaseOperator::StringEquals), key: key.clone(), values: subjects.iter().cloned().collect() };
        let document = with_statement(self.document, self.at, |s| {
            s.conditions.retain(|c| !(c.key.eq_ignore_ascii_case(&key) && is_wide(&c)));
            if !s.conditions.iter().any(|c| c.operator == wanted.operator && c.key.eq_ignore_ascii_case(&key)) {
                s.conditions.push(wanted);
            }
        });
        let before = if now.is_empty() { "any subject of the provider may come in".to_owned() } else { format!("`{key}` has a wildcard") };
        Some(self.advice(
            format!("{} subjects are seen, more may come in", subjects.len()),
            format!("Now {before}. In the window the same {} subjects came in, none of them new in its last third: list them with StringEquals.", subjects.len()),
            &ours,
            Some(document),
        ))
    }

    /// MFA, where every call of users and roles was made with it.
    fn mfa(&self, uses: &[&Assumption]) -> Option<Advice> {
        let ours: Vec<&Assumption> = uses.iter().copied().filter(|a| matches!(a.source_kind, "user" | "role")).collect();
        let all = !ours.is_empty() && ours.len() == uses.len() && ours.iter().all(|a| a.mfa_calls == a.calls);
        let entries = entries_of(self.statement);
        let of_people = entries.iter().all(|e| matches!(e.kind, Kind::Account(_) | Kind::Named));
        if !all || !of_people || self.has("aws:MultiFactorAuthPresent") || !is_stable(&ours, self.window) {
            return None;
        }
        let wanted = Condition { operator: plain(BaseOperator::Bool), key: "aws:MultiFactorAuthPresent".to_owned(), values: vec!["true".to_owned()] };
        Some(self.advice(
            "every call was made with MFA, none has to".to_owned(),
            "All who came in did so with MFA. Ask for it.".to_owned(),
            &ours,
            Some(with_statement(self.document, self.at, |s| s.conditions.push(wanted))),
        ))
    }

    /// An ExternalId, where every call from another account sent the same one.
    fn external_id(&self, uses: &[&Assumption]) -> Option<Advice> {
        let entries = entries_of(self.statement);
        let is_other = |e: &Entry<'_>| match &e.kind {
            Kind::Account(id) => *id != self.role.account,
            Kind::Named => crate::aws::Arn::parse(e.text).is_some_and(|a| a.account != self.role.account),
            _ => false,
        };
        let same = !uses.is_empty() && uses.iter().all(|a| a.external_id_calls == a.calls && a.distinct_external_ids == 1);
        if self.has("sts:ExternalId") || entries.is_empty() || !entries.iter().all(is_other) || !same || !is_stable(uses, self.window) {
            return None;
        }
        Some(self.advice(
            "an ExternalId is sent and not asked for".to_owned(),
            "Every call from outside sent one ExternalId, the same each time for each caller. Ask for it: `\"StringEquals\": {\"sts:ExternalId\": \"…\"}` with the value that was agreed on. It is a secret that both sides share: only its hash is kept here, so no document is written.".to_owned(),
            uses,
            None,
        ))
    }
}

fn has_wildcard(subjects: &BTreeSet<String>) -> bool {
    subjects.iter().any(|s| s.contains(['*', '?', '$']))
}

fn entries_of(statement: &Statement) -> Vec<Entry<'_>> {
    match &statement.principal {
        Some(PrincipalElement::Principal(set)) => entries(set),
        _ => Vec::new(),
    }
}

/// Suggestions for every role whose account's logs cover the window and whose trust is older than it.
#[must_use]
pub fn advise(grants: &Grants, usage: &Usage, covered: &Covered<'_>, window: Window, settings: &ReduceSettings) -> Vec<Advice> {
    let mut by_role: BTreeMap<&str, Vec<&Assumption>> = BTreeMap::new();
    for assumption in &usage.assumptions {
        by_role.entry(&assumption.role_arn).or_default().push(assumption);
    }
    let mut out = Vec::new();
    for role in grants.principals().filter(|p| p.kind == OwnerKind::Role && by_role.contains_key(p.arn.as_str())) {
        let (Some(Ok(document)), Some(uses)) = (&role.trust, by_role.get(role.arn.as_str())) else { continue };
        let since = [role.created_ms, grants.since.of_holder(&role.arn)].into_iter().flatten().max();
        let is_ours = !is_service_linked_role(&role.arn) && !is_permission_set_role(&role.arn) && settings.left_alone(&[role]).is_none();
        if !is_ours || covered.days(&role.account).is_err() || crate::reduce::age::too_young(since, Mode::Balanced, settings, window).is_some() {
            continue;
        }
        // Who came in by which of several Allow statements is not told.
        let allows: Vec<(usize, &Statement)> = document.statements.iter().enumerate().filter(|(_, s)| s.effect == Effect::Allow).collect();
        for (at, statement) in &allows {
            let case = Case { role, document, at: *at, statement, window };
            let one = entries_of(statement);
            for entry in one.iter().filter(|e| matches!(e.kind, Kind::Oidc | Kind::Saml)) {
                out.extend(case.subjects(entry, uses));
            }
            if allows.len() == 1 && one.iter().all(|e| !matches!(e.kind, Kind::Oidc | Kind::Saml | Kind::Service)) {
                out.extend(case.mfa(uses));
                out.extend(case.external_id(uses));
            }
        }
    }
    out
}
