#!/usr/bin/env bash
# Tests what is packaged: crates by deny.toml (cargo-deny), the bill of materials by its schema, the Dockerfile (hadolint), the systemd units
# (systemd-analyze) and their command on the sample, completions by their shells; and a few nights of bench/soak. Needs systemd-analyze; on
# Debian: apt-get install systemd.
set -euo pipefail
cd "$(dirname "$0")/../.."
pinned=tests/package/requirements.txt
pinned_in=package-test
. tests/python-env.sh
if ! command -v systemd-analyze >/dev/null; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get -qq update
    DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends systemd >/dev/null
  else
    echo "the units cannot be tested here; on Debian: apt-get install systemd" >&2
    exit 1
  fi
fi
cargo build --locked --quiet
"$python" tests/package/check.py "$target/debug/trailtrim"
soak="$target/package-test/soak"
rm -rf "$soak"
"$python" bench/soak/nights.py --program "$target/debug/trailtrim" --work "$soak" --nights 5 --events 2000 --roles 20 --window 2 --keep 3 --root-nights 2 4 --root-days 1
rm -rf "$soak"
