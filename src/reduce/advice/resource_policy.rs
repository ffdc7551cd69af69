//! Resource policies: entries for other accounts, and for everybody, by which nobody came in. Advice only, because a resource's
//! use is seen only where its kind of event is logged, and its owner may have made a promise that no log tells of.
//!
//! Entries of the resource's own account are left alone (they delegate, a key's to its root user above all), and so are
//! services, whose use of a resource is seldom logged. Source: reports-and-controls.md section 2; reference-data.md section 4.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Advice, AdviceKind, day};
use crate::aws::{Arn, is_account_id};
use crate::grants::{Grants, Resource};
use crate::policy::{ActionElement, Effect, PolicyDocument, PrincipalElement, PrincipalSet, Statement};
use crate::reduce::observe::Observer;
use crate::reduce::trust::entries::{Entry, Kind, entries};
use crate::reference::{ActionIds, Reference};
use crate::usage::{Outcome, Usage, UsageRow, Window};

/// How many users of a resource the evidence names.
const USERS_AT_MOST: usize = 10;

/// Calls on each resource that carries a policy, by its ARN; those that failed before authorisation could be told count too.
fn uses_by_resource<'u>(grants: &Grants, usage: &'u Usage) -> BTreeMap<String, Vec<&'u UsageRow>> {
    let mut home: HashMap<&str, Option<String>> = HashMap::new();
    let mut out: BTreeMap<String, Vec<&UsageRow>> = BTreeMap::new();
    for row in usage.history.iter().chain(&usage.rows).filter(|r| r.outcome != Outcome::Denied) {
        let found = home.entry(&row.resource_arn).or_insert_with(|| match row.is_pattern() || row.resource_arn == "*" {
            true => None,
            false => grants.resources.resource_of(&row.resource_arn).map(|r| r.arn.clone()),
        });
        if let Some(arn) = found {
            out.entry(arn.clone()).or_default().push(row);
        }
    }
    out
}

/// Accounts of a service in which somebody called it on a resource that the record does not name.
fn nameless(usage: &Usage) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut out: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for row in usage.rows.iter().filter(|r| r.outcome == Outcome::Allowed && r.is_pattern()) {
        if let Some((service, _)) = row.action.split_once(':') {
            out.entry(service).or_default().insert(&row.account);
        }
    }
    out
}

/// Whether a call may have come in by an entry.
fn may_be(entry: &Entry<'_>, row: &UsageRow, owner: &str) -> bool {
    let account = row.account.as_str();
    match &entry.kind {
        Kind::Everybody => account != owner,
        Kind::Account(id) => account == id || !is_account_id(account),
        _ => match (Arn::parse(entry.text), row.principal_arn.as_deref().and_then(Arn::parse)) {
            (Some(named), Some(arn)) => named.account == arn.account && named.name() == arn.name(),
            (Some(named), None) => account == named.account || !is_account_id(account) || row.principal_key == entry.text,
            _ => row.principal_key == entry.text,
        },
    }
}

/// Whether an entry lets somebody from outside of the account in, and may be judged by the logs.
fn is_outside(entry: &Entry<'_>, owner: &str) -> bool {
    match &entry.kind {
        Kind::Everybody | Kind::Deleted => true,
        Kind::Account(id) => id != owner,
        Kind::Named | Kind::Session => Arn::parse(entry.text).is_some_and(|a| a.account != owner),
        Kind::Service | Kind::Saml | Kind::Oidc | Kind::Other => false,
    }
}

/// The actions of a statement that the reference knows.
fn actions(statement: &Statement, reference: &Reference) -> ActionIds {
    let mut ids = ActionIds::new();
    if let ActionElement::Action(list) = &statement.action {
        for pattern in list {
            ids.add(&reference.set_of(pattern));
        }
    }
    ids
}

struct Case<'c> {
    resource: &'c Resource,
    rows: &'c [&'c UsageRow],
    observer: &'c Observer<'c>,
    reference: &'c Reference,
    nameless: &'c BTreeMap<&'c str, BTreeSet<&'c str>>,
    window: Window,
}

/// An entry that nobody came in by.
struct Idle {
    statement: usize,
    text: String,
    line: String,
    unseen: Option<String>,
}

impl Case<'_> {
    /// Why a use by the entry might not have been seen.
    fn unseen(&self, entry: &Entry<'_>, statement: &Statement) -> Option<String> {
        let ids = actions(statement, self.reference);
        if ids.is_empty() {
            return Some("its actions are not known".to_owned());
        }
        // A policy of a resource is about that resource and what lies in it, whatever its own patterns say.
        let why = self.observer.partition(&ids, &[self.resource.account.as_str()], statement.resource.as_ref()).into_keys().flatten().next();
        let of_service = self.nameless.get(self.resource.service.as_str());
        let vague = || {
            let from = |account: &&str| match &entry.kind {
                Kind::Everybody => *account != self.resource.account,
                Kind::Account(id) => account == id,
                _ => Arn::parse(entry.text).is_some_and(|a| a.account == *account),
            };
            of_service?.iter().find(|a| from(a)).map(|a| format!("account {a} called {} on resources that the records do not name", self.resource.service))
        };
        why.or_else(vague)
    }

    fn idle(&self, document: &PolicyDocument) -> Vec<Idle> {
        let mut out = Vec::new();
        for (at, statement) in document.statements.iter().enumerate().filter(|(_, s)| s.effect == Effect::Allow) {
            let Some(PrincipalElement::Principal(set)) = &statement.principal else { continue };
            for entry in entries(set).iter().filter(|e| is_outside(e, &self.resource.account)) {
                // A condition keeps strangers out, or it does not: that is another report.
                if self.rows.iter().any(|r| may_be(entry, r, &self.resource.account)) {
                    continue;
                }
                let name = statement.sid.clone().unwrap_or_else(|| format!("#{at}"));
                let who = match entry.kind {
                    Kind::Everybody => "everybody".to_owned(),
                    Kind::Deleted => format!("{} (deleted)", entry.text),
                    _ => entry.text.to_owned(),
                };
                let unseen = if entry.kind == Kind::Deleted { None } else { self.unseen(entry, statement) };
                let caveat = unseen.as_ref().map(|w| format!("; not all of its use would be seen: {w}")).unwrap_or_default();
                out.push(Idle { statement: at, text: entry.text.to_owned(), line: format!("statement {name}: no use by {who}{caveat}"), unseen });
            }
        }
        out
    }

    fn advice(&self, name: &str, document: &PolicyDocument) -> Option<Advice> {
        let idle = self.idle(document);
        if idle.is_empty() {
            return None;
        }
        let sure = idle.iter().all(|i| i.unseen.is_none());
        let mut evidence: Vec<String> = idle.iter().map(|i| i.line.clone()).collect();
        let mut users: BTreeMap<&str, i64> = BTreeMap::new();
        for row in self.rows {
            *users.entry(row.principal_arn.as_deref().unwrap_or(&row.principal_key)).or_default() += row.calls;
        }
        evidence.extend(users.iter().take(USERS_AT_MOST).map(|(who, calls)| format!("used by {who}: {calls} calls")));
        if users.len() > USERS_AT_MOST {
            evidence.push(format!("and by {} others", users.len() - USERS_AT_MOST));
        }
        evidence.push(format!("window {} to {}", day(self.window.start_ms), day(self.window.end_ms)));
        let is_public = idle.iter().any(|i| i.text == "*");
        Some(Advice {
            kind: AdviceKind::ResourcePolicy,
            account: self.resource.account.clone(),
            subject: self.resource.arn.clone(),
            title: if is_public { format!("{name}: open to everybody, and nobody from outside came") } else { format!("{name}: {} entries for others that nobody uses", idle.len()) },
            text: if sure {
                "The logs would have shown a use. Ask whoever shares the resource, then take the entries out.".to_owned()
            } else {
                "No use was seen, and not all of it would have been: data events have to be logged for that (see the evidence). Ask whoever shares the resource.".to_owned()
            },
            evidence,
            document: without(document, &idle),
            confidence: if sure { "medium" } else { "low" },
        })
    }
}

/// The policy without the idle entries; `None` if no statement is left.
fn without(document: &PolicyDocument, idle: &[Idle]) -> Option<PolicyDocument> {
    let mut statements = Vec::new();
    for (at, statement) in document.statements.iter().enumerate() {
        let gone: BTreeSet<&str> = idle.iter().filter(|i| i.statement == at).map(|i| i.text.as_str()).collect();
        match &statement.principal {
            Some(PrincipalElement::Principal(set)) if !gone.is_empty() => {
                let aws: Vec<String> = set.aws.iter().filter(|t| !gone.contains(t.as_str())).cloned().collect();
                let rest = PrincipalSet { aws, ..set.clone() };
                if rest != PrincipalSet::default() {
                    statements.push(Statement { principal: Some(PrincipalElement::Principal(rest)), ..statement.clone() });
                }
            }
            _ => statements.push(statement.clone()),
        }
    }
    (!statements.is_empty()).then(|| PolicyDocument { version: document.version, id: document.id.clone(), statements })
}

/// Advice for every exported resource policy.
#[must_use]
pub fn advise(grants: &Grants, usage: &Usage, observer: &Observer<'_>, reference: &Reference, window: Window) -> Vec<Advice> {
    let mut out = Vec::new();
    if grants.resources.by_arn.is_empty() {
        return out;
    }
    let uses = uses_by_resource(grants, usage);
    let nameless = nameless(usage);
    for resource in grants.resources.by_arn.values().filter(|r| is_account_id(&r.account)) {
        let rows = uses.get(&resource.arn).map_or(&[][..], Vec::as_slice);
        let case = Case { resource, rows, observer, reference, nameless: &nameless, window };
        for policy in resource.policy.present().into_iter().flatten() {
            if let Ok(document) = &policy.document {
                out.extend(case.advice(&policy.name, document));
            }
        }
    }
    out
}
