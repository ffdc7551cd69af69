//! The principals that a statement of a trust or resource policy names, one entry each, and its conditions as one line.

use crate::aws::principal::{PrincipalKind, principal_kind};
use crate::aws::{Arn, is_account_id};
use crate::policy::{PrincipalElement, Statement};

/// One principal entry of one statement.
pub struct Entry {
    /// `service`, `saml`, `oidc`, `any`, `account-root`, `role`, `user`, `session`, `dangling-id`, `canonical`, `other`.
    pub kind: &'static str,
    /// As written.
    pub text: String,
    /// The account it names.
    pub account: Option<String>,
}

fn aws_entry(text: &str) -> Entry {
    let account = Arn::parse(text).map(|a| a.account.to_owned()).filter(|a| is_account_id(a));
    let kind = match principal_kind(text) {
        _ if text == "*" => "any",
        _ if is_account_id(text) => return Entry { kind: "account-root", text: text.to_owned(), account: Some(text.to_owned()) },
        Some(PrincipalKind::Root) => "account-root",
        Some(PrincipalKind::User) => "user",
        Some(PrincipalKind::Role) => "role",
        Some(PrincipalKind::Session | PrincipalKind::FederatedUser) => "session",
        _ if text.starts_with("AROA") || text.starts_with("AIDA") => "dangling-id",
        _ => "other",
    };
    Entry { kind, text: text.to_owned(), account }
}

/// The entries of a statement.
pub fn entries(statement: &Statement) -> Vec<Entry> {
    let Some(PrincipalElement::Principal(set)) = &statement.principal else {
        return vec![Entry { kind: "other", text: "NotPrincipal".to_owned(), account: None }];
    };
    let plain = |kind: &'static str, text: &String| Entry {
        kind,
        text: text.clone(),
        account: Arn::parse(text).map(|a| a.account.to_owned()).filter(|a| is_account_id(a)),
    };
    let mut out: Vec<Entry> = set.aws.iter().map(|t| aws_entry(t)).collect();
    out.extend(set.service.iter().map(|t| plain("service", t)));
    out.extend(set.federated.iter().map(|t| plain(if t.contains(":saml-provider/") { "saml" } else { "oidc" }, t)));
    out.extend(set.canonical_user.iter().map(|t| plain("canonical", t)));
    out
}

/// The statement's conditions as one line. ExternalId values are shared secrets: only that they are set is said.
pub fn conditions_text(statement: &Statement) -> Option<String> {
    if statement.conditions.is_empty() {
        return None;
    }
    let one = |c: &crate::policy::Condition| {
        if c.key.eq_ignore_ascii_case("sts:ExternalId") {
            format!("{} {} (set)", c.operator, c.key)
        } else {
            format!("{} {} = {}", c.operator, c.key, c.values.join(" | "))
        }
    };
    Some(statement.conditions.iter().map(one).collect::<Vec<_>>().join("; "))
}

/// Whether the statement holds only with a value of a key.
pub fn has_key(statement: &Statement, key: &str) -> bool {
    statement.conditions.iter().any(|c| c.key.eq_ignore_ascii_case(key) && !c.operator.base.is_negated() && !c.operator.if_exists)
}

/// The statement's name: its `Sid`, or its place.
pub fn statement_name(at: usize, statement: &Statement) -> String {
    statement.sid.clone().unwrap_or_else(|| format!("#{at}"))
}
