//! What each principal of the export holds and did, in the form that evaluation takes.

use std::collections::BTreeMap;

use crate::evaluate::{CompiledPolicies, Compiler, NamedPolicy, Policies, PolicyType, PrincipalType, RequestPrincipal};
use crate::grants::{Held, OwnerKind, Principal};
use crate::policy::PolicyDocument;
use crate::usage::{DenialRow, SessionCallRow, UsageRow};

/// The caller behind a principal of the export.
pub fn request_principal(principal: &Principal) -> RequestPrincipal {
    let is_role = principal.kind == OwnerKind::Role;
    RequestPrincipal {
        arn: (!is_role).then(|| principal.arn.clone()),
        role_arn: is_role.then(|| principal.arn.clone()),
        account: Some(principal.account.clone()),
        unique_id: Some(principal.unique_id.clone()),
        ..RequestPrincipal::of_kind(if is_role { PrincipalType::AssumedRole } else { PrincipalType::IAMUser })
    }
}

/// The policies of one caller: its identity policies and its boundary.
pub fn policies(compiler: &mut Compiler<'_>, identity: Vec<NamedPolicy<'_>>, boundary: Option<&PolicyDocument>) -> CompiledPolicies {
    let boundary = boundary.map(|document| vec![NamedPolicy { name: "boundary", document }]);
    compiler.policies(&Policies { identity: Some(identity), boundary, ..Policies::default() })
}

/// The identity policies that somebody holds, as they are.
pub fn as_held<'a>(held: &Held<'a>) -> Vec<NamedPolicy<'a>> {
    held.identity.iter().map(|h| NamedPolicy { name: h.name, document: h.document }).collect()
}

/// The kinds of a caller's own policies of which not all are at hand.
pub fn unseen(held: &Held<'_>) -> &'static [PolicyType] {
    if held.gaps.is_empty() { &[] } else { &[PolicyType::Identity, PolicyType::PermissionsBoundary] }
}

/// A row of use or denial with its caller.
pub trait OfCaller {
    /// The caller's unique id.
    fn key(&self) -> &str;
    /// The caller's ARN.
    fn arn(&self) -> Option<&str>;
}

impl OfCaller for UsageRow {
    fn key(&self) -> &str {
        &self.principal_key
    }

    fn arn(&self) -> Option<&str> {
        self.principal_arn.as_deref()
    }
}

impl OfCaller for DenialRow {
    fn key(&self) -> &str {
        &self.principal_key
    }

    fn arn(&self) -> Option<&str> {
        self.principal_arn.as_deref()
    }
}

impl OfCaller for SessionCallRow {
    fn key(&self) -> &str {
        &self.principal_key
    }

    fn arn(&self) -> Option<&str> {
        self.principal_arn.as_deref()
    }
}

/// Rows by the caller's unique id and by its ARN.
pub struct Calls<'u, T> {
    by_key: BTreeMap<&'u str, Vec<&'u T>>,
    by_arn: BTreeMap<&'u str, Vec<&'u T>>,
}

impl<'u, T: OfCaller> Calls<'u, T> {
    /// Sorts rows by caller.
    pub fn new(rows: &'u [T]) -> Calls<'u, T> {
        let mut calls = Calls { by_key: BTreeMap::new(), by_arn: BTreeMap::new() };
        for row in rows {
            calls.by_key.entry(row.key()).or_default().push(row);
            if let Some(arn) = row.arn() {
                calls.by_arn.entry(arn).or_default().push(row);
            }
        }
        calls
    }

    /// A principal's rows: by its id, and by its ARN for records that lack the id.
    pub fn of(&self, principal: &Principal) -> Vec<&'u T> {
        let mut rows = self.by_key.get(principal.unique_id.as_str()).cloned().unwrap_or_default();
        rows.extend(self.of_arn(&principal.arn).iter().filter(|r| r.key() != principal.unique_id));
        rows
    }

    /// The rows that name an ARN.
    pub fn of_arn(&self, arn: &str) -> &[&'u T] {
        self.by_arn.get(arn).map_or(&[][..], Vec::as_slice)
    }
}
