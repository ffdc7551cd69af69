//! From use and grants to smaller policies: for every policy document of every owner, a verdict for each
//! action it grants, and the document that remains.
//!
//! The rules that keep a site running: only what the logs could have shown is ever dropped; Deny statements and
//! conditions are copied; a narrowed resource lies inside the pattern it came from; what does not fit AWS's
//! limits is withheld, never cut. Source: design.md section 6, reference-data.md sections 4 and 5.

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
pub mod fit;
pub mod from_usage;
pub mod ids;
pub mod known;
pub mod learned;
pub mod narrow;
pub mod observe;
pub mod rewrite;
pub mod s3_keys;
pub mod units;
pub mod verdict;
pub mod write;

use rayon::prelude::*;

use crate::grants::Grants;
use crate::policy::{PolicyDocument, print};
use crate::reference::Reference;
use crate::usage::{Usage, Window};

pub use covered::Covered;
pub use units::{Placement, PolicyUnit, Skipped};
pub use verdict::{ActionVerdict, Verdict};

/// What the reduction may be told by `trailtrim.toml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReduceSettings {
    /// Share of the window's days, in thousandths, that must have events before anything is dropped.
    pub min_coverage_permille: i64,
    /// Accounts whose data events are complete for these service prefixes (`account:prefix` or `prefix`).
    pub declared_data_events: Vec<String>,
    /// From how many one-off ids of a type on the type is kept as a whole.
    pub ids_to_wildcard: usize,
    /// From how many names of a type on they are generalised to a common prefix.
    pub names_to_prefix: usize,
    /// Of all known resources that a generalised pattern takes in, the thousandths that may not have been used; a
    /// pattern that would bring in more is refused and the names are listed.
    pub over_grant_permille: usize,
    /// How many unused known resources a generalised pattern may bring in at most.
    pub over_grant_most: usize,
    /// Whether every region that was seen is named; otherwise what was used in several regions is granted in all.
    pub pin_region: bool,
    /// Managed policies that a user, a group or a role can have attached (AWS: 10, up to 20 on request).
    pub attached_quota: usize,
}

impl Default for ReduceSettings {
    fn default() -> ReduceSettings {
        ReduceSettings {
            min_coverage_permille: 900,
            declared_data_events: Vec::new(),
            ids_to_wildcard: 3,
            names_to_prefix: 25,
            over_grant_permille: 900,
            over_grant_most: 1000,
            pin_region: true,
            attached_quota: fit::ATTACHED_LIMIT,
        }
    }
}

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
    pub current: Option<PolicyDocument>,
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
    /// One verdict per statement and action.
    pub verdicts: Vec<ActionVerdict>,
    /// What became of it.
    pub status: Status,
    /// AWS's limit in characters for each proposed document (for inline policies: for the owner's total).
    pub limit: usize,
    /// Users and roles that the document applies to, by ARN.
    pub members: Vec<String>,
}

impl Proposal {
    /// The largest proposed document in characters as IAM counts them.
    #[must_use]
    pub fn largest(&self) -> usize {
        self.proposed.iter().map(print::size).max().unwrap_or(0)
    }

    /// How many distinct actions the verdicts name, and how many of them stay.
    #[must_use]
    pub fn actions_before_after(&self) -> (usize, usize) {
        let all: std::collections::BTreeSet<&str> = self.verdicts.iter().map(|v| v.action.as_str()).collect();
        let kept: std::collections::BTreeSet<&str> =
            self.verdicts.iter().filter(|v| v.verdict != Verdict::Drop).map(|v| v.action.as_str()).collect();
        (all.len(), kept.len())
    }
}

/// ARN and unique id of those that a document is for.
fn named<'u>(unit: &'u PolicyUnit<'_>) -> Vec<(&'u str, &'u str)> {
    unit.members.iter().map(|m| (m.arn.as_str(), m.unique_id.as_str())).collect()
}

/// Reduces every policy document of every owner. Documents that are not reduced at all are named with a reason.
#[must_use]
pub fn reduce(
    grants: &Grants,
    usage: &Usage,
    covered: &Covered<'_>,
    reference: &Reference,
    window: Window,
    settings: &ReduceSettings,
) -> (Vec<Proposal>, Vec<Skipped>) {
    let (units, skipped) = units::units(grants, usage);
    let evidence = evidence::Evidence::new(usage, reference);
    let observer = observe::Observer::new(usage, reference, covered, window);
    let ground = write::Ground::new(reference, known::Known::of(usage, Some(grants)), settings);
    let calls = learned::Calls::new(&usage.rows, window);
    let mut proposals: Vec<Proposal> = units
        .par_iter()
        .map(|unit| {
            let judged = verdict::judge(unit, grants, &evidence, &observer, &ground, window);
            let suggestions = learned::suggestions(&named(unit), &judged.verdicts, &calls, reference);
            Proposal { suggestions, ..rewrite::rewrite(unit, judged, &ground) }
        })
        .collect();
    fit::fit_inline_owners(&mut proposals, &ground);
    fit::fit_managed(&mut proposals, Some(grants), &ground);
    for (proposal, unit) in proposals.iter_mut().zip(&units).filter(|(p, _)| p.status == Status::Proposed) {
        proposal.generalised = ground.known.measured(&proposal.proposed, proposal.current.as_ref(), &calls.resources(&named(unit)));
    }
    proposals.sort_by(|a, b| a.unit.cmp(&b.unit));
    (proposals, skipped)
}
