"""Runs the script that `trailtrim export-script` prints, with the real AWS CLI, and checks the bundle it writes.

Three worlds: a local server that holds an organisation of two accounts (moto), answers made up from the models of all
services of the table, and a CLI that fails in every way there is.
"""

import collections
import contextlib
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]
os.environ.update(AWS_ACCESS_KEY_ID="testing", AWS_SECRET_ACCESS_KEY="testing", AWS_EC2_METADATA_DISABLED="true")

import populate  # noqa: E402
import table  # noqa: E402
from local_server import free_port, listens, until  # noqa: E402

BINARY = sys.argv.pop(1) if len(sys.argv) > 1 else ""
HERE = Path(__file__).parent
BIN = Path(sys.executable).parent
REGION = "eu-central-1"
ABSENT = set(re.search(r"known_absent=' (.*) '", subprocess.run([BINARY, "export-script"], capture_output=True, text=True, check=True).stdout).group(1).split())
# Calls that this server does not know; anything else that fails is a defect.
NOT_IN_THIS_SERVER = set((HERE / "not-in-moto.txt").read_text().split())


class Place:
    """A folder with `aws` on its PATH and no configuration of the person who runs the tests."""

    def __init__(self, folder, server=None, **extra):
        self.folder = Path(folder)
        self.log = self.folder / "calls"
        self.temporary = self.folder / "tmp"
        self.bin = self.folder / "bin"
        for made in (self.temporary, self.bin):
            made.mkdir(parents=True, exist_ok=True)
        self.environment = dict(PATH=f"{self.bin}:/usr/bin:/bin", HOME=str(self.folder), TMPDIR=str(self.temporary), AWS_EC2_METADATA_DISABLED="true", AWS_ACCESS_KEY_ID="testing", AWS_SECRET_ACCESS_KEY="testing", AWS_DEFAULT_REGION=REGION, AWS_MAX_ATTEMPTS="1", **extra)
        if server:
            self.environment["AWS_SERVER"] = server
            self.aws(f'#!/bin/sh\nexec "{sys.executable}" -IS "{HERE}/aws_client.py" "$@"\n')

    def aws(self, text):
        (self.bin / "aws").write_text(text)
        (self.bin / "aws").chmod(0o755)

    def run(self, *options, bundle="bundle", shell="sh", **extra):
        """Runs the script; gives exit code, what it said, and the calls of the CLI."""
        script = subprocess.run([BINARY, "export-script", *options], capture_output=True, text=True, check=True).stdout
        (self.folder / "script.sh").write_text(script)
        self.log.write_text("")
        environment = {**self.environment, **extra}
        done = subprocess.run([shell, str(self.folder / "script.sh"), bundle], cwd=self.folder, env=environment, capture_output=True, text=True, timeout=300)
        calls = [line.split() for line in self.log.read_text().splitlines()]
        calls = [c[2:] if c[:1] == ["--region"] else c for c in calls]
        left = list(self.temporary.iterdir())
        assert not left, f"left behind: {left}"
        return done, [c for c in calls if c[:1] not in (["configure"], ["--version"])]


class Bundle:
    """What stands in a bundle, read without the script's own tools."""

    def __init__(self, folder):
        self.folder = folder
        self.files = {str(p.relative_to(folder)): p for p in folder.rglob("*") if p.is_file()}
        self.json = {name: json.loads(path.read_text()) for name, path in self.files.items() if name.endswith(".json")}
        self.errors = [json.loads(line) for line in (folder / "errors.jsonl").read_text().splitlines()]
        self.failed = {e["file"]: e["code"] for e in self.errors}

    def rows(self, row):
        """The row's files with the places of their paths."""
        expression = table.pattern(row)
        return [(name, m.groupdict()) for name in sorted(self.files) if (m := expression.fullmatch(name))]

    def output(self, name, row):
        return self.json[name]["output"] if row.get("wrapped") else self.json[name]

    def answered(self, name):
        return name in self.files or name in self.failed


def fill(template, places):
    return re.sub(r"\{(\w+)\}", lambda m: places[m.group(1)], template)


class Checks(unittest.TestCase):
    """What holds of every bundle."""

    def sound(self, bundle, exempt=()):
        known = [table.pattern(row) for row in table.ROWS]
        for name, path in bundle.files.items():
            self.assertEqual(stat.S_IMODE(path.stat().st_mode) & 0o077, 0, f"{name} can be read by others")
            if name not in ("manifest.json", "errors.jsonl", "sso/home-region"):
                self.assertTrue(any(k.fullmatch(name) for k in known), f"{name} is in no row of the table")
        manifest = bundle.json["manifest.json"]
        self.assertEqual(manifest["bundleVersion"], 1)
        self.assertRegex(manifest["createdAt"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertEqual(manifest["accounts"], sorted(p.name for p in (bundle.folder / "accounts").iterdir()))
        self.assertEqual(len(bundle.failed), len(bundle.errors), "one line for one file")
        for error in bundle.errors:
            self.assertLessEqual({"file", "cmd", "exit", "code", "message", "at"}, set(error))
            self.assertTrue(error["code"] and error["message"] and error["cmd"].startswith("aws "), error)
            self.assertNotIn(error["file"], bundle.files, "an answer and an error")
        for row in table.ROWS:
            for name, places in bundle.rows(row):
                if row.get("wrapped"):
                    wrapper = bundle.json[name]
                    self.assertEqual(set(wrapper), {"resourceArn", "call", "at", "output"}, name)
                    self.assertEqual(wrapper["call"], " ".join(row["command"].split()[:2]))
                    self.assertTrue(wrapper["resourceArn"].startswith("arn:"), name)
                if "keep" in row:
                    kept = set(re.findall(r"(\w+):", row["keep"]))
                    self.assertLessEqual({k for things in bundle.json[name].values() for t in things for k in t}, kept)
            if "items" in row and row["id"] not in exempt:
                self.closed(bundle, row)

    def closed(self, bundle, row):
        """Each thing that the row's list names was asked about."""
        listing = [table.BY_ID[row["items"]["list"]]] + ([table.BY_ID["rcps"]] if row["items"]["list"] == "scps" else [])
        for name, places in (found for lister in listing for found in bundle.rows(lister)):
            lister = listing[0]
            for value in table.values(row, bundle.output(name, lister)):
                arn = fill(row["arn"], {**places, "partition": "aws", "name": value}) if "arn" in row else value
                last = value.rsplit("/", 1)[-1]
                if row["file"].startswith("sso/"):
                    own = {"instance": last if row["id"] == "permission-sets" else places["instance"], "id": places.get("id", last), "account": value}
                else:
                    own = {**places, **dict.fromkeys(("id", "user", "key", "bucket"), table.safe(arn))}
                if row["items"]["list"] == "trails" and value.split(":")[3] != places["region"]:
                    continue
                file = fill(row["file"], own)
                self.assertTrue(bundle.answered(file), f"{row['id']}: nothing was asked about {value}: {file}")


class WithServer(Checks):
    """An organisation on a local server."""

    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(dir=WORK))
        port = free_port()
        cls.log = log = open(cls.folder / "server.log", "w")
        cls.server = subprocess.Popen([BIN / "moto_server", "-H", "127.0.0.1", "-p", str(port)], stdout=log, stderr=log)
        cls.addClassCleanup(cls.stop)
        until(lambda: listens(port), "the local server")
        cls.world, cls.management, cls.member = populate.populate(f"http://127.0.0.1:{port}", REGION)
        cls.place = Place(cls.folder, AWS.socket, AWS_ENDPOINT_URL=f"http://localhost:{port}")
        AWS.follow(cls.place.log)
        cls.done, cls.calls = cls.place.run("--organization", "--regions", f"{REGION},us-east-1", shell=shutil.which("dash") or "sh")
        cls.bundle = Bundle(cls.folder / "bundle")
        if os.environ.get("KEEP_BUNDLE"):
            shutil.copytree(cls.folder, os.environ["KEEP_BUNDLE"], dirs_exist_ok=True)
        print(f"{time.time() - started:.0f} s", cls.done.stderr.splitlines()[-1], file=sys.stderr)
        codes = collections.Counter(e["code"] for e in cls.bundle.errors)
        print(f"organisation: {len(cls.calls)} calls, {len(cls.bundle.files)} files, errors {dict(sorted(codes.items()))}", file=sys.stderr)

    @classmethod
    def stop(cls):
        cls.server.terminate()
        cls.server.wait()
        cls.log.close()

    def test_bundle_is_sound(self):
        self.sound(self.bundle)
        self.assertEqual(self.bundle.json["manifest.json"]["accounts"], sorted([self.management, self.member]))

    def test_the_bundle_loads_with_nothing_unknown(self):
        done = subprocess.run([BINARY, "doctor", "--json", str(self.bundle.folder)], capture_output=True, text=True, check=False)
        answer = json.loads(done.stdout)
        self.assertEqual((answer["problems"], answer["ignored"], answer["conflicts"]), ([], [], []), "every file is used")
        made_by = {"last-accessed": "iam:generate-service-last-accessed-details"}
        call = lambda gap: made_by.get(gap["export"]) or ":".join(table.BY_ID[gap["export"]]["command"].split()[:2])
        asked = ("", REGION, "us-east-1")  # the others were not selected
        open_gaps = [g for g in answer["gaps"] if g["state"] in ("unknown", "not exported") and g["region"] in asked and call(g) not in NOT_IN_THIS_SERVER]
        self.assertEqual(open_gaps, [], "what the server answers is present or known to be absent")
        self.assertEqual(done.returncode, 0, done.stderr)
        print(f"doctor: {answer['holdings']}", file=sys.stderr)

    def test_nothing_fails_but_what_the_server_lacks(self):
        failures = collections.Counter()
        for error in self.bundle.errors:
            if error["code"] not in ABSENT:
                failures[":".join(error["cmd"].split()[1:3])] += 1
        self.assertEqual(set(failures), NOT_IN_THIS_SERVER, "write the difference into not-in-moto.txt if it is the server's")
        self.assertEqual(self.done.returncode, 4 if failures else 0, self.done.stderr)
        counted = re.search(r"(\d+) calls, (\d+) new files, (\d+) known absent, (\d+) without an endpoint, (\d+) errors", self.done.stderr)
        calls, files, absent, unreachable, errors = map(int, counted.groups())
        self.assertEqual(calls, len(self.calls))
        self.assertEqual(files, len(self.bundle.json) - 1)
        self.assertEqual((absent, unreachable, errors), (len(self.bundle.errors) - sum(failures.values()), 0, sum(failures.values())))

    def test_all_that_the_server_holds_is_there(self):
        missing = []
        for (account, row), names in self.world.things.items():
            row = table.BY_ID[row]
            text = "\n".join((self.bundle.folder / name).read_text() for name, places in self.bundle.rows(row) if account in (places.get("account"), "organization", "sso"))
            missing += [(account, row["id"], name) for name in names if name not in text]
        self.assertEqual(missing, [])

    def test_every_bucket_has_every_answer(self):
        for account in (self.management, self.member):
            for bucket in self.world.things[account, "buckets"]:
                for row in table.ROWS:
                    if "{bucket}" in row["file"]:
                        self.assertTrue(self.bundle.answered(fill(row["file"], {"account": account, "bucket": bucket})), (bucket, row["id"]))
            self.assertEqual(self.bundle.failed[f"accounts/{account}/s3/bare-{account}/policy.json"], "NoSuchBucketPolicy")
            self.assertIn("Policy", self.bundle.json[f"accounts/{account}/s3/shared-{account}/policy.json"])

    def test_accounts_are_not_mixed(self):
        for account in (self.management, self.member):
            self.assertEqual(self.bundle.json[f"accounts/{account}/global/caller.json"]["Account"], account)
            for user in self.bundle.json[f"accounts/{account}/iam/gaad.json"]["UserDetailList"]:
                self.assertIn(account, user["Arn"])

    def test_no_secret_is_written(self):
        self.assertGreater(len(self.world.secrets), 8)
        for name, path in self.bundle.files.items():
            text = path.read_text()
            for secret in [*self.world.secrets, populate.PLANTED, "SecretAccessKey", "SessionToken", '"Environment"', '"Variables"']:
                self.assertNotIn(secret, text, name)

    def test_second_run_asks_only_what_failed_and_what_was_lost(self):
        copy = self.folder / "copy"
        shutil.copytree(self.bundle.folder, copy)
        lost = [f"accounts/{self.management}/iam/access-keys/ann.json", f"accounts/{self.management}/s3/bare-{self.management}/acl.json"]
        for name in lost:
            # As when the script is killed while it writes.
            (copy / name).rename(copy / (name + ".part"))
        done, calls = self.place.run("--organization", "--regions", f"{REGION},us-east-1", bundle="copy")
        asked = sorted(" ".join(c[:2]) for c in calls if c[0] != "sts" and ":".join(c[:2]) not in NOT_IN_THIS_SERVER)
        self.assertEqual(asked, ["iam list-access-keys", "s3api get-bucket-acl"])
        self.assertEqual(len([c for c in calls if c[0] == "sts"]), 2, "who am I, and the member's role")
        again = Bundle(copy)
        self.assertEqual(set(again.files), set(self.bundle.files))
        for name, path in self.bundle.files.items():
            if name not in ("errors.jsonl", *lost):
                self.assertEqual(again.files[name].read_bytes(), path.read_bytes(), name)
        self.assertEqual(again.failed, self.bundle.failed)
        print(f"again: {len(calls)} calls, {done.stderr.splitlines()[-1]}", file=sys.stderr)

    def test_one_account_without_access_advisor(self):
        done, calls = self.place.run("--regions", REGION, bundle="one", TRAILTRIM_ACCESS_ADVISOR="0", TRAILTRIM_JOBS="2", shell="bash")
        bundle = Bundle(self.folder / "one")
        self.sound(bundle, exempt={"last-accessed"})
        self.assertEqual([p.name for p in (bundle.folder / "accounts").iterdir()], [self.management])
        self.assertFalse([c for c in calls if "last-accessed" in c[1]])
        self.assertEqual([n for n in bundle.files if n.startswith("organization/")], ["organization/organization.json"])


class MadeUp(Checks):
    """Every row once, through the CLI's own checks of commands and options."""

    def test_every_row_is_collected(self):
        folder = Path(tempfile.mkdtemp(dir=WORK))
        place = Place(folder, AWS.socket, MADE_UP="1", AWS_ENDPOINT_URL="http://localhost:9")
        AWS.follow(place.log)
        done, calls = place.run("--organization")
        if os.environ.get("KEEP_BUNDLE"):
            shutil.copytree(folder, os.environ["KEEP_BUNDLE"] + ".made-up", dirs_exist_ok=True)
        bundle = Bundle(folder / "bundle")
        print(f"made up: {len(calls)} calls, {done.stderr.splitlines()[-1]}", file=sys.stderr)
        self.assertEqual(bundle.errors, [], done.stderr)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.sound(bundle)
        self.assertEqual(bundle.json["manifest.json"]["accounts"], ["111122223333", "444455556666"])
        for row in table.ROWS:
            self.assertTrue(bundle.rows(row), f"{row['id']} is not collected")
        # Pages that the CLI does not put together.
        paged = bundle.json["accounts/111122223333/eu-central-1/events/event-buses.json"]
        self.assertEqual((len(paged["EventBuses"]), "NextToken" in paged), (2, False))
        advisor = next(iter(bundle.rows(table.BY_ID["last-accessed"])))[0]
        self.assertEqual(len(bundle.json[advisor]["output"]["ServicesLastAccessed"]), 2)
        self.assertEqual(bundle.json[advisor]["output"]["JobStatus"], "COMPLETED")
        self.assertEqual({n for n in bundle.files if n.startswith("organization/ous/")}, {f"organization/ous/{i}.json" for i in ("made-Id", "ou-top", "ou-child")})


# An `aws` that answers who it is and fails in a way of its own at everything else.
FAILING = r"""#!/bin/sh
echo "$*" >>"$CALLS"
case "$*" in
--version) echo "aws-cli/9.9.9 Python/3" ; exit 0 ;;
*get-caller-identity*) printf '{\n    "UserId": "A",\n    "Account": "111122223333",\n    "Arn": "arn:aws:iam::111122223333:root"\n}\n'; exit 0 ;;
*generate-credential-report*) printf '{\n    "State": "COMPLETE"\n}\n'; exit 0 ;;
*list-users*) printf '{\n    "Users": [\n        {\n            "UserName": "ann",\n            "Tags": {\n                "UserName": "not a user"\n            }\n        }\n    ]\n}\n'; exit 0 ;;
*list-access-keys*) printf '{"AccessKeyMetadata": [' ; echo 'killed "half way" \ here' >&2 ; exit 137 ;;
*list-buckets*) printf '\n\nAn error occurred (AccessDenied) when calling the ListBuckets operation: User: x is not "authorized"\tto\\do\n' >&2 ; exit 254 ;;
*list-policies*) echo 'An error occurred (ThrottlingException) when calling the ListPolicies operation (reached max retries: 5): Rate exceeded' >&2 ; exit 254 ;;
*get-account-password-policy*) echo 'aws: [ERROR]: An error occurred (NoSuchEntity) when calling the GetAccountPasswordPolicy operation: none' >&2 ; exit 254 ;;
*list-account-aliases*) echo 'aws: error: argument operation: Invalid choice, valid choices are:' >&2 ; exit 252 ;;
*get-account-summary*) printf '\303\244 no code at all \001\n' >&2 ; exit 1 ;;
*lambda*) echo 'Could not connect to the endpoint URL: "https://lambda.nowhere-1.amazonaws.com/"' >&2 ; exit 255 ;;
*kms*) echo 'Connect timeout on endpoint URL: "https://kms/"' >&2 ; exit 255 ;;
*) exit 0 ;;
esac
"""


class Failing(Checks):
    """Whatever happens, the script goes on, and each failure is one line that can be read."""

    def test_failures(self):
        folder = Path(tempfile.mkdtemp(dir=WORK))
        place = Place(folder, CALLS=str(folder / "calls"), TRAILTRIM_ACCESS_ADVISOR="0")
        place.aws(FAILING)
        AWS.follow(folder / "unused")
        done, _ = place.run("--regions", "eu-central-1")
        self.assertEqual(done.returncode, 4, done.stderr)
        bundle = Bundle(folder / "bundle")
        a = "accounts/111122223333/"
        expected = {
            a + "iam/access-keys/ann.json": "Unknown",
            a + "global/buckets.json": "AccessDenied",
            a + "iam/password-policy.json": "NoSuchEntity",
            a + "iam/account-aliases.json": "UnknownCommand",
            a + "iam/account-summary.json": "Unknown",
            a + "eu-central-1/kms/keys.json": "Timeout",
            a + "eu-central-1/lambda/functions.json": "EndpointConnectionError",
        }
        self.assertEqual({f: bundle.failed.get(f) for f in expected}, expected)
        message = {e["file"]: e["message"] for e in bundle.errors}
        self.assertEqual(message[a + "global/buckets.json"], 'An error occurred (AccessDenied) when calling the ListBuckets operation: User: x is not "authorized" to\\do')
        self.assertEqual(message[a + "iam/account-summary.json"], "ä no code at all")
        self.assertEqual({e["file"]: e.get("resourceArn") for e in bundle.errors}[a + "iam/access-keys/ann.json"], "ann")
        # A CLI that prints nothing has nothing to say; the tag is no user.
        self.assertEqual(bundle.json[a + "eu-central-1/ec2/vpc-endpoints.json"], {})
        self.assertEqual(len(list((bundle.folder / a / "iam/mfa-devices").iterdir())), 1)
        self.assertFalse([n for n in bundle.files if ".part" in n or ".why" in n])
        # Once it works: what failed is there, and its line is gone; what does not exist is not asked for.
        place.aws(re.sub(r"\*(list-buckets|list-access-keys|get-account-summary|list-account-aliases|lambda|kms)\*\)[^\n]*\n", "", FAILING))
        done, calls = place.run("--regions", "eu-central-1")
        again = Bundle(folder / "bundle")
        self.assertIn(a + "global/buckets.json", again.files)
        self.assertNotIn(["iam", "get-account-password-policy"], [c[:2] for c in calls])
        self.assertEqual(again.failed[a + "iam/password-policy.json"], "NoSuchEntity")
        self.assertNotIn(a + "global/buckets.json", again.failed)

    def test_without_credentials_it_says_so(self):
        folder = Path(tempfile.mkdtemp(dir=WORK))
        place = Place(folder)
        place.aws("#!/bin/sh\necho 'Unable to locate credentials' >&2\nexit 253\n")
        done, _ = place.run()
        self.assertEqual(done.returncode, 1)
        self.assertIn("Unable to locate credentials", done.stderr)


class Text(unittest.TestCase):
    """The script and the table as texts."""

    def test_table_fits_the_cli(self):
        self.assertEqual(table.check(), [])

    def test_script_is_clean(self):
        for options in ([], ["--organization"], ["--regions", "eu-central-1,us-east-1"], ["--organization", "--role", "team/Reader", "--out", "it's here"]):
            script = subprocess.run([BINARY, "export-script", *options], capture_output=True, text=True, check=True).stdout
            done = subprocess.run([BIN / "shellcheck", "-s", "sh", "-"], input=script, capture_output=True, text=True)
            self.assertEqual(done.stdout, "", options)
            for shell in ("dash", "bash"):
                if shutil.which(shell):
                    subprocess.run([shell, "-n"], input=script, text=True, check=True)

    def test_bad_options_are_refused(self):
        for options in (["--role", "x"], ["--organization", "--role", "$(id)"], ["--regions", "a;b"], ["--policy", "--regions", "eu-central-1"]):
            self.assertEqual(subprocess.run([BINARY, "export-script", *options], capture_output=True).returncode, 2, options)


class Aws:
    """The CLI that is loaded once."""

    def __init__(self):
        self.socket = str(WORK / "aws.socket")
        self.link = WORK / "calls"
        self.link.symlink_to(WORK / "unused")
        services = sorted({table.service_of(row) for row in table.ROWS} | {"sts"})
        self.process = subprocess.Popen([sys.executable, HERE / "aws_server.py", self.socket, str(self.link), *services])
        until(lambda: os.path.exists(self.socket), "the AWS CLI")

    def follow(self, log):
        self.link.unlink()
        self.link.symlink_to(log)


if __name__ == "__main__":
    started = time.time()
    with tempfile.TemporaryDirectory(prefix="trailtrim-export-") as folder, contextlib.ExitStack() as stack:
        WORK = Path(folder)
        AWS = Aws()
        stack.callback(AWS.process.wait)
        stack.callback(AWS.process.terminate)
        result = unittest.main(exit=False, verbosity=2).result
        passed = result.testsRun - len(result.failures) - len(result.errors)
        print(f"export: {passed} passed, {result.testsRun - passed} failed", flush=True)
        print(f"tests/export took {time.time() - started:.0f} s", file=sys.stderr)
    sys.exit(not result.wasSuccessful())
