#!/bin/sh
# Measures `trailtrim analyze` on a synthetic organisation with its use: run.sh [--program TRAILTRIM] [ROLES …], by default 1000 3000
# 10000 roles with a hundred rows of use each. Bundle, logs and state are made once and kept; taking the logs in is not measured.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=${TRAILTRIM_BENCH_DIR:-$root/target/bench/analyze}
program=$root/target/release/trailtrim
if [ "${1-}" = --program ]; then
    program=$2
    shift 2
fi
[ $# -gt 0 ] || set -- 1000 3000 10000
mkdir -p "$work"
echo "| roles | rows of use | wall, s | peak, MiB | output, MiB | proposals | contained | newly denied | over the limit | granted actions |"
echo "|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|"
for roles; do
    at=$work/$roles
    if [ ! -f "$at.state.done" ]; then
        rm -rf "$at" "$at.logs" "$at.state"
        python3 "$root/bench/grants/generate.py" "$at" --accounts $((roles / 20)) --roles "$roles" --users $((roles / 5)) --policies $((roles * 15 / 100)) > /dev/null
        python3 "$here/logs.py" "$at" "$at.logs" --rows $((roles * 100)) > /dev/null
        "$program" ingest --quiet --logs "$at.logs" --state "$at.state" > /dev/null
        rm -rf "$at.logs"
        touch "$at.state.done"
    fi
    # Removed after the measurement: ext4 is slow to make files where many have just been deleted.
    old=$at.out.old
    rm -rf "$old"
    [ ! -e "$at.out" ] || mv "$at.out" "$old"
    python3 "$root/bench/grants/measure.py" "$at.measured.json" "$program" analyze --quiet --timings --grants "$at" --state "$at.state" --out "$at.out" \
        --now 2026-11-01T00:00:00Z 2> "$at.timings"
    python3 "$here/row.py" "$roles" "$at.measured.json" "$at.out"
    rm -rf "$old"
done
