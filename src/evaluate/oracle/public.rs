//! "The meaning of public": whether S3 takes a bucket policy as public (R24).

use std::net::IpAddr;

use super::values::read_range;
use crate::aws::Arn;
use crate::policy::{BaseOperator, Condition, Effect, PolicyDocument, PrincipalElement, SetOperator, Statement};

/// R24: keys that can hold a statement to somebody or somewhere.
const PINNING_KEYS: &[&str] = &[
    "aws:PrincipalArn", "aws:PrincipalAccount", "aws:PrincipalOrgID", "aws:PrincipalOrgPaths", "aws:SourceIp",
    "aws:SourceArn", "aws:SourceVpc", "aws:SourceVpce", "aws:SourceOwner", "aws:SourceAccount", "aws:userid",
    "s3:x-amz-server-side-encryption-aws-kms-key-id", "s3:DataAccessPointArn", "s3:DataAccessPointAccount",
];

/// R24: a policy is public when some Allow statement is.
pub(super) fn is_public(document: &PolicyDocument) -> bool {
    document.statements.iter().any(|statement| statement.effect == Effect::Allow && is_public_statement(statement))
}

/// R24: the principal is not fixed, and no condition pins a fixed value.
fn is_public_statement(statement: &Statement) -> bool {
    let open = match &statement.principal {
        Some(PrincipalElement::Principal(set)) => set.aws.iter().any(|entry| entry == "*"),
        Some(PrincipalElement::NotPrincipal(_)) => true,
        None => false,
    };
    open && !statement.conditions.iter().any(pins)
}

/// R24: a positive operator, a key that identifies, and nothing but fixed values.
fn pins(condition: &Condition) -> bool {
    let operator = condition.operator;
    let positive = matches!(
        operator.base,
        BaseOperator::StringEquals
            | BaseOperator::StringEqualsIgnoreCase
            | BaseOperator::StringLike
            | BaseOperator::ArnEquals
            | BaseOperator::ArnLike
    );
    // An address is a value of an IP operator only, and of one key only (R40).
    let is_address = condition.key.eq_ignore_ascii_case("aws:SourceIp");
    let positive = if is_address { operator.base == BaseOperator::IpAddress } else { positive };
    positive
        && operator.set != SetOperator::ForAllValues
        && !operator.if_exists
        && PINNING_KEYS.iter().any(|key| key.eq_ignore_ascii_case(&condition.key))
        && !condition.values.is_empty()
        && condition.values.iter().all(|value| is_fixed(&condition.key, value))
}

fn has_wildcard(text: &str) -> bool {
    text.contains(['*', '?'])
}

/// R24: whether one value is fixed, with what some keys leave open.
fn is_fixed(key: &str, value: &str) -> bool {
    if value.contains("${") {
        return false;
    }
    match key.to_ascii_lowercase().as_str() {
        "aws:sourceip" => !has_wildcard(value) && is_narrow(value),
        "s3:dataaccesspointarn" => !has_wildcard(value) || is_access_point_of_fixed_account(value),
        _ => !has_wildcard(value),
    }
}

/// R24: /8 or narrower, /32 or narrower for version 6.
fn is_narrow(value: &str) -> bool {
    match read_range(value) {
        Some((IpAddr::V4(_), length)) => length >= 8,
        Some((IpAddr::V6(_), length)) => length >= 32,
        None => false,
    }
}

/// R24: the access point's name may be open where the account is fixed.
fn is_access_point_of_fixed_account(value: &str) -> bool {
    Arn::parse(value).is_some_and(|arn| {
        let head = [arn.partition, arn.service, arn.region, arn.account];
        !head.iter().any(|part| has_wildcard(part)) && arn.resource.starts_with("accesspoint/")
    })
}
