#!/bin/sh
# Measures ingest beside its floor and its peers: run.sh [--program TRAILTRIM] [--rounds N] [--peers SIZE] [SIZE …], by default small 1 4.
# A size is millions of events; trails are made once and kept. Prints Markdown; exit 1 when anybody counts otherwise. See README.md.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
program=$root/target/release/trailtrim
if [ "${1-}" = --program ]; then
    program=$2
    shift 2
fi
peers=yes
. "$here/set-up.sh"
exec python3 "$here/compare.py" "$work" "$crate" --program "$program" "$@"
