//! KMS keys, their aliases and grants; URLs of Lambda functions.
//! Source: inputs-and-evaluation.md section 1.2; KMS and Lambda API references.

use serde_json::Value;

use super::super::super::builder::{Builder, Failure};
use super::super::super::resource::FunctionUrl;
use super::super::super::{Capture, Document, Known};
use super::lists;
use super::subject::{self, objects, text};
use crate::aws::Arn;
use crate::policy::beside::kms_grant;

/// Takes an output of this file; `Some(false)` for something else in its place.
pub fn take(row: &str, document: &Document, builder: &mut Builder) -> Option<bool> {
    let taken = match row {
        "kms-keys" => keys(document, builder),
        "kms-aliases" => aliases(document, builder),
        "kms-key" => key(document, builder),
        "kms-grants" => grants(document, builder),
        "lambda-url" => url(document, builder),
        _ => return None,
    };
    Some(taken.is_some())
}

fn keys(document: &Document, builder: &mut Builder) -> Option<()> {
    let list = objects(&document.value, "Keys")?;
    subject::nameless(document, "/Keys", "KeyArn", builder);
    for arn in list.into_iter().filter_map(|k| text(k, "KeyArn")) {
        subject::checked(document, arn, builder);
        builder.key(arn);
    }
    lists::read(document, builder);
    Some(())
}

/// `list-aliases`. An alias of AWS's that is not used yet stands for no key.
fn aliases(document: &Document, builder: &mut Builder) -> Option<()> {
    let list = objects(&document.value, "Aliases")?;
    subject::nameless(document, "/Aliases", "AliasArn", builder);
    for alias in list {
        let Some(arn) = text(alias, "AliasArn") else { continue };
        let (Some(parsed), Some(target)) = (Arn::parse(arn), text(alias, "TargetKeyId")) else { continue };
        subject::checked(document, arn, builder);
        let key = format!("arn:{}:kms:{}:{}:key/{target}", parsed.partition, parsed.region, parsed.account);
        builder.put(arn, &document.capture, |g| g.resources.aliases.entry(arn.to_owned()).or_default(), key);
    }
    lists::read(document, builder);
    Some(())
}

fn key(document: &Document, builder: &mut Builder) -> Option<()> {
    let map = document.value.get("KeyMetadata")?.as_object()?;
    let arn = subject::of("kms-key", document, text(map, "Arn"), builder)?;
    let manager = text(map, "KeyManager").map_or_else(|| Known::Unknown("the export does not say".to_owned()), |m| Known::Present(m.to_owned()));
    let state = text(map, "KeyState").map(str::to_owned);
    builder.key(&arn);
    put_manager(&arn, &document.capture, manager, builder);
    builder.put(&format!("{arn}: state"), &document.capture, |g| &mut g.resources.keys.entry(arn.clone()).or_default().state, state);
    Some(())
}

fn put_manager(arn: &str, capture: &Capture, manager: Known<String>, builder: &mut Builder) {
    let what = format!("{arn}: manager");
    builder.put_known(&what, capture, |g| &mut g.resources.keys.entry(arn.to_owned()).or_default().manager, manager);
}

/// `list-grants`, page by page. A grant that is not understood leaves all of the key's unknown.
fn grants(document: &Document, builder: &mut Builder) -> Option<()> {
    let list = objects(&document.value, "Grants")?;
    let mut of = list.iter().map(|g| text(g, "KeyId"));
    let first = of.next();
    if of.any(|one| Some(one) != first) {
        // `list-retirable-grants` has the same fields, and not all grants of any key.
        builder.problem(document.file(), "/Grants", "of several keys: not used");
        return Some(());
    }
    let own = list.iter().find_map(|g| text(g, "KeyId")).filter(|id| Arn::parse(id).is_some());
    let Some(arn) = subject::of("kms-grants", document, own, builder) else { return Some(()) };
    builder.key(&arn);
    match list.into_iter().map(kms_grant).collect::<Result<Vec<_>, String>>() {
        Ok(grants) => builder.loose.grants(&document.capture, &arn, grants, subject::breaks_off(&document.value)),
        Err(e) => {
            builder.problem(document.file(), &arn, format!("grants: {e}"));
            put_grants_unknown(&arn, &document.capture, format!("the export cannot be read: {e}"), builder);
        }
    }
    Some(())
}

fn put_grants_unknown(arn: &str, capture: &Capture, why: String, builder: &mut Builder) {
    let what = format!("{arn}: grants");
    builder.put_known(&what, capture, |g| &mut g.resources.keys.entry(arn.to_owned()).or_default().grants, Known::Unknown(why));
}

fn url(document: &Document, builder: &mut Builder) -> Option<()> {
    let map = document.value.as_object()?;
    let (Some(url), Some(auth)) = (text(map, "FunctionUrl"), text(map, "AuthType")) else { return None };
    let told = Known::Present(FunctionUrl { url: url.to_owned(), auth: auth.to_owned() });
    if let Some(arn) = subject::of("lambda-url", document, text(map, "FunctionArn"), builder) {
        put_url(&arn, &document.capture, told, builder);
    }
    Some(())
}

fn put_url(arn: &str, capture: &Capture, told: Known<FunctionUrl>, builder: &mut Builder) {
    let what = format!("{arn}: URL");
    builder.put_known(&what, capture, |g| g.resources.function_urls.entry(arn.to_owned()).or_default(), told);
}

/// What is known where the command failed.
pub fn failed(row: &str, failure: &Failure, builder: &mut Builder) {
    if !matches!(row, "kms-key" | "kms-grants" | "lambda-url") {
        return;
    }
    let Some(arn) = subject::of_failure(row, failure) else { return };
    match row {
        "lambda-url" => put_url(&arn, &failure.capture, failure.answer(), builder),
        "kms-key" => {
            builder.key(&arn);
            put_manager(&arn, &failure.capture, failure.answer(), builder);
        }
        _ => {
            builder.key(&arn);
            // No code says that a key has no grants.
            let why = failure.why.clone().unwrap_or_else(|| "the command failed".to_owned());
            put_grants_unknown(&arn, &failure.capture, why, builder);
        }
    }
}

/// Whether an output is a list of aliases of KMS, not of Lambda.
pub fn is_aliases(value: &Value) -> bool {
    value.pointer("/Aliases/0/AliasArn").and_then(Value::as_str).and_then(Arn::parse).is_some_and(|a| a.service == "kms")
}
