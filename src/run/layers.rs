//! Everything that bears on a call beside what its caller holds: the policies of the resource, service and resource control
//! policies of the organisation, the VPC endpoint's policy, S3's settings, KMS grants; as far as the exports tell.
//!
//! What is not known is left out and named: a call that it may have decided stays open. Threads share the layers; what was
//! compiled once is handed out, not copied. Source: inputs-and-evaluation.md sections 1.1 to 1.3 and 4.4.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::asked::Trusts;
use super::changes::Changes;

use crate::aws::{Arn, is_account_id};
use crate::evaluate::compiled::CompiledLevel;
use crate::evaluate::document::CompiledPolicy;
use crate::evaluate::{CompiledPolicies, Compiler, Level, NamedPolicy, Policies, PolicyType, RequestPrincipal, Settings, VpcEndpointType};
use crate::grants::organisation::OrganisationPolicyKind;
use crate::grants::owner_of_policy::may_carry_policy;
use crate::grants::{AttachedDocument, Grants, Known};
use crate::policy::beside::ObjectOwnership;
use crate::usage::Usage;

/// The levels over an account, compiled; `None` where the kind does not bound it.
type Levels = Known<Arc<[CompiledLevel]>>;

/// What bounds an account from above.
#[derive(Debug)]
struct Above {
    scp: Levels,
    rcp: Levels,
    /// Of its organisation, where that is known: the management account, and the last change in the log, epoch ms.
    organisation: Option<(Option<Arc<str>>, Option<i64>)>,
}

/// A VPC endpoint's policy, compiled with its kind; `None`: it cannot be read or is not known.
type Endpoint = Option<(Option<Arc<[CompiledPolicy]>>, VpcEndpointType)>;

/// The resource's side of calls on one resource.
#[derive(Debug, Default)]
struct Side {
    /// Its policies, compiled.
    policies: Option<Arc<[CompiledPolicy]>>,
    /// Whether S3 would call them public.
    is_public: bool,
    /// Its settings, where there are any.
    settings: Option<Arc<Settings>>,
    /// Whose it is, where that is known.
    owner: Option<Box<str>>,
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

/// Sides by the ARN that they are asked by.
type Sides = BTreeMap<Box<str>, Arc<Side>>;

/// What a side without policies and settings says: owner, whether it is public, known and may be shared, last change, kinds that
/// are not at hand, kinds that cannot be read.
type Plain = (Option<Box<str>>, [bool; 3], Option<i64>, Vec<PolicyType>, Vec<PolicyType>);

/// A call, with everything that bears on it.
pub struct Around {
    /// All policies.
    pub policies: CompiledPolicies,
    /// Kinds that may exist and are not at hand.
    pub unseen: Vec<PolicyType>,
    side: Arc<Side>,
}

impl Around {
    /// The account that is asked as the resource's owner: where the resource's policies are not known, the caller's own.
    pub fn owner<'a>(&'a self, caller: &'a RequestPrincipal) -> Option<&'a str> {
        self.side.owner.as_deref().filter(|_| self.side.is_known).or_else(|| caller.account())
    }
}

/// The layers around all calls, each compiled once.
pub struct Layers<'g> {
    grants: &'g Grants,
    compiler: Mutex<Compiler<'static>>,
    above: RwLock<BTreeMap<String, Arc<Above>>>,
    /// By ARN, and whether the action's service has resources with policies; objects of a bucket share one.
    sides: RwLock<BTreeMap<bool, Sides>>,
    /// Sides without policies and settings, by all that they say.
    plain: RwLock<BTreeMap<Plain, Arc<Side>>>,
    endpoints: RwLock<BTreeMap<&'g str, Endpoint>>,
    changes: Changes,
    trusts: Trusts<'g>,
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

/// What a thread that broke off left is whole: nothing is taken out of these maps.
fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

impl<'g> Layers<'g> {
    /// The layers that these exports tell of; what the log changed of them does not count for calls before the change.
    #[must_use]
    pub fn new(grants: &'g Grants, usage: &Usage) -> Layers<'g> {
        let mut compiler = Compiler::default();
        let trusts = trust_policies(grants, &mut compiler);
        Layers {
            grants,
            trusts,
            compiler: Mutex::new(compiler),
            above: RwLock::default(),
            sides: RwLock::default(),
            plain: RwLock::default(),
            endpoints: RwLock::default(),
            changes: Changes::read(grants, usage),
        }
    }

    fn compiler(&self) -> MutexGuard<'_, Compiler<'static>> {
        self.compiler.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn above(&self, account: &str) -> Arc<Above> {
        if let Some(found) = read(&self.above).get(account) {
            return Arc::clone(found);
        }
        let organisation = self.grants.organisation_of(account);
        let above = Arc::new(Above {
            scp: self.levels(account, OrganisationPolicyKind::ServiceControl),
            rcp: self.levels(account, OrganisationPolicyKind::ResourceControl),
            organisation: organisation
                .present()
                .map(|o| (o.management_account.present().map(|m| m.as_str().into()), self.changes.of_organisation(o))),
        });
        Arc::clone(write(&self.above).entry(account.to_owned()).or_insert(above))
    }

    fn levels(&self, account: &str, kind: OrganisationPolicyKind) -> Levels {
        self.grants.organisation_levels(account, kind).map(|levels| {
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
            let compiled = self.compiler().policies(&policies);
            compiled.scp.or(compiled.rcp).unwrap_or_default()
        })
    }

    /// The side, or one that says the same: of most resources no more is known than whose they are.
    fn alike(&self, side: Side) -> Arc<Side> {
        if side.policies.is_some() || side.settings.is_some() {
            return Arc::new(side);
        }
        let facts = [side.is_public, side.is_known, side.has_unseen_shares];
        let key = (side.owner.clone(), facts, side.changed_ms, side.unseen.clone(), side.unknown.clone());
        Arc::clone(write(&self.plain).entry(key).or_insert_with(|| Arc::new(side)))
    }

    /// The resource's side, by its ARN.
    fn side(&self, resource: &str, service: &str) -> Arc<Side> {
        let may_carry = may_carry_policy(service);
        let is_object = Arn::parse(resource).is_some_and(|a| a.service == "s3" && a.account.is_empty());
        let of_all = resource.find('/').filter(|_| is_object).and_then(|slash| resource.get(..=slash)).unwrap_or(resource);
        if let Some(found) = read(&self.sides).get(&may_carry).and_then(|sides| sides.get(of_all)) {
            return Arc::clone(found);
        }
        let changed_ms = self.changes.of_resource(self.grants, of_all);
        let side = self.alike(Side { changed_ms, ..self.new_side(of_all, may_carry) });
        Arc::clone(write(&self.sides).entry(may_carry).or_default().entry(of_all.into()).or_insert(side))
    }

    fn new_side(&self, resource: &str, may_carry: bool) -> Side {
        let resources = &self.grants.resources;
        let own = resources.policy_of(resource);
        let mut side = Side { owner: self.owner_of(resource).map(Into::into), ..Side::default() };
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
        if policies.resource.is_some() || policies.settings != Settings::default() {
            let compiled = self.compiler().policies(&policies);
            (side.policies, side.is_public, side.settings) = (compiled.resource, compiled.resource_is_public, Some(compiled.settings));
        }
        if resources.bucket_of(resource).is_some() && self.grants.block_public_access_of(resource).is_unknown() {
            // It may have taken away what a public policy grants.
            policies.settings.block_public_access.restrict_public_buckets = true;
            if self.compiler().policies(&policies).resource_is_public {
                side.unseen.push(PolicyType::Resource);
            }
        }
        side
    }

    /// Whose a resource is: its ARN says, or the export that tells of it.
    fn owner_of<'a>(&'a self, resource: &'a str) -> Option<&'a str> {
        let resources = &self.grants.resources;
        let of_arn = Arn::parse(resource).map(|a| a.account).filter(|a| is_account_id(a));
        let of_export = || resources.bucket_of(resource).map(|b| b.account.as_str()).or_else(|| Some(resources.resource_of(resource)?.account.as_str()));
        of_arn.or_else(of_export).filter(|a| is_account_id(a))
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

    /// The trust policy of every role of the export.
    #[must_use]
    pub fn trusts(&self) -> &Trusts<'g> {
        &self.trusts
    }

    /// The exports that tell of them.
    #[must_use]
    pub fn grants(&self) -> &'g Grants {
        self.grants
    }

    /// The endpoint's policy, compiled with its kind.
    fn endpoint(&self, id: &str, policies: &mut CompiledPolicies, unseen: &mut Vec<PolicyType>) {
        let Some(endpoint) = self.grants.resources.vpc_endpoints.get(id) else { return unseen.push(PolicyType::VpcEndpoint) };
        let found = read(&self.endpoints).get(id).cloned();
        let compiled = found.unwrap_or_else(|| {
            let compiled = match &endpoint.policy {
                Known::Present(document) => named(document).map(|document| {
                    let policies = Policies { vpc_endpoint: Some(vec![document]), ..Policies::default() };
                    (self.compiler().policies(&policies).vpc_endpoint, endpoint.kind)
                }),
                // The default policy, which allows everything.
                Known::Absent => Some((None, VpcEndpointType::default())),
                Known::Unknown(_) => None,
            };
            write(&self.endpoints).entry(&endpoint.id).or_insert(compiled).clone()
        });
        match compiled {
            Some((policy, kind)) => (policies.vpc_endpoint, policies.vpc_endpoint_type) = (policy, kind),
            None => unseen.push(PolicyType::VpcEndpoint),
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
            Arc::new(Side { changed_ms, ..nameless(call) })
        } else {
            self.side(call.resource, call.service)
        };
        policies.resource.clone_from(&side.policies);
        policies.resource_is_public = side.is_public;
        if let Some(settings) = &side.settings {
            policies.settings = Arc::clone(settings);
        }
        unseen.extend(&side.unseen);
        unknown.extend(&side.unknown);
        let own = caller.account();
        let owner = side.owner.as_deref().or(own);
        // RAM allows others only.
        if let Some(owner) = side.owner.as_deref().filter(|o| Some(*o) != own)
            && (side.has_unseen_shares || self.changes.of_shares(owner).is_some_and(|at| call.first_ms <= at))
        {
            unseen.push(PolicyType::Resource);
        }
        for (kind, policy_type, account) in [
            (OrganisationPolicyKind::ServiceControl, PolicyType::ServiceControl, own),
            (OrganisationPolicyKind::ResourceControl, PolicyType::ResourceControl, owner),
        ] {
            let Some(account) = account else { continue };
            // Whose a resource is that the export does not have, a bucket say, nobody tells: not our policies bound it, perhaps.
            if kind == OrganisationPolicyKind::ResourceControl && side.owner.is_none() && call.resource != "*" {
                unseen.push(policy_type);
                continue;
            }
            let above = self.above(account);
            let (levels, slot) = match kind {
                OrganisationPolicyKind::ServiceControl => (&above.scp, &mut policies.scp),
                OrganisationPolicyKind::ResourceControl => (&above.rcp, &mut policies.rcp),
            };
            match levels {
                Known::Present(levels) => *slot = Some(Arc::clone(levels)),
                Known::Absent => {}
                Known::Unknown(_) => unseen.push(policy_type),
            }
            if let Some((management_account, changed_ms)) = &above.organisation {
                policies.management_account.clone_from(management_account);
                if changed_ms.is_some_and(|at| call.first_ms <= at) {
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
        Around { policies: policies.with_unknown(&unknown), unseen, side }
    }
}

/// The trust policy of every role of the export, compiled.
fn trust_policies<'g>(grants: &'g Grants, compiler: &mut Compiler<'_>) -> Trusts<'g> {
    grants
        .principals()
        .filter_map(|role| match &role.trust {
            Some(Ok(document)) => {
                let resource = Some(vec![NamedPolicy { name: "trust policy", document }]);
                Some((role.arn.as_str(), compiler.policies(&Policies { resource, ..Policies::default() })))
            }
            _ => None,
        })
        .collect()
}

/// The side of a resource that the log does not name.
fn nameless(call: &Call<'_>) -> Side {
    Side {
        unseen: if may_carry_policy(call.service) { vec![PolicyType::Resource] } else { Vec::new() },
        owner: Arn::parse(call.resource).map(|a| a.account).filter(|a| is_account_id(a)).map(Into::into),
        ..Side::default()
    }
}

#[cfg(test)]
#[path = "layers_test.rs"]
mod layers_test;
