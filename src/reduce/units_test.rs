//! Which documents are left alone because somebody who is not seen may need them.

use serde_json::{Value, json};

use super::units::units;
use crate::grants::builder::Builder;
use crate::grants::permission_set::{CustomerPolicy, SetBoundary};
use crate::grants::{Capture, Document, Grants, Known, PermissionSet, Source, gaad};
use crate::usage::{Outcome, SessionCallRow, Usage};

const SHARED: &str = "arn:aws:iam::111122223333:policy/team/shared";

/// One role and one user in a group, who hold a customer managed policy; what is told of the user is as given.
fn grants(user: Value) -> Grants {
    let document = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}]});
    let attached = json!([{"PolicyName": "shared", "PolicyArn": SHARED}]);
    let mut ann = json!({"UserName": "ann", "UserId": "AIDA1", "Arn": "arn:aws:iam::111122223333:user/ann", "GroupList": ["ops"], "AttachedManagedPolicies": []});
    for (key, value) in user.as_object().unwrap() {
        ann[key] = value.clone();
    }
    let value = json!({
        "UserDetailList": [ann],
        "GroupDetailList": [{"GroupName": "ops", "GroupId": "AGPA1", "Arn": "arn:aws:iam::111122223333:group/ops", "AttachedManagedPolicies": [],
                             "GroupPolicyList": [{"PolicyName": "queues", "PolicyDocument": document}]}],
        "RoleDetailList": [{"RoleName": "app", "RoleId": "AROA1", "Arn": "arn:aws:iam::111122223333:role/app", "AttachedManagedPolicies": attached, "RolePolicyList": []}],
        "Policies": [{"Arn": SHARED, "PolicyName": "shared", "DefaultVersionId": "v1", "PolicyVersionList": [{"VersionId": "v1", "IsDefaultVersion": true, "Document": document}]}],
    });
    let mut builder = Builder::default();
    let capture = Capture { at_ms: None, source: Source::Cli, file: "gaad.json".to_owned() };
    assert!(gaad::take(&Document::new(capture, None, value), &mut builder).is_some());
    builder.finish()
}

/// Policies that are reduced, and those that are left alone with the reason.
fn reduced(grants: &Grants, usage: &Usage) -> (Vec<String>, Vec<String>) {
    let (units, skipped) = units(grants, usage);
    (units.into_iter().map(|u| u.name.policy_name).collect(), skipped.into_iter().map(|s| format!("{}: {}", s.policy, s.reason)).collect())
}

#[test]
fn all_holders_must_be_known() {
    let usage = Usage::default();
    assert_eq!(reduced(&grants(json!({})), &usage), (vec!["queues".to_owned(), "shared".to_owned()], vec![]));
    // A user that cannot be read may hold anything.
    let (units, skipped) = reduced(&grants(json!({"UserId": 7})), &usage);
    assert!(units.is_empty(), "{units:?}");
    assert_eq!(skipped.len(), 2);
    assert!(skipped.iter().all(|s| s.contains("somebody else may hold it")), "{skipped:?}");
}

#[test]
fn what_bounds_others_is_left_alone() {
    let mut bounded = grants(json!({}));
    let boundary = Known::Present(SetBoundary::Customer(CustomerPolicy { path: "/team/".to_owned(), name: "shared".to_owned() }));
    bounded.permission_sets.insert("ps".to_owned(), PermissionSet { boundary, ..PermissionSet::default() });
    let (units, skipped) = reduced(&bounded, &Usage::default());
    assert_eq!(units, ["queues"]);
    assert!(skipped[0].contains("permissions boundary"), "{skipped:?}");

    let call = |arns: &str| SessionCallRow {
        account: "111122223333".into(),
        principal_key: "AROA2".into(),
        principal_arn: None,
        principal_type: None,
        federated_name: None,
        session_policy: None,
        session_policy_arns: Some(arns.into()),
        is_told: true,
        action: "sqs:SendMessage".into(),
        resource_arn: "*".into(),
        arn_provenance: "none".into(),
        region: None,
        context_class: "{}".into(),
        outcome: Outcome::Allowed,
        error_code: None,
        denied_effect: None,
        denied_policy_type: None,
        denied_policy_arn: None,
        calls: 1,
        first_seen_ms: 0,
        last_seen_ms: 0,
        samples: Vec::new(),
    };
    let session_calls = vec![call("not a list"), call(&json!([null, SHARED]).to_string())];
    let (units, skipped) = reduced(&grants(json!({})), &Usage { session_calls, ..Usage::default() });
    assert_eq!(units, ["queues"]);
    assert!(skipped[0].contains("session policy"), "{skipped:?}");
}
