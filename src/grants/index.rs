//! Look-ups that go against the direction of the model: who holds a policy, who is in a group, whom a boundary bounds.

use std::collections::{HashMap, HashSet};

use super::permission_set::SetBoundary;
use super::{Account, Grants, OwnerKind, Principal};

/// The look-ups of one state of the grants; answers are in the grants' order.
pub struct Index<'g> {
    holders: HashMap<&'g str, Vec<&'g Principal>>,
    members: HashMap<(&'g str, &'g str), Vec<&'g Principal>>,
    boundaries: HashSet<&'g str>,
    /// Paths and names of policies that permission sets have as their boundary, in whatever account.
    set_boundaries: HashSet<(&'g str, &'g str)>,
}

impl<'g> Index<'g> {
    /// Goes over all principals once.
    #[must_use]
    pub fn new(grants: &'g Grants) -> Index<'g> {
        let mut index = Index { holders: HashMap::new(), members: HashMap::new(), boundaries: HashSet::new(), set_boundaries: HashSet::new() };
        for set in grants.permission_sets.values() {
            if let Some(SetBoundary::Customer(policy)) = set.boundary.present() {
                index.set_boundaries.insert((&policy.path, &policy.name));
            }
        }
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
        let of_set = || {
            let path = policy_arn.split_once(":policy")?.1;
            let (path, name) = path.split_at_checked(path.rfind('/')? + 1)?;
            Some(self.set_boundaries.contains(&(path, name)))
        };
        self.boundaries.contains(policy_arn) || of_set() == Some(true)
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

#[cfg(test)]
mod tests {
    use super::super::builder::{Builder, PrincipalTold};
    use super::super::{Capture, Source};
    use super::*;

    #[test]
    fn look_ups_go_the_other_way() {
        let mut builder = Builder::default();
        let capture = Capture { at_ms: None, source: Source::Cli, file: "f".to_owned() };
        let arn = |kind: OwnerKind, name: &str| format!("arn:aws:iam::111122223333:{}/{name}", kind.as_str());
        for (kind, name, attached, groups) in [
            (OwnerKind::User, "ann", vec!["p"], vec!["ops", "dev"]),
            (OwnerKind::User, "bob", vec![], vec!["ops"]),
            (OwnerKind::Group, "ops", vec!["p"], vec![]),
            (OwnerKind::Role, "ops", vec!["q"], vec![]),
        ] {
            let texts = |list: Vec<&str>| Some(list.into_iter().map(str::to_owned).collect());
            let told = PrincipalTold::named(kind, "111122223333", name, &arn(kind, name));
            builder.principal(&capture, PrincipalTold { attached: texts(attached), groups: texts(groups), boundary: Some((name == "bob").then(|| "b".to_owned())), ..told });
        }
        let mut grants = builder.finish();
        let index = Index::new(&grants);
        let names = |list: &[&Principal]| list.iter().map(|p| p.name.clone()).collect::<Vec<_>>();
        assert_eq!((names(index.holders_of("p")), names(index.holders_of("q")), names(index.holders_of("r"))), (vec!["ann".into(), "ops".into()], vec!["ops".into()], vec![]));
        let ops = grants.accounts["111122223333"].group("ops").unwrap();
        assert_eq!((ops.kind, names(index.members_of(ops))), (OwnerKind::Group, vec!["ann".to_owned(), "bob".to_owned()]));
        assert_eq!((index.is_boundary("b"), index.is_boundary("p")), (true, false));
        let account = grants.accounts.get_mut("111122223333").unwrap();
        assert!(account.group("dev").is_none());
        account.principals.reverse();
        assert_eq!(account.group("ops").unwrap().kind, OwnerKind::Group, "whatever the order");
    }
}
