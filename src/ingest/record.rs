//! One record → one event row and its action rows. A record without a name, source or time is rejected.

use std::borrow::Cow;

use serde_json::Value;

use super::{call, changes};
use super::context::{Context, Keys, LastContext, class, json_text, keys};
use super::fields::Reject;
use super::fields::{Fields, Text};
use super::identity::{Caller, caller};
use super::issued::{Issued, issued};
use super::outcome::outcome;
use super::raw;
use super::sign_in::SignIn;
use super::times::instant;
use crate::aws::denial::{Denial, parse as parse_denial};
use crate::aws::is_account_id;
use crate::aws::secret::without_encoded;
use crate::event::{ActionRow, ChangeRow, EventRow};
use crate::reference::Reference;
use crate::reference::mapping::{CallFacts, LoggedResource, Mapper, Mapping};

/// What one record gives. The rows of actions have only what the event's row does not have; columns of the same name are the same.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Rows<'a> {
    /// The event.
    pub event: EventRow<Text<'a>>,
    /// Its actions.
    pub actions: Vec<ActionRow<Text<'a>>>,
    /// What it changed of the grants.
    pub change: Option<ChangeRow>,
    /// The number of its context among those of its caller; `None` if it is not remembered.
    pub context_serial: Option<u64>,
}

/// The rows of one record; `index` is its place in the file.
///
/// # Errors
/// Field and reason, when the record is no event.
pub fn rows<'a>(fields: Fields<'a>, file: &'a str, index: u64, mapper: &'a Mapper, reference: &'a Reference) -> Result<Rows<'a>, Reject> {
    let caller = caller(&fields.identity);
    rows_of(fields, caller, None, (file, index), mapper, reference)
}

/// The rows of one record whose caller is known; `last` is the context of the caller's call before, `place` its file and place there.
///
/// # Errors
/// As [`rows`].
pub fn rows_of<'a>(
    fields: Fields<'a>,
    caller: Caller<'a>,
    last: Option<&'a mut LastContext>,
    (file, index): (&'a str, u64),
    mapper: &'a Mapper,
    reference: &'a Reference,
) -> Result<Rows<'a>, Reject> {
    let event_name = fields.event_name.clone().map(trimmed).filter(|n| !n.is_empty()).ok_or(("eventName", "missing eventName".to_owned()))?;
    let event_source = fields.event_source.clone().ok_or(("eventSource", "missing eventSource".to_owned()))?;
    let time = fields.event_time.clone().ok_or(("eventTime", "missing eventTime".to_owned()))?;
    let (at, date) = instant(time).ok_or(("eventTime", "bad eventTime: not a time between 1970 and 2200".to_owned()))?;
    let date = date.ok_or(("eventTime", "bad eventTime: no date".to_owned()))?;
    // Only calls to STS tell condition keys and credentials in their parameters; the mapper reads the text itself.
    let of_sts = event_source == "sts.amazonaws.com";
    let request: Value = if of_sts { raw::read(&fields.request) } else { Value::Null };
    let account = fields.recipient_account.clone().or_else(|| caller.account.clone());
    let issued = if of_sts && fields.error_code.is_none() {
        issued(&event_name, &request, &raw::read(&fields.response))
    } else {
        Issued::default()
    };
    let sign_in = if event_source == "signin.amazonaws.com" { SignIn::of(&fields.response, &fields.additional) } else { SignIn::default() };
    let category = fields.event_category.clone().or_else(|| fields.management_event.map(|m| Cow::Borrowed(if m { "Management" } else { "Data" })));
    let mut event = EventRow {
        event_time_ms: Some(at),
        event_id: fields.event_id.clone(),
        account: account.filter(|a| is_account_id(a)),
        date: Some(date),
        region: fields.region.clone(),
        event_source: Some(event_source),
        event_name: Some(event_name),
        event_type: fields.event_type.clone(),
        event_category: category,
        read_only: fields.read_only,
        outcome: Some(Cow::Borrowed(outcome(fields.error_code.as_deref(), fields.error_message.as_deref()))),
        error_code: fields.error_code.clone(),
        error_message: fields.error_message.clone().map(without_encoded),
        request_id: fields.request_id.clone(),
        shared_event_id: fields.shared_event_id.clone(),
        replaces: fields.replaces.clone(),
        principal_key: caller.key.clone(),
        principal_arn: caller.arn.clone(),
        principal_type: caller.kind.clone(),
        principal_account: caller.account.clone(),
        session_name: caller.session.clone(),
        source_identity: caller.source_identity.clone(),
        access_key_id: caller.access_key_id.clone(),
        issued_access_key_id: issued.access_key_id.map(Cow::Owned),
        session_policy: issued.policy.map(Cow::Owned),
        session_policy_arns: issued.policy_arns.map(Cow::Owned),
        invoked_by: caller.invoked_by.clone(),
        mfa_authenticated: caller.mfa,
        assumed_root: caller.assumed_root,
        signed_in: sign_in.succeeded,
        mfa_used: sign_in.mfa_used,
        source_ip: fields.source_ip.clone(),
        user_agent: fields.user_agent.clone(),
        vpc_endpoint_id: fields.vpc_endpoint_id.clone(),
        tls_version: fields.tls_version.clone(),
        context_json: None,
        mapping: None,
        source_file: Some(Cow::Borrowed(file)),
        record_index: i64::try_from(index).ok(),
    };
    let context = match last {
        Some(last) => last.of(&event, &caller, &request, fields.has_tls),
        None => Context::of(&keys(&event, &caller, &request, fields.has_tls)),
    };
    event.context_json = Some(context.json);
    let is_service = caller.kind.as_deref() == Some("AWSService");
    let is_denied = event.outcome.as_deref() == Some("denied");
    let denial = event.error_message.as_deref().filter(|_| is_denied).and_then(parse_denial);
    let is_call = !is_service || event.event_name.as_deref().is_some_and(|n| n.starts_with("AssumeRole"));
    let is_summary = matches!(event.event_category.as_deref(), Some("Insight" | "Aggregated"));
    let mapping = match (is_summary, is_call) {
        (true, _) => Mapping::NoPermission("a summary, not a call"),
        (_, false) => Mapping::NoPermission("called by an AWS service itself"),
        _ => map(mapper, &event, &fields, denial.as_ref()),
    };
    // Few calls tell a condition key of one of their actions.
    let keys = |event: &EventRow<Text<'a>>| keys(event, &caller, &request, fields.has_tls);
    let actions = action_rows(&mut event, mapping, &context.class, keys, denial.as_ref().filter(|_| is_call && !is_summary), reference);
    let change = changes::change(&event, &fields.request, &fields.response);
    Ok(Rows { event, actions, change, context_serial: context.serial })
}

fn trimmed(text: Text<'_>) -> Text<'_> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    }
}

fn map<'m>(mapper: &'m Mapper, event: &EventRow<Text<'_>>, fields: &Fields<'_>, denial: Option<&Denial>) -> Mapping<'m> {
    let resources: Vec<LoggedResource<'_>> =
        fields.resources.iter().map(|(arn, account)| LoggedResource { arn: arn.as_deref(), account: account.as_deref() }).collect();
    mapper.map(&CallFacts {
        event_source: event.event_source.as_deref().unwrap_or(""),
        event_name: event.event_name.as_deref().unwrap_or(""),
        event_type: event.event_type.as_deref().unwrap_or("AwsApiCall"),
        region: event.region.as_deref().unwrap_or(""),
        account: event.account.as_deref().unwrap_or(""),
        principal_type: event.principal_type.as_deref().unwrap_or(""),
        principal_arn: event.principal_arn.as_deref(),
        request: &fields.request,
        response: &fields.response,
        resources: &resources,
        denied_resource: denial.and_then(|d| d.resource.as_deref()),
    })
}

fn action_rows<'a>(
    event: &mut EventRow<Text<'a>>,
    mapping: Mapping<'a>,
    context_class: &Text<'a>,
    keys: impl Fn(&EventRow<Text<'a>>) -> Keys<'a>,
    denial: Option<&Denial>,
    reference: &'a Reference,
) -> Vec<ActionRow<Text<'a>>> {
    let (word, list) = match mapping {
        Mapping::NoPermission(_) => ("no-permission", None),
        Mapping::Unknown => ("unknown", Some(Vec::new())),
        Mapping::Actions(list) => ("mapped", Some(list)),
    };
    event.mapping = Some(Cow::Borrowed(word));
    let Some(list) = list else { return Vec::new() };
    let (call_key, side, of_access_log) = (call::key(event), call::side(event), call::is_of_access_log(event));
    let base = |context_class: Text<'a>| ActionRow {
        context_class: Some(context_class),
        call_key: call_key.clone(),
        side: Some(Cow::Borrowed(side)),
        ..ActionRow::default()
    };
    let is_unknown = word == "unknown";
    let mut rows: Vec<ActionRow<Text<'a>>> = list
        .into_iter()
        .map(|mapped| {
            let own = if mapped.context.is_empty() {
                context_class.clone()
            } else {
                let told = mapped.context.into_iter().map(|(key, value)| (Cow::Owned(key), Cow::Owned(value)));
                let keys = keys(event);
                let all: std::collections::BTreeMap<Text<'a>, Text<'a>> = class(&keys).cloned().chain(told).collect();
                Cow::Owned(json_text(&all.into_iter().collect::<Keys<'a>>()))
            };
            ActionRow {
                action: Some(Cow::Borrowed(reference.name(mapped.action))),
                resource_arn: Some(Cow::Owned(mapped.resource)),
                arn_provenance: Some(Cow::Borrowed(if of_access_log { "access-log" } else { mapped.provenance.as_str() })),
                resource_type: mapped.kind.map(Cow::Borrowed),
                derived: Some(mapped.derived),
                ..base(own)
            }
        })
        .collect();
    if is_unknown {
        rows.push(base(context_class.clone()));
    }
    if let Some(said) = denial {
        write_denial(&mut rows, said);
    }
    rows
}

/// Writes what the denial says to the rows that it speaks of: a message names one action (a `GetObject` may be
/// refused for `kms:Decrypt`) on one resource, and another action of the same call is not thereby refused by it.
fn write_denial(rows: &mut [ActionRow<Text<'_>>], said: &Denial) {
    let of_action = |row: &ActionRow<Text<'_>>| match (&row.action, &said.action) {
        (Some(action), Some(named)) => action.eq_ignore_ascii_case(named),
        _ => true,
    };
    let of_resource = |row: &ActionRow<Text<'_>>| row.resource_arn.as_deref() == said.resource.as_deref();
    let exact = rows.iter().any(|row| of_action(row) && of_resource(row));
    for row in rows.iter_mut().filter(|row| of_action(row) && (!exact || of_resource(row))) {
        row.denied_effect = said.effect.map(|e| Cow::Borrowed(e.as_str()));
        row.denied_policy_type = said.policy_type.map(Cow::Borrowed);
        row.denied_policy_arn = said.policy_arn.clone().map(Cow::Owned);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn denied<'r>(rows: &'r [ActionRow<Text<'_>>]) -> Vec<(&'r str, &'r str, Option<&'r str>, Option<&'r str>)> {
        rows.iter()
            .map(|r| (r.action.as_deref().unwrap(), r.resource_arn.as_deref().unwrap(), r.denied_effect.as_deref(), r.denied_policy_type.as_deref()))
            .collect()
    }

    fn row(action: &'static str, resource: &'static str) -> ActionRow<Text<'static>> {
        ActionRow { action: Some(Cow::Borrowed(action)), resource_arn: Some(Cow::Borrowed(resource)), ..ActionRow::default() }
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
            let json = record.to_string();
            let actions = rows(Fields::read(&json).unwrap(), "f", 0, &mapper, reference).unwrap().actions;
            assert_eq!(actions[0].action.as_deref(), Some("iam:ListUsers"));
            assert_eq!(actions[0].denied_policy_type.as_deref(), expected, "{code:?} {message:?}");
        }
    }
}
