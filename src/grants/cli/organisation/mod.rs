//! Exports of the organisation: its tree and its policies.
//!
//! An organisation's files have no account in their path, and some name nothing: which organisation they are of is told by
//! an ARN in them (`arn:aws:organizations::<management account>:root/<organisation>/<root>`) or by the other files of the
//! same bundle. So everything is read first (`read`) and put together when all files are known (`settle`, `tree`).
//! Source: Organizations API reference; inputs-and-evaluation.md sections 1.2 and 2.1.

mod read;
mod settle;
#[cfg(test)]
mod tests;
mod tree;

use serde_json::Value;

use super::super::builder::{Builder, Failure};
use super::super::organisation::OrganisationPolicyKind;
use super::super::{Capture, Document, Known};
use super::pages::text;
pub use settle::settle;

/// What is kept until all files are read.
#[derive(Default)]
pub struct Parts {
    told: Vec<Part>,
    not_in_use: Vec<NotInUse>,
}

/// What one document tells.
struct Part {
    capture: Capture,
    /// Folder of the bundle.
    root: String,
    /// The organisation and its management account, where an ARN in it names them.
    of: Option<(String, String)>,
    /// Whether the list breaks off.
    more: bool,
    told: Told,
}

/// An answer of AWS that an account is in no organisation.
struct NotInUse {
    capture: Capture,
    root: String,
    account: Option<String>,
}

/// A root.
#[derive(Clone, PartialEq, Eq)]
struct Root {
    id: String,
    name: String,
    /// Kinds of policy with their status.
    types: Vec<(String, String)>,
}

/// An organisational unit or an account, as lists name it.
#[derive(Clone, PartialEq, Eq)]
struct Child {
    id: String,
    name: String,
    status: Option<String>,
    /// Where it hangs, as the entry itself says.
    parent: Option<String>,
    /// What hangs above it, from the root on, where a path tells.
    path: Vec<String>,
}

/// A policy, as lists name it.
#[derive(Clone, PartialEq, Eq)]
struct Summary {
    id: String,
    name: String,
    kind: OrganisationPolicyKind,
    aws_managed: bool,
}

/// What a document is.
enum Told {
    Organization { management: Option<String>, billing_only: bool },
    Roots(Vec<Root>),
    Units { parent: Option<String>, units: Vec<Child> },
    /// `all`: every account of the organisation.
    Accounts { parent: Option<String>, all: bool, accounts: Vec<Child> },
    Parent { child: String, parent: String },
    Policies { kind: OrganisationPolicyKind, policies: Vec<Summary> },
    Policy { summary: Summary, content: Value },
    Targets { policy: String, targets: Vec<(String, String)> },
    Delegated(Vec<String>),
    Services { account: String, services: Vec<String> },
    /// Features of central root access that are on.
    Features(std::collections::BTreeSet<String>),
    ResourcePolicy(Value),
    /// A policy of a kind that takes no part in evaluation.
    OtherPolicy,
    /// A command that gave no output: row, item, answer.
    Failed { export: &'static str, item: String, answer: Known<()> },
}

/// The folder of the bundle that a file stands in.
fn root_of(document: &Document) -> String {
    match &document.place {
        Some(place) => place.root.clone(),
        None => document.file().find("organization/").and_then(|at| document.file().get(..at)).unwrap_or_default().to_owned(),
    }
}

/// The organisation and its management account that an ARN of Organizations names.
fn organisation_of(arn: &str) -> Option<(String, String)> {
    let arn = crate::aws::Arn::parse(arn).filter(|a| a.service == "organizations" && crate::aws::is_account_id(a.account))?;
    let id = arn.resource.split('/').find(|part| part.starts_with("o-"))?;
    Some((id.to_owned(), arn.account.to_owned()))
}

/// The first organisation that a document names.
fn named(value: &Value) -> Option<(String, String)> {
    match value {
        Value::Object(map) => map.iter().find_map(|(key, value)| match value {
            Value::String(arn) if key.to_ascii_lowercase().ends_with("arn") => organisation_of(arn),
            _ => named(value),
        }),
        Value::Array(list) => list.iter().find_map(named),
        _ => None,
    }
}

/// Takes a document of this family; gives what it was recognised as.
pub fn take(document: &Document, builder: &mut Builder) -> Option<&'static str> {
    let (kind, told) = read::read(document, builder)?;
    let Some(told) = told else { return Some(kind) };
    let of = match &told {
        // Its own ids count, whatever ARNs its policies hold.
        Told::Organization { management, .. } => {
            let organization = document.value.get("Organization");
            let id = organization.and_then(|o| text(o, "Id")).map(str::to_owned);
            id.map(|id| (id, management.clone().unwrap_or_default())).or_else(|| named(&document.value))
        }
        // It names the organisation by its id, and no ARN.
        Told::Features(_) => text(&document.value, "OrganizationId").map(|id| (id.to_owned(), String::new())),
        _ => named(&document.value).or_else(|| document.resource_arn.as_deref().and_then(organisation_of)),
    };
    let part =
        Part { capture: document.capture.clone(), root: root_of(document), of, more: super::pages::more(&document.value), told };
    builder.cli.organisation.told.push(part);
    Some(kind)
}

/// Takes a command of this family that gave no output.
pub fn failed(failure: &Failure, builder: &mut Builder) {
    let export: &'static str = &failure.place.export.id;
    if !failure.place.export.file.starts_with("organization/") {
        return;
    }
    let capture = failure.capture.clone();
    let root = failure.place.root.clone();
    let parts = &mut builder.cli.organisation;
    // The only "there is no such thing" of these is `AWSOrganizationsNotInUseException`.
    let whole = matches!(export, "organization" | "roots" | "organization-accounts" | "scps" | "rcps");
    if whole && failure.why.is_none() {
        let of_arn = failure.resource_arn.as_deref().and_then(crate::aws::Arn::parse).map(|a| a.account.to_owned());
        let of_root = || root.split('/').find(|p| crate::aws::is_account_id(p)).map(str::to_owned);
        let account = of_arn.filter(|a| crate::aws::is_account_id(a)).or_else(of_root);
        parts.not_in_use.push(NotInUse { capture, root, account });
        return;
    }
    let item = failure.place.item().or(failure.resource_arn.as_deref()).unwrap_or_default().to_owned();
    let told = Told::Failed { export, item, answer: failure.answer() };
    parts.told.push(Part { capture, root, of: None, more: false, told });
}
