//! Principal ARNs: telling users, roles and sessions apart, and finding the role behind a session.

use super::arn::Arn;

/// What a principal ARN names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PrincipalKind {
    /// `arn:…:iam::A:user/…`
    User,
    /// `arn:…:iam::A:role/…`
    Role,
    /// `arn:…:iam::A:group/…`
    Group,
    /// `arn:…:iam::A:root`
    Root,
    /// `arn:…:sts::A:assumed-role/R/S`
    Session,
    /// `arn:…:sts::A:federated-user/N`
    FederatedUser,
}

/// The kind of principal an ARN names, if it names one.
#[must_use]
pub fn principal_kind(arn: &str) -> Option<PrincipalKind> {
    let arn = Arn::parse(arn)?;
    let head = arn.resource.split('/').next()?;
    match (arn.service, head) {
        ("iam", "user") => Some(PrincipalKind::User),
        ("iam", "role") => Some(PrincipalKind::Role),
        ("iam", "group") => Some(PrincipalKind::Group),
        ("iam", "root") => Some(PrincipalKind::Root),
        ("sts", "assumed-role") => Some(PrincipalKind::Session),
        ("sts", "federated-user") => Some(PrincipalKind::FederatedUser),
        _ => None,
    }
}

/// The role ARN that a session's ARN belongs to, its path unknown.
#[must_use]
pub fn role_of_session(arn: &str) -> Option<String> {
    let parsed = Arn::parse(arn)?;
    let mut words = parsed.resource.split('/');
    (parsed.service == "sts" && words.next() == Some("assumed-role")).then_some(())?;
    let role = words.next()?;
    Some(format!("arn:{}:iam::{}:role/{role}", parsed.partition, parsed.account))
}

/// Whether a role ARN names a service-linked role, which nobody but its service can change.
#[must_use]
pub fn is_service_linked_role(arn: &str) -> bool {
    Arn::parse(arn).is_some_and(|a| a.service == "iam" && a.resource.starts_with("role/aws-service-role/"))
}

/// Whether a role ARN names a role that Identity Center writes (its owner is a permission set).
#[must_use]
pub fn is_permission_set_role(arn: &str) -> bool {
    Arn::parse(arn).is_some_and(|a| a.service == "iam" && a.resource.starts_with("role/aws-reserved/sso.amazonaws.com/"))
}
