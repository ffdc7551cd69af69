#!/bin/sh
# Thirty nights of a million events each with a window of seven days and a store that keeps nine: run.sh [--program TRAILTRIM] [what nights.py
# takes]. Needs 4 GB of disk. Every night's logs are removed when it is done. Prints Markdown; exit 1 when a night is wrong or grows.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
program=$root/target/release/trailtrim
if [ "${1-}" = --program ]; then
    program=$2
    shift 2
fi
exec python3 "$here/nights.py" --program "$program" "$@"
