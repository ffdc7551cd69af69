//! What is known of a condition key: what the context says, else what the caller and the resource imply (R22).
//! Conditions and policy variables both ask here, so that they cannot disagree.

use crate::aws::Arn;
use crate::evaluate::context::ContextValue;
use crate::evaluate::request::{PrincipalType, Request, RequestPrincipal};

/// What is known of a key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Known {
    /// The request has it with these values (at least one).
    Values(Vec<String>),
    /// The request does not have it.
    Absent,
    /// Not to be told.
    Unknown,
}

impl Known {
    fn one(text: &str) -> Known {
        Known::Values(vec![text.to_owned()])
    }
}

/// R22: "implied keys, unless the context gives them".
pub(super) fn known(request: &Request<'_>, key: &str) -> Known {
    let key = key.to_ascii_lowercase();
    if !request.context.is_given(&key)
        && let Some(implied) = implied(request, &key)
    {
        return implied;
    }
    match request.context.get(&key) {
        ContextValue::Present(values) => Known::Values(values.to_vec()),
        ContextValue::Absent => Known::Absent,
        ContextValue::Unknown => Known::Unknown,
    }
}

/// R22: what caller and resource say of a key; `None` where they say nothing of it.
fn implied(request: &Request<'_>, key: &str) -> Option<Known> {
    let caller = request.principal;
    let of_account = caller.kind.has_account();
    match key {
        "aws:principalarn" if of_account => principal_arn(caller).map(|arn| Known::one(&arn)),
        "aws:principalaccount" if of_account => caller.account().map(Known::one),
        "aws:principalaccount" | "aws:userid" if caller.kind == PrincipalType::Anonymous => Some(Known::one("anonymous")),
        "aws:principalarn" | "aws:principalaccount" => Some(Known::Absent),
        "kms:calleraccount" => caller.account().map(Known::one),
        "s3:resourceaccount" => request.owner().map(Known::one),
        "aws:principalorgid" if !of_account => Some(Known::Absent),
        "aws:principalisawsservice" => match caller.kind {
            PrincipalType::Service => Some(Known::one("true")),
            PrincipalType::Anonymous => Some(Known::Absent),
            _ if of_account => Some(Known::one("false")),
            _ => None,
        },
        "aws:principalservicename" if caller.kind == PrincipalType::Service => caller.service.as_deref().map(Known::one),
        "aws:principaltype" => match caller.kind {
            PrincipalType::IAMUser => Some(Known::one("User")),
            PrincipalType::AssumedRole => Some(Known::one("AssumedRole")),
            PrincipalType::FederatedUser => Some(Known::one("FederatedUser")),
            PrincipalType::Root => Some(Known::one("Account")),
            PrincipalType::Anonymous => Some(Known::one("Anonymous")),
            _ => None,
        },
        "aws:username" if caller.kind == PrincipalType::IAMUser => user_name(caller).map(Known::one),
        "aws:username" => Some(Known::Absent),
        "aws:userid" => user_id(caller).map(|id| Known::one(&id)),
        "aws:resourceaccount" => request.owner().map(Known::one),
        _ => None,
    }
}

/// R22: `aws:PrincipalArn` is the role ARN for sessions, the caller's own ARN for the others.
fn principal_arn(caller: &RequestPrincipal) -> Option<String> {
    match caller.kind {
        PrincipalType::AssumedRole => caller.role_arn.clone(),
        PrincipalType::Root => {
            caller.arn.clone().or_else(|| caller.account().map(|account| format!("arn:aws:iam::{account}:root")))
        }
        _ => caller.arn.clone(),
    }
}

/// R30: `aws:userid` is the id of a user, `id:session` of a role session, the account of root, `account:name` of a
/// federated user.
fn user_id(caller: &RequestPrincipal) -> Option<String> {
    let name = caller.arn.as_deref().and_then(Arn::parse).map(|arn| arn.name().to_owned());
    match caller.kind {
        PrincipalType::IAMUser => caller.unique_id.clone(),
        PrincipalType::AssumedRole => Some(format!("{}:{}", caller.unique_id.as_deref()?, name?)),
        PrincipalType::Root => caller.account().map(str::to_owned),
        PrincipalType::FederatedUser => Some(format!("{}:{}", caller.account()?, name?)),
        _ => None,
    }
}

/// The case format: the caller's unique id is given, or stands in `aws:userid` of the context before the colon.
pub(super) fn unique_id(request: &Request<'_>) -> Option<String> {
    let of_context = match request.context.get("aws:userid") {
        ContextValue::Present([one]) => one.split(':').next().map(str::to_owned),
        _ => None,
    };
    request.principal.unique_id.clone().or(of_context)
}

/// R22: `aws:username` is the last word of the user's ARN.
fn user_name(caller: &RequestPrincipal) -> Option<&str> {
    caller.arn.as_deref().and_then(Arn::parse).map(|arn| arn.name())
}
