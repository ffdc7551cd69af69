//! Exports of an account beside policies: credentials, settings, identity providers, last use, findings.
//!
//! The account is told by the path, by the wrapper or by an ARN in the document; where none tells, that is a problem, and
//! nothing is guessed. Source: inputs-and-evaluation.md sections 1.1 to 1.4; API references of IAM, Account Management,
//! SSM, Cloud9, CloudFormation and Access Analyzer.

mod credentials;
mod findings;
mod listed;
mod settings;
mod settle;
#[cfg(test)]
mod tests;

use serde_json::Value;

use super::super::builder::{Builder, Failure};
use super::super::evidence::{
    AccessKey, EnvironmentMember, Evidence, IdentityProvider, InstanceProfile, KeyUse, MfaDevice, OtherCredential, ServiceUse,
};
use super::super::{Capture, Document, Grants, Known};
use super::pages::{Pages, list, text};
use crate::aws::{Arn, is_account_id};
pub use listed::secrets;
pub use settle::settle;

/// What is kept until all files are read. Keys begin with the account.
#[derive(Default)]
pub struct Parts {
    keys: Pages<(String, String), AccessKey>,
    /// `None`: the account's virtual devices.
    mfa: Pages<(String, Option<String>), MfaDevice>,
    /// By user and `service` or `ssh`.
    others: Pages<(String, String, &'static str), OtherCredential>,
    providers: Pages<(String, &'static str), IdentityProvider>,
    profiles: Pages<String, InstanceProfile>,
    advisor: Pages<(String, String), ServiceUse>,
    /// By row: two commands tell of regions.
    regions: Pages<(String, &'static str), (String, bool)>,
    /// By region and environment.
    members: Pages<(String, String, String), EnvironmentMember>,
    /// Lists of certificates, analyzers and secrets.
    listed: listed::Parts,
    /// Keys whose last use could not be asked: only those that a list names are there.
    refused: Vec<(String, String, Capture, Known<KeyUse>)>,
}

/// Rows of the table that this family takes.
const ROWS: &[&str] = &[
    "caller",
    "password-policy",
    "account-summary",
    "account-aliases",
    "access-keys",
    "key-last-used",
    "mfa-devices",
    "virtual-mfa-devices",
    "service-credentials",
    "ssh-keys",
    "server-certificates",
    "signing-certificates",
    "instance-profiles",
    "oidc-providers",
    "oidc-provider",
    "saml-providers",
    "last-accessed",
    "regions",
    "ec2-regions",
    "cloud9-memberships",
    "stack-policy",
    "default-host-management",
    "analyzers",
    "findings",
];

/// The row of the table that a file without a place would have.
fn row(value: &Value) -> Option<&'static str> {
    let has = |key: &str| value.get(key).is_some();
    let first_has = |key: &str, field: &str| list(value, key).and_then(<[Value]>::first).is_some_and(|v| v.get(field).is_some());
    let of_findings = |f: &Value| f.get("resourceOwnerAccount").is_some() && f.get("id").is_some();
    Some(if has("PasswordPolicy") {
        "password-policy"
    } else if has("SummaryMap") {
        "account-summary"
    } else if has("AccountAliases") {
        "account-aliases"
    } else if has("AccessKeyMetadata") {
        "access-keys"
    } else if has("AccessKeyLastUsed") {
        "key-last-used"
    } else if has("MFADevices") {
        "mfa-devices"
    } else if has("VirtualMFADevices") {
        "virtual-mfa-devices"
    } else if has("ServiceSpecificCredentials") {
        "service-credentials"
    } else if has("SSHPublicKeys") {
        "ssh-keys"
    } else if has("ServerCertificateMetadataList") {
        "server-certificates"
    } else if first_has("Certificates", "CertificateId") {
        "signing-certificates"
    } else if first_has("analyzers", "arn") {
        "analyzers"
    } else if has("InstanceProfiles") {
        "instance-profiles"
    } else if has("OpenIDConnectProviderList") {
        "oidc-providers"
    } else if has("ClientIDList") && has("Url") {
        "oidc-provider"
    } else if has("SAMLProviderList") {
        "saml-providers"
    } else if has("ServicesLastAccessed") && has("JobStatus") {
        "last-accessed"
    } else if first_has("Regions", "RegionOptStatus") {
        "regions"
    } else if first_has("Regions", "OptInStatus") {
        "ec2-regions"
    } else if first_has("memberships", "environmentId") {
        "cloud9-memberships"
    } else if has("StackPolicyBody") {
        "stack-policy"
    } else if value.get("ServiceSetting").and_then(|s| text(s, "SettingId")).is_some_and(|id| id == settings::HOST_MANAGEMENT) {
        "default-host-management"
    } else if list(value, "findings").is_some_and(|l| l.first().is_some_and(of_findings))
        || value.get("finding").is_some_and(of_findings)
        || (has("findingDetails") && of_findings(value))
    {
        "findings"
    } else {
        return None;
    })
}

/// The first account that an ARN in the document names.
fn account_in(value: &Value) -> Option<String> {
    match value {
        Value::Object(map) => map.iter().find_map(|(key, value)| match value {
            Value::String(text) if matches!(key.to_ascii_lowercase().as_str(), "arn" | "serialnumber") => {
                Arn::parse(text).map(|a| a.account).filter(|a| is_account_id(a)).map(str::to_owned)
            }
            _ => account_in(value),
        }),
        Value::Array(list) => list.iter().find_map(account_in),
        _ => None,
    }
}

/// An account's evidence.
fn evidence<'g>(grants: &'g mut Grants, account: &str) -> &'g mut Evidence {
    let known = grants.accounts.entry(account.to_owned()).or_default();
    account.clone_into(&mut known.id);
    &mut known.evidence
}

/// Takes a document of this family; gives what it was recognised as.
pub fn take(document: &Document, builder: &mut Builder) -> Option<&'static str> {
    let row = match &document.place {
        Some(place) => ROWS.iter().find(|r| **r == place.export.id).copied()?,
        None => row(&document.value)?,
    };
    // Findings name the account of each thing they are about.
    if row == "findings" {
        return findings::take(document, builder);
    }
    if row == "caller" {
        return caller(document, builder);
    }
    let Some(account) = document.account().or_else(|| account_in(&document.value)) else {
        builder.problem(document.file(), "", "of which account it tells is not told");
        return Some("account export");
    };
    match row {
        "regions" | "ec2-regions" | "cloud9-memberships" | "stack-policy" | "default-host-management" | "instance-profiles"
        | "oidc-providers" | "oidc-provider" | "saml-providers" => settings::take(row, &account, document, builder),
        "server-certificates" | "signing-certificates" | "analyzers" => listed::take(row, &account, document, builder),
        "last-accessed" => findings::last_accessed(&account, document, builder),
        _ => credentials::take(row, &account, document, builder),
    }
}

/// `get-caller-identity`: a file of another account in the folder would be taken for that account's.
fn caller(document: &Document, builder: &mut Builder) -> Option<&'static str> {
    let caller = text(&document.value, "Account")?;
    if let Some(account) = document.account().filter(|a| a != caller) {
        builder.problem(document.file(), "/Account", format!("the folder is that of {account}, the caller's account is {caller}"));
    }
    Some("caller")
}

/// Takes a command of this family that gave no output.
pub fn failed(failure: &Failure, builder: &mut Builder) {
    let place = &failure.place;
    let Some(account) = place.account().map(str::to_owned) else { return };
    let (account, capture) = (account.as_str(), &failure.capture);
    let user = place.part("user").unwrap_or_default().to_owned();
    let arn = failure.resource_arn.clone().unwrap_or_default();
    // What is not there has no last use; that is another answer than "never used".
    fn unknown<T>(failure: &Failure) -> Known<T> {
        Known::Unknown(failure.why.clone().unwrap_or_else(|| "AWS says that there is no such thing".to_owned()))
    }
    match place.export.id.as_str() {
        "password-policy" => {
            builder.put_known(&format!("password policy of {account}"), capture, |g| &mut evidence(g, account).password_policy, failure.answer());
        }
        "account-summary" => {
            builder.put_known(&format!("summary of {account}"), capture, |g| &mut evidence(g, account).summary, unknown(failure));
        }
        "access-keys" => {
            let what = format!("access keys of {user} in {account}");
            builder.put_known(&what, capture, |g| evidence(g, account).keys_listed.entry(user).or_default(), failure.answer());
        }
        "key-last-used" => {
            let Some(key) = place.part("key") else { return };
            builder.cli.account.refused.push((account.to_owned(), key.to_owned(), capture.clone(), unknown(failure)));
        }
        "mfa-devices" => {
            let what = format!("MFA devices of {user} in {account}");
            builder.put_known(&what, capture, |g| evidence(g, account).mfa_listed.entry(user).or_default(), failure.answer());
        }
        "instance-profiles" => {
            let what = format!("instance profiles of {account}");
            builder.put_known(&what, capture, |g| &mut evidence(g, account).instance_profiles, unknown(failure));
        }
        "oidc-providers" | "saml-providers" => {
            let kind = if place.export.id == "oidc-providers" { "oidc" } else { "saml" };
            let what = format!("{kind} providers of {account}");
            builder.put_known(&what, capture, |g| evidence(g, account).providers_listed.entry(kind).or_default(), unknown(failure));
        }
        "oidc-provider" if !arn.is_empty() && failure.why.is_some() => {
            let what = format!("clients of {arn}");
            builder.put_known(&what, capture, |g| &mut settings::provider(g, account, &arn, "oidc").clients, unknown(failure));
        }
        "last-accessed" if !arn.is_empty() => {
            let what = format!("last accessed services of {arn}");
            builder.put_known(&what, capture, |g| evidence(g, account).last_accessed.entry(arn).or_default(), unknown(failure));
        }
        "regions" => {
            builder.put_known(&format!("regions of {account}"), capture, |g| &mut evidence(g, account).regions, unknown(failure));
        }
        "default-host-management" => {
            let region = place.region().unwrap_or_default().to_owned();
            let what = format!("default host management of {account} in {region}");
            builder.put_known(&what, capture, |g| evidence(g, account).default_host_role.entry(region).or_default(), failure.answer());
        }
        "stack-policy" if !arn.is_empty() => {
            let what = format!("stack policy of {arn}");
            builder.put_known(&what, capture, |g| &mut settings::stack(g, account, &arn).policy, unknown(failure));
        }
        _ => listed::failed(account, failure, builder),
    }
}
