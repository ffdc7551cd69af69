//! Random cases from bytes, for holding the engine against the oracle: in `oracle_test` the bytes come from proptest,
//! in the fuzz target `evaluate_vs_oracle` from the fuzzer.
//!
//! A case is made in the JSON of `simulate`, so that a failing one can be read, kept and run by hand. The words come
//! from small lists, so that patterns, principals and conditions meet often.

use serde_json::{Map, Value, json};

/// Bytes that are spent on choices; when they are gone every choice is the first.
struct Source<'b> {
    bytes: std::slice::Iter<'b, u8>,
}

impl Source<'_> {
    fn below(&mut self, n: usize) -> usize {
        usize::from(self.bytes.next().copied().unwrap_or(0)) % n.max(1)
    }

    fn chance(&mut self, of: usize) -> bool {
        self.below(of) == 1
    }

    fn of<'w>(&mut self, words: &[&'w str]) -> &'w str {
        words.get(self.below(words.len())).copied().unwrap_or("")
    }

    fn some<'w>(&mut self, words: &[&'w str], most: usize) -> Vec<&'w str> {
        let n = self.below(most) + 1;
        (0..n).map(|_| self.of(words)).collect()
    }
}

const ACTIONS: &[&str] = &[
    "s3:GetObject", "S3:getobject", "s3:PutObject", "s3:ListBucket", "s3:GetBucketPolicy", "s3:PutObjectAcl", "kms:Decrypt",
    "kms:RetireGrant", "kms:CreateAlias", "kms:CreateGrant", "sts:AssumeRole", "sts:AssumeRoleWithWebIdentity", "sts:TagSession",
    "sts:GetCallerIdentity", "sts:GetSessionToken", "iam:CreatePolicyVersion", "iam:PutRolePolicy", "iam:GetUser",
    "ec2:RunInstances", "es:ESHttpGet", "madeup:DoThing",
];

const ACTION_PATTERNS: &[&str] = &[
    "*", "s3:*", "s3:Get*", "s3:GetObject", "s3:?etObject", "s3:*Object*", "*:*", "kms:*", "kms:Decrypt", "sts:*", "sts:AssumeRole*",
    "iam:*", "ec2:*", "madeup:*", "madeup:Do?hing", "*:Get*", "S3:PUTOBJECT", "s?:*",
];

const RESOURCES: &[&str] = &[
    "arn:aws:s3:::data", "arn:aws:s3:::data/in/a.csv", "arn:aws:s3:::home/ann/x", "arn:AWS:s3:::data/In/a.csv",
    "arn:aws:kms:eu-west-1:111122223333:key/k1", "arn:aws:kms:eu-west-1:111122223333:alias/aws/s3",
    "arn:aws:iam::111122223333:role/app", "arn:aws:iam::444455556666:role/team/app",
    "arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX", "arn:aws:iam::aws:policy/ReadOnlyAccess",
    "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_A_0123456789abcdef",
    "arn:aws:ec2:eu-west-1:111122223333:instance/i-1", "*",
];

const RESOURCE_PATTERNS: &[&str] = &[
    "*", "arn:aws:s3:::data/*", "arn:aws:s3:::data", "arn:aws:s3:::*", "arn:aws:s3:::home/${aws:username}/*",
    "arn:aws:s3:::home/${aws:PrincipalTag/team, 'ann'}/*", "arn:aws:s3:::${aws:PrincipalTag/team}/*", "arn:aws:s3:::da?a/in/*",
    "arn:aws:s3:*", "arn:aws:s3", "arn:*", "arn:aws:kms:*:111122223333:key/*", "arn:aws:kms:*", "arn:aws:iam::*:role/*",
    "arn:aws:iam::${aws:PrincipalAccount}:role/*", "ARN:AWS:EC2:*:*:instance/*", "arn:aws:ec2:eu-west-?:111122223333:*",
    "arn:aws:s3:::home/${*}/x", "arn:aws:s3:::data/${aws:PrincipalTag/star}/a.csv", "arn:aws:s3:::home/${",
];

const PRINCIPALS: &[&str] = &[
    "*", "111122223333", "arn:aws:iam::111122223333:root", "arn:aws:iam::444455556666:root", "arn:aws:iam::111122223333:user/ann",
    "arn:aws:iam::111122223333:role/app", "arn:aws:sts::111122223333:assumed-role/app/s1",
    "arn:aws:sts::111122223333:federated-user/fed", "AIDAEXAMPLEANN", "AROAEXAMPLEAPP", "arn:aws:iam::111122223333:user/*",
];

const KEYS: &[&str] = &[
    "aws:PrincipalTag/team", "aws:principaltag/Team", "aws:SourceIp", "aws:CurrentTime", "aws:MultiFactorAuthPresent",
    "aws:PrincipalArn", "aws:username", "aws:userid", "aws:ResourceAccount", "aws:TagKeys", "s3:max-keys", "s3:x-amz-acl",
    "aws:PrincipalAccount", "aws:PrincipalIsAWSService", "aws:PrincipalOrgID", "kms:EncryptionContext:app", "aws:SourceArn",
    "aws:PrincipalTag/star", "aws:PrincipalType",
];

const VALUES: &[&str] = &[
    "ann", "ANN", "a*", "*", "${aws:username}", "${aws:PrincipalTag/team}", "${aws:PrincipalTag/none, 'ann'}", "${*}", "true", "false",
    "10", "10.0", "9", "203.0.113.7", "203.0.113.0/24", "0.0.0.0/0", "2001:db8::/32", "2026-01-01T00:00:00Z", "1767225600", "2026",
    "arn:aws:iam::111122223333:user/ann", "arn:aws:iam::111122223333:user/${aws:username}", "arn:aws:iam::*:role/*", "111122223333",
    "${aws:PrincipalArn}", "YW5u", "", "public-read", "AIDAEXAMPLEANN", "o-exampleorg", "${aws:SourceIp}/32", "User",
];

const CONTEXT_VALUES: &[&str] = &[
    "ann", "ANN", "*", "bob", "true", "false", "10", "9.5", "203.0.113.7", "198.51.100.1", "2001:db8::1", "2026-01-01T00:00:00Z",
    "1767225600", "arn:aws:iam::111122223333:user/ann", "arn:aws:iam::444455556666:role/app", "111122223333", "YW5u", "", "public-read",
    "o-exampleorg", "in", "AROAEXAMPLEAPP:s1",
];

const OPERATORS: &[&str] = &[
    "StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike", "StringNotLike",
    "NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan",
    "NumericGreaterThanEquals", "DateEquals", "DateNotEquals", "DateLessThan", "DateGreaterThanEquals", "Bool", "BinaryEquals",
    "IpAddress", "NotIpAddress", "ArnEquals", "ArnNotEquals", "ArnLike", "ArnNotLike", "Null",
];

fn condition(source: &mut Source<'_>) -> Value {
    let mut all = Map::new();
    for _ in 0..source.below(3) {
        let base = source.of(OPERATORS);
        let set = source.of(&["", "", "", "ForAllValues:", "ForAnyValue:"]);
        let suffix = if base != "Null" && source.chance(3) { "IfExists" } else { "" };
        let key = source.of(KEYS);
        let values = source.some(VALUES, 2);
        all.insert(format!("{set}{base}{suffix}"), json!({ key: values }));
    }
    Value::Object(all)
}

/// Which elements a kind of policy has.
#[derive(Clone, Copy)]
struct Shape {
    principal: bool,
    resource: bool,
}

fn principal(source: &mut Source<'_>) -> Value {
    match source.below(8) {
        0 => json!("*"),
        1 => json!({"Service": source.some(&["ec2.amazonaws.com", "lambda.amazonaws.com"], 2)}),
        2 => json!({"Federated": source.some(&["accounts.google.com", "arn:aws:iam::111122223333:oidc-provider/idp.example.com"], 2)}),
        3 => json!({"CanonicalUser": "canonical1", "AWS": source.of(PRINCIPALS)}),
        _ => json!({"AWS": source.some(PRINCIPALS, 3)}),
    }
}

fn document(source: &mut Source<'_>, shape: Shape) -> Value {
    let mut statements = Vec::new();
    for n in 0..source.below(4) {
        let mut statement = Map::new();
        if source.chance(2) {
            statement.insert("Sid".to_owned(), json!(format!("S{n}")));
        }
        statement.insert("Effect".to_owned(), json!(if source.below(4) == 0 { "Deny" } else { "Allow" }));
        if shape.principal {
            let element = if source.chance(5) { "NotPrincipal" } else { "Principal" };
            statement.insert(element.to_owned(), principal(source));
        }
        let element = if source.chance(6) { "NotAction" } else { "Action" };
        statement.insert(element.to_owned(), json!(source.some(ACTION_PATTERNS, 2)));
        if shape.resource {
            let element = if source.chance(6) { "NotResource" } else { "Resource" };
            statement.insert(element.to_owned(), json!(source.some(RESOURCE_PATTERNS, 2)));
        }
        if source.chance(2) {
            statement.insert("Condition".to_owned(), condition(source));
        }
        statements.push(Value::Object(statement));
    }
    let version = if source.chance(6) { "2008-10-17" } else { "2012-10-17" };
    json!({"Version": version, "Statement": statements})
}

/// A document that allows everything, as AWS attaches to every level.
fn full_access(shape: Shape) -> Value {
    let mut statement = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
    if shape.principal {
        statement["Principal"] = json!("*");
    }
    json!({"name": "full", "document": {"Version": "2012-10-17", "Statement": [statement]}})
}

fn documents(source: &mut Source<'_>, shape: Shape) -> Value {
    let n = source.below(3);
    (0..n).map(|n| json!({"name": format!("p{n}"), "document": document(source, shape)})).collect()
}

fn levels(source: &mut Source<'_>, shape: Shape) -> Value {
    let n = source.below(4);
    let level = |source: &mut Source<'_>, n: usize| {
        let mut policies = vec![];
        if !source.chance(6) {
            policies.push(full_access(shape));
        }
        if source.chance(2) {
            policies.push(json!({"name": "more", "document": document(source, shape)}));
        }
        json!({"level": format!("l{n}"), "policies": policies})
    };
    (0..n).map(|n| level(source, n)).collect()
}

fn caller(source: &mut Source<'_>) -> Value {
    let account = source.of(&["111122223333", "111122223333", "444455556666"]);
    let mut caller = match source.below(10) {
        0..=2 => json!({"type": "IAMUser", "arn": format!("arn:aws:iam::{account}:user/ann")}),
        3 | 4 => json!({"type": "AssumedRole", "role_arn": format!("arn:aws:iam::{account}:role/app"),
                        "arn": if source.chance(3) { Value::Null } else { json!(format!("arn:aws:sts::{account}:assumed-role/app/s1")) }}),
        5 => json!({"type": "FederatedUser", "arn": format!("arn:aws:sts::{account}:federated-user/fed"),
                    "role_arn": if source.chance(2) { Value::Null } else { json!(format!("arn:aws:iam::{account}:user/ann")) }}),
        6 => json!({"type": "Root", "arn": format!("arn:aws:iam::{account}:root")}),
        7 => json!({"type": "Service", "service": source.of(&["ec2.amazonaws.com", "EC2.amazonaws.com", "lambda.amazonaws.com"])}),
        8 => json!({"type": source.of(&["WebIdentity", "SAML"]), "service": source.of(&["accounts.google.com", "idp.example.com"])}),
        _ => json!({"type": "Anonymous"}),
    };
    if source.chance(3) {
        caller["unique_id"] = json!(source.of(&["AIDAEXAMPLEANN", "AROAEXAMPLEAPP"]));
    }
    if source.chance(4) {
        caller["canonical_user"] = json!(source.of(&["canonical1", "canonical2"]));
    }
    if source.chance(12) && caller["type"] == "AssumedRole" {
        caller["role_arn"] = json!(format!("arn:aws:iam::{account}:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX"));
        caller["arn"] = Value::Null;
    }
    caller
}

fn context(source: &mut Source<'_>) -> Value {
    let mut all = Map::new();
    for _ in 0..source.below(6) {
        let key = source.of(KEYS);
        let value = match source.below(6) {
            0 => Value::Null,
            1 => json!(source.some(CONTEXT_VALUES, 3)),
            2 => json!([]),
            _ => json!(source.of(CONTEXT_VALUES)),
        };
        all.insert(key.to_owned(), value);
    }
    Value::Object(all)
}

fn settings(source: &mut Source<'_>) -> Value {
    let mut all = Map::new();
    if source.chance(5) {
        all.insert("management_account".to_owned(), json!(source.of(&["111122223333", "444455556666"])));
    }
    if source.chance(5) {
        let [acls, ignore, restrict] = [source.chance(2), source.chance(2), source.chance(2)];
        all.insert(
            "s3_block_public_access".to_owned(),
            json!({"BlockPublicAcls": acls, "IgnorePublicAcls": ignore, "RestrictPublicBuckets": restrict}),
        );
    }
    if source.chance(5) {
        let mut grant = || {
            let uri = source.of(&["http://acs.amazonaws.com/groups/global/AllUsers", "http://acs.amazonaws.com/groups/global/AuthenticatedUsers", ""]);
            let grantee = if uri.is_empty() { json!({"Type": "CanonicalUser", "ID": "canonical1"}) } else { json!({"Type": "Group", "URI": uri}) };
            json!({"Grantee": grantee, "Permission": source.of(&["READ", "WRITE", "READ_ACP", "WRITE_ACP", "FULL_CONTROL"])})
        };
        let acl = json!({"bucket": [grant()], "object": [grant()]});
        all.insert("s3_acl".to_owned(), acl);
        if source.chance(3) {
            all.insert("s3_object_ownership".to_owned(), json!(source.of(&["BucketOwnerEnforced", "ObjectWriter"])));
        }
    }
    if source.chance(5) {
        let mut grant = json!({
            "GranteePrincipal": source.of(PRINCIPALS), "RetiringPrincipal": source.of(PRINCIPALS),
            "Operations": source.some(&["Decrypt", "RetireGrant", "CreateGrant"], 2),
        });
        match source.below(4) {
            0 => grant["Constraints"] = json!({"EncryptionContextSubset": {"app": "ann"}}),
            1 => grant["Constraints"] = json!({"EncryptionContextEquals": {"app": "ann"}}),
            _ => {}
        }
        all.insert("kms_grants".to_owned(), json!([grant]));
    }
    if source.chance(4) {
        all.insert("vpc_endpoint_type".to_owned(), json!(source.of(&["Gateway", "Interface"])));
    }
    if source.chance(3) {
        let kinds = source.some(&["identity", "boundary", "session", "resource", "scp", "rcp", "vpc_endpoint"], 2);
        all.insert("unknown_policy_types".to_owned(), json!(kinds));
    }
    Value::Object(all)
}

/// A case in the JSON of `simulate`.
#[must_use]
pub fn random_case(bytes: &[u8]) -> Value {
    let source = &mut Source { bytes: bytes.iter() };
    let own = Shape { principal: false, resource: true };
    let attached = Shape { principal: true, resource: true };
    let action = source.of(ACTIONS);
    let resource = source.of(RESOURCES);
    let is_trust = action.starts_with("sts:") && resource.contains(":role/");
    let mut policies = Map::new();
    for (kind, of, shape) in [
        ("identity", 8, own), ("boundary", 2, own), ("session", 2, own),
        ("resource", 4, Shape { resource: !is_trust, ..attached }), ("ram", 1, attached), ("vpc_endpoint", 1, attached),
    ] {
        if source.below(8) < of {
            policies.insert(kind.to_owned(), documents(source, shape));
        }
    }
    for (kind, shape) in [("scp", own), ("rcp", attached)] {
        if source.chance(3) {
            policies.insert(kind.to_owned(), levels(source, shape));
        }
    }
    let mut case = json!({
        "id": "random",
        "request": {"principal": caller(source), "action": action, "resource": resource, "context": context(source),
                    "context_complete": !source.chance(3)},
        "policies": policies,
        "settings": settings(source),
    });
    if source.chance(3) {
        case["request"]["resource_account"] = json!(source.of(&["111122223333", "444455556666"]));
    }
    case
}
