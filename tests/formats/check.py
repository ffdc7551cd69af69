"""The findings of the sample run in the formats of other tools, read by those tools' own schemas and readers."""

import csv
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from urllib.parse import unquote

import duckdb
import openpyxl
from botocore.session import get_session
from botocore.validate import ParamValidator
from jsonschema import Draft202012Validator, validators
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema
from prometheus_client.parser import text_string_to_metric_families

ROOT = Path(__file__).parents[2]
BINARY = sys.argv.pop(1)
SAMPLE = ROOT / "testdata/organisation"
NIGHTS = ["2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z", "2026-11-03T00:00:00Z"]


def trailtrim(*args):
    done = subprocess.run([BINARY, *map(str, args)], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def night(folder, now, *more):
    """A run into `out-<day>`, on the state of the nights before."""
    out = folder / f"out-{now[:10]}"
    code, _, errors = trailtrim("run", "--quiet", "--logs", SAMPLE / "logs", "--grants", SAMPLE / "grants", "--config", SAMPLE / "trailtrim.toml",
                                "--now", now, "--state", folder / "state", "--out", out, *more)
    if code not in (0, 3):
        raise RuntimeError(errors)
    return out, code


class Formats(unittest.TestCase):
    """Three nights: as it is, with a finding accepted, and once that is over."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        base = Path(cls.folder.name)
        cls.first, cls.first_code = night(base, NIGHTS[0], "--fail-on", "new:high")
        cls.baseline = trailtrim("baseline", "set", "--state", base / "state")
        cls.suppressions = base / "suppressions.toml"
        entry = '[[suppression]]\nrule = "{}"\nmatch = "{}"\nowner = "team"\nreason = "known"\nexpires = "2026-11-02"\n'
        cls.suppressions.write_text(entry.format("role-unused", "arn:aws:iam::111122223333:role/legacy-batch")
                                    + entry.format("role-unused", "arn:aws:iam::111122223333:role/nobody"))
        cls.second, cls.second_code = night(base, NIGHTS[1], "--suppressions", cls.suppressions, "--fail-on", "new:low")
        cls.third, cls.third_code = night(base, NIGHTS[2], "--suppressions", cls.suppressions, "--fail-on", "new:low", "--metrics-file", base / "m.prom")
        cls.metrics = base / "m.prom"
        cls.nights = [cls.first, cls.second, cls.third]

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def findings(self, out):
        return json.loads((out / "findings.json").read_text())["findings"]

    def test_json(self):
        schema = Draft202012Validator(json.loads((ROOT / "docs/findings.schema.json").read_text()))
        for out in self.nights:
            found = json.loads((out / "findings.json").read_text())
            self.assertEqual([e.message for e in schema.iter_errors(found)], [])
            self.assertGreater(len(found["findings"]), 50)

    def test_csv(self):
        for out in self.nights:
            with (out / "findings.csv").open(newline="") as file:
                rows = list(csv.DictReader(file))
            self.assertEqual([r["uid"] for r in rows], [f["uid"] for f in self.findings(out)])
            self.assertFalse([v for r in rows for v in r.values() if v.startswith(("=", "+", "-", "@", "\t", "\r"))])

    def test_parquet(self):
        for out in self.nights:
            rows = duckdb.sql(f"SELECT uid, status, details_json, first_seen_ms FROM '{out}/findings.parquet'").fetchall()
            told = self.findings(out)
            self.assertEqual([r[:2] for r in rows], [(f["uid"], f["status"]) for f in told])
            self.assertEqual([json.loads(r[2]) for r in rows], [f["details"] for f in told])
            self.assertEqual([r[3] is None for r in rows], [f["first_seen"] is None for f in told])

    def test_sarif(self):
        schema = json.loads((ROOT / "tests/formats/sarif-2.1.0.schema.json").read_text())
        schema = validators.validator_for(schema)(schema)
        for out in self.nights:
            text = (out / "findings.sarif").read_text()
            told = json.loads(text)
            self.assertEqual([e.message for e in schema.iter_errors(told)], [])
            self.assertLess(len(text), 10_000_000)
            results = told["runs"][0]["results"]
            self.assertGreater(len(results), 15)
            lines = (out / "findings.csv").read_text().splitlines()
            for result in results:
                place = result["locations"][0]["physicalLocation"]
                file = unquote(place["artifactLocation"]["uri"])
                self.assertTrue((out / file).is_file(), file)
                if file == "findings.csv":
                    self.assertTrue(lines[place["region"]["startLine"] - 1].startswith(result["partialFingerprints"]["trailtrim/uid/v1"]))
        prints = [{r["partialFingerprints"]["primaryLocationLineHash"] for r in json.loads((o / "findings.sarif").read_text())["runs"][0]["results"]} for o in self.nights]
        self.assertEqual(prints[0], prints[1], "the same alerts every night")

    def test_ocsf(self):
        known = OcsfJsonSchemaEmbedded(get_ocsf_schema(version="1.8.0"))
        schemas = {}
        for uid in (2003, 2008):
            schema = known.get_class_schema(known.lookup_class_name_from_uid(uid), profiles=["cloud"])
            schemas[uid] = Draft202012Validator(schema)
        for out in self.nights:
            events = json.loads((out / "findings.ocsf.json").read_text())
            self.assertEqual({e["class_uid"] for e in events}, {2003, 2008})
            for event in events:
                errors = [f"{list(e.absolute_path)}: {e.message[:300]}" for e in schemas[event["class_uid"]].iter_errors(event)]
                self.assertEqual(errors, [], event)
        broken = {**events[0], "severity_id": "high"}
        self.assertTrue(list(schemas[events[0]["class_uid"]].iter_errors(broken)), "the schema can say no")

    def test_asff(self):
        shape = get_session().get_service_model("securityhub").operation_model("BatchImportFindings").input_shape
        finding = shape.members["Findings"].member
        labels = {"CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL"}
        kept = {}
        for out in self.nights:
            files = sorted((out / "asff").iterdir())
            self.assertTrue(files)
            for file in files:
                self.assertLessEqual(file.stat().st_size, 240_000)
                batch = json.loads(file.read_text())
                self.assertEqual(ParamValidator().validate(batch, shape).generate_report(), "")
                self.assertTrue(0 < len(batch["Findings"]) <= 100)
                for f in batch["Findings"]:
                    self.assertEqual(set(f) - set(finding.members), set(), "botocore ignores what it does not know; the service does not")
                    self.assertTrue(file.name.startswith(f"{f['AwsAccountId']}-{f['Region']}-"))
                    self.assertIn(f":{f['Region']}:{f['AwsAccountId']}:product/{f['AwsAccountId']}/default", f["ProductArn"])
                    self.assertIn(f["Severity"]["Label"], labels)
                    self.assertLessEqual(len(f["ProductFields"]), 50)
                    created, updated = kept.setdefault(f["Id"], (f["CreatedAt"], ""))
                    self.assertEqual(f["CreatedAt"], created)
                    self.assertGreater(f["UpdatedAt"], updated)
                    kept[f["Id"]] = (created, f["UpdatedAt"])
        self.assertGreater(len(kept), 15)

    def test_workbook(self):
        book = openpyxl.load_workbook(self.first / "access_review.xlsx")
        sheet = book["Access review"]
        self.assertGreater(sheet.max_row, 15)
        self.assertEqual([c for s in book for row in s.iter_rows() for c in row if c.data_type == "f"], [], "no formulas")
        columns = {c.value: c.column for c in sheet[1]}
        kept = 0
        for row in range(2, sheet.max_row + 1):
            cell = lambda name: sheet.cell(row=row, column=columns[name])  # noqa: E731
            if cell("finding ids").value:
                kept += len(cell("finding ids").value.split())
                cell("decision").value, cell("reviewer").value, cell("date").value = "keep", "ann", "2026-11-01"
        filled = Path(self.folder.name) / "filled.xlsx"
        book.save(filled)
        code, text, errors = trailtrim("review", "import", filled, "--now", NIGHTS[1])
        self.assertEqual(code, 0, errors)
        self.assertEqual(text.count("[[suppression]]"), kept)
        self.assertGreater(kept, 10)
        accepted = Path(self.folder.name) / "accepted.toml"
        accepted.write_text(text)
        with tempfile.TemporaryDirectory() as other:
            out, code = night(Path(other), NIGHTS[1], "--suppressions", accepted)
            self.assertEqual(sum(f["status"] == "SUPPRESSED" for f in self.findings(out)), kept)

    def test_metrics(self):
        for file in [self.first / "metrics.prom", self.metrics]:
            text = file.read_text()
            self.assertTrue(text.endswith("\n"))
            families = {f.name: f for f in text_string_to_metric_families(text)}
            self.assertTrue(all(s.timestamp is None for f in families.values() for s in f.samples))
            self.assertTrue(families["trailtrim_findings"].samples)
        self.assertEqual(families["trailtrim_exit_code"].samples[0].value, self.third_code)

    def test_accepted_for_a_time(self):
        told = [{f["uid"]: f for f in self.findings(o)} for o in self.nights]
        uid = next(u for u, f in told[1].items() if f["status"] == "SUPPRESSED")
        self.assertEqual([told[n][uid]["change"] for n in range(3)], ["new", "suppressed", "reopened"])
        self.assertEqual([told[n][uid]["first_seen"] for n in range(3)], ["2026-11-01"] * 3)
        self.assertEqual(self.first_code, 3, "everything is new on the first night")
        self.assertEqual(self.baseline[0], 0, self.baseline)
        self.assertEqual((self.second_code, self.third_code), (0, 0), "nothing is new against the baseline")
        runs = [json.loads((o / "run.json").read_text()) for o in self.nights]
        self.assertEqual(runs[1]["findings"]["by_status"]["SUPPRESSED"], 1)
        warned = [[u for u in r["unknown"] if u.startswith("suppressions:")] for r in runs]
        self.assertEqual([len(w) for w in warned], [0, 1, 2])
        self.assertIn("matches nothing that fails", warned[1][0])
        self.assertTrue(any("legacy-batch" in w and "ended on 2026-11-02" in w for w in warned[2]), warned)
        code, text, _ = trailtrim("suppressions", "list", "--file", self.suppressions, "--expiring", "30d", "--now", NIGHTS[0])
        self.assertEqual((code, len(text.splitlines())), (0, 2))
        self.assertEqual(trailtrim("suppressions", "list", "--file", self.suppressions, "--now", NIGHTS[2])[0], 4)
        outbox = [json.loads(line)["change"] for line in (self.second / "changes.ndjson").read_text().splitlines()]
        self.assertIn("suppressed", outbox)
        self.assertNotIn("open", outbox)
        trend = list(csv.DictReader((self.third / "tables/trend.csv").read_text().splitlines()))
        self.assertEqual({r["night"] for r in trend}, {n[:10] for n in NIGHTS})

    def test_one_changed_byte(self):
        inputs = ["--inputs", SAMPLE / "logs", SAMPLE / "grants"]
        self.assertEqual(trailtrim("verify", self.first, *inputs)[0], 0)
        for name in ["run.json", "findings.parquet", "access_review.xlsx", "tables/usage.csv"]:
            file = self.first / name
            right = file.read_bytes()
            file.write_bytes(right[:-1] + bytes([right[-1] ^ 1]))
            code, text, _ = trailtrim("verify", self.first)
            self.assertEqual((code, text.splitlines()[0]), (3, f"changed: {name}"))
            file.write_bytes(right)
        self.assertEqual(trailtrim("verify", self.first)[0], 0)
        self.assertEqual(trailtrim("verify", self.first, "--inputs", SAMPLE / "grants")[0], 4)


if __name__ == "__main__":
    unittest.main(verbosity=2)
