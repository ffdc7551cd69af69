//! Role trust policies: the resource policy of a role. Without a word from it no identity policy opens the role
//! (rule 19); `TagSession` and `SetSourceIdentity` are actions of their own.

use super::prepared::PreparedRequest;

/// Whether the request asks a role's trust policy.
#[must_use]
pub fn asks_trust(request: &PreparedRequest<'_>) -> bool {
    request.service() == "sts"
        && (request.operation().starts_with("assumerole")
            || matches!(request.operation(), "tagsession" | "setsourceidentity" | "setcontext"))
        && request.arn().is_some_and(|a| a.service.eq_ignore_ascii_case("iam") && a.resource.starts_with("role/"))
}
