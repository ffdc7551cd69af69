//! From use and grants to smaller policies: for every policy document of every owner, a verdict for each
//! action it grants, and the document that remains.
//!
//! The rules that keep a site running: only what the logs could have shown is ever dropped; Deny statements and
//! conditions are copied; a narrowed resource lies inside the pattern it came from; what does not fit AWS's
//! limits is withheld, never cut. Source: design.md section 6, reference-data.md sections 4 and 5.

pub mod advice;
pub mod age;
pub mod cadence;
pub mod compress;
pub mod covered;
pub mod declared;
#[cfg(test)]
mod declared_test;
#[cfg(test)]
mod fit_test;
#[cfg(test)]
mod narrow_test;
#[cfg(test)]
mod units_test;
pub mod evidence;
pub mod expand;
pub mod fit;
pub mod from_usage;
pub mod ids;
pub mod judge;
#[cfg(test)]
mod judge_test;
#[cfg(test)]
pub(crate) mod made_test;
pub mod known;
pub mod learned;
pub mod narrow;
pub mod observe;
pub mod permission_sets;
#[cfg(test)]
mod permission_sets_test;
pub mod rewrite;
pub mod s3_keys;
pub mod settings;
pub mod trust;
pub mod units;
pub mod verdict;
pub mod verdicts;
pub mod weigh;
pub mod write;

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use rayon::prelude::*;

use crate::grants::{Grants, PolicySource};
use crate::policy::{PolicyDocument, print};
use crate::reference::{ActionIds, Reference};
use crate::usage::{Calls, Outcome, Usage, UsageRow, Window};

pub use covered::Covered;
pub use expand::Expander;
pub use settings::{Keep, Mode, ReduceSettings, Rule};
pub use units::{Placement, PolicyUnit, Skipped};
pub use verdict::{ActionVerdict, PatternVerdict, Verdict, VerdictGroup};
pub use verdicts::Verdicts;

/// What became of one policy document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// Nothing to take away.
    Unchanged,
    /// A smaller policy is proposed; with no document at all, its removal.
    Proposed,
    /// A smaller policy exists but is not proposed, because.
    Withheld(String),
    /// A proof failed: the proposal is a defect of ours and is not written, because.
    Defect(String),
}

/// The outcome for one policy document of one owner.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// Whose document, and which.
    pub unit: units::UnitName,
    /// The document as it is; `None` when the policy was made from use alone.
    pub current: Option<Arc<PolicyDocument>>,
    /// The document or numbered documents that would replace it.
    pub proposed: Vec<PolicyDocument>,
    /// The document before statements were merged and it was made to fit, where that changed it: whether both say the
    /// same is for the proofs to show.
    pub unpacked: Option<PolicyDocument>,
    /// What was done to make it fit.
    pub packing: Vec<write::Step>,
    /// Patterns that are not the granted policy's own, with what they take in beyond use.
    pub generalised: Vec<known::Generalised>,
    /// Conditions that no use would have failed; never part of `proposed`.
    pub suggestions: Vec<learned::Suggestion>,
    /// One verdict per statement and action of which records tell.
    pub verdicts: Verdicts,
    /// Verdicts on all other actions of each statement.
    pub groups: Vec<VerdictGroup>,
    /// What became of it.
    pub status: Status,
    /// AWS's limit in characters for each proposed document (for inline policies: for the owner's total).
    pub limit: usize,
    /// Users and roles that the document applies to, by ARN.
    pub members: Vec<String>,
    /// AWS managed policies that are detached because the proposed documents take their place too: ARN and document.
    pub detached: Vec<(String, Arc<PolicyDocument>)>,
    /// What the proposal replaces, as its members hold it, where the unit's name does not tell.
    pub replaces: Vec<PolicySource>,
}

impl Proposal {
    /// A document that stays as it is, until something is found.
    #[must_use]
    pub fn of(unit: units::UnitName, current: Arc<PolicyDocument>) -> Proposal {
        Proposal {
            unit,
            current: Some(current),
            proposed: Vec::new(),
            unpacked: None,
            packing: Vec::new(),
            suggestions: Vec::new(),
            generalised: Vec::new(),
            verdicts: Verdicts::default(),
            groups: Vec::new(),
            status: Status::Unchanged,
            limit: 0,
            members: Vec::new(),
            detached: Vec::new(),
            replaces: Vec::new(),
        }
    }

    /// What is granted now by all that the proposal replaces, as one document.
    #[must_use]
    pub fn granted(&self) -> Option<Cow<'_, PolicyDocument>> {
        let current = self.current.as_deref()?;
        if self.detached.is_empty() {
            return Some(Cow::Borrowed(current));
        }
        let mut all = current.clone();
        all.statements.extend(self.detached.iter().flat_map(|(_, d)| d.statements.iter().cloned()));
        Some(Cow::Owned(all))
    }

    /// The largest proposed document in characters as IAM counts them.
    #[must_use]
    pub fn largest(&self) -> usize {
        self.proposed.iter().map(print::size).max().unwrap_or(0)
    }

    /// The distinct actions that are granted now, those of them that stay, and those that go. Names that the reference does
    /// not know count as granted and staying by themselves.
    #[must_use]
    pub fn actions(&self, reference: &Reference) -> ActionsOf {
        let mut of = ActionsOf::default();
        let mut unknown = std::collections::BTreeSet::new();
        for group in &self.groups {
            of.before.add(&group.actions);
            if group.verdict != Verdict::Drop {
                of.after.add(&group.actions);
            }
        }
        for verdict in self.verdicts.iter() {
            match reference.find(&verdict.action) {
                Some(id) => {
                    of.before.insert(id);
                    if verdict.verdict != Verdict::Drop {
                        of.after.insert(id);
                    }
                }
                None => {
                    unknown.insert(verdict.action);
                }
            }
        }
        of.unknown = unknown.len();
        of
    }
}

/// The actions of a document before and after.
#[derive(Clone, Debug, Default)]
pub struct ActionsOf {
    /// Granted now.
    pub before: ActionIds,
    /// What stays of them.
    pub after: ActionIds,
    /// Names that the reference does not know; they stay.
    pub unknown: usize,
}

/// Every unit's document. An AWS managed policy is the same document on all of its holders, and kept once.
fn documents<'u>(units: &'u [PolicyUnit<'u>]) -> Vec<Arc<PolicyDocument>> {
    let mut known: HashMap<&str, Arc<PolicyDocument>> = HashMap::new();
    let document = |unit: &PolicyUnit<'_>| Arc::new(unit.document.clone());
    let of_unit = |unit: &'u PolicyUnit<'u>| match unit.name.policy_arn.as_deref() {
        Some(arn) => Arc::clone(known.entry(arn).or_insert_with(|| document(unit))),
        None => document(unit),
    };
    units.iter().map(of_unit).collect()
}

/// The resources that some principals (ARN and unique id, empty if not known) were authorised on.
fn used_by<'u>(members: &[(&str, &str)], calls: &Calls<'u, UsageRow>) -> BTreeSet<&'u str> {
    let rows = members.iter().flat_map(|(arn, id)| calls.of(id, arn));
    rows.filter(|r| r.outcome == Outcome::Allowed && !r.is_pattern()).map(|r| r.resource_arn.as_str()).collect()
}

/// ARN and unique id of those that a document is for.
fn named<'u>(unit: &'u PolicyUnit<'_>) -> Vec<(&'u str, &'u str)> {
    unit.members.iter().map(|m| (m.arn.as_str(), m.unique_id.as_str())).collect()
}

/// Reduces every policy document of every owner. Documents that are not reduced at all are named with a reason. `settle` is
/// called for managed policies as soon as they have their text: what is as wide as AWS's own must not wait for others.
#[must_use]
pub fn reduce(
    grants: &Grants,
    usage: &Usage,
    covered: &Covered<'_>,
    reference: &Reference,
    window: Window,
    settings: &ReduceSettings,
    settle: fit::Settle<'_>,
) -> (Vec<Proposal>, Vec<Skipped>) {
    let (units, mut skipped) = units::units(grants, usage);
    let mut reduced = Vec::with_capacity(units.len());
    for unit in units {
        match settings.left_alone(&unit.members) {
            Some(who) => skipped.push(Skipped {
                account: unit.name.account.clone(),
                owner_arn: unit.name.owner_arn.clone(),
                policy: unit.name.policy_name.clone(),
                reason: format!("left alone by the configuration: it bears on {}", who.arn),
            }),
            None => reduced.push(unit),
        }
    }
    skipped.sort();
    let evidence = evidence::Evidence::new(usage, reference);
    let observer = observe::Observer::new(usage, reference, covered, window);
    let expander = Expander::new(reference);
    let ground = write::Ground::new(reference, known::Known::of(usage, Some(grants)), settings);
    let calls = Calls::new(&usage.rows);
    let judge = judge::Judge { grants, evidence: &evidence, observer: &observer, expander: &expander, ground: &ground, window };
    let documents = documents(&reduced);
    let fresh = |unit: &PolicyUnit<'_>, current: &Arc<PolicyDocument>| {
        let judged = judge.judge(unit);
        let suggestions = learned::suggestions(&named(unit), &judged.verdicts, &calls, window, reference);
        Proposal { suggestions, ..rewrite::rewrite(unit, Arc::clone(current), judged, &ground) }
    };
    let mut attached = fit::Attached::new(Some(grants), settings.attached_quota);
    let mut proposals: Vec<Proposal> = reduced
        .par_iter()
        .zip(&documents)
        .map(|(unit, current)| {
            let mut proposal = fresh(unit, current);
            fit::fit_managed(&mut proposal, &attached, &ground, settle);
            proposal
        })
        .collect();
    let (sets, left) = permission_sets::reduce(grants, usage, &judge);
    proposals.extend(sets);
    skipped.extend(left);
    fit::fit_inline_owners(&mut proposals, &ground);
    let again = |at: usize| Some(fresh(reduced.get(at)?, documents.get(at)?));
    fit::share_room(&mut proposals, &mut attached, &ground, settle, &again);
    proposals.par_iter_mut().zip(&reduced).filter(|(p, _)| p.status == Status::Proposed).for_each(|(proposal, unit)| {
        proposal.generalised = ground.known.measured(&proposal.proposed, proposal.current.as_deref(), &used_by(&named(unit), &calls));
    });
    let (trusts, left) = trust::reduce(grants, usage, &observer, reference, window, settings);
    proposals.extend(trusts);
    skipped.extend(left);
    skipped.sort();
    proposals.sort_by(|a, b| a.unit.cmp(&b.unit));
    (proposals, skipped)
}
