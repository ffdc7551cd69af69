//! From a call's facts to resource ARNs, for every resource type of an action, in order of trust: the event's
//! own `resources[]`, reviewed bindings, parameters that match the ARN pattern, the response of a creation, and
//! last a pattern for the whole type.

use std::collections::{BTreeSet, HashMap};

use super::overrides::{Binding, Overrides, Transform};
use super::params::{Params, normal, usable};
use super::{CallFacts, Provenance};
use crate::aws::{Arn, partition_of_region};
use crate::reference::{ActionId, Reference};

/// More values than this in one call become the type's pattern.
const MAX_RESOURCES: usize = 50;

/// A piece of an ARN pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Variable(Variable),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Variable {
    bindings: Vec<(String, Transform)>,
    /// Parameter names in comparable form that mean this variable exactly.
    exact: Vec<String>,
    /// The variable's own comparable name, for matches by ending.
    own: String,
}

/// An ARN pattern of a resource type, cut at its variables.
#[derive(Debug, Clone)]
struct Pattern {
    /// Service, region and account parts as written (`${Region}` kept).
    head: String,
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone)]
struct Kind {
    required: bool,
    /// Whether the type belongs to the action's own service.
    name: String,
    patterns: Vec<Pattern>,
}

/// Resource types of every action, prepared.
pub struct Resolver {
    kinds: HashMap<ActionId, Vec<Kind>>,
}

fn cut(text: &str, variable: impl Fn(&str) -> Variable) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        if !before.is_empty() {
            pieces.push(Piece::Text(before.to_owned()));
        }
        let (name, tail) = after.split_once('}').unwrap_or((after, ""));
        pieces.push(Piece::Variable(variable(name)));
        rest = tail;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest.to_owned()));
    }
    pieces
}

/// The parameter names that mean a variable: itself, with its usual endings exchanged, without the type's word.
fn exact_names(var: &str, kind: &str) -> Vec<String> {
    let own = normal(var);
    let own = own.strip_suffix("withpath").unwrap_or(&own).to_owned();
    let own = own.strip_suffix("withoutleadingslash").unwrap_or(&own).to_owned();
    let stem = ["identifier", "name", "id", "arn"].iter().find_map(|s| own.strip_suffix(s)).unwrap_or(&own).to_owned();
    let mut names = vec![own.clone()];
    if stem.len() >= 3 {
        for ending in ["id", "name", "identifier", "ids", "names", "identifiers", "s", ""] {
            names.push(format!("{stem}{ending}"));
        }
    }
    let kind = normal(kind);
    for ending in ["id", "name", "ids", "names", ""] {
        names.push(format!("{kind}{ending}"));
    }
    let mut seen = BTreeSet::new();
    names.retain(|n| n.len() >= 3 && seen.insert(n.clone()));
    names
}

impl Resolver {
    /// Prepares every action's types.
    pub fn new(reference: &Reference, overrides: &Overrides) -> Resolver {
        let mut kinds = HashMap::new();
        for id in reference.actions() {
            let (Some(action), Some(service)) = (reference.action(id), reference.service_of(id)) else { continue };
            if action.resources.is_empty() {
                continue;
            }
            let list = action
                .resources
                .iter()
                .filter_map(|entry| {
                    let kind = reference.resource_type(id, entry)?;
                    let variable = |name: &str| Variable {
                        bindings: overrides
                            .bindings(&service.prefix, &kind.name, name)
                            .iter()
                            .map(|Binding { from, transform }| (from.clone(), *transform))
                            .collect(),
                        exact: exact_names(name, &kind.name),
                        own: normal(name),
                    };
                    let patterns = kind
                        .arn_patterns
                        .iter()
                        .filter_map(|p| {
                            let parsed = Arn::parse(p)?;
                            Some(Pattern {
                                head: format!("{}:{}:{}", parsed.service, parsed.region, parsed.account),
                                pieces: cut(parsed.resource, variable),
                            })
                        })
                        .collect();
                    Some(Kind { required: entry.required, name: kind.name.clone(), patterns })
                })
                .collect();
            kinds.insert(id, list);
        }
        Resolver { kinds }
    }

    /// The resources that a call of this action worked on, with where each came from.
    pub fn resources(&self, id: ActionId, call: &CallFacts<'_>, params: &Params<'_>, response: &Params<'_>) -> Vec<(String, Provenance)> {
        let Some(kinds) = self.kinds.get(&id) else { return vec![("*".to_owned(), Provenance::None)] };
        let mut out: Vec<(String, Provenance)> = Vec::new();
        let mut wild: Vec<String> = Vec::new();
        let required = kinds.iter().filter(|k| k.required).count();
        for kind in kinds {
            let lenient = kind.required && required == 1;
            let mut found = kind.concrete(call, params, response, lenient);
            if found.len() > MAX_RESOURCES {
                found.clear();
            }
            if found.is_empty() && kind.required {
                wild.extend(kind.whole_type(call));
            }
            out.extend(found);
        }
        if out.is_empty() && wild.is_empty() {
            // Only optional types, none told: the pattern of the only type, else nothing is known.
            wild.push(match kinds.as_slice() {
                [only] => only.whole_type(call).unwrap_or_else(|| "*".to_owned()),
                several => several
                    .iter()
                    .find(|k| matches!(k.name.as_str(), "object" | "bucket"))
                    .and_then(|k| k.whole_type(call))
                    .unwrap_or_else(|| "*".to_owned()),
            });
        }
        out.extend(wild.into_iter().map(|w| (w, Provenance::TypeWildcard)));
        out
    }
}

/// The head of an ARN with partition, region and account filled in.
fn filled_head(head: &str, call: &CallFacts<'_>, account: &str) -> String {
    let region = if call.region.is_empty() { "*" } else { call.region };
    let account = if account.is_empty() { "*" } else { account };
    let head = head.replace("${Region}", region).replace("${Account}", account);
    // Any other variable of the head (an owner id, say) is not told by the event.
    let head = match head.split_once("${") {
        Some((before, after)) => format!("{before}*{}", after.split_once('}').map_or("", |(_, t)| t)),
        None => head,
    };
    format!("arn:{}:{head}:", partition_of_region(call.region))
}

impl Kind {
    /// The pattern of all resources of this type in the call's region and account.
    fn whole_type(&self, call: &CallFacts<'_>) -> Option<String> {
        let pattern = self.patterns.first()?;
        let mut out = filled_head(&pattern.head, call, call.account);
        for piece in &pattern.pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Variable(_) => out.push('*'),
            }
        }
        Some(out)
    }

    /// Whether an ARN is one of this type.
    fn is_of(&self, arn: &str) -> bool {
        let Some(parsed) = Arn::parse(arn) else { return false };
        self.patterns.iter().any(|p| {
            let mut head = p.head.split(':');
            let (service, region, account) = (head.next(), head.next(), head.next());
            let part = |pattern: Option<&str>, value: &str| pattern.is_some_and(|p| p.contains("${") || p == "*" || p == value);
            part(service, parsed.service)
                && part(region, parsed.region)
                && part(account, parsed.account)
                && pieces_match(&p.pieces, parsed.resource)
        })
    }

    fn concrete(&self, call: &CallFacts<'_>, params: &Params<'_>, response: &Params<'_>, lenient: bool) -> Vec<(String, Provenance)> {
        let unique = |list: Vec<String>, p: Provenance| -> Vec<(String, Provenance)> {
            list.into_iter().collect::<BTreeSet<_>>().into_iter().map(|a| (a, p)).collect()
        };
        let logged: Vec<String> = call
            .resources
            .iter()
            .filter_map(|r| r.arn)
            .filter(|a| usable(a) && self.is_of(a))
            .map(str::to_owned)
            .collect();
        if !logged.is_empty() {
            return unique(logged, Provenance::Logged);
        }
        let bound = self.filled(call, params, lenient, true);
        if !bound.is_empty() {
            return unique(bound, Provenance::Override);
        }
        let in_params: Vec<String> =
            params.all().map(|(_, v)| v).filter(|v| v.starts_with("arn:") && usable(v) && self.is_of(v)).map(str::to_owned).collect();
        if !in_params.is_empty() {
            return unique(in_params, Provenance::Parameter);
        }
        let filled = self.filled(call, params, lenient, false);
        if !filled.is_empty() {
            return unique(filled, Provenance::Parameter);
        }
        if lenient || self.required {
            let answered: Vec<String> =
                response.all().map(|(_, v)| v).filter(|v| v.starts_with("arn:") && usable(v) && self.is_of(v)).map(str::to_owned).collect();
            if !answered.is_empty() {
                return unique(answered, Provenance::Response);
            }
        }
        Vec::new()
    }

    /// ARNs made by filling every variable of a pattern from parameters. With `reviewed`, at least one variable
    /// must come from a reviewed binding.
    fn filled(&self, call: &CallFacts<'_>, params: &Params<'_>, lenient: bool, reviewed: bool) -> Vec<String> {
        for pattern in &self.patterns {
            let mut heads = vec![filled_head(&pattern.head, call, call.account)];
            let mut by_review = false;
            let mut whole = Vec::new();
            let mut complete = pattern.pieces.iter().any(|p| matches!(p, Piece::Variable(_)));
            let last = pattern.pieces.iter().rposition(|p| matches!(p, Piece::Variable(_)));
            for (at, piece) in pattern.pieces.iter().enumerate() {
                match piece {
                    Piece::Text(text) => heads.iter_mut().for_each(|h| h.push_str(text)),
                    Piece::Variable(variable) => {
                        let (values, from_review) = variable.values(params, lenient, Some(at) == last);
                        by_review |= from_review;
                        // A parameter that is the whole ARN already is taken as it is.
                        whole.extend(values.iter().filter(|v| v.starts_with("arn:") && self.is_of(v)).cloned());
                        let plain: Vec<&String> = values.iter().filter(|v| !v.starts_with("arn:")).collect();
                        if plain.is_empty() {
                            complete = false;
                            break;
                        }
                        if heads.len() * plain.len() > MAX_RESOURCES * 2 {
                            complete = false;
                            break;
                        }
                        heads = heads.iter().flat_map(|h| plain.iter().map(move |v| format!("{h}{v}"))).collect();
                    }
                }
            }
            if reviewed && !by_review {
                continue;
            }
            if !whole.is_empty() {
                return whole;
            }
            if complete {
                return heads;
            }
        }
        Vec::new()
    }
}

/// Whether a resource part fits the pieces: texts in order, something between them.
fn pieces_match(pieces: &[Piece], resource: &str) -> bool {
    match pieces.split_first() {
        None => resource.is_empty(),
        Some((Piece::Text(text), rest)) => resource.strip_prefix(text.as_str()).is_some_and(|r| pieces_match(rest, r)),
        Some((Piece::Variable(_), [])) => !resource.is_empty(),
        Some((Piece::Variable(_), rest)) => resource
            .char_indices()
            .skip(1)
            .map(|(at, _)| at)
            .any(|at| resource.get(at..).is_some_and(|r| pieces_match(rest, r))),
    }
}

impl Variable {
    /// The values that parameters give this variable; whether a reviewed binding gave them.
    fn values(&self, params: &Params<'_>, lenient: bool, is_last: bool) -> (Vec<String>, bool) {
        for (from, transform) in &self.bindings {
            if *transform == Transform::Constant {
                return (vec![from.clone()], true);
            }
            let found: Vec<String> = params.get(from).filter(|v| usable(v)).filter_map(|v| transformed(v, *transform)).collect();
            if !found.is_empty() {
                return (found, true);
            }
        }
        let take = |name: &str| -> Vec<String> {
            params.get(name).filter(|v| usable(v)).map(str::to_owned).collect()
        };
        for name in &self.exact {
            let found = take(name);
            if !found.is_empty() {
                return (found, false);
            }
        }
        if lenient && is_last {
            // A parameter whose name ends this variable's name (`SubnetGroupName` ~ `dBSubnetGroupName`), if there is only one such.
            let endings: BTreeSet<&str> = params
                .all()
                .map(|(n, _)| n)
                .filter(|n| n.len() >= 6 && (self.own.ends_with(n) || n.ends_with(self.own.as_str())))
                .collect();
            if let [one] = endings.into_iter().collect::<Vec<_>>().as_slice() {
                return (take(one), false);
            }
            for generic in ["name", "id", "identifier"] {
                if self.own.ends_with(generic) || self.own.len() <= 4 {
                    let found = take(generic);
                    if !found.is_empty() {
                        return (found, false);
                    }
                }
            }
        }
        (Vec::new(), false)
    }
}

fn transformed(value: &str, transform: Transform) -> Option<String> {
    let is_arn = value.starts_with("arn:");
    Some(match transform {
        Transform::Plain | Transform::Constant => value.to_owned(),
        Transform::LastPathSegment => value.rsplit('/').next().filter(|s| !s.is_empty())?.to_owned(),
        Transform::StripLeadingSlash if !is_arn => value.trim_start_matches('/').to_owned(),
        Transform::PathStar if !is_arn => format!("{}/*", value.trim_matches('/')),
        Transform::FunctionName => {
            let name = match value.rsplit_once("function:") {
                Some((_, tail)) => tail,
                None => value,
            };
            name.split(':').next().filter(|s| !s.is_empty())?.to_owned()
        }
        Transform::SecretName if !is_arn => format!("{value}-??????"),
        Transform::ColonStar if !is_arn => format!("{value}:*"),
        Transform::ArnName if is_arn => {
            let arn = Arn::parse(value)?;
            arn.resource.rsplit(['/', ':']).next().filter(|s| !s.is_empty())?.to_owned()
        }
        Transform::Family => {
            let tail = value.rsplit('/').next()?;
            tail.split(':').next().filter(|s| !s.is_empty())?.to_owned()
        }
        Transform::KeyId if !is_arn && value.starts_with("alias/") => return None,
        Transform::StripAlias if !is_arn => value.strip_prefix("alias/").unwrap_or(value).to_owned(),
        Transform::AfterSlash => value.rsplit('/').next().filter(|s| !s.is_empty())?.to_owned(),
        _ => value.to_owned(),
    })
}

/// An override's ARN template: `${Partition}`, `${Region}`, `${Account}`, `${param:name}`.
pub fn fill_template(template: &str, call: &CallFacts<'_>, params: &Params<'_>) -> Option<String> {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        let (name, tail) = after.split_once('}')?;
        match name {
            "Partition" => out.push_str(partition_of_region(call.region)),
            "Region" => out.push_str(call.region),
            "Account" => out.push_str(call.account),
            name => {
                let wanted = normal(name.strip_prefix("param:")?);
                let value = params.get(&wanted).next()?;
                let value = value.split('?').next()?.trim_start_matches('/');
                if !usable(value) {
                    return None;
                }
                out.push_str(value);
            }
        }
        rest = tail;
    }
    out.push_str(rest);
    Some(out)
}

/// API Gateway: the request path with its parameters filled in is the resource.
pub fn api_gateway(uri: &str, call: &CallFacts<'_>, params: &Params<'_>) -> (String, Provenance) {
    let path = uri.split('?').next().unwrap_or(uri);
    let mut out = format!("arn:{}:apigateway:{}::", partition_of_region(call.region), call.region);
    let mut provenance = Provenance::Override;
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let (name, tail) = after.split_once('}').unwrap_or((after, ""));
        let wanted = normal(name.trim_end_matches('+'));
        let found = params.get(&wanted).find(|v| usable(v)).map(str::to_owned);
        match found {
            Some(value) => out.push_str(&value),
            None => {
                out.push('*');
                provenance = Provenance::TypeWildcard;
            }
        }
        rest = tail;
    }
    out.push_str(rest);
    (out, provenance)
}
