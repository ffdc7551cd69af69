"""Writes the files of this folder: one event or a few in every carrier, under names that do not tell what they are.

Everything is made up. `python3 testdata/carriers/generate.py` writes them anew; the same each time. Compressed and Parquet
copies are made by the test (tests/it/carriers.rs), which says what must come out.
"""

import csv
import io
import json
from pathlib import Path

HERE = Path(__file__).parent
ACCOUNT = "111122223333"
OWNER = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"


def app():
    return {
        "type": "AssumedRole",
        "principalId": "AROAEXAMPLEAPP:i-1",
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/app/i-1",
        "accountId": ACCOUNT,
        "accessKeyId": "ASIAEXAMPLE",
        "sessionContext": {
            "sessionIssuer": {"type": "Role", "principalId": "AROAEXAMPLEAPP", "arn": f"arn:aws:iam::{ACCOUNT}:role/team/app", "accountId": ACCOUNT, "userName": "app"},
            "attributes": {"creationDate": "2026-10-01T00:00:00Z", "mfaAuthenticated": "false"},
        },
    }


def ann():
    return {"type": "IAMUser", "principalId": "AIDAEXAMPLEANN", "arn": f"arn:aws:iam::{ACCOUNT}:user/ann", "accountId": ACCOUNT, "userName": "ann"}


def event(number, name, source="s3.amazonaws.com", who=None, request=None, **more):
    base = {
        "eventVersion": "1.11",
        "userIdentity": who or app(),
        "eventTime": f"2026-10-01T00:{number:02}:00Z",
        "eventSource": source,
        "eventName": name,
        "awsRegion": "eu-west-1",
        "sourceIPAddress": "192.0.2.3",
        "userAgent": "aws-cli/2",
        "requestParameters": request,
        "responseElements": None,
        "requestID": f"REQUEST{number:09}",
        "eventID": f"00000000-0000-4000-8000-{number:012}",
        "readOnly": name.startswith(("Get", "List", "Describe")),
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
    }
    return base | more


def user(number, name):
    return event(number, name, "iam.amazonaws.com", ann(), {"userName": "bob"})


def put(name, text):
    (HERE / name).parent.mkdir(parents=True, exist_ok=True)
    (HERE / name).write_text(text, encoding="utf-8", newline="")


def compact(value):
    return json.dumps(value, separators=(",", ":"))


def log_event(message, n):
    return {"id": str(n), "timestamp": 1790812800000, "message": message}


def line(request_id, operation, key, request, status="200", error="-", requester=f"arn:aws:sts::{ACCOUNT}:assumed-role/app/i-1", agent="aws-cli/2"):
    return (
        f'{OWNER} acme-data [01/Oct/2026:00:30:00 +0000] 192.0.2.3 {requester} {request_id} {operation} {key} "{request}" {status} {error} 113 - 7 - "-" "{agent}" - '
        "hostid= SigV4 TLS_AES_128_GCM_SHA256 AuthHeader acme-data.s3.eu-west-1.amazonaws.com TLSv1.3 - - eu-west-1"
    )


def struct(value):
    if value is None:
        return "null"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k.lower()}={struct(v)}" for k, v in value.items()) + "}"
    return str(value)


def main():
    data = {"managementEvent": False, "eventCategory": "Data", "resources": [{"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::acme-data/in/1.json"}]}
    write = event(1, "PutObject", request={"bucketName": "acme-data", "key": "in/1.json"}, **data)
    put("mixed/trail.parquet", compact({"Records": [write, event(2, "GetBucketLocation", request={"bucketName": "acme-data"})]}))
    put("mixed/list.log", compact([user(3, "GetUser"), user(4, "ListUserPolicies")]))
    put("mixed/single", json.dumps(user(5, "CreateUser"), indent=2))
    put("mixed/lines.txt", "\n".join([compact(user(6, "DeleteUser")), compact(user(7, "TagUser"))[:200], compact(user(5, "CreateUser")), ""]))
    lookup = {"Events": [{"EventId": "x", "EventName": "ListGroups", "ReadOnly": "true", "CloudTrailEvent": compact(user(8, "ListGroupsForUser"))}]}
    put("mixed/lookup.csv", json.dumps(lookup, indent=4))
    bridge = {"version": "0", "id": "another", "detail-type": "AWS API Call via CloudTrail", "source": "aws.iam", "account": ACCOUNT, "detail": user(9, "UpdateUser")}
    other = {"version": "0", "id": "more", "detail-type": "EC2 Instance State-change Notification", "source": "aws.ec2", "detail": {"state": "running"}}
    put("mixed/bus", compact(bridge) + "\n" + compact(other) + "\n")
    put("mixed/export/000000", f"2026-10-01T00:10:00.000Z {compact(user(10, 'ListAccessKeys'))}\n2026-10-01T00:11:00.000Z {compact(user(11, 'ListMFADevices'))}\n")
    put("mixed/filtered.json", compact({"events": [log_event(compact(user(12, "ListSSHPublicKeys")), 1), log_event("hello", 2)], "searchedLogStreams": []}))
    control = {"messageType": "CONTROL_MESSAGE", "owner": "CloudwatchLogs", "logEvents": [log_event("CWL CONTROL MESSAGE: Checking health", 1)]}
    payload = {"messageType": "DATA_MESSAGE", "owner": ACCOUNT, "logGroup": "trail", "logEvents": [log_event(compact(user(13, "GetLoginProfile")), 1)]}
    put("mixed/firehose", compact(control) + compact(payload))
    put("mixed/results.json", compact({"QueryStatus": "FINISHED", "QueryResultRows": [[{"eventJson": compact(user(14, "ListSigningCertificates"))}]]}))

    lake = user(15, "ListServiceSpecificCredentials")
    columns = ["eventID", "eventTime", "eventSource", "eventName", "awsRegion", "userIdentity", "requestParameters", "readOnly", "recipientAccountId", "eventType", "eventCategory", "errorCode"]
    text = io.StringIO()
    out = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    out.writerow([c.lower() for c in columns])
    identity = {**{k: None for k in ["type", "principalId", "arn", "accountId", "accessKeyId", "userName", "sessionContext", "invokedBy", "identityProvider"]}, **ann()}
    cells = {**lake, "eventTime": "2026-10-01 00:15:00.000", "userIdentity": struct(identity), "requestParameters": "{userName=bob}", "readOnly": "true", "errorCode": "Pre1.07SchemaNull"}
    out.writerow([cells.get(c) or "" for c in columns])
    put("mixed/result_1.csv", text.getvalue())

    activity = user(16, "AddUserToGroup") | {"eventType": "AwsVpceEvent", "eventCategory": "NetworkActivity", "vpcEndpointId": "vpce-1", "errorCode": "VpceAccessDenied"}
    insight = {
        "eventVersion": "1.08", "eventTime": "2026-10-01T00:17:00Z", "awsRegion": "eu-west-1", "eventID": "00000000-0000-4000-8000-000000000017", "eventType": "AwsCloudTrailInsight",
        "recipientAccountId": ACCOUNT, "sharedEventID": "s", "eventCategory": "Insight",
        "insightDetails": {"state": "Start", "eventSource": "iam.amazonaws.com", "eventName": "CreateAccessKey", "insightType": "ApiCallRateInsight",
                           "insightContext": {"attributions": [{"attribute": "userIdentityArn", "insight": [{"value": ann()["arn"], "average": 9}]}]}},
    }
    aggregated = {
        "eventVersion": "1.0", "accountId": ACCOUNT, "eventId": "00000000-0000-4000-8000-000000000018", "eventCategory": "Aggregated", "eventType": "AwsAggregatedEvent",
        "awsRegion": "eu-west-1", "eventSource": "s3.amazonaws.com", "timeWindow": {"windowStart": "2026-10-01T00:15:00Z", "windowEnd": "2026-10-01T00:20:00Z", "windowSize": "PT5M"},
        "summary": {"primaryDimension": {"dimension": "eventName", "statistics": [{"name": "GetObject", "value": 12}]}, "details": []},
    }
    put("mixed/network.json", compact({"Records": [activity]}))
    put("mixed/insight.json", compact({"Records": [insight]}))
    put("mixed/aggregated.json", compact([aggregated]))

    lines = [
        line("REQUEST000000001", "REST.PUT.OBJECT", "in/1.json", "PUT /in/1.json HTTP/1.1"),
        line("REQUEST000000030", "REST.GET.OBJECT", "out/a%2520b.json", "GET /out/a%20b.json HTTP/1.1", agent='evil" - - "x'),
        line("REQUEST000000031", "REST.GET.OBJECT", "secret", "GET /secret HTTP/1.1", "403", "AccessDenied"),
        line("REQUEST000000032", "REST.GET.BUCKET", "-", "GET /?list-type=2 HTTP/1.1", requester=ann()["arn"]),
        line("REQUEST000000033", "REST.GET.OBJECT", "public", "GET /public HTTP/1.1", requester="-"),
        line("REQUEST000000034", "S3.EXPIRE.OBJECT", "old", "-", "-", requester="AmazonS3"),
        line("REQUEST000000030", "REST.GET.OBJECT", "out/a%2520b.json", "GET /out/a%20b.json HTTP/1.1", agent='evil" - - "x'),
        line("REQUEST000000035", "REST.GET.OBJECT", "cut", "GET /cut HTTP/1.1")[:140],
    ]
    put("mixed/access/2026-10-01-01-00-00-0123456789ABCDEF", "\n".join(lines) + "\n")
    entry = {
        "schema_version_id": "V_1_0", "bucket_name": "acme-data", "request_time": "2026-10-01T00:36:00.000Z", "bucket_owner_id": OWNER, "remote_ip": "192.0.2.3",
        "requester": f"arn:aws:sts::{ACCOUNT}:assumed-role/app/i-1", "request_id": "REQUEST000000036", "operation": "REST.DELETE.OBJECT", "key_name": "in/1.json",
        "request_uri": "DELETE /in/1.json HTTP/1.1", "http_status": 204, "error_code": None, "user_agent": "aws-cli/2", "tls_version": "TLSv1.3",
    }
    put("mixed/access/delivered", f"2026-10-01T00:36:00.000Z {compact(entry)}\n")

    put("mixed/README.md", "# Not a log\n\nIt speaks of eventName and of Records.\n")
    put("mixed/digest", compact({"awsAccountId": ACCOUNT, "digestStartTime": "2026-10-01T00:00:00Z", "logFiles": []}))
    put("mixed/package.json", compact({"name": "x"}))
    put("mixed/cut.json", compact({"Records": [user(19, "GetUser")]})[:-30])

    hostile()


def hostile():
    """Records that are wrong each in its own way; what becomes of each stands in `hostile/expected.txt`."""
    good = compact(user(20, "GetUser"))

    def with_number(n):
        return compact(user(n, "GetUser"))

    def replaced(n, old, new):
        text = with_number(n)
        assert old in text, old
        return text.replace(old, new, 1)

    records = [
        ("kept", good),
        ("duplicate field `eventName`", replaced(21, '"eventName"', '"eventName":"ListUsers","eventName"')),
        ("kept", replaced(22, '"aws-cli/2"', r'"a\ud800b"')),
        ("missing eventName", replaced(23, '"GetUser"', r'"\udc00"')),
        ("kept", replaced(24, '"aws-cli/2"', r'"nul\u0000"')),
        ("control character", replaced(25, '"aws-cli/2"', '"nul\0"')),
        ("bad eventTime", replaced(26, "2026-10-01T00:26:00Z", "1969-12-31T23:59:59Z")),
        ("bad eventTime", replaced(27, "2026-10-01T00:27:00Z", "2200-01-01T00:00:00Z")),
        ("bad eventTime", replaced(28, '"2026-10-01T00:28:00Z"', "9" * 40)),
        ("missing eventTime", replaced(29, '"2026-10-01T00:29:00Z"', "-1e999")),
        ("missing eventTime", replaced(30, '"2026-10-01T00:30:00Z"', "[1]")),
        ("missing eventSource", replaced(31, '"iam.amazonaws.com"', "{}")),
        ("missing eventName", replaced(32, '"GetUser"', "null")),
        ("kept", replaced(33, '"readOnly":true', '"readOnly":"yes"')),
        ("kept", replaced(34, '{"userName":"bob"}', "[" * 10_000 + "]" * 10_000)),
        ("kept", replaced(35, '{"userName":"bob"}', '"text"')),
        ("not a record", "7"),
        ("not a record", "null"),
        ("not a record", '"text"'),
        ("not a record: no JSON object", "[]"),
        ("missing eventName", "{}"),
        ("not a record", '{"eventName": tru}'),
    ]
    put("hostile/records.json", '{"Records":[' + ",\n".join(text for _, text in records) + "]}")
    put("hostile/expected.txt", "".join(f"{verdict}\n" for verdict, _ in records))


main()
