//! Makes a document fit, one step after the other until it does: statements merged, ARNs collapsed, actions
//! collapsed, split into numbered policies. Every step says what it did; a document that does not fit says so.
//! Source: reference-data.md section 5, "Limits"; peers.md section 3 item 10.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::policy::{PolicyDocument, Statement, print};

use super::Ground;
use super::collapse::{apply, best};
use super::granted::{ByService, Granted, grants_piece};
use super::merge::{Reach, merge};
use super::piece::Piece;
use super::sids::{about, make_unique};
use super::split::split;
use crate::reduce::compress::{Shortener, Wildcards};

/// A kind of step.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub enum StepKind {
    /// Statements became one; what is allowed stays the same.
    Merged,
    /// Several resource patterns became one that takes in more.
    Resources,
    /// Names of actions became wildcards that stand for the same known actions.
    Actions,
    /// As `Actions`, where some of the actions are risky; they were granted by a wildcard as wide.
    RiskyActions,
    /// The document became several.
    Split,
}

impl StepKind {
    /// The word in reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            StepKind::Merged => "merged statements",
            StepKind::Resources => "collapsed resources",
            StepKind::Actions => "collapsed actions",
            StepKind::RiskyActions => "collapsed risky actions",
            StepKind::Split => "split",
        }
    }
}

/// What was done to make a document fit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// The kind.
    pub kind: StepKind,
    /// The new pattern, of `Resources`.
    pub pattern: Option<String>,
    /// The patterns that it stands for.
    pub in_place_of: Vec<String>,
    /// How many known resources it takes in that they did not.
    pub known_beyond: usize,
    /// Characters after the step; of all documents together.
    pub size: usize,
}

impl Step {
    fn plain(kind: StepKind, size: usize) -> Step {
        Step { kind, pattern: None, in_place_of: Vec::new(), known_beyond: 0, size }
    }
}

/// A document that was made to fit.
#[derive(Clone, Debug)]
pub struct Packed {
    /// The documents, one unless it had to be split.
    pub documents: Vec<PolicyDocument>,
    /// What was done.
    pub steps: Vec<Step>,
    /// Whether every document is within the limit and no more of them than there is room for.
    pub fits: bool,
    /// How many documents of the limit would be needed, where it does not fit; `None` where one statement alone is too long.
    pub needed: Option<usize>,
}

/// More numbered policies than this are worse to live with than a wildcard over what is kept and was granted anyway.
const MOST_PARTS: usize = 3;

/// Statements as pieces where they can be changed, with their places.
fn pieces(document: &PolicyDocument, ground: &Ground<'_>) -> Vec<(usize, Piece)> {
    document.statements.iter().enumerate().filter_map(|(at, s)| Some((at, Piece::of(s, ground.reference)?))).collect()
}

/// The statements merged, as far as what comes out is granted by `current`.
#[must_use]
pub fn merged(document: &PolicyDocument, current: Option<&PolicyDocument>, reach: Reach, ground: &Ground<'_>) -> PolicyDocument {
    let mut copied = Vec::new();
    let mut open = Vec::new();
    for statement in &document.statements {
        match Piece::of(statement, ground.reference) {
            Some(piece) => open.push(without_repetition(piece, ground)),
            None => copied.push(statement.clone()),
        }
    }
    let may_join = |piece: &Piece| current.is_none_or(|c| grants_piece(c, piece, &names(piece, ground)));
    let joined = merge(open, reach, ground, &may_join);
    // From use alone there is no original whose Sids readers know.
    let sid = |p: &Piece| if current.is_none() { Some(about(p, ground.reference)) } else { p.frame.sid.clone() };
    let mut statements: Vec<_> = joined.iter().map(|p| Statement { sid: sid(p), ..p.by_name(ground.reference) }).collect();
    statements.extend(copied);
    make_unique(&mut statements);
    PolicyDocument { version: document.version, id: document.id.clone(), statements }
}

fn names(piece: &Piece, ground: &Ground<'_>) -> Vec<String> {
    piece.ids.iter().map(|id| ground.reference.name(*id).to_owned()).chain(piece.patterns.iter().cloned()).collect()
}

/// Leaves out names that a wildcard beside them takes in.
fn without_repetition(mut piece: Piece, ground: &Ground<'_>) -> Piece {
    let patterns = piece.patterns.clone();
    let patterns = ByService::of(patterns.iter());
    piece.ids.retain(|id| !patterns.covers(ground.reference.name(*id)));
    piece
}

/// What decides which wildcards may be written for a piece, as one number.
fn place(current: Option<&PolicyDocument>, piece: &Piece, resources: &[&str]) -> u64 {
    let mut hash = DefaultHasher::new();
    (current, &piece.frame.principal, &piece.frame.conditions, resources).hash(&mut hash);
    hash.finish()
}

/// The document with wildcards for its actions.
fn with_wildcards(document: &PolicyDocument, current: Option<&PolicyDocument>, wildcards: Wildcards, ground: &Ground<'_>) -> PolicyDocument {
    let mut out = document.clone();
    for (at, piece) in pieces(document, ground) {
        let resources: Vec<&str> = piece.resources().unwrap_or_default().into_iter().collect();
        let granted = current.map(|c| Granted::new(c, &piece.frame, &resources));
        let may = |pattern: &str| granted.as_ref().is_none_or(|g| !resources.is_empty() && g.all(pattern));
        let shortener = Shortener { wildcards, may: &may, place: place(current, &piece, &resources), memo: &ground.memo, reference: ground.reference };
        let mut ids = piece.ids.clone();
        // Wildcards that stand already count as their actions, so that a shorter one may take them in.
        let (mut wild, mut unknown): (Vec<&String>, Vec<&String>) = (Vec::new(), Vec::new());
        for pattern in &piece.patterns {
            let stands_for = ground.reference.expand(pattern);
            if stands_for.is_empty() { unknown.push(pattern) } else { wild.push(pattern) }
            ids.extend(stands_for);
        }
        let mut short: BTreeSet<String> = shortener.compressed(&ids);
        // What a standing wildcard says of future actions stays.
        let new = ByService::of(short.iter());
        let standing: Vec<&String> = wild.into_iter().filter(|w| !new.covers(w)).collect();
        let kept = ByService::of(standing.iter().copied());
        short = short.iter().filter(|s| !kept.covers(s)).cloned().collect();
        short.extend(standing.into_iter().cloned());
        short.extend(unknown.into_iter().cloned());
        if let Some(slot) = out.statements.get_mut(at) {
            *slot = piece.statement(short);
        }
    }
    out
}

/// Makes a document fit into `room` documents of `limit` characters. `current` is what was granted: nothing is written
/// that it does not grant.
///
/// The steps go on until the document fits, and none is taken that does not help: statements of several services
/// become one only where that saves a document, and a document that must be split all the same keeps its resources as
/// they are, unless more than a few documents would come of it.
#[must_use]
pub fn pack(document: &PolicyDocument, current: Option<&PolicyDocument>, limit: usize, room: usize, ground: &Ground<'_>) -> Packed {
    let ladder = Ladder { current, limit, room, ground };
    let start = Draft::new(document.clone());
    if start.size <= limit && room > 0 {
        return start.into_one();
    }
    let near = ladder.merged(&start, Reach::Service);
    let narrowed = ladder.collapsed(near.clone());
    let has_collapsed = narrowed.steps.len() > near.steps.len();
    let collapsed = ladder.shortened(narrowed);
    if collapsed.fits && collapsed.documents.len() == 1 {
        return collapsed;
    }
    // Without resources that were collapsed the two are the same.
    let best_near = if has_collapsed {
        let exact = ladder.shortened(near);
        if exact.fits && exact.documents.len() <= MOST_PARTS { exact } else { better(collapsed, exact) }
    } else {
        collapsed
    };
    let far = ladder.merged(&start, Reach::All);
    better(best_near, ladder.shortened(ladder.collapsed(far)))
}

/// The second where it fits and the first does not, or where it takes fewer documents; else the first.
fn better(first: Packed, second: Packed) -> Packed {
    let documents = |p: &Packed| p.needed.unwrap_or(usize::MAX);
    if (!second.fits, documents(&second)) < (!first.fits, documents(&first)) { second } else { first }
}

/// A document on its way, with its size and what was done.
#[derive(Clone)]
struct Draft {
    document: PolicyDocument,
    size: usize,
    steps: Vec<Step>,
}

impl Draft {
    fn new(document: PolicyDocument) -> Draft {
        Draft { size: print::size(&document), document, steps: Vec::new() }
    }

    /// Goes on with `next` where that is shorter; whether it did.
    fn take(&mut self, next: PolicyDocument, step: Step) -> bool {
        let size = print::size(&next);
        let is_shorter = size < self.size;
        if is_shorter {
            self.steps.push(Step { size, ..step });
            (self.document, self.size) = (next, size);
        }
        is_shorter
    }

    fn into_one(self) -> Packed {
        Packed { documents: vec![self.document], steps: self.steps, fits: true, needed: Some(1) }
    }
}

/// The steps, one after the other until it fits.
struct Ladder<'a> {
    current: Option<&'a PolicyDocument>,
    limit: usize,
    room: usize,
    ground: &'a Ground<'a>,
}

impl Ladder<'_> {
    fn merged(&self, start: &Draft, reach: Reach) -> Draft {
        let mut draft = start.clone();
        draft.take(merged(&draft.document, self.current, reach, self.ground), Step::plain(StepKind::Merged, 0));
        draft
    }

    /// With resource patterns that take in more, as long as it is too long.
    fn collapsed(&self, mut draft: Draft) -> Draft {
        while draft.size > self.limit {
            let open = pieces(&draft.document, self.ground);
            let Some(found) = best(&open, self.current, self.ground) else { break };
            let Some((_, piece)) = open.iter().find(|(at, _)| *at == found.at) else { break };
            let mut next = draft.document.clone();
            let Some(slot) = next.statements.get_mut(found.at) else { break };
            *slot = apply(piece, &found).by_name(self.ground.reference);
            let step = Step { kind: StepKind::Resources, pattern: Some(found.pattern), in_place_of: found.in_place_of, known_beyond: found.known_beyond, size: 0 };
            if !draft.take(next, step) {
                break;
            }
        }
        draft
    }

    /// With wildcards for its actions, and split.
    fn shortened(&self, mut draft: Draft) -> Packed {
        let (limit, room) = (self.limit, self.room);
        if draft.size > limit {
            let next = with_wildcards(&draft.document, self.current, Wildcards::Safe, self.ground);
            draft.take(next, Step::plain(StepKind::Actions, 0));
        }
        if draft.size <= limit && room > 0 {
            return draft.into_one();
        }
        let total = |parts: &[PolicyDocument]| parts.iter().map(print::size).sum();
        let safe = split(&draft.document, limit);
        let mut steps = draft.steps;
        if let Some(parts) = safe.as_ref().filter(|p| p.len() <= room.min(MOST_PARTS)) {
            steps.push(Step::plain(StepKind::Split, total(parts)));
            return Packed { needed: Some(parts.len()), documents: parts.clone(), steps, fits: true };
        }
        let mut document = draft.document;
        // Only what was granted by a wildcard as wide: from use alone there is no such wildcard.
        let filled = self.current.map(|c| Draft::new(with_wildcards(&document, Some(c), Wildcards::Filled, self.ground))).filter(|f| f.size < draft.size);
        if let Some(filled) = filled {
            let parts = split(&filled.document, limit);
            let fewer = |parts: &Vec<PolicyDocument>| safe.as_ref().is_none_or(|s| parts.len() < s.len());
            if let Some(parts) = parts.filter(|p| p.len() <= room && fewer(p)) {
                steps.push(Step::plain(StepKind::RiskyActions, filled.size));
                if parts.len() > 1 {
                    steps.push(Step::plain(StepKind::Split, total(&parts)));
                }
                let documents = if parts.len() > 1 { parts } else { vec![filled.document] };
                return Packed { needed: Some(documents.len()), documents, steps, fits: true };
            }
            document = if safe.as_ref().is_some_and(|p| p.len() <= room) { document } else { filled.document };
        }
        if let Some(parts) = safe.filter(|p| p.len() <= room) {
            steps.push(Step::plain(StepKind::Split, total(&parts)));
            return Packed { needed: Some(parts.len()), documents: parts, steps, fits: true };
        }
        let needed = split(&document, limit).map(|p| p.len());
        Packed { documents: vec![document], steps, fits: false, needed }
    }
}
