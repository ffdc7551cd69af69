"""Applies and takes back the proposals of the sample run, with the real AWS CLI, against a local server that holds what was exported."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse
from pathlib import Path

ROOT = Path(__file__).parents[2]
EXPORT = ROOT / "tests/export"
os.environ.update(AWS_ACCESS_KEY_ID="testing", AWS_SECRET_ACCESS_KEY="testing", AWS_EC2_METADATA_DISABLED="true", AWS_DEFAULT_REGION="eu-west-1")

sys.path.insert(0, str(ROOT / "tests"))

import boto3  # noqa: E402
from local_server import free_port, listens, until  # noqa: E402

BINARY = sys.argv.pop(1)
BIN = Path(sys.executable).parent
SAMPLE = ROOT / "testdata/organisation"


def plain(x):
    if isinstance(x, dict):
        return {k: plain(v) for k, v in x.items()}
    if isinstance(x, list):
        return plain(x[0]) if len(x) == 1 else [plain(v) for v in x]
    return str(x).lower() if isinstance(x, bool) else str(x)


def text_of(document):
    """A document's text; some exports have it URL-encoded, as the API answers."""
    return urllib.parse.unquote(document) if isinstance(document, str) else json.dumps(document)


class Server:
    """A local server that holds what one account of the sample holds."""

    def __init__(self, number, folder):
        self.number = number
        port = free_port()
        self.log = open(folder / f"server-{number}.log", "w")
        self.process = subprocess.Popen([BIN / "moto_server", "-H", "127.0.0.1", "-p", str(port)], stdout=self.log, stderr=self.log,
                                        env={**os.environ, "MOTO_ACCOUNT_ID": number, "MOTO_IAM_LOAD_MANAGED_POLICIES": "true"})
        until(lambda: listens(port), "the local server")
        self.endpoint = f"http://localhost:{port}"

    def scripts(self, folder):
        """The folder whose scripts are run here."""
        return folder

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.log.close()


class Account(Server):
    """An account with its users, groups, roles and policies."""

    def __init__(self, number, folder):
        super().__init__(number, folder)
        self.iam = boto3.client("iam", endpoint_url=self.endpoint)
        self.refused = set()
        self.populate(json.loads(export_of(number).read_text()))

    def populate(self, told):
        iam = self.iam
        for policy in told["Policies"]:
            if ":aws:policy" in policy["Arn"]:
                continue
            for n, version in enumerate(sorted(policy["PolicyVersionList"], key=lambda v: int(v["VersionId"][1:]))):
                text = text_of(version["Document"])
                try:
                    if n == 0:
                        iam.create_policy(PolicyName=policy["PolicyName"], Path=policy.get("Path", "/"), PolicyDocument=text)
                    else:
                        iam.create_policy_version(PolicyArn=policy["Arn"], PolicyDocument=text, SetAsDefault=version["IsDefaultVersion"])
                except iam.exceptions.MalformedPolicyDocumentException:
                    # The sample has a document that no server takes; nothing is proposed for it.
                    self.refused.add(policy["Arn"])
                    break
        for group in told["GroupDetailList"]:
            iam.create_group(GroupName=group["GroupName"], Path=group.get("Path", "/"))
            self.give("group", group["GroupName"], group, group.get("GroupPolicyList", []))
        for user in told["UserDetailList"]:
            iam.create_user(UserName=user["UserName"], Path=user.get("Path", "/"))
            for group in user.get("GroupList", []):
                iam.add_user_to_group(GroupName=group, UserName=user["UserName"])
            self.give("user", user["UserName"], user, user.get("UserPolicyList", []))
        for role in told["RoleDetailList"]:
            iam.create_role(RoleName=role["RoleName"], Path=role.get("Path", "/"), AssumeRolePolicyDocument=text_of(role["AssumeRolePolicyDocument"]))
            self.give("role", role["RoleName"], role, role.get("RolePolicyList", []))

    def give(self, kind, name, told, inline):
        who = {f"{kind.title()}Name": name}
        for policy in inline:
            with contextlib.suppress(self.iam.exceptions.MalformedPolicyDocumentException):
                getattr(self.iam, f"put_{kind}_policy")(**who, PolicyName=policy["PolicyName"], PolicyDocument=text_of(policy["PolicyDocument"]))
        for policy in told.get("AttachedManagedPolicies", []):
            if policy["PolicyArn"] not in self.refused:
                getattr(self.iam, f"attach_{kind}_policy")(**who, PolicyArn=policy["PolicyArn"])

    def state(self):
        """All documents in force and all attachments."""
        told = {}
        pages = self.iam.get_paginator("get_account_authorization_details").paginate(Filter=["User", "Role", "Group", "LocalManagedPolicy"])
        for page in pages:
            for kind in ("User", "Group", "Role"):
                for holder in page.get(f"{kind}DetailList", []):
                    told[kind, holder[f"{kind}Name"]] = {
                        "inline": {p["PolicyName"]: plain(p["PolicyDocument"]) for p in holder.get(f"{kind}PolicyList", [])},
                        "attached": sorted(p["PolicyArn"] for p in holder.get("AttachedManagedPolicies", [])),
                        "trust": plain(holder.get("AssumeRolePolicyDocument", "")),
                    }
            for policy in page.get("Policies", []):
                # Which version is in force the server tells rightly in this answer only.
                default = self.iam.get_policy(PolicyArn=policy["Arn"])["Policy"]["DefaultVersionId"]
                told["Policy", policy["Arn"]] = (default, sorted(v["VersionId"] for v in policy["PolicyVersionList"]),
                                                 plain(self.iam.get_policy_version(PolicyArn=policy["Arn"], VersionId=default)["PolicyVersion"]["Document"]))
        return told


class PermissionSets(Server):
    """The account with the permission sets. The server makes ARNs of its own, which take the place of the sample's in the scripts."""

    def __init__(self, number, folder):
        super().__init__(number, folder)
        self.copies = folder / f"copies-{number}"
        self.sso = boto3.client("sso-admin", endpoint_url=self.endpoint, region_name="eu-west-1")
        self.instance = self.sso.list_instances()["Instances"][0]["InstanceArn"]
        exported = json.loads((SAMPLE / "grants/sso/instances.json").read_text())["Instances"][0]["InstanceArn"]
        self.renamed = {exported: self.instance}
        for path in sorted((SAMPLE / "grants/sso").glob("*/*/describe.json")):
            told = json.loads(path.read_text())["PermissionSet"]
            made = self.sso.create_permission_set(InstanceArn=self.instance, Name=told["Name"])["PermissionSet"]["PermissionSetArn"]
            self.renamed[told["PermissionSetArn"]] = made
            which = {"InstanceArn": self.instance, "PermissionSetArn": made}
            if inline := json.loads((path.parent / "inline.json").read_text()).get("InlinePolicy"):
                self.sso.put_inline_policy_to_permission_set(**which, InlinePolicy=inline)
            for policy in json.loads((path.parent / "managed.json").read_text())["AttachedManagedPolicies"]:
                self.sso.attach_managed_policy_to_permission_set(**which, ManagedPolicyArn=policy["Arn"])

    def scripts(self, folder):
        copy = self.copies / folder.name
        if not copy.exists():
            shutil.copytree(folder, copy)
            for script in copy.glob("*.sh"):
                text = script.read_text()
                for theirs, ours in self.renamed.items():
                    text = text.replace(f"'{theirs}'", f"'{ours}'")
                script.write_text(text)
        return copy

    def state(self):
        told = {}
        for arn in self.sso.list_permission_sets(InstanceArn=self.instance)["PermissionSets"]:
            which = {"InstanceArn": self.instance, "PermissionSetArn": arn}
            inline = self.sso.get_inline_policy_for_permission_set(**which).get("InlinePolicy")
            managed = self.sso.list_managed_policies_in_permission_set(**which)["AttachedManagedPolicies"]
            told["PermissionSet", arn] = {"inline": plain(json.loads(inline)) if inline else None, "attached": sorted(p["Arn"] for p in managed)}
        return told


def export_of(number):
    return SAMPLE / f"grants/accounts/{number}/iam/gaad.json"


def served(number, folder):
    return (Account if export_of(number).exists() else PermissionSets)(number, folder)


class Outputs(unittest.TestCase):
    maxDiff = 4000

    @classmethod
    def setUpClass(cls):
        cls.out = WORK / "out"
        subprocess.run([BINARY, "run", "--quiet", "--logs", SAMPLE / "logs", "--grants", SAMPLE / "grants", "--config", SAMPLE / "trailtrim.toml", "--now",
                        "2026-11-01T00:00:00Z", "--state", WORK / "state", "--out", cls.out], check=True, stdout=subprocess.DEVNULL)
        cls.make_bin()
        cls.folders = sorted({p.parent for p in cls.out.glob("policies/*/*/*/apply.sh")})

    def run_script(self, account, script, *options, calls=None, check=True):
        """Runs a script; after some calls of the CLI it is cut off."""
        self.count.write_text("0")
        environment = dict(PATH=f"{self.bin}:{BIN}:/usr/bin:/bin", HOME=str(WORK), AWS_ACCESS_KEY_ID="testing", AWS_SECRET_ACCESS_KEY="testing",
                           AWS_DEFAULT_REGION="eu-west-1", AWS_EC2_METADATA_DISABLED="true", AWS_ENDPOINT_URL=account.endpoint, AWS_SERVER=AWS.socket,
                           MOST=str(calls if calls is not None else 10**6), COUNT=str(self.count))
        done = subprocess.run([shutil.which("dash") or "sh", script, *options], capture_output=True, text=True, env=environment, cwd="/")
        if check:
            self.assertEqual(done.returncode, 0, f"{script}\n{done.stdout}\n{done.stderr}")
        return done

    @classmethod
    def make_bin(cls):
        cls.bin = WORK / "bin"
        cls.bin.mkdir()
        cls.count = WORK / "count"
        client = EXPORT / "aws_client.py"
        (cls.bin / "aws").write_text(f'''#!/bin/sh
n=$(($(cat "$COUNT") + 1))
echo $n > "$COUNT"
[ $n -le "$MOST" ] || exit 137
exec "{sys.executable}" -IS "{client}" "$@"
''')
        (cls.bin / "aws").chmod(0o755)

    def test_shell_scripts_are_clean(self):
        self.assertGreater(len(self.folders), 8)
        for script in sorted(self.out.rglob("*.sh")):
            done = subprocess.run([BIN / "shellcheck", "-s", "sh", script], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stdout)

    def test_templates_pass_cfn_lint(self):
        templates = sorted(self.out.rglob("template.yaml"))
        self.assertGreater(len(templates), 8)
        done = subprocess.run([BIN / "cfn-lint", "--ignore-checks", "W", "--", *templates], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_apply_and_rollback_are_exact(self):
        checked = 0
        for number in sorted({f.parts[-3] for f in self.folders}):
            account = served(number, WORK)
            self.addCleanup(account.stop)
            start = account.state()
            for folder in (f for f in self.folders if f.parts[-3] == number):
                scripts = account.scripts(folder)
                with self.subTest(folder=str(folder.relative_to(self.out))):
                    self.run_script(account, scripts / "apply.sh", "--dry-run")
                    self.assertEqual(account.state(), start, "a dry run changes nothing")
                    # Cut off after each of the first calls, and taken back.
                    for calls in (2, 4, 6):
                        self.run_script(account, scripts / "apply.sh", calls=calls, check=False)
                        self.run_script(account, scripts / "rollback.sh")
                        self.assertEqual(account.state(), start, f"cut off after {calls} calls and taken back")
                    self.run_script(account, scripts / "apply.sh")
                    applied = account.state()
                    self.check_applied(account, folder, applied, start)
                    self.run_script(account, scripts / "apply.sh")
                    self.assertEqual(account.state(), applied, "a second time changes nothing")
                    self.run_script(account, scripts / "rollback.sh")
                    self.assertEqual(account.state(), start, "the way back is exact")
                    checked += 1
        print(f"output: {checked} owners applied and taken back", file=sys.stderr)

    def check_applied(self, account, folder, applied, start):
        kind, evidence = folder.parts[-2], json.loads((folder / "evidence.json").read_text())
        documents = [plain(json.loads(p.read_text())) for p in folder.glob("proposed-*.json")]
        everything = json.dumps([list(map(str, applied.keys())), list(applied.values())])
        for document in documents:
            self.assertIn(json.dumps(document), everything, f"{kind} {evidence['owner']}")
        self.assertNotEqual(applied, start)

    def test_another_document_stops_the_script(self):
        folder = next(f for f in self.folders if any(p.name.startswith("proposed") for p in f.iterdir()) and f.parts[-2] in ("role", "user") and "\nput_inline '" in (f / "apply.sh").read_text())
        account = Account(folder.parts[-3], WORK)
        self.addCleanup(account.stop)
        kind, owner = folder.parts[-2], folder.name
        who = {f"{kind.title()}Name": owner}
        for name in getattr(account.iam, f"list_{kind}_policies")(**who)["PolicyNames"]:
            getattr(account.iam, f"put_{kind}_policy")(**who, PolicyName=name, PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Action": "sqs:ListQueues", "Resource": "*"}]}))
        start = account.state()
        done = self.run_script(account, folder / "apply.sh", check=False)
        self.assertNotEqual(done.returncode, 0, f"{folder}\n{done.stdout}\n{done.stderr}")
        self.assertIn("analyse again", done.stderr)
        self.assertEqual(account.state(), start)


class Aws:
    """The CLI that is loaded once."""

    def __init__(self):
        self.socket = str(WORK / "aws.socket")
        link = WORK / "calls"
        (WORK / "log").touch()
        link.symlink_to(WORK / "log")
        self.process = subprocess.Popen([sys.executable, EXPORT / "aws_server.py", self.socket, str(link), "iam", "sts", "sso-admin"])
        until(lambda: os.path.exists(self.socket), "the AWS CLI")


if __name__ == "__main__":
    started = time.time()
    with tempfile.TemporaryDirectory(prefix="trailtrim-output-") as folder, contextlib.ExitStack() as stack:
        WORK = Path(folder)
        AWS = Aws()
        stack.callback(AWS.process.wait)
        stack.callback(AWS.process.terminate)
        result = unittest.main(exit=False, verbosity=2).result
        passed = result.testsRun - len(result.failures) - len(result.errors)
        print(f"output: {passed} passed, {result.testsRun - passed} failed", flush=True)
        print(f"tests/output took {time.time() - started:.0f} s", file=sys.stderr)
    sys.exit(not result.wasSuccessful())
