//! What the reference tells of services, actions, resource types and API Gateway operations.

use crate::aws::Text;

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
    pub name: Text,
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

/// A generation of the API Gateway API. Both name some operations alike (`CreateDeployment`), on other paths.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ApiGeneration {
    /// REST APIs: `/restapis/{restapi_id}/…`.
    V1,
    /// HTTP and WebSocket APIs: `/v2/apis/{apiId}/…`.
    V2,
}

/// How an API Gateway operation is called.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Route {
    /// The API that the operation is of.
    pub generation: ApiGeneration,
    /// HTTP verb, which is also the action's name.
    pub verb: String,
    /// Path with `{parameters}`.
    pub uri: String,
}
