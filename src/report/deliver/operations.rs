//! What has to be done in AWS for a proposal, step by step, and the way back.
//!
//! The order never takes a permission away before what replaces it is there: new policies are made and attached first, the old
//! one is changed or detached last.

use crate::report::model::{HolderRow, ProposalRow};

/// One step. Files are names in the owner's folder.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Operation {
    /// Puts an inline policy of a user, group or role.
    PutInline {
        /// Whose.
        holder: HolderRow,
        /// The policy's name.
        policy: String,
        /// Its document as it is.
        current: String,
        /// Its document to be; `None` deletes the policy.
        proposed: Option<String>,
    },
    /// Makes a document the default version of a customer managed policy.
    SetVersion {
        /// The policy.
        arn: String,
        /// Its default version, where the export tells.
        version: Option<String>,
        /// Its document as it is.
        current: String,
        /// Its document to be.
        proposed: String,
    },
    /// Makes a customer managed policy.
    Create {
        /// Its ARN.
        arn: String,
        /// Its name.
        name: String,
        /// Its path.
        path: String,
        /// Its document.
        proposed: String,
    },
    /// Attaches a managed policy.
    Attach {
        /// To whom.
        holder: HolderRow,
        /// The policy.
        arn: String,
    },
    /// Detaches a managed policy.
    Detach {
        /// From whom.
        holder: HolderRow,
        /// The policy.
        arn: String,
    },
    /// Replaces a role's trust policy.
    Trust {
        /// The role's name.
        role: String,
        /// Its trust policy as it is.
        current: String,
        /// Its trust policy to be.
        proposed: String,
    },
    /// Puts the inline policy of a permission set and provisions the set.
    PermissionSet {
        /// The Identity Center instance's ARN.
        instance: String,
        /// The permission set's ARN.
        set: String,
        /// The inline policy as it is; `None` where the set has none.
        current: Option<String>,
        /// The inline policy to be; `None` deletes it.
        proposed: Option<String>,
    },
    /// Takes an AWS managed policy from a permission set and provisions the set.
    DetachFromSet {
        /// The Identity Center instance's ARN.
        instance: String,
        /// The permission set's ARN.
        set: String,
        /// The policy.
        arn: String,
    },
}

/// Longest name of a managed policy (IAM User Guide, "IAM and AWS STS quotas").
const NAME_AT_MOST: usize = 128;

/// The name of the n-th policy, from 1, that stands for part of another.
#[must_use]
pub fn part_name(base: &str, n: usize) -> String {
    let number = format!("-{n}");
    let kept: String = base.chars().take(NAME_AT_MOST.saturating_sub(number.len())).collect();
    format!("{kept}{number}")
}

/// The name of the policy that replaces an AWS managed policy on one holder.
fn replacement_name(row: &ProposalRow) -> String {
    format!("{}-{}-reduced", row.policy, row.owner).chars().filter(|c| c.is_ascii_alphanumeric() || "+=,.@_-".contains(*c)).take(NAME_AT_MOST - 4).collect()
}

/// The file of a row's n-th proposed document, from 0.
#[must_use]
pub fn proposed_file(row: &ProposalRow, n: usize) -> String {
    let number = if row.proposed.len() > 1 { format!("-{}", n + 1) } else { String::new() };
    format!("proposed-{}{number}.json", row.stem)
}

/// The file of a row's current document.
#[must_use]
pub fn current_file(row: &ProposalRow) -> String {
    format!("current-{}.json", row.stem)
}

fn partition(arn: &str) -> &str {
    arn.split(':').nth(1).unwrap_or("aws")
}

/// The steps for one proposal, in order; none if it is not written or there is nothing to compare with.
#[must_use]
pub fn plan(row: &ProposalRow) -> Vec<Operation> {
    if row.status != "written" || (row.current.is_none() && row.placement != "from-usage") {
        return Vec::new();
    }
    let owner = HolderRow { kind: row.kind.clone(), name: row.owner.clone() };
    let current = current_file(row);
    let first = (!row.proposed.is_empty()).then(|| proposed_file(row, 0));
    let arn_of = |name: &str| format!("arn:{}:iam::{}:policy{}{name}", partition(&row.owner_arn), row.account, row.path);
    let mut steps = Vec::new();
    let make = |steps: &mut Vec<Operation>, n: usize, name: String, holders: &[HolderRow]| {
        let arn = arn_of(&name);
        steps.push(Operation::Create { arn: arn.clone(), name, path: row.path.clone(), proposed: proposed_file(row, n) });
        steps.extend(holders.iter().map(|holder| Operation::Attach { holder: holder.clone(), arn: arn.clone() }));
    };
    match row.placement.as_str() {
        "inline" => steps.push(Operation::PutInline { holder: owner, policy: row.policy.clone(), current, proposed: first }),
        "customer-managed" => {
            for n in 1..row.proposed.len() {
                make(&mut steps, n, part_name(&row.policy, n + 1), &row.holders);
            }
            match first {
                Some(proposed) => steps.push(Operation::SetVersion { arn: row.owner_arn.clone(), version: row.version.clone(), current, proposed }),
                None => steps.extend(row.holders.iter().map(|holder| Operation::Detach { holder: holder.clone(), arn: row.owner_arn.clone() })),
            }
        }
        "aws-managed" => {
            let base = replacement_name(row);
            for n in 0..row.proposed.len() {
                let name = if row.proposed.len() > 1 { part_name(&base, n + 1) } else { base.clone() };
                make(&mut steps, n, name, std::slice::from_ref(&owner));
            }
            steps.extend(row.policy_arn.clone().map(|arn| Operation::Detach { holder: owner, arn }));
        }
        "trust" => steps.extend(first.map(|proposed| Operation::Trust { role: row.owner.clone(), current, proposed })),
        "permission-set" => {
            if let Some(instance) = row.instance_arn.clone() {
                let set = &row.owner_arn;
                let has_one = row.current.as_ref().is_some_and(|c| !c.statements.is_empty());
                if has_one || first.is_some() {
                    steps.push(Operation::PermissionSet { instance: instance.clone(), set: set.clone(), current: has_one.then_some(current), proposed: first });
                }
                let detach = |arn: &String| Operation::DetachFromSet { instance: instance.clone(), set: set.clone(), arn: arn.clone() };
                steps.extend(row.detached.iter().map(detach));
            }
        }
        // From use alone nothing is known of what is attached: the policies are made, and attaching them is the reader's decision.
        _ => {
            for n in 0..row.proposed.len() {
                let base = format!("{}-from-usage", row.owner);
                make(&mut steps, n, if row.proposed.len() > 1 { part_name(&base, n + 1) } else { base }, &[]);
            }
        }
    }
    steps
}
