#!/usr/bin/env bash
# Tests `--logs s3://…` against a local server that speaks S3 (moto), behind a proxy that counts requests and fails some.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/python-env.sh
cargo build --locked --quiet
exec "$python" tests/source/check.py "$target/debug/trailtrim"
