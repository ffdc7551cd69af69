//! Role trust policies: the resource policy of a role. Without a word from it no identity policy opens the role
//! (rule 19); `TagSession` and `SetSourceIdentity` are actions of their own.

use super::Tri;
use super::prepared::PreparedRequest;

/// Whether the request asks a role's trust policy.
#[must_use]
pub fn asks_trust(request: &PreparedRequest<'_>) -> Tri {
    let takes_up = request.service() == "sts"
        && (request.operation().starts_with("assumerole")
            || matches!(request.operation(), "tagsession" | "setsourceidentity" | "setcontext"));
    if takes_up { request.is_of_sort("arn:*:iam:*:*:role/*") } else { Tri::No }
}
