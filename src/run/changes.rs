//! When the log changed what bears on calls from outside: policies and settings of resources, policies of the organisation.
//! The exports tell how they are now; calls before such a change were decided by something else, which is not known.
//!
//! Changes of users, roles and their policies are taken back one by one instead (`history`).

use std::collections::BTreeMap;

use crate::aws::{Arn, is_account_id};
use crate::grants::history::timeline::SETTLE_MS;
use crate::grants::{Grants, Organisation};
use crate::usage::{Outcome, Usage};

/// First words of the names of operations that change something.
const VERBS: &[&str] = &["Add", "Associate", "Attach", "Create", "Delete", "Detach", "Disable", "Disassociate", "Enable", "Move", "Put", "Remove", "Retire", "Revoke", "Set", "Update"];

/// Words of the names of operations that change who may use a resource. One too many leaves a call open.
const SUBJECTS: &[&str] = &["Policy", "Permission", "Acl", "PublicAccessBlock", "Ownership", "Grant", "Attributes", "DomainConfig"];

/// Last changes, epoch ms.
#[derive(Debug, Default)]
pub struct Changes {
    /// By the ARN of what carries the policy.
    resources: BTreeMap<String, i64>,
    /// By account and service, where the log does not name the resource.
    services: BTreeMap<(String, String), i64>,
    /// Of the organisation, by the account that changed it.
    organisations: BTreeMap<String, i64>,
    /// Of RAM shares, by the account that shares.
    shares: BTreeMap<String, i64>,
    /// Of VPC endpoints, by id; by account, where the log does not name the endpoint.
    endpoints: BTreeMap<String, i64>,
}

/// Whether an action changes who may use a resource.
fn changes_policy(service: &str, name: &str) -> bool {
    !matches!(service, "iam" | "organizations" | "ram")
        && VERBS.iter().any(|v| name.starts_with(v))
        && (SUBJECTS.iter().any(|s| name.contains(s)) || matches!(name, "CreateBucket" | "DeleteBucket"))
}

/// The ARN of what carries the policies of a resource.
fn carrier<'a>(grants: &'a Grants, arn: &'a str) -> &'a str {
    grants.resources.resource_of(arn).map_or(arn, |r| &r.arn)
}

impl Changes {
    /// Reads the changes that succeeded.
    pub fn read(grants: &Grants, usage: &Usage) -> Changes {
        let mut changes = Changes::default();
        for row in usage.rows.iter().filter(|r| r.outcome == Outcome::Allowed) {
            let Some((service, name)) = row.action.split_once(':') else { continue };
            // Shortly after it a change need not count everywhere.
            let at = row.last_seen_ms.saturating_add(SETTLE_MS);
            let later = |slot: &mut i64| *slot = at.max(*slot);
            if service == "organizations" && VERBS.iter().any(|v| name.starts_with(v)) {
                later(changes.organisations.entry(row.account.as_str().to_owned()).or_insert(at));
            } else if service == "ram" && name.contains("ResourceShare") && VERBS.iter().any(|v| name.starts_with(v)) {
                later(changes.shares.entry(row.account.as_str().to_owned()).or_insert(at));
            } else if row.action == "ec2:ModifyVpcEndpoint" {
                match Arn::parse(&row.resource_arn).map(|a| a.name().to_owned()).filter(|id| id.starts_with("vpce-") && !row.is_pattern()) {
                    Some(id) => later(changes.endpoints.entry(id).or_insert(at)),
                    None if row.is_pattern() || row.resource_arn == "*" => later(changes.endpoints.entry(row.account.as_str().to_owned()).or_insert(at)),
                    None => {}
                }
            } else if changes_policy(service, name) {
                if row.is_pattern() || row.resource_arn == "*" {
                    later(changes.services.entry((row.account.as_str().to_owned(), service.to_owned())).or_insert(at));
                } else {
                    later(changes.resources.entry(carrier(grants, &row.resource_arn).to_owned()).or_insert(at));
                }
            }
        }
        changes
    }

    /// The last change of the policies that govern a resource.
    pub fn of_resource(&self, grants: &Grants, arn: &str) -> Option<i64> {
        let carrier = carrier(grants, arn);
        let parsed = Arn::parse(carrier)?;
        let account = match grants.resources.bucket_of(carrier) {
            Some(bucket) => bucket.account.as_str(),
            None => parsed.account,
        };
        let of_service = is_account_id(account).then(|| self.services.get(&(account.to_owned(), parsed.service.to_owned()))).flatten();
        self.resources.get(carrier).into_iter().chain(of_service).max().copied()
    }

    /// The last change of what an account shares through RAM.
    pub fn of_shares(&self, account: &str) -> Option<i64> {
        self.shares.get(account).copied()
    }

    /// The last change of a VPC endpoint.
    pub fn of_endpoint(&self, id: &str, account: Option<&str>) -> Option<i64> {
        [Some(id), account].into_iter().flatten().filter_map(|key| self.endpoints.get(key)).max().copied()
    }

    /// The last change of an organisation's tree or policies: by its management account or a delegated administrator.
    pub fn of_organisation(&self, organisation: &Organisation) -> Option<i64> {
        let of = |account: &String| self.organisations.get(account);
        let manager = organisation.management_account.present().and_then(of);
        manager.into_iter().chain(organisation.delegated.keys().filter_map(of)).max().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_who_may_use_a_resource() {
        for yes in ["s3:PutBucketPolicy", "s3:DeleteBucketPolicy", "s3:PutBucketAcl", "s3:PutAccountPublicAccessBlock", "kms:PutKeyPolicy", "kms:CreateGrant", "kms:RetireGrant",
                    "sqs:SetQueueAttributes", "sqs:AddPermission", "lambda:RemovePermission", "secretsmanager:PutResourcePolicy", "s3:CreateBucket", "es:UpdateDomainConfig"] {
            let (service, name) = yes.split_once(':').unwrap();
            assert!(changes_policy(service, name), "{yes}");
        }
        for no in ["s3:GetBucketPolicy", "s3:PutObject", "iam:PutRolePolicy", "kms:Decrypt", "sqs:SendMessage"] {
            let (service, name) = no.split_once(':').unwrap();
            assert!(!changes_policy(service, name), "{no}");
        }
    }
}
