//! The tables of settings, devices, managed policies and trails, and the rows of lists in `inventory`: of small grants and of
//! the fixtures.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::json;

use super::super::evidence::{Analyzer, MfaDevice, PasswordPolicy, Secret, SigningCertificate};
use super::super::organisation::Organisation;
use super::super::permission_set::{CustomerPolicy, SetBoundary};
use super::super::selectors::{Category, Selector};
use super::super::{Account, Grants, Known, OwnerKind, PermissionSet, PolicyVersion, Principal, Selectors, Trail, TrailStatus};
use super::tests::{ADMIN, HOME, allow, managed, principal, rows};
use super::*;
use crate::aws::is_account_id;

const OTHER: &str = "444455556666";

/// An account in which everything is told.
fn account(principals: Vec<Principal>) -> Account {
    Account { id: HOME.to_owned(), has_authorization_details: true, complete: true, principals, ..Account::default() }
}

fn of(account: Account) -> Grants {
    Grants { accounts: [(account.id.clone(), account)].into(), ..Grants::default() }
}

fn listed(accounts: &[&str]) -> Vec<AccountRow> {
    let row = |a: &&str| AccountRow { account: (*a).to_owned(), name: None, owned: true, has_authorization_details: false, has_credential_report: false };
    accounts.iter().map(row).collect()
}

fn kind(grants: &Grants, kind: &str) -> Vec<String> {
    let ids: BTreeSet<&str> = grants.accounts.keys().chain(grants.organisations.values().flat_map(|o| o.nodes.keys())).map(String::as_str).collect();
    let list = listed(&ids.into_iter().filter(|id| is_account_id(id)).collect::<Vec<_>>());
    let all = rows(&inventory(grants, &list).unwrap(), &["kind", "account", "region", "thing", "subject", "state", "detail", "created_ms", "until_ms"]);
    all.iter().filter_map(|row| row.strip_prefix(kind)?.strip_prefix(' ')).map(str::to_owned).collect()
}

fn bundle() -> Grants {
    super::super::load(&[Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/grants/bundle")]).unwrap()
}

#[test]
fn groups_tell_their_members_and_everybody_the_names_of_tags() {
    let ann = Principal { groups: vec!["gone".to_owned(), "ops".to_owned()], ..principal(OwnerKind::User, "/", "ann") };
    let bob = Principal { groups: vec!["ops".to_owned()], tags: [("owner", "x"), ("Team", "y")].map(|(k, v)| (k.to_owned(), v.to_owned())).into(), ..principal(OwnerKind::User, "/", "bob") };
    let groups = ["empty", "ops"].map(|name| principal(OwnerKind::Group, "/", name));
    let mut grants = of(account([ann, bob].into_iter().chain(groups).collect()));
    let told = |grants: &Grants| rows(&principals(grants).unwrap(), &["name", "members", "tag_keys"]);
    assert_eq!(told(&grants), ["ann - -", "bob - Team+owner", "empty 0 -", "ops 2 -"]);
    grants.accounts.get_mut(HOME).unwrap().principals[0].untold = vec!["groups"];
    assert_eq!(told(&grants)[2..], ["empty - -", "ops - -"], "whose groups are not told may be in any of them");
    let home = grants.accounts.get_mut(HOME).unwrap();
    (home.complete, home.principals[0].untold) = (false, Vec::new());
    assert_eq!(told(&grants)[2..], ["empty - -", "ops - -"], "there may be more users");
}

#[test]
fn password_policies_are_present_absent_or_unknown() {
    let fields = [("MinimumPasswordLength", "14"), ("MaxPasswordAge", "90"), ("RequireSymbols", "true"), ("RequireNumbers", "false"), ("ExpirePasswords", "true"), ("HardExpiry", "perhaps")];
    let mut grants = of(account(Vec::new()));
    let home = grants.accounts.get_mut(HOME).unwrap();
    home.evidence.password_policy = Known::Present(PasswordPolicy { fields: fields.map(|(k, v)| (k.to_owned(), v.to_owned())).into() });
    let mut default = Account { id: OTHER.to_owned(), ..Account::default() };
    default.evidence.password_policy = Known::Absent;
    grants.accounts.insert(OTHER.to_owned(), default);
    let mut refused = Account { id: "999900001111".to_owned(), ..Account::default() };
    refused.evidence.password_policy = Known::Unknown("the command failed: AccessDenied".to_owned());
    grants.accounts.insert(refused.id.clone(), refused);
    let list = listed(&[HOME, "222233334444", OTHER, "999900001111"]);
    let columns = [
        "account", "state", "reason", "minimum_length", "reuse_prevention", "max_age_days", "require_uppercase", "require_lowercase", "require_numbers",
        "require_symbols", "expire_passwords", "allow_users_to_change", "hard_expiry",
    ];
    assert_eq!(
        rows(&password_policies(&grants, &list).unwrap(), &columns),
        [
            format!("{HOME} present - 14 - 90 - - false true true - -"),
            "222233334444 unknown not exported - - - - - - - - - -".to_owned(),
            format!("{OTHER} absent - - - - - - - - - - -"),
            "999900001111 unknown the command failed: AccessDenied - - - - - - - - - -".to_owned(),
        ]
    );
}

#[test]
fn the_summary_tells_of_the_root_user_or_why_not() {
    let mut grants = of(account(Vec::new()));
    let summary = [("AccountMFAEnabled", 0), ("AccountAccessKeysPresent", 1), ("Users", 7), ("MFADevices", 5), ("MFADevicesInUse", 4)];
    grants.accounts.get_mut(HOME).unwrap().evidence.summary = Known::Present(summary.map(|(k, n)| (k.to_owned(), n)).into());
    let table = account_summary(&grants, &listed(&[HOME, OTHER])).unwrap();
    let columns = ["account", "state", "reason", "root_mfa_enabled", "root_access_keys", "users", "mfa_devices", "mfa_devices_in_use"];
    assert_eq!(rows(&table, &columns), [format!("{HOME} present - false 1 7 5 4"), format!("{OTHER} unknown not exported - - - - -")]);
}

#[test]
fn devices_are_virtual_by_their_serial_number() {
    let mut grants = of(account(Vec::new()));
    let serials = [
        (format!("arn:aws:iam::{HOME}:mfa/phone"), Some("ann")),
        (format!("arn:aws:iam::{HOME}:mfa/root-account-mfa-device"), Some("<root_account>")),
        (format!("arn:aws:iam::{HOME}:u2f/user/ann/key-ABC"), Some("ann")),
        ("GAHT12345678".to_owned(), None),
    ];
    for (at, (serial, user)) in (1..).zip(serials) {
        let device = MfaDevice { serial: serial.clone(), user: user.map(str::to_owned), enabled_ms: user.map(|_| at) };
        grants.accounts.get_mut(HOME).unwrap().evidence.mfa_devices.insert(serial, device);
    }
    assert_eq!(
        rows(&mfa_devices(&grants).unwrap(), &["account", "serial", "user_name", "is_virtual", "enabled_ms"]),
        [
            format!("{HOME} GAHT12345678 - false -"),
            format!("{HOME} arn:aws:iam::{HOME}:mfa/phone ann true 1"),
            format!("{HOME} arn:aws:iam::{HOME}:mfa/root-account-mfa-device <root_account> true 2"),
            format!("{HOME} arn:aws:iam::{HOME}:u2f/user/ann/key-ABC ann false 3"),
        ]
    );
}

#[test]
fn managed_policies_count_their_holders() {
    let own = |name: &str| format!("arn:aws:iam::{HOME}:policy/team/{name}");
    let user = Principal { attached: vec![own("read")], boundary: Some(own("bound")), ..principal(OwnerKind::User, "/", "ann") };
    let group = Principal { attached: vec![ADMIN.to_owned()], ..principal(OwnerKind::Group, "/", "ops") };
    let role = Principal { attached: vec![ADMIN.to_owned(), own("read")], ..principal(OwnerKind::Role, "/", "job") };
    let mut grants = of(account(vec![user, group, role]));
    for name in ["bound", "free", "read"] {
        let (arn, mut policy) = managed(&own(name), Some(HOME), allow(json!("s3:Get*")));
        policy.created_ms = Some(1);
        policy.version_created_ms = Some(2);
        policy.versions = [3, 2].map(|at| PolicyVersion { id: format!("v{at}"), created_ms: Some(at), document: None }).into();
        grants.policies.insert(arn, policy);
    }
    grants.policies.extend([managed(ADMIN, None, allow(json!("*")))]);
    let named = |name: &str| CustomerPolicy { path: "/team/".to_owned(), name: name.to_owned() };
    let set = PermissionSet {
        arn: "arn:aws:sso:::permissionSet/i/ps-1".to_owned(),
        managed: Known::Present(vec![ADMIN.to_owned()]),
        customer: Known::Present(vec![named("read"), CustomerPolicy { path: "/".to_owned(), name: "free".to_owned() }]),
        boundary: Known::Present(SetBoundary::Customer(named("bound"))),
        accounts: Known::Present(BTreeSet::from([HOME.to_owned()])),
        ..PermissionSet::default()
    };
    grants.permission_sets.insert(set.arn.clone(), set);
    let columns = ["account", "name", "path", "is_aws", "attached_count", "boundary_count", "created_ms", "updated_ms"];
    assert_eq!(
        rows(&managed_policies(&grants).unwrap(), &columns),
        [
            format!("{HOME} bound /team/ false 0 2 1 3"),
            format!("{HOME} free /team/ false 0 0 1 3"),
            format!("{HOME} read /team/ false 3 0 1 3"),
            "- AdministratorAccess / true 3 0 - -".to_owned(),
        ]
    );
    grants.accounts.get_mut(HOME).unwrap().complete = false;
    assert_eq!(
        rows(&managed_policies(&grants).unwrap(), &["name", "attached_count", "boundary_count"]),
        ["bound - 2", "free - -", "read 3 -", "AdministratorAccess 3 -"],
        "of an account that is not whole nobody knows who else holds it"
    );
}

#[test]
fn trails_tell_what_was_exported_of_them() {
    let arn = |name: &str| format!("arn:aws:cloudtrail:eu-west-1:{HOME}:trail/{name}");
    let trail = |name: &str| Trail { arn: arn(name), name: name.to_owned(), account: HOME.to_owned(), home_region: "eu-west-1".to_owned(), ..Trail::default() };
    let without_kms = Selector { without_services: BTreeSet::from(["kms"]), reads: true, writes: true, ..Selector::all(Category::Management) };
    let writes = Selector { reads: false, ..Selector::all(Category::Management) };
    let whole = Trail {
        multi_region: true,
        organisation: true,
        global_services: true,
        log_file_validation: Some(true),
        has_kms_key: Some(true),
        selectors: Some(Selectors::standard()),
        status: Some(TrailStatus { is_logging: true, started_ms: Some(5), delivery_error: None }),
        ..trail("whole")
    };
    let partly = Trail {
        log_file_validation: Some(false),
        has_kms_key: Some(false),
        selectors: Some(Selectors(vec![writes])),
        status: Some(TrailStatus { is_logging: false, started_ms: None, delivery_error: Some("AccessDenied".to_owned()) }),
        ..trail("partly")
    };
    let kms = Trail { selectors: Some(Selectors(vec![without_kms])), ..trail("kms") };
    let grants = Grants { trails: [whole, partly, kms, trail("named")].map(|t| (t.arn.clone(), t)).into(), ..Grants::default() };
    let columns = [
        "name", "is_multi_region", "is_organisation", "has_global_services", "log_file_validation", "has_kms_key", "is_logging", "started_ms", "delivery_error",
        "logs_management_writes", "logs_management_reads",
    ];
    assert_eq!(
        rows(&trails(&grants).unwrap(), &columns),
        [
            "kms - - - - - - - - false false",
            "named - - - - - - - - - -",
            "partly false false false false false false - AccessDenied true false",
            "whole true true true true true true 5 - true true",
        ]
    );
}

#[test]
fn the_fixtures_arrive_in_the_tables() {
    let grants = bundle();
    let table = trails(&grants).unwrap();
    let columns = ["account", "name", "home_region", "is_multi_region", "log_file_validation", "has_kms_key", "is_logging", "logs_management_writes", "logs_management_reads"];
    assert_eq!(rows(&table, &columns), [format!("{HOME} everything eu-west-1 true true false true true true")]);
    assert_eq!(
        kind(&grants, "server-certificate"),
        [
            format!("{HOME} - arn:aws:iam::{HOME}:server-certificate/cloudfront/old - present - 1549011600000 1612180800000"),
            format!("{HOME} - arn:aws:iam::{HOME}:server-certificate/shop-2025 - present - 1755680400000 1789473600000"),
            format!("{OTHER} - - - unknown the command failed: AccessDenied - -"),
            "999988887777 - - - unknown not exported - -".to_owned(),
        ]
    );
    assert_eq!(
        kind(&grants, "signing-certificate"),
        [
            format!("{HOME} - - bob unknown the command failed: AccessDenied - -"),
            format!("{HOME} - TA7SMP42TDN5Z26OBPJE7EXAMPLE alice present Inactive 1527843600000 -"),
            format!("{OTHER} - - - unknown not exported - -"),
            "999988887777 - - - unknown not exported - -".to_owned(),
        ]
    );
    let analyzer = "arn:aws:access-analyzer:eu-west-1:111122223333:analyzer/unused";
    assert_eq!(
        kind(&grants, "analyzer"),
        [
            format!("{HOME} eu-central-1 - - absent - - -"),
            format!("{HOME} eu-west-1 {analyzer} - present ACCOUNT_UNUSED_ACCESS ACTIVE 1735787045000 -"),
            format!("{OTHER} - - - unknown not exported - -"),
            "999988887777 - - - unknown not exported - -".to_owned(),
        ]
    );
    let secret = |name: &str| format!("{HOME} eu-west-1 arn:aws:secretsmanager:eu-west-1:{HOME}:secret:{name} - present");
    assert_eq!(
        kind(&grants, "secret")[..3],
        [
            format!("{HOME} eu-central-1 - - unknown the command failed: AccessDeniedException - -"),
            format!("{} rotation=off 1672628645000 -", secret("api-GhIjKl")),
            format!("{} rotation=on; accessed=2026-08-30 1714979289123 1785553200456", secret("db/ledger-AbCdEf")),
        ]
    );
    assert_eq!(kind(&grants, "trail-list")[..2], [format!("{HOME} eu-west-1 - - present - - -"), format!("{OTHER} - - - unknown not exported - -")]);
    assert_eq!(
        kind(&grants, "organisation-feature"),
        ["999988887777 - RootCredentialsManagement o-exampleorgid present - - -", "999988887777 - RootSessions o-exampleorgid absent - - -"]
    );
}

#[test]
fn nothing_named_is_not_nothing_known() {
    let mut grants = of(account(vec![principal(OwnerKind::User, "/", "ann"), principal(OwnerKind::User, "/", "bob")]));
    let home = &mut grants.accounts.get_mut(HOME).unwrap().evidence;
    home.server_certificates = Known::Present(BTreeMap::new());
    home.signing_listed.insert("bob".to_owned(), Known::Present(()));
    home.signing_certificates.insert("C".to_owned(), SigningCertificate { id: "C".to_owned(), user: "bob".to_owned(), ..SigningCertificate::default() });
    let analyzer = "arn:aws:access-analyzer:eu-west-1:111122223333:analyzer/a";
    home.analyzers.insert(analyzer.to_owned(), Analyzer { arn: analyzer.to_owned(), kind: "ACCOUNT".to_owned(), status: "ACTIVE".to_owned(), created_ms: None });
    let listed = [("eu-west-1", Known::Unknown("the list breaks off".to_owned())), ("eu-west-2", Known::Present(()))];
    home.analyzers_listed = listed.map(|(region, known)| (region.to_owned(), known)).into();
    let secret = "arn:aws:secretsmanager:eu-west-2:111122223333:secret:s";
    home.secrets.insert(secret.to_owned(), Secret { arn: secret.to_owned(), ..Secret::default() });
    home.secrets_listed.insert("eu-west-2".to_owned(), Known::Present(()));
    assert_eq!(kind(&grants, "server-certificate"), [format!("{HOME} - - - absent - - -")]);
    assert_eq!(kind(&grants, "signing-certificate"), [format!("{HOME} - - ann unknown not exported - -"), format!("{HOME} - C bob present - - -")]);
    assert_eq!(
        kind(&grants, "analyzer"),
        [
            format!("{HOME} eu-west-1 - - unknown the list breaks off - -"),
            format!("{HOME} eu-west-1 {analyzer} - present ACCOUNT ACTIVE - -"),
            format!("{HOME} eu-west-2 - - absent - - -"),
        ]
    );
    assert_eq!(kind(&grants, "secret"), [format!("{HOME} eu-west-2 {secret} - present rotation=off - -")]);
    assert_eq!(kind(&grants, "trail-list"), [format!("{HOME} - - - unknown not exported - -")]);
    let organisation = Organisation { id: "o-1".to_owned(), ..Organisation::default() };
    grants.organisations.insert("o-1".to_owned(), organisation);
    assert_eq!(kind(&grants, "organisation-feature"), ["- - RootCredentialsManagement o-1 unknown not exported - -", "- - RootSessions o-1 unknown not exported - -"]);
    grants.organisations.get_mut("o-1").unwrap().features = Known::Absent;
    assert_eq!(kind(&grants, "organisation-feature")[1], "- - RootSessions o-1 absent - - -");
}
