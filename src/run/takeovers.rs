//! Roles that are taken up by callers without policies of their own: services, SAML assertions, web identities. The
//! trust policy of the role alone decides, and it is in the export, so these calls are held against it as well.

use std::collections::BTreeMap;

use super::layers::Layers;
use super::consistency::{Consistency, Holder, Row, contradiction, put};
use super::eras::trusts_at;
use super::history::Past;
use crate::evaluate::{CompiledPolicies, Compiler, PrincipalType, RequestPrincipal};
use crate::usage::{Outcome, Usage};

/// The caller behind a row's `userIdentity.type` and key, where it has no policies of its own.
pub fn caller(principal_type: Option<&str>, key: &str) -> Option<RequestPrincipal> {
    let (kind, by_name) = match principal_type? {
        "AWSService" => (PrincipalType::Service, true),
        // The key is the provider's ARN, or its host.
        "WebIdentityUser" => (PrincipalType::WebIdentity, !key.starts_with("arn:")),
        "SAMLUser" if key.starts_with("arn:") => (PrincipalType::SAML, false),
        _ => return None,
    };
    let name = Some(key.to_owned());
    let (service, arn) = if by_name { (name, None) } else { (None, name) };
    Some(RequestPrincipal { service, arn, ..RequestPrincipal::of_kind(kind) })
}

/// Compares these calls on the export's roles with the roles' trust policies; of roles whose trust policy changed, with
/// the one that held at the time of the call.
pub fn compare(usage: &Usage, trusts: &BTreeMap<&str, CompiledPolicies>, layers: &Layers<'_>, past: &Past, out: &mut Consistency) {
    let used = usage.rows.iter().filter(|r| r.outcome == Outcome::Allowed);
    let used = used.map(|r| (r.principal_type.as_deref(), r.principal_key.as_str(), Row::of_use(r)));
    let denied = usage.denials.iter().map(|r| (r.principal_type.as_deref(), r.principal_key.as_str(), Row::of_denial(r)));
    for (principal_type, key, row) in used.chain(denied).filter(|(_, key, _)| !past.takes_up(key)) {
        if row.service() == "sts" && trusts.contains_key(row.resource) {
            put_one(principal_type, key, &row, trusts, layers, out);
        }
    }
    let mut compiler = Compiler::default();
    for key in past.takers() {
        for era in past.eras_of(key) {
            let rows: Vec<(Option<&str>, Row<'_>)> = era.rows().filter(|(_, r)| r.service() == "sts").collect();
            let then = trusts_at(past, era.start_ms, rows.iter().map(|(_, r)| r), trusts, &mut compiler);
            for (principal_type, row) in &rows {
                if then.contains_key(row.resource) || past.has_trusts_of(row.resource) {
                    put_one(*principal_type, key, row, &then, layers, out);
                }
            }
        }
    }
}

fn put_one(principal_type: Option<&str>, key: &str, row: &Row<'_>, trusts: &BTreeMap<&str, CompiledPolicies>, layers: &Layers<'_>, out: &mut Consistency) {
    let Some(caller) = caller(principal_type, key) else { return };
    let holder = Holder { arn: key, caller, policies: CompiledPolicies::default(), unseen: Vec::new() };
    let comparison = put(&holder, row, trusts, layers);
    out.calls.add(row, &comparison);
    out.contradictions.extend(contradiction(&holder, row, &comparison));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_without_policies_of_their_own() {
        let kind = |principal_type, key| caller(Some(principal_type), key).map(|c| (c.kind, c.service, c.arn));
        let text = |t: &str| Some(t.to_owned());
        assert_eq!(kind("AWSService", "ec2.amazonaws.com"), Some((PrincipalType::Service, text("ec2.amazonaws.com"), None)));
        assert_eq!(kind("WebIdentityUser", "accounts.example.com"), Some((PrincipalType::WebIdentity, text("accounts.example.com"), None)));
        let provider = "arn:aws:iam::111122223333:oidc-provider/accounts.example.com";
        assert_eq!(kind("WebIdentityUser", provider), Some((PrincipalType::WebIdentity, None, text(provider))));
        let provider = "arn:aws:iam::111122223333:saml-provider/Example";
        assert_eq!(kind("SAMLUser", provider), Some((PrincipalType::SAML, None, text(provider))));
        assert_eq!(kind("SAMLUser", "a name"), None, "which provider is not known");
        assert_eq!(kind("AWSAccount", "AROAEXAMPLE"), None, "has policies that are not at hand");
        assert_eq!(caller(None, "ec2.amazonaws.com"), None);
    }
}
