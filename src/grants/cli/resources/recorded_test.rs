//! Policies of recorded API answers, in place (`TRAILTRIM_CORPORA`): each is loaded in the encoding in which it was answered,
//! and what is refused is refused for a reason that AWS would have, too.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::grants::{Known, load};

/// An output with the document where the API had it: `data.policy.document` → `{"policy": {"document": …}}`. Lists have one
/// item, which is given the ARN by its own field.
fn output(api: &str, field: &str, document: Value, arn: &str) -> Value {
    // The key of a map may have dots of its own, but none of these has.
    let mut parts: Vec<&str> = field.split('.').skip(1).collect();
    let mut value = document;
    while let Some(part) = parts.pop() {
        let is_list = matches!(part, "VpcEndpoints" | "EventBuses" | "DomainStatusList" | "destinations" | "resourcePolicies");
        if is_list {
            if let Value::Object(item) = &mut value {
                let own = match part {
                    "VpcEndpoints" => "VpcEndpointId",
                    "EventBuses" => "Arn",
                    "DomainStatusList" => "ARN",
                    "destinations" => "arn",
                    _ => "policyName",
                };
                item.insert(own.to_owned(), json!(arn));
                item.insert("destinationName".to_owned(), json!("d"));
            }
            value = json!([value]);
        }
        value = json!({ part: value });
    }
    // A write answers with one item where a read answers with a list.
    if api == "logs.PutResourcePolicy" {
        let item = value["resourcePolicy"].clone();
        value = json!({"resourcePolicies": [item]});
    }
    value
}

fn encoded(encoding: &str, document: &Value) -> Value {
    match encoding {
        "object" => document.clone(),
        "url-encoded string" => json!(percent_encoding::utf8_percent_encode(&document.to_string(), percent_encoding::NON_ALPHANUMERIC).to_string()),
        _ => json!(document.to_string()),
    }
}

#[test]
fn recorded_policies_load() {
    let Some(corpora) = std::env::var_os("TRAILTRIM_CORPORA") else {
        println!("TRAILTRIM_CORPORA is not set: recorded policies not read");
        return;
    };
    let text = std::fs::read_to_string(PathBuf::from(corpora).join("grants-recorded-policies/policies.ndjson")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut expected: BTreeMap<String, (String, bool)> = BTreeMap::new();
    let mut skipped: BTreeMap<String, usize> = BTreeMap::new();
    for (at, line) in text.lines().enumerate() {
        let line: Value = serde_json::from_str(line).unwrap();
        let (api, field, encoding) = (line["api"].as_str().unwrap(), line["field"].as_str().unwrap(), line["encoding"].as_str().unwrap());
        let service = match api.split('.').next().unwrap() {
            "iam" => {
                // Policies of identities and roles come with the authorization details; their documents read all the same.
                let document = crate::policy::parse_document(&line["doc"]);
                assert!(document.is_ok(), "{api}: {document:?}");
                *skipped.entry(api.to_owned()).or_default() += 1;
                continue;
            }
            "api" => "ecr",
            "s3-control" => "s3",
            "email" => "ses",
            "controlplane" => "payment-cryptography",
            "models-v2-lex" => "lex",
            other => other,
        };
        let resource = match service {
            "events" => "event-bus/",
            "logs" => "destination:",
            _ => "thing/",
        };
        let arn = if api == "s3.GetBucketPolicy" { format!("arn:aws:s3:::bucket-{at}") } else { format!("arn:aws:{service}:eu-west-1:{}:{resource}t{at}", 111_122_220_000 + at) };
        let is_endpoint = field.contains("VpcEndpoints");
        let subject = if is_endpoint { format!("vpce-{at}") } else { arn.clone() };
        let value = output(api, field, encoded(encoding, &line["doc"]), &subject);
        let wrapped = json!({"resourceArn": arn, "call": api, "output": value});
        std::fs::write(folder.path().join(format!("{at:03}.json")), wrapped.to_string()).unwrap();
        expected.insert(format!("{at:03}.json"), (if api.starts_with("logs.") && field.contains("esourcePolic") { format!("arn:aws:logs:eu-west-1:{}:log-group:*", 111_122_220_000 + at) } else { subject }, is_endpoint));
    }
    let grants = load(&[folder.path().to_path_buf()]).unwrap();
    let (mut loaded, mut refused, mut absent, mut lost) = (0, BTreeMap::<String, usize>::new(), 0, Vec::new());
    for (file, (subject, is_endpoint)) in &expected {
        let resources = &grants.resources;
        let found = if *is_endpoint {
            resources.vpc_endpoints.get(subject).map_or_else(Known::default, |e| e.policy.as_ref().map(|p| vec![p]))
        } else {
            let resource = resources.by_arn.get(subject);
            resource.map_or_else(Known::default, |r| if r.shared.present().is_some() { r.shared.as_ref() } else { r.policy.as_ref() }.map(|list| list.iter().collect()))
        };
        match found {
            Known::Present(list) => match &list[0].document {
                Ok(_) => loaded += 1,
                Err(e) => *refused.entry(e.to_string()).or_default() += 1,
            },
            Known::Absent => absent += 1,
            Known::Unknown(why) => lost.push(format!("{file} {subject}: {why}")),
        }
    }
    println!("{} recorded policies: {loaded} loaded, {absent} empty, refused {refused:?}; of identities, read as well: {skipped:?}", expected.len());
    assert!(lost.is_empty(), "{lost:?} {:?}", grants.ignored);
    assert_eq!(grants.problems.len(), refused.values().sum::<usize>(), "{:?}", grants.problems);
    // A policy made for a test: the grammar knows `"*"` and objects only (IAM user guide, grammar of the policy language).
    assert_eq!(refused, [("policy field `/Statement/1/Principal`: neither \"*\" nor an object of principals".to_owned(), 1)].into());
}
