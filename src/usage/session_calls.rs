//! Calls made with credentials that session policies bound: each with the policies that the STS event told.
//!
//! Definition: `queries/session_calls.sql`. The rows stand beside usage and denials, which hold the same calls without
//! regard to sessions. Source: inputs-and-evaluation.md sections 1.2 and 3.6.


use crate::aws::{Text, Texts};
use super::engine::{Shared, Table, UsageError};
use super::{Outcome, outcome};

/// One row of `queries/session_calls.sql`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SessionCallRow {
    /// The caller's account.
    pub account: Text,
    /// The caller's unique id; of a federated user that of the user who asked for the token.
    pub principal_key: Text,
    /// The role's ARN; of a federated user that of the user who asked for the token.
    pub principal_arn: Option<Text>,
    /// `userIdentity.type`.
    pub principal_type: Option<Text>,
    /// Name of a federated user.
    pub federated_name: Option<Text>,
    /// Text of the session policy, as it was passed.
    pub session_policy: Option<Text>,
    /// ARNs of the managed session policies, a JSON list; `null` in it stands for one that cannot be read.
    pub session_policy_arns: Option<Text>,
    /// Whether the two fields are what was passed; else the STS event does not tell, or its copies disagree.
    pub is_told: bool,
    /// Canonical action, `s3:GetObject`.
    pub action: Text,
    /// ARN, type-level ARN pattern, or `*`.
    pub resource_arn: Text,
    /// Where the ARN came from, as in [`super::UsageRow::provenance`].
    pub arn_provenance: Text,
    /// Region of the call.
    pub region: Option<Text>,
    /// Canonical JSON object of the condition keys that a decision may turn on.
    pub context_class: Text,
    /// Allowed or denied.
    pub outcome: Outcome,
    /// `errorCode` of a denied call.
    pub error_code: Option<Text>,
    /// `explicit` or `implicit`, as in [`super::DenialRow`].
    pub denied_effect: Option<Text>,
    /// Kind of policy that refused.
    pub denied_policy_type: Option<Text>,
    /// The policy that refused.
    pub denied_policy_arn: Option<Text>,
    /// Number of calls.
    pub calls: i64,
    /// First call, epoch ms.
    pub first_seen_ms: i64,
    /// Last call, epoch ms.
    pub last_seen_ms: i64,
    /// One or two event ids to look up.
    pub samples: Vec<Text>,
}

impl SessionCallRow {
    /// Whether the resource is a pattern, not a name.
    #[must_use]
    pub fn is_pattern(&self) -> bool {
        self.arn_provenance == "type-wildcard"
    }

    /// What tells one kind of session of a principal from another: rows that agree in it are bound by the same policies.
    #[must_use]
    pub fn session(&self) -> (Option<&str>, Option<&str>, Option<&str>, Option<&str>, bool) {
        (
            self.principal_type.as_deref(),
            self.federated_name.as_deref(),
            self.session_policy.as_deref(),
            self.session_policy_arns.as_deref(),
            self.is_told,
        )
    }
}

/// Reads the rows of the query's answer.
///
/// # Errors
/// [`UsageError::Answer`] when the answer has another shape.
pub fn session_calls_of(table: &Table, texts: &mut Texts) -> Result<Vec<SessionCallRow>, UsageError> {
    let mut out: Vec<SessionCallRow> = Vec::with_capacity(table.len());
    for row in table.rows() {
        let mut samples = vec![Text::from(row.need_str("sample_event_first")?), row.need_str("sample_event_last")?.into()];
        samples.dedup();
        let mut shared = Shared::of(row, texts);
        out.push(SessionCallRow {
            account: shared.text_or("account", "unknown")?,
            principal_key: shared.need("principal_key")?,
            principal_arn: shared.text("principal_arn")?,
            principal_type: shared.text("principal_type")?,
            federated_name: shared.text("federated_name")?,
            session_policy: shared.text("session_policy")?,
            session_policy_arns: shared.text("session_policy_arns")?,
            action: shared.need("action")?,
            resource_arn: shared.text_or("resource_arn", "*")?,
            arn_provenance: shared.text_or("arn_provenance", "none")?,
            region: shared.text("region")?,
            context_class: shared.text_or("context_class", "{}")?,
            error_code: shared.text("error_code")?,
            denied_effect: shared.text("denied_effect")?,
            denied_policy_type: shared.text("denied_policy_type")?,
            denied_policy_arn: shared.text("denied_policy_arn")?,
            is_told: row.boolean("is_told")?.unwrap_or(false),
            outcome: outcome(row.str("outcome")?),
            calls: row.need_int("calls")?,
            first_seen_ms: row.need_int("first_seen_ms")?,
            last_seen_ms: row.need_int("last_seen_ms")?,
            samples,
        });
    }
    Ok(out)
}
