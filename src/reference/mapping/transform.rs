//! How a parameter's text becomes a part of an ARN, or the whole of it.

use super::CallFacts;
use super::params::usable;
use super::texts::{behind_profile, ends_in_letters, ends_in_secret_suffix, function, is_of_aws, model, queue};
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
    /// A function's name out of a name, a partial ARN, a full ARN; with a version or alias behind it both the name alone
    /// and the name with it, because a policy on the name alone does not cover a call of a version.
    FunctionName,
    /// A name in a namespace that the pattern does not show: any namespace's.
    AnyNamespace,
    /// `REGIONAL` and `CLOUDFRONT` as web ACLs' ARNs write them.
    WafScope,
    /// An URL without its scheme.
    NoScheme,
    /// A Systems Manager document; AWS's own have no account in their ARN.
    Document,
    /// A parameter without `/` in front and without a version or label behind; AWS's own have no account in their ARN.
    ParameterName,
    /// `bucket/key` of a copy's source, URL-decoded, without a version; an ARN as it is.
    CopySource,
    /// A log group's name, or the group of an ARN, with the `:*` that policies write behind it.
    LogGroup,
    /// A log group's name, or that of an ARN in the call's account.
    LogGroupName,
    /// The ARN of a function's version or alias; nothing where the text names none.
    FunctionVersion,
    /// A state machine's ARN without the version or alias behind it, which is what calls are authorised on.
    StateMachine,
    /// An account's id, and nothing else.
    AccountId,
    /// A secret's name with the six characters that Secrets Manager puts behind it.
    SecretName,
    /// A table's name, also out of an ARN of it; unlike `ArnName` never the whole ARN.
    TableName,
    /// A task definition's family, out of `family:revision` or an ARN.
    Family,
    /// A key's id; an alias is no key.
    KeyId,
    /// An alias without the word `alias/`.
    Alias,
    /// A text that is never an ARN, whatever it looks like: object keys are the uploader's own words.
    Verbatim,
    /// A queue URL as the queue's ARN, in the account that the URL names.
    QueueUrl,
    /// A Glue catalog's name; an account's id stands for the account's own catalog, which has no name.
    CatalogName,
    /// A Bedrock model's id, or the foundation model behind an inference profile in all regions.
    ModelId,
    /// The inference profile in a model id, where it is one (`eu.anthropic.…`).
    ProfileId,
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
            Some("before_colon") => Transform::BeforeColon,
            Some("arn_name") => Transform::ArnName,
            Some("function_name") => Transform::FunctionName,
            Some("log_group") => Transform::LogGroup,
            Some("log_group_name") => Transform::LogGroupName,
            Some("any_namespace") => Transform::AnyNamespace,
            Some("function_version") => Transform::FunctionVersion,
            Some("state_machine") => Transform::StateMachine,
            Some("account_id") => Transform::AccountId,
            Some("waf_scope") => Transform::WafScope,
            Some("no_scheme") => Transform::NoScheme,
            Some("document") => Transform::Document,
            Some("parameter_name") => Transform::ParameterName,
            Some("copy_source") => Transform::CopySource,
            Some("secret_name") => Transform::SecretName,
            Some("table_name") => Transform::TableName,
            Some("family") => Transform::Family,
            Some("key_id") => Transform::KeyId,
            Some("alias") => Transform::Alias,
            Some("verbatim") => Transform::Verbatim,
            Some("queue_url") => Transform::QueueUrl,
            Some("catalog_name") => Transform::CatalogName,
            Some("model_id") => Transform::ModelId,
            Some("profile_id") => Transform::ProfileId,
            Some(_) => return None,
        })
    }

    /// Whether an ARN of the right type is taken as it is.
    #[must_use]
    pub fn keeps_arns(self) -> bool {
        self == Transform::ArnName
    }

    /// The changed texts: a variable's values, or whole ARNs; none when the text cannot be what it should.
    #[must_use]
    pub fn all(self, value: &str, call: &CallFacts<'_>) -> Vec<String> {
        match self {
            Transform::PathStar if !value.starts_with("arn:") => match value.trim_matches('/') {
                "" => vec!["*".to_owned()],
                path => vec![path.to_owned(), format!("{path}/*")],
            },
            Transform::FunctionName => function(value, call),
            // A partial ARN may end in a word of six letters, which may be the six characters too: both readings then.
            Transform::SecretName if value.starts_with("arn:") && ends_in_secret_suffix(value) && ends_in_letters(value) => {
                vec![value.to_owned(), format!("{value}-??????")]
            }
            _ => self.apply(value, call).into_iter().collect(),
        }
    }

    /// The changed text, of those that [`Transform::all`] gives the first.
    #[must_use]
    pub fn apply(self, value: &str, call: &CallFacts<'_>) -> Option<String> {
        let is_arn = value.starts_with("arn:");
        let filled = |text: &str| Some(text.to_owned()).filter(|t| usable(t));
        match self {
            Transform::StripSlash if !is_arn => filled(value.trim_start_matches('/')),
            Transform::PathStar | Transform::FunctionName => self.all(value, call).into_iter().next(),
            Transform::LogGroup => Some(format!("{}:*", value.strip_suffix(":*").unwrap_or(value))),
            Transform::LogGroupName if is_arn => filled(Arn::parse(value)?.resource.strip_prefix("log-group:")?.trim_end_matches(":*")),
            Transform::FunctionVersion => {
                let versioned = function(value, call).into_iter().nth(1)?;
                let home = format!("arn:{}:lambda:{}:{}:function:", partition_of_region(call.region), call.region, call.account);
                Some(if versioned.starts_with("arn:") { versioned } else { home + &versioned })
            }
            Transform::StateMachine if is_arn => {
                let (head, tail) = value.split_once(":stateMachine:")?;
                Some(format!("{head}:stateMachine:{}", tail.split(':').next()?))
            }
            Transform::AccountId => Some(value.to_owned()).filter(|v| is_account_id(v)),
            Transform::AnyNamespace if !is_arn => Some(format!("*/{value}")),
            Transform::WafScope => Some(if value.eq_ignore_ascii_case("CLOUDFRONT") { "global" } else { "regional" }.to_owned()),
            Transform::NoScheme => filled(value.split_once("://").map_or(value, |(_, rest)| rest)),
            Transform::Document if !is_arn && is_of_aws(value) => {
                Some(format!("arn:{}:ssm:{}::document/{value}", partition_of_region(call.region), call.region))
            }
            Transform::ParameterName if is_arn => {
                let (head, tail) = value.split_once(":parameter/")?;
                Some(format!("{head}:parameter/{}", tail.split(':').next()?))
            }
            Transform::ParameterName => {
                let name = value.split(':').next()?;
                match name.strip_prefix("/aws/service/") {
                    Some(own) => Some(format!("arn:{}:ssm:{}::parameter/aws/service/{own}", partition_of_region(call.region), call.region)),
                    None => filled(name.trim_start_matches('/')),
                }
            }
            Transform::CopySource => {
                let decoded = percent_encoding::percent_decode_str(value.split("?versionId=").next()?).decode_utf8().ok()?;
                filled(decoded.trim_start_matches('/'))
            }
            Transform::SecretName if is_arn && !ends_in_secret_suffix(value) => Some(format!("{value}-??????")),
            Transform::AfterSlash => filled(value.trim_end_matches('/').rsplit('/').next()?),
            Transform::BeforeColon if !is_arn => filled(value.split(':').next()?),
            Transform::ArnName | Transform::TableName if is_arn => filled(Arn::parse(value)?.resource.rsplit(['/', ':']).next()?),
            Transform::SecretName if !is_arn => Some(format!("{value}-??????")),
            Transform::Family => filled(value.rsplit('/').next()?.split(':').next()?),
            Transform::KeyId if !is_arn && value.starts_with("alias/") => None,
            Transform::Alias if !is_arn => filled(value.strip_prefix("alias/").unwrap_or(value)),
            Transform::QueueUrl => queue(value, call),
            Transform::CatalogName if is_account_id(value) => None,
            Transform::ModelId => model(value, call),
            Transform::ProfileId if is_arn => Some(value.to_owned()),
            Transform::ProfileId => behind_profile(value).map(|_| value.to_owned()),
            _ => Some(value.to_owned()),
        }
    }
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
            ("path_star", "/prod/", Some("prod")),
            ("path_star", "/", Some("*")),
            ("after_slash", "/hostedzone/Z1", Some("Z1")),
            ("before_colon", "family:3", Some("family")),
            ("arn_name", "arn:aws:sns:eu-west-1:111122223333:topic", Some("topic")),
            ("arn_name", "topic", Some("topic")),
            ("function_name", "f", Some("f")),
            ("function_name", "f:live", Some("f")),
            ("function_name", "444455556666:function:f:1", Some(other)),
            ("function_name", "444455556666:f", Some(other)),
            ("function_name", "eu-west-1:444455556666:function:f", Some(other)),
            ("function_name", "my-function:prod", Some("my-function")),
            ("function_name", "arn:aws:lambda:eu-west-1:444455556666:function:my-function:prod", Some("arn:aws:lambda:eu-west-1:444455556666:function:my-function")),
            ("parameter_name", "arn:aws:ssm:eu-west-1:111122223333:parameter/a/b:3", Some("arn:aws:ssm:eu-west-1:111122223333:parameter/a/b")),
            ("function_name", "arn:aws:lambda:eu-west-1:444455556666:function:f:1", Some(other)),
            ("secret_name", "prod/db", Some("prod/db-??????")),
            ("secret_name", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db", Some("arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-??????")),
            ("secret_name", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbC123", Some("arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbC123")),
            ("log_group", "/app/orders", Some("/app/orders:*")),
            ("log_group_name", "arn:aws:logs:eu-west-1:111122223333:log-group:/app/orders:*", Some("/app/orders")),
            ("function_version", "f:live", Some("arn:aws:lambda:eu-west-1:111122223333:function:f:live")),
            ("function_version", "f", None),
            ("state_machine", "arn:aws:states:eu-west-1:111122223333:stateMachine:orders:live", Some("arn:aws:states:eu-west-1:111122223333:stateMachine:orders")),
            ("account_id", "ou-ab12", None),
            ("any_namespace", "finance", Some("*/finance")),
            ("waf_scope", "CLOUDFRONT", Some("global")),
            ("no_scheme", "https://token.example.net", Some("token.example.net")),
            ("document", "AWS-RunShellScript", Some("arn:aws:ssm:eu-west-1::document/AWS-RunShellScript")),
            ("document", "Mine", Some("Mine")),
            ("parameter_name", "/prod/db:3", Some("prod/db")),
            ("parameter_name", "/aws/service/x", Some("arn:aws:ssm:eu-west-1::parameter/aws/service/x")),
            ("copy_source", "/b/o%201?versionId=3", Some("b/o 1")),
            ("family", "arn:aws:ecs:eu-west-1:111122223333:task-definition/web:7", Some("web")),
            ("key_id", "alias/x", None),
            ("alias", "alias/x", Some("x")),
            ("queue_url", "https://sqs.eu-west-1.amazonaws.com/444455556666/q", Some("arn:aws:sqs:eu-west-1:444455556666:q")),
            ("queue_url", "https://sqs.proxy-eu-1.example.com/444455556666/q", Some("arn:aws:sqs:eu-west-1:444455556666:q")),
            ("queue_url", "https://queue.amazonaws.com/444455556666/q", Some("arn:aws:sqs:eu-west-1:444455556666:q")),
            ("queue_url", "https://sqs.us-east-2.amazonaws.com/", None),
            ("queue_url", "q", Some("q")),
            ("catalog_name", "444455556666", None),
            ("catalog_name", "sales", Some("sales")),
            ("model_id", "anthropic.claude-v2", Some("anthropic.claude-v2")),
            ("model_id", "eu.anthropic.claude-v2", Some("arn:aws:bedrock:*::foundation-model/anthropic.claude-v2")),
            ("model_id", "arn:aws:bedrock:eu-west-1:111122223333:inference-profile/eu.anthropic.claude-v2", Some("arn:aws:bedrock:*::foundation-model/anthropic.claude-v2")),
            ("model_id", "arn:aws:bedrock:eu-west-1:111122223333:provisioned-model/x", None),
            ("profile_id", "eu.anthropic.claude-v2", Some("eu.anthropic.claude-v2")),
            ("profile_id", "anthropic.claude-v2", None),
        ] {
            assert_eq!(apply(word, value).as_deref(), expected, "{word} {value}");
        }
        assert!(Transform::parse(Some("nonsense")).is_none());
        assert_eq!(Transform::FunctionName.all("f:live", &a_call()), ["f", "f:live"]);
        assert_eq!(Transform::PathStar.all("/prod/", &a_call()), ["prod", "prod/*"]);
        let word = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:prod-secret";
        assert_eq!(Transform::SecretName.all(word, &a_call()), [word.to_owned(), format!("{word}-??????")]);
        assert_eq!(Transform::SecretName.all("arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbC123", &a_call()).len(), 1);
    }
}
