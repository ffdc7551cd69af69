//! Resource control policies: bound what may be done to resources of member accounts, whoever asks, for the services
//! that AWS lists; not resources of the management account, not service-linked roles, not `kms:RetireGrant`
//! (rule 13).

use super::compiled::CompiledPolicies;
use super::layer::{Recorder, Verdict};
use super::prepared::PreparedRequest;
use super::{PolicyType, PrincipalType, boundary, organisation};

/// Prefixes of the services whose actions resource control policies reach. Source: Organizations User Guide,
/// "Resource control policies", list of services, as of 2026-09-26; the list grows.
pub const SERVICES: &[&str] = &[
    "aoss", "appconfig", "appstream", "autoscaling", "autoscaling-plans", "budgets", "clouddirectory", "cloudfront",
    "cloudsearch", "cloudtrail-data", "codeartifact", "codebuild", "codecommit", "codepipeline", "cognito-identity",
    "cognito-idp", "comprehend", "comprehendmedical", "compute-optimizer", "cost-optimization-hub", "dax", "dsql",
    "dynamodb", "ecr", "ecr-public", "events", "firehose", "fis", "fms", "gamelift", "health", "inspector-scan",
    "kendra", "kinesisvideo", "kms", "logs", "memorydb", "networkmonitor", "notifications", "opensearch",
    "pca-connector-ad", "personalize", "polly", "pricing", "resource-groups", "rolesanywhere", "s3", "secretsmanager",
    "servicediscovery", "signin", "sqs", "sts", "support", "swf", "textract", "timestream-influxdb", "transcribe",
    "transfer", "translate", "wafv2", "workspaces", "xray",
];

/// Whether resource control policies bear on the request.
#[must_use]
pub fn bear_on(request: &PreparedRequest<'_>, policies: &CompiledPolicies) -> bool {
    let manager = policies.management_account.as_deref();
    SERVICES.binary_search(&request.service()).is_ok()
        && request.action.lower != "kms:retiregrant"
        && !is_out_of_reach(request)
        && !(manager.is_some() && manager == request.owner)
        && !organisation::is_service_linked(request)
}

/// A service that assumes its service-linked role, and AWS's own keys (as far as an alias shows them). Source:
/// Organizations User Guide, "Resources and entities not restricted by RCPs".
fn is_out_of_reach(request: &PreparedRequest<'_>) -> bool {
    request.arn().is_some_and(|arn| match request.service() {
        "sts" => request.principal().kind == PrincipalType::Service && arn.resource.starts_with("role/aws-service-role/"),
        "kms" => arn.resource.starts_with("alias/aws/"),
        _ => false,
    })
}

/// What resource control policies say.
pub fn verdict<R: Recorder>(request: &PreparedRequest<'_>, policies: &CompiledPolicies, recorder: &mut R) -> Verdict {
    let kind = PolicyType::ResourceControl;
    if (policies.rcp.is_none() && !policies.is_unknown(kind)) || !bear_on(request, policies) {
        return Verdict::ABSENT;
    }
    let reach = boundary::reach(request, policies);
    organisation::verdict(kind, policies.rcp.as_deref(), policies.is_unknown(kind), request, reach, recorder)
}

#[cfg(test)]
mod tests {
    #[test]
    fn services_are_sorted_and_unique() {
        assert!(super::SERVICES.is_sorted_by(|a, b| a < b));
    }
}
