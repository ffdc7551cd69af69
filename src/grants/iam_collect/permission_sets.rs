//! Permission sets of Identity Center in a store: `sso/permissionset/<name>/`. The store does not tell their ARNs: a set
//! joins the one of its name that another export tells of, and otherwise stands under its account and name.

use serde_json::Value;

use super::super::builder::Builder;
use super::super::json::{field, is_nothing, policy, text};
use super::super::permission_set::{Assignment, CustomerPolicy, SetBoundary};
use super::super::entry::{self, ONLY_POLICY, label};
use super::super::{AttachedDocument, Known};
use super::folder::{Folder, Part};
use crate::aws::is_account_id;

/// Takes a permission set. It is in the store as a whole: a file that is not there means that there is nothing.
pub fn take(account: &str, folder: &Folder, builder: &mut Builder) -> bool {
    let Some((capture, metadata)) = folder.metadata(builder) else { return true };
    let Some(name) = text(metadata, "name") else {
        builder.problem(&capture.file, "/name", "not a text: which permission set this is, is not known");
        return true;
    };
    let same_name = builder.grants.permission_sets.iter().find(|(_, set)| set.name.as_deref() == Some(name)).map(|(key, _)| key.clone());
    let key = text(metadata, "arn").map(str::to_owned).or(same_name).unwrap_or_else(|| format!("account {account}, permission set {name}"));
    let what = |part: &str| label::of_set(&key, part);

    let inline = folder.known("inlinepolicy", Known::Absent, |v| Ok(inline(v)), builder);
    if let (Some(Err(error)), Some(file)) = (inline.present().map(|i| &i.document), folder.files.get("inlinepolicy")) {
        builder.problem(&file.capture.file, "", error.to_string());
    }
    builder.put_known(&what("inline policy"), capture, |g| &mut entry::permission_set(g, &key, Some(name)).inline, inline);
    let managed = folder.known("awsmanagedpolicies", Known::Absent, |v| list(v, |item| item.as_str().or_else(|| text(item, "arn")).map(str::to_owned)), builder);
    builder.put_known(&what("managed policies"), capture, |g| &mut entry::permission_set(g, &key, Some(name)).managed, managed);
    let customer = folder.known("customermanagedpolicies", Known::Absent, |v| list(v, customer), builder);
    builder.put_known(&what("customer managed policies"), capture, |g| &mut entry::permission_set(g, &key, Some(name)).customer, customer);
    let boundary = folder.known("permissionboundary", Known::Absent, boundary, builder);
    builder.put_known(&what("permissions boundary"), capture, |g| &mut entry::permission_set(g, &key, Some(name)).boundary, boundary);

    let set = entry::permission_set(&mut builder.grants, &key, Some(name));
    if set.session_duration.is_none() {
        set.session_duration = text(metadata, "sessionDuration").map(str::to_owned);
    }
    if let Part::There(file, value) = folder.part("accounts") {
        let (file, Some(accounts)) = (file.clone(), accounts(value)) else {
            builder.problem(&file.file, "", "neither a list of accounts nor an object of them");
            return true;
        };
        for (of, told) in accounts {
            builder.put_known(&what(&format!("assignments in {of}")), &file, |g| entry::permission_set(g, &key, Some(name)).assignments.entry(of.clone()).or_default(), told);
        }
    }
    true
}

fn inline(value: &Value) -> Known<AttachedDocument> {
    policy(value).map_or(Known::Absent, |document| Known::Present(AttachedDocument { name: ONLY_POLICY.to_owned(), document }))
}

fn list<T>(value: &Value, read: impl Fn(&Value) -> Option<T>) -> Result<Known<Vec<T>>, String> {
    if is_nothing(value) {
        return Ok(Known::Absent);
    }
    let all: Option<Vec<T>> = value.as_array().and_then(|l| l.iter().map(read).collect());
    all.map(Known::Present).ok_or_else(|| "not a list of policies".to_owned())
}

fn customer(value: &Value) -> Option<CustomerPolicy> {
    Some(CustomerPolicy { path: text(value, "path").unwrap_or("/").to_owned(), name: text(value, "name")?.to_owned() })
}

fn boundary(value: &Value) -> Result<Known<SetBoundary>, String> {
    if is_nothing(value) {
        return Ok(Known::Absent);
    }
    let of_aws = text(value, "managedPolicyArn").map(|arn| SetBoundary::Managed(arn.to_owned()));
    let own = || field(value, "customerManagedPolicyReference").and_then(customer).map(SetBoundary::Customer);
    of_aws.or_else(own).map(Known::Present).ok_or_else(|| "not a permissions boundary".to_owned())
}

/// By account: who has the set, where the store tells.
fn accounts(value: &Value) -> Option<Vec<(String, Known<Vec<Assignment>>)>> {
    let untold = || Known::Unknown("the store names the account, not the people".to_owned());
    match value {
        Value::Array(list) => {
            list.iter().map(|a| a.as_str().or_else(|| text(a, "accountId")).filter(|a| is_account_id(a)).map(|a| (a.to_owned(), untold()))).collect()
        }
        Value::Object(map) => map
            .iter()
            .map(|(account, people)| {
                let people = people.as_array().map(|l| {
                    l.iter().map(|p| Some(Assignment { kind: text(p, "principalType")?.to_owned(), id: text(p, "principalId")?.to_owned() })).collect::<Option<Vec<_>>>()
                });
                is_account_id(account).then(|| (account.clone(), people.flatten().map_or_else(untold, Known::Present)))
            })
            .collect(),
        _ => None,
    }
}
