//! Gaps of one kind told once: the same command unanswered in many accounts and regions, or for many items.

use std::collections::BTreeMap;

use super::{Diagnosis, Gap, GapKind};

/// Gaps of one row of the table and one kind.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GapGroup<'d> {
    /// The first of them.
    pub first: &'d Gap,
    /// How many there are.
    pub count: usize,
    /// How many in each account and region.
    pub places: BTreeMap<String, usize>,
}

/// How many places are named.
const NAMED: usize = 3;

impl GapGroup<'_> {
    /// The places in words: the first few, and how many more.
    #[must_use]
    pub fn places_text(&self) -> String {
        let one = |(place, n): (&String, &usize)| if *n > 1 { format!("{place} ({n})") } else { place.clone() };
        let shown: Vec<String> = self.places.iter().filter(|(place, _)| !place.is_empty()).take(NAMED).map(one).collect();
        let more = self.places.len().saturating_sub(NAMED);
        shown.join(", ") + &if more > 0 { format!(" and {more} more") } else { String::new() }
    }

    /// What it is about: the first subject, and how many more.
    #[must_use]
    pub fn subject_text(&self) -> String {
        match (self.first.subject.as_str(), self.count) {
            ("", _) => String::new(),
            (subject, 1) => subject.to_owned(),
            (subject, n) => format!("{subject} and {} more", n - 1),
        }
    }
}

impl Diagnosis {
    /// Gaps of one kind in groups; what dangles is told one by one.
    #[must_use]
    pub fn groups(&self, kind: GapKind) -> Vec<GapGroup<'_>> {
        let mut groups: BTreeMap<[&str; 3], GapGroup<'_>> = BTreeMap::new();
        for gap in self.of_kind(kind) {
            let own = if kind == GapKind::Dangling { &gap.subject } else { &gap.why };
            let group = groups.entry([&gap.system, &gap.export, own]).or_insert(GapGroup { first: gap, count: 0, places: BTreeMap::new() });
            group.count += 1;
            let place = [gap.account.as_str(), gap.region.as_str()].into_iter().filter(|p| !p.is_empty()).collect::<Vec<_>>().join(" ");
            *group.places.entry(place).or_default() += 1;
        }
        groups.into_values().collect()
    }
}
