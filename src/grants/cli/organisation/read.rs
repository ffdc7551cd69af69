//! What one output of `aws organizations` tells, by its place in a bundle or by its content.

use serde_json::Value;

use super::super::super::Document;
use super::super::super::builder::Builder;
use super::super::super::organisation::OrganisationPolicyKind;
use super::super::pages::{list, owned, text};
use super::{Child, Root, Summary, Told};
use crate::aws::is_account_id;

/// What a document is: its name, and what it tells where that can be used.
type Read = (&'static str, Option<Told>);

/// The row of the table that a file without a place would have.
fn row(value: &Value) -> Option<&'static str> {
    let first = |key: &str, field: &str, starts: &str| {
        list(value, key).is_some_and(|l| l.first().and_then(|v| text(v, field)).is_some_and(|t| t.starts_with(starts)))
    };
    let is_arn = |key: &str| list(value, key).and_then(<[Value]>::first).and_then(|v| text(v, "Arn")).is_some_and(|a| a.contains(":organizations:"));
    let inner = |outer: &str, key: &str| value.get(outer).and_then(|o| o.get(key)).is_some();
    if inner("Organization", "Id") {
        Some("organization")
    } else if first("Roots", "Id", "r-") {
        Some("roots")
    } else if first("OrganizationalUnits", "Id", "ou-") {
        Some("ous")
    } else if is_arn("Accounts") {
        Some("organization-accounts")
    } else if first("Parents", "Id", "r-") || first("Parents", "Id", "ou-") {
        Some("parents")
    } else if is_arn("Policies") {
        Some("scps")
    } else if inner("Policy", "PolicySummary") {
        Some("organization-policy")
    } else if list(value, "Targets").and_then(<[Value]>::first).is_some_and(|t| text(t, "TargetId").is_some() && text(t, "Type").is_some()) {
        Some("organization-targets")
    } else if is_arn("DelegatedAdministrators") {
        Some("delegated-administrators")
    } else if first("DelegatedServices", "ServicePrincipal", "") {
        Some("delegated-services")
    } else if list(value, "EnabledFeatures").is_some() && text(value, "OrganizationId").is_some() {
        Some("organization-features")
    } else if inner("ResourcePolicy", "ResourcePolicySummary") {
        Some("organization-resource-policy")
    } else {
        None
    }
}

fn child(value: &Value) -> Option<Child> {
    let id = text(value, "Id")?.to_owned();
    let path = list(value, "Paths").and_then(<[Value]>::first).and_then(Value::as_str).or_else(|| text(value, "Path")).unwrap_or_default();
    Some(Child {
        name: owned(value, "Name"),
        // `Status` gives way to `State` in September 2026.
        status: text(value, "State").or_else(|| text(value, "Status")).map(str::to_owned),
        parent: text(value, "ParentId").map(str::to_owned),
        path: path.split('/').filter(|p| *p != id && (p.starts_with("r-") || p.starts_with("ou-"))).map(str::to_owned).collect(),
        id,
    })
}

fn summary(value: &Value) -> Option<Summary> {
    Some(Summary {
        id: text(value, "Id")?.to_owned(),
        name: owned(value, "Name"),
        kind: OrganisationPolicyKind::parse(text(value, "Type")?)?,
        aws_managed: value.get("AwsManaged").and_then(Value::as_bool).unwrap_or(false),
    })
}

fn root(value: &Value) -> Option<Root> {
    let types = list(value, "PolicyTypes").unwrap_or_default();
    Some(Root {
        id: text(value, "Id")?.to_owned(),
        name: owned(value, "Name"),
        types: types.iter().map(|t| (owned(t, "Type"), owned(t, "Status"))).collect(),
    })
}

/// The items of a list; what is no such item is a problem.
fn items<T>(document: &Document, key: &str, builder: &mut Builder, item: impl Fn(&Value) -> Option<T>) -> Option<Vec<T>> {
    let mut out = Vec::new();
    for (at, value) in list(&document.value, key)?.iter().enumerate() {
        match item(value) {
            Some(item) => out.push(item),
            None => builder.problem(document.file(), &format!("/{key}/{at}"), "without what names it"),
        }
    }
    Some(out)
}

/// What a file is about that does not name it: its part of the path, or the last part of its wrapper's ARN.
fn subject(document: &Document) -> Option<String> {
    let of_place = document.place.as_ref().and_then(|p| p.item()).map(str::to_owned);
    let last = |arn: &str| arn.rsplit('/').next().unwrap_or(arn).to_owned();
    document.resource_arn.as_deref().map(last).or(of_place)
}

/// Reads a document; `None`: it is not of this family.
pub fn read(document: &Document, builder: &mut Builder) -> Option<Read> {
    let value = &document.value;
    let row = match &document.place {
        Some(place) if place.export.file.starts_with("organization/") => place.export.id.as_str(),
        Some(_) => return None,
        None => row(value)?,
    };
    let inside = document.place.is_some();
    Some(match row {
        "organization" => {
            let organization = value.get("Organization")?;
            let management = text(organization, "MasterAccountId").map(str::to_owned);
            let billing_only = text(organization, "FeatureSet") == Some("CONSOLIDATED_BILLING");
            ("organisation", Some(Told::Organization { management, billing_only }))
        }
        "roots" => ("organisation roots", Some(Told::Roots(items(document, "Roots", builder, root)?))),
        "ous" => {
            let units = items(document, "OrganizationalUnits", builder, child)?;
            let parent = text(value, "ParentId").map(str::to_owned).or_else(|| subject(document));
            ("organisational units", Some(Told::Units { parent, units }))
        }
        "organization-accounts" | "ou-accounts" => {
            let accounts = items(document, "Accounts", builder, child)?;
            let of_item = || (row == "ou-accounts" || !inside).then(|| subject(document)).flatten();
            let parent = text(value, "ParentId").map(str::to_owned).or_else(of_item);
            // Loose files may be one parent's accounts without telling whose.
            let all = inside && row == "organization-accounts";
            ("organisation accounts", Some(Told::Accounts { parent, all, accounts }))
        }
        "parents" => {
            let child = document.resource_arn.as_deref().and_then(|a| a.rsplit('/').next()).map(str::to_owned);
            // `parents/<child>.json`, as a file of ours would be named.
            let of_name = || document.file().rsplit('/').next().and_then(|n| n.split('.').next()).filter(|n| is_account_id(n) || n.starts_with("ou-")).map(str::to_owned);
            let parent = list(value, "Parents")?.first().and_then(|p| text(p, "Id"))?.to_owned();
            let Some(child) = text(value, "ChildId").map(str::to_owned).or(child).or_else(of_name) else {
                builder.problem(document.file(), "", "the parent of what is not told");
                return Some(("organisation parents", None));
            };
            ("organisation parents", Some(Told::Parent { child, parent }))
        }
        "scps" | "rcps" => {
            let all = list(value, "Policies")?;
            let kind = match (inside, row) {
                (true, "scps") => Some(OrganisationPolicyKind::ServiceControl),
                (true, _) => Some(OrganisationPolicyKind::ResourceControl),
                (false, _) => all.first().and_then(|p| text(p, "Type")).and_then(OrganisationPolicyKind::parse),
            };
            let Some(kind) = kind else { return Some(("organisation policies", None)) };
            if let Some(at) = all.iter().position(|p| text(p, "Type").is_some_and(|t| t != kind.as_str())) {
                builder.problem(document.file(), &format!("/Policies/{at}/Type"), format!("not {}", kind.as_str()));
            }
            // `list-policies` gives one kind, and names it with each policy.
            let policies: Vec<Summary> = items(document, "Policies", builder, |p| match text(p, "Type") {
                Some(_) => summary(p),
                None => Some(Summary { id: text(p, "Id")?.to_owned(), name: owned(p, "Name"), kind, aws_managed: false }),
            })?;
            ("organisation policies", Some(Told::Policies { kind, policies: policies.into_iter().filter(|p| p.kind == kind).collect() }))
        }
        "organization-policy" => {
            let policy = value.get("Policy")?;
            let content = policy.get("Content")?.clone();
            let told = match policy.get("PolicySummary").and_then(summary) {
                Some(summary) => {
                    if let Some(item) = document.place.as_ref().and_then(|p| p.item()).filter(|i| *i != summary.id) {
                        builder.problem(document.file(), "/Policy/PolicySummary/Id", format!("policy `{}`, not `{item}`", summary.id));
                    }
                    Told::Policy { summary, content }
                }
                None => {
                    if policy.get("PolicySummary").and_then(|s| text(s, "Type")).is_none() {
                        builder.problem(document.file(), "/Policy/PolicySummary", "without what names it");
                    }
                    Told::OtherPolicy
                }
            };
            ("organisation policy", Some(told))
        }
        "organization-targets" => {
            let targets = items(document, "Targets", builder, |t| Some((text(t, "TargetId")?.to_owned(), owned(t, "Name"))))?;
            let Some(policy) = subject(document) else {
                builder.problem(document.file(), "", "the targets of which policy is not told");
                return Some(("policy targets", None));
            };
            ("policy targets", Some(Told::Targets { policy, targets }))
        }
        "delegated-administrators" => {
            let accounts = items(document, "DelegatedAdministrators", builder, |a| text(a, "Id").map(str::to_owned))?;
            ("delegated administrators", Some(Told::Delegated(accounts)))
        }
        "delegated-services" => {
            let services = items(document, "DelegatedServices", builder, |s| text(s, "ServicePrincipal").map(str::to_owned))?;
            let Some(account) = subject(document) else {
                builder.problem(document.file(), "", "the services of which account is not told");
                return Some(("delegated services", None));
            };
            ("delegated services", Some(Told::Services { account, services }))
        }
        "organization-features" => {
            let features = items(document, "EnabledFeatures", builder, |f| f.as_str().map(str::to_owned))?;
            ("organisation features", Some(Told::Features(features.into_iter().collect())))
        }
        "organization-resource-policy" => {
            let content = value.get("ResourcePolicy")?.get("Content")?.clone();
            ("organisation resource policy", Some(Told::ResourcePolicy(content)))
        }
        _ => return None,
    })
}
