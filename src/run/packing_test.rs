//! The proof that a packed policy says the same: what packing gives is proved, and a packed policy with more, or with
//! less, is not; over random documents.

use proptest::prelude::*;
use serde_json::json;

use std::sync::OnceLock;

use super::packing::check;
use crate::grants::OwnerKind;
use crate::policy::{ActionElement, PolicyDocument, ResourceElement, Statement, parse_text, print};
use crate::prove::{Containment, contained};
use crate::reduce::known::Known;
use crate::reduce::units::UnitName;
use crate::reduce::write::merge::Reach;
use crate::reduce::write::pack::{merged, pack};
use crate::reduce::write::{Ground, Step};
use crate::reduce::{Placement, Proposal, ReduceSettings, Status};
use crate::reference::Reference;

fn proposal(unpacked: &PolicyDocument, proposed: Vec<PolicyDocument>, packing: Vec<Step>, limit: usize) -> Proposal {
    Proposal {
        unit: UnitName {
            account: "111122223333".to_owned(),
            owner_kind: OwnerKind::Role,
            owner_name: "app".to_owned(),
            owner_arn: "arn:aws:iam::111122223333:role/app".to_owned(),
            policy_name: "p".to_owned(),
            policy_arn: None,
            placement: Placement::AwsManaged,
        },
        current: None,
        proposed,
        unpacked: Some(unpacked.clone()),
        packing,
        generalised: Vec::new(),
        suggestions: Vec::new(),
        detached: Vec::new(),
        replaces: Vec::new(),
        verdicts: Vec::new().into(),
        groups: Vec::new(),
        status: Status::Proposed,
        limit,
        members: Vec::new(),
    }
}

fn checked(unpacked: &PolicyDocument, proposed: Vec<PolicyDocument>, packing: Vec<Step>) -> Proposal {
    let mut list = [proposal(unpacked, proposed, packing, 0)];
    check(&mut list, &ground().types, Reference::bundled().unwrap());
    let [one] = list;
    one
}

/// Types and settings, prepared once.
fn ground() -> &'static Ground<'static> {
    static GROUND: OnceLock<Ground<'static>> = OnceLock::new();
    static SETTINGS: OnceLock<ReduceSettings> = OnceLock::new();
    GROUND.get_or_init(|| Ground::new(Reference::bundled().unwrap(), Known::default(), SETTINGS.get_or_init(ReduceSettings::default)))
}

fn document(statements: &serde_json::Value) -> PolicyDocument {
    parse_text(&json!({"Version": "2012-10-17", "Statement": statements}).to_string()).unwrap()
}

fn allow(actions: &[&str], resources: &[&str]) -> serde_json::Value {
    json!({"Effect": "Allow", "Action": actions, "Resource": resources})
}

#[test]
fn more_and_less_are_found() {
    let bucket = "arn:aws:s3:::data";
    let objects = "arn:aws:s3:::data/*";
    let unpacked = document(&json!([allow(&["s3:ListBucket"], &[bucket]), allow(&["s3:GetObject"], &[objects])]));
    let proved = |statements: serde_json::Value| checked(&unpacked, vec![document(&statements)], Vec::new()).status == Status::Proposed;
    assert!(proved(json!([allow(&["s3:GetObject", "s3:ListBucket"], &[bucket, objects])])), "no object is a bucket");
    assert!(!proved(json!([allow(&["s3:GetObject", "s3:ListBucket", "s3:PutObject"], &[bucket, objects])])), "one action more");
    assert!(!proved(json!([allow(&["s3:GetObject", "s3:ListBucket"], &["arn:aws:s3:::*"])])), "other buckets");
    assert!(!proved(json!([allow(&["s3:GetObject"], &[objects])])), "one action less");
    assert!(!proved(json!([allow(&["s3:GetObject", "s3:ListBucket"], &[bucket])])), "no objects");
    assert!(!proved(json!([allow(&["s3:GetObject*", "s3:ListBucket"], &[bucket, objects])])), "a wildcard for more than there was");
}

#[test]
fn what_is_not_proved_goes_back_to_what_it_was_if_that_fits() {
    let unpacked = document(&json!([allow(&["s3:GetObject"], &["arn:aws:s3:::data/*"])]));
    let wrong = document(&json!([allow(&["s3:*"], &["*"])]));
    let mut list = [proposal(&unpacked, vec![wrong.clone()], Vec::new(), 6144), proposal(&unpacked, vec![wrong], Vec::new(), 20)];
    check(&mut list, &ground().types, Reference::bundled().unwrap());
    assert_eq!((&list[0].status, &list[0].proposed), (&Status::Proposed, &vec![unpacked]));
    assert!(matches!(&list[1].status, Status::Defect(why) if why.contains("allows more")), "{:?}", list[1].status);
}

/// Actions with the resources that a policy of use would name for them.
const GRANTS: &[(&str, &str)] = &[
    ("s3:GetObject", "arn:aws:s3:::data-{n}/in/*"),
    ("s3:PutObject", "arn:aws:s3:::data-{n}/in/*"),
    ("s3:ListBucket", "arn:aws:s3:::data-{n}"),
    ("sqs:SendMessage", "arn:aws:sqs:eu-west-1:111122223333:orders-{n}"),
    ("sqs:ReceiveMessage", "arn:aws:sqs:eu-west-1:111122223333:orders-{n}"),
    ("dynamodb:Query", "arn:aws:dynamodb:eu-west-1:111122223333:table/t-{n}"),
    ("dynamodb:Query", "arn:aws:dynamodb:eu-west-1:111122223333:table/t-{n}/index/*"),
    ("ec2:StopInstances", "arn:aws:ec2:eu-west-1:111122223333:instance/i-{n}"),
    ("ec2:DescribeInstances", "*"),
    ("ec2:DescribeVolumes", "*"),
    ("iam:PassRole", "arn:aws:iam::111122223333:role/app-{n}"),
    ("ssm:SendCommand", "arn:aws:ssm:eu-west-1:111122223333:document/d-{n}"),
];

fn documents() -> impl Strategy<Value = PolicyDocument> {
    let cell = (0..GRANTS.len(), 0..12usize);
    let statement = prop::collection::vec(cell, 1..8);
    prop::collection::vec(statement, 1..12).prop_map(|statements| {
        let list: Vec<serde_json::Value> = statements
            .iter()
            .map(|cells| {
                // One statement's actions share its resources, as in a policy.
                let actions: Vec<&str> = cells.iter().filter_map(|(g, _)| GRANTS.get(*g)).map(|(a, _)| *a).collect();
                let resources: Vec<String> =
                    cells.iter().filter_map(|(g, n)| GRANTS.get(*g).map(|(_, r)| r.replace("{n}", &n.to_string()))).collect();
                allow(&actions, &resources.iter().map(String::as_str).collect::<Vec<_>>())
            })
            .collect();
        document(&json!(list))
    })
}

/// A statement's actions on its resources, one by one, those that a request can be about.
fn cells(statement: &Statement) -> Vec<PolicyDocument> {
    let (ActionElement::Action(actions), Some(ResourceElement::Resource(resources))) = (&statement.action, &statement.resource) else { return Vec::new() };
    let reference = Reference::bundled().unwrap();
    let may = |action: &str, resource: &str| reference.find(action).is_none_or(|id| ground().types.may_match(id, resource, reference));
    let pairs = actions.iter().flat_map(|a| resources.iter().map(move |r| (a, r)));
    pairs.filter(|(a, r)| may(a, r)).map(|(a, r)| document(&json!([allow(&[a], &[r])]))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn packing_is_proved_and_what_is_added_after_is_not(unpacked in documents(), limit in 150usize..3000, room in 1usize..4, granted in any::<bool>()) {
        let current = granted.then(|| unpacked.clone());
        let packed = pack(&unpacked, current.as_ref(), limit, room, ground());
        if packed.fits {
            prop_assert!(packed.documents.len() <= room);
            prop_assert!(packed.documents.iter().all(|d| print::size(d) <= limit));
        }
        if let Some(current) = &current {
            let inside = contained(&packed.documents.iter().collect::<Vec<_>>(), &[current]);
            prop_assert_eq!(inside, Containment::Contained);
        }
        let one = checked(&unpacked, packed.documents.clone(), packed.steps.clone());
        prop_assert_eq!(&one.status, &Status::Proposed);
        // One permission more, or one less, is found.
        let mut more = packed.documents.clone();
        if let Some(first) = more.first_mut() {
            first.statements.extend(document(&json!([allow(&["s3:DeleteObject"], &["arn:aws:s3:::elsewhere/*"])])).statements);
        }
        prop_assert!(matches!(checked(&unpacked, more, packed.steps.clone()).status, Status::Defect(_)));
        let mut less = packed.documents.clone();
        if let Some(first) = less.first_mut() {
            let gone = first.statements.remove(0);
            // Another statement may grant the same, or the first may have granted nothing that can be asked for.
            let still = cells(&gone).into_iter().all(|cell| contained(&[&cell], &less.iter().collect::<Vec<_>>()) == Containment::Contained);
            let status = checked(&unpacked, less, packed.steps.clone()).status;
            prop_assert!(still || matches!(status, Status::Defect(_)) , "{status:?}");
        }
    }

    #[test]
    fn merging_is_proved(unpacked in documents()) {
        for reach in [Reach::Same, Reach::Service, Reach::All] {
            let merged = merged(&unpacked, None, reach, ground());
            prop_assert_eq!(checked(&unpacked, vec![merged], Vec::new()).status, Status::Proposed);
        }
    }
}
