//! Evidence of accounts: the fixtures, loose files, refusals, lists that break off.

use serde_json::json;

use super::super::super::evidence::Evidence;
use super::super::super::{CredentialSlot, Known};
use super::super::bundle_test::{bundle, files, texts_of};

const SHOP: &str = "111122223333";
const SANDBOX: &str = "444455556666";

fn ms(text: &str) -> Option<i64> {
    Some(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
}

fn arn(what: &str) -> String {
    format!("arn:aws:iam::{SHOP}:{what}")
}

#[test]
fn settings_of_the_account_arrive() {
    let grants = bundle();
    let shop = &grants.accounts[SHOP].evidence;
    assert_eq!(shop.alias.as_deref(), Some("shop-production"));
    let password = &shop.password_policy.present().unwrap().fields;
    assert_eq!((password["MinimumPasswordLength"].as_str(), password["RequireSymbols"].as_str()), ("14", "true"));
    assert_eq!(shop.summary.present().unwrap()["AccountMFAEnabled"], 1);
    let regions: Vec<(&str, bool)> = shop.regions.present().unwrap().iter().map(|(r, on)| (r.as_str(), *on)).collect();
    assert_eq!(regions, [("ap-east-1", false), ("eu-south-1", true), ("eu-west-1", true)]);
    assert_eq!(shop.default_host_role["eu-west-1"], Known::Present("service-role/AWSSystemsManagerDefaultEC2InstanceManagementRole".to_owned()));
    assert_eq!(shop.default_host_role["eu-central-1"], Known::Absent);
    let members: Vec<_> = shop.environment_members.iter().map(|m| (m.region.as_str(), m.member.as_str(), m.permissions.as_str())).collect();
    assert_eq!(members, [("eu-west-1", arn("user/alice").as_str(), "owner"), ("eu-west-1", arn("user/bob").as_str(), "read-write")]);
    let stacks: Vec<_> = shop.stacks.values().map(|s| (s.stack.contains("stack/shop/"), s.policy.present().map(|p| p.document.as_ref().unwrap().statements.len()))).collect();
    assert_eq!(stacks, [(false, None), (true, Some(2))]);
    assert!(shop.stacks.values().any(|s| s.policy == Known::Absent), "a stack without a policy");
    let sandbox = &grants.accounts[SANDBOX].evidence;
    assert_eq!(sandbox.password_policy, Known::Absent, "AWS's default");
    assert_eq!(sandbox.summary.why(), Some("the command failed: AccessDenied"));
    assert_eq!(sandbox.default_host_role["eu-west-1"].why(), Some("the command failed: AccessDeniedException"));
}

#[test]
fn credentials_arrive() {
    let grants = bundle();
    let shop = &grants.accounts[SHOP].evidence;
    let key = &shop.access_keys["AKIAIOSFODNN7EXAMPLE"];
    assert_eq!((key.user.as_deref(), key.status.as_deref(), key.created_ms), (Some("alice"), Some("Active"), ms("2025-01-02T03:04:05Z")));
    let used = key.last_used.present().unwrap();
    assert_eq!((Some(used.at_ms), used.service.as_deref(), used.region.as_deref()), (ms("2026-08-29T10:15:00Z"), Some("s3"), Some("eu-west-1")));
    assert_eq!(shop.access_keys["AKIAI44QH8DHBEXAMPLE"].last_used, Known::Absent);
    assert_eq!(shop.keys_listed.keys().collect::<Vec<_>>(), ["alice", "bob"]);
    let devices: Vec<(&str, Option<&str>)> = shop.mfa_devices.values().map(|d| (d.serial.rsplit('/').next().unwrap(), d.user.as_deref())).collect();
    assert_eq!(devices, [("alice-phone", Some("alice")), ("root-account-mfa-device", Some("<root_account>")), ("spare", None)]);
    assert_eq!(shop.mfa_listed.keys().collect::<Vec<_>>(), ["alice", "bob"], "the root user's other kinds of device are not listed");
    let others: Vec<(&str, &str, Option<i64>)> = shop.other_credentials.values().map(|c| (c.id.as_str(), c.service.as_str(), c.expires_ms)).collect();
    assert_eq!(
        others,
        [
            ("ACCAEXAMPLE123EXAMPLE", "codecommit.amazonaws.com", None),
            ("ACCAEXAMPLE456EXAMPLE", "bedrock.amazonaws.com", ms("2026-09-01T00:00:00Z")),
            ("APKAEXAMPLEEXAMPLE01", "ssh", None)
        ]
    );
    let report = grants.accounts[SHOP].credential_report.as_ref().unwrap();
    let slots: Vec<(CredentialSlot, Option<&str>)> = report
        .credentials
        .iter()
        .filter(|c| c.user == "alice" && c.slot.as_str().starts_with("access_key"))
        .map(|c| (c.slot, grants.key_of_slot(c).map(|k| k.id.as_str())))
        .collect();
    assert_eq!(
        slots,
        [(CredentialSlot::AccessKey1, Some("AKIAIOSFODNN7EXAMPLE")), (CredentialSlot::AccessKey2, Some("AKIAI44QH8DHBEXAMPLE"))],
        "the second was switched off since it was made"
    );
}

#[test]
fn identities_and_last_use_arrive() {
    let grants = bundle();
    let shop = &grants.accounts[SHOP].evidence;
    let profiles: Vec<(&str, usize)> = shop.instance_profiles.present().unwrap().values().map(|p| (p.name.as_str(), p.roles.len())).collect();
    assert_eq!(profiles, [("empty", 0), ("web", 1)]);
    let github = &shop.providers[&arn("oidc-provider/token.actions.githubusercontent.com")];
    assert_eq!((github.kind, github.clients.present().unwrap().as_slice()), ("oidc", &["sts.amazonaws.com".to_owned()][..]));
    assert_eq!(github.created_ms, ms("2024-04-05T06:07:08.123Z"));
    let saml = &shop.providers[&arn("saml-provider/AWSSSO_0123456789abcdef_DO_NOT_DELETE")];
    assert_eq!((saml.kind, saml.valid_until_ms), ("saml", ms("2123-02-01T10:00:00Z")));
    assert_eq!(shop.providers_listed.keys().copied().collect::<Vec<_>>(), ["oidc", "saml"]);
    let alice = shop.last_accessed[&arn("user/alice")].present().unwrap();
    assert_eq!(alice.generated_ms, ms("2026-08-30T22:59:30.123Z"));
    let services: Vec<(&str, Option<i64>)> = alice.services.iter().map(|s| (s.service.as_str(), s.last_ms)).collect();
    assert_eq!(services, [("s3", ms("2026-08-29T10:15:00Z")), ("sqs", None)]);
    assert_eq!(alice.services[0].actions["DeleteBucket"], None);
    assert_eq!(shop.last_accessed[&arn("user/bob")].why(), Some("the job is not completed: IN_PROGRESS"));
    assert_eq!(shop.last_accessed[&arn("role/web")].why(), Some("AWS says that there is no such thing"), "not: never used");
    let findings: Vec<(&str, &str)> = shop.analyzer_findings.values().map(|f| (f.kind.as_str(), f.resource.rsplit([':', '/']).next().unwrap())).collect();
    assert_eq!(findings, [("UnusedIAMRole", "web"), ("UnusedPermission", "alice"), ("ExternalAccess", "shop-public")]);
    let findings: Vec<_> = shop.analyzer_findings.values().collect();
    assert_eq!(findings[0].last_used_ms, ms("2026-03-04T05:06:07Z"));
    let unused: Vec<(&str, Option<i64>)> = findings[1].unused.iter().map(|(a, t)| (a.as_str(), *t)).collect();
    assert_eq!(unused, [("s3:DeleteBucket", None), ("s3:PutBucketAcl", ms("2026-01-02T03:04:05Z")), ("sqs", None)]);
}

fn evidence_of(grants: &super::super::super::Grants) -> &Evidence {
    &grants.accounts[SHOP].evidence
}

#[test]
fn loose_files_name_themselves_or_are_problems() {
    let grants = files(&[
        ("111122223333/passwords.json", json!({"PasswordPolicy": {"MinimumPasswordLength": 8}})),
        ("keys.json", json!({"resourceArn": arn("user/alice"), "output": {"AccessKeyMetadata": []}})),
        ("devices.json", json!({"VirtualMFADevices": [{"SerialNumber": arn("mfa/x")}]})),
        ("setting.json", json!({"ServiceSetting": {"SettingId": "/ssm/managed-instance/default-ec2-instance-management-role", "SettingValue": "r", "ARN": format!("arn:aws:ssm:eu-west-1:{SHOP}:servicesetting/x"), "Status": "Customized"}})),
        ("old-findings.json", json!({"findings": [{"id": "f", "resourceOwnerAccount": SHOP, "resource": "arn:aws:s3:::b", "status": "ARCHIVED", "condition": {}}]})),
        ("lost.json", json!({"SummaryMap": {"Users": 1}})),
        ("other-setting.json", json!({"ServiceSetting": {"SettingId": "/ssm/parameter-store/high-throughput-enabled", "SettingValue": "false"}})),
    ]);
    let shop = evidence_of(&grants);
    assert_eq!(shop.password_policy.present().unwrap().fields["MinimumPasswordLength"], "8");
    assert_eq!(shop.keys_listed["alice"], Known::Present(()));
    assert_eq!(shop.mfa_devices.len(), 1);
    assert_eq!(shop.default_host_role["eu-west-1"], Known::Present("r".to_owned()));
    assert_eq!((shop.analyzer_findings["f"].kind.as_str(), shop.analyzer_findings["f"].status.as_str()), ("ExternalAccess", "ARCHIVED"));
    let problems: Vec<(&str, &str)> = grants.problems.iter().map(|p| (p.file.as_str(), p.reason.as_str())).collect();
    assert_eq!(problems, [("lost.json", "of which account it tells is not told")]);
    assert_eq!(grants.ignored.len(), 1, "{:?}", grants.ignored);
}

#[test]
fn what_breaks_off_is_not_known() {
    let grants = files(&[
        ("accounts/111122223333/iam/access-keys/alice.json", json!({"AccessKeyMetadata": [{"UserName": "alice", "AccessKeyId": "AKIA1", "Status": "Active"}], "IsTruncated": true, "Marker": "x"})),
        ("accounts/111122223333/iam/instance-profiles.json", json!({"InstanceProfiles": [], "IsTruncated": true})),
        ("accounts/111122223333/iam/last-accessed/a.json", json!({"resourceArn": arn("role/a"), "output": {"JobStatus": "COMPLETED", "ServicesLastAccessed": [], "IsTruncated": true, "Marker": "x"}})),
        ("accounts/111122223333/global/regions.json", json!({"Regions": [{"RegionName": "eu-west-1", "RegionOptStatus": "ENABLED"}], "NextToken": "x"})),
    ]);
    let shop = evidence_of(&grants);
    assert!(shop.access_keys.contains_key("AKIA1"), "what it names is there");
    for why in [shop.keys_listed["alice"].why(), shop.instance_profiles.why(), shop.last_accessed[&arn("role/a")].why(), shop.regions.why()] {
        assert_eq!(why, Some("the list breaks off"));
    }
    assert_eq!(grants.problems.len(), 4, "{:?}", grants.problems);
}

#[test]
fn pages_of_one_file_belong_together() {
    let page = |service: &str, more: bool| {
        let output = json!({"JobStatus": "COMPLETED", "ServicesLastAccessed": [{"ServiceNamespace": service}], "JobCompletionDate": "2026-01-01T00:00:00Z", "IsTruncated": more});
        json!({"resourceArn": arn("role/a"), "output": output}).to_string()
    };
    let text = format!("{}\n{}", page("s3", true), page("sqs", false));
    let grants = texts_of(&[("accounts/111122223333/iam/last-accessed/a.json", text)]);
    let services = &evidence_of(&grants).last_accessed[&arn("role/a")].present().unwrap().services;
    assert_eq!(services.iter().map(|s| s.service.as_str()).collect::<Vec<_>>(), ["s3", "sqs"]);
}

#[test]
fn the_newest_list_counts_and_refusals_tell_nothing() {
    let manifest = |at: &str| json!({"bundleVersion": 1, "createdAt": at}).to_string();
    let keys = |ids: &[&str]| json!({"AccessKeyMetadata": ids.iter().map(|id| json!({"UserName": "alice", "AccessKeyId": id, "Status": "Active"})).collect::<Vec<_>>()}).to_string();
    let refused = json!({"file": "accounts/111122223333/iam/access-keys/alice.json", "code": "AccessDenied"});
    let gone = json!({"file": "accounts/111122223333/iam/key-last-used/AKIA2.json", "code": "NoSuchEntity"});
    let grants = texts_of(&[
        ("a/manifest.json", manifest("2026-01-01T00:00:00Z")),
        ("a/accounts/111122223333/iam/access-keys/alice.json", keys(&["AKIA1"])),
        ("b/manifest.json", manifest("2026-02-01T00:00:00Z")),
        ("b/accounts/111122223333/iam/access-keys/alice.json", keys(&["AKIA2"])),
        ("c/manifest.json", manifest("2026-03-01T00:00:00Z")),
        ("c/errors.jsonl", format!("{refused}\n{gone}\n{}", json!({"file": "accounts/111122223333/iam/key-last-used/AKIA9.json", "code": "AccessDenied"}))),
        ("c/accounts/111122223333/iam/service-credentials/alice.json", "{}".to_owned()),
    ]);
    let shop = evidence_of(&grants);
    assert_eq!(shop.access_keys.keys().collect::<Vec<_>>(), ["AKIA2"]);
    assert_eq!(shop.keys_listed["alice"], Known::Present(()));
    assert_eq!(shop.access_keys["AKIA2"].last_used.why(), Some("AWS says that there is no such thing"), "not: never used");
    assert!(grants.problems.is_empty(), "{:?}", grants.problems);
    assert!(grants.conflicts.iter().any(|c| c.what == "access keys of alice in 111122223333"), "{:?}", grants.conflicts);
}

#[test]
fn another_accounts_files_in_a_folder_are_noticed() {
    let grants = files(&[
        ("accounts/111122223333/global/caller.json", json!({"Account": SANDBOX, "UserId": "A", "Arn": "arn:aws:iam::444455556666:user/a"})),
        ("accounts/111122223333/iam/access-keys/bob.json", json!({"AccessKeyMetadata": [{"UserName": "alice", "AccessKeyId": "AKIA1", "Status": "Active"}]})),
        ("accounts/111122223333/iam/password-policy.json", json!({"SummaryMap": {}})),
    ]);
    let problems: Vec<&str> = grants.problems.iter().map(|p| p.reason.as_str()).collect();
    assert_eq!(
        problems,
        [
            "the folder is that of 111122223333, the caller's account is 444455556666",
            "of the user `alice`, not of `bob`",
            "not the output of `iam get-account-password-policy`"
        ]
    );
    assert_eq!(evidence_of(&grants).access_keys["AKIA1"].user.as_deref(), Some("alice"));
}

#[test]
fn listed_things_arrive_from_anywhere_and_the_newest_list_counts() {
    let manifest = |at: &str| json!({"bundleVersion": 1, "createdAt": at}).to_string();
    let secret = |name: &str| format!("arn:aws:secretsmanager:eu-west-1:{SHOP}:secret:{name}");
    let secrets = |names: &[&str], more: bool| {
        let all: Vec<_> = names.iter().map(|n| json!({"ARN": secret(n), "Name": n, "Description": "hush", "RotationEnabled": true})).collect();
        if more { json!({"SecretList": all, "NextToken": "x"}).to_string() } else { json!({"SecretList": all}).to_string() }
    };
    let analyzer = json!({"arn": format!("arn:aws:access-analyzer:eu-west-1:{SHOP}:analyzer/a"), "type": "ACCOUNT", "status": "ACTIVE", "createdAt": "2025-01-02T03:04:05Z"});
    let grants = texts_of(&[
        ("a/manifest.json", manifest("2026-01-01T00:00:00Z")),
        ("a/accounts/111122223333/eu-west-1/secretsmanager/secrets.json", secrets(&["old", "kept"], false)),
        ("b/manifest.json", manifest("2026-02-01T00:00:00Z")),
        ("b/accounts/111122223333/eu-west-1/secretsmanager/secrets.json", secrets(&["kept"], false)),
        ("b/accounts/111122223333/eu-west-2/secretsmanager/secrets.json", secrets(&[], true)),
        ("b/accounts/111122223333/iam/signing-certificates/alice.json", json!({"Certificates": null}).to_string()),
        ("b/accounts/111122223333/iam/server-certificates.json", json!({"ServerCertificateMetadataList": [{"Arn": arn("server-certificate/c"), "Expiration": "2027-01-01T00:00:00Z"}], "IsTruncated": true}).to_string()),
        ("loose.json", json!({"analyzers": [analyzer, {"name": "nameless"}]}).to_string()),
    ]);
    let shop = evidence_of(&grants);
    assert_eq!(shop.secrets.keys().collect::<Vec<_>>(), [&secret("kept")], "what the newer list does not name is gone");
    assert!(shop.secrets[&secret("kept")].is_rotated);
    assert_eq!(shop.secrets_listed["eu-west-1"], Known::Present(()));
    assert_eq!(shop.secrets_listed["eu-west-2"].why(), Some("the list breaks off"));
    assert_eq!(shop.signing_listed["alice"], Known::Present(()));
    assert!(shop.signing_certificates.is_empty());
    assert_eq!(shop.server_certificates.why(), Some("the list breaks off"));
    assert_eq!(shop.analyzers.values().map(|a| (a.kind.as_str(), a.created_ms)).collect::<Vec<_>>(), [("ACCOUNT", ms("2025-01-02T03:04:05Z"))]);
    assert_eq!(shop.analyzers_listed["eu-west-1"], Known::Present(()));
    let problems: Vec<(&str, &str)> = grants.problems.iter().filter(|p| p.file == "loose.json").map(|p| (p.pointer.as_str(), p.reason.as_str())).collect();
    assert_eq!(problems, [("/analyzers/1", "without what names it")]);
}
