//! How far every user and role of the export reaches, as it is and once the proposals stand; which proposals take the most
//! risk away.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock};

use rayon::prelude::*;

use super::blast_admins::admins;
use super::holders::{as_held, request_principal, unseen};
use super::layers::{Call, Layers};
use super::replaced::Proposed;
use crate::aws::principal::is_service_linked_role;
use crate::blast::{Admin, DocumentSets, Holder, Measured, REACH_PERHAPS, REACH_YES, Reachable, Sets, Shared, SharedScopes, Step, actions_of_steps, local, measure, regions};
use crate::evaluate::compiled::CompiledPolicies;
use crate::evaluate::action_set::{ActionIndex, ActionName};
use crate::evaluate::document::{CompiledDocument, CompiledPolicy, CompiledStatement};
use crate::evaluate::{Compiler, NamedPolicy, PolicyType, RequestPrincipal};
use crate::grants::organisation::{OrganisationLevel, OrganisationPolicyKind};
use crate::grants::{Grants, Held, Known, OwnerKind, PolicySource, Principal};
use crate::policy::PolicyDocument;
use crate::reduce::{Placement, Proposal, Status};
use crate::reference::{ActionIds, Reference};
use crate::report::blast_text::RiskRemoved;

/// Whether somebody can become an administrator, for the report.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CanBecome {
    /// `yes`, `perhaps`, `unknown` or `no`.
    pub word: &'static str,
    /// Steps: the action or way, and the ARN that it leads to.
    pub steps: Vec<(String, String)>,
}

/// A principal at one time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Side {
    /// What it reaches by itself.
    pub measured: Measured,
    /// Whether it can become an administrator.
    pub admin: CanBecome,
    /// Points of risk.
    pub risk: usize,
}

/// A principal before and after.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Radius {
    /// Account id.
    pub account: String,
    /// Its ARN.
    pub arn: String,
    /// `user` or `role`.
    pub kind: &'static str,
    /// As it is.
    pub before: Side,
    /// Once all proposals stand.
    pub after: Side,
    /// The places of the proposals that change what it holds.
    pub touched: Vec<usize>,
    /// What is not known of what it holds and of what bounds it.
    pub not_known: Vec<String>,
}

/// Everybody's radius.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Blast {
    /// By principal, in the order of the export.
    pub principals: Vec<Radius>,
    /// By place of the proposal, those that take something away.
    pub removed: BTreeMap<usize, RiskRemoved>,
}

/// A user or role with its policies at one time.
pub struct State {
    /// What its policies say of steps.
    pub policies: CompiledPolicies,
    /// Of the actions of steps, those that it can have.
    pub steps: ActionIds,
    pub measured: Measured,
    pub has_everything: bool,
}

/// A user or role, with everything about it that does not change, before and after.
pub struct Person<'d> {
    pub principal: &'d Principal,
    pub who: RequestPrincipal,
    pub unseen: Vec<PolicyType>,
    pub groups: Vec<&'d str>,
    pub customer: Vec<&'d str>,
    pub bound_by: Option<&'d str>,
    pub before: State,
    /// `None`: as before.
    pub after: Option<State>,
    pub touched: Vec<usize>,
    /// Points by place of a proposal, with that one alone.
    pub alone: Vec<(usize, usize)>,
    pub not_known: Vec<String>,
}

impl<'d> Person<'d> {
    /// As it is, or once the proposals stand.
    pub fn state(&self, is_after: bool) -> &State {
        self.after.as_ref().filter(|_| is_after).unwrap_or(&self.before)
    }
}

/// What everybody's measuring needs.
struct Ground<'d, 'g, 'r> {
    layers: &'d Layers<'g>,
    proposed: Proposed<'d>,
    reference: &'r Reference,
    sets: DocumentSets<'d, 'r>,
    /// The levels of service control policies over each account.
    levels: BTreeMap<&'d str, Known<Vec<Sets>>>,
    all: ActionIds,
    /// The actions of steps.
    steps: ActionIds,
    regions: &'r [String],
    scopes: SharedScopes,
    /// Places in memory of documents that one principal alone holds, or would.
    own: HashSet<usize>,
    /// The actions of steps as statements are asked about them.
    names: Vec<ActionName>,
    /// Documents that several hold, compiled once for all threads.
    compiled: RwLock<Compiled>,
}

/// Compiled documents by place in memory and whether as a boundary.
type Compiled = HashMap<(usize, bool), Both>;

/// A document, compiled.
#[derive(Clone)]
struct Both {
    whole: Arc<CompiledDocument>,
    /// The statements that speak of actions of steps: what paths ask for once everybody is measured.
    of_steps: Arc<CompiledDocument>,
}

/// What is worked out on documents of one principal alone, and let go with it.
#[derive(Default)]
struct Own {
    scopes: SharedScopes,
    compiled: RefCell<Compiled>,
}

impl<'d, 'g: 'd> Ground<'d, 'g, '_> {
    fn bounds(&self, principal: &'d Principal, boundary: Option<&'d PolicyDocument>) -> Vec<Sets> {
        let mut bounds: Vec<Sets> = boundary.map(|document| self.sets.together([document])).into_iter().collect();
        if let Some(levels) = self.levels.get(principal.account.as_str()).and_then(Known::present)
            && !is_service_linked_role(&principal.arn)
        {
            bounds.extend(levels.iter().cloned());
        }
        bounds
    }

    fn state(&self, who: &RequestPrincipal, policies: CompiledPolicies, documents: &[&'d PolicyDocument], boundary: Option<&'d PolicyDocument>, bounds: &[Sets], own: &Own) -> State {
        let identity = self.sets.together(documents.iter().copied());
        let reachable = Reachable::of(&identity, bounds);
        let each: Vec<Arc<Sets>> = documents.iter().map(|document| self.sets.of(document)).collect();
        let is_bound_from_above = bounds.len() > usize::from(boundary.is_some());
        let shared = Some(Shared { scopes: &self.scopes, own_scopes: &own.scopes, own: &self.own, each: &each, boundary, is_bound_from_above });
        let measured = measure(Holder { who, policies: &policies, documents, reachable: &reachable, regions: self.regions, shared }, self.reference);
        let alone = Reachable::of(&identity, boundary.map(|document| self.sets.together([document])).iter());
        let has_everything = alone.open.has_all(&self.all);
        let of_steps = |list: &Arc<[CompiledPolicy]>, documents: &[&'d PolicyDocument], is_boundary| -> Arc<[CompiledPolicy]> {
            let both = documents.iter().map(|document| self.both(document, is_boundary, own));
            list.iter().zip(both).map(|(policy, both)| CompiledPolicy { name: policy.name.clone(), document: both.of_steps }).collect()
        };
        let mut policies = policies;
        policies.identity = policies.identity.as_ref().map(|list| of_steps(list, documents, false));
        policies.boundary = policies.boundary.as_ref().map(|list| of_steps(list, boundary.as_slice(), true));
        State { policies, steps: reachable.any.common(&self.steps), measured, has_everything }
    }

    fn both(&self, document: &'d PolicyDocument, is_boundary: bool, own: &Own) -> Both {
        let place = std::ptr::from_ref(document).addr();
        let key = (place, is_boundary);
        let fresh = || {
            let kind = if is_boundary { PolicyType::PermissionsBoundary } else { PolicyType::Identity };
            let whole = Compiler::default().document(kind, document);
            let speaks = |s: &&CompiledStatement| self.names.iter().any(|name| s.action.contains(name));
            let of_steps = Arc::new(CompiledDocument { statements: whole.statements.iter().filter(speaks).cloned().collect() });
            Both { whole, of_steps }
        };
        if self.own.contains(&place) {
            return own.compiled.borrow_mut().entry(key).or_insert_with(fresh).clone();
        }
        let known = self.compiled.read().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        known.unwrap_or_else(|| {
            let fresh = fresh();
            self.compiled.write().unwrap_or_else(PoisonError::into_inner).entry(key).or_insert(fresh).clone()
        })
    }

    fn compiled(&self, name: &str, document: &'d PolicyDocument, is_boundary: bool, own: &Own) -> CompiledPolicy {
        CompiledPolicy { name: name.into(), document: self.both(document, is_boundary, own).whole }
    }

    fn identity(&self, list: &[NamedPolicy<'d>], own: &Own) -> Option<Arc<[CompiledPolicy]>> {
        Some(list.iter().map(|p| self.compiled(p.name, p.document, false, own)).collect())
    }

    fn person(&self, principal: &'d Principal) -> Person<'d> {
        let grants = self.layers.grants();
        let held = grants.held_by(principal);
        let who = request_principal(principal);
        let own = Own::default();
        let mut policies = CompiledPolicies::default();
        policies.identity = self.identity(&as_held(&held), &own);
        policies.boundary = held.boundary.map(|document| [self.compiled("boundary", document, true, &own)].into());
        let call = Call { resource: "*", is_pattern: false, service: "iam", endpoint: None, first_ms: i64::MAX };
        let around = self.layers.around(&who, &policies, &call);
        let bounds = self.bounds(principal, held.boundary);
        let documents: Vec<&PolicyDocument> = held.identity.iter().map(|h| h.document).collect();
        let before = self.state(&who, around.policies.clone(), &documents, held.boundary, &bounds, &own);
        let with = |identity: Vec<NamedPolicy<'d>>| {
            let documents: Vec<&PolicyDocument> = identity.iter().map(|p| p.document).collect();
            let mut changed = around.policies.clone();
            changed.identity = self.identity(&identity, &own);
            self.state(&who, changed, &documents, held.boundary, &bounds, &own)
        };
        let change = self.proposed.after(&held);
        let after = (!change.touched.is_empty()).then(|| with(change.identity));
        let alone = match change.touched.as_slice() {
            [] => Vec::new(),
            [one] => vec![(*one, after.as_ref().map_or(0, |s| local(&s.measured)))],
            several => several.iter().map(|at| (*at, local(&with(self.proposed.after_some(&held, |p| p == *at).identity).measured))).collect(),
        };
        let mut not_known = held.gaps.clone();
        if let Some(why) = self.levels.get(principal.account.as_str()).and_then(Known::why) {
            not_known.push(format!("service control policies: {why}"));
        }
        Person {
            principal,
            unseen: unseen(&held).to_vec(),
            groups: groups_of(grants, principal),
            customer: customer_policies(grants, &held),
            bound_by: bound_by(principal, held.boundary, self),
            before,
            after,
            touched: change.touched,
            alone,
            not_known,
            who,
        }
    }
}

/// The boundary that takes something away, or may.
fn bound_by<'d>(principal: &'d Principal, boundary: Option<&'d PolicyDocument>, ground: &Ground<'d, '_, '_>) -> Option<&'d str> {
    let bounds = boundary.is_none_or(|document| !Reachable::of(&ground.sets.together([document]), []).open.has_all(&ground.all));
    principal.boundary.as_deref().filter(|_| bounds)
}

fn groups_of<'g>(grants: &'g Grants, principal: &Principal) -> Vec<&'g str> {
    let account = grants.accounts.get(&principal.account);
    principal.groups.iter().filter_map(|name| account?.group(name)).map(|g| g.arn.as_str()).collect()
}

/// The customer managed policies that somebody holds.
fn customer_policies<'g>(grants: &'g Grants, held: &Held<'_>) -> Vec<&'g str> {
    let arns: BTreeSet<&str> = held
        .identity
        .iter()
        .filter_map(|h| match &h.source {
            PolicySource::Managed { arn, .. } => grants.policies.get(arn).filter(|p| p.account.is_some()).map(|p| p.arn.as_str()),
            PolicySource::Inline { .. } => None,
        })
        .collect();
    arns.into_iter().collect()
}

/// Groups whose policies allow everything, as they are or as they would be: account and ARN.
fn strong_groups<'d, 'g: 'd>(ground: &Ground<'d, 'g, '_>, is_after: bool) -> Vec<(&'d str, &'d str)> {
    let grants = ground.layers.grants();
    let groups = grants.principals().filter(|p| p.kind == OwnerKind::Group);
    let is_strong = |group: &&Principal| {
        let held = grants.held_by(group);
        let documents: Vec<&PolicyDocument> = ground.proposed.after_some(&held, |_| is_after).identity.iter().map(|p| p.document).collect();
        Reachable::of(&ground.sets.together(documents), []).open.has_all(&ground.all)
    };
    groups.filter(is_strong).map(|g| (g.account.as_str(), g.arn.as_str())).collect()
}

fn side(measured: Measured, admin: &Admin, arns: &[&str], has_gaps: bool) -> Side {
    let arn = |at: usize| arns.get(at).map(|arn| (*arn).to_owned()).unwrap_or_default();
    let steps = |path: &[Step]| path.iter().map(|s| (s.how.clone(), arn(s.to))).collect();
    let (word, steps) = match admin {
        Admin::Yes(path) => ("yes", steps(path)),
        Admin::Perhaps(path) => ("perhaps", steps(path)),
        Admin::No if has_gaps => ("unknown", Vec::new()),
        Admin::No => ("no", Vec::new()),
    };
    let admin = CanBecome { word, steps };
    Side { risk: local(&measured) + points(&admin), measured, admin }
}

fn points(admin: &CanBecome) -> usize {
    match admin.word {
        "yes" => REACH_YES,
        "perhaps" => REACH_PERHAPS,
        _ => 0,
    }
}

/// To which proposals a path that closes is credited: those that change the principal, else those that change somebody or
/// some trust policy on the path.
fn credited(radius: &Radius, by_arn: &HashMap<&str, &[usize]>, trusts: &HashMap<&str, usize>) -> BTreeSet<usize> {
    if !radius.touched.is_empty() {
        return radius.touched.iter().copied().collect();
    }
    let on_path = radius.before.admin.steps.iter().map(|(_, arn)| arn.as_str());
    on_path.flat_map(|arn| by_arn.get(arn).into_iter().flat_map(|l| l.iter().copied()).chain(trusts.get(arn).copied())).collect()
}

fn removed(principals: &[Radius], alone: &[Vec<(usize, usize)>], proposals: &[Proposal]) -> BTreeMap<usize, RiskRemoved> {
    let by_arn: HashMap<&str, &[usize]> = principals.iter().map(|r| (r.arn.as_str(), r.touched.as_slice())).collect();
    let stands = |p: &&Proposal| p.unit.placement == Placement::Trust && p.status == Status::Proposed;
    let trusts: HashMap<&str, usize> = proposals.iter().enumerate().filter(|(_, p)| stands(p)).map(|(at, p)| (p.unit.owner_arn.as_str(), at)).collect();
    let mut all: BTreeMap<usize, RiskRemoved> = BTreeMap::new();
    for (radius, alone) in principals.iter().zip(alone) {
        let mut gain: BTreeMap<usize, usize> = alone.iter().map(|(at, left)| (*at, local(&radius.before.measured).saturating_sub(*left))).collect();
        let closed = points(&radius.before.admin).saturating_sub(points(&radius.after.admin));
        if closed > 0 {
            for at in credited(radius, &by_arn, &trusts) {
                *gain.entry(at).or_default() += closed;
                all.entry(at).or_default().paths += 1;
            }
        }
        for (at, gain) in gain.into_iter().filter(|(_, gain)| *gain > 0) {
            let removed = all.entry(at).or_default();
            removed.principals += 1;
            removed.risk += gain;
        }
    }
    all
}

/// The actions of steps as statements are asked about them.
fn names(reference: &Reference) -> Vec<ActionName> {
    let all: BTreeSet<String> = actions_of_steps(reference).iter().map(|id| reference.name(id).to_ascii_lowercase()).collect();
    all.into_iter().map(|lower| ActionName { place: ActionIndex::bundled().place(&lower), lower }).collect()
}

/// The places in memory of the documents that one user or role alone holds, or would hold.
fn held_by_one(grants: &Grants, proposals: &[Proposal]) -> HashSet<usize> {
    let is_one = |kind: OwnerKind| matches!(kind, OwnerKind::User | OwnerKind::Role);
    let inline = grants.principals().filter(|p| is_one(p.kind)).flat_map(|p| &p.inline).filter_map(|p| p.document.as_ref().ok());
    let of_one = |p: &&Proposal| is_one(p.unit.owner_kind) && matches!(p.unit.placement, Placement::Inline | Placement::AwsManaged);
    inline.chain(proposals.iter().filter(of_one).flat_map(|p| &p.proposed)).map(|document| std::ptr::from_ref(document).addr()).collect()
}

/// Every document that bears on calls of principals.
fn every_document(grants: &Grants) -> impl Iterator<Item = &PolicyDocument> {
    let inline = grants.principals().flat_map(|p| &p.inline).filter_map(|p| p.document.as_ref().ok());
    let managed = grants.policies.values().filter_map(|p| p.document.as_ref().ok());
    let above = grants.organisations.values().flat_map(|o| o.policies.values()).filter_map(|p| p.document.present()?.as_ref().ok());
    inline.chain(managed).chain(above)
}

/// Measures everybody before and after the proposals.
pub fn of_grants<'g>(proposals: &[Proposal], layers: &Layers<'g>, reference: &Reference) -> Blast {
    let grants = layers.grants();
    let sets = DocumentSets::new(reference);
    let of_level = |level: &OrganisationLevel<'_>| -> Sets { sets.together(level.policies.iter().filter_map(|p| p.document.present()?.as_ref().ok())) };
    let of_account = |account: &str| {
        let levels = grants.organisation_levels(account, OrganisationPolicyKind::ServiceControl);
        levels.map(|levels| levels.iter().map(of_level).collect::<Vec<Sets>>())
    };
    let levels = grants.accounts.keys().map(|account| (account.as_str(), of_account(account))).collect();
    let regions = regions(every_document(grants).chain(proposals.iter().flat_map(|p| &p.proposed)));
    let ground = Ground { layers, proposed: Proposed::new(proposals), reference, sets, levels, all: reference.all(), steps: actions_of_steps(reference), regions: &regions, scopes: SharedScopes::default(), own: held_by_one(grants, proposals), names: names(reference), compiled: RwLock::default() };
    let principals: Vec<&Principal> = grants.principals().filter(|p| p.kind != OwnerKind::Group).collect();
    let people: Vec<Person<'_>> = principals.par_iter().map(|principal| ground.person(principal)).collect();
    let strong = [false, true].map(|is_after| strong_groups(&ground, is_after));
    // Its sets of documents are many, and done with.
    drop(ground);
    let [before, after] = [(false, &strong[0]), (true, &strong[1])].map(|(is_after, strong)| admins(&people, layers, proposals, strong, &regions, reference, is_after));
    let arns: Vec<&str> = people.iter().map(|p| p.principal.arn.as_str()).collect();
    let mut alone: Vec<Vec<(usize, usize)>> = Vec::with_capacity(people.len());
    let radius = |((person, before), after): ((Person<'_>, &Admin), &Admin)| {
        let has_gaps = !person.unseen.is_empty();
        let changed = person.after.map_or_else(|| person.before.measured.clone(), |state| state.measured);
        alone.push(person.alone);
        Radius {
            account: person.principal.account.clone(),
            arn: person.principal.arn.clone(),
            kind: person.principal.kind.as_str(),
            before: side(person.before.measured, before, &arns, has_gaps),
            after: side(changed, after, &arns, has_gaps),
            touched: person.touched,
            not_known: person.not_known,
        }
    };
    let principals: Vec<Radius> = people.into_iter().zip(&before).zip(&after).map(radius).collect();
    let removed = removed(&principals, &alone, proposals);
    Blast { principals, removed }
}
