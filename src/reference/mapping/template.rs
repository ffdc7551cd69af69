//! ARN templates of the exceptions table: `${Partition}`, `${Region}`, `${Account}`, `${caller}` (the caller's own ARN
//! where a user calls), `${param:name}`, `${param:name|transform}`.

use super::CallFacts;
use super::names::NameKey;
use super::params::{Params, usable};
use super::transform::Transform;
use crate::aws::partition_of_region;

/// The template filled in; `None` when the call does not tell all of it.
#[must_use]
pub fn fill(template: &str, call: &CallFacts<'_>, params: &Params<'_>) -> Option<String> {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        let (name, tail) = after.split_once('}')?;
        match name {
            "Partition" => out.push_str(partition_of_region(call.region)),
            "Region" => out.push_str(call.region),
            "Account" => out.push_str(call.account),
            "caller" => out.push_str(call.principal_arn.filter(|_| call.principal_type == "IAMUser")?),
            name => {
                let (name, transform) = match name.strip_prefix("param:")?.split_once('|') {
                    Some((name, word)) => (name, Transform::parse(Some(word))?),
                    None => (name.strip_prefix("param:")?, Transform::Plain),
                };
                let wanted = NameKey::of(name);
                let value = params.everywhere(&wanted).next()?;
                let value = transform.apply(value, call)?;
                // A wildcard may not pass; an ARN behind other text is the whole of it.
                if !usable(&value) {
                    return None;
                }
                if value.starts_with("arn:") && !out.is_empty() {
                    return Some(value);
                }
                out.push_str(&value);
            }
        }
        rest = tail;
    }
    out.push_str(rest);
    Some(out)
}
