//! The walk: one pattern is read symbol by symbol, and beside it all patterns that might take in the same text. At
//! every text's end the walk tells which of them do, once for each set of patterns, with a shortest text.
//!
//! This is the subset construction, made on the way, so unions and exceptions of patterns are exact. Characters that
//! no pattern is waiting for behave alike, so one stands for all of them. The walk is bounded; past the bound it says
//! so, and what it has not seen counts as not shown.
//!
//! A variable is read in one of two ways. Of a pattern whose match must be sure, it matches the same variable and
//! nothing else; of one whose match must be ruled out, it may be any text.

use std::collections::{BTreeSet, HashSet};
use std::rc::Rc;

use super::steps::{Step, Symbol, Variable};

/// Which texts there are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Universe {
    /// `service:Name`: one colon, something before and behind it, no wildcards.
    Action,
    /// Six parts; the first five hold no colon.
    Arn,
    /// Any text.
    Text,
}

/// A pattern that is read beside.
#[derive(Clone, Copy, Debug)]
pub struct Beside<'a> {
    /// The pattern.
    pub steps: &'a [Step],
    /// Whether its variables may be any text (`true`), or only the same variable (`false`).
    pub loose: bool,
    /// Whether the walk need not go on where this pattern takes in every text that can follow.
    pub ends: bool,
}

/// How a walk ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Walked {
    /// Every text was seen.
    All,
    /// The visitor had enough.
    Stopped,
    /// The bound was reached.
    TooLarge,
}

/// Places in patterns: number of the pattern (0 is the one that is walked), position in it. Sorted.
type Places = Rc<[(u32, u32)]>;

struct State {
    /// How far the universe has come: colons read, or the part of an action.
    progress: u8,
    places: Places,
    /// The state before, and the symbol read since.
    from: Option<(usize, Symbol)>,
}

struct Walker<'a> {
    universe: Universe,
    patterns: Vec<Beside<'a>>,
}

/// Walks `narrow` beside other patterns. `visit` hears of each set of the others (by place in the list) that together
/// take in some text of `narrow`, with a shortest such text; it answers whether to stop. Every state costs one of
/// `budget`, and one more for every sixteen places in it.
pub fn walk(
    universe: Universe,
    narrow: &[Step],
    others: &[Beside<'_>],
    budget: &mut usize,
    visit: &mut dyn FnMut(&[usize], &[Symbol]) -> bool,
) -> Walked {
    let first = Beside { steps: narrow, loose: false, ends: false };
    let walker = Walker { universe, patterns: std::iter::once(first).chain(others.iter().copied()).collect() };
    let mut start = Vec::new();
    for (number, pattern) in (0u32..).zip(&walker.patterns) {
        close(pattern, number, 0, &mut start);
    }
    let mut states: Vec<State> = Vec::new();
    let mut seen: HashSet<(u8, Places)> = HashSet::new();
    let mut told: HashSet<Vec<usize>> = HashSet::new();
    let mut add = |progress: u8, mut places: Vec<(u32, u32)>, from: Option<(usize, Symbol)>, states: &mut Vec<State>| {
        places.sort_unstable();
        places.dedup();
        // Where the walked pattern stands nowhere, no text of it goes on.
        if places.first().is_none_or(|(number, _)| *number != 0) || walker.is_decided(&places) {
            return;
        }
        let places: Places = places.into();
        if seen.insert((progress, Rc::clone(&places))) {
            states.push(State { progress, places, from });
        }
    };
    add(0, start, None, &mut states);
    let mut at = 0;
    while let Some((progress, places)) = states.get(at).map(|s| (s.progress, Rc::clone(&s.places))) {
        if *budget == 0 {
            return Walked::TooLarge;
        }
        *budget = budget.saturating_sub(1 + places.len() / 16);
        if walker.is_whole(progress) {
            let ended: Vec<u32> = places.iter().filter(|(n, p)| walker.is_end(*n, *p)).map(|(n, _)| *n).collect();
            if ended.first() == Some(&0) {
                let others: Vec<usize> = ended.iter().skip(1).filter_map(|n| usize::try_from(*n - 1).ok()).collect();
                if told.insert(others.clone()) && visit(&others, &text_of(&states, at)) {
                    return Walked::Stopped;
                }
            }
        }
        for symbol in walker.symbols(progress, &places) {
            let mut next = Vec::with_capacity(places.len());
            for (number, position) in places.iter() {
                if let Some(pattern) = walker.pattern(*number) {
                    advance(pattern, *number, *position, &symbol, &mut next);
                }
            }
            add(walker.progress(progress, &symbol), next, Some((at, symbol)), &mut states);
        }
        at += 1;
    }
    Walked::All
}

/// The text that led to a state.
fn text_of(states: &[State], at: usize) -> Vec<Symbol> {
    let mut text = Vec::new();
    let mut state = states.get(at);
    while let Some((before, symbol)) = state.and_then(|s| s.from.as_ref()) {
        text.push(symbol.clone());
        state = states.get(*before);
    }
    text.reverse();
    text
}

fn step_at(steps: &[Step], position: u32) -> Option<&Step> {
    usize::try_from(position).ok().and_then(|p| steps.get(p))
}

/// Adds a position and those behind it that need no symbol.
fn close(pattern: &Beside<'_>, number: u32, mut position: u32, out: &mut Vec<(u32, u32)>) {
    loop {
        out.push((number, position));
        match step_at(pattern.steps, position) {
            Some(Step::AnyRun) => position += 1,
            Some(Step::Variable(_)) if pattern.loose => position += 1,
            _ => return,
        }
    }
}

/// Adds the positions of a pattern after one symbol.
fn advance(pattern: &Beside<'_>, number: u32, position: u32, symbol: &Symbol, out: &mut Vec<(u32, u32)>) {
    if pattern.loose && matches!(symbol, Symbol::Variable(_)) {
        // Any text can lead anywhere behind.
        let end = u32::try_from(pattern.steps.len()).unwrap_or(u32::MAX);
        out.extend((position..=end).map(|p| (number, p)));
        return;
    }
    match (step_at(pattern.steps, position), symbol) {
        (Some(Step::AnyRun), Symbol::Char(_) | Symbol::Variable(_)) => close(pattern, number, position, out),
        (Some(Step::Variable(_)), Symbol::Char(_)) if pattern.loose => close(pattern, number, position, out),
        (Some(Step::AnyOne), Symbol::Char(_)) | (Some(Step::Colon), Symbol::Colon) => close(pattern, number, position + 1, out),
        (Some(Step::Literal(wanted)), Symbol::Char(c)) if wanted == c => close(pattern, number, position + 1, out),
        (Some(Step::Variable(own)), Symbol::Variable(read)) if own.follows(read) => close(pattern, number, position + 1, out),
        _ => {}
    }
}

/// A character that is none of these; a plain letter if there is one left.
fn another(than: &BTreeSet<char>) -> Option<char> {
    "xabcdefghijklmnopqrstuvwyz0123456789-_".chars().chain('\u{4E00}'..='\u{9FFF}').find(|c| !than.contains(c))
}

impl Walker<'_> {
    fn pattern(&self, number: u32) -> Option<&Beside<'_>> {
        usize::try_from(number).ok().and_then(|n| self.patterns.get(n))
    }

    fn is_end(&self, number: u32, position: u32) -> bool {
        self.pattern(number).is_some_and(|p| usize::try_from(position) == Ok(p.steps.len()))
    }

    /// Whether some pattern that ends the walk takes in all that can follow: it stands at a last `*`.
    fn is_decided(&self, places: &[(u32, u32)]) -> bool {
        places.iter().any(|(number, position)| {
            self.pattern(*number).is_some_and(|p| {
                p.ends && usize::try_from(*position).is_ok_and(|at| at + 1 == p.steps.len()) && p.steps.last() == Some(&Step::AnyRun)
            })
        })
    }

    fn is_whole(&self, progress: u8) -> bool {
        match self.universe {
            Universe::Action => progress == 3,
            Universe::Arn => progress == 5,
            Universe::Text => true,
        }
    }

    fn progress(&self, progress: u8, symbol: &Symbol) -> u8 {
        match (self.universe, symbol) {
            (Universe::Action, Symbol::Char(':')) => 2,
            (Universe::Action, _) if progress < 2 => 1,
            (Universe::Action, _) => 3,
            (Universe::Arn, Symbol::Colon) => progress + 1,
            _ => progress,
        }
    }

    /// Whether the universe has this character here.
    fn permits(&self, progress: u8, c: char) -> bool {
        match self.universe {
            Universe::Action if c == ':' => progress == 1,
            Universe::Action => !matches!(c, '*' | '?'),
            Universe::Arn => progress == 5 || c != ':',
            Universe::Text => true,
        }
    }

    /// The symbols that can come next, one for each way in which the patterns may go on.
    fn symbols(&self, progress: u8, places: &[(u32, u32)]) -> BTreeSet<Symbol> {
        let mut out: BTreeSet<Symbol> = BTreeSet::new();
        let mut is_free = false;
        for (_, position) in places.iter().take_while(|(number, _)| *number == 0) {
            match self.patterns.first().and_then(|p| step_at(p.steps, *position)) {
                Some(Step::Literal(c)) if self.permits(progress, *c) => {
                    out.insert(Symbol::Char(*c));
                }
                Some(Step::Colon) => {
                    out.insert(Symbol::Colon);
                }
                Some(Step::Variable(Variable { key, default })) => {
                    out.insert(Symbol::Variable(Variable { key: key.clone(), default: default.clone() }));
                }
                Some(Step::AnyOne | Step::AnyRun) => is_free = true,
                Some(Step::Literal(_)) | None => {}
            }
        }
        if is_free {
            let named: BTreeSet<char> = places
                .iter()
                .filter_map(|(number, position)| match self.pattern(*number).and_then(|p| step_at(p.steps, *position)) {
                    Some(Step::Literal(c)) => Some(*c),
                    _ => None,
                })
                .collect();
            out.extend(another(&named).map(Symbol::Char));
            if self.universe == Universe::Action && progress == 1 {
                out.insert(Symbol::Char(':'));
            }
            out.extend(named.into_iter().filter(|c| self.permits(progress, *c)).map(Symbol::Char));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::super::steps::of_text;
    use super::*;
    use crate::aws::glob_matches;
    use proptest::prelude::*;

    /// The sets of the others that the walk tells of, each with its text.
    fn sets(narrow: &str, others: &[&str]) -> Vec<(Vec<usize>, String)> {
        let steps: Vec<Vec<Step>> = others.iter().map(|o| of_text(o)).collect();
        let beside: Vec<Beside<'_>> = steps.iter().map(|s| Beside { steps: s, loose: false, ends: false }).collect();
        let mut out = Vec::new();
        let ended = walk(Universe::Text, &of_text(narrow), &beside, &mut 100_000, &mut |set, text| {
            let text: String = text.iter().map(|s| if let Symbol::Char(c) = s { *c } else { '!' }).collect();
            out.push((set.to_vec(), text));
            false
        });
        assert_eq!(ended, Walked::All);
        out
    }

    #[test]
    fn a_union_covers_what_none_of_it_does() {
        assert!(sets("?", &["a", "b"]).iter().any(|(set, text)| set.is_empty() && text == "x"));
        assert!(sets("a?*", &["a?", "a??*"]).iter().all(|(set, _)| !set.is_empty()));
        assert!(sets("a*", &["a?", "a??*"]).iter().any(|(set, text)| set.is_empty() && text == "a"));
    }

    #[test]
    fn the_bound_is_kept() {
        let mut budget = 3;
        let ended = walk(Universe::Text, &of_text("abcdef"), &[], &mut budget, &mut |_, _| false);
        assert_eq!((ended, budget), (Walked::TooLarge, 0));
    }

    proptest! {
        #[test]
        fn every_text_belongs_to_a_set_that_was_told(
            narrow in "[ab*?]{0,4}", others in prop::collection::vec("[ab*?]{0,4}", 0..4), text in "[abz]{0,5}"
        ) {
            let others: Vec<&str> = others.iter().map(String::as_str).collect();
            let told = sets(&narrow, &others);
            for (set, shown) in &told {
                prop_assert!(glob_matches(&narrow, shown));
                let real: Vec<usize> = (0..others.len()).filter(|i| glob_matches(others[*i], shown)).collect();
                prop_assert_eq!(set, &real, "{} of {}", shown, narrow);
            }
            if glob_matches(&narrow, &text) {
                let real: Vec<usize> = (0..others.len()).filter(|i| glob_matches(others[*i], &text)).collect();
                prop_assert!(told.iter().any(|(set, _)| *set == real), "{} of {} is in {:?}", text, narrow, real);
            }
        }
    }
}
