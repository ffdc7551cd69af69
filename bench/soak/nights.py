#!/usr/bin/env python3
"""Night after night on the organisation of bench/grants/generate.py, and whether it stays as it is on the first: nights.py --program
TRAILTRIM [--nights 30] [--events 1000000] [--roles 300] [--window 7] [--keep 9] [--work DIR] [--seed 1]
[--root-nights 5 20] [--root-days 4]

Every night has the same work (bench/analyze/logs.py, few names a pattern) with events and times of its own, and besides: a file of the
day before that comes late, a file of that day delivered again under another name, a file of twenty days ago, and in some nights a call of
a root user, which is a finding for some days. After each night these must be right, or the exit code is 1: the ledger (read, kept, duplicate, too old,
rejected), the days that the store has, the finding about the root user (new, open, fixed, reopened), the trend. At the end: store and
memory of the last nights beside those after the window filled. Nights that were done are not done again.
"""
import argparse
import datetime
import gzip
import json
import multiprocessing
import os
import pathlib
import shutil
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "analyze"))
import logs  # noqa: E402

FIRST = datetime.date(2026, 11, 1)
TEMPLATE_DAY = b"2026-10-31T"
TEMPLATE_ID = b'"eventID":"00000000-'
RECORDS_A_FILE = 3000
# Roles that hold nothing make few calls: of the wanted events, so many come.
SHARE = 0.89
ANCIENT = 20


class Template(logs.Maker):
    """A day of work as files of a few thousand records."""

    def write(self, root, account, records):
        records.sort(key=lambda r: (r["eventTime"], r["eventID"]))
        root.mkdir(parents=True, exist_ok=True)
        for at in range(0, len(records), RECORDS_A_FILE):
            text = json.dumps({"Records": records[at:at + RECORDS_A_FILE]}, separators=(",", ":")).encode()
            self.bytes += len(text)
            (root / f"{account}-{at // RECORDS_A_FILE:04d}.json.gz").write_bytes(gzip.compress(text, 1, mtime=0))


def few(pattern, count, draw):
    """Resources inside a pattern: the same few every night."""
    if pattern == "*" or "*" not in pattern:
        return [pattern]
    return [pattern.replace("*", f"item{draw.randrange(20):02d}") for _ in range(min(count, 4))]


def day_of(night):
    return FIRST + datetime.timedelta(days=night - 1)


def dated(text, night, mark):
    """The template's bytes as of a night; `mark` makes its event ids its own."""
    return text.replace(TEMPLATE_DAY, f"{day_of(night)}T".encode()).replace(TEMPLATE_ID, f'"eventID":"{mark:08x}-'.encode())


def name(account, night, at, kind="soak"):
    day = day_of(night)
    return f"AWSLogs/{account}/CloudTrail/eu-west-1/{day:%Y/%m/%d}/{account}_CloudTrail_eu-west-1_{day:%Y%m%d}T2355Z_{kind}{at:04d}.json.gz"


def put(root, path, text):
    path = root / path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text, 1, mtime=0))


def one(job):
    source, root, night = job
    account, at = source.name.split(".")[0].split("-")
    put(root, name(account, night, int(at)), dated(gzip.decompress(source.read_bytes()), night, night))


def root_call(account, night):
    moment = f"{day_of(night)}T12:00:00Z"
    return {"eventVersion": "1.11", "userIdentity": {"type": "Root", "principalId": account, "arn": f"arn:aws:iam::{account}:root", "accountId": account},
            "eventTime": moment, "eventSource": "iam.amazonaws.com", "eventName": "ListUsers", "awsRegion": "us-east-1", "sourceIPAddress": "198.51.100.7",
            "userAgent": "console", "requestParameters": None, "responseElements": None, "requestID": f"ROOT{night}",
            "eventID": f"ffffffff-0000-4000-8000-{night:012x}", "readOnly": True, "eventType": "AwsApiCall", "managementEvent": True,
            "recipientAccountId": account, "eventCategory": "Management"}


def make(template, root, night, pool, root_nights):
    """The logs of a night; gives how many records of each kind there are."""
    files = sorted(template.glob("*.json.gz"))
    pool.map(one, [(f, root, night) for f in files], chunksize=8)
    small = json.loads(gzip.decompress(files[0].read_bytes()))["Records"]
    account = files[0].name.split("-")[0]
    as_text = lambda records: json.dumps({"Records": records}, separators=(",", ":")).encode()
    made = {"late": 0, "again": 0, "ancient": 0, "root": 0}
    if night > 1:
        late = small[:1000]
        put(root, name(account, night, 0, "late"), dated(as_text(late), night - 1, 0x10000 + night))
        put(root, name(account, night, 0, "again"), dated(gzip.decompress(files[-1].read_bytes()), night - 1, night - 1))
        made["late"] = len(late)
        made["again"] = len(json.loads(gzip.decompress(files[-1].read_bytes()))["Records"])
    ancient = small[:500]
    put(root, name(account, night, 0, "ancient"), dated(as_text(ancient), night - ANCIENT, 0x20000 + night))
    made["ancient"] = len(ancient)
    if night in root_nights:
        put(root, name(account, night, 0, "root"), as_text([root_call(account, night)]))
        made["root"] = 1
    return account, made


def size(folder):
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()) if folder.exists() else 0


def expected_change(options, night):
    """What the finding about the root user is, by the nights of use: `None` where it does not fail and did not the night before."""
    fails = lambda n: any(used <= n < used + options.root_days for used in options.root_nights)
    if fails(night):
        return ("new" if night == options.root_nights[0] else "reopened") if not fails(night - 1) else "open"
    return "fixed" if fails(night - 1) else None


def check(condition, words):
    if not condition:
        raise SystemExit(f"WRONG: {words}")


def run_night(options, work, template, night, before, pool):
    root, state, out = work / "logs", work / "state", work / "out"
    shutil.rmtree(root, ignore_errors=True)
    account, made = make(template, root, night, pool, options.root_nights)
    now = f"{day_of(night + 1)}T02:00:00Z"
    command = [options.program, "run", "--quiet", "--timings", "--logs", root, "--grants", work / "bundle", "--state", state, "--out", out, "--now", now,
               "--window", f"{options.window}d", "--keep", f"{options.keep}d", "--config", work / "soak.toml"]
    start = time.perf_counter()
    with open(work / "log", "wb") as log:
        child = subprocess.Popen([str(c) for c in command], stdout=log, stderr=log)
        _, status, used = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - start
    check(status == 0, f"night {night}: exit status {status}: {(work / 'log').read_text()[-2000:]}")
    shutil.rmtree(root)
    told = json.loads((out / "run.json").read_text())
    ledger = told["ledger"]

    # Each event once, and what is older than the store is counted, not taken. Nothing was dropped before the first night.
    fresh = json.loads((work / "template.json").read_text())["records"]
    young = night == 1
    wanted = {k: before["ledger"][k] + n for k, n in {
        "records_read": fresh + sum(made.values()), "kept": fresh + made["late"] + made["root"] + (made["ancient"] if young else 0),
        "duplicate": made["again"], "too_old": 0 if young else made["ancient"], "rejected": 0}.items()}
    check(all(ledger[k] == n for k, n in wanted.items()), f"night {night}: the ledger has {ledger}, not {wanted}")
    # The newest day and as many before it as are kept.
    kept = [str(day_of(n)) for n in range(max(1, night - options.keep), night + 1)]
    days = sorted(p.name.removeprefix("date=") for p in (state / "events").iterdir())
    check(days == kept, f"night {night}: the store has the days {days}, not {kept}")

    findings = json.loads((out / "findings.json").read_text())["findings"]
    mine = [f for f in findings if f["report"] == "root-used" and f["account"] == account]
    wanted = expected_change(options, night)
    change = mine[0]["change"] or None if mine else None
    check(change == wanted, f"night {night}: the root user's finding is {change}, not {wanted}: {mine}")
    if wanted in ("new", "open", "reopened"):
        check(mine[0]["first_seen"].startswith(str(day_of(options.root_nights[0] + 1))), f"night {night}: first seen {mine[0]['first_seen']}")
    trend = (out / "tables/trend.csv").read_text().splitlines()
    nights = sorted({line.split(",")[0] for line in trend[1:]})
    check(len(nights) == night, f"night {night}: the trend has {len(nights)} nights")

    stage = told["timings"]
    row = {"night": night, "events": wanted_events(made, fresh), "seconds": round(seconds, 1), "cpu": round(used.ru_utime + used.ru_stime, 1),
           "ingest_s": round(stage["ingest"] / 1000, 1), "usage_s": round(stage["usage"] / 1000, 1), "peak_mib": used.ru_maxrss >> 10,
           "store_mib": round(sum(size(state / t) for t in ("events", "event_actions", "grant_changes")) / 2**20, 1),
           "ledger_kib": size(state / "ledger") >> 10, "memory_kib": size(state / "findings") >> 10, "out_mib": size(out) >> 20, "days": len(days),
           "failing": sum(f["status"] == "FAIL" for f in findings), "root": change or "", "ledger": ledger}
    return row


def wanted_events(made, fresh):
    return fresh + sum(made.values())


COLUMNS = [("night", "night"), ("events", "events"), ("seconds", "wall, s"), ("cpu", "CPU, s"), ("ingest_s", "ingest, s"), ("usage_s", "usage, s"), ("peak_mib", "peak, MiB"),
           ("store_mib", "store, MiB"), ("days", "days"), ("ledger_kib", "ledger, KiB"), ("memory_kib", "findings' memory, KiB"), ("out_mib", "output, MiB"),
           ("failing", "failing"), ("root", "root user's finding")]


def flat(rows, options):
    """The nights after the store was full, their first half beside their last."""
    full = [r for r in rows if r["night"] > options.keep + 1]
    if len(full) < 6:
        print(f"\n{len(full)} nights with a full store: too few to say whether it stays flat")
        return
    half = len(full) // 2
    mean = lambda part, key: sum(r[key] for r in part) / len(part)
    print()
    for key, words, most in [("store_mib", "store", 1.02), ("peak_mib", "peak memory", 1.10), ("cpu", "CPU time", 1.25), ("out_mib", "output", 1.05)]:
        first, last = mean(full[:half], key), mean(full[-half:], key)
        print(f"- {words}: nights {full[0]['night']}–{full[half - 1]['night']} {first:.1f}, nights {full[-half]['night']}–{full[-1]['night']} {last:.1f} ({last / first:.3f})")
        check(last <= first * most, f"{words} grows")
    step = (rows[-1]["ledger_kib"] - rows[0]["ledger_kib"]) / (len(rows) - 1)
    print(f"- the ledger names every file that was ever taken: {step:.0f} KiB a night")


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--program", required=True)
    words.add_argument("--work", default=str(HERE.parent.parent / "target/bench/soak"))
    for key, default in [("nights", 30), ("events", 1_000_000), ("roles", 300), ("window", 7), ("keep", 9), ("seed", 1), ("root-days", 4)]:
        words.add_argument(f"--{key}", type=int, default=default)
    words.add_argument("--root-nights", type=int, nargs="+", default=[5, 20])
    options = words.parse_args()
    work = pathlib.Path(options.work)
    work.mkdir(parents=True, exist_ok=True)
    (work / "soak.toml").write_text(f"[thresholds]\nroot_use_days = {options.root_days}\n")
    template = work / "template"
    if not (work / "template.json").exists():
        for old in ("bundle", "template", "state", "out"):
            shutil.rmtree(work / old, ignore_errors=True)
        subprocess.run([sys.executable, HERE.parent / "grants/generate.py", work / "bundle", "--accounts", str(max(1, options.roles // 20)), "--roles", str(options.roles),
                        "--users", str(options.roles // 5), "--policies", str(options.roles * 15 // 100), "--groups", str(options.roles // 10),
                        "--buckets", str(max(1, options.roles // 20)), "--keys", str(max(1, options.roles // 20))], check=True, stdout=subprocess.DEVNULL)
        # The root users signed in long ago: that rules newer uses out, but for those that the log tells.
        for report in (work / "bundle/accounts").glob("*/iam/credential-report.csv"):
            told = report.read_text()
            check(told.count(",not_supported,no_information,") == 1, f"{report} has no line of a root user as expected")
            report.write_text(told.replace(",not_supported,no_information,", ",not_supported,2025-06-01T00:00:00+00:00,"))
        logs.names = few
        made = Template(argparse.Namespace(days=1, seed=options.seed, rows=round(options.events / SHARE)))
        (work / "template.json").write_text(json.dumps(logs.make(made, work / "bundle", template)))
    results = work / "results.json"
    rows = json.loads(results.read_text()) if results.exists() else []
    print("| " + " | ".join(head for _, head in COLUMNS) + " |\n|" + "---:|" * len(COLUMNS))
    with multiprocessing.Pool(2) as pool:
        for night in range(1, options.nights + 1):
            if night > len(rows):
                before = rows[-1] if rows else {"ledger": {k: 0 for k in ("records_read", "kept", "duplicate", "too_old", "rejected")}}
                rows.append(run_night(options, work, template, night, before, pool))
                results.write_text(json.dumps(rows))
            print("| " + " | ".join(f"{rows[night - 1][key]:,}" if isinstance(rows[night - 1][key], (int, float)) else rows[night - 1][key] for key, _ in COLUMNS) + " |", flush=True)
    flat(rows[:options.nights], options)


if __name__ == "__main__":
    main()
