//! Files without a place in a bundle, files that break off, files that contradict each other or their place.

use serde_json::{Value, json};

use crate::grants::{Grants, Known, load};

const QUEUE: &str = "arn:aws:sqs:eu-west-1:111122223333:q";
const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/k1";

fn policy(sid: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Sid": sid, "Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}]})
}

fn grants(files: &[(&str, Value)]) -> Grants {
    texts(&files.iter().map(|(name, value)| (*name, value.to_string())).collect::<Vec<_>>())
}

fn texts(files: &[(&str, String)]) -> Grants {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    load(&[folder.path().to_path_buf()]).unwrap()
}

fn wrapped(arn: &str, output: Value) -> Value {
    json!({"resourceArn": arn, "call": "x y", "at": "2025-01-01T00:00:00Z", "output": output})
}

#[test]
fn what_names_itself_is_recognised_anywhere() {
    let p = || policy("S").to_string();
    let files = [
        (json!({"Attributes": {"QueueArn": QUEUE, "Policy": p()}}), QUEUE),
        (json!({"Attributes": {"TopicArn": "arn:aws:sns:eu-west-1:111122223333:t", "Policy": p()}}), "arn:aws:sns:eu-west-1:111122223333:t"),
        (json!({"DomainStatus": {"ARN": "arn:aws:es:eu-west-1:111122223333:domain/d", "AccessPolicies": p()}}), "arn:aws:es:eu-west-1:111122223333:domain/d"),
        (json!({"DomainStatusList": [{"ARN": "arn:aws:es:eu-west-1:111122223333:domain/d", "AccessPolicies": p()}]}), "arn:aws:es:eu-west-1:111122223333:domain/d"),
        (json!({"EventBuses": [{"Arn": "arn:aws:events:eu-west-1:111122223333:event-bus/b", "Policy": p()}]}), "arn:aws:events:eu-west-1:111122223333:event-bus/b"),
        (json!({"Name": "b", "Arn": "arn:aws:events:eu-west-1:111122223333:event-bus/b", "Policy": p()}), "arn:aws:events:eu-west-1:111122223333:event-bus/b"),
        (json!({"ARN": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:s-AbCdEf", "Name": "s", "ResourcePolicy": p()}), "arn:aws:secretsmanager:eu-west-1:111122223333:secret:s-AbCdEf"),
        (json!({"BackupVaultName": "v", "BackupVaultArn": "arn:aws:backup:eu-west-1:111122223333:backup-vault:v", "Policy": p()}), "arn:aws:backup:eu-west-1:111122223333:backup-vault:v"),
        (json!({"policy": {"resourceArn": "arn:aws:codeartifact:eu-west-1:111122223333:domain/d", "document": p()}}), "arn:aws:codeartifact:eu-west-1:111122223333:domain/d"),
        (json!({"ResourceArn": "arn:aws:osis:eu-west-1:111122223333:pipeline/p", "Policy": p()}), "arn:aws:osis:eu-west-1:111122223333:pipeline/p"),
        (wrapped("arn:aws:s3:::b", json!({"Policy": p()})), "arn:aws:s3:::b/key"),
        (wrapped("arn:aws:kafka:eu-west-1:111122223333:cluster/c/u", json!({"CurrentVersion": "1", "Policy": p()})), "arn:aws:kafka:eu-west-1:111122223333:cluster/c/u"),
        (wrapped("arn:aws:dsql:eu-west-1:111122223333:cluster/c", json!({"policy": policy("S"), "policyVersion": "1"})), "arn:aws:dsql:eu-west-1:111122223333:cluster/c"),
        (wrapped("arn:aws:logs:eu-west-1:111122223333:log-group:*", json!({"resourcePolicies": [{"policyName": "n", "policyDocument": p()}]})), "arn:aws:logs:eu-west-1:111122223333:log-group:g:*"),
        (wrapped("arn:aws:ses:eu-west-1:111122223333:identity/i", json!({"Policies": {"n": p()}})), "arn:aws:ses:eu-west-1:111122223333:identity/i"),
    ];
    for (value, arn) in files {
        let grants = grants(&[("some/file.json", value.clone())]);
        let found = grants.resources.policy_of(arn);
        assert_eq!(found.present().map(|list| list[0].document.as_ref().unwrap().statements[0].sid.as_deref()), Some(Some("S")), "{value}: {found:?}");
        assert!(grants.ignored.is_empty() && grants.problems.is_empty(), "{value}: {:?}", grants.problems);
    }
    let grants = grants(&[("111122223333/b.json", json!({"Buckets": [{"Name": "b"}], "Owner": {"ID": "c0ffee"}})), ("e.json", json!({"VpcEndpoints": [{"VpcEndpointId": "vpce-1", "ServiceName": "com.amazonaws.eu-west-1.s3", "OwnerId": "111122223333", "PolicyDocument": p()}]}))]);
    assert_eq!(grants.accounts["111122223333"].evidence.canonical_user.as_deref(), Some("c0ffee"));
    assert_eq!(grants.resources.buckets["b"].account, "111122223333");
    assert_eq!(grants.resources.vpc_endpoints["vpce-1"].region.as_deref(), Some("eu-west-1"));
}

#[test]
fn what_names_nothing_is_not_recognised() {
    for value in [
        json!({"Policy": policy("S").to_string()}),
        json!({"policyText": policy("S").to_string(), "registryId": "111122223333"}),
        json!({"Attributes": {"Policy": policy("S").to_string()}}),
        json!({"Grants": []}),
        wrapped("arn:aws:iam::111122223333:role/r", json!({"RoleName": "r", "PolicyName": "p", "PolicyDocument": policy("S")})),
        wrapped("a name", json!({"Policy": policy("S").to_string()})),
        json!({"ARN": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:s-AbCdEf", "Name": "s", "RotationEnabled": false}),
    ] {
        let grants = grants(&[("policy.json", value.clone())]);
        assert!(grants.resources.by_arn.is_empty(), "{value}");
        assert_eq!(grants.ignored.len(), 1, "{value}");
    }
}

#[test]
fn a_document_that_aws_would_refuse_stays_and_is_named() {
    let place = "accounts/111122223333/eu-west-1/sqs/attributes/q.json";
    let grants = grants(&[(place, json!({"Attributes": {"QueueArn": QUEUE, "Policy": "{\"Statement\":[{\"Effect\":\"Perhaps\"}]}"}}))]);
    assert!(grants.resources.policy_of(QUEUE).present().unwrap()[0].document.is_err());
    let problem = &grants.problems[0];
    assert_eq!((problem.file.as_str(), problem.pointer.as_str()), (place, QUEUE));
    assert_eq!(problem.reason, "policy `policy`: policy field `/Statement/0/Effect`: neither Allow nor Deny");
}

#[test]
fn what_breaks_off_is_unknown_until_its_last_page() {
    let grant = |id: &str| json!({"KeyId": KEY, "GrantId": id, "GranteePrincipal": id, "Operations": ["Decrypt"]});
    let page = |id: &str, more: bool| wrapped(KEY, json!({"Grants": [grant(id)], "Truncated": more})).to_string();
    let place = "accounts/111122223333/eu-west-1/kms/grants/k1.json";
    let first = texts(&[(place, page("a", true))]);
    assert_eq!(first.resources.keys[KEY].grants, Known::Unknown("the export breaks off".to_owned()));
    assert_eq!((first.problems.len(), first.problems[0].pointer.as_str()), (1, KEY));
    let whole = texts(&[(place, page("a", true) + "\n" + &page("b", false))]);
    assert_eq!(whole.resources.keys[KEY].grants.present().unwrap().len(), 2);
    assert!(whole.problems.is_empty(), "{:?}", whole.problems);

    let list = "accounts/111122223333/eu-west-1/sqs/queues.json";
    let url = "https://sqs.eu-west-1.amazonaws.com/111122223333/q";
    let broken = grants(&[(list, json!({"QueueUrls": [url], "NextToken": "x"}))]);
    assert_eq!(broken.resources.policy_of(QUEUE).why(), Some("not exported"));
    let other = broken.resources.policy_of("arn:aws:sqs:eu-west-1:111122223333:other");
    assert_eq!(other.why(), Some("the list `sqs-queues` of account 111122223333 in eu-west-1 is not known: the export breaks off"));
    assert_eq!(broken.problems.len(), 1);
    let policies = "accounts/111122223333/eu-west-1/logs/resource-policies.json";
    let broken = grants(&[(policies, json!({"resourcePolicies": [{"policyName": "n", "policyDocument": policy("S").to_string()}], "nextToken": "x"}))]);
    assert!(broken.resources.policy_of("arn:aws:logs:eu-west-1:111122223333:log-group:g").is_unknown());
}

#[test]
fn an_arn_of_elsewhere_is_named_and_counts_under_itself() {
    let other = "arn:aws:sqs:eu-west-1:444455556666:q";
    let place = "accounts/111122223333/eu-west-1/sqs/attributes/q.json";
    let grants = grants(&[
        (place, json!({"Attributes": {"QueueArn": other, "Policy": policy("S").to_string()}})),
        ("accounts/111122223333/eu-west-1/sns/attributes/a.json", json!({"Attributes": {"TopicArn": "arn:aws:sns:eu-west-1:111122223333:a"}})),
        ("accounts/111122223333/eu-west-1/sns/attributes/b.json", json!({"Attributes": {"TopicArn": "arn:aws:sns:eu-west-1:111122223333:b"}})),
        ("accounts/111122223333/cn-north-1/sns/attributes/t.json", json!({"Attributes": {"TopicArn": "arn:aws-cn:sns:cn-north-1:111122223333:t"}})),
        ("accounts/111122223333/cn-north-1/sns/attributes/u.json", json!({"Attributes": {"TopicArn": "arn:aws:sns:cn-north-1:111122223333:u"}})),
    ]);
    assert_eq!(grants.resources.by_arn[other].account, "444455556666");
    assert!(grants.resources.policy_of(other).present().is_some());
    let reasons: Vec<&str> = grants.problems.iter().map(|p| p.reason.as_str()).collect();
    assert_eq!(
        reasons,
        [
            "partition aws-cn, where the other data of account 111122223333 are of aws",
            "region cn-north-1 is not in partition aws",
            "of account 444455556666, in the export of account 111122223333",
        ]
    );
}

#[test]
fn a_bucket_is_in_the_partition_of_its_account() {
    let grants = grants(&[
        ("accounts/111122223333/global/buckets.json", json!({"Buckets": [{"Name": "b"}], "Owner": {"ID": "c0ffee"}})),
        ("accounts/111122223333/s3/b/policy.json", json!({"Policy": policy("S").to_string()})),
        ("accounts/111122223333/cn-north-1/sns/topics.json", json!({"Topics": [{"TopicArn": "arn:aws-cn:sns:cn-north-1:111122223333:t"}]})),
    ]);
    assert!(grants.resources.policy_of("arn:aws-cn:s3:::b/k").present().is_some());
    assert!(grants.resources.policy_of("arn:aws:s3:::b/k").is_unknown());
    assert!(grants.problems.is_empty(), "{:?}", grants.problems);
}

#[test]
fn the_newest_capture_counts_and_a_stale_failure_does_not() {
    let place = "accounts/111122223333/s3/b/policy.json";
    let line = json!({"file": place, "code": "NoSuchBucketPolicy", "at": "2025-02-01T00:00:00Z"});
    let manifest = |at: &str| json!({"bundleVersion": 1, "createdAt": at});
    let asked_again = grants(&[("manifest.json", manifest("2025-01-01T00:00:00Z")), (place, json!({"Policy": policy("S").to_string()})), ("errors.jsonl", line.clone())]);
    assert!(asked_again.resources.policy_of("arn:aws:s3:::b").present().is_some());
    assert!(asked_again.conflicts.is_empty());

    let newer = format!("new/{place}");
    let nights = grants(&[
        ("new/manifest.json", manifest("2025-03-01T00:00:00Z")),
        (&newer, json!({"Policy": policy("New").to_string()})),
        ("old/manifest.json", manifest("2025-01-01T00:00:00Z")),
        ("old/errors.jsonl", line),
    ]);
    let sid = nights.resources.policy_of("arn:aws:s3:::b").present().unwrap()[0].document.as_ref().unwrap().statements[0].sid.clone();
    assert_eq!(sid.as_deref(), Some("New"));
    assert_eq!((nights.conflicts.len(), nights.conflicts[0].what.as_str()), (1, "arn:aws:s3:::b: policy"));
}

#[test]
fn hostile_content_is_a_problem_at_most() {
    let places = ["s3/b/acl.json", "s3/b/bpa.json", "s3/b/ownership.json", "global/mrap.json", "eu-west-1/kms/keys.json", "eu-west-1/kms/grants/k.json", "eu-west-1/ram/shares.json", "eu-west-1/ec2/vpc-endpoints.json"];
    for place in places {
        for value in [
            json!({"Grants": [{}], "PublicAccessBlockConfiguration": {"BlockPublicAcls": "yes"}, "OwnershipControls": {"Rules": [{"ObjectOwnership": "Mine"}]}}),
            json!({"Keys": [{}, 3, null], "AccessPoints": [{}], "resourceShares": [[]], "VpcEndpoints": [{"VpcEndpointId": ""}]}),
            json!({"Grants": 3, "Keys": {}, "AccessPoints": "x", "resourceShares": null, "VpcEndpoints": 1}),
        ] {
            let path = format!("accounts/111122223333/{place}");
            let grants = grants(&[(&path, value.clone())]);
            assert!(!grants.problems.is_empty(), "{place} {value}");
            assert!(grants.resources.buckets.values().all(|b| b.acl.is_unknown() && b.block_public_access.is_unknown() && b.ownership.is_unknown()));
        }
    }
}
