//! Outputs with several policies: of one resource under names, of a whole account and region, or of a list of resources.

use serde_json::Value;

use super::super::super::builder::{Builder, Failure};
use super::super::super::encoded::{attached, policy_document};
use super::super::super::{AttachedDocument, Document, Known};
use super::lists;
use super::loose::Slot;
use super::subject::{self, objects, text};
use crate::aws::Arn;

/// Rows whose list is the policies of one thing: row, list, field of the document (empty: the item itself), field of the
/// name.
const OF_ONE: &[(&str, &str, &str, &str, Slot)] = &[
    ("response-plan-policy", "/resourcePolicies", "policyDocument", "policyId", Slot::Own),
    ("ram-policies", "/policies", "", "", Slot::Shared),
    ("glue-policies", "/GetResourcePoliciesResponseList", "PolicyInJson", "PolicyHash", Slot::Shared),
    ("logs-policies", "/resourcePolicies", "policyDocument", "policyName", Slot::Own),
];

/// `opensearch describe-domains`, which no row asks for.
pub const DOMAINS: &str = "opensearch-domain-list";

/// Rows whose list is resources with their policies: row, list, field of the ARN, field of the document.
const OF_EACH: &[(&str, &str, &str, &str)] = &[
    ("event-buses", "EventBuses", "Arn", "Policy"),
    (DOMAINS, "DomainStatusList", "ARN", "AccessPolicies"),
    ("rest-apis", "items", "id", "policy"),
    ("logs-destinations", "destinations", "arn", "accessPolicy"),
];

/// Takes an output of this file; `Some(false)` for something else in its place.
pub fn take(row: &str, document: &Document, builder: &mut Builder) -> Option<bool> {
    if row == "ses-identity-policies" {
        return Some(identity(document, builder));
    }
    if let Some((_, list, field, name, slot)) = OF_ONE.iter().find(|(id, ..)| *id == row) {
        return Some(of_one(row, document, (list, field, name), *slot, builder));
    }
    let (_, list, arn, policy) = OF_EACH.iter().find(|(id, ..)| *id == row)?;
    Some(of_each(row, document, (list, arn, policy), builder))
}

/// A document of a list under its name, or its number where it has none.
fn one(item: &Value, at: usize, field: &str, name: &str) -> Option<AttachedDocument> {
    let document = if field.is_empty() { item } else { item.get(field).unwrap_or(&Value::Null) };
    let Known::Present(document) = policy_document(document) else { return None };
    let name = item.get(name).and_then(Value::as_str).map_or_else(|| format!("policy {}", at + 1), str::to_owned);
    Some(AttachedDocument { name, document })
}

fn of_one(row: &str, document: &Document, (list, field, name): (&str, &str, &str), slot: Slot, builder: &mut Builder) -> bool {
    let Some(items) = document.value.pointer(list).and_then(Value::as_array) else { return false };
    let breaks_off = subject::breaks_off(&document.value);
    let account = document.account();
    let mut here = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let Some(policy) = one(item, at, field, name) else { continue };
        // Newer policies of CloudWatch Logs are put on one log group (API reference, ResourcePolicy).
        match item.get("resourceArn").and_then(Value::as_str).filter(|a| row == "logs-policies" && Arn::parse(a).is_some()) {
            Some(arn) => builder.loose.policies(&document.capture, slot, arn, account.clone(), vec![policy], breaks_off),
            None => here.push(policy),
        }
    }
    let arn = match row {
        "logs-policies" | "glue-policies" => subject::arn_of_item(row, "", account.as_deref(), document.region().as_deref()),
        _ => subject::of(row, document, None, builder),
    };
    if let Some(arn) = arn {
        builder.loose.policies(&document.capture, slot, &arn, account, here, breaks_off);
        builder.resource(&arn, None);
    }
    true
}

/// SES: the policies of one identity by name.
fn identity(document: &Document, builder: &mut Builder) -> bool {
    let Some(map) = document.value.get("Policies").and_then(Value::as_object) else { return false };
    let policies = map.iter().filter_map(|(name, value)| attached(name, value).present().cloned()).flatten().collect();
    if let Some(arn) = subject::of("ses-identity-policies", document, None, builder) {
        builder.resource_policy(&document.capture, &arn, document.account().as_deref(), Known::Present(policies));
    }
    true
}

fn of_each(row: &str, document: &Document, (list, arn, policy): (&str, &str, &str), builder: &mut Builder) -> bool {
    // An event bus may be told of alone.
    let alone = (row == "event-buses").then(|| document.value.as_object()).flatten().filter(|m| !m.contains_key(list));
    let items = match alone {
        Some(bus) if text(bus, arn).is_some_and(|a| a.contains(":event-bus/")) => vec![bus],
        _ => {
            let Some(items) = objects(&document.value, list) else { return false };
            lists::read(document, builder);
            items
        }
    };
    subject::nameless(document, &format!("/{list}"), arn, builder);
    let (account, region) = (document.account(), document.region());
    for item in items {
        let Some(arn) = text(item, arn).and_then(|a| subject::arn_of_item(row, a, account.as_deref(), region.as_deref())) else { continue };
        subject::checked(document, &arn, builder);
        let told = item.get(policy).map_or(Known::Absent, |value| attached("policy", value));
        builder.resource_policy(&document.capture, &arn, account.as_deref(), told);
    }
    true
}

/// What is known where the command failed.
pub fn failed(row: &str, failure: &Failure, builder: &mut Builder) {
    let slot = OF_ONE.iter().find(|(id, ..)| *id == row).map(|(.., slot)| *slot).or((row == "ses-identity-policies").then_some(Slot::Own));
    let Some(slot) = slot else { return };
    let account = failure.place.account();
    match (subject::of_failure(row, failure), slot) {
        (Some(arn), Slot::Own) => builder.resource_policy(&failure.capture, &arn, account, failure.answer()),
        (Some(arn), Slot::Shared) => builder.resource_shared(&failure.capture, &arn, account, failure.answer()),
        (None, _) => {}
    }
}
