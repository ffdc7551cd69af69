//! The least change that would allow a refused call, and what the evaluation says of the call after it.
//!
//! Of an implicit deny that is one statement with the action and the resource as they were asked for, where the layer has it; of
//! an explicit deny the statement that denies. It is put to the engine with everything that bears on the call, so that the
//! answer names who else would still refuse. It says what would be needed, not that it should be done.

use std::sync::Arc;

use super::caller::Standing;
use super::cause::{Cause, kind_of};
use super::group::{Key, Member};
use crate::aws::Arn;
use crate::evaluate::compiled::CompiledLevel;
use crate::evaluate::document::{CompiledDocument, CompiledPolicy};
use crate::evaluate::engine::verdict_of;
use crate::evaluate::{
    CompiledPolicies, Compiler, ContextValue, DecidingStatement, Decision, PolicyType, PreparedRequest, PrincipalType, RequestPrincipal, Tri, evaluate,
};
use crate::policy::{ActionElement, Effect, PolicyDocument, PrincipalElement, PrincipalSet, ResourceElement, Statement, print};
use crate::prove::replay::context_of;
use crate::report::denied_text::ChangeFacts;
use crate::run::layers::Layers;
use crate::grants::permission_set::set_name_of_role;

/// How many resources or owners a change names.
const NAMED: usize = 5;

/// How many further layers are followed.
const STEPS: usize = 8;

/// The caller as policies of resources name it.
fn principal_of(who: &RequestPrincipal) -> PrincipalSet {
    let mut set = PrincipalSet::default();
    let list = |text: Option<&String>| text.cloned().into_iter().collect::<Vec<_>>();
    match who.kind {
        PrincipalType::Service => set.service = list(who.service.as_ref()),
        PrincipalType::WebIdentity => set.federated = list(who.service.as_ref().or(who.arn.as_ref())),
        PrincipalType::SAML => set.federated = list(who.arn.as_ref()),
        PrincipalType::Anonymous => set.aws = vec!["*".to_owned()],
        _ => set.aws = list(who.role_arn.as_ref().or(who.arn.as_ref()).or(who.account.as_ref())),
    }
    set
}

/// The one statement that a layer lacks.
fn missing(layer: &str, action: &str, resources: &[String], who: Option<&RequestPrincipal>) -> Statement {
    let is_of_resource = matches!(layer, "resource" | "trust");
    Statement {
        sid: None,
        effect: Effect::Allow,
        principal: match (layer, who) {
            ("resource" | "trust", Some(who)) => Some(PrincipalElement::Principal(principal_of(who))),
            ("resource" | "trust" | "vpc_endpoint", _) => Some(PrincipalElement::Principal(PrincipalSet { aws: vec!["*".to_owned()], ..PrincipalSet::default() })),
            _ => None,
        },
        action: ActionElement::Action(vec![action.to_owned()]),
        resource: (layer != "trust").then(|| ResourceElement::Resource(if is_of_resource && resources.is_empty() { vec!["*".to_owned()] } else { resources.to_vec() })),
        conditions: Vec::new(),
    }
}

fn json(statement: Statement) -> String {
    print::minified(&PolicyDocument::new(vec![statement]))
}

/// The statement that denies, as its policy has it.
fn source(layers: &Layers<'_>, standing: &Standing<'_>, found: &DecidingStatement, resource: &str) -> Option<Statement> {
    let grants = layers.grants();
    let at = |document: &PolicyDocument| document.statements.get(found.index).cloned();
    match found.policy_type {
        PolicyType::Identity => {
            let held = grants.held_by(standing.principal?);
            held.identity.iter().find(|h| h.name == found.policy).and_then(|h| at(h.document))
        }
        PolicyType::PermissionsBoundary => grants.held_by(standing.principal?).boundary.and_then(at),
        PolicyType::ServiceControl | PolicyType::ResourceControl => {
            let policy = grants.organisations.values().find_map(|o| o.policies.get(&found.policy))?;
            at(policy.document.present()?.as_ref().ok()?)
        }
        PolicyType::Resource => match grants.principals().find(|p| p.arn == resource).and_then(|p| p.trust.as_ref()) {
            Some(trust) => at(trust.as_ref().ok()?),
            None => {
                let own = grants.resources.policy_of(resource);
                let document = own.present()?.iter().find(|d| d.name == found.policy)?;
                at(document.document.as_ref().ok()?)
            }
        },
        PolicyType::Session | PolicyType::VpcEndpoint => None,
    }
}

/// Whose policies a caller's grants belong to.
fn owner(member: &Member<'_>) -> String {
    let who = member.who();
    let name = Arn::parse(who).map_or(who, |a| a.name());
    match set_name_of_role(name) {
        Some(set) => format!("the permission set {set} (role {who})"),
        None if who.contains(":role/") => format!("the inline policy of {who}"),
        None if who.contains(":user/") => format!("{who}, better one of its groups"),
        None => format!("the policies of {who}"),
    }
}

/// At most a few of some texts, each once, in order.
fn some(list: impl Iterator<Item = String>) -> String {
    let all: std::collections::BTreeSet<String> = list.collect();
    let more = if all.len() > NAMED { format!(" and {} more", all.len() - NAMED) } else { String::new() };
    all.into_iter().take(NAMED).collect::<Vec<_>>().join("; ") + &more
}

/// Where a layer's policies are.
fn belongs(layer: &str, members: &[&Member<'_>], standing: Option<&Standing<'_>>, cause: &Cause) -> String {
    let call = members.first().map(|m| &m.row.call);
    let policy = cause.policy.as_deref();
    let of_resources = || some(members.iter().map(|m| home(&m.row.call.resource_arn)));
    match layer {
        "identity" if policy.is_none() => some(members.iter().map(|m| owner(m))),
        "identity" => format!("the policy {} that {} holds", policy.unwrap_or(""), some(members.iter().map(|m| m.who().to_owned()))),
        "boundary" => match policy.or_else(|| standing.and_then(|s| s.principal).and_then(|p| p.boundary.as_deref())) {
            Some(arn) => format!("the permissions boundary {arn}"),
            None => format!("the permissions boundary of {}", some(members.iter().map(|m| m.who().to_owned()))),
        },
        "session" => "the session policy that is passed when the session is made".to_owned(),
        "resource" => format!("the resource policy of {}", of_resources()),
        "trust" => format!("the trust policy of {}", of_resources()),
        "scp" => format!("a service control policy over account {}{}", call.map_or("", |c| &c.account), policy.map(|p| format!(": {p}")).unwrap_or_default()),
        "rcp" => format!("a resource control policy over the owner of {}{}", of_resources(), policy.map(|p| format!(": {p}")).unwrap_or_default()),
        "vpc_endpoint" => {
            let context = call.map(|c| context_of(&c.context_class, None));
            match context.as_ref().map(|c| c.get_lower("aws:sourcevpce")) {
                Some(ContextValue::Present([id])) => format!("the policy of the VPC endpoint {id}"),
                _ => "the policy of the VPC endpoint that the call came through".to_owned(),
            }
        }
        _ => String::new(),
    }
}

/// What carries the policy of a resource: of an object its bucket.
fn home(resource: &str) -> String {
    match Arn::parse(resource).filter(|a| a.service == "s3" && a.account.is_empty()) {
        Some(arn) => format!("arn:{}:s3:::{}", arn.partition, arn.resource.split('/').next().unwrap_or("")),
        None => resource.to_owned(),
    }
}

fn with_policy(list: Option<&Arc<[CompiledPolicy]>>, more: &CompiledPolicy) -> Option<Arc<[CompiledPolicy]>> {
    Some(list.into_iter().flat_map(|l| l.iter()).cloned().chain([more.clone()]).collect())
}

fn without_statement(list: Option<&Arc<[CompiledPolicy]>>, found: &DecidingStatement) -> Option<Arc<[CompiledPolicy]>> {
    let strip = |policy: &CompiledPolicy| -> CompiledPolicy {
        if *policy.name != *found.policy {
            return policy.clone();
        }
        let statements = policy.document.statements.iter().filter(|s| s.index != found.index).cloned().collect();
        CompiledPolicy { name: policy.name.clone(), document: Arc::new(CompiledDocument { statements }) }
    };
    list.map(|l| l.iter().map(strip).collect())
}

/// What makes other policies of a kind out of those that are there.
type Edit<'e> = &'e dyn Fn(Option<&Arc<[CompiledPolicy]>>) -> Option<Arc<[CompiledPolicy]>>;

fn each_level(levels: Option<&Arc<[CompiledLevel]>>, of: Edit<'_>) -> Option<Arc<[CompiledLevel]>> {
    let level = |l: &CompiledLevel| CompiledLevel { name: l.name.clone(), policies: of(Some(&l.policies)).unwrap_or_default() };
    levels.map(|list| list.iter().map(level).collect())
}

/// The policies with one kind changed.
fn changed(policies: &CompiledPolicies, kind: PolicyType, of: Edit<'_>) -> CompiledPolicies {
    let mut out = policies.clone();
    match kind {
        PolicyType::Identity => out.identity = of(policies.identity.as_ref()),
        PolicyType::PermissionsBoundary => out.boundary = of(policies.boundary.as_ref()),
        PolicyType::Session => out.session = of(policies.session.as_ref()),
        PolicyType::Resource => out.resource = of(policies.resource.as_ref()),
        PolicyType::VpcEndpoint => out.vpc_endpoint = of(policies.vpc_endpoint.as_ref()),
        PolicyType::ServiceControl => out.scp = each_level(policies.scp.as_ref(), of),
        PolicyType::ResourceControl => out.rcp = each_level(policies.rcp.as_ref(), of),
    }
    out
}

/// The levels of an organisation that do not allow a call.
fn silent_levels(request: &PreparedRequest<'_>, policies: &CompiledPolicies, kind: PolicyType) -> Vec<String> {
    let levels = if kind == PolicyType::ServiceControl { policies.scp.as_ref() } else { policies.rcp.as_ref() };
    let one = |level: &CompiledLevel| {
        let alone: Option<Arc<[CompiledLevel]>> = Some(Arc::from([level.clone()]));
        let mut of_level = policies.clone();
        if kind == PolicyType::ServiceControl { of_level.scp = alone } else { of_level.rcp = alone }
        (verdict_of(request, &of_level, kind).allow == Tri::No).then(|| level.name.to_string())
    };
    levels.into_iter().flat_map(|l| l.iter()).filter_map(one).collect()
}

/// What the engine says after the change: the word right after it, the rest in words, and levels that do not allow now.
fn after(standing: &Standing<'_>, member: &Member<'_>, layers: &Layers<'_>, kind: PolicyType, compiler: &mut Compiler<'_>) -> (&'static str, String, Vec<String>) {
    let call = &member.row.call;
    let (action, resource) = (call.action.as_str(), call.resource_arn.as_str());
    let mut allow = |kind: PolicyType| {
        let layer = if kind == PolicyType::Resource && action.starts_with("sts:") { "trust" } else { kind.as_str() };
        let statement = missing(layer, action, &[resource.to_owned()], Some(&standing.holder.caller));
        CompiledPolicy { name: "the change".into(), document: compiler.document(kind, &PolicyDocument::new(vec![statement])) }
    };
    standing.ask(member.row, layers, |request, policies, unseen| {
        let silent = match kind {
            PolicyType::ServiceControl | PolicyType::ResourceControl => silent_levels(request, policies, kind),
            _ => Vec::new(),
        };
        let mut policies = match &member.cause.statement {
            Some(found) => changed(policies, kind, &|list| without_statement(list, found)),
            None => {
                let more = allow(kind);
                changed(policies, kind, &|list| with_policy(list, &more))
            }
        };
        let mut word = None;
        let mut rest: Vec<String> = Vec::new();
        for _ in 0..STEPS {
            let evaluation = evaluate(request, &policies);
            word.get_or_insert(evaluation.decision.as_str());
            match (evaluation.decision, evaluation.missing_policy_type, evaluation.decided_by.first()) {
                (Decision::ExplicitDeny, _, Some(first)) => {
                    rest.push(format!("{} {} / {} still denies it", first.policy_type.as_str(), first.policy, first.statement));
                    break;
                }
                (Decision::ImplicitDeny, Some(next), _) => {
                    rest.push(format!("the {} policies would have to allow it too", next.as_str()));
                    let more = allow(next);
                    policies = changed(&policies, next, &|list| with_policy(list, &more));
                }
                (Decision::Unknown, kind, _) => {
                    let open = evaluation.missing_context.iter().map(|k| format!("condition key {k}")).chain(kind.map(|k| format!("{} policies", k.as_str())));
                    rest.push(format!("open: {}", open.collect::<Vec<_>>().join(", ")));
                    break;
                }
                _ => break,
            }
        }
        let mut kinds: Vec<&str> = unseen.iter().filter(|k| !policies.is_given(**k)).map(|k| k.as_str()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        if !kinds.is_empty() {
            rest.push(format!("not at hand and not asked: {} policies", kinds.join(", ")));
        }
        let word = word.unwrap_or("unknown");
        if word == "allowed" {
            rest.insert(0, "the policies at hand would then allow it".to_owned());
        }
        (word, rest.join("; "), silent)
    })
}

/// The least change for a cluster, checked on the member with most calls.
pub fn change(key: &Key, members: &[&Member<'_>], standing: Option<&Standing<'_>>, layers: &Layers<'_>, compiler: &mut Compiler<'_>) -> ChangeFacts {
    if let Key::Probe { .. } = key {
        let what = "no one change: the caller asks for many things, and each would need a grant of its own".to_owned();
        return ChangeFacts { what, ..ChangeFacts::default() };
    }
    let Some(first) = members.first() else { return ChangeFacts::default() };
    let cause = &first.cause;
    let Some(layer) = cause.layer else {
        return ChangeFacts { what: format!("cannot tell: {}", cause.not_known), ..ChangeFacts::default() };
    };
    let call = &first.row.call;
    let mut facts = ChangeFacts { belongs: belongs(layer, members, standing, cause), ..ChangeFacts::default() };
    let is_checked = !cause.contradicts && first.row.is_known_action;
    if cause.effect == Some("explicit") {
        facts.what = match &cause.statement {
            Some(_) => "the statement that denies would have to leave the call out, by its actions, its resources or its conditions".to_owned(),
            None => format!("a {layer} policy denies the call and would have to leave it out; which statement is not known"),
        };
        facts.statement = cause.statement.as_ref().zip(standing).and_then(|(found, s)| source(layers, s, found, &call.resource_arn)).map(json).unwrap_or_default();
    } else if cause.effect.is_none() {
        facts.what = format!("the {layer} policies would have to let the call pass; whether a statement denies it or none allows it is not known");
        facts.then = "not checked: which of both is not known".to_owned();
        return facts;
    } else {
        let mut resources: Vec<String> = members.iter().map(|m| m.row.call.resource_arn.to_string()).collect();
        resources.sort();
        resources.dedup();
        if resources.len() > NAMED
            && let Key::Missing { resource, .. } = key
        {
            resources = vec![resource.clone()];
        }
        facts.what = format!("one statement of the {layer} policies that allows {} on {}", call.action.as_str(), resources.join(", "));
        facts.statement = json(missing(layer, &call.action, &resources, standing.map(|s| &s.holder.caller)));
    }
    let can_ask = cause.effect != Some("explicit") || cause.statement.is_some();
    match (standing, kind_of(layer)) {
        (Some(standing), Some(kind)) if is_checked && can_ask && standing.not_known.is_empty() => {
            let (word, then, silent) = after(standing, first, layers, kind, compiler);
            (facts.after, facts.then) = (word, then);
            if cause.statement.is_none() && !silent.is_empty() {
                facts.belongs = format!("{}, on the levels {}", facts.belongs, silent.join(", "));
            }
        }
        (Some(standing), _) if !standing.not_known.is_empty() => facts.then = format!("not checked: {}", standing.not_known),
        _ => facts.then = "not checked: the policies are not at hand".to_owned(),
    }
    facts
}
