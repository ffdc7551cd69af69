//! The service-authorization reference: which actions exist, on which resources, how they show in the logs.
//!
//! Bundled as one compressed file (`data/iam-reference.json.zst`), built by `trailtrim reference import` from
//! registry packages, never fetched at run time. Every wildcard in a grant is expanded through it and every
//! event is mapped through it, so its date and sources are printed in every report. Source:
//! reference-data.md section 1; `THIRD-PARTY-DATA.md`.

pub mod bundle;
pub mod import;
pub mod mapping;
pub mod observability;
mod risk;

use std::collections::HashMap;
use std::sync::OnceLock;

pub use bundle::{Header, ReferenceError, SourcePackage};

use crate::aws::glob_matches;

/// Number of an action: its place among all actions, services in order of prefix, actions in order of name.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ActionId(pub u32);

/// AWS's access level of an action.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum AccessLevel {
    /// Lists resources.
    List,
    /// Reads content.
    Read,
    /// Creates, changes or deletes.
    Write,
    /// Changes tags only.
    Tagging,
    /// Changes permissions.
    PermissionsManagement,
}

/// How a use of an action shows in the logs (reference-data.md section 4).
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Observability {
    /// A management event, logged by every trail that records its read/write class.
    Management,
    /// A data event, logged only where a selector asks for it.
    Data,
    /// No event of its own; other events' parameters tell.
    Derived,
    /// No event at all.
    Never,
    /// Not known.
    Unknown,
}

impl Observability {
    /// The word in reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Observability::Management => "management",
            Observability::Data => "data",
            Observability::Derived => "derived",
            Observability::Never => "never",
            Observability::Unknown => "unknown",
        }
    }
}

/// A resource type that an action works on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ActionResource {
    /// Index into the service's resource types.
    pub type_index: u32,
    /// Whether the action needs a resource of this type.
    pub required: bool,
}

/// One action.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ActionInfo {
    /// Canonical name, `s3:GetObject`.
    pub name: String,
    /// Index of its service.
    pub service: u32,
    /// Access level.
    pub level: AccessLevel,
    /// Whether AWS documents it as a permission without an API operation.
    pub permission_only: bool,
    /// Whether an API model has an operation of this name.
    pub has_operation: bool,
    /// Resource types; empty means that only `*` can be granted.
    pub resources: Vec<ActionResource>,
    /// Condition keys, of the action and its resource types.
    pub condition_keys: Vec<String>,
    /// Actions that AWS says this one may need besides.
    pub dependent_actions: Vec<String>,
    /// How its use shows in the logs.
    pub observability: Observability,
    /// Whether its events read (level List or Read).
    pub read_only: bool,
}

/// A resource type of a service.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ResourceType {
    /// AWS's name of the type.
    pub name: String,
    /// ARN patterns with `${Variables}`.
    pub arn_patterns: Vec<String>,
}

/// A service.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Service {
    /// Prefix of its actions.
    pub prefix: String,
    /// Its name for people.
    pub name: String,
    /// Its resource types.
    pub resource_types: Vec<ResourceType>,
    /// Number of its first action.
    pub first_action: u32,
    /// How many actions it has.
    pub action_count: u32,
}

/// The loaded reference.
pub struct Reference {
    header: Header,
    services: Vec<Service>,
    actions: Vec<ActionInfo>,
    by_name: HashMap<String, ActionId>,
    by_prefix: HashMap<String, u32>,
    api_gateway: HashMap<String, (String, String)>,
    data_types: HashMap<ActionId, Vec<String>>,
    risk: HashMap<ActionId, Vec<&'static str>>,
}

static BUNDLED: OnceLock<Result<Reference, ReferenceError>> = OnceLock::new();

impl Reference {
    /// The reference that is built into the program, read once.
    ///
    /// # Errors
    /// [`ReferenceError`] when the bundled file is damaged.
    pub fn bundled() -> Result<&'static Reference, &'static ReferenceError> {
        BUNDLED.get_or_init(|| Reference::load(include_bytes!("data/iam-reference.json.zst"))).as_ref()
    }

    /// Reads a bundle.
    ///
    /// # Errors
    /// [`ReferenceError`] when the bytes are not a bundle of a known format.
    pub fn load(bytes: &[u8]) -> Result<Reference, ReferenceError> {
        let (header, services, actions, api_gateway) = bundle::decode(bytes)?;
        let mut reference = Reference {
            header,
            by_prefix: services.iter().zip(0u32..).map(|(s, i)| (s.prefix.clone(), i)).collect(),
            by_name: actions.iter().zip(0u32..).map(|(a, i)| (a.name.to_ascii_lowercase(), ActionId(i))).collect(),
            services,
            actions,
            api_gateway,
            data_types: HashMap::new(),
            risk: HashMap::new(),
        };
        reference.data_types = observability::classify(&mut reference)?;
        reference.risk = risk::classify(&reference)?;
        Ok(reference)
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
        self.by_name.get(&action.to_ascii_lowercase()).copied()
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
            return self.find(&lower).into_iter().collect();
        }
        let (prefix, name) = lower.split_once(':').unwrap_or((lower.as_str(), ""));
        let services = self.services.iter().filter(|s| if prefix.contains(['*', '?']) { glob_matches(prefix, &s.prefix) } else { s.prefix == prefix });
        let mut found = Vec::new();
        for service in services {
            for id in (service.first_action..service.first_action.saturating_add(service.action_count)).map(ActionId) {
                let own = self.name(id).split_once(':').map_or("", |(_, n)| n).to_ascii_lowercase();
                if glob_matches(name, &own) {
                    found.push(id);
                }
            }
        }
        found
    }

    /// HTTP verb and path of an API Gateway operation, whose action is the verb.
    #[must_use]
    pub fn api_gateway_route(&self, operation: &str) -> Option<(&str, &str)> {
        self.api_gateway.get(operation).map(|(verb, uri)| (verb.as_str(), uri.as_str()))
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
mod tests {
    use super::*;

    #[test]
    fn the_bundle_loads_and_expands() {
        let reference = Reference::bundled().unwrap();
        assert!(reference.len() > 20_000);
        let reads = reference.expand("s3:Get*");
        assert!(reads.contains(&reference.find("S3:getobject").unwrap()));
        assert!(!reads.contains(&reference.find("s3:PutObject").unwrap()));
        assert_eq!(reference.expand("*").len(), reference.len());
        assert!(reference.expand("nosuchservice:*").is_empty());
    }

    #[test]
    fn another_services_operation_is_foreign() {
        let reference = Reference::bundled().unwrap();
        assert!(reference.is_foreign("ec2.amazonaws.com", "PutBucketLogging"));
        for (source, event) in [("ec2", "TagResource"), ("ec2", "CreateNothingKnown"), ("ec2", "RunInstances"), ("nosuch", "PutBucketLogging")] {
            assert!(!reference.is_foreign(source, event), "{source} {event}");
        }
    }

    #[test]
    fn every_class_of_observability_occurs() {
        let reference = Reference::bundled().unwrap();
        let class = |name: &str| reference.action(reference.find(name).unwrap()).unwrap().observability;
        assert_eq!(class("ec2:DescribeInstances"), Observability::Management);
        assert_eq!(class("s3:GetObject"), Observability::Data);
        assert_eq!(class("iam:PassRole"), Observability::Derived);
        assert_eq!(class("execute-api:Invoke"), Observability::Never);
        assert_eq!(class("s3:ListAllMyBuckets"), Observability::Management);
    }
}
