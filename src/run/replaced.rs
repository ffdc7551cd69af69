//! Which documents the proposals replace, and what a principal holds once they have.

use std::collections::BTreeMap;

use crate::evaluate::NamedPolicy;
use crate::grants::{Held, PolicySource};
use crate::reduce::{Placement, Proposal, Status};

/// The held documents that a proposal replaces, each as its holders see it. A managed policy without a holder stands for
/// all its attachments.
pub fn replaced_by(proposal: &Proposal) -> Vec<PolicySource> {
    let unit = &proposal.unit;
    let inline = || PolicySource::Inline { owner_arn: unit.owner_arn.clone(), name: unit.policy_name.clone() };
    let managed = |holder: &str| unit.policy_arn.clone().map(|arn| PolicySource::Managed { arn, holder_arn: holder.to_owned() });
    match unit.placement {
        Placement::Inline => vec![inline()],
        Placement::AwsManaged => managed(&unit.owner_arn).into_iter().collect(),
        Placement::CustomerManaged => managed("").into_iter().collect(),
        Placement::PermissionSet => proposal.replaces.clone(),
        // Made from use alone: there is nothing to replace. Who may take up a role is no policy that the role holds.
        Placement::FromUsage | Placement::Trust => Vec::new(),
    }
}

/// All proposals together, by what they replace.
pub struct Proposed<'p> {
    of: BTreeMap<PolicySource, (usize, &'p Proposal)>,
}

/// What a principal holds under all proposals.
pub struct After<'a> {
    /// Its identity policies.
    pub identity: Vec<NamedPolicy<'a>>,
    /// The places of the proposals that changed them; empty where nothing changes.
    pub touched: Vec<usize>,
}

impl<'p> Proposed<'p> {
    /// The proposals that stand.
    pub fn new(proposals: &'p [Proposal]) -> Proposed<'p> {
        let stand = proposals.iter().enumerate().filter(|(_, p)| p.status == Status::Proposed);
        Proposed { of: stand.flat_map(|(at, p)| replaced_by(p).into_iter().map(move |source| (source, (at, p)))).collect() }
    }

    /// The proposal for a held document: the one for this holder, else the one for all holders.
    fn of(&self, source: &PolicySource) -> Option<(usize, &'p Proposal)> {
        let anywhere = || match source {
            PolicySource::Managed { arn, .. } => self.of.get(&PolicySource::Managed { arn: arn.clone(), holder_arn: String::new() }),
            PolicySource::Inline { .. } => None,
        };
        self.of.get(source).or_else(anywhere).copied()
    }

    /// Whether some held document is replaced.
    pub fn touches(&self, held: &Held<'_>) -> bool {
        held.identity.iter().any(|policy| self.of(&policy.source).is_some())
    }

    /// What is held once every proposed document, or several of them, or none, stands in the place of its original.
    pub fn after<'a>(&self, held: &Held<'a>) -> After<'a>
    where
        'p: 'a,
    {
        self.after_some(held, |_| true)
    }

    /// What is held once those of the proposals that are told by their places stand.
    pub fn after_some<'a>(&self, held: &Held<'a>, stands: impl Fn(usize) -> bool) -> After<'a>
    where
        'p: 'a,
    {
        let mut after = After { identity: Vec::new(), touched: Vec::new() };
        for policy in &held.identity {
            match self.of(&policy.source).filter(|(at, _)| stands(*at)) {
                Some((at, proposal)) => {
                    after.touched.push(at);
                    after.identity.extend(proposal.proposed.iter().map(|document| NamedPolicy { name: policy.name, document }));
                }
                None => after.identity.push(NamedPolicy { name: policy.name, document: policy.document }),
            }
        }
        after.touched.sort_unstable();
        after.touched.dedup();
        after
    }
}
