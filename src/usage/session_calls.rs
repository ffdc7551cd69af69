//! Calls made with credentials that session policies bound: each with the policies that the STS event told.
//!
//! Definition: `queries/session_calls.sql`. The rows stand beside usage and denials, which hold the same calls without
//! regard to sessions. Source: inputs-and-evaluation.md sections 1.2 and 3.6.

use std::sync::Arc;

use super::engine::{Table, UsageError};
use super::{Outcome, outcome};

/// One row of `queries/session_calls.sql`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SessionCallRow {
    /// The caller's account.
    pub account: String,
    /// The caller's unique id; of a federated user that of the user who asked for the token.
    pub principal_key: String,
    /// The role's ARN; of a federated user that of the user who asked for the token.
    pub principal_arn: Option<String>,
    /// `userIdentity.type`.
    pub principal_type: Option<String>,
    /// Name of a federated user.
    pub federated_name: Option<String>,
    /// Text of the session policy, as it was passed; shared by neighbouring rows.
    pub session_policy: Option<Arc<str>>,
    /// ARNs of the managed session policies, a JSON list; `null` in it stands for one that cannot be read.
    pub session_policy_arns: Option<String>,
    /// Whether the two fields are what was passed; else the STS event does not tell, or its copies disagree.
    pub is_told: bool,
    /// Canonical action, `s3:GetObject`.
    pub action: String,
    /// ARN, type-level ARN pattern, or `*`.
    pub resource_arn: String,
    /// Where the ARN came from, as in [`super::UsageRow::provenance`].
    pub arn_provenance: String,
    /// Region of the call.
    pub region: Option<String>,
    /// Canonical JSON object of the condition keys that a decision may turn on.
    pub context_class: String,
    /// Allowed or denied.
    pub outcome: Outcome,
    /// `errorCode` of a denied call.
    pub error_code: Option<String>,
    /// `explicit` or `implicit`, as in [`super::DenialRow`].
    pub denied_effect: Option<String>,
    /// Kind of policy that refused.
    pub denied_policy_type: Option<String>,
    /// The policy that refused.
    pub denied_policy_arn: Option<String>,
    /// Number of calls.
    pub calls: i64,
    /// First call, epoch ms.
    pub first_seen_ms: i64,
    /// Last call, epoch ms.
    pub last_seen_ms: i64,
    /// One or two event ids to look up.
    pub samples: Vec<String>,
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
pub fn session_calls_of(table: &Table) -> Result<Vec<SessionCallRow>, UsageError> {
    let mut out: Vec<SessionCallRow> = Vec::with_capacity(table.len());
    for row in table.rows() {
        // Rows come sorted by policy, and a policy has many calls.
        let text = row.text("session_policy")?;
        let before = out.last().and_then(|r| r.session_policy.clone()).filter(|p| Some(&**p) == text.as_deref());
        let mut samples = vec![row.need_text("sample_event_first")?, row.need_text("sample_event_last")?];
        samples.dedup();
        out.push(SessionCallRow {
            account: row.text("account")?.unwrap_or_else(|| "unknown".into()),
            principal_key: row.need_text("principal_key")?,
            principal_arn: row.text("principal_arn")?,
            principal_type: row.text("principal_type")?,
            federated_name: row.text("federated_name")?,
            session_policy: before.or_else(|| text.map(Arc::from)),
            session_policy_arns: row.text("session_policy_arns")?,
            is_told: row.boolean("is_told")?.unwrap_or(false),
            action: row.need_text("action")?,
            resource_arn: row.text("resource_arn")?.unwrap_or_else(|| "*".into()),
            arn_provenance: row.text("arn_provenance")?.unwrap_or_else(|| "none".into()),
            region: row.text("region")?,
            context_class: row.text("context_class")?.unwrap_or_else(|| "{}".into()),
            outcome: outcome(row.text("outcome")?.as_deref()),
            error_code: row.text("error_code")?,
            denied_effect: row.text("denied_effect")?,
            denied_policy_type: row.text("denied_policy_type")?,
            denied_policy_arn: row.text("denied_policy_arn")?,
            calls: row.need_int("calls")?,
            first_seen_ms: row.need_int("first_seen_ms")?,
            last_seen_ms: row.need_int("last_seen_ms")?,
            samples,
        });
    }
    Ok(out)
}
