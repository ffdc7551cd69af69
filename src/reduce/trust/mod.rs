//! Trust policies: who may take up a role, reduced to who does.
//!
//! Entries by which nobody came in go; an account stays for those of its users and roles who came in. Conditions, actions and
//! Deny statements are copied. A trust policy whose every entry is idle is left whole: the role is unused, and whether it is
//! somebody's last way in is not for a log to say. Source: reports-and-controls.md section 2, peers.md section 3, item 15.

pub mod callers;
pub mod entries;
pub mod judge;
#[cfg(test)]
mod trust_test;
pub mod write;
pub mod young;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::aws::principal::{is_permission_set_role, is_service_linked_role};
use crate::grants::{Grants, OwnerKind, Principal};
use crate::policy::limits::{TRUST_LIMIT, TRUST_LIMIT_RAISED};
use crate::policy::{Effect, PolicyDocument, print};
use crate::reference::Reference;
use crate::usage::{Outcome, Usage, Window};

use super::observe::Observer;
use super::settings::{Mode, ReduceSettings};
use super::units::{Placement, Skipped, UnitName};
use super::verdict::Verdict;
use super::{Proposal, Status};
use callers::Callers;
use judge::{Judged, TrustJudge};
use young::Young;

/// The name under which a trust policy stands: no policy of IAM can have a space in its name.
pub const POLICY_NAME: &str = "trust policy";

/// When trust policies were last written, by role ARN: read from use of IAM's write actions, for stores whose changes are not
/// all known.
fn writes(usage: &Usage) -> BTreeMap<&str, i64> {
    let mut last = BTreeMap::new();
    for row in usage.history.iter().chain(&usage.rows).filter(|r| r.action == "iam:UpdateAssumeRolePolicy" && r.outcome == Outcome::Allowed) {
        let at = last.entry(row.resource_arn.as_str()).or_insert(row.last_seen_ms);
        *at = row.last_seen_ms.max(*at);
    }
    last
}

/// The limit that counts for a role's trust policy.
fn limit_of(current: &PolicyDocument) -> usize {
    if print::size(current) > TRUST_LIMIT { TRUST_LIMIT_RAISED } else { TRUST_LIMIT }
}

/// Accounts stay whole where the names of their callers would not fit.
fn fitted(current: &PolicyDocument, judged: &mut Judged, limit: usize) -> PolicyDocument {
    let written = write::document(current, &judged.plans);
    if print::size(&written) <= limit || judged.plans.iter().all(|p| p.narrowed.is_empty()) {
        return written;
    }
    for plan in &mut judged.plans {
        plan.narrowed.clear();
    }
    for verdict in judged.verdicts.iter_mut().filter(|v| v.verdict == Verdict::Narrow) {
        verdict.verdict = Verdict::KeepUsed;
        verdict.confidence = "high";
        verdict.reason = format!("used in the window; not narrowed: the callers' names do not fit {limit} characters").into();
    }
    write::document(current, &judged.plans)
}

fn proposal(role: &Principal, current: &PolicyDocument, mut judged: Judged) -> Proposal {
    let limit = limit_of(current);
    let written = fitted(current, &mut judged, limit);
    let size = print::size(&written);
    let changed = judged.plans.iter().any(write::Plan::changes);
    let status = if !changed {
        Status::Unchanged
    } else if !written.statements.iter().any(|s| s.effect == Effect::Allow) {
        Status::Withheld("nobody took up the role in the window: its trust is left whole, the role as a whole is unused".to_owned())
    } else if size > limit {
        Status::Withheld(format!("does not fit: {size} of {limit} characters"))
    } else {
        Status::Proposed
    };
    let name = UnitName {
        account: role.account.clone(),
        owner_kind: OwnerKind::Role,
        owner_name: role.name.clone(),
        owner_arn: role.arn.clone(),
        policy_name: POLICY_NAME.to_owned(),
        policy_arn: None,
        placement: Placement::Trust,
    };
    Proposal {
        proposed: if status == Status::Proposed { vec![written] } else { Vec::new() },
        verdicts: judged.verdicts.into(),
        status,
        limit,
        members: vec![role.arn.clone()],
        ..Proposal::of(name, Arc::new(current.clone()))
    }
}

/// Reduces the trust policy of every role, as far as it is the role's own to change.
#[must_use]
pub fn reduce(
    grants: &Grants,
    usage: &Usage,
    observer: &Observer<'_>,
    reference: &Reference,
    window: Window,
    settings: &ReduceSettings,
) -> (Vec<Proposal>, Vec<Skipped>) {
    let callers = Callers::new(usage, grants);
    let day_ms = 86_400_000_i64;
    let bold = window.end_ms.saturating_sub(settings.min_age_days.saturating_mul(day_ms));
    let any_bold = settings.mode == Mode::Aggressive || settings.rules.iter().any(|r| r.mode == Some(Mode::Aggressive));
    let young = Young::new(grants, if any_bold { window.start_ms.min(bold) } else { window.start_ms });
    let judge = TrustJudge { callers: &callers, young: &young, observer, reference, window, settings };
    let writes = if grants.since.is_complete { BTreeMap::new() } else { writes(usage) };
    let (mut proposals, mut skipped) = (Vec::new(), Vec::new());
    for role in grants.principals().filter(|p| p.kind == OwnerKind::Role) {
        // Whoever owns these roles writes their trust.
        if is_service_linked_role(&role.arn) || is_permission_set_role(&role.arn) {
            continue;
        }
        let mut skip = |reason: String| {
            skipped.push(Skipped { account: role.account.clone(), owner_arn: role.arn.clone(), policy: POLICY_NAME.to_owned(), reason });
        };
        match &role.trust {
            None => skip("the export does not tell the role's trust policy".to_owned()),
            Some(Err(e)) => skip(format!("document not readable: {e}")),
            Some(Ok(_)) if settings.left_alone(&[role]).is_some() => skip("left alone by the configuration".to_owned()),
            Some(Ok(document)) => {
                let since = [role.created_ms, grants.since.of_holder(&role.arn), writes.get(role.arn.as_str()).copied()];
                let judged = judge.judge(role, &document.statements, since.into_iter().flatten().max());
                proposals.push(proposal(role, document, judged));
            }
        }
    }
    (proposals, skipped)
}
