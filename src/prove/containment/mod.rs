//! Containment: does a set of policy documents allow anything that another set does not?
//!
//! Three answers. `Contained` is a proof for every request there is, future actions included. `NotContained` comes
//! with a request that the evaluation engine itself allows under the new documents and not under the old ones.
//! Everything else is `NotProved`, with the reason. A bound that is reached, a condition that cannot be compared, a
//! difference that no request could be found for: none of them is ever "contained".
//!
//! The method (docs/decisions/0010-containment-by-walks.md): for each Allow statement of the new documents, for each
//! principal of it, two searches must come up empty. One for an action on a resource that it takes in, that no Deny of
//! the new documents takes away, and that no Allow of the old ones has; the other for one that a Deny of the old
//! documents takes away and none of the new. A statement counts on the other side only if its conditions are implied.
//! Without conditions and variables both searches are exact.

mod condition;
mod contexts;
mod gap;
mod principal;
mod statement;
mod steps;
mod values;
mod walk;
mod witness;

#[cfg(test)]
mod brute_force_test;
#[cfg(test)]
mod corpus_test;
#[cfg(test)]
mod table_test;

use std::collections::BTreeSet;

use condition::{Sieve, contradictory, implied};
use gap::{Gap, Search};
use principal::{Who, each, names, spares};
use statement::{Side, Sides};
use walk::Walked;
pub use witness::Witness;
use witness::{Judge, Suspect};

use crate::evaluate::PolicyType;
use crate::policy::{Effect, PolicyDocument};

/// States that all walks of one question may visit together.
const STATES: usize = 200_000;

/// Requests that may be put to the evaluation in search of a witness.
const TRIALS: usize = 20_000;

/// The answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Containment {
    /// Everything the new documents allow, the old ones allow.
    Contained,
    /// This request is allowed by the new documents and not by the old ones.
    NotContained {
        /// The request, confirmed by the evaluation.
        witness: Box<Witness>,
        /// Which statements differ, in words.
        reason: String,
    },
    /// Neither is shown, because.
    NotProved(String),
}

impl Containment {
    /// Why the new documents are not proved to be contained; `None` where they are.
    #[must_use]
    pub fn why_not(&self) -> Option<&str> {
        match self {
            Containment::Contained => None,
            Containment::NotContained { reason, .. } | Containment::NotProved(reason) => Some(reason),
        }
    }

    /// The word for the answer (design.md section 3).
    #[must_use]
    pub fn verdict(&self) -> &'static str {
        match self {
            Containment::Contained => "contained",
            Containment::NotContained { .. } => "not_contained",
            Containment::NotProved(_) => "not_proved",
        }
    }
}

/// What the documents are to whoever holds them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scope {
    /// Some policies among others: another policy may allow what these do not, so whatever the old documents deny,
    /// the new ones must deny as well.
    Part,
    /// All policies of a holder: a Deny that is gone matters only where the new documents allow something. Policies of
    /// a resource are never all there is, because callers have policies of their own, and root needs none: they are
    /// always compared as a part.
    Whole,
}

/// A question.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// The documents that should allow no more.
    pub new: &'a [&'a PolicyDocument],
    /// The documents that they are held against.
    pub old: &'a [&'a PolicyDocument],
    /// What the documents are to their holder.
    pub scope: Scope,
    /// Known actions that an action pattern matches, for witnesses that people recognise; it may give none.
    pub known_actions: &'a dyn Fn(&str) -> Vec<String>,
}

/// Whether `new` is contained in `old`, as some policies among others ([`Scope::Part`]).
#[must_use]
pub fn contained(new: &[&PolicyDocument], old: &[&PolicyDocument]) -> Containment {
    Question { new, old, scope: Scope::Part, known_actions: &|_| Vec::new() }.answer()
}

/// The kind of policy that documents are: of a resource if their statements name principals.
///
/// # Errors
/// When some statements name principals and others do not.
pub fn kind_of<'a>(documents: impl Iterator<Item = &'a PolicyDocument>) -> Result<PolicyType, String> {
    let kinds: BTreeSet<bool> = documents.flat_map(|d| &d.statements).map(|s| s.principal.is_some()).collect();
    match (kinds.contains(&true), kinds.contains(&false)) {
        (true, true) => Err("some statements have a Principal and others have none: they are no policies of one kind".to_owned()),
        (true, false) => Ok(PolicyType::Resource),
        (false, _) => Ok(PolicyType::Identity),
    }
}

/// What a search is for; said of its gaps.
#[derive(Clone, Copy)]
enum Aim<'s> {
    /// No Allow of the old documents has it.
    Missing,
    /// This Deny of the old documents takes it away.
    Freed(&'s Side<'s>),
    /// A Deny of the old documents, gone.
    LostDeny,
}

impl Question<'_> {
    /// The answer.
    #[must_use]
    pub fn answer(&self) -> Containment {
        match kind_of(self.new.iter().chain(self.old).copied()) {
            Err(why) => Containment::NotProved(why),
            Ok(kind) => {
                let (new, old) = (Sides::new(self.new, kind), Sides::new(self.old, kind));
                let scope = if kind == PolicyType::Resource { Scope::Part } else { self.scope };
                Proof { question: self, scope, kind, new: &new, old: &old, states: STATES, trials: TRIALS, doubt: None, judge: None }.run()
            }
        }
    }
}

/// A proof under way.
struct Proof<'q> {
    question: &'q Question<'q>,
    scope: Scope,
    kind: PolicyType,
    new: &'q Sides<'q>,
    old: &'q Sides<'q>,
    states: usize,
    trials: usize,
    /// The first thing that could not be shown.
    doubt: Option<String>,
    judge: Option<Judge>,
}

impl<'q> Proof<'q> {
    fn run(mut self) -> Containment {
        let (new, old) = (self.new, self.old);
        let mut found = None;
        for statement in &new.allows {
            found = found.or_else(|| self.allow(statement));
        }
        if self.scope == Scope::Part {
            for deny in &old.denies {
                found = found.or_else(|| self.lost(deny));
            }
        }
        match (found, self.doubt) {
            (Some(answer), _) => answer,
            (None, Some(why)) => Containment::NotProved(why),
            (None, None) => Containment::Contained,
        }
    }

    /// The searches for one Allow statement of the new documents.
    fn allow(&mut self, statement: &'q Side<'q>) -> Option<Containment> {
        let given: Vec<&Sieve> = statement.conditions.iter().collect();
        if contradictory(&given) {
            return None;
        }
        let (new, old) = (self.new, self.old);
        for who in each(statement.statement.principal.as_ref()) {
            let counts = |side: &&Side<'_>, effect| names(side.statement.principal.as_ref(), who, effect) && implied(&given, &side.conditions);
            let denied = new.denies.iter().filter(|d| counts(d, Effect::Deny));
            let allowed = old.allows.iter().filter(|a| counts(a, Effect::Allow));
            let search = Search { required: vec![statement], avoided: allowed.chain(denied).collect() };
            if let Some(answer) = self.search(&search, Aim::Missing, who, &given) {
                return Some(answer);
            }
            // As a part of what is held, every Deny must stay; that is shown once for all statements.
            if self.scope == Scope::Part {
                continue;
            }
            for deny in &old.denies {
                let both: Vec<&Sieve> = given.iter().copied().chain(&deny.conditions).collect();
                if spares(deny.statement.principal.as_ref(), who) || contradictory(&both) {
                    continue;
                }
                let avoided = new.denies.iter().filter(|d| {
                    let element = d.statement.principal.as_ref();
                    (names(element, who, Effect::Deny) || names_all(element, deny)) && implied(&both, &d.conditions)
                });
                let search = Search { required: vec![statement, deny], avoided: avoided.collect() };
                if let Some(answer) = self.search(&search, Aim::Freed(deny), who, &both) {
                    return Some(answer);
                }
            }
        }
        None
    }

    /// The search for what a Deny of the old documents denied and the new ones do not.
    fn lost(&mut self, deny: &'q Side<'q>) -> Option<Containment> {
        let given: Vec<&Sieve> = deny.conditions.iter().collect();
        if contradictory(&given) {
            return None;
        }
        for who in each(deny.statement.principal.as_ref()) {
            let counts = |d: &&Side<'_>| names(d.statement.principal.as_ref(), who, Effect::Deny) && implied(&given, &d.conditions);
            let search = Search { required: vec![deny], avoided: self.new.denies.iter().filter(counts).collect() };
            if let Some(answer) = self.search(&search, Aim::LostDeny, who, &given) {
                return Some(answer);
            }
        }
        None
    }

    /// Runs a search; an answer if a witness was found. What was found without one is a doubt.
    fn search(&mut self, search: &Search<'_>, aim: Aim<'_>, who: Who<'_>, must: &[&Sieve]) -> Option<Containment> {
        let mut states = self.states;
        let mut answer = None;
        let mut gaps = 0;
        let ended = search.run(&mut states, &mut |gap| {
            gaps += 1;
            answer = self.confirm(search, gap, aim, who, must);
            if answer.is_none() && self.doubt.is_none() {
                self.doubt = Some(doubt_text(search, gap, aim));
            }
            answer.is_some() || gaps >= 64 || self.trials == 0
        });
        self.states = states;
        if ended == Walked::TooLarge && self.doubt.is_none() {
            let label = search.required.first().map(|s| s.label()).unwrap_or_default();
            self.doubt = Some(format!("{label} is too large a question: its patterns overlap with those of the other policy in too many ways"));
        }
        answer
    }

    /// Puts a gap to the evaluation.
    fn confirm(&mut self, search: &Search<'_>, gap: &Gap, aim: Aim<'_>, who: Who<'_>, must: &[&Sieve]) -> Option<Containment> {
        let lost_deny = matches!(aim, Aim::LostDeny);
        let action = gap.action.to_ascii_lowercase();
        let like = |name: &str| {
            let lower = name.to_ascii_lowercase();
            search.required.iter().chain(&search.avoided).all(|s| s.actions.contains(&lower) == s.actions.contains(&action))
        };
        let mut names: Vec<String> =
            (self.question.known_actions)(&gap.pattern).into_iter().filter(|name| like(name)).take(2).collect();
        names.push(with_case_of(&gap.action, &gap.pattern));
        let bearing = self.new.all().chain(self.old.all()).flat_map(|s| &s.conditions).take(40).collect();
        let judge = match self.judge.take() {
            Some(judge) => judge,
            None => Judge::new(self.question.new, self.question.old, self.kind),
        };
        let suspect = Suspect { gap, names, who, must: must.to_vec(), bearing, lost_deny };
        let found = judge.confirm(&suspect, &mut self.trials);
        self.judge = Some(judge);
        let witness = Box::new(found?);
        let label = search.required.first().map(|s| s.label()).unwrap_or_default();
        let reason = match (aim, &witness.denied_by) {
            (Aim::LostDeny, _) => format!("the old Deny {label} denies {} on {}, and no new statement does", witness.action, witness.resource),
            (_, Some(by)) => {
                format!("the new {label} allows {} on {}, which the old Deny statement {by} denies", witness.action, witness.resource)
            }
            _ => {
                let here = if witness.context.is_empty() { "" } else { " in this context" };
                format!("the new {label} allows {} on {}, which no old statement allows{here}", witness.action, witness.resource)
            }
        };
        Some(Containment::NotContained { witness, reason })
    }
}

/// Whether a Deny reaches everybody that another one reaches.
fn names_all(element: Option<&crate::policy::PrincipalElement>, deny: &Side<'_>) -> bool {
    let all = each(deny.statement.principal.as_ref());
    !all.is_empty() && all.into_iter().all(|who| names(element, who, Effect::Deny))
}

fn doubt_text(search: &Search<'_>, gap: &Gap, aim: Aim<'_>) -> String {
    let label = search.required.first().map(|s| s.label()).unwrap_or_default();
    let resource: String = gap
        .resource
        .iter()
        .map(|s| match s {
            steps::Symbol::Char(c) => c.to_string(),
            steps::Symbol::Colon => ":".to_owned(),
            steps::Symbol::Variable(v) => format!("${{{}}}", v.key),
        })
        .collect();
    let what = format!("{} on {resource}", with_case_of(&gap.action, &gap.pattern));
    let but = "no request was found that shows a difference";
    match aim {
        Aim::Missing => format!("the new {label} takes in {what}, and no old statement surely allows it under the same conditions; {but}"),
        Aim::Freed(deny) => {
            format!("the new {label} takes in {what}, which the old Deny {} may deny, and no new Deny surely does; {but}", deny.label())
        }
        Aim::LostDeny => format!("the old Deny {label} denies {what}, and no new Deny surely does; {but}"),
    }
}

/// An action in the letters of the pattern that it came from, as far as that has no wildcard.
fn with_case_of(action: &str, pattern: &str) -> String {
    let fixed = pattern.find(['*', '?']).and_then(|at| pattern.get(..at)).unwrap_or(pattern);
    match action.get(..fixed.len()) {
        Some(start) if start.eq_ignore_ascii_case(fixed) => format!("{fixed}{}", action.get(fixed.len()..).unwrap_or_default()),
        _ => action.to_owned(),
    }
}
