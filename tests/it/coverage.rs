//! What could have been seen: trails' selectors, regions and changes of trails, from exports and logs to verdicts.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::common::{json, trailtrim};

const ACCOUNT: &str = "111122223333";
const TRAIL: &str = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/all";

/// What a run said: verdict and reason by action, and `run.json`.
struct Said {
    verdicts: BTreeMap<String, (String, String)>,
    run: Value,
    coverage: Vec<String>,
}

impl Said {
    fn verdict(&self, action: &str) -> &str {
        &self.verdicts[action].0
    }

    fn reason(&self, action: &str) -> &str {
        &self.verdicts[action].1
    }
}

fn call(id: &str, at: &str, service: &str, name: &str, read: bool, request: Value) -> Value {
    json!({
        "eventVersion": "1.11", "eventID": id, "eventTime": at, "awsRegion": "eu-west-1", "recipientAccountId": ACCOUNT,
        "eventSource": format!("{service}.amazonaws.com"), "eventName": name, "eventType": "AwsApiCall", "eventCategory": "Management",
        "readOnly": read, "requestParameters": request,
        "userIdentity": {"type": "IAMUser", "principalId": "AIDAOPEREXAMPLE", "arn": format!("arn:aws:iam::{ACCOUNT}:user/operator"), "accountId": ACCOUNT},
    })
}

/// A reading and a writing management event on every day of August, September and October 2026, one region only.
fn every_day() -> Vec<Value> {
    let mut records = Vec::new();
    for (month, days) in [(8, 31), (9, 30), (10, 31)] {
        for day in 1..=days {
            let at = format!("2026-{month:02}-{day:02}T10:00:00Z");
            records.push(call(&format!("r{month}-{day}"), &at, "ec2", "DescribeInstances", true, json!({})));
            records.push(call(&format!("w{month}-{day}"), &at, "sqs", "CreateQueue", false, json!({"queueName": "q"})));
        }
    }
    records
}

fn run(exports: &[(&str, Value)], more: Vec<Value>) -> Said {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    for folder in ["logs", "grants"] {
        std::fs::create_dir_all(at.join(folder)).unwrap();
    }
    let mut records = every_day();
    records.extend(more);
    std::fs::write(at.join("logs/all.json"), json!({"Records": records}).to_string()).unwrap();
    let allow = |sid: &str, actions: Value, resource: Value| json!({"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource});
    let details = json!({"UserDetailList": [{
        "Path": "/", "UserName": "reader", "UserId": "AIDAREADEREXAMPLE", "Arn": format!("arn:aws:iam::{ACCOUNT}:user/reader"),
        "CreateDate": "2025-01-01T00:00:00Z", "GroupList": [], "AttachedManagedPolicies": [], "Tags": [],
        "UserPolicyList": [{"PolicyName": "p", "PolicyDocument": {"Version": "2012-10-17", "Statement": [
            allow("Docs", json!(["s3:GetObject"]), json!("arn:aws:s3:::docs/*")),
            allow("Keys", json!(["kms:ListKeys"]), json!("*")),
            allow("Users", json!(["iam:ListUsers"]), json!("*")),
            allow("Here", json!(["sqs:DeleteQueue"]), json!(format!("arn:aws:sqs:eu-west-1:{ACCOUNT}:q"))),
            allow("There", json!(["dynamodb:DeleteTable"]), json!(format!("arn:aws:dynamodb:us-west-2:{ACCOUNT}:table/t"))),
        ]}}],
    }], "GroupDetailList": [], "RoleDetailList": [], "Policies": []});
    std::fs::write(at.join("grants/gaad.json"), details.to_string()).unwrap();
    for (name, value) in exports {
        std::fs::write(at.join("grants").join(name), value.to_string()).unwrap();
    }
    let output = trailtrim([
        "run".as_ref(), "--quiet".as_ref(), "--logs".as_ref(), at.join("logs").as_os_str(), "--grants".as_ref(), at.join("grants").as_os_str(),
        "--state".as_ref(), at.join("state").as_os_str(), "--out".as_ref(), at.join("out").as_os_str(), "--now".as_ref(), "2026-11-01T00:00:00Z".as_ref(),
    ]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let evidence = json(&at.join(format!("out/policies/{ACCOUNT}/user/reader/evidence.json")));
    let text = |v: &Value| v.as_str().unwrap().to_owned();
    let verdicts = evidence["policies"][0]["evidence"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| (text(&e["action"]), (text(&e["verdict"]), text(&e["reason"]))))
        .collect();
    let coverage = std::fs::read_to_string(at.join("out/tables/coverage.csv")).unwrap().lines().map(str::to_owned).collect();
    Said { verdicts, run: json(&at.join("out/run.json")), coverage }
}

/// The exports of one trail of all regions that is logging since long ago.
fn trail(selector: Value) -> Vec<(&'static str, Value)> {
    vec![
        ("trails.json", json!({"trailList": [{
            "Name": "all", "S3BucketName": "trail-bucket", "IncludeGlobalServiceEvents": true, "IsMultiRegionTrail": true, "HomeRegion": "eu-west-1",
            "TrailARN": TRAIL, "LogFileValidationEnabled": true, "HasCustomEventSelectors": true, "HasInsightSelectors": false, "IsOrganizationTrail": false}]})),
        ("selectors-all.json", json!({"TrailARN": TRAIL, "EventSelectors": [selector]})),
        ("status-all.json", json!({"IsLogging": true, "StartLoggingTime": "2026-01-01T00:00:00+00:00", "LatestDeliveryTime": "2026-10-31T23:00:00+00:00"})),
    ]
}

fn basic(values: Value, excluded: Value) -> Value {
    json!({"ReadWriteType": "All", "IncludeManagementEvents": true, "ExcludeManagementEventSources": excluded,
           "DataResources": [{"Type": "AWS::S3::Object", "Values": values}]})
}

#[test]
fn without_trails_the_events_alone_decide() {
    let said = run(&[], Vec::new());
    assert_eq!(said.verdict("s3:GetObject"), "keep-unobservable");
    assert!(said.reason("s3:GetObject").contains("get-event-selectors"), "{}", said.reason("s3:GetObject"));
    assert_eq!(said.verdict("kms:ListKeys"), "drop", "no region is named: the account's logs count");
    assert_eq!(said.verdict("sqs:DeleteQueue"), "drop");
    for (action, region) in [("iam:ListUsers", "us-east-1"), ("dynamodb:DeleteTable", "us-west-2")] {
        assert_eq!(said.verdict(action), "keep-unobservable", "{action}");
        assert!(said.reason(action).contains(&format!("in {region}: idle or not logged")), "{}", said.reason(action));
    }
    let coverage = &said.run["coverage"][0];
    assert_eq!((&coverage["share"], &coverage["days"]), (&1000.into(), &90.into()));
    assert_eq!(coverage["regions"][0]["region"], "eu-west-1");
    assert_eq!(coverage["regions"].as_array().unwrap().len(), 1);
    assert_eq!(said.coverage[0], "account,region,date,class,state");
    assert!(said.coverage.contains(&format!("{ACCOUNT},eu-west-1,2026-09-01,management-read,complete")), "{:?}", &said.coverage[..3]);
}

#[test]
fn a_trail_that_takes_all_objects_makes_their_use_visible() {
    let said = run(&trail(basic(json!(["arn:aws:s3"]), json!([]))), Vec::new());
    for action in ["s3:GetObject", "kms:ListKeys", "iam:ListUsers", "sqs:DeleteQueue", "dynamodb:DeleteTable"] {
        assert_eq!(said.verdict(action), "drop", "{action}: {}", said.reason(action));
    }
    assert_eq!(said.run["rejections"], json!([]));
    let coverage = &said.run["coverage"][0];
    assert_eq!(coverage["trails"], json!([{"arn": TRAIL, "counts": true, "why": ""}]));
    let others = coverage["regions"].as_array().unwrap().iter().find(|r| r["region"] == "*").unwrap();
    assert_eq!(others["classes"][0], json!({"class": "data:s3", "share": 1000, "partial": 0, "missing": []}));
    assert!(said.coverage.contains(&format!("{ACCOUNT},*,2026-09-01,data:s3,complete")));
}

#[test]
fn what_the_selectors_leave_out_is_kept() {
    let said = run(&trail(basic(json!(["arn:aws:s3:::pictures/"]), json!(["kms.amazonaws.com"]))), Vec::new());
    assert_eq!(said.verdict("s3:GetObject"), "keep-unobservable", "only another bucket is logged");
    assert_eq!(said.verdict("kms:ListKeys"), "keep-unobservable");
    assert!(said.reason("kms:ListKeys").contains("trail `all` leaves out the management events of kms"), "{}", said.reason("kms:ListKeys"));
    assert_eq!(said.verdict("iam:ListUsers"), "drop");
    let here = run(&trail(basic(json!(["arn:aws:s3:::docs/"]), json!([]))), Vec::new());
    assert_eq!(here.verdict("s3:GetObject"), "drop", "all of the granted bucket is logged: {}", here.reason("s3:GetObject"));
}

#[test]
fn a_trail_counts_only_for_the_time_it_was_as_it_is() {
    let all = || basic(json!(["arn:aws:s3"]), json!([]));
    let change = call("change", "2026-10-01T12:00:00Z", "cloudtrail", "PutEventSelectors", false, json!({"trailName": TRAIL}));
    let said = run(&trail(all()), vec![change]);
    assert_eq!(said.verdict("s3:GetObject"), "keep-unobservable");
    assert!(said.reason("s3:GetObject").contains("as it is now covers 30 of 90 days"), "{}", said.reason("s3:GetObject"));
    assert_eq!(said.verdict("sqs:DeleteQueue"), "drop", "the events themselves still show management events");
    let said = run(&trail(all())[..2], Vec::new());
    assert!(said.reason("s3:GetObject").contains("get-trail-status of trail `all`"), "{}", said.reason("s3:GetObject"));
}

#[test]
fn files_of_another_trail_prove_nothing() {
    let mut exports = trail(basic(json!(["arn:aws:s3"]), json!([])));
    exports[1].1["EventSelectors"][0]["IncludeManagementEvents"] = false.into();
    let said = run(&exports, Vec::new());
    assert_eq!(said.verdict("s3:GetObject"), "keep-unobservable");
    assert!(said.reason("s3:GetObject").contains("that its files are here"), "{}", said.reason("s3:GetObject"));
    assert_eq!(said.verdict("sqs:DeleteQueue"), "drop", "another trail must have logged the management events");
    let object = |id: &str, at: &str| {
        let mut record = call(id, at, "s3", "PutObject", false, json!({"bucketName": "other", "key": "k"}));
        record["eventCategory"] = "Data".into();
        record["resources"] = json!([{"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::other/k"}]);
        record
    };
    let said = run(&exports, vec![object("o1", "2026-08-05T10:00:00Z"), object("o2", "2026-10-30T10:00:00Z")]);
    assert_eq!(said.verdict("s3:GetObject"), "drop", "{}", said.reason("s3:GetObject"));
}

#[test]
fn wrong_fields_are_named_and_the_run_goes_on() {
    let mut exports = trail(basic(json!(["arn:aws:s3"]), json!([])));
    exports[1].1["EventSelectors"][0]["ReadWriteType"] = "Both".into();
    let said = run(&exports, Vec::new());
    assert_eq!(said.verdict("s3:GetObject"), "keep-unobservable");
    let named = said.run["rejections"][0].as_str().unwrap();
    assert!(named.starts_with("selectors-all.json /EventSelectors/0/ReadWriteType: `Both` is not"), "{named}");
}
