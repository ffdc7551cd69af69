//! Who can become an administrator, with the engine and everything that bears on a call behind each step.

use std::collections::{BTreeSet, HashMap};

use rayon::prelude::*;

use super::asked::{Caller, Question, Trusts, ask};
use super::blast::Person;
use super::layers::Layers;
use crate::blast::{Admin, Answers, Assumable, Node, in_region, paths};
use crate::evaluate::{Compiler, Context, Decision, NamedPolicy, Policies, PolicyType, PreparedRequest, PrincipalType, Request, RequestPrincipal, Tri, decide};
use crate::grants::OwnerKind;
use crate::policy::PolicyDocument;
use crate::reduce::{Placement, Proposal, Status};
use crate::reference::Reference;

/// Answers single questions at one time.
struct At<'a, 'd, 'g> {
    people: &'a [Person<'d>],
    layers: &'a Layers<'g>,
    trusts: &'a Trusts<'a>,
    services: HashMap<(usize, &'a str), Tri>,
    regions: &'a [String],
    is_after: bool,
}

impl<'a, 'd, 'g> At<'a, 'd, 'g> {
    /// Which services may take up which roles: asked once, because everybody who passes roles asks again.
    fn new(people: &'a [Person<'d>], layers: &'a Layers<'g>, trusts: &'a Trusts<'a>, reference: &'a Reference, regions: &'a [String], is_after: bool) -> At<'a, 'd, 'g> {
        let services: BTreeSet<&str> = reference.dangers().escalations.iter().filter_map(|e| e.passed_to.as_deref()).collect();
        let context = Context::new(false);
        let admits = |(at, person): (usize, &Person<'d>)| -> Vec<((usize, &'a str), Tri)> {
            let Some(trust) = trusts.get(person.principal.arn.as_str()) else { return Vec::new() };
            let of_service = |service: &&'a str| {
                let principal = RequestPrincipal { service: Some((*service).to_owned()), ..RequestPrincipal::of_kind(PrincipalType::Service) };
                let resource = person.principal.arn.as_str();
                let request =
                    Request { principal: &principal, action: "sts:AssumeRole", resource, resource_is_pattern: false, resource_account: None, context: &context };
                let answer = tri(decide(&PreparedRequest::new(request), trust));
                (answer > Tri::No).then_some(((at, *service), answer))
            };
            services.iter().filter_map(of_service).collect()
        };
        let services = people.par_iter().enumerate().flat_map_iter(admits).collect();
        At { people, layers, trusts, services, regions, is_after }
    }
}

fn tri(decision: Decision) -> Tri {
    match decision {
        Decision::Allowed => Tri::Yes,
        Decision::Unknown => Tri::Unknown,
        Decision::ExplicitDeny | Decision::ImplicitDeny => Tri::No,
    }
}

impl At<'_, '_, '_> {
    fn asked(&self, person: &Person<'_>, action: &str, resource: &str, context: &Context) -> Tri {
        let caller = Caller { who: &person.who, policies: &person.state(self.is_after).policies, unseen: &person.unseen };
        let question = Question { action, resource, is_pattern: false, context, first_ms: i64::MAX };
        ask(caller, &question, self.trusts, self.layers, |request, policies, unseen| {
            // Resource control policies bound roles that are taken up, not calls of IAM.
            let bounds = |kind: &PolicyType| match kind {
                PolicyType::ServiceControl | PolicyType::PermissionsBoundary => true,
                PolicyType::ResourceControl => request.service() == "sts",
                _ => false,
            };
            let sure = if unseen.iter().any(bounds) { Tri::Unknown } else { Tri::Yes };
            tri(decide(request, policies)).and(sure)
        })
    }
}

impl Answers for At<'_, '_, '_> {
    fn may(&self, node: usize, action: &str, resource: &str, context: &Context) -> Tri {
        let Some(person) = self.people.get(node) else { return Tri::No };
        let answer = self.asked(person, action, resource, context);
        if answer != Tri::Unknown || !action.starts_with("sts:") {
            return answer;
        }
        // STS answers in every region: the caller chooses one.
        self.regions.iter().map(|r| self.asked(person, action, resource, &in_region(context, r))).fold(answer, Tri::or)
    }

    fn admits_service(&self, role: usize, service: &str) -> Tri {
        self.services.get(&(role, service)).copied().unwrap_or(Tri::No)
    }
}

/// The trust documents of roles at one time, and their compiled form.
struct TrustsAt<'t> {
    documents: HashMap<&'t str, &'t PolicyDocument>,
    compiled: Trusts<'t>,
}

fn trusts<'t>(layers: &'t Layers<'_>, proposals: &'t [Proposal], is_after: bool) -> TrustsAt<'t> {
    let roles = layers.grants().principals();
    let mut documents: HashMap<&str, &PolicyDocument> =
        roles.filter_map(|role| Some((role.arn.as_str(), role.trust.as_ref()?.as_ref().ok()?))).collect();
    let mut compiled = layers.trusts().clone();
    let mut compiler = Compiler::default();
    let changed = proposals.iter().filter(|p| is_after && p.unit.placement == Placement::Trust && p.status == Status::Proposed);
    for proposal in changed {
        let role = proposal.unit.owner_arn.as_str();
        documents.remove(role);
        documents.extend(proposal.proposed.first().map(|document| (role, document)));
        let resource = proposal.proposed.iter().map(|document| NamedPolicy { name: "trust policy", document }).collect();
        compiled.insert(role, compiler.policies(&Policies { resource: Some(resource), ..Policies::default() }));
    }
    TrustsAt { documents, compiled }
}

/// Whether everybody can become an administrator, at one time.
pub fn admins(people: &[Person<'_>], layers: &Layers<'_>, proposals: &[Proposal], strong_groups: &[(&str, &str)], regions: &[String], reference: &Reference, is_after: bool) -> Vec<Admin> {
    let trusts = trusts(layers, proposals, is_after);
    let node = |person| -> Node<'_> {
        let person: &Person<'_> = person;
        let state = person.state(is_after);
        let arn = person.principal.arn.as_str();
        Node {
            arn,
            account: &person.principal.account,
            is_role: person.principal.kind == OwnerKind::Role,
            // What is held and not known may deny, or bound.
            has_everything: state.has_everything && person.unseen.is_empty(),
            bound_by: person.bound_by,
            groups: person.groups.clone(),
            policies: person.customer.clone(),
            trust: trusts.documents.get(arn).map(|document| Assumable::of(document)).unwrap_or_default(),
            ways: &state.measured.ways,
            granted: &state.steps,
        }
    };
    let nodes: Vec<Node<'_>> = people.iter().map(node).collect();
    let answers = At::new(people, layers, &trusts.compiled, reference, regions, is_after);
    paths(&nodes, strong_groups, reference, &answers)
}

