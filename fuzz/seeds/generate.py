#!/usr/bin/env python3
"""Writes the seeds of the fuzz targets from the evaluation cases and the carriers in testdata; the same files on every run."""

import hashlib
import json
import random
import urllib.parse
from pathlib import Path

HERE = Path(__file__).resolve().parent
CASES = HERE.parent.parent / "testdata" / "evaluate"
CARRIERS = HERE.parent.parent / "testdata" / "carriers" / "mixed"
MOST = 24
# Of each of these words the shortest policy that holds it becomes a seed.
WORDS = [
    "NotAction", "NotResource", "NotPrincipal", "AWS", "Service", "Federated", "CanonicalUser", "2008-10-17", "ForAllValues:",
    "ForAnyValue:", "IfExists", "Null", "Bool", "IpAddress", "Numeric", "Date", "Binary", "Arn", "StringLike", "${",
]


def cases():
    for file in sorted(CASES.rglob("*.ndjson")):
        for line in file.read_text().splitlines():
            if line.strip():
                yield json.loads(line)["case"]


def documents(value):
    """Every policy document in a case."""
    if isinstance(value, dict):
        if "Statement" in value:
            yield value
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from documents(inner)


def as_list(value):
    return value if isinstance(value, list) else [value]


def strings(document, *elements):
    for statement in as_list(document["Statement"]):
        for element in elements:
            for text in as_list(statement.get(element, [])) if isinstance(statement, dict) else []:
                if isinstance(text, str):
                    yield text


def spread(texts):
    """A few of many, always the same ones, short and long."""
    texts = sorted(set(texts), key=lambda t: (len(t), t))
    step = max(1, len(texts) // MOST)
    return texts[::step][:MOST]


def write(target, contents):
    folder = HERE / target
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for content in contents:
        content = content if isinstance(content, bytes) else content.encode()
        (folder / hashlib.sha256(content).hexdigest()[:12]).write_bytes(content)


def carriers():
    logs = [f.read_bytes() for f in sorted(CARRIERS.rglob("*")) if f.is_file()]
    lines = [line for log in logs if b"[01/Oct/2026" in log for line in log.splitlines()]
    write("access_log", [*lines, b'x" - hostid "y" 200 - "z', b"\" \""])
    write("envelope", [log for log in logs if len(log) < 10_000])


def main():
    carriers()
    everything = list(cases())
    found = sorted({json.dumps(d) for c in everything for d in documents(c.get("policies"))}, key=lambda t: (len(t), t))
    policies = spread(found)
    one = policies[len(policies) // 2]
    policies += [next(p for p in found if word in p) for word in WORDS]
    policies.append(json.dumps({"Id": "i", "Statement": {"Sid": "", "Effect": "Deny", "NotPrincipal": {"AWS": []}, "NotAction": []}}))
    policies.append('{"Statement":[],"Version":"2012-10-17","Id":"a \\n\\u00e9 b"}')
    write("policy_roundtrip", [*policies, json.dumps(one), urllib.parse.quote(one, safe=""), json.dumps(json.loads(one), indent=4)])

    arns, matches = [], []
    for case in everything:
        request = case["request"]
        resources = [r for r in as_list(request.get("resource", [])) if isinstance(r, str)]
        arns += resources
        arns += [v for k in ("arn", "role_arn") if isinstance(v := request.get("principal", {}).get(k), str)]
        for document in documents(case.get("policies")):
            patterns = list(strings(document, "Resource", "NotResource"))
            matches += [f"{p}\nann\n{r}" for p in patterns for r in resources]
            matches += [f"{p}\nObject\n{request.get('action', '')}" for p in strings(document, "Action", "NotAction")]
    arns.append("arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX")
    arns.append("arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_A_0123456789abcdef")
    write("arn_parse", spread(arns))
    by_hand = ["home/${v}/*\nann\nhome/ann/x", "${*}${?}${$}${v\n*\n*?$", "*a?b*a\nab\nab\nab", "?\u00e9*\n\u00e9\n\u00e9\u00e9\u20ac"]
    write("wildcard_vs_regex", spread(matches) + by_hand)

    source = random.Random(1)
    write("evaluate_vs_oracle", [source.randbytes(n) for n in range(100, 600, 50)])


main()
