//! Witnesses: a request that the new policies allow and the old ones do not, put to the evaluation on both sides.
//!
//! What the proof finds is only where to look. Nothing is a witness before the engine has decided it, with the same
//! caller, resource and context, under the new and under the old documents.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use super::contexts::Contexts;
use super::condition::Sieve;
use super::gap::Gap;
use super::principal::{Who, account_of};
use super::steps::{Symbol, Variable};
use crate::aws::{Arn, is_account_id};
use crate::evaluate::action_set::ActionIndex;
use crate::evaluate::{
    CompiledPolicies, Compiler, Context, Decision, Evaluation, NamedPolicy, Policies, PolicyType, PreparedRequest, PrincipalType, Request,
    RequestPrincipal, evaluate,
};
use crate::policy::PolicyDocument;

/// The account of callers and resources that name none.
const ACCOUNT: &str = "111122223333";
/// Another account.
const OTHER_ACCOUNT: &str = "444455556666";

/// A request that shows a difference, confirmed by the evaluation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Witness {
    /// The caller.
    pub principal: RequestPrincipal,
    /// The action.
    pub action: String,
    /// The resource; `*` is none.
    pub resource: String,
    /// The resource's account.
    pub resource_account: String,
    /// The context; every other key is absent.
    pub context: BTreeMap<String, Vec<String>>,
    /// Whether the difference shows where another identity policy of the caller allows everything.
    pub allowed_besides: bool,
    /// The old side's Deny statement that applies, if one does.
    pub denied_by: Option<String>,
}

impl Witness {
    /// The request as `simulate` reads it (design.md section 5).
    #[must_use]
    pub fn request(&self) -> Value {
        let caller = &self.principal;
        let kind = format!("{:?}", caller.kind);
        let mut principal = Map::from_iter([("type".to_owned(), json!(kind))]);
        let fields = [
            ("arn", &caller.arn), ("role_arn", &caller.role_arn), ("account", &caller.account), ("service", &caller.service),
            ("unique_id", &caller.unique_id), ("canonical_user", &caller.canonical_user),
        ];
        for (name, value) in fields {
            if let Some(value) = value {
                principal.insert(name.to_owned(), json!(value));
            }
        }
        let context: Map<String, Value> = self
            .context
            .iter()
            .map(|(key, values)| (key.clone(), if let [one] = values.as_slice() { json!(one) } else { json!(values) }))
            .collect();
        json!({
            "principal": principal, "action": self.action, "resource": self.resource, "resource_account": self.resource_account,
            "context": context,
        })
    }
}

/// A caller, and what must stand besides for the documents to decide.
struct Caller {
    principal: RequestPrincipal,
    resource_account: String,
    allowed_besides: bool,
}

/// Both sides, ready to be asked.
pub struct Judge {
    kind: PolicyType,
    new: [CompiledPolicies; 2],
    old: [CompiledPolicies; 2],
}

static EVERYTHING: LazyLock<PolicyDocument> = LazyLock::new(PolicyDocument::allowing_everything);

static NO_ACTIONS: LazyLock<ActionIndex> = LazyLock::new(|| ActionIndex::new([]));

/// Documents as the policies of a request; with a second set in which an identity policy allows everything.
fn compiled(documents: &[&PolicyDocument], kind: PolicyType) -> [CompiledPolicies; 2] {
    let named: Vec<NamedPolicy<'_>> = documents.iter().map(|document| NamedPolicy { name: "", document }).collect();
    let besides = NamedPolicy { name: "everything", document: &EVERYTHING };
    let mut compiler = Compiler::new(&NO_ACTIONS);
    let mut of = |identity: Vec<NamedPolicy<'_>>, resource: Option<Vec<NamedPolicy<'_>>>| {
        compiler.policies(&Policies { identity: Some(identity), resource, ..Policies::default() })
    };
    match kind {
        PolicyType::Resource => [of(Vec::new(), Some(named.clone())), of(vec![besides], Some(named))],
        _ => [of(named.clone(), None), of(named.into_iter().chain([besides]).collect(), None)],
    }
}

/// What is known of the place where a difference should be.
pub struct Suspect<'a> {
    /// Action and resource.
    pub gap: &'a Gap,
    /// Names of actions that stand for the gap's action, best first.
    pub names: Vec<String>,
    /// The principal of the statement.
    pub who: Who<'a>,
    /// Conditions that must hold.
    pub must: Vec<&'a Sieve>,
    /// Conditions of the other statements.
    pub bearing: Vec<&'a Sieve>,
    /// Whether the difference is a lost Deny, which shows where another policy allows.
    pub lost_deny: bool,
}

impl Judge {
    /// Makes both sides ready.
    #[must_use]
    pub fn new(new: &[&PolicyDocument], old: &[&PolicyDocument], kind: PolicyType) -> Judge {
        Judge { kind, new: compiled(new, kind), old: compiled(old, kind) }
    }

    /// Looks for a request that shows the difference. `trials` bounds how many are decided.
    #[must_use]
    pub fn confirm(&self, suspect: &Suspect<'_>, trials: &mut usize) -> Option<Witness> {
        for action in &suspect.names {
            for resource in resources(&suspect.gap.resource, action) {
                let contexts: Vec<_> = Contexts::new(&suspect.must, suspect.bearing.iter().copied(), &resource, 600).collect();
                for context in contexts {
                    let Some(text) = spelled(&resource, &context) else { continue };
                    for caller in self.callers(suspect, &text) {
                        if *trials == 0 {
                            return None;
                        }
                        *trials -= 1;
                        if let Some(found) = self.decide(caller, action, &text, &context) {
                            return Some(found);
                        }
                    }
                }
            }
        }
        None
    }

    fn decide(&self, caller: Caller, action: &str, resource: &str, context: &BTreeMap<String, Vec<String>>) -> Option<Witness> {
        let mut known = Context::new(true);
        for (key, values) in context {
            known.set(key, values.clone());
        }
        let ask = |policies: &[CompiledPolicies; 2]| -> Option<Evaluation> {
            let request = Request {
                principal: &caller.principal,
                action,
                resource,
                resource_is_pattern: false,
                resource_account: Some(&caller.resource_account),
                context: &known,
            };
            let [alone, besides] = policies;
            let policies = if caller.allowed_besides { besides } else { alone };
            Some(evaluate(&PreparedRequest::with_index(request, &NO_ACTIONS), policies))
        };
        let (new, old) = (ask(&self.new)?, ask(&self.old)?);
        if new.decision != Decision::Allowed || !old.decision.is_denied() {
            return None;
        }
        Some(Witness {
            principal: caller.principal,
            action: action.to_owned(),
            resource: resource.to_owned(),
            resource_account: caller.resource_account,
            context: context.clone(),
            allowed_besides: caller.allowed_besides,
            denied_by: old.decided_by.first().filter(|_| old.decision == Decision::ExplicitDeny).map(|d| d.statement.clone()),
        })
    }

    /// The callers to try for a principal and a resource.
    fn callers(&self, suspect: &Suspect<'_>, resource: &str) -> Vec<Caller> {
        let own = Arn::parse(resource).map(|a| a.account).filter(|a| is_account_id(a)).unwrap_or(ACCOUNT);
        let user = |account: &str| RequestPrincipal {
            arn: Some(format!("arn:aws:iam::{account}:user/witness")),
            ..RequestPrincipal::of_kind(PrincipalType::IAMUser)
        };
        let session = |role: &str| RequestPrincipal {
            role_arn: Some(role.to_owned()),
            arn: Arn::parse(role).map(|a| format!("arn:{}:sts::{}:assumed-role/{}/witness", a.partition, a.account, a.name())),
            ..RequestPrincipal::of_kind(PrincipalType::AssumedRole)
        };
        let mut out = Vec::new();
        let mut add = |principal: RequestPrincipal, resource_account: &str| {
            for allowed_besides in [false, true] {
                if allowed_besides || !suspect.lost_deny {
                    let resource_account = resource_account.to_owned();
                    out.push(Caller { principal: principal.clone(), resource_account, allowed_besides });
                }
            }
        };
        if self.kind != PolicyType::Resource {
            add(user(own), own);
            add(session(&format!("arn:aws:iam::{own}:role/witness")), own);
            if !suspect.lost_deny {
                out.retain(|c| !c.allowed_besides);
            }
            return out;
        }
        let strangers = if own == OTHER_ACCOUNT { ACCOUNT } else { OTHER_ACCOUNT };
        match suspect.who {
            Who::Service(name) => {
                add(RequestPrincipal { service: Some(name.to_owned()), ..RequestPrincipal::of_kind(PrincipalType::Service) }, own);
            }
            Who::Federated(name) => {
                let kind = if name.contains(":saml-provider/") { PrincipalType::SAML } else { PrincipalType::WebIdentity };
                let arn = name.starts_with("arn:").then(|| name.to_owned());
                let service = arn.is_none().then(|| name.to_owned());
                add(RequestPrincipal { arn, service, ..RequestPrincipal::of_kind(kind) }, own);
            }
            Who::Canonical(id) => {
                add(RequestPrincipal { canonical_user: Some(id.to_owned()), ..user(own) }, own);
                add(RequestPrincipal { canonical_user: Some(id.to_owned()), ..user(strangers) }, own);
            }
            Who::Aws(entry) => {
                let principal = match (account_of(entry), Arn::parse(entry)) {
                    (Some(account), _) => user(account),
                    (None, Some(arn)) if arn.resource.starts_with("role/") => session(entry),
                    (None, Some(arn)) if arn.resource.starts_with("assumed-role/") => RequestPrincipal {
                        arn: Some(entry.to_owned()),
                        role_arn: arn.resource.split('/').nth(1).map(|r| format!("arn:{}:iam::{}:role/{r}", arn.partition, arn.account)),
                        ..RequestPrincipal::of_kind(PrincipalType::AssumedRole)
                    },
                    (None, Some(_)) => RequestPrincipal { arn: Some(entry.to_owned()), ..RequestPrincipal::of_kind(PrincipalType::IAMUser) },
                    (None, None) => RequestPrincipal { unique_id: Some(entry.to_owned()), ..user(own) },
                };
                let account = principal.account().unwrap_or(own).to_owned();
                let other = if account == own { strangers } else { own };
                add(principal.clone(), &account);
                add(principal, other);
            }
            Who::Everybody | Who::AllBut(_) | Who::Holder => {
                add(user(own), own);
                add(user(strangers), own);
                add(RequestPrincipal::of_kind(PrincipalType::Anonymous), own);
            }
        }
        out
    }
}

/// The resource as text; `None` where a variable of it has no value.
fn spelled(resource: &[Symbol], context: &BTreeMap<String, Vec<String>>) -> Option<String> {
    let mut out = String::new();
    for symbol in resource {
        match symbol {
            Symbol::Char(c) => out.push(*c),
            Symbol::Colon => out.push(':'),
            Symbol::Variable(Variable { key, default }) => {
                let found = context.iter().find(|(k, _)| k.eq_ignore_ascii_case(key)).map(|(_, v)| v.as_slice());
                match (found, default) {
                    (Some([one]), _) => out.push_str(one),
                    (None, Some(default)) => out.push_str(default),
                    _ => return None,
                }
            }
        }
    }
    Some(out)
}

/// The resource in forms that look like a real one, then as it was found; the evaluation decides whether the former
/// serve.
fn resources(found: &[Symbol], action: &str) -> Vec<Vec<Symbol>> {
    let parts: Vec<&[Symbol]> = found.splitn(6, |s| *s == Symbol::Colon).collect();
    let Ok([arn, partition, service, region, account, tail]) = <[&[Symbol]; 6]>::try_from(parts) else { return vec![found.to_vec()] };
    let symbols = |text: &str| text.chars().map(Symbol::Char).collect::<Vec<_>>();
    let or = |part: &[Symbol], text: &str| if part.is_empty() { symbols(text) } else { part.to_vec() };
    let (prefix, name) = action.split_once(':').unwrap_or((action, ""));
    let is_trust = prefix.eq_ignore_ascii_case("sts") && name.to_ascii_lowercase().starts_with("assumerole");
    let mut tail = tail.to_vec();
    if tail.is_empty() || tail.last() == Some(&Symbol::Char('/')) {
        tail.extend(symbols(if tail.is_empty() && is_trust { "role/x" } else { "x" }));
    }
    let service = or(service, if is_trust { "iam" } else { prefix });
    let local = service != symbols("s3") && service != symbols("iam");
    let form = |region: Vec<Symbol>, account: Vec<Symbol>| {
        let parts = [arn.to_vec(), or(partition, "aws"), service.clone(), region, account, tail.clone()];
        parts.join(&Symbol::Colon)
    };
    let nice_region = if local { or(region, "us-east-1") } else { region.to_vec() };
    let nice_account = if service == symbols("s3") { account.to_vec() } else { or(account, ACCOUNT) };
    let mut out = vec![form(nice_region, nice_account), form(region.to_vec(), account.to_vec()), found.to_vec()];
    out.dedup();
    out
}
