//! ARNs of users, groups, roles and managed policies with their paths. A call names a role `app`; its ARN may be
//! `role/service/app`, and only the inventory tells. A policy narrowed to `role/app` would refuse the next call. Source: reference-data.md section 3, step 5 ("joins").

use std::collections::BTreeMap;

use crate::aws::{Arn, Text};
use crate::grants::Grants;
use crate::usage::Usage;

/// ARNs without path, each with the one ARN of that kind and name in its account. Names are unique in an account
/// whatever the path; those without a path need no entry.
fn with_path<'a>(arns: impl Iterator<Item = &'a str>) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for arn in arns {
        let Some(parsed) = Arn::parse(arn) else { continue };
        let Some((kind, path)) = parsed.resource.split_once('/') else { continue };
        if let Some((_, name)) = path.rsplit_once('/') {
            let bare = format!("arn:{}:iam::{}:{kind}/{name}", parsed.partition, parsed.account);
            found.insert(bare, arn.to_owned());
        }
    }
    found
}

/// Writes the paths into resources that came from names (the event's own list has ARNs as they are), and names the callers
/// that are only known by a name.
pub fn add(usage: &mut Usage, grants: &Grants) {
    super::callers::Callers::new(grants).add(usage);
    let principals = grants.principals().map(|p| p.arn.as_str());
    let paths = with_path(principals.chain(grants.policies.keys().map(String::as_str)));
    if paths.is_empty() {
        return;
    }
    let fix = |resource: &mut Text, provenance: &str| {
        if let Some(full) = paths.get(resource.as_str()).filter(|_| provenance != "logged") {
            *resource = full.as_str().into();
        }
    };
    usage.rows.iter_mut().chain(&mut usage.history).for_each(|r| fix(&mut r.resource_arn, &r.provenance));
    usage.denials.iter_mut().for_each(|r| fix(&mut r.resource_arn, &r.arn_provenance));
    usage.denied_calls.iter_mut().for_each(|r| fix(&mut r.call.resource_arn, &r.call.arn_provenance));
    usage.session_calls.iter_mut().for_each(|r| fix(&mut r.resource_arn, &r.arn_provenance));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_has_a_path_is_looked_up_by_its_name() {
        let role = "arn:aws-cn:iam::111122223333:role/service/team/deploy";
        let paths = with_path([role, "arn:aws:iam::111122223333:role/plain", "arn:aws:iam::aws:policy/job-function/Billing"].into_iter());
        assert_eq!(
            paths,
            BTreeMap::from([
                ("arn:aws-cn:iam::111122223333:role/deploy".to_owned(), role.to_owned()),
                ("arn:aws:iam::aws:policy/Billing".to_owned(), "arn:aws:iam::aws:policy/job-function/Billing".to_owned()),
            ])
        );
    }
}
