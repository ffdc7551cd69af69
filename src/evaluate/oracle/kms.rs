//! KMS grants: they allow an operation on one key to one grantee, within their constraints (item 20, R26).

use std::collections::BTreeSet;

use super::Case;
use super::conditions;
use super::exempt::is_one_of;
use super::facts::{Known, known};
use super::principals::{Classes, named};
use super::resources::is_of_sort;
use super::statements::{Finding, place};
use crate::evaluate::decision::{PolicyType, Tri};
use crate::policy::beside::KmsGrant;
use crate::evaluate::request::Request;
use crate::policy::{BaseOperator, Condition, ConditionOperator, Effect, PrincipalSet, SetOperator, Version};

/// R26: operations that take an encryption context, and so can be held to one.
const WITH_ENCRYPTION_CONTEXT: &[&str] = &[
    "kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext",
    "kms:GenerateDataKeyPair", "kms:GenerateDataKeyPairWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo",
];

const CONTEXT_PREFIX: &str = "kms:EncryptionContext:";

/// R26: the grants of the key.
pub(super) fn grants(case: &Case<'_>) -> Vec<Finding> {
    let key = is_of_sort(case.request, "arn:*:kms:*:*:key/*");
    let mut out = Vec::new();
    for (index, grant) in case.policies.settings.kms_grants.iter().enumerate() {
        let mut missing = BTreeSet::new();
        let constraints = constraints(case.request, grant, &mut missing);
        let classes = as_grantee(case, grant).and(constraints).or(as_retiring(case, grant)).and(key);
        if classes.any() != Tri::Unknown {
            missing.clear();
        }
        let place = place(PolicyType::Resource, "kms-grants", index, None);
        out.push(Finding { place, effect: Effect::Allow, classes, missing });
    }
    out
}

/// R26: a grantee matches as a `Principal` entry does, a service exactly.
fn principal(case: &Case<'_>, entry: &str) -> Classes {
    let set = PrincipalSet { aws: vec![entry.to_owned()], service: vec![entry.to_owned()], ..PrincipalSet::default() };
    named(case, &set, false)
}

/// R26: the grantee may do the operations that are listed.
fn as_grantee(case: &Case<'_>, grant: &KmsGrant) -> Classes {
    let listed = grant.operations.iter().any(|name| is_one_of(case.request.action, &[format!("kms:{name}").as_str()]));
    principal(case, &grant.grantee).and(Tri::from(listed))
}

/// R26: the retiring principal may retire the grant.
fn as_retiring(case: &Case<'_>, grant: &KmsGrant) -> Classes {
    let retires = is_one_of(case.request.action, &["kms:RetireGrant"]);
    match &grant.retiring_principal {
        Some(entry) => principal(case, entry).and(Tri::from(retires)),
        None => Classes::NONE,
    }
}

/// R26: all constraints of a grant.
fn constraints(request: &Request<'_>, grant: &KmsGrant, missing: &mut BTreeSet<String>) -> Tri {
    let source = source_arn(request, grant, missing);
    if !is_one_of(request.action, WITH_ENCRYPTION_CONTEXT) {
        return source;
    }
    let subset = pairs_present(request, &grant.encryption_context_subset, missing);
    let equals = match &grant.encryption_context_equals {
        Some(pairs) => pairs_present(request, pairs, missing).and(nothing_else(request, pairs, missing)),
        None => Tri::Yes,
    };
    source.and(subset).and(equals)
}

/// R26: the request's encryption context has each of these pairs.
fn pairs_present(request: &Request<'_>, pairs: &[(String, String)], missing: &mut BTreeSet<String>) -> Tri {
    let mut all = Tri::Yes;
    for (key, value) in pairs {
        let name = format!("{CONTEXT_PREFIX}{key}");
        all = all.and(match known(request, &name) {
            Known::Values(values) => Tri::from(values == [value.as_str()]),
            Known::Absent => Tri::No,
            Known::Unknown => {
                missing.insert(name);
                Tri::Unknown
            }
        });
    }
    all
}

/// R26, `EncryptionContextEquals`: no further pair; not to be told unless the context is complete.
fn nothing_else(request: &Request<'_>, pairs: &[(String, String)], missing: &mut BTreeSet<String>) -> Tri {
    let prefix = CONTEXT_PREFIX.to_ascii_lowercase();
    let is_listed = |name: &str| pairs.iter().any(|(key, _)| key.eq_ignore_ascii_case(name));
    if request.context.keys().filter_map(|key| key.strip_prefix(&prefix)).any(|name| !is_listed(name)) {
        Tri::No
    } else if request.context.is_complete() {
        Tri::Yes
    } else {
        missing.insert("kms:EncryptionContextKeys".to_owned());
        Tri::Unknown
    }
}

/// R26: `ArnLike` on `aws:SourceArn`.
fn source_arn(request: &Request<'_>, grant: &KmsGrant, missing: &mut BTreeSet<String>) -> Tri {
    let Some(arn) = &grant.source_arn else { return Tri::Yes };
    let operator = ConditionOperator { set: SetOperator::Single, base: BaseOperator::ArnLike, if_exists: false };
    let condition = Condition { operator, key: "aws:SourceArn".to_owned(), values: vec![arn.clone()] };
    missing.extend(conditions::missing(request, std::slice::from_ref(&condition), Version::V2008));
    conditions::holds(request, &condition, Version::V2008)
}
