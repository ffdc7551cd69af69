//! Permission sets of Identity Center: who owns the roles named `AWSReservedSSO_…`.
//!
//! Source: inputs-and-evaluation.md section 1.1; IAM Identity Center API reference.

use std::collections::{BTreeMap, BTreeSet};

use super::{AttachedDocument, Grants, Known, OwnerKind, Principal};
use crate::aws::Arn;
use crate::policy::{PolicyDocument, PolicyError};

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
    /// Accounts in which it has a role.
    pub accounts: Known<BTreeSet<String>>,
    /// Who has it, by account.
    pub assignments: BTreeMap<String, Known<Vec<Assignment>>>,
}

/// The permission set behind a role: the role's name is `AWSReservedSSO_<name>_<16 hexadecimal digits>`.
#[must_use]
pub fn set_name_of_role(role_name: &str) -> Option<&str> {
    let (name, id) = role_name.strip_prefix("AWSReservedSSO_")?.rsplit_once('_')?;
    (id.len() == 16 && id.bytes().all(|b| b.is_ascii_hexdigit())).then_some(name)
}

/// Something in which a role is not as its permission set says.
#[derive(Clone, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub struct Difference {
    /// The permission set: its name, or its ARN.
    pub set: String,
    /// ARN of the role.
    pub role: String,
    /// What differs: `inline policy`, `managed policies`, `permissions boundary`.
    pub what: &'static str,
    /// What the permission set has and the role has not.
    pub only_set: Vec<String>,
    /// What the role has and the permission set has not.
    pub only_role: Vec<String>,
}

impl Difference {
    /// The words for reports.
    #[must_use]
    pub fn gap(&self) -> String {
        let side = |whose: &str, what: &[String]| if what.is_empty() { String::new() } else { format!("; only {whose}: {}", what.join(", ")) };
        format!(
            "permission set `{}` is not provisioned as it is: {} of {}{}{}",
            self.set,
            self.what,
            self.role,
            side("the permission set", &self.only_set),
            side("the role", &self.only_role)
        )
    }
}

impl CustomerPolicy {
    /// The policy's ARN in the account of a role: the same path and name in every account.
    #[must_use]
    pub fn arn(&self, role: &Principal) -> String {
        let partition = Arn::parse(&role.arn).map_or("aws", |a| a.partition);
        format!("arn:{partition}:iam::{}:policy{}{}", role.account, self.path, self.name)
    }
}

impl Grants {
    /// The permission set that a role was made from. The role's name carries the whole name of the set: 15 characters before
    /// it, at most 32 of its own and 17 after it are the 64 that a role may have (IAM Identity Center API reference,
    /// `PermissionSet`; User Guide, "Referencing permission sets"). `None` where no export, or more than one, fits.
    #[must_use]
    pub fn permission_set_of(&self, role: &Principal) -> Option<&PermissionSet> {
        if role.kind != OwnerKind::Role || !role.path.starts_with("/aws-reserved/sso.amazonaws.com/") {
            return None;
        }
        let name = set_name_of_role(&role.name)?;
        let mut sets = self.permission_sets.values().filter(|s| s.name.as_deref() == Some(name));
        match (sets.next(), sets.next()) {
            (Some(set), None) => Some(set),
            _ => None,
        }
    }

    /// In what a role is not as its permission set says: a permission set that was changed but not provisioned, or an
    /// export of another time. What either export does not tell is not compared.
    #[must_use]
    pub fn set_differences(&self, role: &Principal, set: &PermissionSet) -> Vec<Difference> {
        let mut out = Vec::new();
        let mut compare = |what: &'static str, of_set: BTreeSet<String>, of_role: BTreeSet<String>| {
            if of_set != of_role {
                out.push(Difference {
                    set: set.name.clone().unwrap_or_else(|| set.arn.clone()),
                    role: role.arn.clone(),
                    what,
                    only_set: of_set.difference(&of_role).cloned().collect(),
                    only_role: of_role.difference(&of_set).cloned().collect(),
                });
            }
        };
        let told = |what: &str| !role.untold.contains(&what);
        // The role has the set's inline policy under a name that AWS chooses: the documents are compared.
        if told("inline policies") && !set.inline.is_unknown() {
            let of_set: Vec<&Read> = set.inline.present().map(|i| &i.document).into_iter().collect();
            let of_role: Vec<&Read> = role.inline.iter().map(|i| &i.document).collect();
            if of_set != of_role {
                let names = |of: &[&Read], other: &[&Read], name: &str| -> BTreeSet<String> {
                    of.iter().filter(|d| !other.contains(d)).map(|_| name.to_owned()).collect()
                };
                compare("inline policy", names(&of_set, &of_role, "its document"), names(&of_role, &of_set, "another document"));
            }
        }
        if let (true, false, false) = (told("attached policies"), set.managed.is_unknown(), set.customer.is_unknown()) {
            let managed = set.managed.present().into_iter().flatten().cloned();
            let customer = set.customer.present().into_iter().flatten().map(|c| c.arn(role));
            compare("managed policies", managed.chain(customer).collect(), role.attached.iter().cloned().collect());
        }
        if told("permissions boundary") && !set.boundary.is_unknown() {
            let of_set = set.boundary.present().map(|b| match b {
                SetBoundary::Managed(arn) => arn.clone(),
                SetBoundary::Customer(policy) => policy.arn(role),
            });
            compare("permissions boundary", of_set.into_iter().collect(), role.boundary.iter().cloned().collect());
        }
        out
    }
}

/// A document, or why it cannot be read.
type Read = Result<PolicyDocument, PolicyError>;

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
