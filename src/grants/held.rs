//! All policies that bear on one user or role: its own, its groups', and its boundary, with what is missing.

use super::{Grants, Principal};
use crate::policy::PolicyDocument;

/// Where a held policy comes from; identifies the document.
#[derive(Clone, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub enum PolicySource {
    /// Inline in this owner.
    Inline {
        /// ARN of the user, group or role.
        owner_arn: String,
        /// Name of the policy.
        name: String,
    },
    /// A managed policy, attached to this holder.
    Managed {
        /// ARN of the policy.
        arn: String,
        /// ARN of the user, group or role it is attached to.
        holder_arn: String,
    },
}

/// A policy that a principal holds.
#[derive(Clone, Debug)]
pub struct HeldPolicy<'a> {
    /// Where it comes from.
    pub source: PolicySource,
    /// Its name.
    pub name: &'a str,
    /// Its document.
    pub document: &'a PolicyDocument,
}

/// Everything that a principal holds.
#[derive(Clone, Debug, Default)]
pub struct Held<'a> {
    /// Identity policies: own inline, own managed, groups'.
    pub identity: Vec<HeldPolicy<'a>>,
    /// The boundary's document, where there is one and it is known.
    pub boundary: Option<&'a PolicyDocument>,
    /// What is attached but not known: never taken for "nothing".
    pub gaps: Vec<String>,
}

impl Grants {
    /// What a user or role holds (a group: its own policies).
    #[must_use]
    pub fn held_by<'a>(&'a self, principal: &'a Principal) -> Held<'a> {
        let mut held = Held::default();
        self.add_own(principal, &mut held);
        if principal.untold.contains(&"groups") {
            held.gaps.push(format!("groups of {}: not exported", principal.arn));
        }
        if principal.untold.contains(&"permissions boundary") {
            held.gaps.push(format!("permissions boundary of {}: not exported", principal.arn));
        }
        let account = self.accounts.get(&principal.account);
        for name in &principal.groups {
            match account.and_then(|a| a.group(name)) {
                Some(group) => self.add_own(group, &mut held),
                None => held.gaps.push(format!("group `{name}` is not in the export")),
            }
        }
        if let Some(arn) = &principal.boundary {
            match self.policies.get(arn).map(|p| &p.document) {
                Some(Ok(document)) => held.boundary = Some(document),
                _ => held.gaps.push(format!("permissions boundary `{arn}` is not in the export")),
            }
        }
        held
    }

    fn add_own<'a>(&'a self, owner: &'a Principal, held: &mut Held<'a>) {
        for what in owner.untold.iter().filter(|w| w.ends_with("policies")) {
            held.gaps.push(format!("{what} of {}: not exported", owner.arn));
        }
        for inline in &owner.inline {
            match &inline.document {
                Ok(document) => held.identity.push(HeldPolicy {
                    source: PolicySource::Inline { owner_arn: owner.arn.clone(), name: inline.name.clone() },
                    name: &inline.name,
                    document,
                }),
                Err(e) => held.gaps.push(format!("inline policy `{}` of {}: {e}", inline.name, owner.arn)),
            }
        }
        for arn in &owner.attached {
            match self.policies.get(arn).map(|p| (&p.name, &p.document)) {
                Some((name, Ok(document))) => held.identity.push(HeldPolicy {
                    source: PolicySource::Managed { arn: arn.clone(), holder_arn: owner.arn.clone() },
                    name,
                    document,
                }),
                Some((_, Err(e))) => held.gaps.push(format!("policy `{arn}`: {e}")),
                None => held.gaps.push(format!("policy `{arn}` is attached to {} but not in the export", owner.arn)),
            }
        }
    }
}
