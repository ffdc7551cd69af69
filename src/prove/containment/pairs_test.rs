//! Pairs of policies with the answer that a person gives.

use super::*;
use crate::policy::PolicyDocument;

#[derive(PartialEq, Debug)]
enum Answer {
    Yes,
    No,
    Open,
}
use Answer::{No, Open, Yes};

fn read(statements: &str) -> PolicyDocument {
    let text = if statements.starts_with("{\"Version\"") { statements.to_owned() } else { format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#) };
    crate::policy::parse_text(&text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

fn s(effect: &str, action: &str, resource: &str, rest: &str) -> String {
    let list = |t: &str| if t.contains(' ') { format!("[{}]", t.split(' ').map(|p| format!("\"{p}\"")).collect::<Vec<_>>().join(",")) } else { format!("\"{t}\"") };
    let element = |name: &str, t: &str| t.strip_prefix('!').map_or_else(|| format!("\"{name}\":{}", list(t)), |t| format!("\"Not{name}\":{}", list(t)));
    let rest = if rest.is_empty() { String::new() } else { format!(",{rest}") };
    format!(r#"{{"Effect":"{effect}",{},{}{rest}}}"#, element("Action", action), element("Resource", resource))
}

fn answer(new: &str, old: &str, check: fn(&[&PolicyDocument], &[&PolicyDocument]) -> Containment) -> (Answer, String) {
    let (new, old) = (read(new), read(old));
    match check(&[&new], &[&old]) {
        Containment::Proved => (Yes, String::new()),
        Containment::Refuted(w) => (No, format!("{} {} {:?}", w.action, w.resource, w.context)),
        Containment::NotProved(why) => (Open, why),
    }
}

fn expect(want: Answer, new: &str, old: &str) {
    let (got, why) = answer(new, old, allows_no_more);
    assert_eq!(got, want, "new {new}\nold {old}\n{why}");
}

const ANY: &str = "*";

#[test]
fn patterns_and_unions() {
    let a = |action: &str, resource: &str| s("Allow", action, resource, "");
    let both = |x: String, y: String| format!("{x},{y}");
    expect(Yes, &a("s3:GetObject", "arn:aws:s3:::b/a/*"), &a("s3:Get*", "arn:aws:s3:::b/*"));
    expect(No, &a("s3:PutObject", "arn:aws:s3:::b/*"), &a("s3:Get*", "arn:aws:s3:::b/*"));
    expect(No, &a("s3:GetObject", "arn:aws:s3:::*"), &a("s3:Get*", "arn:aws:s3:::b/*"));
    expect(Yes, &a("S3:GETOBJECT", ANY), &a("s3:getobject", ANY));
    // Two statements together cover what neither does alone.
    expect(Yes, &a("s3:Get*", "arn:aws:s3:::b/?"), &both(a("s3:GetO* s3:GetB*", "arn:aws:s3:::b/*"), a("s3:Get*", "arn:aws:s3:::b/?*")));
    expect(Yes, &a("s3:*", ANY), &both(a("s3:Get*", ANY), a("!s3:Get*", ANY)));
    expect(No, &a("s3:*", ANY), &both(a("s3:Get*", ANY), a("!s3:Ge*", ANY)));
    expect(Yes, &a("sqs:*", "arn:aws:sqs:*:*:*"), &both(a("sqs:*", "arn:aws:sqs:*:*:a*"), a("sqs:*", "!arn:aws:sqs:*:*:a*")));
    expect(No, &a("sqs:*", "arn:aws:sqs:*:*:*"), &both(a("sqs:*", "arn:aws:sqs:*:*:a*"), a("sqs:*", "!arn:aws:sqs:*:*:*")));
    // The star of a part stops at the colon; a request without a resource needs `*`.
    expect(No, &a("sqs:*", "arn:aws:sqs:*:*:q"), &a("sqs:*", "arn:aws:sqs:*:111122223333:q"));
    expect(No, &a("ec2:Describe*", ANY), &a("ec2:Describe*", "arn:*:*:*:*:*"));
    expect(Yes, &a("ec2:Describe*", "arn:*:*:*:*:*"), &a("ec2:Describe*", ANY));
    expect(Yes, &a("*", ANY), &a("*:*", ANY));
}

#[test]
fn denies_count_on_both_sides() {
    let a = |action: &str, resource: &str| s("Allow", action, resource, "");
    let d = |action: &str, resource: &str| s("Deny", action, resource, "");
    let two = |x: String, y: String| format!("{x},{y}");
    let old = two(a("*", ANY), d("iam:*", ANY));
    expect(Yes, &a("s3:GetObject", ANY), &old);
    expect(No, &a("iam:GetRole", ANY), &old);
    expect(Yes, &two(a("*", ANY), d("iam:*", ANY)), &old);
    expect(No, &two(a("*", ANY), d("iam:Get*", ANY)), &old);
    expect(Yes, &two(a("*", ANY), d("iam:Get* iam:*", ANY)), &old);
    expect(Yes, &a("!iam:*", ANY), &old);
    expect(Yes, &two(a("*", ANY), d("!s3:*", ANY)), &a("s3:*", ANY));
    // As one policy of several, a lost Deny counts even where nothing more is allowed.
    let (got, _) = answer(&a("s3:GetObject", ANY), &old, contained);
    assert_eq!(got, Open);
    let (got, why) = answer(&two(a("s3:GetObject", ANY), d("iam:* sts:*", ANY)), &old, contained);
    assert_eq!(got, Yes, "{why}");
}

#[test]
fn conditions_are_implied_or_not() {
    let a = |condition: &str| s("Allow", "s3:GetObject", ANY, condition);
    let when = |operator: &str, key: &str, value: &str| format!(r#""Condition":{{"{operator}":{{"{key}":"{value}"}}}}"#);
    let tls = when("Bool", "aws:SecureTransport", "true");
    expect(No, &a(""), &a(&tls));
    expect(Yes, &a(&tls), &a(""));
    expect(Yes, &a(&tls), &a(&tls));
    expect(Yes, &a(&when("StringEquals", "aws:x", "ab")), &a(&when("StringLike", "AWS:X", "a*")));
    expect(No, &a(&when("StringLike", "aws:x", "a*")), &a(&when("StringEquals", "aws:x", "ab")));
    expect(Yes, &a(&when("IpAddress", "aws:SourceIp", "203.0.113.7")), &a(&when("IpAddress", "aws:SourceIp", "203.0.113.0/24")));
    expect(No, &a(&when("IpAddress", "aws:SourceIp", "203.0.112.0/23")), &a(&when("IpAddress", "aws:SourceIp", "203.0.113.0/24")));
    // A Deny with a condition hurts only where it can apply.
    let denied = format!("{},{}", a(""), s("Deny", "s3:*", ANY, &when("Bool", "aws:SecureTransport", "false")));
    expect(No, &a(""), &denied);
    expect(Yes, &a(&tls), &denied);
    expect(Yes, &denied, &denied);
    expect(Yes, &format!("{},{}", a(""), s("Deny", "s3:*", ANY, &when("BoolIfExists", "aws:SecureTransport", "false"))), &denied);
}

#[test]
fn variables_are_any_text() {
    let a = |resource: &str| s("Allow", "s3:GetObject", resource, "");
    let home = "arn:aws:s3:::home/${aws:username}/*";
    expect(Yes, &a(home), &a("arn:aws:s3:::home/*"));
    expect(Yes, &a("arn:aws:s3:::home/${aws:username}/x/*"), &a(home));
    expect(No, &a("arn:aws:s3:::home/ann/*"), &a(home));
    expect(No, &a(home), &a("arn:aws:s3:::home/${aws:userid}/*"));
    assert_ne!(answer(&a(home), &a("arn:aws:s3:::home/????/*"), allows_no_more).0, Yes, "a name may be longer");
    // A Deny may meet any value of the variable.
    let guarded = format!("{},{}", a("arn:aws:s3:::home/*"), s("Deny", "s3:*", "arn:aws:s3:::home/ann/*", ""));
    assert_ne!(answer(&a(home), &guarded, allows_no_more).0, Yes);
    // Without a version `${…}` is plain text.
    let old = r#"{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::home/${aws:username}/*"}]}"#;
    assert_ne!(answer(&a(home), old, allows_no_more).0, Yes);
    expect(Yes, old, old);
    expect(Yes, &a("arn:aws:s3:::b/${*}x"), &a("arn:aws:s3:::b/?x"));
    expect(No, &a("arn:aws:s3:::b/?x"), &a("arn:aws:s3:::b/${*}x"));
}

#[test]
fn principals_of_resource_policies() {
    let a = |principal: &str, action: &str| s("Allow", action, "arn:aws:sqs:eu-west-1:444455556666:q", &format!(r#""Principal":{principal}"#));
    let one = r#"{"AWS":"arn:aws:iam::111122223333:role/a"}"#;
    let two = r#"{"AWS":["arn:aws:iam::111122223333:role/a","arn:aws:iam::111122223333:role/b"]}"#;
    expect(Yes, &a(one, "sqs:SendMessage"), &a(two, "sqs:*"));
    expect(No, &a(two, "sqs:SendMessage"), &a(one, "sqs:*"));
    expect(No, &a("\"*\"", "sqs:SendMessage"), &a(two, "sqs:*"));
    expect(Yes, &a(two, "sqs:SendMessage"), &a("\"*\"", "sqs:*"));
    let trust = |principal: &str| format!(r#"{{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{principal}}}"#);
    expect(Yes, &trust(one), &trust(two));
    expect(No, &trust(r#"{"Service":"ec2.amazonaws.com"}"#), &trust(two));
}
