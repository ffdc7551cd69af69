#!/usr/bin/env python3
"""What a peer answered, as JSON: digest.py OUT.tsv (rows and hash of a rollup, whatever the order of its lines), or digest.py --records FILE.

A program of its own: a process's peak counts what its parent held when it was started, so the parent must stay small.
"""
import hashlib
import json
import sys

if sys.argv[1] == "--records":
    with open(sys.argv[2], "rb") as file:
        print(len(json.load(file)["Records"]))
else:
    with open(sys.argv[1], "rb") as file:
        lines = sorted(file.read().splitlines())
    print(json.dumps({"groups": len(lines), "sha256": hashlib.sha256(b"\n".join(lines)).hexdigest()}))
