//! Settings and things of an account: regions, default host management, Cloud9 environments, stack policies, instance
//! profiles, identity providers.

use serde_json::Value;

use super::super::super::builder::Builder;
use super::super::super::evidence::{EnvironmentMember, IdentityProvider, InstanceProfile, StackPolicy};
use super::super::super::gaad::time_ms;
use super::super::super::{AttachedDocument, Document, Grants, Known};
use super::super::pages::{list, more, owned, text};
use super::credentials::items;
use super::evidence;
use crate::aws::Arn;
use crate::policy::parse_document;

/// The setting that names the role of default host management.
pub const HOST_MANAGEMENT: &str = "/ssm/managed-instance/default-ec2-instance-management-role";

/// An identity provider of an account.
pub fn provider<'g>(grants: &'g mut Grants, account: &str, arn: &str, kind: &'static str) -> &'g mut IdentityProvider {
    let provider = evidence(grants, account).providers.entry(arn.to_owned()).or_default();
    arn.clone_into(&mut provider.arn);
    provider.kind = kind;
    provider
}

/// A stack of an account.
pub fn stack<'g>(grants: &'g mut Grants, account: &str, arn: &str) -> &'g mut StackPolicy {
    let stacks = &mut evidence(grants, account).stacks;
    stacks.entry(arn.to_owned()).or_insert_with(|| StackPolicy { stack: arn.to_owned(), policy: Known::default() })
}

/// Takes a document of one of this file's rows.
pub fn take(row: &'static str, account: &str, document: &Document, builder: &mut Builder) -> Option<&'static str> {
    let (value, capture) = (&document.value, &document.capture);
    match row {
        "regions" | "ec2-regions" => {
            let regions = items(document, "Regions", builder, region)?;
            builder.cli.account.regions.add((account.to_owned(), row), capture, regions, more(value));
            Some("regions")
        }
        "default-host-management" => default_host(account, document, builder),
        "cloud9-memberships" => {
            let region = document.region().unwrap_or_default();
            let members = items(document, "memberships", builder, |m| member(m, &region))?;
            let of_path = || document.place.as_ref().and_then(|p| p.item()).map(str::to_owned);
            match members.first().map(|m| m.environment.clone()).or_else(of_path) {
                Some(environment) => {
                    builder.cli.account.members.add((account.to_owned(), region, environment), capture, members, more(value));
                }
                None => builder.problem(document.file(), "", "of which environment it tells is not told"),
            }
            Some("Cloud9 memberships")
        }
        "stack-policy" => stack_policy(account, document, builder),
        "instance-profiles" => {
            let profiles = items(document, "InstanceProfiles", builder, profile)?;
            builder.cli.account.profiles.add(account.to_owned(), capture, profiles, more(value));
            Some("instance profiles")
        }
        "oidc-providers" | "saml-providers" => {
            let (field, kind) = if row == "oidc-providers" { ("OpenIDConnectProviderList", "oidc") } else { ("SAMLProviderList", "saml") };
            let providers = items(document, field, builder, |p| {
                Some(IdentityProvider {
                    arn: text(p, "Arn")?.to_owned(),
                    kind,
                    created_ms: time_ms(p.get("CreateDate")),
                    valid_until_ms: time_ms(p.get("ValidUntil")),
                    clients: Known::default(),
                })
            })?;
            builder.cli.account.providers.add((account.to_owned(), kind), capture, providers, more(value));
            Some("identity providers")
        }
        "oidc-provider" => {
            let clients: Vec<String> = list(value, "ClientIDList")?.iter().filter_map(Value::as_str).map(str::to_owned).collect();
            let Some(arn) = document.resource_arn.clone() else {
                builder.problem(document.file(), "", "the identity provider's ARN is not told");
                return Some("identity provider");
            };
            builder.put_known(&format!("clients of {arn}"), capture, |g| &mut provider(g, account, &arn, "oidc").clients, Known::Present(clients));
            if let Some(created) = time_ms(value.get("CreateDate")) {
                builder.put(&format!("creation of {arn}"), capture, |g| &mut provider(g, account, &arn, "oidc").created_ms, Some(created));
            }
            Some("identity provider")
        }
        _ => None,
    }
}

/// A region, and whether it is on. One that is being switched on or off may still answer.
fn region(value: &Value) -> Option<(String, bool)> {
    let status = text(value, "RegionOptStatus").or_else(|| text(value, "OptInStatus"))?;
    Some((text(value, "RegionName")?.to_owned(), !matches!(status, "DISABLED" | "not-opted-in")))
}

/// The role that instances without a profile use. `$None`: it is off (Systems Manager User Guide, "Default Host Management
/// Configuration").
fn default_host(account: &str, document: &Document, builder: &mut Builder) -> Option<&'static str> {
    let setting = document.value.get("ServiceSetting")?;
    let of_arn = || text(setting, "ARN").and_then(Arn::parse).map(|a| a.region.to_owned()).filter(|r| !r.is_empty());
    let Some(region) = document.region().or_else(of_arn) else {
        builder.problem(document.file(), "", "of which region it tells is not told");
        return Some("default host management");
    };
    let role = text(setting, "SettingValue").filter(|v| *v != "$None").map_or(Known::Absent, |v| Known::Present(v.to_owned()));
    let what = format!("default host management of {account} in {region}");
    builder.put_known(&what, &document.capture, |g| evidence(g, account).default_host_role.entry(region).or_default(), role);
    Some("default host management")
}

fn member(value: &Value, region: &str) -> Option<EnvironmentMember> {
    Some(EnvironmentMember {
        environment: text(value, "environmentId")?.to_owned(),
        region: region.to_owned(),
        member: text(value, "userArn")?.to_owned(),
        permissions: owned(value, "permissions"),
    })
}

/// A stack's policy. Without one the response has no field, and the CLI prints nothing.
fn stack_policy(account: &str, document: &Document, builder: &mut Builder) -> Option<&'static str> {
    let body = document.value.get("StackPolicyBody");
    let is_empty = match &document.value {
        Value::Null => true,
        Value::Object(map) => map.is_empty(),
        Value::String(text) => text.trim().is_empty(),
        _ => false,
    };
    if body.is_none() && !is_empty {
        return None;
    }
    let Some(arn) = document.resource_arn.clone() else {
        builder.problem(document.file(), "", "the stack's ARN is not told");
        return Some("stack policy");
    };
    let policy = match body.filter(|b| b.as_str().is_none_or(|t| !t.trim().is_empty())) {
        None => Known::Absent,
        Some(body) => {
            let policy = parse_document(body);
            if let Err(e) = &policy {
                builder.problem(document.file(), "/StackPolicyBody", e.to_string());
            }
            Known::Present(AttachedDocument { name: "policy".to_owned(), document: policy })
        }
    };
    builder.put_known(&format!("stack policy of {arn}"), &document.capture, |g| &mut stack(g, account, &arn).policy, policy);
    Some("stack policy")
}

fn profile(value: &Value) -> Option<InstanceProfile> {
    Some(InstanceProfile {
        arn: text(value, "Arn")?.to_owned(),
        name: owned(value, "InstanceProfileName"),
        created_ms: time_ms(value.get("CreateDate")),
        roles: list(value, "Roles").unwrap_or_default().iter().filter_map(|r| text(r, "Arn")).map(str::to_owned).collect(),
    })
}
