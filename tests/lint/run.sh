#!/usr/bin/env bash
# Holds the linter against parliament (PyPI) on every document of the sample run and on those of testdata/lint, and against the
# policies that AWS itself wrote.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/python-env.sh
cargo build --locked --quiet
exec "$python" tests/lint/check.py "$target/debug/trailtrim"
