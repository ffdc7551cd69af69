//! Table `credentials`: what people and programs sign in with, from credential reports and from lists of keys.

use std::collections::BTreeMap;

use polars::prelude::{DataFrame, PolarsResult};

use super::super::evidence::{AccessKey, OtherCredential};
use super::super::{Account, Credential, Grants, Known, OwnerKind};
use super::{Columns, count};

/// Where a credential is known from.
#[derive(Copy, Clone)]
enum Told<'g> {
    /// A slot of the credential report, and the listed key in it, where it can be told.
    Slot(&'g Credential, Option<&'g AccessKey>),
    /// A listed access key that stands in no slot of the report.
    Key(&'g AccessKey),
    /// A credential that the report does not show.
    Other(&'g OtherCredential),
}

struct Row<'g> {
    account: &'g Account,
    user: Option<&'g str>,
    user_arn: Option<&'g str>,
    user_created_ms: Option<i64>,
    told: Told<'g>,
    mfa_devices: Option<i64>,
}

impl<'g> Row<'g> {
    fn slot(&self) -> &'static str {
        match self.told {
            Told::Slot(c, _) => c.slot.as_str(),
            Told::Key(_) => "access_key",
            Told::Other(o) if o.service == "ssh" => "ssh_key",
            Told::Other(_) => "service_credential",
        }
    }

    fn source(&self) -> &'static str {
        match self.told {
            Told::Slot(..) => "credential-report",
            Told::Key(_) => "access-keys",
            Told::Other(o) if o.service == "ssh" => "ssh-keys",
            Told::Other(_) => "service-credentials",
        }
    }

    fn report(&self) -> Option<&'g Credential> {
        match self.told {
            Told::Slot(c, _) => Some(c),
            Told::Key(_) | Told::Other(_) => None,
        }
    }

    fn key(&self) -> Option<&'g AccessKey> {
        match self.told {
            Told::Slot(_, key) => key,
            Told::Key(key) => Some(key),
            Told::Other(_) => None,
        }
    }

    fn other(&self) -> Option<&'g OtherCredential> {
        match self.told {
            Told::Other(other) => Some(other),
            Told::Slot(..) | Told::Key(_) => None,
        }
    }

    fn active(&self) -> Option<bool> {
        let status = |s: &Option<String>| s.as_ref().map(|s| s == "Active");
        match self.told {
            Told::Slot(c, _) => Some(c.active),
            Told::Key(key) => status(&key.status),
            Told::Other(other) => status(&other.status),
        }
    }

    /// Last use as the row's own source tells it: time, whether it is known, service, region.
    fn last_use(&self) -> (Option<i64>, bool, Option<&'g str>, Option<&'g str>) {
        match self.told {
            Told::Slot(c, _) => (c.last_used_ms, c.last_used_known, c.last_used_service.as_deref(), c.last_used_region.as_deref()),
            Told::Key(key) => match &key.last_used {
                Known::Present(last) => (Some(last.at_ms), true, last.service.as_deref(), last.region.as_deref()),
                Known::Absent => (None, true, None, None),
                Known::Unknown(_) => (None, false, None, None),
            },
            Told::Other(_) => (None, false, None, None),
        }
    }
}

/// MFA devices of a user: their number where they are listed.
fn mfa_devices(account: &Account, user: &str) -> Option<i64> {
    let devices = account.evidence.mfa_devices.values().filter(|d| d.user.as_deref() == Some(user)).count();
    let is_listed = account.evidence.mfa_listed.get(user).is_some_and(|k| !k.is_unknown());
    (is_listed || devices > 0).then(|| count(devices))?
}

fn rows_of<'g>(account: &'g Account, rows: &mut Vec<Row<'g>>) {
    let users: BTreeMap<&str, (&str, Option<i64>)> = account
        .principals
        .iter()
        .filter(|p| p.kind == OwnerKind::User)
        .map(|p| (p.name.as_str(), (p.arn.as_str(), p.created_ms)))
        .collect();
    let row = |user: Option<&'g str>, told| {
        let known = user.and_then(|u| users.get(u));
        Row {
            account,
            user,
            user_arn: known.map(|(arn, _)| *arn),
            user_created_ms: known.and_then(|(_, made)| *made),
            told,
            mfa_devices: user.and_then(|u| mfa_devices(account, u)),
        }
    };
    let mut in_slots = Vec::new();
    for credential in account.credential_report.iter().flat_map(|r| &r.credentials) {
        let key = account.key_of_slot(credential);
        in_slots.extend(key.map(|k| k.id.as_str()));
        let told = row(Some(&credential.user), Told::Slot(credential, key));
        rows.push(Row { user_arn: Some(&credential.user_arn), user_created_ms: credential.user_created_ms, ..told });
    }
    for key in account.evidence.access_keys.values().filter(|k| !in_slots.contains(&k.id.as_str())) {
        rows.push(row(key.user.as_deref(), Told::Key(key)));
    }
    for other in account.evidence.other_credentials.values() {
        rows.push(row(Some(&other.user), Told::Other(other)));
    }
}

/// Table `credentials`: one row per user and slot of a credential report, and one per credential that stands in no slot.
///
/// # Errors
/// When the engine refuses the columns.
pub fn credentials(grants: &Grants) -> PolarsResult<DataFrame> {
    let mut rows = Vec::new();
    grants.accounts.values().for_each(|a| rows_of(a, &mut rows));
    Columns::of(&rows)
        .text("account", |r| Some(&r.account.id))
        .text("user_name", |r| r.user)
        .text("user_arn", |r| r.user_arn)
        .text("slot", |r| Some(r.slot()))
        .bool("present", |r| Some(r.report().is_none_or(|c| c.present)))
        .bool("active", Row::active)
        .int("last_changed_ms", |r| r.report()?.last_changed_ms)
        .int("last_used_ms", |r| r.last_use().0)
        .bool("last_used_known", |r| Some(r.last_use().1))
        .text("last_used_service", |r| r.last_use().2)
        .text("last_used_region", |r| r.last_use().3)
        .bool("mfa_active", |r| r.report()?.mfa_active)
        .int("user_created_ms", |r| r.user_created_ms)
        .int("report_ms", |r| r.report().and(r.account.credential_report.as_ref())?.generated_ms)
        .text("source", |r| Some(r.source()))
        .text("access_key_id", |r| r.key().map(|k| k.id.as_str()))
        .text("credential_id", |r| r.other().map(|o| o.id.as_str()))
        .text("service", |r| r.other().map(|o| o.service.as_str()))
        .text("status", |r| r.key().map(|k| &k.status).or_else(|| r.other().map(|o| &o.status))?.as_deref())
        .int("created_ms", |r| r.key().map(|k| k.created_ms).or_else(|| r.other().map(|o| o.created_ms))?)
        .int("expires_ms", |r| r.other()?.expires_ms)
        .int("mfa_devices", |r| r.mfa_devices)
        .table()
}
