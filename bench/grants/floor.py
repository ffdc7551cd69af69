#!/usr/bin/env python3
"""The floor of the load benchmark: reads the same files with plain `json.load`, and counts what is in them.

    python3 floor.py DIR    prints seconds, peak memory and counts as one line of JSON
"""
import csv
import json
import pathlib
import resource
import sys
import time

root = pathlib.Path(sys.argv[1])
start = time.perf_counter()
principals, policies, credentials, size, kept = 0, set(), 0, 0, []
for path in sorted(root.rglob("*")):
    if path.suffix == ".json":
        text = path.read_text()
        value = json.loads(text)
        # Kept, as a program that works with them would.
        kept.append(value)
        for key in ("UserDetailList", "GroupDetailList", "RoleDetailList"):
            principals += len(value.get(key, []))
        policies.update(p["Arn"] for p in value.get("Policies", []) if "PolicyVersionList" in p)
    elif path.suffix == ".csv":
        text = path.read_text()
        credentials += sum(1 for _ in csv.DictReader(text.splitlines()))
    else:
        continue
    size += len(text)
print(json.dumps({"seconds": round(time.perf_counter() - start, 3), "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
                  "bytes": size, "principals": principals, "policies": len(policies), "users_in_reports": credentials}))
