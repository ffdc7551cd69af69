#!/usr/bin/env python3
"""Runs a program and notes its seconds and peak memory: measure.py FILE PROGRAM ARGUMENT…"""
import json
import pathlib
import resource
import subprocess
import sys
import time

start = time.perf_counter()
code = subprocess.run(sys.argv[2:], stdout=sys.stderr).returncode
seconds = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
out = pathlib.Path(sys.argv[sys.argv.index("--out") + 1])
size = sum(p.stat().st_size for p in out.rglob("*") if p.is_file()) if out.exists() else 0
pathlib.Path(sys.argv[1]).write_text(json.dumps({"seconds": round(seconds, 1), "peak_mib": peak, "exit": code, "out_mib": size >> 20}) + "\n")
