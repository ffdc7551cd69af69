//! A request made ready for evaluation: its action looked up, its resource cut at the colons, its implied condition
//! keys at hand. Made once; every policy that is asked then reads it without building anything.
//!
//! Implied keys follow from the caller and the resource (`aws:PrincipalArn`, `aws:username`, …) and stand in where
//! the context does not carry them. Source: inputs-and-evaluation.md section 3.6.

use std::borrow::Cow;

use super::action_set::{ActionIndex, ActionName};
use super::{Context, ContextValue, PrincipalType, Request, RequestPrincipal, Tri};
use crate::aws::{Arn, arn_covers, arn_intersects, arn_matches};

/// What is known of a condition key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Value<'a> {
    /// One value.
    One(&'a str),
    /// Several values.
    Many(&'a [String]),
    /// The request does not have it.
    Absent,
    /// Not known.
    Unknown,
}

/// The resource of a request, cut up.
#[derive(Clone, Debug)]
pub enum ResourceName<'a> {
    /// `*`: the action takes no resource.
    None,
    /// An ARN: five parts in lower case and the sixth.
    Arn {
        /// `arn`, partition, service, region, account.
        head: [Cow<'a, str>; 5],
        /// The sixth part.
        tail: &'a str,
    },
    /// A pattern: the log told the type, not the name.
    Pattern(&'a str),
    /// Neither `*` nor an ARN; only `*` takes it in.
    Unreadable,
}

/// A request made ready.
pub struct PreparedRequest<'a> {
    /// The request.
    pub request: Request<'a>,
    /// Its action.
    pub action: ActionName,
    /// Its resource.
    pub resource: ResourceName<'a>,
    /// The caller's account.
    pub account: Option<&'a str>,
    /// The resource's account.
    pub owner: Option<&'a str>,
    /// The caller's unique id, as given or from `aws:userid`.
    pub unique_id: Option<&'a str>,
    /// `aws:PrincipalArn`.
    principal_arn: Option<Cow<'a, str>>,
    user_name: Option<&'a str>,
    /// `aws:userid`.
    user_id: Option<Cow<'a, str>>,
}

fn lower(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|b| b.is_ascii_uppercase()) { Cow::Owned(text.to_ascii_lowercase()) } else { Cow::Borrowed(text) }
}

fn resource_name<'a>(request: &Request<'a>) -> ResourceName<'a> {
    if request.resource_is_pattern {
        return ResourceName::Pattern(request.resource);
    }
    if request.resource == "*" {
        return ResourceName::None;
    }
    let mut parts = request.resource.splitn(6, ':');
    let mut next = || parts.next();
    match (next(), next(), next(), next(), next(), next()) {
        (Some(arn), Some(partition), Some(service), Some(region), Some(account), Some(tail)) => {
            ResourceName::Arn { head: [lower(arn), lower(partition), lower(service), lower(region), lower(account)], tail }
        }
        _ => ResourceName::Unreadable,
    }
}

fn principal_arn<'a>(principal: &'a RequestPrincipal, account: Option<&str>) -> Option<Cow<'a, str>> {
    match principal.kind {
        PrincipalType::AssumedRole => principal.role_arn.as_deref().map(Cow::Borrowed),
        PrincipalType::Root => match (&principal.arn, account) {
            (Some(arn), _) => Some(Cow::Borrowed(arn)),
            (None, Some(account)) => Some(Cow::Owned(format!("arn:aws:iam::{account}:root"))),
            (None, None) => None,
        },
        PrincipalType::IAMUser | PrincipalType::FederatedUser => principal.arn.as_deref().map(Cow::Borrowed),
        _ => None,
    }
}

/// `aws:userid`: unique id of a user, `id:session` of a role session, account of root, `account:name` of a federated
/// user. Source: IAM User Guide, "Policy variables", table of principal key values.
fn user_id<'a>(principal: &'a RequestPrincipal, account: Option<&'a str>) -> Option<Cow<'a, str>> {
    let last = |arn: &'a Option<String>| arn.as_deref().and_then(Arn::parse).map(|a| a.name());
    match principal.kind {
        PrincipalType::IAMUser => principal.unique_id.as_deref().map(Cow::Borrowed),
        PrincipalType::AssumedRole => {
            Some(Cow::Owned(format!("{}:{}", principal.unique_id.as_deref()?, last(&principal.arn)?)))
        }
        PrincipalType::Root => account.map(Cow::Borrowed),
        PrincipalType::FederatedUser => Some(Cow::Owned(format!("{}:{}", account?, last(&principal.arn)?))),
        _ => None,
    }
}

impl<'a> PreparedRequest<'a> {
    /// Makes a request ready against the built-in reference's actions.
    #[must_use]
    pub fn new(request: Request<'a>) -> PreparedRequest<'a> {
        PreparedRequest::with_index(request, ActionIndex::bundled())
    }

    /// Makes a request ready against an index of actions, the one that the policies were compiled with.
    #[must_use]
    pub fn with_index(request: Request<'a>, index: &ActionIndex) -> PreparedRequest<'a> {
        let principal = request.principal;
        let account = principal.account();
        let action = request.action.to_ascii_lowercase();
        let from_context = match request.context.get_lower("aws:userid") {
            ContextValue::Present([one]) => Some(one.split(':').next().unwrap_or(one)),
            _ => None,
        };
        PreparedRequest {
            action: ActionName { place: index.place(&action), lower: action },
            resource: resource_name(&request),
            account,
            owner: request.owner(),
            unique_id: principal.unique_id.as_deref().or(from_context),
            principal_arn: principal_arn(principal, account),
            user_name: match principal.kind {
                PrincipalType::IAMUser => principal.arn.as_deref().and_then(Arn::parse).map(|a| a.name()),
                _ => None,
            },
            user_id: user_id(principal, account),
            request,
        }
    }

    /// The caller.
    #[must_use]
    pub fn principal(&self) -> &'a RequestPrincipal {
        self.request.principal
    }

    /// The context as given.
    #[must_use]
    pub fn context(&self) -> &'a Context {
        self.request.context
    }

    /// The prefix of the action, `s3`.
    #[must_use]
    pub fn service(&self) -> &str {
        self.action.lower.split(':').next().unwrap_or("")
    }

    /// The name of the action in lower case, without prefix.
    #[must_use]
    pub fn operation(&self) -> &str {
        self.action.lower.split_once(':').map_or("", |(_, name)| name)
    }

    /// The resource's ARN in parts, where it is one.
    #[must_use]
    pub fn arn(&self) -> Option<Arn<'a>> {
        Arn::parse(self.request.resource)
    }

    /// Whether the resource is one of a sort, told by an ARN pattern (`arn:*:kms:*:*:key/*`). A resource that is a
    /// pattern itself may be one.
    #[must_use]
    pub fn is_of_sort(&self, sort: &str) -> Tri {
        match &self.resource {
            ResourceName::Arn { .. } => arn_matches(sort, self.request.resource).into(),
            ResourceName::Pattern(pattern) if arn_covers(sort, pattern) => Tri::Yes,
            ResourceName::Pattern(pattern) if arn_intersects(sort, pattern) => Tri::Unknown,
            ResourceName::Pattern(_) | ResourceName::None | ResourceName::Unreadable => Tri::No,
        }
    }

    /// Whether caller and resource belong to two different, known accounts.
    #[must_use]
    pub fn is_cross_account(&self) -> bool {
        matches!((self.account, self.owner), (Some(a), Some(b)) if a != b)
    }

    /// What is known of a key that is written in lower case. What the context says comes first.
    #[must_use]
    pub fn value(&self, key: &str) -> Value<'_> {
        let context = self.request.context;
        match context.get_lower(key) {
            ContextValue::Present([one]) => Value::One(one),
            ContextValue::Present(list) => Value::Many(list),
            ContextValue::Absent if context.is_given(key) => Value::Absent,
            ContextValue::Unknown if context.is_given(key) => Value::Unknown,
            other => self.implied(key).unwrap_or(if other == ContextValue::Absent { Value::Absent } else { Value::Unknown }),
        }
    }

    fn implied(&self, key: &str) -> Option<Value<'_>> {
        use PrincipalType as P;
        let kind = self.request.principal.kind;
        let Some(name) = key.strip_prefix("aws:") else {
            // Two services have names of their own for what is known.
            return match key {
                "kms:calleraccount" => self.account.map(Value::One),
                "s3:resourceaccount" => self.owner.map(Value::One),
                _ => None,
            };
        };
        let found = match name {
            "principalarn" if kind.has_account() => self.principal_arn.as_deref(),
            "principalaccount" if kind.has_account() => self.account,
            "principalaccount" | "userid" if kind == P::Anonymous => Some("anonymous"),
            "principalarn" | "principalaccount" | "principalorgid" if !kind.has_account() => return Some(Value::Absent),
            "principalisawsservice" => match kind {
                P::Service => Some("true"),
                P::Anonymous => return Some(Value::Absent),
                P::WebIdentity | P::SAML => None,
                _ => Some("false"),
            },
            "principalservicename" if kind == P::Service => self.request.principal.service.as_deref(),
            "principaltype" => match kind {
                P::IAMUser => Some("User"),
                P::AssumedRole => Some("AssumedRole"),
                P::FederatedUser => Some("FederatedUser"),
                P::Root => Some("Account"),
                P::Anonymous => Some("Anonymous"),
                P::Service | P::WebIdentity | P::SAML => None,
            },
            "username" if kind == P::IAMUser => self.user_name,
            "username" => return Some(Value::Absent),
            "userid" => self.user_id.as_deref(),
            "resourceaccount" => self.owner,
            _ => None,
        };
        found.map(Value::One)
    }
}
