#!/usr/bin/env python3
"""Runs everybody on the same trails in turn, holds their counts against each other and prints what it cost, as Markdown.

    compare.py WORK CRATE --program PROGRAM [--rounds N] [--peers SIZE] [SIZE …]

A size is millions of events, or `small`. Trails, expected counts and the peers' packages lie in WORK, generate and inflate in CRATE;
see README.md.
"""
import argparse
import dataclasses
import json
import os
import pathlib
import platform
import re
import shutil
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).parent
SMALL = 50_000


@dataclasses.dataclass
class Case:
    """Something to measure."""
    name: str
    command: list  # run by a shell when it is one text
    check: str = ""  # which of the expected answers it must give: all, once, once_resource; `ledger`: the counts that it prints
    store: bool = False  # the answer is read from the event store, after the clock has stopped
    rounds: int = 99
    ndjson: bool = False


@dataclasses.dataclass
class Run:
    cpu: float
    wall: float
    peak_mib: int


def measured(command, log):
    """CPU seconds and the largest peak of the process and all that it waited for."""
    os.sync()
    with open(log, "wb") as out:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, shell=isinstance(command, str))
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, Run(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss // 1024)


def digest(*arguments):
    """See digest.py; apart, so that this process stays small and peaks are the programs' own."""
    return json.loads(subprocess.run([sys.executable, HERE / "digest.py", *arguments], capture_output=True, check=True).stdout)


class Bench:
    def __init__(self, work, program, crate):
        self.work, self.program, self.crate = work, program, crate
        self.python, self.failures = work / "venv/bin/python", []
        self.has_usage = "--store" in subprocess.run([program, "ingest", "--help"], capture_output=True, text=True, check=True).stdout

    def trails(self, size, ndjson=False):
        """The folder of a size, made on first use."""
        folder = self.work / ((size if size == "small" else f"{size}x") + ("-ndjson" if ndjson else ""))
        facts = folder.with_name(folder.name + ".json")
        if not facts.exists():
            events = SMALL if size == "small" else int(float(size) * 1_000_000)
            shutil.rmtree(folder, ignore_errors=True)
            command = [self.crate / "generate", folder, "--events", str(events)] + ["--ndjson"] * ndjson
            made = subprocess.run(command, capture_output=True, text=True, check=True)
            facts.write_text(made.stdout)
        return folder, json.loads(facts.read_text())

    def expected(self, folder, checks):
        """What all must count, by the plainest program (Python, one set of all event ids); kept beside the trails."""
        path = folder.with_name(folder.name + ".expected.json")
        answers = json.loads(path.read_text()) if path.exists() else {}
        for check, flags in (("all", []), ("once", ["--once"]), ("once_resource", ["--once", "--resource"])):
            if check in checks and check not in answers:
                out = self.work / "expected.tsv"
                subprocess.run([self.python, HERE / "peers/rollup_orjson.py", folder, out, *flags], check=True)
                answers[check] = digest(out)
                out.unlink()
                path.write_text(json.dumps(answers) + "\n")
        return answers

    def cases(self, size, folder, peers):
        out, state = self.work / "out.tsv", self.work / "state"
        peer = lambda name, *flags: [self.python, HERE / f"peers/rollup_{name}.py", folder, out, *flags]  # noqa: E731
        inflate = self.crate / "inflate"
        ingest = [self.program, "ingest", "--quiet", "--logs", folder, "--state", state]
        yield Case("F: libdeflate alone, 1 thread", [inflate, folder])
        yield Case("libdeflate alone, 2 threads", [inflate, "--threads", "2", folder])
        yield Case("trailtrim ingest, everything written", ingest, "once", store=True)
        if self.has_usage:
            yield Case("trailtrim ingest --store usage", [*ingest, "--store", "usage"], "ledger")
        if size == "small":
            scraper = self.work / "venv/bin/trailscraper"
            selected, policy = self.work / "selected.json", self.work / "policy.json"
            yield Case("trailscraper select + generate", f"'{scraper}' select --log-dir '{folder}' --from 2026-09-01 --to 2026-10-01 > '{selected}'"
                       f" && '{scraper}' generate < '{selected}' > '{policy}'", rounds=1)
            return
        if not peers:
            return
        yield Case("ClickHouse (chdb), rollup", peer("chdb"), "all")
        yield Case("ClickHouse (chdb), rollup, each event once", peer("chdb", "--once"), "once")
        yield Case("ClickHouse (chdb), rollup by resource too, each event once", peer("chdb", "--once", "--resource"), "once_resource")
        yield Case("DuckDB, rollup of the same records as NDJSON (unwrapping not counted)", peer("duckdb", "--ndjson"), "all", ndjson=True)
        yield Case("DuckDB, the same, each event once", peer("duckdb", "--ndjson", "--once"), "once", ndjson=True)
        yield Case("DuckDB, rollup of the Records files", peer("duckdb"), "all", rounds=1)
        yield Case("Python orjson, rollup, 2 processes", peer("orjson"), "all", rounds=3)

    def fail(self, size, case, why):
        self.failures.append(f"{size}: {case.name}: {why}")
        print(f"bench/ingest: {self.failures[-1]}", file=sys.stderr, flush=True)

    def check(self, size, case, log, facts, expected):
        """Whether a run counted what it must."""
        out, state = self.work / "out.tsv", self.work / "state"
        if case.name.startswith("trailscraper"):
            count = digest("--records", self.work / "selected.json")
            return count == facts["events"] or self.fail(size, case, f"{count} events instead of {facts['events']}")
        if not case.check:
            told = int(log.read_text().split()[-1])
            return told == facts["raw_bytes"] or self.fail(size, case, f"{told} bytes instead of {facts['raw_bytes']}")
        if self.program == case.command[0]:
            said = {name: int(n) for name, n in re.findall(r"\b(kept|duplicate|rejected) (\d+)", log.read_text())}
            right = {"kept": facts["distinct"], "duplicate": facts["events"] - facts["distinct"], "rejected": 0}
            if said != right:
                return self.fail(size, case, f"ledger says {said} instead of {right}")
            if not case.store:
                return True
            subprocess.run([self.python, HERE / "peers/rollup_store.py", state, out], check=True)
        found = digest(out)
        return found == expected[case.check] or self.fail(size, case, f"counts {found} instead of {expected[case.check]}")

    def measure(self, size, rounds, peers):
        folder, facts = self.trails(size)
        cases = list(self.cases(size, folder, peers))
        expected = self.expected(folder, {case.check for case in cases})
        for case in cases:
            if case.ndjson:
                other, _ = self.trails(size, ndjson=True)
                case.command = [other if part == folder else part for part in case.command]
        runs = {case.name: [] for case in cases}
        bad, log = set(), self.work / "said.txt"
        # Read once, so that everybody finds the files in memory.
        measured([self.crate / "inflate", folder], log)
        for number in range(rounds):
            for case in cases:
                if number >= case.rounds or case.name in bad:
                    continue
                # Removed after the measurements: ext4 is slow to make files where many have just been deleted.
                state = self.work / "state"
                if state.exists():
                    state.rename(self.work / f"state.old.{size}.{time.monotonic_ns()}")
                (self.work / "out.tsv").unlink(missing_ok=True)
                code, run = measured(case.command, log)
                if code != 0:
                    self.fail(size, case, f"exit {code}: {log.read_text(errors='replace')[-400:]}")
                    bad.add(case.name)
                    continue
                if not self.check(size, case, log, facts, expected):
                    bad.add(case.name)
                runs[case.name].append(run)
            for old in self.work.glob("state.old.*"):
                shutil.rmtree(old)
        shutil.rmtree(self.work / "state", ignore_errors=True)
        for name in ("out.tsv", "said.txt", "selected.json", "policy.json"):
            (self.work / name).unlink(missing_ok=True)
        table(size, facts, expected, cases, runs, bad)
        return runs


def table(size, facts, expected, cases, runs, bad):
    events = facts["events"]
    print(f"\n## {'Small' if size == 'small' else size + '×'}: {events:,} events, {facts['distinct']:,} different, {facts['files']:,} files,"
          f" {facts['raw_bytes'] / 1e6:,.0f} MB, {facts['gzip_bytes'] / 1e6:,.0f} MB packed\n")
    print("Groups: " + ", ".join(f"{name} {e['groups']:,} (`{e['sha256'][:12]}`)" for name, e in expected.items()) + "\n")
    print("| what | CPU, s | × F | µs an event | wall, s | peak, MiB | runs | counts |\n|---|---:|---:|---:|---:|---:|---:|---|")
    floor = statistics.median(r.cpu for r in runs[cases[0].name]) if runs[cases[0].name] else float("nan")
    middle = lambda case, what: statistics.median(getattr(r, what) for r in runs[case.name])  # noqa: E731
    for case in cases:
        if not runs[case.name]:
            print(f"| {case.name} | – | – | – | – | – | 0 | did not finish |")
            continue
        cpu = middle(case, "cpu")
        verdict = "WRONG" if case.name in bad else {"": "bytes", "ledger": "ledger"}.get(case.check, case.check.replace("_", ", "))
        verdict = "events only" if case.name.startswith("trailscraper") and case.name not in bad else verdict
        print(f"| {case.name} | {cpu:.2f} | {cpu / floor:.1f} | {cpu / events * 1e6:.2f} | {middle(case, 'wall'):.2f} |"
              f" {max(r.peak_mib for r in runs[case.name]):,} | {len(runs[case.name])} | {verdict} |")
    print("\nRuns, as CPU s / wall s / peak MiB:\n")
    for case in cases:
        print(f"- {case.name}: " + (", ".join(f"{r.cpu:.2f} / {r.wall:.2f} / {r.peak_mib:,}" for r in runs[case.name]) or "none"))
    sys.stdout.flush()


def growth(all_runs):
    """CPU and peak of each size against the one before."""
    sizes = [s for s in all_runs if s != "small"]
    if len(sizes) < 2:
        return
    print("\n## Growth\n\n| what | " + " | ".join(f"{a}× → {b}× CPU | peak" for a, b in zip(sizes, sizes[1:])) + " |")
    print("|---|" + "---:|" * 2 * (len(sizes) - 1))
    for name in all_runs[sizes[0]]:
        cells = []
        for a, b in zip(sizes, sizes[1:]):
            before, after = all_runs[a].get(name), all_runs[b].get(name)
            if not before or not after:
                cells += ["–", "–"]
                continue
            cells.append(f"{statistics.median(r.cpu for r in after) / statistics.median(r.cpu for r in before):.2f}")
            cells.append(f"{max(r.peak_mib for r in after) / max(r.peak_mib for r in before):.2f}")
        print(f"| {name} | " + " | ".join(cells) + " |")


def machine(program):
    models = [line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo", encoding="utf-8") if line.startswith("model name")]
    cpu = models[0] if models else platform.machine()
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    print(f"{os.cpu_count()} cores ({cpu}), Python {platform.python_version()}, {version}. `bench/ingest/run.sh`: medians, everybody in turn.")
    peers = ("chdb", "chdb-core", "duckdb", "orjson", "trailscraper")
    packages = [line for line in (HERE / "packages.txt").read_text().split() if line.split("=")[0] in peers]
    print("Peers: " + ", ".join(packages) + ".", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("work", type=pathlib.Path)
    parser.add_argument("crate", type=pathlib.Path)
    parser.add_argument("--program", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers", type=float, default=4, help="the largest size that the peers run on; 0: none")
    parser.add_argument("sizes", nargs="*", default=["small", "1", "4"])
    options = parser.parse_intermixed_args()
    bench = Bench(options.work, options.program, options.crate)
    machine(options.program)
    all_runs = {}
    for size in options.sizes or ["small", "1", "4"]:
        peers = size != "small" and float(size) <= options.peers
        all_runs[size] = bench.measure(size, options.rounds, peers)
    growth(all_runs)
    if bench.failures:
        print("\nNot as it must be:\n\n" + "\n".join(f"- {f}" for f in bench.failures))
        sys.exit(1)


if __name__ == "__main__":
    main()
