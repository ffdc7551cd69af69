#!/usr/bin/env bash
# Tests the forms in which proposals are applied: shell, Terraform and CloudFormation files of the sample run are checked by the tools
# that read them, and apply.sh and rollback.sh are run by the real AWS CLI against a local server (moto).
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/python-env.sh
cargo build --locked --quiet
exec "$python" tests/output/check.py "$target/debug/trailtrim"
