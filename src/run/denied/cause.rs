//! Why one call was refused: which layer, how that is known, which statement.
//!
//! The message is AWS's own word and comes first, then the event's category (NetworkActivity events are refused by VPC endpoint
//! policies alone), then the policies at hand. Where neither tells, the cause says what would settle it.
//! Source: inputs-and-evaluation.md section 1.0; CloudTrail User Guide, "Logging network activity events".

use crate::evaluate::{DecidingStatement, Decision, PolicyType};
use crate::prove::{Agreement, Comparison};
use crate::usage::DeniedCallRow;

/// How the layer of a refusal is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub enum KnownBy {
    /// The denial's message names it.
    Message,
    /// The event's category, or a code that only VPC endpoints give.
    NetworkActivity,
    /// The policies at hand refuse the call.
    Evaluation,
    /// It is not.
    NotKnown,
}

impl KnownBy {
    /// The word of tables.
    pub fn as_str(self) -> &'static str {
        match self {
            KnownBy::Message => "message",
            KnownBy::NetworkActivity => "network-activity",
            KnownBy::Evaluation => "evaluation",
            KnownBy::NotKnown => "not known",
        }
    }
}

/// Why a call was refused.
#[derive(Clone, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub struct Cause {
    /// The layer's word.
    pub layer: Option<&'static str>,
    /// How it is known.
    pub known_by: KnownBy,
    /// `explicit` or `implicit`.
    pub effect: Option<&'static str>,
    /// The policy that denies, by name or ARN.
    pub policy: Option<String>,
    /// The statement that denies.
    pub statement: Option<DecidingStatement>,
    /// Why the layer or the statement is not known, and what would settle it.
    pub not_known: String,
    /// Whether the message names a layer that is at hand and does not refuse here.
    pub contradicts: bool,
}

impl Cause {
    /// Whether the layer is named, and with it the statement that denies or the grant that is missing.
    pub fn is_explained(&self) -> bool {
        let names_it = match self.effect {
            Some("implicit") => true,
            Some(_) => self.policy.is_some(),
            None => false,
        };
        self.layer.is_some() && names_it && !self.contradicts
    }
}

/// The layers' words, as messages and tables have them.
const WORDS: &[&str] = &["identity", "boundary", "session", "resource", "trust", "scp", "rcp", "vpc_endpoint"];

/// The kind of policy behind a layer's word; a trust policy is the resource policy of a role.
pub fn kind_of(layer: &str) -> Option<PolicyType> {
    let layer = if layer == "trust" { "resource" } else { layer };
    PolicyType::ALL.into_iter().find(|k| k.as_str() == layer)
}

/// The word of a kind; of calls to STS on a role the resource's policy is the trust policy.
fn word_of(kind: PolicyType, action: &str, resource: &str) -> &'static str {
    let on_role = action.starts_with("sts:") && resource.contains(":role/");
    if kind == PolicyType::Resource && on_role { "trust" } else { kind.as_str() }
}

/// What is asked first refuses first: the order of the engine.
fn order(kind: PolicyType) -> usize {
    use PolicyType as T;
    [T::ResourceControl, T::ServiceControl, T::VpcEndpoint, T::Identity, T::PermissionsBoundary, T::Session, T::Resource]
        .iter()
        .position(|k| *k == kind)
        .unwrap_or(usize::MAX)
}

/// Whether a policy's ARN is that of the policy that a decision names.
fn is_named(arn: &str, policy: &str) -> bool {
    arn == policy || arn.rsplit('/').next() == Some(policy)
}

/// A policy of the organisation by its id alone: decisions know it by that, messages by its ARN.
fn policy_name(arn: &str) -> String {
    match arn.contains(":organizations:").then(|| arn.rsplit('/').next()).flatten() {
        Some(id) => id.to_owned(),
        None => arn.to_owned(),
    }
}

/// What the policies at hand say to a call.
#[derive(Debug, Default)]
pub struct Answer {
    /// The answer; `None` where nobody could be asked.
    pub comparison: Option<Comparison>,
    /// Kinds that may exist and are not at hand.
    pub unseen: Vec<PolicyType>,
    /// Why nobody, or not everybody, could be asked; empty else.
    pub not_asked: &'static str,
}

/// Why a row's calls were refused.
pub fn cause(row: &DeniedCallRow, answer: &Answer) -> Cause {
    let (call, comparison, not_asked) = (&row.call, answer.comparison.as_ref(), answer.not_asked);
    let by_network = row.event_category.as_deref() == Some("NetworkActivity") || call.error_code.as_deref() == Some("VpceAccessDenied");
    let told = call.denied_policy_type.as_deref().and_then(|t| WORDS.iter().copied().find(|w| *w == t));
    let told_effect = match call.denied_effect.as_deref() {
        Some("explicit") => Some("explicit"),
        Some("implicit") => Some("implicit"),
        _ => None,
    };
    let mut cause = Cause {
        layer: told,
        known_by: if told.is_some() { KnownBy::Message } else { KnownBy::NotKnown },
        effect: told_effect,
        policy: call.denied_policy_arn.as_deref().map(policy_name),
        statement: None,
        not_known: String::new(),
        contradicts: comparison.is_some_and(|c| c.layer == Some(false)),
    };
    if by_network && told.is_none_or(|t| t == "vpc_endpoint") {
        (cause.layer, cause.known_by) = (Some("vpc_endpoint"), KnownBy::NetworkActivity);
    }
    match cause.layer {
        Some(layer) => {
            if let Some(comparison) = comparison.filter(|_| !cause.contradicts) {
                complete(&mut cause, layer, comparison);
            }
            if !cause.is_explained() {
                cause.not_known = match (cause.contradicts, cause.effect) {
                    (true, _) => format!("the message names the {layer} policies, and those at hand do not refuse the call"),
                    (_, None) => format!("whether a statement of the {layer} policies denies or none allows: {}", without(not_asked, "the policies are not at hand")),
                    _ => format!("which statement of the {layer} policies denies: {}", without(not_asked, "they are not at hand")),
                };
            }
        }
        None => match comparison {
            Some(comparison) => evaluated(&mut cause, row, comparison, answer),
            None => not_asked.clone_into(&mut cause.not_known),
        },
    }
    let is_encoded = cause.layer.is_none() && call.error_code.as_deref().is_some_and(|c| c.ends_with("UnauthorizedOperation"));
    if is_encoded {
        cause.not_known.push_str("; if the message is encoded, `aws sts decode-authorization-message` tells");
    }
    cause
}

fn without<'t>(text: &'t str, other: &'t str) -> &'t str {
    if text.is_empty() { other } else { text }
}

/// Finds the statement of the layer that AWS named.
fn complete(cause: &mut Cause, layer: &'static str, comparison: &Comparison) {
    let Some(kind) = kind_of(layer) else { return };
    let evaluation = &comparison.evaluation;
    match (cause.effect, evaluation.decision) {
        (Some("implicit"), _) => {}
        (_, Decision::ExplicitDeny) => {
            let mut of_kind = evaluation.decided_by.iter().filter(|d| d.policy_type == kind);
            let found = match &cause.policy {
                Some(arn) => of_kind.find(|d| is_named(arn, &d.policy)),
                None => of_kind.next(),
            };
            if let Some(found) = found {
                cause.effect = Some("explicit");
                cause.policy.get_or_insert_with(|| found.policy.clone());
                cause.statement = Some(found.clone());
            }
        }
        // AWS says "explicit" of service control policies that merely do not allow.
        (None, Decision::ImplicitDeny) | (Some("explicit"), Decision::ImplicitDeny)
            if evaluation.missing_policy_type == Some(kind) && (cause.effect.is_none() || kind == PolicyType::ServiceControl) && cause.policy.is_none() =>
        {
            cause.effect = Some("implicit");
        }
        _ => {}
    }
}

/// Takes the word of the policies at hand.
fn evaluated(cause: &mut Cause, row: &DeniedCallRow, comparison: &Comparison, answer: &Answer) {
    let evaluation = &comparison.evaluation;
    let word = |kind| word_of(kind, &row.call.action, &row.call.resource_arn);
    match evaluation.decision {
        Decision::ExplicitDeny if cause.effect != Some("implicit") => {
            if let Some(first) = evaluation.decided_by.iter().min_by_key(|d| (order(d.policy_type), *d)) {
                (cause.layer, cause.effect) = (Some(word(first.policy_type)), Some("explicit"));
                cause.policy = Some(first.policy.clone());
                cause.statement = Some(first.clone());
            }
        }
        Decision::ImplicitDeny if cause.effect != Some("explicit") => {
            // Of a kind that is not all at hand nobody can say that none of it allows.
            if let Some(kind) = evaluation.missing_policy_type.filter(|k| !answer.unseen.contains(k)) {
                (cause.layer, cause.effect) = (Some(word(kind)), Some("implicit"));
            }
        }
        _ => {}
    }
    if cause.layer.is_some() {
        cause.known_by = KnownBy::Evaluation;
        return;
    }
    let settles = comparison.settles.join(", ");
    cause.not_known = match (answer.not_asked, evaluation.decision) {
        ("", Decision::ImplicitDeny) => match evaluation.missing_policy_type {
            Some(kind) => format!("no {} policy that is at hand allows the call, and not all are at hand", kind.as_str()),
            None => "the policies at hand do not decide it".to_owned(),
        },
        ("", Decision::Allowed) => format!("the policies at hand allow the call: what refused it is not exported, or was changed since ({settles})"),
        ("", _) if comparison.agreement == Agreement::Unknown && !settles.is_empty() => format!("what would settle it: {settles}"),
        ("", _) => "the policies at hand do not decide it".to_owned(),
        (why, _) => why.to_owned(),
    };
}
