//! How a call ended: authorised, denied, or failed in a way that may precede authorisation.
//!
//! Only denial codes are denials, and a `NoSuchKey` was authorised. Source: inputs-and-evaluation.md section 1.0
//! and reference-data.md section 2 ("errorCode").

/// Codes that mean a policy refused the call.
const DENIED: &[&str] = &[
    "AccessDenied",
    "AccessDeniedException",
    "AllAccessDisabled",
    "AuthorizationError",
    "AuthorizationErrorException",
    "Client.AccessDenied",
    "Client.UnauthorizedOperation",
    "ForbiddenException",
    "NotAuthorized",
    "UnauthorizedOperation",
    "VpceAccessDenied",
];

/// Codes, or their beginnings, of failures that may come before authorisation.
const WEAK: &[&str] = &[
    "AuthFailure",
    "ExpiredToken",
    // An access log's status without a code.
    "HTTP status",
    "IncompleteSignature",
    "InternalError",
    "InternalFailure",
    "InternalServer",
    "InvalidClientTokenId",
    "InvalidParameter",
    "MalformedQueryString",
    "MissingAuthenticationToken",
    "MissingParameter",
    "NotAuthorizedException",
    "OptInRequired",
    "ProvisionedThroughputExceeded",
    "RequestExpired",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "SignatureDoesNotMatch",
    "SlowDown",
    "Throttl",
    "TooManyRequests",
    "UnknownOperation",
    "UnrecognizedClient",
    "Unavailable",
    "Validation",
];

/// `allowed`, `denied` or `error`.
#[must_use]
pub fn outcome(code: Option<&str>, message: Option<&str>) -> &'static str {
    let Some(code) = code.filter(|c| !c.is_empty()) else { return "allowed" };
    let says_so = message.is_some_and(|m| m.contains("is not authorized to perform"));
    if DENIED.contains(&code) || code.starts_with("AccessDenied") || says_so {
        return "denied";
    }
    let bare = code.strip_prefix("Client.").or_else(|| code.strip_prefix("Server.")).unwrap_or(code);
    // `InvalidParameterValue` of EC2 also says that a thing is not there; both stay weak.
    if WEAK.iter().any(|w| bare.starts_with(w)) { "error" } else { "allowed" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_ways_to_end() {
        assert_eq!(outcome(None, None), "allowed");
        assert_eq!(outcome(Some(""), None), "allowed");
        assert_eq!(outcome(Some("NoSuchKey"), None), "allowed");
        assert_eq!(outcome(Some("Client.DryRunOperation"), None), "allowed");
        assert_eq!(outcome(Some("Client.UnauthorizedOperation"), None), "denied");
        assert_eq!(outcome(Some("KMSDenied"), Some("User: x is not authorized to perform: kms:Decrypt")), "denied");
        assert_eq!(outcome(Some("ThrottlingException"), None), "error");
        assert_eq!(outcome(Some("Client.InvalidParameterValue"), None), "error");
        assert_eq!(outcome(Some("NotAuthorizedException"), None), "error");
    }
}
