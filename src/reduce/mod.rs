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
mod units_test;
pub mod evidence;
pub mod fit;
pub mod from_usage;
pub mod narrow;
pub mod observe;
pub mod rewrite;
pub mod units;
pub mod verdict;

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
}

impl Default for ReduceSettings {
    fn default() -> ReduceSettings {
        ReduceSettings {
            min_coverage_permille: 900,
            declared_data_events: Vec::new(),
            ids_to_wildcard: 3,
            names_to_prefix: 25,
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
    /// The same permissions in the shortest spelling, for when `proposed` does not fit.
    pub compressed: Option<PolicyDocument>,
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
    /// Takes the shortest spelling.
    pub fn use_compressed(&mut self) {
        if let Some(short) = self.compressed.take()
            && self.status == Status::Proposed
        {
            self.proposed = vec![short];
        }
    }

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
    let mut proposals: Vec<Proposal> = units
        .par_iter()
        .map(|unit| {
            let judged = verdict::judge(unit, grants, &evidence, &observer, reference, window, settings);
            rewrite::rewrite(unit, judged, reference)
        })
        .collect();
    fit::fit_inline_owners(&mut proposals);
    fit::fit_managed(&mut proposals);
    proposals.sort_by(|a, b| a.unit.cmp(&b.unit));
    (proposals, skipped)
}
