#!/usr/bin/env python3
"""One row of the table: row.py ROLES MEASURED OUT"""
import json
import pathlib
import sys

roles, measured, out = sys.argv[1], json.loads(pathlib.Path(sys.argv[2]).read_text()), pathlib.Path(sys.argv[3])
if measured["exit"] != 0:
    raise SystemExit(f"exit code {measured['exit']}")
told = json.loads((out / "run.json").read_text())["proposals"]
with (out / "tables/usage.csv").open(newline="") as table:
    rows = sum(1 for _ in table) - 1
contained = told["containment"]
print(f"| {int(roles):,} | {rows:,} | {measured['seconds']} | {measured['peak_mib']:,} | {measured['out_mib']:,} | {told['written']:,} written, {told['unchanged']:,} unchanged, "
      f"{told['withheld']:,} withheld, {told['defect']} defects | {contained['proved']:,} of {contained['proved'] + contained['not_proved']:,} | "
      f"{told['replay']['newly_denied']} of {told['replay']['requests']:,} | {told['over_limit']} | {told['granted_actions']['before']:,} → {told['granted_actions']['after']:,} |")
