//! Operations of S3 access logs and the CloudTrail event that the same call is logged as.
//!
//! An operation is `REST.<method>.<what>`, `WEBSITE.<method>.<what>`, `BATCH.DELETE.OBJECT` for the keys of a multi-object
//! delete, or `S3.<what>` for what S3 does by itself. The mapping from events to permissions knows the events. What is not
//! listed keeps its own name and shows up among the calls that are not known. Sources: S3 User Guide, "Amazon S3 server
//! access log format" and "Identifying requests using Amazon S3 access logs"; inputs-and-evaluation.md section 3.4.

/// An operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Operation {
    /// The event's name.
    pub event: &'static str,
    /// Whether it only reads.
    pub read_only: bool,
    /// Whether CloudTrail has it among data events.
    pub is_data: bool,
    /// Whether it is of one object.
    pub of_object: bool,
}

/// Method, what, event with a key, event without (`""`: there is none), whether it is a data event of CloudTrail.
type Line = (&'static str, &'static str, &'static str, &'static str, bool);

const READ: &[Line] = &[
    ("GET", "OBJECT", "GetObject", "", true),
    ("HEAD", "OBJECT", "HeadObject", "", true),
    ("COPY", "OBJECT_GET", "GetObject", "", true),
    ("COPY", "PART_GET", "GetObject", "", true),
    ("GET", "TORRENT", "GetObjectTorrent", "", true),
    ("GET", "OBJECT_TAGGING", "GetObjectTagging", "", true),
    ("GET", "OBJECT_ATTRIBUTES", "GetObjectAttributes", "", true),
    ("GET", "OBJECT_RETENTION", "GetObjectRetention", "", true),
    ("GET", "RETENTION", "GetObjectRetention", "", true),
    ("GET", "OBJECT_LEGAL_HOLD", "GetObjectLegalHold", "", true),
    ("GET", "LEGAL_HOLD", "GetObjectLegalHold", "", true),
    ("POST", "SELECT", "SelectObjectContent", "", true),
    ("SELECT", "OBJECT", "SelectObjectContent", "", true),
    ("GET", "BUCKET", "ListObjects", "ListObjects", true),
    ("HEAD", "BUCKET", "HeadBucket", "HeadBucket", true),
    ("GET", "BUCKETVERSIONS", "ListObjectVersions", "ListObjectVersions", true),
    ("GET", "UPLOADS", "ListMultipartUploads", "ListMultipartUploads", true),
    ("GET", "UPLOAD", "ListParts", "", true),
    ("GET", "ACL", "GetObjectAcl", "GetBucketAcl", false),
    ("GET", "TAGGING", "GetObjectTagging", "GetBucketTagging", false),
    ("GET", "BUCKETPOLICY", "", "GetBucketPolicy", false),
    ("GET", "POLICY_STATUS", "", "GetBucketPolicyStatus", false),
    ("GET", "VERSIONING", "", "GetBucketVersioning", false),
    ("GET", "LOGGING_STATUS", "", "GetBucketLogging", false),
    ("GET", "LIFECYCLE", "", "GetBucketLifecycle", false),
    ("GET", "ENCRYPTION", "", "GetBucketEncryption", false),
    ("GET", "CORS", "", "GetBucketCors", false),
    ("GET", "WEBSITE", "", "GetBucketWebsite", false),
    ("GET", "NOTIFICATION", "", "GetBucketNotificationConfiguration", false),
    ("GET", "REPLICATION", "", "GetBucketReplication", false),
    ("GET", "INVENTORY", "", "GetBucketInventoryConfiguration", false),
    ("GET", "METRICS", "", "GetBucketMetricsConfiguration", false),
    ("GET", "ANALYTICS", "", "GetBucketAnalyticsConfiguration", false),
    ("GET", "INTELLIGENT_TIERING", "", "GetBucketIntelligentTieringConfiguration", false),
    ("GET", "ACCELERATE", "", "GetBucketAccelerateConfiguration", false),
    ("GET", "REQUEST_PAYMENT", "", "GetBucketRequestPayment", false),
    ("GET", "LOCATION", "", "GetBucketLocation", false),
    ("GET", "PUBLIC_ACCESS_BLOCK", "", "GetBucketPublicAccessBlock", false),
    ("GET", "OWNERSHIP_CONTROLS", "", "GetBucketOwnershipControls", false),
    ("GET", "OBJECT_LOCK_CONFIGURATION", "GetObjectLockConfiguration", "GetObjectLockConfiguration", false),
];

const WRITE: &[Line] = &[
    ("PUT", "OBJECT", "PutObject", "", true),
    ("POST", "OBJECT", "PostObject", "", true),
    ("COPY", "OBJECT", "PutObject", "", true),
    ("POST", "UPLOADS", "CreateMultipartUpload", "", true),
    ("PUT", "PART", "UploadPart", "", true),
    ("COPY", "PART", "UploadPart", "", true),
    ("POST", "UPLOAD", "CompleteMultipartUpload", "", true),
    ("DELETE", "UPLOAD", "AbortMultipartUpload", "", true),
    ("DELETE", "OBJECT", "DeleteObject", "", true),
    ("POST", "MULTI_OBJECT_DELETE", "DeleteObjects", "DeleteObjects", true),
    ("PUT", "OBJECT_TAGGING", "PutObjectTagging", "", true),
    ("DELETE", "OBJECT_TAGGING", "DeleteObjectTagging", "", true),
    ("PUT", "OBJECT_RETENTION", "PutObjectRetention", "", true),
    ("PUT", "RETENTION", "PutObjectRetention", "", true),
    ("PUT", "OBJECT_LEGAL_HOLD", "PutObjectLegalHold", "", true),
    ("PUT", "LEGAL_HOLD", "PutObjectLegalHold", "", true),
    ("POST", "RESTORE", "RestoreObject", "", true),
    ("PUT", "BUCKET", "", "CreateBucket", false),
    ("DELETE", "BUCKET", "", "DeleteBucket", false),
    ("PUT", "ACL", "PutObjectAcl", "PutBucketAcl", false),
    ("PUT", "TAGGING", "PutObjectTagging", "PutBucketTagging", false),
    ("DELETE", "TAGGING", "DeleteObjectTagging", "DeleteBucketTagging", false),
    ("PUT", "BUCKETPOLICY", "", "PutBucketPolicy", false),
    ("DELETE", "BUCKETPOLICY", "", "DeleteBucketPolicy", false),
    ("PUT", "VERSIONING", "", "PutBucketVersioning", false),
    ("PUT", "LOGGING_STATUS", "", "PutBucketLogging", false),
    ("PUT", "LIFECYCLE", "", "PutBucketLifecycle", false),
    ("DELETE", "LIFECYCLE", "", "DeleteBucketLifecycle", false),
    ("PUT", "ENCRYPTION", "", "PutBucketEncryption", false),
    ("DELETE", "ENCRYPTION", "", "DeleteBucketEncryption", false),
    ("PUT", "CORS", "", "PutBucketCors", false),
    ("DELETE", "CORS", "", "DeleteBucketCors", false),
    ("PUT", "WEBSITE", "", "PutBucketWebsite", false),
    ("DELETE", "WEBSITE", "", "DeleteBucketWebsite", false),
    ("PUT", "NOTIFICATION", "", "PutBucketNotificationConfiguration", false),
    ("PUT", "REPLICATION", "", "PutBucketReplication", false),
    ("DELETE", "REPLICATION", "", "DeleteBucketReplication", false),
    ("PUT", "INVENTORY", "", "PutBucketInventoryConfiguration", false),
    ("DELETE", "INVENTORY", "", "DeleteBucketInventoryConfiguration", false),
    ("PUT", "METRICS", "", "PutBucketMetricsConfiguration", false),
    ("DELETE", "METRICS", "", "DeleteBucketMetricsConfiguration", false),
    ("PUT", "ANALYTICS", "", "PutBucketAnalyticsConfiguration", false),
    ("DELETE", "ANALYTICS", "", "DeleteBucketAnalyticsConfiguration", false),
    ("PUT", "INTELLIGENT_TIERING", "", "PutBucketIntelligentTieringConfiguration", false),
    ("DELETE", "INTELLIGENT_TIERING", "", "DeleteBucketIntelligentTieringConfiguration", false),
    ("PUT", "ACCELERATE", "", "PutBucketAccelerateConfiguration", false),
    ("PUT", "REQUEST_PAYMENT", "", "PutBucketRequestPayment", false),
    ("PUT", "PUBLIC_ACCESS_BLOCK", "", "PutBucketPublicAccessBlock", false),
    ("DELETE", "PUBLIC_ACCESS_BLOCK", "", "DeleteBucketPublicAccessBlock", false),
    ("PUT", "OWNERSHIP_CONTROLS", "", "PutBucketOwnershipControls", false),
    ("DELETE", "OWNERSHIP_CONTROLS", "", "DeleteBucketOwnershipControls", false),
    ("PUT", "OBJECT_LOCK_CONFIGURATION", "PutObjectLockConfiguration", "PutObjectLockConfiguration", false),
];

/// The event of an operation, with a key or on the bucket alone; `None` when it is not listed.
#[must_use]
pub fn find(operation: &str, has_key: bool) -> Option<Operation> {
    let (door, rest) = operation.split_once('.')?;
    let (method, what) = rest.split_once('.')?;
    if !matches!(door, "REST" | "WEBSITE" | "BATCH") {
        return None;
    }
    let read = READ.iter().map(|line| (line, true));
    let (line, read_only) = read.chain(WRITE.iter().map(|line| (line, false))).find(|((m, w, ..), _)| *m == method && *w == what)?;
    let (_, _, with_key, without, is_data) = *line;
    // Half of what stands in a log has no key although it is of an object: then the object is not known, not the call.
    let event = if has_key && !with_key.is_empty() || without.is_empty() { with_key } else { without };
    let of_object = event != without;
    // Of what both objects and buckets have (ACLs, tags), that of objects is a data event.
    Some(Operation { event, read_only, is_data: is_data || of_object && !without.is_empty(), of_object })
}

/// All events that operations stand for, for the check that the mapping knows each.
#[cfg(test)]
pub fn all() -> impl Iterator<Item = (String, &'static str, bool)> {
    READ.iter().chain(WRITE).flat_map(|(method, what, with_key, without, _)| {
        let operation = format!("REST.{method}.{what}");
        [(operation.clone(), *with_key, true), (operation, *without, false)].into_iter().filter(|(_, event, _)| !event.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_or_no_key_makes_the_difference() {
        let event = |operation, key| find(operation, key).map(|o| (o.event, o.read_only, o.is_data));
        assert_eq!(event("REST.GET.ACL", true), Some(("GetObjectAcl", true, true)));
        assert_eq!(event("REST.GET.ACL", false), Some(("GetBucketAcl", true, false)));
        assert_eq!(event("WEBSITE.GET.OBJECT", true), Some(("GetObject", true, true)));
        assert_eq!(event("BATCH.DELETE.OBJECT", true), Some(("DeleteObject", false, true)));
        assert_eq!(event("REST.GET.BUCKETPOLICY", true), Some(("GetBucketPolicy", true, false)));
        assert_eq!(event("REST.PUT.OBJECT_LOCK_CONFIGURATION", false), Some(("PutObjectLockConfiguration", false, false)));
        assert_eq!(event("REST.GET.OBJECT", false), Some(("GetObject", true, true)));
        for unknown in ["REST.OPTIONS.PREFLIGHT", "S3.EXPIRE.OBJECT", "REST.GET", "SOAP.GetObject", "", "-"] {
            assert_eq!(event(unknown, true), None, "{unknown}");
        }
    }
}
