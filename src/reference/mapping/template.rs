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
                // What the change makes of the text must be of use, not the text itself: `bucket/key?versionId=…`.
                let mut values = params.raw(&wanted);
                let value = values.next()?;
                // Several values are several resources: the template tells of none.
                if values.any(|other| other != value) {
                    return None;
                }
                let value = transform.apply(value, call)?;
                if !usable(&value) {
                    return None;
                }
                // An ARN takes the place of what stands before it.
                if value.starts_with("arn:") && transform != Transform::Verbatim {
                    out.clear();
                } else if out.matches(':').count() < 5 && !value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
                    return None;
                }
                out.push_str(&value);
            }
        }
        rest = tail;
    }
    out.push_str(rest);
    Some(out)
}
