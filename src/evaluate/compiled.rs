//! The policies that bear on a request, compiled: the form that many requests are put to. Every part is shared, so that
//! what bears on a call can be put together call by call without copying a policy.

use std::sync::Arc;

use super::document::{CompiledPolicy, Compiler};
use super::{Level, NamedPolicy, Policies, PolicyType, Settings, VpcEndpointType, s3};

/// The policies of one level of an organisation, compiled.
#[derive(Clone, Debug)]
pub struct CompiledLevel {
    /// Id of the level.
    pub name: Box<str>,
    /// Policies attached there.
    pub policies: Arc<[CompiledPolicy]>,
}

/// [`Policies`], compiled.
#[derive(Clone, Debug, Default)]
pub struct CompiledPolicies {
    /// Identity policies.
    pub identity: Option<Arc<[CompiledPolicy]>>,
    /// The permissions boundary.
    pub boundary: Option<Arc<[CompiledPolicy]>>,
    /// Session policies.
    pub session: Option<Arc<[CompiledPolicy]>>,
    /// The resource's policy.
    pub resource: Option<Arc<[CompiledPolicy]>>,
    /// Policies of RAM shares.
    pub ram: Arc<[CompiledPolicy]>,
    /// Service control policies by level.
    pub scp: Option<Arc<[CompiledLevel]>>,
    /// Resource control policies by level.
    pub rcp: Option<Arc<[CompiledLevel]>>,
    /// The VPC endpoint's policy.
    pub vpc_endpoint: Option<Arc<[CompiledPolicy]>>,
    /// Facts of the resource's side beside documents.
    pub settings: Arc<Settings>,
    /// The organisation's management account; stands for the one in the settings.
    pub management_account: Option<Arc<str>>,
    /// Kind of the VPC endpoint; stands for the one in the settings.
    pub vpc_endpoint_type: VpcEndpointType,
    /// Whether S3 would call the resource policy public.
    pub resource_is_public: bool,
    unknown: [bool; PolicyType::ALL.len()],
}

impl Compiler<'_> {
    fn list(&mut self, kind: PolicyType, list: &[NamedPolicy<'_>]) -> Arc<[CompiledPolicy]> {
        list.iter().map(|p| CompiledPolicy { name: p.name.into(), document: self.document(kind, p.document) }).collect()
    }

    fn levels(&mut self, kind: PolicyType, levels: &[Level<'_>]) -> Arc<[CompiledLevel]> {
        levels.iter().map(|l| CompiledLevel { name: l.name.into(), policies: self.list(kind, &l.policies) }).collect()
    }

    /// Compiles all policies of a request.
    pub fn policies(&mut self, policies: &Policies<'_>) -> CompiledPolicies {
        let mut unknown = [false; PolicyType::ALL.len()];
        for (slot, kind) in unknown.iter_mut().zip(PolicyType::ALL) {
            *slot = policies.unknown.contains(&kind);
        }
        CompiledPolicies {
            identity: policies.identity.as_deref().map(|l| self.list(PolicyType::Identity, l)),
            boundary: policies.boundary.as_deref().map(|l| self.list(PolicyType::PermissionsBoundary, l)),
            session: policies.session.as_deref().map(|l| self.list(PolicyType::Session, l)),
            resource: policies.resource.as_deref().map(|l| self.list(PolicyType::Resource, l)),
            ram: self.list(PolicyType::Resource, &policies.ram),
            scp: policies.scp.as_deref().map(|l| self.levels(PolicyType::ServiceControl, l)),
            rcp: policies.rcp.as_deref().map(|l| self.levels(PolicyType::ResourceControl, l)),
            vpc_endpoint: policies.vpc_endpoint.as_deref().map(|l| self.list(PolicyType::VpcEndpoint, l)),
            resource_is_public: policies.settings.block_public_access.restrict_public_buckets
                && policies.resource.iter().flatten().any(|p| s3::is_public(p.document)),
            management_account: policies.settings.management_account.as_deref().map(Arc::from),
            vpc_endpoint_type: policies.settings.vpc_endpoint_type,
            settings: Arc::new(policies.settings.clone()),
            unknown,
        }
    }
}

impl CompiledPolicies {
    /// The same with these kinds taken as existing and not known.
    #[must_use]
    pub fn with_unknown(mut self, kinds: &[PolicyType]) -> CompiledPolicies {
        for (slot, kind) in self.unknown.iter_mut().zip(PolicyType::ALL) {
            *slot |= kinds.contains(&kind);
        }
        self
    }

    /// The same with another resource policy.
    #[must_use]
    pub fn with_resource(self, resource: Option<Arc<[CompiledPolicy]>>) -> CompiledPolicies {
        CompiledPolicies { resource, ..self }
    }

    /// The same with other session policies.
    #[must_use]
    pub fn with_session(self, session: Option<Arc<[CompiledPolicy]>>) -> CompiledPolicies {
        CompiledPolicies { session, ..self }
    }

    /// Whether a kind's policies are given.
    #[must_use]
    pub fn is_given(&self, kind: PolicyType) -> bool {
        match kind {
            PolicyType::Identity => self.identity.is_some(),
            PolicyType::PermissionsBoundary => self.boundary.is_some(),
            PolicyType::Session => self.session.is_some(),
            PolicyType::Resource => self.resource.is_some(),
            PolicyType::ServiceControl => self.scp.is_some(),
            PolicyType::ResourceControl => self.rcp.is_some(),
            PolicyType::VpcEndpoint => self.vpc_endpoint.is_some(),
        }
    }

    /// Whether the resource has a policy, or may.
    #[must_use]
    pub fn has_resource_policy(&self) -> bool {
        self.resource.is_some() || self.is_unknown(PolicyType::Resource)
    }

    /// Whether a kind exists or may, but is not known.
    #[must_use]
    pub fn is_unknown(&self, kind: PolicyType) -> bool {
        PolicyType::ALL.iter().zip(self.unknown).any(|(k, unknown)| unknown && *k == kind)
    }
}
