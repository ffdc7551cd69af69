//! Who can become an administrator, and how: steps from one principal to the next, within the exported organisation.
//!
//! An administrator's own policies allow everything, or it can write itself such policies. Everybody else is one if some
//! step leads to one: taking up a role, a user's credentials, a rewritten trust policy, a role passed to a service that it
//! trusts. The search goes from the administrators backwards, sure steps first, so that the path shown is a shortest one.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::measure::Opened;
use super::scope::{Grade, context_of};
use crate::aws::is_account_id;
use crate::evaluate::{Context, Tri};
use crate::policy::{Effect, PolicyDocument, PrincipalElement};
use crate::reference::{ActionId, ActionIds, Reference};

/// How many steps a path may have.
const MOST_STEPS: usize = 5;

/// The context of a call that writes policies of somebody with this boundary: what is attached is `AdministratorAccess`.
fn writing(node: &Node<'_>) -> Context {
    let mut context = context_of("iam:", Some(node.arn));
    let partition = node.arn.split(':').nth(1).unwrap_or("aws");
    context.set("iam:PolicyARN", vec![format!("arn:{partition}:iam::aws:policy/AdministratorAccess")]);
    match node.bound_by {
        Some(arn) => context.set("iam:PermissionsBoundary", vec![arn.to_owned()]),
        None => context.set_absent("iam:PermissionsBoundary"),
    }
    context
}

/// Whom a trust policy names, as far as it can let a user or role in; the engine then decides.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Assumable<'a> {
    everyone: bool,
    accounts: BTreeSet<&'a str>,
    arns: BTreeSet<&'a str>,
}

impl<'a> Assumable<'a> {
    /// Reads a trust policy.
    #[must_use]
    pub fn of(trust: &'a PolicyDocument) -> Assumable<'a> {
        let mut found = Assumable::default();
        for statement in trust.statements.iter().filter(|s| s.effect == Effect::Allow && s.action.contains("sts:AssumeRole")) {
            match &statement.principal {
                Some(PrincipalElement::NotPrincipal(_)) => found.everyone = true,
                Some(PrincipalElement::Principal(set)) => {
                    for name in &set.aws {
                        let root = name.strip_suffix(":root").and_then(|arn| arn.rsplit(':').next());
                        match root.or(Some(name.as_str())).filter(|id| is_account_id(id)) {
                            Some(account) => _ = found.accounts.insert(account),
                            None if name.contains('*') => found.everyone = true,
                            None => _ = found.arns.insert(name),
                        }
                    }
                }
                None => {}
            }
        }
        found
    }

    fn may_admit(&self, node: &Node<'_>) -> bool {
        self.everyone || self.accounts.contains(node.account) || self.arns.contains(node.arn)
    }
}

/// A user or role, as the search sees it.
pub struct Node<'a> {
    /// Its ARN.
    pub arn: &'a str,
    /// Its account.
    pub account: &'a str,
    /// Whether it is a role.
    pub is_role: bool,
    /// Whether its policies and its boundary allow everything on everything, for sure.
    pub has_everything: bool,
    /// Its boundary's ARN, where that leaves less than everything or is not known.
    pub bound_by: Option<&'a str>,
    /// The ARNs of its groups.
    pub groups: Vec<&'a str>,
    /// The ARNs of customer managed policies that it holds, itself or by a group.
    pub policies: Vec<&'a str>,
    /// Whom its trust policy names.
    pub trust: Assumable<'a>,
    /// Ways to more permissions that are open to it.
    pub ways: &'a [Opened],
    /// Of the actions of steps ([`actions_of_steps`]), those that it can have.
    pub granted: &'a ActionIds,
}

/// Decides single requests.
pub trait Answers: Sync {
    /// Whether a node (by its place) may make a call.
    fn may(&self, node: usize, action: &str, resource: &str, context: &Context) -> Tri;
    /// Whether a role's trust policy (by its place) lets a service take it up.
    fn admits_service(&self, role: usize, service: &str) -> Tri;
}

/// One step of a path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// The action, or the name of the way.
    pub how: String,
    /// The place of whom it leads to; of a step on oneself its own.
    pub to: usize,
}

/// Steps to an administrator; without steps it is one by its own policies.
pub type Path = Vec<Step>;

/// Whether somebody can become an administrator.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Admin {
    /// Not by any path that is known.
    No,
    /// By this path, if a condition holds or a layer allows it that is not known.
    Perhaps(Path),
    /// By this path.
    Yes(Path),
}

struct Search<'s, A> {
    nodes: &'s [Node<'s>],
    /// Groups whose policies allow everything: account and ARN.
    strong_groups: &'s [(&'s str, &'s str)],
    reference: &'s Reference,
    answers: &'s A,
    /// The actions of all steps.
    ids: BTreeMap<&'static str, ActionId>,
}

/// Actions that lead to somebody else.
const OF_STEPS: [&str; 6] = ["sts:AssumeRole", "iam:PassRole", "iam:UpdateAssumeRolePolicy", "iam:CreateAccessKey", "iam:CreateLoginProfile", "iam:UpdateLoginProfile"];
/// Actions that change what somebody holds, or what bounds it.
const OF_CHANGES: [&str; 10] = [
    "iam:PutUserPolicy", "iam:AttachUserPolicy", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:PutGroupPolicy", "iam:AttachGroupPolicy",
    "iam:CreatePolicyVersion", "iam:AddUserToGroup", "iam:DeleteUserPermissionsBoundary", "iam:DeleteRolePermissionsBoundary",
];

fn ids_of_steps(reference: &Reference) -> BTreeMap<&'static str, ActionId> {
    OF_STEPS.into_iter().chain(OF_CHANGES).filter_map(|action| Some((action, reference.find(action)?))).collect()
}

/// The actions that steps of paths are made of.
#[must_use]
pub fn actions_of_steps(reference: &Reference) -> ActionIds {
    ids_of_steps(reference).into_values().collect()
}

impl<A: Answers> Search<'_, A> {
    fn has(&self, node: &Node<'_>, action: &str) -> bool {
        self.ids.get(action).is_some_and(|id| node.granted.contains(*id))
    }

    fn may(&self, at: usize, action: &str, resource: &str, context: &Context) -> Tri {
        match self.nodes.get(at) {
            Some(node) if self.has(node, action) => self.answers.may(at, action, resource, context),
            _ => Tri::No,
        }
    }

    /// The surest of several steps, the first of them where they are alike.
    fn best<'x>(tried: impl IntoIterator<Item = (Tri, &'x str)>) -> Option<(Tri, &'x str)> {
        let mut best: Option<(Tri, &str)> = None;
        for (sure, how) in tried {
            if sure > best.map_or(Tri::No, |(b, _)| b) {
                best = Some((sure, how));
            }
            if sure == Tri::Yes {
                break;
            }
        }
        best
    }

    /// Whether a node can write itself policies that allow everything.
    fn by_itself(&self, at: usize, node: &Node<'_>) -> Option<(Tri, String)> {
        let kind = if node.is_role { "Role" } else { "User" };
        let context = writing(node);
        let on_itself = ["Put", "Attach"].map(|verb| format!("iam:{verb}{kind}Policy"));
        let mut tries: Vec<(&str, &str)> = on_itself.iter().map(|action| (action.as_str(), node.arn)).collect();
        tries.extend(node.groups.iter().flat_map(|group| ["iam:PutGroupPolicy", "iam:AttachGroupPolicy"].map(|action| (action, *group))));
        tries.extend(node.policies.iter().map(|policy| ("iam:CreatePolicyVersion", *policy)));
        if !node.is_role {
            let here = self.strong_groups.iter().filter(|(account, _)| *account == node.account);
            tries.extend(here.map(|(_, group)| ("iam:AddUserToGroup", *group)));
        }
        let (sure, how) = Self::best(tries.into_iter().map(|(action, on)| (self.may(at, action, on, &context), action)))?;
        // Within a boundary new policies give nothing, unless it goes too.
        let Some(_) = node.bound_by else { return Some((sure, how.to_owned())) };
        let remove = format!("iam:Delete{kind}PermissionsBoundary");
        let goes = self.may(at, &remove, node.arn, &context);
        (goes > Tri::No).then(|| (sure.and(goes), format!("{remove} and {how}")))
    }

    fn assume(&self, at: usize, node: &Node<'_>, to: usize) -> Tri {
        let Some(role) = self.nodes.get(to).filter(|t| t.is_role && to != at && t.trust.may_admit(node)) else { return Tri::No };
        // A trust policy that names somebody of its own account by ARN asks for no permission besides.
        if !self.has(node, "sts:AssumeRole") && !role.trust.arns.contains(node.arn) && !role.trust.everyone {
            return Tri::No;
        }
        self.answers.may(at, "sts:AssumeRole", role.arn, &Context::new(false))
    }

    /// The surest step from one to another.
    fn step(&self, at: usize, node: &Node<'_>, to: usize) -> Option<(Tri, String)> {
        let target = self.nodes.get(to).filter(|_| to != at)?;
        let assume = self.assume(at, node, to);
        if assume == Tri::Yes || target.account != node.account {
            return (assume > Tri::No).then(|| (assume, "sts:AssumeRole".to_owned()));
        }
        let context = context_of("iam:", Some(node.arn));
        let takes: &[&str] = if target.is_role {
            &["iam:UpdateAssumeRolePolicy"]
        } else {
            &["iam:CreateAccessKey", "iam:CreateLoginProfile", "iam:UpdateLoginProfile"]
        };
        let taken = takes.iter().map(|action| (self.may(at, action, target.arn, &context), *action));
        let passed = node.ways.iter().filter(|_| target.is_role).filter_map(|open| {
            let way = self.reference.dangers().escalations.get(open.way)?;
            Some((self.passes(at, node, to, open, way.passed_to.as_deref()?), way.id.as_str()))
        });
        Self::best(std::iter::once((assume, "sts:AssumeRole")).chain(taken).chain(passed)).map(|(sure, how)| (sure, how.to_owned()))
    }

    /// Whether a role can be passed to a service and used there.
    fn passes(&self, at: usize, node: &Node<'_>, to: usize, open: &Opened, service: &str) -> Tri {
        let Some(target) = self.nodes.get(to) else { return Tri::No };
        let used = if open.without_role >= Grade::Limited { Tri::Yes } else { Tri::Unknown };
        let trusted = self.answers.admits_service(to, service);
        if trusted == Tri::No {
            return Tri::No;
        }
        let mut context = context_of("iam:", Some(node.arn));
        context.set("iam:PassedToService", vec![service.to_owned()]);
        self.may(at, "iam:PassRole", target.arn, &context).and(trusted).and(used)
    }

    /// Whether a node can write a role's policies and then take the role up.
    fn by_a_role(&self, at: usize, node: &Node<'_>) -> Option<(Tri, Path)> {
        if !["iam:PutRolePolicy", "iam:AttachRolePolicy"].iter().any(|action| self.has(node, action)) {
            return None;
        }
        let mut best: Option<(Tri, Path)> = None;
        for (to, role) in self.nodes.iter().enumerate().filter(|(_, r)| r.is_role && r.account == node.account && r.bound_by.is_none()) {
            let assume = self.assume(at, node, to);
            if assume <= best.as_ref().map_or(Tri::No, |(sure, _)| *sure) {
                continue;
            }
            let context = writing(role);
            let writes = ["iam:PutRolePolicy", "iam:AttachRolePolicy"].map(|action| (self.may(at, action, role.arn, &context), action));
            let Some((sure, how)) = Self::best(writes) else { continue };
            let sure = sure.and(assume);
            if sure > best.as_ref().map_or(Tri::No, |(b, _)| *b) {
                best = Some((sure, vec![Step { how: how.to_owned(), to }, Step { how: "sts:AssumeRole".to_owned(), to }]));
            }
            if sure == Tri::Yes {
                break;
            }
        }
        best
    }

    /// What a node is without the help of others.
    fn start(&self, at: usize, node: &Node<'_>) -> Admin {
        if node.has_everything {
            return Admin::Yes(Path::new());
        }
        let own = self.by_itself(at, node).map(|(sure, how)| (sure, vec![Step { how, to: at }]));
        let best = match own {
            Some((Tri::Yes, path)) => Some((Tri::Yes, path)),
            own => match self.by_a_role(at, node) {
                Some(by_role) if own.as_ref().is_none_or(|(sure, _)| by_role.0 > *sure) => Some(by_role),
                _ => own,
            },
        };
        match best {
            Some((Tri::Yes, path)) => Admin::Yes(path),
            Some((Tri::Unknown, path)) => Admin::Perhaps(path),
            _ => Admin::No,
        }
    }

    /// One round: those who are not yet sure, against those who have just been found. The answer of each that changes.
    fn round(&self, found: &[Admin], frontier: &[usize], wanted: Tri) -> Vec<(usize, Admin)> {
        let open = |at: &usize| match found.get(*at) {
            Some(Admin::Yes(_)) | None => false,
            Some(Admin::Perhaps(_)) => wanted == Tri::Yes,
            Some(Admin::No) => true,
        };
        let path_of = |how: String, to: usize| {
            let mut path = vec![Step { how, to }];
            if let Some(Admin::Yes(rest) | Admin::Perhaps(rest)) = found.get(to) {
                path.extend(rest.iter().cloned());
            }
            path
        };
        let of_one = |at: usize| {
            let node = self.nodes.get(at)?;
            let mut perhaps = None;
            let is_able = OF_STEPS.iter().any(|action| self.has(node, action));
            let is_near = |to: &&usize| {
                let named = |t: &Node<'_>| t.trust.everyone || t.trust.arns.contains(node.arn);
                self.nodes.get(**to).is_some_and(|t| named(t) || (is_able && (t.account == node.account || t.trust.may_admit(node))))
            };
            for to in frontier.iter().filter(is_near) {
                match self.step(at, node, *to) {
                    Some((Tri::Yes, how)) if wanted == Tri::Yes => return Some((at, Admin::Yes(path_of(how, *to)))),
                    Some((_, how)) if perhaps.is_none() => perhaps = Some(Admin::Perhaps(path_of(how, *to))),
                    _ => {}
                }
            }
            perhaps.filter(|_| found.get(at) == Some(&Admin::No)).map(|admin| (at, admin))
        };
        (0..found.len()).into_par_iter().filter(open).filter_map(of_one).collect()
    }
}

/// Whether each node can become an administrator, and how.
#[must_use]
pub fn paths<A: Answers>(nodes: &[Node<'_>], strong_groups: &[(&str, &str)], reference: &Reference, answers: &A) -> Vec<Admin> {
    let ids = ids_of_steps(reference);
    let search = Search { nodes, strong_groups, reference, answers, ids };
    let mut found: Vec<Admin> = nodes.par_iter().enumerate().map(|(at, node)| search.start(at, node)).collect();
    let those = |found: &[Admin], sure: bool| -> Vec<usize> {
        let is = |admin: &Admin| if sure { matches!(admin, Admin::Yes(_)) } else { matches!(admin, Admin::Perhaps(_)) };
        found.iter().enumerate().filter(|(_, admin)| is(admin)).map(|(at, _)| at).collect()
    };
    for wanted in [Tri::Yes, Tri::Unknown] {
        let mut frontier = those(&found, wanted == Tri::Yes);
        for _ in 0..MOST_STEPS {
            if frontier.is_empty() {
                break;
            }
            let fresh = search.round(&found, &frontier, wanted);
            frontier = fresh.iter().filter(|(_, admin)| wanted != Tri::Yes || matches!(admin, Admin::Yes(_))).map(|(at, _)| *at).collect();
            for (at, admin) in fresh {
                if let Some(slot) = found.get_mut(at) {
                    *slot = admin;
                }
            }
        }
    }
    found
}
