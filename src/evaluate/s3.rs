//! What S3 has beside policies: access control lists, Object Ownership, Block Public Access.
//!
//! ACLs only ever grant; ownership `BucketOwnerEnforced` turns them off; Block Public Access only ever denies.
//! Sources: S3 User Guide, "Access control list (ACL) overview", "Blocking public access", "Controlling ownership";
//! inputs-and-evaluation.md sections 1.1, 1.2 and 4.4 step 5.

use super::compiled::CompiledPolicies;
use super::layer::Recorder;
use super::prepared::{PreparedRequest, Value};
use super::principal::Classes;
use super::values::Range;
use super::{AclGrant, AclGrantee, AclPermission, ObjectOwnership, PrincipalType, Tri};
use crate::aws::Arn;
use crate::policy::{BaseOperator, Condition, Effect, PolicyDocument, PrincipalElement, SetOperator, Statement};

/// Whether the request is S3's and for a resource of S3.
#[must_use]
pub fn is_s3_request(request: &PreparedRequest<'_>) -> Tri {
    if request.service() == "s3" { request.is_of_sort("arn:*:s3:*:*:*") } else { Tri::No }
}

/// What Block Public Access denies.
pub fn block_public_access<R: Recorder>(request: &PreparedRequest<'_>, policies: &CompiledPolicies, recorder: &mut R) -> Tri {
    let block = policies.settings.block_public_access;
    if !(block.restrict_public_buckets || block.block_public_acls) {
        return Tri::No;
    }
    let is_s3 = is_s3_request(request);
    let mut deny = Tri::No;
    let mut rule = |index: usize, name: &str, holds: Tri| {
        let applies = holds.and(is_s3);
        if applies != Tri::No {
            recorder.grant("s3-block-public-access", index, name, Effect::Deny, applies);
        }
        deny = deny.or(applies);
        applies
    };
    let mut open = Vec::new();
    if block.block_public_acls && rule(0, "BlockPublicAcls", sets_public_acl(request, &mut open)) != Tri::Unknown {
        open.clear();
    }
    if block.restrict_public_buckets && policies.resource_is_public {
        let kind = request.principal().kind;
        let own = kind == PrincipalType::Service || (kind.has_account() && !request.is_cross_account());
        rule(3, "RestrictPublicBuckets", Tri::from(!own));
    }
    open.iter().for_each(|key| recorder.missing(key));
    deny
}

const PUBLIC_GROUPS: [&str; 2] = ["global/AllUsers", "global/AuthenticatedUsers"];

const GRANT_HEADERS: [&str; 5] = [
    "s3:x-amz-grant-read", "s3:x-amz-grant-write", "s3:x-amz-grant-read-acp", "s3:x-amz-grant-write-acp",
    "s3:x-amz-grant-full-control",
];

/// Whether the request would set an ACL for everybody or for everybody who signs; `open` gets the keys that would
/// settle it.
fn sets_public_acl(request: &PreparedRequest<'_>, open: &mut Vec<&'static str>) -> Tri {
    if !matches!(request.operation(), "putbucketacl" | "putobjectacl" | "putobjectversionacl" | "putobject" | "createbucket") {
        return Tri::No;
    }
    let mut any = |key: &'static str, is_public: &dyn Fn(&str) -> bool| match request.value(key) {
        Value::One(one) => is_public(one).into(),
        Value::Many(list) => list.iter().any(|v| is_public(v)).into(),
        Value::Absent => Tri::No,
        Value::Unknown => {
            open.push(key);
            Tri::Unknown
        }
    };
    let canned = any("s3:x-amz-acl", &|acl| matches!(acl, "public-read" | "public-read-write" | "authenticated-read"));
    let names_group = |grant: &str| PUBLIC_GROUPS.iter().any(|g| grant.contains(g));
    GRANT_HEADERS.iter().fold(canned, |found, header| found.or(any(header, &names_group)))
}

/// What the ACLs of bucket and object allow to the caller, by class.
pub fn acls<R: Recorder>(request: &PreparedRequest<'_>, policies: &CompiledPolicies, recorder: &mut R) -> Classes {
    let settings = &policies.settings;
    let mut all = Classes::NONE;
    if settings.object_ownership == Some(ObjectOwnership::BucketOwnerEnforced)
        || (settings.bucket_acl.is_empty() && settings.object_acl.is_empty())
        || request.service() != "s3"
    {
        return all;
    }
    let ignore_public = settings.block_public_access.ignore_public_acls;
    for (name, grants, in_object_acl) in [("bucket-acl", &settings.bucket_acl, false), ("object-acl", &settings.object_acl, true)] {
        for (index, grant) in grants.iter().enumerate() {
            let bears = match permits(grant.permission, in_object_acl, request.operation()) {
                Some(On::Bucket) => is_bucket(request),
                Some(On::Object) => is_object(request),
                None => continue,
            };
            let classes = grantee(grant, request, ignore_public).and(bears);
            let applies = classes.any();
            if applies != Tri::No {
                recorder.grant(name, index, &format!("#{index}"), Effect::Allow, applies);
            }
            all = all.or(classes);
        }
    }
    all
}

/// What an operation is done to.
enum On {
    Bucket,
    Object,
}

fn is_object(request: &PreparedRequest<'_>) -> Tri {
    request.is_of_sort("arn:*:s3:::*/*")
}

fn is_bucket(request: &PreparedRequest<'_>) -> Tri {
    request.is_of_sort("arn:*:s3:::*").and(is_object(request).negate())
}

/// Whether a permission of a bucket's or an object's ACL stands for an operation (in lower case), and on what.
fn permits(permission: AclPermission, in_object_acl: bool, operation: &str) -> Option<On> {
    use AclPermission as P;
    let (wanted, on) = match (in_object_acl, operation) {
        (false, "listbucket" | "listbucketversions" | "listbucketmultipartuploads") => (P::Read, On::Bucket),
        (false, "getbucketacl") => (P::ReadAcp, On::Bucket),
        (false, "putbucketacl") => (P::WriteAcp, On::Bucket),
        (false, "putobject") => (P::Write, On::Object),
        (true, "getobject" | "getobjectversion") => (P::Read, On::Object),
        (true, "getobjectacl" | "getobjectversionacl") => (P::ReadAcp, On::Object),
        (true, "putobjectacl" | "putobjectversionacl") => (P::WriteAcp, On::Object),
        _ => return None,
    };
    (permission == wanted || permission == P::FullControl).then_some(on)
}

fn grantee(grant: &AclGrant, request: &PreparedRequest<'_>, ignore_public: bool) -> Classes {
    let principal = request.principal();
    match &grant.grantee {
        AclGrantee::AllUsers if !ignore_public => Classes::DIRECT,
        AclGrantee::AuthenticatedUsers if !ignore_public && principal.kind.has_account() => Classes::DIRECT,
        AclGrantee::AllUsers | AclGrantee::AuthenticatedUsers => Classes::NONE,
        AclGrantee::CanonicalUser(id) => {
            let account = match &principal.canonical_user {
                _ if !principal.kind.has_account() => Tri::No,
                Some(own) => (own == id).into(),
                None if request.context().is_complete() => Tri::No,
                None => Tri::Unknown,
            };
            Classes { account, ..Classes::NONE }
        }
    }
}

/// Whether S3 would call a bucket policy public. Source: "Blocking public access", "The meaning of public".
#[must_use]
pub fn is_public(document: &PolicyDocument) -> bool {
    document.statements.iter().any(|s| s.effect == Effect::Allow && names_everybody(s) && !s.conditions.iter().any(pins))
}

fn names_everybody(statement: &Statement) -> bool {
    match &statement.principal {
        Some(PrincipalElement::Principal(set)) => set.aws.iter().any(|p| p == "*"),
        Some(PrincipalElement::NotPrincipal(_)) => true,
        None => false,
    }
}

/// Whether a condition limits a grant to fixed values of a key that S3 trusts.
fn pins(condition: &Condition) -> bool {
    use BaseOperator as B;
    let operator = condition.operator;
    if operator.if_exists || operator.set == SetOperator::ForAllValues || condition.values.is_empty() {
        return false;
    }
    let key = condition.key.to_ascii_lowercase();
    let fixed = |value: &String| !value.contains(['*', '?']) && !value.contains("${");
    let every = |holds: &dyn Fn(&String) -> bool| condition.values.iter().all(holds);
    match (operator.base, key.as_str()) {
        (B::IpAddress, "aws:sourceip") => every(&|v| Range::parse(v).is_some_and(|r| r.is_narrow())),
        (B::StringEquals | B::StringEqualsIgnoreCase | B::StringLike | B::ArnEquals | B::ArnLike, key) => match key {
            "aws:principalarn" | "aws:principalaccount" | "aws:principalorgid" | "aws:principalorgpaths" | "aws:sourcearn"
            | "aws:sourcevpc" | "aws:sourcevpce" | "aws:sourceowner" | "aws:sourceaccount"
            | "aws:userid" | "s3:x-amz-server-side-encryption-aws-kms-key-id" | "s3:dataaccesspointaccount" => every(&fixed),
            // The name of the access point may be anything behind a fixed account.
            "s3:dataaccesspointarn" => every(&|v| fixed(v) || (!v.contains("${") && is_of_fixed_account(v))),
            _ => false,
        },
        _ => false,
    }
}

/// Whether an access point's ARN is fixed up to its name.
fn is_of_fixed_account(value: &str) -> bool {
    Arn::parse(value).is_some_and(|arn| {
        let head = [arn.partition, arn.service, arn.region, arn.account];
        !head.iter().any(|part| part.contains(['*', '?'])) && arn.resource.starts_with("accesspoint/")
    })
}
