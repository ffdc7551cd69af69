//! Refused calls, each once: by caller, action, resource, day and address, with what AWS said.
//!
//! Definition: `queries/denied_calls.sql`. `denials` beside it has a row for each action of a refused call; here the calls of all
//! rows together are the refused calls of the log, those of unknown actions and unknown callers among them.

use super::engine::{Shared, Table, UsageError};
use super::session_calls::SessionCallRow;
use super::{OfCaller, Outcome};
use crate::aws::denial::{self, Denial};
use crate::aws::{Arn, Text, Texts};

/// One row of `queries/denied_calls.sql`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeniedCallRow {
    /// The call with its session. An empty key stands for a caller that the log does not tell; the action of a call that the
    /// reference does not know is made of the event's source and name.
    pub call: SessionCallRow,
    /// Whether session policies bound the call, told or not.
    pub in_session: bool,
    /// Whether the reference knows the action, or AWS named it.
    pub is_known_action: bool,
    /// `eventSource`.
    pub event_source: Text,
    /// `eventName`.
    pub event_name: Text,
    /// `eventCategory`.
    pub event_category: Option<Text>,
    /// The caller's address or service.
    pub source_ip: Option<Text>,
    /// Day of the calls, `YYYY-MM-DD`.
    pub date: Text,
}

impl OfCaller for DeniedCallRow {
    fn key(&self) -> &str {
        &self.call.principal_key
    }

    fn arn(&self) -> Option<&str> {
        self.call.principal_arn.as_deref()
    }
}

/// Takes what a message says of an action that the call does not stand for: a `GetSecretValue` may be refused for `kms:Decrypt`.
fn take_word(call: &mut SessionCallRow, said: Denial, is_known: &mut bool) {
    let other = said.action.filter(|a| !a.contains('*') && !a.eq_ignore_ascii_case(&call.action));
    if let Some(action) = other {
        call.action = action.into();
        call.resource_arn = said.resource.unwrap_or_else(|| "*".to_owned()).into();
        call.arn_provenance = if call.resource_arn.contains('*') { "type-wildcard" } else { "logged" }.into();
        *is_known = true;
    } else if call.is_pattern()
        && let Some(named) = said.resource.filter(|r| !r.contains('*') && Arn::parse(r).is_some())
    {
        call.resource_arn = named.into();
        call.arn_provenance = "logged".into();
    }
    call.denied_effect = said.effect.map(|e| e.as_str().into());
    call.denied_policy_type = said.policy_type.map(Into::into);
    call.denied_policy_arn = said.policy_arn.map(Into::into);
}

/// Reads the rows of the query's answer.
///
/// # Errors
/// [`UsageError::Answer`] when the answer has another shape.
pub fn denied_calls_of(table: &Table, texts: &mut Texts) -> Result<Vec<DeniedCallRow>, UsageError> {
    let mut out = Vec::with_capacity(table.len());
    for row in table.rows() {
        let mut samples = vec![Text::from(row.need_str("sample_event_first")?), row.need_str("sample_event_last")?.into()];
        samples.dedup();
        let mut shared = Shared::of(row, texts);
        let (event_source, event_name) = (shared.need("event_source")?, shared.need("event_name")?);
        let action = shared.text("action")?;
        let mut is_known_action = action.is_some();
        let service = event_source.split('.').next().unwrap_or("");
        let mut call = SessionCallRow {
            account: shared.text_or("account", "unknown")?,
            principal_key: shared.text_or("principal_key", "")?,
            principal_arn: shared.text("principal_arn")?,
            principal_type: shared.text("principal_type")?,
            federated_name: shared.text("federated_name")?,
            session_policy: shared.text("session_policy")?,
            session_policy_arns: shared.text("session_policy_arns")?,
            action: action.unwrap_or_else(|| format!("{service}:{}", event_name.as_str()).into()),
            resource_arn: shared.text_or("resource_arn", "*")?,
            arn_provenance: shared.text_or("arn_provenance", "none")?,
            region: shared.text("region")?,
            context_class: shared.text_or("context_class", "{}")?,
            error_code: shared.text("error_code")?,
            denied_effect: shared.text("denied_effect")?,
            denied_policy_type: shared.text("denied_policy_type")?,
            denied_policy_arn: shared.text("denied_policy_arn")?,
            is_told: row.boolean("is_told")?.unwrap_or(false),
            outcome: Outcome::Denied,
            calls: row.need_int("calls")?,
            first_seen_ms: row.need_int("first_seen_ms")?,
            last_seen_ms: row.need_int("last_seen_ms")?,
            samples,
        };
        let (event_category, source_ip, date) = (shared.text("event_category")?, shared.text("source_ip")?, shared.text_or("date", "")?);
        if let Some(said) = row.str("error_message")?.and_then(denial::parse) {
            take_word(&mut call, said, &mut is_known_action);
        }
        let in_session = row.boolean("in_session")?.unwrap_or(false);
        out.push(DeniedCallRow { call, in_session, is_known_action, event_source, event_name, event_category, source_ip, date });
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(action: &str) -> SessionCallRow {
        SessionCallRow {
            account: "111122223333".into(),
            principal_key: "AROAAPP".into(),
            principal_arn: None,
            principal_type: None,
            federated_name: None,
            session_policy: None,
            session_policy_arns: None,
            is_told: false,
            action: action.into(),
            resource_arn: "arn:aws:secretsmanager:eu-west-1:111122223333:secret:s".into(),
            arn_provenance: "parameter".into(),
            region: None,
            context_class: "{}".into(),
            outcome: Outcome::Denied,
            error_code: None,
            denied_effect: None,
            denied_policy_type: None,
            denied_policy_arn: None,
            calls: 1,
            first_seen_ms: 0,
            last_seen_ms: 0,
            samples: Vec::new(),
        }
    }

    #[test]
    fn the_message_says_which_action_was_refused() {
        let said = |text: &str| denial::parse(&format!("User: arn:u is not authorized to perform: {text}")).unwrap();
        let (mut other, mut known) = (call("secretsmanager:GetSecretValue"), false);
        take_word(&mut other, said("kms:Decrypt on this resource with an explicit deny in a service control policy"), &mut known);
        assert_eq!((other.action.as_str(), other.resource_arn.as_str(), other.arn_provenance.as_str(), known), ("kms:Decrypt", "*", "type-wildcard", true));
        assert_eq!((other.denied_effect.as_deref(), other.denied_policy_type.as_deref()), (Some("explicit"), Some("scp")));
        // The call's own action keeps the resource that the call tells.
        let mut own = call("secretsmanager:GetSecretValue");
        take_word(&mut own, said("secretsmanager:GetSecretValue on resource: x because no identity-based policy allows the secretsmanager:GetSecretValue action"), &mut known);
        assert!(own.resource_arn.ends_with("secret:s"), "{own:?}");
        assert_eq!(own.denied_policy_type.as_deref(), Some("identity"));
        // Where the call only tells the kind of its resource, the message may name it.
        for (named, expected) in [("arn:aws:iam::111122223333:role/p", "arn:aws:iam::111122223333:role/p"), ("role p", "arn:aws:iam::111122223333:role/*")] {
            let mut kind = SessionCallRow { resource_arn: "arn:aws:iam::111122223333:role/*".into(), arn_provenance: "type-wildcard".into(), ..call("iam:PassRole") };
            take_word(&mut kind, said(&format!("iam:PassRole on resource: {named} because no identity-based policy allows the iam:PassRole action")), &mut known);
            assert_eq!((kind.resource_arn.as_str(), kind.is_pattern()), (expected, expected.ends_with('*')));
        }
    }
}
