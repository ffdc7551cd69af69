//! The tables of small grants that are put together by hand.

use std::collections::{BTreeMap, BTreeSet};

use polars::prelude::{AnyValue, DataFrame};
use serde_json::{Value, json};

use super::super::evidence::{AccessKey, KeyUse, MfaDevice, OtherCredential, PasswordPolicy};
use super::super::organisation::{Node, Organisation, OrganisationPolicy, OrganisationPolicyKind};
use super::super::{
    Account, AttachedDocument, Credential, CredentialReport, CredentialSlot, Grants, Known, ManagedPolicy, OwnerKind, PermissionSet, Principal, Resource,
};
use super::*;
use crate::policy::{ActionElement, parse_document};

pub(super) const HOME: &str = "111122223333";
pub(super) const ADMIN: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

/// A table as texts: NULL is `-`.
pub(super) fn rows(frame: &DataFrame, columns: &[&str]) -> Vec<String> {
    let cell = |name: &&str, at: usize| match frame.column(name).unwrap().get(at).unwrap() {
        AnyValue::Null => "-".to_owned(),
        AnyValue::String(text) => text.replace('\n', "+"),
        AnyValue::StringOwned(text) => text.replace('\n', "+"),
        other => other.to_string(),
    };
    (0..frame.height()).map(|at| columns.iter().map(|c| cell(c, at)).collect::<Vec<_>>().join(" ")).collect()
}

fn inline(name: &str, document: Value) -> AttachedDocument {
    AttachedDocument { name: name.to_owned(), document: parse_document(&document) }
}

pub(super) fn allow(action: Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": action, "Resource": "*"}})
}

pub(super) fn principal(kind: OwnerKind, path: &str, name: &str) -> Principal {
    Principal {
        kind,
        account: HOME.to_owned(),
        name: name.to_owned(),
        path: path.to_owned(),
        arn: format!("arn:aws:iam::{HOME}:{}{path}{name}", kind.as_str()),
        unique_id: format!("ID{name}"),
        created_ms: Some(1),
        inline: Vec::new(),
        attached: Vec::new(),
        groups: Vec::new(),
        boundary: None,
        trust: None,
        tags: BTreeMap::new(),
        last_used_ms: None,
        last_used_known: true,
        instance_profiles: Vec::new(),
        untold: Vec::new(),
    }
}

pub(super) fn managed(arn: &str, account: Option<&str>, document: Value) -> (String, ManagedPolicy) {
    let policy = ManagedPolicy {
        versions: Vec::new(),
        arn: arn.to_owned(),
        name: arn.rsplit('/').next().unwrap().to_owned(),
        account: account.map(str::to_owned),
        created_ms: None,
        version_created_ms: None,
        document: parse_document(&document),
    };
    (arn.to_owned(), policy)
}

/// A user in a group, a role with a boundary, a role of Identity Center, a resource, an organisation.
fn sample() -> Grants {
    let trust = |entry: Value| Some(parse_document(&json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "In", "Effect": "Allow", "Principal": entry, "Action": "sts:AssumeRole", "Condition": {"StringEquals": {"sts:ExternalId": "secret"}}}]})));
    let ann = Principal { groups: vec!["gone".to_owned(), "ops".to_owned()], ..principal(OwnerKind::User, "/", "ann") };
    let ops = Principal { inline: vec![inline("read", allow(json!("s3:Get*")))], attached: vec![ADMIN.to_owned()], ..principal(OwnerKind::Group, "/", "ops") };
    let job = Principal {
        inline: vec![inline("bad", json!({"Statement": []})), inline("broken", json!({"Statement": [{"Effect": "Perhaps"}]})), inline("read", allow(json!("s3:Get*")))],
        attached: vec![format!("arn:aws:iam::{HOME}:policy/missing")],
        boundary: Some(ADMIN.to_owned()),
        trust: trust(json!({"Service": "ec2.amazonaws.com", "AWS": "444455556666"})),
        untold: vec!["attached policies"],
        ..principal(OwnerKind::Role, "/", "job")
    };
    let set_role = Principal {
        attached: vec![ADMIN.to_owned()],
        ..principal(OwnerKind::Role, "/aws-reserved/sso.amazonaws.com/", "AWSReservedSSO_Admin_0123456789abcdef")
    };
    let mut grants = Grants::default();
    let account = Account { id: HOME.to_owned(), has_authorization_details: true, complete: true, principals: vec![ann, ops, set_role, job], ..Account::default() };
    grants.accounts.insert(HOME.to_owned(), account);
    grants.policies.extend([managed(ADMIN, None, allow(json!("*")))]);
    let set = PermissionSet {
        arn: "arn:aws:sso:::permissionSet/i/ps-1".to_owned(),
        name: Some("Admin".to_owned()),
        managed: Known::Present(vec![ADMIN.to_owned()]),
        inline: Known::Absent,
        ..PermissionSet::default()
    };
    grants.permission_sets.insert(set.arn.clone(), set);
    let bucket = Resource {
        arn: "arn:aws:s3:::b".to_owned(),
        service: "s3".to_owned(),
        account: HOME.to_owned(),
        policy: Known::Present(vec![inline("policy", json!({"Statement": [
            {"Effect": "Allow", "Principal": {"AWS": ["*", format!("arn:aws:iam::{HOME}:root"), "arn:aws:iam::999900001111:root"]}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}]}))]),
        ..Resource::default()
    };
    let key = Resource { arn: "arn:aws:kms:eu-west-1:1:key/k".to_owned(), service: "kms".to_owned(), policy: Known::Unknown("refused".to_owned()), ..Resource::default() };
    for resource in [bucket, key] {
        grants.resources.by_arn.insert(resource.arn.clone(), resource);
    }
    let kind = OrganisationPolicyKind::ServiceControl;
    let node = |id: &str, parent: Known<String>| Node {
        id: id.to_owned(),
        name: format!("name of {id}"),
        parent,
        attached: BTreeMap::from([(kind, Known::Present(BTreeSet::from(["p-full".to_owned()])))]),
        status: Some("ACTIVE".to_owned()),
    };
    let organisation = Organisation {
        id: "o-1".to_owned(),
        management_account: Known::Present("444455556666".to_owned()),
        enabled: BTreeMap::from([(kind, Known::Present(true))]),
        nodes: [node("r-1", Known::Absent), node("ou-1", Known::Present("r-1".to_owned())), node(HOME, Known::Present("ou-1".to_owned()))]
            .map(|n| (n.id.clone(), n))
            .into(),
        policies: BTreeMap::from([(
            "p-full".to_owned(),
            OrganisationPolicy { id: "p-full".to_owned(), name: "FullAWSAccess".to_owned(), kind, aws_managed: true, document: Known::Present(parse_document(&allow(json!("*")))) },
        )]),
        ..Organisation::default()
    };
    grants.organisations.insert("o-1".to_owned(), organisation);
    grants
}

/// A reference of three actions.
fn expand(element: &ActionElement) -> Expanded<'static> {
    let all = ["iam:PassRole", "s3:GetObject", "s3:PutObject"];
    let (ActionElement::Action(patterns) | ActionElement::NotAction(patterns)) = element;
    let hits = |p: &str| all.into_iter().filter(|a| crate::policy::matching::action_pattern_matches(p, a)).collect::<Vec<_>>();
    match element {
        ActionElement::Action(_) => Expanded {
            known: patterns.iter().flat_map(|p| hits(p)).collect(),
            unknown: patterns.iter().filter(|p| hits(p).is_empty()).cloned().collect(),
        },
        ActionElement::NotAction(_) => Expanded { known: all.into_iter().filter(|a| !patterns.iter().any(|p| hits(p).contains(a))).collect(), unknown: Vec::new() },
    }
}

fn granted(grants: &Grants) -> Vec<String> {
    let documents = Documents::new(grants);
    let sets = ActionSets::new(&documents, &expand);
    let view = granted_actions(&statements(&documents, &sets).unwrap(), &action_sets(&sets).unwrap()).collect().unwrap();
    let mut rows = rows(&view, &["document_id", "statement", "effect", "action", "is_known"]);
    rows.sort();
    rows
}

#[test]
fn attachments_tell_by_what_somebody_holds_a_policy() {
    let grants = sample();
    let documents = Documents::new(&grants);
    let table = attachments(&grants, &documents).unwrap();
    let missing = format!("arn:aws:iam::{HOME}:policy/missing");
    let ops = format!("arn:aws:iam::{HOME}:group/ops");
    assert_eq!(
        rows(&table, &["holder_kind", "holder_key", "source", "via", "policy_arn", "policy_name"]),
        [
            format!("permission-set - managed - {ADMIN} AdministratorAccess"),
            "group IDops inline - - read".to_owned(),
            format!("group IDops managed - {ADMIN} AdministratorAccess"),
            format!("role IDAWSReservedSSO_Admin_0123456789abcdef permission-set arn:aws:sso:::permissionSet/i/ps-1 {ADMIN} AdministratorAccess"),
            format!("role IDjob boundary - {ADMIN} AdministratorAccess"),
            "role IDjob inline - - bad".to_owned(),
            "role IDjob inline - - broken".to_owned(),
            "role IDjob inline - - read".to_owned(),
            format!("role IDjob managed - {missing} missing"),
            format!("user IDann group {ops} - read"),
            format!("user IDann group {ops} {ADMIN} AdministratorAccess"),
            "user IDann group gone - -".to_owned(),
        ]
    );
    let ids = rows(&table, &["document_id"]);
    assert_eq!(ids[0], ids[10], "one document, whoever holds it");
    assert_eq!(ids[1], ids[7], "the same text inline in two places");
    assert_ne!(ids[4], ids[0], "what bounds is not what grants");
    assert_eq!((ids[6].as_str(), ids[8].as_str(), ids[11].as_str()), ("-", "-", "-"));
}

#[test]
fn documents_are_listed_where_they_stand_and_told_once() {
    let grants = sample();
    let documents = Documents::new(&grants);
    let table = super::documents(&documents).unwrap();
    assert_eq!(
        rows(&table, &["policy_type", "account", "owner_kind", "name", "statements", "is_readable", "error"]),
        [
            format!("identity {HOME} group read 1 true -"),
            format!("identity {HOME} role bad 0 true -"),
            format!("identity {HOME} role broken - false policy field `/Statement/0/Effect`: neither Allow nor Deny"),
            format!("identity {HOME} role read 1 true -"),
            "identity - policy AdministratorAccess 1 true -".to_owned(),
            "boundary - policy AdministratorAccess 1 true -".to_owned(),
            format!("trust {HOME} role - 1 true -"),
            "resource - resource - - false not known: refused".to_owned(),
            format!("resource {HOME} resource policy 1 true -"),
            "scp - organisation-policy FullAWSAccess 1 true -".to_owned(),
        ]
    );
    let characters = rows(&table, &["characters"]);
    assert_eq!(characters[4], r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#.len().to_string());
    let sets = ActionSets::new(&documents, &expand);
    let table = statements(&documents, &sets).unwrap();
    assert_eq!(table.height(), 6, "the read policy is there once");
    let mut all = rows(&table, &["policy_type", "sid", "effect", "actions", "resources", "principals", "conditions", "action_count"]);
    all.sort();
    assert_eq!(
        all,
        [
            "boundary - Allow * * - - 3".to_owned(),
            "identity - Allow * * - - 3".to_owned(),
            "identity - Allow s3:Get* * - - 1".to_owned(),
            format!("resource - Allow s3:GetObject arn:aws:s3:::b/* AWS *+AWS arn:aws:iam::{HOME}:root+AWS arn:aws:iam::999900001111:root - 1"),
            "scp - Allow * * - - 3".to_owned(),
            "trust In Allow sts:AssumeRole - AWS 444455556666+Service ec2.amazonaws.com StringEquals sts:ExternalId (set) 1".to_owned(),
        ]
    );
}

#[test]
fn actions_are_expanded_once_per_element() {
    let mut grants = Grants::default();
    let many = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"},
        {"Effect": "Allow", "Action": ["s3:*", "new:Thing", "s3:GetObject"], "Resource": "*"},
        {"Effect": "Deny", "Action": "s3:PutObject", "Resource": "*"}]});
    let role = Principal { inline: vec![inline("many", many)], ..principal(OwnerKind::Role, "/", "r") };
    grants.accounts.insert(HOME.to_owned(), Account { id: HOME.to_owned(), principals: vec![role], ..Account::default() });
    let id = granted(&grants)[0].split(' ').next().unwrap().to_owned();
    let expected = [
        "0 Deny iam:PassRole true", "1 Allow new:Thing false", "1 Allow s3:GetObject true", "1 Allow s3:PutObject true", "2 Deny s3:PutObject true",
    ];
    assert_eq!(granted(&grants), expected.map(|row| format!("{id} {row}")));

    // A thousand different policies that allow everything cost one set.
    let roles = (0..1000).map(|n| {
        let own = json!({"Version": "2012-10-17", "Statement": {"Sid": format!("S{n}"), "Effect": "Allow", "Action": "*", "Resource": "*"}});
        Principal { inline: vec![inline("all", own)], ..principal(OwnerKind::Role, "/", &format!("r{n}")) }
    });
    grants.accounts.get_mut(HOME).unwrap().principals = roles.collect();
    let documents = Documents::new(&grants);
    let sets = ActionSets::new(&documents, &expand);
    assert_eq!((action_sets(&sets).unwrap().height(), statements(&documents, &sets).unwrap().height()), (3, 1000));
    assert_eq!(granted(&grants).len(), 3000);
}

#[test]
fn trusts_and_resource_grants_name_every_entry() {
    let grants = sample();
    let documents = Documents::new(&grants);
    assert_eq!(
        rows(&trusts(&grants).unwrap(), &["role_name", "statement", "entry_kind", "entry_account", "requires_external_id", "conditions"]),
        ["job In account-root 444455556666 true StringEquals sts:ExternalId (set)", "job In service - true StringEquals sts:ExternalId (set)"]
    );
    let table = resource_grants(&grants, &documents, &BTreeSet::from([HOME])).unwrap();
    assert_eq!(
        rows(&table, &["service", "policy_name", "statement", "entry_kind", "entry_account", "is_external"]),
        ["s3 policy #0 any - true".to_owned(), format!("s3 policy #0 account-root {HOME} false"), "s3 policy #0 account-root 999900001111 true".to_owned()]
    );
}

#[test]
fn principals_tell_their_permission_set_and_what_is_not_told() {
    assert_eq!(
        rows(&principals(&sample()).unwrap(), &["name", "permission_set", "permission_set_arn", "group_count", "untold"]),
        [
            "ann - - 2 -",
            "ops - - 0 -",
            "AWSReservedSSO_Admin_0123456789abcdef Admin arn:aws:sso:::permissionSet/i/ps-1 0 -",
            "job - - 0 attached policies",
        ]
    );
}

#[test]
fn accounts_tell_their_place_and_their_root_user() {
    let mut grants = sample();
    let home = grants.accounts.get_mut(HOME).unwrap();
    home.evidence.summary = Known::Present(BTreeMap::from([("AccountMFAEnabled".to_owned(), 1), ("AccountAccessKeysPresent".to_owned(), 2)]));
    home.evidence.password_policy = Known::<PasswordPolicy>::Absent;
    let row = |account: &str, has| AccountRow { account: account.to_owned(), name: None, owned: true, has_authorization_details: has, has_credential_report: false };
    let table = accounts(&grants, &[row(HOME, true), row("444455556666", false), row("999900001111", false)]).unwrap();
    let columns = ["organisation_id", "ou_path", "status", "is_management_account", "complete", "scp_levels", "rcp_levels", "root_mfa_active", "root_access_keys", "has_password_policy"];
    assert_eq!(
        rows(&table, &columns),
        ["o-1 o-1/r-1/ou-1/ ACTIVE false true 3 - true 2 false", "o-1 - - true - 0 0 - - -", "- - - - - - - - - -"]
    );
    assert_eq!(rows(&table, &["rcp_untold"])[0], "whether RESOURCE_CONTROL_POLICY is on: not exported");
}

#[test]
fn credentials_join_the_report_with_the_listed_keys() {
    let mut grants = sample();
    let home = grants.accounts.get_mut(HOME).unwrap();
    let slot = |slot, changed: Option<i64>| Credential {
        user: "ann".to_owned(),
        user_arn: format!("arn:aws:iam::{HOME}:user/ann"),
        slot,
        present: changed.is_some(),
        active: changed.is_some(),
        last_changed_ms: changed,
        last_used_ms: None,
        last_used_known: true,
        last_used_service: None,
        last_used_region: None,
        mfa_active: Some(false),
        user_created_ms: Some(1),
    };
    home.credential_report = Some(CredentialReport {
        account: HOME.to_owned(),
        generated_ms: Some(9),
        credentials: vec![slot(CredentialSlot::AccessKey1, Some(5_000)), slot(CredentialSlot::AccessKey2, Some(8_000))],
    });
    let key = |id: &str, made, last_used| AccessKey { id: id.to_owned(), user: Some("ann".to_owned()), status: Some("Active".to_owned()), created_ms: Some(made), last_used };
    for key in [key("AKIA1", 5_000, Known::Absent), key("AKIA2", 7_000, Known::Present(KeyUse { at_ms: 3, service: None, region: None }))] {
        home.evidence.access_keys.insert(key.id.clone(), key);
    }
    let ssh = OtherCredential { user: "ann".to_owned(), id: "APKA1".to_owned(), service: "ssh".to_owned(), created_ms: Some(4), ..OtherCredential::default() };
    home.evidence.other_credentials.insert(ssh.id.clone(), ssh);
    let device = MfaDevice { serial: "s".to_owned(), user: Some("ann".to_owned()), enabled_ms: None };
    home.evidence.mfa_devices.insert(device.serial.clone(), device);
    let table = credentials(&grants).unwrap();
    assert_eq!(
        rows(&table, &["slot", "source", "access_key_id", "credential_id", "active", "created_ms", "last_changed_ms", "last_used_ms", "last_used_known", "mfa_devices", "report_ms"]),
        [
            "access_key_1 credential-report AKIA1 - true 5000 5000 - true 1 9",
            "access_key_2 credential-report - - true - 8000 - true 1 9",
            "access_key access-keys AKIA2 - true 7000 - 3 true 1 -",
            "ssh_key ssh-keys - APKA1 - 4 - - false 1 -",
        ]
    );
    assert!(rows(&table, &["user_arn"]).iter().all(|arn| arn.ends_with(":user/ann")), "keys find their user");
}
