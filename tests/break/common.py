"""What the attacks share: running the program, folders, what a tree holds."""

import hashlib
import os
import pty
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "testdata/organisation"
BINARY = os.environ["TRAILTRIM_BINARY"]
NOW = "2026-11-01T00:00:00Z"

# Characters that change how text around them is shown, or are shown as nothing.
HIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]")


def hidden(text, allowed="\n\t"):
    """Hidden characters of a text, with what stands around them."""
    return [text[max(0, m.start() - 30):m.end() + 30] for m in HIDDEN.finditer(text) if m.group() not in allowed]


def trailtrim(*args, timeout=900, **options):
    """Exit code, standard output, standard error."""
    done = subprocess.run([BINARY, *map(str, args)], capture_output=True, check=False, timeout=timeout, **options)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def on_terminal(*args):
    """What the program writes to a terminal: exit code, text."""
    main, other = pty.openpty()
    process = subprocess.Popen([BINARY, *map(str, args)], stdin=subprocess.DEVNULL, stdout=other, stderr=subprocess.PIPE)
    os.close(other)
    pieces = []
    while True:
        try:
            piece = os.read(main, 1 << 16)
        except OSError:
            break
        if not piece:
            break
        pieces.append(piece)
    os.close(main)
    errors = process.stderr.read()
    process.stderr.close()
    # The terminal ends lines with two characters.
    return process.wait(), (b"".join(pieces).replace(b"\r\n", b"\n") + errors).decode()


def run(folder, *more, logs=SAMPLE / "logs", grants=SAMPLE / "grants", state="state", out="out", now=NOW, command="run", config=SAMPLE / "trailtrim.toml"):
    """The arguments of a run into a folder."""
    given = ["--logs", logs] if command != "analyze" else []
    return [command, "--quiet", *given, *(["--grants", grants] if grants else []), *(["--config", config] if config else []), "--now", now,
            "--state", Path(folder) / state, "--out", Path(folder) / out, *more]


def tree(folder, *, but=()):
    """Everything below a folder by its path: a file's hash, a folder's nothing."""
    found = {}
    for path in sorted(Path(folder).rglob("*")):
        name = str(path.relative_to(folder))
        if name in but:
            continue
        found[name] = None if path.is_dir() else hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def differences(right, found):
    """Names that are not the same in both."""
    return [name for name in sorted(right.keys() | found.keys()) if right.get(name, "absent") != found.get(name, "absent")]
