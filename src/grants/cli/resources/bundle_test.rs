//! The bundle of `testdata/grants/bundle`: every row of the resource side has a fixture, and what it tells arrives.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::recognise::FAMILY;
use crate::grants::catalogue::exports;
use crate::grants::{Grants, Known, Place, load};
use crate::policy::beside::{AclGrantee, BlockPublicAccess, ObjectOwnership, VpcEndpointType};

const A: &str = "111122223333";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/grants/bundle")
}

fn bundle() -> Grants {
    load(&[folder()]).unwrap()
}

fn arn(service: &str, resource: &str) -> String {
    format!("arn:aws:{service}:eu-west-1:{A}:{resource}")
}

/// The first Sid of each policy that governs a resource; `-` for none.
fn sids(grants: &Grants, arn: &str) -> String {
    match grants.resources.policy_of(arn) {
        Known::Present(list) => {
            let sid = |d: &crate::grants::AttachedDocument| d.document.as_ref().unwrap().statements[0].sid.clone().unwrap_or_default();
            list.into_iter().map(sid).collect::<Vec<_>>().join(" ")
        }
        Known::Absent => "-".to_owned(),
        Known::Unknown(why) => format!("? {why}"),
    }
}

/// Rows that other loaders read.
fn is_others(id: &str, file: &str) -> bool {
    let folders = ["/iam/", "/cloud9/", "/cloudformation/", "/accessanalyzer/", "/ssm/", "/cloudtrail/"];
    folders.iter().any(|f| file.contains(f)) || file.starts_with("organization/") || file.starts_with("sso/") || matches!(id, "caller" | "regions" | "ec2-regions")
}

#[test]
fn every_row_of_the_family_has_a_fixture_and_no_row_is_forgotten() {
    let mut here: BTreeSet<String> = walkdir::WalkDir::new(folder())
        .into_iter()
        .filter_map(|e| Place::of(&e.unwrap().path().strip_prefix(folder()).unwrap().to_string_lossy()))
        .map(|p| p.export.id.clone())
        .collect();
    let lines = std::fs::read_to_string(folder().join("errors.jsonl")).unwrap();
    here.extend(lines.lines().filter_map(|l| Place::of(serde_json::from_str::<serde_json::Value>(l).unwrap()["file"].as_str().unwrap())).map(|p| p.export.id.clone()));
    for row in exports().unwrap() {
        assert_ne!(FAMILY.contains(&row.id.as_str()), is_others(&row.id, &row.file), "{}: of this family or of another's?", row.id);
        assert!(is_others(&row.id, &row.file) || here.contains(&row.id), "{}: no fixture", row.id);
    }
}

#[test]
fn nothing_of_the_family_is_left_or_a_problem() {
    let grants = bundle();
    let own = |file: &str| Place::of(file).is_some_and(|p| FAMILY.contains(&p.export.id.as_str()));
    let problems: Vec<_> = grants.problems.iter().filter(|p| own(&p.file)).collect();
    assert!(problems.is_empty(), "{problems:?}");
    let ignored: Vec<_> = grants.ignored.iter().filter(|(file, _)| own(file)).collect();
    assert!(ignored.is_empty(), "{ignored:?}");
    assert!(grants.conflicts.is_empty(), "{:?}", grants.conflicts);
    for input in grants.inputs.iter().filter(|i| own(&i.path)) {
        assert_eq!(input.kind, Place::of(&input.path).unwrap().export.id, "{}", input.path);
    }
}

#[test]
fn policies_of_resources_arrive() {
    let grants = bundle();
    let expected = [
        ("bucket-policy", "arn:aws:s3:::example-ledger/2025/a.csv".to_owned(), "Ledger"),
        ("bucket-policy", "arn:aws:s3:::example-scratch".to_owned(), "-"),
        ("bucket-policy", "arn:aws:s3:::example-sealed/x".to_owned(), "? the command failed: AccessDenied"),
        ("access-point-policy", arn("s3", "accesspoint/ledger-readers"), "Readers"),
        ("access-point-policy", arn("s3", "accesspoint/ledger-readers/object/a/b"), "Readers"),
        ("access-point-policy", "arn:aws:s3:::ledger-readers-abcdefghij0123456789klmnopqrstuveuw1a-s3alias/a".to_owned(), "Readers"),
        ("access-point-policy", arn("s3", "accesspoint/ledger-writers/object/a"), "-"),
        ("multi-region-access-point-policy", format!("arn:aws:s3::{A}:accesspoint/mabc1defg2hij.mrap/object/a"), "Everywhere"),
        ("kms-key-policy", arn("kms", "key/0a1b2c3d-1111-4222-8333-444455556666"), "KeyCUSTOMER"),
        ("kms-aliases", arn("kms", "alias/ledger"), "KeyCUSTOMER"),
        ("kms-aliases", arn("kms", "alias/aws/sns"), "? the list `kms-aliases` of account 111122223333 in eu-west-1 does not name it: made or deleted since"),
        ("kms-key-policy", arn("kms", "key/0a1b2c3d-3333-4222-8333-444455556666"), "? the command failed: AccessDeniedException"),
        ("lambda-policy", arn("lambda", "function:post-ledger"), "Function"),
        ("lambda-policy", arn("lambda", "function:post-ledger:$LATEST"), "Function"),
        ("lambda-alias-policy", arn("lambda", "function:post-ledger:live"), "Alias"),
        ("lambda-alias-policy", arn("lambda", "function:post-ledger:3"), "? not exported: arn:aws:lambda:eu-west-1:111122223333:function:post-ledger:3"),
        ("lambda-policy", arn("lambda", "function:quiet"), "-"),
        ("lambda-layer-policy", arn("lambda", "layer:common:2"), "Layer"),
        ("lambda-layer-policy", arn("lambda", "layer:common:1"), "-"),
        ("sqs-attributes", arn("sqs", "orders"), "Queue"),
        ("sqs-attributes", arn("sqs", "plain"), "-"),
        ("sqs-attributes", arn("sqs", "locked"), "? the command failed: AccessDenied"),
        ("sqs-queues", arn("sqs", "never"), "? the list `sqs-queues` of account 111122223333 in eu-west-1 does not name it: made or deleted since"),
        ("sns-attributes", arn("sns", "alerts"), "Topic"),
        ("sns-attributes", arn("sns", "alerts:0a1b2c3d-9999-4222-8333-444455556666"), "Topic"),
        ("ecr-repository-policy", arn("ecr", "repository/apps/ledger"), "Repository Registry"),
        ("ecr-registry-policy", arn("ecr", "repository/apps/empty"), "Registry"),
        ("secret-policy", arn("secretsmanager", "secret:db/ledger-AbCdEf"), "Secret"),
        ("secret-policy", arn("secretsmanager", "secret:db/ledger"), "Secret"),
        ("secret-policy", arn("secretsmanager", "secret:api-GhIjKl"), "-"),
        ("event-buses", arn("events", "event-bus/orders"), "Bus"),
        ("event-buses", arn("events", "rule/orders/nightly"), "Bus"),
        ("event-buses", arn("events", "rule/nightly"), "-"),
        ("glue-policy", arn("glue", "table/sales/orders"), "Catalogue SharedTable"),
        ("opensearch-domain", arn("es", "domain/search/index/_search"), "Domain"),
        ("opensearch-domain", arn("es", "domain/open"), "-"),
        ("opensearch-domain", arn("es", "domain/shut"), "? the command failed: AccessDeniedException"),
        ("backup-vault-policy", arn("backup", "backup-vault:nightly"), "Vault"),
        ("backup-vault-policy", arn("backup", "backup-vault:Default"), "-"),
        ("rest-apis", arn("execute-api", "a1b2c3d4e5/prod/GET/ledger"), "Api"),
        ("rest-apis", arn("execute-api", "f6g7h8i9j0/prod/GET/"), "-"),
        ("codebuild-project-policy", arn("codebuild", "project/site"), "Project"),
        ("codebuild-project-policy", arn("codebuild", "project/unshared"), "-"),
        ("codebuild-report-group-policy", arn("codebuild", "report-group/site-tests"), "ReportGroup"),
        ("lattice-service-auth", arn("vpc-lattice", "service/svc-0a1b2c3d4e5f60718/orders"), "ServiceAuth ServiceShare"),
        ("lattice-network-auth", arn("vpc-lattice", "servicenetwork/sn-0a1b2c3d4e5f60718"), "NetworkAuth"),
        ("response-plan-policy", format!("arn:aws:ssm-incidents::{A}:response-plan/outage"), "Plan"),
        ("contact-policy", arn("ssm-contacts", "contact/on-call"), "Contact"),
        ("dynamodb-policy", arn("dynamodb", "table/orders"), "Table"),
        ("dynamodb-policy", arn("dynamodb", "table/orders/index/by-date"), "Table"),
        ("dynamodb-policy", arn("dynamodb", "table/orders/stream/2024-01-01T00:00:00.000"), "? not exported: arn:aws:dynamodb:eu-west-1:111122223333:table/orders/stream/2024-01-01T00:00:00.000"),
        ("dynamodb-policy", arn("dynamodb", "table/sessions"), "-"),
        ("kinesis-policy", arn("kinesis", "stream/clicks"), "Stream"),
        ("kinesis-policy", arn("kinesis", "stream/views"), "-"),
        ("file-system-policy", arn("elasticfilesystem", "file-system/fs-0a1b2c3d4e5f60718"), "FileSystem"),
        ("file-system-policy", arn("elasticfilesystem", "file-system/fs-0a1b2c3d4e5f60719"), "-"),
        ("file-systems", arn("elasticfilesystem", "access-point/fsap-1"), "? which file system the access point is of was not exported"),
        ("logs-policies", arn("logs", "log-group:/aws/route53/example.com:log-stream:a"), "Delivery Queries"),
        ("logs-destinations", arn("logs", "destination:central"), "Destination"),
        ("logs-destinations", arn("logs", "destination:private"), "-"),
        ("ses-identity-policies", arn("ses", "identity/example.com"), "Agency Partner"),
        ("ses-identity-policies", arn("ses", "identity/ops@example.com"), "-"),
        ("private-ca-policy", arn("acm-pca", "certificate-authority/0a1b2c3d-4444-4222-8333-444455556666"), "Authority SharedAuthority"),
        ("artifact-domain-policy", arn("codeartifact", "domain/packages"), "Packages"),
        ("artifact-domain-policy", arn("codeartifact", "repository/packages/npm"), "? not exported: arn:aws:codeartifact:eu-west-1:111122223333:repository/packages/npm"),
        ("glacier-vault-policy", arn("glacier", "vaults/archive"), "Archive"),
        ("sqs-queues", format!("arn:aws:sqs:eu-central-1:{A}:q"), "? the list `sqs-queues` of account 111122223333 in eu-central-1 is not known: the command failed: AccessDeniedException"),
        ("sqs-queues", format!("arn:aws:sqs:us-east-1:{A}:q"), "? the list `sqs-queues` of account 111122223333 in us-east-1 was not exported"),
        ("ecr-registry-policy", format!("arn:aws:ecr:eu-central-1:{A}:registry"), "-"),
        ("glue-policy", format!("arn:aws:glue:eu-central-1:{A}:database/d"), "-"),
        ("logs-policies", format!("arn:aws:logs:eu-central-1:{A}:log-group:g:*"), "? the command failed: AccessDeniedException"),
        ("", "arn:aws:sqs:eu-west-1:999900001111:q".to_owned(), "? nothing of the resources of account 999900001111 was exported"),
        ("", "arn:aws:s3:::somebody-elses/x".to_owned(), "? no export names the bucket: it is of another account, was deleted or made since, or buckets were not exported"),
    ];
    let mut wrong = Vec::new();
    for (row, arn, expected) in &expected {
        let found = sids(&grants, arn);
        if found != *expected {
            wrong.push(format!("{row} {arn}\n  found    {found}\n  expected {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_stands_beside_policies_arrives() {
    let grants = bundle();
    let resources = &grants.resources;
    let account = &grants.accounts[A].evidence;
    assert_eq!(account.canonical_user.as_deref(), Some("79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"));
    assert!(account.block_public_access.present().unwrap().ignore_public_acls);
    assert_eq!(resources.buckets.keys().collect::<Vec<_>>(), ["example-ledger", "example-scratch", "example-sealed"]);
    let [ledger, scratch, sealed] = ["example-ledger", "example-scratch", "example-sealed"].map(|b| &resources.buckets[b]);
    assert_eq!((ledger.account.as_str(), ledger.region.as_deref()), (A, Some("eu-west-1")));
    assert_eq!((scratch.region.as_deref(), sealed.region.as_deref()), (Some("us-east-1"), None));
    let acl = ledger.acl.present().unwrap();
    assert_eq!((acl.owner.as_ref(), acl.grants.len()), (account.canonical_user.as_ref(), 2));
    assert!(matches!(&acl.grants[0].grantee, AclGrantee::CanonicalUser(_)));
    assert_eq!(ledger.ownership, Known::Present(ObjectOwnership::BucketOwnerPreferred));
    assert_eq!((ledger.logs_to.present().map(String::as_str), &scratch.logs_to), (Some("example-scratch"), &Known::Absent));
    assert_eq!((&scratch.block_public_access, &scratch.ownership), (&Known::Absent, &Known::Absent));
    assert_eq!(scratch.acl.why(), Some("the command failed: AccessDenied"));
    assert!(sealed.ownership.is_unknown() && sealed.logs_to.is_unknown() && sealed.block_public_access.is_unknown());
    let point = &resources.access_points[&arn("s3", "accesspoint/ledger-readers")];
    assert_eq!((point.account.as_str(), point.vpc.as_deref(), point.buckets.as_slice()), (A, Some("vpc-0a1b2c3d4e5f60718"), &["example-ledger".to_owned()][..]));
    let everywhere = &resources.access_points[&format!("arn:aws:s3::{A}:accesspoint/mabc1defg2hij.mrap")];
    assert_eq!((everywhere.name.as_str(), everywhere.buckets.len(), everywhere.account.as_str()), ("everywhere", 2, A));

    let key = |n: u8| &resources.keys[&arn("kms", &format!("key/0a1b2c3d-{n}{n}{n}{n}-4222-8333-444455556666"))];
    assert_eq!((key(1).manager.present().map(String::as_str), key(1).state.as_deref()), (Some("CUSTOMER"), Some("Enabled")));
    assert_eq!(key(1).grants.present().unwrap()[0].encryption_context_subset, [("table".to_owned(), "ledger".to_owned())]);
    assert_eq!((key(2).manager.present().map(String::as_str), &key(2).grants), (Some("AWS"), &Known::Absent));
    assert!(key(3).manager.is_unknown() && key(3).grants.is_unknown());
    assert_eq!(resources.key_of(&arn("kms", "alias/ledger")), Some(key(1)));

    assert_eq!(resources.function_urls[&arn("lambda", "function:post-ledger")].present().unwrap().auth, "AWS_IAM");
    assert_eq!(resources.function_urls[&arn("lambda", "function:quiet")], Known::Absent);
    let [gateway, interface] = ["8", "9"].map(|n| &resources.vpc_endpoints[&format!("vpce-0a1b2c3d4e5f6071{n}")]);
    assert_eq!((gateway.kind, gateway.region.as_deref(), gateway.account.as_str()), (VpcEndpointType::Gateway, Some("eu-west-1"), A));
    assert!(gateway.policy.present().unwrap().document.is_ok());
    assert_eq!((interface.kind, &interface.policy), (VpcEndpointType::Interface, &Known::Absent));
    assert_eq!(resources.by_arn[&arn("vpc-lattice", "servicenetwork/sn-0a1b2c3d4e5f60718")].policy.present().unwrap()[0].name, "policy (inactive)");

    let authority = arn("acm-pca", "certificate-authority/0a1b2c3d-4444-4222-8333-444455556666");
    let share = resources.shares.values().next().unwrap();
    assert_eq!((share.name.as_str(), share.owner.as_str(), share.status.as_str(), share.allows_external), ("authority", A, "ACTIVE", Some(true)));
    assert_eq!(share.resources, std::slice::from_ref(&authority));
    assert_eq!(share.principals, [("444455556666".to_owned(), Some(true))].into());
    assert_eq!(resources.shared_policies_of(&authority).present().unwrap().len(), 1);
    assert_eq!(resources.shared_policies_of(&arn("sqs", "orders")), Known::Absent, "the list of what is shared does not name it");
}

#[test]
fn block_public_access_is_the_strictest_of_all_levels() {
    let grants = bundle();
    let of = |arn: &str| grants.block_public_access_of(arn);
    let account = BlockPublicAccess { block_public_acls: true, ignore_public_acls: true, ..BlockPublicAccess::default() };
    let bucket = BlockPublicAccess { block_public_policy: true, ..account };
    assert_eq!(of("arn:aws:s3:::example-ledger/a"), Known::Present(bucket));
    assert_eq!(of("arn:aws:s3:::example-scratch"), Known::Present(account));
    assert_eq!(of("arn:aws:s3:::example-sealed").why(), Some("the command failed: AccessDenied"));
    assert_eq!(of(&arn("s3", "accesspoint/ledger-readers/object/a")), Known::Present(BlockPublicAccess { restrict_public_buckets: true, ..bucket }));
    assert!(of(&arn("s3", "accesspoint/ledger-writers")).is_unknown());
    assert!(of("arn:aws:s3:::somebody-elses").is_unknown());
    // Everything is on at one level: the others do not matter.
    assert!(of(&format!("arn:aws:s3::{A}:accesspoint/mabc1defg2hij.mrap/object/a")).present().unwrap().restrict_public_buckets);
    let resources = &grants.resources;
    assert_eq!(resources.bucket_of("arn:aws:s3:::example-ledger/a").unwrap().name, "example-ledger");
    assert_eq!(resources.bucket_of(&arn("s3", "accesspoint/ledger-readers/object/a")).unwrap().name, "example-ledger");
    assert_eq!(resources.buckets_of(&format!("arn:aws:s3::{A}:accesspoint/mabc1defg2hij.mrap")).len(), 2);
}

#[test]
fn the_outcome_does_not_depend_on_where_the_bundle_stands() {
    let copy = tempfile::tempdir().unwrap();
    for entry in walkdir::WalkDir::new(folder()).into_iter().map(Result::unwrap).filter(|e| e.file_type().is_file()) {
        let to = copy.path().join("night/1").join(entry.path().strip_prefix(folder()).unwrap());
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(entry.path(), to).unwrap();
    }
    let (one, other) = (bundle(), load(&[copy.path().to_path_buf()]).unwrap());
    assert_eq!(one.resources, other.resources);
}
