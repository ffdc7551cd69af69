//! KMS: a key's policy is the root of all access to it (rule 20), and grants add to it.
//!
//! A grant allows its operations to its grantee, and `RetireGrant` to the principal that may retire it, under
//! constraints on the encryption context. Denies elsewhere still win. Source: KMS Developer Guide, "Grants in AWS
//! KMS" and "Using grant constraints".

use super::layer::Recorder;
use super::prepared::{PreparedRequest, Value};
use super::principal::{Classes, CompiledPrincipal, Reach};
use super::{KmsGrant, Tri};
use crate::policy::{Effect, PrincipalSet};

/// Operations that take an encryption context; constraints on it bind these alone.
const WITH_ENCRYPTION_CONTEXT: &[&str] = &[
    "decrypt", "encrypt", "generatedatakey", "generatedatakeypair", "generatedatakeypairwithoutplaintext",
    "generatedatakeywithoutplaintext", "reencryptfrom", "reencryptto",
];

/// Operations that callers of another account never reach, whatever the key's policy says. Source: KMS Developer
/// Guide, "AWS KMS permissions", column of cross-account use.
const NOT_ACROSS_ACCOUNTS: &[&str] = &[
    "cancelkeydeletion", "createalias", "deletealias", "deleteimportedkeymaterial", "disablekey", "disablekeyrotation",
    "enablekey", "enablekeyrotation", "getkeypolicy", "getparametersforimport", "importkeymaterial", "listkeypolicies",
    "listresourcetags", "putkeypolicy", "replicatekey", "rotatekeyondemand", "schedulekeydeletion",
    "synchronizemultiregionkey", "tagresource", "untagresource", "updatealias", "updatekeydescription", "updateprimaryregion",
];

/// Whether an operation is for the key's own account alone.
#[must_use]
pub fn stays_in_its_account(request: &PreparedRequest<'_>) -> bool {
    request.service() == "kms" && NOT_ACROSS_ACCOUNTS.contains(&request.operation())
}

const CONTEXT_PREFIX: &str = "kms:encryptioncontext:";

/// Whether the request is for a key, not for an alias or for no key at all.
#[must_use]
pub fn is_key_request(request: &PreparedRequest<'_>) -> Tri {
    request.is_of_sort("arn:*:kms:*:*:key/*")
}

/// What the key's grants allow to the caller, by class.
pub fn grants<R: Recorder>(request: &PreparedRequest<'_>, grants: &[KmsGrant], recorder: &mut R) -> Classes {
    let mut all = Classes::NONE;
    if grants.is_empty() || request.service() != "kms" {
        return all;
    }
    let is_key = is_key_request(request);
    for (index, grant) in grants.iter().enumerate() {
        let operation = request.operation();
        let mut classes = Classes::NONE;
        if grant.operations.iter().any(|o| o.eq_ignore_ascii_case(operation)) {
            let mut open = Vec::new();
            let holds = constraints(grant, request, &mut open);
            classes = names(&grant.grantee, request).and(holds).and(is_key);
            if classes.any() == Tri::Unknown {
                open.iter().for_each(|key| recorder.missing(key));
            }
        }
        if operation == "retiregrant"
            && let Some(retiring) = &grant.retiring_principal
        {
            classes = classes.or(names(retiring, request).and(is_key));
        }
        let applies = classes.any();
        if applies != Tri::No {
            recorder.grant("kms-grants", index, &format!("#{index}"), Effect::Allow, applies);
        }
        all = all.or(classes);
    }
    all
}

/// A grant does not say which kind of principal its grantee is: an ARN, an account, a unique id or a service.
fn names(grantee: &str, request: &PreparedRequest<'_>) -> Classes {
    let entry = || vec![grantee.to_owned()];
    let set = PrincipalSet { aws: entry(), service: entry(), ..PrincipalSet::default() };
    CompiledPrincipal::of_set(&set).classes(Effect::Allow, request, Reach::PLAIN)
}

/// Whether a grant's constraints hold; `open` gets the keys that would settle it.
fn constraints(grant: &KmsGrant, request: &PreparedRequest<'_>, open: &mut Vec<String>) -> Tri {
    let mut result = Tri::Yes;
    if WITH_ENCRYPTION_CONTEXT.contains(&request.operation()) {
        let equals = grant.encryption_context_equals.as_deref();
        for (key, wanted) in grant.encryption_context_subset.iter().chain(equals.unwrap_or_default()) {
            let name = format!("{CONTEXT_PREFIX}{}", key.to_ascii_lowercase());
            result = result.and(match request.value(&name) {
                Value::One(found) => (found == wanted).into(),
                Value::Many(_) | Value::Absent => Tri::No,
                Value::Unknown => {
                    open.push(format!("kms:EncryptionContext:{key}"));
                    Tri::Unknown
                }
            });
        }
        if let Some(pairs) = equals {
            let listed = |k: &str| pairs.iter().any(|(key, _)| k.eq_ignore_ascii_case(key));
            let mut given = request.context().keys().filter_map(|k| k.strip_prefix(CONTEXT_PREFIX));
            if given.any(|k| !listed(k)) {
                result = Tri::No;
            } else if !request.context().is_complete() {
                // More pairs may have been sent than the record tells.
                open.push("kms:EncryptionContextKeys".to_owned());
                result = result.and(Tri::Unknown);
            }
        }
    }
    if let Some(pattern) = &grant.source_arn {
        result = result.and(match request.value("aws:sourcearn") {
            Value::One(found) => crate::aws::arn_matches(pattern, found).into(),
            Value::Many(_) | Value::Absent => Tri::No,
            Value::Unknown => {
                open.push("aws:SourceArn".to_owned());
                Tri::Unknown
            }
        });
    }
    result
}
