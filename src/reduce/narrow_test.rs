//! Narrowing over random resources and grants: what was used stays, nothing comes in that was not granted, doing it
//! twice changes nothing, and the order of what was seen says nothing.

use std::sync::OnceLock;

use proptest::prelude::*;

use super::ReduceSettings;
use super::known::Known;
use super::narrow::{Seen, kept, smaller};
use super::write::Ground;
use crate::aws::{arn_covers, arn_matches};
use crate::reference::Reference;

fn ground() -> &'static Ground<'static> {
    static GROUND: OnceLock<Ground<'static>> = OnceLock::new();
    static SETTINGS: OnceLock<ReduceSettings> = OnceLock::new();
    static ARNS: OnceLock<Vec<String>> = OnceLock::new();
    let known = ARNS.get_or_init(|| (0..60).map(|n| format!("arn:aws:ec2:eu-west-1:111122223333:instance/i-{n:08x}")).collect());
    GROUND.get_or_init(|| {
        Ground::new(Reference::bundled().unwrap(), Known::new(known.iter().map(String::as_str)), SETTINGS.get_or_init(ReduceSettings::default))
    })
}

/// Actions with the beginning of an ARN of theirs, and words that may follow it.
const ACTIONS: &[(&str, &[&str])] = &[
    ("s3:GetObject", &["arn:aws:s3:::data/", "arn:aws:s3:::logs/2026/"]),
    ("sqs:SendMessage", &["arn:aws:sqs:eu-west-1:111122223333:", "arn:aws:sqs:eu-west-2:111122223333:"]),
    ("ec2:StopInstances", &["arn:aws:ec2:eu-west-1:111122223333:instance/"]),
    ("ssm:SendCommand", &["arn:aws:ssm:eu-west-1:111122223333:document/", "arn:aws:ec2:eu-west-1:111122223333:instance/"]),
    ("dynamodb:Query", &["arn:aws:dynamodb:eu-west-1:111122223333:table/", "arn:aws:dynamodb:eu-west-1:111122223333:table/t/index/"]),
    ("iam:PassRole", &["arn:aws:iam::111122223333:role/"]),
];

const WORDS: &[&str] = &["in/a", "in/b", "x", "y", "orders", "i-00000001", "i-00000002", "i-00000003", "20261101/k", "20261102/k", "20261103/k", "${x}/y"];

fn cases() -> impl Strategy<Value = (&'static str, Vec<String>, Vec<String>)> {
    (0..ACTIONS.len()).prop_flat_map(|at| {
        let (action, heads) = ACTIONS[at];
        let seen = prop::collection::vec((prop::sample::select(heads), prop::sample::select(WORDS)).prop_map(|(h, w)| format!("{h}{w}")), 1..12);
        let pattern = prop_oneof![
            Just("*".to_owned()),
            prop::sample::select(heads).prop_map(|h| format!("{h}*")),
            prop::sample::select(heads).prop_map(|h| format!("{h}*1")),
            (prop::sample::select(heads), prop::sample::select(WORDS)).prop_map(|(h, w)| format!("{h}{w}")),
            Just("arn:aws:*:eu-west-1:111122223333:*".to_owned()),
            Just("arn:aws:s3:::data/in/?".to_owned()),
        ];
        (Just(action), seen, prop::collection::vec(pattern, 1..4))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn what_was_used_stays_and_nothing_comes_in((action, arns, patterns) in cases()) {
        let ground = ground();
        let id = ground.reference.find(action).unwrap();
        let seen: Vec<Seen<'_>> = arns.iter().map(|arn| Seen { arn, created: false }).collect();
        let narrowed = kept(id, &seen, &patterns, ground);
        for one in &narrowed {
            prop_assert!(patterns.iter().any(|p| p == one || arn_covers(p, one)), "{one} is in none of {patterns:?}");
        }
        for one in &seen {
            let granted = patterns.iter().any(|p| !p.contains("${") && arn_matches(p, one.arn));
            prop_assert!(!granted || narrowed.iter().any(|p| arn_matches(p, one.arn)), "{} is lost from {narrowed:?}", one.arn);
        }
        prop_assert_eq!(&kept(id, &seen, &narrowed, ground), &narrowed, "twice");
        prop_assert_eq!(smaller(id, &seen, &narrowed, ground), None);
        let backwards: Vec<Seen<'_>> = seen.iter().rev().copied().collect();
        let turned: Vec<String> = patterns.iter().rev().cloned().collect();
        prop_assert_eq!(&kept(id, &backwards, &turned, ground), &narrowed, "order");
    }
}
