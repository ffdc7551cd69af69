//! Credentials: access keys and their last use, MFA devices, service-specific credentials, SSH keys; and what IAM tells of
//! the whole account: password policy, summary, aliases.

use serde_json::Value;

use super::super::super::builder::Builder;
use super::super::super::evidence::{AccessKey, KeyUse, MfaDevice, OtherCredential, PasswordPolicy};
use super::super::super::gaad::time_ms;
use super::super::super::{Document, Grants, Known};
use super::super::pages::{list, more, owned, text};
use super::evidence;
use crate::aws::Arn;

/// An access key of an account.
pub fn key<'g>(grants: &'g mut Grants, account: &str, id: &str) -> &'g mut AccessKey {
    let key = evidence(grants, account).access_keys.entry(id.to_owned()).or_default();
    id.clone_into(&mut key.id);
    key
}

/// The user whose list it is: as its entries say, as the path says, or as the wrapper says.
pub fn user(document: &Document, field: &str, builder: &mut Builder) -> Option<String> {
    let of_entry = list(&document.value, field).and_then(<[Value]>::first).and_then(|e| text(e, "UserName"));
    let of_path = document.place.as_ref().and_then(|p| p.part("user"));
    let of_wrapper = document.resource_arn.as_deref().and_then(Arn::parse).filter(|a| a.resource.starts_with("user/")).map(|a| a.name());
    if let (Some(entry), Some(path)) = (of_entry, of_path)
        && entry != path
    {
        builder.problem(document.file(), &format!("/{field}"), format!("of the user `{entry}`, not of `{path}`"));
    }
    let user = of_entry.or(of_wrapper).or(of_path).map(str::to_owned);
    if user.is_none() {
        builder.problem(document.file(), "", "of which user it tells is not told");
    }
    user
}

/// The items of a list; what is no such item is a problem.
pub fn items<T>(document: &Document, field: &str, builder: &mut Builder, item: impl Fn(&Value) -> Option<T>) -> Option<Vec<T>> {
    let mut out = Vec::new();
    for (at, value) in list(&document.value, field)?.iter().enumerate() {
        match item(value) {
            Some(item) => out.push(item),
            None => builder.problem(document.file(), &format!("/{field}/{at}"), "without what names it"),
        }
    }
    Some(out)
}

/// Takes a document of one of this file's rows.
pub fn take(row: &str, account: &str, document: &Document, builder: &mut Builder) -> Option<&'static str> {
    let (value, capture) = (&document.value, &document.capture);
    match row {
        "password-policy" => {
            let fields = value.get("PasswordPolicy")?.as_object()?;
            let text = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
            let policy = PasswordPolicy { fields: fields.iter().map(|(k, v)| (k.clone(), text(v))).filter(|(_, v)| is_setting(v)).collect() };
            let what = format!("password policy of {account}");
            builder.put_known(&what, capture, |g| &mut evidence(g, account).password_policy, Known::Present(policy));
            Some("password policy")
        }
        "account-summary" => {
            let map = value.get("SummaryMap")?.as_object()?;
            let summary = map.iter().filter_map(|(k, v)| Some((k.clone(), v.as_i64()?))).collect();
            let what = format!("summary of {account}");
            builder.put_known(&what, capture, |g| &mut evidence(g, account).summary, Known::Present(summary));
            Some("account summary")
        }
        "account-aliases" => {
            let alias = list(value, "AccountAliases")?.first().and_then(Value::as_str).map(str::to_owned);
            builder.put(&format!("alias of {account}"), capture, |g| &mut evidence(g, account).alias, alias);
            Some("account aliases")
        }
        "key-last-used" => key_last_used(account, document, builder),
        "access-keys" => {
            let keys = items(document, "AccessKeyMetadata", builder, access_key)?;
            if let Some(user) = user(document, "AccessKeyMetadata", builder) {
                builder.cli.account.keys.add((account.to_owned(), user), capture, keys, more(value));
            }
            Some("access keys")
        }
        "mfa-devices" => {
            let devices = items(document, "MFADevices", builder, mfa_device)?;
            if let Some(user) = user(document, "MFADevices", builder) {
                builder.cli.account.mfa.add((account.to_owned(), Some(user)), capture, devices, more(value));
            }
            Some("MFA devices")
        }
        "virtual-mfa-devices" => {
            let devices = items(document, "VirtualMFADevices", builder, virtual_device)?;
            builder.cli.account.mfa.add((account.to_owned(), None), capture, devices, more(value));
            Some("virtual MFA devices")
        }
        "service-credentials" => {
            // This command has no pager that would print an empty list: the CLI prints what the response has, or nothing.
            let nothing = value.as_object().is_some_and(serde_json::Map::is_empty).then(Vec::new);
            let credentials = nothing.or_else(|| items(document, "ServiceSpecificCredentials", builder, service_credential))?;
            if let Some(user) = user(document, "ServiceSpecificCredentials", builder) {
                builder.cli.account.others.add((account.to_owned(), user, "service"), capture, credentials, more(value));
            }
            Some("service-specific credentials")
        }
        "ssh-keys" => {
            let keys = items(document, "SSHPublicKeys", builder, ssh_key)?;
            if let Some(user) = user(document, "SSHPublicKeys", builder) {
                builder.cli.account.others.add((account.to_owned(), user, "ssh"), capture, keys, more(value));
            }
            Some("SSH keys")
        }
        _ => None,
    }
}

/// Whether a value is one that settings have: a number or a switch. Tables show all of them.
fn is_setting(value: &str) -> bool {
    matches!(value, "true" | "false") || value.parse::<i64>().is_ok()
}

/// `get-access-key-last-used`, which names the user but not the key.
fn key_last_used(account: &str, document: &Document, builder: &mut Builder) -> Option<&'static str> {
    let used = document.value.get("AccessKeyLastUsed")?;
    let of_wrapper = document.resource_arn.as_deref().map(|a| a.rsplit('/').next().unwrap_or(a));
    let Some(id) = document.place.as_ref().and_then(|p| p.part("key")).or(of_wrapper) else {
        builder.problem(document.file(), "", "of which access key it tells is not told");
        return Some("last use of an access key");
    };
    let given = |field: &str| text(used, field).filter(|t| *t != "N/A").map(str::to_owned);
    let date = used.get("LastUsedDate").filter(|d| !d.is_null() && *d != "N/A");
    let last = match (date, time_ms(date)) {
        // No date: never, since IAM keeps track of it (2015-04-22).
        (None, _) => Known::Absent,
        (Some(_), Some(at_ms)) => Known::Present(KeyUse { at_ms, service: given("ServiceName"), region: given("Region") }),
        (Some(_), None) => {
            builder.problem(document.file(), "/AccessKeyLastUsed/LastUsedDate", "not a time");
            Known::Unknown("the time of its last use cannot be read".to_owned())
        }
    };
    builder.put_known(&format!("last use of access key {id}"), &document.capture, |g| &mut key(g, account, id).last_used, last);
    if let Some(user) = text(&document.value, "UserName") {
        let user = Some(user.to_owned());
        builder.put(&format!("user of access key {id}"), &document.capture, |g| &mut key(g, account, id).user, user);
    }
    Some("last use of an access key")
}

fn access_key(value: &Value) -> Option<AccessKey> {
    Some(AccessKey {
        id: text(value, "AccessKeyId")?.to_owned(),
        user: text(value, "UserName").map(str::to_owned),
        status: text(value, "Status").map(str::to_owned),
        created_ms: time_ms(value.get("CreateDate")),
        last_used: Known::default(),
    })
}

fn mfa_device(value: &Value) -> Option<MfaDevice> {
    Some(MfaDevice {
        serial: text(value, "SerialNumber")?.to_owned(),
        user: text(value, "UserName").map(str::to_owned),
        enabled_ms: time_ms(value.get("EnableDate")),
    })
}

/// A virtual device. That of the root user names its ARN, `arn:aws:iam::<account>:root`, and no user name.
fn virtual_device(value: &Value) -> Option<MfaDevice> {
    let user = value.get("User");
    let is_root = user.and_then(|u| text(u, "Arn")).is_some_and(|a| a.ends_with(":root"));
    let name = user.and_then(|u| text(u, "UserName")).map(str::to_owned);
    Some(MfaDevice { user: if is_root { Some("<root_account>".to_owned()) } else { name }, ..mfa_device(value)? })
}

fn service_credential(value: &Value) -> Option<OtherCredential> {
    Some(OtherCredential {
        user: owned(value, "UserName"),
        id: text(value, "ServiceSpecificCredentialId")?.to_owned(),
        service: owned(value, "ServiceName"),
        status: text(value, "Status").map(str::to_owned),
        created_ms: time_ms(value.get("CreateDate")),
        expires_ms: time_ms(value.get("ExpirationDate")),
    })
}

fn ssh_key(value: &Value) -> Option<OtherCredential> {
    Some(OtherCredential {
        user: owned(value, "UserName"),
        id: text(value, "SSHPublicKeyId")?.to_owned(),
        service: "ssh".to_owned(),
        status: text(value, "Status").map(str::to_owned),
        created_ms: time_ms(value.get("UploadDate")),
        expires_ms: None,
    })
}
