//! Whether two captures tell the same of a thing. Exports differ in the order of lists, which never tells anything here,
//! and that difference is no conflict.

use std::collections::{BTreeMap, BTreeSet};

use super::evidence::{
    AccessKey, Analyzer, AnalyzerFinding, EnvironmentMember, IdentityProvider, InstanceProfile, KeyUse, LastAccessed, MfaDevice,
    OtherCredential, PasswordPolicy, Secret, ServerCertificate, SigningCertificate, StackPolicy,
};
use super::organisation::{OrganisationPolicy, OrganisationPolicyKind};
use super::permission_set::{Assignment, CustomerPolicy, SetBoundary};
use super::resource::{Acl, FunctionUrl, Share};
use super::{AttachedDocument, CredentialReport, Known};
use crate::policy::PolicyDocument;
use crate::policy::beside::{AclGrant, AclGrantee, AclPermission, BlockPublicAccess, KmsGrant, ObjectOwnership, VpcEndpointType};

/// Something that several captures may tell.
pub trait Same {
    /// Whether both tell the same.
    fn same(&self, other: &Self) -> bool;
}

/// Types without lists and documents inside, or whose lists exports leave as they are.
macro_rules! plain {
    ($($kind:ty),* $(,)?) => { $(impl Same for $kind {
        fn same(&self, other: &Self) -> bool {
            self == other
        }
    })* };
}

plain!(
    (), bool, i64, String, AccessKey, AclGrant, AclGrantee, AclPermission, Analyzer, AnalyzerFinding, Assignment, BlockPublicAccess,
    CredentialReport, CustomerPolicy, EnvironmentMember, FunctionUrl, IdentityProvider, InstanceProfile, KeyUse, KmsGrant, LastAccessed, MfaDevice,
    ObjectOwnership, OrganisationPolicyKind, OtherCredential, PasswordPolicy, Secret, ServerCertificate, SetBoundary, Share,
    SigningCertificate, VpcEndpointType,
);

impl Same for PolicyDocument {
    fn same(&self, other: &Self) -> bool {
        self.same_as(other)
    }
}

impl Same for AttachedDocument {
    fn same(&self, other: &Self) -> bool {
        self.name == other.name && self.document.same(&other.document)
    }
}

impl Same for StackPolicy {
    fn same(&self, other: &Self) -> bool {
        self.stack == other.stack && self.policy.same(&other.policy)
    }
}

impl Same for OrganisationPolicy {
    fn same(&self, other: &Self) -> bool {
        let head = |p: &OrganisationPolicy| (p.id.clone(), p.name.clone(), p.kind, p.aws_managed);
        head(self) == head(other) && self.document.same(&other.document)
    }
}

impl Same for Acl {
    fn same(&self, other: &Self) -> bool {
        self.owner == other.owner && self.grants.same(&other.grants)
    }
}

impl<T: Same> Same for Known<T> {
    fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Known::Present(a), Known::Present(b)) => a.same(b),
            (Known::Absent, Known::Absent) => true,
            (Known::Unknown(a), Known::Unknown(b)) => a == b,
            _ => false,
        }
    }
}

impl<T: Same> Same for Option<T> {
    fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Some(a), Some(b)) => a.same(b),
            (None, None) => true,
            _ => false,
        }
    }
}

impl<T: Same, E: PartialEq> Same for Result<T, E> {
    fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Ok(a), Ok(b)) => a.same(b),
            (Err(a), Err(b)) => a == b,
            _ => false,
        }
    }
}

/// The same elements, each as often, in whatever order.
impl<T: Same> Same for Vec<T> {
    fn same(&self, other: &Self) -> bool {
        if self.len() != other.len() {
            return false;
        }
        if self.iter().zip(other).all(|(a, b)| a.same(b)) {
            return true;
        }
        let mut left: Vec<&T> = other.iter().collect();
        self.iter().all(|a| match left.iter().position(|b| a.same(b)) {
            Some(at) => {
                left.swap_remove(at);
                true
            }
            None => false,
        })
    }
}

impl<T: Ord> Same for BTreeSet<T> {
    fn same(&self, other: &Self) -> bool {
        self == other
    }
}

impl<K: Ord, V: Same> Same for BTreeMap<K, V> {
    fn same(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().zip(other).all(|((k, v), (l, w))| k == l && v.same(w))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_the_same_in_any_order() {
        let list = |texts: &[&str]| texts.iter().map(|t| (*t).to_owned()).collect::<Vec<String>>();
        assert!(Known::Present(list(&["a", "b", "b"])).same(&Known::Present(list(&["b", "a", "b"]))));
        assert!(!list(&["a", "b", "b"]).same(&list(&["a", "a", "b"])));
        assert!(!Known::Present(list(&[])).same(&Known::Absent));
        assert!(!Some(list(&["a"])).same(&None));
    }
}
