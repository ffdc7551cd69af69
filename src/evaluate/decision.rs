//! The answer to a request: one of three values for every question, AWS's word for the decision, and the
//! statements that made it.

use std::collections::BTreeSet;

/// Yes, no, or not to be told.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord, Hash)]
pub enum Tri {
    /// Surely not.
    No,
    /// Not to be told with what is known.
    Unknown,
    /// Surely.
    Yes,
}

impl Tri {
    /// Both.
    #[must_use]
    pub fn and(self, other: Tri) -> Tri {
        self.min(other)
    }

    /// At least one.
    #[must_use]
    pub fn or(self, other: Tri) -> Tri {
        self.max(other)
    }

    /// The opposite; Unknown stays.
    #[must_use]
    pub fn negate(self) -> Tri {
        match self {
            Tri::No => Tri::Yes,
            Tri::Unknown => Tri::Unknown,
            Tri::Yes => Tri::No,
        }
    }
}

impl From<bool> for Tri {
    fn from(value: bool) -> Tri {
        if value { Tri::Yes } else { Tri::No }
    }
}

/// The decision on a request, in AWS's words.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord, Hash)]
pub enum Decision {
    /// Allowed.
    Allowed,
    /// A Deny statement applies.
    ExplicitDeny,
    /// Nothing allows it.
    ImplicitDeny,
    /// What is known does not decide it.
    Unknown,
}

impl Decision {
    /// AWS's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Decision::Allowed => "allowed",
            Decision::ExplicitDeny => "explicitDeny",
            Decision::ImplicitDeny => "implicitDeny",
            Decision::Unknown => "unknown",
        }
    }

    /// Whether the request is refused.
    #[must_use]
    pub fn is_denied(self) -> bool {
        matches!(self, Decision::ExplicitDeny | Decision::ImplicitDeny)
    }
}

/// Kinds of policy. Their order is the order of `decided_by`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord, Hash)]
pub enum PolicyType {
    /// Attached to the principal or its groups.
    Identity,
    /// Permissions boundary.
    PermissionsBoundary,
    /// Passed when the session was made.
    Session,
    /// Attached to the resource: bucket policy, key policy, role trust policy, …; also RAM shares, S3 ACLs and KMS
    /// grants, which grant in the same place.
    Resource,
    /// Service control policy of the principal's account and its parents.
    ServiceControl,
    /// Resource control policy of the resource's account and its parents.
    ResourceControl,
    /// Policy of the VPC endpoint that the request came through.
    VpcEndpoint,
}

impl PolicyType {
    /// Every kind, in order.
    pub const ALL: [PolicyType; 7] = [
        PolicyType::Identity,
        PolicyType::PermissionsBoundary,
        PolicyType::Session,
        PolicyType::Resource,
        PolicyType::ServiceControl,
        PolicyType::ResourceControl,
        PolicyType::VpcEndpoint,
    ];

    /// The key in the case format (design.md section 5).
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            PolicyType::Identity => "identity",
            PolicyType::PermissionsBoundary => "boundary",
            PolicyType::Session => "session",
            PolicyType::Resource => "resource",
            PolicyType::ServiceControl => "scp",
            PolicyType::ResourceControl => "rcp",
            PolicyType::VpcEndpoint => "vpc_endpoint",
        }
    }
}

/// A statement that decided. Ordered by kind, policy and place.
#[derive(Clone, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub struct DecidingStatement {
    /// Kind of policy.
    pub policy_type: PolicyType,
    /// Policy name.
    pub policy: String,
    /// Place of the statement in the policy, from 0.
    pub index: usize,
    /// Sid, or `#index`.
    pub statement: String,
}

/// A decision with its reasons.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Evaluation {
    /// The decision.
    pub decision: Decision,
    /// Of an explicit deny: every Deny statement that applies. Of an allow: every Allow statement that applies, in
    /// every kind of policy that bears on the request. Of an unknown: every Allow statement that applies or may,
    /// and every Deny statement that may. Of an implicit deny: none. Sorted, each once.
    pub decided_by: Vec<DecidingStatement>,
    /// Of an implicit deny: the first kind of policy that does not allow, in the order resource control, service
    /// control, VPC endpoint, identity, boundary, session, resource. Of an unknown: the first kind, in the same
    /// order, that is not known and bears on the request.
    pub missing_policy_type: Option<PolicyType>,
    /// Of an unknown: condition keys whose values would settle statements that may apply.
    pub missing_context: BTreeSet<String>,
}

impl Evaluation {
    /// A decision without statements.
    #[must_use]
    pub fn plain(decision: Decision, missing: Option<PolicyType>) -> Evaluation {
        Evaluation { decision, decided_by: Vec::new(), missing_policy_type: missing, missing_context: BTreeSet::new() }
    }
}
