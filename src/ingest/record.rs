//! One record → one event row and its action rows. Only the columns of the store are read; wrong types are
//! taken for what they mean (`"true"`, `""`), a record without a name, source or time is rejected.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::call;
use super::decode::Reject;
use super::identity::{Caller, boolean, caller};
use super::issued::{Issued, issued};
use super::outcome::outcome;
use super::times::{date_of, parse_ms};
use crate::aws::denial::{Denial, parse as parse_denial};
use crate::aws::is_account_id;
use crate::event::{ActionRow, EventRow};
use crate::reference::Reference;
use crate::reference::bundle::sha256_hex;
use crate::reference::mapping::{CallFacts, LoggedResource, Mapper, Mapping};

/// The fields that are read; each on its own, so that one of a wrong type spoils no other.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Raw<'a> {
    #[serde(borrow, rename = "eventID")]
    event_id: Option<&'a RawValue>,
    #[serde(borrow)]
    event_time: Option<&'a RawValue>,
    #[serde(borrow)]
    event_source: Option<&'a RawValue>,
    #[serde(borrow)]
    event_name: Option<&'a RawValue>,
    #[serde(borrow)]
    event_type: Option<&'a RawValue>,
    #[serde(borrow)]
    event_category: Option<&'a RawValue>,
    #[serde(borrow)]
    aws_region: Option<&'a RawValue>,
    #[serde(borrow)]
    read_only: Option<&'a RawValue>,
    #[serde(borrow)]
    management_event: Option<&'a RawValue>,
    #[serde(borrow)]
    error_code: Option<&'a RawValue>,
    #[serde(borrow)]
    error_message: Option<&'a RawValue>,
    #[serde(borrow, rename = "requestID")]
    request_id: Option<&'a RawValue>,
    #[serde(borrow, rename = "sharedEventID")]
    shared_event_id: Option<&'a RawValue>,
    #[serde(borrow)]
    recipient_account_id: Option<&'a RawValue>,
    #[serde(borrow)]
    user_identity: Option<&'a RawValue>,
    #[serde(borrow, rename = "sourceIPAddress")]
    source_ip: Option<&'a RawValue>,
    #[serde(borrow)]
    user_agent: Option<&'a RawValue>,
    #[serde(borrow)]
    vpc_endpoint_id: Option<&'a RawValue>,
    #[serde(borrow)]
    tls_details: Option<&'a RawValue>,
    #[serde(borrow)]
    request_parameters: Option<&'a RawValue>,
    #[serde(borrow)]
    response_elements: Option<&'a RawValue>,
    #[serde(borrow)]
    resources: Option<&'a RawValue>,
}

fn value(raw: Option<&RawValue>) -> Value {
    raw.and_then(|r| serde_json::from_str(r.get()).ok()).unwrap_or(Value::Null)
}

/// A text; numbers and booleans as text, empty and null as absent.
fn text(raw: Option<&RawValue>) -> Option<String> {
    match value(raw) {
        Value::String(s) if !s.is_empty() => Some(s),
        Value::Bool(b) => Some(b.to_string()),
        Value::Number(n) => Some(n.to_string()),
        _ => None,
    }
}

/// The condition keys that the record tells. An ExternalId is a shared secret: only its hash is kept.
fn context(row: &EventRow, caller: &Caller, request: &Value, tls: bool) -> BTreeMap<String, String> {
    let mut keys = BTreeMap::new();
    let mut set = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            keys.insert(key.to_owned(), value);
        }
    };
    let is_ip = row.source_ip.as_deref().is_some_and(|ip| ip.parse::<std::net::IpAddr>().is_ok());
    if is_ip && row.vpc_endpoint_id.is_none() {
        set("aws:SourceIp", row.source_ip.clone());
    }
    set("aws:SourceVpce", row.vpc_endpoint_id.clone());
    set("aws:RequestedRegion", row.region.clone());
    set("aws:MultiFactorAuthPresent", caller.mfa.map(|b| b.to_string()));
    set("aws:SourceIdentity", caller.source_identity.clone());
    set("aws:TokenIssueTime", caller.issued.clone());
    if caller.kind.as_deref() != Some("AWSService") {
        set("aws:CalledVia", caller.invoked_by.clone().filter(|s| s.ends_with(".amazonaws.com")));
        set("aws:ViaAWSService", caller.invoked_by.as_ref().map(|_| "true".to_owned()));
    }
    set("aws:SecureTransport", tls.then(|| "true".to_owned()));
    set("aws:FederatedProvider", caller.provider.clone());
    if let (Some(provider), Some(subject)) = (&caller.provider, &caller.subject) {
        let host = provider.rsplit_once("oidc-provider/").map_or(provider.as_str(), |(_, h)| h);
        set(&format!("{host}:sub"), Some(subject.clone()));
    }
    if row.event_source.as_deref() == Some("sts.amazonaws.com") {
        let parameter = |name: &str| request.get(name).and_then(Value::as_str).filter(|s| !s.is_empty());
        set("sts:RoleSessionName", parameter("roleSessionName").map(str::to_owned));
        set("sts:SourceIdentity", parameter("sourceIdentity").map(str::to_owned));
        set("sts:ExternalId", parameter("externalId").map(hashed));
    }
    keys
}

fn hashed(secret: &str) -> String {
    let hash = sha256_hex(secret.as_bytes());
    format!("sha256:{}", hash.get(..16).unwrap_or(&hash))
}

/// Keys of the context that are few enough to group calls by.
const CLASS_KEYS: &[&str] = &["aws:CalledVia", "aws:MultiFactorAuthPresent", "aws:SecureTransport", "aws:SourceVpce", "aws:ViaAWSService"];

fn json_text(keys: &BTreeMap<String, String>) -> Option<String> {
    serde_json::to_string(keys).ok()
}

/// Why a text is not read as a record.
fn not_a_record(json: &str, error: &serde_json::Error) -> String {
    if json.trim_start().starts_with('{') { format!("not a record: {error}") } else { "not a record: no JSON object".to_owned() }
}

/// The rows of one record.
///
/// # Errors
/// Field and reason, when the record is no event.
pub fn rows(json: &str, file: &str, index: usize, mapper: &Mapper, reference: &Reference) -> Result<(EventRow, Vec<ActionRow>), Reject> {
    let raw: Raw<'_> = serde_json::from_str(json).map_err(|e| ("", not_a_record(json, &e)))?;
    let event_name = text(raw.event_name).map(|n| n.trim().to_owned()).filter(|n| !n.is_empty());
    let event_name = event_name.ok_or(("eventName", "missing eventName".to_owned()))?;
    let event_source = text(raw.event_source).ok_or(("eventSource", "missing eventSource".to_owned()))?;
    let time = text(raw.event_time).ok_or(("eventTime", "missing eventTime".to_owned()))?;
    let at = parse_ms(&time).ok_or(("eventTime", "bad eventTime: not a time between 1970 and 2200".to_owned()))?;
    let date = date_of(at).ok_or(("eventTime", "bad eventTime: no date".to_owned()))?;
    let identity = value(raw.user_identity);
    let caller = caller(Some(&identity));
    // Only calls to STS tell condition keys and credentials in their parameters; the mapper reads the text itself.
    let of_sts = event_source == "sts.amazonaws.com";
    let request = if of_sts { value(raw.request_parameters) } else { Value::Null };
    let error_code = text(raw.error_code);
    let error_message = text(raw.error_message);
    let tls = value(raw.tls_details);
    let account = text(raw.recipient_account_id).or_else(|| caller.account.clone());
    let event_type = text(raw.event_type);
    let issued = if of_sts && error_code.is_none() {
        issued(&event_name, &request, &value(raw.response_elements))
    } else {
        Issued::default()
    };
    let category = text(raw.event_category).or_else(|| {
        boolean(Some(&value(raw.management_event))).map(|m| if m { "Management" } else { "Data" }.to_owned())
    });
    let mut row = EventRow {
        event_time_ms: Some(at),
        event_id: Some(text(raw.event_id).unwrap_or_else(|| format!("sha256:{}", sha256_hex(json.as_bytes())))),
        account: account.filter(|a| is_account_id(a)),
        date: Some(date),
        region: text(raw.aws_region),
        event_source: Some(event_source.clone()),
        event_name: Some(event_name.clone()),
        event_type: event_type.clone(),
        event_category: category,
        read_only: boolean(Some(&value(raw.read_only))),
        outcome: Some(outcome(error_code.as_deref(), error_message.as_deref()).to_owned()),
        error_code,
        error_message,
        request_id: text(raw.request_id),
        shared_event_id: text(raw.shared_event_id),
        principal_key: caller.key.clone(),
        principal_arn: caller.arn.clone(),
        principal_type: caller.kind.clone(),
        principal_account: caller.account.clone(),
        session_name: caller.session.clone(),
        source_identity: caller.source_identity.clone(),
        access_key_id: caller.access_key_id.clone(),
        issued_access_key_id: issued.access_key_id,
        session_policy: issued.policy,
        session_policy_arns: issued.policy_arns,
        invoked_by: caller.invoked_by.clone(),
        mfa_authenticated: caller.mfa,
        source_ip: text(raw.source_ip),
        user_agent: text(raw.user_agent),
        vpc_endpoint_id: text(raw.vpc_endpoint_id),
        tls_version: tls.get("tlsVersion").and_then(Value::as_str).map(str::to_owned),
        context_json: None,
        mapping: None,
        source_file: Some(file.to_owned()),
        record_index: i64::try_from(index).ok(),
    };
    let keys = context(&row, &caller, &request, tls.is_object());
    row.context_json = json_text(&keys);
    let is_service = caller.kind.as_deref() == Some("AWSService");
    let is_denied = row.outcome.as_deref() == Some("denied");
    let denial = row.error_message.as_deref().filter(|_| is_denied).and_then(parse_denial);
    let is_summary = matches!(row.event_category.as_deref(), Some("Insight" | "Aggregated"));
    let actions = if is_summary {
        action_rows(&mut row, Mapping::NoPermission("a summary, not a call"), &keys, None, reference)
    } else if !is_service || event_name.starts_with("AssumeRole") {
        let mapping = map(mapper, &row, &raw, denial.as_ref());
        action_rows(&mut row, mapping, &keys, denial.as_ref(), reference)
    } else {
        action_rows(&mut row, Mapping::NoPermission("called by an AWS service itself"), &keys, None, reference)
    };
    Ok((row, actions))
}

/// An entry of `resources[]`; each field on its own, as in [`Raw`].
#[derive(Deserialize, Default)]
#[serde(default)]
struct RawResource<'a> {
    #[serde(borrow, rename = "ARN", alias = "arn")]
    arn: Option<&'a RawValue>,
    #[serde(borrow, rename = "accountId")]
    account: Option<&'a RawValue>,
}

/// The JSON text of parameters. Some exporters write the object as a text of its own; that text is read then.
fn parameters(raw: Option<&RawValue>) -> Cow<'_, str> {
    match raw.map_or("", RawValue::get) {
        quoted if quoted.starts_with('"') => Cow::Owned(serde_json::from_str(quoted).unwrap_or_default()),
        json => Cow::Borrowed(json),
    }
}

fn map<'m>(mapper: &'m Mapper, row: &EventRow, raw: &Raw<'_>, denial: Option<&Denial>) -> Mapping<'m> {
    let entries: Vec<RawResource<'_>> = raw.resources.and_then(|r| serde_json::from_str(r.get()).ok()).unwrap_or_default();
    let texts: Vec<(Option<String>, Option<String>)> = entries.iter().map(|r| (text(r.arn), text(r.account))).collect();
    let resources: Vec<LoggedResource<'_>> =
        texts.iter().map(|(arn, account)| LoggedResource { arn: arn.as_deref(), account: account.as_deref() }).collect();
    mapper.map(&CallFacts {
        event_source: row.event_source.as_deref().unwrap_or(""),
        event_name: row.event_name.as_deref().unwrap_or(""),
        event_type: row.event_type.as_deref().unwrap_or("AwsApiCall"),
        region: row.region.as_deref().unwrap_or(""),
        account: row.account.as_deref().unwrap_or(""),
        principal_type: row.principal_type.as_deref().unwrap_or(""),
        principal_arn: row.principal_arn.as_deref(),
        request: &parameters(raw.request_parameters),
        response: &parameters(raw.response_elements),
        resources: &resources,
        denied_resource: denial.and_then(|d| d.resource.as_deref()),
    })
}

fn action_rows(
    row: &mut EventRow,
    mapping: Mapping<'_>,
    keys: &BTreeMap<String, String>,
    denial: Option<&Denial>,
    reference: &Reference,
) -> Vec<ActionRow> {
    let class: BTreeMap<String, String> =
        keys.iter().filter(|(k, _)| CLASS_KEYS.contains(&k.as_str())).map(|(k, v)| (k.clone(), v.clone())).collect();
    let base = ActionRow {
        event_time_ms: row.event_time_ms,
        event_id: row.event_id.clone(),
        account: row.account.clone(),
        date: row.date.clone(),
        region: row.region.clone(),
        event_source: row.event_source.clone(),
        event_name: row.event_name.clone(),
        event_category: row.event_category.clone(),
        read_only: row.read_only,
        principal_key: row.principal_key.clone(),
        principal_arn: row.principal_arn.clone(),
        principal_type: row.principal_type.clone(),
        principal_account: row.principal_account.clone(),
        outcome: row.outcome.clone(),
        error_code: row.error_code.clone(),
        context_class: json_text(&class),
        call_key: call::key(row),
        side: Some(call::side(row).to_owned()),
        ..ActionRow::default()
    };
    let of_access_log = call::is_of_access_log(row);
    let mut rows = match mapping {
        Mapping::NoPermission(_) => {
            row.mapping = Some("no-permission".to_owned());
            Vec::new()
        }
        Mapping::Unknown => {
            row.mapping = Some("unknown".to_owned());
            vec![base]
        }
        Mapping::Actions(list) => {
            row.mapping = Some("mapped".to_owned());
            list.into_iter()
                .map(|mapped| ActionRow {
                    action: Some(reference.name(mapped.action).to_owned()),
                    resource_arn: Some(mapped.resource),
                    arn_provenance: Some(if of_access_log { "access-log" } else { mapped.provenance.as_str() }.to_owned()),
                    resource_type: mapped.kind.map(str::to_owned),
                    derived: Some(mapped.derived),
                    context_class: if mapped.context.is_empty() {
                        base.context_class.clone()
                    } else {
                        json_text(&class.iter().map(|(k, v)| (k.clone(), v.clone())).chain(mapped.context).collect())
                    },
                    ..base.clone()
                })
                .collect()
        }
    };
    if let Some(said) = denial {
        write_denial(&mut rows, said);
    }
    rows
}

/// Writes what the denial says to the rows that it speaks of: a message names one action (a `GetObject` may be
/// refused for `kms:Decrypt`) on one resource, and another action of the same call is not thereby refused by it.
fn write_denial(rows: &mut [ActionRow], said: &Denial) {
    let of_action = |row: &ActionRow| match (&row.action, &said.action) {
        (Some(action), Some(named)) => action.eq_ignore_ascii_case(named),
        _ => true,
    };
    let of_resource = |row: &ActionRow| row.resource_arn == said.resource;
    let exact = rows.iter().any(|row| of_action(row) && of_resource(row));
    for row in rows.iter_mut().filter(|row| of_action(row) && (!exact || of_resource(row))) {
        row.denied_effect = said.effect.map(|e| e.as_str().to_owned());
        row.denied_policy_type = said.policy_type.map(str::to_owned);
        row.denied_policy_arn.clone_from(&said.policy_arn);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn denied(rows: &[ActionRow]) -> Vec<(&str, &str, Option<&str>, Option<&str>)> {
        rows.iter()
            .map(|r| (r.action.as_deref().unwrap(), r.resource_arn.as_deref().unwrap(), r.denied_effect.as_deref(), r.denied_policy_type.as_deref()))
            .collect()
    }

    fn row(action: &str, resource: &str) -> ActionRow {
        ActionRow { action: Some(action.to_owned()), resource_arn: Some(resource.to_owned()), ..ActionRow::default() }
    }

    #[test]
    fn a_denial_speaks_of_one_action_on_one_resource() {
        let mut rows = vec![row("ec2:RunInstances", "arn:a"), row("ec2:RunInstances", "arn:b"), row("iam:PassRole", "arn:c")];
        let said = |text: &str| parse_denial(&format!("User: arn:u is not authorized to perform: {text}")).unwrap();
        write_denial(&mut rows, &said("EC2:RunInstances on resource: arn:b because no permissions boundary allows the EC2:RunInstances action"));
        let at_b = ("ec2:RunInstances", "arn:b", Some("implicit"), Some("boundary"));
        assert_eq!(denied(&rows), [("ec2:RunInstances", "arn:a", None, None), at_b, ("iam:PassRole", "arn:c", None, None)]);
        // A resource that no row has: all rows of the action. An action that no row has: none.
        let mut rows = vec![row("s3:GetObject", "arn:a"), row("s3:GetObject", "arn:b")];
        write_denial(&mut rows, &said("kms:Decrypt on this resource with an explicit deny in a service control policy"));
        assert!(rows.iter().all(|r| r.denied_effect.is_none()));
        write_denial(&mut rows, &said("s3:GetObject on resource: arn:z with an explicit deny in a service control policy: arn:aws:organizations::1:policy/p"));
        assert!(rows.iter().all(|r| r.denied_policy_arn.as_deref() == Some("arn:aws:organizations::1:policy/p")));
        assert!(rows.iter().all(|r| r.denied_effect.as_deref() == Some("explicit")));
    }

    #[test]
    fn only_denied_calls_have_a_layer() {
        let reference = Reference::bundled().unwrap();
        let mapper = Mapper::new(reference).unwrap();
        let message = "User: arn:aws:iam::111122223333:user/ann is not authorized to perform: iam:ListUsers on resource: * because no identity-based policy allows the iam:ListUsers action";
        for (code, message, expected) in [
            (Some("AccessDenied"), Some(message), Some("identity")),
            (Some("AccessDenied"), Some("Access Denied"), None),
            (Some("AccessDenied"), None, None),
            (None, Some(message), None),
            (Some("VpceAccessDenied"), Some("The request was denied due to a VPC endpoint policy"), Some("vpc_endpoint")),
        ] {
            let record = serde_json::json!({
                "eventID": "e", "eventTime": "2026-10-01T00:00:00Z", "eventSource": "iam.amazonaws.com", "eventName": "ListUsers",
                "userIdentity": {"type": "IAMUser", "principalId": "AIDAEXAMPLE", "arn": "arn:aws:iam::111122223333:user/ann", "accountId": "111122223333"},
                "errorCode": code, "errorMessage": message,
            });
            let (_, actions) = rows(&record.to_string(), "f", 0, &mapper, reference).unwrap();
            assert_eq!(actions[0].action.as_deref(), Some("iam:ListUsers"));
            assert_eq!(actions[0].denied_policy_type.as_deref(), expected, "{code:?} {message:?}");
        }
    }
}
