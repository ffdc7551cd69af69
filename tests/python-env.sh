# Makes the Python environment of the tests, as pinned in tests/export/requirements.txt, below the target folder, and sets `python`.
# To be sourced from the repository's folder; nothing leaves the machine but what pip fetches.
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
      echo "no Python environment can be made here; on Debian: apt-get install python3-venv" >&2
      exit 1
    fi
    "$python" -m pip --python "$home/venv/bin/python" install -q --disable-pip-version-check -r tests/export/requirements.txt
  else
    "$home/venv/bin/python" -m pip install -q --disable-pip-version-check -r tests/export/requirements.txt
  fi
  cp tests/export/requirements.txt "$home/installed.txt"
fi
python="$home/venv/bin/python"
