#!/bin/sh
# Runs the bench: run.sh [--rounds N] [--threads N] [--program TRAILTRIM] [option of generate.py …]
# Makes the organisation once for each set of options, then times loading and tables, one round a process. With --program,
# a whole run of that program on the bundle and a log of one record as well.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=${TRAILTRIM_BENCH_DIR:-$root/target/bench/grants}
rounds=5 threads=0 program=
while [ $# -gt 0 ]; do
    case $1 in
        --rounds) rounds=$2; shift 2 ;;
        --threads) threads=$2; shift 2 ;;
        --program) program=$2; shift 2 ;;
        *) break ;;
    esac
done
name=bundle$(printf '%s' "$*" | tr -c 'a-zA-Z0-9' '-')
mkdir -p "$work"
[ -f "$work/$name.json" ] || { rm -rf "${work:?}/$name" "$work/$name-log"; python3 "$here/generate.py" "$work/$name" "$@" --log; }
harness=${TRAILTRIM_GRANTS_BENCH:-}
if [ -z "$harness" ]; then
    harness=$(cd "$root" && cargo bench --locked --no-run --bench grants 2>&1 | sed -n 's/.*Executable.*(\(.*\)).*/\1/p')
    case $harness in /*) ;; *) harness=$root/$harness ;; esac
fi
: > "$work/$name.ours.ndjson"
: > "$work/$name.floor.ndjson"
round=0
while [ "$round" -lt "$rounds" ]; do
    "$harness" --bench "$work/$name" --threads "$threads" >> "$work/$name.ours.ndjson"
    python3 "$here/floor.py" "$work/$name" >> "$work/$name.floor.ndjson"
    round=$((round + 1))
done
if [ -n "$program" ]; then
    rm -rf "$work/$name.state" "$work/$name.out"
    python3 "$here/measure.py" "$work/$name.run.json" "$program" run --quiet --grants "$work/$name" --logs "$work/$name-log" \
        --state "$work/$name.state" --out "$work/$name.out" --now 2026-11-01T00:00:00Z
fi
exec python3 "$here/compare.py" "$work/$name"
