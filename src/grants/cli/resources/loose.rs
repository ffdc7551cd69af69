//! What waits until every file is read: lists that go on in the next document of their file, policies of multi-region access
//! points whose ARN only a list knows, shares told in parts, and which partition an account is in.

use std::collections::{BTreeMap, BTreeSet};

use super::super::super::builder::Builder;
use super::super::super::resource_told::bucket_arn;
use super::super::super::{AttachedDocument, Capture, Known, ListKey};
use super::ram;
use super::subject::BROKEN_OFF;
use crate::aws::{Arn, is_account_id};
use crate::policy::beside::KmsGrant;

/// Where gathered policies go.
#[derive(Copy, Clone, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub enum Slot {
    /// The resource's own.
    Own,
    /// Those of shares.
    Shared,
}

/// Documents of one file that tell of one thing page by page.
pub struct Pages<T> {
    capture: Capture,
    account: Option<String>,
    items: Vec<T>,
    /// Whether the last one says that more would follow.
    breaks_off: bool,
}

/// The policy of a multi-region access point, known by its name.
pub struct Named {
    /// Capture.
    pub capture: Capture,
    /// Account.
    pub account: String,
    /// Name.
    pub name: String,
    /// What was answered.
    pub policy: Known<Vec<AttachedDocument>>,
}

/// Everything that waits.
#[derive(Default)]
pub struct Loose {
    /// Policies of multi-region access points.
    pub named: Vec<Named>,
    /// Parts of shares.
    pub shares: ram::Parts,
    lists: BTreeMap<(String, ListKey), Pages<()>>,
    policies: BTreeMap<(String, Slot, String), Pages<AttachedDocument>>,
    grants: BTreeMap<(String, String), Pages<KmsGrant>>,
    /// File and ARN by account and partition.
    partitions: BTreeMap<String, BTreeMap<String, BTreeSet<(String, String)>>>,
}

fn add<K: Ord, T>(pages: &mut BTreeMap<K, Pages<T>>, key: K, capture: &Capture, account: Option<String>, items: Vec<T>, breaks_off: bool) {
    let page = pages.entry(key).or_insert_with(|| Pages { capture: capture.clone(), account, items: Vec::new(), breaks_off });
    page.items.extend(items);
    page.breaks_off = breaks_off;
}

impl Loose {
    /// An ARN that an export names.
    pub fn seen(&mut self, capture: &Capture, arn: &str) {
        if let Some(parsed) = Arn::parse(arn).filter(|a| is_account_id(a.account)) {
            let of_account = self.partitions.entry(parsed.account.to_owned()).or_default();
            of_account.entry(parsed.partition.to_owned()).or_default().insert((capture.file.clone(), arn.to_owned()));
        }
    }

    /// A page of a list.
    pub fn list(&mut self, capture: &Capture, key: ListKey, breaks_off: bool) {
        add(&mut self.lists, (capture.file.clone(), key), capture, None, Vec::new(), breaks_off);
    }

    /// A page of a resource's policies.
    pub fn policies(&mut self, capture: &Capture, slot: Slot, arn: &str, account: Option<String>, items: Vec<AttachedDocument>, breaks_off: bool) {
        add(&mut self.policies, (capture.file.clone(), slot, arn.to_owned()), capture, account, items, breaks_off);
    }

    /// A page of a key's grants.
    pub fn grants(&mut self, capture: &Capture, arn: &str, items: Vec<KmsGrant>, breaks_off: bool) {
        add(&mut self.grants, (capture.file.clone(), arn.to_owned()), capture, None, items, breaks_off);
    }

    /// The partition of an account: the one that most of its ARNs are of.
    fn partition_of(&self, account: &str) -> Option<&str> {
        let of_account = self.partitions.get(account)?;
        of_account.iter().max_by_key(|(name, arns)| (arns.len(), std::cmp::Reverse(*name))).map(|(name, _)| name.as_str())
    }
}

impl<T> Pages<T> {
    fn value(self, file: &str, pointer: &str, builder: &mut Builder) -> (Capture, Option<String>, Known<Vec<T>>) {
        if self.breaks_off {
            builder.problem(file, pointer, BROKEN_OFF);
        }
        let value = match (self.breaks_off, self.items.is_empty()) {
            (true, _) => Known::Unknown("the export breaks off".to_owned()),
            (false, true) => Known::Absent,
            (false, false) => Known::Present(self.items),
        };
        (self.capture, self.account, value)
    }
}

/// Puts what waited in place.
pub fn settle(builder: &mut Builder) {
    let mut loose = std::mem::take(&mut builder.loose);
    for ((file, key), pages) in std::mem::take(&mut loose.lists) {
        let what = format!("list {} of {} {}", key.export, key.account, key.region);
        let (capture, _, value) = pages.value(&file, "", builder);
        let value = if value.is_unknown() { value.map(|_| ()) } else { Known::Present(()) };
        builder.put_known(&what, &capture, |g| g.resources.lists.entry(key).or_default(), value);
    }
    for ((file, slot, arn), pages) in std::mem::take(&mut loose.policies) {
        let (capture, account, value) = pages.value(&file, &arn, builder);
        match slot {
            Slot::Own => builder.resource_policy(&capture, &arn, account.as_deref(), value),
            Slot::Shared => builder.resource_shared(&capture, &arn, account.as_deref(), value),
        }
    }
    for ((file, arn), pages) in std::mem::take(&mut loose.grants) {
        let (capture, _, value) = pages.value(&file, &arn, builder);
        builder.key(&arn);
        builder.put_known(&format!("{arn}: grants"), &capture, |g| &mut g.resources.keys.entry(arn.clone()).or_default().grants, value);
    }
    for named in std::mem::take(&mut loose.named) {
        named_point(named, builder);
    }
    ram::settle(std::mem::take(&mut loose.shares), builder);
    partitions(&loose, builder);
    catalogues(builder);
    let resources = &mut builder.grants.resources;
    let of_lists = resources.lists.keys().map(|k| &k.account);
    resources.accounts = of_lists.chain(resources.by_arn.values().map(|r| &r.account)).filter(|a| !a.is_empty()).cloned().collect();
}

/// The ARN of a multi-region access point has its alias, its commands want its name.
fn named_point(named: Named, builder: &mut Builder) {
    let points = &builder.grants.resources.access_points;
    let arn = points.values().find(|p| p.account == named.account && p.name == named.name && p.arn.contains(":s3::")).map(|p| p.arn.clone());
    match arn {
        Some(arn) => builder.resource_policy(&named.capture, &arn, None, named.policy),
        None if named.policy.is_unknown() => {}
        None => builder.problem(&named.capture.file, &named.name, "no list of multi-region access points has it: its ARN is not known"),
    }
}

/// An account is in one partition; a bucket's ARN, which names no account, is of its owner's.
fn partitions(loose: &Loose, builder: &mut Builder) {
    for (account, of_account) in &loose.partitions {
        let Some(main) = loose.partition_of(account) else { continue };
        for (partition, arns) in of_account.iter().filter(|(p, _)| p.as_str() != main) {
            for (file, arn) in arns {
                builder.problem(file, arn, format!("partition {partition}, where the other data of account {account} are of {main}"));
            }
        }
    }
    let buckets: Vec<(String, String)> = builder.grants.resources.buckets.values().map(|b| (b.name.clone(), b.account.clone())).collect();
    for (name, account) in buckets {
        let Some(partition) = loose.partition_of(&account).filter(|p| *p != "aws") else { continue };
        let resources = &mut builder.grants.resources.by_arn;
        let arn = bucket_arn(partition, &name);
        if let Some(mut moved) = resources.remove(&bucket_arn("aws", &name)) {
            moved.arn.clone_from(&arn);
            let there = resources.entry(arn).or_insert_with(|| moved.clone());
            if there.policy.is_unknown() {
                there.policy = moved.policy;
            }
        }
    }
}

/// `glue get-resource-policies` tells the catalogue's own policy among those that RAM made.
fn catalogues(builder: &mut Builder) {
    for resource in builder.grants.resources.by_arn.values_mut().filter(|r| r.service == "glue") {
        let own: Vec<AttachedDocument> = resource.policy.present().cloned().unwrap_or_default();
        if let Known::Present(shared) = &mut resource.shared {
            shared.retain(|s| !own.iter().any(|o| o.document == s.document));
            if shared.is_empty() {
                resource.shared = Known::Absent;
            }
        }
    }
}
