//! VPC endpoint policies: bound every request that comes through the endpoint. At a gateway endpoint an account as
//! principal is its root user only; roles and users are reached by `*` with `aws:PrincipalArn`.
//! Source: inputs-and-evaluation.md section 1.2; VPC User Guide, "Endpoint policies for gateway endpoints".

use super::compiled::CompiledPolicies;
use super::layer::{Recorder, Verdict, bound};
use super::prepared::PreparedRequest;
use super::principal::Reach;
use super::{PolicyType, VpcEndpointType, boundary};

/// What the endpoint's policy says.
pub fn verdict<R: Recorder>(request: &PreparedRequest<'_>, policies: &CompiledPolicies, recorder: &mut R) -> Verdict {
    let kind = PolicyType::VpcEndpoint;
    let reach = Reach { accounts_are_root: policies.vpc_endpoint_type == VpcEndpointType::Gateway, ..boundary::reach(request, policies) };
    bound(kind, policies.vpc_endpoint.as_deref(), policies.is_unknown(kind), request, reach, recorder)
}
