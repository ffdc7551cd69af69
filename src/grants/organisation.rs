//! The organisation: its tree, and the policies that bound the accounts in it.
//!
//! Source: inputs-and-evaluation.md sections 1.2 and 4.5; Organizations User Guide, "SCP evaluation", "RCP evaluation".

use std::collections::{BTreeMap, BTreeSet};

use super::{Grants, Known};
use crate::policy::{PolicyDocument, PolicyError};

/// Kind of an organisation policy that takes part in evaluation.
#[derive(Copy, Clone, PartialEq, Eq, Debug, PartialOrd, Ord, Hash)]
pub enum OrganisationPolicyKind {
    /// Bounds principals of member accounts.
    ServiceControl,
    /// Bounds resources of member accounts.
    ResourceControl,
}

impl OrganisationPolicyKind {
    /// AWS's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            OrganisationPolicyKind::ServiceControl => "SERVICE_CONTROL_POLICY",
            OrganisationPolicyKind::ResourceControl => "RESOURCE_CONTROL_POLICY",
        }
    }

    /// The kind by AWS's word.
    #[must_use]
    pub fn parse(text: &str) -> Option<OrganisationPolicyKind> {
        match text {
            "SERVICE_CONTROL_POLICY" => Some(OrganisationPolicyKind::ServiceControl),
            "RESOURCE_CONTROL_POLICY" => Some(OrganisationPolicyKind::ResourceControl),
            _ => None,
        }
    }
}

/// A policy of the organisation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OrganisationPolicy {
    /// Id, `p-…`.
    pub id: String,
    /// Name.
    pub name: String,
    /// Kind.
    pub kind: OrganisationPolicyKind,
    /// Whether AWS made it (`FullAWSAccess`, `RCPFullAWSAccess`).
    pub aws_managed: bool,
    /// Its document, or why it cannot be read.
    pub document: Known<Result<PolicyDocument, PolicyError>>,
}

/// A place in the tree: a root, an organisational unit, an account.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Node {
    /// Id: `r-…`, `ou-…`, or the account's.
    pub id: String,
    /// Name.
    pub name: String,
    /// Where it hangs; absent for a root.
    pub parent: Known<String>,
    /// Ids of the policies attached there, by kind.
    pub attached: BTreeMap<OrganisationPolicyKind, Known<BTreeSet<String>>>,
    /// Of an account: `ACTIVE`, `SUSPENDED`, …
    pub status: Option<String>,
}

/// An organisation.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Organisation {
    /// Id, `o-…`.
    pub id: String,
    /// The management account.
    pub management_account: Known<String>,
    /// Which kinds of policy are on.
    pub enabled: BTreeMap<OrganisationPolicyKind, Known<bool>>,
    /// Roots, organisational units and accounts by id.
    pub nodes: BTreeMap<String, Node>,
    /// Policies by id.
    pub policies: BTreeMap<String, OrganisationPolicy>,
    /// Services that accounts administer for the organisation, by account.
    pub delegated: BTreeMap<String, Known<Vec<String>>>,
    /// Features of central root access that are on, as `iam list-organizations-features` names them. Absent: none can be.
    pub features: Known<BTreeSet<String>>,
    /// The organisation's own resource policy.
    pub resource_policy: Known<Result<PolicyDocument, PolicyError>>,
}

/// One level over an account, with the policies attached there.
pub struct OrganisationLevel<'g> {
    /// Id of the root, organisational unit or account.
    pub id: &'g str,
    /// The policies.
    pub policies: Vec<&'g OrganisationPolicy>,
}

impl Organisation {
    /// The levels over an account, from the root down to the account itself, with their policies of a kind. Absent: the
    /// kind does not bound the account (it is switched off, or the account is the management account, which no policy of its
    /// organisation bounds). Unknown: a level, its attachments or a document is not at hand, or which account is the
    /// management account. For an account in no organisation: [`Grants::organisation_levels`].
    #[must_use]
    pub fn levels(&self, account: &str, kind: OrganisationPolicyKind) -> Known<Vec<OrganisationLevel<'_>>> {
        if self.management_account.present().is_some_and(|m| m == account) {
            return Known::Absent;
        }
        match self.enabled.get(&kind) {
            Some(Known::Present(false) | Known::Absent) => return Known::Absent,
            Some(Known::Present(true)) => {}
            Some(Known::Unknown(why)) => return Known::Unknown(format!("whether {} is on: {why}", kind.as_str())),
            None => return Known::Unknown(format!("whether {} is on: not exported", kind.as_str())),
        }
        if let Some(why) = self.management_account.why() {
            return Known::Unknown(format!("which account is the management account: {why}"));
        }
        let mut levels = Vec::new();
        let mut at = account;
        loop {
            let Some(node) = self.nodes.get(at) else { return Known::Unknown(format!("`{at}` is not in the organisation's export")) };
            let ids = match node.attached.get(&kind) {
                Some(Known::Present(ids)) => ids.iter().collect(),
                Some(Known::Absent) => Vec::new(),
                Some(Known::Unknown(why)) => return Known::Unknown(format!("policies attached to `{at}`: {why}")),
                None => return Known::Unknown(format!("policies attached to `{at}`: not exported")),
            };
            let mut policies = Vec::new();
            for id in ids {
                match self.policies.get(id) {
                    Some(policy) if policy.document.present().is_some_and(Result::is_ok) => policies.push(policy),
                    Some(policy) => {
                        let why = policy.document.why().map_or_else(|| "cannot be read".to_owned(), str::to_owned);
                        return Known::Unknown(format!("policy `{id}`: {why}"));
                    }
                    None => return Known::Unknown(format!("policy `{id}` is attached to `{at}` but not in the export")),
                }
            }
            levels.push(OrganisationLevel { id: &node.id, policies });
            // A tree is never deeper than a root, five levels of units and the account.
            if levels.len() > 8 {
                return Known::Unknown(format!("the tree over `{account}` has no end"));
            }
            match &node.parent {
                Known::Present(parent) => at = parent,
                Known::Absent => break,
                Known::Unknown(why) => return Known::Unknown(format!("where `{at}` hangs: {why}")),
            }
        }
        levels.reverse();
        Known::Present(levels)
    }

    /// Whether the account is in the organisation, as far as told.
    #[must_use]
    pub fn has(&self, account: &str) -> bool {
        self.nodes.contains_key(account) || self.management_account.present().is_some_and(|m| m == account)
    }
}

impl Grants {
    /// The organisation that an account is in. Absent: it is known to be in none. An account that no export names may be in
    /// an organisation that was not exported.
    #[must_use]
    pub fn organisation_of(&self, account: &str) -> Known<&Organisation> {
        if self.no_organisation.contains(account) {
            return Known::Absent;
        }
        let mut of = self.organisations.values().filter(|o| o.has(account));
        match (of.next(), of.next()) {
            (Some(organisation), None) => Known::Present(organisation),
            (Some(one), Some(other)) => Known::Unknown(format!("both `{}` and `{}` name the account `{account}`", one.id, other.id)),
            (None, _) if self.organisations.is_empty() => Known::Unknown("no organisation was exported".to_owned()),
            (None, _) => Known::Unknown(format!("no organisation that was exported names the account `{account}`")),
        }
    }

    /// The levels over an account ([`Organisation::levels`]). Absent too for an account that is known to be in no
    /// organisation.
    #[must_use]
    pub fn organisation_levels(&self, account: &str, kind: OrganisationPolicyKind) -> Known<Vec<OrganisationLevel<'_>>> {
        match self.organisation_of(account) {
            Known::Present(organisation) => organisation.levels(account, kind),
            Known::Absent => Known::Absent,
            Known::Unknown(why) => Known::Unknown(why),
        }
    }
}
