//! The root users of the exported accounts: no policy grants them anything and none need to, but policies of resources, of the
//! organisation and of VPC endpoints bound them. Source: inputs-and-evaluation.md section 4.3, rule 14.

use std::collections::BTreeMap;

use super::consistency::{Consistency, Holder, Row, contradiction, put};
use super::layers::Layers;
use crate::aws::partition_of_region;
use crate::evaluate::{CompiledPolicies, PolicyType, PrincipalType, RequestPrincipal};
use crate::usage::{Outcome, Usage};

/// Compares their calls with the log. A session that `AssumeRoot` made is bounded by its task's policy, which no record
/// tells.
pub fn compare(usage: &Usage, trusts: &BTreeMap<&str, CompiledPolicies>, layers: &Layers<'_>, out: &mut Consistency) {
    let used = usage.rows.iter().filter(|r| r.outcome == Outcome::Allowed);
    let used = used.map(|r| (r.principal_type.as_deref(), r.principal_key.as_str(), r.region.as_deref(), Row::of_use(r)));
    let denied = usage.denials.iter().map(|r| (r.principal_type.as_deref(), r.principal_key.as_str(), r.region.as_deref(), Row::of_denial(r)));
    for (principal_type, account, region, row) in used.chain(denied) {
        if principal_type != Some("Root") || !layers.grants().accounts.contains_key(account) {
            continue;
        }
        let arn = format!("arn:{}:iam::{account}:root", partition_of_region(region.unwrap_or_default()));
        let caller = RequestPrincipal {
            arn: Some(arn.clone()),
            account: Some(account.to_owned()),
            ..RequestPrincipal::of_kind(PrincipalType::Root)
        };
        let holder = Holder { arn: &arn, caller, policies: CompiledPolicies::default(), unseen: vec![PolicyType::Session] };
        let comparison = put(&holder, &row, trusts, layers);
        out.calls.add(&row, &comparison);
        out.contradictions.extend(contradiction(&holder, &row, &comparison));
    }
}
