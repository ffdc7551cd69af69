//! Takes away what only captures from before a thing's end tell: a bucket that was deleted has no policy any more.

use std::collections::BTreeMap;

use super::builder::conflict;
use super::{Capture, Conflict, Grants, Known};
use crate::aws::Arn;

/// Whether a capture is from before the end of the thing that it is about. What has no time is kept: a holder too many
/// costs a proposal, one too few a permission that somebody needs.
pub fn is_over(capture: &Capture, end: &Capture) -> bool {
    capture.at_ms.is_some() && capture.at_ms < end.at_ms
}

/// Takes the things of the resource side away that are gone, and of those that came back what is from before.
pub fn forget(grants: &mut Grants, captures: &BTreeMap<String, Capture>, gone: &BTreeMap<String, Capture>) -> Vec<Conflict> {
    let mut conflicts = Vec::new();
    for (arn, end) in gone {
        let id = Arn::parse(arn).and_then(|a| a.resource.strip_prefix("vpc-endpoint/")).unwrap_or(arn);
        let prefix = format!("{id}: ");
        let told = captures.range(prefix.clone()..).take_while(|(what, _)| what.starts_with(&prefix));
        let told = captures.get_key_value(arn).into_iter().chain(told);
        let (old, since): (Vec<_>, Vec<_>) = told.partition(|(_, capture)| is_over(capture, end));
        conflicts.extend(old.iter().map(|(_, capture)| conflict(arn, end, capture)));
        if !old.is_empty() && since.is_empty() {
            remove(grants, arn, id);
        } else {
            old.iter().map(|(what, _)| what.strip_prefix(&prefix).unwrap_or("policy")).for_each(|what| reset(grants, arn, id, what));
        }
    }
    conflicts
}

fn bucket_of(arn: &str) -> Option<&str> {
    Arn::parse(arn).filter(|a| a.service == "s3" && a.account.is_empty()).map(|a| a.resource)
}

fn remove(grants: &mut Grants, arn: &str, id: &str) {
    let resources = &mut grants.resources;
    resources.by_arn.remove(arn);
    resources.access_points.remove(arn);
    resources.keys.remove(arn);
    resources.vpc_endpoints.remove(id);
    if let Some(bucket) = bucket_of(arn) {
        resources.buckets.remove(bucket);
    }
}

/// One fact of a thing that came back, told from before only.
fn reset(grants: &mut Grants, arn: &str, id: &str, what: &str) {
    fn forget<T>(known: &mut Known<T>) {
        *known = Known::Unknown("told of one of the same name that was deleted".to_owned());
    }
    let resources = &mut grants.resources;
    if let Some(resource) = resources.by_arn.get_mut(arn) {
        match what {
            "policy" => forget(&mut resource.policy),
            "shared policies" | "policies of shares" => forget(&mut resource.shared),
            _ => {}
        }
    }
    if let Some(bucket) = bucket_of(arn).and_then(|b| resources.buckets.get_mut(b)) {
        match what {
            "ACL" => forget(&mut bucket.acl),
            "Block Public Access" => forget(&mut bucket.block_public_access),
            "Object Ownership" => forget(&mut bucket.ownership),
            _ => {}
        }
    }
    if let (Some(point), "Block Public Access") = (resources.access_points.get_mut(arn), what) {
        forget(&mut point.block_public_access);
    }
    if let (Some(key), "grants") = (resources.keys.get_mut(arn), what) {
        forget(&mut key.grants);
    }
    if let (Some(endpoint), "policy") = (resources.vpc_endpoints.get_mut(id), what) {
        forget(&mut endpoint.policy);
    }
}
