//! Containment: does a set of policy documents allow anything that another set does not?
//!
//! Every Allow statement of the new documents is held against the old ones (`search`): exact where there are no conditions, by
//! walking all patterns side by side as automata (`glob_walk`); sound everywhere, since a condition or a principal counts only as far as
//! it surely helps or could hurt (`conditions`, `side`). A request that is found is handed to the evaluation engine (`witness`): what it
//! confirms is "not contained", what it does not is "not proved", and "contained" is said only where no such request can be.
//! docs/decisions/0010-containment-by-walks.md.

mod conditions;
mod glob_walk;
mod search;
mod side;
mod witness;

#[cfg(test)]
mod brute_test;
#[cfg(test)]
mod pairs_test;

use conditions::{all_implied, disjoint};
use search::{Against, suspects};
use side::{Part, Variables, principal_inside, with};
use witness::Sides;
pub use witness::Witness;

use crate::evaluate::PolicyType;
use crate::policy::{Effect, PolicyDocument};

/// How many suspects of a statement are handed to the engine.
const TRIES: usize = 64;

/// The answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Containment {
    /// Everything the new documents allow, the old ones allow.
    Proved,
    /// The new documents allow a request that the old ones do not; the engine says so too.
    Refuted(Box<Witness>),
    /// Neither is shown, because.
    NotProved(String),
}

impl Containment {
    /// Why it is not proved, in a sentence; `None` if it is.
    #[must_use]
    pub fn why_not(&self) -> Option<String> {
        match self {
            Containment::Proved => None,
            Containment::Refuted(w) => Some(format!("refuted: {} on {} would be allowed", w.action, w.resource)),
            Containment::NotProved(why) => Some(format!("not proved: {why}")),
        }
    }
}

/// Whether the new documents, in the place of the old ones, could let anybody do more: they allow nothing that the old ones do
/// not, and every Deny of the old ones still binds, because other policies of the same principal may allow what it denies.
#[must_use]
pub fn contained(new: &[&PolicyDocument], old: &[&PolicyDocument]) -> Containment {
    match allows_no_more(new, old) {
        Containment::Proved => denies_no_less(new, old),
        other => other,
    }
}

/// Whether every request that the new documents allow is allowed by the old ones, each side taken as all the policies of its
/// kind that there are.
#[must_use]
pub fn allows_no_more(new: &[&PolicyDocument], old: &[&PolicyDocument]) -> Containment {
    let of_resource = new.iter().chain(old).any(|d| d.statements.iter().any(|s| s.principal.is_some()));
    let kind = if of_resource { PolicyType::Resource } else { PolicyType::Identity };
    let mut variables = Variables::default();
    let (new_parts, old_parts) = (variables.parts(new, kind), variables.parts(old, kind));
    let (new_denies, old_allows, old_denies) = (with(&new_parts, Effect::Deny), with(&old_parts, Effect::Allow), with(&old_parts, Effect::Deny));
    let mut sides: Option<Sides> = None;
    let mut open: Option<String> = None;
    for part in with(&new_parts, Effect::Allow) {
        let sure = |other: &Part<'_>| {
            all_implied(&part.conditions, &other.conditions) && principal_inside(part.statement.principal.as_ref(), other.statement.principal.as_ref())
        };
        let hurting = old_denies.iter().copied().filter(|d| !disjoint(&part.conditions, &d.conditions)).map(|d| {
            let both: Vec<_> = part.conditions.iter().chain(&d.conditions).copied().collect();
            // Where the old Deny applies, a new one that asks for no more applies too.
            let excused = |n: &&&Part<'_>| {
                all_implied(&both, &n.conditions) && (sure_principal(part, n) || principal_inside(d.statement.principal.as_ref(), n.statement.principal.as_ref()))
            };
            (d, new_denies.iter().filter(excused).copied().collect())
        });
        let against = Against {
            helping: old_allows.iter().copied().filter(|o| sure(o)).collect(),
            stopping: new_denies.iter().copied().filter(|d| sure(d)).collect(),
            hurting: hurting.collect(),
        };
        let found = match suspects(part, &against, TRIES) {
            Ok(found) => found,
            Err(_) => {
                open.get_or_insert_with(|| format!("{} of the new policy: its patterns and those of the old policy combine in too many ways", part.label()));
                continue;
            }
        };
        for suspect in &found {
            let sides = sides.get_or_insert_with(|| Sides::new(new, old, of_resource));
            let others: Vec<&Part<'_>> = old_denies.iter().chain(&old_allows).copied().take(12).collect();
            if let Some(witness) = sides.confirm(suspect, part, &others, &variables) {
                return Containment::Refuted(Box::new(witness));
            }
        }
        if let Some(first) = found.first() {
            let why = if first.is_denied { "a Deny of the old policy may refuse" } else { "no statement of the old policy is shown to allow" };
            let resource: String = first.resource.chars().map(|c| variables.name(c).map_or_else(|| c.to_string(), |n| format!("${{{n}}}"))).collect();
            open.get_or_insert_with(|| format!("{} of the new policy: {why} `{}` on `{resource}` under its conditions", part.label(), first.action));
        }
    }
    open.map_or(Containment::Proved, Containment::NotProved)
}

fn sure_principal(part: &Part<'_>, deny: &Part<'_>) -> bool {
    principal_inside(part.statement.principal.as_ref(), deny.statement.principal.as_ref())
}

/// Whether every Deny of the old documents lies inside the new ones'.
fn denies_no_less(new: &[&PolicyDocument], old: &[&PolicyDocument]) -> Containment {
    let of_resource = new.iter().chain(old).any(|d| d.statements.iter().any(|s| s.principal.is_some()));
    let kind = if of_resource { PolicyType::Resource } else { PolicyType::Identity };
    let mut variables = Variables::default();
    let (new_parts, old_parts) = (variables.parts(new, kind), variables.parts(old, kind));
    let new_denies = with(&new_parts, Effect::Deny);
    for deny in with(&old_parts, Effect::Deny) {
        let is_same = |n: &&&Part<'_>| {
            let (n, d) = (n.statement, deny.statement);
            (&n.action, &n.resource, &n.principal, &n.conditions) == (&d.action, &d.resource, &d.principal, &d.conditions)
        };
        if new_denies.iter().any(|n| is_same(&n) && n.version == deny.version) {
            continue;
        }
        let sure = |n: &&Part<'_>| all_implied(&deny.conditions, &n.conditions) && principal_inside(deny.statement.principal.as_ref(), n.statement.principal.as_ref());
        let against = Against { helping: new_denies.iter().copied().filter(sure).collect(), stopping: Vec::new(), hurting: Vec::new() };
        // A variable may have any value: a Deny with one is only inside one that has it too.
        match suspects(deny, &against, 1) {
            Ok(found) if found.is_empty() => {}
            _ => return Containment::NotProved(format!("{} of the old policy denies what the new policy is not shown to deny", deny.label())),
        }
    }
    Containment::Proved
}
