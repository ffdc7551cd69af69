//! Wildcard patterns as IAM writes them: `*` is any run of characters, `?` is one character.
//!
//! Three questions are asked of a pattern: does it match a text, does it cover another pattern (every text of
//! the second is a text of the first), and do two patterns share a text. The prover rests on the second, so it
//! is exact: both patterns are walked as automata, and a walk that grows past its bound answers "not covered",
//! never "covered". Source: inputs-and-evaluation.md section 4.2, items 3 and 4.

use std::collections::BTreeSet;

/// How many automaton states a cover walk may visit before it gives up (and answers `false`).
const COVER_LIMIT: usize = 20_000;

/// Whether `pattern` matches all of `text`. Case-sensitive; `*` and `?` stand for any characters.
#[must_use]
pub fn glob_matches(pattern: &str, text: &str) -> bool {
    if !pattern.contains(['*', '?']) {
        return pattern == text;
    }
    let mut rest = text.chars();
    let mut pat = pattern.chars();
    // The place to return to when a literal fails behind a `*`: pattern after the star, text at the star.
    let mut retry: Option<(std::str::Chars<'_>, std::str::Chars<'_>)> = None;
    loop {
        match pat.next() {
            Some('*') => {
                retry = Some((pat.clone(), rest.clone()));
                continue;
            }
            Some(p) => {
                if let Some(t) = rest.next()
                    && (p == '?' || p == t)
                {
                    continue;
                }
            }
            None => {
                if rest.as_str().is_empty() {
                    return true;
                }
            }
        }
        match retry.take() {
            Some((after_star, mut from)) => {
                if from.next().is_none() {
                    return false;
                }
                pat = after_star.clone();
                rest = from.clone();
                retry = Some((after_star, from));
            }
            None => return false,
        }
    }
}

/// One step of a pattern.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Step {
    Literal(char),
    AnyOne,
    AnyRun,
}

fn steps(pattern: &str) -> Vec<Step> {
    let mut out: Vec<Step> = Vec::new();
    for c in pattern.chars() {
        match c {
            '*' => {
                if out.last() != Some(&Step::AnyRun) {
                    out.push(Step::AnyRun);
                }
            }
            '?' => out.push(Step::AnyOne),
            c => out.push(Step::Literal(c)),
        }
    }
    out
}

/// The positions reachable from `at` without reading a character (a `*` may be empty).
fn close(steps: &[Step], at: usize, into: &mut BTreeSet<usize>) {
    let mut at = at;
    loop {
        into.insert(at);
        if steps.get(at) == Some(&Step::AnyRun) {
            at += 1;
        } else {
            return;
        }
    }
}

/// Where a pattern may stand after reading `symbol` (`None` is a character that no pattern names).
fn advance(steps: &[Step], from: usize, symbol: Option<char>, into: &mut BTreeSet<usize>) {
    match steps.get(from) {
        Some(Step::AnyRun) => close(steps, from, into),
        Some(Step::AnyOne) => close(steps, from + 1, into),
        Some(Step::Literal(c)) if Some(*c) == symbol => close(steps, from + 1, into),
        _ => {}
    }
}

/// Whether every text that `narrow` matches is matched by `wide` too. Exact below the walk's bound; past it the
/// answer is `false` ("not shown"), which is the safe side for a proof.
#[must_use]
pub fn glob_covers(wide: &str, narrow: &str) -> bool {
    if wide == narrow || wide == "*" {
        return true;
    }
    if !narrow.contains(['*', '?']) {
        return glob_matches(wide, narrow);
    }
    let (a, b) = (steps(wide), steps(narrow));
    let mut alphabet: BTreeSet<Option<char>> = BTreeSet::from([None]);
    for step in a.iter().chain(&b) {
        if let Step::Literal(c) = step {
            alphabet.insert(Some(*c));
        }
    }
    let mut start_a = BTreeSet::new();
    close(&a, 0, &mut start_a);
    let mut start_b = BTreeSet::new();
    close(&b, 0, &mut start_b);
    let mut seen: BTreeSet<(usize, BTreeSet<usize>)> = BTreeSet::new();
    let mut open: Vec<(usize, BTreeSet<usize>)> = start_b.into_iter().map(|at| (at, start_a.clone())).collect();
    while let Some((at, set)) = open.pop() {
        if !seen.insert((at, set.clone())) {
            continue;
        }
        if seen.len() > COVER_LIMIT {
            return false;
        }
        if at == b.len() {
            if !set.contains(&a.len()) {
                return false;
            }
            continue;
        }
        for symbol in &alphabet {
            let mut next_b = BTreeSet::new();
            advance(&b, at, *symbol, &mut next_b);
            if next_b.is_empty() {
                continue;
            }
            let mut next_a = BTreeSet::new();
            for from in &set {
                advance(&a, *from, *symbol, &mut next_a);
            }
            open.extend(next_b.into_iter().map(|at| (at, next_a.clone())));
        }
    }
    true
}

/// Whether some text is matched by both patterns.
#[must_use]
pub fn glob_intersects(left: &str, right: &str) -> bool {
    if left == "*" || right == "*" {
        return true;
    }
    let (a, b) = (steps(left), steps(right));
    let mut seen: BTreeSet<(usize, usize)> = BTreeSet::new();
    let mut open = vec![(0, 0)];
    while let Some((i, j)) = open.pop() {
        if !seen.insert((i, j)) {
            continue;
        }
        match (a.get(i), b.get(j)) {
            (None, None) => return true,
            (Some(Step::AnyRun), _) => {
                open.push((i + 1, j));
                if j < b.len() {
                    open.push((i, j + 1));
                }
            }
            (_, Some(Step::AnyRun)) => {
                open.push((i, j + 1));
                if i < a.len() {
                    open.push((i + 1, j));
                }
            }
            (Some(Step::Literal(x)), Some(Step::Literal(y))) if x != y => {}
            (Some(_), Some(_)) => open.push((i + 1, j + 1)),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn matches_whole_text() {
        assert!(glob_matches("s3:Get*", "s3:GetObject"));
        assert!(!glob_matches("s3:Get", "s3:GetObject"));
        assert!(glob_matches("a?c*", "abcd"));
        assert!(glob_matches("*", ""));
        assert!(!glob_matches("?", ""));
        assert!(glob_matches("*ab*ab", "xabyabzab"));
    }

    #[test]
    fn covers_unions_of_steps() {
        assert!(glob_covers("a*", "a?b*"));
        assert!(!glob_covers("a?b*", "a*"));
        assert!(glob_covers("*a*", "a*"));
        assert!(glob_covers("?*", "*?"));
        assert!(!glob_covers("?*", "*"));
    }

    proptest! {
        #[test]
        fn cover_agrees_with_texts(wide in "[ab*?]{0,6}", narrow in "[ab*?]{0,5}", text in "[abc]{0,6}") {
            if glob_covers(&wide, &narrow) && glob_matches(&narrow, &text) {
                prop_assert!(glob_matches(&wide, &text));
            }
            if glob_matches(&wide, &text) && glob_matches(&narrow, &text) {
                prop_assert!(glob_intersects(&wide, &narrow));
            }
        }
    }
}
