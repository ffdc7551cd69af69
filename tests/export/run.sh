#!/usr/bin/env bash
# Tests the script of `export-script` with the real AWS CLI against a local server (moto). Installs both, as pinned in
# requirements.txt, into a folder below the target folder; nothing leaves the machine but that.
set -euo pipefail
cd "$(dirname "$0")/../.."
target="${CARGO_TARGET_DIR:-$PWD/target}"
home="$target/export-test"
python="${PYTHON:-python3}"
mkdir -p "$home"
if ! cmp -s tests/export/requirements.txt "$home/installed.txt"; then
  rm -rf "$home/venv" "$home/installed.txt"
  if ! "$python" -m venv "$home/venv" >"$home/venv.log" 2>&1; then
    # A bare Debian splits venv's pip off: `apt-get install python3-venv`, or any pip that is there.
    rm -rf "$home/venv"
    if ! { "$python" -m venv --without-pip "$home/venv" && "$python" -m pip --version; } >>"$home/venv.log" 2>&1; then
      cat "$home/venv.log" >&2
      echo "tests/export: no Python environment can be made here; on Debian: apt-get install python3-venv" >&2
      exit 1
    fi
    "$python" -m pip --python "$home/venv/bin/python" install -q --disable-pip-version-check -r tests/export/requirements.txt
  else
    "$home/venv/bin/python" -m pip install -q --disable-pip-version-check -r tests/export/requirements.txt
  fi
  cp tests/export/requirements.txt "$home/installed.txt"
fi
cargo build --locked --quiet
exec "$home/venv/bin/python" tests/export/check.py "$target/debug/trailtrim"
