//! AWS's limits: characters of a managed policy, of all inline policies of an owner, of a trust policy; managed
//! policies attached to one user, group or role. What does not fit is packed step by step, and withheld with the reason
//! where no step helps.

use std::collections::BTreeMap;

use crate::grants::{Grants, Index, OwnerKind};
use crate::policy::limits::{INLINE_LIMIT_GROUP, INLINE_LIMIT_ROLE, INLINE_LIMIT_USER, MANAGED_LIMIT};
use crate::policy::{PolicyDocument, print};

use super::units::Placement;
use super::write::Ground;
use super::write::pack::{Packed, pack};
use super::{Proposal, Status};

/// Characters of all inline policies of one owner together.
#[must_use]
pub fn inline_limit(kind: OwnerKind) -> usize {
    match kind {
        OwnerKind::User => INLINE_LIMIT_USER,
        OwnerKind::Group => INLINE_LIMIT_GROUP,
        OwnerKind::Role | OwnerKind::Policy | OwnerKind::PermissionSet => INLINE_LIMIT_ROLE,
    }
}

fn sizes(documents: &[PolicyDocument]) -> usize {
    documents.iter().map(print::size).sum()
}

impl Proposal {
    /// Takes what packing gave. The document before it is kept for the proof that both say the same.
    fn take(&mut self, packed: Packed) {
        if packed.steps.is_empty() {
            return;
        }
        let before = std::mem::replace(&mut self.proposed, packed.documents);
        if self.unpacked.is_none() {
            self.unpacked = before.into_iter().next();
        }
        self.packing.extend(packed.steps);
    }

    /// How many characters its documents take, or will go on to take where nothing is proposed.
    #[must_use]
    pub fn takes(&self) -> usize {
        match (&self.status, &self.current) {
            (Status::Proposed, _) => sizes(&self.proposed),
            (_, Some(current)) => print::size(current),
            _ => 0,
        }
    }
}

/// Fits the inline policies of each owner to the owner's total.
pub fn fit_inline_owners(proposals: &mut [Proposal], ground: &Ground<'_>) {
    let mut owners: BTreeMap<(String, OwnerKind), Vec<usize>> = BTreeMap::new();
    for (at, p) in proposals.iter().enumerate().filter(|(_, p)| matches!(p.unit.placement, Placement::Inline | Placement::PermissionSet)) {
        owners.entry((p.unit.owner_arn.clone(), p.unit.owner_kind)).or_default().push(at);
    }
    for ((_, kind), members) in owners {
        let limit = inline_limit(kind);
        let total = |proposals: &[Proposal]| -> usize { members.iter().filter_map(|at| proposals.get(*at)).map(Proposal::takes).sum() };
        // The longest is packed first, each only as far as the others leave room for it.
        let mut by_size: Vec<(usize, usize)> = members
            .iter()
            .filter_map(|at| proposals.get(*at).map(|p| (*at, p)))
            .filter(|(_, p)| p.status == Status::Proposed && p.proposed.len() == 1)
            .map(|(at, p)| (p.takes(), at))
            .collect();
        by_size.sort_by(|a, b| b.cmp(a));
        for (size, at) in by_size {
            let all = total(proposals);
            if all <= limit {
                break;
            }
            let Some(p) = proposals.get_mut(at) else { continue };
            let own = limit.saturating_sub(all.saturating_sub(size));
            if let Some(document) = p.proposed.first() {
                let packed = pack(document, p.granted().as_deref(), own, 1, ground);
                p.take(packed);
            }
        }
        // What is longer than before gives way first, until the rest fits.
        let grown = |p: &Proposal| p.takes().saturating_sub(p.current.as_deref().map_or(0, print::size));
        let mut order: Vec<(usize, usize)> =
            members.iter().filter_map(|at| proposals.get(*at).map(|p| (grown(p), *at))).filter(|(more, _)| *more > 0).collect();
        order.sort_by(|a, b| b.cmp(a));
        for (_, at) in order {
            let all = total(proposals);
            if all <= limit {
                break;
            }
            if let Some(p) = proposals.get_mut(at) {
                p.status = Status::Withheld(format!("does not fit: the owner's inline policies would take {all} of {limit} characters"));
            }
        }
        for at in &members {
            if let Some(p) = proposals.get_mut(*at) {
                p.limit = limit;
            }
        }
    }
}

/// Room for managed policies on those that hold one: how many documents may stand in the place of one.
pub struct Attached<'g> {
    index: Option<Index<'g>>,
    /// Policies attached to each holder, and those that splits have added.
    count: BTreeMap<&'g str, usize>,
    quota: usize,
}

impl<'g> Attached<'g> {
    /// What is attached now; `quota` is how many managed policies one may hold.
    #[must_use]
    pub fn new(grants: Option<&'g Grants>, quota: usize) -> Attached<'g> {
        let count = grants.into_iter().flat_map(Grants::principals).map(|p| (p.arn.as_str(), p.attached.len())).collect();
        Attached { index: grants.map(Index::new), count, quota }
    }

    fn holders(&self, p: &Proposal) -> Vec<&'g str> {
        match (&self.index, p.unit.placement, &p.unit.policy_arn) {
            (Some(index), Placement::CustomerManaged, Some(arn)) => index.holders_of(arn).iter().map(|h| h.arn.as_str()).collect(),
            (Some(_), Placement::AwsManaged, _) => self.count.keys().copied().filter(|arn| *arn == p.unit.owner_arn).collect(),
            _ => Vec::new(),
        }
    }

    /// How many documents may stand in the place of this one, and the holder that leaves least room.
    fn room(&self, p: &Proposal) -> (usize, Option<(&'g str, usize)>) {
        let tightest = self.holders(p).into_iter().map(|h| (self.count.get(h).copied().unwrap_or(0), h)).max();
        match tightest {
            Some((attached, holder)) => ((self.quota + 1).saturating_sub(attached).max(1), Some((holder, attached))),
            None => (self.quota, None),
        }
    }

    fn add(&mut self, p: &Proposal) {
        for holder in self.holders(p) {
            if let Some(count) = self.count.get_mut(holder) {
                *count += p.proposed.len().saturating_sub(1);
            }
        }
    }
}

/// Whether its documents stand as managed policies.
fn is_managed(p: &Proposal) -> bool {
    matches!(p.unit.placement, Placement::CustomerManaged | Placement::AwsManaged | Placement::FromUsage)
}

/// What is done with a proposal once its text is settled: the proof that it says the same as before it was packed.
pub type Settle<'a> = &'a (dyn Fn(&mut Proposal) + Sync);

/// Fits a managed policy, a replacement of an AWS managed policy or a policy from use alone into the room that there is while no
/// other policy has been split. Others are left as they are.
pub fn fit_managed(p: &mut Proposal, attached: &Attached<'_>, ground: &Ground<'_>, settle: Settle<'_>) {
    if is_managed(p) {
        fit_into(p, attached, ground, settle);
    }
}

fn fit_into(p: &mut Proposal, attached: &Attached<'_>, ground: &Ground<'_>, settle: Settle<'_>) {
    p.limit = MANAGED_LIMIT;
    let too_long = match (&p.status, p.proposed.as_slice()) {
        (Status::Proposed, [document]) if print::size(document) > MANAGED_LIMIT => Some(document),
        _ => None,
    };
    if let Some(document) = too_long {
        let (room, tightest) = attached.room(p);
        let packed = pack(document, p.current.as_deref(), MANAGED_LIMIT, room, ground);
        if packed.fits {
            p.take(packed);
        } else {
            p.status = Status::Withheld(does_not_fit(&packed, room, tightest, attached.quota));
            p.packing.extend(packed.steps);
            // Thousands of names, of which nothing will come.
            p.proposed.clear();
            p.unpacked = None;
        }
    }
    settle(p);
}

fn does_not_fit(packed: &Packed, room: usize, tightest: Option<(&str, usize)>, quota: usize) -> String {
    let size = sizes(&packed.documents);
    match (packed.needed, tightest) {
        (None, _) => format!("does not fit: one action on one resource alone passes {MANAGED_LIMIT} characters"),
        (Some(n), Some((holder, held))) => format!(
            "does not fit: {size} characters need {n} policies of {MANAGED_LIMIT}, and there is room for {room}: {held} of {quota} are attached to {holder}"
        ),
        (Some(n), None) => format!("does not fit: {size} characters need {n} policies of {MANAGED_LIMIT}, {room} can be attached"),
    }
}

/// Lets policies that were split take their room, in order. One that finds less than it was fitted into is made `again`, by its
/// place, and fitted into what is left.
pub fn share_room(proposals: &mut [Proposal], attached: &mut Attached<'_>, ground: &Ground<'_>, settle: Settle<'_>, again: &dyn Fn(usize) -> Option<Proposal>) {
    for (at, p) in proposals.iter_mut().enumerate().filter(|(_, p)| is_managed(p) && p.status == Status::Proposed) {
        if p.proposed.len() > attached.room(p).0
            && let Some(fresh) = again(at)
        {
            *p = fresh;
            fit_into(p, attached, ground, settle);
        }
        if p.status == Status::Proposed {
            attached.add(p);
        }
    }
}
