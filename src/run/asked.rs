//! A call as a question to the policies: made ready, with everything that bears on it around its caller's own policies.

use std::collections::BTreeMap;

use super::layers::{Call, Layers};
use crate::evaluate::{CompiledPolicies, Context, ContextValue, PolicyType, PreparedRequest, Request, RequestPrincipal};

/// The trust policies of roles, compiled, by the role's ARN.
pub type Trusts<'t> = BTreeMap<&'t str, CompiledPolicies>;

/// A caller with what it holds.
#[derive(Clone, Copy)]
pub struct Caller<'c> {
    /// Who.
    pub who: &'c RequestPrincipal,
    /// What it holds.
    pub policies: &'c CompiledPolicies,
    /// Kinds of which not all may be at hand.
    pub unseen: &'c [PolicyType],
}

/// What was called.
#[derive(Clone, Copy)]
pub struct Question<'q> {
    /// The action.
    pub action: &'q str,
    /// ARN, pattern or `*`.
    pub resource: &'q str,
    /// Whether that is a pattern.
    pub is_pattern: bool,
    /// What the record tells of the context.
    pub context: &'q Context,
    /// When it was first called, epoch ms.
    pub first_ms: i64,
}

impl Question<'_> {
    /// Prefix of the action.
    pub fn service(&self) -> &str {
        self.action.split(':').next().unwrap_or("")
    }
}

/// Asks a question with everything around it: `then` gets the request, all policies, and the kinds that may exist and are
/// not at hand.
pub fn ask<T>(
    caller: Caller<'_>,
    question: &Question<'_>,
    trusts: &Trusts<'_>,
    layers: &Layers<'_>,
    then: impl FnOnce(&PreparedRequest<'_>, &CompiledPolicies, &[PolicyType]) -> T,
) -> T {
    let service = question.service();
    let endpoint = match question.context.get_lower("aws:sourcevpce") {
        ContextValue::Present([one]) => Some(one.as_str()),
        _ => None,
    };
    let call = Call { resource: question.resource, is_pattern: question.is_pattern, service, endpoint, first_ms: question.first_ms };
    let mut around = layers.around(caller.who, caller.policies, &call);
    let mut unseen = caller.unseen.to_vec();
    // Of a role in the export the trust policy is known, and the role's own account counts.
    let trust = trusts.get(question.resource).filter(|_| service == "sts");
    match trust {
        Some(trust) => {
            unseen.extend(around.unseen.iter().filter(|kind| **kind != PolicyType::Resource));
            around.policies.resource.clone_from(&trust.resource);
        }
        None => unseen.extend(&around.unseen),
    }
    let request = PreparedRequest::new(Request {
        principal: caller.who,
        action: question.action,
        resource: question.resource,
        resource_is_pattern: question.is_pattern,
        resource_account: if trust.is_some() { None } else { around.owner(caller.who) },
        context: question.context,
    });
    then(&request, &around.policies, &unseen)
}
