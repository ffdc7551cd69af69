//! What S3 adds beside policies: ACLs that grant, and Block Public Access that denies (R24, R25).

use std::collections::BTreeSet;

use super::Case;
use super::exempt::{is_one_of, prefix};
use super::facts::{Known, known};
use super::principals::{Classes, canonical_entry};
use super::public::is_public;
use super::resources::is_of_sort;
use super::statements::{Finding, place};
use crate::evaluate::decision::{PolicyType, Tri};
use crate::policy::beside::{AclGrant, AclGrantee, AclPermission, ObjectOwnership};
use crate::evaluate::request::{PrincipalType, Request};
use crate::policy::Effect;

const LIST: &[&str] = &["s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"];
const GET: &[&str] = &["s3:GetObject", "s3:GetObjectVersion"];
const PUT: &[&str] = &["s3:PutObject"];
const GET_BUCKET_ACL: &[&str] = &["s3:GetBucketAcl"];
const GET_OBJECT_ACL: &[&str] = &["s3:GetObjectAcl", "s3:GetObjectVersionAcl"];
const PUT_BUCKET_ACL: &[&str] = &["s3:PutBucketAcl"];
const PUT_OBJECT_ACL: &[&str] = &["s3:PutObjectAcl", "s3:PutObjectVersionAcl"];

/// R24: calls that may set an ACL.
const SETS_ACL: &[&str] =
    &["s3:PutBucketAcl", "s3:PutObjectAcl", "s3:PutObjectVersionAcl", "s3:PutObject", "s3:CreateBucket"];
const PUBLIC_CANNED: &[&str] = &["public-read", "public-read-write", "authenticated-read"];
const GRANT_HEADERS: &[&str] = &[
    "s3:x-amz-grant-read", "s3:x-amz-grant-write", "s3:x-amz-grant-read-acp", "s3:x-amz-grant-write-acp",
    "s3:x-amz-grant-full-control",
];
const PUBLIC_GROUPS: &[&str] = &[
    "http://acs.amazonaws.com/groups/global/AllUsers",
    "http://acs.amazonaws.com/groups/global/AuthenticatedUsers",
];

/// R24, R25: whether action and resource are S3's.
fn is_s3(request: &Request<'_>) -> Tri {
    Tri::from(prefix(request.action) == "s3").and(is_of_sort(request, "arn:*:s3:*:*:*"))
}

/// R25: whether the resource is an object.
fn is_object(request: &Request<'_>) -> Tri {
    is_of_sort(request, "arn:*:s3:::*/*")
}

/// R25: whether the resource is a bucket.
fn is_bucket(request: &Request<'_>) -> Tri {
    is_of_sort(request, "arn:*:s3:::*").and(is_object(request).negate())
}

/// R25: the grants of the bucket's and the object's ACL; off when the bucket's owner owns everything.
pub(super) fn acl_grants(case: &Case<'_>) -> Vec<Finding> {
    let settings = &case.policies.settings;
    if settings.object_ownership == Some(ObjectOwnership::BucketOwnerEnforced) {
        return Vec::new();
    }
    let lists: [(&str, &[AclGrant], Permits); 2] =
        [("bucket-acl", &settings.bucket_acl, bucket_permits), ("object-acl", &settings.object_acl, object_permits)];
    let mut out = Vec::new();
    for (name, grants, permits) in lists {
        for (index, grant) in grants.iter().enumerate() {
            let bears = is_s3(case.request).and(permits(case.request, grant.permission));
            let classes = grantee(case, &grant.grantee).and(bears);
            let place = place(PolicyType::Resource, name, index, None);
            out.push(Finding { place, effect: Effect::Allow, classes, missing: BTreeSet::new() });
        }
    }
    out
}

type Permits = fn(&Request<'_>, AclPermission) -> Tri;

/// R25: what a grant of a bucket's ACL permits: `WRITE` on the objects of the bucket, the rest on the bucket.
fn bucket_permits(request: &Request<'_>, permission: AclPermission) -> Tri {
    let on = |sort: Tri, actions: &[&str]| sort.and(Tri::from(is_one_of(request.action, actions)));
    let read = on(is_bucket(request), LIST);
    let write = on(is_object(request), PUT);
    let read_acp = on(is_bucket(request), GET_BUCKET_ACL);
    let write_acp = on(is_bucket(request), PUT_BUCKET_ACL);
    match permission {
        AclPermission::Read => read,
        AclPermission::Write => write,
        AclPermission::ReadAcp => read_acp,
        AclPermission::WriteAcp => write_acp,
        AclPermission::FullControl => read.or(write).or(read_acp).or(write_acp),
    }
}

/// R25: what a grant of an object's ACL permits.
fn object_permits(request: &Request<'_>, permission: AclPermission) -> Tri {
    let on = |actions: &[&str]| is_object(request).and(Tri::from(is_one_of(request.action, actions)));
    match permission {
        AclPermission::Read => on(GET),
        AclPermission::Write => Tri::No,
        AclPermission::ReadAcp => on(GET_OBJECT_ACL),
        AclPermission::WriteAcp => on(PUT_OBJECT_ACL),
        AclPermission::FullControl => on(GET).or(on(GET_OBJECT_ACL)).or(on(PUT_OBJECT_ACL)),
    }
}

/// R24 (`IgnorePublicAcls`), R25: the caller's class for a grantee.
fn grantee(case: &Case<'_>, grantee: &AclGrantee) -> Classes {
    let ignores_public = case.policies.settings.block_public_access.ignore_public_acls;
    match grantee {
        AclGrantee::AllUsers => Classes::direct(Tri::from(!ignores_public)),
        AclGrantee::AuthenticatedUsers => {
            Classes::direct(Tri::from(!ignores_public && case.request.principal.kind.has_account()))
        }
        AclGrantee::CanonicalUser(id) => canonical_entry(case, id),
    }
}

/// R24: the two switches that deny a request. `BlockPublicPolicy` would need the new policy, which no request shows.
pub(super) fn block_public_access(case: &Case<'_>) -> Vec<Finding> {
    let switches = case.policies.settings.block_public_access;
    let mut out = Vec::new();
    if switches.block_public_acls {
        let mut missing = BTreeSet::new();
        let denies = is_s3(case.request).and(sets_public_acl(case.request, &mut missing));
        out.push(denial(0, "BlockPublicAcls", denies, missing));
    }
    if switches.restrict_public_buckets {
        let public = case.policies.resource.iter().flatten().any(|policy| is_public(policy.document));
        let denies = is_s3(case.request).and(Tri::from(public && is_outsider(case.request)));
        out.push(denial(3, "RestrictPublicBuckets", denies, BTreeSet::new()));
    }
    out
}

/// `index`: the switch's place among AWS's four.
fn denial(index: usize, switch: &str, denies: Tri, missing: BTreeSet<String>) -> Finding {
    let place = place(PolicyType::Resource, "s3-block-public-access", index, Some(switch));
    let missing = if denies == Tri::Unknown { missing } else { BTreeSet::new() };
    Finding { place, effect: Effect::Deny, classes: Classes::direct(denies), missing }
}

/// R24: callers other than the owner's account and AWS services.
fn is_outsider(request: &Request<'_>) -> bool {
    match request.principal.kind {
        PrincipalType::Service => false,
        kind if kind.has_account() => request.is_cross_account(),
        _ => true,
    }
}

/// R24, `BlockPublicAcls`: whether the call sets an ACL that is public.
fn sets_public_acl(request: &Request<'_>, missing: &mut BTreeSet<String>) -> Tri {
    if !is_one_of(request.action, SETS_ACL) {
        return Tri::No;
    }
    let mut any = some_value(request, "s3:x-amz-acl", missing, |value| PUBLIC_CANNED.contains(&value));
    for header in GRANT_HEADERS {
        let names_group = |value: &str| PUBLIC_GROUPS.iter().any(|group| value.contains(group));
        any = any.or(some_value(request, header, missing, names_group));
    }
    any
}

/// Whether some value of a key passes a test.
fn some_value(request: &Request<'_>, key: &str, missing: &mut BTreeSet<String>, test: impl Fn(&str) -> bool) -> Tri {
    match known(request, key) {
        Known::Values(values) => Tri::from(values.iter().any(|value| test(value))),
        Known::Absent => Tri::No,
        Known::Unknown => {
            missing.insert(key.to_owned());
            Tri::Unknown
        }
    }
}
