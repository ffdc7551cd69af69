//! `template.yaml`: a CloudFormation template of the proposed policies. Resources are kept when the stack goes
//! (`DeletionPolicy: Retain`), so that they can be imported into a stack and taken out again.

use serde_json::{Map, Value, json};

use super::operations::{Operation, plan};
use crate::policy::{PolicyDocument, print};
use crate::report::model::{HolderRow, ProposalRow};

/// A logical id: letters and digits only, and nobody else's.
fn logical_id(resources: &Map<String, Value>, wanted: &str) -> String {
    let plain: String = wanted.chars().filter(char::is_ascii_alphanumeric).take(200).collect();
    let plain = if plain.is_empty() { "Policy".to_owned() } else { plain };
    let taken = |id: &String| resources.contains_key(id);
    std::iter::once(plain.clone()).chain((2..).map(|n| format!("{plain}{n}"))).find(|id| !taken(id)).unwrap_or(plain)
}

fn document(row: &ProposalRow, file: &str) -> Value {
    let found: Option<&PolicyDocument> = row.proposed.iter().enumerate().find(|(n, _)| super::operations::proposed_file(row, *n) == file).map(|(_, d)| d);
    found.and_then(|d| serde_json::from_str(&print::minified(d)).ok()).unwrap_or(Value::Null)
}

fn holders(kind: &str, list: &[&HolderRow]) -> Option<(&'static str, Value)> {
    let names: Vec<&str> = list.iter().filter(|h| h.kind == kind).map(|h| h.name.as_str()).collect();
    let key = match kind {
        "user" => "Users",
        "group" => "Groups",
        _ => "Roles",
    };
    (!names.is_empty()).then(|| (key, json!(names)))
}

fn resource(kind: &str, properties: Value) -> Value {
    json!({"Type": kind, "DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain", "Properties": properties})
}

/// The template's text; `None` if it would hold no resource.
#[must_use]
pub fn render(rows: &[&ProposalRow]) -> Option<String> {
    let mut resources = Map::new();
    for row in rows {
        let steps = plan(row);
        for step in &steps {
            let attached = |arn: &String| -> Vec<&HolderRow> {
                steps.iter().filter_map(|s| if let Operation::Attach { holder, arn: a } = s { (a == arn).then_some(holder) } else { None }).collect()
            };
            let (wanted, value) = match step {
                Operation::PutInline { holder, policy, proposed: Some(file), .. } => {
                    let (kind, key) = match holder.kind.as_str() {
                        "user" => ("AWS::IAM::UserPolicy", "UserName"),
                        "group" => ("AWS::IAM::GroupPolicy", "GroupName"),
                        _ => ("AWS::IAM::RolePolicy", "RoleName"),
                    };
                    (format!("{}{policy}", holder.name), resource(kind, json!({"PolicyName": policy, key: holder.name, "PolicyDocument": document(row, file)})))
                }
                Operation::SetVersion { proposed, .. } => {
                    let mut properties = json!({"ManagedPolicyName": row.policy, "Path": row.path, "PolicyDocument": document(row, proposed)});
                    let all: Vec<&HolderRow> = row.holders.iter().collect();
                    if let Some(object) = properties.as_object_mut() {
                        object.extend(["user", "group", "role"].into_iter().filter_map(|k| holders(k, &all)).map(|(k, v)| (k.to_owned(), v)));
                    }
                    (row.policy.clone(), resource("AWS::IAM::ManagedPolicy", properties))
                }
                Operation::Create { arn, name, path, proposed } => {
                    let mut properties = json!({"ManagedPolicyName": name, "Path": path, "PolicyDocument": document(row, proposed)});
                    if let Some(object) = properties.as_object_mut() {
                        object.extend(["user", "group", "role"].into_iter().filter_map(|k| holders(k, &attached(arn))).map(|(k, v)| (k.to_owned(), v)));
                    }
                    (name.clone(), resource("AWS::IAM::ManagedPolicy", properties))
                }
                Operation::Trust { role, proposed, .. } => {
                    (role.clone(), resource("AWS::IAM::Role", json!({"RoleName": role, "Path": row.path, "AssumeRolePolicyDocument": document(row, proposed)})))
                }
                Operation::PermissionSet { instance, proposed: Some(file), .. } => {
                    (row.owner.clone(), resource("AWS::SSO::PermissionSet", json!({"InstanceArn": instance, "Name": row.owner, "InlinePolicy": document(row, file)})))
                }
                _ => continue,
            };
            let id = logical_id(&resources, &wanted);
            resources.insert(id, value);
        }
    }
    let owner = &rows.first()?.owner_arn;
    if resources.is_empty() {
        return None;
    }
    let template = json!({"AWSTemplateFormatVersion": "2010-09-09", "Description": format!("Proposed policies of {owner}"), "Resources": resources});
    // CloudFormation would put a parameter or a secret in the place of such a text, and there is no way to write it as a text.
    serde_yaml_ng::to_string(&template).ok().filter(|text| !text.contains("{{resolve:"))
}
