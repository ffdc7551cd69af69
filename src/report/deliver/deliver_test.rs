//! The forms, on names that would like to be code.

use std::sync::Arc;

use super::operations::plan;
use super::script::quoted;
use super::{IacMap, cloudformation, diff, script, terraform};
use crate::policy::{PolicyDocument, parse_text};
use crate::report::model::{HolderRow, ProposalRow};

const EVIL: &str = "a'b\"$(touch x)${path.module}%{if}\\`id`";

fn document(action: &str) -> PolicyDocument {
    parse_text(&format!(r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"{action}","Resource":"arn:aws:s3:::home/${{aws:username}}/*"}}}}"#)).unwrap()
}

fn row(placement: &str, proposed: &[&str]) -> ProposalRow {
    ProposalRow {
        account: "111122223333".into(),
        kind: if placement == "customer-managed" { "policy" } else { "role" }.into(),
        owner: EVIL.into(),
        owner_arn: if placement == "customer-managed" { "arn:aws:iam::111122223333:policy/team/p".into() } else { format!("arn:aws:iam::111122223333:role/{EVIL}") },
        policy: "p".into(),
        policy_arn: (placement == "aws-managed").then(|| "arn:aws:iam::aws:policy/ReadOnlyAccess".into()),
        placement: placement.into(),
        path: if placement == "customer-managed" { "/team/" } else { "/" }.into(),
        version: Some("v3".into()),
        holders: vec![HolderRow { kind: "role".into(), name: EVIL.into() }, HolderRow { kind: "user".into(), name: "ann".into() }],
        instance_arn: (placement == "permission-set").then(|| "arn:aws:sso:::instance/ssoins-1".into()),
        status: "written",
        stem: "p".into(),
        current: Some(Arc::new(document("s3:*"))),
        proposed: proposed.iter().map(|a| document(a)).collect(),
        ..ProposalRow::default()
    }
}

fn all() -> Vec<ProposalRow> {
    let placements = ["inline", "customer-managed", "aws-managed", "trust", "permission-set"];
    let with = |p: &str| [row(p, &["s3:GetObject"]), row(p, &["s3:GetObject", "s3:PutObject"]), row(p, &[])];
    let merged = ProposalRow { detached: vec![format!("arn:aws:iam::aws:policy/{EVIL}")], ..row("permission-set", &["s3:GetObject"]) };
    placements.into_iter().flat_map(with).chain([merged]).collect()
}

#[test]
fn nothing_is_taken_away_before_its_replacement_stands() {
    let words = |row: &ProposalRow| -> Vec<&'static str> {
        use super::Operation as O;
        let word = |o: &O| match o {
            O::PutInline { .. } => "put",
            O::SetVersion { .. } => "set",
            O::Create { .. } => "create",
            O::Attach { .. } => "attach",
            O::Detach { .. } => "detach",
            O::Trust { .. } => "trust",
            O::PermissionSet { .. } => "permission-set",
            O::DetachFromSet { .. } => "detach-from-set",
        };
        plan(row).iter().map(word).collect()
    };
    assert_eq!(words(&row("inline", &["s3:GetObject"])), ["put"]);
    assert_eq!(words(&row("customer-managed", &["s3:GetObject", "s3:PutObject"])), ["create", "attach", "attach", "set"]);
    assert_eq!(words(&row("customer-managed", &[])), ["detach", "detach"]);
    assert_eq!(words(&row("aws-managed", &["s3:GetObject", "s3:PutObject"])), ["create", "attach", "create", "attach", "detach"]);
    assert_eq!(words(&row("aws-managed", &[])), ["detach"]);
    let merged = ProposalRow { detached: vec!["arn:aws:iam::aws:policy/ReadOnlyAccess".into()], ..row("permission-set", &["s3:GetObject"]) };
    assert_eq!(words(&merged), ["permission-set", "detach-from-set"]);
    let back = script::rollback(&[&merged]).unwrap();
    assert!(back.find("\nattach_set ").unwrap() < back.find("\nrestore_set ").unwrap(), "the way back gives before it takes");
    let none = ProposalRow { current: Some(Arc::new(crate::policy::PolicyDocument::new(Vec::new()))), ..merged };
    assert!(script::apply(&[&none]).unwrap().contains("put_set 'arn:aws:sso:::instance/ssoins-1' "), "a set without an inline policy gets one");
    assert_eq!(words(&ProposalRow { status: "withheld", ..row("inline", &["s3:GetObject"]) }), Vec::<&str>::new());
}

#[test]
fn terraform_parses_back_to_the_same_names() {
    for row in all() {
        let Some(text) = terraform::render(&[&row], &IacMap::default()) else { continue };
        let body: hcl::Body = hcl::parse(&text).unwrap_or_else(|e| panic!("{e}\n{text}"));
        for block in body.blocks().filter(|b| b.identifier.as_str() == "resource") {
            let kind = block.labels[0].as_str();
            if kind == "aws_iam_role_policy" {
                let name = block.body.attributes().find(|a| a.key.as_str() == "role").unwrap();
                let hcl::Expression::String(found) = &name.expr else { panic!("{name:?}") };
                assert_eq!(found.replace("$${", "${").replace("%%{", "%{"), EVIL, "{text}");
            }
        }
        assert!(text.contains("file(\"${path.module}/") || row.proposed.is_empty(), "{text}");
    }
}

#[test]
fn the_map_names_the_owning_file() {
    let map: IacMap = toml::from_str("[[owner]]\narn = \"arn:aws:iam::*:role/*\"\nfile = \"iam/app.tf\"\naddress = \"aws_iam_role_policy.app\"\n").unwrap();
    let text = terraform::render(&[&row("inline", &["s3:GetObject"])], &map).unwrap();
    assert!(text.contains("# p is written in iam/app.tf as aws_iam_role_policy.app") && text.contains("resource \"aws_iam_role_policy\" \"app\""), "{text}");
}

#[test]
fn templates_hold_the_proposed_documents() {
    for row in all() {
        let Some(text) = cloudformation::render(&[&row]) else { continue };
        let back: serde_json::Value = serde_yaml_ng::from_str(&text).unwrap_or_else(|e| panic!("{e}\n{text}"));
        let resources = back["Resources"].as_object().unwrap();
        assert!(!resources.is_empty() && resources.keys().all(|k| k.chars().all(|c| c.is_ascii_alphanumeric())), "{text}");
        assert!(text.contains("${aws:username}"), "no Fn::Sub is around it, so it stays as it is: {text}");
    }
}

#[test]
fn a_word_of_the_shell_is_one_word() {
    for text in [EVIL, "", "it's", "a\nb", "--force", "* ?"] {
        let output = std::process::Command::new("sh").arg("-c").arg(format!("printf '%s' {}", quoted(text))).output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), text);
    }
    for row in all() {
        for text in [script::apply(&[&row]), script::rollback(&[&row])].into_iter().flatten() {
            let mut child = std::process::Command::new("sh").arg("-n").stdin(std::process::Stdio::piped()).spawn().unwrap();
            std::io::Write::write_all(child.stdin.as_mut().unwrap(), text.as_bytes()).unwrap();
            drop(child.stdin.take());
            assert!(child.wait().unwrap().success(), "{text}");
        }
    }
}

#[test]
fn a_diff_does_not_leave_its_fence() {
    let mut hostile = row("inline", &["s3:GetObject"]);
    hostile.proposed[0].statements[0].sid = Some("````\n# heading".into());
    let text = diff::fenced(&hostile);
    assert!(text.starts_with("`````diff\n") && text.ends_with("`````\n\n"), "{text}");
    assert!(text.lines().any(|l| l.starts_with("-") && l.contains("s3:*")), "{text}");
}
