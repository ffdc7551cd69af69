//! Pairs of policies with the answer that people would give.

use serde_json::{Value, json};

use super::{Containment, Question, Scope, contained};
use crate::policy::{PolicyDocument, parse_document};

fn policy(statements: &Value) -> PolicyDocument {
    parse_document(&json!({"Version": "2012-10-17", "Statement": statements})).unwrap()
}

fn ask(new: &Value, old: &Value) -> Containment {
    Question { new: &[&policy(new)], old: &[&policy(old)], scope: Scope::Whole, known_actions: &|_| Vec::new() }.answer()
}

fn verdict(new: &Value, old: &Value) -> &'static str {
    ask(new, old).verdict()
}

fn allow(action: Value, resource: Value) -> Value {
    json!({"Effect": "Allow", "Action": action, "Resource": resource})
}

fn deny(action: Value, resource: Value) -> Value {
    json!({"Effect": "Deny", "Action": action, "Resource": resource})
}

fn when(mut statement: Value, condition: Value) -> Value {
    statement["Condition"] = condition;
    statement
}

const BUCKET: &str = "arn:aws:s3:::b/*";

fn get() -> Value {
    allow(json!("s3:GetObject"), json!(BUCKET))
}

#[test]
fn patterns_and_unions() {
    let yes = [
        (allow(json!("s3:GetObject"), json!("arn:aws:s3:::b/a/*")), json!([allow(json!("s3:Get*"), json!(BUCKET))])),
        (allow(json!("S3:getobject"), json!(BUCKET)), json!([get()])),
        // Two statements of the old policy together.
        (allow(json!(["s3:GetObject", "s3:PutObject"]), json!(BUCKET)), json!([get(), allow(json!("s3:PutObject"), json!(BUCKET))])),
        (allow(json!("s3:*"), json!(BUCKET)),
            json!([{"Effect": "Allow", "NotAction": "s3:Get*", "Resource": "*"}, allow(json!("s3:Get*"), json!("*"))])),
        (allow(json!("s3:*"), json!("*")),
            json!([allow(json!("s3:*"), json!("arn:aws:s3:::*")), {"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::*"}])),
        (allow(json!("s3:*"), json!(["arn:aws:s3:::?", "arn:aws:s3:::??*"])), json!([allow(json!("s3:*"), json!("arn:aws:s3:::?*"))])),
        (allow(json!("s3:*"), json!("arn:aws:s3:::?*")), json!([allow(json!("s3:*"), json!(["arn:aws:s3:::?", "arn:aws:s3:::??*"]))])),
        (allow(json!("*:*"), json!("*")), json!([allow(json!("*"), json!("*"))])),
        (allow(json!("s3:*"), json!("arn:aws:s3:::b")), json!([allow(json!("s3:*"), json!("arn:aws:s3"))])),
        (allow(json!("s3:*"), json!("ARN:AWS:S3:::b")), json!([allow(json!("s3:*"), json!("arn:aws:s3:::b"))])),
    ];
    for (new, old) in yes {
        assert_eq!(ask(&json!([new]), &old), Containment::Contained, "{new} in {old}");
    }
    let no = [
        (allow(json!("s3:PutObject"), json!(BUCKET)), json!([allow(json!("s3:Get*"), json!(BUCKET))])),
        (allow(json!("s3:GetObject"), json!("arn:aws:s3:::B/*")), json!([get()])),
        (allow(json!("s3:*"), json!(BUCKET)), json!([allow(json!(["s3:Get*", "s3:Put*", "s3:List*", "s3:Delete*"]), json!("*"))])),
        (allow(json!("*"), json!("*")), json!([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}])),
        (allow(json!("s3:*"), json!("*")), json!([allow(json!("s3:*"), json!("arn:aws:s3:::*"))])),
        (allow(json!("sqs:*"), json!("arn:aws:sqs:*:*:q")), json!([allow(json!("sqs:*"), json!("arn:aws:sqs:*:*:q?"))])),
    ];
    for (new, old) in no {
        assert_eq!(verdict(&json!([new]), &old), "not_contained", "{new} in {old}");
    }
}

#[test]
fn denies() {
    let wide = allow(json!("s3:*"), json!("*"));
    let no_delete = deny(json!("s3:Delete*"), json!("*"));
    // The new Deny takes away what the old policy does not have.
    assert_eq!(verdict(&json!([wide, no_delete]), &json!([{"Effect": "Allow", "NotAction": "s3:Delete*", "Resource": "*"}])), "contained");
    // A Deny that is gone matters where the new policy allows what it denied, and only there.
    assert_eq!(verdict(&json!([get()]), &json!([wide, no_delete])), "contained");
    assert_eq!(verdict(&json!([wide]), &json!([wide, no_delete])), "not_contained");
    // The same Deny in two parts.
    let parts = json!([wide, deny(json!("s3:Delete*"), json!("arn:*")), deny(json!("s3:*"), json!("*"))]);
    assert_eq!(verdict(&parts, &json!([wide, no_delete])), "contained");
}

#[test]
fn a_part_keeps_its_denies() {
    let old = policy(&json!([allow(json!("s3:*"), json!("*")), deny(json!("iam:*"), json!("*"))]));
    let without = policy(&json!([get()]));
    match contained(&[&without], &[&old]) {
        Containment::NotContained { witness, reason } => {
            assert!(witness.allowed_besides, "another policy has to allow it");
            assert!(reason.contains("Deny"), "{reason}");
        }
        other => panic!("{other:?}"),
    }
    let wider = policy(&json!([get(), deny(json!(["iam:*", "sts:*"]), json!("*"))]));
    assert_eq!(contained(&[&wider], &[&old]), Containment::Contained);
    assert_eq!(contained(&[&old], &[&old]), Containment::Contained);
    assert_eq!(contained(&[], &[&without]), Containment::Contained);
    assert_eq!(contained(&[], &[&old]).verdict(), "not_contained");
    // Split over several documents.
    let (one, two) = (policy(&json!([get()])), policy(&json!([deny(json!("iam:*"), json!("*"))])));
    assert_eq!(contained(&[&one, &two], &[&old]), Containment::Contained);
}

#[test]
fn a_part_keeps_the_conditions_of_its_denies() {
    let no_mfa = json!({"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}});
    let old = policy(&json!([get(), when(deny(json!("*"), json!("*")), no_mfa.clone())]));
    let same = policy(&json!([get(), when(deny(json!("*"), json!("*")), no_mfa)]));
    let always = policy(&json!([get(), deny(json!("*"), json!("*"))]));
    let fewer = policy(&json!([get(), when(deny(json!("*"), json!("*")), json!({"Bool": {"aws:MultiFactorAuthPresent": "false"}}))]));
    assert_eq!(contained(&[&same], &[&old]), Containment::Contained);
    assert_eq!(contained(&[&always], &[&old]), Containment::Contained);
    assert_eq!(contained(&[&fewer], &[&old]).verdict(), "not_contained", "without the key nothing is denied any more");
}

#[test]
fn conditions() {
    let (region, tag, source, keys) = ("aws:RequestedRegion", "aws:PrincipalTag/t", "aws:SourceArn", "aws:TagKeys");
    let of = |operator: &str, key: &str, values: Value| json!({ operator: { key: values } });
    let mfa = of("Bool", "aws:MultiFactorAuthPresent", json!("true"));
    let rows = [
        (mfa.clone(), json!({}), "contained"),
        (json!({}), mfa.clone(), "not_contained"),
        (mfa.clone(), of("BoolIfExists", "aws:multifactorauthpresent", json!(true)), "contained"),
        (of("BoolIfExists", "aws:MultiFactorAuthPresent", json!("true")), mfa.clone(), "not_contained"),
        (of("StringEquals", region, json!("eu-west-1")), of("StringLike", region, json!("eu-*")), "contained"),
        (of("StringLike", region, json!("eu-*")), of("StringEquals", region, json!("eu-west-1")), "not_contained"),
        (of("StringNotEquals", tag, json!("x")), of("StringNotEquals", tag, json!(["x", "y"])), "not_contained"),
        (of("IpAddress", "aws:SourceIp", json!("203.0.113.0/25")), of("IpAddress", "aws:SourceIp", json!(["203.0.113.0/24", "10.0.0.0/8"])), "contained"),
        (of("IpAddress", "aws:SourceIp", json!("203.0.0.0/16")), of("IpAddress", "aws:SourceIp", json!("203.0.113.0/24")), "not_contained"),
        (of("NumericLessThan", "s3:max-keys", json!(10)), of("NumericLessThanEquals", "s3:max-keys", json!(10)), "contained"),
        (of("NumericLessThan", "s3:max-keys", json!(11)), of("NumericLessThan", "s3:max-keys", json!(10)), "not_contained"),
        (of("DateLessThan", "aws:CurrentTime", json!("2026-01-01")), of("DateLessThan", "aws:CurrentTime", json!("2026-01-02T00:00:00Z")), "contained"),
        (of("ArnEquals", source, json!("arn:aws:sns:eu-west-1:111122223333:t")), of("ArnLike", source, json!("arn:aws:sns:*:111122223333:*")), "contained"),
        (of("ForAnyValue:StringEquals", keys, json!(["a"])), of("ForAnyValue:StringLike", keys, json!(["a*"])), "contained"),
        (of("ForAllValues:StringEquals", keys, json!(["a"])), of("ForAnyValue:StringEquals", keys, json!(["a"])), "not_contained"),
        (of("StringEquals", tag, json!("x")), of("Null", tag, json!("false")), "contained"),
        (of("StringEquals", tag, json!("${aws:username}")), of("StringLike", tag, json!("${aws:username}*")), "contained"),
    ];
    for (new, old, expected) in rows {
        let answer = ask(&json!([when(get(), new.clone())]), &json!([when(allow(json!("s3:*"), json!("*")), old.clone())]));
        assert_eq!(answer.verdict(), expected, "{new} in {old}: {answer:?}");
    }
    // Old statements whose conditions leave nothing out together are not put together: said, and not guessed.
    let halves = json!([when(get(), of("StringEquals", "k", json!("a"))), when(get(), of("StringNotEquals", "k", json!("a")))]);
    assert_eq!(verdict(&json!([get()]), &halves), "not_contained", "a key with several values meets neither");
    let halves = json!([when(get(), of("Null", "k", json!("true"))), when(get(), of("Null", "k", json!("false")))]);
    assert_eq!(verdict(&json!([get()]), &halves), "not_proved");
}

#[test]
fn a_deny_under_conditions_that_never_meet_is_no_loss() {
    let mfa = json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}});
    let no_mfa = json!({"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}});
    let old = json!([allow(json!("*"), json!("*")), when(deny(json!("*"), json!("*")), no_mfa)]);
    assert_eq!(verdict(&json!([when(get(), mfa)]), &old), "contained");
    assert_eq!(verdict(&json!([get()]), &old), "not_contained");
}

#[test]
fn variables() {
    let on = |resource: &str| json!([allow(json!("s3:GetObject"), json!(resource))]);
    let home = "arn:aws:s3:::home/${aws:username}/*";
    assert_eq!(verdict(&on(home), &on("arn:aws:s3:::home/*")), "contained");
    assert_eq!(verdict(&on("arn:aws:s3:::home/${aws:username}/x/*"), &on(home)), "contained");
    assert_eq!(verdict(&on("arn:aws:s3:::home/${AWS:UserName}/x/*"), &on(home)), "contained");
    assert_eq!(verdict(&on("arn:aws:s3:::home/${aws:username}/*"), &on("arn:aws:s3:::home/${aws:username, 'all'}/*")), "contained");
    assert_eq!(verdict(&on("arn:aws:s3:::home/${aws:username, 'all'}/*"), &on("arn:aws:s3:::home/${aws:username, 'all'}/*")), "contained");
    assert_eq!(verdict(&on("arn:aws:s3:::home/${*}/x"), &on("arn:aws:s3:::home/?/x")), "contained");
    for (new, old) in [
        ("arn:aws:s3:::home/ann/*", home),
        (home, "arn:aws:s3:::home/?????????????????/*"),
        (home, "arn:aws:s3:::home/${aws:PrincipalTag/team}/*"),
        ("arn:aws:s3:::home/?/x", "arn:aws:s3:::home/${*}/x"),
        ("arn:aws:s3:::home/${aws:PrincipalTag/team, 'all'}/*", "arn:aws:s3:::home/${aws:PrincipalTag/team}/*"),
    ] {
        assert_eq!(verdict(&on(new), &on(old)), "not_contained", "{new} in {old}");
    }
    // An exception with a variable may be any text.
    let but = |out: &str| json!([{"Effect": "Allow", "Action": "s3:GetObject", "NotResource": out}]);
    assert_ne!(verdict(&on("arn:aws:s3:::home/ann/*"), &but("arn:aws:s3:::home/${aws:username}/*")), "contained");
    assert_eq!(verdict(&on("arn:aws:s3:::data/*"), &but("arn:aws:s3:::home/${aws:username}/*")), "contained");
    // Whatever its text is, it is the same for every statement of a request.
    let denied = |out: &str| json!([allow(json!("s3:GetObject"), json!("*")), deny(json!("s3:GetObject"), json!(out))]);
    assert_eq!(verdict(&but(home), &but(home)), "contained");
    assert_eq!(verdict(&denied(home), &denied(home)), "contained");
    assert_eq!(verdict(&but("arn:aws:s3:::home/*"), &but(home)), "contained");
    assert_eq!(verdict(&but(home), &json!([allow(json!("s3:*"), json!(home)), but(home)[0]])), "contained");
    assert_ne!(verdict(&but(home), &but("arn:aws:s3:::home/${aws:userid}/*")), "contained");
    // What is walked may have a variable that stands for what a plain pattern names.
    let home_but = |out: &str| json!([allow(json!("s3:GetObject"), json!(home)), deny(json!("s3:GetObject"), json!(out))]);
    assert_ne!(verdict(&on(home), &home_but("arn:aws:s3:::home/ann/*")), "contained");
    assert_eq!(verdict(&home_but("arn:aws:s3:::home/ann/*"), &home_but("arn:aws:s3:::home/ann/*")), "contained");
    // The old version of the language has no variables.
    let plain = parse_document(&json!({"Version": "2008-10-17", "Statement": on(home)})).unwrap();
    let filled = policy(&on(home));
    let whole = |new, old| Question { new: &[new], old: &[old], scope: Scope::Whole, known_actions: &|_| Vec::new() }.answer();
    assert_eq!(whole(&filled, &plain).verdict(), "not_contained");
    assert_eq!(whole(&plain, &plain), Containment::Contained);
}

#[test]
fn principals() {
    let trust = |principal: Value| json!([{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}]);
    let root = "arn:aws:iam::444455556666:root";
    let (ann, app) = ("arn:aws:iam::111122223333:user/ann", "arn:aws:iam::111122223333:role/app");
    let rows = [
        (trust(json!({"AWS": root})), trust(json!({"AWS": "444455556666"})), "contained"),
        (trust(json!({"AWS": ann})), trust(json!({"AWS": [app, ann]})), "contained"),
        (trust(json!({"AWS": [app, ann]})), trust(json!({"AWS": app})), "not_contained"),
        (trust(json!({"AWS": ann})), trust(json!({"AWS": "111122223333"})), "not_contained"),
        (trust(json!({"AWS": "111122223333"})), trust(json!({"AWS": ann})), "not_contained"),
        (trust(json!({"Service": "ec2.amazonaws.com"})), trust(json!({"Service": ["lambda.amazonaws.com", "ec2.amazonaws.com"]})), "contained"),
        (trust(json!({"Service": "ec2.amazonaws.com"})), trust(json!({"Service": "lambda.amazonaws.com"})), "not_contained"),
        (trust(json!({"AWS": app})), trust(json!("*")), "contained"),
        (trust(json!("*")), trust(json!({"AWS": app})), "not_contained"),
        (trust(json!({"AWS": app})), json!([trust(json!({"AWS": ann}))[0], trust(json!({"AWS": app}))[0]]), "contained"),
        (trust(json!({"AWS": [app, ann]})), json!([trust(json!({"AWS": ann}))[0], trust(json!({"AWS": app}))[0]]), "contained"),
    ];
    for (new, old, expected) in rows {
        let answer = ask(&new, &old);
        assert_eq!(answer.verdict(), expected, "{new} in {old}: {answer:?}");
    }
    let federated = json!([{"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
        "Principal": {"Federated": "arn:aws:iam::111122223333:oidc-provider/idp.example.com"},
        "Condition": {"StringLike": {"idp.example.com:sub": "repo:acme/*"}}}]);
    let mut narrower = federated.clone();
    narrower[0]["Condition"] = json!({"StringEquals": {"idp.example.com:sub": ["repo:acme/a", "repo:acme/b"]}});
    assert_eq!(verdict(&narrower, &federated), "contained");
    assert_eq!(verdict(&federated, &narrower), "not_contained");
    assert_eq!(verdict(&federated, &json!([get()])), "not_proved", "policies of two kinds");
}

#[test]
fn a_witness_is_a_request_that_people_know() {
    let known = |pattern: &str| if pattern == "s3:*" { vec!["s3:GetObject".to_owned(), "s3:PutObject".to_owned()] } else { Vec::new() };
    let (new, old) = (policy(&json!([allow(json!("s3:*"), json!(BUCKET))])), policy(&json!([allow(json!("s3:Get*"), json!("*"))])));
    let answer = Question { new: &[&new], old: &[&old], scope: Scope::Whole, known_actions: &known }.answer();
    let Containment::NotContained { witness, .. } = answer else { panic!("{answer:?}") };
    assert_eq!((witness.action.as_str(), witness.resource.as_str()), ("s3:PutObject", "arn:aws:s3:::b/x"));
    assert_eq!(witness.request()["principal"]["arn"], "arn:aws:iam::111122223333:user/witness");
}

#[test]
fn what_overlaps_too_much_is_not_proved() {
    // Each place of the last twenty may have been the `a`: a million sets of places to tell apart.
    let far = format!("arn:aws:s3:::*a{}", "?".repeat(20));
    let new = json!([allow(json!("s3:*"), json!("arn:aws:s3:::*"))]);
    let old = json!([allow(json!("s3:*"), json!(far)), {"Effect": "Allow", "Action": "s3:*", "NotResource": far}]);
    let answer = ask(&new, &old);
    assert!(matches!(&answer, Containment::NotProved(why) if why.contains("too large")), "{answer:?}");
    // The same question with fewer places is answered.
    let near = format!("arn:aws:s3:::*a{}", "?".repeat(6));
    let old = json!([allow(json!("s3:*"), json!(near)), {"Effect": "Allow", "Action": "s3:*", "NotResource": near}]);
    assert_eq!(ask(&new, &old), Containment::Contained);
}

#[test]
fn wide_policies_are_fast() {
    let actions: Vec<String> = (0..300).map(|n| format!("svc{}:Do{}Thing{n}", n % 12, ["Get", "List", "Put"][n % 3])).collect();
    let resources: Vec<String> = (0..30).map(|n| format!("arn:aws:svc:eu-west-1:111122223333:thing/name-{n}/*")).collect();
    let mut old: Vec<Value> = (0..19).map(|n| allow(json!(actions[n * 15..(n + 1) * 15]), json!("*"))).collect();
    old.push(allow(json!("s3:*"), json!(resources)));
    old.push(deny(json!(["iam:*", "organizations:*"]), json!("*")));
    let mut new: Vec<Value> = (0..19).map(|n| allow(json!(actions[n * 15..n * 15 + 9]), json!(resources))).collect();
    new.push(allow(json!(["s3:Get*", "s3:List*"]), json!(resources[..20])));
    new.push(old[20].clone());
    let (new, old) = (policy(&json!(new)), policy(&json!(old)));
    let everything = policy(&json!([allow(json!("*"), json!("*"))]));
    for (new, old) in [(&new, &old), (&old, &old), (&new, &everything)] {
        let began = std::time::Instant::now();
        let scope = if std::ptr::eq(old, &everything) { Scope::Whole } else { Scope::Part };
        let answer = Question { new: &[new], old: &[old], scope, known_actions: &|_| Vec::new() }.answer();
        assert_eq!(answer, Containment::Contained);
        println!("{:?}", began.elapsed());
    }
}
