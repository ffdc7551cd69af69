//! Permissions that have no event of their own: passing a role, session tags, tags on creation. They are read from
//! the parameters of the call that needed them. Source: reference-data.md section 4, "derived".

use std::collections::{HashMap, HashSet};

use super::names::{NameKey, normal};
use super::params::Params;
use super::{CallFacts, MappedAction, Provenance};
use crate::aws::{Arn, partition_of_region};
use crate::reference::{AccessLevel, ActionId, Reference};

/// Names of the actions that tag a resource, in the order in which a service is asked for one.
const TAG_ACTIONS: &[&str] =
    &["TagResource", "AddTagsToResource", "AddTags", "TagQueue", "AddTagsToCertificate", "CreateOrUpdateTags", "AddTagsToStream", "CreateTags"];

/// First words of events that make something, and so may tag it.
const MAKERS: &[&str] = &["Allocate", "Copy", "Create", "Import", "Publish", "Purchase", "Put", "Register", "Request", "Restore", "Run", "Start"];

/// What is known of all actions, prepared.
pub struct Derived {
    pass_role: Option<ActionId>,
    /// Actions that AWS says may pass a role.
    may_pass: HashSet<ActionId>,
    /// The tagging action that a making action needs besides, when the call has tags.
    tags: HashMap<ActionId, ActionId>,
    sessions: Vec<(NameKey, ActionId)>,
    profile: NameKey,
    ec2_tags: Option<ActionId>,
    ec2_types: NameKey,
}

impl Derived {
    /// Prepares what does not depend on a call.
    #[must_use]
    pub fn new(reference: &Reference) -> Derived {
        let mut may_pass = HashSet::new();
        let mut tags = HashMap::new();
        for id in reference.actions() {
            let (Some(action), Some(service)) = (reference.action(id), reference.service_of(id)) else { continue };
            let name = action.name.split_once(':').map_or("", |(_, n)| n);
            if !matches!(service.prefix.as_str(), "iam" | "sts") && action.dependent_actions.iter().any(|d| d.eq_ignore_ascii_case("iam:PassRole")) {
                may_pass.insert(id);
            }
            let is_maker = MAKERS.iter().any(|m| name.starts_with(m)) && action.level == AccessLevel::Write;
            if !is_maker || service.prefix == "ec2" || service.prefix == "s3" {
                continue;
            }
            let dependent = action.dependent_actions.iter().filter_map(|d| reference.find(d)).find(|d| {
                reference.action(*d).is_some_and(|a| a.level == AccessLevel::Tagging) && reference.service_of(*d) == Some(service)
            });
            let tagging = dependent.or_else(|| tag_action_of(reference, &service.prefix, name));
            tags.extend(tagging.filter(|t| *t != id).map(|t| (id, t)));
        }
        let sessions = [("tags", "sts:TagSession"), ("principalTags", "sts:TagSession"), ("sourceIdentity", "sts:SetSourceIdentity"), ("providedContexts", "sts:SetContext")];
        Derived {
            pass_role: reference.find("iam:PassRole"),
            may_pass,
            tags,
            sessions: sessions.iter().filter_map(|(p, a)| Some((NameKey::of(p), reference.find(a)?))).collect(),
            profile: NameKey::of("iamInstanceProfile"),
            ec2_tags: reference.find("ec2:CreateTags"),
            ec2_types: NameKey::of("resourceType"),
        }
    }

    /// Adds the derived permissions of a call.
    pub fn add<'m>(&self, reference: &Reference, call: &CallFacts<'_>, params: &Params<'_>, out: &mut Vec<MappedAction<'m>>) {
        let Some(main) = out.first().cloned() else { return };
        let name = reference.name(main.action).to_owned();
        let service = name.split_once(':').map_or("", |(s, _)| s);
        if service == "sts" {
            if name.starts_with("sts:AssumeRole") || name == "sts:GetFederationToken" {
                self.sessions(params, out);
            }
            return;
        }
        if service == "ec2" && params.has_tags() && MAKERS.iter().any(|m| call.event_name.starts_with(m)) {
            self.ec2_create_tags(call, params, out);
        }
        if let Some(action) = self.tags.get(&main.action).filter(|_| params.has_tags()) {
            let tagged: Vec<MappedAction<'m>> = out.iter().filter(|m| m.action == main.action && m.required).cloned().collect();
            out.extend(tagged.into_iter().map(|m| MappedAction { action: *action, derived: true, ..m }));
        }
        if params.has(&self.profile) && matches!(service, "ec2" | "autoscaling") {
            // The profile is named, not its role: which role it holds the event does not tell.
            let role = format!("arn:{}:iam::{}:role/*", partition_of_region(call.region), call.account);
            self.pass(role, Provenance::TypeWildcard, "ec2.amazonaws.com", out);
        }
        if self.may_pass.contains(&main.action) {
            self.passed_roles(call, params, service, out);
        }
    }

    fn sessions(&self, params: &Params<'_>, out: &mut Vec<MappedAction<'_>>) {
        let roles: Vec<MappedAction<'_>> = out.clone();
        for (_, action) in self.sessions.iter().filter(|(name, _)| params.has(name)) {
            out.extend(roles.iter().map(|r| MappedAction { action: *action, derived: true, ..r.clone() }));
        }
    }

    /// The roles that a call names for a service to use: as ARNs, or by name where the service takes names.
    fn passed_roles(&self, call: &CallFacts<'_>, params: &Params<'_>, service: &str, out: &mut Vec<MappedAction<'_>>) {
        let mut roles: Vec<String> = Vec::new();
        for (name, _, value) in params.all() {
            if Arn::parse(value).is_some_and(|a| a.service == "iam" && a.resource.starts_with("role/")) {
                roles.push(value.to_owned());
            } else if is_role_name(value) && matches!(normal(name).as_str(), "servicerole" | "jobflowrole" | "autoscalingrole" | "iamrole" | "executionrole" | "roleName") {
                roles.push(format!("arn:{}:iam::{}:role/{value}", partition_of_region(call.region), call.account));
            }
        }
        roles.sort_unstable();
        roles.dedup();
        for role in roles {
            self.pass(role, Provenance::Parameter, passed_to(service), out);
        }
    }

    fn pass(&self, resource: String, provenance: Provenance, to: &str, out: &mut Vec<MappedAction<'_>>) {
        let Some(action) = self.pass_role else { return };
        let context = if to.is_empty() { Vec::new() } else { vec![("iam:PassedToService".to_owned(), to.to_owned())] };
        out.push(MappedAction { action, resource, provenance, kind: Some("iam:role"), required: true, context, derived: true });
    }

    /// Tags that an EC2 call puts on what it makes: on the types that the request names, else on what the call makes.
    fn ec2_create_tags(&self, call: &CallFacts<'_>, params: &Params<'_>, out: &mut Vec<MappedAction<'_>>) {
        let Some(action) = self.ec2_tags else { return };
        let mut types: Vec<&str> = params.everywhere(&self.ec2_types).filter(|t| t.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')).collect();
        types.sort_unstable();
        types.dedup();
        for kind in types {
            out.push(MappedAction {
                action,
                resource: format!("arn:{}:ec2:{}:{}:{kind}/*", partition_of_region(call.region), call.region, call.account),
                // What is made has no id yet when the call is authorised: the type's pattern is what is asked for.
                provenance: Provenance::Override,
                kind: None,
                required: true,
                context: vec![("ec2:CreateAction".to_owned(), call.event_name.to_owned())],
                derived: true,
            });
        }
    }
}

/// The action that tags what an action of this service makes: `TagRole` for `CreateRole`, else the service's one.
fn tag_action_of(reference: &Reference, service: &str, maker: &str) -> Option<ActionId> {
    let noun = MAKERS.iter().find_map(|m| maker.strip_prefix(m)).unwrap_or("");
    reference
        .find(&format!("{service}:Tag{noun}"))
        .filter(|_| !noun.is_empty())
        .or_else(|| if service == "iam" { None } else { TAG_ACTIONS.iter().find_map(|t| reference.find(&format!("{service}:{t}"))) })
}

fn is_role_name(value: &str) -> bool {
    value.len() <= 64 && value.bytes().all(|b| b.is_ascii_alphanumeric() || b"+=,.@_-".contains(&b))
}

/// The service principal that a passed role is for, where a service has only one.
fn passed_to(service: &str) -> &'static str {
    match service {
        "lambda" => "lambda.amazonaws.com",
        "ecs" => "ecs-tasks.amazonaws.com",
        "ec2" => "ec2.amazonaws.com",
        "cloudformation" => "cloudformation.amazonaws.com",
        "glue" => "glue.amazonaws.com",
        "states" => "states.amazonaws.com",
        "codebuild" => "codebuild.amazonaws.com",
        "codepipeline" => "codepipeline.amazonaws.com",
        "sagemaker" => "sagemaker.amazonaws.com",
        "events" => "events.amazonaws.com",
        "eks" => "eks.amazonaws.com",
        "scheduler" => "scheduler.amazonaws.com",
        "firehose" => "firehose.amazonaws.com",
        "cloudtrail" => "cloudtrail.amazonaws.com",
        _ => "",
    }
}
