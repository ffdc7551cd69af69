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

    /// The place and those that are reached from it without a character.
    fn close(&self, glob: u16, at: usize, into: &mut Vec<Place>) {
        let mut at = at;
        loop {
            into.push((glob, u16::try_from(at).unwrap_or(u16::MAX)));
            match self.steps.get(at) {
                Some((Step::Run, _)) => at += 1,
                _ => return,
            }
        }
    }

    fn advance(&self, (glob, at): Place, c: char, into: &mut Vec<Place>) {
        let at = usize::from(at);
        match self.steps.get(at) {
            Some((Step::Run, stops)) if !(*stops && c == ':') => self.close(glob, at, into),
            Some((Step::One, stops)) if !(*stops && c == ':') && !VARIABLES.contains(&c) => self.close(glob, at + 1, into),
            Some((Step::Literal(l), _)) if *l == c => self.close(glob, at + 1, into),
            _ => {}
        }
    }

    fn is_end(&self, at: u16) -> bool {
        usize::from(at) == self.steps.len()
    }
}

/// A place in one of the patterns: the pattern's number, and how many of its steps are behind.
type Place = (u16, u16);

/// The form's state, and all places that are open, in order. Most patterns are closed after a few characters.
type State = (u8, Vec<Place>);

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
    if globs.len() > usize::from(u16::MAX) || globs.iter().any(|g| g.steps.len() >= usize::from(u16::MAX)) {
        return Err(TooLarge);
    }
    let mut places = Vec::new();
    for (number, glob) in (0u16..).zip(globs) {
        glob.close(number, 0, &mut places);
    }
    let start: State = (0, places);
    // Each state with the one before and the character between, to tell the text.
    let mut seen: HashMap<State, usize> = HashMap::from([(start.clone(), 0)]);
    let mut states: Vec<(State, usize, char)> = vec![(start, 0, ' ')];
    let mut told: BTreeSet<Vec<bool>> = BTreeSet::new();
    let mut at = 0;
    while let Some(((form, places), _, _)) = states.get(at).cloned() {
        if shape.is_whole(form) {
            let mut matched = vec![false; globs.len()];
            for (number, place) in &places {
                if let (Some(glob), Some(slot)) = (globs.get(usize::from(*number)), matched.get_mut(usize::from(*number))) {
                    *slot |= glob.is_end(*place);
                }
            }
            if matched.first() == Some(&true) && told.insert(matched.clone()) && !visit(&text_of(&states, at), &matched) {
                return Ok(());
            }
        }
        for c in &alphabet {
            let Some(form) = shape.next(form, *c) else { continue };
            let mut next = Vec::new();
            for place in &places {
                if let Some(glob) = globs.get(usize::from(place.0)) {
                    glob.advance(*place, *c, &mut next);
                }
                // The first pattern must match in the end; its places come first.
                if place.0 > 0 && next.first().is_none_or(|p| p.0 > 0) {
                    break;
                }
            }
            next.sort_unstable();
            next.dedup();
            if next.first().is_none_or(|p| p.0 > 0) {
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

fn text_of(states: &[(State, usize, char)], end: usize) -> String {
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
