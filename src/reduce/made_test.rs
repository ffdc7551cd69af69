//! Small organisations for the tests of owners: accounts with roles, users and policies, calls, and logs that cover the window.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Covered, Proposal, ReduceSettings, Skipped, reduce};
use crate::grants::builder::Builder;
use crate::grants::organisation::{Node, Organisation};
use crate::grants::{Capture, Document, Grants, Known, Source, gaad};
use crate::policy::{PolicyDocument, parse_document};
use crate::reference::Reference;
use crate::usage::coverage::{RegionCoverage, days_of};
use crate::usage::{AccountCoverage, Coverage, CoverageDay, Outcome, Usage, UsageRow, Window};

pub const DAY_MS: i64 = 86_400_000;
pub const TODAY: i64 = 20_000;
pub const WINDOW: Window = Window { start_ms: (TODAY - 90) * DAY_MS, end_ms: TODAY * DAY_MS };
pub const PROD: &str = "111122223333";
pub const DATA: &str = "444455556666";

pub fn day(ago: i64) -> String {
    jiff::Timestamp::from_millisecond((TODAY - ago) * DAY_MS).unwrap().to_string()
}

pub fn role_arn(account: &str, name: &str) -> String {
    format!("arn:aws:iam::{account}:role/{name}")
}

/// The unique id of a role.
fn id(account: &str, name: &str) -> String {
    format!("AROA{}{name}", account.get(..4).unwrap())
}

pub fn allow(action: Value, resource: Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Sid": "S", "Effect": "Allow", "Action": action, "Resource": resource}]})
}

pub fn trust(principal: Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Sid": "Trust", "Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}]})
}

/// A role of some days, with what a caller adds.
pub fn role(account: &str, path: &str, name: &str, age_days: i64, more: Value) -> Value {
    let mut role = json!({"RoleName": name, "RoleId": id(account, name), "Arn": role_arn(account, &format!("{}{name}", path.trim_start_matches('/'))), "Path": path,
        "CreateDate": day(age_days), "AttachedManagedPolicies": [], "RolePolicyList": [], "InstanceProfileList": [],
        "AssumeRolePolicyDocument": trust(json!({"Service": "ec2.amazonaws.com"}))});
    for (key, value) in more.as_object().unwrap() {
        role[key] = value.clone();
    }
    role
}

pub fn managed(arn: &str, document: &Value) -> Value {
    json!({"Arn": arn, "PolicyName": arn.rsplit('/').next(), "DefaultVersionId": "v1", "CreateDate": day(900),
           "PolicyVersionList": [{"VersionId": "v1", "IsDefaultVersion": true, "CreateDate": day(900), "Document": document}]})
}

pub fn attached(arn: &str) -> Value {
    json!([{"PolicyName": arn.rsplit('/').next(), "PolicyArn": arn}])
}

/// Accounts that are whole, in one organisation under one unit; the management account is another.
pub fn grants(accounts: Vec<(&str, Vec<Value>, Vec<Value>)>) -> Grants {
    let mut builder = Builder::default();
    let mut nodes = BTreeMap::from([
        ("r-1".to_owned(), Node { id: "r-1".to_owned(), parent: Known::Absent, ..Node::default() }),
        ("ou-1".to_owned(), Node { id: "ou-1".to_owned(), parent: Known::Present("r-1".to_owned()), ..Node::default() }),
    ]);
    for (account, roles, policies) in accounts {
        nodes.insert(account.to_owned(), Node { id: account.to_owned(), parent: Known::Present("ou-1".to_owned()), ..Node::default() });
        let capture = Capture { at_ms: None, source: Source::Cli, file: format!("{account}.json") };
        let value = json!({"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": roles, "Policies": policies});
        assert!(gaad::take(&Document::new(capture, None, value), &mut builder).is_some());
    }
    let mut grants = builder.finish();
    assert!(grants.problems.is_empty(), "{:?}", grants.problems);
    grants.since.is_complete = true;
    let organisation = Organisation { id: "o-1".to_owned(), management_account: Known::Present("999900001111".to_owned()), nodes, ..Organisation::default() };
    grants.organisations.insert("o-1".to_owned(), organisation);
    grants
}

/// Authorised calls of a role, from soon after the window began until shortly before it ended.
pub fn call(caller: &str, action: &str, resource: &str) -> UsageRow {
    let name = caller.rsplit('/').next().unwrap();
    UsageRow {
        account: caller.split(':').nth(4).unwrap().into(),
        principal_key: id(caller.split(':').nth(4).unwrap(), name).into(),
        principal_arn: Some(caller.into()),
        principal_type: Some("AssumedRole".into()),
        action: action.into(),
        resource_arn: resource.into(),
        provenance: "parameter".into(),
        region: Some("eu-west-1".into()),
        context_class: "{}".into(),
        outcome: Outcome::Allowed,
        calls: 7,
        first_seen_ms: (TODAY - 85) * DAY_MS,
        last_seen_ms: (TODAY - 2) * DAY_MS,
        samples: vec!["e-1".into()],
    }
}

/// Whether and by whom a role was taken up.
pub fn assumed(caller: &str, role: &str) -> UsageRow {
    call(caller, "sts:AssumeRole", role)
}

/// The same by somebody without policies of its own: a service, a provider.
pub fn assumed_by(principal_type: &str, key: &str, action: &str, role: &str) -> UsageRow {
    UsageRow { account: role.split(':').nth(4).unwrap().into(), principal_key: key.into(), principal_arn: None, principal_type: Some(principal_type.into()), ..call(role, action, role) }
}

/// The same before the window.
pub fn before(row: UsageRow, days_ago: i64) -> UsageRow {
    UsageRow { first_seen_ms: (TODAY - days_ago) * DAY_MS, last_seen_ms: (TODAY - days_ago) * DAY_MS, ..row }
}

/// Use, in accounts whose logs cover the window.
pub fn usage(rows: Vec<UsageRow>, covered: &[&str]) -> Usage {
    let window_days = days_of(WINDOW);
    let day = CoverageDay { management_reads: 1, management_writes: 1, data_events: 0 };
    let region = || RegionCoverage { spans: true, writes_span: true, ..RegionCoverage::default() };
    let account = AccountCoverage {
        days: window_days.iter().map(|d| (d.clone(), day)).collect(),
        share_permille: 1000,
        reads_visible: true,
        writes_visible: true,
        regions: [("eu-west-1".to_owned(), region()), ("us-east-1".to_owned(), region())].into(),
        ..AccountCoverage::default()
    };
    let accounts = covered.iter().map(|id| ((*id).to_owned(), account.clone())).collect();
    Usage { rows, coverage: Coverage { accounts, window_days, ..Coverage::default() }, ..Usage::default() }
}

/// The outcome of everything.
pub fn reduced(grants: &Grants, usage: &Usage, settings: &ReduceSettings) -> (Vec<Proposal>, Vec<Skipped>) {
    let reference = Reference::bundled().unwrap();
    let covered = Covered::new(&usage.coverage, &grants.trails, reference, settings, WINDOW);
    reduce(grants, usage, &covered, reference, WINDOW, settings, &|_| {})
}

pub fn document(value: &Value) -> PolicyDocument {
    parse_document(value).unwrap()
}
