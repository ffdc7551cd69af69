//! Selectors as the CLI prints them: basic, advanced, exclusions, and what is wrong in them.

use serde_json::{Value, json};

use super::selector_fields::{Fields, selectors};
use super::selectors::{Selectors, Take};

fn read(value: &Value) -> (Selectors, Vec<String>) {
    let mut fields = Fields::new("f.json");
    let selectors = selectors(value.as_object().unwrap(), &mut fields);
    (selectors, fields.problems.into_iter().map(|p| p.pointer).collect())
}

fn basic_of(more: Value) -> Selectors {
    let mut one = json!({"ReadWriteType": "All", "IncludeManagementEvents": true, "DataResources": [], "ExcludeManagementEventSources": []});
    for (key, value) in more.as_object().unwrap() {
        one[key] = value.clone();
    }
    let (selectors, problems) = read(&json!({"EventSelectors": [one]}));
    assert!(problems.is_empty(), "{problems:?}");
    selectors
}

fn advanced_of(conditions: Value) -> Selectors {
    let (selectors, problems) = read(&json!({"AdvancedEventSelectors": [{"Name": "n", "FieldSelectors": conditions}]}));
    assert!(problems.is_empty(), "{problems:?}");
    selectors
}

#[test]
fn basic_selectors() {
    let s3 = |s: &Selectors, p: &str| s.data("AWS::S3::Object", p);
    let all = basic_of(json!({"DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}, {"Type": "AWS::Lambda::Function", "Values": ["arn:aws:lambda"]}]}));
    assert_eq!((s3(&all, "*"), all.data("AWS::Lambda::Function", "*"), all.management(true, None)), (Take::Whole, Take::Whole, Take::Whole));
    let some = basic_of(json!({"DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::b/", "arn:aws:s3:::c/x", "arn:aws:s3:::d"]}]}));
    assert_eq!(s3(&some, "arn:aws:s3:::b/*"), Take::Whole);
    assert_eq!(s3(&some, "arn:aws:s3:::c/*"), Take::Part);
    assert_eq!(s3(&some, "arn:aws:s3:::dd/*"), Take::None);
    let reads = basic_of(json!({"ReadWriteType": "ReadOnly", "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::"]}]}));
    assert_eq!((reads.management(true, None), reads.management(false, None), s3(&reads, "*")), (Take::Whole, Take::None, Take::Part));
    let none = basic_of(json!({"IncludeManagementEvents": false, "DataResources": [{"Type": "AWS::S3::Object", "Values": []}]}));
    assert_eq!((none.management(true, None), s3(&none, "*")), (Take::None, Take::None));
}

#[test]
fn basic_exclusions() {
    let kms = basic_of(json!({"ExcludeManagementEventSources": ["kms.amazonaws.com", "rdsdata.amazonaws.com"]}));
    assert_eq!(kms.management(true, Some("kms")), Take::None);
    assert_eq!(kms.management(true, Some("ec2")), Take::Whole);
    let other = basic_of(json!({"ExcludeManagementEventSources": ["new.amazonaws.com"]}));
    assert_eq!(other.management(true, Some("ec2")), Take::Part, "an exclusion that is not understood narrows all");
}

#[test]
fn advanced_selectors() {
    let category = |c: &str| json!({"Field": "eventCategory", "Equals": [c]});
    let kind = json!({"Field": "resources.type", "Equals": ["AWS::S3::Object"]});
    let s3 = |more: Value, pattern: &str| advanced_of(json!([category("Data"), kind, more])).data("AWS::S3::Object", pattern);
    assert_eq!(advanced_of(json!([category("Data"), kind])).data("AWS::S3::Object", "*"), Take::Whole);
    assert_eq!(s3(json!({"Field": "resources.ARN", "StartsWith": ["arn:aws:s3:::b/"], "Equals": []}), "arn:aws:s3:::b/k/*"), Take::Whole);
    assert_eq!(s3(json!({"Field": "resources.ARN", "StartsWith": ["arn:aws:s3:::"]}), "*"), Take::Whole);
    assert_eq!(s3(json!({"Field": "resources.ARN", "NotStartsWith": ["arn:aws:s3:::b/"]}), "arn:aws:s3:::b/*"), Take::None);
    assert_eq!(s3(json!({"Field": "resources.ARN", "NotEndsWith": [".log"]}), "arn:aws:s3:::b/*"), Take::Part);
    for field in ["eventName", "userIdentity.arn", "sessionCredentialFromConsole", "eventSource", "somethingNew"] {
        assert_eq!(s3(json!({"Field": field, "NotEquals": ["x"]}), "*"), Take::Part, "{field}");
    }
    assert_eq!(s3(json!({"Field": "readOnly", "Equals": ["true"]}), "*"), Take::Part);
    let management = advanced_of(json!([category("Management"), {"Field": "eventSource", "NotEquals": ["kms.amazonaws.com"]}, {"Field": "readOnly", "Equals": ["false"]}]));
    assert_eq!(management.management(false, Some("iam")), Take::Whole);
    assert_eq!(management.management(false, Some("kms")), Take::None);
    assert_eq!(management.management(true, Some("iam")), Take::None);
    assert_eq!(advanced_of(json!([category("NetworkActivity")])), Selectors::default());
}

#[test]
fn wrong_fields_are_named_and_take_less() {
    let (selectors, problems) = read(&json!({"EventSelectors": [
        {"ReadWriteType": "Both", "IncludeManagementEvents": "true", "DataResources": [{"Type": "AWS::S3::Object", "Values": [1]}, 2]},
        {"ReadWriteType": "All", "IncludeManagementEvents": true, "OnlyOnMondays": true}]}));
    assert_eq!(problems, [
        "/EventSelectors/0/ReadWriteType", "/EventSelectors/0/IncludeManagementEvents", "/EventSelectors/0/DataResources/0/Values",
        "/EventSelectors/0/DataResources/1", "/EventSelectors/1/OnlyOnMondays"]);
    assert_eq!(selectors.management(true, None), Take::Part);
    let (selectors, problems) = read(&json!({"AdvancedEventSelectors": [
        {"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Data"]}]}, {"FieldSelectors": []}, {"FieldSelectors": "x"},
        {"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}, {"Field": "readOnly", "Contains": ["x"]}]}]}));
    assert_eq!(problems.len(), 5, "{problems:?}");
    assert_eq!(selectors.management(true, None), Take::Part);
}
