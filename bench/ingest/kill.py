#!/usr/bin/env python3
"""Kills ingest at moments all over its run, resumes it, and compares the state folder with an undisturbed run's, byte for byte.

    kill.py WORK CRATE --program PROGRAM [--threads] [--second] [--times N] [--events N] [--files N] [--seed S]

The run's length is measured first; the n-th kill falls at random into the n-th part of it. A run that ends before it is killed is made
again with an earlier moment, so that every one counts. `--threads` draws one thread or two for each run and each resumption; with
`--second`, the state has the first day's files from an earlier run, and the one that is killed is given everything.
"""
import argparse
import collections
import pathlib
import random
import shutil
import statistics
import subprocess
import sys
import time


def content(state):
    """Everything in a state folder by its path: a file's bytes, a folder's nothing. The lock's holder is another one each time."""
    return {p.relative_to(state): p.read_bytes() if p.is_file() else None for p in state.rglob("*") if p.name != "lock"}


def differences(right, found):
    for path in sorted(right.keys() | found.keys()):
        if path not in found:
            yield f"{path} is missing"
        elif path not in right:
            yield f"{path} is left over"
        elif right[path] != found[path]:
            yield f"{path} differs"


class Kills:
    def __init__(self, options, logs):
        self.options, self.logs, self.draw = options, logs, random.Random(options.seed)
        self.state, self.before = options.work / "kill.state", options.work / "kill.before"
        shutil.rmtree(self.before, ignore_errors=True)
        if options.second:
            # The first day's files by links, under the same names.
            folder = options.work / "kill.first"
            shutil.rmtree(folder, ignore_errors=True)
            files = sorted(logs.rglob("*.gz"))
            day = min(f.parts[-4:-1] for f in files)
            first = [f for f in files if f.parts[-4:-1] == day]
            for file in first:
                link = folder / file.relative_to(logs)
                link.parent.mkdir(parents=True, exist_ok=True)
                link.hardlink_to(file)
            subprocess.run([options.program, "ingest", "--quiet", "--logs", folder, "--state", self.before], check=True, stdout=subprocess.DEVNULL)
            print(f"An earlier run took the {len(first)} files of {'-'.join(day)}")
            shutil.rmtree(folder)

    def command(self):
        threads = ["--threads", str(self.draw.choice((1, 2)))] if self.options.threads else []
        return [self.options.program, "ingest", "--quiet", "--logs", self.logs, "--state", self.state, *threads]

    def fresh(self):
        shutil.rmtree(self.state, ignore_errors=True)
        if self.before.exists():
            shutil.copytree(self.before, self.state)

    def undisturbed(self):
        """Seconds of a run."""
        self.fresh()
        start = time.perf_counter()
        subprocess.run(self.command(), check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - start

    def killed(self, after):
        """Whether a run was alive when it was killed after so many seconds."""
        self.fresh()
        process = subprocess.Popen(self.command(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            process.communicate(timeout=after)
            return False
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return True

    def left(self):
        """What the kill left behind, in words."""
        had = content(self.before) if self.before.exists() else {}
        files = [p for p, v in content(self.state).items() if v is not None and p not in had]
        told = sum(1 for p in files if p.parts[0] == "ledger")
        if not files:
            return "nothing new"
        return f"{told or 'no'} new in the ledger with {'some' if len(files) > told else 'no'} other files"

    def run(self):
        lengths = [self.undisturbed() for _ in range(3)]
        right = content(self.state)
        length, files = statistics.median(lengths), sum(1 for v in right.values() if v is not None)
        print(f"Undisturbed: {length:.2f} s, {files} files, {sum(len(v) for v in right.values() if v) / 1e6:.1f} MB of state", flush=True)
        equal, left, moments = 0, collections.Counter(), []
        for n in range(self.options.times):
            moment = (n + self.draw.random()) / self.options.times
            while not self.killed(moment * length):
                moment *= 1 - 0.02 - 0.02 * self.draw.random()
            moments.append(moment)
            left[self.left()] += 1
            subprocess.run(self.command(), check=True, stdout=subprocess.DEVNULL)
            found = list(differences(right, content(self.state)))
            equal += not found
            if found:
                print(f"Killed after {moment * length:.3f} s: " + "; ".join(found[:5]) + (" …" if len(found) > 5 else ""), flush=True)
        behind = ", ".join(f"{what} {n}" for what, n in left.most_common())
        print(f"Killed at {min(moments):.0%} to {max(moments):.0%} of the run; left behind: {behind}")
        print(f"{equal} of {self.options.times} byte-equal")
        for folder in (self.state, self.before):
            shutil.rmtree(folder, ignore_errors=True)
        return equal == self.options.times


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("work", type=pathlib.Path)
    parser.add_argument("crate", type=pathlib.Path)
    parser.add_argument("--program", required=True)
    parser.add_argument("--threads", action="store_true")
    parser.add_argument("--second", action="store_true")
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--events", type=int, default=50_000)
    parser.add_argument("--files", type=int, default=600)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    logs = options.work / f"kill-{options.events}-{options.files}"
    done = logs.with_name(logs.name + ".json")
    if not done.exists():
        shutil.rmtree(logs, ignore_errors=True)
        per_million = options.files * 1_000_000 // options.events
        command = [options.crate / "generate", logs, "--events", str(options.events), "--files-per-million", str(per_million)]
        made = subprocess.run(command, capture_output=True, text=True, check=True)
        done.write_text(made.stdout)
    print(done.read_text().strip())
    sys.exit(0 if Kills(options, logs).run() else 1)


if __name__ == "__main__":
    main()
