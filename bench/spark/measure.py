"""Takes a trail in by one machine and by the job on a cluster of this machine, undisturbed and with a worker lost; compares every row.

measure.py PROGRAM TRAIL WORK [--share-bytes N] [--now TIME]: PROGRAM a release build, TRAIL a folder of logs (bench/ingest makes some), WORK an empty
folder on the same disk. Prints JSON: seconds, CPU seconds, bytes. To be run by the Python of tests/spark (tests/spark/run.sh makes it).
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2] / "tests/spark")]

import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402

from cluster import Cluster, until  # noqa: E402

JOB = Path(__file__).parents[2] / "spark/trailtrim_job.py"
TABLES = ("events", "event_actions", "grant_changes")
TICKS = os.sysconf("SC_CLK_TCK")


def own_cpu():
    """CPU seconds of what this program started and waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def cluster_cpu(cluster):
    """CPU seconds of the cluster's processes, with those of children that ended."""
    leaders, total = {p.pid for p in cluster.processes.values()}, 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[3]) in leaders:
            total += sum(map(int, fields[11:15]))
    return total / TICKS


def parts(state):
    """Part files of a state by table and day."""
    found = {}
    for path in Path(state, "ledger").glob("batch-*.json"):
        for part in json.loads(path.read_text())["parts"]:
            table, day, _ = part.split("/")
            found.setdefault((table, day), []).append(Path(state, part))
    return found


def rows(files):
    """All rows of some files, in one order."""
    table = pa.concat_tables([pq.ParquetFile(file).read() for file in files])
    return table.sort_by([(name, "ascending") for name in ("event_id", *(n for n in table.column_names if n != "event_id"))])


def compare(state, alone):
    """How many rows each table has; fails where a row differs."""
    ours, theirs = parts(state), parts(alone)
    assert ours.keys() == theirs.keys(), ours.keys() ^ theirs.keys()
    count = dict.fromkeys(TABLES, 0)
    for key in sorted(ours):
        left, right = rows(ours[key]), rows(theirs[key])
        assert left.equals(right), key
        count[key[0]] += left.num_rows
    return count


def entries(state):
    """What the ledger says of each file."""
    batches = (json.loads(path.read_text()) for path in Path(state, "ledger").glob("batch-*.json"))
    return sorted(json.dumps(entry, sort_keys=True) for batch in batches for entry in batch["files"])


def store_bytes(state):
    """Bytes and number of part files by table, and of the ledger."""
    out = {}
    for name in (*TABLES, "ledger"):
        files = [path for path in Path(state, name).rglob("*") if path.is_file()]
        out[name] = {"bytes": sum(path.stat().st_size for path in files), "files": len(files)}
    return out


def job(cluster, args, name, lose=False):
    """Runs the job; gives its own words, wall and CPU seconds."""
    work = args.work / name
    words = ["--logs", args.trail, "--state", work / "state", "--work", work / "work", "--trailtrim", args.program, "--share-bytes", args.share_bytes]
    words += [] if lose else ["--tables", work / "tables", "--now", args.now]
    start, cpu, own = time.monotonic(), cluster_cpu(cluster), own_cpu()
    running = cluster.submit(JOB, *words, spark_executor_memory="1g", spark_driver_memory="1g", **{"spark_driver_extraJavaOptions": "-Xss4m", "spark_executor_extraJavaOptions": "-Xss4m"})
    if lose:
        until(lambda: len(list(work.glob("work/plan-*/shares/[0-9a-f]*"))) >= 3, "the third share")
        cluster.kill("one")
    out, _ = running.communicate()
    assert running.returncode == 0, out[-3000:]
    told = json.loads(next(line for line in out.splitlines() if line.startswith("{")))
    told["wall"], told["cpu"] = round(time.monotonic() - start, 1), round(cluster_cpu(cluster) - cpu + own_cpu() - own, 1)
    return told


def main():
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", type=Path)
    parser.add_argument("trail", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--share-bytes", type=int, default=128 << 20)
    parser.add_argument("--now", default="2026-11-01T00:00:00Z")
    args = parser.parse_args()
    alone = args.work / "alone"
    start, own = time.monotonic(), own_cpu()
    subprocess.run([args.program, "ingest", "--quiet", "--logs", args.trail, "--state", alone], check=True, stdout=subprocess.DEVNULL)
    told = {"alone": {"wall": round(time.monotonic() - start, 1), "cpu": round(own_cpu() - own, 1), "store": store_bytes(alone)}}
    cluster = Cluster(args.work / "cluster")
    try:
        for name, lose in (("plain", False), ("killed", True)):
            told[name] = job(cluster, args, name, lose)
            state = args.work / name / "state"
            told[name]["rows"] = compare(state, alone)
            assert entries(state) == entries(alone)
            told[name]["store"] = store_bytes(state)
            print(json.dumps({name: told[name]}), file=sys.stderr)
    finally:
        cluster.stop()
    folder = args.work / "plain/tables"
    told["tables"] = {path.name: sum(p.stat().st_size for p in path.rglob("*.parquet")) for path in sorted(folder.iterdir())}
    print(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()
