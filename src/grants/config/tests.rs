//! Tests of the loader of AWS Config, on the files in `testdata/grants/config` and on items that are wrong; and of AWS
//! Config together with the other exports of an account.

use std::path::Path;

use serde_json::{Value, json};

use super::take;
use crate::grants::builder::Builder;
use crate::grants::{Capture, Document, Grants, Known, Principal, Source, gaad, load};
use crate::policy::beside::{AclGrantee, AclPermission, ObjectOwnership, VpcEndpointType};

const ACCOUNT: &str = "111122223333";

fn files() -> Grants {
    load(&[Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/grants/config")]).unwrap()
}

fn document(file: &str, at_ms: Option<i64>, value: Value) -> Document {
    Document::new(Capture { at_ms, source: Source::Cli, file: file.to_owned() }, None, value)
}

fn of_items(items: Value) -> Grants {
    let mut builder = Builder::default();
    assert!(take(&document("c.json", None, json!({"fileVersion": "1.0", "configurationItems": items})), &mut builder).is_some());
    builder.finish()
}

fn principal<'g>(grants: &'g Grants, name: &str) -> &'g Principal {
    grants.principals().find(|p| p.name == name).unwrap()
}

#[test]
fn principals_and_policies_arrive() {
    let grants = files();
    assert_eq!(grants.problems, []);
    assert_eq!(grants.conflicts, [], "global items repeat");
    assert_eq!(grants.ignored.len(), 1);
    assert!(grants.ignored[0].1.starts_with("2 of 24 items"), "{:?}", grants.ignored);
    let kinds: Vec<&str> = grants.inputs.iter().map(|i| i.kind).collect();
    assert_eq!(kinds, ["AWS Config history", "AWS Config snapshot", "AWS Config query"]);
    let role = principal(&grants, "AppReader");
    assert_eq!((role.path.as_str(), role.unique_id.as_str(), role.created_ms), ("/service/", "AROAEXAMPLEAPPREADER1", Some(1_738_555_506_000)));
    assert_eq!(role.boundary.as_deref(), Some("arn:aws:iam::111122223333:policy/Edge"));
    assert_eq!((role.inline.len(), role.instance_profiles.as_slice(), role.tags["team"].as_str()), (1, &["AppProfile".to_owned()][..], "Blue"));
    assert!(role.trust.as_ref().unwrap().is_ok() && role.inline[0].document.is_ok());
    assert_eq!((role.untold.as_slice(), role.last_used_known), (&[][..], false));
    let gaps = grants.held_by(role).gaps;
    assert_eq!(gaps.len(), 1, "AWS's own policies are not recorded: {gaps:?}");
    assert!(gaps[0].contains("arn:aws:iam::aws:policy/ReadOnlyAccess"));

    let alice = principal(&grants, "Alice");
    assert_eq!((alice.groups.as_slice(), alice.untold.as_slice()), (&["Readers".to_owned()][..], &["permissions boundary"][..]));
    let bare = principal(&grants, "Bare");
    assert_eq!((bare.tags["k"].as_str(), bare.untold.as_slice()), ("v", &["permissions boundary"][..]));
    assert_eq!(principal(&grants, "Readers").inline.len(), 1, "a configuration in a text");
    assert_eq!(grants.principals().count(), 4, "what is not recorded is not told");
    let team = grants.policies["arn:aws:iam::111122223333:policy/Team"].clone();
    assert_eq!((team.created_ms, team.version_created_ms), (Some(1_717_200_000_000), Some(1_719_792_000_000)));
    assert!(crate::policy::print::minified(&team.document.unwrap()).contains("\"s3:*\""), "the default version");
    assert!(!grants.accounts[ACCOUNT].has_authorization_details);
}

#[test]
fn resources_arrive() {
    let grants = files();
    let of = |arn: &str| grants.resources.by_arn.get(arn).unwrap_or_else(|| panic!("{arn} in {:?}", grants.resources.by_arn.keys()));
    for arn in [
        "arn:aws:s3:::reports.example",
        "arn:aws:s3:eu-west-1:111122223333:accesspoint/desk",
        "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        "arn:aws:lambda:eu-west-1:111122223333:function:NightlyJob",
        "arn:aws:sqs:eu-west-1:111122223333:Orders",
        "arn:aws:sns:eu-west-1:111122223333:Alerts",
        "arn:aws:ecr:eu-west-1:111122223333:repository/team/web",
        "arn:aws:ecr:eu-west-1:111122223333:registry",
        "arn:aws:es:eu-west-1:111122223333:domain/search",
        "arn:aws:es:eu-west-1:111122223333:domain/old",
        "arn:aws:backup:eu-west-1:111122223333:backup-vault:Vault",
        "arn:aws:elasticfilesystem:eu-west-1:111122223333:file-system/fs-0a1b2c3d",
    ] {
        let resource = of(arn);
        assert!(resource.policy.present().is_some_and(|p| p[0].document.is_ok()), "{arn}: {:?}", resource.policy);
        assert_eq!((resource.account.as_str(), resource.region.as_deref()), (ACCOUNT, Some("eu-west-1")), "{arn}");
    }
    assert_eq!(of("arn:aws:s3:::plain").policy, Known::Absent);
    assert_eq!(of("arn:aws:events:eu-west-1:111122223333:event-bus/default").policy, Known::Absent);
    assert!(!grants.resources.by_arn.keys().any(|a| a.contains("secretsmanager")), "AWS Config has no policies of secrets");

    let bucket = &grants.resources.buckets["reports.example"];
    let acl = bucket.acl.present().unwrap();
    assert_eq!((acl.grants.len(), acl.owner.as_ref().unwrap().len()), (2, 64));
    assert_eq!((&acl.grants[1].grantee, acl.grants[1].permission), (&AclGrantee::AllUsers, AclPermission::Read));
    assert_eq!(bucket.ownership, Known::Present(ObjectOwnership::BucketOwnerPreferred));
    assert_eq!(bucket.logs_to, Known::Present("plain".to_owned()));
    assert!(bucket.block_public_access.present().unwrap().ignore_public_acls);
    assert!(grants.resources.buckets["plain"].block_public_access.is_unknown(), "what is not in the item is not told");
    let point = grants.resources.access_points.values().next().unwrap();
    assert_eq!((point.buckets.as_slice(), point.vpc.as_deref()), (&["reports.example".to_owned()][..], Some("vpc-0a1b2c3d")));
    assert!(point.block_public_access.present().unwrap().restrict_public_buckets);
    let key = grants.resources.keys.values().next().unwrap();
    assert_eq!((key.manager.present().map(String::as_str), key.state.as_deref()), (Some("CUSTOMER"), Some("Enabled")));
    let endpoint = &grants.resources.vpc_endpoints["vpce-0a1b2c3d4e5f60718"];
    assert_eq!((endpoint.kind, endpoint.account.as_str()), (VpcEndpointType::Gateway, ACCOUNT));
    assert!(grants.accounts[ACCOUNT].evidence.block_public_access.present().unwrap().block_public_acls);
}

#[test]
fn of_a_history_the_newest_item_counts() {
    let grants = files();
    let jobs = grants.resources.by_arn["arn:aws:sqs:eu-west-1:111122223333:Jobs"].policy.clone();
    assert!(format!("{jobs:?}").contains("events.amazonaws.com"), "{jobs:?}");
    assert!(!grants.resources.by_arn.contains_key("arn:aws:sqs:eu-west-1:111122223333:Ended"));
}

fn role(name: &str, at: &str, attached: &[&str]) -> Value {
    let attached: Vec<Value> = attached.iter().map(|a| json!({"policyArn": a})).collect();
    json!({"awsAccountId": ACCOUNT, "resourceType": "AWS::IAM::Role", "resourceId": "AROA1", "resourceName": name, "awsRegion": "global",
           "ARN": format!("arn:aws:iam::111122223333:role/{name}"), "configurationItemStatus": "OK", "configurationItemCaptureTime": at,
           "configuration": {"roleName": name, "rolePolicyList": [], "attachedManagedPolicies": attached, "permissionsBoundary": null}})
}

fn bucket(at: &str, status: &str, public: Option<bool>) -> Value {
    let public = public.map(|p| json!({"blockPublicAcls": p}).to_string());
    json!({"awsAccountId": ACCOUNT, "resourceType": "AWS::S3::Bucket", "resourceId": "b", "awsRegion": "eu-west-1", "configurationItemStatus": status,
           "configurationItemCaptureTime": at, "configuration": null, "supplementaryConfiguration": match public {
               Some(p) => json!({"PublicAccessBlockConfiguration": p, "BucketPolicy": {"policyText": null}}), None => json!({"BucketPolicy": {"policyText": ""}})}})
}

#[test]
fn what_was_deleted_is_gone_until_it_comes_back() {
    let mut deleted = role("R", "2026-01-02T00:00:00Z", &[]);
    deleted["configurationItemStatus"] = "ResourceDeleted".into();
    deleted["configuration"] = Value::Null;
    let mut nameless = bucket("2026-01-02T00:00:00Z", "ResourceDeleted", None);
    nameless["resourceType"] = "AWS::SQS::Queue".into();
    let mut queue = nameless.clone();
    (queue["ARN"], queue["configurationItemStatus"], queue["configurationItemCaptureTime"]) =
        ("arn:aws:sqs:eu-west-1:111122223333:b".into(), "OK".into(), "2026-01-01T00:00:00Z".into());
    let grants = of_items(json!([queue, nameless, {"resourceType": "AWS::SQS::Queue", "resourceId": "lost", "configurationItemStatus": "ResourceDeleted", "configurationItemCaptureTime": 1}]));
    assert_eq!((grants.resources.by_arn.len(), grants.problems.len()), (0, 1), "named by its older item: {:?}", grants.problems);
    let snapshot = |items: Value| json!({"configurationItems": items});
    let mut builder = Builder::default();
    take(&document("c.json", None, snapshot(json!([deleted, bucket("2026-01-02T00:00:00Z", "ResourceDeleted", None)]))), &mut builder);
    take(&document("a.json", None, snapshot(json!([role("R", "2026-01-01T00:00:00Z", &["old"]), bucket("2026-01-01T00:00:00Z", "OK", Some(true))]))), &mut builder);
    let grants = builder.finish();
    assert_eq!((grants.principals().count(), grants.resources.by_arn.len(), grants.resources.buckets.len()), (0, 0, 0));
    assert!(grants.conflicts.iter().all(|c| c.kept == "c.json" && c.dropped == "a.json") && grants.conflicts.len() == 2, "{:?}", grants.conflicts);

    let mut builder = Builder::default();
    take(&document("d.json", None, snapshot(json!([role("R", "2026-01-03T00:00:00Z", &["new"]), bucket("2026-01-03T00:00:00Z", "OK", None)]))), &mut builder);
    take(&document("c.json", None, snapshot(json!([deleted, bucket("2026-01-02T00:00:00Z", "ResourceDeleted", None)]))), &mut builder);
    take(&document("a.json", None, snapshot(json!([role("R", "2026-01-01T00:00:00Z", &["old"]), bucket("2026-01-01T00:00:00Z", "OK", Some(true))]))), &mut builder);
    let grants = builder.finish();
    assert_eq!(principal(&grants, "R").attached, ["new"]);
    assert_eq!(grants.resources.by_arn["arn:aws:s3:::b"].policy, Known::Absent);
    assert!(grants.resources.buckets["b"].block_public_access.is_unknown(), "told of the bucket before");
}

#[test]
fn broken_items_are_named_and_the_rest_goes_on() {
    let mut wrong_account = role("W", "2026-01-01T00:00:00Z", &[]);
    wrong_account["awsAccountId"] = "444455556666".into();
    let mut wrong_list = role("L", "2026-01-01T00:00:00Z", &[]);
    wrong_list["configuration"]["attachedManagedPolicies"] = json!([{"policyArn": 3}]);
    wrong_list["configuration"]["rolePolicyList"] = json!([{"policyName": "p", "policyDocument": "%7Bhalf"}]);
    wrong_list["configuration"]["assumeRolePolicyDocument"] = json!("%7B");
    let mut half = role("H", "2026-01-01T00:00:00Z", &[]);
    half["configuration"] = json!("{\"roleName\": \"H\"");
    let mut acl = bucket("2026-01-01T00:00:00Z", "OK", None);
    acl["supplementaryConfiguration"]["AccessControlList"] = json!("{\"grantList\": [{\"grantee\": {}}]}");
    acl["supplementaryConfiguration"]["PublicAccessBlockConfiguration"] = json!("{\"blockPublicAcls\": \"yes\"}");
    let (mut no_status, mut no_time) = (role("S", "2026-01-01T00:00:00Z", &[]), role("T", "soon", &[]));
    no_status["configurationItemStatus"] = "Odd".into();
    let mut timeless = role("D", "2026-01-01T00:00:00Z", &[]);
    timeless["configurationItemStatus"] = "ResourceDeleted".into();
    timeless["configurationItemCaptureTime"] = Value::Null;
    no_time["resourceId"] = "AROA2".into();
    let grants = of_items(json!([3, {"resourceId": "x"}, wrong_account, wrong_list, half, acl, no_status, no_time, timeless, role("Good", "2026-01-01T00:00:00Z", &[])]));
    let named: Vec<&str> = grants.problems.iter().map(|p| p.pointer.as_str()).collect();
    assert_eq!(
        named,
        [
            "/configurationItems/0",
            "/configurationItems/1/resourceType",
            "/configurationItems/2/awsAccountId",
            "/configurationItems/3/configuration/attachedManagedPolicies",
            "/configurationItems/4/configuration",
            "/configurationItems/5/supplementaryConfiguration/AccessControlList",
            "/configurationItems/5/supplementaryConfiguration/PublicAccessBlockConfiguration",
            "/configurationItems/6/configurationItemStatus",
            "/configurationItems/7/configurationItemCaptureTime",
            "/configurationItems/8/configurationItemCaptureTime",
            "arn:aws:iam::111122223333:role/L",
            "arn:aws:iam::111122223333:role/L",
        ]
    );
    assert_eq!(principal(&grants, "L").untold, ["attached policies"]);
    assert!(grants.resources.buckets["b"].acl.is_unknown());
    assert_eq!(grants.principals().count(), 2);
}

#[test]
fn answers_of_the_cli_are_read() {
    let mut builder = Builder::default();
    let mut item = role("R", "2026-01-01T00:00:00Z", &["a"]);
    item["configuration"] = item["configuration"].to_string().into();
    item["configurationItemCaptureTime"] = json!(1_767_225_600.0);
    let base = json!({"baseConfigurationItems": [item], "unprocessedResourceKeys": []});
    assert_eq!(take(&document("b.json", None, base), &mut builder), Some("AWS Config items"));
    let aggregate = json!({"Results": [role("Other", "2026-01-01T00:00:00Z", &[]).to_string().replace(ACCOUNT, "444455556666")], "NextToken": "more"});
    assert_eq!(take(&document("s.json", None, aggregate), &mut builder), Some("AWS Config query"));
    assert_eq!(take(&document("x.json", None, json!({"Results": [{"a": 1}]})), &mut builder), None);
    assert_eq!(take(&document("x.json", None, json!({"configurationItems": 1})), &mut builder), None);
    let grants = builder.finish();
    assert_eq!(grants.accounts.keys().collect::<Vec<_>>(), [ACCOUNT, "444455556666"]);
    assert_eq!((grants.problems.len(), grants.problems[0].pointer.as_str()), (1, "/nextToken"));
}

/// One account by three kinds of export.
fn three() -> Vec<Document> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/grants");
    let mut all = Vec::new();
    for entry in walkdir::WalkDir::new(&root).sort_by_file_name() {
        let entry = entry.unwrap();
        if entry.file_type().is_file() {
            let name = entry.path().strip_prefix(&root).unwrap().to_string_lossy().into_owned();
            if name.starts_with("iam-collect/") || name.starts_with("config/") {
                all.push(document(&name, None, serde_json::from_slice(&std::fs::read(entry.path()).unwrap()).unwrap()));
            }
        }
    }
    let statements = json!([
        {"Sid": "B", "Effect": "Deny", "Action": "s3:DeleteObject", "Resource": ["*"]},
        {"Sid": "A", "Effect": "Allow", "Action": ["s3:ListBucket", "s3:GetObject"], "Resource": "*"}
    ]);
    let details = json!({
        "UserDetailList": [{"Arn": "arn:aws:iam::111122223333:user/Alice", "UserName": "Alice", "UserId": "AIDAEXAMPLEALICE00001", "GroupList": ["Readers"]}],
        "RoleDetailList": [{"Arn": "arn:aws:iam::111122223333:role/service/AppReader", "RoleName": "AppReader", "RoleId": "AROAEXAMPLEAPPREADER1", "Path": "/service/",
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]},
            "RolePolicyList": [{"PolicyName": "Read", "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}}],
            "AttachedManagedPolicies": [{"PolicyArn": "arn:aws:iam::111122223333:policy/Team"}], "RoleLastUsed": {"LastUsedDate": "2026-02-20T00:00:00Z"},
            "PermissionsBoundary": {"PermissionsBoundaryArn": "arn:aws:iam::111122223333:policy/Edge"}, "InstanceProfileList": [{"InstanceProfileName": "AppProfile"}]}],
        "GroupDetailList": [{"Arn": "arn:aws:iam::111122223333:group/staff/Readers", "GroupName": "Readers", "GroupId": "AGPAEXAMPLEREADERS001", "Path": "/staff/",
            "GroupPolicyList": [{"PolicyName": "List", "PolicyDocument": {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}}}]}],
        "Policies": [{"Arn": "arn:aws:iam::111122223333:policy/Team", "PolicyName": "Team", "DefaultVersionId": "v2", "PolicyVersionList": [
            {"VersionId": "v2", "IsDefaultVersion": true, "Document": {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}}]}]
    });
    // 2 March 2026: a day after the snapshot.
    all.push(document("gaad.json", Some(1_772_409_600_000), details));
    all
}

fn put_together(documents: &[Document], order: impl Iterator<Item = usize>) -> Grants {
    let mut builder = Builder::default();
    for at in order {
        let document = &documents[at];
        let mut store = std::mem::take(&mut builder.store);
        let of_store = store.take(document);
        builder.store = store;
        assert!(of_store.or_else(|| gaad::take(document, &mut builder)).or_else(|| take(document, &mut builder)).is_some(), "{}", document.file());
    }
    std::mem::take(&mut builder.store).settle(&mut builder);
    builder.finish()
}

#[test]
fn three_exports_of_one_account_tell_the_same_in_any_order() {
    let documents = three();
    let count = documents.len();
    let grants = put_together(&documents, 0..count);
    assert_eq!(grants, put_together(&documents, (0..count).rev()));
    for step in [7, 11, 29].into_iter().filter(|s| !count.is_multiple_of(*s)) {
        assert_eq!(grants, put_together(&documents, (0..count).map(|at| (at * step + 3) % count)), "step {step}");
    }
    let role = principal(&grants, "AppReader");
    assert_eq!(role.attached, ["arn:aws:iam::111122223333:policy/Team"], "the newest");
    assert_eq!((role.last_used_ms, role.tags.len(), role.created_ms), (Some(1_771_545_600_000), 0, Some(1_738_555_506_000)), "each field from the newest that tells it");
    assert_eq!(grants.principals().count(), 3, "`Bare` is older than the whole export and not in it");
    assert!(grants.policies.contains_key("arn:aws:iam::aws:policy/ReadOnlyAccess"), "from the store: no account's");
    assert!(!grants.policies.contains_key("arn:aws:iam::111122223333:policy/Edge"), "gone too");
    let what: Vec<&str> = grants.conflicts.iter().map(|c| c.what.rsplit("111122223333:").next().unwrap()).collect();
    assert_eq!(
        what,
        ["policy/Edge", "role/Bare", "role/service/AppReader: attached policies", "role/service/AppReader: attached policies", "sqs"].map(|w| if w == "sqs" { "Orders: policy" } else { w }),
        "order of statements and lists is no conflict: {:?}",
        grants.conflicts
    );
    assert_eq!(grants.problems, []);
}
