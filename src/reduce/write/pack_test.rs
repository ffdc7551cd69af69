//! Packing: limits are kept, order of the steps, nothing beyond the grant, and what does not fit says so.

use serde_json::json;

use super::super::ReduceSettings;
use super::super::known::Known;
use super::Ground;
use super::pack::{Packed, StepKind, pack};
use crate::policy::{ActionElement, Effect, PolicyDocument, parse_text, print};
use crate::reference::Reference;

fn parse(value: &serde_json::Value) -> PolicyDocument {
    parse_text(&value.to_string()).unwrap()
}

fn allow(actions: &serde_json::Value, resources: &serde_json::Value) -> PolicyDocument {
    parse(&json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": resources}]}))
}

fn packed(document: &PolicyDocument, current: Option<&PolicyDocument>, limit: usize, room: usize, known: &[String]) -> Packed {
    let settings = ReduceSettings::default();
    let ground = Ground::new(Reference::bundled().unwrap(), Known::new(known.iter().map(String::as_str)), &settings);
    let packed = pack(document, current, limit, room, &ground);
    if packed.fits {
        assert!(packed.documents.len() <= room && packed.documents.iter().all(|d| print::size(d) <= limit), "{:?}", packed.steps);
    }
    packed
}

fn kinds(packed: &Packed) -> Vec<StepKind> {
    packed.steps.iter().map(|s| s.kind).collect()
}

fn queues(n: usize) -> Vec<String> {
    (0..n).map(|n| format!("arn:aws:sqs:eu-west-1:111122223333:orders-{n:03}")).collect()
}

#[test]
fn what_fits_is_left_alone() {
    let document = allow(&json!("sqs:SendMessage"), &json!(queues(3)));
    let packed = packed(&document, None, 6144, 10, &[]);
    assert!(packed.fits && packed.steps.is_empty());
    assert_eq!(packed.documents, [document]);
}

#[test]
fn resources_collapse_within_the_budget_and_the_grant() {
    let document = allow(&json!("sqs:SendMessage"), &json!(queues(30)));
    let limit = 400;
    let open = packed(&document, None, limit, 1, &queues(200));
    assert!(open.fits);
    assert_eq!(kinds(&open), [StepKind::Resources]);
    assert_eq!((open.steps[0].pattern.as_deref(), open.steps[0].known_beyond), (Some("arn:aws:sqs:eu-west-1:111122223333:orders-*"), 170));
    let others: Vec<String> = (0..271).map(|n| format!("arn:aws:sqs:eu-west-1:111122223333:orders-x{n}")).collect();
    assert!(packed(&document, None, limit, 1, &others[1..]).fits, "nine others for each");
    assert!(!packed(&document, None, limit, 1, &others).fits, "one more than that");
    let granted = allow(&json!("sqs:*"), &json!(queues(40)));
    let closed = packed(&document, Some(&granted), limit, 1, &[]);
    assert!(!closed.fits && closed.needed.unwrap() > 1, "no pattern was granted");
    assert!(packed(&document, Some(&granted), limit, 10, &[]).fits, "but there is room for several policies");
}

#[test]
fn resources_of_dangerous_actions_never_collapse() {
    let roles: Vec<String> = (0..30).map(|n| format!("arn:aws:iam::111122223333:role/app-{n:02}")).collect();
    assert!(!packed(&allow(&json!("iam:PassRole"), &json!(roles)), None, 400, 1, &[]).fits);
    let buckets: Vec<String> = (0..30).map(|n| format!("arn:aws:s3:::acme-{n:02}")).collect();
    assert!(!packed(&allow(&json!("s3:ListBucket"), &json!(buckets)), None, 400, 1, &[]).fits, "buckets of that name may be anybody's");
}

#[test]
fn actions_collapse_to_wildcards_of_the_same() {
    let reference = Reference::bundled().unwrap();
    let names: Vec<&str> = reference.expand("ec2:Describe*").into_iter().map(|id| reference.name(id)).collect();
    let document = allow(&json!(names), &json!("*"));
    assert!(print::size(&document) > 2048);
    let granted = allow(&json!("ec2:*"), &json!("*"));
    let short = packed(&document, Some(&granted), 2048, 1, &[]);
    assert_eq!(kinds(&short), [StepKind::Actions]);
    assert_eq!(short.documents, [allow(&json!("ec2:Describe*"), &json!("*"))]);
    let narrow = allow(&json!(names), &json!("*"));
    assert!(!packed(&document, Some(&narrow), 2048, 1, &[]).fits, "no wildcard was granted");
}

#[test]
fn risky_actions_are_collapsed_last_and_only_if_so_granted() {
    let reference = Reference::bundled().unwrap();
    let names: Vec<&str> = reference.actions().map(|id| reference.name(id)).collect();
    let document = allow(&json!(names), &json!("*"));
    let granted = allow(&json!("*"), &json!("*"));
    let short = packed(&document, Some(&granted), 6144, 10, &[]);
    assert!(short.fits);
    assert!(kinds(&short).contains(&StepKind::RiskyActions), "{:?}", kinds(&short));
    let open = packed(&document, None, 6144, 10, &[]);
    assert!(!kinds(&open).contains(&StepKind::RiskyActions));
    assert!(!open.fits);
}

#[test]
fn a_split_keeps_every_permission_and_all_denies() {
    let names: Vec<String> = (0..400).map(|n| format!("unheard:Action{n:03}")).collect();
    let document = parse(&json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "A", "Effect": "Allow", "Action": names, "Resource": "*"},
        {"Sid": "No", "Effect": "Deny", "Action": "iam:*", "Resource": "*"},
    ]}));
    let parts = packed(&document, None, 6144, 10, &[]);
    assert!(parts.fits && parts.documents.len() == 2);
    assert_eq!(kinds(&parts), [StepKind::Split]);
    let listed = |d: &PolicyDocument| d.statements.iter().filter(|s| s.effect == Effect::Allow).map(|s| match &s.action {
        ActionElement::Action(list) => list.len(),
        ActionElement::NotAction(_) => 0,
    }).sum::<usize>();
    assert_eq!(parts.documents.iter().map(listed).sum::<usize>(), 400);
    assert_eq!(parts.documents.iter().flat_map(|d| &d.statements).filter(|s| s.effect == Effect::Deny).collect::<Vec<_>>(), [&document.statements[1]]);
    assert!(!packed(&document, None, 6144, 1, &[]).fits);
    assert_eq!(packed(&document, None, 6144, 1, &[]).needed, Some(2));
    assert_eq!(packed(&document, None, 100, 99, &[]).needed, None, "the Deny alone is too long");
}

#[test]
fn what_must_be_split_anyway_keeps_its_resources() {
    let names: Vec<String> = (0..400).map(|n| format!("unheard:Action{n:03}")).collect();
    let document = parse(&json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": names, "Resource": "*"},
        {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": queues(20)},
    ]}));
    let parts = packed(&document, None, 6144, 10, &[]);
    assert!(parts.fits && parts.documents.len() == 2);
    assert_eq!(kinds(&parts), [StepKind::Split]);
}
