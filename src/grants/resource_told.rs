//! What output of the AWS CLI tells of resources, put in place. AWS Config and stores put theirs through `entry`, under the same
//! labels (`entry::label`), so that two exports of one thing meet and the newest counts.

use super::builder::Builder;
use super::entry::label;
use super::resource::{AccessPoint, Bucket, Key, Resource};
use super::same::Same;
use super::{AttachedDocument, Capture, Known};
use crate::aws::{Arn, is_account_id, partition_of_region};

/// ARN of a bucket.
#[must_use]
pub fn bucket_arn(partition: &str, name: &str) -> String {
    format!("arn:{partition}:s3:::{name}")
}

/// ARN under which a policy of a whole account and region stands, by service.
#[must_use]
pub fn scope_arn(service: &str, account: &str, region: &str) -> Option<String> {
    let scope = match service {
        "logs" => "log-group:*",
        "glue" => "catalog",
        "ecr" => "registry",
        _ => return None,
    };
    Some(format!("arn:{}:{service}:{region}:{account}:{scope}", partition_of_region(region)))
}

impl Builder {
    /// A resource that exists. `account` is the owner's where the ARN names none.
    pub fn resource(&mut self, arn: &str, account: Option<&str>) -> &mut Resource {
        let resource = self.grants.resources.by_arn.entry(arn.to_owned()).or_default();
        if resource.arn.is_empty() {
            arn.clone_into(&mut resource.arn);
            if let Some(parsed) = Arn::parse(arn) {
                parsed.service.clone_into(&mut resource.service);
                resource.region = Some(parsed.region.to_owned()).filter(|r| !r.is_empty());
                if is_account_id(parsed.account) {
                    parsed.account.clone_into(&mut resource.account);
                }
            }
        }
        if resource.account.is_empty() {
            account.unwrap_or_default().clone_into(&mut resource.account);
        }
        resource
    }

    /// A resource's own policies. Documents that AWS would refuse are named and kept.
    pub fn resource_policy(&mut self, capture: &Capture, arn: &str, account: Option<&str>, policy: Known<Vec<AttachedDocument>>) {
        self.resource(arn, account);
        let policy = self.sound(capture, arn, "policy", policy);
        self.put_known(&label::policy(arn), capture, |g| &mut g.resources.by_arn.entry(arn.to_owned()).or_default().policy, policy);
    }

    /// The policies that RAM made for a resource.
    pub fn resource_shared(&mut self, capture: &Capture, arn: &str, account: Option<&str>, policy: Known<Vec<AttachedDocument>>) {
        self.resource(arn, account);
        let policy = self.sound(capture, arn, "policy of a share", policy);
        self.put_known(&label::shared(arn), capture, |g| &mut g.resources.by_arn.entry(arn.to_owned()).or_default().shared, policy);
    }

    /// Names what AWS would refuse; an empty list is nothing.
    fn sound(&mut self, capture: &Capture, arn: &str, what: &str, policy: Known<Vec<AttachedDocument>>) -> Known<Vec<AttachedDocument>> {
        let Known::Present(mut list) = policy else { return policy };
        list.sort_by(|a, b| a.name.cmp(&b.name));
        for (name, error) in list.iter().filter_map(|d| d.document.as_ref().err().map(|e| (&d.name, e))) {
            self.problem(&capture.file, arn, format!("{what} `{name}`: {error}"));
        }
        if list.is_empty() { Known::Absent } else { Known::Present(list) }
    }

    /// A bucket that exists, with its resource.
    pub fn bucket(&mut self, capture: &Capture, name: &str, account: Option<&str>) -> &mut Bucket {
        let arn = bucket_arn("aws", name);
        self.resource(&arn, account);
        if let Some(account) = account {
            let what = format!("{arn}: account");
            self.put(&what, capture, |g| &mut g.resources.buckets.entry(name.to_owned()).or_default().account, account.to_owned());
        }
        let bucket = self.grants.resources.buckets.entry(name.to_owned()).or_default();
        name.clone_into(&mut bucket.name);
        let account = bucket.account.clone();
        self.resource(&arn, None).account.clone_from(&account);
        self.grants.resources.buckets.entry(name.to_owned()).or_default()
    }

    /// Something that bears on a bucket beside its policy; `fact` is its word in reports.
    pub fn bucket_fact<T: Same>(
        &mut self,
        capture: &Capture,
        name: &str,
        account: Option<&str>,
        fact: &str,
        slot: impl Fn(&mut Bucket) -> &mut Known<T>,
        value: Known<T>,
    ) {
        self.bucket(capture, name, account);
        let what = label::of(&bucket_arn("aws", name), fact);
        self.put_known(&what, capture, |g| slot(g.resources.buckets.entry(name.to_owned()).or_default()), value);
    }

    /// An access point that exists, with its resource.
    pub fn access_point(&mut self, arn: &str, name: &str) -> &mut AccessPoint {
        let account = self.resource(arn, None).account.clone();
        let point = self.grants.resources.access_points.entry(arn.to_owned()).or_default();
        arn.clone_into(&mut point.arn);
        name.clone_into(&mut point.name);
        point.account = account;
        point
    }

    /// A key that exists, with its resource.
    pub fn key(&mut self, arn: &str) -> &mut Key {
        let account = self.resource(arn, None).account.clone();
        let key = self.grants.resources.keys.entry(arn.to_owned()).or_default();
        arn.clone_into(&mut key.arn);
        key.account = account;
        key
    }
}
