//! The reading for people: of every statement that could have spoken, whether it applied and, if not, which of its
//! elements did not match, with what was wanted and what the request had.
//!
//! Slow and on demand; the decision itself never depends on it.

use serde_json::{Value as Json, json};

use super::compiled::{CompiledLevel, CompiledPolicies};
use super::document::{CompiledPolicy, CompiledStatement};
use super::layer::Recorder;
use super::prepared::{PreparedRequest, Value};
use super::principal::Reach;
use super::{Level, NamedPolicy, Policies, PolicyType, PrincipalType, Tri, VpcEndpointType, boundary, rcp, resource, scp};
use crate::policy::{ActionElement, Condition, Effect, PrincipalElement, ResourceElement, Statement};

/// One statement's reading.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reading {
    /// Kind of policy.
    pub policy_type: PolicyType,
    /// Level of the organisation, where the kind has levels.
    pub level: Option<String>,
    /// Policy name.
    pub policy: String,
    /// Sid, or `#index`.
    pub statement: String,
    /// Allow or Deny.
    pub effect: Effect,
    /// Whether it applies.
    pub applies: Tri,
    /// Why not, or what leaves it open; empty where it applies.
    pub because: Vec<String>,
}

impl Reading {
    /// As JSON for `simulate --explain`.
    #[must_use]
    pub fn to_json(&self) -> Json {
        json!({
            "policy_type": self.policy_type.as_str(),
            "level": self.level,
            "policy": self.policy,
            "statement": self.statement,
            "effect": match self.effect { Effect::Allow => "Allow", Effect::Deny => "Deny" },
            "applies": match self.applies { Tri::Yes => "yes", Tri::No => "no", Tri::Unknown => "unknown" },
            "because": self.because,
        })
    }
}

/// Reads every statement; kinds that do not bear on the request say so in one line each.
#[must_use]
pub fn explain(request: &PreparedRequest<'_>, policies: &Policies<'_>, compiled: &CompiledPolicies) -> Vec<Reading> {
    use PolicyType as T;
    let own = request.principal().kind.has_account();
    let plain = Reach::PLAIN;
    let attached = boundary::reach(request, compiled);
    let endpoint = Reach { accounts_are_root: policies.settings.vpc_endpoint_type == VpcEndpointType::Gateway, ..attached };
    let mut walk = Walk { request, out: Vec::new() };
    let has_own_policies = own && request.principal().kind != PrincipalType::Root;
    walk.list(T::Identity, None, has_own_policies, policies.identity.as_deref(), compiled.identity.as_deref(), plain);
    let bounded = boundary::bears_on(request);
    walk.list(T::PermissionsBoundary, None, bounded, policies.boundary.as_deref(), compiled.boundary.as_deref(), plain);
    walk.list(T::Session, None, own, policies.session.as_deref(), compiled.session.as_deref(), plain);
    let before = walk.out.len();
    walk.list(T::Resource, None, true, policies.resource.as_deref(), compiled.resource.as_deref(), attached);
    if resource::rescues_own_policy(request) {
        for denied in walk.out.iter_mut().skip(before).filter(|r| r.effect == Effect::Deny) {
            denied.applies = Tri::No;
            denied.because = vec!["the owning account's root user always reaches the resource's policy".to_owned()];
        }
    }
    walk.list(T::Resource, None, true, Some(&policies.ram), Some(&compiled.ram), attached);
    walk.levels(T::ServiceControl, scp::bear_on(request, compiled), policies.scp.as_deref(), compiled.scp.as_deref(), plain);
    walk.levels(T::ResourceControl, rcp::bear_on(request, compiled), policies.rcp.as_deref(), compiled.rcp.as_deref(), attached);
    walk.list(T::VpcEndpoint, None, true, policies.vpc_endpoint.as_deref(), compiled.vpc_endpoint.as_deref(), endpoint);
    resource::verdict(request, compiled, &mut Grants(&mut walk.out));
    walk.out
}

/// Hears of what grants or denies on the resource's side without being a statement: KMS grants, ACLs, Block Public
/// Access. Those that do not apply are not heard of.
struct Grants<'o>(&'o mut Vec<Reading>);

impl Recorder for Grants<'_> {
    fn statement(&mut self, _: PolicyType, _: &CompiledPolicy, _: &CompiledStatement, _: Tri, _: &PreparedRequest<'_>) {}

    fn grant(&mut self, policy: &str, _: usize, name: &str, effect: Effect, applies: Tri) {
        self.0.push(Reading {
            policy_type: PolicyType::Resource,
            level: None,
            policy: policy.to_owned(),
            statement: name.to_owned(),
            effect,
            applies,
            because: Vec::new(),
        });
    }

    fn missing(&mut self, _: &str) {}
}

struct Walk<'w, 'r> {
    request: &'w PreparedRequest<'r>,
    out: Vec<Reading>,
}

impl Walk<'_, '_> {
    fn levels(
        &mut self,
        kind: PolicyType,
        bears: bool,
        levels: Option<&[Level<'_>]>,
        compiled: Option<&[CompiledLevel]>,
        reach: Reach,
    ) {
        for (level, compiled) in levels.into_iter().flatten().zip(compiled.into_iter().flatten()) {
            self.list(kind, Some(level.name), bears, Some(&level.policies), Some(&compiled.policies), reach);
        }
    }

    fn list(
        &mut self,
        kind: PolicyType,
        level: Option<&str>,
        bears: bool,
        policies: Option<&[NamedPolicy<'_>]>,
        compiled: Option<&[CompiledPolicy]>,
        reach: Reach,
    ) {
        for (policy, compiled) in policies.into_iter().flatten().zip(compiled.into_iter().flatten()) {
            for (written, statement) in policy.document.statements.iter().zip(&compiled.document.statements) {
                let (applies, because) = if bears {
                    self.read(written, statement, reach)
                } else {
                    (Tri::No, vec!["this kind of policy does not bear on the caller or the resource".to_owned()])
                };
                self.out.push(Reading {
                    policy_type: kind,
                    level: level.map(str::to_owned),
                    policy: policy.name.to_owned(),
                    statement: statement.label(),
                    effect: statement.effect,
                    applies,
                    because,
                });
            }
        }
    }

    fn read(&self, written: &Statement, statement: &CompiledStatement, reach: Reach) -> (Tri, Vec<String>) {
        let mut all = Tri::Yes;
        let mut because = Vec::new();
        let mut element = |holds: Tri, text: &dyn Fn() -> String| {
            all = all.and(holds);
            match holds {
                Tri::Yes => {}
                Tri::No => because.push(text()),
                Tri::Unknown => because.push(format!("open: {}", text())),
            }
        };
        element(statement.action.contains(&self.request.action).into(), &|| action_text(&written.action, self.request.request.action));
        element(statement.resource.matches(self.request), &|| resource_text(written.resource.as_ref(), self.request.request.resource));
        element(statement.classes(self.request, reach).any(), &|| principal_text(written.principal.as_ref()));
        for (condition, compiled) in written.conditions.iter().zip(&statement.conditions) {
            element(compiled.holds(self.request), &|| self.condition_text(condition));
        }
        (all, because)
    }

    fn condition_text(&self, condition: &Condition) -> String {
        let found = match self.request.value(&condition.key.to_ascii_lowercase()) {
            Value::One(one) => format!("the request has `{one}`"),
            Value::Many(list) => format!("the request has several values: {}", quoted(list)),
            Value::Absent => "the request does not have the key".to_owned(),
            Value::Unknown => "the value is not known".to_owned(),
        };
        format!("{} on {} wants {}; {found}", condition.operator, condition.key, quoted(&condition.values))
    }
}

fn quoted(list: &[String]) -> String {
    list.iter().map(|v| format!("`{v}`")).collect::<Vec<_>>().join(" or ")
}

fn action_text(element: &ActionElement, action: &str) -> String {
    match element {
        ActionElement::Action(_) => format!("Action does not list `{action}`"),
        ActionElement::NotAction(_) => format!("NotAction lists `{action}`"),
    }
}

fn resource_text(element: Option<&ResourceElement>, resource: &str) -> String {
    match element {
        None | Some(ResourceElement::Resource(_)) => format!("Resource does not match `{resource}`"),
        Some(ResourceElement::NotResource(_)) => format!("NotResource matches `{resource}`"),
    }
}

fn principal_text(element: Option<&PrincipalElement>) -> String {
    match element {
        None | Some(PrincipalElement::Principal(_)) => "Principal does not name the caller".to_owned(),
        Some(PrincipalElement::NotPrincipal(_)) => "NotPrincipal names the caller".to_owned(),
    }
}
