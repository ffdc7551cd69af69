//! Tests of the loader of iam-collect stores, on the store in `testdata/grants/iam-collect` and on what is wrong with others.

use std::path::{Path, PathBuf};

use crate::grants::organisation::OrganisationPolicyKind;
use crate::grants::permission_set::CustomerPolicy;
use crate::grants::{Grants, Known, OwnerKind, Principal, load};
use crate::policy::beside::VpcEndpointType;

const ACCOUNT: &str = "111122223333";

fn store() -> Grants {
    load(&[Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/grants/iam-collect")]).unwrap()
}

fn principal<'g>(grants: &'g Grants, name: &str) -> &'g Principal {
    grants.principals().find(|p| p.name == name).unwrap()
}

/// A store of a few files.
fn of_files(files: &[(&str, &str)]) -> Grants {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join("aws/aws/accounts").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    load(&[folder.path().to_path_buf()]).unwrap()
}

#[test]
fn principals_and_policies_arrive() {
    let grants = store();
    assert_eq!(grants.problems, []);
    assert_eq!(grants.conflicts, []);
    let role = principal(&grants, "AppReader");
    assert_eq!((role.kind, role.arn.as_str(), role.path.as_str()), (OwnerKind::Role, "arn:aws:iam::111122223333:role/service/AppReader", "/service/"));
    assert_eq!((role.unique_id.as_str(), role.created_ms), ("AROAEXAMPLEAPPREADER1", Some(1_738_555_506_000)));
    assert_eq!(role.boundary.as_deref(), Some("arn:aws:iam::111122223333:policy/Edge"));
    assert_eq!(role.attached, ["arn:aws:iam::111122223333:policy/Team", "arn:aws:iam::aws:policy/ReadOnlyAccess"]);
    assert_eq!((role.inline.len(), role.tags["team"].as_str(), role.trust.as_ref().unwrap().is_ok()), (1, "Blue", true));
    assert_eq!((role.last_used_known, role.untold.as_slice()), (false, &[][..]), "the store has no RoleLastUsed");
    assert!(grants.held_by(role).gaps.is_empty(), "{:?}", grants.held_by(role).gaps);
    assert!(grants.held_by(role).boundary.is_some());

    let bare = principal(&grants, "Bare");
    assert!(bare.inline.is_empty() && bare.attached.is_empty() && bare.untold.is_empty(), "empty values are files that are not there");
    let alice = principal(&grants, "Alice");
    assert_eq!(alice.groups, ["Readers"], "the group's name, not its path");
    assert_eq!(grants.held_by(alice).identity.len(), 1);
    assert_eq!(grants.policies.len(), 3);
    assert_eq!(grants.policies["arn:aws:iam::aws:policy/ReadOnlyAccess"].account, None);
}

#[test]
fn resources_arrive_under_the_arn_of_what_the_policy_is_put_on() {
    let grants = store();
    let of = |arn: &str| grants.resources.by_arn.get(arn).unwrap_or_else(|| panic!("{arn} in {:?}", grants.resources.by_arn.keys()));
    for arn in [
        "arn:aws:s3:::reports.example",
        "arn:aws:s3:eu-west-1:111122223333:accesspoint/desk",
        "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        "arn:aws:lambda:eu-west-1:111122223333:function:NightlyJob",
        "arn:aws:sns:eu-west-1:111122223333:Alerts",
        "arn:aws:ecr:eu-west-1:111122223333:repository/team/web",
        "arn:aws:ecr:eu-west-1:111122223333:registry",
        "arn:aws:glue:eu-west-1:111122223333:catalog",
        "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db/Main-AbCdEf",
        "arn:aws:es:eu-west-1:111122223333:domain/search",
        "arn:aws:backup:eu-west-1:111122223333:backup-vault:Vault",
        "arn:aws:execute-api:eu-west-1:111122223333:a1b2c3d4e5",
    ] {
        let resource = of(arn);
        assert!(resource.policy.present().is_some_and(|p| p[0].document.is_ok()), "{arn}: {:?}", resource.policy);
        assert_eq!((resource.account.as_str(), resource.region.as_deref()), (ACCOUNT, Some("eu-west-1")), "{arn}");
    }
    for arn in ["arn:aws:s3:::plain", "arn:aws:sqs:eu-west-1:111122223333:Orders", "arn:aws:events:eu-west-1:111122223333:event-bus/default"] {
        assert_eq!(of(arn).policy, Known::Absent, "{arn}: metadata stands, policy does not");
    }
    assert!(of("arn:aws:ec2:eu-west-1:111122223333:subnet/subnet-0a1b2c3d").shared.present().is_some());
    assert_eq!(grants.resources.shares.values().next().unwrap().resources.len(), 1);

    let bucket = &grants.resources.buckets["reports.example"];
    let block = bucket.block_public_access.present().unwrap();
    assert!(block.block_public_acls && !block.restrict_public_buckets);
    assert_eq!(grants.resources.buckets["plain"].block_public_access, Known::Absent);
    assert!(bucket.acl.is_unknown() && bucket.ownership.is_unknown(), "the store has neither");
    assert!(grants.resources.keys.values().all(|k| k.grants.is_unknown()));
    assert!(grants.accounts[ACCOUNT].evidence.block_public_access.present().unwrap().block_public_policy);
    let endpoint = &grants.resources.vpc_endpoints["vpce-0a1b2c3d4e5f60718"];
    assert_eq!((endpoint.kind, endpoint.service_name.as_str()), (VpcEndpointType::Gateway, "com.amazonaws.eu-west-1.s3"));
    assert!(endpoint.policy.present().is_some());
    assert!(grants.asked.is_empty(), "a store answers no questions of a bundle: {:?}", grants.asked);
}

#[test]
fn the_organisation_and_permission_sets_arrive() {
    let grants = store();
    let organisation = &grants.organisations["o-exampleorg1"];
    let levels = organisation.levels(ACCOUNT, OrganisationPolicyKind::ServiceControl);
    let levels: Vec<(&str, Vec<&str>)> =
        levels.present().unwrap().iter().map(|l| (l.id, l.policies.iter().map(|p| p.id.as_str()).collect())).collect();
    assert_eq!(
        levels,
        [("r-ab12", vec!["p-FullAWSAccess"]), ("ou-ab12-34cd56ef", vec!["p-FullAWSAccess", "p-guard123"]), (ACCOUNT, vec!["p-FullAWSAccess"])],
        "real ids, though folders are lower-cased"
    );
    assert!(matches!(organisation.levels(ACCOUNT, OrganisationPolicyKind::ResourceControl), Known::Absent), "switched off");
    assert!(organisation.policies["p-FullAWSAccess"].aws_managed && !organisation.policies["p-guard123"].aws_managed);
    assert_eq!(organisation.policies["p-FullAWSAccess"].name, "FullAWSAccess");
    assert_eq!(organisation.management_account, Known::Present("999988887777".to_owned()));

    let set = grants.permission_sets.values().next().unwrap();
    assert_eq!((set.name.as_deref(), set.arn.as_str(), set.session_duration.as_deref()), (Some("TeamAdmin"), "", Some("PT4H")));
    assert!(set.inline.present().unwrap().document.is_ok());
    assert_eq!(set.customer, Known::Present(vec![CustomerPolicy { path: "/".to_owned(), name: "Team".to_owned() }]));
    assert_eq!(set.boundary, Known::Absent);
    assert!(set.assignments[ACCOUNT].is_unknown());
}

#[test]
fn what_cannot_be_read_is_not_taken_for_what_is_not_there() {
    let role = r#"{"arn":"arn:aws:iam::111122223333:role/R","name":"R","id":"AROA1","path":"/","permissionBoundary":7}"#;
    let grants = of_files(&[
        ("111122223333/iam/role/r/metadata.json", role),
        ("111122223333/iam/role/r/inline-policies.json", r#"[{"PolicyName": "half"#),
        ("111122223333/iam/role/r/managed-policies.json", r#"{"not": "a list"}"#),
        ("111122223333/iam/role/r/trust-policy.json", ""),
        ("111122223333/s3/b/metadata.json", "{}"),
        ("111122223333/s3/b/policy.json", "\u{1f}\u{8b}damaged"),
        ("111122223333/s3/b/bpa.json", r#"{"BlockPublicAcls": "yes"}"#),
        ("111122223333/s3/lone/bpa.json", r#"{"BlockPublicAcls": true}"#),
        ("111122223333/kms/eu-west-1/key/k/metadata.json", r#"{"arn":"arn:aws:kms:eu-west-1:111122223333:key/k"}"#),
        ("111122223333/sqs/eu-west-1/q/metadata.json", r#"{"arn":"arn:aws:sqs:eu-west-1:111122223333:Q"}"#),
        ("111122223333/sqs/eu-west-1/q/access-policy.json", "{}"),
        ("111122223333/sqs/eu-west-1/nameless/policy.json", r#"{"Statement": []}"#),
        ("111122223333/iam/user/gone/groups.json", "[]"),
        ("111122223333/iam/user/other/metadata.json", r#"{"arn":"arn:aws:iam::444455556666:user/Other","name":"Other"}"#),
        ("111122223333/quicksight/somewhere.json", "{}"),
    ]);
    let role = principal(&grants, "R");
    assert_eq!(role.untold, ["inline policies", "attached policies", "permissions boundary", "trust policy"]);
    assert_eq!(grants.principals().count(), 1, "neither the user without metadata nor that of another account");
    assert!(grants.resources.by_arn["arn:aws:s3:::b"].policy.is_unknown());
    assert!(grants.resources.buckets["b"].block_public_access.is_unknown());
    assert!(grants.resources.by_arn["arn:aws:s3:::lone"].policy.is_unknown(), "no metadata: not known to be whole");
    assert!(grants.resources.by_arn["arn:aws:kms:eu-west-1:111122223333:key/k"].policy.is_unknown(), "every key has a policy");
    assert!(grants.resources.by_arn["arn:aws:sqs:eu-west-1:111122223333:Q"].policy.is_unknown(), "a policy under another name");
    let named: Vec<String> = grants.problems.iter().map(|p| format!("{} {}", p.file.trim_start_matches("aws/aws/accounts/111122223333/"), p.pointer)).collect();
    assert_eq!(
        named,
        [
            "iam/role/r/inline-policies.json line 1",
            "iam/role/r/managed-policies.json ",
            "iam/role/r/metadata.json /permissionBoundary",
            "iam/role/r/trust-policy.json line 1",
            "iam/user/gone/metadata.json ",
            "iam/user/other/metadata.json /arn",
            "s3/b/bpa.json ",
            "s3/b/policy.json line 1",
            "sqs/eu-west-1/nameless/policy.json ",
        ]
    );
    assert_eq!(grants.ignored.len(), 1, "{:?}", grants.ignored);
}

#[test]
fn two_accounts_of_one_store_stay_apart() {
    let user = |account: &str| format!(r#"{{"arn":"arn:aws:iam::{account}:user/U","name":"U"}}"#);
    let (one, two) = (user(ACCOUNT), user("444455556666"));
    let grants = of_files(&[("111122223333/iam/user/u/metadata.json", &one), ("444455556666/iam/user/u/metadata.json", &two)]);
    let accounts: Vec<&str> = grants.principals().map(|p| p.account.as_str()).collect();
    assert_eq!(accounts, [ACCOUNT, "444455556666"]);
    assert_eq!(grants.problems, []);
}

#[test]
fn a_manifest_above_the_store_dates_it() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().join("aws/aws/accounts/111122223333/iam/user/u");
    std::fs::create_dir_all(&at).unwrap();
    std::fs::write(at.join("metadata.json"), r#"{"arn":"arn:aws:iam::111122223333:user/U","name":"U","id":"AIDA1"}"#).unwrap();
    std::fs::write(folder.path().join("manifest.json"), r#"{"bundleVersion": 1, "createdAt": "2026-03-01T00:00:00Z"}"#).unwrap();
    // Older than the store, and with a policy that the store does not have any more.
    let gaad = r#"{"output": {"UserDetailList": [{"Arn": "arn:aws:iam::111122223333:user/U", "UserName": "U", "UserId": "AIDA1", "AttachedManagedPolicies": [{"PolicyArn": "old"}]}]}, "at": "2026-02-01T00:00:00Z"}"#;
    std::fs::write(folder.path().join("gaad.json"), gaad).unwrap();
    let grants = load(&[PathBuf::from(folder.path())]).unwrap();
    assert!(principal(&grants, "U").attached.is_empty());
    assert_eq!(grants.conflicts.len(), 1, "{:?}", grants.conflicts);
    assert!(grants.conflicts[0].kept.ends_with("u/metadata.json"));
}
