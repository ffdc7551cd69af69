"""Takes logs in from a bucket of a local server (moto) and compares with the same files on disk.

Between the program and the server stands a proxy that notes every request and can answer some itself.
"""

import base64
import collections
import contextlib
import gzip
import hashlib
import http.client
import http.server
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.parse
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1])]

import boto3  # noqa: E402
from cryptography.hazmat.primitives import hashes, serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import padding, rsa  # noqa: E402

from local_server import free_port, listens, until  # noqa: E402

BINARY = sys.argv.pop(1) if len(sys.argv) > 1 else ""
SAMPLE = Path(__file__).parents[2] / "testdata/organisation/logs"
REGION = "eu-west-1"
CLEAN = {k: v for k, v in os.environ.items() if not k.startswith("AWS_") and k.lower() not in ("http_proxy", "https_proxy", "all_proxy")}


class Proxy(http.server.BaseHTTPRequestHandler):
    """Hands requests on; `answers` has status codes to give instead, by key, each once, or always if it is one number."""

    protocol_version = "HTTP/1.1"
    backend = 0
    seen = []
    answers = {}

    def handle_any(self):
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        key = urllib.parse.unquote(url.path).lstrip("/").partition("/")[2]
        kind = "list" if query.get("list-type") else self.command
        Proxy.seen.append((kind, query.get("prefix", "") if kind == "list" else key, query))
        own = Proxy.answers.get((kind, key))
        if isinstance(own, list):
            own = own.pop(0) if own else None
        if own:
            body = f"<Error><Code>Made up</Code><Message>{os.urandom(4).hex()}</Message></Error>".encode()
            return self.answer(own, {"Content-Type": "application/xml"}, body)
        connection = http.client.HTTPConnection("127.0.0.1", Proxy.backend, timeout=30)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        connection.request(self.command, self.path, body, dict(self.headers))
        response = connection.getresponse()
        headers = {k: v for k, v in response.getheaders() if k.lower() not in ("connection", "transfer-encoding", "date", "server")}
        content = response.read()
        if self.command != "HEAD":
            headers = {k: v for k, v in headers.items() if k.lower() != "content-length"}
        self.answer(response.status, headers, content)
        connection.close()

    def answer(self, status, headers, body):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if not any(name.lower() == "content-length" for name in headers):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = do_PUT = handle_any

    def log_message(self, *_):
        pass


def tree(folder, start=""):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(Path(folder, start).rglob("*")) if p.is_file()}


def entries(state):
    """Ledger entries by name, without what only S3 has."""
    found = {}
    for path in (Path(state) / "ledger").glob("batch-*.json"):
        for entry in json.loads(path.read_text())["files"]:
            entry.pop("etag", None)
            found[entry["path"]] = entry
    return found


class Buckets(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = contextlib.ExitStack()
        Proxy.backend, cls.port = free_port(), free_port()
        command = [str(Path(sys.executable).parent / "moto_server"), "-H", "127.0.0.1", "-p", str(Proxy.backend)]
        cls.server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**CLEAN, "AWS_EC2_METADATA_DISABLED": "true"})
        cls.stack.callback(cls.server.wait)
        cls.stack.callback(cls.server.terminate)
        until(lambda: listens(Proxy.backend), "moto")
        cls.proxy = http.server.ThreadingHTTPServer(("127.0.0.1", cls.port), Proxy)
        threading.Thread(target=cls.proxy.serve_forever, daemon=True).start()
        cls.stack.callback(cls.proxy.shutdown)
        cls.s3 = boto3.client("s3", endpoint_url=f"http://127.0.0.1:{Proxy.backend}", region_name=REGION, aws_access_key_id="testing", aws_secret_access_key="testing")
        cls.count = 0

    @classmethod
    def tearDownClass(cls):
        cls.stack.close()

    def setUp(self):
        type(self).count += 1
        self.bucket = f"logs-{self.count}"
        self.s3.create_bucket(Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        Proxy.answers = {}
        Proxy.seen = []

    def fill(self, prefix="", source=SAMPLE):
        keys = []
        for name, content in tree(source).items():
            self.s3.put_object(Bucket=self.bucket, Key=prefix + name, Body=content)
            keys.append(prefix + name)
        return keys

    def run_it(self, *arguments, stdin=None, **environment):
        Proxy.seen = []
        env = {**CLEAN, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}", "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_REGION": REGION, "AWS_EC2_METADATA_DISABLED": "true", **environment}
        return subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, input=stdin, env=env, timeout=120)

    def ingest(self, state, *logs, **more):
        return self.run_it("ingest", "--quiet", "--state", self.folder / state, "--logs", *logs, **more)

    def got(self):
        return [key for kind, key, _ in Proxy.seen if kind == "GET"]

    def assert_same_store(self, one, other):
        for table in ("events", "event_actions", "grant_changes"):
            left, right = tree(self.folder / one, table), tree(self.folder / other, table)
            self.assertEqual({k.split("/", 1)[1]: v for k, v in left.items()}, {k.split("/", 1)[1]: v for k, v in right.items()}, table)
        self.assertEqual(entries(self.folder / one), entries(self.folder / other))
        self.assertTrue(tree(self.folder / one, "events"))

    def test_a_bucket_gives_the_store_that_the_same_files_give(self):
        keys = self.fill()
        local = self.ingest("local", SAMPLE)
        bucket = self.ingest("bucket", f"s3://{self.bucket}")
        self.assertEqual((bucket.returncode, bucket.stdout), (local.returncode, local.stdout), bucket.stderr)
        self.assert_same_store("local", "bucket")
        self.assertEqual(sorted(self.got()), sorted(k for k in keys if "Digest" not in k))
        state = lambda: {k: v for k, v in tree(self.folder / "bucket").items() if k != "lock"}  # noqa: E731
        before = state()
        again = self.ingest("bucket", f"s3://{self.bucket}/AWSLogs/")
        self.assertEqual(self.got(), [], "nothing is fetched twice")
        self.assertIn(f"({len(keys)} files were known", again.stdout)
        self.assertTrue(before == state(), "the state is as it was")

    def test_a_bucket_and_its_copy_on_disk_meet(self):
        keys = self.fill("mine/")
        self.ingest("state", SAMPLE)
        from_bucket = self.ingest("state", f"s3://{self.bucket}/mine")
        self.assertIn(f"read 0 records of 0 files = kept 0 + duplicate 0 + rejected 0 ({len(keys)} files were known", from_bucket.stdout)

    def test_lists_name_objects_and_folders(self):
        keys = self.fill()
        urls = [f"s3://{self.bucket}/{key}" for key in keys]
        self.ingest("whole", f"s3://{self.bucket}")
        self.ingest("listed", "-", stdin="\n".join(urls))
        self.assert_same_store("whole", "listed")
        gone = self.ingest("gone", "-", stdin="\0".join([urls[0], f"s3://{self.bucket}/no/such.json"]))
        self.assertEqual(gone.returncode, 4)
        self.assertIn(f"s3://{self.bucket}/no/such.json: cannot be read: entity not found", gone.stderr)
        for wrong in (f"s3://{self.bucket}/no/such", "s3://no-such-bucket/x"):
            output = self.ingest("wrong", wrong)
            self.assertEqual(output.returncode, 2, output.stderr)
            self.assertIn(wrong, output.stderr)

    def test_what_cannot_be_read_is_counted_and_taken_the_next_night(self):
        keys = [k for k in self.fill() if "Digest" not in k]
        denied, missing, broken = keys[0], keys[1], keys[2]
        Proxy.answers = {("GET", denied): 403, ("GET", missing): 404, ("GET", broken): [503, 500]}
        first = self.ingest("state", f"s3://{self.bucket}")
        self.assertEqual(first.returncode, 4)
        self.assertIn(f"{denied}: cannot be read: permission denied", first.stderr)
        self.assertIn(f"{missing}: cannot be read: entity not found", first.stderr)
        self.assertEqual(first.stderr.count("rejected: "), 2, first.stderr)
        self.assertEqual(self.got().count(broken), 3, "it is asked for until it is there")
        Proxy.answers = {("GET", denied): 403}
        second = self.ingest("state", f"s3://{self.bucket}")
        self.assertEqual((second.returncode, sorted(set(self.got()))), (4, sorted([denied, missing])))
        Proxy.answers = {}
        third = self.ingest("state", f"s3://{self.bucket}")
        self.assertEqual((third.returncode, self.got()), (0, [denied]), third.stderr)
        whole = self.ingest("whole", f"s3://{self.bucket}")
        kept = lambda state: sum(e["kept"] for e in entries(self.folder / state).values())  # noqa: E731
        self.assertEqual(kept("state"), kept("whole"))
        self.assertEqual(whole.returncode, 0)

    def test_an_object_that_is_replaced_is_read_again(self):
        key = "x/one.json"
        record = json.loads(gzip.decompress(next(iter(tree(SAMPLE).values()))))["Records"][:2]
        for records in (record[:1], record):
            self.s3.put_object(Bucket=self.bucket, Key=key, Body=json.dumps({"Records": records}))
            output = self.ingest("state", f"s3://{self.bucket}/{key}")
            self.assertIn(f"read {len(records)} records of 1 files = kept 1 + duplicate {len(records) - 1}", output.stdout)
        self.assertEqual(list(entries(self.folder / "state")), [f"s3://{self.bucket}/{key}"])

    def test_only_what_is_asked_for_is_listed(self):
        content = gzip.compress(b'{"Records":[]}')
        for account in ("111122223333", "444455556666"):
            for region in ("eu-west-1", "us-east-1"):
                for day in ("2025/01/02", "2026/10/04", "2026/10/05", "2026/10/06", "2026/10/07", "2027/01/01"):
                    place = f"org/AWSLogs/o-a1/{account}/CloudTrail/{region}"
                    self.s3.put_object(Bucket=self.bucket, Key=f"{place}/{day}/{account}_{region}_{day.replace('/', '')}.json.gz", Body=content)
        place = "org/AWSLogs/o-a1/111122223333/CloudTrail/eu-west-1"
        self.s3.put_object(Bucket=self.bucket, Key=f"{place}/notes/x.json", Body=content)
        self.s3.put_object(Bucket=self.bucket, Key="other/x.json", Body=content)
        self.s3.put_object(Bucket=self.bucket, Key=f"{place}/2026/10/05/", Body=b"")
        asked = ["--account", "111122223333", "--region", "eu-west-1", "--since", "2026-10-06", "--until", "2026-10-06T12:00:00Z"]
        output = self.ingest("bucket", f"s3://{self.bucket}", *asked)
        self.assertEqual(output.returncode, 0, output.stderr)
        days = sorted(re.findall(r"/(\d{4}/\d\d/\d\d)/", " ".join(self.got())))
        self.assertEqual(days, ["2026/10/05", "2026/10/06", "2026/10/07"])
        self.assertEqual(len(self.got()), 5, "and two whose keys do not tell")
        listed = [(prefix, query.get("start-after", "")) for kind, prefix, query in Proxy.seen if kind == "list"]
        self.assertIn((f"{place}/", f"{place}/2026/10/05"), listed)
        self.assertFalse([prefix for prefix, _ in listed if "444455556666" in prefix or "us-east-1" in prefix])
        # The same from disk, where every file is seen.
        for page in self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket):
            for key in (entry["Key"] for entry in page["Contents"] if entry["Size"]):
                path = self.folder / "disk" / key
                path.parent.mkdir(parents=True, exist_ok=True)
                self.s3.download_file(self.bucket, key, str(path))
        local = self.ingest("local", self.folder / "disk", *asked)
        names = lambda state: {name.split("/x.json")[0].removeprefix(f"s3://{self.bucket}/") for name in entries(self.folder / state)}  # noqa: E731
        self.assertEqual((names("local"), self.got()), (names("bucket"), []), local.stdout)
        self.assertIn(", 21 were not asked for)", local.stdout)

    def test_listings_have_many_pages(self):
        record = json.loads(gzip.decompress(next(iter(tree(SAMPLE).values()))))["Records"][0]
        for n in range(1100):
            body = json.dumps({**record, "eventID": f"00000000-0000-4000-8000-{n:012}"})
            self.s3.put_object(Bucket=self.bucket, Key=f"many/{n:05}.json", Body=body)
        output = self.ingest("state", f"s3://{self.bucket}/many/")
        self.assertIn("read 1100 records of 1100 files = kept 1100", output.stdout, output.stderr)
        self.assertEqual(collections.Counter(kind for kind, _, _ in Proxy.seen), {"list": 2, "GET": 1100})

    def test_digests_are_validated_with_the_metadata_that_s3_keeps(self):
        account, stem = "111122223333", "20261001T1000"
        log_key = f"AWSLogs/{account}/CloudTrail/{REGION}/2026/10/01/{account}_CloudTrail_{REGION}_{stem}Z_abcdefghijklmnop.json.gz"
        digest_key = f"AWSLogs/{account}/CloudTrail-Digest/{REGION}/2026/10/01/{account}_CloudTrail-Digest_{REGION}_trail_{REGION}_20261001T110000Z.json.gz"
        record = json.loads(gzip.decompress(next(iter(tree(SAMPLE).values()))))["Records"][0]
        log = json.dumps({"Records": [record]}).encode()
        pair = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        public = pair.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
        digest = {
            "awsAccountId": account, "digestStartTime": "2026-10-01T10:00:00Z", "digestEndTime": "2026-10-01T11:00:00Z", "digestS3Bucket": self.bucket,
            "digestS3Object": digest_key, "digestPublicKeyFingerprint": "0123456789abcdef0123456789abcdef", "digestSignatureAlgorithm": "SHA256withRSA",
            "newestEventTime": "2026-10-01T10:00:00Z", "oldestEventTime": "2026-10-01T10:00:00Z", "previousDigestS3Bucket": None, "previousDigestS3Object": None,
            "previousDigestHashValue": None, "previousDigestHashAlgorithm": None, "previousDigestSignature": None,
            "logFiles": [{"s3Bucket": self.bucket, "s3Object": log_key, "hashValue": hashlib.sha256(log).hexdigest(), "hashAlgorithm": "SHA-256", "newestEventTime": "2026-10-01T10:00:00Z", "oldestEventTime": "2026-10-01T10:00:00Z"}],
        }
        content = json.dumps(digest).encode()
        text = f"{digest['digestEndTime']}\n{self.bucket}/{digest_key}\n{hashlib.sha256(content).hexdigest()}\nnull"
        signature = pair.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()).hex()
        self.s3.put_object(Bucket=self.bucket, Key=log_key, Body=gzip.compress(log))
        self.s3.put_object(Bucket=self.bucket, Key=digest_key, Body=gzip.compress(content), Metadata={"signature": signature, "signature-algorithm": "SHA256withRSA"})
        key = {"Value": base64.b64encode(public).decode(), "Fingerprint": digest["digestPublicKeyFingerprint"], "ValidityStartTime": "2026-01-01T00:00:00Z", "ValidityEndTime": "2027-01-01T00:00:00Z"}
        keys = self.folder / "keys.json"
        keys.write_text(json.dumps({"PublicKeyList": [key]}))
        verified = self.run_it("verify-logs", "--json", "--logs", f"s3://{self.bucket}", "--keys", keys)
        self.assertEqual(verified.returncode, 0, verified.stdout + verified.stderr)
        required = self.ingest("state", f"s3://{self.bucket}", "--require-digests", "--keys", keys)
        self.assertIn("read 1 records of 1 files = kept 1", required.stdout, required.stderr)
        self.s3.put_object(Bucket=self.bucket, Key=log_key, Body=gzip.compress(log.replace(b"Records", b"records")))
        self.assertEqual(self.run_it("verify-logs", "--logs", f"s3://{self.bucket}", "--keys", keys).returncode, 3)

    def test_endpoint_and_credentials_are_those_of_the_environment(self):
        self.fill()
        none = self.ingest("none", f"s3://{self.bucket}", AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")
        self.assertEqual((none.returncode, Proxy.seen), (2, []))
        self.assertIn("no credentials in the environment", none.stderr)
        taken = self.ingest("state", f"s3://{self.bucket}", AWS_ENDPOINT_URL="http://127.0.0.1:1", AWS_ENDPOINT_URL_S3=f"http://127.0.0.1:{self.port}", AWS_SESSION_TOKEN="")
        self.assertEqual(taken.returncode, 0, taken.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=1)
