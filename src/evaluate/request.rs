//! A request: who does what to what, in which context.

use super::Context;
use crate::aws::{Arn, is_account_id};

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

impl PrincipalType {
    /// Whether the caller is a principal of an account, with policies of its own. The others (services, strangers,
    /// web identities and SAML assertions) have none; only policies of the resource's side bear on them.
    #[must_use]
    pub fn has_account(self) -> bool {
        matches!(self, PrincipalType::IAMUser | PrincipalType::AssumedRole | PrincipalType::FederatedUser | PrincipalType::Root)
    }
}

/// The caller.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RequestPrincipal {
    /// Kind.
    pub kind: PrincipalType,
    /// User ARN, session ARN, federated-user ARN, root ARN, provider ARN; may be missing for a session whose name
    /// is not known.
    pub arn: Option<String>,
    /// Of a role session: the role, with its path. Of a federated user: the user that asked for the token.
    pub role_arn: Option<String>,
    /// The caller's account; taken from the ARNs if missing.
    pub account: Option<String>,
    /// Service name or identity provider.
    pub service: Option<String>,
    /// Unique id (`AIDA…`, `AROA…`), without session name.
    pub unique_id: Option<String>,
    /// Canonical user id of the caller's account (S3).
    pub canonical_user: Option<String>,
}

impl RequestPrincipal {
    /// A caller of this kind of whom nothing else is known.
    #[must_use]
    pub fn of_kind(kind: PrincipalType) -> RequestPrincipal {
        RequestPrincipal { kind, arn: None, role_arn: None, account: None, service: None, unique_id: None, canonical_user: None }
    }

    /// The caller's account; `None` for services, strangers and identities that are not sessions yet, and where no
    /// ARN holds an account id (`arn:aws:iam::cloudfront:user/…`).
    #[must_use]
    pub fn account(&self) -> Option<&str> {
        if !self.kind.has_account() {
            return None;
        }
        let of_arns = [&self.arn, &self.role_arn].into_iter().flatten().filter_map(|a| Arn::parse(a)).map(|a| a.account);
        self.account.as_deref().into_iter().chain(of_arns).find(|a| is_account_id(a))
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

impl<'a> Request<'a> {
    /// The resource's account.
    #[must_use]
    pub fn owner(&self) -> Option<&'a str> {
        self.resource_account.or_else(|| Arn::parse(self.resource).map(|a| a.account)).filter(|a| is_account_id(a))
    }

    /// Whether caller and resource belong to two different, known accounts.
    #[must_use]
    pub fn is_cross_account(&self) -> bool {
        matches!((self.principal.account(), self.owner()), (Some(a), Some(b)) if a != b)
    }
}
