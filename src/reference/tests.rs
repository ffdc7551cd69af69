//! The bundled reference, and how bundles are read and chosen.

use std::path::Path;

use super::*;

#[test]
fn the_bundle_loads_and_expands() {
    let reference = Reference::bundled().unwrap();
    assert!(reference.len() > 20_000);
    let reads = reference.expand("s3:Get*");
    assert!(reads.contains(&reference.find("S3:getobject").unwrap()));
    assert!(!reads.contains(&reference.find("s3:PutObject").unwrap()));
    assert_eq!(reference.expand("*").len(), reference.len());
    assert!(reference.expand("nosuchservice:*").is_empty());
}

#[test]
fn both_generations_of_api_gateway_are_kept() {
    let reference = Reference::bundled().unwrap();
    let uris = |operation| reference.api_gateway_routes(operation).iter().map(|r| (r.generation, r.uri.as_str())).collect::<Vec<_>>();
    assert_eq!(
        uris("CreateDeployment"),
        [(ApiGeneration::V1, "/restapis/{restapi_id}/deployments"), (ApiGeneration::V2, "/v2/apis/{apiId}/deployments")]
    );
    assert_eq!(uris("GetRestApi"), [(ApiGeneration::V1, "/restapis/{restapi_id}")]);
    assert_eq!(uris("GetApi"), [(ApiGeneration::V2, "/v2/apis/{apiId}")]);
    assert!(uris("NoSuchOperation").is_empty());
}

#[test]
fn an_operation_is_known_with_and_without_an_action_of_its_name() {
    let reference = Reference::bundled().unwrap();
    assert!(reference.is_operation("s3", "ListBuckets") && reference.find_in("s3", "ListBuckets").is_none());
    assert!(reference.is_operation("ec2", "describeinstances"));
    assert!(!reference.is_operation("iam", "PassRole"), "an action without an operation");
    assert!(!reference.is_operation("ec2", "ListBuckets"));
}

#[test]
fn a_bundle_of_another_format_is_told_by_its_number() {
    let old = zstd::encode_all(br#"{"format":1,"date":"","sources":[],"services":[],"api_gateway":[["Op","GET","/"]]}"#.as_slice(), 3).unwrap();
    assert!(matches!(Reference::load(&old), Err(ReferenceError::Format(1))));
    let broken = zstd::encode_all(br#"{"format":2,"date":1}"#.as_slice(), 3).unwrap();
    assert!(matches!(Reference::load(&broken), Err(ReferenceError::Json(_))));
}

#[test]
fn choosing_names_the_file_and_comes_before_first_use() {
    let missing = Reference::choose(Path::new("no/such.zst")).err().unwrap().to_string();
    assert!(missing.contains("no/such.zst"), "{missing}");
    let no_bundle = Reference::choose(Path::new("Cargo.toml")).err().unwrap().to_string();
    assert!(no_bundle.contains("Cargo.toml"), "{no_bundle}");
    Reference::bundled().unwrap();
    let late = Reference::choose(Path::new("src/reference/data/iam-reference.json.zst")).err().unwrap();
    assert!(matches!(late, ReferenceError::TooLate { .. }), "{late}");
}

#[test]
fn the_reviewed_data_fit_the_built_in_bundle() {
    assert!(Reference::bundled().unwrap().skipped_rows().is_empty());
}

#[test]
fn every_class_of_observability_occurs() {
    let reference = Reference::bundled().unwrap();
    let class = |name: &str| reference.action(reference.find(name).unwrap()).unwrap().observability;
    assert_eq!(class("ec2:DescribeInstances"), Observability::Management);
    assert_eq!(class("s3:GetObject"), Observability::Data);
    assert_eq!(class("iam:PassRole"), Observability::Derived);
    assert_eq!(class("execute-api:Invoke"), Observability::Never);
    assert_eq!(class("s3:ListAllMyBuckets"), Observability::Management);
}

#[test]
fn another_services_operation_is_foreign() {
    let reference = Reference::bundled().unwrap();
    assert!(reference.is_foreign("ec2.amazonaws.com", "PutBucketLogging"));
    for (source, event) in [("ec2", "TagResource"), ("ec2", "CreateNothingKnown"), ("ec2", "RunInstances"), ("nosuch", "PutBucketLogging")] {
        assert!(!reference.is_foreign(source, event), "{source} {event}");
    }
}
