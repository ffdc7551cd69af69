//! Permissions that have no event of their own: passing a role, session tags, tags on creation. They are read
//! from the parameters of the call that needed them.

use super::params::{Params, usable};
use super::{CallFacts, MappedAction, Provenance};
use crate::aws::{Arn, partition_of_region};
use crate::reference::{ActionId, Reference};

/// Parameter names (in comparable form) under which calls name a role that a service will use.
const ROLE_PARAMETERS: &[&str] = &[
    "role",
    "rolearn",
    "executionrolearn",
    "taskrolearn",
    "servicerolearn",
    "servicerole",
    "iamrolearn",
    "monitoringrolearn",
    "cloudwatchlogsrolearn",
    "deliverlogspermissionarn",
    "jobrole",
    "noderole",
    "dataaccessrolearn",
    "administrationrolearn",
    "codebuildservicerole",
    "instancerolearn",
    "cloudwatchrolearn",
];

/// Adds the derived permissions of a call.
pub fn add(reference: &Reference, call: &CallFacts<'_>, params: &Params<'_>, out: &mut Vec<MappedAction>) {
    let Some(main) = out.first().map(|m| m.action) else { return };
    let Some(name) = reference.action(main).map(|a| a.name.clone()) else { return };
    match name.as_str() {
        "sts:AssumeRole" => {
            let roles: Vec<MappedAction> = out.iter().filter(|m| m.action == main).cloned().collect();
            for (parameter, action) in [("tags", "sts:TagSession"), ("sourceidentity", "sts:SetSourceIdentity")] {
                if params.has(parameter)
                    && let Some(id) = reference.find(action)
                {
                    out.extend(roles.iter().map(|r| MappedAction { action: id, derived: true, ..r.clone() }));
                }
            }
        }
        "ec2:RunInstances" => {
            if params.has("tagspecificationset") {
                create_tags(reference, call, out, "RunInstances", &["instance/*", "volume/*", "network-interface/*"]);
            }
            if params.has("iaminstanceprofile") {
                // The profile is named, not its role: which role it holds the event does not tell.
                let role = format!("arn:{}:iam::{}:role/*", partition_of_region(call.region), call.account);
                pass_role(reference, role, Provenance::TypeWildcard, "ec2.amazonaws.com", out);
            }
        }
        _ => {
            let may_pass = reference.action(main).is_some_and(|a| {
                a.dependent_actions.iter().any(|d| d.eq_ignore_ascii_case("iam:PassRole"))
            });
            let service = name.split_once(':').map_or("", |(s, _)| s);
            if may_pass && service != "iam" && service != "sts" {
                let mut roles: Vec<&str> = params
                    .all()
                    .filter(|(key, value)| ROLE_PARAMETERS.contains(key) && usable(value))
                    .map(|(_, value)| value)
                    .filter(|v| Arn::parse(v).is_some_and(|a| a.service == "iam" && a.resource.starts_with("role/")))
                    .collect();
                roles.sort_unstable();
                roles.dedup();
                for role in roles {
                    pass_role(reference, role.to_owned(), Provenance::Parameter, passed_to(service), out);
                }
            }
        }
    }
}

/// The service principal that a passed role is for.
fn passed_to(service: &str) -> &'static str {
    match service {
        "lambda" => "lambda.amazonaws.com",
        "ecs" => "ecs-tasks.amazonaws.com",
        "ec2" => "ec2.amazonaws.com",
        "cloudformation" => "cloudformation.amazonaws.com",
        "glue" => "glue.amazonaws.com",
        "states" => "states.amazonaws.com",
        "codebuild" => "codebuild.amazonaws.com",
        "sagemaker" => "sagemaker.amazonaws.com",
        "events" => "events.amazonaws.com",
        "eks" => "eks.amazonaws.com",
        _ => "",
    }
}

fn pass_role(reference: &Reference, resource: String, provenance: Provenance, to: &str, out: &mut Vec<MappedAction>) {
    if let Some(action) = reference.find("iam:PassRole") {
        let context = if to.is_empty() { Vec::new() } else { vec![("iam:PassedToService".to_owned(), to.to_owned())] };
        out.push(MappedAction { action, resource, provenance, context, derived: true });
    }
}

fn create_tags(reference: &Reference, call: &CallFacts<'_>, out: &mut Vec<MappedAction>, by: &str, kinds: &[&str]) {
    let Some(action): Option<ActionId> = reference.find("ec2:CreateTags") else { return };
    for kind in kinds {
        out.push(MappedAction {
            action,
            resource: format!("arn:{}:ec2:{}:{}:{kind}", partition_of_region(call.region), call.region, call.account),
            provenance: Provenance::TypeWildcard,
            context: vec![("ec2:CreateAction".to_owned(), by.to_owned())],
            derived: true,
        });
    }
}
