//! From a suspect to a witness: a whole request that the engine allows under the new documents and refuses under the old ones.
//! Nothing is reported that the engine does not confirm.

use std::collections::BTreeMap;

use super::search::Suspect;
use super::side::{Part, Variables};
use crate::aws::{Arn, is_account_id};
use crate::evaluate::values::{Range, date, number};
use crate::evaluate::{
    CompiledPolicies, Compiler, Context, Decision, NamedPolicy, Policies, PreparedRequest, PrincipalType, Request, RequestPrincipal, decide,
};
use crate::policy::{ActionElement, BaseOperator as B, Condition, Effect, PolicyDocument, PrincipalElement, ResourceElement, SetOperator, Statement};

const ACCOUNT: &str = "111122223333";
const OTHER_ACCOUNT: &str = "444455556666";

/// A request that the new documents allow and the old ones do not.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Witness {
    /// Who.
    pub principal: RequestPrincipal,
    /// What.
    pub action: String,
    /// On what.
    pub resource: String,
    /// The resource's account.
    pub resource_account: String,
    /// Condition keys; all others are absent.
    pub context: BTreeMap<String, Vec<String>>,
}

/// Both sides as the engine takes them.
pub struct Sides {
    new: CompiledPolicies,
    old: CompiledPolicies,
    of_resource: bool,
}

impl Sides {
    /// Compiles both: as identity policies, or as the policies of a resource that callers from another account ask for.
    #[must_use]
    pub fn new(new: &[&PolicyDocument], old: &[&PolicyDocument], of_resource: bool) -> Sides {
        let mut compiler = Compiler::default();
        let everything = PolicyDocument::new(vec![Statement {
            sid: None,
            effect: Effect::Allow,
            principal: None,
            action: ActionElement::Action(vec!["*".to_owned()]),
            resource: Some(ResourceElement::Resource(vec!["*".to_owned()])),
            conditions: Vec::new(),
        }]);
        let mut compile = |documents: &[&PolicyDocument]| {
            let named: Vec<NamedPolicy<'_>> = documents.iter().map(|document| NamedPolicy { name: "policy", document }).collect();
            let own = vec![NamedPolicy { name: "everything", document: &everything }];
            compiler.policies(&if of_resource {
                Policies { identity: Some(own), resource: Some(named), ..Policies::default() }
            } else {
                Policies { identity: Some(named), ..Policies::default() }
            })
        };
        Sides { new: compile(new), old: compile(old), of_resource }
    }

    /// The first of some tries that the engine confirms.
    #[must_use]
    pub fn confirm(&self, suspect: &Suspect, own: &Part<'_>, others: &[&Part<'_>], variables: &Variables) -> Option<Witness> {
        let principals = if self.of_resource { principals_of(own.statement.principal.as_ref()) } else { vec![user(ACCOUNT)] };
        let mut contexts = vec![meets(&own.conditions.iter().map(|c| c.condition).collect::<Vec<_>>(), false), meets(&own.conditions.iter().map(|c| c.condition).collect::<Vec<_>>(), true)];
        for other in others {
            let conditions: Vec<&Condition> = other.conditions.iter().map(|c| c.condition).collect();
            for fresh in [false, true] {
                let mut context = meets(&conditions, fresh);
                context.extend(contexts.first().cloned().unwrap_or_default());
                contexts.push(context);
                // The other's keys with values that nobody names.
                let mut strange: BTreeMap<String, Vec<String>> = conditions.iter().map(|c| (c.key.to_ascii_lowercase(), vec!["witness-value".to_owned()])).collect();
                strange.extend(contexts.get(usize::from(fresh)).cloned().unwrap_or_default());
                contexts.push(strange);
            }
        }
        contexts.dedup();
        for principal in &principals {
            for context in &contexts {
                let (resource, extra) = filled(&suspect.resource, variables);
                let mut context = context.clone();
                for (key, value) in extra {
                    context.entry(key).or_insert_with(|| vec![value]);
                }
                let witness = Witness {
                    principal: principal.clone(),
                    action: suspect.action.clone(),
                    resource_account: if self.of_resource { OTHER_ACCOUNT.to_owned() } else { ACCOUNT.to_owned() },
                    resource,
                    context,
                };
                if self.is_new(&witness) {
                    return Some(witness);
                }
            }
        }
        None
    }

    fn is_new(&self, witness: &Witness) -> bool {
        let mut context = Context::new(true);
        for (key, values) in &witness.context {
            context.set(key, values.clone());
        }
        let prepared = PreparedRequest::new(Request {
            principal: &witness.principal,
            action: &witness.action,
            resource: &witness.resource,
            resource_is_pattern: false,
            resource_account: Some(&witness.resource_account),
            context: &context,
        });
        decide(&prepared, &self.new) == Decision::Allowed && decide(&prepared, &self.old).is_denied()
    }
}

fn user(account: &str) -> RequestPrincipal {
    RequestPrincipal {
        arn: Some(format!("arn:aws:iam::{account}:user/witness")),
        account: Some(account.to_owned()),
        ..RequestPrincipal::of_kind(PrincipalType::IAMUser)
    }
}

/// Callers that a statement of a resource's policy may name.
fn principals_of(element: Option<&PrincipalElement>) -> Vec<RequestPrincipal> {
    let mut list = Vec::new();
    if let Some(PrincipalElement::Principal(set)) = element {
        for text in &set.aws {
            let parsed = Arn::parse(text);
            list.push(match parsed {
                _ if is_account_id(text) => user(text),
                Some(arn) if arn.resource == "root" => user(arn.account),
                Some(arn) if arn.resource.starts_with("user/") => {
                    RequestPrincipal { arn: Some(text.clone()), account: Some(arn.account.to_owned()), ..RequestPrincipal::of_kind(PrincipalType::IAMUser) }
                }
                Some(arn) if arn.resource.starts_with("role/") => RequestPrincipal {
                    role_arn: Some(text.clone()),
                    account: Some(arn.account.to_owned()),
                    ..RequestPrincipal::of_kind(PrincipalType::AssumedRole)
                },
                _ => user(ACCOUNT),
            });
        }
        for service in &set.service {
            list.push(RequestPrincipal { service: Some(service.clone()), ..RequestPrincipal::of_kind(PrincipalType::Service) });
        }
    }
    list.push(user(ACCOUNT));
    list
}

/// The resource with variables filled in, and the keys that then have these values.
fn filled(resource: &str, variables: &Variables) -> (String, Vec<(String, String)>) {
    let mut text = String::new();
    let mut keys = Vec::new();
    for c in resource.chars() {
        match variables.name(c) {
            Some(name) => {
                let key = name.split(',').next().unwrap_or(name).trim().to_owned();
                // The caller's own name is what it is.
                let value = if key == "aws:username" { "witness" } else { "v" };
                text.push_str(value);
                if key != "aws:username" {
                    keys.push((key, value.to_owned()));
                }
            }
            None => text.push(c),
        }
    }
    (text, keys)
}

fn without_wildcards(value: &str) -> String {
    value.replace("${*}", "*").replace("${?}", "?").replace("${$}", "$").chars().filter(|c| *c != '*').map(|c| if c == '?' { 'x' } else { c }).collect()
}

/// A context that meets some conditions, as far as each can be met by itself; keys that need not be there get a value that
/// nobody names where `fresh` asks for it.
fn meets(conditions: &[&Condition], fresh: bool) -> BTreeMap<String, Vec<String>> {
    let mut context = BTreeMap::new();
    for c in conditions {
        let first = c.values.first().map_or("", String::as_str);
        let negated = c.operator.base.is_negated();
        let value = match c.operator.base {
            B::Null => (!c.values.iter().any(|v| v.eq_ignore_ascii_case("true"))).then(|| "x".to_owned()),
            _ if negated => fresh.then(|| match c.operator.base {
                B::NotIpAddress => "198.51.100.77".to_owned(),
                B::NumericNotEquals => "987654".to_owned(),
                B::ArnNotEquals | B::ArnNotLike => format!("arn:aws:iam::{ACCOUNT}:role/witness"),
                _ => "witness-value".to_owned(),
            }),
            B::NumericLessThan => number(first).map(|n| (n - 1.0).to_string()),
            B::NumericGreaterThan => number(first).map(|n| (n + 1.0).to_string()),
            B::DateLessThan => date(first).map(|n| (n - 1.0).to_string()),
            B::DateGreaterThan => date(first).map(|n| (n + 1.0).to_string()),
            B::IpAddress => Range::parse(first).map(|r| r.address().to_string()),
            B::StringLike | B::ArnLike | B::ArnEquals => Some(without_wildcards(first)),
            _ => Some(first.to_owned()),
        };
        let optional = c.operator.if_exists || c.operator.set == SetOperator::ForAllValues;
        if let Some(value) = value.filter(|_| !(optional && fresh && !negated)) {
            context.entry(c.key.to_ascii_lowercase()).or_insert_with(|| vec![value]);
        }
    }
    context
}
