//! The calls that changed who holds what, as the log tells them. Definition: `queries/grant_changes.sql`.

use super::engine::{Engine, UsageError};

/// One row of `queries/grant_changes.sql`; the fields are the columns of `event::ChangeRow`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct GrantChangeRow {
    /// The account whose grants changed.
    pub account: Option<String>,
    /// When, epoch ms.
    pub event_time_ms: i64,
    /// The event.
    pub event_id: String,
    /// The operation.
    pub event_name: String,
    /// `user`, `role`, `group` or `policy`.
    pub target_kind: String,
    /// Name of what was changed.
    pub target_name: Option<String>,
    /// Its ARN.
    pub target_arn: Option<String>,
    /// Unique id of what was made.
    pub target_id: Option<String>,
    /// Name of the inline policy.
    pub policy_name: Option<String>,
    /// ARN of the managed policy or boundary.
    pub policy_arn: Option<String>,
    /// The document's text.
    pub document: Option<String>,
    /// Its hash.
    pub document_sha256: Option<String>,
    /// Version of the managed policy.
    pub version_id: Option<String>,
    /// Whether the new version became the default.
    pub set_as_default: Option<bool>,
    /// The group that was joined or left.
    pub group_name: Option<String>,
    /// The name after a renaming.
    pub new_name: Option<String>,
    /// Whether the record has its parameters.
    pub is_told: bool,
}

/// Reads the changes of a store.
///
/// # Errors
/// [`UsageError`] when the query fails.
pub(super) fn of(engine: &mut Engine) -> Result<Vec<GrantChangeRow>, UsageError> {
    let table = engine.run("grant_changes", include_str!("../../queries/grant_changes.sql"))?;
    table
        .rows()
        .map(|row| {
            Ok(GrantChangeRow {
                account: row.text("account")?,
                event_time_ms: row.need_int("event_time_ms")?,
                event_id: row.need_text("event_id")?,
                event_name: row.need_text("event_name")?,
                target_kind: row.need_text("target_kind")?,
                target_name: row.text("target_name")?,
                target_arn: row.text("target_arn")?,
                target_id: row.text("target_id")?,
                policy_name: row.text("policy_name")?,
                policy_arn: row.text("policy_arn")?,
                document: row.text("document")?,
                document_sha256: row.text("document_sha256")?,
                version_id: row.text("version_id")?,
                set_as_default: row.boolean("set_as_default")?,
                group_name: row.text("group_name")?,
                new_name: row.text("new_name")?,
                is_told: row.boolean("is_told")?.unwrap_or(false),
            })
        })
        .collect()
}
