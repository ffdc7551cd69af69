#!/usr/bin/env python3
"""What is packaged, held against the tools that read it: check.py TRAILTRIM. See run.sh."""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BIN = pathlib.Path(sys.executable).parent
PROGRAM = pathlib.Path(sys.argv[1]).resolve()
PACKAGING = ROOT / "packaging"
# Exposure as systemd-analyze counts it, times ten: 0 is none, 100 the worst.
MOST_EXPOSED = 5


def run(*command, **more):
    return subprocess.run([str(c) for c in command], cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **more)


def must(condition, words):
    if not condition:
        raise SystemExit(f"package: {words}")


def crates():
    """Licences, second versions and sources; and that the check would notice."""
    done = run(BIN / "cargo-deny", "--locked", "check", "--hide-inclusion-graph", "licenses", "bans", "sources")
    must(done.returncode == 0, f"cargo-deny:\n{done.stdout}")
    must(not re.search(r"warning\[", done.stdout), f"deny.toml names what is not there:\n{done.stdout}")
    strict = (ROOT / "deny.toml").read_text().replace('    "Zlib",\n', "").replace("zstd@0.13", "zstd@0.12").replace("rust-lang/crates.io-index", "elsewhere/index")
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as other:
        other.write(strict)
        other.flush()
        done = run(BIN / "cargo-deny", "--locked", "--config", other.name, "check", "--hide-inclusion-graph", "licenses", "bans", "sources")
        must(done.returncode != 0 and all(f"{part} FAILED" in done.stdout for part in ("bans", "licenses", "sources")), f"cargo-deny finds nothing:\n{done.stdout[-2000:]}")


def bill():
    """The bill of materials: valid, the same twice, whole."""
    made = [subprocess.run([sys.executable, PACKAGING / "sbom.py"], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout for _ in range(2)]
    must(made[0] == made[1], "the bill of materials is not the same twice")
    faults = JsonStrictValidator(SchemaVersion.V1_6).validate_str(made[0])
    must(faults is None, f"the bill of materials is not CycloneDX 1.6: {faults!r}"[:2000])
    bom = json.loads(made[0])
    scopes = {c["name"]: c["scope"] for c in bom["components"]}
    manifest = tomllib.loads((ROOT / "Cargo.toml").read_text())
    missing = [name for name in manifest["dependencies"] if name not in scopes]
    must(not missing, f"the bill of materials lacks {missing}")
    tests_only = [name for name in manifest["dev-dependencies"] if scopes.get(name) == "required"]
    must(not tests_only, f"tests' crates are called linked: {tests_only}")
    must(scopes["polars"] == scopes["libmimalloc-sys"] == "required" and scopes["syn"] == "excluded", f"scopes: {scopes}")
    known = {c["bom-ref"] for c in bom["components"]} | {bom["metadata"]["component"]["bom-ref"]}
    must(all(d in known for link in bom["dependencies"] for d in link.get("dependsOn", [])), "a dependency is not listed")
    unhashed = [c["name"] for c in bom["components"] if not c.get("hashes")]
    must(not unhashed, f"without hash: {unhashed}")
    return len(bom["components"])


def dockerfile():
    """hadolint's rules, and ours: a user without name or rights, no moving tag, sources that are there and reach the builder."""
    path = PACKAGING / "Dockerfile"
    done = run(BIN / "hadolint", "--failure-threshold", "info", path)
    must(done.returncode == 0, f"hadolint:\n{done.stdout}")
    text = path.read_text()
    images = re.findall(r"^ARG \w+_IMAGE=(\S+)$", text, re.M)
    must(len(images) == 2 and all(":" in i.rsplit("/", 1)[-1] and not i.endswith(":latest") for i in images), f"images: {images}")
    last = text.rsplit("\nFROM ", 1)[1]
    user = re.findall(r"^USER (\S+)$", last, re.M)
    must(user == ["65532:65532"], f"the last stage runs as {user}")
    must("\nRUN " not in last, "the last stage has no shell")
    ignore = (ROOT / ".dockerignore").read_text().splitlines()
    for line in re.findall(r"^COPY (?!--from=build)(.+)$", text, re.M):
        for source in line.split()[:-1]:
            must((ROOT / source).exists(), f"the Dockerfile copies {source}, which is not there")
            must(f"!{source}" in ignore, f".dockerignore holds {source} back")
    for path in re.findall(r'^path = "([^"]+)"$', (ROOT / "Cargo.toml").read_text(), re.M):
        must(any(f"!{part}" in ignore for part in (path, path.split("/")[0])), f"cargo needs {path} in the image")


def units():
    """The units as systemd reads them, and how exposed the service is."""
    with tempfile.TemporaryDirectory() as folder:
        at = pathlib.Path(folder)
        for unit in PACKAGING.glob("systemd/trailtrim.*"):
            (at / unit.name).write_text(unit.read_text().replace("/usr/bin/trailtrim", str(PROGRAM)))
        done = run("systemd-analyze", "verify", "--man=no", at / "trailtrim.service", at / "trailtrim.timer")
        said = [line for line in done.stdout.splitlines() if "trailtrim" in line]
        must(done.returncode == 0 and not said, f"systemd-analyze verify:\n{done.stdout}")
        done = run("systemd-analyze", "security", "--offline=true", "--no-pager", f"--threshold={MOST_EXPOSED}", at / "trailtrim.service")
        must(done.returncode == 0, f"systemd-analyze security:\n{done.stdout}")
        exposure = re.search(r"exposure level for trailtrim.service: (\S+)", done.stdout).group(1)
        broken = at / "broken.service"
        broken.write_text((at / "trailtrim.service").read_text().replace("PrivateNetwork=yes", "PrivateNetwork=no").replace("DynamicUser=yes", "DynamicUser=no"))
        must(run("systemd-analyze", "security", "--offline=true", "--no-pager", f"--threshold={MOST_EXPOSED}", broken).returncode != 0, "the threshold notices nothing")
    service = (PACKAGING / "systemd/trailtrim.service").read_text().splitlines()
    for line in ("DynamicUser=yes", "ProtectSystem=strict", "PrivateNetwork=yes", "NoNewPrivileges=yes", "MemoryMax=8G", "SuccessExitStatus=3"):
        must(line in service, f"the service lacks {line}")
    return exposure


def command():
    """The service's own command and environment, on the sample: what the unit would run does run."""
    service = (PACKAGING / "systemd/trailtrim.service").read_text()
    line = re.search(r"^ExecStart=(.+)$", service, re.M).group(1)
    env = dict(re.findall(r"^(\w+)=(.*)$", (PACKAGING / "systemd/trailtrim.env").read_text(), re.M))
    must(set(env) == {"TRAILTRIM_LOGS", "TRAILTRIM_GRANTS", "TRAILTRIM_OPTIONS"}, f"trailtrim.env sets {sorted(env)}")
    with tempfile.TemporaryDirectory() as folder:
        env |= {"STATE_DIRECTORY": folder, "TRAILTRIM_LOGS": f"{ROOT}/testdata/organisation/logs", "TRAILTRIM_GRANTS": f"{ROOT}/testdata/organisation/grants"}
        words = []
        for word in line.split():
            if re.fullmatch(r"\$\w+", word):
                words += env[word[1:]].split()
            else:
                words.append(re.sub(r"\$\{(\w+)\}", lambda m: env[m.group(1)], word))
        must(words[0] == "/usr/bin/trailtrim", f"the service runs {words[0]}")
        done = run(PROGRAM, *words[1:], "--now", "2026-11-01T00:00:00Z")
        must(done.returncode == 0, f"{' '.join(words)}: exit code {done.returncode}\n{done.stdout}")
        must((pathlib.Path(folder) / "out/report.html").exists() and (pathlib.Path(folder) / "state/ledger").is_dir(), "the service's command wrote no report")


def completions():
    """Shells take what is printed for them."""
    took = []
    for shell, file in (("bash", "trailtrim.bash"), ("zsh", "_trailtrim"), ("fish", "trailtrim.fish")):
        if not shutil.which(shell):
            continue
        done = run(shell, "-n", PACKAGING / "completions" / file)
        must(done.returncode == 0 and not done.stdout, f"{shell}: {done.stdout}")
        took.append(shell)
    # What bash offers after `trailtrim run --ke`.
    asked = "source packaging/completions/trailtrim.bash; COMP_WORDS=(trailtrim run --ke); COMP_CWORD=2; _trailtrim trailtrim --ke run; echo \"${COMPREPLY[@]}\""
    must("--keep" in run("bash", "-c", asked).stdout.split(), "bash does not complete --keep")
    return took


def scripts():
    """The scripts are shell that says nothing odd."""
    for script in [*PACKAGING.glob("*.sh"), ROOT / "tests/package/run.sh", ROOT / "bench/soak/run.sh"]:
        done = run("bash", "-n", script)
        must(done.returncode == 0, f"{script}: {done.stdout}")


crates()
listed = bill()
dockerfile()
exposure = units()
command()
took = completions()
scripts()
print(f"package: crates as deny.toml says, {listed} components listed, Dockerfile and units as they should be (exposure {exposure}), completions for {', '.join(took)}")
