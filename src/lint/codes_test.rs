//! Every check on a document that it must find something in, and on one beside it that it must not.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::PolicyType::{Boundary, Identity, Resource, ResourceControl, ServiceControl, Trust};
use super::{Code, Level, Linter, PolicyType};
use crate::reference::Reference;

/// A document of the current version with one statement: `fields` over an Allow of s3:GetObject on a bucket's objects.
fn one(fields: Value) -> Value {
    let mut statement = json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"});
    for (key, value) in fields.as_object().unwrap() {
        if value.is_null() {
            statement.as_object_mut().unwrap().remove(key);
        } else {
            statement[key] = value.clone();
        }
    }
    json!({"Version": "2012-10-17", "Statement": [statement]})
}

fn allow(action: &str, resource: &str) -> Value {
    one(json!({"Action": action, "Resource": resource}))
}

fn when(operator: &str, key: &str, value: Value) -> Value {
    one(json!({"Condition": {operator: {key: value}}}))
}

fn trust(fields: Value) -> Value {
    let mut all = json!({"Action": "sts:AssumeRole", "Resource": null, "Principal": {"AWS": "111122223333"}});
    for (key, value) in fields.as_object().unwrap() {
        all[key] = value.clone();
    }
    one(all)
}

fn for_all(principal: Value) -> Value {
    one(json!({"Principal": principal}))
}

fn rcp(fields: Value) -> Value {
    let mut all = json!({"Effect": "Deny", "Principal": "*"});
    for (key, value) in fields.as_object().unwrap() {
        all[key] = value.clone();
    }
    one(all)
}

/// A document with an action long enough to need so many characters.
fn long(kind: &str, characters: usize) -> Value {
    match kind {
        "trust" => trust(json!({"Condition": {"StringEquals": {"sts:ExternalId": "x".repeat(characters)}}})),
        "rcp" => rcp(json!({"Condition": {"StringEquals": {"aws:PrincipalOrgID": "x".repeat(characters)}}})),
        _ => when("StringEquals", "aws:PrincipalTag/team", json!("x".repeat(characters))),
    }
}

type Case = (Code, PolicyType, Value, Value);

fn documents() -> Vec<Case> {
    let statements = |list: Value| json!({"Version": "2012-10-17", "Statement": list});
    let named = |first: &str, second: &str| {
        statements(json!([{"Sid": first, "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}, {"Sid": second, "Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}]))
    };
    let without = |key: &str| one(json!({key: null}));
    vec![
        (Code::DataTypeMismatch, Identity, one(json!({"Effect": 1})), one(json!({}))),
        (Code::DataTypeMismatch, Identity, json!([]), one(json!({}))),
        (Code::DataTypeMismatch, Identity, one(json!({"Action": ["s3:GetObject", 1]})), one(json!({}))),
        (Code::DataTypeMismatch, Identity, when("StringEquals", "aws:username", json!([["a"]])), when("StringEquals", "aws:username", json!(["a"]))),
        (Code::InvalidPolicyElement, Identity, one(json!({"Resources": "*"})), one(json!({}))),
        (Code::InvalidPolicyElement, Identity, json!({"version": "2012-10-17", "Version": "2012-10-17", "Statement": []}), one(json!({}))),
        (Code::MissingVersion, Identity, json!({"Statement": one(json!({}))["Statement"]}), one(json!({}))),
        (Code::InvalidVersion, Identity, json!({"Version": "2026-01-01", "Statement": one(json!({}))["Statement"]}), one(json!({}))),
        (Code::MissingStatement, Identity, statements(json!([])), one(json!({}))),
        (Code::MissingEffect, Identity, without("Effect"), one(json!({}))),
        (Code::InvalidEffect, Identity, one(json!({"Effect": "allow"})), one(json!({"Effect": "Deny"}))),
        (Code::MissingAction, Identity, without("Action"), one(json!({"Action": null, "NotAction": "iam:*"}))),
        (Code::MissingResource, Identity, without("Resource"), one(json!({"Resource": null, "NotResource": "*"}))),
        (Code::MissingResource, ServiceControl, without("Resource"), trust(json!({"Resource": "*", "Principal": null}))),
        (Code::MissingPrincipal, Resource, one(json!({})), for_all(json!("*"))),
        (Code::MissingPrincipal, Trust, trust(json!({"Principal": null})), trust(json!({}))),
        (Code::UnsupportedPrincipal, Identity, for_all(json!("*")), one(json!({}))),
        (Code::UnsupportedPrincipal, Boundary, for_all(json!("*")), one(json!({}))),
        (Code::UnsupportedElementCombination, Identity, one(json!({"NotAction": "s3:*"})), one(json!({}))),
        (Code::UnsupportedSid, Identity, one(json!({"Sid": "my-sid"})), one(json!({"Sid": "MySid1"}))),
        (Code::UnsupportedSid, Trust, trust(json!({"Sid": "my sid"})), trust(json!({"Sid": "MySid1"}))),
        (Code::EmptySidValue, Identity, one(json!({"Sid": ""})), one(json!({"Sid": "A"}))),
        (Code::UniqueSidsRequired, Identity, named("A", "A"), named("A", "B")),
        (Code::UniqueSidsRecommended, Resource, named("A", "A"), named("A", "B")),
        (Code::RedundantStatement, Identity, statements(json!([one(json!({"Sid": "A"}))["Statement"][0], one(json!({"Sid": "B"}))["Statement"][0]])), named("A", "B")),
        // Actions.
        (Code::InvalidAction, Identity, allow("s3:GetObjekt", "*"), allow("S3:getobject", "*")),
        (Code::InvalidAction, Identity, allow("s3:Fetch*", "*"), allow("s3:Get*", "*")),
        (Code::InvalidAction, Identity, allow("GetObject", "*"), allow("*", "*")),
        (Code::InvalidServiceInAction, Identity, allow("s*:GetObject", "*"), allow("*:*", "*")),
        (Code::InvalidServiceInAction, Identity, allow(":GetObject", "*"), allow("s3:GetObject", "*")),
        (Code::UnsupportedActionInPolicy, Trust, trust(json!({"Action": "s3:GetObject"})), trust(json!({"Action": ["sts:AssumeRole", "sts:TagSession"]}))),
        (Code::RedundantAction, Identity, one(json!({"Action": ["iam:Get*", "iam:getcredentialreport"], "Resource": "*"})), one(json!({"Action": ["iam:Get*", "iam:*CredentialReport"], "Resource": "*"}))),
        (Code::RedundantAction, Identity, one(json!({"Action": ["s3:GetObject", "s3:getObject"]})), one(json!({"Action": ["s3:GetObject", "s3:GetObjectAcl"]}))),
        (Code::EmptyArrayAction, Identity, one(json!({"Action": []})), one(json!({}))),
        (Code::VariableUnsupportedInElement, Identity, allow("s3:${aws:username}", "*"), allow("s3:GetObject", "arn:aws:s3:::b/${aws:username}/*")),
        (Code::ActionNotOnResource, Identity, allow("s3:GetObject", "arn:aws:s3:::b"), allow("s3:GetObject", "arn:aws:s3:::b*")),
        (Code::ActionNotOnResource, Identity, allow("s3:ListBucket", "arn:aws:s3:::b/*"), allow("s3:ListBucket", "arn:aws:s3:::b")),
        (Code::ActionNotOnResource, Identity, allow("s3:ListAllMyBuckets", "arn:aws:s3:::b"), allow("s3:ListAllMyBuckets", "*")),
        (Code::ActionNotOnResource, Identity, allow("sqs:SendMessage", "arn:aws:sns:eu-west-1:111122223333:t"), allow("sqs:SendMessage", "arn:aws:sqs:eu-west-1:111122223333:q")),
        // Resources.
        (Code::EmptyArrayResource, Identity, one(json!({"Resource": []})), one(json!({}))),
        (Code::InvalidArnPrefix, Identity, allow("s3:GetObject", "b/*"), allow("s3:GetObject", "*")),
        (Code::MissingArnField, Identity, allow("s3:GetObject", "arn:aws:s3:b"), allow("s3:GetObject", "arn:aws:s3:::b/k")),
        (Code::MissingArnField, Identity, allow("s3:GetObject", "arn:aws:s3:::"), allow("s3:GetObject", "arn:aws:s3:::*")),
        (Code::InvalidPartition, Identity, allow("s3:GetObject", "arn:amazon:s3:::b/*"), allow("s3:GetObject", "arn:aws-cn:s3:::b/*")),
        (Code::InvalidArnServiceCase, Identity, allow("s3:GetObject", "arn:aws:S3:::b/*"), allow("s3:GetObject", "arn:aws:s3:::b/*")),
        (Code::InvalidArnRegion, Identity, allow("sqs:SendMessage", "arn:aws:sqs:europe:111122223333:q"), allow("sqs:SendMessage", "arn:aws:sqs:us-gov-west-1:111122223333:q")),
        (Code::InvalidArnRegion, Identity, allow("sqs:SendMessage", "arn:aws:sqs:eu-west:111122223333:q"), allow("sqs:SendMessage", "arn:aws:sqs:eu-*:111122223333:q")),
        (Code::MissingArnRegion, Identity, allow("sqs:SendMessage", "arn:aws:sqs::111122223333:q"), allow("sqs:SendMessage", "arn:aws:sqs:*:111122223333:q")),
        (Code::ArnRegionNotAllowed, Identity, allow("iam:GetRole", "arn:aws:iam:us-east-1:111122223333:role/r"), allow("iam:GetRole", "arn:aws:iam::111122223333:role/r")),
        (Code::ArnAccountNotAllowed, Identity, allow("ec2:DescribeImageAttribute", "arn:aws:ec2:eu-west-1:111122223333:image/ami-1"), allow("ec2:DescribeImageAttribute", "arn:aws:ec2:eu-west-1::image/ami-1")),
        (Code::InvalidArnAccount, Identity, allow("sqs:SendMessage", "arn:aws:sqs:eu-west-1:11112222333:q"), allow("iam:GetPolicy", "arn:aws:iam::aws:policy/ReadOnlyAccess")),
        (Code::InvalidArnAccount, Identity, allow("sqs:SendMessage", "arn:aws:sqs:eu-west-1:112222333:q"), allow("sqs:SendMessage", "arn:aws:sqs:eu-west-1:${aws:PrincipalAccount}:q")),
        (Code::InvalidArnResource, Identity, allow("iam:GetRole", "arn:aws:iam::111122223333:roles/r"), allow("iam:GetRole", "arn:aws:iam::111122223333:ro*/r")),
        (Code::RedundantResource, Identity, one(json!({"Resource": ["arn:aws:s3:::b/*", "arn:aws:s3:::b/in/*"]})), one(json!({"Resource": ["arn:aws:s3:::a/*", "arn:aws:s3:::b/in/*"]}))),
        // Variables.
        (Code::VariableUnsupportedInVersion, Identity, json!({"Version": "2008-10-17", "Statement": allow("s3:GetObject", "arn:aws:s3:::b/${aws:username}")["Statement"]}), allow("s3:GetObject", "arn:aws:s3:::b/${aws:username}")),
        (Code::MissingBraceInVariable, Identity, allow("s3:GetObject", "arn:aws:s3:::b/${aws:username"), allow("s3:GetObject", "arn:aws:s3:::b/${aws:username}")),
        (Code::EmptyVariable, Identity, allow("s3:GetObject", "arn:aws:s3:::b/${}"), allow("s3:GetObject", "arn:aws:s3:::b/${*}")),
        (Code::UnsupportedSpaceInVariable, Identity, allow("s3:GetObject", "arn:aws:s3:::b/${aws: username}"), allow("s3:GetObject", "arn:aws:s3:::b/${aws:PrincipalTag/cost center}")),
        (Code::MissingQuoteInVariable, Identity, allow("s3:GetObject", "arn:aws:s3:::b/${aws:username, nobody}"), allow("s3:GetObject", "arn:aws:s3:::b/${aws:username, 'nobody'}")),
        (Code::InvalidVariableForOperator, Identity, when("NumericEquals", "aws:MultiFactorAuthAge", json!("${aws:username}")), when("StringEquals", "aws:PrincipalTag/owner", json!("${aws:username}"))),
        // Conditions.
        (Code::EmptyObjectCondition, Identity, one(json!({"Condition": {}})), one(json!({}))),
        (Code::EmptyObjectCondition, Identity, one(json!({"Condition": {"StringEquals": {}}})), when("StringEquals", "aws:username", json!("a"))),
        (Code::EmptyArrayCondition, Identity, when("StringEquals", "aws:username", json!([])), when("StringEquals", "aws:username", json!(["a"]))),
        (Code::EmptyArrayConditionForAllValues, Identity, when("ForAllValues:StringEquals", "aws:TagKeys", json!([])), when("ForAllValues:StringEquals", "aws:TagKeys", json!(["a"]))),
        (Code::EmptyArrayConditionForAnyValue, Identity, when("ForAnyValue:StringEquals", "aws:TagKeys", json!([])), when("ForAnyValue:StringEquals", "aws:TagKeys", json!(["a"]))),
        (Code::EmptyArrayConditionIfExists, Identity, when("StringEqualsIfExists", "aws:username", json!([])), when("StringEqualsIfExists", "aws:username", json!("a"))),
        (Code::InvalidConditionOperator, Identity, when("StringEqual", "aws:username", json!("a")), when("stringequals", "aws:username", json!("a"))),
        (Code::NullWithIfExists, Identity, when("NullIfExists", "aws:username", json!("true")), when("Null", "aws:username", json!("true"))),
        (Code::NullWithQualifier, Identity, when("ForAnyValue:Null", "aws:TagKeys", json!("true")), when("Null", "aws:TagKeys", json!("true"))),
        (Code::DuplicateKeysWithDifferentCase, Identity, one(json!({"Condition": {"StringEquals": {"aws:UserName": "a", "aws:username": "b"}}})), one(json!({"Condition": {"StringEquals": {"aws:username": "a"}, "StringLike": {"aws:UserName": "b"}}}))),
        (Code::InvalidConditionKeyFormat, Identity, when("StringEquals", "username", json!("a")), when("StringEquals", "aws:username", json!("a"))),
        (Code::InvalidGlobalConditionKey, Identity, when("StringEquals", "aws:nobody", json!("a")), when("StringEquals", "AWS:USERNAME", json!("a"))),
        (Code::UnsupportedGlobalConditionKey, Identity, when("ArnEquals", "aws:ARN", json!("arn:aws:iam::111122223333:role/r")), when("ArnEquals", "aws:PrincipalArn", json!("arn:aws:iam::111122223333:role/r"))),
        (Code::MissingTagKeyInCondition, Identity, when("StringEquals", "aws:ResourceTag", json!("a")), when("StringEquals", "aws:ResourceTag/team", json!("a"))),
        (Code::MissingTagKeyInCondition, Identity, when("StringEquals", "s3:ExistingObjectTag/", json!("a")), when("StringEquals", "s3:ExistingObjectTag/team", json!("a"))),
        (Code::MissingQualifier, Identity, when("StringEquals", "aws:TagKeys", json!("a")), when("ForAnyValue:StringEquals", "aws:TagKeys", json!("a"))),
        (Code::ForAllValuesWithSingleValuedKey, Identity, when("ForAllValues:StringEquals", "aws:PrincipalOrgID", json!("o-1")), when("ForAllValues:StringLike", "aws:PrincipalOrgPaths", json!("o-1/*"))),
        (Code::TypeMismatch, Identity, when("StringEquals", "aws:MultiFactorAuthPresent", json!("true")), when("Bool", "aws:MultiFactorAuthPresent", json!(true))),
        (Code::TypeMismatch, Identity, when("StringLike", "aws:SourceIp", json!("203.0.113.*")), when("StringLike", "aws:PrincipalArn", json!("arn:aws:iam::111122223333:role/*"))),
        (Code::TypeMismatchBoolean, Identity, when("Bool", "aws:SecureTransport", json!("yes")), when("Bool", "aws:SecureTransport", json!("True"))),
        (Code::TypeMismatchDate, Identity, when("DateLessThan", "aws:CurrentTime", json!("01.11.2026")), when("DateLessThan", "aws:CurrentTime", json!("2026-11-01"))),
        (Code::TypeMismatchDate, Identity, when("DateLessThan", "aws:CurrentTime", json!("2026-13-01T00:00:00Z")), when("DateLessThan", "aws:CurrentTime", json!(["2026-11-01T00:00:00Z", "2026-11-01T01:00:00+01:00", "2026-11", "2026"]))),
        (Code::InvalidDateValue, Identity, when("DateLessThan", "aws:EpochTime", json!("1793491200")), when("DateLessThan", "aws:EpochTime", json!("2026-11-01T00:00:00Z"))),
        (Code::TypeMismatchIpRange, Identity, when("IpAddress", "aws:SourceIp", json!("203.0.113.0/33")), when("IpAddress", "aws:SourceIp", json!("2001:db8::/32"))),
        (Code::ImproveIpRange, Identity, when("IpAddress", "aws:SourceIp", json!("203.0.113.7/24")), when("IpAddress", "aws:SourceIp", json!(["203.0.113.0/24", "203.0.113.7", "0.0.0.0/0"]))),
        (Code::PrivateIpAddress, Identity, when("IpAddress", "aws:SourceIp", json!("10.0.0.0/8")), when("IpAddress", "aws:VpcSourceIp", json!("10.0.0.0/8"))),
        (Code::PrivateIpAddressSubset, Identity, when("IpAddress", "aws:SourceIp", json!(["10.0.0.0/8", "203.0.113.0/24"])), when("IpAddress", "aws:SourceIp", json!(["11.0.0.0/8", "203.0.113.0/24"]))),
        (Code::PrivateNotIpAddress, Identity, when("NotIpAddress", "aws:SourceIp", json!("192.168.0.0/16")), when("NotIpAddress", "aws:SourceIp", json!("192.0.0.0/8"))),
        (Code::PrivateNotIpAddressSubset, Identity, when("NotIpAddress", "aws:SourceIp", json!(["fd00::/8", "203.0.113.0/24"])), when("NotIpAddress", "aws:SourceIp", json!("203.0.113.0/24"))),
        (Code::TypeMismatchNumber, Identity, when("NumericLessThan", "aws:MultiFactorAuthAge", json!("an hour")), when("NumericLessThan", "aws:MultiFactorAuthAge", json!(3600))),
        (Code::TypeMismatchString, Identity, when("BinaryEquals", "s3:versionid", json!("?")), when("BinaryEquals", "s3:versionid", json!("QmluYXJ5"))),
        (Code::RedundantConditionValueNum, Identity, when("NumericLessThan", "aws:MultiFactorAuthAge", json!([2700, 3600])), when("NumericEquals", "aws:MultiFactorAuthAge", json!([2700, 3600]))),
        (Code::InvalidConditionDataType, Identity, when("StringEquals", "aws:username", json!(["a", 1])), when("StringEquals", "aws:username", json!(["a", "1"]))),
        (Code::InvalidConditionMultipleBoolean, Identity, when("Bool", "aws:SecureTransport", json!(["true", "false"])), when("Bool", "aws:SecureTransport", json!(["true"]))),
        (Code::WildcardWithoutLikeOperator, Identity, when("StringEquals", "aws:PrincipalTag/team", json!("a*")), when("StringLike", "aws:PrincipalTag/team", json!("a*"))),
        (Code::InvalidRegion, Identity, when("StringEquals", "aws:RequestedRegion", json!("Frankfurt")), when("StringEquals", "aws:RequestedRegion", json!("eu-central-1"))),
        (Code::MissingPairedConditionKeys, Identity, when("IpAddress", "aws:VpcSourceIp", json!("10.0.0.0/8")), one(json!({"Condition": {"IpAddress": {"aws:VpcSourceIp": "10.0.0.0/8"}, "StringEquals": {"aws:SourceVpc": "vpc-1"}}}))),
        (Code::ConditionKeyNotOfAction, Identity, when("StringEquals", "iam:PassedToService", json!("ec2.amazonaws.com")), one(json!({"Action": "iam:PassRole", "Resource": "*", "Condition": {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}}))),
        // Tags.
        (Code::AllowWithUnsupportedTagKey, Identity, one(json!({"Action": "tag:GetResources", "Resource": "*", "Condition": {"StringEquals": {"aws:ResourceTag/a": "b"}}})), one(json!({"Action": "ec2:StartInstances", "Resource": "*", "Condition": {"StringEquals": {"aws:ResourceTag/a": "b"}}}))),
        (Code::DenyWithUnsupportedTagKey, Identity, one(json!({"Effect": "Deny", "Action": "tag:GetResources", "Resource": "*", "Condition": {"StringEquals": {"aws:ResourceTag/a": "b"}}})), one(json!({"Effect": "Deny", "Action": "tag:GetResources", "Resource": "*", "Condition": {"StringNotEquals": {"aws:ResourceTag/a": "b"}}}))),
        (Code::AllowNotActionWithUnsupportedTagKey, Identity, one(json!({"Action": null, "NotAction": "iam:*", "Condition": {"StringEquals": {"aws:ResourceTag/a": "b"}}})), one(json!({"Action": null, "NotAction": "iam:*"}))),
        (Code::DenyNotActionWithUnsupportedTagKey, Identity, one(json!({"Effect": "Deny", "Action": null, "NotAction": "iam:*", "Condition": {"StringEquals": {"aws:ResourceTag/a": "b"}}})), one(json!({"Effect": "Deny", "Action": null, "NotAction": "iam:*"}))),
        // Principals.
        (Code::AllowWithNotPrincipal, Resource, one(json!({"NotPrincipal": {"AWS": "111122223333"}})), one(json!({"Effect": "Deny", "NotPrincipal": {"AWS": "111122223333"}}))),
        (Code::InvalidPrincipalFormat, Resource, for_all(json!("arn:aws:iam::111122223333:root")), for_all(json!({"AWS": "arn:aws:iam::111122223333:root"}))),
        (Code::InvalidPrincipalFormat, Resource, for_all(json!({"AWS": "ann"})), for_all(json!({"AWS": "*"}))),
        (Code::InvalidPrincipalKey, Resource, for_all(json!({"Account": "111122223333"})), for_all(json!({"CanonicalUser": "0123abcd"}))),
        (Code::InvalidArnAccount, Resource, for_all(json!({"AWS": "arn:aws:iam::1111:root"})), for_all(json!({"AWS": "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1"}))),
        (Code::EmptyArrayPrincipal, Resource, for_all(json!({"AWS": []})), for_all(json!({"AWS": "111122223333"}))),
        (Code::EmptyObjectPrincipal, Resource, for_all(json!({})), for_all(json!({"AWS": "111122223333"}))),
        (Code::UnsupportedWildcardInPrincipal, Resource, for_all(json!({"AWS": "arn:aws:iam::111122223333:role/*"})), for_all(json!({"AWS": "arn:aws:iam::111122223333:role/r"}))),
        (Code::InvalidRoleReference, Trust, trust(json!({"Principal": {"AWS": "AROAEXAMPLEEXAMPLE001"}})), trust(json!({}))),
        (Code::InvalidUserReference, Trust, trust(json!({"Principal": {"AWS": "AIDAEXAMPLEEXAMPLE001"}})), trust(json!({}))),
        (Code::InvalidServicePrincipal, Trust, trust(json!({"Principal": {"Service": "ec2"}})), trust(json!({"Principal": {"Service": ["ec2.amazonaws.com", "ec2.amazonaws.com.cn"]}}))),
        (Code::RoleTrustPolicyUnsupportedWildcardInPrincipal, Trust, trust(json!({"Principal": "*"})), trust(json!({"Principal": {"AWS": "*"}}))),
        (Code::RoleTrustPolicySyntaxErrorResource, Trust, trust(json!({"Resource": "*"})), trust(json!({}))),
        // Passing roles and making service-linked ones.
        (Code::PassRoleWithStarInResource, Identity, allow("iam:PassRole", "arn:aws:iam::111122223333:role/*"), allow("iam:PassRole", "arn:aws:iam::111122223333:role/app-*")),
        (Code::PassRoleWithStarInActionAndResource, Identity, allow("iam:*", "*"), allow("iam:Get*", "*")),
        (Code::PassRoleWithStarInActionAndResource, Boundary, allow("*", "*"), one(json!({"Effect": "Deny", "Action": "*", "Resource": "*"}))),
        (Code::PassRoleWithStarInResourceAndNotAction, Identity, one(json!({"Action": null, "NotAction": "s3:*", "Resource": "*"})), one(json!({"Action": null, "NotAction": "iam:*", "Resource": "*"}))),
        (Code::PassRoleWithNotResource, Identity, one(json!({"Action": "iam:PassRole", "Resource": null, "NotResource": "arn:aws:iam::111122223333:role/admin"})), allow("iam:PassRole", "arn:aws:iam::111122223333:role/r")),
        (Code::PassRoleWithStarInActionAndNotResource, Identity, one(json!({"Action": "iam:Pass*", "Resource": null, "NotResource": "arn:aws:iam::111122223333:role/admin"})), allow("iam:Pass*", "arn:aws:iam::111122223333:role/r")),
        (Code::PassRoleWithNotActionAndNotResource, Identity, one(json!({"Action": null, "NotAction": "s3:*", "Resource": null, "NotResource": "arn:aws:iam::111122223333:role/admin"})), one(json!({"Action": null, "NotAction": "iam:*", "Resource": null, "NotResource": "arn:aws:iam::111122223333:role/admin"}))),
        (Code::CreateSlrWithStarInResource, Identity, allow("iam:CreateServiceLinkedRole", "*"), allow("iam:CreateServiceLinkedRole", "arn:aws:iam::*:role/aws-service-role/ecs.amazonaws.com/*")),
        (Code::CreateSlrWithStarInActionAndResource, Identity, allow("iam:Create*", "*"), allow("iam:CreateR*", "*")),
        (Code::CreateSlrWithStarInResourceAndNotAction, Identity, one(json!({"Action": null, "NotAction": "s3:*", "Resource": "*"})), one(json!({"Action": null, "NotAction": "iam:Create*", "Resource": "*"}))),
        (Code::CreateSlrWithNotResource, Identity, one(json!({"Action": "iam:CreateServiceLinkedRole", "Resource": null, "NotResource": "arn:aws:iam::*:role/r"})), allow("iam:GetRole", "*")),
        (Code::CreateSlrWithStarInActionAndNotResource, Identity, one(json!({"Action": "iam:C*", "Resource": null, "NotResource": "arn:aws:iam::*:role/r"})), allow("iam:GetRole", "*")),
        (Code::CreateSlrWithNotActionAndNotResource, Identity, one(json!({"Action": null, "NotAction": "s3:*", "Resource": null, "NotResource": "arn:aws:iam::*:role/r"})), allow("iam:GetRole", "*")),
        // Organisations' policies.
        (Code::ScpSyntaxErrorPrincipal, ServiceControl, for_all(json!("*")), one(json!({}))),
        (Code::RcpSyntaxErrorAllow, ResourceControl, rcp(json!({"Effect": "Allow"})), rcp(json!({}))),
        (Code::RcpSyntaxErrorNotAction, ResourceControl, rcp(json!({"Action": null, "NotAction": "s3:*"})), rcp(json!({}))),
        (Code::RcpSyntaxErrorPrincipal, ResourceControl, rcp(json!({"Principal": {"AWS": "111122223333"}})), rcp(json!({}))),
        (Code::RcpSyntaxErrorNotPrincipal, ResourceControl, rcp(json!({"Principal": null, "NotPrincipal": {"AWS": "111122223333"}})), rcp(json!({}))),
        // Sizes.
        (Code::PolicySizeExceedsIdentityPolicyQuota, Identity, long("identity", 6144), long("identity", 5900)),
        (Code::PolicySizeExceedsIdentityPolicyQuota, Boundary, long("identity", 6144), long("identity", 5900)),
        (Code::PolicySizeExceedsScpQuota, ServiceControl, long("scp", 10_240), long("scp", 10_000)),
        (Code::PolicySizeExceedsRcpQuota, ResourceControl, long("rcp", 5_120), long("rcp", 4_900)),
        (Code::TrustPolicySize, Trust, long("trust", 2_048), long("trust", 1_800)),
        (Code::TrustPolicySizeAtMost, Trust, long("trust", 4_096), long("trust", 3_800)),
    ]
}

/// Checks that no document here is for, and why.
const NOT_BY_DOCUMENT: &[(Code, &str)] = &[
    (Code::JsonSyntaxError, "the text is no document"),
    (Code::InvalidService, "is told as not decided only"),
    (Code::InvalidServiceConditionKey, "is told as not decided only"),
];

#[test]
fn every_check_finds_its_fault_and_leaves_the_document_beside_it_alone() {
    let linter = Linter::new(Reference::bundled().unwrap());
    let mut wrong = Vec::new();
    for (code, kind, bad, good) in documents() {
        let found = |document: &Value| linter.lint_value(document, kind);
        if !found(&bad).iter().any(|f| f.code == code && f.level == code.level()) {
            wrong.push(format!("{} is not found in {bad}: {:?}", code.as_str(), found(&bad)));
        }
        if found(&good).iter().any(|f| f.code == code) {
            wrong.push(format!("{} is found in {good}", code.as_str()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_check_is_without_a_document() {
    let tried: BTreeSet<Code> = documents().into_iter().map(|(code, ..)| code).chain(NOT_BY_DOCUMENT.iter().map(|(code, _)| *code)).collect();
    let left: Vec<&str> = Code::ALL.iter().filter(|c| !tried.contains(c)).map(|c| c.as_str()).collect();
    assert!(left.is_empty(), "{left:?}");
    let names: BTreeSet<&str> = Code::ALL.iter().map(|c| c.as_str()).collect();
    assert_eq!(names.len(), Code::ALL.len(), "two checks have one code");
}

/// Documents without any finding, so that a check that always answers is seen.
#[test]
fn documents_that_are_well_written_have_no_findings() {
    let linter = Linter::new(Reference::bundled().unwrap());
    let clean = [
        (Identity, one(json!({"Sid": "Read"}))),
        (Identity, one(json!({"Action": ["s3:ListBucket", "s3:GetObject"], "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"]}))),
        (Identity, one(json!({"Action": "iam:PassRole", "Resource": "*", "Condition": {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}}))),
        (Identity, one(json!({"Action": "logs:PutLogEvents", "Resource": "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/f:*"}))),
        (Identity, one(json!({"Effect": "Deny", "Action": null, "NotAction": ["iam:*", "sts:*"], "Resource": "*", "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["eu-west-1", "eu-central-1"]}}}))),
        // Recovery points are resources of other services, and of any form.
        (Identity, allow("backup:DeleteRecoveryPoint", "arn:aws:ec2:eu-west-1::snapshot/snap-1")),
        (Boundary, allow("s3:*", "*")),
        (ServiceControl, one(json!({"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/admin"}}}))),
        (ServiceControl, allow("*", "*")),
        (ResourceControl, rcp(json!({"Action": "s3:*", "Resource": "*", "Condition": {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}, "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}}))),
        (Trust, trust(json!({"Condition": {"StringEquals": {"sts:ExternalId": "x"}}}))),
        (Trust, trust(json!({"Action": "sts:AssumeRoleWithWebIdentity", "Principal": {"Federated": "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"}, "Condition": {"StringLike": {"token.actions.githubusercontent.com:sub": "repo:o/r:*"}}}))),
        (Trust, trust(json!({"Action": "sts:AssumeRoleWithSAML", "Principal": {"Federated": "arn:aws:iam::111122223333:saml-provider/p"}, "Condition": {"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}}}))),
        (Resource, one(json!({"Sid": "a b", "Principal": {"AWS": ["111122223333", "arn:aws:iam::111122223333:role/r"], "Service": "logging.s3.amazonaws.com"}}))),
        (Resource, trust(json!({"Action": "ecr:BatchGetImage"}))),
    ];
    for (kind, document) in clean {
        assert_eq!(linter.lint_value(&document, kind), [], "{document}");
    }
}

#[test]
fn what_the_reference_does_not_have_is_not_decided() {
    let linter = Linter::new(Reference::bundled().unwrap());
    let cases = [
        (Code::InvalidServiceInAction, allow("brandnew:GetThing", "*")),
        (Code::InvalidArnResource, allow("s3:GetObject", "arn:aws:brandnew:eu-west-1:111122223333:thing/t")),
        (Code::InvalidArnAccount, allow("ssm:GetParameter", "arn:aws:ssm:eu-west-1::parameter/aws/service/x")),
        (Code::InvalidArnResource, allow("s3:GetObject", "arn:aws:cloudformation:eu-west-1:aws:transform/Include")),
        (Code::InvalidServiceConditionKey, when("StringEquals", "s3:BrandNew", json!("a"))),
        (Code::InvalidService, when("StringEquals", "brandnew:Key", json!("a"))),
    ];
    for (code, document) in cases {
        let found = linter.lint_value(&document, Identity);
        assert!(found.iter().any(|f| f.code == code && f.level == Level::Unknown), "{document}: {found:?}");
        assert!(found.iter().all(|f| !matches!(f.level, Level::Error | Level::SecurityWarning)), "{document}: {found:?}");
    }
}

#[test]
fn texts_are_read_in_every_encoding_and_kinds_are_guessed() {
    let linter = Linter::new(Reference::bundled().unwrap());
    let codes = |text: &str| linter.lint_text(text, Identity).into_iter().map(|f| f.code).collect::<Vec<_>>();
    assert_eq!(codes("{"), [Code::JsonSyntaxError]);
    assert_eq!(codes(""), [Code::JsonSyntaxError]);
    let clean = one(json!({}));
    assert_eq!(codes(&clean.to_string()), []);
    assert_eq!(codes(&json!(clean.to_string()).to_string()), []);
    let encoded: String = clean.to_string().bytes().map(|b| format!("%{b:02X}")).collect();
    assert_eq!(codes(&encoded), []);
    for (kind, document) in [(Identity, clean), (Trust, trust(json!({}))), (Resource, for_all(json!("*"))), (Identity, json!({})), (Identity, json!(7))] {
        assert_eq!(PolicyType::guess(&document), kind, "{document}");
    }
}

#[test]
fn findings_name_their_place_and_come_in_order() {
    let document = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"},
        {"Sid": "Odd", "Effect": "Allow", "Action": ["s3:Nothing", "s3:GetObject"], "Resource": "nowhere"},
    ]});
    let found = Linter::new(Reference::bundled().unwrap()).lint_value(&document, Identity);
    let places: Vec<_> = found.iter().map(|f| (f.place.statement, f.place.sid.as_deref(), f.place.element.as_str(), f.place.value.as_deref(), f.code)).collect();
    assert_eq!(
        places,
        [
            (Some(1), Some("Odd"), "Action", Some("s3:Nothing"), Code::InvalidAction),
            (Some(1), Some("Odd"), "Resource", Some("nowhere"), Code::InvalidArnPrefix),
        ]
    );
}
