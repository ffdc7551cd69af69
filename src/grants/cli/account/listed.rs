//! Things of an account that a list tells whole: server and signing certificates, analyzers, secrets. Of each list the
//! capture that counts is kept; a list that breaks off names what it names and no more.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::super::builder::{Builder, Failure};
use super::super::super::evidence::{Analyzer, Secret, ServerCertificate, SigningCertificate};
use super::super::super::gaad::time_ms;
use super::super::super::{Document, Known};
use super::super::pages::{Pages, list, more, owned, text};
use super::credentials::{items, user};
use super::evidence;
use crate::aws::Arn;

/// What is kept until all files are read. Keys begin with the account.
#[derive(Default)]
pub struct Parts {
    server: Pages<String, ServerCertificate>,
    /// By user.
    signing: Pages<(String, String), SigningCertificate>,
    /// By region.
    analyzers: Pages<(String, String), Analyzer>,
    /// By region.
    secrets: Pages<(String, String), Secret>,
}

/// The region of a list: where it was asked, or that of what it names.
fn region_of(document: &Document, field: &str, arn: &str, builder: &mut Builder) -> Option<String> {
    let first = list(&document.value, field).and_then(<[Value]>::first).and_then(|item| text(item, arn));
    let of_first = || first.and_then(Arn::parse).map(|a| a.region.to_owned()).filter(|r| !r.is_empty());
    let region = document.region().or_else(of_first);
    if region.is_none() {
        builder.problem(document.file(), "", "of which region it tells is not told");
    }
    region
}

/// Takes a document of one of this file's rows.
pub fn take(row: &str, account: &str, document: &Document, builder: &mut Builder) -> Option<&'static str> {
    let (value, capture) = (&document.value, &document.capture);
    match row {
        "server-certificates" => {
            let certificates = items(document, "ServerCertificateMetadataList", builder, server)?;
            builder.cli.account.listed.server.add(account.to_owned(), capture, certificates, more(value));
            Some("server certificates")
        }
        "signing-certificates" => {
            // What `--query` keeps of an answer without the field is null.
            let nothing = value.get("Certificates").is_some_and(Value::is_null).then(Vec::new);
            let certificates = nothing.or_else(|| items(document, "Certificates", builder, signing))?;
            if let Some(user) = user(document, "Certificates", builder) {
                builder.cli.account.listed.signing.add((account.to_owned(), user), capture, certificates, more(value));
            }
            Some("signing certificates")
        }
        "analyzers" => {
            let analyzers = items(document, "analyzers", builder, analyzer)?;
            if let Some(region) = region_of(document, "analyzers", "arn", builder) {
                builder.cli.account.listed.analyzers.add((account.to_owned(), region), capture, analyzers, more(value));
            }
            Some("analyzers")
        }
        _ => None,
    }
}

/// Takes what a list of secrets tells of each; that they exist, and whose policies are asked for, others take from it.
pub fn secrets(document: &Document, builder: &mut Builder) {
    let all = list(&document.value, "SecretList").unwrap_or_default();
    let of_first = || all.first().and_then(|s| text(s, "ARN")).and_then(Arn::parse).map(|a| a.account.to_owned());
    let Some(account) = document.account().or_else(of_first) else { return };
    // An empty list of a file without a place is of no region; it tells nothing.
    if document.place.is_none() && all.is_empty() {
        return;
    }
    if let Some(region) = region_of(document, "SecretList", "ARN", builder) {
        // What nothing names is a problem already.
        let secrets = all.iter().filter_map(secret).collect();
        builder.cli.account.listed.secrets.add((account, region), &document.capture, secrets, more(&document.value));
    }
}

fn server(value: &Value) -> Option<ServerCertificate> {
    Some(ServerCertificate {
        arn: text(value, "Arn")?.to_owned(),
        uploaded_ms: time_ms(value.get("UploadDate")),
        expires_ms: time_ms(value.get("Expiration")),
    })
}

fn signing(value: &Value) -> Option<SigningCertificate> {
    Some(SigningCertificate {
        id: text(value, "CertificateId")?.to_owned(),
        user: owned(value, "UserName"),
        status: text(value, "Status").map(str::to_owned),
        uploaded_ms: time_ms(value.get("UploadDate")),
    })
}

fn analyzer(value: &Value) -> Option<Analyzer> {
    let arn = text(value, "arn").filter(|arn| Arn::parse(arn).is_some())?;
    Some(Analyzer { arn: arn.to_owned(), kind: owned(value, "type"), status: owned(value, "status"), created_ms: time_ms(value.get("createdAt")) })
}

fn secret(value: &Value) -> Option<Secret> {
    Some(Secret {
        arn: text(value, "ARN")?.to_owned(),
        is_rotated: value.get("RotationEnabled").and_then(Value::as_bool).unwrap_or(false),
        created_ms: time_ms(value.get("CreatedDate")),
        rotated_ms: time_ms(value.get("LastRotatedDate")),
        accessed_ms: time_ms(value.get("LastAccessedDate")),
    })
}

/// Takes a command of this file that gave no output.
pub fn failed(account: &str, failure: &Failure, builder: &mut Builder) {
    let (place, capture) = (&failure.place, &failure.capture);
    let refused = Known::Unknown(failure.why.clone().unwrap_or_else(|| "AWS says that there is no such thing".to_owned()));
    let region = place.region().unwrap_or_default().to_owned();
    match place.export.id.as_str() {
        "server-certificates" => {
            let answer = refused.map(|()| BTreeMap::new());
            builder.put_known(&format!("server certificates of {account}"), capture, |g| &mut evidence(g, account).server_certificates, answer);
        }
        "signing-certificates" => {
            let user = place.part("user").unwrap_or_default().to_owned();
            let what = format!("signing certificates of {user} in {account}");
            builder.put_known(&what, capture, |g| evidence(g, account).signing_listed.entry(user).or_default(), failure.answer());
        }
        "analyzers" => {
            let what = format!("analyzers of {account} in {region}");
            builder.put_known(&what, capture, |g| evidence(g, account).analyzers_listed.entry(region).or_default(), refused);
        }
        "secrets" => {
            let what = format!("secrets of {account} in {region}");
            builder.put_known(&what, capture, |g| evidence(g, account).secrets_listed.entry(region).or_default(), refused);
        }
        _ => {}
    }
}

/// Puts what was kept in its place.
pub fn settle(parts: Parts, builder: &mut Builder) {
    for (account, listed) in parts.server.settle(|a| format!("server certificates of {a}"), builder) {
        let by_arn: BTreeMap<_, _> = listed.items.into_iter().map(|c| (c.arn.clone(), c)).collect();
        let what = format!("server certificates of {account}");
        let answer = super::settle::known(&listed.whole, by_arn);
        builder.put_known(&what, &listed.capture, |g| &mut evidence(g, &account).server_certificates, answer);
    }
    for ((account, user), listed) in parts.signing.settle(|(a, u)| format!("signing certificates of {u} in {a}"), builder) {
        for mut certificate in listed.items {
            if certificate.user.is_empty() {
                certificate.user.clone_from(&user);
            }
            let id = certificate.id.clone();
            let what = format!("signing certificate {id} of {account}");
            builder.put(&what, &listed.capture, |g| evidence(g, &account).signing_certificates.entry(id).or_default(), certificate);
        }
        let what = format!("signing certificates of {user} in {account}");
        builder.put_known(&what, &listed.capture, |g| evidence(g, &account).signing_listed.entry(user).or_default(), listed.whole);
    }
    for ((account, region), listed) in parts.analyzers.settle(|(a, r)| format!("analyzers of {a} in {r}"), builder) {
        for analyzer in listed.items {
            let arn = analyzer.arn.clone();
            builder.put(&format!("analyzer {arn}"), &listed.capture, |g| evidence(g, &account).analyzers.entry(arn).or_default(), analyzer);
        }
        let what = format!("analyzers of {account} in {region}");
        builder.put_known(&what, &listed.capture, |g| evidence(g, &account).analyzers_listed.entry(region).or_default(), listed.whole);
    }
    for ((account, region), listed) in parts.secrets.settle(|(a, r)| format!("secrets of {a} in {r}"), builder) {
        for secret in listed.items {
            let arn = secret.arn.clone();
            builder.put(&format!("rotation of {arn}"), &listed.capture, |g| evidence(g, &account).secrets.entry(arn).or_default(), secret);
        }
        let what = format!("secrets of {account} in {region}");
        builder.put_known(&what, &listed.capture, |g| evidence(g, &account).secrets_listed.entry(region).or_default(), listed.whole);
    }
}
