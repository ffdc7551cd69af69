//! Resources: a request's resource against `Resource` and `NotResource`, part by part (items 4 and 5, R17, R18).

use std::collections::BTreeSet;

use super::pieces::{Manner, Piece, compare, fill, unknown_variables};
use crate::aws::{arn_covers, arn_intersects, glob_matches};
use crate::evaluate::decision::{PolicyType, Tri};
use crate::evaluate::request::Request;
use crate::policy::{ResourceElement, Version};

/// Items 4 and 5, R16, R18: whether a statement's resource element holds for the request. A statement without one
/// is about the resource that its policy is attached to.
pub(super) fn element(request: &Request<'_>, kind: PolicyType, element: Option<&ResourceElement>, version: Version) -> Tri {
    match element {
        None => Tri::Yes,
        Some(ResourceElement::Resource(patterns)) => any(request, kind, patterns, version),
        Some(ResourceElement::NotResource(patterns)) => any(request, kind, patterns, version).negate(),
    }
}

fn any(request: &Request<'_>, kind: PolicyType, patterns: &[String], version: Version) -> Tri {
    patterns.iter().fold(Tri::No, |sum, pattern| sum.or(entry(request, kind, pattern, version)))
}

/// R17: one pattern. `*` matches everything, and nothing else matches the resource `*`.
fn entry(request: &Request<'_>, kind: PolicyType, pattern: &str, version: Version) -> Tri {
    if pattern == "*" {
        return Tri::Yes;
    }
    if request.resource == "*" && !request.resource_is_pattern {
        return Tri::No;
    }
    let Some(parts) = six_parts(kind, pattern) else { return Tri::No };
    if request.resource_is_pattern { against_pattern(request, &parts, version) } else { against_name(request, &parts, version) }
}

/// An ARN or ARN pattern, split at the first five colons.
struct Parts {
    /// Parts 1 to 5, in lower case: they compare without case.
    head: Vec<String>,
    /// Part 6.
    tail: String,
}

/// R17: a pattern's six parts, short patterns padded where the kind of policy allows it.
/// R39: `execute-api:/…` of an API's own policy stands for the whole ARN.
fn six_parts(kind: PolicyType, pattern: &str) -> Option<Parts> {
    let of_api = pattern.strip_prefix("execute-api:/").filter(|_| kind == PolicyType::Resource);
    let whole = of_api.map(|path| format!("arn:*:execute-api:*:*:*/{path}"));
    let pattern = whole.as_deref().unwrap_or(pattern);
    let mut parts: Vec<&str> = pattern.splitn(6, ':').collect();
    if parts.len() < 6 {
        let pads = match kind {
            PolicyType::Identity | PolicyType::PermissionsBoundary | PolicyType::Session => true,
            PolicyType::Resource | PolicyType::VpcEndpoint => pattern.contains(['*', '?']),
            PolicyType::ServiceControl => pattern.ends_with('*'),
            PolicyType::ResourceControl => false,
        };
        if !pads {
            return None;
        }
        parts.resize(6, "*");
    }
    let tail = parts.pop()?.to_owned();
    Some(Parts { head: parts.iter().map(|part| part.to_ascii_lowercase()).collect(), tail })
}

/// R17: parts 1 to 5 glob without case; part 6 with case, its variables replaced.
fn against_name(request: &Request<'_>, parts: &Parts, version: Version) -> Tri {
    let mut name: Vec<&str> = request.resource.splitn(6, ':').collect();
    if name.len() < 6 {
        return Tri::No;
    }
    let tail = name.pop().unwrap_or_default();
    let heads = parts.head.iter().zip(name).all(|(pattern, part)| glob_matches(pattern, &part.to_ascii_lowercase()));
    if !heads {
        return Tri::No;
    }
    fill(request, &parts.tail, version).map_or(Tri::No, |pieces| compare(&pieces, tail, Manner::Like))
}

/// A request whose resource is a pattern itself: Yes if the policy's pattern covers it, Unknown if they only meet, and
/// where a variable is not known or stands for a text that reads like a wildcard.
fn against_pattern(request: &Request<'_>, parts: &Parts, version: Version) -> Tri {
    let Some(pieces) = fill(request, &parts.tail, version) else { return Tri::No };
    let mut head = parts.head.clone();
    if let Some(first) = head.first_mut()
        && glob_matches(first, "arn")
    {
        "arn".clone_into(first);
    }
    let head = head.join(":");
    let mut tail = String::new();
    let mut open = false;
    for piece in pieces {
        match piece {
            Piece::Written(c) => tail.push(c),
            Piece::Given(c) => {
                open |= c == '*' || c == '?';
                tail.push(c);
            }
            Piece::Anything => {
                open = true;
                tail.push('*');
            }
        }
    }
    let pattern = format!("{head}:{tail}");
    if !open && arn_covers(&pattern, request.resource) {
        Tri::Yes
    } else if arn_intersects(&pattern, request.resource) {
        Tri::Unknown
    } else {
        Tri::No
    }
}

/// R2: the unknown variables of the resource patterns.
pub(super) fn missing(
    request: &Request<'_>,
    kind: PolicyType,
    element: Option<&ResourceElement>,
    version: Version,
) -> BTreeSet<String> {
    let patterns = match element {
        None => return BTreeSet::new(),
        Some(ResourceElement::Resource(patterns) | ResourceElement::NotResource(patterns)) => patterns,
    };
    let tails = patterns.iter().filter_map(|pattern| six_parts(kind, pattern)).map(|parts| parts.tail);
    tails.flat_map(|tail| unknown_variables(request, &tail, version)).collect()
}

/// Whether the request's resource is one of a sort, told by a pattern of six parts (`arn:*:kms:*:*:key/*`).
pub(super) fn is_of_sort(request: &Request<'_>, sort: &str) -> Tri {
    entry(request, PolicyType::Identity, sort, Version::V2008)
}
