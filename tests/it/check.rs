//! `check` from outside: exit codes, JSON, and a witness that `simulate` understands.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::common::trailtrim;

fn policy(action: &str, resource: &str, condition: &Value) -> Value {
    let mut statement = json!({"Effect": "Allow", "Action": action, "Resource": resource});
    if !condition.is_null() {
        statement["Condition"] = condition.clone();
    }
    json!({"Version": "2012-10-17", "Statement": [statement]})
}

/// Exit code and the answer.
fn check(existing: &Value, new: &Value) -> (i32, Value) {
    let dir = tempfile::tempdir().unwrap();
    let (a, b) = (dir.path().join("a.json"), dir.path().join("b.json"));
    std::fs::write(&a, existing.to_string()).unwrap();
    std::fs::write(&b, new.to_string()).unwrap();
    let output = trailtrim(["check".as_ref(), "--json".as_ref(), "--existing".as_ref(), a.as_os_str(), "--new".as_ref(), b.as_os_str()]);
    let text = String::from_utf8(output.stdout).unwrap();
    (output.status.code().unwrap(), serde_json::from_str(&text).unwrap_or(Value::Null))
}

#[test]
fn three_answers_have_three_exit_codes() {
    let none = Value::Null;
    let wide = policy("s3:*", "*", &none);
    let (code, answer) = check(&wide, &policy("s3:GetObject", "arn:aws:s3:::b/*", &none));
    assert_eq!((code, &answer["verdict"]), (0, &json!("contained")), "{answer}");
    assert!(answer["witness"].is_null());

    let (code, answer) = check(&policy("s3:GetObject", "arn:aws:s3:::b/*", &none), &wide);
    assert_eq!((code, &answer["verdict"]), (3, &json!("not_contained")), "{answer}");

    // Whether the tag of a session can be the name of its user nobody can tell.
    let own = policy("s3:*", "arn:aws:s3:::home/${aws:username}/*", &none);
    let (code, answer) = check(&policy("s3:*", "arn:aws:s3:::home/????????????/*", &none), &own);
    assert_ne!(code, 0, "{answer}");

    let (code, _) = check(&json!({"Version": "2012-10-17", "Statement": [{"Effect": "Maybe"}]}), &wide);
    assert_eq!(code, 2);
}

#[test]
fn files_of_the_cli_are_unwrapped() {
    let plain = policy("sqs:*", "*", &Value::Null);
    let version = json!({"PolicyVersion": {"VersionId": "v1", "Document": plain}});
    let answer = json!({"Policy": plain.to_string()});
    for wrapped in [version, answer, json!({"RoleName": "r", "PolicyName": "p", "PolicyDocument": plain})] {
        assert_eq!(check(&wrapped, &plain).0, 0, "{wrapped}");
    }
}

#[test]
fn the_witness_is_a_request_that_simulate_decides_so() {
    let condition = json!({"StringEquals": {"aws:RequestedRegion": "eu-west-1"}, "Bool": {"aws:SecureTransport": "true"}});
    let (old, new) = (policy("sqs:Send*", "arn:aws:sqs:eu-west-1:111122223333:orders", &condition), policy("sqs:Send*", "arn:aws:sqs:eu-west-1:111122223333:*", &condition));
    let (code, answer) = check(&old, &new);
    assert_eq!(code, 3, "{answer}");
    let decision = |document: &Value| {
        let case = json!({"id": "w", "request": answer["witness"], "policies": {"identity": [{"name": "p", "document": document}]}});
        let mut child = Command::new(env!("CARGO_BIN_EXE_trailtrim")).args(["simulate", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(case.to_string().as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        serde_json::from_slice::<Value>(&output.stdout).unwrap()["decision"].clone()
    };
    assert_eq!((decision(&new), decision(&old)), (json!("allowed"), json!("implicitDeny")), "{answer}");
}
