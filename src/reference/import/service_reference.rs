//! AWS's own service reference, schema v1.4: one JSON file per service, as served under
//! `servicereference.us-east-1.amazonaws.com/v1/<service>/<service>.json`, saved flat or in a folder each.
//!
//! It is newer than any package and has less: no `required` flag of resource types, no dependent actions, no
//! permission-only flag and no name for people; `assemble` takes those from the packages. Source: Service
//! Authorization Reference, "Simplified AWS service information for programmatic access".

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::ImportError;
use super::assemble::{ActionFacts, ActionType, ApiModel, Input, ServiceFacts};
use super::fields::{Node, Problem};
use crate::reference::AccessLevel;
use crate::reference::bundle::{SourcePackage, sha256_hex};

/// What the header calls a folder.
pub const NAME: &str = "aws:service-reference";

/// Indexes that AWS serves beside the services; they say nothing that the files do not.
const INDEXES: [&str; 2] = ["service-list.json", "mapping.json"];

/// Reads a folder of service files. The hash that the header gets is that of the lines `<sha256>  <service>.json`,
/// in order of service, so it does not tell a flat folder from a nested one.
pub fn read(folder: &Path, input: &mut Input) -> Result<SourcePackage, ImportError> {
    let file = folder.display().to_string();
    let mut versions: BTreeSet<String> = BTreeSet::new();
    let mut lines: BTreeSet<String> = BTreeSet::new();
    for (entry, path) in service_files(folder)? {
        let bytes = std::fs::read(&path).map_err(|source| ImportError::Read { file: path.display().to_string(), source })?;
        let json: serde_json::Value =
            serde_json::from_slice(&bytes).map_err(|source| ImportError::Entry { file: file.clone(), entry: entry.clone(), source })?;
        let in_file = |p: Problem| ImportError::Field { file: file.clone(), entry: entry.clone(), field: p.field, problem: p.problem };
        let root = Node::root(&json);
        let service = read_service(&root).map_err(in_file)?;
        versions.insert(service.version);
        lines.insert(format!("{}.json {}\n", service.prefix, sha256_hex(&bytes)));
        if !service.operations.is_empty() {
            input.models.push(ApiModel { words: BTreeSet::from([service.prefix.clone()]), operations: service.operations });
        }
        if input.folder.contains_key(&service.prefix) {
            return Err(in_file(root.wrong("Name", format!("`{}` is given by another file too", service.prefix))));
        }
        input.folder.insert(service.prefix, service.facts);
    }
    if lines.is_empty() {
        return Err(ImportError::Package { file, problem: "the folder holds no service file (`<service>.json` or `<service>/<service>.json`)".to_owned() });
    }
    Ok(SourcePackage {
        name: NAME.to_owned(),
        version: versions.into_iter().collect::<Vec<_>>().join("+"),
        licence: "AWS Site Terms".to_owned(),
        sha256: sha256_hex(lines.into_iter().collect::<String>().as_bytes()),
    })
}

/// `<service>.json` and `<service>/<service>.json`, with the path inside the folder, in order.
fn service_files(folder: &Path) -> Result<Vec<(String, PathBuf)>, ImportError> {
    let read = |source| ImportError::Read { file: folder.display().to_string(), source };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(read)? {
        let path = entry.map_err(read)?.path();
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        if path.is_dir() {
            let inner = path.join(format!("{name}.json"));
            if inner.is_file() {
                found.push((format!("{name}/{name}.json"), inner));
            }
        } else if name.ends_with(".json") && !INDEXES.contains(&name.as_str()) {
            found.push((name, path));
        }
    }
    found.sort();
    Ok(found)
}

/// One file's content.
struct ServiceFile {
    prefix: String,
    version: String,
    operations: Vec<String>,
    facts: ServiceFacts,
}

fn read_service(root: &Node<'_>) -> Result<ServiceFile, Problem> {
    let prefix = root.text("Name")?.to_ascii_lowercase();
    let version = root.text("Version")?.to_owned();
    if version != "v1" && !version.starts_with("v1.") {
        return Err(root.wrong("Version", format!("is `{version}`, the importer reads v1 (v1.4)")));
    }
    let mut facts = ServiceFacts::default();
    for node in root.list("Resources")? {
        let patterns = facts.types.entry(node.text("Name")?.to_ascii_lowercase()).or_default();
        for pattern in node.texts("ARNFormats")? {
            if !patterns.iter().any(|p| p == pattern) {
                patterns.push(pattern.to_owned());
            }
        }
    }
    for node in root.list("Actions")? {
        let action = read_action(&node)?;
        match facts.actions.get_mut(&action.name.to_ascii_lowercase()) {
            // Several pages of the reference may share a prefix and an action; the file then has it twice.
            Some(known) => merge(known, action),
            None => {
                facts.actions.insert(action.name.to_ascii_lowercase(), action);
            }
        }
    }
    let operations = root.list("Operations")?.iter().map(|o| o.text("Name").map(str::to_owned)).collect::<Result<Vec<_>, _>>()?;
    Ok(ServiceFile { prefix, version, operations, facts })
}

fn read_action(node: &Node<'_>) -> Result<ActionFacts, Problem> {
    let properties = match node.object("Annotations")? {
        Some(annotations) => annotations.object("Properties")?,
        None => None,
    };
    let mut types: Vec<ActionType> = Vec::new();
    for resource in node.list("Resources")? {
        let name = resource.text("Name")?.to_ascii_lowercase();
        if !types.iter().any(|t| t.name == name) {
            types.push(ActionType { name, required: None });
        }
    }
    Ok(ActionFacts {
        name: node.text("Name")?.to_owned(),
        level: properties.map(|p| level(&p)).transpose()?,
        types,
        condition_keys: node.texts("ActionConditionKeys")?.into_iter().map(str::to_owned).collect(),
    })
}

/// AWS sets several flags at once (a tagging action also writes), so the most telling one gives the level:
/// permission management, then tagging, write, list; no flag at all is how AWS writes "read".
fn level(properties: &Node<'_>) -> Result<AccessLevel, Problem> {
    let order = [
        ("IsPermissionManagement", AccessLevel::PermissionsManagement),
        ("IsTaggingOnly", AccessLevel::Tagging),
        ("IsWrite", AccessLevel::Write),
        ("IsList", AccessLevel::List),
    ];
    let mut found = None;
    for (flag, level) in order {
        if properties.flag(flag)? {
            found = found.or(Some(level));
        }
    }
    Ok(found.unwrap_or(AccessLevel::Read))
}

fn merge(known: &mut ActionFacts, other: ActionFacts) {
    known.level = [AccessLevel::PermissionsManagement, AccessLevel::Tagging, AccessLevel::Write, AccessLevel::List, AccessLevel::Read]
        .into_iter()
        .find(|l| known.level == Some(*l) || other.level == Some(*l));
    known.condition_keys.extend(other.condition_keys);
    for entry in other.types {
        if !known.types.contains(&entry) {
            known.types.push(entry);
        }
    }
}
