#!/usr/bin/env bash
# Tests the script of `export-script` with the real AWS CLI against a local server (moto).
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/python-env.sh
cargo build --locked --quiet
exec "$python" tests/export/check.py "$target/debug/trailtrim"
