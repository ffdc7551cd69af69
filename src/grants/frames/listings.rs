//! Rows of `inventory` for things that lists tell whole: certificates, analyzers, secrets, trails, central root access. A
//! list that was not exported is a row of its own, so that nothing named differs from nothing known.

use std::collections::BTreeMap;

use super::super::{Account, Grants, Known, OwnerKind};
use super::AccountRow;
use super::inventory::Row;
use crate::aws::Arn;

/// Features of central root access (IAM API reference, `ListOrganizationsFeatures`).
const FEATURES: [&str; 2] = ["RootCredentialsManagement", "RootSessions"];

const NOT_EXPORTED: &str = "not exported";

/// An account's row of a kind in which no thing is named.
fn no_thing(account: &str, kind: &'static str, region: &str, known: &Known<()>) -> Row {
    Row { region: region.to_owned(), ..Row::new(account, kind, "").known(known, |()| String::new()) }
}

fn not_exported() -> Known<()> {
    Known::Unknown(NOT_EXPORTED.to_owned())
}

/// One row for each region whose list names nothing or is not known, and one for an account without any list.
fn regions(account: &str, kind: &'static str, listed: &BTreeMap<String, Known<()>>, arns: &[&str], rows: &mut Vec<Row>) {
    let of_region = |region: &str| arns.iter().any(|arn| Arn::parse(arn).is_some_and(|a| a.region == region));
    for (region, known) in listed {
        match known {
            Known::Unknown(_) => rows.push(no_thing(account, kind, region, known)),
            Known::Present(()) | Known::Absent if !of_region(region) => rows.push(no_thing(account, kind, region, &Known::Absent)),
            Known::Present(()) | Known::Absent => {}
        }
    }
    if listed.is_empty() {
        rows.push(no_thing(account, kind, "", &not_exported()));
    }
}

fn certificates(account: &Account, rows: &mut Vec<Row>) {
    let (id, of) = (account.id.as_str(), &account.evidence);
    const SERVER: &str = "server-certificate";
    const SIGNING: &str = "signing-certificate";
    match &of.server_certificates {
        Known::Present(all) if !all.is_empty() => {
            let row = |(arn, c): (&String, &super::super::evidence::ServerCertificate)| Row {
                created_ms: c.uploaded_ms,
                until_ms: c.expires_ms,
                ..Row::new(id, SERVER, arn)
            };
            rows.extend(all.iter().map(row));
        }
        Known::Present(_) | Known::Absent => rows.push(no_thing(id, SERVER, "", &Known::Absent)),
        Known::Unknown(why) => rows.push(no_thing(id, SERVER, "", &Known::Unknown(why.clone()))),
    }
    for certificate in of.signing_certificates.values() {
        rows.push(Row {
            subject: certificate.user.clone(),
            detail: certificate.status.clone().unwrap_or_default(),
            created_ms: certificate.uploaded_ms,
            ..Row::new(id, SIGNING, &certificate.id)
        });
    }
    if of.signing_listed.is_empty() {
        rows.push(no_thing(id, SIGNING, "", &not_exported()));
        return;
    }
    let users = account.principals.iter().filter(|p| p.kind == OwnerKind::User && !of.signing_listed.contains_key(&p.name));
    let untold = users.map(|user| (user.name.clone(), not_exported()));
    let refused = of.signing_listed.iter().filter(|(_, known)| known.is_unknown()).map(|(user, known)| (user.clone(), known.clone()));
    rows.extend(untold.chain(refused).map(|(subject, known)| Row { subject, ..no_thing(id, SIGNING, "", &known) }));
}

fn analyzers(account: &Account, rows: &mut Vec<Row>) {
    let of = &account.evidence;
    for analyzer in of.analyzers.values() {
        let detail = format!("{} {}", analyzer.kind, analyzer.status);
        rows.push(Row { detail, created_ms: analyzer.created_ms, ..Row::new(&account.id, "analyzer", &analyzer.arn) });
    }
    let arns: Vec<&str> = of.analyzers.keys().map(String::as_str).collect();
    regions(&account.id, "analyzer", &of.analyzers_listed, &arns, rows);
}

/// A day, as Secrets Manager tells the last use.
fn day(at_ms: i64) -> Option<String> {
    Some(jiff::Timestamp::from_millisecond(at_ms).ok()?.strftime("%Y-%m-%d").to_string())
}

fn secrets(account: &Account, rows: &mut Vec<Row>) {
    let of = &account.evidence;
    for secret in of.secrets.values() {
        let rotation = if secret.is_rotated { "rotation=on" } else { "rotation=off" };
        let accessed = secret.accessed_ms.and_then(day).map_or_else(String::new, |day| format!("; accessed={day}"));
        rows.push(Row {
            detail: format!("{rotation}{accessed}"),
            created_ms: secret.created_ms,
            until_ms: secret.rotated_ms,
            ..Row::new(&account.id, "secret", &secret.arn)
        });
    }
    let arns: Vec<&str> = of.secrets.keys().map(String::as_str).collect();
    regions(&account.id, "secret", &of.secrets_listed, &arns, rows);
}

/// Where trails were listed: a region's list has the trails of all regions that log it.
fn trails(account: &Account, grants: &Grants, rows: &mut Vec<Row>) {
    const KIND: &str = "trail-list";
    let id = account.id.as_str();
    let mut has_any = false;
    for (question, asked) in grants.asked.iter().filter(|(q, _)| q.of.export == "trails" && q.of.account == id) {
        has_any = true;
        rows.push(no_thing(id, KIND, &question.of.region, &asked.answer));
    }
    if !has_any {
        // Files that stand in no bundle are no answers, but they name trails.
        let is_told = grants.trails.values().any(|t| t.has_kms_key.is_some() && (t.account == id || t.listed_by.contains(id)));
        rows.push(no_thing(id, KIND, "", &if is_told { Known::Present(()) } else { not_exported() }));
    }
}

/// The rows of the lists of these accounts, and of the organisations.
pub(super) fn rows(grants: &Grants, list: &[AccountRow], rows: &mut Vec<Row>) {
    for row in list {
        let nothing;
        let account = match grants.accounts.get(&row.account) {
            Some(account) => account,
            None => {
                nothing = Account { id: row.account.clone(), ..Account::default() };
                &nothing
            }
        };
        certificates(account, rows);
        analyzers(account, rows);
        secrets(account, rows);
        trails(account, grants, rows);
    }
    for organisation in grants.organisations.values() {
        let manager = organisation.management_account.present().map(String::as_str).unwrap_or_default();
        for feature in FEATURES {
            let known = match &organisation.features {
                Known::Present(on) if on.contains(feature) => Known::Present(()),
                Known::Present(_) | Known::Absent => Known::Absent,
                Known::Unknown(why) => Known::Unknown(why.clone()),
            };
            let row = Row::new(manager, "organisation-feature", feature).known(&known, |()| String::new());
            rows.push(Row { subject: organisation.id.clone(), ..row });
        }
    }
}
