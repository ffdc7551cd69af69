//! How a parameter's text becomes a part of an ARN, or the whole of it.

use super::CallFacts;
use super::params::usable;
use crate::aws::{Arn, is_account_id, partition_of_region};

/// A change that a row of the exceptions table asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transform {
    /// As it is.
    Plain,
    /// Without `/` in front.
    StripSlash,
    /// Without `/` around, and `/*` behind: all under a path.
    PathStar,
    /// What stands behind the last `/`.
    AfterSlash,
    /// What stands before the first `:`.
    BeforeColon,
    /// Of an ARN what stands behind its last `/` or `:`; other texts as they are.
    ArnName,
    /// Of an ARN its resource without the type's word in front; other texts as they are.
    ArnPath,
    /// A function's name out of a name, a partial ARN, a full ARN, each with or without a version behind it.
    FunctionName,
    /// The version or alias behind such a name; nothing when there is none.
    FunctionQualifier,
    /// A secret's name with the six characters that Secrets Manager puts behind it.
    SecretName,
    /// A task definition's family, out of `family:revision` or an ARN.
    Family,
    /// A key's id; an alias is no key.
    KeyId,
    /// An alias without the word `alias/`.
    Alias,
    /// A queue URL as the queue's ARN, in the region and account that the URL names.
    QueueUrl,
    /// The second of `a/b/c`.
    SecondSegment,
    /// Without the bucket (and the query) of `bucket/key?versionId=…`; `before_slash` gives the bucket.
    BeforeSlash,
}

impl Transform {
    /// Reads the table's word for it; `None` when there is no such.
    #[must_use]
    pub fn parse(word: Option<&str>) -> Option<Transform> {
        Some(match word {
            None => Transform::Plain,
            Some("strip_slash") => Transform::StripSlash,
            Some("path_star") => Transform::PathStar,
            Some("after_slash") => Transform::AfterSlash,
            Some("before_slash") => Transform::BeforeSlash,
            Some("before_colon") => Transform::BeforeColon,
            Some("arn_name") => Transform::ArnName,
            Some("arn_path") => Transform::ArnPath,
            Some("function_name") => Transform::FunctionName,
            Some("function_qualifier") => Transform::FunctionQualifier,
            Some("secret_name") => Transform::SecretName,
            Some("family") => Transform::Family,
            Some("key_id") => Transform::KeyId,
            Some("alias") => Transform::Alias,
            Some("queue_url") => Transform::QueueUrl,
            Some("second_segment") => Transform::SecondSegment,
            Some(_) => return None,
        })
    }

    /// The changed text: a variable's value, or a whole ARN; `None` when the text cannot be what it should.
    #[must_use]
    pub fn apply(self, value: &str, call: &CallFacts<'_>) -> Option<String> {
        let is_arn = value.starts_with("arn:");
        let filled = |text: &str| Some(text.to_owned()).filter(|t| usable(t));
        match self {
            Transform::StripSlash if !is_arn => filled(value.trim_start_matches('/')),
            Transform::PathStar if !is_arn => Some(match value.trim_matches('/') {
                "" => "*".to_owned(),
                path => format!("{path}/*"),
            }),
            Transform::AfterSlash => filled(value.trim_end_matches('/').rsplit('/').next()?),
            Transform::BeforeSlash => filled(value.trim_start_matches('/').split('/').next()?),
            Transform::SecondSegment => filled(value.split('/').nth(1)?),
            Transform::BeforeColon if !is_arn => filled(value.split(':').next()?),
            Transform::ArnName if is_arn => filled(Arn::parse(value)?.resource.rsplit(['/', ':']).next()?),
            Transform::ArnPath if is_arn => filled(Arn::parse(value)?.resource.split_once(['/', ':'])?.1),
            Transform::FunctionName => function(value, call),
            Transform::FunctionQualifier => {
                let tail = value.rsplit_once("function:").map_or(value, |(_, tail)| tail);
                filled(tail.split_once(':')?.1)
            }
            Transform::SecretName if !is_arn => Some(format!("{value}-??????")),
            Transform::Family => filled(value.rsplit('/').next()?.split(':').next()?),
            Transform::KeyId if !is_arn && value.starts_with("alias/") => None,
            Transform::Alias if !is_arn => filled(value.strip_prefix("alias/").unwrap_or(value)),
            Transform::QueueUrl => queue(value, call),
            _ => Some(value.to_owned()),
        }
    }
}

/// `fn`, `fn:1`, `111122223333:function:fn`, `arn:…:function:fn:1`: the name, or the ARN without its version where
/// the text names another account than the call's.
fn function(value: &str, call: &CallFacts<'_>) -> Option<String> {
    let (head, tail) = value.rsplit_once("function:").unwrap_or(("", value));
    let name = tail.split(':').next().filter(|n| usable(n))?;
    if head.starts_with("arn:") {
        return Some(format!("{head}function:{name}"));
    }
    match head.strip_suffix(':') {
        Some(account) if is_account_id(account) => {
            Some(format!("arn:{}:lambda:{}:{account}:function:{name}", partition_of_region(call.region), call.region))
        }
        _ => Some(name.to_owned()),
    }
}

/// `https://sqs.eu-west-1.amazonaws.com/111122223333/name`, also of older hosts (`eu-west-1.queue.amazonaws.com`,
/// `queue.amazonaws.com`) and of VPC endpoints.
fn queue(url: &str, call: &CallFacts<'_>) -> Option<String> {
    let Some((_, rest)) = url.split_once("://") else { return Some(url.to_owned()).filter(|u| !u.contains('/')) };
    let mut parts = rest.split('/');
    let host = parts.next()?;
    let (account, name) = (parts.next()?, parts.next().filter(|n| !n.is_empty())?);
    if !is_account_id(account) {
        return None;
    }
    let is_region = |label: &&str| label.split('-').count() >= 3 && label.ends_with(|c: char| c.is_ascii_digit()) && !label.starts_with("vpce-");
    let region = host.split('.').find(is_region).unwrap_or(call.region);
    Some(format!("arn:{}:sqs:{region}:{account}:{name}", partition_of_region(region)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::mapping::tests::a_call;

    fn apply(word: &str, value: &str) -> Option<String> {
        Transform::parse(Some(word)).unwrap().apply(value, &a_call())
    }

    #[test]
    fn names_out_of_other_texts() {
        let other = "arn:aws:lambda:eu-west-1:444455556666:function:f";
        for (word, value, expected) in [
            ("strip_slash", "/prod/db", Some("prod/db")),
            ("path_star", "/prod/", Some("prod/*")),
            ("path_star", "/", Some("*")),
            ("after_slash", "/hostedzone/Z1", Some("Z1")),
            ("before_colon", "family:3", Some("family")),
            ("before_slash", "/b/k/l", Some("b")),
            ("second_segment", "service/cluster/name", Some("cluster")),
            ("arn_name", "arn:aws:sns:eu-west-1:111122223333:topic", Some("topic")),
            ("arn_name", "topic", Some("topic")),
            ("arn_path", "arn:aws:iam::111122223333:policy/a/b", Some("a/b")),
            ("function_name", "f", Some("f")),
            ("function_name", "f:live", Some("f")),
            ("function_name", "444455556666:function:f:1", Some(other)),
            ("function_name", "arn:aws:lambda:eu-west-1:444455556666:function:f:1", Some(other)),
            ("function_qualifier", "f:live", Some("live")),
            ("function_qualifier", "f", None),
            ("secret_name", "prod/db", Some("prod/db-??????")),
            ("family", "arn:aws:ecs:eu-west-1:111122223333:task-definition/web:7", Some("web")),
            ("key_id", "alias/x", None),
            ("alias", "alias/x", Some("x")),
            ("queue_url", "https://sqs.us-east-2.amazonaws.com/444455556666/q", Some("arn:aws:sqs:us-east-2:444455556666:q")),
            ("queue_url", "https://eu-west-3.queue.amazonaws.com/444455556666/q", Some("arn:aws:sqs:eu-west-3:444455556666:q")),
            ("queue_url", "https://queue.amazonaws.com/444455556666/q", Some("arn:aws:sqs:eu-west-1:444455556666:q")),
            ("queue_url", "https://vpce-0a1-2b3.sqs.cn-north-1.vpce.amazonaws.com.cn/444455556666/q", Some("arn:aws-cn:sqs:cn-north-1:444455556666:q")),
            ("queue_url", "https://sqs.us-east-2.amazonaws.com/", None),
            ("queue_url", "q", Some("q")),
        ] {
            assert_eq!(apply(word, value).as_deref(), expected, "{word} {value}");
        }
        assert!(Transform::parse(Some("nonsense")).is_none());
    }
}
