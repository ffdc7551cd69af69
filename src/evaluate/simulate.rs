//! `trailtrim simulate`: cases in NDJSON, one answer a line, in order (design.md section 5).
//!
//! A case with a policy type that is not evaluated yet, or with a document that AWS would refuse, answers an
//! error and never a decision.

use std::collections::BTreeMap;
use std::io::{BufRead, Write};

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Context, Evaluation, Layers, NamedPolicy, PrincipalType, Request, RequestPrincipal, evaluate};
use crate::aws::Arn;
use crate::policy::{PolicyDocument, parse_document};

/// What a run of cases gave.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SimulateSummary {
    /// Cases read.
    pub cases: u64,
    /// Cases that answered an error.
    pub errors: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    #[serde(default, rename = "id")]
    _id: serde::de::IgnoredAny,
    request: CaseRequest,
    #[serde(default)]
    policies: CasePolicies,
    #[serde(default)]
    settings: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseRequest {
    principal: CasePrincipal,
    action: String,
    resource: String,
    resource_account: Option<String>,
    #[serde(default)]
    context: BTreeMap<String, Value>,
    #[serde(default = "yes")]
    context_complete: bool,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CasePrincipal {
    r#type: String,
    arn: Option<String>,
    role_arn: Option<String>,
    account: Option<String>,
    service: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct CasePolicies {
    identity: Option<Vec<CasePolicy>>,
    boundary: Option<Vec<CasePolicy>>,
    session: Option<Value>,
    resource: Option<Value>,
    scp: Option<Value>,
    rcp: Option<Value>,
    vpc_endpoint: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CasePolicy {
    #[serde(default)]
    name: String,
    document: Value,
}

type Named = (String, PolicyDocument);

/// Answers every case of a stream.
///
/// # Errors
/// Only those of reading and writing; a bad case is an answer.
pub fn run(reader: impl BufRead, mut writer: impl Write) -> Result<SimulateSummary, std::io::Error> {
    let mut summary = SimulateSummary::default();
    for line in reader.split(b'\n') {
        let line = line?;
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        summary.cases += 1;
        let (answer, failed) = answer(&line);
        summary.errors += u64::from(failed);
        serde_json::to_writer(&mut writer, &answer)?;
        writer.write_all(b"\n")?;
    }
    writer.flush()?;
    Ok(summary)
}

/// The answer to one case; `true` when it is an error.
#[must_use]
pub fn answer(line: &[u8]) -> (Value, bool) {
    let value: Value = match serde_json::from_slice(line) {
        Ok(value) => value,
        Err(e) => return (json!({"id": null, "error": format!("not JSON: {e}")}), true),
    };
    let id = value.get("id").cloned().unwrap_or(Value::Null);
    match serde_json::from_value::<Case>(value).map_err(|e| e.to_string()).and_then(|case| decide(&case)) {
        Ok(evaluation) => (printed(&id, &evaluation), false),
        Err(error) => (json!({"id": id, "error": error}), true),
    }
}

fn printed(id: &Value, evaluation: &Evaluation) -> Value {
    let decided_by: Vec<Value> = evaluation
        .decided_by
        .iter()
        .map(|d| json!({"policy_type": d.policy_type.as_str(), "policy": d.policy, "statement": d.statement}))
        .collect();
    json!({
        "id": id,
        "decision": evaluation.decision.as_str(),
        "decided_by": decided_by,
        "missing_policy_type": evaluation.missing_policy_type.map(super::PolicyType::as_str),
        "missing_context": evaluation.missing_context,
    })
}

fn principal(case: &CasePrincipal) -> Result<RequestPrincipal, String> {
    let kind = match case.r#type.as_str() {
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
    match kind {
        PrincipalType::IAMUser | PrincipalType::FederatedUser if case.arn.is_none() => {
            return Err("request.principal.arn: missing".to_owned());
        }
        PrincipalType::AssumedRole if case.role_arn.is_none() => return Err("request.principal.role_arn: missing".to_owned()),
        _ => {}
    }
    Ok(RequestPrincipal {
        kind,
        arn: case.arn.clone(),
        role_arn: case.role_arn.clone(),
        account: case.account.clone(),
        service: case.service.clone(),
        unique_id: None,
    })
}

fn context(case: &CaseRequest) -> Result<Context, String> {
    let mut context = Context::new(case.context_complete);
    let scalar = |key: &str, value: &Value| match value {
        Value::String(s) => Ok(s.clone()),
        Value::Bool(b) => Ok(b.to_string()),
        Value::Number(n) => Ok(n.to_string()),
        _ => Err(format!("request.context.{key}: neither a text, a number, a boolean nor a list of them")),
    };
    for (key, value) in &case.context {
        match value {
            Value::Null => context.set_absent(key),
            Value::Array(list) => context.set(key, list.iter().map(|v| scalar(key, v)).collect::<Result<_, _>>()?),
            one => context.set(key, vec![scalar(key, one)?]),
        }
    }
    Ok(context)
}

/// Identity policies and boundaries: resources are needed, principals are refused.
fn identity_documents(kind: &str, list: Option<&Vec<CasePolicy>>) -> Result<Option<Vec<Named>>, String> {
    let Some(list) = list else { return Ok(None) };
    let mut out = Vec::new();
    for (at, policy) in list.iter().enumerate() {
        let field = format!("policies.{kind}[{at}].document");
        let document = parse_document(&policy.document).map_err(|e| format!("{field}: {e}"))?;
        for (n, statement) in document.statements.iter().enumerate() {
            if statement.principal.is_some() {
                return Err(format!("{field}: statement {n} has a Principal, which this kind of policy cannot have"));
            }
            if statement.resource.is_none() {
                return Err(format!("{field}: statement {n} has no Resource"));
            }
        }
        out.push((policy.name.clone(), document));
    }
    Ok(Some(out))
}

/// The resource policy, which is evaluated for role trust only.
fn trust_document(request: &CaseRequest, value: Option<&Value>) -> Result<Option<Named>, String> {
    let Some(value) = value.filter(|v| !v.is_null()) else { return Ok(None) };
    let is_role = Arn::parse(&request.resource).is_some_and(|a| a.service == "iam" && a.resource.starts_with("role/"));
    let is_sts = request.action.get(..4).is_some_and(|p| p.eq_ignore_ascii_case("sts:"));
    if !(is_role && is_sts) {
        return Err("policies.resource: not evaluated yet for other resources than roles".to_owned());
    }
    let (name, document) = match (value.get("document"), value.get("Statement")) {
        (Some(document), _) => (value.get("name").and_then(Value::as_str).unwrap_or("").to_owned(), document),
        (None, Some(_)) => (String::new(), value),
        (None, None) => return Err("policies.resource: no document".to_owned()),
    };
    let document = parse_document(document).map_err(|e| format!("policies.resource.document: {e}"))?;
    for (n, statement) in document.statements.iter().enumerate() {
        if statement.principal.is_none() {
            return Err(format!("policies.resource.document: statement {n} has no Principal"));
        }
        if statement.resource.is_some() {
            return Err(format!("policies.resource.document: statement {n} has a Resource, which a trust policy cannot have"));
        }
    }
    Ok(Some((name, document)))
}

fn decide(case: &Case) -> Result<Evaluation, String> {
    let policies = &case.policies;
    for (kind, value) in [("session", &policies.session), ("scp", &policies.scp), ("rcp", &policies.rcp), ("vpc_endpoint", &policies.vpc_endpoint)] {
        if value.is_some() {
            return Err(format!("policies.{kind}: not evaluated yet"));
        }
    }
    if let Some(setting) = case.settings.keys().find(|k| *k != "management_account") {
        return Err(format!("settings.{setting}: not evaluated yet"));
    }
    if !case.request.action.contains(':') || case.request.action.contains(['*', '?']) {
        return Err("request.action: not the name of one action".to_owned());
    }
    if case.request.resource != "*" && Arn::parse(&case.request.resource).is_none() {
        return Err("request.resource: neither `*` nor an ARN".to_owned());
    }
    let principal = principal(&case.request.principal)?;
    let context = context(&case.request)?;
    let identity = identity_documents("identity", policies.identity.as_ref())?;
    let boundary = identity_documents("boundary", policies.boundary.as_ref())?;
    let trust = trust_document(&case.request, policies.resource.as_ref())?;
    let layers = Layers {
        identity: identity.as_deref().map(named_policies),
        boundary: boundary.as_deref().map(named_policies),
        resource: trust.as_ref().map(|(name, document)| NamedPolicy { name, document }),
    };
    let request = Request {
        principal: &principal,
        action: &case.request.action,
        resource: &case.request.resource,
        resource_is_pattern: false,
        resource_account: case.request.resource_account.as_deref(),
        context: &context,
    };
    Ok(evaluate(&request, &layers))
}

fn named_policies(list: &[Named]) -> Vec<NamedPolicy<'_>> {
    list.iter().map(|(name, document)| NamedPolicy { name, document }).collect()
}
