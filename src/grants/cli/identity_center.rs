//! Exports of Identity Center: permission sets and their assignments.
//!
//! A file is about the permission set that it names itself, that its wrapper names, or that its path names by the last
//! parts of the ARNs; the partition of a set that only paths name is that of the other ARNs. Source: IAM Identity Center API
//! reference; inputs-and-evaluation.md section 1.1.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::builder::{Builder, Failure};
use super::super::permission_set::{Assignment, CustomerPolicy, PermissionSet, SetBoundary};
use super::super::{AttachedDocument, Capture, Document, Known, Place};
use super::pages::{Pages, list, more, owned, text};
use crate::aws::Arn;
use crate::policy::parse_document;

/// A permission set by the last parts of the ARNs of its instance and of itself.
type SetId = (String, String);

/// What is kept until all files are read.
#[derive(Default)]
pub struct Parts {
    /// ARNs that were told.
    arns: BTreeMap<SetId, String>,
    /// Partitions of instances whose ARN was told.
    partitions: BTreeMap<String, String>,
    told: Vec<(SetId, Capture, Told)>,
    managed: Pages<SetId, String>,
    customer: Pages<SetId, CustomerPolicy>,
    accounts: Pages<SetId, String>,
    assignments: Pages<(SetId, String), Assignment>,
}

/// What one file tells of a permission set.
enum Told {
    Named,
    Described { name: Option<String>, duration: Option<String> },
    Inline(Known<AttachedDocument>),
    Managed(Known<Vec<String>>),
    Customer(Known<Vec<CustomerPolicy>>),
    Boundary(Known<SetBoundary>),
    Accounts(Known<Vec<String>>),
    Assignments(String, Known<Vec<Assignment>>),
}

/// `arn:aws:sso:::permissionSet/<instance>/<set>`.
fn set_id(arn: &str) -> Option<SetId> {
    let mut parts = Arn::parse(arn).filter(|a| a.service == "sso")?.resource.splitn(3, '/');
    match (parts.next()?, parts.next()?, parts.next()?) {
        ("permissionSet", instance, set) => Some((instance.to_owned(), set.to_owned())),
        _ => None,
    }
}

fn of_place(place: &Place) -> Option<SetId> {
    Some((place.part("instance")?.to_owned(), place.part("id")?.to_owned()))
}

/// The row of the table that a file without a place would have.
fn row(value: &Value) -> Option<&'static str> {
    let set_in = |key: &str| list(value, key).and_then(<[Value]>::first).and_then(|a| text(a, "PermissionSetArn")).is_some();
    if value.get("PermissionSet").and_then(|p| text(p, "PermissionSetArn")).is_some() {
        Some("permission-set")
    } else if list(value, "Instances").and_then(<[Value]>::first).and_then(|i| text(i, "InstanceArn")).is_some() {
        Some("sso-instances")
    } else if list(value, "PermissionSets").and_then(<[Value]>::first).and_then(Value::as_str).is_some_and(|a| set_id(a).is_some()) {
        Some("permission-sets")
    } else if set_in("AccountAssignments") {
        Some("assignments")
    } else if value.get("InlinePolicy").is_some() {
        Some("permission-set-inline")
    } else if value.get("CustomerManagedPolicyReferences").is_some() {
        Some("permission-set-customer")
    } else {
        None
    }
}

fn customer(value: &Value) -> Option<CustomerPolicy> {
    Some(CustomerPolicy { path: text(value, "Path").unwrap_or("/").to_owned(), name: text(value, "Name")?.to_owned() })
}

fn all<T>(value: &Value, key: &str, item: impl Fn(&Value) -> Option<T>) -> Option<Vec<T>> {
    list(value, key)?.iter().map(item).collect()
}

/// Takes a document of this family; gives what it was recognised as.
pub fn take(document: &Document, builder: &mut Builder) -> Option<&'static str> {
    let value = &document.value;
    let row = match &document.place {
        Some(place) if place.export.file.starts_with("sso/") => place.export.id.as_str(),
        Some(_) => return None,
        None => row(value)?,
    };
    let parts = &mut builder.cli.identity_center;
    let capture = &document.capture;
    match row {
        "sso-instances" => {
            for arn in all(value, "Instances", |i| text(i, "InstanceArn").map(str::to_owned))? {
                if let Some(parsed) = Arn::parse(&arn) {
                    parts.partitions.insert(parsed.name().to_owned(), parsed.partition.to_owned());
                }
            }
            return Some("Identity Center instances");
        }
        "permission-sets" => {
            for arn in all(value, "PermissionSets", |a| a.as_str().map(str::to_owned))? {
                if let Some(id) = set_id(&arn) {
                    parts.arns.insert(id.clone(), arn);
                    parts.told.push((id, capture.clone(), Told::Named));
                }
            }
            return Some("permission sets");
        }
        _ => {}
    }
    // `list-account-assignments-for-principal` has the same fields, of many sets and accounts.
    let mut of = list(value, "AccountAssignments").unwrap_or_default().iter().map(|a| (text(a, "PermissionSetArn"), text(a, "AccountId")));
    let first = of.next();
    if of.any(|one| Some(one) != first) {
        builder.problem(document.file(), "/AccountAssignments", "of several permission sets or accounts: not used");
        return Some("permission set assignments");
    }
    // Everything else is about one permission set.
    let own = match row {
        "permission-set" => value.get("PermissionSet").and_then(|p| text(p, "PermissionSetArn")),
        "assignments" => list(value, "AccountAssignments").and_then(<[Value]>::first).and_then(|a| text(a, "PermissionSetArn")),
        _ => None,
    };
    let arn = own.or(document.resource_arn.as_deref());
    let Some(id) = arn.and_then(set_id).or_else(|| document.place.as_ref().and_then(of_place)) else {
        builder.problem(document.file(), "", "of which permission set it tells is not told");
        return Some("permission set");
    };
    if let Some(arn) = arn {
        parts.arns.insert(id.clone(), arn.to_owned());
    }
    if document.place.as_ref().and_then(of_place).is_some_and(|of_place| of_place != id) {
        let reason = format!("permission set `{}`, not that of its folder", id.1);
        builder.problem(document.file(), "", reason);
    }
    one(row, document, id, builder)
}

/// Takes a document about one permission set.
fn one(row: &str, document: &Document, id: SetId, builder: &mut Builder) -> Option<&'static str> {
    let (value, capture) = (&document.value, &document.capture);
    let mut problem = None;
    let parts = &mut builder.cli.identity_center;
    let (kind, told) = match row {
        "permission-set" => {
            let set = value.get("PermissionSet")?;
            let described = Told::Described {
                name: text(set, "Name").map(str::to_owned),
                duration: text(set, "SessionDuration").map(str::to_owned),
            };
            ("permission set", described)
        }
        "permission-set-inline" => {
            // An empty text is no policy; a response without a field prints nothing at all.
            let inline = match value.get("InlinePolicy").filter(|_| value.is_object()) {
                None if value.as_object().is_some_and(|m| !m.is_empty()) => return None,
                None => Known::Absent,
                Some(Value::String(text)) if text.trim().is_empty() => Known::Absent,
                Some(policy) => {
                    let document = parse_document(policy);
                    problem = document.as_ref().err().map(ToString::to_string);
                    Known::Present(AttachedDocument { name: "policy".to_owned(), document })
                }
            };
            ("permission set inline policy", Told::Inline(inline))
        }
        "permission-set-managed" => {
            let arns = all(value, "AttachedManagedPolicies", |p| text(p, "Arn").map(str::to_owned))?;
            parts.managed.add(id.clone(), capture, arns, more(value));
            ("permission set managed policies", Told::Named)
        }
        "permission-set-customer" => {
            let policies = all(value, "CustomerManagedPolicyReferences", customer)?;
            parts.customer.add(id.clone(), capture, policies, more(value));
            ("permission set customer managed policies", Told::Named)
        }
        "permission-set-boundary" => {
            let boundary = value.get("PermissionsBoundary")?;
            let of_customer = || boundary.get("CustomerManagedPolicyReference").and_then(customer).map(SetBoundary::Customer);
            let boundary = text(boundary, "ManagedPolicyArn").map(|a| SetBoundary::Managed(a.to_owned())).or_else(of_customer)?;
            ("permission set boundary", Told::Boundary(Known::Present(boundary)))
        }
        "permission-set-accounts" => {
            let accounts = all(value, "AccountIds", |a| a.as_str().map(str::to_owned))?;
            parts.accounts.add(id.clone(), capture, accounts, more(value));
            ("permission set accounts", Told::Named)
        }
        "assignments" => {
            let of_entry = || list(value, "AccountAssignments").and_then(<[Value]>::first).and_then(|a| text(a, "AccountId")).map(str::to_owned);
            let who = all(value, "AccountAssignments", |a| Some(Assignment { kind: owned(a, "PrincipalType"), id: text(a, "PrincipalId")?.to_owned() }))?;
            match of_entry().or_else(|| document.place.as_ref()?.part("account").map(str::to_owned)) {
                Some(account) => parts.assignments.add((id.clone(), account), capture, who, more(value)),
                None => problem = Some("the assignments of which account is not told".to_owned()),
            }
            ("permission set assignments", Told::Named)
        }
        _ => return None,
    };
    parts.told.push((id, capture.clone(), told));
    if let Some(problem) = problem {
        builder.problem(document.file(), "", problem);
    }
    Some(kind)
}

/// Takes a command of this family that gave no output.
pub fn failed(failure: &Failure, builder: &mut Builder) {
    let Some(id) = failure.resource_arn.as_deref().and_then(set_id).or_else(|| of_place(&failure.place)) else { return };
    if !failure.place.export.file.starts_with("sso/") {
        return;
    }
    // Only a boundary can be missing alone: for the other commands the permission set itself is not there.
    fn unknown<T>(failure: &Failure) -> Known<T> {
        Known::Unknown(failure.why.clone().unwrap_or_else(|| "AWS says that there is no such permission set".to_owned()))
    }
    let told = match failure.place.export.id.as_str() {
        "permission-set-inline" => Told::Inline(unknown(failure)),
        "permission-set-managed" => Told::Managed(unknown(failure)),
        "permission-set-customer" => Told::Customer(unknown(failure)),
        "permission-set-boundary" => Told::Boundary(failure.answer()),
        "permission-set-accounts" => Told::Accounts(unknown(failure)),
        "assignments" => Told::Assignments(failure.place.part("account").unwrap_or_default().to_owned(), unknown(failure)),
        _ => Told::Named,
    };
    builder.cli.identity_center.told.push((id, failure.capture.clone(), told));
}

/// Puts what was kept in its place.
pub fn settle(parts: Parts, builder: &mut Builder) {
    let Parts { arns, partitions, mut told, managed, customer, accounts, assignments } = parts;
    let name = |id: &SetId| format!("permission set {}/{}", id.0, id.1);
    let whole = |whole: &Known<()>| whole.why().map(str::to_owned);
    for (id, l) in managed.settle(|id| format!("managed policies of {}", name(id)), builder) {
        let answer = whole(&l.whole).map_or(Known::Present(sorted(l.items)), Known::Unknown);
        told.push((id, l.capture, Told::Managed(answer)));
    }
    for (id, l) in customer.settle(|id| format!("customer managed policies of {}", name(id)), builder) {
        let answer = whole(&l.whole).map_or(Known::Present(sorted(l.items)), Known::Unknown);
        told.push((id, l.capture, Told::Customer(answer)));
    }
    for (id, l) in accounts.settle(|id| format!("accounts of {}", name(id)), builder) {
        let answer = whole(&l.whole).map_or(Known::Present(l.items), Known::Unknown);
        told.push((id, l.capture, Told::Accounts(answer)));
    }
    for ((id, account), l) in assignments.settle(|(id, account)| format!("assignments of {} in {account}", name(id)), builder) {
        let answer = whole(&l.whole).map_or(Known::Present(sorted(l.items)), Known::Unknown);
        told.push((id, l.capture, Told::Assignments(account, answer)));
    }
    for (id, capture, told) in told {
        let partition = || partitions.get(&id.0).map(String::as_str).or_else(|| arns.values().find_map(|a| Arn::parse(a)).map(|a| a.partition));
        let arn = arns.get(&id).cloned().unwrap_or_else(|| format!("arn:{}:sso:::permissionSet/{}/{}", partition().unwrap_or("aws"), id.0, id.1));
        let partition = Arn::parse(&arn).map_or("aws", |a| a.partition);
        let set = builder.grants.permission_sets.entry(arn.clone()).or_default();
        set.instance = format!("arn:{partition}:sso:::instance/{}", id.0);
        set.arn.clone_from(&arn);
        place(&arn, &capture, told, builder);
    }
}

fn sorted<T: Ord>(mut list: Vec<T>) -> Vec<T> {
    list.sort();
    list.dedup();
    list
}

fn place(arn: &str, capture: &Capture, told: Told, builder: &mut Builder) {
    macro_rules! put_known {
        ($what:expr, $set:ident, $slot:expr, $value:expr) => {
            builder.put_known(&format!("{} of {arn}", $what), capture, |g| { let $set: &mut PermissionSet = g.permission_sets.entry(arn.to_owned()).or_default(); $slot }, $value)
        };
    }
    match told {
        Told::Named => {}
        Told::Described { name, duration } => {
            builder.put(&format!("name of {arn}"), capture, |g| &mut g.permission_sets.entry(arn.to_owned()).or_default().name, name);
            builder.put(&format!("session duration of {arn}"), capture, |g| &mut g.permission_sets.entry(arn.to_owned()).or_default().session_duration, duration);
        }
        Told::Inline(inline) => put_known!("inline policy", set, &mut set.inline, inline),
        Told::Managed(managed) => put_known!("managed policies", set, &mut set.managed, managed),
        Told::Customer(customer) => put_known!("customer managed policies", set, &mut set.customer, customer),
        Told::Boundary(boundary) => put_known!("permissions boundary", set, &mut set.boundary, boundary),
        Told::Accounts(accounts) => {
            let set = builder.grants.permission_sets.entry(arn.to_owned()).or_default();
            // Where it has a role but nothing tells who has it, that is not known.
            for account in accounts.present().into_iter().flatten() {
                set.assignments.entry(account.clone()).or_default();
            }
            let accounts = accounts.map(|a| a.into_iter().collect());
            put_known!("accounts", set, &mut set.accounts, accounts);
        }
        Told::Assignments(account, who) => {
            put_known!(format!("assignments in {account}"), set, set.assignments.entry(account.clone()).or_default(), who);
        }
    }
}
