//! Who called: the stable key and the ARN that policies hang on, from `userIdentity`.
//!
//! The key is the unique id, because names are given again after a delete; the ARN of a session is its role's,
//! with the path that the session's own ARN lacks. Source: inputs-and-evaluation.md section 3.5.

use std::borrow::Cow;

use serde::Deserialize;

use super::fields::{Reject, Text};
use super::raw::{Json, Place, boolean, quick_object, raw_object, text};
use crate::aws::Arn;
use crate::aws::principal::role_of_session;

/// The fields of `userIdentity`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Identity<'a> {
    /// `type`.
    pub kind: Option<Text<'a>>,
    /// `principalId`.
    pub principal_id: Option<Text<'a>>,
    /// `arn`.
    pub arn: Option<Text<'a>>,
    /// `accountId`.
    pub account: Option<Text<'a>>,
    /// `accessKeyId`.
    pub access_key_id: Option<Text<'a>>,
    /// `invokedBy`.
    pub invoked_by: Option<Text<'a>>,
    /// `userName`.
    pub user_name: Option<Text<'a>>,
    /// `identityProvider`.
    pub provider: Option<Text<'a>>,
    /// `sourceIdentity`, of the session context or beside it.
    pub source_identity: Option<Text<'a>>,
    /// `sessionContext.sessionIssuer.principalId`.
    pub issuer_id: Option<Text<'a>>,
    /// `sessionContext.sessionIssuer.arn`.
    pub issuer_arn: Option<Text<'a>>,
    /// `sessionContext.attributes.mfaAuthenticated`.
    pub mfa: Option<bool>,
    /// `sessionContext.assumedRoot`.
    pub assumed_root: Option<bool>,
    /// `sessionContext.attributes.creationDate`.
    pub issued: Option<Text<'a>>,
    /// `sessionContext.webIdFederationData.federatedProvider`.
    pub federated_provider: Option<Text<'a>>,
}

raw_object!(
    /// Where the fields stand.
    RawIdentity {
        kind: "type",
        principal_id: "principalId",
        arn: "arn",
        account_id: "accountId",
        access_key_id: "accessKeyId",
        invoked_by: "invokedBy",
        user_name: "userName",
        identity_provider: "identityProvider",
        source_identity: "sourceIdentity",
        session_context: "sessionContext",
    }
);

raw_object!(
    /// Where the fields stand.
    RawSession {
        source_identity: "sourceIdentity",
        session_issuer: "sessionIssuer",
        attributes: "attributes",
        web_id_federation_data: "webIdFederationData",
        assumed_root: "assumedRoot",
    }
);

raw_object!(
    /// The fields of the objects in a session context.
    RawPart {
        principal_id: "principalId",
        arn: "arn",
        mfa_authenticated: "mfaAuthenticated",
        creation_date: "creationDate",
        federated_provider: "federatedProvider",
    }
);

/// An object's fields; none of what is no object.
fn object<'a, T: Deserialize<'a> + Default>(raw: Option<Json<'a>>, place: impl Fn(&str) -> Option<Place<T, Json<'a>>>) -> Result<T, serde_json::Error> {
    let Some(raw) = raw.filter(|r| r.get().starts_with('{')) else { return Ok(T::default()) };
    quick_object(raw.get(), place).map_or_else(|| serde_json::from_str(raw.get()), Ok)
}

impl<'a> Identity<'a> {
    /// Reads the object.
    ///
    /// # Errors
    /// Field and reason, where an object holds one field twice: nobody knows which of them was meant.
    pub fn of(raw: Option<Json<'a>>) -> Result<Identity<'a>, Reject> {
        Identity::read(raw).map_err(|e| ("userIdentity", format!("bad userIdentity: {e}")))
    }

    fn read(raw: Option<Json<'a>>) -> Result<Identity<'a>, serde_json::Error> {
        let own = object(raw, RawIdentity::place)?;
        let session = object(own.session_context, RawSession::place)?;
        let issuer = object(session.session_issuer, RawPart::place)?;
        let attributes = object(session.attributes, RawPart::place)?;
        let federation = object(session.web_id_federation_data, RawPart::place)?;
        Ok(Identity {
            kind: text(own.kind),
            principal_id: text(own.principal_id),
            arn: text(own.arn),
            account: text(own.account_id),
            access_key_id: text(own.access_key_id),
            invoked_by: text(own.invoked_by),
            user_name: text(own.user_name),
            provider: text(own.identity_provider),
            source_identity: text(session.source_identity).or_else(|| text(own.source_identity)),
            issuer_id: text(issuer.principal_id),
            issuer_arn: text(issuer.arn),
            mfa: boolean(attributes.mfa_authenticated),
            assumed_root: boolean(session.assumed_root),
            issued: text(attributes.creation_date),
            federated_provider: text(federation.federated_provider),
        })
    }
}

/// The caller.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Caller<'a> {
    /// Stable key.
    pub key: Option<Text<'a>>,
    /// User ARN or role ARN.
    pub arn: Option<Text<'a>>,
    /// `userIdentity.type`.
    pub kind: Option<Text<'a>>,
    /// The caller's account.
    pub account: Option<Text<'a>>,
    /// Session name.
    pub session: Option<Text<'a>>,
    /// Source identity.
    pub source_identity: Option<Text<'a>>,
    /// Access key id.
    pub access_key_id: Option<Text<'a>>,
    /// Service that made the call for the caller.
    pub invoked_by: Option<Text<'a>>,
    /// MFA of the session.
    pub mfa: Option<bool>,
    /// Whether it is a session of `sts:AssumeRoot`.
    pub assumed_root: Option<bool>,
    /// When the session was made.
    pub issued: Option<Text<'a>>,
    /// SAML or OIDC provider.
    pub provider: Option<Text<'a>>,
    /// Name within the provider.
    pub subject: Option<Text<'a>>,
}

macro_rules! each_text {
    ($from:expr, $change:expr) => {
        each_text!($from, $change, key, arn, kind, account, session, source_identity, access_key_id, invoked_by, issued, provider, subject)
    };
    ($from:expr, $change:expr, $($field:ident),*) => {
        Caller { mfa: $from.mfa, assumed_root: $from.assumed_root, $($field: $from.$field.as_ref().map($change),)* }
    };
}

impl Caller<'_> {
    /// The same, borrowed from here.
    #[must_use]
    pub fn borrowed(&self) -> Caller<'_> {
        each_text!(self, |text| Cow::Borrowed(&**text))
    }

    /// The same, by itself.
    #[must_use]
    pub fn owned(&self) -> Caller<'static> {
        each_text!(self, |text| Cow::Owned(text.to_string()))
    }
}

/// Both sides of a colon.
fn split<'a>(text: &Text<'a>) -> Option<(Text<'a>, Text<'a>)> {
    match text {
        Cow::Borrowed(text) => text.split_once(':').map(|(a, b)| (Cow::Borrowed(a), Cow::Borrowed(b))),
        Cow::Owned(text) => text.split_once(':').map(|(a, b)| (Cow::Owned(a.to_owned()), Cow::Owned(b.to_owned()))),
    }
}

/// Who called.
#[must_use]
pub fn caller<'a>(told: &Identity<'a>) -> Caller<'a> {
    let principal_id = told.principal_id.clone();
    let (id, session) = match principal_id.as_ref().and_then(split) {
        Some((id, name)) => (Some(id), Some(name)),
        None => (principal_id.clone(), None),
    };
    let of_arn = || told.arn.as_deref().and_then(Arn::parse).map(|a| Cow::Owned(a.account.to_owned())).filter(|a: &Text<'a>| !a.is_empty());
    let mut caller = Caller {
        key: id.clone(),
        arn: told.arn.clone(),
        account: told.account.clone().or_else(of_arn),
        session,
        source_identity: told.source_identity.clone(),
        access_key_id: told.access_key_id.clone(),
        invoked_by: told.invoked_by.clone(),
        mfa: told.mfa,
        assumed_root: told.assumed_root,
        issued: told.issued.clone(),
        provider: told.provider.clone().or_else(|| told.federated_provider.clone()),
        subject: None,
        kind: told.kind.clone(),
    };
    match told.kind.as_deref() {
        Some("AssumedRole") => {
            caller.key = told.issuer_id.clone().or(id);
            caller.arn = told.issuer_arn.clone().or_else(|| told.arn.as_deref().and_then(role_of_session).map(Cow::Owned));
            if caller.key.is_none() {
                caller.key.clone_from(&caller.arn);
            }
        }
        Some("FederatedUser") => {
            caller.key = told.issuer_id.clone().or(id);
            caller.arn = told.issuer_arn.clone().or_else(|| told.arn.clone());
            if caller.key.is_none() {
                caller.key.clone_from(&caller.arn);
            }
        }
        Some("Root") => caller.key.clone_from(&caller.account),
        Some("AWSService") => {
            caller.key.clone_from(&caller.invoked_by);
            caller.arn = None;
        }
        Some("SAMLUser" | "WebIdentityUser") => {
            caller.subject = told.user_name.clone();
            caller.key = caller.provider.clone().or(principal_id);
            caller.arn = None;
        }
        // Access logs name a user by its ARN alone.
        Some("IAMUser") => caller.key = id.or_else(|| told.arn.clone()),
        _ => {
            // A service that acts for nobody: only `invokedBy` is told.
            if caller.key.is_none() {
                caller.key.clone_from(&caller.invoked_by);
                if caller.key.is_some() && caller.kind.is_none() {
                    caller.kind = Some("AWSService".into());
                }
            }
        }
    }
    caller
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(json: &str) -> Identity<'_> {
        Identity::of(Some(Json::found(json))).unwrap()
    }

    #[test]
    fn a_session_belongs_to_its_role() {
        let identity = of(r#"{"type": "AssumedRole", "principalId": "AROAEXAMPLE:ann",
            "arn": "arn:aws:sts::111122223333:assumed-role/app/ann", "accountId": "111122223333",
            "sessionContext": {"sessionIssuer": {"type": "Role", "principalId": "AROAEXAMPLE", "arn": "arn:aws:iam::111122223333:role/team/app"},
                               "attributes": {"mfaAuthenticated": "false"}}}"#);
        let caller = caller(&identity);
        assert_eq!(caller.key.as_deref(), Some("AROAEXAMPLE"));
        assert_eq!(caller.arn.as_deref(), Some("arn:aws:iam::111122223333:role/team/app"));
        assert_eq!((caller.session.as_deref(), caller.mfa), (Some("ann"), Some(false)));
    }

    #[test]
    fn a_session_without_issuer_still_has_a_role() {
        let identity = of(r#"{"type": "AssumedRole", "principalId": "AROAEXAMPLE:s", "arn": "arn:aws:sts::111122223333:assumed-role/app/s"}"#);
        let caller = caller(&identity);
        assert_eq!(caller.arn.as_deref(), Some("arn:aws:iam::111122223333:role/app"));
        assert_eq!(caller.account.as_deref(), Some("111122223333"));
    }

    #[test]
    fn the_other_side_of_a_call_has_an_id_only() {
        let identity = of(r#"{"type": "AWSAccount", "principalId": "AIDAEXAMPLE", "accountId": "444455556666"}"#);
        let caller = caller(&identity);
        assert_eq!((caller.key.as_deref(), caller.arn), (Some("AIDAEXAMPLE"), None));
    }
}
