//! Other people's policies, where the environment says they are (`TRAILTRIM_CORPORA`): those that AWS itself wrote have no
//! errors but what is listed here with its reason, and no trust policy that AWS once took has one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Level, Linter, PolicyType};
use crate::reference::Reference;

/// Errors of AWS's own policies: action, and why it is none of ours.
const EXPLAINED: &[(&str, &str)] = &[
    ("cloudhsm:ListHapgs", "CloudHSM Classic was withdrawn"),
    ("cloudhsm:ListHsms", "CloudHSM Classic was withdrawn"),
    ("cloudhsm:ListLunaClients", "CloudHSM Classic was withdrawn"),
    ("sso:DescribePermissionsPolicies", "withdrawn; permission sets have ListManagedPoliciesInPermissionSet"),
];

fn corpora() -> Option<PathBuf> {
    let found = std::env::var_os("TRAILTRIM_CORPORA").map(PathBuf::from);
    if found.is_none() {
        println!("TRAILTRIM_CORPORA is not set: nothing linted");
    }
    found
}

/// Distinct default documents of AWS managed policies in account authorization details.
fn aws_managed(folder: &Path) -> BTreeMap<String, String> {
    let mut documents = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "json") {
            continue;
        }
        let value: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        for policy in value["Policies"].as_array().into_iter().flatten() {
            let is_aws = policy["Arn"].as_str().is_some_and(|arn| arn.contains(":iam::aws:policy/"));
            for version in policy["PolicyVersionList"].as_array().into_iter().flatten().filter(|_| is_aws) {
                documents.insert(version["Document"].to_string(), policy["PolicyName"].to_string());
            }
        }
    }
    documents
}

#[test]
fn policies_of_aws_have_no_errors_but_known_ones() {
    let Some(corpora) = corpora() else { return };
    let linter = Linter::new(Reference::bundled().unwrap());
    let documents = aws_managed(&corpora.join("grants-gaad"));
    assert!(documents.len() > 30, "{}", documents.len());
    let mut used = BTreeSet::new();
    let mut wrong = Vec::new();
    for (document, name) in &documents {
        for finding in linter.lint_text(document, PolicyType::Identity).into_iter().filter(|f| f.level == Level::Error) {
            match EXPLAINED.iter().find(|(action, _)| finding.place.value.as_deref() == Some(action)) {
                Some((action, _)) => {
                    used.insert(*action);
                }
                None => wrong.push(format!("{name}: {finding:?}")),
            }
        }
    }
    println!("lint: {} AWS managed policies, {} errors explained", documents.len(), used.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(used.len(), EXPLAINED.len(), "an explanation is not needed: {used:?}");
}

#[test]
fn trust_policies_that_were_in_force_have_no_errors() {
    let Some(corpora) = corpora() else { return };
    let linter = Linter::new(Reference::bundled().unwrap());
    let text = std::fs::read_to_string(corpora.join("grants-recorded-policies/policies.ndjson")).unwrap();
    let (mut trust, mut errors) = (0, Vec::new());
    for line in text.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        if !row["field"].as_str().unwrap().ends_with("AssumeRolePolicyDocument") {
            continue;
        }
        trust += 1;
        errors.extend(linter.lint_value(&row["doc"], PolicyType::Trust).into_iter().filter(|f| matches!(f.level, Level::Error | Level::Unknown)));
    }
    println!("lint: {trust} recorded trust policies");
    assert!(trust > 20, "{trust}");
    assert_eq!(errors, []);
}
