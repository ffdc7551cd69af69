//! One resource type: the ARNs of it that a call names, makes, or leaves open.

use std::collections::{BTreeSet, HashMap};
use std::sync::OnceLock;

use super::names::{NameKey, names_of, normal};
use super::overrides::{Binding, Only, Origin, Overrides, Place};
use super::params::{LazyParams, Params, usable};
use super::pattern::ArnPattern;
use super::transform::Transform;
use super::{CallFacts, Provenance, used};
use crate::aws::{Arn, is_account_id};
use crate::reference::ActionId;

/// More values than this in one call become the type's pattern.
pub const MAX_RESOURCES: usize = 50;

/// What a call offers to fill patterns with.
#[derive(Clone, Copy)]
pub struct Facts<'c, 'a> {
    /// The call.
    pub call: &'c CallFacts<'a>,
    /// Its request parameters.
    pub request: &'c LazyParams<'a>,
    /// The ARNs of the event's own list and of a denial's message, taken apart.
    pub logged: &'c [(&'a str, Arn<'a>)],
    /// Its response elements.
    pub response: &'c LazyParams<'a>,
    /// The action that is asked for.
    pub action: ActionId,
}

impl Facts<'_, '_> {
    /// The account that owns the resources: the one that a parameter or the event's own list names, else the log's.
    fn account(&self, service: &str) -> &str {
        static NAMES: OnceLock<[(&str, NameKey); 3]> = OnceLock::new();
        static TOP: OnceLock<NameKey> = OnceLock::new();
        let top = TOP.get_or_init(|| NameKey::of("top"));
        let names = NAMES.get_or_init(|| {
            [("codeartifact", "domain-owner"), ("ecr", "registryId"), ("glue", "catalogId")].map(|(s, n)| (s, NameKey::of(n)))
        });
        let owner = names.iter().find(|(s, _)| *s == service).and_then(|(_, n)| self.request.get().under(top, n).find(|v| is_account_id(v)));
        if let Some(owner) = owner {
            return owner;
        }
        let mut named = self.call.resources.iter().filter_map(|r| r.account).filter(|a| !a.is_empty());
        match named.next() {
            Some(first) if named.all(|a| a == first) => first,
            _ => self.call.account,
        }
    }
}

/// A resource type with all that fills its patterns.
#[derive(Debug)]
pub struct Kind {
    /// `rds:db`.
    pub name: String,
    /// Its ARN patterns.
    pub patterns: Vec<ArnPattern>,
    variables: Vec<Variable>,
    /// Parameters of the caller's own words, which are never ARNs.
    words: Vec<NameKey>,
    /// Patterns of the service's other types that fit some of this type's ARNs more closely: `table/T/backup/B` is a
    /// backup, not a table called `T/backup/B`.
    pub rivals: Vec<ArnPattern>,
}

/// How far a parameter's name may be from the variable's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nearness {
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

impl Kind {
    /// Prepares a type.
    #[must_use]
    pub fn new(service: &str, name: &str, patterns: &[String], overrides: &Overrides) -> Kind {
        let mut names = Vec::new();
        let patterns: Vec<ArnPattern> = patterns.iter().filter_map(|p| ArnPattern::parse(p, &mut names)).collect();
        let is_last = |at: usize| patterns.iter().any(|p| p.variables().next_back() == Some(at));
        let variables: Vec<Variable> = names
            .iter()
            .enumerate()
            .map(|(at, v)| Variable { bindings: overrides.bindings(service, name, v), names: names_of(v, name, is_last(at)), own: normal(v) })
            .collect();
        let rows = variables.iter().flat_map(|v| &v.bindings).filter(|b| b.transform == Transform::Verbatim);
        let words = rows.flat_map(|b| &b.origins).filter_map(|o| if let Origin::Request(name) = o { Some(name.clone()) } else { None }).collect();
        Kind { name: format!("{service}:{name}"), patterns, variables, words, rivals: Vec::new() }
    }

    /// Whether an ARN has the form of this type, whatever other types it has the form of.
    pub fn has_form(&self, arn: &str) -> bool {
        Arn::parse(arn).is_some_and(|parsed| self.patterns.iter().any(|p| p.matches(&parsed)))
    }

    fn service(&self) -> &str {
        self.name.split_once(':').map_or("", |(s, _)| s)
    }

    /// The name without the service's prefix.
    pub fn own_name(&self) -> &str {
        self.name.split_once(':').map_or("", |(_, n)| n)
    }

    /// Whether an ARN is one of this type, and of none that fits it more closely.
    pub fn is_of(&self, arn: &str) -> bool {
        Arn::parse(arn).is_some_and(|parsed| self.is_of_parsed(&parsed))
    }

    fn is_of_parsed(&self, arn: &Arn<'_>) -> bool {
        self.patterns.iter().any(|p| p.matches(arn)) && !self.rivals.iter().any(|p| p.matches(arn))
    }

    /// The pattern of all resources of this type in the call's account and region.
    pub fn open_pattern(&self, facts: Facts<'_, '_>) -> Option<String> {
        Some(self.patterns.first()?.fill(facts.call, facts.account(self.service()), |_| "*"))
    }

    /// The ARN of a type that has one resource in an account: its pattern has no variable.
    pub fn single(&self, facts: Facts<'_, '_>) -> Option<String> {
        let pattern = self.patterns.first().filter(|p| p.variables().next().is_none())?;
        Some(pattern.fill(facts.call, facts.account(self.service()), |_| "*"))
    }

    /// The pattern of all resources of this type that fit what is known: one value of a variable stays, others are `*`.
    pub fn whole_type(&self, facts: Facts<'_, '_>) -> Option<String> {
        let pattern = self.patterns.first()?;
        let known: HashMap<usize, String> = pattern
            .variables()
            .filter_map(|at| match self.variables.get(at)?.values(facts, Nearness::Stem, false, &|arn| self.is_of(arn)).0.as_slice() {
                [one] if !one.starts_with("arn:") => Some((at, one.clone())),
                _ => None,
            })
            .collect();
        Some(pattern.fill(facts.call, facts.account(self.service()), |at| known.get(&at).map_or("*", String::as_str)))
    }

    /// The ARNs of this type that the call names or makes, with where each came from; none when it leaves them open.
    #[must_use]
    pub fn concrete(&self, facts: Facts<'_, '_>, nearest: Nearness, required: bool, only: Option<&Only>) -> Vec<(String, Provenance)> {
        let unique = |list: Vec<String>, p: Provenance| -> Vec<(String, Provenance)> {
            if list.len() == 1 {
                return list.into_iter().map(|a| (a, p)).collect();
            }
            list.into_iter().collect::<BTreeSet<_>>().into_iter().map(|a| (a, p)).collect()
        };
        let chosen = only.map(|o| o.chosen(facts.request.get())).unwrap_or_default();
        let chooses = |arn: &String| {
            let is_end = |c: &str| arn.strip_suffix(c).is_some_and(|head| head.is_empty() || head.ends_with(['/', ':']));
            chosen.iter().any(|c| !c.is_empty() && is_end(c))
        };
        let choose = |mut list: Vec<String>| -> Vec<String> {
            if list.len() > 1 && list.iter().any(chooses) {
                list.retain(chooses);
            }
            list
        };
        let mut logged = self.logged(facts);
        if logged.len() > 1 && !logged.iter().any(chooses) {
            match only.and_then(Only::place) {
                Some(Place::First) => logged.truncate(1),
                Some(Place::Last) => drop(logged.drain(..logged.len() - 1)),
                None => {}
            }
        }
        let logged = choose(logged);
        if !logged.is_empty() {
            return unique(logged, Provenance::Logged);
        }
        let bound = choose(self.filled(facts, nearest, true));
        if !bound.is_empty() {
            return unique(bound, Provenance::Override);
        }
        // An ARN at the top is what the call is about; one deeper down may be of something else than a name that fits.
        let arns = |at_top: bool| -> Vec<String> {
            let fits = |(v, depth): &(&str, u8)| (*depth == 1) == at_top && self.is_of(v);
            facts.request.get().arns_but(&self.words).filter(fits).map(|(v, _)| v.to_owned()).collect()
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
    fn logged(&self, facts: Facts<'_, '_>) -> Vec<String> {
        let listed = facts.logged.iter().filter(|(_, parsed)| self.is_of_parsed(parsed)).map(|(arn, _)| *arn);
        // One that cannot be used leaves the list open: the others are not all.
        listed.map(|arn| usable(arn).then(|| arn.to_owned())).collect::<Option<Vec<String>>>().unwrap_or_default()
    }

    /// An ARN at the top that has this type's form and a rival's: with nothing nearer it is what the call is about
    /// (a load balancer of the second generation, for an action that the reference knows with the first one's only).
    pub fn rival(&self, facts: Facts<'_, '_>) -> Vec<(String, Provenance)> {
        let top = facts.request.get().arns().filter(|(v, depth)| *depth == 1 && self.has_form(v));
        top.map(|(v, _)| (v.to_owned(), Provenance::Parameter)).collect()
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
        // Without a row that speaks of this call none can take part.
        let is_reviewed = |at: usize| self.variables.get(at).is_some_and(|v| v.bindings.iter().any(|b| b.applies(facts.action, facts.request.get())));
        if reviewed && !pattern.variables().any(is_reviewed) {
            return Vec::new();
        }
        let last = pattern.variables().next_back();
        let mut choices: Vec<(usize, Vec<String>)> = Vec::new();
        let mut by_review = false;
        let mut whole = Vec::new();
        for at in pattern.variables() {
            let Some(variable) = self.variables.get(at) else { continue };
            let (values, from_review) = variable.values(facts, nearness, Some(at) == last, &|arn| self.is_of(arn));
            by_review |= from_review;
            // A parameter that is the whole ARN already is taken as it is.
            // One that a row made is not asked whether another type fits it more closely: the row knows.
            let is_arn = |v: &String| v.starts_with("arn:") && !variable.is_verbatim();
            whole.extend(values.iter().filter(|v| is_arn(v) && if from_review { self.has_form(v) } else { self.is_of(v) }).cloned());
            choices.push((at, values.into_iter().filter(|v| !is_arn(v)).collect()));
        }
        let count = choices.iter().map(|(_, v)| v.len()).product::<usize>();
        if reviewed && !by_review {
            return Vec::new();
        }
        if !choices.is_empty() && count > 0 && count <= MAX_RESOURCES * 2 {
            let account = facts.account(self.service());
            for row in 0..count {
                whole.push(pattern.fill(facts.call, account, |at| chosen(&choices, row, at).unwrap_or("*")));
            }
        }
        whole
    }

    /// What the response of a creation tells. A part that the caller did not name is `*`: when the call was authorised
    /// the resource had no such id yet, and a policy that names the id would refuse the next creation.
    fn answered(&self, facts: Facts<'_, '_>) -> Vec<String> {
        let asked: BTreeSet<&str> = facts.request.get().all().map(|(_, _, v)| v).collect();
        let of_arn = |arn: &str| -> Option<String> {
            let parsed = Arn::parse(arn)?;
            let (pattern, read) = self.patterns.iter().find_map(|p| Some((p, p.read(&parsed)?)))?;
            let value = |at: usize| read.iter().find(|(v, _)| *v == at).map_or("*", |(_, text)| *text);
            let named = |at: usize, v: &str| {
                asked.contains(v) || self.variables.get(at).is_some_and(|variable| variable.values(facts, Nearness::Stem, false, &|_| false).0.iter().any(|own| own == v))
            };
            Some(pattern.fill(facts.call, parsed.account, |at| Some(value(at)).filter(|v| named(at, v)).unwrap_or("*")))
        };
        let arns: Vec<String> = facts.response.get().arns().map(|(a, _)| a).filter(|a| self.is_of(a)).filter_map(of_arn).collect();
        if !arns.is_empty() {
            return arns;
        }
        let Some(pattern) = self.patterns.first() else { return Vec::new() };
        let known: Option<Vec<(usize, Option<String>)>> = pattern
            .variables()
            .map(|at| {
                let variable = self.variables.get(at)?;
                match variable.values(facts, Nearness::Stem, false, &|arn| self.is_of(arn)).0.as_slice() {
                    [one] if !one.starts_with("arn:") => Some((at, Some(one.clone()))),
                    _ => variable.is_answered(facts).then_some((at, None)),
                }
            })
            .collect();
        known.filter(|k| !k.is_empty()).map_or_else(Vec::new, |known| {
            let value = |at: usize| known.iter().find(|(v, _)| *v == at).and_then(|(_, text)| text.as_deref()).unwrap_or("*");
            vec![pattern.fill(facts.call, facts.account(self.service()), value)]
        })
    }
}

/// The text of a variable in one of all combinations of the variables' values.
fn chosen(choices: &[(usize, Vec<String>)], mut row: usize, wanted: usize) -> Option<&str> {
    let mut found = None;
    for (at, values) in choices {
        let count = values.len().max(1);
        if *at == wanted {
            found = values.get(row % count).map(String::as_str);
        }
        row /= count;
    }
    found
}

impl Variable {
    /// The values that the call gives this variable; whether a reviewed row gave them.
    fn values(&self, facts: Facts<'_, '_>, nearness: Nearness, is_last: bool, is_of: &dyn Fn(&str) -> bool) -> (Vec<String>, bool) {
        let mut closed = false;
        for binding in self.bindings.iter().filter(|b| b.applies(facts.action, facts.request.get())) {
            let change = |text: &str| -> Vec<String> {
                let is_whole = text.starts_with("arn:") && binding.transform.keeps_arns() && is_of(text);
                if is_whole || binding.is_constant() { vec![text.to_owned()] } else { binding.transform.all(text, facts.call) }
            };
            let texts = binding.texts(facts.request.get(), facts.response);
            // A parameter that a row refuses is not taken by its name after all.
            closed |= !texts.is_empty() || binding.is_present(facts.request.get());
            let found: Vec<String> = texts.into_iter().flat_map(change).collect();
            if !found.is_empty() {
                used::note(binding.row);
                return (found, true);
            }
            if binding.closed {
                used::note(binding.row);
                return (Vec::new(), false);
            }
        }
        if closed {
            return (Vec::new(), false);
        }
        let count = if nearness == Nearness::Own { 1 } else { self.names.len() };
        // An alias is no key, wherever it stands.
        let is_value = |v: &&str| !(self.own == "keyid" && v.starts_with("alias/"));
        let names = self.names.iter().take(count).filter(|n| facts.request.get().may_have(n));
        let named = names.map(|n| facts.request.get().get(n).filter(is_value).map(str::to_owned).collect::<Vec<_>>());
        match { named }.find(|list| !list.is_empty()) {
            Some(found) => (found, false),
            None if nearness == Nearness::Alike && is_last && !self.own.is_empty() => (self.by_likeness(facts.request.get()), false),
            None => (Vec::new(), false),
        }
    }

    /// Whether a row says that the variable's texts are never ARNs.
    fn is_verbatim(&self) -> bool {
        self.bindings.iter().any(|b| b.transform == Transform::Verbatim)
    }

    /// Whether the response has this variable, under one of its names.
    fn is_answered(&self, facts: Facts<'_, '_>) -> bool {
        let reviewed = self.bindings.iter().flat_map(|b| &b.origins).filter_map(|o| if let Origin::Request(name) = o { Some(name) } else { None });
        self.names.iter().chain(reviewed).any(|name| facts.response.get().get(name).next().is_some())
    }

    /// A parameter whose name ends this variable's name (`SubnetGroupName` ~ `dBSubnetGroupName`), if there is only one
    /// such; else one that is called just `name` or `id`. Only the highest level that has texts is looked at.
    fn by_likeness(&self, request: &Params<'_>) -> Vec<String> {
        let level = request.all().map(|(_, depth, _)| depth).min();
        let top: Vec<(String, &str)> =
            request.all().filter(|(_, depth, _)| Some(*depth) == level).map(|(n, _, v)| (normal(n), v)).collect();
        let alike: BTreeSet<&str> =
            top.iter().map(|(n, _)| n.as_str()).filter(|n| n.len() >= 6 && (self.own.ends_with(n) || (self.own.len() >= 6 && n.ends_with(self.own.as_str())))).collect();
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
