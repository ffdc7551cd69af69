//! Conditions of a trust statement in one form, and those among them that cannot do what they seem to.
//!
//! Which keys a request has depends on who makes it (IAM User Guide, "AWS global condition context keys"; "IAM and AWS STS
//! condition context keys"): a service sends no MFA and no organisation, a user sends no `aws:SourceArn`, a federated sign-in
//! no ExternalId.

use std::collections::BTreeSet;

use crate::policy::{BaseOperator, Condition, SetOperator, Statement};

/// Keys in AWS's own spelling; others stay as written.
const SPELLING: &[&str] = &[
    "aws:CurrentTime", "aws:EpochTime", "aws:FederatedProvider", "aws:MultiFactorAuthAge", "aws:MultiFactorAuthPresent", "aws:PrincipalAccount",
    "aws:PrincipalArn", "aws:PrincipalIsAWSService", "aws:PrincipalOrgID", "aws:PrincipalOrgPaths", "aws:PrincipalType", "aws:RequestedRegion",
    "aws:SourceAccount", "aws:SourceArn", "aws:SourceIdentity", "aws:SourceIp", "aws:SourceOrgID", "aws:SourceOrgPaths", "aws:SourceVpc",
    "aws:SourceVpce", "SAML:aud", "SAML:iss", "SAML:sub", "SAML:sub_type", "sts:ExternalId", "sts:RoleSessionName", "sts:SourceIdentity",
    "sts:TransitiveTagKeys",
];

fn spelled(key: &str) -> &str {
    SPELLING.iter().copied().find(|k| k.eq_ignore_ascii_case(key)).unwrap_or(key)
}

/// Whether a condition is on a key.
#[must_use]
pub fn is_on(condition: &Condition, key: &str) -> bool {
    condition.key.eq_ignore_ascii_case(key)
}

/// Whether a condition holds only for requests that have its key, with a value of the list.
#[must_use]
pub fn asks_for_value(condition: &Condition) -> bool {
    let o = condition.operator;
    !o.base.is_negated() && !o.if_exists && o.base != BaseOperator::Null && o.set != SetOperator::ForAllValues
}

/// Whether the statement holds only with a value of the key. A pattern that every value fits asks for nothing.
#[must_use]
pub fn requires(statement: &Statement, key: &str) -> bool {
    statement.conditions.iter().any(|c| is_on(c, key) && asks_for_value(c) && !takes_anything(c))
}

/// Whether the operator takes wildcards and one of the values is nothing but them.
#[must_use]
pub fn takes_anything(condition: &Condition) -> bool {
    let is_pattern = matches!(condition.operator.base, BaseOperator::StringLike | BaseOperator::ArnLike | BaseOperator::ArnEquals);
    is_pattern && condition.values.iter().any(|v| !v.is_empty() && v.chars().all(|c| c == '*'))
}

/// The conditions in one line, sorted, keys in AWS's spelling. Values of ExternalIds are shared secrets: only that they are set
/// is said.
#[must_use]
pub fn normalised(statement: &Statement) -> Option<String> {
    let one = |c: &Condition| {
        let key = spelled(&c.key);
        if is_on(c, "sts:ExternalId") && c.operator.base != BaseOperator::Null {
            return format!("{} {key} (set)", c.operator);
        }
        let values: BTreeSet<&str> = c.values.iter().map(String::as_str).collect();
        format!("{} {key} = {}", c.operator, values.into_iter().collect::<Vec<_>>().join(" | "))
    };
    let all: BTreeSet<String> = statement.conditions.iter().map(one).collect();
    (!all.is_empty()).then(|| all.into_iter().collect::<Vec<_>>().join("; "))
}

/// Keys that a kind of entry's requests never have.
fn never_sent(entry_kind: &str, key: &str) -> bool {
    let any = |keys: &[&str]| keys.iter().any(|k| k.eq_ignore_ascii_case(key));
    match entry_kind {
        "service" => any(&["aws:MultiFactorAuthPresent", "aws:MultiFactorAuthAge", "aws:PrincipalOrgID", "aws:PrincipalOrgPaths", "aws:PrincipalArn", "aws:PrincipalAccount"]),
        "saml" | "oidc" => any(&["sts:ExternalId", "aws:MultiFactorAuthPresent", "aws:MultiFactorAuthAge", "aws:PrincipalOrgID", "aws:PrincipalOrgPaths", "aws:PrincipalArn", "aws:PrincipalAccount", "aws:SourceArn", "aws:SourceAccount"]),
        "account-root" | "role" | "user" | "session" => any(&["aws:SourceArn", "aws:SourceAccount", "aws:SourceOrgID", "aws:SourceOrgPaths", "SAML:aud", "SAML:sub", "SAML:iss"]),
        _ => false,
    }
}

/// When a date limit ends, epoch ms.
fn date_ms(text: &str) -> Option<i64> {
    if let Ok(seconds) = text.parse::<i64>() {
        return seconds.checked_mul(1000);
    }
    let at = text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_millisecond);
    at.or_else(|| format!("{text}T00:00:00Z").parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_millisecond))
}

/// Whether a date limit lies wholly in the past.
fn is_over(condition: &Condition, as_of_ms: i64) -> bool {
    let is_time = is_on(condition, "aws:CurrentTime") || is_on(condition, "aws:EpochTime");
    let until = matches!(
        condition.operator.base,
        BaseOperator::DateLessThan | BaseOperator::DateLessThanEquals | BaseOperator::NumericLessThan | BaseOperator::NumericLessThanEquals
    );
    is_time && until && !condition.values.is_empty() && condition.values.iter().all(|v| date_ms(v).is_some_and(|at| at < as_of_ms))
}

/// What is wrong with the conditions of a statement for one entry: `never-holds: …` lets nobody in by it, `no-effect: …` keeps
/// nobody out. `provider` is the host of a web identity provider.
#[must_use]
pub fn flags(statement: &Statement, entry_kind: &str, provider: Option<&str>, as_of_ms: i64) -> Vec<String> {
    let mut all = BTreeSet::new();
    for condition in &statement.conditions {
        let key = spelled(&condition.key);
        let operator = condition.operator;
        let absent = never_sent(entry_kind, &condition.key);
        // A condition key of a provider is `<host and path>:<claim>`.
        let of_other_provider = provider.is_some_and(|own| condition.key.rsplit_once(':').is_some_and(|(h, _)| h.contains('.') && !h.eq_ignore_ascii_case(own)));
        let is_mfa = is_on(condition, "aws:MultiFactorAuthPresent");
        if operator.base == BaseOperator::Null {
            let wants_absent = condition.values.iter().any(|v| v.eq_ignore_ascii_case("true"));
            if absent && !wants_absent {
                all.insert(format!("never-holds: {key} is never sent"));
            }
            continue;
        }
        if absent || of_other_provider {
            let why = if of_other_provider { "belongs to another provider" } else { "is never sent" };
            if asks_for_value(condition) {
                all.insert(format!("never-holds: {key} {why}"));
            } else {
                all.insert(format!("no-effect: {key} {why}"));
            }
            continue;
        }
        if is_over(condition, as_of_ms) {
            all.insert(format!("never-holds: {key} ended"));
        }
        if asks_for_value(condition) && takes_anything(condition) {
            all.insert(format!("no-effect: {key} takes every value"));
        }
        let is_equals = matches!(operator.base, BaseOperator::StringEquals | BaseOperator::StringEqualsIgnoreCase);
        if is_equals && !operator.if_exists && condition.values.iter().all(|v| v.contains('*')) && !condition.values.is_empty() {
            all.insert(format!("never-holds: {key} is compared with a literal *"));
        }
        if operator.if_exists && is_mfa {
            all.insert("no-effect: aws:MultiFactorAuthPresent with IfExists lets long-lived keys in without MFA".to_owned());
        } else if operator.if_exists {
            all.insert(format!("weak: {key} with IfExists lets in requests that lack it"));
        }
        if operator.set == SetOperator::ForAllValues {
            all.insert(format!("weak: {key} with ForAllValues lets in requests that lack it"));
        }
        if is_mfa && operator.base == BaseOperator::Bool && condition.values.iter().all(|v| v.eq_ignore_ascii_case("false")) {
            all.insert("weak: aws:MultiFactorAuthPresent must be false".to_owned());
        }
    }
    all.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(conditions: &str) -> Statement {
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"*"}},"Action":"sts:AssumeRole","Condition":{conditions}}}]}}"#
        );
        crate::policy::parse_text(&text).unwrap().statements.remove(0)
    }

    fn said(kind: &str, provider: Option<&str>, conditions: &str) -> Vec<String> {
        flags(&statement(conditions), kind, provider, 1_793_491_200_000)
    }

    #[test]
    fn one_form_and_no_secret() {
        let s = statement(r#"{"stringequals":{"STS:externalid":"s3cret","aws:principalorgid":["o-b","o-a","o-b"]},"Bool":{"AWS:MultiFactorAuthPresent":"true"}}"#);
        let text = normalised(&s).unwrap();
        assert_eq!(text, "Bool aws:MultiFactorAuthPresent = true; StringEquals aws:PrincipalOrgID = o-a | o-b; StringEquals sts:ExternalId (set)");
        assert!(requires(&s, "sts:ExternalId") && !requires(&s, "aws:SourceArn"));
        assert!(!requires(&statement(r#"{"StringEqualsIfExists":{"sts:ExternalId":"x"}}"#), "sts:ExternalId"));
        assert!(!requires(&statement(r#"{"StringLike":{"sts:ExternalId":"*"}}"#), "sts:ExternalId"), "any value will do");
        assert_eq!(normalised(&statement("{}")), None);
    }

    #[test]
    fn conditions_that_never_hold_or_do_nothing() {
        let mfa = r#"{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#;
        assert_eq!(said("service", None, mfa), ["never-holds: aws:MultiFactorAuthPresent is never sent"]);
        assert!(said("account-root", None, mfa).is_empty());
        assert_eq!(said("oidc", Some("token.example.com"), r#"{"StringEquals":{"sts:ExternalId":"x"}}"#), ["never-holds: sts:ExternalId is never sent"]);
        assert_eq!(said("role", None, r#"{"StringEquals":{"aws:SourceAccount":"111122223333"}}"#), ["never-holds: aws:SourceAccount is never sent"]);
        assert_eq!(said("role", None, r#"{"StringEqualsIfExists":{"aws:SourceAccount":"111122223333"}}"#), ["no-effect: aws:SourceAccount is never sent"]);
        assert!(said("service", None, r#"{"StringEquals":{"aws:SourceAccount":"111122223333"}}"#).is_empty());
        let sub = |provider| said("oidc", Some(provider), r#"{"StringEquals":{"token.example.com:sub":"x"}}"#);
        assert!(sub("token.example.com").is_empty());
        assert_eq!(sub("other.example.com"), ["never-holds: token.example.com:sub belongs to another provider"]);
        assert_eq!(said("oidc", Some("t.example.com"), r#"{"StringEquals":{"t.example.com:sub":"repo:acme/*"}}"#), ["never-holds: t.example.com:sub is compared with a literal *"]);
        assert_eq!(said("account-root", None, r#"{"StringLike":{"sts:ExternalId":"*"}}"#), ["no-effect: sts:ExternalId takes every value"]);
        assert_eq!(said("account-root", None, r#"{"DateLessThan":{"aws:CurrentTime":"2026-01-01T00:00:00Z"}}"#), ["never-holds: aws:CurrentTime ended"]);
        assert!(said("account-root", None, r#"{"DateLessThan":{"aws:CurrentTime":"2027-01-01"}}"#).is_empty());
        let weak = said("account-root", None, r#"{"BoolIfExists":{"aws:MultiFactorAuthPresent":"true"}}"#);
        assert!(weak.len() == 1 && weak[0].contains("long-lived keys"), "{weak:?}");
    }
}
