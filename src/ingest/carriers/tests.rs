//! Every carrier by its content, and every kind of damage by its reason.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::*;

const RECORD: &str = r#"{"eventVersion":"1.11","eventID":"e-1","eventName":"GetObject","eventSource":"s3.amazonaws.com","eventTime":"2026-10-01T00:00:00Z"}"#;

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// Carrier, and of each record its text or the reason.
fn told(name: &str, plain: &str) -> Result<(Carrier, Vec<String>), NotTaken> {
    told_bytes(name, plain.as_bytes())
}

fn told_bytes(name: &str, plain: &[u8]) -> Result<(Carrier, Vec<String>), NotTaken> {
    let carried = carried(name, plain)?;
    let texts = carried.records.into_iter().map(|r| r.map_or_else(|(field, reason)| format!("{field}: {reason}"), Cow::into_owned));
    Ok((carried.carrier, texts.collect()))
}

fn no_log(name: &str, plain: &[u8]) -> String {
    match told_bytes(name, plain) {
        Err(NotTaken::NoLog(why)) => why,
        other => panic!("{name}: {other:?}"),
    }
}

fn damaged(name: &str, plain: &[u8]) -> String {
    match told_bytes(name, plain) {
        Err(NotTaken::Damaged(why)) => why,
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn every_wrapping_gives_the_record_as_it_was() {
    let r = RECORD;
    let pretty = serde_json::to_string_pretty(&serde_json::from_str::<Value>(r).unwrap()).unwrap();
    let bridge = format!(r#"{{"version":"0","id":"other","detail-type":"AWS API Call via CloudTrail","source":"aws.s3","detail":{r}}}"#);
    let event = format!(r#"{{"id":"1","timestamp":1,"message":{}}}"#, quoted(r));
    let cases = [
        (format!(r#"{{"Records":[{r},{r}]}}"#), Carrier::Records, 2),
        (format!("\u{feff} {{\"Records\" : [ {r} ]\n}}\n"), Carrier::Records, 1),
        (r#"{"Records":[]}"#.to_owned(), Carrier::Records, 0),
        (format!("[{r},{r},{r}]"), Carrier::Record, 3),
        (format!("[[{r}],[{r}]]"), Carrier::Record, 2),
        (r.to_owned(), Carrier::Record, 1),
        (format!("{r}\n\r\n{r}\r\n"), Carrier::Record, 2),
        (format!(r#"{{"Events":[{{"EventId":"e-1","ReadOnly":"true","CloudTrailEvent":{}}}]}}"#, quoted(r)), Carrier::LookupEvents, 1),
        (bridge.clone(), Carrier::EventBridge, 1),
        (format!("[{bridge},{bridge}]"), Carrier::EventBridge, 2),
        (format!("{bridge}\n{bridge}\n{bridge}"), Carrier::EventBridge, 3),
        (format!("2026-10-01T00:00:01.000Z {r}\n2026-10-01T00:00:02.000Z {r}\n"), Carrier::CloudWatchLogs, 2),
        (format!(r#"{{"events":[{event},{event}],"searchedLogStreams":[]}}"#), Carrier::CloudWatchLogs, 2),
        (format!(r#"{{"messageType":"DATA_MESSAGE","logGroup":"g","logEvents":[{event}]}}{{"messageType":"DATA_MESSAGE","logEvents":[{event}]}}"#), Carrier::CloudWatchLogs, 2),
        (r#"{"messageType":"CONTROL_MESSAGE","logEvents":[{"id":"","timestamp":1,"message":"CWL CONTROL MESSAGE: Checking health"}]}"#.to_owned(), Carrier::CloudWatchLogs, 0),
        (format!(r#"{{"QueryStatus":"FINISHED","QueryResultRows":[[{{"eventJson":{}}}]]}}"#, quoted(r)), Carrier::Lake, 1),
        (format!("eventjson\n\"{}\"\n", r.replace('"', "\"\"")), Carrier::LakeCsv, 1),
        (format!("{{\"Records\":[{r}]}}\n{bridge}\n{r}"), Carrier::Mixed, 3),
    ];
    for (plain, carrier, count) in cases {
        for name in ["x", "AWSLogs/111122223333/CloudTrail/eu-west-1/x.json.gz", "x.parquet"] {
            assert_eq!(told(name, &plain).unwrap(), (carrier, vec![r.to_owned(); count]), "{plain}");
        }
    }
    assert_eq!(told("x", &pretty).unwrap(), (Carrier::Record, vec![pretty.clone()]));
    // CloudTrail's own shape is lent, not copied.
    let file = format!(r#"{{"Records":[{r}]}}"#);
    let lent = carried("x", file.as_bytes()).unwrap();
    assert!(lent.records.iter().all(|r| matches!(r, Ok(Cow::Borrowed(_)))));
}

#[test]
fn what_is_no_log_is_left_alone() {
    for (name, plain) in [
        ("README.md", &b"# Logs\n\nSee `eventName`.\n"[..]),
        ("notes.txt", b"a line\nanother line\n"),
        ("image.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"),
        ("package.json", br#"{"name": "x", "version": "1.0"}"#),
        ("list.json", b"[1,2,3]"),
        ("stacks.json", br#"{"Events":[{"StackId":"s","ResourceStatus":"CREATE_COMPLETE"}]}"#),
        ("app.jsonl", b"{\"level\":\"info\"}\n{\"level\":\"warn\"}\n"),
        ("flow.log.gz", b"2 111122223333 eni-1 10.0.0.1 10.0.0.2 443 49152 6 10 840 1 2 ACCEPT OK\n"),
        ("aws-logs-write-test", b"Permission Check Successful"),
        ("table.csv", b"user,arn\nann,arn:aws:iam::111122223333:user/ann\n"),
        ("empty", b""),
        ("digest.json", br#"{"awsAccountId":"111122223333","digestStartTime":"2026-10-01T00:00:00Z","logFiles":[]}"#),
        ("rows.json", br#"{"QueryStatus":"FINISHED","QueryResultRows":[[{"n":"12"}]]}"#),
    ] {
        let why = no_log(name, plain);
        assert!(!why.is_empty() && !why.contains('\n'), "{name}: {why}");
    }
    assert_eq!(no_log("d.json", br#"{"digestStartTime":"x","logFiles":[]}"#), "digest file");
}

#[test]
fn a_damaged_log_is_rejected_as_a_whole() {
    let file = format!(r#"{{"Records":[{RECORD},{RECORD}]}}"#);
    for cut in [1, 12, 60, file.len() - 1] {
        assert_eq!(damaged("x.json.gz", &file.as_bytes()[..cut]), "not JSON: it breaks off");
    }
    assert!(damaged("x", format!("{file}\0\0").as_bytes()).starts_with("not JSON: NUL bytes behind the document"));
    assert!(damaged("x", format!("{file} and more").as_bytes()).starts_with("not JSON: something else behind the document"));
    assert_eq!(damaged("x.json", b"this is not JSON"), "not JSON: text");
    assert_eq!(damaged("x.json.gz", b""), "empty file");
    assert_eq!(damaged("x", br#"{"Records":{"a":1}}"#), "Records is no list");
    assert_eq!(damaged("x", br#"{"Records":[{"a":1} {"b":2}]}"#), "not JSON: unexpected byte at 20");
    assert!(damaged("x.json", b"\xff\xfe{\0}\0").starts_with("UTF-16"));
    assert_eq!(damaged("x", br#"{"messageType":"DATA_MESSAGE","logEvents":7}"#), "logEvents is no list");
    assert!(damaged("x", b"PAR1 and nothing else PAR1").starts_with("damaged Parquet"));
    assert!(damaged("x", &[&b"PAR1"[..], &[0xff; 64], b"PAR1"].concat()).starts_with("damaged Parquet"));
}

#[test]
fn a_fault_stays_with_its_record() {
    let deep = format!(r#"{{"eventName":"X","a":{}{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
    let file = format!(r#"{{"Records":[{RECORD},{deep},7,"text",null,{RECORD}]}}"#);
    let (_, records) = told("x", &file).unwrap();
    assert_eq!(records, [RECORD, &deep, "7", "\"text\"", "null", RECORD]);

    let bytes = [br#"{"Records":[{"eventName":""#, &b"\xff\xfe"[..], b"\"},", RECORD.as_bytes(), b"]}"].concat();
    let (_, records) = told_bytes("x", &bytes).unwrap();
    assert_eq!(records, [": not UTF-8 at byte 14 of the record", RECORD]);

    let lines = format!("{RECORD}\n{{\"eventName\": \"cut\nnot a record\n{{\"a\":1}}\n{RECORD}");
    let (carrier, records) = told("x", &lines).unwrap();
    assert_eq!(carrier, Carrier::Record);
    assert_eq!(records, [RECORD, ": not JSON: it breaks off", ": neither JSON nor a line of a log that is known", ": JSON, but not a CloudTrail log", RECORD]);

    let events = format!(r#"{{"Events":[{{"EventId":"1"}},{{"CloudTrailEvent":7}},{{"CloudTrailEvent":"\ud800"}},{{"CloudTrailEvent":{}}}]}}"#, quoted(RECORD));
    let (_, records) = told("x", &events).unwrap();
    assert_eq!(records, ["CloudTrailEvent: missing", "CloudTrailEvent: not a text, or a bad one", "CloudTrailEvent: not a text, or a bad one", RECORD]);

    let other = r#"{"version":"0","detail-type":"EC2 Instance State-change Notification","detail":{"state":"running"}}"#;
    let bridge = format!(r#"[{other},{{"detail-type":"AWS API Call via CloudTrail","detail":{RECORD}}}]"#);
    let (carrier, records) = told("x", &bridge).unwrap();
    assert_eq!((carrier, records), (Carrier::EventBridge, vec!["detail-type: an EventBridge event that is no call via CloudTrail".to_owned(), RECORD.to_owned()]));

    let messages = format!(r#"{{"messageType":"DATA_MESSAGE","logEvents":[{{"message":"hello"}},{{"id":"1"}},{{"message":{}}},{{"message":"{{\"eventName\": "}}]}}"#, quoted(RECORD));
    let (_, records) = told("x", &messages).unwrap();
    assert_eq!(records, ["message: not a CloudTrail record", "message: missing, not a text, or a bad one", RECORD, "message: not JSON: it breaks off"]);
}

#[test]
fn lists_in_lists_end_somewhere() {
    assert!(no_log("x", "[".repeat(50_000).replace('[', "[[").as_bytes().iter().chain([b']'; 100_000].iter()).copied().collect::<Vec<u8>>().as_slice()).contains("lists"));
    assert_eq!(damaged("x.json", "[".repeat(100_000).as_bytes()), "not JSON: it breaks off");
    let nested = format!("[[[{RECORD}]]]");
    assert_eq!(told("x", &nested).unwrap().1, [RECORD]);
}

#[test]
fn one_record_may_be_large() {
    let large = format!(r#"{{"eventName":"X","eventSource":"x.amazonaws.com","a":"{}"}}"#, "x".repeat(100_000_000));
    let file = format!(r#"{{"Records":[{RECORD},{large},{RECORD}]}}"#);
    let taken = carried("x", file.as_bytes()).unwrap();
    let sizes: Vec<usize> = taken.records.iter().map(|r| r.as_ref().map_or(0, |t| t.len())).collect();
    assert_eq!(sizes, [RECORD.len(), large.len(), RECORD.len()]);
}

#[test]
fn summaries_keep_their_category_and_name_nobody() {
    let insight = json!({"eventVersion": "1.08", "eventID": "i", "eventTime": "2026-10-01T00:00:00Z", "eventType": "AwsCloudTrailInsight",
        "insightDetails": {"eventName": "RunInstances", "eventSource": "ec2.amazonaws.com", "insightType": "ApiCallRateInsight"}});
    let (carrier, records) = told("x", &json!({"Records": [insight]}).to_string()).unwrap();
    let record: Value = serde_json::from_str(&records[0]).unwrap();
    assert_eq!((carrier, &record["eventName"], &record["eventCategory"]), (Carrier::Insight, &json!("RunInstances"), &json!("Insight")));
    let aggregated = json!([{"eventId": "a", "eventCategory": "Aggregated", "eventType": "AwsAggregatedEvent", "eventSource": "s3.amazonaws.com",
        "accountId": "111122223333", "timeWindow": {"windowStart": "2026-10-01T00:00:00Z"}, "summary": {}}]);
    let (carrier, records) = told("x", &aggregated.to_string()).unwrap();
    assert_eq!((carrier, records.len()), (Carrier::Aggregated, 1));
    assert!(!records[0].contains("userIdentity"));
    // A lookup of Insights, and a file of both.
    let lookup = json!({"Events": [{"CloudTrailEvent": insight.to_string()}]}).to_string();
    let (carrier, records) = told("x", &lookup).unwrap();
    assert_eq!(carrier, Carrier::LookupEvents);
    assert!(records[0].contains(r#""eventCategory":"Insight""#));
    let both = format!(r#"{{"Records":[{RECORD},{insight}]}}"#);
    assert_eq!(told("x", &both).unwrap().0, Carrier::Mixed);
}

#[test]
fn rows_of_lake_without_eventjson() {
    let identity = "{type=IAMUser, principalid=AIDAEXAMPLE, arn=arn:aws:iam::111122223333:user/ann, accountid=111122223333, accesskeyid=null, username=ann, sessioncontext=null, invokedby=Pre1.07SchemaNull, identityprovider=null}";
    let header = "eventtime,eventsource,eventname,useridentity,requestparameters,resources,errorcode,readonly,recipientaccountid,extra";
    let row = format!("2026-10-01 00:00:00.000,s3.amazonaws.com,GetObject,\"{identity}\",\"{{bucketName=b, key=k}}\",\"[{{accountid=null, type=AWS::S3::Object, arn=arn:aws:s3:::b/k}}]\",,true,111122223333,x");
    let spoilt = row.replace("username=ann", "username=x, arn=arn:aws:iam::111122223333:user/bob");
    let (carrier, records) = told("x.csv", &format!("{header}\n{row}\n{spoilt}\nshort,row\n")).unwrap();
    assert_eq!((carrier, records.len()), (Carrier::LakeCsv, 3));
    let record: Value = serde_json::from_str(&records[0]).unwrap();
    assert_eq!(record["userIdentity"], json!({"type": "IAMUser", "principalId": "AIDAEXAMPLE", "arn": "arn:aws:iam::111122223333:user/ann", "accountId": "111122223333", "userName": "ann"}));
    assert_eq!(record["requestParameters"], json!({"bucketName": "b", "key": "k"}));
    assert_eq!(record["resources"][0]["ARN"], "arn:aws:s3:::b/k");
    assert_eq!((record.get("errorCode"), &record["readOnly"]), (None, &json!("true")));
    assert_eq!(records[1], "useridentity: a struct that cannot be read in one way only");
    assert_eq!(records[2], ": a row of 2 cells under 10 columns");
    let json_row = json!({"QueryResultRows": [[{"eventTime": "2026-10-01 00:00:00.000"}, {"eventName": "GetObject"}, {"eventSource": "s3.amazonaws.com"}, {"userIdentity": identity}], 7]});
    let (carrier, records) = told("x", &json_row.to_string()).unwrap();
    assert_eq!(carrier, Carrier::Lake);
    assert!(records[0].contains("AIDAEXAMPLE"));
    assert_eq!(records[1], "QueryResultRows: a row that is no list of columns");
}

#[test]
fn ocsf_as_json_in_both_editions() {
    let new = json!({
        "class_uid": 6003, "time": 1_790_000_000_000_i64, "time_dt": "2026-10-01T00:00:00Z",
        "metadata": {"uid": "e-1", "event_code": "AwsApiCall", "product": {"name": "CloudTrail", "version": "1.11", "feature": {"name": "Data"}}},
        "api": {"operation": "GetObject", "service": {"name": "s3.amazonaws.com"}, "request": {"uid": "r-1", "data": "{\"bucketName\":\"b\",\"key\":\"k\"}"}, "response": {"error": null}},
        "actor": {"user": {"type": "AssumedRole", "uid": "arn:aws:sts::111122223333:assumed-role/app/s", "uid_alt": "AROAEXAMPLE:s", "account": {"uid": "111122223333"}, "credential_uid": "ASIAEXAMPLE"},
                  "session": {"issuer": "arn:aws:iam::111122223333:role/team/app", "is_mfa": false, "created_time_dt": "2026-09-30T23:00:00Z"}},
        "src_endpoint": {"ip": "192.0.2.1", "uid": "vpce-1"}, "cloud": {"region": "eu-west-1"},
        "resources": [{"uid": "arn:aws:s3:::b/k", "type": "AWS::S3::Object"}],
        "unmapped": {"recipientAccountId": "111122223333", "readOnly": "true", "tlsDetails.tlsVersion": "TLSv1.3"},
    });
    let (carrier, records) = told("x", &new.to_string()).unwrap();
    assert_eq!(carrier, Carrier::SecurityLake);
    let record: Value = serde_json::from_str(&records[0]).unwrap();
    assert_eq!((&record["eventID"], &record["eventTime"], &record["eventCategory"]), (&json!("e-1"), &json!("2026-10-01T00:00:00Z"), &json!("Data")));
    assert_eq!(record["userIdentity"]["sessionContext"]["sessionIssuer"], json!({"arn": "arn:aws:iam::111122223333:role/team/app", "principalId": "AROAEXAMPLE"}));
    assert_eq!((&record["requestParameters"]["key"], &record["vpcEndpointId"], &record["tlsDetails"]["tlsVersion"]), (&json!("k"), &json!("vpce-1"), &json!("TLSv1.3")));
    let old = json!({"class_uid": 3001, "time": 1_790_000_000_000_i64, "api": {"operation": "CreateUser", "service": {"name": "iam.amazonaws.com"}},
        "actor": {"user": {"type": "IAMUser", "uid": "AIDAEXAMPLE", "uuid": "arn:aws:iam::111122223333:user/ann", "account_uid": "111122223333"}}});
    let record: Value = serde_json::from_str(&told("x", &old.to_string()).unwrap().1[0]).unwrap();
    assert_eq!((&record["userIdentity"]["principalId"], &record["userIdentity"]["arn"]), (&json!("AIDAEXAMPLE"), &json!("arn:aws:iam::111122223333:user/ann")));
    assert_eq!(record["eventTime"], "1790000000000");
    for (event, reason) in [
        (json!({"class_uid": 4001}), "class_uid: an OCSF class that is not of CloudTrail: 4001"),
        (json!({"class_uid": "6003"}), "class_uid: an OCSF class that is not of CloudTrail: none"),
        (json!({"class_uid": 6003, "metadata": {"product": {"name": "EKS"}}}), "metadata.product.name: not of CloudTrail: EKS"),
    ] {
        assert_eq!(told("x", &event.to_string()).unwrap().1, [reason]);
    }
}
