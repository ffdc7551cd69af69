//! The case format of `simulate` (design.md section 5; `docs/simulate.schema.json`): one request with the policies
//! that bear on it, as JSON.
//!
//! A field that is not known here, a document that AWS would refuse or a value that cannot be read is an error that
//! names the field. Nothing is guessed: a case that was read halfway would get a decision on another question.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::action_set::ActionIndex;
use super::trust;
use super::{
    Context, ContextValue, Level, NamedPolicy, ObjectOwnership, Policies, PolicyType, PreparedRequest, PrincipalType, Request,
    RequestPrincipal, Settings, Tri, VpcEndpointType,
};
use crate::aws::Arn;
use crate::aws::principal::{PrincipalKind, principal_kind, role_of_session};
use crate::policy::beside::{acl_grant, block_public_access, kms_grant};
use crate::policy::{ActionElement, PolicyDocument, ResourceElement, Statement, parse_document};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseJson {
    #[serde(default, rename = "id")]
    _id: serde::de::IgnoredAny,
    request: RequestJson,
    #[serde(default)]
    policies: Option<PoliciesJson>,
    #[serde(default)]
    settings: Option<SettingsJson>,
    // What suites keep beside a case; not read.
    #[serde(default, rename = "description")]
    _description: serde::de::IgnoredAny,
    #[serde(default, rename = "dimensions")]
    _dimensions: serde::de::IgnoredAny,
    #[serde(default, rename = "expected")]
    _expected: serde::de::IgnoredAny,
    #[serde(default, rename = "source")]
    _source: serde::de::IgnoredAny,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestJson {
    principal: Value,
    action: String,
    resource: OneOrMany,
    resource_account: Option<String>,
    #[serde(default)]
    context: Option<BTreeMap<String, Value>>,
    #[serde(default)]
    context_complete: Option<bool>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct PrincipalJson {
    r#type: String,
    arn: Option<String>,
    role_arn: Option<String>,
    account: Option<String>,
    service: Option<String>,
    unique_id: Option<String>,
    canonical_user: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct PoliciesJson {
    identity: Option<Value>,
    boundary: Option<Value>,
    session: Option<Value>,
    resource: Option<Value>,
    ram: Option<Value>,
    scp: Option<Value>,
    rcp: Option<Value>,
    vpc_endpoint: Option<Value>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct SettingsJson {
    management_account: Option<String>,
    s3_block_public_access: Option<Map<String, Value>>,
    s3_object_ownership: Option<String>,
    s3_acl: Option<AclJson>,
    kms_grants: Option<Vec<Map<String, Value>>>,
    vpc_endpoint_type: Option<String>,
    unknown_policy_types: Option<Vec<String>>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct AclJson {
    bucket: Vec<Map<String, Value>>,
    object: Vec<Map<String, Value>>,
}

/// A document with its name.
pub struct NamedDocument {
    name: String,
    document: PolicyDocument,
}

type Documents = Option<Vec<NamedDocument>>;
type Levels = Option<Vec<(String, Vec<NamedDocument>)>>;

/// A case that was read.
pub struct Case {
    principal: RequestPrincipal,
    action: String,
    resources: Vec<String>,
    resource_account: Option<String>,
    context: Context,
    identity: Documents,
    boundary: Documents,
    session: Documents,
    resource: Documents,
    ram: Vec<NamedDocument>,
    scp: Levels,
    rcp: Levels,
    vpc_endpoint: Documents,
    settings: Settings,
    unknown: Vec<PolicyType>,
}

impl Case {
    /// Reads a case.
    ///
    /// # Errors
    /// A text that names the field and what is wrong with it.
    pub fn read(value: Value) -> Result<Case, String> {
        let json: CaseJson = serde_json::from_value(value).map_err(|e| e.to_string())?;
        let request = json.request;
        let action_is_plain = request.action.split_once(':').is_some_and(|(s, n)| !s.is_empty() && !n.is_empty());
        if !action_is_plain || request.action.contains(['*', '?']) {
            return Err("request.action: not the name of one action".to_owned());
        }
        let resources = match request.resource {
            OneOrMany::One(one) => vec![one],
            OneOrMany::Many(list) if list.is_empty() => return Err("request.resource: an empty list".to_owned()),
            OneOrMany::Many(list) => list,
        };
        if resources.iter().any(|r| r != "*" && Arn::parse(r).is_none()) {
            return Err("request.resource: neither `*` nor an ARN".to_owned());
        }
        let settings = json.settings.unwrap_or_default();
        let policies = json.policies.unwrap_or_default();
        let context = context(&request.context.unwrap_or_default(), request.context_complete.unwrap_or(true))?;
        let resource_account = request.resource_account.or_else(|| match context.get("aws:ResourceAccount") {
            ContextValue::Present([one]) => Some(one.clone()),
            _ => None,
        });
        let mut case = Case {
            principal: principal(request.principal)?,
            action: request.action,
            resources,
            resource_account,
            context,
            identity: documents("identity", policies.identity.as_ref())?,
            boundary: documents("boundary", policies.boundary.as_ref())?,
            session: documents("session", policies.session.as_ref())?,
            resource: documents("resource", policies.resource.as_ref())?,
            ram: documents("ram", policies.ram.as_ref())?.unwrap_or_default(),
            scp: levels("scp", policies.scp.as_ref())?,
            rcp: levels("rcp", policies.rcp.as_ref())?,
            vpc_endpoint: documents("vpc_endpoint", policies.vpc_endpoint.as_ref())?,
            unknown: unknown_kinds(settings.unknown_policy_types.as_deref().unwrap_or_default())?,
            settings: facts(settings)?,
        };
        case.check_elements()?;
        Ok(case)
    }

    /// Holds each document against what its kind of policy must and must not have.
    fn check_elements(&mut self) -> Result<(), String> {
        for (kind, list) in [("identity", &self.identity), ("boundary", &self.boundary), ("session", &self.session)] {
            check(kind, list.iter().flatten(), Some(false), Some(true))?;
        }
        check("scp", self.scp.iter().flatten().flat_map(|(_, l)| l), Some(false), Some(true))?;
        check("rcp", self.rcp.iter().flatten().flat_map(|(_, l)| l), Some(true), Some(true))?;
        check("vpc_endpoint", self.vpc_endpoint.iter().flatten(), None, None)?;
        check("ram", self.ram.iter(), Some(true), None)?;
        let is_trust = self.requests().any(|r| trust::asks_trust(&r) == Tri::Yes);
        check("resource", self.resource.iter().flatten(), Some(true), is_trust.then_some(false))
    }

    /// Its requests, one for each resource, ready for policies that were compiled over the built-in reference.
    pub fn requests(&self) -> impl Iterator<Item = PreparedRequest<'_>> {
        self.requests_over(ActionIndex::bundled())
    }

    /// Its requests, ready for policies that were compiled over this index of actions.
    pub fn requests_over(&self, actions: &ActionIndex) -> impl Iterator<Item = PreparedRequest<'_>> {
        self.resources.iter().map(|resource| {
            let request = Request {
                principal: &self.principal,
                action: &self.action,
                resource,
                resource_is_pattern: false,
                resource_account: self.resource_account.as_deref(),
                context: &self.context,
            };
            PreparedRequest::with_index(request, actions)
        })
    }

    /// Its policies.
    #[must_use]
    pub fn policies(&self) -> Policies<'_> {
        fn named(list: &[NamedDocument]) -> Vec<NamedPolicy<'_>> {
            list.iter().map(|d| NamedPolicy { name: &d.name, document: &d.document }).collect()
        }
        fn leveled(levels: &[(String, Vec<NamedDocument>)]) -> Vec<Level<'_>> {
            levels.iter().map(|(name, list)| Level { name, policies: named(list) }).collect()
        }
        Policies {
            identity: self.identity.as_deref().map(named),
            boundary: self.boundary.as_deref().map(named),
            session: self.session.as_deref().map(named),
            resource: self.resource.as_deref().map(named),
            ram: named(&self.ram),
            scp: self.scp.as_deref().map(leveled),
            rcp: self.rcp.as_deref().map(leveled),
            vpc_endpoint: self.vpc_endpoint.as_deref().map(named),
            settings: self.settings.clone(),
            unknown: self.unknown.clone(),
        }
    }
}

/// What AWS refuses in every kind of policy: no action, an action without service, a resource that is plain text.
fn check_texts(statement: &Statement) -> Result<(), String> {
    let (ActionElement::Action(actions) | ActionElement::NotAction(actions)) = &statement.action;
    if actions.is_empty() {
        return Err("names no action".to_owned());
    }
    if let Some(bare) = actions.iter().find(|a| *a != "*" && !a.contains(':')) {
        return Err(format!("has the action `{bare}` without a service"));
    }
    let resources = statement.resource.as_ref().map(ResourceElement::patterns).unwrap_or_default();
    match resources.iter().find(|r| *r != "*" && !r.contains(':')) {
        Some(bare) => Err(format!("has the resource `{bare}`, which is neither an ARN nor `*`")),
        None => Ok(()),
    }
}

/// Holds a document against what AWS refuses in its kind of policy. The two flags say whether statements have
/// (`Some(true)`), lack (`Some(false)`) or may have (`None`) principals and resources.
///
/// # Errors
/// A text that begins with the number of the statement and names the element.
pub fn check_document(document: &PolicyDocument, principal: Option<bool>, resource: Option<bool>) -> Result<(), String> {
    for (n, statement) in document.statements.iter().enumerate() {
        check_texts(statement).map_err(|e| format!("statement {n} {e}"))?;
        for (element, has, must) in
            [("Principal", statement.principal.is_some(), principal), ("Resource", statement.resource.is_some(), resource)]
        {
            match must {
                Some(true) if !has => return Err(format!("statement {n} has no {element}")),
                Some(false) if has => return Err(format!("statement {n} has a {element}, which this kind of policy cannot have")),
                _ => {}
            }
        }
    }
    Ok(())
}

fn check<'d>(
    kind: &str,
    list: impl Iterator<Item = &'d NamedDocument>,
    principal: Option<bool>,
    resource: Option<bool>,
) -> Result<(), String> {
    for (at, named) in list.enumerate() {
        check_document(&named.document, principal, resource).map_err(|e| format!("policies.{kind}[{at}].document: {e}"))?;
    }
    Ok(())
}

/// The kind of caller that an ARN names.
fn type_of(arn: &str) -> Result<&'static str, String> {
    match principal_kind(arn) {
        Some(PrincipalKind::User) => Ok("IAMUser"),
        Some(PrincipalKind::Role | PrincipalKind::Session) => Ok("AssumedRole"),
        Some(PrincipalKind::FederatedUser) => Ok("FederatedUser"),
        Some(PrincipalKind::Root) => Ok("Root"),
        Some(PrincipalKind::Group) | None => Err(format!("request.principal: `{arn}` is the ARN of no caller; give an object with `type`")),
    }
}

/// The caller, or its ARN alone; a role's ARN is some session of the role.
fn principal(value: Value) -> Result<RequestPrincipal, String> {
    let json = match value {
        Value::String(arn) => PrincipalJson { r#type: type_of(&arn)?.to_owned(), arn: Some(arn), ..PrincipalJson::default() },
        value => serde_json::from_value(value).map_err(|e| format!("request.principal: {e}"))?,
    };
    let kind = match json.r#type.as_str() {
        "IAMUser" => PrincipalType::IAMUser,
        "AssumedRole" => PrincipalType::AssumedRole,
        "FederatedUser" => PrincipalType::FederatedUser,
        "Root" => PrincipalType::Root,
        "Service" => PrincipalType::Service,
        "Anonymous" => PrincipalType::Anonymous,
        "WebIdentity" => PrincipalType::WebIdentity,
        "SAML" => PrincipalType::SAML,
        other => return Err(format!("request.principal.type: `{other}` is no kind of principal")),
    };
    let mut principal = RequestPrincipal {
        kind,
        arn: json.arn,
        role_arn: json.role_arn,
        account: json.account,
        service: json.service,
        unique_id: json.unique_id,
        canonical_user: json.canonical_user,
    };
    match kind {
        PrincipalType::IAMUser | PrincipalType::FederatedUser if principal.arn.is_none() => {
            return Err("request.principal.arn: missing".to_owned());
        }
        PrincipalType::AssumedRole => {
            // A role named where its session should be: one of its sessions, we cannot say which.
            if principal.arn.as_deref().and_then(principal_kind) == Some(PrincipalKind::Role) {
                principal.role_arn = principal.role_arn.or(principal.arn.take());
            }
            if principal.role_arn.is_none() {
                principal.role_arn = principal.arn.as_deref().and_then(role_of_session);
            }
            if principal.role_arn.is_none() {
                return Err("request.principal.role_arn: missing".to_owned());
            }
        }
        PrincipalType::Root if principal.account().is_none() => return Err("request.principal.account: missing".to_owned()),
        PrincipalType::Service => {
            principal.service = principal.service.or(principal.arn.take());
            if principal.service.is_none() {
                return Err("request.principal.service: missing".to_owned());
            }
        }
        _ => {}
    }
    Ok(principal)
}

fn context(json: &BTreeMap<String, Value>, complete: bool) -> Result<Context, String> {
    let mut context = Context::new(complete);
    let scalar = |key: &str, value: &Value| match value {
        Value::String(s) => Ok(s.clone()),
        Value::Bool(b) => Ok(b.to_string()),
        Value::Number(n) => Ok(n.to_string()),
        _ => Err(format!("request.context.{key}: neither a text, a number, a boolean nor a list of them")),
    };
    for (key, value) in json {
        match value {
            Value::Null => context.set_absent(key),
            Value::Array(list) => context.set(key, list.iter().map(|v| scalar(key, v)).collect::<Result<_, _>>()?),
            one => context.set(key, vec![scalar(key, one)?]),
        }
    }
    Ok(context)
}

/// `{name, document}` or a bare document.
fn document(field: &str, value: &Value) -> Result<NamedDocument, String> {
    let (name, document) = match value.as_object() {
        Some(map) if map.contains_key("document") => {
            if let Some(other) = map.keys().find(|k| !matches!(k.as_str(), "name" | "document")) {
                return Err(format!("{field}.{other}: unknown field"));
            }
            let name = match map.get("name") {
                None | Some(Value::Null) => "",
                Some(Value::String(name)) => name,
                Some(_) => return Err(format!("{field}.name: not a text")),
            };
            (name, map.get("document").unwrap_or(&Value::Null))
        }
        Some(map) if !map.contains_key("Statement") => return Err(format!("{field}: no document")),
        _ => ("", value),
    };
    let document = parse_document(document).map_err(|e| format!("{field}.document: {e}"))?;
    Ok(NamedDocument { name: name.to_owned(), document })
}

fn documents(kind: &str, value: Option<&Value>) -> Result<Documents, String> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Array(list)) => {
            list.iter().enumerate().map(|(at, v)| document(&format!("policies.{kind}[{at}]"), v)).collect::<Result<_, _>>().map(Some)
        }
        Some(one) => Ok(Some(vec![document(&format!("policies.{kind}"), one)?])),
    }
}

fn levels(kind: &str, value: Option<&Value>) -> Result<Levels, String> {
    let list = match value {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Array(list)) => list,
        Some(_) => return Err(format!("policies.{kind}: not a list of levels")),
    };
    let mut out = Vec::new();
    for (at, value) in list.iter().enumerate() {
        let field = format!("policies.{kind}[{at}]");
        let Some(map) = value.as_object() else { return Err(format!("{field}: not an object with `level` and `policies`")) };
        if let Some(other) = map.keys().find(|k| !matches!(k.as_str(), "level" | "policies")) {
            return Err(format!("{field}.{other}: unknown field"));
        }
        let name = map.get("level").and_then(Value::as_str).unwrap_or_default();
        let Some(Value::Array(policies)) = map.get("policies") else { return Err(format!("{field}.policies: not a list")) };
        let policies =
            policies.iter().enumerate().map(|(n, v)| document(&format!("{field}.policies[{n}]"), v)).collect::<Result<_, _>>()?;
        out.push((name.to_owned(), policies));
    }
    Ok(Some(out))
}

fn unknown_kinds(names: &[String]) -> Result<Vec<PolicyType>, String> {
    names
        .iter()
        .map(|name| {
            let found = PolicyType::ALL.into_iter().find(|k| k.as_str() == name);
            found.ok_or_else(|| format!("settings.unknown_policy_types: `{name}` is no kind of policy"))
        })
        .collect()
}

fn facts(json: SettingsJson) -> Result<Settings, String> {
    let acl = json.s3_acl.unwrap_or_default();
    let grants = |list: Vec<Map<String, Value>>| -> Result<_, String> {
        list.iter().map(acl_grant).collect::<Result<_, _>>().map_err(|e| format!("settings.s3_acl: {e}"))
    };
    let block = json.s3_block_public_access.as_ref().map(block_public_access).transpose();
    Ok(Settings {
        management_account: json.management_account,
        block_public_access: block.map_err(|e| format!("settings.s3_block_public_access.{e}"))?.unwrap_or_default(),
        object_ownership: match json.s3_object_ownership.as_deref() {
            None => None,
            Some(text) => Some(
                ObjectOwnership::parse(text).ok_or_else(|| format!("settings.s3_object_ownership: `{text}` is none of AWS's three"))?,
            ),
        },
        bucket_acl: grants(acl.bucket)?,
        object_acl: grants(acl.object)?,
        kms_grants: json
            .kms_grants
            .unwrap_or_default()
            .iter()
            .map(kms_grant)
            .collect::<Result<_, _>>()
            .map_err(|e| format!("settings.kms_grants: {e}"))?,
        vpc_endpoint_type: match json.vpc_endpoint_type.as_deref() {
            None | Some("Interface") => VpcEndpointType::Interface,
            Some("Gateway") => VpcEndpointType::Gateway,
            Some(other) => return Err(format!("settings.vpc_endpoint_type: `{other}` is neither Interface nor Gateway")),
        },
    })
}
