# Makes the Python environment of the tests, as pinned in tests/export/requirements.txt or the file that `pinned` names, below the target
# folder (`export-test`, or what `pinned_in` names), and sets `python`.
# To be sourced from the repository's folder; nothing leaves the machine but what pip fetches.
target="${CARGO_TARGET_DIR:-$PWD/target}"
home="$target/${pinned_in:-export-test}"
pinned="${pinned:-tests/export/requirements.txt}"
python="${PYTHON:-python3}"
mkdir -p "$home"
if ! cmp -s "$pinned" "$home/installed.txt"; then
  rm -rf "$home/venv" "$home/installed.txt"
  if ! "$python" -m venv "$home/venv" >"$home/venv.log" 2>&1; then
    # A bare Debian splits venv's pip off: `apt-get install python3-venv`, or any pip that is there.
    rm -rf "$home/venv"
    if ! { "$python" -m venv --without-pip "$home/venv" && "$python" -m pip --version; } >>"$home/venv.log" 2>&1; then
      cat "$home/venv.log" >&2
      echo "no Python environment can be made here; on Debian: apt-get install python3-venv" >&2
      exit 1
    fi
    "$python" -m pip --python "$home/venv/bin/python" install -q --disable-pip-version-check -r "$pinned"
  else
    "$home/venv/bin/python" -m pip install -q --disable-pip-version-check -r "$pinned"
  fi
  cp "$pinned" "$home/installed.txt"
fi
python="$home/venv/bin/python"
