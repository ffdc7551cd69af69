"""What goes wrong in a night: kills, signals, two runs at once, a store that is damaged or of another version, files that change."""

import json
import os
import random
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

import duckdb

from common import BINARY, NOW, SAMPLE, differences, run, trailtrim, tree

KILLS = int(os.environ.get("TRAILTRIM_KILLS", "10"))
SEED = int(os.environ.get("TRAILTRIM_SEED", "1"))
# The lock names its holder, another one each time.
STATE_BUT = ("lock",)


def logs_of(folder, *days):
    """Some days of the sample's logs."""
    for day in days:
        for file in (SAMPLE / "logs").rglob(f"*/2026/10/{day}/*"):
            to = folder / file.relative_to(SAMPLE / "logs")
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, to)
    return folder


def accounts_of(folder):
    """The sample's exports of one account: a whole run, in little time."""
    shutil.copytree(SAMPLE / "grants/accounts/444455556666", folder / "accounts/444455556666")
    return folder


class Night:
    """A state and an output folder after a first night, and what a second, undisturbed one makes of them."""

    def __init__(self, base):
        self.base = base
        self.grants = accounts_of(base / "grants")
        self.first = logs_of(base / "first", "05", "06")
        self.logs = logs_of(base / "logs", "05", "06", "07", "08", "09")
        (base / "a").mkdir()
        self.must(run(base / "a", logs=self.first, grants=self.grants, now="2026-10-31T00:00:00Z"))
        shutil.copytree(base / "a", base / "before")
        self.fresh()
        start = time.perf_counter()
        process = self.start()
        _, code, used = os.wait4(process.pid, 0)
        if code:
            raise RuntimeError(f"the second night ends with {code}")
        # How long a run takes depends on what else the machine does; how much it computes does not.
        self.length, self.computed = time.perf_counter() - start, used.ru_utime + used.ru_stime
        self.old_out, self.new_out = tree(base / "before/out"), tree(base / "a/out")
        self.state = tree(base / "a/state", but=STATE_BUT)

    def must(self, command):
        code, _, errors = trailtrim(*command)
        if code != 0:
            raise RuntimeError(f"{code}: {errors}")

    def start(self):
        return subprocess.Popen([BINARY, *map(str, self.command())], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def command(self, *more, **other):
        return run(self.base / "a", *more, **{"logs": self.logs, "grants": self.grants, **other})

    def fresh(self):
        shutil.rmtree(self.base / "a")
        shutil.copytree(self.base / "before", self.base / "a", copy_function=shutil.copy)


def computed(pid):
    """Seconds of a processor that a process has taken; `None` once it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] == "Z" else (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Faults(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.keep = tempfile.TemporaryDirectory()
        cls.night = Night(Path(cls.keep.name))

    @classmethod
    def tearDownClass(cls):
        cls.keep.cleanup()

    def setUp(self):
        self.night.fresh()
        self.a = self.night.base / "a"

    def assert_undisturbed(self, told=""):
        self.assertEqual((differences(self.night.new_out, tree(self.a / "out")), differences(self.night.state, tree(self.a / "state", but=STATE_BUT))), ([], []), told)
        self.assertEqual(sorted(p.name for p in self.a.iterdir()), ["out", "state"], told)

    def test_killed_at_any_moment(self):
        draw, left = random.Random(SEED), {"old": 0, "new": 0, "absent": 0}
        filled = self.a / ".out.trailtrim-new/manifest.json"
        for n in range(KILLS):
            moment = (n + draw.random()) / KILLS
            # Every fifth falls where the folders change places, which takes no time at all.
            at_the_end, pause = n % 5 == 4, draw.random() * 0.006
            while True:
                self.night.fresh()
                process = self.night.start()
                while (spent := computed(process.pid)) is not None and not (filled.exists() if at_the_end else spent >= moment * self.night.computed):
                    time.sleep(0.0002 if at_the_end else 0.001)
                if at_the_end:
                    time.sleep(pause)
                alive = process.poll() is None
                process.kill()
                process.wait()
                if alive:
                    break
                # It had ended: an earlier moment.
                moment, pause = moment * 0.97, pause * 0.7
            there = tree(self.a / "out") if (self.a / "out").exists() else None
            kind = "absent" if there is None else "old" if there == self.night.old_out else "new" if there == self.night.new_out else "mixed"
            self.assertIn(kind, ("old", "new"), f"killed at {moment:.1%}, at the end: {at_the_end}: {differences(self.night.old_out, there or {})[:5]}")
            left[kind] += 1
            self.assertEqual(trailtrim("verify", self.a / "out")[0], 0)
            self.night.must(self.night.command())
            self.assert_undisturbed(f"killed at {moment:.1%}")
            if n % 20 == 19:
                print(f"kills: {n + 1}: {left}", flush=True)
        print(f"kills: {KILLS} over {self.night.computed:.1f} s of computing; output folder as before {left['old']}, as after {left['new']}, mixed 0; {KILLS} of {KILLS} byte-equal after another run")

    def waiting(self, *more, **other):
        """A run that holds its folders and waits for a list of logs."""
        command = self.night.command(*more, **{"logs": "-", **other})
        process = subprocess.Popen([BINARY, *map(str, command)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        lock = Path(command[command.index("--state") + 1]) / "lock"
        for _ in range(6000):
            if lock.exists() and f"process {process.pid}" in lock.read_text() and any(p.name.startswith(".out") for p in self.a.iterdir()):
                return process
            time.sleep(0.01)
        process.kill()
        raise RuntimeError("the run does not begin")

    def test_signals_end_a_run_with_their_codes(self):
        for number, code, name in [(signal.SIGINT, 130, "SIGINT"), (signal.SIGTERM, 143, "SIGTERM")]:
            process = self.waiting()
            process.send_signal(number)
            _, errors = process.communicate(timeout=60)
            self.assertEqual(process.returncode, code, errors)
            self.assertIn(f"stopped by {name}", errors)
            self.assertIn("the same command goes on", errors)
            self.assertEqual(differences(self.night.old_out, tree(self.a / "out")), [])
        draw = random.Random(SEED)
        for number, code in [(signal.SIGINT, 130), (signal.SIGTERM, 143)]:
            process = subprocess.Popen([BINARY, *map(str, self.night.command())], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(0.3 + draw.random() * self.night.length * 0.5)
            process.send_signal(number)
            self.assertIn(process.wait(timeout=60), (code, 0))
        self.night.must(self.night.command())
        self.assert_undisturbed()

    def test_two_runs_at_once(self):
        first = self.waiting()
        code, _, errors = trailtrim(*self.night.command())
        self.assertEqual(code, 5, errors)
        self.assertIn(f"process {first.pid} on {os.uname().nodename}", errors)
        # Another state folder, and the same output folder.
        code, _, errors = trailtrim(*self.night.command(state="other"))
        self.assertEqual(code, 5, errors)
        self.assertIn("output folder", errors)
        first.communicate("\n".join(str(p) for p in self.night.logs.rglob("*.gz")) + "\n", timeout=400)
        self.assertEqual(first.returncode, 0)
        shutil.rmtree(self.a / "other")
        self.assertEqual(differences(self.night.new_out, tree(self.a / "out")), [])
        # What a killed run held is free.
        first = self.waiting()
        first.kill()
        first.communicate()
        self.night.must(self.night.command())
        self.assertEqual(sorted(p.name for p in self.a.iterdir()), ["out", "state"])

    def parts(self):
        return sorted((self.a / "state/events").rglob("*.parquet"))

    def test_a_damaged_part_is_found_and_made_again(self):
        self.night.must(self.night.command())
        draw = random.Random(SEED)
        def cut(path):
            path.write_bytes(path.read_bytes()[:-draw.randrange(1, 40)])
        def flip(path):
            content = bytearray(path.read_bytes())
            content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
            path.write_bytes(content)
        for damage in (cut, flip, lambda p: p.unlink()):
            part = draw.choice(sorted((self.a / "state").rglob("*.parquet")))
            damage(part)
            code, _, errors = trailtrim(*self.night.command(command="analyze"))
            self.assertEqual(code, 1, errors)
            self.assertIn(str(part.relative_to(self.a / "state")), errors)
            self.assertIn(".json.gz", errors)
            self.assertEqual(differences(self.night.new_out, tree(self.a / "out")), [], "the last night stands")
            # Of the batch only a part of the files is given: nothing is forgotten.
            code, _, errors = trailtrim(*self.night.command(logs=next(self.night.first.rglob("*.gz"))))
            self.assertEqual(code, 1, errors)
            self.assertIn("still to be given", errors)
            code, _, errors = trailtrim(*self.night.command())
            self.assertEqual(code, 0, errors)
            self.assertIn("damaged and made again", errors)
            self.assert_undisturbed(damage)

    def test_stores_of_other_versions(self):
        self.night.must(self.night.command())
        entries = sorted((self.a / "state/ledger").glob("*.json"))
        text = {p: p.read_text() for p in entries}
        # Older: a ledger without checksums is read; damage is found where it shows.
        for path in entries:
            value = json.loads(text[path])
            value.pop("sums")
            path.write_text(json.dumps({**value, "schema": 5}))
        self.assertEqual(trailtrim(*self.night.command())[0], 0)
        part = self.parts()[0]
        part.write_bytes(part.read_bytes()[:-1])
        self.assertEqual(trailtrim(*self.night.command(command="analyze"))[0], 1)
        self.assertEqual(trailtrim(*self.night.command())[0], 0)
        # Newer: nothing is touched.
        for path, content in text.items():
            path.write_text(json.dumps({**json.loads(content), "schema": 99}))
        before = tree(self.a, but=("state/lock",))
        for command in ("run", "analyze"):
            code, _, errors = trailtrim(*self.night.command(command=command))
            self.assertEqual(code, 1)
            self.assertIn("written by a newer version (schema 99)", errors)
        self.assertEqual(differences(before, tree(self.a, but=("state/lock",))), [])
        entries[0].write_text(text[entries[0]][:40])
        code, _, errors = trailtrim(*self.night.command())
        self.assertEqual((code, "damaged" in errors, entries[0].name in errors), (1, True, True), errors)

    def test_memory_of_earlier_nights(self):
        night = next((self.a / "state/findings").glob("*.json"))
        right = night.read_text()
        night.write_text(right[:len(right) // 2])
        code, _, errors = trailtrim(*self.night.command())
        self.assertEqual((code, night.name in errors, "moved away" in errors), (1, True, True), errors)
        night.write_text(json.dumps({**json.loads(right), "schema": 99}))
        code, _, errors = trailtrim(*self.night.command())
        self.assertEqual((code, "newer version" in errors), (1, True), errors)
        night.write_text(right)
        self.night.must(self.night.command())
        self.assert_undisturbed()

    def test_clocks(self):
        # Back, forward, and back again: a night that comes again is the same night.
        self.night.must(self.night.command())
        for now in ("2026-10-20T00:00:00Z", "2030-01-01T00:00:00Z"):
            code, _, errors = trailtrim(*self.night.command(now=now))
            self.assertEqual(code, 0, errors)
        self.night.must(self.night.command())
        # The trend tells of every night that there was.
        self.assertLessEqual(set(differences(self.night.new_out, tree(self.a / "out"))), {"manifest.json", "report.html", "tables/trend.csv"})
        # Before the logs: nothing was seen, so nothing goes.
        code, _, errors = trailtrim(*self.night.command(now="2020-01-01T00:00:00Z", state="fresh"))
        self.assertEqual(code, 0, errors)
        told = json.loads((self.a / "out/run.json").read_text())
        self.assertEqual(told["proposals"]["written"], 0, told["proposals"])
        self.assertEqual(told["proposals"]["granted_actions"]["before"], told["proposals"]["granted_actions"]["after"])
        self.assertGreater(len(told["unknown"]), 0)

    def test_time_zones_in_one_file(self):
        times = {"a": "2026-10-05T23:30:00Z", "b": "2026-10-06T01:30:00+02:00", "c": "2026-10-05T18:30:00-05:00", "d": "2026-10-06T05:00:00.000+05:30", "e": "2026-10-05T23:30:00.123456Z", "f": "2026-10-05t23:30:00z",
                 "no zone": "2026-10-05T23:30:00", "no time": "yesterday", "empty": "", "far": "99999-01-01T00:00:00Z", "before": "1800-01-01T00:00:00Z"}
        records = [{"eventID": name, "eventTime": time, "eventSource": "iam.amazonaws.com", "eventName": "ListUsers", "recipientAccountId": "111122223333", "userIdentity": {"type": "IAMUser", "principalId": "AIDA1", "accountId": "111122223333"}}
                   for name, time in times.items()]
        (self.a / "zones.json").write_text(json.dumps({"Records": records}))
        code, text, errors = trailtrim("ingest", "--quiet", "--logs", self.a / "zones.json", "--state", self.a / "zones")
        self.assertEqual(code, 4, errors)
        kept = dict(duckdb.sql(f"SELECT event_id, event_time_ms FROM read_parquet('{self.a}/zones/events/**/*.parquet')").fetchall())
        self.assertEqual({name: ms // 1000 for name, ms in kept.items() if name in "abcdef"}, dict.fromkeys("abcdef", 1_791_243_000))
        for name in ("no time", "empty", "far", "before"):
            self.assertNotIn(name, kept)
        self.assertEqual(errors.count("field eventTime"), len(times) - len(kept), errors)

    def test_files_that_change_while_they_are_read(self):
        moving = self.a / "moving.json"
        record = lambda n: json.dumps({"eventID": f"{n:08d}", "eventTime": "2026-10-05T23:30:00Z", "eventSource": "iam.amazonaws.com", "eventName": "ListUsers", "recipientAccountId": "111122223333", "userIdentity": {"type": "IAMUser", "principalId": "AIDA1"}}) + "\n"
        moving.write_text("".join(record(n) for n in range(100_000)))
        stop, written = threading.Event(), [100_000]
        def write():
            with moving.open("a") as file:
                while not stop.is_set():
                    file.write(record(written[0]))
                    file.flush()
                    written[0] += 1
        thread = threading.Thread(target=write)
        thread.start()
        try:
            for n in range(30):
                # On a machine with much to do, nobody may write just then.
                code, text, errors = trailtrim("ingest", "--quiet", "--logs", moving, "--state", self.a / f"moving.{n}")
                if code:
                    break
        finally:
            stop.set()
            thread.join()
        self.assertEqual(code, 4, text)
        self.assertIn("moving.json: cannot be read: it changed while it was read", errors)
        self.assertIn("kept 0 + duplicate 0 + rejected 1", text)
        code, text, errors = trailtrim("ingest", "--quiet", "--logs", moving, "--state", self.a / f"moving.{n}")
        self.assertEqual(code, 0, errors)
        self.assertIn(f"kept {written[0]} + duplicate 0 + rejected 0", text, "once it rests, every record of it")
