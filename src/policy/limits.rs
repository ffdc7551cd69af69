//! AWS's limits on policies, in characters without white space, and on how many may be attached. Sources: IAM User
//! Guide, "IAM and AWS STS quotas"; AWS Organizations User Guide, "Quotas and service limits"; reference-data.md section 5.

/// Characters of one managed policy.
pub const MANAGED_LIMIT: usize = 6144;
/// Characters of a role's trust policy by default; [`TRUST_LIMIT_RAISED`] on request.
pub const TRUST_LIMIT: usize = 2048;
/// Characters of a role's trust policy at most.
pub const TRUST_LIMIT_RAISED: usize = 4096;
/// Managed policies that a user, a group or a role can have attached by default.
pub const ATTACHED_LIMIT: usize = 10;
/// Characters of all inline policies of a user together.
pub const INLINE_LIMIT_USER: usize = 2048;
/// Characters of all inline policies of a group together.
pub const INLINE_LIMIT_GROUP: usize = 5120;
/// Characters of all inline policies of a role together, and of a permission set's.
pub const INLINE_LIMIT_ROLE: usize = 10_240;
/// Characters of a service control policy. It was 5,120 for years: what is suggested keeps to that.
pub const SCP_LIMIT: usize = 10_240;
/// Characters of a suggested service control policy.
pub const SCP_LIMIT_SUGGESTED: usize = 5120;
/// Characters of a resource control policy.
pub const RCP_LIMIT: usize = 5120;
