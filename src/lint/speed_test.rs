//! The linter is fast enough to look at every proposal of a night.

use std::fmt::Write as _;
use std::time::Instant;

use super::{Linter, PolicyType};
use crate::reference::Reference;

/// Ten thousand documents of the size that proposals have, on one thread, unoptimised: a wide margin over what is asked of the
/// optimised program, which takes 0.2 s for them.
#[test]
fn ten_thousand_documents() {
    let linter = Linter::new(Reference::bundled().unwrap());
    let documents: Vec<String> = (0..10_000)
        .map(|n| {
            let mut statements = String::new();
            for (sid, actions, resource) in [
                ("A", r#"["s3:GetObject","s3:PutObject","s3:Get*Acl"]"#, format!("arn:aws:s3:::bucket-{n}/in/*")),
                ("B", r#"["ec2:DescribeInstances","ec2:DescribeVpcs"]"#, "*".to_owned()),
                ("C", r#"["dynamodb:GetItem","dynamodb:Query"]"#, format!("arn:aws:dynamodb:eu-west-1:111122223333:table/t{n}")),
                ("D", r#""kms:Decrypt""#, format!("arn:aws:kms:eu-west-1:111122223333:key/{n}")),
            ] {
                let comma = if statements.is_empty() { "" } else { "," };
                write!(statements, r#"{comma}{{"Sid":"{sid}","Effect":"Allow","Action":{actions},"Resource":"{resource}","Condition":{{"StringEquals":{{"aws:PrincipalTag/team":"t"}}}}}}"#).unwrap();
            }
            format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)
        })
        .collect();
    let start = Instant::now();
    let found: usize = documents.iter().map(|d| linter.lint_text(d, PolicyType::Identity).len()).sum();
    let took = start.elapsed();
    println!("lint: 10,000 documents in {} ms, {found} findings", took.as_millis());
    assert_eq!(found, 0);
    assert!(took.as_secs() < 20, "{took:?}");
}
