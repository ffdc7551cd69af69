//! CloudTrail-Insight and CloudTrail-Aggregated: summaries of many calls, written as records that keep their category, name
//! no caller and prove no use.
//!
//! An Insight names the call that was made unusually often in `insightDetails`; who made it stands among its attributions as
//! a share of a statistic, not as a caller. An Aggregated event counts the calls of five minutes. Neither has
//! `userIdentity`, and none is made up. Sources: CloudTrail User Guide, "CloudTrail record contents for Insights events for
//! trails"; inputs-and-evaluation.md section 3.1.

use serde_json::{Map, Value, json};

use super::{Carrier, Reject};

/// The record for a summary; `None` when the text is none.
#[must_use]
pub fn of(text: &str) -> Option<(Carrier, Result<String, Reject>)> {
    let is_insight = text.contains("\"insightDetails\"");
    if !is_insight && !text.contains("\"timeWindow\"") {
        return None;
    }
    let Ok(Value::Object(record)) = serde_json::from_str::<Value>(text) else { return None };
    if record.contains_key("userIdentity") {
        return None;
    }
    if record.get("insightDetails").is_some_and(Value::is_object) {
        return Some((Carrier::Insight, Ok(insight(&record))));
    }
    let says_so = |name: &str, word: &str| record.get(name).and_then(Value::as_str) == Some(word);
    let is_aggregated = says_so("eventCategory", "Aggregated") || says_so("eventType", "AwsAggregatedEvent");
    (is_aggregated && record.get("timeWindow").is_some_and(Value::is_object)).then(|| (Carrier::Aggregated, Ok(aggregated(&record))))
}

fn first<'r>(record: &'r Map<String, Value>, names: &[&str]) -> &'r Value {
    names.iter().filter_map(|n| record.get(*n)).find(|v| !v.is_null()).unwrap_or(&Value::Null)
}

fn insight(record: &Map<String, Value>) -> String {
    let empty = Map::new();
    let details = record.get("insightDetails").and_then(Value::as_object).unwrap_or(&empty);
    let name = first(details, &["eventName"]);
    json!({
        "eventVersion": first(record, &["eventVersion"]),
        "eventID": first(record, &["eventID", "eventId"]),
        "eventTime": first(record, &["eventTime"]),
        "eventSource": first(details, &["eventSource"]),
        "eventName": if name.is_null() { first(details, &["insightType"]) } else { name },
        "eventType": "AwsCloudTrailInsight",
        "eventCategory": "Insight",
        "awsRegion": first(record, &["awsRegion"]),
        "sharedEventID": first(record, &["sharedEventID"]),
        "recipientAccountId": first(record, &["recipientAccountId"]),
        "readOnly": null,
    })
    .to_string()
}

fn aggregated(record: &Map<String, Value>) -> String {
    let window = record.get("timeWindow");
    let start = window.and_then(|w| w.get("windowStart")).unwrap_or(&Value::Null);
    let name = first(record, &["eventName"]);
    json!({
        "eventVersion": first(record, &["eventVersion"]),
        "eventID": first(record, &["eventID", "eventId"]),
        "eventTime": if start.is_null() { first(record, &["eventTime"]) } else { start },
        "eventSource": first(record, &["eventSource"]),
        "eventName": if name.is_null() { json!("Aggregated") } else { name.clone() },
        "eventType": "AwsAggregatedEvent",
        "eventCategory": "Aggregated",
        "awsRegion": first(record, &["awsRegion"]),
        "recipientAccountId": first(record, &["recipientAccountId", "accountId"]),
        "readOnly": null,
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(record: Value) -> Option<(Carrier, Value)> {
        of(&record.to_string()).map(|(carrier, text)| (carrier, serde_json::from_str(&text.unwrap()).unwrap()))
    }

    #[test]
    fn an_insight_names_its_call_and_nobody() {
        let (carrier, record) = made(json!({
            "eventVersion": "1.08", "eventTime": "2026-10-01T00:00:00Z", "awsRegion": "eu-west-1", "eventID": "i-1",
            "eventType": "AwsCloudTrailInsight", "recipientAccountId": "111122223333", "sharedEventID": "s-1", "eventCategory": "Insight",
            "insightDetails": {"state": "Start", "eventSource": "ssm.amazonaws.com", "eventName": "UpdateInstanceInformation",
                "insightType": "ApiCallRateInsight", "insightContext": {"attributions": [{"attribute": "userIdentityArn",
                    "insight": [{"value": "arn:aws:sts::111122223333:assumed-role/app/s", "average": 9.5}]}]}},
        }))
        .unwrap();
        assert_eq!(carrier, Carrier::Insight);
        assert_eq!((&record["eventName"], &record["eventSource"]), (&json!("UpdateInstanceInformation"), &json!("ssm.amazonaws.com")));
        assert_eq!((&record["eventCategory"], &record["eventID"]), (&json!("Insight"), &json!("i-1")));
        assert!(record.get("userIdentity").is_none() && !record.to_string().contains("assumed-role"));
    }

    #[test]
    fn an_aggregate_stands_at_its_windows_start() {
        let (carrier, record) = made(json!({
            "eventVersion": "1.0", "accountId": "111122223333", "eventId": "a-1", "eventCategory": "Aggregated",
            "eventType": "AwsAggregatedEvent", "awsRegion": "eu-west-1", "eventSource": "s3.amazonaws.com",
            "timeWindow": {"windowStart": "2026-10-01T00:05:00Z", "windowEnd": "2026-10-01T00:10:00Z", "windowSize": "PT5M"},
            "summary": {"primaryDimension": {"dimension": "eventName", "statistics": [{"name": "GetObject", "value": 12}]}, "details": []},
        }))
        .unwrap();
        assert_eq!(carrier, Carrier::Aggregated);
        assert_eq!((&record["eventTime"], &record["eventName"]), (&json!("2026-10-01T00:05:00Z"), &json!("Aggregated")));
        assert_eq!((&record["recipientAccountId"], &record["eventID"]), (&json!("111122223333"), &json!("a-1")));
    }

    #[test]
    fn calls_are_no_summaries() {
        for record in [
            json!({"eventName": "PutRule", "requestParameters": {"timeWindow": {"start": 1}}, "userIdentity": {}}),
            json!({"eventName": "X", "timeWindow": {"windowStart": "2026-10-01T00:00:00Z"}}),
            json!({"eventName": "X", "insightDetails": {"eventName": "Y"}, "userIdentity": {"type": "Root"}}),
            json!({"eventName": "X"}),
        ] {
            assert_eq!(made(record.clone()), None, "{record}");
        }
        assert!(of("{\"timeWindow\": ").is_none());
    }
}
