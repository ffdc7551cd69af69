//! Role assumptions: both sides of each joined into one row per role, caller and action.
//!
//! The caller's account logs who called, the role's account logs only an id; they share a call key. Without the
//! join every cross-account assumption would count twice and half of them would have no name.
//! Source: reports-and-controls.md section 2.

use std::collections::{BTreeMap, BTreeSet};

use super::assumption_details::Details;
use super::chains::Chains;
use super::engine::{Row, Table, UsageError};

/// One caller's use of one role in the window.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Assumption {
    /// The role that was assumed.
    pub role_arn: String,
    /// The role's account.
    pub role_account: Option<String>,
    /// `sts:AssumeRole`, `sts:AssumeRoleWithSAML`, `sts:AssumeRoleWithWebIdentity`.
    pub action: String,
    /// `role`, `user`, `root`, `service`, `saml`, `oidc`, `account` (only an id is known).
    pub source_kind: &'static str,
    /// Caller ARN, service name, provider, or unique id.
    pub source: String,
    /// The caller's account.
    pub source_account: Option<String>,
    /// Number of assumptions.
    pub calls: i64,
    /// First of them, epoch ms.
    pub first_seen_ms: i64,
    /// Last of them, epoch ms.
    pub last_seen_ms: i64,
    /// How many sent an ExternalId.
    pub external_id_calls: i64,
    /// How many different ones (counted by hash; the values are not stored).
    pub distinct_external_ids: i64,
    /// How many were made with MFA.
    pub mfa_calls: i64,
    /// Subject of a web identity or SAML assertion.
    pub subject: Option<String>,
    /// `caller`, `owner` or `both`: which account's records told of it.
    pub sides: &'static str,
    /// What else the calls tell: days, names of sessions, networks, chains.
    pub details: Details,
}

#[derive(Default)]
struct Group {
    details: Details,
    calls: i64,
    first: i64,
    last: i64,
    external_id_calls: i64,
    external_ids: BTreeSet<String>,
    mfa_calls: i64,
    caller: bool,
    owner: bool,
}

type Key = (String, String, &'static str, String, Option<String>, Option<String>);

pub(super) fn context(row: &Row<'_>) -> Result<serde_json::Map<String, serde_json::Value>, UsageError> {
    let text = row.text("context_json")?.unwrap_or_default();
    Ok(serde_json::from_str(&text).unwrap_or_default())
}

pub(super) fn source_of(row: &Row<'_>, context: &serde_json::Map<String, serde_json::Value>) -> Result<(&'static str, String, Option<String>), UsageError> {
    let key = row.text("principal_key")?.unwrap_or_default();
    let arn = row.text("principal_arn")?;
    let subject = context
        .iter()
        .find(|(k, _)| k.ends_with(":sub"))
        .and_then(|(_, v)| v.as_str())
        .map(str::to_owned);
    let provider = context.get("aws:FederatedProvider").and_then(|v| v.as_str()).map(str::to_owned);
    Ok(match row.text("principal_type")?.as_deref() {
        Some("AWSService") => ("service", key, None),
        Some("SAMLUser") => ("saml", provider.unwrap_or(key), subject),
        Some("WebIdentityUser") => ("oidc", provider.unwrap_or(key), subject),
        Some("Root") => ("root", arn.unwrap_or(key), None),
        Some("IAMUser") => ("user", arn.unwrap_or(key), None),
        Some("AssumedRole") => ("role", arn.unwrap_or(key), None),
        _ => ("account", arn.unwrap_or(key), None),
    })
}

/// Joins the rows of `queries/assumption_calls.sql`: the caller's copy of a call gives the name, the owner's
/// copy only fills in where there is no other.
///
/// # Errors
/// [`UsageError::Answer`] when the answer has another shape.
pub fn assumptions_of(table: &Table) -> Result<Vec<Assumption>, UsageError> {
    let mut callers = BTreeSet::new();
    let mut owners = BTreeSet::new();
    for row in table.rows() {
        let key = row.need_text("call_key")?;
        match row.text("side")?.as_deref() {
            Some("owner") => owners.insert(key),
            _ => callers.insert(key),
        };
    }
    let chains = Chains::of(table)?;
    let mut groups: BTreeMap<Key, Group> = BTreeMap::new();
    for row in table.rows() {
        let call = row.need_text("call_key")?;
        let is_owner = row.text("side")?.as_deref() == Some("owner");
        if is_owner && callers.contains(&call) {
            continue;
        }
        let Some(role) = row.text("role_arn")? else { continue };
        let context = context(&row)?;
        let (kind, source, subject) = source_of(&row, &context)?;
        let chain = chains.of_call(&call);
        let group = groups
            .entry((role, row.need_text("action")?, kind, source, row.text("principal_account")?, subject))
            .or_default();
        let at = row.need_int("event_time_ms")?;
        group.first = if group.calls == 0 { at } else { group.first.min(at) };
        group.last = group.last.max(at);
        group.calls += 1;
        if let Some(id) = context.get("sts:ExternalId").and_then(|v| v.as_str()) {
            group.external_id_calls += 1;
            group.external_ids.insert(id.to_owned());
        }
        let mfa = context.get("aws:MultiFactorAuthPresent").and_then(|v| v.as_str()) == Some("true");
        group.mfa_calls += i64::from(mfa);
        group.details.add(&row, &context, at, chain)?;
        group.caller |= !is_owner;
        group.owner |= is_owner || owners.contains(&call);
    }
    Ok(groups
        .into_iter()
        .map(|((role_arn, action, source_kind, source, source_account, subject), g)| Assumption {
            role_account: crate::aws::Arn::parse(&role_arn).map(|a| a.account.to_owned()),
            role_arn,
            action,
            source_kind,
            source,
            source_account,
            calls: g.calls,
            first_seen_ms: g.first,
            last_seen_ms: g.last,
            external_id_calls: g.external_id_calls,
            distinct_external_ids: i64::try_from(g.external_ids.len()).unwrap_or(i64::MAX),
            mfa_calls: g.mfa_calls,
            subject,
            sides: match (g.caller, g.owner) {
                (true, true) => "both",
                (false, true) => "owner",
                _ => "caller",
            },
            details: g.details,
        })
        .collect())
}
