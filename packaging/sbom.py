#!/usr/bin/env python3
"""Makes the bill of materials of the program (CycloneDX 1.6, JSON) from Cargo.lock and the crates' own manifests:

    python3 packaging/sbom.py > trailtrim.cdx.json      [--target x86_64-unknown-linux-gnu]

What is linked has scope `required`; what only builds it (build scripts, derive macros and what they need) has `excluded`; tests are left
out. The packages that the built-in action reference is made from are listed as data. Same sources, same bytes: no time, and the serial
number is made from the content.
"""
import argparse
import hashlib
import json
import pathlib
import re
import subprocess
import tomllib
import uuid

ROOT = pathlib.Path(__file__).resolve().parent.parent
DATA = re.compile(r"^\| (PyPI|npm) `([^`]+)` \| (\S+) \| (\S+) \| (.+?) \| ([0-9a-f]{64}) \|$", re.M)
# Crates that bring sources in another language: name of the crate, what it brings, its licence, where it is from.
BUNDLED = {
    "libdeflate-sys": ("libdeflate", "MIT", "https://github.com/ebiggers/libdeflate"),
    "libmimalloc-sys": ("mimalloc", "MIT", "https://github.com/microsoft/mimalloc"),
    "zstd-sys": ("zstd", "BSD-3-Clause", "https://github.com/facebook/zstd"),
    "ring": ("BoringSSL (parts)", "ISC", "https://boringssl.googlesource.com/boringssl"),
}


def purl(name, version):
    return f"pkg:cargo/{name}@{version.replace('+', '%2B')}"


def licence(text):
    """A licence field as an SPDX expression: older crates part choices with a stroke."""
    return " OR ".join(part.strip() for part in text.split("/"))


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--target", default="x86_64-unknown-linux-gnu")
    options = words.parse_args()
    told = json.loads(subprocess.run(
        ["cargo", "metadata", "--locked", "--format-version", "1", "--filter-platform", options.target],
        cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)
    packages = {p["id"]: p for p in told["packages"]}
    nodes = {n["id"]: n for n in told["resolve"]["nodes"]}
    sums = {(p["name"], p["version"]): p.get("checksum") for p in tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]}
    root = told["resolve"]["root"]

    def needs(id, kinds):
        return sorted(d["pkg"] for d in nodes[id]["deps"] if d["pkg"] in used and any(k["kind"] in kinds for k in d["dep_kinds"]))

    # `cargo metadata` also has what only features that are off would ask for; `cargo tree` has what is compiled.
    by_name = {(p["name"], p["version"]): id for id, p in packages.items()}

    def compiled(edges):
        lines = subprocess.run(["cargo", "tree", "--locked", "--target", options.target, "--edges", edges, "--prefix", "none", "--format", "{p}"],
                               cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
        return {by_name[name, version.removeprefix("v")] for name, version, *_ in (line.split(" ") for line in lines if line)}

    linked, used = compiled("normal,no-proc-macro"), compiled("normal,build")

    def reference(id):
        return purl(packages[id]["name"], packages[id]["version"])

    def component(id):
        p = packages[id]
        made = {"type": "library", "bom-ref": reference(id), "name": p["name"], "version": p["version"], "purl": reference(id),
                "scope": "required" if id in linked else "excluded"}
        if p.get("description"):
            made["description"] = " ".join(p["description"].split())
        made["licenses"] = [{"expression": licence(p["license"])}] if p.get("license") else [{"license": {"name": f"see {p.get('license_file')}"}}]
        if sums.get((p["name"], p["version"])):
            made["hashes"] = [{"alg": "SHA-256", "content": sums[p["name"], p["version"]]}]
        if p.get("repository"):
            made["externalReferences"] = [{"type": "vcs", "url": p["repository"]}]
        if p["name"] in BUNDLED:
            name, terms, url = BUNDLED[p["name"]]
            inner = {"type": "library", "bom-ref": f"{reference(id)}#bundled", "name": name, "licenses": [{"expression": terms}],
                     "externalReferences": [{"type": "vcs", "url": url}]}
            if "+" in p["version"]:
                inner["version"] = p["version"].split("+", 1)[1].removeprefix("zstd.")
            made["components"] = [inner]
        return made

    components = [component(id) for id in sorted(used - {root}, key=reference)]
    data = []
    for where, name, version, terms, gives, digest in DATA.findall((ROOT / "THIRD-PARTY-DATA.md").read_text()):
        kind = where.lower()
        url = f"pkg:{kind}/{name.replace('@', '%40').replace('_', '-' if kind == 'pypi' else '_')}@{version}"
        data.append({"type": "data", "bom-ref": url, "name": name, "version": version, "purl": url, "scope": "required",
                     "description": f"gives the built-in action reference its {gives}", "licenses": [{"expression": terms}],
                     "hashes": [{"alg": "SHA-256", "content": digest}]})
    if not data:
        raise SystemExit("THIRD-PARTY-DATA.md names no packages")
    own = packages[root]
    self = {"type": "application", "bom-ref": reference(root), "name": own["name"], "version": own["version"], "purl": reference(root),
            "description": own["description"], "licenses": [{"expression": own["license"]}]}
    links = [{"ref": reference(id), "dependsOn": [reference(d) for d in needs(id, (None, "build"))]} for id in sorted(used, key=reference)]
    for link in links:
        if link["ref"] == reference(root):
            link["dependsOn"] = sorted(link["dependsOn"] + [d["bom-ref"] for d in data])
    links += [{"ref": d["bom-ref"]} for d in data]
    bom = {"$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json", "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
           "metadata": {"component": self, "properties": [{"name": "trailtrim:target", "value": options.target}]},
           "components": components + data, "dependencies": links}
    digest = hashlib.sha256(json.dumps(bom, sort_keys=True).encode()).hexdigest()
    bom["serialNumber"] = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, digest)}"
    print(json.dumps(bom, indent=1, ensure_ascii=False))


main()
