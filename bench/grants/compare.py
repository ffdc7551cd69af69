#!/usr/bin/env python3
"""Medians of the rounds, and whether all sides counted the same things: compare.py WORK/NAME"""
import json
import pathlib
import statistics
import sys

name = sys.argv[1]
lines = lambda kind: [json.loads(line) for line in pathlib.Path(f"{name}.{kind}.ndjson").read_text().splitlines()]
made = json.loads(pathlib.Path(f"{name}.json").read_text())
ours, floor = lines("ours"), lines("floor")


def spread(rows, key):
    values = [row[key] for row in rows]
    return f"{statistics.median(values):.2f} ({min(values):.2f}-{max(values):.2f})"


print(f"{made['bytes'] / 1e6:.0f} MB in {made['files']} files, {made['accounts']} accounts, {made['principals']} principals, {made['policies']} policies; {len(ours)} rounds")
print(f"load                 {spread(ours, 'load_seconds')} s, peak {spread(ours, 'load_peak_mib')} MiB")
print(f"tables               {spread(ours, 'frames_seconds')} s, peak {spread(ours, 'peak_mib')} MiB")
print(f"question             {spread(ours, 'question_seconds')} s: {ours[0]['may_pass_roles']:,} ways to iam:PassRole, by attachments and granted_actions")
print(f"floor: json.loads    {spread(floor, 'seconds')} s, peak {spread(floor, 'peak_mib')} MiB")
ratio = statistics.median(r["load_seconds"] for r in ours) / statistics.median(r["seconds"] for r in floor)
print(f"load / floor         {ratio:.2f}")
for table, (rows, size) in ours[0]["tables"].items():
    print(f"  {table:<18} {rows:>10,} rows" + (f" {size / 1e6:>9.1f} MB" if size else "      view"))
run = pathlib.Path(f"{name}.run.json")
if run.exists():
    told = json.loads(run.read_text())
    print(f"whole run            {told['seconds']} s, peak {told['peak_mib']} MiB, exit {told['exit']}, output {told['out_mib']} MiB")
wrong = [(side, key) for side, rows in (("ours", ours), ("floor", floor)) for row in rows for key in ("principals", "policies") if row[key] != made[key]]
if any(row["tables"] != ours[0]["tables"] for row in ours):
    wrong.append(("ours", "tables differ between rounds"))
if wrong:
    raise SystemExit(f"counts differ from what was made: {sorted(set(wrong))}")
print("all sides count the same principals and policies")
