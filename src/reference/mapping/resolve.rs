//! From a call's facts to resource ARNs, for every resource type of an action, in order of trust: the event's own
//! `resources[]`, reviewed rows, parameters that match the ARN pattern, the response of a creation, and last a
//! pattern for the whole type. Source: reference-data.md section 3.

use std::collections::{BTreeSet, HashMap};

use super::overrides::{Binding, Origin, Overrides};
use super::names::{NameKey, names_of, normal};
use super::params::{Params, usable};
use super::pattern::ArnPattern;
use super::{CallFacts, Provenance, used};
use crate::aws::Arn;
use crate::reference::{AccessLevel, ActionId, Reference};

/// More values than this in one call become the type's pattern.
const MAX_RESOURCES: usize = 50;

/// A resource type with all that fills its patterns.
#[derive(Debug)]
struct Kind {
    /// `rds:db`.
    name: String,
    patterns: Vec<ArnPattern>,
    variables: Vec<Variable>,
    /// Patterns of the service's other types that fit some of this type's ARNs more closely: `table/T/backup/B` is a
    /// backup, not a table called `T/backup/B`.
    rivals: Vec<ArnPattern>,
}

/// How far a parameter's name may be from the variable's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Nearness {
    /// Reviewed rows, and the variable's own name.
    Own,
    /// Also its stem and the type's word with the usual endings.
    Stem,
    /// Also names that end alike, and `name` or `id` by itself.
    Alike,
}

#[derive(Debug)]
struct Variable {
    bindings: Vec<Binding>,
    /// Parameter names that mean this variable, best first.
    names: Vec<NameKey>,
    /// The variable's own comparable name, for matches by ending.
    own: String,
}

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
    needs: HashMap<ActionId, Needs>,
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

/// What a call offers to fill patterns with.
#[derive(Clone, Copy)]
pub struct Facts<'c, 'a> {
    /// The call.
    pub call: &'c CallFacts<'a>,
    /// Its request parameters.
    pub request: &'c Params<'a>,
    /// Its response elements.
    pub response: &'c Params<'a>,
    /// The action that is asked for.
    pub action: ActionId,
}

impl Facts<'_, '_> {
    /// The account that owns the resources: the one that the event's own list names, else the log's.
    fn account(&self) -> &str {
        let mut named = self.call.resources.iter().filter_map(|r| r.account).filter(|a| !a.is_empty());
        match named.next() {
            Some(first) if named.all(|a| a == first) => first,
            _ => self.call.account,
        }
    }
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
        let mut needs = HashMap::new();
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
    pub fn resources(&self, facts: Facts<'_, '_>, types: &[String], only: Option<&NameKey>) -> Vec<Found<'_>> {
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
            let found = kind.concrete(facts, nearest, required, only);
            if required && (found.is_empty() || found.len() > MAX_RESOURCES) {
                open.extend(kind.whole_type(facts).map(|arn| Found { arn, provenance: Provenance::TypeWildcard, kind: Some(&kind.name), required }));
            } else if found.len() <= MAX_RESOURCES {
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

    /// Every type's name with a test of whether an ARN is of it, for tests.
    #[cfg(test)]
    pub fn is_of(&self, kind: &str, arn: &str) -> bool {
        self.kinds.iter().any(|k| k.name == kind && k.is_of(arn))
    }
}

impl Kind {
    fn new(service: &str, name: &str, patterns: &[String], overrides: &Overrides) -> Kind {
        let mut names = Vec::new();
        let patterns = patterns.iter().filter_map(|p| ArnPattern::parse(p, &mut names)).collect();
        let variables = names
            .iter()
            .map(|v| Variable { bindings: overrides.bindings(service, name, v), names: names_of(v, name), own: normal(v) })
            .collect();
        Kind { name: format!("{service}:{name}"), patterns, variables, rivals: Vec::new() }
    }

    /// Whether an ARN is one of this type, and of none that fits it more closely.
    fn is_of(&self, arn: &str) -> bool {
        Arn::parse(arn).is_some_and(|parsed| {
            self.patterns.iter().any(|p| p.matches(&parsed)) && !self.rivals.iter().any(|p| p.matches(&parsed))
        })
    }

    /// The ARN of a type that has one resource in an account: its pattern has no variable.
    fn single(&self, facts: Facts<'_, '_>) -> Option<String> {
        let pattern = self.patterns.first().filter(|p| p.variables().next().is_none())?;
        Some(pattern.fill(facts.call, facts.account(), |_| "*"))
    }

    /// The pattern of all resources of this type that fit what is known: one value of a variable stays, others are `*`.
    fn whole_type(&self, facts: Facts<'_, '_>) -> Option<String> {
        let pattern = self.patterns.first()?;
        let known: HashMap<usize, String> = pattern
            .variables()
            .filter_map(|at| match self.variables.get(at)?.values(facts, Nearness::Stem, false).0.as_slice() {
                [one] if !one.starts_with("arn:") => Some((at, one.clone())),
                _ => None,
            })
            .collect();
        Some(pattern.fill(facts.call, facts.account(), |at| known.get(&at).map_or("*", String::as_str)))
    }

    fn concrete(&self, facts: Facts<'_, '_>, nearest: Nearness, required: bool, only: Option<&NameKey>) -> Vec<(String, Provenance)> {
        let unique = |list: Vec<String>, p: Provenance| -> Vec<(String, Provenance)> {
            list.into_iter().collect::<BTreeSet<_>>().into_iter().map(|a| (a, p)).collect()
        };
        let logged = self.logged(facts, only);
        if !logged.is_empty() {
            return unique(logged, Provenance::Logged);
        }
        let bound = self.filled(facts, nearest, true);
        if !bound.is_empty() {
            return unique(bound, Provenance::Override);
        }
        // An ARN at the top is what the call is about; one deeper down may be of something else than a name that fits.
        let arns = |at_top: bool| -> Vec<String> {
            let fits = |(v, depth): &(&str, u8)| (*depth == 1) == at_top && self.is_of(v);
            facts.request.arns().filter(fits).map(|(v, _)| v.to_owned()).collect()
        };
        let named = [arns(true), self.filled(facts, nearest, false), arns(false)].into_iter().find(|list| !list.is_empty());
        if let Some(named) = named {
            return unique(named, Provenance::Parameter);
        }
        if !required {
            return Vec::new();
        }
        match self.single(facts) {
            Some(arn) => vec![(arn, Provenance::Parameter)],
            None => unique(self.answered(facts), Provenance::Response),
        }
    }

    /// The event's own list, and the resource that a denial names.
    fn logged(&self, facts: Facts<'_, '_>, only: Option<&NameKey>) -> Vec<String> {
        let denied = facts.call.denied_resource.into_iter();
        let mut list: Vec<&str> =
            facts.call.resources.iter().filter_map(|r| r.arn).chain(denied).filter(|a| usable(a) && self.is_of(a)).collect();
        if let Some(name) = only
            && list.len() > 1
        {
            let chosen: Vec<&str> = facts.request.get(name).collect();
            let is_chosen = |arn: &&str| chosen.iter().any(|c| arn.ends_with(c) || c.ends_with(*arn));
            if list.iter().any(is_chosen) {
                list.retain(|a| is_chosen(a));
            }
        }
        list.into_iter().map(str::to_owned).collect()
    }

    /// ARNs made by filling every variable of a pattern. With `reviewed`, a reviewed row must take part.
    fn filled(&self, facts: Facts<'_, '_>, nearest: Nearness, reviewed: bool) -> Vec<String> {
        if reviewed && self.variables.iter().all(|v| v.bindings.is_empty()) {
            return Vec::new();
        }
        // Where a type has patterns of two API generations, a pattern that fits by its own names goes before one that
        // fits by likeness.
        let by_own = (self.patterns.len() > 1).then_some(Nearness::Own);
        by_own
            .into_iter()
            .chain([nearest])
            .flat_map(|nearness| self.patterns.iter().map(move |p| (p, nearness)))
            .map(|(pattern, nearness)| self.filled_pattern(pattern, facts, nearness, reviewed))
            .find(|arns| !arns.is_empty())
            .unwrap_or_default()
    }

    fn filled_pattern(&self, pattern: &ArnPattern, facts: Facts<'_, '_>, nearness: Nearness, reviewed: bool) -> Vec<String> {
        let last = pattern.variables().next_back();
        let mut choices: Vec<(usize, Vec<String>)> = Vec::new();
        let mut by_review = false;
        let mut whole = Vec::new();
        for at in pattern.variables() {
            let Some(variable) = self.variables.get(at) else { continue };
            let (values, from_review) = variable.values(facts, nearness, Some(at) == last);
            by_review |= from_review;
            // A parameter that is the whole ARN already is taken as it is.
            whole.extend(values.iter().filter(|v| v.starts_with("arn:") && self.is_of(v)).cloned());
            choices.push((at, values.into_iter().filter(|v| !v.starts_with("arn:")).collect()));
        }
        let count = choices.iter().map(|(_, v)| v.len()).product::<usize>();
        if reviewed && !by_review {
            Vec::new()
        } else if !whole.is_empty() {
            whole
        } else if choices.is_empty() || count == 0 || count > MAX_RESOURCES * 2 {
            Vec::new()
        } else {
            let fill = |row: &HashMap<usize, &str>| pattern.fill(facts.call, facts.account(), |at| row.get(&at).copied().unwrap_or("*"));
            products(&choices).iter().map(fill).collect()
        }
    }

    /// What the response of a creation tells. A part that the caller did not name is `*`: when the call was authorised
    /// the resource had no such id yet, and a policy that names the id would refuse the next creation.
    fn answered(&self, facts: Facts<'_, '_>) -> Vec<String> {
        let asked: BTreeSet<&str> = facts.request.all().map(|(_, _, v)| v).collect();
        let of_arn = |arn: &str| -> Option<String> {
            let parsed = Arn::parse(arn)?;
            let (pattern, read) = self.patterns.iter().find_map(|p| Some((p, p.read(&parsed)?)))?;
            let value = |at: usize| read.iter().find(|(v, _)| *v == at).map_or("*", |(_, text)| *text);
            Some(pattern.fill(facts.call, parsed.account, |at| Some(value(at)).filter(|v| asked.contains(v)).unwrap_or("*")))
        };
        let arns: Vec<String> = facts.response.arns().map(|(a, _)| a).filter(|a| self.is_of(a)).filter_map(of_arn).collect();
        if !arns.is_empty() {
            return arns;
        }
        let Some(pattern) = self.patterns.first() else { return Vec::new() };
        let known: Option<Vec<(usize, Option<String>)>> = pattern
            .variables()
            .map(|at| {
                let variable = self.variables.get(at)?;
                match variable.values(facts, Nearness::Stem, false).0.as_slice() {
                    [one] => Some((at, Some(one.clone()))),
                    _ => variable.is_answered(facts).then_some((at, None)),
                }
            })
            .collect();
        known.filter(|k| !k.is_empty()).map_or_else(Vec::new, |known| {
            let value = |at: usize| known.iter().find(|(v, _)| *v == at).and_then(|(_, text)| text.as_deref()).unwrap_or("*");
            vec![pattern.fill(facts.call, facts.account(), value)]
        })
    }
}

/// All combinations of the variables' values.
fn products(choices: &[(usize, Vec<String>)]) -> Vec<HashMap<usize, &str>> {
    let mut rows: Vec<HashMap<usize, &str>> = vec![HashMap::new()];
    for (at, values) in choices {
        rows = rows
            .iter()
            .flat_map(|row| {
                values.iter().map(move |v| {
                    let mut row = row.clone();
                    row.insert(*at, v.as_str());
                    row
                })
            })
            .collect();
    }
    rows
}

impl Variable {
    /// The values that the call gives this variable; whether a reviewed row gave them.
    fn values(&self, facts: Facts<'_, '_>, nearness: Nearness, is_last: bool) -> (Vec<String>, bool) {
        for binding in self.bindings.iter().filter(|b| b.applies(facts.action, facts.request)) {
            let changed = |v: &str| binding.transform.apply(v, facts.call);
            let found: Vec<String> = match &binding.origin {
                Origin::Constant(text) => vec![text.clone()],
                Origin::Request(name) => facts.request.get(name).filter_map(changed).collect(),
                Origin::Response(name) => facts.response.get(name).filter_map(changed).collect(),
            };
            if !found.is_empty() {
                used::note(binding.row);
                return (found, true);
            }
        }
        let count = if nearness == Nearness::Own { 1 } else { self.names.len() };
        let named = self.names.iter().take(count).map(|n| facts.request.get(n).map(str::to_owned).collect::<Vec<_>>());
        let named = named.into_iter().find(|list| !list.is_empty());
        match named {
            Some(found) => (found, false),
            None if nearness == Nearness::Alike && is_last => (self.by_likeness(facts.request), false),
            None => (Vec::new(), false),
        }
    }

    /// Whether the response has this variable, under one of its names.
    fn is_answered(&self, facts: Facts<'_, '_>) -> bool {
        let reviewed = self.bindings.iter().filter_map(|b| if let Origin::Request(name) = &b.origin { Some(name) } else { None });
        self.names.iter().chain(reviewed).any(|name| facts.response.get(name).next().is_some())
    }

    /// A parameter whose name ends this variable's name (`SubnetGroupName` ~ `dBSubnetGroupName`), if there is only one
    /// such; else one that is called just `name` or `id`. Only the highest level that has texts is looked at.
    fn by_likeness(&self, request: &Params<'_>) -> Vec<String> {
        let level = request.all().map(|(_, depth, _)| depth).min();
        let top: Vec<(String, &str)> =
            request.all().filter(|(_, depth, _)| Some(*depth) == level).map(|(n, _, v)| (normal(n), v)).collect();
        let alike: BTreeSet<&str> =
            top.iter().map(|(n, _)| n.as_str()).filter(|n| n.len() >= 6 && (self.own.ends_with(n) || n.ends_with(self.own.as_str()))).collect();
        let take = |name: &str| top.iter().filter(|(n, _)| n == name).map(|(_, v)| (*v).to_owned()).collect::<Vec<_>>();
        if alike.len() == 1 {
            return alike.first().map(|name| take(name)).unwrap_or_default();
        }
        ["name", "id", "identifier"]
            .into_iter()
            .filter(|generic| self.own.ends_with(generic) || self.own.len() <= 4)
            .map(take)
            .find(|list| !list.is_empty())
            .unwrap_or_default()
    }
}
