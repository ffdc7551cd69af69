"""`--redact`: people, addresses and ids in every field of every carrier and of the exports; none of them is in any output.

The sample and the records of `canaries.py` with every account, user, address, key, unique id, event id and e-mail address put by one that is
found again, and more of them in fields of their own. Two runs, with and without `--redact`, must decide the same.
"""

import base64
import collections
import csv
import gzip
import html
import itertools
import json
import re
import shutil
import tempfile
import unittest
import urllib.parse
from pathlib import Path

import duckdb

import canaries as seeds
from common import SAMPLE, differences, trailtrim, tree

NOW, NEXT = "2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z"

# What a canary looks like, of each kind; upper and lower case, since names are told apart by neither.
FOUND = re.compile(
    r"qzp\d|qzmail\d|98765\d{7}|9876-5\d{3}-\d{4}|117[.-]1\d\d[.-]1\d\d[.-]1\d\d|2001:0?db8:c0de|CANARY\d{6}|ca[0-9a-f]{6}-ca11-4a11-8a11-[0-9a-f]{12}|vpce-0ca[0-9a-f]{6}|qzpath|reqcanary",
    re.IGNORECASE)


class Values:
    """Hands out canaries: the same for the same value."""

    def __init__(self):
        self.of, self.count = {}, itertools.count(1)

    def put(self, kind, value):
        key = (kind, value)
        if key not in self.of:
            n = next(self.count)
            three = lambda m: 100 + m % 100
            self.of[key] = {
                "person": f"qzp{n:05d}", "mail": f"qzmail{n:05d}@qzp{n:05d}.example.com", "account": f"98765{n:07d}", "v4": f"117.{three(n // 10000)}.{three(n // 100)}.{three(n)}",
                "v6": f"2001:db8:c0de:{n:x}::7", "key": f"{value[:4]}CANARY{n:010d}", "id": f"{value[:4]}CANARY{n:011d}", "uuid": f"ca{n:06x}-ca11-4a11-8a11-{n:012x}", "vpce": f"vpce-0ca{n:06x}00000000",
                "path": "/qzpath/", "request": f"REQCANARY{n:07d}",
            }[kind]
        return self.of[key]


USERS = ("ann", "bob", "carol", "dave", "ci-legacy", "scanner")
RULES = [
    ("mail", re.compile(r"[\w.+-]+@example\.com")),
    ("uuid", re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")),
    ("key", re.compile(r"\bA[KS]IA[A-Z0-9]{6,}")),
    ("id", re.compile(r"\bA(?:IDA|ROA|GPA|NPA)[A-Z0-9]{3,}")),
    ("v4", re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d./])")),
    ("account", re.compile(r"(?<![\d-])\d{12}(?!\d)")),
]


def planted(text, values):
    """A text with canaries in the place of what is told of people and machines."""
    for user in USERS:
        text = re.sub(rf'(?<=user/){user}\b|(?<="){user}(?=")|(?<=\n){user}(?=,)|(?<=userName=){user}\b', values.put("person", user), text)
    for kind, pattern in RULES:
        text = pattern.sub(lambda m, kind=kind: values.put(kind, m.group()), text)
    return text


def more(value, values, where):
    """A JSON value with e-mail addresses, addresses, ids and a known person in every object of it and behind every free text; policies apart."""
    if isinstance(value, list):
        return [more(v, values, where) for v in value]
    if not isinstance(value, dict) or "Statement" in value or "Effect" in value:
        return value
    told = {k: more(v, values, f"{where}.{k}") for k, v in value.items()}
    known, all_of = values.put("person", "ann"), {k: values.put(k, f"AIDA{where}" if k in ("id",) else f"AKIA{where}" if k == "key" else where) for k in ("mail", "account", "v4", "v6", "key", "id", "uuid", "vpce")}
    for name in ("description", "Description", "comment", "DisplayName", "displayName", "emailAddress", "createdBy", "CreatedBy", "hostName", "clientIp"):
        told.setdefault(name, f"{known} <{all_of['mail']}>, {all_of['account']} from {all_of['v4']} and [{all_of['v6']}] by {all_of['key']}, {all_of['id']} ({all_of['uuid']}, {all_of['vpce']})")
    if "userAgent" in told:
        told["userAgent"] = f"aws-cli {all_of['mail']} {all_of['v4']}"
    if isinstance(told.get("requestParameters"), dict):
        told["requestParameters"].setdefault("key", f"home/{known}/{all_of['account']}/{all_of['v4']}")
    if isinstance(told.get("errorMessage"), str):
        told["errorMessage"] += f" by {known} ({all_of['mail']}, {all_of['v4']})"
    return told


def write_logs(folder, values):
    """The sample's logs, and a file of each carrier."""
    for path in sorted((SAMPLE / "logs").rglob("*.json.gz")):
        to = folder / "sample" / planted(str(path.relative_to(SAMPLE / "logs")), values)
        to.parent.mkdir(parents=True, exist_ok=True)
        records = json.loads(planted(gzip.open(path, "rt").read(), values))
        # One in many has everything everywhere: texts that are all different would make the night large.
        records["Records"] = [more(r, values, f"{path.stem}{n % 5}") if n % 40 == 0 else r for n, r in enumerate(records["Records"])]
        for n, record in enumerate(records["Records"]):
            if n % 50 == 0:
                record["vpcEndpointId"] = values.put("vpce", "endpoint")
            if n % 60 == 0:
                record["sourceIPAddress"] = values.put("v6", f"source {n}")
        to.write_bytes(gzip.compress(json.dumps(records).encode(), mtime=0))
    carriers = folder / "carriers"
    carriers.mkdir()
    seeds.write_logs(carriers, seeds.Canaries())
    lake = folder / "ocsf.ndjson"
    lake.write_text(planted(lake.read_text(), values))
    duckdb.sql(f"COPY (SELECT * FROM read_json('{lake}', format='newline_delimited', map_inference_threshold=-1)) TO '{carriers}/trail.parquet' (FORMAT parquet)")
    lake.unlink()
    for path in carriers.iterdir():
        if path.suffix != ".parquet":
            path.write_text(re.sub(r'(?<="requestID": ")R\d+', lambda m: values.put("request", m.group()), planted(path.read_text(), values)))


def write_grants(folder, values):
    """The sample's exports; user paths, tags and descriptions too."""
    for path in sorted((SAMPLE / "grants").rglob("*")):
        if path.is_dir():
            continue
        to = folder / planted(str(path.relative_to(SAMPLE / "grants")), values)
        to.parent.mkdir(parents=True, exist_ok=True)
        text = planted(path.read_text(), values)
        if path.suffix == ".json":
            value = json.loads(text)
            if path.name == "credential-report.json":
                report = value["output"] if "output" in value else value
                report["Content"] = base64.b64encode(planted(base64.b64decode(report["Content"]).decode(), values).encode()).decode()
            if path.name == "gaad.json":
                for user in value["output"]["UserDetailList"] if "output" in value else value["UserDetailList"]:
                    # On a path, one of them, as in an organisation by teams.
                    if user["UserName"] == values.put("person", "carol"):
                        user["Path"], user["Arn"] = "/qzpath/", user["Arn"].replace(":user/", ":user/qzpath/")
                        user.setdefault("Tags", []).append({"Key": "owner", "Value": values.put("mail", "owner of carol")})
                for role in (value["output"] if "output" in value else value)["RoleDetailList"]:
                    role.setdefault("Tags", []).append({"Key": "contact", "Value": f"{values.put('person', 'bob')} {values.put('mail', 'contact')}"})
            text = json.dumps(more(value, values, path.stem))
        to.write_text(text)


def config(folder, values):
    """The sample's configuration with these accounts, and findings that somebody accepted."""
    text = planted((SAMPLE / "trailtrim.toml").read_text(), values)
    networks = f'own_networks = ["{values.put("v4", "own network")}/32"]\n'
    text = text.replace("[controls]\n", f"[controls]\n{networks}") + "\n[[reduce.keep]]\nprincipal = \"*\"\nactions = [\"s3:PutObjectTagging\"]\nowner = \"%s\"\nuntil = \"2026-10-01\"\n" % values.put("mail", "keeper")
    (folder / "c.toml").write_text(text)
    arn = f"arn:aws:iam::{values.put('account', '111122223333')}:user/{values.put('person', 'ann')}"
    entry = '[[suppression]]\nrule = "%s"\nmatch = "%s"\nowner = "%s"\nreason = "asked by %s"\nexpires = "2027-01-31"\napproved_by = "%s"\n\n'
    accepted = [("key-age", arn, values.put("person", "suppressor"), values.put("mail", "asked"), values.put("person", "approver")), ("key-unused", "arn:aws:iam::999988887777:user/x".replace("999988887777", values.put("account", "other")), "team", "x", "y")]
    (folder / "s.toml").write_text("".join(entry % a for a in accepted))


def said(text):
    """A text and what is behind its escapes."""
    plain = re.sub(r"\\u([0-9a-fA-F]{4})", lambda m: chr(int(m.group(1), 16)), text)
    return (text, html.unescape(plain), urllib.parse.unquote(plain), plain.replace("\\", ""))


def leaks(text):
    """Canaries in a text, however they are written."""
    return sorted({m.group() for form in said(text) for m in FOUND.finditer(form)})


def table(out, name):
    """Rows of a table, by column."""
    with (out / f"tables/{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def counts(out):
    """What a run decided, without names."""
    run = json.loads((out / "run.json").read_text())
    findings = json.loads((out / "findings.json").read_text())["findings"]
    by = collections.Counter((f["report"], f["status"], f["severity"], f["change"]) for f in findings)
    verdicts = collections.Counter()
    for path in out.glob("policies/*/*/*/evidence.json"):
        for policy in json.loads(path.read_text())["policies"]:
            verdicts[(policy["placement"], policy["status"], json.dumps(policy["containment"], sort_keys=True), len(policy["proposed"]))] += 1
            for row in policy["evidence"]:
                verdicts[(row["verdict"], row.get("count", 1), row.get("calls"))] += 1
    rows = {p.name: len(table(out, p.stem)) for p in (out / "tables").glob("*.csv")}
    kept = ("window", "ledger", "mapping", "proposals", "blast_radius", "denied", "history", "findings", "advice")
    numbers = lambda v: {k: numbers(x) for k, x in v.items()} if isinstance(v, dict) else [numbers(x) for x in v] if isinstance(v, list) else v if isinstance(v, (int, float, bool)) else None
    return {"each finding": by, "verdicts": verdicts, "rows": rows, **{k: numbers(run.get(k)) for k in kept}}


class Redacted(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.keep = tempfile.TemporaryDirectory()
        cls.base, cls.values = Path(cls.keep.name), Values()
        (cls.base / "logs").mkdir()
        write_logs(cls.base / "logs", cls.values)
        write_grants(cls.base / "grants", cls.values)
        config(cls.base, cls.values)
        cls.given = ["--grants", cls.base / "grants", "--config", cls.base / "c.toml", "--suppressions", cls.base / "s.toml"]
        cls.printed, cls.secret = [], []
        run = lambda *a: trailtrim("run", "--logs", cls.base / "logs", *cls.given, *a)
        cls.code, text, errors = run("--now", NOW, "--state", cls.base / "plain-state", "--out", cls.base / "plain")
        cls.plain_said = text + errors
        arguments = ["--now", NOW, "--state", cls.base / "state", "--out", cls.base / "out", "--redact", "--metrics-file", cls.base / "m.prom"]
        cls.redacted_code, text, errors = run(*arguments)
        cls.printed += [text, errors]

    @classmethod
    def tearDownClass(cls):
        cls.keep.cleanup()

    def analyze(self, out, *more, now=NOW, state="state"):
        return trailtrim("analyze", *self.given, "--now", now, "--state", self.base / state, "--out", self.base / out, "--redact", *more)

    def test_nobody_is_named(self):
        self.assertEqual((self.code, self.redacted_code), (0, 0), self.printed)
        out, found, files = self.base / "out", {}, 0
        for path in [*(p for p in out.rglob("*") if p.is_file()), self.base / "m.prom"]:
            files += 1
            hits = leaks(str(path.relative_to(self.base)) + "\n" + seeds.texts(path))
            if hits:
                found[str(path.relative_to(self.base))] = hits[:5]
        self.assertEqual(found, {})
        plain = [leaks(str(p) + "\n" + seeds.texts(p)) for p in (self.base / "plain").rglob("*") if p.is_file()]
        said_plain = sum(map(len, plain))
        told = sorted({hit.lower() for hits in plain for hit in hits})
        for kind in ("qzp0", "qzmail", "qzpath", "98765", "117.", "2001:db8", "canary", "ca0", "vpce-"):
            self.assertTrue(any(hit.startswith(kind) for hit in told), f"without --redact {kind} is told")
        self.assertGreater(said_plain, 500)
        finding = next(f["uid"] for f in json.loads((out / "findings.json").read_text())["findings"] if f["status"] == "FAIL")
        owner = next(json.loads(p.read_text())["owner"] for p in sorted(out.glob("policies/*/role/*/evidence.json")))
        printed = list(self.printed)
        for asked in (["policy", owner, "--out", out, "--format", "diff"], ["policy", owner, "--out", out], ["policy", owner, "--out", out, "--format", "cli"], ["explain", finding, "--out", out],
                      ["explain", owner, "s3:GetObject", "--out", out], ["explain", self.values.put("uuid", "x"), "--out", out, "--state", self.base / "state"], ["verify", out]):
            code, text, errors = trailtrim(*asked)
            printed += [text.replace(str(self.base), ""), errors.replace(str(self.base), "")]
        # What the reader typed himself may come back.
        self.assertEqual([leaks(p)[:5] for p in printed if leaks(p)], [])
        self.assertEqual(trailtrim("verify", out)[0], 0)
        print(f"redacted: {len(self.values.of)} people, addresses and ids seeded, {said_plain} times told in the output without --redact, 0 in {files} files and {len(printed)} printed texts with it")

    def test_it_decides_the_same(self):
        plain, redacted = counts(self.base / "plain"), counts(self.base / "out")
        for part, what in plain.items():
            self.assertEqual(what, redacted[part], part)
        self.assertGreater(sum(n for (_, status, *_), n in plain["each finding"].items() if status == "FAIL"), 30)

    def test_nothing_is_there_to_be_applied(self):
        names = {p.name for p in (self.base / "out/policies").rglob("*") if p.is_file()}
        self.assertFalse(names & {"apply.sh", "rollback.sh", "main.tf", "template.yaml"}, names)
        self.assertTrue({"apply.sh", "main.tf"} <= {p.name for p in (self.base / "plain/policies").rglob("*")})
        documents = [p for p in (self.base / "out/policies").rglob("*.json") if p.name.startswith(("current-", "proposed-"))]
        self.assertGreater(len(documents), 20)
        for path in documents:
            self.assertEqual(json.loads(path.read_text())["Id"], "redacted-not-to-be-applied", path)
        self.assertNotIn("apply.sh", (self.base / "out/report.html").read_text())

    def test_the_same_value_has_the_same_token_everywhere(self):
        out = self.base / "out"
        accounts = {r["account"] for r in table(out, "accounts")}
        self.assertTrue(all(re.fullmatch(r"\d{12}", a) for a in accounts), accounts)
        users = {r["arn"] for r in table(out, "principals") if r["kind"] == "user"}
        self.assertEqual(len(users), len(USERS))
        names = {r["name"] for r in table(out, "principals") if r["kind"] == "user"}
        self.assertEqual({u.rsplit("/", 1)[1] for u in users}, names)
        self.assertTrue(all(re.fullmatch(r"person-[a-z2-7]{12}", n) for n in names), names)
        told = {r["user_name"] for r in table(out, "credentials")} - {"<root_account>", ""}
        self.assertTrue(told <= names, (told, names))
        resources = {f["resource"] for f in json.loads((out / "findings.json").read_text())["findings"] if ":user/" in f["resource"]}
        self.assertTrue(resources & users, (resources, users))
        for name in ("report.html", "summary.md", "findings.csv", "findings.sarif", "findings.ocsf.json"):
            text = (out / name).read_text()
            self.assertTrue(any(u.rsplit("/", 1)[1] in text.replace("\\", "") for u in users), name)
        folders = {p.name for p in (out / "policies").glob("*/user/*")}
        self.assertTrue(folders and folders <= names, folders - names)

    def test_tokens_are_those_of_the_night_before_and_of_the_key(self):
        key = self.base / "state/redact.key"
        self.assertEqual((key.stat().st_mode & 0o777, len(key.read_text().strip())), (0o600, 64))
        saved = self.base / "saved"
        shutil.copytree(self.base / "state", saved)
        self.assertIn(self.analyze("same", state="saved")[0], (0, 4))
        self.assertEqual(differences(tree(self.base / "out", but=("run.json", "manifest.json", "metrics.prom")), tree(self.base / "same", but=("run.json", "manifest.json", "metrics.prom"))), [])
        self.assertIn(self.analyze("again", state="saved")[0], (0, 4))
        self.assertEqual(differences(tree(self.base / "same"), tree(self.base / "again")), [], "byte for byte")
        self.assertIn(self.analyze("next", now=NEXT, state="saved")[0], (0, 4))
        uids = lambda out: {f["uid"] for f in json.loads((self.base / out / "findings.json").read_text())["findings"]}
        self.assertGreater(len(uids("out") & uids("next")), len(uids("out")) * 9 // 10)
        arns = lambda out: {r["arn"] for r in table(self.base / out, "principals")}
        self.assertEqual(arns("out"), arns("next"))
        # Another key, by file: nothing is the same; and the file of the first gives the first's.
        (self.base / "other.key").write_text("another key of sixteen bytes or more\n")
        self.assertIn(self.analyze("other", "--redact-key", self.base / "other.key", state="saved")[0], (0, 4))
        self.assertFalse(uids("out") & uids("other"))
        self.assertEqual({a for a in arns("out") & arns("other") if ":role/" not in a}, set())
        plain = {f["uid"] for f in json.loads((self.base / "plain/findings.json").read_text())["findings"]}
        self.assertFalse(plain & uids("out"), "uids are hashes of names")
        (self.base / "short.key").write_text("short\n")
        self.assertEqual(self.analyze("never", "--redact-key", self.base / "short.key", state="saved")[0], 2)

    def test_what_cannot_be_done_with_tokens_is_refused(self):
        out = self.base / "out"
        code, _, errors = trailtrim("compare", "--out", out, self.base / "grants/organization/accounts.json")
        self.assertEqual((code, "redacted" in errors), (2, True), errors)
        code, _, errors = trailtrim("review", "import", out / "access_review.xlsx", "--now", NOW)
        self.assertEqual((code, "redacted" in errors), (2, True), errors)
        event = self.values.put("uuid", next(v for k, v in self.values.of if k == "uuid"))
        code, text, errors = trailtrim("explain", event, "--out", out, "--state", self.base / "state")
        self.assertEqual((code, text, "redacted" in errors), (2, "", True), errors)


if __name__ == "__main__":
    unittest.main()
