//! The rules that are easily got wrong, fixed by example.

use serde_json::{Value, json};

use super::evaluate;
use crate::evaluate::context::Context;
use crate::evaluate::decision::{Decision, Evaluation, PolicyType};
use crate::evaluate::policies::{Level, NamedPolicy, Policies};
use crate::policy::beside::KmsGrant;
use crate::evaluate::request::{PrincipalType, Request, RequestPrincipal};
use crate::policy::{PolicyDocument, parse_document};

const A: &str = "111122223333";
const B: &str = "444455556666";
const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/k";

fn document(statements: Value) -> PolicyDocument {
    parse_document(&json!({"Version": "2012-10-17", "Statement": statements})).unwrap()
}

fn named(document: &PolicyDocument) -> NamedPolicy<'_> {
    NamedPolicy { name: "p", document }
}

fn user() -> RequestPrincipal {
    let arn = Some(format!("arn:aws:iam::{A}:user/team/ann"));
    RequestPrincipal { arn, ..RequestPrincipal::of_kind(PrincipalType::IAMUser) }
}

fn session(name: Option<&str>) -> RequestPrincipal {
    RequestPrincipal {
        arn: name.map(|name| format!("arn:aws:sts::{A}:assumed-role/r/{name}")),
        role_arn: Some(format!("arn:aws:iam::{A}:role/path/r")),
        ..RequestPrincipal::of_kind(PrincipalType::AssumedRole)
    }
}

fn context(pairs: &[(&str, &[&str])]) -> Context {
    let mut context = Context::new(true);
    for (key, values) in pairs {
        context.set(key, values.iter().map(|v| (*v).to_owned()).collect());
    }
    context
}

fn ask(who: &RequestPrincipal, action: &str, resource: &str, context: &Context, policies: &Policies<'_>) -> Evaluation {
    let resource_is_pattern = false;
    evaluate(&Request { principal: who, action, resource, resource_is_pattern, resource_account: None, context }, policies)
}

/// The decision on `s3:GetObject` under one identity statement with this condition.
fn with_condition(condition: Value, context: &Context) -> Evaluation {
    let doc = document(json!({"Sid": "S", "Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": condition}));
    let policies = Policies { identity: Some(vec![named(&doc)]), ..Policies::default() };
    ask(&user(), "s3:GetObject", "arn:aws:s3:::b/k", context, &policies)
}

fn holds(condition: Value, context: &Context) -> bool {
    with_condition(condition, context).decision == Decision::Allowed
}

/// The decision under one identity statement on this resource, and the resource asked for.
fn on_resource(statement: Value, resource: &str) -> Decision {
    let doc = document(statement);
    let policies = Policies { identity: Some(vec![named(&doc)]), ..Policies::default() };
    ask(&user(), "s3:GetObject", resource, &Context::new(true), &policies).decision
}

#[test]
fn several_values_need_a_set_operator() {
    let two = context(&[("aws:TagKeys", &["a", "b"])]);
    for operator in ["StringEquals", "StringNotEquals", "StringEqualsIfExists", "StringNotEqualsIfExists"] {
        assert!(!holds(json!({operator: {"aws:TagKeys": ["a", "b", "c"]}}), &two), "{operator}");
    }
    assert!(holds(json!({"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}), &two));
    assert!(!holds(json!({"ForAllValues:StringNotEquals": {"aws:TagKeys": ["b"]}}), &two));
    assert!(holds(json!({"ForAnyValue:StringNotEquals": {"aws:TagKeys": ["b"]}}), &two));
    let none = context(&[]);
    assert!(!holds(json!({"ForAnyValue:StringEqualsIfExists": {"aws:TagKeys": ["a"]}}), &none));
    assert!(holds(json!({"ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}}), &none));
}

#[test]
fn variables_without_value_match_nothing() {
    let here = context(&[("s3:prefix", &["x"]), ("aws:many", &["x", "y"])]);
    assert!(holds(json!({"StringNotEquals": {"s3:prefix": "${aws:nothing}"}}), &here));
    assert!(!holds(json!({"StringEquals": {"s3:prefix": "${aws:nothing}"}}), &here));
    assert!(holds(json!({"StringEquals": {"s3:prefix": "${aws:nothing, 'x'}"}}), &here));
    assert!(!holds(json!({"StringEquals": {"s3:prefix": "${aws:many, 'x'}"}}), &here));
    let not_resource = json!({"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::b/${aws:nothing}*"});
    assert_eq!(on_resource(not_resource, "arn:aws:s3:::b/k"), Decision::Allowed);
}

#[test]
fn what_a_variable_stands_for_is_text() {
    let star = context(&[("s3:prefix", &["abc"]), ("aws:x", &["a*"])]);
    assert!(!holds(json!({"StringLike": {"s3:prefix": "${aws:x}"}}), &star));
    assert!(!holds(json!({"StringLike": {"s3:prefix": "a${*}"}}), &star));
    assert!(holds(json!({"StringLike": {"s3:prefix": "a*"}}), &star));
    let home = json!({"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::b/${aws:username}/*"});
    assert_eq!(on_resource(home.clone(), "arn:aws:s3:::b/ann/x"), Decision::Allowed);
    assert_eq!(on_resource(home, "arn:aws:s3:::b/bob/x"), Decision::ImplicitDeny);
}

#[test]
fn operators_read_their_values() {
    let here = context(&[
        ("aws:SourceIp", &["203.0.113.7"]), ("k:n", &["10.0"]), ("k:d", &["2026-01-01T01:00:00+01:00"]),
        ("aws:SourceArn", &["arn:aws:sns:eu-west-1:111122223333:t"]),
    ]);
    assert!(holds(json!({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}), &here));
    assert!(!holds(json!({"IpAddress": {"aws:SourceIp": "203.0.113.8"}}), &here));
    assert!(holds(json!({"NotIpAddress": {"aws:SourceIp": "::/0"}}), &here));
    assert!(holds(json!({"NumericEquals": {"k:n": "1e1"}, "NumericLessThan": {"k:n": "10.01"}}), &here));
    assert!(holds(json!({"NumericNotEquals": {"k:n": "ten"}}), &here));
    assert!(holds(json!({"DateEquals": {"k:d": "1767225600"}, "DateLessThan": {"k:d": "2026-01-01T00:00:00.5Z"}}), &here));
    assert!(!holds(json!({"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:t"}}), &here));
    assert!(holds(json!({"ArnEquals": {"aws:SourceArn": "arn:*:sns:*:*:t"}}), &here));
}

#[test]
fn unknown_keys_are_named() {
    let mut partial = Context::new(false);
    partial.set("s3:prefix", vec!["x".to_owned()]);
    let answer = with_condition(json!({"StringEquals": {"s3:prefix": "${aws:PrincipalTag/Team}"}}), &partial);
    assert_eq!(answer.decision, Decision::Unknown);
    assert_eq!(answer.missing_context.into_iter().collect::<Vec<_>>(), ["aws:PrincipalTag/Team"]);
    let answer = with_condition(json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}}), &partial);
    assert_eq!(answer.missing_context.into_iter().collect::<Vec<_>>(), ["aws:MultiFactorAuthPresent"]);
}

/// The decision on a queue whose policy is this statement, without and with a boundary that allows nothing.
fn queue(who: &RequestPrincipal, statement: Value) -> [Decision; 2] {
    let doc = document(statement);
    let policies = Policies { resource: Some(vec![named(&doc)]), ..Policies::default() };
    let bounded = Policies { boundary: Some(Vec::new()), ..policies.clone() };
    let queue = format!("arn:aws:sqs:eu-west-1:{A}:q");
    [policies, bounded].map(|p| ask(who, "sqs:SendMessage", &queue, &Context::new(true), &p).decision)
}

#[test]
fn direct_grants_are_not_bounded_and_role_grants_are() {
    let grant = |principal: &str| json!({"Effect": "Allow", "Action": "sqs:*", "Principal": {"AWS": principal}});
    let role = format!("arn:aws:iam::{A}:role/path/r");
    let own = format!("arn:aws:sts::{A}:assumed-role/r/s");
    assert_eq!(queue(&session(Some("s")), grant(&role)), [Decision::Allowed, Decision::ImplicitDeny]);
    assert_eq!(queue(&session(Some("s")), grant(&own)), [Decision::Allowed, Decision::Allowed]);
    assert_eq!(queue(&session(Some("s")), grant("*")), [Decision::Allowed, Decision::Allowed]);
    assert_eq!(queue(&session(Some("s")), grant(A)), [Decision::ImplicitDeny, Decision::ImplicitDeny]);
    assert_eq!(queue(&session(None), grant(&own)), [Decision::Unknown, Decision::Unknown]);
}

#[test]
fn not_principal() {
    let deny = |list: &[String]| {
        json!([{"Effect": "Allow", "Action": "*", "Principal": "*"},
               {"Effect": "Deny", "Action": "*", "NotPrincipal": {"AWS": list}}])
    };
    let role = format!("arn:aws:iam::{A}:role/path/r");
    let own = format!("arn:aws:sts::{A}:assumed-role/r/s");
    let who = session(Some("s"));
    assert_eq!(queue(&who, deny(&[own.clone(), role.clone(), A.to_owned()])), [Decision::Allowed, Decision::ExplicitDeny]);
    assert_eq!(queue(&who, deny(&[own, role])), [Decision::Unknown, Decision::ExplicitDeny]);
    assert_eq!(queue(&who, deny(&[B.to_owned()])), [Decision::ExplicitDeny, Decision::ExplicitDeny]);
    assert_eq!(queue(&who, deny(&["*".to_owned()])), [Decision::Allowed, Decision::Allowed]);
}

#[test]
fn federated_users_need_session_policies() {
    let all = document(json!({"Effect": "Allow", "Action": "*", "Resource": "*"}));
    let who = RequestPrincipal {
        arn: Some(format!("arn:aws:sts::{A}:federated-user/f")),
        role_arn: Some(format!("arn:aws:iam::{A}:user/team/ann")),
        ..RequestPrincipal::of_kind(PrincipalType::FederatedUser)
    };
    let none = Policies { identity: Some(vec![named(&all)]), ..Policies::default() };
    let some = Policies { session: Some(vec![named(&all)]), ..none.clone() };
    let context = Context::new(true);
    let answer = ask(&who, "s3:GetObject", "arn:aws:s3:::b/k", &context, &none);
    assert_eq!((answer.decision, answer.missing_policy_type), (Decision::ImplicitDeny, Some(PolicyType::Session)));
    assert_eq!(ask(&who, "s3:GetObject", "arn:aws:s3:::b/k", &context, &some).decision, Decision::Allowed);
    assert_eq!(ask(&who, "iam:ListUsers", "*", &context, &some).decision, Decision::ImplicitDeny);
    assert_eq!(ask(&who, "sts:GetCallerIdentity", "*", &context, &none).decision, Decision::Allowed);
}

#[test]
fn a_key_policy_must_let_the_account_in() {
    let all = document(json!({"Effect": "Allow", "Action": "kms:*", "Resource": "*"}));
    let account = document(json!({"Effect": "Allow", "Action": "kms:*", "Principal": {"AWS": A}, "Resource": "*"}));
    let context = Context::new(true);
    let absent = Policies { identity: Some(vec![named(&all)]), ..Policies::default() };
    let empty = Policies { resource: Some(Vec::new()), ..absent.clone() };
    let named_there = Policies { resource: Some(vec![named(&account)]), ..absent.clone() };
    let not_known = Policies { unknown: vec![PolicyType::Resource], ..absent.clone() };
    let decide = |policies: &Policies<'_>| ask(&user(), "kms:Decrypt", KEY, &context, policies).decision;
    assert_eq!(decide(&absent), Decision::Allowed);
    assert_eq!(decide(&empty), Decision::ImplicitDeny);
    assert_eq!(decide(&named_there), Decision::Allowed);
    assert_eq!(decide(&not_known), Decision::Unknown);
}

#[test]
fn a_kms_grant_holds_to_its_encryption_context() {
    let grant = KmsGrant {
        grantee: format!("arn:aws:iam::{A}:user/team/ann"),
        operations: vec!["Decrypt".to_owned(), "DescribeKey".to_owned()],
        encryption_context_equals: Some(vec![("Tenant".to_owned(), "t".to_owned())]),
        ..KmsGrant::default()
    };
    let mut policies = Policies { resource: Some(Vec::new()), ..Policies::default() };
    policies.settings.kms_grants.push(grant);
    let decide = |action: &str, pairs| ask(&user(), action, KEY, &context(pairs), &policies).decision;
    assert_eq!(decide("kms:Decrypt", &[("kms:EncryptionContext:Tenant", &["t"])]), Decision::Allowed);
    assert_eq!(decide("kms:Decrypt", &[]), Decision::ImplicitDeny);
    let more: &[(&str, &[&str])] = &[("kms:EncryptionContext:Tenant", &["t"]), ("kms:EncryptionContext:More", &["x"])];
    assert_eq!(decide("kms:Decrypt", more), Decision::ImplicitDeny);
    assert_eq!(decide("kms:DescribeKey", &[]), Decision::Allowed);
}

#[test]
fn organisations_bound_members_and_covered_services_only() {
    let all = document(json!({"Effect": "Allow", "Action": "*", "Resource": "*"}));
    let closed = vec![Level { name: "root", policies: Vec::new() }];
    let context = Context::new(true);
    let granted = Policies { identity: Some(vec![named(&all)]), ..Policies::default() };
    let mut scp = Policies { scp: Some(closed.clone()), ..granted.clone() };
    let rcp = Policies { rcp: Some(closed), ..granted };
    let queue = format!("arn:aws:sqs:eu-west-1:{A}:q");
    let stream = format!("arn:aws:kinesis:eu-west-1:{A}:stream/s");
    let missing = |action, resource, policies: &Policies<'_>| {
        ask(&user(), action, resource, &context, policies).missing_policy_type
    };
    assert_eq!(missing("sqs:SendMessage", &queue, &scp), Some(PolicyType::ServiceControl));
    assert_eq!(missing("sqs:SendMessage", &queue, &rcp), Some(PolicyType::ResourceControl));
    assert_eq!(missing("kinesis:PutRecord", &stream, &rcp), None);
    assert_eq!(missing("kms:RetireGrant", KEY, &rcp), None);
    scp.settings.management_account = Some(A.to_owned());
    assert_eq!(missing("sqs:SendMessage", &queue, &scp), None);
}

#[test]
fn block_public_access_shuts_strangers_out() {
    let open = document(json!({"Effect": "Allow", "Action": "s3:*", "Principal": "*", "Resource": "*"}));
    let mut policies = Policies { resource: Some(vec![named(&open)]), ..Policies::default() };
    let stranger = RequestPrincipal::of_kind(PrincipalType::Anonymous);
    let context = Context::new(true);
    let decide = |policies: &Policies<'_>| ask(&stranger, "s3:GetObject", "arn:aws:s3:::b/k", &context, policies).decision;
    assert_eq!(decide(&policies), Decision::Allowed);
    policies.settings.block_public_access.restrict_public_buckets = true;
    assert_eq!(decide(&policies), Decision::ExplicitDeny);
}

#[test]
fn patterns_that_meet_are_unknown() {
    let decide = |resource: &str, asked: &str, context: &Context| {
        let doc = document(json!({"Effect": "Allow", "Action": "*", "Resource": resource}));
        let policies = Policies { identity: Some(vec![named(&doc)]), ..Policies::default() };
        let who = user();
        let request = Request {
            principal: &who,
            action: "s3:GetObject",
            resource: asked,
            resource_is_pattern: true,
            resource_account: None,
            context,
        };
        evaluate(&request, &policies).decision
    };
    let here = context(&[("aws:x", &["a*"])]);
    assert_eq!(decide("arn:aws:s3:::b/*", "arn:aws:s3:::b/k/*", &here), Decision::Allowed);
    assert_eq!(decide("arn:aws:s3", "arn:aws:s3:::b/k/*", &here), Decision::Allowed);
    assert_eq!(decide("arn:aws:s3:::b/k/x", "arn:aws:s3:::b/k/*", &here), Decision::Unknown);
    assert_eq!(decide("arn:aws:s3:::c/*", "arn:aws:s3:::b/k/*", &here), Decision::ImplicitDeny);
    assert_eq!(decide("arn:aws:s3:::b/${aws:x}", "arn:aws:s3:::b/ab*", &here), Decision::Unknown);
    assert_eq!(decide("arn:aws:s3:::b/${aws:none}*", "arn:aws:s3:::b/*", &here), Decision::ImplicitDeny);
    assert_eq!(decide("arn:aws:s3:::b/${aws:y}", "arn:aws:s3:::b/*", &Context::new(false)), Decision::Unknown);
}
