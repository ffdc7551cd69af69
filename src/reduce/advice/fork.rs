//! A shared policy is reduced for the union of its holders; a holder who needs much less is better served by a policy of its
//! own.
//!
//! The rule: of the actions that holders used, the union keeps at least [`FEWER`] more than the holder used, and at least
//! [`TIMES`] times as many; or it keeps an action by which privileges are gained or credentials leave, that only others used.
//! Holders with the same use share a fork, [`FORKS`] of a policy at most. At most half of the holders are advised to leave: beyond that it is the policy that
//! should be split, by people. Source: peers.md section 3, item 16.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;

use super::{Advice, AdviceKind};
use crate::aws::principal::is_permission_set_role;
use crate::grants::{Grants, Index, OwnerKind, Principal};
use crate::policy::print;
use crate::reduce::covered::Covered;
use crate::reduce::evidence::Evidence;
use crate::reduce::expand::Expander;
use crate::policy::limits::MANAGED_LIMIT;
use crate::reduce::judge::Judge;
use crate::reduce::known::Known;
use crate::reduce::observe::Observer;
use crate::reduce::rewrite::rewrite;
use crate::reduce::settings::ReduceSettings;
use crate::reduce::write::Ground;
use crate::reduce::units::{Placement, PolicyUnit, units};
use crate::reduce::{Proposal, Status, Verdict};
use crate::reference::{ActionId, ActionIds, Reference};
use crate::usage::{Usage, Window};

/// How many actions more than a holder used the union must keep.
pub const FEWER: usize = 10;
/// How many times as many.
pub const TIMES: usize = 2;
/// How many forks of one policy are advised at most, those that take most away first.
pub const FORKS: usize = 5;
/// How many names the evidence lists.
const NAMES_AT_MOST: usize = 20;

/// A fork that is advised, before it is proved.
#[derive(Clone, Debug)]
pub struct Fork {
    /// The advice; its document takes the place of the shared policy on the holders.
    pub advice: Advice,
    /// The shared policy.
    pub policy_arn: String,
    /// Users and roles that would hold the fork, by ARN.
    pub members: Vec<String>,
}

/// Actions that some holder used, by the union's verdicts.
fn used_by_union(proposal: &Proposal, reference: &Reference) -> ActionIds {
    let used = proposal.verdicts.iter().filter(|v| matches!(v.verdict, Verdict::KeepUsed | Verdict::Narrow));
    used.filter_map(|v| reference.find(&v.action)).collect()
}

fn people<'g>(index: &Index<'g>, holder: &'g Principal) -> Vec<&'g Principal> {
    match holder.kind {
        OwnerKind::Group => index.members_of(holder).to_vec(),
        _ => vec![holder],
    }
}

fn is_risky(id: ActionId, reference: &Reference) -> bool {
    reference.risk(id).iter().any(|r| matches!(*r, "privilege-escalation" | "credential-exposure"))
}

struct Forks<'a> {
    judge: &'a Judge<'a>,
    index: &'a Index<'a>,
}

impl<'a> Forks<'a> {
    fn used_by(&self, holder: &'a Principal, among: &ActionIds) -> ActionIds {
        let uses = self.judge.evidence.uses(&people(self.index, holder));
        uses.into_iter().filter(|(id, u)| among.contains(*id) && !(u.allowed.is_empty() && u.weak.is_empty())).map(|(id, _)| id).collect()
    }

    /// The forks of one policy.
    fn of(&self, unit: &PolicyUnit<'_>, proposal: &Proposal) -> Vec<Fork> {
        let reference = self.judge.ground.reference;
        let Some(arn) = unit.name.policy_arn.as_deref() else { return Vec::new() };
        let holders = self.index.holders_of(arn);
        let union = used_by_union(proposal, reference);
        if holders.len() < 2 || union.is_empty() {
            return Vec::new();
        }
        // By what they used: holders of one fork.
        let mut by_use: BTreeMap<Vec<ActionId>, Vec<&'a Principal>> = BTreeMap::new();
        for holder in holders.iter().copied().filter(|h| !is_permission_set_role(&h.arn)) {
            let own = self.used_by(holder, &union);
            let mut lost = union.clone();
            lost.take_out(&own);
            let fewer = lost.len() >= FEWER && union.len() >= TIMES * own.len().max(1);
            if fewer || lost.iter().any(|id| is_risky(id, reference)) {
                by_use.entry(own.iter().collect()).or_default().push(holder);
            }
        }
        let mut groups: Vec<(Vec<ActionId>, Vec<&'a Principal>)> = by_use.into_iter().collect();
        groups.sort_by_key(|(own, who)| (std::cmp::Reverse(union.len().saturating_sub(own.len()) * who.len()), own.clone()));
        let mut places = (holders.len() / 2).max(1);
        let mut out = Vec::new();
        for (own, who) in groups {
            if who.len() > places {
                continue;
            }
            if out.len() == FORKS {
                break;
            }
            places -= who.len();
            out.push(self.fork(unit, arn, &union, &own.into_iter().collect(), &who, holders.len()));
        }
        out
    }

    fn fork(&self, unit: &PolicyUnit<'_>, arn: &str, union: &ActionIds, own: &ActionIds, who: &[&'a Principal], holders: usize) -> Fork {
        let reference = self.judge.ground.reference;
        let members: BTreeMap<&str, &Principal> = who.iter().flat_map(|h| people(self.index, h)).map(|p| (p.arn.as_str(), p)).collect();
        let alone = PolicyUnit { name: unit.name.clone(), document: unit.document, granted_ms: unit.granted_ms, members: members.values().copied().collect() };
        let proposal = rewrite(&alone, Arc::new(unit.document.clone()), self.judge.judge(&alone), self.judge.ground);
        let size: usize = proposal.proposed.iter().map(print::size).sum();
        let fits = size <= MANAGED_LIMIT && proposal.proposed.len() == 1;
        let document = proposal.proposed.into_iter().next().filter(|_| fits && proposal.status == Status::Proposed);
        let mut lost = union.clone();
        lost.take_out(own);
        let risky: Vec<&str> = lost.iter().filter(|id| is_risky(*id, reference)).map(|id| reference.name(id)).collect();
        let names = |list: Vec<&str>| {
            let more = list.len().saturating_sub(NAMES_AT_MOST);
            let shown = list.into_iter().take(NAMES_AT_MOST).collect::<Vec<_>>().join(", ");
            if more > 0 { format!("{shown} and {more} more") } else { shown }
        };
        let mut evidence: Vec<String> = who.iter().map(|h| format!("holder {}", h.arn)).collect();
        evidence.push(format!("used by them: {}", names(own.iter().map(|id| reference.name(id)).collect())));
        evidence.push(format!("used by others only: {}", names(lost.iter().map(|id| reference.name(id)).collect())));
        if !risky.is_empty() {
            evidence.push(format!("dangerous among these: {}", names(risky.clone())));
        }
        let what = if own.is_empty() { "They used nothing of it: detach it, or give them" } else { "Give them" };
        let why_none = if document.is_some() { "" } else { " No document is written: what is left does not fit one policy, or nothing is." };
        let advice = Advice {
            kind: AdviceKind::Fork,
            account: unit.name.account.clone(),
            subject: arn.to_owned(),
            title: format!("{} of {holders} holders used {} of the {} actions that all of them use", who.len(), own.len(), union.len()),
            text: format!(
                "Reduced for all holders, the policy keeps {} actions that these do not use, {} of them dangerous. {what} a copy of their own with this document instead.{why_none}",
                lost.len(),
                risky.len()
            ),
            evidence,
            document,
            confidence: "high",
        };
        Fork { advice, policy_arn: arn.to_owned(), members: members.into_keys().map(str::to_owned).collect() }
    }
}

/// Forks of every customer managed policy that was reduced for several holders.
#[must_use]
pub fn forks(grants: &Grants, usage: &Usage, covered: &Covered<'_>, reference: &Reference, window: Window, settings: &ReduceSettings, proposals: &[Proposal]) -> Vec<Fork> {
    let shared: BTreeMap<&str, &Proposal> = proposals
        .iter()
        .filter(|p| p.unit.placement == Placement::CustomerManaged && p.members.len() > 1 && !matches!(p.status, Status::Defect(_)))
        .map(|p| (p.unit.owner_arn.as_str(), p))
        .collect();
    if shared.is_empty() {
        return Vec::new();
    }
    let (units, _) = units(grants, usage);
    let evidence = Evidence::new(usage, reference);
    let observer = Observer::new(usage, reference, covered, window);
    let expander = Expander::new(reference);
    let ground = Ground::new(reference, Known::of(usage, Some(grants)), settings);
    let judge = Judge { grants, evidence: &evidence, observer: &observer, expander: &expander, ground: &ground, window };
    let index = Index::new(grants);
    let all = Forks { judge: &judge, index: &index };
    let mut out: Vec<Fork> = units
        .par_iter()
        .filter(|unit| unit.name.placement == Placement::CustomerManaged)
        .filter_map(|unit| Some((unit, *shared.get(unit.name.owner_arn.as_str())?)))
        .flat_map_iter(|(unit, proposal)| all.of(unit, proposal))
        .collect();
    out.sort_by(|a, b| (&a.advice, &a.members).cmp(&(&b.advice, &b.members)));
    out
}

/// The names of users and roles that some forks are for.
#[must_use]
pub fn members_of(forks: &[Fork]) -> BTreeSet<&str> {
    forks.iter().flat_map(|f| &f.members).map(String::as_str).collect()
}
