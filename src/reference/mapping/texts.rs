//! What single services write where an ARN is meant: function names, queue URLs, model ids, names that AWS keeps.

use super::CallFacts;
use super::params::usable;
use crate::aws::{Arn, is_account_id, partition_of_region};

/// `fn`, `fn:1`, `111122223333:fn`, `eu-west-1:111122223333:function:fn`, `arn:…:function:fn:1`: the name, or the ARN
/// where the text names an account.
pub fn function(value: &str, call: &CallFacts<'_>) -> Vec<String> {
    let (mut region, mut account) = (call.region, None);
    let mut rest = value;
    let head = match Arn::parse(value) {
        Some(arn) => {
            let Some(tail) = arn.resource.strip_prefix("function:") else { return Vec::new() };
            rest = tail;
            value.strip_suffix(tail).map(str::to_owned)
        }
        None => {
            let parts: Vec<&str> = value.split(':').collect();
            if let [first, second, ..] = parts.as_slice()
                && is_account_id(second)
                && !is_account_id(first)
            {
                region = first;
                rest = rest.split_once(':').map_or("", |(_, tail)| tail);
            }
            if let Some((first, tail)) = rest.split_once(':')
                && is_account_id(first)
            {
                account = Some(first);
                rest = tail;
            }
            rest = rest.strip_prefix("function:").unwrap_or(rest);
            account.map(|account| format!("arn:{}:lambda:{region}:{account}:function:", partition_of_region(region)))
        }
    };
    let (name, version) = rest.split_once(':').map_or((rest, None), |(name, version)| (name, Some(version)));
    if !usable(name) {
        return Vec::new();
    }
    let head = head.unwrap_or_default();
    let versioned = version.filter(|v| usable(v)).map(|v| format!("{head}{name}:{v}"));
    std::iter::once(format!("{head}{name}")).chain(versioned).collect()
}

/// Whether a document's name is one of AWS's. Source: Systems Manager User Guide, "Creating SSM document content" (names
/// that start so are reserved).
pub fn is_of_aws(document: &str) -> bool {
    const STARTS: &[&str] = &["AWS-", "AWSEC2-", "AWSSupport-", "AWSConfigRemediation-", "AWSFleetManager-", "AmazonInspector", "AmazonCloudWatch-"];
    STARTS.iter().any(|s| document.starts_with(s))
}

/// Whether the last six characters are small letters.
pub fn ends_in_letters(arn: &str) -> bool {
    arn.bytes().rev().take(6).all(|b| b.is_ascii_lowercase())
}

/// Whether a secret's ARN has the six characters behind the name.
pub fn ends_in_secret_suffix(arn: &str) -> bool {
    arn.rsplit_once('-').is_some_and(|(_, end)| end.len() == 6 && end.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// The model of a profile's id: what stands behind the word for a group of regions.
pub fn behind_profile(id: &str) -> Option<&str> {
    const GROUPS: &[&str] = &["us", "us-gov", "eu", "apac", "jp", "au", "ca", "global"];
    id.split_once('.').filter(|(group, model)| GROUPS.contains(group) && model.contains('.')).map(|(_, model)| model)
}

/// A profile calls its model in any of its regions: the model's ARN in all regions. Source: Amazon Bedrock User Guide,
/// "Prerequisites for inference profiles".
pub fn model(value: &str, call: &CallFacts<'_>) -> Option<String> {
    let everywhere = |model: &str| format!("arn:{}:bedrock:*::foundation-model/{model}", partition_of_region(call.region));
    let Some(arn) = Arn::parse(value) else {
        return Some(behind_profile(value).map_or_else(|| value.to_owned(), everywhere));
    };
    let (kind, id) = arn.resource.split_once('/')?;
    match kind {
        "foundation-model" => Some(value.to_owned()),
        "inference-profile" => behind_profile(id).map(everywhere),
        _ => None,
    }
}

/// `https://sqs.eu-west-1.amazonaws.com/111122223333/name`, also of older hosts (`eu-west-1.queue.amazonaws.com`,
/// `queue.amazonaws.com`) and of VPC endpoints.
pub fn queue(url: &str, call: &CallFacts<'_>) -> Option<String> {
    let Some((_, rest)) = url.split_once("://") else { return Some(url.to_owned()).filter(|u| !u.contains('/')) };
    let mut parts = rest.split('/');
    let host = parts.next()?;
    let (account, name) = (parts.next()?, parts.next().filter(|n| !n.is_empty())?);
    if !is_account_id(account) {
        return None;
    }
    // The host is whatever the client was given; the queue is in the call's region.
    let is_region = |label: &&str| label.split('-').count() >= 3 && label.ends_with(|c: char| c.is_ascii_digit()) && !label.starts_with("vpce-");
    let region = if call.region.is_empty() { host.split('.').find(is_region).unwrap_or("*") } else { call.region };
    Some(format!("arn:{}:sqs:{region}:{account}:{name}", partition_of_region(region)))
}
