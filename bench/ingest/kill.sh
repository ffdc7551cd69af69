#!/bin/sh
# Kills ingest (SIGKILL) at moments all over its run, resumes it, and compares the state folder byte for byte with an undisturbed run's:
# kill.sh [--program TRAILTRIM] [--threads] [--second] [--times N] [--events N] [--files N] [--seed S]. Exit 1 when any differs. See README.md.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
program=$root/target/release/trailtrim
if [ "${1-}" = --program ]; then
    program=$2
    shift 2
fi
. "$here/set-up.sh"
exec python3 "$here/kill.py" "$work" "$crate" --program "$program" "$@"
