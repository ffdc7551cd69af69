//! Fewer resource patterns for a policy that is too long: ARNs under one parent become the parent's pattern, inside
//! what was granted and within the budget of known resources. Each step is recorded with what it brings in.

use std::collections::{BTreeMap, BTreeSet};

use crate::aws::Arn;
use crate::policy::{PolicyDocument, ResourceElement};
use crate::reference::AccessLevel;

use super::Ground;
use super::granted::grants_piece;
use super::piece::Piece;
use crate::reduce::narrow::common_prefix;

/// One pattern in the place of several.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Collapsed {
    /// The statement, by its place.
    pub at: usize,
    /// The new pattern.
    pub pattern: String,
    /// Those that it stands for.
    pub in_place_of: Vec<String>,
    /// Known resources that it takes in and they did not.
    pub known_beyond: usize,
}

/// Where an ARN's own name starts: behind the last `/` or `:` that is not at its end.
fn parent(arn: &str) -> Option<(&str, &str)> {
    let body = arn.trim_end_matches(['*', '/', ':']);
    let at = body.rfind(['/', ':'])?;
    Some((arn.get(..=at)?, arn.get(at + 1..)?))
}

/// Services whose resources decide what everybody may do: whatever writes there is never generalised.
const GUARDED: &[&str] = &["iam", "kms", "organizations", "sso", "sts"];

/// Whether a piece has an action whose resources are never generalised for the sake of space.
fn is_dangerous(piece: &Piece, ground: &Ground<'_>) -> bool {
    piece.ids.iter().any(|id| {
        let Some(action) = ground.reference.action(*id) else { return true };
        let reads = matches!(action.level, AccessLevel::List | AccessLevel::Read);
        let guarded = action.name.split_once(':').is_some_and(|(prefix, _)| GUARDED.contains(&prefix));
        action.level == AccessLevel::PermissionsManagement
            || (guarded && !reads)
            || ground.reference.risk(*id).iter().any(|r| matches!(*r, "privilege-escalation" | "credential-exposure"))
    })
}

/// A beginning that ends inside an id ends before it: `vpc-` rather than `vpc-0`.
fn whole_words(shared: &str) -> &str {
    match shared.rsplit_once('-') {
        Some((kind, rest)) if rest.len() <= 2 && rest.bytes().all(|b| b.is_ascii_hexdigit()) => shared.get(..=kind.len()).unwrap_or(shared),
        _ => shared,
    }
}

/// The pattern that saves most in the given pieces, if there is one.
#[must_use]
pub fn best(pieces: &[(usize, Piece)], current: Option<&PolicyDocument>, ground: &Ground<'_>) -> Option<Collapsed> {
    let mut candidates: Vec<(usize, usize, String, Vec<String>)> = Vec::new();
    for (at, piece) in pieces.iter().filter(|(_, p)| !is_dangerous(p, ground)) {
        let mut by_parent: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for arn in piece.resources().unwrap_or_default().into_iter().filter(|a| !a.contains("${")) {
            if let Some((head, _)) = parent(arn) {
                by_parent.entry(head).or_default().push(arn);
            }
        }
        for (head, members) in by_parent.into_iter().filter(|(_, m)| m.len() > 1) {
            let names: Vec<&str> = members.iter().filter_map(|m| m.get(head.len()..)).collect();
            let shared = common_prefix(&names);
            let shared = whole_words(shared.find(['*', '?']).and_then(|end| shared.get(..end)).unwrap_or(shared));
            let Some(parsed) = Arn::parse(head) else { continue };
            // Names of buckets are everybody's, and a whole service is no parent.
            let is_open = parsed.resource.is_empty() && (shared.len() < 3 || parsed.service == "s3");
            if is_open || head.contains(['*', '?']) && parsed.account.is_empty() && parsed.service != "s3" {
                continue;
            }
            let wide = format!("{head}{shared}*");
            let before: usize = members.iter().map(|m| m.chars().count() + 3).sum();
            if let Some(saved) = before.checked_sub(wide.chars().count() + 3).filter(|s| *s > 0) {
                candidates.push((saved, *at, wide, members.into_iter().map(str::to_owned).collect()));
            }
        }
    }
    candidates.sort_by(|a, b| (b.0, a.1, &a.2).cmp(&(a.0, b.1, &b.2)));
    candidates.into_iter().find_map(|(_, at, pattern, in_place_of)| {
        let members: Vec<&str> = in_place_of.iter().map(String::as_str).collect();
        let known_beyond = ground.known.collapsed(&pattern, &members, ground.settings.budget())?;
        let (_, piece) = pieces.iter().find(|(place, _)| *place == at)?;
        let wide = Piece { resource: Some(ResourceElement::Resource(vec![pattern.clone()])), ..piece.clone() };
        let names: Vec<String> = piece.ids.iter().map(|id| ground.reference.name(*id).to_owned()).chain(piece.patterns.iter().cloned()).collect();
        current.is_none_or(|c| grants_piece(c, &wide, &names)).then_some(Collapsed { at, pattern, in_place_of, known_beyond })
    })
}

/// The piece with the new pattern.
#[must_use]
pub fn apply(piece: &Piece, collapsed: &Collapsed) -> Piece {
    let mut resources: BTreeSet<String> = piece.resources().unwrap_or_default().into_iter().map(str::to_owned).collect();
    for gone in &collapsed.in_place_of {
        resources.remove(gone);
    }
    resources.insert(collapsed.pattern.clone());
    Piece { resource: Some(ResourceElement::Resource(crate::reduce::narrow::without_covered(resources))), ..piece.clone() }
}
