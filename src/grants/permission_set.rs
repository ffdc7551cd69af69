//! Permission sets of Identity Center: who owns the roles named `AWSReservedSSO_…`.
//!
//! Source: inputs-and-evaluation.md section 1.1; IAM Identity Center API reference.

use std::collections::BTreeMap;

use super::{AttachedDocument, Known};

/// A customer managed policy that a permission set names; it is looked up by path and name in each account.
#[derive(Clone, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub struct CustomerPolicy {
    /// Path.
    pub path: String,
    /// Name.
    pub name: String,
}

/// A permission set's permissions boundary.
#[derive(Clone, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub enum SetBoundary {
    /// ARN of a policy of AWS.
    Managed(String),
    /// A policy of each account.
    Customer(CustomerPolicy),
}

/// A person or group that has the permission set in an account.
#[derive(Clone, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub struct Assignment {
    /// `USER` or `GROUP`.
    pub kind: String,
    /// Id in the identity store.
    pub id: String,
}

/// A permission set.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PermissionSet {
    /// ARN.
    pub arn: String,
    /// ARN of the Identity Center instance.
    pub instance: String,
    /// Name; `None` where only the ARN is told.
    pub name: Option<String>,
    /// ISO 8601 length of a session.
    pub session_duration: Option<String>,
    /// Its inline policy.
    pub inline: Known<AttachedDocument>,
    /// ARNs of AWS managed policies.
    pub managed: Known<Vec<String>>,
    /// Customer managed policies.
    pub customer: Known<Vec<CustomerPolicy>>,
    /// Its permissions boundary.
    pub boundary: Known<SetBoundary>,
    /// Who has it, by account.
    pub assignments: BTreeMap<String, Known<Vec<Assignment>>>,
}

/// The permission set behind a role: the role's name is `AWSReservedSSO_<name>_<16 hexadecimal digits>`.
#[must_use]
pub fn set_name_of_role(role_name: &str) -> Option<&str> {
    let (name, id) = role_name.strip_prefix("AWSReservedSSO_")?.rsplit_once('_')?;
    (id.len() == 16 && id.bytes().all(|b| b.is_ascii_hexdigit())).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_role_names_its_permission_set() {
        assert_eq!(set_name_of_role("AWSReservedSSO_Read_Only_0123456789abcdef"), Some("Read_Only"));
        assert_eq!(set_name_of_role("AWSReservedSSO_Admin_0123"), None);
        assert_eq!(set_name_of_role("Admin"), None);
    }
}
