//! The organisation's files: the fixtures, bundles of several times and of several organisations, loose files, refusals.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::super::organisation::{Organisation, OrganisationPolicyKind};
use super::super::super::{Grants, Known};
use super::super::bundle_test::{bundle, files, texts_of};

const SCP: OrganisationPolicyKind = OrganisationPolicyKind::ServiceControl;
const RCP: OrganisationPolicyKind = OrganisationPolicyKind::ResourceControl;
const SHOP: &str = "111122223333";
const SANDBOX: &str = "444455556666";
const MANAGEMENT: &str = "999988887777";
const ROOT: &str = "r-examplerootid111";
const WORKLOADS: &str = "ou-examplerootid111-exampleouid111";
const PRODUCTION: &str = "ou-examplerootid111-exampleouid222";

fn only(grants: &Grants) -> &Organisation {
    assert_eq!(grants.organisations.len(), 1);
    grants.organisations.values().next().unwrap()
}

fn levels(organisation: &Organisation, account: &str, kind: OrganisationPolicyKind) -> Vec<(String, Vec<String>)> {
    let levels = organisation.levels(account, kind);
    let levels = levels.present().unwrap_or_else(|| panic!("{account}: {:?}", levels.why()));
    levels.iter().map(|l| (l.id.to_owned(), l.policies.iter().map(|p| p.id.clone()).collect())).collect()
}

fn level(id: &str, policies: &[&str]) -> (String, Vec<String>) {
    (id.to_owned(), policies.iter().map(|p| (*p).to_owned()).collect())
}

#[test]
fn every_file_of_the_organisation_arrives() {
    let grants = bundle();
    let organisation = only(&grants);
    assert_eq!((organisation.id.as_str(), &organisation.management_account), ("o-exampleorgid", &Known::Present(MANAGEMENT.to_owned())));
    assert_eq!(organisation.enabled, [(SCP, Known::Present(true)), (RCP, Known::Present(true))].into());
    let parents: Vec<(&str, &str, Known<&str>)> =
        organisation.nodes.values().map(|n| (n.id.as_str(), n.name.as_str(), n.parent.as_ref().map(String::as_str))).collect();
    assert_eq!(
        parents,
        [
            (SHOP, "shop", Known::Present(PRODUCTION)),
            (SANDBOX, "sandbox", Known::Present(WORKLOADS)),
            (MANAGEMENT, "management", Known::Present(ROOT)),
            (WORKLOADS, "Workloads", Known::Present(ROOT)),
            (PRODUCTION, "Production", Known::Present(WORKLOADS)),
            (ROOT, "Root", Known::Absent),
        ]
    );
    assert_eq!(organisation.nodes[SANDBOX].status.as_deref(), Some("SUSPENDED"));
    let full = "p-FullAWSAccess";
    assert_eq!(
        levels(organisation, SHOP, SCP),
        [level(ROOT, &[full]), level(WORKLOADS, &[full, "p-examplescp1"]), level(PRODUCTION, &[full]), level(SHOP, &[full])]
    );
    assert_eq!(
        levels(organisation, SANDBOX, SCP),
        [level(ROOT, &[full]), level(WORKLOADS, &[full, "p-examplescp1"]), level(SANDBOX, &[full, "p-examplescp2"])]
    );
    assert_eq!(levels(organisation, SANDBOX, RCP)[0], level(ROOT, &["p-RCPFullAWSAccess", "p-examplercp1"]));
    assert!(matches!(organisation.levels(MANAGEMENT, SCP), Known::Absent));
    // The export of this one was refused; what AWS's own policy says is known all the same.
    assert!(organisation.policies[full].document.present().unwrap().as_ref().unwrap().statements[0].principal.is_none());
    assert!(organisation.policies[full].aws_managed);
    let administers = organisation.delegated[SANDBOX].present().unwrap();
    assert_eq!(administers, &["access-analyzer.amazonaws.com", "guardduty.amazonaws.com"]);
    assert!(organisation.resource_policy.present().unwrap().is_ok());
    assert_eq!(grants.organisation_of(SHOP).present().unwrap().id, "o-exampleorgid");
}

fn arn(what: &str) -> String {
    format!("arn:aws:organizations::{MANAGEMENT}:{what}")
}

fn roots(types: &Value) -> Value {
    json!({"Roots": [{"Id": "r-1", "Arn": arn("root/o-1/r-1"), "Name": "Root", "PolicyTypes": types}]})
}

fn policies(ids: &[&str]) -> Value {
    let list: Vec<Value> = ids.iter().map(|id| json!({"Id": id, "Name": id, "Type": "SERVICE_CONTROL_POLICY", "AwsManaged": false})).collect();
    json!({"Policies": list})
}

fn accounts(ids: &[&str]) -> Value {
    let list: Vec<Value> = ids.iter().map(|id| json!({"Id": id, "Arn": arn(&format!("account/o-1/{id}")), "Name": id})).collect();
    json!({"Accounts": list})
}

fn targets(ids: &[&str]) -> Value {
    json!({"Targets": ids.iter().map(|id| json!({"TargetId": id, "Name": "", "Type": "ACCOUNT"})).collect::<Vec<_>>()})
}

fn on() -> Value {
    json!([{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}])
}

#[test]
fn attachments_are_known_only_when_all_targets_are() {
    let mut bundle = vec![
        ("organization/roots.json", roots(&on())),
        ("organization/ou-accounts/r-1.json", accounts(&[SHOP])),
        ("organization/scps.json", policies(&["p-1", "p-2"])),
        ("organization/targets/p-1.json", targets(&[SHOP])),
    ];
    let missing = files(&bundle);
    assert_eq!(only(&missing).levels(SHOP, SCP).why(), Some("policies attached to `111122223333`: targets of policy `p-2`: not exported"));
    bundle.push(("organization/targets/p-2.json", json!({"Targets": [], "NextToken": "x"})));
    let cut = files(&bundle);
    assert_eq!(only(&cut).levels(SHOP, SCP).why(), Some("policies attached to `111122223333`: targets of policy `p-2`: the list breaks off"));
    bundle[4].1 = targets(&[]);
    let whole = files(&bundle);
    assert_eq!(only(&whole).levels(SHOP, SCP).why(), Some("policy `p-1`: not exported"));
    assert!(matches!(only(&whole).levels(SHOP, RCP), Known::Absent), "a kind that the root does not name is off");
}

#[test]
fn a_policy_that_went_away_has_no_targets_and_a_refusal_is_told() {
    let base = [("organization/roots.json", roots(&on())), ("organization/scps.json", policies(&["p-1"]))];
    let with = |code: &str| {
        let mut texts: Vec<(&str, String)> = base.iter().map(|(n, v)| (*n, v.to_string())).collect();
        texts.push(("errors.jsonl", json!({"file": "organization/targets/p-1.json", "code": code}).to_string()));
        texts_of(&texts)
    };
    let gone = with("PolicyNotFoundException");
    assert_eq!(only(&gone).nodes["r-1"].attached[&SCP], Known::Present([].into()));
    let refused = with("AccessDeniedException");
    assert_eq!(only(&refused).nodes["r-1"].attached[&SCP].why(), Some("targets of policy `p-1`: the command failed: AccessDeniedException"));
}

#[test]
fn kinds_that_are_changing_or_cannot_be_on() {
    let changing = files(&[("organization/roots.json", roots(&json!([{"Type": "SERVICE_CONTROL_POLICY", "Status": "PENDING_ENABLE"}])))]);
    assert_eq!(only(&changing).enabled[&SCP].why(), Some("it is changing: PENDING_ENABLE"));
    let billing = json!({"Organization": {"Id": "o-1", "MasterAccountId": MANAGEMENT, "FeatureSet": "CONSOLIDATED_BILLING"}});
    let billing = files(&[("organization/organization.json", billing)]);
    assert_eq!(only(&billing).enabled[&SCP], Known::Present(false));
    let cut = files(&[("organization/roots.json", {
        let mut roots = roots(&json!([]));
        roots["NextToken"] = json!("x");
        roots
    })]);
    assert_eq!(only(&cut).enabled[&SCP].why(), Some("the list breaks off"));
}

fn manifest(at: &str) -> Value {
    json!({"bundleVersion": 1, "createdAt": at})
}

#[test]
fn the_newest_capture_counts() {
    let grants = files(&[
        ("a/manifest.json", manifest("2026-01-01T00:00:00Z")),
        ("a/organization/roots.json", roots(&on())),
        ("a/organization/accounts.json", accounts(&[SHOP, SANDBOX])),
        ("a/organization/ou-accounts/r-1.json", accounts(&[SHOP, SANDBOX])),
        ("b/manifest.json", manifest("2026-02-01T00:00:00Z")),
        ("b/organization/accounts.json", accounts(&[SHOP])),
        ("b/organization/ou-accounts/ou-1-1.json", accounts(&[SHOP])),
    ]);
    let organisation = only(&grants);
    assert_eq!(organisation.nodes[SHOP].parent, Known::Present("ou-1-1".to_owned()), "moved");
    assert!(!organisation.has(SANDBOX), "left the organisation");
    assert!(grants.conflicts.iter().any(|c| c.what == "444455556666 in o-1"), "{:?}", grants.conflicts);
    assert!(grants.conflicts.iter().any(|c| c.what == "parent of 111122223333 in o-1"));
}

#[test]
fn several_organisations_and_accounts_that_changed_theirs() {
    let other = |what: &str| format!("arn:aws:organizations::222222222222:{what}");
    let grants = files(&[
        ("a/manifest.json", manifest("2026-01-01T00:00:00Z")),
        ("a/organization/roots.json", roots(&on())),
        ("a/organization/ou-accounts/r-1.json", accounts(&[SHOP, SANDBOX])),
        ("b/manifest.json", manifest("2026-02-01T00:00:00Z")),
        ("b/organization/roots.json", json!({"Roots": [{"Id": "r-2", "Arn": other("root/o-2/r-2"), "Name": "Root", "PolicyTypes": []}]})),
        ("b/organization/ou-accounts/r-2.json", json!({"Accounts": [{"Id": SANDBOX, "Arn": other("account/o-2/444455556666")}]})),
        // Names nothing: it is of the organisation of its bundle.
        ("b/organization/ous/r-2.json", json!({"OrganizationalUnits": []})),
    ]);
    assert_eq!(grants.organisations.keys().collect::<Vec<_>>(), ["o-1", "o-2"]);
    assert_eq!(grants.organisation_of(SHOP).present().unwrap().id, "o-1");
    assert_eq!(grants.organisation_of(SANDBOX).present().unwrap().id, "o-2");
    assert_eq!(grants.organisation_of("222222222222").present().unwrap().id, "o-2");
    assert!(grants.conflicts.iter().any(|c| c.what == "the organisation of 444455556666"), "{:?}", grants.conflicts);
    assert!(grants.problems.is_empty(), "{:?}", grants.problems);
}

#[test]
fn loose_files_and_other_forms() {
    let unit = |id: &str, parent: &str| json!({"Id": id, "Arn": arn(&format!("ou/o-1/{id}")), "Name": id, "ParentId": parent});
    let grants = files(&[
        ("roots.json", roots(&on())),
        ("organization/ous.json", json!({"OrganizationalUnits": [unit("ou-1-1", "r-1"), unit("ou-1-2", "ou-1-1")]})),
        ("accounts.json", accounts(&[SHOP])),
        ("parents/111122223333.json", json!({"Parents": [{"Id": "ou-1-2", "Type": "ORGANIZATIONAL_UNIT"}]})),
        ("p.json", json!({"Policy": {"PolicySummary": {"Id": "p-1", "Name": "n", "Type": "TAG_POLICY", "AwsManaged": false}, "Content": "{}"}})),
        ("t.json", targets(&[SHOP])),
    ]);
    let organisation = only(&grants);
    let parent = |id: &str| organisation.nodes[id].parent.present().cloned().unwrap();
    assert_eq!((parent("ou-1-1"), parent("ou-1-2"), parent(SHOP)), ("r-1".to_owned(), "ou-1-1".to_owned(), "ou-1-2".to_owned()));
    assert!(organisation.policies.is_empty(), "a kind that takes no part in evaluation");
    let problems: Vec<&str> = grants.problems.iter().map(|p| p.reason.as_str()).collect();
    assert_eq!(problems, ["the targets of which policy is not told"]);
}

#[test]
fn a_path_tells_where_an_account_is() {
    let account = json!({"Id": SHOP, "Arn": arn("account/o-1/111122223333"), "Paths": ["o-1/r-1/ou-1-1/ou-1-2/"]});
    let grants = files(&[("organization/accounts.json", json!({"Accounts": [account]}))]);
    let organisation = only(&grants);
    assert_eq!(organisation.nodes[SHOP].parent, Known::Present("ou-1-2".to_owned()));
    assert_eq!(organisation.nodes["ou-1-2"].parent, Known::Present("ou-1-1".to_owned()));
    assert_eq!(organisation.nodes["ou-1-1"].parent, Known::Present("r-1".to_owned()));
}

#[test]
fn an_account_in_no_organisation() {
    let line = json!({"file": "organization/organization.json", "code": "AWSOrganizationsNotInUseException"}).to_string();
    let caller = |id: &str| json!({"Account": id, "UserId": "AIDA", "Arn": format!("arn:aws:iam::{id}:user/a")}).to_string();
    let one = texts_of(&[("accounts/111122223333/global/caller.json", caller(SHOP)), ("errors.jsonl", line.clone())]);
    assert!(matches!(one.organisation_of(SHOP), Known::Absent));
    assert!(matches!(one.organisation_levels(SHOP, SCP), Known::Absent));
    let two = texts_of(&[
        ("accounts/111122223333/global/caller.json", caller(SHOP)),
        ("accounts/444455556666/global/caller.json", caller(SANDBOX)),
        ("errors.jsonl", line.clone()),
    ]);
    assert!(two.no_organisation.is_empty());
    assert_eq!(two.problems[0].reason, "an account is in no organisation, but which one is not told");
    // Joined since.
    let joined = texts_of(&[
        ("a/manifest.json", manifest("2026-01-01T00:00:00Z").to_string()),
        ("a/accounts/111122223333/global/caller.json", caller(SHOP)),
        ("a/errors.jsonl", line),
        ("b/manifest.json", manifest("2026-02-01T00:00:00Z").to_string()),
        ("b/organization/ou-accounts/r-1.json", accounts(&[SHOP]).to_string()),
    ]);
    assert_eq!(joined.organisation_of(SHOP).present().unwrap().id, "o-1");
}

#[test]
fn what_names_no_organisation_is_a_problem() {
    let grants = files(&[("organization/targets/p-1.json", targets(&[SHOP]))]);
    assert!(grants.organisations.is_empty());
    assert_eq!(grants.problems[0].reason, "of which organisation it tells is not told");
    assert!(grants.organisation_of(SHOP).is_unknown());
}

#[test]
fn real_policies_are_read() {
    let Some(corpora) = std::env::var_os("TRAILTRIM_CORPORA") else {
        println!("TRAILTRIM_CORPORA is not set: real policies of organisations not read");
        return;
    };
    let path = std::path::PathBuf::from(corpora).join("grants-org-policies/policies.ndjson");
    let text = std::fs::read_to_string(path).unwrap();
    let lines: Vec<Value> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let mut bundle = vec![("organization/roots.json".to_owned(), roots(&on()))];
    for (at, line) in lines.iter().enumerate() {
        let kind = if line["kind"] == "rcp" { "RESOURCE_CONTROL_POLICY" } else { "SERVICE_CONTROL_POLICY" };
        let summary = json!({"Id": format!("p-{at:03}"), "Arn": arn(&format!("policy/o-1/x/p-{at:03}")), "Name": line["name"], "Type": kind, "AwsManaged": false});
        let policy = json!({"Policy": {"PolicySummary": summary, "Content": line["doc"].to_string()}});
        bundle.push((format!("organization/policies/p-{at:03}.json"), policy));
    }
    let bundle: Vec<(&str, Value)> = bundle.iter().map(|(n, v)| (n.as_str(), v.clone())).collect();
    let grants = files(&bundle);
    let organisation = only(&grants);
    assert_eq!((lines.len(), organisation.policies.len()), (148, 148));
    let mut read: BTreeMap<&str, usize> = BTreeMap::new();
    let mut refused = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        match organisation.policies[&format!("p-{at:03}")].document.present().unwrap() {
            Ok(_) => *read.entry(line["kind"].as_str().unwrap()).or_default() += 1,
            Err(e) => refused.push(format!("{} of {}: {e}", line["name"], line["source"]["repo"])),
        }
    }
    println!("read: {read:?}; refused: {refused:#?}");
    assert_eq!(read, [("other", 27), ("rcp", 8), ("scp", 102), ("vpc_endpoint", 10)].into());
    // A note of that tool's own inside the document, which AWS would refuse.
    assert_eq!(refused, [r#""deny-s3-delete-with-metadata.json" of "reaandrew/politest": policy field `/AppliesTo`: unknown element"#]);
}

#[test]
fn features_of_central_root_access_are_told_absent_or_refused() {
    let organization = json!({"Organization": {"Id": "o-1234567890", "MasterAccountId": "999988887777", "Arn": "arn:aws:organizations::999988887777:organization/o-1234567890"}}).to_string();
    let of = |code: &str| {
        let line = json!({"file": "organization/features.json", "code": code}).to_string();
        let grants = texts_of(&[("organization/organization.json", organization.clone()), ("errors.jsonl", line)]);
        grants.organisations["o-1234567890"].features.clone()
    };
    for code in ["ServiceAccessNotEnabled", "ServiceAccessNotEnabledException", "OrganizationNotInAllFeaturesMode"] {
        assert_eq!(of(code), Known::Absent, "{code}");
    }
    assert_eq!(of("AccountNotManagementOrDelegatedAdministrator").why(), Some("the command failed: AccountNotManagementOrDelegatedAdministrator"));
    let told = json!({"OrganizationId": "o-1234567890", "EnabledFeatures": ["RootSessions"]});
    let loose = files(&[("anywhere.json", told)]);
    assert_eq!(loose.organisations["o-1234567890"].features, Known::Present(["RootSessions".to_owned()].into()));
    assert!(loose.problems.is_empty(), "{:?}", loose.problems);
}
