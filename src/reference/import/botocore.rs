//! API operations from botocore's models, and the HTTP verbs and paths of API Gateway's.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::ImportError;
use super::assemble::{ApiModel, Input};
use super::package::Package;

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
    // No event source and no prefix has a space.
    words.retain(|w| !w.is_empty() && !w.contains(' '));
    words
}

/// Reads the names of all operations, each under every word that its service may go by.
pub fn read_operations(package: &Package, input: &mut Input) -> Result<(), ImportError> {
    for entry in package.entries_under("botocore/data/").into_iter().filter(|e| e.ends_with("/service-2.json.gz")) {
        let folder = entry.split('/').nth(2).unwrap_or("").to_owned();
        let model: Model = package.json(&entry)?;
        let generation = match folder.as_str() {
            "apigateway" => Some(1),
            "apigatewayv2" => Some(2),
            _ => None,
        };
        if let Some(generation) = generation {
            for (name, operation) in &model.operations {
                if let Some(http) = &operation.http {
                    // Entries come in order of their API's date: a newer model's path stays.
                    input.routes.insert((name.clone(), generation), (http.method.clone(), http.request_uri.clone()));
                }
            }
        }
        let words = prefixes_of(&folder, &model.metadata);
        input.models.push(ApiModel { words, operations: model.operations.into_keys().collect() });
    }
    Ok(())
}
