//! The script of `export-script` and its policy, held against the table of exports and the action reference.
//! What the script does is tested in `tests/export/`, with the real AWS CLI.

use std::collections::BTreeSet;

use serde_json::Value;
use trailtrim::grants::catalogue::{Export, KNOWN_ABSENT, exports};
use trailtrim::grants::export_script::{ScriptOptions, policy, script};
use trailtrim::reference::{AccessLevel, Reference};

fn organization() -> ScriptOptions {
    ScriptOptions { role: Some("Reader".to_owned()), regions: Vec::new(), out: "bundle".to_owned() }
}

fn one_account() -> ScriptOptions {
    ScriptOptions { role: None, ..organization() }
}

/// Whether a line asks for the row: the parts of its path and the words of its command in order, whatever stands for
/// their places.
fn asks(line: &str, row: &Export) -> bool {
    let path = row.file.split(['{', '}']).step_by(2).filter(|part| !part.is_empty() && row.id != "sso-instances");
    let words = row.command.split(' ').filter(|word| !word.starts_with('{'));
    let mut rest = line;
    path.chain(words).all(|part| rest.split_once(part).map(|(_, after)| rest = after).is_some())
}

#[test]
fn every_row_is_asked_for_once() {
    let text = script(exports().unwrap(), &organization());
    let lines: Vec<&str> = text.lines().skip_while(|l| !l.contains("The rows of the table")).collect();
    for row in exports().unwrap() {
        let found: Vec<&&str> = lines.iter().filter(|l| asks(l, row)).collect();
        assert_eq!(found.len(), 1, "{}: {found:?}", row.id);
    }
    let calls = lines.iter().filter(|l| l.trim_start().starts_with("slot; ") || l.trim_start().starts_with("find_")).count();
    assert_eq!(calls, exports().unwrap().len());
}

#[test]
fn a_new_row_needs_no_code() {
    let mut rows = exports().unwrap().to_vec();
    let mut row = rows.iter().find(|r| r.id == "sns-attributes").unwrap().clone();
    (row.id, row.file, row.command) =
        ("new".to_owned(), "accounts/{account}/{region}/sns/new/{id}.json".to_owned(), "sns new-call --topic-arn {id}".to_owned());
    row.actions = vec!["sns:NewCall".to_owned()];
    rows.push(row);
    let text = script(&rows, &one_account());
    assert!(text.contains(r#"slot; ask "accounts/$account/$region/sns/new/$(safe "$it").json" "$it" plain sns new-call --topic-arn "$it" &"#));
    assert!(policy(&rows, &one_account()).contains("\"sns:NewCall\""));
}

#[test]
fn options_reach_the_script_as_words() {
    let options = ScriptOptions { regions: vec!["eu-central-1".to_owned(), "us-east-1".to_owned()], out: "it's here".to_owned(), ..organization() };
    let text = script(exports().unwrap(), &options);
    assert!(text.starts_with("#!/bin/sh\n"));
    assert!(text.contains("\nout=${1:-'it'\\''s here'}\n"));
    assert!(text.contains("\nasked_regions='eu-central-1 us-east-1'\n"));
    assert!(text.contains("\nrole=Reader\n"));
    for code in KNOWN_ABSENT {
        assert!(text.contains(&format!(" {code} ")), "{code}");
    }
    let one = script(exports().unwrap(), &one_account());
    assert!(!one.contains("assume-role") && !one.contains("list-policies"));
    assert!(one.contains("describe-organization"));
}

fn actions(text: &str) -> (Vec<String>, Value) {
    let policy: Value = serde_json::from_str(text).unwrap();
    let mut actions = Vec::new();
    for statement in policy["Statement"].as_array().unwrap() {
        assert_eq!(statement["Effect"], "Allow");
        match &statement["Action"] {
            Value::Array(list) => actions.extend(list.iter().map(|a| a.as_str().unwrap().to_owned())),
            one => actions.push(one.as_str().unwrap().to_owned()),
        }
    }
    (actions, policy)
}

#[test]
fn the_policy_covers_all_rows_and_reads_only() {
    let text = policy(exports().unwrap(), &organization());
    let (allowed, document) = actions(&text);
    let needed: BTreeSet<&String> = exports().unwrap().iter().flat_map(|r| &r.actions).collect();
    let given: BTreeSet<&String> = allowed.iter().filter(|a| *a != "sts:AssumeRole").collect();
    assert_eq!(given, needed);
    assert_eq!(allowed.len(), needed.len() + 1, "each once");
    let listed: Vec<&str> = document["Statement"][0]["Action"].as_array().unwrap().iter().map(|a| a.as_str().unwrap()).collect();
    assert!(listed.is_sorted());
    let reference = Reference::bundled().unwrap();
    for action in given {
        let ids = reference.expand(action);
        assert_eq!(ids.len(), 1, "{action} is no action");
        let info = reference.action(ids[0]).unwrap();
        let made_to_be_read = action.starts_with("iam:Generate");
        assert!(made_to_be_read || matches!(info.level, AccessLevel::List | AccessLevel::Read), "{action} writes: {:?}", info.level);
        assert!(!action.contains('*'));
    }
    // What IAM takes as one managed policy.
    assert!(text.chars().filter(|c| !c.is_whitespace()).count() <= 6144);
}

#[test]
fn the_policy_is_bound_to_resources_where_it_can_be() {
    let (_, document) = actions(&policy(exports().unwrap(), &organization()));
    for statement in document["Statement"].as_array().unwrap() {
        match statement["Sid"].as_str().unwrap() {
            "Read" => assert!(!statement["Action"].as_array().unwrap().iter().any(|a| a.as_str().unwrap().starts_with("apigateway:"))),
            "RestApis" => assert_eq!(statement["Resource"], "arn:aws:apigateway:*::/restapis"),
            "Members" => assert_eq!(statement["Resource"], "arn:aws:iam::*:role/Reader"),
            other => panic!("{other}"),
        }
    }
    let (member, _) = actions(&policy(exports().unwrap(), &one_account()));
    assert!(!member.iter().any(|a| a == "sts:AssumeRole" || a.starts_with("sso:")));
    assert!(member.iter().any(|a| a == "iam:GetAccountAuthorizationDetails"));
}
