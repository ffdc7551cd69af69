//! Whether an action element or a resource element takes in a name: the plain part of matching, without
//! variables or conditions. The evaluator and the prover both stand on these few functions.
//! Source: inputs-and-evaluation.md section 4.2, items 3 to 5.

use crate::aws::{arn_matches, glob_covers, glob_intersects, glob_matches};

use super::document::{ActionElement, ResourceElement};

/// How long the text is that a pattern begins with, before its first wildcard.
fn head(pattern: &str) -> usize {
    pattern.bytes().position(|b| matches!(b, b'*' | b'?')).unwrap_or(pattern.len())
}

/// Whether two texts are the same over some bytes; no case.
fn same(left: &str, right: &str, bytes: usize) -> bool {
    match (left.as_bytes().get(..bytes), right.as_bytes().get(..bytes)) {
        (Some(l), Some(r)) => l.eq_ignore_ascii_case(r),
        _ => false,
    }
}

/// Whether the pattern is a beginning and one `*`.
fn is_beginning(pattern: &str, head: usize) -> bool {
    head + 1 == pattern.len() && pattern.ends_with('*')
}

/// Whether an action pattern (`s3:Get*`, `*`, `*:*`) matches an action name; no case.
#[must_use]
pub fn action_pattern_matches(pattern: &str, action: &str) -> bool {
    let head = head(pattern);
    if head == pattern.len() {
        return pattern.eq_ignore_ascii_case(action);
    }
    same(pattern, action, head) && (is_beginning(pattern, head) || glob_matches(&pattern.to_ascii_lowercase(), &action.to_ascii_lowercase()))
}

/// Whether every action that `narrow` matches is matched by `wide`; no case.
#[must_use]
pub fn action_pattern_covers(wide: &str, narrow: &str) -> bool {
    let (w, n) = (head(wide), head(narrow));
    if w == wide.len() {
        return n == narrow.len() && wide.eq_ignore_ascii_case(narrow);
    }
    // What the wide one begins with, all texts of the narrow one must begin with.
    n >= w && same(wide, narrow, w) && (is_beginning(wide, w) || glob_covers(&wide.to_ascii_lowercase(), &narrow.to_ascii_lowercase()))
}

/// Whether some action is matched by both patterns; no case.
#[must_use]
pub fn action_pattern_intersects(left: &str, right: &str) -> bool {
    let (l, r) = (head(left), head(right));
    same(left, right, l.min(r)) && glob_intersects(&left.to_ascii_lowercase(), &right.to_ascii_lowercase())
}

impl ActionElement {
    /// Whether the element takes in this action name.
    #[must_use]
    pub fn contains(&self, action: &str) -> bool {
        match self {
            ActionElement::Action(list) => list.iter().any(|p| action_pattern_matches(p, action)),
            ActionElement::NotAction(list) => !list.iter().any(|p| action_pattern_matches(p, action)),
        }
    }
}

impl ResourceElement {
    /// The patterns as written, whichever of the two elements it is.
    #[must_use]
    pub fn patterns(&self) -> &[String] {
        match self {
            ResourceElement::Resource(list) | ResourceElement::NotResource(list) => list,
        }
    }

    /// Whether the element takes in this resource, variables taken as plain text.
    #[must_use]
    pub fn contains(&self, resource: &str) -> bool {
        match self {
            ResourceElement::Resource(list) => list.iter().any(|p| arn_matches(p, resource)),
            ResourceElement::NotResource(list) => !list.iter().any(|p| arn_matches(p, resource)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn short_cuts_agree_with_the_automata(wide in "[abA*?]{0,4}", narrow in "[abB*?]{0,4}", text in "[abAB]{0,4}") {
            let lower = |t: &str| t.to_ascii_lowercase();
            prop_assert_eq!(action_pattern_matches(&wide, &text), glob_matches(&lower(&wide), &lower(&text)));
            prop_assert_eq!(action_pattern_covers(&wide, &narrow), glob_covers(&lower(&wide), &lower(&narrow)));
            prop_assert_eq!(action_pattern_intersects(&wide, &narrow), glob_intersects(&lower(&wide), &lower(&narrow)));
        }
    }
}
