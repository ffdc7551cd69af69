//! Everything that bears on a call beside what its caller holds: the policies of the resource, service and resource control
//! policies of the organisation, the VPC endpoint's policy, S3's settings, KMS grants; as far as the exports tell.
//!
//! What is not known is left out and named: a call that it may have decided stays open. Source:
//! inputs-and-evaluation.md sections 1.1 to 1.3 and 4.4.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::changes::Changes;

use crate::aws::{Arn, is_account_id};
use crate::evaluate::compiled::CompiledLevel;
use crate::evaluate::document::CompiledPolicy;
use crate::evaluate::{CompiledPolicies, Compiler, Level, NamedPolicy, Policies, PolicyType, RequestPrincipal, Settings};
use crate::grants::organisation::OrganisationPolicyKind;
use crate::grants::owner_of_policy::may_carry_policy;
use crate::grants::{AttachedDocument, Grants, Known};
use crate::policy::beside::ObjectOwnership;

/// The levels over an account, compiled; `None` where the kind does not bound it.
type Levels = Known<Vec<CompiledLevel>>;

/// The resource's side of calls on one resource.
#[derive(Debug, Default)]
struct Side {
    /// Its policies and settings, compiled; kinds that exist and are not known are marked.
    policies: CompiledPolicies,
    /// Whose it is, where that is known.
    owner: Option<String>,
    /// Whether its own policies are known, so that the owner's consent can be asked.
    is_known: bool,
    /// Whether RAM may have made policies for shares of it that are not at hand.
    has_unseen_shares: bool,
    /// The last change of its policies in the log, epoch ms.
    changed_ms: Option<i64>,
    /// Kinds that may exist and are not at hand.
    unseen: Vec<PolicyType>,
    /// Documents that exist and cannot be read.
    unknown: Vec<PolicyType>,
}

/// A call, with everything that bears on it.
pub struct Around {
    /// All policies.
    pub policies: CompiledPolicies,
    /// The account that is asked as the resource's owner.
    pub owner: Option<String>,
    /// Kinds that may exist and are not at hand.
    pub unseen: Vec<PolicyType>,
}

/// The layers around all calls, each compiled once.
pub struct Layers<'g> {
    grants: &'g Grants,
    compiler: RefCell<Compiler<'static>>,
    levels: RefCell<BTreeMap<(OrganisationPolicyKind, String), Rc<Levels>>>,
    /// By ARN, and whether the action's service has resources with policies; objects of a bucket share one.
    sides: RefCell<BTreeMap<bool, BTreeMap<String, Rc<Side>>>>,
    endpoints: RefCell<BTreeMap<&'g str, Option<Vec<CompiledPolicy>>>>,
    changes: &'g Changes,
}

/// A call, as far as it bears on what is around it.
pub struct Call<'r> {
    /// ARN, pattern or `*`.
    pub resource: &'r str,
    /// Whether that is a pattern.
    pub is_pattern: bool,
    /// Prefix of the action.
    pub service: &'r str,
    /// The VPC endpoint that it came through.
    pub endpoint: Option<&'r str>,
    /// When it was first made, epoch ms.
    pub first_ms: i64,
}

/// A document under the name that decisions show.
fn named<'a>(document: &'a AttachedDocument) -> Option<NamedPolicy<'a>> {
    document.document.as_ref().ok().map(|d| NamedPolicy { name: &document.name, document: d })
}

impl<'g> Layers<'g> {
    /// The layers that these exports tell of; what the log changed of them does not count for calls before the change.
    #[must_use]
    pub fn new(grants: &'g Grants, changes: &'g Changes) -> Layers<'g> {
        Layers {
            grants,
            compiler: RefCell::default(),
            levels: RefCell::default(),
            sides: RefCell::default(),
            endpoints: RefCell::default(),
            changes,
        }
    }

    fn levels(&self, account: &str, kind: OrganisationPolicyKind) -> Rc<Levels> {
        if let Some(found) = self.levels.borrow().get(&(kind, account.to_owned())) {
            return Rc::clone(found);
        }
        let compiled = self.grants.organisation_levels(account, kind).map(|levels| {
            let levels: Vec<Level<'_>> = levels
                .iter()
                .map(|level| Level {
                    name: level.id,
                    policies: level
                        .policies
                        .iter()
                        .filter_map(|p| Some(NamedPolicy { name: &p.id, document: p.document.present()?.as_ref().ok()? }))
                        .collect(),
                })
                .collect();
            let policies = match kind {
                OrganisationPolicyKind::ServiceControl => Policies { scp: Some(levels), ..Policies::default() },
                OrganisationPolicyKind::ResourceControl => Policies { rcp: Some(levels), ..Policies::default() },
            };
            let compiled = self.compiler.borrow_mut().policies(&policies);
            compiled.scp.or(compiled.rcp).unwrap_or_default()
        });
        let compiled = Rc::new(compiled);
        self.levels.borrow_mut().insert((kind, account.to_owned()), Rc::clone(&compiled));
        compiled
    }

    /// The resource's side, by its ARN.
    fn side(&self, resource: &str, service: &str) -> Rc<Side> {
        let may_carry = may_carry_policy(service);
        let is_object = Arn::parse(resource).is_some_and(|a| a.service == "s3" && a.account.is_empty());
        let of_all = resource.find('/').filter(|_| is_object).and_then(|slash| resource.get(..=slash)).unwrap_or(resource);
        if let Some(found) = self.sides.borrow().get(&may_carry).and_then(|sides| sides.get(of_all)) {
            return Rc::clone(found);
        }
        let changed_ms = self.changes.of_resource(self.grants, of_all);
        let side = Rc::new(Side { changed_ms, ..self.new_side(of_all, may_carry) });
        self.sides.borrow_mut().entry(may_carry).or_default().insert(of_all.to_owned(), Rc::clone(&side));
        side
    }

    fn new_side(&self, resource: &str, may_carry: bool) -> Side {
        let resources = &self.grants.resources;
        let own = resources.policy_of(resource);
        let mut side = Side { owner: self.owner_of(resource), ..Side::default() };
        if own.present().into_iter().flatten().any(|d| d.document.is_err()) {
            side.unknown.push(PolicyType::Resource);
        }
        if own.is_unknown() && may_carry {
            side.unseen.push(PolicyType::Resource);
        }
        side.is_known = !own.is_unknown() && side.owner.is_some();
        side.has_unseen_shares = resources.shared_policies_of(resource).is_unknown();
        let settings = self.settings(resource, &mut side);
        let documents = own.present().map(|list| list.iter().filter_map(|d| named(d)).collect());
        let mut policies = Policies { resource: documents, settings, ..Policies::default() };
        side.policies = self.compiler.borrow_mut().policies(&policies);
        if resources.bucket_of(resource).is_some() && self.grants.block_public_access_of(resource).is_unknown() {
            // It may have taken away what a public policy grants.
            policies.settings.block_public_access.restrict_public_buckets = true;
            if self.compiler.borrow_mut().policies(&policies).resource_is_public {
                side.unseen.push(PolicyType::Resource);
            }
        }
        side
    }

    /// Whose a resource is: its ARN says, or the export that tells of it.
    fn owner_of(&self, resource: &str) -> Option<String> {
        let resources = &self.grants.resources;
        let of_arn = Arn::parse(resource).map(|a| a.account).filter(|a| is_account_id(a));
        let of_export = || resources.bucket_of(resource).map(|b| b.account.as_str()).or_else(|| Some(resources.resource_of(resource)?.account.as_str()));
        of_arn.or_else(of_export).filter(|a| is_account_id(a)).map(str::to_owned)
    }

    /// What bears on a resource beside documents. An ACL or a grant that is not known may have let a call pass.
    fn settings(&self, resource: &str, side: &mut Side) -> Settings {
        let resources = &self.grants.resources;
        let mut settings = Settings::default();
        if let Some(bucket) = resources.bucket_of(resource) {
            let is_object = resource.contains('/');
            settings.object_ownership = bucket.ownership.present().copied();
            settings.block_public_access = self.grants.block_public_access_of(resource).present().copied().unwrap_or_default();
            if let Some(acl) = bucket.acl.present() {
                settings.bucket_acl.clone_from(&acl.grants);
            }
            // ACLs of single objects are never exported.
            let acls_count = settings.object_ownership != Some(ObjectOwnership::BucketOwnerEnforced);
            if acls_count && (is_object || bucket.acl.is_unknown()) {
                side.unseen.push(PolicyType::Resource);
            }
        }
        if let Some(key) = resources.key_of(resource) {
            match &key.grants {
                Known::Present(grants) => settings.kms_grants.clone_from(grants),
                Known::Absent => {}
                Known::Unknown(_) => side.unseen.push(PolicyType::Resource),
            }
        }
        settings
    }

    /// The exports that tell of them.
    #[must_use]
    pub fn grants(&self) -> &'g Grants {
        self.grants
    }

    /// The endpoint's policy, compiled with its kind.
    fn endpoint(&self, id: &str, policies: &mut CompiledPolicies, unseen: &mut Vec<PolicyType>) {
        let Some(endpoint) = self.grants.resources.vpc_endpoints.get(id) else { return unseen.push(PolicyType::VpcEndpoint) };
        match &endpoint.policy {
            Known::Present(document) if document.document.is_ok() => {
                let mut compiled = self.endpoints.borrow_mut();
                let compiled = compiled.entry(endpoint.id.as_str()).or_insert_with(|| {
                    let list = named(document).into_iter().collect();
                    let policies = Policies { vpc_endpoint: Some(list), ..Policies::default() };
                    self.compiler.borrow_mut().policies(&policies).vpc_endpoint
                });
                policies.vpc_endpoint.clone_from(compiled);
                policies.settings.vpc_endpoint_type = endpoint.kind;
            }
            // The default policy, which allows everything.
            Known::Absent => {}
            Known::Present(_) | Known::Unknown(_) => unseen.push(PolicyType::VpcEndpoint),
        }
    }

    /// Puts around a caller's own policies what bears on one call besides. Where the resource's policies are not known the
    /// caller's own half is asked, as if it owned the resource.
    pub fn around(&self, caller: &RequestPrincipal, held: &CompiledPolicies, call: &Call<'_>) -> Around {
        let mut policies = held.clone();
        let mut unseen = Vec::new();
        let mut unknown = Vec::new();
        let side = if call.is_pattern || call.resource == "*" {
            let changed_ms = self.changes.of_resource(self.grants, call.resource);
            Rc::new(Side { changed_ms, ..nameless(call) })
        } else {
            self.side(call.resource, call.service)
        };
        policies.resource.clone_from(&side.policies.resource);
        policies.resource_is_public = side.policies.resource_is_public;
        policies.settings = side.policies.settings.clone();
        unseen.extend(&side.unseen);
        unknown.extend(&side.unknown);
        let own = caller.account().map(str::to_owned);
        let owner = side.owner.clone().or(own.clone());
        // RAM allows others only.
        if let Some(owner) = side.owner.as_deref().filter(|o| Some(*o) != own.as_deref())
            && (side.has_unseen_shares || self.changes.of_shares(owner).is_some_and(|at| call.first_ms <= at))
        {
            unseen.push(PolicyType::Resource);
        }
        for (kind, policy_type, account) in [
            (OrganisationPolicyKind::ServiceControl, PolicyType::ServiceControl, own.as_deref()),
            (OrganisationPolicyKind::ResourceControl, PolicyType::ResourceControl, owner.as_deref()),
        ] {
            let Some(account) = account else { continue };
            // Whose a resource is that the export does not have, a bucket say, nobody tells: not our policies bound it, perhaps.
            if kind == OrganisationPolicyKind::ResourceControl && side.owner.is_none() && call.resource != "*" {
                unseen.push(policy_type);
                continue;
            }
            match &*self.levels(account, kind) {
                Known::Present(levels) if kind == OrganisationPolicyKind::ServiceControl => policies.scp = Some(levels.clone()),
                Known::Present(levels) => policies.rcp = Some(levels.clone()),
                Known::Absent => {}
                Known::Unknown(_) => unseen.push(policy_type),
            }
            if let Known::Present(organisation) = self.grants.organisation_of(account) {
                policies.settings.management_account = organisation.management_account.present().cloned();
                if self.changes.of_organisation(organisation).is_some_and(|at| call.first_ms <= at) {
                    unknown.push(policy_type);
                }
            }
        }
        if let Some(id) = call.endpoint {
            self.endpoint(id, &mut policies, &mut unseen);
            let account = self.grants.resources.vpc_endpoints.get(id).map(|e| e.account.as_str());
            if self.changes.of_endpoint(id, account).is_some_and(|at| call.first_ms <= at) {
                unknown.push(PolicyType::VpcEndpoint);
            }
        }
        if side.changed_ms.is_some_and(|at| call.first_ms <= at) {
            unknown.push(PolicyType::Resource);
        }
        unseen.extend(&unknown);
        Around { policies: policies.with_unknown(&unknown), owner: if side.is_known { owner } else { own }, unseen }
    }
}

/// The side of a resource that the log does not name.
fn nameless(call: &Call<'_>) -> Side {
    Side {
        unseen: if may_carry_policy(call.service) { vec![PolicyType::Resource] } else { Vec::new() },
        owner: Arn::parse(call.resource).map(|a| a.account.to_owned()).filter(|a| is_account_id(a)),
        ..Side::default()
    }
}

#[cfg(test)]
#[path = "layers_test.rs"]
mod layers_test;
