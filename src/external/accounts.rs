//! Whose account it is, seen from a role: its own, another of ours, a vendor's, AWS's, or nobody's that we know.

use std::collections::{BTreeMap, BTreeSet};

use super::known::{Known, KnownAccounts};
use crate::grants::Grants;

/// Where somebody comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub enum Class {
    /// The role's own account.
    SameAccount,
    /// Another account of the role's organisation.
    SameOrganisation,
    /// Another account of ours, in another organisation or in none that we were told of.
    OtherOwnAccount,
    /// An outside account that the configuration or a list names.
    KnownVendor,
    /// An outside account that nothing names.
    UnknownExternal,
    /// An account that AWS itself owns.
    AwsOwned,
    /// An AWS service.
    AwsService,
    /// People, by a provider of identities.
    FederatedHuman,
    /// Programs, by a provider of identities.
    FederatedWorkload,
    /// A provider of identities of which it is not known whom it serves.
    Federated,
    /// Everybody.
    Public,
    /// A principal that was deleted.
    Dangling,
    /// Not told.
    Unknown,
}

impl Class {
    /// The word in tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Class::SameAccount => "same-account",
            Class::SameOrganisation => "same-organisation",
            Class::OtherOwnAccount => "other-own-account",
            Class::KnownVendor => "known-vendor",
            Class::UnknownExternal => "unknown-external",
            Class::AwsOwned => "aws-owned",
            Class::AwsService => "aws-service",
            Class::FederatedHuman => "federated-human",
            Class::FederatedWorkload => "federated-workload",
            Class::Federated => "federated",
            Class::Public => "public",
            Class::Dangling => "dangling",
            Class::Unknown => "unknown",
        }
    }
}

/// Our accounts and what is known of others.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Accounts {
    own: BTreeSet<String>,
    organisation: BTreeMap<String, String>,
    known: KnownAccounts,
}

impl Accounts {
    /// `own`: ids of our accounts; `vendors`: id and name by configuration, which counts more than `known`.
    #[must_use]
    pub fn new(own: impl IntoIterator<Item = String>, grants: &Grants, vendors: &BTreeMap<String, String>, mut known: KnownAccounts) -> Accounts {
        let of = |(id, o): (&String, &crate::grants::organisation::Organisation)| -> Vec<(String, String)> {
            o.nodes.keys().filter(|n| crate::aws::is_account_id(n)).map(|n| (n.clone(), id.clone())).collect()
        };
        known.extend(vendors.iter().map(|(id, name)| (id.clone(), Known { name: name.clone(), source: "configuration".to_owned(), is_aws: false })));
        Accounts { own: own.into_iter().collect(), organisation: grants.organisations.iter().flat_map(of).collect(), known }
    }

    /// Whether an account is ours.
    #[must_use]
    pub fn is_own(&self, account: &str) -> bool {
        self.own.contains(account)
    }

    /// The organisation of an account of ours.
    #[must_use]
    pub fn organisation(&self, account: &str) -> Option<&str> {
        self.organisation.get(account).map(String::as_str)
    }

    /// What a list or the configuration says of an outside account.
    #[must_use]
    pub fn known(&self, account: &str) -> Option<&Known> {
        self.known.get(account).filter(|_| !self.is_own(account))
    }

    /// Whose account it is, for a role of account `of`.
    #[must_use]
    pub fn class(&self, account: &str, of: &str) -> Class {
        let same = || self.organisation(account).is_some_and(|o| self.organisation(of) == Some(o));
        match self.known.get(account) {
            _ if account == of => Class::SameAccount,
            _ if self.is_own(account) && same() => Class::SameOrganisation,
            _ if self.is_own(account) => Class::OtherOwnAccount,
            Some(known) if known.is_aws => Class::AwsOwned,
            Some(_) => Class::KnownVendor,
            None => Class::UnknownExternal,
        }
    }
}
