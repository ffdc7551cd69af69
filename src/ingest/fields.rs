//! What one record says, field by field. A field of a wrong type spoils no other; a text is borrowed from the record where it
//! can be. The slow reader of the tests (`ingest/literal_test.rs`) gives the same.

use std::borrow::Cow;

use super::identity::Identity;
use super::raw::{Json, boolean, json, quick_object, raw_object, text};
use crate::scan;
use crate::reference::bundle::sha256_hex;

/// Why a record is rejected: field, reason.
pub type Reject = (&'static str, String);

/// A text of the record.
pub type Text<'a> = Cow<'a, str>;

/// The fields of a record that the store knows.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Fields<'a> {
    /// `eventID`.
    pub event_id: Option<Text<'a>>,
    /// `eventTime`.
    pub event_time: Option<Text<'a>>,
    /// `eventSource`.
    pub event_source: Option<Text<'a>>,
    /// `eventName`.
    pub event_name: Option<Text<'a>>,
    /// `eventType`.
    pub event_type: Option<Text<'a>>,
    /// `eventCategory`.
    pub event_category: Option<Text<'a>>,
    /// `awsRegion`.
    pub region: Option<Text<'a>>,
    /// `readOnly`.
    pub read_only: Option<bool>,
    /// `managementEvent`.
    pub management_event: Option<bool>,
    /// `errorCode`.
    pub error_code: Option<Text<'a>>,
    /// `errorMessage`.
    pub error_message: Option<Text<'a>>,
    /// `requestID`.
    pub request_id: Option<Text<'a>>,
    /// `sharedEventID`.
    pub shared_event_id: Option<Text<'a>>,
    /// `recipientAccountId`.
    pub recipient_account: Option<Text<'a>>,
    /// `sourceIPAddress`.
    pub source_ip: Option<Text<'a>>,
    /// `userAgent`.
    pub user_agent: Option<Text<'a>>,
    /// `vpcEndpointId`.
    pub vpc_endpoint_id: Option<Text<'a>>,
    /// Whether `tlsDetails` is an object.
    pub has_tls: bool,
    /// `tlsDetails.tlsVersion`.
    pub tls_version: Option<Text<'a>>,
    /// `userIdentity`; empty where the caller is known by its text ([`super::callers`]).
    pub identity: Identity<'a>,
    /// JSON text of `requestParameters`; empty when absent.
    pub request: Text<'a>,
    /// JSON text of `responseElements`; empty when absent.
    pub response: Text<'a>,
    /// JSON text of `additionalEventData`; empty when absent.
    pub additional: Text<'a>,
    /// `addendum.originalEventID`, where the reason is `UPDATED_DATA`: the event that this one takes the place of.
    pub replaces: Option<Text<'a>>,
    /// ARN and account of each entry of `resources`.
    pub resources: Vec<(Option<Text<'a>>, Option<Text<'a>>)>,
}

raw_object!(
    /// The fields that are read, as they stand in the record.
    Raw {
        event_id: "eventID",
        event_time: "eventTime",
        event_source: "eventSource",
        event_name: "eventName",
        event_type: "eventType",
        event_category: "eventCategory",
        aws_region: "awsRegion",
        read_only: "readOnly",
        management_event: "managementEvent",
        error_code: "errorCode",
        error_message: "errorMessage",
        request_id: "requestID",
        shared_event_id: "sharedEventID",
        recipient_account_id: "recipientAccountId",
        user_identity: "userIdentity",
        source_ip: "sourceIPAddress",
        user_agent: "userAgent",
        vpc_endpoint_id: "vpcEndpointId",
        tls_details: "tlsDetails",
        request_parameters: "requestParameters",
        response_elements: "responseElements",
        additional_event_data: "additionalEventData",
        addendum: "addendum",
        resources: "resources",
    }
);

raw_object!(
    /// An entry of `resources[]`.
    RawResource {
        arn: "ARN" | "arn",
        account: "accountId",
    }
);

raw_object!(
    /// Where the fields stand.
    RawTls {
        version: "tlsVersion",
    }
);

raw_object!(
    /// The fields of `addendum`.
    RawAddendum {
        reason: "reason",
        original_event_id: "originalEventID",
    }
);

/// The event that a record with new data takes the place of; late records (`DELIVERY_DELAY`, `SERVICE_OUTAGE`) take none.
fn replaced<'a>(addendum: Option<Json<'a>>) -> Option<Text<'a>> {
    let json = addendum?.get();
    let told: RawAddendum<'a> = quick_object(json, RawAddendum::place).or_else(|| serde_json::from_str(json).ok())?;
    if own_text(told.reason).as_deref() == Some("UPDATED_DATA") { own_text(told.original_event_id) } else { None }
}

/// ARN and account of each entry of `resources`; none where one entry is no object, or has a field twice.
fn resources(raw: Json<'_>) -> Vec<(Option<Text<'_>>, Option<Text<'_>>)> {
    quick_resources(raw.get()).unwrap_or_else(|| {
        let entries: Vec<RawResource<'_>> = serde_json::from_str(raw.get()).unwrap_or_default();
        entries.iter().map(|r| (text(r.arn), text(r.account))).collect()
    })
}

/// The same by [`scan`]; `None` where that does not take it.
fn quick_resources(list: &str) -> Option<Vec<(Option<Text<'_>>, Option<Text<'_>>)>> {
    let bytes = list.as_bytes();
    let mut found = Vec::new();
    let mut at = scan::past(bytes, 0, b'[')?;
    if scan::past(bytes, at, b']').is_some() {
        return Some(found);
    }
    loop {
        let (entry, end) = Json::at(list, scan::blank(bytes, at))?;
        let entry: RawResource<'_> = quick_object(entry.get(), RawResource::place)?;
        found.push((text(entry.arn), text(entry.account)));
        match scan::past(bytes, end, b',') {
            Some(next) => at = next,
            None => return scan::past(bytes, end, b']').map(|_| found),
        }
    }
}

/// A text only if it is one.
fn own_text<'a>(raw: Option<Json<'a>>) -> Option<Text<'a>> {
    text(raw.filter(|r| r.get().starts_with('"')))
}

impl<'a> Fields<'a> {
    /// Reads what stands in the record.
    ///
    /// # Errors
    /// Field and reason, where an object holds one field twice: nobody knows which of them was meant.
    pub fn of(raw: &Raw<'a>) -> Result<Fields<'a>, Reject> {
        Identity::of(raw.user_identity).map(|identity| Fields::with(raw, identity))
    }

    /// Reads what stands in the record beside `userIdentity`, which is told.
    #[must_use]
    pub fn with(raw: &Raw<'a>, identity: Identity<'a>) -> Fields<'a> {
        let tls = raw.tls_details.map_or("", Json::get);
        Fields {
            event_id: text(raw.event_id),
            event_time: text(raw.event_time),
            event_source: text(raw.event_source),
            event_name: text(raw.event_name),
            event_type: text(raw.event_type),
            event_category: text(raw.event_category),
            region: text(raw.aws_region),
            read_only: boolean(raw.read_only),
            management_event: boolean(raw.management_event),
            error_code: text(raw.error_code),
            error_message: text(raw.error_message),
            request_id: text(raw.request_id),
            shared_event_id: text(raw.shared_event_id),
            recipient_account: text(raw.recipient_account_id),
            source_ip: text(raw.source_ip),
            user_agent: text(raw.user_agent),
            vpc_endpoint_id: text(raw.vpc_endpoint_id),
            has_tls: tls.starts_with('{'),
            tls_version: own_text(quick_object(tls, RawTls::place).unwrap_or_else(|| serde_json::from_str::<RawTls<'a>>(tls).unwrap_or_default()).version),
            identity,
            request: json(raw.request_parameters),
            response: json(raw.response_elements),
            additional: json(raw.additional_event_data),
            replaces: replaced(raw.addendum),
            resources: raw.resources.map_or_else(Vec::new, resources),
        }
    }

    /// Reads a record's text.
    ///
    /// # Errors
    /// Field and reason, when it is no record.
    pub fn read(json: &'a str) -> Result<Fields<'a>, Reject> {
        let raw: Raw<'a> = serde_json::from_str(json).map_err(|e| ("", not_a_record(json, &e)))?;
        Fields::of(&raw)
    }

    /// Gives a record without an id the hash of its text for one.
    #[must_use]
    pub fn known_by(mut self, json: &str) -> Fields<'a> {
        if self.event_id.is_none() {
            self.event_id = Some(Cow::Owned(format!("sha256:{}", sha256_hex(json.as_bytes()))));
        }
        self
    }
}

/// Why a text is not read as a record.
fn not_a_record(json: &str, error: &serde_json::Error) -> String {
    if json.trim_start().starts_with('{') { format!("not a record: {error}") } else { "not a record: no JSON object".to_owned() }
}
