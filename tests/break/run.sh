#!/usr/bin/env bash
# Breaks the program on purpose (docs/threats.md): hostile texts through every output, secrets in every field, kills, signals, damage,
# full disks, pipes, shut folders, no network. TRAILTRIM_KILLS says how many kills (40), TRAILTRIM_SEED at which moments. As root some
# of it is done as `nobody` (setpriv) and on a small tmpfs; where neither is allowed the tests say so.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/python-env.sh
cargo build --locked --quiet
export TRAILTRIM_BINARY="$(cd "$target" && pwd)/debug/trailtrim" PYTHONDONTWRITEBYTECODE=1
exec "$python" tests/break/check.py "$@"
