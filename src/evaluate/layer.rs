//! What one kind of policy says to a request: the best of its Allows and the worst of its Denies.
//!
//! The walk tells a [`Recorder`] every statement that applies or may. Deciding alone uses a recorder that keeps
//! nothing, so the same code gives the bare decision without allocation and the full reasons.

use std::collections::BTreeSet;

use super::document::{CompiledPolicy, CompiledStatement};
use super::prepared::PreparedRequest;
use super::principal::{Classes, Reach};
use super::{DecidingStatement, PolicyType, Tri};
use crate::policy::Effect;

/// The answer of one kind of policy.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Verdict {
    /// Whether it allows.
    pub allow: Tri,
    /// Whether it denies.
    pub deny: Tri,
}

impl Verdict {
    /// A kind of policy that is not there.
    pub const ABSENT: Verdict = Verdict { allow: Tri::Yes, deny: Tri::No };
    /// A kind that is there and allows nothing.
    pub const NOTHING: Verdict = Verdict { allow: Tri::No, deny: Tri::No };
    /// A kind that exists or may and is not known.
    pub const UNKNOWN: Verdict = Verdict { allow: Tri::Unknown, deny: Tri::Unknown };

    /// With policies besides that are not known.
    #[must_use]
    pub fn or_unknown(self) -> Verdict {
        Verdict { allow: self.allow.or(Tri::Unknown), deny: self.deny.or(Tri::Unknown) }
    }
}

/// Hears of every statement that applies or may apply.
pub trait Recorder {
    /// A statement of a policy.
    fn statement(&mut self, kind: PolicyType, policy: &CompiledPolicy, statement: &CompiledStatement, applies: Tri, request: &PreparedRequest<'_>);
    /// A rule or grant that is no statement: its place, its name, its effect.
    fn grant(&mut self, policy: &str, index: usize, name: &str, effect: Effect, applies: Tri);
    /// Keys that would settle a grant.
    fn missing(&mut self, key: &str);
}

/// Keeps nothing.
pub struct Quiet;

impl Recorder for Quiet {
    fn statement(&mut self, _: PolicyType, _: &CompiledPolicy, _: &CompiledStatement, _: Tri, _: &PreparedRequest<'_>) {}
    fn grant(&mut self, _: &str, _: usize, _: &str, _: Effect, _: Tri) {}
    fn missing(&mut self, _: &str) {}
}

/// Keeps what was heard, for `decided_by` and `missing_context`.
#[derive(Default)]
pub struct Reasons {
    /// Statements with effect and how surely they apply.
    pub heard: Vec<(Effect, Tri, DecidingStatement)>,
    /// Keys that would settle what may apply.
    pub missing: BTreeSet<String>,
}

impl Recorder for Reasons {
    fn statement(&mut self, kind: PolicyType, policy: &CompiledPolicy, statement: &CompiledStatement, applies: Tri, request: &PreparedRequest<'_>) {
        if applies == Tri::Unknown {
            statement.add_missing(request, &mut self.missing);
        }
        let named = DecidingStatement {
            policy_type: kind,
            policy: policy.name.to_string(),
            index: statement.index,
            statement: statement.label(),
        };
        self.heard.push((statement.effect, applies, named));
    }

    fn grant(&mut self, policy: &str, index: usize, name: &str, effect: Effect, applies: Tri) {
        let named = DecidingStatement {
            policy_type: PolicyType::Resource,
            policy: policy.to_owned(),
            index,
            statement: name.to_owned(),
        };
        self.heard.push((effect, applies, named));
    }

    fn missing(&mut self, key: &str) {
        self.missing.insert(key.to_owned());
    }
}

/// The statements of some policies that take part for a request, each with how surely and by which classes.
fn each<'p, R: Recorder>(
    kind: PolicyType,
    policies: &'p [CompiledPolicy],
    request: &PreparedRequest<'_>,
    reach: Reach,
    recorder: &mut R,
    mut take: impl FnMut(&'p CompiledStatement, Classes),
) {
    for policy in policies {
        for statement in &policy.document.statements {
            let rest = statement.applies(request);
            if rest == Tri::No {
                continue;
            }
            let classes = statement.classes(request, reach).and(rest);
            let applies = classes.any();
            if applies != Tri::No {
                recorder.statement(kind, policy, statement, applies, request);
                take(statement, classes);
            }
        }
    }
}

/// The answer of policies of one kind.
pub fn of_policies<R: Recorder>(
    kind: PolicyType,
    policies: &[CompiledPolicy],
    request: &PreparedRequest<'_>,
    reach: Reach,
    recorder: &mut R,
) -> Verdict {
    let mut verdict = Verdict::NOTHING;
    each(kind, policies, request, reach, recorder, |statement, classes| match statement.effect {
        Effect::Allow => verdict.allow = verdict.allow.or(classes.any()),
        Effect::Deny => verdict.deny = verdict.deny.or(classes.any()),
    });
    verdict
}

/// The answer of policies of one kind with their allows by class of grant.
pub fn by_class<R: Recorder>(
    kind: PolicyType,
    policies: &[CompiledPolicy],
    request: &PreparedRequest<'_>,
    reach: Reach,
    recorder: &mut R,
) -> (Classes, Tri) {
    let (mut allow, mut deny) = (Classes::NONE, Tri::No);
    each(kind, policies, request, reach, recorder, |statement, classes| match statement.effect {
        Effect::Allow => allow = allow.or(classes),
        Effect::Deny => deny = deny.or(classes.any()),
    });
    (allow, deny)
}

/// The answer of a kind that bounds: not there, not known, or its policies. Policies that are given are all of their
/// kind, unless the kind is said to be not known as well.
pub fn bound<R: Recorder>(
    kind: PolicyType,
    policies: Option<&[CompiledPolicy]>,
    unknown: bool,
    request: &PreparedRequest<'_>,
    reach: Reach,
    recorder: &mut R,
) -> Verdict {
    match policies {
        Some(list) => {
            let given = of_policies(kind, list, request, reach, recorder);
            if unknown { given.or_unknown() } else { given }
        }
        None if unknown => Verdict::UNKNOWN,
        None => Verdict::ABSENT,
    }
}
