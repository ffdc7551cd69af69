//! What is answered, whoever told: the commands of a bundle, and what AWS Config and iam-collect say of the same things.

use std::collections::BTreeMap;

use crate::grants::catalogue::{Export, export};
use crate::grants::{Grants, Known, ListKey, Question, Resource};

/// Answers by question.
pub type Answers = BTreeMap<Question, Known<()>>;

/// The row of the table that tells of a resource's policy, by the service and the beginning of its ARN's last part.
const POLICY_ROWS: &[(&str, &str, &str)] = &[
    ("s3", "accesspoint/", "access-point-policy"),
    ("s3", "", "bucket-policy"),
    ("kms", "key/", "kms-key-policy"),
    ("lambda", "function:", "lambda-policy"),
    ("lambda", "layer:", "lambda-layer-policy"),
    ("sqs", "", "sqs-attributes"),
    ("sns", "", "sns-attributes"),
    ("ecr", "repository/", "ecr-repository-policy"),
    ("secretsmanager", "secret:", "secret-policy"),
    ("backup", "backup-vault:", "backup-vault-policy"),
    ("es", "domain/", "opensearch-domain"),
    ("dynamodb", "table/", "dynamodb-policy"),
    ("kinesis", "stream/", "kinesis-policy"),
    ("elasticfilesystem", "file-system/", "file-system-policy"),
];

/// The row that would tell of a resource's policy.
fn row_of(resource: &Resource) -> Option<&'static Export> {
    let tail = resource.arn.splitn(6, ':').nth(5)?;
    let found = POLICY_ROWS.iter().find(|(service, start, _)| *service == resource.service && tail.starts_with(start))?;
    export(found.2)
}

fn question(row: &'static Export, account: &str, region: &str, subject: &str) -> Question {
    Question { of: ListKey { export: &row.id, account: account.to_owned(), region: region.to_owned() }, subject: subject.to_owned() }
}

/// All answers. A command's own answer stands before what other exports tell, unless it tells nothing.
#[must_use]
pub fn all(grants: &Grants) -> Answers {
    let mut out = Answers::new();
    let mut add = |row: Option<&'static Export>, account: &str, region: &str, subject: &str, answer: Known<()>| {
        if let Some(row) = row.filter(|_| !answer.is_unknown()) {
            out.insert(question(row, account, region, subject), answer);
        }
    };
    for (id, account) in &grants.accounts {
        if account.complete {
            add(export("authorization-details"), id, "", "", Known::Present(()));
        }
        if account.credential_report.is_some() {
            add(export("credential-report"), id, "", "", Known::Present(()));
        }
        add(export("account-block-public-access"), id, "", "", account.evidence.block_public_access.as_ref().map(|_| ()));
    }
    for resource in grants.resources.by_arn.values() {
        let region = resource.region.as_deref().unwrap_or_default();
        // The bucket or the access point by its name.
        let (subject, region) = match resource.arn.rsplit(':').next().filter(|_| resource.service == "s3") {
            Some(tail) => tail.strip_prefix("accesspoint/").map_or((tail, ""), |name| (name, region)),
            None => (resource.arn.as_str(), region),
        };
        add(row_of(resource), &resource.account, region, subject, resource.policy.as_ref().map(|_| ()));
    }
    for bucket in grants.resources.buckets.values() {
        let (account, name) = (bucket.account.as_str(), bucket.name.as_str());
        add(export("bucket-acl"), account, "", name, bucket.acl.as_ref().map(|_| ()));
        add(export("bucket-block-public-access"), account, "", name, bucket.block_public_access.as_ref().map(|_| ()));
        add(export("bucket-ownership"), account, "", name, bucket.ownership.as_ref().map(|_| ()));
    }
    for key in grants.resources.keys.values() {
        let region = key.arn.split(':').nth(3).unwrap_or_default();
        add(export("kms-grants"), &key.account, region, &key.arn, key.grants.as_ref().map(|_| ()));
    }
    for organisation in grants.organisations.values() {
        add(export("organization"), "", "", "", organisation.management_account.as_ref().map(|_| ()));
        for policy in organisation.policies.values() {
            add(export("organization-policy"), "", "", &policy.id, policy.document.as_ref().map(|_| ()));
        }
    }
    for (question, asked) in &grants.asked {
        match out.get(question) {
            Some(_) if asked.answer.is_unknown() => {}
            _ => {
                out.insert(question.clone(), asked.answer.clone());
            }
        }
    }
    for (id, account) in grants.accounts.iter().filter(|(_, a)| !a.complete && (a.has_authorization_details || !a.principals.is_empty())) {
        if let Some(row) = export("authorization-details") {
            let answer = out.entry(question(row, id, "", "")).or_default();
            if !answer.is_unknown() || !account.has_authorization_details {
                *answer = Known::Unknown("not whole: there may be users, groups, roles and policies that no export names".to_owned());
            }
        }
    }
    out
}
