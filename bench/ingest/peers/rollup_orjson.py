#!/usr/bin/env python3
"""Python with orjson: the rollup of a folder of trails in two processes: rollup_orjson.py FOLDER OUT.tsv [--once] [--resource] [--processes N]

--resource groups by the first resource's ARN too. With --once, each eventID is counted once, in one process with a set of all of them: the
answer that everybody's is held against.
"""
import gzip
import multiprocessing
import pathlib
import sys

import orjson


def principal(who):
    issuer = who.get("sessionContext", {}).get("sessionIssuer", {}).get("arn")
    return issuer or who.get("arn") or who.get("identityProvider") or who.get("principalId", "").split(":")[0] or who.get("invokedBy", "")


def rollup(paths, seen=None, resource=False):
    groups = {}
    for path in paths:
        for record in orjson.loads(gzip.decompress(path.read_bytes()))["Records"]:
            if seen is not None:
                if record["eventID"] in seen:
                    continue
                seen.add(record["eventID"])
            key = (principal(record["userIdentity"]), record["eventSource"] + ":" + record["eventName"], record["recipientAccountId"],
                   record["awsRegion"], record.get("errorCode", ""))
            if resource:
                key += (record["resources"][0].get("ARN", "") if record.get("resources") else "",)
            add(groups, key, 1, record["eventTime"], record["eventTime"])
    return groups


def add(groups, key, count, first, last):
    group = groups.get(key)
    if group is None:
        groups[key] = [count, first, last]
    else:
        group[0] += count
        if first < group[1]:
            group[1] = first
        if last > group[2]:
            group[2] = last


def main():
    folder, out = sys.argv[1:3]
    processes = int(sys.argv[sys.argv.index("--processes") + 1]) if "--processes" in sys.argv else 2
    resource = "--resource" in sys.argv
    paths = sorted(pathlib.Path(folder).rglob("*.json.gz"), key=lambda p: -p.stat().st_size)
    if "--once" in sys.argv:
        groups = rollup(paths, set(), resource)
    else:
        with multiprocessing.Pool(processes) as pool:
            groups, *others = pool.starmap(rollup, [(paths[n::processes], None, resource) for n in range(processes)])
        for other in others:
            for key, value in other.items():
                add(groups, key, *value)
    with open(out, "w", encoding="utf-8") as file:
        file.writelines("\t".join(map(str, (*key, *value))) + "\n" for key, value in groups.items())


if __name__ == "__main__":
    main()
