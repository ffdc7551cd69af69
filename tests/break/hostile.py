"""Hostile texts in every field of logs and grants, through the whole product: no reader of any output is acted upon."""

import collections
import csv
import html.parser
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import duckdb
import openpyxl
import yaml

from common import HIDDEN, ROOT, hidden, on_terminal, trailtrim

GENERATE = ROOT / "testdata/hostile/generate.py"
CONFIG = '[coverage]\nmin_share = 0.1\ndata_events = ["s3", "dynamodb"]\n\n[controls]\nowner_tags = ["owner"]\n'
FORMULA = ("=", "+", "-", "@", "\t", "\r")
NUMBER = re.compile(r"-?\d+(\.\d+)?\Z")
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?\Z", re.IGNORECASE)


class Page(html.parser.HTMLParser):
    """Counts what could act."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.tags, self.handlers, self.links, self.text, self.inside = collections.Counter(), [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags[tag] += 1
        self.inside.append(tag)
        for name, value in attrs:
            if name.startswith("on") or name in ("srcdoc", "formaction", "autofocus"):
                self.handlers.append((tag, name, value))
            if name in ("href", "src", "action", "xlink:href") and value:
                self.links.append(value)
            self.text.append(value or "")

    def handle_data(self, data):
        self.text.append(data)


def shell_safe(script, folder):
    """Runs a script with an `aws` that only writes down what it was told; what it said, or why it is not safe."""
    done = subprocess.run(["sh", "-n", script], capture_output=True, text=True, check=False)
    if done.returncode:
        return f"not shell: {done.stderr}"
    bin_folder = folder / "bin"
    if not bin_folder.exists():
        bin_folder.mkdir()
        aws = bin_folder / "aws"
        aws.write_text('#!/bin/sh\nfor a in "$@"; do printf \'%s\\0\' "$a" >> "$AWS_CALLS"; done\ncase "$*" in *get-caller-identity*) echo 111122223333;; *) exit 254;; esac\n')
        aws.chmod(0o755)
    calls = folder / "calls"
    calls.write_bytes(b"")
    for options in (["--dry-run"], ["--force"]):
        subprocess.run(["sh", script, *options], cwd=script.parent, env={"PATH": f"{bin_folder}:{os.environ['PATH']}", "AWS_CALLS": str(calls), "HOME": str(folder)}, capture_output=True, check=False, timeout=300)
    return None


class Hostile(unittest.TestCase):
    """One run on names that act on readers, and one on names of a megabyte."""

    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.keep = tempfile.TemporaryDirectory()
        cls.base = Path(cls.keep.name)
        cls.out, cls.printed, cls.night = cls.base / "night" / "out", [], cls.base / "night"
        subprocess.run([sys.executable, GENERATE, cls.base / "in"], check=True)
        cls.night.mkdir()
        (cls.base / "c.toml").write_text(CONFIG)
        cls.arguments = ["run", "--logs", cls.base / "in/logs", "--grants", cls.base / "in/grants", "--config", cls.base / "c.toml", "--window", "7d", "--now", "2026-11-01T00:00:00Z",
                         "--state", cls.night / "state", "--out", cls.out, "--metrics-file", cls.night / "m.prom", "--tickets"]
        # From within the folder that must stay empty but for these three: relative paths would show.
        cls.code, text, errors = trailtrim(*cls.arguments, cwd=cls.night)
        cls.printed += [text, errors]
        cls.texts = {p: p.read_bytes().decode() for p in cls.out.rglob("*") if p.is_file() and p.suffix not in (".parquet", ".xlsx")}
        cls.owners = {json.loads(t)["owner"]: p.parent for p, t in cls.texts.items() if p.name == "evidence.json"}

    @classmethod
    def tearDownClass(cls):
        cls.keep.cleanup()

    def test_the_run_ends_well_and_stays_in_its_folders(self):
        self.assertEqual(self.code, 4, self.printed[1][-2000:])
        self.assertEqual(sorted(p.name for p in self.night.iterdir()), ["m.prom", "out", "state"])
        self.assertEqual(sorted(p.name for p in self.base.iterdir() if p.name not in ("bin", "calls", "cases.ndjson")), ["c.toml", "in", "night"])
        ledger = json.loads((self.out / "run.json").read_text())["ledger"]
        self.assertEqual(ledger["records_read"], ledger["kept"] + ledger["duplicate"] + ledger["rejected"])
        self.assertGreater(ledger["kept"], 1000)

    def test_no_text_file_hides_anything(self):
        bad = {}
        for path, text in self.texts.items():
            # A cell of CSV may end its line with both.
            found = hidden(text, "\n\t\r" if path.suffix == ".csv" else "\n\t")
            if found:
                bad[str(path.relative_to(self.out))] = found[:2]
        self.assertEqual(bad, {})
        self.assertGreater(len(self.texts), 500)

    def test_every_owner_has_a_folder_of_its_own(self):
        grants = json.loads((self.base / "in/grants/gaad.json").read_text())
        arns = {e["Arn"] for key in ("UserDetailList", "RoleDetailList", "GroupDetailList") for e in grants[key]}
        told = set(self.owners) | {row["owner"] for row in json.loads((self.out / "policies/left_alone.json").read_text())}
        shown = {HIDDEN.sub(lambda m: f"\\u{{{ord(m.group()):04x}}}", arn) for arn in arns}
        self.assertEqual([a for a in arns if a not in told and HIDDEN.sub(lambda m: f"\\u{{{ord(m.group()):04x}}}", a) not in told], [])
        self.assertGreater(len(shown), 250)
        folders = collections.Counter(str(p).lower() for p in self.owners.values())
        self.assertEqual([p for p, n in folders.items() if n > 1], [])
        files = collections.Counter(str(p).lower() for p in self.out.rglob("*"))
        self.assertEqual([p for p, n in files.items() if n > 1], [], "names that differ by case only")
        for path in self.out.rglob("*"):
            name = path.name
            self.assertLessEqual(len(name.encode()), 200, name)
            self.assertFalse(RESERVED.match(name) or name.startswith((".", "-", "~", " ")) or name.endswith((".", " ")), name)
            self.assertRegex(name, r"\A[A-Za-z0-9._=+,@~-]+\Z")
            self.assertFalse(path.is_symlink())

    def test_no_cell_is_a_formula(self):
        cells = 0
        for path in self.out.rglob("*.csv"):
            with path.open(newline="") as file:
                for row in csv.reader(file):
                    for cell in row:
                        cells += 1
                        self.assertFalse(cell.startswith(FORMULA) and not NUMBER.match(cell), (path.name, cell[:80]))
        self.assertGreater(cells, 10_000)
        book = openpyxl.load_workbook(self.out / "access_review.xlsx")
        for sheet in book:
            for row in sheet.iter_rows():
                for cell in row:
                    self.assertNotEqual(cell.data_type, "f", cell.value)
                    self.assertIsNone(cell.hyperlink)
                    self.assertEqual(hidden(str(cell.value or "")), [])

    def test_nothing_acts_on_the_page(self):
        pages = [p for p in self.texts if p.suffix == ".html"]
        for path in pages:
            page = Page()
            page.feed(self.texts[path])
            self.assertEqual(page.handlers, [], path.name)
            self.assertEqual(set(page.tags) & {"img", "iframe", "object", "embed", "form", "base", "link", "animate", "foreignobject", "audio", "video"}, set(), path.name)
            self.assertLessEqual(page.tags["script"], 2)
            for link in page.links:
                self.assertRegex(link, r"\A(#|\.\./|[A-Za-z0-9._-]+/|[A-Za-z0-9._-]+\.(html|csv|json|md|xlsx)|https://docs\.aws\.amazon\.com/|data:)", path.name)
            self.assertEqual([t[:60] for t in page.text if hidden(t, "\n\t\r")], [], path.name)
            self.assertIn("default-src 'none'", self.texts[path])

    def test_markdown_stays_text(self):
        bad = []
        for path in (p for p in self.texts if p.suffix == ".md"):
            fence = None
            for line in self.texts[path].splitlines():
                mark = re.match(r"(`{3,})", line)
                if fence is None and mark:
                    fence = mark.group(1)
                    continue
                if fence is not None:
                    if line.strip() == fence:
                        fence = None
                    continue
                bare = re.sub(r"\\.", "", line)
                if re.search(r"<(script|img|svg|http|!--|b>)|\]\((?!#|[A-Za-z0-9._/-]+\))|!\[", bare):
                    bad.append((path.name, line[:120]))
            self.assertIsNone(fence, path)
        self.assertEqual(bad[:5], [])

    def test_scripts_run_nothing_but_what_is_theirs(self):
        scripts = [p for p in self.texts if p.suffix == ".sh"]
        self.assertGreater(len(scripts), 100)
        for path in scripts:
            self.assertIsNone(shell_safe(path, self.base), path)
        self.assertEqual([str(p) for p in self.base.rglob("PWNED")], [])

    def test_templates_stay_texts(self):
        found = collections.Counter()
        for path, text in self.texts.items():
            if path.suffix == ".yaml":
                found["yaml"] += 1
                template = yaml.safe_load(text)
                self.assertEqual(set(template), {"AWSTemplateFormatVersion", "Description", "Resources"})
                self.assertNotIn("{{resolve:", text)
            if path.suffix == ".tf":
                found["tf"] += 1
                # Without strings, no template and no block that is not ours is left.
                bare = re.sub(r'"(\\.|[^"\\])*"', '""', text)
                for line in bare.splitlines():
                    self.assertRegex(line, r'\A(#.*|import \{|resource "" "" \{|  [a-z_]+ += (file\(""\)|""|aws_[a-z_.A-Z0-9]+)|\}|)\Z', path)
                for string in re.findall(r'"((?:\\.|[^"\\])*)"', text):
                    self.assertNotRegex(string.replace("$${", "").replace("%%{", "").replace("${path.module}", ""), r"[$%]\{", path)
        self.assertGreater(min(found["yaml"], found["tf"]), 50)

    def test_formats_of_programs_hold_what_was_there(self):
        for path, text in self.texts.items():
            if path.suffix in (".json", ".sarif"):
                json.loads(text)
            if path.suffix == ".ndjson":
                for line in text.splitlines():
                    json.loads(line)
        for path in (self.out / "metrics.prom", self.night / "m.prom"):
            for line in path.read_text().splitlines():
                self.assertRegex(line, r"\A(# (HELP|TYPE) trailtrim_.*|trailtrim_[a-z_]+(\{.*\})? [0-9.e+-]+)\Z")
        names = {row[0] for row in duckdb.sql(f"SELECT DISTINCT resource FROM read_parquet('{self.out}/findings.parquet')").fetchall()}
        self.assertTrue(any("\u202e" in n for n in names), "Parquet is for programs: the text as it was")
        sarif = json.loads((self.out / "findings.sarif").read_text())
        for result in sarif["runs"][0]["results"]:
            self.assertNotIn("[", re.sub(r"\\.", "", result["message"]["text"]))

    def test_a_terminal_is_told_nothing_hidden(self):
        state = self.night / "state"
        asked = [["doctor", self.base / "in/grants"], ["doctor", "--json", self.base / "in/grants"], ["rules", "list"], ["verify", self.out]]
        finding = json.loads((self.out / "findings.json").read_text())["findings"]
        asked += [["explain", f["uid"], "--out", self.out] for f in finding[::331]]
        # What the list of arguments of a process can say.
        arns = [a for a in sorted(self.owners) if "\0" not in a]
        for n, arn in enumerate(arns[::23]):
            form = ["json", "diff", "terraform", "cloudformation", "cli"][n % 5]
            asked += [["policy", f"--format={form}", "--out", self.out, "--", arn], ["explain", "--out", self.out, "--state", state, "--", arn, "s3:GetObject"]]
        event_ids = [r[0] for r in duckdb.sql(f"SELECT event_id FROM read_parquet('{state}/events/**/*.parquet') ORDER BY 1").fetchall() if r[0] and "\0" not in r[0]]
        asked += [["explain", "--out", self.out, "--state", state, "--", e] for e in event_ids[::211]]
        asked += [["lint", p] for p in sorted(self.out.glob("policies/*/*/*/current*.json"))[::97]]
        cases = self.base / "cases.ndjson"
        texts = sorted({f["resource"] for f in finding})[::5]
        cases.write_text("".join(json.dumps({"id": t, "request": {"principal": {"type": "IAMUser", "arn": t, "account": "111122223333"}, "action": t, "resource": t, "context": {t: t}},
                                             "policies": {"identity": [{"name": t, "document": {"Version": "2012-10-17", "Statement": [{"Sid": t, "Effect": "Allow", "Action": "*", "Resource": "*"}]}}]}}) + "\n" for t in texts))
        asked += [["simulate", cases], ["simulate", "--explain", cases]]
        pair = sorted(self.out.glob("policies/*/*/*/proposed*.json"))[:40:7]
        asked += [["check", "--existing", p.parent.joinpath(p.name.replace("proposed", "current")), "--new", p] for p in pair if p.parent.joinpath(p.name.replace("proposed", "current")).exists()]
        bad, codes = {}, collections.Counter()
        for arguments in asked:
            code, text = on_terminal(*arguments)
            codes[arguments[0], code] += 1
            found = hidden(text)
            if found:
                bad[" ".join(map(str, arguments))[:120]] = found[:1]
            self.assertNotIn("panicked", text)
        self.assertEqual(bad, {})
        self.assertEqual([hidden(t) for t in self.printed], [[], []])
        self.assertGreater(codes["explain", 0], 10, codes)
        self.assertGreater(codes["policy", 0], 5, codes)

    def test_names_of_a_megabyte(self):
        with tempfile.TemporaryDirectory() as night:
            base = Path(night, "in")
            subprocess.run([sys.executable, GENERATE, base, "--long"], check=True)
            code, text, errors = trailtrim("run", "--quiet", "--logs", base / "logs", "--grants", base / "grants", "--config", self.base / "c.toml", "--window", "7d", "--now", "2026-11-01T00:00:00Z",
                                           "--state", f"{night}/state", "--out", f"{night}/out")
            self.assertIn(code, (0, 4), errors[-500:])
            self.assertEqual((hidden(text), hidden(errors)), ([], []))
            self.assertLess(len(errors), 100_000)
            self.assertTrue(all(len(p.name) < 200 for p in Path(night).rglob("*")))
            sizes = {str(p.relative_to(night)): p.stat().st_size for p in Path(night, "out").rglob("*") if p.suffix in (".md", ".html")}
            self.assertEqual({p: n for p, n in sizes.items() if n > 3_000_000}, {})
