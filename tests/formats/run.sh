#!/usr/bin/env bash
# Tests the findings of the sample run in the formats of other tools, by those tools' own schemas and readers: SARIF's schema, OCSF's
# (ocsf-json-schema), the shape that BatchImportFindings takes (botocore), and readers of workbooks, Parquet and metrics.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/python-env.sh
cargo build --locked --quiet
exec "$python" tests/formats/check.py "$target/debug/trailtrim"
