#!/usr/bin/env python3
"""Holds our decisions and our speed against the peer's.

    python3 compare.py DIR    reads DIR/{ours,peer}.ndjson, DIR/{ours,peer}.json and the cases in DIR

Prints how many decisions agree, every kind of disagreement with one example, and the ratios of the medians.
Exit 1 when an answer is missing on either side.
"""
import collections
import json
import pathlib
import sys

SETS = ["full", "identity"]
# What is timed on each side: ours with policies compiled and the request made ready inside the clock, against each
# of the peer's two ways.
PAIRS = [
    ("prepare + decide", "unvalidated", "answers alone"),
    ("prepare + evaluate", "unvalidated", "ours with reasons, the peer's without validation"),
    ("prepare + evaluate", "validated", "with reasons on both sides"),
]


def answers(file):
    return {a["id"]: a for a in map(json.loads, open(file, encoding="utf-8"))}


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1])
    ours, peer = answers(folder / "ours.ndjson"), answers(folder / "peer.ndjson")
    if ours.keys() != peer.keys():
        sys.exit(f"answers are missing: {len(ours)} of ours, {len(peer)} of the peer's")
    for name in SETS:
        cases = [json.loads(line) for line in open(folder / f"{name}.ndjson", encoding="utf-8")]
        same, kinds = 0, collections.defaultdict(list)
        for case in cases:
            left, right = ours[case["id"]]["decision"], peer[case["id"]]["decision"]
            if left == right:
                same += 1
            else:
                kinds[case["request"]["action"], left, right].append(case)
        print(f"{name}: {same} of {len(cases)} decisions agree ({100 * same / len(cases):.2f} %)")
        for (action, left, right), found in sorted(kinds.items()):
            example = found[0]
            print(f"  {action}: ours {left}, peer {right}, {len(found)} times; {example['id']} on {example['request']['resource']}")
        refused = sum("validation" in peer[c["id"]] for c in cases)
        print(f"  refused by the peer's validation: {refused}")
    mine, theirs = (json.load(open(folder / f"{side}.json", encoding="utf-8")) for side in ("ours", "peer"))
    for name in SETS:
        for left, right, what in PAIRS:
            a, b = mine[f"{name} {left}"], theirs[f"{name} {right}"]
            print(f"{name}, {what}: {a['median']:.0f} : {b['median']:.0f} decisions/s = {a['median'] / b['median']:.0f} times; by CPU time {a['cpu_median'] / b['cpu_median']:.0f} times")


if __name__ == "__main__":
    main()
