//! From a call's facts to resource ARNs, for every resource type of an action, in order of trust: the event's own
//! `resources[]`, reviewed rows, parameters that match the ARN pattern, the response of a creation, and last a
//! pattern for the whole type. Source: reference-data.md section 3.

use std::collections::HashMap;

use super::Provenance;
use super::kind::{Facts, Kind, MAX_RESOURCES, Nearness};
use super::names::normal;
use super::overrides::{Only, Overrides};
use super::pattern::ArnPattern;
use crate::reference::{AccessLevel, ActionId, Reference};

/// One action's use of a resource type.
#[derive(Debug, Clone, Copy)]
struct Need {
    kind: usize,
    required: bool,
}

#[derive(Debug, Default)]
struct Needs {
    list: Vec<Need>,
    /// The types are alternatives: one of them is meant, not all.
    any_of: bool,
    required: usize,
}

/// Resource types of every action, prepared.
pub struct Resolver {
    kinds: Vec<Kind>,
    needs: HashMap<ActionId, Needs, foldhash::fast::FixedState>,
}

/// One resource of a call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found<'r> {
    /// ARN, type-level pattern, or `*`.
    pub arn: String,
    /// Where it came from.
    pub provenance: Provenance,
    /// Its type, `rds:db`, where one is told.
    pub kind: Option<&'r str>,
    /// Whether the action needs a resource of this type.
    pub required: bool,
}

impl Resolver {
    /// Prepares every action's types.
    #[must_use]
    pub fn new(reference: &Reference, overrides: &Overrides) -> Resolver {
        let mut kinds = Vec::new();
        let mut first_of = Vec::new();
        for service in reference.services() {
            first_of.push(kinds.len());
            let mut own: Vec<Kind> =
                service.resource_types.iter().map(|t| Kind::new(&service.prefix, &t.name, &t.arn_patterns, overrides)).collect();
            let all: Vec<(String, ArnPattern)> =
                own.iter().flat_map(|k| k.patterns.iter().map(|p| (k.name.clone(), p.clone()))).collect();
            for kind in &mut own {
                let closer = |(name, p): &&(String, ArnPattern)| *name != kind.name && kind.patterns.iter().any(|k| p.is_part_of(k));
                kind.rivals = all.iter().filter(closer).map(|(_, p)| p.clone()).collect();
            }
            kinds.append(&mut own);
        }
        let mut needs = HashMap::default();
        for id in reference.actions() {
            let Some(action) = reference.action(id).filter(|a| !a.resources.is_empty()) else { continue };
            let first = first_of.get(action.service as usize).copied().unwrap_or(0);
            let list: Vec<Need> =
                action.resources.iter().map(|r| Need { kind: first + r.type_index as usize, required: r.required }).collect();
            let any_of = list.len() > 1 && (action.level == AccessLevel::Tagging || overrides.is_any_of(id));
            needs.insert(id, Needs { any_of, required: list.iter().filter(|n| n.required).count(), list });
        }
        Resolver { kinds, needs }
    }

    /// The resources that a call of this action worked on. `types` limits the types that are looked at; `only` names
    /// a parameter that chooses among several logged resources.
    #[must_use]
    pub fn resources(&self, facts: Facts<'_, '_>, types: &[String], only: Option<&Only>) -> Vec<Found<'_>> {
        let Some(needs) = self.needs.get(&facts.action) else {
            return vec![Found { arn: "*".to_owned(), provenance: Provenance::None, kind: None, required: false }];
        };
        let asked = |need: &Need| types.is_empty() || self.kinds.get(need.kind).is_some_and(|k| types.contains(&k.name));
        let mut out: Vec<Found<'_>> = Vec::new();
        let mut open: Vec<Found<'_>> = Vec::new();
        let mut asked_for = Vec::new();
        for need in needs.list.iter().filter(|n| asked(n)) {
            let Some(kind) = self.kinds.get(need.kind) else { continue };
            asked_for.push(kind);
            let required = need.required || types.len() == 1;
            let nearest = if required && (needs.required <= 1 || types.len() == 1) { Nearness::Alike } else { Nearness::Stem };
            let found = kind.concrete(facts, nearest, required && !needs.any_of, only);
            let found = if found.is_empty() && required { kind.rival(facts) } else { found };
            let whole = || kind.whole_type(facts).map(|arn| Found { arn, provenance: Provenance::TypeWildcard, kind: Some(&kind.name), required });
            if found.len() > MAX_RESOURCES {
                out.extend(whole());
            } else if required && found.is_empty() {
                open.extend(whole());
            } else {
                out.extend(found.into_iter().map(|(arn, provenance)| Found { arn, provenance, kind: Some(&kind.name), required }));
            }
        }
        if !needs.any_of || out.is_empty() {
            out.extend(open);
        }
        if out.is_empty() {
            // Only optional types, none told: the one that has a single resource, the pattern of the only type, else
            // nothing is known.
            if let Some((kind, arn)) = asked_for.iter().find_map(|k| Some((*k, k.single(facts)?))) {
                return vec![Found { arn, provenance: Provenance::Parameter, kind: Some(&kind.name), required: false }];
            }
            let sole = match asked_for.as_slice() {
                [only] => Some(*only),
                several => several.iter().copied().find(|k| matches!(k.name.as_str(), "s3:object" | "s3:bucket")),
            };
            let arn = sole.and_then(|k| k.whole_type(facts)).unwrap_or_else(|| "*".to_owned());
            out.push(Found { arn, provenance: Provenance::TypeWildcard, kind: sole.map(|k| k.name.as_str()), required: false });
        }
        out
    }

    /// Where a row's ARN is not told: the patterns of the types that the action needs, with nothing of the call in them.
    #[must_use]
    pub fn open(&self, facts: Facts<'_, '_>, types: &[String]) -> Vec<Found<'_>> {
        let list = self.needs.get(&facts.action).map_or(&[][..], |n| n.list.as_slice());
        let kinds = list.iter().filter_map(|n| self.kinds.get(n.kind).map(|k| (k, n.required)));
        let asked = kinds.filter(|(k, required)| if types.is_empty() { *required } else { types.contains(&k.name) });
        let mut found: Vec<Found<'_>> = asked
            .filter_map(|(k, _)| {
                Some(Found { arn: k.open_pattern(facts)?, provenance: Provenance::TypeWildcard, kind: Some(&k.name), required: true })
            })
            .collect();
        if found.is_empty() {
            found.push(Found { arn: "*".to_owned(), provenance: Provenance::TypeWildcard, kind: None, required: true });
        }
        found
    }

    /// The pattern of a type of this name (without the service) that an action takes.
    #[must_use]
    pub fn pattern_of(&self, facts: Facts<'_, '_>, name: &str) -> Option<(&str, String)> {
        let mut kinds = self.needs.get(&facts.action)?.list.iter().filter_map(|n| self.kinds.get(n.kind));
        let kind = kinds.find(|k| k.own_name() == name)?;
        Some((kind.name.as_str(), kind.open_pattern(facts)?))
    }

    /// The pattern of a type that an action takes, whose name is part of a word (`RequestCertificate` makes a
    /// `certificate`); the longest such name.
    #[must_use]
    pub fn pattern_named_in(&self, facts: Facts<'_, '_>, word: &str) -> Option<(&str, String)> {
        let word = normal(word);
        let kinds = self.needs.get(&facts.action)?.list.iter().filter_map(|n| self.kinds.get(n.kind));
        let named = kinds.filter(|k| word.contains(&normal(k.own_name())));
        let kind = named.max_by_key(|k| k.own_name().len())?;
        Some((kind.name.as_str(), kind.open_pattern(facts)?))
    }

    /// Whether an ARN has the form of a type, whatever other types it has the form of, for tests.
    #[cfg(test)]
    pub fn has_form(&self, kind: &str, arn: &str) -> bool {
        self.kinds.iter().any(|k| k.name == kind && k.has_form(arn))
    }
}
