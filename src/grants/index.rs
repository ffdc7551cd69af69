//! Look-ups that go against the direction of the model: who holds a policy, who is in a group, whom a boundary bounds.

use std::collections::{HashMap, HashSet};

use super::{Account, Grants, OwnerKind, Principal};

/// The look-ups of one state of the grants; answers are in the grants' order.
pub struct Index<'g> {
    holders: HashMap<&'g str, Vec<&'g Principal>>,
    members: HashMap<(&'g str, &'g str), Vec<&'g Principal>>,
    boundaries: HashSet<&'g str>,
}

impl<'g> Index<'g> {
    /// Goes over all principals once.
    #[must_use]
    pub fn new(grants: &'g Grants) -> Index<'g> {
        let mut index = Index { holders: HashMap::new(), members: HashMap::new(), boundaries: HashSet::new() };
        for account in grants.accounts.values() {
            for principal in &account.principals {
                for arn in &principal.attached {
                    let holders = index.holders.entry(arn).or_default();
                    if !holders.last().is_some_and(|last| std::ptr::eq(*last, principal)) {
                        holders.push(principal);
                    }
                }
                for group in &principal.groups {
                    index.members.entry((&account.id, group)).or_default().push(principal);
                }
                index.boundaries.extend(principal.boundary.as_deref());
            }
        }
        index
    }

    /// The users, groups and roles that a managed policy is attached to.
    #[must_use]
    pub fn holders_of(&self, policy_arn: &str) -> &[&'g Principal] {
        self.holders.get(policy_arn).map_or(&[], Vec::as_slice)
    }

    /// The users of a group.
    #[must_use]
    pub fn members_of(&self, group: &'g Principal) -> &[&'g Principal] {
        self.members.get(&(group.account.as_str(), group.name.as_str())).map_or(&[], Vec::as_slice)
    }

    /// Whether a policy is somebody's permissions boundary.
    #[must_use]
    pub fn is_boundary(&self, policy_arn: &str) -> bool {
        self.boundaries.contains(policy_arn)
    }
}

impl Account {
    /// A group of the account by its name.
    #[must_use]
    pub fn group(&self, name: &str) -> Option<&Principal> {
        // Loaders leave principals sorted; whoever puts some together by hand need not.
        let is_it = |p: &&Principal| p.kind == OwnerKind::Group && p.name == name;
        let at = self.principals.partition_point(|p| (p.kind, p.name.as_str()) < (OwnerKind::Group, name));
        self.principals.get(at).filter(is_it).or_else(|| self.principals.iter().find(is_it))
    }
}
