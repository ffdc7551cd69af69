//! Denied calls by root cause, from log to report, and `trailtrim explain` on what a run wrote.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value, json};

use super::common::{corpora, json, root, run_sample, trailtrim};
use super::rebuilt_grants::{export, records};

const NOW: &str = "2026-11-01T00:00:00Z";

/// A table of a run, each row by column.
fn table(out: &Path, name: &str) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(out.join(format!("tables/{name}.csv"))).unwrap();
    reader.deserialize().map(Result::unwrap).collect()
}

/// A run over the ten years up to a day; its counters of denials.
fn run(at: &Path, logs: &Path, grants: Option<&Path>, now: &str) -> Value {
    let mut args: Vec<std::ffi::OsString> = vec!["run".into(), "--quiet".into(), "--logs".into(), logs.into()];
    if let Some(grants) = grants {
        args.extend(["--grants".into(), grants.into()]);
    }
    args.extend(["--state".into(), at.join("state").into(), "--out".into(), at.join("out").into()]);
    args.extend(["--window", "3650d", "--now", now].map(Into::into));
    let output = trailtrim(args);
    assert!(matches!(output.status.code(), Some(0 | 4)), "{}: {}", logs.display(), String::from_utf8_lossy(&output.stderr));
    json(&at.join("out/run.json"))["denied"].clone()
}

/// The counters of `run.json` are those of the tables, and no call is lost or counted twice on the way.
fn assert_sums(out: &Path, denied: &Value) {
    for name in ["denied_clusters", "denied_calls"] {
        let calls: i64 = table(out, name).iter().map(|r| r["calls"].parse::<i64>().unwrap()).sum();
        assert_eq!(calls, denied["calls"], "{name}");
    }
    let clusters = table(out, "denied_clusters");
    assert_eq!(clusters.len(), denied["clusters"]);
    let ids: BTreeSet<&String> = clusters.iter().map(|r| &r["cluster_id"]).collect();
    assert_eq!(ids.len(), clusters.len(), "ids tell clusters apart");
}

/// Refused calls as the records themselves have them: by their codes or by their message, each event once. The codes are AWS's
/// (IAM, EC2 and S3 error references), written here once more.
fn refused(records: &[Value]) -> usize {
    let is_refused = |r: &&Value| {
        let (code, message) = (r["errorCode"].as_str().unwrap_or(""), r["errorMessage"].as_str().unwrap_or(""));
        let bare = code.trim_start_matches("Client.");
        !code.is_empty() && (bare.starts_with("AccessDenied") || matches!(bare, "UnauthorizedOperation" | "VpceAccessDenied" | "AuthorizationError") || message.contains("is not authorized to perform"))
    };
    let has_time = |r: &&Value| r["eventTime"].as_str().is_some_and(|t| t.starts_with("20")) && r["eventName"].is_string();
    records.iter().filter(is_refused).filter(has_time).map(|r| r["eventID"].as_str().map_or_else(|| r.to_string(), str::to_owned)).collect::<BTreeSet<_>>().len()
}

#[test]
fn denials_of_real_logs_are_clustered_without_contradiction() {
    let Some(corpora) = corpora() else { return };
    let mut total = BTreeMap::<&str, i64>::new();
    for set in ["ct-awsdocs-2023", "ct-iamguide", "ct-invictus", "ct-panther", "ct-stratus"] {
        let folder = corpora.join(set);
        let all = records(&folder);
        let logs = if folder.join("events.ndjson").exists() { folder.join("events.ndjson") } else { folder.clone() };
        for with_grants in [false, true] {
            let dir = tempfile::tempdir().unwrap();
            let grants = dir.path().join("gaad.json");
            std::fs::write(&grants, export(&all).to_string()).unwrap();
            let denied = run(dir.path(), &logs, with_grants.then_some(&grants), if set == "ct-awsdocs-2023" { "2024-01-01T00:00:00Z" } else { NOW });
            assert_sums(&dir.path().join("out"), &denied);
            let [calls, named, by_message, by_evaluation, explained] =
                ["calls", "layer_named", "layer_by_message", "layer_by_evaluation", "explained"].map(|k| denied[k].as_i64().unwrap());
            println!(
                "{set}{}: {calls} denied calls in {} clusters, layer named {named} (message {by_message}, evaluation {by_evaluation}), explained {explained}, contradictions {}",
                if with_grants { " with rebuilt grants" } else { "" }, denied["clusters"], denied["contradictions"]
            );
            assert_eq!(denied["contradictions"], 0, "{set}");
            let refused = i64::try_from(refused(&all)).unwrap();
            if set == "ct-panther" {
                // Its records share made-up event and request ids, and so most of them are copies of another call.
                assert!(13 <= calls && calls <= refused, "{set}: {calls} of {refused}");
            } else {
                assert_eq!(calls, refused, "{set}: every refused call stands in a cluster, and nothing else does");
            }
            if with_grants {
                for (key, n) in [("calls", calls), ("named", named), ("explained", explained)] {
                    *total.entry(key).or_default() += n;
                }
            }
        }
    }
    println!("all: {total:?}");
    assert!(total["calls"] >= 90 && total["named"] * 100 >= total["calls"] * MIN_NAMED && total["explained"] * 100 >= total["calls"] * MIN_EXPLAINED, "{total:?}");
}

/// Least shares of the real denials, percent, with the grants that the logs themselves tell of.
const MIN_NAMED: i64 = 78;
const MIN_EXPLAINED: i64 = 77;

const ANN: &str = "arn:aws:iam::111122223333:user/ann";

/// A refused call of ann's; `more` is laid over it.
fn call(id: &str, service: &str, name: &str, more: Value) -> Value {
    let mut record = json!({
        "eventVersion": "1.11", "eventID": id, "eventTime": "2026-10-05T10:00:00Z", "awsRegion": "us-east-1", "recipientAccountId": "111122223333",
        "eventSource": format!("{service}.amazonaws.com"), "eventName": name, "eventType": "AwsApiCall", "eventCategory": "Management",
        "readOnly": true, "requestParameters": null, "errorCode": "AccessDenied", "sourceIPAddress": "192.0.2.1",
        "userIdentity": {"type": "IAMUser", "principalId": "AIDAEXAMPLE", "arn": ANN, "accountId": "111122223333"},
    });
    for (key, value) in more.as_object().unwrap() {
        record[key] = value.clone();
    }
    record
}

fn says(rest: &str) -> String {
    format!("User: {ANN} is not authorized to perform: {rest}")
}

/// An organisation's odd refusals, one of a kind.
fn odd(at: &Path) {
    let role = "arn:aws:iam::444455556666:role/app";
    let shared = json!({"requestParameters": {"roleArn": role, "roleSessionName": "s"}, "sharedEventID": "shared",
        "errorMessage": says(&format!("sts:AssumeRole on resource: {role} because no identity-based policy allows the sts:AssumeRole action"))});
    let mut owners = shared.clone();
    owners["recipientAccountId"] = "444455556666".into();
    owners["userIdentity"] = json!({"type": "AWSAccount", "principalId": "AIDAEXAMPLE", "accountId": "111122223333"});
    let records = [
        // Two copies of one call.
        call("e1", "sts", "AssumeRole", shared),
        call("e2", "sts", "AssumeRole", owners),
        // Refused for an action that the call does not stand for.
        call("e3", "secretsmanager", "GetSecretValue", json!({"requestParameters": {"secretId": "db"},
            "errorMessage": says("kms:Decrypt on this resource with an explicit deny in a service control policy")})),
        // Several actions on several resources, one of which the message names.
        call("e4", "ec2", "RunInstances", json!({"errorCode": "Client.UnauthorizedOperation", "requestParameters": {"iamInstanceProfile": {"name": "p"}},
            "errorMessage": says("iam:PassRole on resource: arn:aws:iam::111122223333:role/p because no identity-based policy allows the iam:PassRole action")})),
        call("e5", "made-up", "MakeUp", json!({})),
        call("e6", "s3", "PutObject", json!({"eventCategory": "Data", "userIdentity": {"type": "AWSService", "invokedBy": "config.amazonaws.com"},
            "requestParameters": {"bucketName": "b", "key": "k"}})),
        call("e7", "sqs", "SendMessage", json!({"eventCategory": "NetworkActivity", "errorCode": "VpceAccessDenied", "vpcEndpointId": "vpce-1",
            "errorMessage": "The request was denied due to a VPC endpoint policy"})),
        call("e8", "dynamodb", "ListTables", json!({"eventTime": "2026-10-06T10:00:00Z", "errorMessage": says("dynamodb:ListTables on resource: * because no identity-based policy allows the dynamodb:ListTables action")})),
        // No denials: an error before any policy, one after it, and a success.
        call("n1", "sqs", "SendMessage", json!({"errorCode": "Throttling"})),
        call("n2", "s3", "GetObject", json!({"errorCode": "NoSuchKey", "requestParameters": {"bucketName": "b", "key": "k"}})),
        call("n3", "iam", "ListUsers", json!({"errorCode": null})),
    ];
    std::fs::create_dir_all(at.join("logs")).unwrap();
    std::fs::write(at.join("logs/one.json"), json!({"Records": records}).to_string()).unwrap();
    let line = |request: &str, status: &str| format!("0123 b [05/Oct/2026:00:00:38 +0000] 192.0.2.3 - {request} REST.GET.OBJECT k \"GET /k HTTP/1.1\" {status} 113 - 7 - \"-\" \"<script>\" - hostid= - - - b.s3.us-east-1.amazonaws.com - - - us-east-1\n");
    std::fs::write(at.join("logs/2026-10-05-01-00-00-0123456789ABCDEF"), line("R1", "403 AccessDenied") + &line("R2", "404 NoSuchKey")).unwrap();
}

#[test]
fn every_refusal_counts_once_under_what_refused_it() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    odd(at);
    let denied = run(at, &at.join("logs"), None, NOW);
    assert_sums(&at.join("out"), &denied);
    let found: Vec<String> = table(&at.join("out"), "denied_calls")
        .iter()
        .map(|r| format!("{} {} {} {}", r["action"], r["resource"], if r["layer"].is_empty() { "-" } else { &r["layer"] }, r["known_by"]))
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let expected = [
        "dynamodb:ListTables * identity message",
        "iam:PassRole arn:aws:iam::111122223333:role/p identity message",
        "kms:Decrypt * scp message",
        "made-up:MakeUp * - not known",
        "s3:GetObject arn:aws:s3:::b/k - not known",
        "s3:PutObject * - not known",
        "sqs:SendMessage arn:aws:sqs:us-east-1:111122223333:* vpc_endpoint network-activity",
        "sts:AssumeRole arn:aws:iam::444455556666:role/app identity message",
    ];
    assert_eq!(found, expected);
    assert_eq!((&denied["calls"], &denied["layer_by_message"], &denied["layer_by_network_activity"], &denied["layer_named"]), (&json!(8), &json!(4), &json!(1), &json!(5)));
    // Two runs over the same logs: the same bytes.
    let before = std::fs::read(at.join("out/tables/denied_clusters.csv")).unwrap();
    run(at, &at.join("logs"), None, NOW);
    assert_eq!(before, std::fs::read(at.join("out/tables/denied_clusters.csv")).unwrap());
    let summary = std::fs::read_to_string(at.join("out/summary.md")).unwrap();
    assert!(summary.contains("Where do the 403s come from") && summary.contains("8 denied calls"), "{summary}");
}

fn explain(at: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let mut all: Vec<std::ffi::OsString> = vec!["explain".into()];
    all.extend(args.iter().map(Into::into));
    all.extend(["--out".into(), at.join("out").into(), "--state".into(), at.join("state").into()]);
    let output = trailtrim(all);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn explain_tells_of_events_actions_and_findings() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    assert!(run_sample(at, &root().join("testdata/organisation/logs"), &[]).status.success());
    let out = at.join("out");

    // A denied event of the sample's SCP.
    let scp = table(&out, "denied_clusters").into_iter().find(|c| c["layer"] == "scp").unwrap();
    let event = scp["sample_event_ids"].split("; ").next().unwrap();
    let (code, text, errors) = explain(at, &[event]);
    assert_eq!(code, Some(0), "{errors}");
    for words in ["AWS said", "an explicit deny in scp: p-keepjobs1 KeepJobs (known by: message)", "guard: ", "no advice to allow it"] {
        assert!(text.contains(words), "no `{words}` in {text}");
    }
    let (_, text, _) = explain(at, &[event, "--json"]);
    let told: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&told["events"][0]["denied"]["cluster_id"], &told["events"][0]["denied"]["verdict"]), (&json!(scp["cluster_id"]), &json!("guard")));
    // An allowed one: what became of what allows it.
    let used = std::fs::read_to_string(out.join("tables/usage.csv")).unwrap();
    let used = used.lines().find(|l| l.contains("role/data-pipeline") && l.contains(",allowed,")).unwrap();
    let event = used.rsplit(',').next().unwrap();
    let (code, text, _) = explain(at, &[event]);
    assert!(code == Some(0) && text.contains("needs"), "{text}");

    // Why dropped, why kept.
    let role = "arn:aws:iam::444455556666:role/data-pipeline";
    let (code, text, _) = explain(at, &[role, "glue:deletejob"]);
    assert!(code == Some(0) && text.contains("drop: ") && text.contains("It was refused:") && text.contains("evidence.json"), "{text}");
    let (_, text, _) = explain(at, &[role, "glue:StartJobRun"]);
    assert!(text.contains("narrow: ") && text.contains("pattern"), "{text}");

    // A finding with what its report means.
    let findings = json(&out.join("findings.json"));
    let finding = findings["findings"].as_array().unwrap().iter().find(|f| f["report"] == "denied" && f["severity"] == "HIGH").unwrap();
    assert_eq!((&finding["status"], &finding["details"]["verdict"]), (&json!("FAIL"), &json!("mistake")));
    let (code, text, _) = explain(at, &[finding["uid"].as_str().unwrap()]);
    assert!(code == Some(0) && text.contains("Denied calls by root cause") && text.contains("limits") && text.contains("change_belongs"), "{text}");

    // Nothing known, and questions without sense.
    for (args, expected) in [(vec!["no-such-event"], 3), (vec!["arn:aws:iam::444455556666:role/nobody", "s3:GetObject"], 3), (vec![role], 2), (vec!["x", "s3:GetObject"], 2)] {
        let (code, out, errors) = explain(at, &args);
        assert!(code == Some(expected) && out.is_empty() && !errors.is_empty(), "{args:?}: {code:?} {errors}");
    }
}

#[test]
fn explain_shows_hostile_texts_as_they_are_not() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    std::fs::create_dir_all(at.join("logs")).unwrap();
    let hostile = call("e-1", "s3", "GetObject", json!({"sourceIPAddress": "a\u{1b}[31mb\u{202e}", "errorMessage": "Access\u{1b}]0;x\u{7} Denied",
        "requestParameters": {"bucketName": "b", "key": "k\u{1b}[2J\u{202e}"}, "eventCategory": "Data"}));
    std::fs::write(at.join("logs/one.json"), json!({"Records": [hostile]}).to_string()).unwrap();
    run(at, &at.join("logs"), None, NOW);
    for more in [&["e-1"][..], &["e-1", "--json"]] {
        let (code, text, errors) = explain(at, more);
        assert_eq!(code, Some(0), "{errors}");
        assert!(text.contains("e-1") && !text.chars().any(|c| c != '\n' && (c.is_control() || c == '\u{202e}')), "{text:?}");
    }
    let (_, text, _) = explain(at, &["e-1"]);
    assert!(text.contains("cannot tell") && text.contains("no exports of grants were given"), "{text}");
}
