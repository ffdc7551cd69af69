//! The log as the test of the evaluation: a call that succeeded must come out allowed or open, a denied one denied
//! or open, and where the denial names a kind of policy that is at hand, that kind must be the one that refuses.
//!
//! Every contradiction is kept with both sides: it is a mistake of the evaluation, of the mapping, or an export that
//! is older or newer than the call. Source: inputs-and-evaluation.md section 4.6, "Test oracle", and section 1.0.

use crate::evaluate::layer::Verdict;
use crate::evaluate::{CompiledPolicies, Decision, Evaluation, PolicyType, PreparedRequest, Tri, engine, evaluate};

/// What a denial's message said of itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Refusal<'a> {
    /// `explicit` or `implicit`.
    pub effect: Option<&'a str>,
    /// Kind of policy: `identity`, `resource`, `trust`, `boundary`, `session`, `scp`, `rcp`, `vpc_endpoint`.
    pub policy_type: Option<&'a str>,
}

/// What the log says of a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Logged<'a> {
    /// It was authorised.
    Allowed,
    /// It was refused.
    Denied(Refusal<'a>),
}

/// How a decision stands to the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub enum Agreement {
    /// As logged.
    Ok,
    /// Not to be told with the grants at hand.
    Unknown,
    /// Against the log.
    Contradiction,
}

/// The comparison of one request with the log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Comparison {
    /// The decision against the log.
    pub agreement: Agreement,
    /// Of a denied call: whether the kind that the message names refuses here too; `None` where the message names
    /// none, or one that is not at hand.
    pub layer: Option<bool>,
    /// The decision that was compared.
    pub evaluation: Evaluation,
    /// Of an unknown: what would settle it, `condition key …`, `… policies` or `resource name`.
    pub settles: Vec<String>,
}

/// What would settle an open decision.
pub(super) fn settling(request: &PreparedRequest<'_>, evaluation: &Evaluation) -> Vec<String> {
    let mut out: Vec<String> = evaluation.missing_context.iter().map(|key| format!("condition key {key}")).collect();
    out.extend(evaluation.missing_policy_type.map(|kind| format!("{} policies", kind.as_str())));
    if out.is_empty() && request.request.resource_is_pattern {
        out.push("resource name".to_owned());
    }
    out
}

/// The kind of policy behind a message's word; a trust policy is the resource policy of a role.
fn kind_of(word: &str) -> Option<PolicyType> {
    let word = if word == "trust" { "resource" } else { word };
    PolicyType::ALL.into_iter().find(|k| k.as_str() == word)
}

/// Whether a kind refuses as the message says; a word that is open does not disagree.
fn refuses(kind: PolicyType, verdict: Verdict, effect: Option<&str>) -> Option<bool> {
    match effect? {
        // AWS says "explicit deny" of service control policies that merely do not allow as well.
        "explicit" if kind == PolicyType::ServiceControl => Some(verdict.deny != Tri::No || verdict.allow != Tri::Yes),
        "explicit" => Some(verdict.deny != Tri::No),
        _ => Some(verdict.allow != Tri::Yes),
    }
}

/// Compares a request with the log. `unseen` are kinds that may exist and are not in the export.
#[must_use]
pub fn compare(request: &PreparedRequest<'_>, policies: &CompiledPolicies, unseen: &[PolicyType], logged: Logged<'_>) -> Comparison {
    let evaluation = evaluate(request, policies);
    let mut settles = Vec::new();
    let (agreement, layer) = match logged {
        Logged::Allowed => match evaluation.decision {
            Decision::Allowed => (Agreement::Ok, None),
            Decision::Unknown => {
                settles = settling(request, &evaluation);
                (Agreement::Unknown, None)
            }
            // What bounds has evidently allowed the call; only what grants can be missing.
            Decision::ImplicitDeny => {
                let granting = |k: &PolicyType| matches!(k, PolicyType::Identity | PolicyType::PermissionsBoundary | PolicyType::Resource);
                let kinds: Vec<PolicyType> = unseen.iter().copied().filter(granting).collect();
                let open = evaluate(request, &policies.clone().with_unknown(&kinds));
                if open.decision.is_denied() {
                    (Agreement::Contradiction, None)
                } else {
                    settles = settling(request, &open);
                    (Agreement::Unknown, None)
                }
            }
            Decision::ExplicitDeny => (Agreement::Contradiction, None),
        },
        Logged::Denied(refusal) => {
            let named = refusal.policy_type.and_then(kind_of).filter(|k| policies.is_given(*k) && !unseen.contains(k));
            let layer = named.and_then(|kind| refuses(kind, engine::verdict_of(request, policies, kind), refusal.effect));
            let agreement = match evaluation.decision {
                _ if layer == Some(false) => Agreement::Contradiction,
                Decision::ExplicitDeny | Decision::ImplicitDeny => Agreement::Ok,
                Decision::Unknown => {
                    settles = settling(request, &evaluation);
                    Agreement::Unknown
                }
                // Allowed by the policies at hand and refused all the same: by another kind, which is not at hand.
                Decision::Allowed => {
                    settles.push(format!("{} policies", refusal.policy_type.unwrap_or("other")));
                    Agreement::Unknown
                }
            };
            (agreement, layer)
        }
    };
    Comparison { agreement, layer, evaluation, settles }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::{Compiler, Context, NamedPolicy, Policies, PrincipalType, Request, RequestPrincipal};
    use crate::policy::parse_text;

    fn agreement(action: &str, unseen: &[PolicyType], logged: Logged<'_>) -> (Agreement, Option<bool>) {
        let document = parse_text(
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:Get*","Resource":"*"},{"Effect":"Deny","Action":"s3:GetBucketAcl","Resource":"*"}]}"#,
        )
        .unwrap();
        let policies = Compiler::default().policies(&Policies {
            identity: Some(vec![NamedPolicy { name: "p", document: &document }]),
            ..Policies::default()
        });
        let principal = RequestPrincipal {
            arn: Some("arn:aws:iam::111122223333:user/ann".to_owned()),
            ..RequestPrincipal::of_kind(PrincipalType::IAMUser)
        };
        let context = Context::new(false);
        let request = PreparedRequest::new(Request {
            principal: &principal,
            action,
            resource: "arn:aws:s3:::b",
            resource_is_pattern: false,
            resource_account: Some("111122223333"),
            context: &context,
        });
        let comparison = compare(&request, &policies, unseen, logged);
        (comparison.agreement, comparison.layer)
    }

    fn denied<'a>(effect: &'a str, policy_type: &'a str) -> Logged<'a> {
        Logged::Denied(Refusal { effect: Some(effect), policy_type: Some(policy_type) })
    }

    #[test]
    fn a_call_that_succeeded_is_allowed_or_open() {
        assert_eq!(agreement("s3:GetBucketTagging", &[], Logged::Allowed).0, Agreement::Ok);
        assert_eq!(agreement("s3:PutBucketTagging", &[PolicyType::Resource], Logged::Allowed).0, Agreement::Unknown);
        assert_eq!(agreement("s3:PutBucketTagging", &[], Logged::Allowed).0, Agreement::Contradiction);
        assert_eq!(agreement("s3:GetBucketAcl", &[PolicyType::Resource], Logged::Allowed).0, Agreement::Contradiction);
    }

    #[test]
    fn a_denial_names_its_layer() {
        assert_eq!(agreement("s3:PutBucketTagging", &[], denied("implicit", "identity")), (Agreement::Ok, Some(true)));
        assert_eq!(agreement("s3:GetBucketTagging", &[], denied("implicit", "identity")), (Agreement::Contradiction, Some(false)));
        assert_eq!(agreement("s3:GetBucketAcl", &[], denied("explicit", "identity")), (Agreement::Ok, Some(true)));
        assert_eq!(agreement("s3:PutBucketTagging", &[], denied("explicit", "identity")), (Agreement::Contradiction, Some(false)));
        assert_eq!(agreement("s3:GetBucketTagging", &[], denied("explicit", "scp")), (Agreement::Unknown, None));
        assert_eq!(agreement("s3:GetBucketTagging", &[], Logged::Denied(Refusal::default())), (Agreement::Unknown, None));
    }
}
