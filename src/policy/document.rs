//! The shape of a policy document after normalisation (inputs-and-evaluation.md section 4.1): every element a
//! list, every value a text, exactly one of each pair of opposite elements.

use super::condition::Condition;

/// The language version. A document without `Version` is `V2008`, in which `${…}` is plain text.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
pub enum Version {
    /// `2008-10-17`
    V2008,
    /// `2012-10-17`
    V2012,
}

impl Version {
    /// The date that AWS uses as the version's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Version::V2008 => "2008-10-17",
            Version::V2012 => "2012-10-17",
        }
    }
}

/// A policy document.
#[derive(Clone, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
pub struct PolicyDocument {
    /// Language version.
    pub version: Version,
    /// The optional `Id` element.
    pub id: Option<String>,
    /// Statements in source order.
    pub statements: Vec<Statement>,
}

impl PolicyDocument {
    /// A document of the current version with these statements.
    #[must_use]
    pub fn new(statements: Vec<Statement>) -> PolicyDocument {
        PolicyDocument { version: Version::V2012, id: None, statements }
    }

    /// A document that allows every action on every resource.
    #[must_use]
    pub fn allowing_everything() -> PolicyDocument {
        PolicyDocument::new(vec![Statement {
            sid: None,
            effect: Effect::Allow,
            principal: None,
            action: ActionElement::Action(vec!["*".to_owned()]),
            resource: Some(ResourceElement::Resource(vec!["*".to_owned()])),
            conditions: Vec::new(),
        }])
    }
}

/// `Allow` or `Deny`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
pub enum Effect {
    /// The statement grants.
    Allow,
    /// The statement denies, whatever else grants.
    Deny,
}

impl Effect {
    /// The word of the policy language.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Effect::Allow => "Allow",
            Effect::Deny => "Deny",
        }
    }
}

/// One statement.
#[derive(Clone, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
pub struct Statement {
    /// The optional `Sid`.
    pub sid: Option<String>,
    /// Allow or Deny.
    pub effect: Effect,
    /// Who, in policies that are attached to resources; absent in identity policies.
    pub principal: Option<PrincipalElement>,
    /// What may be done.
    pub action: ActionElement,
    /// To what; absent in trust policies.
    pub resource: Option<ResourceElement>,
    /// All must hold, in source order.
    pub conditions: Vec<Condition>,
}

/// `Action` or `NotAction`, patterns as written.
#[derive(Clone, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
pub enum ActionElement {
    /// Actions that match any of these.
    Action(Vec<String>),
    /// Actions that match none of these.
    NotAction(Vec<String>),
}

/// `Resource` or `NotResource`, patterns as written.
#[derive(Clone, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
pub enum ResourceElement {
    /// Resources that match any of these.
    Resource(Vec<String>),
    /// Resources that match none of these.
    NotResource(Vec<String>),
}

/// `Principal` or `NotPrincipal`.
#[derive(Clone, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
pub enum PrincipalElement {
    /// These principals.
    Principal(PrincipalSet),
    /// All principals but these.
    NotPrincipal(PrincipalSet),
}

/// Principals by kind. `Principal: "*"` is `aws: ["*"]`.
#[derive(Clone, PartialEq, Eq, Debug, Hash, PartialOrd, Ord, Default)]
pub struct PrincipalSet {
    /// ARNs, account ids, unique ids of deleted principals, or `*`.
    pub aws: Vec<String>,
    /// Service principals such as `ec2.amazonaws.com`.
    pub service: Vec<String>,
    /// SAML provider ARNs, OIDC provider ARNs or web identity hosts.
    pub federated: Vec<String>,
    /// S3 canonical user ids.
    pub canonical_user: Vec<String>,
}
