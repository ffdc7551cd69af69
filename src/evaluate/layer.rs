//! What one kind of policy says to a request: the best of its Allows, the worst of its Denies, and which they were.

use std::collections::BTreeSet;

use super::statement::applies;
use super::{DecidingStatement, Facts, NamedPolicy, PolicyType, Request, Tri};
use crate::policy::{Effect, Statement};

/// The answer of one kind of policy.
#[derive(Clone, Debug)]
pub struct Layer {
    /// Whether a statement allows.
    pub allow: Tri,
    /// Whether a statement denies.
    pub deny: Tri,
    /// Allow statements that apply or may.
    pub allowing: Vec<(Tri, DecidingStatement)>,
    /// Deny statements that apply.
    pub denying: Vec<DecidingStatement>,
    /// Deny statements that may apply.
    pub may_deny: Vec<DecidingStatement>,
    /// Keys that would settle what is open.
    pub missing: BTreeSet<String>,
}

impl Layer {
    /// A kind of policy that says nothing.
    #[must_use]
    pub fn silent(allow: Tri) -> Layer {
        Layer { allow, deny: Tri::No, allowing: Vec::new(), denying: Vec::new(), may_deny: Vec::new(), missing: BTreeSet::new() }
    }

    /// Adds what one statement says.
    pub fn add(&mut self, statement: &Statement, applies: Tri, named: DecidingStatement) {
        match (statement.effect, applies) {
            (_, Tri::No) => {}
            (Effect::Allow, applies) => {
                self.allow = self.allow.or(applies);
                self.allowing.push((applies, named));
            }
            (Effect::Deny, Tri::Yes) => {
                self.deny = Tri::Yes;
                self.denying.push(named);
            }
            (Effect::Deny, Tri::Unknown) => {
                self.deny = self.deny.or(Tri::Unknown);
                self.may_deny.push(named);
            }
        }
    }
}

/// The name of a statement in a decision.
#[must_use]
pub fn named(policy_type: PolicyType, policy: &str, statement: &Statement, index: usize) -> DecidingStatement {
    DecidingStatement {
        policy_type,
        policy: policy.to_owned(),
        statement: statement.sid.clone().filter(|s| !s.is_empty()).unwrap_or_else(|| format!("#{index}")),
    }
}

/// The answer of policies whose statements name no principal.
#[must_use]
pub fn of_policies(policy_type: PolicyType, policies: &[NamedPolicy<'_>], request: &Request<'_>, facts: &Facts<'_>) -> Layer {
    let mut layer = Layer::silent(Tri::No);
    for policy in policies {
        for (index, statement) in policy.document.statements.iter().enumerate() {
            let mut missing = BTreeSet::new();
            let applies = applies(statement, request, policy.document.version, facts, &mut missing);
            if applies == Tri::Unknown {
                layer.missing.extend(missing);
            }
            layer.add(statement, applies, named(policy_type, policy.name, statement, index));
        }
    }
    layer
}
