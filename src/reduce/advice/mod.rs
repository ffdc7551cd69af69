//! Advice: what the logs suggest beyond the proposals, never applied by itself. Each piece has its evidence, and a document
//! where one can be written.

pub mod fork;
pub mod resource_policy;
pub mod service_control;
#[cfg(test)]
mod advice_test;
pub mod trust_conditions;

use crate::grants::Grants;
use crate::policy::PolicyDocument;
use crate::reference::Reference;
use crate::usage::coverage::day_of;
use crate::usage::{Usage, Window};

use super::covered::Covered;
use super::observe::Observer;
use super::settings::ReduceSettings;

/// What a piece of advice is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord, Hash)]
pub enum AdviceKind {
    /// A holder of a shared policy should have one of its own.
    Fork,
    /// Entries of a resource's policy that nobody uses.
    ResourcePolicy,
    /// Services that nobody in an account or organisational unit uses.
    ServiceControlServices,
    /// Regions that nobody in an account or organisational unit uses.
    ServiceControlRegions,
    /// A condition that every use of a trust policy would have met.
    TrustCondition,
}

impl AdviceKind {
    /// The word in reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            AdviceKind::Fork => "fork",
            AdviceKind::ResourcePolicy => "resource-policy",
            AdviceKind::ServiceControlServices => "scp-services",
            AdviceKind::ServiceControlRegions => "scp-regions",
            AdviceKind::TrustCondition => "trust-condition",
        }
    }
}

/// One piece of advice. Sorts as reports do.
#[derive(Clone, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub struct Advice {
    /// What it is about.
    pub kind: AdviceKind,
    /// The account; empty for an organisational unit.
    pub account: String,
    /// ARN of the policy, role or resource; id of the account or organisational unit.
    pub subject: String,
    /// In a few words.
    pub title: String,
    /// In sentences: what, why, and what it leaves open.
    pub text: String,
    /// What it rests on, one fact a line.
    pub evidence: Vec<String>,
    /// The document, where one can be written.
    pub document: Option<PolicyDocument>,
    /// `high`, `medium` or `low`.
    pub confidence: &'static str,
}

/// A day for people; empty beyond the calendar.
fn day(ms: i64) -> String {
    day_of(ms).unwrap_or_default()
}

/// All advice but forks, which have proofs of their own.
#[must_use]
pub fn advise(grants: &Grants, usage: &Usage, covered: &Covered<'_>, reference: &Reference, window: Window, settings: &ReduceSettings) -> Vec<Advice> {
    let observer = Observer::new(usage, reference, covered, window);
    let mut all = resource_policy::advise(grants, usage, &observer, reference, window);
    all.extend(service_control::advise(grants, usage, covered, reference, window));
    all.extend(trust_conditions::advise(grants, usage, covered, window, settings));
    all.sort();
    all
}
