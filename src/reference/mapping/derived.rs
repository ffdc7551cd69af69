//! Permissions that have no event of their own: passing a role, session tags, tags on creation. They are read from
//! the parameters of the call that needed them. Source: reference-data.md section 4, "derived".

use std::collections::{HashMap, HashSet};

use super::kind::Facts;
use super::names::{NameKey, normal};
use super::params::Params;
use super::resolve::Resolver;
use super::{CallFacts, MappedAction, Provenance};
use crate::aws::{Arn, partition_of_region};
use crate::reference::{AccessLevel, ActionId, Reference};

/// First words of events that take something away, and so pass no role that they name.
const TAKERS: &[&str] = &["Delete", "Deregister", "Detach", "Disassociate", "Remove"];

/// Names of the actions that tag a resource, in the order in which a service is asked for one.
const TAG_ACTIONS: &[&str] =
    &["TagResource", "AddTagsToResource", "AddTags", "TagQueue", "AddTagsToCertificate", "CreateOrUpdateTags", "AddTagsToStream", "CreateTags"];

/// Services that authorise tags on creation under their tagging action, besides those whose dependent actions say so in
/// the reference. Source: each service's developer guide, its page on tagging or on identity-based policies; a service
/// that is not here is not asked for more than the reference says.
const TAG_ON_CREATE: &[&str] = &[
    "acm", "athena", "autoscaling", "backup", "batch", "cloudwatch", "dynamodb", "ecs", "eks", "events", "firehose", "glue", "iam",
    "elasticmapreduce", "kinesis", "lambda", "logs", "organizations", "redshift", "rekognition", "secretsmanager", "sns", "sqs", "ssm",
    "states", "workspaces",
];

/// Actions that hand an instance profile, and so its role, to an instance. A launch template only stores it: the role is
/// passed when instances are run. Source: EC2 User Guide, "IAM roles for Amazon EC2".
const PROFILE_USERS: &[&str] = &[
    "autoscaling:CreateLaunchConfiguration", "ec2:AssociateIamInstanceProfile", "ec2:ReplaceIamInstanceProfileAssociation",
    "ec2:RequestSpotInstances", "ec2:RunInstances",
];

/// Services whose calls may give a role by its name.
const TAKE_ROLE_NAMES: &[&str] = &["codebuild", "elasticmapreduce", "glue", "ssm"];

/// The parameters, in comparable form, in which they do.
const ROLE_NAMES: &[&str] = &["autoscalingrole", "iamrole", "jobflowrole", "role", "servicerole"];

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
    role_name: NameKey,
    policy_arn: NameKey,
    boundary: NameKey,
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
            let is_maker = MAKERS.iter().any(|m| name.starts_with(m)) && matches!(action.level, AccessLevel::Write | AccessLevel::PermissionsManagement);
            if !is_maker || service.prefix == "ec2" || service.prefix == "s3" {
                continue;
            }
            let dependent = action.dependent_actions.iter().filter_map(|d| reference.find(d)).find(|d| {
                reference.action(*d).is_some_and(|a| a.level == AccessLevel::Tagging) && reference.service_of(*d) == Some(service)
            });
            let by_guide = TAG_ON_CREATE.contains(&service.prefix.as_str());
            let tagging = dependent.or_else(|| by_guide.then(|| tag_action_of(reference, &service.prefix, name)).flatten());
            tags.extend(tagging.filter(|t| *t != id).map(|t| (id, t)));
        }
        let sessions = [("tags", "sts:TagSession"), ("principalTags", "sts:TagSession"), ("sourceIdentity", "sts:SetSourceIdentity"), ("providedContexts", "sts:SetContext")];
        Derived {
            pass_role: reference.find("iam:PassRole"),
            may_pass,
            tags,
            sessions: sessions.iter().filter_map(|(p, a)| Some((NameKey::of(p), reference.find(a)?))).collect(),
            profile: NameKey::of("iamInstanceProfile"),
            role_name: NameKey::of("roleName"),
            policy_arn: NameKey::of("policyArn"),
            boundary: NameKey::of("permissionsBoundary"),
            ec2_tags: reference.find("ec2:CreateTags"),
            ec2_types: NameKey::of("resourceType"),
        }
    }

    /// Adds the derived permissions of a call; `facts` offers the call to the resolver for one action.
    pub fn add<'m, 'c, 'a>(
        &self,
        reference: &Reference,
        resolver: &'m Resolver,
        facts: impl Fn(ActionId) -> Facts<'c, 'a>,
        out: &mut Vec<MappedAction<'m>>,
    ) where
        'a: 'c,
    {
        let Some(main) = out.first().map(|main| main.action) else { return };
        let name = reference.name(main);
        let (service, event) = name.split_once(':').unwrap_or(("", ""));
        let Facts { call, request: params, .. } = facts(main);
        if service == "sts" {
            if event.starts_with("AssumeRole") || event == "GetFederationToken" {
                self.sessions(params.get(), out);
            }
            return;
        }
        if service == "ec2" && MAKERS.iter().any(|m| call.event_name.starts_with(m)) {
            if params.get().has_tags() {
                self.ec2_create_tags(call, params.get(), resolver, &facts, out);
            }
        } else if let Some(action) = self.tags.get(&main)
            && params.get().has_tags()
        {
            let tagged = tagged(*action, event, resolver, &facts, out);
            out.extend(tagged);
        }
        if PROFILE_USERS.contains(&name) && params.get().has(&self.profile) {
            // The profile is named, not its role: which role it holds the event does not tell.
            let role = format!("arn:{}:iam::{}:role/*", partition_of_region(call.region), call.account);
            self.pass(role, Provenance::TypeWildcard, "ec2.amazonaws.com", out);
        }
        let takes_away = TAKERS.iter().any(|t| event.starts_with(t));
        let changes = !takes_away && reference.action(main).is_some_and(|a| matches!(a.level, AccessLevel::Write | AccessLevel::PermissionsManagement));
        if service == "iam" {
            self.iam_keys(params.get(), event, out);
            if event == "AddRoleToInstanceProfile" {
                let passed: Vec<String> = out.iter().filter(|m| m.kind == Some("iam:role")).map(|m| m.resource.clone()).collect();
                let role = params.get().get(&self.role_name).next().map(|n| format!("arn:{}:iam::{}:role/{n}", partition_of_region(call.region), call.account));
                for role in passed.into_iter().chain(role).take(1) {
                    self.pass(role, Provenance::Parameter, "ec2.amazonaws.com", out);
                }
            }
        } else if self.may_pass.contains(&main) || changes {
            self.passed_roles(call, params.get(), name, out);
        }
    }

    fn sessions(&self, params: &Params<'_>, out: &mut Vec<MappedAction<'_>>) {
        let roles: Vec<MappedAction<'_>> = out.clone();
        for (_, action) in self.sessions.iter().filter(|(name, _)| params.has(name)) {
            out.extend(roles.iter().map(|r| MappedAction { action: *action, derived: true, ..r.clone() }));
        }
    }

    /// Condition keys of IAM's own calls, on which permission to administer is often delegated. Source: IAM User Guide,
    /// "Available keys for IAM".
    fn iam_keys(&self, params: &Params<'_>, event: &str, out: &mut [MappedAction<'_>]) {
        let is_attachment = event.starts_with("Attach") || event.starts_with("Detach");
        let policy = params.get(&self.policy_arn).next().filter(|_| is_attachment).map(|v| ("iam:PolicyARN", v));
        let boundary = params.get(&self.boundary).next().map(|v| ("iam:PermissionsBoundary", v));
        for (key, value) in policy.into_iter().chain(boundary) {
            out.iter_mut().filter(|m| !m.derived).for_each(|m| m.context.push((key.to_owned(), value.to_owned())));
        }
    }

    /// The roles that a call names for a service to use: as ARNs, or by name where the service takes names.
    fn passed_roles(&self, call: &CallFacts<'_>, params: &Params<'_>, action: &str, out: &mut Vec<MappedAction<'_>>) {
        let service = action.split_once(':').map_or("", |(s, _)| s);
        let mut roles: Vec<(String, &str)> = Vec::new();
        let may_pass = |action: ActionId| self.may_pass.contains(&action);
        let is_listed = out.first().is_some_and(|m| may_pass(m.action));
        for (name, _, value) in params.all() {
            // `--role_arn` is an argument of the caller's own program.
            if name.starts_with('-') {
                continue;
            }
            // A role is passed within its account only.
            let is_own = |a: Arn<'_>| a.service == "iam" && a.resource.starts_with("role/") && (call.account.is_empty() || a.account == call.account);
            let is_arn = Arn::parse(value).is_some_and(is_own);
            if !is_arn && !TAKE_ROLE_NAMES.contains(&service) {
                continue;
            }
            let name = normal(name);
            let is_role = ["role", "rolearn", "roles", "rolearns"].iter().any(|end| name.ends_with(end))
                || matches!(name.as_str(), "snscallerarn" | "authenticated" | "unauthenticated");
            if is_arn {
                if is_role || is_listed {
                    roles.push((value.to_owned(), passed_to(action, &name)));
                }
            } else if is_role && TAKE_ROLE_NAMES.contains(&service) && ROLE_NAMES.contains(&name.as_str()) && is_role_name(value) {
                let arn = format!("arn:{}:iam::{}:role/{value}", partition_of_region(call.region), call.account);
                roles.push((arn, passed_to(action, &name)));
            }
        }
        roles.sort_unstable();
        roles.dedup();
        for (role, to) in roles {
            self.pass(role, Provenance::Parameter, to, out);
        }
    }

    fn pass(&self, resource: String, provenance: Provenance, to: &str, out: &mut Vec<MappedAction<'_>>) {
        let Some(action) = self.pass_role else { return };
        let context = if to.is_empty() { Vec::new() } else { vec![("iam:PassedToService".to_owned(), to.to_owned())] };
        out.push(MappedAction { action, resource, provenance, kind: Some("iam:role"), required: true, context, derived: true });
    }

    /// Tags that an EC2 call puts on what it makes, by the types that the request names. What is made has no id yet when
    /// the call is authorised: the type's pattern is what is asked for.
    fn ec2_create_tags<'m, 'c, 'a>(
        &self,
        call: &CallFacts<'_>,
        params: &Params<'_>,
        resolver: &'m Resolver,
        facts: &impl Fn(ActionId) -> Facts<'c, 'a>,
        out: &mut Vec<MappedAction<'m>>,
    ) where
        'a: 'c,
    {
        let Some(action) = self.ec2_tags else { return };
        let mut types: Vec<&str> = params.everywhere(&self.ec2_types).collect();
        types.sort_unstable();
        types.dedup();
        for word in types {
            if let Some((kind, resource)) = resolver.pattern_of(facts(action), word) {
                out.push(MappedAction {
                    action,
                    resource,
                    provenance: Provenance::Override,
                    kind: Some(kind),
                    required: true,
                    context: vec![("ec2:CreateAction".to_owned(), call.event_name.to_owned())],
                    derived: true,
                });
            }
        }
    }
}

/// The tagging action on what a call makes: the resource whose type's word is in the event's name, else the pattern of
/// such a type, else the resources that the call needs.
fn tagged<'m, 'c, 'a>(
    action: ActionId,
    event: &str,
    resolver: &'m Resolver,
    facts: &impl Fn(ActionId) -> Facts<'c, 'a>,
    out: &[MappedAction<'m>],
) -> Vec<MappedAction<'m>>
where
    'a: 'c,
{
    let Some(main) = out.first() else { return Vec::new() };
    let word = normal(event);
    let of_main = || out.iter().filter(|m| m.action == main.action);
    let tag = |m: &MappedAction<'m>| MappedAction { action, derived: true, ..m.clone() };
    let is_made = |m: &&MappedAction<'m>| m.kind.and_then(|k| k.split_once(':')).is_some_and(|(_, k)| word.contains(&normal(k)));
    let length = |m: &MappedAction<'m>| m.kind.map_or(0, str::len);
    let longest = of_main().filter(is_made).map(length).max();
    if let Some(longest) = longest {
        return of_main().filter(is_made).filter(|m| length(m) == longest).map(tag).collect();
    }
    if let Some((kind, resource)) = resolver.pattern_named_in(facts(action), event) {
        let provenance = Provenance::TypeWildcard;
        return vec![MappedAction { resource, provenance, kind: Some(kind), ..tag(main) }];
    }
    of_main().filter(|m| m.required).map(tag).collect()
}

/// The action that tags what an action of this service makes: `TagRole` for `CreateRole`, else the service's one.
fn tag_action_of(reference: &Reference, service: &str, maker: &str) -> Option<ActionId> {
    let noun = MAKERS.iter().find_map(|m| maker.strip_prefix(m))?;
    let own = [format!("AddTagsTo{noun}"), format!("Tag{noun}")];
    // Of kinds that the tagging action calls by a shorter name (`CreateVirtualMFADevice`, `TagMFADevice`).
    let shorter = noun.strip_prefix("Virtual").map(|n| format!("Tag{n}"));
    own.iter().chain(&shorter).find_map(|name| reference.find_in(service, name)).or_else(|| TAG_ACTIONS.iter().find_map(|t| reference.find_in(service, t)))
}

fn is_role_name(value: &str) -> bool {
    value.len() <= 64 && value.bytes().all(|b| b.is_ascii_alphanumeric() || b"+=,.@_-/".contains(&b))
}

/// The service principal that a passed role is for, where the action and the parameter leave no choice.
fn passed_to(action: &str, parameter: &str) -> &'static str {
    let (service, event) = action.split_once(':').unwrap_or(("", ""));
    match (service, event, parameter) {
        ("elasticmapreduce", _, "servicerole") => "elasticmapreduce.amazonaws.com",
        ("elasticmapreduce", _, "jobflowrole") => "ec2.amazonaws.com",
        ("elasticmapreduce", _, "autoscalingrole") => "application-autoscaling.amazonaws.com",
        ("s3", "PutReplicationConfiguration", _) => "s3.amazonaws.com",
        ("s3", "CreateJob", _) => "batchoperations.s3.amazonaws.com",
        ("ec2", "CreateFlowLogs", _) => "vpc-flow-logs.amazonaws.com",
        ("rds", _, "monitoringrolearn") => "monitoring.rds.amazonaws.com",
        ("ecs", "RegisterTaskDefinition" | "RunTask" | "StartTask", _) => "ecs-tasks.amazonaws.com",
        ("cloudwatch", "PutMetricStream", _) => "streams.metrics.cloudwatch.amazonaws.com",
        ("eks", "CreateNodegroup", _) => "eks.amazonaws.com",
        ("appsync", _, _) => "appsync.amazonaws.com",
        ("autoscaling", _, _) => "autoscaling.amazonaws.com",
        ("backup", _, _) => "backup.amazonaws.com",
        ("bedrock", _, _) => "bedrock.amazonaws.com",
        ("budgets", _, _) => "budgets.amazonaws.com",
        ("cloudformation", _, _) => "cloudformation.amazonaws.com",
        ("cloudtrail", _, _) => "cloudtrail.amazonaws.com",
        ("codebuild", _, _) => "codebuild.amazonaws.com",
        ("codepipeline", _, _) => "codepipeline.amazonaws.com",
        ("eks", "CreateCluster", _) => "eks.amazonaws.com",
        ("events", _, _) => "events.amazonaws.com",
        ("firehose", _, _) => "firehose.amazonaws.com",
        ("glue", _, _) => "glue.amazonaws.com",
        ("lambda", _, _) => "lambda.amazonaws.com",
        ("sagemaker", _, _) => "sagemaker.amazonaws.com",
        ("scheduler", _, _) => "scheduler.amazonaws.com",
        ("states", _, _) => "states.amazonaws.com",
        _ => "",
    }
}
