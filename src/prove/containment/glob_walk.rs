//! Several wildcard patterns walked side by side over all texts of a shape: which of them can match together?
//!
//! A pattern is an automaton whose state is a set of places. All patterns advance by one character at a time, breadth first,
//! so the first text that is found for a combination is a shortest one. The characters are those that some pattern names, and
//! one that none does, which stands for all others; so the walk misses no combination. Past its bound it says so.

use std::collections::{BTreeSet, HashMap};

/// How many states of all patterns together a walk may visit.
pub const LIMIT: usize = 60_000;

/// One step of a pattern.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Step {
    Literal(char),
    /// One character; inside the head of an ARN none that ends the part.
    One,
    /// A run of characters; inside the head of an ARN none that ends the part.
    Run,
}

/// A pattern.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Glob {
    /// Step, and whether its wildcards stop at a colon.
    steps: Vec<(Step, bool)>,
}

/// Texts that stand for policy variables: each is one character from a private area that only a run may take in.
pub const VARIABLES: std::ops::RangeInclusive<char> = '\u{F0000}'..='\u{FFFFD}';

/// Literal `*`, `?` and `$` of `${*}`, `${?}` and `${$}`, so that they are not read as wildcards.
pub const LITERALS: [(char, char); 3] = [('\u{E000}', '*'), ('\u{E001}', '?'), ('\u{E002}', '$')];

fn plain(c: char) -> char {
    LITERALS.iter().find(|(private, _)| *private == c).map_or(c, |(_, c)| *c)
}

impl Glob {
    /// A pattern of one part: `*` takes in any run.
    #[must_use]
    pub fn new(text: &str) -> Glob {
        let mut glob = Glob { steps: Vec::new() };
        glob.push(text, false);
        glob
    }

    /// A pattern of an ARN's parts behind `arn:`, the first four of which hold no colon.
    #[must_use]
    pub fn of_arn(heads: &[&str], tail: &str) -> Glob {
        let mut glob = Glob { steps: Vec::new() };
        for head in heads {
            glob.push(head, true);
            glob.steps.push((Step::Literal(':'), true));
        }
        glob.push(tail, false);
        glob
    }

    fn push(&mut self, text: &str, stops: bool) {
        for c in text.chars() {
            let step = match c {
                '*' => Step::Run,
                '?' => Step::One,
                c => Step::Literal(plain(c)),
            };
            if !(step == Step::Run && self.steps.last() == Some(&(Step::Run, stops))) {
                self.steps.push((step, stops));
            }
        }
    }

    fn close(&self, at: usize, into: &mut BTreeSet<u16>) {
        let mut at = at;
        loop {
            into.insert(u16::try_from(at).unwrap_or(u16::MAX));
            match self.steps.get(at) {
                Some((Step::Run, _)) => at += 1,
                _ => return,
            }
        }
    }

    fn start(&self) -> Vec<u16> {
        let mut set = BTreeSet::new();
        self.close(0, &mut set);
        set.into_iter().collect()
    }

    fn advance(&self, from: &[u16], c: char) -> Vec<u16> {
        let mut set = BTreeSet::new();
        for at in from.iter().map(|at| usize::from(*at)) {
            match self.steps.get(at) {
                Some((Step::Run, stops)) if !(*stops && c == ':') => self.close(at, &mut set),
                Some((Step::One, stops)) if !(*stops && c == ':') && !VARIABLES.contains(&c) => self.close(at + 1, &mut set),
                Some((Step::Literal(l), _)) if *l == c => self.close(at + 1, &mut set),
                _ => {}
            }
        }
        set.into_iter().collect()
    }

    fn accepts(&self, places: &[u16]) -> bool {
        u16::try_from(self.steps.len()).is_ok_and(|end| places.last() == Some(&end))
    }
}

/// The form that a text must have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shape {
    /// `service:Name`
    Action,
    /// `partition:service:region:account:resource`, what stands behind `arn:`.
    Arn,
    /// Any text.
    Text,
}

impl Shape {
    /// The state after a character, from 0; `None` where the form forbids it.
    fn next(self, state: u8, c: char) -> Option<u8> {
        match self {
            Shape::Text => Some(0),
            // 0 nothing yet, 1 a service, 2 the colon, 3 a name.
            Shape::Action => match (state, c) {
                (0 | 2, ':') | (3, ':') | (_, '*' | '?' | ' ') => None,
                (1, ':') => Some(2),
                (0 | 1, _) => Some(1),
                _ => Some(3),
            },
            // Twice the number of colons so far, and one more where the part has characters; from 8 on the resource.
            Shape::Arn => match (state, c) {
                (0 | 2, ':') => None,
                (0..=7, ':') => Some((state / 2 + 1) * 2),
                (0..=7, c) if c.is_ascii_uppercase() || VARIABLES.contains(&c) => None,
                (0..=7, _) => Some(state | 1),
                _ => Some(9),
            },
        }
    }

    fn is_whole(self, state: u8) -> bool {
        match self {
            Shape::Text => true,
            Shape::Action => state == 3,
            Shape::Arn => state == 9,
        }
    }
}

/// Characters for texts that no pattern names, the likeliest first.
const OTHERS: &str = "xzqwvk0189jhybgpufdmcrlnsoitae234567-_.~\u{B5}\u{E5}\u{F8}";

/// The walk was cut off.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TooLarge;

/// Visits every combination of patterns that some text of the shape, which the first pattern matches, can have: the text, and for
/// each pattern whether it matches. A combination is visited once. The visitor stops the walk by answering `false`.
///
/// # Errors
/// [`TooLarge`] when the walk passes its bound.
pub fn combinations(globs: &[&Glob], shape: Shape, mut visit: impl FnMut(&str, &[bool]) -> bool) -> Result<(), TooLarge> {
    let mut alphabet: BTreeSet<char> = globs.iter().flat_map(|g| &g.steps).filter_map(|(s, _)| if let Step::Literal(c) = s { Some(*c) } else { None }).collect();
    // What nobody names comes first: a witness then reads as made up where it is.
    let other = OTHERS.chars().find(|c| !alphabet.contains(c));
    let colon = shape != Shape::Text || alphabet.contains(&':');
    alphabet.remove(&':');
    let alphabet: Vec<char> = other.into_iter().chain(alphabet).chain(colon.then_some(':')).collect();
    type State = (u8, Vec<Vec<u16>>);
    let start: State = (0, globs.iter().map(|g| g.start()).collect());
    // Each state with the one before and the character between, to tell the text.
    let mut seen: HashMap<State, usize> = HashMap::from([(start.clone(), 0)]);
    let mut states: Vec<(State, usize, char)> = vec![(start, 0, ' ')];
    let mut told: BTreeSet<Vec<bool>> = BTreeSet::new();
    let mut at = 0;
    while let Some((state, _, _)) = states.get(at).cloned() {
        if shape.is_whole(state.0) && globs.first().zip(state.1.first()).is_none_or(|(g, places)| g.accepts(places)) {
            let matched: Vec<bool> = globs.iter().zip(&state.1).map(|(g, places)| g.accepts(places)).collect();
            if told.insert(matched.clone()) && !visit(&text_of(&states, at), &matched) {
                return Ok(());
            }
        }
        for c in &alphabet {
            let Some(form) = shape.next(state.0, *c) else { continue };
            let mut next: Vec<Vec<u16>> = Vec::with_capacity(globs.len());
            for (glob, places) in globs.iter().zip(&state.1) {
                next.push(if places.is_empty() { Vec::new() } else { glob.advance(places, *c) });
                // The first pattern must match in the end.
                if next.len() == 1 && next.first().is_some_and(Vec::is_empty) {
                    break;
                }
            }
            if next.first().is_some_and(Vec::is_empty) {
                continue;
            }
            let next = (form, next);
            if !seen.contains_key(&next) {
                if states.len() >= LIMIT {
                    return Err(TooLarge);
                }
                seen.insert(next.clone(), states.len());
                states.push((next, at, *c));
            }
        }
        at += 1;
    }
    Ok(())
}

fn text_of(states: &[((u8, Vec<Vec<u16>>), usize, char)], end: usize) -> String {
    let mut text = Vec::new();
    let mut at = end;
    while at != 0 {
        let Some((_, before, c)) = states.get(at) else { break };
        text.push(*c);
        at = *before;
    }
    text.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(patterns: &[&str], shape: Shape) -> BTreeSet<(String, Vec<bool>)> {
        let globs: Vec<Glob> = patterns.iter().map(|p| Glob::new(p)).collect();
        let mut found = BTreeSet::new();
        combinations(&globs.iter().collect::<Vec<_>>(), shape, |text, matched| found.insert((text.to_owned(), matched.to_vec()))).unwrap();
        found
    }

    #[test]
    fn every_combination_has_a_shortest_text() {
        let found = all(&["a*", "*b", "a?c*"], Shape::Text);
        let want = [("a", [true, false, false]), ("ab", [true, true, false]), ("axc", [true, false, true]), ("axcb", [true, true, true])];
        assert_eq!(found, want.iter().map(|(t, m)| ((*t).to_owned(), m.to_vec())).collect());
    }

    #[test]
    fn actions_have_a_service_and_a_name() {
        let texts: Vec<String> = all(&["*", "s3:get*"], Shape::Action).into_iter().map(|(t, _)| t).collect();
        assert_eq!(texts, ["s3:get", "x:x"]);
    }

    #[test]
    fn wildcards_stay_in_their_part() {
        let (wide, narrow) = (Glob::of_arn(&["aws", "s*", "*", "*"], "q"), Glob::of_arn(&["aws", "sqs", "", "*"], "*"));
        let mut found = Vec::new();
        combinations(&[&narrow, &wide], Shape::Arn, |text, matched| {
            found.push((text.to_owned(), matched.to_vec()));
            true
        })
        .unwrap();
        assert_eq!(found, [("aws:sqs:::x".to_owned(), vec![true, false]), ("aws:sqs:::q".to_owned(), vec![true, true])]);
    }
}
