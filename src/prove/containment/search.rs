//! The search for a request that one statement lets through and the other side does not.
//!
//! For a statement, what surely helps and what may hurt is sorted first by conditions and principals (`Against`). Then every
//! action pattern and resource pattern of the statement is a cell: a cell that one helping statement covers as a whole is done; for
//! others all combinations of actions are walked, and for each all combinations of resources. Nothing found means that there is
//! nothing: sure statements are taken for less than they may do, hurting ones for more.

use std::collections::{BTreeMap, BTreeSet};

use super::glob_walk::{Glob, Shape, TooLarge, VARIABLES, combinations};
use super::side::{Part, ResourcePattern};

/// What stands for and against one statement.
pub struct Against<'p, 'd> {
    /// Statements that surely let through what the statement does, where action and resource fit.
    pub helping: Vec<&'p Part<'d>>,
    /// Statements that surely refuse on the statement's own side.
    pub stopping: Vec<&'p Part<'d>>,
    /// Statements of the other side that may refuse, each with those of the own side that then surely refuse too.
    pub hurting: Vec<(&'p Part<'d>, Vec<&'p Part<'d>>)>,
}

/// A request of which it is not shown that it is let through.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Suspect {
    /// Action, in lower case.
    pub action: String,
    /// Resource; may hold characters that stand for variables.
    pub resource: String,
    /// Whether a hurting statement is why.
    pub is_denied: bool,
}

/// How a statement's elements bear on a point: the places of the parts in `Against`, put in one list.
struct Parts<'a, 'p, 'd> {
    all: Vec<&'p Part<'d>>,
    against: &'a Against<'p, 'd>,
    helping: std::ops::Range<usize>,
    stopping: std::ops::Range<usize>,
    hurting: Vec<(usize, std::ops::Range<usize>)>,
}

impl<'a, 'p, 'd> Parts<'a, 'p, 'd> {
    fn new(against: &'a Against<'p, 'd>) -> Parts<'a, 'p, 'd> {
        let mut all: Vec<&Part<'d>> = against.helping.clone();
        let helping = 0..all.len();
        all.extend(&against.stopping);
        let stopping = helping.end..all.len();
        let mut hurting = Vec::new();
        for (part, excused) in &against.hurting {
            let at = all.len();
            all.push(part);
            all.extend(excused);
            hurting.push((at, at + 1..all.len()));
        }
        Parts { all, against, helping, stopping, hurting }
    }

    /// Whether the point with these parts in play is not shown to be let through; `Some(true)` where a Deny is why.
    fn is_suspect(&self, in_play: &[bool]) -> Option<bool> {
        let is = |at: usize| in_play.get(at).copied().unwrap_or(false);
        if self.stopping.clone().any(is) {
            return None;
        }
        if !self.helping.clone().any(is) {
            return Some(false);
        }
        self.hurting.iter().any(|(at, excused)| is(*at) && !excused.clone().any(is)).then_some(true)
    }

    /// Whether a part may be over-stated rather than under-stated where a pattern is not exact.
    fn is_hurting(&self, at: usize) -> bool {
        self.hurting.iter().any(|(h, _)| *h == at)
    }
}

/// Looks for requests of `part` that are not shown to be let through, at most `most` of them.
///
/// # Errors
/// [`TooLarge`] when a walk passes its bound.
pub fn suspects(part: &Part<'_>, against: &Against<'_, '_>, most: usize) -> Result<Vec<Suspect>, TooLarge> {
    let parts = Parts::new(against);
    let anything = ("*".to_owned(), Glob::new("*"));
    let any_action = [anything];
    let actions: &[(String, Glob)] = if part.not_action { &any_action } else { &part.actions };
    let everything = [ResourcePattern { text: "*".into(), glob: Some(Glob::of_arn(&["*", "*", "*", "*"], "*")), widest: None, is_all: true, has_variables: false }];
    let resources: &[ResourcePattern] = if part.not_resource { &everything } else { &part.resources };
    let mut found = Vec::new();
    // Helping statements by action pattern and by resource pattern that they cover as a whole.
    let resource_covers: Vec<BTreeSet<usize>> = resources.iter().map(|r| (0..against.helping.len()).filter(|at| covers_resource(part, r, against.helping.get(*at))).collect()).collect();
    let mut told: BTreeSet<Suspect> = BTreeSet::new();
    for (text, glob) in actions {
        let action_covers: BTreeSet<usize> = (0..against.helping.len()).filter(|at| covers_action(part, text, against.helping.get(*at))).collect();
        let open: Vec<&ResourcePattern> = resources
            .iter()
            .zip(&resource_covers)
            .filter(|(r, covers)| covers.is_disjoint(&action_covers) || parts.against.hurting.iter().any(|(h, excused)| may_hurt(h, excused, text, r)))
            .map(|(r, _)| r)
            .collect();
        if open.is_empty() {
            continue;
        }
        for (action, in_play) in action_points(part, text, glob, &parts)? {
            for resource in &open {
                for (resource, is_denied) in resource_points(part, resource, &parts, &in_play)? {
                    let suspect = Suspect { action: action.clone(), resource, is_denied };
                    if told.insert(suspect.clone()) {
                        found.push(suspect);
                    }
                    if found.len() >= most {
                        return Ok(found);
                    }
                }
            }
        }
    }
    Ok(found)
}

impl PartialOrd for Suspect {
    fn partial_cmp(&self, other: &Suspect) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Suspect {
    fn cmp(&self, other: &Suspect) -> std::cmp::Ordering {
        (&self.action, &self.resource, self.is_denied).cmp(&(&other.action, &other.resource, other.is_denied))
    }
}

/// Whether a statement's action element takes in the whole pattern.
fn covers_action(own: &Part<'_>, text: &str, helping: Option<&&Part<'_>>) -> bool {
    helping.is_some_and(|h| {
        if h.not_action {
            // A negated own element is covered by one that leaves out no more.
            own.not_action && h.actions.iter().all(|(out, _)| own.actions.iter().any(|(o, _)| crate::aws::glob_covers(o, out)))
                || !own.not_action && !h.actions_near(text).any(|(out, _)| crate::aws::glob_intersects(out, text))
        } else {
            h.actions_near(text).any(|(wide, _)| wide == text || crate::aws::glob_covers(wide, text))
        }
    })
}

/// Whether a statement's resource element takes in the whole pattern; by text, or for plain ARN patterns by parts.
fn covers_resource(own: &Part<'_>, pattern: &ResourcePattern, helping: Option<&&Part<'_>>) -> bool {
    helping.is_some_and(|h| {
        if h.not_resource || own.not_resource {
            return own.not_resource && h.not_resource && !h.resources.is_empty() && h.version == own.version
                && h.resources.iter().all(|out| own.resources.iter().any(|o| o.text == out.text))
                || !h.not_resource && h.resources.iter().any(|wide| wide.is_all);
        }
        h.resources.iter().any(|wide| {
            wide.is_all
                || (wide.text == pattern.text && (h.version == own.version || !(wide.has_variables || pattern.text.contains("${"))))
                || (!wide.has_variables && !pattern.has_variables && !wide.text.contains("${") && !pattern.text.contains("${") && crate::aws::arn_covers(&wide.text, &pattern.text))
        })
    })
}

/// Whether a hurting statement may bear on a cell and is not excused as a whole by one of its own like.
fn may_hurt(hurting: &Part<'_>, excused: &[&Part<'_>], action: &str, resource: &ResourcePattern) -> bool {
    let same = |e: &&Part<'_>| e.statement.action == hurting.statement.action && e.statement.resource == hurting.statement.resource && e.version == hurting.version;
    if excused.iter().any(same) {
        return false;
    }
    let plain = |r: &ResourcePattern| !r.has_variables && !r.text.contains("${") && (r.is_all || r.text.bytes().filter(|b| *b == b':').count() >= 5);
    let apart_by_action = !hurting.not_action && !hurting.actions_near(action).any(|(p, _)| crate::aws::glob_intersects(p, action));
    let apart_by_resource = !hurting.not_resource
        && plain(resource)
        && hurting.resources.iter().all(|r| plain(r) && !r.is_all && !resource.is_all && !crate::aws::arn_intersects(&r.text, &resource.text));
    !(apart_by_action || apart_by_resource)
}

/// The combinations of parts whose action elements take in an action of the pattern, each with such an action.
fn action_points(own: &Part<'_>, text: &str, glob: &Glob, parts: &Parts<'_, '_, '_>) -> Result<Vec<(String, Vec<bool>)>, TooLarge> {
    // Only patterns that cut the cell are walked; those that cover it or lie apart are the same all over it.
    enum Bears {
        Always,
        Never,
        Walk(usize),
    }
    let mut globs: Vec<&Glob> = vec![glob];
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    let mut bear = |pattern: &str, other: Glob, owned: &mut Vec<Glob>| {
        if crate::aws::glob_covers(pattern, text) {
            Bears::Always
        } else if !crate::aws::glob_intersects(pattern, text) {
            Bears::Never
        } else {
            Bears::Walk(*known.entry(pattern.to_owned()).or_insert_with(|| {
                owned.push(other);
                owned.len()
            }))
        }
    };
    let mut owned: Vec<Glob> = Vec::new();
    let mut element = |part: &Part<'_>, owned: &mut Vec<Glob>| -> (bool, Vec<Bears>) { (part.not_action, part.actions.iter().map(|(p, g)| bear(p, g.clone(), owned)).collect()) };
    let own_element = element(own, &mut owned);
    let elements: Vec<(bool, Vec<Bears>)> = parts.all.iter().map(|p| element(p, &mut owned)).collect();
    globs.extend(owned.iter());
    let holds = |(negated, list): &(bool, Vec<Bears>), matched: &[bool]| {
        let any = list.iter().any(|b| match b {
            Bears::Always => true,
            Bears::Never => false,
            Bears::Walk(at) => matched.get(*at).copied().unwrap_or(false),
        });
        any != *negated
    };
    let mut points: BTreeMap<Vec<bool>, String> = BTreeMap::new();
    combinations(&globs, Shape::Action, |action, matched| {
        if !own.not_action || holds(&own_element, matched) {
            let in_play: Vec<bool> = elements.iter().map(|e| holds(e, matched)).collect();
            points.entry(in_play).or_insert_with(|| action.to_owned());
        }
        true
    })?;
    Ok(points.into_iter().map(|(in_play, action)| (action, in_play)).collect())
}

/// Resources of the pattern on which an action with these parts in play is suspect, one for each combination, and whether a Deny
/// is why.
fn resource_points(own: &Part<'_>, pattern: &ResourcePattern, parts: &Parts<'_, '_, '_>, in_play: &[bool]) -> Result<Vec<(String, bool)>, TooLarge> {
    let mut found = Vec::new();
    let live: Vec<(usize, &Part<'_>)> = parts.all.iter().enumerate().filter(|(at, _)| in_play.get(*at) == Some(&true)).map(|(at, p)| (at, *p)).collect();
    // A request without a resource: `*` alone takes it in.
    if pattern.is_all {
        let takes_none = |p: &Part<'_>| p.resources.iter().any(|r| r.is_all) != p.not_resource;
        let mut here = vec![false; parts.all.len()];
        for (at, part) in &live {
            if let Some(slot) = here.get_mut(*at) {
                *slot = takes_none(part);
            }
        }
        if takes_none(own)
            && let Some(is_denied) = parts.is_suspect(&here)
        {
            found.push(("*".to_owned(), is_denied));
        }
    }
    let Some(glob) = &pattern.glob else { return Ok(found) };
    let mut globs: Vec<&Glob> = vec![glob];
    let mut elements: Vec<(usize, bool, Vec<Option<usize>>)> = Vec::new();
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    let mut element = |at: usize, part: &'_ Part<'_>, widest: bool, globs: &mut Vec<Glob>| {
        let list = part
            .resources
            .iter()
            .filter_map(|r| if widest { r.widest.as_ref() } else { r.glob.as_ref() }.map(|g| (format!("{g:?}"), g)))
            .map(|(key, g)| {
                Some(*known.entry(key).or_insert_with(|| {
                    globs.push(g.clone());
                    globs.len()
                }))
            })
            .collect();
        (at, part.not_resource, list)
    };
    let mut owned = Vec::new();
    for (at, part) in &live {
        // What may hurt is taken for all it could match; negated, what it leaves out is taken for all that it surely matches.
        let overstate = parts.is_hurting(*at);
        elements.push(element(*at, part, overstate != part.not_resource, &mut owned));
    }
    // The own element negated is to be over-stated: left out is only what surely matches.
    let own_element = own.not_resource.then(|| element(usize::MAX, own, false, &mut owned));
    globs.extend(owned.iter());
    let takes = |(_, negated, list): &(usize, bool, Vec<Option<usize>>), matched: &[bool]| {
        list.iter().flatten().any(|at| matched.get(*at).copied().unwrap_or(false)) != *negated
    };
    let has_variables = pattern.has_variables;
    combinations(&globs, Shape::Arn, |text, matched| {
        let own_takes = own_element.as_ref().is_none_or(|e| takes(e, matched));
        let mut here = vec![false; parts.all.len()];
        for e in &elements {
            // A variable in the own pattern may take any value: what may hurt, hurts wherever it could.
            let could = has_variables && parts.is_hurting(e.0) && text.chars().any(|c| VARIABLES.contains(&c));
            if let Some(slot) = here.get_mut(e.0) {
                *slot = could || takes(e, matched);
            }
        }
        if own_takes && let Some(is_denied) = parts.is_suspect(&here) {
            found.push((format!("arn:{text}"), is_denied));
        }
        found.len() < 40
    })?;
    Ok(found)
}
