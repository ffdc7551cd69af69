//! Chains of roles: which session took up which other role, followed back to whoever began.
//!
//! A call that takes up a role hands out an access key; the next call of the chain is signed with it. Both stand in the log
//! (`responseElements.credentials.accessKeyId`, `userIdentity.accessKeyId`), so the link is exact where both calls are at hand.
//! Where the first is not, only the caller's role is known. Source: reports-and-controls.md section 2, item 11.

use std::collections::HashMap;

use super::assumptions::{context, source_of};
use super::engine::{Table, UsageError};

/// No chain is followed further.
const DEEPEST: usize = 20;

/// How a role was reached.
#[derive(Clone, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub struct Chain {
    /// Roles taken up one after the other, the one of this call last.
    pub roles: Vec<String>,
    /// Whether the beginning is known: `first` is no session of a role.
    pub is_whole: bool,
    /// What began: `user`, `root`, `service`, `saml`, `oidc`, `account`, `role`.
    pub first_kind: &'static str,
    /// Who began.
    pub first: String,
    /// The account of who began.
    pub first_account: Option<String>,
}

struct Call {
    role: String,
    kind: &'static str,
    source: String,
    account: Option<String>,
    signed_with: Option<String>,
}

/// All calls that took up roles, linked.
#[derive(Default)]
pub struct Chains {
    calls: HashMap<String, Call>,
    by_issued: HashMap<String, String>,
}

impl Chains {
    /// Reads the rows of `queries/assumption_calls.sql`. Of a call's two copies the caller's names who called; either may tell
    /// the key that was handed out.
    ///
    /// # Errors
    /// [`UsageError::Answer`] when the answer has another shape.
    pub fn of(table: &Table) -> Result<Chains, UsageError> {
        let mut chains = Chains::default();
        for row in table.rows() {
            let key = row.need_text("call_key")?;
            if let Some(issued) = row.text("issued_access_key_id")? {
                chains.by_issued.entry(issued).or_insert_with(|| key.clone());
            }
            let Some(role) = row.text("role_arn")? else { continue };
            let is_owner = row.str("side")? == Some("owner");
            if is_owner && chains.calls.contains_key(&key) {
                continue;
            }
            let (kind, source, _) = source_of(&row, &context(&row)?)?;
            let call = Call { role, kind, source, account: row.text("principal_account")?, signed_with: row.text("access_key_id")? };
            chains.calls.insert(key, call);
        }
        Ok(chains)
    }

    /// How the role of a call was reached.
    #[must_use]
    pub fn of_call(&self, call_key: &str) -> Option<Chain> {
        let mut call = self.calls.get(call_key)?;
        let mut roles = vec![call.role.clone()];
        while let Some(before) = call.signed_with.as_ref().and_then(|key| self.by_issued.get(key)).and_then(|key| self.calls.get(key)) {
            if roles.len() >= DEEPEST {
                break;
            }
            roles.push(before.role.clone());
            call = before;
        }
        roles.reverse();
        // Of a role, or of somebody of whom only the id of a role is known, it is not told how it began.
        let is_role = call.kind == "role" || (call.kind == "account" && call.source.starts_with("AROA"));
        if is_role && call.source.contains(":role/") {
            roles.insert(0, call.source.clone());
        }
        Some(Chain { is_whole: !is_role, first_kind: call.kind, first: call.source.clone(), first_account: call.account.clone(), roles })
    }
}
