//! Who called: the stable key and the ARN that policies hang on, from `userIdentity`.
//!
//! The key is the unique id, because names are given again after a delete; the ARN of a session is its role's,
//! with the path that the session's own ARN lacks. Source: inputs-and-evaluation.md section 3.5.

use serde_json::{Map, Value};

use crate::aws::Arn;
use crate::aws::principal::role_of_session;

/// The caller.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Caller {
    /// Stable key.
    pub key: Option<String>,
    /// User ARN or role ARN.
    pub arn: Option<String>,
    /// `userIdentity.type`.
    pub kind: Option<String>,
    /// The caller's account.
    pub account: Option<String>,
    /// Session name.
    pub session: Option<String>,
    /// Source identity.
    pub source_identity: Option<String>,
    /// Access key id.
    pub access_key_id: Option<String>,
    /// Service that made the call for the caller.
    pub invoked_by: Option<String>,
    /// MFA of the session.
    pub mfa: Option<bool>,
    /// When the session was made.
    pub issued: Option<String>,
    /// SAML or OIDC provider.
    pub provider: Option<String>,
    /// Name within the provider.
    pub subject: Option<String>,
}

/// A text of an object; numbers and booleans as text, empty and null as absent.
pub fn text(map: &Map<String, Value>, key: &str) -> Option<String> {
    match map.get(key)? {
        Value::String(s) if !s.is_empty() => Some(s.clone()),
        Value::Bool(b) => Some(b.to_string()),
        Value::Number(n) => Some(n.to_string()),
        _ => None,
    }
}

/// A boolean that may be written as a text.
pub fn boolean(value: Option<&Value>) -> Option<bool> {
    match value? {
        Value::Bool(b) => Some(*b),
        Value::String(s) if s.eq_ignore_ascii_case("true") => Some(true),
        Value::String(s) if s.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// Reads `userIdentity`.
#[must_use]
pub fn caller(identity: Option<&Value>) -> Caller {
    let Some(Value::Object(map)) = identity else { return Caller::default() };
    let empty = Map::new();
    let object = |value: Option<&Value>| value.and_then(Value::as_object).cloned().unwrap_or_else(|| empty.clone());
    let session = object(map.get("sessionContext"));
    let issuer = object(session.get("sessionIssuer"));
    let attributes = object(session.get("attributes"));
    let federation = object(session.get("webIdFederationData"));
    let kind = text(map, "type");
    let principal_id = text(map, "principalId");
    let (id, session_name) = match principal_id.as_deref().and_then(|p| p.split_once(':')) {
        Some((id, name)) => (Some(id.to_owned()), Some(name.to_owned())),
        None => (principal_id.clone(), None),
    };
    let own_arn = text(map, "arn");
    let own_account = text(map, "accountId").or_else(|| own_arn.as_deref().and_then(Arn::parse).map(|a| a.account.to_owned()));
    let mut caller = Caller {
        key: id.clone(),
        arn: own_arn.clone(),
        account: own_account.filter(|a| !a.is_empty()),
        session: session_name,
        source_identity: text(&session, "sourceIdentity").or_else(|| text(map, "sourceIdentity")),
        access_key_id: text(map, "accessKeyId"),
        invoked_by: text(map, "invokedBy"),
        mfa: boolean(attributes.get("mfaAuthenticated")),
        issued: text(&attributes, "creationDate"),
        provider: text(map, "identityProvider").or_else(|| text(&federation, "federatedProvider")),
        subject: None,
        kind: kind.clone(),
    };
    match kind.as_deref() {
        Some("AssumedRole") => {
            caller.key = text(&issuer, "principalId").or(id);
            caller.arn = text(&issuer, "arn").or_else(|| own_arn.as_deref().and_then(role_of_session));
            if caller.key.is_none() {
                caller.key.clone_from(&caller.arn);
            }
        }
        Some("FederatedUser") => {
            caller.key = text(&issuer, "principalId").or(id);
            caller.arn = text(&issuer, "arn").or(own_arn);
            if caller.key.is_none() {
                caller.key.clone_from(&caller.arn);
            }
        }
        Some("Root") => {
            caller.key.clone_from(&caller.account);
        }
        Some("AWSService") => {
            caller.key.clone_from(&caller.invoked_by);
            caller.arn = None;
        }
        Some("SAMLUser" | "WebIdentityUser") => {
            caller.subject = text(map, "userName");
            caller.key = caller.provider.clone().or(principal_id);
            caller.arn = None;
        }
        // Access logs name a user by its ARN alone.
        Some("IAMUser") => caller.key = id.or(own_arn),
        _ => {
            // A service that acts for nobody: only `invokedBy` is told.
            if caller.key.is_none() {
                caller.key.clone_from(&caller.invoked_by);
                if caller.key.is_some() && caller.kind.is_none() {
                    caller.kind = Some("AWSService".to_owned());
                }
            }
        }
    }
    caller
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_session_belongs_to_its_role() {
        let caller = caller(Some(&json!({
            "type": "AssumedRole", "principalId": "AROAEXAMPLE:ann",
            "arn": "arn:aws:sts::111122223333:assumed-role/app/ann", "accountId": "111122223333",
            "sessionContext": {"sessionIssuer": {"type": "Role", "principalId": "AROAEXAMPLE", "arn": "arn:aws:iam::111122223333:role/team/app"},
                               "attributes": {"mfaAuthenticated": "false"}}
        })));
        assert_eq!(caller.key.as_deref(), Some("AROAEXAMPLE"));
        assert_eq!(caller.arn.as_deref(), Some("arn:aws:iam::111122223333:role/team/app"));
        assert_eq!((caller.session.as_deref(), caller.mfa), (Some("ann"), Some(false)));
    }

    #[test]
    fn a_session_without_issuer_still_has_a_role() {
        let caller = caller(Some(&json!({"type": "AssumedRole", "principalId": "AROAEXAMPLE:s", "arn": "arn:aws:sts::111122223333:assumed-role/app/s"})));
        assert_eq!(caller.arn.as_deref(), Some("arn:aws:iam::111122223333:role/app"));
        assert_eq!(caller.account.as_deref(), Some("111122223333"));
    }

    #[test]
    fn the_other_side_of_a_call_has_an_id_only() {
        let caller = caller(Some(&json!({"type": "AWSAccount", "principalId": "AIDAEXAMPLE", "accountId": "444455556666"})));
        assert_eq!((caller.key.as_deref(), caller.arn), (Some("AIDAEXAMPLE"), None));
    }
}
