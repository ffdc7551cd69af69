//! Table `documents`: every place where a policy document stands. The same text of the same type has the same id wherever
//! it stands; the tables of statements and actions have it once.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use polars::prelude::{DataFrame, PolarsResult};
use sha2::Digest as _;

use super::super::organisation::OrganisationPolicyKind;
use super::super::permission_set::SetBoundary;
use super::super::{AttachedDocument, Grants, Known};
use super::{Columns, count, told};
use crate::aws::{Arn, is_account_id};
use crate::policy::{PolicyDocument, PolicyError, print};

/// What a document does where it stands.
#[derive(Copy, Clone, PartialEq, Eq, Debug, PartialOrd, Ord, Hash)]
pub enum PolicyType {
    /// Grants to users, groups, roles or permission sets.
    Identity,
    /// Bounds a user, a role or a permission set.
    Boundary,
    /// Says who may enter a role.
    Trust,
    /// Stands on a resource.
    Resource,
    /// Made by RAM for a share.
    Shared,
    /// Service control policy.
    ServiceControl,
    /// Resource control policy.
    ResourceControl,
    /// Stands on a VPC endpoint.
    VpcEndpoint,
    /// Bounds the updates of a CloudFormation stack; its actions are no actions of IAM.
    Stack,
}

impl PolicyType {
    /// The word in the tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            PolicyType::Identity => "identity",
            PolicyType::Boundary => "boundary",
            PolicyType::Trust => "trust",
            PolicyType::Resource => "resource",
            PolicyType::Shared => "shared",
            PolicyType::ServiceControl => "scp",
            PolicyType::ResourceControl => "rcp",
            PolicyType::VpcEndpoint => "vpc_endpoint",
            PolicyType::Stack => "stack",
        }
    }
}

/// One place of a document.
struct Place<'g> {
    policy_type: PolicyType,
    account: Option<&'g str>,
    owner_kind: &'static str,
    owner: &'g str,
    name: Option<&'g str>,
    /// The document's id, or why there is none.
    document: Result<Rc<str>, String>,
}

/// A distinct document.
pub(super) struct Distinct<'g> {
    /// Its type.
    pub(super) policy_type: PolicyType,
    /// Itself.
    pub(super) document: &'g PolicyDocument,
    /// Its size as IAM counts it.
    characters: usize,
}

/// All documents of the grants, each distinct one once.
#[derive(Default)]
pub struct Documents<'g> {
    places: Vec<Place<'g>>,
    distinct: BTreeMap<Rc<str>, Distinct<'g>>,
    ids: HashMap<(*const PolicyDocument, PolicyType), Rc<str>>,
}

/// Id of a document: of its type and its canonical print, so that a text that bounds is not taken for one that grants.
fn id_of(policy_type: PolicyType, document: &PolicyDocument) -> Rc<str> {
    let hash = sha2::Sha256::digest(format!("{}\n{}", policy_type.as_str(), print::minified(document)));
    hash.iter().take(8).map(|b| format!("{b:02x}")).collect::<String>().into()
}

/// Who has a document, and where.
#[derive(Copy, Clone)]
struct Owner<'g> {
    account: Option<&'g str>,
    kind: &'static str,
    name: &'g str,
}

impl<'g> Documents<'g> {
    /// Collects the documents of the grants.
    #[must_use]
    pub fn new(grants: &'g Grants) -> Documents<'g> {
        let mut all = Documents::default();
        all.add_identity(grants);
        all.add_resources(grants);
        all.add_organisations(grants);
        all.places.sort_by(|a, b| (a.policy_type, a.owner, a.name, &a.document).cmp(&(b.policy_type, b.owner, b.name, &b.document)));
        all
    }

    fn add_identity(&mut self, grants: &'g Grants) {
        let mut bounds: Vec<&str> = grants.principals().filter_map(|p| p.boundary.as_deref()).collect();
        for set in grants.permission_sets.values() {
            if let Known::Present(SetBoundary::Managed(arn)) = &set.boundary {
                bounds.push(arn);
            }
            self.add_known(PolicyType::Identity, Owner { account: None, kind: "permission-set", name: &set.arn }, &set.inline);
        }
        bounds.sort_unstable();
        for principal in grants.principals() {
            let owner = Owner { account: told(&principal.account), kind: principal.kind.as_str(), name: &principal.arn };
            principal.inline.iter().for_each(|inline| self.add_named(PolicyType::Identity, owner, inline));
            if let Some(trust) = &principal.trust {
                self.add(PolicyType::Trust, owner, None, trust);
            }
        }
        for policy in grants.policies.values() {
            let owner = Owner { account: policy.account.as_deref(), kind: "policy", name: &policy.arn };
            self.add(PolicyType::Identity, owner, Some(&policy.name), &policy.document);
            if bounds.binary_search(&policy.arn.as_str()).is_ok() {
                self.add(PolicyType::Boundary, owner, Some(&policy.name), &policy.document);
            }
        }
    }

    fn add_resources(&mut self, grants: &'g Grants) {
        for resource in grants.resources.by_arn.values() {
            let owner = Owner { account: told(&resource.account), kind: "resource", name: &resource.arn };
            for (policy_type, policies) in [(PolicyType::Resource, &resource.policy), (PolicyType::Shared, &resource.shared)] {
                match policies {
                    Known::Present(policies) => policies.iter().for_each(|p| self.add_named(policy_type, owner, p)),
                    Known::Absent => {}
                    // That nobody asked for shares of a resource is no news.
                    Known::Unknown(_) if policy_type == PolicyType::Shared => {}
                    Known::Unknown(why) => self.add_unknown(policy_type, owner, None, why),
                }
            }
        }
        for endpoint in grants.resources.vpc_endpoints.values() {
            let owner = Owner { account: told(&endpoint.account), kind: "vpc-endpoint", name: &endpoint.id };
            self.add_known(PolicyType::VpcEndpoint, owner, &endpoint.policy);
        }
        for account in grants.accounts.values() {
            for stack in account.evidence.stacks.values() {
                self.add_known(PolicyType::Stack, Owner { account: told(&account.id), kind: "stack", name: &stack.stack }, &stack.policy);
            }
        }
    }

    fn add_organisations(&mut self, grants: &'g Grants) {
        for organisation in grants.organisations.values() {
            for policy in organisation.policies.values() {
                let policy_type = match policy.kind {
                    OrganisationPolicyKind::ServiceControl => PolicyType::ServiceControl,
                    OrganisationPolicyKind::ResourceControl => PolicyType::ResourceControl,
                };
                let owner = Owner { account: None, kind: "organisation-policy", name: &policy.id };
                match &policy.document {
                    Known::Present(document) => self.add(policy_type, owner, Some(&policy.name), document),
                    Known::Absent => {}
                    Known::Unknown(why) => self.add_unknown(policy_type, owner, Some(&policy.name), why),
                }
            }
            if let Known::Present(document) = &organisation.resource_policy {
                self.add(PolicyType::Resource, Owner { account: None, kind: "organisation", name: &organisation.id }, None, document);
            }
        }
    }

    fn add(&mut self, policy_type: PolicyType, owner: Owner<'g>, name: Option<&'g str>, document: &'g Result<PolicyDocument, PolicyError>) {
        let document = match document {
            Ok(document) => {
                let id = id_of(policy_type, document);
                self.ids.insert((std::ptr::from_ref(document), policy_type), Rc::clone(&id));
                self.distinct.entry(Rc::clone(&id)).or_insert_with(|| Distinct { policy_type, document, characters: print::size(document) });
                Ok(id)
            }
            Err(e) => Err(e.to_string()),
        };
        self.places.push(Place { policy_type, account: owner.account, owner_kind: owner.kind, owner: owner.name, name, document });
    }

    fn add_named(&mut self, policy_type: PolicyType, owner: Owner<'g>, policy: &'g AttachedDocument) {
        self.add(policy_type, owner, told(&policy.name), &policy.document);
    }

    fn add_known(&mut self, policy_type: PolicyType, owner: Owner<'g>, policy: &'g Known<AttachedDocument>) {
        match policy {
            Known::Present(policy) => self.add_named(policy_type, owner, policy),
            Known::Absent => {}
            Known::Unknown(why) => self.add_unknown(policy_type, owner, None, why),
        }
    }

    fn add_unknown(&mut self, policy_type: PolicyType, owner: Owner<'g>, name: Option<&'g str>, why: &str) {
        let document = Err(format!("not known: {why}"));
        self.places.push(Place { policy_type, account: owner.account, owner_kind: owner.kind, owner: owner.name, name, document });
    }

    /// The id of a document of the grants, by where it lies in memory.
    pub(super) fn id(&self, policy_type: PolicyType, document: &Result<PolicyDocument, PolicyError>) -> Option<Rc<str>> {
        let document = document.as_ref().ok()?;
        self.ids.get(&(std::ptr::from_ref(document), policy_type)).cloned()
    }

    /// Every distinct document, by id.
    pub(super) fn distinct(&self) -> impl Iterator<Item = (&Rc<str>, &Distinct<'g>)> {
        self.distinct.iter()
    }
}

/// Table `documents`: one row per place of a document.
///
/// # Errors
/// When the engine refuses the columns.
pub fn documents(all: &Documents<'_>) -> PolarsResult<DataFrame> {
    let of = |p: &Place<'_>| p.document.as_ref().ok().and_then(|id| all.distinct.get(id));
    let account = |owner: &str| Arn::parse(owner).map(|a| a.account.to_owned()).filter(|a| is_account_id(a));
    Columns::of(&all.places)
        .text("document_id", |p| p.document.as_deref().ok())
        .text("policy_type", |p| Some(p.policy_type.as_str()))
        .made("account", |p| p.account.map(str::to_owned).or_else(|| account(p.owner)))
        .text("owner_kind", |p| Some(p.owner_kind))
        .text("owner", |p| Some(p.owner))
        .text("name", |p| p.name)
        .int("statements", |p| of(p).and_then(|d| count(d.document.statements.len())))
        .int("characters", |p| of(p).and_then(|d| count(d.characters)))
        .text("version", |p| of(p).map(|d| d.document.version.as_str()))
        .bool("is_readable", |p| Some(p.document.is_ok()))
        .text("error", |p| p.document.as_ref().err().map(String::as_str))
        .table()
}
