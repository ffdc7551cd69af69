//! What one principal reaches: each way with and without what it needs, Deny statements, conditions, bounds, resources; and
//! random policies against the engine and against smaller ones.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{DocumentSets, Grade, Holder, Measured, Reachable, local, measure, regions};
use crate::evaluate::{
    Compiler, Context, Decision, Level, NamedPolicy, Policies, PreparedRequest, PrincipalType, Request, RequestPrincipal, decide,
};
use crate::policy::{PolicyDocument, parse_document};
use crate::reference::Reference;

const ROLE: &str = "arn:aws:iam::111122223333:role/app";

fn reference() -> &'static Reference {
    Reference::bundled().unwrap()
}

fn document(statements: &Value) -> PolicyDocument {
    parse_document(&json!({"Version": "2012-10-17", "Statement": statements})).unwrap()
}

fn who() -> RequestPrincipal {
    RequestPrincipal { role_arn: Some(ROLE.to_owned()), ..RequestPrincipal::of_kind(PrincipalType::AssumedRole) }
}

fn measured(identity: &[PolicyDocument], boundary: Option<&PolicyDocument>, scp: Option<&PolicyDocument>) -> Measured {
    let named = |document| NamedPolicy { name: "p", document };
    let policies = Policies {
        identity: Some(identity.iter().map(named).collect()),
        boundary: boundary.map(|d| vec![named(d)]),
        scp: scp.map(|d| vec![Level { name: "r-1", policies: vec![named(d)] }]),
        ..Policies::default()
    };
    let compiled = Compiler::default().policies(&policies);
    let sets = DocumentSets::new(reference());
    let documents: Vec<&PolicyDocument> = identity.iter().collect();
    let bounds: Vec<_> = boundary.into_iter().chain(scp).map(|d| sets.together([d])).collect();
    let reachable = Reachable::of(&sets.together(documents.iter().copied()), &bounds);
    let regions = regions(identity.iter().chain(boundary).chain(scp));
    measure(Holder { who: &who(), policies: &compiled, documents: &documents, reachable: &reachable, regions: &regions, shared: None }, reference())
}

/// The ways that some statements open, with their grades.
fn ways(statements: &Value) -> Vec<(String, Grade)> {
    named(&measured(&[document(statements)], None, None))
}

fn named(measured: &Measured) -> Vec<(String, Grade)> {
    let id = |at: usize| reference().dangers().escalations[at].id.clone();
    measured.ways.iter().map(|w| (id(w.way), w.grade)).collect()
}

fn one(statements: &Value) -> (Grade, Vec<String>) {
    let measured = measured(&[document(statements)], None, None);
    match measured.ways.as_slice() {
        [] => (Grade::Closed, Vec::new()),
        [way] => (way.grade, way.on.iter().cloned().collect()),
        more => panic!("{more:?}"),
    }
}

#[test]
fn every_way_needs_all_of_its_actions_and_is_open_with_them() {
    for way in &reference().dangers().escalations {
        for (pick, _) in way.needs.iter().map(Vec::len).max().map(|n| 0..n).unwrap().enumerate() {
            let names: Vec<&str> = way.needs.iter().map(|list| reference().name(*list.get(pick).unwrap_or(&list[0]))).collect();
            let all = ways(&json!([{"Effect": "Allow", "Action": names, "Resource": "*"}]));
            assert!(all.contains(&(way.id.clone(), Grade::Open)), "{}: {names:?} gives {all:?}", way.id);
            for missing in 0..names.len() {
                let fewer: Vec<&&str> = names.iter().enumerate().filter(|(n, _)| *n != missing).map(|(_, name)| name).collect();
                if !fewer.is_empty() {
                    let some = ways(&json!([{"Effect": "Allow", "Action": fewer, "Resource": "*"}]));
                    assert!(some.iter().all(|(id, _)| *id != way.id), "{} without {}: {some:?}", way.id, names[missing]);
                }
            }
            let denied = ways(&json!([{"Effect": "Allow", "Action": "*", "Resource": "*"}, {"Effect": "Deny", "Action": names, "Resource": "*"}]));
            assert!(denied.iter().all(|(id, _)| *id != way.id), "{} is denied", way.id);
        }
    }
    let everything = ways(&json!([{"Effect": "Allow", "Action": "*", "Resource": "*"}]));
    assert_eq!(everything.len(), reference().dangers().escalations.len());
}

#[test]
fn resources_deny_statements_and_conditions_grade_a_way() {
    let put = |resource: Value, condition: Option<Value>, deny: Option<Value>| {
        let mut statements = vec![json!({"Effect": "Allow", "Action": "iam:PutRolePolicy", "Resource": resource})];
        if let Some(condition) = condition {
            statements[0]["Condition"] = condition;
        }
        statements.extend(deny);
        one(&json!(statements))
    };
    let deny = |resource: &str| Some(json!({"Effect": "Deny", "Action": "iam:*", "Resource": resource}));
    let mfa = || Some(json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}}));
    let only = |pattern: &str| vec![pattern.to_owned()];
    let all = "arn:aws:iam::111122223333:role/*";
    let cases = [
        (put(json!("*"), None, None), Grade::Open, only("*")),
        (put(json!(all), None, None), Grade::Open, only("*")),
        (put(json!("arn:aws:iam::*:role/*"), None, None), Grade::Open, only("*")),
        (put(json!("arn:aws:iam::111122223333:role/app-*"), None, None), Grade::Limited, only("arn:aws:iam::111122223333:role/app-*")),
        (put(json!(ROLE), None, None), Grade::Limited, only(ROLE)),
        (put(json!(["arn:aws:s3:::data/*", ROLE]), None, None), Grade::Limited, only(ROLE)),
        (put(json!("arn:aws:s3:::data/*"), None, None), Grade::Closed, vec![]),
        (put(json!("*"), mfa(), None), Grade::Conditional, only("*")),
        (put(json!("*"), Some(json!({"StringEquals": {"aws:PrincipalArn": ROLE}})), None), Grade::Open, only("*")),
        (put(json!("*"), Some(json!({"StringEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/other"}})), None), Grade::Closed, vec![]),
        (put(json!("*"), None, deny("*")), Grade::Closed, vec![]),
        (put(json!("*"), None, deny("arn:aws:iam::111122223333:role/*")), Grade::Closed, vec![]),
        (put(json!("*"), None, deny("arn:aws:iam::111122223333:role/admin")), Grade::Limited, only("*")),
        (put(json!(ROLE), None, deny("arn:aws:iam::111122223333:role/a*")), Grade::Closed, vec![]),
        (put(json!(ROLE), None, deny("arn:aws:iam::111122223333:role/admin")), Grade::Limited, only(ROLE)),
    ];
    for (at, (found, grade, on)) in cases.into_iter().enumerate() {
        // What is open has no limits to name.
        let on = if grade == Grade::Open { only("*") } else { on };
        assert_eq!(found, (grade, on), "case {at}");
    }
    let deny_if = json!({"Effect": "Deny", "Action": "iam:*", "Resource": "*", "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}});
    assert_eq!(put(json!("*"), None, Some(deny_if)).0, Grade::Conditional);
    let but = json!([{"Effect": "Allow", "NotAction": ["s3:*"], "NotResource": "arn:aws:iam::111122223333:role/admin"},
        {"Effect": "Deny", "NotAction": "iam:PutRolePolicy", "Resource": "*"}]);
    assert_eq!(one(&but).0, Grade::Limited, "everything but one role");
}

#[test]
fn a_role_is_passed_to_one_service() {
    let lambda = ["lambda:CreateFunction", "lambda:InvokeFunction", "ec2:RunInstances"];
    let pass = |resource: &str, service: Value| {
        ways(&json!([{"Effect": "Allow", "Action": lambda, "Resource": "*"},
            {"Effect": "Allow", "Action": "iam:PassRole", "Resource": resource, "Condition": {"StringEquals": {"iam:PassedToService": service}}}]))
    };
    let way = |id: &str, grade| (id.to_owned(), grade);
    assert_eq!(pass("*", json!("lambda.amazonaws.com")), [way("pass-role-lambda-invoke", Grade::Open)]);
    assert_eq!(pass("*", json!("ec2.amazonaws.com")), [way("pass-role-ec2-run-instances", Grade::Open)]);
    assert_eq!(pass("*", json!("glue.amazonaws.com")), []);
    assert_eq!(pass("arn:aws:iam::111122223333:role/fn-*", json!("lambda.amazonaws.com")), [way("pass-role-lambda-invoke", Grade::Limited)]);
}

#[test]
fn bounds_take_away() {
    let everything = [document(&json!([{"Effect": "Allow", "Action": "*", "Resource": "*"}]))];
    let bound = |statements: Value| document(&statements);
    let s3 = bound(json!([{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]));
    for (boundary, scp) in [(Some(&s3), None), (None, Some(&s3))] {
        let found = measured(&everything, boundary, scp);
        assert_eq!(named(&found), []);
        assert_eq!((found.credentials.all(), found.data_read.open), (0, 2), "two actions read objects");
    }
    let part = bound(json!([{"Effect": "Allow", "Action": "iam:PutRolePolicy", "Resource": "arn:aws:iam::111122223333:role/app-*"}]));
    assert_eq!(named(&measured(&everything, Some(&part), None)), [("put-role-policy".to_owned(), Grade::Limited)]);
    let guard = bound(json!([{"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["eu-west-1", "us-east-1"]}}}]));
    let found = measured(&everything, None, Some(&guard));
    let grade = |id: &str| named(&found).into_iter().find(|(n, _)| n == id).map(|(_, g)| g);
    assert_eq!(grade("put-role-policy"), Some(Grade::Open), "calls of IAM go to us-east-1");
    assert_eq!(grade("lambda-update-code"), Some(Grade::Limited), "in the regions that the guard leaves");
    let outside = bound(json!([{"Effect": "Allow", "Action": "lambda:*", "Resource": "*", "Condition": {"StringNotEquals": {"aws:RequestedRegion": "us-east-1"}}}]));
    assert_eq!(named(&measured(&everything, Some(&outside), None)), [("lambda-update-code".to_owned(), Grade::Limited)], "everywhere but in one region");
    let other = bound(json!([{"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}}]));
    assert!(named(&measured(&everything, None, Some(&other))).iter().all(|(id, _)| id != "put-role-policy"), "IAM is not in eu-west-1");
}

#[test]
fn data_and_points() {
    let found = measured(
        &[document(&json!([
            {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::data/*"},
            {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": "*"},
            {"Effect": "Allow", "Action": ["iam:PutRolePolicy", "iam:CreateAccessKey"], "Resource": "arn:aws:iam::111122223333:user/ann"},
            {"Effect": "Allow", "Action": "sqs:DeleteQueue", "Resource": "*"}]))],
        None,
        None,
    );
    // An access key for one user: limited, and a bounded action of credentials; writing a role's policy names a user: nothing.
    assert_eq!(named(&found), [("create-access-key".to_owned(), Grade::Limited)]);
    let counts = [found.credentials, found.permissions, found.data_read, found.data_write, found.destruction].map(|c| (c.open, c.bounded));
    let manages = reference().dangers().permissions.contains(reference().find("iam:CreateAccessKey").unwrap());
    assert_eq!(counts, [(0, 1), (0, 1 + usize::from(manages)), (1, 1), (0, 1), (1, 0)]);
    // 20/2 + 8/2 + bounded permissions at 2 + secrets 4, objects 2 + objects 2 + queue 4.
    assert_eq!(local(&found), 10 + 4 + 2 * (1 + usize::from(manages)) + 6 + 2 + 4);
    let stores: Vec<(&str, Grade, Grade)> =
        found.stores.iter().map(|s| (reference().dangers().stores[s.store].name.as_str(), s.read.grade, s.write.grade)).collect();
    assert_eq!(stores, [("S3 objects", Grade::Limited, Grade::Limited), ("secrets", Grade::Open, Grade::Closed)]);
    assert_eq!(found.stores[0].read.patterns.iter().collect::<Vec<_>>(), ["arn:aws:s3:::data/*"]);
    assert_eq!(local(&Measured::default()), 0);
}

const ACTIONS: [&str; 9] =
    ["*", "iam:*", "iam:PassRole", "iam:Put*", "iam:PutRolePolicy", "lambda:*", "lambda:CreateFunction", "lambda:InvokeFunction", "lambda:UpdateFunctionCode"];
/// From wide to narrow: a later one of a row lies inside the earlier ones.
const RESOURCES: [[&str; 4]; 3] = [
    ["*", "arn:aws:iam::*:role/*", "arn:aws:iam::111122223333:role/app*", ROLE],
    ["arn:aws:iam::111122223333:*", "arn:aws:iam::111122223333:role/*", "arn:aws:iam::111122223333:role/a?p", ROLE],
    ["arn:aws:lambda:*:*:*", "arn:aws:lambda:*:111122223333:function:*", "arn:aws:lambda:eu-west-1:111122223333:function:*", "arn:aws:lambda:eu-west-1:111122223333:function:f"],
];

fn condition(at: usize) -> Option<Value> {
    [
        None,
        None,
        Some(json!({"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}})),
        Some(json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}})),
        Some(json!({"StringEquals": {"aws:RequestedRegion": ["eu-west-1", "us-east-1"]}})),
        Some(json!({"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}})),
    ]
    .into_iter()
    .nth(at)
    .flatten()
}

/// A statement: whether it allows, action, row and place of its resource, condition; and by how much the smaller one is.
type Made = (bool, usize, usize, usize, usize, usize, bool);

fn statement(made: Made, smaller: bool) -> Option<Value> {
    let (allows, action, row, place, cond, less, stays) = made;
    // Deny statements are kept as they are.
    if smaller && allows && !stays {
        return None;
    }
    let place = if smaller && allows { (place + less).min(3) } else { place };
    let mut value = json!({"Effect": if allows { "Allow" } else { "Deny" }, "Action": ACTIONS[action], "Resource": RESOURCES[row][place]});
    if let Some(condition) = condition(cond) {
        value["Condition"] = condition;
    }
    Some(value)
}

fn made() -> impl Strategy<Value = Made> {
    (prop::bool::weighted(0.75), 0..ACTIONS.len(), 0..RESOURCES.len(), 0..4usize, 0..6usize, 0..3usize, any::<bool>())
}

fn resource_of(action: &str) -> &'static str {
    if action.starts_with("iam:") { ROLE } else { "arn:aws:lambda:eu-west-1:111122223333:function:f" }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn a_smaller_policy_reaches_no_further_and_the_engine_agrees(list in prop::collection::vec(made(), 1..6), bound in prop::collection::vec(made(), 0..3)) {
        let of = |list: &[Made], smaller| document(&json!(list.iter().filter_map(|m| statement(*m, smaller)).collect::<Vec<_>>()));
        let boundary = (!bound.is_empty()).then(|| of(&bound, false));
        let before = measured(&[of(&list, false)], boundary.as_ref(), None);
        // Sets of regions stay those of the whole, as in a run.
        let smaller = of(&list, true);
        let after = measured(&[smaller, of(&list.iter().copied().filter(|m| !m.0).collect::<Vec<_>>(), false)], boundary.as_ref(), None);
        for way in &after.ways {
            let old = before.ways.iter().find(|w| w.way == way.way).map_or(Grade::Closed, |w| w.grade);
            prop_assert!(way.grade <= old, "{} {:?} after {:?}", reference().dangers().escalations[way.way].id, way.grade, old);
        }
        prop_assert!(local(&after) <= local(&before));

        let identity = of(&list, false);
        let policies = Policies {
            identity: Some(vec![NamedPolicy { name: "p", document: &identity }]),
            boundary: boundary.as_ref().map(|document| vec![NamedPolicy { name: "b", document }]),
            ..Policies::default()
        };
        let compiled = Compiler::default().policies(&policies);
        for (id, action) in [("put-role-policy", "iam:PutRolePolicy"), ("lambda-update-code", "lambda:UpdateFunctionCode")] {
            let mut context = Context::new(false);
            let region = if action.starts_with("iam:") { "us-east-1" } else { "eu-west-1" };
            context.set("aws:RequestedRegion", vec![region.to_owned()]);
            let who = who();
            let request = Request { principal: &who, action, resource: resource_of(action), resource_is_pattern: false, resource_account: None, context: &context };
            let decision = decide(&PreparedRequest::new(request), &compiled);
            let grade = named(&before).into_iter().find(|(n, _)| n == id).map_or(Grade::Closed, |(_, g)| g);
            match decision {
                Decision::Allowed => prop_assert!(grade >= Grade::Limited, "{action} is allowed, {grade:?}"),
                Decision::Unknown => prop_assert!(grade > Grade::Closed, "{action} may be allowed"),
                _ => prop_assert!(grade < Grade::Open, "{action} is refused on one of its resources"),
            }
        }
    }
}
