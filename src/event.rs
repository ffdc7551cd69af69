//! The event store's tables, each as ONE list: column, type, where CloudTrail has it, what it means.
//!
//! The Parquet writer, the Hive layout and the documentation are made from these lists; a column that is not
//! here does not exist. Credentials and session tokens have no column. Types are text, 64-bit integers and
//! booleans only; absent is NULL. Source: design.md section 2.

/// Version of the tables; every batch of a store keeps the one it was written with. Columns are only ever added:
/// part files of an older version lack some, and these read as NULL. 2 added the `denied_…` columns, 3 the key and the
/// session policies that an STS call handed out, 4 the type of an action's resource, 5 the table of changes of grants,
/// 6 how somebody signed in, records that replace others, sessions of the root user, and changes of access keys.
pub const SCHEMA_VERSION: u32 = 6;

/// The first version whose batches keep [`ChangeRow`]s: of an older batch it is not known what it would have told.
pub const CHANGES_SINCE: u32 = 5;

/// A column's type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// UTF-8 text.
    Text,
    /// 64-bit integer; times are epoch milliseconds UTC.
    BigInt,
    /// True or false.
    Boolean,
}

/// A column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Name in the store and in SQL.
    pub name: &'static str,
    /// Type.
    pub kind: Kind,
    /// Where a CloudTrail record has it.
    pub path: &'static str,
    /// What it means.
    pub doc: &'static str,
}

/// One value of a row.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Cell<'a> {
    /// A text or NULL.
    Text(Option<&'a str>),
    /// An integer or NULL.
    BigInt(Option<i64>),
    /// A boolean or NULL.
    Boolean(Option<bool>),
}

/// A row of a stored table.
pub trait Row {
    /// Name of the table and of its folder.
    const TABLE: &'static str;
    /// Its columns in order.
    const COLUMNS: &'static [Column];
    /// The values, in the order of the columns.
    fn cells<'s>(&'s self, take: impl FnMut(usize, Cell<'s>));
}

/// The kinds of columns as types, for the fields of rows.
pub mod typed {
    /// The type of a column's values where texts are of type `T`.
    pub trait Typed<T> {
        /// That type.
        type Of;
    }

    /// A column of texts.
    pub struct Text;
    /// A column of integers.
    pub struct BigInt;
    /// A column of booleans.
    pub struct Boolean;

    impl<T> Typed<T> for Text {
        type Of = T;
    }

    impl<T> Typed<T> for BigInt {
        type Of = i64;
    }

    impl<T> Typed<T> for Boolean {
        type Of = bool;
    }
}

macro_rules! field_cell {
    (Text, $field:expr) => { Cell::Text($field.as_ref().map(AsRef::as_ref)) };
    (BigInt, $field:expr) => { Cell::BigInt($field) };
    (Boolean, $field:expr) => { Cell::Boolean($field) };
}

macro_rules! table {
    ($(#[$meta:meta])* $row:ident, $table:literal, { $($name:ident: $kind:ident = $path:literal, $doc:literal;)* }) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, Debug, Default, PartialOrd, Ord)]
        pub struct $row<T = String> {
            $(#[doc = $doc] pub $name: Option<<typed::$kind as typed::Typed<T>>::Of>,)*
        }

        impl<T: AsRef<str>> Row for $row<T> {
            const TABLE: &'static str = $table;
            const COLUMNS: &'static [Column] = &[
                $(Column { name: stringify!($name), kind: Kind::$kind, path: $path, doc: $doc },)*
            ];

            fn cells<'s>(&'s self, mut take: impl FnMut(usize, Cell<'s>)) {
                let mut at = 0;
                $(
                    take(at, field_cell!($kind, self.$name));
                    at += 1;
                )*
                let _ = at;
            }
        }
    };
}

table!(
    /// One event.
    EventRow, "events", {
    event_time_ms: BigInt = "eventTime", "When the call was made.";
    event_id: Text = "eventID", "The event's id; a hash of the record where it has none.";
    account: Text = "recipientAccountId", "The account whose log holds the event.";
    date: Text = "eventTime", "Day of the call, UTC, YYYY-MM-DD.";
    region: Text = "awsRegion", "Region of the call.";
    event_source: Text = "eventSource", "The service, as a host name.";
    event_name: Text = "eventName", "The operation, blanks trimmed.";
    event_type: Text = "eventType", "AwsApiCall, AwsServiceEvent, …; S3ServerAccessLog of lines of access logs";
    event_category: Text = "eventCategory", "Management, Data, Insight, NetworkActivity.";
    read_only: Boolean = "readOnly", "Whether the call only reads.";
    error_code: Text = "errorCode", "Error code, NULL when the call succeeded.";
    error_message: Text = "errorMessage", "Error message.";
    outcome: Text = "errorCode", "allowed, denied or error.";
    request_id: Text = "requestID", "The request's id.";
    shared_event_id: Text = "sharedEventID", "Joins the copies of one call in two accounts.";
    replaces: Text = "addendum.originalEventID", "The event that this one takes the place of: CloudTrail told it again with new data.";
    principal_key: Text = "userIdentity.principalId", "Stable id: AROA…, AIDA…, the account id for root.";
    principal_arn: Text = "userIdentity.arn", "User ARN, or the role ARN with path for sessions.";
    principal_type: Text = "userIdentity.type", "Kind of caller.";
    principal_account: Text = "userIdentity.accountId", "The caller's account.";
    session_name: Text = "userIdentity.principalId", "Name of the role session.";
    source_identity: Text = "userIdentity.sessionContext.sourceIdentity", "Source identity set at sign-in.";
    access_key_id: Text = "userIdentity.accessKeyId", "Id of the access key, never the key.";
    issued_access_key_id: Text = "responseElements.credentials.accessKeyId", "Id of the access key that a successful STS call handed out.";
    session_policy: Text = "requestParameters.policy", "Text of the session policy that was passed for these credentials, as is.";
    session_policy_arns: Text = "requestParameters.policyArns", "ARNs of the managed session policies, as a JSON list: [] when none was passed, NULL when the record does not tell, null in it for one that cannot be read.";
    invoked_by: Text = "userIdentity.invokedBy", "The service that made the call for the caller.";
    mfa_authenticated: Boolean = "userIdentity.sessionContext.attributes.mfaAuthenticated", "Whether the session was made with MFA.";
    assumed_root: Boolean = "userIdentity.sessionContext.assumedRoot", "Whether it is a session of sts:AssumeRoot, not the root user itself.";
    signed_in: Boolean = "responseElements.ConsoleLogin", "Of signing in to the console: whether it succeeded.";
    mfa_used: Boolean = "additionalEventData.MFAUsed", "Of signing in to the console: whether MFA was used.";
    source_ip: Text = "sourceIPAddress", "Address or service name of the caller.";
    user_agent: Text = "userAgent", "The client's own name.";
    vpc_endpoint_id: Text = "vpcEndpointId", "VPC endpoint of the request.";
    tls_version: Text = "tlsDetails.tlsVersion", "TLS version.";
    context_json: Text = "several", "Condition keys the record tells, as a JSON object.";
    mapping: Text = "none", "mapped, no-permission or unknown.";
    source_file: Text = "none", "Log file, relative to the folder that was given.";
    record_index: BigInt = "none", "Place of the record in the file, from 0.";
});

table!(
    /// One action of one event on one resource.
    ActionRow, "event_actions", {
    event_time_ms: BigInt = "eventTime", "When the call was made.";
    event_id: Text = "eventID", "The event.";
    account: Text = "recipientAccountId", "The account whose log holds the event.";
    date: Text = "eventTime", "Day of the call, UTC, YYYY-MM-DD.";
    region: Text = "awsRegion", "Region of the call.";
    event_source: Text = "eventSource", "The service, as a host name.";
    event_name: Text = "eventName", "The operation.";
    event_category: Text = "eventCategory", "Management, Data, …";
    read_only: Boolean = "readOnly", "Whether the call only reads.";
    principal_key: Text = "userIdentity.principalId", "The caller's stable id.";
    principal_arn: Text = "userIdentity.arn", "The caller's user or role ARN.";
    principal_type: Text = "userIdentity.type", "Kind of caller.";
    principal_account: Text = "userIdentity.accountId", "The caller's account.";
    action: Text = "none", "IAM action; NULL when the reference has none for the event.";
    resource_arn: Text = "none", "Resource: ARN, type-level pattern, or *.";
    arn_provenance: Text = "none", "Where the resource came from.";
    resource_type: Text = "none", "Its type (rds:db), NULL where none is told.";
    derived: Boolean = "none", "Whether the action was read from parameters of another call.";
    outcome: Text = "errorCode", "allowed, denied or error.";
    error_code: Text = "errorCode", "Error code.";
    denied_effect: Text = "errorMessage", "explicit or implicit, where the denial says so of this action.";
    denied_policy_type: Text = "errorMessage", "Kind of policy that refused: identity, resource, trust, boundary, session, scp, rcp, vpc_endpoint.";
    denied_policy_arn: Text = "errorMessage", "The policy that refused, where the denial names it.";
    context_class: Text = "several", "Condition keys of low cardinality, as a JSON object.";
    call_key: Text = "requestID, sharedEventID", "One call, however many copies: of S3 its request id, else sharedEventID, else eventID.";
    side: Text = "userIdentity.type", "caller, or owner: the copy of the resource's owner, an S3 access log among them.";
});

table!(
    /// One successful call that changed who holds what: a write of IAM.
    ChangeRow, "grant_changes", {
    event_time_ms: BigInt = "eventTime", "When the call was made.";
    event_id: Text = "eventID", "The event.";
    account: Text = "recipientAccountId", "The account whose grants changed.";
    date: Text = "eventTime", "Day of the call, UTC, YYYY-MM-DD.";
    event_name: Text = "eventName", "The operation.";
    target_kind: Text = "none", "user, role, group or policy: what was changed.";
    target_name: Text = "requestParameters.*Name", "Its name; NULL where the record does not tell.";
    target_arn: Text = "responseElements.*.arn, requestParameters.policyArn", "Its ARN, where the record tells.";
    target_id: Text = "responseElements.*.*Id", "Unique id of what was made.";
    policy_name: Text = "requestParameters.policyName", "Name of the inline policy.";
    policy_arn: Text = "requestParameters.policyArn, permissionsBoundary", "The managed policy that was attached, detached or set as boundary.";
    document: Text = "requestParameters.policyDocument, assumeRolePolicyDocument", "The document as it was given: JSON, or percent-encoded JSON.";
    document_sha256: Text = "none", "Hash of the document's text.";
    version_id: Text = "requestParameters.versionId, responseElements.policyVersion.versionId", "Version of the managed policy.";
    set_as_default: Boolean = "requestParameters.setAsDefault", "Whether the new version became the default.";
    group_name: Text = "requestParameters.groupName", "The group that the user joined or left.";
    new_name: Text = "requestParameters.newUserName, newGroupName", "The name after a renaming.";
    new_status: Text = "requestParameters.status, responseElements.accessKey.status", "Active or Inactive: the status of an access key from then on.";
    changed_by: Text = "userIdentity.arn", "Who changed an access key: user ARN, or role ARN with path.";
    is_told: Boolean = "requestParameters", "Whether the record has the parameters; false where they were left out for their size.";
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_has_a_cell_of_its_type() {
        let row: EventRow = EventRow::default();
        let mut seen = 0;
        row.cells(|at, cell| {
            let column = &<EventRow as Row>::COLUMNS[at];
            let fits = matches!(
                (column.kind, cell),
                (Kind::Text, Cell::Text(None)) | (Kind::BigInt, Cell::BigInt(None)) | (Kind::Boolean, Cell::Boolean(None))
            );
            assert!(fits && at == seen, "{}", column.name);
            seen += 1;
        });
        assert_eq!(seen, <EventRow as Row>::COLUMNS.len());
    }
}
