//! The tree of an organisation: roots, organisational units, accounts; and which account is in which organisation.
//!
//! A node hangs where the newest list that names it says. An account that a newer and whole list of the organisation's
//! accounts does not name has left it; one that two organisations name is in the one that was captured last, since an
//! account is in one organisation at a time (Organizations User Guide, "Terminology and concepts").

use std::collections::{BTreeMap, BTreeSet};
use std::mem::take;

use super::super::super::builder::Builder;
use super::super::super::organisation::{Node, OrganisationPolicyKind};
use super::super::super::{Capture, Grants, Known};
use super::super::pages::Listed;
use super::settle::{Gathered, known, organisation};
use super::{Child, NotInUse, Root};
use crate::aws::is_account_id;

/// The newest capture that tells that an account is in an organisation, by account and organisation.
pub type Members = BTreeMap<String, BTreeMap<String, Capture>>;

/// A node of an organisation.
pub fn node<'g>(grants: &'g mut Grants, organisation_id: &str, id: &str) -> &'g mut Node {
    let node = organisation(grants, organisation_id).nodes.entry(id.to_owned()).or_default();
    id.clone_into(&mut node.id);
    node
}

/// One organisation's tree while it grows.
struct Tree<'a> {
    id: &'a str,
    members: &'a mut Members,
    builder: &'a mut Builder,
}

impl Tree<'_> {
    /// Notes that a node is there.
    fn seen(&mut self, id: &str, capture: &Capture) {
        node(&mut self.builder.grants, self.id, id);
        if is_account_id(id) {
            let newest = self.members.entry(id.to_owned()).or_default().entry(self.id.to_owned()).or_insert_with(|| capture.clone());
            if *capture > *newest {
                *newest = capture.clone();
            }
        }
    }

    fn hangs(&mut self, id: &str, capture: &Capture, parent: Known<String>) {
        let organisation = self.id;
        self.builder.put_known(&format!("parent of {id} in {organisation}"), capture, |g| &mut node(g, organisation, id).parent, parent);
    }

    fn child(&mut self, child: &Child, capture: &Capture, parent: Option<&str>) {
        self.seen(&child.id, capture);
        let (organisation, id) = (self.id, child.id.as_str());
        if !child.name.is_empty() {
            self.builder.put(&format!("name of {id} in {organisation}"), capture, |g| &mut node(g, organisation, id).name, child.name.clone());
        }
        if child.status.is_some() {
            self.builder.put(&format!("status of {id} in {organisation}"), capture, |g| &mut node(g, organisation, id).status, child.status.clone());
        }
        if let Some(parent) = child.parent.as_deref().or(parent).or(child.path.last().map(String::as_str)) {
            self.hangs(id, capture, Known::Present(parent.to_owned()));
        }
        for above in child.path.windows(2) {
            if let [upper, lower] = above {
                self.seen(lower, capture);
                self.hangs(lower, capture, Known::Present(upper.clone()));
            }
        }
    }

    fn root(&mut self, root: &Root, listed: &Listed<Root>) {
        self.seen(&root.id, &listed.capture);
        node(&mut self.builder.grants, self.id, &root.id).name.clone_from(&root.name);
        self.hangs(&root.id, &listed.capture, Known::Absent);
        for kind in [OrganisationPolicyKind::ServiceControl, OrganisationPolicyKind::ResourceControl] {
            let status = root.types.iter().find(|(t, _)| t == kind.as_str()).map(|(_, status)| status.as_str());
            // A kind that is not named is off (`list-roots`).
            let on = match status {
                Some("ENABLED") => Known::Present(true),
                None => Known::Present(false),
                Some(other) => Known::Unknown(format!("it is changing: {other}")),
            };
            self.enabled(kind, &listed.capture, on);
        }
    }

    fn enabled(&mut self, kind: OrganisationPolicyKind, capture: &Capture, on: Known<bool>) {
        let id = self.id;
        let what = format!("whether {} is on in {id}", kind.as_str());
        self.builder.put_known(&what, capture, |g| organisation(g, id).enabled.entry(kind).or_default(), on);
    }

    /// Takes away the accounts that a newer and whole list does not name.
    fn gone(&mut self, all: &Listed<Child>) {
        if all.capture.at_ms.is_none() || all.whole.is_unknown() {
            return;
        }
        let names: BTreeSet<&str> = all.items.iter().map(|a| a.id.as_str()).collect();
        let id = self.id;
        for (account, of) in self.members.iter_mut().filter(|(a, _)| !names.contains(a.as_str())) {
            if let Some(seen) = of.get(id).filter(|seen| seen.at_ms < all.capture.at_ms).cloned() {
                of.remove(id);
                organisation(&mut self.builder.grants, id).nodes.remove(account);
                self.builder.differs(&format!("{account} in {id}"), &all.capture, &seen);
            }
        }
    }
}

/// Puts the tree of an organisation together; gives the targets of its policies, which are nodes too.
pub fn apply(
    id: &str,
    told: &mut Gathered,
    failed_roots: Option<String>,
    members: &mut Members,
    builder: &mut Builder,
) -> BTreeMap<String, Listed<(String, String)>> {
    let roots = take(&mut told.roots).settle(|()| format!("roots of {id}"), builder);
    let units = take(&mut told.units).settle(|p| format!("units below {p} of {id}"), builder);
    let children = take(&mut told.children).settle(|p| format!("accounts below {p} of {id}"), builder);
    let all = take(&mut told.accounts).settle(|()| format!("accounts of {id}"), builder);
    let targets = take(&mut told.targets).settle(|p| format!("targets of {p} of {id}"), builder);
    let mut tree = Tree { id, members, builder };
    for ((), listed) in &roots {
        for root in &listed.items {
            tree.root(root, listed);
        }
    }
    for (parent, listed) in units.iter().chain(&children) {
        for child in &listed.items {
            tree.child(child, &listed.capture, Some(parent));
        }
    }
    for ((), listed) in &all {
        for account in &listed.items {
            tree.child(account, &listed.capture, None);
        }
    }
    for (capture, child) in take(&mut told.loose) {
        tree.child(&child, &capture, None);
    }
    for (capture, child, parent) in take(&mut told.parents) {
        tree.seen(&child, &capture);
        tree.hangs(&child, &capture, Known::Present(parent));
    }
    for listed in targets.iter().map(|(_, listed)| listed) {
        for (target, name) in &listed.items {
            tree.seen(target, &listed.capture);
            let node = node(&mut tree.builder.grants, id, target);
            if node.name.is_empty() {
                node.name.clone_from(name);
            }
        }
    }
    // A unit's id names its root, but only the root itself says which kinds of policy are on.
    if roots.is_empty() {
        let why = failed_roots.map(Known::Unknown).unwrap_or_default();
        for kind in [OrganisationPolicyKind::ServiceControl, OrganisationPolicyKind::ResourceControl] {
            let on = organisation(&mut tree.builder.grants, id).enabled.entry(kind).or_default();
            if on.is_unknown() {
                *on = why.clone();
            }
        }
    }
    // Without "all features" no policy of the organisation counts.
    for (capture, billing_only) in take(&mut told.billing_only) {
        if billing_only {
            tree.enabled(OrganisationPolicyKind::ServiceControl, &capture, Known::Present(false));
            tree.enabled(OrganisationPolicyKind::ResourceControl, &capture, Known::Present(false));
        }
    }
    if let Some(((), listed)) = all.first() {
        tree.gone(listed);
    }
    for ((), listed) in roots {
        if let Known::Unknown(why) = known(&listed.whole, ()) {
            for on in organisation(&mut builder.grants, id).enabled.values_mut() {
                *on = Known::Unknown(why.clone());
            }
        }
    }
    targets.into_iter().collect()
}

/// Leaves every account in the organisation that was captured last with it.
pub fn one_organisation_each(members: &Members, builder: &mut Builder) {
    for (account, of) in members.iter().filter(|(_, of)| of.len() > 1) {
        let mut captures: Vec<(&Capture, &String)> = of.iter().map(|(id, capture)| (capture, id)).collect();
        captures.sort();
        let Some((kept, _)) = captures.pop() else { continue };
        for (dropped, id) in captures {
            organisation(&mut builder.grants, id).nodes.remove(account);
            builder.differs(&format!("the organisation of {account}"), kept, dropped);
        }
    }
}

/// Notes the accounts that are in no organisation. The answer names no account: it is the one that the bundle is of.
pub fn without_organisation(answers: Vec<NotInUse>, members: &Members, builder: &mut Builder) {
    for NotInUse { capture, root, account } in answers {
        let of_bundle = |path: &str| -> Option<String> {
            let account = path.strip_prefix(&root)?.strip_prefix("accounts/")?.split('/').next()?;
            is_account_id(account).then(|| account.to_owned())
        };
        let accounts: BTreeSet<String> = match account {
            Some(account) => [account].into(),
            None => builder.grants.inputs.iter().filter_map(|i| of_bundle(&i.path)).collect(),
        };
        let mut accounts = accounts.into_iter();
        let (Some(account), None) = (accounts.next(), accounts.next()) else {
            builder.problem(&capture.file, "", "an account is in no organisation, but which one is not told");
            continue;
        };
        let seen = members.get(&account).and_then(|of| of.values().max());
        if let Some(seen) = seen {
            let what = format!("the organisation of {account}");
            if *seen > capture {
                builder.differs(&what, seen, &capture);
                continue;
            }
            builder.differs(&what, &capture, seen);
            for organisation in builder.grants.organisations.values_mut() {
                organisation.nodes.remove(&account);
            }
        }
        builder.grants.no_organisation.insert(account);
    }
}
