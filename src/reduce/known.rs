//! The resources that are known to exist: what the logs and the exports name. They measure what a generalised
//! pattern brings in beyond what was used. Source: reference-data.md section 5, peers.md section 3 item 9.

use std::collections::{BTreeMap, BTreeSet};

use crate::aws::{Arn, arn_matches};
use crate::grants::Grants;
use crate::policy::{Effect, PolicyDocument};
use crate::usage::{Outcome, Usage};

/// The ARNs by service and account, sorted.
#[derive(Clone, Debug, Default)]
pub struct Known<'k> {
    places: BTreeMap<(&'k str, &'k str), Vec<&'k str>>,
}

/// How much a generalisation may bring in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Budget {
    /// Of all known resources that a generalised pattern takes in, the thousandths that may not have been used.
    pub permille: usize,
    /// How many of them at most.
    pub most: usize,
}

/// A pattern of a proposal that the granted policy does not have, and what it takes in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Generalised {
    /// The pattern.
    pub pattern: String,
    /// Resources among those it takes in that were used.
    pub used: usize,
    /// Known resources that it takes in and that were not used: the measured over-grant.
    pub known_beyond: usize,
}

impl Budget {
    /// How many may come in beside those that were used.
    fn limit(self, used: usize) -> usize {
        let share = if self.permille >= 1000 { self.most } else { used * self.permille / (1000 - self.permille) };
        share.min(self.most)
    }
}

/// Whether a part of a pattern may be a part of an ARN.
fn may_match(pattern: &str, part: &str) -> bool {
    pattern.contains(['*', '?']) || pattern.eq_ignore_ascii_case(part)
}

impl<'k> Known<'k> {
    /// An index of ARNs; patterns among them are left out.
    pub fn new(arns: impl IntoIterator<Item = &'k str>) -> Known<'k> {
        let mut places: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
        for arn in arns.into_iter().filter(|a| a.starts_with("arn:") && !a.contains(['*', '?'])) {
            if let Some(parsed) = Arn::parse(arn) {
                places.entry((parsed.service, parsed.account)).or_default().push(arn);
            }
        }
        for list in places.values_mut() {
            list.sort_unstable();
            list.dedup();
        }
        Known { places }
    }

    /// All that was used, by whomever and whenever, and all that the exports hold. What was only asked for and
    /// refused need not exist.
    #[must_use]
    pub fn of(usage: &'k Usage, grants: Option<&'k Grants>) -> Known<'k> {
        let named = |rows: &'k [crate::usage::UsageRow]| rows.iter().filter(|r| r.outcome == Outcome::Allowed && !r.is_pattern()).map(|r| r.resource_arn.as_str());
        let exported = grants.into_iter().flat_map(|g| {
            g.principals().map(|p| p.arn.as_str()).chain(g.policies.keys().map(String::as_str))
        });
        Known::new(named(&usage.history).chain(named(&usage.rows)).chain(exported))
    }

    /// The known resources that a pattern takes in.
    fn taken_in<'s>(&'s self, pattern: &'s str) -> impl Iterator<Item = &'k str> + 's {
        let literal = pattern.find(['*', '?']).and_then(|at| pattern.get(..at)).unwrap_or(pattern);
        let parsed = Arn::parse(pattern);
        let may_be = move |(service, account): &(&str, &str)| parsed.is_none_or(|p| may_match(p.service, service) && may_match(p.account, account));
        let one = parsed.filter(|p| !p.service.contains(['*', '?']) && !p.account.contains(['*', '?'])).map(|p| (p.service, p.account));
        let all = one.is_none().then(|| self.places.iter().filter(move |(place, _)| may_be(place)).map(|(_, list)| list));
        let lists = one.and_then(|place| self.places.get(&place)).into_iter().chain(all.into_iter().flatten());
        lists.flat_map(move |list| {
            let from = list.partition_point(|a| *a < literal);
            list.get(from..).unwrap_or_default().iter().copied().take_while(move |a| a.starts_with(literal)).filter(move |a| arn_matches(pattern, a))
        })
    }

    /// How many known resources a pattern brings in beyond those that were used, counted up to `limit` and one more.
    #[must_use]
    pub fn beyond(&self, pattern: &str, used: &BTreeSet<&str>, limit: usize) -> usize {
        self.taken_in(pattern).filter(|arn| !used.contains(arn)).take(limit.saturating_add(1)).count()
    }

    /// How many known resources a pattern brings in beyond those that `members` take in already, if the budget bears it.
    #[must_use]
    pub fn collapsed(&self, pattern: &str, members: &[&str], budget: Budget) -> Option<usize> {
        let (had, extra): (Vec<&str>, Vec<&str>) = self.taken_in(pattern).partition(|arn| members.iter().any(|m| arn_matches(m, arn)));
        let limit = budget.limit(had.len().max(members.len()));
        (extra.len() <= limit).then_some(extra.len())
    }

    /// What the patterns of some documents take in beyond use, without those that `current` has word for word.
    #[must_use]
    pub fn measured(&self, documents: &[PolicyDocument], current: Option<&PolicyDocument>, used: &BTreeSet<&str>) -> Vec<Generalised> {
        let patterns = |d: &PolicyDocument| -> Vec<String> {
            let allows = d.statements.iter().filter(|s| s.effect == Effect::Allow);
            allows.filter_map(|s| s.resource.as_ref()).flat_map(|r| r.patterns().to_vec()).collect()
        };
        let had: BTreeSet<String> = current.map(patterns).unwrap_or_default().into_iter().collect();
        let new: BTreeSet<String> = documents.iter().flat_map(patterns).filter(|p| p.contains(['*', '?']) && p != "*" && !p.contains("${")).collect();
        new.difference(&had)
            .map(|pattern| Generalised {
                pattern: pattern.clone(),
                used: used.iter().filter(|arn| arn_matches(pattern, arn)).count(),
                known_beyond: self.taken_in(pattern).filter(|arn| !used.contains(arn)).count(),
            })
            .collect()
    }

    /// How many a pattern brings in, if the budget bears it.
    #[must_use]
    pub fn within(&self, pattern: &str, used: &BTreeSet<&str>, budget: Budget) -> Option<usize> {
        let used_here = used.iter().filter(|arn| arn_matches(pattern, arn)).count();
        let limit = budget.limit(used_here);
        let extra = self.beyond(pattern, used, limit);
        (extra <= limit).then_some(extra)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_brought_in_is_counted() {
        let arns: Vec<String> = (0..30).map(|n| format!("arn:aws:sqs:eu-west-1:111122223333:q-{n:02}")).collect();
        let known = Known::new(arns.iter().map(String::as_str).chain(["arn:aws:sqs:eu-west-1:111122223333:*", "*"]));
        let used: BTreeSet<&str> = arns.iter().take(3).map(String::as_str).collect();
        let pattern = "arn:aws:sqs:eu-west-1:111122223333:q-*";
        assert_eq!(known.beyond(pattern, &used, 100), 27);
        assert_eq!(known.within(pattern, &used, Budget { permille: 900, most: 100 }), Some(27));
        assert_eq!(known.within(pattern, &used, Budget { permille: 899, most: 100 }), None);
        assert_eq!(known.within(pattern, &used, Budget { permille: 1000, most: 26 }), None);
        assert_eq!(known.within("arn:aws:sqs:*:111122223333:q-0?", &used, Budget { permille: 900, most: 100 }), Some(7));
        assert_eq!(known.within(pattern, &used, Budget { permille: 0, most: 100 }), None);
        let document = |resource: &str| {
            crate::policy::parse_text(&format!(r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"sqs:*","Resource":"{resource}"}}}}"#)).unwrap()
        };
        let measured = known.measured(&[document(pattern)], Some(&document("*")), &used);
        assert_eq!(measured, [Generalised { pattern: pattern.to_owned(), used: 3, known_beyond: 27 }]);
        assert!(known.measured(&[document(pattern)], Some(&document(pattern)), &used).is_empty(), "as granted");
    }
}
