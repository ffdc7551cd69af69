//! Request × policies → decision, in three values, with the statements that decided.
//!
//! Everything else rests on this room: a replay that decides unlike AWS proves nothing. A condition whose key
//! the record does not tell is Unknown, neither a match nor a non-match. Rules by their numbers in
//! inputs-and-evaluation.md section 4. Layers so far: identity policies, permissions boundaries, role trust
//! policies; each further policy type is one more file and one more field of [`Layers`].

pub mod boundary;
pub mod condition;
pub mod context;
pub mod identity;
pub mod layer;
pub mod simulate;
pub mod statement;
pub mod trust;
pub mod variables;

#[cfg(test)]
mod cases_test;

use std::collections::BTreeSet;

use crate::aws::{Arn, is_account_id};
use crate::policy::PolicyDocument;

pub use context::{Context, ContextValue, Facts};
use layer::Layer;

/// Yes, no, or not to be told.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord, Hash)]
pub enum Tri {
    /// Surely not.
    No,
    /// Not to be told with what is known.
    Unknown,
    /// Surely.
    Yes,
}

impl Tri {
    /// Both.
    #[must_use]
    pub fn and(self, other: Tri) -> Tri {
        self.min(other)
    }

    /// At least one.
    #[must_use]
    pub fn or(self, other: Tri) -> Tri {
        self.max(other)
    }

    /// The opposite; Unknown stays.
    #[must_use]
    pub fn negate(self) -> Tri {
        match self {
            Tri::No => Tri::Yes,
            Tri::Unknown => Tri::Unknown,
            Tri::Yes => Tri::No,
        }
    }
}

impl From<bool> for Tri {
    fn from(value: bool) -> Tri {
        if value { Tri::Yes } else { Tri::No }
    }
}

/// The decision on a request, in AWS's words.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord, Hash)]
pub enum Decision {
    /// Allowed.
    Allowed,
    /// A Deny statement applies.
    ExplicitDeny,
    /// Nothing allows it.
    ImplicitDeny,
    /// What is known does not decide it.
    Unknown,
}

impl Decision {
    /// AWS's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Decision::Allowed => "allowed",
            Decision::ExplicitDeny => "explicitDeny",
            Decision::ImplicitDeny => "implicitDeny",
            Decision::Unknown => "unknown",
        }
    }
}

/// Kinds of policy.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord, Hash)]
pub enum PolicyType {
    /// Attached to the principal or its groups.
    Identity,
    /// Permissions boundary.
    PermissionsBoundary,
    /// Attached to the resource; here: a role's trust policy.
    Resource,
}

impl PolicyType {
    /// The key in the case format.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            PolicyType::Identity => "identity",
            PolicyType::PermissionsBoundary => "boundary",
            PolicyType::Resource => "resource",
        }
    }
}

/// What kind of caller.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord, Hash)]
pub enum PrincipalType {
    /// A user.
    IAMUser,
    /// A session of a role.
    AssumedRole,
    /// A session of `GetFederationToken`.
    FederatedUser,
    /// The account's root user.
    Root,
    /// An AWS service.
    Service,
    /// Nobody in particular.
    Anonymous,
    /// A web identity, before it is a session.
    WebIdentity,
    /// A SAML assertion, before it is a session.
    SAML,
}

/// The caller.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RequestPrincipal {
    /// Kind.
    pub kind: PrincipalType,
    /// User ARN, session ARN, root ARN; may be missing for a session whose name is not known.
    pub arn: Option<String>,
    /// The role of a session.
    pub role_arn: Option<String>,
    /// The caller's account; taken from the ARNs if missing.
    pub account: Option<String>,
    /// Service name or identity provider.
    pub service: Option<String>,
    /// Unique id (`AIDA…`, `AROA…`).
    pub unique_id: Option<String>,
}

impl RequestPrincipal {
    /// The caller's account.
    #[must_use]
    pub fn account(&self) -> Option<&str> {
        self.account
            .as_deref()
            .or_else(|| self.arn.as_deref().and_then(Arn::parse).map(|a| a.account))
            .or_else(|| self.role_arn.as_deref().and_then(Arn::parse).map(|a| a.account))
    }
}

/// A request.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Who.
    pub principal: &'a RequestPrincipal,
    /// What, `s3:GetObject`.
    pub action: &'a str,
    /// On what: an ARN, `*` where the action takes no resource, or a pattern.
    pub resource: &'a str,
    /// Whether `resource` is a pattern: the log told the type, not the name.
    pub resource_is_pattern: bool,
    /// The resource's account, where its ARN does not say.
    pub resource_account: Option<&'a str>,
    /// Condition keys.
    pub context: &'a Context,
}

impl Request<'_> {
    /// The resource's account.
    #[must_use]
    pub fn owner(&self) -> Option<&str> {
        self.resource_account.or_else(|| Arn::parse(self.resource).map(|a| a.account)).filter(|a| is_account_id(a))
    }
}

/// A document with the name that decisions show.
#[derive(Clone, Copy, Debug)]
pub struct NamedPolicy<'a> {
    /// Name.
    pub name: &'a str,
    /// Document.
    pub document: &'a PolicyDocument,
}

/// The policies that bear on a request. `None`: the kind puts no restriction and grants nothing; an empty list:
/// the kind is there and allows nothing.
#[derive(Clone, Debug, Default)]
pub struct Layers<'a> {
    /// Identity policies of the principal and its groups.
    pub identity: Option<Vec<NamedPolicy<'a>>>,
    /// The permissions boundary.
    pub boundary: Option<Vec<NamedPolicy<'a>>>,
    /// The role's trust policy, for requests to assume it.
    pub resource: Option<NamedPolicy<'a>>,
}

/// A statement that decided.
#[derive(Clone, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub struct DecidingStatement {
    /// Kind of policy.
    pub policy_type: PolicyType,
    /// Policy name.
    pub policy: String,
    /// Sid, or `#index`.
    pub statement: String,
}

/// A decision with its reasons.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Evaluation {
    /// The decision.
    pub decision: Decision,
    /// Denying statements of an explicit deny; allowing statements of an allow; statements that may apply of an
    /// unknown.
    pub decided_by: Vec<DecidingStatement>,
    /// For an implicit deny: the first kind of policy that does not allow.
    pub missing_policy_type: Option<PolicyType>,
    /// Condition keys whose values would settle an unknown.
    pub missing_context: BTreeSet<String>,
}

impl Evaluation {
    fn plain(decision: Decision, missing: Option<PolicyType>) -> Evaluation {
        Evaluation { decision, decided_by: Vec::new(), missing_policy_type: missing, missing_context: BTreeSet::new() }
    }
}

/// What nobody's policy can allow (rule 15b): changes to what AWS owns.
fn owned_by_aws(action: &str, resource: &str) -> bool {
    let Some(arn) = Arn::parse(resource) else { return false };
    let lower = action.to_ascii_lowercase();
    match lower.split_once(':') {
        Some(("iam", name)) if arn.account == "aws" => matches!(
            name,
            "createpolicyversion" | "deletepolicy" | "deletepolicyversion" | "setdefaultpolicyversion" | "tagpolicy" | "untagpolicy"
        ),
        Some(("iam", name)) if arn.resource.starts_with("role/aws-reserved/") || arn.resource.starts_with("role/aws-service-role/") => {
            matches!(
                name,
                "attachrolepolicy"
                    | "deleterole"
                    | "deleterolepermissionsboundary"
                    | "deleterolepolicy"
                    | "detachrolepolicy"
                    | "putrolepermissionsboundary"
                    | "putrolepolicy"
                    | "updateassumerolepolicy"
            )
        }
        Some(("kms", name)) => arn.resource.starts_with("alias/aws/") && matches!(name, "createalias" | "updatealias" | "deletealias"),
        _ => false,
    }
}

/// Decides a request.
#[must_use]
pub fn evaluate(request: &Request<'_>, layers: &Layers<'_>) -> Evaluation {
    if request.action.eq_ignore_ascii_case("sts:GetCallerIdentity") {
        return Evaluation::plain(Decision::Allowed, None);
    }
    if owned_by_aws(request.action, request.resource) {
        return Evaluation::plain(Decision::ImplicitDeny, Some(PolicyType::Identity));
    }
    let facts = Facts::new(request);
    let identity = identity::layer(request, &facts, layers.identity.as_deref());
    let boundary = boundary::layer(request, &facts, layers.boundary.as_deref());
    let trust = trust::layer(request, &facts, layers.resource.as_ref(), layers.boundary.is_some());
    let all: Vec<&Layer> = [Some(&identity), boundary.as_ref(), trust.as_ref().map(|t| &t.layer)].into_iter().flatten().collect();
    let denying: Vec<DecidingStatement> = all.iter().flat_map(|l| l.denying.iter().cloned()).collect();
    if all.iter().any(|l| l.deny == Tri::Yes) {
        return Evaluation { decided_by: denying, ..Evaluation::plain(Decision::ExplicitDeny, None) };
    }
    if request.action.eq_ignore_ascii_case("sts:GetSessionToken") {
        return Evaluation::plain(Decision::Allowed, None);
    }
    let (allow, missing) = allowed(request, &identity, boundary.as_ref(), trust.as_ref());
    let unknown_deny = all.iter().any(|l| l.deny == Tri::Unknown);
    let decided_by = |wanted: Tri| -> Vec<DecidingStatement> {
        let mut list: Vec<DecidingStatement> =
            all.iter().flat_map(|l| l.allowing.iter().filter(|(t, _)| *t >= wanted).map(|(_, s)| s.clone())).collect();
        list.sort();
        list.dedup();
        list
    };
    match allow {
        Tri::No => Evaluation::plain(Decision::ImplicitDeny, missing),
        Tri::Yes if !unknown_deny => Evaluation { decided_by: decided_by(Tri::Yes), ..Evaluation::plain(Decision::Allowed, None) },
        Tri::Yes | Tri::Unknown => {
            let mut decided_by = decided_by(Tri::Unknown);
            decided_by.extend(all.iter().flat_map(|l| l.may_deny.iter().cloned()));
            Evaluation {
                decision: Decision::Unknown,
                decided_by,
                missing_policy_type: None,
                missing_context: all.iter().flat_map(|l| l.missing.iter().cloned()).collect(),
            }
        }
    }
}

/// Step 6 to 8 of the procedure (section 4.4) for the layers at hand.
fn allowed(request: &Request<'_>, identity: &Layer, boundary: Option<&Layer>, trust: Option<&trust::Trust>) -> (Tri, Option<PolicyType>) {
    let id = identity.allow;
    let pb = boundary.map_or(Tri::Yes, |b| b.allow);
    let first_failing = |list: &[(Tri, PolicyType)]| list.iter().find(|(t, _)| *t == Tri::No).map(|(_, p)| *p);
    let unsigned = matches!(
        request.principal.kind,
        PrincipalType::Service | PrincipalType::Anonymous | PrincipalType::WebIdentity | PrincipalType::SAML
    );
    let own = [(id, PolicyType::Identity), (pb, PolicyType::PermissionsBoundary)];
    let Some(trust) = trust else {
        let cross = matches!((request.principal.account(), request.owner()), (Some(a), Some(b)) if a != b);
        if unsigned || cross {
            return (Tri::No, first_failing(&own).or(Some(PolicyType::Resource)));
        }
        return (id.and(pb), first_failing(&own));
    };
    if unsigned {
        return (trust.any(), Some(PolicyType::Resource));
    }
    let all = [(id, PolicyType::Identity), (pb, PolicyType::PermissionsBoundary), (trust.any(), PolicyType::Resource)];
    let same = match (request.principal.account(), request.owner()) {
        (Some(a), Some(b)) => a == b,
        _ => true,
    };
    if same {
        let allow = trust.direct.or(trust.role.and(pb)).or(id.and(pb).and(trust.account));
        (allow, first_failing(&all).or(Some(PolicyType::Resource)))
    } else {
        let allow = id.and(pb).and(trust.any());
        (allow, first_failing(&all))
    }
}
