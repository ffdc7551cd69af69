//! Shorter lists of actions that mean the same: a prefix wildcard stands for names only where every action that
//! the reference knows under that prefix is kept anyway, and only inside a pattern that was granted.
//!
//! A wildcard also takes in the actions that AWS will add. So it never stands for anything that manages permissions,
//! tags, or is on the list of risky actions, unless that very pattern was granted.
//! Source: reference-data.md section 5, "Safe action wildcard".

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use crate::policy::ActionElement;
use crate::policy::matching::{action_pattern_covers, action_pattern_intersects};
use crate::reference::{AccessLevel, ActionId, Reference, Service};

/// Which wildcards may be written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wildcards {
    /// Those that stand for no action of a risky kind.
    Safe,
    /// Also those that stand for risky actions, all of which are kept and were granted by a wildcard as wide: the last
    /// resort before a policy does not fit.
    Filled,
}

/// Whether a pattern lies inside what an action element grants, for all actions there are or will be.
#[must_use]
pub fn inside(element: &ActionElement, pattern: &str) -> bool {
    match element {
        ActionElement::Action(list) => list.iter().any(|p| action_pattern_covers(p, pattern)),
        ActionElement::NotAction(list) => !list.iter().any(|p| action_pattern_intersects(p, pattern)),
    }
}

/// Whether an action is one that no new wildcard may stand for.
#[must_use]
pub fn is_risky(id: ActionId, reference: &Reference) -> bool {
    let by_level = |level| matches!(level, AccessLevel::PermissionsManagement | AccessLevel::Tagging);
    !reference.risk(id).is_empty() || reference.action(id).is_none_or(|a| by_level(a.level))
}

/// The kept actions as the patterns of the original element that they fill, and the names of the rest.
#[must_use]
pub fn as_written(kept: &BTreeSet<ActionId>, element: &ActionElement, reference: &Reference) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    let mut rest = kept.clone();
    if let ActionElement::Action(patterns) = element {
        for pattern in patterns {
            let ids = reference.expand(pattern);
            if !ids.is_empty() && ids.iter().all(|id| kept.contains(id)) {
                out.insert(pattern.clone());
                for id in ids {
                    rest.remove(&id);
                }
            }
        }
    }
    out.extend(rest.into_iter().map(|id| reference.name(id).to_owned()));
    out
}

/// What a service's kept actions were shortened to before, by what decides it.
#[derive(Debug, Default)]
pub struct Memo(RwLock<HashMap<MemoKey, Arc<BTreeSet<String>>>>);

/// The place that decides which wildcards may be written, the service, whether risky ones may be, the kept actions.
type MemoKey = (u64, u32, bool, Vec<ActionId>);

/// How actions are written shorter.
pub struct Shortener<'s> {
    /// Which wildcards.
    pub wildcards: Wildcards,
    /// Whether a pattern may be written at all.
    pub may: &'s dyn Fn(&str) -> bool,
    /// What `may` depends on, as a number.
    pub place: u64,
    /// Answers so far.
    pub memo: &'s Memo,
    /// The reference.
    pub reference: &'s Reference,
}

impl Shortener<'_> {
    /// The kept actions in as few patterns as this method finds: whole services, then shared beginnings that end with a
    /// word, then names.
    #[must_use]
    pub fn compressed(&self, kept: &BTreeSet<ActionId>) -> BTreeSet<String> {
        let mut out = BTreeSet::new();
        let services: BTreeSet<&str> = kept.iter().filter_map(|id| self.reference.service_of(*id)).map(|s| s.prefix.as_str()).collect();
        for service in services.into_iter().filter_map(|prefix| self.reference.service(prefix)) {
            let end = ActionId(service.first_action.saturating_add(service.action_count));
            let own: Vec<ActionId> = kept.range(ActionId(service.first_action)..end).copied().collect();
            let key = (self.place, service.first_action, self.wildcards == Wildcards::Filled, own);
            let known = self.memo.0.read().unwrap_or_else(PoisonError::into_inner).get(&key).map(Arc::clone);
            let short = known.unwrap_or_else(|| {
                let short = Arc::new(self.of_service(service, &key.3));
                self.memo.0.write().unwrap_or_else(PoisonError::into_inner).insert(key, Arc::clone(&short));
                short
            });
            out.extend(short.iter().cloned());
        }
        out
    }

    fn of_service(&self, service: &Service, kept: &[ActionId]) -> BTreeSet<String> {
        let names: Vec<Name<'_>> = (service.first_action..service.first_action.saturating_add(service.action_count))
            .map(ActionId)
            .map(|id| Name {
                name: self.reference.name(id).split_once(':').map_or("", |(_, n)| n),
                kept: kept.binary_search(&id).is_ok(),
                plain: self.wildcards == Wildcards::Filled || !is_risky(id, self.reference),
            })
            .collect();
        let all = |prefix: &str| names.iter().filter(|n| starts_with(n.name, prefix)).all(|n| n.kept && n.plain);
        let may_here = |pattern: &str, prefix: &str| all(prefix) && (self.may)(pattern);
        let mut out = BTreeSet::new();
        cover(&service.prefix, "", &names.iter().collect::<Vec<_>>(), &may_here, &mut out);
        out
    }
}

/// An action of a service.
struct Name<'r> {
    name: &'r str,
    kept: bool,
    /// Whether a wildcard may stand for it.
    plain: bool,
}

/// How long the first word of a name is: `GetObject`, `ESHttpGet`, `getItems`.
fn first_word(name: &str) -> usize {
    let chars: Vec<char> = name.chars().collect();
    let upper = |at: usize| chars.get(at).is_some_and(char::is_ascii_uppercase);
    let mut end = 1;
    while end < chars.len() {
        let starts_word = upper(end) && (!upper(end - 1) || chars.get(end + 1).is_some_and(char::is_ascii_lowercase));
        if starts_word {
            break;
        }
        end += 1;
    }
    chars.iter().take(end).map(|c| c.len_utf8()).sum()
}

/// Covers the kept names among those that start with `prefix`.
fn cover(service: &str, prefix: &str, names: &[&Name<'_>], may: &dyn Fn(&str, &str) -> bool, out: &mut BTreeSet<String>) {
    let kept: Vec<&&Name<'_>> = names.iter().filter(|n| n.kept).collect();
    let pattern = format!("{service}:{prefix}*");
    if kept.len() > 1 && may(&pattern, prefix) {
        out.insert(pattern);
        return;
    }
    if kept.len() <= 1 {
        out.extend(kept.iter().map(|n| format!("{service}:{}", n.name)));
        return;
    }
    // By the next word; names whose next words begin alike share what the shorter ones leave open.
    let mut groups: Vec<(&str, Vec<&Name<'_>>)> = Vec::new();
    for name in names {
        let rest = name.name.get(prefix.len()..).unwrap_or("");
        if rest.is_empty() {
            if name.kept {
                out.insert(format!("{service}:{}", name.name));
            }
            continue;
        }
        let longer = name.name.get(..prefix.len() + first_word(rest)).unwrap_or(name.name);
        // `Get*` stands for `Getaway` too: such names are of the same group.
        match groups.iter_mut().find(|(head, _)| starts_alike(longer, head)) {
            Some((head, members)) => {
                if longer.len() < head.len() {
                    *head = longer;
                }
                members.push(name);
            }
            None => groups.push((longer, vec![name])),
        }
    }
    for (head, members) in groups {
        if head.len() == prefix.len() {
            out.extend(members.iter().filter(|n| n.kept).map(|n| format!("{service}:{}", n.name)));
        } else {
            cover(service, head, &members, may, out);
        }
    }
}

/// Whether a name starts with a prefix, no case.
fn starts_with(name: &str, prefix: &str) -> bool {
    name.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix))
}

/// Whether one is the beginning of the other, no case.
fn starts_alike(a: &str, b: &str) -> bool {
    let n = a.len().min(b.len());
    matches!((a.get(..n), b.get(..n)), (Some(x), Some(y)) if x.eq_ignore_ascii_case(y))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shorter(kept: &BTreeSet<ActionId>, wildcards: Wildcards, may: &dyn Fn(&str) -> bool) -> BTreeSet<String> {
        Shortener { wildcards, may, place: 0, memo: &Memo::default(), reference: Reference::bundled().unwrap() }.compressed(kept)
    }

    fn short(names: &[&str], wildcards: Wildcards, granted: &str) -> Vec<String> {
        let reference = Reference::bundled().unwrap();
        let kept: BTreeSet<ActionId> = names.iter().flat_map(|n| reference.expand(n)).collect();
        let element = ActionElement::Action(vec![granted.to_owned()]);
        let out = shorter(&kept, wildcards, &|pattern| inside(&element, pattern));
        let again: BTreeSet<ActionId> = out.iter().flat_map(|p| reference.expand(p)).collect();
        assert_eq!(again, kept, "{out:?}");
        out.into_iter().collect()
    }

    #[test]
    fn a_wildcard_stands_for_what_is_kept_anyway() {
        assert_eq!(short(&["sqs:List*"], Wildcards::Safe, "*"), ["sqs:List*"]);
        assert_eq!(short(&["sqs:ListQueues", "sqs:ListQueueTags"], Wildcards::Safe, "sqs:*"), ["sqs:ListQueue*"], "not all of what begins with List");
        assert_eq!(
            short(&["sqs:List*"], Wildcards::Safe, "sqs:ListQ*"),
            ["sqs:ListDeadLetterSourceQueues", "sqs:ListMessageMoveTasks", "sqs:ListQueue*"],
            "nothing wider than what was granted"
        );
        assert_eq!(short(&["sqs:ReceiveMessage"], Wildcards::Safe, "*"), ["sqs:ReceiveMessage"]);
    }

    #[test]
    fn no_new_wildcard_stands_for_what_is_risky() {
        let safe = short(&["s3:*"], Wildcards::Safe, "*");
        for risky in ["s3:GetObject", "s3:PutBucketPolicy", "s3:PutObjectTagging"] {
            assert!(safe.iter().any(|s| s == risky), "{risky}: {safe:?}");
        }
        assert_eq!(short(&["s3:*"], Wildcards::Filled, "*"), ["s3:*"]);
        assert!(short(&["iam:*"], Wildcards::Safe, "*").len() > 20);
    }

    #[test]
    fn wildcards_end_with_a_word() {
        assert_eq!((first_word("GetObject"), first_word("ESHttpGet"), first_word("x"), first_word("ListV2")), (3, 2, 1, 4));
        for pattern in short(&["ec2:Describe*"], Wildcards::Filled, "*") {
            assert_eq!(pattern, "ec2:Describe*");
        }
    }

    #[test]
    fn every_kept_set_comes_back() {
        let reference = Reference::bundled().unwrap();
        let all: Vec<ActionId> = reference.actions().collect();
        for step in [2usize, 3, 7, 50] {
            let kept: BTreeSet<ActionId> = all.iter().enumerate().filter(|(n, _)| n % step != 0).map(|(_, id)| *id).collect();
            for wildcards in [Wildcards::Safe, Wildcards::Filled] {
                let out = shorter(&kept, wildcards, &|_| true);
                let again: BTreeSet<ActionId> = out.iter().flat_map(|p| reference.expand(p)).collect();
                assert!(again == kept, "every {step}th left out, {wildcards:?}");
            }
        }
    }
}
