//! One call, however many logs tell of it: the key that its copies share, and which copy counts.
//!
//! A call across accounts stands in the logs of both, joined by `sharedEventID`. A call to S3 may stand in CloudTrail's data
//! events and in an access log; all copies carry the request's id, which the service generates once (CloudTrail User Guide,
//! "CloudTrail record contents", `requestID`). The caller's own copy counts (`queries/usage.sql`: rows of side `caller` win),
//! because it names the caller by its unique id and the request by its parameters. Source: inputs-and-evaluation.md sections 3.4 and 3.5.

use std::borrow::Cow;

use super::carriers::ACCESS_LOG_EVENT;
use super::fields::Text;
use crate::event::EventRow;

/// Whether an event was told by an S3 access log, which is the bucket owner's, and best effort.
#[must_use]
pub fn is_of_access_log(event: &EventRow<Text<'_>>) -> bool {
    event.event_type.as_deref() == Some(ACCESS_LOG_EVENT)
}

/// What all copies of a call have in common.
#[must_use]
pub fn key<'a>(event: &EventRow<Text<'a>>) -> Option<Text<'a>> {
    let of_s3 = event.event_source.as_deref() == Some("s3.amazonaws.com");
    match &event.request_id {
        Some(id) if of_s3 => Some(Cow::Owned(format!("s3:{id}"))),
        _ => event.shared_event_id.clone().or_else(|| event.event_id.clone()),
    }
}

/// `caller`, or `owner` where only the resource owner's copy is told.
#[must_use]
pub fn side(event: &EventRow<Text<'_>>) -> &'static str {
    if event.principal_type.as_deref() == Some("AWSAccount") || is_of_access_log(event) { "owner" } else { "caller" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_of_a_call_share_a_key() {
        let text = |t: &'static str| Some(Cow::Borrowed(t));
        let trail = EventRow {
            event_source: text("s3.amazonaws.com"),
            event_id: text("e-1"),
            shared_event_id: text("x"),
            request_id: text("3E57427F3EXAMPLE"),
            event_type: text("AwsApiCall"),
            ..EventRow::default()
        };
        let line = EventRow { event_id: text("s3-access-log-1"), shared_event_id: None, event_type: text(ACCESS_LOG_EVENT), ..trail.clone() };
        assert_eq!((key(&trail), side(&trail)), (text("s3:3E57427F3EXAMPLE"), "caller"));
        assert_eq!((key(&line), side(&line)), (key(&trail), "owner"));
        let other = EventRow { event_source: text("sts.amazonaws.com"), ..trail.clone() };
        assert_eq!(key(&other), text("x"));
        let no_id = EventRow { request_id: None, shared_event_id: None, ..trail };
        assert_eq!(key(&no_id), text("e-1"));
    }
}
