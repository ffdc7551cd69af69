//! One verdict for every action of every Allow statement, with the evidence it rests on.
//!
//! Order of questions: was it used; could a use have been seen; is the grant old enough; does a used action
//! depend on it; only then it may go. A wrong answer here is an outage or an open door.

use std::collections::{BTreeMap, BTreeSet};

use crate::aws::{arn_covers, arn_intersects, arn_matches};
use crate::grants::{Grants, Principal};
use crate::policy::matching::action_pattern_matches;
use crate::policy::{ActionElement, Effect, ResourceElement, Statement};
use crate::reference::{ActionId, Reference};
use crate::usage::{UsageRow, Window};

use super::evidence::{Evidence, Uses};
use super::narrow::{self, Seen};
use super::observe::Observer;
use super::units::PolicyUnit;
use super::write::Ground;

/// The verdict on one action of one statement.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub enum Verdict {
    /// Used; stays as granted.
    KeepUsed,
    /// The logs could not have shown a use; stays as granted.
    KeepUnobservable,
    /// Granted for less than the window; stays as granted.
    KeepYoung,
    /// A used action may need it; stays as granted.
    KeepDependent,
    /// Used on fewer resources than granted; stays for those.
    Narrow,
    /// Not used although a use would have been seen; goes.
    Drop,
}

impl Verdict {
    /// The word in reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::KeepUsed => "keep-used",
            Verdict::KeepUnobservable => "keep-unobservable",
            Verdict::KeepYoung => "keep-young",
            Verdict::KeepDependent => "keep-dependent",
            Verdict::Narrow => "narrow",
            Verdict::Drop => "drop",
        }
    }
}

/// A verdict with its evidence.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ActionVerdict {
    /// Index of the statement in the current document.
    pub statement: usize,
    /// The statement's Sid, if it has one.
    pub sid: Option<String>,
    /// Canonical action, or the pattern as written where the reference knows no action it matches.
    pub action: String,
    /// The verdict.
    pub verdict: Verdict,
    /// First authorised use in the window, epoch ms.
    pub first_seen_ms: Option<i64>,
    /// Last authorised use (in the window, or before it), epoch ms.
    pub last_seen_ms: Option<i64>,
    /// Authorised calls in the window.
    pub calls: i64,
    /// Denied calls in the window.
    pub denied_calls: i64,
    /// Resources that were used.
    pub resources: Vec<String>,
    /// Event ids to look up.
    pub samples: Vec<String>,
    /// Services that made authorised calls for the caller, with the caller's permissions (forward access sessions).
    pub via: Vec<String>,
    /// `high`, `medium` or `low`.
    pub confidence: &'static str,
    /// Why, in a sentence.
    pub reason: String,
}

/// What stays of one statement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Plan {
    /// The statement is copied as it is.
    Copy,
    /// The statement is rewritten.
    Rewrite {
        /// Actions that keep the statement's resource element.
        as_granted: BTreeSet<ActionId>,
        /// Action patterns that stay as written (the reference cannot expand them, or an unknown call needs them).
        patterns: BTreeSet<String>,
        /// Actions by the narrower resources they keep.
        narrowed: BTreeMap<Vec<String>, BTreeSet<ActionId>>,
    },
}

/// Verdicts and plans of one document.
pub struct Judged {
    /// One per statement and action.
    pub verdicts: Vec<ActionVerdict>,
    /// One per statement, in order.
    pub plans: Vec<Plan>,
}

/// Whether a statement's resource element takes in the resource of a call: yes, perhaps, no.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Taken {
    Yes,
    Perhaps,
    No,
}

fn taken(element: Option<&ResourceElement>, row: &UsageRow) -> Taken {
    let one = |pattern: &String| {
        if pattern.contains("${") {
            Taken::Perhaps
        } else if row.is_pattern() {
            if arn_covers(pattern, &row.resource_arn) {
                Taken::Yes
            } else if arn_intersects(pattern, &row.resource_arn) {
                Taken::Perhaps
            } else {
                Taken::No
            }
        } else if arn_matches(pattern, &row.resource_arn) {
            Taken::Yes
        } else {
            Taken::No
        }
    };
    match element {
        None => Taken::Perhaps,
        Some(ResourceElement::Resource(list)) => {
            if list.iter().any(|p| one(p) == Taken::Yes) {
                Taken::Yes
            } else if list.iter().any(|p| one(p) == Taken::Perhaps) {
                Taken::Perhaps
            } else {
                Taken::No
            }
        }
        Some(ResourceElement::NotResource(list)) => {
            if list.iter().any(|p| one(p) == Taken::Yes) {
                Taken::No
            } else if list.iter().any(|p| one(p) == Taken::Perhaps) {
                Taken::Perhaps
            } else {
                Taken::Yes
            }
        }
    }
}

/// Whether no statement that the principal holds takes the call in: the ARN we read from the log must then be
/// wrong or somebody else granted it, so it proves use of the action but tells nothing about resources.
fn is_orphan(grants: &Grants, principal: &Principal, row: &UsageRow) -> bool {
    !grants.held_by(principal).identity.iter().any(|held| {
        held.document.statements.iter().any(|s| {
            s.effect == Effect::Allow && s.action.contains(&row.action) && taken(s.resource.as_ref(), row) != Taken::No
        })
    })
}

/// The actions that an element takes in, and the patterns that the reference cannot expand.
#[must_use]
pub fn expand(element: &ActionElement, reference: &Reference) -> (BTreeSet<ActionId>, Vec<String>) {
    let mut ids = BTreeSet::new();
    let mut unknown = Vec::new();
    match element {
        ActionElement::Action(patterns) => {
            for pattern in patterns {
                let found = reference.expand(pattern);
                if found.is_empty() {
                    unknown.push(pattern.clone());
                }
                ids.extend(found);
            }
        }
        ActionElement::NotAction(patterns) => {
            ids.extend(reference.actions());
            for pattern in patterns {
                for id in reference.expand(pattern) {
                    ids.remove(&id);
                }
            }
        }
    }
    (ids, unknown)
}

/// Judges one document.
#[must_use]
pub fn judge(
    unit: &PolicyUnit<'_>,
    grants: &Grants,
    evidence: &Evidence<'_>,
    observer: &Observer<'_>,
    ground: &Ground<'_>,
    window: Window,
) -> Judged {
    let reference = ground.reference;
    let accounts: BTreeSet<&str> = unit.members.iter().map(|m| m.account.as_str()).collect();
    let accounts: Vec<&str> = accounts.into_iter().collect();
    let used = evidence.used_actions(&unit.members);
    let needs: BTreeMap<&str, &str> = used
        .iter()
        .filter_map(|id| reference.action(*id))
        .flat_map(|a| a.dependent_actions.iter().map(|d| (d.as_str(), a.name.as_str())))
        .collect();
    let needs: BTreeMap<ActionId, &str> = needs.iter().filter_map(|(d, by)| Some((reference.find(d)?, *by))).collect();
    let young = match unit.granted_ms {
        None => Some("when this was granted is not known".to_owned()),
        Some(at) if at > window.start_ms => Some("granted or changed inside the window".to_owned()),
        Some(_) => None,
    };
    let unknown_services = evidence.unknown_services(&unit.members);
    let mut judged = Judged { verdicts: Vec::new(), plans: Vec::new() };
    for (index, statement) in unit.document.statements.iter().enumerate() {
        if statement.effect == Effect::Deny {
            judged.plans.push(Plan::Copy);
            continue;
        }
        let mut as_granted = BTreeSet::new();
        let mut patterns = BTreeSet::new();
        let mut narrowed: BTreeMap<Vec<String>, BTreeSet<ActionId>> = BTreeMap::new();
        let mut changed = false;
        let (ids, unexpanded) = expand(&statement.action, reference);
        let verdict = |action: &str, verdict, reason: String| ActionVerdict {
            statement: index,
            sid: statement.sid.clone(),
            action: action.to_owned(),
            verdict,
            first_seen_ms: None,
            last_seen_ms: None,
            calls: 0,
            denied_calls: 0,
            resources: Vec::new(),
            samples: Vec::new(),
            via: Vec::new(),
            confidence: "high",
            reason,
        };
        for pattern in unexpanded {
            judged.verdicts.push(verdict(
                &pattern,
                Verdict::KeepUnobservable,
                "the reference knows no action of this name".to_owned(),
            ));
            patterns.insert(pattern);
        }
        patterns.extend(kept_for_unknown_calls(statement, &unknown_services, reference));
        for id in ids {
            let name = reference.name(id);
            let uses = evidence.uses(&unit.members, id);
            let mut entry = verdict(name, Verdict::KeepUsed, String::new());
            entry.denied_calls = uses.denied_calls;
            match weigh(&uses, statement, unit, grants, id, ground) {
                Some(Used { resources, narrowed: smaller, weak, note }) => {
                    fill(&mut entry, &uses);
                    entry.confidence = if weak { "low" } else if note.is_some() { "medium" } else { "high" };
                    entry.resources = resources;
                    match smaller {
                        Some(set) => {
                            entry.verdict = Verdict::Narrow;
                            entry.reason = format!("used on {} of the granted resources only", set.len());
                            narrowed.entry(set).or_default().insert(id);
                            changed = true;
                        }
                        None => {
                            entry.reason = note.unwrap_or_else(|| "used in the window".to_owned());
                            as_granted.insert(id);
                        }
                    }
                }
                None => {
                    entry.last_seen_ms = uses.last_before_ms;
                    if let Err(why) = observer.could_have_seen(id, &accounts, statement.resource.as_ref()) {
                        entry.verdict = Verdict::KeepUnobservable;
                        entry.reason = why;
                        as_granted.insert(id);
                    } else if let Some(why) = &young {
                        entry.verdict = Verdict::KeepYoung;
                        entry.reason.clone_from(why);
                        as_granted.insert(id);
                    } else if let Some(by) = needs.get(&id) {
                        entry.verdict = Verdict::KeepDependent;
                        entry.confidence = "medium";
                        entry.reason = format!("{by} is used and may need it");
                        as_granted.insert(id);
                    } else {
                        entry.verdict = Verdict::Drop;
                        entry.reason = dropped_because(&uses);
                        changed = true;
                    }
                }
            }
            judged.verdicts.push(entry);
        }
        judged.plans.push(if changed { Plan::Rewrite { as_granted, patterns, narrowed } } else { Plan::Copy });
    }
    judged
}

fn dropped_because(uses: &Uses<'_>) -> String {
    match (uses.denied_calls, uses.last_before_ms) {
        (0, None) => "never used in the logs".to_owned(),
        (0, Some(_)) => "not used in the window, only before it".to_owned(),
        (denied, _) => format!("never authorised in the window: {denied} calls, all denied"),
    }
}

/// Wildcards that must stay because a call was seen whose action is not known but whose service they cover.
fn kept_for_unknown_calls(statement: &Statement, services: &BTreeSet<&str>, reference: &Reference) -> Vec<String> {
    let ActionElement::Action(patterns) = &statement.action else { return Vec::new() };
    let mut kept = Vec::new();
    for service in services {
        let whole = format!("{service}:*");
        for pattern in patterns.iter().filter(|p| p.contains(['*', '?'])) {
            if crate::policy::matching::action_pattern_covers(pattern, &whole) {
                kept.push(whole.clone());
            } else if reference.service(service).is_some()
                && pattern.split_once(':').is_some_and(|(prefix, _)| action_pattern_matches(prefix, service))
            {
                kept.push(pattern.clone());
            }
        }
    }
    kept
}

struct Used {
    resources: Vec<String>,
    narrowed: Option<Vec<String>>,
    weak: bool,
    note: Option<String>,
}

/// Whether the uses fall under this statement, and on which resources.
fn weigh(
    uses: &Uses<'_>,
    statement: &Statement,
    unit: &PolicyUnit<'_>,
    grants: &Grants,
    id: ActionId,
    ground: &Ground<'_>,
) -> Option<Used> {
    let element = statement.resource.as_ref();
    let mut rows: Vec<&UsageRow> = Vec::new();
    let mut vague: Option<&str> = None;
    for (member, row) in &uses.allowed {
        match taken(element, row) {
            Taken::Yes => rows.push(row),
            Taken::Perhaps => {
                vague = Some("used; the log does not tell on which of the granted resources");
                rows.push(row);
            }
            Taken::No => {
                if unit.members.get(*member).is_some_and(|m| is_orphan(grants, m, row)) {
                    vague = Some("used; no granted resource matches the one in the log, so none is taken away");
                    rows.push(row);
                }
            }
        }
    }
    if rows.is_empty() {
        if uses.weak.iter().any(|r| taken(element, r) != Taken::No) {
            return Some(Used {
                resources: Vec::new(),
                narrowed: None,
                weak: true,
                note: Some("only calls that failed before authorisation could be told (throttling, validation)".to_owned()),
            });
        }
        return None;
    }
    let mut resources: Vec<String> = rows.iter().map(|r| r.resource_arn.clone()).collect();
    resources.sort();
    resources.dedup();
    if !ground.reference.scopable(id) {
        return Some(Used { resources, narrowed: None, weak: false, note: None });
    }
    if vague.is_none() && rows.iter().any(|r| r.is_pattern() || r.resource_arn == "*") {
        vague = Some("used; the log does not name the resource");
    }
    if !uses.weak.is_empty() && vague.is_none() {
        vague = Some("used; other calls failed on resources that are not known");
    }
    let narrowed = match (vague, element) {
        (None, Some(ResourceElement::Resource(patterns))) => {
            narrow::smaller(id, &rows.iter().map(|r| Seen::of(r)).collect::<Vec<_>>(), patterns, ground)
        }
        _ => None,
    };
    Some(Used { resources, narrowed, weak: false, note: vague.map(str::to_owned) })
}

/// Counts, times and samples of the authorised uses.
fn fill(entry: &mut ActionVerdict, uses: &Uses<'_>) {
    for (_, row) in &uses.allowed {
        entry.calls += row.calls;
        entry.first_seen_ms = Some(entry.first_seen_ms.map_or(row.first_seen_ms, |t| t.min(row.first_seen_ms)));
        entry.last_seen_ms = entry.last_seen_ms.max(Some(row.last_seen_ms));
        entry.samples.extend(row.samples.iter().cloned());
        entry.via.extend(row.called_via());
    }
    entry.via.sort();
    entry.via.dedup();
    entry.samples.sort();
    entry.samples.dedup();
    entry.samples.truncate(3);
}
