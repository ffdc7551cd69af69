//! Fewer statements that allow the same. Two statements become one only where that adds nothing: the same
//! resources, the same actions, or actions none of which works on the other's resources.
//! Source: reference-data.md section 5, rules (a) to (f).

use std::collections::BTreeSet;

use crate::policy::ResourceElement;
use crate::reference::ActionId;

use super::Ground;
use super::piece::Piece;
use crate::aws::arn_covers;

/// Which statements may become one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reach {
    /// Those with the same resources or the same actions: what is allowed stays the same whatever an action works on.
    Same,
    /// Also those of one service whose actions do not work on each other's resources.
    Service,
    /// Also those of several services.
    All,
}

/// Merges pieces; `may_join` has the last word on two that are to become one of the given actions and resources.
#[must_use]
pub fn merge(pieces: Vec<Piece>, reach: Reach, ground: &Ground<'_>, may_join: &dyn Fn(&Piece) -> bool) -> Vec<Piece> {
    let mut out: Vec<Piece> = Vec::new();
    for piece in pieces {
        out.push(piece);
        // The newest may join an earlier one, and what has grown another.
        let newest = out.len() - 1;
        settle(&mut out, newest, reach, ground, may_join);
    }
    out
}

/// Lets the piece at a place join others until none is left to join.
fn settle(out: &mut Vec<Piece>, at: usize, reach: Reach, ground: &Ground<'_>, may_join: &dyn Fn(&Piece) -> bool) {
    let mut at = at;
    loop {
        let Some(grown) = out.get(at) else { return };
        let found = out.iter().enumerate().filter(|(other, _)| *other != at).find_map(|(other, piece)| {
            let (first, second) = if other < at { (piece, grown) } else { (grown, piece) };
            Some((other, join(first, second, reach, ground, may_join)?))
        });
        let Some((other, joined)) = found else { return };
        let (keep, gone) = if other < at { (other, at) } else { (at, other) };
        if let Some(slot) = out.get_mut(keep) {
            *slot = joined;
        }
        out.remove(gone);
        at = keep;
    }
}

fn join(a: &Piece, b: &Piece, reach: Reach, ground: &Ground<'_>, may_join: &dyn Fn(&Piece) -> bool) -> Option<Piece> {
    if !a.same_frame(b) {
        return None;
    }
    let same_actions = a.ids == b.ids && a.patterns == b.patterns;
    let joined = match (a.resources(), b.resources()) {
        (left, right) if left == right && (left.is_some() || a.resource == b.resource) => both(a, b),
        (Some(_), Some(_)) if same_actions => both(a, b),
        (Some(left), Some(right)) => {
            let is_near = match reach {
                Reach::Same => false,
                Reach::Service => {
                    let services = a.services(ground.reference);
                    services.len() == 1 && services == b.services(ground.reference)
                }
                Reach::All => true,
            };
            let is_safe = is_near
                && a.patterns.is_empty()
                && b.patterns.is_empty()
                && adds_nothing(&a.ids, &left, &right, ground)
                && adds_nothing(&b.ids, &right, &left, ground);
            if !is_safe {
                return None;
            }
            both(a, b)
        }
        _ => return None,
    };
    may_join(&joined).then_some(joined)
}

/// Whether actions that stand on `own` resources can do nothing more with `other` ones beside: none of those that are
/// new is of a type that any of the actions works on. An action without types works on `*` alone and is not put with
/// ARNs, where it would be of no use to a reader.
fn adds_nothing(ids: &BTreeSet<ActionId>, own: &BTreeSet<&str>, other: &BTreeSet<&str>, ground: &Ground<'_>) -> bool {
    let new: Vec<&&str> = other.iter().filter(|r| !own.iter().any(|o| arn_covers(o, r))).collect();
    ids.iter().all(|id| ground.reference.scopable(*id) && !new.iter().any(|r| r.contains("${") || ground.types.may_match(*id, r, ground.reference)))
}

/// Both in one; the first one's frame stays.
fn both(a: &Piece, b: &Piece) -> Piece {
    let mut joined = a.clone();
    joined.ids.extend(&b.ids);
    joined.patterns.extend(b.patterns.iter().cloned());
    if let (Some(left), Some(right)) = (a.resources(), b.resources())
        && left != right
    {
        joined.resource = Some(ResourceElement::Resource(left.union(&right).map(|r| (*r).to_owned()).collect()));
    }
    if joined.frame.sid.is_none() {
        joined.frame.sid.clone_from(&b.frame.sid);
    }
    joined
}
