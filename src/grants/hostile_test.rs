//! Exports that are broken, cut, mixed up or written by somebody who wishes us ill: nothing of them may be lost without a
//! word, and nothing that is not known may be taken for "none".

use std::path::{Path, PathBuf};

use super::doctor::{GapKind, LogWindow, diagnose};
use super::organisation::OrganisationPolicyKind;
use super::{Grants, Known, load};

const A: &str = "111122223333";

fn write(folder: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

fn bundle(files: &[(&str, &str)]) -> Grants {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), files);
    load(&[folder.path().to_path_buf()]).unwrap()
}

fn manifest(day: &str) -> String {
    format!(r#"{{"bundleVersion": 1, "createdAt": "2026-11-{day}T00:00:00Z"}}"#)
}

fn details(policy: &str) -> String {
    format!(
        r#"{{"UserDetailList": [], "GroupDetailList": [], "Policies": [], "RoleDetailList": [{{"Arn": "arn:aws:iam::{A}:role/r", "RoleName": "r", "RoleId": "AROA1",
        "AttachedManagedPolicies": [{{"PolicyName": "p", "PolicyArn": "arn:aws:iam::aws:policy/{policy}"}}]}}]}}"#
    )
}

#[test]
fn two_bundles_of_one_folder_name_stay_apart() {
    let folder = tempfile::tempdir().unwrap();
    for (night, day, policy) in [("a", "01", "Old"), ("b", "02", "New")] {
        write(&folder.path().join(night).join("bundle"), &[("manifest.json", &manifest(day)), (&format!("accounts/{A}/iam/gaad.json"), &details(policy))]);
    }
    let paths: Vec<PathBuf> = ["a", "b"].iter().map(|n| folder.path().join(n).join("bundle")).collect();
    for order in [[0, 1], [1, 0]] {
        let grants = load(&order.map(|at| paths[at].clone())).unwrap();
        assert_eq!(grants.principals().next().unwrap().attached, ["arn:aws:iam::aws:policy/New"], "{order:?}");
        let names: std::collections::BTreeSet<_> = grants.inputs.iter().map(|i| &i.path).collect();
        assert_eq!(names.len(), 4, "{names:?}");
    }
}

#[test]
fn two_files_of_one_name_stay_apart() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &[("a/gaad.json", &details("Old")), ("b/gaad.json", &details("New"))]);
    let grants = load(&[folder.path().join("a/gaad.json"), folder.path().join("b/gaad.json")]).unwrap();
    let names: std::collections::BTreeSet<_> = grants.inputs.iter().map(|i| &i.path).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    assert_eq!(grants.conflicts.iter().filter(|c| c.kept != c.dropped).count(), 1, "{:?}", grants.conflicts);
}

#[test]
fn commands_take_nothing_from_exports_as_shell() {
    let evil = "x;$(touch${IFS}pwned)";
    let grants = bundle(&[
        ("gaad.json", &details(evil)),
        (&format!("accounts/{A}/$(touch pwned)/kms/keys.json"), r#"{"Keys": [], "NextToken": "x"}"#),
    ]);
    let diagnosis = diagnose(&grants, None);
    let mut seen = 0;
    for gap in diagnosis.gaps.iter().filter(|g| g.command.contains("pwned")) {
        seen += 1;
        let outside: String = gap.command.split('\'').step_by(2).collect();
        assert!(!outside.contains("pwned"), "{}", gap.command);
    }
    assert!(seen > 1, "{:?}", diagnosis.gaps.iter().map(|g| &g.command).collect::<Vec<_>>());
}

#[test]
fn a_folder_of_a_store_that_names_nobody_leaves_holders_unknown() {
    let at = |name: &str| format!("aws/aws/accounts/{A}/iam/role/{name}");
    let good = format!(r#"{{"arn": "arn:aws:iam::{A}:role/good", "name": "good", "id": "AROA1"}}"#);
    for bad in ["", "[]", "{}", r#"{"arn": "arn:aws:iam::444455556666:role/bad", "name": "bad"}"#] {
        let mut files = vec![(at("good/metadata.json"), good.clone()), (at("bad/managed-policies.json"), "[]".to_owned())];
        if !bad.is_empty() {
            files.push((at("bad/metadata.json"), bad.to_owned()));
        }
        let files: Vec<(&str, &str)> = files.iter().map(|(n, t)| (n.as_str(), t.as_str())).collect();
        let grants = bundle(&files);
        assert!(!grants.accounts[A].complete, "{bad}");
        assert!(!grants.problems.is_empty());
    }
}

#[test]
fn details_that_are_not_whole_are_not_present() {
    let cut = details("P").replacen('{', r#"{"IsTruncated": true, "#, 1);
    for text in [cut, details("P") + "{\"RoleDetailList\": ["] {
        let grants = bundle(&[(&format!("accounts/{A}/iam/gaad.json"), &text)]);
        assert!(!grants.accounts[A].complete);
        let diagnosis = diagnose(&grants, None);
        let gap = diagnosis.gaps.iter().find(|g| g.export == "authorization-details" && g.subject.is_empty());
        assert_eq!(gap.map(|g| g.kind), Some(GapKind::Unknown), "{text}");
    }
}

#[test]
fn an_error_in_the_place_of_an_auth_policy_is_no_answer() {
    let arn = format!("arn:aws:vpc-lattice:eu-west-1:{A}:service/svc-1");
    let file = format!("accounts/{A}/eu-west-1/vpc-lattice/service-auth-policy/svc-1.json");
    let of = |output: &str| {
        let grants = bundle(&[(&file, &format!(r#"{{"resourceArn": "{arn}", "output": {output}}}"#))]);
        grants.resources.by_arn.get(&arn).map(|r| r.policy.clone()).unwrap_or_default()
    };
    assert_eq!(of("{}"), Known::Absent);
    assert_eq!(of(r#"{"state": "Inactive"}"#), Known::Absent);
    assert!(of(r#"{"message": "User is not authorized"}"#).is_unknown());
    assert!(of(r#"{"Code": "AccessDenied"}"#).is_unknown());
}

#[test]
fn an_export_without_all_lists_does_not_end_what_it_cannot_name() {
    let user = format!(r#"{{"at": "2026-11-01T00:00:00Z", "call": "x", "output": {{"UserDetailList": [{{"Arn": "arn:aws:iam::{A}:user/ann", "UserName": "ann", "UserId": "AIDA1"}}], "GroupDetailList": [], "RoleDetailList": [], "Policies": []}}}}"#);
    let roles = format!(r#"{{"at": "2026-11-02T00:00:00Z", "call": "x", "output": {{"RoleDetailList": [{{"Arn": "arn:aws:iam::{A}:role/r", "RoleName": "r", "RoleId": "AROA1"}}]}}}}"#);
    let grants = bundle(&[("users.json", &user), ("roles.json", &roles)]);
    assert_eq!(grants.principals().map(|p| p.name.as_str()).collect::<Vec<_>>(), ["ann", "r"]);
}

#[test]
fn a_later_page_does_not_end_what_an_earlier_one_names() {
    let page = |at: &str, more: &str, lists: &str| format!(r#"{{"at": "2026-11-01T00:00:0{at}Z", "call": "x", "output": {{{more} "GroupDetailList": [], "Policies": [], {lists}}}}}"#);
    let one = page("0", r#""IsTruncated": true, "Marker": "m","#, &format!(r#""RoleDetailList": [], "UserDetailList": [{{"Arn": "arn:aws:iam::{A}:user/ann", "UserName": "ann", "UserId": "AIDA1"}}]"#));
    let two = page("5", "", &format!(r#""UserDetailList": [], "RoleDetailList": [{{"Arn": "arn:aws:iam::{A}:role/r", "RoleName": "r", "RoleId": "AROA1"}}]"#));
    let grants = bundle(&[("1.json", &one), ("2.json", &two)]);
    assert_eq!(grants.principals().map(|p| p.name.as_str()).collect::<Vec<_>>(), ["ann", "r"]);
    assert!(!grants.accounts[A].complete);
}

#[test]
fn times_out_of_range_are_no_times() {
    for at in ["-1e300", "1e300", "9e15"] {
        let text = format!(r#"{{"at": {at}, "call": "x", "output": {}}}"#, details("P"));
        let grants = bundle(&[("gaad.json", &text)]);
        assert_eq!(grants.accounts[A].captured_ms, None, "{at}");
        let _ = diagnose(&grants, Some(&LogWindow { end_ms: i64::MAX, last_change_ms: [].into() }));
    }
}

#[test]
fn assignments_of_several_sets_are_not_one_sets() {
    let text = r#"{"AccountAssignments": [
        {"AccountId": "111122223333", "PermissionSetArn": "arn:aws:sso:::permissionSet/ssoins-1/ps-1", "PrincipalId": "u", "PrincipalType": "USER"},
        {"AccountId": "444455556666", "PermissionSetArn": "arn:aws:sso:::permissionSet/ssoins-1/ps-2", "PrincipalId": "u", "PrincipalType": "USER"}]}"#;
    let grants = bundle(&[("for-principal.json", text)]);
    assert!(grants.permission_sets.values().all(|s| s.assignments.values().all(Known::is_unknown)), "{:?}", grants.permission_sets);
    assert_eq!(grants.problems.len(), 1, "{:?}", grants.problems);
}

#[test]
fn an_account_is_its_id() {
    let policy = r#"{"Policy": "{\"Version\": \"2012-10-17\", \"Statement\": []}"}"#;
    let grants = bundle(&[("accounts/prod/s3/logs.example/policy.json", policy), ("accounts/prod/iam/gaad.json", &details("P"))]);
    assert!(!grants.accounts.contains_key("prod"));
    assert!(grants.resources.buckets.is_empty(), "{:?}", grants.resources.buckets);
    assert_eq!(grants.principals().count(), 1);
    assert_eq!(grants.ignored.len(), 1, "{:?}", grants.ignored);
}

#[test]
fn a_folder_that_sounds_like_a_partition_is_no_store() {
    let grants = bundle(&[(&format!("aws/aws-prod/accounts/{A}/iam/gaad.json"), &details("P"))]);
    assert_eq!(grants.principals().count(), 1, "{:?}", grants.ignored);
}

#[test]
fn a_document_beside_those_that_are_read_is_named() {
    let grants = bundle(&[(&format!("accounts/{A}/iam/gaad.json"), &format!("{}\n{{\"says\": 1}}", details("P")))]);
    assert_eq!(grants.principals().count(), 1);
    assert!(grants.problems.iter().any(|p| p.file.ends_with("gaad.json")), "{:?}", grants.problems);
    assert!(!grants.accounts[A].complete);
}

#[test]
fn a_byte_order_mark_is_no_text() {
    let grants = bundle(&[("gaad.json", &format!("\u{feff}{}", details("P")))]);
    assert_eq!(grants.principals().count(), 1);
}

#[cfg(unix)]
#[test]
fn links_are_named() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &[("there/gaad.json", &details("P")), ("bundle/x.json", "{}")]);
    std::os::unix::fs::symlink(folder.path().join("there/gaad.json"), folder.path().join("bundle/gaad.json")).unwrap();
    std::os::unix::fs::symlink(folder.path().join("bundle"), folder.path().join("bundle/loop")).unwrap();
    let grants = load(&[folder.path().join("bundle")]).unwrap();
    let named: Vec<&str> = grants.ignored.iter().map(|(file, _)| file.as_str()).collect();
    assert_eq!(named, ["gaad.json", "loop", "x.json"], "{:?}", grants.ignored);
}

#[test]
fn a_policy_of_the_organisation_without_a_document_is_a_gap() {
    let at = |name: &str| format!("aws/aws/organizations/o-1/{name}");
    let grants = bundle(&[
        (&at("metadata.json"), r#"{"id": "o-1", "rootAccountId": "444455556666", "features": {"SERVICE_CONTROL_POLICY": true, "RESOURCE_CONTROL_POLICY": false}}"#),
        (&at("ous.json"), r#"{"r-1": {"scps": ["arn:aws:organizations::444455556666:policy/o-1/service_control_policy/p-1"], "rcps": []}}"#),
        (&at("accounts.json"), r#"{"111122223333": {"ou": "r-1", "scps": [], "rcps": []}}"#),
        (&at("scps/p-1/metadata.json"), r#"{"id": "p-1", "name": "deny"}"#),
    ]);
    assert!(grants.organisations["o-1"].levels(A, OrganisationPolicyKind::ServiceControl).is_unknown());
    let diagnosis = diagnose(&grants, None);
    assert!(diagnosis.gaps.iter().any(|g| g.export == "organization-policy" && g.subject == "p-1"), "{:?}", diagnosis.of_kind(GapKind::Dangling).collect::<Vec<_>>());
}

#[test]
fn a_time_that_cannot_be_read_is_not_never() {
    let key = |used: &str| {
        let files = [(format!("accounts/{A}/iam/key-last-used/AKIA1.json"), format!(r#"{{"UserName": "ann", "AccessKeyLastUsed": {used}}}"#))];
        let grants = bundle(&[(&files[0].0, &files[0].1)]);
        (grants.accounts[A].evidence.access_keys["AKIA1"].last_used.clone(), grants.problems.len())
    };
    assert_eq!(key(r#"{"ServiceName": "N/A", "Region": "N/A"}"#), (Known::Absent, 0));
    assert_eq!(key(r#"{"LastUsedDate": null, "Region": "N/A"}"#), (Known::Absent, 0));
    let (used, problems) = key(r#"{"LastUsedDate": "2026-11-01 10:00", "Region": "eu-west-1"}"#);
    assert!(used.is_unknown() && problems == 1);

    let role = |used: &str| {
        let text = details("P").replace(r#""RoleId""#, &format!(r#""RoleLastUsed": {used}, "RoleId""#));
        let grants = bundle(&[("gaad.json", &text)]);
        let role = grants.principals().next().unwrap().clone();
        (role.last_used_ms, role.last_used_known, grants.problems.len())
    };
    assert_eq!(role("{}"), (None, true, 0));
    assert_eq!(role(r#"{"LastUsedDate": "yesterday"}"#), (None, false, 1));

    let advisor = |last: &str| {
        let text = format!(
            r#"{{"resourceArn": "arn:aws:iam::{A}:role/r", "output": {{"JobStatus": "COMPLETED", "JobCompletionDate": "2026-11-01T00:00:00Z", "ServicesLastAccessed": [{last}]}}}}"#
        );
        let grants = bundle(&[("last.json", &text)]);
        (grants.accounts[A].evidence.last_accessed[&format!("arn:aws:iam::{A}:role/r")].is_unknown(), grants.problems.len())
    };
    assert_eq!(advisor(r#"{"ServiceNamespace": "s3"}"#), (false, 0));
    assert_eq!(advisor(r#"{"ServiceNamespace": "s3", "LastAuthenticated": "yesterday"}"#), (true, 1));
    assert_eq!(advisor(r#"{"ServiceName": "S3"}"#), (true, 1));
    assert_eq!(advisor(r#"{"ServiceNamespace": "s3", "TrackedActionsLastAccessed": [{"ActionName": "GetObject", "LastAccessedTime": "x"}]}"#), (true, 1));
}

#[test]
fn a_credential_report_that_is_cut_tells_nothing_of_the_rest() {
    let head = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date";
    let row = |rest: &str| format!("ann,arn:aws:iam::{A}:user/ann,2020-01-01T00:00:00Z,true,{rest}");
    let of = |text: &str, slot: super::CredentialSlot| {
        let grants = bundle(&[("report.csv", &format!("{head}\n{text}\n"))]);
        let report = grants.accounts[A].credential_report.clone().unwrap();
        (report.credentials.iter().find(|c| c.slot == slot).map(|c| (c.present, c.last_used_known)), grants.problems.len())
    };
    use super::CredentialSlot::{AccessKey1, AccessKey2, Password};
    let whole = row("no_information,2020-01-01T00:00:00Z,true,2020-01-01T00:00:00Z,N/A");
    assert_eq!(of(&whole, Password), (Some((true, false)), 0));
    assert_eq!(of(&whole, AccessKey1), (Some((true, true)), 0));
    assert_eq!(of(&whole, AccessKey2), (None, 0), "no column tells of it");
    assert_eq!(of(&row("N/A,2020-01-01T00:00:00Z,true,2020-01-01T00:00:00Z,soon"), AccessKey1), (Some((true, false)), 0));
    assert_eq!(of(&row("N/A,2020-01-01T00:00:00Z,true,2020-01"), AccessKey1), (None, 1), "cut in the middle");
    assert_eq!(of(&row("N/A"), AccessKey1), (None, 1));
}

#[test]
fn a_folder_that_is_a_date_is_no_account() {
    let mfa = r#"{"VirtualMFADevices": [{"SerialNumber": "arn:aws:iam::111122223333:mfa/x"}]}"#;
    let grants = bundle(&[("202611260516/mfa.json", mfa), ("202611260516/more.json", "\u{1}")]);
    assert_eq!(grants.accounts.keys().collect::<Vec<_>>(), [A]);
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &[("gaad.json", &details("P"))]);
    std::fs::create_dir(folder.path().join("202611260516")).unwrap();
    std::fs::write(folder.path().join("202611260516/gaad-2.json"), b"\xff\xfe").unwrap();
    assert!(!load(&[folder.path().to_path_buf()]).unwrap().accounts[A].complete);
}

#[test]
fn pages_that_follow_each_other_are_whole() {
    let page = |more: &str, name: &str| format!(r#"{{{more} "UserDetailList": [], "GroupDetailList": [], "Policies": [], "RoleDetailList": [{{"Arn": "arn:aws:iam::{A}:role/{name}", "RoleName": "{name}", "RoleId": "AROA{name}"}}]}}"#);
    let cut = r#""IsTruncated": true, "Marker": "m","#;
    let of = |text: String| {
        let grants = bundle(&[("gaad.json", &text)]);
        (grants.principals().count(), grants.accounts[A].complete, grants.problems.len())
    };
    assert_eq!(of(page(cut, "a") + &page("", "b")), (2, true, 0));
    assert_eq!(of(page("", "a") + &page(cut, "b")), (2, false, 1));
    assert_eq!(of(page(cut, "a") + &page("", "b").replace(A, "444455556666")), (2, false, 1), "the next page is another account's");
}

#[test]
fn an_item_that_is_nobodys_may_be_anybodys() {
    let text = details("P").replace(r#""RoleDetailList": ["#, r#""RoleDetailList": [{"Arn": "x", "RoleName": "x", "RoleId": "AROA2"}, "#);
    let grants = bundle(&[("gaad.json", &text)]);
    assert_eq!(grants.accounts.keys().collect::<Vec<_>>(), [A]);
    assert!(!grants.accounts[A].complete);
    assert!(grants.problems.iter().any(|p| p.pointer == "/RoleDetailList/0"), "{:?}", grants.problems);
}

#[test]
fn a_list_that_stands_twice_is_not_read_once() {
    let text = details("P").replacen('{', r#"{"RoleDetailList": [{"Arn": "arn:aws:iam::111122223333:role/lost", "RoleName": "lost", "RoleId": "AROA2"}], "#, 1);
    let grants = bundle(&[("gaad.json", &text)]);
    assert!(grants.principals().count() == 2 || !grants.accounts[A].complete, "{:?}", grants.accounts);
    assert!(!grants.problems.is_empty());
}

#[test]
fn grants_of_several_keys_are_not_one_keys() {
    let key = |id: &str| format!(r#"{{"KeyId": "arn:aws:kms:eu-west-1:{A}:key/{id}", "GrantId": "{id}", "GranteePrincipal": "arn:aws:iam::{A}:role/r", "Operations": ["Decrypt"]}}"#);
    let grants = bundle(&[("retirable.json", &format!(r#"{{"Grants": [{}, {}]}}"#, key("1"), key("2")))]);
    assert!(grants.resources.keys.values().all(|k| k.grants.is_unknown()), "{:?}", grants.resources.keys);
    assert_eq!(grants.problems.len(), 1);
}

#[test]
fn thousands_of_unanswered_questions_are_found_soon() {
    let queue = |n: usize| format!("https://sqs.eu-west-1.amazonaws.com/{A}/q{n}");
    let urls: Vec<String> = (0..20_000).map(|n| format!("\"{}\"", queue(n))).collect();
    let mut grants = bundle(&[(&format!("accounts/{A}/eu-west-1/sqs/queues.json"), &format!(r#"{{"QueueUrls": [{}]}}"#, urls.join(",")))]);
    let key = super::ListKey { export: &super::catalogue::export("sqs-attributes").unwrap().id, account: A.to_owned(), region: "eu-west-1".to_owned() };
    for n in 0..10_000 {
        let subject = format!("https___sqs.eu-west-1.amazonaws.com_{A}_q{n}~1a2b");
        let asked = super::Asked { answer: Known::Present(()), at_ms: None, file: String::new() };
        grants.asked.insert(super::Question { of: key.clone(), subject }, asked);
    }
    let started = std::time::Instant::now();
    let diagnosis = diagnose(&grants, None);
    assert_eq!(diagnosis.gaps.iter().filter(|g| g.export == "sqs-attributes").count(), 10_000);
    assert!(started.elapsed().as_secs() < 10, "{:?}", started.elapsed());
}

#[test]
fn another_export_in_a_place_does_not_answer_for_it() {
    for other in [details("P"), r#"{"configSnapshotId": "x", "configurationItems": []}"#.to_owned()] {
        let grants = bundle(&[(&format!("accounts/{A}/global/buckets.json"), r#"{"Buckets": [{"Name": "b"}]}"#), (&format!("accounts/{A}/s3/b/policy.json"), &other)]);
        let diagnosis = diagnose(&grants, None);
        let gap = diagnosis.gaps.iter().find(|g| g.export == "bucket-policy");
        assert_eq!(gap.map(|g| g.kind), Some(GapKind::Unknown), "{other}");
        assert!(grants.problems.iter().any(|p| p.file.ends_with("policy.json")), "{:?}", grants.problems);
    }
}

#[test]
fn what_aws_config_tells_of_an_access_point_is_an_answer() {
    let arn = format!("arn:aws:s3:eu-west-1:{A}:accesspoint/ap");
    let list = format!(r#"{{"AccessPointList": [{{"Name": "ap", "Bucket": "b", "AccessPointArn": "{arn}"}}]}}"#);
    let item = format!(
        r#"{{"configSnapshotId": "x", "configurationItems": [{{"resourceType": "AWS::S3::AccessPoint", "resourceId": "{arn}", "arn": "{arn}", "awsRegion": "eu-west-1",
        "awsAccountId": "{A}", "configurationItemStatus": "OK", "configurationItemCaptureTime": "2026-11-01T00:00:00Z",
        "configuration": {{"Bucket": "b", "Policy": {{"Version": "2012-10-17", "Statement": []}}}}}}]}}"#
    );
    let grants = bundle(&[(&format!("accounts/{A}/eu-west-1/s3control/access-points.json"), &list), ("snapshot.json", &item)]);
    assert!(!grants.resources.by_arn[&arn].policy.is_unknown());
    let gaps = diagnose(&grants, None).gaps;
    assert!(!gaps.iter().any(|g| g.export == "access-point-policy"), "{gaps:?}");
}
