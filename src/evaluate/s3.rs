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

/// Whether the request is S3's and names a bucket or an object.
#[must_use]
pub fn is_s3_request(request: &PreparedRequest<'_>) -> bool {
    request.service() == "s3" && request.arn().is_some_and(|a| a.service.eq_ignore_ascii_case("s3"))
}

/// What Block Public Access denies.
pub fn block_public_access<R: Recorder>(request: &PreparedRequest<'_>, policies: &CompiledPolicies, recorder: &mut R) -> Tri {
    let block = policies.settings.block_public_access;
    if !(block.restrict_public_buckets || block.block_public_acls) || !is_s3_request(request) {
        return Tri::No;
    }
    let mut deny = Tri::No;
    let mut rule = |index: usize, name: &str, applies: Tri| {
        if applies != Tri::No {
            recorder.grant("s3-block-public-access", index, name, Effect::Deny, applies);
        }
        deny = deny.or(applies);
    };
    if block.block_public_acls {
        rule(0, "BlockPublicAcls", sets_public_acl(request));
    }
    if block.restrict_public_buckets && policies.resource_is_public {
        let kind = request.principal().kind;
        let own = kind == PrincipalType::Service || (kind.has_account() && !request.is_cross_account());
        rule(3, "RestrictPublicBuckets", Tri::from(!own));
    }
    deny
}

const PUBLIC_GROUPS: [&str; 2] = ["global/AllUsers", "global/AuthenticatedUsers"];

/// Whether the request would set an ACL for everybody or for everybody who signs.
fn sets_public_acl(request: &PreparedRequest<'_>) -> Tri {
    if !matches!(request.operation(), "putbucketacl" | "putobjectacl" | "putobjectversionacl" | "putobject" | "createbucket") {
        return Tri::No;
    }
    let any = |key: &str, is_public: &dyn Fn(&str) -> bool| match request.value(key) {
        Value::One(one) => is_public(one),
        Value::Many(list) => list.iter().any(|v| is_public(v)),
        Value::Absent | Value::Unknown => false,
    };
    let canned = any("s3:x-amz-acl", &|acl| matches!(acl, "public-read" | "public-read-write" | "authenticated-read"));
    let named = ["read", "write", "read-acp", "write-acp", "full-control"]
        .iter()
        .any(|header| any(&format!("s3:x-amz-grant-{header}"), &|grant| PUBLIC_GROUPS.iter().any(|g| grant.contains(g))));
    Tri::from(canned || named)
}

/// What the ACLs of bucket and object allow to the caller, by class.
pub fn acls<R: Recorder>(request: &PreparedRequest<'_>, policies: &CompiledPolicies, recorder: &mut R) -> Classes {
    let settings = &policies.settings;
    let mut all = Classes::NONE;
    if settings.object_ownership == Some(ObjectOwnership::BucketOwnerEnforced)
        || (settings.bucket_acl.is_empty() && settings.object_acl.is_empty())
        || !is_s3_request(request)
    {
        return all;
    }
    let is_object = request.arn().is_some_and(|a| a.resource.contains('/'));
    let ignore_public = settings.block_public_access.ignore_public_acls;
    for (name, grants, on_object) in [("bucket-acl", &settings.bucket_acl, false), ("object-acl", &settings.object_acl, true)] {
        for (index, grant) in grants.iter().enumerate() {
            if !permits(grant.permission, on_object, is_object, request.operation()) {
                continue;
            }
            let classes = grantee(grant, request, ignore_public);
            let applies = classes.any();
            if applies != Tri::No {
                recorder.grant(name, index, &format!("#{index}"), Effect::Allow, applies);
            }
            all = all.or(classes);
        }
    }
    all
}

/// Whether an ACL permission stands for an operation (in lower case) on a bucket or an object.
fn permits(permission: AclPermission, on_object: bool, is_object: bool, operation: &str) -> bool {
    use AclPermission as P;
    let allows = |wanted: P| permission == wanted || permission == P::FullControl;
    match (on_object, is_object) {
        (false, false) => {
            (allows(P::Read) && matches!(operation, "listbucket" | "listbucketversions" | "listbucketmultipartuploads"))
                || (allows(P::ReadAcp) && operation == "getbucketacl")
                || (allows(P::WriteAcp) && operation == "putbucketacl")
        }
        (false, true) => allows(P::Write) && operation == "putobject",
        (true, true) => {
            (allows(P::Read) && matches!(operation, "getobject" | "getobjectversion"))
                || (allows(P::ReadAcp) && matches!(operation, "getobjectacl" | "getobjectversionacl"))
                || (allows(P::WriteAcp) && matches!(operation, "putobjectacl" | "putobjectversionacl"))
        }
        (true, false) => false,
    }
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
            "s3:dataaccesspointarn" => every(&|v| Arn::parse(v).is_some_and(|a| fixed(&a.account.to_owned()) && !a.account.is_empty())),
            _ => false,
        },
        _ => false,
    }
}
