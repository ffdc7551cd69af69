//! Denial messages of our own making, one per form, and the public ones of `TRAILTRIM_CORPORA` where that is set.

use std::path::PathBuf;

use serde_json::Value;

use super::denial::{Denial, DenialEffect, parse};

const ANN: &str = "User: arn:aws:iam::111122223333:user/ann is not authorized to perform: s3:GetObject";

fn denial(message: &str) -> Denial {
    parse(message).unwrap_or_else(|| panic!("not read: {message}"))
}

fn layer(message: &str) -> (Option<DenialEffect>, Option<&'static str>) {
    let denial = denial(message);
    (denial.effect, denial.policy_type)
}

const EXPLICIT: Option<DenialEffect> = Some(DenialEffect::Explicit);
const IMPLICIT: Option<DenialEffect> = Some(DenialEffect::Implicit);

#[test]
fn every_kind_of_policy_in_both_effects() {
    for (phrase, word) in [
        ("identity-based policy", "identity"),
        ("resource-based policy", "resource"),
        ("role trust policy", "trust"),
        ("permissions boundary", "boundary"),
        ("session policy", "session"),
        ("sessions policy", "session"),
        ("service control policy", "scp"),
        ("resource control policy", "rcp"),
        ("VPC endpoint policy", "vpc_endpoint"),
    ] {
        for on in ["", " on resource: arn:aws:s3:::example-bucket/key", " on resource: \"arn:aws:s3:::example-bucket/key\""] {
            let resource = (!on.is_empty()).then(|| "arn:aws:s3:::example-bucket/key".to_owned());
            let silent = denial(&format!("{ANN}{on} because no {phrase} allows the s3:GetObject action"));
            assert_eq!((silent.effect, silent.policy_type), (IMPLICIT, Some(word)), "{phrase}{on}");
            for article in ["a", "an", "the"] {
                let refused = denial(&format!("{ANN}{on} with an explicit deny in {article} {phrase}"));
                assert_eq!((refused.effect, refused.policy_type), (EXPLICIT, Some(word)), "{phrase}{on}");
                assert_eq!(refused.resource, resource);
            }
            assert_eq!(silent.principal.as_deref(), Some("arn:aws:iam::111122223333:user/ann"));
            assert_eq!(silent.action.as_deref(), Some("s3:GetObject"));
            assert_eq!((silent.resource, silent.policy_arn, silent.via), (resource, None, None));
        }
    }
}

#[test]
fn texts_before_and_after_are_tolerated() {
    for message in [
        format!("An error occurred (AccessDenied) when calling the GetObject operation: {ANN} because no session policy allows the s3:GetObject action"),
        format!("You are not authorized to perform this operation. {ANN} because no session policy allows the s3:GetObject action. Encoded authorization failure message: abcDEF-_123"),
        format!("{} \n because  no session\tpolicy allows the s3:GetObject action", ANN.replace(": s3", ": \ns3")),
    ] {
        let denial = denial(&message);
        assert_eq!((denial.effect, denial.policy_type, denial.action.as_deref()), (IMPLICIT, Some("session"), Some("s3:GetObject")), "{message}");
        assert_eq!(denial.resource, None);
    }
    let opaque = denial(&format!("{ANN} on resource: arn:aws:s3:::b/k. Encoded authorization failure message: abc"));
    assert_eq!((opaque.resource.as_deref(), opaque.effect), (Some("arn:aws:s3:::b/k"), None));
    assert_eq!(denial(&format!("{ANN} on resource: arn:aws:s3:::b/k.")).resource.as_deref(), Some("arn:aws:s3:::b/k"));
}

#[test]
fn what_is_not_of_the_grammar_is_not_read() {
    for message in [
        "",
        "Access Denied",
        "Rate exceeded",
        "You are not authorized to perform this operation.",
        "You are not authorized to perform this operation. Encoded authorization failure message: abc",
        "User: arn:aws:iam::111122223333:user/ann",
        "User: arn:aws:iam::111122223333:user/ann is not authorized to perform: everything",
    ] {
        assert_eq!(parse(message), None, "{message}");
    }
}

#[test]
fn policies_by_name_and_by_way_of_others() {
    let scp = "arn:aws:organizations::111122223333:policy/o-exampleorgid/service_control_policy/p-examplepolicyid111";
    for end in ["", ".", " (DenyOutsideRegion)", " (a name, with blanks)"] {
        let denial = denial(&format!("{ANN} on resource: arn:aws:s3:::b/k with an explicit deny in a service control policy: {scp}{end}"));
        assert_eq!((denial.effect, denial.policy_type, denial.policy_arn.as_deref()), (EXPLICIT, Some("scp"), Some(scp)), "{end}");
    }
    let through = denial(
        "User: arn:aws:sts::111122223333:assumed-role/app/s is not authorized to perform: SNS:Publish on resource: \
         arn:aws:sns:us-east-1:444455556666:t with an explicit deny in a VPC endpoint policy transitively through a service control policy",
    );
    assert_eq!((through.policy_type, through.via), (Some("vpc_endpoint"), Some("scp")));
    assert_eq!(through.action.as_deref(), Some("SNS:Publish"));
}

#[test]
fn forms_of_single_services() {
    let kms = denial(
        "User: arn:aws:iam::111122223333:user/ann is not authorized to perform: kms:Decrypt on this resource because the resource does not \
         exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access",
    );
    assert_eq!((kms.resource, kms.effect, kms.policy_type), (None, None, Some("resource")));
    let iam = denial(
        "User: arn:aws:iam::111122223333:user/ann is not authorized to perform: iam:GetRole on resource: role app because no identity-based \
         policy allows the iam:GetRole action",
    );
    assert_eq!((iam.resource.as_deref(), iam.policy_type), (Some("role app"), Some("identity")));
    let slip = layer("User: arn:aws:iam::111122223333:user/ann is not authorized to perform: sts:AssumeRole because the role trust policy allows the sts:AssumeRole action");
    assert_eq!(slip, (IMPLICIT, Some("trust")));
    for tail in [
        "because public ACLs are prevented by the BlockPublicAcls setting in S3 Block Public Access",
        "because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access",
        "because this bucket has blocked upload requests that specify Server Side Encryption with Customer provided keys (SSE-C)",
    ] {
        let denial = denial(&format!("{ANN} on resource: \"arn:aws:s3:::b/k\" {tail}"));
        assert_eq!((denial.resource.as_deref(), denial.effect, denial.policy_type), (Some("arn:aws:s3:::b/k"), None, None), "{tail}");
    }
    let endpoint = Denial { policy_type: Some("vpc_endpoint"), ..Denial::default() };
    assert_eq!(parse("The request was denied due to a VPC endpoint policy"), Some(endpoint));
    let nameless = denial("User is not authorized to perform: rds:ModifyDBInstance");
    assert_eq!((nameless.principal, nameless.action.as_deref()), (None, Some("rds:ModifyDBInstance")));
}

#[test]
fn a_name_cannot_speak_for_aws() {
    let claim = "with an explicit deny in a service control policy: arn:aws:organizations::1:policy/x";
    for (open, close) in [("", ""), ("\"", "\"")] {
        let denial = denial(&format!("{ANN} on resource: {open}arn:aws:s3:::b/{claim}{close} because no identity-based policy allows the s3:GetObject action"));
        assert_eq!((denial.effect, denial.policy_type, denial.policy_arn), (IMPLICIT, Some("identity"), None));
        assert_eq!(denial.resource, Some(format!("arn:aws:s3:::b/{claim}")));
    }
    // Within the quotes, and nothing after them, or the end cut away.
    assert_eq!(layer(&format!("{ANN} on resource: \"arn:aws:s3:::b/{claim}\"")), (None, None));
    assert_eq!(layer(&format!("{ANN} on resource: \"arn:aws:s3:::b/{claim}")), (None, None));
}

#[test]
fn a_cut_message_gives_its_head() {
    let start = format!("{ANN} on resource: arn:aws:s3:::b/");
    let key = "k".repeat(1000 - start.len());
    let whole = format!("{start}{key} with an explicit deny in a service control policy: arn:aws:organizations::1:policy/o-1/p-1");
    let resource = format!("arn:aws:s3:::b/{key}");
    let named = whole.find("arn:aws:org").unwrap();
    for end in 0..whole.len() {
        let Some(denial) = parse(&whole[..end]) else { continue };
        assert_eq!(denial.policy_arn, None, "half an ARN is none");
        if end >= 1000 {
            assert_eq!(denial.resource.as_deref(), Some(resource.as_str()), "{}", &whole[..end]);
        }
        assert!(denial.policy_type.is_none() || end + 2 >= named);
    }
    assert_eq!(layer(&format!("{ANN} because no identity-bas")), (IMPLICIT, None));
    assert_eq!(layer(&format!("{ANN} with an explicit deny in a serv")), (EXPLICIT, None));
}

#[test]
fn hostile_texts_take_no_time_and_no_panic() {
    let start = std::time::Instant::now();
    for seed in [" because no ", "User: ", "\"", " with an explicit deny in a ", "é\u{202e}", " on resource: \"", "a:", "\u{0}", " . Encoded "] {
        let noise = seed.repeat(200_000);
        for message in [noise.clone(), format!("{ANN}{noise}"), format!("{ANN} on resource: {noise}"), format!("{ANN} on resource: \"{noise}\" because no x")] {
            let _ = parse(&message);
        }
    }
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}

/// Expectations that follow another tool's convention, by the key and a part of the message, and why ours differs.
const OTHER_CONVENTION: &[(&str, &str, &str)] = &[
    ("resource", "on resource: role second-role-name", "makes an ARN pattern of a bare role name; we keep what AWS wrote"),
    ("resource", "on resource: role ThirdRoleName", "makes an ARN pattern of a bare role name; we keep what AWS wrote"),
    ("resource", "role/HR is not authorized to perform: codecommit:ListRepositories", "takes the caller for the resource where none is named"),
];

fn fits(key: &str, expected: &Value, found: Option<&Denial>) -> bool {
    let text = |value: Option<&String>| value.map_or(Value::Null, |t| t.as_str().into());
    let phrase = |word: Option<&str>| match word {
        Some("identity") => "identity-based policy".into(),
        Some("resource") => "resource-based policy".into(),
        Some("trust") => "role trust policy".into(),
        Some("boundary") => "permissions boundary".into(),
        Some("session") => "session policy".into(),
        Some("scp") => "service control policy".into(),
        Some("rcp") => "resource control policy".into(),
        Some("vpc_endpoint") => "VPC endpoint policy".into(),
        _ => Value::Null,
    };
    let effect = found.and_then(|d| d.effect);
    let policy_type = found.and_then(|d| d.policy_type);
    match key {
        "principal" => *expected == text(found.and_then(|d| d.principal.as_ref())),
        "action" => *expected == text(found.and_then(|d| d.action.as_ref())),
        "resource" => *expected == text(found.and_then(|d| d.resource.as_ref())),
        "deny" => *expected == effect.map_or(Value::Null, |e| e.as_str().into()),
        "policy_type" => *expected == phrase(policy_type),
        "via" => *expected == phrase(found.and_then(|d| d.via)),
        "kind" => match expected.as_str().unwrap() {
            "IMPLICIT_DENY" => effect == IMPLICIT,
            "EXPLICIT_DENY" => effect == EXPLICIT,
            "RESOURCE_POLICY" => policy_type == Some("resource"),
            "OTHER_DENIAL" => found.is_some() && effect.is_none(),
            "INVALID_INPUT" => found.is_none(),
            other => panic!("kind {other}"),
        },
        other => panic!("an expectation that is not compared: {other}"),
    }
}

#[test]
fn public_messages_read_as_expected() {
    let Some(corpora) = std::env::var_os("TRAILTRIM_CORPORA") else {
        println!("TRAILTRIM_CORPORA is not set: public denial messages not read");
        return;
    };
    let text = std::fs::read_to_string(PathBuf::from(corpora).join("denial-messages/message-forms.ndjson")).unwrap();
    let (mut messages, mut compared, mut other) = (0, 0, 0);
    let mut wrong = Vec::new();
    for line in text.lines().filter(|l| !l.trim().is_empty()) {
        let row: Value = serde_json::from_str(line).unwrap();
        let message = row["message"].as_str().unwrap();
        let found = parse(message);
        messages += 1;
        for (key, expected) in row["expected"].as_object().unwrap() {
            if OTHER_CONVENTION.iter().any(|(k, part, _)| k == key && message.contains(part)) {
                assert!(!fits(key, expected, found.as_ref()), "agrees after all: {message}");
                other += 1;
                continue;
            }
            compared += 1;
            if !fits(key, expected, found.as_ref()) {
                wrong.push(format!("{key} of {message:?}: expected {expected}, got {found:?}"));
            }
        }
    }
    println!("public denial messages: {messages}, {compared} parts compared, {other} of another convention");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(other, OTHER_CONVENTION.len());
}
