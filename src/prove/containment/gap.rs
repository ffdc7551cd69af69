//! The search for a gap: an action on a resource that some statements take in and others do not.
//!
//! Actions are walked first. Each set of statements that some action meets is then asked about resources, once. Both
//! steps are exact where no pattern holds a variable; where one does, a match that must be sure is taken too narrow
//! and one that must be ruled out too wide, so that a gap is never overlooked.

use std::collections::{HashMap, HashSet};

use super::statement::{ActionPattern, Side};
use super::steps::{Step, Symbol, every_arn, starting_with_arn, surely_apart};
use super::walk::{Beside, Universe, Walked, walk};

/// An action on a resource.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Gap {
    /// The action.
    pub action: String,
    /// The action pattern that it came from, as written.
    pub pattern: String,
    /// The resource; `*` is a request that names none.
    pub resource: Vec<Symbol>,
}

/// What a search looks for: an action on a resource that every statement of `required` takes in (the first is
/// walked) and none of `avoided`.
pub struct Search<'s> {
    /// Statements that must take it in; never empty.
    pub required: Vec<&'s Side<'s>>,
    /// Statements that must not.
    pub avoided: Vec<&'s Side<'s>>,
}

impl Search<'_> {
    /// Tells `visit` of gaps until it has enough. When the answer is [`Walked::All`] and nothing was told, there is
    /// none.
    pub fn run(&self, budget: &mut usize, visit: &mut dyn FnMut(&Gap) -> bool) -> Walked {
        let Some(first) = self.required.first() else { return Walked::All };
        let every = [ActionPattern::every()];
        let patterns: &[ActionPattern] = if first.actions.negated { &every } else { &first.actions.patterns };
        let mut closed: HashSet<Vec<bool>> = HashSet::new();
        for pattern in patterns {
            let ended = if pattern.is_literal() {
                self.of_action(pattern, &mut closed, budget, visit)
            } else if self.is_plainly_closed(pattern, budget) {
                Walked::All
            } else {
                self.of_pattern(pattern, &mut closed, budget, visit)
            };
            if ended != Walked::All {
                return ended;
            }
        }
        Walked::All
    }

    /// Every statement of the search.
    fn sides(&self) -> impl Iterator<Item = &Side<'_>> {
        self.required.iter().chain(&self.avoided).copied()
    }

    /// Whether the statements that plainly take in all of an action pattern leave no resource: most proposals end
    /// here, without a walk over actions.
    fn is_plainly_closed(&self, pattern: &ActionPattern, budget: &mut usize) -> bool {
        let live: Vec<&Side<'_>> = self.avoided.iter().copied().filter(|a| a.actions.plainly_covers(pattern)).collect();
        let mut found = false;
        let ended = !live.is_empty()
            && self.resources(&live, budget, &mut |_| {
                found = true;
                true
            }) == Walked::All;
        ended && !found
    }

    fn of_action(
        &self,
        pattern: &ActionPattern,
        closed: &mut HashSet<Vec<bool>>,
        budget: &mut usize,
        visit: &mut dyn FnMut(&Gap) -> bool,
    ) -> Walked {
        let is_action = pattern.lower.split_once(':').is_some_and(|(s, n)| !s.is_empty() && !n.is_empty() && !n.contains(':'));
        if !is_action {
            return Walked::All;
        }
        let live = self.sides().map(|s| s.actions.contains(&pattern.lower)).collect();
        self.at_action(&pattern.written, pattern, live, closed, budget, visit)
    }

    fn of_pattern(
        &self,
        pattern: &ActionPattern,
        closed: &mut HashSet<Vec<bool>>,
        budget: &mut usize,
        visit: &mut dyn FnMut(&Gap) -> bool,
    ) -> Walked {
        let first_is_sure = self.required.first().is_some_and(|f| !f.actions.negated);
        let sides: Vec<&Side<'_>> = self.sides().collect();
        let mut owners: Vec<usize> = Vec::new();
        let mut beside: Vec<Beside<'_>> = Vec::new();
        for (owner, side) in sides.iter().enumerate().skip(usize::from(first_is_sure)) {
            for other in side.actions.patterns.iter().filter(|p| !surely_apart(&p.steps, &pattern.steps)) {
                owners.push(owner);
                beside.push(Beside { steps: &other.steps, loose: false, ends: false });
            }
        }
        // The walk hears of actions, and each of them starts walks over resources, which cost as well.
        let mut spent_on_resources = 0;
        let mut inner = Walked::All;
        let mut own = *budget;
        let total = *budget;
        let ended = walk(Universe::Action, &pattern.steps, &beside, &mut own, &mut |matched, text| {
            let mut live: Vec<bool> = sides.iter().map(|s| s.actions.negated).collect();
            if first_is_sure && let Some(first) = live.first_mut() {
                *first = true;
            }
            for owner in matched.iter().filter_map(|m| owners.get(*m)) {
                if let (Some(slot), Some(side)) = (live.get_mut(*owner), sides.get(*owner)) {
                    *slot = !side.actions.negated;
                }
            }
            let action: String = text.iter().map(|s| if let Symbol::Char(c) = s { *c } else { ':' }).collect();
            let mut left = total.saturating_sub(spent_on_resources);
            let before = left;
            inner = self.at_action(&action, pattern, live, closed, &mut left, visit);
            spent_on_resources += before - left;
            inner != Walked::All
        });
        *budget = own.saturating_sub(spent_on_resources);
        if inner == Walked::All { ended } else { inner }
    }

    /// Looks for resources at one action, told by which statements take it in.
    fn at_action(
        &self,
        action: &str,
        pattern: &ActionPattern,
        live: Vec<bool>,
        closed: &mut HashSet<Vec<bool>>,
        budget: &mut usize,
        visit: &mut dyn FnMut(&Gap) -> bool,
    ) -> Walked {
        if closed.contains(&live) || !live.iter().take(self.required.len()).all(|l| *l) {
            return Walked::All;
        }
        let avoided: Vec<&Side<'_>> =
            self.avoided.iter().zip(live.iter().skip(self.required.len())).filter(|(_, live)| **live).map(|(side, _)| *side).collect();
        let mut found = false;
        let ended = self.resources(&avoided, budget, &mut |resource| {
            found = true;
            visit(&Gap { action: action.to_owned(), pattern: pattern.written.clone(), resource: resource.to_vec() })
        });
        if ended == Walked::All && !found {
            closed.insert(live);
        }
        ended
    }

    /// Tells of resources that all of `required` take in and none of `avoided`.
    fn resources(&self, avoided: &[&Side<'_>], budget: &mut usize, visit: &mut dyn FnMut(&[Symbol]) -> bool) -> Walked {
        let Some(first) = self.required.first() else { return Walked::All };
        let own = &first.resources;
        let is_open = own.negated || own.all;
        let every = [every_arn()];
        let patterns: &[Vec<Step>] = if is_open { &every } else { &own.patterns };
        for pattern in patterns {
            let taken = |a: &&Side<'_>| !a.resources.negated && (a.resources.all || a.resources.patterns.contains(pattern));
            if avoided.iter().any(taken) {
                continue;
            }
            let Some(pattern) = starting_with_arn(pattern) else { continue };
            let ended = self.of_resource(&pattern, avoided, budget, visit);
            if ended != Walked::All {
                return ended;
            }
        }
        let takes_none = |side: &Side<'_>| side.resources.all != side.resources.negated;
        if is_open && self.required.iter().all(|r| takes_none(r)) && !avoided.iter().any(|a| takes_none(a)) && visit(&[Symbol::Char('*')]) {
            return Walked::Stopped;
        }
        Walked::All
    }

    fn of_resource(&self, pattern: &[Step], avoided: &[&Side<'_>], budget: &mut usize, visit: &mut dyn FnMut(&[Symbol]) -> bool) -> Walked {
        let sides: Vec<(&Side<'_>, bool)> =
            self.required.iter().map(|r| (*r, true)).chain(avoided.iter().map(|a| (*a, false))).collect();
        let first_is_sure = self.required.first().is_some_and(|f| !f.resources.negated);
        let mut listed: Listed<'_> = Listed::default();
        for (owner, (side, required)) in sides.iter().enumerate().skip(usize::from(first_is_sure)) {
            // A match speaks against the gap unless it is what is required or undoes an exception.
            let speaks_against = *required == side.resources.negated;
            for steps in side.resources.patterns.iter().filter(|p| !surely_apart(p, pattern)) {
                listed.add(steps, owner, speaks_against);
            }
        }
        let (beside, readings) = listed.beside(has_variable(pattern));
        walk(Universe::Arn, pattern, &beside, budget, &mut |matched, text| {
            let is_gap = listed.can_be(&listed.matches(matched, &readings), sides.len(), &|at, lists| {
                sides.get(at).is_some_and(|(side, required)| {
                    let lists = lists || (at == 0 && first_is_sure) || side.resources.all;
                    (lists != side.resources.negated) == *required
                })
            });
            is_gap && visit(text)
        })
    }
}

/// How many patterns that may or may not match are put together in every way; beyond, each statement is looked at
/// alone, which overlooks no gap.
const OPEN_AT_MOST: usize = 8;

/// Whether a pattern takes in a resource.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Match {
    No,
    /// It depends on the text of a variable.
    Open,
    Yes,
}

/// How an entry of the walk reads its pattern.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum ReadAs {
    Sure,
    Possible,
}

/// A resource pattern and the statements that list it. Whether it takes in a resource is the same for all of them,
/// whatever its variables stand for.
struct ListedPattern<'p> {
    steps: &'p [Step],
    owners: Vec<usize>,
    speaks_against: bool,
}

#[derive(Default)]
struct Listed<'p> {
    patterns: Vec<ListedPattern<'p>>,
    places: HashMap<&'p [Step], usize>,
}

impl<'p> Listed<'p> {
    fn add(&mut self, steps: &'p [Step], owner: usize, speaks_against: bool) {
        let place = *self.places.entry(steps).or_insert(self.patterns.len());
        match self.patterns.get_mut(place) {
            Some(known) => {
                known.owners.push(owner);
                known.speaks_against |= speaks_against;
            }
            None => self.patterns.push(ListedPattern { steps, owners: vec![owner], speaks_against }),
        }
    }

    /// What the walk reads: each pattern once, and in both ways where it has variables or meets those of the walked pattern
    /// (`walks_variables`), which may be any text to it.
    fn beside(&self, walks_variables: bool) -> (Vec<Beside<'p>>, Vec<(usize, ReadAs)>) {
        let mut beside = Vec::new();
        let mut readings = Vec::new();
        for (place, pattern) in self.patterns.iter().enumerate() {
            beside.push(Beside { steps: pattern.steps, loose: false, ends: pattern.speaks_against });
            readings.push((place, ReadAs::Sure));
            if walks_variables || has_variable(pattern.steps) {
                beside.push(Beside { steps: pattern.steps, loose: true, ends: false });
                readings.push((place, ReadAs::Possible));
            }
        }
        (beside, readings)
    }

    /// What the entries that took in a text say of each pattern.
    fn matches(&self, matched: &[usize], readings: &[(usize, ReadAs)]) -> Vec<Match> {
        let mut out = vec![Match::No; self.patterns.len()];
        for (place, read_as) in matched.iter().filter_map(|m| readings.get(*m)) {
            if let Some(slot) = out.get_mut(*place) {
                match read_as {
                    ReadAs::Sure => *slot = Match::Yes,
                    ReadAs::Possible if *slot == Match::No => *slot = Match::Open,
                    ReadAs::Possible => {}
                }
            }
        }
        out
    }

    /// Whether some way to settle the open patterns suits every statement. `suits` is told a statement's place and
    /// whether one of its patterns takes in the resource.
    fn can_be(&self, matches: &[Match], statements: usize, suits: &dyn Fn(usize, bool) -> bool) -> bool {
        let mut lists = vec![false; statements];
        let mut open: Vec<&ListedPattern<'_>> = Vec::new();
        for (pattern, is) in self.patterns.iter().zip(matches) {
            match is {
                Match::No => {}
                Match::Open => open.push(pattern),
                Match::Yes => list(&mut lists, pattern),
            }
        }
        let all_suit = |lists: &[bool]| lists.iter().enumerate().all(|(at, lists)| suits(at, *lists));
        if open.len() > OPEN_AT_MOST {
            let mut possible = lists.clone();
            open.iter().for_each(|pattern| list(&mut possible, pattern));
            return lists.iter().zip(&possible).enumerate().all(|(at, (sure, possible))| suits(at, *sure) || suits(at, *possible));
        }
        (0..1_usize << open.len()).any(|chosen| {
            let mut lists = lists.clone();
            let taken = open.iter().enumerate().filter(|(bit, _)| chosen >> bit & 1 == 1);
            taken.for_each(|(_, pattern)| list(&mut lists, pattern));
            all_suit(&lists)
        })
    }
}

fn has_variable(steps: &[Step]) -> bool {
    steps.iter().any(|s| matches!(s, Step::Variable(_)))
}

fn list(lists: &mut [bool], pattern: &ListedPattern<'_>) {
    for owner in &pattern.owners {
        if let Some(slot) = lists.get_mut(*owner) {
            *slot = true;
        }
    }
}
