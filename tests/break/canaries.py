"""Secrets in every field of every carrier and of the exports: none of them is in the store or in any output.

What a secret is in these tests: session tokens, secret keys, passwords, ExternalIds, encoded and decoded authorization messages, user data,
environment variables. Each value is another one, so that whatever is found tells where it came from.
"""

import csv
import gzip
import io
import itertools
import json
import tempfile
import unittest
import urllib.parse
import zipfile
from pathlib import Path

import duckdb

from common import SAMPLE, trailtrim

ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/vendor-audit"
MARK = "CANARY"


class Canaries:
    """Hands out values that are found again."""

    def __init__(self):
        self.count, self.where = itertools.count(1), {}

    def of(self, where):
        value = f"{MARK}{next(self.count):06d}x"
        self.where[value] = where
        return value


def seeded(value, canaries, where):
    """A JSON value with secrets put into every object of it, policies apart."""
    if isinstance(value, list):
        return [seeded(v, canaries, where) for v in value]
    if not isinstance(value, dict) or "Statement" in value or "Effect" in value:
        return value
    told = {k: seeded(v, canaries, f"{where}.{k}") for k, v in value.items()}
    secret = lambda name: canaries.of(f"{where}.{name}")
    for name in ("sessionToken", "SessionToken", "secretAccessKey", "SecretAccessKey", "password", "Password", "masterUserPassword", "secretString", "userData", "UserData", "externalId", "ExternalId",
                 "encodedAuthorizationMessage", "decodedMessage", "webIdentityToken", "x-amz-security-token"):
        told.setdefault(name, secret(name))
    told.setdefault("environment", {"variables": {"DB_PASSWORD": secret("environment")}})
    told.setdefault("Environment", {"Variables": {"DB_PASSWORD": secret("Environment")}})
    return told


def trust(secret, principal="arn:aws:iam::555555555555:root"):
    statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole", "Condition": {"StringEquals": {"sts:ExternalId": secret}}}
    return {"Version": "2012-10-17", "Statement": [statement]}


def calls(canaries):
    """Calls whose parameters or answers have secrets by their nature."""
    s = canaries.of
    credentials = lambda at: {"credentials": {"accessKeyId": "ASIAEXAMPLE0000000BB", "secretAccessKey": s(f"{at}.secretAccessKey"), "sessionToken": s(f"{at}.sessionToken"), "expiration": "x"}}
    outside = {"type": "AWSAccount", "principalId": "AIDAVENDOR", "accountId": "555555555555"}
    encoded = lambda d: urllib.parse.quote(json.dumps(d), safe="")
    return [
        ("sts", "AssumeRole", {"roleArn": ROLE, "roleSessionName": "s", "externalId": s("AssumeRole.externalId"), "tokenCode": s("tokenCode"), "policy": json.dumps(trust(s("session policy")))}, credentials("AssumeRole"), {"userIdentity": outside}),
        ("sts", "AssumeRoleWithSAML", {"roleArn": ROLE, "sAMLAssertion": s("sAMLAssertion")}, credentials("SAML"), {}),
        ("sts", "AssumeRoleWithWebIdentity", {"roleArn": ROLE, "webIdentityToken": s("webIdentityToken")}, credentials("OIDC"), {}),
        ("sts", "GetSessionToken", {"tokenCode": s("GetSessionToken.tokenCode")}, credentials("GetSessionToken"), {}),
        ("sts", "GetFederationToken", {"name": "f", "policy": trust(s("federation policy"))}, credentials("GetFederationToken"), {}),
        ("sts", "DecodeAuthorizationMessage", {"encodedMessage": s("encodedMessage")}, {"decodedMessage": s("decodedMessage")}, {}),
        ("iam", "CreateAccessKey", {"userName": "ann"}, {"accessKey": {"accessKeyId": "AKIAEXAMPLE0000000CC", "secretAccessKey": s("CreateAccessKey"), "status": "Active", "userName": "ann"}}, {}),
        ("iam", "CreateLoginProfile", {"userName": "ann", "password": s("CreateLoginProfile")}, None, {}),
        ("iam", "ChangePassword", {"oldPassword": s("oldPassword"), "newPassword": s("newPassword")}, None, {}),
        ("iam", "CreateServiceSpecificCredential", {"userName": "ann"}, {"serviceSpecificCredential": {"servicePassword": s("servicePassword")}}, {}),
        ("iam", "UploadServerCertificate", {"privateKey": s("privateKey")}, None, {}),
        ("iam", "CreateVirtualMFADevice", {"virtualMFADeviceName": "d"}, {"virtualMFADevice": {"base32StringSeed": s("seed"), "qRCodePNG": s("qr")}}, {}),
        ("iam", "CreateRole", {"roleName": "fresh", "assumeRolePolicyDocument": json.dumps(trust(s("CreateRole")))}, {"role": {"roleName": "fresh", "roleId": "AROAFRESH", "assumeRolePolicyDocument": encoded(trust(s("CreateRole answer")))}}, {}),
        ("iam", "UpdateAssumeRolePolicy", {"roleName": "vendor-audit", "policyDocument": encoded(trust(s("UpdateAssumeRolePolicy")))}, None, {}),
        ("iam", "PutRolePolicy", {"roleName": "app", "policyName": "p", "policyDocument": json.dumps(trust(s("PutRolePolicy"))).replace("sts:ExternalId", "sts:External\\u0049d")}, None, {}),
        ("iam", "CreatePolicy", {"policyName": "p", "policyDocument": trust([s("CreatePolicy"), s("CreatePolicy 2")])}, {"policy": {"arn": f"arn:aws:iam::{ACCOUNT}:policy/p", "policyId": "ANPA1"}}, {}),
        ("ec2", "RunInstances", {"userData": s("RunInstances.userData")}, None, {}),
        ("ec2", "StopInstances", {"instancesSet": {"items": [{"instanceId": "i-1"}]}}, None, {"errorCode": "Client.UnauthorizedOperation", "errorMessage": "You are not authorized to perform this operation. User: x is not authorized to perform: ec2:StopInstances on resource: y because no identity-based policy allows the ec2:StopInstances action. Encoded authorization failure message: " + s("encoded message")}),
        ("ec2", "GetPasswordData", {"instanceId": "i-1"}, {"passwordData": s("passwordData")}, {}),
        ("lambda", "CreateFunction20150331", {"functionName": "f", "environment": {"variables": {"TOKEN": s("lambda environment")}}}, {"environment": {"variables": {"TOKEN": s("lambda answer")}}}, {}),
        ("rds", "CreateDBInstance", {"dBInstanceIdentifier": "db", "masterUserPassword": s("masterUserPassword")}, None, {}),
        ("secretsmanager", "PutSecretValue", {"secretId": "db", "secretString": s("secretString"), "secretBinary": s("secretBinary")}, None, {}),
        ("secretsmanager", "GetSecretValue", {"secretId": "db"}, {"secretString": s("GetSecretValue")}, {}),
        ("ssm", "PutParameter", {"name": "/x", "value": s("PutParameter")}, None, {}),
        ("ssm", "SendCommand", {"documentName": "AWS-RunShellScript", "parameters": {"commands": [s("SendCommand")]}}, None, {}),
        ("kms", "Decrypt", {"keyId": "x", "ciphertextBlob": s("ciphertextBlob")}, {"plaintext": s("plaintext")}, {}),
        ("ecs", "RegisterTaskDefinition", {"family": "f", "containerDefinitions": [{"environment": [{"name": "X", "value": s("ecs environment")}]}]}, None, {}),
        ("cognito-idp", "InitiateAuth", {"authParameters": {"PASSWORD": s("cognito password")}}, {"authenticationResult": {"accessToken": s("cognito token")}}, {}),
        ("signin", "ConsoleLogin", {"password": s("ConsoleLogin")}, {"ConsoleLogin": "Success", "token": s("signin token")}, {"additionalEventData": {"LoginTo": "https://x.invalid/?SigninToken=" + s("SigninToken"), "MFAUsed": "No"}}),
    ]


class Records:
    """Fresh records, each with its own secrets, so that every carrier has all of them."""

    def __init__(self, canaries):
        self.canaries, self.number = canaries, itertools.count(1)
        with gzip.open(min((SAMPLE / "logs").rglob("*2026/10/05/*.json.gz"))) as file:
            self.sample = json.load(file)["Records"][:20]

    def record(self, carrier, base, **more):
        n = next(self.number)
        record = {**base, "eventID": f"00000000-0000-4000-9000-{n:012d}", "requestID": f"R{n}", "recipientAccountId": ACCOUNT, **more}
        for name in ("requestParameters", "responseElements", "additionalEventData", "tlsDetails", "serviceEventDetails"):
            if name in more or not isinstance(record.get(name), dict):
                continue
        return seeded(record, self.canaries, f"{carrier} {record['eventName']}")

    def all(self, carrier):
        user = {"type": "IAMUser", "principalId": "AIDAANN", "arn": f"arn:aws:iam::{ACCOUNT}:user/ann", "accountId": ACCOUNT, "accessKeyId": "AKIAEXAMPLE0000000CC", "userName": "ann"}
        made = [self.record(carrier, r) for r in self.sample]
        for service, name, request, answer, more in calls(self.canaries):
            base = {"eventVersion": "1.09", "eventTime": "2026-10-20T10:00:00Z", "eventSource": f"{service}.amazonaws.com", "eventName": name, "awsRegion": "eu-west-1", "sourceIPAddress": "198.51.100.7",
                    "userAgent": "aws-cli", "eventType": "AwsApiCall", "managementEvent": True, "readOnly": False, "userIdentity": user, "additionalEventData": {}, "tlsDetails": {"tlsVersion": "TLSv1.3"}}
            made.append(self.record(carrier, base, requestParameters=request, responseElements=answer, **more))
        return made


def ocsf(record, canaries):
    """A call as Security Lake has it."""
    s = lambda name: canaries.of(f"ocsf {name}")
    return {"metadata": {"uid": record["eventID"], "event_code": "AwsApiCall", "product": {"name": "CloudTrail", "feature": {"name": "Management"}}}, "time": 1_792_490_400_000, "class_uid": 6003,
            "api": {"operation": record["eventName"], "service": {"name": record["eventSource"]}, "request": {"uid": record["requestID"], "data": json.dumps(record.get("requestParameters"))},
                    "response": {"error": record.get("errorCode") or "", "message": record.get("errorMessage") or "", "data": json.dumps(record.get("responseElements"))}},
            "actor": {"user": {"type": "IAMUser", "uid": f"arn:aws:iam::{ACCOUNT}:user/ann", "uid_alt": "AIDAANN", "name": "ann", "account": {"uid": ACCOUNT}, "credential_uid": "AKIAEXAMPLE0000000CC", "session_token": s("session_token")},
                      "session": {"issuer": "", "is_mfa": False, "credential_secret": s("credential_secret")}},
            "cloud": {"region": "eu-west-1", "provider": "AWS"}, "src_endpoint": {"ip": "198.51.100.7"}, "http_request": {"user_agent": "aws-cli"},
            "unmapped": {"recipientAccountId": ACCOUNT, "readOnly": "false", "managementEvent": "true", "responseElements.credentials.sessionToken": s("unmapped"), "requestParameters.password": s("unmapped password"),
                         "requestParameters.externalId": s("unmapped externalId"), "additionalEventData": s("additional")}}


def write_logs(folder, canaries):
    """Every carrier in a file of its own."""
    records = Records(canaries)
    def put(name, text):
        (folder / name).write_text(text)
    put("records", json.dumps({"Records": records.all("Records")}))
    put("lines", "".join(json.dumps(r) + "\n" for r in records.all("JSON lines")))
    put("lookup", json.dumps({"Events": [{"EventId": r["eventID"], "EventName": r["eventName"], "SecretAccessKey": canaries.of("lookup"), "CloudTrailEvent": json.dumps(r)} for r in records.all("lookup-events")]}))
    put("bus", "".join(json.dumps({"version": "0", "id": r["eventID"], "detail-type": "AWS API Call via CloudTrail", "source": "aws.x", "account": ACCOUNT, "region": "eu-west-1", "time": r["eventTime"],
                                   "sessionToken": canaries.of("EventBridge"), "detail": r}) + "\n" for r in records.all("EventBridge")))
    put("watch", json.dumps({"messageType": "DATA_MESSAGE", "owner": ACCOUNT, "logGroup": "g", "logStream": "s", "subscriptionFilters": ["f"],
                             "logEvents": [{"id": str(n), "timestamp": 1, "message": json.dumps(r)} for n, r in enumerate(records.all("CloudWatch Logs"))]}))
    put("exported", "".join(f"2026-10-20T10:00:00.000Z {json.dumps(r)}\n" for r in records.all("CloudWatch export")))
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(["eventjson", "secretAccessKey"])
    table.writerows([json.dumps(r), canaries.of("Lake column")] for r in records.all("Lake CSV"))
    put("lake.csv", out.getvalue())
    out = io.StringIO()
    table = csv.writer(out)
    # Lake's struct of a caller has fixed fields; a name that it does not have would be read as a part of the value before it.
    known = lambda who: {k.lower(): v for k, v in who.items() if k in ("type", "principalId", "arn", "accountId", "accessKeyId", "userName")}
    table.writerow(["eventid", "eventtime", "eventname", "eventsource", "awsregion", "recipientaccountid", "useridentity", "requestparameters", "responseelements", "errorcode"])
    for r in records.all("Lake structs"):
        text = lambda v: "{" + ", ".join(f"{k}={x}" for k, x in (v or {}).items() if isinstance(x, str)) + "}"
        table.writerow([r["eventID"], r["eventTime"].replace("T", " ").replace("Z", ".000"), r["eventName"], r["eventSource"], "eu-west-1", ACCOUNT, text(known(r["userIdentity"])), text(r.get("requestParameters")), text(r.get("responseElements")), ""])
    put("structs.csv", out.getvalue())
    made = [ocsf(r, canaries) for r in records.all("OCSF")]
    put("ocsf", "".join(json.dumps(o) + "\n" for o in made))
    lake = [ocsf(r, canaries) for r in records.all("OCSF Parquet")]
    (folder.parent / "ocsf.ndjson").write_text("".join(json.dumps(o) + "\n" for o in lake))
    duckdb.sql(f"COPY (SELECT * FROM read_json('{folder.parent}/ocsf.ndjson', format='newline_delimited', map_inference_threshold=-1)) TO '{folder}/trail.parquet' (FORMAT parquet)")
    line = ('79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be acme-data [20/Oct/2026:10:00:00 +0000] 198.51.100.7 arn:aws:iam::111122223333:user/ann {request} REST.GET.OBJECT in/1.json '
            '"GET /in/1.json?X-Amz-Credential=AKIA&X-Amz-Security-Token={token}&X-Amz-Signature={signature} HTTP/1.1" 200 - 10 10 5 4 "https://x.invalid/?token={referer}" "agent" - hostid SigV4 TLS_AES QueryString acme-data.s3.eu-west-1.amazonaws.com TLSv1.3 - -\n')
    put("access", "".join(line.format(request=f"ACC{n:013d}", token=canaries.of("access log token"), signature=canaries.of("access log signature"), referer=canaries.of("access log referer")) for n in range(3)))


def write_grants(folder, canaries):
    """The sample's exports with secrets in every object, and trust policies with ExternalIds; these are given back."""
    kept = set()
    for path in sorted((SAMPLE / "grants").rglob("*")):
        to = folder / path.relative_to(SAMPLE / "grants")
        if path.is_dir():
            continue
        to.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix != ".json":
            to.write_bytes(path.read_bytes())
            continue
        value = json.loads(path.read_text())
        def put(node):
            if isinstance(node, list):
                for item in node:
                    put(item)
            elif isinstance(node, dict):
                document = node.get("AssumeRolePolicyDocument")
                if isinstance(document, dict):
                    secret = canaries.of(f"trust of {node.get('RoleName')}")
                    kept.add(secret)
                    for statement in document["Statement"]:
                        statement.setdefault("Condition", {}).setdefault("StringEquals", {})["sts:ExternalId"] = secret
                for item in node.values():
                    put(item)
        put(value)
        to.write_text(json.dumps(seeded(value, canaries, f"grants {path.name}")))
    item = {"configurationItems": [{"resourceType": "AWS::Lambda::Function", "awsAccountId": ACCOUNT, "awsRegion": "eu-west-1", "ARN": f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:f", "resourceId": "f",
                                    "configurationItemCaptureTime": "2026-10-31T00:00:00Z", "configuration": {"functionName": "f", "environment": {"variables": {"TOKEN": canaries.of("Config")}}}, "supplementaryConfiguration": {}}]}
    (folder / "config.json").write_text(json.dumps(item))
    return kept


def texts(path):
    """What a file holds, as texts that can be searched."""
    if path.suffix == ".parquet":
        rows = duckdb.sql(f"SELECT * FROM read_parquet('{path}', hive_partitioning=false)").fetchall()
        return "\n".join(str(row) for row in rows)
    if path.suffix == ".xlsx":
        with zipfile.ZipFile(path) as book:
            return "\n".join(book.read(name).decode("utf-8", "replace") for name in book.namelist())
    return path.read_bytes().decode("utf-8", "replace")


class Secrets(unittest.TestCase):
    maxDiff = None

    def test_no_secret_is_kept_or_shown(self):
        with tempfile.TemporaryDirectory() as name:
            base, canaries = Path(name), Canaries()
            (base / "logs").mkdir()
            write_logs(base / "logs", canaries)
            in_trusts = write_grants(base / "grants", canaries)
            arguments = ["run", "--logs", base / "logs", "--grants", base / "grants", "--config", SAMPLE / "trailtrim.toml", "--now", "2026-11-01T00:00:00Z", "--state", base / "state", "--out", base / "out",
                         "--metrics-file", base / "m.prom"]
            code, text, errors = trailtrim(*arguments)
            self.assertIn(code, (0, 4), errors)
            ledger = json.loads((base / "out/run.json").read_text())["ledger"]
            kept = {f["path"]: f["kept"] for f in json.loads((base / "out/manifest.json").read_text())["inputs"]["logs"]}
            self.assertEqual(sorted(kept), ["access", "bus", "exported", "lake.csv", "lines", "lookup", "ocsf", "records", "structs.csv", "trail.parquet", "watch"])
            for carrier, n in kept.items():
                self.assertGreaterEqual(n, 3, f"{carrier}: {ledger}")
            said = [text, errors]
            for asked in (["doctor", base / "grants"], ["doctor", "--json", base / "grants"], ["policy", ROLE, "--out", base / "out", "--format", "diff"], ["explain", ROLE, "sts:AssumeRole", "--out", base / "out", "--state", base / "state"],
                          ["verify", base / "out"]):
                said += trailtrim(*asked)[1:]
            # An ExternalId is part of the policy that is applied; whoever reads or passes on anything else does not get it.
            documents = lambda p: p.parts[-5:-4] == ("policies",) and (p.name.startswith(("current", "proposed")) or p.name == "template.yaml")
            found, files, applied = {}, 0, set()
            for path in (p for p in base.rglob("*") if p.is_file() and (base / "state" in p.parents or base / "out" in p.parents or p.name == "m.prom")):
                files += 1
                content = texts(path)
                hits = {content[at:at + len(MARK) + 7] for at in _places(content)}
                if documents(path.relative_to(base)):
                    applied |= hits & in_trusts
                    hits -= in_trusts
                if hits:
                    found[str(path.relative_to(base))] = [canaries.where.get(h, h) for h in sorted(hits)][:5]
            self.assertEqual(found, {})
            self.assertEqual([canaries.where.get(s[at:at + len(MARK) + 7]) for s in said for at in _places(s)], [])
            self.assertGreater(files, 100)
            self.assertGreater(len(applied), 3, "the documents that are applied have the ExternalIds")
            print(f"secrets: {len(canaries.where)} seeded in {len(kept)} carriers and the exports, 0 found in {files} files but {len(applied)} ExternalIds in the documents that are applied")


def _places(text):
    at = text.find(MARK)
    while at >= 0:
        yield at
        at = text.find(MARK, at + 1)
