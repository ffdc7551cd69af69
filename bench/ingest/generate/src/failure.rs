//! Calls that fail: two in a hundred refused, two in a hundred for another reason.

use crate::dice::{Dice, mix};
use crate::operations::Operation;
use crate::values::Call;
use crate::write;

/// Error codes of services, with messages; those of `*` are everybody else's.
const OTHERS: &[(&str, &str, &str)] = &[
    ("s3", "NoSuchKey", "The specified key does not exist."),
    ("s3", "NoSuchTagSet", "The TagSet does not exist"),
    ("s3", "PreconditionFailed", "At least one of the pre-conditions you specified did not hold"),
    ("dynamodb", "ConditionalCheckFailedException", "The conditional request failed"),
    ("dynamodb", "ProvisionedThroughputExceededException", "The level of configured provisioned throughput for the table was exceeded."),
    ("dynamodb", "ResourceNotFoundException", "Requested resource not found"),
    ("ec2", "Client.RequestLimitExceeded", "Request limit exceeded."),
    ("ec2", "Client.InvalidInstanceID.NotFound", "The instance ID does not exist"),
    ("ec2", "Client.DryRunOperation", "Request would have succeeded, but DryRun flag is set."),
    ("iam", "NoSuchEntityException", "The role with the given name cannot be found."),
    ("ssm", "ParameterNotFound", ""),
    ("logs", "ResourceAlreadyExistsException", "The specified log stream already exists"),
    ("logs", "ResourceNotFoundException", "The specified log group does not exist."),
    ("sqs", "AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist for this wsdl version."),
    ("secretsmanager", "ResourceNotFoundException", "Secrets Manager can't find the specified secret."),
    ("kms", "NotFoundException", "Alias is not found."),
    ("ecr", "ImageNotFoundException", "The image requested does not exist in the registry"),
    ("*", "ThrottlingException", "Rate exceeded"),
    ("*", "ValidationException", "1 validation error detected: value failed to satisfy constraint: Member must not be null"),
];

/// Writes code and message of a failure, when the call fails; tells whether it does.
pub fn failure(out: &mut Vec<u8>, call: &Call<'_>, operation: &Operation, caller_arn: &[u8], management: &str) -> bool {
    let mut dice = Dice::new(mix(call.hash ^ 0xfa11));
    let drawn = dice.below(1_000);
    if drawn >= 40 || operation.name == "GetCallerIdentity" {
        return false;
    }
    let service = operation.source.split('.').next().unwrap_or_default();
    if drawn < 20 {
        denial(out, call, operation, service, caller_arn, management, &mut dice);
        return true;
    }
    let own: Vec<_> = OTHERS.iter().filter(|o| o.0 == service || o.0 == "*").collect();
    let (_, code, message) = dice.one(&own);
    for part in [",\"errorCode\":\"", code, "\",\"errorMessage\":\"", message, "\""] {
        out.extend_from_slice(part.as_bytes());
    }
    true
}

/// A refusal in AWS's words: no statement allows it, or one of some kind of policy denies it.
fn denial(out: &mut Vec<u8>, call: &Call<'_>, operation: &Operation, service: &str, caller: &[u8], management: &str, dice: &mut Dice) {
    let code = match service {
        "ec2" => "Client.UnauthorizedOperation",
        "sns" => "AuthorizationError",
        "s3" | "iam" | "sts" | "sqs" | "rds" | "monitoring" | "cloudformation" | "elasticloadbalancing" | "autoscaling" | "route53" => "AccessDenied",
        _ => "AccessDeniedException",
    };
    let action = &operation.action;
    let mut put = |text: &str| out.extend_from_slice(text.as_bytes());
    put(",\"errorCode\":\"");
    put(code);
    put("\",\"errorMessage\":\"");
    if service == "s3" && dice.chance(500) {
        put("Access Denied\"");
        return;
    }
    if service == "ec2" {
        put("You are not authorized to perform this operation. ");
    }
    put("User: ");
    out.extend_from_slice(caller);
    let quote = if service == "s3" { "\\\"" } else { "" };
    for text in [" is not authorized to perform: ", action, " on resource: ", quote] {
        out.extend_from_slice(text.as_bytes());
    }
    match operation.resources.first() {
        Some((_, arn)) => call.fill(out, arn),
        None => out.push(b'*'),
    }
    out.extend_from_slice(quote.as_bytes());
    let tail = match dice.below(100) {
        0..62 => format!(" because no identity-based policy allows the {action} action"),
        62..72 => " with an explicit deny in a service control policy".to_owned(),
        72..80 => {
            let policy = format!("arn:aws:organizations::{management}:policy/o-exampleorg1/service_control_policy/p-guard001");
            format!(" with an explicit deny in a service control policy: {policy}")
        }
        80..86 => format!(" because no permissions boundary allows the {action} action"),
        86..91 => format!(" because no resource-based policy allows the {action} action"),
        91..95 => " with an explicit deny in an identity-based policy".to_owned(),
        95..97 => format!(" because no session policy allows the {action} action"),
        97..99 => " with an explicit deny in a resource-based policy".to_owned(),
        _ => format!(" because no VPC endpoint policy allows the {action} action"),
    };
    out.extend_from_slice(tail.as_bytes());
    if service == "ec2" {
        out.extend_from_slice(b". Encoded authorization failure message: ");
        write::base64(out, dice.bits(), 480);
    }
    out.push(b'"');
}
