//! Merging keeps the meaning: every action on every resource is decided as before, for cases by hand and random ones.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use proptest::prelude::*;

use super::super::ReduceSettings;
use super::super::known::Known;
use super::Ground;
use super::merge::Reach;
use super::pack::merged;
use crate::aws::arn_matches;
use crate::policy::{Effect, PolicyDocument, ResourceElement, parse_text};
use crate::reference::Reference;

const BUCKET: &str = "arn:aws:s3:::data";
const OBJECTS: &str = "arn:aws:s3:::data/*";

/// Actions with a resource of each type that they can be asked on.
const CALLS: &[(&str, &[&str])] = &[
    ("s3:GetObject", &["arn:aws:s3:::data/in/x", "arn:aws:s3:::other/x"]),
    ("s3:PutObject", &["arn:aws:s3:::data/in/x", "arn:aws:s3:::other/x"]),
    ("s3:ListBucket", &["arn:aws:s3:::data", "arn:aws:s3:::other"]),
    ("s3:ListAllMyBuckets", &["*"]),
    ("sqs:SendMessage", &["arn:aws:sqs:eu-west-1:111122223333:q", "arn:aws:sqs:eu-west-1:111122223333:r"]),
    ("sqs:ReceiveMessage", &["arn:aws:sqs:eu-west-1:111122223333:q", "arn:aws:sqs:eu-west-1:111122223333:r"]),
    ("dynamodb:Query", &["arn:aws:dynamodb:eu-west-1:111122223333:table/t", "arn:aws:dynamodb:eu-west-1:111122223333:table/t/index/i"]),
    ("dynamodb:GetItem", &["arn:aws:dynamodb:eu-west-1:111122223333:table/t"]),
    ("ec2:DescribeInstances", &["*"]),
];

const PATTERNS: &[&str] = &[
    "*",
    BUCKET,
    OBJECTS,
    "arn:aws:s3:::data/in/*",
    "arn:aws:s3:::*",
    "arn:aws:s3:::other",
    "arn:aws:sqs:eu-west-1:111122223333:q",
    "arn:aws:sqs:eu-west-1:111122223333:*",
    "arn:aws:dynamodb:eu-west-1:111122223333:table/t",
    "arn:aws:dynamodb:eu-west-1:111122223333:table/t/index/*",
];

fn document(statements: &[(Vec<&str>, Vec<&str>, u8)]) -> PolicyDocument {
    let list: Vec<serde_json::Value> = statements
        .iter()
        .map(|(actions, resources, condition)| {
            let mut s = serde_json::json!({"Effect": "Allow", "Action": actions, "Resource": resources});
            if *condition > 0 {
                s["Condition"] = serde_json::json!({"StringEquals": {"aws:PrincipalTag/team": format!("t{condition}")}});
            }
            s
        })
        .collect();
    parse_text(&serde_json::json!({"Version": "2012-10-17", "Statement": list}).to_string()).unwrap()
}

/// Under which conditions each call is allowed.
fn meaning(document: &PolicyDocument) -> BTreeSet<(String, String, String)> {
    let mut out = BTreeSet::new();
    for (action, resources) in CALLS {
        for resource in *resources {
            for s in &document.statements {
                let matches = matches!(&s.resource, Some(ResourceElement::Resource(list)) if list.iter().any(|p| arn_matches(p, resource)));
                if s.effect == Effect::Allow && s.action.contains(action) && matches {
                    out.insert(((*action).to_owned(), (*resource).to_owned(), format!("{:?}", s.conditions)));
                }
            }
        }
    }
    out
}

fn with_ground<T>(ask: impl FnOnce(&Ground<'_>) -> T) -> T {
    static GROUND: OnceLock<Ground<'static>> = OnceLock::new();
    static SETTINGS: OnceLock<ReduceSettings> = OnceLock::new();
    ask(GROUND.get_or_init(|| Ground::new(Reference::bundled().unwrap(), Known::default(), SETTINGS.get_or_init(ReduceSettings::default))))
}

fn counts(statements: &[(Vec<&str>, Vec<&str>, u8)]) -> [usize; 3] {
    with_ground(|ground| [Reach::Same, Reach::Service, Reach::All].map(|reach| merged(&document(statements), None, reach, ground).statements.len()))
}

#[test]
fn what_may_be_one_statement() {
    assert_eq!(counts(&[(vec!["s3:GetObject"], vec![OBJECTS], 0), (vec!["s3:PutObject"], vec![OBJECTS], 0)]), [1, 1, 1], "the same resources");
    assert_eq!(counts(&[(vec!["sqs:SendMessage"], vec![PATTERNS[6]], 0), (vec!["sqs:SendMessage"], vec![PATTERNS[7]], 0)]), [1, 1, 1], "the same actions");
    assert_eq!(counts(&[(vec!["s3:ListBucket"], vec![BUCKET], 0), (vec!["s3:GetObject"], vec![OBJECTS], 0)]), [2, 1, 1], "a bucket and its objects");
    assert_eq!(counts(&[(vec!["s3:GetObject"], vec![OBJECTS], 0), (vec!["sqs:SendMessage"], vec![PATTERNS[6]], 0)]), [2, 2, 1], "two services");
}

#[test]
fn what_may_not() {
    assert_eq!(counts(&[(vec!["sqs:SendMessage"], vec!["arn:aws:sqs:eu-west-1:111122223333:q"], 0), (vec!["sqs:ReceiveMessage"], vec!["arn:aws:sqs:eu-west-1:111122223333:r"], 0)]), [2, 2, 2], "two queues");
    assert_eq!(counts(&[(vec!["s3:GetObject"], vec![OBJECTS], 0), (vec!["s3:GetObject"], vec![OBJECTS], 1)]), [2, 2, 2], "other conditions");
    assert_eq!(counts(&[(vec!["ec2:DescribeInstances"], vec!["*"], 0), (vec!["s3:GetObject"], vec![OBJECTS], 0)]), [2, 2, 2], "`*` is every resource");
    assert_eq!(counts(&[(vec!["s3:List*"], vec![BUCKET], 0), (vec!["s3:GetObject"], vec![OBJECTS], 0)]), [2, 2, 2], "a wildcard may stand for anything");
    assert_eq!(counts(&[(vec!["sqs:Unheard"], vec![PATTERNS[6]], 0), (vec!["sqs:SendMessage"], vec![PATTERNS[7]], 0)]), [2, 2, 2], "nothing is known of the action");
    assert_eq!(counts(&[(vec!["s3:GetObject"], vec!["arn:aws:s3:::data/${aws:username}/*"], 0), (vec!["s3:ListBucket"], vec![BUCKET], 0)]), [2, 2, 2], "a variable may be anything");
}

#[test]
fn nothing_is_merged_beyond_what_was_granted() {
    let granted = document(&[(vec!["s3:ListBucket"], vec![BUCKET], 0), (vec!["s3:GetObject"], vec![OBJECTS], 0)]);
    with_ground(|ground| {
        assert_eq!(merged(&granted, Some(&granted), Reach::All, ground).statements.len(), 2, "as text it would be more");
        let wide = document(&[(vec!["s3:*"], vec![BUCKET, OBJECTS], 0)]);
        assert_eq!(merged(&granted, Some(&wide), Reach::All, ground).statements.len(), 1);
    });
}

fn statements() -> impl Strategy<Value = Vec<(Vec<&'static str>, Vec<&'static str>, u8)>> {
    let actions: Vec<&str> = CALLS.iter().map(|(a, _)| *a).collect();
    let one = (prop::sample::subsequence(actions, 1..4), prop::sample::subsequence(PATTERNS.to_vec(), 1..4), 0u8..2);
    prop::collection::vec(one, 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn random_documents_keep_their_meaning(statements in statements()) {
        let before = document(&statements);
        with_ground(|ground| {
            for reach in [Reach::Same, Reach::Service, Reach::All] {
                let after = merged(&before, None, reach, ground);
                prop_assert_eq!(meaning(&before), meaning(&after));
                prop_assert!(after.statements.len() <= before.statements.len());
                prop_assert_eq!(&merged(&after, None, reach, ground), &after, "merging twice changes nothing");
            }
            Ok(())
        })?;
    }
}
