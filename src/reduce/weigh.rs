//! Which uses of an action fall under a statement, and on which of its resources.

use std::borrow::Cow;
use std::cell::OnceCell;

use crate::aws::{Text, arn_covers, arn_intersects, arn_matches, in_six_parts};
use crate::grants::{Grants, Held, Principal};
use crate::policy::{Effect, ResourceElement};
use crate::reference::ActionId;
use crate::usage::UsageRow;

use super::evidence::Uses;
use super::narrow::{self, Seen};
use super::verdict::{PatternVerdict, Verdict};
use super::write::Ground;

/// Whether a statement's resource element takes in the resource of a call: yes, perhaps, no.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Taken {
    Yes,
    Perhaps,
    No,
}

/// Whether one pattern does.
fn taken_by(pattern: &str, row: &UsageRow) -> Taken {
    let pattern = &*in_six_parts(pattern);
    if pattern.contains("${") {
        Taken::Perhaps
    } else if row.is_pattern() {
        if arn_covers(pattern, &row.resource_arn) {
            Taken::Yes
        } else if arn_intersects(pattern, &row.resource_arn) {
            Taken::Perhaps
        } else {
            Taken::No
        }
    } else if arn_matches(pattern, &row.resource_arn) {
        Taken::Yes
    } else {
        Taken::No
    }
}

/// A resource element with its short patterns filled up, for comparing them with ARNs.
#[must_use]
pub fn filled_up(element: Option<&ResourceElement>) -> Option<Cow<'_, ResourceElement>> {
    let element = element?;
    if element.patterns().iter().all(|p| matches!(in_six_parts(p), Cow::Borrowed(_))) {
        return Some(Cow::Borrowed(element));
    }
    let full = |list: &[String]| list.iter().map(|p| in_six_parts(p).into_owned()).collect();
    Some(Cow::Owned(match element {
        ResourceElement::Resource(list) => ResourceElement::Resource(full(list)),
        ResourceElement::NotResource(list) => ResourceElement::NotResource(full(list)),
    }))
}

fn taken(element: Option<&ResourceElement>, row: &UsageRow) -> Taken {
    let any = |list: &[String], wanted| list.iter().any(|p| taken_by(p, row) == wanted);
    match element {
        None => Taken::Perhaps,
        Some(ResourceElement::Resource(list)) if any(list, Taken::Yes) => Taken::Yes,
        Some(ResourceElement::NotResource(list)) if any(list, Taken::Yes) => Taken::No,
        Some(element) if any(element.patterns(), Taken::Perhaps) => Taken::Perhaps,
        Some(ResourceElement::Resource(_)) => Taken::No,
        Some(ResourceElement::NotResource(_)) => Taken::Yes,
    }
}

/// What the members of a document hold besides, looked up when first asked.
pub struct Holdings<'g> {
    grants: &'g Grants,
    members: Vec<(&'g Principal, OnceCell<Held<'g>>)>,
}

impl<'g> Holdings<'g> {
    /// Of these principals.
    #[must_use]
    pub fn new(grants: &'g Grants, members: &[&'g Principal]) -> Holdings<'g> {
        Holdings { grants, members: members.iter().map(|m| (*m, OnceCell::new())).collect() }
    }

    /// Whether no statement that a member holds takes the call in: the ARN we read from the log must then be wrong or somebody
    /// else granted it, so it proves use of the action but tells nothing about resources.
    fn is_orphan(&self, member: usize, row: &UsageRow) -> bool {
        self.members.get(member).is_some_and(|(principal, held)| {
            let held = held.get_or_init(|| self.grants.held_by(principal));
            let allows = held.identity.iter().flat_map(|h| &h.document.statements).filter(|s| s.effect == Effect::Allow);
            !allows.into_iter().any(|s| taken(s.resource.as_ref(), row) != Taken::No && s.action.contains(&row.action))
        })
    }
}

/// The uses of an action under a statement.
pub struct Used {
    /// Resources that the log names.
    pub resources: Vec<Text>,
    /// The fewer resources that are enough, where they are fewer.
    pub narrowed: Option<Vec<String>>,
    /// What became of each granted pattern, where some are narrowed or dropped.
    pub patterns: Vec<PatternVerdict>,
    /// Whether there were only calls of which it is not known whether they were authorised.
    pub weak: bool,
    /// Why resources are not narrowed though they could be.
    pub note: Option<Cow<'static, str>>,
}

/// Whether the uses of an action fall under a statement with this resource element, and on which resources; these are narrowed
/// where a ground to write on is given.
#[must_use]
pub fn weigh(id: ActionId, uses: &Uses<'_>, element: Option<&ResourceElement>, holdings: &Holdings<'_>, ground: Option<&Ground<'_>>) -> Option<Used> {
    let mut rows: Vec<&UsageRow> = Vec::new();
    let mut vague: Option<&'static str> = None;
    for (member, row) in &uses.allowed {
        match taken(element, row) {
            Taken::Yes => rows.push(row),
            Taken::Perhaps => {
                vague = Some("used; the log does not tell on which of the granted resources");
                rows.push(row);
            }
            Taken::No => {
                if holdings.is_orphan(*member, row) {
                    vague = Some("used; no granted resource matches the one in the log, so none is taken away");
                    rows.push(row);
                }
            }
        }
    }
    if rows.is_empty() {
        let note = "only calls that failed before authorisation could be told (throttling, validation)";
        return uses.weak.iter().any(|r| taken(element, r) != Taken::No).then(|| Used {
            resources: Vec::new(),
            narrowed: None,
            patterns: Vec::new(),
            weak: true,
            note: Some(note.into()),
        });
    }
    let mut resources: Vec<Text> = rows.iter().map(|r| r.resource_arn.clone()).collect();
    resources.sort();
    resources.dedup();
    resources.shrink_to_fit();
    let mut used = Used { resources, narrowed: None, patterns: Vec::new(), weak: false, note: None };
    let Some(ground) = ground else { return Some(used) };
    if vague.is_none() && rows.iter().any(|r| r.is_pattern() || r.resource_arn == "*") {
        vague = Some("used; the log does not name the resource");
    }
    if !uses.weak.is_empty() && vague.is_none() {
        vague = Some("used; other calls failed on resources that are not known");
    }
    if let (None, Some(ResourceElement::Resource(granted))) = (vague, element) {
        let seen: Vec<Seen<'_>> = rows.iter().map(|r| Seen::of(r)).collect();
        if let Some(smaller) = narrow::smaller(id, &seen, granted, ground) {
            used.patterns = granted.iter().map(|p| of_pattern(p, &smaller, &rows)).collect();
            used.narrowed = Some(smaller);
        }
    }
    used.note = vague.map(Cow::Borrowed);
    Some(used)
}

/// What became of one granted pattern.
fn of_pattern(pattern: &str, smaller: &[String], rows: &[&UsageRow]) -> PatternVerdict {
    let verdict = if smaller.iter().any(|s| s == pattern) {
        Verdict::KeepUsed
    } else if smaller.iter().any(|s| arn_covers(pattern, s)) {
        Verdict::Narrow
    } else {
        Verdict::Drop
    };
    let calls = rows.iter().filter(|r| taken_by(pattern, r) == Taken::Yes).map(|r| r.calls).sum();
    PatternVerdict { pattern: pattern.to_owned(), verdict, calls }
}
