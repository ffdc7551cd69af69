//! Compiled ARN patterns: six parts by the first five colons, each matched on its own (rule 4).
//!
//! The first five parts compare without case and hold no variables; the sixth compares with case. What is shorter
//! than six parts is read as its kind of policy reads it (rule 4, short ARNs).

use super::pattern::{Pattern, Piece, Reading, known, pieces, resolved};
use super::prepared::{PreparedRequest, ResourceName};
use super::{PolicyType, Tri};
use crate::aws::{arn_covers, arn_intersects, in_six_parts};
use crate::policy::Version;

/// A compiled resource pattern.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ArnPattern {
    form: Form,
    /// The pattern with its short form filled up; for resources that are patterns themselves.
    full: Box<str>,
    /// Whether every `*` and `?` of it is a wildcard.
    full_is_exact: bool,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Form {
    /// `*` alone.
    All,
    /// Six parts: five in lower case, the sixth as written.
    Parts(Box<[Pattern; 5]>, Pattern),
    /// Never matches.
    Nothing,
}

/// A short pattern as its kind of policy reads it; `None` when it matches nothing.
#[must_use]
pub fn six_parts(pattern: &str, kind: PolicyType) -> Option<String> {
    // API Gateway fills up `execute-api:/stage/…` itself. Source: its Developer Guide, "Access policy language overview".
    if let Some(path) = pattern.strip_prefix("execute-api:/").filter(|_| kind == PolicyType::Resource) {
        return Some(format!("arn:*:execute-api:*:*:*/{path}"));
    }
    let colons = pattern.bytes().filter(|b| *b == b':').take(5).count();
    if colons == 5 {
        return Some(pattern.to_owned());
    }
    let padded = match kind {
        PolicyType::Identity | PolicyType::PermissionsBoundary | PolicyType::Session => true,
        PolicyType::Resource | PolicyType::VpcEndpoint => pattern.contains(['*', '?']),
        PolicyType::ServiceControl => pattern.ends_with('*'),
        PolicyType::ResourceControl => false,
    };
    padded.then(|| in_six_parts(pattern).into_owned())
}

/// The first five parts of a pattern and these pieces as text, and whether every `*` and `?` in the pieces' share is a
/// wildcard: a literal one cannot be written into a pattern, and a variable that is not known is written as `*`.
fn spelled<'s>(full: &str, list: &'s [Piece], resolve: impl Fn(&'s Piece) -> Option<&'s str>) -> (String, bool) {
    let mut text: String = full.splitn(6, ':').take(5).fold(String::new(), |all, part| all + part + ":");
    let mut is_exact = true;
    for piece in list {
        match (piece, resolve(piece)) {
            (Piece::AnyRun, _) => text.push('*'),
            (Piece::AnyOne, _) => text.push('?'),
            (_, Some(value)) => {
                is_exact &= !value.contains(['*', '?']);
                text.push_str(value);
            }
            (_, None) => {
                is_exact = false;
                text.push('*');
            }
        }
    }
    (text, is_exact)
}

impl ArnPattern {
    /// Compiles a resource pattern of a kind of policy.
    #[must_use]
    pub fn compile(pattern: &str, version: Version, kind: PolicyType) -> ArnPattern {
        let form = |form, full: &str| ArnPattern { form, full: full.into(), full_is_exact: true };
        if pattern == "*" {
            return form(Form::All, "*");
        }
        let Some(full) = six_parts(pattern, kind) else { return form(Form::Nothing, pattern) };
        let mut parts = full.splitn(6, ':');
        let mut head = || {
            let part = parts.next().unwrap_or("").to_ascii_lowercase();
            Pattern::compile(&part, Reading { wildcards: true, variables: false })
        };
        let heads = Box::new([head(), head(), head(), head(), head()]);
        let list = pieces(parts.next().unwrap_or(""), Reading::of(version, true));
        let (spelled, full_is_exact) = spelled(&full, &list, |piece| match piece {
            Piece::Text(text) => Some(text),
            _ => None,
        });
        let tail = Pattern::of_pieces(list);
        let full = if matches!(tail, Pattern::Template(_)) { full } else { spelled };
        ArnPattern { form: Form::Parts(heads, tail), full: full.into(), full_is_exact }
    }

    /// Whether the pattern takes in the request's resource.
    #[must_use]
    pub fn matches(&self, request: &PreparedRequest<'_>) -> Tri {
        let (heads, tail) = match &self.form {
            Form::All => return Tri::Yes,
            Form::Nothing => return Tri::No,
            Form::Parts(heads, tail) => (heads, tail),
        };
        match &request.resource {
            ResourceName::None | ResourceName::Unreadable => Tri::No,
            ResourceName::Arn { head, tail: name } => {
                if heads.iter().zip(head).all(|(pattern, part)| pattern.matches_plain(part)) {
                    tail.matches(name, request)
                } else {
                    Tri::No
                }
            }
            ResourceName::Pattern(pattern) => self.against_pattern(tail, pattern, request),
        }
    }

    /// The log told the type and not the name: the resource is a pattern itself. It is surely taken in when it is
    /// covered, surely not when nothing is shared.
    fn against_pattern(&self, tail: &Pattern, resource: &str, request: &PreparedRequest<'_>) -> Tri {
        let filled;
        let (pattern, is_exact) = match tail {
            Pattern::Template(list) if known(list, request) == Tri::No => return Tri::No,
            Pattern::Template(list) => {
                filled = spelled(&self.full, list, |piece| resolved(piece, request));
                (filled.0.as_str(), filled.1)
            }
            _ => (&*self.full, self.full_is_exact),
        };
        if is_exact && arn_covers(pattern, resource) {
            Tri::Yes
        } else if arn_intersects(pattern, resource) {
            Tri::Unknown
        } else {
            Tri::No
        }
    }

    /// The variables without a known value, as written.
    pub fn unknown_variables<'s>(&'s self, request: &'s PreparedRequest<'_>) -> impl Iterator<Item = &'s str> {
        let tail = match &self.form {
            Form::Parts(_, tail) => Some(tail),
            _ => None,
        };
        tail.into_iter().flat_map(|t| t.unknown_variables(request))
    }
}
