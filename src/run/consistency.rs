//! Holds the whole log against the grants at hand: every call that succeeded and every call that was denied, by each
//! principal of the export, by its accounts' root users (`roots`), and by callers without policies who take up a role of it
//! (`takeovers`); and once more, with their session policies in place, the calls of sessions whose policies the log tells
//! (`sessions`). What bears on a call besides is put around it by `layers`. The figures and the contradictions stand in
//! `run.json` and in the report.

use std::collections::BTreeMap;

use super::asked::{Caller, Question, Trusts, ask};
use super::eras;
use super::history::Past;
use super::holders::{as_held, policies, request_principal, unseen};
use super::layers::Layers;
use super::roots;
use super::sessions::{self, Sessions};
use super::takeovers;
use crate::aws::Text;
use crate::evaluate::{CompiledPolicies, Compiler, PolicyType, RequestPrincipal};
use crate::grants::OwnerKind;
use crate::prove::replay::context_of;
use crate::prove::{Agreement, Comparison, Logged, Refusal, compare};
use crate::usage::{Calls, DenialRow, Outcome, SessionCallRow, Usage, UsageRow};

/// Calls by how they stand to the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    /// As logged.
    pub ok: i64,
    /// Not to be told.
    pub unknown: i64,
    /// Against the log.
    pub contradiction: i64,
}

impl Tally {
    fn add(&mut self, agreement: Agreement, calls: i64) {
        *match agreement {
            Agreement::Ok => &mut self.ok,
            Agreement::Unknown => &mut self.unknown,
            Agreement::Contradiction => &mut self.contradiction,
        } += calls;
    }
}

/// A request on which log and grants contradict each other.
#[derive(Clone, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub struct Contradiction {
    /// The caller.
    pub principal_arn: String,
    /// The action.
    pub action: String,
    /// The resource.
    pub resource: String,
    /// What the log says.
    pub logged: String,
    /// What the grants at hand say, with the deciding statements.
    pub decided: String,
    /// Calls.
    pub calls: i64,
    /// Event ids.
    pub samples: Vec<String>,
}

/// How some calls stand to the grants at hand.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Figures {
    /// Calls that succeeded.
    pub allowed: Tally,
    /// Calls that were denied.
    pub denied: Tally,
    /// Denied calls whose message names a kind of policy that is at hand, and that refuses here too.
    pub layer_agrees: i64,
    /// The same where it does not refuse here.
    pub layer_differs: i64,
    /// Denied calls whose message names a kind that is not at hand, by kind.
    pub layer_not_at_hand: BTreeMap<String, i64>,
    /// Denied calls whose message names no kind.
    pub layer_not_named: i64,
    /// Calls that are open, by what would settle them; a call may stand under several.
    pub settled_by: BTreeMap<String, i64>,
}

/// The comparison of the log with the grants at hand.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Consistency {
    /// All calls of principals of the export and by services and identities that take up its roles, session policies
    /// left out.
    pub calls: Figures,
    /// Those of them that were made in sessions with session policies, these now in place.
    pub sessions: Sessions,
    /// Requests with contradictions, in order.
    pub contradictions: Vec<Contradiction>,
}

/// One caller with what it holds.
pub struct Holder<'g> {
    /// The caller's ARN: user or role.
    pub arn: &'g str,
    /// The caller.
    pub caller: RequestPrincipal,
    /// What it holds.
    pub policies: CompiledPolicies,
    /// Kinds of which not all may be at hand.
    pub unseen: Vec<PolicyType>,
}

/// One row of the log, of use or of denial.
pub struct Row<'r> {
    action: &'r str,
    /// ARN, pattern or `*`.
    pub resource: &'r str,
    is_pattern: bool,
    region: Option<&'r str>,
    context_class: &'r str,
    /// Calls.
    pub calls: i64,
    first_ms: i64,
    samples: Vec<&'r str>,
    logged: Logged<'r>,
    error_code: Option<&'r str>,
}

impl<'r> Row<'r> {
    /// A row of use.
    pub fn of_use(row: &'r UsageRow) -> Row<'r> {
        Row {
            action: &row.action,
            resource: &row.resource_arn,
            is_pattern: row.is_pattern(),
            region: row.region.as_deref(),
            context_class: &row.context_class,
            calls: row.calls,
            first_ms: row.first_seen_ms,
            samples: row.samples.iter().map(Text::as_str).collect(),
            logged: Logged::Allowed,
            error_code: None,
        }
    }

    /// A row of calls in a session with session policies.
    pub fn of_session(row: &'r SessionCallRow) -> Row<'r> {
        let refusal = Refusal { effect: row.denied_effect.as_deref(), policy_type: row.denied_policy_type.as_deref() };
        Row {
            action: &row.action,
            resource: &row.resource_arn,
            is_pattern: row.is_pattern(),
            region: row.region.as_deref(),
            context_class: &row.context_class,
            calls: row.calls,
            first_ms: row.first_seen_ms,
            samples: row.samples.iter().map(Text::as_str).collect(),
            logged: if row.outcome == Outcome::Denied { Logged::Denied(refusal) } else { Logged::Allowed },
            error_code: row.error_code.as_deref(),
        }
    }

    /// A row of denial.
    pub fn of_denial(row: &'r DenialRow) -> Row<'r> {
        let mut samples: Vec<&str> = row.sample_event_first.iter().chain(&row.sample_event_last).map(Text::as_str).collect();
        samples.dedup();
        Row {
            action: &row.action,
            resource: &row.resource_arn,
            is_pattern: row.is_pattern(),
            region: row.region.as_deref(),
            context_class: &row.context_class,
            calls: row.calls,
            first_ms: row.first_seen_ms,
            samples,
            logged: Logged::Denied(Refusal {
                effect: row.denied_effect.as_deref(),
                policy_type: row.denied_policy_type.as_deref(),
            }),
            error_code: row.error_code.as_deref(),
        }
    }

    /// Prefix of the action.
    pub fn service(&self) -> &str {
        self.action.split(':').next().unwrap_or("")
    }
}

/// Compares every call of the export's principals, and every call that takes up a role of it, with the log. Callers whose
/// grants changed are judged by what held at the time of the call (`eras`).
pub fn of_grants(layers: &Layers<'_>, usage: &Usage, past: &Past) -> Consistency {
    let grants = layers.grants();
    let trusts = layers.trusts();
    let mut compiler = Compiler::default();
    let used = Calls::new(&usage.rows);
    let denied = Calls::new(&usage.denials);
    let in_sessions = Calls::new(&usage.session_calls);
    let mut out = Consistency::default();
    for principal in grants.principals().filter(|p| p.kind != OwnerKind::Group) {
        if past.has(principal) {
            eras::compare(past, principal, &in_sessions.of(&principal.unique_id, &principal.arn), trusts, layers, &mut compiler, &mut out);
            continue;
        }
        let rows: Vec<Row<'_>> = used
            .of(&principal.unique_id, &principal.arn)
            .into_iter()
            .filter(|r| r.outcome == Outcome::Allowed)
            .map(Row::of_use)
            .chain(denied.of(&principal.unique_id, &principal.arn).into_iter().map(Row::of_denial))
            .collect();
        let in_sessions = in_sessions.of(&principal.unique_id, &principal.arn);
        if rows.is_empty() && in_sessions.is_empty() {
            continue;
        }
        let held = grants.held_by(principal);
        let holder = Holder {
            arn: &principal.arn,
            caller: request_principal(principal),
            policies: policies(&mut compiler, as_held(&held), held.boundary),
            unseen: unseen(&held).to_vec(),
        };
        for row in rows {
            let comparison = put(&holder, &row, trusts, layers);
            out.calls.add(&row, &comparison);
            out.contradictions.extend(contradiction(&holder, &row, &comparison));
        }
        sessions::compare(&holder, in_sessions, grants, trusts, layers, &mut out);
    }
    takeovers::compare(usage, trusts, layers, past, &mut out);
    roots::compare(usage, trusts, layers, &mut out);
    out.sessions.not_exported = sessions::not_exported(grants, usage);
    out.contradictions.sort();
    out
}

/// Decides a row by what its caller holds and what bears on the call besides, and compares the decision with the log.
pub fn put(holder: &Holder<'_>, row: &Row<'_>, trusts: &Trusts<'_>, layers: &Layers<'_>) -> Comparison {
    let context = context_of(row.context_class, row.region);
    let question =
        Question { action: row.action, resource: row.resource, is_pattern: row.is_pattern, context: &context, first_ms: row.first_ms };
    let caller = Caller { who: &holder.caller, policies: &holder.policies, unseen: &holder.unseen };
    ask(caller, &question, trusts, layers, |request, policies, unseen| compare(request, policies, unseen, row.logged))
}

impl Figures {
    /// Counts a row.
    pub fn add(&mut self, row: &Row<'_>, comparison: &Comparison) {
        match row.logged {
            Logged::Allowed => self.allowed.add(comparison.agreement, row.calls),
            Logged::Denied(refusal) => {
                self.denied.add(comparison.agreement, row.calls);
                match (comparison.layer, refusal.policy_type) {
                    (Some(true), _) => self.layer_agrees += row.calls,
                    (Some(false), _) => self.layer_differs += row.calls,
                    (None, Some(kind)) => *self.layer_not_at_hand.entry(kind.to_owned()).or_default() += row.calls,
                    (None, None) => self.layer_not_named += row.calls,
                }
            }
        }
        for what in &comparison.settles {
            *self.settled_by.entry(what.clone()).or_default() += row.calls;
        }
    }
}

/// Both sides of a contradiction, if it is one.
pub fn contradiction(holder: &Holder<'_>, row: &Row<'_>, comparison: &Comparison) -> Option<Contradiction> {
    (comparison.agreement == Agreement::Contradiction).then(|| Contradiction {
        principal_arn: holder.arn.to_owned(),
        action: row.action.to_owned(),
        resource: row.resource.to_owned(),
        logged: logged_text(row),
        decided: decided_text(comparison),
        calls: row.calls,
        samples: row.samples.iter().map(|s| (*s).to_owned()).collect(),
    })
}

fn logged_text(row: &Row<'_>) -> String {
    match row.logged {
        Logged::Allowed => "allowed".to_owned(),
        Logged::Denied(refusal) => {
            let words = [row.error_code, refusal.effect, refusal.policy_type];
            format!("denied: {}", words.into_iter().flatten().collect::<Vec<_>>().join(" "))
        }
    }
}

fn decided_text(comparison: &Comparison) -> String {
    let evaluation = &comparison.evaluation;
    let by: Vec<String> =
        evaluation.decided_by.iter().map(|d| format!("{} {}/{}", d.policy_type.as_str(), d.policy, d.statement)).collect();
    match (by.as_slice(), evaluation.missing_policy_type) {
        ([], Some(kind)) => format!("{}: no {} policy allows", evaluation.decision.as_str(), kind.as_str()),
        ([], None) => evaluation.decision.as_str().to_owned(),
        (by, _) => format!("{} by {}", evaluation.decision.as_str(), by.join(", ")),
    }
}
