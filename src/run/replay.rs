//! Replays the calls of principals under all proposals together, with everything else that bears on each call in place; and
//! once more, with their session policies, the calls of sessions whose policies the log tells.
//!
//! A principal's policies are compiled once before and once after. Rows of use are distinct requests already; what two
//! principals ask alike is not shared, because who asks is part of the request (`aws:PrincipalArn`, policy variables).

use std::collections::BTreeMap;

use super::asked::{Caller, Question, Trusts, ask};
use super::consistency::Holder;
use super::holders::{as_held, policies, request_principal, unseen};
use super::layers::Layers;
use super::replaced::Proposed;
use super::sessions;
use crate::aws::Text;
use crate::evaluate::{Change, Compiler, Context, NamedPolicy, Policies};
use crate::grants::{Grants, OwnerKind, Principal};
use crate::prove::replay::context_of;
use crate::prove::{Judgement, NewlyDenied, ReplayCounts, judge};
use crate::usage::{Calls, Outcome, SessionCallRow, Usage, UsageRow};

/// A principal with its authorised calls.
pub struct Person<'g, 'u> {
    /// Who.
    pub principal: &'g Principal,
    /// Its distinct requests in the window.
    pub rows: Vec<&'u UsageRow>,
    /// Those of them in sessions with session policies.
    pub in_sessions: Vec<&'u SessionCallRow>,
}

/// Every user and role of the export that called anything with success.
pub fn people<'g, 'u>(grants: &'g Grants, usage: &'u Usage) -> Vec<Person<'g, 'u>> {
    let calls = Calls::new(&usage.rows);
    let in_sessions = Calls::new(&usage.session_calls);
    grants
        .principals()
        .filter(|p| p.kind != OwnerKind::Group)
        .map(|principal| Person {
            principal,
            rows: calls.of(&principal.unique_id, &principal.arn).into_iter().filter(|r| r.outcome == Outcome::Allowed).collect(),
            in_sessions: in_sessions.of(&principal.unique_id, &principal.arn).into_iter().filter(|r| r.outcome == Outcome::Allowed).collect(),
        })
        .filter(|p| !p.rows.is_empty() || !p.in_sessions.is_empty())
        .collect()
}

/// Requests that the new policies do not decide and that the same would settle.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct UnknownGroup {
    /// Distinct requests.
    pub requests: i64,
    /// Calls.
    pub calls: i64,
    /// Principals that make them.
    pub principals: i64,
    /// One of them: principal, resource, event ids.
    pub example: (String, String, Vec<String>),
}

/// Groups by action and by what would settle them.
pub type Unknowns<'u> = BTreeMap<(&'u str, String), UnknownGroup>;

/// Adds groups to groups.
pub fn add_unknowns<'u>(all: &mut Unknowns<'u>, more: &Unknowns<'u>) {
    for (key, group) in more {
        match all.get_mut(key) {
            Some(known) => {
                known.requests += group.requests;
                known.calls += group.calls;
                known.principals += group.principals;
            }
            None => {
                all.insert(key.clone(), group.clone());
            }
        }
    }
}

/// The replay of one principal.
#[derive(Default)]
pub struct Replayed<'u> {
    /// Its calls.
    pub counts: ReplayCounts,
    /// Those in sessions with session policies that the log tells, these in place.
    pub in_sessions: ReplayCounts,
    /// Calls in sessions whose policies the log does not tell: they count without.
    pub sessions_not_told: i64,
    /// What would be denied.
    pub newly_denied: Vec<NewlyDenied>,
    /// What is not decided.
    pub unknown: Unknowns<'u>,
    /// What no policy at hand explains.
    pub unexplained: Vec<&'u UsageRow>,
    /// The places of the proposals that change what it holds.
    pub touched: Vec<usize>,
}

/// A caller before and after all proposals.
pub struct BeforeAfter<'g> {
    /// As it is.
    pub holder: Holder<'g>,
    /// What changes.
    pub change: Change,
    /// The places of the proposals that change it.
    pub touched: Vec<usize>,
}

impl<'g> BeforeAfter<'g> {
    /// Puts together what a principal holds, and compiles it; what does not change is compiled once.
    pub fn new(principal: &'g Principal, grants: &'g Grants, proposed: &Proposed<'_>, compiler: &mut Compiler<'_>) -> BeforeAfter<'g> {
        let held = grants.held_by(principal);
        let after = proposed.after(&held);
        BeforeAfter {
            holder: Holder {
                arn: &principal.arn,
                caller: request_principal(principal),
                policies: policies(compiler, as_held(&held), held.boundary),
                unseen: unseen(&held).to_vec(),
            },
            change: if after.touched.is_empty() { Change::default() } else { to(compiler, after.identity) },
            touched: after.touched,
        }
    }
}

/// A change of the identity policies.
pub fn to(compiler: &mut Compiler<'_>, identity: Vec<NamedPolicy<'_>>) -> Change {
    let compiled = compiler.policies(&Policies { identity: Some(identity), ..Policies::default() });
    Change { identity: compiled.identity, resource: None }
}

/// Contexts of rows, each read once.
#[derive(Default)]
pub struct Contexts<'u>(BTreeMap<(&'u str, Option<&'u str>), Context>);

impl<'u> Contexts<'u> {
    /// The context of a class and a region.
    pub fn of(&mut self, class: &'u str, region: Option<&'u str>) -> &Context {
        self.0.entry((class, region)).or_insert_with(|| context_of(class, region))
    }
}

/// Judges one request of a caller.
fn judged(holder: &Holder<'_>, change: &Change, question: &Question<'_>, trusts: &Trusts<'_>, layers: &Layers<'_>) -> Judgement {
    let caller = Caller { who: &holder.caller, policies: &holder.policies, unseen: &holder.unseen };
    ask(caller, question, trusts, layers, |request, policies, unseen| judge(request, policies, unseen, change))
}

impl<'u> Replayed<'u> {
    fn denied(&mut self, principal: &str, action: &str, resource: &str, calls: i64, samples: &[Text]) {
        self.newly_denied.push(NewlyDenied {
            principal_arn: principal.to_owned(),
            action: action.to_owned(),
            resource: resource.to_owned(),
            calls,
            samples: owned(samples),
        });
    }

    /// Counts a request of use; requests of one principal count it once in each group.
    pub fn take(&mut self, principal: &str, row: &'u UsageRow, judgement: Judgement) {
        self.counts.count(&judgement, row.calls);
        match judgement {
            Judgement::Kept | Judgement::ByResourcePolicy | Judgement::AsBefore => {}
            Judgement::NewlyDenied => self.denied(principal, &row.action, &row.resource_arn, row.calls, &row.samples),
            Judgement::Unexplained => self.unexplained.push(row),
            Judgement::Unknown(settles) => {
                let group = self.unknown.entry((&row.action, settles.join(", "))).or_insert_with(|| UnknownGroup {
                    principals: 1,
                    example: (principal.to_owned(), row.resource_arn.as_str().to_owned(), owned(&row.samples)),
                    ..UnknownGroup::default()
                });
                group.requests += 1;
                group.calls += row.calls;
            }
        }
    }
}

fn owned(texts: &[Text]) -> Vec<String> {
    texts.iter().map(|t| t.as_str().to_owned()).collect()
}

/// Replays the calls of one principal.
pub fn of_person<'u>(person: &Person<'_, 'u>, layers: &Layers<'_>, proposed: &Proposed<'_>, compiler: &mut Compiler<'_>) -> Replayed<'u> {
    let BeforeAfter { holder, change, touched } = BeforeAfter::new(person.principal, layers.grants(), proposed, compiler);
    let mut out = Replayed { touched, ..Replayed::default() };
    let mut contexts = Contexts::default();
    for row in &person.rows {
        let question = Question {
            action: &row.action,
            resource: &row.resource_arn,
            is_pattern: row.is_pattern(),
            context: contexts.of(&row.context_class, row.region.as_deref()),
            first_ms: row.first_seen_ms,
        };
        out.take(holder.arn, row, judged(&holder, &change, &question, layers.trusts(), layers));
    }
    let mut rows = person.in_sessions.clone();
    rows.sort_by(|a, b| a.session().cmp(&b.session()));
    for rows in rows.chunk_by(|a, b| a.session() == b.session()) {
        let Some(first) = rows.first() else { continue };
        let (bounded, not_known) = sessions::bounded(&holder, first, layers.grants());
        if !not_known.is_empty() {
            out.sessions_not_told += rows.iter().map(|r| r.calls).sum::<i64>();
            continue;
        }
        for row in rows {
            let question = Question {
                action: &row.action,
                resource: &row.resource_arn,
                is_pattern: row.is_pattern(),
                context: contexts.of(&row.context_class, row.region.as_deref()),
                first_ms: row.first_seen_ms,
            };
            let judgement = judged(&bounded, &change, &question, layers.trusts(), layers);
            out.in_sessions.count(&judgement, row.calls);
            if judgement == Judgement::NewlyDenied {
                out.denied(holder.arn, &row.action, &row.resource_arn, row.calls, &row.samples);
            }
        }
    }
    out
}
