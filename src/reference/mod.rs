//! The service-authorization reference: which actions exist, on which resources, how they show in the logs.
//!
//! Bundled as one compressed file (`data/iam-reference.json.zst`), built by `trailtrim reference import` from
//! registry packages or AWS's own files, never fetched at run time; `--reference FILE` puts another bundle in its
//! place for one run. Every wildcard in a grant is expanded through it and every event is mapped through it, so its
//! date and sources are printed in every report. Source: reference-data.md section 1; `THIRD-PARTY-DATA.md`.

mod action_ids;
pub mod bundle;
mod danger;
pub mod import;
pub mod mapping;
mod model;
pub mod observability;
mod risk;

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::OnceLock;

pub use action_ids::ActionIds;
pub use danger::{Dangers, Escalation, Store};
pub use bundle::{Header, ReferenceError, SourcePackage};
pub use model::{AccessLevel, ActionId, ActionInfo, ActionResource, ApiGeneration, Observability, ResourceType, Route, Service};

use crate::aws::{Text, glob_matches};

/// A row of a reviewed data file that names no action of the bundle at hand.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SkippedRow {
    /// The data file, `risk.toml`.
    pub file: &'static str,
    /// The action or action pattern.
    pub pattern: String,
}

/// Bytes of a name that is looked up without memory of its own.
const LONGEST_NAME: usize = 96;

/// The loaded reference.
pub struct Reference {
    header: Header,
    services: Vec<Service>,
    actions: Vec<ActionInfo>,
    /// Names in lower case.
    by_name: HashMap<String, ActionId, foldhash::fast::RandomState>,
    /// Names without the service, in lower case: service by service, sorted within each.
    own_names: Vec<(Box<str>, ActionId)>,
    by_prefix: HashMap<String, u32>,
    routes: HashMap<String, Vec<Route>>,
    operations: HashSet<String>,
    skipped: Vec<SkippedRow>,
    data_types: HashMap<ActionId, Vec<String>>,
    risk: HashMap<ActionId, Vec<&'static str>>,
    dangers: danger::Dangers,
}

fn own_names(services: &[Service], actions: &[ActionInfo]) -> Vec<(Box<str>, ActionId)> {
    let mut out: Vec<(Box<str>, ActionId)> = actions
        .iter()
        .zip(0u32..)
        .map(|(a, i)| (a.name.split_once(':').map_or("", |(_, own)| own).to_ascii_lowercase().into_boxed_str(), ActionId(i)))
        .collect();
    for service in services {
        let (first, count) = (service.first_action as usize, service.action_count as usize);
        if let Some(own) = out.get_mut(first..first.saturating_add(count)) {
            own.sort();
        }
    }
    out
}

static BUNDLED: OnceLock<Result<Reference, ReferenceError>> = OnceLock::new();

impl Reference {
    /// The reference of this process: the one that is built into the program, unless [`Reference::choose`] put
    /// another in its place. Read once.
    ///
    /// # Errors
    /// [`ReferenceError`] when the bundled file is damaged or lacks an action that a reviewed data file names.
    pub fn bundled() -> Result<&'static Reference, &'static ReferenceError> {
        BUNDLED.get_or_init(|| Reference::load(include_bytes!("data/iam-reference.json.zst"))?.complete()).as_ref()
    }

    /// Makes a bundle file the reference of this process. To be called once, before anything asks for
    /// [`Reference::bundled`].
    ///
    /// # Errors
    /// [`ReferenceError`] naming the file when it cannot be read, is no bundle, or comes too late.
    pub fn choose(path: &Path) -> Result<&'static Reference, ReferenceError> {
        let file = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|source| ReferenceError::Read { file: file.clone(), source })?;
        let reference = Reference::load(&bytes).map_err(|e| ReferenceError::File { file: file.clone(), source: Box::new(e) })?;
        let mut fresh = false;
        let chosen = BUNDLED.get_or_init(|| {
            fresh = true;
            Ok(reference)
        });
        match chosen {
            Ok(reference) if fresh => Ok(reference),
            _ => Err(ReferenceError::TooLate { file }),
        }
    }

    /// Reads a bundle. A row of a reviewed data file whose action the bundle does not have is left out and listed
    /// in [`Reference::skipped_rows`].
    ///
    /// # Errors
    /// [`ReferenceError`] when the bytes are not a bundle of a known format.
    pub fn load(bytes: &[u8]) -> Result<Reference, ReferenceError> {
        let bundle::Decoded { header, services, actions, routes, operations } = bundle::decode(bytes)?;
        let mut reference = Reference {
            header,
            by_prefix: services.iter().zip(0u32..).map(|(s, i)| (s.prefix.clone(), i)).collect(),
            by_name: actions.iter().zip(0u32..).map(|(a, i)| (a.name.to_ascii_lowercase(), ActionId(i))).collect(),
            own_names: own_names(&services, &actions),
            services,
            actions,
            routes,
            operations,
            skipped: Vec::new(),
            data_types: HashMap::new(),
            risk: HashMap::new(),
            dangers: danger::Dangers::default(),
        };
        reference.data_types = observability::classify(&mut reference)?;
        reference.risk = risk::classify(&mut reference)?;
        reference.dangers = danger::classify(&mut reference)?;
        Ok(reference)
    }

    /// Refuses a reference that left rows of the reviewed data files out: those were written for the built-in one.
    fn complete(self) -> Result<Reference, ReferenceError> {
        match self.skipped.first() {
            Some(row) => Err(ReferenceError::DataFile { file: row.file, problem: format!("`{}` names no action of the bundle", row.pattern) }),
            None => Ok(self),
        }
    }

    /// Expands a pattern of a reviewed data file; one that names no action is noted as skipped.
    fn expand_row(&mut self, file: &'static str, pattern: &str) -> Vec<ActionId> {
        let ids = self.expand(pattern);
        if ids.is_empty() {
            self.skipped.push(SkippedRow { file, pattern: pattern.to_owned() });
        }
        ids
    }

    /// Rows of the reviewed data files (risk, observability) that name no action of this bundle. Always empty for
    /// the built-in one.
    #[must_use]
    pub fn skipped_rows(&self) -> &[SkippedRow] {
        &self.skipped
    }

    /// Date, sources and hash.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// All services, by prefix.
    #[must_use]
    pub fn services(&self) -> &[Service] {
        &self.services
    }

    /// A service by its prefix.
    #[must_use]
    pub fn service(&self, prefix: &str) -> Option<&Service> {
        self.by_prefix.get(prefix).and_then(|i| self.services.get(*i as usize))
    }

    /// An action by its name, without regard to case.
    #[must_use]
    pub fn find(&self, action: &str) -> Option<ActionId> {
        // Asked for every action of every policy, again and again: names are short enough to be made lower case in place.
        let mut room = [0; LONGEST_NAME];
        let Some(lower) = room.get_mut(..action.len()) else { return self.by_name.get(&action.to_ascii_lowercase()).copied() };
        lower.copy_from_slice(action.as_bytes());
        lower.make_ascii_lowercase();
        self.by_name.get(std::str::from_utf8(lower).ok()?).copied()
    }

    /// An action by prefix and name, without regard to case.
    #[must_use]
    pub fn find_in(&self, prefix: &str, name: &str) -> Option<ActionId> {
        self.find(&format!("{prefix}:{name}"))
    }

    /// The facts of an action.
    #[must_use]
    pub fn action(&self, id: ActionId) -> Option<&ActionInfo> {
        self.actions.get(id.0 as usize)
    }

    /// The canonical name of an action, to be kept; empty for a number that no action has.
    #[must_use]
    pub fn text(&self, id: ActionId) -> Text {
        self.action(id).map_or_else(Text::default, |a| a.name.clone())
    }

    /// The canonical name of an action; empty for a number that no action has.
    #[must_use]
    pub fn name(&self, id: ActionId) -> &str {
        self.action(id).map_or("", |a| a.name.as_str())
    }

    /// The service of an action.
    #[must_use]
    pub fn service_of(&self, id: ActionId) -> Option<&Service> {
        self.action(id).and_then(|a| self.services.get(a.service as usize))
    }

    /// The resource type behind an action's entry.
    #[must_use]
    pub fn resource_type(&self, id: ActionId, entry: &ActionResource) -> Option<&ResourceType> {
        self.service_of(id)?.resource_types.get(entry.type_index as usize)
    }

    /// Whether the action can be granted on single resources.
    #[must_use]
    pub fn scopable(&self, id: ActionId) -> bool {
        self.action(id).is_some_and(|a| !a.resources.is_empty())
    }

    /// All actions, in order.
    pub fn actions(&self) -> impl Iterator<Item = ActionId> + '_ {
        (0u32..).take(self.actions.len()).map(ActionId)
    }

    /// Number of actions.
    #[must_use]
    pub fn len(&self) -> usize {
        self.actions.len()
    }

    /// Whether there are no actions.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.actions.is_empty()
    }

    /// The actions that an action pattern of a policy matches, in order.
    #[must_use]
    pub fn expand(&self, pattern: &str) -> Vec<ActionId> {
        let lower = pattern.to_ascii_lowercase();
        if lower == "*" || lower == "*:*" {
            return self.actions().collect();
        }
        if !lower.contains(['*', '?']) {
            return self.by_name.get(&lower).copied().into_iter().collect();
        }
        let (prefix, name) = lower.split_once(':').unwrap_or((lower.as_str(), ""));
        let one = (!prefix.contains(['*', '?'])).then(|| self.service(prefix));
        let some = one.is_none().then(|| self.services.iter().filter(|s| glob_matches(prefix, &s.prefix)));
        // Most patterns are the beginning of a name.
        let beginning = name.strip_suffix('*').filter(|head| !head.contains(['*', '?']));
        let mut found = Vec::new();
        for service in one.flatten().into_iter().chain(some.into_iter().flatten()) {
            let own = self.own_names(service);
            match beginning {
                Some(head) => {
                    let start = own.partition_point(|(lower, _)| &**lower < head);
                    let alike = own.iter().skip(start).take_while(|(lower, _)| lower.starts_with(head));
                    found.extend(alike.map(|(_, id)| *id));
                }
                None => found.extend(own.iter().filter(|(lower, _)| glob_matches(name, lower)).map(|(_, id)| *id)),
            }
        }
        found.sort_unstable();
        found
    }

    /// The names of a service's actions without its prefix, in lower case and sorted.
    fn own_names(&self, service: &Service) -> &[(Box<str>, ActionId)] {
        let (first, count) = (service.first_action as usize, service.action_count as usize);
        self.own_names.get(first..first.saturating_add(count)).unwrap_or(&[])
    }

    /// How an API Gateway operation may have been called, the older API first; empty for names that API Gateway
    /// does not have. Two routes mean that only the parameters can tell which API was meant.
    #[must_use]
    pub fn api_gateway_routes(&self, operation: &str) -> &[Route] {
        self.routes.get(operation).map_or(&[], Vec::as_slice)
    }

    /// Whether a public API behind this service prefix has an operation of this name, without regard to case. With
    /// [`Reference::find_in`] it tells an operation that no action is named after from a name that nobody knows.
    #[must_use]
    pub fn is_operation(&self, prefix: &str, name: &str) -> bool {
        self.operations.contains(&format!("{prefix}:{name}").to_ascii_lowercase())
            || self.find_in(prefix, name).and_then(|id| self.action(id)).is_some_and(|a| a.has_operation)
    }

    /// The `resources.type` values of data-event selectors that log this action; empty if it is no data event.
    #[must_use]
    pub fn data_resource_types(&self, id: ActionId) -> &[String] {
        self.data_types.get(&id).map_or(&[], Vec::as_slice)
    }

    /// Whether an event that is not known carries the name of another service's action, and of few services' only
    /// (`TagResource` is everybody's): a mislabelled or made-up record rather than a new operation.
    #[must_use]
    pub fn is_foreign(&self, event_source: &str, event_name: &str) -> bool {
        let source = event_source.split('.').next().unwrap_or(event_source);
        let others = self.services.iter().filter(|s| self.find_in(&s.prefix, event_name).is_some()).count();
        self.service(source).is_some() && self.find_in(source, event_name).is_none() && (1..=2).contains(&others)
    }

    /// Risk categories of an action: `privilege-escalation`, `credential-exposure`, `data-access`,
    /// `resource-exposure`.
    #[must_use]
    pub fn risk(&self, id: ActionId) -> &[&'static str] {
        self.risk.get(&id).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests;
