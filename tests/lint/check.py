"""The linter beside parliament, document by document: where one finds a fault and the other not, a reason stands here or the test fails."""

import collections
import fnmatch
import json
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

warnings.filterwarnings("ignore")  # parliament's own way of finding its files

import parliament  # noqa: E402
from moto.iam.aws_managed_policies import aws_managed_policies_data  # noqa: E402

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "testdata/organisation"
LINT = ROOT / "testdata/lint"
BINARY = sys.argv[1]

# What parliament calls a fault, and what of ours is the same fault.
ARN = {"INVALID_ARN_PREFIX", "MISSING_ARN_FIELD", "INVALID_PARTITION", "INVALID_ARN_SERVICE_CASE"}
PLACE = {"TRAILTRIM_ACTION_NOT_ON_RESOURCE"}
KEY = {"TRAILTRIM_CONDITION_KEY_NOT_OF_ACTION", "INVALID_GLOBAL_CONDITION_KEY", "INVALID_SERVICE_CONDITION_KEY", "INVALID_SERVICE"}
VALUE = {"TYPE_MISMATCH_DATE", "TYPE_MISMATCH_IP_RANGE", "TYPE_MISMATCH_NUMBER", "TYPE_MISMATCH_STRING", "TYPE_MISMATCH"}
SHAPE = {"MISSING_ACTION", "MISSING_RESOURCE", "MISSING_EFFECT", "INVALID_EFFECT", "MISSING_STATEMENT", "INVALID_POLICY_ELEMENT",
         "UNSUPPORTED_ELEMENT_COMBINATION", "DATA_TYPE_MISMATCH"}
SAME = {
    "MALFORMED_JSON": {"JSON_SYNTAX_ERROR"},
    "MALFORMED": SHAPE,
    "EXCEPTION": {"INVALID_ACTION"},
    "DUPLICATE_SID": {"UNIQUE_SIDS_REQUIRED", "UNIQUE_SIDS_RECOMMENDED"},
    "INVALID_SID": {"UNSUPPORTED_SID"},
    "NO_VERSION": {"MISSING_VERSION"},
    "INVALID_VERSION": {"INVALID_VERSION"},
    "OLD_VERSION": {"VARIABLE_UNSUPPORTED_IN_VERSION"},
    "INVALID_ARN": ARN,
    "UNKNOWN_ACTION": {"INVALID_ACTION"},
    "UNKNOWN_PREFIX": {"INVALID_SERVICE_IN_ACTION"},
    "RESOURCE_MISMATCH": PLACE,
    "UNKNOWN_OPERATOR": {"INVALID_CONDITION_OPERATOR"},
    "UNKNOWN_CONDITION_FOR_ACTION": KEY,
    "MISMATCHED_TYPE": VALUE,
    "MISMATCHED_TYPE_OPERATION_TO_NULL": {"TYPE_MISMATCH_BOOLEAN"},
    "UNKNOWN_PRINCIPAL": {"INVALID_PRINCIPAL_FORMAT", "INVALID_PRINCIPAL_KEY", "INVALID_ARN_ACCOUNT", "UNSUPPORTED_WILDCARD_IN_PRINCIPAL"},
    "UNKNOWN_FEDERATION_SOURCE": {"INVALID_PRINCIPAL_FORMAT"},
}
# Matters of style that Access Analyzer says nothing of.
STYLE = {"RESOURCE_STAR", "RESOURCE_EFFECTIVELY_STAR", "MISMATCHED_TYPE_BUT_USABLE"}
# Faults of ours that no code of parliament stands for.
OURS = {
    "PASS_ROLE_WITH_STAR_IN_RESOURCE", "PASS_ROLE_WITH_STAR_IN_ACTION_AND_RESOURCE", "CREATE_SLR_WITH_STAR_IN_ACTION_AND_RESOURCE",
    "CREATE_SLR_WITH_STAR_IN_RESOURCE", "ALLOW_WITH_NOT_PRINCIPAL", "UNSUPPORTED_PRINCIPAL", "MISSING_PRINCIPAL", "UNSUPPORTED_ACTION_IN_POLICY",
    "ROLE_TRUST_POLICY_SYNTAX_ERROR_RESOURCE", "ARN_REGION_NOT_ALLOWED", "MISSING_ARN_REGION",
    "REDUNDANT_ACTION", "REDUNDANT_RESOURCE", "INVALID_ROLE_REFERENCE", "INVALID_USER_REFERENCE", "ROLE_TRUST_POLICY_UNSUPPORTED_WILDCARD_IN_PRINCIPAL",
}

# Differences that are understood: document, what only one of the two finds (parliament's issue or our code), why.
EXPLAINED = [
    ("valid/identity-office", "MISMATCHED_TYPE", "parliament knows no IPv6 ranges"),
    ("faulty/identity-ip-value", "TYPE_MISMATCH_IP_RANGE", "parliament takes 33 for a length of an IPv4 mask"),
    ("faulty/identity-key-type", "TYPE_MISMATCH", "parliament says nothing of an address under a numeric operator"),
    ("faulty/identity-key-type", "TYPE_MISMATCH_NUMBER", "parliament says nothing of an address under a numeric operator"),
    ("valid/trust-github", "UNKNOWN_FEDERATION_SOURCE", "parliament knows four identity providers only"),
    ("valid/trust-github", "UNKNOWN_CONDITION_FOR_ACTION", "parliament does not know the keys of GitHub's tokens"),
    ("grants/policies/*/role/ci-deploy/current-trust_policy*", "UNKNOWN_FEDERATION_SOURCE", "parliament knows four identity providers only"),
    ("grants/policies/*/role/ci-deploy/current-trust_policy*", "UNKNOWN_CONDITION_FOR_ACTION", "parliament does not know the keys of GitHub's tokens"),
    ("grants/advice/*-trust-condition", "UNKNOWN_FEDERATION_SOURCE", "parliament knows four identity providers only"),
    ("grants/advice/*-trust-condition", "UNKNOWN_CONDITION_FOR_ACTION", "parliament does not know the keys of GitHub's tokens"),
    ("grants/policies/*/role/old-partner/current-trust_policy*", "UNKNOWN_PRINCIPAL", "the id of a deleted role: to us a warning of its own, as to Access Analyzer"),
    ("grants/policies/*/role/night-shift/*-shift", "RESOURCE_MISMATCH",
     "rds:CreateDBSnapshot needs a database and a snapshot: parliament wants both in one statement, IAM does not"),
    ("grants/advice/*-scp-services", "UNKNOWN_PREFIX", "services that parliament's data does not have yet"),
]

# Errors that the linter finds in policies that AWS wrote: each was looked at. Kinds of reasons in testdata/lint/aws-managed.txt.
KNOWN_ERRORS = LINT / "aws-managed.txt"


def ours(paths, kind=None):
    """Findings by path."""
    options = ["--kind", kind] if kind else []
    done = subprocess.run([BINARY, "lint", "--json", *options, "--", *paths], capture_output=True, text=True)
    assert done.returncode in (0, 3, 4), done.stderr
    return {Path(line["file"]): line for line in map(json.loads, done.stdout.splitlines())}


def theirs(text, kind):
    """parliament's issues. It takes every document for one with resources, so a trust policy is given one."""
    try:
        document = json.loads(text)
    except json.JSONDecodeError:
        document = None
    if kind == "trust" and document:
        for statement in document["Statement"]:
            statement.setdefault("Resource", "*")
        text = json.dumps(document)
    return {f.issue for f in parliament.analyze_policy_string(text).findings} - STYLE


def run_sample(folder):
    documents = []
    for name, options in [("grants", []), ("usage", ["--from-usage"])]:
        out = folder / name
        subprocess.run([BINARY, "run", "--quiet", "--logs", SAMPLE / "logs", "--grants", SAMPLE / "grants", "--config", SAMPLE / "trailtrim.toml", "--now",
                        "2026-11-01T00:00:00Z", "--state", folder / "state", "--out", out, *options], check=True, stdout=subprocess.DEVNULL)
        documents += sorted(p for p in out.glob("policies/*/*/*/*.json") if p.name != "evidence.json")
        for n, piece in enumerate(json.loads((out / "advice.json").read_text())["advice"]):
            if piece["document"]:
                path = folder / f"{name}/advice/{n}-{piece['kind']}.json"
                path.parent.mkdir(exist_ok=True)
                path.write_text(json.dumps(piece["document"]))
                documents.append(path)
    return documents


def compare(folder):
    """Both linters on every document."""
    wrong, used, count = [], set(), collections.Counter()
    sample = run_sample(folder)
    by_kind = collections.defaultdict(list)
    for path in sorted(LINT.glob("*/*.json")):
        by_kind[path.name.split("-")[0]].append(path)
    found = ours(sample)
    for kind, paths in by_kind.items():
        found |= ours(paths, kind)
    assert len(sample) >= 50 and sum(p.name.startswith("proposed") for p in sample) >= 15, len(sample)
    for path, line in found.items():
        name = str(path.relative_to(LINT if path.is_relative_to(LINT) else folder).with_suffix(""))
        mine = {f["code"] for f in line["findings"]}
        yours = theirs(path.read_text(), line["kind"])
        unknown = yours - SAME.keys()
        if unknown:
            wrong.append(f"{name}: issues of parliament that nobody has looked at: {unknown}")
        only = {issue for issue in yours & SAME.keys() if not SAME[issue] & mine}
        matched = set().union(*(SAME[issue] for issue in yours & SAME.keys())) if yours else set()
        only |= mine - matched - OURS
        for one in sorted(only):
            reasons = [n for n, (pattern, what, _) in enumerate(EXPLAINED) if what == one and fnmatch.fnmatch(name, pattern)]
            used.update(reasons)
            count["differences explained"] += bool(reasons)
            if not reasons:
                wrong.append(f"{name}: {one} is found by {'parliament' if one in yours else 'us'} alone; we: {sorted(mine)}, parliament: {sorted(yours)}")
        count["documents"] += 1
        count["proposed"] += path.name.startswith("proposed") or path.parent.name == "advice"
        both = ("faulty" if mine else "clean", "faulty" if yours else "clean")
        count[f"both {both[0]}" if both[0] == both[1] else f"{both[0]} to us, {both[1]} to parliament"] += 1
        if path.name.startswith("proposed") and line["counts"]["error"]:
            wrong.append(f"{name}: a proposal with an error: {line['findings']}")
    wrong += [f"needless explanation: {e}" for n, e in enumerate(EXPLAINED) if n not in used]
    print("lint beside parliament: " + ", ".join(f"{n} {what}" for what, n in sorted(count.items())))
    return wrong


def aws_managed(folder):
    """AWS's own policies have no errors but those that are known."""
    home = folder / "aws-managed"
    home.mkdir()
    paths = []
    for name, policy in json.loads(aws_managed_policies_data).items():
        paths.append(home / f"{name}.json")
        paths[-1].write_text(json.dumps(policy["Document"]))
    known = {tuple(line.split()[:2]) for line in KNOWN_ERRORS.read_text().splitlines() if line and not line.startswith("#")}
    seen, levels, faulty = set(), collections.Counter(), set()
    for start in range(0, len(paths), 200):
        for path, line in ours(paths[start:start + 200], "identity").items():
            levels.update({level: n for level, n in line["counts"].items() if n})
            errors = {(f["code"], f["value"]) for f in line["findings"] if f["level"] == "error"}
            seen |= errors
            faulty |= {path} if errors else set()
    print(f"AWS managed policies: {len(paths)}, {len(faulty)} with errors, {len(seen)} different ones; findings {dict(sorted(levels.items()))}")
    return [f"not known: {e}" for e in sorted(seen - known)] + [f"known and not found: {e}" for e in sorted(known - seen)]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="trailtrim-lint-") as work:
        problems = compare(Path(work)) + aws_managed(Path(work))
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"lint: {len(problems)} unexplained")
    sys.exit(bool(problems))
