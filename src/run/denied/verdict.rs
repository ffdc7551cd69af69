//! Should a refused call be allowed? What the log says for and against, never more than that.
//!
//! Reasons hold no counts: a finding whose reason changed every night would be "changed" every night.

use std::collections::{BTreeMap, BTreeSet};

use super::group::{Member, who};
use super::profile::Profile;
use crate::aws::is_account_id;
use crate::report::model::day;
use crate::usage::{DeniedCallRow, Outcome, Usage, UsageRow};

/// From how many days on a refusal is that of something that tries again by itself.
const DAYS: usize = 3;

/// From how many refused roles on a caller looks for one that lets it in.
const ROLES: usize = 3;

/// What the callers of refused calls are allowed, by caller and service.
pub struct Record<'u> {
    used: BTreeMap<&'u str, BTreeMap<&'u str, Vec<&'u UsageRow>>>,
}

fn service(action: &str) -> &str {
    action.split(':').next().unwrap_or("")
}

impl<'u> Record<'u> {
    /// The authorised calls, in the window and before, of everybody who was refused something.
    pub fn new(usage: &'u Usage, refused: &'u [DeniedCallRow]) -> Record<'u> {
        let callers: BTreeSet<&str> = refused.iter().map(who).collect();
        let mut used: BTreeMap<&str, BTreeMap<&str, Vec<&UsageRow>>> = BTreeMap::new();
        for row in usage.rows.iter().chain(&usage.history).filter(|r| r.outcome == Outcome::Allowed) {
            let name = row.principal_arn.as_deref().unwrap_or(&row.principal_key);
            if callers.contains(name) {
                used.entry(name).or_default().entry(service(&row.action)).or_default().push(row);
            }
        }
        Record { used }
    }

    fn of(&self, member: &Member<'_>) -> &[&'u UsageRow] {
        self.used.get(member.who()).and_then(|of| of.get(service(&member.row.call.action))).map_or(&[][..], Vec::as_slice)
    }
}

/// The judgement on a member: word and reason.
pub type Verdict = (&'static str, String);

/// Whether the same call was allowed at other times, and what follows.
fn over_time(member: &Member<'_>, record: &Record<'_>) -> Option<Verdict> {
    let call = &member.row.call;
    if call.is_pattern() {
        return None;
    }
    let same: Vec<&&UsageRow> = record.of(member).iter().filter(|u| u.action == call.action && u.resource_arn == call.resource_arn).collect();
    let (first, last) = (same.iter().map(|u| u.first_seen_ms).min()?, same.iter().map(|u| u.last_seen_ms).max()?);
    let is_explicit = member.cause.effect == Some("explicit");
    Some(if last < member.seen_ms.0 {
        ("mistake", format!("the same call was allowed until {} and is refused since: a change took the permission away, or the call's context changed", day(Some(last))))
    } else if first > member.seen_ms.1 {
        ("mended", format!("the same call is allowed since {}", day(Some(first))))
    } else if member.cause.layer == Some("session") {
        ("guard", "the same call is allowed in other sessions: whoever made this one passed a policy that leaves it out".to_owned())
    } else if is_explicit {
        ("guard", "the same call is allowed under other conditions: the statement that denies it there works as it is written".to_owned())
    } else {
        ("cannot-tell", "because the same call was allowed and refused by turns: it depends on something that the log does not tell, a condition or a session".to_owned())
    })
}

/// What the caller may do that is nearly the same.
fn sibling(member: &Member<'_>, record: &Record<'_>) -> Option<Verdict> {
    let call = &member.row.call;
    let names_it = call.resource_arn != *"*" && !call.is_pattern();
    // To be let into one role says nothing of another.
    if !names_it || call.action.starts_with("sts:AssumeRole") {
        return None;
    }
    let used = record.of(member);
    if let Some(other) = used.iter().filter(|u| u.action == call.action && u.resource_arn != call.resource_arn).map(|u| &u.resource_arn).min() {
        return Some(("mistake", format!("the caller is allowed the same action on {}: this resource was likely left out", other.as_str())));
    }
    let other = used.iter().filter(|u| u.resource_arn == call.resource_arn && u.action != call.action).map(|u| &u.action).min()?;
    Some(("mistake", format!("the caller is allowed {} on the same resource: this action was likely left out", other.as_str())))
}

/// Judges the calls of one caller on one resource.
pub fn of_member(member: &Member<'_>, record: &Record<'_>, profiles: &BTreeMap<&str, Profile>, own: &BTreeSet<String>) -> Verdict {
    let call = &member.row.call;
    if let Some(verdict) = over_time(member, record) {
        return verdict;
    }
    if call.account == *"ANONYMOUS_PRINCIPAL" {
        return ("probing", "nobody in particular asked, without credentials: it should be allowed only if the resource is meant to be public".to_owned());
    }
    if is_account_id(&call.account) && !own.contains(call.account.as_str()) {
        return ("probing", format!("the caller is of account {}, which is not yours, and was never allowed this: a stranger, or a partner that is not set up yet", call.account.as_str()));
    }
    if member.cause.effect == Some("explicit") {
        let layer = member.cause.layer.unwrap_or("some");
        return ("guard", format!("somebody wrote a Deny for it (layer: {layer}), and the log shows no earlier success: it works as it is written; if the caller keeps trying, mend the caller"));
    }
    if let Some(profile) = profiles.get(member.who()).filter(|p| p.tries_everything()) {
        return if profile.by_habit() {
            ("scanner", "the caller asks for many services day after day and is refused: an inventory or a scanner; give it a read-only policy for what it is meant to see, or leave it".to_owned())
        } else {
            ("probing", "the caller tried many services or actions on one day and was refused: somebody looks for what these credentials can do, or a tool ran once".to_owned())
        };
    }
    if let Some(verdict) = sibling(member, record) {
        return verdict;
    }
    if member.days.len() >= DAYS {
        return ("mistake", "it is refused day after day: automation that lacks a grant, or that should stop asking".to_owned());
    }
    let why = if call.principal_key.is_empty() {
        "because the log does not tell who called"
    } else {
        "because a refusal on few days, without an earlier success and without anything like it that is allowed, does not tell a missing grant from an attempt: ask the caller"
    };
    ("cannot-tell", why.to_owned())
}

/// Judges a cluster: what most of its calls are.
pub fn of_cluster(members: &[&Member<'_>], record: &Record<'_>, profiles: &BTreeMap<&str, Profile>, own: &BTreeSet<String>) -> Verdict {
    let mut calls: BTreeMap<&'static str, i64> = BTreeMap::new();
    let mut reasons: BTreeMap<(&'static str, String), i64> = BTreeMap::new();
    let mut days: BTreeSet<&str> = BTreeSet::new();
    let mut roles: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for member in members {
        let call = &member.row.call;
        if call.action.starts_with("sts:AssumeRole") {
            roles.entry(member.who()).or_default().insert(&call.resource_arn);
        }
        let (word, reason) = of_member(member, record, profiles, own);
        *calls.entry(word).or_default() += member.calls;
        *reasons.entry((word, reason)).or_default() += member.calls;
        days.extend(&member.days);
    }
    let most = calls.iter().max_by_key(|(word, n)| (**n, std::cmp::Reverse(**word))).map_or("cannot-tell", |(word, _)| *word);
    if most == "cannot-tell" && roles.values().any(|tried| tried.len() >= ROLES) {
        return ("probing", "the caller tried one role after the other, and none let it in: somebody looks for a way up, or a tool has an old list of roles".to_owned());
    }
    // One on each day by another caller of a kind is day after day as well.
    if most == "cannot-tell" && days.len() >= DAYS && members.len() > 1 {
        return ("mistake", "several callers are refused the same day after day: a grant that they all lack, or something that should stop asking".to_owned());
    }
    let reason = reasons.into_iter().filter(|((word, _), _)| *word == most).max_by(|a, b| (a.1, &b.0).cmp(&(b.1, &a.0)));
    (most, reason.map_or_else(String::new, |((_, reason), _)| reason))
}
