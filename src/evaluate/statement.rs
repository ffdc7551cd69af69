//! Whether one statement applies to a request: its action, its resource and its conditions, each on its own.

use std::collections::BTreeSet;

use super::condition::all_hold;
use super::variables::{Filled, fill, literal};
use super::{Facts, Request, Tri};
use crate::aws::{arn_covers, arn_intersects, arn_matches};
use crate::policy::{ResourceElement, Statement, Version};

/// A pattern of fewer than six parts, filled up with `*` (rule 4, identity policies and boundaries).
fn six_parts(pattern: &str) -> String {
    let colons = pattern.matches(':').count();
    if colons >= 5 || !pattern.starts_with("arn:") {
        return pattern.to_owned();
    }
    format!("{pattern}{}", ":*".repeat(5 - colons))
}

/// Whether a resource element takes in the request's resource.
pub fn resource_applies(element: Option<&ResourceElement>, request: &Request<'_>, version: Version, facts: &Facts<'_>, missing: &mut BTreeSet<String>) -> Tri {
    let (patterns, negated) = match element {
        None => return Tri::Yes,
        Some(ResourceElement::Resource(list)) => (list, false),
        Some(ResourceElement::NotResource(list)) => (list, true),
    };
    let mut any = Tri::No;
    for pattern in patterns {
        any = any.or(match fill(pattern, version, facts) {
            Filled::Valueless => Tri::No,
            Filled::Unknown(key) => {
                missing.insert(key);
                Tri::Unknown
            }
            Filled::Pattern(pattern) => {
                let pattern = six_parts(&pattern);
                if !request.resource_is_pattern {
                    arn_matches(&pattern, &literal(request.resource)).into()
                } else if arn_covers(&pattern, request.resource) {
                    Tri::Yes
                } else if arn_intersects(&pattern, request.resource) {
                    Tri::Unknown
                } else {
                    Tri::No
                }
            }
        });
    }
    if negated { any.negate() } else { any }
}

/// Whether a statement applies, its principal left out.
pub fn applies(statement: &Statement, request: &Request<'_>, version: Version, facts: &Facts<'_>, missing: &mut BTreeSet<String>) -> Tri {
    if !statement.action.contains(request.action) {
        return Tri::No;
    }
    let mut open = BTreeSet::new();
    let resource = resource_applies(statement.resource.as_ref(), request, version, facts, &mut open);
    if resource == Tri::No {
        return Tri::No;
    }
    let conditions = all_hold(&statement.conditions, version, facts, &mut open);
    if conditions != Tri::No {
        missing.extend(open);
    }
    resource.and(conditions)
}
