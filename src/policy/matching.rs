//! Whether an action element or a resource element takes in a name: the plain part of matching, without
//! variables or conditions. The evaluator and the prover both stand on these few functions.
//! Source: inputs-and-evaluation.md section 4.2, items 3 to 5.

use crate::aws::{arn_matches, glob_covers, glob_intersects, glob_matches};

use super::document::{ActionElement, ResourceElement};

/// Whether an action pattern (`s3:Get*`, `*`, `*:*`) matches an action name; no case.
#[must_use]
pub fn action_pattern_matches(pattern: &str, action: &str) -> bool {
    pattern == "*" || glob_matches(&pattern.to_ascii_lowercase(), &action.to_ascii_lowercase())
}

/// Whether every action that `narrow` matches is matched by `wide`; no case.
#[must_use]
pub fn action_pattern_covers(wide: &str, narrow: &str) -> bool {
    wide == "*" || glob_covers(&wide.to_ascii_lowercase(), &narrow.to_ascii_lowercase())
}

/// Whether some action is matched by both patterns; no case.
#[must_use]
pub fn action_pattern_intersects(left: &str, right: &str) -> bool {
    glob_intersects(&left.to_ascii_lowercase(), &right.to_ascii_lowercase())
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
