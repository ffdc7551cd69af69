#!/usr/bin/env bash
# Breaks the program on purpose (docs/threats.md): hostile texts through every output, secrets in every field, kills, signals, damage,
# full disks, pipes, shut folders, no network. TRAILTRIM_KILLS says how many kills (10), TRAILTRIM_SEED at which moments. As root some
# of it is done as `nobody` (setpriv) and on a small tmpfs; where neither is allowed the tests say so.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/python-env.sh
cargo build --locked --quiet
export TRAILTRIM_BINARY="$(cd "$target" && pwd)/debug/trailtrim" PYTHONDONTWRITEBYTECODE=1
if [ $# -gt 0 ]; then
  exec "$python" tests/break/check.py "$@"
fi
# Most of it waits for one processor: two halves side by side.
"$python" tests/break/check.py Faults 2>"$home/break-faults.log" &
faults=$!
"$python" tests/break/check.py Hostile Secrets Redacted Places || { wait "$faults"; cat "$home/break-faults.log" >&2; exit 1; }
wait "$faults" || { cat "$home/break-faults.log" >&2; exit 1; }
cat "$home/break-faults.log"
