//! API Gateway's two control planes: the permission is the HTTP verb of the operation, the resource its path with the
//! parameters filled in. Source: reference-data.md section 2; API Gateway Developer Guide, "Amazon Resource
//! Name (ARN) reference".

use super::names::NameKey;
use super::params::Params;
use super::{CallFacts, Provenance};
use crate::aws::partition_of_region;

/// The request parameter for a path's word, where it is called otherwise.
fn parameter(word: &str) -> &str {
    match word {
        "part_id" => "documentationPartId",
        "doc_version" => "documentationVersion",
        "sdktype_id" => "id",
        word => word,
    }
}

/// The resource of a path such as `/restapis/{restapi_id}/stages`; how many of its parameters the call does not tell.
#[must_use]
pub fn resource(path: &str, call: &CallFacts<'_>, params: &Params<'_>) -> (String, Provenance, usize) {
    // The second generation is called under `/v2`, which its ARNs do not have.
    let path = path.split('?').next().unwrap_or(path);
    let path = path.strip_prefix("/v2").unwrap_or(path);
    let mut out = format!("arn:{}:apigateway:{}::", partition_of_region(call.region), call.region);
    let mut missing = 0;
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let (name, tail) = after.split_once('}').unwrap_or((after, ""));
        match params.get(&NameKey::of(parameter(name.trim_end_matches('+')))).next() {
            // An ARN in a path stands there encoded.
            Some(value) if value.starts_with("arn:") => out.extend(percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC)),
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
