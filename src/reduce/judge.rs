//! One verdict for every action of every Allow statement.
//!
//! Order of questions: was it used; does somebody answer for it; could a use have been seen; is the grant old enough; does
//! a used action depend on it; does it come again; only then it may go. A wrong answer here is an outage or an open door.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::aws::Text;
use crate::grants::Grants;
use crate::policy::matching::{action_pattern_covers, action_pattern_intersects, action_pattern_matches};
use crate::policy::{ActionElement, Effect, ResourceElement, Statement};
use crate::reference::{ActionId, ActionIds, Observability, Reference};
use crate::usage::Window;

use super::age::too_young;
use super::cadence::rhythm;
use super::evidence::{Evidence, Uses};
use super::expand::Expander;
use super::observe::Observer;
use super::settings::Mode;
use super::units::PolicyUnit;
use super::verdict::{ActionVerdict, Judged, Plan, Verdict, VerdictGroup};
use super::weigh::{Holdings, filled_up, weigh};
use super::write::Ground;

/// What judging needs, the same for all documents.
pub struct Judge<'a> {
    /// Who holds what.
    pub grants: &'a Grants,
    /// Who did what.
    pub evidence: &'a Evidence<'a>,
    /// What could have been seen.
    pub observer: &'a Observer<'a>,
    /// Actions by pattern.
    pub expander: &'a Expander<'a>,
    /// What policies are written on.
    pub ground: &'a Ground<'a>,
    /// How far back use counts.
    pub window: Window,
}

/// What holds for all statements of one document.
struct Case<'j, 'u> {
    unit: &'j PolicyUnit<'j>,
    accounts: Vec<&'j str>,
    uses: BTreeMap<ActionId, Uses<'u>>,
    /// Actions that a used action may need, with the name of the used one.
    needs: BTreeMap<ActionId, &'j str>,
    young: Option<String>,
    mode: Mode,
    unknown_services: BTreeSet<&'j str>,
    holdings: Holdings<'j>,
}

/// Verdicts of one statement, and what stays of it.
struct Sorted<'s> {
    statement: &'s Statement,
    index: usize,
    as_granted: ActionIds,
    narrowed: BTreeMap<Vec<String>, BTreeSet<ActionId>>,
    changed: bool,
}

impl Judge<'_> {
    /// Judges one document.
    #[must_use]
    pub fn judge(&self, unit: &PolicyUnit<'_>) -> Judged {
        let accounts: BTreeSet<&str> = unit.members.iter().map(|m| m.account.as_str()).collect();
        let mode = self.ground.settings.mode_for(&unit.members);
        let uses = self.evidence.uses(&unit.members);
        let used = uses.iter().filter(|(_, u)| !u.allowed.is_empty()).filter_map(|(id, _)| self.ground.reference.action(*id));
        let needs = used.flat_map(|a| a.dependent_actions.iter().filter_map(|d| Some((self.ground.reference.find(d)?, a.name.as_str()))));
        let case = Case {
            unit,
            accounts: accounts.into_iter().collect(),
            needs: if mode == Mode::Aggressive { BTreeMap::new() } else { needs.collect() },
            uses,
            young: self.young(unit, mode),
            mode,
            unknown_services: self.evidence.unknown_services(&unit.members),
            holdings: Holdings::new(self.grants, &unit.members),
        };
        let mut judged = Judged::default();
        for (index, statement) in unit.document.statements.iter().enumerate() {
            let plan = if statement.effect == Effect::Deny { Plan::Copy } else { self.statement(&case, index, statement, &mut judged) };
            judged.plans.push(plan);
        }
        judged
    }

    /// Why a grant is too young to be called unused, if it is.
    fn young(&self, unit: &PolicyUnit<'_>, mode: Mode) -> Option<String> {
        too_young(unit.granted_ms, mode, self.ground.settings, self.window)
    }

    fn statement(&self, case: &Case<'_, '_>, index: usize, statement: &Statement, judged: &mut Judged) -> Plan {
        let (ids, unexpanded) = self.expander.expand(&statement.action);
        let open = kept_for_unknown_calls(statement, &case.unknown_services, self.ground.reference);
        // What those patterns grant stays with them, on all of the statement's resources.
        let by_pattern = match &open {
            Some(open) => self.expander.expand(&ActionElement::Action(open.clone())).0.common(&ids),
            None => ids.clone(),
        };
        let mut patterns: BTreeSet<String> = open.unwrap_or_default().into_iter().collect();
        for pattern in unexpanded {
            let why = "the reference knows no action of this name".to_owned();
            judged.verdicts.push(ActionVerdict::new(index, statement.sid.as_deref(), pattern.as_str(), Verdict::KeepUnobservable, why));
            patterns.insert(pattern);
        }
        let mut sorted = Sorted { statement, index, as_granted: ActionIds::new(), narrowed: BTreeMap::new(), changed: false };
        let mut idle = ids.clone();
        let resource = filled_up(statement.resource.as_ref());
        let mut settled: Vec<(Cow<'static, str>, ActionIds)> = vec![(NOT_KNOWN.into(), by_pattern.clone())];
        settled.extend(self.settled(case, &ids, resource.as_deref()).into_iter().map(|(why, set)| (why.into(), set)));
        for (id, uses) in case.uses.iter().filter(|(id, _)| ids.contains(**id)) {
            let left = settled.iter().find(|(_, set)| set.contains(*id)).map(|(why, _)| why);
            let ground = (left.is_none() && case.mode != Mode::Conservative && self.ground.reference.scopable(*id)).then_some(self.ground);
            let Some(mut used) = weigh(*id, uses, resource.as_deref(), &case.holdings, ground) else { continue };
            if let Some(why) = left
                && !used.weak
                && self.ground.reference.scopable(*id)
            {
                used.note = Some(format!("used; resources stay as granted: {why}").into());
            }
            idle.remove(*id);
            let mut entry = ActionVerdict::new(index, statement.sid.as_deref(), self.ground.reference.text(*id), Verdict::KeepUsed, "");
            entry.denied_calls = uses.denied_calls;
            fill(&mut entry, uses);
            entry.confidence = if used.weak { "low" } else if used.note.is_some() { "medium" } else { "high" };
            entry.resources = used.resources;
            entry.patterns = used.patterns;
            match used.narrowed {
                Some(set) => {
                    entry.verdict = Verdict::Narrow;
                    entry.reason = format!("used on {} of the granted resources only", set.len()).into();
                    sorted.narrowed.entry(set).or_default().insert(*id);
                    sorted.changed = true;
                }
                None => {
                    entry.reason = used.note.unwrap_or("used in the window".into());
                    sorted.as_granted.insert(*id);
                }
            }
            judged.verdicts.push(entry);
        }
        let mut idle_by_pattern = by_pattern.common(&idle);
        idle.take_out(&idle_by_pattern);
        idle_by_pattern.pack();
        self.say(case, &mut sorted, Verdict::KeepUnobservable, "high", NOT_KNOWN, idle_by_pattern, judged);
        self.idle(case, &mut sorted, &idle, resource.as_deref(), judged);
        if !sorted.changed {
            return Plan::Copy;
        }
        sorted.as_granted.take_out(&by_pattern);
        Plan::Rewrite { as_granted: sorted.as_granted.iter().collect(), patterns, narrowed: sorted.narrowed }
    }

    /// The used actions whose resources must stay as granted, by the reason: somebody answers for them, or a use on the others could
    /// not have been seen, has had no time to be, or may come with another action. What is told only by parameters of other calls
    /// is taken as these tell it.
    fn settled(&self, case: &Case<'_, '_>, ids: &ActionIds, resource: Option<&ResourceElement>) -> Vec<(String, ActionIds)> {
        let mut used: ActionIds = case.uses.keys().copied().filter(|id| ids.contains(*id)).collect();
        let mut out = Vec::new();
        for keep in self.ground.settings.keep.iter().filter(|k| case.unit.members.iter().any(|m| k.is_for(m))) {
            let kept = used.common(&self.expander.expand(&ActionElement::Action(keep.actions.clone())).0);
            used.take_out(&kept);
            out.push((keep.why(), kept));
        }
        let derived = |id: &ActionId| self.ground.reference.action(*id).is_some_and(|a| a.observability == Observability::Derived);
        match &case.young {
            Some(why) => out.push((why.clone(), used)),
            None => {
                used = used.iter().filter(|id| !derived(id)).collect();
                for (id, by) in &case.needs {
                    if used.remove(*id) {
                        out.push((format!("{by} is used and may need it on others"), [*id].into_iter().collect()));
                    }
                }
                out.extend(self.observer.partition(&used, &case.accounts, resource).into_iter().filter_map(|(why, set)| Some((why?, set))));
            }
        }
        out
    }

    /// Judges the actions of a statement that nobody used under it.
    fn idle(&self, case: &Case<'_, '_>, sorted: &mut Sorted<'_>, idle: &ActionIds, resource: Option<&ResourceElement>, judged: &mut Judged) {
        let mut rest = idle.clone();
        for keep in self.ground.settings.keep.iter().filter(|k| case.unit.members.iter().any(|m| k.is_for(m))) {
            let kept = rest.common(&self.expander.expand(&ActionElement::Action(keep.actions.clone())).0);
            rest.take_out(&kept);
            self.say(case, sorted, Verdict::KeepListed, "high", keep.why(), kept, judged);
        }
        for (why, mut set) in self.observer.partition(&rest, &case.accounts, resource) {
            if let Some(why) = why {
                self.say(case, sorted, Verdict::KeepUnobservable, "high", why, set, judged);
                continue;
            }
            if let Some(why) = &case.young {
                self.say(case, sorted, Verdict::KeepYoung, "high", why.clone(), set, judged);
                continue;
            }
            for (id, by) in &case.needs {
                if set.remove(*id) {
                    self.say(case, sorted, Verdict::KeepDependent, "medium", format!("{by} is used and may need it"), [*id].into_iter().collect(), judged);
                }
            }
            let seen_before: Vec<ActionId> = case.uses.keys().copied().filter(|id| set.contains(*id)).collect();
            for id in seen_before {
                if let Some((confidence, why)) = case.uses.get(&id).and_then(|uses| self.comes_again(uses, case.mode)) {
                    set.remove(id);
                    self.say(case, sorted, Verdict::KeepCadence, confidence, why, [id].into_iter().collect(), judged);
                }
            }
            self.say(case, sorted, Verdict::Drop, "high", "never used in the logs", set, judged);
        }
    }

    /// Why something that was used before the window only is kept, if it is.
    fn comes_again(&self, uses: &Uses<'_>, mode: Mode) -> Option<(&'static str, String)> {
        if mode == Mode::Aggressive {
            return None;
        }
        let rhythm = uses.days.iter().find_map(|days| rhythm(days, self.window)).map(|why| ("medium", why));
        rhythm.or_else(|| (mode == Mode::Conservative && uses.last_before_ms.is_some()).then(|| ("low", "used before the window; the conservative mode keeps it".to_owned())))
    }

    /// Writes a verdict down: for each action by itself where a record tells something of it, else for all together.
    #[expect(clippy::too_many_arguments, reason = "a verdict has these parts")]
    fn say(&self, case: &Case<'_, '_>, sorted: &mut Sorted<'_>, verdict: Verdict, confidence: &'static str, reason: impl Into<Cow<'static, str>>, mut actions: ActionIds, judged: &mut Judged) {
        let reason = reason.into();
        if actions.is_empty() {
            return;
        }
        if verdict == Verdict::Drop {
            sorted.changed = true;
        } else {
            sorted.as_granted.add(&actions);
        }
        let sid = sorted.statement.sid.as_deref();
        let told: Vec<(ActionId, &Uses<'_>)> = case.uses.iter().filter(|(id, _)| actions.contains(**id)).map(|(id, uses)| (*id, uses)).collect();
        for (id, uses) in told {
            actions.remove(id);
            let why = if verdict == Verdict::Drop { dropped_because(uses) } else { reason.clone() };
            let mut entry = ActionVerdict::new(sorted.index, sid, self.ground.reference.text(id), verdict, why);
            entry.denied_calls = uses.denied_calls;
            entry.last_seen_ms = uses.last_before_ms;
            entry.confidence = confidence;
            judged.verdicts.push(entry);
        }
        if !actions.is_empty() {
            actions.pack();
            judged.groups.push(VerdictGroup { statement: sorted.index, sid: sid.map(Text::from), verdict, confidence, reason, actions });
        }
    }
}

fn dropped_because(uses: &Uses<'_>) -> Cow<'static, str> {
    match (uses.denied_calls, uses.last_before_ms) {
        (0, None) => "not used under this statement".into(),
        (0, Some(_)) => "not used in the window, only before it".into(),
        (denied, _) => format!("never authorised in the window: {denied} calls, all denied").into(),
    }
}

/// Why an action stays that a kept wildcard grants.
const NOT_KNOWN: &str = "a call to the service was seen whose action is not known";

/// Wildcards that must stay because a call was seen whose action is not known but whose service they cover; `None`: the statement
/// must stay whole, because no wildcard says what it grants of the service.
fn kept_for_unknown_calls(statement: &Statement, services: &BTreeSet<&str>, reference: &Reference) -> Option<Vec<String>> {
    let patterns = match &statement.action {
        ActionElement::Action(patterns) => patterns,
        ActionElement::NotAction(patterns) => return kept_beside(patterns, services),
    };
    let mut kept = Vec::new();
    for service in services {
        let whole = format!("{service}:*");
        for pattern in patterns.iter().filter(|p| p.contains(['*', '?'])) {
            if action_pattern_covers(pattern, &whole) {
                kept.push(whole.clone());
            } else if reference.service(service).is_some()
                && pattern.split_once(':').is_some_and(|(prefix, _)| action_pattern_matches(prefix, service))
            {
                kept.push(pattern.clone());
            }
        }
    }
    Some(kept)
}

/// The same of all actions but those of some patterns.
fn kept_beside(patterns: &[String], services: &BTreeSet<&str>) -> Option<Vec<String>> {
    let mut kept = Vec::new();
    for service in services {
        let whole = format!("{service}:*");
        if patterns.iter().any(|p| action_pattern_covers(p, &whole)) {
            continue;
        }
        if patterns.iter().any(|p| action_pattern_intersects(p, &whole)) {
            return None;
        }
        kept.push(whole);
    }
    Some(kept)
}

/// Counts, times and samples of the authorised uses.
fn fill(entry: &mut ActionVerdict, uses: &Uses<'_>) {
    for (_, row) in &uses.allowed {
        entry.calls += row.calls;
        entry.first_seen_ms = Some(entry.first_seen_ms.map_or(row.first_seen_ms, |t| t.min(row.first_seen_ms)));
        entry.last_seen_ms = entry.last_seen_ms.max(Some(row.last_seen_ms));
        entry.samples.extend(row.samples.iter().cloned());
        entry.via.extend(row.called_via().map(Text::from));
    }
    entry.via.sort();
    entry.via.dedup();
    entry.samples.sort();
    entry.samples.dedup();
    entry.samples.truncate(3);
    entry.samples.shrink_to_fit();
}
