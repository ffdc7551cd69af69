//! API Gateway's two control planes: the permission is the HTTP verb of the operation, the resource its path with the
//! parameters filled in. Source: reference-data.md section 2; IAM service authorization reference, "API Gateway
//! Management".

use super::names::NameKey;
use super::params::Params;
use super::{CallFacts, Provenance};
use crate::aws::partition_of_region;

/// The resource of a path such as `/restapis/{restapi_id}/stages`; how many of its parameters the call does not tell.
#[must_use]
pub fn resource(path: &str, call: &CallFacts<'_>, params: &Params<'_>) -> (String, Provenance, usize) {
    let path = path.split('?').next().unwrap_or(path);
    let mut out = format!("arn:{}:apigateway:{}::", partition_of_region(call.region), call.region);
    let mut missing = 0;
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let (name, tail) = after.split_once('}').unwrap_or((after, ""));
        match params.get(&NameKey::of(name.trim_end_matches('+'))).next() {
            Some(value) => out.push_str(value),
            None => {
                out.push('*');
                missing += 1;
            }
        }
        rest = tail;
    }
    out.push_str(rest);
    (out, if missing == 0 { Provenance::Override } else { Provenance::TypeWildcard }, missing)
}
