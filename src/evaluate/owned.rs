//! What belongs to AWS: nobody's policy can allow a change to it (rule 15b), so a reduced policy drops such grants
//! without loss.

use super::organisation;
use super::prepared::PreparedRequest;

const POLICY_WRITES: &[&str] =
    &["createpolicyversion", "deletepolicy", "deletepolicyversion", "setdefaultpolicyversion", "tagpolicy", "untagpolicy"];

/// On roles of Identity Center and on service-linked roles.
const ROLE_WRITES: &[&str] = &[
    "attachrolepolicy", "deleterole", "deleterolepermissionsboundary", "deleterolepolicy", "detachrolepolicy",
    "putrolepermissionsboundary", "putrolepolicy", "updateassumerolepolicy",
];

/// On roles of Identity Center besides.
const RESERVED_ROLE_WRITES: &[&str] = &["tagrole", "untagrole", "updaterole", "updateroledescription"];

const ALIAS_WRITES: &[&str] = &["createalias", "deletealias", "updatealias"];

/// Whether the request would change what AWS owns. The service's own session may: Identity Center writes its roles as
/// its service-linked role. Source: AWS Managed Policy Reference, `AWSSSOServiceRolePolicy`.
#[must_use]
pub fn by_aws(request: &PreparedRequest<'_>) -> bool {
    let service = request.service();
    if service != "iam" && service != "kms" {
        return false;
    }
    if organisation::is_service_linked(request) {
        return false;
    }
    let Some(arn) = request.arn() else { return false };
    let operation = request.operation();
    match service {
        "iam" if arn.account == "aws" => POLICY_WRITES.contains(&operation),
        "iam" if arn.resource.starts_with("role/aws-reserved/") => {
            ROLE_WRITES.contains(&operation) || RESERVED_ROLE_WRITES.contains(&operation)
        }
        "iam" if arn.resource.starts_with("role/aws-service-role/") => ROLE_WRITES.contains(&operation),
        "kms" => arn.resource.starts_with("alias/aws/") && ALIAS_WRITES.contains(&operation),
        _ => false,
    }
}
