//! The places that facts are put in: each thing is made the first time that something is told of it.

use super::organisation::{Node, OrganisationPolicy, OrganisationPolicyKind};
use super::resource::{AccessPoint, Bucket, Key, VpcEndpoint};
use super::{Grants, Known, Organisation, PermissionSet, Resource};
use crate::aws::Arn;

/// Name of a policy where the service has one policy and no name for it.
pub const ONLY_POLICY: &str = "policy";

fn fill(slot: &mut String, text: &str) {
    if slot.is_empty() {
        text.clone_into(slot);
    }
}

/// The partition, account and region that an ARN names.
fn parts(arn: &str) -> (&str, Option<&str>, &str) {
    Arn::parse(arn).map_or(("", None, ""), |a| (a.account, Some(a.region).filter(|r| !r.is_empty()), a.service))
}

/// The resource of an ARN. The account is for ARNs that name none.
pub fn resource<'g>(grants: &'g mut Grants, arn: &str, account: &str, region: Option<&str>) -> &'g mut Resource {
    let resource = grants.resources.by_arn.entry(arn.to_owned()).or_default();
    let (of_arn, region_of_arn, service) = parts(arn);
    fill(&mut resource.arn, arn);
    fill(&mut resource.service, service);
    fill(&mut resource.account, if of_arn.is_empty() { account } else { of_arn });
    if resource.region.is_none() {
        resource.region = region_of_arn.or(region).map(str::to_owned);
    }
    resource
}

/// The bucket of a name.
pub fn bucket<'g>(grants: &'g mut Grants, name: &str, account: &str, region: Option<&str>) -> &'g mut Bucket {
    let bucket = grants.resources.buckets.entry(name.to_owned()).or_default();
    fill(&mut bucket.name, name);
    fill(&mut bucket.account, account);
    if bucket.region.is_none() {
        bucket.region = region.map(str::to_owned);
    }
    bucket
}

/// The access point of an ARN.
pub fn access_point<'g>(grants: &'g mut Grants, arn: &str) -> &'g mut AccessPoint {
    let point = grants.resources.access_points.entry(arn.to_owned()).or_default();
    fill(&mut point.arn, arn);
    fill(&mut point.account, parts(arn).0);
    point
}

/// The key of an ARN.
pub fn key<'g>(grants: &'g mut Grants, arn: &str) -> &'g mut Key {
    let key = grants.resources.keys.entry(arn.to_owned()).or_default();
    fill(&mut key.arn, arn);
    fill(&mut key.account, parts(arn).0);
    key
}

/// The VPC endpoint of an id.
pub fn vpc_endpoint<'g>(grants: &'g mut Grants, id: &str, account: &str, region: Option<&str>, service: Option<&str>) -> &'g mut VpcEndpoint {
    let endpoint = grants.resources.vpc_endpoints.entry(id.to_owned()).or_default();
    fill(&mut endpoint.id, id);
    fill(&mut endpoint.account, account);
    fill(&mut endpoint.service_name, service.unwrap_or_default());
    if endpoint.region.is_none() {
        endpoint.region = region.map(str::to_owned);
    }
    endpoint
}

/// The organisation of an id.
pub fn organisation<'g>(grants: &'g mut Grants, id: &str) -> &'g mut Organisation {
    let organisation = grants.organisations.entry(id.to_owned()).or_default();
    fill(&mut organisation.id, id);
    organisation
}

/// A root, organisational unit or account of an organisation.
pub fn node<'g>(grants: &'g mut Grants, organisation_id: &str, id: &str) -> &'g mut Node {
    let node = organisation(grants, organisation_id).nodes.entry(id.to_owned()).or_default();
    fill(&mut node.id, id);
    node
}

/// A policy of an organisation.
pub fn organisation_policy<'g>(grants: &'g mut Grants, organisation_id: &str, id: &str, kind: OrganisationPolicyKind) -> &'g mut OrganisationPolicy {
    organisation(grants, organisation_id).policies.entry(id.to_owned()).or_insert_with(|| OrganisationPolicy {
        id: id.to_owned(),
        name: id.to_owned(),
        kind,
        aws_managed: false,
        document: Known::default(),
    })
}

/// The permission set of a key: its ARN, where that is known.
pub fn permission_set<'g>(grants: &'g mut Grants, key: &str, name: Option<&str>) -> &'g mut PermissionSet {
    let set = grants.permission_sets.entry(key.to_owned()).or_default();
    if key.starts_with("arn:") {
        fill(&mut set.arn, key);
    }
    if set.name.is_none() {
        set.name = name.map(str::to_owned);
    }
    set
}

/// What facts are called in reports and where captures of them meet. Facts of one thing begin with its ARN (of a VPC
/// endpoint: its id), so that they can be found when the thing is gone.
pub mod label {
    use super::OrganisationPolicyKind;

    /// Own policies of a resource or VPC endpoint.
    pub fn policy(arn: &str) -> String {
        format!("{arn}: policy")
    }

    /// Policies that RAM made for a resource.
    pub fn shared(arn: &str) -> String {
        format!("{arn}: shared policies")
    }

    /// Any other fact of a thing.
    pub fn of(arn: &str, fact: &str) -> String {
        format!("{arn}: {fact}")
    }

    /// Block Public Access of a bucket or access point.
    pub fn block(arn: &str) -> String {
        of(arn, "Block Public Access")
    }

    /// Block Public Access of an account.
    pub fn account_block(account: &str) -> String {
        format!("account {account}: Block Public Access")
    }

    /// The management account.
    pub fn management(organisation: &str) -> String {
        format!("management account of {organisation}")
    }

    /// Whether a kind of policy is on.
    pub fn enabled(organisation: &str, kind: OrganisationPolicyKind) -> String {
        format!("whether {} is on in {organisation}", kind.as_str())
    }

    /// A fact of a node (`parent`, `name`).
    pub fn of_node(organisation: &str, node: &str, fact: &str) -> String {
        format!("{fact} of {node} in {organisation}")
    }

    /// Policies attached to a node.
    pub fn attached(organisation: &str, node: &str, kind: OrganisationPolicyKind) -> String {
        format!("{} policies attached to {node} of {organisation}", kind.as_str())
    }

    /// The document of an organisation's policy.
    pub fn organisation_policy(organisation: &str, policy: &str) -> String {
        format!("policy {policy} of {organisation}")
    }

    /// A fact of a permission set.
    pub fn of_set(set: &str, fact: &str) -> String {
        format!("{fact} of {set}")
    }
}
