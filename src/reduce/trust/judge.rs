//! One verdict for every entry of every Allow statement of a role's trust policy.
//!
//! Order of questions, as for actions: did somebody come in by it; does somebody answer for it; could that have been seen; is
//! the role, and whom it trusts, old enough; did somebody come in before the window; only then the entry may go. An account
//! by which somebody came in is narrowed to those who did, if all of them are known.

use std::collections::BTreeSet;

use super::callers::{Caller, Callers};
use super::entries::{Entry, Kind, entries};
use super::write::{Plan, names_callers};
use super::young::Young;
use crate::aws::Text;
use crate::aws::Arn;
use crate::aws::principal::{PrincipalKind, is_permission_set_role, principal_kind};
use crate::grants::permission_set::set_name_of_role;
use crate::grants::Principal;
use crate::policy::matching::action_pattern_matches;
use crate::policy::{Effect, PrincipalElement, Statement};
use crate::reduce::age::too_young;
use crate::reduce::observe::Observer;
use crate::reduce::settings::{Mode, ReduceSettings};
use crate::reduce::verdict::{ActionVerdict, Verdict};
use crate::reference::{ActionIds, Reference};
use crate::usage::{Outcome, Window};

/// How many callers a verdict lists.
const CALLERS_AT_MOST: usize = 50;

/// Services that take up roles without an event in the role's account that could be relied on. Credentials of instance
/// profiles are renewed by the instance's own machinery.
const UNLOGGED_SERVICES: &[&str] = &["ec2"];

/// What judging trust policies needs, the same for all roles.
pub struct TrustJudge<'a> {
    /// Who took up what.
    pub callers: &'a Callers<'a>,
    /// Who is too young.
    pub young: &'a Young<'a>,
    /// What could have been seen.
    pub observer: &'a Observer<'a>,
    /// The reference.
    pub reference: &'a Reference,
    /// How far back use counts.
    pub window: Window,
    /// Settings.
    pub settings: &'a ReduceSettings,
}

/// What holds for all entries of one role.
struct Case<'c> {
    role: &'c Principal,
    mode: Mode,
    young: Option<String>,
    listed: Option<String>,
}

/// Verdicts and plans of one trust policy.
#[derive(Debug, Default)]
pub struct Judged {
    /// One per entry.
    pub verdicts: Vec<ActionVerdict>,
    /// One per statement.
    pub plans: Vec<Plan>,
}

/// The pattern of a caller in the condition. Identity Center gives the roles of a permission set a new end of name whenever it
/// makes them again (IAM Identity Center User Guide, "Referencing permission sets in resource policies").
fn caller_pattern(arn: &str) -> String {
    let parsed = Arn::parse(arn).filter(|_| is_permission_set_role(arn));
    match parsed.and_then(|a| Some((a, set_name_of_role(a.name())?))) {
        Some((a, set)) => {
            let any_end = "?".repeat(16);
            format!("arn:{}:iam::{}:role/aws-reserved/sso.amazonaws.com/*AWSReservedSSO_{set}_{any_end}", a.partition, a.account)
        }
        None => arn.to_owned(),
    }
}

fn is_user_or_role(arn: &str) -> bool {
    matches!(principal_kind(arn), Some(PrincipalKind::User | PrincipalKind::Role))
}

impl TrustJudge<'_> {
    /// Judges a role's trust policy. `granted_ms`: since when role and trust are as they are, epoch ms.
    #[must_use]
    pub fn judge(&self, role: &Principal, statements: &[Statement], granted_ms: Option<i64>) -> Judged {
        let mode = self.settings.mode_for(&[role]);
        let keep = self.settings.keep.iter().find(|k| k.is_for(role) && k.actions.iter().any(|a| action_pattern_matches(a, "sts:AssumeRole")));
        let case = Case { role, mode, young: too_young(granted_ms, mode, self.settings, self.window), listed: keep.map(crate::reduce::Keep::why) };
        let mut judged = Judged::default();
        for (index, statement) in statements.iter().enumerate() {
            let mut plan = Plan::default();
            if statement.effect == Effect::Allow {
                self.statement(&case, index, statement, &mut plan, &mut judged.verdicts);
            }
            judged.plans.push(plan);
        }
        judged
    }

    fn statement(&self, case: &Case<'_>, index: usize, statement: &Statement, plan: &mut Plan, verdicts: &mut Vec<ActionVerdict>) {
        let Some(PrincipalElement::Principal(set)) = &statement.principal else {
            let why = "NotPrincipal: who is meant is not a list of entries".to_owned();
            let verdict = ActionVerdict::new(index, statement.sid.as_deref(), "sts:AssumeRole", Verdict::KeepUnobservable, why);
            verdicts.push(ActionVerdict { subject: Some("NotPrincipal".to_owned()), ..verdict });
            return;
        };
        for entry in entries(set) {
            let came: Vec<&Caller<'_>> = self.callers.of(&case.role.arn).iter().filter(|c| entry.may_let_in(c)).collect();
            let before: Vec<&Caller<'_>> = self.callers.before(&case.role.arn).iter().filter(|c| entry.may_let_in(c)).collect();
            let mut verdict = ActionVerdict::new(index, statement.sid.as_deref(), entry.action(), Verdict::KeepUsed, "");
            verdict.subject = Some(entry.text.to_owned());
            fill(&mut verdict, &came, &before);
            if came.is_empty() {
                let (word, confidence, why) = self.idle(case, &entry, &before);
                (verdict.verdict, verdict.confidence, verdict.reason) = (word, confidence, why.into());
                if verdict.verdict == Verdict::Drop {
                    plan.dropped.insert(entry.text.to_owned());
                }
            } else {
                match self.narrow(case, &entry, statement, &came, &before) {
                    Ok(callers) => {
                        verdict.verdict = Verdict::Narrow;
                        verdict.confidence = "medium";
                        verdict.reason = format!("{} of the account's users and roles come in; the condition names them", callers.len()).into();
                        plan.narrowed.insert(entry.text.to_owned(), callers);
                    }
                    Err(why) => verdict.reason = why.into(),
                }
            }
            verdicts.push(verdict);
        }
    }

    /// The verdict on an entry by which nobody came in: verdict, confidence, reason.
    fn idle(&self, case: &Case<'_>, entry: &Entry<'_>, before: &[&Caller<'_>]) -> (Verdict, &'static str, String) {
        let keep = |verdict, why: String| (verdict, "high", why);
        if let Some(why) = &case.listed {
            return keep(Verdict::KeepListed, why.clone());
        }
        if entry.kind == Kind::Deleted && !self.callers.is_alive(entry.text) {
            return (Verdict::Drop, "high", "the trusted principal was deleted: nobody can be it again".to_owned());
        }
        if let Err(why) = self.could_have_seen(case, entry) {
            return keep(Verdict::KeepUnobservable, why);
        }
        if let Some(why) = &case.young {
            return keep(Verdict::KeepYoung, why.clone());
        }
        if entry.kind == Kind::Named && self.young.has(entry.text) {
            return keep(Verdict::KeepYoung, "whom it names was made, or given permissions, inside the window".to_owned());
        }
        if !before.is_empty() && case.mode != Mode::Aggressive {
            return (Verdict::KeepCadence, "medium", "used before the window: people and jobs that come seldom come again".to_owned());
        }
        (Verdict::Drop, "high", "nobody came in by it in the window".to_owned())
    }

    /// `Ok` when somebody who came in by the entry would have been seen.
    fn could_have_seen(&self, case: &Case<'_>, entry: &Entry<'_>) -> Result<(), String> {
        let account = case.role.account.as_str();
        let Some(id) = self.reference.find(entry.action()) else { return Err("not in the reference".to_owned()) };
        let ids: ActionIds = [id].into_iter().collect();
        if let Some(why) = self.observer.partition(&ids, &[account], None).into_keys().flatten().next() {
            return Err(why);
        }
        if self.callers.is_nameless(account) {
            return Err("a record of the account tells that somebody took up a role, and not which".to_owned());
        }
        match entry.kind {
            Kind::Other => Err("an entry that is not understood".to_owned()),
            Kind::Service if UNLOGGED_SERVICES.contains(&super::callers::service_word(entry.text).as_str()) => {
                Err(format!("{} does not always log when it takes up a role", entry.text))
            }
            Kind::Service if !self.callers.shows_service(account, entry.text) => {
                Err(format!("nothing shows that {} logs in this account when it takes up a role", entry.text))
            }
            _ => Ok(()),
        }
    }

    /// To whom an account's entry is narrowed, or why it stays as it is.
    fn narrow(&self, case: &Case<'_>, entry: &Entry<'_>, statement: &Statement, came: &[&Caller<'_>], before: &[&Caller<'_>]) -> Result<BTreeSet<String>, String> {
        let used = || "used in the window".to_owned();
        let but = |why: &str| format!("used in the window; not narrowed: {why}");
        let Kind::Account(account) = &entry.kind else { return Err(used()) };
        if names_callers(statement) {
            return Err("used in the window; a condition names the callers".to_owned());
        }
        if case.mode == Mode::Conservative {
            return Err(used());
        }
        if let Some(why) = &case.listed {
            return Err(but(why));
        }
        self.could_have_seen(case, entry).map_err(|why| but(&why))?;
        if let Some(why) = &case.young {
            return Err(but(why));
        }
        let mut callers = BTreeSet::new();
        for caller in came.iter().chain(before.iter().filter(|_| case.mode != Mode::Aggressive)) {
            match caller.arn.filter(|arn| is_user_or_role(arn)) {
                Some(arn) => _ = callers.insert(caller_pattern(arn)),
                None => return Err(but("not all callers are known by name; the logs of their account would tell")),
            }
        }
        callers.extend(self.young.takers(account, &case.role.arn).map(|p| caller_pattern(&p.arn)));
        Ok(callers)
    }
}

/// Counts, times, callers and samples.
fn fill(verdict: &mut ActionVerdict, came: &[&Caller<'_>], before: &[&Caller<'_>]) {
    let mut callers = BTreeSet::new();
    for caller in came {
        let row = caller.row;
        callers.insert(caller.arn.unwrap_or(&row.principal_key).to_owned());
        if row.outcome == Outcome::Allowed {
            verdict.calls += row.calls;
            verdict.first_seen_ms = Some(verdict.first_seen_ms.map_or(row.first_seen_ms, |t| t.min(row.first_seen_ms)));
            verdict.last_seen_ms = verdict.last_seen_ms.max(Some(row.last_seen_ms));
        } else {
            verdict.confidence = "low";
        }
        verdict.samples.extend(row.samples.iter().cloned());
    }
    if verdict.last_seen_ms.is_none() {
        verdict.last_seen_ms = before.iter().map(|c| c.row.last_seen_ms).max();
    }
    verdict.resources = callers.into_iter().take(CALLERS_AT_MOST).map(Text::from).collect();
    verdict.samples.sort();
    verdict.samples.dedup();
    verdict.samples.truncate(3);
    verdict.samples.shrink_to_fit();
}
