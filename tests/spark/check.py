"""Runs the Spark job on a real cluster of this machine, with and without trouble, and holds its state folder against one machine's."""

import collections
import csv
import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import pyarrow.parquet as pq
import sqlglot

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1]), str(Path(__file__).parents[2] / "spark")]

import trailtrim_job  # noqa: E402
from cluster import HOME, QUICK, Cluster, end_session, until  # noqa: E402

BINARY, ANSWERS = sys.argv[1:3]
del sys.argv[1:3]
HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SAMPLE = ROOT / "testdata/organisation"
JOB = ROOT / "spark/trailtrim_job.py"
NOW = "2026-11-01T00:00:00Z"
TABLES = ("events", "event_actions", "grant_changes")
ACCOUNT = "111122223333"
POISON = "poison"


def record(number, time_of="2026-10-05T10:00:00Z", **more):
    """A made-up call; its id is its number."""
    caller = {"type": "IAMUser", "principalId": "AIDAEXAMPLE", "arn": f"arn:aws:iam::{ACCOUNT}:user/ci", "accountId": ACCOUNT, "userName": "ci"}
    return {
        "eventVersion": "1.11", "eventID": f"00000000-0000-4000-8000-{number:012d}", "eventTime": time_of, "eventSource": "s3.amazonaws.com", "eventName": "ListBuckets",
        "awsRegion": "eu-west-1", "sourceIPAddress": "198.51.100.7", "recipientAccountId": ACCOUNT, "userIdentity": caller, "eventType": "AwsApiCall", "readOnly": True, **more,
    }


def other_side(number):
    """The copy of a call that its caller's own account did not write."""
    return record(number, userIdentity={"type": "AWSAccount", "principalId": "AIDAEXAMPLE", "accountId": ACCOUNT})


def put(path, records):
    """Writes a log file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(json.dumps({"Records": records}).encode(), mtime=0))


def make_logs(folder):
    """The sample, with copies of events in other files, damaged files and hostile names."""
    shutil.copytree(SAMPLE / "logs", folder)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    for path in files[::7]:
        copy = folder / "second trail" / path.name
        copy.parent.mkdir(exist_ok=True)
        shutil.copyfile(path, copy)
    # Of one batch the copy that names its caller stays, wherever it lies; files in order of name.
    put(folder / "a/0.json.gz", [other_side(n) for n in range(40)] + [record(n) for n in range(100, 120)])
    put(folder / "zz/9.json.gz", [record(n) for n in range(30)] + [other_side(n) for n in range(100, 120)])
    put(folder / "zz/line\nbreak 'and\" more.json.gz", [record(n) for n in range(20, 50)])
    # An event that is told again with new data.
    put(folder / "a/1.json.gz", [record(200, addendum={"reason": "UPDATED_DATA", "originalEventID": record(1)["eventID"]})])
    # Several batches, so that the first that has an event keeps it: 16 MiB of bytes that cannot be packed.
    put(folder / "m/0.json.gz", [record(300 + n, userAgent=os.urandom(6 << 20).hex()[: 12 << 20] if n < 3 else "x") for n in range(5)])
    put(folder / "n/0.json.gz", [other_side(n) for n in range(300, 310)])
    (folder / "zz/half.json.gz").write_bytes(gzip.compress(b'{"Records": [{"eventID": "x"')[:-9])
    (folder / "zz/odd.json").write_text('{"Records": [{"eventTime": "never"}, 7]}')
    (folder / "zz/notes.txt").write_text("no log")
    (folder / "zz/empty.json").write_text("")


def ledger(state):
    """Entries of a state's ledger by path, and its part files."""
    files, parts = {}, []
    for path in sorted(Path(state, "ledger").glob("batch-*.json")):
        batch = json.loads(path.read_text())
        for entry in batch["files"]:
            files.setdefault(entry["path"], []).append(entry)
        parts += batch["parts"]
    return files, parts


def rows(state, table, without=()):
    """How often each row stands in a table of a state."""
    count = collections.Counter()
    for part in ledger(state)[1]:
        if part.startswith(f"{table}/"):
            read = pq.ParquetFile(Path(state, part)).read()
            assert set(read.column("date").to_pylist()) == {part.split("/")[1].removeprefix("date=")}, part
            count.update(zip(*(column.to_pylist() for column in read.columns)))
    return count


def tree(folder):
    """Every file below a folder."""
    return {path.relative_to(folder): path.read_bytes() for path in Path(folder).rglob("*") if path.is_file() and path.name != "lock"}


class Job(unittest.TestCase):
    """One cluster for all tests."""

    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory(prefix="trailtrim-spark-")
        cls.addClassCleanup(cls.temporary.cleanup)
        cls.folder = Path(cls.temporary.name)
        cls.logs = cls.folder / "the logs"
        make_logs(cls.logs)
        cls.alone = cls.folder / "alone"
        cls.cli("ingest", "--quiet", "--logs", cls.logs, "--state", cls.alone, code=4)
        cls.cluster = Cluster(cls.folder / "cluster")
        cls.addClassCleanup(cls.cluster.stop)

    @classmethod
    def cli(cls, *words, code=0):
        done = subprocess.run([BINARY, *map(str, words)], capture_output=True, text=True, check=False)
        assert done.returncode == code, (words, done.returncode, done.stderr[-2000:])
        return done.stdout

    def analyze(self, state, out):
        self.cli("analyze", "--quiet", "--state", state, "--grants", SAMPLE / "grants", "--config", SAMPLE / "trailtrim.toml", "--now", NOW, "--out", out)

    def program(self, name, text):
        """A program in trailtrim's place that does something first; the list of files is in `$list`. It notes each ingest in `<name>.log`."""
        path = self.folder / name
        path.write_text(
            f'#!/bin/sh\n[ "$1" = ingest ] || exec "{BINARY}" "$@"\nlist=$(mktemp "{self.folder}/list-XXXXXX")\ncat >"$list"\n'
            f'echo "$$" >>"{path}.log"\n{text}\n"{BINARY}" "$@" <"$list"\ncode=$?\nrm -f "$list"\nexit $code\n'
        )
        path.chmod(0o755)
        return path

    def submit(self, name, *words, logs=None, program=BINARY, share_bytes=100_000, **settings):
        """Starts the job; state and work folder have its name."""
        words = ["--logs", logs or self.logs, "--state", self.folder / name / "state", "--work", self.folder / name / "work", "--trailtrim", program, "--share-bytes", share_bytes, *words]
        return self.cluster.submit(JOB, *words, **settings)

    def done(self, job, code=4):
        """Waits for a job; gives what it told, and all that it said."""
        out, _ = job.communicate(timeout=600)
        self.assertEqual(job.returncode, code, out[-4000:])
        return json.loads(next(line for line in out.splitlines() if line.startswith("{"))), out

    def assert_same_store(self, state, alone=None):
        """The same rows in every table, and the same counts for every file."""
        alone = alone or self.alone
        for table in TABLES:
            ours, theirs = rows(state, table), rows(alone, table)
            self.assertTrue(theirs, table)
            self.assertEqual((list((ours - theirs).items())[:3], list((theirs - ours).items())[:3]), ([], []), table)
        self.assertEqual(ledger(state)[0], ledger(alone)[0])
        named, there = set(ledger(state)[1]), {str(p.relative_to(state)) for table in TABLES for p in Path(state, table).rglob("*") if p.is_file()}
        self.assertEqual(named, there, "readers that do not know the ledger see the same part files")

    def test_one_store_whatever_happens(self):
        """The job undisturbed; then with a worker that is lost in the middle."""
        job = self.submit("plain", "--tables", self.folder / "tables", "--now", NOW, "--only", "usage", "--only", "activity", "--only", "denied_calls")
        told, said = self.done(job)
        self.assertIn("half.json.gz", said)
        state = self.folder / "plain/state"
        self.assert_same_store(state)
        files = [entry for entries in ledger(state)[0].values() for entry in entries]
        for name in ("records_read", "kept", "duplicate"):
            self.assertEqual(told[name], sum(entry[name] for entry in files), name)
        self.assertGreater(told["shares"], 6)
        self.assertGreater(told["duplicate"], 400)
        self.assertEqual((told["poisoned"], told["files_listed"] - told["files"]), ([], 1), "one file is no log")
        self.analyze(self.alone, self.folder / "out-alone")
        self.analyze(state, self.folder / "out-spark")
        ours, theirs = tree(self.folder / "out-spark"), tree(self.folder / "out-alone")
        self.assertEqual({name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name)}, set(), "analyze gives the same bytes")
        self.check_tables(told)

        slow = self.program("slow", "sleep 2")
        job = self.submit("killed", program=slow)
        shares = self.folder / "killed/work"
        until(lambda: len(list(shares.glob("plan-*/shares/[0-9a-f]*"))) >= 2 and self.cluster.runs("one", slow), "a third share")
        self.cluster.kill("one")
        self.assertLess(len(list(shares.glob("plan-*/shares/[0-9a-f]*"))), told["shares"], "the worker was lost in the middle")
        again, _ = self.done(job)
        self.assertGreater(len((self.folder / "slow.log").read_text().splitlines()), told["shares"] + 1, "what the lost worker did was done again")
        state = self.folder / "killed/state"
        self.assert_same_store(state)
        before = tree(state)
        self.cli("ingest", "--quiet", "--logs", self.logs, "--state", state)
        self.assertEqual(tree(state), before, "the program knows every file")
        self.assertEqual({k: again[k] for k in ("kept", "duplicate", "rejected")}, {k: told[k] for k in ("kept", "duplicate", "rejected")})
        self.cluster.worker("one")

    def check_tables(self, told):
        """The answers of the large queries; use is the table that `analyze` writes."""
        self.assertEqual(sorted(told["tables"]), ["activity", "denied_calls", "usage"])
        self.assertEqual(sorted(told["tables"]), sorted(path.name for path in (self.folder / "tables").iterdir()))
        read = pq.read_table(self.folder / "tables/usage/as_of=2026-11-01", partitioning=None).to_pylist()
        with open(self.folder / "out-alone/tables/usage.csv", newline="", encoding="utf-8") as file:
            alone = list(csv.DictReader(file))
        self.assertGreater(len(alone), 100)
        same = ("account", "principal_key", "action", "resource_arn", "region", "context_class", "outcome", "calls", "first_seen_ms", "last_seen_ms")
        # What is not told is said in the table of a run.
        usual = {"account": "unknown", "resource_arn": "*", "context_class": "{}", "region": ""}
        count = lambda table: collections.Counter(tuple(str(usual[name] if row[name] is None else row[name]) for name in same) for row in table)  # noqa: E731
        self.assertEqual(count(read), count(alone))

    def test_submitted_again(self):
        """A driver that is lost, a file that brings the program down, and a job that was done already."""
        logs = self.folder / "more logs"
        shutil.copytree(self.logs, logs)
        put(logs / f"k/{POISON}.json.gz", [record(n) for n in range(400, 410)])
        crash = self.program("crash", f'sleep 1\nif tr "\\0" "\\n" <"$list" | grep -q {POISON}; then kill -ABRT $$; fi')
        job = self.submit("once again", logs=logs, program=crash)
        work = self.folder / "once again/work"
        until(lambda: len(list(work.glob("plan-*/shares/[0-9a-f]*"))) >= 2, "the second share")
        end_session(job.pid)
        job.communicate()
        told, said = self.done(self.submit("once again", logs=logs, program=crash))
        self.assertGreaterEqual(told["shares_reused"], 2)
        self.assertEqual(told["poisoned"], [f"k/{POISON}.json.gz"])
        self.assertIn(POISON, said)
        state = self.folder / "once again/state"
        for table in TABLES:
            self.assertEqual(rows(state, table), rows(self.alone, table), table)
        files = ledger(state)[0]
        [entry] = files.pop(f"k/{POISON}.json.gz")
        self.assertEqual((entry["sha256"], len(entry["rejections"])), ("", 1))
        self.assertEqual(files, ledger(self.alone)[0])
        # The program is repaired: the next job reads what could not be read, and nothing else is taken in twice.
        before = tree(state)
        told, _ = self.done(self.submit("once again", logs=logs), code=0)
        self.assertEqual((told["files"], told["kept"], told["poisoned"]), (1, 10, []))
        self.cli("ingest", "--quiet", "--logs", logs, "--state", self.folder / "alone again", code=4)
        for table in TABLES:
            self.assertEqual(rows(state, table), rows(self.folder / "alone again", table), table)
        after = tree(state)
        self.assertEqual({name: after[name] for name in before}, before)
        told, _ = self.done(self.submit("once again", logs=logs), code=0)
        self.assertTrue(told["committed_before"])
        self.assertEqual(tree(state), after)

    def test_night_after_night(self):
        """A second night on the state that one machine made in the first."""
        first = self.folder / "first night"
        shutil.copytree(self.logs, first)
        shutil.rmtree(first / "zz")
        alone, state = self.folder / "nights alone", self.folder / "nights/state"
        for folder in (alone, state):
            self.cli("ingest", "--quiet", "--logs", first, "--state", folder)
        self.cli("ingest", "--quiet", "--logs", self.logs, "--state", alone, code=4)
        told, _ = self.done(self.submit("nights"))
        self.assert_same_store(state, alone)
        self.assertEqual(told["files"], 5)

    @unittest.skipUnless("TRAILTRIM_CORPORA" in os.environ, "TRAILTRIM_CORPORA is not set: no real logs")
    def test_real_logs(self):
        """Other people's logs, among much that is none."""
        logs, alone = os.environ["TRAILTRIM_CORPORA"], self.folder / "real alone"
        code = subprocess.run([BINARY, "ingest", "--quiet", "--logs", logs, "--state", alone], capture_output=True, check=False).returncode
        told, _ = self.done(self.submit("real", logs=logs, share_bytes=500_000), code=code)
        self.assertGreater((told["shares"], told["kept"]), (3, 1000))
        self.assert_same_store(self.folder / "real/state", alone)

    def test_a_folder_that_is_held_is_left_alone(self):
        """By another job, or by the program."""
        folder = self.folder / "held"
        with trailtrim_job.held(folder):
            with self.assertRaises(trailtrim_job.JobError) as refused, trailtrim_job.held(folder):
                pass
            self.assertEqual(refused.exception.code, 5)
            self.cli("ingest", "--quiet", "--logs", SAMPLE / "logs", "--state", folder, code=5)
        with trailtrim_job.held(folder):
            pass


class Sql(unittest.TestCase):
    """The same SQL for every engine."""

    def test_every_query_gives_the_same_rows(self):
        """On the built-in engine and on Spark: on the sample and, where there are any, on the corpora."""
        with tempfile.TemporaryDirectory() as folder:
            plan = Path(folder, "plan.json")
            subprocess.run([BINARY, "shares", "--logs", SAMPLE / "logs", "--out", folder], check=True, capture_output=True)
            quick = {
                "spark.ui.enabled": "false", "spark.log.level": "ERROR", "spark.sql.shuffle.partitions": "1", "spark.sql.adaptive.enabled": "false",
                # Of hundreds of plans over small tables, compiling would be all of the work; the job's own tests compile.
                "spark.sql.codegen.wholeStage": "false", "spark.sql.codegen.factoryMode": "NO_CODEGEN", "spark.driver.extraJavaOptions": QUICK,
            }
            options = [word for setting in quick.items() for word in ("--conf", "=".join(setting))]
            environment = {**os.environ, "PYSPARK_PYTHON": sys.executable, "PYSPARK_DRIVER_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_HOME": str(HOME)}
            command = [HOME / "bin/spark-submit", "--master", "local[2]", *options, HERE / "queries.py", ANSWERS, ROOT / "queries", plan]
            done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
            self.assertEqual(done.returncode, 0, done.stdout[-6000:] + done.stderr[-2000:])
            told = json.loads(done.stdout.splitlines()[-1])
            print(told, file=sys.stderr)
            self.assertEqual(told["queries"], len(list((ROOT / "queries").glob("*.sql"))))
            self.assertGreater(told["rows"], 3000)
            self.check_ddl(plan)

    def check_ddl(self, plan):
        """athena.sql and trino.sql are what the tables' columns make of them, and their engines' parsers take every statement."""
        subprocess.run([sys.executable, ROOT / "spark/athena.py", plan, "--check"], check=True)
        told = json.loads(plan.read_text())
        queries, views = told["queries"], told["views"]
        for engine in ("athena", "trino"):
            statements = sqlglot.parse((ROOT / f"spark/{engine}.sql").read_text(), read=engine)
            kinds = collections.Counter(type(statement).__name__ for statement in statements if statement)
            self.assertEqual(kinds, {"Create": 3 + 3 + len(views) + len(queries), "Select": 1}, engine)
            partitioned = [s for s in statements if s and s.find(sqlglot.exp.PartitionedByProperty)]
            self.assertEqual(len(partitioned), 3 + len(queries), engine)


if __name__ == "__main__":
    # Whoever ends this ends the cluster.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    unittest.main(verbosity=2)
